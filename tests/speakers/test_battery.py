"""What scikit-learn checks of every transformer, for one that must be told who speaks.

scikit-learn's own battery gives plain arrays, which have no speakers; these are its checks that
make sense, run on clips with speakers, for each way of standardising and each kind of extractor.
"""

from __future__ import annotations

import pickle
import warnings

import joblib
import numpy as np
import pandas as pd
import pytest
from sklearn import config_context
from sklearn.base import BaseEstimator, TransformerMixin, clone
from sklearn.exceptions import NotFittedError
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils import get_tags

from sklearn_ser import (
    AudioClips,
    AudioLoader,
    FrameFeaturesTransformer,
    MFCCTransformer,
    SpeakerStandardizer,
)

EXTRACTORS = {
    "one": MFCCTransformer(n_mfcc=4, pooling="mean_std"),
    "pipeline": make_pipeline(
        AudioLoader(), FrameFeaturesTransformer(("zcr", "rms"), pooling="mean_std")
    ),
    "scaled": make_pipeline(MFCCTransformer(n_mfcc=4, pooling="mean"), StandardScaler()),
}
OPTIONS = [
    {},
    {"with_std": False},
    {"shrinkage": 0, "scale_shrinkage": 0},
    {"shrinkage": 2.5, "min_clips": 3},
]
ESTIMATORS = [
    *(pytest.param(SpeakerStandardizer(inner), id=name) for name, inner in EXTRACTORS.items()),
    *(
        pytest.param(SpeakerStandardizer(EXTRACTORS["one"], **options), id=str(options))
        for options in OPTIONS[1:]
    ),
]
each_estimator = pytest.mark.parametrize("standardizer", ESTIMATORS)


@pytest.fixture
def known(speech) -> AudioClips:
    return speech[:30]


@pytest.fixture
def unseen(speech) -> AudioClips:
    return speech[30:]


def fitted(standardizer, clips) -> SpeakerStandardizer:
    return clone(standardizer).fit(clips)


@each_estimator
def test_constructor_only_keeps_what_it_is_given(standardizer) -> None:
    own = {"extractor": standardizer.extractor, "min_clips": 7, "with_std": False}
    made = SpeakerStandardizer(**own, shrinkage=1.5, scale_shrinkage=0.5)
    assert {name: made.get_params(deep=False)[name] for name in own} == own
    assert vars(made) == made.get_params(deep=False)


@each_estimator
def test_clone_has_the_parameters_and_nothing_learned(standardizer, known) -> None:
    model = fitted(standardizer, known).enroll("eve", known[:5])
    copied = clone(model)
    own = ("min_clips", "with_std", "shrinkage", "scale_shrinkage")
    assert all(getattr(copied, name) == getattr(model, name) for name in own)
    assert copied.extractor is not model.extractor
    with pytest.raises(NotFittedError, match="not fitted yet"):
        copied.transform(known)


@each_estimator
def test_parameters_are_set_as_they_are_got(standardizer) -> None:
    params = standardizer.get_params(deep=True)
    assert any(name.startswith("extractor__") for name in params)
    copied = clone(standardizer).set_params(**{k: v for k, v in params.items() if "__" not in k})
    assert copied.set_params(min_clips=9).get_params()["min_clips"] == 9
    with pytest.raises(ValueError, match="Invalid parameter 'min_clip' for estimator Speaker"):
        copied.set_params(min_clip=2)


@each_estimator
def test_fit_returns_itself_and_leaves_parameters_and_extractor_alone(standardizer, known) -> None:
    model = clone(standardizer)
    before = joblib.hash(model.get_params())
    assert model.fit(known) is model
    assert joblib.hash(model.get_params()) == before
    assert model.extractor_ is not model.extractor


@each_estimator
def test_fit_is_idempotent_and_forgets_who_was_enrolled(standardizer, known, unseen) -> None:
    model = fitted(standardizer, known)
    first = model.transform(unseen)
    model.enroll("speaker-6", known[:5])
    np.testing.assert_array_equal(model.fit(known).transform(unseen), first)
    assert model.enrolled_ == {}


@each_estimator
def test_fit_transform_is_fit_then_transform_to_the_bit(standardizer, known) -> None:
    at_once = clone(standardizer).fit_transform(known)
    np.testing.assert_array_equal(at_once, fitted(standardizer, known).transform(known))


@each_estimator
def test_labels_are_of_no_concern(standardizer, known, unseen) -> None:
    labelled = clone(standardizer).fit(known, known.metadata["emotion"])
    np.testing.assert_array_equal(
        labelled.transform(unseen), fitted(standardizer, known).transform(unseen)
    )


@each_estimator
def test_clips_are_not_changed(standardizer, speech) -> None:
    hashed = joblib.hash([list(speech), speech.metadata])
    model = clone(standardizer)
    model.fit_transform(speech)
    model.enroll("speaker-0", speech[:5]).transform(speech)
    assert joblib.hash([list(speech), speech.metadata]) == hashed


@each_estimator
def test_transform_changes_nothing_that_was_learned(standardizer, known, unseen) -> None:
    model = fitted(standardizer, known)
    before = joblib.hash(vars(model))
    model.transform(unseen)
    assert joblib.hash(vars(model)) == before


@each_estimator
def test_a_pickle_keeps_fit_and_enrolment(standardizer, known, unseen) -> None:
    model = fitted(standardizer, known).enroll("speaker-7", unseen[:4])
    again = pickle.loads(pickle.dumps(model))
    np.testing.assert_array_equal(again.transform(unseen), model.transform(unseen))
    assert list(again.enrolled_) == ["speaker-7"]


