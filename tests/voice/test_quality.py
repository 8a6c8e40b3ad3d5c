"""Voice quality of made sounds, where it is known, and of recordings beside Praat's."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.signal

import sklearn_ser.voice._periods as periods_module
import sklearn_ser.voice._spectra as spectra_module
from sklearn_ser import AudioClips, VoiceQualityTransformer
from sklearn_ser.audio import read_audio
from sklearn_ser.voice import PitchSettings, track_formants, track_pitch, voice_quality
from sklearn_ser.voice._periods import vary_by_period
from sklearn_ser.voice._quality import QUALITIES

OF_VOICE = ("jitter", "shimmer", "hnr", "cpp", "h1_h2", "h1_a3")
RATE = 16000


def settings(rate=RATE):
    return PitchSettings(rate, round(rate / 100))


def describe(samples, rate=RATE):
    samples = np.asarray(samples, np.float32)
    s = settings(rate)
    track = track_pitch(samples, s)
    found = voice_quality(samples, track, s, formants=track_formants(samples, s))
    return found, track.is_voiced


def medians(samples, rate=RATE, statistic=np.median):
    found, is_voiced = describe(samples, rate)
    assert is_voiced.mean() > 0.8
    return {name: float(statistic(values[is_voiced])) for name, values in found.items()}


def means(samples, rate=RATE):
    return medians(samples, rate, np.mean)


def irregular(length, spread, n_pulses=1000):
    """Return periods that differ at random by at most a share of their mean."""
    most = round(spread * length)
    return np.random.default_rng(0).integers(length - most, length + most + 1, n_pulses)


def harmonics(levels, f0=200.0, n_samples=RATE, rate=RATE):
    """Return a sum of cosines at multiples of f0, of levels in dB."""
    times = np.arange(n_samples) / rate
    parts = [
        10 ** (level / 20) * np.cos(2 * np.pi * (k + 1) * f0 * times + k * k)
        for k, level in enumerate(levels)
    ]
    return (0.3 * np.sum(parts, axis=0)).astype(np.float32)


def pulses(lengths, amplitudes=(1.0,), n_samples=RATE, rate=RATE):
    """Return pulses of these distances and amplitudes, in turn, through one resonance."""
    positions = np.cumsum(np.resize(lengths, 2 * n_samples // min(lengths)))
    positions = positions[positions < n_samples]
    samples = np.zeros(n_samples)
    samples[positions] = np.resize(amplitudes, len(positions))
    pole = np.exp(np.pi / rate * (-300 + 2j * 700))
    return scipy.signal.lfilter([1], [1, -2 * pole.real, abs(pole) ** 2], samples)


def noise(n_samples, seed=0):
    return (0.1 * np.random.default_rng(seed).standard_normal(n_samples)).astype(np.float32)


class TestPeriods:
    @pytest.mark.parametrize("length", [50, 80, 140])
    @pytest.mark.parametrize("spread", [0.0, 0.01, 0.02, 0.04])
    def test_jitter_of_irregular_pulses(self, length, spread):
        lengths = irregular(length, spread)
        expected = np.abs(np.diff(lengths)).mean() / lengths.mean()
        found = means(pulses(lengths, n_samples=4 * RATE))
        assert found["jitter"] == pytest.approx(expected, rel=0.15, abs=0.001)

    @pytest.mark.parametrize("spread", [0.0, 0.5, 2.0])
    def test_shimmer_of_uneven_pulses(self, spread):
        levels = np.random.default_rng(1).uniform(-spread, spread, 400)
        expected = np.abs(np.diff(levels)).mean()
        found = means(pulses([120], 10 ** (levels / 20), n_samples=2 * RATE))
        assert found["shimmer"] == pytest.approx(expected, rel=0.15, abs=0.05)

    def test_a_steady_voice_has_neither(self):
        found = medians(harmonics(-3.0 * np.arange(15), f0=173.0))
        assert found["jitter"] < 0.001
        assert found["shimmer"] < 0.1

    @pytest.mark.parametrize("rate", [8000, 24414, 48000])
    def test_at_any_rate(self, rate):
        lengths = irregular(rate // 100, 0.03)
        found = means(pulses(lengths, n_samples=4 * rate, rate=rate), rate)
        expected = np.abs(np.diff(lengths)).mean() / lengths.mean()
        assert found["jitter"] == pytest.approx(expected, rel=0.15)

    def test_what_does_not_repeat_itself_has_no_periods_to_compare(self):
        jitter, shimmer = vary_by_period(noise(RATE), np.arange(1000, 9000, 160), np.full(50, 120))
        assert not jitter.any()
        assert not shimmer.any()


class TestHarmonics:
    @pytest.mark.parametrize("snr", [0.0, 10.0, 20.0])
    def test_harmonics_to_noise(self, snr):
        voice = harmonics(-2.0 * np.arange(12), f0=150.0)
        low = scipy.signal.sosfiltfilt(
            scipy.signal.butter(8, 3000, fs=RATE, output="sos"), noise(RATE)
        )
        low *= voice.std() / low.std() * 10 ** (-snr / 20)
        assert medians(voice + low)["hnr"] == pytest.approx(snr, abs=2.0)

    @pytest.mark.parametrize("difference", [-6.0, 0.0, 12.0])
    @pytest.mark.parametrize("f0", [110.0, 210.0, 333.0])
    def test_first_over_second_harmonic(self, difference, f0):
        levels = [difference, 0.0, *(-10.0 - 2 * np.arange(8))]
        assert medians(harmonics(levels, f0))["h1_h2"] == pytest.approx(difference, abs=1.5)

    def test_first_harmonic_over_the_third_formant(self):
        levels = np.full(20, -40.0)
        levels[[0, 1, 3, 8, 14]] = [0.0, 0.0, -3.0, -10.0, -22.0]  # 200 to 3000 Hz
        found, is_voiced = describe(harmonics(levels))
        third = track_formants(harmonics(levels), settings()).frequency[is_voiced, 2]
        assert np.median(third) == pytest.approx(3000, rel=0.05)
        assert np.median(found["h1_a3"][is_voiced]) == pytest.approx(22, abs=1.5)

    def test_without_formants_there_is_no_third(self):
        clip = harmonics([0.0] * 5)
        found = voice_quality(clip, track_pitch(clip, settings()), settings())
        assert set(found) == set(QUALITIES) - {"h1_a3"}

    def test_the_cepstral_peak_sinks_in_noise(self):
        voice = harmonics(-1.0 * np.arange(25), f0=130.0)
        clear, hoarse = medians(voice), medians(voice + noise(RATE) * np.float32(3))
        assert clear["cpp"] > hoarse["cpp"] + 5 > 10


class TestBalance:
    def test_alpha_ratio_and_hammarberg_index(self):
        times = np.arange(RATE) / RATE
        tones = np.sin(2 * np.pi * 500 * times) + 0.1 * np.sin(2 * np.pi * 3000 * times)
        found, _ = describe(tones)
        for name in ("alpha_ratio", "hammarberg"):
            np.testing.assert_allclose(found[name][5:-5], 20, atol=0.1)

    @pytest.mark.parametrize("slope", [0.0, -6.0])
    def test_tilt_of_noise(self, slope):
        spectrum = np.fft.rfft(noise(4 * RATE))
        spectrum[1:] *= np.arange(1, len(spectrum)) ** (slope / 6.02)
        clip = np.fft.irfft(spectrum)
        found, _ = describe(clip / np.abs(clip).max())
        assert found["tilt"].mean() == pytest.approx(slope, abs=0.4)
        expected = {0.0: 0.0, -6.0: -6 * np.log2(3)}[slope]
        assert found["slope_500_1500"].mean() == pytest.approx(expected, abs=1.0)

    def test_slope_below_500_hz(self):
        found = medians(harmonics([-20.0, -10.0, 0.0, 10.0, *[-60.0] * 5], f0=100.0))
        assert 40 < found["slope_0_500"] < 130


@pytest.mark.parametrize("gain", [0.1, 10.0, 1e-15])
def test_gain_changes_nothing(gain):
    clip = np.concatenate([pulses((100, 103)), noise(4000)]).astype(np.float32)
    clip += 0.01 * noise(len(clip), seed=1)
    one, other = describe(clip)[0], describe(clip * np.float32(gain))[0]
    for name in QUALITIES:
        np.testing.assert_allclose(one[name], other[name], rtol=1e-3, atol=2e-3, err_msg=name)


def test_a_constant_offset_changes_little():
    clip = pulses((100, 103))
    one, other = medians(clip), medians(clip + 0.3)
    for name in QUALITIES:
        assert one[name] == pytest.approx(other[name], abs=0.1)


def test_where_it_is_unvoiced_the_measures_of_the_voice_are_zero():
    found, is_voiced = describe(np.concatenate([pulses((100,)), noise(RATE)]))
    assert 0 < is_voiced.sum() < len(is_voiced)
    for name in OF_VOICE:
        assert not found[name][~is_voiced].any()
        assert found[name].dtype == np.float32
    assert found["alpha_ratio"][~is_voiced].all()


TIMES = np.arange(8000) / RATE
ODD = {
    "silence": np.zeros(8000),
    "constant": np.full(8000, 0.3),
    "50 ms": noise(800),
    "50 ms of voice": harmonics([0.0] * 6, n_samples=800),
    "one sample": np.array([0.5]),
    "tone": np.sin(2 * np.pi * 440 * TIMES),
    "low tone": np.sin(2 * np.pi * 61 * TIMES),
    "high tone": np.sin(2 * np.pi * 7000 * TIMES),
    "clipped": np.clip(5 * pulses((100,)), -1, 1),
    "square": np.sign(np.sin(2 * np.pi * 100 * TIMES)),
    "one click": np.eye(1, 8000, 4000)[0],
    "tiny": 1e-38 * noise(8000),
    "silence between": np.concatenate([pulses((100,)), np.zeros(4000), pulses((90,))]),
}


@pytest.mark.parametrize("name", ODD)
def test_whatever_the_clip_all_values_are_finite(name):
    found, _ = describe(ODD[name])
    for quality, values in found.items():
        assert values.shape == (1 + len(ODD[name]) // 160,)
        assert np.isfinite(values).all(), quality
        assert np.abs(values).max() < 1000, quality


@pytest.mark.parametrize("name", ["silence", "constant"])
def test_silence_is_zero(name):
    found, _ = describe(ODD[name])
    for quality, values in found.items():
        np.testing.assert_allclose(values, 0, atol=1e-4, err_msg=quality)


@pytest.mark.parametrize("frames_a_block", [1, 7, 64])
def test_the_size_of_a_block_changes_nothing(frames_a_block, monkeypatch):
    clip = np.concatenate([pulses((100, 103)), noise(4000), pulses((60,))]).astype(np.float32)
    expected, _ = describe(clip)
    monkeypatch.setattr(spectra_module, "_TRANSFORM_VALUES", 640 * frames_a_block)
    monkeypatch.setattr(periods_module, "_FRAMES_AT_ONCE", frames_a_block)
    found, _ = describe(clip)
    for name in QUALITIES:
        np.testing.assert_allclose(found[name], expected[name], rtol=1e-4, atol=1e-4, err_msg=name)


class TestTransformer:
    def test_sequences(self):
        clips = [pulses((100,), n_samples=8000), noise(4000)]
        sequences = VoiceQualityTransformer().fit_transform(clips)
        assert sequences.shape == (2, 51, len(QUALITIES))
        assert sequences.dtype == np.float32
        assert not sequences[1, 26:].any()

    def test_names_and_statistics_of_voiced_frames(self):
        lengths = irregular(100, 0.03)
        clip = np.concatenate([pulses(lengths), noise(RATE)])
        extractor = VoiceQualityTransformer(pooling=("mean", "std"))
        table = extractor.fit_transform([clip])
        names = extractor.get_feature_names_out().tolist()
        assert names[:2] == ["jitter_mean", "shimmer_mean"]
        assert names[-1] == "tilt_std"
        assert table[0, 0] == pytest.approx(0.03 * 2 / 3, rel=0.3)

    def test_without_a_voiced_frame_pooled_values_are_zero(self):
        assert not VoiceQualityTransformer(pooling="mean").fit_transform([np.zeros(4000)]).any()

    def test_another_rate(self):
        clips = AudioClips([pulses([80], n_samples=8000, rate=8000)], 8000)
        table = VoiceQualityTransformer(sample_rate=8000, pooling="median").fit_transform(clips)
        assert table[0, 0] < 0.001
        assert np.isfinite(table).all()


@pytest.mark.slow
def test_jitter_shimmer_and_noise_follow_praats(corpora):
    parselmouth = pytest.importorskip("parselmouth")
    ours, praats = [], []
    for file in sorted((corpora / "ravdess").glob("Actor_*/*"))[5::45]:
        samples, _ = read_audio(file, sample_rate=RATE)
        found, is_voiced = describe(samples)
        ours.append([found[name][is_voiced].mean() for name in ("jitter", "shimmer", "hnr")])
        praats.append(of_praat(parselmouth, samples))
    for k, least in enumerate((0.8, 0.7, 0.85)):
        assert np.corrcoef(np.array(ours)[:, k], np.array(praats)[:, k])[0, 1] > least


def of_praat(parselmouth, samples):
    call = parselmouth.praat.call
    sound = parselmouth.Sound(samples.astype(float), RATE)
    pitch = sound.to_pitch_cc(pitch_floor=60, pitch_ceiling=600)
    marks = call([sound, pitch], "To PointProcess (cc)")
    jitter = call(marks, "Get jitter (local)", 0, 0, 0.0001, 0.02, 1.3)
    shimmer = call([sound, marks], "Get shimmer (local_dB)", 0, 0, 0.0001, 0.02, 1.3, 1.6)
    ratio = sound.to_harmonicity_cc(time_step=0.01, minimum_pitch=60).values
    return jitter, shimmer, ratio[ratio > -50].mean()
