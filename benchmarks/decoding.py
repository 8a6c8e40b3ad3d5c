"""Decoding and resampling a corpus with one thread and with two.

TESS, which is at 24,414 Hz, brought to 16 kHz in memory, the two in turn. libsndfile and soxr
run outside Python's lock, so threads suffice.

Run as ``python -m benchmarks.decoding [--write]``, with ``SKLEARN_SER_DATA`` naming the folder
that holds ``tess``; without it nothing is measured.
"""

from __future__ import annotations

import os
import statistics
import sys
import time
from pathlib import Path

from benchmarks._report import environment, table, write_section
from sklearn_ser.audio import AudioClips
from sklearn_ser.datasets import load_tess

REPETITIONS = 7


def seconds_to_load(clips: AudioClips, n_jobs: int) -> float:
    """Time one decoding of all clips."""
    begin = time.perf_counter()
    clips.load(n_jobs=n_jobs)
    return time.perf_counter() - begin


def main() -> None:
    """Print the times of one and two threads and their ratio, pair by pair."""
    if "SKLEARN_SER_DATA" not in os.environ:
        print("SKLEARN_SER_DATA names no folder of corpora: nothing measured.")
        return
    clips = load_tess(Path(os.environ["SKLEARN_SER_DATA"]) / "tess", in_memory=False).data
    seconds_to_load(clips, 1)  # brings the files into the system's cache
    pairs = [(seconds_to_load(clips, 1), seconds_to_load(clips, 2)) for _ in range(REPETITIONS)]
    one, two = (statistics.median(times) for times in zip(*pairs, strict=True))
    ratio = statistics.median(a / b for a, b in pairs)
    headers = ["clips", "one thread, s", "two threads, s", "median ratio of a pair"]
    text = table(headers, [[len(clips), f"{one:.2f}", f"{two:.2f}", f"{ratio:.2f}"]])
    text += f"\n\n{environment('soundfile', 'soxr', 'joblib')}"
    print(text)
    if "--write" in sys.argv:
        write_section("python -m benchmarks.decoding", text)


if __name__ == "__main__":
    main()
