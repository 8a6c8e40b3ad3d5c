"""The command ``sklearn-ser``: benchmark, train and predict from a terminal."""

from __future__ import annotations

import argparse
import contextlib
import os
import sys
import tempfile
import warnings
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sklearn_ser import __version__

if TYPE_CHECKING:
    from sklearn.utils import Bunch

__all__ = ["main"]

PROGRAM = "sklearn-ser"
DEFAULT_PIPELINES = ("mfcc-svm", "frames-svm", "frames-logreg")

# Accuracy of people who listened to the same clips.
HUMAN_LEVEL = {"ravdess": 0.67}


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line.

    Parameters
    ----------
    argv : sequence of str, default=None
        The arguments; None takes those of the process.

    Returns
    -------
    int
        Exit status: 0 if all went well, 1 if some file could not be labelled, 2 for an error of
        usage or of the data, 130 after Ctrl-C, 141 if the reader of the output has gone.
    """
    args = _parser().parse_args(argv)
    _check_usage(args)
    try:
        with warnings.catch_warnings():
            warnings.showwarning = _show_warning
            status: int = args.run(args)
            sys.stdout.flush()
            return status
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:
        # Python flushes stdout once more at exit; let that go nowhere.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 141
    except (ValueError, OSError, ImportError) as error:
        if args.traceback:
            raise
        print(f"{PROGRAM}: error: {_message(error)}", file=sys.stderr)
        return 2


def _message(error: BaseException) -> str:
    notes = getattr(error, "__notes__", [])
    return "\n".join([str(error) or type(error).__name__, *notes])


def _show_warning(message: Warning | str, *_: Any, **__: Any) -> None:
    print(f"{PROGRAM}: warning: {message}", file=sys.stderr)


# ---- the commands


def _benchmark(args: argparse.Namespace) -> int:
    from sklearn_ser.model_selection import SpeakerKFold, benchmark
    from sklearn_ser.utils._files import check_output_folder

    folder = check_output_folder(args.output)
    bunch, name = _load(args)
    with _cache(args.memory) as memory:
        pipelines = {pipeline: _tunable(pipeline, args, memory) for pipeline in args.pipelines}
        _print_corpus(bunch, name)
        result = benchmark(
            pipelines,
            bunch.data,
            bunch.target,
            outer=SpeakerKFold(args.folds),
            random_split=args.random_split,
            human_level=HUMAN_LEVEL.get(args.corpus),
            n_jobs=args.n_jobs,
            random_state=args.seed,
            verbose=1,
        )
        print(f"{result}\n", flush=True)
        fit = _fit_final(result.best_, bunch, args, memory)
    files = [*result.save(folder), _draw(result, name, folder / "confusion.png")]
    about = _about(fit, result.best_, name, bunch) | {"uar": result.table.loc[result.best_, "uar"]}
    files.append(_save(fit.model, folder / "model.joblib", about))
    _print_section("Files", "\n".join(map(str, files)))
    return 0


def _train(args: argparse.Namespace) -> int:
    from sklearn_ser.utils._files import check_output_folder

    check_output_folder(Path(args.output).parent)
    bunch, name = _load(args)
    _print_corpus(bunch, name)
    with _cache(args.memory) as memory:
        fit = _fit_final(args.pipeline, bunch, args, memory)
    path = _save(fit.model, args.output, _about(fit, args.pipeline, name, bunch))
    print(f"Model: {path}")
    return 0


def _predict(args: argparse.Namespace) -> int:
    from sklearn_ser.inference import format_predictions, load_model, predict_files
    from sklearn_ser.utils._files import check_output_folder

    if args.output:
        check_output_folder(Path(args.output).parent)
    table = predict_files(load_model(args.model), args.files, probabilities=args.probabilities)
    _write(format_predictions(table, args.format), args.output)
    return int(table["error"].notna().any())


# ---- their parts


def _load(args: argparse.Namespace) -> tuple[Bunch, str]:
    """Load the clips that the arguments name; and say what to call them."""
    from sklearn_ser import datasets

    reading = {"sample_rate": args.sample_rate, "n_jobs": args.n_jobs, "verbose": 1}
    if args.table is not None:
        bunch = datasets.load_clips(
            args.table,
            path=args.path_column,
            label=args.label_column,
            speaker=args.speaker_column,
            pattern=args.pattern,
            on_error=args.on_error,
            **reading,
        )
        return bunch, str(args.table)
    if args.corpus == "ravdess":
        return datasets.load_ravdess(args.data, **reading), "RAVDESS"
    made = datasets.make_emotional_speech(sample_rate=args.sample_rate, random_state=args.seed)
    return made, "synthetic speech"


@contextlib.contextmanager
def _cache(folder: str | None) -> Iterator[str]:
    """Give a folder in which features are kept, by default only for this run."""
    if folder is not None:
        yield folder
        return
    with tempfile.TemporaryDirectory(prefix=f"{PROGRAM}-", ignore_cleanup_errors=True) as passing:
        yield passing


def _tunable(name: str, args: argparse.Namespace, memory: str) -> tuple[Any, Any]:
    from sklearn_ser.pipeline import make_ser_pipeline, parameter_grid

    features, _, classifier = name.partition("-")
    pipeline = make_ser_pipeline(
        features, classifier, sample_rate=args.sample_rate, memory=memory, random_state=args.seed
    )
    return pipeline, parameter_grid(features, classifier)


def _fit_final(name: str, bunch: Bunch, args: argparse.Namespace, memory: str) -> Any:
    from sklearn_ser.model_selection import fit_final
    from sklearn_ser.model_selection._report import format_params

    print(f"Tuning {name} on all clips ...", file=sys.stderr)
    pipeline, grid = _tunable(name, args, memory)
    fit = fit_final(pipeline, grid, bunch.data, bunch.target, n_jobs=args.n_jobs)
    text = (
        f"{name}: {format_params(fit.params)}, the best of {fit.n_candidates} candidates.\n"
        f"UAR {fit.inner_score:.1%} on the folds by speaker that chose it."
    )
    if fit.calibrated:
        text += "\nIts probabilities were calibrated on speakers held out."
    _print_section("Final model, trained on all clips", text)
    return fit


def _about(fit: Any, pipeline: str, corpus: str, bunch: Bunch) -> dict[str, Any]:
    return {
        "pipeline": pipeline,
        "params": fit.params,
        "corpus": corpus,
        "n_clips": len(bunch.data),
        "sample_rate": bunch.data.sample_rate,
    }


def _save(model: Any, path: str | Path, about: dict[str, Any]) -> Path:
    from sklearn_ser.inference import save_model

    return save_model(model, path, metadata=about)


def _draw(result: Any, corpus: str, path: Path) -> Path:
    from sklearn_ser.plotting import ConfusionDisplay

    title = f"{result.best_} on {corpus}, unseen speakers"
    predictions = result.predictions
    display = ConfusionDisplay.from_predictions(
        predictions["true"], predictions[result.best_], title=title
    )
    return display.save(path)


# ---- what is printed


def _print_corpus(bunch: Bunch, name: str) -> None:
    clips = bunch.data
    n_speakers = 0 if clips.speakers is None else len(set(clips.speakers))
    speakers = f" of {n_speakers} speaker{'s' * (n_speakers > 1)}" if n_speakers else ""
    seconds = sum(len(waveform) for waveform in clips) / clips.sample_rate
    classes = ", ".join(f"{label} {n}" for label, n in _counts(bunch.target).items())
    text = (
        f"{name}: {len(clips)} clips{speakers}, {seconds / 60:.1f} minutes at "
        f"{clips.sample_rate} Hz\n{classes}"
    )
    _print_section("Corpus", text)


def _counts(labels: Any) -> dict[Any, int]:
    import numpy as np

    names, counts = np.unique(labels, return_counts=True)
    return dict(zip(names, counts, strict=True))


def _print_section(title: str, text: str) -> None:
    print(f"{title}\n{'-' * len(title)}\n{text}\n", flush=True)


def _write(text: str, path: str | None) -> None:
    if path is None:
        sys.stdout.write(text)
        return
    from sklearn_ser.utils._files import atomic_path

    with atomic_path(path) as unfinished:
        unfinished.write_text(text, encoding="utf-8")


# ---- the arguments


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
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
pipeline (on inner folds) is then trained on all clips and saved.

  {PROGRAM} benchmark                                  a synthetic corpus, made on the spot
  {PROGRAM} benchmark --corpus ravdess --data RAVDESS/
  {PROGRAM} benchmark --table clips.csv --pipelines mfcc-svm mel-forest
"""
    summary = "Tune and score pipelines on unseen speakers."
    command = _add_command(commands, "benchmark", _benchmark, summary, more)
    data = command.add_argument_group("recordings").add_mutually_exclusive_group()
    data.add_argument("--table", metavar="TABLE", help=_TABLE_HELP)
    _add_corpus(command, data, "(default: synthetic)")
    command.add_argument(
        "--pipelines",
        nargs="+",
        type=_pipeline_name,
        default=DEFAULT_PIPELINES,
        metavar="NAME",
        help=f"{_PIPELINE_HELP} (default: {' '.join(DEFAULT_PIPELINES)})",
    )
    command.add_argument(
        "--folds", type=_at_least_2, default=5, metavar="N",
        help="outer folds, at most one for each speaker (default: 5)",
    )  # fmt: skip
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


