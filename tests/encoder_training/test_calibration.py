from __future__ import annotations

import numpy as np
import pytest
from scipy.special import softmax

from sklearn_ser.encoder_training._calibration import calibrate


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
