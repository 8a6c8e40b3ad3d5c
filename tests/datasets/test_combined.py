"""load_corpora on tiny corpora made here and, where they are, on the real recordings."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
import soundfile

from sklearn_ser.datasets import load_corpora, load_ravdess, load_tess
from sklearn_ser.datasets._labels import SEX_EMOTIONS, sex_emotion
from sklearn_ser.exceptions import (
    AudioReadError,
    CorpusError,
    CorpusNotFoundError,
    CorpusWarning,
)

NAMES = {
    "ravdess": [f"03-01-{code:02d}-01-01-01-{actor}" for code in range(1, 9) for actor in (13, 14)],
    "tess": [f"OAF_back_{code}" for code in "angry disgust fear happy neutral ps sad".split()],  # noqa: SIM905
    "crema_d": [f"1001_DFA_{code}_XX" for code in "ANG DIS FEA HAP NEU SAD".split()],  # noqa: SIM905
    "savee": [f"JE_{code}01" for code in "a d f h n sa su".split()],  # noqa: SIM905
}
RATES = {"ravdess": 48000, "tess": 24414, "crema_d": 16000, "savee": 44100}
SIX = ["angry", "disgust", "fearful", "happy", "neutral", "sad"]


@pytest.fixture
def paths(tmp_path):
    folders = {}
    for corpus, names in NAMES.items():
        folders[corpus] = tmp_path / corpus
        folders[corpus].mkdir()
        for seed, name in enumerate(names):
            noise = np.random.default_rng(seed).normal(0, 0.1, RATES[corpus] // 20)
            soundfile.write(folders[corpus] / f"{name}.wav", noise, RATES[corpus])
    (tmp_path / "VideoDemographics.csv").write_text(
        "ActorID,Age,Sex,Race,Ethnicity\n1001,51,Male,Caucasian,Not Hispanic\n"
    )
    return folders


def only(paths, *names):
    return {name: paths[name] for name in names}


class TestBunch:
    def test_shared_emotions_at_one_rate(self, paths):
        bunch = load_corpora(paths)
        assert bunch.target_names == SIX
        assert bunch.frame["corpus"].drop_duplicates().tolist() == list(NAMES)
        assert len(bunch.data) == 12 + 3 * 6
        assert {len(clip) for clip in bunch.data} <= {799, 800, 801}
        speakers = {"ravdess-13", "ravdess-14", "tess-OAF", "crema_d-1001", "savee-JE"}
        assert set(bunch.groups) == set(bunch.data.speakers) == speakers
        assert bunch.frame["path"].tolist() == bunch.filenames.tolist()
        assert all(name in bunch.DESCR for name in ("RAVDESS", "TESS", "CREMA-D", "SAVEE"))
        assert bunch.DESCR.rstrip().endswith("neutral 5, sad 5.")

    def test_own_names_are_kept(self, paths):
        frame = load_corpora(only(paths, "tess", "savee", "ravdess")).frame
        surprised = frame[frame["emotion"] == "surprised"]
        assert surprised["emotion_name"].tolist() == ["ps", "su", "surprised", "surprised"]

    def test_clips_are_those_of_the_loaders(self, paths):
        joined = load_corpora(only(paths, "ravdess", "tess"), emotions=["sad"]).data
        ravdess = load_ravdess(paths["ravdess"])
        alone = [*ravdess.data[ravdess.target == "sad"], load_tess(paths["tess"]).data[6]]
        assert len(joined) == 3
        assert all(np.array_equal(a, b) for a, b in zip(joined, alone, strict=True))

    def test_lazy_is_the_same(self, paths):
        now, later = load_corpora(paths), load_corpora(paths, in_memory=False)
        assert now.data.in_memory
        assert not later.data.in_memory
        assert all(np.array_equal(a, b) for a, b in zip(now.data, later.data, strict=True))

    def test_pair_and_rate(self, paths):
        data, target = load_corpora(paths, sample_rate=8000, return_X_y=True)
        assert data.sample_rate == 8000
        assert len(data) == len(target)

    def test_other_targets(self, paths):
        bunch = load_corpora(paths, target="corpus")
        assert bunch.target_names == sorted(NAMES)


class TestEmotions:
    def test_calm_is_kept_where_ravdess_is_alone(self, paths):
        assert "calm" in load_corpora(only(paths, "ravdess")).target_names

    def test_calm_as_neutral(self, paths):
        bunch = load_corpora(paths, calm="neutral")
        of_ravdess = bunch.frame[bunch.frame["corpus"] == "ravdess"]
        neutral = of_ravdess[of_ravdess["emotion"] == "neutral"]
        assert sorted(neutral["emotion_name"]) == ["calm", "calm", "neutral", "neutral"]
        assert bunch.target_names == SIX

    def test_all_warns_of_what_some_lack(self, paths):
        message = "surprised is not in crema_d: a model may learn to tell the corpora"
        with pytest.warns(CorpusWarning, match=message) as caught:
            bunch = load_corpora(paths, emotions="all", calm="neutral", target="sex_emotion")
        assert caught[0].filename == __file__
        assert bunch.target_names == sorted(SEX_EMOTIONS)
        assert len(SEX_EMOTIONS) == 14

    def test_list_takes_synonyms(self, paths):
        assert load_corpora(paths, emotions=["Anger", "sadness"]).target_names == ["angry", "sad"]

    def test_list_that_nobody_has(self, paths):
        with pytest.raises(CorpusError, match=r"none of tess has calm; they have neutral"):
            load_corpora(only(paths, "tess"), emotions=["calm", "sad"])

    def test_nothing_shared(self, paths):
        for name in NAMES["tess"][1:]:
            (paths["tess"] / f"{name}.wav").unlink()
        (paths["savee"] / "JE_a01.wav").unlink()
        with pytest.raises(CorpusError, match="tess, savee share no emotion"):
            load_corpora(only(paths, "tess", "savee"))

    @pytest.mark.parametrize(
        ("options", "message"),
        [
            ({"emotions": "shard"}, "emotions='shard'.*did you mean 'shared'"),
            ({"emotions": ["sadd"]}, "'sadd' is no emotion"),
            ({"calm": "drop"}, "calm='drop'"),
            ({"sample_rate": 0}, "sample_rate=0 is no rate"),
        ],
    )
    def test_unknown_choices(self, paths, options, message):
        with pytest.raises(ValueError, match=message):
            load_corpora(paths, **options)


class TestErrors:
    def test_unknown_corpus(self, paths):
        with pytest.raises(ValueError, match=r"corpus 'CREMA-D' is not known.*mean 'crema_d'"):
            load_corpora({"CREMA-D": paths["crema_d"]})

    def test_no_dict(self, paths):
        with pytest.raises(TypeError, match="paths is a list; give a dict of folders"):
            load_corpora(list(paths.values()))

    def test_empty_dict(self):
        with pytest.raises(ValueError, match="paths is empty; give folders of crema_d, ravdess"):
            load_corpora({})

    def test_a_part_that_is_not_there_is_named(self, paths, tmp_path):
        with pytest.raises(CorpusNotFoundError, match=r"^tess: there is no folder"):
            load_corpora({**paths, "tess": tmp_path / "nowhere"})

    def test_a_part_that_is_another_corpus(self, paths):
        with pytest.raises(CorpusNotFoundError, match=r"^tess: .*look like SAVEE"):
            load_corpora({**paths, "tess": paths["savee"]})

    def test_a_path_that_is_none(self, paths):
        with pytest.raises(TypeError, match=r"^savee: path is a NoneType"):
            load_corpora({**paths, "savee": None})

    def test_a_part_that_cannot_be_decoded(self, paths):
        (paths["savee"] / "JE_a01.wav").write_bytes(b"")
        with pytest.raises(AudioReadError, match=r"^savee: .*JE_a01.wav is empty.*clean=True"):
            load_corpora(paths)

    def test_a_part_without_the_target(self, paths):
        (paths["crema_d"].parent / "VideoDemographics.csv").unlink()
        with pytest.raises(CorpusError, match=r"^crema_d: target='sex_emotion'.*Demographics"):
            load_corpora(paths, target="sex_emotion")
        with pytest.raises(CorpusError, match=r"^tess: .*no column 'repetition'"):
            load_corpora(paths, target="repetition")


class TestSexEmotion:
    def test_calm_is_neutral(self, paths):
        bunch = load_ravdess(paths["ravdess"], target="sex_emotion")
        assert bunch.target_names == sorted(SEX_EMOTIONS)
        assert bunch.target[bunch.frame["emotion"] == "calm"].tolist() == [
            "male_neutral",
            "female_neutral",
        ]

    def test_unknown_sex(self):
        with pytest.raises(CorpusError, match="sex='robot' is neither 'female' nor 'male'"):
            sex_emotion("robot", "sad")


class TestRealRecordings:
    def test_counts(self, corpora):
        folders = {name: corpora / name for name in NAMES}
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", CorpusWarning)
            bunch = load_corpora(folders, in_memory=False, calm="neutral")
        assert bunch.target_names == SIX
        counts = bunch.frame["corpus"].value_counts().to_dict()
        assert counts == {"crema_d": 6540, "ravdess": 936, "tess": 600, "savee": 420}
        assert len(set(bunch.groups)) == 80 + 18 + 2 + 4
        assert not bunch.frame["sex"].isna().any()
        decoded = [bunch.data[i] for i in (0, 2000, -1)]
        assert all(len(clip) > 8000 for clip in decoded)
