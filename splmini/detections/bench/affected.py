"""Which tests a saved file touches: those that read it, and those whose detection calls the macro or lookup in it."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from splmini.detections.bench.files import is_definition
from splmini.documents import load_data
from splmini.errors import SplError
from splmini.language import tree
from splmini.registry import find_command

if TYPE_CHECKING:
    from splmini.detections.bench.runner import FileReport

EVERYTHING = "*"
"""Stands among the names that a search uses where it does not compile: any definition could mend it."""


def uses(search: str, env: Any) -> set[str]:
    """Return the names of the macros that a search calls, and of the lookups that it reads as `lookup NAME`."""
    try:
        compiled = env.compile(search)
    except SplError:
        return {EVERYTHING}
    layers = (layer for segment in compiled.source.segments for layer in segment.layer.chain())
    names = {layer.macro for layer in layers if layer.macro is not None}
    for node in tree.walk(compiled.tree):
        spec = find_command(node.name) if isinstance(node, tree.Command) else None
        if isinstance(node, tree.Command) and spec is not None and "lookup" in spec.names:
            names.update(f"lookup {arg.text}" for arg in node.args if isinstance(arg, tree.Word))
    return names


def touches(report: FileReport, changed: Iterable[Path]) -> bool:
    """Say whether a change of files could change the verdicts of a report."""
    inputs = {path.resolve() for path in report.inputs}
    return any(path.resolve() in inputs or (is_definition(path) and _defines(path, report.uses)) for path in changed)


def _defines(path: Path, names: set[str]) -> bool:
    if EVERYTHING in names or path.suffix == ".conf":
        return True
    if "lookups" in path.parts[:-1]:
        return any(name.startswith("lookup ") for name in names)
    return bool({path.stem, *_names_in(path)} & names)


def _names_in(path: Path) -> set[str]:
    """The name of the macro in a file, without its arity; none where the file is gone or no YAML yet."""
    try:
        data = load_data(path.read_text("utf-8-sig"), str(path))
    except (SplError, OSError, UnicodeDecodeError):
        return set()
    name = data.get("name") if isinstance(data, dict) else None
    return {name.partition("(")[0].strip()} if isinstance(name, str) else set()
