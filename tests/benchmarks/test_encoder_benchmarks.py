"""The scripts about the voice encoder, on a few made clips: what they compute, not how well."""

from __future__ import annotations

import warnings
from collections import Counter
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from joblib import Memory
from sklearn.base import BaseEstimator, TransformerMixin

from benchmarks import (
    _encoder,
    _encoder_training,
    complete_card,
    embedding_worth,
    encoder_folds,
    encoder_speed,
    learning_curve,
    zero_shot,
)
from benchmarks._encoder_training import Corpus, at_own_speed, trained
from benchmarks._untrained import untrained
from benchmarks.voice_worth import Study
from sklearn_ser import AudioClips, SpeakerStandardizer
from sklearn_ser.datasets import make_emotional_speech
from sklearn_ser.embedding import load_encoder
from sklearn_ser.embedding._by_speaker import SpeakersOfHead
from sklearn_ser.embedding._card import BY_SPEAKER, _score_lines
from sklearn_ser.embedding._weights import read_weights
from sklearn_ser.encoder_training import EncoderRecipe
from sklearn_ser.exceptions import SpeakerWarning
from sklearn_ser.model_selection import get_protocol
from sklearn_ser.speakers._statistics import Population

CLASSES = ("angry", "happy", "sad")


@pytest.fixture(scope="module")
def feelings() -> Any:
    """Nine speakers, three emotions, one of which no encoder here knows."""
    return make_emotional_speech(
        n_speakers=9, emotions=("angry", "sad", "calm"), n_repetitions=1, random_state=0
    )


@pytest.fixture
def foreign(feelings: Any, monkeypatch: Any, tmp_path: Path) -> None:
    """Let every corpus be these clips."""
    loaders = {name: lambda *_, **__: feelings for name in _encoder.LOADERS}
    monkeypatch.setattr(_encoder, "LOADERS", loaders)
    monkeypatch.setattr(_encoder_training, "LOADERS", loaders)
    monkeypatch.setenv(_encoder.DATA, str(tmp_path))


@pytest.fixture
def corpus(feelings: Any) -> Corpus:
    sex = feelings.frame["sex"].to_numpy(dtype=object)
    return Corpus(feelings.data, np.asarray(feelings.target).astype(str), None, sex)


@pytest.fixture
def no_training(write_voice_encoder: Any, monkeypatch: Any) -> list[Any]:
    """Write weights at random where a network would be trained."""
    trainings = []

    def train(clips: AudioClips, y: np.ndarray, *, output: Path, **options: Any) -> None:
        names = sorted(set(map(str, clips.speakers)))
        card = {"training_speakers": names[1:], "validation_speakers": names[:1]}
        seed = options["recipe"].seed
        write_voice_encoder(output, seed=seed, card=card, classes=("angry", "calm", "sad"))
        trainings.append(output.name)

    monkeypatch.setattr(_encoder_training, "train_encoder", train)
    return trainings


def rows_of(markdown: str) -> list[list[str]]:
    """Cells of all rows of all tables, without their heads."""
    lines = [line for line in markdown.splitlines() if line.startswith("| ")]
    cells = [[cell.strip() for cell in line.strip("| ").split(" | ")] for line in lines]
    heads = [place - 1 for place, row in enumerate(cells) if row[0] == "---"]
    return [row for place, row in enumerate(cells) if place not in heads and row[0] != "---"]


class Rows(TransformerMixin, BaseEstimator):
    """The features of a clip are its samples."""

    def fit(self, X: Any, y: Any = None) -> Rows:
        self.n_ = len(X)
        return self

    def transform(self, X: Any) -> np.ndarray:
        return np.array(list(X))


class TestWhatTheyShare:
    def test_standardised_is_what_the_standardizer_gives(self):
        rng = np.random.default_rng(0)
        speakers = np.array(["ann", "bob", "eve", "joe"]).repeat(6)
        features = rng.normal(size=(24, 5)).astype(np.float32) + np.arange(24)[:, None] // 6
        train, test = np.flatnonzero(speakers != "eve"), np.flatnonzero(speakers == "eve")[:4]
        clips = AudioClips(features, metadata=pd.DataFrame({"speaker": speakers}))
        expected = SpeakerStandardizer(Rows()).fit(clips[train])
        found = _encoder.standardised(features, speakers, train, test)
        for part in (train, test):
            np.testing.assert_allclose(found[part], expected.transform(clips[part]), atol=1e-5)

    def test_few_speakers_get_no_interval(self):
        truth = np.array(["angry", "sad"] * 4)
        speakers = np.arange(8).astype(str)
        found = _encoder.scores(truth, truth, speakers)
        assert found == ["100.0", "100.0 to 100.0"] * 2
        with warnings.catch_warnings():
            warnings.simplefilter("error", SpeakerWarning)
            assert _encoder.scores(truth, truth, speakers.repeat(2)[:8]) == ["100.0", ""] * 2

    def test_recalls(self):
        found = _encoder.recalls(np.array(["a", "a", "b"]), np.array(["a", "b", "b"]))
        assert found == {"a": 0.5, "b": 1.0}


