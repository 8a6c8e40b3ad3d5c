"""The command ``train-encoder``."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sklearn_ser.cli._load import load
from sklearn_ser.cli._shared import SAMPLE_RATE
from sklearn_ser.cli._types import at_least_1

if TYPE_CHECKING:
    from sklearn.utils import Bunch

__all__ = ["AUGMENTATIONS", "add_training_options", "problem_with_training", "train_encoder"]

AUGMENTATIONS = {
    "mixup": ("mixup", 0.2),
    "vocal_tract": ("vocal_tract", 0.06),
    "equaliser": ("equaliser_db", 2.0),
}
SUFFIX = ".encoder"
_HIGHEST_BAND = 0.4875  # of the sample rate
_EMOTIONS = ("emotion", "perceived")  # targets that the raters' votes are about


def train_encoder(args: argparse.Namespace) -> int:
    """Train a voice encoder on labelled recordings and write its file."""
    from sklearn_ser import encoder_training
    from sklearn_ser.embedding import encoder_card
    from sklearn_ser.utils._files import check_output_folder

    check_output_folder(Path(args.output).parent)
    bunch, name = load(args)
    trained = encoder_training.train_encoder(
        bunch.data,
        bunch.target,
        votes=_column(bunch, "votes") if args.target in _EMOTIONS else None,
        sex=_column(bunch, "sex"),
        recipe=_recipe(args),
        without_speakers=args.without_speakers,
        validation_fraction=args.validation_fraction,
        checkpoint=args.checkpoint,
        output=args.output,
        corpus=name if args.table is None else Path(name).name,
        precision="float16" if args.float16 else "float32",
        n_threads=None if args.n_jobs < 1 else args.n_jobs,
        n_jobs=args.n_jobs,
        verbose=2,
    )
    print(encoder_card(args.output))
    print(f"Encoder: {trained.path}")
    return 0


def _column(bunch: Bunch, name: str) -> Any:
    return bunch.frame.get(name)


def _recipe(args: argparse.Namespace) -> Any:
    from sklearn_ser.embedding._front_end import FrontEnd
    from sklearn_ser.encoder_training import EncoderRecipe

    given = {"epochs": args.epochs, "precision": args.precision}
    chosen = {name: value for name, value in given.items() if value is not None}
    rate = args.sample_rate or SAMPLE_RATE
    if rate != SAMPLE_RATE:
        highest = min(FrontEnd().fmax, _HIGHEST_BAND * rate)
        chosen["front_end"] = FrontEnd(sample_rate=rate, fmax=highest)
    strengths = dict(AUGMENTATIONS[name] for name in args.augmentations or ())
    return EncoderRecipe(**{**chosen, **strengths}, seed=args.seed)


def problem_with_training(args: argparse.Namespace) -> str | None:
    """Say what is wrong with the command's arguments, or None."""
    if Path(args.output).suffix != SUFFIX:
        return f"--output {args.output}: the name of an encoder's file ends in {SUFFIX}"
    if not 0 <= args.validation_fraction < 1:
        return f"--validation-fraction is a share below 1, got {args.validation_fraction:g}"
    return None


def add_training_options(command: argparse.ArgumentParser) -> None:
    """Add all options but those of the recordings."""
    command.add_argument(
        "--output", required=True, metavar="FILE", help=f"the encoder's file, ending in {SUFFIX}"
    )
    command.add_argument(
        "--epochs", type=at_least_1, metavar="N",
        help="passes over the training clips (default: those of the recipe)",
    )  # fmt: skip
    command.add_argument(
        "--with", nargs="+", dest="augmentations", choices=list(AUGMENTATIONS), metavar="NAME",
        help="change clips in training, beside speed, masks and noise, by "
        f"{', '.join(AUGMENTATIONS)}",
    )  # fmt: skip
    command.add_argument(
        "--without-speakers", nargs="+", default=[], metavar="ID",
        help="speakers to leave out altogether, such as crema_d-1001, in order to test on them",
    )  # fmt: skip
    command.add_argument(
        "--validation-fraction", type=float, default=0.1, metavar="SHARE",
        help="share of the speakers held out to score and calibrate by; 0 for none (default: "
        "%(default)s)",
    )  # fmt: skip
    command.add_argument(
        "--checkpoint", metavar="DIR",
        help="keep the state after every epoch there; the same command then goes on where it was "
        "broken off",
    )  # fmt: skip
    command.add_argument(
        "--precision", choices=("bfloat16", "float32"),
        help="of the convolutions in training: bfloat16 is faster on processors that have it, and "
        "far slower on others (default: that of the recipe)",
    )  # fmt: skip
    command.add_argument(
        "--float16", action="store_true", help="write 16-bit numbers: half the file"
    )
    command.add_argument(
        "--seed", type=int, default=0, metavar="N", help="seed of all that is random (default: 0)"
    )
    command.add_argument(
        "--n-jobs", type=int, default=-1, metavar="N", help="threads (default: -1, all cores)"
    )
    command.set_defaults(in_memory=False)
