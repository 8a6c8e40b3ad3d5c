"""Which blocks of an encoder are meant by a layer parameter, and the form of what comes out."""

from __future__ import annotations

from dataclasses import dataclass
from numbers import Integral
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sklearn_ser.encoders._families import Architecture
from sklearn_ser.exceptions import EncoderError

__all__ = ["OutputForm", "resolve_layers"]


@dataclass(frozen=True)
class OutputForm:
    """How what is kept of a clip becomes the clip's row of the output.

    It has the methods of a :class:`~sklearn_ser.base.ClipExtractor` that tell the form.

    Attributes
    ----------
    architecture : Architecture
        Of the encoder.
    layers : tuple of int
        The blocks wanted, counted from 1.
    is_single : bool
        Whether one block was asked for by its number, so that the output has no axis of layers.
    pooling : {"mean", "mean_std"} or None
        Statistics over time.
    """

    architecture: Architecture
    layers: tuple[int, ...]
    is_single: bool
    pooling: str | None

    def __call__(self, waveform: NDArray[np.float32], /) -> NDArray[np.float32]:
        """Refuse: encoders take clips in batches."""
        raise NotImplementedError

    def count_frames(self, n_samples: int, /) -> int:
        """Count the frames of a clip of so many samples."""
        return self.architecture.count_frames(n_samples)

    @property
    def coefficient_names(self) -> list[str]:
        """Names of the numbers of one frame, with the block where there is only one."""
        prefix = self.architecture.prefix
        prefix = f"{prefix}_l{self.layers[0]}" if self.is_single else prefix
        return [f"{prefix}_{i}" for i in range(self.architecture.dim)]

    @property
    def output_names(self) -> list[str]:
        """Names of the pooled numbers, such as ``wav2vec2_l6_17_mean``."""
        statistics = ("mean", "std") if self.pooling == "mean_std" else ("mean",)
        names = self.coefficient_names
        return [f"{name}_{statistic}" for statistic in statistics for name in names]

    def select(self, kept: NDArray[Any], computed: tuple[int, ...]) -> NDArray[Any]:
        """Take what was asked for from what was computed of one clip.

        Parameters
        ----------
        kept : ndarray of shape (2, n_computed, dim) or (n_computed, n_frames, dim)
            Mean and deviation, or frames, of all blocks that were computed.
        computed : tuple of int
            Which they are.

        Returns
        -------
        ndarray
            (n_values,) or (n_layers, n_values) with pooling, else (n_frames, dim) or
            (n_layers, n_frames, dim).
        """
        places = [computed.index(layer) for layer in self.layers]
        if self.pooling is None:
            rows = kept[places]
        elif self.pooling == "mean":
            rows = kept[0, places]
        else:
            rows = np.concatenate([kept[0, places], kept[1, places]], axis=1)
        return rows[0] if self.is_single else rows


def resolve_layers(layer: Any, architecture: Architecture, name: str) -> tuple[int, ...]:
    """Turn a layer parameter into blocks counted from 1.

    Parameters
    ----------
    layer : int, tuple of int, "all" or None
        None is the last block; negative numbers count from the last, which is -1.
    architecture : Architecture
        Of the encoder.
    name : str
        The model's, for errors.

    Returns
    -------
    tuple of int

    Raises
    ------
    EncoderError
        There is no such block; the message names the range.
    """
    n_layers = architecture.n_layers
    if layer is None:
        return (n_layers,)
    if isinstance(layer, str):  # "all", as the parameter's constraints have it
        return tuple(range(1, n_layers + 1))
    wanted = (layer,) if isinstance(layer, Integral) else tuple(layer)
    found = tuple(_block(one, layer, n_layers, name) for one in wanted)
    if not found or len(set(found)) < len(found):
        raise EncoderError(
            f"layer={layer!r} names {'no block' if not found else 'a block twice'}; give each of "
            f"the blocks 1 to {n_layers} that you want once."
        )
    return found


def _block(one: Any, layer: Any, n_layers: int, name: str) -> int:
    is_number = isinstance(one, Integral) and not isinstance(one, bool | np.bool_)
    if is_number and 1 <= abs(one) <= n_layers:
        return int(one) if one > 0 else n_layers + 1 + int(one)
    hint = " Blocks count from 1; what goes into the first one is not offered." * (one == 0)
    raise EncoderError(
        f"layer={layer!r} asks for block {one!r}, and the model {name!r} has blocks 1 to "
        f"{n_layers} (-1 is the last, 'all' all of them).{hint}"
    )
