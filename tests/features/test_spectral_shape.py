"""The shape of the spectrum as an estimator; flux by its definition."""

from __future__ import annotations

import librosa
import numpy as np
import pytest

import sklearn_ser.features._blocks as blocks
from sklearn_ser import AudioClips, FrameFeaturesTransformer, SpectralShapeTransformer
from sklearn_ser.features._engine import FrameSettings, extract_frames
from sklearn_ser.features._settings import SHAPE_FEATURES


def noise(n_samples, seed=0):
    return (0.1 * np.random.default_rng(seed).standard_normal(n_samples)).astype(np.float32)


def shapes(clip, features=SHAPE_FEATURES, **changes):
    s = FrameSettings(features, 16000, 512, 160, 400, 400, **changes)
    return extract_frames(np.asarray(clip, np.float32), s)


def test_a_tone_lies_where_it_is():
    tone = np.sin(2 * np.pi * 2000 * np.arange(16000) / 16000)
    inner = shapes(tone)[5:-5]
    centroid, bandwidth, rolloff, flatness = inner[:, :4].T
    np.testing.assert_allclose(centroid, 2000, atol=10)
    assert bandwidth.max() < 200
    np.testing.assert_allclose(rolloff, 2000, atol=70)
    assert flatness.max() < 1e-5
    assert inner[:, -1].max() < 1e-3


def test_white_noise_is_flat_and_speech_is_not():
    assert shapes(noise(16000))[:, 3].mean() == pytest.approx(np.exp(-np.euler_gamma), abs=0.02)


@pytest.mark.parametrize("seed", range(3))
def test_flux_by_its_definition(seed):
    clip = noise(30000, seed) * np.linspace(0, 1, 30000, dtype=np.float32)
    spectrum = np.abs(librosa.stft(clip, n_fft=512, hop_length=160, win_length=400))
    length = np.linalg.norm(spectrum, axis=0)
    unit = spectrum / np.where(length == 0, 1, length)
    expected = np.linalg.norm(np.diff(unit, axis=1, prepend=unit[:, :1]), axis=0)
    np.testing.assert_allclose(shapes(clip, ("flux",))[:, 0], expected, atol=1e-5)


def test_flux_does_not_hear_loudness():
    np.testing.assert_allclose(
        shapes(noise(8000), ("flux",)), shapes(8 * noise(8000), ("flux",)), atol=1e-6
    )


@pytest.mark.parametrize("frames_a_block", [1, 7, 64])
def test_the_size_of_a_block_changes_nothing(frames_a_block, monkeypatch):
    features = (*SHAPE_FEATURES, "chroma")
    expected = shapes(noise(32000), features)
    monkeypatch.setattr(blocks, "_BLOCK_VALUES", 512 * frames_a_block)
    np.testing.assert_array_equal(shapes(noise(32000), features), expected)


@pytest.mark.parametrize("n_samples", [1, 2, 399, 4000])
@pytest.mark.parametrize("scale", [0.0, 1e-30, 1e-8, 1.0, 1e4])
def test_silence_and_short_clips_are_finite(n_samples, scale):
    clips = AudioClips([scale * noise(n_samples)])
    features = SpectralShapeTransformer().fit_transform(clips)
    assert np.isfinite(features).all()


def test_silence():
    np.testing.assert_allclose(shapes(np.zeros(800))[0], [0, 0, 0, 1, *[0] * 8], atol=1e-6)


@pytest.mark.parametrize("feature", SHAPE_FEATURES)
def test_each_alone_is_what_it_is_in_a_set(feature, speech):
    alone = SpectralShapeTransformer(feature, pooling="mean").fit_transform(speech)
    recipe = FrameFeaturesTransformer(("mfcc", feature, "mel"), pooling="mean").fit(speech)
    columns = [n.startswith(feature) for n in recipe.get_feature_names_out()]
    np.testing.assert_array_equal(recipe.transform(speech)[:, columns], alone)


def test_names():
    extractor = SpectralShapeTransformer(("contrast", "flux"), contrast_bands=2, pooling="mean")
    names = extractor.fit([noise(800)]).get_feature_names_out()
    expected = ["contrast_0_mean", "contrast_1_mean", "contrast_2_mean", "flux_mean"]
    assert names.tolist() == expected


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"features": ("centriod",)}, "got 'centriod'. Did you mean 'centroid'"),
        ({"features": ("mfcc",)}, "got 'mfcc'.*FrameFeaturesTransformer has the others"),
        ({"features": ()}, "features must be a non-empty tuple"),
        ({"roll_percent": 1.0}, "'roll_percent' parameter of SpectralShapeTransformer must be"),
        ({"amin": 0.0}, "'amin' parameter"),
        ({"sample_rate": 8000}, "contrast_bands=6 octaves from contrast_fmin=200.0 reach beyond"),
        ({"n_fft": 64, "win_length": 64}, "n_fft=64 is too short for a contrast_fmin of 200.0 Hz"),
    ],
)
def test_bad_parameters(parameters, message):
    rate = parameters.get("sample_rate", 16000)
    with pytest.raises(ValueError, match=message):
        SpectralShapeTransformer(**parameters).fit(AudioClips([noise(800)], rate))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"roll_percent": 0.0}, "roll_percent must lie between 0 and 1, both excluded, got 0.0"),
        ({"contrast_quantile": 1.5}, "contrast_quantile must lie between 0 and 1"),
        ({"contrast_bands": 0}, "contrast_bands must be a positive whole number, got 0"),
        ({"contrast_fmin": 0.0}, "contrast_fmin must be above 0, got 0.0"),
    ],
)
def test_bad_settings(changes, message):
    with pytest.raises(ValueError, match=message):
        shapes(noise(800), **changes)
