"""What the voice encoder hears: levels that know nothing of gain, room and noise."""

from __future__ import annotations

import warnings
from dataclasses import replace

import librosa
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sklearn_ser.audio import resample
from sklearn_ser.datasets import make_emotional_speech
from sklearn_ser.embedding._front_end import FrontEnd

RATE = 16000


@pytest.fixture(scope="module")
def clip():
    speech = make_emotional_speech(n_speakers=2, n_repetitions=1, random_state=0)
    return np.array(speech.data[0])


def hear(front_end, power, gains_db=None):
    """Return the levels that are heard, whatever the pitches."""
    nothing = np.zeros((len(power), front_end.n_bands), dtype=np.float32)
    return front_end.hear(power, nothing, gains_db)[..., 0]


def test_power_is_that_of_librosa(clip):
    expected = librosa.feature.melspectrogram(
        y=clip - clip.mean(),
        sr=RATE,
        n_fft=512,
        win_length=400,
        hop_length=160,
        n_mels=64,
        fmin=50.0,
        fmax=7800.0,
        htk=True,
        norm=None,
        pad_mode="constant",
    ).T
    found = FrontEnd().power(clip)
    assert found.shape == expected.shape
    assert np.abs(found - np.maximum(expected, 1e-10)).max() <= 1e-5 * expected.max()


def test_a_gain_is_not_heard(clip):
    front_end = FrontEnd()
    np.testing.assert_allclose(front_end(0.05 * clip), front_end(clip), atol=2e-3)


def test_a_steady_room_is_not_heard_once_it_is_whitened(clip):
    front_end = FrontEnd(subtraction=0.0)
    power = front_end.power(clip)
    room = np.linspace(-6, 6, front_end.n_bands, dtype=np.float32)
    plain = hear(front_end, power)
    whitened = replace(front_end, whitening=tuple(map(float, room)))
    np.testing.assert_allclose(hear(whitened, power * 10 ** (room / 10)), plain, atol=1e-3)


def test_the_long_term_spectrum_is_what_whitening_takes_out(clip):
    front_end = FrontEnd()
    power = front_end.power(clip)
    spectrum = front_end.long_term_spectrum(power)
    assert spectrum.shape == (64,)
    assert abs(float(spectrum.mean())) < 1e-3
    whitened = replace(front_end, whitening=tuple(map(float, spectrum)))
    left = whitened.long_term_spectrum(power)
    np.testing.assert_allclose(left, spectrum, atol=1e-6)  # of the power, whatever is taken out
    assert hear(whitened, power).mean(axis=0).std() < hear(front_end, power).mean(axis=0).std()


def test_steady_noise_is_taken_out(clip):
    noise = np.random.default_rng(0).normal(0, 0.02, 3 * len(clip)).astype(np.float32)
    noise *= np.abs(clip).max()
    padded = np.pad(clip, len(clip))

    def heard_of_the_pauses(subtraction):
        front_end = FrontEnd(subtraction=subtraction)
        bands = hear(front_end, front_end.power(padded + noise))
        return float(np.mean(bands > bands.min()))

    assert heard_of_the_pauses(4.0) < 0.7 * heard_of_the_pauses(0.0)


def test_silence_at_the_ends_is_left_out(clip):
    front_end = FrontEnd(subtraction=0.0)
    alone, padded = front_end(clip), front_end(np.pad(clip, (16000, 32000)))
    assert abs(len(padded) - len(alone)) <= 12
    assert len(padded) < len(front_end.power(np.pad(clip, (16000, 32000)))) - 250


def test_gains_are_added_to_the_levels(clip):
    front_end = FrontEnd()
    power = front_end.power(clip)
    shift = np.full(64, 5.0, dtype=np.float32)
    np.testing.assert_allclose(hear(front_end, power, shift), hear(front_end, power), atol=1e-5)


@pytest.mark.parametrize("heard_db", [30.0, 20.0, 10.0])
def test_nothing_is_heard_below_the_floor(clip, heard_db):
    found = FrontEnd(heard_db=heard_db)(clip)
    assert found[..., 0].min() == pytest.approx((15 - heard_db) / 10)
    assert found.shape == FrontEnd()(clip).shape


def test_a_draw_of_the_floor_stands_in_for_the_own(clip):
    front_end = FrontEnd(heard_db=12.0)
    bands = front_end.hear(front_end.power(clip), front_end.salience(clip))
    np.testing.assert_array_equal(front_end.cut(bands, 20.0), FrontEnd(heard_db=20.0)(clip))


