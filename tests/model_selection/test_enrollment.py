"""enrollment_curve: the same clips in every row, and enrolled ones never among the scored."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.dummy import DummyClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GroupKFold, StratifiedKFold
from sklearn.pipeline import Pipeline, make_pipeline

from sklearn_ser import AudioClips, AudioLoader, SpeakerStandardizer
from sklearn_ser.metrics import unweighted_average_recall
from sklearn_ser.model_selection import SpeakerKFold, enrollment_curve
from sklearn_ser.model_selection import _enrollment as module


class Samples(TransformerMixin, BaseEstimator):
    """The features of a clip are its samples."""

    def fit(self, X, y=None) -> Samples:
        self.n_ = len(X)
        return self

    def transform(self, X) -> np.ndarray:
        return np.asarray(X)


def make_clips(n_speakers: int = 8, n_clips: int = 24) -> tuple[AudioClips, np.ndarray]:
    """Voices that differ by more than emotions do."""
    rng = np.random.default_rng(0)
    speaker = np.repeat(np.arange(n_speakers), n_clips)
    emotion = np.tile(np.arange(n_clips) % 3, n_speakers)
    waves = rng.normal(size=(len(speaker), 4)) + 4 * rng.normal(size=(n_speakers, 4))[speaker]
    waves[:, 0] += 2.0 * emotion
    waves[:, 1] -= 2.0 * emotion
    table = pd.DataFrame({"speaker": [f"voice-{number:02d}" for number in speaker]})
    return AudioClips(waves, metadata=table), np.array(["angry", "calm", "sad"])[emotion]


def standardized(classifier=None, **options) -> Pipeline:
    last = classifier or LogisticRegression()
    return make_pipeline(AudioLoader(), SpeakerStandardizer(Samples(), **options), last)


@pytest.fixture(scope="module")
def curve():
    return enrollment_curve(standardized(), *make_clips(), n_draws=3)


class TestCurve:
    def test_rows_say_what_is_known(self, curve):
        table = curve.table
        assert table["speaker_information"].tolist() == [
            *["none"] * 2,
            *["enrolled clips"] * 5,
            "own unlabelled clips",
        ]
        assert table["features"].tolist()[:2] == ["not standardised", "by the population"]
        assert set(table["features"][2:]) == {"by speaker"}
        assert table["n_clips"].tolist() == [0, 0, 1, 2, 4, 8, 12, 24]

    def test_more_clips_are_better(self, curve):
        by_count = curve.table.set_index("n_clips")["uar"]
        assert by_count[12] > by_count[2] > curve.table["uar"][0]
        assert curve.table["uar"].iloc[-1] > curve.table["uar"][0] + 0.2

    def test_intervals_and_spread(self, curve):
        table = curve.table
        assert (table["uar_low"] <= table["uar"]).all()
        assert (table["uar"] <= table["uar_high"]).all()
        drawn = table["speaker_information"] == "enrolled clips"
        assert table.loc[~drawn, "uar_std"].isna().all()
        assert (table.loc[drawn, "uar_std"][3:] > 0).all()

    def test_sizes(self, curve):
        assert (curve.n_scored, curve.n_speakers, curve.n_draws) == (192, 8, 3)
        assert curve.chance_level == pytest.approx(1 / 3)

    def test_too_few_clips_to_be_believed_are_the_population(self, curve):
        assert curve.table["uar"][2] == pytest.approx(curve.table["uar"][1])
        table = enrollment_curve(standardized(min_clips=1), *make_clips(), n_clips=[1]).table
        assert table["uar"][2] > table["uar"][1]

    def test_report_keeps_the_kinds_apart(self, curve):
        none, enrolled, own = str(curve).split("Known of the speaker: ")[1:]
        assert none.startswith("none\n")
        assert enrolled.startswith("enrolled clips, none of which is scored\n")
        assert own.startswith("own unlabelled clips of the call, scored ones included (transduc")
        assert [len(part.strip().splitlines()) - 2 for part in (none, enrolled, own)] == [2, 5, 1]
        assert "192 clips of 8 speakers" in str(curve)
        assert "nan" not in str(curve)


class TestHonesty:
    def test_population_and_own_clips_are_what_predict_gives(self):
        """The rows at the ends are those of plain out-of-fold predictions."""
        X, y = make_clips()
        table = enrollment_curve(standardized(), X, y, n_clips=[4]).table
        own, plain = np.empty(len(y), dtype=y.dtype), np.empty(len(y), dtype=y.dtype)
        for train, test in SpeakerKFold(5).split(X, y):
            own[test] = standardized().fit(X[train], y[train]).predict(X[test])
            raw = make_pipeline(Samples(), LogisticRegression()).fit(X[train], y[train])
            plain[test] = raw.predict(X[test])
        assert table["uar"].iloc[-1] == pytest.approx(unweighted_average_recall(y, own))
        assert table["uar"].iloc[0] == pytest.approx(unweighted_average_recall(y, plain))

    def test_enrolling_by_hand_gives_the_same(self):
        X, y = make_clips()
        table = enrollment_curve(standardized(), X, y, n_clips=[4], n_draws=2).table
        _, codes = np.unique(X.speakers, return_inverse=True)
        halves = module._halves(codes, 2, 0)
        scores = []
        for draw in range(2):
            predicted = np.empty(len(y), dtype=y.dtype)
            for train, test in SpeakerKFold(5).split(X, y):
                model = standardized().fit(X[train], y[train])
                for half in (h for s in np.unique(codes[test]) for h in halves[s]):
                    if half.draw != draw:
                        continue
                    speaker = X.speakers[half.scored[0]]
                    model[1].enroll(speaker, X[half.pool[:4]])
                    predicted[half.scored] = model.predict(X[half.scored])
            scores.append(unweighted_average_recall(y, predicted))
        assert table["uar"][2] == pytest.approx(np.mean(scores))

    def test_halves_part_the_clips_of_a_speaker(self):
        speakers = np.repeat([0, 1], [9, 4])
        for speaker, halves in enumerate(module._halves(speakers, 3, seed=5)):
            own = np.flatnonzero(speakers == speaker)
            for first, second in zip(halves[::2], halves[1::2], strict=True):
                assert first.draw == second.draw
                assert sorted([*first.scored, *second.scored]) == own.tolist()
                for half in (first, second):
                    assert sorted([*half.scored, *half.pool]) == own.tolist()

    def test_draws_do_not_depend_on_folds_or_jobs(self):
        X, y = make_clips()
        options = {"n_clips": [2], "n_draws": 2}
        one = enrollment_curve(standardized(), X, y, **options)
        two = enrollment_curve(standardized(), X, y, n_jobs=2, **options)
        pd.testing.assert_frame_equal(one.table, two.table)
        other = enrollment_curve(standardized(), X, y, random_state=1, **options)
        assert not one.table["uar"].equals(other.table["uar"])

    def test_neither_clips_nor_pipeline_are_changed(self):
        X, y = make_clips()
        model = standardized()
        enrollment_curve(model, X, y, n_clips=[2], n_draws=1)
        assert not hasattr(model[1], "extractor_")

    def test_numbers_that_no_half_has_are_all_of_it(self):
        X, y = make_clips(n_clips=6)
        table = enrollment_curve(standardized(), X, y, n_draws=1).table
        assert table["n_clips"].tolist() == [0, 0, 1, 2, 3, 6]

    @pytest.mark.filterwarnings("ignore::sklearn_ser.exceptions.SpeakerWarning")
    def test_speakers_of_different_sizes_and_few_speakers(self):
        X, y = make_clips()
        keep = np.flatnonzero(X.speakers == "voice-00").tolist()
        keep += np.flatnonzero(X.speakers == "voice-01")[:3].tolist()
        keep += np.flatnonzero(X.speakers == "voice-02")[:1].tolist()
        curve = enrollment_curve(standardized(), X[keep], y[keep], n_clips=[2, None], n_draws=1)
        assert curve.n_speakers == 3
        assert curve.table["uar_low"].isna().all()
        assert "-" in str(curve)


class TestRefusals:
    @pytest.mark.parametrize(
        ("estimator", "got"),
        [
            (make_pipeline(Samples(), DummyClassifier()), "Pipeline without one"),
            (DummyClassifier(), r"got DummyClassifier\."),
            (SpeakerStandardizer(Samples()), r"got SpeakerStandardizer\."),
        ],
    )
    def test_nothing_to_enrol_in(self, estimator, got):
        with pytest.raises(ValueError, match=f"takes a pipeline with a SpeakerSt.*{got}"):
            enrollment_curve(estimator, *make_clips())

    def test_no_speakers(self):
        X, y = make_clips()
        with pytest.raises(ValueError, match="enrollment_curve does not know who speaks"):
            enrollment_curve(standardized(), X.with_metadata(None), y)

    def test_speakers_on_both_sides(self):
        with pytest.raises(ValueError, match="on both sides, and the curve is about new speak"):
            enrollment_curve(standardized(), *make_clips(), cv=StratifiedKFold(3))

    @pytest.mark.parametrize("n_draws", [0, 1.5, True])
    def test_number_of_draws(self, n_draws):
        with pytest.raises(ValueError, match="n_draws must be a whole number of at least 1, got"):
            enrollment_curve(standardized(), *make_clips(), n_draws=n_draws)

    def test_number_of_clips(self):
        with pytest.raises(ValueError, match="n_clips must be a whole number of at least 1, got 0"):
            enrollment_curve(standardized(), *make_clips(), n_clips=[0, 2])

    def test_another_splitter(self):
        X, y = make_clips()
        cv = [*GroupKFold(4).split(X, y, X.speakers)]
        given = enrollment_curve(standardized(), X, y, n_clips=[2], cv=_Given(cv), n_draws=1)
        assert given.n_scored == len(y)


class _Given:
    """Folds that are settled."""

    def __init__(self, folds) -> None:
        self.folds = folds

    def split(self, X, y=None, groups=None):
        return iter(self.folds)
