"""From the arguments to labelled clips: which corpora, where they lie, and their loaders."""

from __future__ import annotations

import argparse
import os
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from sklearn_ser.cli._shared import SAMPLE_RATE

if TYPE_CHECKING:
    from sklearn.utils import Bunch

DATA_VARIABLE = "SKLEARN_SER_DATA"


class Corpus(NamedTuple):
    """A public corpus as the command line knows it."""

    title: str
    loader: str
    # Accuracy of people who listened to the same clips, where it was measured.
    human_level: float | None


CORPORA = {
    "ravdess": Corpus("RAVDESS", "load_ravdess", 0.67),
    "crema_d": Corpus("CREMA-D", "load_crema_d", 0.409),
    "savee": Corpus("SAVEE", "load_savee", None),
    "tess": Corpus("TESS", "load_tess", None),
}


def load(args: argparse.Namespace) -> tuple[Bunch, str]:
    """Load the clips that the arguments name; and say what to call them."""
    from sklearn_ser import datasets

    rate = rate_of_clips(args)
    reading = {"sample_rate": rate, "n_jobs": args.n_jobs, "verbose": 1}
    if hasattr(args, "in_memory"):
        reading["in_memory"] = args.in_memory
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
    if not args.corpus or args.corpus[0][0] == "synthetic":
        made = datasets.make_emotional_speech(sample_rate=rate, random_state=args.seed)
        return made, "synthetic speech"
    choice: dict[str, Any] = {"target": args.target, "clean": args.clean}
    return _load_named(folders(args), {**choice, **reading})


def rate_of_clips(args: argparse.Namespace) -> int:
    """Give the rate asked for, else the highest that anything to be run works at."""
    if args.sample_rate is not None:
        return int(args.sample_rate)
    recipes = getattr(args, "recipes", ())
    if not recipes:
        return SAMPLE_RATE
    from sklearn_ser.recipes import get_recipe

    rates = [get_recipe(name).sample_rate for name in recipes]
    return max([*rates, *([SAMPLE_RATE] if args.pipelines else [])])


def _load_named(places: dict[str, Path], options: dict[str, Any]) -> tuple[Bunch, str]:
    from sklearn_ser import datasets

    name = " + ".join(CORPORA[corpus].title for corpus in places)
    if len(places) > 1:
        return datasets.load_corpora(places, **options), name
    ((corpus, folder),) = places.items()
    return getattr(datasets, CORPORA[corpus].loader)(folder, **options), name


def corpus_of(args: argparse.Namespace) -> str | None:
    """Name the one known corpus that the arguments ask for, or None."""
    names = [name for name, _ in args.corpus or ()]
    return names[0] if len(names) == 1 and args.table is None else None


def human_level(args: argparse.Namespace) -> float | None:
    """Give the accuracy of people on the same task, where it is known."""
    corpus = CORPORA.get(corpus_of(args) or "")
    return corpus.human_level if corpus and args.target == "emotion" else None


def folders(args: argparse.Namespace) -> dict[str, Path]:
    """Find the folder of each corpus: as given, else under SKLEARN_SER_DATA."""
    home = os.environ.get(DATA_VARIABLE)
    found = {} if home is None else find_corpora(home)
    given = {name: Path(folder) for name, folder in args.corpus if folder}
    if args.data is not None:
        given[args.corpus[0][0]] = Path(args.data)
    places = found | given
    return {name: places[name] for name, _ in args.corpus if name in places}


def find_corpora(home: str | os.PathLike[str]) -> dict[str, Path]:
    """Find the folders directly under a folder that are named as a corpus is, in any spelling."""
    root = Path(home).expanduser()
    if not root.is_dir():
        return {}
    found: dict[str, Path] = {}
    for folder in sorted(path for path in root.iterdir() if path.is_dir()):
        name = _corpus_by_name(folder.name)
        if name is not None:
            found.setdefault(name, folder)
    return found


def _corpus_by_name(folder: str) -> str | None:
    bare = re.sub("[^a-z]", "", folder.lower())
    return {name.replace("_", ""): name for name in CORPORA}.get(bare)
