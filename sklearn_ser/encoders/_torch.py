"""Encoders in torch: loaded once a process, cut above the last layer wanted, run in batches.

Everything before the transformer blocks is computed clip by clip and without padding: the group
norm of wav2vec2-base goes over the whole clip, and the positional convolutions of data2vec-audio
(five, each with a norm) look beyond its end. The blocks then take clips of like length together,
padded, under an attention mask. So no clip hears its batch mates.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sklearn_ser.encoders._families import Architecture
from sklearn_ser.encoders._hub import ModelFolder
from sklearn_ser.exceptions import EncoderError
from sklearn_ser.utils._optional import import_extra

__all__ = ["TorchEncoder", "embed", "load_network", "run_blocks"]

# What a checkpoint may lack, since no hidden state depends on it: a vector used in training only.
_NOT_USED = ("masked_spec_embed",)
_BEFORE_AND_BLOCKS = ("feature_extractor.", "feature_projection.", "encoder.")

Array = NDArray[np.float32]


@dataclass
class TorchEncoder:
    """A network that is ready to run.

    Attributes
    ----------
    network : torch.nn.Module
        As :func:`load_network` gives.
    architecture : Architecture
        Its form.
    layers : tuple of int
        The blocks whose outputs are wanted, counted from 1.
    device : str
        Where it runs.
    """

    network: Any
    architecture: Architecture
    layers: tuple[int, ...]
    device: str

    def run(self, inputs: Sequence[Array]) -> list[Array]:
        """Run a batch.

        Parameters
        ----------
        inputs : sequence of ndarray
            What the encoder hears of each piece: samples, or Whisper's spectrum.

        Returns
        -------
        list of ndarray of shape (n_layers, n_frames, dim), float32
            One a piece, with its own number of frames.
        """
        import torch

        with torch.inference_mode():
            embedded = [
                embed(self.network, torch.from_numpy(values)[None].to(self.device))
                for values in inputs
            ]
            lengths = [len(hidden[0]) for hidden in embedded]
            hidden, mask = _padded(embedded, lengths)
            states = run_blocks(self.network, hidden, mask, self.layers)
            found = torch.stack(states, dim=1).float().cpu().numpy()
        return [state[:, :length] for state, length in zip(found, lengths, strict=True)]


def _padded(embedded: list[Any], lengths: list[int]) -> tuple[Any, Any]:
    """Stack sequences of like length; the mask is None where none needs padding."""
    import torch

    if len(set(lengths)) == 1:
        return torch.cat(embedded), None
    padded = torch.nn.utils.rnn.pad_sequence([one[0] for one in embedded], batch_first=True)
    places = torch.arange(max(lengths), device=padded.device)
    return padded, places < torch.tensor(lengths, device=padded.device)[:, None]


def embed(network: Any, values: Any) -> Any:
    """Compute what the first block hears, of one clip or of several of one length.

    Parameters
    ----------
    network : torch.nn.Module
        As :func:`load_network` gives.
    values : Tensor of shape (n, n_samples) or (n, n_mels, 2 * n_frames + 1)
        Samples, or Whisper's spectrum with one column more than its frames need.

    Returns
    -------
    Tensor of shape (n, n_frames, dim)
    """
    if network.config.model_type == "whisper":
        return _embed_spectrum(network, values)
    hidden = network.feature_projection(network.feature_extractor(values).transpose(1, 2))
    hidden = hidden[0] if isinstance(hidden, tuple) else hidden
    hidden = hidden + network.encoder.pos_conv_embed(hidden)
    return hidden if _norm_is_last(network) else network.encoder.layer_norm(hidden)


def _embed_spectrum(network: Any, spectrum: Any) -> Any:
    from torch.nn.functional import gelu

    # The last column is there for the convolutions' reach; the frame that it begins is not ours.
    hidden = gelu(network.conv2(gelu(network.conv1(spectrum))))[:, :, :-1].transpose(1, 2)
    return hidden + network.embed_positions.weight[: hidden.shape[1]]


def _norm_is_last(network: Any) -> bool:
    """Whether the norm stands behind the last block and not before the first."""
    if network.config.model_type == "whisper":
        return True
    return bool(getattr(network.config, "do_stable_layer_norm", False))


def run_blocks(network: Any, hidden: Any, mask: Any, layers: Sequence[int]) -> list[Any]:
    """Run the transformer blocks and keep what some of them give.

    Parameters
    ----------
    network : torch.nn.Module
        As :func:`load_network` gives.
    hidden : Tensor of shape (n, n_frames, dim)
        What the first block hears.
    mask : bool Tensor of shape (n, n_frames) or None
        True where frames are real; None where all are.
    layers : sequence of int
        Blocks, counted from 1.

    Returns
    -------
    list of Tensor of shape (n, n_frames, dim)
        In the order of ``layers``.
    """
    is_wavlm = network.config.model_type == "wavlm"
    blocks = network.layers if network.config.model_type == "whisper" else network.encoder.layers
    if mask is not None and not is_wavlm:
        mask = mask[:, None, None, :]
    states, bias = {}, None
    for number, block in enumerate(blocks, start=1):
        if is_wavlm:  # its first block computes the bias of relative places, for all of them
            hidden, bias = _wavlm_block(block, hidden, mask, bias)
        else:
            hidden = block(hidden, attention_mask=mask)
            hidden = hidden[0] if isinstance(hidden, tuple) else hidden
        if number in layers:
            states[number] = hidden
    last = network.config.n_layers_of_the_whole
    if last in states and _norm_is_last(network):
        norm = network if network.config.model_type == "whisper" else network.encoder
        states[last] = norm.layer_norm(hidden)
    return [states[number] for number in layers]


def _wavlm_block(block: Any, hidden: Any, mask: Any, bias: Any) -> tuple[Any, Any]:
    with warnings.catch_warnings():
        # torch has its doubts about a mask of booleans beside a bias of numbers, and adds them.
        warnings.filterwarnings("ignore", message="Support for mismatched", category=UserWarning)
        found: tuple[Any, Any] = block(hidden, attention_mask=mask, position_bias=bias)
    return found


def load_network(found: ModelFolder, architecture: Architecture, n_blocks: int) -> Any:
    """Load an encoder without the blocks above the last one that is wanted.

    Weights are read as safetensors, or by torch's reader of weights only, which runs no code.

    Parameters
    ----------
    found : ModelFolder
        Where it lies.
    architecture : Architecture
        Its form.
    n_blocks : int
        How many blocks to keep.

    Returns
    -------
    torch.nn.Module
        In float32, for inference.

    Raises
    ------
    EncoderError
        The weights cannot be read, or are not those that the configuration describes.
    MissingExtraError
        torch or transformers is not installed.
    """
    for package in ("torch", "transformers"):
        import_extra(package, "wav2vec2", "Wav2Vec2Transformer")
    try:
        with _quiet():
            network, report = _from_pretrained(found.path, architecture, n_blocks)
    except Exception as error:  # each reader of weights has its own
        raise EncoderError(_broken(found, f"{type(error).__name__}: {error}")) from error
    _check_complete(report, found)
    network.config.n_layers_of_the_whole = architecture.n_layers
    return _folded(network.eval().requires_grad_(False))


def _folded(network: Any) -> Any:
    """Compute normalised weights once, which training needs and every clip would pay for."""
    from torch.nn.utils import parametrize

    for module in network.modules():
        if parametrize.is_parametrized(module, "weight"):
            parametrize.remove_parametrizations(module, "weight")
    return network


def _from_pretrained(folder: Path, architecture: Architecture, n_blocks: int) -> tuple[Any, Any]:
    import torch
    from transformers import AutoConfig, AutoModel
    from transformers.models.whisper.modeling_whisper import WhisperEncoder

    config = AutoConfig.from_pretrained(folder, local_files_only=True)
    settings: dict[str, Any] = {
        "local_files_only": True,
        "weights_only": True,
        "output_loading_info": True,
        "dtype": torch.float32,
    }
    if not architecture.is_whisper:
        config.num_hidden_layers = n_blocks
        return AutoModel.from_pretrained(folder, config=config, **settings)
    config.encoder_layers = n_blocks
    settings["key_mapping"] = {r"^(model\.)?encoder\.": ""}
    return WhisperEncoder.from_pretrained(folder, config=config, **settings)


def _check_complete(report: dict[str, Any], found: ModelFolder) -> None:
    """Refuse weights that leave a part of the network at random numbers."""
    missing = {str(key) for key in report["missing_keys"]}
    missing |= {str(item[0]) for item in report["mismatched_keys"]}
    missing = {key for key in missing if not key.endswith(_NOT_USED) and "adapter" not in key}
    if missing:
        raise EncoderError(
            _broken(found, f"{len(missing)} tensors are missing or misshapen: {min(missing)}, ...")
        )


def _broken(found: ModelFolder, cause: str) -> str:
    files = ", ".join(path.name for path in found.files if path.suffix != ".json")
    return (
        f"The weights of the model {found.name!r} cannot be read ({files} in '{found.path}'): "
        f"{cause.strip()[:400]} Delete the file and fetch the model anew; weights must be "
        "safetensors, or tensors saved by torch without code in them."
    )


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep transformers from reporting the parts that are left out on purpose."""
    from transformers.utils import logging

    level, bars = logging.get_verbosity(), logging.is_progress_bar_enabled()
    logging.set_verbosity_error()
    logging.disable_progress_bar()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.set_verbosity(level)
        if bars:
            logging.enable_progress_bar()