class TestControl:
    @pytest.fixture
    def pair(self, voice_encoder: str, tmp_path: Path) -> tuple[Any, Any]:
        control = untrained(voice_encoder, tmp_path / "new", seed=5)
        return load_encoder(voice_encoder), load_encoder(control)

    def test_its_form_and_card_are_the_encoders(self, pair):
        encoder, control = pair
        assert asdict(control.form) == asdict(encoder.form)
        assert control.front_end == encoder.front_end
        assert control.card == encoder.card
        assert control.name == "tiny, untrained"

    def test_all_its_weights_are_others(self, pair):
        from onnx import load_from_string, numpy_helper

        for graph in ("frames_graph", "clip_graph"):
            given, drawn = (
                [
                    numpy_helper.to_array(t)
                    for t in load_from_string(getattr(e._weights, graph)).graph.initializer
                ]
                for e in pair
            )
            for old, new in zip(given, drawn, strict=True):
                assert new.dtype == old.dtype
                assert new.shape == old.shape
                if new.dtype == np.int64:
                    np.testing.assert_array_equal(new, old)
                elif new.ndim == 1:
                    assert not new.any(), "biases"
                else:
                    assert not np.isclose(new, old).any()

    def test_it_hears_something(self, pair, feelings):
        encoder, control = (each.embed(feelings.data[0]) for each in pair)
        assert np.isfinite(control).all()
        assert control.std() > 0
        assert np.abs(control - encoder).max() > 0.1

    def test_the_seed_settles_it(self, voice_encoder, tmp_path):
        first, again, other = (untrained(voice_encoder, tmp_path, seed) for seed in (0, 0, 1))
        assert first == again
        assert load_encoder(first).sha256 != load_encoder(other).sha256


