"""The pure effects: librosa's numbers, pitches found by a tracker, levels in decibels."""

from __future__ import annotations

import warnings

import librosa
import numpy as np
import pytest
from scipy.signal import lfilter

from sklearn_ser.augmentation._fourier import from_spectra, to_spectra
from sklearn_ser.augmentation._functional import (
    add_noise,
    change_gain,
    colored_noise,
    reverberate,
    room_response,
    telephone,
    time_shift,
)
from sklearn_ser.augmentation._vocal_tract import warp_vocal_tract
from sklearn_ser.augmentation._vocoder import (
    pitch_shift,
    pitch_shifts,
    time_stretch,
    time_stretches,
)

RATE = 16000


def tone(hertz: float, seconds: float = 1.0) -> np.ndarray:
    times = np.arange(round(seconds * RATE)) / RATE
    return (0.5 * np.sin(2 * np.pi * hertz * times)).astype(np.float32)


def vowel(pitch: float, formants=(700.0, 1200.0, 2600.0), seconds: float = 1.0) -> np.ndarray:
    """Pulses through resonators: a voice with formants in known places."""
    sound = np.zeros(round(seconds * RATE))
    sound[np.round(np.arange(0, len(sound), RATE / pitch)).astype(int)[:-1]] = 1.0
    for formant in formants:
        radius, angle = np.exp(-np.pi * 80 / RATE), 2 * np.pi * formant / RATE
        sound = lfilter([1.0], [1.0, -2 * radius * np.cos(angle), radius**2], sound)
    return (0.5 * sound / np.abs(sound).max()).astype(np.float32)


def cents(waveform: np.ndarray, expected: float) -> float:
    """Distance of a waveform's middle pitch from the expected one."""
    found = librosa.yin(waveform, fmin=60, fmax=1000, sr=RATE, frame_length=2048)
    return abs(1200 * np.log2(np.median(found[8:-8]) / expected))


def level_db(waveform: np.ndarray) -> float:
    return 10 * np.log10(np.mean(np.square(waveform, dtype=float)))


def spectral_distance(one: np.ndarray, other: np.ndarray) -> float:
    """Mean over frames of the root mean square of level differences in 40 mel bands, in dB."""
    bands = [
        librosa.power_to_db(librosa.feature.melspectrogram(y=y, sr=RATE, n_mels=40), ref=np.max)
        for y in (one, other)
    ]
    return float(np.sqrt(np.mean(np.square(bands[0] - bands[1]), axis=0)).mean())


def recorded(sound: np.ndarray) -> np.ndarray:
    """Put noise 50 dB under a sound.

    In a sound without any, most bins hold nothing but rounding, whose phases are anyone's guess.
    """
    noise = np.random.default_rng(0).standard_normal(len(sound))
    return (sound + 1e-3 * noise).astype(np.float32)


SOUNDS = {
    "tone": recorded(tone(220)),
    "vowel": recorded(vowel(120)),
    "odd": recorded(vowel(233)[:12347]),
}


