"""Peak memory of a whole corpus, decoded clip by clip.

All clips of a folder through ``load_clips(in_memory=False)``, cropped, and extracted to pooled
MFCC in one process; the peak is compared with the process after its imports.

Run as ``python -m benchmarks.memory [--write]``, with ``SKLEARN_SER_DATA`` naming the folder
that holds ``crema_d/AudioWAV``; without it nothing is measured.
"""

from __future__ import annotations

import os
import resource
import sys
import time
from pathlib import Path

import psutil

from benchmarks._report import environment, table, write_section
from sklearn_ser import MFCCTransformer, WaveformCropper
from sklearn_ser.datasets import load_clips

CREMA_D = r"(?P<speaker>\d+)_(?P<sentence>\w+?)_(?P<label>[A-Z]{3})_"


def main() -> None:
    """Extract the corpus once and print how far memory grew."""
    if "SKLEARN_SER_DATA" not in os.environ:
        print("SKLEARN_SER_DATA names no folder of corpora: nothing measured.")
        return
    folder = Path(os.environ["SKLEARN_SER_DATA"]) / "crema_d" / "AudioWAV"
    before = psutil.Process().memory_info().rss / 2**20
    begin = time.perf_counter()
    bunch = load_clips(folder, pattern=CREMA_D, in_memory=False)
    clips = WaveformCropper(duration=3.0).fit_transform(bunch.data)
    features = MFCCTransformer(pooling="mean_std", n_jobs=1).fit_transform(clips)
    seconds = time.perf_counter() - begin
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**10
    cells = [len(clips), features.shape[1], f"{before:.0f}", f"{peak:.0f}", f"{peak - before:.0f}"]
    headers = ["clips", "features", "after imports, MB", "peak, MB", "growth, MB", "time, s"]
    text = table(headers, [[*cells, f"{seconds:.1f}"]]) + f"\n\n{environment('numpy', 'librosa')}"
    print(text)
    if "--write" in sys.argv:
        write_section("python -m benchmarks.memory", text)


if __name__ == "__main__":
    main()
