"""What was expected beside what came out: rows, findings and risk events compared, their differences in words."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from splmini.errors import KnowledgeError
from splmini.values.multivalue import as_list
from splmini.values.numbers import to_number, to_text
from splmini.values.texts import shortened

MOST_SHOWN = 10
"""Unexpected rows that are shown one by one."""


def read_rows(path: Path) -> list[dict[str, Any]]:
    """Read expected rows: Splunk's CSV export, its JSON exports (`results`, lines with `result`), or a JSON list.

    Raises:
        KnowledgeError: where the file holds no rows.
    """
    try:
        text = path.read_text("utf-8-sig")
        if path.suffix.lower() == ".csv":
            return list(map(_csv_row, csv.DictReader(io.StringIO(text))))
        return _json_rows(text, path)
    except (OSError, ValueError, csv.Error, RecursionError) as error:
        raise KnowledgeError(f"The expected rows cannot be read: {error}.", path=str(path)) from None


def _csv_row(row: Mapping[str, Any]) -> dict[str, Any]:
    """A row of an export: an empty cell is an absent field; `__mv_f` holds the values of a multivalue field f."""
    made: dict[str, Any] = {}
    for name, value in row.items():
        if name is None or value in ("", None):
            continue
        if name.startswith("__mv_"):
            made[name[5:]] = [part.replace("$$", "$") for part in value.strip("$").split("$;$")]
        else:
            made.setdefault(name, value)
    return made


def _json_rows(text: str, path: Path) -> list[dict[str, Any]]:
    try:
        data = json.loads(text)
    except ValueError:
        data = [json.loads(line) for line in text.splitlines() if line.strip()]
    rows = data.get("results", [data]) if isinstance(data, dict) else data
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise KnowledgeError("The expected rows have to be a list of objects.", path=str(path))
    return [row["result"] if isinstance(row.get("result"), dict) else row for row in rows]


# ---- comparing -----------------------------------------------------------------------------------------------------


def same(expected: Any, actual: Any) -> bool:
    """Say whether two values are equal as results: numbers by value, a list of one as the value, null as absent."""
    if isinstance(expected, dict):
        return isinstance(actual, Mapping) and all(same(value, actual.get(name)) for name, value in expected.items())
    first, second = as_list(expected), as_list(actual)
    return len(first) == len(second) and all(map(_same_scalar, first, second))


def _same_scalar(expected: Any, actual: Any) -> bool:
    if isinstance(expected, dict):
        return same(expected, actual)
    if isinstance(expected, bool):
        expected = "true" if expected else "false"
    left, right = to_number(expected), to_number(actual)
    if left is not None and right is not None:
        return abs(left - right) <= 1e-6 * max(1.0, abs(left))
    return to_text(expected) == to_text(actual)


def differences(
    what: str, expected: list[dict[str, Any]], actual: list[dict[str, Any]], ordered: bool, fields: list[str] | None
) -> Iterator[str]:
    """Yield how rows differ from what was expected: missing ones with the nearest there is, then unexpected ones."""
    left = list(actual)
    missing: list[tuple[int, dict[str, Any]]] = []
    for index, row in enumerate(expected):
        wanted = {name: row.get(name) for name in fields} if fields else row
        pool = actual[index : index + 1] if ordered else left
        match = next((candidate for candidate in pool if same(wanted, candidate)), None)
        if match is None:
            missing.append((index, wanted))
        else:
            left = [candidate for candidate in left if candidate is not match]
    for index, wanted in missing:
        pool = actual[index : index + 1] if ordered else left
        yield f"{what} {index + 1} is missing: " + nearest(wanted, pool)
    unexpected = left[: max(len(actual) - len(expected), 0)]
    names = list(dict.fromkeys(name for row in expected for name in row))
    for row in unexpected[:MOST_SHOWN]:
        yield f"unexpected {what}: " + line({name: row.get(name) for name in names} if names else row)
    if len(unexpected) > MOST_SHOWN:
        yield f"and {len(unexpected) - MOST_SHOWN:,} more"


def line(row: Mapping[str, Any], width: int = 200) -> str:
    """Return a row in one line, shortened; absent fields are left out."""
    return shortened(" ".join(f"{name}={value!r}" for name, value in row.items() if value is not None), width)


def nearest(row: Mapping[str, Any], pool: list[dict[str, Any]]) -> str:
    """Say how the nearest row there is differs from the one expected; the expected one where none is near."""

    def agreeing(candidate: Mapping[str, Any]) -> int:
        return sum(same(value, candidate.get(name)) for name, value in row.items())

    best = max(pool, key=agreeing, default=None)
    if best is None or not agreeing(best):
        return line(row)
    parts = [
        f"{name} is {best.get(name)!r}, expected {value!r}"
        for name, value in row.items()
        if not same(value, best.get(name))
    ]
    return "the nearest row differs: " + "; ".join(parts)
