"""An augmented corpus on disk: after the split, of training clips alone, and never half of it."""

from __future__ import annotations

import json
import sys

import numpy as np
import pandas as pd
import pytest
from sklearn.dummy import DummyClassifier

from sklearn_ser import (
    AugmentedClassifier,
    GainAugmenter,
    MFCCTransformer,
    NoiseAugmenter,
    SpeechPipeline,
    TimeShiftAugmenter,
    TimeStretchAugmenter,
)
from sklearn_ser.audio import AudioClips, read_audio
from sklearn_ser.datasets import load_clips
from sklearn_ser.exceptions import MissingExtraError, SpeakerWarning
from sklearn_ser.recipes import (
    augment_corpus,
    train_validation_test_split,
    zcr_rms_mfcc_cnn1d,
    zcr_rms_mfcc_cnn1d_unaugmented,
)

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


@pytest.fixture(scope="module")
def folder(tmp_path_factory, clips, labels):
    path = tmp_path_factory.mktemp("out") / "augmented"
    augment_corpus(path, EFFECTS, clips, labels, split="part", n_copies=2, random_state=0)
    return path


@pytest.fixture
def written(folder):
    return pd.read_csv(folder / "clips.csv")


def small_pipeline(**options):
    steps = [("features", MFCCTransformer(2, **options)), ("classifier", DummyClassifier())]
    return SpeechPipeline(steps)


