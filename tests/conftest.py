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
