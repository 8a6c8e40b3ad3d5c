"""Features in a file: named columns, exact numbers, and never half a file."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from sklearn.dummy import DummyClassifier

from sklearn_ser import MFCCTransformer, SpeechPipeline
from sklearn_ser.audio import AudioClips
from sklearn_ser.recipes import (
    mel_cnn2d,
    to_csv,
    zcr_rms_cnn1d,
    zcr_rms_mfcc_cnn1d,
    zcr_rms_mfcc_cnn1d_unaugmented,
)


@pytest.fixture
def written(tmp_path, speech):
    path = to_csv(tmp_path / "train.csv", zcr_rms_mfcc_cnn1d_unaugmented(), speech, labels(speech))
    return path, pd.read_csv(path)


def labels(clips):
    return clips.metadata["emotion"].to_numpy()


def test_columns(written, speech):
    _, table = written
    columns = table.columns.tolist()
    assert columns[:3] == ["source", "label", "speaker"]
    assert len(columns) == 3 + 880
    assert columns[3:5] == ["zcr_frame0", "zcr_frame1"]
    assert columns[43] == "rms_frame0"
    assert columns[83] == "mfcc_0_frame0"
    assert columns[-1] == "mfcc_19_frame39"
    assert table["source"].tolist() == list(range(len(speech)))
    assert table["label"].tolist() == labels(speech).tolist()
    assert table["speaker"].tolist() == speech.speakers.tolist()


def test_numbers_come_back_exactly(written, speech):
    _, table = written
    expected = zcr_rms_mfcc_cnn1d_unaugmented()[:-2].fit_transform(speech)
    np.testing.assert_array_equal(table.iloc[:, 3:].to_numpy(np.float32), expected)


def test_no_other_file_is_left(written):
    path, _ = written
    assert list(path.parent.iterdir()) == [path]


def test_part_and_files(tmp_path, sound_files):
    y = ["calm"] * len(sound_files)
    path = to_csv(tmp_path / "test.csv", zcr_rms_cnn1d(), sound_files, y, split="test")
    table = pd.read_csv(path)
    assert table.columns[:4].tolist() == ["source", "label", "split", "zcr_frame0"]
    assert table["source"].tolist() == sound_files
    assert set(table["split"]) == {"test"}


def test_source_is_the_file_of_a_clip(tmp_path, sound_files):
    clips = AudioClips.from_files(sound_files)
    y = ["calm"] * len(clips)
    table = pd.read_csv(to_csv(tmp_path / "a.csv", zcr_rms_cnn1d(), clips, y))
    assert table["source"].tolist() == clips.paths.tolist()


def test_one_part_a_clip(tmp_path, speech):
    parts = np.resize(["train", "validation"], len(speech))
    path = to_csv(tmp_path / "a.csv", zcr_rms_cnn1d(), speech, labels(speech), split=parts)
    assert pd.read_csv(path)["split"].tolist() == parts.tolist()


def test_recipes_without_flattener_are_flattened(tmp_path, speech):
    clips = speech[:3]
    table = pd.read_csv(to_csv(tmp_path / "mel.csv", mel_cnn2d(), clips, labels(clips)))
    assert table.shape == (3, 3 + 157 * 64)
    assert table.columns[3:5].tolist() == ["mel_0_frame0", "mel_0_frame1"]


def test_table_of_features(tmp_path, speech):
    steps = [("features", MFCCTransformer(2, pooling="mean")), ("classifier", DummyClassifier())]
    table = pd.read_csv(to_csv(tmp_path / "a.csv", SpeechPipeline(steps), speech, labels(speech)))
    assert table.columns[3:].tolist() == ["mfcc_0_mean", "mfcc_1_mean"]


def test_fitted_pipeline_keeps_its_length(tmp_path, speech):
    extractor = MFCCTransformer(2)
    model = SpeechPipeline([("features", extractor), ("classifier", DummyClassifier())])
    extractor.fit(speech)
    clips = speech[:2]
    table = pd.read_csv(to_csv(tmp_path / "a.csv", model, clips, labels(clips)))
    assert table.shape[1] == 3 + 2 * extractor.n_frames_


def test_pipeline_stays_as_it_is(tmp_path, speech):
    model = zcr_rms_cnn1d()
    to_csv(tmp_path / "a.csv", model, speech, labels(speech))
    assert not hasattr(model.named_steps["features"], "n_frames_")


def test_failure_leaves_the_old_file(written, speech, monkeypatch):
    path, before = written

    def fail(self, file, **options):
        file.write_text("half a", encoding="utf-8")
        raise OSError("disk full")

    monkeypatch.setattr(pd.DataFrame, "to_csv", fail)
    with pytest.raises(OSError, match="disk full"):
        to_csv(path, zcr_rms_cnn1d(), speech, labels(speech))
    assert list(path.parent.iterdir()) == [path]
    pd.testing.assert_frame_equal(pd.read_csv(path), before)


def test_number_of_labels(tmp_path, speech):
    with pytest.raises(ValueError, match="inconsistent numbers of samples"):
        to_csv(tmp_path / "a.csv", zcr_rms_cnn1d(), speech, ["calm"])


def test_number_of_parts(tmp_path, speech):
    with pytest.raises(ValueError, match="split has 1 names for 40 clips"):
        to_csv(tmp_path / "a.csv", zcr_rms_cnn1d(), speech, labels(speech), split=["train"])


def test_no_extractor(tmp_path, speech):
    model = SpeechPipeline([("mfcc", MFCCTransformer()), ("classifier", DummyClassifier())])
    with pytest.raises(ValueError, match="no step 'features', only mfcc, classifier"):
        to_csv(tmp_path / "a.csv", model, speech, labels(speech))


def test_recipe_that_augments_gives_the_features_of_the_clips(written, tmp_path, speech):
    path, _ = written
    model = zcr_rms_mfcc_cnn1d()
    other = to_csv(tmp_path / "other.csv", model, speech, labels(speech))
    assert other.read_bytes() == path.read_bytes()
