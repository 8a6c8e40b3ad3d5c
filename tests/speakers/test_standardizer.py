"""SpeakerStandardizer: whose statistics a clip is standardised by, and what is said of it."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from sklearn.base import BaseEstimator, TransformerMixin, clone

from sklearn_ser import AudioClips, MFCCTransformer, SpeakerStandardizer
from sklearn_ser.exceptions import AudioError, SpeakerWarning
from sklearn_ser.speakers import Population, SpeakerStatistics

PLAIN = {"shrinkage": 0, "scale_shrinkage": 0}


class FirstSamples(TransformerMixin, BaseEstimator):
    """The features of a clip are its samples, so that tests can say what they are."""

    def __init__(self, n: int = 2) -> None:
        self.n = n

    def fit(self, X, y=None) -> FirstSamples:
        self.y_ = y
        return self

    def transform(self, X) -> np.ndarray:
        return np.array([wave[: self.n] for wave in X])


def clips_of(speakers, features) -> AudioClips:
    table = pd.DataFrame({"speaker": list(speakers)})
    return AudioClips(np.asarray(features, dtype=float), metadata=table)


@pytest.fixture
def known() -> AudioClips:
    rng = np.random.default_rng(0)
    means = np.repeat([[0.0, 5.0], [10.0, 5.0], [20.0, 5.0]], 20, axis=0)
    return clips_of(np.repeat(["ann", "bob", "cat"], 20), means + rng.normal(size=(60, 2)))


@pytest.fixture
def new() -> AudioClips:
    rng = np.random.default_rng(1)
    features = np.repeat([[7.0, 5.0], [-3.0, 6.0]], 6, axis=0) + rng.normal(size=(12, 2))
    return clips_of(np.repeat(["dan", "eve"], 6), features)


def features_of(clips) -> np.ndarray:
    return np.asarray(clips, dtype=np.float64)


class TestWhoseStatistics:
    def test_every_speaker_is_centred_and_scaled(self, known):
        table = SpeakerStandardizer(FirstSamples(), **PLAIN).fit_transform(known)
        for speaker in ("ann", "bob", "cat"):
            own = table[known.speakers == speaker]
            np.testing.assert_allclose(own.mean(axis=0), 0, atol=1e-5)
            np.testing.assert_allclose(own.std(axis=0, ddof=1), 1, atol=1e-5)

    def test_centred_only(self, known):
        model = SpeakerStandardizer(FirstSamples(), with_std=False, **PLAIN).fit(known)
        own = features_of(known[:20])
        np.testing.assert_allclose(model.transform(known[:20]), own - own.mean(0), atol=1e-5)

    def test_a_speaker_of_fit_is_known_from_fit(self, known):
        model = SpeakerStandardizer(FirstSamples(), **PLAIN).fit(known)
        np.testing.assert_array_equal(model.transform(known[:3]), model.transform(known)[:3])
        own = features_of(known[:20])
        assert list(model.speakers_) == ["ann", "bob", "cat"]
        np.testing.assert_allclose(model.speakers_["ann"].mean, own.mean(axis=0))
        np.testing.assert_allclose(model.speakers_["ann"].scale, own.std(axis=0, ddof=1))
        assert model.speakers_["ann"].n_clips == 20

    def test_a_stranger_is_known_from_the_clips_of_the_call(self, known, new):
        model = SpeakerStandardizer(FirstSamples(), **PLAIN).fit(known)
        dan = features_of(new[:6])
        expected = (dan - dan.mean(axis=0)) / dan.std(axis=0, ddof=1)
        np.testing.assert_allclose(model.transform(new)[:6], expected, atol=1e-4)
        assert model.enrolled_ == {}, "transform learns nothing"
        assert np.abs(model.transform(new[:3]) - model.transform(new)[:3]).max() > 0.1

    def test_strangers_do_not_depend_on_each_other(self, known, new):
        model = SpeakerStandardizer(FirstSamples()).fit(known)
        np.testing.assert_array_equal(model.transform(new[:6]), model.transform(new)[:6])

    def test_an_enrolled_stranger_does_not_depend_on_the_call(self, known, new):
        model = SpeakerStandardizer(FirstSamples(), **PLAIN).fit(known)
        model.enroll("dan", new[:4])
        enrolled = features_of(new[:4])
        expected = (features_of(new[4:6]) - enrolled.mean(axis=0)) / enrolled.std(axis=0, ddof=1)
        np.testing.assert_allclose(model.transform(new[4:6]), expected, atol=1e-4)
        np.testing.assert_array_equal(model.transform(new)[4], model.transform(new[[4]])[0])

    def test_enrolment_goes_before_fit_and_the_last_one_counts(self, known, new):
        model = SpeakerStandardizer(FirstSamples(), **PLAIN).fit(known)
        before = model.transform(known[:2])
        model.enroll("ann", new[:4]).enroll("ann", new[6:])
        np.testing.assert_allclose(
            model.enrolled_["ann"].mean, features_of(new[6:]).mean(axis=0), rtol=1e-6
        )
        assert np.abs(model.transform(known[:2]) - before).max() > 0.1
        del model.enrolled_["ann"]
        np.testing.assert_array_equal(model.transform(known[:2]), before)

    def test_enrolment_takes_what_the_extractor_takes(self, known, new):
        clips = list(new[:4])
        first = SpeakerStandardizer(FirstSamples()).fit(known).enroll("dan", clips)
        second = SpeakerStandardizer(FirstSamples()).fit(known).enroll("dan", new[:4])
        np.testing.assert_array_equal(first.transform(new), second.transform(new))

    def test_speakers_may_be_numbers(self, known):
        table = pd.DataFrame({"speaker": np.repeat([3, 1, 2], 20)})
        model = SpeakerStandardizer(FirstSamples()).fit(known.with_metadata(table))
        assert list(model.speakers_) == [3, 1, 2]

    def test_labels_reach_the_extractor(self, known):
        y = np.arange(60)
        assert SpeakerStandardizer(FirstSamples()).fit(known, y).extractor_.y_ is y


class TestFewClips:
    def test_the_population_stands_in_with_a_warning(self, known, new):
        model = SpeakerStandardizer(FirstSamples(), min_clips=4).fit(known)
        expected = r"1 speaker\(s\) have fewer than min_clips=4 clips in this call \(dan\) and are"
        with pytest.warns(SpeakerWarning, match=expected):
            table = model.transform(new[:3])
        nobody = model.population_.nobody()
        by_population = (features_of(new[:3]) - nobody.mean) / nobody.scale
        np.testing.assert_allclose(table, by_population, atol=1e-4)

    def test_so_it_does_in_fit(self, known):
        few = known[np.r_[:20, 20:40, 40:42]]
        with pytest.warns(SpeakerWarning, match=r"min_clips=5 clips in fit \(cat\)"):
            model = SpeakerStandardizer(FirstSamples(), min_clips=5).fit(few)
        assert model.speakers_["cat"].n_clips == 0

    def test_and_in_an_enrolment(self, known, new):
        model = SpeakerStandardizer(FirstSamples(), min_clips=4).fit(known)
        with pytest.warns(SpeakerWarning, match=r"min_clips=4 clips in enrolment \(dan\)"):
            model.enroll("dan", new[:3])
        assert model.enrolled_["dan"].n_clips == 0
        model.transform(new[:1])  # the enrolment has been warned of: no warning again

    def test_several_are_named_in_one_warning(self, known):
        model = SpeakerStandardizer(FirstSamples(), min_clips=2).fit(known)
        strangers = clips_of("uvwxyz", np.ones((6, 2)))
        with pytest.warns(SpeakerWarning, match=r"6 speaker\(s\) .* \(u, v, w, \.\.\.\)") as caught:
            model.transform(strangers)
        assert len(caught) == 1

    def test_everybody_with_one_clip(self):
        clips = clips_of("abcd", [[0.0, 1], [1, 1], [2, 1], [3, 1]])
        with pytest.warns(SpeakerWarning, match="4 speaker"):
            table = SpeakerStandardizer(FirstSamples()).fit_transform(clips)
        assert np.isfinite(table).all()
        assert table[:, 0].tolist() == sorted(table[:, 0])


class TestShrinkage:
    def test_none_believes_the_clips(self, known, new):
        model = SpeakerStandardizer(FirstSamples(), **PLAIN).fit(known)
        found = model.statistics_of(features_of(new[:6]))
        np.testing.assert_allclose(found.mean, features_of(new[:6]).mean(axis=0))

    def test_a_number_counts_as_so_many_clips_of_the_population(self, known, new):
        model = SpeakerStandardizer(FirstSamples(), shrinkage=6, scale_shrinkage=5).fit(known)
        found, clips = model.statistics_of(features_of(new[:6])), features_of(new[:6])
        np.testing.assert_allclose(found.mean, (clips.mean(0) + model.population_.mean) / 2)
        variance = (clips.var(axis=0, ddof=1) + model.population_.within) / 2
        np.testing.assert_allclose(found.scale**2, variance)

    def test_auto_finds_it_for_each_feature(self, known, new):
        """Speakers differ in the first feature by much, in the second not at all."""
        model = SpeakerStandardizer(FirstSamples()).fit(known)
        clips = features_of(new[6:8])
        found = model.statistics_of(clips)
        assert abs(found.mean[0] - clips[:, 0].mean()) < 0.2
        assert abs(found.mean[1] - model.population_.mean[1]) < 0.2

    def test_many_clips_are_believed_whatever_the_shrinkage(self):
        rng = np.random.default_rng(0)
        clips = rng.normal(3.0, 2.0, size=(5000, 1))
        population = Population(np.zeros(1), np.ones(1), np.ones(1), 5)
        found = population.speaker(clips, shrinkage=10, scale_shrinkage=10)
        np.testing.assert_allclose([found.mean[0], found.scale[0]], [3, 2], rtol=0.03)


class TestPopulation:
    def test_moments(self, known):
        population = Population.of([features_of(known[i : i + 20]) for i in (0, 20, 40)])
        assert population.n_speakers == 3
        np.testing.assert_allclose(population.mean, [10, 5], atol=0.5)
        np.testing.assert_allclose(population.within, [1, 1], rtol=0.4)
        np.testing.assert_allclose(population.between[0], 100, rtol=0.2)
        assert 0 < population.between[1] < 0.2

    def test_every_speaker_counts_once(self):
        population = Population.of([np.zeros((50, 1)), np.ones((2, 1)), np.full((2, 1), 5.0)])
        assert population.mean.tolist() == [2.0]

    def test_of_one_speaker_the_others_are_unknown(self, known):
        population = Population.of([features_of(known[:20])])
        np.testing.assert_array_equal(population.between, population.within)

    def test_features_that_never_change_are_left_alone(self):
        clips = clips_of("aaabbb", np.full((6, 2), 0.3))
        table = SpeakerStandardizer(FirstSamples(), **PLAIN).fit_transform(clips)
        np.testing.assert_allclose(table, 0, atol=1e-6)

    def test_a_speaker_whose_clips_are_alike_is_scaled_by_the_population(self, known):
        alike = clips_of(["dan"] * 4, np.full((4, 2), 7.0))
        model = SpeakerStandardizer(FirstSamples(), **PLAIN).fit(known)
        np.testing.assert_allclose(
            model.statistics_of(features_of(alike)).scale, np.sqrt(model.population_.within)
        )

    def test_statistics_are_plain_arrays(self, known):
        model = SpeakerStandardizer(FirstSamples()).fit(known)
        assert isinstance(model.speakers_["bob"], SpeakerStatistics)
        assert model.speakers_["bob"].mean.dtype == np.float64


class TestRefusals:
    def test_no_speakers(self, known):
        model = SpeakerStandardizer(FirstSamples())
        for nameless in (known.with_metadata(None), list(known), ["a.wav"], np.zeros((3, 800))):
            with pytest.raises(AudioError, match=r"does not know who speaks: this .* carries no"):
                model.fit(nameless)
        shown = r"metadata = DataFrame\(.*AudioClips\(waveforms, sample_rate, metadata=metadata\)"
        with pytest.raises(AudioError, match=shown):
            model.fit(known).transform(list(known))

    def test_some_speakers_missing(self, known):
        speakers = known.speakers.copy()
        speakers[[4, 7]] = None
        gaps = known.with_metadata(pd.DataFrame({"speaker": speakers}))
        expected = "2 of 60 speakers are missing, the first that of clip 4"
        with pytest.raises(AudioError, match=expected):
            SpeakerStandardizer(FirstSamples()).fit(gaps)
        with pytest.raises(AudioError, match=expected):
            SpeakerStandardizer(FirstSamples()).fit(known).transform(gaps)

    def test_sequences(self, speech):
        with pytest.raises(AudioError, match=r"gave an array of 3 dimensions\. Set"):
            SpeakerStandardizer(MFCCTransformer()).fit(speech)

    def test_features_that_are_not_finite(self, known):
        class Broken(FirstSamples):
            def transform(self, X):
                return np.full((len(X), 2), np.nan)

        with pytest.raises(ValueError, match="features of Broken contains NaN"):
            SpeakerStandardizer(Broken()).fit(known)

    def test_another_number_of_features(self, known):
        model = SpeakerStandardizer(FirstSamples()).fit(known)
        model.extractor_.n = 1
        with pytest.raises(AudioError, match="gave 1 features a clip here and 2 in fit"):
            model.transform(known)

    @pytest.mark.parametrize("name", [None, float("nan")])
    def test_enrolment_without_a_name(self, name, known):
        model = SpeakerStandardizer(FirstSamples()).fit(known)
        with pytest.raises(ValueError, match="enroll needs the speaker's name, as the clips will"):
            model.enroll(name, known[:5])

    def test_enrolment_of_several_speakers(self, known):
        model = SpeakerStandardizer(FirstSamples()).fit(known)
        with pytest.raises(ValueError, match=r"takes clips of one speaker; these are of 3 \(ann"):
            model.enroll("ann", known)

    def test_the_extractor_refuses_what_it_always_refuses(self, speech):
        other_rate = AudioClips(list(speech), 8000, metadata=speech.metadata)
        with pytest.raises(AudioError, match="MFCCTransformer expects 16000 Hz"):
            SpeakerStandardizer(MFCCTransformer(pooling="mean")).fit(other_rate)


def test_the_cache_of_the_extractor_is_used(speech, tmp_path):
    extractor = MFCCTransformer(pooling="mean", memory=str(tmp_path))
    standardizer = SpeakerStandardizer(extractor)
    first = clone(standardizer).fit_transform(speech)
    stored = sorted(tmp_path.rglob("output.pkl"))
    assert len(stored) == len(speech)
    np.testing.assert_array_equal(clone(standardizer).fit_transform(speech), first)
    assert sorted(tmp_path.rglob("output.pkl")) == stored
