"""Wav2Vec2Transformer: clips to the embeddings of a pretrained speech encoder."""

from __future__ import annotations

import os
from collections.abc import Iterator
from numbers import Integral
from pathlib import Path
from typing import Any

import numpy as np
from joblib import Memory, effective_n_jobs
from numpy.typing import NDArray
from sklearn.utils._param_validation import Interval, StrOptions
from sklearn.utils.metaestimators import available_if

from sklearn_ser.audio._clips import AudioClips
from sklearn_ser.base import BaseFrameTransformer, _usable_memory
from sklearn_ser.encoders._encoding import (
    Encoding,
    encode_clips,
    encoder_of,
    resolve_backend,
    resolve_device,
)
from sklearn_ser.encoders._families import read_architecture
from sklearn_ser.encoders._hub import ModelFolder, find_model, read_files, write_files
from sklearn_ser.encoders._layers import OutputForm, resolve_layers
from sklearn_ser.encoders._stacks import as_float16, stack_layers
from sklearn_ser.exceptions import EncoderError
from sklearn_ser.utils._parallel import chunk_slices, parallel_iter, progress
from sklearn_ser.utils._sequences import stack_sequences

__all__ = ["Wav2Vec2Transformer"]

_CLIPS_A_TASK = 32
_TASKS_A_JOB = 2


def _is_table(transformer: Wav2Vec2Transformer) -> bool:
    return transformer.pooling is not None and transformer._asks_for_one()


