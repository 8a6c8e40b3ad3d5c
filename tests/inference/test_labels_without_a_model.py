"""Labels of the voice encoder's head: unsure where it must be, and with what is known of them."""

from __future__ import annotations

import json

import numpy as np
import pytest

from sklearn_ser.audio import write_audio
from sklearn_ser.embedding import EmotionHead
from sklearn_ser.inference import format_predictions, known_limits, predict_files
from sklearn_ser.inference._caveats import abstain


@pytest.fixture
def recordings(tmp_path):
    """Two noises at other rates, with a file between them that is none."""
    rng = np.random.default_rng(0)
    names = [tmp_path / name for name in ("a.wav", "none.wav", "b.flac")]
    write_audio(names[0], np.clip(0.1 * rng.normal(size=12000), -1, 1), 24000)
    write_audio(names[2], np.clip(0.1 * rng.normal(size=4000), -1, 1), 8000)
    return names


@pytest.fixture
def head(write_voice_encoder, tmp_path):
    def made(**changes):
        path = write_voice_encoder(tmp_path / "a.encoder", **{"temperature": 8.0, **changes})
        return EmotionHead(path)

    return made


class TestTable:
    def test_labels_with_a_note(self, head, recordings):
        sure = head(min_confidence=0.0)
        table = predict_files(sure, recordings, probabilities=True)
        named = ["p_angry", "p_happy", "p_sad"]
        assert list(table) == ["file", "label", "confidence", *named, "note", "error"]
        assert table["error"].notna().tolist() == [False, True, False]
        answered = table.loc[[0, 2]]
        assert set(answered["label"]) <= {"angry", "happy", "sad"}
        np.testing.assert_allclose(answered["confidence"], answered[named].max(axis=1))
        assert set(answered["note"]) == {
            "UAR elsewhere: elsewhere 42%, far away 55%; "
            "hardly ever found there: sad (elsewhere 10%)"
        }
        assert table["note"].isna()[1]

    def test_unsure(self, head, recordings):
        table = predict_files(head(min_confidence=1.0), recordings)
        assert table["label"].isna().all()
        assert table["confidence"].notna().tolist() == [True, False, True]
        assert table["note"][0].startswith("unsure: the best guess, ")
        assert table["note"][0].endswith(", and below 100% no label is given")

    def test_the_boundary_is_sure(self, head):
        row = {"label": "sad", "confidence": 0.5, "probabilities": None}
        assert abstain(row, head(min_confidence=0.5))["label"] == "sad"
        assert abstain(row, head(min_confidence=0.51))["label"] is None

    def test_without_scores_the_note_says_so(self, head, recordings):
        table = predict_files(head(min_confidence=0.0, card={}), recordings)
        assert table["note"][0] == "no scores on corpora it was not trained on"


class TestLimits:
    def test_what_was_measured_elsewhere(self, head):
        lines = known_limits(head()).splitlines()
        assert lines[0] == (
            "Labels by the encoder 'tiny' alone: angry, happy, sad. Below 40% it is unsure."
        )
        assert lines[1] == (
            "UAR on corpora it was not trained on (chance 33%): elsewhere 42% (38 to 47%); "
            "far away 55%."
        )
        assert lines[2] == "Hardly ever found there: sad (elsewhere 10%)."
        assert "trained on EmotionEmbeddingTransformer does better" in lines[3]

    def test_nothing_is_rare(self, head):
        scores = [{"corpus": "x", "protocol": "zero-shot", "uar": 0.5, "recalls": {"sad": 0.2}}]
        assert "Hardly ever" not in known_limits(head(card={"scores": scores}))

    def test_nothing_was_measured(self, head):
        scores = [{"corpus": "x", "protocol": "speakers", "uar": 0.5, "recalls": {"sad": 0.1}}]
        for card in ({}, {"scores": scores}, {"scores": None}):
            text = known_limits(head(card=card))
            assert "is not known: the weights' card has no scores" in text
            assert "Hardly ever" not in text


class TestFormat:
    def test_text(self, head, recordings):
        table = predict_files(head(min_confidence=1.0), recordings)
        lines = format_predictions(table, about="What\nis known.").splitlines()
        assert lines[0].split() == [str(recordings[0]), "unsure", f"{table['confidence'][0]:.1%}"]
        assert "error: " in lines[1]
        assert lines[3:] == ["", "What", "is known."]

    def test_csv_and_json_have_the_note_alone(self, head, recordings):
        table = predict_files(head(min_confidence=1.0), recordings)
        csv = format_predictions(table, "csv", about="What is known.").splitlines()
        assert csv[0] == "file,label,confidence,note,error"
        assert len(csv) == 4
        rows = json.loads(format_predictions(table, "json", about="What is known."))
        assert rows[0]["label"] is None
        assert rows[0]["note"].startswith("unsure")
        assert rows[1]["note"] is None
