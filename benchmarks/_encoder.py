"""What the scripts about the voice encoder share: corpora it never heard, a control, and scores."""

from __future__ import annotations

import argparse
import os
import warnings
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from sklearn_ser.datasets import load_crema_d, load_ravdess, load_savee, load_tess
from sklearn_ser.embedding import refuse_heard_speakers
from sklearn_ser.exceptions import SpeakerWarning
from sklearn_ser.metrics import speaker_bootstrap_interval, unweighted_average_recall
from sklearn_ser.speakers import Population

DATA = "SKLEARN_SER_DATA"
SHIPPED = "crema_d"
FOREIGN = ("ravdess", "tess", "savee")
LOADERS: Mapping[str, Callable[..., Any]] = {
    "ravdess": load_ravdess,
    "tess": load_tess,
    "savee": load_savee,
    "crema_d": load_crema_d,
}
OWN_SPEED = "heard at the clip's own speed alone"
SCORES = ["UAR", "95 % of it", "accuracy", "95 % of that"]
# As SpeakerStandardizer has them unless told otherwise.
SHRINKAGE: Mapping[str, Any] = {"shrinkage": "auto", "scale_shrinkage": 8.0}


def load_unheard(name: str, weights: str) -> Any:
    """Load a corpus that is to be tested on; refuse it if the weights know one of its voices."""
    bunch = LOADERS[name](Path(os.environ[DATA]) / name)
    refuse_heard_speakers(weights, np.unique(bunch.groups), f"be tested on {name}")
    return bunch


def scores(truth: np.ndarray, predicted: np.ndarray, speakers: np.ndarray) -> list[str]:
    """Return UAR and accuracy in percent, each with its interval over speakers if there are 8."""
    cells = []
    for metric in ("uar", "accuracy"):
        found = score(truth, predicted, metric)
        cells += [f"{100 * found:.1f}", interval(truth, predicted, speakers, metric)]
    return cells


def score(truth: np.ndarray, predicted: np.ndarray, metric: str) -> float:
    """Return the share that is right, of every class alike or of all clips."""
    if metric == "accuracy":
        return float(np.mean(truth == predicted))
    return float(unweighted_average_recall(truth, predicted))


def interval(truth: np.ndarray, predicted: np.ndarray, speakers: np.ndarray, metric: str) -> str:
    """Return "low to high" in percent, drawing whole speakers; nothing where they are too few."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", SpeakerWarning)
        ends = speaker_bootstrap_interval(truth, predicted, speakers, metric, random_state=0)
    return "" if np.isnan(ends[0]) else "{:.1f} to {:.1f}".format(*(100 * end for end in ends))


def recalls(truth: np.ndarray, predicted: np.ndarray) -> dict[str, float]:
    """Return the recall of every class that occurs."""
    return {str(c): float(np.mean(predicted[truth == c] == c)) for c in np.unique(truth)}


def standardised(
    features: np.ndarray, speakers: np.ndarray, train: np.ndarray, test: np.ndarray
) -> np.ndarray:
    """Give a fold's features as SpeakerStandardizer does: learned from `train`, no labels used."""
    known = [features[train][speakers[train] == name] for name in np.unique(speakers[train])]
    population = Population.of(known)
    result = np.zeros_like(features)
    for part in (train, test):
        for name in np.unique(speakers[part]):
            here = part[speakers[part] == name]
            by = population.nobody()
            if len(here) > 1:
                by = population.speaker(features[here], **SHRINKAGE)
            result[here] = (features[here].astype(np.float64) - by.mean) / by.scale
    return result


def parser_of(description: str) -> argparse.ArgumentParser:
    """Make a command line with what all of these scripts take."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--weights", default=SHIPPED, help="shipped by name, or an .encoder file")
    parser.add_argument("--write", action="store_true", help="keep the tables in RESULTS.md")
    return parser


def has_data() -> bool:
    """Say so where no corpora are there."""
    if DATA in os.environ:
        return True
    print(f"Nothing measured: {DATA} names no folder of corpora.")
    return False


def has_cache(cache: Path | None) -> bool:
    """Say so where what takes hours would be lost."""
    if cache is not None:
        return True
    print("Nothing measured: this takes hours. --cache DIR keeps what is done.")
    return False
