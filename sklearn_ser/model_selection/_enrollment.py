"""How many clips of a new speaker are enough: the score against what was enrolled."""

from __future__ import annotations

import copy
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from numbers import Integral
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.base import clone
from sklearn.pipeline import Pipeline
from sklearn.utils import _safe_indexing, check_consistent_length, column_or_1d
from sklearn.utils.parallel import Parallel, delayed

from sklearn_ser.exceptions import SpeakerWarning
from sklearn_ser.metrics import (
    chance_level,
    speaker_bootstrap_interval,
    unweighted_average_recall,
)
from sklearn_ser.model_selection._heard import refuse_heard
from sklearn_ser.model_selection._split import SpeakerKFold, encode_speakers
from sklearn_ser.model_selection._tasks import at_most
from sklearn_ser.speakers import SpeakerStandardizer
from sklearn_ser.speakers._information import ENROLLED, INFORMATION, NONE, OWN_CLIPS

__all__ = ["EnrollmentCurve", "enrollment_curve"]

Labels = NDArray[Any]

RAW = "not standardised"
POPULATION = "by the population"
BY_SPEAKER = "by speaker"


@dataclass(frozen=True)
class EnrollmentCurve:
    """Scores of :func:`enrollment_curve`; ``print(curve)`` shows them.

    Attributes
    ----------
    table : DataFrame
        One row for each state of knowledge about a new speaker: ``features`` ("not standardised",
        standardised "by the population" or "by speaker"), ``speaker_information`` ("none",
        "enrolled clips" or "own unlabelled clips", the last of which is transductive), ``n_clips``
        (known of each speaker, the mean where speakers differ), ``uar`` (mean over the draws),
        ``uar_low`` and ``uar_high`` (95 % interval by resampling speakers; missing with fewer than
        8) and ``uar_std`` (standard deviation over the draws; missing where nothing is drawn).
        Every row is scored on the same clips.
    chance_level : float
        UAR of guessing.
    n_scored : int
        Clips that are scored, each once in every draw.
    n_speakers : int
        Speakers who are scored.
    n_draws : int
        Random draws of the enrolled clips.
    """

    table: pd.DataFrame
    chance_level: float
    n_scored: int
    n_speakers: int
    n_draws: int

    def __str__(self) -> str:
        head = (
            f"{self.n_scored} clips of {self.n_speakers} speakers, unknown to the model; "
            f"{self.n_draws} draws of enrolled clips; chance level "
            f"{100 * self.chance_level:.1f} %."
        )
        parts = [
            f"Known of the speaker: {kind}{_REMARKS[kind]}\n{_laid_out(rows)}"
            for kind in INFORMATION
            if len(rows := self.table[self.table["speaker_information"] == kind])
        ]
        return "\n\n".join([head, *parts])


_REMARKS = {
    NONE: "",
    ENROLLED: ", none of which is scored",
    OWN_CLIPS: " of the call, scored ones included (transductive)",
}


def _laid_out(rows: pd.DataFrame) -> str:
    percent = (100 * rows[["uar", "uar_low", "uar_high", "uar_std"]]).map("{:.1f}".format)
    frame = pd.DataFrame(
        {
            "features": rows["features"],
            "clips": rows["n_clips"].map("{:g}".format),
            "UAR %": percent["uar"],
            "95 % interval": percent["uar_low"] + " to " + percent["uar_high"],
            "std over draws": percent["uar_std"],
        }
    )
    return str(frame.replace({"nan to nan": "-", "nan": "-"}).to_string(index=False))


