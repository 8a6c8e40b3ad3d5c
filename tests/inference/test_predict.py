from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.calibration import CalibratedClassifierCV

from sklearn_ser.audio import AudioClips, AudioLoader, write_audio
from sklearn_ser.inference import format_predictions, predict_files
from sklearn_ser.inference._predict import sample_rate_of
from sklearn_ser.pipeline import SpeechPipeline

RATE = 8000
LABELS = ["high", "low"]


class PitchClassifier(ClassifierMixin, BaseEstimator):
    """Tells a tone of 1000 Hz from one of 200 Hz, and remembers the clips that it was given."""

    def __init__(self, sample_rate=RATE, refuse_silence=False):
        self.sample_rate = sample_rate
        self.refuse_silence = refuse_silence

    def fit(self, X, y):
        self.classes_ = np.unique(y)
        self.asked_ = []
        return self

    def predict(self, X):
        return self.classes_[self.predict_proba(X).argmax(axis=1)]

    def predict_proba(self, X):
        assert isinstance(X, AudioClips)
        assert X.sample_rate == self.sample_rate
        if self.refuse_silence and any(not clip.any() for clip in X):
            raise ValueError("a silent\nclip")
        self.asked_.append(len(X))
        crossings = np.array([np.mean(np.diff(np.sign(clip)) != 0) for clip in X])
        high = np.clip(crossings * self.sample_rate / 2 / 1000, 0, 1)
        return np.stack([high, 1 - high], axis=1)


class WithoutProbabilities(PitchClassifier):
    predict_proba = property()

    def predict(self, X):
        return np.repeat(self.classes_[:1], len(X))


@pytest.fixture
def files(tmp_path):
    """Tones of other rates and channel counts, with unreadable files between them."""
    time = np.arange(16000) / 16000
    write_audio(tmp_path / "high.wav", 0.5 * np.sin(2 * np.pi * 1000 * time), 16000)
    (tmp_path / "text.wav").write_text("not audio")
    write_audio(tmp_path / "low ü.flac", 0.5 * np.sin(2 * np.pi * 200 * time[:8000]), 16000)
    (tmp_path / "empty.wav").touch()
    names = ["high.wav", "text.wav", "missing.wav", "low ü.flac", "empty.wav"]
    return [tmp_path / name for name in names]


def fitted(classifier=None, *, loader=False):
    classifier = classifier or PitchClassifier()
    if loader:
        steps = [("loader", AudioLoader(sample_rate=RATE)), ("classifier", classifier)]
        classifier = SpeechPipeline(steps)
    clips = AudioClips([np.ones(80), -np.ones(80)] * 3, RATE)
    return classifier.fit(clips, LABELS * 3)


@pytest.mark.parametrize("loader", [False, True])
def test_errors_of_files_do_not_stop_the_rest(files, loader):
    table = predict_files(fitted(loader=loader), files)
    assert list(table.columns) == ["file", "label", "confidence", "error"]
    assert table["file"].tolist() == [str(file) for file in files]
    assert table["label"].fillna("").tolist() == ["high", "", "", "low", ""]
    assert table["confidence"][0] > 0.9
    assert table["confidence"].isna().tolist() == [False, True, True, False, True]
    assert table["error"].isna().tolist() == [True, False, False, True, False]
    assert "missing.wav" in table["error"][2]
    assert not table["error"].str.contains("\n").any()


def test_probabilities(files):
    table = predict_files(fitted(), files, probabilities=True)
    assert list(table.columns) == ["file", "label", "confidence", "p_high", "p_low", "error"]
    assert table.loc[0, ["p_high", "p_low"]].sum() == pytest.approx(1)
    assert table.loc[1, ["p_high", "p_low"]].isna().all()


def test_a_clip_that_the_model_refuses_does_not_stop_the_rest(files, tmp_path):
    silent = tmp_path / "silent.wav"
    write_audio(silent, np.zeros(8000), RATE)
    model = fitted(PitchClassifier(refuse_silence=True))
    table = predict_files(model, [files[0], silent, files[3]])
    assert table["label"].fillna("").tolist() == ["high", "", "low"]
    assert table["error"][1] == "a silent clip"


def test_many_files_are_read_in_batches(files):
    model = fitted()
    table = predict_files(model, [files[0]] * 70)
    assert model.asked_ == [32, 32, 6]
    assert (table["label"] == "high").all()


def test_one_path_and_no_path(files):
    assert len(predict_files(fitted(), str(files[0]))) == 1
    assert len(predict_files(fitted(), files[0])) == 1
    assert predict_files(fitted(), [], probabilities=True).columns[3] == "p_high"


def test_a_model_without_probabilities(files):
    model = fitted(WithoutProbabilities())
    table = predict_files(model, files[:1])
    assert table["label"].tolist() == ["high"]
    assert table["confidence"].isna().all()
    with pytest.raises(ValueError, match=r"WithoutProbabilities that gives none. Wrap it"):
        predict_files(model, files[:1], probabilities=True)


def test_mistakes_in_a_model_are_not_taken_for_bad_files(files):
    model = fitted()
    del model.classes_
    with pytest.raises(AttributeError, match="classes_"):
        predict_files(model, files)


class TestSampleRate:
    def test_found_in_nested_steps(self):
        pipeline = SpeechPipeline([("loader", AudioLoader(22050)), ("c", PitchClassifier(22050))])
        assert sample_rate_of(CalibratedClassifierCV(pipeline)) == 22050

    def test_none(self):
        with pytest.raises(
            ValueError, match=r"cannot be told: no step of it has one\. Give sample_r"
        ):
            sample_rate_of(CalibratedClassifierCV())

    def test_several(self):
        pipeline = SpeechPipeline([("loader", AudioLoader(22050)), ("c", PitchClassifier(8000))])
        with pytest.raises(ValueError, match=r"its steps have several \(\[8000, 22050\]\)"):
            sample_rate_of(pipeline)

    def test_given(self, files):
        table = predict_files(fitted(PitchClassifier(4000)), files, sample_rate=4000)
        assert table["label"][0] == "high"


class TestFormat:
    @pytest.fixture
    def table(self):
        return pd.DataFrame(
            {
                "file": ["a.wav", "bé.wav", "c.wav"],
                "label": ["calm", None, "surprised"],
                "confidence": [0.75, np.nan, 0.5],
                "p_calm": [0.75, np.nan, 0.5],
                "error": [None, "is, cut off", None],
            }
        )

    def test_text(self, table):
        assert format_predictions(table).splitlines() == [
            "a.wav   calm       75.0%  (calm 75.0%)",
            "bé.wav  error: is, cut off",
            "c.wav   surprised  50.0%  (calm 50.0%)",
        ]

    def test_text_without_confidence(self, table):
        plain = table.drop(columns="p_calm").assign(confidence=np.nan)
        assert format_predictions(plain).splitlines()[0] == "a.wav   calm"

    def test_csv(self, table):
        lines = format_predictions(table, "csv").splitlines()
        assert lines[0] == "file,label,confidence,p_calm,error"
        assert lines[2] == 'bé.wav,,,,"is, cut off"'

    def test_json(self, table):
        rows = json.loads(format_predictions(table, "json"))
        assert rows[0]["error"] is None
        assert rows[1] == {
            "file": "bé.wav",
            "label": None,
            "confidence": None,
            "p_calm": None,
            "error": "is, cut off",
        }

    def test_no_rows(self):
        assert format_predictions(pd.DataFrame(columns=["file", "label", "error"])) == ""

    def test_unknown(self, table):
        with pytest.raises(ValueError, match="kind must be one of text, csv, json, got 'xml'"):
            format_predictions(table, "xml")
