"""as_augmenter: whatever changes a waveform, made an augmenter."""

from __future__ import annotations

import inspect
import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import RLock
from typing import Any

import numpy as np

from sklearn_ser.augmentation._base import Array, BaseAugmenter, Parameters

__all__ = ["CallableAugmenter", "as_augmenter"]

_SEEDS = 2**32
_ONE_AT_A_TIME = RLock()  # the global generators are everyone's


def as_augmenter(effect: Any) -> Any:
    """Return an augmenter as it is, and make one of a function of waveforms.

    Transforms of audiomentations are such functions. They draw from the global generators of
    Python and NumPy: for each call these are seeded with a drawn number and afterwards put back,
    so that the same seed gives the same copy and nobody else's numbers change. The result may be
    of another length.

    Parameters
    ----------
    effect : augmenter or callable
        An object with `augment`, or a function with the parameters ``samples`` and
        ``sample_rate``.

    Returns
    -------
    augmenter
        ``effect`` itself where it has `augment`.

    Raises
    ------
    TypeError
        It is a class, no function, or one with other parameters; the message shows the mend.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_ser import as_augmenter
    >>> augmenter = as_augmenter(lambda samples, sample_rate: samples * np.random.rand())
    >>> augmenter.draw(np.ones(2), 16000, random_state=0)
    {'seed': 3653403231}
    >>> augmenter.augment(np.ones(2), 16000, random_state=0)
    array([0.891..., 0.891...], dtype=float32)
    """
    if inspect.isclass(effect):
        raise TypeError(f"{effect.__name__} is a class; give an instance: {effect.__name__}(...).")
    if hasattr(effect, "augment"):
        return effect
    if not callable(effect):
        raise TypeError(
            f"{effect!r} ({type(effect).__name__}) is no augmenter: it has no `augment` and cannot "
            "be called with samples= and sample_rate=."
        )
    _check_signature(effect)
    return CallableAugmenter(effect)


class CallableAugmenter(BaseAugmenter):
    """A function ``effect(samples=, sample_rate=)`` as an augmenter.

    Parameters
    ----------
    effect : callable
        Returns the changed samples.
    """

    keeps_length = False

    def __init__(self, effect: Callable[..., Any]) -> None:
        self.effect = effect

    @property
    def _name(self) -> str:
        return getattr(self.effect, "__name__", type(self.effect).__name__)

    def _draw(
        self, waveform: Array, sample_rate: Any, random_state: np.random.Generator
    ) -> Parameters:
        return {"seed": int(random_state.integers(_SEEDS))}

    def _apply(self, waveform: Array, sample_rate: Any, *, seed: int) -> Array:
        with _global_seed(seed):
            result: Array = self.effect(samples=waveform, sample_rate=sample_rate)
        return result


def _check_signature(effect: Callable[..., Any]) -> None:
    try:
        inspect.signature(effect).bind(samples=None, sample_rate=None)
    except TypeError as error:
        name = getattr(effect, "__name__", type(effect).__name__)
        raise TypeError(
            f"{name} cannot be called as effect(samples=, sample_rate=): {error}. Wrap it: "
            "lambda samples, sample_rate: ..."
        ) from error
    except ValueError:  # a built-in function that hides its parameters
        return


@contextmanager
def _global_seed(seed: int) -> Iterator[None]:
    """Seed Python's and NumPy's global generators for a while."""
    with _ONE_AT_A_TIME:
        of_python, of_numpy = random.getstate(), np.random.get_state()
        random.seed(seed)
        np.random.seed(seed)
        try:
            yield
        finally:
            random.setstate(of_python)
            np.random.set_state(of_numpy)
