"""Rows as a text table."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import accumulate
from typing import TYPE_CHECKING, Any
from unicodedata import combining, east_asian_width

from splmini.results._view import as_text, is_sparkline, points
from splmini.values.texts import printable

if TYPE_CHECKING:
    from splmini.operators import Row

BARS = "▁▂▃▄▅▆▇█"


def cell(value: Any) -> str:
    """Return a field's value as text, the values of a multivalue field one a line."""
    if value is None:
        return ""
    return "\n".join(map(as_text, value)) if isinstance(value, list) else as_text(value)


def bars(value: list[Any]) -> str:
    """Return a sparkline as a row of bars.

    >>> bars(["##__SPARKLINE__##", 0, 1, 2])
    '▁▅█'
    """
    numbers = points(value)
    low, high = min(0.0, *numbers) if numbers else 0.0, max(numbers, default=0.0)
    if high <= low:
        return BARS[0] * len(numbers)
    return "".join(BARS[int((number - low) / (high - low) * (len(BARS) - 1) + 0.5)] for number in numbers)


def table_lines(fields: list[str], rows: list[Row], width: int) -> Iterator[str]:
    """Yield the lines of a table: heads, a rule, rows; numbers stand right."""
    cells = cells_of(fields, rows, width)
    heads = [cut(printable(name), width) for name in fields]
    return lines_of(heads, cells, widths_of(heads, cells), numeric_columns(fields, rows))


def cells_of(fields: Sequence[str], rows: list[Row], width: int) -> list[list[list[str]]]:
    """Return the lines of each cell, none longer than the width (0: no limit)."""
    return [[_printable(row.get(name), width) for name in fields] for row in rows]


def widths_of(heads: list[str], cells: list[list[list[str]]]) -> list[int]:
    """Return how wide each column has to be."""
    return [
        max([columns_of(head), *(columns_of(line) for row in cells for line in row[at])])
        for at, head in enumerate(heads)
    ]


def numeric_columns(fields: Sequence[str], rows: list[Row]) -> list[bool]:
    """Say of each column whether it holds nothing but numbers, which stand right."""
    return [bool(rows) and all(_is_number(row.get(name)) for row in rows) for name in fields]


def lines_of(heads: list[str], cells: list[list[list[str]]], widths: Sequence[int], right: list[bool]) -> Iterator[str]:
    """Yield the lines of a table from its cells."""
    yield _line(heads, widths, right)
    yield "  ".join("-" * each for each in widths)
    for row in cells:
        for index in range(max(map(len, row), default=1)):
            yield _line([lines[index] if index < len(lines) else "" for lines in row], widths, right)


def _line(cells: list[str], widths: Sequence[int], right: list[bool]) -> str:
    parts = (
        _pad(cell, width) + cell if to_right else cell + _pad(cell, width)
        for cell, width, to_right in zip(cells, widths, right, strict=True)
    )
    return "  ".join(parts).rstrip()


def _is_number(value: Any) -> bool:
    return value is None or isinstance(value, (int, float))


def _printable(value: Any, width: int) -> list[str]:
    """The lines of a cell; control characters are shown, never sent to a terminal."""
    if is_sparkline(value):
        return [bars(value)]
    return [cut(printable(line), width) for line in cell(value).split("\n")]


def columns_of(text: str) -> int:
    """Return how many columns of a terminal a text takes: two for a wide character, none for a mark on another.

    >>> columns_of("abc"), columns_of("\u65e5\u672c"), columns_of("e\u0301")
    (3, 4, 1)
    """
    return len(text) if text.isascii() else sum(map(_columns, text))


def _columns(character: str) -> int:
    return 0 if combining(character) else 2 if east_asian_width(character) in "WF" else 1


def _pad(text: str, width: int) -> str:
    return " " * (width - columns_of(text))


def cut(text: str, width: int) -> str:
    """Return a text, or the start of one that is wider than the width (0: no limit)."""
    if not width or columns_of(text) <= width:
        return text
    if text.isascii():
        return text[: width - 1] + "…"
    ends = accumulate(map(_columns, text))
    return text[: sum(end < width for end in ends)] + "…"
