"""The weights of a voice encoder in one file, read whole or not at all.

The file begins with ``MAGIC``, the version of its format (uint16), the SHA-256 of all that follows
and the length of the header (uint32), little-endian; then come the header (JSON), the graph from
bands to frames and the graph from pooled frames to answers (both ONNX).
"""

from __future__ import annotations

import hashlib
import json
import os
import struct
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Self

from sklearn_ser.embedding._front_end import FrontEnd
from sklearn_ser.exceptions import EncoderError, EncoderNotFoundError
from sklearn_ser.utils._files import atomic_path
from sklearn_ser.utils._names import did_you_mean

__all__ = [
    "FORMAT",
    "SUFFIX",
    "EncoderForm",
    "EncoderHeader",
    "Stage",
    "Weights",
    "check_speeds",
    "find_weights",
    "load_weights",
    "read_weights",
    "shipped_names",
    "write_weights",
]

MAGIC = b"\x89SERENC\n"
FORMAT = 1
SUFFIX = ".encoder"

_SHIPPED = Path(__file__).parent / "weights"
_START = struct.Struct("<8sH32s")
_LENGTH = struct.Struct("<I")
_WHICH_FILE = f"Give a file ({SUFFIX}) that sklearn-ser train-encoder wrote."
_SLOWEST, _FASTEST = 0.5, 2.0
_KEPT = 8  # weights of a process, 2 MB each


@dataclass(frozen=True)
class Stage:
    """A stage of the network whose frames can be had.

    Attributes
    ----------
    name : str
        Such as "stage2".
    hop : int
        Frames of the front end from one frame of the stage to the next.
    dim : int
        Numbers in a frame.
    """

    name: str
    hop: int
    dim: int


