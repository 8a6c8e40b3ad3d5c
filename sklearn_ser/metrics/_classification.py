"""Scores and reports from true and predicted labels."""

from __future__ import annotations

from collections.abc import Iterable
from numbers import Integral
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from sklearn.metrics import accuracy_score, f1_score, precision_recall_fscore_support

from sklearn_ser.metrics._counts import (
    check_answers,
    check_labels,
    check_speakers,
    confusion_counts,
)

__all__ = [
    "chance_level",
    "class_report",
    "classification_summary",
    "most_confused_pairs",
    "per_speaker_report",
    "unweighted_average_recall",
]

_AVERAGES = ("macro", "micro", "weighted")
_CHANCE_OF = ("uar", "accuracy")


def unweighted_average_recall(
    y_true: ArrayLike,
    y_pred: ArrayLike,
    *,
    labels: Iterable[Any] | None = None,
    sample_weight: ArrayLike | None = None,
) -> float:
    """Mean of the recalls of all classes, each counted alike however many clips it has.

    UAR is the measure of the field: a classifier that always names the commonest emotion gets
    ``1 / n_classes``, whatever its accuracy. It equals scikit-learn's balanced accuracy (scoring
    "balanced_accuracy").

    Parameters
    ----------
    y_true : array-like of shape (n_clips,)
        True labels.
    y_pred : array-like of shape (n_clips,)
        Predicted labels.
    labels : iterable, default=None
        The classes to average over. Classes without a clip in `y_true` have no recall and are
        left out; None takes all classes of `y_true`.
    sample_weight : array-like of shape (n_clips,), default=None
        Weight of each clip within its class.

    Returns
    -------
    float
        Between 0 and 1.

    Raises
    ------
    ValueError
        The labels do not belong together, or no class of `labels` has a clip (with a weight).

    References
    ----------
    .. [1] Schuller, B., Steidl, S., and Batliner, A. (2009). The INTERSPEECH 2009 Emotion
       Challenge. Proc. Interspeech, 312-315.

    Examples
    --------
    >>> from sklearn_ser.metrics import unweighted_average_recall
    >>> y_true = ["neutral", "neutral", "neutral", "angry"]
    >>> unweighted_average_recall(y_true, ["neutral", "neutral", "neutral", "neutral"])
    0.5
    """
    answers = check_answers(y_true, y_pred)
    weights = _check_weights(sample_weight, len(answers.true))
    counts = confusion_counts(answers, weights=weights)
    chosen = np.ones(len(answers.labels), dtype=bool)
    if labels is not None:
        chosen = np.isin(answers.labels, np.asarray(list(labels)))
    chosen &= counts.sum(axis=1) > 0
    if not chosen.any():
        raise ValueError("no class to average over has a clip (with a weight) in y_true.")
    recalls = np.diag(counts)[chosen] / counts.sum(axis=1)[chosen]
    return float(recalls.mean())


def _check_weights(sample_weight: Any, n_clips: int) -> NDArray[np.float64] | None:
    if sample_weight is None:
        return None
    weights = np.asarray(sample_weight, dtype=np.float64)
    if weights.shape != (n_clips,):
        raise ValueError(f"sample_weight has shape {weights.shape} for {n_clips} clips.")
    if not (np.isfinite(weights).all() and (weights >= 0).all()):
        raise ValueError("sample_weight must be finite and not negative.")
    return weights


def chance_level(y: ArrayLike, *, measure: str = "uar") -> float:
    """Score of the best classifier that does not listen.

    Parameters
    ----------
    y : array-like of shape (n_clips,)
        True labels.
    measure : {"uar", "accuracy"}, default="uar"
        UAR: ``1 / n_classes``, whatever is guessed. Accuracy: the share of the commonest class,
        by always naming it.

    Returns
    -------
    float
        Between 0 and 1.

    Raises
    ------
    ValueError
        `y` is empty or holds no classes, or the measure is not known.

    Examples
    --------
    >>> from sklearn_ser.metrics import chance_level
    >>> y = ["angry", "sad", "sad", "sad"]
    >>> chance_level(y), chance_level(y, measure="accuracy")
    (0.5, 0.75)
    """
    if measure not in _CHANCE_OF:
        raise ValueError(f"measure={measure!r} is not known; choose 'uar' or 'accuracy'.")
    _, counts = np.unique(check_labels(y, "y"), return_counts=True)
    return 1 / len(counts) if measure == "uar" else float(counts.max() / counts.sum())


