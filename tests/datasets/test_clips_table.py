"""load_clips: tables, folders of labels, folders with a pattern, and everything wrong in them."""

from __future__ import annotations

import gzip
import importlib.util
import os
import re
import warnings

import numpy as np
import pandas as pd
import pytest
import soundfile

from sklearn_ser.datasets import load_clips, load_ravdess
from sklearn_ser.exceptions import (
    CorpusError,
    CorpusNotFoundError,
    CorpusWarning,
    MissingExtraError,
    SpeakerWarning,
)

HAS_PYARROW = importlib.util.find_spec("pyarrow") is not None


def write_clip(path, seed=0, rate=8000, n_samples=400):
    path.parent.mkdir(parents=True, exist_ok=True)
    noise = np.random.default_rng(seed).normal(0, 0.1, n_samples)
    soundfile.write(path, noise, rate)
    return path


@pytest.fixture
def folder(tmp_path):
    """Four clips of two speakers, in three formats, one path with spaces and other letters."""
    root = tmp_path / "recordings"
    for seed, name in enumerate(("a.wav", "b.flac", "sub folder/çà 1.ogg", "d.wav")):
        write_clip(root / name, seed)
    return root


@pytest.fixture
def table():
    return pd.DataFrame(
        {
            "path": ["a.wav", "b.flac", "sub folder/çà 1.ogg", "d.wav"],
            "label": ["sad", "happy", "sad", "happy"],
            "speaker": ["ann", "ann", "bob", "bob"],
            "room": [1, 2, 1, 2],
        }
    )


@pytest.fixture
def csv(folder, table):
    path = folder / "clips.csv"
    table.to_csv(path, index=False)
    return path


def assert_same(one, other):
    assert all(np.array_equal(a, b) for a, b in zip(one.data, other.data, strict=True))
    assert one.target.tolist() == other.target.tolist()
    assert list(one.groups) == list(other.groups)


