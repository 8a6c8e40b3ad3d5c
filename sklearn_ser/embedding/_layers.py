"""Which layers of a voice encoder are asked for, and what their numbers are called."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from sklearn_ser.embedding._weights import EncoderForm, EncoderHeader, check_speeds
from sklearn_ser.exceptions import EncoderError
from sklearn_ser.features._functionals import pooled_names, resolve_statistics
from sklearn_ser.utils._names import did_you_mean

__all__ = ["PENULTIMATE", "POOLED", "POOLING", "Embedding", "resolve_embedding", "resolve_layers"]

POOLING = "pooling"
PENULTIMATE = "penultimate"
POOLED = ("attention", "mean", "std")

_PREFIX = "embedding"


def resolve_layers(
    layer: str | Iterable[str], form: EncoderForm, *, frames: bool = False
) -> tuple[str, ...]:
    """Return the single layers that ``layer`` stands for.

    Parameters
    ----------
    layer : str or iterable of str
        "all", "stages", "pooling", "penultimate", a stage's name, or several of those.
    form : EncoderForm
        What the encoder has.
    frames : bool, default=False
        Whether frames are asked for, which only stages have; "all" are these then.

    Returns
    -------
    tuple of str
        Names of stages, "pooling", "penultimate", in the order given.

    Raises
    ------
    EncoderError
        A layer is not there, is named twice, or has no frames.
    """
    stages = [stage.name for stage in form.stages]
    groups = {
        "all": stages if frames else [*stages, POOLING, PENULTIMATE],
        "stages": stages,
        **{name: [name] for name in (*stages, POOLING, PENULTIMATE)},
    }
    asked = [layer] if isinstance(layer, str) else list(layer)
    if not asked:
        raise EncoderError("layer names no layer: give one at least, such as 'all'.")
    for name in asked:
        _check_known(name, list(groups))
    found = [single for name in asked for single in groups[name]]
    if len(set(found)) < len(found):
        raise EncoderError(f"layer={layer!r} names a layer twice: it stands for {found}.")
    if frames:
        _check_frames(layer, found, stages)
    return tuple(found)


def _resolve_speeds(
    speeds: Iterable[float] | None, own: tuple[float, ...], *, frames: bool
) -> tuple[float, ...]:
    """Return the speeds that clips are heard at; frames are those of a clip as it is."""
    if speeds is None:
        return own
    if frames:
        raise EncoderError(
            f"speeds={speeds!r} with pooling=None: frames are those of the clip as it is, and "
            "cannot be averaged over speeds. Leave speeds at None, or choose pooling='mean_std'."
        )
    return check_speeds(speeds)


def _check_known(name: object, known: list[str]) -> None:
    if name not in known:
        raise EncoderError(
            f"layer={name!r} is no layer of this encoder.{did_you_mean(name, known)} It has "
            f"{', '.join(known)}; or give several in a tuple."
        )


def _check_frames(layer: object, found: list[str], stages: list[str]) -> None:
    without = [name for name in found if name not in stages]
    if without:
        raise EncoderError(
            f"layer={layer!r} with pooling=None: {' and '.join(without)} is of the whole clip and "
            f"has no frames. Choose 'stages' or some of {', '.join(stages)}, or pooling='mean_std'."
        )


@dataclass(frozen=True)
class Embedding:
    """What is made of a clip, and the names of its numbers.

    Attributes
    ----------
    form : EncoderForm
        What the encoder gives.
    layers : tuple of str
        As :func:`resolve_layers` gives them.
    pooling : {"mean", "mean_std"} or None
        What becomes of the frames of stages; None gives them as they are.
    speeds : tuple of float
        Speeds that a clip is heard at, where it is pooled.
    """

    form: EncoderForm
    layers: tuple[str, ...]
    pooling: str | None
    speeds: tuple[float, ...]

    @property
    def statistics(self) -> tuple[str, ...]:
        """Names of the statistics over a stage's frames."""
        return () if self.pooling is None else resolve_statistics(self.pooling)

    @property
    def coefficient_names(self) -> list[str]:
        """Names of the numbers of one frame, or of one row without statistics."""
        return [name for layer in self.layers for name in self._names(layer)]

    @property
    def output_names(self) -> list[str]:
        """Names of the numbers of one row."""
        found: list[str] = []
        for layer in self.layers:
            names = self._names(layer)
            is_stage = layer not in (POOLING, PENULTIMATE)
            found += pooled_names(names, self.statistics) if is_stage else names
        return found

    def _names(self, layer: str) -> list[str]:
        if layer == POOLING:
            dim = self.form.pooled_dim // len(POOLED)
            return [f"{_PREFIX}_{part}_{n}" for part in POOLED for n in range(dim)]
        dims = {stage.name: stage.dim for stage in self.form.stages}
        dim = self.form.penultimate_dim if layer == PENULTIMATE else dims[layer]
        return [f"{_PREFIX}_{layer}_{n}" for n in range(dim)]


def resolve_embedding(
    header: EncoderHeader,
    layer: str | Iterable[str],
    pooling: str | None,
    speeds: Iterable[float] | None,
) -> Embedding:
    """Return what an encoder is asked for, checked against what it has.

    Parameters
    ----------
    header : EncoderHeader
        The encoder's.
    layer : str or iterable of str
        As in :func:`resolve_layers`.
    pooling : {"mean", "mean_std"} or None
        What becomes of the frames of stages; None gives them as they are.
    speeds : iterable of float or None
        Speeds that a clip is heard at; None are the encoder's own.

    Returns
    -------
    Embedding

    Raises
    ------
    EncoderError
        A layer is not there, is named twice, or has no frames; or the speeds are none, or asked
        for of frames.
    """
    frames = pooling is None
    return Embedding(
        header.form,
        resolve_layers(layer, header.form, frames=frames),
        pooling,
        _resolve_speeds(speeds, header.speeds, frames=frames),
    )
