from __future__ import annotations

import json
import os
import re
import sys

import numpy as np
import pandas as pd
import pytest
import sklearn
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.dummy import DummyClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import LeaveOneGroupOut, ShuffleSplit, StratifiedKFold
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer

from sklearn_ser.audio import AudioClips
from sklearn_ser.metrics import unweighted_average_recall
from sklearn_ser.model_selection import BenchmarkResult, SpeakerKFold, benchmark
from sklearn_ser.model_selection._result import CHOSEN

try:
    from joblib.externals import cloudpickle
except ImportError:  # joblib 1.6 no longer brings its own
    import cloudpickle

# Worker processes cannot import a test module, so its classes travel whole.
cloudpickle.register_pickle_by_value(sys.modules[__name__])

CLASSES = np.array(["angry", "calm", "sad"])


def make_clips(n_speakers=8, n_clips=12):
    """Clips of 10 samples: who speaks shifts all of them, the emotion one of them."""
    rng = np.random.default_rng(0)
    speaker = np.repeat(np.arange(n_speakers), n_clips)
    emotion = np.tile(np.arange(n_clips) % 3, n_speakers)
    waves = 0.1 * rng.normal(size=(len(speaker), 10)) + 0.1 * speaker[:, None]
    waves[:, 0] += emotion * rng.choice([-1, 1], size=n_speakers)[speaker]
    waves[:, 1] += 0.3 * emotion
    table = pd.DataFrame({"speaker": [f"voice-{number:02d}" for number in speaker]})
    paths = [f"clip-{number}.wav" for number in range(len(speaker))]
    return AudioClips(waves, metadata=table, paths=paths), CLASSES[emotion]


def as_array(clips):
    return np.asarray(clips)


def make_model(classifier):
    return make_pipeline(FunctionTransformer(as_array), classifier)


PIPELINES = {
    "knn": (make_model(KNeighborsClassifier()), {"kneighborsclassifier__n_neighbors": [1, 5]}),
    "dummy": (make_model(DummyClassifier()), {}),
}


@pytest.fixture(scope="module")
def result() -> BenchmarkResult:
    clips, y = make_clips()
    return benchmark(PIPELINES, clips, y, human_level=0.7)


@pytest.fixture(scope="module")
def mixed() -> BenchmarkResult:
    """One pipeline that is not tuned beside two that are."""
    clips, y = make_clips()
    given = {"fixed": (make_model(KNeighborsClassifier()), None), **PIPELINES}
    return benchmark(given, clips, y, random_split=False)


class Spy(ClassifierMixin, BaseEstimator):
    """Refuses to predict for speakers whom it was fitted on, as its first samples tell."""

    def fit(self, X, y):
        self.classes_ = np.unique(y)
        self.known_ = {clip[0] for clip in X}
        return self

    def predict(self, X):
        asked = {clip[0] for clip in X}
        assert asked.isdisjoint(self.known_)
        return np.repeat(self.classes_[:1], len(X))


class TestScores:
    def test_table(self, result):
        table = result.table
        assert list(table.index) == ["knn", "dummy", CHOSEN]
        assert table.loc["knn", "uar"] > table.loc["dummy", "uar"]
        assert table.loc["dummy", "uar"] == pytest.approx(1 / 3)
        assert (table["uar_low"] <= table["uar"]).all()
        assert (table["uar"] <= table["uar_high"]).all()
        assert table["n_candidates"].tolist()[:2] == [2, 1]
        assert (table.loc[["knn", "dummy"], ["fit_seconds", "predict_ms"]] > 0).all(axis=None)

    def test_scores_are_those_of_the_pooled_predictions(self, result):
        predictions = result.predictions
        uar = unweighted_average_recall(predictions["true"], predictions["knn"])
        assert result.table.loc["knn", "uar"] == pytest.approx(uar)
        accuracy = (predictions["true"] == predictions["knn"]).mean()
        assert result.table.loc["knn", "accuracy"] == pytest.approx(accuracy)

    def test_choice_is_made_on_inner_folds(self, result):
        assert result.best_ == "knn"
        assert result.n_candidates == 3
        assert result.table["inner_score"].idxmax() == "knn"
        assert result.chance_level == pytest.approx(1 / 3)
        assert result.human_level == 0.7

    def test_chosen_row_takes_each_fold_from_its_best(self, result):
        folds = result.folds[result.folds["split"] == "speakers"]
        for number, of_fold in folds.groupby("fold"):
            best = of_fold.loc[of_fold["inner_score"].idxmax(), "pipeline"]
            rows = result.predictions[result.predictions["fold"] == number]
            assert (rows[CHOSEN] == rows[best]).all()

    def test_random_split_claims_more(self, result):
        assert result.table.loc["knn", "random_uar"] > result.table.loc["knn", "uar"]
        random = result.folds[result.folds["split"] == "random clips"]
        assert len(random) == 10
        # Every speaker stands on both sides: that is what the comparison is about.
        assert (random["test_speakers"].str.count("voice") > 2).all()

    def test_without_the_random_split(self):
        clips, y = make_clips()
        result = benchmark(PIPELINES, clips, y, random_split=False)
        assert "random_uar" not in result.table
        assert set(result.folds["split"]) == {"speakers"}
        assert "random split" not in str(result)

    def test_other_tables(self, result):
        assert set(result.per_class.columns) >= {"pipeline", "class", "recall", "f1", "support"}
        speakers = result.per_speaker[result.per_speaker["pipeline"] == "knn"]
        assert speakers["clips"].tolist() == [12] * 8
        assert {"true", "predicted"} <= set(result.confused.columns)
        assert result.predictions["path"][3] == "clip-3.wav"
        assert result.predictions["clip"].tolist() == list(range(96))

    def test_a_single_pipeline_has_no_row_of_choice(self):
        clips, y = make_clips()
        result = benchmark({"dummy": PIPELINES["dummy"]}, clips, y, random_split=False)
        assert list(result.table.index) == ["dummy"]

    def test_numeric_labels(self):
        clips, y = make_clips()
        numbers = np.searchsorted(CLASSES, y)
        result = benchmark({"dummy": PIPELINES["dummy"]}, clips, numbers, random_split=False)
        assert result.predictions["dummy"].dtype == numbers.dtype


