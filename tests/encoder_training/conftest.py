"""Small clips and tiny networks, and trainings in processes of their own."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sklearn.utils import Bunch

from sklearn_ser.audio import write_audio
from sklearn_ser.datasets import make_emotional_speech
from sklearn_ser.encoder_training import EncoderRecipe


@pytest.fixture(scope="session")
def speech() -> Bunch:
    """Twenty-four clips of four speakers in two emotions."""
    return make_emotional_speech(4, ("angry", "sad"), 1, random_state=0)


@pytest.fixture
def tiny() -> EncoderRecipe:
    """Two stages, two epochs."""
    return EncoderRecipe(
        epochs=2, batch_size=8, widths=(4, 8), blocks=(1, 1), precision="float32", longest_crop=60
    )


@pytest.fixture(scope="session")
def table(speech: Bunch, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The clips as files, with a table of path, label, speaker, sex and votes."""
    folder = tmp_path_factory.mktemp("recordings")
    names = [f"{number}.wav" for number in range(len(speech.data))]
    for name, waveform in zip(names, speech.data, strict=True):
        write_audio(folder / name, np.clip(waveform, -1, 1), speech.data.sample_rate)
    rows = {
        "path": names,
        "label": speech.target,
        "speaker": speech.groups,
        "sex": speech.frame["sex"],
        "votes": speech.target,
    }
    pd.DataFrame(rows).to_csv(folder / "clips.csv", index=False)
    return folder / "clips.csv"


@pytest.fixture
def run_alone(tmp_path: Path) -> Callable[..., str]:
    """Run Python in a process of its own, which sets its number of threads itself."""

    def run(code: str, **environment: str) -> str:
        done = subprocess.run(
            [sys.executable, "-c", code],
            capture_output=True,
            text=True,
            encoding="utf-8",
            cwd=tmp_path,
            env={**os.environ, "TF_CPP_MIN_LOG_LEVEL": "2", **environment},
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    return run
