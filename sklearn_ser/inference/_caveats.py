"""What is said beside the labels of the voice encoder's head, which knows its own limits."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sklearn_ser.embedding import EmotionHead
from sklearn_ser.embedding._card import BY_SPEAKER, RARELY_FOUND, ZERO_SHOT

__all__ = ["abstain", "known_limits"]

_UNKNOWN = (
    "How often these labels are right on recordings of your kind is not known: the weights' card "
    "has no scores on corpora that they were not trained on."
)
_ONE_VOICE = (
    "Every label is relative to the speaker's other recordings, which are to be in several moods."
)
_ADVICE = (
    "With some labelled clips of your own, a classifier trained on EmotionEmbeddingTransformer "
    "does better."
)


def known_limits(head: EmotionHead) -> str:
    """Say how a head's labels did on corpora that it was not trained on.

    Parameters
    ----------
    head : EmotionHead
        Whose card is read.

    Returns
    -------
    str
        Lines: when it abstains; the unweighted average recall (UAR) by corpus with its interval;
        the emotions that are hardly ever found there, with their recall; what does better.

    Examples
    --------
    >>> from sklearn_ser.embedding import EmotionHead
    >>> from sklearn_ser.inference import known_limits
    >>> print(known_limits(EmotionHead()))  # doctest: +ELLIPSIS
    Labels by the encoder 'crema_d' alone...
    """
    scores = _foreign_scores(head)
    begin = (
        f"Labels by the encoder {head.name!r} alone: {', '.join(head.classes_)}. "
        f"Below {head.min_confidence:.0%} it is unsure."
    )
    if head.by_speaker:
        begin += f"\n{_ONE_VOICE}"
    if not scores:
        return "\n".join([begin, _UNKNOWN, _ADVICE])
    measured = "; ".join(f"{score['corpus']} {_with_interval(score)}" for score in scores)
    chance = 1 / len(head.classes_)
    lines = [begin, f"UAR on corpora it was not trained on (chance {chance:.0%}): {measured}."]
    lines += [f"Hardly ever found there: {rare}." for rare in [_rare(scores)] if rare]
    return "\n".join([*lines, _ADVICE])


def abstain(row: dict[str, Any], head: EmotionHead) -> dict[str, Any]:
    """Return a row of predictions with a note, and without the label of an unsure answer.

    Parameters
    ----------
    row : dict
        "label" and "confidence".
    head : EmotionHead
        Who gave them.

    Returns
    -------
    dict
        The row, its label None where the confidence is too low; "note" says so, or how often
        labels are right.
    """
    if row["confidence"] >= head.min_confidence:
        return {**row, "note": _note(head)}
    return {
        **row,
        "label": None,
        "note": f"unsure: the best guess, {row['label']}, has {row['confidence']:.1%}, and below "
        f"{head.min_confidence:.0%} no label is given",
    }


def _note(head: EmotionHead) -> str:
    scores = _foreign_scores(head)
    if not scores:
        return "no scores on corpora it was not trained on"
    measured = ", ".join(f"{score['corpus']} {score['uar']:.0%}" for score in scores)
    rare = _rare(scores)
    return f"UAR elsewhere: {measured}" + (f"; hardly ever found there: {rare}" if rare else "")


def _foreign_scores(head: EmotionHead) -> list[Mapping[str, Any]]:
    """Return the scores of labels given in the head's way, on corpora that were not trained on."""
    scores = head.card.get("scores") or []
    protocol = BY_SPEAKER if head.by_speaker else ZERO_SHOT
    return [s for s in scores if s.get("protocol") == protocol and s.get("uar") is not None]


def _with_interval(score: Mapping[str, Any]) -> str:
    if not score.get("interval"):
        return f"{score['uar']:.0%}"
    low, high = score["interval"]
    return f"{score['uar']:.0%} ({100 * low:.0f} to {high:.0%})"


def _rare(scores: list[Mapping[str, Any]]) -> str:
    """Name the emotions that are hardly ever found in some corpus, with their recall there."""
    found: dict[str, list[str]] = {}
    for score in scores:
        for emotion, recall in (score.get("recalls") or {}).items():
            if recall < RARELY_FOUND:
                found.setdefault(emotion, []).append(f"{score['corpus']} {recall:.0%}")
    return ", ".join(f"{emotion} ({', '.join(places)})" for emotion, places in found.items())
