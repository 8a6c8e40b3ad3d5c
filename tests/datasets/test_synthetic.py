import numpy as np
import pytest
from numpy.testing import assert_array_equal
from scipy.fft import dct
from sklearn.metrics import balanced_accuracy_score
from sklearn.model_selection import GroupKFold, StratifiedKFold, cross_val_predict
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

from sklearn_ser import AudioClips
from sklearn_ser.datasets import make_emotional_speech
from sklearn_ser.datasets._labels import EMOTIONS
from sklearn_ser.datasets._synthetic import CUES, PROFILES, SENTENCES
from sklearn_ser.exceptions import CorpusError

ALL_BUT_CALM = {"angry", "disgust", "fearful", "happy", "neutral", "sad", "surprised"}
CHANCE = 1 / len(ALL_BUT_CALM)


@pytest.fixture(scope="module")
def corpus():
    """Six voices, 252 clips, made once for all tests that only look."""
    return make_emotional_speech(6, random_state=0)


def small(**options):
    arguments = {"n_speakers": 1, "emotions": ["happy"], "n_repetitions": 1, "random_state": 0}
    return make_emotional_speech(**(arguments | options))


def assert_same_clips(some, others):
    assert len(some) == len(others)
    for one, other in zip(some, others, strict=True):
        assert_array_equal(one, other)


# -- form ---------------------------------------------------------------------------------------


def test_bunch_has_what_every_loader_gives(corpus):
    n_clips = 6 * 7 * len(SENTENCES) * 2
    assert isinstance(corpus.data, AudioClips)
    assert corpus.data.in_memory
    assert corpus.data.shape == corpus.target.shape == corpus.groups.shape == (n_clips,)
    assert corpus.target.dtype == object
    assert corpus.target_names == sorted(ALL_BUT_CALM)
    assert corpus.sample_rate == corpus.data.sample_rate == 16000
    assert corpus.filenames is None
    assert "252 clips of 6 speakers: angry 36, " in corpus.DESCR


def test_metadata_tells_everything_of_every_clip(corpus):
    frame = corpus.frame
    columns = ["corpus", "emotion", "speaker", "sex", "intensity", "sentence", "repetition"]
    assert list(frame.columns) == columns
    assert not frame.isna().any().any()
    assert not frame.duplicated().any()
    assert set(frame["corpus"]) == {"synthetic"}
    assert set(frame["sentence"]) == set(SENTENCES)
    assert set(frame["repetition"]) == {1, 2}
    assert_array_equal(frame["emotion"], corpus.target)


def test_speakers_are_the_groups(corpus):
    assert_array_equal(corpus.groups, corpus.data.speakers)
    assert sorted(set(corpus.groups)) == [f"synthetic-{number:02d}" for number in range(1, 7)]


def test_odd_speakers_are_men(corpus):
    sexes = corpus.frame.groupby("speaker")["sex"].unique()
    assert [list(names) for names in sexes] == [["male"], ["female"]] * 3


def test_intensity_is_crossed_with_sentences_and_neutral_is_never_strong(corpus):
    frame = corpus.frame
    assert set(frame.loc[frame["emotion"] == "neutral", "intensity"]) == {"normal"}
    counts = frame[frame["emotion"] != "neutral"].value_counts(["sentence", "intensity"])
    assert counts.tolist() == [36] * 6


def test_clips_are_sound_within_full_scale(corpus):
    for waveform in corpus.data:
        assert waveform.dtype == np.float32
        assert waveform.ndim == 1
        assert np.isfinite(waveform).all()
        assert 0.0003 < np.sqrt(np.mean(waveform**2)) < 0.4
        assert np.abs(waveform).max() <= 0.99


def test_clips_last_about_two_seconds(corpus):
    seconds = np.array([len(waveform) for waveform in corpus.data]) / corpus.sample_rate
    assert seconds.min() > 1.0
    assert seconds.max() < 3.5
    assert 1.5 < seconds.mean() < 2.5


