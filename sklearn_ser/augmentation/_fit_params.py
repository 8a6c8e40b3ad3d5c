"""How groups and weights reach the fit of an estimator that is wrapped, through its layers."""

from __future__ import annotations

from typing import Any

from sklearn import get_config
from sklearn.ensemble import StackingClassifier
from sklearn.model_selection._search import BaseSearchCV
from sklearn.pipeline import Pipeline
from sklearn.utils.metadata_routing import get_routing_for_object
from sklearn.utils.validation import has_fit_parameter

__all__ = ["groups_for", "is_estimator", "routes_groups", "routing_is_on", "weights_for"]


def routing_is_on() -> bool:
    """Whether scikit-learn routes metadata."""
    return bool(get_config()["enable_metadata_routing"])


def is_estimator(thing: Any) -> bool:
    """Whether this is an estimator (no class, no splitter, no "passthrough")."""
    is_object = not isinstance(thing, type)
    return is_object and hasattr(thing, "get_params") and hasattr(thing, "fit")


def routes_groups(estimator: Any) -> bool:
    """Whether groups may be given where metadata is routed.

    A stack hands whatever it is given to its final estimator as well, which takes no groups.
    """
    return not isinstance(estimator, StackingClassifier)


def groups_for(estimator: Any, groups: Any) -> dict[str, Any]:
    """Return the parameters of ``fit`` that bring the groups to whatever takes them.

    A search hands them to its splitter, a pipeline to its steps by their names.
    """
    if routing_is_on():
        asked = get_routing_for_object(estimator).consumes("fit", ["groups"])
        return {"groups": groups} if asked and routes_groups(estimator) else {}
    if has_fit_parameter(estimator, "groups") or isinstance(estimator, BaseSearchCV):
        return {"groups": groups}
    if not isinstance(estimator, Pipeline):
        return {}
    return {
        f"{name}__{parameter}": value
        for name, step in estimator.steps
        if is_estimator(step)
        for parameter, value in groups_for(step, groups).items()
    }


def weights_for(estimator: Any, weights: Any) -> dict[str, Any]:
    """Return the parameters of ``fit`` that bring the weights to the classifier inside.

    Raises
    ------
    TypeError
        If nothing inside would take them: they would be forgotten without a word.
    """
    if weights is None:
        return {}
    found = _weights_for(estimator, weights)
    if not found:
        raise TypeError(
            f"sample_weight reaches nothing: {type(estimator).__name__} hands it to no fit that "
            "takes it. Leave it out, use a classifier that takes weights, or name the step that "
            "does: fit(X, y, <step>__sample_weight=weights)."
        )
    return found


def _weights_for(estimator: Any, weights: Any) -> dict[str, Any]:
    if routing_is_on():
        asked = get_routing_for_object(estimator).consumes("fit", ["sample_weight"])
        return {"sample_weight": weights} if asked else {}
    if has_fit_parameter(estimator, "sample_weight"):
        return {"sample_weight": weights}
    if isinstance(estimator, BaseSearchCV):
        return _weights_for(estimator.estimator, weights)
    if not isinstance(estimator, Pipeline) or not is_estimator(estimator.steps[-1][1]):
        return {}
    name, last = estimator.steps[-1]
    return {f"{name}__{key}": value for key, value in _weights_for(last, weights).items()}
