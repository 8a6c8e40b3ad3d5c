"""Read, write and resample audio: pure functions around libsndfile and soxr."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any

import numpy as np
import soundfile
import soxr
from numpy.typing import ArrayLike, NDArray

from sklearn_ser.exceptions import AudioError, AudioReadError
from sklearn_ser.utils._files import atomic_path

__all__ = ["read_audio", "resample", "write_audio"]

# libsndfile reads what is there of a file that was cut off, and says so only in its log.
_CHUNK_CUT_OFF = re.compile(r"^ *(?:data|SSND) : (\d+) \(should be (\d+)\)", re.MULTILINE)
_OGG_CUT_OFF = "Last page lacks an end-of-stream bit"
# A program that writes to a pipe cannot know the length and puts one of these in the header.
_UNKNOWN_SIZES = (0, 0x7FFFFFFF, 0x7FFFF000, 0xFFFFFFFF)
_LFS_POINTER = b"version https://git-lfs"


def read_audio(
    path: str | os.PathLike[str],
    *,
    sample_rate: int | None = None,
    offset: float = 0.0,
    duration: float | None = None,
) -> tuple[NDArray[np.float32], int]:
    """Read a sound file as one mono waveform.

    Any format of libsndfile is read (WAV, FLAC, Ogg Vorbis and Opus, MP3, AIFF, ...), with any
    number of channels, which are averaged, at any rate, which the file's own header gives.

    Parameters
    ----------
    path : str or path-like
        The file.
    sample_rate : int, default=None
        Resample to this rate, in Hz, with soxr's high quality; None keeps the file's.
    offset : float, default=0.0
        Start reading here, in seconds.
    duration : float, default=None
        Read at most so many seconds; None reads to the end.

    Returns
    -------
    waveform : ndarray of shape (n_samples,), float32
        Samples; full scale is 1.0.
    sample_rate : int
        Their rate in Hz.

    Raises
    ------
    AudioReadError
        The file is missing, unreadable, no audio, cut off, without samples (in the part that was
        asked for), or holds NaN or infinity. The message names the file and the cause.

    Examples
    --------
    >>> import numpy as np, tempfile, os
    >>> from sklearn_ser.audio import read_audio, write_audio
    >>> path = os.path.join(tempfile.mkdtemp(), "tone.wav")
    >>> write_audio(path, np.sin(np.arange(8000) / 10), 8000)
    >>> waveform, rate = read_audio(path, sample_rate=16000)
    >>> waveform.shape, waveform.dtype, rate
    ((16000,), dtype('float32'), 16000)
    """
    samples, rate = _decode(os.fspath(path), offset, duration)
    if not len(samples):
        raise AudioReadError(_no_samples(path, offset))
    if not np.isfinite(samples).all():
        raise AudioReadError(f"{path} contains NaN or infinity; write the recording again.")
    mono = samples[:, 0] if samples.shape[1] == 1 else samples.mean(axis=1, dtype=np.float32)
    if sample_rate is None or sample_rate == rate:
        return np.ascontiguousarray(mono), rate
    resampled = resample(mono, rate, sample_rate)
    if not len(resampled):
        raise AudioReadError(
            f"{path} has {len(mono)} sample(s) at {rate} Hz, none at {sample_rate} Hz."
        )
    return resampled, sample_rate


def write_audio(
    path: str | os.PathLike[str],
    waveform: ArrayLike,
    sample_rate: int,
    *,
    subtype: str | None = None,
) -> None:
    """Write a waveform to a sound file, whole or not at all.

    Parameters
    ----------
    path : str or path-like
        The file; its ending chooses the format (``.wav``, ``.flac``, ``.ogg``, ...).
    waveform : array-like of shape (n_samples,)
        Samples within [-1, 1].
    sample_rate : int
        Their rate in Hz.
    subtype : str, default=None
        libsndfile's name of the encoding, such as "PCM_16" or "FLOAT"; None takes the format's
        usual one (16 bits for WAV and FLAC).

    Raises
    ------
    AudioError
        The waveform is not 1-D, not finite, or would be clipped; the format is not known.

    Examples
    --------
    >>> import numpy as np, tempfile, os
    >>> from sklearn_ser.audio import write_audio
    >>> write_audio(os.path.join(tempfile.mkdtemp(), "silence.flac"), np.zeros(1600), 16000)
    """
    samples = np.asarray(waveform, dtype=np.float32)
    _check_writable_samples(samples, subtype)
    target = Path(path)
    file_format = target.suffix[1:].upper()
    if file_format not in soundfile.available_formats():
        raise AudioError(f"{target.name}: no audio format has this ending; try .wav or .flac.")
    try:
        with atomic_path(target) as unfinished:
            soundfile.write(unfinished, samples, sample_rate, subtype=subtype, format=file_format)
    except (soundfile.SoundFileError, ValueError) as error:
        raise AudioError(f"{target.name} cannot be written: {error}") from error


def resample(waveform: ArrayLike, orig_sr: float, target_sr: float) -> NDArray[np.float32]:
    """Resample a waveform with soxr's high quality.

    Parameters
    ----------
    waveform : array-like of shape (n_samples,)
        Samples.
    orig_sr : float
        Their rate in Hz.
    target_sr : float
        The rate wanted, in Hz.

    Returns
    -------
    waveform : ndarray of shape (about n_samples * target_sr / orig_sr,), float32
        The same sound at the new rate.

    Raises
    ------
    AudioError
        A rate is not positive.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_ser.audio import resample
    >>> resample(np.zeros(44100), 44100, 16000).shape
    (16000,)
    """
    if not (orig_sr > 0 and target_sr > 0):
        raise AudioError(f"Sample rates must be positive; got {orig_sr} and {target_sr} Hz.")
    samples = np.ascontiguousarray(waveform, dtype=np.float32)
    if orig_sr == target_sr:
        return samples
    resampled: NDArray[np.float32] = soxr.resample(samples, orig_sr, target_sr, quality="HQ")
    return resampled


def _decode(path: str, offset: float, duration: float | None) -> tuple[NDArray[np.float32], int]:
    """Read frames x channels; every failure names the file and the cause."""
    try:
        with soundfile.SoundFile(path) as file:
            rate = int(file.samplerate)
            _check_not_cut_off(path, file)
            first = min(round(offset * rate), file.frames)
            wanted = -1 if duration is None else max(round(duration * rate), 1)
            if first:
                file.seek(first)
            samples = file.read(wanted, dtype="float32", always_2d=True)
            _check_all_there(path, file, len(samples), first, wanted)
            return samples, rate
    except AudioReadError:
        raise
    except (soundfile.SoundFileError, OSError, MemoryError) as error:
        raise AudioReadError(_diagnose(path, error)) from error


def _check_not_cut_off(path: str, file: Any) -> None:
    """Refuse a file whose header promises more than the file holds."""
    log = file.extra_info
    for promised, there in _CHUNK_CUT_OFF.findall(log):
        if int(promised) > int(there) and int(promised) not in _UNKNOWN_SIZES:
            raise AudioReadError(
                f"{path} is cut off: its header promises {promised} bytes of audio, {there} are "
                "there. Copy or download it again."
            )
    if _OGG_CUT_OFF in log:
        raise AudioReadError(f"{path} is cut off: its last Ogg page is missing. Copy it again.")


def _check_all_there(path: str, file: Any, n_read: int, first: int, wanted: int) -> None:
    """Refuse a file that ends before its header says (MP3 headers only estimate)."""
    expected = file.frames - first if wanted < 0 else min(wanted, file.frames - first)
    tolerance = 0.05 * expected if file.format in ("MP3", "MPEG") else 0
    if n_read < expected - tolerance:
        raise AudioReadError(
            f"{path} is cut off: {n_read} of {expected} frames could be read. Copy it again."
        )


def _no_samples(path: str | os.PathLike[str], offset: float) -> str:
    if offset > 0:
        return f"{path} has no samples after offset={offset} s; the recording ends before."
    return f"{path} has no samples: a header, and nothing after it."


def _diagnose(path: str, error: BaseException) -> str:
    """Say why a file could not be opened, in words that lead to the mend."""
    file = Path(path)
    if not file.exists():
        return f"{path} does not exist."
    if file.is_dir():
        return f"{path} is a folder; give the files in it."
    try:
        with file.open("rb") as stream:
            head = stream.read(64)
    except OSError as refusal:
        return f"{path} cannot be read: {(refusal.strerror or str(refusal)).lower()}."
    if not head:
        return f"{path} is empty (0 bytes)."
    if head.startswith(_LFS_POINTER):
        return f"{path} is a Git LFS pointer, not the recording; run 'git lfs pull' to fetch it."
    return (
        f"{path} is not a readable sound file ({str(error).rstrip('.')}). libsndfile reads WAV, "
        "FLAC, Ogg, MP3 and AIFF; convert other formats first."
    )


def _check_writable_samples(samples: NDArray[np.float32], subtype: str | None) -> None:
    """Refuse what a sound file cannot hold without change."""
    if samples.ndim != 1:
        raise AudioError(f"A waveform is 1-D; got an array of shape {samples.shape}.")
    if not np.isfinite(samples).all():
        raise AudioError("The waveform contains NaN or infinity.")
    peak = float(np.abs(samples).max(initial=0.0))
    if peak > 1.0 and subtype not in ("FLOAT", "DOUBLE"):
        raise AudioError(
            f"The waveform's peak is {peak:.3g}; beyond 1.0 it would be clipped. Scale it, or "
            'write with subtype="FLOAT".'
        )
