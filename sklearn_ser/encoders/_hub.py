"""From a model's name to its folder on disk: the hub's cache, a download, or a local folder."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from sklearn_ser.exceptions import EncoderError, EncoderNotFoundError
from sklearn_ser.utils._files import atomic_folder
from sklearn_ser.utils._optional import import_extra

__all__ = ["ModelFolder", "cache_home", "find_model", "read_files", "write_files"]

_CONFIGS = ("config.json", "preprocessor_config.json")
_SAFE = ("model.safetensors", "model.safetensors.index.json")
_PICKLED = ("pytorch_model.bin", "pytorch_model.bin.index.json")
_PATTERNS = ([*_CONFIGS, "model*.safetensors", _SAFE[1]], ["pytorch_model*.bin", _PICKLED[1]])


@dataclass(frozen=True)
class ModelFolder:
    """A model of the hub's format on disk.

    Attributes
    ----------
    name : str
        What the user calls it.
    path : Path
        The folder with ``config.json`` and the weights.
    revision : str or None
        The commit, where the model came from the hub.
    """

    name: str
    path: Path
    revision: str | None = None

    @property
    def identity(self) -> str:
        """Text that changes when the model's files do."""
        parts = [(path.name, *_fingerprint(path)) for path in self.files]
        return hashlib.sha256(repr(parts).encode()).hexdigest()

    @property
    def files(self) -> list[Path]:
        """The configuration and the weights, safetensors where there are any."""
        present = sorted(path for path in self.path.iterdir() if path.is_file())
        configs = [path for path in present if path.name in _CONFIGS]
        safe = [path for path in present if _is_kind(path, "model", ".safetensors")]
        pickled = [path for path in present if _is_kind(path, "pytorch_model", ".bin")]
        return configs + (safe or pickled)

    @property
    def has_weights(self) -> bool:
        """Whether there is a file of weights that can be read."""
        return any((self.path / name).is_file() for name in (*_SAFE, *_PICKLED))


def _is_kind(path: Path, stem: str, suffix: str) -> bool:
    return path.name.startswith(stem) and path.name.endswith((suffix, f"{suffix}.index.json"))


def _fingerprint(path: Path) -> tuple[str, int, int]:
    """Where the file really lies (in the hub's cache that is its hash), its size and time."""
    status = path.stat()
    return os.path.realpath(path), status.st_size, status.st_mtime_ns


def find_model(
    model: str | os.PathLike[str], revision: str | None, *, local_files_only: bool
) -> ModelFolder:
    """Find a model on disk, or fetch it.

    A folder is taken as it is. A name of the hub is looked up in the hub's cache first, so that
    no network is needed once a model is there, and fetched where it is absent.

    Parameters
    ----------
    model : str or path-like
        A folder, or a name such as ``"facebook/wav2vec2-base"``.
    revision : str or None
        Branch, tag or commit on the hub; None is the main branch.
    local_files_only : bool
        Never ask the network.

    Returns
    -------
    ModelFolder

    Raises
    ------
    EncoderNotFoundError
        It is nowhere; the message says where was looked and how to fetch it.
    EncoderError
        The folder has no configuration or no weights.
    """
    name = os.fspath(model)
    folder = Path(name).expanduser()
    if folder.is_dir():
        return _checked(ModelFolder(name, folder.resolve()))
    if _looks_like_path(name):
        raise EncoderNotFoundError(
            f"model={name!r} is not a folder (looked for '{folder.absolute()}'). Give a folder "
            "with config.json and model.safetensors, or a name of the hub such as "
            "'facebook/wav2vec2-base'."
        )
    return _checked(_from_hub(name, revision, local_files_only=local_files_only))


def _looks_like_path(name: str) -> bool:
    return os.path.isabs(name) or name.startswith((".", "~")) or name.count("/") > 1 or "\\" in name


