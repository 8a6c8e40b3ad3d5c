"""CREMA-D: twelve sentences in six emotions by 91 actors, with the votes of many raters."""

from __future__ import annotations

import os
import re
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from sklearn_ser.audio._clips import AudioClips
from sklearn_ser.datasets._corpus import Corpus, load_corpus
from sklearn_ser.datasets._files import shorten
from sklearn_ser.exceptions import CorpusError

if TYPE_CHECKING:
    import numpy as np
    from sklearn.utils import Bunch

__all__ = ["load_crema_d"]

_SOURCE = "https://github.com/CheyneyComputerScience/CREMA-D"
HOW_TO_GET = (
    f"CREMA-D is had from {_SOURCE} (Git LFS: run 'git lfs pull' after cloning), licence ODbL 1.0. "
    "Give the folder AudioWAV or the one around it."
)

_NAME = re.compile(r"(\d{4})_([A-Z]{3})_([A-Z]{3})_(LO|MD|HI|XX)")
_ACTORS = range(1001, 1092)
_SENTENCES = frozenset("DFA IEO IOM ITH ITS IWL IWW MTI TAI TIE TSI WSI".split())  # noqa: SIM905
_EMOTIONS = {
    "ANG": "angry",
    "DIS": "disgust",
    "FEA": "fearful",
    "HAP": "happy",
    "NEU": "neutral",
    "SAD": "sad",
}
_INTENSITIES = {"LO": "low", "MD": "medium", "HI": "high", "XX": "unspecified"}
_VOTES = {emotion[0]: name for emotion, name in _EMOTIONS.items()}

_ACTORS_TABLE = "VideoDemographics.csv"
_VOTES_TABLE = "summaryTable.csv"
_OF_ACTORS = ("sex", "age", "race", "ethnicity")
_OF_VOTES = ("votes", "perceived", "perceived_level")
_COLUMNS = (
    "path",
    "corpus",
    "emotion",
    "emotion_name",
    "speaker",
    *_OF_ACTORS,
    "intensity",
    "sentence",
    *_OF_VOTES,
)


