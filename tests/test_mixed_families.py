"""Several families of features, mixed by voting or stacking, and split by speaker inside."""

from __future__ import annotations

import pickle

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.ensemble import StackingClassifier, VotingClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, StratifiedKFold

from sklearn_ser import MFCCTransformer, SpeakerStandardizer, SpeechPipeline, make_ser_pipeline
from sklearn_ser.cli import main
from sklearn_ser.exceptions import SpeakerWarning
from sklearn_ser.inference import load_model
from sklearn_ser.model_selection import SpeakerKFold, benchmark
from sklearn_ser.pipeline import parameter_grid, pipeline_names
from sklearn_ser.pipeline._families import FAMILIES

MIXERS = ["voting", "stacking"]
FEATURES = ("mfcc", MFCCTransformer(n_mfcc=5, pooling="mean"))
C_OF_MFCC = {
    "voting": "classifier__mfcc__classifier__C",
    "stacking": "classifier__mfcc__classifier__estimator__C",
}


def emotions(speech):
    return speech.metadata["emotion"].to_numpy()


class SpyingRegression(LogisticRegression):
    """Is given groups by its pipeline, and writes them down beside what it answers about."""

    fits: list[set] = []

    def fit(self, X, y, groups=None):
        self.fits.append(set(groups))
        return super().fit(X, y)


@pytest.mark.parametrize("name", MIXERS)
def test_members_are_pipelines_named_after_their_features(name):
    model = make_ser_pipeline("families", name, sample_rate=8000, memory="kept", random_state=3)
    assert isinstance(model, SpeechPipeline)
    assert list(model.named_steps) == ["loader", "classifier"]
    assert [member for member, _ in model[-1].estimators] == list(FAMILIES)
    parameters = model.get_params()
    rates = {value for key, value in parameters.items() if key.endswith("sample_rate")}
    assert rates == {8000}
    for family in FAMILIES:
        assert parameters[f"classifier__{family}__features__memory"] == "kept"
    seeds = {value for key, value in parameters.items() if key.endswith("__random_state")}
    assert seeds - {None} == {3}


def test_what_mixes():
    assert make_ser_pipeline("families", "voting")[-1].voting == "soft"
    stacking = make_ser_pipeline(["mel", "mfcc", "frames"], "stacking")[-1]
    assert isinstance(stacking, StackingClassifier)
    assert isinstance(stacking.cv, SpeakerKFold)
    assert len(stacking.estimators) == 3


@pytest.mark.parametrize("name", MIXERS)
def test_members_can_be_standardised_by_speaker(name, speech):
    assert f"families-{name}@speaker" in pipeline_names()
    model = make_ser_pipeline(FEATURES, name, standardize="speaker")
    for _, member in model[-1].estimators:
        assert isinstance(member["features"], SpeakerStandardizer)
    assert model.fit(speech, emotions(speech)).score(speech, emotions(speech)) > 0.9


def test_own_extractors_are_cloned_and_named():
    own = MFCCTransformer(pooling="mean")
    voting = make_ser_pipeline(("mel", own, MFCCTransformer(pooling="mean")), "voting")[-1]
    assert isinstance(voting, VotingClassifier)
    names = [name for name, _ in voting.estimators]
    assert names == ["mel", "mfcctransformer-1", "mfcctransformer-2"]
    assert voting.estimators[1][1]["features"] is not own


@pytest.mark.parametrize("name", MIXERS)
def test_nested_search_in_processes(name, speech, tmp_path):
    model = make_ser_pipeline(FEATURES, name, memory=str(tmp_path))
    grid = {C_OF_MFCC[name]: [0.003, 0.03], **parameter_grid(FAMILIES, name)}
    search = GridSearchCV(model, grid, cv=SpeakerKFold(2), n_jobs=2, error_score="raise")
    train = np.isin(speech.speakers, sorted(set(speech.speakers))[:6])
    search.fit(speech[train], emotions(speech)[train])
    assert search.score(speech[~train], emotions(speech)[~train]) > 0.8


@pytest.mark.parametrize("name", MIXERS)
def test_clone_pickle_and_set_params(name, speech):
    y = emotions(speech)
    model = make_ser_pipeline(FEATURES, name, random_state=0)
    model.set_params(**{C_OF_MFCC[name]: 0.5})
    fitted = clone(model).fit(speech, y)
    assert fitted.get_params()[C_OF_MFCC[name]] == 0.5
    copy = pickle.loads(pickle.dumps(fitted))
    np.testing.assert_array_equal(copy.predict(speech), fitted.predict(speech))
    model.set_params(classifier__mfcc="drop").fit(speech, y)
    assert len(model[-1].estimators_) == 1


