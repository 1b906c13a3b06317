"""What a case expects, what splmini gives and what Splunk answers, beside each other."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from splmini.detections.bench.expected import differences, same
from splmini.detections.verify.server import MARKER, Answer
from splmini.values.multivalue import as_list, from_list
from splmini.values.numbers import to_text
from splmini.values.texts import shortened

GIVEN_BY_THE_INDEX = frozenset(
    {
        MARKER,
        "date_hour",
        "date_mday",
        "date_minute",
        "date_month",
        "date_second",
        "date_wday",
        "date_year",
        "date_zone",
        "eventtype",
        "host",
        "index",
        "linecount",
        "punct",
        "source",
        "sourcetype",
        "splunk_server",
        "splunk_server_group",
        "tag",
        "tag::eventtype",
        "timeendpos",
        "timestamp",
        "timestartpos",
    }
)
"""Fields that every event of an index has there; they are compared where splmini gives them, too."""

MOST_SHOWN = 20
"""Cells that differ, and are shown."""

WIDTH = 36
"""Characters of a cell."""

Rows = list[dict[str, Any]]


def as_rows(answer: Answer) -> Rows:
    """Return the rows of an answer as splmini has them: `_time` in epoch seconds, which the REST API gives as text."""
    return [{name: _moment(value) if name == "_time" else value for name, value in row.items()} for row in answer.rows]


def _moment(value: Any) -> Any:
    try:
        moment = datetime.fromisoformat(value)
    except (TypeError, ValueError):
        return value
    return value if moment.tzinfo is None else moment.timestamp()


def compared_names(rows: Rows, more: Rows, unstable: frozenset[str]) -> list[str]:
    """Return the fields that are compared: those of either side, but internal ones, those that depend on the clock, and
    those that an index alone gives.

    `_time` is compared where both have it.
    """
    own = dict.fromkeys(name for row in rows for name in row)
    names = own | dict.fromkeys(name for row in more for name in row if name not in GIVEN_BY_THE_INDEX)
    names = {name: None for name in names if not name.startswith("_")}
    if any("_time" in row for row in rows) and any("_time" in row for row in more):
        names["_time"] = None
    return [name for name in names if name not in unstable]


def own_differences(own: Rows, there: Rows, names: list[str], ordered: bool) -> Iterator[str]:
    """Yield how what splmini gives differs from what Splunk answers."""
    if len(own) != len(there):
        yield f"splmini gives {len(own)} rows, Splunk {len(there)}"
    given = [{name: row.get(name) for name in names} for row in own]
    yield from differences("row of splmini's", given, there, ordered, names)
    for index, (row, other) in enumerate(zip(_aligned(given, there, names, ordered), there, strict=False), 1):
        for name in names:
            if row is not None and _written_otherwise(row.get(name), other.get(name)):
                yield f"row {index}: {name} is the text {row[name]!r}, Splunk's is {other[name]!r}"


def _written_otherwise(own: Any, there: Any) -> bool:
    """Say whether a text of splmini's is another one than Splunk's, though both read as the same number."""
    return isinstance(own, str) and isinstance(there, str) and own != there and same(own, there)


def equal_rows(left: Rows, right: Rows, unstable: frozenset[str] = frozenset(), ordered: bool = True) -> bool:
    """Say whether two runs of splmini gave the same rows, all fields but the unstable ones."""
    names = list(dict.fromkeys(name for row in (*left, *right) for name in row if name not in unstable))
    return len(left) == len(right) and not list(
        differences("row", [{name: row.get(name) for name in names} for row in left], right, ordered, names)
    )


def unstable_names(once: Rows, again: Rows) -> frozenset[str]:
    """Return the fields that differ between two runs at different times."""
    return frozenset(
        name
        for row, other in zip(once, again, strict=True)
        for name in {*row, *other}
        if not same(row.get(name), other.get(name))
    )


def side_by_side(columns: Mapping[str, Rows | None], names: Sequence[str], ordered: bool) -> str:
    """Return the cells that differ as a table: a column for each side that is there; the last one is Splunk's.

    >>> print(side_by_side({"splmini": [{"a": 1}], "Splunk": [{"a": "2"}]}, ["a"], True))
    row  field  splmini  Splunk
    1    a      1        2
    """
    sides = {title: rows for title, rows in columns.items() if rows is not None}
    *others, last = sides
    aligned = {title: _aligned(sides[title], sides[last], names, ordered) for title in others}
    aligned[last] = list(sides[last])
    table = [["row", "field", *aligned]]
    for index in range(max(map(len, aligned.values()))):
        rows = [side[index] if index < len(side) else None for side in aligned.values()]
        for name in _differing(rows, names):
            table.append([str(index + 1), name, *(_cell(row, name) for row in rows)])
    left = len(table) - 1 - MOST_SHOWN
    lines = _laid_out(table[: MOST_SHOWN + 1])
    return "\n".join([*lines, *([f"and {left:,} more cells"] if left > 0 else [])])


def _aligned(rows: Rows, model: Rows, names: Sequence[str], ordered: bool) -> list[dict[str, Any] | None]:
    """Rows in the places of those of Splunk that they agree with most, where the order does not count."""
    if ordered:
        return list(rows)
    left, placed = list(rows), []
    for target in model:
        best = max(left, key=lambda row: sum(same(row.get(name), target.get(name)) for name in names), default=None)
        placed.append(best)
        left = [row for row in left if row is not best]
    return [*placed, *left]


def _differing(rows: Sequence[dict[str, Any] | None], names: Sequence[str]) -> list[str]:
    if any(row is None for row in rows):
        return [name for name in names if any(row and row.get(name) is not None for row in rows)] or list(names[:1])
    first, *others = rows
    assert first is not None
    return [name for name in names if any(row is None or not same(first.get(name), row.get(name)) for row in others)]


def _cell(row: dict[str, Any] | None, name: str) -> str:
    if row is None:
        return "no row"
    value = row.get(name)
    if value is None:
        return "null"
    parts = [repr(each)[1:-1] if isinstance(each, str) else to_text(each) for each in as_list(value)]
    return shortened(from_list(parts) if len(parts) == 1 else f"[{' | '.join(parts)}]", WIDTH)


def _laid_out(table: list[list[str]]) -> list[str]:
    widths = [max(len(line[index]) for line in table) for index in range(len(table[0]))]
    return ["  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip() for line in table]