def enrollment_curve(
    estimator: Pipeline,
    X: Any,
    y: Any,
    *,
    n_clips: Sequence[int | None] = (1, 2, 4, 8, 16, None),
    cv: Any = None,
    n_draws: int = 5,
    random_state: int = 0,
    n_jobs: int | None = None,
) -> EnrollmentCurve:
    """Score a pipeline on new speakers of whom so and so many clips are enrolled.

    In each fold of speakers the pipeline is fitted on the others. Then, in each draw, the clips
    of every new speaker are parted at random into two halves: of one half the first, the first
    two, the first four ... are enrolled (without their labels), the other half is predicted; and
    the other way round. So each clip is scored once in every draw, never by an enrolment that
    holds it, and all rows of the table are about the same clips.

    Beside it stand what is reached with nothing known of the speaker (the pipeline without its
    standardizer, and with it by the population of ``fit``), and the transductive score, in which
    each speaker is standardised by all own clips of the fold, as :func:`benchmark` does.

    Parameters
    ----------
    estimator : Pipeline
        An unfitted pipeline with a :class:`~sklearn_ser.SpeakerStandardizer` among its steps,
        such as ``make_ser_pipeline("frames", "svm", standardize="speaker")``. It is fitted twice a
        fold: give its extractor a ``memory``.
    X : AudioClips
        Clips with their speakers.
    y : array-like of shape (n_clips,)
        The labels.
    n_clips : sequence of int or None, default=(1, 2, 4, 8, 16, None)
        How many clips of each speaker to enrol; None, and a number that no half has, is all of
        the half.
    cv : splitter, default=None
        How to split the speakers; None means ``SpeakerKFold(5)``, or as many folds as there are
        speakers.
    n_draws : int, default=5
        How often to draw the halves.
    random_state : int, default=0
        Seed of the draws and of the bootstrap behind the intervals. The draws are the same for
        every estimator.
    n_jobs : int, default=None
        Processes, each on a fold; -1 uses all cores. The scores do not depend on it.

    Returns
    -------
    EnrollmentCurve
        The scores.

    Raises
    ------
    ValueError
        If `estimator` is no pipeline with a SpeakerStandardizer, speakers are not known, `cv` puts
        one on both sides, or a number is out of range.
    EncoderError
        If the pipeline holds weights that were trained on one of the speakers.

    See Also
    --------
    sklearn_ser.plotting.EnrollmentCurveDisplay : The same as a picture.

    Examples
    --------
    >>> from sklearn_ser import make_ser_pipeline
    >>> from sklearn_ser.datasets import make_emotional_speech
    >>> from sklearn_ser.model_selection import enrollment_curve
    >>> speech = make_emotional_speech(n_speakers=3, n_repetitions=1, random_state=0)
    >>> model = make_ser_pipeline("mfcc", "logreg", standardize="speaker")
    >>> curve = enrollment_curve(model, speech.data, speech.target, n_clips=[4], n_draws=2)
    >>> curve.table["speaker_information"].tolist()
    ['none', 'none', 'enrolled clips', 'own unlabelled clips']
    """
    place = _place_of_standardizer(estimator)
    check_consistent_length(X, y)
    y = column_or_1d(y)
    names, speaker_of_clip = encode_speakers(X, None, "enrollment_curve")
    refuse_heard({"enrolled": (estimator, None)}, names, "show what enrolling strangers gains")
    folds = list(at_most(SpeakerKFold(5) if cv is None else cv, len(names)).split(X, y))
    _check_folds(folds, speaker_of_clip, names)
    halves = _halves(speaker_of_clip, _at_least_one("n_draws", n_draws), random_state)
    counts = _counts(n_clips, halves)
    answers = Parallel(n_jobs=n_jobs)(
        delayed(_run_fold)(estimator, place, X, y, fold, speaker_of_clip, halves, counts)
        for fold in folds
    )
    tested = np.concatenate([test for _, test in folds])
    return _curve(answers, y[tested], speaker_of_clip[tested], chance_level(y), random_state)


class Half(NamedTuple):
    """In one draw: clips that are scored, and those that may be enrolled, in the drawn order."""

    draw: int
    scored: NDArray[np.intp]
    pool: NDArray[np.intp]


class Row(NamedTuple):
    """One state of knowledge about new speakers; ``asked`` is None for all clips there are."""

    features: str
    information: str
    asked: int | None = None


