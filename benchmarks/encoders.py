"""Pretrained encoders: torch, ONNX Runtime and 8 bits, fewer layers, batches, memory.

A wav2vec 2.0 encoder of base size (94 million weights, random: they cost what trained ones do) is
saved in the hub's format and used as any other, through ``Wav2Vec2Transformer``, on two threads.
At the end stands the voice encoder of this package, on one (benchmarks/encoder_speed.py).

Run as ``python -m benchmarks.encoders [--write]``; it takes some minutes and 2 GB of disk.
``--quick`` uses a tiny encoder and one round, to see that everything runs.
"""

from __future__ import annotations

import os

os.environ["OMP_NUM_THREADS"] = "2"

import resource
import statistics
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks._report import environment, table, write_section
from benchmarks._timing import alone, ratio, seconds
from sklearn_ser import AudioClips, Wav2Vec2Transformer

ROUNDS = 15
ROUNDS_OF_BATCHES = 5
SECONDS = 3.0
RATE = 16000
TINY = {
    "hidden_size": 64,
    "num_attention_heads": 4,
    "intermediate_size": 128,
    "conv_dim": (32,) * 7,
    "num_conv_pos_embeddings": 16,
    "num_conv_pos_embedding_groups": 4,
}
TORCH = "torch, float32, 12 layers"
INT8 = "ONNX Runtime, int8, 12 layers"
WAYS: dict[str, dict[str, Any]] = {
    TORCH: {"backend": "torch"},
    "torch, float32, 6 layers": {"backend": "torch", "layer": 6},
    "ONNX Runtime, float32, 12 layers": {"backend": "onnx"},
    "ONNX Runtime, float32, 6 layers": {"backend": "onnx", "layer": 6},
    INT8: {"quantize": "int8"},
    "ONNX Runtime, int8, 6 layers": {"quantize": "int8", "layer": 6},
}


def noise(seconds: float, seed: int = 0) -> np.ndarray:
    """Return a clip; what it sounds like does not change what it costs."""
    rng = np.random.default_rng(seed)
    return (0.1 * rng.normal(size=int(seconds * RATE))).astype(np.float32)


def save_encoder(folder: Path, settings: dict[str, Any]) -> None:
    """Save an encoder with random weights."""
    import torch
    from transformers import Wav2Vec2Config, Wav2Vec2Model

    torch.manual_seed(0)
    Wav2Vec2Model(Wav2Vec2Config(**settings)).save_pretrained(folder / "model")


def encoder(folder: Path, way: str, **options: Any) -> Wav2Vec2Transformer:
    """Return one of the ways, fitted and warm."""
    made = Wav2Vec2Transformer(folder / "model", **{**WAYS[way], **options})
    made.fit_transform([noise(SECONDS)])
    return made


def time_ways(folder: Path, rounds: int) -> dict[str, list[float]]:
    """Time one clip in all ways, every way in every round; only one is in memory at a time."""
    from sklearn_ser.encoders import _encoding

    _encoding._MOST_ENCODERS = len(WAYS)
    clip = AudioClips([noise(SECONDS)])
    ways = {name: encoder(folder, name) for name in WAYS}
    times: dict[str, list[float]] = {name: [] for name in ways}
    for number in range(rounds):
        for name in list(ways)[:: -1 if number % 2 else 1]:
            times[name].append(seconds(lambda name=name: ways[name].transform(clip)))
    return times


def speed_table(folder: Path, rounds: int) -> str:
    """Compare the ways on one clip."""
    times = alone(time_ways, folder, rounds)
    rows = [
        [
            name,
            f"{1000 * statistics.median(taken):.0f}",
            f"{statistics.median(taken) / SECONDS:.3f}",
            ratio(times[TORCH], taken),
            ratio(taken, times[whole(name)]),
        ]
        for name, taken in times.items()
    ]
    header = [f"one clip of {SECONDS:.0f} s", "median, ms", "of real time"]
    return table([*header, "times as fast as torch float32", "of its own 12 layers"], rows)


def whole(name: str) -> str:
    """Name the same way with all layers."""
    return name.replace("6 layers", "12 layers")


def time_batches(folder: Path, rounds: int) -> tuple[float, dict[int, list[float]]]:
    """Return seconds of speech, and times to encode it by the size of batches."""
    lengths = np.random.default_rng(0).uniform(1.5, 5.0, size=32)
    clips = AudioClips([noise(length, seed) for seed, length in enumerate(lengths)])
    made = encoder(folder, TORCH)
    times: dict[int, list[float]] = {1: [], 4: [], 8: []}
    for number in range(rounds):
        for size in list(times)[:: -1 if number % 2 else 1]:
            made.set_params(batch_size=size)
            times[size].append(seconds(lambda: made.transform(clips)))
    return float(lengths.sum()), times


