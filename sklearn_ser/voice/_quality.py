"""Voice quality, frame by frame: how regular a voice is, and how its power is spread."""

from __future__ import annotations

import numpy as np

from sklearn_ser.voice._cepstral_peak import cepstral_peak_prominence
from sklearn_ser.voice._formants import Formants
from sklearn_ser.voice._periods import vary_by_period
from sklearn_ser.voice._pitch import PitchSettings, PitchTrack
from sklearn_ser.voice._spectra import VoiceSpectra
from sklearn_ser.voice._spectral_balance import (
    alpha_ratio,
    decibels,
    hammarberg_index,
    harmonic_levels,
    slope,
    tilt,
)

__all__ = ["QUALITIES", "voice_quality"]

# In the order of a transformer's columns.
QUALITIES = (
    "jitter",
    "shimmer",
    "hnr",
    "cpp",
    "h1_h2",
    "h1_a3",
    "alpha_ratio",
    "hammarberg",
    "slope_0_500",
    "slope_500_1500",
    "tilt",
)
# The share of the periodic part that a ratio is made of, so that it stays within 40 dB.
_LEAST_SHARE = 1e-4
# Samples a second that successive periods are compared at, at least; finer ones cost their square.
_LEAST_RATE = 8000
# Where a harmonic is looked for around its place, and the strongest one around a formant, as
# shares of the pitch.
_NEAR_HARMONIC, _NEAR_FORMANT = 0.25, 0.6


def voice_quality(
    samples: np.ndarray,
    track: PitchTrack,
    settings: PitchSettings,
    *,
    formants: Formants | None = None,
    spectra: VoiceSpectra | None = None,
) -> dict[str, np.ndarray]:
    """Describe the quality of a voice in every frame of one clip.

    Parameters
    ----------
    samples : ndarray of shape (n_samples,), float32
        Finite samples.
    track : PitchTrack
        The pitch of this clip.
    settings : PitchSettings
        Those that the pitch was tracked with.
    formants : Formants, default=None
        Those of this clip, which ``h1_a3`` needs.
    spectra : VoiceSpectra, default=None
        Those of this clip, where they are there already.

    Returns
    -------
    dict of str to ndarray of shape (n_frames,), float32
        By name. Of voiced frames, and 0 in others: "jitter" (difference of successive periods, as
        a share), "shimmer" (of their amplitudes, dB), "hnr" (harmonics to noise, dB), "cpp"
        (cepstral peak prominence, dB), "h1_h2" (first over second harmonic, dB) and, with
        formants, "h1_a3" (first harmonic over the strongest around the third formant, dB). Of all
        frames, and 0 in silence: "alpha_ratio" (50 Hz to 1 kHz over 1 to 5 kHz, dB), "hammarberg"
        (strongest bin up to 2 kHz over that from 2 to 5 kHz, dB), "slope_0_500" and
        "slope_500_1500" (dB by kHz) and "tilt" (50 Hz to 5.5 kHz, dB by octave).

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_ser.voice import PitchSettings, track_pitch, voice_quality
    >>> waveform = np.sign(np.sin(2 * np.pi * 110 / 16000 * np.arange(16000))).astype(np.float32)
    >>> settings = PitchSettings(16000, hop_length=160)
    >>> found = voice_quality(waveform, track_pitch(waveform, settings), settings)
    >>> bool(np.median(found["jitter"]) < 0.01)
    True
    """
    spectra = VoiceSpectra(samples, settings) if spectra is None else spectra
    voiced = np.flatnonzero(track.is_voiced)
    names = [name for name in QUALITIES if name != "h1_a3" or formants is not None]
    found = {name: np.zeros(spectra.n_frames, dtype=np.float32) for name in names}
    for where, power in spectra.blocks():
        levels = decibels(power)
        for name, values in _balance(power, levels, spectra).items():
            found[name][where] = values
        some = voiced[slice(*np.searchsorted(voiced, (where.start, where.stop)))]
        if len(some):
            third = None if formants is None else formants.frequency[some, 2]
            harmonics = _harmonics(levels[some - where.start], track.f0[some], third, spectra)
            for name, values in harmonics.items():
                found[name][some] = values
    found["jitter"][voiced], found["shimmer"][voiced] = _variation(spectra, voiced, track)
    found["hnr"][voiced] = _harmonics_to_noise(track.strength[voiced])
    return found


def _balance(power: np.ndarray, levels: np.ndarray, spectra: VoiceSpectra) -> dict[str, np.ndarray]:
    """Return what every frame has, voiced or not; the bin of 0 Hz holds no voice."""
    return {
        "alpha_ratio": alpha_ratio(power, spectra),
        "hammarberg": hammarberg_index(power, spectra),
        "slope_0_500": slope(levels, spectra, spectra.hz_per_bin, 500.0),
        "slope_500_1500": slope(levels, spectra, 500.0, 1500.0),
        "tilt": tilt(levels, spectra),
    }


def _harmonics(
    levels: np.ndarray, f0: np.ndarray, third: np.ndarray | None, spectra: VoiceSpectra
) -> dict[str, np.ndarray]:
    """Return what is made of the spectra of voiced frames."""
    settings, bins = spectra.settings, f0 / np.float32(spectra.hz_per_bin)
    first = harmonic_levels(levels, bins, _NEAR_HARMONIC * bins)
    second = harmonic_levels(levels, 2 * bins, _NEAR_HARMONIC * bins)
    rate = 2 * spectra.ceiling_hz
    prominence = cepstral_peak_prominence(levels, rate, settings.fmin, settings.fmax)
    found = {"cpp": prominence, "h1_h2": first - second}
    if third is not None:
        place = third / np.float32(spectra.hz_per_bin)
        found["h1_a3"] = first - harmonic_levels(levels, place, _NEAR_FORMANT * bins)
    return found


def _variation(
    spectra: VoiceSpectra, voiced: np.ndarray, track: PitchTrack
) -> tuple[np.ndarray, np.ndarray]:
    """Return jitter and shimmer, from means of neighbouring samples where the rate is high."""
    rate, hop, samples = spectra.settings.sample_rate, spectra.settings.hop_length, spectra.samples
    factor = max(rate // _LEAST_RATE, 1)
    if factor > 1:
        whole = len(samples) // factor * factor
        samples = np.einsum("ij->i", samples[:whole].reshape(-1, factor))
    periods = rate / factor / track.f0[voiced].astype(np.float64)
    return vary_by_period(samples, voiced * hop // factor, periods)


def _harmonics_to_noise(strength: np.ndarray) -> np.ndarray:
    share = np.clip(strength, _LEAST_SHARE, 1 - _LEAST_SHARE)
    return 10 * np.log10(share / (1 - share))
