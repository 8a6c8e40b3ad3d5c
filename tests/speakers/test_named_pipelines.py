"""Pipelines "@speaker": by make_ser_pipeline, in the benchmark's tables and on the command line."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pandas as pd
import pytest
from sklearn.base import BaseEstimator, TransformerMixin, clone
from sklearn.linear_model import LogisticRegression
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline

from sklearn_ser import (
    AudioClips,
    CNN1DClassifier,
    MFCCTransformer,
    SpeakerStandardizer,
    make_ser_pipeline,
)
from sklearn_ser.cli._benchmark import _side_by_side
from sklearn_ser.model_selection import benchmark
from sklearn_ser.pipeline import parameter_grid, pipeline_names
from sklearn_ser.pipeline._named import split_name

KNOWN = "known of the speaker"


class Samples(TransformerMixin, BaseEstimator):
    """The features of a clip are its samples."""

    def fit(self, X, y=None) -> Samples:
        self.n_ = len(X)
        return self

    def transform(self, X) -> np.ndarray:
        return np.asarray(X)


class TestByName:
    @pytest.mark.parametrize("classifier", ["logreg", "svm"])
    def test_the_extractor_is_wrapped(self, classifier, speech, tmp_path):
        y = speech.metadata["emotion"].to_numpy()
        model = make_ser_pipeline(
            "mfcc", classifier, standardize="speaker", memory=str(tmp_path), sample_rate=8000
        )
        assert list(model.named_steps) == ["loader", "features", "scaler", "clipper", "classifier"]
        assert isinstance(model["features"], SpeakerStandardizer)
        assert model.get_params()["features__extractor__memory"] == str(tmp_path)
        assert model.get_params()["features__extractor__sample_rate"] == 8000
        model = model.set_params(loader__sample_rate=16000, features__extractor__sample_rate=16000)
        assert clone(model).fit(speech[:30], y[:30]).score(speech[30:], y[30:]) >= 0.8
        grid = parameter_grid("mfcc", classifier, standardize="speaker")
        model.set_params(**{name: values[0] for name, values in grid.items()})

    def test_grids_of_features_reach_the_extractor(self):
        plain = parameter_grid("wav2vec2", "svm")
        inside = parameter_grid("wav2vec2", "svm", standardize="speaker")
        assert inside.pop("features__extractor__layer") == plain.pop("features__layer")
        assert inside == plain

    def test_names(self):
        names = pipeline_names()
        assert "frames-svm@speaker" in names
        assert "mfcc-dense@speaker" in names
        assert "mel-crnn@speaker" not in names, "sequences cannot be standardised by speaker"
        assert split_name("frames-svm@speaker") == ("frames", "svm", "speaker")
        assert split_name("frames-svm") == ("frames", "svm", None)

    @pytest.mark.parametrize("features", ["mfcc", MFCCTransformer()])
    def test_sequences_are_refused(self, features):
        with pytest.raises(ValueError, match=r"is about tables of features, and CNN1DClassifier"):
            make_ser_pipeline(features, CNN1DClassifier(), standardize="speaker")

    def test_sequences_for_any_other_classifier_are_refused(self):
        with pytest.raises(ValueError, match="is to get sequences of MFCCTransformer"):
            make_ser_pipeline(MFCCTransformer(), "svm", standardize="speaker")

    def test_unknown_kind(self):
        with pytest.raises(ValueError, match=r"standardize='speakers' is not known\. Did you mean"):
            make_ser_pipeline("mfcc", "svm", standardize="speakers")

    def test_mixed_families_are_standardised_and_enrolled(self, speech):
        y = speech.metadata["emotion"].to_numpy()
        model = make_ser_pipeline(("mfcc", "mel"), "voting", standardize="speaker")
        model.fit(speech[:20], y[:20]).enroll("speaker-7", speech[35:])
        held = [member["features"] for member in model["classifier"].estimators_]
        assert [list(part.enrolled_) for part in held] == [["speaker-7"], ["speaker-7"]]


def make_clips(n_speakers: int = 8, n_clips: int = 12) -> tuple[AudioClips, np.ndarray]:
    rng = np.random.default_rng(0)
    speaker = np.repeat(np.arange(n_speakers), n_clips)
    emotion = np.tile(np.arange(n_clips) % 3, n_speakers)
    waves = rng.normal(size=(len(speaker), 4)) + 4 * rng.normal(size=(n_speakers, 4))[speaker]
    waves[:, 0] += 2.0 * emotion
    table = pd.DataFrame({"speaker": [f"voice-{number:02d}" for number in speaker]})
    return AudioClips(waves, metadata=table), np.array(["angry", "calm", "sad"])[emotion]


LOGREG = make_pipeline(Samples(), LogisticRegression())
KNN = make_pipeline(Samples(), KNeighborsClassifier())
PIPELINES = {
    "logreg": (LOGREG, {}),
    "knn@speaker": (make_pipeline(SpeakerStandardizer(Samples()), KNN[-1]), {}),
    "knn": (KNN, {}),
    "logreg@speaker": (make_pipeline(SpeakerStandardizer(Samples()), LOGREG[-1]), {}),
}
PLAIN, OWN = "chosen on inner folds", "chosen on inner folds, own unlabelled clips"


@pytest.fixture(scope="module")
def result():
    return benchmark(PIPELINES, *make_clips())


class TestBenchmark:
    def test_the_table_says_what_is_known_of_the_speaker(self, result):
        told = result.table["speaker_information"]
        assert result.table.columns[0] == "speaker_information"
        assert told[["logreg", "knn", PLAIN]].unique().tolist() == ["none"]
        ours = told[["logreg@speaker", "knn@speaker", OWN]]
        assert ours.unique().tolist() == ["own unlabelled clips"]
        assert result.table.loc["logreg@speaker", "uar"] > result.table.loc["logreg", "uar"]

    def test_choices_are_made_within_a_kind(self, result):
        predictions = result.predictions
        for row, names in ((PLAIN, ["logreg", "knn"]), (OWN, ["logreg@speaker", "knn@speaker"])):
            for _, clips in predictions.groupby("fold"):
                assert any(clips[row].equals(clips[name].rename(row)) for name in names)

    def test_the_best_is_one_that_needs_nothing_of_the_speaker(self, result):
        inner = result.table["inner_score"]
        assert inner.idxmax().endswith("@speaker")
        assert result.best_ == inner[["logreg", "knn"]].idxmax()

    def test_where_all_need_it_the_best_of_them(self):
        ours = {name: each for name, each in PIPELINES.items() if name.endswith("@speaker")}
        result = benchmark(ours, *make_clips(), random_split=False)
        assert result.best_ == result.table["inner_score"].idxmax()
        assert result.table.index.tolist() == [*ours, OWN]

    def test_no_column_of_the_report_holds_both_kinds(self, result):
        text = str(result)
        scores, claims, choice = _sections(text)
        for section in (scores, claims):
            nothing, told = section.split("Transductive: ")
            assert "Nothing is known of the speaker but the clip in question:" in nothing
            assert "@speaker" not in nothing
            rows = [line for line in told.splitlines() if line.startswith(("logreg", "knn"))]
            assert all("own unlabelled clips" in row for row in rows)
            assert all("@speaker" in row for row in rows)
            assert KNOWN in told
        assert choice.count("is best on the inner folds") == 2
        assert "logreg@speaker, knn@speaker" in text or "knn@speaker, logreg@speaker" in text
        assert "(transductive)" in " ".join(text.split("Notes")[1].split())

    def test_reports_without_are_as_ever(self):
        result = benchmark({"logreg": PIPELINES["logreg"]}, *make_clips(), random_split=False)
        assert KNOWN not in str(result)
        assert "ransductive" not in str(result)

    def test_side_by_side(self, result):
        plain, told = _side_by_side({"speakers": result, "loso": result}).split("\n\n")
        assert "@speaker" not in plain
        assert all("own unlabelled clips" in line for line in told.splitlines()[1:])

    def test_saved(self, result, tmp_path):
        result.save(tmp_path)
        saved = pd.read_csv(tmp_path / "results.csv", index_col=0, keep_default_na=False)
        assert saved.loc["knn", "speaker_information"] == "none"

    def test_a_grid_of_both_kinds_is_refused(self):
        grid = {"samples": [Samples(), SpeakerStandardizer(Samples())]}
        with pytest.raises(ValueError, match="The grid of pipeline 'mixed' holds candidates that"):
            benchmark({"mixed": (LOGREG, grid)}, *make_clips())

    def test_a_grid_may_bring_the_standardizer(self):
        grid = {"samples": [SpeakerStandardizer(Samples(), shrinkage=k) for k in (0, "auto")]}
        result = benchmark({"tuned": (LOGREG, grid)}, *make_clips(), random_split=False)
        assert result.table.loc["tuned", "speaker_information"] == "own unlabelled clips"


def _sections(text: str) -> list[str]:
    """Scores, claims and choice."""
    titles = ["Scores on unseen speakers", "What a random split", "Choice\n", "Classes, in %"]
    places = [text.index(title) for title in titles]
    return [text[begin:end] for begin, end in pairwise(places)]
