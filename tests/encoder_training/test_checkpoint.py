from __future__ import annotations

import numpy as np
import pytest

from sklearn_ser.encoder_training._checkpoint import Checkpoint

STATE = {"weight:a/kernel": np.arange(3, dtype=np.float32), "step": np.array(5)}
HISTORY = [{"epoch": 1, "loss": 2.0}]


@pytest.fixture
def begun(tmp_path):
    checkpoint = Checkpoint.at(tmp_path / "new" / "folder", {"epochs": 3, "seed": 0}, "abc")
    checkpoint.save(STATE, HISTORY)
    return checkpoint


def test_what_is_saved_is_loaded(begun):
    state, history = begun.load()
    assert history == HISTORY
    assert state.keys() == STATE.keys()
    assert all(np.array_equal(state[name], STATE[name]) for name in STATE)
    assert [path.name for path in begun.folder.iterdir()] == ["training.npz"]


def test_nothing_is_there_at_first(tmp_path):
    assert Checkpoint.at(tmp_path, {}, "abc").load() is None
    assert Checkpoint.at(None, {}, "abc") is None


def test_another_recipe_is_refused(begun):
    other = Checkpoint.at(begun.folder, {"epochs": 4, "seed": 0}, "abc")
    with pytest.raises(ValueError, match=r"by another recipe: epochs \(3 there, 4 here\). Take"):
        other.load()


def test_other_clips_are_refused(begun):
    other = Checkpoint.at(begun.folder, begun.recipe, "xyz")
    with pytest.raises(ValueError, match=r"is of a training on other clips, labels, votes"):
        other.load()


@pytest.mark.parametrize("n_bytes", [0, 10, 300])
def test_a_broken_file_is_refused(begun, n_bytes):
    path = begun.folder / "training.npz"
    path.write_bytes(path.read_bytes()[:n_bytes])
    with pytest.raises(ValueError, match=r"training.npz' cannot be read .* Remove it, to begin"):
        begun.load()
