"""What the transformers of the voice share: their parameters, and statistics of voiced frames."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from numbers import Integral, Real
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.utils._param_validation import Interval

from sklearn_ser.base import BaseFrameTransformer
from sklearn_ser.features._engine import resolve_lengths
from sklearn_ser.features._functionals import pool_frames, pooled_names, resolve_statistics
from sklearn_ser.voice._pitch import PitchSettings

__all__ = ["BaseVoiceTransformer", "VoiceExtractor", "pool_voice", "pool_voiced"]


def pool_voiced(
    frames: NDArray[np.float32],
    is_voiced: NDArray[np.bool_],
    statistics: Sequence[str],
    frames_per_second: float,
) -> NDArray[np.float32]:
    """Summarise the voiced frames of one clip.

    Parameters
    ----------
    frames : ndarray of shape (n_frames, n_coefs)
        The coefficients.
    is_voiced : ndarray of shape (n_frames,), bool
        The frames that count.
    statistics : sequence of str
        Names, as ``resolve_statistics`` gives them. The slope is that over time, pauses included.
    frames_per_second : float
        Frames a second, for the slope.

    Returns
    -------
    ndarray of shape (n_statistics, n_coefs)
        Float32; all 0 where no frame is voiced.
    """
    n_coefs = frames.shape[1]
    if not is_voiced.any():
        return np.zeros((len(statistics), n_coefs), dtype=np.float32)
    voiced = frames[is_voiced]
    pooled = pool_frames(voiced, statistics, frames_per_second).reshape(-1, n_coefs)
    if "slope" in statistics:
        times = np.flatnonzero(is_voiced) / frames_per_second
        pooled[list(statistics).index("slope")] = _slope(voiced, times)
    return pooled


def _slope(values: NDArray[np.float32], times: NDArray[np.float64]) -> NDArray[np.float64]:
    """Fit a line by least squares and return its slope; that of a single frame is 0."""
    centred = times - times.mean()
    spread = max(float(np.sum(centred**2)), np.finfo(np.float64).tiny)
    return np.einsum("i,ij->j", centred, values - values.mean(axis=0, dtype=np.float64)) / spread


def pool_voice(
    frames: NDArray[np.float32],
    is_voiced: NDArray[np.bool_],
    statistics: Sequence[str],
    frames_per_second: float,
    everywhere: Sequence[int] = (),
) -> NDArray[np.float32]:
    """Summarise one clip: the columns in ``everywhere`` over all frames, others over voiced ones.

    Parameters
    ----------
    frames : ndarray of shape (n_frames, n_coefs)
        The coefficients, at least one frame.
    is_voiced : ndarray of shape (n_frames,), bool
        Whether each frame is voiced.
    statistics : sequence of str
        Names, as ``resolve_statistics`` gives them.
    frames_per_second : float
        Frames a second, for the slope.
    everywhere : sequence of int, default=()
        Columns that mean something in every frame.

    Returns
    -------
    ndarray of shape (n_statistics * n_coefs,)
        Float32, statistic by statistic, as ``pooled_names`` names them.
    """
    pooled = pool_voiced(frames, is_voiced, statistics, frames_per_second)
    columns = list(everywhere)
    if columns:
        whole = pool_frames(frames[:, columns], statistics, frames_per_second)
        pooled[:, columns] = whole.reshape(-1, len(columns))
    return pooled.ravel()


@dataclass(frozen=True)
class VoiceExtractor(ABC):
    """Frames of one waveform with their voicing, pooled where statistics are asked for.

    Subclasses give ``describe`` and ``coefficient_names``, and name in ``everywhere`` the columns
    that are pooled over all frames.

    Parameters
    ----------
    pitch : PitchSettings
        How the voice is tracked; its hop is that of the frames.
    statistics : tuple of str or None
        What is pooled; None gives frames.
    """

    pitch: PitchSettings
    statistics: tuple[str, ...] | None

    @abstractmethod
    def describe(
        self, waveform: NDArray[np.float32]
    ) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
        """Return the frames (n_frames, n_coefs) and which of them are voiced (n_frames,)."""

    @property
    @abstractmethod
    def coefficient_names(self) -> list[str]:
        """Names of the coefficients of one frame."""

    @property
    def everywhere(self) -> tuple[int, ...]:
        """Columns that are pooled over all frames."""
        return ()

    def __call__(self, waveform: NDArray[np.float32]) -> NDArray[np.float32]:
        frames, is_voiced = self.describe(waveform)
        if self.statistics is None:
            return np.ascontiguousarray(frames, dtype=np.float32)
        return pool_voice(
            frames, is_voiced, self.statistics, self.pitch.frames_per_second, self.everywhere
        )

    def count_frames(self, n_samples: int) -> int:
        return self.pitch.count_frames(n_samples)

    @property
    def output_names(self) -> list[str]:
        return pooled_names(self.coefficient_names, self.statistics or ())


class BaseVoiceTransformer(BaseFrameTransformer):
    """A transformer that tracks the pitch and describes the voice along it."""

    sample_rate: int
    hop_length: int | None
    fmin: float
    fmax: float

    _parameter_constraints: dict[str, list[Any]] = {
        **BaseFrameTransformer._parameter_constraints,
        "hop_length": [Interval(Integral, 1, None, closed="left"), None],
        "fmin": [Interval(Real, 0, None, closed="neither")],
        "fmax": [Interval(Real, 0, None, closed="neither")],
    }

    def _pitch_settings(self) -> PitchSettings:
        """Return how the pitch is tracked, as this estimator's parameters say."""
        hop = resolve_lengths(self.sample_rate, hop_length=self.hop_length)[2]
        return PitchSettings(int(self.sample_rate), int(hop), float(self.fmin), float(self.fmax))

    def _statistics(self) -> tuple[str, ...] | None:
        """Return the names of the statistics, or None for frames."""
        return None if self.pooling is None else resolve_statistics(self.pooling)
