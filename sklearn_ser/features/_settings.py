"""What the feature engine computes: one hashable record of every parameter, checked once."""

from __future__ import annotations

import math
from dataclasses import dataclass

from sklearn_ser.utils._frames import PAD_MODES
from sklearn_ser.utils._names import did_you_mean
from sklearn_ser.utils._windows import get_window

SHAPE_FEATURES = ("centroid", "bandwidth", "rolloff", "flatness", "contrast", "flux")
SPECTRAL_FEATURES = ("mel", "mfcc", "chroma", *SHAPE_FEATURES)
FEATURES = ("zcr", "rms", *SPECTRAL_FEATURES)

Window = str | float | tuple


@dataclass(frozen=True)
class FrameSettings:
    """Every parameter of the frame features, resolved to plain numbers and names.

    Names and meanings are librosa's. The record is hashable, so whatever is derived from it
    (windows, filter banks, DCT bases) is computed once a process.

    Parameters
    ----------
    features : tuple of str
        What to compute, in the order of the output's columns: any of ``FEATURES``.
    sample_rate : int
        Samples a second.
    n_fft, hop_length, win_length : int
        Lengths in samples of the Fourier transform, of the step and of the window.
    frame_length : int
        Length in samples of the frames of ``"zcr"`` and ``"rms"``.
    window : str, float, or tuple, default="hann"
        A name or specification for :func:`scipy.signal.get_window`, or a tuple of
        ``win_length`` numbers.
    center : bool, default=True
        Whether frame ``t`` is centred on sample ``t * hop_length``.
    pad_mode : str, default="constant"
        How a centred clip is padded; ``"zcr"`` always repeats the edge, as in librosa.
    power : float, default=2.0
        Exponent of the magnitude spectrum: 1 for magnitude, 2 for power.
    n_mels : int, default=128
        Number of mel bands.
    fmin : float, default=0.0
        Lowest frequency in Hz.
    fmax : float or None, default=None
        Highest frequency in Hz; None is half the sample rate.
    htk : bool, default=False
        Whether to use HTK's mel scale in place of Slaney's.
    norm : {"slaney"}, float or None, default="slaney"
        Scale of the filters: equal area, unit ``norm``-norm, or peak 1.
    to_db : bool, default=False
        Whether ``"mel"`` is given in decibels. ``"mfcc"`` always starts from decibels.
    ref : float, default=1.0
        The power that is 0 dB.
    amin : float, default=1e-10
        The least power that is told apart from silence.
    top_db : float or None, default=80.0
        How far below the clip's loudest value decibels are cut off.
    n_mfcc : int, default=20
        Number of cepstral coefficients.
    dct_type : {1, 2, 3, 4}, default=2
        Type of the cosine transform.
    dct_norm : {"ortho", "backward", "forward"} or None, default="ortho"
        Its normalisation.
    lifter : float, default=0.0
        Cepstral liftering; 0 is none.
    deltas : {0, 1, 2}, default=0
        How many orders of time derivative to append.
    delta_width : int, default=9
        Frames that a derivative is fitted over: odd, at least 3.
    zcr_threshold : float, default=1e-10
        Samples whose magnitude is at most this count as zero.
    n_chroma : int, default=12
        Number of pitch classes in an octave.
    tuning : float or None, default=0.0
        Deviation from A = 440 Hz in parts of a pitch class; None estimates it for every clip.
    chroma_norm : float or None, default=inf
        Order of the norm that every frame's chroma is scaled to 1 in; None scales nothing.
    roll_percent : float, default=0.85
        Share of the magnitude below the roll-off.
    contrast_fmin : float, default=200.0
        Where the first octave of the contrast begins, in Hz.
    contrast_bands : int, default=6
        Number of octaves; one more band lies below ``contrast_fmin``.
    contrast_quantile : float, default=0.02
        Share of a band's bins that make its peak and its valley.
    exact : bool, default=True
        Whether frames whose quiet bands float32 leaves more than 1e-3 dB off are computed again
        in float64.

    Raises
    ------
    ValueError
        If a value, or a combination of them, makes no sense.
    """

    features: tuple[str, ...]
    sample_rate: int
    n_fft: int
    hop_length: int
    win_length: int
    frame_length: int
    window: Window = "hann"
    center: bool = True
    pad_mode: str = "constant"
    power: float = 2.0
    n_mels: int = 128
    fmin: float = 0.0
    fmax: float | None = None
    htk: bool = False
    norm: str | float | None = "slaney"
    to_db: bool = False
    ref: float = 1.0
    amin: float = 1e-10
    top_db: float | None = 80.0
    n_mfcc: int = 20
    dct_type: int = 2
    dct_norm: str | None = "ortho"
    lifter: float = 0.0
    deltas: int = 0
    delta_width: int = 9
    zcr_threshold: float = 1e-10
    n_chroma: int = 12
    tuning: float | None = 0.0
    chroma_norm: float | None = math.inf
    roll_percent: float = 0.85
    contrast_fmin: float = 200.0
    contrast_bands: int = 6
    contrast_quantile: float = 0.02
    exact: bool = True

    def __post_init__(self) -> None:
        _check_features(self.features)
        _check_lengths(self)
        _check_choice("pad_mode", self.pad_mode, PAD_MODES)
        if self.needs_spectrum:
            _check_window(self.window, self.win_length)
            _check_decibels(self)
        if self.needs_mel:
            _check_mel(self)
        if "mfcc" in self.features:
            _check_cepstrum(self)
        if "chroma" in self.features:
            _check_chroma(self)
        if "rolloff" in self.features:
            _check_share("roll_percent", self.roll_percent)
        if "contrast" in self.features:
            _check_contrast(self)
        _check_deltas(self.deltas, self.delta_width)

    @property
    def needs_spectrum(self) -> bool:
        """Whether any feature needs the Fourier transform."""
        return any(name in SPECTRAL_FEATURES for name in self.features)

    @property
    def needs_mel(self) -> bool:
        """Whether any feature needs the mel spectrum."""
        return "mel" in self.features or "mfcc" in self.features

    def frame_size(self, feature: str) -> int:
        """Length in samples of the frames that a feature is computed from."""
        return self.n_fft if feature in SPECTRAL_FEATURES else self.frame_length


