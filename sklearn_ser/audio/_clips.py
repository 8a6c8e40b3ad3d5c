"""AudioClips: the one form in which speech travels through a pipeline."""

from __future__ import annotations

import os
import pickle
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from typing import Any, overload

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from sklearn_ser.audio._io import resample
from sklearn_ser.audio._store import (
    ClipStore,
    Recipe,
    Waveform,
    WaveformStep,
    check_waveform,
    path_array,
)
from sklearn_ser.exceptions import AudioError, AudioReadError
from sklearn_ser.utils._parallel import chunk_slices, parallel_map

__all__ = ["AudioClips"]

_ERRORS_SHOWN = 10
_CLIPS_A_TASK = 16  # a task for every clip would cost as much as decoding a short one


class AudioClips:
    """An immutable sequence of mono clips at one sample rate.

    ``clips[3]`` is a waveform; ``clips[mask]``, ``clips[2:9]`` and ``clips[[4, 1]]`` are
    AudioClips again, with paths, speakers and the rest of the metadata sliced along. So a clip
    keeps its speaker through every split and into every worker of scikit-learn's tools.

    Clips lie in memory, in one flat float32 buffer that joblib memory-maps for its workers (this
    constructor, or :meth:`load`), or are decoded when touched (:meth:`from_files`).

    Parameters
    ----------
    waveforms : sequence of array-like of shape (n_samples,)
        Floating-point samples with full scale 1.0; lengths may differ.
    sample_rate : int, default=16000
        Rate of all clips, in Hz.
    metadata : DataFrame of n_clips rows, default=None
        What is known of the clips; the column "speaker" is what :attr:`speakers` returns.
    paths : sequence of str, default=None
        The files that the clips came from.

    Attributes
    ----------
    sample_rate : int
        Rate in Hz.
    shape : tuple (n_clips,)
        Number of clips, in the form that scikit-learn asks for.
    dtype : dtype
        float32, of every waveform.
    in_memory : bool
        Whether all clips are decoded.
    paths : ndarray of shape (n_clips,) or None
        The files.
    speakers : ndarray of shape (n_clips,) or None
        The metadata's column "speaker".
    metadata : DataFrame or None
        A copy of the table, a column "path" in front where paths are known.

    Raises
    ------
    AudioError
        A waveform is not 1-D, is empty, or holds NaN or infinity; the metadata has another
        number of rows.

    Examples
    --------
    >>> import numpy as np, pandas as pd
    >>> from sklearn_ser import AudioClips
    >>> table = pd.DataFrame({"speaker": ["ann", "ann", "bob"]})
    >>> clips = AudioClips([np.zeros(800), np.ones(400), np.zeros(160)], 16000, metadata=table)
    >>> clips
    <AudioClips: 3 clips of 2 speakers at 16000 Hz, 0.1 s in memory>
    >>> clips[1].shape
    (400,)
    >>> clips[[2, 0]].speakers.tolist()
    ['bob', 'ann']
    """

    __slots__ = ("__weakref__", "_metadata", "_store", "sample_rate")

    sample_rate: int
    _store: ClipStore
    _metadata: pd.DataFrame | None

    dtype = np.dtype(np.float32)
    ndim = 1

    def __init__(
        self,
        waveforms: Iterable[ArrayLike],
        sample_rate: int = 16000,
        *,
        metadata: pd.DataFrame | None = None,
        paths: Sequence[str] | None = None,
    ) -> None:
        checked = [check_waveform(wave, f"X[{i}]") for i, wave in enumerate(waveforms)]
        known = None if paths is None else path_array(paths)
        store = ClipStore.of_waveforms(checked, int(sample_rate), known)
        self._set(int(sample_rate), store, metadata)

    @classmethod
    def from_files(
        cls,
        paths: Sequence[str | os.PathLike[str]],
        sample_rate: int = 16000,
        *,
        offset: float = 0.0,
        duration: float | None = None,
        on_error: str = "raise",
        metadata: pd.DataFrame | None = None,
    ) -> AudioClips:
        """Make clips that are decoded when touched, each from its file.

        Parameters
        ----------
        paths : sequence of str or path-like
            Sound files; they are not opened here.
        sample_rate : int, default=16000
            Clips are resampled to this rate, in Hz.
        offset, duration : float
            The part of each file to read, in seconds; duration None reads to the end.
        on_error : {"raise", "silence"}, default="raise"
            What an unreadable file becomes when it is touched: an error, or silence (of
            ``duration``, else of one second) with an AudioWarning.
        metadata : DataFrame, default=None
            As in the constructor.

        Returns
        -------
        clips : AudioClips
            Not decoded; its pickle holds paths, not samples.
        """
        recipe = Recipe(int(sample_rate), float(offset), duration, on_error)
        return cls._of(ClipStore.of_files(path_array(paths), recipe), int(sample_rate), metadata)

    @classmethod
    def _of(cls, store: ClipStore, sample_rate: int, metadata: pd.DataFrame | None) -> AudioClips:
        clips = cls.__new__(cls)
        clips._set(sample_rate, store, metadata)
        return clips

    def _set(self, sample_rate: int, store: ClipStore, metadata: pd.DataFrame | None) -> None:
        if metadata is not None:
            store, metadata = _paths_into_store(store, metadata)
        object.__setattr__(self, "sample_rate", sample_rate)
        object.__setattr__(self, "_store", store)
        object.__setattr__(self, "_metadata", metadata)

    def __setattr__(self, name: str, value: Any) -> None:
        raise AttributeError(f"AudioClips are immutable; {name!r} cannot be set.")

    def __reduce__(self) -> tuple[Any, ...]:
        return AudioClips._of, (self._store, self.sample_rate, self._metadata)

    # ---- what is known of the clips

    @property
    def shape(self) -> tuple[int]:
        return (len(self._store),)

    @property
    def in_memory(self) -> bool:
        return bool(self._store.decoded.all())

    @property
    def paths(self) -> NDArray[np.object_] | None:
        return self._store.paths

    @property
    def speakers(self) -> NDArray[np.object_] | None:
        if self._metadata is None or "speaker" not in self._metadata:
            return None
        return self._metadata["speaker"].to_numpy(dtype=object)

    @property
    def metadata(self) -> pd.DataFrame | None:
        if self._metadata is None:
            return None
        frame = self._metadata.copy()
        if self.paths is not None:
            frame.insert(0, "path", self.paths)
        return frame

    def with_metadata(self, metadata: pd.DataFrame | None) -> AudioClips:
        """Return the same clips with another table.

        Parameters
        ----------
        metadata : DataFrame of n_clips rows or None
            The table, in the clips' order; its index is not used.

        Returns
        -------
        clips : AudioClips
            They share the samples with these.
        """
        return self._of(self._store, self.sample_rate, metadata)

    # ---- being a sequence

    def __len__(self) -> int:
        return len(self._store)

    def __iter__(self) -> Iterator[Waveform]:
        return (self._store.read(position) for position in range(len(self)))

    @overload
    def __getitem__(self, key: int) -> Waveform: ...
    @overload
    def __getitem__(self, key: Any) -> AudioClips: ...

    def __getitem__(self, key: Any) -> Waveform | AudioClips:
        if isinstance(key, tuple) and len(key) == 2 and key[1] is Ellipsis:
            key = key[0]  # scikit-learn asks for rows as X[rows, ...]
        if isinstance(key, list):
            key = np.asarray(key) if key else np.empty(0, np.int64)
        chosen = np.arange(len(self))[key]
        if chosen.ndim == 0:
            return self._store.read(int(chosen))
        if chosen.ndim != 1:
            raise IndexError(f"AudioClips are indexed along one axis; got {key!r}.")
        table = self._metadata
        rows = None if table is None else table.iloc[chosen]
        return self._of(self._store.take(chosen), self.sample_rate, rows)

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> NDArray[Any]:
        """Clips of one length as an array (n_clips, n_samples); any clips as objects."""
        waveforms = list(self)
        if dtype is not None and np.dtype(dtype) == object:
            objects = np.empty(len(waveforms), dtype=object)
            objects[:] = waveforms
            return objects
        lengths = {len(waveform) for waveform in waveforms}
        if len(lengths) > 1:
            raise ValueError(
                f"AudioClips of {min(lengths)} to {max(lengths)} samples are no array. Put a "
                "feature extractor such as MFCCTransformer before this step, or a "
                "WaveformCropper(pad=True) to make them equally long."
            )
        return np.array(waveforms, dtype=dtype or np.float32)

    # ---- new clips from these

    def map(self, func: WaveformStep) -> AudioClips:
        """Return clips to which ``func`` is applied when they are touched.

        Parameters
        ----------
        func : callable
            Takes a read-only waveform (n_samples,) and returns a 1-D waveform at the same rate.
            It must be picklable: a function of a module, or a functools.partial of one.

        Returns
        -------
        clips : AudioClips
            Nothing is computed yet; a chain of maps holds one clip at a time.

        Raises
        ------
        AudioError
            ``func`` cannot be pickled.

        Examples
        --------
        >>> import numpy as np
        >>> from sklearn_ser import AudioClips
        >>> AudioClips([[-0.5, 0.25]]).map(np.abs)[0]
        array([0.5 , 0.25], dtype=float32)
        """
        _check_picklable(func)
        mapped = self._store.with_recipes(lambda recipe: recipe.then(func))
        return self._of(mapped, self.sample_rate, self._metadata)

    def resampled(self, sample_rate: int) -> AudioClips:
        """Return the clips at another rate, converted when they are touched.

        Parameters
        ----------
        sample_rate : int
            The rate wanted, in Hz.

        Returns
        -------
        clips : AudioClips
            These clips themselves where the rate is theirs. Files that nothing has been done to
            yet are decoded at the new rate directly.
        """
        if sample_rate == self.sample_rate:
            return self
        untouched = not self._store.decoded.any() and not self._store.has_steps
        if untouched:
            store = self._store.with_recipes(lambda r: replace(r, sample_rate=sample_rate))
        else:
            convert = partial(resample, orig_sr=self.sample_rate, target_sr=sample_rate)
            store = self._store.with_recipes(lambda recipe: recipe.then(convert))
        return self._of(store, sample_rate, self._metadata)

    def load(self, n_jobs: int | None = None, verbose: int = 0) -> AudioClips:
        """Decode every clip, apply what is mapped, and keep the result in one buffer.

        Parameters
        ----------
        n_jobs : int, default=None
            Threads (libsndfile and soxr run outside Python's lock).
        verbose : int, default=0
            Show a progress bar.

        Returns
        -------
        clips : AudioClips
            In memory; these clips themselves where nothing is left to do.

        Raises
        ------
        AudioReadError
            Files cannot be read; all of them are named in one error.
        """
        if self._store.is_finished:
            return self
        places = range(len(self))
        chunks = parallel_map(
            self._read_or_errors,
            [(places[chunk],) for chunk in chunk_slices(len(self), chunk_size=_CLIPS_A_TASK)],
            n_jobs=n_jobs,
            prefer="threads",
            label="decoding",
            verbose=verbose,
        )
        outcomes = [outcome for chunk in chunks for outcome in chunk]
        _raise_together([outcome for outcome in outcomes if isinstance(outcome, AudioError)])
        waveforms = [wave for wave in outcomes if not isinstance(wave, AudioError)]
        store = ClipStore.of_waveforms(waveforms, self.sample_rate, self.paths)
        return self._of(store, self.sample_rate, self._metadata)

    def _read_or_errors(self, positions: Iterable[int]) -> list[Waveform | AudioError]:
        return [self._read_or_error(position) for position in positions]

    def _read_or_error(self, position: int) -> Waveform | AudioError:
        try:
            return self._store.read(position)
        except AudioError as error:
            return error

    @staticmethod
    def concatenate(parts: Sequence[AudioClips]) -> AudioClips:
        """Join clips end to end; what is undecoded stays so.

        Parameters
        ----------
        parts : sequence of AudioClips
            At one sample rate.

        Returns
        -------
        clips : AudioClips
            Their tables joined on the columns' names.

        Raises
        ------
        AudioError
            No parts, different rates, or speakers in some parts only.

        Examples
        --------
        >>> from sklearn_ser import AudioClips
        >>> len(AudioClips.concatenate([AudioClips([[0.0, 1.0]]), AudioClips([[1.0], [0.5]])]))
        3
        """
        _check_parts(parts)
        store = ClipStore.joined([part._store for part in parts])
        return AudioClips._of(store, parts[0].sample_rate, _join_metadata(parts))

    def cache_keys(self) -> list[str | None]:
        """Return for every clip a text that changes when its waveform would.

        Decoded clips are known by their samples, files by absolute path, size, time of change
        and the way they are decoded; both by every mapped step with its parameters.

        Returns
        -------
        keys : list of str or None
            None where a file cannot be looked at: its result must not be kept.
        """
        return self._store.cache_keys()

    def __repr__(self) -> str:
        speakers = self.speakers
        of = "" if speakers is None else f" of {len(pd.unique(speakers))} speakers"
        where = "decoded when touched"
        if self.in_memory:
            where = f"{self._store.n_samples_stored / self.sample_rate:.1f} s in memory"
        return f"<AudioClips: {len(self)} clips{of} at {self.sample_rate} Hz, {where}>"

    def _repr_html_(self) -> str:
        from sklearn_ser.audio._display import players

        return players(self)


