"""How far a few labelled clips get: the embedding beside the functionals and MFCC.

RAVDESS, five folds by speaker. In every fold and draw, 5, 10, 20, 50 and 100 clips are drawn from
the training speakers, the classes as even as may be, each larger set with the smaller one in it. A
pipeline with logistic regression at its defaults is fitted on them and asked about every clip of
the speakers who were held out. All features get the same clips.

Run as ``python -m benchmarks.learning_curve [--draws 10] [--cache DIR] [--weights FILE] [--write]``
with SKLEARN_SER_DATA naming the folder that holds ``ravdess``.
"""

from __future__ import annotations

import argparse
import tempfile
import warnings
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.base import clone
from sklearn.exceptions import ConvergenceWarning
from threadpoolctl import threadpool_limits

from benchmarks._encoder import has_data, interval, load_unheard, parser_of, score
from benchmarks._report import environment, table, write_section
from benchmarks._tuned import progress
from sklearn_ser import EmotionEmbeddingTransformer, make_ser_pipeline
from sklearn_ser.embedding import load_encoder
from sklearn_ser.metrics import chance_level
from sklearn_ser.model_selection import SpeakerKFold

COMMAND = "python -m benchmarks.learning_curve"
SIZES = (5, 10, 20, 50, 100)
DRAWS = 10
FEATURES = ("mfcc", "functionals", "embedding", "functionals+embedding")
HEADER = ["labelled clips", "features", "UAR", "95 % of it", "std of draws", "accuracy"]

Pairs = list[tuple[np.ndarray, np.ndarray]]


def drawn(labels: np.ndarray, n_clips: int, rng: np.random.Generator) -> np.ndarray:
    """Draw clips in an order of which every beginning has its classes as even as may be."""
    left = {c: list(rng.permutation(np.flatnonzero(labels == c))) for c in np.unique(labels)}
    order: list[int] = []
    while len(order) < n_clips and left:
        for label in rng.permutation(list(left)):
            order.append(int(left[label].pop()))
            if not left[label]:
                del left[label]
    return np.array(order[:n_clips])


def tables(clips: Any, weights: str, memory: str) -> dict[str, np.ndarray]:
    """Extract every set of features of all clips; none learns from other clips."""
    found = {}
    for name in FEATURES:
        progress(f"features {name}")
        extractor = make_ser_pipeline(name, "logreg", memory=memory)["features"]
        for parameter, value in extractor.get_params().items():
            if isinstance(value, EmotionEmbeddingTransformer):
                extractor.set_params(**{f"{parameter}__weights": weights})
        if isinstance(extractor, EmotionEmbeddingTransformer):
            extractor.set_params(weights=weights)
        found[name] = extractor.fit_transform(clips)
    return found


def answers(
    features: np.ndarray,
    labels: np.ndarray,
    folds: Sequence[tuple[np.ndarray, np.ndarray]],
    sizes: Sequence[int] = SIZES,
    draws: int = DRAWS,
) -> dict[int, list[np.ndarray]]:
    """Return for every size and draw what is said of each clip by whom never heard its speaker."""
    model = make_ser_pipeline("mfcc", "logreg")[2:]  # what comes after the features
    said = {size: [np.zeros_like(labels) for _ in range(draws)] for size in sizes}
    for number, (train, test) in enumerate(folds):
        for draw in range(draws):
            rng = np.random.default_rng((draw, number))
            order = train[drawn(labels[train], max(sizes), rng)]
            for size in sizes:
                fitted = clone(model).fit(features[order[:size]], labels[order[:size]])
                said[size][draw][test] = fitted.predict(features[test])
    return said


def rows(
    found: Mapping[str, Mapping[int, Sequence[np.ndarray]]],
    labels: np.ndarray,
    speakers: np.ndarray,
) -> Iterator[list[str]]:
    """Yield the scores by size, the features beside each other."""
    for size in next(iter(found.values())):
        for name, of_features in found.items():
            each = of_features[size]
            uars = [100 * score(labels, said, "uar") for said in each]
            rights = [100 * score(labels, said, "accuracy") for said in each]
            together = (np.tile(labels, len(each)), np.concatenate(each))
            ends = interval(*together, np.tile(speakers, len(each)), "uar")
            cells = [f"{np.mean(uars):.1f}", ends, f"{np.std(uars):.1f}", f"{np.mean(rights):.1f}"]
            yield [str(size), name, *cells]


def report(weights: str, memory: str, draws: int) -> str:
    """Measure and format the curve."""
    speech = load_unheard("ravdess", weights)
    labels = np.asarray(speech.target).astype(str)
    speakers = np.asarray(speech.groups).astype(str)
    folds = list(SpeakerKFold(5).split(speech.data, labels))
    features = tables(speech.data, weights, memory)
    found = {}
    for name, table_of in features.items():
        progress(f"fits on {name}, {table_of.shape[1]} columns")
        found[name] = answers(table_of, labels, folds, draws=draws)
    encoder = load_encoder(weights)
    return "\n\n".join(
        [
            f"RAVDESS: {len(labels)} clips of {len(set(speakers))} actors, five folds by speaker, "
            f"{draws} draws of the labelled clips in each, chance "
            f"{100 * chance_level(labels):.1f}. In %: mean over the draws, interval over speakers, "
            "and the standard deviation of the draws. Logistic regression at the package's "
            f"defaults, features as they are. Weights {encoder.name!r}, SHA-256 "
            f"{encoder.sha256[:12]}.",
            table(HEADER, rows(found, labels, speakers)),
            environment("numpy", "scikit-learn", "onnxruntime"),
        ]
    )


def arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = parser_of("Measure how far a few labelled clips get.")
    parser.add_argument("--draws", type=int, default=DRAWS, help="of the labelled clips")
    parser.add_argument("--cache", type=Path, help="folder for the features; else they are lost")
    return parser.parse_args()


def main() -> None:
    """Print the curve, and keep it where asked to."""
    asked = arguments()
    if not has_data():
        return
    with (
        tempfile.TemporaryDirectory() as passing,
        threadpool_limits(1),
        warnings.catch_warnings(),
    ):
        warnings.simplefilter("ignore", ConvergenceWarning)
        memory = passing if asked.cache is None else str(asked.cache / "features")
        text = report(asked.weights, memory, asked.draws)
    print(text, flush=True)
    if asked.write:
        write_section(COMMAND, text)


if __name__ == "__main__":
    main()
