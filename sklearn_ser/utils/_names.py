"""What was meant by a name that is not known."""

from __future__ import annotations

import difflib
from collections.abc import Collection, Iterable
from itertools import islice

__all__ = ["did_you_mean", "first_few", "nearest"]

_FEW = 3


def nearest(name: object, options: Iterable[object]) -> object | None:
    """Return the option that is most like the name, whatever its case, or None."""
    by_lower = {str(option).lower(): option for option in options}
    near = difflib.get_close_matches(str(name).lower(), list(by_lower), n=1, cutoff=0.5)
    return by_lower[near[0]] if near else None


def did_you_mean(name: object, options: Iterable[object]) -> str:
    """Give the sentence `` Did you mean 'x'?`` for the nearest option, or an empty string."""
    near = nearest(name, options)
    return "" if near is None else f" Did you mean {near!r}?"


def first_few(items: Collection[object]) -> str:
    """List the first three of some things, with dots for the others."""
    return ", ".join(map(str, islice(items, _FEW))) + ", ..." * (len(items) > _FEW)
