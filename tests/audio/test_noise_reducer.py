"""Spectral gating: what it removes, what it leaves, and what it survives."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sklearn_ser import NoiseReducer
from sklearn_ser.audio import read_audio
from sklearn_ser.audio._gate import GateSettings, reduce_noise

RATE = 16000
PLAIN = {"time_smoothing": 0.0, "freq_smoothing": 0.0}


def reduce(waveform, **parameters):
    """Return one waveform after NoiseReducer."""
    return NoiseReducer(**parameters).fit_transform([waveform])[0]


def decibels(ratio: float) -> float:
    return 20 * np.log10(ratio)


def snr(clean, heard) -> float:
    """Ratio of the clean waveform, at its best gain, to all else, in decibels."""
    clean, heard = np.asarray(clean, np.float64), np.asarray(heard, np.float64)
    target = (heard @ clean) / (clean @ clean) * clean
    return decibels(np.linalg.norm(target) / np.linalg.norm(heard - target))


def word(n_samples: int = 2 * RATE) -> np.ndarray:
    """A buzz of twenty harmonics that swells and fades in the middle of silence."""
    time = np.arange(n_samples // 2) / RATE
    buzz = sum(np.sin(2 * np.pi * 150 * k * time) / k for k in range(1, 21))
    silence = np.zeros(n_samples // 4)
    return np.concatenate([silence, 0.3 * np.hanning(len(time)) * buzz, silence])


def white(n_samples: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=n_samples)


def at_snr(clean, noise, level) -> np.ndarray:
    scale = np.linalg.norm(clean) / np.linalg.norm(noise) * 10 ** (-level / 20)
    return clean + scale * noise


class TestWhatIsRemoved:
    @pytest.mark.parametrize(("level", "gain"), [(20, 4), (10, 6), (0, 8)])
    def test_white_noise(self, level, gain) -> None:
        clean = word()
        noisy = at_snr(clean, white(len(clean)), level)
        assert snr(clean, reduce(noisy)) > snr(clean, noisy) + gain

    @pytest.mark.parametrize(("level", "gain"), [(20, 4), (10, 6), (0, 6)])
    def test_white_noise_on_real_clips(self, corpora, level, gain) -> None:
        files = sorted((corpora / "ravdess").glob("Actor_1[0-8]/*.flac"))[::60]
        gains = []
        for seed, file in enumerate(files):
            clean = read_audio(file)[0]
            noisy = at_snr(clean, white(len(clean), seed), level)
            gains.append(snr(clean, reduce(noisy)) - snr(clean, noisy))
        assert np.mean(gains) > gain

    @pytest.mark.parametrize("reduction_db", [6.0, 12.0, 24.0])
    def test_never_more_than_is_asked_for(self, reduction_db) -> None:
        noise = 0.1 * white(3 * RATE)
        quieter = reduce(noise, reduction_db=reduction_db, threshold_db=30.0)
        taken = decibels(np.linalg.norm(noise) / np.linalg.norm(quieter))
        assert taken == pytest.approx(reduction_db, abs=0.01)

    def test_a_higher_threshold_takes_more(self) -> None:
        noise = 0.1 * white(2 * RATE)
        left = [np.linalg.norm(reduce(noise, threshold_db=level)) for level in (-3, 0, 3, 6)]
        assert left == sorted(left, reverse=True)

    def test_noise_known_from_the_start(self) -> None:
        clean = word()
        noisy = at_snr(clean, white(len(clean)), 10)
        assert snr(clean, reduce(noisy, noise_duration=0.4)) > snr(clean, noisy) + 6

    def test_the_start_decides_where_it_is_said_to_be_noise(self) -> None:
        loud_start = np.concatenate([white(RATE), 0.01 * white(RATE, 1)])
        lowered = reduce(loud_start, noise_duration=0.9)
        kept = reduce(loud_start)
        assert np.std(lowered[:RATE]) < 0.3
        assert np.std(kept[:RATE]) > 0.9

    def test_smoothing_leaves_fewer_stray_tones(self) -> None:
        noise = 0.1 * white(2 * RATE)
        assert np.linalg.norm(reduce(noise)) < np.linalg.norm(reduce(noise, **PLAIN))


class TestWhatIsLeft:
    @pytest.mark.parametrize(
        ("n_fft", "hop_length"),
        [(None, None), (512, 256), (512, 128), (400, 160), (401, 37), (2, 1)],
    )
    @pytest.mark.parametrize("n_samples", [513, 5000, 16000])
    def test_reconstruction_is_exact_where_nothing_is_reduced(
        self, n_fft, hop_length, n_samples
    ) -> None:
        noise = np.clip(white(n_samples) / 4, -1, 1)
        lengths = {"n_fft": n_fft, "hop_length": hop_length}
        same = reduce(noise, reduction_db=0.0, **lengths)
        np.testing.assert_allclose(same, noise, atol=1e-6)
        same = reduce(noise, threshold_db=-100.0, **lengths)
        np.testing.assert_allclose(same, noise, atol=1e-6)

    def test_a_word_in_silence_stays(self) -> None:
        assert snr(word(), reduce(word())) > 60

    @pytest.mark.parametrize("smoothing", [1e3, 1e9])
    def test_smoothing_over_more_than_the_clip_is_one_gain_for_all(self, smoothing) -> None:
        noise = white(4000)
        quieter = reduce(noise, time_smoothing=smoothing, freq_smoothing=smoothing)
        assert np.corrcoef(noise, quieter)[0, 1] > 0.95

    def test_silence_stays_silence(self) -> None:
        assert not reduce(np.zeros(RATE)).any()

    @pytest.mark.parametrize("n_samples", [1, 2, 511])
    def test_a_clip_shorter_than_a_frame_is_left_as_it_is(self, n_samples) -> None:
        noise = white(n_samples).astype(np.float32)
        np.testing.assert_array_equal(reduce(noise), noise)

    def test_what_never_changes_counts_as_noise(self) -> None:
        constant = np.full(RATE, 0.5)
        assert np.abs(reduce(constant)).max() < 0.1

    @pytest.mark.parametrize("gain", [1e-40, 1e-20, 1e-3, 1e20])
    def test_the_level_does_not_matter(self, gain) -> None:
        noisy = at_snr(word(), white(2 * RATE), 10).astype(np.float32)
        expected, scaled = reduce(noisy), reduce(noisy * np.float32(gain))
        tolerance = 1e-5 if gain > 1e-38 else 1e-4  # of numbers that float32 holds in few digits
        np.testing.assert_allclose(scaled / np.float64(gain), expected, atol=tolerance)

    @given(
        n_samples=st.integers(1, 3000),
        seed=st.integers(0, 99),
        n_fft=st.integers(2, 600),
        share=st.floats(0.01, 0.5),
        quantile=st.floats(0.001, 1.0),
        noise_duration=st.none() | st.floats(1e-6, 1.0),
        smoothing=st.floats(0, 1),
    )
    def test_any_length_and_any_frames(
        self, n_samples, seed, n_fft, share, quantile, noise_duration, smoothing
    ) -> None:
        noise = white(n_samples, seed).astype(np.float32)
        quieter = reduce(
            noise,
            n_fft=n_fft,
            hop_length=max(int(share * n_fft), 1),
            quantile=quantile,
            noise_duration=noise_duration,
            time_smoothing=smoothing,
            freq_smoothing=8000 * smoothing,
        )
        assert quieter.shape == noise.shape
        assert quieter.dtype == np.float32
        assert np.isfinite(quieter).all()
        assert np.linalg.norm(quieter) <= 1.01 * np.linalg.norm(noise)

    @pytest.mark.parametrize("kind", ["click", "half silence", "denormal"])
    def test_odd_clips(self, kind) -> None:
        clip = np.zeros(4000, np.float32)
        clip[
            {"click": slice(2000, 2001), "half silence": slice(2000, None)}.get(kind, slice(0))
        ] = 1
        if kind == "denormal":
            clip[::2] = 1e-45
        quieter = reduce(clip)
        assert np.isfinite(quieter).all()
        assert not quieter[:1000].any() or kind == "denormal"


class TestParameters:
    def test_defaults_follow_the_rate(self) -> None:
        sizes = {rate: NoiseReducer(sample_rate=rate)._lengths() for rate in (8000, 16000, 24414)}
        assert sizes == {8000: (256, 64), 16000: (512, 128), 24414: (1024, 256)}

    def test_settings_are_plain_and_hashable(self) -> None:
        settings = NoiseReducer(noise_duration=0.5)._settings()
        assert settings == GateSettings(512, 128, 8000, 0.05, 3.0, 24.0, 5, 3)
        assert hash(settings) == hash(NoiseReducer(noise_duration=0.5)._settings())

    def test_the_function_alone_gives_the_same(self) -> None:
        noise = white(4000).astype(np.float32)
        alone = reduce_noise(noise, settings=NoiseReducer()._settings())
        np.testing.assert_array_equal(reduce(noise), alone)

    def test_frames_must_overlap(self, speech) -> None:
        with pytest.raises(ValueError, match=r"hop_length=300 is more than half of n_fft=512.*256"):
            NoiseReducer(hop_length=300).fit(speech)

    @pytest.mark.parametrize(
        "parameters",
        [
            {"reduction_db": -1},
            {"threshold_db": 101},
            {"quantile": 0},
            {"quantile": 1.5},
            {"noise_duration": 0},
            {"time_smoothing": -1},
            {"freq_smoothing": "wide"},
            {"n_fft": 1},
            {"hop_length": 0.5},
        ],
    )
    def test_wrong_parameters_are_named(self, parameters, speech) -> None:
        (name,) = parameters
        with pytest.raises(ValueError, match=f"'{name}' parameter of NoiseReducer must be"):
            NoiseReducer(**parameters).fit(speech)
