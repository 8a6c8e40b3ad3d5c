from __future__ import annotations

import numpy as np
import pytest
from scipy.special import softmax

from sklearn_ser.encoder_training._calibration import (
    FEWEST_SPEAKERS,
    calibrate,
    calibrate_by_speaker,
)


@pytest.fixture
def answers():
    """Give logits whose softmax is right, and the classes drawn by it."""
    rng = np.random.default_rng(0)
    logits = 1.5 * rng.normal(size=(4000, 4))
    chances = softmax(logits, axis=1)
    codes = (rng.random((4000, 1)) > chances.cumsum(axis=1)).sum(axis=1)
    return logits, codes


@pytest.mark.parametrize("temperature", [0.5, 1.0, 3.0])
def test_the_temperature_is_found(answers, temperature):
    logits, codes = answers
    assert calibrate(logits * temperature, codes).temperature == pytest.approx(
        temperature, rel=0.06
    )


def test_answers_are_right_as_often_as_asked(answers):
    logits, codes = answers
    found = calibrate(logits, codes, 0.8)
    chances = softmax(logits / found.temperature, axis=1)
    answered = chances.max(axis=1) >= found.min_confidence
    assert answered.mean() == pytest.approx(found.answered, abs=0.01)
    is_right = chances.argmax(axis=1) == codes
    assert is_right[answered].mean() == pytest.approx(0.8, abs=0.01)
    assert is_right.mean() < 0.8


def test_nothing_is_answered_where_nothing_is_right():
    codes = np.zeros(30, dtype=int)
    logits = np.tile([0.0, 1.0], (30, 1))
    found = calibrate(logits, codes)
    assert (found.min_confidence, found.answered) == (1.0, 0.0)


def test_all_is_answered_where_all_is_right():
    codes = np.arange(30) % 3
    found = calibrate(np.eye(3)[codes] * 2, codes)
    assert found.answered == 1
    assert found.min_confidence <= 1


@pytest.fixture
def biased_answers():
    """Give answers of eight speakers whose voices alone move the logits, and the classes."""
    rng = np.random.default_rng(0)
    codes = rng.integers(3, size=800)
    speakers = np.repeat([f"s{number}" for number in range(8)], 100).astype(object)
    bias = np.repeat(rng.normal(scale=2, size=(8, 3)), 100, axis=0)
    return np.eye(3)[codes] * 2 + rng.normal(size=(800, 3)) + bias, codes, speakers


def test_what_speakers_have_in_common_is_taken_out(biased_answers):
    logits, codes, speakers = biased_answers
    found = calibrate_by_speaker(logits, codes, speakers)
    assert found.population.n_speakers == 8
    relative = found.standardized(logits, speakers)
    is_right = relative.argmax(axis=1) == codes
    assert is_right.mean() > (logits.argmax(axis=1) == codes).mean() + 0.1
    chances = softmax(relative / found.temperature, axis=1).max(axis=1)
    assert chances.mean() == pytest.approx(is_right.mean(), abs=0.05)
    answered = chances >= found.min_confidence
    assert is_right[answered].mean() == pytest.approx(0.75, abs=0.01) or answered.all()


def test_few_speakers_of_several_clips_say_nothing_about_others(biased_answers):
    logits, codes, speakers = biased_answers
    few = np.r_[: 100 * (FEWEST_SPEAKERS - 1), -1]  # of the last speaker there is one clip
    assert calibrate_by_speaker(logits[few], codes[few], speakers[few]) is None
    enough = np.r_[few, -2]
    assert calibrate_by_speaker(logits[enough], codes[enough], speakers[enough]) is not None
