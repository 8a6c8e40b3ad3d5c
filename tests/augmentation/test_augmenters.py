"""Augmenters of waveforms: what they promise, and every mistake that they tell."""

from __future__ import annotations

import json
from typing import Any

import librosa
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.base import clone
from sklearn.pipeline import make_pipeline

from sklearn_ser import (
    AudioClips,
    GainAugmenter,
    NoiseAugmenter,
    PitchShiftAugmenter,
    ReverbAugmenter,
    SpecAugmenter,
    TelephoneAugmenter,
    TimeShiftAugmenter,
    TimeStretchAugmenter,
    VocalTractAugmenter,
)
from sklearn_ser.audio import write_audio
from sklearn_ser.augmentation import BaseAugmenter
from sklearn_ser.augmentation._vocoder import time_stretch
from sklearn_ser.datasets import make_emotional_speech
from sklearn_ser.exceptions import AudioError
from sklearn_ser.utils import all_estimators

RATE = 16000
CLIP = np.random.default_rng(0).standard_normal(3000).astype(np.float32) / 10

AUGMENTERS = [
    GainAugmenter(),
    NoiseAugmenter(),
    NoiseAugmenter(color="pink"),
    PitchShiftAugmenter(),
    ReverbAugmenter(),
    TelephoneAugmenter((200, 400), (3000, 3600)),
    TimeShiftAugmenter(),
    TimeShiftAugmenter(fill="zeros"),
    TimeStretchAugmenter(),
    VocalTractAugmenter(),
]
everyone = pytest.mark.parametrize("augmenter", AUGMENTERS, ids=repr)


@pytest.fixture
def folder(tmp_path):
    """Two recordings of noise, one below, at other rates than the clips."""
    (tmp_path / "kitchen").mkdir()
    rng = np.random.default_rng(1)
    write_audio(tmp_path / "street.wav", rng.uniform(-1, 1, 22050), 22050)
    write_audio(tmp_path / "kitchen" / "tap.flac", rng.uniform(-1, 1, 800), 8000)
    (tmp_path / "notes.txt").write_text("no noise")
    return tmp_path


@pytest.fixture(scope="module")
def speech():
    speakers = make_emotional_speech(n_speakers=1, n_repetitions=1, random_state=0)
    return speakers.data[0]


def level_db(waveform: np.ndarray) -> float:
    return 10 * np.log10(np.mean(np.square(waveform, dtype=float)))


