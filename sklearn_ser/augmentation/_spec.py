"""SpecAugmenter: masks over time and over coefficients of a clip's sequence."""

from __future__ import annotations

from numbers import Integral
from typing import Any

import numpy as np

from sklearn_ser.augmentation._base import Array, BaseAugmenter, Parameters
from sklearn_ser.augmentation._ranges import Strength, draw_between
from sklearn_ser.utils._sequences import count_real_frames

__all__ = ["SpecAugmenter", "mask_sequence"]

_NEARLY_ZERO = np.float32(1e-6)  # of the clip's largest value


class SpecAugmenter(BaseAugmenter):
    """Hide stretches of time and bands of coefficients of a clip's features (SpecAugment).

    What is hidden becomes the mean of its coefficient over the clip's real frames [1]_, so that
    the features need not be standardised first. Padding, a clip's trailing frames of zeros, stays
    padding: no mask touches it and none makes more of it.

    Parameters
    ----------
    time_width : float or (float, float), default=(0.0, 0.1)
        Share of the clip's real frames that each mask over time hides, or the range that it is
        drawn from, between 0 and 1.
    frequency_width : float or (float, float), default=(0.0, 0.15)
        Share of the coefficients that each mask over frequency hides, neighbours in their order:
        made for mel bands, and of little meaning for cepstra.
    n_time_masks, n_frequency_masks : int, default=2
        How many masks of either kind; they may overlap.
    probability : float, default=1.0
        Share of the copies that are changed.

    References
    ----------
    .. [1] Park, D. S. et al. (2019). SpecAugment: a simple data augmentation method for automatic
       speech recognition. Interspeech, 2613-2617.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_ser import SpecAugmenter
    >>> sequence = np.array([[1.0], [2.0], [3.0], [6.0], [0.0]])
    >>> augmenter = SpecAugmenter(0.5, n_time_masks=1, n_frequency_masks=0)
    >>> augmenter.augment(sequence, random_state=0).ravel().tolist()
    [1.0, 2.0, 3.0, 3.0, 0.0]
    """

    input_kind = "sequence"

    def __init__(
        self,
        time_width: Strength = (0.0, 0.1),
        frequency_width: Strength = (0.0, 0.15),
        *,
        n_time_masks: int = 2,
        n_frequency_masks: int = 2,
        probability: float = 1.0,
    ) -> None:
        self.time_width = time_width
        self.frequency_width = frequency_width
        self.n_time_masks = n_time_masks
        self.n_frequency_masks = n_frequency_masks
        self.probability = probability

    def _draw(
        self, waveform: Array, sample_rate: Any, random_state: np.random.Generator
    ) -> Parameters:
        drawn: Parameters = {"n_time_masks": self._count("n_time_masks")}
        drawn["n_frequency_masks"] = self._count("n_frequency_masks")
        n_frames, n_coefs = int(count_real_frames(waveform[None])[0]), waveform.shape[1]
        for axis, length in (("time", n_frames), ("frequency", n_coefs)):
            ends = self._strength(f"{axis}_width", low=0, high=1)
            for place in range(drawn[f"n_{axis}_masks"]):
                width = round(draw_between(ends, random_state) * length)
                drawn[f"{axis}_{place}_start"] = int(random_state.integers(length - width + 1))
                drawn[f"{axis}_{place}_width"] = width
        return drawn

    def _apply(self, waveform: Array, sample_rate: Any, **parameters: int) -> Array:
        masks = {
            axis: [
                (parameters[f"{axis}_{place}_start"], parameters[f"{axis}_{place}_width"])
                for place in range(parameters[f"n_{axis}_masks"])
            ]
            for axis in ("time", "frequency")
        }
        return mask_sequence(waveform, masks["time"], masks["frequency"])

    def _count(self, name: str) -> int:
        value = getattr(self, name)
        if not isinstance(value, Integral) or isinstance(value, bool) or value < 0:
            raise ValueError(f"{self._name}: {name}={value!r} is not a whole number from 0 on.")
        return int(value)


def mask_sequence(
    sequence: Array, over_time: list[tuple[int, int]], over_coefs: list[tuple[int, int]]
) -> Array:
    """Hide frames and coefficients of one clip behind the clip's mean.

    Parameters
    ----------
    sequence : ndarray of shape (n_frames, n_coefs), float32
        Trailing frames of zeros are padding.
    over_time, over_coefs : list of (int, int)
        First frame or coefficient, and how many are hidden.

    Returns
    -------
    ndarray of shape (n_frames, n_coefs), float32
        A frame that was not zeros is not zeros: where the mean itself is exactly zero, its first
        coefficient gets a millionth of the clip's largest value.
    """
    masked = sequence.copy()
    real = masked[: count_real_frames(sequence[None])[0]]
    was_filled = real.any(axis=1)
    mean = real.mean(axis=0, dtype=np.float64).astype(np.float32)
    for start, width in over_time:
        real[start : start + width] = mean
    for start, width in over_coefs:
        real[:, start : start + width] = mean[start : start + width]
    emptied = was_filled & ~real.any(axis=1)
    least = np.abs(sequence).max() * _NEARLY_ZERO
    real[emptied, 0] = max(least, np.finfo(np.float32).tiny)
    return masked
