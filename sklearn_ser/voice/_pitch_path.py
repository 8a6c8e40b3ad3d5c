"""The best path through the candidates of every frame, without a step from frame to frame.

Viterbi's recursion is a product of matrices in which sums are maxima and products are sums. Such
products may be taken in any grouping, so those of intervals of 2, 4, 8... frames are taken, each
length for all intervals at once; the way back down gives every frame the best score before it and
the best score after it. That is the whole of the path in the logarithm of its length.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["best_scores"]

Scores = NDArray[np.float64]

# Products of matrices in one go, so that the memory of a long clip stays bounded.
_PRODUCTS_AT_ONCE = 2048


def best_scores(scores: Scores, costs: Scores) -> Scores:
    """Score every state by the best path through it.

    Parameters
    ----------
    scores : ndarray of shape (n_states, n_frames)
        What a path gains by each state of each frame.
    costs : ndarray of shape (n_states, n_states, n_frames - 1)
        What it pays from a state (first axis) to one of the next frame (second axis).

    Returns
    -------
    ndarray of shape (n_states, n_frames)
        The score of the best of all paths that go through the state, so that the best path is the
        largest of every frame.
    """
    if scores.shape[1] == 1:
        return scores
    steps = scores[None, :, 1:] - costs
    before, after = _sweep_down(_sweep_up(steps), scores[:, :1])
    best = np.empty_like(scores)
    best[:, 1:] = _forward(before, steps) + after
    best[:, 0] = scores[:, 0] + _backward(steps, after)[:, 0]
    return best


def _sweep_up(steps: Scores) -> list[Scores]:
    """Return the matrices of all steps, of all pairs of steps, of all fours..., of everything."""
    levels = [steps]
    while levels[-1].shape[2] > 1:
        matrices = levels[-1]
        n_pairs = matrices.shape[2] // 2
        pairs = np.empty((*matrices.shape[:2], matrices.shape[2] - n_pairs))
        for start in range(0, n_pairs, _PRODUCTS_AT_ONCE):
            some = slice(2 * start, 2 * min(start + _PRODUCTS_AT_ONCE, n_pairs))
            product = _product(matrices[:, :, some][..., ::2], matrices[:, :, some][..., 1::2])
            pairs[:, :, start : start + product.shape[2]] = product
        pairs[:, :, n_pairs:] = matrices[:, :, 2 * n_pairs :]  # an odd one out stays as it is
        levels.append(pairs)
    return levels


def _sweep_down(levels: list[Scores], first: Scores) -> tuple[Scores, Scores]:
    """Return the best scores before and after every step, from those of all steps together."""
    before, after = first, np.zeros_like(first)
    for matrices in reversed(levels[:-1]):
        n_states, n = matrices.shape[1:]
        n_pairs = n // 2
        lower_before, lower_after = np.empty((2, n_states, n))
        lower_before[:, ::2] = before
        lower_after[:, 1::2] = after[:, :n_pairs]
        even, odd = matrices[:, :, : 2 * n_pairs : 2], matrices[:, :, 1::2]
        lower_before[:, 1::2] = _forward(before[:, :n_pairs], even)
        lower_after[:, : 2 * n_pairs : 2] = _backward(odd, after[:, :n_pairs])
        lower_after[:, 2 * n_pairs :: 2] = after[:, n_pairs:]
        before, after = lower_before, lower_after
    return before, after


def _product(left: Scores, right: Scores) -> Scores:
    return (left[:, :, None] + right[None]).max(axis=1)


def _forward(before: Scores, matrices: Scores) -> Scores:
    """Carry scores of the states before a step over to those after it."""
    return (before[:, None] + matrices).max(axis=0)


def _backward(matrices: Scores, after: Scores) -> Scores:
    """Carry scores of the states after a step back to those before it."""
    return (matrices + after[None]).max(axis=1)
