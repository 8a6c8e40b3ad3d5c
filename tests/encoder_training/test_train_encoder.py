from __future__ import annotations

import json
import sys
from dataclasses import replace

import numpy as np
import pytest

from sklearn_ser import AudioClips
from sklearn_ser.cli import main
from sklearn_ser.datasets import make_emotional_speech
from sklearn_ser.embedding import EmotionEmbeddingTransformer, EmotionHead, encoder_card
from sklearn_ser.encoder_training import Calibration, EncoderRecipe, _backend, train_encoder
from sklearn_ser.encoder_training._training import learning_rate_at
from sklearn_ser.exceptions import AudioError, EncoderError, MissingExtraError
from sklearn_ser.neural_network._tensorflow import load_keras

MAKE = """
from sklearn_ser.datasets import make_emotional_speech
from sklearn_ser.encoder_training import EncoderRecipe, train_encoder
speech = make_emotional_speech(4, ("angry", "sad"), 1, random_state=0)
def train(n_epochs=3, seed=0, **options):
    recipe = EncoderRecipe(
        epochs=n_epochs, batch_size=8, widths=(4, 8), blocks=(1, 1), precision="float32",
        longest_crop=60, mixup=0.2, noise=0.3, seed=seed,
    )
    return train_encoder(
        speech.data, speech.target, votes=speech.target, sex=speech.frame["sex"], recipe=recipe,
        validation_fraction=0.25, n_threads=1, **options,
    )
"""


@pytest.fixture(scope="module", autouse=True)
def _keras():
    pytest.importorskip("tensorflow")


@pytest.fixture(scope="module")
def trained(speech, tmp_path_factory):
    recipe = EncoderRecipe(
        epochs=2, batch_size=8, widths=(4, 8), blocks=(1, 1), precision="bfloat16"
    )
    return train_encoder(
        speech.data,
        speech.target,
        votes=speech.target,
        sex=speech.frame["sex"],
        recipe=recipe,
        validation_fraction=0.25,
        without_speakers=[speech.groups[0]],
        output=tmp_path_factory.mktemp("trained") / "my.encoder",
        corpus="CREMA-D, as if",
    )


class TestLearningRate:
    def test_rises_and_falls(self):
        rates = [learning_rate_at(step, 100, 0.01) for step in range(100)]
        top = int(np.argmax(rates))
        assert top == 19
        assert rates[0] == pytest.approx(0.0004)
        assert max(rates) == pytest.approx(0.01)
        assert rates[-1] == pytest.approx(0.01 / 250_000)
        assert np.all(np.diff(rates[: top + 1]) > 0)
        assert np.all(np.diff(rates[top:]) < 0)

    @pytest.mark.parametrize("n_steps", [1, 2, 5])
    def test_few_steps_have_rates_too(self, n_steps):
        rates = [learning_rate_at(step, n_steps, 0.01) for step in range(n_steps)]
        assert all(0 < rate <= 0.01 for rate in rates)


@pytest.mark.slow
class TestResult:
    def test_the_file_is_used_without_keras(self, trained, speech):
        embedding = EmotionEmbeddingTransformer(weights=trained.path)
        found = embedding.fit_transform(speech.data[:3])
        assert found.shape == (3, 2 * (4 + 8) + 3 * 8 + 128)
        assert np.isfinite(found).all()
        assert set(EmotionHead(trained.path).predict(speech.data[:3])) <= {"angry", "sad"}

    def test_the_encoder_is_that_of_the_file(self, trained, speech):
        row = EmotionEmbeddingTransformer(weights=trained.path).fit_transform(speech.data[:1])
        assert np.array_equal(trained.encoder.embed(speech.data[0]), row[0])

    def test_nobody_is_on_two_sides(self, trained, speech):
        training = set(trained.card["training_speakers"])
        validation = set(trained.card["validation_speakers"])
        assert len(validation) == 1
        assert not training & validation
        assert training | validation == set(speech.groups) - {speech.groups[0]}

    def test_the_card(self, trained):
        text = encoder_card(trained.path)
        for phrase in ("CREMA-D, as if: 12 clips of 2 speakers", "ODbL", "raters' votes for 12"):
            assert phrase in " ".join(text.split())
        (score,) = trained.card["scores"]
        assert set(score["recalls"]) == {"angry", "sad"}
        assert set(score["groups"]) <= {"female", "male"}
        assert json.loads(json.dumps(trained.card)) == trained.card
        assert EncoderRecipe.from_dict(trained.card["recipe"]).epochs == 2

    def test_it_hears_clips_at_two_speeds(self, trained, speech):
        assert trained.encoder.speeds == (0.9, 1.1)

    def test_it_is_validated_as_it_is_used(self, trained, speech):
        (name,) = trained.card["validation_speakers"]
        here = np.flatnonzero(speech.groups == name)
        found = EmotionHead(trained.path).predict(speech.data[here])
        is_right = np.mean(found == speech.target[here])
        assert trained.card["scores"][0]["accuracy"] == pytest.approx(is_right, abs=0.17)

    def test_the_history(self, trained):
        assert [found["epoch"] for found in trained.history] == [1, 2]
        assert "uar" in trained.history[-1]
        assert all(np.isfinite(found["loss"]) for found in trained.history)

    def test_the_network_hears_what_the_training_speakers_left(self, trained):
        assert len(trained.encoder.front_end.whitening) == 64


