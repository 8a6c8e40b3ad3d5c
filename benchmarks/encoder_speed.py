"""What the voice encoder of this package costs: a clip on one thread, and the first one of all.

A clip of 3 seconds through ``EmotionEmbeddingTransformer``, its front end alone and its network
alone, beside the functionals, this package's MFCC and librosa's; all in turn in every round. Then
fresh processes, from the first import to the first embedding.

Run as ``python -m benchmarks.encoder_speed [--rounds 30] [--weights FILE] [--write]``; ``python -m
benchmarks.encoders`` prints it, too.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Mapping

import librosa
from threadpoolctl import threadpool_limits

from benchmarks._encoder import OWN_SPEED, parser_of
from benchmarks._report import environment, table, write_section
from benchmarks._timing import ratio, seconds
from benchmarks.features import make_clips
from sklearn_ser import (
    AudioClips,
    EmotionEmbeddingTransformer,
    MFCCTransformer,
    make_ser_pipeline,
)
from sklearn_ser.embedding import load_encoder

COMMAND = "python -m benchmarks.encoder_speed"
RATE, N_CLIPS, ROUNDS, PROCESSES = 16000, 8, 30, 7
WHOLE = "embedding, all layers"
ONCE = f"{WHOLE}, {OWN_SPEED}"
PROBE = """
import time
start = time.perf_counter()
import numpy as np
from sklearn_ser import EmotionEmbeddingTransformer
imported = time.perf_counter()
EmotionEmbeddingTransformer(weights={weights!r}).fit_transform([np.zeros(48000, np.float32)])
print(imported - start, time.perf_counter() - start)
"""

Work = Callable[[], object]


def works(weights: str) -> dict[str, Work]:
    """Return what is timed, each of the same clips, fitted and warm."""
    waves = make_clips()[:N_CLIPS]
    clips = AudioClips(waves, RATE).load()
    encoder = load_encoder(weights)
    front_ends = [encoder.front_end.at_speed(speed) for speed in encoder.speeds]
    heard = [front_end(wave) for wave in waves for front_end in front_ends]
    mfcc = {"sr": RATE, "n_mfcc": 20, "n_fft": 512, "hop_length": 160}
    transformers = {
        WHOLE: EmotionEmbeddingTransformer(weights=weights),
        ONCE: EmotionEmbeddingTransformer(weights=weights, speeds=(1.0,)),
        "functionals": make_ser_pipeline("functionals")["features"],
        "MFCC of this package, mean and deviation": MFCCTransformer(pooling="mean_std"),
    }
    for transformer in transformers.values():
        transformer.fit(clips)
    named: dict[str, Work] = {
        name: lambda made=made: made.transform(clips) for name, made in transformers.items()
    }
    named["front end alone, at both speeds"] = lambda: [
        hear(w) for w in waves for hear in front_ends
    ]
    named["network alone, to the last stage, at both speeds"] = lambda: [
        encoder._frames_of(b) for b in heard
    ]
    named["librosa.feature.mfcc"] = lambda: [librosa.feature.mfcc(y=w, **mfcc) for w in waves]
    return named


def times_of(named: Mapping[str, Work], rounds: int) -> dict[str, list[float]]:
    """Return milliseconds a clip in every round; what disturbs a round disturbs all."""
    for work in named.values():
        work()
    taken: dict[str, list[float]] = {name: [] for name in named}
    for _ in range(rounds):
        for name, work in named.items():
            taken[name].append(1e3 * seconds(work) / N_CLIPS)
    return taken


def first_embedding(weights: str) -> tuple[float, float, float]:
    """Return seconds of a fresh process: of the imports, to the first embedding, of all of it."""
    alone = {**os.environ, "OMP_NUM_THREADS": "1"}
    command = [sys.executable, "-c", PROBE.format(weights=weights)]
    begin = time.perf_counter()
    result = subprocess.run(command, capture_output=True, text=True, check=True, env=alone)
    whole = time.perf_counter() - begin
    imported, first = map(float, result.stdout.split())
    return imported, first, whole


def report(weights: str, rounds: int, processes: int) -> str:
    """Measure and format both tables."""
    with threadpool_limits(1):
        taken = times_of(works(weights), rounds)
    rows = [
        [name, f"{statistics.median(each):.2f}", f"{min(each):.2f}", ratio(each, taken[WHOLE])]
        for name, each in taken.items()
    ]
    first_embedding(weights)  # warms the disk's cache
    fresh = zip(*(first_embedding(weights) for _ in range(processes)), strict=True)
    labels = ("the imports", "from the first import to the first embedding", "the whole process")
    starts = [
        [label, f"{statistics.median(each):.2f}", f"{min(each):.2f}"]
        for label, each in zip(labels, fresh, strict=True)
    ]
    return "\n\n".join(
        [
            f"A clip of 3 s at 16 kHz on one thread, {N_CLIPS} clips in turn in each of {rounds} "
            f"rounds. Weights {load_encoder(weights).name!r}.",
            table(["one clip", "median, ms", "fastest, ms", "of the embedding"], rows),
            f"Fresh processes, one thread, {processes} of them after a first one.",
            table(["what", "median, s", "fastest, s"], starts),
            environment("numpy", "onnxruntime", "librosa"),
        ]
    )


def arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = parser_of("Time the voice encoder.")
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("--processes", type=int, default=PROCESSES)
    return parser.parse_args()


def main() -> None:
    """Print the tables, and keep them where asked to."""
    asked = arguments()
    text = report(asked.weights, asked.rounds, asked.processes)
    print(text, flush=True)
    if asked.write:
        write_section(COMMAND, text)


if __name__ == "__main__":
    main()