class TestStretch:
    @pytest.mark.parametrize("rate", [0.5, 0.8, 1.1, 1.25, 2.0])
    @pytest.mark.parametrize("sound", SOUNDS.values(), ids=SOUNDS)
    def test_has_librosas_numbers(self, sound, rate):
        # In float64, since librosa's float32 phases grow for the whole clip and lose a percent.
        expected = librosa.effects.time_stretch(sound.astype(float), rate=rate)
        found = time_stretch(sound, rate)
        assert found.shape == expected.shape
        np.testing.assert_allclose(found, expected, atol=5e-5)

    def test_short_frames_have_librosas_numbers_too(self):
        expected = librosa.effects.time_stretch(SOUNDS["vowel"].astype(float), rate=0.9, n_fft=512)
        found = time_stretch(SOUNDS["vowel"], 0.9, n_fft=512)
        np.testing.assert_allclose(found, expected, atol=2e-4)

    @pytest.mark.parametrize("rate", [0.7, 1.3])
    @pytest.mark.parametrize("pitch", [110, 220, 440])
    def test_pitch_stays(self, pitch, rate):
        assert cents(time_stretch(tone(pitch), rate), pitch) < 20
        assert cents(time_stretch(vowel(pitch), rate), pitch) < 20

    @pytest.mark.parametrize("n_samples", [1, 2, 7, 300, 2047, 2049])
    @pytest.mark.parametrize("rate", [0.3, 1.7, 9.0])
    def test_clips_shorter_than_a_frame_pass(self, n_samples, rate):
        found = time_stretch(np.ones(n_samples, np.float32), rate)
        assert len(found) == max(round(n_samples / rate), 1)
        assert np.isfinite(found).all()

    def test_variants_share_a_transform_and_change_nothing(self):
        rates = [0.8, 1.0, 1.25]
        together = time_stretches(SOUNDS["vowel"], rates)
        for found, rate in zip(together, rates, strict=True):
            np.testing.assert_array_equal(found, time_stretch(SOUNDS["vowel"], rate))

    def test_rate_one_is_a_copy(self):
        found = time_stretch(SOUNDS["tone"], 1.0)
        np.testing.assert_array_equal(found, SOUNDS["tone"])
        assert not np.shares_memory(found, SOUNDS["tone"])

    def test_silence_stays_silence(self):
        assert not time_stretch(np.zeros(5000, np.float32), 0.7).any()


class TestPitch:
    @pytest.mark.parametrize("semitones", [-12, -2.5, 1, 3.3, 12])
    @pytest.mark.parametrize("sound", SOUNDS.values(), ids=SOUNDS)
    def test_has_librosas_numbers(self, sound, semitones):
        expected = librosa.effects.pitch_shift(sound.astype(float), sr=RATE, n_steps=semitones)
        found = pitch_shift(sound, semitones)
        assert found.shape == expected.shape
        np.testing.assert_allclose(found, expected, atol=5e-5)

    @pytest.mark.parametrize("semitones", [-4, 3])
    @pytest.mark.parametrize("pitch", [130, 260])
    def test_a_tracker_finds_the_pitch(self, pitch, semitones):
        expected = pitch * 2 ** (semitones / 12)
        assert cents(pitch_shift(tone(pitch), semitones), expected) < 20
        assert cents(pitch_shift(vowel(pitch), semitones), expected) < 20

    def test_spectrum_is_as_near_to_librosas_as_its_own_float32(self):
        sound = SOUNDS["vowel"]
        exact = librosa.effects.pitch_shift(sound.astype(float), sr=RATE, n_steps=2)
        theirs = librosa.effects.pitch_shift(sound, sr=RATE, n_steps=2)
        ours = spectral_distance(pitch_shift(sound, 2), exact)
        assert ours <= spectral_distance(theirs, exact) + 1e-3
        assert ours < 0.05

    @pytest.mark.parametrize("n_samples", [1, 5, 700])
    def test_clips_shorter_than_a_frame_pass(self, n_samples):
        for found in pitch_shifts(np.ones(n_samples, np.float32), [-5, 0, 5]):
            assert found.shape == (n_samples,)
            assert np.isfinite(found).all()

    def test_variants_share_a_transform_and_change_nothing(self):
        together = pitch_shifts(SOUNDS["odd"], [-2, 0, 1.5])
        for found, semitones in zip(together, [-2, 0, 1.5], strict=True):
            np.testing.assert_array_equal(found, pitch_shift(SOUNDS["odd"], semitones))

    @pytest.mark.parametrize("scale", [1e-25, 1e25])
    def test_level_does_not_matter(self, scale):
        found = pitch_shift(SOUNDS["tone"] * np.float32(scale), 2) / np.float32(scale)
        np.testing.assert_allclose(found, pitch_shift(SOUNDS["tone"], 2), atol=1e-4)


