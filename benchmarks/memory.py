"""Peak memory of whole corpora, decoded clip by clip.

All clips of a folder through ``load_clips(in_memory=False)``, cropped, and extracted to pooled
MFCC in one process; the peak is compared with the process after its imports. Then the clips of
every corpus at hand, with none to three waveform steps before the extractor. Every row has a
process of its own.

Run as ``python -m benchmarks.memory [--write]``, with ``SKLEARN_SER_DATA`` naming the folder
that holds ``crema_d/AudioWAV`` and, where they are, ``ravdess``, ``savee`` and ``tess``; without
it nothing is measured.
"""

from __future__ import annotations

import os
import resource
import sys
import time
from collections.abc import Callable
from multiprocessing import get_context
from pathlib import Path

import psutil
import soundfile
from sklearn.pipeline import make_pipeline

from benchmarks._report import environment, table, write_section
from sklearn_ser import (
    AudioClips,
    MFCCTransformer,
    NoiseReducer,
    PeakNormalizer,
    SilenceTrimmer,
    WaveformCropper,
)
from sklearn_ser.datasets import load_clips

CREMA_D = r"(?P<speaker>\d+)_(?P<sentence>\w+?)_(?P<label>[A-Z]{3})_"
CORPORA = ("ravdess", "crema_d", "savee", "tess")
SOUNDS = {".flac", ".ogg", ".wav"}
STEPS = (NoiseReducer(), SilenceTrimmer(top_db=30), PeakNormalizer())
MOST_CLIPS = 1000  # of a corpus; ten times as many need no more memory, as the first table shows
RATE = 16000

GROWTH_HEADERS = ["after imports, MB", "peak, MB", "growth, MB", "time, s"]


def measured(work: Callable[[], list[object]]) -> list[object]:
    """Do the work and return its cells, followed by what it took of memory and time."""
    before = psutil.Process().memory_info().rss / 2**20
    begin = time.perf_counter()
    cells = work()
    seconds = time.perf_counter() - begin
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**10
    return [*cells, f"{before:.0f}", f"{peak:.0f}", f"{peak - before:.0f}", f"{seconds:.1f}"]


def whole_corpus(root: Path) -> list[object]:
    """Measure all of CREMA-D, cropped."""

    def work() -> list[object]:
        folder = root / "crema_d" / "AudioWAV"
        bunch = load_clips(folder, pattern=CREMA_D, in_memory=False)
        clips = WaveformCropper(duration=3.0).fit_transform(bunch.data)
        features = MFCCTransformer(pooling="mean_std", n_jobs=1).fit_transform(clips)
        return [len(clips), features.shape[1]]

    return measured(work)


def chain(root: Path, corpus: str, n_steps: int) -> list[object]:
    """Measure a corpus with so many waveform steps before the extractor."""
    files = sound_files(root / corpus)
    size = sum(soundfile.info(file).duration for file in files) * RATE * 4 / 2**20

    def work() -> list[object]:
        clips = AudioClips.from_files(files, RATE)
        extractor = MFCCTransformer(pooling="mean_std", n_jobs=1)
        make_pipeline(*STEPS[:n_steps], extractor).fit_transform(clips)
        return [corpus, n_steps, len(clips), f"{size:.0f}"]

    return measured(work)


def sound_files(folder: Path) -> list[str]:
    """Return the first sound files of a corpus."""
    files = sorted(file for file in folder.rglob("*") if file.suffix.lower() in SOUNDS)
    return [str(file) for file in files[:MOST_CLIPS]]


def report(root: Path) -> str:
    """Measure every row in a fresh process and format the two tables."""
    present = [corpus for corpus in CORPORA if (root / corpus).is_dir()]
    tasks = [(root, corpus, n) for corpus in present for n in range(len(STEPS) + 1)]
    with get_context("spawn").Pool(1, maxtasksperchild=1) as pool:
        first = pool.starmap(whole_corpus, [(root,)], chunksize=1) if "crema_d" in present else []
        rows = pool.starmap(chain, tasks, chunksize=1)
    names = ", ".join(type(step).__name__ for step in STEPS)
    return "\n\n".join(
        [
            table(["clips", "features", *GROWTH_HEADERS], first),
            f"Steps in turn: {names}; at most {MOST_CLIPS} clips of a corpus.",
            table(["corpus", "steps", "clips", "all samples, MB", *GROWTH_HEADERS], rows),
            environment("numpy", "librosa"),
        ]
    )


def main() -> None:
    """Measure what is at hand, and print how far memory grew."""
    if "SKLEARN_SER_DATA" not in os.environ:
        print("SKLEARN_SER_DATA names no folder of corpora: nothing measured.")
        return
    text = report(Path(os.environ["SKLEARN_SER_DATA"]))
    print(text)
    if "--write" in sys.argv:
        write_section("python -m benchmarks.memory", text)


if __name__ == "__main__":
    main()
