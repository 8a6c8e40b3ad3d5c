"""Chroma and spectral shape are librosa's, over random parameters, on noise and speech."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import librosa
import numpy as np
import pytest
import scipy.signal
import soundfile
from hypothesis import example, given, settings
from hypothesis import strategies as st

from sklearn_ser.features._engine import FrameSettings, extract_frames

SAMPLE_RATE = 16000
RECIPE = ("zcr", "rms", "mfcc", "mel", "chroma")
LIKE_LIBROSA = ("chroma", "centroid", "bandwidth", "rolloff", "flatness", "contrast")
SEEDS = st.integers(0, 2**32 - 1)


def noise(rng, n_samples):
    return rng.uniform(0.001, 1) * rng.standard_normal(n_samples)


def speech_like(rng, n_samples):
    """Pulses of a gliding pitch through three resonances, breath, pauses and a room."""
    pitch = rng.uniform(80, 300) * np.exp(np.cumsum(rng.normal(0, 0.002, n_samples)))
    voiced = np.diff(np.floor(np.cumsum(pitch / SAMPLE_RATE)), prepend=0) > 0
    voiced = voiced + 0.01 * rng.standard_normal(n_samples)
    for formant in rng.uniform((300, 900, 2200), (900, 2200, 3500)):
        radius, angle = 0.97, 2 * np.pi * formant / SAMPLE_RATE
        voiced = scipy.signal.lfilter([1], [1, -2 * radius * np.cos(angle), radius**2], voiced)
    syllables = np.clip(np.sin(2 * np.pi * 4 * np.arange(n_samples) / SAMPLE_RATE) + 0.3, 0, 1)
    clip = voiced * syllables + 10 ** rng.uniform(-5, -2) * rng.standard_normal(n_samples)
    return 0.5 * clip / np.abs(clip).max()


@st.composite
def settings_of_engine(draw):
    n_fft = draw(st.sampled_from((256, 400, 511, 512, 1024, 2048)))
    win_length = draw(st.integers(n_fft // 3, n_fft))
    return FrameSettings(
        features=tuple(draw(st.permutations(LIKE_LIBROSA))),
        sample_rate=draw(st.sampled_from((8000, SAMPLE_RATE, 22050))),
        n_fft=n_fft,
        win_length=win_length,
        hop_length=draw(st.integers(40, n_fft)),
        frame_length=win_length,
        window=draw(st.sampled_from(("hann", "hamming", "blackman", ("kaiser", 8.0)))),
        center=draw(st.booleans()),
        pad_mode=draw(st.sampled_from(("constant", "edge", "symmetric", "linear_ramp"))),
        power=draw(st.sampled_from((2.0, 1.0))),
        amin=draw(st.sampled_from((1e-10, 1e-6))),
        n_chroma=draw(st.sampled_from((12, 24, 36, 7))),
        tuning=draw(st.sampled_from((0.0, -0.37, 0.2))),
        chroma_norm=draw(st.sampled_from((np.inf, 1.0, 2.0))),
        roll_percent=draw(st.sampled_from((0.85, 0.5, 0.99, 0.01))),
        contrast_fmin=draw(st.sampled_from((200.0, 100.0, 333.0))),
        contrast_bands=draw(st.integers(1, 4)),
        contrast_quantile=draw(st.sampled_from((0.02, 0.1, 0.4))),
    )


def librosa_features(clip: np.ndarray, s: FrameSettings) -> dict[str, np.ndarray]:
    frames: dict[str, Any] = {
        "n_fft": s.n_fft,
        "hop_length": s.hop_length,
        "win_length": s.win_length,
        "window": s.window,
        "center": s.center,
        "pad_mode": s.pad_mode,
    }
    hertz = {"y": clip, "sr": s.sample_rate, **frames}
    f = librosa.feature
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # clips shorter than n_fft
        return {
            "chroma": f.chroma_stft(
                tuning=s.tuning, n_chroma=s.n_chroma, norm=s.chroma_norm, **hertz
            ),
            "centroid": f.spectral_centroid(**hertz),
            "bandwidth": f.spectral_bandwidth(**hertz),
            "rolloff": f.spectral_rolloff(roll_percent=s.roll_percent, **hertz),
            "flatness": f.spectral_flatness(y=clip, amin=s.amin, **frames),
            "contrast": f.spectral_contrast(
                fmin=s.contrast_fmin,
                n_bands=s.contrast_bands,
                quantile=s.contrast_quantile,
                **hertz,
            ),
        }


def our_features(clip: np.ndarray, s: FrameSettings) -> dict[str, np.ndarray]:
    sizes = {"chroma": s.n_chroma, "contrast": s.contrast_bands + 1}
    ends = np.cumsum([sizes.get(name, 1) for name in s.features])[:-1]
    return dict(zip(s.features, np.split(extract_frames(clip, s).T, ends), strict=True))


def assert_parity(clip: np.ndarray, s: FrameSettings) -> None:
    """Compare within the bounds that the package promises.

    1e-5 of the clip's largest value, 1e-3 dB of contrast, one bin of roll-off.
    """
    clip = clip.astype(np.float32)
    ours, theirs = our_features(clip, s), librosa_features(clip, s)
    for name in ours:
        bound = {"rolloff": 1.001 * s.sample_rate / s.n_fft, "contrast": 1e-3}.get(name)
        bound = bound or 1e-5 * np.abs(theirs[name]).max()
        assert ours[name].shape == theirs[name].shape
        assert np.abs(ours[name] - theirs[name]).max() <= bound, name


SIGNALS = pytest.mark.parametrize("signal", [noise, speech_like])


@SIGNALS
@given(s=settings_of_engine(), seed=SEEDS, n_samples=st.integers(2048, 12000))
@settings(max_examples=60)
def test_random_parameters(signal, s, seed, n_samples):
    assert_parity(signal(np.random.default_rng(seed), n_samples), s)


@pytest.mark.long
@SIGNALS
@given(s=settings_of_engine(), seed=SEEDS, n_samples=st.integers(2048, 12000))
@settings(max_examples=2000)
def test_very_many_random_parameters(signal, s, seed, n_samples):
    assert_parity(signal(np.random.default_rng(seed), n_samples), s)


@given(
    seed=SEEDS,
    n_samples=st.integers(1, 1500),
    pad_mode=st.sampled_from(("constant", "edge", "symmetric", "linear_ramp")),
)
@example(seed=0, n_samples=1, pad_mode="constant")
def test_short_clips(seed, n_samples, pad_mode):
    s = FrameSettings(LIKE_LIBROSA, SAMPLE_RATE, 512, 170, 512, 512, pad_mode=pad_mode)
    assert_parity(noise(np.random.default_rng(seed), n_samples), s)


def test_silence_is_what_librosa_makes_of_it():
    s = FrameSettings(LIKE_LIBROSA, SAMPLE_RATE, 512, 160, 400, 400)
    assert_parity(np.zeros(4000), s)


@SIGNALS
def test_defaults_of_librosa(signal):
    clip = signal(np.random.default_rng(0), 66150)
    assert_parity(clip, FrameSettings(LIKE_LIBROSA, 22050, 2048, 512, 2048, 2048))


@pytest.mark.parametrize("power", [2.0, 1.0])
def test_the_notebook_recipe_in_one_pass(power):
    """Every column is what the feature alone gives, and librosa's."""
    clip = speech_like(np.random.default_rng(4), 66150).astype(np.float32)
    lengths = (22050, 2048, 512, 2048, 2048)
    together = extract_frames(clip, FrameSettings(RECIPE, *lengths, power=power))
    alone = [extract_frames(clip, FrameSettings((name,), *lengths, power=power)) for name in RECIPE]
    is_exact = power == 2  # else the mel spectrum asks for float64, which serves chroma as well
    if is_exact:
        np.testing.assert_array_equal(together, np.hstack(alone))
    np.testing.assert_allclose(together, np.hstack(alone), rtol=1e-5, atol=1e-5)
    chroma = librosa.feature.chroma_stft(y=clip, sr=22050, tuning=0.0).T
    np.testing.assert_allclose(together[:, -12:], chroma, rtol=0, atol=1e-5)


