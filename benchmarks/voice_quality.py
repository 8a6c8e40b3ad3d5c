"""Voice quality and formants beside Praat and openSMILE's eGeMAPS: do they agree, and how fast.

Clips of the corpora, where ``SKLEARN_SER_DATA`` names their folder, by speakers in turn. Each
measure is averaged over the frames of a clip that the tool itself calls voiced, and correlated over
the clips. Clips are taken without their mean, since openSMILE counts a constant offset of a
recording as the slope of its spectrum. Praat's difference of the first harmonics is taken here,
from the Fourier sums at its pitch. Nobody knows the truth, so the two references are compared
with each other as well.

Run as ``python -m benchmarks.voice_quality [--clips 24] [--write]`` with both installed
(``pip install praat-parselmouth opensmile``); openSMILE's licence forbids commercial use.
"""

from __future__ import annotations

import argparse
import os
import statistics
import warnings
from collections.abc import Callable
from pathlib import Path

import numpy as np
import opensmile
import parselmouth
from threadpoolctl import threadpool_limits

from benchmarks._report import environment, table, write_section
from benchmarks._timing import seconds
from sklearn_ser.audio import read_audio
from sklearn_ser.datasets import load_crema_d, load_ravdess, load_savee, load_tess
from sklearn_ser.voice import (
    PitchSettings,
    VoiceSpectra,
    track_formants,
    track_pitch,
    voice_quality,
)

COMMAND = "python -m benchmarks.voice_quality"
DATA = "SKLEARN_SER_DATA"
LOADERS = {
    "ravdess": load_ravdess,
    "savee": load_savee,
    "tess": load_tess,
    "crema_d": load_crema_d,
}
RATE, HOP = 16000, 160
SETTINGS = PitchSettings(RATE, HOP)
ROUNDS, TIMED_SECONDS = 31, 3

# What openSMILE calls each of ours. Its alpha ratio has the other sign.
OF_EGEMAPS = {
    "jitter": "jitterLocal_sma3nz",
    "shimmer": "shimmerLocaldB_sma3nz",
    "hnr": "HNRdBACF_sma3nz",
    "h1_h2": "logRelF0-H1-H2_sma3nz",
    "h1_a3": "logRelF0-H1-A3_sma3nz",
    "alpha_ratio": "alphaRatio_sma3",
    "hammarberg": "hammarbergIndex_sma3",
    "slope_0_500": "slope0-500_sma3",
    "slope_500_1500": "slope500-1500_sma3",
    **{f"f{k}_frequency": f"F{k}frequency_sma3nz" for k in (1, 2, 3)},
    **{f"f{k}_bandwidth": f"F{k}bandwidth_sma3nz" for k in (1, 2, 3)},
}
NAMES = [*OF_EGEMAPS, "cpp"]


def by_us(clip: np.ndarray) -> dict[str, float]:
    track, spectra = track_pitch(clip, SETTINGS), VoiceSpectra(clip, SETTINGS)
    is_voiced = track.is_voiced
    formants = track_formants(clip, SETTINGS, is_voiced=is_voiced, spectra=spectra)
    found = voice_quality(clip, track, SETTINGS, formants=formants, spectra=spectra)
    found.update(_by_name(formants.frequency, formants.bandwidth))
    return {name: _mean(found[name][is_voiced]) for name in NAMES}


def _by_name(frequency: np.ndarray, bandwidth: np.ndarray) -> dict[str, np.ndarray]:
    pairs = {"frequency": frequency, "bandwidth": bandwidth}
    return {f"f{k + 1}_{what}": a[:, k] for what, a in pairs.items() for k in range(3)}


def _mean(values: np.ndarray) -> float:
    """Average, without what is not defined; a clip without any has no mean."""
    defined = values[np.isfinite(values)]
    return float(defined.mean()) if len(defined) else np.nan


