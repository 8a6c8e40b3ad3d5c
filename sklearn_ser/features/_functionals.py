"""Statistics over the frames of a clip: one number for each coefficient and statistic."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from functools import cached_property, lru_cache

import numpy as np

from sklearn_ser.utils._names import did_you_mean

SHORTHANDS = {"mean": ("mean",), "mean_std": ("mean", "std")}
_MEDIAN = "median"
_PERCENTILE = re.compile(r"p(\d\d?|100)")

# Values of float64 in one go: 8 MB, whatever the length of the clip.
_BLOCK_VALUES = 1 << 20


def resolve_statistics(pooling: str | Sequence[str]) -> tuple[str, ...]:
    """Return the names of the statistics that ``pooling`` stands for.

    Parameters
    ----------
    pooling : str or sequence of str
        ``"mean"``, ``"mean_std"``, the name of any one statistic, or several in a tuple.

    Returns
    -------
    tuple of str
        Names of statistics.

    Raises
    ------
    ValueError
        If a name is unknown or given twice, or none is given.

    Examples
    --------
    >>> resolve_statistics("mean_std")
    ('mean', 'std')
    >>> resolve_statistics(("median", "p05", "p95"))
    ('median', 'p05', 'p95')
    """
    names = (pooling,) if isinstance(pooling, str) else tuple(pooling)
    if isinstance(pooling, str):
        names = SHORTHANDS.get(pooling, names)
    if not names:
        raise ValueError("pooling names no statistic: give at least one, such as 'mean'")
    for name in names:
        _check_statistic(name)
    if len(set(names)) < len(names):
        raise ValueError(f"pooling names a statistic twice: {names!r}")
    return names


def pool_frames(
    frames: np.ndarray, statistics: Sequence[str], frames_per_second: float
) -> np.ndarray:
    """Summarise the frames of one clip.

    Parameters
    ----------
    frames : ndarray of shape (n_frames, n_coefs)
        The coefficients, at least one frame.
    statistics : sequence of str
        Names, as :func:`resolve_statistics` gives them.
    frames_per_second : float
        Frames a second, for the slope.

    Returns
    -------
    ndarray of shape (n_statistics * n_coefs,)
        Float32, statistic by statistic: the first statistic of all coefficients, then the second.

    Raises
    ------
    ValueError
        If there is no frame.
    """
    if frames.ndim != 2 or not len(frames):
        raise ValueError(
            f"frames must have shape (n_frames, n_coefs) with at least one frame, "
            f"got {frames.shape}"
        )
    n_frames, n_coefs = frames.shape
    pooled = np.empty((len(statistics), n_coefs), dtype=np.float32)
    step = max(1, _BLOCK_VALUES // n_frames)
    for start in range(0, n_coefs, step):
        columns = slice(start, start + step)
        pooled[:, columns] = _Block(frames[:, columns], frames_per_second).statistics(statistics)
    return pooled.ravel()


def pooled_names(coefficient_names: Sequence[str], statistics: Sequence[str]) -> list[str]:
    """Name the values of :func:`pool_frames`.

    Examples
    --------
    >>> pooled_names(["zcr", "rms"], ("mean", "std"))
    ['zcr_mean', 'rms_mean', 'zcr_std', 'rms_std']
    """
    return [f"{name}_{statistic}" for statistic in statistics for name in coefficient_names]


class _Block:
    """Some columns of a clip; what several statistics share is computed once, when first asked."""

    def __init__(self, frames: np.ndarray, frames_per_second: float) -> None:
        self.frames = frames
        self.frames_per_second = frames_per_second

    def statistics(self, names: Sequence[str]) -> list[np.ndarray]:
        """Return each statistic of all columns; percentiles are read off together."""
        percents = {name: _percent(name) for name in names if name not in STATISTICS}
        # Without any, nothing need be sorted.
        rows = self.percentiles(list(percents.values())) if percents else ()
        percentiles = dict(zip(percents, rows, strict=True))
        return [
            percentiles[name] if name in percentiles else STATISTICS[name](self) for name in names
        ]

    @cached_property
    def mean(self) -> np.ndarray:
        # The sum of equal float32 numbers is exact in float64, so that constants have exactly no
        # variance, whatever their value.
        return np.add.reduce(self.frames, axis=0, dtype=np.float64) / len(self.frames)

    @cached_property
    def centred(self) -> np.ndarray:
        return self.frames - self.mean

    @cached_property
    def squares(self) -> np.ndarray:
        return np.square(self.centred)

    @cached_property
    def variance(self) -> np.ndarray:
        return np.add.reduce(self.squares, axis=0) / len(self.frames)

    @cached_property
    def ordered(self) -> np.ndarray:
        """Each coefficient's values in rising order, by row."""
        rows = self.frames.T.copy(order="C")  # of one column, the transpose is no copy
        rows.sort(axis=1)
        return rows

    def std(self) -> np.ndarray:
        return np.sqrt(self.variance)

    def skew(self) -> np.ndarray:
        third = np.einsum("ij,ij->j", self.squares, self.centred) / len(self.frames)
        return self._standardised(third, self.variance**1.5)

    def kurtosis(self) -> np.ndarray:
        fourth = np.einsum("ij,ij->j", self.squares, self.squares) / len(self.frames)
        return self._standardised(fourth - 3 * self.variance**2, self.variance**2)

    def _standardised(self, moment: np.ndarray, scale: np.ndarray) -> np.ndarray:
        """Divide, but give 0 where nothing varies beyond the rounding of the mean."""
        varies = self.variance > (np.finfo(np.float64).eps * self.mean) ** 2
        return np.divide(moment, scale, out=np.zeros_like(moment), where=varies)

    def slope(self) -> np.ndarray:
        """Fit a line by least squares and return its slope per second."""
        times, spread = _times(len(self.frames), self.frames_per_second)
        return np.einsum("i,ij->j", times, self.centred) / spread

    def percentiles(self, percents: Sequence[float]) -> np.ndarray:
        """Interpolate linearly between the two nearest ranks, (n_percents, n_coefs)."""
        last = len(self.frames) - 1
        ranks = [percent / 100 * last for percent in percents]
        below = [int(rank) for rank in ranks]
        above = [min(rank + 1, last) for rank in below]
        low, high = self.ordered[:, below].astype(np.float64), self.ordered[:, above]
        found: np.ndarray = low + np.subtract(ranks, below) * (high - low)
        return found.T

    def iqr(self) -> np.ndarray:
        low, high = self.percentiles([25, 75])
        return high - low


