"""Augmenters beside librosa's effects and audiomentations: time a clip, and what comes out.

Speed: each effect at the same strength by all, one thread, warm. Every round times all ways in
turn, forwards and backwards; figures are medians of the rounds, ratios medians of the rounds' own
ratios. Ours is ``augment`` as a user calls it, with its checks of what goes in and comes out; a
copy left as it is shows what they cost. Where librosa has no such effect, it stands beside what
one writes for a notebook with NumPy, SciPy and librosa.

Quality of pitch and stretch, on synthetic speech and, where ``SKLEARN_SER_DATA`` names the folder
of ``ravdess``, ``savee``, ``tess`` and ``crema_d/AudioWAV``, on some clips of these:

* Pitch: the F0 that ``librosa.pyin`` finds after against that before, times the ratio asked for,
  in cents (100 are a semitone): of the clip's medians, and frame by frame the share of the frames
  voiced before that are voiced after and within 50 cents. The tracker's range moves with the
  ratio; its steps are of 10 cents.
* Duration: samples too many or too few. Level: mean power after against that before.
* Spectral distance from librosa's effect in float64: root mean square of the levels' differences
  in dB over a frame's bins, then the mean over frames; the floor lies 80 dB below the reference's
  highest bin. librosa's own rows are its effect on float32 samples: how far rounding carries. The
  reference of ours has ours' frames and is brought to the clip's level, as ours is; that of the
  others is librosa's at its defaults.
* The largest difference of a sample from the same reference, as a share of its peak.

librosa stands in the tables of speed with ours' frames, so that both do the same work.

audiomentations is no dependency; where it cannot be imported its columns say so. Pitch and stretch
are those of its default method (Signalsmith's). It has nothing to warp vocal tracts; its mask of
spectrograms cannot be imported in 0.43 and is left out.

Run as ``python -m benchmarks.augmentation [--rounds 15] [--write]``; it takes some minutes.
"""

from __future__ import annotations

import argparse
import os
import random
import statistics
import tempfile
import time
import warnings
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import librosa
import numpy as np
from threadpoolctl import threadpool_limits

from benchmarks._effects import (
    NONE,
    PITCH,
    RECORDING_SECONDS,
    RT60,
    SAME_FRAME,
    SECONDS,
    SEMITONES,
    STRETCHES,
    TEMPO,
    Array,
    Call,
    Change,
    audiomentations,
    in_a_room,
    of_audiomentations,
    of_librosa,
    of_ours,
    power,
)
from benchmarks._report import environment, table, write_section
from benchmarks._timing import ratio
from sklearn_ser.audio import read_audio, write_audio
from sklearn_ser.datasets import make_emotional_speech

COMMAND = "python -m benchmarks.augmentation"
RATES = (16000, 22050)
N_CLIPS, COPIES = 4, 4
LONG_ENOUGH = 0.01  # seconds for one measurement
N_RECORDINGS, RECORDING_RATE = 3, 44100
SEQUENCE_SHAPE = (300, 64)
EMOTIONS = ("angry", "happy", "neutral", "sad")
CORPORA = {"ravdess": "Actor_*/*", "savee": "*/*", "tess": "*/*", "crema_d": "AudioWAV/*"}
SOUNDS = {".flac", ".ogg", ".wav"}
QUALITY_RATE, LOWEST_HZ, HIGHEST_HZ, FLOOR_DB, CLOSE_CENTS = 16000, 60.0, 500.0, -80.0, 50
WAYS = ("ours", SAME_FRAME, "librosa", "audiomentations")
NOT_INSTALLED = "not installed"


