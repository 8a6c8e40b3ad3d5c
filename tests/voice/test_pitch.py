"""The tracker against the truth on made sounds, and against Praat on recordings."""

from __future__ import annotations

import re
import threading
import tracemalloc

import numpy as np
import pytest
import soundfile
from hypothesis import given, settings
from hypothesis import strategies as st

import sklearn_ser.voice._pitch_candidates as pitch_candidates
from sklearn_ser.features._engine import FrameSettings, count_frames
from sklearn_ser.voice import PitchSettings, track_pitch
from sklearn_ser.voice._pitch import semitones

RATE = 16000
SETTINGS = PitchSettings(RATE, 160)


def buzz(f0, rate=RATE, *, tilt=1.0, n_harmonics=30, seed=0):
    """Add harmonics of a pitch that may vary, given by sample; none above 0.45 of the rate."""
    phase = 2 * np.pi * np.cumsum(f0) / rate
    starts = np.random.default_rng(seed).uniform(0, 2 * np.pi, n_harmonics)
    waves = [
        np.where(k * f0 < 0.45 * rate, np.sin(k * phase + starts[k - 1]) / k**tilt, 0)
        for k in range(1, n_harmonics + 1)
    ]
    return np.sum(waves, axis=0).astype(np.float32)


def noise(n_samples, seed=0):
    return np.random.default_rng(seed).standard_normal(n_samples).astype(np.float32)


def truth_at_frames(f0, hop, n_frames):
    return f0[np.minimum(np.arange(n_frames) * hop, len(f0) - 1)]


def cents(found, expected):
    return 1200 * np.abs(np.log2(found / expected))


def inner(track):
    """Leave out the frames whose windows reach beyond the clip."""
    return [values[4:-4] for values in track]


