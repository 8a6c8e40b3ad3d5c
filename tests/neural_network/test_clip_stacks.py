"""Stacks of layers: slicing reads nothing, checking reads a few clips at a time."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.base import BaseEstimator

from sklearn_ser.neural_network import _clip_stacks
from sklearn_ser.neural_network._clip_stacks import ClipStack, clips_at_once, validate_stack


class Estimator(BaseEstimator):
    """Stands for a network, which validates its stacks."""


@pytest.fixture
def array() -> np.ndarray:
    """Ten clips of three layers, four frames and two dimensions."""
    return np.random.default_rng(0).normal(size=(10, 3, 4, 2)).astype(np.float16)


@pytest.fixture
def two_clips_at_once(monkeypatch):
    monkeypatch.setattr(_clip_stacks, "_MOST_VALUES", 2 * 3 * 4 * 2)


class TestClipStack:
    def test_slices_of_slices_pick_the_clips(self, array):
        stack = ClipStack(array)[np.array([1, 3, 5, 7])][1:]
        assert stack.shape == (3, 3, 4, 2)
        assert len(stack) == 3
        np.testing.assert_array_equal(stack.read(), array[[3, 5, 7]])
        np.testing.assert_array_equal(stack.read([2, 0]), array[[7, 3]])

    def test_slicing_shares_the_array(self, array):
        assert ClipStack(array)[::2].array is array

    def test_clips_are_read_as_they_lie_there(self, array):
        assert ClipStack(array).dtype == ClipStack(array).read([0]).dtype == np.float16


@pytest.mark.parametrize(
    ("shape", "count"),
    [((12, 124, 768), 14), ((30, 216), 256), ((), 256), ((24, 1500, 1280), 1), ((0,), 256)],
)
def test_clips_at_once(shape, count):
    assert clips_at_once(shape) == count


class TestValidate:
    @pytest.mark.parametrize("dtype", [np.float16, np.float32])
    def test_floats_stay_where_they_are(self, dtype, array):
        array = array.astype(dtype)
        stack = validate_stack(Estimator(), array, reset=True)
        assert np.shares_memory(stack.array, array)
        assert stack.dtype == dtype

    def test_a_memory_map_stays_on_disk(self, array, tmp_path):
        np.save(tmp_path / "stack.npy", array)
        on_disk = np.load(tmp_path / "stack.npy", mmap_mode="r")
        assert np.shares_memory(validate_stack(Estimator(), on_disk, reset=True).array, on_disk)

    @pytest.mark.parametrize("dtype", [np.float64, np.int32])
    def test_other_numbers_become_float32(self, dtype, array):
        assert validate_stack(Estimator(), array.astype(dtype), reset=True).dtype == np.float32

    def test_a_list_will_do(self, array):
        stack = validate_stack(Estimator(), array.tolist(), reset=True)
        np.testing.assert_allclose(stack.read(), array)

    def test_labels_come_back_too(self, array):
        stack, y = validate_stack(Estimator(), array, list("abcdefghij"), reset=True)
        assert len(stack) == len(y) == 10

    def test_layers_are_counted(self, array):
        estimator = Estimator()
        validate_stack(estimator, array, reset=True)
        assert estimator.n_features_in_ == 3
        with pytest.raises(ValueError, match=r"X has 2 features, but Estimator is expecting 3"):
            validate_stack(estimator, array[:, :2], reset=False)

    @pytest.mark.parametrize("shape", [(10, 24), (10, 3, 8), (10, 3, 2, 2, 2)])
    def test_other_axes(self, shape, array):
        message = r"Estimator\(layer_weights=True\) takes stacks .* dim\), got X of shape \(10, "
        with pytest.raises(ValueError, match=message):
            validate_stack(Estimator(), array.reshape(shape), reset=True)

    @pytest.mark.parametrize("dtype", [np.float16, np.float32])
    @pytest.mark.parametrize("clip", [0, 5, 9])
    @pytest.mark.usefixtures("two_clips_at_once")
    def test_not_finite(self, clip, dtype, array):
        array = array.astype(dtype)
        array[clip, 1, 2, 1] = np.nan
        with pytest.raises(ValueError, match=rf"^Input X contains NaN in clip {clip}\.$"):
            validate_stack(Estimator(), array, reset=True)
        array[clip, 1, 2, 1] = -np.inf
        message = rf"contains infinity in clip {clip}\. Float16 ends at 65,504: keep such layers as"
        with pytest.raises(ValueError, match=message):
            validate_stack(Estimator(), array, reset=True)

    def test_the_largest_of_float16_is_finite(self, array):
        array[0, 0, 0] = [65504, -65504]
        assert len(validate_stack(Estimator(), array, reset=True)) == 10

    @pytest.mark.usefixtures("two_clips_at_once")
    def test_few_clips_are_read_at_a_time(self, array, monkeypatch):
        counts, read = [], ClipStack.read

        def spy(self, rows=slice(None)):
            counts.append(len(read(self, rows)))
            return read(self, rows)

        monkeypatch.setattr(ClipStack, "read", spy)
        validate_stack(Estimator(), array, reset=True)
        assert counts == [2] * 5