@pytest.mark.slow
def test_several_validation_speakers_calibrate_labels_by_speaker(tiny, tmp_path):
    speech = make_emotional_speech(6, ("angry", "sad"), 1, random_state=1)
    trained = train_encoder(
        speech.data,
        speech.target,
        recipe=tiny,
        validation_fraction=0.7,
        output=tmp_path / "mine.encoder",
    )
    protocols = [score["protocol"] for score in trained.card["scores"]]
    assert protocols[1] == f"{protocols[0]}, each speaker's answers standardised"
    head = EmotionHead(trained.path, by_speaker=True)
    assert head.min_confidence == trained.card["by_speaker"]["min_confidence"]
    assert set(head.predict(speech.data)) <= {"angry", "sad"}


@pytest.mark.slow
class TestRepeatability:
    def test_equal_seeds_and_resumed_trainings_give_equal_weights(self, run_alone):
        """All in one process of one thread: two runs, another seed, and one that is cut off."""
        code = (
            MAKE
            + """
from sklearn_ser.encoder_training import _train
first, again, other = train(), train(), train(seed=1)
assert first.encoder.sha256 == again.encoder.sha256
assert first.encoder.sha256 != other.encoder.sha256
epoch = _train._Run._epoch
def cut_off(self, number):
    if number == 2:
        raise KeyboardInterrupt
    return epoch(self, number)
_train._Run._epoch = cut_off
try:
    train(checkpoint="kept")
except KeyboardInterrupt:
    _train._Run._epoch = epoch
resumed = train(checkpoint="kept")
assert resumed.encoder.sha256 == first.encoder.sha256
losses = [[found["loss"] for found in run.history] for run in (first, resumed)]
assert losses[0] == losses[1]
assert train(checkpoint="kept").encoder.sha256 == first.encoder.sha256  # nothing is left to do
try:
    train(n_epochs=4, checkpoint="kept")
except ValueError as error:
    assert "epochs (3 there, 4 here)" in str(error), error
else:
    raise AssertionError("another recipe went on")
"""
        )
        run_alone(code)

    def test_on_torch(self, run_alone):
        pytest.importorskip("torch")
        code = (
            MAKE
            + """
import sys
trained = train(output="by_torch.encoder")
assert "tensorflow" not in sys.modules
assert trained.card["keras"].endswith("(torch)")
assert train().encoder.embed(speech.data[0]).shape == (2 * 12 + 24 + 128,)
"""
        )
        run_alone(code, KERAS_BACKEND="torch")


@pytest.mark.slow
class TestWithoutValidation:
    def test_nothing_is_calibrated(self, speech, tiny):
        recipe = replace(tiny, epochs=1)
        trained = train_encoder(speech.data, speech.target, recipe=recipe, validation_fraction=0)
        assert trained.path is None
        assert trained.card["scores"] == []
        assert trained.card["validation_speakers"] == []
        assert (trained.encoder.temperature, trained.encoder.min_confidence) == (1.0, 0.0)

    def test_labels_by_speaker_are_not_to_be_had(self, speech, tiny, tmp_path):
        path = tmp_path / "mine.encoder"
        train_encoder(
            speech.data,
            speech.target,
            recipe=replace(tiny, epochs=1),
            validation_fraction=0,
            output=path,
        )
        with pytest.raises(EncoderError, match="which train_encoder measures where it holds out"):
            EmotionHead(path, by_speaker=True)

    def test_another_trainings_calibration_is_taken(self, speech, tiny):
        given = Calibration(1.7, 0.6, 0.75, 0.4)
        trained = train_encoder(
            speech.data,
            speech.target,
            recipe=replace(tiny, epochs=1),
            validation_fraction=0,
            calibration=given,
        )
        assert (trained.encoder.temperature, trained.encoder.min_confidence) == (1.7, 0.6)

    def test_divergence_is_told(self, speech, tiny):
        recipe = replace(tiny, learning_rate=1e30, clip_norm=1e30)
        with pytest.raises(ValueError, match=r"diverged: the loss of epoch \d is nan. Lower the"):
            train_encoder(speech.data, speech.target, recipe=recipe, validation_fraction=0)


