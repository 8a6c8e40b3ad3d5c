"""The package's version, for the keys of caches."""

from __future__ import annotations

__all__ = ["package_version"]


def package_version() -> str:
    """Return the version of this package.

    Asked for when it is needed: the package imports its rooms, not they the package.

    Returns
    -------
    str

    Examples
    --------
    >>> from sklearn_ser.utils._version import package_version
    >>> package_version().count(".") >= 2
    True
    """
    from sklearn_ser import __version__

    return __version__
