"""AugmentedClassifier: augmentation that happens in ``fit`` and nowhere else."""

from __future__ import annotations

import os
import warnings
from numbers import Integral
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, ClassifierMixin, _fit_context, clone, is_classifier
from sklearn.utils import check_consistent_length, column_or_1d, get_tags
from sklearn.utils._param_validation import HasMethods, Interval
from sklearn.utils.metaestimators import available_if
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import (
    _check_method_params,
    _check_y,
    check_is_fitted,
    check_random_state,
    validate_data,
)

from sklearn_ser.audio._check import is_path
from sklearn_ser.audio._clips import AudioClips
from sklearn_ser.audio._loader import AudioLoader
from sklearn_ser.augmentation._callable import as_augmenter
from sklearn_ser.augmentation._copies import (
    COPY,
    VIEW,
    Augmentation,
    augmented_clips,
    augmented_sequences,
)
from sklearn_ser.augmentation._fit_params import groups_for, weights_for
from sklearn_ser.augmentation._growing import (
    Rows,
    join,
    kind_of,
    weights_of_clips,
    with_speakers,
    wrong_kind,
)
from sklearn_ser.augmentation._refusals import check_splits_by_group
from sklearn_ser.base import SAMPLE_RATE, SpeechInputMixin, _usable_memory
from sklearn_ser.exceptions import AudioError, SpeakerWarning

__all__ = ["AugmentedClassifier"]

_LARGEST_SEED = np.iinfo(np.int32).max

_NO_SPEAKERS = (
    "Inside AugmentedClassifier something splits, and no speakers are known: it keeps a clip and "
    "its copies together, but not the clips of one voice. Give the speakers as groups= to fit, or "
    "clips that know theirs."
)


def _has(method: str) -> Any:
    """Make the method available where the wrapped classifier has it."""

    def check(self: AugmentedClassifier) -> bool:
        return hasattr(getattr(self, "estimator_", self.estimator), method)

    return check


def _has_decisions(self: AugmentedClassifier) -> bool:
    """Decisions are those of the clip alone, so they would contradict averaged predictions."""
    return self.test_time == 0 and _has("decision_function")(self)


