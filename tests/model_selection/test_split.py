from __future__ import annotations

import sys

import numpy as np
import pandas as pd
import pytest
import sklearn
from hypothesis import given, strategies
from sklearn.base import BaseEstimator, ClassifierMixin, TransformerMixin, clone
from sklearn.calibration import CalibratedClassifierCV
from sklearn.ensemble import StackingClassifier
from sklearn.experimental import enable_halving_search_cv  # noqa: F401
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import (
    GridSearchCV,
    HalvingGridSearchCV,
    cross_val_predict,
    cross_val_score,
    learning_curve,
)
from sklearn.pipeline import make_pipeline

from sklearn_ser.audio import AudioClips
from sklearn_ser.exceptions import SpeakerWarning
from sklearn_ser.model_selection import SpeakerKFold

try:
    from joblib.externals import cloudpickle
except ImportError:  # joblib 1.6 no longer brings its own
    import cloudpickle

# Worker processes cannot import a test module, so its classes travel whole.
cloudpickle.register_pickle_by_value(sys.modules[__name__])

N_SPEAKERS, N_CLIPS = 8, 6
CLASSES = np.array(["angry", "calm"])


def make_clips(
    n_speakers: int = N_SPEAKERS, n_clips: int = N_CLIPS
) -> tuple[AudioClips, np.ndarray]:
    """Clips whose first sample is their speaker's number, in mixed order, and their labels."""
    rng = np.random.default_rng(0)
    speakers = rng.permutation(np.repeat(np.arange(n_speakers), n_clips))
    y = CLASSES[rng.permutation(np.arange(n_speakers * n_clips) % 2)]
    waveforms = [np.append(speaker / 100, rng.normal(size=9)) for speaker in speakers]
    table = pd.DataFrame({"speaker": [f"voice-{speaker}" for speaker in speakers]})
    return AudioClips(waveforms, metadata=table), y


class SpyingExtractor(TransformerMixin, BaseEstimator):
    """Takes waveforms to numbers, and remembers whom it was fitted on."""

    def fit(self, X, y=None):
        self.heard_ = {round(100 * float(waveform[0])) for waveform in X}
        return self

    def transform(self, X):
        return np.stack(list(X))


class SpeakerRefuser(ClassifierMixin, BaseEstimator):
    """Fails when asked about a speaker whom it was fitted on."""

    def __init__(self, weight=1.0):
        self.weight = weight

    def fit(self, X, y):
        self.classes_ = np.unique(y)
        self.known_ = speakers_of(X)
        return self

    def predict_proba(self, X):
        # Curves and inner scores look at training clips too: those are allowed as a whole.
        asked = speakers_of(X)
        if asked & self.known_ and not asked <= self.known_:
            raise AssertionError(f"{asked & self.known_} were trained on")
        score = 1 / (1 + np.exp(-self.weight * np.asarray([wave[1] for wave in X])))
        return np.stack([1 - score, score], axis=1)

    def predict(self, X):
        return self.classes_[self.predict_proba(X).argmax(axis=1)]


def speakers_of(X) -> set[int]:
    return {round(100 * float(waveform[0])) for waveform in X}


@pytest.fixture(params=[False, True], ids=["routing off", "routing on"])
def routing(request):
    with sklearn.config_context(enable_metadata_routing=request.param):
        yield request.param


class RecordingSpeakerKFold(SpeakerKFold):
    """Checks each of its splits, and that it got clips, wherever it runs."""

    def split(self, X, y=None, groups=None):
        assert groups is None
        assert isinstance(X, AudioClips)
        for train, test in super().split(X, y, groups):
            assert not set(X.speakers[train]) & set(X.speakers[test])
            assert speakers_of(X[train]).isdisjoint(speakers_of(X[test]))
            yield train, test


GRID = {"weight": [0.5, 2.0]}