def by_praat(clip: np.ndarray) -> dict[str, float]:
    call = parselmouth.praat.call
    sound = parselmouth.Sound(clip.astype(float), RATE)
    pitch = sound.to_pitch_cc(pitch_floor=60, pitch_ceiling=600)
    marks = call([sound, pitch], "To PointProcess (cc)")
    ratio = sound.to_harmonicity_cc(time_step=HOP / RATE, minimum_pitch=60).values
    spectra = call(sound, "To PowerCepstrogram", 60, HOP / RATE, 5000, 50)
    smooth = ("no", 0.02, 0.0005, 60, 600, 0.05, "parabolic", 0.001, 0.05)
    limits = (0, 0, 0.0001, 0.02, 1.3)
    return {
        "jitter": call(marks, "Get jitter (local)", *limits),
        "shimmer": call([sound, marks], "Get shimmer (local_dB)", *limits, 1.6),
        "hnr": _mean(ratio[ratio > -50]),  # -200 is Praat's for silence
        "cpp": call(spectra, "Get CPPS", *smooth, "Straight", "Least squares"),
        "h1_h2": _h1_h2_at(clip, pitch),
        **_formants_of_praat(sound, pitch),
    }


def _h1_h2_at(clip: np.ndarray, pitch: parselmouth.Pitch) -> float:
    """Compare the first harmonics, exactly at Praat's pitch, under a Gaussian window of 60 ms."""
    f0, half = pitch.selected_array["frequency"], round(0.03 * RATE)
    offsets = np.arange(-half, half + 1)
    window = np.exp(-0.5 * np.square(offsets / (0.4 * half)))
    padded, differences = np.pad(clip, half), []
    for time, hertz in zip(pitch.xs()[f0 > 0], f0[f0 > 0], strict=True):
        place = round(time * RATE)
        frame = padded[place : place + 2 * half + 1]
        waves = np.exp(-2j * np.pi * np.outer((1, 2), hertz * offsets / RATE))
        first, second = np.abs(waves @ (frame * window)) + 1e-9
        differences.append(20 * np.log10(first / second))
    return _mean(np.array(differences))


def _formants_of_praat(sound: parselmouth.Sound, pitch: parselmouth.Pitch) -> dict[str, float]:
    formants = sound.to_formant_burg(time_step=HOP / RATE, maximum_formant=5500)
    f0 = pitch.selected_array["frequency"]
    times = pitch.xs()[f0 > 0]
    frequency, bandwidth = (
        np.array([[ask(k, time) for k in (1, 2, 3)] for time in times]).reshape(-1, 3)
        for ask in (formants.get_value_at_time, formants.get_bandwidth_at_time)
    )
    return {name: _mean(values) for name, values in _by_name(frequency, bandwidth).items()}


def egemaps() -> Callable[[np.ndarray], dict[str, float]]:
    smile = opensmile.Smile(
        feature_set=opensmile.FeatureSet.eGeMAPSv02,
        feature_level=opensmile.FeatureLevel.LowLevelDescriptors,
    )

    def extract(clip: np.ndarray) -> dict[str, float]:
        frames = smile.process_signal(clip, RATE)
        voiced = frames[frames["F0semitoneFrom27.5Hz_sma3nz"] > 0]
        found = {name: _mean(voiced[column].to_numpy()) for name, column in OF_EGEMAPS.items()}
        return {**found, "alpha_ratio": -found["alpha_ratio"]}

    return extract


def recordings(root: Path, n_clips: int) -> list[np.ndarray]:
    """Read so many clips of each corpus, from all over it, each without its mean."""
    clips = []
    for corpus, load in LOADERS.items():
        if (root / corpus).is_dir():
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                paths = load(root / corpus, in_memory=False).data.paths
            chosen = np.random.default_rng(0).permutation(len(paths))[:n_clips]
            clips += [read_audio(paths[i], sample_rate=RATE)[0] for i in sorted(chosen)]
    return [0.9 * (c - c.mean()) / np.abs(c - c.mean()).max() for c in clips if np.ptp(c) > 0]