class TestTables:
    def test_csv(self, csv, folder):
        bunch = load_clips(csv)
        assert bunch.target.tolist() == ["sad", "happy", "sad", "happy"]
        assert bunch.target.dtype == object
        assert bunch.groups.tolist() == bunch.data.speakers.tolist() == ["ann", "ann", "bob", "bob"]
        assert bunch.frame.columns.tolist() == ["path", "emotion", "speaker", "room"]
        assert bunch.frame["room"].tolist() == [1, 2, 1, 2]
        assert bunch.filenames.tolist()[2] == str(folder / "sub folder" / "çà 1.ogg")
        assert bunch.target_names == ["happy", "sad"]
        assert bunch.data.sample_rate == bunch.sample_rate == 16000
        assert bunch.data.in_memory
        assert bunch.data[0].shape == (800,)
        assert "4 clips of 2 speakers: happy 2, sad 2." in bunch.DESCR

    def test_dataframe_with_root(self, csv, folder, table):
        assert_same(load_clips(table, root=folder), load_clips(csv))

    def test_dataframe_from_the_current_folder(self, csv, folder, table, monkeypatch):
        monkeypatch.chdir(folder)
        assert_same(load_clips(table), load_clips(csv))

    def test_index_of_a_dataframe_does_not_matter(self, csv, folder, table):
        shuffled = table.set_index(pd.Index([7, 7, 3, 1]))
        assert_same(load_clips(shuffled, root=folder), load_clips(csv))

    def test_absolute_paths_need_no_root(self, csv, folder, table):
        table["path"] = [folder / name for name in table["path"]]
        assert_same(load_clips(table, root="elsewhere"), load_clips(csv))

    def test_root_for_a_csv(self, csv, folder, table, tmp_path):
        moved = tmp_path / "elsewhere.csv"
        table.to_csv(moved, index=False)
        assert_same(load_clips(moved, root=folder), load_clips(csv))

    @pytest.mark.parametrize(
        ("ending", "separator"), [("csv", ";"), ("csv", "\t"), ("tsv", "\t"), ("txt", ",")]
    )
    def test_separators(self, csv, folder, table, ending, separator):
        other = folder / f"other.{ending}"
        table.to_csv(other, index=False, sep=separator)
        assert_same(load_clips(other), load_clips(csv))

    def test_byte_order_mark_and_spaces_in_the_header(self, csv, folder):
        text = csv.read_text("utf-8").replace("label,speaker", "label , speaker")
        (folder / "excel.csv").write_text(text, encoding="utf-8-sig")
        assert_same(load_clips(folder / "excel.csv"), load_clips(csv))

    def test_compressed(self, csv, folder):
        with gzip.open(folder / "clips.csv.gz", "wb") as file:
            file.write(csv.read_bytes())
        assert_same(load_clips(folder / "clips.csv.gz"), load_clips(csv))

    @pytest.mark.skipif(not HAS_PYARROW, reason="pyarrow is not installed")
    def test_parquet(self, csv, folder, table):
        table.to_parquet(folder / "clips.parquet")
        assert_same(load_clips(folder / "clips.parquet"), load_clips(csv))

    @pytest.mark.skipif(not HAS_PYARROW, reason="pyarrow is not installed")
    def test_broken_parquet(self, folder):
        (folder / "clips.parquet").write_text("no table")
        with pytest.raises(CorpusError, match=r"cannot read the table .*clips.parquet"):
            load_clips(folder / "clips.parquet")

    @pytest.mark.skipif(HAS_PYARROW, reason="pyarrow is installed")
    def test_parquet_without_pyarrow(self, folder):
        (folder / "clips.parquet").touch()
        with pytest.raises(MissingExtraError, match="needs pyarrow: pip install pyarrow"):
            load_clips(folder / "clips.parquet")

    def test_names_of_columns(self, folder, table):
        renamed = table.rename(columns={"path": "file", "label": "mood", "speaker": 0})
        bunch = load_clips(renamed, path="file", label="mood", speaker=0, root=folder)
        assert bunch.frame.columns.tolist() == ["path", "emotion", "speaker", "room"]
        assert bunch.groups.tolist() == ["ann", "ann", "bob", "bob"]

    def test_another_column_is_called_emotion(self, folder, table):
        table["emotion"] = "calm"
        bunch = load_clips(table, root=folder)
        assert bunch.target.tolist() == ["sad", "happy", "sad", "happy"]
        assert bunch.frame["label"].tolist() == bunch.target.tolist()
        assert set(bunch.frame["emotion"]) == {"calm"}

    def test_the_speaker_can_be_the_label(self, folder, table):
        bunch = load_clips(table, label="speaker", root=folder)
        assert bunch.target.tolist() == bunch.groups.tolist()

    def test_lazy_clips_are_the_same(self, csv):
        later = load_clips(csv, in_memory=False)
        assert not later.data.in_memory
        assert_same(load_clips(csv), later)

    def test_lazy_decodes_nothing(self, csv, folder):
        (folder / "a.wav").write_text("no recording at all")
        assert len(load_clips(csv, in_memory=False).data) == 4

    def test_pair_threads_and_rate(self, csv):
        data, target = load_clips(csv, return_X_y=True, n_jobs=2, sample_rate=8000)
        assert data[0].shape == (400,)
        assert target.tolist() == ["sad", "happy", "sad", "happy"]

    def test_the_table_is_not_changed(self, folder, table):
        before = table.copy()
        load_clips(table, root=folder)
        pd.testing.assert_frame_equal(table, before)


