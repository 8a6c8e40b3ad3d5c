from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from sklearn.dummy import DummyClassifier
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer

from sklearn_ser.audio import AudioClips
from sklearn_ser.model_selection import (
    LeaveOneSpeakerOut,
    MetadataKFold,
    PredefinedSpeakerFolds,
    SpeakerKFold,
    SpeakerSentenceSplit,
    benchmark,
    default_protocols,
    get_protocol,
    protocol_names,
)

CLASSES = ("angry", "calm", "sad")


def as_array(clips):
    return np.asarray(clips)


def make_clips(speakers=("DC", "JE", "JK", "KL"), n_own=6):
    """As SAVEE: two sentences in every emotion, and others that belong to one. Words are heard."""
    rows = [
        {"speaker": speaker, "emotion": emotion, "sentence": sentence}
        for speaker in speakers
        for emotion in CLASSES
        for sentence in ["both-1", "both-2", *(f"{emotion}-{n}" for n in range(n_own))]
    ]
    table = pd.DataFrame(rows)
    words = {word: place for place, word in enumerate(sorted(set(table["sentence"])))}
    waves = np.zeros((len(table), len(words)))
    waves[np.arange(len(table)), table["sentence"].map(words)] = 0.5
    return AudioClips(waves, metadata=table), np.asarray(table["emotion"], dtype=object)


def parts(splitter, clips, y, column):
    values = np.asarray(clips.metadata[column])
    return [(values[train], values[test]) for train, test in splitter.split(clips, y)]


def times_tested(splitter, clips, y, groups=None):
    tests = [test for _, test in splitter.split(clips, y, groups)]
    return np.bincount(np.concatenate(tests), minlength=len(y))


class TestLeaveOneSpeakerOut:
    def test_each_speaker_once(self):
        clips, y = make_clips()
        tested = [set(test) for _, test in parts(LeaveOneSpeakerOut(), clips, y, "speaker")]
        assert tested == [{"DC"}, {"JE"}, {"JK"}, {"KL"}]
        assert (times_tested(LeaveOneSpeakerOut(), clips, y) == 1).all()
        assert LeaveOneSpeakerOut().get_n_splits(clips) == 4

    def test_groups_come_first(self):
        clips, y = make_clips()
        groups = np.arange(len(y)) % 3
        assert LeaveOneSpeakerOut().get_n_splits(clips, y, groups) == 3

    def test_natural_order(self):
        speakers = np.array(["actor 10", "actor 9", "actor 9"])
        _, test = next(LeaveOneSpeakerOut().split(np.zeros((3, 1)), groups=speakers))
        assert test.tolist() == [1, 2]

    def test_one_speaker(self):
        clips, y = make_clips(speakers=["DC"])
        with pytest.raises(ValueError, match="all clips are by one speaker, 'DC'"):
            next(LeaveOneSpeakerOut().split(clips, y))

    def test_no_speakers(self):
        with pytest.raises(ValueError, match="LeaveOneSpeakerOut does not know who speaks"):
            next(LeaveOneSpeakerOut().split(np.zeros((3, 1))))

    def test_number_of_folds_needs_clips(self):
        with pytest.raises(ValueError, match="as many folds as the clips ask for: give X"):
            LeaveOneSpeakerOut().get_n_splits()


class TestPredefinedSpeakerFolds:
    FOLDS = (("DC", "JE"), ("JK", "KL"), ("nobody",))

    def test_folds_are_those_given(self):
        clips, y = make_clips()
        splitter = PredefinedSpeakerFolds(self.FOLDS)
        tested = [set(test) for _, test in parts(splitter, clips, y, "speaker")]
        assert tested == [{"DC", "JE"}, {"JK", "KL"}]
        assert (times_tested(splitter, clips, y) == 1).all()

    def test_absent_speakers_are_noted(self):
        clips, y = make_clips()
        splitter = PredefinedSpeakerFolds(self.FOLDS)
        (note,) = splitter._notes(clips, y, None)
        assert note.startswith("1 speakers of the published folds are not in the data")
        assert note.endswith("skipped: nobody.")
        assert not PredefinedSpeakerFolds(self.FOLDS[:2])._notes(clips, y, None)

    def test_stranger(self):
        clips, y = make_clips()
        with pytest.raises(ValueError, match="1 of 4 speakers are in no fold, such as 'KL'"):
            next(PredefinedSpeakerFolds([["DC", "JE"], ["JK"]]).split(clips, y))

    def test_all_in_one_fold(self):
        clips, y = make_clips()
        with pytest.raises(ValueError, match="nobody left to train on"):
            next(PredefinedSpeakerFolds([["DC", "JE", "JK", "KL"], ["x"]]).split(clips, y))

    @pytest.mark.parametrize(
        ("folds", "message"),
        [([["a"]], "at least 2 folds"), ([["a"], ["b", "a"]], "folds name 'a' twice")],
    )
    def test_bad_folds(self, folds, message):
        with pytest.raises(ValueError, match=message):
            PredefinedSpeakerFolds(folds)


