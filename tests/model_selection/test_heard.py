"""Whoever scores on unseen speakers refuses weights that have heard them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.ensemble import VotingClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import FeatureUnion, make_pipeline

from sklearn_ser import MFCCTransformer, SpeakerStandardizer, make_ser_pipeline
from sklearn_ser.exceptions import EncoderError
from sklearn_ser.model_selection import (
    benchmark,
    enrollment_curve,
    feature_importance_report,
    fit_final,
)
from sklearn_ser.model_selection._heard import refuse_heard


class Listener(TransformerMixin, BaseEstimator):
    """Weights that have heard whoever they are named after."""

    def __init__(self, weights: str = "") -> None:
        self.weights = weights

    def fit(self, X: Any, y: Any = None) -> Listener:
        return self

    def transform(self, X: Any) -> Any:
        return MFCCTransformer(pooling="mean").fit_transform(X)

    def refuse_heard_speakers(self, speakers: list[str], purpose: str) -> None:
        heard = set(self.weights.split()) & set(speakers)
        if heard:
            raise EncoderError(f"{self.weights} have heard {sorted(heard)}: it cannot {purpose}.")


def a_pipeline(weights: str) -> Any:
    return make_pipeline(Listener(weights), LogisticRegression())


HEARD = "speaker-3 somebody-else"


class TestWhereItLooks:
    @pytest.mark.parametrize(
        "model",
        [
            a_pipeline(HEARD),
            make_pipeline(SpeakerStandardizer(Listener(HEARD)), LogisticRegression()),
            make_pipeline(FeatureUnion([("a", Listener()), ("b", Listener(HEARD))])),
            VotingClassifier([("a", a_pipeline("")), ("b", a_pipeline(HEARD))]),
        ],
        ids=["step", "standardised", "side by side", "voting"],
    )
    def test_in_every_part(self, model):
        with pytest.raises(EncoderError, match=r"have heard \['speaker-3'\]: it cannot sing\."):
            refuse_heard({"it": (model, {})}, ["speaker-3", "speaker-4"], "sing")
        refuse_heard({"it": (model, {})}, ["speaker-4"], "sing")

    @pytest.mark.parametrize(
        "grid",
        [
            {"listener__weights": ["", HEARD]},
            [{"logisticregression__C": [1.0]}, {"listener": [Listener(HEARD)]}],
        ],
        ids=["weights", "whole steps"],
    )
    def test_in_every_candidate(self, grid):
        refuse_heard({"it": (a_pipeline(""), {})}, ["speaker-3"], "sing")
        with pytest.raises(EncoderError, match="have heard"):
            refuse_heard({"it": (a_pipeline(""), grid)}, ["speaker-3"], "sing")

    def test_whatever_holds_no_weights_is_left_alone(self):
        refuse_heard({"it": (make_ser_pipeline(), None)}, ["speaker-3"], "sing")

    def test_the_error_names_the_pipeline_of_several(self):
        pipelines = {"deaf": (make_ser_pipeline(), {}), "ears": (a_pipeline(HEARD), {})}
        with pytest.raises(EncoderError, match="have heard") as caught:
            refuse_heard(pipelines, ["speaker-3"], "sing")
        assert caught.value.__notes__ == ["This happened in pipeline 'ears'."]


class TestWhoAsks:
    def test_the_benchmark(self, speech):
        y = speech.metadata["emotion"].to_numpy()
        with pytest.raises(EncoderError, match=r"'speaker-3'.*cannot be scored on voices held out"):
            benchmark({"ears": (a_pipeline(HEARD), {})}, speech, y)

    def test_the_benchmark_by_groups(self):
        X, y = np.zeros((4, 800)), np.array(["calm", "angry"] * 2)
        with pytest.raises(EncoderError, match=r"have heard \['7'\]"):
            benchmark({"ears": (a_pipeline("7"), {})}, X, y, groups=[7, 7, 8, 8])

    def test_the_curve_of_enrolments(self, speech):
        y = speech.metadata["emotion"].to_numpy()
        model = make_pipeline(SpeakerStandardizer(Listener(HEARD)), LogisticRegression())
        with pytest.raises(EncoderError, match="cannot show what enrolling strangers gains"):
            enrollment_curve(model, speech, y)

    def test_the_importance_of_features(self, speech):
        y = speech.metadata["emotion"].to_numpy()
        with pytest.raises(EncoderError, match="cannot show what features are worth"):
            feature_importance_report(a_pipeline(HEARD), speech, y)

    def test_the_final_model(self, speech):
        y = speech.metadata["emotion"].to_numpy()
        with pytest.raises(EncoderError, match="cannot be a part of what is tuned"):
            fit_final(a_pipeline(HEARD), {}, speech, y)
