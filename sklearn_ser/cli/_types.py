"""What the arguments' values are read by: each says what is wrong, and what was meant."""

from __future__ import annotations

import argparse
from collections.abc import Iterable

from sklearn_ser.cli._augment import AUGMENTERS
from sklearn_ser.cli._load import CORPORA

__all__ = [
    "at_least_1",
    "at_least_1_copy",
    "at_least_2",
    "augmenter_names",
    "corpus_and_folder",
    "features_name",
    "pipeline_name",
    "protocol_name",
    "recipe_name",
]


def pipeline_name(name: str) -> str:
    """Check the name of a pipeline."""
    from sklearn_ser.pipeline import pipeline_names

    return _known_name(name, pipeline_names(), "is no pipeline")


def recipe_name(name: str) -> str:
    """Check the name of a recipe."""
    from sklearn_ser.recipes import get_recipe

    try:
        return get_recipe(name).name
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from error


def features_name(name: str) -> str:
    """Check the name of features: those of pipelines, or of a recipe."""
    from sklearn_ser.pipeline._parts import TABLES
    from sklearn_ser.recipes import list_recipes

    return _known_name(name, [*TABLES, *list_recipes()], "are no features")


def augmenter_names(text: str) -> list[str]:
    """Read NAME or NAME,NAME."""
    names = [name.strip() for name in text.split(",")]
    if len(set(names)) < len(names):
        raise argparse.ArgumentTypeError(f"{text!r} names one augmenter twice; see --copies.")
    return [_known_name(name, AUGMENTERS, "is no augmenter") for name in names]


def _known_name(name: str, known: Iterable[str], what: str) -> str:
    from sklearn_ser.utils._names import did_you_mean

    if name not in known:
        hint = did_you_mean(name, known)
        raise argparse.ArgumentTypeError(
            f"there {what} {name!r}.{hint} Choose among {', '.join(known)}."
        )
    return name


def protocol_name(name: str) -> str:
    """Check the name of a protocol."""
    from sklearn_ser.model_selection import get_protocol

    try:
        return get_protocol(name).name
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from error


def corpus_and_folder(text: str) -> tuple[str, str]:
    """Read NAME or NAME=DIR."""
    from sklearn_ser.utils._names import did_you_mean

    name, _, folder = text.partition("=")
    name = name.lower().replace("-", "_")
    known = ["synthetic", *CORPORA]
    if name not in known:
        raise argparse.ArgumentTypeError(
            f"there is no corpus {name!r}.{did_you_mean(name, known)} Choose among "
            f"{', '.join(known)}."
        )
    return name, folder


def at_least_1(text: str) -> int:
    """Read a number of epochs."""
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError(f"needs at least 1 epoch, got {number}")
    return number


def at_least_1_copy(text: str) -> int:
    """Read a number of copies."""
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError(f"needs at least 1 copy, got {number}")
    return number


def at_least_2(text: str) -> int:
    """Read a number of folds."""
    number = int(text)
    if number < 2:
        raise argparse.ArgumentTypeError(f"needs at least 2 folds, got {number}")
    return number
