"""Features of pitch class."""

from __future__ import annotations

import math
from typing import Any

from sklearn_ser.features._base import (
    CHROMA_CONSTRAINTS,
    CHROMA_NORM,
    FRAME_CONSTRAINTS,
    WINDOW_CONSTRAINTS,
    BaseEngineTransformer,
)

__all__ = ["ChromaTransformer"]


class ChromaTransformer(BaseEngineTransformer):
    """Chroma: the power of the spectrum by pitch class, from C upwards.

    Given values, the numbers are librosa's; lengths left at None mean speech at any rate. Without
    ``pooling`` the output is ``(n_clips, n_frames_, n_coefs)`` with frames of zeros after shorter
    clips; with it (n_clips, n_features). A clip shorter than a window is padded with zeros.

    Parameters
    ----------
    n_chroma : int, default=12
        Number of pitch classes in an octave.
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
    tuning : float or None, default=0.0
        How far the sound is off A = 440 Hz, in parts of a pitch class. None estimates it for every
        clip as librosa does by default, at several times the cost; a speaker, unlike an orchestra,
        has no tuning.
    norm : float or None, default=inf
        Order of the norm in which every frame is scaled to 1; None leaves power.
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
    librosa.feature.chroma_stft : The same numbers, where ``tuning`` is the same.

    Notes
    -----
    Where ``tuning=None`` and ``n_fft`` is odd, librosa takes the pitches' frequencies for those of
    ``n_fft - 1``; here they are the true ones.

    References
    ----------
    .. [1] Ellis (2007). Chroma feature analysis and synthesis. LabROSA, Columbia University.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_ser import ChromaTransformer
    >>> a440 = np.sin(2 * np.pi * 440 * np.arange(16000) / 16000)
    >>> chroma = ChromaTransformer(n_fft=2048, pooling="mean").fit_transform([a440])
    >>> "C C# D D# E F F# G G# A A# B".split()[chroma.argmax()]
    'A'
    """

    _renamed = {"chroma_norm": "norm", "norm": "mel_norm"}

    _parameter_constraints: dict[str, list[Any]] = {
        **BaseEngineTransformer._parameter_constraints,
        **FRAME_CONSTRAINTS,
        **WINDOW_CONSTRAINTS,
        **CHROMA_CONSTRAINTS,
        "norm": CHROMA_NORM,
    }

    def __init__(
        self,
        n_chroma: int = 12,
        *,
        sample_rate: int = 16000,
        n_fft: int | None = None,
        win_length: int | None = None,
        hop_length: int | None = None,
        window: Any = "hann",
        center: bool = True,
        pad_mode: str = "constant",
        tuning: float | None = 0.0,
        norm: float | None = math.inf,
        deltas: int = 0,
        delta_width: int = 9,
        pooling: str | tuple[str, ...] | None = None,
        n_frames: int | None = None,
        memory: Any = None,
        n_jobs: int | None = None,
        verbose: int = 0,
    ) -> None:
        self.n_chroma = n_chroma
        self.sample_rate = sample_rate
        self.n_fft = n_fft
        self.win_length = win_length
        self.hop_length = hop_length
        self.window = window
        self.center = center
        self.pad_mode = pad_mode
        self.tuning = tuning
        self.norm = norm
        self.deltas = deltas
        self.delta_width = delta_width
        self.pooling = pooling
        self.n_frames = n_frames
        self.memory = memory
        self.n_jobs = n_jobs
        self.verbose = verbose

    def _feature_set(self) -> tuple[str, ...]:
        return ("chroma",)
