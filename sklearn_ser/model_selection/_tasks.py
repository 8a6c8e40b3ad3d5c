"""One tuned fit of one pipeline on one fold, and the folds themselves."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from math import nan
from time import perf_counter
from typing import Any, NamedTuple

import numpy as np
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV, StratifiedKFold
from sklearn.utils import _safe_indexing
from threadpoolctl import threadpool_limits

from sklearn_ser.model_selection._split import SpeakerKFold

SPEAKERS = "speakers"
RANDOM = "random clips"


@dataclass(frozen=True)
class Fold:
    """Clips to tune and train on, how to tune on them, and clips to test on."""

    split: str
    number: int
    train: np.ndarray
    test: np.ndarray
    inner: list[tuple[np.ndarray, np.ndarray]]


class Choice(NamedTuple):
    """Parameters that inner folds chose, or none where there was nothing to choose."""

    params: dict[str, Any]
    inner_score: float
    n_candidates: int


@dataclass(frozen=True)
class Outcome:
    """What one pipeline did on one fold."""

    pipeline: str
    fold: Fold
    predicted: np.ndarray
    params: dict[str, Any]
    inner_score: float
    n_candidates: int
    tuning_seconds: float
    fit_seconds: float
    predict_seconds: float
    warnings: list[str] = field(default_factory=list)


def speaker_folds(
    X: Any, y: np.ndarray, speakers: np.ndarray, outer: Any, inner: Any, seed: int
) -> Iterator[Fold]:
    """Yield folds whose test speakers are unknown to training, and tuning likewise inside."""
    outer = at_most(outer, len(np.unique(speakers)))
    for number, (train, test) in enumerate(split_quietly(outer, X, y, speakers)):
        here = speakers[train]
        tuning = tuning_splitter(inner, here, seed)
        pairs = split_quietly(tuning, _safe_indexing(X, train), y[train], here)
        yield Fold(SPEAKERS, number, train, test, pairs)


def split_quietly(
    splitter: Any, X: Any, y: np.ndarray, speakers: np.ndarray
) -> list[tuple[np.ndarray, np.ndarray]]:
    """Split by speakers where the splitter asks for groups; one that does not takes no notice."""
    with warnings.catch_warnings():
        # Splitters that are not about groups say so; whether speakers are apart is checked after.
        warnings.filterwarnings("ignore", message="The groups parameter is ignored")
        return list(splitter.split(X, y, speakers))


def random_folds(y: np.ndarray, n_outer: int, n_inner: int, seed: int) -> Iterator[Fold]:
    """Yield stratified random folds over clips, at both levels: the split that leaks speakers."""
    places = np.zeros(len(y))
    for number, (train, test) in enumerate(_stratified(n_outer, y, seed).split(places, y)):
        tuning = _stratified(n_inner, y[train], seed)
        pairs = list(tuning.split(places[train], y[train]))
        yield Fold(RANDOM, number, train, test, pairs)


def at_most(splitter: Any, n_speakers: int) -> Any:
    """Lower the number of speaker folds to that of the speakers."""
    if isinstance(splitter, SpeakerKFold) and splitter.n_splits > n_speakers >= 2:
        return SpeakerKFold(
            n_speakers, shuffle=splitter.shuffle, random_state=splitter.random_state
        )
    return splitter


def tuning_splitter(inner: Any, speakers: np.ndarray, seed: int) -> Any:
    """Tune by speaker; by clip only where a single training voice leaves no other way."""
    n_speakers = len(np.unique(speakers))
    if isinstance(inner, SpeakerKFold) and n_speakers == 1:
        return StratifiedKFold(inner.n_splits, shuffle=True, random_state=seed)
    return at_most(inner, n_speakers)


def _stratified(n_splits: int, y: np.ndarray, seed: int) -> StratifiedKFold:
    largest_class = int(np.unique(y, return_counts=True)[1].max())
    return StratifiedKFold(max(2, min(n_splits, largest_class)), shuffle=True, random_state=seed)


def run_fold(
    name: str, estimator: Any, grid: Any, fold: Fold, X: Any, y: np.ndarray, scoring: Any
) -> Outcome:
    """Tune on the inner folds, fit the winner on the training clips, predict the test clips."""
    # One thread in each task: several tasks run side by side, and results do not depend on how
    # many do.
    with threadpool_limits(1), warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            outcome = _tune_fit_predict(name, estimator, grid, fold, X, y, scoring)
        except Exception as error:
            error.add_note(f"This happened in pipeline {name!r}, {fold.split}, fold {fold.number}.")
            raise
    return replace(outcome, warnings=[f"{w.category.__name__}: {w.message}" for w in caught])


def _tune_fit_predict(
    name: str, estimator: Any, grid: Any, fold: Fold, X: Any, y: np.ndarray, scoring: Any
) -> Outcome:
    X_train, X_test = _safe_indexing(X, fold.train), _safe_indexing(X, fold.test)
    y_train = y[fold.train]
    started = perf_counter()
    choice = tune(estimator, grid, X_train, y_train, cv=fold.inner, scoring=scoring)
    # The refit is done by hand, without a cache, so that the times hold for clips never met.
    model = without_cache(clone(estimator).set_params(**clone_params(choice.params)))
    tuned = perf_counter()
    model.fit(X_train, y_train)
    fitted = perf_counter()
    predicted = np.asarray(model.predict(X_test))
    done = perf_counter()
    return Outcome(
        pipeline=name,
        fold=fold,
        predicted=predicted,
        params=choice.params,
        inner_score=choice.inner_score,
        n_candidates=choice.n_candidates,
        tuning_seconds=tuned - started,
        fit_seconds=fitted - tuned,
        predict_seconds=done - fitted,
    )


def tune(
    estimator: Any, grid: Any, X: Any, y: Any, *, cv: Any, scoring: Any, n_jobs: int | None = None
) -> Choice:
    """Choose among the candidates by a grid search; without a grid nothing is fitted."""
    if grid is None:
        return Choice({}, nan, 1)
    search = GridSearchCV(
        estimator,
        grid,
        scoring=scoring,
        cv=cv,
        n_jobs=n_jobs,
        refit=False,
        error_score="raise",
    ).fit(X, y)
    n_candidates = len(search.cv_results_["params"])
    return Choice(search.best_params_, float(search.best_score_), n_candidates)


def clone_params(params: dict[str, Any]) -> dict[str, Any]:
    """Copy candidate values that are estimators, as scikit-learn's searches do."""
    return {name: clone(value, safe=False) for name, value in params.items()}


def without_cache(estimator: Any) -> Any:
    """Set every `memory` of an estimator and its steps to None."""
    caches = [name for name in estimator.get_params() if name.rpartition("__")[2] == "memory"]
    return estimator.set_params(**dict.fromkeys(caches))
