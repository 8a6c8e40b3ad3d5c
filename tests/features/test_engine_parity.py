"""The engine's numbers are librosa's, over random parameters, on noise, speech and tones."""

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
from sklearn_ser.features._mel import mel_filter_bank

ALL = ("zcr", "rms", "mel", "mfcc")
SAMPLE_RATE = 16000


def noise(rng, n_samples):
    return rng.uniform(0.001, 1) * rng.standard_normal(n_samples)


def speech_like(rng, n_samples):
    """Pulses of a gliding pitch through three resonances, breath, pauses and a room."""
    pitch = rng.uniform(80, 300) * np.exp(np.cumsum(rng.normal(0, 0.002, n_samples)))
    phase = np.cumsum(pitch / SAMPLE_RATE)
    voiced = (np.diff(np.floor(phase), prepend=0) > 0) + 0.01 * rng.standard_normal(n_samples)
    for formant in rng.uniform((300, 900, 2200), (900, 2200, 3500)):
        radius, angle = 0.97, 2 * np.pi * formant / SAMPLE_RATE
        voiced = scipy.signal.lfilter([1], [1, -2 * radius * np.cos(angle), radius**2], voiced)
    syllables = np.clip(np.sin(2 * np.pi * 4 * np.arange(n_samples) / SAMPLE_RATE) + 0.3, 0, 1)
    clip = voiced * syllables + 10 ** rng.uniform(-5, -2) * rng.standard_normal(n_samples)
    return 0.5 * clip / np.abs(clip).max()


def tone(rng, n_samples):
    times = np.arange(n_samples) / SAMPLE_RATE
    return rng.uniform(0.01, 1) * np.sin(2 * np.pi * rng.uniform(30, 7900) * times)


def constant(rng, n_samples):
    return np.full(n_samples, rng.uniform(-1, 1))


