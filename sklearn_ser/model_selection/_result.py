"""What a benchmark found: tables, and their way into files."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from sklearn_ser.model_selection._report import format_report
from sklearn_ser.speakers._information import NONE
from sklearn_ser.utils._files import atomic_path, check_output_folder

__all__ = ["BenchmarkResult"]

CHOSEN = "chosen on inner folds"
"""Row of the table: each fold answered by the pipeline that was best on its inner folds."""


def chosen_row(kind: str) -> str:
    """Name the row of what was chosen among the pipelines of one kind of information."""
    return CHOSEN if kind == NONE else f"{CHOSEN}, {kind}"


@dataclass(frozen=True)
class BenchmarkResult:
    """Scores and predictions of :func:`benchmark`.

    ``print(result)`` shows a report.

    Attributes
    ----------
    table : DataFrame
        One row a pipeline: ``speaker_information``, what it is told of an unseen speaker besides
        the clip in question ("none", or "own unlabelled clips": such scores are transductive and
        not to be compared with others); ``uar``, ``uar_low`` and ``uar_high`` (95 % interval by
        resampling speakers; missing with fewer than 8), ``accuracy``, ``macro_f1``,
        ``inner_score`` (mean score of the chosen parameters on inner folds, missing without them),
        ``n_candidates``, ``fit_seconds`` (one fit on a fold's training clips, features included),
        ``predict_ms`` (for one clip, features included), and of the random split of clips
        ``random_uar`` and ``random_accuracy``. Of several pipelines of a kind a last row, "chosen
        on inner folds".
    folds : DataFrame
        One row a pipeline, kind of split and fold: its speakers, sizes, inner score, chosen
        parameters and times in seconds.
    predictions : DataFrame
        One row a tested clip: ``clip`` (its position), ``path`` where known, ``speaker``, ``fold``,
        ``true`` and a column of predictions for each row of `table`.
    per_class : DataFrame
        For each pipeline precision, recall, F1 and support of each class and their averages.
    per_speaker : DataFrame
        For each pipeline the scores of each speaker.
    confused : DataFrame
        For each pipeline the pairs of classes that were most often mistaken.
    best_ : str
        The pipeline with the highest mean score on inner folds; the first where nothing was tuned.
        One that needs nothing of the speaker goes before one that does.
    chance_level : float
        UAR of guessing.
    human_level : float or None
        Accuracy of people, where the caller gave it.
    n_candidates : int
        Candidates tried on each fold, over all pipelines.
    notes : list of str
        What a reader of the scores has to know: fewer folds than asked for, warnings of fits.
    settings : dict
        Protocol where one was named, splitters, scoring, seed and sizes; ``n_tested`` counts the
        clips that the scores are over, of both kinds of split.
    """

    table: pd.DataFrame
    folds: pd.DataFrame
    predictions: pd.DataFrame
    per_class: pd.DataFrame
    per_speaker: pd.DataFrame
    confused: pd.DataFrame
    best_: str
    chance_level: float
    human_level: float | None
    n_candidates: int
    notes: list[str]
    settings: dict[str, Any]

    def __str__(self) -> str:
        return format_report(self)

    def to_dict(self) -> dict[str, Any]:
        """Return everything but the predictions as plain values that JSON can hold.

        Returns
        -------
        dict
            Missing numbers are None.
        """
        tables = {
            "table": self.table.reset_index(),
            "folds": self.folds,
            "per_class": self.per_class,
            "per_speaker": self.per_speaker,
            "confused": self.confused,
        }
        return {
            "best": self.best_,
            "chance_level": self.chance_level,
            "human_level": self.human_level,
            "n_candidates": self.n_candidates,
            "settings": self.settings,
            "notes": self.notes,
            **{name: json.loads(frame.to_json(orient="records")) for name, frame in tables.items()},
        }

    def save(self, folder: str | os.PathLike[str]) -> list[Path]:
        """Write the tables to a folder, each file whole or not at all.

        Parameters
        ----------
        folder : str or path
            The folder; it is made where it does not exist.

        Returns
        -------
        list of Path
            ``results.csv`` (the table), ``results.json`` (:meth:`to_dict`), ``predictions.csv``,
            ``per_class.csv``, ``per_speaker.csv``, ``confused.csv`` and ``folds.csv``.

        Raises
        ------
        OSError
            If the folder cannot be written to.
        """
        folder = check_output_folder(folder)
        texts = {
            "results.csv": self.table.to_csv(),
            "results.json": json.dumps(self.to_dict(), indent=2, ensure_ascii=False) + "\n",
            "predictions.csv": self.predictions.to_csv(index=False),
            "per_class.csv": self.per_class.to_csv(index=False),
            "per_speaker.csv": self.per_speaker.to_csv(index=False),
            "confused.csv": self.confused.to_csv(index=False),
            "folds.csv": self.folds.to_csv(index=False),
        }
        return [_write(folder / name, text) for name, text in texts.items()]


def _write(path: Path, text: str) -> Path:
    with atomic_path(path) as unfinished:
        unfinished.write_text(text, encoding="utf-8")
    return path