def batch_table(folder: Path, rounds: int) -> str:
    """Compare batches of mixed lengths with one clip after the other."""
    speech, times = alone(time_batches, folder, rounds)
    rows = [
        [size, f"{middle:.2f}", f"{middle / speech:.3f}", ratio(taken, times[1])]
        for size, taken in times.items()
        for middle in [statistics.median(taken)]
    ]
    header = [f"batch_size, 32 clips of 1.5 to 5 s ({speech:.0f} s)", "s", "of real time"]
    return table([*header, "of one by one"], rows)


def peak(folder: Path, way: str, n_clips: int, length: float, options: dict[str, Any]) -> float:
    """Return the largest resident size of this process in MB after encoding some clips."""
    made = encoder(folder, way, **options)
    made.transform([noise(length, seed) for seed in range(n_clips)])
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def imported() -> float:
    """Return the resident size of a process that has only imported the packages."""
    import onnxruntime  # noqa: F401
    import torch  # noqa: F401
    import transformers  # noqa: F401

    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def memory_table(folder: Path) -> str:
    """Tell the peak memory of each way, and of long clips."""
    rows = [["torch, transformers and onnxruntime imported", f"{alone(imported):.0f}"]]
    for name in WAYS:
        rows.append([f"{name}, 16 clips of 3 s", f"{alone(peak, folder, name, 16, 3.0, {}):.0f}"])
    for name in (TORCH, INT8):
        megabytes = alone(peak, folder, name, 1, 600.0, {})
        rows.append([f"{name}, one clip of 10 minutes", f"{megabytes:.0f}"])
    stack = {"layer": "all", "pooling": None}
    megabytes = alone(peak, folder, TORCH, 16, 3.0, stack)
    rows.append([f"{TORCH}, stacks of all, 16 clips of 3 s", f"{megabytes:.0f}"])
    return table(["what", "peak resident memory, MB"], rows)


def cosine_of_int8(folder: Path) -> list[float]:
    """Return the cosines of pooled embeddings, rounded against exact weights."""
    clips = [noise(length, seed) for seed, length in enumerate((1.0, 2.0, 3.0, 4.0, 5.0))]
    exact, rounded = (encoder(folder, name).transform(clips) for name in (TORCH, INT8))
    norms = np.linalg.norm(exact, axis=1) * np.linalg.norm(rounded, axis=1)
    return ((exact * rounded).sum(axis=1) / norms).tolist()


def own_encoder(is_quick: bool) -> str:
    """Time the voice encoder of this package; imported here, as other processes count memory."""
    from benchmarks.encoder_speed import PROCESSES, ROUNDS, report

    return report("crema_d", *((1, 1) if is_quick else (ROUNDS, PROCESSES)))


def measure(settings: dict[str, Any], rounds: int, rounds_of_batches: int) -> str:
    """Measure everything on an encoder of these settings."""
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        os.environ["HF_HUB_CACHE"] = str(folder / "hub")  # exported networks lie beside it
        alone(save_encoder, folder, settings)
        cosines = alone(cosine_of_int8, folder)
        return "\n\n".join(
            [
                f"One clip through `Wav2Vec2Transformer.transform`, two threads, all ways in turn "
                f"in each of {rounds} rounds; wav2vec2-base's size, random weights.",
                speed_table(folder, rounds),
                f"Mixed lengths, torch float32, 12 layers, {rounds_of_batches} rounds in turn.",
                batch_table(folder, rounds_of_batches),
                "Memory; each row in a process of its own, the encoder exported before.",
                memory_table(folder),
                f"Cosine of int8 to float32 embeddings, 5 clips: lowest {min(cosines):.5f}, mean "
                f"{statistics.mean(cosines):.5f}.",
                "The voice encoder that comes with this package.",
                alone(own_encoder, settings is TINY),
                environment("torch", "transformers", "onnxruntime", "numpy"),
            ]
        )


def main() -> None:
    """Measure and print the tables."""
    is_quick = "--quick" in sys.argv
    settings, rounds = (TINY, (1, 1)) if is_quick else ({}, (ROUNDS, ROUNDS_OF_BATCHES))
    text = measure(settings, *rounds)
    print(text)
    if "--write" in sys.argv and not is_quick:
        write_section("python -m benchmarks.encoders", text)


if __name__ == "__main__":
    main()
