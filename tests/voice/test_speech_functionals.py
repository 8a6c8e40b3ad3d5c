"""Functionals of a clip: names, families, gain, silence, rates, and input of every kind."""

from __future__ import annotations

import pickle
import re

import numpy as np
import pytest
import scipy.signal
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.base import clone

from sklearn_ser import AudioClips, SpeechFunctionalsTransformer
from sklearn_ser.datasets import load_ravdess, make_emotional_speech
from sklearn_ser.exceptions import CorpusWarning
from sklearn_ser.voice._families import FAMILIES, FULL

RATE = 16000


@pytest.fixture(scope="module")
def speech() -> AudioClips:
    return make_emotional_speech(n_speakers=2, n_repetitions=1, random_state=0).data[:6]


@pytest.fixture(scope="module")
def fitted(speech) -> SpeechFunctionalsTransformer:
    return SpeechFunctionalsTransformer().fit(speech)


def told(clip: np.ndarray, rate: int = RATE, **options: object) -> dict[str, float]:
    """Describe one clip, by names."""
    transformer = SpeechFunctionalsTransformer(sample_rate=rate, **options)
    (row,) = transformer.fit_transform([clip])
    return dict(zip(transformer.get_feature_names_out(), row.tolist(), strict=True))


def hum(hertz: float = 150.0, seconds: float = 1.0, rate: int = RATE) -> np.ndarray:
    """Return a buzz of ten harmonics."""
    times = np.arange(round(seconds * rate)) / rate
    partials = [np.sin(2 * np.pi * k * hertz * times) / k for k in range(1, 11)]
    return (0.1 * np.sum(partials, axis=0)).astype(np.float32)


class TestForm:
    def test_one_row_a_clip(self, speech, fitted):
        table = fitted.transform(speech)
        assert table.shape == (6, 1835)
        assert table.dtype == np.float32

    def test_names_are_distinct_and_plain(self, fitted):
        names = fitted.get_feature_names_out()
        assert len(set(names)) == len(names) == 1835
        assert all(re.fullmatch(r"[a-z0-9_.]+", name) for name in names)
        for name in ("f0_semitone_p95", "mfcc_3_delta_std", "jitter_mean", "rhythm_pause_rate"):
            assert name in names

    def test_every_feature_has_its_family(self, fitted):
        families = fitted.feature_families_
        assert list(dict.fromkeys(families)) == list(FULL)
        assert len(families) == 1835

    @pytest.mark.parametrize("family", FAMILIES)
    def test_a_family_alone_is_its_part_of_all(self, family, speech):
        every = SpeechFunctionalsTransformer(tuple(FAMILIES)).fit(speech)
        alone = SpeechFunctionalsTransformer(family)
        found = alone.fit_transform(speech)
        columns = [one == family for one in every.feature_families_]
        np.testing.assert_array_equal(found, every.transform(speech)[:, columns])
        names = every.get_feature_names_out()[columns]
        np.testing.assert_array_equal(alone.get_feature_names_out(), names)

    def test_several_families_in_the_order_given(self, speech):
        chosen = SpeechFunctionalsTransformer(["rhythm", "pitch"]).fit(speech)
        assert list(dict.fromkeys(chosen.feature_families_)) == ["rhythm", "pitch"]

    def test_egemaps_like_has_88(self, speech):
        transformer = SpeechFunctionalsTransformer("eGeMAPS-like")
        table = transformer.fit_transform(speech)
        names = transformer.get_feature_names_out()
        assert table.shape == (6, 88)
        assert len(set(names)) == 88
        assert np.isfinite(table).all()

    def test_two_processes_give_the_same(self, speech, fitted):
        parallel = clone(fitted).set_params(n_jobs=2).fit(speech)
        np.testing.assert_array_equal(parallel.transform(speech), fitted.transform(speech))

    def test_the_cache_gives_the_same(self, speech, fitted, tmp_path):
        cached = clone(fitted).set_params(memory=str(tmp_path)).fit(speech)
        cached.get_feature_names_out()
        for _ in range(2):
            np.testing.assert_array_equal(cached.transform(speech), fitted.transform(speech))

    def test_pickle(self, speech, fitted):
        copy = pickle.loads(pickle.dumps(fitted))
        np.testing.assert_array_equal(copy.transform(speech[:1]), fitted.transform(speech[:1]))

    def test_clips_do_not_know_each_other(self, speech, fitted):
        np.testing.assert_array_equal(fitted.transform(speech)[3:4], fitted.transform(speech[3:4]))