class TestCells:
    def write(self, folder, rows, header="path,label,speaker"):
        path = folder / "cells.csv"
        path.write_text("\n".join([header, *rows]) + "\n", encoding="utf-8")
        return path

    def test_na_and_null_are_words(self, folder):
        bunch = load_clips(self.write(folder, ["a.wav,NA,null", "b.flac,None,nan"]))
        assert bunch.target.tolist() == ["NA", "None"]
        assert bunch.groups.tolist() == ["null", "nan"]

    def test_speakers_keep_their_zeros(self, folder):
        assert load_clips(self.write(folder, ["a.wav,sad,007"])).groups.tolist() == ["007"]

    @pytest.mark.parametrize(
        ("cells", "labels"),
        [
            (("1", "2"), [1, 2]),
            (("0.5", "-1"), [0.5, -1.0]),
            (("01", "2"), ["01", "2"]),
            (("1", "two"), ["1", "two"]),
        ],
    )
    def test_plain_numbers_are_numbers(self, folder, cells, labels):
        rows = [f"a.wav,{cells[0]},x", f"b.flac,{cells[1]},x"]
        target = load_clips(self.write(folder, rows)).target
        assert target.tolist() == labels
        assert (target.dtype == object) == isinstance(labels[0], str)

    def test_white_space_around_words(self, folder):
        bunch = load_clips(self.write(folder, ["a.wav, sad,ann ", "b.flac,sad,ann"]))
        assert set(bunch.target) == {"sad"}
        assert set(bunch.groups) == {"ann"}

    def test_numbers_with_gaps_travel(self, folder):
        path = self.write(folder, ["a.wav,sad,x,3", "b.flac,sad,x,"], "path,label,speaker,age")
        ages = load_clips(path).frame["age"].tolist()
        assert ages[0] == 3
        assert np.isnan(ages[1])

    def test_speakers_of_a_dataframe_become_words(self, folder, table):
        table["speaker"] = [1.0, 1.0, 2.0, 2.5]
        assert load_clips(table, root=folder).groups.tolist() == ["1", "1", "2", "2.5"]

    def test_labels_of_a_dataframe_stay_what_they_are(self, folder, table):
        table["label"] = [3, 1, 3, 1]
        bunch = load_clips(table, root=folder)
        assert bunch.target.dtype.kind == "i"
        assert bunch.target_names == [1, 3]

    def test_categories(self, folder, table):
        table["label"] = table["label"].astype("category")
        assert load_clips(table, root=folder).target.dtype == object

    def test_words_and_numbers_mixed(self, folder, table):
        table["label"] = pd.Series(["sad", 1, "sad", 1], dtype=object)
        with pytest.raises(CorpusError, match="labels mix words and numbers"):
            load_clips(table, root=folder)

    def test_empty_lines_do_not_count_as_rows_but_in_their_numbers(self, folder):
        path = self.write(folder, ["a.wav,sad,x", "", ",,", "nowhere.wav,sad,x"])
        with pytest.raises(CorpusError, match=r"1 of 2 rows of cells.csv .*\n  row 5: "):
            load_clips(path)


class TestFolders:
    @pytest.fixture
    def labelled(self, tmp_path):
        for seed, name in enumerate(("sad/clip2.wav", "sad/clip10.wav", "very happy/x/1.flac")):
            write_clip(tmp_path / "moods" / name, seed)
        (tmp_path / "moods" / "notes.txt").write_text("nothing")
        return tmp_path / "moods"

    def test_subfolders_are_labels(self, labelled):
        with pytest.warns(SpeakerWarning, match="not known who speaks.*pattern=") as caught:
            bunch = load_clips(labelled)
        assert caught[0].filename == __file__
        assert bunch.target.tolist() == ["sad", "sad", "very happy"]
        assert [os.path.basename(name) for name in bunch.filenames[:2]] == [
            "clip2.wav",
            "clip10.wav",
        ]
        assert bunch.groups is None
        assert "speaker" not in bunch.frame
        assert "3 clips of unknown speakers" in bunch.DESCR

    def test_speaker_none_is_quiet(self, labelled):
        assert load_clips(labelled, speaker=None).groups is None

    def test_a_file_beside_the_subfolders(self, labelled):
        write_clip(labelled / "stray.wav")
        with pytest.raises(CorpusError, match=r"1 of 4 recordings .*\n  stray.wav: the label is"):
            load_clips(labelled, speaker=None)

    def test_no_subfolder(self, tmp_path):
        write_clip(tmp_path / "ann_sad.wav")
        with pytest.raises(CorpusError, match=r"in no subfolder.*'ann_sad.wav', with pattern="):
            load_clips(tmp_path)

    def test_no_recording(self, tmp_path):
        (tmp_path / "notes.txt").touch()
        with pytest.raises(CorpusNotFoundError, match=r"no recording under .*\.flac"):
            load_clips(tmp_path)

    def test_root_goes_with_tables(self, labelled):
        with pytest.raises(CorpusError, match="root= goes with a table"):
            load_clips(labelled, root=".")


