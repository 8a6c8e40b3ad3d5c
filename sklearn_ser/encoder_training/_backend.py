"""Import Keras on whatever backend it is told to use, with as many threads as told."""

from __future__ import annotations

import os
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from types import ModuleType

from sklearn_ser.exceptions import MissingExtraError
from sklearn_ser.neural_network._tensorflow import load_keras
from sklearn_ser.utils._optional import import_extra

__all__ = ["load_any_keras"]

_PURPOSE = "Training an encoder"
_THREADS_OF_TENSORFLOW = ("TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS")
_settled_threads: dict[str, int] = {}  # what a backend was started with, which it does not tell


def load_any_keras(n_threads: int | None = None) -> ModuleType:
    """Import Keras 3 with the backend that KERAS_BACKEND names, by default TensorFlow.

    Parameters
    ----------
    n_threads : int, default=None
        Threads of the backend; None leaves it its own number, usually all cores.

    Returns
    -------
    module
        ``keras``.

    Raises
    ------
    MissingExtraError
        If Keras or its backend is not installed.

    Warns
    -----
    RuntimeWarning
        If the backend runs already, with another number of threads that cannot be changed.
    """
    backend = _backend()
    if backend == "tensorflow":
        return _on_tensorflow(n_threads)
    _check_installed(backend)
    keras = import_extra("keras", "keras", _PURPOSE)
    if backend == "torch" and n_threads is not None:
        sys.modules["torch"].set_num_threads(n_threads)
    return keras


def _check_installed(backend: str) -> None:
    try:
        import_module(backend)
    except ModuleNotFoundError as error:
        raise MissingExtraError(
            f"{_PURPOSE}: KERAS_BACKEND is {backend!r}, and no such package is installed. Install "
            'it, or train with TensorFlow: KERAS_BACKEND=tensorflow, and pip install "sklearn-ser'
            '[keras]".',
            name=backend,
        ) from error


def _on_tensorflow(n_threads: int | None) -> ModuleType:
    if "tensorflow" in sys.modules and n_threads is not None:
        _change_threads_of_tensorflow(n_threads)
    elif n_threads is not None:
        _settled_threads["tensorflow"] = n_threads
    with _threads_of_tensorflow(n_threads):
        return load_keras()


def _backend() -> str:
    """Ask Keras where it runs already, else the environment, as it will."""
    if sys.modules.get("keras") is not None:
        return str(sys.modules["keras"].backend.backend())
    return os.environ.get("KERAS_BACKEND") or "tensorflow"


@contextmanager
def _threads_of_tensorflow(n_threads: int | None) -> Iterator[None]:
    """Tell TensorFlow its threads, which it asks the environment for when it starts."""
    if n_threads is None:
        yield
        return
    before = {name: os.environ.get(name) for name in _THREADS_OF_TENSORFLOW}
    os.environ.update(dict.fromkeys(_THREADS_OF_TENSORFLOW, str(n_threads)))
    try:
        yield
    finally:
        for name, value in before.items():
            os.environ.pop(name)
            if value is not None:
                os.environ[name] = value


def _change_threads_of_tensorflow(n_threads: int) -> None:
    threading = sys.modules["tensorflow"].config.threading
    if n_threads == _settled_threads.get("tensorflow"):
        return
    try:
        threading.set_intra_op_parallelism_threads(n_threads)
        threading.set_inter_op_parallelism_threads(n_threads)
    except RuntimeError:
        warnings.warn(
            f"n_threads={n_threads} comes too late: TensorFlow runs already in this process, with "
            "as many threads as it was told then. Train in a process of its own.",
            RuntimeWarning,
            stacklevel=5,  # whoever calls train_encoder
        )
