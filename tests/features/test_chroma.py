"""Chroma as an estimator, its filters and its tuning."""

from __future__ import annotations

import librosa
import numpy as np
import pytest

from sklearn_ser import AudioClips, ChromaTransformer, FrameFeaturesTransformer
from sklearn_ser.features._chroma_filters import chroma_filters
from sklearn_ser.features._engine import FrameSettings

NAMES = ("C", "C#", "D", "D#", "E", "F", "F#", "G", "G#", "A", "A#", "B")


def tone(hertz, n_samples=16000):
    return np.sin(2 * np.pi * hertz * np.arange(n_samples) / 16000).astype(np.float32)


@pytest.mark.parametrize(
    ("hertz", "name"), [(261.63, "C"), (440.0, "A"), (880.0, "A"), (370, "F#")]
)
def test_a_tone_is_its_pitch_class(hertz, name):
    chroma = ChromaTransformer(n_fft=4096, pooling="mean").fit_transform([tone(hertz)])
    assert NAMES[chroma.argmax()] == name


def test_tuning_is_estimated():
    sharp = tone(440 * 2 ** (0.3 / 12)) + tone(660 * 2 ** (0.3 / 12))
    given = ChromaTransformer(n_fft=4096, tuning=0.3).fit_transform([sharp])
    found = ChromaTransformer(n_fft=4096, tuning=None).fit_transform([sharp])
    plain = ChromaTransformer(n_fft=4096).fit_transform([sharp])
    assert np.abs(found - given).max() < 0.1 * np.abs(plain - given).max()


def test_every_clip_has_its_own_tuning():
    clips = [tone(440), tone(440 * 2 ** (0.4 / 12))]
    together = ChromaTransformer(n_fft=2048, tuning=None).fit_transform(clips)
    for clip, chroma in zip(clips, together, strict=True):
        alone = ChromaTransformer(n_fft=2048, tuning=None).fit_transform([clip])
        np.testing.assert_array_equal(alone[0], chroma)


@pytest.mark.parametrize("tuning", [0.0, None])
@pytest.mark.parametrize("n_samples", [1, 2, 4000])
def test_silence_and_short_clips_are_finite(n_samples, tuning):
    clips = [np.zeros(n_samples), np.full(n_samples, 0.5)]
    chroma = ChromaTransformer(tuning=tuning).fit_transform(AudioClips(clips))
    assert np.isfinite(chroma).all()
    assert not chroma[0].any()


@pytest.mark.parametrize("norm", [np.inf, 1.0, 2.0])
def test_frames_are_of_unit_norm(norm, speech):
    chroma = ChromaTransformer(norm=norm).fit_transform([speech[0]])[0]
    np.testing.assert_allclose(np.linalg.norm(chroma, ord=norm, axis=1), 1, rtol=1e-6)


def test_without_norm_it_is_power(speech):
    quiet, loud = (ChromaTransformer(norm=None).fit_transform([a * speech[0]]) for a in (1.0, 2.0))
    np.testing.assert_allclose(loud, 4 * quiet, rtol=1e-5)


def test_is_the_chroma_of_frame_features(speech):
    alone = ChromaTransformer(n_chroma=24, pooling="mean_std").fit(speech)
    set_of_one = FrameFeaturesTransformer("chroma", n_chroma=24, pooling="mean_std").fit(speech)
    np.testing.assert_array_equal(alone.transform(speech), set_of_one.transform(speech))
    names = alone.get_feature_names_out()
    assert list(names) == list(set_of_one.get_feature_names_out())
    assert (names[0], len(names)) == ("chroma_0_mean", 48)


@pytest.mark.parametrize("tuning", [0.0, 0.25, -0.5])
@pytest.mark.parametrize(("n_fft", "n_chroma"), [(2048, 12), (512, 24), (401, 7)])
def test_filters(n_fft, n_chroma, tuning):
    ours = chroma_filters(16000, n_fft, n_chroma, tuning).toarray()
    theirs = librosa.filters.chroma(sr=16000, n_fft=n_fft, n_chroma=n_chroma, tuning=tuning)
    np.testing.assert_allclose(ours, theirs, rtol=1e-5, atol=1e-7)


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"n_chroma": 0}, "'n_chroma' parameter of ChromaTransformer must be"),
        ({"tuning": "A"}, "'tuning' parameter of ChromaTransformer must be"),
        ({"norm": -1.0}, "'norm' parameter of ChromaTransformer must be"),
        ({"n_fft": 256}, "win_length"),
    ],
)
def test_bad_parameters(parameters, message, speech):
    if "n_fft" in parameters:
        parameters = {**parameters, "win_length": 400}
    with pytest.raises(ValueError, match=message):
        ChromaTransformer(**parameters).fit(speech)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"n_chroma": 0}, "n_chroma must be a positive whole number, got 0"),
        ({"tuning": np.nan}, "tuning must be a finite number, or None, got nan"),
        ({"chroma_norm": 0.0}, "chroma_norm must be above 0, or None, got 0.0"),
    ],
)
def test_bad_settings(changes, message):
    with pytest.raises(ValueError, match=message):
        FrameSettings(("chroma",), 16000, 512, 160, 400, 400, **changes)
