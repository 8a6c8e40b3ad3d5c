"""What is lost of the unweighted average recall, and how that varies between speakers."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from sklearn_ser.metrics._bootstrap import FEWEST_SPEAKERS

__all__ = ["SpeakerScores"]

_N_DRAWS = 2000
_INTERVAL = (0.025, 0.975)

Floats = NDArray[np.float64]


class SpeakerScores:
    """Scores predictions of the same clips again and again.

    Parameters
    ----------
    y : ndarray of shape (n_clips,)
        True labels.
    speakers : ndarray of shape (n_clips,), int
        Who speaks.
    seed : int
        Of the draws of speakers.
    """

    def __init__(self, y: NDArray[Any], speakers: NDArray[np.intp], seed: int) -> None:
        self.y = y
        classes, class_of_clip = np.unique(y, return_inverse=True)
        names, speaker_of_clip = np.unique(speakers, return_inverse=True)
        self._shape = (len(names), len(classes))
        self._cells = speaker_of_clip * len(classes) + class_of_clip
        self._clips = self._counted(np.ones(len(y)))
        self._draws: Floats | None = None
        if len(names) >= FEWEST_SPEAKERS:
            rng = np.random.default_rng(seed)
            share = np.full(len(names), 1 / len(names))
            self._draws = rng.multinomial(len(names), share, size=_N_DRAWS).astype(np.float64)

    def uar(self, predicted: NDArray[Any]) -> float:
        """Return the mean of the recalls of all classes."""
        hits = self._counted(predicted == self.y)
        return float(_mean_recall(hits.sum(axis=0), self._clips.sum(axis=0)))

    def lost(self, predicted: NDArray[Any], permuted: list[NDArray[Any]]) -> dict[str, float]:
        """Return what permuted features lose: mean, deviation over repeats, interval."""
        drops = self.uar(predicted) - np.array([self.uar(each) for each in permuted])
        low, high = self._interval(predicted, permuted)
        return {
            "importance_mean": float(drops.mean()),
            "importance_std": float(drops.std()),
            "importance_low": low,
            "importance_high": high,
        }

    def _interval(
        self, predicted: NDArray[Any], permuted: list[NDArray[Any]]
    ) -> tuple[float, float]:
        """Draw speakers, the same for both scores; hits are averaged over the repeats."""
        if self._draws is None:
            return float("nan"), float("nan")
        clips = self._draws @ self._clips
        before = self._draws @ self._counted(predicted == self.y)
        hits = np.mean([each == self.y for each in permuted], axis=0)
        after = self._draws @ self._counted(hits)
        drops = _mean_recall(before, clips) - _mean_recall(after, clips)
        low, high = np.quantile(drops, _INTERVAL)
        return float(low), float(high)

    def _counted(self, weights: NDArray[Any]) -> Floats:
        """Sum up by speaker and class."""
        n_speakers, n_classes = self._shape
        counts = np.bincount(self._cells, weights=weights, minlength=n_speakers * n_classes)
        return counts.astype(np.float64).reshape(self._shape)


def _mean_recall(hits: Floats, clips: Floats) -> Floats:
    """Mean over the last axis, of the classes that have clips."""
    recalls = np.divide(hits, clips, out=np.zeros_like(clips), where=clips > 0)
    mean: Floats = recalls.sum(axis=-1) / (clips > 0).sum(axis=-1)
    return mean
