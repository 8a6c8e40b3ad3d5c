"""What must not be combined in the arguments of a command."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from sklearn_ser.cli._augment import writes_features
from sklearn_ser.cli._encoder import MODEL_SUFFIXES, model_and_files
from sklearn_ser.cli._load import DATA_VARIABLE, folders
from sklearn_ser.cli._shared import TABLES
from sklearn_ser.cli._train_encoder import problem_with_training

__all__ = ["check_usage"]


def check_usage(args: argparse.Namespace) -> None:
    """Refuse combinations of arguments that argparse lets pass."""
    problem = None
    if hasattr(args, "augmenter"):
        problem = _problem_with_output(args)
    elif hasattr(args, "files"):
        problem = _problem_with_model(args)
    elif hasattr(args, "audio"):
        problem = _problem_with_table(args)
    elif hasattr(args, "corpus"):
        problem = (
            _problem_with_corpus(args)
            or _problem_with_protocol(args)
            or _problem_with_recipes(args)
        )
        if problem is None and hasattr(args, "without_speakers"):
            problem = problem_with_training(args)
    if problem:
        args.command.error(problem)


def _problem_with_corpus(args: argparse.Namespace) -> str | None:
    named = args.corpus or []
    names = [name for name, _ in named]
    if not set(names) - {"synthetic"}:
        return _problem_without_corpus(args, named)
    if "synthetic" in names:
        return "--corpus synthetic cannot be joined with others"
    if len(set(names)) < len(names):
        return "--corpus names one corpus twice"
    if args.data is not None and (len(named) > 1 or named[0][1]):
        return "--data is for a single --corpus NAME; otherwise write --corpus NAME=DIR"
    found = folders(args)
    for name in names:
        if name not in found:
            form = "=DIR" if len(named) > 1 else " needs --data DIR"
            where = f"there is none under ${DATA_VARIABLE}"
            return f"--corpus {name}{form}, the folder of its recordings: {where}"
    return None


def _problem_without_corpus(args: argparse.Namespace, named: list[Any]) -> str | None:
    if args.data is not None or any(folder for _, folder in named):
        return "--data names the folder of a corpus: add --corpus ravdess"
    if args.clean:
        return "--clean is about a known corpus's defects: add --corpus ravdess"
    if args.target != "emotion":
        return "--target is a column of a known corpus; for a table use --label-column"
    return None


def _problem_with_protocol(args: argparse.Namespace) -> str | None:
    if getattr(args, "folds", None) is None:
        return None
    from sklearn_ser.cli._load import corpus_of
    from sklearn_ser.model_selection import default_protocols

    names = args.protocol or default_protocols(corpus_of(args))
    if set(names) == {"speakers"}:
        return None
    return f"--folds needs --protocol speakers; it means nothing to {', '.join(names)}"


def _problem_with_recipes(args: argparse.Namespace) -> str | None:
    if getattr(args, "epochs", None) is None or getattr(args, "recipes", True):
        return None
    return "--epochs is about recipes: add --recipes NAME"


def _problem_with_output(args: argparse.Namespace) -> str | None:
    if writes_features(args) and args.audio_format:
        return f"--audio-format is about a folder of sound, and {args.output} is a table"
    if not writes_features(args) and args.features:
        return f"--features go into a .csv or .parquet file, and --output is {args.output}"
    return None


def _problem_with_table(args: argparse.Namespace) -> str | None:
    if Path(args.output).suffix.lower() in TABLES:
        return None
    return f"--output {args.output} is no table: give a file that ends in .csv or .parquet"


def _problem_with_model(args: argparse.Namespace) -> str | None:
    _, files = model_and_files(args)
    if not files:
        return "the following arguments are required: FILE"
    if args.weights is not None and Path(files[0]).suffix.lower() in MODEL_SUFFIXES:
        return f"--weights is for labels without MODEL: leave out one of it and {files[0]}"
    return None
