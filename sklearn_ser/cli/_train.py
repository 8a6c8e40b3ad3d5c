"""The commands ``train`` and ``predict``."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from sklearn_ser.cli._encoder import DEFAULT_WEIGHTS, model_and_files
from sklearn_ser.cli._load import load
from sklearn_ser.cli._shared import about_model, feature_cache, print_corpus, save, tune_and_fit

if TYPE_CHECKING:
    from sklearn_ser.embedding import EmotionHead


def train(args: argparse.Namespace) -> int:
    """Tune one pipeline on all recordings and save the model."""
    from sklearn_ser.utils._files import check_output_folder

    check_output_folder(Path(args.output).parent)
    bunch, name = load(args)
    print_corpus(bunch, name)
    with feature_cache(args.memory) as memory:
        fit = tune_and_fit(args.pipeline, bunch, args, memory)
    path = save(fit.model, args.output, about_model(fit, args.pipeline, name, bunch))
    print(f"Model: {path}")
    return 0


def predict(args: argparse.Namespace) -> int:
    """Label audio files with a saved model, or with the voice encoder alone."""
    from sklearn_ser.inference import format_predictions, known_limits, load_model, predict_files
    from sklearn_ser.utils._files import check_output_folder

    if args.output:
        check_output_folder(Path(args.output).parent)
    path, files = model_and_files(args)
    model = load_model(path) if path else _head(args)
    table = predict_files(model, files, probabilities=args.probabilities, speaker=args.speaker)
    about = "" if path else known_limits(model)
    _write(format_predictions(table, args.format, about=about), args.output)
    return int(table["error"].notna().any())


def _head(args: argparse.Namespace) -> EmotionHead:
    from sklearn_ser.embedding import EmotionHead

    weights = args.weights or DEFAULT_WEIGHTS
    return EmotionHead(weights, by_speaker=args.speaker is not None)


def _write(text: str, path: str | None) -> None:
    if path is None:
        sys.stdout.write(text)
        return
    from sklearn_ser.utils._files import atomic_path

    with atomic_path(path) as unfinished:
        unfinished.write_text(text, encoding="utf-8")
