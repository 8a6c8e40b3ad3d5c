"""Modulation spectrum, autocorrelation and covariance of descriptors."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.linalg
from hypothesis import given
from hypothesis import strategies as st

from sklearn_ser.voice._time_course import (
    LAGS,
    MODULATION_HZ,
    autocorrelation,
    log_covariance,
    modulation_spectrum,
    pair_names,
)

RATE = 100.0


def wave(hertz: float, n_frames: int = 400) -> np.ndarray:
    times = np.arange(n_frames) / RATE
    return np.sin(2 * np.pi * hertz * times).astype(np.float32)[:, None]


class TestModulationSpectrum:
    @pytest.mark.parametrize("hertz", [0.75, 1.5, 2.5, 3.5, 5, 7, 10, 14, 20, 30])
    def test_a_tremor_is_found_where_it_is(self, hertz):
        found = modulation_spectrum(wave(hertz), RATE)
        expected = np.searchsorted(MODULATION_HZ, hertz) - 1
        assert found.argmax() == expected

    def test_coefficient_by_coefficient(self):
        slow, fast = wave(1.5), wave(20)
        both = modulation_spectrum(np.hstack([slow, fast]), RATE).reshape(2, -1)
        np.testing.assert_allclose(both[0], modulation_spectrum(slow, RATE), rtol=1e-5)
        np.testing.assert_allclose(both[1], modulation_spectrum(fast, RATE), rtol=1e-5)

    def test_a_constant_does_not_move(self):
        found = modulation_spectrum(np.full((300, 2), -40, np.float32), RATE)
        np.testing.assert_allclose(found, np.log(1e-3), rtol=1e-6)

    def test_does_not_depend_on_how_long_it_goes_on(self):
        short, long = (modulation_spectrum(wave(5, n), RATE) for n in (400, 3000))
        assert short.argmax() == long.argmax()
        assert short.max() < long.max() < short.max() + np.log(3000 / 400) + 0.1

    @given(st.integers(1, 40), st.integers(1, 3))
    def test_any_length_is_finite(self, n_frames, n_coefs):
        frames = np.random.default_rng(n_frames).normal(size=(n_frames, n_coefs))
        found = modulation_spectrum(frames.astype(np.float32), RATE)
        assert found.shape == (10 * n_coefs,)
        assert np.isfinite(found).all()


class TestAutocorrelation:
    def test_a_wave_returns_after_its_period(self):
        found = dict(zip(LAGS, autocorrelation(wave(5), 0.0), strict=True))
        assert found[20] == pytest.approx(1, abs=0.01)
        assert found[30] == pytest.approx(-1, abs=0.01)

    def test_noise_does_not_return(self):
        noise = np.random.default_rng(0).normal(size=(5000, 2)).astype(np.float32)
        np.testing.assert_allclose(autocorrelation(noise, 0.0), 0, atol=0.05)

    @pytest.mark.parametrize("n_frames", [1, 2, 5, 20])
    def test_lags_beyond_the_clip_are_zero(self, n_frames):
        frames = np.random.default_rng(0).normal(size=(n_frames, 2)).astype(np.float32)
        found = autocorrelation(frames, 1.0).reshape(2, -1)
        beyond = np.array(LAGS) >= n_frames
        np.testing.assert_array_equal(found[:, beyond], 0)
        assert np.all(found[:, ~beyond] != 0)


class TestLogCovariance:
    def test_equals_the_logarithm_of_the_matrix(self):
        frames = np.random.default_rng(0).normal(size=(200, 4)) @ np.diag([1, 2, 3, 4])
        covariance = np.cov(frames.T, bias=True) + 0.5 * np.eye(4)
        expected = scipy.linalg.logm(covariance)
        found = log_covariance(frames.astype(np.float32), 0.5)
        rows, columns = np.triu_indices(4)
        weights = np.where(rows == columns, 1, np.sqrt(2))
        np.testing.assert_allclose(found, expected[rows, columns] * weights, atol=1e-5)

    def test_a_constant_has_the_softness_alone(self):
        found = log_covariance(np.ones((10, 2), np.float32), 0.5)
        np.testing.assert_allclose(found, [np.log(0.5), 0, np.log(0.5)])

    def test_names_go_with_the_values(self):
        names = pair_names(["a", "b", "c"])
        frames = np.zeros((100, 3), np.float32)
        frames[:, 0] = frames[:, 2] = np.random.default_rng(0).normal(size=100)
        found = dict(zip(names, log_covariance(frames, 0.1), strict=True))
        assert found["a_by_c_log_covariance"] > 1
        assert found["a_by_b_log_covariance"] == pytest.approx(0, abs=1e-6)
        assert found["b_log_variance"] == pytest.approx(np.log(0.1), abs=1e-6)