class TestPromises:
    @everyone
    def test_same_seed_same_bits_other_seed_other_copy(self, augmenter):
        first = augmenter.augment(CLIP, RATE, random_state=3)
        np.testing.assert_array_equal(first, clone(augmenter).augment(CLIP, RATE, 3))
        again = augmenter.augment(CLIP, RATE, np.random.default_rng(3))
        np.testing.assert_array_equal(first, again)
        other = augmenter.augment(CLIP, RATE, random_state=4)
        assert first.shape != other.shape or (first != other).any()

    @everyone
    def test_draw_and_apply_are_augment(self, augmenter):
        drawn = augmenter.draw(CLIP, RATE, np.random.default_rng(7))
        told = json.loads(json.dumps(drawn))
        expected = augmenter.augment(CLIP, RATE, random_state=7)
        np.testing.assert_array_equal(augmenter.apply(CLIP, RATE, **told), expected)

    @everyone
    def test_many_are_each(self, augmenter):
        augmenter = clone(augmenter).set_params(probability=0.7)
        many = augmenter.augment_many(CLIP, RATE, range(5))
        for seed, found in enumerate(many):
            np.testing.assert_array_equal(found, augmenter.augment(CLIP, RATE, seed))

    @everyone
    @pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
    def test_float32_comes_out_and_the_input_stays(self, augmenter, dtype):
        given_clip = CLIP.astype(dtype)[::-1]
        before = given_clip.copy()
        result = augmenter.augment(given_clip, RATE, random_state=0)
        assert result.dtype == np.float32
        assert result.flags.c_contiguous
        assert result.flags.writeable
        assert result.flags.owndata
        assert not np.shares_memory(result, given_clip)
        np.testing.assert_array_equal(given_clip, before)

    @everyone
    def test_read_only_input_is_welcome(self, augmenter):
        clip = CLIP.copy()
        clip.setflags(write=False)
        assert augmenter.augment(clip, RATE, random_state=0).flags.writeable

    @everyone
    @settings(max_examples=15, deadline=None)
    @given(n_samples=st.integers(1, 700), rate=st.integers(1200, 48000), seed=st.integers(0, 99))
    def test_any_length_and_rate(self, augmenter, n_samples, rate, seed):
        clip = np.random.default_rng(seed).standard_normal(n_samples).astype(np.float32)
        result = augmenter.augment(clip, rate, random_state=seed)
        assert np.isfinite(result).all()
        if augmenter.keeps_length:
            assert result.shape == clip.shape

    @everyone
    def test_silence_stays_silence(self, augmenter):
        assert not augmenter.augment(np.zeros(500), RATE, random_state=0).any()

    @everyone
    def test_probability(self, augmenter):
        never = clone(augmenter).set_params(probability=0)
        assert never.draw(CLIP, RATE, random_state=0) == {}
        result = never.augment(CLIP, RATE, random_state=0)
        np.testing.assert_array_equal(result, CLIP)
        assert not np.shares_memory(result, CLIP)
        half = clone(augmenter).set_params(probability=0.5)
        applied = sum(bool(half.draw(CLIP, RATE, seed)) for seed in range(200))
        assert 70 < applied < 130

    @everyone
    def test_it_is_no_step_of_a_pipeline(self, augmenter):
        assert not hasattr(augmenter, "fit")
        assert not hasattr(augmenter, "transform")
        with pytest.raises(TypeError, match="implement fit and transform"):
            make_pipeline(augmenter, "passthrough").fit([CLIP])

    def test_they_are_no_estimators_to_list(self):
        assert not [name for name, _ in all_estimators() if name.endswith("Augmenter")]


STRENGTHS = [
    (GainAugmenter, "gain_db", (-6, 6)),
    (NoiseAugmenter, "snr_db", (5, 20)),
    (PitchShiftAugmenter, "semitones", (-2, 2)),
    (ReverbAugmenter, "rt60", (0.1, 0.9)),
    (ReverbAugmenter, "direct_db", (0, 12)),
    (TelephoneAugmenter, "low_hz", (200, 400)),
    (TelephoneAugmenter, "high_hz", (3000, 3600)),
    (TimeShiftAugmenter, "seconds", (-0.05, 0.05)),
    (TimeStretchAugmenter, "rate", (0.8, 1.2)),
    (VocalTractAugmenter, "factor", (0.9, 1.1)),
]
every_strength = pytest.mark.parametrize(
    ("cls", "name", "ends"), STRENGTHS, ids=[f"{c.__name__}-{n}" for c, n, _ in STRENGTHS]
)


def drawn_values(augmenter: BaseAugmenter, name: str, n: int = 200) -> list[float]:
    return [augmenter.draw(CLIP, RATE, random_state=seed)[name] for seed in range(n)]