class TestFourier:
    @pytest.mark.parametrize("n_samples", [1, 100, 511, 4001])
    def test_back_and_forth_is_the_same(self, n_samples):
        waveform = np.random.default_rng(0).standard_normal(n_samples).astype(np.float32)
        spectra = to_spectra(waveform, 512)
        back = from_spectra([spectra[:5], spectra[5:]], len(spectra), 512, n_samples)
        np.testing.assert_allclose(back, waveform, atol=1e-5)

    def test_spectra_are_librosas(self):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            expected = librosa.stft(SOUNDS["odd"], n_fft=512).T
        np.testing.assert_allclose(to_spectra(SOUNDS["odd"], 512), expected, atol=1e-4)


class TestVocalTract:
    FORMANT = 1500.0

    def peak(self, waveform: np.ndarray) -> float:
        spectrum = np.abs(np.fft.rfft(waveform * np.hanning(len(waveform))))
        smooth = np.convolve(spectrum, np.hanning(400), "same")
        return float(np.argmax(smooth) * RATE / len(waveform))

    @pytest.mark.parametrize("factor", [0.85, 0.95, 1.05, 1.15])
    def test_formant_moves_and_pitch_stays(self, factor):
        sound = vowel(110, [self.FORMANT])
        warped = warp_vocal_tract(sound, RATE, factor)
        assert warped.shape == sound.shape
        assert warped.dtype == np.float32
        assert self.peak(warped) == pytest.approx(factor * self.peak(sound), abs=60)
        assert cents(warped, 110) < 20

    def test_factor_one_and_silence_are_copies(self):
        silence = np.zeros(1000, np.float32)
        np.testing.assert_array_equal(warp_vocal_tract(SOUNDS["vowel"], RATE, 1.0), SOUNDS["vowel"])
        np.testing.assert_array_equal(warp_vocal_tract(silence, RATE, 1.1), silence)

    @pytest.mark.parametrize("rate", [100, 8000, 22050, 48000])
    @pytest.mark.parametrize("n_samples", [1, 30, 5000])
    def test_any_rate_and_length(self, rate, n_samples):
        noise = np.random.default_rng(0).standard_normal(n_samples).astype(np.float32)
        found = warp_vocal_tract(noise, rate, 0.8)
        assert found.shape == (n_samples,)
        assert np.isfinite(found).all()

    def test_there_and_back_is_near(self):
        sound = vowel(120)
        back = warp_vocal_tract(warp_vocal_tract(sound, RATE, 1.1), RATE, 1 / 1.1)
        assert spectral_distance(back, sound) < 3
        assert spectral_distance(warp_vocal_tract(sound, RATE, 1.1), sound) > 3


class TestNoise:
    @pytest.mark.parametrize("snr_db", [-10, 0, 7.5, 40])
    def test_ratio_is_met(self, snr_db):
        noise = colored_noise("white", RATE, np.random.default_rng(0))
        noisy = add_noise(SOUNDS["tone"], noise, snr_db)
        difference = noisy.astype(float) - SOUNDS["tone"]
        assert level_db(SOUNDS["tone"]) - level_db(difference) == pytest.approx(snr_db, abs=0.01)

    def test_silent_clip_or_silent_noise_gives_a_copy(self):
        silence = np.zeros(RATE, np.float32)
        np.testing.assert_array_equal(add_noise(silence, SOUNDS["tone"], 10), silence)
        np.testing.assert_array_equal(add_noise(SOUNDS["tone"], silence, 10), SOUNDS["tone"])

    @pytest.mark.parametrize(("color", "slope"), [("white", 3.0), ("pink", 0.0)])
    def test_power_of_an_octave(self, color, slope):
        noise = colored_noise(color, 2**16, np.random.default_rng(0))
        power = np.abs(np.fft.rfft(noise)) ** 2
        octaves = [10 * np.log10(power[low : 2 * low].sum()) for low in 2 ** np.arange(8, 15)]
        assert np.polyfit(range(len(octaves)), octaves, 1)[0] == pytest.approx(slope, abs=0.2)

    @pytest.mark.parametrize("n_samples", [1, 2, 3, 4999])
    @pytest.mark.parametrize("color", ["white", "pink"])
    def test_any_length(self, color, n_samples):
        noise = colored_noise(color, n_samples, np.random.default_rng(0))
        assert (noise.shape, noise.dtype) == ((n_samples,), np.float32)
        assert noise.any()


