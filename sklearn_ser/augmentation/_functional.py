"""Effects on one waveform as pure functions: float32 in, a new float32 array out."""

from __future__ import annotations

import numpy as np
import scipy.fft
import scipy.signal
from numpy.typing import NDArray

__all__ = [
    "add_noise",
    "at_level_of",
    "change_gain",
    "colored_noise",
    "reverberate",
    "room_response",
    "telephone",
    "time_shift",
]

Waveform = NDArray[np.float32]

_MU = 255  # of the companding law of North America and Japan (ITU-T G.711)
_STEPS = 127  # on either side of zero, in 8 bits
_SMALLEST = float(np.finfo(np.float32).tiny)


def change_gain(waveform: Waveform, gain_db: float) -> Waveform:
    """Multiply a waveform by a gain in decibels; nothing is clipped at full scale."""
    return waveform * np.float32(10 ** (gain_db / 20))


def at_level_of(waveform: Waveform, reference: Waveform) -> Waveform:
    """Give a waveform the root mean square of another; a silent one stays as it is."""
    level = max(_root_mean_square(waveform), _SMALLEST)
    return waveform * np.float32(_root_mean_square(reference) / level)


def time_shift(waveform: Waveform, n_samples: int, *, wrap: bool) -> Waveform:
    """Move a waveform later, or earlier where ``n_samples`` is negative.

    Parameters
    ----------
    waveform : ndarray of shape (n_samples,), float32
        The clip.
    n_samples : int
        By how much.
    wrap : bool
        What leaves at one end comes in at the other; else zeros come in.

    Returns
    -------
    ndarray of shape (n_samples,), float32
    """
    if wrap:
        return np.roll(waveform, n_samples)
    shifted = np.zeros_like(waveform)
    if n_samples >= 0:
        shifted[n_samples:] = waveform[: max(len(waveform) - n_samples, 0)]
    else:
        shifted[:n_samples] = waveform[-n_samples:]
    return shifted


def add_noise(waveform: Waveform, noise: Waveform, snr_db: float) -> Waveform:
    """Add noise at a ratio of the whole clip's mean power to that of the noise.

    Parameters
    ----------
    waveform : ndarray of shape (n_samples,), float32
        The clip.
    noise : ndarray of shape (n_samples,), float32
        At any level.
    snr_db : float
        The ratio in decibels.

    Returns
    -------
    ndarray of shape (n_samples,), float32
        A copy of the clip where either is silent, since no ratio can be met then.
    """
    of_clip, of_noise = _root_mean_square(waveform), _root_mean_square(noise)
    if of_clip == 0 or of_noise == 0:
        return waveform.copy()
    scaled = noise * np.float32(of_clip / of_noise * 10 ** (-snr_db / 20))
    scaled += waveform
    return scaled


def colored_noise(color: str, n_samples: int, random_state: np.random.Generator) -> Waveform:
    """Make Gaussian noise.

    Parameters
    ----------
    color : {"white", "pink"}
        Equal power in every hertz, or in every octave.
    n_samples : int
        Its length.
    random_state : numpy.random.Generator
        Where it comes from.

    Returns
    -------
    ndarray of shape (n_samples,), float32
    """
    if color == "white":
        return random_state.standard_normal(n_samples, dtype=np.float32)
    # A pleasant length for the transform, of which the rest is not needed; two have no zero bin.
    n_fft = scipy.fft.next_fast_len(max(n_samples, 2), real=True)
    spectrum = scipy.fft.rfft(random_state.standard_normal(n_fft, dtype=np.float32))
    spectrum[0] = 0
    spectrum[1:] /= np.sqrt(np.arange(1, len(spectrum), dtype=np.float32))
    return np.ascontiguousarray(scipy.fft.irfft(spectrum, n=n_fft)[:n_samples])


