"""What every test shares: real corpora where they are, and tools that keep runs repeatable."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, settings

from sklearn_ser.audio import AudioClips, write_audio

os.environ.setdefault("MPLBACKEND", "Agg")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

settings.register_profile(
    "repeatable",
    deadline=None,
    derandomize=True,
    print_blob=True,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("repeatable")


@pytest.fixture(scope="session")
def corpora() -> Path:
    """Folder of real recordings, named by SKLEARN_SER_DATA; never part of the repository."""
    folder = os.environ.get("SKLEARN_SER_DATA")
    if not folder:
        pytest.skip("SKLEARN_SER_DATA names no folder of real corpora")
    if not Path(folder).is_dir():
        pytest.skip(f"SKLEARN_SER_DATA names {folder}, which is not a folder")
    return Path(folder)


@pytest.fixture(scope="session")
def speech() -> AudioClips:
    """Forty short noise bursts of eight speakers; the level tells two labels apart."""
    return make_bursts(n_speakers=8, n_clips=5)


def make_bursts(n_speakers: int, n_clips: int) -> AudioClips:
    rng = np.random.default_rng(0)
    labels = np.tile(["calm", "angry"], n_speakers * n_clips)[: n_speakers * n_clips]
    level = np.where(labels == "angry", 0.2, 0.05)
    waves = [a * rng.normal(size=rng.integers(1600, 4800)) for a in level]
    speakers = np.repeat([f"speaker-{i}" for i in range(n_speakers)], n_clips)
    return AudioClips(waves, metadata=pd.DataFrame({"emotion": labels, "speaker": speakers}))


@pytest.fixture(scope="session")
def sound_files(tmp_path_factory: pytest.TempPathFactory, speech: AudioClips) -> list[str]:
    """The first clips of ``speech`` as 16-bit WAV files."""
    folder = tmp_path_factory.mktemp("clips")
    paths = [str(folder / f"clip {i} é.wav") for i in range(6)]
    for path, waveform in zip(paths, speech, strict=False):
        write_audio(path, np.clip(waveform, -1, 1), speech.sample_rate)
    return paths


TINY = {
    "hidden_size": 32,
    "num_hidden_layers": 3,
    "num_attention_heads": 2,
    "intermediate_size": 64,
    "conv_dim": (16,) * 7,
    "num_conv_pos_embeddings": 16,
    "num_conv_pos_embedding_groups": 2,
}
TINY_ENCODERS: dict[str, tuple[str, dict[str, Any]]] = {
    "wav2vec2": ("Wav2Vec2", TINY),
    "wav2vec2-large": (
        "Wav2Vec2",
        {**TINY, "do_stable_layer_norm": True, "feat_extract_norm": "layer"},
    ),
    "hubert": ("Hubert", TINY),
    "wavlm": ("WavLM", {**TINY, "num_buckets": 32, "max_bucket_distance": 80}),
    "data2vec-audio": (
        "Data2VecAudio",
        {**TINY, "num_conv_pos_embeddings": 3, "conv_pos_kernel_size": 5},
    ),
    "whisper": (
        "Whisper",
        {
            "d_model": 32,
            "encoder_layers": 3,
            "encoder_attention_heads": 2,
            "encoder_ffn_dim": 64,
            "decoder_layers": 1,
            "decoder_attention_heads": 2,
            "decoder_ffn_dim": 64,
            "vocab_size": 64,
            "pad_token_id": 0,
            "bos_token_id": 1,
            "eos_token_id": 2,
            "decoder_start_token_id": 1,
            "num_mel_bins": 80,
        },
    ),
}


@pytest.fixture(scope="session")
def tiny_encoder(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], str]:
    """Make folders of tiny encoders with random weights, one a family, in the hub's format."""
    for package in ("torch", "transformers"):
        pytest.importorskip(package, reason="the extra wav2vec2 is not installed")

    @cache
    def folder_of(family: str) -> str:
        folder = tmp_path_factory.mktemp(family)
        save_tiny_encoder(family, folder)
        return str(folder)

    return folder_of


