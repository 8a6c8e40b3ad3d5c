"""Framing: counts, views and padding."""

from __future__ import annotations

import librosa
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sklearn_ser.utils._frames import count_signal_frames, frame_view, pad_signal


@given(
    n_samples=st.integers(0, 500),
    frame_length=st.integers(1, 300),
    hop_length=st.integers(1, 400),
    center=st.booleans(),
)
def test_count_is_librosas(n_samples, frame_length, hop_length, center):
    found = count_signal_frames(n_samples, frame_length, hop_length, center=center)
    padded = n_samples + (2 * (frame_length // 2) if center else 0)
    signal = np.zeros(max(padded, frame_length))
    expected = librosa.util.frame(signal, frame_length=frame_length, hop_length=hop_length)
    assert found == expected.shape[1]


def test_view_holds_the_frames():
    signal = np.arange(20, dtype=np.float32)
    frames = frame_view(signal, 6, 4, 4)
    np.testing.assert_array_equal(
        frames, librosa.util.frame(signal, frame_length=6, hop_length=4).T
    )


def test_view_shares_memory_and_is_read_only():
    signal = np.arange(20, dtype=np.float32)
    frames = frame_view(signal, 6, 4, 4)
    assert np.shares_memory(frames, signal)
    with pytest.raises(ValueError, match="read-only"):
        frames[0, 0] = 1


def test_view_of_a_read_only_signal_outlives_it():
    signal = np.arange(20, dtype=np.float32)
    signal.setflags(write=False)
    frames = frame_view(signal, 6, 4, 4)
    del signal
    assert frames[3].tolist() == [12, 13, 14, 15, 16, 17]


def test_view_beyond_the_signal():
    with pytest.raises(
        ValueError, match=r"5 frames of 6 samples every 4 need 22 samples, but .* 20"
    ):
        frame_view(np.zeros(20, np.float32), 6, 4, 5)


@pytest.mark.parametrize("mode", ["constant", "edge", "reflect", "symmetric", "linear_ramp"])
@pytest.mark.parametrize("n_samples", [1, 2, 3, 50])
def test_padding_is_numpys(mode, n_samples):
    signal = np.random.default_rng(0).standard_normal(n_samples).astype(np.float32)
    padded = pad_signal(signal, 7, 12, mode=mode)
    np.testing.assert_array_equal(padded, np.pad(signal, (7, 12), mode=mode))
    assert padded.dtype == np.float32


@pytest.mark.parametrize("mode", ["constant", "edge", "reflect", "symmetric", "linear_ramp"])
def test_nothing_is_padded_with_zeros(mode):
    np.testing.assert_array_equal(pad_signal(np.zeros(0, np.float32), 3, 2, mode=mode), np.zeros(5))


def test_padding_copies_always():
    signal = np.ones(4, np.float32)
    assert not np.shares_memory(pad_signal(signal, 0, 0), signal)
