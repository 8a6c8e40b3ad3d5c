"""What may split inside an augmented fit, and the refusal of everything else.

Once clips are grown, a random split puts a clip on one side and its copies on the other. So
whatever splits inside must split by groups. The rules:

* A splitter is safe if it declares that it takes groups (its metadata request for ``split`` has
  ``groups=True``), as scikit-learn's group splitters and all splitters by speaker do, and if it
  has them: a search hands them over where they reach it, and splitters by speaker find them in
  the clips that they split. A number, None, a list of pairs, and any other splitter are not safe.
* An estimator that stops early is safe if its ``fit`` takes groups and they reach it; one that
  holds out clips by itself in another way (out-of-bag scores, an SVM's probabilities, the last
  rows for validation) is not.

The candidates in a search's grid are looked at as well, and every layer of what is wrapped.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import suppress
from copy import deepcopy
from dataclasses import dataclass
from itertools import product
from typing import Any

from sklearn.base import clone
from sklearn.frozen import FrozenEstimator
from sklearn.model_selection._search import BaseSearchCV
from sklearn.model_selection._split import GroupsConsumerMixin
from sklearn.multioutput import ClassifierChain, RegressorChain
from sklearn.pipeline import Pipeline
from sklearn.utils.validation import has_fit_parameter

from sklearn_ser.augmentation._fit_params import is_estimator, routes_groups, routing_is_on
from sklearn_ser.base import BaseWaveformTransformer

__all__ = ["check_splits_by_group"]

_WHY = "A clip would then stand on one side of a split and its augmented copies on the other."
_SPLITTER_MEND = "Give it cv=SpeakerKFold(...), which keeps every speaker on one side."
_CLIPS_MEND = (
    "Put it around the whole waveform pipeline, with cv=SpeakerKFold(...), which finds the "
    "speakers in the clips."
)
_REACH_MEND = (
    "Use SpeechPipeline instead of Pipeline around it, directly below what splits, or turn on "
    "scikit-learn's metadata routing."
)
# Parameters by which an estimator judges by clips that it draws itself, and their mends.
_HELD_OUT_AT_RANDOM = {
    "oob_score": "Set oob_score=False.",
    "probability": (  # of an SVM, which calibrates on five random folds
        "Leave it out, and put CalibratedClassifierCV(..., cv=SpeakerKFold(3)) around the whole "
        "waveform pipeline."
    ),
    "train_split": "Set train_split=None.",
    "validation_split": "Set validation_split=0.",  # Keras takes the last rows: copies all
}
_PARAMETERS_THAT_SPLIT = {"cv", "early_stopping", "n_iter_no_change", *_HELD_OUT_AT_RANDOM}


@dataclass(frozen=True)
class _Place:
    """An estimator inside what is wrapped."""

    estimator: Any
    name: str
    has_groups: bool  # whether its fit is handed the groups
    has_clips: bool  # whether its X is AudioClips, which know their speakers

    @property
    def shown(self) -> str:
        return f"{type(self.estimator).__name__} ({self.name})"


def check_splits_by_group(estimator: Any, *, takes_clips: bool) -> bool:
    """Refuse an estimator in which anything would split without groups.

    Parameters
    ----------
    estimator : estimator
        What is to be fitted on clips and their copies, given groups.
    takes_clips : bool
        Whether it is fitted on AudioClips, which know their speakers.

    Returns
    -------
    splits : bool
        Whether anything inside splits at all.

    Raises
    ------
    ValueError
        If anything inside would split without groups; the message says what, where, and the mend.
    """
    places = _walk(_Place(estimator, "estimator", True, takes_clips))
    found = [_splits(place) for place in places]  # all of them, to refuse what comes later
    return any(found)


def _splits(place: _Place) -> bool:
    """Whether this estimator splits by itself; by anything but groups is an error."""
    parameters = place.estimator.get_params(deep=False)
    _refuse_random_hold_out(place, parameters)
    stops = _check_early_stopping(place, parameters)
    splits = _check_splitter(place, parameters)
    return stops or splits


def _refuse_random_hold_out(place: _Place, parameters: Mapping[str, Any]) -> None:
    """Refuse what holds out clips, and has no way to be told of groups."""
    for name, value in parameters.items():
        mend = _HELD_OUT_AT_RANDOM.get(name.rpartition("__")[2])
        if mend is not None and _is_on(value):
            raise _refusal(place, f"{name}={value!r}", mend)
    patience = parameters.get("n_iter_no_change")
    if patience is not None and _is_boosting(parameters):
        raise _refusal(place, f"n_iter_no_change={patience}", "Set n_iter_no_change=None.")


def _is_on(value: Any) -> bool:
    """Whether a parameter turns something on; texts such as "deprecated" do not."""
    return value is not None and not isinstance(value, str) and bool(value)


def _is_boosting(parameters: Mapping[str, Any]) -> bool:
    """Whether a patience means early stopping; elsewhere ``early_stopping`` turns it on."""
    return "validation_fraction" in parameters and "early_stopping" not in parameters


def _check_early_stopping(place: _Place, parameters: Mapping[str, Any]) -> bool:
    value = parameters.get("early_stopping", False)
    if not _is_on(value) and value != "auto":
        return False
    if not has_fit_parameter(place.estimator, "groups"):
        mend = "Set early_stopping=False, or use a classifier whose fit takes groups."
        raise _refusal(place, f"early_stopping={value!r}", mend)
    if not _is_handed_groups(place):
        raise _refusal(place, "early_stopping, as no groups reach it", _REACH_MEND)
    return True


def _is_handed_groups(place: _Place) -> bool:
    if place.has_groups and routing_is_on():
        return place.estimator.get_metadata_routing().fit.requests.get("groups") is True
    return place.has_groups


def _check_splitter(place: _Place, parameters: Mapping[str, Any]) -> bool:
    if "cv" not in parameters or not _cross_validates(place.estimator, parameters["cv"]):
        return False
    splitter = parameters["cv"]
    if not _declares_groups(splitter):
        raise _refusal(place, f"cv={splitter!r}", _SPLITTER_MEND)
    finds_speakers = place.has_clips and not isinstance(splitter, GroupsConsumerMixin)
    if not finds_speakers and not _hands_groups_to_splitter(place):
        mend = _SPLITTER_MEND if place.has_clips else _CLIPS_MEND
        raise _refusal(place, f"cv={splitter!r}, as no groups reach it", mend)
    return True


def _cross_validates(estimator: Any, splitter: Any) -> bool:
    if isinstance(splitter, str) and splitter == "prefit":
        return False
    return splitter is not None or not isinstance(estimator, ClassifierChain | RegressorChain)


def _declares_groups(splitter: Any) -> bool:
    if not hasattr(splitter, "split") or not hasattr(splitter, "get_metadata_routing"):
        return False
    request = getattr(splitter.get_metadata_routing(), "split", None)
    return request is not None and request.requests.get("groups") is True


def _hands_groups_to_splitter(place: _Place) -> bool:
    takes_them = isinstance(place.estimator, BaseSearchCV)
    return place.has_groups and (takes_them or _routes_groups(place.estimator))


def _routes_groups(estimator: Any) -> bool:
    return routing_is_on() and routes_groups(estimator)


def _refusal(place: _Place, what: str, mend: str) -> ValueError:
    return ValueError(
        f"AugmentedClassifier cannot wrap {place.shown} with {what}: it splits without groups. "
        f"{_WHY} {mend}"
    )


# ---- the layers of what is wrapped


def _walk(place: _Place) -> Iterator[_Place]:
    yield place
    if isinstance(place.estimator, FrozenEstimator):
        return  # what is inside is not fitted
    for inner in _steps(place) if isinstance(place.estimator, Pipeline) else _parts(place):
        yield from _walk(inner)
    if isinstance(place.estimator, BaseSearchCV):
        for candidate in _candidates(place.estimator):
            is_handed = place.has_groups and routing_is_on()
            name = f"{place.name}__estimator"
            yield from _walk(_Place(candidate, name, is_handed, place.has_clips))


def _steps(place: _Place) -> Iterator[_Place]:
    """Yield a pipeline's steps; clips flow as far as steps give clips."""
    pipeline, clips = place.estimator, place.has_clips
    finds_speakers = hasattr(pipeline, "_with_speakers") and clips  # a SpeechPipeline
    for name, step in pipeline.steps:
        if not is_estimator(step):
            continue
        finds_step = routing_is_on() or has_fit_parameter(step, "groups")
        is_handed = place.has_groups or (finds_speakers and finds_step)
        yield _Place(step, f"{place.name}__{name}", is_handed, clips)
        clips = clips and isinstance(step, BaseWaveformTransformer)


