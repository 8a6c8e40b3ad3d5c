"""Augmenters on the phase vocoder: pitch and tempo, with the level of the clip."""

from __future__ import annotations

from collections.abc import Callable
from numbers import Integral
from typing import Any, ClassVar

import numpy as np

from sklearn_ser.augmentation._base import Array, BaseAugmenter, Parameters
from sklearn_ser.augmentation._functional import at_level_of
from sklearn_ser.augmentation._ranges import Strength, draw_between
from sklearn_ser.augmentation._vocoder import pitch_shifts, time_stretches

__all__ = ["PitchShiftAugmenter", "TimeStretchAugmenter"]

_HIGHEST_VOICE_HZ = 500.0
_LONGEST_FRAME = 0.064  # seconds
_SHORTEST_FRAME = 32  # samples


class _VocoderAugmenter(BaseAugmenter):
    """What pitch and tempo share: frames as long as suits a voice, and the clip's level.

    A phase vocoder smears what is between its frames, which costs 3 to 4 dB of speech. Level
    tells emotions apart, and copies that are all quieter would tell copies from clips.
    """

    n_fft: int | None
    _strength_name: ClassVar[str]
    _unchanged: ClassVar[float]  # the strength that gives a copy
    _effects: ClassVar[Callable[..., list[Array]]]  # one result a strength, from one transform

    def _apply_many(
        self, waveform: Array, sample_rate: Any, drawn: list[Parameters]
    ) -> list[Array]:
        strengths = [chosen.get(self._strength_name, self._unchanged) for chosen in drawn]
        results = self._effects(waveform, strengths, n_fft=self._frame(sample_rate))
        return [at_level_of(changed, waveform) for changed in results]

    def _frame(self, sample_rate: float) -> int:
        """Return the length of a frame in samples."""
        if self.n_fft is None:
            longest = max(int(sample_rate * _LONGEST_FRAME), _SHORTEST_FRAME)
            return 2 ** (longest.bit_length() - 1)
        is_whole = isinstance(self.n_fft, Integral) and not isinstance(self.n_fft, bool)
        if not is_whole or self.n_fft < _SHORTEST_FRAME or self.n_fft % 4:
            raise ValueError(
                f"{self._name}: n_fft={self.n_fft!r} is no multiple of 4 from {_SHORTEST_FRAME} "
                "on; give samples such as 1024, or None for frames of 32 to 64 ms."
            )
        return int(self.n_fft)


class PitchShiftAugmenter(_VocoderAugmenter):
    """Shift the pitch of a clip, and its formants with it; length and level stay.

    A phase vocoder and resampling: ``librosa.effects.pitch_shift`` of the same ``n_fft`` to the
    rounding of float32, without its loops and brought to the clip's level, since a phase vocoder
    makes speech 3 to 4 dB quieter. Copies of one clip share the transform
    (:meth:`augment_many`).

    Parameters
    ----------
    semitones : float or (float, float), default=(-2.0, 2.0)
        Twelve are an octave up; or the range to draw from, between -24 and 24. A shift that puts
        the highest voices' pitch (500 Hz) beyond the Nyquist frequency is an error.
    n_fft : int, default=None
        Samples of a frame, a multiple of 4. None takes a power of two of 32 to 64 ms: librosa's
        2048 lose more of a voice's pitch at 16 kHz.
    probability : float, default=1.0
        Share of the copies that are changed.

    See Also
    --------
    VocalTractAugmenter : Moves the formants alone.
    librosa.effects.pitch_shift : The same numbers, quieter.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_ser import PitchShiftAugmenter
    >>> augmenter = PitchShiftAugmenter((-3, 3))
    >>> tone = np.sin(np.arange(16000) * 0.1)
    >>> augmenter.augment(tone, 16000, random_state=0).shape
    (16000,)
    >>> augmenter.draw(tone, 16000, random_state=0)
    {'semitones': 0.821...}
    """

    _strength_name = "semitones"
    _unchanged = 0.0
    _effects = staticmethod(pitch_shifts)

    def __init__(
        self,
        semitones: Strength = (-2.0, 2.0),
        *,
        n_fft: int | None = None,
        probability: float = 1.0,
    ) -> None:
        self.semitones = semitones
        self.n_fft = n_fft
        self.probability = probability

    def _draw(
        self, waveform: Array, sample_rate: Any, random_state: np.random.Generator
    ) -> Parameters:
        hint = "Give semitones such as 2, or a pair such as (-2, 2); 12 are an octave."
        ends = self._strength("semitones", low=-24, high=24, hint=hint)
        highest = _HIGHEST_VOICE_HZ * 2 ** (ends[1] / 12)
        if highest > sample_rate / 2:
            raise ValueError(
                f"{self._name}: semitones={self.semitones!r} moves a pitch of "
                f"{_HIGHEST_VOICE_HZ:g} Hz to {highest:.0f} Hz, beyond the Nyquist frequency of "
                f"clips at {sample_rate:g} Hz. Shift less."
            )
        return {"semitones": draw_between(ends, random_state)}

    def _apply(self, waveform: Array, sample_rate: Any, *, semitones: float) -> Array:
        return self._apply_many(waveform, sample_rate, [{"semitones": semitones}])[0]


class TimeStretchAugmenter(_VocoderAugmenter):
    """Change the tempo of a clip and keep its pitch and level; the length becomes another.

    A phase vocoder: ``librosa.effects.time_stretch`` of the same ``n_fft`` to the rounding of
    float32, without its loops and brought to the clip's level, since a phase vocoder makes
    speech 3 to 4 dB quieter. Copies of one clip share the transform (:meth:`augment_many`).

    Parameters
    ----------
    rate : float or (float, float), default=(0.8, 1.25)
        Above 1 is faster, hence shorter; or the range that it is drawn from, between 0.1 and 10.
    n_fft : int, default=None
        Samples of a frame, a multiple of 4; None takes a power of two of 32 to 64 ms.
    probability : float, default=1.0
        Share of the copies that are changed.

    See Also
    --------
    librosa.effects.time_stretch : The same numbers, quieter.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_ser import TimeStretchAugmenter
    >>> TimeStretchAugmenter(1.25).augment(np.sin(np.arange(16000) * 0.1), 16000).shape
    (12800,)
    """

    keeps_length = False
    _strength_name = "rate"
    _unchanged = 1.0
    _effects = staticmethod(time_stretches)

    def __init__(
        self,
        rate: Strength = (0.8, 1.25),
        *,
        n_fft: int | None = None,
        probability: float = 1.0,
    ) -> None:
        self.rate = rate
        self.n_fft = n_fft
        self.probability = probability

    def _draw(
        self, waveform: Array, sample_rate: Any, random_state: np.random.Generator
    ) -> Parameters:
        hint = "A rate of 1 is the clip's own tempo, 1.25 faster; give one or a pair (0.8, 1.25)."
        ends = self._strength("rate", low=0.1, high=10, hint=hint)
        return {"rate": draw_between(ends, random_state)}

    def _apply(self, waveform: Array, sample_rate: Any, *, rate: float) -> Array:
        return self._apply_many(waveform, sample_rate, [{"rate": rate}])[0]
