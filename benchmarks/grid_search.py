"""What a cache of features is worth in a grid search.

200 clips, 4 candidates, 5 folds by speaker, one process: our extractor with its cache clip by
clip, without, under ``Pipeline(memory=)``, and librosa's MFCC in a plain transformer. The scores
must agree; only the times differ.

Run as ``python -m benchmarks.grid_search [--write]``.
"""

from __future__ import annotations

import os
import sys

os.environ.setdefault("OMP_NUM_THREADS", "1")

import tempfile
import time
from collections.abc import Callable
from typing import Any

import librosa
import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler

from benchmarks._report import environment, table, write_section
from sklearn_ser import MFCCTransformer, SpeechPipeline
from sklearn_ser.datasets import make_emotional_speech
from sklearn_ser.model_selection import SpeakerKFold

N_CLIPS = 200
SECONDS = 3.0
GRID = {"classifier__C": [0.001, 0.01, 0.1, 1.0]}
FRAMES = {"n_mfcc": 20, "n_mels": 64, "n_fft": 512, "hop_length": 160, "win_length": 400}


def librosa_mfcc(clips: Any) -> np.ndarray:
    """Mean and deviation of librosa's MFCC, as a notebook computes them."""
    rows = []
    for waveform in clips:
        frames = librosa.feature.mfcc(y=np.asarray(waveform), sr=16000, **FRAMES)
        rows.append(np.concatenate([frames.mean(axis=1), frames.std(axis=1)]))
    return np.asarray(rows, dtype=np.float32)


def pipeline(features: Any, memory: str | None = None) -> Pipeline:
    """Features, scaling and a linear classifier."""
    classifier = LogisticRegression(max_iter=2000)
    steps = [("features", features), ("scaler", StandardScaler()), ("classifier", classifier)]
    return SpeechPipeline(steps, memory=memory)


def ours(memory: str | None = None) -> MFCCTransformer:
    """Return our extractor at the same settings."""
    return MFCCTransformer(**FRAMES, pooling="mean_std", memory=memory)


def variants(folder: str) -> dict[str, Callable[[], Pipeline]]:
    """Return the four ways, each made anew when it is timed."""
    return {
        "ours, memory= (clip by clip)": lambda: pipeline(ours(f"{folder}/clips")),
        "ours, no cache": lambda: pipeline(ours()),
        "ours, Pipeline(memory=)": lambda: pipeline(ours(), f"{folder}/steps"),
        "librosa, plain transformer": lambda: pipeline(FunctionTransformer(librosa_mfcc)),
    }


def corpus() -> tuple[Any, Any]:
    """200 synthetic clips of 8 speakers, each repeated up to 3 seconds."""
    bunch = make_emotional_speech(n_speakers=8, random_state=0)
    chosen = np.linspace(0, len(bunch.data) - 1, N_CLIPS).astype(int)
    clips = bunch.data[chosen].map(three_seconds).load()
    return clips, np.asarray(bunch.target)[chosen]


def three_seconds(waveform: np.ndarray) -> np.ndarray:
    """Repeat a clip to 3 seconds."""
    return np.resize(waveform, int(SECONDS * 16000))


def timed(make: Callable[[], Pipeline], clips: Any, y: Any) -> tuple[float, np.ndarray]:
    """Run the search once; return seconds and the candidates' mean scores."""
    search = GridSearchCV(make(), GRID, cv=SpeakerKFold(5), scoring="balanced_accuracy")
    begin = time.perf_counter()
    search.fit(clips, y)
    return time.perf_counter() - begin, search.cv_results_["mean_test_score"]


def main() -> None:
    """Time the four ways, cold and warm, and print the table."""
    clips, y = corpus()
    librosa_mfcc(clips[:2])  # its first call compiles
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        for name, make in variants(folder).items():
            (cold, scores), (warm, again) = timed(make, clips, y), timed(make, clips, y)
            assert np.array_equal(scores, again)
            rows.append([name, cold, warm, " ".join(f"{score:.4f}" for score in scores)])
    report = f"{as_table(rows)}\n\n{environment('numpy', 'scikit-learn', 'librosa', 'joblib')}"
    print(report)
    if "--write" in sys.argv:
        write_section("python -m benchmarks.grid_search", report)


def as_table(rows: list[list[Any]]) -> str:
    """Format the times, each beside librosa's, which is the last."""
    header = ["features", "first run, s", "second run, s", "librosa / first", "candidates' UAR"]
    slowest = rows[-1][1]
    return table(
        header,
        [[n, f"{c:.2f}", f"{w:.2f}", f"{slowest / c:.1f}", scores] for n, c, w, scores in rows],
    )


if __name__ == "__main__":
    main()
