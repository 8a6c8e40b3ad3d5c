"""load_savee on tiny corpora made here and, where they are, on the real recordings."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import soundfile

from sklearn_ser.datasets import load_savee
from sklearn_ser.datasets._savee import _sentence
from sklearn_ser.exceptions import (
    AudioReadError,
    CorpusError,
    CorpusNotFoundError,
    CorpusWarning,
)

CODES = ["a", "d", "f", "h", "n", "sa", "su"]
EMOTIONS = ["angry", "disgust", "fearful", "happy", "neutral", "sad", "surprised"]


def write_clip(folder, name, n_samples=882):
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / name
    noise = np.random.default_rng(sum(map(ord, name))).normal(0, 0.1, n_samples)
    soundfile.write(path, noise, 44100)
    return path


@pytest.fixture
def folder(tmp_path):
    for speaker in ("JK", "DC"):
        for code in CODES:
            write_clip(tmp_path / "AudioData" / speaker, f"{code}04.wav")
    (tmp_path / "AudioData" / "Info.txt").write_text("no recording")
    return tmp_path


class TestBunch:
    def test_labels_speakers_and_facts(self, folder):
        bunch = load_savee(folder)
        assert bunch.target.tolist() == EMOTIONS * 2
        assert bunch.groups.tolist() == ["savee-DC"] * 7 + ["savee-JK"] * 7
        assert bunch.data[0].shape == (320,)
        assert "14 clips of 2 speakers" in bunch.DESCR
        assert bunch.frame.iloc[5].drop("path").to_dict() == {
            "corpus": "savee",
            "emotion": "sad",
            "emotion_name": "sa",
            "speaker": "savee-DC",
            "sex": "male",
            "sentence": "sad-04",
        }

    def test_all_in_one_folder(self, tmp_path):
        for name in ("DC_a01.wav", "KL_su15.flac", "JE_n30.wav"):
            write_clip(tmp_path / "ALL", name)
        bunch = load_savee(tmp_path)
        assert bunch.groups.tolist() == ["savee-DC", "savee-JE", "savee-KL"]
        assert bunch.target.tolist() == ["angry", "neutral", "surprised"]

    def test_folder_of_one_speaker(self, folder):
        assert set(load_savee(folder / "AudioData" / "JK").groups) == {"savee-JK"}

    def test_both_forms_are_one_clip(self, folder):
        write_clip(folder / "ALL", "DC_a04.wav")
        with pytest.warns(CorpusWarning, match="1 of 15 files were left out"):
            assert len(load_savee(folder).data) == 14

    def test_sex_emotion(self, folder):
        bunch = load_savee(folder, target="sex_emotion")
        assert bunch.target_names == [f"male_{emotion}" for emotion in EMOTIONS]

    def test_pair(self, folder):
        data, target = load_savee(folder, target="sentence", return_X_y=True)
        assert len(data) == len(target) == 14
        assert "common-01" not in target


class TestSentences:
    @pytest.mark.parametrize("emotion", EMOTIONS)
    def test_first_three_are_common(self, emotion):
        assert [_sentence(emotion, n) for n in (1, 3, 4)] == [
            "common-01",
            "common-03",
            f"{emotion}-04",
        ]
        assert _sentence(emotion, 15) == f"{emotion}-15"

    def test_neutral_repeats(self):
        repeats = [_sentence("neutral", number) for number in range(16, 31)]
        assert repeats[:3] == ["common-01", "common-02", "common-03"]
        order = ("angry", "disgust", "fearful", "surprised", "sad", "happy")
        assert repeats[3:] == [f"{e}-{n}" for e in order for n in ("04", "05")]


class TestNotThere:
    def test_no_folder(self, tmp_path):
        with pytest.raises(CorpusNotFoundError, match=r"(?s)no folder .*registration"):
            load_savee(tmp_path / "nowhere")

    def test_empty_folder(self, tmp_path):
        with pytest.raises(CorpusNotFoundError, match="no audio file at all"):
            load_savee(tmp_path)

    def test_another_corpus(self, tmp_path):
        (tmp_path / "1001_DFA_ANG_XX.wav").touch()
        with pytest.raises(CorpusNotFoundError, match=r"look like CREMA-D. .*load_crema_d"):
            load_savee(tmp_path)

    @pytest.mark.parametrize("name", ["a01.wav", "a16.wav", "n31.wav", "DC_a00.wav", "DC_x01.wav"])
    def test_unknown_speaker_or_number(self, tmp_path, name):
        (tmp_path / name).touch()
        with pytest.raises(CorpusNotFoundError, match=r"a01.wav in a folder DC, JE, JK or KL"):
            load_savee(tmp_path)

    def test_unknown_target(self, folder):
        with pytest.raises(CorpusError, match=r"no column 'emotions'.*did you mean 'emotion'"):
            load_savee(folder, target="emotions")

    def test_cut_off(self, tmp_path):
        path = write_clip(tmp_path, "DC_a01.wav")
        path.write_bytes(path.read_bytes()[:900])
        with pytest.raises(AudioReadError, match=r"is cut off.*load_savee\(..., clean=True\)"):
            load_savee(tmp_path)


class TestRealRecordings:
    def test_counts(self, corpora):
        bunch = load_savee(corpora / "savee", in_memory=False)
        counts = pd.Series(bunch.target).value_counts().to_dict()
        assert counts == {e: 120 if e == "neutral" else 60 for e in EMOTIONS}
        assert pd.Series(bunch.groups).value_counts().tolist() == [120] * 4
        sentences = bunch.frame["sentence"].value_counts()
        assert len(sentences) == 3 + 7 * 12
        # Of each speaker: the common ones in six emotions and twice neutrally.
        assert sentences[[f"common-0{n}" for n in (1, 2, 3)]].tolist() == [32] * 3
        assert sentences[["angry-04", "angry-06", "neutral-04"]].tolist() == [8, 4, 4]

    def test_originals(self, corpora):
        bunch = load_savee(corpora / "originals" / "savee")
        assert bunch.target.tolist() == ["angry", "sad"]
