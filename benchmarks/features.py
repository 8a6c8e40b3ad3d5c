"""Frame features against librosa's calls and against the bare arithmetic, one thread.

Run with ``python -m benchmarks.features [--repeats 15] [--write]``. Clips of 3 s at 16 kHz, n_fft
512, hop 160: zero crossing rate, RMS, 64 mel bands and 40 MFCC of the same bands. Every
contender works through all clips once a repetition, in turn, after a warm-up; the table gives
the fastest and the median repetition, a clip. The floor is what any implementation on NumPy and
SciPy has to do: the Fourier transform in float32 of frames that lie windowed in memory, and
the product with the mel filters.
"""

from __future__ import annotations

import argparse
import statistics
import time
import warnings
from collections.abc import Callable

import librosa
import numpy as np
import scipy.fft
import scipy.signal
from threadpoolctl import threadpool_limits

from benchmarks._report import environment, table, write_section
from sklearn_ser import AudioClips, FrameFeaturesTransformer
from sklearn_ser.features._engine import FrameSettings, extract_frames

COMMAND = "python -m benchmarks.features"
SAMPLE_RATE, SECONDS, N_CLIPS = 16000, 3, 64
N_FFT, HOP, N_MELS, N_MFCC = 512, 160, 64, 40
FEATURES = ("zcr", "rms", "mel", "mfcc")
FLOOR = "floor: bare rfft + mel product"

Clips = list[np.ndarray]
Contender = Callable[[Clips], object]


def make_clips() -> Clips:
    """Make a buzz through one resonance, in syllables, with noise; another one for each clip."""
    rng = np.random.default_rng(0)
    times = np.arange(SAMPLE_RATE * SECONDS) / SAMPLE_RATE
    clips = []
    for pitch in np.linspace(90, 280, N_CLIPS):
        buzz = scipy.signal.sawtooth(2 * np.pi * pitch * times + np.sin(2 * np.pi * 3 * times))
        voice = scipy.signal.lfilter([1], [1, -1.8, 0.9], buzz) * np.sin(np.pi * 2 * times) ** 2
        noise = 0.01 * rng.standard_normal(len(times))
        clips.append((voice / np.abs(voice).max() + noise).astype(np.float32))
    return clips


def librosa_calls() -> dict[str, Callable[[np.ndarray], np.ndarray]]:
    """Return librosa's call for each feature, as a user writes it."""
    frames = {"frame_length": N_FFT, "hop_length": HOP}
    spectrum = {"sr": SAMPLE_RATE, "n_fft": N_FFT, "hop_length": HOP, "n_mels": N_MELS}
    return {
        "zcr": lambda y: librosa.feature.zero_crossing_rate(y, **frames),
        "rms": lambda y: librosa.feature.rms(y=y, **frames),
        "mel": lambda y: librosa.feature.melspectrogram(y=y, **spectrum),
        "mfcc": lambda y: librosa.feature.mfcc(y=y, n_mfcc=N_MFCC, **spectrum),
    }


def engine_settings(features: tuple[str, ...]) -> FrameSettings:
    lengths = (SAMPLE_RATE, N_FFT, HOP, N_FFT, N_FFT)
    return FrameSettings(features, *lengths, n_mels=N_MELS, n_mfcc=N_MFCC)


def by_librosa(features: tuple[str, ...]) -> Contender:
    calls = [librosa_calls()[name] for name in features]
    return lambda clips: [[call(clip) for call in calls] for clip in clips]


def by_engine(features: tuple[str, ...]) -> Contender:
    settings = engine_settings(features)
    return lambda clips: [extract_frames(clip, settings) for clip in clips]


def by_transformer(clips: Clips) -> Contender:
    """Return the public estimator, which stacks the clips' frames besides, on AudioClips."""
    transformer = FrameFeaturesTransformer(
        FEATURES, n_fft=N_FFT, hop_length=HOP, n_mels=N_MELS, n_mfcc=N_MFCC, to_db=False
    )
    speech = AudioClips(clips, SAMPLE_RATE)
    return lambda clips: transformer.fit_transform(speech[: len(clips)])


