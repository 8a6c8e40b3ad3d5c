"""Which clips early stopping judges by: whole speakers where they are known."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.utils import column_or_1d

from sklearn_ser.exceptions import SpeakerWarning

__all__ = ["hold_out"]

Indices = NDArray[np.intp]

_DRAWS = 50
_MEND = (
    "Give groups (one speaker a clip) to fit: a SpeechPipeline does where the clips know their "
    "speakers, elsewhere write fit(X, y, <step>__groups=speakers)."
)


def hold_out(
    codes: NDArray[np.intp], groups: Any, fraction: float, seed: int
) -> tuple[Indices, Indices]:
    """Split clips in those to train on and those to judge by.

    With groups, whole groups are held out: of some draws the one whose clips come nearest to the
    fraction, in number and in every class, and which leaves every class in training. Without
    groups, or with one group only, the same share of every class is drawn, after a warning.

    Parameters
    ----------
    codes : ndarray of shape (n_clips,)
        Classes as numbers from 0.
    groups : array-like of shape (n_clips,) or None
        The clips' speakers.
    fraction : float
        Share of the clips to hold out.
    seed : int
        Of the draws.

    Returns
    -------
    train, held_out : ndarray of int
        Sorted indices.

    Raises
    ------
    ValueError
        If nothing can be held out without taking a class' only clip or speaker from training, or
        if some speakers are missing.

    Warns
    -----
    SpeakerWarning
        If the clips cannot be split by speaker.
    """
    random = np.random.default_rng(seed)
    speakers = None if groups is None else _known(groups)
    n_groups = 0 if speakers is None else len(np.unique(speakers))
    if speakers is not None and n_groups > 1:
        is_held = _whole_groups(codes, speakers, fraction, random)
    else:
        _warn_of(n_groups)
        is_held = _share_of_every_class(codes, fraction, random)
    return np.flatnonzero(~is_held), np.flatnonzero(is_held)


def _known(groups: Any) -> NDArray[Any]:
    speakers: NDArray[Any] = column_or_1d(groups)
    missing = np.flatnonzero(pd.isna(speakers))
    if len(missing):
        raise ValueError(
            f"groups has no speaker for {len(missing)} of {len(speakers)} clips, the first is clip "
            f"{missing[0]}. Fill them in, leave those clips out, or set early_stopping=False."
        )
    return speakers


def _warn_of(n_groups: int) -> None:
    found = "no speakers are known" if n_groups == 0 else "all clips are of one speaker"
    warnings.warn(
        f"Early stopping judges by clips of the voices it trains on: {found}, so the clips held "
        f"out are drawn at random, and training stops late. {_MEND}",
        SpeakerWarning,
        stacklevel=4,
    )


def _whole_groups(
    codes: NDArray[Any], groups: NDArray[Any], fraction: float, random: np.random.Generator
) -> NDArray[np.bool_]:
    names, places = np.unique(groups, return_inverse=True)
    counts = np.zeros((len(names), codes.max() + 1))
    np.add.at(counts, (places, codes), 1)
    draws = [_draw_groups(counts, fraction, random) for _ in range(_DRAWS)]
    if not draws[0]:
        raise ValueError(
            "Early stopping cannot hold out whole groups: however they are drawn, some class is "
            "left without a clip to train on, because too few groups have it. Give more groups, "
            "or set early_stopping=False."
        )
    return np.isin(places, min(draws, key=lambda chosen: _distance(counts, chosen, fraction)))


def _draw_groups(
    counts: NDArray[Any], fraction: float, random: np.random.Generator
) -> list[np.intp]:
    """Take groups in random order while that brings their clips nearer to the fraction.

    Groups that have all clips which are left of some class are passed over.
    """
    left = counts.sum(axis=0)
    occurs, target = left > 0, fraction * left.sum()
    chosen: list[np.intp] = []
    sums: list[float] = [0.0]
    for group in random.permutation(len(counts)):
        if sums[-1] >= target:
            break
        after = left - counts[group]
        if (after[occurs] > 0).all():
            chosen.append(group)
            sums.append(sums[-1] + counts[group].sum())
            left = after
    nearest = np.argmin(np.abs(np.array(sums[1:]) - target)) + 1 if chosen else 0
    return chosen[:nearest]


def _distance(counts: NDArray[Any], chosen: list[np.intp], fraction: float) -> float:
    total = counts.sum(axis=0)
    share = counts[chosen].sum(axis=0) / np.maximum(total, 1)
    return float(np.mean(np.abs(share - fraction)[total > 0]))


def _share_of_every_class(
    codes: NDArray[Any], fraction: float, random: np.random.Generator
) -> NDArray[np.bool_]:
    is_held = np.zeros(len(codes), dtype=bool)
    for code in np.unique(codes):
        rows = random.permutation(np.flatnonzero(codes == code))
        n_held = min(max(round(fraction * len(rows)), 1), len(rows) - 1)
        is_held[rows[:n_held]] = True
    if not is_held.any():
        raise ValueError(
            "Early stopping has nothing to judge by: every class has one clip only. Give more "
            "clips, or set early_stopping=False."
        )
    return is_held
