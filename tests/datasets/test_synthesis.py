import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from sklearn_ser.datasets._synthesis import glottal_flow_derivative, record, speak
from sklearn_ser.datasets._synthesis_plan import FRAME_RATE, PHONES, Delivery, plan_speech

RATE = 16000
MONOTONE = Delivery(f0=200.0, accent_height=0.0, declination=0.0, final_rise=0.0, jitter=0.0)


def say(sentence, delivery=MONOTONE, rate=RATE, seed=0):
    return speak(sentence, delivery, rate, np.random.default_rng(seed))


def spectrum(sound, rate=RATE):
    power = np.abs(np.fft.rfft(sound * np.hanning(len(sound)))) ** 2
    return np.fft.rfftfreq(len(sound), 1 / rate), power


def plan(sentence, delivery=MONOTONE, seed=0):
    return plan_speech(sentence, delivery, np.random.default_rng(seed))


# -- plan ---------------------------------------------------------------------------------------


def test_only_the_vowel_of_a_marked_syllable_is_stressed():
    laid_out, _ = plan("ma'lona 'la")
    assert len(laid_out.phones) == 8 + 2  # and silence at both ends
    assert np.flatnonzero(laid_out.stressed).tolist() == [4, 8]


def test_faster_speech_is_shorter():
    slow, _ = plan("'mela", Delivery(rate=0.8))
    fast, _ = plan("'mela", Delivery(rate=1.2))
    assert slow.bounds[-2] - slow.bounds[1] == pytest.approx(
        1.5 * (fast.bounds[-2] - fast.bounds[1])
    )


def test_voice_is_silent_at_both_ends_and_in_pauses():
    laid_out, tracks = plan("ma,,ma")
    times = np.arange(len(tracks.voicing)) / FRAME_RATE
    pause = np.abs(times - 0.5 * (laid_out.bounds[3] + laid_out.bounds[5])) < 0.02
    assert tracks.voicing[[0, -1]].max() < 0.02
    assert tracks.voicing[pause].max() < 1e-6
    assert tracks.voicing.max() > 0.9


def test_pitch_contour_declines_and_rises_as_told():
    _, falling = plan("mamamama", Delivery(declination=6.0, final_rise=-4.0))
    _, rising = plan("mamamama", Delivery(declination=0.0, final_rise=6.0))
    assert falling.f0[10] > 1.2 * falling.f0[-15]
    assert rising.f0[-15] > 1.2 * rising.f0[10]


def test_sloppy_speech_brings_formants_together():
    _, precise = plan("miamiami", Delivery(vowel_space=1.2))
    _, sloppy = plan("miamiami", Delivery(vowel_space=0.6))
    assert np.ptp(sloppy.formants[:, 1]) < 0.7 * np.ptp(precise.formants[:, 1])


# -- source -------------------------------------------------------------------------------------


def pulse_train(f0, rate, open_quotient=0.6):
    onsets = np.arange(0.0, 1.01, 1 / f0)
    times = np.arange(rate) / rate
    return glottal_flow_derivative(onsets, np.ones(len(onsets) - 1), open_quotient, times)


def test_pulses_have_the_closing_jump_that_was_asked_for():
    derivative, flow = pulse_train(100.0, 96000)
    assert derivative.min() == pytest.approx(-1.0, abs=0.05)
    assert derivative.max() == pytest.approx(1 / 3, abs=0.01)  # of 2x - 3x**2, at x = 1/3
    assert 0.0 <= flow.min() < flow.max() < 1.0 + 1e-9
    assert np.mean(flow > 1e-6) == pytest.approx(0.6, abs=0.03)


def alias_level(pulses, f0):
    """Strongest line between the harmonics below 4 kHz, in dB re the strongest harmonic."""
    frequencies, power = spectrum(pulses)
    off_harmonics = np.abs(frequencies / f0 - np.round(frequencies / f0)) > 0.05
    audible = frequencies < 4000
    return 10 * np.log10(power[off_harmonics & audible].max() / power[audible].max())


