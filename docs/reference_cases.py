"""What the tests pin, for the pages of the reference: the cases of tests/cases that use a command or function."""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml
from reference_text import cell, code, table

CASES = Path(__file__).resolve().parent.parent / "tests" / "cases"
LONG = 160
"""Characters of a search or of rows that a table shows."""


@functools.cache
def cases(path: Path) -> tuple[dict[str, Any], ...]:
    """Return the cases of a file."""
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    return tuple(yaml.load(path.read_text("utf-8"), loader) or ())


def command_cases(name: str) -> str:
    """Return the cases of a command's own file as a section of its page; empty where it has none."""
    path = CASES / "commands" / f"{name}.yaml"
    found = cases(path) if path.is_file() else ()
    return _section(found, f"tests/cases/commands/{name}.yaml")


def function_cases(kind: str, names: list[str], pattern: str | None = None) -> str:
    """Return the cases that call a function, by any of its names or a pattern of them, as a section of its page."""
    named = "|".join([*map(re.escape, names), *([pattern.strip("^$")] if pattern else [])])
    call = re.compile(rf"(?<![\w.])(?:{named})\s*\(", re.IGNORECASE)
    found = [
        case
        for path in sorted((CASES / kind).glob("*.yaml"))
        for case in cases(path)
        if call.search(str(case.get("expression") or case.get("spl") or ""))
    ]
    return _section(found, f"tests/cases/{kind}/")


def _section(found: Any, where: str) -> str:
    rows = [[cell(case["name"]), search(case), outcome(case)] for case in found]
    if not rows:
        return ""
    said = f"Each is a case of `{where}`, with its events, and runs in every way that a search can run."
    return "\n".join(["## What the tests pin", "", said, "", table(["rule", "search", "outcome"], rows), ""])


def search(case: dict[str, Any]) -> str:
    """Return the search or expression of a case, for a table."""
    return code(_cut(" ".join(str(case.get("expression") or case.get("spl") or "").split())))


def _cut(text: str) -> str:
    return text if len(text) <= LONG else text[: LONG - 1] + "…"


def outcome(case: dict[str, Any]) -> str:
    """Return what comes out of a case, for a table."""
    if "error" in case:
        error = case["error"]
        return ": ".join(filter(None, [error.get("type", "error"), cell(_cut(error.get("message") or "…"))]))
    if "value" in case:
        return "null" if case["value"] is None else cell(case["value"])
    if "rows" not in case:
        return f"{case['count']} rows" if "count" in case else "see the case"
    rows = [", ".join(_fields(row)) for row in case["rows"]]
    if not rows:
        return "no rows"
    shown = rows[:4] + (["…"] if len(rows) > 4 else [])
    return "<br>".join(cell(_cut(row)) or "(nothing)" for row in shown)


def _fields(row: dict[str, Any]) -> Iterator[str]:
    for name, value in row.items():
        yield f"no {name}" if value is None else f"{name} = {_plain(value)}"


def _plain(value: Any) -> str:
    return " / ".join(map(_plain, value)) if isinstance(value, list) else str(value)