def _checked(found: ModelFolder) -> ModelFolder:
    for needed, is_there in (
        ("config.json", (found.path / "config.json").is_file()),
        ("weights (model.safetensors or pytorch_model.bin)", found.has_weights),
    ):
        if not is_there:
            raise EncoderError(
                f"The model {found.name!r} has no {needed} in '{found.path}'. Fetch it anew, or "
                "save it there with save_pretrained of the package transformers."
            )
    return found


def _from_hub(name: str, revision: str | None, *, local_files_only: bool) -> ModelFolder:
    hub = import_extra("huggingface_hub", "wav2vec2", "Wav2Vec2Transformer")

    def fetch(*, offline: bool) -> ModelFolder | None:
        return _fetch(hub.snapshot_download, name, revision, offline=offline)

    try:
        found = fetch(offline=True)
        if found is None and not local_files_only:
            found = fetch(offline=False)
    except ValueError as error:  # the name is none that the hub could know
        raise EncoderNotFoundError(_absent(name, revision, f"{error}")) from error
    except Exception as error:  # the hub, its client and the network each have their own
        cause = f"{type(error).__name__}: {str(error).strip().partition(chr(10))[0]}"
        raise EncoderNotFoundError(_absent(name, revision, cause)) from error
    if found is None:
        reason = "local_files_only=True" if local_files_only else "no weights were found"
        raise EncoderNotFoundError(_absent(name, revision, reason))
    return found


def _fetch(
    download: Callable[..., str], name: str, revision: str | None, *, offline: bool
) -> ModelFolder | None:
    """Fetch what is needed: safetensors, and the older format only where there are none."""
    from huggingface_hub.errors import LocalEntryNotFoundError

    for n_kinds in range(1, 1 + len(_PATTERNS)):
        patterns = [pattern for kind in _PATTERNS[:n_kinds] for pattern in kind]
        try:
            place = Path(
                download(name, revision=revision, allow_patterns=patterns, local_files_only=offline)
            )
        except LocalEntryNotFoundError:
            if offline:
                return None
            raise
        found = ModelFolder(name, place, place.name)
        if found.has_weights and (place / "config.json").is_file():
            return found
    return None


def _absent(name: str, revision: str | None, cause: str) -> str:
    at = "" if revision is None else f" at revision {revision!r}"
    option = "" if revision is None else f" --revision {revision}"
    return (
        f"The model {name!r}{at} is neither a folder here nor in the cache "
        f"'{_hub_cache()}', and it could not be fetched ({cause}). Where there is "
        f"a network, run: hf download {name}{option}; or copy the model's folder to this machine "
        "and give its path as model."
    )


def cache_home() -> Path:
    """Return the folder beside the hub's cache where exported networks are kept.

    Returns
    -------
    Path
        It need not exist yet.
    """
    return Path(_hub_cache()).parent / "sklearn_ser"


def _hub_cache() -> str:
    constants = import_extra("huggingface_hub.constants", "wav2vec2", "Wav2Vec2Transformer")
    return str(constants.HF_HUB_CACHE)


def read_files(found: ModelFolder) -> dict[str, bytes]:
    """Read configuration and weights as they are.

    Parameters
    ----------
    found : ModelFolder
        The model.

    Returns
    -------
    dict of str to bytes
        By file name.
    """
    return {path.name: path.read_bytes() for path in found.files}


def write_files(files: Mapping[str, bytes], name: str) -> ModelFolder:
    """Put files that travelled in a pickle into a folder of the cache, once.

    Parameters
    ----------
    files : mapping of str to bytes
        As :func:`read_files` gives.
    name : str
        What the model is called.

    Returns
    -------
    ModelFolder
    """
    digest = hashlib.sha256()
    for file_name, content in sorted(files.items()):
        digest.update(file_name.encode() + b"\0" + content)
    folder = cache_home() / "embedded" / digest.hexdigest()[:32]
    if not folder.is_dir():
        folder.parent.mkdir(parents=True, exist_ok=True)
        with atomic_folder(folder) as unfinished:
            for file_name, content in files.items():
                (unfinished / Path(file_name).name).write_bytes(content)
    return ModelFolder(name, folder)