def classification_summary(y_true: ArrayLike, y_pred: ArrayLike) -> dict[str, float]:
    """Compute the scores that published results are told in.

    Parameters
    ----------
    y_true : array-like of shape (n_clips,)
        True labels.
    y_pred : array-like of shape (n_clips,)
        Predicted labels; pool those of all test folds rather than averaging scores.

    Returns
    -------
    dict of str to float
        "uar", "accuracy", "f1_macro", "f1_micro" (with one label a clip it equals accuracy) and
        "f1_weighted".

    Raises
    ------
    ValueError
        The labels do not belong together.

    Examples
    --------
    >>> from sklearn_ser.metrics import classification_summary
    >>> summary = classification_summary(["angry", "angry", "sad"], ["angry", "sad", "sad"])
    >>> {name: round(score, 3) for name, score in summary.items()}
    {'uar': 0.75, 'accuracy': 0.667, 'f1_macro': 0.667, 'f1_micro': 0.667, 'f1_weighted': 0.667}
    """
    uar = unweighted_average_recall(y_true, y_pred)
    scores = {"uar": uar, "accuracy": float(accuracy_score(y_true, y_pred))}
    for average in _AVERAGES:
        score = f1_score(y_true, y_pred, average=average, zero_division=0)
        scores[f"f1_{average}"] = float(score)
    return scores


def class_report(y_true: ArrayLike, y_pred: ArrayLike) -> pd.DataFrame:
    """Precision, recall and F1 of every class, and their averages.

    Parameters
    ----------
    y_true : array-like of shape (n_clips,)
        True labels.
    y_pred : array-like of shape (n_clips,)
        Predicted labels.

    Returns
    -------
    DataFrame
        Index "class": all labels of both, sorted, then "macro", "micro" and "weighted". Columns
        precision, recall, f1 (0 where there is nothing to divide by) and support (clips).

    Raises
    ------
    ValueError
        The labels do not belong together.

    Examples
    --------
    >>> from sklearn_ser.metrics import class_report
    >>> class_report(["angry", "angry", "sad"], ["angry", "sad", "sad"]).round(2)
              precision  recall    f1  support
    class
    angry          1.00    0.50  0.67        2
    sad            0.50    1.00  0.67        1
    macro          0.75    0.75  0.67        3
    micro          0.67    0.67  0.67        3
    weighted       0.83    0.67  0.67        3
    """
    labels = check_answers(y_true, y_pred).labels
    *scores, support = precision_recall_fscore_support(
        y_true, y_pred, labels=labels, zero_division=0
    )
    columns = dict(zip(("precision", "recall", "f1"), scores, strict=True))
    report = pd.DataFrame({**columns, "support": support}, index=labels.astype(object))
    averages = {
        average: precision_recall_fscore_support(y_true, y_pred, average=average, zero_division=0)
        for average in _AVERAGES
    }
    for average, (precision, recall, f1, _) in averages.items():
        report.loc[average] = [precision, recall, f1, support.sum()]
    return report.astype({"support": int}).rename_axis("class")


