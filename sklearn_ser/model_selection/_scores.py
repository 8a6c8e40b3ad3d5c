"""From the outcomes of single folds to the tables of a benchmark."""

from __future__ import annotations

import json
import textwrap
import warnings
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import numpy as np
import pandas as pd

from sklearn_ser.exceptions import SpeakerWarning
from sklearn_ser.metrics import (
    chance_level,
    class_report,
    classification_summary,
    most_confused_pairs,
    per_speaker_report,
    speaker_bootstrap_interval,
)
from sklearn_ser.model_selection._information import of_kind
from sklearn_ser.model_selection._result import BenchmarkResult, chosen_row
from sklearn_ser.model_selection._split import encode_speakers
from sklearn_ser.model_selection._tasks import RANDOM, SPEAKERS, Outcome
from sklearn_ser.speakers._information import INFORMATION, NONE

Predictions = dict[str, np.ndarray]


def build_result(
    outcomes: list[Outcome],
    *,
    X: Any,
    y: np.ndarray,
    speakers: np.ndarray,
    information: Mapping[str, str],
    notes: list[str],
    human_level: float | None,
    random_state: int,
    settings: dict[str, Any],
) -> BenchmarkResult:
    """Pool the predictions of all folds and score them."""
    by_speaker = [outcome for outcome in outcomes if outcome.fold.split == SPEAKERS]
    tested = np.unique(np.concatenate([outcome.fold.test for outcome in by_speaker]))
    all_predictions = _pooled(by_speaker, len(y))
    kinds = dict(information)
    for kind in INFORMATION:
        chosen = _chosen(by_speaker, len(y), of_kind(information, kind), chosen_row(kind))
        kinds |= dict.fromkeys(chosen, kind)
        all_predictions |= chosen
    claimed = _pooled([o for o in outcomes if o.fold.split == RANDOM], len(y))
    predictions, claimed = (_at(tested, made, y.dtype) for made in (all_predictions, claimed))
    folds = _fold_table(outcomes, speakers)
    n_clips, classes, n_speakers = len(y), np.unique(y).tolist(), len(np.unique(speakers))
    frame = _prediction_table(predictions, by_speaker, X, y, speakers, tested)
    y, speakers = y[tested], speakers[tested]
    # Numbers instead of names: the interval then does not depend on how speakers are written.
    _, speaker_of_clip = encode_speakers(tested, speakers, "benchmark")
    table = _score_table(predictions, y, speaker_of_clip, random_state)
    table.insert(0, "speaker_information", table.index.map(kinds))
    table = table.join(_inner_scores_and_times(by_speaker))
    if claimed:
        table = table.join(_claims(claimed, y))
    named = list(information)
    return BenchmarkResult(
        table=table,
        folds=folds,
        predictions=frame,
        per_class=_for_each(predictions, lambda predicted: class_report(y, predicted)),
        per_speaker=_for_each(
            predictions, lambda predicted: per_speaker_report(y, predicted, speakers)
        ),
        confused=_for_each(predictions, lambda predicted: most_confused_pairs(y, predicted)),
        best_=_best(table.loc[of_kind(information, NONE) or named, "inner_score"]),
        chance_level=chance_level(y),
        human_level=human_level,
        n_candidates=int(table.loc[named, "n_candidates"].sum()),
        notes=notes + _notes_on_scores(table, n_speakers) + _notes_on_warnings(outcomes),
        settings=settings
        | {"n_clips": n_clips, "n_speakers": n_speakers, "classes": classes}
        | {"n_tested": len(tested)},
    )


def _pooled(outcomes: Iterable[Outcome], n_clips: int) -> Predictions:
    predictions: Predictions = {}
    for outcome in outcomes:
        pooled = predictions.setdefault(outcome.pipeline, np.empty(n_clips, dtype=object))
        pooled[outcome.fold.test] = outcome.predicted
    return predictions


def _at(tested: np.ndarray, predictions: Predictions, dtype: Any) -> Predictions:
    """Keep the predictions of the clips that unseen speakers were asked about."""
    return {name: pooled[tested].astype(dtype) for name, pooled in predictions.items()}


def _chosen(outcomes: list[Outcome], n_clips: int, among: list[str], row: str) -> Predictions:
    """Let each fold be answered by whom its own inner folds found best."""
    outcomes = [o for o in outcomes if o.pipeline in among and not np.isnan(o.inner_score)]
    if len({outcome.pipeline for outcome in outcomes}) < 2:
        return {}
    pooled = np.empty(n_clips, dtype=object)
    for number in {outcome.fold.number for outcome in outcomes}:
        candidates = [outcome for outcome in outcomes if outcome.fold.number == number]
        best = max(candidates, key=lambda outcome: outcome.inner_score)
        pooled[best.fold.test] = best.predicted
    return {row: pooled}


