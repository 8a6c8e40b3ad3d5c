"""The Bunch that all loaders return, the shared emotion words, and finding files."""

from __future__ import annotations

import os
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest

from sklearn_ser.audio._clips import AudioClips
from sklearn_ser.datasets._base import (
    as_labels,
    check_choice,
    check_column,
    check_sample_rate,
    did_you_mean,
    is_empty,
    load_descr,
    make_bunch,
)
from sklearn_ser.datasets._files import find_recordings, looks_like, natural_key, shorten
from sklearn_ser.datasets._labels import EMOTIONS, SYNONYMS, check_emotions, emotion_name
from sklearn_ser.exceptions import CorpusError


def make_clips(n_clips, **columns):
    frame = pd.DataFrame(columns) if columns else None
    return AudioClips([np.full(160, 0.1 * i) for i in range(n_clips)], 16000, metadata=frame)


class TestMakeBunch:
    def test_has_all_that_loaders_promise(self):
        clips = make_clips(3, speaker=["ann", "bob", "ann"], emotion=["sad", "happy", "sad"])
        bunch = make_bunch(clips, ["sad", "happy", "sad"], descr="Three clips.\n")
        assert bunch.data is clips
        assert bunch.target.dtype == object
        assert bunch.target.tolist() == ["sad", "happy", "sad"]
        assert bunch.groups.tolist() == bunch.data.speakers.tolist() == ["ann", "bob", "ann"]
        pd.testing.assert_frame_equal(bunch.frame, bunch.data.metadata)
        assert bunch.filenames is None
        assert bunch.target_names == ["happy", "sad"]
        assert bunch.sample_rate == 16000
        assert bunch.DESCR.startswith("Three clips.\n")
        assert "3 clips of 2 speakers: happy 1, sad 2." in bunch.DESCR

    def test_attaches_a_table(self):
        frame = pd.DataFrame({"speaker": ["ann", "bob"]})
        bunch = make_bunch(make_clips(2), ["sad", "happy"], frame=frame)
        assert bunch.data.speakers.tolist() == ["ann", "bob"]

    def test_pair(self):
        data, target = make_bunch(make_clips(2), ["sad", "happy"], return_X_y=True)
        assert isinstance(data, AudioClips)
        assert target.tolist() == ["sad", "happy"]

    def test_without_speakers_groups_is_none(self):
        bunch = make_bunch(make_clips(1), ["sad"])
        assert bunch.groups is None
        assert "1 clip of unknown speakers" in bunch.DESCR

    def test_many_labels_are_counted_not_listed(self):
        bunch = make_bunch(make_clips(40), np.linspace(0, 1, 40))
        assert "40 different labels" in bunch.DESCR

    def test_target_of_another_length(self):
        with pytest.raises(CorpusError, match="target has 1 rows for 2 clips"):
            make_bunch(make_clips(2), ["sad"])

    def test_frame_of_another_length(self):
        frame = pd.DataFrame({"speaker": ["ann"]})
        with pytest.raises(CorpusError, match="frame has 1 rows for 2 clips"):
            make_bunch(make_clips(2), ["sad", "sad"], frame=frame)

    def test_no_clip(self):
        with pytest.raises(CorpusError, match="no clip to load"):
            make_bunch(make_clips(1)[:0], [])


class TestAsLabels:
    def test_words_become_an_object_array_of_str(self):
        labels = as_labels(pd.Series(["sad", "happy"]))
        assert labels.dtype == object
        assert all(type(label) is str for label in labels)

    def test_words_of_numpy_become_plain_str(self):
        assert type(as_labels(np.array(["sad"]))[0]) is str

    @pytest.mark.parametrize(
        ("values", "kind"), [([0, 1], "i"), ([0.5, 1.0], "f"), ([True, False], "b")]
    )
    def test_numbers_stay_numbers(self, values, kind):
        assert as_labels(values).dtype.kind == kind

    def test_a_mixture(self):
        with pytest.raises(CorpusError, match=r"mix words and numbers \('sad' and 3\)"):
            as_labels(["sad", 3])

    @pytest.mark.parametrize("nothing", [None, float("nan"), "", "  ", pd.NA, pd.NaT])
    def test_a_missing_label(self, nothing):
        with pytest.raises(CorpusError, match=r"clip 1 has no label \(1 such clips\)"):
            as_labels(["sad", nothing])


@pytest.mark.parametrize("value", ["a", 0, 0.0, False, "nan"])
def test_a_value_is_not_empty(value):
    assert not is_empty(value)


class TestMessages:
    def test_did_you_mean(self):
        assert did_you_mean("Speeker", ["path", "speaker"]) == " (did you mean 'speaker'?)"
        assert did_you_mean("xyz", ["path", "speaker"]) == ""
        assert did_you_mean("speaker", ["Speaker_ID", 3]) == " (did you mean 'Speaker_ID'?)"

    def test_choice(self):
        check_choice("channel", "song", ("speech", "song"))
        with pytest.raises(ValueError, match=r"channel='sing' is not known.*did you mean 'song'"):
            check_choice("channel", "sing", ("speech", "song"))
        with pytest.raises(ValueError, match="choose one of 'speech', 'song'"):
            check_choice("channel", ["song"], ("speech", "song"))

    def test_column(self):
        check_column("label", "mood", ["mood"], "a.csv")
        with pytest.raises(CorpusError, match=r"a.csv has no column 'label' \(label\); it has 'x'"):
            check_column("label", "label", ["x"], "a.csv")

    @pytest.mark.parametrize("rate", [0, -1, 16000.5, "16k", True, None])
    def test_sample_rate(self, rate):
        check_sample_rate(np.int64(16000))
        with pytest.raises(ValueError, match="is no rate"):
            check_sample_rate(rate)

    def test_shorten(self):
        assert shorten("abc", 3) == "a, b, c"
        assert shorten("abcde", 3) == "a, b, c and 2 more"