class TestSplits:
    def test_no_speaker_on_both_sides(self):
        clips, y = make_clips()
        folds = list(SpeakerKFold(3).split(clips, y))
        assert len(folds) == 3
        for train, test in folds:
            assert set(clips.speakers[train]).isdisjoint(clips.speakers[test])
            assert sorted([*train, *test]) == list(range(len(clips)))

    def test_every_clip_is_tested_once(self):
        clips, y = make_clips()
        tested = np.concatenate([test for _, test in SpeakerKFold(5).split(clips, y)])
        assert sorted(tested) == list(range(len(clips)))

    def test_groups_win_over_the_speakers_of_the_clips(self):
        clips, y = make_clips()
        sentences = np.arange(len(clips)) % 4
        for train, test in SpeakerKFold(2).split(clips, y, groups=sentences):
            assert set(sentences[train]).isdisjoint(sentences[test])

    def test_equal_speakers_give_equal_folds(self):
        clips, _ = make_clips(n_speakers=12)
        sizes = [len(test) for _, test in SpeakerKFold(4).split(clips)]
        assert sizes == [3 * N_CLIPS] * 4

    @pytest.mark.parametrize("n_splits", [2, 3, 4, 5, 6])
    def test_alternating_names_do_not_make_folds_of_one_sex(self, n_splits):
        actors = np.repeat(np.arange(1, 25), 10)
        for _, test in SpeakerKFold(n_splits).split(actors, groups=actors):
            assert set(actors[test] % 2) == {0, 1}

    def test_classes_are_spread_over_folds(self):
        # Six speakers say "a" and six say "b": folds of one class would be folds without a score.
        speakers = np.repeat(np.arange(12), 5)
        y = np.where(speakers < 6, "a", "b")
        for _, test in SpeakerKFold(3).split(speakers, y, groups=speakers):
            assert np.mean(y[test] == "a") == 0.5

    def test_order_of_clips_does_not_matter(self):
        rng = np.random.default_rng(3)
        speakers, y = rng.integers(0, 9, 200), rng.integers(0, 4, 200)
        order = rng.permutation(200)
        first = [set(speakers[test]) for _, test in SpeakerKFold(4).split(y, y, speakers)]
        again = [
            set(speakers[order][test])
            for _, test in SpeakerKFold(4).split(y, y[order], speakers[order])
        ]
        assert first == again

    @pytest.mark.parametrize("name", ["{}", "{:02d}", "ravdess-{:02d}", "actor {} (mine)"])
    def test_ways_to_write_numbers_do_not_matter(self, name):
        actors = np.repeat(np.arange(1, 19), 5)
        names = np.array([name.format(actor) for actor in actors], dtype=object)
        first = [list(test) for _, test in SpeakerKFold(5).split(actors, groups=actors)]
        assert first == [list(test) for _, test in SpeakerKFold(5).split(actors, groups=names)]

    def test_continuous_targets_are_ignored(self):
        speakers = np.repeat(np.arange(4), 3)
        y = np.linspace(0, 1, 12)
        with_y = [list(test) for _, test in SpeakerKFold(2).split(y, y, speakers)]
        assert with_y == [list(test) for _, test in SpeakerKFold(2).split(y, None, speakers)]

    def test_shuffle_is_seeded_and_shuffles(self):
        speakers = np.repeat(np.arange(20), 3)

        def folds(seed):
            splitter = SpeakerKFold(4, shuffle=True, random_state=seed)
            return [set(speakers[test]) for _, test in splitter.split(speakers, groups=speakers)]

        assert folds(0) == folds(0)
        assert folds(0) != folds(1)

    @given(strategies.lists(strategies.integers(0, 14), min_size=30, max_size=120))
    def test_folds_are_full_and_as_equal_as_the_largest_speaker_allows(self, groups):
        speakers = np.array(groups)
        counts = np.bincount(speakers)
        if np.count_nonzero(counts) < 4:
            return
        sizes = [len(test) for _, test in SpeakerKFold(4).split(speakers, groups=speakers)]
        assert min(sizes) > 0
        assert max(sizes) - min(sizes) <= counts.max()


