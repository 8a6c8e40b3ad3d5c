"""feature_importance_report: what is found where it was hidden, and in which estimators."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.calibration import CalibratedClassifierCV
from sklearn.dummy import DummyClassifier
from sklearn.ensemble import StackingClassifier, VotingClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, StratifiedKFold
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler
from sklearn.svm import SVC

from sklearn_ser import (
    AugmentedClassifier,
    FrameFeaturesTransformer,
    MFCCTransformer,
    NoiseAugmenter,
    make_ser_pipeline,
)
from sklearn_ser.model_selection import SpeakerKFold, feature_importance_report
from sklearn_ser.model_selection._feature_families import families_of, family_of_name
from sklearn_ser.model_selection._feature_tables import OpenModel

COLUMNS = [
    "n_features",
    "importance_mean",
    "importance_std",
    "importance_low",
    "importance_high",
]
TWO = SpeakerKFold(2)


def emotions(speech):
    return speech.metadata["emotion"].to_numpy()


@pytest.fixture(scope="module")
def table():
    """A class in two columns of one family, twice; noise in another; and whose clips these are."""
    rng = np.random.default_rng(0)
    y = np.tile(["angry", "calm", "sad"], 40)
    truth = np.select([y == "angry", y == "calm"], [-2.0, 0.0], 2.0)
    X = pd.DataFrame(
        {
            "mfcc_0_mean": truth + 0.5 * rng.normal(size=120),
            "mfcc_1_delta_std": truth + 0.5 * rng.normal(size=120),
            "zcr_mean": rng.normal(size=120),
        }
    )
    return X, y, np.repeat(np.arange(10), 12)


def report_of(table, estimator=None, **options):
    X, y, groups = table
    estimator = make_pipeline(StandardScaler(), SVC()) if estimator is None else estimator
    return feature_importance_report(
        estimator, X, y, groups=groups, **{"n_repeats": 3, "random_state": 0, **options}
    )


class TestReport:
    def test_the_family_that_tells_the_classes_is_found(self, table):
        report = report_of(table)
        assert report.index.tolist() == ["mfcc", "zcr"]
        assert report.index.name == "family"
        assert report.columns.tolist() == COLUMNS
        assert report["n_features"].tolist() == [2, 1]
        assert report.loc["mfcc", "importance_mean"] > 0.4
        assert abs(report.loc["zcr", "importance_mean"]) < 0.05
        inside = report["importance_mean"].between(
            report["importance_low"], report["importance_high"]
        )
        assert inside.all()
        assert report.loc["mfcc", "importance_low"] > 0

    def test_columns_that_stand_in_for_each_other_are_worth_little_one_by_one(self, table):
        single = report_of(table, families=str)
        assert single.index.tolist()[2] == "zcr_mean"
        assert single["importance_mean"].max() < report_of(table)["importance_mean"].max()

    def test_attrs_tell_of_the_whole(self, table):
        attrs = report_of(table).attrs
        assert attrs["uar"] > 0.85
        assert attrs["chance_level"] == pytest.approx(1 / 3)
        assert (attrs["n_clips"], attrs["n_speakers"], attrs["n_repeats"]) == (120, 10, 3)

    def test_the_uar_is_that_of_pooled_predictions(self, table):
        from sklearn.model_selection import cross_val_predict

        from sklearn_ser.metrics import unweighted_average_recall

        X, y, groups = table
        model = make_pipeline(StandardScaler(), SVC())
        predicted = cross_val_predict(model, X, y, groups=groups, cv=SpeakerKFold(5))
        attrs = report_of(table).attrs
        assert attrs["uar"] == pytest.approx(unweighted_average_recall(y, predicted))

    def test_alone(self, table):
        alone = report_of(table, alone=True)["alone"]
        assert alone["mfcc"] > 0.85
        assert alone["zcr"] < 0.5

    def test_few_speakers_have_no_interval(self, table):
        X, y, groups = table
        report = report_of((X, y, groups // 2))
        assert report[["importance_low", "importance_high"]].isna().all(axis=None)
        assert report["importance_std"].notna().all()

    def test_seeds_and_processes(self, table):
        first = report_of(table)
        pd.testing.assert_frame_equal(first, report_of(table, n_jobs=2))
        assert not first.equals(report_of(table, random_state=1))

    def test_a_family_does_not_depend_on_how_others_are_called(self, table):
        more = report_of(table, families={"mfcc": "mfcc", "zcr": "a"})
        assert (
            more.loc["mfcc", "importance_mean"] == report_of(table).loc["mfcc", "importance_mean"]
        )

    def test_estimator_and_table_stay_as_they_are(self, table):
        model = make_pipeline(StandardScaler(), SVC())
        before = table[0].copy()
        report_of(table, model)
        pd.testing.assert_frame_equal(table[0], before)
        assert [name for name, _ in model.steps] == ["standardscaler", "svc"]
        assert not hasattr(model[-1], "classes_")

    def test_few_speakers_lower_the_folds(self, table):
        X, y, groups = table
        assert report_of((X, y, groups // 4)).attrs["n_speakers"] == 3


class Spy(TransformerMixin, BaseEstimator):
    """Two columns of a clip: level and length; counts what it is asked for."""

    asked: list[int] = []

    def fit(self, X, y=None):
        self.fitted_ = True
        return self

    def transform(self, X):
        self.asked.append(len(X))
        return np.array([[np.abs(wave).mean(), len(wave)] for wave in X])

    def get_feature_names_out(self, input_features=None):
        return np.array(["rms_mean", "length_mean"], dtype=object)


def estimators():
    """The same pipeline, alone and inside of what may stand around it."""
    model = Pipeline(
        [("features", Spy()), ("scaler", StandardScaler()), ("classifier", LogisticRegression())]
    )
    folds = SpeakerKFold(2)
    return {
        "pipeline": model,
        "search": GridSearchCV(model, {"classifier__C": [1.0, 2.0]}, cv=folds),
        "calibration": CalibratedClassifierCV(model, cv=folds),
        "calibration without ensemble": CalibratedClassifierCV(model, cv=folds, ensemble=False),
        "search of a calibration": GridSearchCV(
            CalibratedClassifierCV(model, cv=folds), {"method": ["sigmoid"]}, cv=folds
        ),
        "voting": VotingClassifier([("a", model), ("b", model)], voting="soft"),
        "stacking": StackingClassifier([("a", model), ("b", model)], cv=folds),
        "augmented": AugmentedClassifier(model, NoiseAugmenter(60.0), random_state=0),
        "inner calibration": Pipeline(
            [
                ("features", Spy()),
                ("scaler", StandardScaler()),
                ("classifier", CalibratedClassifierCV(LogisticRegression(), cv=2)),
            ]
        ),
    }


class TestEstimators:
    @pytest.mark.parametrize("name", estimators())
    def test_what_may_stand_around_the_pipeline(self, name, speech):
        report = feature_importance_report(
            estimators()[name], speech, emotions(speech), cv=TWO, n_repeats=3, random_state=0
        )
        assert report.index.tolist() == ["rms", "length"]
        assert report.loc["rms", "importance_mean"] > 0.3
        assert abs(report.loc["length", "importance_mean"]) < 0.15

    def test_features_of_tested_clips_are_extracted_once(self, speech):
        Spy.asked.clear()
        feature_importance_report(
            estimators()["pipeline"], speech, emotions(speech), cv=TWO, n_repeats=5
        )
        assert Spy.asked == [20, 20, 20, 20]  # training and test of two folds

    @pytest.mark.parametrize("name", ["pipeline", "search", "calibration"])
    def test_alone_inside(self, name, speech):
        report = feature_importance_report(
            estimators()[name], speech, emotions(speech), cv=TWO, n_repeats=1, alone=True
        )
        assert report.loc["rms", "alone"] > 0.9 > 0.75 > report.loc["length", "alone"]

    def test_named_pipelines(self, speech):
        model = make_ser_pipeline("frames", "svm")
        report = feature_importance_report(model, speech, emotions(speech), cv=TWO, n_repeats=1)
        assert set(report.index) == {"zcr", "rms", "mfcc", "mel"}
        assert report["n_features"].to_dict()["mfcc"] == 20 * 2 * 10

    def test_mixed_families_and_one_family_in_several_tables(self, speech):
        features = (FrameFeaturesTransformer(("rms", "zcr"), pooling="mean"), "mfcc")
        model = make_ser_pipeline(features, "voting")
        report = feature_importance_report(model, speech, emotions(speech), cv=TWO, n_repeats=1)
        assert set(report.index) == {"rms", "zcr", "mfcc"}
        twice = feature_importance_report(
            model, speech, emotions(speech), cv=TWO, n_repeats=2, families=lambda name: "all"
        )
        assert twice.loc["all", "importance_mean"] > 0.2

    def test_tables_of_pandas(self, speech):
        model = make_ser_pipeline("frames", "logreg").set_output(transform="pandas")
        report = feature_importance_report(model, speech, emotions(speech), cv=TWO, n_repeats=1)
        assert len(report) == 4

    def test_steps_before_the_features_and_passthrough(self, speech):
        model = make_ser_pipeline("mfcc", "logreg").set_params(
            loader="passthrough", clipper="passthrough"
        )
        report = feature_importance_report(model, speech, emotions(speech), cv=TWO, n_repeats=1)
        assert report.index.tolist() == ["mfcc"]

    def test_an_opened_model_predicts_what_it_did(self, speech):
        model = make_ser_pipeline("frames", "svm").fit(speech, emotions(speech))
        expected = model.predict(speech)
        opened = OpenModel(model, speech)
        opened.predict(lambda name: True, np.roll(np.arange(len(speech)), 1))
        assert opened.predict().tolist() == expected.tolist()

    def test_all_columns_permuted_are_the_other_clip(self, speech):
        model = make_ser_pipeline("frames", "svm").fit(speech, emotions(speech))
        expected = model.predict(speech)
        rows = np.roll(np.arange(len(speech)), 3)
        shown = OpenModel(model, speech).predict(lambda name: True, rows)
        assert shown.tolist() == expected[rows].tolist()


class TestErrors:
    def test_sequences(self, speech):
        model = Pipeline(
            [
                ("features", MFCCTransformer(n_frames=20)),
                ("flat", FunctionTransformer(lambda X: X.reshape(len(X), -1))),
                ("classifier", DummyClassifier()),
            ]
        )
        with pytest.raises(ValueError, match=r"step 'features', MFCCTransformer, names no co.*poo"):
            feature_importance_report(model, speech, emotions(speech))

    def test_no_table(self, speech):
        model = make_pipeline(
            FunctionTransformer(lambda X: np.array([[np.std(wave)] for wave in X])),
            LogisticRegression(),
        )
        with pytest.raises(ValueError, match=r"Pipeline holds no pipeline with a table of feature"):
            feature_importance_report(model, speech, emotions(speech))

    def test_clips_that_change_before_prediction(self, speech):
        model = AugmentedClassifier(
            estimators()["pipeline"], NoiseAugmenter(60.0), test_time=2, random_state=0
        )
        with pytest.raises(ValueError, match=r"features of changed clips.*: set test_time=0"):
            feature_importance_report(model, speech, emotions(speech))

    def test_alone_of_several_tables(self, speech):
        model = estimators()["voting"]
        with pytest.raises(ValueError, match=r"alone=True needs one table.*holds 2: ask for"):
            feature_importance_report(model, speech, emotions(speech), alone=True, n_repeats=1)

    def test_no_speakers(self, table):
        with pytest.raises(ValueError, match="feature_importance_report does not know who speaks"):
            report_of((*table[:2], None))

    def test_shared_speakers(self, table):
        cv = StratifiedKFold(2, shuffle=True, random_state=0)
        with pytest.raises(ValueError, match=r"cv must keep speakers apart; Strat.* puts '0' on"):
            report_of(table, cv=cv)

    def test_clips_tested_twice(self, table):
        class Twice:
            def split(self, X, y, groups):
                return [(np.arange(60, 120), np.arange(60))] * 2

        with pytest.raises(ValueError, match=r"cv must test no clip twice; .*Use SpeakerKFold"):
            report_of(table, cv=Twice())

    @pytest.mark.parametrize("n_repeats", [0, 1.5, True, None])
    def test_repeats(self, table, n_repeats):
        with pytest.raises(ValueError, match=rf"n_repeats={n_repeats} is no whole number from 1"):
            report_of(table, n_repeats=n_repeats)

    def test_families_that_leave_something_out(self, table):
        with pytest.raises(ValueError, match=r"says nothing of 1 of 3 features: zcr_mean\. Its ke"):
            report_of(table, families={"mfcc": "mfcc"})

    def test_families_of_another_kind(self, table):
        with pytest.raises(TypeError, match=r"families is a list; give a function from a feature"):
            report_of(table, families=["mfcc"])
        with pytest.raises(TypeError, match=r"families gave None for the feature 'mfcc_0_mean'; "):
            report_of(table, families=lambda name: None)


class TestFamilies:
    @pytest.mark.parametrize(
        ("name", "family"),
        [
            ("mfcc_3_delta_std", "mfcc"),
            ("mel_12_p05", "mel"),
            ("f0_semitone_p95", "pitch"),
            ("f1_bandwidth_mean", "formants"),
            ("bandwidth_mean", "shape"),
            ("slope_0_500_mean", "quality"),
            ("voiced_h1_h2_mean", "quality"),
            ("unvoiced_flux_mean", "shape"),
            ("voiced_mfcc_2_std", "mfcc"),
            ("unvoiced_seconds_mean", "rhythm"),
            ("mel_3_modulation_2_4_hz", "modulation"),
            ("mfcc_3_speed_50_ms", "dynamics"),
            ("voiced_f0_semitone_log_variance", "covariance"),
            ("zcr", "zcr"),
            ("wav2vec2_7_mean", "wav2vec2"),
            ("breath_noise_3_delta2_p100", "breath_noise"),
            ("x0", "x0"),
            ("_mean", "_mean"),
        ],
    )
    def test_by_name(self, name, family):
        assert family_of_name(name) == family

    def test_what_the_extractor_says_goes_first(self, speech):
        class Told(Spy):
            feature_families_ = ("loud", "long")

        model = estimators()["pipeline"].set_params(features=Told())
        options = {"cv": TWO, "n_repeats": 1}
        report = feature_importance_report(model, speech, emotions(speech), **options)
        assert set(report.index) == {"loud", "long"}
        Told.feature_families_ = ("one", "one")
        report = feature_importance_report(model, speech, emotions(speech), **options)
        assert set(report.index) == {"rms", "length"}

    def test_functionals_are_known_by_name_as_they_know_themselves(self):
        voice = pytest.importorskip("sklearn_ser.voice")
        extractor = voice.SpeechFunctionalsTransformer().fit([np.zeros(800)])
        names = extractor.get_feature_names_out()
        told = {name: family_of_name(name) for name in names}
        own = dict(zip(names, extractor.feature_families_, strict=True))
        differing = [name for name in names if told[name] != own[name]]
        assert len(differing) < 0.02 * len(names)  # such as zcr, a family itself in other tables

    def test_the_longest_beginning_decides(self):
        told = families_of(["mfcc_0_mean", "mfcc_01_mean"], {"mfcc": "rest", "mfcc_0": "energy"})
        assert told == {"mfcc_0_mean": "energy", "mfcc_01_mean": "rest"}
