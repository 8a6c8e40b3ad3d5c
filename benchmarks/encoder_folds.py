"""The voice encoder on CREMA-D's own actors: every network tested on voices it never heard.

Five folds by actor. Each fold's network is trained on all actors but its own, and nothing is
chosen by them. Asked are its own head, and an SVM on its embedding, on the functionals and on both,
tuned by folds of the training actors. Beside every fold's weights a record says who trained, who
validated and who tests them; nobody may do two of these. Further seeds train on the first fold.

``--ablation`` trains small networks instead (24 actors, 12 epochs, tested on 16 others), with one
factor changed at a time: parts of the front end, heads, augmentations, epochs.

Run as ``python -m benchmarks.encoder_folds --cache DIR [--ablation] [--epochs N] [--threads N]
[--write]`` with SKLEARN_SER_DATA naming the folder of the corpora. DIR keeps weights, checkpoints,
features and answers: a run that was cut off goes on where it was. From nothing it takes hours;
without --cache nothing is measured.
"""

from __future__ import annotations

import argparse
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from joblib import Memory
from threadpoolctl import threadpool_limits

from benchmarks._encoder import OWN_SPEED, SCORES, has_cache, has_data, recalls, score, scores
from benchmarks._encoder_training import Corpus, at_own_speed, load_corpus, trained
from benchmarks._report import environment, table, write_section
from benchmarks._tuned import GRIDS, predictions, progress
from benchmarks.zero_shot import ask
from sklearn_ser import EmotionEmbeddingTransformer, make_ser_pipeline
from sklearn_ser.embedding import EmotionHead, refuse_heard_speakers
from sklearn_ser.encoder_training import EncoderRecipe
from sklearn_ser.exceptions import CorpusWarning
from sklearn_ser.model_selection import SpeakerKFold

COMMAND = "python -m benchmarks.encoder_folds"
N_FOLDS, N_TUNING_FOLDS = 5, 3
SEEDS = (0, 1, 2)
ABLATION_EPOCHS, LONGER = 12, 24
N_TRAINING, N_TESTING = 24, 16
HEAD = "the network's own head"
HEAD_AT_OWN_SPEED = f"{HEAD}, {OWN_SPEED}"
SETS = ("functionals", "embedding", "functionals + embedding")
# What an augmentation is set to where the recipe leaves it out, and where it does not.
TRIED: Mapping[str, tuple[Any, Any]] = {
    "speeds": ((1.0,), (1.0, 0.9, 1.1)),
    "masks": (0, 1),
    "mixup": (0.0, 0.2),
    "vocal_tract": (0.0, 0.1),
    "equaliser_db": (0.0, 4.0),
    "noise": (0.0, 0.3),
    "shallowest_db": (30.0, 10.0),
}


def folds_of(corpus: Corpus) -> list[list[str]]:
    """Return the speakers whom every fold tests."""
    splits = SpeakerKFold(N_FOLDS).split(corpus.clips, corpus.labels)
    return [sorted(set(corpus.speakers[test])) for _, test in splits]


def say(corpus: Corpus, weights: Path, speakers: Sequence[str]) -> np.ndarray:
    """Return what the network's own head says of the clips of speakers whom it never heard."""
    refuse_heard_speakers(weights, speakers, "be tested on its fold")
    head = EmotionHead(weights)
    return np.asarray(head.predict(corpus.clips[corpus.of(speakers)])).astype(str)


def say_by_svm(corpus: Corpus, weights: Path, speakers: Sequence[str], memory: Memory) -> Any:
    """Return what an SVM says of them, by the set of features; it is tuned on the others."""
    refuse_heard_speakers(weights, speakers, "be tested on its fold")
    place = None if memory.location is None else str(memory.location)
    functionals = make_ser_pipeline("functionals", memory=place)["features"]
    embedding = EmotionEmbeddingTransformer(weights=weights, memory=place)
    found = [each.fit_transform(corpus.clips) for each in (functionals, embedding)]
    test = corpus.of(speakers)
    train = np.setdiff1d(np.arange(len(corpus.labels)), test)
    inner = SpeakerKFold(N_TUNING_FOLDS).split(corpus.clips[train], corpus.labels[train])
    folds = [(train, test, list(inner))]
    said = {}
    for name, features in zip(SETS, [*found, np.hstack(found)], strict=True):
        progress(f"SVM on {name}")
        kept = memory.cache(predictions)
        said[name] = kept(features, corpus.labels, folds, "SVM", GRIDS["SVM"])[test]
    return said


def fold_table(corpus: Corpus, answers: Mapping[str, np.ndarray]) -> str:
    """Report all ways beside each other, over the pooled answers of all folds."""
    rows = [[name, *scores(corpus.labels, s, corpus.speakers)] for name, s in answers.items()]
    return table(["way", *SCORES], rows)


