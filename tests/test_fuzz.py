"""Thousands of odd inputs: every one works, or ends in the one error that is promised."""

from __future__ import annotations

import contextlib
import pickle
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from sklearn_ser import AudioClips, FrameFeaturesTransformer, check_clips
from sklearn_ser.audio import read_audio
from sklearn_ser.exceptions import AudioReadError

pytestmark = pytest.mark.long

N_FILES = 3000
N_EXAMPLES = 3000

FORMATS = [
    ("wav", "PCM_16"),
    ("wav", "PCM_U8"),
    ("wav", "FLOAT"),
    ("flac", "PCM_16"),
    ("ogg", "VORBIS"),
    ("ogg", "OPUS"),
    ("mp3", "MPEG_LAYER_III"),
    ("aiff", "PCM_24"),
]


def damaged(data: bytes, rng: np.random.Generator) -> bytes:
    """Cut off, overwrite, insert or repeat a part of a file."""
    buffer = bytearray(data)
    for _ in range(rng.integers(1, 6)):
        place = int(rng.integers(0, max(len(buffer), 1)))
        kind = rng.integers(4)
        if kind == 0:
            del buffer[place:]
        elif kind == 1:
            buffer[place : place + 4] = rng.bytes(4)
        elif kind == 2:
            buffer[place:place] = rng.bytes(int(rng.integers(1, 50)))
        else:
            buffer[place:place] = buffer[place : place + 100]
    return bytes(buffer)


@pytest.mark.parametrize(("suffix", "subtype"), FORMATS)
def test_damaged_files_are_read_or_refused(tmp_path: Path, suffix: str, subtype: str) -> None:
    rng = np.random.default_rng(0)
    whole, path = tmp_path / f"whole.{suffix}", tmp_path / f"damaged.{suffix}"
    soundfile.write(whole, rng.normal(size=(2000, 2)) / 10, 16000, subtype=subtype)
    original = whole.read_bytes()
    for _ in range(N_FILES // len(FORMATS)):
        path.write_bytes(damaged(original, rng))
        with contextlib.suppress(AudioReadError):
            waveform, rate = read_audio(path)
            assert waveform.dtype == np.float32
            assert np.isfinite(waveform).all()
            assert rate > 0


anything = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**40), 2**40)
    | st.floats()
    | st.text(max_size=3)
    | hnp.arrays(
        st.sampled_from([np.float32, np.float64, np.int16, np.int64, np.complex64, "U2"]),
        hnp.array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=4),
    ),
    lambda inner: st.lists(inner, max_size=4) | st.tuples(inner, inner),
    max_leaves=8,
)


@settings(max_examples=N_EXAMPLES)
@given(anything)
def test_anything_becomes_clips_or_one_kind_of_error(X: Any) -> None:
    with contextlib.suppress(ValueError, TypeError):
        clips = check_clips(X)
        assert len(clips) >= 1
        assert all(np.isfinite(wave).all() and len(wave) for wave in clips)


def gain(waveform: np.ndarray, factor: float) -> np.ndarray:
    return waveform * np.float32(factor)


@settings(max_examples=N_EXAMPLES)
@given(st.data())
def test_clips_behave_like_a_list_of_arrays(data: Any) -> None:
    rng = np.random.default_rng(data.draw(st.integers(0, 2**32 - 1)))
    model = [rng.normal(size=n).astype("f4") for n in rng.integers(1, 30, size=6)]
    clips = AudioClips(model)
    for action in data.draw(st.lists(st.sampled_from(["take", "map", "join", "pickle", "load"]))):
        if action == "take":
            chosen = rng.integers(0, len(model), size=rng.integers(1, 12))
            clips, model = clips[chosen], [model[i] for i in chosen]
        elif action == "map":
            clips, model = clips.map(partial(gain, factor=0.5)), [gain(w, 0.5) for w in model]
        elif action == "join" and len(model) < 100:
            clips, model = AudioClips.concatenate([clips, clips[:2]]), model + model[:2]
        elif action == "pickle":
            clips = pickle.loads(pickle.dumps(clips))
        elif action == "load":
            clips = clips.load()
    assert len(clips) == len(model)
    for clip, wave in zip(clips, model, strict=True):
        np.testing.assert_array_equal(clip, wave)


@settings(max_examples=N_EXAMPLES)
@given(
    hnp.arrays(np.float32, st.integers(1, 3000), elements=st.floats(-1, 1, width=32)),
    st.sampled_from([8000, 16000, 24414, 44100]),
    st.booleans(),
    st.integers(0, 2),
)
def test_features_of_any_waveform_are_finite(waveform, sample_rate, center, deltas) -> None:
    extractor = FrameFeaturesTransformer(
        ("zcr", "rms", "mfcc", "mel"),
        sample_rate=sample_rate,
        center=center,
        deltas=deltas,
        pooling=("mean", "std", "skew", "kurtosis", "slope", "p05", "iqr"),
    )
    assert np.isfinite(extractor.fit_transform([waveform])).all()