class TestPattern:
    @pytest.fixture
    def named(self, tmp_path):
        for seed, name in enumerate(("Ann/sad_1.wav", "Ann/joy_2.wav", "Bo b/sad_1.flac")):
            write_clip(tmp_path / "named" / name, seed)
        return tmp_path / "named"

    def test_groups_become_columns(self, named):
        bunch = load_clips(named, pattern=r"^(?P<speaker>[^/]+)/(?P<label>\w+)_(?P<take>\d)\.")
        assert bunch.target.tolist() == ["joy", "sad", "sad"]
        assert bunch.groups.tolist() == ["Ann", "Ann", "Bo b"]
        assert bunch.frame.columns.tolist() == ["path", "emotion", "speaker", "take"]
        assert bunch.frame["take"].tolist() == ["2", "1", "1"]

    def test_compiled_and_other_names(self, named):
        expression = re.compile(r"(?P<who>\w+)/(?P<mood>[A-Z]+)_", re.IGNORECASE)
        bunch = load_clips(named, pattern=expression, label="mood", speaker="who")
        assert bunch.groups.tolist() == ["Ann", "Ann", "b"]

    def test_without_a_speaker(self, named):
        with pytest.warns(SpeakerWarning, match=r"a group that tells it: \(\?P<speaker>"):
            load_clips(named, pattern=r"(?P<label>[a-z]+)_")

    def test_files_that_do_not_match(self, named):
        with pytest.warns(CorpusWarning, match="not match 1 of 3 .*Bo b/sad_1.flac") as caught:
            bunch = load_clips(named, pattern=r"(?P<speaker>Ann)/(?P<label>[a-z]+)_")
        assert caught[0].filename == __file__
        assert len(bunch.data) == 2

    def test_no_file_matches(self, named):
        with pytest.raises(CorpusError, match=r"none of the 3 recordings.*'Ann/joy_2.wav'"):
            load_clips(named, pattern=r"(?P<label>angry)")

    def test_no_group_for_the_label(self, named):
        with pytest.raises(CorpusError, match=r"no column 'label'.*did you mean 'labels'"):
            load_clips(named, pattern=r"(?P<labels>\w+)_")

    def test_no_group_at_all(self, named):
        with pytest.raises(CorpusError, match=r"no named group; write \(\?P<label>"):
            load_clips(named, pattern=r"(\w+)_")

    def test_a_group_for_the_path(self, named):
        with pytest.raises(CorpusError, match="must not have a group 'path'"):
            load_clips(named, pattern=r"(?P<path>\w+)_(?P<label>\w)")

    def test_no_group_for_a_named_speaker(self, named):
        with pytest.raises(CorpusError, match=r"no column 'who' \(speaker\)"):
            load_clips(named, pattern=r"(?P<label>\w+)_", speaker="who")

    def test_invalid(self, named):
        with pytest.raises(CorpusError, match="is no regular expression: missing"):
            load_clips(named, pattern=r"(?P<label>\w+")

    def test_not_text(self, named):
        with pytest.raises(TypeError, match="pattern is a int; give a regular expression"):
            load_clips(named, pattern=3)

    def test_a_group_that_took_no_part(self, named):
        with pytest.raises(CorpusError, match=r"Bo b/sad_1.flac: the speaker is empty"):
            load_clips(named, pattern=r"(?P<speaker>Ann)?/(?P<label>[a-z]+)_")

    @pytest.mark.parametrize("form", ["csv", "frame"])
    def test_with_a_table(self, csv, table, form):
        with pytest.raises(CorpusError, match="pattern= goes with a folder"):
            load_clips(csv if form == "csv" else table, pattern="(?P<label>.)")


