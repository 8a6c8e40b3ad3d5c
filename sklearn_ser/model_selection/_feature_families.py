"""Which family a feature belongs to, told by its name."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from sklearn_ser.utils._names import first_few

__all__ = ["Families", "families_of", "family_of_name"]

Families = Callable[[str], str] | Mapping[str, str] | None

# What is taken of descriptors over time tells more than whose it is.
_FAMILY_BY_PART = {
    re.compile(r"_modulation_"): "modulation",
    re.compile(r"_(autocorrelation|speed)_\d+_ms$"): "dynamics",
    re.compile(r"_log_(co)?variance$"): "covariance",
}
# How names begin: the longest that fits decides. Families are called as the extractors call them.
_FAMILIES = {
    "level": ("level", "loudness", "equivalent_level"),
    "pitch": ("f0",),
    "voicing": ("voicing", "periodicity"),
    "rhythm": ("rhythm", "voiced_seconds", "unvoiced_seconds", "voiced_rate"),
    "quality": (
        *("jitter", "shimmer", "hnr", "voicing_strength", "cpp", "h1_h2", "h1_a3"),
        *("slope", "tilt", "alpha_ratio", "hammarberg"),
    ),
    "formants": ("f1", "f2", "f3"),
    "shape": ("centroid", "bandwidth", "rolloff", "flatness", "contrast", "flux"),
}
_FAMILY_OF = {start: family for family, starts in _FAMILIES.items() for start in starts}
_FRAMES = re.compile(r"^(un)?voiced_")  # which frames were looked at
_STATISTIC = re.compile(r"_(mean|std|min|max|range|median|iqr|skew|kurtosis|slope|p\d{1,3})$")
_DELTA = re.compile(r"_delta2?$")
_INDEX = re.compile(r"_\d+$")


def family_of_name(name: str) -> str:
    """Tell the family of a feature: one that this package knows, or what the name begins with.

    Examples
    --------
    >>> family_of_name("mfcc_3_delta_std"), family_of_name("f0_semitone_p95")
    ('mfcc', 'pitch')
    >>> family_of_name("voiced_jitter_mean"), family_of_name("breath_7_delta2_mean")
    ('quality', 'breath')
    """
    for part, family in _FAMILY_BY_PART.items():
        if part.search(name):
            return family
    bare = _FRAMES.sub("", name)
    family = _by_beginning(name, _FAMILY_OF) or _by_beginning(bare, _FAMILY_OF)
    if family is not None:
        return str(family)
    for end in (_STATISTIC, _DELTA, _INDEX):
        bare = end.sub("", bare) or bare
    return bare


def families_of(
    names: Iterable[str], families: Families, known: Mapping[str, str] | None = None
) -> dict[str, str]:
    """Tell the family of each feature.

    Parameters
    ----------
    names : iterable of str
        The features.
    families : callable, mapping or None
        A function of a name; or families by names, or by how names begin; None is what is known,
        else :func:`family_of_name`.
    known : mapping of str to str, default=None
        What extractors say of their own features.

    Raises
    ------
    TypeError
        `families` is neither, or the function gives something else than a str.
    ValueError
        The mapping says nothing of a feature.
    """
    names = list(dict.fromkeys(map(str, names)))
    if isinstance(families, Mapping):
        return _mapped(names, families)
    if families is not None and not callable(families):
        raise TypeError(
            f"families is a {type(families).__name__}; give a function from a feature's name to "
            "its family, or a dict such as {'mfcc': 'cepstrum'}."
        )
    if families is None:
        return {name: (known or {}).get(name) or family_of_name(name) for name in names}
    told = {name: families(name) for name in names}
    for name, family in told.items():
        if not isinstance(family, str):
            raise TypeError(f"families gave {family!r} for the feature {name!r}; it must be a str.")
    return told


def _mapped(names: list[str], families: Mapping[str, str]) -> dict[str, str]:
    told = {name: _by_beginning(name, families) for name in names}
    missing = [name for name, family in told.items() if family is None]
    if missing:
        raise ValueError(
            f"families says nothing of {len(missing)} of {len(names)} features: "
            f"{first_few(missing)}. Its keys are names of features, or how they begin: 'mfcc' "
            "stands for all of mfcc_..."
        )
    return {name: str(family) for name, family in told.items()}


def _by_beginning(name: str, families: Mapping[str, Any]) -> Any:
    fitting = [key for key in families if name == key or name.startswith(f"{key}_")]
    return families[max(fitting, key=len)] if fitting else None
