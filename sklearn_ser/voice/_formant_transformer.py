"""Formants as features."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sklearn_ser.voice._base import BaseVoiceTransformer, VoiceExtractor
from sklearn_ser.voice._formants import N_FORMANTS, track_formants
from sklearn_ser.voice._pitch import track_pitch

__all__ = ["FormantTransformer"]

_WHAT = ("frequency", "bandwidth")


@dataclass(frozen=True)
class FormantExtractor(VoiceExtractor):
    """Frequency and bandwidth of the formants in voiced frames, and between them."""

    coefficient_names = [f"f{k + 1}_{what}" for k in range(N_FORMANTS) for what in _WHAT]

    def describe(
        self, waveform: NDArray[np.float32]
    ) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
        is_voiced = track_pitch(waveform, self.pitch).is_voiced
        found = track_formants(waveform, self.pitch, is_voiced=is_voiced)
        pairs = np.stack([found.frequency, found.bandwidth], axis=2)
        return pairs.reshape(len(is_voiced), -1), is_voiced


class FormantTransformer(BaseVoiceTransformer):
    """Frequency and bandwidth of the first three formants, the resonances of the vocal tract.

    Without ``pooling`` the output is ``(n_clips, n_frames_, 6)`` with frames of zeros after
    shorter clips; with it ``(n_clips, 6 * n_statistics)``, from voiced frames only. Coefficients
    are ``f1_frequency``, ``f1_bandwidth``, ``f2_frequency``, ..., all in Hz.

    Parameters
    ----------
    sample_rate : int, default=16000
        Rate of the clips, in Hz; never guessed from the data.
    hop_length : int, default=None
        Step between frames in samples; None is 10 ms. Frame t is centred on sample
        ``t * hop_length``.
    fmin : float, default=60.0
        Lowest pitch in Hz of a frame that is voiced.
    fmax : float, default=600.0
        Highest pitch in Hz of such a frame; a quarter of ``sample_rate`` at most.
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
    VoiceQualityTransformer : What is said by the source of the voice rather than by the tract.

    Notes
    -----
    Linear prediction [1]_ from the power spectrum below 5.5 kHz, or half the sample rate where that
    is lower: a Hann window of 40 ms, pre-emphasis from 50 Hz, one pair of poles in every 1100 Hz.
    The formants are the three lowest pairs, as in Praat, whose settings for a woman's voice these
    are. Formants of a voice as high as they are, from 400 Hz on, are drawn to its harmonics.

    Unvoiced frames hold what lies between the voiced ones beside them; a clip without a voiced
    frame holds the formants of a neutral vowel, 500, 1500 and 2500 Hz, with bandwidths of 80, 100
    and 150 Hz, and its pooled values are 0. Multiplying a clip by a number changes nothing.

    References
    ----------
    .. [1] Makhoul (1975). Linear prediction: a tutorial review. Proceedings of the IEEE 63(4).

    Examples
    --------
    >>> import numpy as np
    >>> from scipy.signal import lfilter
    >>> from sklearn_ser import FormantTransformer
    >>> pulses = np.arange(16000) % 145 == 0
    >>> pole = np.exp(np.pi / 16000 * (-100 + 2j * 700))
    >>> voice = lfilter([1], [1, -2 * pole.real, abs(pole) ** 2], pulses)
    >>> formants = FormantTransformer(pooling="median").fit([voice])
    >>> formants.get_feature_names_out()[0]
    'f1_frequency_median'
    >>> formants.transform([voice])[0, 0].round(-1)
    np.float32(700.0)
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

    def _make_extractor(self) -> FormantExtractor:
        return FormantExtractor(self._pitch_settings(), self._statistics())