class TestInterface:
    def test_looks_like_a_splitter_of_scikit_learn(self):
        assert SpeakerKFold(4).get_n_splits() == 4
        shown = "SpeakerKFold(allow_fewer=False, n_splits=4, random_state=None, shuffle=False)"
        assert " ".join(repr(SpeakerKFold(4)).split()) == shown
        assert SpeakerKFold().get_metadata_routing().split.requests == {"groups": True}

    def test_groups_are_routed_where_x_carries_no_speakers(self):
        clips, y = make_clips()
        with sklearn.config_context(enable_metadata_routing=True):
            search = GridSearchCV(LogisticRegression(), {"C": [1.0]}, cv=SpeakerKFold(3))
            scores = cross_val_score(
                search, np.asarray(clips), y, cv=SpeakerKFold(4), params={"groups": clips.speakers}
            )
        assert len(scores) == 4


class TestInsideScikitLearn:
    """No routing of groups anywhere: the speakers are found in X at every level."""

    def search(self, n_jobs=None):
        return GridSearchCV(
            SpeakerRefuser(), GRID, cv=RecordingSpeakerKFold(3), n_jobs=n_jobs, error_score="raise"
        )

    @pytest.mark.parametrize("n_jobs", [1, 2])
    def test_nested_grid_search(self, routing, n_jobs):
        clips, y = make_clips()
        scores = cross_val_score(
            self.search(), clips, y, cv=RecordingSpeakerKFold(4), n_jobs=n_jobs, error_score="raise"
        )
        assert len(scores) == 4

    def test_workers_inside_the_search(self, routing):
        clips, y = make_clips()
        assert self.search(n_jobs=2).fit(clips, y).best_score_ > 0

    def test_halving(self, routing):
        clips, y = make_clips(n_clips=30)
        search = HalvingGridSearchCV(
            SpeakerRefuser(),
            GRID,
            cv=RecordingSpeakerKFold(2),
            error_score="raise",
            min_resources=120,
            random_state=0,
        )
        assert search.fit(clips, y).n_iterations_ > 0

    @pytest.mark.parametrize("n_jobs", [1, 2])
    def test_cross_val_predict_and_learning_curve(self, routing, n_jobs):
        clips, y = make_clips()
        cv = RecordingSpeakerKFold(4)
        assert len(cross_val_predict(SpeakerRefuser(), clips, y, cv=cv, n_jobs=n_jobs)) == len(y)
        sizes, _, scores = learning_curve(
            SpeakerRefuser(), clips, y, cv=cv, n_jobs=n_jobs, train_sizes=[0.5, 1.0]
        )
        assert scores.shape == (len(sizes), 4)
        assert not np.isnan(scores).any()

    @pytest.mark.parametrize("ensemble", [False, True])
    def test_calibration(self, routing, ensemble):
        clips, y = make_clips()
        model = CalibratedClassifierCV(
            SpeakerRefuser(), cv=RecordingSpeakerKFold(3), ensemble=ensemble
        )
        predicted = cross_val_predict(model, clips, y, cv=RecordingSpeakerKFold(4))
        assert set(predicted) <= set(CLASSES)

    @pytest.mark.parametrize("n_jobs", [1, 2])
    def test_stacking(self, routing, n_jobs):
        clips, y = make_clips()
        steps = [("one", SpeakerRefuser()), ("two", SpeakerRefuser(weight=2.0))]
        model = StackingClassifier(
            steps, LogisticRegression(), cv=RecordingSpeakerKFold(3), n_jobs=n_jobs
        )
        scores = cross_val_score(
            clone(model), clips, y, cv=RecordingSpeakerKFold(4), error_score="raise"
        )
        assert len(scores) == 4

    def test_a_step_is_fitted_on_its_own_speakers_only(self, routing):
        clips, y = make_clips()
        for train, test in SpeakerKFold(4).split(clips, y):
            pipeline = make_pipeline(SpyingExtractor(), LogisticRegression())
            search = GridSearchCV(
                pipeline, {"logisticregression__C": [1.0]}, cv=RecordingSpeakerKFold(3)
            ).fit(clips[train], y[train])
            heard = search.best_estimator_[0].heard_
            assert heard.isdisjoint(speakers_of(clips[test]))


