"""Train encoders on parts of CREMA-D for the benchmarks, each once, with a record of who heard."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from unittest import mock

import joblib
import numpy as np

from benchmarks._encoder import DATA, LOADERS
from benchmarks._tuned import progress
from sklearn_ser import AudioClips
from sklearn_ser.embedding import load_encoder
from sklearn_ser.embedding._weights import SUFFIX, read_weights, write_weights
from sklearn_ser.encoder_training import EncoderRecipe, train_encoder
from sklearn_ser.exceptions import EncoderError

PARTS = ("training_speakers", "validation_speakers", "test_speakers")


@dataclass(frozen=True, eq=False)
class Corpus:
    """CREMA-D, or what stands for it: clips, what is felt, and what the other heads learn from."""

    clips: AudioClips
    labels: np.ndarray
    votes: np.ndarray | None
    sex: np.ndarray | None

    @property
    def speakers(self) -> np.ndarray:
        """Return who speaks in each clip."""
        return np.asarray(self.clips.speakers, dtype=str)

    def of(self, speakers: Sequence[str]) -> np.ndarray:
        """Return the places of the clips of some speakers."""
        return np.flatnonzero(np.isin(self.speakers, list(speakers)))


def load_corpus() -> Corpus:
    """Load CREMA-D without its broken clips; a clip is decoded when it is touched."""
    folder = Path(os.environ[DATA]) / "crema_d"
    bunch = LOADERS["crema_d"](folder, in_memory=False, clean=True)
    columns = {name: bunch.frame.get(name) for name in ("votes", "sex")}
    known = {k: None if v is None else v.to_numpy(dtype=object) for k, v in columns.items()}
    return Corpus(bunch.data, np.asarray(bunch.target).astype(str), **known)


def trained(
    corpus: Corpus,
    test_speakers: Sequence[str],
    recipe: EncoderRecipe,
    cache: Path,
    name: str,
    *,
    training_speakers: Sequence[str] | None = None,
    validation_fraction: float = 0.1,
    whitened: bool = True,
    n_threads: int | None = None,
) -> Path:
    """Train an encoder that never hears the test speakers, unless that was done before.

    Weights and their record lie in the cache under the name and the recipe; a training that was
    cut off goes on after its last epoch.
    """
    everybody = sorted(set(corpus.speakers)) if training_speakers is None else training_speakers
    known = sorted({str(name) for name in everybody} - {str(name) for name in test_speakers})
    key = joblib.hash((recipe.to_dict(), known, validation_fraction, whitened))[:10]
    path = cache / f"{name}-{key}{SUFFIX}"
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        progress(f"training {name} on {len(known)} speakers")
        with nullcontext() if whitened else _without_whitening():
            _train(corpus, known, recipe, path, validation_fraction, n_threads)
    write_record(path, test_speakers)
    return path


def at_own_speed(weights: Path) -> Path:
    """Write weights beside the given ones that hear every clip once, at its own speed."""
    found = read_weights(weights)
    path = weights.with_name(f"{weights.stem}-own-speed{SUFFIX}")
    header = replace(found.header, speeds=(1.0,))
    write_weights(path, header, found.frames_graph, found.clip_graph)
    return path


def _train(
    corpus: Corpus,
    speakers: Sequence[str],
    recipe: EncoderRecipe,
    path: Path,
    validation_fraction: float,
    n_threads: int | None,
) -> None:
    here = corpus.of(speakers)
    train_encoder(
        corpus.clips[here],
        corpus.labels[here],
        votes=None if corpus.votes is None else corpus.votes[here],
        sex=None if corpus.sex is None else corpus.sex[here],
        recipe=recipe,
        validation_fraction=validation_fraction,
        checkpoint=path.with_suffix(".checkpoint"),
        output=path,
        corpus="CREMA-D, a part of it for a benchmark",
        n_threads=n_threads,
        verbose=1,
    )


def _without_whitening() -> Any:
    """Leave the long-term spectrum in: for an ablation only, so no recipe knows of it."""
    place = "sklearn_ser.encoder_training._train.whiten"
    return mock.patch(place, lambda front_end, *_: front_end)


def write_record(path: Path, test_speakers: Sequence[str]) -> dict[str, Any]:
    """Write beside the weights who trained, chose and tests them; nobody may do two of these."""
    encoder = load_encoder(path)
    card = encoder.card
    record = {
        "training_speakers": sorted(card["training_speakers"]),
        "validation_speakers": sorted(card["validation_speakers"]),
        "test_speakers": sorted(map(str, test_speakers)),
        "sha256": encoder.sha256,
    }
    check_record(record)
    path.with_suffix(".json").write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")
    return record


def check_record(record: dict[str, Any]) -> None:
    """Refuse a record in which somebody stands on two sides."""
    for place, part in enumerate(PARTS):
        for other in PARTS[place + 1 :]:
            both = sorted(set(record[part]) & set(record[other]))
            if both:
                raise EncoderError(
                    f"{both[0]!r} is among {part} and among {other} of the weights "
                    f"{record['sha256'][:12]}: its scores would mean nothing. Train them again, "
                    "in an empty cache."
                )
