"""ClipStore: where the samples of AudioClips lie, or how they are decoded."""

from __future__ import annotations

import hashlib
import os
import warnings
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import joblib
import numpy as np
from numpy.typing import ArrayLike, NDArray

from sklearn_ser.audio._io import read_audio
from sklearn_ser.exceptions import AudioError, AudioReadError, AudioWarning

Waveform = NDArray[np.float32]
WaveformStep = Callable[[Waveform], ArrayLike]
Paths = NDArray[np.object_]
Places = NDArray[np.int64]

_NOT_DECODED = -1
_SILENCE_SECONDS = 1.0  # of an unreadable file whose duration nobody gave


@dataclass(frozen=True)
class Recipe:
    """How a clip comes to be: how its file is decoded, and what is then done to it."""

    sample_rate: int
    offset: float = 0.0
    duration: float | None = None
    on_error: str = "raise"
    steps: tuple[WaveformStep, ...] = ()

    def decode(self, path: str) -> Waveform:
        """Read the part of the file that is asked for, or silence where errors mean that."""
        try:
            return read_audio(
                path, sample_rate=self.sample_rate, offset=self.offset, duration=self.duration
            )[0]
        except AudioReadError as error:
            if self.on_error != "silence":
                raise
            warnings.warn(f"{error} Silence stands in its place.", AudioWarning, stacklevel=2)
            seconds = self.duration or _SILENCE_SECONDS
            return np.zeros(max(round(seconds * self.sample_rate), 1), dtype=np.float32)

    def then(self, step: WaveformStep) -> Recipe:
        """Return this recipe with one more step at its end."""
        return replace(self, steps=(*self.steps, step))


@dataclass(frozen=True, eq=False)
class ClipStore:
    """Samples of n clips: places in one flat buffer, or files and the recipe to decode them.

    One row a clip in ``starts``, ``stops``, ``paths`` and ``recipe_of``, so that slicing is
    indexing and joining is concatenating; a clip that is not decoded has no place in ``flat``.
    """

    flat: Waveform
    starts: Places
    stops: Places
    paths: Paths | None
    recipes: tuple[Recipe, ...]
    recipe_of: Places

    def __post_init__(self) -> None:
        for array in (self.flat, self.starts, self.stops, self.paths, self.recipe_of):
            if array is not None:
                array.flags.writeable = False

    @classmethod
    def of_waveforms(
        cls, waveforms: Sequence[Waveform], sample_rate: int, paths: Paths | None
    ) -> ClipStore:
        """Copy waveforms into one buffer."""
        lengths = np.array([len(waveform) for waveform in waveforms], dtype=np.int64)
        stops = np.cumsum(lengths)
        flat = np.concatenate(waveforms) if len(waveforms) else np.empty(0, np.float32)
        nothing_to_do = (Recipe(sample_rate),)
        origin = np.zeros(len(lengths), np.int64)
        return cls(flat, stops - lengths, stops, paths, nothing_to_do, origin)

    @classmethod
    def of_files(cls, paths: Paths, recipe: Recipe) -> ClipStore:
        """Remember files and the way to decode them."""
        nowhere = np.full(len(paths), _NOT_DECODED, np.int64)
        origin = np.zeros(len(paths), np.int64)
        return cls(np.empty(0, np.float32), nowhere, nowhere, paths, (recipe,), origin)

    @classmethod
    def joined(cls, stores: Sequence[ClipStore]) -> ClipStore:
        """Join stores end to end; a buffer that several of them share is kept once."""
        flat, before = _join_buffers([store.flat for store in stores])
        recipes_before = np.cumsum([0, *(len(store.recipes) for store in stores)])
        shifts = list(zip(stores, before, recipes_before[:-1], strict=True))
        return cls(
            flat=flat,
            starts=np.concatenate([_shifted(s.starts, by) for s, by, _ in shifts]),
            stops=np.concatenate([_shifted(s.stops, by) for s, by, _ in shifts]),
            paths=_join_paths(stores),
            recipes=tuple(recipe for store in stores for recipe in store.recipes),
            recipe_of=np.concatenate([s.recipe_of + by for s, _, by in shifts]),
        )

    def __len__(self) -> int:
        return len(self.starts)

    @property
    def decoded(self) -> NDArray[np.bool_]:
        """Which clips lie in the buffer."""
        return self.starts != _NOT_DECODED

    @property
    def is_finished(self) -> bool:
        """Whether every clip is decoded and no step is left to apply."""
        return bool(self.decoded.all()) and not self.has_steps

    @property
    def has_steps(self) -> bool:
        """Whether anything is mapped over the clips."""
        return any(recipe.steps for recipe in self.recipes)

    @property
    def n_samples_stored(self) -> int:
        """Samples of all decoded clips together, before the steps."""
        return int((self.stops - self.starts).sum())

    def take(self, positions: Places) -> ClipStore:
        """Return the store of these clips; the buffer is shared."""
        return replace(
            self,
            starts=self.starts[positions],
            stops=self.stops[positions],
            paths=None if self.paths is None else self.paths[positions],
            recipe_of=self.recipe_of[positions],
        )

    def with_recipes(self, change: Callable[[Recipe], Recipe]) -> ClipStore:
        """Return the store whose every recipe is changed."""
        return replace(self, recipes=tuple(change(recipe) for recipe in self.recipes))

    def read(self, position: int) -> Waveform:
        """Decode or look up one clip and apply its steps; the result is read-only."""
        recipe = self.recipes[self.recipe_of[position]]
        if self.starts[position] == _NOT_DECODED:
            assert self.paths is not None
            waveform = recipe.decode(self.paths[position])
        else:
            waveform = self._stored(position)
        for step in recipe.steps:
            waveform = self._apply(step, waveform, position)
        waveform.flags.writeable = False
        return waveform

    def _stored(self, position: int) -> Waveform:
        samples = self.flat[self.starts[position] : self.stops[position]]
        return samples.view(np.ndarray)  # in a worker the buffer is a memory map

    def _apply(self, step: WaveformStep, waveform: Waveform, position: int) -> Waveform:
        waveform.flags.writeable = False
        try:
            return check_waveform(step(waveform), "the result")
        except AudioError as error:
            path = "" if self.paths is None else f" ({self.paths[position]})"
            raise AudioError(f"X[{position}]{path}: {_step_name(step)}: {error}") from error

    def cache_keys(self) -> list[str | None]:
        """One text a clip that changes when its waveform would; None where that is unknown."""
        recipes = [joblib.hash(recipe) for recipe in self.recipes]
        return [self._cache_key(i, recipes[self.recipe_of[i]]) for i in range(len(self))]

    def _cache_key(self, position: int, recipe: str) -> str | None:
        if self.starts[position] != _NOT_DECODED:
            digest = hashlib.sha1(self._stored(position).data, usedforsecurity=False)
            return f"{recipe}-{digest.hexdigest()}"
        assert self.paths is not None
        path = os.path.abspath(self.paths[position])
        try:
            status = os.stat(path)
        except OSError:
            return None
        return f"{recipe}-{status.st_size}-{status.st_mtime_ns}-{path}"

    def __getstate__(self) -> dict[str, Any]:
        return (self._compacted() if self._is_mostly_unused() else self).__dict__.copy()

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self.__post_init__()  # what is unpickled is writable

    def _is_mostly_unused(self) -> bool:
        return 2 * self._used_places()[1].sum() < len(self.flat)

    def _used_places(self) -> tuple[Places, Places, Places]:
        """Distinct starts, their lengths, and for every decoded clip which of them is its."""
        places = np.stack([self.starts, self.stops], axis=1)[self.decoded]
        distinct, which = np.unique(places, axis=0, return_inverse=True)
        return distinct[:, 0], distinct[:, 1] - distinct[:, 0], which.reshape(-1)

    def _compacted(self) -> ClipStore:
        """Return the store with a buffer of only the samples that its clips use."""
        origins, lengths, which = self._used_places()
        ends = np.cumsum(lengths)
        starts, stops = self.starts.copy(), self.stops.copy()
        starts[self.decoded], stops[self.decoded] = (ends - lengths)[which], ends[which]
        kept = [self.flat[a : a + n] for a, n in zip(origins, lengths, strict=True)]
        flat = np.concatenate(kept) if kept else np.empty(0, np.float32)
        return replace(self, flat=flat, starts=starts, stops=stops)


