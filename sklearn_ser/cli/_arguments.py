"""The arguments of every command."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from typing import Any

from sklearn_ser import __version__
from sklearn_ser.cli._augment import AUGMENTERS, DEFAULT_FEATURES, augment
from sklearn_ser.cli._benchmark import benchmark
from sklearn_ser.cli._corpora import corpora
from sklearn_ser.cli._encoder import DEFAULT_WEIGHTS, encoder_card
from sklearn_ser.cli._extract import extract
from sklearn_ser.cli._load import CORPORA, DATA_VARIABLE
from sklearn_ser.cli._shared import DEFAULT_PIPELINES, PROGRAM, SAMPLE_RATE
from sklearn_ser.cli._train import predict, train
from sklearn_ser.cli._train_encoder import add_training_options, train_encoder
from sklearn_ser.cli._types import (
    at_least_1,
    at_least_1_copy,
    at_least_2,
    augmenter_names,
    corpus_and_folder,
    features_name,
    pipeline_name,
    protocol_name,
    recipe_name,
)


class _Parser(argparse.ArgumentParser):
    """Takes the files of 'predict' that stand behind an option, too."""

    def parse_args(self, args: Any = None, namespace: Any = None) -> Any:
        found, rest = self.parse_known_args(args, namespace)
        if rest and (not hasattr(found, "files") or any(item.startswith("-") for item in rest)):
            self.error(f"unrecognized arguments: {' '.join(rest)}")
        if rest:
            found.files += rest
        return found


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(
        prog=PROGRAM,
        description="Speech emotion recognition, scored on voices the model has never heard.",
        epilog=f"'{PROGRAM} COMMAND --help' explains a command, with examples.",
    )
    parser.add_argument("--version", action="version", version=f"{PROGRAM} {__version__}")
    parser.add_argument(
        "--traceback", action="store_true", help="show where an error arose, for a bug report"
    )
    commands = parser.add_subparsers(metavar="COMMAND", required=True)
    _add_benchmark(commands)
    _add_train(commands)
    _add_predict(commands)
    _add_train_encoder(commands)
    _add_encoder_card(commands)
    _add_extract(commands)
    _add_augment(commands)
    _add_corpora(commands)
    return parser


def _add_command(
    commands: Any, name: str, run: Callable[[argparse.Namespace], int], summary: str, more: str
) -> argparse.ArgumentParser:
    command: argparse.ArgumentParser = commands.add_parser(
        name,
        help=summary,
        description=f"{summary}\n\n{more.strip()}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    command.set_defaults(run=run, command=command)
    return command


def _add_benchmark(commands: Any) -> None:
    more = f"""
Each pipeline is tuned and scored by nested cross-validation, grouped by speaker inside and
outside. Beside the scores stands what a random split of clips would have claimed. The best
pipeline (on inner folds) is then trained on all clips and saved. Recipes are published systems,
which are fitted once a fold as they are, without tuning.

  {PROGRAM} benchmark                                  a synthetic corpus, made on the spot
  {PROGRAM} benchmark --corpus ravdess --data RAVDESS/
  {PROGRAM} benchmark --corpus savee=SAVEE/            once with words and once without
  {PROGRAM} benchmark --corpus tess=TESS/ --corpus savee=SAVEE/    both as one corpus
  {PROGRAM} benchmark --table clips.csv --pipelines mfcc-svm mel-forest
  {PROGRAM} benchmark --corpus crema_d=CREMA-D/ --recipes mel_cnn2d --epochs 20
