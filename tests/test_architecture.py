"""The house rules that can be read from the source: imports go down, rooms stay small."""

from __future__ import annotations

import ast
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGE = "sklearn_ser"

# From the top of the house to its ground. A module may import from lines below its own and
# from its own room; rooms on one line do not know each other.
LAYERS = (
    ("cli",),
    ("recipes",),
    ("pipeline", "plotting"),
    ("encoder_training", "inference", "model_selection"),
    ("neural_network", "augmentation._classifier"),
    ("embedding", "encoders", "voice"),
    ("speakers",),
    (
        "metrics",
        "datasets",
        "features",
        "sequence",
        "augmentation",
        "audio._loader",
        "audio._noise_reducer",
        "audio._preprocessing",
    ),
    ("base",),
    (
        "audio._check",
        "audio._clips",
        "audio._crop",
        "audio._display",
        "audio._gate",
        "audio._store",
        "audio._trim",
        "audio._waveform_steps",
    ),
    ("audio._io",),
    ("utils",),
    ("exceptions",),
)
LATE = {
    "huggingface_hub",
    "keras",
    "matplotlib",
    "onnx",
    "onnxruntime",
    "safetensors",
    "tensorflow",
    "torch",
    "transformers",
}
ONLY_HOME_OF_SCIKERAS = "neural_network._keras"
LINES_OF_A_FILE = 500
LINES_OF_A_FUNCTION = 45


@dataclass(frozen=True)
class Import:
    """One import statement's target, as ``module`` or as ``name`` of ``module``."""

    module: str
    name: str | None
    line: int
    late: bool
    typing_only: bool


def name_of(path: Path) -> str:
    """Dotted name of a file below the package, a door's without its ``__init__``."""
    parts = path.relative_to(ROOT / PACKAGE).with_suffix("").parts
    return ".".join(part for part in parts if part != "__init__")


MODULES = {name_of(path): path for path in sorted((ROOT / PACKAGE).rglob("*.py"))}
ROOMS = {name: path for name, path in MODULES.items() if name}


def is_door(module: str) -> bool:
    return MODULES.get(module, Path()).name == "__init__.py"


