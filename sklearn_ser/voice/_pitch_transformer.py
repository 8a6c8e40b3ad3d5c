"""Pitch and voicing as features."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sklearn_ser.voice._base import BaseVoiceTransformer, VoiceExtractor
from sklearn_ser.voice._pitch import semitones, track_pitch

__all__ = ["PitchTransformer"]


@dataclass(frozen=True)
class PitchExtractor(VoiceExtractor):
    """Pitch in semitones, and voicing."""

    coefficient_names = ["f0_semitone", "voicing"]
    everywhere = (1,)

    def describe(
        self, waveform: NDArray[np.float32]
    ) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
        track = track_pitch(waveform, self.pitch)
        return np.stack([semitones(track.f0), track.voicing], axis=1), track.is_voiced


class PitchTransformer(BaseVoiceTransformer):
    """Pitch in semitones above 27.5 Hz (A0), and the probability that a frame is voiced.

    Without ``pooling`` the output is ``(n_clips, n_frames_, 2)`` with frames of zeros after
    shorter clips; with it ``(n_clips, 2 * n_statistics)``, where the pitch counts in voiced frames
    only and the voicing in all of them.

    =========== =========================================================== =================
    coefficient meaning                                                     range
    =========== =========================================================== =================
    f0_semitone pitch; in unvoiced frames the best candidate that there is  13.5 to 53.4
    voicing     probability that the frame is voiced                        0 to 1
    =========== =========================================================== =================

    Parameters
    ----------
    sample_rate : int, default=16000
        Rate of the clips, in Hz; never guessed from the data.
    hop_length : int, default=None
        Step between frames in samples; None is 10 ms. Frame t is centred on sample
        ``t * hop_length``.
    fmin : float, default=60.0
        Lowest pitch in Hz. A window is three of its periods long: 50 ms.
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
    sklearn_ser.voice.track_pitch : The same of one waveform, in Hz.

    Notes
    -----
    The tracker is Boersma's [1]_: the autocorrelation of a Hann window, divided by that of the
    window, four of its peaks as candidates and unvoiced as a fifth, and the best path through all
    frames of the clip. Unlike his, the band above 4 kHz, mostly noise, is left out, and levels are
    those of frames rather than peaks. A sound that repeats itself more than ``fmax`` times a second
    is heard an octave or more too low. Multiplying a clip by a number changes nothing.

    A clip without a voiced frame has pooled pitches of 0. Frames without any candidate, such as
    digital silence, take their pitch from their neighbours, voicing 0; where no frame has a
    candidate it is the middle of the range, 33.5 semitones.

    References
    ----------
    .. [1] Boersma (1993). Accurate short-term analysis of the fundamental frequency and the
       harmonics-to-noise ratio of a sampled sound. IFA Proceedings 17.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_ser import PitchTransformer
    >>> times = np.arange(16000) / 16000
    >>> voice = np.sign(np.sin(2 * np.pi * 110 * times))
    >>> table = PitchTransformer(pooling="median").fit_transform([voice])
    >>> table.round(2)
    array([[24.,  1.]], dtype=float32)
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

    def _make_extractor(self) -> PitchExtractor:
        return PitchExtractor(self._pitch_settings(), self._statistics())
