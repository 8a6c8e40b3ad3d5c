"""The command ``extract``: the features of sound files in one table."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping
from pathlib import Path

from sklearn_ser.cli._shared import check_free, extracting_pipeline, usual_rate

_MOST_NAMED = 10


def extract(args: argparse.Namespace) -> int:
    """Write the features of sound files, a row each."""
    from sklearn_ser.exceptions import AudioError
    from sklearn_ser.recipes._corpus_target import check_parquet
    from sklearn_ser.recipes._features_table import find_sounds, write_features
    from sklearn_ser.utils._files import check_output_folder

    target = Path(args.output)
    if target.is_dir():
        raise IsADirectoryError(f"{target} is a folder; --output names the file of the table.")
    check_free(args.output, overwrite=args.overwrite)
    check_parquet(target)
    check_output_folder(target.parent)
    files = find_sounds(args.audio)
    args.sample_rate = args.sample_rate or usual_rate(args.features)
    pipeline = extracting_pipeline(args.features, args)
    try:
        left_out = write_features(target, pipeline, files, on_error=args.on_error, verbose=1)
    except AudioError as error:
        if args.on_error == "raise":
            error.add_note("Nothing was written. --on-error skip leaves such files out.")
        raise
    _report(left_out, len(files))
    print(f"Table: {target}")
    return int(bool(left_out))


def _report(left_out: Mapping[str, Exception], n_files: int) -> None:
    """Say which files were left out, and why."""
    if not left_out:
        return
    print(f"{len(left_out)} of {n_files} files were left out:", file=sys.stderr)
    for error in list(left_out.values())[:_MOST_NAMED]:
        print(f"  - {error}", file=sys.stderr)
    if len(left_out) > _MOST_NAMED:
        print(f"  ... and {len(left_out) - _MOST_NAMED} more", file=sys.stderr)