class AugmentedClassifier(SpeechInputMixin, ClassifierMixin, BaseEstimator):
    """A classifier that is fitted on clips and on augmented copies of them.

    Copies are made in ``fit`` from the clips that ``fit`` is given, and nowhere else, so no
    clip that is held out can be among them, whatever cross-validates this classifier. A copy
    carries its clip's label, group, metadata, sample weight and every other parameter of ``fit``
    that has one value a clip. Inside, whatever splits (a search, a calibration, early stopping)
    is given groups: the speakers, or the clip that each row came from where no speakers are
    known. What would split without them is refused.

    It stands around a whole waveform pipeline, with an augmenter of waveforms, or around the
    classifier alone as the last step of a pipeline, with an augmenter of sequences.

    Parameters
    ----------
    estimator : classifier
        What is fitted: a pipeline that takes clips, or a classifier of sequences.
    augmenter : augmenter or callable
        What makes the copies; its ``input_kind`` says of what, "waveform" or "sequence". Also a
        callable with the arguments ``samples`` and ``sample_rate``, as audiomentations has them.
    sample_rate : int, default=16000
        Rate of the clips, in Hz.
    n_copies : int, default=1
        Copies of each clip; 0 fits on the clips alone.
    include_original : bool, default=True
        Fit on the clips themselves as well; they come first.
    test_time : int, default=0
        Average ``predict_proba`` over the clip and so many augmented views of it.
    n_jobs : int, default=None
        None makes copies of waveforms when they are touched, one at a time, so that they take
        no memory and an extractor's own cache spares making them again. A number makes all at
        once in so many workers, where the copies of a clip share what work they can, and keeps
        them in memory while fitting. Sequences are always made
        at once. The copies are the same in every case.
    memory : str or joblib.Memory, default=None
        Cache of copies and views on disk, clip by clip.
    random_state : int, RandomState instance or None, default=None
        Seed of the copies and views. With an int, a clip has the same copies in every fit,
        subset, order and worker: they depend on its samples, not on its place. The views of a
        clip do not depend on its neighbours.

    Attributes
    ----------
    estimator_ : classifier
        The fitted classifier.
    augmenter_ : augmenter
        What made the copies.
    classes_ : ndarray of shape (n_classes,)
        The labels.
    source_ : ndarray of shape (n_rows,)
        For each row that was fitted on, the clip it came from.
    n_features_in_ : int
        Width of a 2-D array, or frames of sequences; clips of other forms have none.

    See Also
    --------
    sklearn_ser.SpeechPipeline : Hands the speakers on to early stopping inside.

    Notes
    -----
    A search or a calibration inside is scored, or fitted, on the copies of clips held out as well.
    Put them around this classifier where clips as they were recorded shall decide.

    Examples
    --------
    >>> from sklearn.model_selection import cross_val_score
    >>> from sklearn_ser import AugmentedClassifier, NoiseAugmenter, make_ser_pipeline
    >>> from sklearn_ser.datasets import make_emotional_speech
    >>> from sklearn_ser.model_selection import SpeakerKFold
    >>> speech = make_emotional_speech(n_speakers=2, n_repetitions=1, random_state=0)
    >>> pipeline = make_ser_pipeline("mfcc", "svm")
    >>> model = AugmentedClassifier(pipeline, NoiseAugmenter(snr_db=20.0), random_state=0)
    >>> cross_val_score(model, speech.data, speech.target, cv=SpeakerKFold(2)).shape
    (2,)
    >>> model.fit(speech.data, speech.target).source_.shape
    (84,)
    """

    # What a pipeline with metadata routing hands to fit without being asked.
    __metadata_request__fit: ClassVar[dict[str, bool]] = {"groups": True}

    _parameter_constraints: ClassVar[dict[str, Any]] = {
        "estimator": [HasMethods(["fit"])],
        "augmenter": [HasMethods(["augment"]), callable],
        "sample_rate": SAMPLE_RATE,
        "n_copies": [Interval(Integral, 0, None, closed="left")],
        "include_original": ["boolean"],
        "test_time": [Interval(Integral, 0, None, closed="left")],
        "n_jobs": [Integral, None],
        "memory": [str, os.PathLike, HasMethods(["cache"]), None],
        "random_state": ["random_state"],
    }

    def __init__(
        self,
        estimator: Any,
        augmenter: Any,
        *,
        sample_rate: int = 16000,
        n_copies: int = 1,
        include_original: bool = True,
        test_time: int = 0,
        n_jobs: int | None = None,
        memory: Any = None,
        random_state: Any = None,
    ) -> None:
        self.estimator = estimator
        self.augmenter = augmenter
        self.sample_rate = sample_rate
        self.n_copies = n_copies
        self.include_original = include_original
        self.test_time = test_time
        self.n_jobs = n_jobs
        self.memory = memory
        self.random_state = random_state

    @_fit_context(prefer_skip_nested_validation=False)
    def fit(
        self, X: Any, y: Any, *, groups: Any = None, sample_weight: Any = None, **fit_params: Any
    ) -> Self:
        """Fit the classifier on the clips and their copies.

        Parameters
        ----------
        X : AudioClips, list of waveforms or paths, or array of shape (n_clips, n_samples)
            Speech; with an augmenter of sequences an array (n_clips, n_frames, n_coefs).
        y : array-like of shape (n_clips,)
            Labels.
        groups : array-like of shape (n_clips,), default=None
            The clips' speakers, by which everything inside splits; by default ``X.speakers``.
        sample_weight : array-like of shape (n_clips,), default=None
            Weights; a copy has its clip's.
        **fit_params : dict
            Passed on to the classifier's ``fit``; those with one value a clip grow with the
            clips.

        Returns
        -------
        self : estimator
            Fitted.

        Raises
        ------
        ValueError
            If the estimator is no classifier, anything inside would split without groups, X is
            of another kind than the augmenter's, nothing is left to fit on, or ``test_time`` has
            no probabilities.
        TypeError
            If the classifier has no use for weights that are given.

        Warns
        -----
        SpeakerWarning
            If something inside splits, and no speakers are known.
        """
        self._begin_fit()
        X = self._check_input(X, reset=True)
        y = self._check_labels(X, y)
        groups = self._groups_of(X, groups)
        grown, self.source_ = self._grow(X, groups)
        params = {
            **groups_for(self.estimator, groups),
            **weights_for(self.estimator, weights_of_clips(sample_weight, X)),
            **fit_params,
        }
        params = _check_method_params(Rows(len(y)), params, indices=self.source_)
        self.estimator_ = clone(self.estimator).fit(grown, y[self.source_], **params)
        return self

    @property
    def classes_(self) -> NDArray[Any]:
        """The labels."""
        if not hasattr(self, "estimator_"):
            raise AttributeError("classes_ is known after fit.")
        classes: NDArray[Any] = self.estimator_.classes_
        return classes

    def predict(self, X: Any) -> NDArray[Any]:
        """Predict the label of each clip.

        Parameters
        ----------
        X : AudioClips, list of waveforms or paths, or array
            As in ``fit``.

        Returns
        -------
        labels : ndarray of shape (n_clips,)
            With ``test_time`` the classes of the largest averaged probabilities.
        """
        check_is_fitted(self)
        if self.test_time == 0:
            return self.estimator_.predict(self._check_input(X, reset=False))
        labels: NDArray[Any] = self.classes_[self.predict_proba(X).argmax(axis=1)]
        return labels

    @available_if(_has("predict_proba"))
    def predict_proba(self, X: Any) -> NDArray[Any]:
        """Estimate the probability of each class.

        Parameters
        ----------
        X : AudioClips, list of waveforms or paths, or array
            As in ``fit``.

        Returns
        -------
        probabilities : ndarray of shape (n_clips, n_classes)
            With ``test_time`` the mean over the clip and its views.
        """
        check_is_fitted(self)
        X = self._check_input(X, reset=False)
        total = self.estimator_.predict_proba(X)
        for views in self._changed(X, VIEW, self.test_time):
            total = total + self.estimator_.predict_proba(views)
        return total / (1 + self.test_time) if self.test_time else total

    @available_if(_has("predict_proba"))
    def predict_log_proba(self, X: Any) -> NDArray[Any]:
        """Estimate the logarithm of each class' probability.

        Parameters
        ----------
        X : AudioClips, list of waveforms or paths, or array
            As in ``fit``.

        Returns
        -------
        logarithms : ndarray of shape (n_clips, n_classes)
            Minus infinity where the probability is 0.
        """
        with np.errstate(divide="ignore"):
            logarithms: NDArray[Any] = np.log(self.predict_proba(X))
        return logarithms

    @available_if(_has_decisions)
    def decision_function(self, X: Any) -> NDArray[Any]:
        """Return the classifier's decision values; not with ``test_time``, which averages.

        Parameters
        ----------
        X : AudioClips, list of waveforms or paths, or array
            As in ``fit``.

        Returns
        -------
        decisions : ndarray of shape (n_clips,) or (n_clips, n_classes)
            Those of the wrapped classifier.
        """
        check_is_fitted(self)
        decisions: NDArray[Any] = self.estimator_.decision_function(
            self._check_input(X, reset=False)
        )
        return decisions

    # ---- what fit checks

    def _begin_fit(self) -> None:
        if not is_classifier(self.estimator):
            raise ValueError(
                f"AugmentedClassifier wraps a classifier; {type(self.estimator).__name__} is none."
            )
        augmenter = as_augmenter(self.augmenter)
        self.augmenter_ = clone(augmenter, safe=False)
        self._kind = kind_of(augmenter)
        self._seed = int(check_random_state(self.random_state).randint(_LARGEST_SEED))
        self._splits = check_splits_by_group(self.estimator, takes_clips=self._kind == "waveform")
        if self.n_copies == 0 and not self.include_original:
            raise ValueError(
                "n_copies=0 with include_original=False leaves nothing to fit on. Set one of them."
            )
        shows_methods = hasattr(self.estimator, "predict")  # a stack does only once fitted
        if self.test_time and shows_methods and not hasattr(self.estimator, "predict_proba"):
            raise ValueError(
                f"test_time={self.test_time} averages probabilities, and "
                f"{type(self.estimator).__name__} has no predict_proba. Set test_time=0, or wrap "
                "it in CalibratedClassifierCV(..., cv=SpeakerKFold(3))."
            )

    def _check_input(self, X: Any, *, reset: bool) -> Any:
        dimensions = len(getattr(X, "shape", ()))
        if self._kind == "sequence":
            if isinstance(X, AudioClips) or dimensions != 3:
                raise AudioError(wrong_kind(self._kind, self.augmenter, X))
            return validate_data(self, X, reset=reset, dtype=np.float32, allow_nd=True)
        if dimensions > 2:
            raise AudioError(wrong_kind(self._kind, self.augmenter, X))
        if isinstance(X, list | tuple) and len(X) and is_path(X[0]):
            X = AudioLoader(self.sample_rate).fit_transform(X)
        return self._check_speech(X, reset=reset)

    def _check_labels(self, X: Any, y: Any) -> NDArray[Any]:
        if y is None:
            raise ValueError(
                f"{type(self).__name__} requires y to be passed, but the target y is None."
            )
        labels: NDArray[Any] = _check_y(y, estimator=self)
        check_consistent_length(X, labels)
        check_classification_targets(labels)
        return labels

    def _groups_of(self, X: Any, groups: Any) -> NDArray[Any]:
        known = getattr(X, "speakers", None) if groups is None else column_or_1d(groups)
        if known is None:
            if self._splits:
                warnings.warn(_NO_SPEAKERS, SpeakerWarning, stacklevel=4)
            return np.arange(len(X))
        check_consistent_length(X, known)
        return known

    # ---- copies

    def _grow(self, X: Any, groups: NDArray[Any]) -> tuple[Any, NDArray[np.intp]]:
        """Return the originals, then the copies, and the place each row came from."""
        if isinstance(X, AudioClips):
            X = with_speakers(X, groups)
        copies = self._changed(X, COPY, self.n_copies)
        parts = [X, *copies] if self.include_original else copies
        source = np.tile(np.arange(len(X)), len(parts))
        return join(parts), source

    def _changed(self, X: Any, role: int, count: int) -> list[Any]:
        """Return so many changed versions of the clips."""
        if count == 0:
            return []
        sample_rate = self.sample_rate if self._kind == "waveform" else None
        memory = _usable_memory(self.memory, may_create=role == COPY)
        changes = [
            Augmentation(self.augmenter_, sample_rate, self._seed, role, number, memory)
            for number in range(1, count + 1)
        ]
        if isinstance(X, AudioClips):
            return augmented_clips(X, changes, self.n_jobs)
        return augmented_sequences(X, changes, self.n_jobs)

    def __sklearn_is_fitted__(self) -> bool:
        return hasattr(self, "estimator_")

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        inner = get_tags(self.estimator)
        if inner.classifier_tags is not None:
            tags.classifier_tags = inner.classifier_tags
        tags.non_deterministic = inner.non_deterministic
        tags.input_tags.three_d_array = getattr(self.augmenter, "input_kind", "") == "sequence"
        return tags
