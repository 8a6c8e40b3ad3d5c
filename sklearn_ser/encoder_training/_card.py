"""What a trained encoder's file says about itself."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sklearn_ser import __version__
from sklearn_ser.embedding._by_speaker import CARD_KEY, SpeakersOfHead
from sklearn_ser.encoder_training._backend import load_any_keras
from sklearn_ser.encoder_training._calibration import Calibration
from sklearn_ser.encoder_training._known_clips import KnownClips
from sklearn_ser.encoder_training._recipe import EncoderRecipe
from sklearn_ser.encoder_training._validation import Held

__all__ = ["CREMA_D", "make_card"]

CREMA_D = "CREMA-D"
_CREMA_D_LICENCE = (
    "Contains information from CREMA-D (Crowd-sourced Emotional Multimodal Actors Dataset, Cao, "
    "Cooper, Keutmann, Gur, Nenkova and Verma, 2014, "
    "https://github.com/CheyneyComputerScience/CREMA-D), which is made available here under the "
    "Open Database License (ODbL) 1.0, https://opendatacommons.org/licenses/odbl/1-0/; its "
    "individual contents under the Database Contents License (DbCL) 1.0, "
    "https://opendatacommons.org/licenses/dbcl/1-0/. The weights are a work produced from it; "
    "they hold no recording."
)
_OTHER_LICENCE = "Not stated: whoever gives the weights on has to know what the recordings allow."
_NOT_FOR = (
    "Judging people: decisions on employment, education, credit, insurance, medical or mental "
    "health, policing, asylum or custody. What is told is how a voice sounds, not what a person "
    "feels.",
    "Emotion recognition at work or in education, which the European Union's AI Act prohibits, "
    "and any use on people who do not know of it.",
    "Scores on the voices that it was trained on or chosen by, which are listed here: they would "
    "be too good.",
    "Telling who speaks.",
)


def make_card(
    recipe: EncoderRecipe,
    known: KnownClips,
    held: Held,
    *,
    corpus: str,
    scores: dict[str, dict[str, Any]],
    calibration: Calibration,
    by_speaker: SpeakersOfHead | None,
) -> dict[str, Any]:
    """Describe a trained encoder, in a form that JSON can hold.

    Parameters
    ----------
    recipe : EncoderRecipe
        How it was trained.
    known : KnownClips
        On what.
    held : Held
        Which clips trained it, and which it was validated on.
    corpus : str
        What to call the recordings.
    scores : dict of dict
        On the speakers held out, by what was done to the answers; empty where nobody was.
    calibration : Calibration
        Of its head.
    by_speaker : SpeakersOfHead or None
        Of its answers beside the same speaker's others, where it is known.

    Returns
    -------
    dict
        See ``encoder_card``.
    """
    return {
        "data": _describe_data(known, held.training, corpus),
        "licence": _CREMA_D_LICENCE if corpus.startswith(CREMA_D) else _OTHER_LICENCE,
        "training_speakers": _names(known.speakers[held.training]),
        "validation_speakers": _names(known.speakers[held.validation]),
        "recipe": recipe.to_dict(),
        "calibration": _describe_calibration(calibration),
        **({} if by_speaker is None else {CARD_KEY: by_speaker.to_dict()}),
        "scores": [_with_protocol(score, corpus, way) for way, score in scores.items()],
        "not_for": list(_NOT_FOR),
        "keras": f"{load_any_keras().__version__} ({load_any_keras().backend.backend()})",
        "seed": recipe.seed,
        "written_with": f"sklearn-ser {__version__}",
    }


def _describe_data(known: KnownClips, training: NDArray[np.intp], corpus: str) -> str:
    counts = np.bincount(known.codes[training], minlength=len(known.classes))
    each = ", ".join(f"{name} {n}" for name, n in zip(known.classes, counts, strict=True))
    n_speakers = len(set(known.speakers[training]))
    n_votes = int(known.votes[training].any(axis=1).sum())
    n_sexes = int(known.sex[training].any(axis=1).sum())
    return (
        f"{corpus}: {len(training)} clips of {n_speakers} speakers ({each}); raters' votes for "
        f"{n_votes}, the speaker's sex for {n_sexes} of them."
    )


def _names(speakers: Iterable[Any]) -> list[str]:
    return sorted({str(speaker) for speaker in speakers})


def _with_protocol(score: dict[str, Any], corpus: str, way: str) -> dict[str, Any]:
    about = {
        "corpus": corpus,
        "protocol": f"training speakers held out for validation{way and f', {way}'}",
        "task": "emotion, by its own head",
    }
    return {**about, **score}


def _describe_calibration(calibration: Calibration) -> str:
    if calibration.accuracy is None:
        return "Not calibrated: no speakers were held out for it."
    return (
        f"Temperature {calibration.temperature:g} and least confidence "
        f"{calibration.min_confidence:g} from the validation speakers, whose clips are right "
        f"{calibration.accuracy:.0%} of the time from this confidence on; it is reached by "
        f"{calibration.answered:.0%} of them."
    )
