"""load_ravdess on tiny corpora made here and, where they are, on the real recordings."""

from __future__ import annotations

import warnings

import numpy as np
import pandas as pd
import pytest
import soundfile

from sklearn_ser.datasets import load_ravdess
from sklearn_ser.datasets._labels import EMOTIONS
from sklearn_ser.exceptions import (
    AudioReadError,
    CorpusError,
    CorpusNotFoundError,
    CorpusWarning,
)

PAIR = ("03-01-03-01-02-01-07", "03-01-03-01-02-02-07")
COLUMNS = [
    "path",
    "corpus",
    "emotion",
    "speaker",
    "sex",
    "intensity",
    "sentence",
    "repetition",
    "channel",
]


def write_clip(folder, name, rate=8000, n_channels=1, seed=None, n_samples=400):
    """Write noise under a RAVDESS name into the folder of its actor; return the path."""
    stem = name.partition(".")[0]
    actor = folder / f"Actor_{stem[-2:]}"
    actor.mkdir(parents=True, exist_ok=True)
    path = actor / (name if "." in name else f"{name}.wav")
    noise = np.random.default_rng(seed or sum(map(ord, stem))).normal(0, 0.1, n_samples)
    soundfile.write(path, np.tile(noise[:, None], (1, n_channels)), rate)
    return path


def cut_off(path, share=0.5):
    data = path.read_bytes()
    path.write_bytes(data[: int(len(data) * share)])
    return path


@pytest.fixture
def folder(tmp_path):
    """Two actors, all eight emotions of one and three clips of the other, and odd company."""
    root = tmp_path / "Audio Speech ümlaut"
    for code in range(1, 9):
        write_clip(root, f"03-01-{code:02d}-01-01-01-01")
    for name in ("03-01-05-02-02-01-02", "03-01-04-01-02-02-02", "03-02-04-01-02-02-02"):
        write_clip(root, name)
    for name in ("notes.txt", "02-01-05-02-02-01-02.mp4", "._03-01-05-02-02-01-02.wav"):
        (root / "Actor_02" / name).write_text("no recording")
    return root


class TestBunch:
    def test_labels_speakers_and_columns(self, folder):
        bunch = load_ravdess(folder)
        assert bunch.target[:8].tolist() == list(EMOTIONS)
        assert bunch.target[8:].tolist() == ["sad", "angry"]
        assert bunch.target.dtype == object
        assert bunch.target_names == sorted(EMOTIONS)
        assert set(bunch.groups) == {"ravdess-01", "ravdess-02"}
        assert bunch.data.speakers.tolist() == bunch.groups.tolist()
        assert bunch.frame.columns.tolist() == COLUMNS
        assert bunch.sample_rate == bunch.data.sample_rate == 16000
        assert bunch.data.in_memory
        assert bunch.data[0].shape == (800,)
        assert "10 clips of 2 speakers" in bunch.DESCR
        assert "CC BY-NC-SA 4.0" in bunch.DESCR

    def test_columns_tell_what_the_name_tells(self, folder):
        frame = load_ravdess(folder).frame
        told = frame.iloc[-1].drop("path").to_dict()
        assert told == {
            "corpus": "ravdess",
            "emotion": "angry",
            "speaker": "ravdess-02",
            "sex": "female",
            "intensity": "strong",
            "sentence": "dogs",
            "repetition": 1,
            "channel": "speech",
        }
        assert (frame["sex"][:8] == "male").all()

    def test_filenames_are_absolute(self, folder, monkeypatch):
        monkeypatch.chdir(folder.parent)
        bunch = load_ravdess(folder.name)
        assert bunch.filenames[0] == str(folder / "Actor_01" / "03-01-01-01-01-01-01.wav")
        assert bunch.frame["path"].tolist() == bunch.filenames.tolist()

    def test_pair(self, folder):
        data, target = load_ravdess(folder, return_X_y=True)
        assert len(data) == len(target) == 10

    def test_lazy_clips_are_the_same(self, folder):
        now, later = load_ravdess(folder), load_ravdess(folder, in_memory=False)
        assert not later.data.in_memory
        assert all(np.array_equal(a, b) for a, b in zip(now.data, later.data, strict=True))
        pd.testing.assert_frame_equal(now.frame, later.frame)

    def test_threads_change_nothing(self, folder):
        one, two = load_ravdess(folder), load_ravdess(folder, n_jobs=2)
        assert all(np.array_equal(a, b) for a, b in zip(one.data, two.data, strict=True))

    def test_rate(self, folder):
        assert load_ravdess(folder, sample_rate=8000).data[0].shape == (400,)

    def test_lazy_opens_no_file(self, tmp_path):
        broken = write_clip(tmp_path, "03-01-05-02-02-01-02")
        broken.write_text("no recording at all")
        assert len(load_ravdess(tmp_path, in_memory=False).data) == 1

    def test_any_nesting_and_any_format(self, tmp_path):
        for name in ("03-01-01-01-01-01-03.flac", "03-01-02-01-01-01-03.ogg"):
            write_clip(tmp_path / "deep" / "deeper", name)
        write_clip(tmp_path, "03-01-03-01-01-01-03.WAV")
        assert load_ravdess(tmp_path).target.tolist() == ["neutral", "calm", "happy"]

    def test_is_quiet_by_default(self, folder, capsys):
        load_ravdess(folder)
        assert capsys.readouterr() == ("", "")