def agreement(clips: list[np.ndarray]) -> str:
    tools = {"ours": by_us, "Praat": by_praat, "eGeMAPS": egemaps()}
    found = {tool: [describe(clip) for clip in clips] for tool, describe in tools.items()}
    rows = []
    for name in NAMES:
        columns = {
            tool: np.array([row.get(name, np.nan) for row in values], dtype=float)
            for tool, values in found.items()
        }
        pairs = (("ours", "Praat"), ("ours", "eGeMAPS"), ("Praat", "eGeMAPS"))
        rows.append([name, *(correlations(columns[a], columns[b]) for a, b in pairs)])
    header = ("mean over a clip", "ours, Praat", "ours, eGeMAPS", "Praat, eGeMAPS")
    return table(header, rows)


def correlations(one: np.ndarray, other: np.ndarray) -> str:
    """Return Pearson's and Spearman's correlation over the clips that have both values."""
    both = np.isfinite(one) & np.isfinite(other)
    if both.sum() < 3:
        return ""
    ranks = [np.argsort(np.argsort(values[both])) for values in (one, other)]
    figures = (np.corrcoef(one[both], other[both])[0, 1], np.corrcoef(*ranks)[0, 1])
    return " / ".join(f"{figure:.2f}" for figure in figures)


def speed(clips: list[np.ndarray]) -> str:
    """Time what is computed for a clip of three seconds."""
    long_enough = [clip for clip in clips if len(clip) >= TIMED_SECONDS * RATE]
    samples = long_enough[0][: TIMED_SECONDS * RATE]
    track, spectra = track_pitch(samples, SETTINGS), VoiceSpectra(samples, SETTINGS)
    shared = {"is_voiced": track.is_voiced, "spectra": spectra}
    formants = track_formants(samples, SETTINGS, **shared)
    by_egemaps = egemaps()
    work: dict[str, Callable[[], object]] = {
        "spectra that both share": lambda: list(VoiceSpectra(samples, SETTINGS).blocks()),
        "track_formants": lambda: track_formants(samples, SETTINGS, **shared),
        "voice_quality": lambda: voice_quality(
            samples, track, SETTINGS, formants=formants, spectra=spectra
        ),
        "Praat": lambda: by_praat(samples),
        "eGeMAPS, descriptors alone": lambda: by_egemaps(samples),
    }
    rows = []
    for name, call in work.items():
        call()
        rounds = 3 if name.startswith(("Praat", "eGeMAPS")) else ROUNDS
        times = [1e3 * seconds(call) for _ in range(rounds)]
        rows.append([name, f"{min(times):.2f}", f"{statistics.median(times):.2f}"])
    share = track.is_voiced.mean()
    said = f"A clip of {TIMED_SECONDS} s, {share:.0%} of it voiced, one thread."
    return said + "\n\n" + table(("", "fastest, ms", "median, ms"), rows)


def report(root: Path, n_clips: int) -> str:
    clips = recordings(root, n_clips)
    said = (
        f"{len(clips)} clips, {n_clips} of each corpus at most, at {RATE} Hz; correlations of "
        "Pearson / Spearman of means over voiced frames."
    )
    versions = environment("numpy", "scipy", "praat-parselmouth", "opensmile")
    return "\n\n".join([said, agreement(clips), speed(clips), versions])


def main() -> None:
    """Print the tables, and keep them with ``--write``."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--clips", type=int, default=24, help="clips of each corpus")
    parser.add_argument("--write", action="store_true", help="keep the tables in RESULTS.md")
    arguments = parser.parse_args()
    if DATA not in os.environ:
        print(f"{DATA} names no folder of corpora: nothing measured.")
        return
    with threadpool_limits(1):
        text = report(Path(os.environ[DATA]), arguments.clips)
    print(text)
    if arguments.write:
        write_section(COMMAND, text)


if __name__ == "__main__":
    main()