class TestProtocol:
    @pytest.mark.parametrize("routing", [False, True])
    @pytest.mark.parametrize("n_jobs", [1, 2])
    def test_speakers_are_apart_at_both_levels(self, routing, n_jobs):
        rng = np.random.default_rng(0)
        speakers = np.repeat(np.arange(9), 6)
        waves = np.stack([np.append(s / 10, rng.normal(size=5)) for s in speakers])
        clips = AudioClips(waves, metadata=pd.DataFrame({"speaker": speakers}))
        y = CLASSES[np.arange(len(clips)) % 3]
        with sklearn.config_context(enable_metadata_routing=routing):
            result = benchmark({"spy": (Spy(), {})}, clips, y, random_split=False, n_jobs=n_jobs)
        assert result.table.loc["spy", "uar"] == pytest.approx(1 / 3)

    def test_n_jobs_changes_nothing(self, result):
        clips, y = make_clips()
        parallel = benchmark(PIPELINES, clips, y, human_level=0.7, n_jobs=2)
        pd.testing.assert_frame_equal(parallel.predictions, result.predictions)
        times = ["fit_seconds", "predict_ms"]
        pd.testing.assert_frame_equal(
            parallel.table.drop(columns=times), result.table.drop(columns=times)
        )
        assert parallel.folds["params"].tolist() == result.folds["params"].tolist()

    def test_groups_for_arrays(self, result):
        clips, y = make_clips()
        pipelines = {
            name: (model[-1], {key.split("__")[1]: values for key, values in grid.items()})
            for name, (model, grid) in PIPELINES.items()
        }
        of_array = benchmark(pipelines, np.asarray(clips), y, groups=clips.speakers)
        assert of_array.table["uar"].tolist() == result.table["uar"].tolist()
        assert "path" not in of_array.predictions

    def test_names_of_speakers_do_not_matter(self, result):
        clips, y = make_clips()
        numbers = pd.DataFrame({"speaker": [int(name[-2:]) + 5 for name in clips.speakers]})
        renamed = benchmark(PIPELINES, clips.with_metadata(numbers), y)
        scores = ["uar", "uar_low", "uar_high", "random_uar"]
        pd.testing.assert_frame_equal(renamed.table[scores], result.table[scores])

    def test_other_splitters_get_the_speakers(self):
        clips, y = make_clips(n_speakers=4)
        leave_one_out = {"outer": LeaveOneGroupOut(), "inner": LeaveOneGroupOut()}
        result = benchmark(PIPELINES, clips, y, random_split=False, **leave_one_out)
        assert result.settings["n_outer"] == 4
        assert result.settings["n_inner"] == 3

    def test_fewer_speakers_than_folds_is_said(self):
        clips, y = make_clips(n_speakers=3)
        result = benchmark(PIPELINES, clips, y, random_split=False)
        assert result.settings["n_outer"] == 3
        assert result.notes[0] == (
            "5 folds were asked for; with 3 speakers there are 3, one for each."
        )
        assert result.notes[1] == "Tuning used 2 inner folds instead of 3."
        assert "No interval is given: 3 speakers" in result.notes[2]
        assert result.table["uar_low"].isna().all()
        assert re.search(r"^knn .* - ", str(result), re.MULTILINE)

    def test_two_speakers_are_tuned_on_random_clips_and_it_is_said(self):
        clips, y = make_clips(n_speakers=2)
        result = benchmark(PIPELINES, clips, y)
        assert any("Tuning was not grouped by speaker" in note for note in result.notes)
        assert result.settings["n_outer"] == 2

    def test_warnings_of_fits_become_notes(self):
        clips, y = make_clips()
        hasty = (make_model(LogisticRegression(max_iter=1)), {})
        result = benchmark({"hasty": hasty}, clips, y, random_split=False)
        assert any("In 5 of 5 tuned fits: ConvergenceWarning" in note for note in result.notes)

    def test_estimators_as_candidates(self):
        clips, y = make_clips()
        grid = {"logisticregression": [KNeighborsClassifier(1), DummyClassifier()]}
        result = benchmark({"any": (make_model(LogisticRegression()), grid)}, clips, y)
        json.dumps(result.to_dict(), allow_nan=False)
        assert "KNeighborsClassifier" in str(result)

    def test_caches_are_left_out_where_times_are_taken(self, tmp_path):
        clips, y = make_clips(n_speakers=3)
        cached = make_model(DummyClassifier()).set_params(memory=str(tmp_path))
        benchmark({"cached": (cached, {})}, clips, y, random_split=False)
        assert cached.memory == str(tmp_path)
        assert (
            len(list(tmp_path.rglob("output.pkl"))) == 3
        )  # the three voices alone, of inner folds; no pair of them

    def test_progress_bar(self, capsys):
        clips, y = make_clips(n_speakers=3)
        benchmark({"dummy": PIPELINES["dummy"]}, clips, y, random_split=False, verbose=2)
        captured = capsys.readouterr()
        assert not captured.out
        assert "tuned fits: 100%" in captured.err


