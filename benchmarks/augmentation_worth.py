"""What augmentation is worth on voices never heard before, in quiet, in noise and by telephone.

RAVDESS in five folds by speaker and SAVEE leaving one speaker out; each augmenter alone and the
best of several mixtures, with three seeds of the copies. The mixture is chosen by folds of the
training speakers alone. Every model is tested on the clips as they were recorded, and on the same
clips with noise or through a telephone. Beside it stands what the same copies claim where they are
made before a random split.

Run as ``python -m benchmarks.augmentation_worth [--write] [--corpora savee] [--memory DIR]`` with
SKLEARN_SER_DATA naming the folder of the corpora; it takes an hour. ``--memory`` keeps features.
"""

from __future__ import annotations

import argparse
import os
import tempfile
import zlib
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import numpy as np
from sklearn.base import clone
from sklearn.metrics import balanced_accuracy_score
from sklearn.model_selection import GridSearchCV, StratifiedKFold, cross_val_score

from benchmarks._report import environment, table, write_section
from sklearn_ser import (
    AudioClips,
    AugmentedClassifier,
    ChainAugmenter,
    GainAugmenter,
    NoiseAugmenter,
    PitchShiftAugmenter,
    RandomChoiceAugmenter,
    ReverbAugmenter,
    SpeechPipeline,
    TelephoneAugmenter,
    TimeShiftAugmenter,
    TimeStretchAugmenter,
    VocalTractAugmenter,
    make_ser_pipeline,
)
from sklearn_ser.datasets import load_ravdess, load_savee
from sklearn_ser.model_selection import SpeakerKFold

DATA = "SKLEARN_SER_DATA"
SCORING = "balanced_accuracy"
SEEDS = (0, 1, 2)
LOADERS = {"ravdess": (load_ravdess, 5), "savee": (load_savee, 4)}

SINGLE: Mapping[str, Any] = {
    "white noise": NoiseAugmenter(),
    "pink noise": NoiseAugmenter(color="pink"),
    "time shift": TimeShiftAugmenter(),
    "pitch": PitchShiftAugmenter(),
    "stretch": TimeStretchAugmenter(),
    "gain": GainAugmenter(),
    "reverb": ReverbAugmenter(),
    "telephone": TelephoneAugmenter(),
    "vocal tract": VocalTractAugmenter(),
}
VOICE = [SINGLE[name] for name in ("pitch", "stretch", "vocal tract")]
CHANNEL = [SINGLE[name] for name in ("white noise", "pink noise", "reverb", "telephone")]
MIXTURES: Mapping[str, Any] = {
    "noise, shift, pitch or stretch": RandomChoiceAugmenter(
        [SINGLE[name] for name in ("white noise", "time shift", "pitch", "stretch")]
    ),
    "pitch, stretch or vocal tract": RandomChoiceAugmenter(VOICE),
    "noise, reverb or telephone": RandomChoiceAugmenter(CHANNEL),
    "any of all": RandomChoiceAugmenter(list(SINGLE.values())),
    "a voice, then a channel": ChainAugmenter(
        [RandomChoiceAugmenter(VOICE), RandomChoiceAugmenter(CHANNEL)]
    ),
}
COPIES_OF_A_MIXTURE = 2
CONDITIONS: Mapping[str, Any] = {
    "as recorded": None,
    **{
        f"{color} {snr_db} dB": NoiseAugmenter(snr_db, color=color)
        for color in ("white", "pink")
        for snr_db in (20, 10, 0)
    },
    "telephone": TelephoneAugmenter(),
}


@dataclass(frozen=True)
class Study:
    """One corpus, its folds by speaker, and the classifier that everything is tried with."""

    name: str
    clips: AudioClips
    labels: np.ndarray
    model: SpeechPipeline
    n_folds: int

    def folds(self) -> list[tuple[np.ndarray, np.ndarray]]:
        """Return training and test clips; no speaker is in both."""
        return list(SpeakerKFold(self.n_folds).split(self.clips, self.labels))

    def scores(self, model: Any, fold: tuple[np.ndarray, np.ndarray]) -> dict[str, float]:
        """Fit on the training clips; return the UAR on the test clips in every condition."""
        train, test = fold
        model = clone(model).fit(self.clips[train], self.labels[train])
        return {
            name: uar(self.labels[test], model.predict(changed(self.clips[test], augmenter, 0)))
            for name, augmenter in CONDITIONS.items()
        }

    def claimed(self, augmenter: Any | None, n_copies: int) -> float:
        """Return the UAR of copies made before a random split, tested ones included."""
        parts = [self.clips] + [changed(self.clips, augmenter, i) for i in range(n_copies)]
        extractor, classifier = self.model[:2], self.model[2:]
        features = np.vstack([extractor.fit_transform(part) for part in parts])
        split = StratifiedKFold(5, shuffle=True, random_state=0)
        labels = np.tile(self.labels, len(parts))
        return 100 * cross_val_score(classifier, features, labels, cv=split, scoring=SCORING).mean()


