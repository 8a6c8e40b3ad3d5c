"""What the voice encoder hears: levels that know nothing of gain, room and noise."""

from __future__ import annotations

from dataclasses import replace

import librosa
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sklearn_ser.datasets import make_emotional_speech
from sklearn_ser.embedding._front_end import FrontEnd

RATE = 16000


@pytest.fixture(scope="module")
def clip():
    speech = make_emotional_speech(n_speakers=2, n_repetitions=1, random_state=0)
    return np.array(speech.data[0])


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
    plain = front_end.hear(power)
    whitened = replace(front_end, whitening=tuple(map(float, room)))
    np.testing.assert_allclose(whitened.hear(power * 10 ** (room / 10)), plain, atol=1e-3)


def test_the_long_term_spectrum_is_what_whitening_takes_out(clip):
    front_end = FrontEnd()
    power = front_end.power(clip)
    spectrum = front_end.long_term_spectrum(power)
    assert spectrum.shape == (64,)
    assert abs(float(spectrum.mean())) < 1e-3
    whitened = replace(front_end, whitening=tuple(map(float, spectrum)))
    left = whitened.long_term_spectrum(power)
    np.testing.assert_allclose(left, spectrum, atol=1e-6)  # of the power, whatever is taken out
    assert whitened.hear(power).mean(axis=0).std() < front_end.hear(power).mean(axis=0).std()


def test_steady_noise_is_taken_out(clip):
    noise = np.random.default_rng(0).normal(0, 0.02, 3 * len(clip)).astype(np.float32)
    noise *= np.abs(clip).max()
    padded = np.pad(clip, len(clip))

    def heard_of_the_pauses(subtraction):
        front_end = FrontEnd(subtraction=subtraction)
        bands = front_end.hear(front_end.power(padded + noise))
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
    np.testing.assert_allclose(front_end.hear(power, shift), front_end.hear(power), atol=1e-5)


@pytest.mark.parametrize("heard_db", [30.0, 20.0, 10.0])
def test_nothing_is_heard_below_the_floor(clip, heard_db):
    found = FrontEnd(heard_db=heard_db)(clip)
    assert found.min() == pytest.approx((15 - heard_db) / 10)
    assert found.shape == FrontEnd()(clip).shape


def test_a_draw_of_the_floor_stands_in_for_the_own(clip):
    front_end = FrontEnd(heard_db=12.0)
    bands = front_end.hear(front_end.power(clip))
    np.testing.assert_array_equal(front_end.cut(bands, 20.0), FrontEnd(heard_db=20.0)(clip))


@pytest.mark.parametrize("n_samples", [0, 1, 160, 400])
def test_short_and_silent_clips_have_frames(n_samples):
    found = FrontEnd()(np.zeros(n_samples, dtype=np.float32))
    assert found.shape == (1 + n_samples // 160, 64)
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
    assert found.min() >= -1.5 - 1e-6


def test_a_long_clip_is_taken_in_blocks(monkeypatch, clip):
    whole = FrontEnd().power(clip)
    monkeypatch.setattr("sklearn_ser.embedding._front_end._FRAMES_A_BLOCK", 7)
    np.testing.assert_allclose(FrontEnd().power(clip), whole, rtol=1e-5)


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