Answers = dict[Row, tuple[list[Labels], float]]
"""For each row the predictions of a fold's test clips, one array a draw, and the clips known."""


def _place_of_standardizer(estimator: Any) -> int:
    steps = estimator.steps if isinstance(estimator, Pipeline) else []
    for place, (_, step) in enumerate(steps):
        if isinstance(step, SpeakerStandardizer):
            return place
    raise ValueError(
        "enrollment_curve takes a pipeline with a SpeakerStandardizer among its steps, such as "
        'make_ser_pipeline("frames", "svm", standardize="speaker"); got '
        f"{type(estimator).__name__}" + (" without one." if steps else ".")
    )


def _check_folds(folds: list[Any], speaker_of_clip: Labels, names: Labels) -> None:
    for train, test in folds:
        shared = np.intersect1d(speaker_of_clip[train], speaker_of_clip[test])
        if len(shared):
            raise ValueError(
                f"cv puts {str(names[shared[0]])!r} on both sides, and the curve is about new "
                "speakers. Use SpeakerKFold."
            )


def _at_least_one(name: str, number: Any) -> int:
    if not isinstance(number, Integral) or isinstance(number, bool) or number < 1:
        raise ValueError(f"{name} must be a whole number of at least 1, got {number!r}.")
    return int(number)


def _halves(speaker_of_clip: Labels, n_draws: int, seed: int) -> list[list[Half]]:
    """Part the clips of every speaker at random, twice a draw: for each speaker his halves."""
    return [
        list(_halves_of(np.flatnonzero(speaker_of_clip == speaker), n_draws, (seed, speaker)))
        for speaker in range(speaker_of_clip.max() + 1)
    ]


