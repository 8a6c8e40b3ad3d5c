"""Strengths: a number, or a pair (low, high) to draw from."""

from __future__ import annotations

import math
from numbers import Real
from typing import Any

import numpy as np

__all__ = ["Strength", "check_range", "draw_between"]

Strength = float | tuple[float, float]


def check_range(
    value: Any, name: str, owner: str, *, low: float = -math.inf, high: float = math.inf, hint: str
) -> tuple[float, float]:
    """Return a strength as a pair of finite numbers.

    Parameters
    ----------
    value : float or (float, float)
        What the user gave.
    name, owner : str
        Name of the parameter and of its class, for the error.
    low, high : float
        The least and the greatest number that makes sense.
    hint : str
        A sentence that shows the mend.

    Returns
    -------
    low, high : float
        Both ends of the range, equal where one number was given.

    Raises
    ------
    ValueError
        The value is no number and no pair of numbers, not finite, upside down or out of bounds.
    """
    pair = tuple(value) if isinstance(value, tuple | list | np.ndarray) else (value, value)
    if len(pair) != 2 or not all(_is_number(end) for end in pair):
        raise ValueError(
            f"{owner}: {name}={value!r} is neither a number nor a pair (low, high). {hint}"
        )
    first, last = float(pair[0]), float(pair[1])
    if not (math.isfinite(first) and math.isfinite(last)):
        raise ValueError(f"{owner}: {name}={value!r} is not finite. {hint}")
    if first > last:
        raise ValueError(
            f"{owner}: {name}={value!r} begins above its end; write ({last:g}, {first:g})."
        )
    if first < low or last > high:
        raise ValueError(f"{owner}: {name}={value!r} is not {_between(low, high)}. {hint}")
    return first, last


def draw_between(ends: tuple[float, float], random_state: np.random.Generator) -> float:
    """Draw uniformly from a range; a fixed strength takes nothing from the generator."""
    low, high = ends
    return low if low == high else float(random_state.uniform(low, high))


def _is_number(value: Any) -> bool:
    return isinstance(value, Real) and not isinstance(value, bool | np.bool_)


def _between(low: float, high: float) -> str:
    if math.isinf(high):
        return f"at least {low:g}"
    return f"at most {high:g}" if math.isinf(low) else f"between {low:g} and {high:g}"
