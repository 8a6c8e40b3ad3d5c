"""What the tests of encoders share: no test touches the user's cache or the network."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from joblib.externals.loky import get_reusable_executor

from sklearn_ser import AudioClips


@pytest.fixture
def clips() -> AudioClips:
    """Six clips of unlike length, one of them shorter than 50 ms."""
    rng = np.random.default_rng(0)
    lengths = (8000, 16000, 15500, 700, 15900, 24000)
    return AudioClips([0.1 * rng.normal(size=n) + 0.02 for n in lengths])


@pytest.fixture
def hub_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty cache of the hub; exported networks lie beside it."""
    reason = "the extra wav2vec2 is not installed"
    constants = pytest.importorskip("huggingface_hub.constants", reason=reason)
    cache = tmp_path / "hub"
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(cache))
    return cache


@pytest.fixture
def new_workers() -> Iterator[None]:
    """Start and end without joblib's idle workers.

    A worker that grows by as much as torch takes, after a small first task, is replaced with a
    warning; as an error, that warning would end the thread that waits for the workers.
    """
    get_reusable_executor().shutdown(wait=True)
    yield
    get_reusable_executor().shutdown(wait=True)


@pytest.fixture
def loaded(monkeypatch: pytest.MonkeyPatch) -> list:
    """The networks that are loaded from here on."""
    from sklearn_ser.encoders import _encoding

    networks: list = []
    load = _encoding.load_network
    monkeypatch.setattr(
        _encoding, "load_network", lambda *given: networks.append(load(*given)) or networks[-1]
    )
    _encoding.forget_encoders()
    return networks