def group_rows(corpus: Corpus, said: np.ndarray) -> Iterator[list[str]]:
    """Yield the scores for each sex, with the recall of each emotion."""
    classes = np.unique(corpus.labels)
    groups = {"all": np.ones(len(said), dtype=bool)}
    if corpus.sex is not None:
        groups |= {str(sex): corpus.sex == sex for sex in ("female", "male")}
    for name, here in groups.items():
        truth, given = corpus.labels[here], said[here]
        found = recalls(truth, given)
        cells = [f"{100 * score(truth, given, metric):.1f}" for metric in ("uar", "accuracy")]
        n_speakers = len(set(corpus.speakers[here]))
        yield [name, str(n_speakers), *cells, *(f"{100 * found[label]:.1f}" for label in classes)]


def seed_rows(corpus: Corpus, test: Sequence[str], said: Mapping[int, np.ndarray]) -> Any:
    """Yield the scores of every seed on one fold, and how far they are apart."""
    truth = corpus.labels[corpus.of(test)]
    found = {}
    for seed, given in said.items():
        found[seed] = [100 * score(truth, given, metric) for metric in ("uar", "accuracy")]
        yield [str(seed), *(f"{each:.1f}" for each in found[seed])]
    spread = np.array(list(found.values()))
    pairs = zip(spread.mean(axis=0), spread.std(axis=0, ddof=1), strict=True)
    yield ["mean, standard deviation", *(f"{mean:.1f}, {std:.1f}" for mean, std in pairs)]


def ask_folds(
    corpus: Corpus, tests: Sequence[Sequence[str]], make: Callable[..., Path], memory: Memory | None
) -> dict[str, np.ndarray]:
    """Return what every way says of all clips, each by a network that never heard its speaker.

    Without `memory` the network's own head alone is asked.
    """
    names = (HEAD, HEAD_AT_OWN_SPEED, *(SETS if memory is not None else ()))
    answers = {name: np.zeros_like(corpus.labels) for name in names}
    for number, test in enumerate(tests):
        weights = make(test, number)
        here = corpus.of(test)
        answers[HEAD][here] = say(corpus, weights, test)
        answers[HEAD_AT_OWN_SPEED][here] = say(corpus, at_own_speed(weights), test)
        if memory is not None:
            with threadpool_limits(1):
                for name, said in say_by_svm(corpus, weights, test, memory).items():
                    answers[name][here] = said
    return answers


def report(
    corpus: Corpus,
    recipe: EncoderRecipe,
    cache: Path,
    n_threads: int | None = None,
    *,
    seeds: Sequence[int] = SEEDS,
    with_svm: bool = True,
) -> str:
    """Train, test and format all folds."""

    def make(test: Sequence[str], number: int, seed: int = recipe.seed) -> Path:
        name, seeded = f"fold{number}-seed{seed}", replace(recipe, seed=seed)
        place = cache / "weights"
        return trained(
            corpus, test, seeded, place, name, validation_fraction=0.0, n_threads=n_threads
        )

    tests = folds_of(corpus)
    memory = Memory(cache / "answers", verbose=0) if with_svm else None
    answers = ask_folds(corpus, tests, make, memory)
    first = tests[0]
    by_seed = {seed: say(corpus, make(first, 0, seed), first) for seed in seeds}
    header = ["actors", "number", "UAR", "accuracy", *np.unique(corpus.labels)]
    return "\n\n".join(
        [
            f"CREMA-D: {len(corpus.labels)} clips of {len(set(corpus.speakers))} actors, "
            f"{N_FOLDS} folds by actor, each fold's network trained on the other actors alone, "
            f"{recipe.epochs} epochs. In %, over the pooled answers of all folds; intervals draw "
            "whole actors. The SVM learns from clips that the network was trained on, as it has "
            "no others.",
            fold_table(corpus, answers),
            f"By {HEAD}, with the recall of every emotion:",
            table(header, group_rows(corpus, answers[HEAD])),
            f"The same recipe with other seeds on the first fold ({len(first)} actors):",
            table(["seed", "UAR", "accuracy"], seed_rows(corpus, first, by_seed)),
            environment("numpy", "scikit-learn", "keras", "onnxruntime"),
        ]
    )


