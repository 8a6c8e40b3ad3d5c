"""What all neural networks have in common: scikit-learn's estimator around a trained network."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from numbers import Integral, Real
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, ClassifierMixin, _fit_context
from sklearn.utils import check_random_state, column_or_1d
from sklearn.utils._param_validation import Interval, StrOptions
from sklearn.utils.class_weight import compute_sample_weight
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import (
    _check_sample_weight,
    check_consistent_length,
    check_is_fitted,
    validate_data,
)

from sklearn_ser.neural_network._callbacks import SCHEDULES
from sklearn_ser.neural_network._hold_out import hold_out
from sklearn_ser.neural_network._keras import (
    Samples,
    Start,
    Trained,
    predict_probabilities,
    train,
)
from sklearn_ser.neural_network._network import Blueprint, set_weights
from sklearn_ser.neural_network._plan import TrainingPlan
from sklearn_ser.neural_network._presets import preset
from sklearn_ser.neural_network._tensorflow import check_keras_version

__all__ = ["OPTIMIZERS", "TRAINING_CONSTRAINTS", "BaseKerasClassifier"]

OPTIMIZERS = ("adam", "adamw", "nadam", "rmsprop", "sgd")

_POSITIVE = Interval(Real, 0, None, closed="neither")
_LARGEST_SEED = np.iinfo(np.int32).max
_COUNT = Interval(Integral, 1, None, closed="left")

TRAINING_CONSTRAINTS: dict[str, list[Any]] = {
    "optimizer": [StrOptions(set(OPTIMIZERS))],
    "learning_rate": [_POSITIVE],
    "weight_decay": [Interval(Real, 0, None, closed="left")],
    "label_smoothing": [Interval(Real, 0, 1, closed="left")],
    "ema_momentum": [Interval(Real, 0, 1, closed="neither"), None],
    "class_weight": [StrOptions({"balanced"}), dict, None],
    "epochs": [_COUNT],
    "batch_size": [_COUNT],
    "learning_rate_schedule": [StrOptions(set(SCHEDULES)), None],
    "early_stopping": ["boolean"],
    "validation_fraction": [Interval(Real, 0, 1, closed="neither")],
    "n_iter_no_change": [_COUNT],
    "callbacks": "no_validation",  # type: ignore[dict-item]  # Keras' class is not imported here
    "warm_start": ["boolean"],
    "verbose": ["verbose"],
    "random_state": ["random_state"],
}


class BaseKerasClassifier(ClassifierMixin, BaseEstimator):
    """A classifier whose network is built in ``fit`` and kept as arrays of weights.

    Subclasses say which function builds the network; all constructor parameters but those of
    training are that function's arguments.
    """

    # What a pipeline with metadata routing hands to fit without being asked.
    __metadata_request__fit: ClassVar[dict[str, bool]] = {"groups": True}

    _builder: ClassVar[Callable[..., Any]]
    _takes: ClassVar[str] = (
        "sequences of shape (n_clips, n_frames, n_coefs) or tables of shape (n_clips, n_features)"
    )
    _parameter_constraints: ClassVar[dict[str, Any]] = {}

    def __init__(
        self,
        *,
        optimizer: str,
        learning_rate: float,
        weight_decay: float,
        label_smoothing: float,
        ema_momentum: float | None,
        class_weight: Any,
        epochs: int,
        batch_size: int,
        learning_rate_schedule: str | None,
        early_stopping: bool,
        validation_fraction: float,
        n_iter_no_change: int,
        callbacks: Any,
        warm_start: bool,
        verbose: int,
        random_state: Any,
    ) -> None:
        self.optimizer = optimizer
        self.learning_rate = learning_rate
        self.weight_decay = weight_decay
        self.label_smoothing = label_smoothing
        self.ema_momentum = ema_momentum
        self.class_weight = class_weight
        self.epochs = epochs
        self.batch_size = batch_size
        self.learning_rate_schedule = learning_rate_schedule
        self.early_stopping = early_stopping
        self.validation_fraction = validation_fraction
        self.n_iter_no_change = n_iter_no_change
        self.callbacks = callbacks
        self.warm_start = warm_start
        self.verbose = verbose
        self.random_state = random_state

    @classmethod
    def from_preset(cls, name: str, **changes: Any) -> Self:
        """Make an unfitted classifier with the parameters of a published network.

        Parameters
        ----------
        name : str
            Name of the preset.
        **changes : dict
            Parameters that differ from it.

        Returns
        -------
        classifier : estimator
            Unfitted.

        Raises
        ------
        ValueError
            If there is no such preset for this class; the message lists those that are.
        """
        return cls(**{**preset(name, cls.__name__), **changes})

    @_fit_context(prefer_skip_nested_validation=True)
    def fit(self, X: Any, y: Any, *, groups: Any = None, sample_weight: Any = None) -> Self:
        """Train the network.

        Parameters
        ----------
        X : array of shape (n_clips, n_frames, n_coefs) or (n_clips, n_features)
            Sequences, time first; or a table, whose every feature is taken as one step. What
            networks that weigh an encoder's layers take is said where they are described.
        y : array-like of shape (n_clips,)
            Labels of any type; two classes at least.
        groups : array-like of shape (n_clips,), default=None
            The clips' speakers, for early stopping. A ``SpeechPipeline`` hands them over.
        sample_weight : array-like of shape (n_clips,), default=None
            Weight of each clip in the loss; clips of weight zero are left out.

        Returns
        -------
        self : estimator
            Fitted.

        Raises
        ------
        ValueError
            If there is one class only, X has NaN or is too small for the network, lengths differ,
            or a warm start meets other classes, shapes or parameters than before.
        MissingExtraError
            If TensorFlow or scikeras is not installed.

        Warns
        -----
        SpeakerWarning
            If early stopping cannot hold out whole speakers.
        """
        X, classes, codes = self._check_training_data(X, y)
        samples = Samples(X, codes, self._clip_weights(X, y, sample_weight))
        blueprint = self._blueprint(X.shape[1:], len(classes))
        start = self._warm_start_from(blueprint, classes)
        seed, split_seed = self._seeds(goes_on=start is not None)
        rows, held_rows = self._split(samples, groups, split_seed)
        held_out = None if held_rows is None else samples.rows(held_rows)
        trained = train(blueprint, samples.rows(rows), held_out, self._plan(seed), start)
        self.classes_, self.validation_indices_, self._split_seed = classes, held_rows, split_seed
        self._keep(blueprint, trained, goes_on=start is not None)
        return self

    def predict_proba(self, X: Any) -> NDArray[np.float32]:
        """Estimate the probability of every class.

        Parameters
        ----------
        X : array of shape (n_clips, n_frames, n_coefs) or (n_clips, n_features)
            Of the shape of a clip that was fitted.

        Returns
        -------
        probabilities : ndarray of shape (n_clips, n_classes), float32
            In the order of ``classes_``; rows sum to 1.

        Raises
        ------
        ValueError
            If a clip has another shape than in ``fit``; the message shows both.
        """
        check_is_fitted(self)
        X = self._check_clips_to_predict(X)
        check_keras_version(self.keras_version_)
        return predict_probabilities(self._fitted_blueprint(), X, self.weights_)

    def predict(self, X: Any) -> NDArray[Any]:
        """Predict the most probable class.

        Parameters
        ----------
        X : array of shape (n_clips, n_frames, n_coefs) or (n_clips, n_features)
            Of the shape of a clip that was fitted.

        Returns
        -------
        labels : ndarray of shape (n_clips,)
            Members of ``classes_``.
        """
        probabilities = self.predict_proba(X)
        labels: NDArray[Any] = self.classes_[probabilities.argmax(axis=1)]
        return labels

    def build_model(self) -> Any:
        """Build a Keras model of its own with the fitted weights, to look at or to export.

        Returns
        -------
        model : keras.Model
            Not compiled; changing it does not change the estimator.
        """
        check_is_fitted(self)
        check_keras_version(self.keras_version_)
        model = self._fitted_blueprint().build()
        set_weights(model, self.weights_)
        return model

    def _check_training_data(self, X: Any, y: Any) -> tuple[Any, Any, Any]:
        X, y = self._validate(X, y, reset=True)
        check_classification_targets(y)
        classes, codes = np.unique(column_or_1d(y, warn=True), return_inverse=True)
        if len(classes) < 2:
            raise ValueError(
                f"{type(self).__name__} needs clips of two classes at least, got one class: "
                f"{classes.tolist()[0]!r}."
            )
        return X, classes, codes

    def _check_same_classes(self, classes: NDArray[Any]) -> None:
        if not np.array_equal(classes, self.classes_):
            raise ValueError(
                f"A warm start needs the classes of the fit before, {self.classes_.tolist()}, got "
                f"{classes.tolist()}. Set warm_start=False to begin anew."
            )

    def _validate(self, X: Any, y: Any = "no_validation", *, reset: bool) -> Any:
        """Return X as the network reads it; with labels, a pair of both."""
        checks: dict[str, Any] = {"dtype": np.float32, "order": "C", "allow_nd": True}
        checked = validate_data(self, X, y, reset=reset, **checks)
        self._check_dimensions(checked[0] if isinstance(checked, tuple) else checked)
        return checked

    def _check_dimensions(self, X: NDArray[Any]) -> None:
        if X.ndim > 3:
            raise ValueError(
                f"Found array with dim {X.ndim}: {type(self).__name__} takes {self._takes}."
            )

    def _clip_weights(self, X: Any, y: Any, sample_weight: Any) -> NDArray[np.float32] | None:
        if sample_weight is None and self.class_weight is None:
            return None
        weights = _check_sample_weight(sample_weight, X, dtype=np.float32)
        if self.class_weight is not None:
            weights = weights * compute_sample_weight(self.class_weight, y)
        return weights.astype(np.float32)

    def _warm_start_from(self, now: Blueprint, classes: NDArray[Any]) -> Start | None:
        if not (self.warm_start and hasattr(self, "weights_")):
            return None
        self._check_same_classes(classes)
        before = self._fitted_blueprint()
        if before != now:
            raise ValueError(
                f"A warm start goes on with the network of the fit before, but "
                f"{_what_differs(before, now)}. Set warm_start=False to begin anew."
            )
        return Start(self.weights_, self._optimizer_state)

    def _seeds(self, *, goes_on: bool) -> tuple[int, int]:
        """Return the seeds of training and of the split.

        A warm start trains on in another order, but holds out the same: what one fit has trained
        on, the next must not judge by.
        """
        seed = int(check_random_state(self.random_state).randint(_LARGEST_SEED))
        return (
            ((seed + self.n_iter_) % _LARGEST_SEED, self._split_seed) if goes_on else (seed, seed)
        )

    def _split(self, samples: Samples, groups: Any, seed: int) -> tuple[Any, Any]:
        """Return the rows to train on, and those to judge by or None."""
        if groups is not None:
            check_consistent_length(samples.X, groups)
        if not self.early_stopping:
            return slice(None), None
        rows = samples.weighted_rows()
        names = None if groups is None else np.asarray(groups)[rows]
        train, held = hold_out(samples.codes[rows], names, self.validation_fraction, seed)
        return rows[train], rows[held]

    def _architecture(self) -> dict[str, Any]:
        """Return the parameters that the builder takes, and nothing of training."""
        parameters = self.get_params(deep=False)
        return {k: v for k, v in parameters.items() if k not in TRAINING_CONSTRAINTS}

    def _blueprint(self, input_shape: tuple[int, ...], n_classes: int) -> Blueprint:
        return Blueprint(
            builder=type(self)._builder,
            arguments=tuple(sorted(self._architecture().items())),
            input_shape=tuple(input_shape),
            n_classes=n_classes,
            optimizer=self.optimizer,
            weight_decay=float(self.weight_decay),
            label_smoothing=float(self.label_smoothing),
            ema_momentum=None if self.ema_momentum is None else float(self.ema_momentum),
        )

    def _fitted_blueprint(self) -> Blueprint:
        """Return what was fitted, whatever parameters were set since."""
        return Blueprint(builder=type(self)._builder, **self._fitted_network)

    def _plan(self, seed: int) -> TrainingPlan:
        return TrainingPlan(
            epochs=self.epochs,
            batch_size=self.batch_size,
            learning_rate=float(self.learning_rate),
            schedule=self.learning_rate_schedule,
            patience=self.n_iter_no_change,
            averages_weights=self.ema_momentum is not None,
            seed=seed,
            callbacks=self.callbacks,
            verbose=int(self.verbose),
        )

    def _keep(self, blueprint: Blueprint, trained: Trained, *, goes_on: bool) -> None:
        # The builder is left out: pickles name the class, whose builder may move.
        self._fitted_network = {k: v for k, v in vars(blueprint).items() if k != "builder"}
        self.input_shape_ = blueprint.input_shape
        self.weights_ = trained.weights
        self._optimizer_state = trained.optimizer_state if self.warm_start else None
        before: Mapping[str, list[float]] = getattr(self, "history_", {}) if goes_on else {}
        self.history_ = _joined(before, trained.history)
        self.n_iter_ = len(self.history_["loss"])
        best, n_before = trained.best_epoch, len(before.get("loss", ()))
        self.best_epoch_ = None if best is None else n_before + best
        self.keras_version_ = trained.keras_version

    def _check_clips_to_predict(self, X: Any) -> Any:
        shape = tuple(getattr(X, "shape", ()))[1:]
        is_sequence = shape and max(len(shape), len(self.input_shape_)) > 1
        if is_sequence and shape != self.input_shape_:
            raise ValueError(
                f"X has clips of shape {shape}, but {type(self).__name__} was fitted on clips of "
                f"shape {self.input_shape_}. Give the extractor a fixed n_frames, or let the "
                "pipeline that fitted the network extract."
            )
        X = self._validate(X, reset=False)
        if X.shape[1:] != self.input_shape_:
            raise ValueError(
                f"X has rows of shape {X.shape[1:]}, but {type(self).__name__} was fitted on clips "
                f"of shape {self.input_shape_}."
            )
        return X

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.two_d_array = True
        tags.input_tags.three_d_array = True
        tags.non_deterministic = False
        return tags


def _what_differs(before: Blueprint, now: Blueprint) -> str:
    old, new = _settings(before), _settings(now)
    changed = [name for name in new if old.get(name) != new[name]]
    return ", ".join(f"{name} was {old.get(name)!r} and is {new[name]!r}" for name in changed)


def _settings(blueprint: Blueprint) -> dict[str, Any]:
    return {**vars(blueprint), **dict(blueprint.arguments), "arguments": None}


def _joined(
    before: Mapping[str, list[float]], now: Mapping[str, list[float]]
) -> dict[str, list[float]]:
    """Put two fits' epochs one after the other; what one of them did not measure is NaN."""
    first, second = ([np.nan] * len(history.get("loss", ())) for history in (before, now))
    names = dict.fromkeys([*now, *before])
    return {name: [*before.get(name, first), *now.get(name, second)] for name in names}