class TestColumns:
    def test_missing_label(self, folder, table):
        renamed = table.rename(columns={"label": "labels"})
        with pytest.raises(
            CorpusError,
            match=r"the DataFrame has no column 'label' \(label\) \(did you mean 'labels'\?\); it "
            "has 'path', 'labels', 'speaker', 'room'",
        ):
            load_clips(renamed, root=folder)

    def test_missing_path(self, csv):
        with pytest.raises(CorpusError, match=r"clips.csv has no column 'file' \(path\)"):
            load_clips(csv, path="file")

    def test_missing_speaker(self, folder, table):
        renamed = table.rename(columns={"speaker": "speaker_id"})
        with pytest.warns(SpeakerWarning, match="did you mean 'speaker_id'") as caught:
            bunch = load_clips(renamed, root=folder)
        assert caught[0].filename == __file__
        assert bunch.groups is None
        assert bunch.data.speakers is None
        assert bunch.frame["speaker_id"].tolist() == ["ann", "ann", "bob", "bob"]

    def test_missing_speaker_that_was_asked_for(self, csv):
        with pytest.raises(CorpusError, match=r"no column 'actor' \(speaker\)"):
            load_clips(csv, speaker="actor")

    def test_speakers_denied_though_they_are_there(self, csv):
        with pytest.raises(CorpusError, match="has a column 'speaker' beside speaker=None"):
            load_clips(csv, speaker=None)

    @pytest.mark.parametrize("parameter", ["path", "speaker"])
    def test_another_column_has_the_name(self, folder, table, parameter):
        table["other"] = table[parameter]
        with pytest.raises(CorpusError, match=f"has a column {parameter!r} beside {parameter}='ot"):
            load_clips(table, root=folder, **{parameter: "other"})

    def test_one_name_twice(self, folder, table):
        doubled = pd.concat([table, table[["label"]]], axis=1)
        with pytest.raises(CorpusError, match="has 2 columns 'label'"):
            load_clips(doubled, root=folder)

    def test_path_and_label_in_one(self, csv):
        with pytest.raises(CorpusError, match="'path' cannot be the path and something else"):
            load_clips(csv, label="path")


