"""The command ``augment``: an augmented corpus, or its features, after the split."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from sklearn_ser.cli._load import load
from sklearn_ser.cli._shared import SAMPLE_RATE, print_corpus, print_section

AUGMENTERS = {
    "gain": "GainAugmenter",
    "noise": "NoiseAugmenter",
    "pitch": "PitchShiftAugmenter",
    "reverb": "ReverbAugmenter",
    "shift": "TimeShiftAugmenter",
    "stretch": "TimeStretchAugmenter",
    "telephone": "TelephoneAugmenter",
    "vocal-tract": "VocalTractAugmenter",
}
DEFAULT_FEATURES = "zcr_rms_mfcc_cnn1d"
TABLES = (".csv", ".parquet")


def augment(args: argparse.Namespace) -> int:
    """Write training clips with augmented copies, and the other parts as they are."""
    from sklearn_ser.recipes import augment_corpus

    _check_output(args)
    args.sample_rate = args.sample_rate or _rate_of(_features_of(args))
    bunch, name = load(args)
    print_corpus(bunch, name)
    table = augment_corpus(
        args.output,
        _augmenters(args.augmenter),
        bunch.data,
        bunch.target,
        split=args.split,
        n_copies=args.copies,
        pipeline=_pipeline(args),
        audio_format=args.audio_format or "wav",
        overwrite=args.overwrite,
        n_jobs=args.n_jobs,
        random_state=args.seed,
        verbose=1,
    )
    print_section("Rows", _rows(table))
    print(f"Table: {table}")
    return 0


def writes_features(args: argparse.Namespace) -> bool:
    """Tell whether the output is a table of features."""
    return Path(args.output).suffix.lower() in TABLES


def _check_output(args: argparse.Namespace) -> None:
    """Say what is in the way before the recordings are read."""
    output = Path(args.output)
    is_empty = output.is_dir() and not any(output.iterdir())
    if output.exists() and not is_empty and not args.overwrite:
        raise FileExistsError(f"{output} is there already; --overwrite replaces it.")


def _augmenters(names: list[str]) -> dict[str, Any]:
    from sklearn_ser import augmentation

    return {name: getattr(augmentation, AUGMENTERS[name])() for name in names}


def _features_of(args: argparse.Namespace) -> str | None:
    return (args.features or DEFAULT_FEATURES) if writes_features(args) else None


def _rate_of(features: str | None) -> int:
    from sklearn_ser.recipes import get_recipe, list_recipes

    return get_recipe(features).sample_rate if features in list_recipes() else SAMPLE_RATE


def _pipeline(args: argparse.Namespace) -> Any:
    """Make the pipeline whose extractor gives the features; None where sound is written."""
    from sklearn_ser.pipeline import make_ser_pipeline
    from sklearn_ser.recipes import get_recipe, list_recipes

    features = _features_of(args)
    if features is None:
        return None
    options = {"sample_rate": args.sample_rate, "memory": args.memory, "n_jobs": args.n_jobs}
    if features in list_recipes():
        return get_recipe(features).make(**options)
    return make_ser_pipeline(features, "logreg", **options)


def _rows(table: Path) -> str:
    """Count the clips and copies of every part."""
    import pandas as pd

    columns = ["split", "augmenter"]
    if table.suffix.lower() == ".parquet":
        rows = pd.read_parquet(table, columns=columns)
    else:
        rows = pd.read_csv(table, usecols=columns)
    return str(pd.crosstab(rows["split"], rows["augmenter"]).to_string())
