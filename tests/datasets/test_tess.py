"""load_tess on tiny corpora made here and, where they are, on the real recordings."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import soundfile

from sklearn_ser.datasets import load_tess
from sklearn_ser.exceptions import (
    AudioReadError,
    CorpusError,
    CorpusNotFoundError,
    CorpusWarning,
)

CODES = ["angry", "disgust", "fear", "happy", "neutral", "ps", "sad"]
EMOTIONS = ["angry", "disgust", "fearful", "happy", "neutral", "surprised", "sad"]


def write_clip(folder, name, rate=24414):
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / name
    noise = np.random.default_rng(sum(map(ord, name))).normal(0, 0.1, rate // 10)
    soundfile.write(path, noise, rate)
    return path


@pytest.fixture
def folder(tmp_path):
    for speaker in ("OAF", "YAF"):
        for code in CODES:
            write_clip(tmp_path / f"some {code}", f"{speaker}_back_{code}.wav")
    return tmp_path


class TestBunch:
    def test_labels_speakers_and_facts(self, folder):
        bunch = load_tess(folder)
        assert bunch.target.tolist() == EMOTIONS * 2
        assert bunch.groups.tolist() == ["tess-OAF"] * 7 + ["tess-YAF"] * 7
        assert "14 clips of 2 speakers" in bunch.DESCR
        assert bunch.frame.iloc[5].drop("path").to_dict() == {
            "corpus": "tess",
            "emotion": "surprised",
            "emotion_name": "ps",
            "speaker": "tess-OAF",
            "sex": "female",
            "age": 64,
            "sentence": "back",
        }
        assert bunch.frame["age"].tolist()[7:] == [26] * 7

    def test_rates_may_differ(self, tmp_path):
        write_clip(tmp_path, "OAF_food_fear.wav", rate=96000)
        write_clip(tmp_path, "OAF_food_sad.flac")
        assert [len(clip) for clip in load_tess(tmp_path).data] == [1600, 1600]

    def test_names_in_capitals(self, tmp_path):
        write_clip(tmp_path, "YAF_Back_PS.wav")
        assert load_tess(tmp_path).frame["sentence"].tolist() == ["back"]

    def test_sex_emotion(self, folder):
        bunch = load_tess(folder, target="sex_emotion")
        assert bunch.target_names == sorted(f"female_{emotion}" for emotion in EMOTIONS)

    def test_target_of_numbers(self, folder):
        assert set(load_tess(folder, target="age").target) == {26, 64}


class TestDefects:
    def test_misspelt_name_is_mended(self, tmp_path):
        write_clip(tmp_path, "OA_bite_neutral.wav")
        with pytest.warns(CorpusWarning, match="OA_bite_neutral was read as OAF_bite") as caught:
            bunch = load_tess(tmp_path)
        assert caught[0].filename == __file__
        assert bunch.groups.tolist() == ["tess-OAF"]
        assert bunch.frame["sentence"].tolist() == ["bite"]
        assert bunch.filenames[0].endswith("OA_bite_neutral.wav")

    def test_every_clip_twice(self, folder):
        write_clip(folder / "again" / "deeper", "OAF_back_ps.wav")
        with pytest.warns(CorpusWarning, match="1 of 15 files were left out.*Kaggle"):
            bunch = load_tess(folder)
        assert not any("again" in name for name in bunch.filenames)

    def test_cut_off(self, folder):
        path = folder / "some ps" / "OAF_back_ps.wav"
        path.write_bytes(path.read_bytes()[:900])
        with pytest.raises(AudioReadError, match=r"is cut off.*load_tess\(..., clean=True\)"):
            load_tess(folder)
        with pytest.warns(CorpusWarning, match="clean=True left out 1 of 14"):
            assert len(load_tess(folder, clean=True).data) == 13


class TestNotThere:
    def test_no_folder(self, tmp_path):
        with pytest.raises(CorpusNotFoundError, match=r"(?s)no folder .*10.5683/SP2/E8H2MF"):
            load_tess(tmp_path / "nowhere")

    def test_archive(self, tmp_path):
        (tmp_path / "TESS.zip").touch()
        with pytest.raises(CorpusNotFoundError, match="is an archive; unpack it"):
            load_tess(tmp_path / "TESS.zip")

    def test_empty_folder(self, tmp_path):
        with pytest.raises(CorpusNotFoundError, match="no audio file at all"):
            load_tess(tmp_path)

    def test_another_corpus(self, tmp_path):
        (tmp_path / "DC_a01.wav").touch()
        with pytest.raises(CorpusNotFoundError, match="look like SAVEE"):
            load_tess(tmp_path)

    @pytest.mark.parametrize("name", ["OBF_back_ps.wav", "OAF_back_calm.wav", "back.wav"])
    def test_other_names(self, tmp_path, name):
        (tmp_path / name).touch()
        with pytest.raises(CorpusNotFoundError, match=r"names are like OAF_back_angry.wav"):
            load_tess(tmp_path)

    def test_unknown_target(self, folder):
        with pytest.raises(CorpusError, match=r"no column 'word'"):
            load_tess(folder, target="word")


class TestRealRecordings:
    def test_counts(self, corpora):
        bunch = load_tess(corpora / "tess", in_memory=False)
        assert pd.Series(bunch.target).value_counts().to_dict() == dict.fromkeys(EMOTIONS, 100)
        assert pd.Series(bunch.groups).value_counts().tolist() == [350, 350]
        assert bunch.frame["sentence"].value_counts().tolist() == [14] * 50

    def test_originals(self, corpora):
        bunch = load_tess(corpora / "originals" / "tess")
        assert bunch.target.tolist() == ["angry", "fearful"]
        assert all(1.0 < len(clip) / 16000 < 3.0 for clip in bunch.data)