class TestRefused:
    @pytest.mark.parametrize(
        ("feature_set", "message"),
        [
            ("pich", r"feature_set='pich' is not known.*Did you mean 'pitch'"),
            (("pitch", "full"), r"feature_set='full' is not known"),
            (("pitch", "pitch"), "names a family twice"),
            ((), "names no family: give one at least"),
        ],
    )
    def test_feature_set(self, feature_set, message, speech):
        with pytest.raises(ValueError, match=message):
            SpeechFunctionalsTransformer(feature_set).fit(speech)

    def test_normalize(self, speech):
        with pytest.raises(ValueError, match=r"normalize='levels' is not known.*'level'"):
            SpeechFunctionalsTransformer(normalize=("noise", "levels")).fit(speech)

    def test_a_rate_that_hears_no_speech(self, speech):
        with pytest.raises(ValueError, match="'sample_rate' parameter"):
            SpeechFunctionalsTransformer(sample_rate=4000).fit(speech)


class TestMeaning:
    def test_pitch(self):
        found = told(hum(220))
        assert found["f0_semitone_median"] == pytest.approx(36, abs=0.1)
        assert found["f0_semitone_std"] < 0.3
        assert found["rhythm_voiced_share"] > 0.95

    def test_a_glide_rises(self):
        times = np.arange(RATE) / RATE
        phase = 2 * np.pi * np.cumsum(110 * 2**times) / RATE  # twelve semitones a second
        glide = sum(np.sin(k * phase) / k for k in range(1, 11)).astype(np.float32)
        found = told(0.1 * glide)
        assert found["f0_semitone_slope_mean"] == pytest.approx(12, rel=0.05)
        assert found["f0_semitone_rising_share"] == 1

    def test_pauses(self):
        clip = np.concatenate([hum(), np.zeros(RATE // 2, np.float32), hum()])
        found = told(clip)
        assert found["rhythm_pause_seconds_max"] == pytest.approx(0.5, abs=0.05)
        assert found["rhythm_speech_seconds"] == pytest.approx(2.5, abs=0.05)

    def test_a_tremor(self):
        times = np.arange(3 * RATE) / RATE
        clip = hum(seconds=3) * (1 + 0.5 * np.sin(2 * np.pi * 5 * times)).astype(np.float32)
        found = told(clip, feature_set="modulation")
        rates = {name: v for name, v in found.items() if name.startswith("level_modulation")}
        assert max(rates, key=rates.get) == "level_modulation_4_6_hz"


LEVELS = re.compile(r"^(level|mel_\d+|mfcc_0)_(mean|median|p\d\d)$")


class TestGain:
    @pytest.mark.parametrize("gain", [0.1, 3.0])
    def test_changes_levels_alone(self, gain, speech):
        clip = np.array(speech[0])
        before, after = told(clip), told(np.float32(gain) * clip)
        decibels = 20 * np.log10(gain)
        for name, value in before.items():
            tolerance = 2e-3 * abs(value) + 2e-2
            if LEVELS.match(name):
                shift = 8 * decibels if name.startswith("mfcc") else decibels
                assert after[name] == pytest.approx(value + shift, abs=tolerance), name
            else:
                assert after[name] == pytest.approx(value, abs=tolerance), name

    def test_nothing_where_the_level_is_taken_out(self, speech):
        clip = np.array(speech[0])
        before, after = (told(g * clip, normalize="level") for g in (1.0, np.float32(0.1)))
        for name, value in before.items():
            assert after[name] == pytest.approx(value, rel=2e-3, abs=2e-2), name


class TestNormalize:
    def test_the_spectrum_of_a_channel_is_taken_out(self, speech):
        clip = speech[0] + 0.01 * np.random.default_rng(0).normal(size=len(speech[0]))
        dull = scipy.signal.lfilter([0.3], [1, -0.7], clip)
        names = [f"mel_{i}_mean" for i in range(2, 30)]
        spread = {}
        for normalize in (None, "spectrum"):
            a, b = (
                told(c.astype(np.float32), feature_set="mel", normalize=normalize)
                for c in (clip, dull)
            )
            spread[normalize] = np.std([a[name] - b[name] for name in names])
        assert spread[None] > 4
        assert spread["spectrum"] < 0.25 * spread[None]

    def test_noise_is_taken_out(self):
        noise = 0.01 * np.random.default_rng(0).normal(size=3 * RATE).astype(np.float32)
        clip = noise.copy()
        clip[RATE : 2 * RATE] += hum()
        quiet = [told(clip, feature_set="level", normalize=n)["level_p05"] for n in (None, "noise")]
        assert quiet[1] < quiet[0] - 6

    def test_order_does_not_matter(self, speech):
        a, b = (
            SpeechFunctionalsTransformer("mfcc", normalize=n).fit_transform(speech[:1])
            for n in (("noise", "level"), ("level", "noise"))
        )
        np.testing.assert_array_equal(a, b)


class TestRobust:
    @pytest.mark.parametrize("before", [RATE // 2, RATE, 2 * RATE + 160])
    def test_silence_around_changes_nothing(self, before, speech):
        clip = np.pad(speech[0], (RATE // 4, RATE // 4))
        padded = np.pad(clip, (before, RATE))
        np.testing.assert_allclose(
            list(told(padded).values()), list(told(clip).values()), rtol=1e-3, atol=1e-2
        )

    def test_faint_noise_around_changes_nothing(self, speech):
        noise = 1e-5 * np.random.default_rng(0).normal(size=4 * RATE).astype(np.float32)
        clips = [noise[: n + RATE].copy() for n in (len(speech[0]), len(speech[0]) + RATE)]
        for clip in clips:
            clip[RATE // 2 : RATE // 2 + len(speech[0])] += speech[0]
        found = [list(told(clip).values()) for clip in clips]
        np.testing.assert_allclose(*found, rtol=1e-3, atol=1e-2)

    @pytest.mark.parametrize("rate", [8000, 11025, 22050, 24414, 44100, 48000, 96000])
    def test_other_rates_hear_the_same_voice(self, rate):
        reference, found = told(hum(180)), told(hum(180, rate=rate), rate=rate)
        assert np.isfinite(list(found.values())).all()
        for name in ("f0_semitone_median", "rhythm_voiced_share"):
            assert found[name] == pytest.approx(reference[name], abs=0.1), name

    @pytest.mark.parametrize(
        "clip",
        [
            np.zeros(RATE),
            np.zeros(1),
            np.ones(800),
            np.full(RATE, 0.5),
            1e-30 * np.ones(RATE),
            np.sin(2 * np.pi * 440 * np.arange(RATE) / RATE),
            np.clip(20 * np.sin(2 * np.pi * 150 * np.arange(RATE) / RATE), -1, 1),
            0.3 + 0.1 * np.sin(2 * np.pi * 150 * np.arange(RATE) / RATE),
            np.eye(1, RATE, 500)[0],
            np.random.default_rng(0).normal(size=800),
            1e6 * np.random.default_rng(0).normal(size=RATE),
        ],
        ids=lambda clip: f"{len(clip)} samples, peak {np.abs(clip).max():g}",
    )
    @pytest.mark.parametrize("feature_set", ["full", "eGeMAPS-like"])
    @pytest.mark.parametrize("normalize", [None, ("level", "spectrum", "noise")])
    def test_every_value_is_finite(self, clip, feature_set, normalize):
        found = told(clip.astype(np.float32), feature_set=feature_set, normalize=normalize)
        assert np.isfinite(list(found.values())).all()

    def test_no_voice_is_zero(self):
        found = told(np.zeros(RATE, np.float32), feature_set=("pitch", "quality", "formants"))
        assert set(found.values()) == {0}

    @settings(max_examples=25)
    @given(st.integers(1, 3000), st.integers(0, 2**16), st.floats(1e-6, 10))
    def test_any_clip_is_finite(self, n_samples, seed, gain):
        clip = gain * np.random.default_rng(seed).standard_cauchy(n_samples)
        found = told(np.clip(clip, -1e6, 1e6).astype(np.float32))
        assert np.isfinite(list(found.values())).all()


def test_the_families_tell_real_emotions_apart(corpora):
    """Anger is louder, higher and brighter than sadness, by everyone who says both."""
    with pytest.warns(CorpusWarning, match="one recording"):
        bunch = load_ravdess(corpora / "ravdess")
    names = np.asarray(bunch.target)
    keep = np.flatnonzero(np.isin(names, ["angry", "sad"]))
    transformer = SpeechFunctionalsTransformer(("level", "pitch", "shape"))
    table = transformer.fit_transform(bunch.data[keep])
    column = {name: i for i, name in enumerate(transformer.get_feature_names_out())}
    is_angry, speakers = names[keep] == "angry", np.asarray(bunch.groups)[keep]
    own = [speakers == who for who in np.unique(speakers)]
    for name in ("level_p95", "f0_semitone_p95", "centroid_p75"):
        values = table[:, column[name]]
        higher = [values[o & is_angry].mean() > values[o & ~is_angry].mean() for o in own]
        assert np.mean(higher) > 0.8, (name, np.mean(higher))
