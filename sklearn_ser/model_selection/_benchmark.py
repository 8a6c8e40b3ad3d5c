"""A nested benchmark of pipelines, grouped by speaker at both levels."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from sklearn.utils import check_consistent_length, column_or_1d
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.parallel import Parallel, delayed

from sklearn_ser.model_selection._heard import refuse_heard
from sklearn_ser.model_selection._information import information_used, notes_on_information
from sklearn_ser.model_selection._protocols import Protocol, get_protocol
from sklearn_ser.model_selection._result import BenchmarkResult
from sklearn_ser.model_selection._scores import build_result
from sklearn_ser.model_selection._sentence_splits import MetadataKFold
from sklearn_ser.model_selection._split import SpeakerKFold, encode_speakers
from sklearn_ser.model_selection._tasks import (
    SPEAKERS,
    Fold,
    Outcome,
    random_folds,
    run_fold,
    speaker_folds,
)
from sklearn_ser.utils._parallel import progress

__all__ = ["benchmark"]


def benchmark(
    pipelines: Mapping[str, tuple[Any, Any]],
    X: Any,
    y: Any,
    *,
    groups: Any = None,
    protocol: str | Protocol | None = None,
    outer: Any = None,
    inner: Any = None,
    scoring: Any = "balanced_accuracy",
    random_split: bool = True,
    human_level: float | None = None,
    n_jobs: int | None = None,
    random_state: int = 0,
    verbose: int = 0,
) -> BenchmarkResult:
    """Tune and score pipelines on speakers whom they have never heard.

    For each fold of speakers, each pipeline is tuned by a grid search on the other speakers,
    itself cross-validated by speaker, fitted on all of them, and asked for the fold's clips. The
    scores are taken over these pooled predictions. No choice ever looks at them: parameters are
    chosen on inner folds, and so is the best of several pipelines, whose own honest score (each
    fold answered by the pipeline that was best on that fold's inner folds) is a row of the table.

    A pipeline with a :class:`~sklearn_ser.SpeakerStandardizer` is told more of a speaker than the
    clip in question: the speaker's other clips of the fold, without labels. Its score is for
    people of whom many clips are there at once (transductive). The table says so in a column of
    its own, the report keeps the two kinds in tables apart, and a choice among pipelines is made
    within a kind.

    Beside it, the same procedure runs on a random split of clips, tuned on random inner folds:
    what a report would claim that lets the same speakers stand on both sides.

    Parameters
    ----------
    pipelines : dict of str to (estimator, param_grid)
        Classifiers and the candidates to try for each, as GridSearchCV takes them; an empty grid
        leaves the estimator as it is. None in place of a grid leaves the inner folds out: what
        takes long to fit is then fitted once a fold, has no inner score, and takes no part in
        the choice of the best pipeline.
    X : AudioClips or array-like of length n_clips
        The clips; their ``speakers`` are used where `groups` is None.
    y : array-like of shape (n_clips,)
        The labels.
    groups : array-like of shape (n_clips,), default=None
        The speaker of each clip, for an X that does not carry them.
    protocol : str or Protocol, default=None
        Outer and inner splitter by name, one of :func:`protocol_names`, or as
        :func:`get_protocol` returns them; the report then names it. None leaves the choice to
        `outer` and `inner`.
    outer, inner : splitter, default=None
        How to split for scoring and for tuning; None means ``SpeakerKFold(5)`` and
        ``SpeakerKFold(3)``. Where there are fewer speakers than folds, each speaker is a fold;
        where only one is left to tune on, inner folds are random clips. The notes of the result
        say so.
    scoring : str or callable, default="balanced_accuracy"
        What tuning maximises; balanced accuracy is the unweighted average recall (UAR).
    random_split : bool, default=True
        Whether to run the comparison with a random split of clips, which doubles the time.
    human_level : float, default=None
        Accuracy of people who were given the same task, to stand in the report.
    n_jobs : int, default=None
        Processes that work side by side, each on one pipeline and fold; -1 uses all cores. The
        predictions do not depend on it.
    random_state : int, default=0
        Seed of the random split and of the bootstrap behind the intervals. Pipelines have seeds
        of their own.
    verbose : int, default=0
        With 1, a progress bar on stderr.

    Returns
    -------
    BenchmarkResult
        Tables of scores and predictions; print it for a report.

    Raises
    ------
    ValueError
        If no speakers are known or there is only one, if `protocol` is not known or given
        together with a splitter, if `outer` does not test every clip once (a
        :class:`SpeakerSentenceSplit` may leave clips out) or has a speaker on both sides, if a
        grid holds candidates with and without the speakers' own clips, or if a pipeline cannot
        be fitted.
    EncoderError
        If a pipeline holds weights that were trained on one of the speakers, such as those of
        :class:`~sklearn_ser.EmotionEmbeddingTransformer` with clips of CREMA-D; the message says
        how to train them without.

    References
    ----------
    .. [1] G. C. Cawley and N. L. C. Talbot, "On Over-fitting in Model Selection and Subsequent
       Selection Bias in Performance Evaluation", JMLR 11, 2010: why tuning needs inner folds.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.linear_model import LogisticRegression
    >>> from sklearn_ser.model_selection import benchmark
    >>> rng = np.random.default_rng(0)
    >>> y = np.tile(["angry", "sad"], 32)
    >>> X = rng.normal(size=(64, 3)) + (y == "sad")[:, None]
    >>> pipelines = {"logreg": (LogisticRegression(), {"C": [0.1, 1.0]})}
    >>> result = benchmark(pipelines, X, y, groups=np.repeat(np.arange(8), 8))
    >>> bool(result.table.loc["logreg", "uar"] > result.chance_level)
    True
    >>> int(result.table.loc["logreg", "n_candidates"])
    2
    """
    y = _check_input(pipelines, X, y)
    names, speaker_of_clip = encode_speakers(X, groups, "benchmark")
    _refuse_one_speaker(names)
    speakers = names[speaker_of_clip]
    refuse_heard(pipelines, speakers, "be scored on voices held out")
    about, outer, inner = _splitters(protocol, outer, inner)
    folds = list(speaker_folds(X, y, speakers, outer, inner, random_state))
    _check_folds(folds, speakers, outer)
    notes = _notes_on_folds(folds, outer, inner, speakers, tuned=bool(_tuned(pipelines)))
    notes += _notes_on_what_was_not_tuned(pipelines)
    information = {name: information_used(name, *each) for name, each in pipelines.items()}
    notes += notes_on_information(information)
    notes += getattr(outer, "_notes", _no_notes)(X, y, speakers)
    if random_split:
        folds += random_folds(y, len(folds), len(folds[0].inner), random_state)
    outcomes = _run(pipelines, folds, X, y, scoring, n_jobs, verbose)
    return build_result(
        outcomes,
        X=X,
        y=y,
        speakers=speakers,
        information=information,
        notes=notes,
        human_level=human_level,
        random_state=random_state,
        settings=about
        | {
            "outer": repr(outer),
            "inner": repr(inner),
            "n_outer": sum(fold.split == SPEAKERS for fold in folds),
            "n_inner": len(folds[0].inner),
            "scoring": str(scoring),
            "random_state": random_state,
        },
    )


def _splitters(protocol: Any, outer: Any, inner: Any) -> tuple[dict[str, Any], Any, Any]:
    """Settle what to split with, and what to say about it."""
    if protocol is None:
        outer = SpeakerKFold(5) if outer is None else outer
        return {}, outer, SpeakerKFold(3) if inner is None else inner
    if outer is not None or inner is not None:
        raise ValueError(
            "protocol names both splitters: give protocol, or outer and inner, not both."
        )
    chosen = get_protocol(protocol) if isinstance(protocol, str) else protocol
    about = {
        "protocol": chosen.name,
        "description": chosen.description,
        "citation": chosen.citation,
    }
    return about, chosen.outer, chosen.inner


def _no_notes(*_: Any) -> list[str]:
    return []


def _check_input(pipelines: Any, X: Any, y: Any) -> np.ndarray:
    if not isinstance(pipelines, Mapping) or not pipelines:
        raise ValueError(
            "pipelines must be a dict of name to (estimator, param_grid) with at least one entry, "
            f"got {pipelines!r}."
        )
    for name, entry in pipelines.items():
        if not isinstance(entry, tuple) or len(entry) != 2:
            raise ValueError(
                f"pipelines[{name!r}] must be a pair (estimator, param_grid), got "
                f"{type(entry).__name__}. Write (estimator, {{}}) where there is nothing to tune."
            )
    check_consistent_length(X, y)
    y = column_or_1d(y)
    check_classification_targets(y)
    if len(np.unique(y)) < 2:
        raise ValueError(f"All {len(y)} clips have the label '{y[0]}': there is nothing to tell.")
    return y


def _refuse_one_speaker(names: np.ndarray) -> None:
    if len(names) == 1:
        raise ValueError(
            f"All clips are by one speaker, '{names[0]}': a score for unseen voices needs at "
            "least 2, better 8 or more. Add recordings of other people."
        )


def _check_folds(folds: list[Fold], speakers: np.ndarray, outer: Any) -> None:
    times_tested = np.bincount(
        np.concatenate([fold.test for fold in folds]), minlength=len(speakers)
    )
    fewest = 1 if getattr(outer, "_tests_every_clip", True) else 0
    if np.any((times_tested < fewest) | (times_tested > 1)):
        raise ValueError(
            f"The outer splitter must test every clip exactly once; {outer!r} tests one of them "
            f"{times_tested[times_tested != 1][0]} times. SpeakerKFold and LeaveOneGroupOut do."
        )
    for fold in folds:
        shared = np.intersect1d(speakers[fold.train], speakers[fold.test])
        if len(shared):
            raise ValueError(
                f"The outer splitter must keep speakers apart; {outer!r} puts '{shared[0]}' on "
                "both sides. Use SpeakerKFold; random_split=True shows what the other claims."
            )


def _tuned(pipelines: Mapping[str, tuple[Any, Any]]) -> list[str]:
    return [name for name, (_, grid) in pipelines.items() if grid is not None]


def _notes_on_what_was_not_tuned(pipelines: Mapping[str, tuple[Any, Any]]) -> list[str]:
    tuned = _tuned(pipelines)
    without = [name for name in pipelines if name not in tuned]
    if not tuned or not without:
        return []
    return [
        f"{', '.join(without)}: fitted without inner folds, hence not in the choice of the best."
    ]


def _notes_on_folds(
    folds: list[Fold], outer: Any, inner: Any, speakers: np.ndarray, *, tuned: bool
) -> list[str]:
    notes = []
    if isinstance(outer, SpeakerKFold) and len(folds) < outer.n_splits:
        notes.append(
            f"{outer.n_splits} folds were asked for; with {len(np.unique(speakers))} speakers "
            f"there are {len(folds)}, one for each."
        )
    if not tuned:
        return notes
    if any(_tuned_on_known_voices(fold, speakers) for fold in folds):
        by = f" but by {inner.column}" if isinstance(inner, MetadataKFold) else ""
        notes.append(
            f"Tuning was not grouped by speaker{by}: inner folds have the same voices on both "
            "sides."
        )
    elif len(folds[0].inner) < getattr(inner, "n_splits", 0):
        notes.append(f"Tuning used {len(folds[0].inner)} inner folds instead of {inner.n_splits}.")
    return notes


def _tuned_on_known_voices(fold: Fold, speakers: np.ndarray) -> bool:
    here = speakers[fold.train]
    return any(len(np.intersect1d(here[train], here[test])) for train, test in fold.inner)


def _run(
    pipelines: Mapping[str, tuple[Any, Any]],
    folds: list[Fold],
    X: Any,
    y: np.ndarray,
    scoring: Any,
    n_jobs: int | None,
    verbose: int,
) -> list[Outcome]:
    """Run every pipeline on every fold; the order of the outcomes does not depend on `n_jobs`."""
    tasks = [
        delayed(_run_numbered)(number, name, *pipelines[name], fold, X, y, scoring)
        for number, (name, fold) in enumerate((n, f) for f in folds for n in pipelines)
    ]
    workers = Parallel(n_jobs=n_jobs, return_as="generator_unordered")
    done = progress(workers(tasks), total=len(tasks), label="tuned fits", verbose=verbose)
    return [outcome for _, outcome in sorted(done, key=lambda pair: pair[0])]


def _run_numbered(number: int, *task: Any) -> tuple[int, Outcome]:
    return number, run_fold(*task)