@given(
    st.floats(65, 590),
    st.sampled_from([8000, 11025, 16000, 24414, 44100, 48000, 96000]),
    st.sampled_from([0.5, 1.0, 2.0]),
)
@settings(max_examples=25)
def test_a_steady_voice_at_any_rate(f0, rate, tilt):
    voice = buzz(np.full(rate // 2, f0), rate, tilt=tilt)
    found, voicing, strength = inner(track_pitch(voice, PitchSettings(rate, rate // 100)))
    assert cents(found, f0).max() < 3
    assert voicing.min() > 0.9
    assert strength.min() > 0.95


@given(st.floats(80, 500), st.floats(-1, 1), st.integers(0, 9))
@settings(max_examples=15)
def test_a_glide(start, octaves, seed):
    n_samples = 2 * RATE
    f0 = start * 2 ** (octaves * np.arange(n_samples) / n_samples)
    f0 = np.clip(f0, 70, 580)
    found, voicing, _ = inner(track_pitch(buzz(f0, seed=seed), SETTINGS))
    expected = truth_at_frames(f0, 160, len(voicing) + 8)[4:-4]
    assert np.median(cents(found, expected)) < 1
    assert cents(found, expected).max() < 20
    assert voicing.min() > 0.9


@given(st.integers(28, 240))
@settings(max_examples=15)
def test_pulses(period):
    pulses = (np.arange(RATE) % period == 0).astype(np.float32)
    found, voicing, _ = inner(track_pitch(pulses, SETTINGS))
    assert cents(found, RATE / period).max() < 5
    assert voicing.min() > 0.9


@pytest.mark.parametrize(("snr_db", "n_cents"), [(20, 3), (10, 10), (5, 20)])
def test_a_voice_in_noise(snr_db, n_cents):
    f0 = 180 + 40 * np.sin(2 * np.pi * 2 * np.arange(3 * RATE) / RATE)
    voice = buzz(f0)
    hiss = noise(len(voice)) * voice.std() * 10 ** (-snr_db / 20)
    track = track_pitch(voice + hiss, SETTINGS)
    error = cents(track.f0, truth_at_frames(f0, 160, len(track.f0)))
    assert track.is_voiced[4:-4].all()
    assert np.median(error) < n_cents
    assert (error[4:-4] < 300).all()


def test_strength_is_the_share_of_the_voice_in_the_power():
    voice = buzz(np.full(3 * RATE, 200.0), n_harmonics=19)  # up to 3800 Hz, as far as it is heard
    hiss = noise(len(voice))
    spectrum = np.fft.rfft(hiss)
    spectrum[np.fft.rfftfreq(len(hiss), 1 / RATE) > 3400] = 0
    hiss = np.fft.irfft(spectrum).astype(np.float32)
    for hnr_db in (5, 10, 20):
        mixed = voice + hiss * voice.std() / hiss.std() * 10 ** (-hnr_db / 20)
        strength = track_pitch(mixed, SETTINGS).strength[4:-4].astype(float)
        found = 10 * np.log10(strength / (1 - strength))
        assert np.median(found) == pytest.approx(hnr_db, abs=1)


@pytest.mark.parametrize("seed", range(5))
def test_noise_is_unvoiced(seed):
    assert track_pitch(noise(3 * RATE, seed), SETTINGS).is_voiced.mean() < 0.02


def test_syllables_and_pauses():
    times = np.arange(3 * RATE) / RATE
    is_sounding = times % 1 < 0.5
    clip = buzz(np.full(len(times), 150.0)) * is_sounding + 1e-3 * noise(len(times))
    is_voiced = track_pitch(clip.astype(np.float32), SETTINGS).is_voiced
    expected = is_sounding[::160]
    assert (is_voiced[: len(expected)] != expected).sum() <= 12  # two frames at each border


def test_a_tone_above_the_range_is_taken_for_an_octave_below():
    tone = np.sin(2 * np.pi * 1000 * np.arange(RATE) / RATE).astype(np.float32)
    np.testing.assert_allclose(track_pitch(tone, SETTINGS).f0[4:-4], 500, rtol=1e-3)


@pytest.mark.parametrize("f0", [60.0, 600.0])
def test_the_ends_of_the_range_belong_to_it(f0):
    found = track_pitch(buzz(np.full(RATE, f0)), SETTINGS).f0[4:-4]
    assert cents(found, f0).max() < 15


@pytest.mark.parametrize("n_samples", [1, 2, 159, 160, 161, 800, 16001])
@pytest.mark.parametrize("hop", [100, 160, 443])
def test_as_many_frames_as_the_engine(n_samples, hop):
    engine = FrameSettings(("rms",), RATE, 512, hop, 400, 400)
    track = track_pitch(noise(n_samples), PitchSettings(RATE, hop))
    assert [len(values) for values in track] == [count_frames(n_samples, engine)] * 3


@pytest.mark.parametrize("n_samples", [1, 2, 800, 8000])
@pytest.mark.parametrize("scale", [0.0, 1e-42, 1e-30, 1.0, 1e38])
def test_everything_is_finite(n_samples, scale):
    for track in (
        track_pitch(np.float32(scale) * noise(n_samples).clip(-3, 3), SETTINGS),
        track_pitch(np.full(n_samples, scale, np.float32), SETTINGS),
    ):
        for values in track:
            assert values.dtype == np.float32
            assert np.isfinite(values).all()
        assert 60 <= track.f0.min() <= track.f0.max() <= 600
        assert 0 <= track.voicing.min() <= track.voicing.max() <= 1
        assert 0 <= track.strength.min() <= track.strength.max() <= 1


def test_silence():
    track = track_pitch(np.zeros(8000, np.float32), SETTINGS)
    np.testing.assert_allclose(track.f0, np.sqrt(60 * 600), rtol=1e-6)
    assert not track.voicing.any()
    assert not track.strength.any()


def test_frames_of_silence_take_their_pitch_from_their_neighbours():
    silence = np.zeros(RATE // 2, np.float32)
    clip = np.concatenate(
        [buzz(np.full(RATE // 2, 100.0)), silence, buzz(np.full(RATE // 2, 400.0)), silence]
    )
    track = track_pitch(clip, SETTINGS)
    np.testing.assert_allclose(track.f0[75], 200, rtol=0.05)  # halfway in semitones
    np.testing.assert_allclose(track.f0[-10:], 400, rtol=0.05)
    assert track.voicing[60:90].max() == 0


def test_clipping_is_no_matter():
    voice = buzz(np.full(RATE, 220.0))
    clipped = np.clip(20 * voice, -1, 1)
    assert cents(track_pitch(clipped, SETTINGS).f0[4:-4], 220).max() < 3


@pytest.mark.parametrize("gain", [0.1, 10.0, 1e-6])
def test_gain_changes_nothing(gain):
    clip = voice_and_noise()
    expected, found = track_pitch(clip, SETTINGS), track_pitch(np.float32(gain) * clip, SETTINGS)
    for before, after in zip(expected, found, strict=True):
        np.testing.assert_allclose(after, before, rtol=1e-3, atol=1e-3)


def test_a_constant_offset_changes_nothing():
    clip = voice_and_noise()
    expected, found = track_pitch(clip, SETTINGS), track_pitch(clip + np.float32(2), SETTINGS)
    np.testing.assert_allclose(found.voicing, expected.voicing, atol=0.02)
    where = expected.is_voiced
    np.testing.assert_allclose(found.f0[where], expected.f0[where], rtol=1e-3)


def voice_and_noise(n_seconds=3):
    times = np.arange(n_seconds * RATE) / RATE
    voice = buzz(160 + 60 * np.sin(2 * np.pi * times)) * (np.sin(2 * np.pi * 1.3 * times) > -0.3)
    return (voice + 0.05 * noise(len(times))).astype(np.float32)


@pytest.mark.parametrize("n_searched", [1, 7, 100])
@pytest.mark.parametrize("n_transformed", [1, 5, 64])
def test_the_size_of_a_block_changes_nothing(n_searched, n_transformed, monkeypatch):
    clip = voice_and_noise()
    expected = track_pitch(clip, SETTINGS)
    monkeypatch.setattr(pitch_candidates, "_SEARCHED_FRAMES", n_searched)
    monkeypatch.setattr(pitch_candidates, "_TRANSFORMED_VALUES", 960 * n_transformed)
    for before, after in zip(expected, track_pitch(clip, SETTINGS), strict=True):
        np.testing.assert_allclose(after, before, rtol=1e-5, atol=1e-5)


def test_far_away_sound_changes_nothing():
    """A clip's frames do not hear what lies beyond a pause, but for the loudest frame's level."""
    clip, pause = voice_and_noise(1), np.zeros(RATE, np.float32)
    both = track_pitch(np.concatenate([clip, pause, -clip[::-1]]), SETTINGS)
    alone = track_pitch(np.concatenate([clip, pause]), SETTINGS)
    np.testing.assert_array_equal(both.is_voiced[:150], alone.is_voiced[:150])
    where = both.is_voiced[:150]
    np.testing.assert_allclose(both.f0[:150][where], alone.f0[:150][where], rtol=1e-3)


def test_threads_agree_to_the_bit():
    clip, found = voice_and_noise(), []
    threads = [
        threading.Thread(target=lambda: found.append(track_pitch(clip, SETTINGS))) for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    expected = track_pitch(clip, SETTINGS)
    for track in found:
        np.testing.assert_array_equal(track, expected)


def test_the_input_stays_as_it_is():
    clip = voice_and_noise()
    clip.setflags(write=False)
    before = clip.copy()
    track_pitch(clip, SETTINGS)
    np.testing.assert_array_equal(clip, before)


@pytest.mark.slow
def test_memory_is_bounded():
    clip = np.tile(voice_and_noise(), 100)  # five minutes, 19 MB
    tracemalloc.start()
    track_pitch(clip, SETTINGS)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 5 * clip.nbytes


def test_semitones_count_from_a0():
    found = semitones(np.float32([27.5, 55, 110, 440]))
    np.testing.assert_allclose(found, [0, 12, 24, 48], atol=1e-5)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"sample_rate": 0}, "sample_rate=0 and hop_length=160 must be at least 1"),
        ({"hop_length": 0}, "hop_length=0 must be at least 1"),
        ({"fmin": 0.0}, "fmin=0.0 and fmax=600.0 span no band"),
        ({"fmin": 700.0}, "0 < fmin < fmax is needed"),
        ({"fmax": 5000.0}, "fmax=5000.0 is above a quarter of sample_rate=16000: lower it to 4000"),
    ],
)
def test_bad_settings(changes, message):
    with pytest.raises(ValueError, match=message):
        PitchSettings(**{"sample_rate": RATE, "hop_length": 160, **changes})


@pytest.mark.parametrize("shape", [(2, 800), (0,)])
def test_what_is_no_waveform_is_refused(shape):
    message = "samples must be one-dimensional, with one sample at least, got shape "
    with pytest.raises(ValueError, match=message + re.escape(str(shape))):
        track_pitch(np.zeros(shape, np.float32), SETTINGS)


CLIPS = {
    "ravdess": "ravdess/Actor_0[1-8]/*-05-0?-02-01-*.flac",
    "crema_d": "crema_d/AudioWAV/100?_DFA_*_XX.flac",
    "savee": "savee/*/a0[12].flac",
    "tess": "tess/*/*_b*_*.flac",
}

# Between the words of CREMA-D there is the hum of a room, of which either hears another harmonic.
MOST_GROSS_ERRORS = {"ravdess": 0.02, "crema_d": 0.06, "savee": 0.02, "tess": 0.02}


@pytest.mark.parametrize("corpus", CLIPS)
def test_praat_hears_the_same_in_recordings(corpus, corpora):
    parselmouth = pytest.importorskip("parselmouth", reason="praat-parselmouth is not installed")
    n_both = n_gross = n_differ = n_frames = 0
    errors = []
    for path in sorted(corpora.glob(CLIPS[corpus]))[:8]:
        clip, rate = soundfile.read(path, dtype="float32")
        hop = round(rate / 100)
        track = track_pitch(clip, PitchSettings(rate, hop))
        theirs = by_praat(parselmouth, clip, rate, hop, len(track.f0))
        both = track.is_voiced & (theirs > 0)
        error = cents(track.f0[both], theirs[both])
        is_gross = np.abs(track.f0[both] / theirs[both] - 1) > 0.2
        errors.append(error[~is_gross])
        n_gross, n_both = n_gross + is_gross.sum(), n_both + both.sum()
        n_differ += (track.is_voiced != (theirs > 0)).sum()
        n_frames += len(both)
    assert n_both > 200
    assert n_gross < MOST_GROSS_ERRORS[corpus] * n_both
    assert n_differ < 0.12 * n_frames
    assert np.median(np.concatenate(errors)) < 10


def by_praat(parselmouth, clip, rate, hop, n_frames):
    """Return Praat's pitch in our frames, 0 where it hears none."""
    step = hop / rate / 4
    sound = parselmouth.Sound(clip.astype(float), rate)
    pitch = sound.to_pitch_ac(time_step=step, pitch_floor=60, pitch_ceiling=600)
    places = np.round((np.arange(n_frames) * hop / rate - pitch.xs()[0]) / step).astype(int)
    found = pitch.selected_array["frequency"]
    is_inside = (places >= 0) & (places < len(found))
    return np.where(is_inside, found[places.clip(0, len(found) - 1)], 0)