@pytest.mark.parametrize("n_samples", [0, 1, 160, 400])
def test_short_and_silent_clips_have_frames(n_samples):
    found = FrontEnd()(np.zeros(n_samples, dtype=np.float32))
    assert found.shape == (1 + n_samples // 160, 64, 2)
    assert np.isfinite(found).all()


@settings(max_examples=25, deadline=None)
@given(
    n_samples=st.integers(1, 30_000),
    scale=st.sampled_from([1e-30, 1e-6, 1.0, 1e4]),
    seed=st.integers(0, 99),
)
def test_whatever_is_heard_is_finite_and_bounded(n_samples, scale, seed):
    wave = np.random.default_rng(seed).normal(0, scale, n_samples).astype(np.float32)
    found = FrontEnd()(wave)
    assert found.dtype == np.float32
    assert 1 <= len(found) <= 1 + n_samples // 160
    assert np.isfinite(found).all()
    assert found[..., 0].min() >= -1.5 - 1e-6
    assert np.abs(found[..., 1]).max() < 40


def test_a_long_clip_is_taken_in_blocks(monkeypatch, clip):
    front_end = FrontEnd()
    power, salience = front_end.power(clip), front_end.salience(clip)
    monkeypatch.setattr("sklearn_ser.embedding._front_end._FRAMES_A_BLOCK", 7)
    monkeypatch.setattr("sklearn_ser.embedding._pitch._FRAMES_A_BLOCK", 7)
    np.testing.assert_allclose(front_end.power(clip), power, rtol=1e-5)
    np.testing.assert_allclose(front_end.salience(clip), salience, atol=1e-5)


def test_it_is_written_down_and_read_again():
    front_end = FrontEnd(whitening=(1.0, 2.0), heard_db=20.0)
    assert FrontEnd.from_dict(front_end.to_dict()) == front_end


@pytest.mark.parametrize("change", [{"n_bnads": 64}, {"fmin": None}])
def test_other_fields_are_refused(change):
    given_fields = {**FrontEnd().to_dict(), **change}
    if change.get("fmin", 0) is None:
        del given_fields["fmin"]
    with pytest.raises(ValueError, match="a front end has the fields"):
        FrontEnd.from_dict(given_fields)


def buzz(pitch, seconds=1.0, rate=RATE):
    """Return pulses of a steady pitch."""
    times = np.arange(round(seconds * rate)) / rate
    harmonics = np.arange(1, int(0.45 * rate / pitch))
    wave = np.cos(2 * np.pi * pitch * times[:, None] * harmonics).mean(axis=1)
    return wave.astype(np.float32)


PITCHES = np.geomspace(62.0, 500.0, 64)


@pytest.mark.parametrize("rate", [8000, 16000, 22050])
@pytest.mark.parametrize("pitch", [80.0, 130.0, 210.0, 400.0])
def test_the_most_salient_pitch_is_that_of_the_voice(pitch, rate):
    front_end = FrontEnd(sample_rate=rate, fmax=3900.0)
    salience = front_end.salience(buzz(pitch, rate=rate))
    found = PITCHES[salience[20:-20].mean(axis=0).argmax()]
    assert abs(np.log2(found / pitch)) < 1 / 24  # half of a semitone; they lie half of one apart


def test_noise_has_no_pitch():
    noise = np.random.default_rng(0).normal(size=RATE).astype(np.float32)
    assert FrontEnd().salience(noise).max() < 0.5 * FrontEnd().salience(buzz(150.0)).max()


def test_neither_gain_nor_room_changes_the_pitches(clip):
    front_end = FrontEnd()
    exact = front_end.salience(clip)
    np.testing.assert_allclose(front_end.salience(0.01 * clip + 0.3), exact, atol=0.02)
    room = np.convolve(clip, [1.0, 0.6], mode="same").astype(np.float32)
    assert np.corrcoef(front_end.salience(room).ravel(), exact.ravel())[0, 1] > 0.95


def test_pitches_stay_in_place_in_a_long_clip_at_any_rate():
    rate = 22050  # whose hop of 10 ms is no whole number of samples at any lower rate
    clip = np.concatenate([np.zeros(60 * rate, np.float32), buzz(150.0, rate=rate)])
    front_end = FrontEnd(sample_rate=rate)
    salience = front_end.salience(clip)
    assert len(salience) == len(front_end.power(clip))
    first = np.flatnonzero(salience.max(axis=1) > 0.3)[0]
    assert abs(first - 60 * rate / front_end.hop_length) < 4


def test_pitches_are_heard_relative_to_the_clearest(clip):
    front_end = FrontEnd()
    power, salience = front_end.power(clip), front_end.salience(clip)
    usual = front_end.hear(power, salience)
    np.testing.assert_allclose(front_end.hear(power, 0.5 * salience), usual, atol=1e-5)
    assert np.percentile(usual[..., 1].max(axis=1), 90) == pytest.approx(1.5, abs=0.3)


def test_quiet_frames_have_no_pitch(clip):
    quiet = np.concatenate([clip, 1e-5 * buzz(150.0), clip])
    heard = FrontEnd(subtraction=0.0)(quiet)
    on_the_floor = heard[..., 0].max(axis=1) < -1.4
    assert on_the_floor.sum() > 50
    assert np.abs(heard[on_the_floor, :, 1]).max() == 0


def test_a_network_may_hear_levels_alone(clip):
    front_end = FrontEnd(pitch_weight=0.0)
    found = front_end(clip)
    assert front_end.salience(clip).shape == (len(front_end.power(clip)), 0)
    np.testing.assert_array_equal(found[..., 0], FrontEnd()(clip)[..., 0])
    assert found.shape[2] == front_end.n_channels == 1


@pytest.mark.parametrize("speed", [0.9, 1.1])
def test_another_speed_is_what_a_resampled_clip_sounds_like(speed, clip):
    front_end = FrontEnd()
    faster = np.asarray(resample(clip, RATE * speed, RATE), dtype=np.float32)
    expected, found = front_end(faster), front_end.at_speed(speed)(clip)
    assert abs(len(expected) - len(found)) <= 1
    n = min(len(expected), len(found))
    for channel, least in ((0, 0.99), (1, 0.999)):
        pair = expected[:n, :, channel].ravel(), found[:n, :, channel].ravel()
        assert np.corrcoef(*pair)[0, 1] > least
    own = front_end(clip)[:n, :, 0]
    n = min(n, len(own))
    assert np.corrcoef(own[:n].ravel(), found[:n, :, 0].ravel())[0, 1] < 0.97


def test_bands_above_half_the_rate_are_silent_without_a_warning():
    slow = FrontEnd().at_speed(0.83)  # asked for nowhere else, so that its filters are new
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        bands = slow(np.random.default_rng(0).normal(size=RATE))
    assert np.isfinite(bands).all()
    assert bands[:, -1, 0].max() == bands[..., 0].min() < bands[:, 0, 0].mean()