def test_stacking_learns_from_speakers_not_heard(speech, monkeypatch):
    monkeypatch.setattr(SpyingRegression, "fits", [])
    model = make_ser_pipeline(FEATURES, "stacking")
    for member in ("mfcc", "mfcctransformer"):
        model.set_params(**{f"classifier__{member}__classifier": SpyingRegression()})
    train = np.isin(speech.speakers, sorted(set(speech.speakers))[:6])
    model.fit(speech[train], emotions(speech)[train])
    known = set(speech.speakers[train])
    whole = [fit for fit in SpyingRegression.fits if fit == known]
    inner = [fit for fit in SpyingRegression.fits if fit != known]
    assert len(whole) == 2
    assert len(inner) == 2 * 3
    held_out = [frozenset(known - fit) for fit in inner]
    assert all(len(speakers) == 2 for speakers in held_out)  # whole speakers, of six in three
    assert {held_out.count(speakers) for speakers in held_out} == {2}
    assert frozenset.union(*held_out) == known


def test_every_level_of_a_nested_search_is_split_by_speaker(speech, monkeypatch):
    monkeypatch.setattr(SpyingRegression, "fits", [])
    model = make_ser_pipeline(FEATURES, "stacking")
    model.set_params(classifier__mfcc__classifier=SpyingRegression())
    search = GridSearchCV(model, parameter_grid(FAMILIES, "stacking"), cv=SpeakerKFold(2))
    train = np.isin(speech.speakers, sorted(set(speech.speakers))[:6])
    search.fit(speech[train], emotions(speech)[train])
    sizes = {len(fit) for fit in SpyingRegression.fits}
    assert sizes == {6, 4, 3, 2}  # all, inner of all, tuning, inner of tuning: speakers, whole


def test_fewer_speakers_than_folds_are_warned_of(speech):
    two = np.isin(speech.speakers, sorted(set(speech.speakers))[:2])
    model = make_ser_pipeline(FEATURES, "stacking")
    with pytest.warns(SpeakerWarning, match=r"3 folds by speaker were asked for; with 2 speakers"):
        model.fit(speech[two], emotions(speech)[two])


def test_one_speaker_and_none_are_errors_of_stacking_only(speech):
    y = emotions(speech)
    one = speech.speakers == speech.speakers[0]
    stacking, voting = (make_ser_pipeline(FEATURES, name) for name in ("stacking", "voting"))
    with pytest.raises(ValueError, match=r"all clips are by one speaker, .*StratifiedKFold"):
        stacking.fit(speech[one], y[one])
    with pytest.raises(ValueError, match=r"SpeakerKFold does not know who speaks: AudioClips car"):
        stacking.fit(list(speech), y)
    assert voting.fit(list(speech), y).score(list(speech), y) > 0.8
    stacking.set_params(classifier__cv=StratifiedKFold(3)).fit(list(speech), y)


def test_names_and_grids():
    assert {"families-voting", "families-stacking"} <= set(pipeline_names())
    assert "families-svm" not in pipeline_names()
    assert parameter_grid("families", "voting") == {}
    model = make_ser_pipeline("families", "stacking")
    for name, values in parameter_grid("families", "stacking").items():
        assert model.get_params()[name] in values


def test_benchmark(speech):
    pipelines = {
        name: (make_ser_pipeline(FEATURES, name), parameter_grid(FAMILIES, name)) for name in MIXERS
    }
    folds = {"outer": SpeakerKFold(2), "inner": SpeakerKFold(2)}
    result = benchmark(pipelines, speech, emotions(speech), random_split=False, **folds)
    assert result.table.loc[MIXERS, "uar"].min() > 0.7
    assert any(
        "3 folds by speaker were asked for; with 2 speakers" in note for note in result.notes
    )


def test_command_line(speech, sound_files, tmp_path):
    rows = {"path": sound_files, "label": emotions(speech)[:6], "speaker": [*"aabbcc"]}
    pd.DataFrame(rows).to_csv(tmp_path / "clips.csv", index=False)
    command = ["train", str(tmp_path / "clips.csv"), "--pipeline", "families-voting"]
    output = tmp_path / "model.joblib"
    assert main([*command, "--n-jobs", "1", "--output", str(output)]) == 0
    assert load_model(output).predict_proba(sound_files).shape == (6, 2)


@pytest.mark.parametrize("make", [make_ser_pipeline, parameter_grid])
@pytest.mark.parametrize(
    ("features", "classifier", "message"),
    [
        ("mfcc", "voting", r"'voting' mixes several families.*features='mfcc' is one\. Give sever"),
        (
            ("mfcc", "mel"),
            "svm",
            r"are several, which classifier='voting' or 'stacking' mixes; go",
        ),
        ("families", "crnn", r"features='families' are several.*got classifier='crnn'"),
        (("mfcc",), "voting", r"at least two different families can be mixed, and there is 1 of"),
        ([], "stacking", r"at least two different families can be mixed, and there is 0 of them"),
        (("mel", "mel"), "voting", r"can be mixed, and there is 'mel' twice"),
        (("mfcc", "mell"), "voting", r"features='mell' is not known\. Did you mean 'mel'\?"),
        ("familie", "svm", r"features='familie' is not known\. Did you mean 'families'\?"),
        ("mfcc", "votin", r"classifier='votin' is not known\. Did you mean 'voting'\?"),
    ],
)
def test_what_does_not_go_together(make, features, classifier, message):
    with pytest.raises(ValueError, match=message):
        make(features, classifier)
