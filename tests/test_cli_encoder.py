"""``sklearn-ser encoder-card``, and ``predict`` without a model."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest

from sklearn_ser.audio import write_audio
from sklearn_ser.cli import main
from sklearn_ser.embedding import EmotionHead, encoder_card
from sklearn_ser.inference import known_limits


@pytest.fixture
def recordings(tmp_path):
    rng = np.random.default_rng(0)
    paths = [str(tmp_path / name) for name in ("a.WAV", "b.flac")]
    for path in paths:
        write_audio(path, np.clip(0.1 * rng.normal(size=8000), -1, 1), 16000)
    return paths


class TestCard:
    def test_prints_it(self, voice_encoder, capsys):
        assert main(["encoder-card", voice_encoder]) == 0
        assert capsys.readouterr().out == encoder_card(voice_encoder)

    def test_unknown(self, capsys):
        assert main(["encoder-card", "crema_e"]) == 2
        error = capsys.readouterr().err
        assert error.startswith("sklearn-ser: error: weights='crema_e': there is no such file")


class TestPredict:
    def test_text_says_what_is_known(self, voice_encoder, recordings, capsys):
        assert main(["predict", *recordings, "--weights", voice_encoder]) == 0
        answers, _, about = capsys.readouterr().out.partition("\n\n")
        lines = answers.splitlines()
        assert [line.split()[0] for line in lines] == recordings
        assert all(line.split()[1] in ("angry", "happy", "sad", "unsure") for line in lines)
        assert about == known_limits(EmotionHead(voice_encoder)) + "\n"

    def test_unsure(self, write_voice_encoder, recordings, tmp_path, capsys):
        path = write_voice_encoder(tmp_path / "a.encoder", min_confidence=1.0, temperature=50.0)
        assert main(["predict", recordings[0], "--weights", str(path)]) == 0
        assert capsys.readouterr().out.split()[1] == "unsure"

    def test_csv_to_a_file(self, voice_encoder, recordings, tmp_path, capsys):
        path = tmp_path / "labels.csv"
        more = ["--format", "csv", "--probabilities", "--output", str(path)]
        assert main(["predict", "--weights", voice_encoder, *recordings, *more]) == 0
        assert not capsys.readouterr().out
        table = pd.read_csv(path)
        named = ["p_angry", "p_happy", "p_sad"]
        assert list(table) == ["file", "label", "confidence", *named, "note", "error"]

    def test_files_on_both_sides_of_an_option(self, voice_encoder, recordings, capsys):
        options = ["--weights", voice_encoder, "--format", "json"]
        assert main(["predict", recordings[0], *options, recordings[1]]) == 0
        rows = json.loads(capsys.readouterr().out)
        assert [row["file"] for row in rows] == recordings

    def test_a_bad_file_does_not_stop_the_rest(self, voice_encoder, recordings, capsys):
        files = ["none.wav", *recordings]
        assert main(["predict", *files, "--weights", voice_encoder]) == 1
        assert "error: none.wav does not exist" in capsys.readouterr().out

    def test_recordings_alone_need_no_model(self, recordings, voice_encoder, monkeypatch, capsys):
        monkeypatch.setattr("sklearn_ser.cli._train.DEFAULT_WEIGHTS", voice_encoder)
        assert main(["predict", *recordings]) == 0
        assert "Labels by the encoder 'tiny' alone" in capsys.readouterr().out

    def test_by_speaker(self, recordings, capsys):
        assert main(["predict", *recordings, "--speaker", "ann"]) == 0
        found = capsys.readouterr().out
        assert "relative to the speaker's other recordings" in found
        assert known_limits(EmotionHead(by_speaker=True)) in found

    def test_by_speaker_with_weights_that_cannot(self, recordings, voice_encoder, capsys):
        options = ["--speaker", "ann", "--weights", voice_encoder]
        assert main(["predict", *recordings, *options]) == 2
        assert "does not say how the answers about a speaker vary" in capsys.readouterr().err

    def test_no_such_weights(self, recordings, capsys):
        assert main(["predict", *recordings, "--weights", "none.encoder"]) == 2
        assert "weights='none.encoder': there is no such file" in capsys.readouterr().err

    @pytest.mark.parametrize(
        ("command", "message"),
        [
            (["m.joblib", "a.wav", "--weights", "x"], "leave out one of it and m.joblib"),
            (["m.joblib"], "the following arguments are required: FILE"),
            (
                ["m.joblib", "--format", "csv", "a.wav", "--what"],
                "unrecognized arguments: a.wav --w",
            ),
        ],
    )
    def test_usage(self, command, message, capsys):
        with pytest.raises(SystemExit, match="2"):
            main(["predict", *command])
        assert message in capsys.readouterr().err