class TestEmbeddingWorth:
    @pytest.mark.usefixtures("foreign")
    def test_every_set_meets_every_classifier(self, voice_encoder, tmp_path, monkeypatch):
        monkeypatch.setitem(embedding_worth.PROTOCOLS, "ravdess", [get_protocol("speakers")])
        monkeypatch.setattr(embedding_worth, "CLASSIFIERS", ("SVM",))
        study = embedding_worth.load("ravdess", voice_encoder, tmp_path)
        both = study.features[embedding_worth.BOTH]
        assert both.shape[1] == sum(
            study.features[name].shape[1]
            for name in (embedding_worth.FUNCTIONALS, embedding_worth.EMBEDDING)
        )
        few = {name: each[:, :5] for name, each in study.features.items()}
        study = Study(study.name, study.clips, study.labels, few)
        text = embedding_worth.report(study, Memory(None))
        rows = rows_of(text)
        assert [row[:2] for row in rows[:4]] == [["SVM", name] for name in few]
        assert len(rows) == 2 * 4
        assert "(transductive" in text

    def test_nothing_is_known_of_a_test_speaker(self, feelings):
        labels = np.asarray(feelings.target).astype(str)
        study = Study("ravdess", feelings.data, labels, {})
        for protocol in (get_protocol("speakers"), get_protocol("speakers-sentences")):
            for train, test, inner in embedding_worth.folds_of(study, protocol):
                assert not set(study.speakers[train]) & set(study.speakers[test])
                assert max(max(map(max, pair)) for pair in inner) < len(train)

    def test_tess_words_are_held_out_with_the_woman(self, feelings):
        speakers = np.asarray(feelings.data.speakers, dtype=str)
        clips = feelings.data[np.isin(speakers, np.unique(speakers)[:2])]
        labels = np.array(["angry", "sad", "calm"] * (len(clips) // 3))
        study = Study("tess", clips, labels, {})
        said = np.asarray(clips.metadata["sentence"])
        protocol = replace(
            embedding_worth.TESS_WORDS, inner=type(embedding_worth.TESS_WORDS.inner)(n_splits=2)
        )
        splits = list(protocol.outer.split(clips, labels))
        assert len(splits) == 4
        for train, test in splits:
            assert not set(said[train]) & set(said[test])
            assert not set(study.speakers[train]) & set(study.speakers[test])
        assert sorted(np.concatenate([test for _, test in splits])) == list(range(len(clips)))

    def test_answers_by_speaker_differ_from_raw_ones(self, feelings):
        labels = np.asarray(feelings.target).astype(str)
        rng = np.random.default_rng(0)
        study = Study("it", feelings.data, labels, {})
        folds = embedding_worth.folds_of(study, get_protocol("speakers"))
        own = rng.normal(size=len(set(study.speakers)))[
            np.unique(study.speakers, return_inverse=True)[1]
        ]
        features = np.column_stack([labels == "angry", labels == "sad"]) + 20 * own[:, None]
        features = features.astype(np.float32)
        ask = embedding_worth.answers
        by_speaker = ask(features, labels, study.speakers, folds, "SVM", None)
        assert np.mean(by_speaker == labels) > np.mean(
            ask(features, labels, None, folds, "SVM", None) == labels
        )


@pytest.mark.usefixtures("foreign")
class TestZeroShot:
    def test_only_emotions_that_the_head_knows_are_asked(self, voice_encoder, feelings):
        asked = zero_shot.ask("savee", voice_encoder)
        assert set(asked.truth) == {"angry", "sad"}
        assert len(asked.truth) == np.sum(np.asarray(feelings.target) != "calm")
        assert set(asked.predicted) <= set(CLASSES)
        found = asked.figures()
        assert set(found["recalls"]) == {"angry", "sad"}
        assert found["uar"] == pytest.approx(np.mean(list(found["recalls"].values())))

    def test_what_is_below_the_confidence_is_not_answered(self, write_voice_encoder, tmp_path):
        never = str(write_voice_encoder(tmp_path / "never.encoder", min_confidence=1.0))
        asked = zero_shot.ask("savee", never)
        assert not asked.answered.any()
        assert zero_shot.score_row("savee", asked)[-2:] == ["100.0", ""]

    def test_the_report(self, write_voice_encoder, tmp_path):
        known = SpeakersOfHead(Population.of([np.eye(3), 2 * np.eye(3)]), 0.5, 0.3)
        card = {"by_speaker": known.to_dict()}
        path = str(write_voice_encoder(tmp_path / "a.encoder", card=card))
        text = zero_shot.report(self.answers(path), path, ["savee"])
        assert "by speaker below 0.30" in text
        assert rows_of(text)[-1][0] == "savee"
        assert len(rows_of(text)[-1]) == 1 + len(zero_shot.N_CLIPS)
        by_speaker = zero_shot.ask("savee", path, by_speaker=True)
        assert by_speaker.min_confidence == 0.3
        assert not np.allclose(by_speaker.probabilities, zero_shot.ask("savee", path).probabilities)

    @pytest.mark.parametrize("n_clips", [2, 5, 40])
    def test_parts_are_of_one_speaker_and_of_about_the_size(self, n_clips):
        speakers = np.array(["ann"] * 23 + ["bob"] * 17)
        parts = zero_shot.in_parts(speakers, n_clips)
        assert all(part.startswith(f"{who}, ") for who, part in zip(speakers, parts, strict=True))
        sizes = np.array(list(Counter(parts).values()))
        assert (sizes >= min(n_clips, 17)).all()
        assert (sizes < 2 * n_clips).all()

    def answers(self, path):
        return {"savee": zero_shot.ask("savee", path)}

    def test_the_rows_of_the_report(self, voice_encoder):
        answers = self.answers(voice_encoder)
        text = zero_shot.tables(answers)
        scores, recall, share = rows_of(text)
        assert scores[0] == "savee"
        assert recall[1] == "recall"
        assert recall[3] == "", "nobody is happy here"
        assert sum(map(float, share[2:])) == pytest.approx(100, abs=0.2)


class TestLearningCurve:
    @pytest.mark.parametrize("n_clips", [2, 3, 7, 24])
    def test_classes_are_as_even_as_may_be(self, n_clips):
        labels = np.array(["a"] * 10 + ["b"] * 10 + ["c"] * 4)
        order = learning_curve.drawn(labels, 24, np.random.default_rng(0))
        assert len(set(order)) == len(order) == 24
        counts = Counter(labels[order[:n_clips]])
        assert all(n >= min(n_clips // 3, 4) for n in counts.values())

    def test_answers_come_from_strangers_clips(self, feelings):
        """A feature that names the speaker helps nobody."""
        labels = np.asarray(feelings.target).astype(str)
        folds = [(np.arange(0, 45), np.arange(45, 81)), (np.arange(45, 81), np.arange(0, 45))]
        features = (labels[:, None] == np.unique(labels)).astype(np.float32)
        said = learning_curve.answers(features, labels, folds, sizes=(3, 9), draws=2)
        assert set(said) == {3, 9}
        for each in said.values():
            assert len(each) == 2
            np.testing.assert_array_equal(each[0], labels)

    @pytest.mark.usefixtures("foreign")
    def test_the_report(self, voice_encoder, tmp_path, monkeypatch):
        monkeypatch.setattr(learning_curve, "FEATURES", ("mfcc", "embedding"))
        monkeypatch.setattr(learning_curve.answers, "__defaults__", ((3, 6), 2))
        rows = rows_of(learning_curve.report(voice_encoder, str(tmp_path), draws=2))
        assert [row[:2] for row in rows] == [
            [size, name] for size in ("3", "6") for name in ("mfcc", "embedding")
        ]

    def test_the_asked_weights_are_used(self, voice_encoder, feelings, tmp_path, monkeypatch):
        monkeypatch.setattr(learning_curve, "FEATURES", ("embedding", "functionals+embedding"))
        found = learning_curve.tables(feelings.data[:2], voice_encoder, str(tmp_path))
        alone, beside = found.values()
        np.testing.assert_array_equal(beside[:, -alone.shape[1] :], alone)


class TestFolds:
    def test_one_thing_changes_at_a_time(self):
        base = EncoderRecipe()
        found = encoder_folds.variants(base)
        assert found.pop("the recipe") == (base, True)
        assert found.pop("no whitening") == (base, False)
        plain = asdict(base)
        for name, (recipe, whitened) in found.items():
            changed = [key for key, value in asdict(recipe).items() if value != plain[key]]
            assert len(changed) == 1, name
            assert whitened

    def test_both_sexes_train_and_test(self, corpus, monkeypatch):
        monkeypatch.setattr(encoder_folds, "N_TRAINING", 4)
        monkeypatch.setattr(encoder_folds, "N_TESTING", 2)
        training, testing = encoder_folds.small_parts(corpus)
        assert (len(training), len(testing)) == (4, 2)
        assert not set(training) & set(testing)
        sexes = dict(zip(corpus.speakers, corpus.sex, strict=True))
        for part in (training, testing):
            assert len({sexes[name] for name in part}) == 2

    def test_the_report(self, corpus, no_training, tmp_path):
        recipe = EncoderRecipe(epochs=1)
        options = {"seeds": (0, 1), "with_svm": False}
        text = encoder_folds.report(corpus, recipe, tmp_path, **options)
        rows = rows_of(text)
        assert [row[0] for row in rows] == [
            *(encoder_folds.HEAD, encoder_folds.HEAD_AT_OWN_SPEED, "all", "female", "male"),
            *("0", "1", "mean, standard deviation"),
        ]
        assert len(no_training) == 6, "five folds, and another seed on the first"
        records = sorted((tmp_path / "weights").glob("*.json"))
        assert len(records) == 6
        assert encoder_folds.report(corpus, recipe, tmp_path, **options) == text
        assert len(no_training) == 6, "nothing is trained twice"

    def test_the_svm_beside_it(self, corpus, no_training, tmp_path):
        test = sorted(set(corpus.speakers))[:2]
        weights = trained(corpus, test, EncoderRecipe(epochs=1), tmp_path, "fold0")
        said = encoder_folds.say_by_svm(corpus, weights, test, Memory(tmp_path, verbose=0))
        assert list(said) == list(encoder_folds.SETS)
        for each in said.values():
            assert len(each) == len(corpus.of(test))
            assert set(each) <= set(corpus.labels)

    def test_the_ablation(self, corpus, no_training, tmp_path, monkeypatch):
        monkeypatch.setattr(encoder_folds, "N_TRAINING", 4)
        monkeypatch.setattr(encoder_folds, "N_TESTING", 2)
        sad = np.array(["sad"])
        elsewhere = zero_shot.Asked(sad, sad, np.array([[1.0]]), sad, 0.4)
        monkeypatch.setattr(encoder_folds, "ask", lambda *_: elsewhere)
        only = ["the recipe", "no whitening"]
        text = encoder_folds.ablation(corpus, EncoderRecipe(epochs=1), tmp_path, only=only)
        names = ["the recipe", encoder_folds.OWN_SPEED, "no whitening"]
        assert [(row[0], row[-1]) for row in rows_of(text)] == [(name, "100.0") for name in names]
        assert len(no_training) == 2

    def test_at_its_own_speed_a_clip_is_heard_once(self, write_voice_encoder, tmp_path):
        path = write_voice_encoder(tmp_path / "both.encoder", speeds=(0.9, 1.1))
        found = load_encoder(at_own_speed(path))
        assert found.speeds == (1.0,)
        assert found.card == load_encoder(path).card
        assert load_encoder(path).speeds == (0.9, 1.1)

    @pytest.mark.slow
    @pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")  # Keras'
    @pytest.mark.parametrize("whitened", [True, False])
    def test_a_training(self, corpus, tmp_path, whitened):
        pytest.importorskip("keras", reason="the extra keras is not installed")
        recipe = EncoderRecipe(epochs=1, widths=(4, 8), blocks=(1, 1))
        names = sorted(set(corpus.speakers))
        path = trained(corpus, names[:2], recipe, tmp_path, "it", whitened=whitened)
        encoder = load_encoder(path)
        assert bool(encoder.front_end.whitening) == whitened
        heard = encoder.card["training_speakers"] + encoder.card["validation_speakers"]
        assert sorted(heard) == names[2:]


class TestSpeed:
    def test_all_are_timed_in_every_round(self, voice_encoder):
        named = encoder_speed.works(voice_encoder)
        taken = encoder_speed.times_of(named, rounds=2)
        assert list(taken) == list(named)
        assert encoder_speed.WHOLE in taken
        assert all(len(each) == 2 and min(each) > 0 for each in taken.values())

    @pytest.mark.slow
    def test_a_fresh_process(self, voice_encoder):
        imported, first, whole = encoder_speed.first_embedding(voice_encoder)
        assert 0 < imported < first < whole


class TestCompleteCard:
    CLASSES = ("angry", "calm", "sad")

    @pytest.fixture
    def completed(
        self, corpus: Corpus, foreign: None, write_voice_encoder: Any, tmp_path: Path
    ) -> tuple[Any, Any]:
        path = write_voice_encoder(tmp_path / "whole.encoder", classes=self.CLASSES, card={})
        before = read_weights(path)
        for name in ("ravdess", "savee"):
            (tmp_path / name).mkdir()
        right = corpus.labels[:, None] == np.array(self.CLASSES)
        logits = np.random.default_rng(0).normal(size=right.shape) + 2 * right
        complete_card.complete(path, corpus, logits.astype(np.float32))
        return before, read_weights(path)

    def test_the_graphs_stay(self, completed):
        before, after = completed
        assert after.frames_graph == before.frames_graph
        assert after.clip_graph == before.clip_graph

    def test_the_head_is_calibrated_by_the_folds(self, completed):
        _, after = completed
        assert 0.3 < after.header.temperature < 2
        assert 0 < after.header.min_confidence < 1
        assert f"Temperature {after.header.temperature:g}" in after.header.card["calibration"]

    def test_scores_stand_on_the_card(self, completed, corpus):
        _, after = completed
        corpus_speakers = len(set(corpus.speakers))
        own, by_speaker, *others = after.header.card["scores"]
        assert own["corpus"] == "CREMA-D"
        assert set(own["groups"]) == {"female", "male"}
        assert own["uar"] == pytest.approx(np.mean(list(own["recalls"].values())), abs=1e-3)
        assert own["interval"][0] <= own["uar"] <= own["interval"][1]
        assert [(each["corpus"], each["protocol"]) for each in others] == [
            ("RAVDESS", "zero-shot"),
            ("SAVEE", "zero-shot"),
            ("RAVDESS", BY_SPEAKER),
            ("SAVEE", BY_SPEAKER),
        ]
        assert by_speaker["protocol"] == f"{own['protocol']}, each speaker's answers standardised"
        known = SpeakersOfHead.of_card(after.header.card, "whole")
        assert known.population.n_speakers == corpus_speakers
        assert 0 < known.min_confidence < 1
        assert "zero-shot" in encoder_card_of(after)

    def test_folds_answer_for_their_own_speakers(self, corpus, no_training, tmp_path):
        recipe = EncoderRecipe(epochs=1)
        logits = complete_card.logits_of_folds(corpus, recipe, tmp_path)
        assert logits.shape == (len(corpus.labels), 3)
        assert len(no_training) == 5
        first = encoder_folds.folds_of(corpus)[0]
        weights = load_encoder(next((tmp_path / "weights").glob("fold0*.encoder")))
        clip = int(corpus.of(first)[0])
        np.testing.assert_allclose(logits[clip], weights.emotion_logits(corpus.clips[clip]))


def encoder_card_of(weights: Any) -> str:
    """Return what is printed of a card."""
    return "\n".join(_score_lines(weights.header.card["scores"]))
