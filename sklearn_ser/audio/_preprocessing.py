"""Steps from waveform to waveform."""

from __future__ import annotations

from numbers import Integral, Real

from sklearn.utils._param_validation import Interval, StrOptions

from sklearn_ser.audio._clips import AudioClips
from sklearn_ser.audio._crop import crop_step
from sklearn_ser.audio._trim import trim_step
from sklearn_ser.audio._waveform_steps import peak_step, pre_emphasis_step
from sklearn_ser.base import SAMPLE_RATE, BaseWaveformTransformer

__all__ = ["PeakNormalizer", "PreEmphasis", "SilenceTrimmer", "WaveformCropper"]


class WaveformCropper(BaseWaveformTransformer):
    """Crop every clip to a part given in seconds, and pad short ones if asked.

    Parameters
    ----------
    duration : float, default=None
        Keep at most so many seconds; None keeps the rest.
    offset : float, default=0.0
        Leave out so many seconds at the start.
    pad : bool, default=False
        Pad clips that are shorter than ``duration`` with zeros at their end.
    sample_rate : int, default=16000
        Rate of the clips, in Hz.

    See Also
    --------
    AudioLoader : Reads only a part of each file.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_ser import WaveformCropper
    >>> cropper = WaveformCropper(duration=0.5, pad=True)
    >>> [len(wave) for wave in cropper.fit_transform([np.ones(16000), np.ones(100)])]
    [8000, 8000]
    """

    _parameter_constraints = {
        "duration": [Interval(Real, 0, None, closed="neither"), None],
        "offset": [Interval(Real, 0, None, closed="left")],
        "pad": ["boolean"],
        "sample_rate": SAMPLE_RATE,
    }

    def __init__(
        self,
        duration: float | None = None,
        offset: float = 0.0,
        pad: bool = False,
        *,
        sample_rate: int = 16000,
    ) -> None:
        self.duration = duration
        self.offset = offset
        self.pad = pad
        self.sample_rate = sample_rate

    def _change(self, clips: AudioClips) -> AudioClips:
        return clips.map(crop_step(self.sample_rate, self.offset, self.duration, pad=self.pad))


class SilenceTrimmer(BaseWaveformTransformer):
    """Cut silence off both ends of every clip.

    Given values, start and end are librosa's to the sample, but for a clip in which nothing
    rises above the threshold: it is kept whole, since a clip must not vanish.

    Parameters
    ----------
    top_db : float, default=60.0
        Frames at least so many decibels below ``ref`` are silent. Recordings with a noise floor
        need less: of the usual corpora, 60 shortens hardly any clips but those of RAVDESS (by a
        fifth), 30 those of CREMA-D, SAVEE and TESS too (by a twentieth).
    frame_length : int, default=None
        Length of a frame in samples; None is 25 ms.
    hop_length : int, default=None
        Step between frames in samples; None is 10 ms.
    ref : "max" or float, default="max"
        The amplitude that is 0 dB; "max" is that of the clip's loudest frame.
    margin : float, default=0.0
        Seconds to keep on both sides of what sounds.
    sample_rate : int, default=16000
        Rate of the clips, in Hz.

    See Also
    --------
    librosa.effects.trim : The same numbers.
    WaveformCropper : Cuts at given times.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_ser import SilenceTrimmer
    >>> clip = np.zeros(16000)
    >>> clip[4000:8000] = np.sin(np.arange(4000))
    >>> trimmer = SilenceTrimmer(margin=0.1)
    >>> [len(wave) for wave in trimmer.fit_transform([clip, np.zeros(800)])]
    [7680, 800]
    """

    _parameter_constraints = {
        "top_db": [Interval(Real, 0, None, closed="neither")],
        "frame_length": [Interval(Integral, 1, None, closed="left"), None],
        "hop_length": [Interval(Integral, 1, None, closed="left"), None],
        "ref": [StrOptions({"max"}), Interval(Real, 0, None, closed="neither")],
        "margin": [Interval(Real, 0, None, closed="left")],
        "sample_rate": SAMPLE_RATE,
    }

    def __init__(
        self,
        top_db: float = 60.0,
        *,
        frame_length: int | None = None,
        hop_length: int | None = None,
        ref: str | float = "max",
        margin: float = 0.0,
        sample_rate: int = 16000,
    ) -> None:
        self.top_db = top_db
        self.frame_length = frame_length
        self.hop_length = hop_length
        self.ref = ref
        self.margin = margin
        self.sample_rate = sample_rate

    def _change(self, clips: AudioClips) -> AudioClips:
        step = trim_step(
            top_db=float(self.top_db),
            ref=None if self.ref == "max" else float(self.ref),
            frame_length=self._samples(self.frame_length, 0.025),
            hop_length=self._samples(self.hop_length, 0.010),
            margin=round(self.margin * self.sample_rate),
        )
        return clips.map(step)

    def _samples(self, given: int | None, seconds: float) -> int:
        return max(round(seconds * self.sample_rate), 1) if given is None else int(given)


class PeakNormalizer(BaseWaveformTransformer):
    """Scale every clip so that its largest sample has a given magnitude; silence stays silence.

    The level of a clip tells anger from sadness: normalise where recordings differ in gain, and
    leave it where they were made alike.

    Parameters
    ----------
    peak : float, default=1.0
        Magnitude of each clip's largest sample afterwards; 1.0 is full scale.
    sample_rate : int, default=16000
        Rate of the clips, in Hz.

    Examples
    --------
    >>> from sklearn_ser import PeakNormalizer
    >>> PeakNormalizer(peak=0.5).fit_transform([[0.0, -0.1, 0.2], [0.0, 0.0]])[0]
    array([ 0.  , -0.25,  0.5 ], dtype=float32)
    """

    _parameter_constraints = {
        "peak": [Interval(Real, 0, None, closed="neither")],
        "sample_rate": SAMPLE_RATE,
    }

    def __init__(self, peak: float = 1.0, *, sample_rate: int = 16000) -> None:
        self.peak = peak
        self.sample_rate = sample_rate

    def _change(self, clips: AudioClips) -> AudioClips:
        return clips.map(peak_step(float(self.peak)))


class PreEmphasis(BaseWaveformTransformer):
    """Raise the high frequencies: from every sample, take a share of the one before it.

    The numbers are librosa's, its state before the first sample included: twice the first sample
    less the second is added to the first. A clip of one sample counts as constant.

    Parameters
    ----------
    coef : float, default=0.97
        The share, from 0 (nothing changes but the first sample) to 1 (the difference).
    sample_rate : int, default=16000
        Rate of the clips, in Hz.

    See Also
    --------
    librosa.effects.preemphasis : The same numbers.

    Examples
    --------
    >>> from sklearn_ser import PreEmphasis
    >>> PreEmphasis(coef=0.5).fit_transform([[0.0, 0.0, 1.0, 1.0]])[0]
    array([0. , 0. , 1. , 0.5], dtype=float32)
    """

    _parameter_constraints = {
        "coef": [Interval(Real, 0, 1, closed="both")],
        "sample_rate": SAMPLE_RATE,
    }

    def __init__(self, coef: float = 0.97, *, sample_rate: int = 16000) -> None:
        self.coef = coef
        self.sample_rate = sample_rate

    def _change(self, clips: AudioClips) -> AudioClips:
        return clips.map(pre_emphasis_step(float(self.coef)))
