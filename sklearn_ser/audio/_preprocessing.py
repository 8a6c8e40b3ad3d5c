"""Steps from waveform to waveform."""

from __future__ import annotations

from numbers import Real

from sklearn.utils._param_validation import Interval

from sklearn_ser.audio._clips import AudioClips
from sklearn_ser.audio._crop import crop_step
from sklearn_ser.base import SAMPLE_RATE, BaseWaveformTransformer

__all__ = ["WaveformCropper"]


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
