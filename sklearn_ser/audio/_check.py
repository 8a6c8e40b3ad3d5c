"""check_clips: whatever people have, turned into AudioClips, or one error that shows the mend."""

from __future__ import annotations

import os
from collections.abc import Iterable
from numbers import Real
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import sparse
from sklearn.utils import check_array

from sklearn_ser.audio._clips import AudioClips
from sklearn_ser.audio._store import Waveform, check_waveform
from sklearn_ser.exceptions import AudioError

__all__ = ["check_clips", "is_path", "is_table"]

# Samples of one recording with a column a channel look like this; clips never do.
_MOST_CHANNELS = 8
_FEWEST_SAMPLES = 1000

_FULL_SCALE = {"int16": 2**15, "int32": 2**31}


def check_clips(X: Any, sample_rate: int = 16000, *, estimator: Any = None) -> AudioClips:
    """Turn speech in any usual form into AudioClips.

    Parameters
    ----------
    X : AudioClips, list of 1-D arrays, object array or Series of them, or 2-D array
        Waveforms. In a 2-D array every row is a clip. Samples of type int16 and int32 are scaled
        to [-1, 1], uint8 (8-bit WAV) as well; other numbers are taken as they are.
    sample_rate : int, default=16000
        Rate of the waveforms, in Hz; AudioClips must have this one.
    estimator : object or str, default=None
        Who asks, for the errors' text.

    Returns
    -------
    clips : AudioClips
        ``X`` itself where it is AudioClips.

    Raises
    ------
    AudioError
        ``X`` is no set of waveforms at that rate; the message says what it looks like and how to
        mend it.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_ser import check_clips
    >>> check_clips([np.zeros(16000), np.zeros(8000)])
    <AudioClips: 2 clips at 16000 Hz, 1.5 s in memory>
    """
    asker = _name_of(estimator)
    if isinstance(X, AudioClips):
        _check_rate(X, sample_rate, asker)
        return _check_some(X)
    _refuse_single(X, asker)
    if is_table(X):
        rows = check_array(X, dtype="numeric", ensure_all_finite=False, estimator=asker)
        _refuse_channels(rows)
        return AudioClips(_checked(_scaled(rows), asker), sample_rate)
    return _check_some(AudioClips(_checked(X, asker), sample_rate))


def is_path(item: Any) -> bool:
    """Whether an item names a file."""
    return isinstance(item, str | bytes | os.PathLike)


def is_table(X: Any) -> bool:
    """Whether ``X`` is a 2-D array, DataFrame, sparse matrix or array-like: rows of numbers."""
    if isinstance(X, AudioClips | list | tuple | pd.Series | str | bytes):
        return False
    if sparse.issparse(X) or isinstance(X, pd.DataFrame):
        return True
    if not hasattr(X, "shape"):
        return hasattr(X, "__array__")
    return len(X.shape) != 1


def _check_rate(clips: AudioClips, sample_rate: int, asker: str) -> None:
    if clips.sample_rate != sample_rate:
        raise AudioError(
            f"The clips are at {clips.sample_rate} Hz and {asker} expects {sample_rate} Hz. Set "
            f"sample_rate={clips.sample_rate} in it, or convert with "
            f"clips.resampled({sample_rate})."
        )


def _check_some(clips: AudioClips) -> AudioClips:
    if not len(clips):
        raise AudioError("X holds no clips: 0 sample(s) where a minimum of 1 is required.")
    return clips


def _refuse_single(X: Any, asker: str) -> None:
    """Refuse one recording that stands where a set of recordings must."""
    if is_path(X):
        raise AudioError(
            f"X is one path ({os.fspath(X)!r}); {asker} takes a set of clips. Wrap it in a list, "
            "and put AudioLoader first in the pipeline to read files."
        )
    if _is_waveform_and_rate(X):
        raise AudioError(
            f"X is a (waveform, sample_rate) tuple; {asker} takes a list of waveforms at its own "
            f"sample_rate. Pass [y], with sample_rate={X[1]} in the estimator."
        )
    if _is_bare_waveform(X):
        raise AudioError(
            f"X is one 1-D waveform; {asker} takes a set of clips. Reshape your data: wrap the "
            "waveform in a list, [y], or use y.reshape(1, -1)."
        )
    if not isinstance(X, Iterable) and not hasattr(X, "__array__"):
        raise AudioError(f"X is {type(X).__name__}; {asker} takes a list of waveforms.")


def _is_waveform_and_rate(item: Any) -> bool:
    return (
        isinstance(item, tuple)
        and len(item) == 2
        and isinstance(item[1], Real)
        and not isinstance(item[0], Real)
        and np.ndim(item[0]) >= 1
    )


def _is_bare_waveform(X: Any) -> bool:
    if isinstance(X, list | tuple):
        return len(X) > 0 and isinstance(X[0], Real)
    dtype = getattr(X, "dtype", None)
    is_flat = len(getattr(X, "shape", ())) == 1
    return is_flat and len(X) > 0 and (getattr(dtype, "kind", "O") in "fiub")


def _refuse_channels(rows: NDArray[Any]) -> None:
    n_rows, n_columns = rows.shape
    if n_columns <= _MOST_CHANNELS and n_rows >= _FEWEST_SAMPLES:
        raise AudioError(
            f"X has shape {rows.shape}, which looks like (samples, channels) of one recording, "
            "not (clips, samples). Average the channels and wrap the result in a list: "
            "[y.mean(axis=1)]."
        )


def _checked(waveforms: Iterable[Any], asker: str) -> list[Waveform]:
    return [_checked_clip(item, f"X[{i}]", asker) for i, item in enumerate(waveforms)]


def _checked_clip(item: Any, name: str, asker: str) -> Waveform:
    if is_path(item):
        raise AudioError(
            f"{name} is a path ({os.fspath(item)!r}); {asker} takes waveforms. Put AudioLoader "
            "first in the pipeline to read files."
        )
    if _is_waveform_and_rate(item):
        raise AudioError(
            f"{name} is a (waveform, sample_rate) tuple; {asker} takes waveforms at its own "
            f"sample_rate. Pass the waveforms alone, with sample_rate={item[1]} in the estimator."
        )
    return check_waveform(_scaled(np.asarray(item)), name)


def _scaled(samples: NDArray[Any]) -> NDArray[Any]:
    """Bring the integer types of sound files to [-1, 1]."""
    if samples.dtype.name in _FULL_SCALE:
        return samples.astype(np.float32) / np.float32(_FULL_SCALE[samples.dtype.name])
    if samples.dtype == np.uint8:
        return (samples.astype(np.float32) - 128) / np.float32(128)
    return samples


def _name_of(estimator: Any) -> str:
    if estimator is None:
        return "this estimator"
    return estimator if isinstance(estimator, str) else type(estimator).__name__