def per_speaker_report(y_true: ArrayLike, y_pred: ArrayLike, speakers: ArrayLike) -> pd.DataFrame:
    """Score every speaker by itself, since a mean hides for whom a model does not work.

    Parameters
    ----------
    y_true : array-like of shape (n_clips,)
        True labels.
    y_pred : array-like of shape (n_clips,)
        Predicted labels.
    speakers : array-like of shape (n_clips,)
        Who speaks, such as ``bunch.groups``.

    Returns
    -------
    DataFrame
        Index "speaker", sorted. Columns clips, uar (over the classes that this speaker has) and
        accuracy.

    Raises
    ------
    ValueError
        The labels do not belong together, or a speaker is missing.

    Examples
    --------
    >>> from sklearn_ser.metrics import per_speaker_report
    >>> y_true, y_pred = ["angry", "sad", "sad", "sad"], ["angry", "sad", "angry", "sad"]
    >>> per_speaker_report(y_true, y_pred, ["ann", "ann", "bob", "bob"])
             clips  uar  accuracy
    speaker
    ann          2  1.0       1.0
    bob          2  0.5       0.5
    """
    answers = check_answers(y_true, y_pred)
    names, codes = check_speakers(speakers, len(answers.true))
    rows = []
    for code in range(len(names)):
        true, predicted = answers.true[codes == code], answers.predicted[codes == code]
        uar, accuracy = unweighted_average_recall(true, predicted), np.mean(true == predicted)
        rows.append((len(true), uar, accuracy))
    index = pd.Index(names.astype(object), name="speaker")
    return pd.DataFrame(rows, columns=["clips", "uar", "accuracy"], index=index)


def most_confused_pairs(
    y_true: ArrayLike, y_pred: ArrayLike, n_pairs: int | None = 5
) -> pd.DataFrame:
    """List the pairs of classes that are taken for each other most often.

    A pair stands in one row, whichever of the two is taken for the other: "fear and sadness" is
    one finding, and the row still tells the two directions apart.

    Parameters
    ----------
    y_true : array-like of shape (n_clips,)
        True labels.
    y_pred : array-like of shape (n_clips,)
        Predicted labels.
    n_pairs : int, default=5
        How many pairs at most; None gives all that are confused at all.

    Returns
    -------
    DataFrame
        Index "rank" from 1, the pair with most mistakes first. Columns true and predicted (the
        direction with more mistakes), count (clips of `true` called `predicted`), rate (their
        share of the clips of `true`), reverse_count and reverse_rate (the other direction; NaN
        where that class has no clip) and both_ways (the sum of both counts, by which pairs are
        ordered).

    Raises
    ------
    ValueError
        The labels do not belong together, or `n_pairs` is less than 1.

    Examples
    --------
    >>> from sklearn_ser.metrics import most_confused_pairs
    >>> y_true = ["fearful", "fearful", "sad", "sad", "angry"]
    >>> y_pred = ["sad", "sad", "fearful", "sad", "angry"]
    >>> print(most_confused_pairs(y_true, y_pred).T.to_string())
    rank                 1
    true           fearful
    predicted          sad
    count                2
    rate               1.0
    reverse_count        1
    reverse_rate       0.5
    both_ways            3
    """
    if n_pairs is not None and (not isinstance(n_pairs, Integral) or n_pairs < 1):
        raise ValueError(f"n_pairs={n_pairs!r}; give a whole number of at least 1, or None.")
    answers = check_answers(y_true, y_pred)
    pairs = _pairs(answers.labels.astype(object), confusion_counts(answers))
    ordered = pairs[pairs["both_ways"] > 0].sort_values(
        ["both_ways", "rate"], ascending=False, kind="stable"
    )
    listed = ordered.head(len(ordered) if n_pairs is None else n_pairs)
    return listed.set_axis(pd.RangeIndex(1, len(listed) + 1, name="rank"))


def _pairs(labels: NDArray[Any], counts: NDArray[np.float64]) -> pd.DataFrame:
    """Give a row for every unordered pair of classes, the commoner direction first."""
    first, second = np.triu_indices(len(labels), k=1)
    swap = counts[first, second] < counts[second, first]
    true, predicted = np.where(swap, second, first), np.where(swap, first, second)
    support = counts.sum(axis=1)
    share = np.divide(
        counts, support[:, None], out=np.full_like(counts, np.nan), where=support[:, None] > 0
    )
    whole = counts.astype(int)
    return pd.DataFrame(
        {
            "true": labels[true],
            "predicted": labels[predicted],
            "count": whole[true, predicted],
            "rate": share[true, predicted],
            "reverse_count": whole[predicted, true],
            "reverse_rate": share[predicted, true],
            "both_ways": whole[true, predicted] + whole[predicted, true],
        }
    )
