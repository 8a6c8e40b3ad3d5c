"""What NoiseReducer gains on real speech with added noise, and what it costs on clean speech.

Some clips of every corpus get white or pink noise: of RAVDESS, whose clips begin and end in
silence, those of actors 7 to 18, since the parameters were chosen on actors 1 to 6; of TESS, whose
clips have hardly a pause, others than the parameters were chosen on. The signal-to-noise ratio of
a whole clip is taken against the clip as recorded, after the gain that fits best:
scale-invariant SDR. The recording's own noise counts as signal, so that taking it away counts as
damage; a second table says how far the recordings rise above their own quietest tenth.

Run as ``python -m benchmarks.noise_reduction [--write]``, with ``SKLEARN_SER_DATA`` naming the
folder that holds ``ravdess``, ``tess``, ``crema_d/AudioWAV`` and ``savee``, or some of them;
without it nothing is measured.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import scipy.fft

from benchmarks._report import environment, table, write_section
from sklearn_ser import NoiseReducer
from sklearn_ser.audio import AudioClips, read_audio

RATE = 16000
LEVELS = (20, 10, 0)
ALL_CLIPS = {  # file patterns, and of the files found the first and the step
    "ravdess": ("Actor_*/*", 5, 10),
    "tess": ("*/*", 5, 10),
    "crema_d": ("AudioWAV/*", 5, 80),
    "savee": ("*/*", 5, 8),
}
CHOSEN_ON = {f"Actor_{actor:02d}" for actor in range(1, 7)}
SOUNDS = {".flac", ".ogg", ".wav"}
NOISY = ["corpus", "noise", "SNR before, dB", "after: mean", "p10", "median", "gain", "clips worse"]
CLEAN = ["corpus", "clips", "above quietest tenth, dB", "SNR, dB: median", "p10", "ms a clip"]

Noise = Callable[[int, np.random.Generator], np.ndarray]


def white(n_samples: int, rng: np.random.Generator) -> np.ndarray:
    """Return noise of equal power at all frequencies."""
    return rng.normal(size=n_samples)


def pink(n_samples: int, rng: np.random.Generator) -> np.ndarray:
    """Return noise whose power falls by 3 dB an octave."""
    spectrum = scipy.fft.rfft(rng.normal(size=n_samples))
    spectrum[0] = 0
    spectrum[1:] /= np.sqrt(np.arange(1, len(spectrum)))
    return scipy.fft.irfft(spectrum, n_samples)


def add_noise(clean: np.ndarray, noise: np.ndarray, snr_db: float) -> np.ndarray:
    """Return the clip with noise at a ratio of powers over the whole clip."""
    exact = clean.astype(np.float64)
    scale = np.sqrt((exact @ exact) / (noise @ noise)) * 10 ** (-snr_db / 20)
    return (exact + scale * noise).astype(np.float32)


def snr(clean: np.ndarray, heard: np.ndarray) -> float:
    """Return the ratio of the clean clip, at its best gain, to the rest, in decibels."""
    clean, heard = clean.astype(np.float64), heard.astype(np.float64)
    target = (heard @ clean) / (clean @ clean) * clean
    rest = heard - target
    return float(10 * np.log10((target @ target) / max(rest @ rest, 1e-30)))


def noisy_rows(corpus: str, waveforms: list[np.ndarray]) -> Iterator[list[object]]:
    """Yield one row of the table for every kind of noise and level."""
    for number, noise in enumerate((white, pink)):
        for level in LEVELS:
            rng = np.random.default_rng([number, level])
            heard = [add_noise(wave, noise(len(wave), rng), level) for wave in waveforms]
            quieter = NoiseReducer().fit_transform(AudioClips(heard))
            after = np.array([snr(*pair) for pair in zip(waveforms, quieter, strict=True)])
            before = np.array([snr(*pair) for pair in zip(waveforms, heard, strict=True)])
            figures = [after.mean(), np.quantile(after, 0.1), np.median(after)]
            cells = [f"{value:.1f}" for value in (*figures, (after - before).mean())]
            yield [corpus, noise.__name__, level, *cells, f"{np.sum(after < before)}/{len(after)}"]


def clean_row(corpus: str, waveforms: list[np.ndarray]) -> list[object]:
    """Say what is left of clips to which nothing was added, and how long a clip takes."""
    clips = NoiseReducer().fit_transform(AudioClips(waveforms))
    begin = time.perf_counter()
    processed = list(clips)
    per_clip = (time.perf_counter() - begin) / len(processed) * 1000
    left = np.array([snr(*pair) for pair in zip(waveforms, processed, strict=True)])
    above = np.median([above_quietest(wave) for wave in waveforms])
    figures = [above, np.median(left), np.quantile(left, 0.1), per_clip]
    return [corpus, len(left), *(f"{value:.1f}" for value in figures)]


def above_quietest(waveform: np.ndarray) -> float:
    """Return how far a clip's power lies above that of the quietest tenth of its frames, in dB."""
    frames = np.lib.stride_tricks.sliding_window_view(waveform, 512)[::128]
    power = np.sort(np.mean(np.square(frames, dtype=np.float64), axis=1))
    quietest = power[: max(len(power) // 10, 1)].mean()
    return float(10 * np.log10(power.mean() / max(quietest, 1e-12)))


def load(folder: Path, pattern: str, first: int, step: int) -> list[np.ndarray]:
    """Read the clips to measure on."""
    files = [file for file in sorted(folder.glob(pattern)) if file.suffix in SOUNDS]
    files = [file for file in files if file.parent.name not in CHOSEN_ON]
    waveforms = [read_audio(file, sample_rate=RATE)[0] for file in files[first::step]]
    return [wave for wave in waveforms if wave.any()]


def report(root: Path) -> str:
    """Measure the corpora that are there and format the two tables."""
    clips = {name: load(root / name, *which) for name, which in ALL_CLIPS.items()}
    clips = {name: waveforms for name, waveforms in clips.items() if waveforms}
    noisy = [row for name, waveforms in clips.items() for row in noisy_rows(name, waveforms)]
    clean = [clean_row(name, waveforms) for name, waveforms in clips.items()]
    return "\n\n".join(
        [
            "Scale-invariant SNR over whole clips, NoiseReducer's defaults; RAVDESS without actors "
            "1 to 6.",
            table(NOISY, noisy),
            "Nothing added: the clips after NoiseReducer against themselves before.",
            table(CLEAN, clean),
            environment("numpy", "scipy"),
        ]
    )


def main() -> None:
    """Print the tables, and keep them with ``--write``."""
    if "SKLEARN_SER_DATA" not in os.environ:
        print("SKLEARN_SER_DATA names no folder of corpora: nothing measured.")
        return
    text = report(Path(os.environ["SKLEARN_SER_DATA"]))
    print(text)
    if "--write" in sys.argv:
        write_section("python -m benchmarks.noise_reduction", text)


if __name__ == "__main__":
    main()
