"""Formants of made vowels, whose resonances are known, and of recordings beside Praat's."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.linalg
import scipy.signal
import soxr

import sklearn_ser.voice._formants as formants_module
import sklearn_ser.voice._spectra as spectra_module
from sklearn_ser import AudioClips, FormantTransformer
from sklearn_ser.audio import read_audio
from sklearn_ser.voice import PitchSettings, VoiceSpectra, track_formants, track_pitch
from sklearn_ser.voice._linear_prediction import autocorrelation, find_poles, predict

VOWELS = {
    "a": ((730, 90), (1100, 110), (2500, 170), (3500, 250), (4500, 300)),
    "i": ((300, 60), (2250, 100), (3000, 150), (3600, 200), (4600, 300)),
    "u": ((320, 60), (870, 90), (2300, 130), (3400, 200), (4400, 300)),
    "neutral": ((500, 80), (1500, 100), (2500, 150), (3500, 200), (4500, 250)),
}


def settings(rate=16000):
    return PitchSettings(rate, round(rate / 100))


def vowel(formants, f0=110.0, seconds=0.5, rate=16000):
    """Pulses through the slope of glottis and lips, -6 dB an octave, and the resonances."""
    samples = np.zeros(round(seconds * 16000))
    samples[np.arange(0, len(samples), 16000 / f0).astype(int)] = 1
    samples = scipy.signal.lfilter([1], [1, -np.exp(-2 * np.pi * 50 / 16000)], samples)
    for frequency, bandwidth in formants:
        pole = np.exp(np.pi / 16000 * (-bandwidth + 2j * frequency))
        samples = scipy.signal.lfilter([1], [1, -2 * pole.real, abs(pole) ** 2], samples)
    samples = soxr.resample(samples, 16000, rate)
    return (samples / np.abs(samples).max()).astype(np.float32)


def noise(n_samples, seed=0):
    return (0.1 * np.random.default_rng(seed).standard_normal(n_samples)).astype(np.float32)


@pytest.mark.parametrize("rate", [16000, 24414, 48000])
@pytest.mark.parametrize("name", VOWELS)
def test_a_vowels_formants(name, rate):
    found = track_formants(vowel(VOWELS[name], rate=rate), settings(rate))
    frequency, bandwidth = (np.median(a, axis=0) for a in found[:2])
    expected = np.array(VOWELS[name][:3])
    np.testing.assert_allclose(frequency, expected[:, 0], rtol=0.07)
    ratio = bandwidth / expected[:, 1]
    assert ratio.min() > 1 / 3
    assert ratio.max() < 3


def test_at_8_khz():
    found = track_formants(vowel(VOWELS["neutral"], rate=8000), settings(8000))
    np.testing.assert_allclose(np.median(found.frequency, axis=0), [500, 1500, 2500], rtol=0.07)


def test_levels_fall_from_formant_to_formant():
    level = np.median(track_formants(vowel(VOWELS["neutral"]), settings()).level, axis=0)
    assert level[0] > level[1] + 6 > level[2] + 12
    assert 3 < level[0] < 25


def test_poles_are_those_of_eigenvalues():
    spectra = VoiceSpectra(noise(16000) + vowel(VOWELS["a"], seconds=1.0), settings())
    power = np.concatenate([power for _, power in spectra.blocks()])
    coefficients, _ = predict(autocorrelation(power, 11))
    found = find_poles(coefficients, 11000.0)
    for frame, column in enumerate(coefficients.T):
        roots = np.roots(column)
        roots = np.sort_complex(roots[roots.imag > 0])
        expected = np.sort(np.angle(roots)) * 11000 / (2 * np.pi)
        np.testing.assert_allclose(found.frequency[found.frame == frame], expected, atol=0.1)


def test_prediction_solves_the_normal_equations():
    correlations = autocorrelation(np.square(noise(221 * 3).reshape(3, 221)), 9)
    coefficients, error = predict(correlations)
    for row, column, left in zip(correlations, coefficients.T, error, strict=True):
        matrix = scipy.linalg.toeplitz(row[:-1].astype(float))
        expected = np.linalg.solve(matrix, -row[1:].astype(float))
        np.testing.assert_allclose(column, [1, *expected], atol=1e-4)
        assert left == pytest.approx(float(row @ column) / row[0], abs=1e-4)


@pytest.mark.parametrize("gain", [0.1, 10.0, 1e-15])
def test_gain_changes_nothing(gain):
    clip = vowel(VOWELS["i"]) + 0.01 * noise(8000)
    for one, other in zip(
        track_formants(clip, settings()),
        track_formants(clip * np.float32(gain), settings()),
        strict=True,
    ):
        np.testing.assert_allclose(one, other, rtol=1e-3, atol=0.05)


def test_a_constant_offset_changes_nothing():
    clip = vowel(VOWELS["u"])
    one, other = (track_formants(c, settings()).frequency for c in (clip, clip + np.float32(0.5)))
    np.testing.assert_allclose(one[5:-5], other[5:-5], rtol=0.01)


TIMES = np.arange(8000) / 16000
ODD = {
    "silence": np.zeros(8000),
    "constant": np.full(8000, 0.3),
    "50 ms": noise(800),
    "one sample": np.array([0.5]),
    "two samples": np.array([0.5, -0.5]),
    "tone": np.sin(2 * np.pi * 440 * TIMES),
    "high tone": np.sin(2 * np.pi * 7000 * TIMES),
    "clipped": np.clip(5 * vowel(VOWELS["a"]), -1, 1),
    "one click": np.eye(1, 8000, 4000)[0],
    "tiny": 1e-38 * noise(8000),
    "silence between": np.concatenate([noise(3000), np.zeros(4000), noise(3000)]),
}


@pytest.mark.parametrize("name", ODD)
def test_whatever_the_clip_formants_are_finite(name):
    clip = ODD[name].astype(np.float32)
    found = track_formants(clip, settings())
    assert found.frequency.shape == (1 + len(clip) // 160, 3)
    for values in found:
        assert values.dtype == np.float32
        assert np.isfinite(values).all()
    assert (np.diff(found.frequency, axis=1) > 0).all()
    assert found.frequency.min() > 50
    assert found.frequency.max() < 5500
    assert found.bandwidth.min() > 0


def test_without_any_formant_those_of_a_neutral_vowel():
    found = track_formants(np.zeros(800, np.float32), settings())
    np.testing.assert_array_equal(found.frequency, [[500, 1500, 2500]] * 6)
    np.testing.assert_array_equal(found.bandwidth, [[80, 100, 150]] * 6)
    assert not found.level.any()


def test_frames_that_are_not_asked_for_lie_between_the_others():
    clip = vowel(VOWELS["a"]) + 0.01 * noise(8000)
    everywhere, chosen = track_formants(clip, settings()), np.zeros(51, bool)
    chosen[[10, 20]] = True
    some = track_formants(clip, settings(), is_voiced=chosen)
    np.testing.assert_array_equal(some.frequency[chosen], everywhere.frequency[chosen])
    np.testing.assert_allclose(some.frequency[15], some.frequency[[10, 20]].mean(axis=0), rtol=1e-5)
    np.testing.assert_array_equal(some.frequency[:10], some.frequency[[10] * 10])


@pytest.mark.parametrize("frames_a_block", [1, 7, 64])
def test_the_size_of_a_block_changes_nothing(frames_a_block, monkeypatch):
    clip = vowel(VOWELS["a"], seconds=1.0) + noise(16000)
    expected = track_formants(clip, settings())
    monkeypatch.setattr(spectra_module, "_TRANSFORM_VALUES", 640 * frames_a_block)
    monkeypatch.setattr(formants_module, "_FRAMES_AT_ONCE", 3 * frames_a_block)
    for one, other in zip(expected, track_formants(clip, settings()), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-5)


def test_spectra_are_kept_only_for_short_clips():
    for seconds, is_kept in ((3, True), (60, False)):
        spectra = VoiceSpectra(noise(16000 * seconds), settings())
        first = [power for _, power in spectra.blocks()]
        again = [power for _, power in spectra.blocks()]
        assert all((a is b) == is_kept for a, b in zip(first, again, strict=True))
        for a, b in zip(first, again, strict=True):
            np.testing.assert_array_equal(a, b)


class TestTransformer:
    def test_sequences(self):
        clips = [vowel(VOWELS["a"]), noise(4000)]
        sequences = FormantTransformer().fit_transform(clips)
        assert sequences.shape == (2, 51, 6)
        assert sequences.dtype == np.float32
        assert not sequences[1, 26:].any()

    def test_names_and_statistics_of_voiced_frames(self):
        clip = np.concatenate([vowel(VOWELS["i"]), noise(8000)])
        extractor = FormantTransformer(pooling=("median", "std"))
        table = extractor.fit_transform([clip])
        names = extractor.get_feature_names_out().tolist()
        assert names[:3] == ["f1_frequency_median", "f1_bandwidth_median", "f2_frequency_median"]
        assert table.shape == (1, 12)
        np.testing.assert_allclose(table[0, [0, 2, 4]], [300, 2250, 3000], rtol=0.1)

    def test_without_a_voiced_frame_pooled_values_are_zero(self):
        assert not FormantTransformer(pooling="mean").fit_transform([np.zeros(4000)]).any()

    def test_another_rate(self):
        clips = AudioClips([vowel(VOWELS["neutral"], rate=8000)], 8000)
        table = FormantTransformer(sample_rate=8000, pooling="median").fit_transform(clips)
        np.testing.assert_allclose(table[0, ::2], [500, 1500, 2500], rtol=0.07)

    def test_a_pitch_beyond_the_rate_is_refused(self):
        with pytest.raises(ValueError, match=r"fmax=600\.0 is above a quarter of sample_rate=2000"):
            FormantTransformer(sample_rate=2000).fit(AudioClips([noise(800)], 2000))


@pytest.mark.slow
def test_frequencies_are_praats(corpora):
    parselmouth = pytest.importorskip("parselmouth")
    ours, praats = [], []
    for file in sorted((corpora / "ravdess").glob("Actor_*/*"))[5::60]:
        samples, _ = read_audio(file, sample_rate=16000)
        is_voiced = track_pitch(samples, settings()).is_voiced
        sound = parselmouth.Sound(samples.astype(float), 16000)
        theirs = sound.to_formant_burg(time_step=0.01, maximum_formant=5500)
        times = np.flatnonzero(is_voiced) / 100
        expected = [[theirs.get_value_at_time(k, t) for k in (1, 2, 3)] for t in times]
        found = track_formants(samples, settings(), is_voiced=is_voiced).frequency
        is_known = np.isfinite(expected).all(axis=1)
        ours.append(found[is_voiced][is_known])
        praats.append(np.asarray(expected)[is_known])
    means = np.array([[a.mean(axis=0) for a in side] for side in (ours, praats)])
    for k in range(3):
        assert np.corrcoef(means[..., k])[0, 1] > 0.95
    difference = np.abs(np.concatenate(ours) - np.concatenate(praats))
    assert (np.median(difference, axis=0) < (10, 20, 30)).all()
