"""Pitch and voicing beside librosa's trackers and Praat: against the truth and on recordings.

Truth: made voices, syllables of gliding pitch through formants with pauses between them, in noise.
Recordings: clips of the corpora, where ``SKLEARN_SER_DATA`` names their folder, by speakers in
turn, at their own rates. Nobody knows their true pitch, so Praat's two trackers, each with a range
of 60 to 600 Hz and its own settings for the rest, are the references; the first of them,
autocorrelation, is the method that ours follows, which favours us; the second is another one.

A gross error is a pitch more than 20 % away from the reference; fine errors are those of the other
frames. librosa.yin has no voicing, and what it could be told by is not given out, so its pitch is
compared where the reference is voiced.

Run as ``python -m benchmarks.pitch [--clips 36] [--write]`` with Praat installed
(``pip install praat-parselmouth``); it takes some minutes, most of them librosa.pyin's.
"""

from __future__ import annotations

import argparse
import os
import statistics
import warnings
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import librosa
import numpy as np
import parselmouth
import scipy.signal
import soundfile
from threadpoolctl import threadpool_limits

from benchmarks._report import environment, table, write_section
from benchmarks._timing import seconds
from sklearn_ser.datasets import load_crema_d, load_ravdess, load_savee, load_tess
from sklearn_ser.voice import PitchSettings, track_pitch

COMMAND = "python -m benchmarks.pitch"
DATA = "SKLEARN_SER_DATA"
LOADERS: Mapping[str, Callable[..., Any]] = {
    "ravdess": load_ravdess,
    "savee": load_savee,
    "tess": load_tess,
    "crema_d": load_crema_d,
}
LOWEST, HIGHEST = 60.0, 600.0
RATE = 16000
SNRS = (40, 20, 10, 5)
N_MADE = 12  # voices at each noise
FORMANTS = ((700, 1200, 2600), (300, 2200, 3000), (400, 800, 2500), (500, 1700, 2500))
ROUNDS, TIMED_SECONDS = 15, 3
OURS, PRAAT, PRAAT_CC = "track_pitch", "Praat, ac", "Praat, cc"


class Clip(NamedTuple):
    """A waveform, and where it is known, its true pitch by frame, 0 where it is unvoiced."""

    corpus: str
    samples: np.ndarray
    rate: int
    truth: np.ndarray | None = None

    @property
    def hop(self) -> int:
        """Samples in 10 ms."""
        return round(self.rate / 100)

    @property
    def n_frames(self) -> int:
        """Frames that every tracker gives."""
        return 1 + len(self.samples) // self.hop


class Heard(NamedTuple):
    """What a tracker says, frame by frame."""

    f0: np.ndarray
    is_voiced: np.ndarray
    probability: np.ndarray | None = None


def by_us(clip: Clip) -> Heard:
    track = track_pitch(clip.samples, PitchSettings(clip.rate, clip.hop, LOWEST, HIGHEST))
    return Heard(track.f0, track.is_voiced, track.voicing)


def by_yin(clip: Clip, frame_length: int) -> Heard:
    f0 = librosa.yin(
        clip.samples,
        fmin=LOWEST,
        fmax=HIGHEST,
        sr=clip.rate,
        frame_length=frame_length,
        hop_length=clip.hop,
    )
    return Heard(f0, np.ones(len(f0), dtype=bool))


def by_pyin(clip: Clip) -> Heard:
    f0, is_voiced, probability = librosa.pyin(
        clip.samples, fmin=LOWEST, fmax=HIGHEST, sr=clip.rate, hop_length=clip.hop, fill_na=None
    )
    return Heard(f0, is_voiced, probability)


def by_praat(clip: Clip, method: str, steps_a_hop: int = 4) -> Heard:
    """Ask Praat four times a hop and take the time nearest to each of our frames."""
    step = clip.hop / clip.rate / steps_a_hop
    sound = parselmouth.Sound(clip.samples.astype(float), clip.rate)
    ask = getattr(sound, f"to_pitch_{method}")
    pitch = ask(time_step=step, pitch_floor=LOWEST, pitch_ceiling=HIGHEST)
    times = np.arange(clip.n_frames) * clip.hop / clip.rate
    places = np.round((times - pitch.xs()[0]) / step).astype(int)
    found = pitch.selected_array["frequency"]
    is_inside = (places >= 0) & (places < len(found))
    f0 = np.where(is_inside, found[places.clip(0, len(found) - 1)], 0)
    return Heard(f0, f0 > 0)


