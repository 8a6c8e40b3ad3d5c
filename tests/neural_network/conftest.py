"""Small clips and small networks, so that each fit takes a fraction of a second."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest

from sklearn_ser import CNN1DClassifier, DenseClassifier


@dataclass(frozen=True)
class Clips:
    """Sequences with their labels and speakers; the labels can be learnt."""

    X: np.ndarray
    y: np.ndarray
    speakers: np.ndarray


@pytest.fixture(scope="session")
def clips() -> Clips:
    """Forty-eight sequences of six frames and three coefficients, by eight speakers."""
    rng = np.random.default_rng(0)
    y = np.tile(["angry", "calm", "sad"], 16)
    X = rng.normal(size=(48, 6, 3)).astype(np.float32)
    X += (np.unique(y, return_inverse=True)[1] - 1)[:, None, None]
    return Clips(X, y, np.repeat([f"speaker-{i}" for i in range(8)], 6))


@pytest.fixture(scope="session")
def dense() -> Callable[..., DenseClassifier]:
    """Make a network that trains in no time; arguments change it."""

    def make(**changes: Any) -> DenseClassifier:
        return DenseClassifier(**{"hidden_units": (8,), "epochs": 1, "random_state": 0, **changes})

    return make


@pytest.fixture(scope="session")
def cnn() -> Callable[..., CNN1DClassifier]:
    """Make a small convolutional network with batch normalisation; arguments change it."""

    def make(**changes: Any) -> CNN1DClassifier:
        small = {"filters": (4,), "dense_units": (), "epochs": 1, "random_state": 0}
        return CNN1DClassifier(**{**small, **changes})

    return make
