"""The emotion words that every corpus of the package is told in."""

from __future__ import annotations

from collections.abc import Iterable

from sklearn_ser.datasets._base import did_you_mean
from sklearn_ser.exceptions import CorpusError

__all__ = [
    "EMOTIONS",
    "SEX_EMOTIONS",
    "SYNONYMS",
    "check_emotions",
    "emotion_name",
    "sex_emotion",
]

EMOTIONS = ("neutral", "calm", "happy", "sad", "angry", "fearful", "disgust", "surprised")
"""RAVDESS' own eight names, in the order of its codes 01 to 08."""

SEX_EMOTIONS = tuple(
    f"{sex}_{emotion}" for sex in ("female", "male") for emotion in EMOTIONS if emotion != "calm"
)
"""The 14 classes of sex and emotion, in which calm is counted as neutral."""

# What other corpora, papers and people call the same eight.
SYNONYMS = {
    "neutrality": "neutral",
    "calmness": "calm",
    "happiness": "happy",
    "joy": "happy",
    "joyful": "happy",
    "sadness": "sad",
    "anger": "angry",
    "fear": "fearful",
    "afraid": "fearful",
    "disgusted": "disgust",
    "surprise": "surprised",
    "pleasant surprise": "surprised",
    "pleasant_surprise": "surprised",
}


def emotion_name(word: str) -> str:
    """Give the shared name of an emotion, whatever its case or grammatical form.

    Parameters
    ----------
    word : str
        A name of `EMOTIONS` or one of its `SYNONYMS`.

    Returns
    -------
    str
        The name in `EMOTIONS`.

    Raises
    ------
    CorpusError
        The word is none of them.

    Examples
    --------
    >>> from sklearn_ser.datasets._labels import emotion_name
    >>> emotion_name("Fear"), emotion_name("calm")
    ('fearful', 'calm')
    """
    lowered = str(word).strip().lower()
    if lowered in EMOTIONS:
        return lowered
    if lowered in SYNONYMS:
        return SYNONYMS[lowered]
    hint = did_you_mean(lowered, [*EMOTIONS, *SYNONYMS])
    raise CorpusError(f"{word!r} is no emotion known here{hint}. Known: {', '.join(EMOTIONS)}.")


def check_emotions(words: Iterable[str]) -> tuple[str, ...]:
    """Give the shared names of several emotions, each once, in the order given.

    Parameters
    ----------
    words : iterable of str
        Names or synonyms; one bare string is refused, since its letters would be taken for names.

    Returns
    -------
    tuple of str
        Names in `EMOTIONS`.

    Raises
    ------
    CorpusError
        A word is unknown or stands twice, or there is none.
    """
    if isinstance(words, str):
        raise CorpusError(f"emotions={words!r} is one string; give a list, such as [{words!r}].")
    names = tuple(emotion_name(word) for word in words)
    if not names:
        raise CorpusError(f"no emotion was given; choose from {', '.join(EMOTIONS)}.")
    repeated = sorted({name for name in names if names.count(name) > 1})
    if repeated:
        raise CorpusError(f"emotions given more than once: {', '.join(repeated)}.")
    return names


def sex_emotion(sex: str, emotion: str) -> str:
    """Give the class of sex and emotion together, one of `SEX_EMOTIONS`.

    Parameters
    ----------
    sex : {"female", "male"}
        Of the speaker.
    emotion : str
        A name of `EMOTIONS`; calm, which only RAVDESS has, is counted as neutral.

    Returns
    -------
    str
        Such as ``"female_angry"``.

    Raises
    ------
    CorpusError
        The sex is not known, or the emotion is no name.

    Examples
    --------
    >>> from sklearn_ser.datasets._labels import sex_emotion
    >>> sex_emotion("female", "angry"), sex_emotion("male", "calm")
    ('female_angry', 'male_neutral')
    """
    name = emotion_name(emotion)
    pair = f"{sex}_{'neutral' if name == 'calm' else name}"
    if pair not in SEX_EMOTIONS:
        raise CorpusError(f"sex={sex!r} is neither 'female' nor 'male', so {pair!r} is no class.")
    return pair
