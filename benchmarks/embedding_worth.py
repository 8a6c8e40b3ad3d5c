"""What the voice encoder's embedding is worth on corpora and voices that it never heard.

RAVDESS, TESS and SAVEE, speakers held out, and speakers and sentences held out. Features: the
functionals, the embedding, both side by side, and as a control the embedding of the same network
with its weights drawn at random. Each set goes through an SVM and a logistic regression, tuned over
the same grids by folds of the training speakers (benchmarks/_tuned.py). Features are taken raw, or
standardised by speaker as ``SpeakerStandardizer`` does with the clips of the fold and no labels;
the latter knows the test speakers' other clips, so the two never stand in one table.

A corpus with a speaker whom the weights were trained on is refused.

Run as ``python -m benchmarks.embedding_worth --cache DIR [--corpora savee] [--weights FILE]
[--write]`` with SKLEARN_SER_DATA naming the folder of the corpora. DIR keeps features and
predictions: a run that was cut off goes on where it was; without --cache nothing is measured.
"""

from __future__ import annotations

import argparse
import time
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from joblib import Memory
from sklearn.exceptions import ConvergenceWarning
from threadpoolctl import threadpool_limits

from benchmarks._encoder import (
    FOREIGN,
    SCORES,
    has_cache,
    has_data,
    load_unheard,
    parser_of,
    score,
    scores,
    standardised,
)
from benchmarks._report import environment, table, write_section
from benchmarks._tuned import GRIDS, MODELS, Fold, progress, task
from benchmarks._untrained import untrained
from benchmarks.voice_worth import FEWEST_SPEAKERS, Study, paired_interval
from sklearn_ser import EmotionEmbeddingTransformer, make_ser_pipeline
from sklearn_ser.embedding import load_encoder
from sklearn_ser.model_selection import (
    MetadataKFold,
    Protocol,
    SpeakerSentenceSplit,
    get_protocol,
)

COMMAND = "python -m benchmarks.embedding_worth"
CLASSIFIERS = ("SVM", "logistic regression")
FUNCTIONALS, CONTROL, EMBEDDING = "functionals", "embedding, untrained", "embedding"
BOTH = "functionals + embedding"
# Two women and a list of words: named protocols hold the words out, or the woman, never both.
TESS_WORDS = Protocol(
    "tess-across-words",
    "Train on one of TESS' two women, test on the other with words that the first did not say in "
    "training, both ways and in two halves of the words; tuned by word.",
    "",
    SpeakerSentenceSplit(2),
    MetadataKFold("sentence", n_splits=3),
)
PROTOCOLS: Mapping[str, Sequence[Protocol]] = {
    "ravdess": (get_protocol("speakers"), get_protocol("speakers-sentences")),
    "tess": (get_protocol("tess-across"), TESS_WORDS),
    "savee": (get_protocol("loso"), get_protocol("loso-sentences")),
}


@dataclass(frozen=True, eq=False)
class Found:
    """What one classifier on one set of features said of the clips that were tested."""

    model: str
    features: str
    n_columns: int
    truth: np.ndarray
    predicted: np.ndarray
    speakers: np.ndarray

    def row(self, reference: Found) -> list[str]:
        """Return the scores, and the difference to the functionals, in percent."""
        cells = [self.model, self.features, str(self.n_columns)]
        cells += scores(self.truth, self.predicted, self.speakers)
        if reference is self:
            return [*cells, "", ""]
        gain = score(self.truth, self.predicted, "uar") - score(
            reference.truth, reference.predicted, "uar"
        )
        return [*cells, f"{100 * gain:+.1f}", self._interval_of_gain(reference)]

    def _interval_of_gain(self, reference: Found) -> str:
        if len(set(self.speakers)) < FEWEST_SPEAKERS:
            return ""
        ends = paired_interval(self.truth, self.predicted, reference.predicted, self.speakers)
        return "{:+.1f} to {:+.1f}".format(*(100 * end for end in ends))


def load(name: str, weights: str, cache: Path) -> Study:
    """Load a corpus that the weights never heard, with every set of features of all its clips."""
    speech = load_unheard(name, weights)
    progress(f"{name}: features")
    memory = str(cache / "features")
    functionals = make_ser_pipeline("functionals", memory=memory)["features"]
    found = {FUNCTIONALS: functionals.fit_transform(speech.data)}
    control = str(untrained(weights, cache))
    for label, file in ((CONTROL, control), (EMBEDDING, weights)):
        made = EmotionEmbeddingTransformer(weights=file, memory=memory)
        found[label] = made.fit_transform(speech.data)
    found[BOTH] = np.hstack([found[FUNCTIONALS], found[EMBEDDING]])
    return Study(name, speech.data, np.asarray(speech.target).astype(str), found)