class TestEmotions:
    def test_names_are_those_of_ravdess(self):
        assert EMOTIONS[0] == "neutral"
        assert len(set(EMOTIONS)) == 8

    def test_synonyms_lead_to_names(self):
        assert set(SYNONYMS.values()) <= set(EMOTIONS)
        assert not set(SYNONYMS) & set(EMOTIONS)

    @pytest.mark.parametrize(
        ("word", "name"), [("happy", "happy"), (" Anger ", "angry"), ("FEAR", "fearful")]
    )
    def test_name(self, word, name):
        assert emotion_name(word) == name

    def test_unknown(self):
        with pytest.raises(CorpusError, match=r"'hapy' is no emotion.*did you mean 'happy'"):
            emotion_name("hapy")

    def test_several(self):
        assert check_emotions(["sad", "joy"]) == ("sad", "happy")

    def test_twice(self):
        with pytest.raises(CorpusError, match="more than once: happy"):
            check_emotions(["happy", "joy"])

    def test_none(self):
        with pytest.raises(CorpusError, match="no emotion was given"):
            check_emotions([])

    def test_one_string(self):
        with pytest.raises(CorpusError, match=r"one string; give a list, such as \['sad'\]"):
            check_emotions("sad")


class TestFiles:
    def test_natural_order(self):
        names = ["b1", "a10.wav", "a2.wav", "a2/1.wav"]
        assert sorted(names, key=natural_key) == ["a2.wav", "a2/1.wav", "a10.wav", "b1"]

    def test_finds_audio_at_any_depth(self, tmp_path):
        for name in ("b/2.WAV", "b/10.flac", "a.ogg", "notes.txt", "video.mp4"):
            (tmp_path / name).parent.mkdir(exist_ok=True)
            (tmp_path / name).touch()
        found = [path.relative_to(tmp_path).as_posix() for path in find_recordings(tmp_path)]
        assert found == ["a.ogg", "b/2.WAV", "b/10.flac"]

    def test_hidden_files_are_left_out(self, tmp_path):
        for name in ("__MACOSX/a.wav", "._a.wav", ".trash/a.wav", "a.wav"):
            (tmp_path / name).parent.mkdir(exist_ok=True)
            (tmp_path / name).touch()
        assert find_recordings(tmp_path) == [tmp_path / "a.wav"]

    def test_links_are_followed_and_loops_are_not(self, tmp_path):
        folder, elsewhere = tmp_path / "corpus", tmp_path / "elsewhere"
        folder.mkdir()
        elsewhere.mkdir()
        (elsewhere / "a.wav").touch()
        try:
            (folder / "linked").symlink_to(elsewhere)
            (elsewhere / "back").symlink_to(folder)
        except OSError:
            pytest.skip("links cannot be made here")
        assert find_recordings(folder) == [folder / "linked" / "a.wav"]

    @pytest.mark.skipif(
        not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may list every folder"
    )
    def test_a_folder_without_permission(self, tmp_path):
        locked = tmp_path / "locked"
        locked.mkdir(mode=0o000)
        try:
            with pytest.raises(CorpusError, match=r"cannot list the folder .*locked"):
                find_recordings(tmp_path)
        finally:
            locked.chmod(0o700)

    @pytest.mark.parametrize(
        ("name", "corpus"),
        [
            ("03-01-05-02-01-01-07.wav", "RAVDESS"),
            ("1001_DFA_ANG_XX.wav", "CREMA-D"),
            ("OAF_back_ps.wav", "TESS"),
            ("DC_sa03.wav", "SAVEE"),
            ("a01.wav", "SAVEE"),
            ("03a01Fa.wav", "EmoDB"),
            ("clip 1.wav", None),
        ],
    )
    def test_looks_like(self, name, corpus):
        assert looks_like([name]) == corpus

    def test_looks_like_needs_most_names(self):
        assert looks_like(["a01.wav", "b.wav"]) is None
        assert looks_like([]) is None


@pytest.mark.parametrize("name", ["clips", "ravdess", "synthetic"])
def test_description_is_in_the_package(name):
    assert load_descr(name).splitlines()[1].startswith("===")


def test_importing_the_room_is_cheap():
    code = "import sys, sklearn_ser.datasets; print('pandas' in sys.modules)"
    assert subprocess.check_output([sys.executable, "-c", code], text=True).strip() == "False"


def test_unknown_loader():
    import sklearn_ser.datasets as datasets

    assert set(datasets.__all__) <= set(dir(datasets))
    with pytest.raises(AttributeError, match="no attribute 'load_nothing'"):
        datasets.load_nothing  # noqa: B018
