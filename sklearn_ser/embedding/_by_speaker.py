"""Answers of a voice encoder's head beside what it answers of the same voice otherwise."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from sklearn_ser.exceptions import EncoderError
from sklearn_ser.speakers._names import places_by_speaker
from sklearn_ser.speakers._statistics import Population, SpeakerStatistics

__all__ = ["CARD_KEY", "FEWEST_CLIPS", "SpeakersOfHead"]

CARD_KEY = "by_speaker"
FEWEST_CLIPS = 2  # one says nothing about itself
_SCALE_SHRINKAGE = 8.0  # as SpeakerStandardizer's

Numbers = NDArray[np.float64]


@dataclass(frozen=True)
class SpeakersOfHead:
    """What a head's logits are like among many speakers, and how far to trust them relative to it.

    Attributes
    ----------
    population : Population
        Of the logits of speakers whom the network never heard.
    temperature : float
        Standardised logits are divided by it before the softmax.
    min_confidence : float
        The probability below which such a label is not worth giving.
    """

    population: Population
    temperature: float
    min_confidence: float

    @classmethod
    def of_card(cls, card: dict[str, Any], name: str) -> Self:
        """Read them off the weights' card.

        Parameters
        ----------
        card : dict
            What is known about the weights.
        name : str
            Theirs, for the error.

        Returns
        -------
        SpeakersOfHead

        Raises
        ------
        EncoderError
            The card says nothing of speakers.
        """
        given = card.get(CARD_KEY)
        if given is None:
            raise EncoderError(
                f"by_speaker=True: the card of the weights {name!r} does not say how the answers "
                "about a speaker vary, which train_encoder measures where it holds out several "
                "speakers. Use weights='crema_d', or by_speaker=False."
            )
        mean, within, between = (np.array(given[key]) for key in ("mean", "within", "between"))
        population = Population(mean, within, between, int(given["n_speakers"]))
        return cls(population, float(given["temperature"]), float(given["min_confidence"]))

    def to_dict(self) -> dict[str, Any]:
        """Return what :meth:`of_card` reads, in a form that JSON can hold."""
        arrays = ("mean", "within", "between")
        return {
            **{key: getattr(self.population, key).tolist() for key in arrays},
            "n_speakers": self.population.n_speakers,
            "temperature": self.temperature,
            "min_confidence": self.min_confidence,
        }

    def standardized(self, logits: NDArray[np.floating], speakers: NDArray[np.object_]) -> Numbers:
        """Standardise the logits of each speaker's clips by what they have in common.

        Parameters
        ----------
        logits : ndarray of shape (n_clips, n_classes)
            What the head says.
        speakers : ndarray of shape (n_clips,)
            Who speaks.

        Returns
        -------
        ndarray of shape (n_clips, n_classes)
            A clip that is its speaker's only one is standardised by the population.
        """
        found = np.empty(logits.shape)
        for _, places in places_by_speaker(speakers):
            heard = logits[places]
            found[places] = self._usual(heard).standardize(heard)
        return found

    def _usual(self, logits: NDArray[np.floating]) -> SpeakerStatistics:
        """Return what a speaker's logits are standardised by; the population's if there is one."""
        if len(logits) < FEWEST_CLIPS:
            return self.population.nobody()
        return self.population.speaker(logits, shrinkage="auto", scale_shrinkage=_SCALE_SHRINKAGE)
