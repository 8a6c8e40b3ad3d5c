"""Statistics over frames: values, names, order and errors."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.stats
from hypothesis import given
from hypothesis import strategies as st

import sklearn_ser.features._functionals as functionals
from sklearn_ser.features._functionals import (
    STATISTICS,
    pool_frames,
    pooled_names,
    resolve_statistics,
)

EVERY = (*STATISTICS, "median", "p00", "p05", "p95", "p100")


def make_frames(n_frames=50, n_coefs=4, seed=0):
    rng = np.random.default_rng(seed)
    return (rng.gamma(2.0, size=(n_frames, n_coefs)) * [1, 10, 100, -3]).astype(np.float32)


def reference(name, frames, frames_per_second):
    exact = frames.astype(np.float64)
    if name.startswith("p") and name[1:].isdigit():
        return np.percentile(exact, int(name[1:]), axis=0)
    seconds = np.arange(len(frames)) / frames_per_second
    return {
        "mean": lambda: exact.mean(axis=0),
        "std": lambda: exact.std(axis=0),
        "min": lambda: exact.min(axis=0),
        "max": lambda: exact.max(axis=0),
        "range": lambda: np.ptp(exact, axis=0),
        "median": lambda: np.median(exact, axis=0),
        "iqr": lambda: scipy.stats.iqr(exact, axis=0),
        "skew": lambda: scipy.stats.skew(exact, axis=0),
        "kurtosis": lambda: scipy.stats.kurtosis(exact, axis=0),
        "slope": lambda: np.polyfit(seconds, exact, 1)[0],
    }[name]()


class TestResolve:
    @pytest.mark.parametrize(
        ("pooling", "expected"),
        [
            ("mean", ("mean",)),
            ("mean_std", ("mean", "std")),
            ("median", ("median",)),
            (("max", "p07", "p7"), ("max", "p07", "p7")),
            (["mean", "slope"], ("mean", "slope")),
        ],
    )
    def test_names(self, pooling, expected):
        assert resolve_statistics(pooling) == expected

    @pytest.mark.parametrize("name", EVERY)
    def test_every_statistic_is_accepted(self, name):
        assert resolve_statistics((name,)) == (name,)

    @pytest.mark.parametrize(
        ("pooling", "message"),
        [
            ("mena", "'mena' is no statistic. Did you mean 'mean'"),
            ("mean_sdt", r"Did you mean 'mean_std'\?"),
            (("mean", "kurtossis"), r"Did you mean 'kurtosis'\?"),
            ("xyz", "'xyz' is no statistic. There are mean, std"),
            ("p101", "'p101' is no statistic"),
            ("p5x", "'p5x' is no statistic"),
            (("mean_std", "max"), r"'mean_std' is a shorthand.*'mean', 'std'"),
            (("mean", 3), "3 is no statistic"),
            ((), "pooling names no statistic"),
            (("mean", "mean"), "pooling names a statistic twice"),
        ],
    )
    def test_refused(self, pooling, message):
        with pytest.raises(ValueError, match=message):
            resolve_statistics(pooling)


class TestPool:
    @pytest.mark.parametrize("n_frames", [2, 3, 50, 301])
    @pytest.mark.parametrize("name", EVERY)
    def test_values(self, name, n_frames):
        frames = make_frames(n_frames)
        expected = reference(name, frames, 100.0)
        np.testing.assert_allclose(
            pool_frames(frames, (name,), 100.0), expected, rtol=2e-6, atol=2e-6
        )

    def test_statistic_by_statistic(self):
        frames = make_frames()
        pooled = pool_frames(frames, ("mean", "std", "max"), 100.0)
        names = pooled_names(["a", "b", "c", "d"], ("mean", "std", "max"))
        assert pooled.shape == (12,)
        assert pooled.dtype == np.float32
        assert names[:5] == ["a_mean", "b_mean", "c_mean", "d_mean", "a_std"]
        np.testing.assert_array_equal(pooled[8:], frames.max(axis=0))

    def test_slope_is_per_second(self):
        frames = np.arange(50, dtype=np.float32)[:, None]
        np.testing.assert_allclose(pool_frames(frames, ("slope",), 100.0), 100, rtol=1e-6)
        np.testing.assert_allclose(pool_frames(frames, ("slope",), 50.0), 50, rtol=1e-6)

    @given(
        value=st.floats(-(2.0**100), 2.0**100, width=32),
        n_frames=st.integers(1, 400),
    )
    def test_constants(self, value, n_frames):
        frames = np.full((n_frames, 2), value, np.float32)
        pooled = pool_frames(frames, EVERY, 100.0).reshape(len(EVERY), 2)
        for name, found in zip(EVERY, pooled, strict=True):
            spreads = name in ("std", "range", "iqr", "skew", "kurtosis", "slope")
            np.testing.assert_array_equal(found, 0 if spreads else np.float32(value), name)

    def test_one_frame(self):
        pooled = pool_frames(make_frames(1), ("std", "slope", "skew", "kurtosis"), 100.0)
        np.testing.assert_array_equal(pooled, 0)

    def test_kurtosis_of_two_values_is_minus_two(self):
        frames = np.array([[0.0], [1.0]] * 10, np.float32)
        np.testing.assert_allclose(pool_frames(frames, ("kurtosis",), 100.0), -2)

    def test_block_by_block(self, monkeypatch):
        frames = make_frames(100)
        expected = pool_frames(frames, EVERY, 100.0)
        monkeypatch.setattr(functionals, "_BLOCK_VALUES", 1)
        np.testing.assert_array_equal(pool_frames(frames, EVERY, 100.0), expected)

    def test_input_is_left_alone(self):
        frames = make_frames()
        frames.setflags(write=False)
        before = frames.copy()
        pool_frames(frames, EVERY, 100.0)
        np.testing.assert_array_equal(frames, before)

    def test_one_coefficient_is_left_alone_too(self):
        frames = np.linspace(1, 0, 50, dtype=np.float32)[:, None]
        before = frames.copy()
        _, slope = pool_frames(frames, ("p05", "slope"), 49.0)
        np.testing.assert_array_equal(frames, before)
        np.testing.assert_allclose(slope, -1, rtol=1e-5)

    @pytest.mark.parametrize("shape", [(0, 3), (5,)])
    def test_no_frames(self, shape):
        with pytest.raises(ValueError, match="at least one frame, got"):
            pool_frames(np.zeros(shape, np.float32), ("mean",), 100.0)
