"""Training, validation and test part: by speaker nobody is shared, as published some are."""

from __future__ import annotations

import warnings

import numpy as np
import pandas as pd
import pytest

from sklearn_ser.audio import AudioClips
from sklearn_ser.exceptions import SpeakerWarning
from sklearn_ser.recipes import train_validation_test_split

LABELS = ("angry", "calm", "sad")


def make_clips(n_speakers=10, n_clips=12):
    n = n_speakers * n_clips
    rng = np.random.default_rng(0)
    speakers = np.repeat([f"s{i}" for i in range(n_speakers)], n_clips)
    table = pd.DataFrame({"speaker": speakers, "number": np.arange(n)})
    clips = AudioClips([rng.normal(size=100) for _ in range(n)], metadata=table)
    return clips, np.resize(LABELS, n)


def split(X, y, **options):
    parts = train_validation_test_split(X, y, random_state=0, **options)
    return parts[:3], parts[3:6]


class TestBySpeaker:
    def test_nobody_is_shared_and_nothing_lost(self):
        clips, y = make_clips()
        parts, labels = split(clips, y)
        heard = [set(part.speakers) for part in parts]
        assert [len(names) for names in heard] == [6, 2, 2]
        assert sum(map(len, heard)) == len(set.union(*heard)) == 10
        numbers = np.concatenate([part.metadata["number"] for part in parts])
        assert sorted(numbers) == list(range(len(clips)))
        assert [len(part) for part in parts] == [len(part) for part in labels]

    def test_labels_follow_their_clips(self):
        clips, y = make_clips()
        parts, labels = split(clips, y)
        for part, of_part in zip(parts, labels, strict=True):
            numbers = part.metadata["number"].to_numpy()
            assert np.all(np.diff(numbers) > 0)
            np.testing.assert_array_equal(of_part, y[numbers])

    def test_sizes(self):
        clips, y = make_clips(20)
        parts, _ = split(clips, y, test_size=0.1, validation_size=0.3)
        assert [len(set(part.speakers)) for part in parts] == [12, 6, 2]

    def test_sizes_count_clips_where_speakers_have_different_numbers(self):
        speakers = np.repeat(np.arange(8), [60, 10, 10, 10, 10, 20, 20, 60])
        y = np.resize(LABELS, len(speakers))
        parts = train_validation_test_split(
            np.arange(len(y)), y, groups=speakers, test_size=0.3, validation_size=0.3
        )
        assert [len(part) / len(y) for part in parts[:3]] == pytest.approx([0.4, 0.3, 0.3], abs=0.1)

    def test_every_class_is_everywhere_where_that_can_be(self):
        speakers = np.repeat(np.arange(12), 4)
        y = np.where(np.isin(speakers, [0, 1, 2]), "rare", np.resize(["a", "b"], len(speakers)))
        for seed in range(5):
            parts = train_validation_test_split(
                speakers, y, groups=speakers, random_state=seed, test_size=0.25
            )
            assert all("rare" in labels for labels in parts[3:6])

    def test_a_missing_class_is_warned_of(self):
        speakers = np.repeat(np.arange(6), 4)
        y = np.where(speakers == 0, "rare", "common")
        with pytest.warns(SpeakerWarning, match="the validation part has no 'rare'"):
            train_validation_test_split(speakers, y, groups=speakers, random_state=0)

    def test_seed(self):
        clips, y = make_clips()
        first = train_validation_test_split(clips, y, random_state=3)
        again = train_validation_test_split(clips, y, random_state=3)
        other = train_validation_test_split(clips, y, random_state=4)
        assert set(first[2].speakers) == set(again[2].speakers)
        assert set(first[2].speakers) != set(other[2].speakers)

    def test_groups_are_split_too(self):
        clips, y = make_clips()
        speakers = clips.speakers
        parts = train_validation_test_split(np.arange(len(y)), y, groups=speakers)
        assert len(parts) == 9
        for X, groups in zip(parts[:3], parts[6:], strict=True):
            np.testing.assert_array_equal(groups, speakers[X])

    def test_three_speakers(self):
        clips, y = make_clips(3)
        parts, _ = split(clips, y)
        assert [len(set(part.speakers)) for part in parts] == [1, 1, 1]

    def test_too_few_speakers(self):
        clips, y = make_clips(2)
        with pytest.raises(ValueError, match="need at least 3 speakers, and there are 2"):
            split(clips, y)

    def test_unknown_speakers(self):
        with pytest.raises(ValueError, match="does not know who speaks"):
            split(np.zeros((9, 2)), LABELS * 3)


class TestByClips:
    def test_warns_that_voices_are_shared(self):
        clips, y = make_clips()
        with pytest.warns(SpeakerWarning, match="9 of the 9 voices of the test part") as caught:
            parts, _ = split(clips, y, by="clips")
        assert caught[0].filename == __file__
        assert set(parts[0].speakers) & set(parts[2].speakers)

    @pytest.mark.filterwarnings("ignore::sklearn_ser.exceptions.SpeakerWarning")
    def test_shares_and_classes(self):
        clips, y = make_clips()
        parts, labels = split(clips, y, by="clips", test_size=0.25, validation_size=0.25)
        assert [len(part) for part in parts] == [60, 30, 30]
        assert [np.unique(of_part, return_counts=True)[1].tolist() for of_part in labels] == [
            [20, 20, 20],
            [10, 10, 10],
            [10, 10, 10],
        ]
        numbers = np.concatenate([part.metadata["number"] for part in parts])
        assert sorted(numbers) == list(range(len(clips)))

    def test_unknown_speakers_are_warned_of(self):
        with pytest.warns(SpeakerWarning, match="nobody knows who speaks"):
            split(np.zeros((30, 2)), LABELS * 10, by="clips")

    def test_one_clip_a_speaker_shares_nothing(self):
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            split(np.zeros((30, 2)), LABELS * 10, by="clips", groups=np.arange(30))

    def test_a_class_too_rare(self):
        y = ["rare", *["common"] * 29]
        with pytest.raises(ValueError, match="'rare' has 1"):
            split(np.zeros((30, 2)), y, by="clips")


class TestErrors:
    @pytest.mark.parametrize("name", ["test_size", "validation_size"])
    @pytest.mark.parametrize("size", [0, 1, 1.5, -0.1])
    def test_size(self, name, size):
        clips, y = make_clips()
        with pytest.raises(ValueError, match=f"{name} must be a share"):
            split(clips, y, **{name: size})

    def test_nothing_left(self):
        clips, y = make_clips()
        with pytest.raises(ValueError, match="leave nothing to train on"):
            split(clips, y, test_size=0.5, validation_size=0.5)

    def test_unknown_way(self):
        clips, y = make_clips()
        with pytest.raises(
            ValueError, match=r"by='speakers' is not known\. Did you mean 'speaker'"
        ):
            split(clips, y, by="speakers")

    def test_lengths(self):
        clips, y = make_clips()
        with pytest.raises(ValueError, match="inconsistent numbers of samples"):
            split(clips, y[:-1])
