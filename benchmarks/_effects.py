"""The same effects in three ways: by sklearn_ser, by librosa and NumPy, and by audiomentations."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path
from typing import Any

import librosa
import numpy as np
import scipy.fft
import scipy.signal
from numpy.typing import NDArray

from sklearn_ser import augmentation as own

SECONDS = 3
SNR_DB, SHIFT_SECONDS, GAIN_DB, RT60, DIRECT_DB, WARP = 10.0, 0.25, 3.0, 0.5, 6.0, 1.1
SEMITONES, STRETCHES = (-3.0, 2.0), (0.85, 1.2)
LOW_HZ, HIGH_HZ = 300.0, 3400.0
RECORDING_SECONDS = 10
TIME_WIDTH, FREQUENCY_WIDTH = 0.05, 0.1
FRAME, DEFAULT_FRAME = 1024, 2048  # samples: ours at these rates, librosa's
SAME_FRAME = f"librosa, n_fft={FRAME}"

Array = NDArray[Any]
Call = Callable[[Array], Any]
NONE = "none"


@cache
def audiomentations() -> Any:
    """Return the library, or None where it is not installed."""
    try:
        return importlib.import_module("audiomentations")
    except ImportError:
        return None


def theirs(name: str, rate: int, **settings: Any) -> Call | None:
    """Return a transform of audiomentations that always applies, or None."""
    if audiomentations() is None:
        return None
    effect = getattr(audiomentations(), name)(**{"p": 1.0} | settings)
    return lambda clip: effect(samples=clip, sample_rate=rate)


def between(name: str, low: float) -> dict[str, Any]:
    """Return one strength as the range that audiomentations wants."""
    return {f"min_{name}": low, f"max_{name}": low}


@dataclass(frozen=True)
class Change:
    """Pitch or tempo, changed by a value in three ways; copies draw it from a range."""

    name: str
    values: tuple[float, ...]
    drawn_from: tuple[float, float]
    ours: Callable[[Any], own.BaseAugmenter]
    librosa: Callable[..., Array]
    theirs: Callable[[float, int], Call | None]

    def by(self, way: str, clip: Array, value: float, rate: int) -> Array | None:
        """Return a changed clip, or None where audiomentations is not installed."""
        if way == "ours":
            return self.ours(value).augment(clip, rate)
        if way in (SAME_FRAME, "librosa"):
            return self.librosa(clip, value=value, rate=rate, n_fft=frame_of(way))
        transform = self.theirs(value, rate)
        return None if transform is None else np.asarray(transform(clip))

    def reference(self, way: str, clip: Array, value: float, rate: int) -> Array:
        """Return librosa's effect in float64, at the clip's level for ours."""
        exact = self.librosa(clip.astype(np.float64), value=value, rate=rate, n_fft=frame_of(way))
        return exact * np.sqrt(power(clip) / power(exact)) if way == "ours" else exact

    def asked(self, clip: Array, value: float) -> tuple[float, int]:
        """Return the ratio of the pitch, and the length, that should come out."""
        is_pitch = self.ours is own.PitchShiftAugmenter
        return (2 ** (value / 12), len(clip)) if is_pitch else (1.0, round(len(clip) / value))


def frame_of(way: str) -> int:
    """Return the length of the frames that a way works on, or is compared at."""
    return FRAME if way in ("ours", SAME_FRAME) else DEFAULT_FRAME


def power(waveform: Array) -> float:
    """Return the mean power."""
    return float(np.mean(np.square(waveform, dtype=np.float64)))


def shifted(clip: Array, *, value: float, rate: int, n_fft: int = FRAME) -> Array:
    return np.asarray(librosa.effects.pitch_shift(clip, sr=rate, n_steps=value, n_fft=n_fft))


def stretched(clip: Array, *, value: float, rate: int, n_fft: int = FRAME) -> Array:
    return np.asarray(librosa.effects.time_stretch(clip, rate=value, n_fft=n_fft))


def shift_of_theirs(value: float, rate: int) -> Call | None:
    return theirs("PitchShift", rate, **between("semitones", value))


def stretch_of_theirs(value: float, rate: int) -> Call | None:
    return theirs("TimeStretch", rate, leave_length_unchanged=False, **between("rate", value))


PITCH = Change("pitch shift", SEMITONES, (-4, 4), own.PitchShiftAugmenter, shifted, shift_of_theirs)
TEMPO = Change(
    "time stretch", STRETCHES, (0.8, 1.25), own.TimeStretchAugmenter, stretched, stretch_of_theirs
)


def with_noise(clip: Array, noise: Array) -> Array:
    """Add noise at a ratio of powers."""
    ratio = np.sqrt(np.mean(clip**2) / np.mean(noise**2)) * 10 ** (-SNR_DB / 20)
    return clip + ratio * noise


def with_pink(clip: Array, rng: np.random.Generator) -> Array:
    spectrum = np.fft.rfft(rng.normal(size=len(clip)))
    spectrum[0] = 0
    spectrum[1:] /= np.sqrt(np.arange(1, len(spectrum)))
    return with_noise(clip, np.fft.irfft(spectrum, len(clip)))


def with_recording(clip: Array, files: list[Path], rate: int, rng: np.random.Generator) -> Array:
    file, start = files[rng.integers(len(files))], rng.uniform(0, RECORDING_SECONDS - SECONDS)
    noise, _ = librosa.load(file, sr=rate, offset=start, duration=SECONDS + 0.1)
    return with_noise(clip, noise[: len(clip)])


def in_a_room(clip: Array, rate: int, rng: np.random.Generator) -> Array:
    """Convolve with decaying noise."""
    n_tail = round(RT60 * rate)
    tail = rng.normal(size=n_tail) * 10 ** (-3 * np.arange(1, n_tail + 1) / n_tail)
    tail *= 10 ** (-DIRECT_DB / 20) / np.sqrt(np.sum(tail**2))
    wet = scipy.signal.fftconvolve(clip, np.append(1.0, tail))[: len(clip)]
    return wet * np.sqrt(np.mean(clip**2) / np.mean(wet**2))


def by_telephone(clip: Array, rate: int) -> Array:
    band = scipy.signal.butter(4, [LOW_HZ, HIGH_HZ], "bandpass", fs=rate, output="sos")
    passed = np.clip(scipy.signal.sosfilt(band, clip), -1, 1)
    return librosa.mu_expand(librosa.mu_compress(passed, mu=255), mu=255)


def with_other_tract(clip: Array, rate: int) -> Array:
    """Do the arithmetic of VocalTractAugmenter on librosa's transforms, whole clips at a time."""
    spectra = librosa.stft(clip, n_fft=512, hop_length=128)
    levels = np.log(np.abs(spectra) + 1e-5 * np.abs(spectra).max())
    cepstra = scipy.fft.dct(levels, type=1, axis=0)
    cepstra[round(0.002 * rate) :] = 0
    envelope = scipy.fft.idct(cepstra, type=1, axis=0)
    edge = min(4800, 0.4 * rate) / (rate / 2)
    places = np.interp(np.linspace(0, 1, 257), [0, edge, 1], [0, edge / WARP, 1]) * 256
    warped = np.apply_along_axis(partial(np.interp, places, np.arange(257)), 0, envelope)
    changed = spectra * np.exp(warped - envelope)
    return librosa.istft(changed, hop_length=128, n_fft=512, length=len(clip))