TRACKERS: Mapping[str, Callable[[Clip], Heard]] = {
    OURS: by_us,
    "librosa.yin": partial(by_yin, frame_length=2048),
    "librosa.yin, frame_length=1024": partial(by_yin, frame_length=1024),
    "librosa.pyin": by_pyin,
    PRAAT: partial(by_praat, method="ac"),
    PRAAT_CC: partial(by_praat, method="cc"),
}


def has_voicing(name: str) -> bool:
    return not name.startswith("librosa.yin")


def make_voice(seed: int, snr_db: float) -> Clip:
    """Make three seconds of syllables whose pitch is known."""
    rng = np.random.default_rng(seed)
    n_samples = 3 * RATE
    knots = rng.uniform(np.log2(70), np.log2(280)) + rng.uniform(0, 1, 10)
    f0 = 2 ** np.interp(np.arange(n_samples), np.linspace(0, n_samples, 10), knots)
    phase = 2 * np.pi * np.cumsum(f0) / RATE
    source = sum(
        np.where(k * f0 < 7500, np.cos(k * phase + 0.3 * k * k) / k, 0) for k in range(1, 90)
    )
    loudness, is_voiced = _syllables(n_samples, rng)
    voice = _through_formants(source * loudness, FORMANTS[seed % len(FORMANTS)])
    noise = rng.standard_normal(n_samples)
    noise *= voice.std() / noise.std() * 10 ** (-snr_db / 20)
    clip = Clip(f"{snr_db} dB", (voice + noise).astype(np.float32), RATE)
    frames = np.minimum(np.arange(clip.n_frames) * clip.hop, n_samples - 1)
    return clip._replace(truth=np.where(is_voiced, f0, 0)[frames])