@cache
def tree_of(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"), filename=str(path))


def is_type_checking(node: ast.AST) -> bool:
    return isinstance(node, ast.If) and ast.unparse(node.test).endswith("TYPE_CHECKING")


def walk_imports(node: ast.AST, late: bool = False, typing_only: bool = False) -> Iterator[Import]:
    """Yield every import below ``node``; ``late`` are those inside functions."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.Import):
            for alias in child.names:
                yield Import(alias.name, None, child.lineno, late, typing_only)
        elif isinstance(child, ast.ImportFrom):
            module = "." * child.level + (child.module or "")
            for alias in child.names:
                yield Import(module, alias.name, child.lineno, late, typing_only)
        else:
            inside = late or isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)
            yield from walk_imports(child, inside, typing_only or is_type_checking(child))


def imports_of(module: str) -> list[Import]:
    return list(walk_imports(tree_of(MODULES[module])))


def target_of(statement: Import) -> str | None:
    """Name of the module of this package that really is imported, or None for others'."""
    if statement.module.partition(".")[0] != PACKAGE or statement.name == "__version__":
        return None
    module = statement.module.removeprefix(PACKAGE).removeprefix(".")
    if statement.name is None:
        return module
    inner = f"{module}.{statement.name}".lstrip(".")
    return inner if inner in MODULES else behind_the_door(module, statement.name)


def behind_the_door(module: str, name: str) -> str:
    """Follow ``name`` through a door to the private module that defines it."""
    for statement in imports_of(module) if is_door(module) else ():
        if statement.name == name:
            return target_of(statement) or module
    return module


def line_of(module: str) -> int | None:
    """Place of the module's line in LAYERS; the longest name that fits decides."""
    fitting = [
        (len(entry), place)
        for place, line in enumerate(LAYERS)
        for entry in line
        if f"{module}.".startswith(f"{entry}.")
    ]
    return max(fitting)[1] if fitting else None


def complaint(module: str, target: str) -> str | None:
    """Say why ``module`` may not import ``target``; None where it may."""
    if target == "":
        return "uses the package's root, where only __version__ lives; import names from their room"
    same_room = module.partition(".")[0] == target.partition(".")[0]
    if is_door(module) and same_room:
        return None
    below, above = line_of(target), line_of(module)
    if below is None:
        return f"imports {target}, whose door has no line of its own; name the module behind it"
    if above is None or below > above or (below == above and same_room):
        return None
    return f"imports {target}: " + ("both stand on one line" if below == above else "that is up")


def test_every_module_has_its_line():
    doors = {name for name in ROOMS if is_door(name)}
    homeless = [name for name in ROOMS if name not in doors and line_of(name) is None]
    assert not homeless, f"give these modules a line in LAYERS: {homeless}"


@pytest.mark.parametrize("module", sorted(ROOMS))
def test_imports_go_down_only(module):
    complaints = {
        f"{MODULES[module].relative_to(ROOT)}:{statement.line} {reason}"
        for statement in imports_of(module)
        if (target := target_of(statement)) is not None
        if (reason := complaint(module, target))
    }
    assert not complaints, "\n".join(sorted(complaints))


@pytest.mark.parametrize("module", sorted(MODULES))
def test_imports_are_absolute(module):
    relative = {statement.line for statement in imports_of(module) if statement.module[:1] == "."}
    assert not relative, (
        f"{MODULES[module].relative_to(ROOT)}: write `from {PACKAGE}. ...` in lines {relative}"
    )


@pytest.mark.parametrize("module", sorted(MODULES))
def test_heavy_packages_are_imported_late(module):
    early = [
        f"{MODULES[module].relative_to(ROOT)}:{statement.line} imports {statement.module}"
        for statement in imports_of(module)
        if statement.module.partition(".")[0] in LATE | {"scikeras"}
        if not statement.late and not statement.typing_only
        if module != ONLY_HOME_OF_SCIKERAS
    ]
    assert not early, "import inside the function that needs it:\n" + "\n".join(early)


@pytest.mark.parametrize("module", sorted(set(MODULES) - {ONLY_HOME_OF_SCIKERAS}))
def test_one_module_knows_scikeras(module):
    named = {statement.module.partition(".")[0] for statement in imports_of(module)}
    named |= {module_name.partition(".")[0] for module_name, _ in extras_of(module)}
    assert "scikeras" not in named, f"only {ONLY_HOME_OF_SCIKERAS} imports scikeras"


def extras_of(module: str) -> list[tuple[str, str]]:
    """Pairs of module and extra that ``import_extra`` is called with, where written out."""
    calls = [
        node
        for node in ast.walk(tree_of(MODULES[module]))
        if isinstance(node, ast.Call) and ast.unparse(node.func).endswith("import_extra")
    ]
    return [
        (call.args[0].value, argument(call, 1, "extra"))
        for call in calls
        if call.args and isinstance(call.args[0], ast.Constant)
    ]


def argument(call: ast.Call, place: int, keyword: str) -> str:
    values = [item.value for item in call.keywords if item.arg == keyword]
    values += call.args[place : place + 1]
    return ast.literal_eval(values[0])


@pytest.mark.parametrize("module", sorted(MODULES))
def test_extras_that_errors_name_exist(module):
    with (ROOT / "pyproject.toml").open("rb") as file:
        known = tomllib.load(file)["project"]["optional-dependencies"]
    assert {extra for _, extra in extras_of(module)} <= set(known)


@pytest.mark.parametrize("module", sorted(MODULES))
def test_files_stay_readable(module):
    lines = MODULES[module].read_text(encoding="utf-8").count("\n")
    assert lines <= LINES_OF_A_FILE, f"{MODULES[module].relative_to(ROOT)} has {lines} lines"


@pytest.mark.parametrize("module", sorted(MODULES))
def test_functions_stay_small(module):
    functions = (ast.FunctionDef, ast.AsyncFunctionDef)
    nodes = [node for node in ast.walk(tree_of(MODULES[module])) if isinstance(node, functions)]
    long = {node.name: size for node in nodes if (size := lines_of(node)) > LINES_OF_A_FUNCTION}
    assert not long, f"{MODULES[module].relative_to(ROOT)}: {long}"


def lines_of(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """Lines of the body without its docstring."""
    body = function.body[1:] if ast.get_docstring(function) else function.body
    return function.end_lineno - body[0].lineno + 1 if body else 0


class TestTheRulesThemselves:
    """The reader of imports must see what it is there to forbid."""

    def test_functions_make_an_import_late(self):
        source = "import keras\ndef f():\n    import torch\n"
        found = {item.module: item.late for item in walk_imports(ast.parse(source))}
        assert found == {"keras": False, "torch": True}

    def test_type_checking_is_seen(self):
        source = "if TYPE_CHECKING:\n    from matplotlib.axes import Axes\n"
        (found,) = walk_imports(ast.parse(source))
        assert (found.module, found.typing_only) == ("matplotlib.axes", True)

    @pytest.mark.parametrize(
        ("module", "line"),
        [("audio._io", 10), ("audio._clips", 9), ("augmentation._classifier", 4), ("base", 8)],
    )
    def test_the_longest_name_decides_the_line(self, module, line):
        assert line_of(module) == line

    @pytest.mark.parametrize("module", ["based", "audio", "audio._new", "unheard_of"])
    def test_what_is_not_named_has_no_line(self, module):
        assert line_of(module) is None

    def test_up_sideways_and_root_are_refused(self, monkeypatch):
        for name in ("base", "features._engine", "datasets._base", "cli", "audio._clips"):
            monkeypatch.setitem(MODULES, name, Path(f"{name}.py"))
        assert complaint("base", "cli") == "imports cli: that is up"
        assert "one line" in complaint("features._engine", "datasets._base")
        assert "root" in complaint("base", "")
        assert complaint("features._engine", "base") is None
        assert complaint("features._engine", "audio._clips") is None