def _paths_into_store(store: ClipStore, metadata: pd.DataFrame) -> tuple[ClipStore, pd.DataFrame]:
    """Check the table's length, and keep its column "path" where the files are kept."""
    if len(metadata) != len(store):
        raise AudioError(f"metadata has {len(metadata)} rows for {len(store)} clips.")
    frame = metadata.reset_index(drop=True)
    if "path" not in frame:
        return store, frame
    if store.paths is None:
        store = replace(store, paths=path_array(frame["path"].tolist()))
    return store, frame.drop(columns="path")


def _check_picklable(func: WaveformStep) -> None:
    try:
        pickle.dumps(func)
    except (pickle.PicklingError, AttributeError, TypeError) as error:
        raise AudioError(
            "AudioClips.map takes picklable callables, so that clips reach other processes; "
            f"{func!r} is not ({error}). Use a function of a module or a functools.partial."
        ) from error


def _raise_together(errors: list[AudioError]) -> None:
    if not errors:
        return
    if len(errors) == 1:
        raise errors[0]
    shown = "\n".join(f"  - {error}" for error in errors[:_ERRORS_SHOWN])
    more = "" if len(errors) <= _ERRORS_SHOWN else f"\n  ... and {len(errors) - _ERRORS_SHOWN} more"
    raise AudioReadError(f"{len(errors)} recordings cannot be used:\n{shown}{more}")


def _check_parts(parts: Sequence[AudioClips]) -> None:
    if not parts:
        raise AudioError("AudioClips.concatenate needs at least one part.")
    rates = sorted({part.sample_rate for part in parts})
    if len(rates) > 1:
        raise AudioError(
            f"Clips at {rates} Hz cannot be joined; bring them to one rate with "
            f"part.resampled({rates[0]})."
        )
    without = [i for i, part in enumerate(parts) if part.speakers is None]
    if without and len(without) < len(parts):
        raise AudioError(
            f"Parts {without} have no speakers, the others do; give theirs with "
            'part.with_metadata(DataFrame({"speaker": ...})).'
        )


def _join_metadata(parts: Sequence[AudioClips]) -> pd.DataFrame | None:
    if all(part._metadata is None for part in parts):
        return None
    frames = [
        pd.DataFrame(index=range(len(p))) if p._metadata is None else p._metadata for p in parts
    ]
    return pd.concat(frames, ignore_index=True)
