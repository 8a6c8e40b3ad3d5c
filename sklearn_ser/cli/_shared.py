"""What several commands do: name pipelines, keep features, tune, save and print."""

from __future__ import annotations

import argparse
import contextlib
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sklearn.utils import Bunch

PROGRAM = "sklearn-ser"
DEFAULT_PIPELINES = ("mfcc-svm", "frames-svm", "frames-logreg")
SAMPLE_RATE = 16000
TABLES = (".csv", ".parquet")


@contextlib.contextmanager
def feature_cache(folder: str | None) -> Iterator[str]:
    """Give a folder in which features are kept, by default only for this run."""
    if folder is not None:
        yield folder
        return
    with tempfile.TemporaryDirectory(prefix=f"{PROGRAM}-", ignore_cleanup_errors=True) as passing:
        yield passing


def tunable(name: str, args: argparse.Namespace, memory: str) -> tuple[Any, Any]:
    """Make a pipeline or a recipe by its name, and the candidates to try for it."""
    from sklearn_ser.pipeline import make_ser_pipeline, parameter_grid
    from sklearn_ser.pipeline._named import split_name

    if name in getattr(args, "recipes", ()):
        return _recipe(name, args, memory), None
    features, classifier, standardize = split_name(name)
    pipeline = make_ser_pipeline(
        features,
        classifier,
        standardize=standardize,
        sample_rate=args.sample_rate or SAMPLE_RATE,
        memory=memory,
        random_state=args.seed,
    )
    return pipeline, parameter_grid(features, classifier, standardize=standardize)


def _recipe(name: str, args: argparse.Namespace, memory: str) -> Any:
    from sklearn_ser.recipes import get_recipe

    asked = {"sample_rate": args.sample_rate, "epochs": args.epochs}
    given = {option: value for option, value in asked.items() if value is not None}
    return get_recipe(name).make(memory=memory, random_state=args.seed, **given)


def usual_rate(features: str | None) -> int:
    """Give the sample rate of a recipe, or else that of all other features."""
    from sklearn_ser.recipes import get_recipe, list_recipes

    return get_recipe(features).sample_rate if features in list_recipes() else SAMPLE_RATE


def extracting_pipeline(features: str | None, args: argparse.Namespace) -> Any:
    """Make a pipeline whose extractor gives the features of this name; None where there is none."""
    from sklearn_ser.pipeline import make_ser_pipeline
    from sklearn_ser.recipes import get_recipe, list_recipes

    if features is None:
        return None
    options = {"sample_rate": args.sample_rate, "memory": args.memory, "n_jobs": args.n_jobs}
    if features in list_recipes():
        return get_recipe(features).make(**options)
    return make_ser_pipeline(features, "logreg", **options)


def check_free(path: str, *, overwrite: bool) -> None:
    """Say that an output is there already before any work is done; an empty folder is nothing."""
    output = Path(path)
    is_empty = output.is_dir() and not any(output.iterdir())
    if output.exists() and not is_empty and not overwrite:
        raise FileExistsError(f"{output} is there already; --overwrite replaces it.")


def names_to_run(args: argparse.Namespace) -> list[str]:
    """Name all that is to be scored; the usual pipelines where nothing was chosen."""
    chosen = [*(args.pipelines or ()), *args.recipes]
    return chosen or list(DEFAULT_PIPELINES)


def tune_and_fit(name: str, bunch: Bunch, args: argparse.Namespace, memory: str) -> Any:
    """Tune a pipeline on all clips, fit it, and print what was chosen."""
    from sklearn_ser.model_selection import fit_final
    from sklearn_ser.model_selection._report import format_params

    pipeline, grid = tunable(name, args, memory)
    doing = "Fitting" if grid is None else "Tuning"
    print(f"{doing} {name} on all clips ...", file=sys.stderr)
    fit = fit_final(pipeline, grid, bunch.data, bunch.target, n_jobs=args.n_jobs)
    text = f"{name}, fitted as it is: nothing was tuned."
    if grid is not None:
        text = (
            f"{name}: {format_params(fit.params)}, the best of {fit.n_candidates} candidates.\n"
            f"UAR {fit.inner_score:.1%} on the folds by speaker that chose it."
        )
    if fit.calibrated:
        text += "\nIts probabilities were calibrated on speakers held out."
    print_section("Final model, trained on all clips", text)
    return fit


def about_model(fit: Any, pipeline: str, corpus: str, bunch: Bunch) -> dict[str, Any]:
    """Say of a model's file how it came about."""
    return {
        "pipeline": pipeline,
        "params": fit.params,
        "corpus": corpus,
        "n_clips": len(bunch.data),
        "sample_rate": bunch.data.sample_rate,
    }


def save(model: Any, path: str | Path, about: dict[str, Any]) -> Path:
    """Write a model to its file."""
    from sklearn_ser.inference import save_model

    return save_model(model, path, metadata=about)


def print_corpus(bunch: Bunch, name: str) -> None:
    """Print what the recordings are: clips, speakers, minutes and classes."""
    clips = bunch.data
    n_speakers = 0 if clips.speakers is None else len(set(clips.speakers))
    speakers = f" of {n_speakers} speaker{'s' * (n_speakers > 1)}" if n_speakers else ""
    seconds = sum(len(waveform) for waveform in clips) / clips.sample_rate
    classes = ", ".join(f"{label} {n}" for label, n in _counts(bunch.target).items())
    text = (
        f"{name}: {len(clips)} clips{speakers}, {seconds / 60:.1f} minutes at "
        f"{clips.sample_rate} Hz\n{classes}"
    )
    print_section("Corpus", text)


def _counts(labels: Any) -> dict[Any, int]:
    import numpy as np

    names, counts = np.unique(labels, return_counts=True)
    return dict(zip(names, counts, strict=True))


def print_section(title: str, text: str) -> None:
    """Print a text under a title."""
    print(f"{title}\n{'-' * len(title)}\n{text}\n", flush=True)
