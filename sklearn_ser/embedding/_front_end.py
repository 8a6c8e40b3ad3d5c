"""What a voice encoder hears: a clip's bands without gain, room and noise, and its pitches."""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields, replace
from functools import lru_cache
from typing import Any, Self

import numpy as np
import scipy.fft
import scipy.sparse
from numpy.typing import NDArray

from sklearn_ser.embedding._pitch import pitch_salience
from sklearn_ser.features._mel import mel_filter_bank

__all__ = ["FrontEnd"]

_WINDOW_SECONDS = 0.025
_HOP_SECONDS = 0.010
_FRAMES_A_BLOCK = 4096  # of the spectrum, so that a long clip takes no memory
_LEAST_POWER = 1e-16
_QUIETEST_DB = -120.0  # a clip whose loud frames lie lower is silent
_DEEPEST_DB = 60.0  # below the loudest bands; where a band without power is counted
_LOUD_PERCENTILE = 95.0  # of the frames' levels: what the floor is measured from
_SPEECH_ABOVE_FLOOR_DB = 6.0
_CLEAR_PERCENTILE, _LEAST_CLARITY = 90.0, 0.1  # of the frames' most salient pitches
_FAINT_DB, _CLEAR_DB = 3.0, 9.0  # above the floor; between them pitches come to be heard
_MARGIN = 5  # frames that stay before and after speech
_FEWEST_FRAMES = 20
_ACTIVE_DB = 25.0  # below the loudest frame; what the long-term spectrum is taken over

Array = NDArray[np.float32]


