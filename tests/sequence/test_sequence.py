"""Scaling and flattening of padded sequences."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.preprocessing import StandardScaler

from sklearn_ser import SequenceFlattener, SequenceScaler


def padded(lengths: list[int], n_coefs: int = 3, n_frames: int = 9) -> np.ndarray:
    rng = np.random.default_rng(sum(lengths))
    sequences = rng.normal(5, 3, size=(len(lengths), n_frames, n_coefs)).astype(np.float32)
    for sequence, length in zip(sequences, lengths, strict=True):
        sequence[length:] = 0
    return sequences


@given(st.lists(st.integers(1, 9), min_size=2, max_size=12))
def test_scaling_is_that_of_the_real_frames(lengths) -> None:
    sequences = padded(lengths)
    real = np.concatenate([s[:n] for s, n in zip(sequences, lengths, strict=True)])
    reference = StandardScaler().fit(real.astype(np.float64))
    scaler = SequenceScaler().fit(sequences)
    np.testing.assert_allclose(scaler.mean_, reference.mean_)
    np.testing.assert_allclose(scaler.scale_, reference.scale_)
    scaled = scaler.transform(sequences)
    assert scaled.dtype == np.float32
    for i, length in enumerate(lengths):
        expected = reference.transform(sequences[i, :length])
        np.testing.assert_allclose(scaled[i, :length], expected, atol=1e-5)
        assert not scaled[i, length:].any()
    np.testing.assert_allclose(scaler.inverse_transform(scaled), sequences, atol=1e-4)


def test_only_the_trailing_run_of_zeros_is_padding() -> None:
    sequences = np.array([[[0.0], [2.0], [0.0], [4.0], [0.0]]])
    scaler = SequenceScaler(with_std=False).fit(sequences)
    assert scaler.n_frames_seen_ == 4
    np.testing.assert_allclose(scaler.transform(sequences).ravel(), [-1.5, 0.5, -1.5, 2.5, 0])


def test_a_clip_of_zeros_has_one_real_frame() -> None:
    sequences = np.array([[[0.0], [0.0]], [[4.0], [4.0]]])
    scaler = SequenceScaler().fit(sequences)
    assert scaler.n_frames_seen_ == 3
    np.testing.assert_allclose(scaler.mean_, [8 / 3])


def test_a_constant_coefficient_is_only_centred() -> None:
    sequences = np.full((2, 3, 1), 0.1, dtype=np.float32)
    assert not SequenceScaler().fit_transform(sequences).any()


def test_another_number_of_coefficients_is_refused() -> None:
    scaler = SequenceScaler().fit(padded([3, 4]))
    with pytest.raises(ValueError, match=r"X has 2 coefficients a frame.*fitted on 3"):
        scaler.transform(padded([3, 4], n_coefs=2))
    assert scaler.transform(padded([3], n_frames=20)).shape == (1, 20, 3)


def test_nan_in_a_sequence_is_refused() -> None:
    sequences = padded([3, 4])
    sequences[0, 0, 0] = np.nan
    with pytest.raises(ValueError, match="contains NaN"):
        SequenceScaler().fit(sequences)


@pytest.mark.parametrize("order", ["feature", "frame"])
def test_flattened_columns_are_where_their_names_say(order) -> None:
    sequences = padded([9, 5], n_coefs=2)
    flattener = SequenceFlattener(order).fit(sequences)
    rows = flattener.transform(sequences)
    assert rows.flags.c_contiguous
    names = flattener.get_feature_names_out(["zcr", "rms"]).tolist()
    for t in range(9):
        for c, coef in enumerate(["zcr", "rms"]):
            column = names.index(f"{coef}_frame{t}")
            np.testing.assert_array_equal(rows[:, column], sequences[:, t, c])


def test_another_number_of_frames_is_refused() -> None:
    flattener = SequenceFlattener().fit(padded([3]))
    with pytest.raises(ValueError, match=r"X has 8 frames a clip.*fitted on 9.*n_frames"):
        flattener.transform(padded([3], n_frames=8))