def test_pulses_alias_far_less_than_plain_samples_of_them():
    f0 = 333.7  # its harmonics beyond half the rate fold back between the others
    x = np.arange(RATE) / RATE * f0 % 1.0 / 0.6
    plain = np.where(x < 1.0, 2 * x - 3 * x**2, 0.0)
    assert alias_level(pulse_train(f0, RATE)[0], f0) < -48
    assert alias_level(pulse_train(f0, RATE)[0], f0) < alias_level(plain, f0) - 12


# -- speech -------------------------------------------------------------------------------------


@pytest.mark.parametrize("phone", sorted(set(PHONES) - {","}))
def test_every_phone_sounds(phone):
    sound = say(f"{phone}a{phone}")
    assert np.isfinite(sound).all()
    assert 0.001 < np.std(sound) < 1.0


@pytest.mark.parametrize("rate", [8000, 16000, 44100])
def test_pitch_is_what_was_asked_for(rate):
    frequencies, power = spectrum(say("aaaaaa", rate=rate), rate)
    near = (frequencies > 150) & (frequencies < 250)
    assert frequencies[near][power[near].argmax()] == pytest.approx(200, abs=6)


@pytest.mark.parametrize(("vowel", "f1"), [("a", 730), ("e", 530), ("i", 270)])
@pytest.mark.parametrize("tract", [1.0, 1.2])
def test_vowels_have_their_first_formant(vowel, f1, tract):
    delivery = Delivery(f0=50.0, jitter=0.0, formant_scale=(tract,) * 4)
    frequencies, power = spectrum(say(vowel * 6, delivery))
    low = (frequencies > 150) & (frequencies < 1000)
    centre = frequencies[low][power[low].argmax()]
    assert centre == pytest.approx(f1 * tract, abs=60)


def test_tilt_takes_high_frequencies():
    def brightness(tilt):
        frequencies, power = spectrum(say("aeae", Delivery(tilt=tilt, aspiration=-90.0)))
        high = (frequencies > 2500) & (frequencies < 3500)
        return 10 * np.log10(power[high].sum() / power[frequencies < 500].sum())

    assert brightness(3.0) - brightness(15.0) == pytest.approx(12.0, abs=2.5)


def test_level_is_in_decibels():
    ratio = np.std(say("mama", Delivery(level=6.0))) / np.std(say("mama", Delivery(level=0.0)))
    assert 20 * np.log10(ratio) == pytest.approx(6.0)


def test_moving_formants_do_not_click():
    # aspiration and high harmonics out of the way, to see what renewing the filters leaves
    dull = Delivery(f0=100.0, tilt=40.0, aspiration=-140.0)
    rough = np.abs(np.diff(say("laluliwe", dull), 4))
    at_border = np.zeros(len(rough), dtype=bool)
    for offset in range(-4, 2):
        at_border[80 + offset :: 80] = True
    assert np.mean(rough[at_border]) < 1.5 * np.mean(rough[~at_border])


def test_one_seed_one_sound():
    assert_array_equal(say("'mela", seed=3), say("'mela", seed=3))
    assert len(say("'mela", seed=3)) != len(say("'mela", seed=4))


# -- recording ----------------------------------------------------------------------------------


def test_noise_floor_lies_where_it_was_put():
    tone = 0.1 * np.sin(np.arange(RATE) * 0.3)
    recorded = record(tone, RATE, 30.0, np.random.default_rng(0))
    silence = recorded[: int(0.02 * RATE)]
    assert 20 * np.log10(np.std(tone) / np.std(silence)) == pytest.approx(30.0, abs=1.5)
    assert RATE * 1.04 <= len(recorded) <= RATE * 1.32


def test_what_exceeds_full_scale_is_turned_down_as_a_whole():
    tone = np.sin(np.arange(RATE) * 0.3)
    loud = record(5.0 * tone, RATE, 30.0, np.random.default_rng(0))
    quiet = record(0.5 * tone, RATE, 30.0, np.random.default_rng(0))
    assert np.abs(loud).max() == pytest.approx(0.98)
    assert_allclose(loud / np.abs(loud).max(), quiet / np.abs(quiet).max(), atol=1e-5)