"""
    summary = "Tune and score pipelines on unseen speakers."
    command = _add_command(commands, "benchmark", benchmark, summary, more)
    data = command.add_argument_group("recordings").add_mutually_exclusive_group()
    data.add_argument("--table", metavar="TABLE", help=_TABLE_HELP)
    _add_corpus(command, data, "(default: synthetic)")
    command.add_argument(
        "--pipelines",
        nargs="+",
        type=pipeline_name,
        metavar="NAME",
        help=f"{_PIPELINE_HELP} (default: {' '.join(DEFAULT_PIPELINES)}, or none with --recipes)",
    )
    _add_recipes(command)
    _add_protocol(command)
    command.add_argument(
        "--no-random-split", dest="random_split", action="store_false",
        help="leave out the comparison with a random split, which takes half of the time",
    )  # fmt: skip
    command.add_argument(
        "--output", default="benchmark_results", metavar="DIR",
        help="folder for tables (CSV, JSON), the confusion matrix (PNG) and the tuned model "
        "(.joblib); files of an earlier run are replaced (default: %(default)s)",
    )  # fmt: skip
    _add_running(command)


def _add_recipes(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--recipes", nargs="+", type=recipe_name, default=[], metavar="NAME",
        help="published networks, such as mel_cnn2d, beside the pipelines if both are given; a "
        "name that does not exist shows the list; needs the extra keras",
    )  # fmt: skip
    command.add_argument(
        "--epochs", type=at_least_1, metavar="N",
        help="passes of the recipes over the training clips (default: each recipe's own)",
    )  # fmt: skip


def _add_protocol(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--protocol", action="append", type=protocol_name, metavar="NAME",
        help="how to split, such as loso; may be given several times; a name that does not exist "
        "shows the list (default: loso and loso-sentences for SAVEE, tess-across for TESS, "
        "speakers for all else)",
    )  # fmt: skip
    command.add_argument(
        "--folds", type=at_least_2, metavar="N",
        help="outer folds of the protocol speakers, at most one for each speaker (default: 5)",
    )  # fmt: skip


def _add_train(commands: Any) -> None:
    more = f"""
The pipeline is tuned by cross-validation over speakers and fitted on all clips. A classifier
without probabilities gets them from calibration on speakers held out. To learn how well it does
on a stranger's voice, run '{PROGRAM} benchmark' on the same recordings.

  {PROGRAM} train clips.csv --output model.joblib
  {PROGRAM} train --corpus ravdess --data RAVDESS/ --pipeline frames-svm --output model.joblib
"""
    summary = "Tune one pipeline on all recordings and save the model."
    command = _add_command(commands, "train", train, summary, more)
    data = command.add_argument_group("recordings").add_mutually_exclusive_group(required=True)
    data.add_argument("table", nargs="?", metavar="TABLE", help=_TABLE_HELP)
    _add_corpus(command, data, "")
    command.add_argument(
        "--pipeline", type=pipeline_name, default="mfcc-svm", metavar="NAME",
        help=f"{_PIPELINE_HELP} (default: %(default)s)",
    )  # fmt: skip
    command.add_argument(
        "--output", required=True, metavar="FILE", help="the model's file, such as model.joblib"
    )
    _add_running(command)


def _add_predict(commands: Any) -> None:
    more = f"""
Files of any format that libsndfile reads (WAV, FLAC, Ogg, MP3, ...), at any rate. A file that
cannot be read gets an error in its row and does not stop the others; the exit status is then 1.
A model file is a pickle: load only those that come from people whom you trust.