def resolved(draw):
    """Draw lengths that any of the signals here is long enough for, uncentred too."""
    n_fft = draw(st.sampled_from((256, 400, 511, 512, 1024, 2048)))
    return {
        "n_fft": n_fft,
        "win_length": draw(st.integers(n_fft // 3, n_fft)),
        "hop_length": draw(st.integers(40, n_fft)),
        "frame_length": draw(st.integers(50, 2048)),
    }


@st.composite
def settings_of_engine(draw):
    n_mels = draw(st.integers(2, 128))
    return FrameSettings(
        features=ALL,
        sample_rate=draw(st.sampled_from((8000, SAMPLE_RATE, 22050))),
        **resolved(draw),
        window=draw(
            st.sampled_from(("hann", "hamming", "blackman", "boxcar", ("kaiser", 8.0), 5.0))
        ),
        center=draw(st.booleans()),
        pad_mode=draw(st.sampled_from(("constant", "edge", "symmetric", "linear_ramp"))),
        power=draw(st.sampled_from((2.0, 2.0, 1.0, 1.5, 3.0))),
        n_mels=n_mels,
        fmin=draw(st.sampled_from((0.0, 50.0, 300.0))),
        fmax=draw(st.sampled_from((None, 3000.0, 3999.5))),
        htk=draw(st.booleans()),
        norm=draw(st.sampled_from(("slaney", None, 1.0, 2.0, np.inf))),
        to_db=False,
        ref=draw(st.sampled_from((1.0, 0.01))),
        amin=draw(st.sampled_from((1e-10, 1e-6))),
        top_db=draw(st.sampled_from((80.0, 60.0, None))),
        n_mfcc=draw(st.integers(1, n_mels)),
        dct_type=draw(st.sampled_from((1, 2, 2, 3, 4))),
        dct_norm=draw(st.sampled_from(("ortho", "ortho", None, "forward"))),
        lifter=draw(st.sampled_from((0.0, 0.0, 22.0))),
    )


def librosa_features(clip: np.ndarray, s: FrameSettings) -> dict[str, Any]:
    """Compute with librosa what the settings say, each of shape (n_coefs, n_frames)."""
    common = {"hop_length": s.hop_length, "center": s.center}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # empty filters, clips shorter than n_fft
        mel = librosa.feature.melspectrogram(
            y=clip, sr=s.sample_rate, n_fft=s.n_fft, win_length=s.win_length, window=s.window,
            pad_mode=s.pad_mode, power=s.power, n_mels=s.n_mels, fmin=s.fmin, fmax=s.fmax,
            htk=s.htk, norm=s.norm, **common,
        )  # fmt: skip
    levels = librosa.power_to_db(mel, ref=s.ref, amin=s.amin, top_db=s.top_db)
    frames = {"frame_length": s.frame_length, **common}
    return {
        "zcr": librosa.feature.zero_crossing_rate(clip, **frames),
        "rms": librosa.feature.rms(y=clip, pad_mode=s.pad_mode, **frames),
        "mel": mel,
        "db": levels,
        "mfcc": librosa.feature.mfcc(
            S=levels, n_mfcc=s.n_mfcc, dct_type=s.dct_type, norm=s.dct_norm, lifter=s.lifter
        ),
    }


def our_features(clip: np.ndarray, s: FrameSettings) -> dict[str, np.ndarray]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        frames = extract_frames(clip, s).T
    ends = np.cumsum([1, 1, s.n_mels])
    return dict(zip(ALL, np.split(frames, ends), strict=True))


def assert_parity(clip: np.ndarray, s: FrameSettings, slack: float = 1) -> None:
    """Compare within the bounds that the package promises.

    1e-5 of the clip's largest value; on decibels within 80 dB of the clip's peak 1e-3; on
    cepstra 1e-3 or, where they run into the thousands, what float32 can tell apart.
    """
    clip = clip.astype(np.float32)
    ours, theirs = our_features(clip, s), librosa_features(clip, s)
    n_frames = min(theirs[name].shape[1] for name in ALL)
    assert ours["zcr"].shape[1] == n_frames
    theirs = {name: values[:, :n_frames] for name, values in theirs.items()}
    for name in ("zcr", "rms", "mel"):
        bound = slack * 1e-5 * max(np.abs(theirs[name]).max(), 1e-30)
        assert np.abs(ours[name] - theirs[name]).max() <= bound, name
    levels = [10 * np.log10(np.maximum(mel, s.amin)) for mel in (ours["mel"], theirs["mel"])]
    near = levels[1] > levels[1].max() - 80
    assert np.abs(levels[0] - levels[1])[near].max() <= slack * 1e-3
    unit = np.sqrt(2 * s.n_mels) if s.dct_norm is None else 1  # of the transform, without a norm
    bound = max(slack * unit * 1e-3, 2e-6 * np.abs(theirs["mfcc"]).max())
    assert np.abs(ours["mfcc"] - theirs["mfcc"]).max() <= bound


SEEDS = st.integers(0, 2**32 - 1)
LENGTHS = st.integers(2048, 12000)


# The energy of a tone or a constant may lie outside of all bands, and errors of one sign add up.
SIGNALS = [(noise, 1), (speech_like, 1), (tone, 3), (constant, 3)]


@pytest.mark.parametrize(("signal", "slack"), SIGNALS)
@given(s=settings_of_engine(), seed=SEEDS, n_samples=LENGTHS)
@settings(max_examples=40)
def test_random_parameters(signal, slack, s, seed, n_samples):
    assert_parity(signal(np.random.default_rng(seed), n_samples), s, slack)


@pytest.mark.long
@pytest.mark.parametrize(("signal", "slack"), SIGNALS)
@given(s=settings_of_engine(), seed=SEEDS, n_samples=LENGTHS)
@settings(max_examples=2000)
def test_very_many_random_parameters(signal, slack, s, seed, n_samples):
    assert_parity(signal(np.random.default_rng(seed), n_samples), s, slack)


@given(
    seed=SEEDS,
    n_samples=st.integers(1, 1500),
    pad_mode=st.sampled_from(("constant", "edge", "reflect", "symmetric", "linear_ramp")),
    n_fft=st.sampled_from((64, 255, 512)),
)
@example(seed=0, n_samples=1, pad_mode="reflect", n_fft=512)
@example(seed=0, n_samples=2, pad_mode="reflect", n_fft=512)
def test_short_clips_and_every_padding(seed, n_samples, pad_mode, n_fft):
    s = FrameSettings(
        ALL, SAMPLE_RATE, n_fft, n_fft // 3, n_fft, n_fft, pad_mode=pad_mode, n_mels=12, n_mfcc=12
    )
    assert_parity(noise(np.random.default_rng(seed), n_samples), s)


def test_defaults_of_librosa():
    """Nothing is given but what librosa itself has as defaults."""
    clip = speech_like(np.random.default_rng(0), 22050)
    s = FrameSettings(ALL, 22050, 2048, 512, 2048, 2048)
    assert_parity(clip, s)
    mfcc = librosa.feature.mfcc(y=clip.astype(np.float32), sr=22050)
    np.testing.assert_allclose(our_features(clip, s)["mfcc"], mfcc, atol=1e-3, rtol=0)


def test_window_given_by_its_samples():
    clip = noise(np.random.default_rng(0), 4000).astype(np.float32)
    window = tuple(np.hanning(400))
    s = FrameSettings(("mel",), SAMPLE_RATE, 512, 160, 400, 400, window=window, n_mels=40)
    expected = librosa.feature.melspectrogram(
        y=clip, sr=SAMPLE_RATE, n_fft=512, hop_length=160, win_length=400,
        window=np.hanning(400), n_mels=40,
    )  # fmt: skip
    np.testing.assert_allclose(extract_frames(clip, s).T, expected, atol=1e-5 * expected.max())


def test_mel_in_decibels():
    clip = speech_like(np.random.default_rng(1), 16000).astype(np.float32)
    s = FrameSettings(("mel",), SAMPLE_RATE, 512, 160, 400, 400, n_mels=40, to_db=True, ref=0.5)
    expected = librosa_features(clip, s)["db"]
    np.testing.assert_allclose(extract_frames(clip, s).T, expected, atol=1e-3, rtol=0)


@pytest.mark.parametrize("threshold", [0.0, 0.05, 10.0])
def test_threshold_of_crossings(threshold):
    clip = noise(np.random.default_rng(2), 8000).astype(np.float32)
    clip[100:200] = -0.0
    s = FrameSettings(("zcr",), SAMPLE_RATE, 512, 160, 400, 300, zcr_threshold=threshold)
    expected = librosa.feature.zero_crossing_rate(
        clip, frame_length=300, hop_length=160, threshold=threshold
    )
    np.testing.assert_allclose(extract_frames(clip, s).T, expected, atol=1e-7)


@pytest.mark.parametrize("deltas", [1, 2])
@pytest.mark.parametrize("width", [3, 9, 15])
def test_deltas(deltas, width):
    clip = speech_like(np.random.default_rng(3), 16000).astype(np.float32)
    s = FrameSettings(
        ("rms", "mfcc"), SAMPLE_RATE, 512, 160, 400, 400,
        n_mels=40, deltas=deltas, delta_width=width,
    )  # fmt: skip
    frames = extract_frames(clip, s)
    static = frames[:, :21]
    for order in range(1, deltas + 1):
        expected = librosa.feature.delta(static.T, order=order, width=width).T
        columns = frames[:, 21 * order : 21 * (order + 1)]
        np.testing.assert_allclose(columns, expected, atol=1e-3, rtol=0)


@pytest.mark.parametrize("htk", [True, False])
@pytest.mark.parametrize("norm", ["slaney", None, 1.0, 2.0, np.inf, 0.0])
@pytest.mark.parametrize(("n_fft", "fmin", "fmax"), [(512, 0.0, None), (401, 1200.0, 6000.0)])
def test_filter_banks(n_fft, fmin, fmax, norm, htk):
    ours = mel_filter_bank(SAMPLE_RATE, n_fft, 20, fmin=fmin, fmax=fmax, htk=htk, norm=norm)
    theirs = librosa.filters.mel(
        sr=SAMPLE_RATE, n_fft=n_fft, n_mels=20, fmin=fmin, fmax=fmax, htk=htk, norm=norm
    )
    np.testing.assert_allclose(ours, theirs, atol=1e-6 * theirs.max(), rtol=1e-5)


@pytest.mark.parametrize("corpus", ["ravdess", "crema_d", "savee", "tess"])
@given(s=settings_of_engine(), pick=SEEDS)
@settings(max_examples=25)
def test_real_speech(corpora: Path, corpus, s, pick):
    paths = real_paths(corpora / corpus)
    clip, sample_rate = soundfile.read(paths[pick % len(paths)], dtype="float32", always_2d=True)
    fitting = FrameSettings(**{**vars(s), "sample_rate": sample_rate})
    assert_parity(clip.mean(axis=1), fitting)


def real_paths(folder: Path) -> list[Path]:
    if not folder.is_dir():
        pytest.skip(f"no corpus in {folder}")
    return sorted(p for p in folder.rglob("*") if p.suffix in (".wav", ".flac"))[::37]
