"""Results as HTML for notebooks and other pages: a table in the way of Splunk's statistics tab, or a list of events.

Whatever comes from events, searches or messages goes through `escape`. The page needs no network. Without styles and
scripts (a notebook that is not trusted, a saved one on the web) it is laid out all the same, and all rows that are
included are there to scroll; with them they are paged and sorted.
"""

from __future__ import annotations

import uuid
from html import escape
from typing import TYPE_CHECKING

from splmini.results._page import PAGE, SCRIPT, STYLE
from splmini.results._table_html import SORTS, table

if TYPE_CHECKING:
    from splmini.operators import Message
    from splmini.results import Results

MARKS = {"error": "✖", "warn": "⚠", "info": "i"}


def render(results: Results) -> str:
    """Return results as HTML."""
    return page(body(results))


def body(results: Results) -> str:
    """Return results as HTML that is to stand in a page."""
    from splmini.results import _events_html

    if results.view.events and len(results):
        rows, shown = _events_html.events(results)
    else:
        rows, shown = table(results.fields, list(results), results.view)
        rows = chart(results) + rows
    return f"{_summary(results)}{rows}{_more(len(results), shown)}{_messages(results.messages)}"


def page(content: str) -> str:
    """Return the parts of a page as one, with what the trusted notebook shows better: style, sorting, paging."""
    identity = f"splmini-{uuid.uuid4().hex}"
    script = SCRIPT % {"id": identity, "page": PAGE} if f"class='{SORTS}'" in content else ""
    return f"<div class='splmini' id='{identity}' style='font-size:13px;max-width:100%'>{STYLE}{content}</div>{script}"


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


def _more(rows: int, shown: int) -> str:
    if rows <= shown:
        return ""
    return (
        f"<div class='splmini-sum'>{rows - shown:,} more rows are not shown here; "
        f"<code>results[{shown}:]</code> shows those that follow</div>"
    )


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


# ---- charts --------------------------------------------------------------------------------------------------------


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


__all__ = ["body", "page", "render"]