@SIGNALS
@given(seed=SEEDS, n_chroma=st.sampled_from((12, 24)), n_fft=st.sampled_from((1024, 2048, 1500)))
@settings(max_examples=25)
def test_estimated_tuning(signal, seed, n_chroma, n_fft):
    clip = signal(np.random.default_rng(seed), 12000).astype(np.float32)
    s = FrameSettings(("chroma",), 22050, n_fft, 512, n_fft, n_fft, n_chroma=n_chroma, tuning=None)
    expected = librosa.feature.chroma_stft(y=clip, sr=22050, n_fft=n_fft, n_chroma=n_chroma)
    np.testing.assert_allclose(extract_frames(clip, s).T, expected, rtol=0, atol=1e-5)


@pytest.mark.parametrize("corpus", ["ravdess", "crema_d", "savee", "tess"])
@given(s=settings_of_engine(), pick=SEEDS, tuning=st.sampled_from((0.0, None)))
@settings(max_examples=25)
def test_real_speech(corpora: Path, corpus, s, pick, tuning):
    paths = real_paths(corpora / corpus)
    clip, sample_rate = soundfile.read(paths[pick % len(paths)], dtype="float32", always_2d=True)
    fmin = max(s.contrast_fmin, 1.01 * sample_rate / s.n_fft)
    changes = {"sample_rate": sample_rate, "tuning": tuning, "contrast_fmin": fmin}
    if tuning is None and s.n_fft % 2:
        changes["n_fft"] = s.n_fft + 1  # of odd lengths librosa mistakes the frequencies
    assert_parity(clip.mean(axis=1), FrameSettings(**{**vars(s), **changes}))


def real_paths(folder: Path) -> list[Path]:
    if not folder.is_dir():
        pytest.skip(f"no corpus in {folder}")
    return sorted(p for p in folder.rglob("*") if p.suffix in (".wav", ".flac"))[::37]