@dataclass(frozen=True)
class Outcome:
    """UAR by seed, fold and condition."""

    name: str
    by_seed: list[list[dict[str, float]]]

    def mean(self, condition: str = "as recorded") -> float:
        """Return the mean over seeds and folds."""
        return float(self.of_seeds(condition).mean())

    def of_seeds(self, condition: str = "as recorded") -> np.ndarray:
        """Return each seed's mean over the folds."""
        return np.mean([[fold[condition] for fold in folds] for folds in self.by_seed], axis=1)


def uar(truth: np.ndarray, predicted: np.ndarray) -> float:
    """Return the mean recall of the classes in percent."""
    return 100 * float(balanced_accuracy_score(truth, predicted))


def changed(clips: AudioClips, augmenter: Any | None, seed: int) -> AudioClips:
    """Return the clips changed, each in a way that depends on the clip and the seed alone."""
    if augmenter is None:
        return clips
    return clips.map(partial(changed_clip, augmenter, clips.sample_rate, seed))


def changed_clip(augmenter: Any, sample_rate: int, seed: int, clip: np.ndarray) -> np.ndarray:
    """Change one clip."""
    chance = np.random.default_rng([seed, zlib.crc32(clip.tobytes())])
    result: np.ndarray = augmenter.augment(clip, sample_rate, random_state=chance)
    return result


def augmented(model: Any, augmenter: Any, n_copies: int, seed: int) -> AugmentedClassifier:
    """Put augmentation around a pipeline."""
    return AugmentedClassifier(model, augmenter, n_copies=n_copies, random_state=seed)


def best_mixture(study: Study, train: np.ndarray) -> str:
    """Choose by the score on training speakers held out in turn."""
    search = GridSearchCV(
        augmented(study.model, None, COPIES_OF_A_MIXTURE, seed=0),
        {"augmenter": list(MIXTURES.values())},
        cv=SpeakerKFold(3),
        scoring=SCORING,
        refit=False,
    )
    search.fit(study.clips[train], study.labels[train])
    return list(MIXTURES)[search.best_index_]


def outcomes(study: Study) -> tuple[list[Outcome], list[str]]:
    """Try no copies, every augmenter, and each fold's best mixture; return that choice, too."""
    folds = study.folds()
    plain = Outcome("none", [[study.scores(study.model, fold) for fold in folds]])
    chosen = [best_mixture(study, train) for train, _ in folds]
    plans = [(name, [augmenter] * len(folds), 1) for name, augmenter in SINGLE.items()]
    plans.append(("best mixture", [MIXTURES[name] for name in chosen], COPIES_OF_A_MIXTURE))
    return [plain, *(tried(study, *plan) for plan in plans)], chosen


def tried(study: Study, name: str, augmenters: list[Any], n_copies: int) -> Outcome:
    """Score one way to augment, whose augmenter may differ from fold to fold."""
    pairs = list(zip(study.folds(), augmenters, strict=True))
    return Outcome(
        name,
        [
            [study.scores(augmented(study.model, a, n_copies, seed), fold) for fold, a in pairs]
            for seed in SEEDS
        ],
    )


def worth_table(study: Study, results: list[Outcome], mixture: str) -> str:
    """Set the score on unseen voices beside what leaky copies claim."""
    plain = results[0].mean()
    rows = []
    for result in results:
        seeds = result.of_seeds()
        spread = f"{seeds.min():.1f} to {seeds.max():.1f}" if len(seeds) > 1 else ""
        rows.append(
            [
                result.name,
                f"{result.mean():.1f}",
                f"{result.mean() - plain:+.1f}",
                spread,
                f"{study.claimed(*leaky_plan(result.name, mixture)):.1f}",
            ]
        )
    return table(
        [
            "copies",
            "UAR, unseen speakers",
            "gain",
            "three seeds",
            '"UAR", copies, then random split',
        ],
        rows,
    )


