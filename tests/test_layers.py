"""Who may import whom: docs/architecture.md, checked."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

PACKAGE = Path(__file__).resolve().parent.parent / "splmini"
LAYERS = (
    ("errors", "boundary", "values", "resources", "caching", "limits", "budget", "documents", "writing", "options"),
    ("registry", "operators", "language"),
    ("compiler",),
    ("events", "results"),
    ("functions", "learning", "commands"),
    ("plan", "engine"),
    ("knowledge",),
    ("detections",),
    ("environment", "compiled", "completion", "_accessors", "frames", "__init__"),
    ("cli", "pytest_plugin", "notebook", "highlight", "__main__"),
)
RANK = {name: rank for rank, names in enumerate(LAYERS) for name in names}
FRONT_ENDS = LAYERS[-1]
EXCEPTIONS = {
    ("registry", "commands"): "the table of commands finds their modules by name",
    ("registry", "functions"): "and those of functions",
    ("detections", "__init__"): "a detection that is given no environment makes the default one",
    ("knowledge", "environment"): "an app is checked in an environment that holds it",
    ("pytest_plugin", "detections"): "what it collects are detections' files and cases",
    ("notebook", "highlight"): "the search of an error is shown in colours",
    ("cli", "highlight"): "and what is typed in the shell",
    ("cli", "values"): "control characters are shown in one way everywhere",
    ("cli", "registry"): "the shell's :help shows what the registry says",
    ("cli", "notebook"): "a run is ended early in the shell as it is in a notebook",
    ("cli", "writing"): "files that it is asked for are written whole or not at all, as an environment's are",
    ("highlight", "registry"): "the lexer knows the commands and functions that there are",
    ("__init__", "notebook"): "IPython loads the magics by the package's name",
}
MODULES = sorted(PACKAGE.rglob("*.py"))


def layer_of(path: Path) -> str:
    """Return the name of the part of the package that a file belongs to."""
    first = path.relative_to(PACKAGE).parts[0]
    return first.removesuffix(".py")


def is_type_checking(node: ast.AST) -> bool:
    """Say whether a node is `if TYPE_CHECKING:`."""
    return isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING"


def imports(tree: ast.AST) -> Iterator[tuple[str, int]]:
    """Yield (part of the package, line) for every import that runs, in functions too."""
    for node in ast.iter_child_nodes(tree):
        if is_type_checking(node):
            continue
        if isinstance(node, ast.ImportFrom) and node.module and node.module.split(".")[0] == "splmini":
            parts = node.module.split(".")
            names = [parts[1]] if len(parts) > 1 else [alias.name for alias in node.names]
            yield from ((name if name in RANK else "__init__", node.lineno) for name in names)
        elif isinstance(node, ast.Import):
            for alias in node.names:
                parts = alias.name.split(".")
                if parts[0] == "splmini":
                    yield (parts[1] if len(parts) > 1 else "__init__"), node.lineno
        yield from imports(node)


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_imports_point_left(path: Path) -> None:
    """A module imports only what stands to its left, and a front end only the public API and itself."""
    own = layer_of(path)
    if "__init__" in own and path.parent != PACKAGE:
        own = path.parent.name
    assert own in RANK, f"{own} has no place among the layers: add it to docs/architecture.md and here"
    for name, line in imports(ast.parse(path.read_text("utf-8"))):
        if (own, name) in EXCEPTIONS or name == own:
            continue
        if own in FRONT_ENDS:
            assert name == "__init__" or (own == "__main__" and name == "cli"), (
                f"line {line}: a front end uses only the public API"
            )
        elif own == "__init__":
            assert name not in FRONT_ENDS, f"line {line}: the package may not import its front ends"
        else:
            assert RANK[name] <= RANK[own], f"line {line}: {own} may not import {name}"


def test_every_exception_is_needed() -> None:
    """An exception that no module uses any more is removed from the list."""
    used = {(layer_of(path), name) for path in MODULES for name, _ in imports(ast.parse(path.read_text("utf-8")))}
    assert ("registry", "commands") in used