def load_crema_d(
    path: str | os.PathLike[str],
    *,
    sample_rate: int = 16000,
    in_memory: bool = True,
    target: str = "emotion",
    clean: bool = False,
    return_X_y: bool = False,
    n_jobs: int | None = None,
    verbose: int = 0,
) -> Bunch | tuple[AudioClips, np.ndarray]:
    """Load CREMA-D, twelve sentences in six emotions by 91 actors.

    7,442 clips, with the actors' age, sex and ethnicity, and what people who only listened took
    each clip for. Read the whole description, with licence, known defects and citation, in `DESCR`.

    Parameters
    ----------
    path : path-like
        The folder as cloned or unpacked. Clips are found by their names at any depth
        (``AudioWAV/1001_DFA_ANG_XX.wav``), in any format that libsndfile decodes; part of the
        corpus is welcome. The tables ``VideoDemographics.csv`` and ``summaryTable.csv`` are looked
        for beside the clips, in the folder and the one around it, and in ``processedResults``.
    sample_rate : int, default=16000
        Rate in Hz that the clips are brought to; the original files have that.
    in_memory : bool, default=True
        Decode everything now, into one buffer. False decodes a clip when it is touched and opens
        no clip here (with `clean=True` each one's header and last hundredth of a second).
    target : str, default="emotion"
        The column of `frame` to predict: "emotion" (that the actor was asked for), "perceived"
        (that most raters heard), "votes", "sex", "age", "race", "ethnicity", "intensity",
        "sentence", "speaker", ...; or "sex_emotion", 12 classes such as ``"female_angry"``.
        Clips for which "perceived" is a tie are left out with a `CorpusWarning` that counts them;
        "votes" keeps them under names such as ``"angry:disgust"``.
    clean : bool, default=False
        Leave out what is known to be broken: both clips of the three pairs that are one recording
        under two labels, the clip without sound, and files that cannot be opened (Git LFS pointers
        are such) or are cut off. One `CorpusWarning` names them.
    return_X_y : bool, default=False
        Give ``(data, target)`` instead of a Bunch.
    n_jobs : int, default=None
        Threads that decode; None is one, -1 all cores.
    verbose : int, default=0
        Show a progress bar while decoding where it is not 0.

    Returns
    -------
    Bunch
        data : AudioClips of n clips
            Ordered by speaker, then by name.
        target : ndarray of shape (n,)
            Object array of `str`, or numbers for a target of numbers.
        groups : ndarray of shape (n,)
            The speaker of every clip, ``"crema_d-1001"``; equal to ``data.speakers``.
        frame : DataFrame of n rows
            path, corpus, emotion, emotion_name (CREMA-D's own, ``"ANG"``), speaker, intensity
            ("low", "medium", "high", "unspecified"), sentence (``"DFA"``). Where the table of the
            actors was found: sex, age, race, ethnicity. Where that of the votes was found: votes
            (the raters' winner for the voice alone, or their tie), perceived (the same, missing
            for ties), perceived_level (the winner's mean rated intensity, 0 to 100).
        filenames : ndarray of shape (n,)
            Absolute paths.
        target_names : list of str
            The classes, sorted.
        sample_rate : int
            In Hz.
        DESCR : str
            Licence, size, known defects, citation.

        With `return_X_y=True` the pair ``(data, target)``.

    Raises
    ------
    CorpusNotFoundError
        The folder does not exist, is a file, or holds no names of CREMA-D.
    CorpusError
        `target` is no column of `frame`, or needs a table that was not found; a table lacks a
        column.
    AudioReadError
        A file cannot be decoded (`in_memory=True`).

    Warns
    -----
    CorpusWarning
        Clips were found twice, have a known defect, or have no winner to predict.

    See Also
    --------
    load_corpora : Several corpora as one.
    load_clips : Load your own recordings.

    References
    ----------
    .. [1] Cao, H., Cooper, D. G., Keutmann, M. K., Gur, R. C., Nenkova, A., and Verma, R. (2014).
       CREMA-D: Crowd-Sourced Emotional Multimodal Actors Dataset. IEEE Transactions on Affective
       Computing 5(4): 377-390. https://doi.org/10.1109/TAFFC.2014.2336244

    Examples
    --------
    A folder with one clip in it, named as CREMA-D names it:

    >>> import os, tempfile
    >>> import numpy as np
    >>> import soundfile
    >>> from sklearn_ser.datasets import load_crema_d
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     name = os.path.join(folder, "1001_DFA_ANG_XX.wav")
    ...     soundfile.write(name, np.zeros(1600), 16000)
    ...     bunch = load_crema_d(folder)
    >>> bunch.target.tolist(), bunch.groups.tolist(), bunch.frame["sentence"].tolist()
    (['angry'], ['crema_d-1001'], ['DFA'])
    """
    return load_corpus(
        _CREMA_D,
        path,
        target=target,
        sample_rate=sample_rate,
        in_memory=in_memory,
        clean=clean,
        return_X_y=return_X_y,
        n_jobs=n_jobs,
        verbose=verbose,
        complete=_add_tables,
    )


def _parse(path: Path) -> tuple[str, dict[str, Any]] | None:
    """Read a file's name; None where it is not the name of a clip of CREMA-D."""
    match = _NAME.fullmatch(path.stem)
    if match is None:
        return None
    actor, sentence, emotion, intensity = match.groups()
    if int(actor) not in _ACTORS or sentence not in _SENTENCES or emotion not in _EMOTIONS:
        return None
    return path.stem, {
        "emotion": _EMOTIONS[emotion],
        "emotion_name": emotion,
        "speaker": f"crema_d-{actor}",
        "intensity": _INTENSITIES[intensity],
        "sentence": sentence,
    }


def _add_tables(frame: pd.DataFrame, folder: Path) -> pd.DataFrame:
    """Add what the corpus' tables tell of actors and votes, where they are found."""
    frame = frame.copy()
    places = _places(folder, Path(frame["path"].iloc[0]).parent)
    actors = _read_table(places, _ACTORS_TABLE, ("ActorID", "Sex", "Age", "Race", "Ethnicity"))
    if actors is not None:
        _add_actors(frame, actors)
    votes = _read_table(places, _VOTES_TABLE, ("FileName", "VoiceVote", "VoiceLevel"))
    if votes is not None:
        _add_votes(frame, votes)
    return frame[[column for column in _COLUMNS if column in frame]]


