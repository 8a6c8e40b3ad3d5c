"""Scores against scikit-learn's own, reports, intervals over speakers, and every error."""

from __future__ import annotations

import warnings

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import (
    accuracy_score,
    balanced_accuracy_score,
    classification_report,
    confusion_matrix,
    f1_score,
    make_scorer,
    recall_score,
)
from sklearn.model_selection import cross_val_score

from sklearn_ser.exceptions import SpeakerWarning
from sklearn_ser.metrics import (
    chance_level,
    class_report,
    classification_summary,
    most_confused_pairs,
    per_speaker_report,
    speaker_bootstrap_interval,
    unweighted_average_recall,
)

EMOTIONS = np.array(["angry", "calm", "happy", "sad"], dtype=object)
ANSWERS = st.lists(
    st.tuples(st.sampled_from(EMOTIONS.tolist()), st.sampled_from(EMOTIONS.tolist())),
    min_size=1,
    max_size=40,
)


@pytest.fixture
def answers():
    """400 clips of 20 speakers, who differ in how well they are understood."""
    rng = np.random.default_rng(0)
    speakers = np.repeat([f"s{i:02d}" for i in range(20)], 20).astype(object)
    y_true = EMOTIONS[rng.choice(4, size=400, p=[0.4, 0.3, 0.2, 0.1])]
    understood = rng.uniform(size=400) < np.repeat(rng.uniform(0.3, 0.9, size=20), 20)
    y_pred = np.where(understood, y_true, EMOTIONS[rng.integers(0, 4, size=400)])
    return y_true, y_pred, speakers


class TestUnweightedAverageRecall:
    @given(ANSWERS)
    def test_is_balanced_accuracy(self, pairs):
        y_true, y_pred = map(list, zip(*pairs, strict=True))
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)  # of classes that are only predicted
            expected = balanced_accuracy_score(y_true, y_pred)
        assert unweighted_average_recall(y_true, y_pred) == pytest.approx(expected, abs=1e-12)

    def test_forms_of_labels(self, answers):
        y_true, y_pred, _ = answers
        expected = unweighted_average_recall(y_true, y_pred)
        codes = {emotion: code for code, emotion in enumerate(EMOTIONS)}
        for true, predicted in (
            (list(y_true), pd.Series(y_pred)),
            (y_true.astype(str), y_pred),
            (np.vectorize(codes.get)(y_true), np.vectorize(codes.get)(y_pred)),
        ):
            assert unweighted_average_recall(true, predicted) == expected

    def test_labels_restrict_the_average(self, answers):
        y_true, y_pred, _ = answers
        expected = recall_score(y_true, y_pred, labels=["sad", "calm"], average="macro")
        given_labels = unweighted_average_recall(y_true, y_pred, labels=["sad", "calm"])
        assert given_labels == pytest.approx(expected)

    def test_labels_that_nobody_has_do_not_count(self):
        score = unweighted_average_recall(["sad", "calm"], ["sad", "sad"], labels=["sad", "x"])
        assert score == 1.0

    def test_weights(self, answers):
        y_true, y_pred, _ = answers
        weights = np.random.default_rng(1).uniform(size=len(y_true))
        expected = balanced_accuracy_score(y_true, y_pred, sample_weight=weights)
        assert unweighted_average_recall(y_true, y_pred, sample_weight=weights) == pytest.approx(
            expected
        )

    def test_as_a_scorer(self):
        X, y = np.random.default_rng(0).normal(size=(60, 3)), np.tile(["a", "b"], 30)
        scores = cross_val_score(
            LogisticRegression(), X, y, scoring=make_scorer(unweighted_average_recall)
        )
        expected = cross_val_score(LogisticRegression(), X, y, scoring="balanced_accuracy")
        assert scores.tolist() == expected.tolist()

    @pytest.mark.parametrize(
        ("y_true", "y_pred", "message"),
        [
            (["sad"], ["sad", "sad"], "y_true has 1 labels and y_pred has 2"),
            ([], [], "y_true is empty"),
            ([["sad"]], ["sad"], r"y_true has shape \(1, 1\)"),
            (["sad"], [1], "mix words and numbers: 'sad' and 1"),
            ([0.5, 0.7], [0, 1], r"y_true holds no classes \(continuous\)"),
            (["sad", None], ["sad", "sad"], r"y_true\[1\] is missing \(1 such"),
            ([1.0, 2.0], [np.nan, 1.0], r"y_pred\[0\] is missing"),
        ],
    )
    def test_errors(self, y_true, y_pred, message):
        with pytest.raises(ValueError, match=message):
            unweighted_average_recall(y_true, y_pred)

    @pytest.mark.parametrize(
        ("weights", "message"),
        [
            ([1.0], r"sample_weight has shape \(1,\) for 2 clips"),
            ([1.0, -1.0], "not negative"),
            ([1.0, np.inf], "must be finite"),
            ([0.0, 0.0], "no class to average over"),
        ],
    )
    def test_errors_of_weights(self, weights, message):
        with pytest.raises(ValueError, match=message):
            unweighted_average_recall(["sad", "calm"], ["sad", "sad"], sample_weight=weights)

    def test_no_label_of_those_asked_for(self):
        with pytest.raises(ValueError, match="no class to average over has a clip"):
            unweighted_average_recall(["sad"], ["sad"], labels=["happy"])


