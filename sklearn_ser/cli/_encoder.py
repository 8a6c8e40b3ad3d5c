"""The command ``encoder-card``, and which model ``predict`` is to use."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

__all__ = ["DEFAULT_WEIGHTS", "MODEL_SUFFIXES", "encoder_card", "model_and_files"]

DEFAULT_WEIGHTS = "crema_d"
MODEL_SUFFIXES = (".joblib", ".pkl", ".pickle")


def encoder_card(args: argparse.Namespace) -> int:
    """Print what is known about an encoder's weights."""
    from sklearn_ser.embedding import encoder_card as card_of

    sys.stdout.write(card_of(args.weights))
    return 0


def model_and_files(args: argparse.Namespace) -> tuple[str | None, list[str]]:
    """Tell the file of a model from recordings: it comes first, and has not their endings."""
    from sklearn_ser.datasets._files import AUDIO_SUFFIXES

    first, *others = args.files
    if args.weights is not None or Path(first).suffix.lower() in AUDIO_SUFFIXES:
        return None, args.files
    return first, others
