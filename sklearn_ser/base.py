"""Base classes: what every estimator that takes speech has in common."""

from __future__ import annotations

import os
from collections.abc import Iterator
from numbers import Integral
from typing import Any, Protocol, Self

import joblib
import numpy as np
from joblib import effective_n_jobs
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.utils._param_validation import HasMethods, Interval
from sklearn.utils.metaestimators import available_if
from sklearn.utils.validation import check_is_fitted, check_memory, validate_data

from sklearn_ser.audio._check import check_clips, is_table
from sklearn_ser.audio._clips import AudioClips
from sklearn_ser.exceptions import AudioError
from sklearn_ser.utils._parallel import chunk_slices, parallel_iter, progress
from sklearn_ser.utils._sequences import stack_sequences
from sklearn_ser.utils._version import package_version

__all__ = [
    "SAMPLE_RATE",
    "BaseFrameTransformer",
    "BaseWaveformTransformer",
    "ClipExtractor",
    "OwnFormMixin",
    "SpeechInputMixin",
]

SAMPLE_RATE = [Interval(Integral, 1, None, closed="left")]  # the constraint of every sample_rate

_CLIPS_A_TASK = 16
_TASKS_A_JOB = 4

Array = NDArray[np.float32]


class SpeechInputMixin:
    """Turns X of ``fit`` and ``transform`` into AudioClips at the estimator's sample rate."""

    sample_rate: int

    def _check_speech(self, X: Any, *, reset: bool) -> AudioClips:
        """Check X; in ``fit`` (reset) a 2-D array fixes the width of later 2-D arrays."""
        if is_table(X):
            X = self._check_table(X, reset=reset)
        elif reset:
            self._forget_columns()
        return check_clips(X, self.sample_rate, estimator=self)

    def _check_table(self, X: Any, *, reset: bool) -> Any:
        try:
            return validate_data(self, X, reset=reset, dtype="numeric", ensure_all_finite=False)
        except ValueError as error:
            if "is expecting" not in str(error):
                raise
            raise ValueError(
                f"{error} A 2-D array fixes the width at fit; clips of other lengths are welcome "
                "as a list of waveforms or as AudioClips: pass list(X)."
            ) from None

    def _forget_columns(self) -> None:
        for attribute in ("n_features_in_", "feature_names_in_"):
            if hasattr(self, attribute):
                delattr(self, attribute)

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()  # type: ignore[misc]
        tags.input_tags.two_d_array = True  # without it scikit-learn's checks do not run at all
        return tags


class OwnFormMixin:
    """Accepts ``set_output`` and goes on giving its own form where that is no table."""

    def set_output(self, *, transform: str | None = None) -> Self:
        """Set the container of 2-D outputs; any other output stays what it is.

        Parameters
        ----------
        transform : {"default", "pandas", "polars"}, default=None
            The container; None leaves the setting as it is.

        Returns
        -------
        self : estimator
            Itself.
        """
        if transform is not None:
            config = dict(getattr(self, "_sklearn_output_config", {}), transform=transform)
            self._sklearn_output_config = config
        return self


class BaseWaveformTransformer(OwnFormMixin, SpeechInputMixin, TransformerMixin, BaseEstimator):
    """A stateless step from speech to speech; subclasses say what is done to the clips."""

    def fit(self, X: Any, y: Any = None) -> Self:
        """Check the parameters and the form of X; nothing is learned.

        Parameters
        ----------
        X : AudioClips, list of waveforms, or array of shape (n_clips, n_samples)
            Speech.
        y : None
            Ignored.

        Returns
        -------
        self : estimator
            Itself.
        """
        self._validate_params()
        self._check_speech(X, reset=True)
        return self

    def transform(self, X: Any) -> AudioClips:
        """Apply the step, when a clip is touched.

        Parameters
        ----------
        X : AudioClips, list of waveforms, or array of shape (n_clips, n_samples)
            Speech.

        Returns
        -------
        clips : AudioClips
            Lazily mapped; nothing is computed yet.
        """
        self._validate_params()
        return self._change(self._check_speech(X, reset=False))

    def _change(self, clips: AudioClips) -> AudioClips:
        raise NotImplementedError

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.requires_fit = False
        tags.transformer_tags.preserves_dtype = []
        return tags


