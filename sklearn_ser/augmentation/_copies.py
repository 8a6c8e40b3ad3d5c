"""Copies of clips and of sequences, whose seeds come from what is heard and not from its place."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import joblib
import numpy as np
from numpy.typing import NDArray

from sklearn_ser.audio._clips import AudioClips
from sklearn_ser.audio._store import check_waveform
from sklearn_ser.exceptions import AudioError
from sklearn_ser.utils._parallel import chunk_slices, parallel_iter
from sklearn_ser.utils._sequences import count_real_frames
from sklearn_ser.utils._version import package_version

__all__ = [
    "COPY",
    "VIEW",
    "Augmentation",
    "augmented_clips",
    "augmented_sequences",
    "random_state_of",
]

Array = NDArray[np.float32]

COPY, VIEW = 0, 1  # of a clip that is fitted on; of one that is predicted

_CLIPS_A_TASK = 16


@dataclass(frozen=True)
class Augmentation:
    """One change of every clip: the same clip is changed in the same way wherever it stands."""

    augmenter: Any
    sample_rate: int | None
    seed: int
    role: int
    number: int
    memory: joblib.Memory | None = None

    def __call__(self, clip: Array) -> Array:
        """Return a new clip; chance depends on the seed, what is heard, and the number alone."""
        return self.checked(self._change(clip), clip)

    def checked(self, changed: Any, clip: Array) -> Array:
        """Return a changed clip of sound form, or say which augmenter did not give one."""
        try:
            if clip.ndim == 1:
                return check_waveform(changed, "the result")
            return _check_sequence(changed, clip.shape)
        except AudioError as error:
            raise AudioError(f"{type(self.augmenter).__name__}: {error}") from error

    def _change(self, clip: Array) -> Any:
        if self.memory is None:
            return _change_clip("", self, clip)
        cached = self.memory.cache(_change_clip, ignore=["change", "clip"])
        settings = (self.augmenter, self.sample_rate, self.seed, self.role, self.number)
        return cached(f"{joblib.hash((settings, package_version()))}-{_digest(clip):x}", self, clip)


def augmented_clips(
    clips: AudioClips, changes: Sequence[Augmentation], n_jobs: int | None
) -> list[AudioClips]:
    """Change clips when they are touched; with ``n_jobs`` at once, in so many workers."""
    if n_jobs is None:
        return [clips.map(change) for change in changes]
    paths = None if clips.paths is None else list(clips.paths)
    changed = list(_at_once(clips, changes, n_jobs))
    return [
        AudioClips(
            [of_clip[number] for of_clip in changed],
            clips.sample_rate,
            metadata=clips.metadata,
            paths=paths,
        )
        for number in range(len(changes))
    ]


def augmented_sequences(
    sequences: Array, changes: Sequence[Augmentation], n_jobs: int | None
) -> list[Array]:
    """Change every sequence of an array (n_clips, n_frames, n_coefs)."""
    changed = [np.empty_like(sequences) for _ in changes]
    for place, of_clip in enumerate(_at_once(sequences, changes, n_jobs)):
        for copies, sequence in zip(changed, of_clip, strict=True):
            copies[place] = sequence
    return changed


def _at_once(
    clips: Any, changes: Sequence[Augmentation], n_jobs: int | None
) -> Iterator[list[Array]]:
    """Change all clips, in processes: effects may lean on global state, which threads share."""
    tasks = [
        (clips[chunk], changes, chunk.start)
        for chunk in chunk_slices(len(clips), chunk_size=_CLIPS_A_TASK)
    ]
    for chunk in parallel_iter(_change_chunk, tasks, n_jobs=n_jobs, prefer="processes"):
        yield from chunk


def _change_chunk(clips: Any, changes: Sequence[Augmentation], start: int) -> list[list[Array]]:
    changed = []
    for place, clip in enumerate(clips, start):
        try:
            changed.append(_all_changes(_read_only(clip), changes))
        except AudioError as error:
            raise AudioError(f"X[{place}]: {error}") from error
    return changed


def _all_changes(clip: Array, changes: Sequence[Augmentation]) -> list[Array]:
    """Change one clip in several ways, which share work where the augmenter knows how."""
    first = changes[0]  # the others differ from it in their number alone
    if first.memory is not None or not hasattr(first.augmenter, "augment_many"):
        return [change(clip) for change in changes]  # a cache keeps each apart
    chances = [random_state_of(change, clip) for change in changes]
    results = first.augmenter.augment_many(clip, first.sample_rate, chances)
    return [change.checked(r, clip) for change, r in zip(changes, results, strict=True)]


def _read_only(clip: Array) -> Array:
    view = clip.view()
    view.flags.writeable = False
    return view


def random_state_of(change: Augmentation, clip: Array) -> np.random.Generator:
    """Return the generator by which this change of this clip is drawn."""
    entropy = [change.seed, change.role, change.number, _digest(clip)]
    return np.random.default_rng(np.random.SeedSequence(entropy))


def _change_clip(key: str, change: Augmentation, clip: Array) -> Any:
    """Change one clip; ``key`` stands for all the other arguments in the cache."""
    random_state = random_state_of(change, clip)
    return change.augmenter.augment(clip, change.sample_rate, random_state=random_state)


def _digest(clip: Array) -> int:
    """Return a number that is the clip's own: its samples, or its frames without padding."""
    if clip.ndim == 2:
        clip = clip[: int(count_real_frames(clip[np.newaxis])[0])]
    content = np.ascontiguousarray(clip, dtype=np.float32)
    digest = hashlib.sha1(content.data, usedforsecurity=False).hexdigest()
    return int(digest, base=16)


def _check_sequence(sequence: Any, shape: tuple[int, ...]) -> Array:
    changed = np.asarray(sequence)
    if changed.shape != shape or changed.dtype.kind != "f":
        raise AudioError(
            f"the result has shape {changed.shape} and dtype {changed.dtype}; a changed sequence "
            f"keeps its shape, {shape}, and holds floats."
        )
    if not np.isfinite(changed).all():
        raise AudioError("the result contains NaN or infinity.")
    return changed.astype(np.float32, copy=False)
