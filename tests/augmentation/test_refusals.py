"""What would split without groups is refused, wherever it hides."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pytest
from sklearn import config_context
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.calibration import CalibratedClassifierCV
from sklearn.ensemble import (
    GradientBoostingClassifier,
    HistGradientBoostingClassifier,
    RandomForestClassifier,
    StackingClassifier,
    VotingClassifier,
)
from sklearn.experimental import enable_halving_search_cv  # noqa: F401
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import (
    LogisticRegression,
    LogisticRegressionCV,
    Perceptron,
    RidgeClassifierCV,
    SGDClassifier,
)
from sklearn.model_selection import (
    GridSearchCV,
    GroupKFold,
    GroupShuffleSplit,
    HalvingGridSearchCV,
    KFold,
    LeaveOneGroupOut,
    PredefinedSplit,
    RandomizedSearchCV,
    RepeatedStratifiedKFold,
    StratifiedGroupKFold,
    StratifiedKFold,
    TunedThresholdClassifierCV,
)
from sklearn.multiclass import OneVsRestClassifier
from sklearn.multioutput import ClassifierChain
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import FeatureUnion, Pipeline, make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler
from sklearn.svm import SVC

from sklearn_ser import (
    AugmentedClassifier,
    CNN1DClassifier,
    MFCCTransformer,
    SequenceScaler,
    SilenceTrimmer,
    SpeechPipeline,
)
from sklearn_ser.augmentation import SpecAugmenter
from sklearn_ser.augmentation._refusals import check_splits_by_group
from sklearn_ser.model_selection import (
    LeaveOneSpeakerOut,
    MetadataKFold,
    PredefinedSpeakerFolds,
    SpeakerKFold,
)

STOPPING = CNN1DClassifier(early_stopping=True)
SPEECH = SpeechPipeline([("mfcc", MFCCTransformer()), ("cnn", STOPPING)])
BY_SPEAKER = SpeakerKFold(3)


def check(estimator: Any, takes_clips: bool = True) -> bool:
    return check_splits_by_group(estimator, takes_clips=takes_clips)


def after_features(classifier: Any) -> Pipeline:
    return make_pipeline(MFCCTransformer(pooling="mean"), StandardScaler(), classifier)


HOLD_OUT = {
    "MLPClassifier .*early_stopping=True": MLPClassifier(early_stopping=True),
    "SGDClassifier .*early_stopping=True": SGDClassifier(early_stopping=True),
    "Perceptron .*early_stopping=True": Perceptron(early_stopping=True),
    "HistGradientBoosting.*early_stopping='auto'": HistGradientBoostingClassifier(),
    "GradientBoosting.*n_iter_no_change=5": GradientBoostingClassifier(n_iter_no_change=5),
    "SVC .*probability=True": SVC(probability=True),
    "RandomForestClassifier .*oob_score=True": RandomForestClassifier(oob_score=True),
}


@pytest.mark.parametrize("said", HOLD_OUT)
@pytest.mark.parametrize(
    "wrap",
    [
        lambda classifier: classifier,
        after_features,
        lambda classifier: OneVsRestClassifier(classifier),
        lambda classifier: VotingClassifier([("a", LogisticRegression()), ("b", classifier)]),
        lambda classifier: GridSearchCV(after_features(classifier), {}, cv=BY_SPEAKER),
        lambda classifier: CalibratedClassifierCV(after_features(classifier), cv=BY_SPEAKER),
    ],
    ids=["bare", "pipeline", "one against the rest", "vote", "search", "calibration"],
)
def test_clips_held_out_at_random_are_refused(said, wrap):
    with pytest.raises(ValueError, match=f"cannot wrap {said}.* splits without groups"):
        check(wrap(HOLD_OUT[said]))


def test_the_refusal_says_where_why_and_what_to_do():
    message = (
        "AugmentedClassifier cannot wrap MLPClassifier (estimator__mlpclassifier) with "
        "early_stopping=True: it splits without groups. A clip would then stand on one side of a "
        "split and its augmented copies on the other. Set early_stopping=False, or use a "
        "classifier whose fit takes groups."
    )
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        check(after_features(MLPClassifier(early_stopping=True)))


class WithOptionsOfFit(BaseEstimator):
    """Has the parameters of a Keras wrapper, and one of skorch."""

    def __init__(self, fit__validation_split: float = 0.0, train_split: Any = None) -> None:
        self.fit__validation_split = fit__validation_split
        self.train_split = train_split

    def fit(self, X: Any, y: Any) -> WithOptionsOfFit:
        return self


@pytest.mark.parametrize("name", ["fit__validation_split", "train_split"])
def test_wrappers_of_networks_that_hold_out_rows_are_refused(name):
    assert not check(WithOptionsOfFit())
    with pytest.raises(
        ValueError, match=rf"with {name}=0\.5: it splits .*Set (train|validation)_split"
    ):
        check(WithOptionsOfFit(**{name: 0.5}))


class LastRows(ClassifierMixin, BaseEstimator):
    def __init__(self, validation_split: float = 0.0) -> None:
        self.validation_split = validation_split

    def fit(self, X: Any, y: Any) -> LastRows:
        return self


def test_a_share_of_the_last_rows_is_refused():
    with pytest.raises(
        ValueError, match=r"LastRows .*validation_split=0\.2: .*Set validation_split=0"
    ):
        check(LastRows(0.2))
    assert not check(LastRows())


@pytest.mark.parametrize(
    "classifier",
    [
        MLPClassifier(),
        SGDClassifier(),
        HistGradientBoostingClassifier(early_stopping=False),
        GradientBoostingClassifier(),
        SVC(),
        RandomForestClassifier(),
        LogisticRegression(),
        CNN1DClassifier(),
        ClassifierChain(LogisticRegression()),
        FeatureUnion([("a", MFCCTransformer())]),
        make_pipeline("passthrough", LogisticRegression()),
    ],
    ids=repr,
)
def test_what_does_not_split_is_taken(classifier):
    assert not check(classifier)


RANDOM = {
    "None": None,
    "5": 5,
    "KFold": KFold(3),
    "StratifiedKFold": StratifiedKFold(3),
    "RepeatedStratifiedKFold": RepeatedStratifiedKFold(n_splits=2, n_repeats=2),
    "PredefinedSplit": PredefinedSplit([0, 1, 0, 1]),
    r"\[\(array": [(np.arange(2), np.arange(2, 4))],
}


def every_kind(cv: Any) -> list[Any]:
    svm = after_features(LogisticRegression())
    return [
        GridSearchCV(svm, {}, cv=cv),
        RandomizedSearchCV(svm, {}, cv=cv),
        HalvingGridSearchCV(svm, {}, cv=cv),
        CalibratedClassifierCV(svm, cv=cv),
        StackingClassifier([("a", svm)], cv=cv),
        TunedThresholdClassifierCV(svm, cv=cv),
        after_features(LogisticRegressionCV(cv=cv)),
        after_features(RidgeClassifierCV(cv=cv)),
    ]


@pytest.mark.parametrize("said", RANDOM)
def test_splitters_that_know_no_groups_are_refused(said):
    for estimator in every_kind(RANDOM[said]):
        with pytest.raises(ValueError, match=rf"cv={said}.*Give it cv=SpeakerKFold"):
            check(estimator)


@pytest.mark.parametrize(
    "cv",
    [
        SpeakerKFold(3),
        LeaveOneSpeakerOut(),
        PredefinedSpeakerFolds([["a"], ["b"]]),
        MetadataKFold("sentence"),
    ],
    ids=repr,
)
def test_splitters_by_speaker_find_the_speakers_in_clips(cv):
    for estimator in every_kind(cv)[:6]:
        assert check(estimator)


@pytest.mark.parametrize(
    "cv", [GroupKFold(3), StratifiedGroupKFold(3), LeaveOneGroupOut(), GroupShuffleSplit()]
)
class TestGroupSplittersOfScikitLearn:
    def test_a_search_hands_groups_to_them(self, cv):
        for search in every_kind(cv)[:3]:
            assert check(search)
            assert check(search, takes_clips=False)
        assert check(after_features(GridSearchCV(LogisticRegression(), {}, cv=cv)))

    def test_others_do_not(self, cv):
        for estimator in every_kind(cv)[3:]:
            with pytest.raises(ValueError, match=r"as no groups reach it: .*SpeakerKFold"):
                check(estimator)

    def test_with_routing_all_do(self, cv):
        with config_context(enable_metadata_routing=True):
            for estimator in every_kind(cv):
                if not isinstance(estimator, StackingClassifier):
                    assert check(estimator)

    def test_a_stack_never_does(self, cv):
        with (
            config_context(enable_metadata_routing=True),
            pytest.raises(ValueError, match="as no groups reach it"),
        ):
            check(StackingClassifier([("a", SPEECH)], cv=cv))

    def test_a_search_inside_another_is_handed_none(self, cv):
        inner = GridSearchCV(after_features(LogisticRegression()), {}, cv=cv)
        with pytest.raises(
            ValueError, match=r"(?s)\(estimator__estimator\) with cv=.*no groups reach"
        ):
            check(GridSearchCV(inner, {}, cv=SpeakerKFold(3)))

    def test_one_that_asks_for_no_groups_is_refused(self, cv):
        with config_context(enable_metadata_routing=True):
            deaf = type(cv)().set_split_request(groups=False)
            with pytest.raises(ValueError, match="splits without groups"):
                check(CalibratedClassifierCV(LogisticRegression(), cv=deaf))


def test_speakers_are_not_found_in_features():
    calibrated = CalibratedClassifierCV(LogisticRegression(), cv=BY_SPEAKER)
    for estimator, takes_clips in ((after_features(calibrated), True), (calibrated, False)):
        with pytest.raises(ValueError, match="Put it around the whole waveform pipeline"):
            check(estimator, takes_clips)


def test_steps_from_clips_to_clips_keep_the_speakers():
    calibrated = CalibratedClassifierCV(SPEECH, cv=BY_SPEAKER)
    assert check(make_pipeline(SilenceTrimmer(), calibrated))
    with pytest.raises(ValueError, match="Put it around the whole waveform pipeline"):
        check(make_pipeline(FunctionTransformer(), calibrated))


def test_what_is_not_fitted_may_be_anything():
    assert not check(FrozenEstimator(HistGradientBoostingClassifier()))
    assert not check(StackingClassifier([("a", LogisticRegression())], cv="prefit"))


class TestEarlyStoppingByGroups:
    @pytest.mark.parametrize(
        ("estimator", "takes_clips"),
        [
            (STOPPING, False),
            (SPEECH, True),
            (Pipeline(SPEECH.steps), True),
            (make_pipeline(SequenceScaler(), STOPPING), False),
            (GridSearchCV(SPEECH, {}, cv=BY_SPEAKER), True),
            (VotingClassifier([("a", SPEECH), ("b", SPEECH)]), True),
            (CalibratedClassifierCV(SPEECH, cv=BY_SPEAKER), True),
            (make_pipeline(MFCCTransformer(), SpeechPipeline([("cnn", STOPPING)])), True),
            (AugmentedClassifier(STOPPING, SpecAugmenter()), False),
        ],
    )
    @pytest.mark.parametrize("routing", [False, True])
    def test_is_taken_where_groups_reach_it(self, estimator, takes_clips, routing):
        with config_context(enable_metadata_routing=routing):
            assert check(estimator, takes_clips)

    @pytest.mark.parametrize(
        ("estimator", "takes_clips"),
        [
            (GridSearchCV(Pipeline(SPEECH.steps), {}, cv=BY_SPEAKER), True),
            (GridSearchCV(STOPPING, {}, cv=GroupKFold(3)), False),
            (OneVsRestClassifier(SPEECH[-1]), True),
            (make_pipeline(MFCCTransformer(), VotingClassifier([("a", STOPPING)])), True),
            (VotingClassifier([("a", AugmentedClassifier(STOPPING, SpecAugmenter()))]), False),
        ],
    )
    def test_is_refused_where_they_do_not(self, estimator, takes_clips):
        with pytest.raises(ValueError, match=r"early_stopping, as no groups reach it.*SpeechPipe"):
            check(estimator, takes_clips)

    @pytest.mark.parametrize("routing", [False, True])
    def test_in_a_stack_clips_bring_their_speakers(self, routing):
        with config_context(enable_metadata_routing=routing):
            assert check(StackingClassifier([("a", SPEECH)], cv=BY_SPEAKER))
            plain = StackingClassifier([("a", Pipeline(SPEECH.steps))], cv=BY_SPEAKER)
            with pytest.raises(ValueError, match="early_stopping, as no groups reach it"):
                check(plain)

    def test_is_refused_where_a_request_is_taken_back(self):
        with config_context(enable_metadata_routing=True):
            deaf = CNN1DClassifier(early_stopping=True).set_fit_request(groups=False)
            with pytest.raises(ValueError, match="early_stopping, as no groups reach it"):
                check(deaf, takes_clips=False)


class TestGrids:
    def search(self, grid: Any, classifier: Any = None, kind: Any = GridSearchCV) -> Any:
        return kind(after_features(classifier or MLPClassifier()), grid, cv=BY_SPEAKER)

    @pytest.mark.parametrize(
        "grid",
        [
            {"mlpclassifier__early_stopping": [False, True], "mlpclassifier__alpha": [1, 2]},
            {"mlpclassifier": [SVC(), HistGradientBoostingClassifier()]},
            [{}, {"mlpclassifier": [SGDClassifier(early_stopping=True), SVC()]}],
            {
                "mlpclassifier": [SVC(), SGDClassifier()],
                "mlpclassifier__early_stopping": [True],
            },
        ],
    )
    @pytest.mark.parametrize("kind", [GridSearchCV, RandomizedSearchCV, HalvingGridSearchCV])
    def test_candidates_are_looked_at(self, grid, kind):
        with pytest.raises(ValueError, match=r"early_stopping=.* splits without groups"):
            check(self.search(grid, kind=kind))

    def test_splitters_may_be_candidates(self):
        for cv, is_safe in ((BY_SPEAKER, True), (5, False)):
            inner = CalibratedClassifierCV(after_features(SVC()), cv=BY_SPEAKER)
            search = GridSearchCV(inner, {"cv": [cv]}, cv=BY_SPEAKER)
            if is_safe:
                assert check(search)
            else:
                with pytest.raises(ValueError, match=r"CalibratedClassifierCV .* with cv=5"):
                    check(search)

    def test_candidates_without_splits_are_taken(self):
        grid = {"mlpclassifier": [SVC(), LogisticRegression()], "standardscaler": ["passthrough"]}
        assert check(self.search(grid))

    def test_the_search_itself_is_left_alone(self):
        classifier = MLPClassifier()
        grid = {"mlpclassifier": [classifier], "mlpclassifier__n_iter_no_change": [5, 6]}
        search = self.search(grid)
        check(search)
        assert search.param_grid["mlpclassifier"] == [classifier]
        assert classifier.n_iter_no_change == 10
        assert search.estimator[-1].n_iter_no_change == 10

    def test_speakers_reach_candidates_of_a_speech_pipeline(self):
        grid = {"cnn__early_stopping": [True], "cnn__learning_rate": [0.1]}
        assert check(GridSearchCV(SPEECH, grid, cv=BY_SPEAKER))


def test_a_splitter_of_ones_own_declares_that_it_takes_groups():
    class OddOnesOut:
        def split(self, X: Any, y: Any = None, groups: Any = None) -> Any:
            raise NotImplementedError

    search = GridSearchCV(SPEECH, {}, cv=OddOnesOut())
    with pytest.raises(ValueError, match=r"OddOnesOut.* splits without groups"):
        check(search)