def _places(folder: Path, clips: Path) -> list[Path]:
    """List the folders that may hold the tables: from the clips up to the one around `folder`."""
    depth = len(clips.relative_to(folder).parts) if clips.is_relative_to(folder) else 0
    around = [clips, *clips.parents][: depth + 2]
    return [place for base in around for place in (base, base / "processedResults")]


def _read_table(places: list[Path], name: str, columns: tuple[str, ...]) -> pd.DataFrame | None:
    """Read the first table of this name, as text; None where there is none."""
    found = [place / name for place in places if (place / name).is_file()]
    if not found:
        return None
    try:
        table = pd.read_csv(found[0], dtype=str)
    except (ValueError, OSError) as error:
        raise CorpusError(f"{found[0]} cannot be read as a table: {error}.") from error
    lacking = [column for column in columns if column not in table]
    if lacking:
        raise CorpusError(
            f"{found[0]} has no column {lacking[0]!r}; get {name} again from {_SOURCE}."
        )
    return table


def _add_actors(frame: pd.DataFrame, table: pd.DataFrame) -> None:
    table = table.drop_duplicates("ActorID").set_index("ActorID")
    actors = frame["speaker"].str.removeprefix("crema_d-")
    frame["sex"] = actors.map(table["Sex"].str.lower())
    frame["age"] = actors.map(pd.to_numeric(table["Age"], errors="coerce"))
    frame["race"] = actors.map(table["Race"])
    frame["ethnicity"] = actors.map(table["Ethnicity"])


def _add_votes(frame: pd.DataFrame, table: pd.DataFrame) -> None:
    table = table.drop_duplicates("FileName").set_index("FileName")
    names = frame.index.to_series()
    frame["votes"] = names.map(table["VoiceVote"].map(_name_votes, na_action="ignore"))
    is_tie = frame["votes"].map(lambda vote: isinstance(vote, str) and ":" in vote).astype(bool)
    frame["perceived"] = frame["votes"].mask(is_tie)
    levels = pd.to_numeric(table["VoiceLevel"], errors="coerce")
    frame["perceived_level"] = names.map(levels).mask(is_tie)


def _name_votes(vote: str) -> str:
    """Name the winner, or all of a tie: ``"A:D"`` is ``"angry:disgust"``."""
    try:
        return ":".join(_VOTES[letter] for letter in vote.split(":"))
    except KeyError as error:
        raise CorpusError(
            f"{_VOTES_TABLE} holds the vote {vote!r}; the letters known are {', '.join(_VOTES)}."
        ) from error


def _say_unlabelled(rows: pd.DataFrame, column: str) -> str:
    """Count the ties, the most frequent first; without them the table has no row."""
    table = _VOTES_TABLE if column in _OF_VOTES else _ACTORS_TABLE
    ties = Counter(rows["votes"].dropna()) if column in _OF_VOTES else Counter()
    if not ties:
        return f"no row of {table} tells it"
    counts = [f"{name} {count}" for name, count in ties.most_common()]
    return f"the raters tied ({shorten(counts, 5)})"


def _say_missing(columns: tuple[str, ...], table: str) -> dict[str, str]:
    remedy = (
        f"it is told by {table}, which was not found; get it from {_SOURCE} and put it "
        "beside the folder of the clips."
    )
    return dict.fromkeys(columns, remedy)


_CREMA_D = Corpus(
    key="crema_d",
    title="CREMA-D",
    how_to_get=HOW_TO_GET,
    names="1001_DFA_ANG_XX.wav (actor, sentence, emotion, intensity)",
    parse=_parse,
    identical=(
        ("1006_TIE_HAP_XX", "1006_TIE_NEU_XX"),
        ("1013_WSI_DIS_XX", "1013_WSI_SAD_XX"),
        ("1017_IWW_ANG_XX", "1017_IWW_FEA_XX"),
    ),
    labels_differ=True,
    silent=("1076_MTI_SAD_XX",),
    misspelt={"1040_ITH_SAD_X": "1040_ITH_SAD_XX"},
    doubled=" (the repository holds every clip as WAV and as MP3)",
    missing_columns={
        **_say_missing(_OF_ACTORS, _ACTORS_TABLE),
        **_say_missing(_OF_VOTES, _VOTES_TABLE),
    },
    unlabelled=_say_unlabelled,
)