def leaky_plan(name: str, mixture: str) -> tuple[Any, int]:
    """Return what to copy with, and how often, for one row."""
    if name == "best mixture":
        return MIXTURES[mixture], COPIES_OF_A_MIXTURE
    return SINGLE.get(name), int(name in SINGLE)


def robustness_table(results: Iterable[Outcome]) -> str:
    """Show the same models on the same test clips, changed."""
    rows = [
        [result.name, *(f"{result.mean(condition):.1f}" for condition in CONDITIONS)]
        for result in results
    ]
    return table(["copies", *CONDITIONS], rows)


def network_outcomes(study: Study, mixture: str, memory: str) -> list[Outcome]:
    """Try the mixture with the network, on the first fold."""
    fold = study.folds()[0]
    plain: list[list[dict[str, float]]] = []
    with_copies: list[list[dict[str, float]]] = []
    for seed in SEEDS:
        network = make_ser_pipeline("mel", "crnn", memory=memory, random_state=seed)
        copies = augmented(network, MIXTURES[mixture], COPIES_OF_A_MIXTURE, seed)
        plain.append([study.scores(network, fold)])
        with_copies.append([study.scores(copies, fold)])
    return [Outcome("mel-crnn: none", plain), Outcome("mel-crnn: best mixture", with_copies)]


def spread_of(results: Iterable[Outcome]) -> str:
    """Say each seed's score of a network: they differ more than most augmenters do."""
    return "; ".join(
        f"{result.name}: {', '.join(f'{score:.1f}' for score in result.of_seeds())}"
        for result in results
    )


def load(name: str, memory: str) -> Study:
    """Load a corpus."""
    loader, n_folds = LOADERS[name]
    speech = loader(Path(os.environ[DATA]) / name)
    model = make_ser_pipeline("frames", "svm", memory=memory)
    return Study(name, speech.data, np.asarray(speech.target), model, n_folds)


def report(name: str, memory: str) -> str:
    """Measure one corpus."""
    study = load(name, memory)
    results, chosen = outcomes(study)
    mixture = Counter(chosen).most_common(1)[0][0]
    choices = ", ".join(f"{choice} ({n})" for choice, n in Counter(chosen).most_common())
    networks = network_outcomes(study, mixture, memory)
    return "\n\n".join(
        [
            f"**{name}**: {len(study.clips)} clips, {len(set(study.clips.speakers))} speakers, "
            f"{study.n_folds} folds by speaker, frames-svm at its defaults, UAR in %. One copy of "
            f"each training clip, {COPIES_OF_A_MIXTURE} for the mixtures. Mixtures tried: "
            f"{len(MIXTURES)}; chosen by the inner folds (folds): {choices}.",
            worth_table(study, results, mixture),
            "The same models on test clips that were changed (means of three seeds):",
            robustness_table(results),
            f"mel-crnn on the first fold alone, three seeds, copies: {mixture}. As recorded, seed "
            f"by seed: {spread_of(networks)}.",
            robustness_table(networks),
        ]
    )


def main() -> None:
    """Print the report, and keep it where asked to."""
    parser = argparse.ArgumentParser(description="Measure what augmentation is worth.")
    parser.add_argument("--corpora", nargs="+", choices=LOADERS, default=list(LOADERS))
    parser.add_argument("--memory", help="folder that keeps features between runs")
    parser.add_argument("--write", action="store_true", help="keep the tables in RESULTS.md")
    arguments = parser.parse_args()
    if DATA not in os.environ:
        print(f"Nothing measured: {DATA} names no folder of corpora.")
        return
    with tempfile.TemporaryDirectory() as folder:
        parts = [report(name, arguments.memory or folder) for name in arguments.corpora]
    used = ("numpy", "scikit-learn", "librosa", "tensorflow")
    text = "\n\n".join([*parts, environment(*used)])
    print(text)
    if arguments.write:
        write_section("python -m benchmarks.augmentation_worth", text)


if __name__ == "__main__":
    main()
