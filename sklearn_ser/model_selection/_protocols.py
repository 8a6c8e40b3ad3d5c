"""Named protocols: how to split for scoring and for tuning, and whose idea it was."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sklearn_ser.model_selection._sentence_splits import MetadataKFold, SpeakerSentenceSplit
from sklearn_ser.model_selection._speaker_splits import LeaveOneSpeakerOut, PredefinedSpeakerFolds
from sklearn_ser.model_selection._split import SpeakerKFold
from sklearn_ser.utils._names import did_you_mean

__all__ = ["Protocol", "default_protocols", "get_protocol", "protocol_names"]

_RAVDESS_ACTORS = (
    (2, 5, 14, 15, 16),
    (3, 6, 7, 13, 18),
    (10, 11, 12, 19, 20),
    (8, 17, 21, 23, 24),
    (1, 4, 9, 22),
)


@dataclass(frozen=True)
class Protocol:
    """How a corpus is scored: an outer splitter, an inner one for tuning, and their source.

    Attributes
    ----------
    name : str
        The name that :func:`get_protocol` knows it by.
    description : str
        One line that says what is tested on what.
    citation : str
        Where the protocol comes from; empty where it is common practice.
    outer : splitter
        Folds to score on.
    inner : splitter
        Folds of the training clips to tune on.
    """

    name: str
    description: str
    citation: str
    outer: Any
    inner: Any


def _protocols() -> dict[str, Protocol]:
    entries = (_speakers(), _loso(), _loso_sentences(), _both_in_folds(), _ravdess(), _tess())
    return {protocol.name: protocol for protocol in entries}


def _speakers() -> Protocol:
    return Protocol(
        "speakers",
        "Five balanced folds of speakers; tuned on folds of the other speakers.",
        "",
        SpeakerKFold(5),
        SpeakerKFold(3),
    )


def _loso() -> Protocol:
    return Protocol(
        "loso",
        "Leave one speaker out; tuned on folds of the other speakers.",
        "",
        LeaveOneSpeakerOut(),
        SpeakerKFold(3),
    )


def _loso_sentences() -> Protocol:
    return Protocol(
        "loso-sentences",
        "Leave one speaker out, tested on the sentences said in every emotion, which nobody says "
        "in training; tuned with speaker and sentence held out, too.",
        "",
        SpeakerSentenceSplit("common"),
        SpeakerSentenceSplit(3),
    )


def _both_in_folds() -> Protocol:
    return Protocol(
        "speakers-sentences",
        "Five folds of speakers times two of sentences: neither the voice nor the words were in "
        "training; tuned on folds of speakers.",
        "",
        SpeakerSentenceSplit(2, n_speaker_folds=5),
        SpeakerKFold(3),
    )


def _ravdess() -> Protocol:
    folds = tuple(tuple(f"ravdess-{n:02d}" for n in fold) for fold in _RAVDESS_ACTORS)
    return Protocol(
        "ravdess-luna-jimenez",
        "Five published folds of RAVDESS' actors; tuned on folds of the other actors.",
        "Luna-Jimenez, C., et al. (2021). Multimodal Emotion Recognition on RAVDESS Dataset "
        "Using Transfer Learning. Sensors 21(22): 7665. https://doi.org/10.3390/s21227665",
        PredefinedSpeakerFolds(folds),
        SpeakerKFold(3),
    )


def _tess() -> Protocol:
    return Protocol(
        "tess-across",
        "Train on one of TESS' two women, test on the other, both ways; with one training voice, "
        "tuning is grouped by word instead of by speaker.",
        "",
        LeaveOneSpeakerOut(),
        MetadataKFold("sentence", n_splits=3),
    )


_DEFAULTS = {"savee": ("loso", "loso-sentences"), "tess": ("tess-across",)}


def protocol_names() -> list[str]:
    """List the named protocols.

    Returns
    -------
    list of str
        Names for :func:`get_protocol`.

    Examples
    --------
    >>> from sklearn_ser.model_selection import protocol_names
    >>> protocol_names()[:3]
    ['speakers', 'loso', 'loso-sentences']
    """
    return list(_protocols())


def get_protocol(name: str) -> Protocol:
    """Return a protocol by its name.

    Parameters
    ----------
    name : str
        One of :func:`protocol_names`:

        - "speakers": five balanced folds of speakers, the default of most corpora;
        - "loso": leave one speaker out;
        - "loso-sentences": leave one speaker out, and test only on sentences said in every class,
          which nobody says in training (SAVEE);
        - "speakers-sentences": folds of speakers times folds of sentences, for corpora whose
          sentences are all said in every class;
        - "ravdess-luna-jimenez": the published five folds of RAVDESS' actors [1]_;
        - "tess-across": train on one of TESS' women, test on the other, tuned by word.

    Returns
    -------
    Protocol
        Splitters, description and citation.

    Raises
    ------
    ValueError
        If there is no such protocol.

    References
    ----------
    .. [1] Luna-Jimenez, C., et al. (2021). Multimodal Emotion Recognition on RAVDESS Dataset
       Using Transfer Learning. Sensors 21(22): 7665. https://doi.org/10.3390/s21227665

    Examples
    --------
    >>> from sklearn_ser.model_selection import get_protocol
    >>> get_protocol("loso").outer
    LeaveOneSpeakerOut()
    """
    known = _protocols()
    if name not in known:
        raise ValueError(
            f"there is no protocol {name!r}.{did_you_mean(name, known)} Choose among "
            f"{', '.join(known)}."
        )
    return known[name]


def default_protocols(corpus: str | None = None) -> tuple[str, ...]:
    """Name the protocols by which a corpus should be reported.

    Parameters
    ----------
    corpus : str, default=None
        Name of a corpus; any that has no protocol of its own gets "speakers".

    Returns
    -------
    tuple of str
        Names for :func:`get_protocol`, the strictest last.

    Examples
    --------
    >>> from sklearn_ser.model_selection import default_protocols
    >>> default_protocols("savee"), default_protocols("ravdess")
    (('loso', 'loso-sentences'), ('speakers',))
    """
    return _DEFAULTS.get(corpus or "", ("speakers",))