class TestChanceLevel:
    def test_values(self):
        y = ["sad"] * 6 + ["calm"] * 3 + ["happy"]
        assert chance_level(y) == pytest.approx(1 / 3)
        assert chance_level(y, measure="accuracy") == 0.6

    def test_it_is_what_always_naming_the_commonest_gets(self, answers):
        y_true, _, _ = answers
        always = np.full(len(y_true), "angry", dtype=object)
        assert chance_level(y_true) == unweighted_average_recall(y_true, always)
        assert chance_level(y_true, measure="accuracy") == accuracy_score(y_true, always)

    def test_unknown_measure(self):
        with pytest.raises(ValueError, match="measure='f1' is not known; choose 'uar'"):
            chance_level(["sad"], measure="f1")

    def test_empty(self):
        with pytest.raises(ValueError, match="y is empty"):
            chance_level([])


class TestSummary:
    @given(ANSWERS)
    def test_against_scikit_learn(self, pairs):
        y_true, y_pred = map(list, zip(*pairs, strict=True))
        summary = classification_summary(y_true, y_pred)
        assert list(summary) == ["uar", "accuracy", "f1_macro", "f1_micro", "f1_weighted"]
        assert summary["accuracy"] == accuracy_score(y_true, y_pred)
        assert summary["f1_micro"] == pytest.approx(summary["accuracy"])
        for average in ("macro", "micro", "weighted"):
            expected = f1_score(y_true, y_pred, average=average, zero_division=0)
            assert summary[f"f1_{average}"] == expected
        assert all(type(score) is float for score in summary.values())

    def test_lengths_that_differ(self):
        with pytest.raises(ValueError, match="y_true has 1 labels and y_pred has 2"):
            classification_summary(["sad"], ["sad", "sad"])


class TestClassReport:
    def test_against_scikit_learn(self, answers):
        y_true, y_pred, _ = answers
        report = class_report(y_true, y_pred)
        expected = classification_report(y_true, y_pred, output_dict=True)
        assert report.index.tolist() == [*EMOTIONS, "macro", "micro", "weighted"]
        assert report.index.name == "class"
        assert report.columns.tolist() == ["precision", "recall", "f1", "support"]
        for row, name in [(e, e) for e in EMOTIONS] + [
            ("macro", "macro avg"),
            ("weighted", "weighted avg"),
        ]:
            assert report.loc[row].tolist() == pytest.approx(list(expected[name].values()))
        assert report.loc["micro", "f1"] == pytest.approx(expected["accuracy"])
        assert report["support"].dtype.kind == "i"

    def test_a_class_that_is_only_predicted(self):
        report = class_report(["sad", "sad"], ["sad", "calm"])
        assert report.loc["calm"].tolist() == [0, 0, 0, 0]

    def test_labels_that_are_numbers(self):
        assert class_report([1, 2], [1, 1]).index.tolist() == [1, 2, "macro", "micro", "weighted"]