def _best(inner_scores: pd.Series) -> str:
    """Name the pipeline that inner folds found best; the first where nothing was tuned."""
    known = inner_scores.dropna()
    return str(inner_scores.index[0] if known.empty else known.idxmax())


def _score_table(
    predictions: Predictions, y: np.ndarray, speakers: np.ndarray, seed: int
) -> pd.DataFrame:
    rows = {name: _scores(y, predicted, speakers, seed) for name, predicted in predictions.items()}
    return pd.DataFrame.from_dict(rows, orient="index").rename_axis("pipeline")


def _scores(
    y: np.ndarray, predicted: np.ndarray, speakers: np.ndarray, seed: int
) -> dict[str, float]:
    scores = classification_summary(y, predicted)
    with warnings.catch_warnings():
        # Too few speakers for an interval: a note of the result says so once.
        warnings.simplefilter("ignore", SpeakerWarning)
        low, high = speaker_bootstrap_interval(y, predicted, speakers, random_state=seed)
    return {
        "uar": scores["uar"],
        "uar_low": low,
        "uar_high": high,
        "accuracy": scores["accuracy"],
        "macro_f1": scores["f1_macro"],
    }


def _inner_scores_and_times(outcomes: list[Outcome]) -> pd.DataFrame:
    rows = [
        {
            "pipeline": outcome.pipeline,
            "inner_score": outcome.inner_score,
            "n_candidates": outcome.n_candidates,
            "fit_seconds": outcome.fit_seconds,
            "predict_ms": 1000 * outcome.predict_seconds / len(outcome.fold.test),
        }
        for outcome in outcomes
    ]
    means = pd.DataFrame(rows).groupby("pipeline", sort=False).mean()
    return means.astype({"n_candidates": "Int64"})


def _claims(claimed: Predictions, y: np.ndarray) -> pd.DataFrame:
    rows = {name: classification_summary(y, predicted) for name, predicted in claimed.items()}
    frame = pd.DataFrame.from_dict(rows, orient="index")[["uar", "accuracy"]]
    return frame.add_prefix("random_")


def _fold_table(outcomes: list[Outcome], speakers: np.ndarray) -> pd.DataFrame:
    rows = [
        {
            "pipeline": outcome.pipeline,
            "split": outcome.fold.split,
            "fold": outcome.fold.number,
            "test_speakers": " ".join(map(str, np.unique(speakers[outcome.fold.test]))),
            "n_train": len(outcome.fold.train),
            "n_test": len(outcome.fold.test),
            "inner_score": outcome.inner_score,
            "params": json.dumps(outcome.params, default=str),
            "tuning_seconds": outcome.tuning_seconds,
            "fit_seconds": outcome.fit_seconds,
            "predict_seconds": outcome.predict_seconds,
        }
        for outcome in outcomes
    ]
    return pd.DataFrame(rows)


def _prediction_table(
    predictions: Predictions,
    outcomes: list[Outcome],
    X: Any,
    y: np.ndarray,
    speakers: np.ndarray,
    tested: np.ndarray,
) -> pd.DataFrame:
    fold_of_clip = np.empty(len(y), dtype=int)
    for outcome in outcomes:
        fold_of_clip[outcome.fold.test] = outcome.fold.number
    frame = pd.DataFrame(
        {"clip": tested, "speaker": speakers[tested], "fold": fold_of_clip[tested]}
    )
    paths = getattr(X, "paths", None)
    if paths is not None:
        frame.insert(1, "path", np.asarray(paths, dtype=object)[tested])
    return frame.assign(true=y[tested], **predictions)


def _for_each(
    predictions: Predictions, report: Callable[[np.ndarray], pd.DataFrame]
) -> pd.DataFrame:
    parts = {name: report(predicted) for name, predicted in predictions.items()}
    return pd.concat(parts, names=["pipeline"]).reset_index()


def _notes_on_scores(table: pd.DataFrame, n_speakers: int) -> list[str]:
    if table["uar_low"].notna().any():
        return []
    return [
        f"No interval is given: {n_speakers} speakers are too few to tell how much scores vary "
        "between speakers."
    ]


def _notes_on_warnings(outcomes: list[Outcome]) -> list[str]:
    """Say each warning of the fits once, and in how many tuned fits it came."""
    fits = Counter(text for outcome in outcomes for text in set(outcome.warnings))
    return [
        f"In {n} of {len(outcomes)} tuned fits: {textwrap.shorten(text, 200)}"
        for text, n in fits.items()
    ]
