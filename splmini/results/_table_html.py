"""Rows as an HTML table, in the way of Splunk's statistics tab; no larger than a page may get."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from html import escape
from itertools import islice
from typing import TYPE_CHECKING, Any

from splmini.results._text import cell
from splmini.results._values_html import cut, readable, sparkline, stacked
from splmini.results._view import View, as_text, is_sparkline

if TYPE_CHECKING:
    from splmini.operators import Row

MAX_ROWS = 1000
"""Rows that a page holds; more are counted, not shown."""
MAX_PAGE = 150_000
"""And no more than about so many characters of HTML."""
WIDEST = 44
"""How many characters wide a column of long values is at least."""
SHORT = 24
MEASURED = 100
"""Rows that tell how wide a column has to be."""

SORTS = "splmini-t"
"""The class of tables that sort and turn pages, where scripts run."""

LEFT = "text-align:left;vertical-align:top"
RIGHT = "text-align:right;vertical-align:top"
TABLE = "border-collapse:collapse;table-layout:auto;width:auto;margin:0;font-size:13px"
SCROLL = "overflow:auto;max-height:600px;max-width:100%;width:fit-content;border:1px solid rgba(128,128,128,0.3)"


def table(fields: list[str], rows: list[Row], view: View, most: int = MAX_PAGE) -> tuple[str, int]:
    """Return rows as a table whose columns sort at a click, and how many of the rows it shows."""
    numeric = {name for name in fields if is_numeric_column(name, rows)}
    made = list(fitting((_row(fields, row, view, numeric) for row in islice(rows, MAX_ROWS)), most))
    head = "".join(_head(name, name in numeric, rows[:MEASURED]) for name in fields)
    empty = "" if rows else "<div class='splmini-none'>No results found.</div>"
    text = (
        f"<div class='splmini-scroll' style='{SCROLL}'><table class='{SORTS}' style='{TABLE}'>"
        f"<thead><tr>{head}</tr></thead><tbody>{''.join(made)}</tbody></table></div>{empty}"
    )
    return text, len(made)


def html_table(heads: Sequence[str], rows: Iterable[Sequence[str]], right: frozenset[int] = frozenset()) -> str:
    """Return cells that are HTML as a table; the columns `right` stand right, as numbers do."""

    def cells(tag: str, row: Sequence[str]) -> str:
        return "".join(
            f"<{tag} style='{RIGHT if at in right else LEFT};padding:3px 10px'>{content}</{tag}>"
            for at, content in enumerate(row)
        )

    body = "".join(f"<tr>{cells('td', row)}</tr>" for row in rows)
    head = f"<thead><tr>{cells('th', heads)}</tr></thead>" if heads else ""
    return f"<table style='{TABLE}'>{head}<tbody>{body}</tbody></table>"


def fitting(parts: Iterable[str], most: int) -> Iterator[str]:
    """Yield texts until they are too many for a page; the first one always."""
    size = 0
    for part in parts:
        size += len(part)
        if size > most and size > len(part):
            return
        yield part


def _row(fields: list[str], row: Row, view: View, numeric: set[str]) -> str:
    return f"<tr>{''.join(_cell(name, row.get(name), view, name in numeric) for name in fields)}</tr>"


def _head(name: str, numeric: bool, rows: list[Row]) -> str:
    """A head as wide as its words, or as long values want: their columns may break them."""
    longest = 0 if numeric else max((len(line) for row in rows for line in cell(row.get(name)).split("\n")), default=0)
    side = RIGHT if numeric else LEFT
    return (
        f"<th tabindex='0' style='{side};white-space:nowrap;min-width:{min(longest, WIDEST) * 7}px'>"
        f"{escape(cut(name, 200))}</th>"
    )


def is_numeric_column(name: str, rows: list[Row]) -> bool:
    """Say whether a column holds numbers (as numbers or text) and nothing else."""
    from splmini.values.numbers import is_numeric

    if name == "_time":
        return False
    values = [row[name] for row in rows if name in row]
    return bool(values) and all(
        isinstance(value, (int, float)) or (value.__class__ is str and is_numeric(value)) for value in values
    )


def _cell(name: str, value: Any, view: View, numeric: bool) -> str:
    if value is None:
        return "<td></td>"
    if numeric:
        exact, text = as_text(value), readable(value)
        more = f" title='{escape(exact)}' data-s='{escape(exact)}'" if exact != text else ""
        return f"<td style='{RIGHT}'{more}>{escape(text)}</td>"
    if name == "_time" and view.moment(value) is not None:
        return (
            f"<td style='{LEFT};white-space:nowrap' data-s='{escape(as_text(value))}'>{escape(view.time(value))}</td>"
        )
    if is_sparkline(value):
        return f"<td style='{LEFT}'>{sparkline(value)}</td>"
    return f"<td style='{LEFT};{_breaking(value)}'>{stacked(value)}</td>"


def _breaking(value: Any) -> str:
    """Where a value may be broken: a short one nowhere, a long word anywhere, the others between words."""
    lines = cell(value).split("\n")
    if all(len(line) <= SHORT for line in lines):
        return "white-space:nowrap"
    long = any(len(word) > WIDEST for line in lines for word in line.split())
    return "overflow-wrap:anywhere" if long else "overflow-wrap:normal"
