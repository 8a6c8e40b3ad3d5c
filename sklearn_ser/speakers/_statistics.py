"""What a speaker's features are like, and how far a few clips are to be believed about it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

__all__ = ["Population", "SpeakerStatistics"]

Numbers = NDArray[np.float64]

# Speakers who differ less than this share of what their own clips differ by do not differ.
_LEAST_BETWEEN = 1e-6


@dataclass(frozen=True)
class SpeakerStatistics:
    """By what the features of one speaker are standardised.

    Attributes
    ----------
    n_clips : int
        Clips that they come from; 0 where they are the population's.
    mean : ndarray of shape (n_features,)
        Taken off.
    scale : ndarray of shape (n_features,)
        Divided by; never 0.
    """

    n_clips: int
    mean: Numbers
    scale: Numbers

    def standardize(self, features: NDArray[np.floating]) -> Numbers:
        """Standardise the speaker's clips, in float64.

        Parameters
        ----------
        features : ndarray of shape (n_clips, n_features)
            The speaker's.

        Returns
        -------
        ndarray of shape (n_clips, n_features)
            Each feature less its mean, over its scale.
        """
        return (features.astype(np.float64) - self.mean) / self.scale


class Moments(NamedTuple):
    """Number of clips, their mean, and the sum of the squared deviations from it."""

    n_clips: int
    mean: Numbers
    squares: Numbers


@dataclass(frozen=True)
class Population:
    """What the speakers of ``fit`` have in common, and how far they are from each other.

    Attributes
    ----------
    mean : ndarray of shape (n_features,)
        Mean of the speakers' means: each counts once, however many clips there are.
    within : ndarray of shape (n_features,)
        Variance of a speaker's clips around the speaker's own mean, pooled; never 0.
    between : ndarray of shape (n_features,)
        Variance of the speakers' means, less what comes of few clips. Of one speaker alone it
        cannot be known, and is taken to be `within`.
    n_speakers : int
        Number of speakers.
    """

    mean: Numbers
    within: Numbers
    between: Numbers
    n_speakers: int

    @classmethod
    def of(cls, by_speaker: Iterable[NDArray[np.floating]]) -> Population:
        """Learn from the features of each of several speakers.

        Parameters
        ----------
        by_speaker : iterable of ndarray of shape (n_clips, n_features)
            One array a speaker.

        Returns
        -------
        Population
            Theirs.
        """
        moments = [moments_of(features) for features in by_speaker]
        n_clips = np.array([each.n_clips for each in moments])
        means = np.array([each.mean for each in moments])
        within = _pooled_variance(moments, means)
        between = within
        if len(moments) > 1:
            by_chance = within * np.mean(1 / n_clips)
            between = np.maximum(means.var(axis=0, ddof=1) - by_chance, _LEAST_BETWEEN * within)
        return cls(means.mean(axis=0), within, between, len(moments))

    def nobody(self) -> SpeakerStatistics:
        """Return what a speaker of whom nothing is known is standardised by.

        Returns
        -------
        SpeakerStatistics
            The population's mean, and the scale of its clips whoever speaks.
        """
        return SpeakerStatistics(0, self.mean, np.sqrt(self.within + self.between))

    def speaker(
        self, features: NDArray[np.floating], *, shrinkage: float | str, scale_shrinkage: float
    ) -> SpeakerStatistics:
        """Estimate a speaker from clips, the less like the population the more clips there are.

        Parameters
        ----------
        features : ndarray of shape (n_clips, n_features)
            The speaker's.
        shrinkage, scale_shrinkage : float or "auto"
            As in :class:`SpeakerStandardizer`.

        Returns
        -------
        SpeakerStatistics
            The speaker's.
        """
        n_clips, mean, squares = moments_of(features)
        pseudo = self.within / self.between if shrinkage == "auto" else float(shrinkage)
        variance = self.within
        if n_clips - 1 + scale_shrinkage > 0:
            believed = squares + scale_shrinkage * self.within
            variance = believed / (n_clips - 1 + scale_shrinkage)
        return SpeakerStatistics(
            n_clips,
            (n_clips * mean + pseudo * self.mean) / (n_clips + pseudo),
            np.sqrt(np.where(_is_constant(variance, mean), self.within, variance)),
        )


def moments_of(features: NDArray[np.floating]) -> Moments:
    """Sum up the clips of one speaker, in float64."""
    exact = features.astype(np.float64)
    mean = exact.mean(axis=0)
    return Moments(len(exact), mean, ((exact - mean) ** 2).sum(axis=0))


def _pooled_variance(moments: list[Moments], means: Numbers) -> Numbers:
    """Variance within speakers; where each has one clip, that of all clips; where 0, then 1."""
    freedom = sum(each.n_clips - 1 for each in moments)
    if freedom > 0:
        variance = np.sum([each.squares for each in moments], axis=0) / freedom
    else:
        variance = means.var(axis=0)
    return np.where(_is_constant(variance, means.mean(axis=0)), 1.0, variance)


def _is_constant(variance: Numbers, mean: Numbers) -> NDArray[np.bool_]:
    """Tell where values differ by no more than rounding of float32 does."""
    return np.asarray(variance <= (np.finfo(np.float32).eps * np.abs(mean)) ** 2)
