from __future__ import annotations

import pytest
from sklearn.base import TransformerMixin

import sklearn_ser
from sklearn_ser.utils import all_estimators


def test_lists_the_estimators_of_the_root_in_order():
    found = all_estimators()
    names = [name for name, _ in found]
    assert names == sorted(names)
    assert {"AudioLoader", "MFCCTransformer", "SequenceScaler", "SpeechPipeline"} <= set(names)
    assert all(cls.__name__ == name for name, cls in found)


def test_lists_nothing_of_others_and_no_base_class():
    assert all(cls.__module__.startswith("sklearn_ser.") for _, cls in all_estimators())
    assert not [name for name, _ in all_estimators() if name.startswith(("_", "Base"))]


def test_the_class_is_the_public_one():
    assert dict(all_estimators())["MFCCTransformer"] is sklearn_ser.MFCCTransformer


def test_filter_by_kind():
    transformers = all_estimators("transformer")
    assert transformers
    assert all(issubclass(cls, TransformerMixin) for _, cls in transformers)
    assert set(transformers) <= set(all_estimators())


def test_unknown_kind_says_what_was_meant():
    with pytest.raises(ValueError, match=r"type_filter='transfomer' .* Did you mean 'transformer'"):
        all_estimators("transfomer")


def test_unknown_kind_far_from_any():
    with pytest.raises(ValueError, match=r"'regressor' is not one of \['classifier', 'transf"):
        all_estimators("regressor")
