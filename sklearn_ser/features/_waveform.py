"""Features of the waveform itself: zero crossings and energy."""

from __future__ import annotations

from numbers import Real
from typing import Any

from sklearn.utils._param_validation import Interval

from sklearn_ser.features._base import (
    FRAME_CONSTRAINTS,
    LENGTH,
    BaseEngineTransformer,
)

__all__ = ["RMSEnergyTransformer", "ZeroCrossingRateTransformer"]


class ZeroCrossingRateTransformer(BaseEngineTransformer):
    """Rate of sign changes in every frame: the share of samples at which the sign changes.

    Given values, the numbers are librosa's; lengths left at None mean speech at any rate. Without
    ``pooling`` the output is ``(n_clips, n_frames_, n_coefs)`` with frames of zeros after shorter
    clips; with it (n_clips, n_features). A clip shorter than a window is padded with zeros.

    Parameters
    ----------
    sample_rate : int, default=16000
        Rate of the clips, in Hz; never guessed from the data.
    frame_length : int, default=None
        Length of a frame in samples; None is 25 ms.
    hop_length : int, default=None
        Step between frames in samples; None is 10 ms.
    center : bool, default=True
        Whether frame t is centred on sample ``t * hop_length``; else it begins there.
    zcr_threshold : float, default=1e-10
        Samples whose magnitude is at most this count as zero.
    deltas : {0, 1, 2}, default=0
        Append first (1), and second (2), derivatives over time.
    delta_width : int, default=9
        Frames that a derivative is fitted over; a clip with fewer takes what it has.
    pooling : str, tuple of str or None, default=None
        Statistics over a clip's frames: "mean", "mean_std", or a tuple of "mean", "std", "min",
        "max", "range", "median", "iqr", percentiles "p05", "skew", "kurtosis" and "slope" (per
        second). None gives sequences.
    n_frames : int, default=None
        Length of sequences; None takes the longest clip of ``fit``.
    memory : str, path or joblib.Memory, default=None
        Folder that keeps every clip's features between calls and processes.
    n_jobs : int, default=None
        Processes; the result does not depend on it.
    verbose : int, default=0
        Show a progress bar.

    Attributes
    ----------
    n_frames_ : int or None
        Length of the sequences; None with ``pooling``.
    coefficient_names_ : list of str
        Names of the coefficients of a frame.
    n_features_in_ : int
        Width of the array of ``fit``; only where X was a 2-D array.

    See Also
    --------
    librosa.feature.zero_crossing_rate : The same numbers.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_ser import ZeroCrossingRateTransformer
    >>> noise = np.random.default_rng(0).normal(size=16000)
    >>> ZeroCrossingRateTransformer().fit_transform([noise]).shape
    (1, 101, 1)
    """

    _parameter_constraints: dict[str, list[Any]] = {
        **BaseEngineTransformer._parameter_constraints,
        **FRAME_CONSTRAINTS,
        "frame_length": LENGTH,
        "zcr_threshold": [Interval(Real, 0, None, closed="left")],
    }

    def __init__(
        self,
        *,
        sample_rate: int = 16000,
        frame_length: int | None = None,
        hop_length: int | None = None,
        center: bool = True,
        zcr_threshold: float = 1e-10,
        deltas: int = 0,
        delta_width: int = 9,
        pooling: str | tuple[str, ...] | None = None,
        n_frames: int | None = None,
        memory: Any = None,
        n_jobs: int | None = None,
        verbose: int = 0,
    ) -> None:
        self.sample_rate = sample_rate
        self.frame_length = frame_length
        self.hop_length = hop_length
        self.center = center
        self.zcr_threshold = zcr_threshold
        self.deltas = deltas
        self.delta_width = delta_width
        self.pooling = pooling
        self.n_frames = n_frames
        self.memory = memory
        self.n_jobs = n_jobs
        self.verbose = verbose

    def _feature_set(self) -> tuple[str, ...]:
        return ("zcr",)


class RMSEnergyTransformer(BaseEngineTransformer):
    """Root-mean-square energy of every frame; full scale is 1.0.

    Given values, the numbers are librosa's; lengths left at None mean speech at any rate. Without
    ``pooling`` the output is ``(n_clips, n_frames_, n_coefs)`` with frames of zeros after shorter
    clips; with it (n_clips, n_features). A clip shorter than a window is padded with zeros.

    Parameters
    ----------
    sample_rate : int, default=16000
        Rate of the clips, in Hz; never guessed from the data.
    frame_length : int, default=None
        Length of a frame in samples; None is 25 ms.
    hop_length : int, default=None
        Step between frames in samples; None is 10 ms.
    center : bool, default=True
        Whether frame t is centred on sample ``t * hop_length``; else it begins there.
    pad_mode : str, default="constant"
        How a centred clip is padded at its ends, as in :func:`numpy.pad`.
    deltas : {0, 1, 2}, default=0
        Append first (1), and second (2), derivatives over time.
    delta_width : int, default=9
        Frames that a derivative is fitted over; a clip with fewer takes what it has.
    pooling : str, tuple of str or None, default=None
        Statistics over a clip's frames: "mean", "mean_std", or a tuple of "mean", "std", "min",
        "max", "range", "median", "iqr", percentiles "p05", "skew", "kurtosis" and "slope" (per
        second). None gives sequences.
    n_frames : int, default=None
        Length of sequences; None takes the longest clip of ``fit``.
    memory : str, path or joblib.Memory, default=None
        Folder that keeps every clip's features between calls and processes.
    n_jobs : int, default=None
        Processes; the result does not depend on it.
    verbose : int, default=0
        Show a progress bar.

    Attributes
    ----------
    n_frames_ : int or None
        Length of the sequences; None with ``pooling``.
    coefficient_names_ : list of str
        Names of the coefficients of a frame.
    n_features_in_ : int
        Width of the array of ``fit``; only where X was a 2-D array.

    See Also
    --------
    librosa.feature.rms : The same numbers.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_ser import RMSEnergyTransformer
    >>> noise = np.random.default_rng(0).normal(size=16000)
    >>> RMSEnergyTransformer(pooling="mean_std").fit_transform([noise]).shape
    (1, 2)
    """

    _parameter_constraints: dict[str, list[Any]] = {
        **BaseEngineTransformer._parameter_constraints,
        **FRAME_CONSTRAINTS,
        "frame_length": LENGTH,
        "pad_mode": [str],
    }

    def __init__(
        self,
        *,
        sample_rate: int = 16000,
        frame_length: int | None = None,
        hop_length: int | None = None,
        center: bool = True,
        pad_mode: str = "constant",
        deltas: int = 0,
        delta_width: int = 9,
        pooling: str | tuple[str, ...] | None = None,
        n_frames: int | None = None,
        memory: Any = None,
        n_jobs: int | None = None,
        verbose: int = 0,
    ) -> None:
        self.sample_rate = sample_rate
        self.frame_length = frame_length
        self.hop_length = hop_length
        self.center = center
        self.pad_mode = pad_mode
        self.deltas = deltas
        self.delta_width = delta_width
        self.pooling = pooling
        self.n_frames = n_frames
        self.memory = memory
        self.n_jobs = n_jobs
        self.verbose = verbose

    def _feature_set(self) -> tuple[str, ...]:
        return ("rms",)