def resolve_lengths(
    sample_rate: int,
    n_fft: int | None = None,
    win_length: int | None = None,
    hop_length: int | None = None,
    frame_length: int | None = None,
) -> tuple[int, int, int, int]:
    """Fill in the lengths that are None with what suits speech at any rate.

    A window of 25 ms every 10 ms, transformed over the next power of two. A given ``n_fft``
    sets the window to its own length, as in librosa.

    Parameters
    ----------
    sample_rate : int
        Samples a second.
    n_fft, win_length, hop_length, frame_length : int or None
        Lengths in samples, or None.

    Returns
    -------
    tuple of int
        ``(n_fft, win_length, hop_length, frame_length)``.

    Raises
    ------
    ValueError
        If a length is not a positive integer or the window is longer than ``n_fft``.

    Examples
    --------
    >>> resolve_lengths(16000)
    (512, 400, 160, 400)
    >>> resolve_lengths(22050, n_fft=2048, hop_length=512)
    (2048, 2048, 512, 2048)
    """
    _check_positive_int("sample_rate", sample_rate)
    if win_length is None:
        win_length = max(1, round(0.025 * sample_rate)) if n_fft is None else n_fft
    _check_positive_int("win_length", win_length)
    if n_fft is None:
        n_fft = 1 << (win_length - 1).bit_length()
    if hop_length is None:
        hop_length = max(1, round(0.010 * sample_rate))
    if frame_length is None:
        frame_length = win_length
    lengths = {"n_fft": n_fft, "hop_length": hop_length, "frame_length": frame_length}
    for name, value in lengths.items():
        _check_positive_int(name, value)
    _check_window_fits(win_length, n_fft)
    return int(n_fft), int(win_length), int(hop_length), int(frame_length)


def _is_int(value: object) -> bool:
    return hasattr(value, "__index__") and not isinstance(value, bool)


def _check_positive_int(name: str, value: object) -> None:
    if not _is_int(value) or value < 1:  # type: ignore[operator]
        raise ValueError(f"{name} must be a positive whole number, got {value!r}")


def _check_window_fits(win_length: int, n_fft: int) -> None:
    if win_length > n_fft:
        raise ValueError(
            f"win_length={win_length} is longer than n_fft={n_fft}: raise n_fft to at least "
            f"{1 << (win_length - 1).bit_length()}, or shorten win_length"
        )


def _check_choice(name: str, value: object, choices: tuple) -> None:
    if value not in choices:
        listed = ", ".join(repr(choice) for choice in choices)
        hint = did_you_mean(value, choices)
        raise ValueError(f"{name} must be one of {listed}; got {value!r}.{hint}")


def _check_features(features: tuple[str, ...]) -> None:
    if isinstance(features, str) or not features:
        raise ValueError(
            f"features must be a non-empty tuple of names such as ('zcr', 'mfcc'), got {features!r}"
        )
    for name in features:
        _check_choice("each of features", name, FEATURES)
    if len(set(features)) < len(features):
        raise ValueError(f"features names something twice: {features!r}")


def _check_lengths(settings: FrameSettings) -> None:
    for name in ("sample_rate", "n_fft", "hop_length", "win_length", "frame_length"):
        _check_positive_int(name, getattr(settings, name))
    _check_window_fits(settings.win_length, settings.n_fft)


