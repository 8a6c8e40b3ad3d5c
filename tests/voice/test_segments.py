"""Runs of frames, contours and rhythm."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sklearn_ser.voice._segments import CONTOUR, RHYTHM, contour, rhythm, runs


def flags(text: str) -> np.ndarray:
    return np.array([letter == "x" for letter in text])


@given(st.lists(st.booleans(), min_size=1, max_size=60))
def test_runs_give_the_flags_back(values):
    given_flags = np.array(values)
    found = np.zeros_like(given_flags)
    for start, end in zip(*runs(given_flags), strict=True):
        assert start < end
        found[start:end] = True
    np.testing.assert_array_equal(found, given_flags)


class TestContour:
    def test_lines(self):
        values = np.zeros(40, np.float32)
        values[5:15] = np.arange(10) * 0.1  # 10 semitones a second, for 100 ms
        values[20:40] = 4 - np.arange(20) * 0.05
        found = contour(values, (values != 0) | (np.arange(40) == 5), 100.0)
        told = dict(zip(CONTOUR, found, strict=True))
        assert told["slope_mean"] == pytest.approx(2.5, abs=1e-5)
        assert told["slope_std"] == pytest.approx(7.5, abs=1e-5)
        assert told["rising_share"] == 0.5
        assert told["rising_slope"] == pytest.approx(5, abs=1e-5)
        assert told["falling_slope"] == pytest.approx(-2.5, abs=1e-5)
        assert told["last_slope"] == pytest.approx(-5, abs=1e-5)
        assert told["segment_range_max"] == pytest.approx(0.95, abs=1e-5)
        assert told["segment_range_mean"] == pytest.approx((0.9 + 0.95) / 2, abs=1e-5)
        assert told["segment_mean_std"] == pytest.approx((4 - 0.475 - 0.45) / 2, abs=1e-5)

    @pytest.mark.parametrize("text", ["....", "xxx.xxx"])
    def test_nothing_long_enough(self, text):
        values = np.arange(len(text), dtype=np.float32)
        np.testing.assert_array_equal(contour(values, flags(text), 100.0), 0)

    def test_equals_a_fit_to_each_run(self):
        rng = np.random.default_rng(0)
        values = rng.normal(size=200).astype(np.float32)
        voiced = np.repeat(rng.random(20) > 0.4, 10)
        slopes = [
            np.polyfit(np.arange(e - s) / 100, values[s:e], 1)[0]
            for s, e in zip(*runs(voiced), strict=True)
        ]
        assert contour(values, voiced, 100.0)[0] == pytest.approx(np.mean(slopes), rel=1e-4)


class TestRhythm:
    def test_a_count(self):
        active = flags("..xxxxxxxxxx....xxxx")
        voiced = flags("....xxxx.xx.....xx..")
        told = dict(zip(RHYTHM, rhythm(voiced, active, 10.0), strict=True))
        assert told["speech_seconds"] == pytest.approx(1.8)
        assert told["voiced_rate"] == pytest.approx(3 / 1.8)
        assert told["voiced_seconds_mean"] == pytest.approx(0.8 / 3)
        assert told["voiced_seconds_max"] == pytest.approx(0.4)
        assert told["voiced_share"] == pytest.approx(8 / 18)
        assert told["unvoiced_share"] == pytest.approx(10 / 18)
        assert told["pause_rate"] == pytest.approx(1 / 1.8)
        assert told["pause_seconds_mean"] == pytest.approx(0.4)
        assert told["speech_share"] == pytest.approx(14 / 18)

    def test_silence_around_changes_nothing(self):
        active, voiced = flags("xxxx..xx"), flags("xx....x.")
        around = np.pad(active, 9), np.pad(voiced, 9)
        np.testing.assert_array_equal(
            rhythm(around[1], around[0], 100.0), rhythm(voiced, active, 100.0)
        )

    def test_no_voice(self):
        found = rhythm(flags("...."), flags(".xx."), 100.0)
        assert np.isfinite(found).all()
        assert found[RHYTHM.index("voiced_rate")] == 0
