"""What the convolution blocks of a network are, read from an estimator's parameters: no Keras."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from numbers import Integral
from typing import Any

from sklearn_ser.utils._names import did_you_mean

__all__ = [
    "ACTIVATIONS",
    "BLOCK_LAYERS",
    "PADDINGS",
    "Block",
    "BlockPlan",
    "check_choice",
    "check_rate",
    "check_shape",
    "check_units",
    "per_block",
    "plan_blocks",
]

BLOCK_LAYERS = ("conv", "norm", "activation", "pool", "dropout")
PADDINGS = ("same", "valid")
ACTIVATIONS = (
    "relu",
    "leaky_relu",
    "elu",
    "selu",
    "gelu",
    "silu",
    "mish",
    "softplus",
    "tanh",
    "sigmoid",
    "linear",
)


@dataclass(frozen=True)
class Block:
    """Sizes of one block; kernels, pools and strides have one number an axis."""

    filters: int
    kernel_size: tuple[int, ...]
    strides: tuple[int, ...]
    pool_size: tuple[int, ...]
    pool_strides: tuple[int, ...]

    @property
    def has_pool(self) -> bool:
        """Whether the pool joins anything: a pool of one value is left out."""
        return any(size > 1 for size in self.pool_size)


@dataclass(frozen=True)
class BlockPlan:
    """All blocks of a network, and the layers that each of them has, in their order."""

    blocks: tuple[Block, ...]
    layers: tuple[str, ...]
    padding: str
    pool_padding: str
    dropout: float

    @property
    def n_axes(self) -> int:
        """How many axes the kernels slide along."""
        return len(self.blocks[0].kernel_size)

    def smallest_input(self) -> tuple[int, ...]:
        """Shortest length of every axis that leaves each layer at least one value to give."""
        return tuple(self._smallest(axis) for axis in range(self.n_axes))

    def _smallest(self, axis: int) -> int:
        length = 1
        for block in reversed(self.blocks):
            for layer in reversed(self.layers):
                length = self._before(layer, block, axis, length)
        return length

    def _before(self, layer: str, block: Block, axis: int, length: int) -> int:
        """Shortest length before a layer that gives at least ``length`` after it."""
        if layer == "conv":
            size, step, padding = block.kernel_size[axis], block.strides[axis], self.padding
        elif layer == "pool" and block.has_pool:
            size, step, padding = block.pool_size[axis], block.pool_strides[axis], self.pool_padding
        else:
            return length
        # Padded layers give ceil(length / step) values, others floor((length - size) / step) + 1.
        return (length - 1) * step + (size if padding == "valid" else 1)


def plan_blocks(
    n_axes: int,
    *,
    filters: Sequence[int],
    kernel_size: Any,
    strides: Any,
    padding: str,
    pool_size: Any,
    pool_strides: Any,
    pool_padding: str,
    block_order: Sequence[str],
    batch_norm: bool,
    dropout: float,
) -> BlockPlan:
    """Spread the parameters of a network over its blocks.

    Parameters
    ----------
    n_axes : {1, 2}
        1 where kernels slide along the frames, 2 where they slide along the coefficients too.
    filters : sequence of int
        One number a block; its length is the number of blocks.
    kernel_size, strides, pool_size, pool_strides : int, tuple or list
        An int holds for every block and axis. With two axes a tuple of two ints is one pair for
        every block. A list has one entry a block: ints, or pairs with two axes; with one axis
        a tuple of one entry a block does as well. ``pool_strides`` None means ``pool_size``.
    padding, pool_padding : {"same", "valid"}
        Of the convolutions and of the pools.
    block_order : sequence of str
        Layers of a block, in their order, out of "conv", "norm", "activation", "pool", "dropout".
    batch_norm : bool
        Without it "norm" is left out.
    dropout : float
        At 0 "dropout" is left out.

    Returns
    -------
    BlockPlan
        The blocks.

    Raises
    ------
    ValueError
        If a size is not a positive int, if the number of entries differs from the number of
        blocks, or if a name is not known.

    Examples
    --------
    >>> from sklearn_ser.neural_network._block_plan import plan_blocks
    >>> plan = plan_blocks(
    ...     2,
    ...     filters=(32, 32),
    ...     kernel_size=(4, 10),
    ...     strides=1,
    ...     padding="same",
    ...     pool_size=[2, (2, 5)],
    ...     pool_strides=None,
    ...     pool_padding="valid",
    ...     block_order=("conv", "activation", "pool"),
    ...     batch_norm=False,
    ...     dropout=0.0,
    ... )
    >>> [block.pool_size for block in plan.blocks]
    [(2, 2), (2, 5)]
    >>> plan.smallest_input()
    (4, 10)
    """
    counts = check_units("filters", filters, at_least=1)
    spread = partial(_spread, n_blocks=len(counts), n_axes=n_axes)
    pools = spread("pool_size", pool_size)
    pool_steps = pools if pool_strides is None else spread("pool_strides", pool_strides)
    kernels, steps = spread("kernel_size", kernel_size), spread("strides", strides)
    left_out = {"norm": not batch_norm, "dropout": not check_rate("dropout", dropout)}
    return BlockPlan(
        blocks=tuple(map(Block, counts, kernels, steps, pools, pool_steps)),
        layers=tuple(name for name in _check_order(block_order) if not left_out.get(name)),
        padding=check_choice("padding", padding, PADDINGS),
        pool_padding=check_choice("pool_padding", pool_padding, PADDINGS),
        dropout=dropout,
    )


def check_choice(name: str, value: Any, choices: Iterable[str]) -> str:
    """Return one of the choices, or raise an error with the nearest of them."""
    if isinstance(value, str) and value in choices:
        return value
    hint = did_you_mean(value, choices)
    raise ValueError(f"{name}={value!r} is not known.{hint} Choose from {list(choices)}.")


def check_rate(name: str, rate: Any) -> float:
    """Return a share of values to drop, at least 0 and below 1."""
    is_number = isinstance(rate, int | float) and not isinstance(rate, bool)
    if not is_number or not 0 <= rate < 1:
        raise ValueError(f"{name} must be a number from 0 to below 1, got {rate!r}")
    return float(rate)


def check_units(name: str, units: Any, *, at_least: int) -> tuple[int, ...]:
    """Return positive ints, one a layer, as a tuple of at least so many."""
    if isinstance(units, Integral):
        raise ValueError(f"{name}={units!r} is one number: write ({units},), one number a layer")
    is_row = isinstance(units, Sequence) and not isinstance(units, str)
    if not is_row or not all(map(_is_size, units)) or len(units) < at_least:
        wanted = f"at least {at_least} positive int(s)" if at_least else "positive ints or ()"
        raise ValueError(f"{name} must be a tuple of {wanted}, one a layer, got {units!r}")
    return tuple(map(int, units))


def check_shape(input_shape: Any, n_classes: Any) -> tuple[int, int]:
    """Return the shape of one sample as frames and coefficients."""
    is_shape = isinstance(input_shape, tuple) and len(input_shape) in (1, 2)
    if not is_shape or not all(isinstance(n, Integral) and int(n) > 0 for n in input_shape):
        raise ValueError(
            "input_shape must be the shape of one sample, (n_frames, n_coefs) or (n_features,), "
            f"got {input_shape!r}"
        )
    if not isinstance(n_classes, Integral) or int(n_classes) < 2:
        raise ValueError(f"n_classes must be an int of at least 2, got {n_classes!r}")
    n_frames, n_coefs = (*input_shape, 1)[:2]
    return int(n_frames), int(n_coefs)


def per_block(name: str, value: Any, n_blocks: int) -> tuple[int, ...]:
    """Return one size a block, along the frames, from one int or from one a block."""
    return tuple(size for (size,) in _spread(name, value, n_blocks, 1))


def _check_order(order: Any) -> tuple[str, ...]:
    """Return the layers of a block, every one known and named once, a convolution among them."""
    if isinstance(order, str) or not isinstance(order, Sequence):
        raise ValueError(f"block_order must be a tuple such as {BLOCK_LAYERS}, got {order!r}")
    for name in order:
        check_choice("block_order's entry", name, BLOCK_LAYERS)
    if "conv" not in order or len(set(order)) < len(order):
        raise ValueError(
            f"block_order must name 'conv' and each layer at most once, got {tuple(order)!r}"
        )
    return tuple(order)


def _spread(name: str, value: Any, n_blocks: int, n_axes: int) -> list[tuple[int, ...]]:
    """One tuple a block with one int an axis."""
    if _is_size(value) or (_is_pair_for_all(value, n_axes) and _is_row(value, n_axes)):
        return [_per_axis(value, n_axes)] * n_blocks
    if not isinstance(value, list | tuple) or _is_pair_for_all(value, n_axes):
        raise ValueError(f"{name}={value!r} is no size: {_forms(n_axes)}")
    if len(value) != n_blocks:
        raise ValueError(
            f"{name}={value!r} has {len(value)} entries for {n_blocks} blocks: {_forms(n_axes)}"
        )
    for block, entry in enumerate(value, start=1):
        if not (_is_size(entry) or (n_axes > 1 and _is_row(entry, n_axes))):
            raise ValueError(f"{name}={value!r} has {entry!r} for block {block}: {_forms(n_axes)}")
    return [_per_axis(entry, n_axes) for entry in value]


def _is_pair_for_all(value: Any, n_axes: int) -> bool:
    """Whether a tuple of bare numbers stands where it can only mean one pair for every block.

    Were (3, 3, 5) one number a block, (3, 5) would be that or a pair by the number of blocks.
    """
    return n_axes > 1 and isinstance(value, tuple) and any(isinstance(e, Integral) for e in value)


def _forms(n_axes: int) -> str:
    """Say what a size may look like."""
    if n_axes == 1:
        return "give one positive int for every block, or a tuple or list with one a block"
    return (
        "give one positive int for every block, a tuple of two as the one pair for every block, "
        "or a list with one entry a block, ints or pairs"
    )


def _per_axis(value: Any, n_axes: int) -> tuple[int, ...]:
    return (int(value),) * n_axes if isinstance(value, Integral) else tuple(map(int, value))


def _is_row(value: Any, length: int) -> bool:
    """Whether a tuple or list holds exactly so many positive ints."""
    return isinstance(value, list | tuple) and len(value) == length and all(map(_is_size, value))


def _is_size(value: Any) -> bool:
    """Whether a value is a positive int, NumPy's included."""
    return isinstance(value, Integral) and not isinstance(value, bool) and int(value) > 0