class TestPerSpeakerReport:
    def test_against_each_speaker_alone(self, answers):
        y_true, y_pred, speakers = answers
        report = per_speaker_report(y_true, y_pred, speakers)
        assert report.index.tolist() == sorted(set(speakers))
        assert report.index.name == "speaker"
        assert report["clips"].tolist() == [20] * 20
        for speaker, row in report.iterrows():
            mine = speakers == speaker
            assert row["uar"] == unweighted_average_recall(y_true[mine], y_pred[mine])
            assert row["accuracy"] == np.mean(y_true[mine] == y_pred[mine])

    def test_order_of_clips_does_not_matter(self, answers):
        order = np.random.default_rng(0).permutation(400)
        shuffled = per_speaker_report(*(part[order] for part in answers))
        pd.testing.assert_frame_equal(shuffled, per_speaker_report(*answers))

    @pytest.mark.parametrize(
        ("speakers", "message"),
        [
            (None, "speakers is None; give one a clip, such as bunch.groups"),
            (["ann"], r"speakers has shape \(1,\) for 2 clips"),
            (["ann", None], r"speakers\[1\] is missing"),
        ],
    )
    def test_errors(self, speakers, message):
        with pytest.raises(ValueError, match=message):
            per_speaker_report(["sad", "calm"], ["sad", "sad"], speakers)


class TestMostConfusedPairs:
    def test_against_the_confusion_matrix(self, answers):
        y_true, y_pred, _ = answers
        pairs = most_confused_pairs(y_true, y_pred, n_pairs=None)
        matrix = pd.DataFrame(confusion_matrix(y_true, y_pred), EMOTIONS, EMOTIONS)
        assert len(pairs) == 6
        assert pairs.index.tolist() == [1, 2, 3, 4, 5, 6]
        assert pairs["both_ways"].is_monotonic_decreasing
        for _, pair in pairs.iterrows():
            there, back = pair["true"], pair["predicted"]
            assert pair["count"] == matrix.loc[there, back] >= matrix.loc[back, there]
            assert pair["reverse_count"] == matrix.loc[back, there]
            assert pair["rate"] == pytest.approx(pair["count"] / matrix.loc[there].sum())
            assert pair["reverse_rate"] == pytest.approx(
                pair["reverse_count"] / matrix.loc[back].sum()
            )
            assert pair["both_ways"] == pair["count"] + pair["reverse_count"]

    def test_number_of_pairs(self, answers):
        assert len(most_confused_pairs(*answers[:2], n_pairs=2)) == 2
        assert len(most_confused_pairs(*answers[:2])) == 5

    def test_only_pairs_that_are_confused(self):
        assert most_confused_pairs(["sad", "calm"], ["sad", "calm"]).empty

    def test_one_class(self):
        assert most_confused_pairs(["sad"], ["sad"]).empty

    def test_a_class_that_is_only_predicted(self):
        (pair,) = most_confused_pairs(["sad"], ["calm"]).to_dict("records")
        assert (pair["true"], pair["predicted"], pair["rate"]) == ("sad", "calm", 1.0)
        assert np.isnan(pair["reverse_rate"])

    @pytest.mark.parametrize("n_pairs", [0, -1, 1.5, "all"])
    def test_bad_number(self, n_pairs):
        with pytest.raises(ValueError, match="give a whole number of at least 1, or None"):
            most_confused_pairs(["sad"], ["calm"], n_pairs)


