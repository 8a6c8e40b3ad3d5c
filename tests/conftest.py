"""What every test shares: real corpora where they are, and tools that keep runs repeatable."""

from __future__ import annotations

import os
from pathlib import Path

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