def _halves_of(clips: NDArray[np.intp], n_draws: int, seed: tuple[int, int]) -> Iterator[Half]:
    rng = np.random.default_rng(seed)
    for draw in range(n_draws):
        drawn = rng.permutation(clips)
        first, second = drawn[: len(drawn) // 2], drawn[len(drawn) // 2 :]
        yield Half(draw, first, second)
        yield Half(draw, second, first)


def _counts(n_clips: Sequence[int | None], halves: list[list[Half]]) -> list[int | None]:
    most = max(len(half.pool) for of_speaker in halves for half in of_speaker)
    counts = [None if n is None else _at_least_one("n_clips", n) for n in n_clips]
    known = sorted({n for n in counts if n is not None and n < most})
    return [*known, None] if len(known) < len(set(counts)) else list(known)


class _Extracted:
    """Features of clips, and whose they are: stands where clips would be extracted again."""

    def __init__(self, features: NDArray[Any], speakers: Labels) -> None:
        self.features = features
        self.speakers = speakers

    def __len__(self) -> int:
        return len(self.features)

    def __getitem__(self, places: Any) -> _Extracted:
        return _Extracted(self.features[places], self.speakers[places])


class _AsExtracted:
    """Takes what is extracted already."""

    def transform(self, X: _Extracted) -> NDArray[Any]:
        return X.features


def _run_fold(
    estimator: Pipeline,
    place: int,
    X: Any,
    y: Labels,
    fold: tuple[NDArray[np.intp], NDArray[np.intp]],
    speaker_of_clip: Labels,
    halves: list[list[Half]],
    counts: list[int | None],
) -> Answers:
    train, test = fold
    X_train, X_test = _safe_indexing(X, train), _safe_indexing(X, test)
    name, standardizer = estimator.steps[place]
    plain = clone(estimator).set_params(**{name: clone(standardizer.extractor)})
    raw = plain.fit(X_train, y[train]).predict(X_test)
    model = clone(estimator).fit(X_train, y[train])
    before = model[:place].transform(X_test) if place else X_test
    clips = _Extracted(model[place].extractor_.transform(before), speaker_of_clip[test])
    place_in_test = np.full(len(y), -1)
    place_in_test[test] = np.arange(len(test))
    here = [
        Half(half.draw, place_in_test[half.scored], place_in_test[half.pool])
        for speaker in np.unique(speaker_of_clip[test])
        for half in halves[speaker]
    ]
    asked = _Asked(model, place, clips)
    with warnings.catch_warnings():
        # The table says how few clips there are.
        warnings.simplefilter("ignore", SpeakerWarning)
        return {Row(RAW, NONE): ([raw], 0.0)} | asked.in_every_state(here, counts)


class _Asked:
    """A fitted pipeline, asked about clips of new speakers whose features are there already."""

    def __init__(self, model: Pipeline, place: int, clips: _Extracted) -> None:
        self._standardizer = copy.copy(model[place])
        self._standardizer.extractor_ = _AsExtracted()
        self._rest = model[place + 1 :]
        self._clips = clips

    def in_every_state(self, halves: list[Half], counts: list[int | None]) -> Answers:
        answers: Answers = {Row(POPULATION, NONE): ([self._as_nobodies()], 0.0)}
        for count in counts:
            row = Row(BY_SPEAKER, ENROLLED, count)
            answers[row] = (self._enrolled(halves, count), _mean_size(halves, count))
        by_speaker = np.unique(self._clips.speakers, return_counts=True)[1]
        own = [self._predicted(slice(None), {})]
        return answers | {Row(BY_SPEAKER, OWN_CLIPS): (own, float(by_speaker.mean()))}

    def _as_nobodies(self) -> Labels:
        nobody = self._standardizer.statistics_of(self._clips.features[:0])
        return self._predicted(slice(None), dict.fromkeys(self._clips.speakers, nobody))

    def _enrolled(self, halves: list[Half], count: int | None) -> list[Labels]:
        """Predict every clip once a draw, by the first clips of the half that it is not in."""
        n_draws = 1 + max(half.draw for half in halves)
        predicted = np.empty((n_draws, len(self._clips)), dtype=object)
        for half in halves:
            if not len(half.scored):
                continue
            speaker = self._clips.speakers[half.scored[0]]
            known = self._standardizer.statistics_of(self._clips.features[half.pool[:count]])
            predicted[half.draw, half.scored] = self._predicted(half.scored, {speaker: known})
        return list(predicted)

    def _predicted(self, places: Any, enrolled: dict[Any, Any]) -> Labels:
        self._standardizer.enrolled_ = enrolled
        features = self._standardizer.transform(self._clips[places])
        return np.asarray(self._rest.predict(features))


def _mean_size(halves: list[Half], count: int | None) -> float:
    return float(np.mean([len(half.pool[:count]) for half in halves]))


def _curve(
    answers: list[Answers], y: Labels, speakers: Labels, chance: float, seed: int
) -> EnrollmentCurve:
    rows = []
    n_draws = 1
    for row in answers[0]:
        draws = [np.concatenate(parts) for parts in zip(*(a[row][0] for a in answers), strict=True)]
        n_draws = max(n_draws, len(draws))
        known = float(np.mean([a[row][1] for a in answers])) if row.asked is None else row.asked
        about = {"features": row.features, "speaker_information": row.information}
        rows.append({**about, "n_clips": known, **_scores(draws, y, speakers, seed)})
    return EnrollmentCurve(pd.DataFrame(rows), chance, len(y), len(np.unique(speakers)), n_draws)


def _scores(draws: list[Labels], y: Labels, speakers: Labels, seed: int) -> dict[str, float]:
    by_draw = [unweighted_average_recall(y, predicted.astype(y.dtype)) for predicted in draws]
    n = len(draws)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", SpeakerWarning)  # too few for an interval: it is missing
        low, high = speaker_bootstrap_interval(
            np.tile(y, n),
            np.concatenate(draws).astype(y.dtype),
            np.tile(speakers, n),
            random_state=seed,
        )
    spread = float(np.std(by_draw, ddof=1)) if n > 1 else np.nan
    return {"uar": float(np.mean(by_draw)), "uar_low": low, "uar_high": high, "uar_std": spread}
