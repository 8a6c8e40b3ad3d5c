"""What was meant by a name that is not known."""

from __future__ import annotations

import difflib
from collections.abc import Iterable

__all__ = ["did_you_mean", "nearest"]


def nearest(name: object, options: Iterable[object]) -> object | None:
    """Return the option that is most like the name, whatever its case, or None."""
    by_lower = {str(option).lower(): option for option in options}
    near = difflib.get_close_matches(str(name).lower(), list(by_lower), n=1, cutoff=0.5)
    return by_lower[near[0]] if near else None


def did_you_mean(name: object, options: Iterable[object]) -> str:
    """Give the sentence `` Did you mean 'x'?`` for the nearest option, or an empty string."""
    near = nearest(name, options)
    return "" if near is None else f" Did you mean {near!r}?"