class TestMetadataKFold:
    def test_no_value_on_both_sides(self):
        clips, y = make_clips()
        splitter = MetadataKFold("sentence", n_splits=3)
        for train, test in parts(splitter, clips, y, "sentence"):
            assert set(train).isdisjoint(test)
        for _, test in parts(splitter, clips, y, "emotion"):
            assert set(test) == set(CLASSES)
        assert (times_tested(splitter, clips, y) == 1).all()
        assert splitter.get_n_splits() == 3

    @pytest.mark.parametrize(
        ("splitter", "message"),
        [
            (MetadataKFold("sentense"), "has not. Did you mean 'sentence'"),
            (MetadataKFold(n_splits=21), "21 folds need at least 21 different values"),
        ],
    )
    def test_errors(self, splitter, message):
        clips, y = make_clips()
        with pytest.raises(ValueError, match=message):
            next(splitter.split(clips, y))

    def test_no_table(self):
        with pytest.raises(ValueError, match="ndarray carries none: load the clips with"):
            next(MetadataKFold().split(np.zeros((4, 2))))

    def test_missing_values(self):
        clips, y = make_clips()
        table = clips.metadata.assign(sentence=[None, *clips.metadata["sentence"][1:]])
        with pytest.raises(ValueError, match="1 of 96 are missing, the first that of clip 0"):
            next(MetadataKFold().split(clips.with_metadata(table), y))

    @pytest.mark.parametrize("n_splits", [1, True, 2.5])
    def test_number(self, n_splits):
        with pytest.raises(ValueError, match="n_splits must be an int of at least 2"):
            MetadataKFold(n_splits=n_splits)


class TestSpeakerSentenceSplit:
    def test_common_sentences_are_tested_and_never_trained_on(self):
        clips, y = make_clips()
        splitter = SpeakerSentenceSplit()
        for train, test in parts(splitter, clips, y, "sentence"):
            assert set(test) == {"both-1", "both-2"}
            assert set(train).isdisjoint(test)
            assert len(set(train)) == 18
        for train, test in parts(splitter, clips, y, "speaker"):
            assert len(set(test)) == 1
            assert set(train).isdisjoint(test)
        assert splitter.get_n_splits(clips, y) == 4
        assert times_tested(splitter, clips, y).sum() == 24

    def test_listed_sentences(self):
        clips, y = make_clips()
        splitter = SpeakerSentenceSplit(["both-1"])
        assert all(set(test) == {"both-1"} for _, test in parts(splitter, clips, y, "sentence"))

    @pytest.mark.parametrize(("n_speaker_folds", "n_folds"), [(None, 12), (2, 6), (9, 12)])
    def test_folds_of_sentences_test_every_clip(self, n_speaker_folds, n_folds):
        clips, y = make_clips()
        splitter = SpeakerSentenceSplit(3, n_speaker_folds=n_speaker_folds)
        assert (times_tested(splitter, clips, y) == 1).all()
        assert splitter.get_n_splits(clips, y) == n_folds
        for column in ("speaker", "sentence"):
            for train, test in parts(splitter, clips, y, column):
                assert set(train).isdisjoint(test)
        for _, test in parts(splitter, clips, y, "emotion"):
            assert set(test) == set(CLASSES)

    def test_note(self):
        clips, y = make_clips()
        (note,) = SpeakerSentenceSplit()._notes(clips, y, None)
        assert "over 24 of 96 clips: those of the 2 test sentences (both-1, both-2)" in note
        assert not SpeakerSentenceSplit(2)._notes(clips, y, None)

    def test_all_sentences_are_common(self):
        clips, y = make_clips(n_own=0)
        with pytest.raises(ValueError, match="All 2 sentences are said in every class"):
            next(SpeakerSentenceSplit().split(clips, y))

    @pytest.mark.parametrize(
        ("sentences", "message"),
        [(["none"], "None of the 20 sentences is listed"), (21, "21 folds need at least 21")],
    )
    def test_errors(self, sentences, message):
        clips, y = make_clips()
        with pytest.raises(ValueError, match=message):
            next(SpeakerSentenceSplit(sentences).split(clips, y))

    def test_needs_labels(self):
        clips, _ = make_clips()
        with pytest.raises(ValueError, match="needs y"):
            next(SpeakerSentenceSplit().split(clips))

    def test_bad_parameters(self):
        with pytest.raises(ValueError, match=r"For a single sentence write \['both-1'\]"):
            SpeakerSentenceSplit("both-1")
        with pytest.raises(ValueError, match="n_speaker_folds must be an int"):
            SpeakerSentenceSplit(n_speaker_folds=1)
        with pytest.raises(ValueError, match="sentences must be an int of at least 2"):
            SpeakerSentenceSplit(1)


