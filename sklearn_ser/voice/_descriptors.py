"""All frame descriptors of one clip, side by side, each computed when it is first asked for."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property, lru_cache

import numpy as np
import scipy.fft
from numpy.typing import NDArray

from sklearn_ser.features._delta import time_derivative
from sklearn_ser.features._engine import FrameSettings, extract_frames, resolve_lengths
from sklearn_ser.features._functionals import pool_frames
from sklearn_ser.voice._formants import Formants, track_formants
from sklearn_ser.voice._front_end import normalise
from sklearn_ser.voice._pitch import PitchSettings, PitchTrack, semitones, track_pitch
from sklearn_ser.voice._quality import voice_quality
from sklearn_ser.voice._spectra import VoiceSpectra

__all__ = [
    "COURSE_STATISTICS",
    "EVERY",
    "N_COARSE_BANDS",
    "N_MFCC",
    "SHAPES",
    "STATISTICS",
    "VOICE",
    "ClipDescriptors",
    "FunctionalSettings",
]

N_MFCC = 20
_N_BANDS = 64
N_COARSE_BANDS = _N_BANDS // 2
_CEILING_HZ = 8000.0  # so that recordings at other rates are described in the same bands
_FLOOR_DB = 60.0  # bands further below the clip's loudest are noise that no voice made
_SPEECH_DB = 40.0  # the clip's speech lasts from its first to its last frame this far below
_ACTIVE_DB = 30.0  # and these frames carry it
_CONTRAST_FMIN, _MOST_CONTRAST_BANDS = 200.0, 6
_DELTA_WIDTH = 9
EVERY = 2  # frames, in the first of which the voice's quality and its formants are described

STATISTICS = ("mean", "std", "skew", "slope", "p05", "p25", "median", "p75", "p95")
COURSE_STATISTICS = (*STATISTICS, "kurtosis")
SHAPES = ("centroid", "bandwidth", "rolloff", "flatness", "flux", "zcr")
VOICE = (
    "voicing_strength",
    "jitter",
    "shimmer",
    "hnr",
    "slope_0_500",
    "slope_500_1500",
    "tilt",
    "alpha_ratio",
    "hammarberg",
    "h1_h2",
    "cpp",
)

Array = NDArray[np.float32]


@dataclass(frozen=True)
class FunctionalSettings:
    """What the descriptors of a clip depend on.

    Parameters
    ----------
    sample_rate : int
        Samples a second, at least 8000.
    normalize : tuple of str
        What is taken out of every clip before it is described: any of "level", "spectrum",
        "noise".
    """

    sample_rate: int
    normalize: tuple[str, ...] = ()

    @cached_property
    def hop_length(self) -> int:
        """10 ms in samples."""
        return resolve_lengths(self.sample_rate)[2]

    @property
    def frames_per_second(self) -> float:
        """Nearly 100, as 10 ms are rounded to samples."""
        return self.sample_rate / self.hop_length

    @cached_property
    def pitch(self) -> PitchSettings:
        """How the pitch is tracked."""
        return PitchSettings(self.sample_rate, self.hop_length)

    @cached_property
    def voice(self) -> PitchSettings:
        """How quality and formants are: every 20 ms, half of the 40 ms that they look at."""
        return replace(self.pitch, hop_length=EVERY * self.hop_length)

    @property
    def voice_frames_per_second(self) -> float:
        """Half as many as of the others."""
        return self.frames_per_second / EVERY

    @property
    def contrast_bands(self) -> int:
        """Octaves from 200 Hz that begin below half the sample rate, six at most."""
        octaves = int(np.ceil(np.log2(self.sample_rate / 2 / _CONTRAST_FMIN)))
        return max(1, min(octaves, _MOST_CONTRAST_BANDS))

    @property
    def shape_names(self) -> list[str]:
        """Names of the columns of :attr:`ClipDescriptors.shape`, without the level."""
        return [*SHAPES, *(f"contrast_{band}" for band in range(self.contrast_bands + 1))]


@lru_cache(maxsize=64)
def _engine_settings(settings: FunctionalSettings, features: tuple[str, ...]) -> FrameSettings:
    rate = settings.sample_rate
    n_fft, win_length, hop_length, frame_length = resolve_lengths(rate)
    return FrameSettings(
        features,
        rate,
        n_fft=n_fft,
        hop_length=hop_length,
        win_length=win_length,
        frame_length=frame_length,
        n_mels=_N_BANDS,
        fmax=min(_CEILING_HZ, rate / 2),
        to_db=True,
        top_db=None,
        contrast_fmin=_CONTRAST_FMIN,
        contrast_bands=settings.contrast_bands,
        exact=False,  # what float32 leaves in doubt is below the floor of what is described
    )


def _power(levels: Array) -> Array:
    return np.exp(levels * np.float32(np.log(10) / 10))


class ClipDescriptors:
    """The descriptors of one clip by frames of 10 ms, and which of its frames say something.

    Everything is computed from the clip without its mean and at a peak of 1; only what is called
    a level is put back to the clip's own. So a gain changes levels, by as much, and nothing else.

    Parameters
    ----------
    samples : ndarray of shape (n_samples,), float32
        The clip.
    settings : FunctionalSettings
        How it is described.

    Attributes
    ----------
    samples : ndarray of shape (n_samples,), float32
        The clip as it is described.
    gain_db : float
        What its levels have lost by that.
    """

    def __init__(self, samples: Array, settings: FunctionalSettings) -> None:
        self.settings = settings
        self.samples, self.gain_db = normalise(samples, settings.sample_rate, settings.normalize)

    @cached_property
    def pitch(self) -> PitchTrack:
        """The track of the voice."""
        return track_pitch(self.samples, self.settings.pitch)

    @cached_property
    def is_voiced(self) -> NDArray[np.bool_]:
        """Which frames are voiced, (n_frames,)."""
        return self.pitch.is_voiced

    @cached_property
    def semitones(self) -> Array:
        """Pitch in semitones above 27.5 Hz, (n_frames,)."""
        return semitones(self.pitch.f0)

    @cached_property
    def voice(self) -> PitchTrack:
        """The track of the voice in every second frame, of which quality and formants are."""
        return PitchTrack(*(values[::EVERY] for values in self.pitch))

    @cached_property
    def _spectra(self) -> VoiceSpectra:
        return VoiceSpectra(self.samples, self.settings.voice)

    @cached_property
    def formants(self) -> Formants:
        """F1 to F3: frequencies and bandwidths in Hz, levels in dB, of every second frame."""
        return track_formants(
            self.samples,
            self.settings.voice,
            is_voiced=self.voice.is_voiced,
            spectra=self._spectra,
        )

    @cached_property
    def quality(self) -> dict[str, Array]:
        """Voice quality by name, as in ``VOICE``, of every second frame."""
        return self._quality(None)

    @cached_property
    def quality_with_formants(self) -> dict[str, Array]:
        """The same and "h1_a3", which takes the formants to be known."""
        return self._quality(self.formants)

    def _quality(self, formants: Formants | None) -> dict[str, Array]:
        settings, spectra = self.settings.voice, self._spectra
        found = voice_quality(
            self.samples, self.voice, settings, formants=formants, spectra=spectra
        )
        return {"voicing_strength": self.voice.strength, **found}

    def _frames(self, *features: str) -> Array:
        return extract_frames(self.samples, _engine_settings(self.settings, features))

    @cached_property
    def _all_bands(self) -> Array:
        return self._frames("mel")

    @cached_property
    def bands(self) -> Array:
        """Mel bands in dB, none more than 60 below the clip's loudest, (n_frames, 64)."""
        return np.maximum(self._all_bands, self._all_bands.max() - _FLOOR_DB)

    @cached_property
    def coarse_bands(self) -> Array:
        """The power of each two neighbouring bands, in dB, (n_frames, 32)."""
        power = _power(self.bands).reshape(len(self.bands), N_COARSE_BANDS, 2)
        return np.float32(10) * np.log10(power.mean(axis=2))

    @cached_property
    def level(self) -> Array:
        """Level of each frame in dB, (n_frames,): the sum of its mel bands."""
        power = _power(self._all_bands).sum(axis=1)
        return np.float32(10) * np.log10(power) + np.float32(self.gain_db)

    @cached_property
    def shape(self) -> Array:
        """Shape of the spectrum, (n_frames, n_shapes), columns as the settings name them."""
        return self._frames(*SHAPES, "contrast")

    @cached_property
    def flux(self) -> Array:
        """Distance of each spectrum from the one before, (n_frames,)."""
        return self._frames("flux")[:, 0]

    @cached_property
    def mfcc(self) -> Array:
        """Cepstral coefficients of the floored bands, (n_frames, 20); the 0th is a level."""
        found = scipy.fft.dct(self.bands, axis=1, norm="ortho")[:, :N_MFCC]
        found[:, 0] += np.float32(self.gain_db * np.sqrt(_N_BANDS))
        return found

    @cached_property
    def spectrum(self) -> Array:
        """The cepstral coefficients and the coarse bands side by side, (n_frames, 52)."""
        return np.hstack([self.mfcc, self.coarse_bands + np.float32(self.gain_db)])

    @cached_property
    def spectrum_delta(self) -> Array:
        """Their derivatives, (n_frames, 52)."""
        return time_derivative(self.spectrum, order=1, width=_DELTA_WIDTH)

    @cached_property
    def pooled_spectrum(self) -> NDArray[np.float32]:
        """``STATISTICS`` of the spectrum over the active frames, (n_statistics, 52)."""
        return self.pooled(self.spectrum[self.is_active], STATISTICS)

    @cached_property
    def pooled_spectrum_delta(self) -> NDArray[np.float32]:
        """Mean and deviation of its derivatives over the active frames, (2, 52)."""
        return self.pooled(self.spectrum_delta[self.is_active], ("mean", "std"))

    @cached_property
    def course(self) -> Array:
        """Level, its step from the frame before, voicing and periodicity of the speech's frames."""
        level, part = self.level[self.speech], self.speech
        steps = np.diff(level, prepend=level[:1])
        return np.column_stack([level, steps, self.pitch.voicing[part], self.pitch.strength[part]])

    @cached_property
    def pooled_course(self) -> Array:
        """``COURSE_STATISTICS`` of the course, (n_statistics, 4)."""
        return self.pooled(self.course, COURSE_STATISTICS)

    def pooled(self, frames: Array, statistics: tuple[str, ...]) -> Array:
        """Return statistics of some frames, (n_statistics, n_coefs)."""
        rate = self.settings.frames_per_second
        return pool_frames(frames, statistics, rate).reshape(len(statistics), -1)

    @cached_property
    def is_active(self) -> NDArray[np.bool_]:
        """Which frames are at most 30 dB below the loudest, (n_frames,)."""
        return self.level > self.level.max() - _ACTIVE_DB

    @cached_property
    def speech(self) -> slice:
        """The frames from the first to the last at most 40 dB below the loudest."""
        loud = np.flatnonzero(self.level > self.level.max() - _SPEECH_DB)
        return slice(int(loud[0]), int(loud[-1]) + 1)