def masked(sequence: Array, rng: np.random.Generator) -> Array:
    """Hide two stretches of time and two bands behind the mean."""
    changed, mean = sequence.copy(), sequence.mean(axis=0)
    widths = round(TIME_WIDTH * len(sequence)), round(FREQUENCY_WIDTH * sequence.shape[1])
    for _ in range(2):
        first, lowest = rng.integers(np.subtract(sequence.shape, widths))
        changed[first : first + widths[0]] = mean
        changed[:, lowest : lowest + widths[1]] = mean[lowest : lowest + widths[1]]
    return changed


def of_ours(folder: Path) -> dict[str, own.BaseAugmenter]:
    """Return our augmenters."""
    return {
        "left as it is (probability=0)": own.GainAugmenter(probability=0.0),
        "gain": own.GainAugmenter(GAIN_DB),
        "time shift": own.TimeShiftAugmenter(SHIFT_SECONDS),
        "noise, white": own.NoiseAugmenter(SNR_DB),
        "noise, pink": own.NoiseAugmenter(SNR_DB, color="pink"),
        "noise, recordings": own.NoiseAugmenter(SNR_DB, color=folder),
        "reverb": own.ReverbAugmenter(RT60, DIRECT_DB),
        "telephone": own.TelephoneAugmenter(LOW_HZ, HIGH_HZ),
        "vocal tract (VTLP)": own.VocalTractAugmenter(WARP),
        "SpecAugment, 2 + 2 masks": own.SpecAugmenter(TIME_WIDTH, FREQUENCY_WIDTH),
        **{f"pitch shift, {value:+g} semitones": PITCH.ours(value) for value in SEMITONES},
        **{f"time stretch, rate {value:g}": TEMPO.ours(value) for value in STRETCHES},
    }


