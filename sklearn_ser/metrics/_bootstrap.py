"""How far a score may be off, given that other speakers might have been recorded."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from numbers import Integral
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.metrics import accuracy_score, balanced_accuracy_score
from sklearn.utils import check_random_state

from sklearn_ser.exceptions import SpeakerWarning
from sklearn_ser.metrics._classification import unweighted_average_recall
from sklearn_ser.metrics._counts import Answers, check_answers, check_speakers

__all__ = ["FEWEST_SPEAKERS", "speaker_bootstrap_interval"]

Metric = Callable[[Any, Any], float]

FEWEST_SPEAKERS = 8


def speaker_bootstrap_interval(
    y_true: ArrayLike,
    y_pred: ArrayLike,
    speakers: ArrayLike,
    metric: Metric | str = unweighted_average_recall,
    *,
    n_resamples: int = 2000,
    confidence_level: float = 0.95,
    random_state: int | np.random.RandomState | None = None,
) -> tuple[float, float]:
    """Interval of a score over speakers, by drawing whole speakers with replacement.

    Clips of one speaker are alike, so what varies from one test to the next is mostly who speaks.
    An interval that draws single clips is far too narrow; this one draws speakers, each with all
    of its clips (cluster bootstrap, percentiles) [1]_. The predictions stay as they are: that
    another training set would have given another model is not in it.

    Parameters
    ----------
    y_true : array-like of shape (n_clips,)
        True labels.
    y_pred : array-like of shape (n_clips,)
        Predictions for speakers that the model did not hear in training.
    speakers : array-like of shape (n_clips,)
        Who speaks, such as ``bunch.groups``.
    metric : callable or {"uar", "accuracy", "macro_f1"}, default=unweighted_average_recall
        The score. These three, scikit-learn's `accuracy_score` and `balanced_accuracy_score` are
        computed for all draws at once; any other ``metric(y_true, y_pred)`` is called for each.
    n_resamples : int, default=2000
        Number of draws.
    confidence_level : float, default=0.95
        Share of the draws that lies within the interval.
    random_state : int, RandomState instance or None, default=None
        Seed of the draws.

    Returns
    -------
    low, high : float
        Ends of the interval. With fewer than 8 speakers both are NaN, and a `SpeakerWarning` says
        that no interval is honest.

    Raises
    ------
    ValueError
        The labels do not belong together, a speaker is missing, or a parameter is out of range.

    References
    ----------
    .. [1] Field, C. A., and Welsh, A. H. (2007). Bootstrapping clustered data. Journal of the
       Royal Statistical Society B 69(3), 369-390.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_ser.metrics import speaker_bootstrap_interval
    >>> rng = np.random.RandomState(0)
    >>> y_true = np.tile(["angry", "sad"], 100)
    >>> y_pred = np.where(rng.uniform(size=200) < 0.2, "sad", y_true)
    >>> speakers = np.repeat(np.arange(10), 20)
    >>> low, high = speaker_bootstrap_interval(y_true, y_pred, speakers, random_state=0)
    >>> bool(low < np.mean(y_true == y_pred) < high)
    True
    """
    answers = check_answers(y_true, y_pred)
    names, codes = check_speakers(speakers, len(answers.true))
    _check_parameters(metric, n_resamples, confidence_level)
    if len(names) < FEWEST_SPEAKERS:
        _warn_of_few(len(names))
        return float("nan"), float("nan")
    rng = check_random_state(random_state)
    draws = rng.multinomial(len(names), np.full(len(names), 1 / len(names)), size=n_resamples)
    known = _KNOWN_METRICS.get(metric)
    if known is not None:
        scores = known(_counts_of_draws(answers, codes, draws))
    else:
        scores = _score_each(np.asarray(y_true), np.asarray(y_pred), codes, draws, metric)
    tail = (1 - confidence_level) / 2
    low, high = np.quantile(scores, [tail, 1 - tail])
    return float(low), float(high)


def _check_parameters(metric: object, n_resamples: object, confidence_level: float) -> None:
    names = sorted(name for name in _KNOWN_METRICS if isinstance(name, str))
    if not callable(metric) and metric not in names:
        raise ValueError(f"metric={metric!r} is not known; give a callable or one of {names}.")
    if not isinstance(n_resamples, Integral) or n_resamples < 1:
        raise ValueError(f"n_resamples={n_resamples!r}; give a whole number of at least 1.")
    if not 0 < confidence_level < 1:
        raise ValueError(f"confidence_level={confidence_level!r} is not between 0 and 1.")


def _warn_of_few(n_speakers: int) -> None:
    warnings.warn(
        f"no interval is given: {n_speakers} speaker(s) tell too little of how scores vary from "
        f"one speaker to the next (at least {FEWEST_SPEAKERS} are needed).",
        SpeakerWarning,
        stacklevel=3,
    )


def _counts_of_draws(
    answers: Answers, speakers: NDArray[np.intp], draws: NDArray[np.int64]
) -> NDArray[np.float64]:
    """Confusion counts of every draw: (n_draws, true class, predicted class)."""
    n_speakers, size = draws.shape[1], len(answers.labels)
    cells = (speakers * size + answers.true) * size + answers.predicted
    each = np.bincount(cells, minlength=n_speakers * size * size).reshape(n_speakers, -1)
    return (draws.astype(np.float64) @ each).reshape(len(draws), size, size)


def _score_each(
    y_true: NDArray[Any],
    y_pred: NDArray[Any],
    speakers: NDArray[np.intp],
    draws: NDArray[np.int64],
    metric: Any,
) -> NDArray[np.float64]:
    scores = np.empty(len(draws))
    for i, times in enumerate(draws):
        clips = np.repeat(np.arange(len(y_true)), times[speakers])
        scores[i] = metric(y_true[clips], y_pred[clips])
    return scores


def _uar(counts: NDArray[np.float64]) -> NDArray[np.float64]:
    """Mean recall over the classes that a draw has."""
    support = counts.sum(axis=2)
    hits = np.diagonal(counts, axis1=1, axis2=2)
    recalls = np.divide(hits, support, out=np.zeros_like(support), where=support > 0)
    return recalls.sum(axis=1) / (support > 0).sum(axis=1)


def _accuracy(counts: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.trace(counts, axis1=1, axis2=2) / counts.sum(axis=(1, 2))


def _macro_f1(counts: NDArray[np.float64]) -> NDArray[np.float64]:
    """Mean F1 over the classes that a draw has among its labels or its predictions."""
    named = counts.sum(axis=2) + counts.sum(axis=1)
    hits = 2 * np.diagonal(counts, axis1=1, axis2=2)
    f1 = np.divide(hits, named, out=np.zeros_like(named), where=named > 0)
    return f1.sum(axis=1) / (named > 0).sum(axis=1)


_KNOWN_METRICS: dict[Any, Callable[[NDArray[np.float64]], NDArray[np.float64]]] = {
    "uar": _uar,
    unweighted_average_recall: _uar,
    balanced_accuracy_score: _uar,
    "accuracy": _accuracy,
    accuracy_score: _accuracy,
    "macro_f1": _macro_f1,
}
