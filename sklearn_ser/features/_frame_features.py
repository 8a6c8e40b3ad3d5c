"""Any set of frame features in one pass."""

from __future__ import annotations

import math
from numbers import Real
from typing import Any

from sklearn.utils._param_validation import Interval

from sklearn_ser.features._base import (
    CEPSTRUM_CONSTRAINTS,
    CHROMA_CONSTRAINTS,
    CHROMA_NORM,
    DCT_NORM,
    FRAME_CONSTRAINTS,
    LENGTH,
    SHAPE_CONSTRAINTS,
    SPECTRUM_CONSTRAINTS,
    BaseEngineTransformer,
    as_features,
)

__all__ = ["FrameFeaturesTransformer"]


class FrameFeaturesTransformer(BaseEngineTransformer):
    """Any set of frame features, from one pass over each clip.

    Given values, the numbers are librosa's; lengths left at None mean speech at any rate. Without
    ``pooling`` the output is ``(n_clips, n_frames_, n_coefs)`` with frames of zeros after shorter
    clips; with it (n_clips, n_features). A clip shorter than a window is padded with zeros.

    One framing, one Fourier transform and one mel spectrogram serve all features, so a set costs
    little more than its dearest member. ``power`` is that of "mel" and "mfcc" alone: chroma is of
    power and the shapes are of magnitude always.

    Parameters
    ----------
    features : tuple of str, default=("zcr", "rms", "mfcc")
        What to compute, in the order of the output's coefficients: "zcr", "rms", "mfcc", "mel",
        "chroma", "centroid", "bandwidth", "rolloff", "flatness", "contrast", "flux".
    sample_rate : int, default=16000
        Rate of the clips, in Hz; never guessed from the data.
    n_fft : int, default=None
        Length of the Fourier transform in samples; None is the next power of two from
        ``win_length``.
    win_length : int, default=None
        Length of the window in samples; None is 25 ms, or ``n_fft`` where that is given.
    hop_length : int, default=None
        Step between frames in samples; None is 10 ms.
    frame_length : int, default=None
        Length in samples of the frames of "zcr" and "rms"; None is ``win_length``.
    window : str, tuple, float or array-like, default="hann"
        A window of :func:`scipy.signal.get_window`, or ``win_length`` numbers.
    center : bool, default=True
        Whether frame t is centred on sample ``t * hop_length``; else it begins there.
    pad_mode : str, default="constant"
        How a centred clip is padded at its ends, as in :func:`numpy.pad`.
    power : float, default=2.0
        Exponent of the magnitude spectrum: 1 for magnitude, 2 for power.
    n_mels : int, default=64
        Number of mel bands.
    fmin : float, default=0.0
        Lowest frequency of the bands, in Hz.
    fmax : float, default=None
        Highest frequency of the bands, in Hz; None is half the sample rate.
    htk : bool, default=False
        HTK's mel scale in place of Slaney's.
    mel_norm : {"slaney"}, float or None, default="slaney"
        Scale of the mel bands: equal area, unit norm of this order, or peak 1.
    to_db : bool, default=True
        Give "mel" in decibels (log mel) in place of power.
    ref : float, default=1.0
        The power that is 0 dB.
    amin : float, default=1e-10
        Powers below this are taken for this.
    top_db : float, default=80.0
        Decibels further below the clip's loudest value are cut off; None cuts nothing.
    n_mfcc : int, default=20
        Number of cepstral coefficients, the 0th (loudness) included.
    dct_type : {1, 2, 3, 4}, default=2
        Type of the discrete cosine transform.
    dct_norm : {"ortho", "backward", "forward"} or None, default="ortho"
        Normalisation of the cosine transform.
    lifter : float, default=0.0
        Cepstral liftering; 0 is none.
    zcr_threshold : float, default=1e-10
        Samples whose magnitude is at most this count as zero.
    n_chroma : int, default=12
        Number of pitch classes in an octave.
    tuning : float or None, default=0.0
        How far "chroma" is off A = 440 Hz, in parts of a pitch class; None estimates it by clip.
    chroma_norm : float or None, default=inf
        Order of the norm in which every frame's chroma is scaled to 1; None leaves power.
    roll_percent : float, default=0.85
        Share of the magnitude below "rolloff".
    contrast_fmin : float, default=200.0
        Where the first octave of "contrast" begins, in Hz; one more band lies below.
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
    MFCCTransformer : Cepstral coefficients alone.
    ChromaTransformer : Pitch classes alone.
    SpectralShapeTransformer : The shape of the spectrum, and what each feature means.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_ser import FrameFeaturesTransformer
    >>> noise = np.random.default_rng(0).normal(size=16000)
    >>> extractor = FrameFeaturesTransformer(("zcr", "rms", "mfcc"), pooling="mean")
    >>> extractor.fit_transform([noise]).shape
    (1, 22)
    >>> extractor.get_feature_names_out()[:3].tolist()
    ['zcr_mean', 'rms_mean', 'mfcc_0_mean']
    """

    _renamed = {"norm": "mel_norm"}

    _parameter_constraints: dict[str, list[Any]] = {
        **BaseEngineTransformer._parameter_constraints,
        **FRAME_CONSTRAINTS,
        **SPECTRUM_CONSTRAINTS,
        **CEPSTRUM_CONSTRAINTS,
        "features": [tuple, list, str],
        "frame_length": LENGTH,
        "dct_norm": DCT_NORM,
        "to_db": ["boolean"],
        "zcr_threshold": [Interval(Real, 0, None, closed="left")],
        **CHROMA_CONSTRAINTS,
        **SHAPE_CONSTRAINTS,
        "chroma_norm": CHROMA_NORM,
    }

    def __init__(
        self,
        features: tuple[str, ...] = ("zcr", "rms", "mfcc"),
        *,
        sample_rate: int = 16000,
        n_fft: int | None = None,
        win_length: int | None = None,
        hop_length: int | None = None,
        frame_length: int | None = None,
        window: Any = "hann",
        center: bool = True,
        pad_mode: str = "constant",
        power: float = 2.0,
        n_mels: int = 64,
        fmin: float = 0.0,
        fmax: float | None = None,
        htk: bool = False,
        mel_norm: str | float | None = "slaney",
        to_db: bool = True,
        ref: float = 1.0,
        amin: float = 1e-10,
        top_db: float | None = 80.0,
        n_mfcc: int = 20,
        dct_type: int = 2,
        dct_norm: str | None = "ortho",
        lifter: float = 0.0,
        zcr_threshold: float = 1e-10,
        n_chroma: int = 12,
        tuning: float | None = 0.0,
        chroma_norm: float | None = math.inf,
        roll_percent: float = 0.85,
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
        self.frame_length = frame_length
        self.window = window
        self.center = center
        self.pad_mode = pad_mode
        self.power = power
        self.n_mels = n_mels
        self.fmin = fmin
        self.fmax = fmax
        self.htk = htk
        self.mel_norm = mel_norm
        self.to_db = to_db
        self.ref = ref
        self.amin = amin
        self.top_db = top_db
        self.n_mfcc = n_mfcc
        self.dct_type = dct_type
        self.dct_norm = dct_norm
        self.lifter = lifter
        self.zcr_threshold = zcr_threshold
        self.n_chroma = n_chroma
        self.tuning = tuning
        self.chroma_norm = chroma_norm
        self.roll_percent = roll_percent
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
        return as_features(self.features)