def _syllables(n_samples: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Return the loudness by sample, with slopes of 15 ms, and whether there is a voice."""
    is_voiced, start = np.zeros(n_samples, dtype=bool), 0
    while start < n_samples:
        begin = start + round(rng.uniform(0.05, 0.25) * RATE)
        start = begin + round(rng.uniform(0.15, 0.5) * RATE)
        is_voiced[begin:start] = True
    slope = np.hanning(round(0.015 * RATE))
    return np.convolve(is_voiced, slope / slope.sum(), mode="same"), is_voiced


def _through_formants(source: np.ndarray, formants: Sequence[float]) -> np.ndarray:
    for frequency, width in zip(formants, (80, 100, 140), strict=True):
        radius, angle = np.exp(-np.pi * width / RATE), 2 * np.pi * frequency / RATE
        source = scipy.signal.lfilter([1], [1, -2 * radius * np.cos(angle), radius**2], source)
    return source / np.abs(source).max()


def recordings(root: Path, n_clips: int) -> list[Clip]:
    """Read so many clips of each corpus, of its speakers in turn."""
    clips = []
    for corpus, load in LOADERS.items():
        if (root / corpus).is_dir():
            data = load(root / corpus, in_memory=False).data
            paths = in_turn(data.paths, data.speakers, n_clips)
            clips += [Clip(corpus, *_read(path)) for path in paths]
    return clips


def _read(path: str) -> tuple[np.ndarray, int]:
    samples, rate = soundfile.read(path, dtype="float32", always_2d=True)
    return samples.mean(axis=1), rate


def in_turn(paths: Sequence[str], speakers: Sequence[str], n_clips: int) -> list[str]:
    """Choose paths at random, from every speaker as many as from the next, give or take one."""
    order = np.random.default_rng(0).permutation(len(paths))
    by_speaker: dict[str, list[str]] = {}
    for index in order:
        by_speaker.setdefault(speakers[index], []).append(paths[index])
    rounds = max(map(len, by_speaker.values()))
    turns = [own[k] for k in range(rounds) for own in by_speaker.values() if k < len(own)]
    return turns[:n_clips]


def errors(pairs: list[tuple[Heard, np.ndarray]]) -> list[str]:
    """Return the cells of one tracker against a reference, 0 where that is unvoiced."""
    f0, says = (np.concatenate([heard[k] for heard, _ in pairs]) for k in (0, 1))
    reference = np.concatenate([expected for _, expected in pairs])
    is_voiced = reference > 0
    ratio = np.where(is_voiced & (f0 > 0), f0, 1) / np.where(is_voiced, reference, 1)
    is_gross = (np.abs(ratio - 1) > 0.2) | (f0 <= 0)
    both = is_voiced & says
    cents = 1200 * np.abs(np.log2(ratio[both & ~is_gross]))
    return [
        _percent(is_gross[is_voiced]),
        _percent(is_gross[both]),
        _percent(says != is_voiced),
        _percent(is_voiced & ~says),
        _percent(says & ~is_voiced),
        f"{np.median(cents):.1f}",
    ]


def _percent(flags: np.ndarray) -> str:
    return f"{100 * flags.mean():.2f}"


HEADER = (
    "gross errors where the reference is voiced, %",
    "where both are",
    "voicing differs, %",
    "voice missed",
    "voice that is none",
    "median fine error, cents",
)


def compare(
    title: str,
    clips: list[Clip],
    heard: Mapping[str, list[Heard]],
    expected: Sequence[np.ndarray],
    leave_out: str = "",
) -> str:
    rows = []
    for name, found in heard.items():
        if name == leave_out:
            continue
        for corpus in [*dict.fromkeys(clip.corpus for clip in clips), "all"]:
            chosen = [k for k, clip in enumerate(clips) if corpus in (clip.corpus, "all")]
            cells = errors([(found[k], expected[k]) for k in chosen])
            if not has_voicing(name):
                cells[1:5] = ["none"] * 4
            rows.append((name, corpus, *cells))
    return table((title, "of", *HEADER), rows)


def calibration(heard: list[Heard], references: Sequence[list[Heard]]) -> str:
    """Tell how often Praat calls a frame voiced that we give a certain probability."""
    probability = np.concatenate([found.probability for found in heard])
    voiced = np.mean([np.concatenate([h.is_voiced for h in of]) for of in references], axis=0)
    bins = (probability * 10).astype(int).clip(0, 9)
    rows = [
        (
            f"{k / 10:.1f} to {(k + 1) / 10:.1f}",
            np.sum(bins == k),
            *_means(probability, voiced, k == bins),
        )
        for k in range(10)
    ]
    return table(("voicing", "frames", "its mean", "share that Praat calls voiced"), rows)


def _means(probability: np.ndarray, voiced: np.ndarray, where: np.ndarray) -> tuple[str, str]:
    return f"{probability[where].mean():.2f}", f"{voiced[where].mean():.2f}"


def speed(clip: Clip) -> str:
    ways = {**TRACKERS, PRAAT: partial(by_praat, method="ac", steps_a_hop=1)}
    ways[PRAAT_CC] = partial(by_praat, method="cc", steps_a_hop=1)
    times: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(ROUNDS):
        for name, way in ways.items():
            times[name].append(1e3 * seconds(partial(way, clip)))
    ours = min(times[OURS])
    rows = [
        (name, f"{min(t):.2f}", f"{statistics.median(t):.2f}", f"{min(t) / ours:.1f}")
        for name, t in times.items()
    ]
    return table((f"{TIMED_SECONDS} s at {RATE} Hz", "fastest, ms", "median, ms", "/ ours"), rows)


def report(root: Path | None, n_clips: int) -> str:
    made = [make_voice(seed, snr) for snr in SNRS for seed in range(N_MADE)]
    heard = {name: [track(clip) for clip in made] for name, track in TRACKERS.items()}
    truth = [clip.truth for clip in made if clip.truth is not None]
    parts = [
        f"Pitch from {LOWEST:g} to {HIGHEST:g} Hz, frames every 10 ms. {N_MADE} made voices of 3 s "
        f"at {RATE} Hz for every signal-to-noise ratio:",
        compare("against the truth", made, heard, truth),
        *(on_recordings(recordings(root, n_clips), n_clips) if root else []),
        f"One thread, {ROUNDS} rounds in turn, Praat asked once a hop:",
        speed(made[0]),
        environment("numpy", "scipy", "librosa", "praat-parselmouth"),
    ]
    return "\n\n".join(parts)


def on_recordings(clips: list[Clip], n_clips: int) -> list[str]:
    heard = {name: [track(clip) for clip in clips] for name, track in TRACKERS.items()}
    parts = [f"Recordings, {n_clips} of each corpus, speakers in turn:"]
    for reference in (PRAAT, PRAAT_CC):
        expected = [found.f0 for found in heard[reference]]
        parts.append(compare(f"against {reference}", clips, heard, expected, reference))
    parts.append("What the probability is worth, with both of Praat's trackers counted:")
    parts.append(calibration(heard[OURS], [heard[PRAAT], heard[PRAAT_CC]]))
    return parts


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--clips", type=int, default=36, help="of each corpus")
    parser.add_argument("--write", action="store_true", help="keep the tables in RESULTS.md")
    arguments = parser.parse_args()
    root = Path(os.environ[DATA]) if DATA in os.environ else None
    with threadpool_limits(1), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        text = report(root, arguments.clips)
    print(text)
    if arguments.write:
        write_section(COMMAND, text)


if __name__ == "__main__":
    main()