class Counting(DummyClassifier):
    """Counts the fits of all its clones."""

    fits = 0

    def fit(self, X, y, sample_weight=None):
        Counting.fits += 1
        return super().fit(X, y, sample_weight)


class TestWithoutGrid:
    """None in place of a grid: what takes long to fit is fitted once a fold."""

    def test_one_fit_a_fold(self, monkeypatch):
        monkeypatch.setattr(Counting, "fits", 0)
        clips, y = make_clips()
        benchmark({"fixed": (make_model(Counting()), None)}, clips, y)
        assert Counting.fits == 10

    def test_alone(self):
        clips, y = make_clips()
        result = benchmark({"fixed": (make_model(KNeighborsClassifier()), None)}, clips, y)
        assert result.best_ == "fixed"
        assert result.n_candidates == 1
        assert result.table.index.tolist() == ["fixed"]
        assert result.table["inner_score"].isna().all()
        report = str(result)
        assert "nothing was tuned." in report
        assert "Choice\n" not in report
        json.dumps(result.to_dict(), allow_nan=False)

    def test_several_without_any_choice(self):
        clips, y = make_clips()
        pipelines = {name: (model, None) for name, (model, _) in PIPELINES.items()}
        result = benchmark(pipelines, clips, y, random_split=False)
        assert result.best_ == "knn"
        assert result.table.index.tolist() == ["knn", "dummy"]
        assert "what follows is about the first, knn." in " ".join(str(result).split())

    def test_scores_do_not_depend_on_the_grid(self, mixed):
        clips, y = make_clips()
        empty = benchmark(
            {"fixed": (make_model(KNeighborsClassifier()), {})}, clips, y, random_split=False
        )
        assert empty.table.loc["fixed", "uar"] == mixed.table.loc["fixed", "uar"]

    def test_takes_no_part_in_the_choice(self, mixed):
        assert mixed.best_ == "knn"
        assert mixed.table.index.tolist() == ["fixed", "knn", "dummy", CHOSEN]
        assert np.isnan(mixed.table.loc["fixed", "inner_score"])
        assert "fixed: fitted without inner folds, hence not in the choice" in mixed.notes[0]
        report = str(mixed)
        assert "among 3 candidates of 2 pipeline(s)" in report
        assert "fixed, 5 of 5 folds: nothing to tune" in report

    def test_one_tuned_beside_it_is_no_choice_of_its_own(self):
        clips, y = make_clips()
        given = {"fixed": (make_model(KNeighborsClassifier()), None), "dummy": PIPELINES["dummy"]}
        result = benchmark(given, clips, y, random_split=False)
        assert result.best_ == "dummy"
        assert result.table.index.tolist() == ["fixed", "dummy"]


