"""SpecAugmenter: masks hide what they should, and padding stays padding."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sklearn_ser import SpecAugmenter
from sklearn_ser.augmentation._spec import mask_sequence
from sklearn_ser.exceptions import AudioError
from sklearn_ser.utils._sequences import count_real_frames


def padded(n_real: int, n_padding: int, n_coefs: int, seed: int = 0) -> np.ndarray:
    sequence = np.zeros((n_real + n_padding, n_coefs), np.float32)
    sequence[:n_real] = np.random.default_rng(seed).normal(3, 1, (n_real, n_coefs))
    return sequence


@settings(max_examples=60, deadline=None)
@given(
    n_real=st.integers(1, 40),
    n_padding=st.integers(0, 9),
    n_coefs=st.integers(1, 20),
    width=st.sampled_from([0.0, 0.3, 1.0, (0.0, 1.0)]),
    centred=st.booleans(),
    seed=st.integers(0, 999),
)
def test_padding_stays_padding_and_nothing_else_becomes_it(
    n_real, n_padding, n_coefs, width, centred, seed
):
    sequence = padded(n_real, n_padding, n_coefs, seed)
    if centred:
        sequence[:n_real] = np.sign(sequence[:n_real] - sequence[:n_real].mean(axis=0)) + 1e-9
    before = sequence.copy()
    result = SpecAugmenter(width, width).augment(sequence, random_state=seed)
    assert result.shape == sequence.shape
    assert result.dtype == np.float32
    np.testing.assert_array_equal(sequence, before)
    assert not result[n_real:].any()
    assert result[:n_real].any(axis=1).all()
    assert count_real_frames(result[None])[0] == n_real


def test_masks_hold_the_mean_of_the_real_frames():
    sequence = padded(10, 5, 4)
    masked = mask_sequence(sequence, [(2, 3)], [(1, 2)])
    mean = sequence[:10].mean(axis=0, dtype=float)
    np.testing.assert_allclose(masked[2:5], np.tile(mean, (3, 1)), rtol=1e-6)
    np.testing.assert_allclose(masked[:10, 1:3], np.tile(mean[1:3], (10, 1)), rtol=1e-6)
    untouched = np.ix_([0, 1, 5, 6, 7, 8, 9], [0, 3])
    np.testing.assert_array_equal(masked[untouched], sequence[untouched])


def test_a_mean_of_zero_makes_no_padding():
    sequence = np.array([[1.0, -2.0], [-1.0, 2.0]], np.float32)
    masked = mask_sequence(sequence, [(0, 2)], [])
    assert masked.any(axis=1).all()
    assert np.abs(masked).max() < 1e-5


def test_a_real_frame_of_zeros_within_the_clip_stays():
    sequence = np.array([[1.0], [0.0], [2.0], [0.0]], np.float32)
    np.testing.assert_array_equal(mask_sequence(sequence, [], []), sequence)


def test_a_clip_of_zeros_stays():
    assert not SpecAugmenter(1.0, 1.0).augment(np.zeros((4, 3)), random_state=0).any()


def test_widths_are_shares_of_real_frames_and_coefficients():
    augmenter = SpecAugmenter(0.25, 0.5, n_time_masks=1, n_frequency_masks=3)
    drawn = augmenter.draw(padded(40, 60, 10), None, random_state=0)
    assert (drawn["n_time_masks"], drawn["n_frequency_masks"]) == (1, 3)
    assert drawn["time_0_width"] == 10
    assert [drawn[f"frequency_{i}_width"] for i in range(3)] == [5, 5, 5]
    assert drawn["time_0_start"] <= 30


def test_draw_and_apply_are_augment():
    sequence, augmenter = padded(30, 2, 8), SpecAugmenter((0.1, 0.3), (0.1, 0.3))
    told = json.loads(json.dumps(augmenter.draw(sequence, None, random_state=5)))
    result = augmenter.augment(sequence, random_state=5)
    np.testing.assert_array_equal(augmenter.apply(sequence, None, **told), result)
    np.testing.assert_array_equal(augmenter.augment(sequence, 16000, 5), result)
    assert (result != sequence).any()


def test_starts_reach_every_frame():
    augmenter = SpecAugmenter(0.25, n_time_masks=1, n_frequency_masks=0)
    starts = {augmenter.draw(padded(8, 3, 1), None, seed)["time_0_start"] for seed in range(200)}
    assert starts == set(range(7))


def test_no_masks_and_probability_leave_a_copy():
    sequence = padded(6, 1, 3)
    for augmenter in (
        SpecAugmenter(n_time_masks=0, n_frequency_masks=0),
        SpecAugmenter(1.0, probability=0.0),
    ):
        result = augmenter.augment(sequence, random_state=0)
        np.testing.assert_array_equal(result, sequence)
        assert not np.shares_memory(result, sequence)


@pytest.mark.parametrize(
    ("augmenter", "message"),
    [
        (SpecAugmenter(1.5), "time_width=1.5 is not between 0 and 1"),
        (SpecAugmenter(0.1, -0.1), "frequency_width=-0.1 is not between 0 and 1"),
        (SpecAugmenter(np.nan), "time_width=nan is not finite"),
        (SpecAugmenter(n_time_masks=-1), "n_time_masks=-1 is not a whole number from 0 on"),
        (SpecAugmenter(n_frequency_masks=1.5), "n_frequency_masks=1.5 is not a whole number"),
    ],
)
def test_wrong_parameters(augmenter, message):
    with pytest.raises(ValueError, match=message):
        augmenter.augment(padded(5, 1, 2), random_state=0)


@pytest.mark.parametrize("sequence", [np.zeros(5), np.zeros((2, 3, 4)), np.zeros((2, 3), int)])
def test_what_is_no_sequence(sequence):
    with pytest.raises(AudioError, match="SpecAugmenter takes one clip's sequence, a 2-D array"):
        SpecAugmenter().augment(sequence)


def test_nan():
    with pytest.raises(AudioError, match="SpecAugmenter got NaN or infinity"):
        SpecAugmenter().augment([[np.nan]])
