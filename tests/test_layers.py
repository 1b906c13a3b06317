"""Who may import whom: docs/architecture.md, checked."""

from __future__ import annotations

import ast
import re
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path

import pytest

PACKAGE = Path(__file__).resolve().parent.parent / "splmini"
LAYERS = (
    (
        *("errors", "boundary", "values", "resources", "caching", "remembering"),
        *("limits", "budget", "documents", "writing", "options", "interrupting"),
    ),
    ("registry", "operators", "context"),
    ("language",),
    ("compiler",),
    ("events", "results"),
    ("functions", "learning", "commands"),
    ("plan", "engine"),
    ("knowledge",),
    ("detections",),
    ("environment", "serving", "compiled", "completion", "_accessors", "frames", "__init__"),
    ("cli", "pytest_plugin", "notebook", "highlight", "__main__"),
)
RANK = {name: rank for rank, names in enumerate(LAYERS) for name in names}
FRONT_ENDS = LAYERS[-1]
EXCEPTIONS = {
    ("registry", "commands"): "the table of commands finds their modules by name",
    ("registry", "functions"): "and those of functions",
    ("notebook", "frames"): "the magics search data frames, whose accessors that module registers",
    ("detections", "__init__"): "a detection that is given no environment makes the default one",
    ("knowledge", "environment"): "an app is checked in an environment that holds it",
    ("notebook", "highlight"): "the search of an error is shown in colours",
    ("cli", "highlight"): "and what is typed in the shell",
    ("cli", "values"): "control characters are shown in one way everywhere",
    ("cli", "registry"): "the shell's :help shows what the registry says",
    ("cli", "interrupting"): "Ctrl-C ends a run of the command line",
    ("notebook", "interrupting"): "and one of a notebook",
    ("cli", "writing"): "files that it is asked for are written whole or not at all, as an environment's are",
    ("highlight", "registry"): "the lexer knows the commands and functions that there are",
    ("__init__", "notebook"): "IPython loads the magics by the package's name",
}
SHARED = {
    "splmini.commands._declared": "the table of commands holds those that have no module of their own",
    "splmini.events._framing": "in events/ an underscore marks what is no reader; settings of an app make one",
    "splmini.events._reader": "the same: blocks, reports and settings of reading",
    "splmini.events._times": "the same: how a time is recognised in text",
}
"""Private modules that other folders import, and why they are not named otherwise."""
BACK = {
    ("language.tree", "language.printer"): "a node's str() is the text that the printer makes of it",
    ("events._reader", "events"): "the table of readers finds their modules by name",
    ("events.recognise", "events.json_text"): "which kind of JSON a text is, its reader can tell",
    ("events.recognise", "events.windows"): "the same of Windows' XML",
    ("events.recognise", "events.windows_json"): "the same of Windows' JSON",
    ("learning", "learning.additive"): "the table of algorithms finds them by the family's module",
    ("learning", "learning.density"): "the same",
    ("learning", "learning.estimators"): "the same",
    ("learning", "learning.features"): "the same",
    ("learning", "learning.kernels"): "the same",
    ("learning.models", "learning.additive"): "a stored model is restored by the module of its kind",
    ("learning.models", "learning.features"): "the same",
    ("learning.models", "learning.kernels"): "the same",
    ("results", "results._html"): "Results' own renderings are loaded when they are asked for",
    ("results", "results._plot"): "the same",
    ("knowledge.datamodels.reading", "knowledge.datamodels.datasets"): "a dataset may be made from another dataset",
    ("knowledge.indexing.ingest", "knowledge.apps"): "what apps say of files pickles as the apps",
    ("commands.aggregation.groups", "commands.aggregation.prestats"): "what prestats=t gives is groups again",
    ("detections.explain.explanation", "detections.explain.tstats"): "a search that begins with tstats, in its own way",
    ("detections.backtest.history", "detections.backtest.bounds"): "a backtest's own methods, loaded when asked for",
    ("detections.backtest.history", "detections.backtest.report"): "the same",
    ("detections.detection", "detections.escu"): "a detection's own methods, loaded when they are asked for",
    ("detections.detection", "detections.bench.tests"): "the same",
}
"""Imports that close a circle of modules, each of them within a function, and why it does."""
MODULE_NAME = re.compile(r"splmini(\.\w+)+\.?")
MODULES = sorted(PACKAGE.rglob("*.py"))


def layer_of(path: Path) -> str:
    """Return the name of the part of the package that a file belongs to."""
    first = path.relative_to(PACKAGE).parts[0]
    return first.removesuffix(".py")


def is_type_checking(node: ast.AST) -> bool:
    """Say whether a node is `if TYPE_CHECKING:`."""
    return isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING"


def modules_named(tree: ast.AST) -> Iterator[tuple[str, int]]:
    """Yield (dotted name, line) of every module of the package that a file imports, in functions and by text too.

    A module that is imported by its name (`import_module`, a table of names) stands as text: every text that is the
    name of a module, or begins an f-string so, counts as an import of it.
    """
    for node in ast.iter_child_nodes(tree):
        if is_type_checking(node):
            continue
        if isinstance(node, ast.ImportFrom):
            assert not node.level, f"line {node.lineno}: imports are absolute"
            if node.module and node.module.split(".")[0] == "splmini":
                yield from ((f"{node.module}.{alias.name}", node.lineno) for alias in node.names)
        elif isinstance(node, ast.Import):
            yield from ((alias.name, node.lineno) for alias in node.names if alias.name.split(".")[0] == "splmini")
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            name = node.value.rstrip(".")
            if MODULE_NAME.fullmatch(node.value) and is_module(name):
                yield name, node.lineno
        yield from modules_named(node)


