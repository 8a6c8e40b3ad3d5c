"""Three classifiers tuned by inner folds, made affordable for thousands of columns.

Each gives what scikit-learn's own search over the same grid would give; the distances of the SVM
are computed once a fold, the columns of the logistic regression are rotated to as few as there
are clips (its penalty does not see a rotation), and boosting's number of trees is read off one fit.
"""

from __future__ import annotations

import itertools
import sys
import time
import warnings
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.feature_selection import SelectKBest, f_classif
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import recall_score
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

Candidate = tuple[float, ...]
Pairs = Sequence[tuple[np.ndarray, np.ndarray]]
Fold = tuple[np.ndarray, np.ndarray, Pairs]  # training clips, test clips, inner folds of the former

# Both are relative to the number of columns, so that the same grid suits 88 and 6,373 of them.
SVM_WIDTHS = (0.1, 0.3, 1.0)  # gamma times columns times variance; 1 is scikit-learn's "scale"
SVM_COSTS = (1.0, 3.0, 10.0)
LOGREG_COSTS = (1.0, 3.0, 10.0, 30.0)  # C times columns
BOOSTING_TREES = (25, 50, 100)
BOOSTED_COLUMNS = 300  # those with the largest F of an analysis of variance
MOST_DEVIATIONS = 3.0  # as the package's own pipelines cut scaled features

# Rotating costs as much as many a fit; below this many columns a clip it does not pay.
_COLUMNS_WORTH_ROTATING = 1.5


@dataclass(frozen=True)
class Task:
    """One fold: scaled features to train and to test on, and how to tune on the former."""

    train: np.ndarray
    labels: np.ndarray
    test: np.ndarray
    inner: Pairs


class Answer(NamedTuple):
    """What the tuned model says of the test clips, and which candidate was chosen."""

    predicted: np.ndarray
    chosen: Candidate
    inner_uar: float


def tuned_svm(
    task: Task, widths: Sequence[float] = SVM_WIDTHS, costs: Sequence[float] = SVM_COSTS
) -> Answer:
    """Tune an RBF machine, one class against one."""
    between = squared_distances(task.train, task.train)
    gammas = {width: width / task.train.shape[1] / task.train.var() for width in widths}
    scores = _svm_scores(between, task, gammas, costs)
    chosen, score = best_of(scores)
    gamma = gammas[chosen[0]]
    model = _machine(chosen[1]).fit(_kernel(between, gamma), task.labels)
    to_test = _kernel(squared_distances(task.test, task.train), gamma)
    return Answer(model.predict(to_test), chosen, score)


def _svm_scores(
    between: np.ndarray, task: Task, gammas: Mapping[float, float], costs: Sequence[float]
) -> dict[Candidate, list[float]]:
    scores: dict[Candidate, list[float]] = defaultdict(list)
    for (width, gamma), (fit, held) in itertools.product(gammas.items(), task.inner):
        kernel = _kernel(between[:, fit], gamma)
        for cost in costs:
            model = _machine(cost).fit(kernel[fit], task.labels[fit])
            found = uar(task.labels[held], model.predict(kernel[held]))
            scores[width, cost].append(found)
    return scores


def _machine(cost: float) -> SVC:
    return SVC(C=cost, kernel="precomputed", class_weight="balanced", cache_size=500)


def _kernel(squared: np.ndarray, gamma: float) -> np.ndarray:
    kernel: np.ndarray = np.exp(squared * np.float32(-gamma)).astype(np.float64)
    return kernel


def squared_distances(rows: np.ndarray, columns: np.ndarray) -> np.ndarray:
    """Return the squared distance of each row of one table to each of the other's."""
    lengths = np.einsum("ij,ij->i", rows, rows)[:, None] + np.einsum("ij,ij->i", columns, columns)
    return np.maximum(lengths - 2 * (rows @ columns.T), 0)


def tuned_logistic_regression(task: Task, costs: Sequence[float] = LOGREG_COSTS) -> Answer:
    """Tune a multinomial logistic regression with an L2 penalty."""
    train, test = rotated(task.train, task.test)
    n_columns = task.train.shape[1]
    scores: dict[Candidate, list[float]] = defaultdict(list)
    for fit, held in task.inner:
        model = _regression()
        for cost in sorted(costs):  # from strong to weak, each fit starts where the last one ended
            model.set_params(C=cost / n_columns).fit(train[fit], task.labels[fit])
            scores[(cost,)].append(uar(task.labels[held], model.predict(train[held])))
    chosen, score = best_of(scores)
    model = _regression().set_params(C=chosen[0] / n_columns).fit(train, task.labels)
    return Answer(model.predict(test), chosen, score)


def _regression() -> LogisticRegression:
    return LogisticRegression(class_weight="balanced", max_iter=500, warm_start=True)


