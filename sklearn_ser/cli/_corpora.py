"""The command ``corpora``: what is found where, and how to get what is not."""

from __future__ import annotations

import argparse
import os
import textwrap
import warnings
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sklearn_ser.cli._load import CORPORA, DATA_VARIABLE, find_corpora
from sklearn_ser.cli._shared import print_section

if TYPE_CHECKING:
    from sklearn.utils import Bunch

_WIDTH = 96


@dataclass
class _Found:
    """One corpus in one folder: its clips, or why they cannot be had, and what was warned of."""

    corpus: str
    folder: Path
    bunch: Bunch | None = None
    problem: str | None = None
    n_left_out: int | None = None
    remarks: list[str] = field(default_factory=list)

    @property
    def title(self) -> str:
        return CORPORA[self.corpus].title


def corpora(args: argparse.Namespace) -> int:
    """List the corpora that are found, and how to get the others."""
    places = _places(args)
    found = [_look(corpus, folder, check=args.check) for corpus, folder in places]
    if found:
        print_section("Found", _table(found))
    remarks = [f"{each.title}: {text}" for each in found for text in _remarks(each)]
    if remarks:
        print_section("Defects and remarks", "\n".join(map(_wrapped, remarks)))
    missing = [name for name in CORPORA if name not in dict(places)]
    if missing and not args.folders:
        print_section("Not found", "\n".join(_wrapped(_how_to_get(name)) for name in missing))
    pictures = _draw(found, args.plot)
    if pictures:
        print_section("Files", "\n".join(map(str, pictures)))
    return int(any(each.problem for each in found))


def _places(args: argparse.Namespace) -> list[tuple[str, Path]]:
    given = [(_tell(Path(folder).expanduser()), Path(folder)) for folder in args.folders]
    if given and args.data_home is None:
        return given
    home = args.data_home or os.environ.get(DATA_VARIABLE)
    if home is None:
        return given
    if not Path(home).expanduser().is_dir():
        source = "--data-home" if args.data_home else DATA_VARIABLE
        raise NotADirectoryError(f"{source} names {home}, which is no folder.")
    named = find_corpora(home)
    return given + [(name, named[name]) for name in CORPORA if name in named]


def _tell(folder: Path) -> str:
    """Tell by its files which corpus a folder holds."""
    from sklearn_ser.datasets._files import check_folder, find_recordings, looks_like

    names = [file.name for file in find_recordings(check_folder(folder, "a corpus", ""))]
    title = looks_like(names) if names else None
    by_title = {corpus.title: name for name, corpus in CORPORA.items()}
    if title not in by_title:
        example = f", only files such as {names[0]!r}" if names else " and no audio file at all"
        raise ValueError(
            f"{folder} holds none of {', '.join(by_title)}{example}. Recordings of your own go "
            "into a table: see 'sklearn-ser benchmark --help'."
        )
    return by_title[title]


def _look(corpus: str, folder: Path, *, check: bool) -> _Found:
    """Load a corpus without decoding it, and collect what its loader warns of."""
    from sklearn_ser import datasets

    found = _Found(corpus, folder)
    loader = getattr(datasets, CORPORA[corpus].loader)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            found.bunch = loader(folder, in_memory=False, clean=check)
            if check:
                found.n_left_out = _n_clips(loader, folder) - len(found.bunch.data)
        except (ValueError, OSError) as error:
            found.problem = str(error)
    found.remarks = [str(warning.message) for warning in caught]
    return found


def _n_clips(loader: Any, folder: Path) -> int:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return len(loader(folder, in_memory=False).data)


def _table(found: list[_Found]) -> str:
    import pandas as pd

    rows = [
        {"corpus": each.title, **_sizes(each.bunch), "broken or twice": each.n_left_out}
        | {"remarks": len(_remarks(each)), "folder": str(each.folder)}
        for each in found
    ]
    return str(pd.DataFrame(rows).dropna(axis="columns", how="all").to_string(index=False))


def _sizes(bunch: Bunch | None) -> dict[str, Any]:
    columns = ("clips", "speakers", "emotions", "sentences", "minutes")
    if bunch is None:
        return dict.fromkeys(columns, "-")
    frame = bunch.frame
    counts = [len(frame), *(frame[name].nunique() for name in ("speaker", "emotion", "sentence"))]
    return dict(zip(columns, [*counts, f"{_minutes(bunch.filenames):.1f}"], strict=True))


def _minutes(paths: Any) -> float:
    """Add up what the files' headers say; files that cannot be opened count nothing."""
    import soundfile

    seconds = 0.0
    for path in paths:
        try:
            seconds += soundfile.info(str(path)).duration
        except soundfile.SoundFileError:
            continue
    return seconds / 60


def _remarks(found: _Found) -> list[str]:
    start = f"{found.title}: "
    listed = [text.removeprefix(start) for text in found.remarks]
    return [*listed, *filter(None, [found.problem])]


def _how_to_get(corpus: str) -> str:
    text: str = import_module(f"sklearn_ser.datasets._{corpus}").HOW_TO_GET
    return f"{CORPORA[corpus].title}: {text}"


def _wrapped(text: str) -> str:
    return textwrap.fill(
        text, _WIDTH, initial_indent="* ", subsequent_indent="  ", break_long_words=False
    )


def _draw(found: list[_Found], path: str | None) -> list[Path]:
    """Draw each corpus; several get files of their own, named after them."""
    whole = [each for each in found if each.bunch is not None]
    if path is None:
        return []
    if not whole:
        raise ValueError(f"--plot {path}: no corpus was found that could be drawn.")
    from sklearn_ser.plotting import CorpusSummaryDisplay

    target = Path(path)
    files = []
    for each in whole:
        name = f"{target.stem}-{each.corpus}{target.suffix}" if len(whole) > 1 else target.name
        display = CorpusSummaryDisplay.from_bunch(each.bunch, title=each.title)
        files.append(display.save(target.with_name(name)))
    return files