def _parts(place: _Place) -> Iterator[_Place]:
    """Yield the estimators among an estimator's parameters."""
    hands_on = _routes_groups(place.estimator) or has_fit_parameter(place.estimator, "groups")
    for parameter, value in place.estimator.get_params(deep=False).items():
        for name, part in _estimators_in(value, f"{place.name}__{parameter}"):
            yield _Place(part, name, place.has_groups and hands_on, place.has_clips)


def _estimators_in(value: Any, name: str) -> Iterator[tuple[str, Any]]:
    """Yield estimators in a parameter, which may be a list of (name, estimator)."""
    if is_estimator(value):
        yield name, value
    elif isinstance(value, list | tuple):
        for item in value:
            yield from _estimators_in(item, name)


def _candidates(search: BaseSearchCV) -> Iterator[Any]:
    """Yield the search's estimator with every choice that bears on splits."""
    for grid in _grids(search):
        choices = {name: values for name, values in grid.items() if _bears_on_splits(name, values)}
        for chosen in product(*choices.values()) if choices else ():
            with suppress(ValueError):  # no such parameter: the search will say so itself
                settings = dict(zip(choices, chosen, strict=True))
                yield clone(search.estimator).set_params(**deepcopy(settings))


def _grids(search: BaseSearchCV) -> list[Mapping[str, Any]]:
    given = getattr(search, "param_grid", None) or getattr(search, "param_distributions", None)
    if given is None:
        return []
    return [given] if isinstance(given, Mapping) else list(given)


def _bears_on_splits(name: str, values: Any) -> bool:
    if not hasattr(values, "__iter__"):
        return False  # a distribution of numbers
    is_named = name.rpartition("__")[2] in _PARAMETERS_THAT_SPLIT
    return is_named or any(is_estimator(value) for value in values)
