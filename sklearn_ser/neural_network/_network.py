"""Compiled networks, built once for each architecture and lent to whoever trains or predicts."""

from __future__ import annotations

import gc
import random
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sklearn_ser.neural_network._clip_stacks import ClipStack, clips_at_once
from sklearn_ser.neural_network._scores import epoch_scores
from sklearn_ser.neural_network._tensorflow import load_keras

__all__ = ["Blueprint", "Network", "borrow", "forget_networks", "set_weights"]

Arrays = list[NDArray[Any]]

_MOST_IDLE = 8  # a network that is built costs some 7 MB, which Keras never gives back
_INITIALIZERS = {"recurrent_kernel": "recurrent_initializer"}  # all others are named regularly


@dataclass(frozen=True)
class Blueprint:
    """All that a compiled network depends on; what is set anew for every fit is not in it."""

    builder: Callable[..., Any]
    arguments: tuple[tuple[str, Any], ...]
    input_shape: tuple[int, ...]
    n_classes: int
    optimizer: str
    weight_decay: float
    label_smoothing: float
    ema_momentum: float | None

    @property
    def key(self) -> str:
        """Return a text that is equal for equal networks."""
        return repr(self)

    def build(self) -> Any:
        """Build the network, not compiled, with random weights."""
        load_keras()
        state = random.getstate()
        try:
            random.seed(0)  # from here Keras draws the seeds of what has none
            return self.builder(self.input_shape, self.n_classes, **dict(self.arguments))
        finally:
            random.setstate(state)


class Network:
    """One compiled network whose weights and training state can be set to any estimator's."""

    def __init__(self, blueprint: Blueprint) -> None:
        self.model = blueprint.build()
        _compile(self.model, blueprint)
        self.model.optimizer.build(self.model.trainable_variables)
        self._at_build = _values(self.model.weights)
        self._optimizer_at_build = _values(self.model.optimizer.variables)
        self._random_weights = list(_random_weights(self.model))
        self._seeds = [v for v in self.model.variables if "seed_generator_state" in v.path]
        self._forward = _forward_function(self.model, blueprint.input_shape)
        self._held: Arrays | None = None

    def start(self, seed: int) -> None:
        """Set everything to what a network that was just built with this seed has."""
        self._held = None
        self.model.set_weights(self._at_build)
        self._restart_optimizer(seed)
        for number, (variable, initializer) in enumerate(self._random_weights):
            config = {**initializer.get_config(), "seed": _seed_of(seed, number)}
            draw = type(initializer).from_config(config)
            variable.assign(draw(variable.shape, dtype=variable.dtype))

    def resume(self, seed: int, weights: Arrays, optimizer_state: Arrays | None) -> None:
        """Set the weights, and the optimiser's state where there is one, to go on training."""
        self._held = None
        set_weights(self.model, weights)
        self._restart_optimizer(seed)
        if optimizer_state is not None:
            _assign(self.model.optimizer.variables, optimizer_state)

    def weights(self) -> Arrays:
        """Return copies of the weights, which nobody can change."""
        return _values(self.model.weights)

    def optimizer_state(self) -> Arrays:
        """Return copies of the optimiser's variables."""
        return _values(self.model.optimizer.variables)

    def probabilities(
        self, X: NDArray[np.float32] | ClipStack, weights: Arrays
    ) -> NDArray[np.float32]:
        """Compute what the network with these weights says of X, one row of classes a clip."""
        if self._held is not weights:
            set_weights(self.model, weights)
            self._held = weights
        step = clips_at_once(X.shape[1:])
        chunks = (_read(X, slice(i, i + step)) for i in range(0, len(X), step))
        parts = [self._forward(chunk).numpy() for chunk in chunks]
        return np.concatenate(parts)

    def _restart_optimizer(self, seed: int) -> None:
        _assign(self.model.optimizer.variables, self._optimizer_at_build)
        for number, variable in enumerate(self._seeds):
            variable.assign(np.array([_seed_of(seed, -1 - number), 0], dtype=variable.dtype))