class TestFiles:
    def test_save(self, result, tmp_path):
        files = result.save(tmp_path / "new" / "folder")
        assert sorted(path.name for path in files) == sorted(os.listdir(tmp_path / "new/folder"))
        table = pd.read_csv(files[0], index_col="pipeline")
        assert table.loc["knn", "uar"] == pytest.approx(result.table.loc["knn", "uar"])
        read = json.loads(files[1].read_text(encoding="utf-8"))
        assert read == result.to_dict()
        assert read["best"] == "knn"
        assert read["table"][2]["inner_score"] is None

    def test_json_holds_no_nan(self, result):
        json.dumps(result.to_dict(), allow_nan=False)

    def test_no_half_written_file(self, result, tmp_path, monkeypatch):
        result.save(tmp_path)
        before = (tmp_path / "results.csv").read_text(encoding="utf-8")

        def crash(*_):
            raise KeyboardInterrupt("in the middle")

        monkeypatch.setattr(os, "replace", crash)
        with pytest.raises(KeyboardInterrupt, match="in the middle"):
            result.save(tmp_path)
        assert (tmp_path / "results.csv").read_text(encoding="utf-8") == before
        assert not [path for path in tmp_path.iterdir() if "unfinished" in path.name]

    def test_folder_that_is_a_file(self, result, tmp_path):
        (tmp_path / "taken").touch()
        with pytest.raises(OSError, match=r"cannot be written to the folder '.*taken'"):
            result.save(tmp_path / "taken")


class TestReport:
    def test_says_all_that_matters(self, result):
        report = str(result)
        for phrase in (
            "Scores on unseen speakers",
            "95 % interval",
            "chance level",
            "What a random split of clips would have claimed",
            "This is no result",
            "among 3 candidates of 2 pipeline(s)",
            "Most confused (knn)",
            "taken for",
            "voice-07",
            "weighted",
        ):
            assert phrase in report
        assert max(map(len, report.splitlines())) <= 100

    def test_nothing_confused(self):
        y = np.repeat(CLASSES, 4)
        clips = AudioClips(
            np.searchsorted(CLASSES, y)[:, None] * np.ones((1, 4)),
            metadata=pd.DataFrame({"speaker": np.tile(["a", "b", "c", "d"], 3)}),
        )
        model = make_model(KNeighborsClassifier(1))
        result = benchmark({"knn": (model, {})}, clips, y)
        assert "None: every clip was recognised." in str(result)


class TestErrors:
    def test_no_speakers(self):
        clips, y = make_clips()
        with pytest.raises(ValueError, match=r"benchmark does not know who speaks.*give groups="):
            benchmark(PIPELINES, np.asarray(clips), y)

    def test_one_speaker(self):
        clips, y = make_clips(n_speakers=1)
        with pytest.raises(ValueError, match=r"All clips are by one speaker, 'voice-00'"):
            benchmark(PIPELINES, clips, y)

    def test_one_class(self):
        clips, _ = make_clips()
        with pytest.raises(ValueError, match=r"All 96 clips have the label 'calm'"):
            benchmark(PIPELINES, clips, ["calm"] * 96)

    def test_lengths(self):
        clips, y = make_clips()
        with pytest.raises(ValueError, match="inconsistent numbers of samples"):
            benchmark(PIPELINES, clips, y[:-1])

    @pytest.mark.parametrize("pipelines", [{}, [], LogisticRegression()])
    def test_no_pipelines(self, pipelines):
        clips, y = make_clips()
        with pytest.raises(ValueError, match="pipelines must be a dict of name to"):
            benchmark(pipelines, clips, y)

    def test_pipeline_without_grid(self):
        clips, y = make_clips()
        with pytest.raises(ValueError, match=r"pipelines\['a'\] must be a pair .* got Dummy"):
            benchmark({"a": DummyClassifier()}, clips, y)

    def test_outer_splitter_that_leaves_clips_out(self):
        clips, y = make_clips()
        with pytest.raises(ValueError, match="must test every clip exactly once; ShuffleSplit"):
            benchmark(PIPELINES, clips, y, outer=ShuffleSplit(2, random_state=0))

    def test_outer_splitter_with_speakers_on_both_sides(self):
        clips, y = make_clips()
        with pytest.raises(ValueError, match=r"StratifiedKFold.* puts 'voice-00' on both sides"):
            benchmark(PIPELINES, clips, y, outer=StratifiedKFold(2, shuffle=True, random_state=0))

    def test_a_failing_fit_names_its_pipeline(self):
        clips, y = make_clips()
        wrong = (make_model(LogisticRegression()), {"logisticregression__C": [-1.0]})
        with pytest.raises(ValueError, match="'C' parameter of LogisticRegression") as caught:
            benchmark({"wrong": wrong}, clips, y, outer=SpeakerKFold(2))
        assert "pipeline 'wrong'" in caught.value.__notes__[0]