def save_tiny_encoder(family: str, folder: Path) -> None:
    import torch
    import transformers

    name, settings = TINY_ENCODERS[family]
    transformers.utils.logging.disable_progress_bar()
    with torch.random.fork_rng():
        torch.manual_seed(0)
        config = getattr(transformers, f"{name}Config")(**settings)
        model = getattr(transformers, f"{name}Model")(config)
        for parameter in model.parameters():  # zeros and ones would hide that they are used
            parameter.data += 0.02 * torch.randn_like(parameter)
    model.save_pretrained(folder)
    speech = {"do_normalize": family != "wavlm", "sampling_rate": 16000}
    (folder / "preprocessor_config.json").write_text(json.dumps(speech))


EMOTIONS = ("angry", "happy", "sad")
VOICE_STAGES = (4, 6, 8)  # numbers a frame
VOICE_CARD: dict[str, Any] = {
    "data": "Noise, heard by nobody.",
    "licence": "Contains information from no corpus at all.",
    "training_speakers": ["speaker-3", "crema_d-1001"],
    "validation_speakers": ["crema_d-1002"],
    "recipe": {"epochs": 0, "mixup": 0.2, "front_end": {"n_bands": 16, "whitening": [0.5] * 16}},
    "calibration": "By nobody.",
    "keras": "3.15.1",
    "seed": 7,
    "written_with": "sklearn_ser 0.1",
    "scores": [
        {
            "corpus": "elsewhere",
            "protocol": "zero-shot",
            "task": "emotions",
            "uar": 0.42,
            "accuracy": 0.45,
            "interval": [0.38, 0.47],
            "recalls": {"angry": 0.7, "happy": 0.46, "sad": 0.1},
            "groups": {"female": {"uar": 0.44, "accuracy": 0.46}, "male": 0.4},
        },
        {"corpus": "far away", "protocol": "zero-shot", "uar": 0.55, "recalls": {"sad": 0.5}},
        {"corpus": "crema_d", "protocol": "speakers", "uar": 0.7, "accuracy": 0.71},
    ],
    "not_for": ["Deciding about people.", "Telling who lies."],
}


@pytest.fixture(scope="session")
def write_voice_encoder() -> Callable[..., Path]:
    """Write a file of weights: a tiny residual network, drawn at random."""
    pytest.importorskip("onnx", reason="onnx is not installed")
    return save_voice_encoder


@pytest.fixture(scope="session")
def voice_encoder(
    tmp_path_factory: pytest.TempPathFactory, write_voice_encoder: Callable[..., Path]
) -> str:
    """The path of a tiny voice encoder that nobody changes."""
    return str(write_voice_encoder(tmp_path_factory.mktemp("voice") / "tiny.encoder"))


def save_voice_encoder(path: Path, seed: int = 0, n_bands: int = 16, **changes: Any) -> Path:
    """Write a tiny encoder; ``changes`` are of the header's fields."""
    from sklearn_ser.embedding._front_end import FrontEnd
    from sklearn_ser.embedding._weights import EncoderForm, EncoderHeader, Stage, write_weights

    stages = tuple(Stage(f"stage{n + 1}", 2 ** (n + 1), d) for n, d in enumerate(VOICE_STAGES))
    header = {
        "name": "tiny",
        "front_end": FrontEnd(n_bands=n_bands),
        "form": EncoderForm(stages, reach=30, pooled_dim=3 * VOICE_STAGES[-1], penultimate_dim=5),
        "speeds": (1.0,),
        "classes": EMOTIONS,
        "temperature": 2.0,
        "min_confidence": 0.4,
        "card": VOICE_CARD,
        **changes,
    }
    rng = np.random.default_rng(seed)
    write_weights(path, EncoderHeader(**header), frames_graph(rng), clip_graph(rng))
    return path