class TestFolder:
    def test_columns_and_rows(self, written, clips, labels):
        assert written.columns.tolist() == [
            *["path", "source", "label", "speaker", "split", "copy", "augmenter", "parameters"]
        ]
        assert len(written) == 4 * 5 + 4
        originals = written[written["copy"] == 0]
        assert originals["label"].tolist() == labels.tolist()
        assert originals["speaker"].tolist() == clips.speakers.tolist()
        assert originals["split"].tolist() == clips.metadata["part"].tolist()
        assert originals["source"].tolist() == list(range(8))
        assert set(originals["augmenter"]) == {"original"}
        assert set(originals["parameters"]) == {"{}"}

    def test_training_clips_alone_have_copies(self, written):
        copies = written[written["copy"] > 0]
        assert set(copies["split"]) == {"train"}
        assert set(copies["source"]) == {0, 1, 2, 3}
        assert copies["augmenter"].tolist() == ["noise", "noise", "shift", "shift"] * 4
        assert copies["copy"].tolist() == [1, 2, 3, 4] * 4

    def test_every_copy_is_drawn_for_itself(self, written):
        copies = written[written["copy"] > 0]
        assert copies["parameters"].is_unique

    def test_copies_carry_what_is_known_of_their_clip(self, written):
        for column in ("label", "speaker", "split"):
            assert (written.groupby("source")[column].nunique() == 1).all()

    def test_files_are_those_of_the_table(self, folder, written):
        found = {path.relative_to(folder).as_posix() for path in folder.rglob("*.wav")}
        assert found == set(written["path"])
        assert written.loc[2, "path"] == "train/00000-noise-2.wav"
        assert all(row.path.split("/")[0] == row.split for row in written.itertuples())

    def test_originals_are_exact(self, folder, written, clips):
        for row in written[written["copy"] == 0].itertuples():
            waveform, rate = read_audio(folder / row.path)
            assert rate == clips.sample_rate
            np.testing.assert_array_equal(waveform, clips[row.source])

    def test_parameters_make_the_copy_again(self, folder, written, clips):
        for row in written[written["copy"] > 0].itertuples():
            drawn = json.loads(row.parameters)
            assert drawn
            expected = EFFECTS[row.augmenter].apply(clips[row.source], clips.sample_rate, **drawn)
            np.testing.assert_array_equal(read_audio(folder / row.path)[0], expected)

    def test_loader_reads_it(self, folder, written):
        bunch = load_clips(folder / "clips.csv")
        assert len(bunch.data) == len(written)
        assert bunch.groups.tolist() == written["speaker"].tolist()
        assert bunch.frame["split"].tolist() == written["split"].tolist()

    def test_order_and_workers_do_not_matter(self, folder, written, tmp_path, clips, labels):
        order = np.arange(8)[::-1]
        options = {"split": "part", "n_copies": 2, "random_state": 0, "n_jobs": 2}
        augment_corpus(tmp_path / "a", EFFECTS, clips[order], labels[order], **options)
        other = pd.read_csv(tmp_path / "a" / "clips.csv")
        other["source"] = 7 - other["source"]
        keys = ["source", "copy"]
        merged = written.merge(other, on=keys, suffixes=("", "_other"))
        assert len(merged) == len(written)
        assert merged["parameters"].tolist() == merged["parameters_other"].tolist()

    def test_another_seed_gives_other_copies(self, written, tmp_path, clips, labels):
        augment_corpus(
            tmp_path / "a", EFFECTS, clips, labels, split="part", n_copies=2, random_state=1
        )
        other = pd.read_csv(tmp_path / "a" / "clips.csv")
        changed = written["copy"] > 0
        assert (written["parameters"] != other["parameters"])[changed].all()

    def test_copies_are_those_of_the_classifier(self, tmp_path, clips, labels):
        noise = NoiseAugmenter()
        augment_corpus(tmp_path / "a", noise, clips, labels, split="part", random_state=4)
        seen = {}

        class Keeper(DummyClassifier):
            def fit(self, X, y, **_):
                seen["X"] = list(X)
                return super().fit(np.zeros((len(X), 1)), y)

        AugmentedClassifier(Keeper(), noise, random_state=4).fit(clips[:4], labels[:4])
        for place in range(4):
            path = tmp_path / "a" / "train" / f"{place:05d}-noise-1.wav"
            np.testing.assert_array_equal(read_audio(path)[0], seen["X"][4 + place])

    def test_flac(self, tmp_path, clips, labels):
        augment_corpus(
            tmp_path, NoiseAugmenter(20.0), clips, labels, split="part", audio_format="flac"
        )
        waveform, _ = read_audio(tmp_path / "test" / "00007-original.flac")
        np.testing.assert_allclose(waveform, clips[7], atol=2e-7)

    def test_wav_holds_what_is_beyond_full_scale(self, tmp_path, clips, labels):
        loud = GainAugmenter(40.0)
        augment_corpus(tmp_path / "a", loud, clips, labels, split="part")
        assert np.abs(read_audio(tmp_path / "a" / "train" / "00000-gain-1.wav")[0]).max() > 1

    def test_files_as_clips(self, tmp_path, sound_files):
        split = ["train", "train", "train", "validation", "test", "test"]
        with pytest.warns(SpeakerWarning, match="not known who speaks"):
            path = augment_corpus(
                tmp_path / "a", EFFECTS, sound_files, [*"ababab"], split=split, sample_rate=8000
            )
        table = pd.read_csv(path)
        assert "speaker" not in table
        assert table["source"].unique().tolist() == sound_files
        assert read_audio(path.parent / table.loc[0, "path"])[1] == 8000

    def test_functions_and_lists(self, tmp_path, clips, labels):
        def halved(samples, sample_rate):
            return samples / 2

        effects = [GainAugmenter(1.0), GainAugmenter(2.0), halved]
        path = augment_corpus(tmp_path / "a", effects, clips, labels, split="part")
        names = pd.read_csv(path)["augmenter"].tolist()
        assert names[:4] == ["original", "gain-1", "gain-2", "callable"]

    def test_object_that_draws_nothing(self, tmp_path, clips, labels):
        class Halver:
            input_kind = "waveform"

            def augment(self, waveform, sample_rate, random_state=None):
                return waveform / 2

        path = augment_corpus(tmp_path / "a", Halver(), clips, labels, split="part")
        assert set(pd.read_csv(path)["parameters"]) == {"{}"}


