from __future__ import annotations

import json
import sys

import pytest

from sklearn_ser.exceptions import MissingExtraError
from sklearn_ser.utils._optional import import_extra


def test_returns_the_module():
    assert import_extra("json", "keras", "This test") is json


def test_returns_a_submodule():
    assert import_extra("json.decoder", "keras", "This test") is json.decoder


def test_missing_package_names_the_extra():
    with pytest.raises(
        MissingExtraError,
        match=(
            r"CNN1DClassifier needs the package 'no_such_package', which is not installed\. "
            r'Install it with: pip install "sklearn-ser\[keras\]"'
        ),
    ) as caught:
        import_extra("no_such_package.inner", "keras", "CNN1DClassifier")
    assert caught.value.name == "no_such_package"
    assert isinstance(caught.value, ImportError)


@pytest.fixture
def broken_package(tmp_path, monkeypatch):
    (tmp_path / "broken_by_its_own_import.py").write_text("import no_such_dependency\n")
    monkeypatch.syspath_prepend(tmp_path)
    yield "broken_by_its_own_import"
    sys.modules.pop("broken_by_its_own_import", None)


def test_an_error_inside_an_installed_package_is_passed_on(broken_package):
    with pytest.raises(ModuleNotFoundError, match="no_such_dependency") as caught:
        import_extra(broken_package, "keras", "This test")
    assert not isinstance(caught.value, MissingExtraError)