@dataclass(frozen=True)
class EncoderForm:
    """What the network of an encoder gives.

    Of n frames of the front end a stage makes ``ceil(n / hop)``.

    Attributes
    ----------
    stages : tuple of Stage
        From fine to coarse; each hop divides the next.
    reach : int
        Frames of the front end that a frame of the last stage may hear on each side of its own.
    pooled_dim : int
        Numbers of attention, mean and deviation together: three times those of the last stage.
    penultimate_dim : int
        Numbers of the last layer below the heads.
    """

    stages: tuple[Stage, ...]
    reach: int
    pooled_dim: int
    penultimate_dim: int

    @property
    def hop(self) -> int:
        """Frames of the front end from one frame of the last stage to the next."""
        return self.stages[-1].hop

    def count_frames(self, n_bands_frames: int, hop: int | None = None) -> int:
        """Return how many frames a stage makes, the last one unless its hop is given.

        Parameters
        ----------
        n_bands_frames : int
            Frames of the front end.
        hop : int, default=None
            The stage's hop.

        Returns
        -------
        int
        """
        return -(-n_bands_frames // (hop or self.hop))


@dataclass(frozen=True)
class EncoderHeader:
    """All that a file of weights says in words.

    Attributes
    ----------
    name : str
        The encoder's name.
    front_end : FrontEnd
        What it hears.
    form : EncoderForm
        What it gives.
    speeds : tuple of float
        Speeds at which every clip is heard; what is made of it as a whole is their mean.
    classes : tuple of str
        Labels of the heads, in the order of their logits.
    temperature : float
        The logits are divided by it before the softmax.
    min_confidence : float
        Below this probability a label is not worth giving.
    card : dict
        Data, licence, speakers, recipe, scores: see ``encoder_card``.
    """

    name: str
    front_end: FrontEnd
    form: EncoderForm
    speeds: tuple[float, ...]
    classes: tuple[str, ...]
    temperature: float
    min_confidence: float
    card: dict[str, Any]

    @classmethod
    def from_dict(cls, given: Mapping[str, Any]) -> Self:
        """Make a header of what JSON holds.

        Parameters
        ----------
        given : mapping
            As :meth:`to_dict` gives.

        Returns
        -------
        EncoderHeader

        Raises
        ------
        KeyError, TypeError, ValueError
            A field is missing, or of another kind.
        """
        stages = tuple(Stage(str(s["name"]), int(s["hop"]), int(s["dim"])) for s in given["stages"])
        numbers = (int(given[key]) for key in ("reach", "pooled_dim", "penultimate_dim"))
        return cls(
            name=str(given["name"]),
            front_end=FrontEnd.from_dict(given["front_end"]),
            form=EncoderForm(stages, *numbers),
            speeds=check_speeds(given["speeds"]),
            classes=tuple(map(str, given["classes"])),
            temperature=float(given["temperature"]),
            min_confidence=float(given["min_confidence"]),
            card=dict(given["card"]),
        )

    def to_dict(self) -> dict[str, Any]:
        """Return every field by name, in a form that JSON can hold."""
        form = asdict(self.form)
        return {
            "name": self.name,
            "front_end": self.front_end.to_dict(),
            **form,
            "stages": list(form["stages"]),
            "speeds": list(self.speeds),
            "classes": list(self.classes),
            "temperature": self.temperature,
            "min_confidence": self.min_confidence,
            "card": self.card,
        }


def check_speeds(given: Iterable[Any]) -> tuple[float, ...]:
    """Return speeds that clips can be heard at.

    Parameters
    ----------
    given : iterable of float
        1 is the clip's own.

    Returns
    -------
    tuple of float

    Raises
    ------
    EncoderError
        There is none, or one is beyond what speech can be understood at.
    """
    speeds = tuple(map(float, given))
    if not speeds or not all(_SLOWEST <= speed <= _FASTEST for speed in speeds):
        raise EncoderError(
            f"speeds are one number or more from {_SLOWEST:g} to {_FASTEST:g}, got {speeds}."
        )
    return speeds


@dataclass(frozen=True)
class Weights:
    """A file of weights in memory.

    Attributes
    ----------
    header : EncoderHeader
        What it says.
    frames_graph : bytes
        ONNX: "bands" (1, T, n_bands, n_channels) to every stage's frames (1, T_n, dim) and
        "attention" (1, T_N).
    clip_graph : bytes
        ONNX: "pooled" (1, pooled_dim) to "penultimate", "emotion" and "votes".
    sha256 : str
        Checksum of header and graphs, in hexadecimal: the identity of the weights.
    """

    header: EncoderHeader
    frames_graph: bytes
    clip_graph: bytes
    sha256: str


def write_weights(
    path: str | os.PathLike[str], header: EncoderHeader, frames_graph: bytes, clip_graph: bytes
) -> str:
    """Write a file of weights; it takes its name once it is whole.

    Parameters
    ----------
    path : str or path
        The file, ending in ``.encoder``.
    header : EncoderHeader
        What is said about the graphs.
    frames_graph, clip_graph : bytes
        The graphs, as in :class:`Weights`.

    Returns
    -------
    str
        The weights' SHA-256.

    Raises
    ------
    OSError
        The file cannot be written.
    """
    sizes = {"frames_bytes": len(frames_graph), "clip_bytes": len(clip_graph)}
    said = json.dumps({**header.to_dict(), **sizes}, ensure_ascii=False, allow_nan=False)
    words = said.encode("utf-8")
    body = _LENGTH.pack(len(words)) + words + frames_graph + clip_graph
    digest = hashlib.sha256(body)
    with atomic_path(path) as unfinished:
        unfinished.write_bytes(_START.pack(MAGIC, FORMAT, digest.digest()) + body)
    return digest.hexdigest()


def read_weights(path: str | os.PathLike[str]) -> Weights:
    """Read a file of weights, and check that not a byte of it has changed.

    Parameters
    ----------
    path : str or path
        The file.

    Returns
    -------
    Weights

    Raises
    ------
    EncoderNotFoundError
        There is no such file.
    EncoderError
        The file is of another kind, of a newer format, cut off or damaged.
    """
    path = Path(path)
    content = _content_of(path)
    body = memoryview(content)[_START.size :]
    digest = _check_start(path, content)
    found = hashlib.sha256(body)
    if found.digest() != digest:
        raise EncoderError(_what_is_wrong(path, body))
    try:
        return _parse(body, found.hexdigest())
    except (KeyError, TypeError, ValueError, struct.error) as error:
        raise EncoderError(
            f"The weights in '{path}' are whole, and yet their header cannot be used "
            f"({type(error).__name__}: {error}). They may come from another version of "
            "sklearn_ser: train them again with this one."
        ) from error


def _content_of(path: Path) -> bytes:
    if not path.is_file():
        found = f"'{path}' is a folder" if path.is_dir() else f"There is no weights file '{path}'"
        raise EncoderNotFoundError(f"{found}. {_WHICH_FILE}")
    try:
        return path.read_bytes()
    except OSError as error:
        raise EncoderError(f"The weights '{path}' cannot be read: {error.strerror}.") from error


def _check_start(path: Path, content: bytes) -> bytes:
    """Return the checksum that the file claims."""
    if content[: len(MAGIC)] != MAGIC[: len(content)] or not content:
        raise EncoderError(f"'{path}' holds no weights of a voice encoder. {_WHICH_FILE}")
    if len(content) < _START.size:
        raise EncoderError(_cut_off(path, len(content), None))
    _, version, digest = _START.unpack_from(content)
    if version != FORMAT:
        raise EncoderError(
            f"The weights '{path}' have format {version}, and this version of sklearn_ser reads "
            f"format {FORMAT}. Update sklearn_ser, or train them again with this version."
        )
    return bytes(digest)


def _what_is_wrong(path: Path, body: memoryview) -> str:
    """Tell a file that was cut off from one that was changed."""
    try:
        words, said = _words_of(body)
        expected = words + said["frames_bytes"] + said["clip_bytes"]
    except struct.error:
        return _cut_off(path, _START.size + len(body), None)
    except (KeyError, TypeError, ValueError):
        expected = -1
    if len(body) < expected:
        return _cut_off(path, _START.size + len(body), _START.size + expected)
    return (
        f"The weights '{path}' are damaged: their checksum does not fit, so that something in the "
        "file has changed since it was written. Copy or install it again."
    )


def _cut_off(path: Path, size: int, expected: int | None) -> str:
    of = "" if expected is None else f" of {expected}"
    return f"The weights '{path}' are cut off: {size}{of} bytes are there. Copy the file again."


def _words_of(body: memoryview) -> tuple[int, dict[str, Any]]:
    """Return where the header ends, and what it says."""
    (length,) = _LENGTH.unpack_from(body)
    end = _LENGTH.size + length
    return end, json.loads(bytes(body[_LENGTH.size : end]).decode("utf-8"))


def _parse(body: memoryview, sha256: str) -> Weights:
    begin, said = _words_of(body)
    middle = begin + int(said["frames_bytes"])
    end = middle + int(said["clip_bytes"])
    if end != len(body):
        raise ValueError(f"its graphs end at byte {end} of {len(body)}")
    header = EncoderHeader.from_dict(said)
    return Weights(header, bytes(body[begin:middle]), bytes(body[middle:end]), sha256)


def shipped_names() -> list[str]:
    """Return the names of the weights that come with the package."""
    return sorted(path.stem for path in _SHIPPED.glob(f"*{SUFFIX}"))


def find_weights(weights: str | os.PathLike[str]) -> Path:
    """Return the file of weights that are given by name or as a file.

    Parameters
    ----------
    weights : str or path
        A name of weights in the package, or a path.

    Returns
    -------
    Path
        Absolute.

    Raises
    ------
    EncoderNotFoundError
        There are none of this name, and no such file.
    """
    given = Path(weights)
    shipped = _SHIPPED / f"{weights}{SUFFIX}"
    if isinstance(weights, str) and given.name == weights and shipped.is_file():
        return shipped
    if given.is_file():
        return given.absolute()
    if given.is_dir():
        raise EncoderNotFoundError(f"weights={str(given)!r} is a folder. {_WHICH_FILE}")
    names = shipped_names()
    raise EncoderNotFoundError(
        f"weights={str(given)!r}: there is no such file, and no weights of this name come with "
        f"the package, which has {', '.join(names) or 'none'}."
        f"{did_you_mean(given, names)} {_WHICH_FILE}"
    )


def load_weights(weights: str | os.PathLike[str]) -> Weights:
    """Return weights by name or file, read once a process as long as the file stays the same.

    Parameters
    ----------
    weights : str or path
        A name of weights in the package, or a path.

    Returns
    -------
    Weights

    Raises
    ------
    EncoderNotFoundError
        There are none.
    EncoderError
        The file cannot be used.
    """
    path = find_weights(weights)
    state = path.stat()
    return _kept_weights(path, state.st_mtime_ns, state.st_size)


@lru_cache(maxsize=_KEPT)
def _kept_weights(path: Path, mtime_ns: int, size: int) -> Weights:
    """Read the file in this state."""
    return read_weights(path)
