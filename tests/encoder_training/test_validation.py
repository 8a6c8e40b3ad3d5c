from __future__ import annotations

import numpy as np
import pytest

from sklearn_ser.encoder_training._known_clips import make_known_clips
from sklearn_ser.encoder_training._validation import hold_out_speakers, score_held


@pytest.fixture
def known():
    speakers = np.repeat([f"s{n}" for n in range(10)], 4)
    return make_known_clips(["sad", "angry"] * 20, speakers, None, ["female", "male"] * 20)


@pytest.mark.parametrize(("fraction", "n"), [(0.0, 0), (0.01, 1), (0.1, 1), (0.3, 3), (0.9, 9)])
def test_whole_speakers_are_held_out(known, fraction, n):
    held = hold_out_speakers(known, fraction, seed=0)
    training, validation = (set(known.speakers[part]) for part in (held.training, held.validation))
    assert len(validation) == n
    assert not training & validation
    assert len(held.training) + len(held.validation) == 40


def test_the_seed_draws_them(known):
    parts = [hold_out_speakers(known, 0.3, seed).key() for seed in (0, 0, 1, 2)]
    assert parts[0] == parts[1]
    assert len(set(parts)) > 1


@pytest.mark.parametrize("fraction", [-0.1, 1.0, 7.0])
def test_a_fraction_out_of_range_is_refused(known, fraction):
    with pytest.raises(ValueError, match=r"has to be at least 0 and below 1, got"):
        hold_out_speakers(known, fraction, 0)


def test_somebody_has_to_be_left():
    known = make_known_clips(["sad", "angry"], ["ann", "ann"], None, None)
    with pytest.raises(ValueError, match=r"holds 1 speaker\(s\) out of 1, and leaves nobody"):
        hold_out_speakers(known, 0.1, 0)


def test_every_class_has_to_be_left():
    labels = ["sad", "angry", "sad", "sad"]
    known = make_known_clips(labels, ["ann", "ann", "bob", "eve"], None, None)
    seed = next(s for s in range(20) if np.random.default_rng([s, 3]).permutation(3)[0] == 0)
    with pytest.raises(ValueError, match=r"to train on have no clip of angry. Leave out fewer"):
        hold_out_speakers(known, 0.1, seed)


def test_scores(known):
    logits = np.tile(np.float32([1, 0]), (40, 1))  # "angry", always
    score = score_held(logits, known, np.arange(40))
    assert (score["uar"], score["accuracy"]) == (0.5, 0.5)
    assert score["recalls"] == {"angry": 1.0, "sad": 0.0}
    assert score["groups"]["male"]["accuracy"] == 1  # who are all angry here