def _add_train(commands: Any) -> None:
    more = f"""
The pipeline is tuned by cross-validation over speakers and fitted on all clips. A classifier
without probabilities gets them from calibration on speakers held out. To learn how well it does
on a stranger's voice, run '{PROGRAM} benchmark' on the same recordings.

  {PROGRAM} train clips.csv --output model.joblib
  {PROGRAM} train --corpus ravdess --data RAVDESS/ --pipeline frames-svm --output model.joblib
"""
    summary = "Tune one pipeline on all recordings and save the model."
    command = _add_command(commands, "train", _train, summary, more)
    data = command.add_argument_group("recordings").add_mutually_exclusive_group(required=True)
    data.add_argument("table", nargs="?", metavar="TABLE", help=_TABLE_HELP)
    _add_corpus(command, data, "")
    command.add_argument(
        "--pipeline", type=_pipeline_name, default="mfcc-svm", metavar="NAME",
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

  {PROGRAM} predict model.joblib a.wav b.wav
  {PROGRAM} predict model.joblib new/*.wav --format csv --output labels.csv
"""
    summary = "Label audio files with a saved model."
    command = _add_command(commands, "predict", _predict, summary, more)
    command.add_argument("model", metavar="MODEL", help="file that 'train' or 'benchmark' wrote")
    command.add_argument("files", nargs="+", metavar="FILE", help="audio files")
    command.add_argument(
        "--format",
        choices=("text", "csv", "json"),
        default="text",
        help="(default: %(default)s)",
    )
    command.add_argument(
        "--probabilities", action="store_true", help="give the probability of every class, too"
    )
    command.add_argument("--output", metavar="FILE", help="write here instead of to the terminal")


_TABLE_HELP = (
    "your recordings: a CSV with the columns path, label and speaker, or a folder together with "
    "--pattern"
)
_PIPELINE_HELP = (
    "FEATURES-CLASSIFIER, such as mfcc-svm or mel-logreg; a name that does not exist shows the list"
)


def _add_corpus(command: argparse.ArgumentParser, choice: Any, default: str) -> None:
    choice.add_argument(
        "--corpus", choices=("synthetic", "ravdess"), help=f"a known corpus {default}".strip()
    )
    group = command.add_argument_group("details of the recordings")
    group.add_argument("--data", metavar="DIR", help="folder of the corpus")
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
    group.add_argument(
        "--sample-rate", type=int, default=16000, metavar="HZ",
        help="rate that all clips are brought to (default: %(default)s)",
    )  # fmt: skip


def _add_running(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--n-jobs", type=int, default=-1, metavar="N", help="processes (default: -1, all cores)"
    )
    command.add_argument(
        "--seed", type=int, default=0, metavar="N", help="seed of all that is random (default: 0)"
    )
    command.add_argument(
        "--memory", metavar="DIR",
        help="folder to keep features in for later runs (default: kept for this run only)",
    )  # fmt: skip


def _pipeline_name(name: str) -> str:
    from sklearn_ser.pipeline import pipeline_names
    from sklearn_ser.utils._names import did_you_mean

    known = pipeline_names()
    if name not in known:
        hint = did_you_mean(name, known)
        raise argparse.ArgumentTypeError(
            f"there is no pipeline {name!r}.{hint} Choose among {', '.join(known)}."
        )
    return name


def _at_least_2(text: str) -> int:
    number = int(text)
    if number < 2:
        raise argparse.ArgumentTypeError(f"needs at least 2 folds, got {number}")
    return number


def _check_usage(args: argparse.Namespace) -> None:
    """Refuse combinations of arguments that argparse lets pass."""
    corpus, data = getattr(args, "corpus", None), getattr(args, "data", None)
    if corpus == "ravdess" and data is None:
        args.command.error("--corpus ravdess needs --data DIR, the folder of its recordings")
    if data is not None and corpus != "ravdess":
        args.command.error("--data names the folder of a corpus: add --corpus ravdess")