class Wav2Vec2Transformer(BaseFrameTransformer):
    """Embeddings of a pretrained speech encoder, from the layers that are asked for.

    Takes wav2vec 2.0 (also XLS-R and MMS), HuBERT, WavLM, data2vec-audio and the encoder of
    Whisper, in the format of the Hugging Face hub. The encoder is not trained further. Middle
    layers tell emotions best, and where no cache is set, what lies above the last layer asked for
    is neither loaded nor computed.

    It needs the extra ``wav2vec2``.

    Parameters
    ----------
    model : str or path-like, default="facebook/wav2vec2-base"
        A name of the hub, looked up in its cache and fetched where it is absent, or a folder with
        ``config.json`` and ``model.safetensors`` (or ``pytorch_model.bin``, which is read by
        torch's reader of weights only).
    layer : int, tuple of int, "all" or None, default=None
        Which transformer blocks. They count from 1; -1 is the last, as is None. An int gives one
        block and no axis of layers; a tuple or "all" gives an axis of layers, in the tuple's
        order, even where it names one block only. The last block is given after the encoder's
        final norm, where it has one.
    pooling : {"mean", "mean_std"} or None, default="mean"
        Statistics over the clip's frames (every 20 ms): means, or means and standard deviations,
        or None for the frames themselves.
    sample_rate : int, default=16000
        Rate of the clips in Hz; it must be the encoder's own, which is 16000 in all known ones.
    backend : {"auto", "torch", "onnx"}, default="auto"
        What runs the encoder. "onnx" is ONNX Runtime on the CPU: the encoder is exported once, to
        the folder ``sklearn_ser`` beside the hub's cache, for each choice of layers. "auto" is
        "onnx" with ``quantize="int8"``, else "torch".
    quantize : {"int8"} or None, default=None
        Round the blocks' weights to 8 bits (ONNX Runtime only), which is about twice as fast as
        torch; embeddings keep a cosine of .99 and more to the exact ones.
    batch_size : int, default=8
        The most clips that go through the blocks together, in torch. Clips in a batch are of like
        length, and a batch is no longer than a minute.
    n_frames : int or None, default=None
        Length of the output without ``pooling``; None is the longest clip's in ``fit``.
    device : str or None, default=None
        Where torch computes, such as "cuda:1"; None is the GPU where there is one.
    memory : str, path-like, joblib.Memory or None, default=None
        Cache. All layers are computed once for a clip and kept, so that a search over ``layer``
        costs one pass: means and deviations in float32, frames in float16 (what comes from a
        cache without ``pooling`` is rounded to that).
    n_jobs : int or None, default=None
        Processes, each of which loads the encoder once. One process uses all cores already.
    revision : str or None, default=None
        Branch, tag or commit of the model on the hub; None is its main branch.
    local_files_only : bool, default=False
        Never ask the network.
    embed_weights : bool, default=False
        Let pickles of the fitted transformer carry the encoder's files. By default they name the
        model and its commit, and the encoder is looked up again where they are loaded.
    verbose : int, default=0
        Show a progress bar.

    Attributes
    ----------
    n_layers_ : int
        Transformer blocks of the encoder.
    layers_ : tuple of int
        The blocks that were asked for, counted from 1.
    n_frames_ : int or None
        Length of the output without ``pooling``.
    coefficient_names_ : list of str
        Names of the numbers of one frame.
    model_ : str
        The model: a name of the hub, or the folder's full path.
    revision_ : str or None
        The commit, of a model from the hub.
    n_features_in_ : int
        Samples a clip; only where ``fit`` got a 2-D array.

    Raises
    ------
    EncoderError
        The model is of another kind, broken, of another sample rate, or lacks the layer.
    EncoderNotFoundError
        The model is neither here nor to be fetched.
    MissingExtraError
        The extra is not installed.

    See Also
    --------
    sklearn_ser.DenseClassifier : The published head over mean-pooled embeddings.
    sklearn_ser.LayerWeightedClassifier : A network that learns how much each layer counts.

    Notes
    -----
    Output of ``transform``, for ``n`` clips and an encoder of ``dim`` numbers a frame:

    ============ =========== ======================================= =======
    ``layer``    ``pooling`` shape                                   dtype
    ============ =========== ======================================= =======
    int, None    "mean"      ``(n, dim)``                            float32
    int, None    "mean_std"  ``(n, 2 * dim)``, means first           float32
    int, None    None        ``(n, n_frames_, dim)``                 float32
    tuple, "all" "mean"      ``(n, n_layers, dim)``                  float32
    tuple, "all" "mean_std"  ``(n, n_layers, 2 * dim)``, means first float32
    tuple, "all" None        ``(n, n_layers, n_frames_, dim)``       float16
    ============ =========== ======================================= =======

    Without ``pooling``, shorter clips are followed by frames of zeros in all layers, longer ones
    are cut. The last form is a memory map of a temporary file where it would take more than 1 GiB;
    the file goes with the last array that looks into it.

    A clip's embedding does not depend on the others of its batch, to 1e-5 of the largest number
    (the order in which numbers are added may differ). Clips of more than 30 seconds are encoded
    in chunks, each with 2.5 seconds of what surrounds it. A clip shorter than one frame (25 ms)
    is followed by zeros. Whisper is given no silence after a clip: it hears as many frames as
    there are, which is up to ten times as fast.

    References
    ----------
    A. Baevski et al., wav2vec 2.0: A Framework for Self-Supervised Learning of Speech
    Representations, NeurIPS 2020.

    Examples
    --------
    >>> from sklearn_ser import Wav2Vec2Transformer
    >>> encoder = Wav2Vec2Transformer("facebook/wav2vec2-base", layer=6, quantize="int8")
    >>> encoder.fit_transform(clips).shape  # doctest: +SKIP
    (1440, 768)
    >>> encoder.get_feature_names_out()[17]  # doctest: +SKIP
    'wav2vec2_l6_17_mean'
    """

    _parameter_constraints = {
        **BaseFrameTransformer._parameter_constraints,
        "model": [str, os.PathLike],
        "layer": [Integral, tuple, list, StrOptions({"all"}), None],
        "pooling": [StrOptions({"mean", "mean_std"}), None],
        "backend": [StrOptions({"auto", "torch", "onnx"})],
        "quantize": [StrOptions({"int8"}), None],
        "batch_size": [Interval(Integral, 1, None, closed="left")],
        "device": [str, None],
        "revision": [str, None],
        "local_files_only": ["boolean"],
        "embed_weights": ["boolean"],
    }

    _extractor: OutputForm
    _embedded: dict[str, bytes] | None = None  # the model's files, on their way in a pickle
    _unpacked: str | None = None  # where they have been put

    def __init__(
        self,
        model: str | os.PathLike[str] = "facebook/wav2vec2-base",
        *,
        layer: int | tuple[int, ...] | str | None = None,
        pooling: str | None = "mean",
        sample_rate: int = 16000,
        backend: str = "auto",
        quantize: str | None = None,
        batch_size: int = 8,
        n_frames: int | None = None,
        device: str | None = None,
        memory: Any = None,
        n_jobs: int | None = None,
        revision: str | None = None,
        local_files_only: bool = False,
        embed_weights: bool = False,
        verbose: int = 0,
    ) -> None:
        self.model = model
        self.layer = layer
        self.pooling = pooling
        self.sample_rate = sample_rate
        self.backend = backend
        self.quantize = quantize
        self.batch_size = batch_size
        self.n_frames = n_frames
        self.device = device
        self.memory = memory
        self.n_jobs = n_jobs
        self.revision = revision
        self.local_files_only = local_files_only
        self.embed_weights = embed_weights
        self.verbose = verbose

    def fit_transform(self, X: Any, y: Any = None, **fit_params: Any) -> Any:
        """Fit, then transform.

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
        features : ndarray or memmap
            As ``transform`` gives.
        """
        self.fit(X, y)
        clips = self._check_speech(X, reset=False)
        return self._assemble(self._extract(clips), len(clips))

    @available_if(_is_table)
    def get_feature_names_out(self, input_features: Any = None) -> NDArray[np.object_]:
        """Name the columns of the output, such as ``wav2vec2_l6_17_mean``.

        Parameters
        ----------
        input_features : array-like of str, default=None
            Not used: samples have no names.

        Returns
        -------
        names : ndarray of shape (n_features,), object
            One name a column; there are columns with ``pooling`` and one layer only.
        """
        return super().get_feature_names_out(input_features)

    def _asks_for_one(self) -> bool:
        return self.layer is None or isinstance(self.layer, Integral)

    def _make_extractor(self) -> OutputForm:
        resolve_backend(self.backend, self.quantize, self.device)
        self._embedded = self._unpacked = None
        found = find_model(self.model, self.revision, local_files_only=self.local_files_only)
        architecture = read_architecture(found.path, found.name)
        self._check_own_rate(architecture.sample_rate)
        self.layers_ = resolve_layers(self.layer, architecture, found.name)
        self.n_layers_ = architecture.n_layers
        self.revision_ = found.revision
        self.model_ = found.name if found.revision else os.fspath(found.path)
        pooling = None if self.pooling is None else str(self.pooling)
        return OutputForm(architecture, self.layers_, self._asks_for_one(), pooling)

    def _check_own_rate(self, rate: int) -> None:
        if self.sample_rate != rate:
            raise EncoderError(
                f"sample_rate={self.sample_rate}, and the model {os.fspath(self.model)!r} was "
                f"trained on speech at {rate} Hz. Set sample_rate={rate}, and convert the clips "
                f"with clips.resampled({rate}) or AudioLoader(sample_rate={rate})."
            )

    # ---- running the encoder

    def _extract(self, clips: AudioClips, *, may_create_cache: bool = True) -> Iterator[Any]:
        memory = _usable_memory(self.memory, may_create=may_create_cache)
        encoding = self._encoding(keeps_all=memory is not None)
        jobs = effective_n_jobs(self.n_jobs)
        tasks = [
            (clips[chunk], encoding, self._extractor, memory)
            for chunk in chunk_slices(len(clips), chunk_size=_clips_a_task(len(clips), jobs))
        ]
        chunks = (_rows(*task) for task in tasks) if jobs == 1 else _in_workers(tasks, jobs)
        label = type(self).__name__
        for rows in progress(chunks, total=len(tasks), label=label, verbose=self.verbose):
            yield from rows

    def _encoding(self, *, keeps_all: bool) -> Encoding:
        found, form = self._locate(), self._extractor
        if read_architecture(found.path, found.name) != form.architecture:
            raise EncoderError(
                f"The model {found.name!r} in '{found.path}' is not the one of fit: its "
                "configuration has changed. Fit again."
            )
        n_layers = form.architecture.n_layers
        backend = resolve_backend(self.backend, self.quantize, self.device)
        return Encoding(
            found=found,
            architecture=form.architecture,
            layers=tuple(range(1, n_layers + 1)) if keeps_all else tuple(sorted(form.layers)),
            backend=backend,
            quantize=self.quantize,
            device="cpu" if backend == "onnx" else resolve_device(self.device),
            batch_size=self.batch_size,
            frames=self.pooling is None,
        )

    def _locate(self) -> ModelFolder:
        """Find the model of ``fit`` again, perhaps on another machine."""
        if self._embedded is not None:
            self._unpacked = os.fspath(write_files(self._embedded, self.model_).path)
            self._embedded = None
        if self._unpacked is not None and Path(self._unpacked).is_dir():
            return ModelFolder(self.model_, Path(self._unpacked))
        local = self.local_files_only
        if self.revision_ is not None or Path(self.model_).is_dir():
            return find_model(self.model_, self.revision_, local_files_only=local)
        return find_model(self.model, self.revision, local_files_only=local)

    def _assemble(self, results: Iterator[Any], n_clips: int) -> Any:
        if self.pooling is not None:
            return np.stack(list(results))
        assert self.n_frames_ is not None
        if self._extractor.is_single:
            return stack_sequences(results, n_clips, self.n_frames_)
        shape = (n_clips, len(self.layers_), self.n_frames_, self._extractor.architecture.dim)
        return stack_layers(results, shape)

    def __getstate__(self) -> dict[str, Any]:
        state: dict[str, Any] = super().__getstate__()
        if self.embed_weights and self.__sklearn_is_fitted__() and self._embedded is None:
            state = {**state, "_embedded": read_files(self._locate()), "_unpacked": None}
        return state


