"""What commands declare is all that the rest of the package knows of them."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from splmini import registry

PACKAGE = Path(__file__).resolve().parent.parent / "splmini"
NAMES = registry.command_names()
MODULES = sorted(path for path in PACKAGE.rglob("*.py") if path.relative_to(PACKAGE).parts[0] != "commands")
NAMELESS = ("plan", "engine", "results", "compiled.py", "completion.py", "detections/lint")
"""Where no command is named at all; elsewhere only the language's own `search` command may be."""
HOLDERS = ("operator", "op", "command", "first", "before", "stage.command")
"""What is called a command or an operator in the code: its `name` is that of a command."""
DIALECTS = frozenset(
    {"search", "eval", "expressions", "aggregation", "arguments", "lookup", "datamodel", "function", "where", "from"}
    | {"fields"}
)


def texts(nodes: list[ast.expr | None]) -> list[str]:
    """Return the string constants among expressions."""
    return [node.value for node in nodes if isinstance(node, ast.Constant) and isinstance(node.value, str)]


def collections(tree: ast.AST) -> Iterator[tuple[int, list[str]]]:
    """Yield (line, names of commands) of every set, tuple, list and dict that holds two of them or more."""
    for node in ast.walk(tree):
        items: list[ast.expr | None] = []
        if isinstance(node, (ast.Set, ast.Tuple, ast.List)):
            items = list(node.elts)
        elif isinstance(node, ast.Dict):
            items = list(node.keys)
        found = [text for text in texts(items) if text in NAMES]
        if len(found) > 1 and len(found) * 2 > len(items) and not set(found) <= DIALECTS:
            yield node.lineno, found


def named_commands(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """Yield (line, name) where the name of an operator or a command is compared with one."""
    for node in ast.walk(tree):
        if not isinstance(node, ast.Compare):
            continue
        sides = [node.left, *node.comparators]
        if any(ast.unparse(side) in {f"{holder}.name" for holder in HOLDERS} for side in sides):
            inner = [each for side in sides for each in ast.walk(side) if isinstance(each, ast.expr)]
            yield from ((node.lineno, text) for text in texts(list(inner)) if text in NAMES)


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_no_list_of_commands(path: Path) -> None:
    """No set, tuple, list or dict of names of commands stands outside `commands/`."""
    found = {line: names for line, names in collections(ast.parse(path.read_text("utf-8"))) if names != EXAMPLE}
    assert not found, f"what a command does is declared in its module (registry.CommandSpec): {found}"


EXAMPLE = ["search", "stats", "sort"]
"""What the example of the eval function commands() gives."""


@pytest.mark.parametrize("folder", NAMELESS)
def test_no_command_is_named(folder: str) -> None:
    """Optimiser, engine, results, completion and linter compare no operator's name with that of a command."""
    place = PACKAGE / folder
    for path in sorted(place.rglob("*.py")) if place.is_dir() else [place]:
        assert not list(named_commands(ast.parse(path.read_text("utf-8")))), path


def test_lists_are_seen() -> None:
    """The two searches above find what they are for."""
    assert list(collections(ast.parse('X = frozenset({"stats", "chart"})'))) == [(1, ["stats", "chart"])]
    assert list(named_commands(ast.parse('if op.name in ("stats",) or op.name == "sort": pass'))) == [
        (1, "stats"),
        (1, "sort"),
    ]
