"""NoiseReducer: spectral gating as a step of a pipeline."""

from __future__ import annotations

from numbers import Integral, Real

from sklearn.utils._param_validation import Interval

from sklearn_ser.audio._clips import AudioClips
from sklearn_ser.audio._gate import GateSettings, gate_step
from sklearn_ser.base import SAMPLE_RATE, BaseWaveformTransformer

__all__ = ["NoiseReducer"]

_FRAME_SECONDS = 0.032


class NoiseReducer(BaseWaveformTransformer):
    """Lower stationary noise, such as hiss and hum, by spectral gating.

    The noise floor of every frequency is learned from each clip itself: from its quietest
    frames, or from a start that holds no speech. Every bin of the short-time spectrum then keeps
    the share of its power that stands above the floor (Boll's subtraction, as a gain), smoothed
    over time and frequency and never lowered by more than ``reduction_db``.

    Parameters
    ----------
    reduction_db : float, default=24.0
        The most that is taken away from any frequency, in decibels; 0 changes nothing.
    threshold_db : float, default=3.0
        How far above the noise floor the gate stands, in decibels. More takes away more of the
        noise, and of quiet speech.
    quantile : float, default=0.05
        The share of a clip's frames, the quietest, that are taken for noise. With more, the
        floor is steadier; with less, clips with hardly a pause keep more of their speech.
    noise_duration : float, default=None
        Seconds at the start of each clip that hold noise only; None finds the quietest frames.
    time_smoothing : float, default=0.04
        Seconds over which power and gains are averaged; 0 is none.
    freq_smoothing : float, default=100.0
        Hertz over which power and gains are averaged; 0 is none.
    n_fft : int, default=None
        Length of a frame in samples; None is 32 ms, up to the next power of two. A clip shorter
        than a frame is left as it is.
    hop_length : int, default=None
        Step between frames in samples, at most half a frame; None is a quarter.
    sample_rate : int, default=16000
        Rate of the clips, in Hz.

    Raises
    ------
    ValueError
        ``hop_length`` is more than half of ``n_fft``.

    See Also
    --------
    SilenceTrimmer : Removes silence at both ends.

    Notes
    -----
    Measured by ``python -m benchmarks.noise_reduction``, as the mean rise of the scale-invariant
    signal-to-noise ratio against the clip as recorded, from 20, 10 and 0 dB:

    ==============================  =====  =====  =====  =====
    clips                           noise  20 dB  10 dB   0 dB
    ==============================  =====  =====  =====  =====
    RAVDESS (silence at both ends)  white    6.1    8.5   11.3
    RAVDESS (silence at both ends)  pink     5.8    7.1    7.9
    TESS (hardly a pause)           white    1.3    5.7    8.9
    TESS (hardly a pause)           pink     0.6    4.4    6.2
    CREMA-D (noisy itself)          white   -3.5    3.7    9.0
    CREMA-D (noisy itself)          pink    -3.4    3.1    6.5
    SAVEE (noisy itself)            white   -6.0    2.4    8.6
    SAVEE (noisy itself)            pink    -6.0    1.7    5.7
    ==============================  =====  =====  =====  =====

    Clips to which nothing was added come out at 75 dB (RAVDESS), 23 dB (TESS), 17 dB (CREMA-D)
    and 14 dB (SAVEE) against themselves, in the median. The recording's own noise counts as
    signal here, and those of CREMA-D and SAVEE rise only 16 and 13 dB above their own quietest
    tenth. The defaults were chosen on RAVDESS's actors 1 to 6 and on some clips of TESS; the
    table is of RAVDESS's actors 7 to 18 and of other clips of TESS. Where there is little noise
    and hardly a pause, speech is lost: leave this step out, or lower ``reduction_db``.

    What does not change throughout a clip is noise to this method: a steady tone, or a clip
    without pauses, is lowered as well. A cleaner sound is not always a better feature: compare
    the score with and without this step.

    References
    ----------
    S. F. Boll, "Suppression of acoustic noise in speech using spectral subtraction", IEEE
    Transactions on Acoustics, Speech, and Signal Processing 27(2), 1979. T. Sainburg's package
    noisereduce is the common tool for spectral gating; no code of it is used here.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_ser import NoiseReducer
    >>> rng = np.random.default_rng(0)
    >>> noise = 0.01 * rng.normal(size=16000)
    >>> noise[8000:12000] += np.sin(np.arange(4000) / 5)
    >>> quieter = NoiseReducer().fit_transform([noise])[0]
    >>> bool(quieter[:6000].std() < 0.2 * noise[:6000].std())
    True
    """

    _parameter_constraints = {
        "reduction_db": [Interval(Real, 0, None, closed="left")],
        "threshold_db": [Interval(Real, -100, 100, closed="both")],
        "quantile": [Interval(Real, 0, 1, closed="right")],
        "noise_duration": [Interval(Real, 0, None, closed="neither"), None],
        "time_smoothing": [Interval(Real, 0, None, closed="left")],
        "freq_smoothing": [Interval(Real, 0, None, closed="left")],
        "n_fft": [Interval(Integral, 2, None, closed="left"), None],
        "hop_length": [Interval(Integral, 1, None, closed="left"), None],
        "sample_rate": SAMPLE_RATE,
    }

    def __init__(
        self,
        reduction_db: float = 24.0,
        *,
        threshold_db: float = 3.0,
        quantile: float = 0.05,
        noise_duration: float | None = None,
        time_smoothing: float = 0.04,
        freq_smoothing: float = 100.0,
        n_fft: int | None = None,
        hop_length: int | None = None,
        sample_rate: int = 16000,
    ) -> None:
        self.reduction_db = reduction_db
        self.threshold_db = threshold_db
        self.quantile = quantile
        self.noise_duration = noise_duration
        self.time_smoothing = time_smoothing
        self.freq_smoothing = freq_smoothing
        self.n_fft = n_fft
        self.hop_length = hop_length
        self.sample_rate = sample_rate

    def _validate_params(self) -> None:
        super()._validate_params()
        self._lengths()

    def _change(self, clips: AudioClips) -> AudioClips:
        return clips.map(gate_step(self._settings()))

    def _settings(self) -> GateSettings:
        n_fft, hop_length = self._lengths()
        rate, noise = self.sample_rate, self.noise_duration
        return GateSettings(
            n_fft=n_fft,
            hop_length=hop_length,
            noise_samples=None if noise is None else round(noise * rate),
            quantile=float(self.quantile),
            threshold_db=float(self.threshold_db),
            reduction_db=float(self.reduction_db),
            n_frames_smoothed=_odd(self.time_smoothing * rate / hop_length),
            n_bins_smoothed=min(_odd(self.freq_smoothing * n_fft / rate), n_fft + 1),
        )

    def _lengths(self) -> tuple[int, int]:
        n_fft = self.n_fft
        if n_fft is None:
            n_fft = max(_next_power_of_two(_FRAME_SECONDS * self.sample_rate), 2)
        hop_length = max(n_fft // 4, 1) if self.hop_length is None else self.hop_length
        if 2 * hop_length > n_fft:
            raise ValueError(
                f"hop_length={hop_length} is more than half of n_fft={n_fft}: frames must overlap "
                f"by half at least. Set hop_length to {n_fft // 2} or less, or leave it None."
            )
        return int(n_fft), int(hop_length)


def _next_power_of_two(length: float) -> int:
    return 1 << max(round(length) - 1, 0).bit_length()


def _odd(width: float) -> int:
    """Return the nearest odd number of frames or bins, which leaves nothing shifted."""
    return 2 * round((width - 1) / 2) + 1 if width > 1 else 1