def test_return_x_y_gives_the_pair():
    bunch, (clips, labels) = small(), small(return_X_y=True)
    assert_same_clips(clips, bunch.data)
    assert_array_equal(labels, bunch.target)
    assert_array_equal(clips.speakers, bunch.groups)


def test_all_eight_emotions_can_be_made_and_synonyms_are_understood():
    assert set(small(emotions=EMOTIONS).target) == set(EMOTIONS)
    assert small(emotions=["Anger", "sadness"]).target_names == ["angry", "sad"]


def test_every_emotion_has_a_profile_of_every_cue():
    assert list(PROFILES) == list(EMOTIONS)
    assert {len(profile) for profile in PROFILES.values()} == {len(CUES)}
    assert not any(PROFILES["neutral"])


# -- seeds --------------------------------------------------------------------------------------


def test_same_seed_same_clips():
    assert_same_clips(small().data, small().data)
    assert_same_clips(small().data, small(random_state=np.random.RandomState(0)).data)


def test_other_seed_other_clips():
    assert len(small().data[0]) != len(small(random_state=1).data[0])


def test_no_seed_follows_numpys_global_one():
    np.random.seed(0)
    first, second = small(random_state=None), small(random_state=None)
    assert len(first.data[0]) != len(second.data[0])
    assert_same_clips(first.data, small().data)


def test_more_of_anything_leaves_the_clips_that_were_there():
    few = small(emotions=["sad"])
    many = small(n_speakers=3, emotions=["happy", "sad"], n_repetitions=2)
    frame = many.frame
    rows = (
        (frame["speaker"] == "synthetic-01")
        & (frame["emotion"] == "sad")
        & (frame["repetition"] == 1)
    )
    assert_same_clips(few.data, many.data[rows.to_numpy()])


def test_repetitions_differ(corpus):
    first, second = corpus.data[0], corpus.data[1]
    assert corpus.frame.loc[[0, 1], "repetition"].tolist() == [1, 2]
    assert len(first) != len(second)


@pytest.mark.parametrize("sample_rate", [8000, 11025, 22050, 48000])
def test_another_rate_gives_the_same_speech(sample_rate):
    reference, other = small(n_speakers=2), small(n_speakers=2, sample_rate=sample_rate)
    assert other.sample_rate == other.data.sample_rate == sample_rate
    for one, same in zip(reference.data, other.data, strict=True):
        assert len(one) / 16000 == pytest.approx(len(same) / sample_rate, abs=0.01)
        assert np.std(one) == pytest.approx(np.std(same), rel=0.25)


# -- what the emotions sound like ---------------------------------------------------------------


