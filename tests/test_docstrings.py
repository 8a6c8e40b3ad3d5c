"""Every public name explains itself: summary, parameters, returns and a running example."""

from __future__ import annotations

import inspect
from dataclasses import fields, is_dataclass
from importlib import import_module
from pkgutil import walk_packages

import pytest
from numpydoc.docscrape import NumpyDocString
from numpydoc.validate import validate

import sklearn_ser

MEMBER_CODES = {
    "GL03",  # double blank lines
    "GL06",  # unknown section
    "GL07",  # sections in another order
    "GL08",  # no docstring
    "SS01",  # no summary
    "SS03",  # summary without a period
    "PR01",  # parameters left out
    "PR02",  # parameters that do not exist
    "PR03",  # parameters in another order
    "PR04",  # parameter without a type
    "PR07",  # parameter without a description
    "RT01",  # no returns section
    "RT03",  # return value without a description
}
CODES = MEMBER_CODES | {"EX01"}  # EX01: no example
EXAMPLES_NOT_NEEDED = {"sklearn_ser.base", "sklearn_ser.cli", "sklearn_ser.exceptions"}


def public_names() -> dict[str, object]:
    """Dotted name and object of all that the public modules list in ``__all__``."""
    modules = [
        module.name
        for module in walk_packages(sklearn_ser.__path__, prefix="sklearn_ser.")
        if not any(part.startswith("_") for part in module.name.split("."))
    ]
    return {
        f"{module}.{name}": getattr(import_module(module), name)
        for module in modules
        for name in getattr(import_module(module), "__all__", ())
        if callable(getattr(import_module(module), name))
    }


def public_members(cls: type) -> list[str]:
    """Methods and properties that a class of this package defines itself."""
    return [
        name
        for name, member in inspect.getmembers_static(cls)
        if not name.startswith("_") and home_of(member).startswith("sklearn_ser.")
    ]


def home_of(member: object) -> str:
    function = getattr(member, "fget", None) or getattr(member, "__func__", member)
    function = getattr(function, "func", function)
    plain = inspect.isfunction(function) or inspect.ismethod(function)
    return getattr(inspect.unwrap(function), "__module__", "") if plain else ""


def documented_attributes(value: object) -> set[str]:
    entries = NumpyDocString(inspect.getdoc(value) or "")["Attributes"]
    return {name.strip() for entry in entries for name in entry.name.split(",")}


def is_protocol(value: object) -> bool:
    return getattr(value, "_is_protocol", False)


def codes_for(name: str, value: object) -> set[str]:
    """Codes that hold for a public name.

    A result's fields are its attributes, and its example is that of the function which returns
    it; protocols have no parameters.
    """
    if is_dataclass(value) or is_protocol(value):
        return MEMBER_CODES - {"PR01"}
    without_example = name.rpartition(".")[0] in EXAMPLES_NOT_NEEDED
    return MEMBER_CODES if without_example else CODES


def complaints(name: str, codes: set[str]) -> list[tuple[str, str]]:
    return [(code, text) for code, text in validate(name)["errors"] if code in codes]


NAMES = public_names()
CLASSES = {name: value for name, value in NAMES.items() if inspect.isclass(value)}
MEMBERS = [
    f"{name}.{member}"
    for name, value in CLASSES.items()
    for member in public_members(value)
    if member not in documented_attributes(value) and not is_protocol(value)
]


@pytest.mark.parametrize("name", sorted(NAMES))
def test_docstring(name):
    assert complaints(name, codes_for(name, NAMES[name])) == []


@pytest.mark.parametrize("name", sorted(MEMBERS))
def test_docstring_of_member(name):
    assert complaints(name, MEMBER_CODES) == []


@pytest.mark.parametrize("name", sorted(n for n, c in CLASSES.items() if is_dataclass(c)))
def test_fields_are_documented(name):
    assert {field.name for field in fields(CLASSES[name])} <= documented_attributes(CLASSES[name])


@pytest.mark.parametrize("name", sklearn_ser.__all__)
def test_root_name_is_documented_where_it_lives(name):
    assert name == "__version__" or getattr(sklearn_ser, name) in NAMES.values()
