"""Voice quality as features."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sklearn_ser.voice._base import BaseVoiceTransformer, VoiceExtractor
from sklearn_ser.voice._formants import track_formants
from sklearn_ser.voice._pitch import track_pitch
from sklearn_ser.voice._quality import QUALITIES, voice_quality
from sklearn_ser.voice._spectra import VoiceSpectra

__all__ = ["VoiceQualityTransformer"]


@dataclass(frozen=True)
class VoiceQualityExtractor(VoiceExtractor):
    """The measures of voice quality along the pitch."""

    coefficient_names = list(QUALITIES)

    def describe(
        self, waveform: NDArray[np.float32]
    ) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
        track, spectra = track_pitch(waveform, self.pitch), VoiceSpectra(waveform, self.pitch)
        shared: dict[str, Any] = {"spectra": spectra}
        formants = track_formants(waveform, self.pitch, is_voiced=track.is_voiced, **shared)
        found = voice_quality(waveform, track, self.pitch, formants=formants, **shared)
        return np.stack([found[name] for name in QUALITIES], axis=1), track.is_voiced


class VoiceQualityTransformer(BaseVoiceTransformer):
    """How regular a voice is, and how its power is spread over frequency.

    Without ``pooling`` the output is ``(n_clips, n_frames_, 11)`` with frames of zeros after
    shorter clips; with it ``(n_clips, 11 * n_statistics)``, from voiced frames only.

    ============== ================================================================ ===========
    coefficient    meaning                                                          unit
    ============== ================================================================ ===========
    jitter         difference in length of two successive periods                   share
    shimmer        difference in amplitude of successive periods                    dB
    hnr            harmonics-to-noise ratio                                         dB
    cpp            cepstral peak prominence: how far the harmonics stand out        dB
    h1_h2          first harmonic over the second                                   dB
    h1_a3          first harmonic over the strongest one around the third formant   dB
    alpha_ratio    power from 50 Hz to 1 kHz over that from 1 to 5 kHz              dB
    hammarberg     strongest bin up to 2 kHz over the strongest from 2 to 5 kHz     dB
    slope_0_500    slope of the spectrum up to 500 Hz                               dB by kHz
    slope_500_1500 slope of the spectrum from 500 Hz to 1.5 kHz                     dB by kHz
    tilt           slope of the spectrum from 50 Hz to 5.5 kHz                      dB by octave
    ============== ================================================================ ===========

    Parameters
    ----------
    sample_rate : int, default=16000
        Rate of the clips, in Hz; never guessed from the data.
    hop_length : int, default=None
        Step between frames in samples; None is 10 ms. Frame t is centred on sample
        ``t * hop_length``.
    fmin : float, default=60.0
        Lowest pitch in Hz.
    fmax : float, default=600.0
        Highest pitch in Hz; a quarter of ``sample_rate`` at most.
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
    FormantTransformer : The resonances of the vocal tract.
    PitchTransformer : The pitch that all of this follows.

    Notes
    -----
    Jitter and shimmer compare, in every voiced frame, the period around the strongest sample with
    the periods before and behind it, which are found by correlation to a fraction of a sample;
    the amplitude of a period is that near its pulse, as in Praat. The harmonics-to-noise ratio is
    that of Boersma [1]_, from the height of the autocorrelation, and stays within 40 dB. The
    cepstral peak is measured from a line through the cepstrum in dB [2]_. The other measures are
    those of GeMAPS [3]_ on a Hann window of 40 ms. openSMILE's alpha ratio has the other sign.

    Bands that reach beyond half the sample rate end there. The clip's mean is taken off and its
    level brought to one peak beforehand, so that multiplying a clip changes nothing. In unvoiced
    frames the first six are 0; in digital silence all are. A clip without a voiced frame has
    pooled values of 0.

    References
    ----------
    .. [1] Boersma (1993). Accurate short-term analysis of the fundamental frequency and the
       harmonics-to-noise ratio of a sampled sound. IFA Proceedings 17.
    .. [2] Hillenbrand, Cleveland and Erickson (1994). Acoustic correlates of breathy vocal
       quality. Journal of Speech and Hearing Research 37.
    .. [3] Eyben et al. (2016). The Geneva minimalistic acoustic parameter set (GeMAPS) for voice
       research and affective computing. IEEE Trans. Affective Computing 7(2).

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_ser import VoiceQualityTransformer
    >>> times = np.arange(16000) / 16000
    >>> voice = np.sign(np.sin(2 * np.pi * 110 * times))
    >>> VoiceQualityTransformer(pooling="median").fit_transform([voice]).shape
    (1, 11)
    """

    def __init__(
        self,
        *,
        sample_rate: int = 16000,
        hop_length: int | None = None,
        fmin: float = 60.0,
        fmax: float = 600.0,
        pooling: str | tuple[str, ...] | None = None,
        n_frames: int | None = None,
        memory: Any = None,
        n_jobs: int | None = None,
        verbose: int = 0,
    ) -> None:
        self.sample_rate = sample_rate
        self.hop_length = hop_length
        self.fmin = fmin
        self.fmax = fmax
        self.pooling = pooling
        self.n_frames = n_frames
        self.memory = memory
        self.n_jobs = n_jobs
        self.verbose = verbose

    def _make_extractor(self) -> VoiceQualityExtractor:
        return VoiceQualityExtractor(self._pitch_settings(), self._statistics())
