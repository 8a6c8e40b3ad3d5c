"""AudioLoader: the step that lets one saved model take files and arrays alike."""

from __future__ import annotations

from collections.abc import Iterable
from numbers import Real
from typing import Any

from sklearn.utils._param_validation import Interval, StrOptions

from sklearn_ser.audio._check import is_path, is_table
from sklearn_ser.audio._clips import AudioClips
from sklearn_ser.audio._crop import crop_step
from sklearn_ser.base import SAMPLE_RATE, BaseWaveformTransformer
from sklearn_ser.exceptions import AudioError

__all__ = ["AudioLoader"]


class AudioLoader(BaseWaveformTransformer):
    """Turn paths of sound files into AudioClips, and let waveforms through.

    Files are decoded when they are touched, each by its own header: any format of libsndfile,
    any number of channels (averaged), any rate (resampled to ``sample_rate``). AudioClips and
    waveforms pass, with ``offset`` and ``duration`` applied and AudioClips of another rate
    resampled, so that a model that begins with this step takes WAV paths and arrays alike.

    Parameters
    ----------
    sample_rate : int, default=16000
        Rate of the clips that come out, in Hz; arrays are taken to be at this rate.
    offset : float, default=0.0
        Leave out so many seconds at the start.
    duration : float, default=None
        Keep at most so many seconds; None keeps the rest.
    on_error : {"raise", "silence"}, default="raise"
        What an unreadable file is: an error when it is touched, or silence with an AudioWarning.

    See Also
    --------
    WaveformCropper : Crop or pad clips to one length.

    Examples
    --------
    >>> import numpy as np, tempfile, os
    >>> from sklearn_ser import AudioLoader
    >>> from sklearn_ser.audio import write_audio
    >>> path = os.path.join(tempfile.mkdtemp(), "tone.wav")
    >>> write_audio(path, np.sin(np.arange(8000) / 10), 8000)
    >>> clips = AudioLoader().fit_transform([path])
    >>> clips[0].shape
    (16000,)
    """

    _parameter_constraints = {
        "sample_rate": SAMPLE_RATE,
        "offset": [Interval(Real, 0, None, closed="left")],
        "duration": [Interval(Real, 0, None, closed="neither"), None],
        "on_error": [StrOptions({"raise", "silence"})],
    }

    def __init__(
        self,
        sample_rate: int = 16000,
        offset: float = 0.0,
        duration: float | None = None,
        on_error: str = "raise",
    ) -> None:
        self.sample_rate = sample_rate
        self.offset = offset
        self.duration = duration
        self.on_error = on_error

    def transform(self, X: Any) -> AudioClips:
        """Make clips of paths; crop and resample clips.

        Parameters
        ----------
        X : list of paths, AudioClips, list of waveforms, or array of shape (n_clips, n_samples)
            Speech; a list holds paths or waveforms, not both.

        Returns
        -------
        clips : AudioClips
            At ``sample_rate``, decoded and cropped when they are touched.
        """
        self._validate_params()
        clips = self._check_speech(X, reset=False)
        is_read_in_part = _holds_paths(X)
        if is_read_in_part or (self.offset == 0 and self.duration is None):
            return clips
        return clips.map(crop_step(self.sample_rate, self.offset, self.duration, pad=False))

    def _check_speech(self, X: Any, *, reset: bool) -> AudioClips:
        if _holds_paths(X):
            return AudioClips.from_files(
                list(X),
                self.sample_rate,
                offset=self.offset,
                duration=self.duration,
                on_error=self.on_error,
            )
        if isinstance(X, AudioClips):
            X = X.resampled(self.sample_rate)
        return super()._check_speech(X, reset=reset)


def _holds_paths(X: Any) -> bool:
    """Whether X is a list, array or Series of paths; a mixture is an error."""
    if isinstance(X, AudioClips) or is_path(X) or is_table(X) or not isinstance(X, Iterable):
        return False
    dtype = getattr(X, "dtype", None)
    if getattr(dtype, "kind", "O") in "fiubc":
        return False
    kinds = {is_path(item) for item in X}
    if len(kinds) > 1:
        raise AudioError("X mixes paths and waveforms; give AudioLoader one kind at a time.")
    return kinds == {True}
