"""A fitted model as one file."""

from __future__ import annotations

import copy
import os
import platform
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import joblib
import numpy as np
import sklearn
from sklearn.base import BaseEstimator
from sklearn.exceptions import InconsistentVersionWarning
from sklearn.utils.validation import check_is_fitted

from sklearn_ser import __version__
from sklearn_ser.utils._files import atomic_path

__all__ = ["load_model", "save_model"]

_WHICH_FILE = "Give the .joblib file that save_model or sklearn-ser train wrote."

METADATA = "sklearn_ser_metadata_"


def save_model(
    model: Any, path: str | os.PathLike[str], *, metadata: dict[str, Any] | None = None
) -> Path:
    """Write a fitted model to a file, for :func:`load_model` or plain ``joblib.load``.

    The file holds the estimator itself, so that an application needs nothing but ``joblib.load``
    and ``predict``. Every `memory` inside is set to None first (in a copy): a cache folder of the
    machine that trained has no meaning elsewhere. The file takes its name only once it is whole.

    Parameters
    ----------
    model : estimator
        A fitted classifier or pipeline.
    path : str or path
        The file, usually ``something.joblib``. Its folder must exist.
    metadata : dict, default=None
        Whatever should travel with the model, such as the corpus and the score; it becomes the
        attribute ``sklearn_ser_metadata_``, to which the versions of Python, NumPy, scikit-learn
        and this package are added.

    Returns
    -------
    Path
        The file.

    Raises
    ------
    NotFittedError
        If the model is not fitted.
    OSError
        If the file cannot be written.

    Examples
    --------
    >>> import tempfile
    >>> from sklearn.dummy import DummyClassifier
    >>> from sklearn_ser.inference import load_model, save_model
    >>> model = DummyClassifier().fit([[0], [1]], ["calm", "calm"])
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = save_model(model, f"{folder}/model.joblib", metadata={"corpus": "mine"})
    ...     loaded = load_model(path)
    >>> loaded.sklearn_ser_metadata_["corpus"]
    'mine'
    """
    path = Path(path)
    _check_fitted(model)
    model = copy.deepcopy(model)
    for estimator in _estimators_inside(model):
        if getattr(estimator, "memory", None) is not None:
            estimator.memory = None
    setattr(model, METADATA, {**(metadata or {}), "versions": _versions()})
    _dump(model, path)
    return path


def load_model(path: str | os.PathLike[str]) -> Any:
    """Read a model that :func:`save_model` or ``joblib.dump`` has written.

    A joblib file is a pickle: loading it runs whatever its author put inside. Load only files
    from people whom you trust.

    Parameters
    ----------
    path : str or path
        The file.

    Returns
    -------
    estimator
        The fitted model.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    ValueError
        If the file is not a joblib file, is cut off, or holds something else than a model.

    Warns
    -----
    InconsistentVersionWarning
        Once, if the model was saved with another version of scikit-learn.

    Examples
    --------
    >>> from sklearn_ser.inference import load_model
    >>> load_model("nowhere.joblib")
    Traceback (most recent call last):
    ...
    FileNotFoundError: There is no model file 'nowhere.joblib'. ...
    """
    path = Path(path)
    if not path.is_file():
        found = f"'{path}' is a folder" if path.is_dir() else f"There is no model file '{path}'"
        raise FileNotFoundError(f"{found}. {_WHICH_FILE}")
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        model = _load(path)
    if not hasattr(model, "predict"):
        raise ValueError(
            f"'{path}' holds a {type(model).__name__}, not a fitted model with a method predict."
        )
    _warn_again(caught, path)
    return model


def _check_fitted(model: Any) -> None:
    if isinstance(model, BaseEstimator):
        check_is_fitted(model)
    elif not hasattr(model, "predict"):
        raise TypeError(
            f"save_model takes a fitted estimator, got a {type(model).__name__} without a method "
            "predict."
        )


def _versions() -> dict[str, str]:
    return {
        "python": platform.python_version(),
        "numpy": np.__version__,
        "scikit-learn": sklearn.__version__,
        "sklearn-ser": __version__,
    }


def _dump(model: Any, path: Path) -> None:
    try:
        with atomic_path(path) as unfinished:
            joblib.dump(model, unfinished)
    except OSError as error:
        raise type(error)(
            f"The model cannot be written to '{path}': {error.strerror or error}."
        ) from error


def _load(path: Path) -> Any:
    try:
        return joblib.load(path)
    except PermissionError as error:
        raise PermissionError(f"The model file '{path}' cannot be read: no permission.") from error
    except ModuleNotFoundError as error:
        raise ValueError(
            f"The model in '{path}' needs the module {error.name!r}, which is not installed here."
        ) from error
    except Exception as error:  # whatever bytes that are no pickle happen to raise
        raise ValueError(
            f"'{path}' is not a model file, or is damaged ({type(error).__name__}: {error}). "
            f"{_WHICH_FILE}"
        ) from error


def _warn_again(caught: list[warnings.WarningMessage], path: Path) -> None:
    """Repeat what was warned, the versions of all the model's parts in one warning."""
    versions: list[Any] = [
        w.message for w in caught if issubclass(w.category, InconsistentVersionWarning)
    ]
    for first in versions[:1]:
        about = {
            "estimator_name": f"{first.estimator_name} in '{path}'",
            "current_sklearn_version": first.current_sklearn_version,
            "original_sklearn_version": first.original_sklearn_version,
        }
        warnings.warn(InconsistentVersionWarning(**about), stacklevel=3)
    for other in caught:
        if not issubclass(other.category, InconsistentVersionWarning):
            warnings.warn(other.message, stacklevel=3)


def _estimators_inside(root: Any) -> Iterator[BaseEstimator]:
    """Walk over an estimator and all that it holds, fitted parts and steps of steps included."""
    waiting, seen = [root], set()
    while waiting:
        item = waiting.pop()
        if id(item) in seen:
            continue
        seen.add(id(item))
        if isinstance(item, dict):
            waiting.extend(item.values())
        elif isinstance(item, list | tuple):
            waiting.extend(item)
        elif isinstance(item, BaseEstimator) or type(item).__module__.startswith("sklearn"):
            waiting.extend(getattr(item, "__dict__", {}).values())
            if isinstance(item, BaseEstimator):
                yield item
