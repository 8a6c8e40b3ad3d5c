"""What is known of a published system: where it is described, and under which protocol."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from sklearn_ser.pipeline import SpeechPipeline

__all__ = ["Recipe"]


@dataclass(frozen=True)
class Recipe:
    """A system as its authors describe it, and the function that makes it.

    Attributes
    ----------
    name : str
        Name of the function, too.
    make : callable
        Makes the unfitted pipeline; all its parameters are keyword-only and have defaults.
    title : str
        Title of the public description.
    corpora : tuple of str
        The corpora that it was trained on, as :func:`~sklearn_ser.datasets.load_corpora` names
        them.
    target : str
        What it tells: a column of the corpora's tables, or "sex_emotion".
    classes : tuple of str
        Its classes, sorted.
    loading : mapping of str to object
        Options of :func:`~sklearn_ser.datasets.load_corpora` that give these classes.
    sample_rate : int
        Rate of the clips in Hz.
    protocol : str
        How it was tested.
    reported : mapping of str to float
        The scores that were published; empty where none were.
    network : str
        Name of the network's preset, or of its class where it is our own.
    """

    name: str
    make: Callable[..., SpeechPipeline]
    title: str
    corpora: tuple[str, ...]
    target: str
    classes: tuple[str, ...]
    sample_rate: int
    protocol: str
    network: str
    reported: Mapping[str, float] = field(default_factory=dict, hash=False)
    loading: Mapping[str, Any] = field(default_factory=dict, hash=False)
