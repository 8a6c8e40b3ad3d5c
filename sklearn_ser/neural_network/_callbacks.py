"""What happens between epochs: early stopping, the learning rate, the progress bar."""

from __future__ import annotations

import copy
import math
from functools import partial
from typing import Any

from sklearn_ser.neural_network._plan import TrainingPlan
from sklearn_ser.neural_network._tensorflow import load_keras

__all__ = ["EARLY_STOPPING", "SCHEDULES", "make_callbacks"]

EARLY_STOPPING = "early_stopping"
SCHEDULES = ("plateau", "cosine")

_PLATEAU_FACTOR = 0.5
_RISING = 20  # one epoch of so many is for the rate to rise in
_SMALLEST_RATE = 1e-6


def make_callbacks(plan: TrainingPlan, *, judged: bool) -> list[Any]:
    """Make the callbacks of one fit; the user's are copied, so that their originals stay new.

    Parameters
    ----------
    plan : TrainingPlan
        The fit's settings.
    judged : bool
        Whether there are clips to judge by; then their loss stops training and moves plateaus.

    Returns
    -------
    callbacks : list of keras.callbacks.Callback

    Raises
    ------
    TypeError
        If one of the user's is no callback of Keras.
    """
    monitored = "val_loss" if judged else "loss"
    schedule = _schedule(plan, monitored)
    stopping = _early_stopping(plan) if judged else []
    bar = [_progress_bar(plan.epochs)] if plan.verbose == 1 else []
    return [*schedule, *_copies(plan.callbacks), *bar, *stopping]


def _early_stopping(plan: TrainingPlan) -> list[Any]:
    callbacks = load_keras().callbacks
    stopping = callbacks.EarlyStopping(
        monitor="val_loss", patience=plan.patience, restore_best_weights=True
    )
    stopping.name = EARLY_STOPPING
    # Averaged weights are what is judged, hence what is restored: they are swapped in before.
    swap = [callbacks.SwapEMAWeights(swap_on_epoch=True)] if plan.averages_weights else []
    return [*swap, stopping]


def _schedule(plan: TrainingPlan, monitored: str) -> list[Any]:
    callbacks = load_keras().callbacks
    if plan.schedule == "plateau":
        plateau = callbacks.ReduceLROnPlateau(
            monitor=monitored,
            factor=_PLATEAU_FACTOR,
            patience=max(plan.patience // 2, 1),
            min_lr=_SMALLEST_RATE,
        )
        return [plateau]
    if plan.schedule == "cosine":
        course = partial(_cosine_rate, top=plan.learning_rate, epochs=plan.epochs)
        return [callbacks.LearningRateScheduler(course)]
    return []


def _cosine_rate(epoch: int, _: float, *, top: float, epochs: int) -> float:
    """Rise linearly for a twentieth of the epochs, then fall; each epoch has its middle's rate."""
    n_rising = epochs // _RISING
    if epoch < n_rising:
        return top * (epoch + 0.5) / n_rising
    fallen = (epoch - n_rising + 0.5) / (epochs - n_rising)
    return max(top * 0.5 * (1.0 + math.cos(math.pi * fallen)), _SMALLEST_RATE)


def _copies(callbacks: Any) -> list[Any]:
    given = callbacks if isinstance(callbacks, list | tuple) else [callbacks]
    wanted = load_keras().callbacks.Callback
    for place, callback in enumerate(given):
        if callback is not None and not isinstance(callback, wanted):
            raise TypeError(
                f"callbacks[{place}] is of type {type(callback).__name__}; give instances of "
                "keras.callbacks.Callback, such as keras.callbacks.TerminateOnNaN()."
            )
    return [copy.deepcopy(callback) for callback in given if callback is not None]


def _progress_bar(epochs: int) -> Any:
    from tqdm.auto import tqdm

    bar = tqdm(total=epochs, desc="epochs")

    def show(_: int, logs: dict[str, float]) -> None:
        names = ("loss", "uar", "val_loss", "val_uar")
        bar.set_postfix({name: f"{logs[name]:.3f}" for name in names if name in logs})
        bar.update()

    return load_keras().callbacks.LambdaCallback(
        on_epoch_end=show, on_train_end=lambda _: bar.close()
    )
