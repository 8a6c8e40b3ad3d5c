"""What early stopping judges by: whole speakers, or a share of every class after a warning."""

from __future__ import annotations

import re

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sklearn_ser.exceptions import SpeakerWarning
from sklearn_ser.neural_network._hold_out import hold_out

FRACTIONS = st.floats(0.05, 0.6)
SEEDS = st.integers(0, 2**31 - 1)
NOT_POSSIBLE = "cannot hold out whole groups: however they are drawn, some class is left"


@st.composite
def complete_groups(draw):
    """Groups of any size in which every class occurs."""
    n_classes = draw(st.integers(2, 4))
    extras = draw(st.lists(st.lists(st.integers(0, n_classes - 1)), min_size=2, max_size=9))
    codes = [[*range(n_classes), *extra] for extra in extras]
    groups = np.repeat(np.arange(len(codes)), [len(group) for group in codes])
    shuffled = np.random.default_rng(draw(SEEDS)).permutation(len(groups))
    return np.concatenate(codes)[shuffled], groups[shuffled]


@st.composite
def any_groups(draw):
    """Clips of any class by any of some groups, two of which occur for certain."""
    clips = draw(st.lists(st.tuples(st.integers(0, 5), st.integers(0, 3)), max_size=40))
    groups, codes = np.array([(0, 0), (1, 1), *clips]).T
    return codes, groups


def assert_is_partition(train, held, n_clips):
    np.testing.assert_array_equal(np.sort(np.concatenate([train, held])), np.arange(n_clips))
    assert len(train)
    assert len(held)


class TestWholeGroups:
    @given(complete_groups(), FRACTIONS, SEEDS)
    def test_no_group_is_on_both_sides(self, clips, fraction, seed):
        codes, groups = clips
        train, held = hold_out(codes, groups, fraction, seed)
        assert_is_partition(train, held, len(codes))
        assert not set(groups[train]) & set(groups[held])

    @given(complete_groups(), FRACTIONS, SEEDS)
    def test_clips_held_out_miss_the_fraction_by_one_group_at_most(self, clips, fraction, seed):
        codes, groups = clips
        _, held = hold_out(codes, groups, fraction, seed)
        assert abs(len(held) - fraction * len(codes)) <= np.bincount(groups).max()

    @given(any_groups(), FRACTIONS, SEEDS)
    def test_every_class_stays_in_training_where_it_can(self, clips, fraction, seed):
        codes, groups = clips
        others = [set(codes[groups != group]) for group in np.unique(groups)]
        if set(codes) in others:
            train, held = hold_out(codes, groups, fraction, seed)
            assert set(codes[train]) == set(codes)
            assert not set(groups[train]) & set(groups[held])
        else:
            with pytest.raises(ValueError, match=NOT_POSSIBLE):
                hold_out(codes, groups, fraction, seed)

    def test_a_class_of_few_speakers_keeps_one_in_training(self):
        groups = np.repeat(np.arange(10), 6)
        codes = np.where(groups < 2, np.arange(60) % 3, np.arange(60) % 2)
        for seed in range(40):
            train, _ = hold_out(codes, groups, 0.3, seed)
            assert set(codes[train]) == {0, 1, 2}

    def test_equal_speakers_give_the_very_fraction(self):
        groups = np.repeat(np.arange(10), 8)
        _, held = hold_out(np.tile([0, 1], 40), groups, 0.3, 0)
        assert len(held) == 24

    def test_every_class_comes_near_the_fraction(self):
        """Half the speakers say little else than one class: a bad draw would hold out those."""
        groups = np.repeat(np.arange(12), 10)
        codes = np.where(np.arange(120) % 10 == 0, groups < 6, groups >= 6).astype(int)
        for seed in range(20):
            _, held = hold_out(codes, groups, 0.33, seed)
            shares = np.bincount(codes[held], minlength=2) / np.bincount(codes)
            np.testing.assert_allclose(shares, 0.33, atol=0.09)

    @pytest.mark.parametrize("kind", [str, object, float])
    def test_groups_may_be_of_any_type(self, kind):
        groups = np.repeat(np.arange(4), 6)
        train, held = hold_out(np.arange(24) % 2, groups.astype(kind).tolist(), 0.25, 0)
        assert not set(groups[train]) & set(groups[held])

    def test_the_seed_decides(self):
        codes, groups = np.arange(80) % 2, np.arange(80) // 4
        first, same = (hold_out(codes, groups, 0.2, 3)[1] for _ in range(2))
        others = [hold_out(codes, groups, 0.2, seed)[1].tolist() for seed in range(4, 9)]
        np.testing.assert_array_equal(first, same)
        assert any(other != first.tolist() for other in others)

    def test_indices_are_sorted(self):
        groups = np.tile(np.arange(6), 5)
        for indices in hold_out(np.repeat([0, 1, 0, 1, 0], 6), groups, 0.3, 0):
            assert (np.diff(indices) > 0).all()

    @pytest.mark.parametrize("missing", [None, np.nan, pd.NA])
    def test_missing_speakers_are_counted(self, missing):
        groups = np.array(["ann", "bob", missing, "eve"] * 6, dtype=object)
        message = "no speaker for 6 of 24 clips, the first is clip 2. Fill them in"
        with pytest.raises(ValueError, match=re.escape(message)):
            hold_out(np.arange(24) % 2, groups, 0.25, 0)

    def test_a_column_of_speakers_is_taken_as_one(self):
        codes, groups = np.arange(40) % 3, np.arange(40) // 5
        expected = hold_out(codes, groups, 0.3, 0)[1]
        np.testing.assert_array_equal(hold_out(codes, groups[:, None], 0.3, 0)[1], expected)

    def test_one_speaker_a_class_cannot_be_held_out(self):
        with pytest.raises(ValueError, match=NOT_POSSIBLE):
            hold_out(np.repeat([0, 1, 2], 4), np.repeat([0, 1, 2], 4), 0.3, 0)

    def test_the_error_says_how_to_mend_it(self):
        with pytest.raises(ValueError, match=r"Give more groups, or set early_stopping=False\."):
            hold_out(np.array([0, 0, 1, 1]), np.array([0, 0, 1, 1]), 0.5, 0)