class TestOthers:
    def test_gain(self):
        assert level_db(change_gain(SOUNDS["tone"], -6)) == pytest.approx(
            level_db(SOUNDS["tone"]) - 6, abs=1e-3
        )

    @pytest.mark.parametrize("places", [-5, -3, 0, 2, 5])
    def test_shift(self, places):
        waveform = np.arange(1, 5, dtype=np.float32)
        moved = time_shift(waveform, places, wrap=False)
        expected = [waveform[i - places] if 0 <= i - places < 4 else 0 for i in range(4)]
        np.testing.assert_array_equal(moved, expected)
        np.testing.assert_array_equal(
            time_shift(waveform, places, wrap=True), np.roll(waveform, places)
        )

    def test_tail_of_a_room_falls_by_60_db(self):
        response = room_response(0.5, 3.0, RATE, np.random.default_rng(0))
        tail = response[1:].astype(float)
        assert response[0] == 1
        assert 10 * np.log10(1 / np.sum(tail**2)) == pytest.approx(3.0, abs=0.01)
        decay = level_db(tail[:800]) - level_db(tail[-800:])
        assert decay == pytest.approx(60 * 0.45 / 0.5, abs=1.5)

    def test_room_keeps_level_and_length(self):
        response = room_response(0.4, 0.0, RATE, np.random.default_rng(0))
        wet = reverberate(SOUNDS["vowel"], response)
        assert wet.shape == SOUNDS["vowel"].shape
        assert level_db(wet) == pytest.approx(level_db(SOUNDS["vowel"]), abs=0.01)
        expected = np.convolve(SOUNDS["vowel"], response)[: len(wet)]
        assert np.corrcoef(wet, expected)[0, 1] > 0.99999

    @pytest.mark.parametrize("n_samples", [1, 2, 50])
    def test_short_and_silent_clips_in_a_room(self, n_samples):
        response = room_response(0.4, 0.0, RATE, np.random.default_rng(0))
        assert np.isfinite(reverberate(np.ones(n_samples, np.float32), response)).all()
        assert not reverberate(np.zeros(n_samples, np.float32), response).any()

    @pytest.mark.parametrize(("hertz", "loss"), [(60, 40), (1000, 0), (6000, 30)])
    def test_telephone_passes_its_band(self, hertz, loss):
        heard = telephone(tone(hertz), RATE)[RATE // 2 :]
        lost = level_db(tone(hertz)[RATE // 2 :]) - level_db(heard + 1e-9)
        assert lost == pytest.approx(0, abs=0.5) if loss == 0 else lost > loss

    def test_telephone_has_8_bits(self):
        heard = telephone(2 * SOUNDS["vowel"], RATE)
        assert len(np.unique(np.abs(heard))) <= 128
        assert heard.dtype == np.float32

    def test_companding_is_the_mu_law(self):
        heard = telephone(tone(1000), RATE)
        steps = np.log1p(255 * np.abs(heard.astype(float))) / np.log(256) * 127
        np.testing.assert_allclose(steps, np.round(steps), atol=1e-3)

    def test_telephone_at_its_own_rate_has_no_upper_end(self):
        times = np.arange(6000) / 6000
        high = np.sin(2 * np.pi * 2500 * times).astype(np.float32)
        assert level_db(telephone(high, 6000)) == pytest.approx(level_db(high), abs=0.5)

    def test_telephone_below_its_band(self):
        with pytest.raises(ValueError, match="begins at 300 Hz, above all that a clip at 500 Hz"):
            telephone(np.ones(10, np.float32), 500)

    def test_empty_band(self):
        with pytest.raises(ValueError, match="from low_hz=3000 to high_hz=1000 is empty"):
            telephone(np.ones(10, np.float32), RATE, low_hz=3000, high_hz=1000)