class TestStrengths:
    @every_strength
    def test_a_number_is_fixed(self, cls, name, ends):
        assert set(drawn_values(cls(**{name: ends[1]}), name, 3)) == {ends[1]}

    @every_strength
    def test_a_pair_is_drawn_from_evenly(self, cls, name, ends):
        values = np.array(drawn_values(cls(**{name: ends}), name))
        low, high = ends
        assert low <= values.min() < low + 0.1 * (high - low)
        assert high - 0.1 * (high - low) < values.max() <= high
        assert values.mean() == pytest.approx((low + high) / 2, abs=0.1 * (high - low))

    @every_strength
    @pytest.mark.parametrize("value", [np.inf, -np.inf, np.nan, (1, np.inf), (np.nan, 2)])
    def test_infinity_and_nan_are_refused(self, cls, name, ends, value):
        with pytest.raises(ValueError, match=rf"{cls.__name__}: {name}=.* is not finite\. "):
            cls(**{name: value}).augment(CLIP, RATE)

    @every_strength
    @pytest.mark.parametrize("value", ["3", None, True, (1, 2, 3), (1,), [], (1, "2")])
    def test_other_things_are_refused(self, cls, name, ends, value):
        with pytest.raises(ValueError, match=f"{name}=.* is neither a number nor a pair"):
            cls(**{name: value}).augment(CLIP, RATE)

    @every_strength
    def test_upside_down(self, cls, name, ends):
        with pytest.raises(ValueError, match=rf"{name}=.* begins above its end; write \("):
            cls(**{name: ends[::-1]}).augment(CLIP, RATE)

    @pytest.mark.parametrize(
        ("augmenter", "message"),
        [
            (TimeStretchAugmenter(0), "rate=0 is not between 0.1 and 10. A rate of 1 is the clip"),
            (TimeStretchAugmenter(-1.0), "rate=-1.0 is not between 0.1 and 10"),
            (TimeStretchAugmenter((0, 1)), r"rate=\(0, 1\) is not between 0.1 and 10"),
            (PitchShiftAugmenter(400), "semitones=400 is not between -24 and 24. Give semitones"),
            (VocalTractAugmenter(0), "factor=0 is not between 0.5 and 2. 1 is the clip's own"),
            (ReverbAugmenter(0), "rt60=0 is not between 0.01 and 20"),
            (GainAugmenter(1000), "gain_db=1000 is not between -120 and 120"),
            (NoiseAugmenter(1e4), "snr_db=10000.0 is not between -100 and 200. Give decibels"),
            (PitchShiftAugmenter(n_fft=1022), "n_fft=1022 is no multiple of 4 from 32 on; give"),
            (TimeStretchAugmenter(n_fft=0), "TimeStretchAugmenter: n_fft=0 is no multiple of 4"),
            (TimeStretchAugmenter(n_fft=64.0), "n_fft=64.0 is no multiple of 4"),
            (TelephoneAugmenter(0), "low_hz=0 is not at least 1"),
            (NoiseAugmenter(np.inf), "snr_db=inf is not finite. .* without noise lower probab"),
        ],
    )
    def test_out_of_bounds(self, augmenter, message):
        with pytest.raises(ValueError, match=message):
            augmenter.augment(CLIP, RATE)

    @pytest.mark.parametrize("value", [-0.1, 1.1, "1", True, None, (0, 1), np.nan])
    def test_probability_is_one_share(self, value):
        with pytest.raises(ValueError, match=r"probability=.* is not a number between 0 and 1"):
            GainAugmenter(probability=value).augment(CLIP, RATE)

    def test_pitch_beyond_nyquist(self):
        with pytest.raises(ValueError, match=r"500 Hz to 2000 Hz, beyond the Nyquist .* 3000 Hz"):
            PitchShiftAugmenter((0, 24)).augment(CLIP, 3000)


class TestVocoders:
    """Pitch and tempo: librosa's effects, at the clip's level."""

    @pytest.mark.parametrize(("rate", "n_fft"), [(8000, 512), (16000, 1024), (44100, 2048)])
    def test_frames_suit_a_voice(self, speech, rate, n_fft):
        default = PitchShiftAugmenter(2).augment(speech, rate)
        given = PitchShiftAugmenter(2, n_fft=n_fft).augment(speech, rate)
        np.testing.assert_array_equal(default, given)
        theirs = librosa.effects.pitch_shift(speech.astype(float), sr=rate, n_steps=2, n_fft=n_fft)
        theirs *= 10 ** ((level_db(speech) - level_db(theirs)) / 20)
        np.testing.assert_allclose(default, theirs, atol=1e-4)

    @pytest.mark.parametrize("augmenter", [PitchShiftAugmenter(-3), TimeStretchAugmenter(0.85)])
    def test_level_stays(self, augmenter, speech):
        assert level_db(augmenter.augment(speech, RATE)) == pytest.approx(
            level_db(speech), abs=0.01
        )

    def test_without_its_level_speech_is_quieter(self, speech):
        assert level_db(time_stretch(speech, 0.85)) < level_db(speech) - 1

    def test_silence_stays_silent(self):
        silence = np.zeros(3000, np.float32)
        np.testing.assert_array_equal(PitchShiftAugmenter(2).augment(silence, RATE), silence)


