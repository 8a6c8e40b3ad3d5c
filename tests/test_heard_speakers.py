"""Nobody whom the shipped weights were trained on is ever a test speaker in our own tables."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn.utils import Bunch

from benchmarks import _encoder, embedding_worth, encoder_folds, learning_curve, zero_shot
from benchmarks._encoder_training import Corpus, check_record, write_record
from sklearn_ser import AudioClips
from sklearn_ser.embedding import load_encoder, refuse_heard_speakers
from sklearn_ser.exceptions import EncoderError

BENCHMARKS = Path(__file__).parents[1] / "benchmarks"
THE_DOOR = "_encoder.py"  # which loads corpora for all scripts about the encoder
WITH_WEIGHTS = re.compile(r"EmotionEmbeddingTransformer|EmotionHead|load_encoder")
LOADS = re.compile(r"\bload_(crema_d|ravdess|savee|tess|corpora|clips)\b")
SCRIPTS = [
    path.name
    for path in sorted(BENCHMARKS.glob("*.py"))
    if WITH_WEIGHTS.search(path.read_text(encoding="utf-8"))
]


@pytest.fixture(params=["ravdess", "crema_d"])
def heard_corpus(request: Any, monkeypatch: Any, tmp_path: Path, speech: AudioClips) -> str:
    """A corpus in which someone speaks whom the tiny encoder of the tests was trained on."""
    labels = np.array(["angry", "sad"] * 20, dtype=object)

    def load(folder: Path, **options: Any) -> Bunch:
        return Bunch(data=speech, target=labels, groups=speech.speakers, frame=speech.metadata)

    everything = dict.fromkeys(_encoder.LOADERS, load)
    monkeypatch.setattr(_encoder, "LOADERS", everything)
    monkeypatch.setenv(_encoder.DATA, str(tmp_path))
    return str(request.param)


class TestShippedWeights:
    def test_they_say_whom_they_have_heard(self):
        card = load_encoder("crema_d").card
        heard = {*card["training_speakers"], *card["validation_speakers"]}
        assert len(heard) >= 24
        assert all(re.fullmatch(r"crema_d-\d{4}", speaker) for speaker in heard)

    def test_they_are_refused_for_each_of_them(self):
        card = load_encoder("crema_d").card
        for speaker in [*card["training_speakers"], *card["validation_speakers"]]:
            with pytest.raises(EncoderError, match=speaker):
                refuse_heard_speakers("crema_d", ["ravdess-01", speaker], "be tested")

    def test_tables_on_whole_corpora_are_about_others(self):
        assert "crema_d" not in _encoder.FOREIGN


class TestScripts:
    @pytest.mark.parametrize("script", SCRIPTS)
    def test_each_takes_its_clips_through_one_door(self, script):
        """Where no refusal stands between a loader and a table, somebody will be tested twice."""
        found = LOADS.findall((BENCHMARKS / script).read_text(encoding="utf-8"))
        assert script == THE_DOOR or not found, f"load clips by {THE_DOOR} instead of by {found}"

    def test_all_of_them_are_looked_at(self):
        expected = {"embedding_worth.py", "zero_shot.py", "learning_curve.py", "encoder_folds.py"}
        assert expected <= set(SCRIPTS)

    def test_the_worth_of_the_embedding(self, heard_corpus, voice_encoder, tmp_path):
        with pytest.raises(EncoderError, match=r"speaker-3.*be tested on"):
            embedding_worth.load(heard_corpus, voice_encoder, tmp_path)

    def test_the_head_without_training(self, heard_corpus, voice_encoder):
        with pytest.raises(EncoderError, match=r"speaker-3.*be tested on"):
            zero_shot.ask(heard_corpus, voice_encoder)

    def test_the_learning_curve(self, heard_corpus, voice_encoder, tmp_path):
        with pytest.raises(EncoderError, match=r"speaker-3.*be tested on ravdess"):
            learning_curve.report(voice_encoder, str(tmp_path), draws=1)

    def test_the_folds(self, voice_encoder, speech):
        corpus = Corpus(speech, np.array(["angry", "sad"] * 20), None, None)
        with pytest.raises(EncoderError, match=r"speaker-3.*be tested on its fold"):
            encoder_folds.say(corpus, Path(voice_encoder), ["speaker-2", "speaker-3"])
        with pytest.raises(EncoderError, match=r"speaker-3.*be tested on its fold"):
            encoder_folds.say_by_svm(corpus, Path(voice_encoder), ["speaker-3"], None)


class TestRecords:
    def test_folds_test_everybody_once(self, speech):
        corpus = Corpus(speech, np.array(["angry", "sad"] * 20), None, None)
        tests = encoder_folds.folds_of(corpus)
        everybody = [speaker for test in tests for speaker in test]
        assert sorted(everybody) == sorted(set(speech.speakers))

    def test_they_lie_beside_the_weights(self, write_voice_encoder, tmp_path):
        path = write_voice_encoder(tmp_path / "fold0.encoder")
        record = write_record(path, ["crema_d-1009", "crema_d-1008"])
        assert json.loads((tmp_path / "fold0.json").read_text()) == record
        assert record == {
            "training_speakers": ["crema_d-1001", "speaker-3"],
            "validation_speakers": ["crema_d-1002"],
            "test_speakers": ["crema_d-1008", "crema_d-1009"],
            "sha256": load_encoder(path).sha256,
        }

    @pytest.mark.parametrize("speaker", ["crema_d-1001", "crema_d-1002"])
    def test_weights_that_heard_a_test_speaker_get_none(
        self, write_voice_encoder, tmp_path, speaker
    ):
        path = write_voice_encoder(tmp_path / "fold0.encoder")
        with pytest.raises(EncoderError, match=f"'{speaker}' is among .* and among test_speakers"):
            write_record(path, [speaker])
        assert not (tmp_path / "fold0.json").exists()

    def test_nobody_trains_and_validates(self):
        record = {
            "training_speakers": ["ann", "bob"],
            "validation_speakers": ["bob"],
            "test_speakers": ["eve"],
            "sha256": "0" * 64,
        }
        with pytest.raises(EncoderError, match="'bob' is among training_speakers and among valid"):
            check_record(record)
