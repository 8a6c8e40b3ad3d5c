"""The best path by intervals against Viterbi's steps from frame to frame."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import sklearn_ser.voice._pitch_path as pitch_path
from sklearn_ser.voice._pitch_path import best_scores


def problem(n_states, n_frames, seed=0):
    rng = np.random.default_rng(seed)
    return rng.normal(size=(n_states, n_frames)), rng.random((n_states, n_states, n_frames - 1))


def viterbi(scores, costs):
    """Find the best path, step by step; return it and what it is worth."""
    total, pointers = scores[:, 0], []
    for frame in range(1, scores.shape[1]):
        steps = total[:, None] - costs[:, :, frame - 1]
        pointers.append(steps.argmax(axis=0))
        total = steps.max(axis=0) + scores[:, frame]
    path = [int(total.argmax())]
    for pointer in reversed(pointers):
        path.append(int(pointer[path[-1]]))
    return path[::-1], total.max()


@given(st.integers(1, 4), st.integers(1, 40), st.integers(0, 99))
def test_the_path_is_viterbis(n_states, n_frames, seed):
    scores, costs = problem(n_states, n_frames, seed)
    best = best_scores(scores, costs)
    path, worth = viterbi(scores, costs)
    np.testing.assert_array_equal(best.argmax(axis=0), path)
    np.testing.assert_allclose(best.max(axis=0), worth)


@given(st.integers(0, 99))
def test_every_state_has_the_score_of_its_own_best_path(seed):
    scores, costs = problem(3, 7, seed)
    best = best_scores(scores, costs)
    for frame in range(7):
        for state in range(3):
            forced = scores.copy()
            forced[np.arange(3) != state, frame] = -1e6
            np.testing.assert_allclose(best[state, frame], viterbi(forced, costs)[1])


def test_few_products_at_once_change_nothing(monkeypatch):
    scores, costs = problem(4, 501)
    expected = best_scores(scores, costs)
    monkeypatch.setattr(pitch_path, "_PRODUCTS_AT_ONCE", 7)
    np.testing.assert_array_equal(best_scores(scores, costs), expected)


@pytest.mark.parametrize("n_frames", [1, 2, 3, 4, 5])
def test_a_few_frames(n_frames):
    scores, costs = problem(3, n_frames)
    assert best_scores(scores, costs).shape == (3, n_frames)