def _compile(model: Any, blueprint: Blueprint) -> None:
    keras = load_keras()
    optimizer = keras.optimizers.get(blueprint.optimizer)
    none = 0.0 if blueprint.optimizer == "adamw" else None  # which insists on a number
    config = {**optimizer.get_config(), "weight_decay": blueprint.weight_decay or none}
    if blueprint.ema_momentum is not None:
        config |= {"use_ema": True, "ema_momentum": blueprint.ema_momentum}
    model.compile(
        optimizer=type(optimizer).from_config(config),
        loss=keras.losses.CategoricalCrossentropy(label_smoothing=blueprint.label_smoothing),
        metrics=[epoch_scores(blueprint.n_classes)],
        jit_compile=False,  # compiles anew for every size of batch: seconds a fit, no gain here
    )


def _random_weights(model: Any) -> Iterator[tuple[Any, Any]]:
    """Yield the weights that begin at random, each with its initialiser; others are constants."""
    for layer in model._flatten_layers(include_self=False):
        for variable in (*layer._trainable_variables, *layer._non_trainable_variables):
            name = _INITIALIZERS.get(variable.name, f"{variable.name}_initializer")
            initializer = getattr(layer, name, None)
            if initializer is not None and "seed" in initializer.get_config():
                yield variable, initializer


def _forward_function(model: Any, input_shape: tuple[int, ...]) -> Callable[..., Any]:
    import tensorflow as tf

    def forward(X: Any) -> Any:
        return model(X, training=False)

    signature = [tf.TensorSpec((None, *input_shape), tf.float32)]
    compiled: Callable[..., Any] = tf.function(forward, input_signature=signature, autograph=False)
    return compiled


def _read(X: NDArray[np.float32] | ClipStack, rows: slice) -> Any:
    """Return some clips as TensorFlow takes them, in float32."""
    if not isinstance(X, ClipStack):
        return X[rows]
    import tensorflow as tf

    return tf.cast(X.read(rows), tf.float32)


def _seed_of(seed: int, number: int) -> int:
    """Derive a seed of its own for every weight and every layer that draws."""
    entropy = [seed, number + 2**16]
    return int(np.random.SeedSequence(entropy).generate_state(1)[0] >> 1)


def _values(variables: Any) -> Arrays:
    values = [np.array(variable.numpy()) for variable in variables]
    for value in values:
        value.flags.writeable = False
    return values


def _assign(variables: Any, values: Arrays) -> None:
    for variable, value in zip(variables, values, strict=True):
        variable.assign(value)


def set_weights(model: Any, weights: Arrays) -> None:
    """Set a model's weights to arrays, which may be damaged.

    Parameters
    ----------
    model : keras.Model
        Changed in place.
    weights : list of ndarray
        In the model's order.

    Raises
    ------
    ValueError
        If their number or shapes are not the model's.
    """
    have = [np.shape(array) for array in weights]
    want = [tuple(variable.shape) for variable in model.weights]
    if have != want:
        raise ValueError(
            f"The fitted weights do not fit their network: {_first_difference(have, want)}. The "
            "model was changed or damaged after it was fitted; fit it again."
        )
    model.set_weights(weights)


def _first_difference(have: list[Any], want: list[Any]) -> str:
    if len(have) != len(want):
        return f"there are {len(have)} arrays, it has {len(want)}"
    place = next(i for i, (a, b) in enumerate(zip(have, want, strict=True)) if a != b)
    return f"array {place} is of shape {have[place]}, it needs {want[place]}"


_POOL_LOCK = threading.Lock()
_idle: list[tuple[str, Network]] = []  # the last that was given back stands last


@contextmanager
def borrow(blueprint: Blueprint) -> Iterator[Network]:
    """Lend a network of this blueprint, which nobody else has meanwhile.

    Parameters
    ----------
    blueprint : Blueprint
        What to build, unless one is idle.

    Yields
    ------
    network : Network
        Its state is whatever the last borrower left.
    """
    network = _take(blueprint.key) or Network(blueprint)
    try:
        yield network
    finally:
        _give_back(blueprint.key, network)


def forget_networks() -> None:
    """Let all idle networks go; the next to be borrowed are built afresh."""
    with _POOL_LOCK:
        _idle.clear()
    gc.collect()


def _take(key: str) -> Network | None:
    with _POOL_LOCK:
        places = [place for place, (name, _) in enumerate(_idle) if name == key]
        return _idle.pop(places[-1])[1] if places else None


def _give_back(key: str, network: Network) -> None:
    with _POOL_LOCK:
        _idle.append((key, network))
        del _idle[:-_MOST_IDLE]
