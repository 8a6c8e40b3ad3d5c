"""Errors and warnings that the package raises, each a standard class underneath."""

from __future__ import annotations

__all__ = [
    "AudioError",
    "AudioReadError",
    "AudioWarning",
    "CorpusError",
    "CorpusNotFoundError",
    "CorpusWarning",
    "EncoderError",
    "EncoderNotFoundError",
    "MissingExtraError",
    "SpeakerWarning",
]


class AudioError(ValueError):
    """Audio that cannot be used as it was given: wrong form, rate, shape or content."""


class AudioReadError(AudioError, OSError):
    """A file that cannot be read as audio; the message names the file and the cause."""


class CorpusError(ValueError):
    """A corpus or a table of recordings whose rows, names or labels cannot be used."""


class CorpusNotFoundError(OSError):
    """A corpus that is not where it was looked for; the message says how to get it."""


class EncoderError(ValueError):
    """A pretrained encoder that cannot be used: of another kind, broken, or asked too much."""


class EncoderNotFoundError(OSError):
    """A pretrained encoder that is not where it was looked for; the message says what to do."""


class MissingExtraError(ImportError):
    """An optional dependency is not installed; the message names the extra that brings it."""


class AudioWarning(UserWarning):
    """Audio was changed or replaced to go on, for example a broken file by silence."""


class CorpusWarning(UserWarning):
    """Clips of a corpus were left out, or have a known defect."""


class SpeakerWarning(UserWarning):
    """Speakers are not known where a speaker-independent step needs them."""
