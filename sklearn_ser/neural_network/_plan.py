"""How one fit trains a network."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

__all__ = ["TrainingPlan"]


@dataclass(frozen=True)
class TrainingPlan:
    """Settings of one fit, all of them set anew on a network that is built already."""

    epochs: int
    batch_size: int
    learning_rate: float
    schedule: str | None
    patience: int
    averages_weights: bool
    seed: int
    callbacks: Any
    verbose: int