class TestSplit:
    def test_result_of_the_split(self, tmp_path, speech):
        y = speech.metadata["emotion"].to_numpy()
        parts = train_validation_test_split(speech, y, random_state=0)
        table = pd.read_csv(augment_corpus(tmp_path / "a", EFFECTS, parts, random_state=0))
        originals = table[table["copy"] == 0]
        for name, part, their_labels in zip(
            ("train", "validation", "test"), parts[:3], parts[3:], strict=True
        ):
            rows = originals[originals["split"] == name]
            assert rows["speaker"].tolist() == part.speakers.tolist()
            assert rows["label"].tolist() == their_labels.tolist()
        assert set(table.loc[table["copy"] > 0, "split"]) == {"train"}

    def test_result_of_the_split_with_groups(self, tmp_path, speech):
        bare = speech.with_metadata(None)
        y = speech.metadata["emotion"].to_numpy()
        parts = train_validation_test_split(bare, y, groups=speech.speakers, random_state=0)
        table = pd.read_csv(augment_corpus(tmp_path / "a", EFFECTS, parts))
        assert (table.groupby("speaker")["split"].nunique() == 1).all()

    @pytest.mark.parametrize("kind", [list, np.array, pd.Series])
    def test_names_of_any_kind(self, tmp_path, clips, labels, kind):
        split = kind(np.repeat(PARTS, 2).tolist())
        path = augment_corpus(tmp_path / "a", EFFECTS, clips, labels, split=split)
        assert pd.read_csv(path)["split"].value_counts()["train"] == 12

    def test_none(self, tmp_path, clips, labels):
        with pytest.raises(ValueError, match="works after the split only, and split is None"):
            augment_corpus(tmp_path / "a", EFFECTS, clips, labels)
        assert not list(tmp_path.iterdir())

    def test_no_labels(self, tmp_path, clips):
        with pytest.raises(ValueError, match="y is None, and in place of the clips stands"):
            augment_corpus(tmp_path / "a", EFFECTS, clips, split="part")

    def test_parts_and_split(self, tmp_path, speech):
        y = speech.metadata["emotion"].to_numpy()
        parts = train_validation_test_split(speech, y, random_state=0)
        with pytest.raises(ValueError, match="are the split: leave split out"):
            augment_corpus(tmp_path / "a", EFFECTS, parts, split="part")

    @pytest.mark.parametrize(
        ("value", "message"),
        [
            ("training", r"'training' for 2 clip\(s\), at 1, 4\. Did you mean 'train'"),
            ("valid", r"'valid' for 2 clip\(s\), at 1, 4\. Did you mean 'validation'"),
            (None, r"None for 2 clip\(s\), at 1, 4\. Every clip needs one of"),
            (np.nan, r"nan for 2 clip\(s\), at 1, 4\."),
            (0, r"0 for 2 clip\(s\), at 1, 4\."),
        ],
    )
    def test_clip_without_a_part(self, tmp_path, clips, labels, value, message):
        split = np.repeat(PARTS, 2).astype(object)
        split[[1, 4]] = value
        with pytest.raises(ValueError, match=message):
            augment_corpus(tmp_path / "a", EFFECTS, clips, labels, split=split)

    def test_number_of_names(self, tmp_path, clips, labels):
        with pytest.raises(ValueError, match="split has 4 names for 8 clips"):
            augment_corpus(tmp_path / "a", EFFECTS, clips, labels, split=PARTS)

    def test_number_of_labels(self, tmp_path, clips):
        with pytest.raises(ValueError, match="inconsistent numbers of samples"):
            augment_corpus(tmp_path / "a", EFFECTS, clips, ["calm"], split="part")

    def test_unknown_column(self, tmp_path, clips, labels):
        message = r"split='prat' is no column .*Did you mean 'part'\? There are emotion, speaker"
        with pytest.raises(ValueError, match=message):
            augment_corpus(tmp_path / "a", EFFECTS, clips, labels, split="prat")

    def test_column_of_no_table(self, tmp_path, clips, labels):
        with pytest.raises(ValueError, match="There are none at all"):
            augment_corpus(tmp_path / "a", EFFECTS, clips.with_metadata(None), labels, split="part")

    def test_nothing_to_train_on(self, tmp_path, clips, labels):
        with pytest.raises(ValueError, match="No clip's split is 'train'"):
            augment_corpus(tmp_path / "a", EFFECTS, clips, labels, split=["test"] * 8)

    def test_speaker_in_several_parts(self, tmp_path, clips, labels):
        split = ["train", "test"] * 2 + ["train", "train", "test", "test"]
        message = r"2 of 4 speakers stand in several parts \(speaker-0, speaker-1\)"
        with pytest.warns(SpeakerWarning, match=message):
            augment_corpus(tmp_path / "a", EFFECTS, clips, labels, split=split)