@pytest.mark.filterwarnings("ignore::sklearn_ser.exceptions.SpeakerWarning")
class TestShareOfEveryClass:
    @given(st.lists(st.integers(0, 30), min_size=2, max_size=5), FRACTIONS, SEEDS)
    def test_each_class_gives_its_share_and_keeps_a_clip(self, sizes, fraction, seed):
        sizes = [2, *sizes]
        codes = np.repeat(np.arange(len(sizes)), sizes)
        train, held = hold_out(codes, None, fraction, seed)
        assert_is_partition(train, held, len(codes))
        for code, size in enumerate(sizes):
            n_held = np.count_nonzero(codes[held] == code)
            assert abs(n_held - fraction * size) <= 1
            assert n_held < size or size == 0

    def test_it_is_not_the_last_rows(self):
        _, held = hold_out(np.repeat([0, 1], 50), None, 0.2, 0)
        assert held.tolist() != [*range(40, 50), *range(90, 100)]

    def test_the_only_clip_of_a_class_is_trained_on(self):
        train, held = hold_out(np.array([0, 0, 0, 0, 1]), None, 0.5, 0)
        assert 4 in train
        assert len(held) == 2

    def test_one_clip_a_class_leaves_nothing_to_judge_by(self):
        with pytest.raises(ValueError, match=r"every class has one clip only\. Give more clips"):
            hold_out(np.arange(3), None, 0.2, 0)


class TestWarning:
    def test_without_groups(self):
        with pytest.warns(SpeakerWarning, match=r"no speakers are known.*<step>__groups=speakers"):
            hold_out(np.tile([0, 1], 10), None, 0.2, 0)

    def test_with_one_group(self):
        with pytest.warns(SpeakerWarning, match="all clips are of one speaker"):
            hold_out(np.tile([0, 1], 10), ["ann"] * 20, 0.2, 0)

    def test_one_group_is_split_as_none_is(self):
        codes = np.tile([0, 1], 10)
        with pytest.warns(SpeakerWarning, match="no speakers"):
            _, without = hold_out(codes, None, 0.2, 5)
        with pytest.warns(SpeakerWarning, match="one speaker"):
            _, with_one = hold_out(codes, [7] * 20, 0.2, 5)
        np.testing.assert_array_equal(without, with_one)
