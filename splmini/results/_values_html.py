"""Values of fields as HTML: escaped, long ones folded, JSON as a tree.

How things are laid out stands in the elements themselves: a notebook that is not trusted loses styles and scripts.
"""

from __future__ import annotations

from collections.abc import Iterator
from html import escape
from typing import Any

from splmini.results._structure import as_json
from splmini.results._text import bars
from splmini.results._view import as_text, points
from splmini.values.texts import printable

MAX_CELL = 5_000
MAX_VALUES = 100
FOLDED = 300
"""How much of a long value is shown before it is unfolded."""
MAX_NODES = 300
MAX_DEPTH = 12
OPEN_DEPTH = 2
"""How deep a tree is open at first."""


def stacked(value: Any) -> str:
    """Return a value as HTML, the values of a multivalue field one below the other."""
    if not isinstance(value, list):
        return one(as_text(value))
    lines = "<br>".join(one(as_text(each)) for each in value[:MAX_VALUES])
    left = len(value) - MAX_VALUES
    return lines + (f"<br><i>{left:,} more values</i>" if left > 0 else "")


def one(text: str) -> str:
    """Return a single value as HTML: JSON as a tree, a long text as its start and the rest to unfold."""
    value = as_json(text) if len(text) > 2 else None
    if value is not None and len(text) <= MAX_CELL:
        return tree(value)
    text = cut(text)
    if len(text) <= FOLDED:
        return escape(text)
    return more(escape(text[:FOLDED]), escape(text[FOLDED:]))


def more(start: str, rest: str) -> str:
    """Return the start of something, which unfolds the rest."""
    return f"<details><summary>{start}… <i>show more</i></summary>{rest}</details>"


def cut(text: str, length: int = MAX_CELL) -> str:
    """Return a text, or the start of a long one; control characters as escapes, but for line breaks and tabs."""
    return printable(text if len(text) <= length else text[:length] + "…", "\n\t")


def readable(value: Any) -> str:
    """Return a number as it is read in a table: of a mean, three digits behind the point.

    >>> readable(10 / 3), readable(0.000123456), readable(2.5), readable("0.33333")
    ('3.333', '0.000123', '2.5', '0.33333')
    """
    text = as_text(value)
    if value.__class__ is str or len(text.partition(".")[2]) <= 3 or "e" in text:
        return text
    number = float(value)
    return as_text(float(f"{number:.3f}") if abs(number) >= 1 else float(f"{number:.3g}"))


def tree(value: dict[str, Any] | list[Any]) -> str:
    """Return an object or array of JSON as a tree to unfold."""
    return _node("", value, 0, iter(range(MAX_NODES)))


def _node(name: str, value: Any, depth: int, room: Iterator[int]) -> str:
    label = f"<b>{escape(cut(name, 120))}</b>" if name else ""
    if not isinstance(value, (dict, list)) or not value or depth >= MAX_DEPTH:
        return f"<div>{label}{': ' if label else ''}{_leaf(value)}</div>"
    inner = []
    for key, item in value.items() if isinstance(value, dict) else enumerate(value):
        if next(room, None) is None:
            inner.append("<div>…</div>")
            break
        inner.append(_node(str(key), item, depth + 1, room))
    size = f"{{{len(value)}}}" if isinstance(value, dict) else f"[{len(value)}]"
    opened = " open" if depth < OPEN_DEPTH else ""
    return (
        f"<details{opened}><summary>{label} <i>{size}</i></summary>"
        f"<div style='margin-left:18px'>{''.join(inner)}</div></details>"
    )


def _leaf(value: Any) -> str:
    from splmini.values.json import encode

    return escape(cut(value if isinstance(value, str) else encode(value), 1000))


def sparkline(value: list[Any]) -> str:
    """Return a sparkline: bars of characters, which every notebook shows."""
    numbers = points(value)
    title = f"{len(numbers)} points, {as_text(min(numbers))} to {as_text(max(numbers))}"
    return (
        f"<span class='splmini-spark' style='color:#2f7ed8;white-space:nowrap;font-family:monospace' "
        f"title='{escape(title)}'>{bars(value)}</span>"
    )