class TestRows:
    def test_all_that_is_wrong_is_listed_at_once(self, csv, folder):
        (folder / "broken.wav").write_text("no recording at all")
        (folder / "empty.wav").touch()
        cut = write_clip(folder / "cut.wav")
        cut.write_bytes(cut.read_bytes()[:500])
        with csv.open("a", encoding="utf-8") as file:
            file.write("nowhere.wav,sad,ann,1\nbroken.wav,sad,ann,1\nempty.wav,,ann,1\n")
            file.write("sub folder,sad,,1\n,sad,ann,1\ncut.wav,sad,ann,1\n")
        with pytest.raises(CorpusError, match=r"6 of 10 rows of clips.csv") as caught:
            load_clips(csv)
        lines = str(caught.value).splitlines()
        assert lines[0] == "6 of 10 rows of clips.csv cannot be used:"
        assert re.fullmatch(r"  row 6: .*nowhere.wav does not exist", lines[1])
        assert re.fullmatch(r"  row 7: .*broken.wav is not a readable sound file.*", lines[2])
        assert re.fullmatch(
            r"  row 8: .*empty.wav is empty .0 bytes.; the label is empty", lines[3]
        )
        assert re.fullmatch(r"  row 9: .*sub folder is a folder; the speaker is empty", lines[4])
        assert lines[5] == "  row 10: the path is empty"
        assert re.fullmatch(r"  row 11: .*cut.wav is cut off.*", lines[6])
        assert lines[7] == "Mend them, or leave them out with on_error='skip'."

    def test_skip(self, csv, folder):
        (folder / "broken.wav").write_text("no recording at all")
        with csv.open("a", encoding="utf-8") as file:
            file.write("nowhere.wav,sad,ann,1\nbroken.wav,calm,ann,1\n")
        with pytest.warns(CorpusWarning, match="left out 2 of 6 rows of clips.csv") as caught:
            bunch = load_clips(csv, on_error="skip")
        assert len(caught) == 1
        assert caught[0].filename == __file__
        assert bunch.data.in_memory
        assert len(bunch.data) == len(bunch.target) == len(bunch.groups) == len(bunch.frame) == 4
        assert "calm" not in bunch.target_names

    def test_skip_keeps_rows_together(self, csv, folder, table):
        (folder / "a.wav").write_text("no recording at all")
        with pytest.warns(CorpusWarning, match="left out 1 of 4"):
            bunch = load_clips(csv, on_error="skip")
        assert bunch.target.tolist() == ["happy", "sad", "happy"]
        assert bunch.frame["room"].tolist() == [2, 1, 2]
        expected, _ = soundfile.read(folder / "b.flac", dtype="float32")
        assert np.array_equal(
            load_clips(table[1:], root=folder, sample_rate=8000).data[0], expected
        )

    def test_nothing_is_left_to_skip_to(self, folder, table):
        with pytest.raises(CorpusError, match="4 of 4 rows of the DataFrame cannot be used"):
            load_clips(table, root=folder / "elsewhere", on_error="skip")

    def test_many_are_counted(self, folder):
        table = pd.DataFrame({"path": [f"{i}.wav" for i in range(25)], "label": "sad"})
        with pytest.raises(CorpusError, match=r"25 of 25 .*(\n  row \d.*){10}\n  and 15 more\n"):
            load_clips(table, root=folder, speaker=None)

    def test_missing_cells_of_a_dataframe(self, folder, table):
        table["label"] = ["sad", None, "sad", "happy"]
        table["speaker"] = ["ann", "ann", np.nan, "bob"]
        with pytest.raises(CorpusError, match=r"row 1: the label is.*\n  row 2: the speaker is"):
            load_clips(table, root=folder)

    def test_lazy_finds_missing_files_too(self, csv, folder):
        (folder / "b.flac").unlink()
        with pytest.raises(CorpusError, match=r"row 3: .*b.flac does not exist"):
            load_clips(csv, in_memory=False)

    def test_one_path_with_two_labels(self, csv, folder):
        with csv.open("a", encoding="utf-8") as file:
            file.write(f"{folder}/sub folder/../a.wav,happy,ann,1\n")
        with pytest.raises(CorpusError, match="has 2 labels") as caught:
            load_clips(csv)
        told = "a.wav has 2 labels, 'sad', 'happy'"
        assert all(
            re.search(rf"row {row}: \S*{re.escape(told)}\n", str(caught.value)) for row in (2, 6)
        )

    def test_one_path_with_two_speakers(self, csv):
        with csv.open("a", encoding="utf-8") as file:
            file.write("a.wav,sad,bob,1\n")
        with pytest.raises(CorpusError, match=r"a.wav has 2 speakers, 'ann', 'bob'"):
            load_clips(csv)

    def test_the_same_row_twice(self, csv):
        with csv.open("a", encoding="utf-8") as file:
            file.write("a.wav,sad,ann,1\n")
        with pytest.warns(
            CorpusWarning, match="1 clip.s. more than once.*left out: row 6"
        ) as caught:
            bunch = load_clips(csv)
        assert caught[0].filename == __file__
        assert bunch.target.tolist() == ["sad", "happy", "sad", "happy"]

    @pytest.mark.skipif(
        not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may read every file"
    )
    def test_no_permission(self, csv, folder):
        (folder / "a.wav").chmod(0o000)
        with pytest.raises(CorpusError, match=r"a.wav cannot be read: permission denied"):
            load_clips(csv)


