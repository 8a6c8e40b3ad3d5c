"""Encoders in ONNX Runtime: exported once, kept beside the hub's cache, with weights of 8 bits.

Clips are run one by one: on a CPU a batch is no faster, and nothing needs padding or a mask.
"""

from __future__ import annotations

import hashlib
import logging
import os
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import joblib
import numpy as np
from numpy.typing import NDArray

from sklearn_ser.encoders._families import Architecture
from sklearn_ser.encoders._hub import ModelFolder, cache_home
from sklearn_ser.encoders._products import convolutions_as_products
from sklearn_ser.encoders._torch import embed, load_network, run_blocks
from sklearn_ser.utils._files import atomic_folder
from sklearn_ser.utils._optional import import_extra

__all__ = ["OnnxEncoder", "exported_path", "load_onnx"]

_FORMAT = 2
_OPSET = 17
_LARGEST_FILE = 1_900_000_000  # bytes; beyond them ONNX wants weights in files of their own

Array = NDArray[np.float32]


@dataclass
class OnnxEncoder:
    """A session that is ready to run.

    Attributes
    ----------
    session : onnxruntime.InferenceSession
        With one input and one output.
    """

    session: Any

    def run(self, inputs: Sequence[Array]) -> list[Array]:
        """Run pieces one by one.

        Parameters
        ----------
        inputs : sequence of ndarray
            What the encoder hears of each piece: samples, or Whisper's spectrum.

        Returns
        -------
        list of ndarray of shape (n_layers, n_frames, dim), float32
            One a piece.
        """
        return [self.session.run(None, {"heard": values[None]})[0] for values in inputs]


def load_onnx(
    found: ModelFolder, architecture: Architecture, layers: tuple[int, ...], quantize: str | None
) -> OnnxEncoder:
    """Open the exported encoder, and export it first where that has not been done.

    Parameters
    ----------
    found : ModelFolder
        The model.
    architecture : Architecture
        Its form.
    layers : tuple of int
        Blocks whose outputs are wanted.
    quantize : {"int8"} or None
        Whether weights are rounded.

    Returns
    -------
    OnnxEncoder
    """
    runtime = import_extra("onnxruntime", "wav2vec2", "backend='onnx'")
    runtime.disable_telemetry_events()  # which its builds send unless told
    path = exported_path(found, layers, quantize)
    if not path.is_file():
        path.parent.parent.mkdir(parents=True, exist_ok=True)
        with atomic_folder(path.parent) as folder:
            _export(found, architecture, layers, folder / path.name, quantize)
    options = runtime.SessionOptions()
    options.intra_op_num_threads = _n_threads()
    options.enable_mem_pattern = False  # for each length a plan of its own, kept for ever
    options.log_severity_level = 3
    return OnnxEncoder(
        runtime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    )


def _n_threads() -> int:
    """Take the cores of this process; a worker of joblib is told its share of them."""
    told = os.environ.get("OMP_NUM_THREADS", "")
    return int(told) if told.isdecimal() and int(told) else joblib.cpu_count()


def exported_path(found: ModelFolder, layers: tuple[int, ...], quantize: str | None) -> Path:
    """Return where the exported encoder is kept.

    Parameters
    ----------
    found : ModelFolder
        The model, known by its files.
    layers : tuple of int
        Blocks whose outputs are wanted.
    quantize : {"int8"} or None
        Whether weights are rounded.

    Returns
    -------
    Path
        Another one for other versions of the packages that export and run it.
    """
    versions = [version(package) for package in ("onnxruntime", "torch", "transformers")]
    content = repr((_FORMAT, found.identity, layers, quantize, versions))
    key = hashlib.sha256(content.encode()).hexdigest()[:32]
    return cache_home() / "onnx" / key / "encoder.onnx"


def _export(
    found: ModelFolder,
    architecture: Architecture,
    layers: tuple[int, ...],
    path: Path,
    quantize: str | None,
) -> None:
    import_extra("onnx", "wav2vec2", "backend='onnx'")
    network = load_network(found, architecture, max(layers))
    if quantize is None:
        _write_graph(network, architecture, layers, path)
        return
    whole = path.with_name("whole.onnx")
    _write_graph(convolutions_as_products(network), architecture, layers, whole)
    del network
    before = set(path.parent.iterdir())
    _quantise(whole, path)
    for file in before:  # the exact weights, which are not read again
        file.unlink()


def _write_graph(
    network: Any, architecture: Architecture, layers: tuple[int, ...], path: Path
) -> None:
    import torch

    class Graph(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.network = network

        def forward(self, heard: Any) -> Any:
            return torch.cat(run_blocks(self.network, embed(self.network, heard), None, layers))

    axes = {"heard": {2 if architecture.is_whisper else 1: "length"}, "states": {1: "frames"}}
    with _quiet(), torch.inference_mode():
        torch.onnx.export(
            Graph().eval(),
            (_example(architecture),),
            path,
            dynamo=False,  # the newer exporter needs one more package, and fixes lengths
            opset_version=_OPSET,
            input_names=["heard"],
            output_names=["states"],
            dynamic_axes=axes,
        )


def _example(architecture: Architecture) -> Any:
    import torch

    if architecture.is_whisper:
        return torch.zeros(1, architecture.n_mels, 2 * min(50, architecture.longest) + 1)
    return torch.zeros(1, 50 * architecture.hop + architecture.reach)


def _quantise(whole: Path, path: Path) -> None:
    """Round the weights of matrix products, which all wide convolutions are by now."""
    tools = import_extra("onnxruntime.quantization", "wav2vec2", "quantize='int8'")
    n_bytes = sum(file.stat().st_size for file in whole.parent.iterdir())
    with _quiet():
        tools.quantize_dynamic(
            whole,
            path,
            op_types_to_quantize=["MatMul"],
            per_channel=True,
            weight_type=tools.QuantType.QInt8,
            use_external_data_format=n_bytes > _LARGEST_FILE,
        )


@contextmanager
def _quiet() -> Iterator[None]:
    """Silence the exporter's advice, and leave logging as it was."""
    handlers, disabled = list(logging.root.handlers), logging.root.manager.disable
    logging.disable(max(disabled, logging.WARNING))
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.disable(disabled)
        logging.root.handlers[:] = handlers
