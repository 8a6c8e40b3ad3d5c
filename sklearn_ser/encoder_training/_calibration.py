"""How far a trained encoder's probabilities can be trusted, from clips it was not trained on."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize_scalar
from scipy.special import log_softmax, softmax

from sklearn_ser.embedding._by_speaker import FEWEST_CLIPS, SpeakersOfHead
from sklearn_ser.speakers._names import places_by_speaker
from sklearn_ser.speakers._statistics import Population

__all__ = [
    "ANSWERED_ACCURACY",
    "FEWEST_SPEAKERS",
    "UNCALIBRATED",
    "Calibration",
    "calibrate",
    "calibrate_by_speaker",
]

ANSWERED_ACCURACY = 0.75  # of the validation clips whose confidence reaches the least
FEWEST_SPEAKERS = 4  # fewer say nothing about how speakers differ
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


def calibrate_by_speaker(
    logits: NDArray[np.floating], codes: NDArray[np.integer], speakers: NDArray[np.object_]
) -> SpeakersOfHead | None:
    """Calibrate answers that are standardised by speaker, from speakers who were held out.

    Parameters
    ----------
    logits : ndarray of shape (n_clips, n_classes)
        What the network says of their clips.
    codes : ndarray of shape (n_clips,)
        The clips' classes.
    speakers : ndarray of shape (n_clips,)
        Who speaks.

    Returns
    -------
    SpeakersOfHead or None
        How the answers about speakers vary, and the temperature and the least confidence of those
        beside the same speaker's others; None where there are too few speakers of several clips.
    """
    parts = [logits[places] for _, places in places_by_speaker(speakers)]
    if sum(len(part) >= FEWEST_CLIPS for part in parts) < FEWEST_SPEAKERS:
        return None
    found = SpeakersOfHead(Population.of(parts), 1.0, 0.0)
    by = calibrate(found.standardized(logits, speakers), codes)
    return replace(found, temperature=by.temperature, min_confidence=by.min_confidence)


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
