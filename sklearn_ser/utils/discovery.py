"""Find the estimators of the package, as `sklearn.utils.discovery` finds scikit-learn's."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from importlib import import_module
from pkgutil import walk_packages

from sklearn.base import BaseEstimator, ClassifierMixin, TransformerMixin

from sklearn_ser.utils._names import did_you_mean

__all__ = ["all_estimators"]

_PACKAGE = __name__.partition(".")[0]
_HOME_OF_BASE_CLASSES = f"{_PACKAGE}.base"
_MIXINS: dict[str, type] = {"classifier": ClassifierMixin, "transformer": TransformerMixin}


def all_estimators(type_filter: str | None = None) -> list[tuple[str, type]]:
    """List the public estimator classes of the package.

    Only public modules are imported, and none of them imports TensorFlow or torch.

    Parameters
    ----------
    type_filter : {"classifier", "transformer"}, default=None
        Keep the estimators of this kind only. By default all are listed, those too that are
        of neither kind, such as a pipeline.

    Returns
    -------
    list of (str, type)
        Name and class of each estimator, in alphabetical order.

    Raises
    ------
    ValueError
        If ``type_filter`` is not one of the kinds above.

    Examples
    --------
    >>> from sklearn_ser.utils import all_estimators
    >>> [name for name, _ in all_estimators("transformer") if name.startswith("MFCC")]
    ['MFCCTransformer']
    """
    kind = _kind_of(type_filter)
    found = {cls.__name__: cls for cls in _public_classes() if _is_estimator(cls)}
    return sorted((name, cls) for name, cls in found.items() if issubclass(cls, kind))


def _kind_of(type_filter: str | None) -> type:
    if type_filter is None:
        return BaseEstimator
    if type_filter in _MIXINS:
        return _MIXINS[type_filter]
    hint = did_you_mean(type_filter, _MIXINS)
    raise ValueError(f"type_filter={type_filter!r} is not one of {sorted(_MIXINS)} or None.{hint}")


def _public_classes() -> Iterator[type]:
    for module_name in _public_modules():
        module = import_module(module_name)
        for name in getattr(module, "__all__", ()):
            member = getattr(module, name)
            if inspect.isclass(member):
                yield member


def _public_modules() -> Iterator[str]:
    package = import_module(_PACKAGE)
    for module in walk_packages(package.__path__, prefix=f"{_PACKAGE}."):
        if not any(part.startswith("_") for part in module.name.split(".")):
            yield module.name


def _is_estimator(cls: type) -> bool:
    return (
        issubclass(cls, BaseEstimator)
        and hasattr(cls, "fit")  # augmenters have parameters, but nothing to fit
        and cls.__module__.startswith(f"{_PACKAGE}.")
        and cls.__module__ != _HOME_OF_BASE_CLASSES
        and not inspect.isabstract(cls)
    )
