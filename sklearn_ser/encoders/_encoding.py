"""From clips to what is kept of each: windows, batches, the network, and the cache."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import joblib
import numpy as np
from joblib import Memory
from numpy.typing import NDArray

from sklearn_ser.audio._clips import AudioClips
from sklearn_ser.encoders._batches import Piece, cut_clip, like_length, windows
from sklearn_ser.encoders._families import Architecture
from sklearn_ser.encoders._hub import ModelFolder
from sklearn_ser.encoders._onnx import load_onnx
from sklearn_ser.encoders._pooling import Collector, Frames, Statistics
from sklearn_ser.encoders._stacks import as_float16
from sklearn_ser.encoders._torch import TorchEncoder, load_network
from sklearn_ser.encoders._whisper import log_mel
from sklearn_ser.utils._optional import import_extra
from sklearn_ser.utils._version import package_version

__all__ = [
    "Encoding",
    "encode_clips",
    "encoder_of",
    "forget_encoders",
    "resolve_backend",
    "resolve_device",
]

_MOST_ENCODERS = 2  # kept a process; a second one lets models be compared in turn
_FORMAT_OF_CACHE = 1

Array = NDArray[np.float32]
Kept = NDArray[np.floating]


@dataclass(frozen=True)
class Encoding:
    """All that decides what an encoder gives, and how it is run.

    Attributes
    ----------
    found : ModelFolder
        The model.
    architecture : Architecture
        Its form.
    layers : tuple of int
        Blocks to compute and keep, counted from 1.
    backend : {"torch", "onnx"}
        What runs it.
    quantize : {"int8"} or None
        Whether its weights are rounded.
    device : str
        Where it runs.
    batch_size : int
        Pieces a batch.
    frames : bool
        Whether to keep all frames; else their mean and standard deviation.
    """

    found: ModelFolder
    architecture: Architecture
    layers: tuple[int, ...]
    backend: str
    quantize: str | None
    device: str
    batch_size: int
    frames: bool

    @property
    def network_key(self) -> tuple[Any, ...]:
        """What tells loaded networks apart."""
        return self.found.identity, self.layers, self.backend, self.quantize, self.device

    def cache_key(self) -> str:
        """Text that changes when the results would, but for the order of the clips."""
        form = "frames" if self.frames else "statistics"
        return joblib.hash(
            (*self.network_key[:-1], self.architecture, form, package_version(), _FORMAT_OF_CACHE)
        )


class Runner(Protocol):
    """A network of either backend."""

    def run(self, inputs: Sequence[Array]) -> list[Array]:
        """Return for each input its states (n_layers, n_frames, dim)."""


def encode_clips(
    clips: AudioClips, encoding: Encoding, memory: Memory | None = None
) -> Iterator[Kept]:
    """Encode clips, those that the cache holds excepted.

    Parameters
    ----------
    clips : AudioClips
        Decoded as they are needed.
    encoding : Encoding
        What to compute.
    memory : joblib.Memory, default=None
        The cache.

    Yields
    ------
    ndarray
        For each clip in turn (2, n_layers, dim) of mean and standard deviation, float32; or its
        frames (n_layers, n_frames, dim), float32 where there is one layer and no cache, else
        float16.
    """
    if memory is None:
        yield from _encode(clips, encoding)
        return
    keep = memory.cache(_keep, ignore=["value"])
    version = encoding.cache_key()
    keys = [None if key is None else f"{version}-{key}" for key in clips.cache_keys()]
    held = [_held(keep, key) for key in keys]
    absent = [place for place, value in enumerate(held) if value is None]
    fresh = _encode(clips[absent], encoding) if absent else iter(())
    for key, value in zip(keys, held, strict=True):
        if value is None:
            value = next(fresh)
            value = as_float16(value) if encoding.frames else value
            if key is not None:
                keep(key, value)
        yield value


class _NotHeldError(Exception):
    """Raised inside the cached function: what is not held cannot be computed there."""


def _keep(key: str, value: Kept | None) -> Kept:
    """Be what the cache calls: it holds the value under the key."""
    if value is None:
        raise _NotHeldError(key)
    return value


def _held(keep: Any, key: str | None) -> Kept | None:
    if key is None:
        return None
    try:
        value: Kept = keep(key, None)
    except _NotHeldError:
        return None
    return value


def _encode(clips: AudioClips, encoding: Encoding) -> Iterator[Kept]:
    runner = encoder_of(encoding)
    for window in windows(clips, encoding.architecture.sample_rate):
        yield from _encode_window(window, encoding, runner)


def _encode_window(window: list[Array], encoding: Encoding, runner: Runner) -> list[Kept]:
    architecture = encoding.architecture
    collectors: list[Collector] = [
        _collector(encoding, architecture.count_frames(len(waveform))) for waveform in window
    ]
    pieces = [
        piece
        for clip, waveform in enumerate(window)
        for piece in cut_clip(waveform, clip, architecture)
    ]
    for batch in like_length(pieces, encoding.batch_size):
        states = runner.run([_heard(piece, architecture) for piece in batch])
        for piece, state in zip(batch, states, strict=True):
            collectors[piece.clip].add(state, piece)
    return [collector.result() for collector in collectors]


def _collector(encoding: Encoding, n_frames: int) -> Collector:
    if encoding.frames:
        n_layers = len(encoding.layers)
        dtype = np.float32 if n_layers == 1 else np.float16
        return Frames((n_layers, n_frames, encoding.architecture.dim), dtype)
    return Statistics()


def _heard(piece: Piece, architecture: Architecture) -> Array:
    if architecture.is_whisper:
        return log_mel(piece.samples, architecture)
    return np.array(piece.samples)  # writable, as torch wants it


# ---- networks are loaded once a process

_encoders: OrderedDict[tuple[Any, ...], Runner] = OrderedDict()
_lock = threading.Lock()


def encoder_of(encoding: Encoding) -> Runner:
    """Return the network, loaded at the first call in this process.

    Parameters
    ----------
    encoding : Encoding
        Which one, and how it is run.

    Returns
    -------
    Runner
    """
    key = encoding.network_key
    with _lock:
        if key not in _encoders:
            while len(_encoders) >= _MOST_ENCODERS:
                _encoders.popitem(last=False)
            _encoders[key] = _load(encoding)
        _encoders.move_to_end(key)
        return _encoders[key]


def forget_encoders() -> None:
    """Let go of the networks that this process has loaded."""
    with _lock:
        _encoders.clear()


def _load(encoding: Encoding) -> Runner:
    if encoding.backend == "onnx":
        return load_onnx(encoding.found, encoding.architecture, encoding.layers, encoding.quantize)
    network = load_network(encoding.found, encoding.architecture, max(encoding.layers))
    return TorchEncoder(
        network.to(encoding.device), encoding.architecture, encoding.layers, encoding.device
    )


def resolve_device(device: str | None) -> str:
    """Choose the accelerator where there is one and none was named."""
    if device is not None:
        return device
    torch = import_extra("torch", "wav2vec2", "Wav2Vec2Transformer")
    return "cuda" if torch.cuda.is_available() else "cpu"


def resolve_backend(backend: str, quantize: str | None, device: str | None) -> str:
    """Choose the backend, or refuse what does not go together.

    Parameters
    ----------
    backend : {"auto", "torch", "onnx"}
        As the user has it; "auto" is "onnx" where weights are to be rounded.
    quantize : {"int8"} or None
        Whether they are.
    device : str or None
        Where to compute.

    Returns
    -------
    {"torch", "onnx"}

    Raises
    ------
    ValueError
        torch does not round weights here, and ONNX Runtime runs on the CPU here.
    """
    if backend == "torch" and quantize is not None:
        raise ValueError(
            f"quantize={quantize!r} needs ONNX Runtime: set backend='onnx' or 'auto', or "
            "quantize=None."
        )
    chosen = "torch" if backend != "onnx" and quantize is None else "onnx"
    if chosen == "onnx" and device not in (None, "cpu"):
        raise ValueError(
            f"device={device!r} goes with backend='torch' and quantize=None; ONNX Runtime runs on "
            "the CPU here. Set device=None, or leave the weights as they are."
        )
    return chosen
