"""Pitch as features: sequences, statistics of voiced frames, names and refusals."""

from __future__ import annotations

import numpy as np
import pytest

from sklearn_ser import AudioClips, FrameFeaturesTransformer, PitchTransformer
from sklearn_ser.features._functionals import pool_frames
from sklearn_ser.voice._base import pool_voice, pool_voiced

RATE = 16000


def voice(f0, n_samples=RATE, rate=RATE):
    times = np.arange(n_samples) / rate
    return sum(np.sin(2 * np.pi * k * f0 * times + k) / k for k in range(1, 10)).astype(np.float32)


def noise(n_samples, seed=0):
    return (0.1 * np.random.default_rng(seed).standard_normal(n_samples)).astype(np.float32)


def test_sequences_lie_beside_the_engines():
    clips = [voice(110, 8000), voice(220, 16000), noise(4000)]
    sequences = PitchTransformer().fit_transform(clips)
    assert sequences.shape == (3, 101, 2)
    assert sequences.dtype == np.float32
    assert sequences.flags.c_contiguous
    assert not sequences[0, 51:].any()
    assert FrameFeaturesTransformer(("rms",)).fit_transform(clips).shape[1] == 101
    np.testing.assert_allclose(sequences[0, 4:47], [[24, 1]] * 43, atol=0.05)
    np.testing.assert_allclose(sequences[1, 4:97], [[36, 1]] * 93, atol=0.05)


def test_names_and_statistics():
    extractor = PitchTransformer(pooling=("median", "std"))
    table = extractor.fit_transform([voice(110), voice(440)])
    names = ["f0_semitone_median", "voicing_median", "f0_semitone_std", "voicing_std"]
    assert extractor.get_feature_names_out().tolist() == names
    assert extractor.coefficient_names_ == ["f0_semitone", "voicing"]
    np.testing.assert_allclose(table[:, 0], [24, 48], atol=0.02)
    assert table[:, 2].max() < 0.5


def test_pitch_counts_in_voiced_frames_only():
    clip = np.concatenate([voice(110), noise(RATE)])
    mean_pitch, mean_voicing = PitchTransformer(pooling="mean").fit_transform([clip])[0]
    assert mean_pitch == pytest.approx(24, abs=0.1)
    assert mean_voicing == pytest.approx(0.5, abs=0.05)


@pytest.mark.parametrize("clip", [np.zeros(8000), noise(800), [0.5], [0.1, -0.1]])
def test_without_a_voiced_frame_pitches_are_zero(clip):
    extractor = PitchTransformer(pooling=("mean", "std", "min", "p95", "slope", "skew"))
    table = extractor.fit_transform([np.asarray(clip, np.float32)])
    assert not table[0, ::2].any()
    assert np.isfinite(table).all()


def test_gain_changes_nothing():
    clip = np.concatenate([voice(150), noise(RATE), voice(210)])
    extractor = PitchTransformer(pooling=("mean", "std", "p05", "slope"))
    loud, quiet = extractor.fit_transform([clip, np.float32(0.1) * clip])
    np.testing.assert_allclose(loud, quiet, atol=1e-3)


@pytest.mark.parametrize("rate", [8000, 22050, 24414, 44100, 96000])
def test_any_rate(rate):
    clips = AudioClips([voice(200, rate, rate)], rate)
    table = PitchTransformer(sample_rate=rate, pooling="median").fit_transform(clips)
    assert table[0, 0] == pytest.approx(12 * np.log2(200 / 27.5), abs=0.02)


def test_the_range_is_a_choice():
    tone = voice(800)
    assert PitchTransformer(pooling="median").fit_transform([tone])[0, 0] < 54
    higher = PitchTransformer(fmax=1000.0, pooling="median").fit_transform([tone])[0, 0]
    assert higher == pytest.approx(12 * np.log2(800 / 27.5), abs=0.02)


def test_workers_and_cache_change_nothing(tmp_path):
    clips = [voice(f0, 6000) for f0 in (90, 140, 300)]
    expected = PitchTransformer(pooling="mean_std").fit_transform(clips)
    for changes in ({"n_jobs": 2}, {"memory": tmp_path}, {"memory": tmp_path}):
        found = PitchTransformer(pooling="mean_std", **changes).fit_transform(clips)
        np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"fmin": 0.0}, "'fmin' parameter of PitchTransformer must be"),
        ({"fmin": 600.0}, "fmin=600.0 and fmax=600.0 span no band"),
        ({"fmax": 9000.0}, "fmax=9000.0 is above a quarter of sample_rate=16000"),
        ({"hop_length": 0}, "'hop_length' parameter"),
        ({"pooling": "avg"}, "'avg' is no statistic"),
    ],
)
def test_bad_parameters(parameters, message):
    with pytest.raises(ValueError, match=message):
        PitchTransformer(**parameters).fit([noise(800)])


class TestPooling:
    frames = np.random.default_rng(0).normal(size=(40, 3)).astype(np.float32)
    statistics = ("mean", "std", "p95", "slope")

    def test_all_frames_voiced(self):
        expected = pool_frames(self.frames, self.statistics, 100.0)
        found = pool_voice(self.frames, np.ones(40, bool), self.statistics, 100.0)
        np.testing.assert_allclose(found, expected, atol=1e-6)

    def test_the_slope_knows_of_pauses(self):
        times = np.arange(40) / 100
        frames = (3 * times[:, None] + 1).astype(np.float32)
        is_voiced = np.arange(40) % 7 < 3
        assert pool_voiced(frames, is_voiced, ("slope",), 100.0)[0, 0] == pytest.approx(3, rel=1e-4)

    def test_one_voiced_frame(self):
        is_voiced = np.arange(40) == 5
        pooled = pool_voiced(self.frames, is_voiced, self.statistics, 100.0)
        np.testing.assert_allclose(pooled[0], self.frames[5])
        np.testing.assert_array_equal(pooled[3], 0)

    def test_columns_that_mean_something_everywhere(self):
        is_voiced = np.arange(40) < 10
        found = pool_voice(self.frames, is_voiced, ("mean",), 100.0, everywhere=(1,))
        np.testing.assert_allclose(found[1], self.frames[:, 1].mean(), atol=1e-6)
        np.testing.assert_allclose(found[::2], self.frames[:10, ::2].mean(axis=0), atol=1e-6)
