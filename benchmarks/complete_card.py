"""Complete the card of a voice encoder that was trained on all of CREMA-D's actors.

Nobody is left there to score it or to calibrate its head, so the five networks of
``python -m benchmarks.encoder_folds`` stand for it: each answers for actors whom it never heard,
and their answers together give the temperature, the least confidence and the scores on CREMA-D.
The scores on foreign corpora are its own.

Run as ``python -m benchmarks.complete_card --weights FILE --cache DIR`` after encoder_folds with
the same DIR, with SKLEARN_SER_DATA naming the folder of the corpora. FILE is written anew; its
graphs stay what they are.
"""

from __future__ import annotations

import argparse
import os
import warnings
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from scipy.special import softmax

from benchmarks._encoder import DATA, FOREIGN, has_cache, has_data, recalls, score
from benchmarks._encoder_training import Corpus, load_corpus, trained
from benchmarks.encoder_folds import N_FOLDS, folds_of
from benchmarks.zero_shot import Asked, ask
from sklearn_ser.embedding import encoder_card, load_encoder, refuse_heard_speakers
from sklearn_ser.embedding._by_speaker import CARD_KEY, SpeakersOfHead
from sklearn_ser.embedding._card import BY_SPEAKER, STANDARDISED, ZERO_SHOT
from sklearn_ser.embedding._weights import read_weights, write_weights
from sklearn_ser.encoder_training import EncoderRecipe
from sklearn_ser.encoder_training._calibration import (
    Calibration,
    calibrate,
    calibrate_by_speaker,
)
from sklearn_ser.exceptions import CorpusWarning, SpeakerWarning
from sklearn_ser.metrics import speaker_bootstrap_interval

TITLES = {"ravdess": "RAVDESS", "tess": "TESS", "savee": "SAVEE"}
HEAD = "emotion, by its own head"


def logits_of_folds(corpus: Corpus, recipe: EncoderRecipe, cache: Path) -> np.ndarray:
    """Return what the folds' networks say, each of the actors whom it never heard."""
    found: list[np.ndarray] = [np.empty(0)] * len(corpus.labels)
    for number, test in enumerate(folds_of(corpus)):
        place, name = cache / "weights", f"fold{number}-seed{recipe.seed}"
        path = trained(corpus, test, recipe, place, name, validation_fraction=0.0)
        refuse_heard_speakers(path, test, "be tested on its fold")
        encoder = load_encoder(path)
        for clip in corpus.of(test):
            found[clip] = encoder.emotion_logits(corpus.clips[int(clip)])
    return np.stack(found)


def figures(truth: np.ndarray, predicted: np.ndarray, speakers: np.ndarray) -> dict[str, Any]:
    """Return scores as a card holds them."""
    found: dict[str, Any] = {
        "uar": round(score(truth, predicted, "uar"), 4),
        "accuracy": round(score(truth, predicted, "accuracy"), 4),
        "recalls": {name: round(each, 3) for name, each in recalls(truth, predicted).items()},
    }
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", SpeakerWarning)  # under eight speakers there is no interval
        ends = speaker_bootstrap_interval(truth, predicted, speakers, "uar", random_state=0)
    if not np.isnan(ends[0]):
        found["interval"] = [round(float(end), 4) for end in ends]
    return found


def fold_score(
    corpus: Corpus,
    classes: np.ndarray,
    logits: np.ndarray,
    by: Calibration | SpeakersOfHead,
    more: str = "",
) -> dict[str, Any]:
    """Return the scores on CREMA-D, also by sex."""
    predicted = classes[logits.argmax(axis=1)]
    confidence = softmax(logits / by.temperature, axis=1).max(axis=1)
    found = figures(corpus.labels, predicted, corpus.speakers)
    found |= {
        "corpus": "CREMA-D",
        "protocol": f"{N_FOLDS} folds by actor, networks of the same recipe{more}",
        "task": HEAD,
        "abstained": round(float(np.mean(confidence < by.min_confidence)), 4),
    }
    if corpus.sex is not None:
        found["groups"] = dict(_by_group(corpus.sex, corpus, predicted))
    return found


def _by_group(groups: np.ndarray, corpus: Corpus, predicted: np.ndarray) -> Iterator[Any]:
    for name in sorted({str(each) for each in groups}):
        here = groups == name
        truth, said = corpus.labels[here], predicted[here]
        yield name, {metric: round(score(truth, said, metric), 4) for metric in ("uar", "accuracy")}


def foreign_score(name: str, asked: Asked, protocol: str) -> dict[str, Any]:
    """Return the scores on a corpus that the weights never heard."""
    found = figures(asked.truth, asked.predicted, asked.speakers)
    abstained = round(float(np.mean(~asked.answered)), 4)
    return {
        **found,
        "corpus": TITLES[name],
        "protocol": protocol,
        "task": HEAD,
        "abstained": abstained,
    }


def say_calibration(found: Calibration) -> str:
    """Say where temperature and least confidence come from."""
    return (
        f"Temperature {found.temperature:g} and least confidence {found.min_confidence:g} from "
        f"{N_FOLDS} networks of the same recipe, each asked about actors whom it never heard: "
        f"from this confidence on their answers are right {found.accuracy:.0%} of the time; it is "
        f"reached by {found.answered:.0%} of CREMA-D's clips."
    )


def complete(path: Path, corpus: Corpus, logits: np.ndarray) -> None:
    """Calibrate the weights' head, and write scores and calibration onto their card."""
    weights = read_weights(path)
    classes = np.asarray(weights.header.classes)
    codes = np.searchsorted(classes, corpus.labels)
    found = calibrate(logits, codes)
    speakers = np.asarray(corpus.speakers, dtype=object)
    by_speaker = calibrate_by_speaker(logits, codes, speakers)
    if by_speaker is None:
        raise ValueError(f"{len(set(speakers))} speakers are too few to calibrate by speaker.")
    relative = by_speaker.standardized(logits, speakers)
    of_folds = [
        fold_score(corpus, classes, logits, found),
        fold_score(corpus, classes, relative, by_speaker, f", {STANDARDISED}"),
    ]
    card = {
        **weights.header.card,
        "calibration": say_calibration(found),
        CARD_KEY: by_speaker.to_dict(),
        "scores": of_folds,
    }
    header = replace(
        weights.header,
        temperature=found.temperature,
        min_confidence=found.min_confidence,
        card=card,
    )
    write_weights(path, header, weights.frames_graph, weights.clip_graph)
    foreign = [
        foreign_score(name, ask(name, str(path), by_speaker=way == BY_SPEAKER), way)
        for way in (ZERO_SHOT, BY_SPEAKER)
        for name in FOREIGN
        if (Path(os.environ[DATA]) / name).is_dir()
    ]
    header = replace(header, card={**card, "scores": [*of_folds, *foreign]})
    write_weights(path, header, weights.frames_graph, weights.clip_graph)


def main() -> None:
    """Complete the card, and print it."""
    parser = argparse.ArgumentParser(description="Complete the card of a voice encoder.")
    parser.add_argument("--weights", type=Path, help="the file that train-encoder wrote")
    parser.add_argument("--cache", type=Path, help="that of benchmarks.encoder_folds")
    asked = parser.parse_args()
    if not has_data() or not has_cache(asked.cache):
        return
    if asked.weights is None:
        parser.error("--weights FILE is needed: it is written anew.")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", CorpusWarning)  # which clips are broken is known
        corpus = load_corpus()
    complete(asked.weights, corpus, logits_of_folds(corpus, EncoderRecipe(), asked.cache))
    print(encoder_card(asked.weights))


if __name__ == "__main__":
    main()