class TestChoices:
    @pytest.mark.parametrize(("channel", "count"), [("speech", 10), ("song", 1), ("both", 11)])
    def test_channel(self, folder, channel, count):
        assert len(load_ravdess(folder, channel=channel).data) == count

    @pytest.mark.parametrize("target", ["sex", "intensity", "sentence", "speaker"])
    def test_target_of_words(self, folder, target):
        bunch = load_ravdess(folder, target=target)
        assert bunch.target.tolist() == bunch.frame[target].tolist()
        assert bunch.frame["emotion"][0] == "neutral"

    def test_target_of_numbers(self, folder):
        assert load_ravdess(folder, target="repetition").target.dtype.kind == "i"

    def test_unknown_target(self, folder):
        with pytest.raises(CorpusError, match=r"no column 'emotoin'.*did you mean 'emotion'"):
            load_ravdess(folder, target="emotoin")

    def test_unknown_channel(self, folder):
        with pytest.raises(ValueError, match=r"channel='speach'.*did you mean 'speech'"):
            load_ravdess(folder, channel="speach")

    def test_bad_rate(self, folder):
        with pytest.raises(ValueError, match="sample_rate='16k' is no rate"):
            load_ravdess(folder, sample_rate="16k")


class TestNotThere:
    def test_no_folder(self, tmp_path):
        with pytest.raises(CorpusNotFoundError, match=r"(?s)no folder .*nowhere.*record 1188976"):
            load_ravdess(tmp_path / "nowhere")

    def test_where_to_get_it(self, tmp_path):
        with pytest.raises(CorpusNotFoundError, match="md5 bc696df654c87fed845eb13823edef8a"):
            load_ravdess(tmp_path / "nowhere")

    def test_archive(self, tmp_path):
        archive = tmp_path / "Audio_Speech_Actors_01-24.zip"
        archive.touch()
        with pytest.raises(CorpusNotFoundError, match="is an archive; unpack it"):
            load_ravdess(archive)

    def test_file(self, tmp_path):
        path = write_clip(tmp_path, "03-01-05-02-02-01-02")
        with pytest.raises(CorpusNotFoundError, match="is a file; give the folder of RAVDESS"):
            load_ravdess(path)

    def test_no_path(self):
        with pytest.raises(TypeError, match="path is a NoneType; give the folder of RAVDESS"):
            load_ravdess(None)

    def test_empty_folder(self, tmp_path):
        with pytest.raises(CorpusNotFoundError, match="no audio file at all"):
            load_ravdess(tmp_path)

    def test_another_corpus(self, tmp_path):
        (tmp_path / "OAF_back_angry.wav").touch()
        with pytest.raises(CorpusNotFoundError, match=r"'OAF_back_angry.wav' look like TESS"):
            load_ravdess(tmp_path)

    @pytest.mark.parametrize("name", ["clip 1.wav", "03-01-09-01-01-01-01.wav"])
    def test_names_of_ones_own(self, tmp_path, name):
        (tmp_path / name).touch()
        with pytest.raises(CorpusNotFoundError, match=r"1 audio files such as .*load_clips"):
            load_ravdess(tmp_path)

    def test_channel_that_is_not_there(self, tmp_path):
        write_clip(tmp_path, "03-02-04-01-02-02-02")
        with pytest.raises(CorpusNotFoundError, match="1 clips of song and none of speech"):
            load_ravdess(tmp_path)

    @pytest.mark.parametrize("field", range(1, 7))
    def test_codes_out_of_range_are_no_ravdess(self, tmp_path, field):
        codes = ["03", "01", "05", "01", "01", "01", "02"]
        codes[field] = "25"
        (tmp_path / f"{'-'.join(codes)}.wav").touch()
        with pytest.raises(CorpusNotFoundError, match="no RAVDESS file names"):
            load_ravdess(tmp_path)