def small_parts(corpus: Corpus) -> tuple[list[str], list[str]]:
    """Return 24 actors to train on and 16 others to test on, of both sexes alike."""
    names, first = np.unique(corpus.speakers, return_index=True)
    sexes = ["" for _ in first] if corpus.sex is None else [str(corpus.sex[i]) for i in first]
    kinds = sorted(set(sexes))
    by_sex = [[n for n, sex in zip(names, sexes, strict=True) if sex == kind] for kind in kinds]
    shares = [(N_TRAINING // len(kinds), N_TESTING // len(kinds)) for _ in kinds]
    pairs = list(zip(by_sex, shares, strict=True))
    training = [str(name) for group, (n, _) in pairs for name in group[:n]]
    testing = [str(name) for group, (n, m) in pairs for name in group[n : n + m]]
    return training, testing


def variants(base: EncoderRecipe) -> dict[str, tuple[EncoderRecipe, bool]]:
    """Return recipes in which one thing differs from the base, and whether they whiten."""
    front_end = base.front_end
    found = {
        "the recipe": (base, True),
        "no whitening": (base, False),
        "no noise subtracted": (
            replace(base, front_end=replace(front_end, subtraction=0.0)),
            True,
        ),
        "no floor (80 dB)": (
            replace(base, front_end=replace(front_end, floor_db=80.0, heard_db=80.0)),
            True,
        ),
        "no pitches": (replace(base, front_end=replace(front_end, pitch_weight=0.0)), True),
        "no head for votes": (replace(base, votes_weight=0.0), True),
        "no head for the sex": (replace(base, sex_weight=0.0), True),
    }
    for name, (off, on) in TRIED.items():
        is_on = getattr(base, name) != off
        value, label = (off, "without") if is_on else (on, "with")
        found[f"{label} {name}"] = (replace(base, **{name: value}), True)
    found[f"{LONGER} epochs"] = (replace(base, epochs=LONGER), True)
    return found


def ablation(
    corpus: Corpus,
    recipe: EncoderRecipe,
    cache: Path,
    n_threads: int | None = None,
    only: Sequence[str] | None = None,
) -> str:
    """Train with one factor changed at a time, and format what that does."""
    training, testing = small_parts(corpus)
    truth = corpus.labels[corpus.of(testing)]
    speakers = corpus.speakers[corpus.of(testing)]
    rows = []
    for name, (changed, whitened) in variants(recipe).items():
        if only and name not in only:
            continue
        weights = trained(
            corpus,
            testing,
            changed,
            cache / "ablation",
            name.replace(" ", "_"),
            training_speakers=training,
            validation_fraction=0.0,
            whitened=whitened,
            n_threads=n_threads,
        )
        heard = {name: weights}
        if changed == recipe and whitened:
            heard[OWN_SPEED] = at_own_speed(weights)
        for label, path in heard.items():
            said, foreign = say(corpus, path, testing), ask("ravdess", str(path))
            elsewhere = score(foreign.truth, foreign.predicted, "uar")
            rows.append([label, *scores(truth, said, speakers), f"{100 * elsewhere:.1f}"])
    return "\n\n".join(
        [
            f"{len(training)} of CREMA-D's actors train, {len(testing)} others are tested "
            f"({len(truth)} clips); {recipe.epochs} epochs, seed {recipe.seed}, one factor changed "
            "at a time. In %; intervals draw whole actors. Last, the same network's own head on "
            "RAVDESS.",
            table(["recipe", *SCORES, "UAR on RAVDESS"], rows),
            environment("numpy", "keras", "onnxruntime"),
        ]
    )


def arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description="Train and test the voice encoder by actor.")
    parser.add_argument("--cache", type=Path, help="folder for all that takes long")
    parser.add_argument("--ablation", action="store_true", help="change one factor at a time")
    parser.add_argument("--only", nargs="+", metavar="NAME", help="some rows of the ablation")
    parser.add_argument("--epochs", type=int, help="instead of the recipe's")
    parser.add_argument("--threads", type=int, help="that train; by default all cores")
    parser.add_argument("--no-svm", action="store_true", help="ask the network's own head alone")
    parser.add_argument("--write", action="store_true", help="keep the tables in RESULTS.md")
    return parser.parse_args()


def main() -> None:
    """Print the tables, and keep them where asked to."""
    asked = arguments()
    if not has_data() or not has_cache(asked.cache):
        return
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", CorpusWarning)  # which clips are broken is known
        corpus = load_corpus()
    recipe = EncoderRecipe()
    if asked.ablation:
        recipe = replace(recipe, epochs=asked.epochs or ABLATION_EPOCHS)
        text = ablation(corpus, recipe, asked.cache, asked.threads, asked.only)
    else:
        recipe = replace(recipe, epochs=asked.epochs or recipe.epochs)
        text = report(corpus, recipe, asked.cache, asked.threads, with_svm=not asked.no_svm)
    print(text, flush=True)
    if asked.write:
        write_section(f"{COMMAND} --ablation" if asked.ablation else COMMAND, text)


if __name__ == "__main__":
    main()