class TestSpeakerBootstrapInterval:
    @pytest.mark.parametrize(
        ("known", "called"),
        [
            ("uar", lambda t, p: unweighted_average_recall(t, p)),
            (unweighted_average_recall, lambda t, p: balanced_accuracy_score(t, p)),
            (balanced_accuracy_score, lambda t, p: balanced_accuracy_score(t, p)),
            ("accuracy", lambda t, p: accuracy_score(t, p)),
            (accuracy_score, lambda t, p: accuracy_score(t, p)),
            ("macro_f1", lambda t, p: f1_score(t, p, average="macro")),
        ],
    )
    def test_counting_equals_calling(self, answers, known, called):
        settings = {"n_resamples": 50, "random_state": 3}
        counted = speaker_bootstrap_interval(*answers, known, **settings)
        assert counted == pytest.approx(speaker_bootstrap_interval(*answers, called, **settings))

    def test_counting_equals_calling_where_draws_lack_classes(self):
        speakers = np.arange(9)
        y_true = EMOTIONS[[0, 0, 0, 0, 0, 0, 0, 1, 2]]
        y_pred = EMOTIONS[[0, 0, 0, 1, 3, 0, 2, 1, 0]]
        for known, called in (
            ("uar", lambda t, p: unweighted_average_recall(t, p)),
            ("macro_f1", lambda t, p: f1_score(t, p, average="macro", zero_division=0)),
        ):
            settings = {"n_resamples": 200, "random_state": 0}
            counted = speaker_bootstrap_interval(y_true, y_pred, speakers, known, **settings)
            slow = speaker_bootstrap_interval(y_true, y_pred, speakers, called, **settings)
            assert counted == pytest.approx(slow)

    def test_seed(self, answers):
        first = speaker_bootstrap_interval(*answers, random_state=0)
        assert first == speaker_bootstrap_interval(*answers, random_state=0)
        assert first != speaker_bootstrap_interval(*answers, random_state=1)

    def test_holds_the_score_and_widens_with_the_level(self, answers):
        score = unweighted_average_recall(*answers[:2])
        low, high = speaker_bootstrap_interval(*answers, random_state=0)
        wide = speaker_bootstrap_interval(*answers, confidence_level=0.99, random_state=0)
        assert wide[0] < low < score < high < wide[1]

    def test_is_wider_than_one_over_clips(self, answers):
        y_true, y_pred, speakers = answers
        low, high = speaker_bootstrap_interval(y_true, y_pred, speakers, "accuracy", random_state=0)
        clips = np.arange(len(y_true))
        narrow = speaker_bootstrap_interval(y_true, y_pred, clips, "accuracy", random_state=0)
        assert high - low > 1.3 * (narrow[1] - narrow[0])

    def test_speakers_alike_have_no_spread(self):
        y_true, y_pred = np.tile(["sad", "calm"], 10), np.tile(["sad", "sad"], 10)
        speakers = np.repeat(np.arange(10), 2)
        assert speaker_bootstrap_interval(y_true, y_pred, speakers) == (0.5, 0.5)

    def test_covers_the_true_score_about_as_often_as_it_says(self):
        rng = np.random.default_rng(0)
        y_true, speakers = np.tile([0, 1], 24 * 5), np.repeat(np.arange(24), 10)
        covered = 0
        for seed in range(200):
            skill = rng.beta(6, 4, size=24)[speakers]
            y_pred = np.where(rng.uniform(size=len(y_true)) < skill, y_true, 1 - y_true)
            low, high = speaker_bootstrap_interval(
                y_true, y_pred, speakers, n_resamples=400, random_state=seed
            )
            covered += low <= 0.6 <= high
        assert 0.88 <= covered / 200 <= 0.99

    @pytest.mark.parametrize("n_speakers", [1, 7])
    def test_too_few_speakers(self, n_speakers):
        y = np.tile(["sad", "calm"], n_speakers)
        with pytest.warns(
            SpeakerWarning, match=rf"{n_speakers} speaker\(s\).*at least 8"
        ) as caught:
            interval = speaker_bootstrap_interval(y, y, np.repeat(np.arange(n_speakers), 2))
        assert np.isnan(interval).all()
        assert caught[0].filename == __file__

    @pytest.mark.parametrize(
        ("settings", "message"),
        [
            ({"metric": "f1"}, r"metric='f1' is not known.*\['accuracy', 'macro_f1', 'uar'\]"),
            ({"metric": 3}, "metric=3 is not known"),
            ({"n_resamples": 0}, "n_resamples=0; give a whole number"),
            ({"n_resamples": 1.5}, "n_resamples=1.5; give a whole number"),
            ({"confidence_level": 95}, "confidence_level=95 is not between 0 and 1"),
        ],
    )
    def test_bad_parameters(self, answers, settings, message):
        with pytest.raises(ValueError, match=message):
            speaker_bootstrap_interval(*answers, **settings)

    def test_speakers_of_another_length(self, answers):
        with pytest.raises(ValueError, match=r"speakers has shape \(3,\) for 400 clips"):
            speaker_bootstrap_interval(*answers[:2], ["a", "b", "c"])