class TestProtocols:
    @pytest.mark.parametrize("name", protocol_names())
    def test_each_is_complete(self, name):
        protocol = get_protocol(name)
        assert protocol.name == name
        assert protocol.description.endswith(".")
        assert hasattr(protocol.outer, "split")
        assert hasattr(protocol.inner, "split")

    def test_unknown(self):
        with pytest.raises(ValueError, match=r"no protocol 'losso'\. Did you mean 'loso'"):
            get_protocol("losso")

    @pytest.mark.parametrize("corpus", [None, "savee", "tess", "ravdess", "crema_d", "other"])
    def test_defaults_exist(self, corpus):
        assert set(default_protocols(corpus)) <= set(protocol_names())

    @pytest.mark.filterwarnings("ignore::sklearn_ser.exceptions.CorpusWarning")
    def test_ravdess_folds_hold_every_actor_once(self):
        protocol = get_protocol("ravdess-luna-jimenez")
        actors = [actor for fold in protocol.outer.folds for actor in fold]
        assert sorted(actors) == [f"ravdess-{n:02d}" for n in range(1, 25)]
        assert "10.3390/s21227665" in protocol.citation


def nested(pipelines=("knn",), **options):
    clips, y = make_clips(**options.pop("clips", {}))
    model = make_pipeline(FunctionTransformer(as_array), KNeighborsClassifier(1))
    dummy = make_pipeline(FunctionTransformer(as_array), DummyClassifier())
    known = {"knn": (model, {}), "dummy": (dummy, {})}
    chosen = {name: known[name] for name in pipelines}
    return benchmark(chosen, clips, y, **{"random_split": False, **options})


class TestBenchmark:
    def test_words_leak_until_the_sentences_are_held_out(self):
        heard = nested(protocol="loso")
        held_out = nested(protocol="loso-sentences")
        assert heard.table.loc["knn", "uar"] > 0.7
        assert held_out.table.loc["knn", "uar"] == pytest.approx(1 / 3)

    def test_only_tested_clips_are_scored(self):
        result = nested(["knn", "dummy"], protocol="loso-sentences", random_split=True)
        assert result.settings["n_clips"] == 96
        assert result.settings["n_tested"] == len(result.predictions) == 24
        assert result.per_class["support"].max() == 24
        clips, y = make_clips()
        assert (result.predictions["true"] == y[result.predictions["clip"]]).all()
        speakers = clips.speakers[result.predictions["clip"]]
        assert (result.predictions["speaker"] == speakers).all()
        assert result.table["random_uar"].notna().any()
        assert any("Scores are over 24 of 96 clips" in note for note in result.notes)

    def test_report_names_the_protocol(self):
        report = str(nested(protocol="loso"))
        assert "Protocol loso: Leave one speaker out" in report
        assert "No interval is given: 4 speakers" in report
        assert " - " in report

    def test_one_training_voice_is_tuned_by_sentence(self):
        result = nested(protocol="tess-across", clips={"speakers": ("OAF", "YAF")})
        assert any("grouped by speaker but by sentence" in note for note in result.notes)
        assert result.settings["n_inner"] == 3

    def test_published_folds(self):
        speakers = [f"ravdess-{n:02d}" for n in range(1, 11)]
        result = nested(protocol=get_protocol("ravdess-luna-jimenez"), clips={"speakers": speakers})
        assert result.settings["n_outer"] == 5
        assert any("ravdess-11" in note for note in result.notes)
        assert "Luna-Jimenez" in str(result)

    def test_protocol_or_splitters(self):
        with pytest.raises(ValueError, match="give protocol, or outer and inner, not both"):
            nested(protocol="loso", outer=SpeakerKFold(2))

    def test_settings_can_be_saved(self, tmp_path):
        files = nested(protocol="loso-sentences").save(tmp_path)
        assert len(pd.read_csv(tmp_path / "predictions.csv")) == 24
        assert all(path.exists() for path in files)


class TestRealCorpora:
    @pytest.mark.slow
    def test_savee(self, corpora):
        from sklearn_ser.datasets import load_savee

        savee = load_savee(corpora / "savee", in_memory=False)
        folds = list(SpeakerSentenceSplit().split(savee.data, savee.target))
        said = np.asarray(savee.frame["sentence"])
        assert len(folds) == 4
        for train, test in folds:
            assert {name[:6] for name in said[test]} == {"common"}
            assert set(said[train]).isdisjoint(said[test])

    @pytest.mark.slow
    @pytest.mark.filterwarnings("ignore::sklearn_ser.exceptions.CorpusWarning")
    def test_ravdess_folds(self, corpora):
        from sklearn_ser.datasets import load_ravdess

        ravdess = load_ravdess(corpora / "ravdess", in_memory=False, clean=True)
        protocol = get_protocol("ravdess-luna-jimenez")
        assert protocol.outer.get_n_splits(ravdess.data) == 5
