"""What is known about an encoder's weights: as text, and as a bar to testing on known voices.

A card is a dict that JSON can hold:

data, licence : str
    The recordings, and the notice that their licence asks for.
training_speakers, validation_speakers : list of str
    As ``clips.speakers`` names them, such as "crema_d-1001".
recipe : dict
    All that the training was told.
calibration : str
    Where temperature and least confidence come from.
by_speaker : dict
    What labels beside the same speaker's others need: how logits vary within and between speakers,
    and their own temperature and least confidence. Missing where it was not measured.
keras, seed, written_with
    Versions and the seed.
scores : list of dict
    "corpus", "protocol", "task", "uar", "accuracy", "interval" (low and high UAR), "abstained",
    "recalls" (by emotion) and "groups". The protocol "zero-shot" stands for the head's own labels
    on a corpus that it was not trained on.
not_for : list of str
    What the weights must not be used for.
"""

from __future__ import annotations

import os
import textwrap
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from sklearn_ser.embedding._weights import Weights, load_weights
from sklearn_ser.exceptions import EncoderError
from sklearn_ser.utils._names import first_few

__all__ = [
    "BY_SPEAKER",
    "RARELY_FOUND",
    "STANDARDISED",
    "ZERO_SHOT",
    "encoder_card",
    "refuse_heard_speakers",
]

ZERO_SHOT = "zero-shot"
STANDARDISED = "each speaker's answers standardised"
BY_SPEAKER = f"{ZERO_SHOT}, {STANDARDISED}"
RARELY_FOUND = 0.2  # the recall below which an emotion is hardly ever found

_WIDTH = 88
_INDENT = "  "
_SHORT_LIST = 8
_FIGURES = {"uar": "UAR", "accuracy": "accuracy", "abstained": "abstained"}


def refuse_heard_speakers(
    weights: str | os.PathLike[str], speakers: Iterable[Any] | None, purpose: str
) -> None:
    """Refuse to test an encoder on voices that it was trained on.

    Parameters
    ----------
    weights : str or path
        Name or file of the encoder's weights.
    speakers : iterable of str or None
        Who is to be tested, as ``clips.speakers`` has them; None where nobody knows.
    purpose : str
        What is to be done, for the message, such as "score on new speakers".

    Raises
    ------
    EncoderError
        The encoder was trained on some of them, or chosen by them; the message names them and
        says how to train one that was not.

    Examples
    --------
    >>> from sklearn_ser.embedding import refuse_heard_speakers
    >>> refuse_heard_speakers("crema_d", ["ravdess-01", "ravdess-02"], "score on them")
    """
    if speakers is None:
        return
    header = load_weights(weights).header
    heard = _heard_speakers(header.card)
    known = sorted({str(speaker) for speaker in speakers} & heard)
    if known:
        raise EncoderError(
            f"The encoder {header.name!r} was trained on the voices of {len(known)} of the "
            f"speakers ({first_few(known)}), so that it cannot {purpose}: what it gives for them "
            "means nothing for a stranger. Leave their clips out, or train an encoder without "
            "them, one for every fold: sklearn-ser train-encoder --without-speakers ID ..., or "
            "for the folds of CREMA-D python -m benchmarks.encoder_folds."
        )


def _heard_speakers(card: Mapping[str, Any]) -> set[str]:
    """Return all that had a say in the weights: those of the validation chose the epoch."""
    lists = (card.get(f"{part}_speakers") or () for part in ("training", "validation"))
    return {str(speaker) for speakers in lists for speaker in speakers}


def encoder_card(weights: str | os.PathLike[str] = "crema_d") -> str:
    """Say what is known about an encoder's weights.

    Parameters
    ----------
    weights : str or path, default="crema_d"
        A name of weights in the package, or a file.

    Returns
    -------
    str
        Lines: data and licence, speakers, scores by corpus, emotion and group, what the weights
        must not be used for, and how they were made.

    Raises
    ------
    EncoderNotFoundError
        There are no such weights.
    EncoderError
        The file is of another kind, of a newer format, cut off or damaged.

    Examples
    --------
    >>> from sklearn_ser.embedding import encoder_card
    >>> encoder_card("crema_d").splitlines()[0]
    "Voice encoder 'crema_d'"
    """
    found = load_weights(weights)
    card = found.header.card
    title = f"Voice encoder {found.header.name!r}"
    sections = [
        ("What it is", _form_lines(found)),
        ("Data", _wrapped(card.get("data"))),
        ("Licence", _wrapped(card.get("licence"))),
        ("Speakers it has heard", list(_speaker_lines(card))),
        ("Scores", list(_score_lines(card.get("scores") or ()))),
        ("Not to be used for", list(_items(card.get("not_for") or ()))),
        ("How it was made", list(_making_lines(card))),
    ]
    parts = [f"{name}\n" + "\n".join(lines) for name, lines in sections if lines]
    return "\n\n".join([f"{title}\n{'-' * len(title)}", *parts]) + "\n"