class TestInput:
    @pytest.mark.parametrize(
        ("waveform", "message"),
        [
            (np.zeros((2, 100)), r"takes one waveform, a 1-D array .* got shape \(2, 100\)"),
            (np.zeros(100, np.int16), "dtype int16. Waveforms of integers are scaled"),
            ([CLIP, CLIP[:10]], r"a set of clips is augmented clip by clip"),
            (AudioClips([CLIP, CLIP[:9]], RATE), r"got shape \(2,\) and dtype object"),
            ("clip.wav", "takes one waveform"),
            (None, "takes one waveform"),
            (np.zeros(0), r"an empty array of shape \(0,\)"),
            ([0.0, np.nan], "got NaN or infinity; mend or leave out the clip"),
            ([0.0, 1e300], "got NaN or infinity"),
            (np.zeros(3, complex), "dtype complex128"),
        ],
    )
    def test_what_is_no_waveform(self, waveform, message):
        with pytest.raises(AudioError, match=message):
            GainAugmenter().augment(waveform, RATE)

    @pytest.mark.parametrize("rate", [None, 0, -1, np.nan, np.inf, "16000"])
    def test_no_rate(self, rate):
        with pytest.raises(ValueError, match=r"sample_rate=.* is not a positive number"):
            GainAugmenter().augment(CLIP, rate)

    @pytest.mark.parametrize("seed", ["0", 1.5, True, np.random.RandomState(0)])
    def test_random_state(self, seed):
        with pytest.raises(TypeError, match=r"neither None nor an int nor a numpy.random.Gen"):
            GainAugmenter().augment(CLIP, RATE, seed)

    def test_sequence_augmenter_on_a_waveform(self):
        with pytest.raises(AudioError, match="SpecAugmenter takes one clip's sequence, a 2-D"):
            SpecAugmenter().augment(CLIP)

    def test_no_seed_gives_other_copies(self):
        copies = [NoiseAugmenter().augment(CLIP, RATE) for _ in range(2)]
        assert (copies[0] != copies[1]).any()


class Misbehaving(BaseAugmenter):
    """Does to the waveform what it is told."""

    def __init__(self, deed=None) -> None:
        self.deed = deed

    def _draw(self, waveform: Any, sample_rate: Any, random_state: Any) -> dict[str, Any]:
        return {"deed": 1}

    def _apply(self, waveform: Any, sample_rate: Any, *, deed: int) -> Any:
        return self.deed(waveform)


def double_in_place(waveform: np.ndarray) -> np.ndarray:
    waveform *= 2
    return waveform


def with_nan(waveform: np.ndarray) -> np.ndarray:
    return np.where(np.arange(len(waveform)) == 1, np.nan, waveform)


class TestResult:
    @pytest.mark.parametrize(
        ("deed", "message"),
        [
            (double_in_place, "Misbehaving changed its input in place; let it work on a copy"),
            (with_nan, "Misbehaving returned NaN or infinity"),
            (lambda y: y[:-1], r"returned shape \(2999,\) for \(3000,\), yet its keeps_length"),
            (lambda y: y[None], r"returned shape \(1, 3000\) and dtype float32 for shape \(3000,"),
            (lambda y: (y * 100).astype(int), "dtype int64 for .* it must return floats"),
            (lambda y: None, r"returned shape \(\) and dtype object"),
            (lambda y: y[:0], r"returned shape \(0,\)"),
            (lambda y: y.astype(float) * 1e300, "returned NaN or infinity"),
        ],
    )
    def test_what_must_not_come_out(self, deed, message):
        with pytest.raises(AudioError, match=message):
            Misbehaving(deed).augment(CLIP, RATE)

    def test_not_even_a_misbehaving_one_changes_the_callers_array(self):
        clip = CLIP.copy()
        with pytest.raises(AudioError, match="in place"):
            Misbehaving(double_in_place).augment(clip, RATE)
        np.testing.assert_array_equal(clip, CLIP)

    def test_a_view_of_the_input_is_copied(self):
        result = Misbehaving(lambda waveform: waveform).augment(CLIP, RATE)
        assert not np.shares_memory(result, CLIP)

    def test_another_length_where_allowed(self):
        class Cutter(Misbehaving):
            keeps_length = False

        assert Cutter(lambda waveform: waveform[:7]).augment(CLIP, RATE).shape == (7,)

    def test_abstract(self):
        with pytest.raises(TypeError, match="abstract"):
            BaseAugmenter()


