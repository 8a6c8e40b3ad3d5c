"""Hold speakers out, and say how well the exported network does on their clips."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sklearn_ser.embedding._encoder import VoiceEncoder
from sklearn_ser.encoder_training._known_clips import SEXES, KnownClips
from sklearn_ser.encoder_training._spectra import Hearing
from sklearn_ser.metrics import unweighted_average_recall

__all__ = ["Held", "hold_out_speakers", "score_held", "validate"]

Places = NDArray[np.intp]


@dataclass(frozen=True)
class Held:
    """The clips to train on, and those of the speakers who are held out.

    Attributes
    ----------
    training, validation : ndarray of int
        Places of clips.
    """

    training: Places
    validation: Places

    def key(self) -> str:
        """Return a text that is equal for equal parts."""
        return hashlib.sha256(
            repr((self.training.tolist(), self.validation.tolist())).encode()
        ).hexdigest()


def hold_out_speakers(known: KnownClips, fraction: float, seed: int) -> Held:
    """Draw whole speakers to validate on.

    Parameters
    ----------
    known : KnownClips
        With the speakers.
    fraction : float
        Share of the speakers, one at least; 0 for none.
    seed : int
        Of the draw.

    Returns
    -------
    Held

    Raises
    ------
    ValueError
        If the fraction is not in [0, 1), or no speaker would be left, or a class.
    """
    if not 0 <= fraction < 1:
        raise ValueError(f"validation_fraction has to be at least 0 and below 1, got {fraction!r}.")
    names = np.unique(known.speakers)
    n_held = max(round(fraction * len(names)), 1) if fraction else 0
    if n_held >= len(names):
        raise ValueError(
            f"validation_fraction={fraction:g} holds {n_held} speaker(s) out of {len(names)}, and "
            "leaves nobody to train on. Take validation_fraction=0, or more speakers."
        )
    held = np.random.default_rng([seed, len(names)]).permutation(names)[:n_held]
    is_held = np.isin(known.speakers, held)
    _check_classes(known, np.flatnonzero(~is_held))
    return Held(np.flatnonzero(~is_held), np.flatnonzero(is_held))


def _check_classes(known: KnownClips, training: Places) -> None:
    present = np.unique(known.codes[training])
    missing = [name for code, name in enumerate(known.classes) if code not in present]
    if missing:
        raise ValueError(
            f"The speakers to train on have no clip of {', '.join(missing)}. Leave out fewer "
            "speakers, hold out others (another seed), or give more clips of these."
        )


def validate(encoder: VoiceEncoder, hearing: Hearing, clips: Places) -> NDArray[np.float32]:
    """Return the exported network's logits.

    Parameters
    ----------
    encoder : VoiceEncoder
        The network as it would be shipped.
    hearing : Hearing
        What is heard of the clips.
    clips : ndarray of int
        Places of clips.

    Returns
    -------
    ndarray of shape (n_clips, n_classes), float32
    """
    speeds = [hearing.spectra.speeds.index(speed) for speed in encoder.speeds]
    return np.stack(
        [
            np.mean([_logits(encoder, hearing, int(clip), speed) for speed in speeds], axis=0)
            for clip in clips
        ]
    )


def _logits(encoder: VoiceEncoder, hearing: Hearing, clip: int, speed: int) -> NDArray[np.float32]:
    return encoder.logits_of_bands(hearing.front_end.cut(hearing.plain(clip, speed)))


def score_held(logits: NDArray[np.floating], known: KnownClips, clips: Places) -> dict[str, Any]:
    """Score what the network says of clips.

    Parameters
    ----------
    logits : ndarray of shape (n_clips, n_classes)
        What it says.
    known : KnownClips
        What is right.
    clips : ndarray of int
        Places of the clips.

    Returns
    -------
    dict
        "uar", "accuracy", "recalls" by emotion, and "groups": the same by sex, where it is known.
    """
    codes, found = known.codes[clips], logits.argmax(axis=1)
    recalls = {
        name: _share(found[codes == code] == code)
        for code, name in enumerate(known.classes)
        if (codes == code).any()
    }
    sexes = known.sex[clips].astype(bool)
    groups = {
        sex: _figures(codes[sexes[:, column]], found[sexes[:, column]])
        for column, sex in enumerate(SEXES)
        if sexes[:, column].any()
    }
    return {**_figures(codes, found), "recalls": recalls, "groups": groups}


def _figures(codes: Places, found: Places) -> dict[str, float]:
    uar = unweighted_average_recall(codes, found)
    return {"uar": round(float(uar), 4), "accuracy": _share(codes == found)}


def _share(is_right: NDArray[np.bool_]) -> float:
    return round(float(np.mean(is_right)), 4)