Without MODEL the labels are the voice encoder's own. It is unsure where its confidence is low,
and what is known of how often it is right on other recordings stands beside its answers.

  {PROGRAM} predict a.wav b.wav
  {PROGRAM} predict model.joblib a.wav b.wav
  {PROGRAM} predict model.joblib new/*.wav --format csv --output labels.csv
  {PROGRAM} predict by_speaker.joblib ann/*.wav --speaker ann
"""
    summary = "Label audio files with a saved model, or without any."
    command = _add_command(commands, "predict", predict, summary, more)
    command.usage = f"{PROGRAM} predict [options] [MODEL] FILE [FILE ...]"
    command.add_argument(
        "files", nargs="+", metavar="FILE",
        help="audio files; before them, if at all, the MODEL that 'train' or 'benchmark' wrote",
    )  # fmt: skip
    command.add_argument(
        "--weights", metavar="WEIGHTS",
        help="without MODEL: name or file (.encoder) of the encoder's weights (default: "
        f"{DEFAULT_WEIGHTS})",
    )  # fmt: skip
    command.add_argument(
        "--format",
        choices=("text", "csv", "json"),
        default="text",
        help="(default: %(default)s)",
    )
    command.add_argument(
        "--probabilities", action="store_true", help="give the probability of every class, too"
    )
    command.add_argument(
        "--speaker", metavar="NAME",
        help="who speaks in all of the files, for a model that standardises by speaker "
        "(FEATURES-CLASSIFIER@speaker), or for labels without MODEL; unless the model knows the "
        "name, the voice is learned from these files, so give many at once, in several moods",
    )  # fmt: skip
    command.add_argument("--output", metavar="FILE", help="write here instead of to the terminal")


def _add_train_encoder(commands: Any) -> None:
    more = f"""
A small network learns to tell emotions from speech, with the raters' votes and the speakers' sex
as further tasks where the columns votes and sex are known. Speakers who are held out score and
calibrate it. It needs the extra keras; to use the file afterwards nothing but the package is
needed.

  {PROGRAM} train-encoder --corpus crema_d --data CREMA-D/ --output my.encoder
  {PROGRAM} train-encoder clips.csv --output my.encoder --checkpoint unfinished/ --with mixup
"""
    summary = "Train a voice encoder on labelled recordings."
    command = _add_command(commands, "train-encoder", train_encoder, summary, more)
    data = command.add_argument_group("recordings").add_mutually_exclusive_group(required=True)
    data.add_argument("table", nargs="?", metavar="TABLE", help=_TABLE_HELP)
    _add_corpus(command, data, "")
    add_training_options(command)


def _add_encoder_card(commands: Any) -> None:
    more = f"""
Data and licence, the speakers that the encoder has heard, its scores by corpus, emotion and group,
what it must not be used for, and how it was trained.

  {PROGRAM} encoder-card
  {PROGRAM} encoder-card my.encoder
"""
    summary = "Print what is known about a voice encoder's weights."
    command = _add_command(commands, "encoder-card", encoder_card, summary, more)
    command.add_argument(
        "weights", nargs="?", default=DEFAULT_WEIGHTS, metavar="WEIGHTS",
        help="a name of weights in the package, or a file (default: %(default)s)",
    )  # fmt: skip


def _add_extract(commands: Any) -> None:
    more = f"""
One row a file: its path, then a named column for each feature. Nothing is learned from the files,
so a row does not depend on the others, and nothing is scaled. The table appears whole or not at
all. With --memory the same command goes on where an earlier one was broken off.

  {PROGRAM} extract recordings/ --features frames --output features.csv
  {PROGRAM} extract a.wav b.flac --features mfcc --output features.parquet --memory cache/
"""
    summary = "Write the features of audio files into a table."
    command = _add_command(commands, "extract", extract, summary, more)
    command.add_argument(
        "audio", nargs="+", metavar="AUDIO",
        help="audio files, and folders, whose recordings are taken at any depth",
    )  # fmt: skip
    command.add_argument(
        "--features", required=True, type=features_name, metavar="NAME",
        help="mfcc, frames, mel, functionals, embedding, or a recipe's; any other shows all",
    )  # fmt: skip
    command.add_argument(
        "--output", required=True, metavar="FILE",
        help="the table: .csv, or .parquet (needs pyarrow)",
    )  # fmt: skip
    command.add_argument("--overwrite", action="store_true", help="replace what is there")
    command.add_argument(
        "--on-error",
        choices=("raise", "skip"),
        default="raise",
        help="whether a file that cannot be used ends the command, or is left out with a message "
        "and exit status 1 (default: %(default)s)",
    )
    _add_sample_rate(command)
    _add_processes(command, "(default: none)")


def _add_augment(commands: Any) -> None:
    more = f"""
The table says of every clip whether it is for 'train', 'validation' or 'test'; copies are made of
clips for training alone, each augmenter making its own. Into a folder go sound files and their
table, clips.csv; into a .csv or .parquet file go features. Every row says its part, its source
and what was done. Models of this package need no such files: see AugmentedClassifier.

  {PROGRAM} augment clips.csv --split part --augmenter noise,pitch --output augmented/
  {PROGRAM} augment clips.csv --split part --augmenter noise --copies 2 --output features.csv
"""
    summary = "Write a corpus, or its features, with augmented copies of the training part."
    command = _add_command(commands, "augment", augment, summary, more)
    command.add_argument("table", metavar="TABLE", help=_TABLE_HELP)
    command.add_argument(
        "--split", required=True, metavar="COLUMN",
        help="column of the table (or group of the pattern) with train, validation or test",
    )  # fmt: skip
    command.add_argument(
        "--augmenter", required=True, type=augmenter_names, metavar="NAME[,NAME...]",
        help=f"of {', '.join(AUGMENTERS)}; each with its usual strengths",
    )  # fmt: skip
    command.add_argument(
        "--copies", type=at_least_1_copy, default=1, metavar="N",
        help="copies of every training clip by each augmenter (default: %(default)s)",
    )  # fmt: skip
    command.add_argument(
        "--output", required=True, metavar="PATH",
        help="a folder for sound, or a file for features: .csv, .parquet (needs pyarrow)",
    )  # fmt: skip
    command.add_argument(
        "--features", type=features_name, metavar="NAME",
        help=f"mfcc, frames, mel, or a recipe's (default: those of {DEFAULT_FEATURES}, 880 "
        "columns); a name that does not exist shows the list",
    )  # fmt: skip
    command.add_argument(
        "--audio-format", choices=("wav", "flac"),
        help="of the sound files: 32-bit floats, or 24 bits and smaller (default: wav)",
    )  # fmt: skip
    command.add_argument("--overwrite", action="store_true", help="replace what is there")
    _add_columns(command.add_argument_group("details of the recordings"))
    _add_running(command)


def _add_corpora(commands: Any) -> None:
    more = f"""
Looks under --data-home, or under the folder that {DATA_VARIABLE} names, for folders named as the
corpora are; or into the folders given. Nothing is decoded; --check opens every file.

  {PROGRAM} corpora --data-home recordings/
  {PROGRAM} corpora SAVEE/ --plot savee.png
"""
    summary = "List the public corpora that are here, and how to get the others."
    command = _add_command(commands, "corpora", corpora, summary, more)
    command.add_argument("folders", nargs="*", metavar="DIR", help="folders of single corpora")
    command.add_argument("--data-home", metavar="DIR", help="folder that holds the corpora")
    command.add_argument(
        "--check", action="store_true", help="open every file, to find those that are broken"
    )
    command.add_argument(
        "--plot", metavar="FILE",
        help="draw clips, durations and levels; of several corpora each into FILE-NAME",
    )  # fmt: skip


_TABLE_HELP = (
    "your recordings: a CSV with the columns path, label and speaker, or a folder together with "
    "--pattern"
)
_PIPELINE_HELP = (
    "FEATURES-CLASSIFIER, such as mfcc-svm or mel-logreg; a name that does not exist shows the list"
)


def _add_corpus(command: argparse.ArgumentParser, choice: Any, default: str) -> None:
    names = ", ".join(["synthetic", *CORPORA])
    choice.add_argument(
        "--corpus", action="append", type=corpus_and_folder, metavar="NAME[=DIR]",
        help=f"a known corpus: {names}; give it several times to join corpora on the emotions "
        f"that they share {default}".strip(),
    )  # fmt: skip
    group = command.add_argument_group("details of the recordings")
    group.add_argument(
        "--data", metavar="DIR",
        help=f"folder of the corpus (default: the one so named under ${DATA_VARIABLE})",
    )  # fmt: skip
    group.add_argument(
        "--target", default="emotion", metavar="COLUMN",
        help="what to tell of a known corpus (default: %(default)s)",
    )  # fmt: skip
    group.add_argument(
        "--clean", action="store_true", help="leave out a known corpus's known defects"
    )
    _add_columns(group)


def _add_columns(group: Any) -> None:
    for column in ("path", "label", "speaker"):
        group.add_argument(
            f"--{column}-column", default=column, metavar="NAME",
            help=f"column of the table that holds the {column} (default: {column})",
        )  # fmt: skip
    group.add_argument(
        "--pattern", metavar="REGEX",
        help="for a folder: a regular expression over the files' paths with the named groups "
        "label and speaker, such as '(?P<speaker>\\w+)/(?P<label>[a-z]+)_'",
    )  # fmt: skip
    group.add_argument(
        "--on-error",
        choices=("raise", "skip"),
        default="raise",
        help="what to do with rows of the table that cannot be used (default: %(default)s)",
    )
    _add_sample_rate(group)


def _add_sample_rate(group: Any) -> None:
    group.add_argument(
        "--sample-rate", type=int, metavar="HZ",
        help=f"rate that all clips are brought to (default: {SAMPLE_RATE}; recipes have their own)",
    )  # fmt: skip


def _add_running(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--seed", type=int, default=0, metavar="N", help="seed of all that is random (default: 0)"
    )
    _add_processes(command, "(default: kept for this run only)")


def _add_processes(command: argparse.ArgumentParser, default_memory: str) -> None:
    command.add_argument(
        "--n-jobs", type=int, default=-1, metavar="N", help="processes (default: -1, all cores)"
    )
    command.add_argument(
        "--memory", metavar="DIR",
        help=f"folder to keep features in for later runs {default_memory}",
    )  # fmt: skip