@dataclass(frozen=True)
class FrontEnd:
    """From a waveform to the bands that a network hears.

    The mean power of every band's quietest frames is subtracted (the noise of the room), levels
    are taken in decibels, the long-term spectrum of the training speakers is taken out
    (``whitening``), the clip's loud frames are brought to 0 dB (its gain), and everything below
    ``heard_db`` is cut off. Silence at the ends is left out. Beside the levels lies a second
    channel with as many pitches as there are bands: how salient each is in the frame, beside
    the salience that the clip's clearest frames reach.

    Attributes
    ----------
    sample_rate : int
        Samples a second.
    n_bands : int
        Mel bands.
    fmin, fmax : float
        Lowest and highest frequency, in Hz.
    floor_db : float
        How far below the loud frames the levels reach, in dB; silence at the ends is what lies
        no higher.
    heard_db : float
        How far below the loud frames anything is heard, at most ``floor_db``: a shallow floor
        hides how quiet the room was.
    noise_percentile : float
        Which percentile of a band's power over time is its noise.
    subtraction : float
        How many times the noise is subtracted; 0 leaves it in.
    whitening : tuple of float
        Level of every band in the training speakers' long-term spectrum, in dB; () for none.
    pitch_weight : float
        What the salience of a clear voice's pitch is brought to; 0 for a network that hears
        levels alone.
    """

    sample_rate: int = 16000
    n_bands: int = 64
    fmin: float = 50.0
    fmax: float = 7800.0
    floor_db: float = 30.0
    heard_db: float = 30.0
    noise_percentile: float = 10.0
    subtraction: float = 2.0
    whitening: tuple[float, ...] = ()
    pitch_weight: float = 1.5

    @classmethod
    def from_dict(cls, given: dict[str, Any]) -> Self:
        """Make a front end from what :meth:`to_dict` gave.

        Parameters
        ----------
        given : dict
            Every field by name, and no other.

        Returns
        -------
        FrontEnd

        Raises
        ------
        ValueError
            If a field is missing or unknown.
        """
        known = {field.name for field in fields(cls)}
        if set(given) != known:
            raise ValueError(f"a front end has the fields {sorted(known)}, got {sorted(given)}")
        return cls(**{**given, "whitening": tuple(given["whitening"])})

    def to_dict(self) -> dict[str, Any]:
        """Return every field by name, in a form that JSON can hold."""
        return {**asdict(self), "whitening": list(self.whitening)}

    @property
    def hop_length(self) -> int:
        """Samples from one frame to the next."""
        return max(round(_HOP_SECONDS * self.sample_rate), 1)

    def at_speed(self, speed: float) -> Self:
        """Return the front end that hears clips as if they were played faster, or slower.

        Parameters
        ----------
        speed : float
            1.1 is a tenth faster and higher. Where it is below 1 the highest bands are silent.

        Returns
        -------
        FrontEnd
            Of another rate: waveforms are given to it as they are.
        """
        return replace(self, sample_rate=round(self.sample_rate * speed))

    @property
    def n_channels(self) -> int:
        """Numbers that are heard of a frame in every band: its level, and perhaps a pitch."""
        return 2 if self.pitch_weight else 1

    def __call__(self, waveform: Array) -> Array:
        """Return what is heard of a clip.

        Parameters
        ----------
        waveform : ndarray of shape (n_samples,)
            The clip, finite.

        Returns
        -------
        ndarray of shape (n_frames, n_bands, n_channels), float32
            One frame at least; without silence at the ends.
        """
        return self.cut(self.hear(self.power(waveform), self.salience(waveform)))

    def power(self, waveform: Array) -> Array:
        """Return the power of every band, every 10 ms.

        Parameters
        ----------
        waveform : ndarray of shape (n_samples,)
            The clip; its mean does not count.

        Returns
        -------
        ndarray of shape (1 + n_samples // hop_length, n_bands), float32
            Powers, above 0.
        """
        window, filters = _plan(self.sample_rate, self.n_bands, self.fmin, self.fmax)
        samples = np.asarray(waveform, dtype=np.float32)
        samples = samples - samples.mean() if len(samples) else samples
        half = len(window) // 2
        padded = np.pad(samples, (half, half))
        framed = np.lib.stride_tricks.sliding_window_view(padded, len(window))
        framed = framed[:: self.hop_length]
        found = np.empty((len(framed), self.n_bands), dtype=np.float32)
        for start in range(0, len(framed), _FRAMES_A_BLOCK):
            block = slice(start, start + _FRAMES_A_BLOCK)
            spectrum = scipy.fft.rfft(framed[block] * window, axis=1)
            found[block] = (filters @ (spectrum.real**2 + spectrum.imag**2).T).T
        return np.maximum(found, np.float32(_LEAST_POWER), out=found)

    def salience(self, waveform: Array) -> Array:
        """Return how salient every pitch is, every 10 ms.

        Parameters
        ----------
        waveform : ndarray of shape (n_samples,)
            The clip; its mean and its gain do not count.

        Returns
        -------
        ndarray of shape (1 + n_samples // hop_length, n_bands), float32
            Without columns where ``pitch_weight`` is 0.
        """
        if not self.pitch_weight:
            return np.empty((1 + len(waveform) // self.hop_length, 0), dtype=np.float32)
        return pitch_salience(waveform, self.sample_rate, self.hop_length, self.n_bands)

    def hear(self, power: Array, salience: Array, gains_db: Array | None = None) -> Array:
        """Return what is heard of a clip down to ``floor_db``.

        Parameters
        ----------
        power : ndarray of shape (n_frames, n_bands)
            As :meth:`power` gives them.
        salience : ndarray of shape (n_frames, n_bands or 0)
            As :meth:`salience` gives them.
        gains_db : ndarray of shape (n_bands,), default=None
            Added to the levels: another room, for training.

        Returns
        -------
        ndarray of shape (at most n_frames, n_bands, n_channels), float32
            Levels from -1.5 at the floor to 1.5 at the mean level of the loud frames, and above;
            then the pitches, of frames that lie clear of the floor.
        """
        levels = self._levels(power)
        if gains_db is not None:
            levels += gains_db
        floor = np.float32(self.floor_db)
        np.maximum(levels - _loudness(levels), -floor, out=levels)
        speech = _speech(levels, -floor)
        levels = levels[speech]
        heard = np.empty((*levels.shape, self.n_channels), dtype=np.float32)
        heard[..., 0] = (levels + floor / 2) / np.float32(10)
        if self.pitch_weight:
            above = levels.mean(axis=1) + floor - np.float32(_FAINT_DB)
            clear = np.clip(above / np.float32(_CLEAR_DB - _FAINT_DB), 0, 1)
            weight = np.float32(self.pitch_weight) / _clarity(salience[speech])
            heard[..., 1] = salience[speech] * (clear * weight)[:, None]
        return heard

    def cut(self, bands: NDArray[np.floating], heard_db: float | None = None) -> Array:
        """Hide levels that are not to be heard.

        Parameters
        ----------
        bands : ndarray of shape (n_frames, n_bands, n_channels)
            As :meth:`hear` gives them.
        heard_db : float, default=None
            How far below the loud frames anything is heard; None is the front end's own.

        Returns
        -------
        ndarray of shape (n_frames, n_bands, n_channels), float32
        """
        depth = self.heard_db if heard_db is None else heard_db
        floor = np.float32((self.floor_db / 2 - depth) / 10)
        heard = np.array(bands, dtype=np.float32)
        np.maximum(heard[..., 0], floor, out=heard[..., 0])
        return heard

    def long_term_spectrum(self, power: Array) -> Array:
        """Return the mean level of every band over a clip's loud frames, beside their mean.

        Parameters
        ----------
        power : ndarray of shape (n_frames, n_bands)
            As :meth:`power` gives them.

        Returns
        -------
        ndarray of shape (n_bands,), float32
            In dB; the mean of those of many clips is ``whitening``.
        """
        levels = self._noiseless(power)
        loudness = levels.mean(axis=1)
        active = levels[loudness > loudness.max() - _ACTIVE_DB]
        spectrum: Array = active.mean(axis=0) - active.mean()
        return spectrum

    def _levels(self, power: Array) -> Array:
        levels = self._noiseless(power)
        if self.whitening:
            levels -= np.asarray(self.whitening, dtype=np.float32)
        return levels

    def _noiseless(self, power: Array) -> Array:
        """Subtract every band's noise, and return decibels."""
        if self.subtraction:
            noise = np.percentile(power, self.noise_percentile, axis=0).astype(np.float32)
            power = power - np.float32(self.subtraction) * noise
        return np.float32(10) * np.log10(np.maximum(power, np.float32(_LEAST_POWER)))


def _loudness(levels: Array) -> np.float32:
    """Return the level of the loud frames, the mean of their bands.

    Bands that the noise had to itself are as far down as arithmetic goes once it is subtracted;
    they count as so far below the loudest bands, which no gain changes.
    """
    peak = np.percentile(levels.max(axis=1), _LOUD_PERCENTILE)
    means = np.maximum(levels, np.float32(peak - _DEEPEST_DB)).mean(axis=1)
    return np.float32(max(np.percentile(means, _LOUD_PERCENTILE), _QUIETEST_DB))


def _clarity(salience: Array) -> np.float32:
    """Return how salient the pitch is where the voice is clear: most of that is the room's."""
    clearest = np.percentile(salience.max(axis=1), _CLEAR_PERCENTILE)
    return np.float32(max(clearest, _LEAST_CLARITY))


def _speech(levels: Array, floor: np.float32) -> slice:
    """Return where the clip lies between frames on the floor at both ends, with a margin."""
    speech = np.flatnonzero(levels.mean(axis=1) > floor + _SPEECH_ABOVE_FLOOR_DB)
    if len(speech) <= _FEWEST_FRAMES:
        return slice(None)
    return slice(max(speech[0] - _MARGIN, 0), speech[-1] + _MARGIN + 1)


@lru_cache(maxsize=8)
def _plan(
    sample_rate: int, n_bands: int, fmin: float, fmax: float
) -> tuple[Array, scipy.sparse.csr_array]:
    """Return the window, and the filters of the bands."""
    length = round(_WINDOW_SECONDS * sample_rate)
    n_fft = 2 ** (length - 1).bit_length()
    window = (0.5 - 0.5 * np.cos(2 * np.pi * np.arange(length) / length)).astype(np.float32)
    before = (n_fft - length) // 2
    window = np.pad(window, (before, n_fft - length - before))
    window.setflags(write=False)
    bank = mel_filter_bank(
        sample_rate,
        n_fft,
        n_bands,
        fmin=fmin,
        fmax=fmax,
        htk=True,
        norm=None,
        may_be_empty=True,  # above half the rate, where a clip is heard slowed down
    )
    return window, scipy.sparse.csr_array(bank)
