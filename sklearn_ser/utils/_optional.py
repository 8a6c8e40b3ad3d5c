"""Import what only an extra brings, or say how to get it."""

from __future__ import annotations

from importlib import import_module
from types import ModuleType

from sklearn_ser.exceptions import MissingExtraError


def import_extra(module: str, extra: str, purpose: str) -> ModuleType:
    """Import ``module``, which the package's extra ``extra`` brings.

    Parameters
    ----------
    module : str
        Dotted name of the module, for example ``"scikeras.wrappers"``.
    extra : str
        Name of the extra that installs it, for example ``"keras"``.
    purpose : str
        Who needs it; the error message begins with it.

    Returns
    -------
    module
        The imported module.

    Raises
    ------
    MissingExtraError
        If the module's package is not installed. An import that fails inside an installed
        package is passed on as it is: installing the extra again would not mend it.

    Examples
    --------
    >>> from sklearn_ser.utils._optional import import_extra
    >>> import_extra("json", "keras", "Reading settings").__name__
    'json'
    """
    try:
        return import_module(module)
    except ModuleNotFoundError as error:
        package = module.partition(".")[0]
        if error.name != package:
            raise
        message = (
            f"{purpose} needs the package {package!r}, which is not installed. "
            f'Install it with: pip install "sklearn-ser[{extra}]"'
        )
        raise MissingExtraError(message, name=package) from error