class TestNoise:
    def test_ratio(self):
        noisy = NoiseAugmenter(10.0, color="pink").augment(CLIP, RATE, random_state=0)
        assert level_db(CLIP) - level_db(noisy - CLIP) == pytest.approx(10, abs=0.01)

    def test_recordings(self, folder):
        augmenter = NoiseAugmenter(10.0, color=folder)
        drawn = [augmenter.draw(CLIP, RATE, seed) for seed in range(20)]
        assert {each["recording"] for each in drawn} == {0, 1}
        for each in drawn:
            noise = augmenter.apply(CLIP, RATE, **each) - CLIP
            assert level_db(CLIP) - level_db(noise) == pytest.approx(10, abs=0.01)
        np.testing.assert_array_equal(
            augmenter.augment(CLIP, RATE, 0), clone(augmenter).augment(CLIP, RATE, 0)
        )

    def test_a_short_recording_is_repeated(self, folder):
        noise = NoiseAugmenter(0.0, color=folder).apply(
            np.ones(4000, np.float32), RATE, snr_db=0.0, recording=0, start=0.0
        )
        np.testing.assert_allclose(noise[:1600], noise[1600:3200], atol=1e-6)

    @pytest.mark.parametrize("start", [0.0, 0.5, 0.999999])
    def test_a_piece_of_a_long_recording(self, folder, start):
        clip = np.ones(1600, np.float32)
        augmenter = NoiseAugmenter(0.0, color=str(folder))
        noise = augmenter.apply(clip, RATE, snr_db=0.0, recording=1, start=start) - clip
        assert np.isfinite(noise).all()
        assert noise.std() > 0.5

    @pytest.mark.parametrize("n_samples", [1, 2, 16001, 40000])
    def test_recordings_for_clips_of_any_length(self, folder, n_samples):
        clip = np.ones(n_samples, np.float32)
        for seed in range(3):
            assert NoiseAugmenter(color=folder).augment(clip, RATE, seed).shape == clip.shape

    def test_a_silent_recording_leaves_the_clip(self, tmp_path):
        write_audio(tmp_path / "off.wav", np.zeros(16000), 16000)
        found = NoiseAugmenter(color=tmp_path).augment(CLIP, RATE, random_state=0)
        np.testing.assert_array_equal(found, CLIP)

    def test_empty_folder(self, tmp_path):
        with pytest.raises(AudioError, match=r"holds no recordings of noise .* put \.wav or"):
            NoiseAugmenter(color=tmp_path).augment(CLIP, RATE)

    @pytest.mark.parametrize(
        ("color", "message"),
        [
            ("pinc", "color='pinc' is neither 'white' nor 'pink' nor a folder .* Did you mean 'pi"),
            ("no/such/folder", "color='no/such/folder' is neither .* a folder that exists"),
            (None, "color=None is neither"),
            (3, "color=3 is neither"),
        ],
    )
    def test_unknown_color(self, color, message):
        with pytest.raises(ValueError, match=message):
            NoiseAugmenter(color=color).augment(CLIP, RATE)

    def test_a_broken_recording_is_named(self, tmp_path):
        (tmp_path / "broken.wav").write_bytes(b"RIFF")
        with pytest.raises(AudioError, match=r"broken\.wav cannot be read as a recording"):
            NoiseAugmenter(color=tmp_path).augment(CLIP, RATE)


class TestTimeShift:
    def test_zeros_leave_half_the_clip(self):
        augmenter = TimeShiftAugmenter(100.0, fill="zeros")
        assert augmenter.draw(CLIP, RATE, 0) == {"seconds": len(CLIP) / 2 / RATE}
        shifted = augmenter.augment(CLIP, RATE)
        np.testing.assert_array_equal(shifted[1500:], CLIP[:1500])
        assert not shifted[:1500].any()

    def test_unknown_fill(self):
        with pytest.raises(ValueError, match=r"fill='zero' is not one of .* Did you mean 'zeros'"):
            TimeShiftAugmenter(fill="zero").augment(CLIP, RATE)
