"""Networks inside scikit-learn's tools, over clips: searches, votes, stacks and calibrations."""

from __future__ import annotations

from importlib.util import find_spec

import matplotlib.pyplot as plt
import numpy as np
import pytest
from sklearn.base import clone
from sklearn.calibration import CalibratedClassifierCV
from sklearn.ensemble import StackingClassifier, VotingClassifier
from sklearn.experimental import enable_halving_search_cv  # noqa: F401
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import ConfusionMatrixDisplay
from sklearn.model_selection import GridSearchCV, HalvingGridSearchCV, cross_val_predict

from sklearn_ser import MFCCTransformer, SpeechPipeline
from sklearn_ser.datasets import make_emotional_speech
from sklearn_ser.model_selection import SpeakerKFold
from sklearn_ser.sequence import SequenceScaler

pytestmark = pytest.mark.skipif(find_spec("keras") is None, reason="needs the extra keras")


@pytest.fixture(scope="module")
def corpus():
    """Twenty-four clips of four speakers."""
    return make_emotional_speech(4, ["angry", "sad"], 1, sample_rate=8000, random_state=0)


@pytest.fixture
def model(cnn) -> SpeechPipeline:
    extractor = MFCCTransformer(n_mfcc=4, n_mels=16, n_frames=20, sample_rate=8000)
    return SpeechPipeline([("features", extractor), ("scaler", SequenceScaler()), ("cnn", cnn())])


def assert_are_probabilities(probabilities, n_clips=24):
    assert probabilities.shape == (n_clips, 2)
    np.testing.assert_allclose(probabilities.sum(axis=1), 1, rtol=1e-5)


class TestSearch:
    def test_a_grid_over_network_and_features_together(self, model, corpus):
        grid = {"cnn__filters": [(2,), (2, 3)], "features__n_mfcc": [3, 5]}
        search = GridSearchCV(model, grid, cv=SpeakerKFold(2), error_score="raise")
        search.fit(corpus.data, corpus.target)
        assert len(search.cv_results_["params"]) == 4
        assert np.isfinite(search.cv_results_["mean_test_score"]).all()
        best = search.best_estimator_
        assert best["cnn"].input_shape_ == (20, search.best_params_["features__n_mfcc"])
        assert best["cnn"].filters == search.best_params_["cnn__filters"]

    def test_each_candidate_scores_as_it_does_alone(self, model, corpus):
        """The candidates borrow one network by turns, which must not show."""
        grid = {"cnn__random_state": [0, 1, 2], "cnn__epochs": [2]}
        search = GridSearchCV(model, grid, cv=SpeakerKFold(2), scoring="neg_log_loss")
        search.fit(corpus.data, corpus.target)
        train, test = next(SpeakerKFold(2).split(corpus.data, corpus.target))
        for i, parameters in enumerate(search.cv_results_["params"]):
            alone = clone(model).set_params(**parameters)
            alone.fit(corpus.data[train], corpus.target[train])
            found = alone.predict_proba(corpus.data[test])
            codes = np.searchsorted(alone.classes_, corpus.target[test])
            score = np.log(found[np.arange(len(test)), codes]).mean()
            assert search.cv_results_["split0_test_score"][i] == pytest.approx(score, rel=1e-4)

    def test_halving_over_epochs(self, model, corpus):
        search = HalvingGridSearchCV(
            model,
            {"cnn__filters": [(2,), (4,)]},
            cv=SpeakerKFold(2),
            factor=2,
            resource="cnn__epochs",
            min_resources=1,
            max_resources=2,
            random_state=0,
            error_score="raise",
        )
        search.fit(corpus.data, corpus.target)
        assert search.n_resources_ == [1, 2]
        assert search.best_estimator_["cnn"].n_iter_ == 2

    @pytest.mark.slow
    def test_two_workers_find_what_one_finds(self, model, corpus):
        grid = {"cnn__filters": [(2,), (3,)]}
        scores = [
            GridSearchCV(model, grid, cv=SpeakerKFold(2), n_jobs=n_jobs, scoring="neg_log_loss")
            .fit(corpus.data, corpus.target)
            .cv_results_["mean_test_score"]
            for n_jobs in (1, 2)
        ]
        np.testing.assert_allclose(scores[0], scores[1], rtol=1e-3)


class TestEnsembles:
    def test_soft_votes(self, model, cnn, corpus):
        other = clone(model).set_params(cnn=cnn(random_state=1))
        vote = VotingClassifier([("one", model), ("other", other)], voting="soft")
        vote.fit(corpus.data, corpus.target)
        probabilities = vote.predict_proba(corpus.data)
        members = [member.predict_proba(corpus.data) for member in vote.estimators_]
        np.testing.assert_allclose(probabilities, np.mean(members, axis=0), rtol=1e-6)
        assert np.abs(members[0] - members[1]).max() > 1e-3

    def test_a_stack(self, model, corpus):
        stack = StackingClassifier([("one", model)], LogisticRegression(), cv=SpeakerKFold(2))
        stack.fit(corpus.data, corpus.target)
        assert_are_probabilities(stack.predict_proba(corpus.data))
        assert set(stack.predict(corpus.data)) <= {"angry", "sad"}

    @pytest.mark.parametrize("ensemble", [True, False])
    def test_calibration(self, ensemble, model, corpus):
        around = CalibratedClassifierCV(model, cv=SpeakerKFold(2), ensemble=ensemble)
        around.fit(corpus.data, corpus.target)
        assert_are_probabilities(around.predict_proba(corpus.data))


class TestOutOfFold:
    def test_every_clip_is_predicted_by_a_network_that_never_heard_it(self, model, corpus):
        model.set_params(cnn__epochs=8, cnn__learning_rate=0.03)
        found = cross_val_predict(model, corpus.data, corpus.target, cv=SpeakerKFold(2))
        assert found.shape == (24,)
        assert np.mean(found == corpus.target) > 0.5

    def test_probabilities(self, model, corpus):
        cv = SpeakerKFold(2)
        method = "predict_proba"
        found = cross_val_predict(model, corpus.data, corpus.target, cv=cv, method=method)
        assert_are_probabilities(found)


def test_a_confusion_matrix_from_the_pipeline(model, corpus):
    model.fit(corpus.data, corpus.target)
    display = ConfusionMatrixDisplay.from_estimator(model, corpus.data, corpus.target)
    try:
        assert display.confusion_matrix.sum() == 24
        assert display.display_labels.tolist() == ["angry", "sad"]
    finally:
        plt.close(display.figure_)


def test_a_fitted_pipeline_clones_unfitted(model, corpus):
    model.fit(corpus.data, corpus.target)
    copy = clone(model)
    assert not hasattr(copy["cnn"], "weights_")
    copy.fit(corpus.data, corpus.target)
    np.testing.assert_array_equal(copy.predict_proba(corpus.data), model.predict_proba(corpus.data))
