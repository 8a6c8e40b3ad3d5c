"""What the tests of the voice encoder share."""

from __future__ import annotations

import numpy as np
import pytest

from sklearn_ser import AudioClips


@pytest.fixture(scope="session")
def clips() -> AudioClips:
    """Six noises of unlike length that swell and fade, one of them of 10 ms."""
    rng = np.random.default_rng(0)
    lengths = (8000, 16000, 15500, 160, 15900, 24000)
    return AudioClips([0.3 * np.hanning(n) * rng.normal(size=n) for n in lengths])


@pytest.fixture(scope="session")
def long_clip() -> np.ndarray:
    """A minute of noise that swells and fades."""
    rng = np.random.default_rng(1)
    n = 60 * 16000
    swell = 1.1 + np.sin(np.arange(n) / 5000) * np.cos(np.arange(n) / 70000)
    return (0.1 * swell * rng.normal(size=n)).astype(np.float32)