class TestFeatures:
    def test_those_of_a_recipe(self, tmp_path, clips, labels):
        pipeline = zcr_rms_mfcc_cnn1d_unaugmented()
        path = augment_corpus(
            *(tmp_path / "a.csv", EFFECTS, clips, labels),
            split="part",
            pipeline=pipeline,
            random_state=0,
        )
        table = pd.read_csv(path)
        assert table.columns[:9].tolist() == [
            *["source", "label", "speaker", "split", "copy", "augmenter", "parameters"],
            *["zcr_frame0", "zcr_frame1"],
        ]
        assert table.shape == (8 + 4 * 2, 7 + 880)
        steps = pipeline[:-2].fit(clips)
        originals = table[table["copy"] == 0].iloc[:, 7:].to_numpy(np.float32)
        np.testing.assert_array_equal(originals, steps.transform(clips))
        for row in table[table["copy"] > 0].itertuples():
            drawn = json.loads(row.parameters)
            copy = EFFECTS[row.augmenter].apply(clips[row.source], clips.sample_rate, **drawn)
            features = table.iloc[row.Index, 7:].to_numpy(np.float32)
            np.testing.assert_array_equal(features, steps.transform([copy_at_8025(copy)])[0])

    def test_recipe_that_augments_lends_its_extractor(self, tmp_path, clips, labels):
        options = {"split": "part", "random_state": 0}
        tables = [
            augment_corpus(tmp_path / name, EFFECTS, clips, labels, pipeline=make(), **options)
            for name, make in (
                ("a.csv", zcr_rms_mfcc_cnn1d),
                ("b.csv", zcr_rms_mfcc_cnn1d_unaugmented),
            )
        ]
        assert tables[0].read_bytes() == tables[1].read_bytes()

    def test_training_rows_alone_decide_the_length(self, tmp_path):
        """The longest clip is for the test, and its end is cut; copies count as training."""
        rng = np.random.default_rng(0)
        waves = [0.1 * rng.normal(size=n_samples) for n_samples in (3000, 4000, 16000)]
        clips = AudioClips(waves, metadata=pd.DataFrame({"speaker": [*"abc"]}))
        slow, split = TimeStretchAugmenter(0.5), ["train", "train", "test"]
        path = augment_corpus(
            *(tmp_path / "a.csv", slow, clips, [*"xyx"]), split=split, pipeline=small_pipeline()
        )
        n_frames = sum(column.startswith("mfcc_0") for column in pd.read_csv(path).columns)
        lengths = {n: MFCCTransformer(2).fit([np.ones(n)]).n_frames_ for n in (4000, 8000, 16000)}
        assert n_frames == lengths[8000]
        assert len(set(lengths.values())) == 3

    def test_table_of_statistics(self, tmp_path, clips, labels):
        path = augment_corpus(
            *(tmp_path / "a.csv", EFFECTS, clips, labels),
            split="part",
            pipeline=small_pipeline(pooling="mean"),
        )
        assert pd.read_csv(path).columns[7:].tolist() == ["mfcc_0_mean", "mfcc_1_mean"]

    def test_parquet(self, tmp_path, clips, labels):
        pytest.importorskip("pyarrow")
        options = {"split": "part", "random_state": 0, "pipeline": small_pipeline(pooling="mean")}
        paths = [
            augment_corpus(tmp_path / name, EFFECTS, clips, labels, **options)
            for name in ("a.csv", "a.parquet")
        ]
        csv, parquet = pd.read_csv(paths[0]), pd.read_parquet(paths[1])
        assert parquet["mfcc_0_mean"].dtype == np.float32
        pd.testing.assert_frame_equal(csv, parquet, check_dtype=False)

    def test_parquet_without_pyarrow(self, tmp_path, clips, labels, monkeypatch):
        monkeypatch.setitem(sys.modules, "pyarrow", None)
        with pytest.raises(
            MissingExtraError, match=r"Writing a.parquet needs pyarrow: pip install"
        ):
            augment_corpus(
                *(tmp_path / "a.parquet", EFFECTS, clips, labels),
                split="part",
                pipeline=small_pipeline(),
            )
        assert not list(tmp_path.iterdir())

    def test_pipeline_is_missing(self, tmp_path, clips, labels):
        with pytest.raises(ValueError, match=r"a.csv is a table of features, and pipeline is None"):
            augment_corpus(tmp_path / "a.csv", EFFECTS, clips, labels, split="part")

    def test_pipeline_for_a_folder(self, tmp_path, clips, labels):
        with pytest.raises(ValueError, match=r"ends in .csv or .parquet; got 'a'"):
            augment_corpus(
                tmp_path / "a", EFFECTS, clips, labels, split="part", pipeline=small_pipeline()
            )

    def test_no_extractor(self, tmp_path, clips, labels):
        model = SpeechPipeline([("classifier", DummyClassifier())])
        with pytest.raises(ValueError, match="no step 'features', only classifier"):
            augment_corpus(tmp_path / "a.csv", EFFECTS, clips, labels, split="part", pipeline=model)


def copy_at_8025(copy):
    return AudioClips([copy], 16000).resampled(8025)[0]
