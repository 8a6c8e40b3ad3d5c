"""Import Keras on TensorFlow once a process, late, quietly, with as many threads as told."""

from __future__ import annotations

import logging
import os
import re
import sys
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import cache
from types import ModuleType

from sklearn_ser.utils._optional import import_extra

__all__ = ["check_keras_version", "load_keras", "without_chatter"]

_PURPOSE = "A neural network"
_STDERR = 2
_LOG_LINE = re.compile(
    rb"[IWE]\d{4} |WARNING: All log messages before absl|To enable the following instructions"
)


@cache
def load_keras() -> ModuleType:
    """Import Keras 3 with TensorFlow behind it; once a process, since predicting asks for it.

    Returns
    -------
    module
        ``keras``.

    Raises
    ------
    MissingExtraError
        If TensorFlow or Keras is not installed.
    RuntimeError
        If Keras runs on another backend than TensorFlow.
    """
    if "tensorflow" in sys.modules:
        keras = _import_keras()
        _settle_determinism()
    else:
        with _without_start_up_lines():
            keras = _import_keras()
            _settle_determinism()
            _start(sys.modules["tensorflow"])
    _check_backend(keras)
    return keras


def check_keras_version(fitted_with: str) -> None:
    """Refuse a network that another major version of Keras has trained.

    Parameters
    ----------
    fitted_with : str
        The version that trained it, such as "3.15.1".

    Raises
    ------
    RuntimeError
        If the major versions differ: the same layers may compute something else.
    """
    installed = load_keras().__version__
    if _major(installed) != _major(fitted_with):
        raise RuntimeError(
            f"The network was fitted with Keras {fitted_with}; here is Keras {installed}, whose "
            "layers may compute something else. Install the version it was fitted with, or fit it "
            "again."
        )


@contextmanager
def without_chatter(*modules: str) -> Iterator[None]:
    """Leave out what is no concern of a user.

    scikeras speaks to scikit-learn, and Keras to NumPy, in the manner of older versions;
    TensorFlow takes several trainings in one process for one that goes wrong.

    Parameters
    ----------
    *modules : str
        The packages whose warnings are left out.
    """
    logger = logging.getLogger("tensorflow")
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", module=rf"({'|'.join(modules)})\b")
            yield
    finally:
        logger.setLevel(level)


def _major(version: str) -> str:
    return version.partition(".")[0]


def _import_keras() -> ModuleType:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # deprecations inside TensorFlow's dependencies
        import_extra("tensorflow", "keras", _PURPOSE)
        return import_extra("keras", "keras", _PURPOSE)


def _settle_determinism() -> None:
    """Have TensorFlow decide now, before scikeras asks, whether it is to be deterministic."""
    # TensorFlow asks the environment once whether its operations are to be deterministic, when
    # it is first asked. scikeras asks after it has set the variable for the time of a fit, takes
    # that for the user's wish, and leaves the switch on for good: then every unseeded use of
    # TensorFlow in the process fails. So it is asked now.
    config = import_extra("tensorflow.python.framework.config", "keras", _PURPOSE)
    config.is_op_determinism_enabled()


def _start(tensorflow: ModuleType) -> None:
    """Start TensorFlow, after what can be settled only before it is used."""
    _limit_threads(tensorflow)
    tensorflow.transpose(tensorflow.constant([[True]]))  # starts it; complains of it once


@contextmanager
def _without_start_up_lines() -> Iterator[None]:
    """Leave out what TensorFlow's libraries write to the process' stderr while they start.

    They do so whatever TF_CPP_MIN_LOG_LEVEL says. All other lines are written when it is over.
    """
    sys.stderr.flush()
    stderr = os.dup(_STDERR)
    try:
        with tempfile.TemporaryFile() as caught:
            os.dup2(caught.fileno(), _STDERR)
            try:
                yield
            finally:
                sys.stderr.flush()
                os.dup2(stderr, _STDERR)
                caught.seek(0)
                os.write(_STDERR, b"".join(line for line in caught if not _LOG_LINE.match(line)))
    finally:
        os.close(stderr)


def _limit_threads(tensorflow: ModuleType) -> None:
    """Obey OMP_NUM_THREADS, by which joblib shares the cores among its workers."""
    threads = os.environ.get("OMP_NUM_THREADS", "")
    if threads.isdigit() and "TF_NUM_INTRAOP_THREADS" not in os.environ:
        with suppress(RuntimeError):  # somebody has used TensorFlow already
            tensorflow.config.threading.set_intra_op_parallelism_threads(int(threads))


def _check_backend(keras: ModuleType) -> None:
    backend = keras.backend.backend()
    if backend != "tensorflow":
        raise RuntimeError(
            f"Keras runs on {backend!r} here; the networks need its TensorFlow backend. Set the "
            'environment variable KERAS_BACKEND="tensorflow" before Keras is imported.'
        )