def _form_lines(found: Weights) -> list[str]:
    header = found.header
    front_end, form = header.front_end, header.form
    stages = ", ".join(f"{stage.name} {stage.dim}" for stage in form.stages)
    size = len(found.frames_graph) + len(found.clip_graph)
    pitches = " and as many pitches" if front_end.pitch_weight else ""
    speeds = " and ".join(f"{speed:g}" for speed in header.speeds)
    heard = "" if header.speeds == (1.0,) else f", heard at {speeds} times its speed"
    return _wrapped(
        f"{front_end.n_bands} mel bands{pitches} of speech at {front_end.sample_rate} Hz{heard}; "
        f"{stages}, pooling {form.pooled_dim}, penultimate {form.penultimate_dim} "
        f"numbers; {size / 1e6:.1f} MB."
    ) + _wrapped(
        f"Its head knows {', '.join(header.classes)}, and abstains below "
        f"{header.min_confidence:.0%}.\nSHA-256 {found.sha256}"
    )


def _wrapped(text: Any) -> list[str]:
    lines = str(text).splitlines() if text else []
    return [
        piece
        for line in lines
        for piece in textwrap.wrap(
            line, _WIDTH, initial_indent=_INDENT, subsequent_indent=_INDENT, break_on_hyphens=False
        )
    ]


def _items(items: Iterable[Any]) -> Iterator[str]:
    for item in items:
        yield from textwrap.wrap(
            str(item), _WIDTH, initial_indent=f"{_INDENT}- ", subsequent_indent=f"{_INDENT}  "
        )


def _speaker_lines(card: Mapping[str, Any]) -> Iterator[str]:
    for part, role in (("training", "trained on"), ("validation", "chosen by")):
        speakers = card.get(f"{part}_speakers") or ()
        if speakers:
            yield from _wrapped(f"{role} {len(speakers)}: {', '.join(map(str, speakers))}")


def _score_lines(scores: Iterable[Mapping[str, Any]]) -> Iterator[str]:
    for score in scores:
        about = [score.get(key) for key in ("corpus", "protocol", "task")]
        yield from _wrapped(f"{', '.join(str(part) for part in about if part)}: {_figures(score)}")
        for what in ("recalls", "groups"):
            for line in _wrapped(_listed(score.get(what) or {})):
                yield f"{_INDENT}{line}"


def _figures(score: Mapping[str, Any]) -> str:
    parts = [
        f"{name} {_percent(score[key])}"
        for key, name in _FIGURES.items()
        if score.get(key) is not None
    ]
    if score.get("interval"):
        low, high = score["interval"]
        parts.insert(1, f"[{_percent(low)}, {_percent(high)}]")
    return " ".join(parts)


def _listed(figures: Mapping[str, Any]) -> str:
    """Write figures by name; a group may have several."""
    return ", ".join(
        f"{name}: {_figures(value)}" if isinstance(value, Mapping) else f"{name} {_percent(value)}"
        for name, value in figures.items()
    )


def _percent(share: float) -> str:
    return f"{share:.1%}"


def _making_lines(card: Mapping[str, Any]) -> Iterator[str]:
    made = {
        key: card[key] for key in ("written_with", "keras", "seed") if card.get(key) is not None
    }
    yield from _wrapped(", ".join(f"{key} {value}" for key, value in made.items()))
    yield from _wrapped(card.get("calibration"))
    recipe = _flat(card.get("recipe") or {})
    yield from _wrapped(", ".join(f"{key}={value}" for key, value in recipe.items()))


def _flat(recipe: Mapping[str, Any]) -> dict[str, Any]:
    """Leave out long lists, such as the spectrum that is taken out, and levels of mappings."""
    found: dict[str, Any] = {}
    for key, value in recipe.items():
        if isinstance(value, Mapping):
            found |= {f"{key}.{inner}": each for inner, each in _flat(value).items()}
        elif not isinstance(value, list) or len(value) <= _SHORT_LIST:
            found[key] = value
    return found