def bare_arithmetic(clips: Clips) -> Contender:
    """Return the floor; framing, windows and powers are made beforehand."""
    padded = np.pad(clips[0], N_FFT // 2)
    frames = np.lib.stride_tricks.sliding_window_view(padded, N_FFT)[::HOP]
    windowed = (frames * scipy.signal.get_window("hann", N_FFT)).astype(np.float32)
    power = np.abs(scipy.fft.rfft(windowed)) ** 2
    filters = librosa.filters.mel(sr=SAMPLE_RATE, n_fft=N_FFT, n_mels=N_MELS).T.copy()

    def run(clips: Clips) -> None:
        for _ in clips:  # nothing is kept, since fresh memory would cost as much again
            scipy.fft.rfft(windowed)
            power @ filters

    return run


def measure(contenders: dict[str, Contender], clips: Clips, repeats: int) -> dict[str, list[float]]:
    """Return the milliseconds a clip of each repetition; the contenders take turns."""
    times: dict[str, list[float]] = {name: [] for name in contenders}
    for contender in contenders.values():
        contender(clips[:4])
    for _ in range(repeats):
        for name, contender in contenders.items():
            start = time.perf_counter()
            contender(clips)
            times[name].append((time.perf_counter() - start) / len(clips) * 1e3)
    return times


def largest_difference(clips: Clips) -> str:
    """Compare the numbers themselves, so that the table compares like with like."""
    worst = 0.0
    for clip in clips[:8]:
        expected = np.vstack([call(clip) for call in librosa_calls().values()])
        ours = extract_frames(clip, engine_settings(FEATURES)).T
        worst = max(worst, float(np.abs(ours - expected).max()))
    return f"largest difference from librosa in any value: {worst:.1e}"


def together(clips: Clips, repeats: int) -> str:
    contenders: dict[str, Contender] = {
        "librosa: four calls": by_librosa(FEATURES),
        "sklearn_ser: extract_frames": by_engine(FEATURES),
        "sklearn_ser: FrameFeaturesTransformer": by_transformer(clips),
        FLOOR: bare_arithmetic(clips),
    }
    times = measure(contenders, clips, repeats)
    theirs, floor = (min(times[name]) for name in ("librosa: four calls", FLOOR))
    rows = [
        (name, *_figures(found), f"{theirs / min(found):.1f}", f"{min(found) / floor:.2f}")
        for name, found in times.items()
    ]
    header = ("ZCR + RMS + mel64 + MFCC40", "fastest, ms", "median, ms", "librosa /", "/ floor")
    return table(header, rows)


def one_by_one(clips: Clips, repeats: int) -> str:
    contenders = {f"{n} {who}": by((n,)) for n in FEATURES for who, by in _BOTH.items()}
    times = measure(contenders, clips, repeats)
    rows = []
    for name in FEATURES:
        theirs, ours = times[f"{name} librosa"], times[f"{name} ours"]
        rows.append((name, *_figures(theirs), *_figures(ours), f"{min(theirs) / min(ours):.1f}"))
    header = ("alone", "librosa, ms", "median", "extract_frames, ms", "median", "ratio")
    return table(header, rows)


_BOTH = {"librosa": by_librosa, "ours": by_engine}


def _figures(times: list[float]) -> tuple[str, str]:
    return f"{min(times):.3f}", f"{statistics.median(times):.3f}"


def report(repeats: int) -> str:
    clips = make_clips()
    setting = (
        f"{N_CLIPS} clips of {SECONDS} s at {SAMPLE_RATE} Hz, n_fft {N_FFT}, hop {HOP}, one "
        f"thread, {repeats} repetitions in turn, milliseconds a clip; {largest_difference(clips)}."
    )
    versions = environment("numpy", "scipy", "librosa", "scikit-learn")
    return "\n\n".join([setting, together(clips, repeats), one_by_one(clips, repeats), versions])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repeats", type=int, default=15)
    parser.add_argument("--write", action="store_true", help="keep the tables in RESULTS.md")
    arguments = parser.parse_args()
    with threadpool_limits(1), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        text = report(arguments.repeats)
    print(text)
    if arguments.write:
        write_section(COMMAND, text)


if __name__ == "__main__":
    main()
