"""README and documentation say what is true: commands, links, names and examples."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules

import pytest

import sklearn_ser
from sklearn_ser.cli import _parser

ROOT = Path(__file__).parents[1]
PAGES = [*sorted(ROOT.glob("*.md")), *sorted((ROOT / "docs").glob("*.md"))]
FOR_AUTHORS_OF_ESTIMATORS = {"sklearn_ser.base"}
COMMAND_LINE = {"sklearn_ser.cli"}
README = (ROOT / "README.md").read_text(encoding="utf-8")


def blocks(text: str, language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", text, flags=re.MULTILINE | re.DOTALL)


def links(text: str) -> list[str]:
    targets = re.findall(r"\]\(([^)#\s]+)", text)
    return [target for target in targets if not target.startswith("http")]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page):
    dead = [
        target
        for target in links(page.read_text(encoding="utf-8"))
        if not (page.parent / target).exists()
    ]
    assert not dead


def commands(text: str) -> list[str]:
    lines = [line for block in blocks(text, "bash") for line in block.splitlines()]
    return [line.partition("sklearn-ser ")[2] for line in lines if "sklearn-ser " in line]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_commands_exist(page):
    for command in commands(page.read_text(encoding="utf-8")):
        assert _parser().parse_args(shlex.split(command, comments=True)).run


@pytest.mark.parametrize("name", ["main", "test"])
def test_readme_has_one_line_to_copy(name):
    found = re.findall(rf"^<!-- command: {name} -->\n```bash\n(.*)\n```$", README, re.MULTILINE)
    assert len(found) == 1
    assert found[0].startswith("python3 -m venv .venv && .venv/bin/pip install ")


def test_readme_example_fits_on_a_slide():
    (example,) = blocks(README, "python")
    assert len([line for line in example.splitlines() if line]) <= 11


@pytest.mark.slow
def test_readme_example_runs():
    (example,) = blocks(README, "python")
    command = [sys.executable, "-W", "error", "-c", example]
    result = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, check=False)
    assert result.returncode == 0, result.stderr
    assert re.fullmatch(r"UAR on unseen voices: 0\.\d{3}\n", result.stdout)


def test_every_public_name_is_in_the_reference():
    listed = set(re.findall(r"[\w.]+", (ROOT / "docs" / "api.rst").read_text(encoding="utf-8")))
    listed |= {name.rpartition(".")[2] for name in listed}
    rooms = [f"sklearn_ser.{room.name}" for room in iter_modules(sklearn_ser.__path__)]
    public = {
        name
        for room in rooms
        if "._" not in room and room not in FOR_AUTHORS_OF_ESTIMATORS | COMMAND_LINE
        for name in getattr(import_module(room), "__all__", ())
    }
    assert public <= listed, f"not in docs/api.rst: {sorted(public - listed)}"
