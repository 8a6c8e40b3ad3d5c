"""The pitch of a voice, frame by frame: candidates from the autocorrelation, and a path."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from sklearn_ser.voice._pitch_candidates import Candidates, find_candidates
from sklearn_ser.voice._pitch_path import best_scores
from sklearn_ser.voice._pitch_settings import PitchSettings

__all__ = ["REFERENCE_HZ", "PitchSettings", "PitchTrack", "semitones", "track_pitch"]

REFERENCE_HZ = 27.5  # A0, from which semitones are counted

# How far paths with and without a voice in a frame lie apart per unit of log odds. With it the
# probability agrees, within 0.13, with the share of such frames that Praat's two trackers call
# voiced, in 198 recordings of four corpora.
_SCORE_OF_LOG_ODDS = 0.1
_LARGEST_LOG_ODDS = 30.0

_IMPOSSIBLE = -10.0  # score of a candidate that is none

Array = NDArray[np.float32]


class PitchTrack(NamedTuple):
    """The pitch of a clip, frame by frame.

    Parameters
    ----------
    f0 : ndarray of shape (n_frames,), float32
        The best candidate in Hz, in unvoiced frames too.
    voicing : ndarray of shape (n_frames,), float32
        Probability that the frame is voiced.
    strength : ndarray of shape (n_frames,), float32
        Height of the normalised autocorrelation at the period, 0 to 1: the share of the periodic
        part in the power, so that ``10 log10(r / (1 - r))`` is the harmonics-to-noise ratio in dB.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_ser.voice import PitchTrack
    >>> track = PitchTrack(np.array([110.0, 112.0]), np.array([0.9, 0.2]), np.array([0.8, 0.4]))
    >>> track.is_voiced
    array([ True, False])
    """

    f0: Array
    voicing: Array
    strength: Array

    @property
    def is_voiced(self) -> NDArray[np.bool_]:
        """Whether each frame rather is voiced than not."""
        return self.voicing > 0.5


def semitones(f0: Array) -> Array:
    """Return semitones above 27.5 Hz (A0)."""
    return np.float32(12) * np.log2(f0 / np.float32(REFERENCE_HZ))


def track_pitch(samples: Array, settings: PitchSettings) -> PitchTrack:
    """Track the pitch of one clip.

    After Boersma [1]_: the peaks of every frame's autocorrelation, from which that of the window
    is divided out, are the candidates for its pitch, and unvoiced is one more. The path through
    all frames that is worth most decides. A candidate is worth its height, less a little for every
    octave down; being unvoiced is worth a constant, and more the quieter the frame is.

    Parameters
    ----------
    samples : ndarray of shape (n_samples,)
        Finite float32 samples, one at least.
    settings : PitchSettings
        How.

    Returns
    -------
    PitchTrack
        ``1 + n_samples // hop_length`` frames.

    Raises
    ------
    ValueError
        If the samples are not one-dimensional, or there are none.

    Notes
    -----
    The voicing is the logistic function of how much more the best path through the frame's best
    candidate is worth than the best path through it unvoiced, divided by 0.1: a scale by which the
    probabilities of frames in recordings agree with the share of them that Praat calls voiced.

    Frames without any candidate take their pitch from their neighbours, on a line in semitones;
    their voicing and strength are 0. Where no frame has one, as in silence, the pitch is the
    geometric mean of the range. A sound that repeats more than ``fmax`` times a second is heard an
    octave or more too low.

    References
    ----------
    .. [1] Boersma (1993). Accurate short-term analysis of the fundamental frequency and the
       harmonics-to-noise ratio of a sampled sound. IFA Proceedings 17.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_ser.voice import PitchSettings, track_pitch
    >>> times = np.arange(16000, dtype=np.float32) / 16000
    >>> buzz = np.sign(np.sin(2 * np.pi * 150 * times))
    >>> track = track_pitch(buzz, PitchSettings(sample_rate=16000, hop_length=160))
    >>> track.f0[50].round(), track.is_voiced.all()
    (np.float32(150.0), np.True_)
    """
    if np.ndim(samples) != 1 or not len(samples):
        raise ValueError(
            "samples must be one-dimensional, with one sample at least, got shape "
            f"{np.shape(samples)}"
        )
    n_frames = settings.count_frames(len(samples))
    found = find_candidates(samples, settings, n_frames)
    best = best_scores(*_scores_and_costs(found, settings))
    chosen = best[:-1].argmax(axis=0)
    frames = np.arange(n_frames)
    strength = found.strength[chosen, frames]
    log_odds = (best[chosen, frames] - best[-1]) / _SCORE_OF_LOG_ODDS
    voicing = 1 / (1 + np.exp(-log_odds.clip(-_LARGEST_LOG_ODDS, _LARGEST_LOG_ODDS)))
    f0 = _bridged(found.f0[chosen, frames], strength > 0, settings)
    tracks = (f0, np.where(strength > 0, voicing, 0), strength)
    return PitchTrack(*(values.astype(np.float32) for values in tracks))


def _scores_and_costs(
    found: Candidates, settings: PitchSettings
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return what a path gains by each state, the last one being unvoiced, and what steps cost."""
    n_voiced, n_frames = found.f0.shape
    scores = np.empty((n_voiced + 1, n_frames))
    scores[:-1] = np.where(found.strength > 0, found.score, _IMPOSSIBLE)
    threshold = settings.voicing_threshold
    loudness = found.level * ((1 + threshold) / settings.silence_threshold)
    scores[-1] = threshold + np.maximum(0, 2 - loudness)
    pace = settings.frames_per_second / 100
    costs = np.full((n_voiced + 1, n_voiced + 1, n_frames - 1), pace * settings.voicing_cost)
    octaves = np.log2(found.f0)
    steps = np.abs(octaves[:, None, :-1] - octaves[None, :, 1:])
    np.multiply(steps, pace * settings.jump_cost, out=costs[:-1, :-1])
    costs[-1, -1] = 0
    return scores, costs


def _bridged(
    f0: NDArray[np.float64], is_found: NDArray[np.bool_], settings: PitchSettings
) -> NDArray[np.float64]:
    """Fill frames without any candidate from their neighbours, on a line in semitones."""
    if is_found.all():
        return f0
    if not is_found.any():
        return np.full(len(f0), math.sqrt(settings.fmin * settings.fmax))
    frames = np.arange(len(f0))
    known = np.log2(f0[is_found])
    return np.exp2(np.interp(frames, frames[is_found], known))