def folds_of(study: Study, protocol: Protocol) -> list[Fold]:
    """Return training and test clips, and the inner folds of the former."""
    folds: list[Fold] = []
    for train, test in protocol.outer.split(study.clips, study.labels):
        inner = protocol.inner.split(study.clips[train], study.labels[train])
        folds.append((train, test, list(inner)))
    return folds


def answers(
    features: np.ndarray,
    labels: np.ndarray,
    speakers: np.ndarray | None,
    folds: Sequence[Fold],
    model: str,
    grid: Any,
) -> np.ndarray:
    """Return what a classifier, tuned in each fold anew, says of the tested clips, else ''.

    With `speakers` features are standardised by them. `grid` only tells answers of other grids
    apart where they are kept.
    """
    said = np.zeros_like(labels)
    for number, fold in enumerate(folds, start=1):
        begin = time.perf_counter()
        train, test, _ = fold
        given = features if speakers is None else standardised(features, speakers, train, test)
        answer = MODELS[model](task(given, labels, fold))
        said[test] = answer.predicted
        progress(
            f"  {model}, {features.shape[1]} columns, fold {number} of {len(folds)}: "
            f"{time.perf_counter() - begin:.0f} s, chosen {answer.chosen}"
        )
    return said


def outcomes(study: Study, protocol: Protocol, by_speaker: bool, memory: Memory) -> list[Found]:
    """Put every set of features through every classifier."""
    folds = folds_of(study, protocol)
    tested = np.sort(np.concatenate([test for _, test, _ in folds]))
    speakers = study.speakers if by_speaker else None
    results = []
    for model in CLASSIFIERS:
        for name, features in study.features.items():
            progress(f"{study.name}, {protocol.name}, by speaker {by_speaker}: {name}, {model}")
            kept = memory.cache(answers)
            said = kept(features, study.labels, speakers, folds, model, GRIDS[model])
            known = (study.labels[tested], said[tested], study.speakers[tested])
            results.append(Found(model, name, features.shape[1], *known))
    return results


def worth_table(results: Sequence[Found]) -> str:
    """Set the features beside each other, classifier by classifier."""
    references = {each.model: each for each in results if each.features == FUNCTIONALS}
    header = ["classifier", "features", "columns", *SCORES, "UAR - functionals", "95 % of that"]
    return table(header, [each.row(references[each.model]) for each in results])


def report(study: Study, memory: Memory) -> str:
    """Report one corpus under its protocols, raw and standardised apart."""
    parts = []
    for protocol in PROTOCOLS[study.name]:
        n_tested = sum(len(test) for _, test, _ in folds_of(study, protocol))
        parts += [
            f"**{study.name}, {protocol.name}**: {len(study.clips)} clips ({n_tested} tested), "
            f"{len(set(study.speakers))} speakers, {len(set(study.labels))} classes. "
            f"{protocol.description} In %, over the pooled answers of all folds; intervals draw "
            "whole speakers, and are left out where there are fewer than 8.",
            "Features as they are:",
            worth_table(outcomes(study, protocol, False, memory)),
            "Each speaker's features standardised over this speaker's clips of the fold, without "
            "labels (transductive: a prediction depends on the test speaker's other clips):",
            worth_table(outcomes(study, protocol, True, memory)),
        ]
    return "\n\n".join(parts)


def arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = parser_of("Measure what the embedding is worth.")
    parser.add_argument("--cache", type=Path, help="folder for features and predictions")
    parser.add_argument("--corpora", nargs="+", choices=FOREIGN, default=list(FOREIGN))
    return parser.parse_args()


def main() -> None:
    """Print the report of every corpus, and keep it where asked to."""
    asked = arguments()
    if not has_data() or not has_cache(asked.cache):
        return
    memory = Memory(asked.cache / "answers", verbose=0)
    about = f"Weights {asked.weights!r}, SHA-256 {load_encoder(asked.weights).sha256[:12]}."
    keep = partial(_keep, write=asked.write)
    with threadpool_limits(1), warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        for name in asked.corpora:
            study = load(name, asked.weights, asked.cache)
            keep(f"{COMMAND} --corpora {name}", f"{about}\n\n{report(study, memory)}")


def _keep(command: str, text: str, *, write: bool) -> None:
    text = f"{text}\n\n{environment('numpy', 'scikit-learn', 'onnxruntime')}"
    print(text, flush=True)
    if write:
        write_section(command, text)


if __name__ == "__main__":
    main()