class TestBadTables:
    def test_nothing_there(self, tmp_path):
        with pytest.raises(CorpusNotFoundError, match=r"no table and no folder .*clips.csv"):
            load_clips(tmp_path / "clips.csv")

    def test_a_recording(self, folder):
        with pytest.raises(CorpusError, match=r"a.wav is a recording, not a table; give a .csv"):
            load_clips(folder / "a.wav")

    def test_another_ending(self, folder):
        (folder / "clips.zip").touch()
        with pytest.raises(CorpusError, match=r"clips.zip is no table.*must be unpacked"):
            load_clips(folder / "clips.zip")

    def test_a_list(self):
        with pytest.raises(TypeError, match="got a list; put paths and labels into a DataFrame"):
            load_clips(["a.wav"])

    @pytest.mark.parametrize("text", ["path,label,speaker\n", "path,label,speaker\n,,\n"])
    def test_no_row(self, folder, text):
        (folder / "t.csv").write_text(text)
        with pytest.raises(CorpusError, match=r"t.csv has no row"):
            load_clips(folder / "t.csv")

    def test_no_row_in_a_dataframe(self, table):
        with pytest.raises(CorpusError, match="the DataFrame has no row"):
            load_clips(table[:0])

    @pytest.mark.parametrize("text", ["", "\n"])
    def test_empty_file(self, folder, text):
        (folder / "t.csv").write_text(text)
        with pytest.raises(CorpusError, match=r"t.csv (is empty|has no row)"):
            load_clips(folder / "t.csv")

    @pytest.mark.parametrize("extra", [1, 2])
    def test_more_cells_than_the_header(self, folder, extra):
        rows = ["path,label,speaker", "a.wav,sad,x", "b.flac,sad,x" + ",more" * extra]
        (folder / "t.csv").write_text("\n".join(rows))
        with pytest.raises(CorpusError, match=r"cannot read the table .*t.csv: "):
            load_clips(folder / "t.csv")

    def test_fewer_cells_than_the_header(self, folder):
        (folder / "t.csv").write_text("path,label,speaker\na.wav,sad,x\nb.flac,sad\n")
        with pytest.raises(CorpusError, match="row 3: the speaker is empty"):
            load_clips(folder / "t.csv")

    def test_not_utf8(self, folder):
        (folder / "t.csv").write_bytes("path,label\na.wav,fröhlich\n".encode("latin-1"))
        with pytest.raises(CorpusError, match="not UTF-8 text; save the table as UTF-8"):
            load_clips(folder / "t.csv")

    def test_a_table_that_cannot_be_opened(self, csv, monkeypatch):
        def refuse(*_args, **_kwargs):
            raise PermissionError(13, "Permission denied")

        monkeypatch.setattr(pd, "read_csv", refuse)
        with pytest.raises(CorpusError, match=r"cannot read the table .*: Permission denied\."):
            load_clips(csv)

    def test_on_error(self, csv):
        with pytest.raises(ValueError, match="on_error='ignore' is not known"):
            load_clips(csv, on_error="ignore")

    def test_sample_rate(self, csv):
        with pytest.raises(ValueError, match="sample_rate=0 is no rate"):
            load_clips(csv, sample_rate=0)


@pytest.fixture(scope="module")
def ravdess(corpora):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", CorpusWarning)
        return load_ravdess(corpora / "ravdess", n_jobs=2)


def test_real_recordings_through_a_csv(ravdess, tmp_path):
    table = ravdess.frame.rename(columns={"emotion": "label"})
    table.to_csv(tmp_path / "clips.csv", index=False)
    other = load_clips(tmp_path / "clips.csv", n_jobs=2)
    assert_same(ravdess, other)
    assert set(other.frame.columns) == set(ravdess.frame.columns)
    pd.testing.assert_frame_equal(other.frame[ravdess.frame.columns], ravdess.frame)


def test_real_recordings_through_a_pattern(corpora, ravdess):
    pattern = r"Actor_(?P<speaker>\d+)/\d\d-01-(?P<label>\d\d)"
    other = load_clips(corpora / "ravdess", pattern=pattern, in_memory=False)
    assert other.filenames.tolist() == ravdess.filenames.tolist()
    assert [f"ravdess-{speaker}" for speaker in other.groups] == ravdess.groups.tolist()
    assert len(set(zip(other.target, ravdess.target, strict=True))) == 8
