"""A voice encoder at work: bands in windows, frames, the clip as a whole, answers."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from copy import deepcopy
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from sklearn_ser.audio._store import check_waveform
from sklearn_ser.embedding._front_end import FrontEnd
from sklearn_ser.embedding._layers import (
    PENULTIMATE,
    POOLING,
    Embedding,
    resolve_embedding,
)
from sklearn_ser.embedding._weights import EncoderForm, Weights, find_weights, load_weights
from sklearn_ser.exceptions import EncoderError
from sklearn_ser.features._functionals import pool_frames

__all__ = ["VoiceEncoder", "load_encoder"]

_LONGEST = 2000  # frames of the front end that go through the network at once: 20 seconds
_LEAST_VARIANCE = 1e-5  # as in training
_ATTENTION = "attention"
_KEPT = 4  # encoders of a process

Array = NDArray[np.float32]


class VoiceEncoder:
    """A network that hears clips; it is made by :func:`load_encoder`.

    Parameters
    ----------
    weights : Weights
        What was read from a file.
    n_threads : int, default=1
        Threads of one clip. Processes, each with its own clips, are the faster way to use many.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_ser.embedding import load_encoder
    >>> encoder = load_encoder("crema_d")
    >>> logits = encoder.emotion_logits(np.zeros(16000))
    >>> len(logits) == len(encoder.classes)
    True
    """

    def __init__(self, weights: Weights, n_threads: int = 1) -> None:
        self._weights = weights
        self._n_threads = n_threads

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self._weights, self._n_threads)  # sessions cannot be pickled

    def __repr__(self) -> str:
        return f"<VoiceEncoder {self.name!r}, {self.sha256[:12]}>"

    @property
    def name(self) -> str:
        """The weights' own name."""
        return self._weights.header.name

    @property
    def sha256(self) -> str:
        """The weights' checksum, in hexadecimal: their identity."""
        return self._weights.sha256

    @property
    def card(self) -> dict[str, Any]:
        """What is known about the weights; a copy."""
        return deepcopy(self._weights.header.card)

    @property
    def classes(self) -> tuple[str, ...]:
        """Labels, in the order of the logits."""
        return self._weights.header.classes

    @property
    def temperature(self) -> float:
        """What logits are divided by before they become probabilities."""
        return self._weights.header.temperature

    @property
    def min_confidence(self) -> float:
        """The probability below which a label is not worth giving."""
        return self._weights.header.min_confidence

    @property
    def front_end(self) -> FrontEnd:
        """From waveforms to what the network hears."""
        return self._weights.header.front_end

    @property
    def form(self) -> EncoderForm:
        """What the network gives."""
        return self._weights.header.form

    @property
    def speeds(self) -> tuple[float, ...]:
        """At which every clip is heard; what is made of it as a whole is their mean."""
        return self._weights.header.speeds

    @property
    def sample_rate(self) -> int:
        """Rate of the waveforms, in Hz."""
        return self.front_end.sample_rate

    def frames(self, waveform: ArrayLike) -> dict[str, Array]:
        """Return what every stage makes of a clip over time, heard at its own speed.

        Parameters
        ----------
        waveform : array-like of shape (n_samples,)
            The clip, at ``sample_rate``, of any length.

        Returns
        -------
        dict of str to ndarray of shape (n_frames, dim), float32
            By the name of the stage; "attention" holds one number a frame of the last stage.
        """
        bands = self.front_end(check_waveform(waveform, "waveform"))
        return self._frames_of(bands)

    def embed(
        self,
        waveform: ArrayLike,
        layer: str | tuple[str, ...] = "all",
        pooling: str | None = "mean_std",
        speeds: tuple[float, ...] | None = None,
    ) -> Array:
        """Return the embedding of a clip, as a row of ``EmotionEmbeddingTransformer``.

        Parameters
        ----------
        waveform : array-like of shape (n_samples,)
            The clip, at ``sample_rate``, of any length.
        layer : str or tuple of str, default="all"
            "all", "stages", "pooling", "penultimate", a stage's name, or several of those.
        pooling : {"mean", "mean_std"} or None, default="mean_std"
            Statistics over the frames of stages; None gives the frames.
        speeds : tuple of float, default=None
            Speeds that the clip is heard at; None are the encoder's own.

        Returns
        -------
        ndarray of shape (n_features,), or (n_frames, n_coefs) with ``pooling=None``
            Float32.

        Raises
        ------
        EncoderError
            A layer is not there or has no frames, or the speeds are none.
        """
        asked = resolve_embedding(self._weights.header, layer, pooling, speeds)
        return self.express(waveform, asked)

    def express(self, waveform: ArrayLike, embedding: Embedding) -> Array:
        """Return the embedding of a clip whose layers are resolved already.

        Parameters
        ----------
        waveform : array-like of shape (n_samples,)
            The clip.
        embedding : Embedding
            What is asked for.

        Returns
        -------
        ndarray of shape (n_features,), or (n_frames, n_coefs)
            Float32.
        """
        if embedding.pooling is None:
            return self._at_one_rate(self.frames(waveform), embedding.layers)
        passes = self._at_speeds(waveform, embedding.speeds)
        return _mean(self._row(frames, embedding) for frames in passes)

    def emotion_logits(self, waveform: ArrayLike) -> Array:
        """Return what the head for emotions says of a clip, before any softmax.

        Parameters
        ----------
        waveform : array-like of shape (n_samples,)
            The clip, at ``sample_rate``, of any length.

        Returns
        -------
        ndarray of shape (n_classes,), float32
            In the order of ``classes``.
        """
        return _mean(
            self._answers(self._pooled(frames), "emotion")
            for frames in self._at_speeds(waveform, self.speeds)
        )

    def logits_of_bands(self, bands: Array) -> Array:
        """Return what the head for emotions says of a clip that the front end has heard.

        Parameters
        ----------
        bands : ndarray of shape (n_frames, n_bands, n_channels)
            As ``front_end`` gives them, float32.

        Returns
        -------
        ndarray of shape (n_classes,), float32
            In the order of ``classes``.
        """
        return self._answers(self._pooled(self._frames_of(bands)), "emotion")

    def _at_speeds(
        self, waveform: ArrayLike, speeds: tuple[float, ...]
    ) -> Iterator[dict[str, Array]]:
        checked = check_waveform(waveform, "waveform")
        for speed in speeds:
            yield self._frames_of(self.front_end.at_speed(speed)(checked))

    def _row(self, frames: dict[str, Array], embedding: Embedding) -> Array:
        pooled = self._pooled(frames)
        found = {POOLING: pooled}
        if PENULTIMATE in embedding.layers:
            found[PENULTIMATE] = self._answers(pooled, PENULTIMATE)
        return np.concatenate(
            [
                found[name]
                if name in found
                else pool_frames(frames[name], embedding.statistics, 1.0)
                for name in embedding.layers
            ]
        )

    def _pooled(self, frames: dict[str, Array]) -> Array:
        """Return the last stage's frames as attention weighs them, their mean and deviation."""
        last = frames[self.form.stages[-1].name].astype(np.float64)
        logits = frames[_ATTENTION].astype(np.float64)
        weight = np.exp(logits - logits.max())
        attended = (weight / weight.sum()) @ last
        deviation = np.sqrt(last.var(axis=0) + _LEAST_VARIANCE)
        return np.concatenate([attended, last.mean(axis=0), deviation]).astype(np.float32)

    def _answers(self, pooled: Array, output: str) -> Array:
        (found,) = self._clip_session.run([output], {"pooled": pooled[None]})
        return np.asarray(found[0], dtype=np.float32)

    def _at_one_rate(self, frames: dict[str, Array], layers: tuple[str, ...]) -> Array:
        """Bring stages side by side, at the rate of the last."""
        hops = {stage.name: stage.hop for stage in self.form.stages}
        found = [_averaged(frames[name], self.form.hop // hops[name]) for name in layers]
        return np.concatenate(found, axis=1)

    def _frames_of(self, bands: Array) -> dict[str, Array]:
        form = self.form
        shapes: dict[str, tuple[int, ...]] = {
            stage.name: (form.count_frames(len(bands), stage.hop), stage.dim)
            for stage in form.stages
        }
        shapes[_ATTENTION] = (form.count_frames(len(bands)),)
        hops = {**{stage.name: stage.hop for stage in form.stages}, _ATTENTION: form.hop}
        found: dict[str, Array] = {name: np.empty(s, np.float32) for name, s in shapes.items()}
        for window in _windows(len(bands), form):
            heard = bands[None, window.begin : window.end]
            states = self._frames_session.run(list(found), {"bands": heard})
            for (name, frames), state in zip(found.items(), states, strict=True):
                window.keep(state[0], frames, hops[name])
        return found

    @cached_property
    def _frames_session(self) -> Any:
        return _session(self._weights.frames_graph, self._n_threads, self._weights.header.name)

    @cached_property
    def _clip_session(self) -> Any:
        return _session(self._weights.clip_graph, self._n_threads, self._weights.header.name)


def _mean(rows: Iterable[Array]) -> Array:
    return np.asarray(np.mean(list(rows), axis=0, dtype=np.float64), dtype=np.float32)


@dataclass(frozen=True)
class _Window:
    """A part of the bands that is run at once, and the part of it whose frames are kept.

    All are frames of the front end: multiples of the last stage's hop, but for the clip's end.
    """

    begin: int
    end: int
    first: int
    last: int

    def keep(self, state: Array, frames: Array, hop: int) -> None:
        """Copy what is kept of one stage's frames to its place among those of the clip."""
        place = slice(self.first // hop, -(-self.last // hop))
        skipped = (self.first - self.begin) // hop
        frames[place] = state[skipped : skipped + place.stop - place.start]


def _windows(n_frames: int, form: EncoderForm) -> Iterator[_Window]:
    """Cut a long clip; every window hears on both sides what its own frames can reach."""
    step = max(_LONGEST // form.hop, 1) * form.hop
    context = -(-form.reach // form.hop) * form.hop
    for first in range(0, n_frames, step):
        last = min(first + step, n_frames)
        yield _Window(max(first - context, 0), min(last + context, n_frames), first, last)


def _averaged(frames: Array, n: int) -> Array:
    """Average every ``n`` frames; the last may be fewer."""
    starts = np.arange(0, len(frames), n)
    counts = np.diff(np.append(starts, len(frames)))[:, None]
    return (np.add.reduceat(frames, starts, axis=0) / counts).astype(np.float32)


def _session(graph: bytes, n_threads: int, name: str) -> Any:
    import onnxruntime as runtime

    runtime.disable_telemetry_events()  # which its builds send unless told
    options = runtime.SessionOptions()
    options.intra_op_num_threads = n_threads
    options.inter_op_num_threads = 1
    options.enable_cpu_mem_arena = False  # which keeps the memory of the longest clip
    options.enable_mem_pattern = False  # for each length a plan of its own, kept for ever
    options.log_severity_level = 3
    try:
        return runtime.InferenceSession(graph, options, providers=["CPUExecutionProvider"])
    except Exception as error:  # of many classes, which ONNX Runtime keeps to itself
        raise EncoderError(
            f"ONNX Runtime {runtime.__version__} cannot run the weights {name!r}: {error} "
            "Update onnxruntime, or train the weights again."
        ) from error


def load_encoder(
    weights: str | os.PathLike[str] = "crema_d", *, n_threads: int = 1
) -> VoiceEncoder:
    """Return a voice encoder, read once a process as long as its file stays the same.

    Parameters
    ----------
    weights : str or path, default="crema_d"
        A name of weights in the package, or a file that ``sklearn-ser train-encoder`` wrote.
    n_threads : int, default=1
        Threads of one clip.

    Returns
    -------
    VoiceEncoder
        With ``card``, ``classes``, ``sha256``, ``front_end``, ``frames``, ``embed`` and
        ``emotion_logits``.

    Raises
    ------
    EncoderNotFoundError
        There are no such weights.
    EncoderError
        The file is of another kind, of a newer format, cut off or damaged.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_ser.embedding import load_encoder
    >>> frames = load_encoder("crema_d").frames(np.zeros(16000))
    >>> "stage1" in frames, "attention" in frames
    (True, True)
    """
    path = find_weights(weights)
    state = path.stat()
    return _kept_encoder(path, state.st_mtime_ns, state.st_size, n_threads)


@lru_cache(maxsize=_KEPT)
def _kept_encoder(path: Path, mtime_ns: int, size: int, n_threads: int) -> VoiceEncoder:
    """Make the encoder of the file in this state."""
    return VoiceEncoder(load_weights(path), n_threads)
