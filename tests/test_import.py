"""Importing the package costs little, and its names are the same wherever they are written."""

from __future__ import annotations

import ast
import json
import subprocess
import sys
from importlib.resources import files
from pkgutil import iter_modules

import pytest

import sklearn_ser

HEAVY = ("keras", "matplotlib", "onnxruntime", "scikeras", "tensorflow", "torch", "transformers")


def modules_loaded_by(code: str) -> set[str]:
    """Top-level modules in a fresh process after ``code``."""
    report = "import json, sys; print(json.dumps(sorted({m.split('.')[0] for m in sys.modules})))"
    command = [sys.executable, "-c", f"{code}\n{report}"]
    result = subprocess.run(command, capture_output=True, text=True, check=True)
    return set(json.loads(result.stdout.splitlines()[-1]))


def test_import_is_lazy():
    loaded = modules_loaded_by("import sklearn_ser; dir(sklearn_ser)")
    assert "sklearn_ser" in loaded
    assert not loaded & {*HEAVY, "librosa", "numba", "pandas", "scipy", "sklearn"}


def test_public_names_bring_no_heavy_package():
    loaded = modules_loaded_by(
        "import sklearn_ser\nfor name in sklearn_ser.__all__: getattr(sklearn_ser, name)"
    )
    assert "sklearn" in loaded
    assert not loaded & set(HEAVY)


def test_listing_estimators_brings_no_heavy_package():
    loaded = modules_loaded_by(
        "from sklearn_ser.utils import all_estimators; assert all_estimators()"
    )
    assert not loaded & set(HEAVY)


def test_importing_leaves_scikit_learn_as_it_is():
    code = (
        "import sklearn; before = sklearn.get_config()\n"
        "import sklearn_ser\nfor name in sklearn_ser.__all__: getattr(sklearn_ser, name)\n"
        "assert sklearn.get_config() == before"
    )
    assert "sklearn" in modules_loaded_by(code)


@pytest.mark.parametrize("name", sklearn_ser.__all__)
def test_public_name_can_be_had(name):
    assert getattr(sklearn_ser, name) is getattr(sklearn_ser, name)
    assert name in dir(sklearn_ser)


@pytest.mark.parametrize("name", sorted(sklearn_ser._SUBMODULES))
def test_submodule_can_be_had(name):
    assert getattr(sklearn_ser, name).__name__ == f"sklearn_ser.{name}"


def test_table_names_every_submodule():
    public = {module.name for module in iter_modules(sklearn_ser.__path__)}
    assert {name for name in public if name[0] != "_"} - {"cli"} == sklearn_ser._SUBMODULES


def test_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="module 'sklearn_ser' has no attribute 'MFCC'"):
        sklearn_ser.MFCC  # noqa: B018


def test_stub_and_table_name_the_same():
    tree = ast.parse(files("sklearn_ser").joinpath("__init__.pyi").read_text(encoding="utf-8"))
    named = {
        (node.module.partition(".")[2], alias.name)
        for node in tree.body
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }
    table = {(module, name) for name, module in sklearn_ser._MODULE_OF.items()}
    assert named == table | {("", name) for name in sklearn_ser._SUBMODULES}


def test_stub_has_the_same_all():
    tree = ast.parse(files("sklearn_ser").joinpath("__init__.pyi").read_text(encoding="utf-8"))
    (listed,) = [node.value for node in tree.body if isinstance(node, ast.Assign)]
    assert sorted(ast.literal_eval(listed)) == sorted(sklearn_ser.__all__)


def test_package_is_marked_as_typed():
    assert files("sklearn_ser").joinpath("py.typed").is_file()
