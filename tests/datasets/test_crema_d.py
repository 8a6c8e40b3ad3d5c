"""load_crema_d on tiny corpora made here and, where they are, on the real recordings."""

from __future__ import annotations

import warnings

import numpy as np
import pandas as pd
import pytest
import soundfile

from sklearn_ser.datasets import load_crema_d
from sklearn_ser.exceptions import (
    AudioReadError,
    CorpusError,
    CorpusNotFoundError,
    CorpusWarning,
)

PAIRS = [
    ("1006_TIE_HAP_XX", "1006_TIE_NEU_XX"),
    ("1013_WSI_DIS_XX", "1013_WSI_SAD_XX"),
    ("1017_IWW_ANG_XX", "1017_IWW_FEA_XX"),
]
SILENT = "1076_MTI_SAD_XX"
STEMS = ["1001_DFA_ANG_XX", "1001_IEO_SAD_HI", "1002_IEO_HAP_LO", "1002_TSI_NEU_XX"]
ACTORS = """"ActorID","Age","Sex","Race","Ethnicity"
1001,51,"Male","Caucasian","Not Hispanic"
1002,21,"Female","Asian","Hispanic"
"""
VOTES = """"","FileName","VoiceVote","VoiceLevel","FaceVote"
"1","1001_DFA_ANG_XX","A","60.5","D"
"2","1001_IEO_SAD_HI","A:D","37.2:58.6","A"
"3","1002_IEO_HAP_LO","N","70","H"
"""
LFS_POINTER = "version https://git-lfs.github.com/spec/v1\noid sha256:c6f94b\nsize 72862\n"


def write_clip(folder, name, seed=None):
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / (name if "." in name else f"{name}.wav")
    noise = np.random.default_rng(seed or sum(map(ord, name))).normal(0, 0.1, 800)
    soundfile.write(path, noise, 16000)
    return path


@pytest.fixture
def folder(tmp_path):
    """Four clips in AudioWAV, and beside it the tables of actors and votes."""
    root = tmp_path / "CREMA-D"
    for stem in STEMS:
        write_clip(root / "AudioWAV", stem)
    (root / "VideoDemographics.csv").write_text(ACTORS)
    (root / "processedResults").mkdir()
    (root / "processedResults" / "summaryTable.csv").write_text(VOTES)
    return root


def without_tables(folder):
    (folder / "VideoDemographics.csv").unlink()
    (folder / "processedResults" / "summaryTable.csv").unlink()
    return folder


class TestBunch:
    def test_labels_speakers_and_facts(self, folder):
        bunch = load_crema_d(folder)
        assert bunch.target.tolist() == ["angry", "sad", "happy", "neutral"]
        assert bunch.groups.tolist() == ["crema_d-1001"] * 2 + ["crema_d-1002"] * 2
        assert bunch.data.in_memory
        assert "4 clips of 2 speakers" in bunch.DESCR
        assert "ODbL" in bunch.DESCR
        assert bunch.frame.iloc[0].drop("path").to_dict() == {
            "corpus": "crema_d",
            "emotion": "angry",
            "emotion_name": "ANG",
            "speaker": "crema_d-1001",
            "sex": "male",
            "age": 51,
            "race": "Caucasian",
            "ethnicity": "Not Hispanic",
            "intensity": "unspecified",
            "sentence": "DFA",
            "votes": "angry",
            "perceived": "angry",
            "perceived_level": 60.5,
        }
        assert bunch.frame["intensity"].tolist()[1:3] == ["high", "low"]

    def test_columns_without_tables(self, folder):
        frame = load_crema_d(without_tables(folder)).frame
        told = ["emotion", "emotion_name", "speaker", "intensity", "sentence"]
        assert frame.columns.tolist() == ["path", "corpus", *told]

    def test_folder_of_the_clips_finds_the_tables_around_it(self, folder):
        frame = load_crema_d(folder / "AudioWAV").frame
        assert {"sex", "perceived"} <= set(frame.columns)

    def test_tables_deep_inside(self, folder):
        frame = load_crema_d(folder.parent).frame
        assert frame["sex"].tolist() == ["male", "male", "female", "female"]

    def test_any_format(self, tmp_path):
        for name in ("1001_DFA_ANG_XX.flac", "1001_DFA_DIS_XX.ogg", "1001_DFA_FEA_XX.WAV"):
            write_clip(tmp_path / name[-3:], name)
        assert load_crema_d(tmp_path).target.tolist() == ["angry", "disgust", "fearful"]

    def test_misspelt_name_is_mended(self, tmp_path):
        write_clip(tmp_path, "1040_ITH_SAD_X")
        with pytest.warns(CorpusWarning, match="1040_ITH_SAD_X was read as 1040_ITH_SAD_XX"):
            assert load_crema_d(tmp_path).target.tolist() == ["sad"]


