"""Several families of features in one pipeline, each with a classifier of its own."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from sklearn.base import BaseEstimator
from sklearn.ensemble import StackingClassifier, VotingClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import _name_estimators

from sklearn_ser.model_selection import SpeakerKFold

__all__ = ["FAMILIES", "MEMBERS", "MIXED", "MIXERS", "MIXER_GRIDS", "families_of", "mix"]

MIXED = "families"

# The voice as a whole, the spectrum and the cepstrum. Logistic regressions that vote had UAR .641
# on five folds of RAVDESS' speakers; .615 alone have functionals, .552 the other two together.
FAMILIES = ("functionals", "mel", "mfcc")

# What answers for a family. Tried on five folds of RAVDESS' speakers, untuned (UAR): logistic
# regressions that vote .552, stacked .537; support vector machines calibrated to vote .563 at four
# times the cost, stacked by their decisions .556. The best member alone had .515.
MEMBERS = {"voting": "logreg", "stacking": "svm"}

_FOLDS = 3

Members = list[tuple[str, BaseEstimator]]


def _voting(members: Members, seed: int | None) -> BaseEstimator:
    return VotingClassifier(members, voting="soft")


def _stacking(members: Members, seed: int | None) -> BaseEstimator:
    """Learn whom to believe from answers about speakers whom the members had not heard."""
    judge = LogisticRegression(C=0.03, class_weight="balanced", max_iter=2000, random_state=seed)
    folds = SpeakerKFold(_FOLDS, allow_fewer=True)
    return StackingClassifier(members, judge, cv=folds)


MIXERS: dict[str, Callable[[Members, int | None], BaseEstimator]] = {
    "voting": _voting,
    "stacking": _stacking,
}
MIXER_GRIDS: dict[str, Mapping[str, list[Any]]] = {
    "voting": {},
    "stacking": {"classifier__final_estimator__C": [0.01, 0.03, 0.1]},
}


def families_of(features: Any, classifier: Any) -> Sequence[Any] | None:
    """Return the families that are to be mixed; None where there is one set of features.

    Raises
    ------
    ValueError
        If features and classifier do not go together, or features are fewer than two, or twice.
    """
    is_mixer = isinstance(classifier, str) and classifier in MIXERS
    several = FAMILIES if isinstance(features, str) and features == MIXED else features
    if not isinstance(several, list | tuple):
        if is_mixer:
            raise ValueError(
                f"classifier={classifier!r} mixes several families of features, and "
                f"features={features!r} is one. Give several, such as {FAMILIES}, or {MIXED!r}, "
                "which stands for them."
            )
        return None
    if not is_mixer:
        raise ValueError(
            f"features={features!r} are several, which classifier='voting' or 'stacking' mixes; "
            f"got classifier={classifier!r}. For one table of several features see 'frames' or "
            "FrameFeaturesTransformer."
        )
    _check_several(several)
    return several


def _check_several(features: Sequence[Any]) -> None:
    names = [each for each in features if isinstance(each, str)]
    twice = [name for name in names if names.count(name) > 1]
    if len(features) < 2 or twice:
        found = f"{twice[0]!r} twice" if twice else f"{len(features)} of them"
        raise ValueError(
            f"features={features!r}: at least two different families can be mixed, and there is "
            f"{found}."
        )


def mix(
    features: Iterable[Any], members: Iterable[BaseEstimator], classifier: str, seed: int | None
) -> BaseEstimator:
    """Join the members' answers; a member has its features' name, or that of the class."""
    names = [name for name, _ in _name_estimators(list(features))]
    return MIXERS[classifier](list(zip(names, members, strict=True)), seed)
