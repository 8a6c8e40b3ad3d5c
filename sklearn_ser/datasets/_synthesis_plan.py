"""What is said and how, as tracks in time: phones, pitch, voicing, loudness and formants.

A sentence is a string of phones, a :class:`Delivery` says in physical units how one voice says it,
and :func:`plan_speech` lays both out in time, a control frame every five milliseconds as in [2]_.
Vowels are those of the men in [3]_, consonants are rounded from the tables of [2]_.

References
----------
.. [1] Klatt, D. H. and Klatt, L. C. (1990). Analysis, synthesis, and perception of voice quality
   variations among female and male talkers. J. Acoust. Soc. Am. 87(2), 820-857.
.. [2] Klatt, D. H. (1980). Software for a cascade/parallel formant synthesizer. J. Acoust. Soc.
   Am. 67(3), 971-995.
.. [3] Peterson, G. E. and Barney, H. L. (1952). Control methods used in a study of the vowels.
   J. Acoust. Soc. Am. 24(2), 175-184.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["FRAME_RATE", "PHONES", "Delivery", "Phone", "Plan", "Tracks", "plan_speech"]

Array = NDArray[np.float64]

FRAME_RATE = 200.0
"""Control frames a second."""


@dataclass(frozen=True)
class Phone:
    """What the tract and the sources of an average male voice do during one speech sound."""

    formants: tuple[float, float, float]  # targets of F1 to F3, Hz
    duration: float  # seconds at rate 1
    voicing: float = 1.0  # amplitude of the glottal pulses
    aspiration: float = 0.0  # noise at the glottis beside the voice's own breathiness
    frication: float = 0.0  # amplitude of the noise made in the mouth
    place: tuple[float, float] = (4000.0, 2000.0)  # centre and bandwidth of that noise, Hz
    closure: float = 0.0  # share of the duration that is shut before the burst


def _vowel(f1: float, f2: float, f3: float) -> Phone:
    return Phone((f1, f2, f3), 0.115)


_S, _SH, _LIP = (5800.0, 3500.0), (2900.0, 2200.0), (6500.0, 8000.0)
_ALVEOLAR, _VELAR = (3900.0, 3000.0), (2000.0, 1300.0)

PHONES: dict[str, Phone] = {
    "i": _vowel(270, 2290, 3010),
    "e": _vowel(530, 1840, 2480),
    "a": _vowel(730, 1090, 2440),
    "o": _vowel(570, 840, 2410),
    "u": _vowel(300, 870, 2240),
    "m": Phone((260, 1050, 2200), 0.075, voicing=0.45),
    "n": Phone((270, 1500, 2450), 0.070, voicing=0.45),
    "l": Phone((350, 1100, 2700), 0.065, voicing=0.6),
    "r": Phone((350, 1100, 1500), 0.065, voicing=0.65),
    "w": Phone((290, 640, 2200), 0.065, voicing=0.65),
    "s": Phone((330, 1750, 2600), 0.105, voicing=0.0, frication=0.30, place=_S),
    "S": Phone((330, 1900, 2500), 0.110, voicing=0.0, frication=0.36, place=_SH),  # as in "she"
    "f": Phone((340, 1000, 2300), 0.090, voicing=0.0, frication=0.10, place=_LIP),
    "v": Phone((300, 1000, 2300), 0.065, voicing=0.4, frication=0.04, place=_LIP),
    "h": Phone((500, 1500, 2500), 0.060, voicing=0.1, aspiration=0.20),
    "d": Phone((300, 1750, 2650), 0.065, 0.15, 0.0, 0.16, _ALVEOLAR, 0.75),
    "g": Phone((290, 1900, 2250), 0.070, 0.15, 0.0, 0.14, _VELAR, 0.70),
    "k": Phone((300, 1900, 2250), 0.100, 0.0, 0.02, 0.22, _VELAR, 0.65),
    "t": Phone((300, 1750, 2650), 0.095, 0.0, 0.02, 0.25, _ALVEOLAR, 0.65),
    ",": Phone((500, 1500, 2500), 0.120, voicing=0.0),  # a pause
}
_VOWELS = frozenset("ieaou")
_SILENCE = 0.06  # seconds in which the voice can set in and die away
_NEUTRAL = np.array([500.0, 1500.0, 2500.0])  # of a uniform tube, 17.5 cm long


@dataclass(frozen=True, kw_only=True)
class Delivery:
    """How one voice says one sentence."""

    f0: float = 115.0  # Hz, the middle of the contour
    accent_height: float = 3.0  # semitones, F0 peak of a stressed syllable
    declination: float = 2.0  # semitones a second, downwards
    final_rise: float = -2.0  # semitones, movement at the end of the sentence
    rate: float = 1.0  # of articulation; 1 is about 5 syllables a second
    pause: float = 1.0  # length of pauses beside what the rate makes of them
    level: float = 0.0  # dB, what vocal effort does to the level
    accent_level: float = 3.0  # dB by which stressed syllables stand out
    tilt: float = 9.0  # dB that the voice loses at 3 kHz on top of the pulse's own slope
    open_quotient: float = 0.55  # share of the cycle during which the glottis is open
    aspiration: float = -44.0  # dB of breath noise against the pulses
    jitter: float = 0.006  # relative deviation of a period
    shimmer: float = 0.04  # relative deviation of a pulse's amplitude
    vowel_space: float = 1.0  # distance of formant targets from the neutral tube's
    formant_scale: tuple[float, float, float, float] = (1.0, 1.0, 1.0, 1.0)  # F1, F2, F3, the rest
    attack: float = 0.03  # seconds that voicing takes to come and go


@dataclass(frozen=True)
class Plan:
    """The phones of a sentence laid out in time, a little silence before and after them."""

    phones: tuple[Phone, ...]
    stressed: NDArray[np.bool_]  # of each phone
    bounds: Array  # seconds, one more than phones

    @property
    def middle(self) -> float:
        """Half the time of the sentence, in seconds."""
        return 0.5 * float(self.bounds[1] + self.bounds[-2])

    def towards_end(self, times: Array, length: float) -> Array:
        """Rise from 0 to 1 during the last `length` seconds of the sentence."""
        return np.clip((times - self.bounds[-2] + length) / length, 0.0, 1.0)


@dataclass(frozen=True)
class Tracks:
    """What changes while the sentence is spoken, one row a control frame."""

    f0: Array  # Hz
    voicing: Array  # amplitude of the pulses
    aspiration: Array  # amplitude of the glottal noise that phones ask for
    gain: Array  # amplitude of everything
    formants: Array  # Hz, (n_frames, 3)


def plan_speech(
    sentence: str, delivery: Delivery, random_state: np.random.Generator
) -> tuple[Plan, Tracks]:
    """Lay a sentence out in time.

    Parameters
    ----------
    sentence : str
        Phones of `PHONES`; an apostrophe before a stressed syllable, a comma for a pause. Blanks
        are for the reader.
    delivery : Delivery
        How it is said.
    random_state : numpy.random.Generator
        Source of what differs from one time to the next: durations, accents, flutter.

    Returns
    -------
    plan : Plan
        Which phone when.
    tracks : Tracks
        The controls, `FRAME_RATE` a second.
    """
    plan = _lay_out(sentence, delivery, random_state)
    return plan, _make_tracks(plan, delivery, random_state)


def _lay_out(sentence: str, delivery: Delivery, rng: np.random.Generator) -> Plan:
    symbols, stressed = _read_phones(sentence)
    stretch = np.where(stressed, 1.25, 1.0) * rng.lognormal(0.0, 0.10, len(symbols))
    stretch[np.array(symbols) == ","] *= delivery.pause
    stretch[-2] *= 1.4  # phrase-final lengthening
    phones = tuple(PHONES[symbol] for symbol in symbols)
    durations = np.array([phone.duration for phone in phones]) * stretch / delivery.rate
    durations[[0, -1]] = _SILENCE
    return Plan(phones, stressed, np.concatenate([[0.0], np.cumsum(np.maximum(durations, 0.02))]))


def _read_phones(sentence: str) -> tuple[list[str], NDArray[np.bool_]]:
    symbols, stressed, pending = [], [], False
    for symbol in f",{sentence.replace(' ', '')},":
        if symbol == "'":
            pending = True
            continue
        symbols.append(symbol)
        stressed.append(pending and symbol in _VOWELS)
        pending = pending and symbol not in _VOWELS
    return symbols, np.array(stressed)


def _make_tracks(plan: Plan, delivery: Delivery, rng: np.random.Generator) -> Tracks:
    times = np.arange(np.ceil(plan.bounds[-1] * FRAME_RATE) + 1) / FRAME_RATE
    phone_at = np.clip(np.searchsorted(plan.bounds, times, "right") - 1, 0, len(plan.phones) - 1)
    voicing = np.array([phone.voicing for phone in plan.phones])[phone_at]
    breath = np.array([phone.aspiration for phone in plan.phones])[phone_at]
    targets = np.array([phone.formants for phone in plan.phones])[phone_at]
    return Tracks(
        f0=_f0_track(times, plan, delivery, rng),
        voicing=_smooth(voicing, delivery.attack, ends="constant"),
        aspiration=_smooth(breath, 0.02, ends="constant"),
        gain=_gain_track(times, plan, delivery, rng),
        formants=_formant_tracks(targets, delivery),
    )


def _f0_track(times: Array, plan: Plan, delivery: Delivery, rng: np.random.Generator) -> Array:
    semitones = delivery.declination * (plan.middle - times)
    semitones += delivery.accent_height * _accents(times, plan, 0.09 / delivery.rate, rng)
    semitones += delivery.final_rise * plan.towards_end(times, 0.3) ** 2
    flutter = _smooth(rng.standard_normal(len(times)), 0.08)  # slow unsteadiness, see [1]
    return delivery.f0 * 2.0 ** ((semitones + 0.6 * flutter) / 12.0)


def _gain_track(times: Array, plan: Plan, delivery: Delivery, rng: np.random.Generator) -> Array:
    level = delivery.accent_level * _accents(times, plan, 0.08 / delivery.rate, rng)
    level -= 5.0 * plan.towards_end(times, 0.25)
    return 10.0 ** (level / 20.0)


def _formant_tracks(targets: Array, delivery: Delivery) -> Array:
    apart = _NEUTRAL * (targets / _NEUTRAL) ** delivery.vowel_space
    # fast speech leaves less time for each target: glides shrink less than phones do
    width = 0.075 / np.sqrt(delivery.rate)
    moving = np.column_stack([_smooth(np.log(track), width) for track in apart.T])
    return np.exp(moving) * np.array(delivery.formant_scale[:3])


def _accents(times: Array, plan: Plan, width: float, rng: np.random.Generator) -> Array:
    """Sum of bumps of about 1 on the stressed vowels."""
    starts, ends = plan.bounds[:-1][plan.stressed], plan.bounds[1:][plan.stressed]
    heights = rng.uniform(0.6, 1.4, len(starts))
    distance = times[:, np.newaxis] - (0.45 * starts + 0.55 * ends)
    return np.exp(-0.5 * (distance / width) ** 2) @ heights


def _smooth(track: Array, width: float, ends: str = "edge") -> Array:
    """Average over a Hann window of `width` seconds; the ends are repeated, or go to zero."""
    half = max(1, round(0.5 * width * FRAME_RATE))
    window = np.hanning(2 * half + 3)[1:-1]
    padded = np.pad(track, half, mode=ends)  # type: ignore[call-overload]
    return np.convolve(padded, window / window.sum(), "valid")