@each_estimator
def test_output_is_a_finite_float32_table(standardizer, known, unseen) -> None:
    model = fitted(standardizer, known)
    for clips in (known, unseen):
        table = model.transform(clips)
        assert table.dtype == np.float32
        assert table.flags.c_contiguous
        assert table.shape == (len(clips), len(model.get_feature_names_out()))
        assert np.isfinite(table).all()


@each_estimator
def test_known_speakers_do_not_depend_on_who_else_is_there(standardizer, known, unseen) -> None:
    """scikit-learn's "methods of a subset", for speakers of fit and for enrolled ones."""
    model = fitted(standardizer, known)
    model.enroll("speaker-6", unseen[:5])
    for clips in (known, unseen[:5]):
        together = model.transform(clips)
        rows = [model.transform(clips[[place]])[0] for place in range(len(clips))]
        np.testing.assert_array_equal(together, rows)


@each_estimator
def test_order_of_known_clips_does_not_matter(standardizer, known) -> None:
    model = fitted(standardizer, known)
    order = np.random.default_rng(0).permutation(len(known))
    np.testing.assert_array_equal(model.transform(known[order]), model.transform(known)[order])


@each_estimator
def test_order_of_the_clips_of_fit_is_rounding(standardizer, known, unseen) -> None:
    order = np.random.default_rng(0).permutation(len(known))
    np.testing.assert_allclose(
        fitted(standardizer, known[order]).transform(unseen),
        fitted(standardizer, known).transform(unseen),
        atol=1e-4,
    )


@each_estimator
def test_names_of_columns_are_the_extractors(standardizer, known) -> None:
    model = fitted(standardizer, known)
    last = model.extractor_[-1] if hasattr(model.extractor_, "steps") else model.extractor_
    if isinstance(last, StandardScaler):
        last = model.extractor_[0]
    assert model.get_feature_names_out().tolist() == last.get_feature_names_out().tolist()
    with pytest.raises(NotFittedError, match="not fitted yet"):
        clone(standardizer).get_feature_names_out()


@each_estimator
def test_containers_are_what_is_asked_for(standardizer, known) -> None:
    model = clone(standardizer).set_output(transform="pandas")
    table = model.fit_transform(known)
    assert isinstance(table, pd.DataFrame)
    assert table.columns.tolist() == model.get_feature_names_out().tolist()
    with config_context(transform_output="pandas"):
        same = clone(standardizer).fit_transform(known)
    pd.testing.assert_frame_equal(same, table)
    np.testing.assert_array_equal(fitted(standardizer, known).transform(known), table)


@each_estimator
def test_not_fitted_is_said(standardizer, known) -> None:
    for method, args in (("transform", (known,)), ("enroll", ("eve", known[:5]))):
        with pytest.raises(NotFittedError, match="SpeakerStandardizer instance is not fitted yet"):
            getattr(clone(standardizer), method)(*args)


@each_estimator
def test_no_clips_are_refused_as_by_the_extractor(standardizer, known) -> None:
    with pytest.raises(ValueError, match="no clips: 0 sample"):
        fitted(standardizer, known).transform(known[:0])


@each_estimator
def test_repr_and_html_work(standardizer, known) -> None:
    assert "SpeakerStandardizer(extractor=" in repr(standardizer)
    assert "SpeakerStandardizer" in fitted(standardizer, known)._repr_html_()


@each_estimator
def test_tags(standardizer) -> None:
    tags = get_tags(standardizer)
    assert tags.requires_fit
    assert not tags.input_tags.two_d_array, "an array has no speakers: the battery must not run"
    assert tags.transformer_tags.preserves_dtype == []


@pytest.mark.parametrize(
    ("parameter", "value"),
    [
        ("extractor", "mfcc"),
        ("min_clips", 0),
        ("min_clips", 1.5),
        ("with_std", "yes"),
        ("shrinkage", -1),
        ("shrinkage", "some"),
        ("shrinkage", np.inf),
        ("scale_shrinkage", -0.5),
        ("scale_shrinkage", "auto"),
    ],
)
def test_wrong_parameters_are_refused_in_fit(parameter, value, known) -> None:
    standardizer = SpeakerStandardizer(EXTRACTORS["one"]).set_params(**{parameter: value})
    with pytest.raises(ValueError, match=f"The '{parameter}' parameter of SpeakerStandardizer"):
        standardizer.fit(known)


@each_estimator
def test_nothing_is_warned_of_where_all_is_well(standardizer, known, unseen) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        fitted(standardizer, known).transform(unseen)


class Nameless(TransformerMixin, BaseEstimator):
    """Gives levels, and no names for them."""

    def fit(self, X, y=None) -> Nameless:
        self.n_ = len(X)
        return self

    def transform(self, X) -> np.ndarray:
        return np.array([[np.abs(wave).mean(), np.abs(wave).max()] for wave in X])


def test_an_extractor_without_names_is_no_obstacle(known) -> None:
    standardizer = SpeakerStandardizer(Nameless())
    assert not hasattr(standardizer, "get_feature_names_out")
    with config_context(transform_output="pandas"):
        assert isinstance(standardizer.fit_transform(known), np.ndarray)
    assert not hasattr(SpeakerStandardizer(make_pipeline(Nameless())), "get_feature_names_out")