def of_librosa(rate: int, folder: Path, rng: np.random.Generator) -> list[tuple[str, Call]]:
    """Return what stands beside each of ours, and its name."""
    files, gain = sorted(folder.iterdir()), np.float32(10 ** (GAIN_DB / 20))
    return [
        ("copy()", np.copy),
        ("NumPy", lambda clip: clip * gain),
        ("np.roll", lambda clip: np.roll(clip, round(SHIFT_SECONDS * rate))),
        ("NumPy", lambda clip: with_noise(clip, rng.normal(size=len(clip)))),
        ("NumPy", partial(with_pink, rng=rng)),
        ("librosa.load, NumPy", partial(with_recording, files=files, rate=rate, rng=rng)),
        ("NumPy, fftconvolve", partial(in_a_room, rate=rate, rng=rng)),
        ("sosfilt, librosa.mu_compress, mu_expand", partial(by_telephone, rate=rate)),
        ("librosa.stft, istft, NumPy", partial(with_other_tract, rate=rate)),
        ("NumPy", partial(masked, rng=rng)),
        *[
            (f"librosa.effects, n_fft={FRAME}", partial(shifted, value=value, rate=rate))
            for value in SEMITONES
        ],
        *[
            (f"librosa.effects, n_fft={FRAME}", partial(stretched, value=value, rate=rate))
            for value in STRETCHES
        ],
    ]


def of_audiomentations(rate: int, folder: Path, response: Path) -> list[tuple[str, Call | None]]:
    """Return the transform nearest to each of ours, and its name; None where there is none."""
    make, snr = partial(theirs, rate=rate), between("snr_db", SNR_DB)
    shift = between("shift", SHIFT_SECONDS) | {"shift_unit": "seconds", "fade_duration": 0.0}
    pink = snr | between("f_decay", -3.01)
    return [
        ("Gain, p=0 (no copy)", make("Gain", p=0.0)),
        ("Gain", make("Gain", **between("gain_db", GAIN_DB))),
        ("Shift, no fade", make("Shift", **shift)),
        ("AddGaussianSNR", make("AddGaussianSNR", **snr)),
        ("AddColorNoise", make("AddColorNoise", **pink)),
        ("AddBackgroundNoise", make("AddBackgroundNoise", sounds_path=folder, **snr)),
        ("ApplyImpulseResponse, kept", make("ApplyImpulseResponse", ir_path=response)),
        ("BandPassFilter, BitCrush", telephone_of_theirs(rate)),
        (NONE, None),
        (NONE, None),
        *[("PitchShift", shift_of_theirs(value, rate)) for value in SEMITONES],
        *[("TimeStretch", stretch_of_theirs(value, rate)) for value in STRETCHES],
    ]


def telephone_of_theirs(rate: int) -> Call | None:
    """Return a band-pass and 8 bits, which are linear ones."""
    center, width = (LOW_HZ + HIGH_HZ) / 2, HIGH_HZ - LOW_HZ
    band = between("center_freq", center) | between("bandwidth_fraction", width / center)
    first = theirs("BandPassFilter", rate, **band, **between("rolloff", 24))
    second = theirs("BitCrush", rate, **between("bit_depth", 8))
    return None if first is None or second is None else lambda clip: second(first(clip))