class TestTargets:
    @pytest.mark.parametrize("target", ["sex", "age", "race", "ethnicity", "sentence"])
    def test_columns(self, folder, target):
        bunch = load_crema_d(folder, target=target)
        assert bunch.target.tolist() == bunch.frame[target].tolist()

    def test_sex_emotion(self, folder):
        bunch = load_crema_d(folder, target="sex_emotion")
        expected = ["male_angry", "male_sad", "female_happy", "female_neutral"]
        assert bunch.target.tolist() == expected

    def test_perceived_leaves_ties_out_and_counts_them(self, folder):
        message = "2 of 4 clips were left out.*'perceived'.*tied .angry:disgust 1."
        with pytest.warns(CorpusWarning, match=message) as caught:
            bunch = load_crema_d(folder, target="perceived")
        assert caught[0].filename == __file__
        assert bunch.target.tolist() == ["angry", "neutral"]
        assert bunch.frame["emotion"].tolist() == ["angry", "happy"]

    def test_votes_name_ties(self, folder):
        with pytest.warns(CorpusWarning, match="1 of 4 .*no row of summaryTable.csv"):
            bunch = load_crema_d(folder, target="votes")
        assert bunch.target.tolist() == ["angry", "angry:disgust", "neutral"]

    def test_nothing_but_ties(self, folder):
        for stem in STEMS[:1] + STEMS[2:]:
            (folder / "AudioWAV" / f"{stem}.wav").unlink()
        with pytest.raises(CorpusError, match=r"no clip of CREMA-D has target='perceived'.*tied"):
            load_crema_d(folder, target="perceived")

    @pytest.mark.parametrize(
        ("target", "table"),
        [
            ("sex", "VideoDemographics.csv"),
            ("sex_emotion", "VideoDemographics.csv"),
            ("perceived", "summaryTable.csv"),
        ],
    )
    def test_a_table_that_is_needed_and_not_there(self, folder, target, table):
        with pytest.raises(CorpusError, match=f"target='{target}'.* {table}, .*not found; get it"):
            load_crema_d(without_tables(folder), target=target)

    def test_unknown_target(self, folder):
        with pytest.raises(CorpusError, match=r"no column 'percieved'.*did you mean 'perceived'"):
            load_crema_d(folder, target="percieved")


class TestTables:
    def test_lacking_column(self, folder):
        (folder / "VideoDemographics.csv").write_text("ActorID,Age\n1001,51\n")
        with pytest.raises(CorpusError, match=r"VideoDemographics.csv has no column 'Sex'"):
            load_crema_d(folder)

    def test_empty_table(self, folder):
        (folder / "VideoDemographics.csv").write_text("")
        with pytest.raises(CorpusError, match=r"VideoDemographics.csv cannot be read as a table"):
            load_crema_d(folder)

    def test_actor_who_is_not_in_the_table(self, folder):
        (folder / "VideoDemographics.csv").write_text("\n".join(ACTORS.splitlines()[:2]))
        with pytest.warns(CorpusWarning, match=r"2 of 4 .*no row of VideoDemographics.csv"):
            bunch = load_crema_d(folder, target="sex_emotion")
        assert bunch.target.tolist() == ["male_angry", "male_sad"]
        assert load_crema_d(folder).frame["sex"].isna().sum() == 2

    def test_votes_of_other_clips(self, folder):
        table = folder / "processedResults" / "summaryTable.csv"
        table.write_text(VOTES.replace("_", "-"))
        assert load_crema_d(folder).frame["perceived"].isna().all()
        with pytest.raises(CorpusError, match="no clip of CREMA-D has target='votes'"):
            load_crema_d(folder, target="votes")

    def test_unknown_letter(self, folder):
        table = folder / "processedResults" / "summaryTable.csv"
        table.write_text(VOTES.replace('"N"', '"Q"'))
        with pytest.raises(CorpusError, match=r"the vote 'Q'; the letters known are A, D, F"):
            load_crema_d(folder)


class TestNotThere:
    def test_no_folder(self, tmp_path):
        with pytest.raises(CorpusNotFoundError, match=r"(?s)no folder .*CheyneyComputerScience"):
            load_crema_d(tmp_path / "nowhere")

    def test_archive(self, tmp_path):
        (tmp_path / "crema.zip").touch()
        with pytest.raises(CorpusNotFoundError, match="is an archive; unpack it"):
            load_crema_d(tmp_path / "crema.zip")

    def test_empty_folder(self, tmp_path):
        with pytest.raises(CorpusNotFoundError, match=r"no audio file at all.*git lfs pull"):
            load_crema_d(tmp_path)

    def test_another_corpus(self, tmp_path):
        (tmp_path / "03-01-06-01-02-01-12.wav").touch()
        with pytest.raises(CorpusNotFoundError, match="look like RAVDESS"):
            load_crema_d(tmp_path)

    @pytest.mark.parametrize(
        "stem", ["1092_DFA_ANG_XX", "1001_DFB_ANG_XX", "1001_DFA_SUR_XX", "1001_DFA_ANG_MM"]
    )
    def test_codes_out_of_range(self, tmp_path, stem):
        (tmp_path / f"{stem}.wav").touch()
        with pytest.raises(CorpusNotFoundError, match=r"no CREMA-D file names.*load_clips"):
            load_crema_d(tmp_path)