@lru_cache(maxsize=128)
def _times(n_frames: int, frames_per_second: float) -> tuple[np.ndarray, float]:
    """Return the seconds from the middle of a clip to its frames, and the sum of their squares."""
    times = (np.arange(n_frames) - (n_frames - 1) / 2) / frames_per_second
    times.setflags(write=False)
    return times, max(float(np.sum(times**2)), np.finfo(np.float64).tiny)


def _percent(name: str) -> int:
    return 50 if name == _MEDIAN else int(name[1:])


STATISTICS: dict[str, Callable[[_Block], np.ndarray]] = {
    "mean": lambda block: block.mean,
    "std": _Block.std,
    "min": lambda block: block.frames.min(axis=0),
    "max": lambda block: block.frames.max(axis=0),
    "range": lambda block: np.ptp(block.frames, axis=0),
    "iqr": _Block.iqr,
    "skew": _Block.skew,
    "kurtosis": _Block.kurtosis,
    "slope": _Block.slope,
}
_NAMES = (*STATISTICS, _MEDIAN)


def _check_statistic(name: object) -> None:
    if isinstance(name, str) and (name in _NAMES or _PERCENTILE.fullmatch(name)):
        return
    if isinstance(name, str) and name in SHORTHANDS:
        raise ValueError(
            f"{name!r} is a shorthand that stands alone: name its statistics, {SHORTHANDS[name]}, "
            "beside the others"
        )
    hint = did_you_mean(name, [*_NAMES, *SHORTHANDS])
    raise ValueError(
        f"{name!r} is no statistic.{hint} There are {', '.join(_NAMES)} and percentiles such "
        "as 'p05' or 'p95'; alone also 'mean_std'"
    )