def median_pitch(waveform, sample_rate):
    """Median over the louder frames of the best autocorrelation lag, in semitones re 100 Hz."""
    length, hop = int(0.06 * sample_rate), int(0.02 * sample_rate)
    frames = np.lib.stride_tricks.sliding_window_view(waveform, length)[::hop]
    power = np.mean(frames**2, axis=1)
    frames = frames[power > power.max() / 30]
    spectrum = np.abs(np.fft.rfft(frames * np.hanning(length), 2 * length)) ** 2
    shortest = sample_rate // 600
    lags = np.fft.irfft(spectrum)[:, shortest : sample_rate // 60]
    # a window leaves less of the longer lags, so that whole periods win over their multiples
    return 12 * np.log2(np.median(sample_rate / (shortest + lags.argmax(axis=1))) / 100)


def by_emotion(corpus, values):
    """Mean deviation from the same speaker's neutral clips, of every emotion."""
    frame = corpus.frame.assign(value=values)
    neutral = frame[frame["emotion"] == "neutral"].groupby("speaker")["value"].mean()
    frame["value"] -= frame["speaker"].map(neutral)
    return frame.groupby("emotion")["value"].mean()


def test_pitch_follows_emotion(corpus):
    pitch = by_emotion(corpus, [median_pitch(w, corpus.sample_rate) for w in corpus.data])
    for emotion in ("happy", "angry", "fearful", "surprised"):
        assert 3 < pitch[emotion] < 11
    for emotion in ("sad", "disgust"):
        assert -6 < pitch[emotion] < -0.5


def test_level_follows_emotion(corpus):
    level = by_emotion(corpus, [20 * np.log10(np.std(w)) for w in corpus.data])
    assert level["angry"] > level["happy"] > 3
    assert level["happy"] > level["fearful"]
    assert level["sad"] < -3


def test_tempo_follows_emotion(corpus):
    length = by_emotion(corpus, [np.log(len(w)) for w in corpus.data])
    assert length[["sad", "disgust"]].min() > 0.05
    assert length[["angry", "fearful"]].max() < -0.05


def test_noise_floor_does_not_tell_the_emotion(corpus):
    def floor_below_level(waveform):
        frames = waveform[: len(waveform) // 160 * 160].reshape(-1, 160)
        floor = np.sort(np.mean(frames**2, axis=1))[:3].mean()
        return 10 * np.log10(np.mean(waveform**2) / floor)

    floors = by_emotion(corpus, [floor_below_level(w) for w in corpus.data])
    assert floors.max() - floors.min() < 3


# -- what can be learnt from it -----------------------------------------------------------------


def cepstral_statistics(waveform):
    frames = np.lib.stride_tricks.sliding_window_view(waveform, 512)[::160] * np.hanning(512)
    power = np.abs(np.fft.rfft(frames)) ** 2
    edges = np.round(257 * (np.geomspace(1, 12, 31) - 1) / 11).astype(int)
    bands = np.add.reduceat(power, np.unique(edges[:-1]), axis=1)
    cepstrum = dct(np.log(bands + 1e-8), axis=1, norm="ortho")[:, :20]
    return np.concatenate([cepstrum.mean(axis=0), cepstrum.std(axis=0)])


def test_unseen_voices_are_hard_and_random_splits_promise_too_much(corpus):
    features = np.array([cepstral_statistics(waveform) for waveform in corpus.data])
    model = make_pipeline(StandardScaler(), SVC(C=10))
    random_folds = StratifiedKFold(3, shuffle=True, random_state=0)
    unseen = cross_val_predict(
        model, features, corpus.target, groups=corpus.groups, cv=GroupKFold(3)
    )
    leaking = cross_val_predict(model, features, corpus.target, cv=random_folds)
    honest = balanced_accuracy_score(corpus.target, unseen)
    claimed = balanced_accuracy_score(corpus.target, leaking)
    assert 2 * CHANCE < honest < 0.75
    assert honest + 0.08 < claimed < 0.95


# -- errors -------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["n_speakers", "n_repetitions"])
def test_counts_below_one_are_refused(name):
    with pytest.raises(ValueError, match=f"{name} == 0, must be >= 1"):
        small(**{name: 0})


@pytest.mark.parametrize(("rate", "bound"), [(4000, ">= 8000"), (96000, "<= 48000")])
def test_sample_rates_out_of_range_are_refused(rate, bound):
    with pytest.raises(ValueError, match=f"sample_rate == {rate}, must be {bound}"):
        small(sample_rate=rate)


@pytest.mark.parametrize("name", ["n_speakers", "n_repetitions", "sample_rate"])
def test_numbers_that_are_not_whole_are_refused(name):
    with pytest.raises(TypeError, match=f"{name} must be an instance of int"):
        small(**{name: 1.5})


def test_unknown_emotion_is_refused_with_the_nearest():
    with pytest.raises(CorpusError, match=r"'angri' is no emotion .*did you mean 'angry'\?"):
        small(emotions=["angri"])


@pytest.mark.parametrize(
    ("emotions", "message"),
    [
        ("happy", r"is one string; give a list"),
        ([], "no emotion was given"),
        (["sad", "sadness"], "more than once: sad"),
    ],
)
def test_emotions_are_a_list_of_different_names(emotions, message):
    with pytest.raises(CorpusError, match=message):
        small(emotions=emotions)


def test_seed_must_be_one():
    with pytest.raises(ValueError, match="cannot be used to seed"):
        small(random_state="lucky")