class TestDefects:
    @pytest.fixture
    def defective(self, folder):
        for number, pair in enumerate(PAIRS, 1):
            for name in pair:
                write_clip(folder / "AudioWAV", name, seed=number)
        soundfile.write(folder / "AudioWAV" / f"{SILENT}.wav", np.zeros(800), 16000)
        return folder

    def test_known_defects_are_named(self, defective):
        message = "under two labels.*1017_IWW_FEA_XX.*1076_MTI_SAD_XX has no sound; clean=True"
        with pytest.warns(CorpusWarning, match=message) as caught:
            bunch = load_crema_d(defective, in_memory=False)
        assert len(caught) == 1
        assert len(bunch.data) == 11

    def test_clean_leaves_both_of_a_pair_out(self, defective):
        with pytest.warns(CorpusWarning, match="left out 7 of 11 clips") as caught:
            bunch = load_crema_d(defective, clean=True)
        said = str(caught[0].message)
        assert all(name in said for name in [*sum(PAIRS, ()), SILENT])
        assert [name[-19:-4] for name in bunch.filenames] == STEMS

    def test_a_pair_that_differs_is_no_defect(self, tmp_path):
        write_clip(tmp_path, PAIRS[0][0])
        soundfile.write(tmp_path / f"{PAIRS[0][1]}.wav", np.zeros(900), 16000)
        assert len(load_crema_d(tmp_path, clean=True).data) == 2

    def test_git_lfs_pointer(self, folder):
        (folder / "AudioWAV" / "1001_DFA_ANG_XX.wav").write_text(LFS_POINTER)
        with pytest.raises(AudioReadError, match=r"Git LFS pointer.*git lfs pull.*clean=True"):
            load_crema_d(folder)
        with pytest.warns(CorpusWarning, match=r"left out 1 of 4 .*Git LFS pointer"):
            assert len(load_crema_d(folder, clean=True).data) == 3

    def test_nothing_but_pointers(self, tmp_path):
        (tmp_path / "1001_DFA_ANG_XX.wav").write_text(LFS_POINTER)
        with pytest.raises(CorpusNotFoundError, match=r"every clip found is broken.*git lfs pull"):
            load_crema_d(tmp_path, clean=True)

    def test_cut_off(self, folder):
        path = folder / "AudioWAV" / "1001_DFA_ANG_XX.wav"
        path.write_bytes(path.read_bytes()[:900])
        with pytest.raises(AudioReadError, match=r"1001_DFA_ANG_XX.wav is cut off.*load_crema_d"):
            load_crema_d(folder)

    def test_wav_is_taken_where_mp3_lies_beside_it(self, folder):
        for stem in STEMS:
            write_clip(folder / "AudioMP3", f"{stem}.ogg")
        with pytest.warns(CorpusWarning, match="4 of 8 files were left out.*as WAV and as MP3"):
            bunch = load_crema_d(folder)
        assert all(name.endswith(".wav") for name in bunch.filenames)


class TestRealRecordings:
    @pytest.fixture
    def load(self, corpora):
        def load_quietly(**options):
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", CorpusWarning)
                return load_crema_d(corpora / "crema_d", in_memory=False, **options)

        return load_quietly

    def test_counts(self, load):
        bunch = load()
        assert len(bunch.data) == 6540
        assert len(set(bunch.groups)) == 80
        counts = pd.Series(bunch.target).value_counts().to_dict()
        assert counts.pop("neutral") == 955
        assert counts == dict.fromkeys(("angry", "disgust", "fearful", "happy", "sad"), 1117)
        sentences = bunch.frame["sentence"].value_counts()
        assert len(sentences) == 12
        assert sentences["IEO"] == 1280
        assert not bunch.frame.drop(columns=["perceived", "perceived_level"]).isna().any(axis=None)
        assert bunch.frame["age"].between(20, 74).all()

    def test_perceived(self, load):
        bunch = load(target="perceived")
        assert len(bunch.data) == 6540 - 573
        assert pd.Series(bunch.target).value_counts()["neutral"] == 3363

    def test_the_pairs_really_are_one_recording(self, load):
        bunch = load()
        position = {name.rsplit("/", 1)[-1][:15]: i for i, name in enumerate(bunch.filenames)}
        for first, second in PAIRS:
            one, other = position[first], position[second]
            assert np.array_equal(bunch.data[one], bunch.data[other])
            assert bunch.target[one] != bunch.target[other]
        assert np.abs(bunch.data[position[SILENT]]).max() < 1e-3

    def test_originals(self, corpora):
        with pytest.warns(CorpusWarning, match="1 of 2 clips: 1076_MTI_SAD_XX has no sound"):
            bunch = load_crema_d(corpora / "originals" / "crema_d", clean=True)
        assert bunch.target.tolist() == ["angry"]
        with pytest.raises(AudioReadError, match="Git LFS pointer"):
            load_crema_d(corpora / "originals" / "crema_d_lfs")
