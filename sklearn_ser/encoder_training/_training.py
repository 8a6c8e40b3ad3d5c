"""Train the network step by step, and keep the average of its weights."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sklearn_ser.encoder_training._backend import load_any_keras
from sklearn_ser.encoder_training._batches import Batch
from sklearn_ser.encoder_training._network import build_networks, weights_by_name
from sklearn_ser.encoder_training._recipe import EncoderRecipe
from sklearn_ser.neural_network._tensorflow import without_chatter

__all__ = ["Trainer", "learning_rate_at"]

_RISE = 0.2  # share of all steps
_FIRST_RATE, _LAST_RATE = 1 / 25, 1 / 250_000  # of the highest
_NOT_DECAYED = ["bias", "gamma", "beta"]
_EPSILON = 1e-8

Arrays = dict[str, NDArray[Any]]


def learning_rate_at(step: int, n_steps: int, highest: float) -> float:
    """Return the learning rate of a step: one rise and one fall, both along a cosine.

    Parameters
    ----------
    step : int
        Counted from 0.
    n_steps : int
        Of the whole training.
    highest : float
        The rate between rise and fall.

    Returns
    -------
    float
    """
    n_rising = max(_RISE * n_steps - 1, 1)
    if step <= n_rising:
        start, end, share = _FIRST_RATE, 1.0, step / n_rising
    else:
        share = min((step - n_rising) / max(n_steps - 1 - n_rising, 1), 1)
        start, end = 1.0, _LAST_RATE
    return highest * (end + (start - end) * (1 + math.cos(math.pi * share)) / 2)


class Trainer:
    """A network in training, and the average of its weights.

    Parameters
    ----------
    recipe : EncoderRecipe
        How it is trained.
    n_classes : int
        Emotions.
    n_steps : int
        Steps of the whole training, which the learning rate depends on.
    """

    def __init__(self, recipe: EncoderRecipe, n_classes: int, n_steps: int) -> None:
        self.recipe = recipe
        self.n_steps = n_steps
        self.step = 0
        self.keras = load_any_keras()
        self.model = build_networks(recipe, n_classes).model
        self._compile()
        self._weights = weights_by_name(self.model)
        self._seeds = [v for v in self.model.variables if "seed_generator_state" in v.path]
        self.averaged: Arrays = {name: self._values(v) for name, v in self._weights.items()}

    def _compile(self) -> None:
        keras, recipe = self.keras, self.recipe
        optimizer = keras.optimizers.AdamW(
            recipe.learning_rate,
            weight_decay=recipe.weight_decay,
            epsilon=_EPSILON,
            global_clipnorm=recipe.clip_norm,
        )
        optimizer.exclude_from_weight_decay(var_names=_NOT_DECAYED)
        heads = {"emotion": 1.0, "votes": recipe.votes_weight, "sex": recipe.sex_weight}
        self.model.compile(
            optimizer,
            loss={head: keras.losses.CategoricalCrossentropy(from_logits=True) for head in heads},
            loss_weights=heads,
            # XLA compiles anew for every length of a batch; jax can do nothing else
            jit_compile=keras.backend.backend() == "jax",
        )
        optimizer.build(self.model.trainable_variables)

    def train_epoch(self, batches: Iterable[Batch], epoch: int) -> float:
        """Go once through the clips.

        Parameters
        ----------
        batches : iterable of Batch
            The epoch's.
        epoch : int
            Counted from 0; with the seed it settles what dropout leaves out.

        Returns
        -------
        float
            Mean loss.
        """
        self._restart_dropout(epoch)
        losses, counts = [], []
        for batch in batches:
            rate = learning_rate_at(self.step, self.n_steps, self.recipe.learning_rate)
            self.model.optimizer.learning_rate = rate
            losses.append(self._step(batch))
            counts.append(len(batch.bands))
            self.step += 1
            self._average()
        return float(np.average(losses, weights=counts))

    def _step(self, batch: Batch) -> float:
        with without_chatter("keras", "tensorflow", "torch"):
            logs = self.model.train_on_batch(
                batch.bands, batch.targets, sample_weight=batch.weights, return_dict=True
            )
        return float(logs["loss"])

    def _restart_dropout(self, epoch: int) -> None:
        for number, variable in enumerate(self._seeds):
            drawn = np.random.SeedSequence([self.recipe.seed, epoch, number]).generate_state(1)
            variable.assign(np.array([drawn[0] >> 1, 0], dtype=variable.dtype))

    def _average(self) -> None:
        momentum = min(self.recipe.averaging, (1 + self.step) / (10 + self.step))
        share = np.float32(1 - momentum)
        for name, variable in self._weights.items():
            average = self.averaged[name]
            average += share * (self._values(variable) - average)

    def _values(self, variable: Any) -> NDArray[Any]:
        return np.array(variable.numpy())

    def state(self) -> Arrays:
        """Return all that has changed since the start, by name."""
        optimizer = self.model.optimizer.variables
        return {
            **{f"weight:{name}": self._values(v) for name, v in self._weights.items()},
            **{f"average:{name}": values for name, values in self.averaged.items()},
            **{f"optimizer:{number}": self._values(v) for number, v in enumerate(optimizer)},
            "step": np.array(self.step),
        }

    def restore(self, state: Arrays) -> None:
        """Go back to what :meth:`state` gave.

        Parameters
        ----------
        state : dict of ndarray
            Of a training by the same recipe.
        """
        for name, variable in self._weights.items():
            variable.assign(state[f"weight:{name}"])
            self.averaged[name] = np.array(state[f"average:{name}"])
        for number, variable in enumerate(self.model.optimizer.variables):
            variable.assign(state[f"optimizer:{number}"])
        self.step = int(state["step"])
