"""Transformers on the feature engine: parameters to settings, settings to an extractor."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from numbers import Integral, Real
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.utils._param_validation import Interval, StrOptions

from sklearn_ser.base import BaseFrameTransformer
from sklearn_ser.features._engine import (
    FrameSettings,
    coefficient_names,
    count_frames,
    extract_frames,
    resolve_lengths,
)
from sklearn_ser.features._functionals import pool_frames, pooled_names, resolve_statistics

_LENGTHS = ("n_fft", "win_length", "hop_length", "frame_length")
LENGTH = [Interval(Integral, 1, None, closed="left"), None]

# What the parameters may be; how they go together is checked by FrameSettings.
FRAME_CONSTRAINTS: dict[str, list[Any]] = {
    "hop_length": LENGTH,
    "center": ["boolean"],
    "deltas": [Interval(Integral, 0, 2, closed="both")],
    "delta_width": [Interval(Integral, 3, None, closed="left")],
}
WINDOW_CONSTRAINTS: dict[str, list[Any]] = {
    "n_fft": LENGTH,
    "win_length": LENGTH,
    "window": [str, tuple, list, np.ndarray, Interval(Real, None, None, closed="neither")],
    "pad_mode": [str],
}
SPECTRUM_CONSTRAINTS: dict[str, list[Any]] = {
    **WINDOW_CONSTRAINTS,
    "power": [Interval(Real, 0, None, closed="neither")],
    "n_mels": [Interval(Integral, 1, None, closed="left")],
    "fmin": [Interval(Real, 0, None, closed="left")],
    "fmax": [Interval(Real, 0, None, closed="neither"), None],
    "htk": ["boolean"],
    "ref": [Interval(Real, 0, None, closed="neither")],
    "amin": [Interval(Real, 0, None, closed="neither")],
    "top_db": [Interval(Real, 0, None, closed="left"), None],
}
MEL_NORM: list[Any] = [StrOptions({"slaney"}), Interval(Real, 0, None, closed="neither"), None]
CEPSTRUM_CONSTRAINTS: dict[str, list[Any]] = {
    "n_mfcc": [Interval(Integral, 1, None, closed="left")],
    "dct_type": [Interval(Integral, 1, 4, closed="both")],
    "lifter": [Interval(Real, 0, None, closed="left")],
    "mel_norm": MEL_NORM,
}
DCT_NORM: list[Any] = [StrOptions({"ortho", "backward", "forward"}), None]
CHROMA_CONSTRAINTS: dict[str, list[Any]] = {
    "n_chroma": [Interval(Integral, 1, None, closed="left")],
    "tuning": [Interval(Real, None, None, closed="neither"), None],
}
CHROMA_NORM: list[Any] = [Interval(Real, 0, None, closed="right"), None]  # infinity too
SHAPE_CONSTRAINTS: dict[str, list[Any]] = {
    "roll_percent": [Interval(Real, 0, 1, closed="neither")],
    "contrast_fmin": [Interval(Real, 0, None, closed="neither")],
    "contrast_bands": [Interval(Integral, 1, None, closed="left")],
    "contrast_quantile": [Interval(Real, 0, 1, closed="neither")],
}


@dataclass(frozen=True)
class EngineExtractor:
    """Frames of the engine, pooled where statistics are asked for."""

    settings: FrameSettings
    statistics: tuple[str, ...] | None

    def __call__(self, waveform: NDArray[np.float32]) -> NDArray[np.float32]:
        frames = extract_frames(waveform, self.settings)
        if self.statistics is None:
            return frames
        frames_per_second = self.settings.sample_rate / self.settings.hop_length
        return pool_frames(frames, self.statistics, frames_per_second)

    def count_frames(self, n_samples: int) -> int:
        return count_frames(n_samples, self.settings)

    @property
    def coefficient_names(self) -> list[str]:
        return coefficient_names(self.settings)

    @property
    def output_names(self) -> list[str]:
        return pooled_names(self.coefficient_names, self.statistics or ())


class BaseEngineTransformer(BaseFrameTransformer):
    """A transformer whose constructor parameters are settings of the engine, by name."""

    # What the engine calls differently from this estimator's (that is, librosa's) parameter.
    _renamed: dict[str, str] = {}

    def _feature_set(self) -> tuple[str, ...]:
        raise NotImplementedError

    def _make_extractor(self) -> EngineExtractor:
        given = {**dict.fromkeys(_LENGTHS), **self._given_settings()}
        resolved = resolve_lengths(self.sample_rate, *(given[name] for name in _LENGTHS))
        given.update(zip(_LENGTHS, resolved, strict=True))
        settings = FrameSettings(self._feature_set(), self.sample_rate, **given)
        statistics = None if self.pooling is None else resolve_statistics(self.pooling)
        return EngineExtractor(settings, statistics)

    def _given_settings(self) -> dict[str, Any]:
        """Collect the engine's settings that this estimator has a parameter for."""
        parameters = self.get_params(deep=False)
        names = {self._renamed.get(f.name, f.name): f.name for f in fields(FrameSettings)}
        taken = {names[p]: value for p, value in parameters.items() if p in names}
        taken = {name: v for name, v in taken.items() if name not in ("features", "sample_rate")}
        if isinstance(taken.get("window"), Sequence | np.ndarray):
            taken["window"] = _hashable_window(taken["window"])
        return taken


def _hashable_window(window: Any) -> Any:
    return window if isinstance(window, str) else tuple(window)


def as_features(features: Any) -> tuple[str, ...]:
    """Return the names as a tuple, whether one or several were given."""
    return (features,) if isinstance(features, str) else tuple(features)
