"""Stacks of all layers: zeros behind short clips, and a file where memory would not do."""

from __future__ import annotations

import gc
import pickle
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from joblib import Parallel, delayed

from sklearn_ser import Wav2Vec2Transformer
from sklearn_ser.encoders import _stacks
from sklearn_ser.encoders._stacks import as_float16, new_stack, stack_layers


@pytest.fixture
def small_memory(monkeypatch, tmp_path) -> Path:
    """Every stack of more than 100 bytes goes to this folder."""
    monkeypatch.setattr(_stacks, "STACK_IN_MEMORY", 100)
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    return tmp_path


def clips_of(*lengths: int) -> list[np.ndarray]:
    return [np.full((2, n, 3), n, np.float16) for n in lengths]


def test_short_clips_are_padded_and_long_ones_cut():
    stack = stack_layers(iter(clips_of(2, 4, 6)), (3, 2, 4, 3))
    assert stack.dtype == np.float16
    assert not isinstance(stack, np.memmap)
    filled = (stack != 0).all(axis=(1, 3)).sum(axis=1)
    np.testing.assert_array_equal(filled, [2, 4, 4])


def test_half_precision_stays_finite():
    found = as_float16(np.array([1e6, -1e6, 0.1], np.float32))
    np.testing.assert_array_equal(found, np.array([65504, -65504, 0.1], np.float16))


def test_what_is_half_already_is_not_copied():
    states = np.zeros(3, np.float16)
    assert as_float16(states) is states


class TestOnDisk:
    def test_it_holds_the_same(self, small_memory):
        stack = stack_layers(iter(clips_of(2, 4, 6)), (3, 2, 4, 3))
        assert isinstance(stack, np.memmap)
        assert len(list(small_memory.glob("sklearn-ser-stack-*/*"))) == 1
        assert (stack[1] == 4).all()
        assert not stack[0, :, 2:].any()

    def test_the_file_goes_with_the_last_view(self, small_memory):
        stack = new_stack((10, 2, 3, 4))
        view = stack[2:4]
        del stack
        gc.collect()
        assert list(small_memory.iterdir())
        assert not view.any()
        del view
        gc.collect()
        assert not list(small_memory.iterdir())

    def test_rows_that_are_picked_are_in_memory(self, small_memory):
        stack = new_stack((10, 2, 3, 4))
        picked = stack[[1, 2]]
        del stack
        gc.collect()
        assert not list(small_memory.iterdir())
        assert not picked.any()

    @pytest.mark.usefixtures("new_workers")
    def test_workers_read_it(self, small_memory):
        stack = stack_layers(iter(clips_of(2, 4)), (2, 2, 5, 3))
        sums = Parallel(n_jobs=2)(delayed(np.sum)(stack[i]) for i in range(2))
        assert sums == [24, 96]
        assert list(small_memory.glob("sklearn-ser-stack-*/*"))

    def test_a_pickle_holds_the_numbers(self, small_memory):
        stack = stack_layers(iter(clips_of(2, 4)), (2, 2, 5, 3))
        assert isinstance(stack, np.memmap)
        sent = pickle.dumps(stack)
        expected = np.array(stack)
        del stack
        gc.collect()
        np.testing.assert_array_equal(pickle.loads(sent), expected)

    def test_no_room(self, small_memory, monkeypatch):
        monkeypatch.setattr(_stacks.shutil, "disk_usage", lambda _: SimpleNamespace(free=50))
        with pytest.raises(OSError, match=r"take 0.0 GB as float16, and .* Set the .* TMPDIR"):
            new_stack((10, 2, 3, 4))

    def test_the_transformer_gives_it(self, small_memory, tiny_encoder, clips, monkeypatch):
        encoder = Wav2Vec2Transformer(tiny_encoder("wav2vec2"), layer="all", pooling=None)
        on_disk = encoder.fit_transform(clips)
        assert isinstance(on_disk, np.memmap)
        monkeypatch.setattr(_stacks, "STACK_IN_MEMORY", 2**30)
        np.testing.assert_array_equal(on_disk, encoder.transform(clips))
