"""How much a model's score owes to each family of features, on voices it has not heard."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from numbers import Integral
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.base import clone
from sklearn.utils import _safe_indexing, check_consistent_length, check_random_state, column_or_1d
from sklearn.utils.multiclass import check_classification_targets
from threadpoolctl import threadpool_limits

from sklearn_ser.metrics import chance_level
from sklearn_ser.model_selection._feature_families import Families, families_of
from sklearn_ser.model_selection._feature_tables import OpenModel, keep_columns
from sklearn_ser.model_selection._heard import refuse_heard
from sklearn_ser.model_selection._importance_scores import SpeakerScores
from sklearn_ser.model_selection._split import SpeakerKFold, encode_speakers
from sklearn_ser.model_selection._tasks import at_most, split_quietly
from sklearn_ser.utils._parallel import parallel_map

__all__ = ["feature_importance_report"]

Labels = NDArray[Any]


def feature_importance_report(
    estimator: Any,
    X: Any,
    y: Any,
    *,
    groups: Any = None,
    cv: Any = None,
    n_repeats: int = 10,
    families: Callable[[str], str] | dict[str, str] | None = None,
    alone: bool = False,
    random_state: int | np.random.RandomState | None = None,
    n_jobs: int | None = None,
    verbose: int = 0,
) -> pd.DataFrame:
    """Tell what a model for unseen voices owes to each family of its features.

    In each fold of speakers the model is fitted on the others, and the features of the fold's clips
    are extracted once. Then all columns of one family are taken from other clips of the fold, and
    the model is asked again [1]_. The importance of the family is the unweighted average recall
    (UAR) that is lost, over the pooled predictions of all folds.

    **Why families.** Descriptors of speech are many views of few things: the mean and the median
    of a coefficient, or its neighbours, say nearly the same. Where one column is permuted, the
    others stand in for it, and every column seems to be worth nothing. So a family is permuted as
    a whole, all of its columns from the same other clip, which keeps the family true to itself.
    Families stand in for each other as well: a family without importance may be rich, and its
    content be found elsewhere. What it holds by itself is told with ``alone=True``.

    **Why within the fold.** A fold's model was fitted with its own scaling on its own speakers;
    the rows that it gets are of voices that it has not heard, before and after. What is lost is
    thus what the family told about strangers, and not that it let speakers be known again.

    Parameters
    ----------
    estimator : classifier
        Unfitted. A Pipeline whose step "features" (or else whose first step with
        ``get_feature_names_out``) gives a table, as those of :func:`~sklearn_ser.make_ser_pipeline`
        do; or a search, calibration, voting or stacking around such pipelines, which is fitted
        and asked as a whole. Where X is a DataFrame, any classifier.
    X : AudioClips, DataFrame or other clips
        What it takes; their ``speakers`` are used where `groups` is None. A DataFrame is a table of
        features, with named columns, and needs `groups`.
    y : array-like of shape (n_clips,)
        The labels.
    groups : array-like of shape (n_clips,), default=None
        The speaker of each clip.
    cv : splitter, default=None
        How to split; no speaker may stand on both sides. None means ``SpeakerKFold(5)``, or as
        many folds as there are speakers.
    n_repeats : int, default=10
        How often each family is permuted.
    families : callable or mapping of str to str, default=None
        From a feature's name to its family. A mapping's keys are names, or how they begin:
        ``{"mfcc": "cepstrum", "mfcc_0": "energy"}``, where the longest that fits decides. None
        takes what the extractor says (its ``feature_families_``), else knows the descriptors of
        this package (pitch, quality, formants, shape, ...), and of others takes the name without
        index, delta and statistic ("mfcc", "mel", "zcr").
    alone : bool, default=False
        Also fit the model on each family by itself, which takes as many more fits as there are
        families; an extractor with ``memory`` extracts once for all of them.
    random_state : int, RandomState instance or None, default=None
        Seed of the permutations and of the interval. It does not matter to the result how many
        processes there are.
    n_jobs : int, default=None
        Processes, by folds.
    verbose : int, default=0
        Show a progress bar over the folds.

    Returns
    -------
    report : DataFrame
        Index "family", the most important first. Columns n_features; importance_mean and
        importance_std, UAR lost, over the repeats; importance_low and importance_high, an interval
        of 95 % from drawing speakers (NaN with fewer than 8); with `alone`, alone, the UAR of the
        family by itself. In ``report.attrs``: uar (of the whole model), chance_level, n_clips,
        n_speakers, n_repeats.

    Raises
    ------
    TypeError
        `families` is neither a function nor a mapping, or gives something else than a str.
    ValueError
        No table of named features is found, no speakers are known, a speaker stands on both sides,
        `families` says nothing of a feature, or `n_repeats` is no whole number from 1 on.
    EncoderError
        The estimator holds weights that were trained on one of the speakers.

    See Also
    --------
    sklearn_ser.plotting.FeatureImportanceDisplay : Draws the report.
    sklearn.inspection.permutation_importance : Column by column, for a fitted model.

    References
    ----------
    .. [1] L. Breiman, "Random Forests", Machine Learning 45, 2001.

    Examples
    --------
    >>> from sklearn_ser import make_ser_pipeline
    >>> from sklearn_ser.datasets import make_emotional_speech
    >>> from sklearn_ser.model_selection import feature_importance_report
    >>> speech = make_emotional_speech(n_speakers=3, n_repetitions=1, random_state=0)
    >>> model = make_ser_pipeline("frames", "logreg")
    >>> report = feature_importance_report(
    ...     model, speech.data, speech.target, n_repeats=2, random_state=0
    ... )
    >>> sorted(report.index)
    ['mel', 'mfcc', 'rms', 'zcr']
    >>> int(report.loc["zcr", "n_features"])
    20
    """
    labels = _check_labels(X, y)
    _check_repeats(n_repeats)
    names, speaker_of_clip = encode_speakers(X, groups, "feature_importance_report")
    refuse_heard({"whole": (estimator, None)}, names, "show what features are worth for strangers")
    folds = _folds(X, labels, speaker_of_clip, names, cv)
    seed = int(check_random_state(random_state).randint(np.iinfo(np.int32).max))
    work = _Work(estimator, X, labels, families, int(n_repeats), alone, seed)
    outcomes = parallel_map(
        partial(_run, work),
        [(number, *fold) for number, fold in enumerate(folds)],
        n_jobs=n_jobs,
        label="folds",
        verbose=verbose,
    )
    return _report(outcomes, labels, speaker_of_clip, work)


@dataclass(frozen=True)
class _Work:
    """What is done in every fold."""

    estimator: Any
    X: Any
    y: Labels
    families: Families
    n_repeats: int
    alone: bool
    seed: int


class _OfFamily(NamedTuple):
    """One family in one fold: predictions without what it tells, and of it alone."""

    n_features: int
    permuted: list[Labels]
    alone: Labels | None


@dataclass
class _Outcome:
    """One fold: the clips that were tested, predictions of the model, and those by family."""

    test: NDArray[np.intp]
    predicted: Labels
    families: dict[str, _OfFamily] = field(default_factory=dict)


def _check_labels(X: Any, y: Any) -> Labels:
    check_consistent_length(X, y)
    labels: Labels = column_or_1d(y)
    check_classification_targets(labels)
    return labels


def _check_repeats(n_repeats: Any) -> None:
    if not isinstance(n_repeats, Integral) or isinstance(n_repeats, bool) or n_repeats < 1:
        raise ValueError(f"n_repeats={n_repeats!r} is no whole number from 1 on.")


def _folds(
    X: Any, y: Labels, speaker_of_clip: NDArray[np.intp], names: Labels, cv: Any
) -> list[tuple[NDArray[np.intp], NDArray[np.intp]]]:
    splitter = at_most(SpeakerKFold(5) if cv is None else cv, len(names))
    folds = split_quietly(splitter, X, y, speaker_of_clip)
    for train, test in folds:
        shared = np.intersect1d(speaker_of_clip[train], speaker_of_clip[test])
        if len(shared):
            raise ValueError(
                f"cv must keep speakers apart; {splitter!r} puts '{names[shared[0]]}' on both "
                "sides, where a family is worth something because it lets a speaker be known "
                "again. Use SpeakerKFold."
            )
    tested = np.concatenate([test for _, test in folds])
    if len(np.unique(tested)) < len(tested):
        raise ValueError(f"cv must test no clip twice; {splitter!r} does. Use SpeakerKFold.")
    return folds


def _run(work: _Work, number: int, train: NDArray[np.intp], test: NDArray[np.intp]) -> _Outcome:
    """Fit on the training clips, and predict the others with one family after another lost."""
    X_test = _safe_indexing(work.X, test)
    with threadpool_limits(1):  # so that results do not depend on how many folds run side by side
        model = OpenModel(_fitted(clone(work.estimator), work, train), X_test)
        family_of = families_of(model.names, work.families, model.families)
        outcome = _Outcome(test, model.predict())
        shuffles = list(_shuffles(work, number, len(test)))
        for family in dict.fromkeys(family_of.values()):
            belongs = _Belongs(family_of, family)
            outcome.families[family] = _OfFamily(
                n_features=sum(map(belongs, model.names)),
                permuted=[model.predict(belongs, rows) for rows in shuffles],
                alone=_alone(work, model, belongs, train, X_test) if work.alone else None,
            )
    return outcome


@dataclass(frozen=True)
class _Belongs:
    """Whether a feature belongs to a family."""

    family_of: dict[str, str]
    family: str

    def __call__(self, name: str) -> bool:
        return self.family_of[name] == self.family


def _fitted(estimator: Any, work: _Work, train: NDArray[np.intp], columns: Any = None) -> Any:
    X = _safe_indexing(work.X, train)
    return estimator.fit(X if columns is None else X.loc[:, columns], work.y[train])


def _shuffles(work: _Work, number: int, n_clips: int) -> Iterator[NDArray[np.intp]]:
    """Draw the rows of each repeat, the same for all families, whichever there are."""
    rng = np.random.default_rng([work.seed, number])
    for _ in range(work.n_repeats):
        yield rng.permutation(n_clips)


def _alone(
    work: _Work, model: OpenModel, belongs: _Belongs, train: NDArray[np.intp], X_test: Any
) -> Labels:
    """Fit once more, on the columns of a family, and predict."""
    columns = np.array([belongs(name) for name in model.tables[0].names], dtype=bool)
    estimator = clone(work.estimator)
    if isinstance(X_test, pd.DataFrame):
        fitted = _fitted(estimator, work, train, columns)
        return np.asarray(fitted.predict(X_test.loc[:, columns]))
    fitted = _fitted(keep_columns(estimator, columns), work, train)
    return np.asarray(fitted.predict(X_test))


def _report(
    outcomes: list[_Outcome], y: Labels, speaker_of_clip: NDArray[np.intp], work: _Work
) -> pd.DataFrame:
    tested = np.concatenate([outcome.test for outcome in outcomes])
    scores = SpeakerScores(y[tested], speaker_of_clip[tested], work.seed)
    predicted = np.concatenate([outcome.predicted for outcome in outcomes])
    families = dict.fromkeys(family for outcome in outcomes for family in outcome.families)
    rows = {
        family: _row([_part(outcome, family, work) for outcome in outcomes], predicted, scores)
        for family in families
    }
    report = pd.DataFrame.from_dict(rows, orient="index").rename_axis("family")
    report = report.sort_values("importance_mean", ascending=False, kind="stable")
    report.attrs = {
        "uar": scores.uar(predicted),
        "chance_level": chance_level(y[tested]),
        "n_clips": len(tested),
        "n_speakers": len(np.unique(speaker_of_clip[tested])),
        "n_repeats": work.n_repeats,
    }
    return report


def _part(outcome: _Outcome, family: str, work: _Work) -> _OfFamily:
    """Return what became of a family in a fold; a fold whose model lacks it loses nothing."""
    alone = outcome.predicted if work.alone else None
    lacking = _OfFamily(0, [outcome.predicted] * work.n_repeats, alone)
    return outcome.families.get(family, lacking)


def _row(parts: list[_OfFamily], predicted: Labels, scores: SpeakerScores) -> dict[str, float]:
    """Pool a family's predictions of all folds and score them."""
    repeats = zip(*(part.permuted for part in parts), strict=True)
    lost = scores.lost(predicted, [np.concatenate(repeat) for repeat in repeats])
    row = {"n_features": max(part.n_features for part in parts), **lost}
    alone = [part.alone for part in parts if part.alone is not None]
    return {**row, "alone": scores.uar(np.concatenate(alone))} if alone else row
