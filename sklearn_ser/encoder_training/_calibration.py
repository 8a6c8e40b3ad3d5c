"""How far a trained encoder's probabilities can be trusted, from clips it was not trained on."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize_scalar
from scipy.special import log_softmax, softmax

__all__ = ["ANSWERED_ACCURACY", "UNCALIBRATED", "Calibration", "calibrate"]

ANSWERED_ACCURACY = 0.75  # of the validation clips whose confidence reaches the least
_FEWEST_ANSWERED = 20  # fewer clips say nothing about an accuracy
_TEMPERATURES = (0.05, 20.0)


@dataclass(frozen=True)
class Calibration:
    """What makes logits into probabilities, and when they are worth an answer.

    Attributes
    ----------
    temperature : float
        The logits are divided by it before the softmax.
    min_confidence : float
        The lowest confidence from which on validation clips were right as often as
        ``accuracy`` says; 1 where they never were.
    accuracy : float or None
        What was asked of the clips that are answered; None where nothing was measured.
    answered : float or None
        Share of the validation clips that are answered.
    """

    temperature: float
    min_confidence: float
    accuracy: float | None
    answered: float | None


UNCALIBRATED = Calibration(1.0, 0.0, None, None)


def calibrate(
    logits: NDArray[np.floating],
    codes: NDArray[np.integer],
    accuracy: float = ANSWERED_ACCURACY,
) -> Calibration:
    """Calibrate by clips of speakers who were held out.

    Parameters
    ----------
    logits : ndarray of shape (n_clips, n_classes)
        What the network says of them.
    codes : ndarray of shape (n_clips,)
        Their classes.
    accuracy : float, default=ANSWERED_ACCURACY
        What is asked of those that are answered.

    Returns
    -------
    Calibration
        The temperature with the least cross-entropy (Guo et al., 2017), and the least confidence.
    """
    found = minimize_scalar(
        lambda log: _cross_entropy(logits / np.exp(log), codes),
        bounds=tuple(np.log(_TEMPERATURES)),
        method="bounded",
    )
    temperature = float(np.exp(found.x))
    probabilities = softmax(logits / temperature, axis=1)
    is_right = probabilities.argmax(axis=1) == codes
    least, answered = _least_confidence(probabilities.max(axis=1), is_right, accuracy)
    return Calibration(round(temperature, 4), round(least, 4), accuracy, round(answered, 4))


def _cross_entropy(logits: NDArray[np.floating], codes: NDArray[np.integer]) -> float:
    return float(-log_softmax(logits, axis=1)[np.arange(len(codes)), codes].mean())


def _least_confidence(
    confidence: NDArray[np.floating], is_right: NDArray[np.bool_], accuracy: float
) -> tuple[float, float]:
    """Return the lowest confidence that is enough, and the share of clips that reach it."""
    order = np.argsort(-confidence, kind="stable")
    n_answered = np.arange(1, len(order) + 1)
    accuracies = np.cumsum(is_right[order]) / n_answered
    enough = (accuracies >= accuracy) & (n_answered >= min(_FEWEST_ANSWERED, len(order)))
    if not enough.any():
        return 1.0, 0.0
    last = np.flatnonzero(enough)[-1]
    # down, so that this clip itself is answered after rounding
    return float(np.floor(confidence[order[last]] * 1e4) / 1e4), float((last + 1) / len(order))