class TestFewerSpeakersThanFolds:
    def test_a_fold_each_and_a_warning(self):
        groups = np.repeat([*"ab"], 6)
        splitter = SpeakerKFold(3, allow_fewer=True)
        with pytest.warns(SpeakerWarning, match=r"3 folds by speaker .* with 2 speakers there are"):
            folds = list(splitter.split(np.zeros(12), groups=groups))
        assert [set(groups[test]) for _, test in folds] == [{"a"}, {"b"}]
        assert splitter.get_n_splits(np.zeros(12), groups=groups) == 2
        assert splitter.get_n_splits() == 3

    def test_it_matters_for_nothing_else(self):
        groups = np.repeat([*"abcd"], 3)
        splits = [
            [test.tolist() for _, test in splitter.split(np.zeros(12), groups=groups)]
            for splitter in (SpeakerKFold(3), SpeakerKFold(3, allow_fewer=True))
        ]
        assert splits[0] == splits[1]
        with pytest.raises(ValueError, match=r"by one speaker, 'a', and"):
            list(SpeakerKFold(3, allow_fewer=True).split(np.zeros(3), groups=["a"] * 3))

    def test_a_search_knows_how_many_folds_there_are(self):
        clips, y = make_clips(n_speakers=2)
        search = GridSearchCV(
            make_pipeline(SpyingExtractor(), LogisticRegression()),
            {},
            cv=SpeakerKFold(3, allow_fewer=True),
        )
        with pytest.warns(SpeakerWarning):
            search.fit(clips, y)
        assert search.n_splits_ == 2


class TestErrors:
    def split(self, groups=None, X=None, n_splits=3):
        X = np.zeros(12) if X is None else X
        return list(SpeakerKFold(n_splits).split(X, groups=groups))

    @pytest.mark.parametrize("n_splits", [1, 0, 2.5, True, "five"])
    def test_number_of_folds(self, n_splits):
        with pytest.raises(ValueError, match="n_splits must be an int of at least 2, got"):
            SpeakerKFold(n_splits)

    def test_seed_without_shuffle(self):
        with pytest.raises(ValueError, match="random_state has no effect without shuffle=True"):
            SpeakerKFold(random_state=0)

    def test_no_speakers_in_an_array(self):
        with pytest.raises(ValueError, match=r"ndarray carries no speakers.*give groups="):
            self.split()

    def test_no_speakers_in_clips(self):
        with pytest.raises(ValueError, match=r"AudioClips carries no speakers.*column 'speaker'"):
            self.split(X=AudioClips([[0.0, 1.0]] * 4))

    def test_one_speaker(self):
        with pytest.raises(ValueError, match=r"by one speaker, 'ann', and .* at least 2"):
            self.split(groups=np.array(["ann"] * 12))

    def test_fewer_speakers_than_folds(self):
        with pytest.raises(ValueError, match=r"5 folds need at least 5 speakers, and there are 3"):
            self.split(groups=np.arange(12) % 3, n_splits=5)

    @pytest.mark.parametrize("hole", [None, np.nan, pd.NA])
    def test_missing_speaker(self, hole):
        groups = np.array(["ann", "bob", hole, "eve"] * 3, dtype=object)
        with pytest.raises(ValueError, match=r"3 of 12 speakers are missing, the first .* clip 2"):
            self.split(groups=groups)

    def test_another_length(self):
        with pytest.raises(ValueError, match="got 11 speakers for 12 clips"):
            self.split(groups=np.arange(11))

    def test_mixed_types(self):
        groups = np.array(["ann", 1, "bob", 2] * 3, dtype=object)
        with pytest.raises(ValueError, match=r"several types \(int, str\)"):
            self.split(groups=groups)
