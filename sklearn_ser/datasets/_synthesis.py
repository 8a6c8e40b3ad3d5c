"""A small source-filter synthesiser: glottal pulses and noise through moving formants.

Pure functions on NumPy arrays. The pieces are textbook ones: the KLGLOTT88 glottal pulse with its
spectral tilt and aspiration noise [1]_, a cascade of formant resonators that is renewed every five
milliseconds and separate resonators for the noise of fricatives [2]_, bandwidths after [3]_.

References
----------
.. [1] Klatt, D. H. and Klatt, L. C. (1990). Analysis, synthesis, and perception of voice quality
   variations among female and male talkers. J. Acoust. Soc. Am. 87(2), 820-857.
.. [2] Klatt, D. H. (1980). Software for a cascade/parallel formant synthesizer. J. Acoust. Soc.
   Am. 67(3), 971-995.
.. [3] Fant, G. (1972). Vocal tract wall effects, losses, and resonance bandwidths. STL-QPSR
   13(2-3), 28-52.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.signal import lfilter, sosfilt

from sklearn_ser.datasets._synthesis_plan import FRAME_RATE, Delivery, Plan, Tracks, plan_speech

__all__ = ["glottal_flow_derivative", "record", "speak"]

Array = NDArray[np.float64]

_REFERENCE_RATE = 16000  # at which noise has unit variance; elsewhere its density is the same
_LEVEL = 0.025  # leaves room above plain speech for the loudest emotions
_UPPER_FORMANTS = np.arange(3500.0, 8000.0, 1000.0)  # of a uniform tube, above F3
_FULL_SCALE = 0.98


def speak(
    sentence: str, delivery: Delivery, sample_rate: int, random_state: np.random.Generator
) -> Array:
    """Say a sentence.

    Parameters
    ----------
    sentence : str
        Phones, as in :func:`plan_speech`.
    delivery : Delivery
        How it is said.
    sample_rate : int
        Samples a second. Formants above half of it are left out.
    random_state : numpy.random.Generator
        Source of everything random. One seed plans the same sentence at every sample rate; only
        noise and jitter of the single pulses differ.

    Returns
    -------
    ndarray of shape (n_samples,), float64
        The sound in front of the mouth, without any background.
    """
    planning, sounding = random_state.spawn(2)
    plan, tracks = plan_speech(sentence, delivery, planning)
    source = _glottal_source(tracks, delivery, sample_rate, sounding)
    sound = _through_tract(source, tracks.formants, delivery, sample_rate)
    sound += _frication(plan, delivery, sample_rate, len(sound), sounding)
    loudness = _LEVEL * 10.0 ** (delivery.level / 20.0)
    return loudness * _at_samples(tracks.gain, sample_rate, len(sound)) * sound


def record(
    sound: Array, sample_rate: int, noise_below: float, random_state: np.random.Generator
) -> NDArray[np.float32]:
    """Put a sound on tape: silence around it, a noise floor under it, full scale above it.

    Parameters
    ----------
    sound : ndarray of shape (n_samples,)
        What is recorded.
    sample_rate : int
        Samples a second.
    noise_below : float
        Distance in dB from the sound's RMS level down to that of the noise.
    random_state : numpy.random.Generator
        Source of the silences' lengths and the noise.

    Returns
    -------
    ndarray of shape (n_samples + silence,), float32
        Samples within full scale. A sound that would exceed it is turned down as a whole, noise
        included.
    """
    before, after = np.round(random_state.uniform(0.02, 0.16, 2) * sample_rate).astype(int)
    padded = np.concatenate([np.zeros(before), sound, np.zeros(after)])
    room = lfilter([1.0], [1.0, -0.7], random_state.standard_normal(len(padded)))
    wanted = np.sqrt(np.mean(sound**2)) * 10.0 ** (-noise_below / 20.0)
    padded += room * (wanted / np.sqrt(np.mean(room**2)))
    peak = np.max(np.abs(padded))
    return (padded * min(1.0, _FULL_SCALE / peak)).astype(np.float32)


def glottal_flow_derivative(
    onsets: Array, amplitudes: Array, open_quotient: float, times: Array
) -> tuple[Array, Array]:
    """Sample the derivative of a train of KLGLOTT88 pulses without the usual aliasing.

    In the cycle from ``onsets[i]`` to ``onsets[i + 1]`` the flow is ``x**2 * (1 - x)``, where x
    runs from 0 to 1 over the open phase, and zero after it. Its derivative jumps at the closure;
    sampled as it is, the jump folds back as whistles. The flow is therefore integrated exactly and
    differentiated twice by differences: the continuous waveform is filtered by a triangle two
    samples wide before it is sampled, which has zeros where aliases would fall on low frequencies.

    Parameters
    ----------
    onsets : ndarray of shape (n_cycles + 1,)
        Times in seconds at which cycles begin; the last one ends the last cycle.
    amplitudes : ndarray of shape (n_cycles,)
        Depth of each pulse's jump at the closure.
    open_quotient : float
        Share of each cycle during which the glottis is open.
    times : ndarray of shape (n_samples,)
        Sample times in seconds, evenly spaced.

    Returns
    -------
    derivative : ndarray of shape (n_samples,)
        The source, with the radiation at the lips in it.
    flow : ndarray of shape (n_samples,)
        How far the glottis is open, from 0 to 1, whatever the amplitude.
    """
    step = times[1] - times[0]
    padded = np.concatenate([[times[0] - step], times, [times[-1] + step]])
    cycle = np.clip(np.searchsorted(onsets, padded, "right") - 1, 0, len(amplitudes) - 1)
    opening = open_quotient * np.diff(onsets)
    x = np.clip((padded - onsets[cycle]) / opening[cycle], 0.0, 1.0)
    # a flow of height a * opening closes with slope -a, however long the cycle is
    volumes = amplitudes * opening**2
    so_far = np.concatenate([[0.0], np.cumsum(volumes / 12.0)])
    integral = so_far[cycle] + volumes[cycle] * x**3 * (1.0 / 3.0 - x / 4.0)
    return np.diff(integral, 2) / step**2, 6.75 * (x**2 * (1.0 - x))[1:-1]


def _glottal_source(
    tracks: Tracks, delivery: Delivery, sample_rate: int, rng: np.random.Generator
) -> Array:
    n_samples = int((len(tracks.f0) - 1) / FRAME_RATE * sample_rate)
    onsets = _cycle_onsets(tracks.f0, delivery.jitter, rng)
    frames = np.minimum((onsets[:-1] * FRAME_RATE).astype(int), len(tracks.f0) - 1)
    shimmer = np.maximum(1.0 + delivery.shimmer * rng.standard_normal(len(frames)), 0.1)
    times = np.arange(n_samples) / sample_rate
    pulses, flow = glottal_flow_derivative(
        onsets, tracks.voicing[frames] * shimmer, delivery.open_quotient, times
    )
    breath = 10.0 ** (delivery.aspiration / 20.0) * tracks.voicing
    noise = _at_samples(breath, sample_rate, n_samples) * (0.5 + flow)  # more while it is open
    noise += _at_samples(tracks.aspiration, sample_rate, n_samples)
    return _tilt(pulses, delivery.tilt, sample_rate) + noise * _hiss(n_samples, sample_rate, rng)


def _cycle_onsets(f0: Array, jitter: float, rng: np.random.Generator) -> Array:
    """Find when glottal cycles begin, each period off by an error of its own."""
    cycles = np.concatenate([[0.0], np.cumsum(0.5 * (f0[1:] + f0[:-1]) / FRAME_RATE)])
    whole = np.arange(np.floor(cycles[-1]) + 1.0)
    periods = np.diff(np.interp(whole, cycles, np.arange(len(f0)) / FRAME_RATE))
    errors = np.clip(jitter * rng.standard_normal(len(periods)), -0.3, 0.3)
    return np.concatenate([[0.0], np.cumsum(periods * (1.0 + errors))])


def _tilt(pulses: Array, decibels: float, sample_rate: int) -> Array:
    """Take `decibels` away at 3 kHz, by one real pole."""
    corner = 3000.0 / np.sqrt(10.0 ** (max(decibels, 0.1) / 10.0) - 1.0)
    pole = np.exp(-2.0 * np.pi * corner / sample_rate)
    return lfilter([1.0 - pole], [1.0, -pole], pulses)


def _through_tract(source: Array, formants: Array, delivery: Delivery, sample_rate: int) -> Array:
    """Filter by a cascade of resonators, renewed at every control frame, its state carried on."""
    upper = _UPPER_FORMANTS * delivery.formant_scale[3]
    upper = upper[upper < 0.47 * sample_rate]
    # from high to low: what a change of F1 stirs up must not pass the gain of the others
    frequencies = np.hstack([np.tile(upper[::-1], (len(formants), 1)), formants[:, ::-1]])
    sections = _resonators(np.minimum(frequencies, 0.48 * sample_rate), sample_rate)
    state = np.zeros((sections.shape[1], 2))
    bounds = np.round(np.arange(len(formants)) * (sample_rate / FRAME_RATE)).astype(int)
    sound = np.empty_like(source)
    for tract, start, stop in zip(sections, bounds, bounds[1:], strict=False):
        sound[start:stop], state = sosfilt(tract, source[start:stop], zi=state)
    return sound


def _resonators(frequencies: Array, sample_rate: int) -> Array:
    """Second-order sections of unit gain at 0 Hz, (n_frames, n_formants, 6)."""
    ratio = frequencies / 500.0
    bandwidths = 15.0 / ratio**2 + 20.0 * np.sqrt(ratio) + 5.0 * ratio**2
    radius = np.exp(-np.pi * bandwidths / sample_rate)
    sections = np.zeros((*frequencies.shape, 6))
    sections[..., 3] = 1.0
    sections[..., 4] = -2.0 * radius * np.cos(2.0 * np.pi * frequencies / sample_rate)
    sections[..., 5] = radius**2
    sections[..., 0] = sections[..., 3:].sum(axis=-1)
    return sections


def _frication(
    plan: Plan, delivery: Delivery, sample_rate: int, n_samples: int, rng: np.random.Generator
) -> Array:
    """Noise made in the mouth: fricatives, and the bursts of stops."""
    noise = np.zeros(n_samples)
    for phone, start, end in zip(plan.phones, plan.bounds, plan.bounds[1:], strict=False):
        begin = start + phone.closure * (end - start)
        first, last = int(begin * sample_rate), min(int(end * sample_rate), n_samples)
        if phone.frication > 0.0 and last - first > 1:
            hiss = phone.frication * _hiss(last - first, sample_rate, rng)
            fade = np.sin(np.pi * (np.arange(last - first) + 0.5) / (last - first))
            noise[first:last] += _band(hiss, phone.place, delivery, sample_rate) * np.sqrt(fade)
    return noise


def _band(hiss: Array, place: tuple[float, float], delivery: Delivery, sample_rate: int) -> Array:
    """Keep the band around a place of articulation, which a longer tract lowers."""
    centre = min(place[0] * delivery.formant_scale[3], 0.45 * sample_rate)
    radius = np.exp(-np.pi * place[1] / sample_rate)
    resonator = np.zeros((2, 6))  # twice the same, for skirts that fall by 12 dB an octave
    resonator[:, [0, 2]] = 1.0 - radius, radius - 1.0
    resonator[:, 3] = 1.0
    resonator[:, 4] = -2.0 * radius * np.cos(2.0 * np.pi * centre / sample_rate)
    resonator[:, 5] = radius**2
    return sosfilt(resonator, hiss)


def _hiss(n_samples: int, sample_rate: int, rng: np.random.Generator) -> Array:
    return np.sqrt(sample_rate / _REFERENCE_RATE) * rng.standard_normal(n_samples)


def _at_samples(track: Array, sample_rate: int, n_samples: int) -> Array:
    frames = np.arange(n_samples) * (FRAME_RATE / sample_rate)
    return np.interp(frames, np.arange(len(track)), track)