def is_module(name: str) -> bool:
    """Say whether a dotted name is that of a module or a folder of the package."""
    path = PACKAGE.joinpath(*name.split(".")[1:])
    return path.is_dir() or path.with_suffix(".py").is_file()


def imports(path: Path) -> Iterator[tuple[str, int]]:
    """Yield (part of the package, line) for every import of a file."""
    for name, line in modules_named(ast.parse(path.read_text("utf-8"))):
        part = name.split(".")[1] if "." in name else "__init__"
        yield (part if part in RANK else "__init__"), line


def objection(own: str, name: str) -> str | None:
    """Say why one part of the package may not import another; None where it may."""
    if name == own:
        return None
    if own in FRONT_ENDS:
        allowed = name == "__init__" or (own == "__main__" and name == "cli")
        return None if allowed else "a front end uses only the public API"
    if own == "__init__":
        return "the package may not import its front ends" if name in FRONT_ENDS else None
    return None if RANK[name] <= RANK[own] else f"{own} may not import {name}"


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_imports_point_left(path: Path) -> None:
    """A module imports only what stands to its left, and a front end only the public API and itself."""
    own = layer_of(path)
    assert own in RANK, f"{own} has no place among the layers: add it to docs/architecture.md and here"
    for name, line in imports(path):
        if (own, name) not in EXCEPTIONS:
            told = objection(own, name)
            assert told is None, f"line {line}: {told}"


def test_every_exception_is_needed() -> None:
    """An exception that no module uses, or that the layers allow by themselves, is removed from the list."""
    used = {(layer_of(path), name) for path in MODULES for name, _ in imports(path)}
    idle = [pair for pair in EXCEPTIONS if pair not in used or objection(*pair) is None]
    assert not idle


def name_of(path: Path) -> str:
    """Return the dotted name of a module below the package."""
    parts = path.relative_to(PACKAGE).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imported(path: Path, known: Collection[str]) -> set[str]:
    """Return the modules that a file imports, but for exceptions of the layers; a name in one stands for it."""
    found = set()
    for name, _ in modules_named(ast.parse(path.read_text("utf-8"))):
        name = name.partition(".")[2]
        while name not in known:
            name = name.rpartition(".")[0]
        if (layer_of(path), name.partition(".")[0] or "__init__") not in EXCEPTIONS:
            found.add(name)
    return found - {name_of(path)}


def circle(graph: Mapping[str, set[str]]) -> list[str]:
    """Return modules that are left once those that nothing, or nothing in a circle, imports or needs are taken out."""
    left = set(graph)
    while idle := {name for name in left if not graph[name] & left or not any(name in graph[other] for other in left)}:
        left -= idle
    return sorted(left)


GRAPH = {name_of(path): imported(path, {name_of(each) for each in MODULES}) for path in MODULES}


def test_there_are_no_circles() -> None:
    """No module imports itself by way of others, in functions and by name included, but for the imports of BACK."""
    straight = {name: {other for other in others if (name, other) not in BACK} for name, others in GRAPH.items()}
    assert circle(straight) == []


@pytest.mark.parametrize("pair", BACK, ids="-".join)
def test_every_way_back_is_needed(pair: tuple[str, str]) -> None:
    """An import that closes no circle any more is removed from the list."""
    others = {name: {each for each in found if (name, each) not in BACK} for name, found in GRAPH.items()}
    others[pair[0]].add(pair[1])
    assert pair[1] in GRAPH[pair[0]]
    assert circle(others), "without it there is no circle"


def test_a_circle_is_found() -> None:
    """A circle is told apart from those who lead to it and those that it leads to."""
    assert circle({"a": {"b"}, "b": {"c"}, "c": {"b", "d"}, "d": set()}) == ["b", "c"]


def private_modules(path: Path) -> Iterator[tuple[str, int]]:
    """Yield (dotted name, line) of the private modules of other folders that a file imports."""
    for name, line in modules_named(ast.parse(path.read_text("utf-8"))):
        parts = name.split(".")
        for at in range(1, len(parts)):
            folder = PACKAGE.joinpath(*parts[1:at])
            private = parts[at].startswith("_") and not parts[at].startswith("__")
            if private and is_module(".".join(parts[: at + 1])) and folder not in path.parents:
                yield ".".join(parts[: at + 1]), line


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_private_modules_stay_in_their_folder(path: Path) -> None:
    """A module whose name begins with an underscore is imported only from within its folder."""
    for name, line in private_modules(path):
        assert name in SHARED, f"line {line}: {name} is private to its folder"


def test_every_shared_module_is_used() -> None:
    """A private module that no other folder uses any more is removed from the list."""
    assert {name for path in MODULES for name, _ in private_modules(path)} == set(SHARED)


def test_the_layer_test_sees_lazy_imports() -> None:
    """Imports within functions, by import_module and through f-strings are all seen."""
    text = (
        "def f(name):\n    from splmini.plan import build\n    import_module('splmini.engine')\n"
        "    import_module(f'splmini.commands.{name}')\n"
    )
    seen = [name for name, _ in modules_named(ast.parse(text))]
    assert seen == ["splmini.plan.build", "splmini.engine", "splmini.commands"]
