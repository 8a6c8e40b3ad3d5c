"""The command ``augment``: an augmented corpus, or its features, after the split."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from sklearn_ser.cli._load import load
from sklearn_ser.cli._shared import (
    TABLES,
    check_free,
    extracting_pipeline,
    print_corpus,
    print_section,
    usual_rate,
)

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


def augment(args: argparse.Namespace) -> int:
    """Write training clips with augmented copies, and the other parts as they are."""
    from sklearn_ser.recipes import augment_corpus

    check_free(args.output, overwrite=args.overwrite)
    args.sample_rate = args.sample_rate or usual_rate(_features_of(args))
    bunch, name = load(args)
    print_corpus(bunch, name)
    table = augment_corpus(
        args.output,
        _augmenters(args.augmenter),
        bunch.data,
        bunch.target,
        split=args.split,
        n_copies=args.copies,
        pipeline=extracting_pipeline(_features_of(args), args),
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


def _augmenters(names: list[str]) -> dict[str, Any]:
    from sklearn_ser import augmentation

    return {name: getattr(augmentation, AUGMENTERS[name])() for name in names}


def _features_of(args: argparse.Namespace) -> str | None:
    return (args.features or DEFAULT_FEATURES) if writes_features(args) else None


def _rows(table: Path) -> str:
    """Count the clips and copies of every part."""
    import pandas as pd

    columns = ["split", "augmenter"]
    if table.suffix.lower() == ".parquet":
        rows = pd.read_parquet(table, columns=columns)
    else:
        rows = pd.read_csv(table, usecols=columns)
    return str(pd.crosstab(rows["split"], rows["augmenter"]).to_string())