def rotated(train: np.ndarray, test: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Turn both tables into the coordinates in which the training clips lie, if these are few.

    What is left out of the test clips is at right angles to all training clips, and so to the
    weights of any model that is penalised by their length.
    """
    n_clips, n_columns = train.shape
    if n_columns < _COLUMNS_WORTH_ROTATING * n_clips:
        return train, test
    within = train.astype(np.float64)
    values, vectors = np.linalg.eigh(within @ within.T)
    real = values > values[-1] * 1e-10
    lengths = np.sqrt(values[real])
    onto = within.T @ (vectors[:, real] / lengths)
    return (vectors[:, real] * lengths).astype(np.float32), (test @ onto).astype(np.float32)


def tuned_boosting(task: Task, n_trees: Sequence[int] = BOOSTING_TREES) -> Answer:
    """Tune the number of trees of histogram gradient boosting."""
    scores: dict[Candidate, list[float]] = defaultdict(list)
    for fit, held in task.inner:
        kept, to_fit = best_columns(task.train[fit], task.labels[fit])
        model = _boosting(max(n_trees)).fit(to_fit, task.labels[fit])
        to_hold = task.train[held][:, kept]
        for number, predicted in enumerate(model.staged_predict(to_hold), start=1):
            if number in n_trees:
                scores[(number,)].append(uar(task.labels[held], predicted))
    chosen, score = best_of(scores)
    kept, to_fit = best_columns(task.train, task.labels)
    model = _boosting(int(chosen[0])).fit(to_fit, task.labels)
    return Answer(model.predict(task.test[:, kept]), chosen, score)


def best_columns(features: np.ndarray, labels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return which columns tell these clips apart best, and these columns."""
    number = min(BOOSTED_COLUMNS, features.shape[1])
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")  # of columns that do not vary, which are never chosen
        kept = SelectKBest(f_classif, k=number).fit(features, labels).get_support(indices=True)
    return kept, features[:, kept]


def _boosting(n_trees: int) -> HistGradientBoostingClassifier:
    return HistGradientBoostingClassifier(
        max_iter=n_trees,
        learning_rate=0.1,
        max_leaf_nodes=8,
        max_features=0.1,
        max_bins=31,
        l2_regularization=1.0,
        class_weight="balanced",
        early_stopping=False,
        random_state=0,
    )


MODELS: Mapping[str, Callable[[Task], Answer]] = {
    "SVM": tuned_svm,
    "logistic regression": tuned_logistic_regression,
    "gradient boosting": tuned_boosting,
}


GRIDS: Mapping[str, Sequence[Any]] = {
    "SVM": (SVM_WIDTHS, SVM_COSTS),
    "logistic regression": LOGREG_COSTS,
    "gradient boosting": (BOOSTING_TREES, BOOSTED_COLUMNS),
}


def task(features: np.ndarray, labels: np.ndarray, fold: Fold) -> Task:
    """Scale a fold by its training clips; the inner folds share that scale, which has no labels."""
    train, test, inner = fold
    scaler = StandardScaler().fit(features[train])
    scaled = [
        np.clip(scaler.transform(features[clips]), -MOST_DEVIATIONS, MOST_DEVIATIONS)
        for clips in (train, test)
    ]
    return Task(scaled[0], labels[train], scaled[1], inner)


def predictions(
    features: np.ndarray, labels: np.ndarray, folds: Sequence[Fold], model: str, grid: Sequence[Any]
) -> np.ndarray:
    """Return what a classifier, tuned in each fold anew, says of the tested clips, else ''.

    `grid` only tells answers of other grids apart where they are kept.
    """
    said = np.zeros_like(labels)
    for number, fold in enumerate(folds, start=1):
        begin = time.perf_counter()
        answer = MODELS[model](task(features, labels, fold))
        said[fold[1]] = answer.predicted
        took = time.perf_counter() - begin
        progress(
            f"  {model}, {features.shape[1]} columns, fold {number} of {len(folds)}: {took:.0f} s, "
            f"{took * (len(folds) - number):.0f} s to go, chosen {answer.chosen}, "
            f"inner UAR {answer.inner_uar:.4f}"
        )
    return said


def progress(text: str) -> None:
    """Say how far it is, apart from the report."""
    print(text, file=sys.stderr, flush=True)


def best_of(scores: Mapping[Candidate, Iterable[float]]) -> tuple[Candidate, float]:
    """Return the candidate with the best mean, the first of equals."""
    means = {candidate: float(np.mean(list(found))) for candidate, found in scores.items()}
    best = max(means, key=means.__getitem__)
    return best, means[best]


def uar(truth: Any, predicted: Any) -> float:
    """Return the mean recall of the classes that occur."""
    classes = np.unique(truth)
    recall = recall_score(truth, predicted, labels=classes, average="macro", zero_division=0)
    return float(recall)