def _clips_a_task(n_clips: int, n_jobs: int) -> int:
    if n_jobs == 1:
        return _CLIPS_A_TASK
    return min(max(-(-n_clips // (n_jobs * _TASKS_A_JOB)), 1), _CLIPS_A_TASK)


def _in_workers(tasks: list[tuple[Any, ...]], n_jobs: int) -> Iterator[list[NDArray[Any]]]:
    encoding: Encoding = tasks[0][1]
    if encoding.backend == "onnx":
        encoder_of(encoding)  # exported here, once, and not by all workers at the same time
    return parallel_iter(_encode_task, tasks, n_jobs=n_jobs)


def _encode_task(
    clips: AudioClips, encoding: Encoding, form: OutputForm, memory: Memory | None
) -> list[NDArray[Any]]:
    return list(_rows(clips, encoding, form, memory))


def _rows(
    clips: AudioClips, encoding: Encoding, form: OutputForm, memory: Memory | None
) -> Iterator[NDArray[Any]]:
    """Yield each clip's row of the output, still with its own number of frames."""
    is_stack = form.pooling is None and not form.is_single
    for kept in encode_clips(clips, encoding, memory):
        row = form.select(kept, encoding.layers)
        yield as_float16(row) if is_stack else row.astype(np.float32, copy=False)
