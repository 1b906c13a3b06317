"""Results as HTML for notebooks: a table in the way of Splunk's statistics tab, or a list of events.

Whatever comes from events, searches or messages goes through `escape`. The page needs no network. Without scripts (a
saved notebook on the web) all rows that are included are there to scroll; with them they are paged and sorted.
"""

from __future__ import annotations

import uuid
from html import escape
from typing import TYPE_CHECKING, Any

from splmini.results._page import PAGE, SCRIPT, STYLE
from splmini.results._text import cell
from splmini.results._view import View, as_text, is_sparkline, points
from splmini.values.texts import printable

if TYPE_CHECKING:
    from splmini.operators import Message, Row
    from splmini.results import Results

MAX_ROWS = 1000
"""Rows that a page holds; more are counted, not shown."""
MAX_CHARACTERS = 2_000_000
"""And no more than about so much text."""
MAX_CELL = 5_000
MAX_VALUES = 100
MARKS = {"error": "✖", "warn": "⚠", "info": "i"}


def render(results: Results) -> str:
    """Return results as HTML."""
    from splmini.results import _events_html

    identity, rows = f"splmini-{uuid.uuid4().hex}", shown(results)
    if results.view.events and len(results):
        body = _events_html.events(results, rows)
    else:
        body = chart(results) + table(results.fields, rows, results.view)
    return (
        f"<div class='splmini' id='{identity}'>{STYLE}{_summary(results)}{body}"
        f"{_more(len(results) - len(rows))}{_messages(results.messages)}</div>{SCRIPT % {'id': identity, 'page': PAGE}}"
    )


def shown(results: Results) -> list[Row]:
    """Return the rows that fit a page."""
    rows: list[Row] = []
    size = 0
    for row in results[:MAX_ROWS]:
        size += sum(map(_size, row.values()))
        if size > MAX_CHARACTERS and rows:
            break
        rows.append(row)
    return rows


def _size(value: Any) -> int:
    """About how many characters a value takes on a page."""
    if isinstance(value, list):
        return sum(map(_size, value[:MAX_VALUES]))
    return min(MAX_CELL, len(value)) if isinstance(value, str) else 20


def _summary(results: Results) -> str:
    noun = "event" if results.view.events else "result"
    parts = [f"{len(results):,} {noun}{'' if len(results) == 1 else 's'}"]
    scanned = results.stats.get("scanned")
    seconds = results.stats.get("seconds", {}).get("total") if isinstance(results.stats.get("seconds"), dict) else None
    if scanned:
        parts.append(f"{scanned:,} scanned")
    if isinstance(seconds, float):
        parts.append(f"{seconds:.2f} s")
    text = f"<strong>{parts[0]}</strong>" + "".join(f" · {part}" for part in parts[1:])
    if not results.complete:
        text += " · <strong class='splmini-cut'>not complete: the run was ended early</strong>"
    return f"<div class='splmini-sum'>{text}</div>"


def _more(left: int) -> str:
    return f"<div class='splmini-sum'>{left:,} more rows are not shown here</div>" if left > 0 else ""


def _messages(messages: list[Message]) -> str:
    """The messages: warnings and errors open, infos folded away."""
    loud = [each for each in messages if each.level != "info"]
    quiet = [each for each in messages if each.level == "info"]
    text = "".join(map(_message, loud))
    if quiet:
        plural = "s" if len(quiet) > 1 else ""
        text += f"<details><summary>{len(quiet)} note{plural}</summary>{''.join(map(_message, quiet))}</details>"
    return text


def _message(message: Message) -> str:
    where = f" (line {message.position[0]}, column {message.position[1]})" if message.position else ""
    mark = MARKS.get(message.level, "i")
    return (
        f"<div class='splmini-msg splmini-{escape(message.level)}'><span>{mark}</span> "
        f"{escape(message.level)}: {escape(message.text + where)}</div>"
    )


# ---- tables --------------------------------------------------------------------------------------------------------


def table(fields: list[str], rows: list[Row], view: View) -> str:
    """Return rows as a table whose columns sort at a click."""
    numeric = {name for name in fields if _is_numeric(name, rows)}
    head = "".join(
        f"<th class='splmini-n' tabindex='0'>{escape(cut(name))}</th>"
        if name in numeric
        else f"<th tabindex='0'>{escape(cut(name))}</th>"
        for name in fields
    )
    body = "".join(
        f"<tr>{''.join(_cell(name, row.get(name), view, name in numeric) for name in fields)}</tr>" for row in rows
    )
    empty = "" if rows else "<div class='splmini-none'>No results found.</div>"
    return (
        f"<div class='splmini-scroll'><table class='splmini-t'><thead><tr>{head}</tr></thead>"
        f"<tbody>{body}</tbody></table></div>{empty}"
    )


def _is_numeric(name: str, rows: list[Row]) -> bool:
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
        text = as_text(value)
        return f"<td class='splmini-n' data-s='{escape(text)}'>{escape(text)}</td>"
    if name == "_time" and view.moment(value) is not None:
        return f"<td class='splmini-time' data-s='{escape(as_text(value))}'>{escape(view.time(value))}</td>"
    if is_sparkline(value):
        return f"<td>{sparkline(points(value))}</td>"
    return f"<td>{stacked(value)}</td>"


def stacked(value: Any) -> str:
    """Return a value as HTML, the values of a multivalue field one below the other."""
    if not isinstance(value, list):
        return escape(cut(as_text(value)))
    lines = "<br>".join(escape(cut(as_text(each))) for each in value[:MAX_VALUES])
    left = len(value) - MAX_VALUES
    return lines + (f"<br><i>{left:,} more values</i>" if left > 0 else "")


def cut(text: str, length: int = MAX_CELL) -> str:
    """Return a text, or the start of a long one; control characters as escapes, but for line breaks and tabs."""
    return printable(text if len(text) <= length else text[:length] + "…", "\n\t")


def sparkline(numbers: list[float]) -> str:
    """Return a small line chart as SVG."""
    width, height = max(40, min(240, 4 * len(numbers))), 20
    low, high = min(0.0, *numbers), max(0.0, *numbers)
    span, step = (high - low) or 1.0, (width - 4) / max(1, len(numbers) - 1)
    line = " ".join(
        f"{2 + index * step:.1f},{height - 2 - (number - low) / span * (height - 4):.1f}"
        for index, number in enumerate(numbers)
    )
    title = f"{len(numbers)} points, {as_text(min(numbers))} to {as_text(max(numbers))}"
    return (
        f"<svg class='splmini-spark' width='{width}' height='{height}' role='img'><title>{escape(title)}</title>"
        f"<polyline points='{line}' fill='none' stroke='currentColor' stroke-width='1.3'/></svg>"
    )


def chart(results: Results) -> str:
    """Return the chart of a charting command's results as an image; nothing where matplotlib is missing."""
    if results.view.chart is None or not len(results):
        return ""
    from splmini.errors import SplError
    from splmini.results import _plot

    try:
        data = _plot.png(results)
    except SplError:  # no matplotlib, or nothing that a chart could show: the table says it all
        return ""
    return f"<img class='splmini-chart' alt='{escape(results.view.chart.kind)}' src='data:image/png;base64,{data}'>"


__all__ = ["cell", "cut", "render", "shown", "stacked", "table"]