def check_waveform(waveform: ArrayLike, name: str) -> Waveform:
    """Return one waveform as 1-D float32; every other form is an error that names it."""
    samples = np.asarray(waveform)
    if samples.ndim != 1 or samples.dtype.kind not in "fiub":
        raise AudioError(
            f"{name} has shape {samples.shape} and dtype {samples.dtype}; a waveform is a 1-D "
            "array of numbers (average the channels of a stereo recording first)."
        )
    with np.errstate(over="ignore"):  # what float32 cannot hold becomes infinite, and is told
        samples = samples.astype(np.float32, copy=False)
    if not len(samples):
        raise AudioError(f"{name} has no samples; leave empty clips out.")
    if not np.isfinite(samples).all():
        raise AudioError(f"{name} contains NaN or infinity; mend or leave out the clip.")
    return samples


def path_array(paths: Iterable[str | os.PathLike[str] | None]) -> Paths:
    """Return paths as an object array of str."""
    listed = [None if path is None else os.fspath(path) for path in paths]
    array = np.empty(len(listed), dtype=object)
    array[:] = listed
    return array


def _shifted(places: Places, by: int) -> Places:
    return np.where(places == _NOT_DECODED, _NOT_DECODED, places + by)


def _join_buffers(buffers: Sequence[Waveform]) -> tuple[Waveform, list[int]]:
    """Join the distinct buffers; and say for every one of all where it begins."""
    distinct = list({id(buffer): buffer for buffer in buffers}.values())
    begins = np.cumsum([0, *(len(buffer) for buffer in distinct)]).tolist()
    begin_of = dict(zip(map(id, distinct), begins, strict=False))
    flat = distinct[0] if len(distinct) == 1 else np.concatenate(distinct)
    return flat, [begin_of[id(buffer)] for buffer in buffers]


def _join_paths(stores: Sequence[ClipStore]) -> Paths | None:
    if all(store.paths is None for store in stores):
        return None
    unknown = [s.paths if s.paths is not None else [None] * len(s) for s in stores]
    return path_array(path for paths in unknown for path in paths)


def _step_name(step: WaveformStep) -> str:
    inner = step.func if isinstance(step, partial) else step
    return str(getattr(inner, "__name__", type(inner).__name__))
