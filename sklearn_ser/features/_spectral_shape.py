"""Features of the spectrum's shape."""

from __future__ import annotations

from numbers import Real
from typing import Any

from sklearn.utils._param_validation import Interval

from sklearn_ser.features._base import (
    FRAME_CONSTRAINTS,
    SHAPE_CONSTRAINTS,
    WINDOW_CONSTRAINTS,
    BaseEngineTransformer,
    as_features,
)
from sklearn_ser.features._settings import SHAPE_FEATURES
from sklearn_ser.utils._names import did_you_mean

__all__ = ["SpectralShapeTransformer"]


class SpectralShapeTransformer(BaseEngineTransformer):
    """Centroid, bandwidth, roll-off, flatness, contrast and flux of the spectrum.

    Given values, the numbers are librosa's; lengths left at None mean speech at any rate. Without
    ``pooling`` the output is ``(n_clips, n_frames_, n_coefs)`` with frames of zeros after shorter
    clips; with it (n_clips, n_features). A clip shorter than a window is padded with zeros.

    ========= ======================================================= ============
    feature   meaning                                                 coefficients
    ========= ======================================================= ============
    centroid  mean frequency, weighted by magnitude, in Hz            1
    bandwidth standard deviation around it, in Hz                     1
    rolloff   frequency that ``roll_percent`` of magnitude lie below  1
    flatness  geometric by arithmetic mean of power, 0 to 1           1
    contrast  peaks above valleys by octave, in dB                    contrast_bands + 1
    flux      distance from the spectrum before, 0 to 1.41            1
    ========= ======================================================= ============

    Parameters
    ----------
    features : tuple of str, default=("centroid", "bandwidth", "rolloff", "flatness", "contrast", \
            "flux")
        What to compute, in the order of the output's coefficients.
    sample_rate : int, default=16000
        Rate of the clips, in Hz; never guessed from the data.
    n_fft : int, default=None
        Length of the Fourier transform in samples; None is the next power of two from
        ``win_length``.
    win_length : int, default=None
        Length of the window in samples; None is 25 ms, or ``n_fft`` where that is given.
    hop_length : int, default=None
        Step between frames in samples; None is 10 ms.
    window : str, tuple, float or array-like, default="hann"
        A window of :func:`scipy.signal.get_window`, or ``win_length`` numbers.
    center : bool, default=True
        Whether frame t is centred on sample ``t * hop_length``; else it begins there.
    pad_mode : str, default="constant"
        How a centred clip is padded at its ends, as in :func:`numpy.pad`.
    roll_percent : float, default=0.85
        Share of the magnitude below the roll-off.
    amin : float, default=1e-10
        Powers below this are taken for this in the flatness.
    contrast_fmin : float, default=200.0
        Where the first octave of the contrast begins, in Hz; one more band lies below.
    contrast_bands : int, default=6
        Number of octaves, the last of which has to begin below half the sample rate.
    contrast_quantile : float, default=0.02
        Share of a band's bins that make its peak and its valley.
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
    librosa.feature.spectral_centroid : The same numbers, as are those of its neighbours.

    Notes
    -----
    The flux of frame t is the Euclidean distance of the magnitude spectra of frames t and t - 1,
    each scaled to unit Euclidean length (a silent one stays zero), so that loudness does not count;
    that of the first frame is 0. It is the root of the flux of Tzanetakis and Cook [1]_. librosa's
    ``onset_strength`` is another measure, of decibels by mel band.

    References
    ----------
    .. [1] Tzanetakis and Cook (2002). Musical genre classification of audio signals. IEEE Trans.
       Speech and Audio Processing 10(5).
    .. [2] Jiang et al. (2002). Music type classification by spectral contrast feature. ICME.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_ser import SpectralShapeTransformer
    >>> noise = np.random.default_rng(0).normal(size=16000)
    >>> SpectralShapeTransformer(pooling="mean").fit_transform([noise]).shape
    (1, 12)
    """

    _parameter_constraints: dict[str, list[Any]] = {
        **BaseEngineTransformer._parameter_constraints,
        **FRAME_CONSTRAINTS,
        **WINDOW_CONSTRAINTS,
        **SHAPE_CONSTRAINTS,
        "features": [tuple, list, str],
        "amin": [Interval(Real, 0, None, closed="neither")],
    }

    def __init__(
        self,
        features: tuple[str, ...] = SHAPE_FEATURES,
        *,
        sample_rate: int = 16000,
        n_fft: int | None = None,
        win_length: int | None = None,
        hop_length: int | None = None,
        window: Any = "hann",
        center: bool = True,
        pad_mode: str = "constant",
        roll_percent: float = 0.85,
        amin: float = 1e-10,
        contrast_fmin: float = 200.0,
        contrast_bands: int = 6,
        contrast_quantile: float = 0.02,
        deltas: int = 0,
        delta_width: int = 9,
        pooling: str | tuple[str, ...] | None = None,
        n_frames: int | None = None,
        memory: Any = None,
        n_jobs: int | None = None,
        verbose: int = 0,
    ) -> None:
        self.features = features
        self.sample_rate = sample_rate
        self.n_fft = n_fft
        self.win_length = win_length
        self.hop_length = hop_length
        self.window = window
        self.center = center
        self.pad_mode = pad_mode
        self.roll_percent = roll_percent
        self.amin = amin
        self.contrast_fmin = contrast_fmin
        self.contrast_bands = contrast_bands
        self.contrast_quantile = contrast_quantile
        self.deltas = deltas
        self.delta_width = delta_width
        self.pooling = pooling
        self.n_frames = n_frames
        self.memory = memory
        self.n_jobs = n_jobs
        self.verbose = verbose

    def _feature_set(self) -> tuple[str, ...]:
        features = as_features(self.features)
        for name in features:
            if name not in SHAPE_FEATURES:
                raise ValueError(
                    f"each of features must be one of {', '.join(map(repr, SHAPE_FEATURES))}; got "
                    f"{name!r}.{did_you_mean(name, SHAPE_FEATURES)} FrameFeaturesTransformer has "
                    "the others"
                )
        return features