def synthetic(rate: int) -> list[Array]:
    """Return a clip of each of several synthetic voices, each in another emotion."""
    made: Any = make_emotional_speech(N_CLIPS, EMOTIONS, 1, sample_rate=rate, random_state=0)
    return [np.array(clip) for clip in made.data[:: len(made.data) // N_CLIPS + 1]]


def copies_at_once(rate: int) -> Iterator[tuple[str, tuple[Call | None, ...]]]:
    """Yield several copies of a clip, which the others make one by one at the strengths drawn."""
    for change in (PITCH, TEMPO):
        augmenter, seeds = change.ours(change.drawn_from), range(COPIES)
        drawn = [augmenter.draw(np.zeros(1), rate, seed) for seed in seeds]
        values = [value for parameters in drawn for value in parameters.values()]
        many = partial(augmenter.augment_many, sample_rate=rate, random_states=seeds)
        plain = [partial(change.librosa, value=value, rate=rate) for value in values]
        peers = [change.theirs(value, rate) for value in values]
        yield f"{change.name}, {COPIES} copies", (many, all_of(plain), all_of(peers))


def all_of(ways: Sequence[Call | None]) -> Call | None:
    """Return one call for several, or None where they are not there."""
    there = [way for way in ways if way is not None]
    return (lambda clip: [way(clip) for way in there]) if there else None


def seconds(call: Call, clips: list[Array], times: int = 1) -> float:
    """Time one call, the mean over all clips."""
    begin = time.perf_counter()
    for _ in range(times):
        for clip in clips:
            call(clip)
    return (time.perf_counter() - begin) / times / len(clips)


def in_turn(ways: Sequence[Call], clips: list[Array], rounds: int) -> list[list[float]]:
    """Time all ways in every round, forwards and backwards in turn."""
    for way in ways:
        seconds(way, clips)
    enough = LONG_ENOUGH / len(clips)
    repeats = [max(round(enough / seconds(way, clips)), 1) for way in ways]
    taken: list[list[float]] = [[] for _ in ways]
    for number in range(rounds):
        for place in range(len(ways))[:: -1 if number % 2 else 1]:
            taken[place].append(seconds(ways[place], clips, repeats[place]))
    return taken


def speed_row(
    names: tuple[str, str, str], ways: tuple[Call | None, ...], on: list[Array], rounds: int
) -> list[str]:
    """Measure one effect in its ways; the last is not always there."""
    ours, *others = in_turn([way for way in ways if way is not None], on, rounds)
    cells = [[figure(times), ratio(times, ours)] for times in others]
    cells.append([NONE if names[2] == NONE else NOT_INSTALLED] * 2)
    return [names[0], figure(ours), names[1], *cells[0], names[2], *cells[1]]


def figure(times: list[float]) -> str:
    """Milliseconds."""
    return f"{statistics.median(times) * 1000:.3f}"


def speed_rows(rate: int, rounds: int) -> Iterator[list[str]]:
    """Yield the figures of every effect at one rate."""
    rng = np.random.default_rng(0)
    clips = [np.resize(clip, SECONDS * rate) for clip in synthetic(rate)]
    sequences = [rng.normal(size=SEQUENCE_SHAPE).astype(np.float32) for _ in clips]
    with tempfile.TemporaryDirectory() as scratch:
        folder, response = recordings(Path(scratch), rate)
        augmenters = of_ours(folder)
        plain, peers = of_librosa(rate, folder, rng), of_audiomentations(rate, folder, response)
        for name, (beside, way), (peer, their) in zip(augmenters, plain, peers, strict=True):
            ours = partial(augmenters[name].augment, sample_rate=rate, random_state=rng)
            on = clips if augmenters[name].input_kind == "waveform" else sequences
            yield speed_row((name, beside, peer), (ours, way, their), on, rounds)
    for name, ways in copies_at_once(rate):
        yield speed_row((name, "one by one", "one by one"), ways, clips, rounds)


def recordings(root: Path, rate: int) -> tuple[Path, Path]:
    """Write a folder of noise, and the response of a room at the clips' own rate."""
    rng = np.random.default_rng(1)
    folder, response = root / "noise", root / "room.wav"
    folder.mkdir()
    for number in range(N_RECORDINGS):
        noise = rng.normal(scale=0.1, size=RECORDING_SECONDS * RECORDING_RATE)
        write_audio(folder / f"{number}.wav", noise.astype(np.float32), RECORDING_RATE)
    click = np.zeros(round(RT60 * rate), np.float32)
    click[0] = 0.5
    write_audio(response, in_a_room(click, rate, rng).astype(np.float32), rate)
    return folder, response


def track(waveform: Array, ratio: float = 1.0) -> Array:
    """Return the F0 of every frame in Hz, NaN where there is no voice."""
    ends = {"fmin": LOWEST_HZ * ratio, "fmax": HIGHEST_HZ * ratio}
    settings: dict[str, Any] = ends | {"sr": QUALITY_RATE, "frame_length": 1024}
    return np.asarray(librosa.pyin(waveform, **settings)[0])


def pitch_errors(before: Array, after: Array, ratio: float, tempo: float) -> tuple[float, float]:
    """Return the medians' difference in cents, and how many per cent of the frames are right."""
    cents = 1200 * np.log2(np.nanmedian(after) / (np.nanmedian(before) * ratio))
    places = np.rint(np.arange(len(after)) * tempo).astype(int)
    asked = before[np.minimum(places, len(before) - 1)] * ratio
    right = np.abs(1200 * np.log2(after / asked)) <= CLOSE_CENTS
    return float(cents), float(100 * np.mean(right[np.isfinite(asked)]))


def distances(waveform: Array, reference: Array) -> tuple[float, float]:
    """Return the log-spectral distance in dB and the largest difference, over what both have."""
    length = min(len(waveform), len(reference))
    both = [each[:length].astype(np.float64) for each in (waveform, reference)]
    spectra = [np.abs(librosa.stft(each, n_fft=512, hop_length=128)) for each in both]
    floor = spectra[1].max() * 10 ** (FLOOR_DB / 20)
    heard, asked = (20 * np.log10(np.maximum(magnitudes, floor)) for magnitudes in spectra)
    distance = np.mean(np.sqrt(np.mean((heard - asked) ** 2, axis=0)))
    return float(distance), float(np.abs(both[0] - both[1]).max() / np.abs(reference).max())


def quality_of(change: Change, way: str, clip: Array) -> Iterator[tuple[float, ...]]:
    """Yield for each value errors of pitch, length and level, and how far from the reference."""
    before = track(clip)
    for value in change.values:
        reference = change.reference(way, clip, value, QUALITY_RATE)
        heard = change.by(way, clip, value, QUALITY_RATE)
        if heard is None:
            return
        ratio, length = change.asked(clip, value)
        errors = pitch_errors(before, track(heard, ratio), ratio, len(clip) / length)
        level = 10 * np.log10(power(heard) / power(clip))
        yield (*errors, len(heard) - length, level, *distances(heard, reference))


def quality_row(corpus: str, change: Change, way: str, clips: list[Array]) -> list[str]:
    """Measure one way on all clips of a corpus."""
    found = [figures for clip in clips for figures in quality_of(change, way, clip)]
    row = [corpus, change.name, way]
    if not found:
        return [*row, *[NOT_INSTALLED] * 8]
    cents, right, extra, level, distance, difference = np.array(found).T
    worst, off = extra[np.abs(extra).argmax()], np.abs(cents)
    row += [str(len(found)), f"{np.median(off):.0f}", f"{off.max():.0f}", f"{right.mean():.1f}"]
    row += [f"{worst:+.0f}", f"{level.mean():+.1f}"]
    return [*row, f"{distance.mean():.3f}", f"{difference.max():.1e}"]


def quality_table(spoken: dict[str, list[Array]]) -> str:
    """Compare pitch and stretch with librosa's in float64, and with what was asked for."""
    rows = [
        quality_row(corpus, change, way, clips)
        for corpus, clips in spoken.items()
        for change in (PITCH, TEMPO)
        for way in WAYS
    ]
    header = ["speech", "effect", "by", "results", "median F0 off by, cents: median"]
    header += ["largest", "frames within 50 cents, %", "samples too many, at most"]
    header += ["level, dB", "spectral distance, dB", "largest difference"]
    return table(header, rows)


def to_listen_to() -> dict[str, list[Array]]:
    """Return clips by corpus: synthetic ones, and real ones where they are."""
    spoken = {"synthetic": synthetic(QUALITY_RATE)}
    if "SKLEARN_SER_DATA" in os.environ:
        root = Path(os.environ["SKLEARN_SER_DATA"])
        spoken |= {name: load(root / name, pattern) for name, pattern in CORPORA.items()}
    return {name: clips for name, clips in spoken.items() if clips}


def load(folder: Path, pattern: str) -> list[Array]:
    """Read some clips from all over a corpus, without those that have no voice."""
    files = [file for file in sorted(folder.glob(pattern)) if file.suffix in SOUNDS]
    step = max(len(files) // N_CLIPS, 1)
    chosen = files[step // 2 :: step][:N_CLIPS]
    clips = [np.array(read_audio(file, sample_rate=QUALITY_RATE)[0]) for file in chosen]
    return [clip for clip in clips if np.isfinite(track(clip)).any()]


def report(rounds: int) -> str:
    """Measure all and format the tables."""
    random.seed(0)  # audiomentations draws from the global generators
    np.random.seed(0)
    header = ["ours, ms", "beside it", "ms", "/ ours", "audiomentations", "ms", "/ ours"]
    speeds = [table([f"{rate} Hz", *header], speed_rows(rate, rounds)) for rate in RATES]
    libraries = ["numpy", "scipy", "soxr", "librosa"]
    libraries += [] if audiomentations() is None else ["audiomentations", "python-stretch"]
    return "\n\n".join(
        [
            f"Clips of {SECONDS} s, one thread, medians of {rounds} rounds in turn, milliseconds a "
            f"clip. Recordings of noise: {RECORDING_SECONDS} s at {RECORDING_RATE} Hz. Sequences: "
            f"{SEQUENCE_SHAPE[0]} frames of {SEQUENCE_SHAPE[1]}.",
            *speeds,
            f"Quality at {QUALITY_RATE} Hz: semitones {SEMITONES}, rates {STRETCHES}. Distances "
            "and differences are from librosa's effect in float64; its own rows are its float32.",
            quality_table(to_listen_to()),
            environment(*libraries),
        ]
    )


def main() -> None:
    """Print the tables, and keep them with ``--write``."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--write", action="store_true", help="keep the tables in RESULTS.md")
    arguments = parser.parse_args()
    with threadpool_limits(1), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        text = report(arguments.rounds)
    print(text)
    if arguments.write:
        write_section(COMMAND, text)


if __name__ == "__main__":
    main()
