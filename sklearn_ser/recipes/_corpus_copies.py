"""The copies that every training clip of a corpus gets: their names, seeds and parameters."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from numbers import Integral
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.utils import check_random_state

from sklearn_ser.augmentation import as_augmenter
from sklearn_ser.augmentation._compose import names_of
from sklearn_ser.augmentation._copies import COPY, Augmentation, random_state_of
from sklearn_ser.augmentation._growing import kind_of

__all__ = ["ORIGINAL", "Copy", "make_copies"]

ORIGINAL = "original"  # what a clip itself is called among its copies

_LARGEST_SEED = np.iinfo(np.int32).max


@dataclass(frozen=True)
class Copy:
    """One copy that every training clip gets, and what to call it."""

    name: str
    change: Augmentation

    @property
    def file_name(self) -> str:
        return f"{self.name}-{self.change.number}"

    def parameters(self, clip: NDArray[np.float32]) -> str:
        """Return what is drawn for a clip, as JSON."""
        augmenter = self.change.augmenter
        if not hasattr(augmenter, "draw"):  # any object with augment is an augmenter
            return "{}"
        random_state = random_state_of(self.change, clip)
        drawn = augmenter.draw(clip, self.change.sample_rate, random_state)
        return json.dumps(drawn, default=lambda number: number.item())


def make_copies(augmenter: Any, n_copies: Any, sample_rate: int, random_state: Any) -> list[Copy]:
    """Make the copies that every training clip gets, numbered, so that each is drawn for itself."""
    if not isinstance(n_copies, Integral) or isinstance(n_copies, bool) or n_copies < 1:
        raise ValueError(f"n_copies={n_copies!r} is not a whole number from 1 on.")
    seed = int(check_random_state(random_state).randint(_LARGEST_SEED))
    augmenters = [pair for pair in _named(augmenter) for _ in range(int(n_copies))]
    return [
        Copy(name, Augmentation(each, sample_rate, seed, COPY, number))
        for number, (name, each) in enumerate(augmenters, 1)
    ]


def _named(augmenter: Any) -> list[tuple[str, Any]]:
    """Name the augmenters: as they are given, else by their classes."""
    if isinstance(augmenter, Mapping):
        named = [(name, as_augmenter(each)) for name, each in augmenter.items()]
    else:
        given = augmenter if isinstance(augmenter, list | tuple) else [augmenter]
        augmenters = [as_augmenter(each) for each in given]
        named = list(zip(names_of(augmenters), augmenters, strict=True))
    if not named:
        raise ValueError("There is no augmenter in the list: give one at least.")
    for name, each in named:
        _check_augmenter(name, each)
    return named


def _check_augmenter(name: Any, augmenter: Any) -> None:
    plain = isinstance(name, str) and name.replace("-", "").replace("_", "").isalnum()
    if not plain or name == ORIGINAL:
        raise ValueError(
            f"An augmenter is named {name!r}; names become parts of file names: letters, digits, "
            f"'-' and '_', and not {ORIGINAL!r}."
        )
    if kind_of(augmenter) != "waveform":
        raise ValueError(
            f"{type(augmenter).__name__} changes sequences, and sound is augmented here. Put it "
            "into AugmentedClassifier, around the classifier alone."
        )
