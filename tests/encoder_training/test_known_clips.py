from __future__ import annotations

import numpy as np
import pytest

from sklearn_ser.encoder_training._known_clips import make_known_clips

LABELS = ["sad", "angry", "happy", "sad"]
SPEAKERS = ["ann", "ann", "bob", "bob"]


def test_classes_are_sorted():
    known = make_known_clips(LABELS, SPEAKERS, None, None)
    assert known.classes == ("angry", "happy", "sad")
    assert known.codes.tolist() == [2, 0, 1, 2]
    assert not known.votes.any()
    assert not known.sex.any()


def test_ties_are_shared():
    votes = ["sad", "angry:sad", None, np.nan]
    known = make_known_clips(LABELS, SPEAKERS, votes, None)
    assert known.votes.tolist() == [[0, 0, 1], [0.5, 0, 0.5], [0, 0, 0], [0, 0, 0]]


def test_votes_for_what_is_no_class_do_not_count():
    known = make_known_clips(LABELS, SPEAKERS, ["bored", "bored:sad", "happy", "sad"], None)
    assert known.votes[:2].tolist() == [[0, 0, 0], [0, 0, 1]]


def test_votes_in_other_words_are_refused():
    with pytest.raises(ValueError, match=r"votes name no class of y, .* but ANG, SAD. Give"):
        make_known_clips(LABELS, SPEAKERS, ["SAD", "ANG", None, None], None)


def test_sex():
    known = make_known_clips(LABELS, SPEAKERS, None, ["female", "male", None, np.nan])
    assert known.sex.tolist() == [[1, 0], [0, 1], [0, 0], [0, 0]]


def test_another_word_for_the_sex_is_refused():
    with pytest.raises(ValueError, match=r"sex\[1\] is 'F'; it has to be one of \('female'"):
        make_known_clips(LABELS, SPEAKERS, None, ["female", "F", None, None])


def test_one_class_is_refused():
    with pytest.raises(ValueError, match=r"y has one class, 'sad'; an encoder is trained to tell"):
        make_known_clips(["sad"] * 4, SPEAKERS, None, None)


def test_a_missing_label_is_refused():
    with pytest.raises(ValueError, match=r"the label of clip 1 is missing"):
        make_known_clips(["sad", None, "sad", "angry"], SPEAKERS, None, None)


@pytest.mark.parametrize("column", ["speakers", "votes", "sex"])
def test_lengths_are_checked(column):
    columns = {"speakers": SPEAKERS, "votes": None, "sex": None, column: ["sad"] * 3}
    with pytest.raises(ValueError, match=rf"{column} has 3 entries for 4 clips"):
        make_known_clips(LABELS, **columns)


def test_fewer_clips_have_fewer_classes():
    votes = ["sad", "angry:happy", "happy", "sad"]
    part = make_known_clips(LABELS, SPEAKERS, votes, None).take(np.array([0, 1]))
    assert part.classes == ("angry", "sad")
    assert part.codes.tolist() == [1, 0]
    assert part.votes.tolist() == [[0, 1], [1, 0]]
    assert part.speakers.tolist() == ["ann", "ann"]


def test_the_fingerprint_knows_all_that_is_known():
    usual = (LABELS, SPEAKERS, ["sad"] * 4, ["male"] * 4)
    others = [
        (LABELS[::-1], *usual[1:]),
        (LABELS, SPEAKERS[::-1], *usual[2:]),
        (*usual[:2], ["happy"] * 4, usual[3]),
        (*usual[:3], None),
    ]
    prints = {make_known_clips(*given).fingerprint() for given in (usual, *others)}
    assert len(prints) == 5
    assert make_known_clips(*usual).fingerprint() in prints