class TestErrors:
    def test_speakers_are_needed(self, speech, tiny):
        clips = AudioClips(list(speech.data))
        with pytest.raises(AudioError, match=r"train_encoder does not know who speaks"):
            train_encoder(clips, speech.target, recipe=tiny)

    def test_every_speaker_is_needed(self, speech, tiny):
        speakers = [None, *speech.groups[1:]]
        with pytest.raises(AudioError, match=r"1 of 24 speakers are missing"):
            train_encoder(speech.data, speech.target, speakers=speakers, recipe=tiny)

    def test_one_class(self, speech, tiny):
        with pytest.raises(ValueError, match="y has one class, 'sad'"):
            train_encoder(speech.data, ["sad"] * 24, recipe=tiny)

    def test_labels_for_all_clips(self, speech, tiny):
        with pytest.raises(ValueError, match=r"y has 23 labels for 24 clips"):
            train_encoder(speech.data, speech.target[1:], recipe=tiny)

    def test_an_unknown_speaker_cannot_be_left_out(self, speech, tiny):
        name = str(speech.groups[0])
        with pytest.raises(
            ValueError, match=rf"nobody is called '{name}x' among the 4 .* mean '{name}'"
        ):
            train_encoder(speech.data, speech.target, recipe=tiny, without_speakers=[f"{name}x"])

    def test_somebody_has_to_be_left(self, speech, tiny):
        with pytest.raises(ValueError, match=r"names all speakers; nobody is left"):
            train_encoder(
                speech.data, speech.target, recipe=tiny, without_speakers=set(speech.groups)
            )

    def test_a_word_for_the_file(self, speech, tiny):
        with pytest.raises(ValueError, match=r"precision is one of \('float32', 'float16'\)"):
            train_encoder(speech.data, speech.target, recipe=tiny, precision="int8")

    def test_clips_at_another_rate(self, speech, tiny):
        clips = speech.data.resampled(8000)
        with pytest.raises(AudioError, match=r"8000 Hz"):
            train_encoder(clips, speech.target, recipe=tiny)

    def test_onnx_is_needed_before_anything_is_trained(self, speech, tiny, monkeypatch):
        monkeypatch.setitem(sys.modules, "onnx", None)
        with pytest.raises(MissingExtraError, match=r"'onnx', .*sklearn-ser\[keras\]"):
            train_encoder(speech.data, speech.target, recipe=tiny)

    def test_keras_is_needed(self, speech, tiny, monkeypatch):
        monkeypatch.setattr(_backend, "load_keras", load_keras.__wrapped__)
        for package in ("keras", "tensorflow"):
            monkeypatch.setitem(sys.modules, package, None)
        with pytest.raises(MissingExtraError, match=r"'tensorflow', .*sklearn-ser\[keras\]"):
            train_encoder(speech.data, speech.target, recipe=tiny)

    def test_the_backend_is_needed(self, speech, tiny, monkeypatch):
        monkeypatch.setenv("KERAS_BACKEND", "nowhere")
        monkeypatch.delitem(sys.modules, "keras", raising=False)
        with pytest.raises(MissingExtraError, match=r"KERAS_BACKEND is 'nowhere', and no such"):
            train_encoder(speech.data, speech.target, recipe=tiny)


def test_threads_are_settled_when_tensorflow_starts():
    _backend.load_any_keras()
    with pytest.warns(RuntimeWarning, match=r"n_threads=7 comes too late: TensorFlow runs"):
        _backend.load_any_keras(7)


class TestCommand:
    @pytest.mark.slow
    def test_trains_on_a_table(self, table, tmp_path, capsys):
        path = tmp_path / "new" / "mine.encoder"
        command = ["train-encoder", str(table), "--output", str(path), "--epochs", "1"]
        options = ["--validation-fraction", "0.25", "--with", "mixup", "--precision", "float32"]
        assert main([*command, *options, "--checkpoint", str(tmp_path / "kept")]) == 0
        shown = capsys.readouterr()
        assert "Voice encoder 'mine'" in shown.out
        assert "clips.csv: 18 clips of 3 speakers" in " ".join(shown.out.split())
        assert str(table.parent) not in shown.out
        assert "epoch 1/1: loss" in shown.err
        assert (tmp_path / "kept" / "training.npz").is_file()
        assert EmotionHead(path).predict([np.ones(16000)])[0] in ("angry", "sad")

    def test_the_output_is_an_encoder(self, table, capsys):
        with pytest.raises(SystemExit, match="2"):
            main(["train-encoder", str(table), "--output", "model.joblib"])
        assert "the name of an encoder's file ends in .encoder" in capsys.readouterr().err

    def test_a_share_is_a_share(self, table, capsys):
        with pytest.raises(SystemExit, match="2"):
            main(["train-encoder", str(table), "--output", "a.encoder",
                  "--validation-fraction", "7"])  # fmt: skip
        assert "--validation-fraction is a share below 1, got 7" in capsys.readouterr().err

    def test_a_corpus_needs_its_folder(self, monkeypatch, capsys):
        monkeypatch.delenv("SKLEARN_SER_DATA", raising=False)
        with pytest.raises(SystemExit, match="2"):
            main(["train-encoder", "--corpus", "crema_d", "--output", "a.encoder"])
        assert "--corpus crema_d needs --data DIR" in capsys.readouterr().err

    def test_an_unknown_speaker_is_told(self, table, tmp_path, capsys):
        command = ["train-encoder", str(table), "--output", str(tmp_path / "a.encoder")]
        assert main([*command, "--without-speakers", "nobody"]) == 2
        assert "nobody is called 'nobody' among the 4 speakers" in capsys.readouterr().err