class ClipExtractor(Protocol):
    """A picklable, hashable function of one waveform, which knows the form of its result."""

    def __call__(self, waveform: Array, /) -> Array:
        """Return frames (n_frames, n_coefs), or pooled values (n_values,)."""

    def count_frames(self, n_samples: int, /) -> int:
        """Return the number of frames of a clip of so many samples."""

    @property
    def coefficient_names(self) -> list[str]:
        """Names of the coefficients of one frame."""

    @property
    def output_names(self) -> list[str]:
        """Names of the pooled values."""


def _is_pooled(transformer: BaseFrameTransformer) -> bool:
    return transformer.pooling is not None


class BaseFrameTransformer(OwnFormMixin, SpeechInputMixin, TransformerMixin, BaseEstimator):
    """Clips to frames, then pooled over time or padded to one length.

    Subclasses give ``_make_extractor()``, which reads their parameters. With ``pooling`` the
    output is a table (n_clips, n_features); without, a sequence (n_clips, n_frames_, n_coefs)
    whose padding is trailing frames of zeros.
    """

    sample_rate: int
    pooling: str | tuple[str, ...] | None
    n_frames: int | None
    memory: Any
    n_jobs: int | None
    verbose: int
    n_frames_: int | None

    _parameter_constraints: dict[str, list[Any]] = {
        "sample_rate": SAMPLE_RATE,
        "pooling": [str, tuple, list, None],
        "n_frames": [Interval(Integral, 1, None, closed="left"), None],
        "memory": [str, os.PathLike, HasMethods(["cache"]), None],
        "n_jobs": [Integral, None],
        "verbose": ["verbose"],
    }

    def _make_extractor(self) -> ClipExtractor:
        raise NotImplementedError

    def fit(self, X: Any, y: Any = None) -> Self:
        """Learn the length of sequences, ``n_frames_``, where it is not given.

        Parameters
        ----------
        X : AudioClips, list of waveforms, or array of shape (n_clips, n_samples)
            Speech at ``sample_rate``.
        y : None
            Ignored.

        Returns
        -------
        self : estimator
            Fitted.
        """
        clips = self._begin(X)
        if self.pooling is None and self.n_frames is None:
            self.n_frames_ = max(self._count_frames(waveform) for waveform in clips)
        return self

    def fit_transform(self, X: Any, y: Any = None, **fit_params: Any) -> Any:
        """Fit and transform in one pass over the clips.

        Parameters
        ----------
        X : AudioClips, list of waveforms, or array of shape (n_clips, n_samples)
            Speech at ``sample_rate``.
        y : None
            Ignored.
        **fit_params : dict
            None are known.

        Returns
        -------
        features : ndarray, float32
            As ``transform`` gives.
        """
        clips = self._begin(X)
        results = list(self._extract(clips))
        if self.pooling is None and self.n_frames is None:
            self.n_frames_ = max(len(frames) for frames in results)
        return self._assemble(iter(results), len(clips))

    def transform(self, X: Any) -> Any:
        """Extract the features of every clip.

        Parameters
        ----------
        X : AudioClips, list of waveforms, or array of shape (n_clips, n_samples)
            Speech at ``sample_rate``.

        Returns
        -------
        features : ndarray, float32
            Of shape (n_clips, n_features) with ``pooling``, else (n_clips, n_frames_, n_coefs):
            shorter clips are followed by frames of zeros, longer ones are cut.
        """
        check_is_fitted(self)
        clips = self._check_speech(X, reset=False)
        return self._assemble(self._extract(clips, may_create_cache=False), len(clips))

    @available_if(_is_pooled)
    def get_feature_names_out(self, input_features: Any = None) -> NDArray[np.object_]:
        """Name the columns of the output, such as ``mfcc_3_mean`` (with ``pooling`` only).

        Parameters
        ----------
        input_features : array-like of str, default=None
            Not used: samples have no names.

        Returns
        -------
        names : ndarray of shape (n_features,), object
            One name a column.
        """
        check_is_fitted(self)
        return np.asarray(self._extractor.output_names, dtype=object)

    def _count_frames(self, waveform: Array) -> int:
        """Count the frames that a clip will have, without extracting them."""
        return self._extractor.count_frames(len(waveform))

    def _begin(self, X: Any) -> AudioClips:
        self._validate_params()
        clips = self._check_speech(X, reset=True)
        self._extractor = self._make_extractor()
        self.coefficient_names_ = self._extractor.coefficient_names
        self.n_frames_ = None if self.pooling is not None else self.n_frames
        # Now, as transform makes no folder: a saved model must not make one where it is used.
        _usable_memory(self.memory, may_create=True)
        return clips

    def _extract(self, clips: AudioClips, *, may_create_cache: bool = True) -> Iterator[Array]:
        """Yield every clip's features, from the cache where they are kept."""
        memory = _usable_memory(self.memory, may_create=may_create_cache)
        tasks = [
            (clips[chunk], self._extractor, memory)
            for chunk in chunk_slices(len(clips), chunk_size=self._chunk_size(len(clips)))
        ]
        chunks = parallel_iter(_extract_chunk, tasks, n_jobs=self.n_jobs)
        for results in progress(
            chunks, total=len(tasks), label=type(self).__name__, verbose=self.verbose
        ):
            yield from results

    def _chunk_size(self, n_clips: int) -> int:
        jobs = effective_n_jobs(self.n_jobs)
        return _CLIPS_A_TASK if jobs == 1 else max(-(-n_clips // (jobs * _TASKS_A_JOB)), 1)

    def _assemble(self, results: Iterator[Array], n_clips: int) -> Array:
        if self.pooling is None:
            assert self.n_frames_ is not None
            return stack_sequences(results, n_clips, self.n_frames_)
        table = np.empty((n_clips, len(self._extractor.output_names)), dtype=np.float32)
        for row, values in zip(table, results, strict=True):
            row[:] = values
        return table

    def __sklearn_is_fitted__(self) -> bool:
        return hasattr(self, "_extractor")

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.transformer_tags.preserves_dtype = []
        return tags


def _usable_memory(memory: Any, *, may_create: bool) -> joblib.Memory | None:
    """Return the cache; a saved model whose cache folder is gone works without it."""
    if memory is None or hasattr(memory, "cache"):
        return memory
    folder = os.fspath(memory)
    if not may_create and not os.path.isdir(folder):
        return None
    try:
        return check_memory(folder)
    except OSError as error:
        if not may_create:
            return None
        raise AudioError(
            f"memory={folder!r} cannot be written ({error.strerror}). Choose another folder, or "
            "memory=None."
        ) from error


def _extract_chunk(
    clips: AudioClips, extractor: ClipExtractor, memory: joblib.Memory | None
) -> list[Array]:
    if memory is None:
        return [extractor(waveform) for waveform in clips]
    cached = memory.cache(_extract_clip, ignore=["extractor", "clips", "position"])
    version = joblib.hash((type(extractor).__qualname__, extractor, package_version()))
    return [
        _extract_clip("", extractor, clips, position)
        if key is None
        else cached(f"{version}-{key}", extractor, clips, position)
        for position, key in enumerate(clips.cache_keys())
    ]


def _extract_clip(key: str, extractor: ClipExtractor, clips: AudioClips, position: int) -> Array:
    """Extract one clip; ``key`` stands for all the other arguments in the cache."""
    return extractor(clips[position])
