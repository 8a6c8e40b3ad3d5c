"""Where an augmented corpus is written to: what goes together, and what is not replaced."""

from __future__ import annotations

import os
from importlib import import_module
from pathlib import Path
from typing import Any

from sklearn_ser.audio import AudioClips
from sklearn_ser.exceptions import MissingExtraError
from sklearn_ser.recipes._split_corpus import PARTS
from sklearn_ser.utils._names import did_you_mean

__all__ = ["SUBTYPES", "TABLE", "check_form", "check_free", "check_parquet"]

SUBTYPES = {"wav": "FLOAT", "flac": "PCM_24"}
TABLE = "clips.csv"  # of a folder

_TABLES = (".csv", ".parquet")


def check_form(target: Path, pipeline: Any, audio_format: str) -> bool:
    """Tell whether a table of features is asked for, and refuse what does not go together."""
    makes_table = target.suffix.lower() in _TABLES
    if makes_table and pipeline is None:
        raise ValueError(
            f"{target.name} is a table of features, and pipeline is None: give pipeline=, such as "
            "a recipe's; or the name of a folder, for sound files."
        )
    if not makes_table and pipeline is not None:
        raise ValueError(
            f"pipeline= extracts features, which go into a file that ends in .csv or .parquet; "
            f"got {target.name!r}. For a folder of sound files leave the pipeline out."
        )
    if audio_format not in SUBTYPES:
        raise ValueError(
            f"audio_format={audio_format!r} is not known.{did_you_mean(audio_format, SUBTYPES)} "
            f"Choose among {', '.join(SUBTYPES)}."
        )
    check_parquet(target)
    return makes_table


def check_parquet(target: Path) -> None:
    """Look for what writes Parquet before hours of work, not after them."""
    if target.suffix.lower() != ".parquet":
        return
    try:
        import_module("pyarrow")
    except ImportError as error:
        raise MissingExtraError(
            f"Writing {target.name} needs pyarrow: pip install pyarrow, or write a .csv.",
            name="pyarrow",
        ) from error


def check_free(target: Path, overwrite: bool, makes_table: bool, clips: AudioClips) -> None:
    """Refuse a target at which there is something that may not be replaced."""
    is_empty = target.is_dir() and not makes_table and not any(target.iterdir())
    if not target.exists() or is_empty:
        return
    if target.is_dir() == makes_table:
        kinds = ("a folder", "a file") if makes_table else ("a file", "a folder")
        raise FileExistsError(f"{target} is {kinds[0]}, where {kinds[1]} is to be written.")
    if not overwrite:
        raise FileExistsError(f"{target} is there already; overwrite=True replaces it.")
    if not makes_table:
        _check_replaceable(target, clips)


def _check_replaceable(folder: Path, clips: AudioClips) -> None:
    """Refuse to remove what was not written here, and clips that are yet to be read."""
    others = sorted({file.name for file in folder.iterdir()} - {TABLE, *PARTS})
    if others:
        raise FileExistsError(
            f"{folder} holds more than an augmented corpus, such as {others[0]!r}, and would be "
            "replaced as a whole. Choose another folder."
        )
    real_folder = Path(os.path.realpath(folder))
    paths = [] if clips.paths is None else [path for path in clips.paths if path is not None]
    inside = [p for p in paths if real_folder in Path(os.path.realpath(p)).parents]
    if inside:
        raise FileExistsError(
            f"{folder} holds clips that are to be augmented, such as {inside[0]}, and would be "
            "replaced as a whole. Choose another folder."
        )