class GraphWriter:
    """An ONNX graph, node by node, with weights that are drawn when they are needed."""

    def __init__(self, rng: np.random.Generator) -> None:
        self.rng = rng
        self.nodes: list[Any] = []
        self.weights: list[Any] = []

    def add(self, kind: str, *inputs: str, into: str | None = None, **attributes: Any) -> str:
        from onnx import helper

        name = into or f"value{len(self.nodes)}"
        self.nodes.append(helper.make_node(kind, list(inputs), [name], **attributes))
        return name

    def weight(self, *shape: int) -> str:
        from onnx import numpy_helper

        scale = (2 / max(np.prod(shape[1:]), 1)) ** 0.5
        name = f"weight{len(self.weights)}"
        values = (scale * self.rng.normal(size=shape)).astype(np.float32)
        self.weights.append(numpy_helper.from_array(values, name))
        return name

    def convolution(self, given: str, n_in: int, n_out: int, size: int, stride: int) -> str:
        weights = self.weight(n_out, n_in, size, size), self.weight(n_out)
        return self.add("Conv", given, *weights, strides=[stride] * 2, pads=[size // 2] * 4)

    def block(self, given: str, n_in: int, n_out: int, stride: int) -> str:
        first = self.add("Relu", self.convolution(given, n_in, n_out, 3, stride))
        second = self.convolution(first, n_out, n_out, 3, 1)
        around = self.convolution(given, n_in, n_out, 1, stride)
        return self.add("Relu", self.add("Add", second, around))

    def dense(self, given: str, n_in: int, n_out: int, **options: Any) -> str:
        product = self.add("MatMul", given, self.weight(n_in, n_out))
        return self.add("Add", product, self.weight(n_out), **options)

    def finish(self, given: dict[str, list[Any]], found: list[str]) -> bytes:
        from onnx import TensorProto, helper

        inputs = [helper.make_tensor_value_info(k, TensorProto.FLOAT, s) for k, s in given.items()]
        outputs = [helper.make_tensor_value_info(k, TensorProto.FLOAT, None) for k in found]
        graph = helper.make_graph(self.nodes, "tiny", inputs, outputs, self.weights)
        opsets = [helper.make_opsetid("", 17)]
        return bytes(
            helper.make_model(graph, opset_imports=opsets, ir_version=8).SerializeToString()
        )


def frames_graph(rng: np.random.Generator) -> bytes:
    graph = GraphWriter(rng)
    state = graph.add("Transpose", "bands", perm=[0, 3, 1, 2])
    state = graph.add("Relu", graph.convolution(state, 2, VOICE_STAGES[0], 5, 2))
    n_in, names = VOICE_STAGES[0], []
    for place, n_out in enumerate(VOICE_STAGES):
        state = graph.block(state, n_in, n_out, 1 if place == 0 else 2)
        over_bands = graph.add("ReduceMean", state, axes=[3], keepdims=0)
        names.append(f"stage{place + 1}")
        graph.add("Transpose", over_bands, into=names[-1], perm=[0, 2, 1])
        n_in = n_out
    hidden = graph.add("Tanh", graph.dense(names[-1], n_in, 3))
    weighed = graph.dense(hidden, 3, 1)
    graph.weights.append(whole_numbers("rows", [1, -1]))
    graph.add("Reshape", weighed, "rows", into="attention")
    return graph.finish({"bands": [1, "time", "bands", 2]}, [*names, "attention"])


def whole_numbers(name: str, values: list[int]) -> Any:
    from onnx import numpy_helper

    return numpy_helper.from_array(np.array(values, dtype=np.int64), name)


def clip_graph(rng: np.random.Generator) -> bytes:
    graph = GraphWriter(rng)
    dim = 3 * VOICE_STAGES[-1]
    graph.add("Relu", graph.dense("pooled", dim, 5), into="penultimate")
    for head in ("emotion", "votes"):
        graph.dense("penultimate", 5, len(EMOTIONS), into=head)
    return graph.finish({"pooled": [1, dim]}, ["penultimate", "emotion", "votes"])