class TestDefects:
    def test_every_clip_twice(self, folder):
        second = folder / "audio_speech_actors_01-24"
        write_clip(second, "03-01-04-01-02-02-02", seed=1)
        write_clip(second, "03-01-05-02-02-01-02.flac", seed=1)
        with pytest.warns(CorpusWarning, match="2 of 12 files were left out.*Kaggle") as caught:
            bunch = load_ravdess(folder)
        assert caught[0].filename == __file__
        assert not any("audio_speech" in name for name in bunch.filenames)

    @pytest.fixture
    def defective(self, tmp_path):
        for name in PAIR:
            write_clip(tmp_path, name, seed=1)
        cut_off(write_clip(tmp_path, "03-01-01-01-01-02-05"))
        write_clip(tmp_path, "03-01-02-01-02-02-05", n_channels=2)
        return tmp_path

    def test_clean_leaves_out_what_is_broken(self, defective):
        message = "left out 2 of 4 clips.*03-01-01-01-01-02-05.wav is cut off.*byte-identical"
        with pytest.warns(CorpusWarning, match=message) as caught:
            bunch = load_ravdess(defective, clean=True)
        assert len(caught) == 1
        assert [name[-24:-4] for name in bunch.filenames] == ["03-01-02-01-02-02-05", PAIR[0]]
        assert len(bunch.data) == len(bunch.frame) == len(bunch.target) == 2

    def test_clean_is_the_same_where_nothing_is_decoded(self, defective):
        with pytest.warns(CorpusWarning, match="left out 2 of 4"):
            bunch = load_ravdess(defective, clean=True, in_memory=False)
        assert len(bunch.data) == 2
        assert not bunch.data.in_memory

    def test_stereo_becomes_mono(self, defective):
        with pytest.warns(CorpusWarning, match="left out"):
            assert load_ravdess(defective, clean=True).data[0].shape == (800,)

    def test_a_file_cut_off_is_an_error_that_names_it(self, defective):
        with (
            pytest.warns(CorpusWarning, match="are one recording; clean=True leaves out one"),
            pytest.raises(AudioReadError, match=r"02-05.wav is cut off.*clean=True"),
        ):
            load_ravdess(defective)

    @pytest.mark.parametrize("ending", ["flac", "ogg", "wav"])
    def test_clean_finds_broken_files_of_any_format(self, folder, ending):
        name = f"03-01-01-01-01-01-09.{ending}"
        cut_off(write_clip(folder, name, n_samples=40000), 0.6)
        with pytest.warns(CorpusWarning, match=f"1 of 11 clips: .*{name} is"):
            assert len(load_ravdess(folder, clean=True).data) == 10

    def test_clean_finds_empty_files(self, folder):
        write_clip(folder, "03-01-01-01-01-01-09").write_bytes(b"")
        with pytest.warns(CorpusWarning, match="is empty"):
            load_ravdess(folder, clean=True)

    def test_clean_is_quiet_where_nothing_is_wrong(self, folder):
        assert len(load_ravdess(folder, clean=True).data) == 10

    def test_nothing_is_whole(self, tmp_path):
        cut_off(write_clip(tmp_path, "03-01-01-01-01-02-05"))
        with pytest.raises(CorpusNotFoundError, match=r"every clip found is broken: .*cut off"):
            load_ravdess(tmp_path, clean=True)

    def test_a_pair_that_differs_is_no_defect(self, tmp_path):
        for name, n_samples in zip(PAIR, (400, 500), strict=True):
            write_clip(tmp_path, name, n_samples=n_samples)
        assert len(load_ravdess(tmp_path, clean=True).data) == 2

    def test_broken_in_a_way_that_clean_does_not_see(self, folder):
        path = folder / "Actor_01" / "03-01-01-01-01-01-01.wav"
        samples = np.zeros(4000, dtype=np.float32)
        samples[10] = np.nan
        soundfile.write(path, samples, 8000, subtype="FLOAT")
        with pytest.raises(AudioReadError, match="NaN or infinity") as caught:
            load_ravdess(folder, clean=True)
        assert "clean=True" not in str(caught.value)


class TestRealRecordings:
    @pytest.fixture
    def bunch(self, corpora):
        with pytest.warns(CorpusWarning, match="are one recording"):
            return load_ravdess(corpora / "ravdess", n_jobs=2)

    def test_counts(self, bunch):
        assert len(bunch.data) == 1080
        assert len(set(bunch.groups)) == 18
        counts = pd.Series(bunch.target).value_counts().to_dict()
        assert counts == {emotion: 72 if emotion == "neutral" else 144 for emotion in EMOTIONS}
        assert bunch.frame["sex"].value_counts().to_dict() == {"male": 540, "female": 540}
        assert bunch.frame["sentence"].value_counts().to_dict() == {"kids": 540, "dogs": 540}
        assert {len(clip) > 16000 for clip in bunch.data} == {True}

    def test_the_pair_really_is_one_recording(self, bunch):
        first, second = (
            next(i for i, name in enumerate(bunch.filenames) if stem in name) for stem in PAIR
        )
        assert np.array_equal(bunch.data[first], bunch.data[second])
        assert bunch.target[first] == bunch.target[second] == "happy"

    def test_the_files_as_distributed(self, corpora):
        with pytest.warns(CorpusWarning, match="left out 2 of 6 clips"):
            bunch = load_ravdess(corpora / "originals" / "ravdess", clean=True)
        assert bunch.target.tolist() == ["neutral", "calm", "angry", "happy"]
        seconds = [len(clip) / 16000 for clip in bunch.data]
        assert seconds == pytest.approx([3.6036, 4.2376, 3.4034, 3.4034], abs=1e-3)

    def test_the_file_cut_off_is_named(self, corpora):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", CorpusWarning)
            with pytest.raises(AudioReadError, match=r"03-01-01-01-01-02-05.wav is cut off"):
                load_ravdess(corpora / "originals" / "ravdess")
