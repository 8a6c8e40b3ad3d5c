"""Files of one speaker, labelled by a model that standardises by speaker."""

from __future__ import annotations

import pytest

from sklearn_ser import AudioClips, make_ser_pipeline
from sklearn_ser.cli import main
from sklearn_ser.inference import predict_files, save_model


@pytest.fixture(scope="module")
def model(speech):
    y = speech.metadata["emotion"].to_numpy()
    return make_ser_pipeline("mfcc", "logreg", standardize="speaker").fit(speech, y)


def test_files_without_a_speaker_get_the_error(model, sound_files):
    table = predict_files(model, sound_files)
    assert table["label"].isna().all()
    assert table["error"].str.contains("does not know who speaks").all()


def test_all_files_of_the_speaker_are_one_call(model, sound_files, speech):
    files = sound_files * 8  # more than a batch
    table = predict_files(model, files, speaker="eve")
    clips = AudioClips.from_files(files)
    clips = clips.with_metadata(
        speech.metadata[:1].sample(len(files), replace=True).assign(speaker="eve")
    )
    assert table["error"].isna().all()
    assert table["label"].tolist() == model.predict(clips).tolist()
    assert predict_files(model, [], speaker="eve").empty


def test_command_line(model, sound_files, tmp_path, capsys):
    path = str(save_model(model, tmp_path / "model.joblib"))
    assert main(["predict", path, *sound_files, "--speaker", "speaker-0"]) == 0
    assert "error" not in capsys.readouterr().out
    assert main(["predict", path, *sound_files]) == 1
