"""What augment_corpus refuses: effects, names and targets; and what a failure leaves."""

from __future__ import annotations

import re

import numpy as np
import pandas as pd
import pytest
from sklearn.dummy import DummyClassifier

from sklearn_ser import (
    GainAugmenter,
    MFCCTransformer,
    NoiseAugmenter,
    SpecAugmenter,
    SpeechPipeline,
    TimeShiftAugmenter,
)
from sklearn_ser.datasets import load_clips
from sklearn_ser.exceptions import AudioError
from sklearn_ser.recipes import augment_corpus

PARTS = ["train", "train", "validation", "test"]
EFFECTS = {"noise": NoiseAugmenter(), "shift": TimeShiftAugmenter()}


@pytest.fixture(scope="module")
def clips(speech):
    """Eight clips of four speakers; two are for training, and their clips come first."""
    some = speech[[0, 1, 5, 6, 10, 11, 15, 16]]
    return some.with_metadata(some.metadata.assign(part=np.repeat(PARTS, 2)))


@pytest.fixture(scope="module")
def labels(clips):
    return clips.metadata["emotion"].to_numpy()


def small_pipeline(**options):
    steps = [("features", MFCCTransformer(2, **options)), ("classifier", DummyClassifier())]
    return SpeechPipeline(steps)


def broken(samples, sample_rate):
    return samples * np.nan


def files_in(folder):
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*"))


class TestAugmenters:
    def test_of_sequences(self, tmp_path, clips, labels):
        with pytest.raises(ValueError, match="SpecAugmenter changes sequences, and sound"):
            augment_corpus(tmp_path / "a", SpecAugmenter(), clips, labels, split="part")

    def test_none_at_all(self, tmp_path, clips, labels):
        with pytest.raises(ValueError, match="There is no augmenter in the list"):
            augment_corpus(tmp_path / "a", [], clips, labels, split="part")

    @pytest.mark.parametrize("name", ["original", "a/b", "", 3, "../up"])
    def test_name_that_is_no_file_name(self, tmp_path, clips, labels, name):
        with pytest.raises(ValueError, match=re.escape(f"An augmenter is named {name!r}")):
            augment_corpus(tmp_path / "a", {name: NoiseAugmenter()}, clips, labels, split="part")

    @pytest.mark.parametrize("n_copies", [0, -1, 1.5, True, "2"])
    def test_number_of_copies(self, tmp_path, clips, labels, n_copies):
        with pytest.raises(ValueError, match=r"n_copies=.* is not a whole number from 1 on"):
            augment_corpus(tmp_path / "a", EFFECTS, clips, labels, split="part", n_copies=n_copies)

    def test_format(self, tmp_path, clips, labels):
        with pytest.raises(
            ValueError, match=r"audio_format='waf' is not known. Did you mean 'wav'"
        ):
            augment_corpus(tmp_path / "a", EFFECTS, clips, labels, split="part", audio_format="waf")

    def test_too_loud_for_flac(self, tmp_path, clips, labels):
        with pytest.raises(AudioError, match=r"Clip 0: the peak is \d.*audio_format='wav'"):
            augment_corpus(
                *(tmp_path / "a", GainAugmenter(40.0), clips, labels),
                split="part",
                audio_format="flac",
            )
        assert not list(tmp_path.iterdir())

    @pytest.mark.parametrize("name", ["a", "a.csv"])
    def test_effect_that_fails(self, tmp_path, clips, labels, name):
        pipeline = small_pipeline() if name == "a.csv" else None
        with pytest.raises(AudioError, match="broken returned NaN"):
            augment_corpus(tmp_path / name, broken, clips, labels, split="part", pipeline=pipeline)
        assert not list(tmp_path.iterdir())


class TestOverwrite:
    def augment(self, path, clips, labels, **options):
        return augment_corpus(path, EFFECTS, clips, labels, split="part", **options)

    @pytest.mark.parametrize("name", ["a", "a.csv"])
    def test_is_refused(self, tmp_path, clips, labels, name):
        options = {"pipeline": small_pipeline() if name == "a.csv" else None, "random_state": 0}
        path = self.augment(tmp_path / name, clips, labels, **options)
        before = path.read_bytes()
        options["random_state"] = 1
        with pytest.raises(FileExistsError, match="is there already; overwrite=True replaces it"):
            self.augment(tmp_path / name, clips, labels, **options)
        assert path.read_bytes() == before
        self.augment(tmp_path / name, clips, labels, overwrite=True, **options)
        assert path.read_bytes() != before

    def test_replaces_all(self, tmp_path, clips, labels):
        self.augment(tmp_path / "a", clips, labels, n_copies=2)
        self.augment(tmp_path / "a", clips, labels, overwrite=True)
        assert len(list((tmp_path / "a").rglob("*.wav"))) == 16
        assert [path.name for path in tmp_path.iterdir()] == ["a"]

    def test_empty_folder_is_filled(self, tmp_path, clips, labels):
        self.augment(tmp_path, clips, labels)
        assert (tmp_path / "clips.csv").exists()

    def test_folder_of_other_things(self, tmp_path, clips, labels):
        (tmp_path / "thesis.txt").touch()
        message = "holds more than an augmented corpus, such as 'thesis.txt'"
        with pytest.raises(FileExistsError, match=message):
            self.augment(tmp_path, clips, labels, overwrite=True)
        assert files_in(tmp_path) == ["thesis.txt"]

    def test_folder_of_the_clips_themselves(self, tmp_path, clips, labels):
        path = self.augment(tmp_path / "a", clips, labels)
        bunch = load_clips(path, in_memory=False)
        before = files_in(tmp_path)
        with pytest.raises(FileExistsError, match="holds clips that are to be augmented, such as"):
            augment_corpus(
                *(tmp_path / "a", EFFECTS, bunch.data, bunch.target), split="split", overwrite=True
            )
        assert files_in(tmp_path) == before

    def test_file_in_place_of_the_folder(self, tmp_path, clips, labels):
        (tmp_path / "a").touch()
        with pytest.raises(FileExistsError, match="is a file, where a folder is to be written"):
            self.augment(tmp_path / "a", clips, labels, overwrite=True)

    def test_folder_in_place_of_the_file(self, tmp_path, clips, labels):
        (tmp_path / "a.csv").mkdir()
        with pytest.raises(FileExistsError, match="is a folder, where a file is to be written"):
            self.augment(
                tmp_path / "a.csv", clips, labels, overwrite=True, pipeline=small_pipeline()
            )

    @pytest.mark.parametrize("name", ["a", "a.csv"])
    def test_failure_leaves_what_was_there(self, tmp_path, clips, labels, name, monkeypatch):
        options = {"pipeline": small_pipeline() if name == "a.csv" else None}
        path = self.augment(tmp_path / name, clips, labels, **options)
        before, files = path.read_bytes(), files_in(tmp_path)

        def fail(self, file, **options):
            file.write_text("half a", encoding="utf-8")
            raise OSError("disk full")

        monkeypatch.setattr(pd.DataFrame, "to_csv", fail)
        with pytest.raises(OSError, match="disk full"):
            self.augment(tmp_path / name, clips, labels, overwrite=True, **options)
        assert path.read_bytes() == before
        assert files_in(tmp_path) == files