def room_response(
    rt60: float, direct_db: float, sample_rate: float, random_state: np.random.Generator
) -> Waveform:
    """Make the impulse response of a room: the direct sound and a tail of decaying noise.

    Parameters
    ----------
    rt60 : float
        Seconds in which the tail falls by 60 dB; it ends there.
    direct_db : float
        Energy of the direct sound over that of the tail, in decibels.
    sample_rate : float
        Samples a second.
    random_state : numpy.random.Generator
        Where the noise comes from.

    Returns
    -------
    ndarray of shape (1 + round(rt60 * sample_rate),), float32
        The direct sound is its first sample, 1.
    """
    n_tail = max(round(rt60 * sample_rate), 1)
    decay = np.exp(np.arange(1, n_tail + 1) * (-3 * np.log(10) / (rt60 * sample_rate)))
    tail = decay * random_state.standard_normal(n_tail)
    tail *= 10 ** (-direct_db / 20) / np.sqrt(np.sum(np.square(tail)))
    return np.concatenate([[1.0], tail]).astype(np.float32)


def reverberate(waveform: Waveform, response: Waveform) -> Waveform:
    """Convolve a waveform with a room's response, cut to its length and brought to its level.

    Parameters
    ----------
    waveform : ndarray of shape (n_samples,), float32
        The clip.
    response : ndarray of shape (n_response,), float32
        The room, such as from :func:`room_response`.

    Returns
    -------
    ndarray of shape (n_samples,), float32
        With the clip's root mean square.
    """
    n_samples = len(waveform)
    response = response[:n_samples]  # what comes later falls behind the end
    n_fft = scipy.fft.next_fast_len(n_samples + len(response) - 1, real=True)
    spectrum = scipy.fft.rfft(waveform, n_fft) * scipy.fft.rfft(response, n_fft)
    wet: Waveform = scipy.fft.irfft(spectrum, n_fft)[:n_samples]
    return at_level_of(wet, waveform)


def telephone(
    waveform: Waveform, sample_rate: float, *, low_hz: float = 300.0, high_hz: float = 3400.0
) -> Waveform:
    """Pass a waveform through a telephone: a band-pass and 8 bits with mu-law companding.

    Parameters
    ----------
    waveform : ndarray of shape (n_samples,), float32
        The clip; its full scale is 1, or its peak where that is higher.
    sample_rate : float
        Samples a second.
    low_hz, high_hz : float
        The band's ends; an end that the rate does not reach is left out.

    Returns
    -------
    ndarray of shape (n_samples,), float32

    Raises
    ------
    ValueError
        The rate is too low for any of the band.
    """
    band = _band_filter(sample_rate, low_hz, high_hz)
    # In float64, since the poles at the lower end lie close to the circle.
    passed = scipy.signal.sosfilt(band, waveform.astype(np.float64)).astype(np.float32)
    scale = max(1.0, float(np.abs(passed).max()))
    steps = np.log(1 + np.float32(_MU / scale) * np.abs(passed))
    steps *= np.float32(_STEPS / np.log1p(_MU))
    levels = np.expm1(np.arange(_STEPS + 1) / _STEPS * np.log1p(_MU)) * (scale / _MU)
    return np.copysign(levels.astype(np.float32)[np.rint(steps).astype(np.intp)], passed)


def _band_filter(sample_rate: float, low_hz: float, high_hz: float) -> NDArray[np.float64]:
    nyquist = sample_rate / 2
    if low_hz >= nyquist:
        raise ValueError(
            f"A telephone's band begins at {low_hz:g} Hz, above all that a clip at "
            f"{sample_rate:g} Hz holds. Resample the clip, or lower low_hz."
        )
    if low_hz >= high_hz:
        raise ValueError(
            f"A band from low_hz={low_hz:g} to high_hz={high_hz:g} is empty; let it end higher."
        )
    if high_hz >= 0.99 * nyquist:
        return scipy.signal.butter(4, low_hz, "highpass", fs=sample_rate, output="sos")
    return scipy.signal.butter(4, [low_hz, high_hz], "bandpass", fs=sample_rate, output="sos")


def _root_mean_square(waveform: Waveform) -> float:
    return float(np.sqrt(np.mean(np.square(waveform, dtype=np.float64))))