def is_sampled(window: Window) -> bool:
    """Tell a window given by its samples from a name, a number or ``("kaiser", 4.0)``."""
    return isinstance(window, tuple) and not (window and isinstance(window[0], str))


def _check_window(window: Window, win_length: int) -> None:
    if is_sampled(window):
        n_samples = len(window)  # type: ignore[arg-type]
        if n_samples != win_length:
            raise ValueError(
                f"window has {n_samples} samples but win_length is {win_length}: give as many "
                "samples as win_length, or the window's name"
            )
        return
    try:
        get_window(window, win_length)
    except (TypeError, ValueError) as error:
        raise ValueError(
            f"window={window!r} is no window that scipy.signal.get_window knows ({error}): give a "
            "name such as 'hann', a tuple such as ('kaiser', 8.0), or win_length samples"
        ) from error


def _check_mel(settings: FrameSettings) -> None:
    _check_positive_int("n_mels", settings.n_mels)
    highest = settings.sample_rate / 2 if settings.fmax is None else settings.fmax
    if not 0 <= settings.fmin < highest:
        raise ValueError(
            f"fmin={settings.fmin} and fmax={settings.fmax} span no band at sample_rate="
            f"{settings.sample_rate}: 0 <= fmin < fmax is needed (fmax=None is half the rate)"
        )
    if isinstance(settings.norm, str):
        _check_choice("norm", settings.norm, ("slaney", None))
    if not settings.power > 0:
        raise ValueError(f"power must be above 0, got {settings.power!r}")


def _check_decibels(settings: FrameSettings) -> None:
    if not settings.amin > 0:
        raise ValueError(f"amin must be above 0, got {settings.amin!r}")
    if settings.top_db is not None and not settings.top_db >= 0:
        raise ValueError(f"top_db must be at least 0, or None, got {settings.top_db!r}")


def _check_cepstrum(settings: FrameSettings) -> None:
    _check_positive_int("n_mfcc", settings.n_mfcc)
    if settings.n_mfcc > settings.n_mels:
        raise ValueError(
            f"n_mfcc={settings.n_mfcc} coefficients cannot come from n_mels={settings.n_mels} "
            "bands: lower n_mfcc or raise n_mels"
        )
    _check_choice("dct_type", settings.dct_type, (1, 2, 3, 4))
    if settings.dct_type == 1 and settings.n_mels < 2:
        raise ValueError("dct_type=1 needs at least 2 mel bands: raise n_mels")
    _check_choice("dct_norm", settings.dct_norm, ("ortho", "backward", "forward", None))
    if not settings.lifter >= 0:
        raise ValueError(f"lifter must be at least 0 (0 is none), got {settings.lifter!r}")


def _check_chroma(settings: FrameSettings) -> None:
    _check_positive_int("n_chroma", settings.n_chroma)
    if settings.tuning is not None and not math.isfinite(settings.tuning):
        raise ValueError(f"tuning must be a finite number, or None, got {settings.tuning!r}")
    if settings.chroma_norm is not None and not settings.chroma_norm > 0:
        raise ValueError(f"chroma_norm must be above 0, or None, got {settings.chroma_norm!r}")


def _check_share(name: str, value: float) -> None:
    if not 0 < value < 1:
        raise ValueError(f"{name} must lie between 0 and 1, both excluded, got {value!r}")


def _check_contrast(settings: FrameSettings) -> None:
    _check_positive_int("contrast_bands", settings.contrast_bands)
    _check_share("contrast_quantile", settings.contrast_quantile)
    lowest, nyquist = settings.contrast_fmin, settings.sample_rate / 2
    if not lowest > 0:
        raise ValueError(f"contrast_fmin must be above 0, got {lowest!r}")
    if lowest * 2 ** (settings.contrast_bands - 1) >= nyquist:
        raise ValueError(
            f"contrast_bands={settings.contrast_bands} octaves from contrast_fmin={lowest} reach "
            f"beyond half of sample_rate={settings.sample_rate}: lower one of the two"
        )
    if settings.sample_rate > lowest * settings.n_fft:
        raise ValueError(
            f"n_fft={settings.n_fft} is too short for a contrast_fmin of {lowest} Hz: at least "
            f"{math.ceil(settings.sample_rate / lowest)} is needed at sample_rate="
            f"{settings.sample_rate}, or a higher contrast_fmin"
        )


def _check_deltas(deltas: int, delta_width: int) -> None:
    _check_choice("deltas", deltas, (0, 1, 2))
    if not _is_int(delta_width) or delta_width < 3 or delta_width % 2 == 0:
        raise ValueError(
            f"delta_width must be an odd whole number of at least 3, got {delta_width!r}"
        )
