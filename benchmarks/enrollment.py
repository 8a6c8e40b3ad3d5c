"""How many clips of a new speaker are enough for a pipeline that standardises by speaker.

The curve is :func:`sklearn_ser.model_selection.enrollment_curve` on RAVDESS' actors, five folds by
speaker, pipelines at their defaults. Then the same pipeline with clips of one mood enrolled: the
actor's neutral ones, or as many of any mood, scored on clips that are not neutral and not enrolled.
Last, transductive calls: each actor's clips are parted at random into calls of so many clips.

Run as ``python -m benchmarks.enrollment [--write]``, with ``SKLEARN_SER_DATA`` naming the folder
that holds ``ravdess``; without it nothing is measured.
"""

from __future__ import annotations

import os
import sys
import tempfile
import warnings
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks._report import environment, table, write_section
from sklearn_ser import make_ser_pipeline
from sklearn_ser.datasets import load_ravdess
from sklearn_ser.metrics import unweighted_average_recall
from sklearn_ser.model_selection import EnrollmentCurve, SpeakerKFold, enrollment_curve

PIPELINES = ("frames-svm", "frames-logreg")
DRAWS = 3
MOODS = (1, 2, 4)
CALLS = (1, 2, 3, 4, 8, 16, 30)
NEUTRAL = "neutral"
TRANSDUCTIVE = "own unlabelled clips"
CURVE = ["pipeline", "features", "known of the speaker", "clips", "UAR, %", "95 % interval", "std"]
MOOD = ["clips enrolled", "neutral ones, UAR %", "of any mood, UAR %"]
CALL = ["clips of the speaker in the call", "UAR, %, transductive"]

Answers = dict[Any, list[tuple[np.ndarray, np.ndarray]]]


def make(name: str, memory: str) -> Any:
    """Make a pipeline that standardises by speaker."""
    features, classifier = name.split("-")
    return make_ser_pipeline(features, classifier, standardize="speaker", memory=memory)


def curve_rows(name: str, curve: EnrollmentCurve, *, transductive: bool) -> Iterator[list[object]]:
    """Yield the rows of a curve that are of one kind: the two never share a column."""
    for row in curve.table.itertuples():
        if (row.speaker_information == TRANSDUCTIVE) != transductive:
            continue
        interval = f"{100 * row.uar_low:.1f} to {100 * row.uar_high:.1f}"
        spread = "" if np.isnan(row.uar_std) else f"{100 * row.uar_std:.1f}"
        known = [row.features, row.speaker_information, f"{row.n_clips:g}"]
        yield [name, *known, f"{100 * row.uar:.1f}", interval, spread]


def moods_and_calls(model: Any, X: Any, y: np.ndarray) -> tuple[Answers, Answers]:
    """Ask about every clip, by enrolments of one mood or any, and in calls of several sizes."""
    moods: Answers = defaultdict(list)
    calls: Answers = defaultdict(list)
    rng = np.random.default_rng(0)
    for train, test in SpeakerKFold(5).split(X, y):
        model.fit(X[train], y[train])
        for speaker in np.unique(X.speakers[test]):
            drawn = rng.permutation(test[X.speakers[test] == speaker])
            ask_by_mood(model, X, y, drawn, moods)
            model["features"].enrolled_.clear()
            ask_in_calls(model, X, y, drawn, calls)
    return moods, calls


def ask_by_mood(model: Any, X: Any, y: np.ndarray, drawn: np.ndarray, answers: Answers) -> None:
    half = len(drawn) // 2
    quiet = drawn[y[drawn] == NEUTRAL]
    for n in MOODS:
        for name, pool, asked in (
            (NEUTRAL, quiet, drawn),
            ("any", drawn[:half], drawn[half:]),
            ("any", drawn[half:], drawn[:half]),
        ):
            asked = asked[y[asked] != NEUTRAL]
            model.enroll(X.speakers[drawn[0]], X[pool[:n]])
            answers[name, n].append((y[asked], model.predict(X[asked])))


def ask_in_calls(model: Any, X: Any, y: np.ndarray, drawn: np.ndarray, answers: Answers) -> None:
    for n in CALLS:
        for first in range(0, len(drawn) - n + 1, n):
            call = drawn[first : first + n]
            answers[n].append((y[call], model.predict(X[call])))


def uar(pairs: list[tuple[np.ndarray, np.ndarray]]) -> str:
    true, predicted = (np.concatenate(part) for part in zip(*pairs, strict=True))
    return f"{100 * unweighted_average_recall(true, predicted):.1f}"


def report(folder: Path) -> str:
    """Measure and format the tables."""
    bunch = load_ravdess(folder, clean=True)
    X, y = bunch.data, np.asarray(bunch.target)
    with tempfile.TemporaryDirectory() as memory, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of calls with too few clips, which are the point here
        curves = {
            name: enrollment_curve(make(name, memory), X, y, n_draws=DRAWS) for name in PIPELINES
        }
        moods, calls = moods_and_calls(make(PIPELINES[0], memory), X, y)
    first = curves[PIPELINES[0]]
    alone, together = (
        [row for each in curves.items() for row in curve_rows(*each, transductive=kind)]
        for kind in (False, True)
    )
    by_mood = [[n, uar(moods[NEUTRAL, n]), uar(moods["any", n])] for n in MOODS]
    return "\n\n".join(
        [
            f"RAVDESS: {len(X)} clips of {first.n_speakers} actors, five folds by speaker, "
            f"pipelines at their defaults, {first.n_draws} draws, chance "
            f"{100 * first.chance_level:.1f} %. Enrolled clips are never scored; every row is "
            "about the same clips.",
            table(CURVE, alone),
            "The same clips, transductive: each actor standardised by all own clips of the fold.",
            table(CURVE, together),
            f"{PIPELINES[0]}, what mood the enrolled clips have; scored on clips that are not "
            "neutral (7 classes).",
            table(MOOD, by_mood),
            f"{PIPELINES[0]}, transductive: nobody enrolled, calls of so many clips of a speaker "
            "(one clip: standardised by the population).",
            table(CALL, [[n, uar(calls[n])] for n in CALLS]),
            environment("numpy", "scikit-learn"),
        ]
    )


def main() -> None:
    """Print the tables, and keep them with ``--write``."""
    if "SKLEARN_SER_DATA" not in os.environ:
        print("SKLEARN_SER_DATA names no folder of corpora: nothing measured.")
        return
    text = report(Path(os.environ["SKLEARN_SER_DATA"]) / "ravdess")
    print(text)
    if "--write" in sys.argv:
        write_section("python -m benchmarks.enrollment", text)


if __name__ == "__main__":
    main()
