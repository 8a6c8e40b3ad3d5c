"""Where the corpora lie on this computer."""

from __future__ import annotations

import os
from pathlib import Path

import pooch

__all__ = ["ENVIRONMENT", "get_data_home"]

ENVIRONMENT = "SKLEARN_SER_DATA"
"""The environment variable that names the folder of the corpora."""


def get_data_home(data_home: str | os.PathLike[str] | None = None) -> Path:
    """Give the folder that holds the corpora, one subfolder each.

    Parameters
    ----------
    data_home : path-like, default=None
        The folder; ``~`` is the home folder. None takes the environment variable
        ``SKLEARN_SER_DATA`` or, where it is not set, the user's cache folder
        (``~/.cache/sklearn_ser`` on Linux).

    Returns
    -------
    Path
        The absolute path. Nothing is made here: the fetchers make it when they need it.

    Examples
    --------
    >>> from sklearn_ser.datasets import get_data_home
    >>> get_data_home("corpora").name
    'corpora'
    """
    chosen = data_home or os.environ.get(ENVIRONMENT) or pooch.os_cache("sklearn_ser")
    return Path(os.path.abspath(os.path.expanduser(chosen)))
