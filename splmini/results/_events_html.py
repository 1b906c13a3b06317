"""The events view: time and text of each event, what the search asked for marked, and the fields with their values."""

from __future__ import annotations

import re
from collections import Counter
from html import escape
from typing import TYPE_CHECKING, Any

from splmini.results._page import PAGE
from splmini.results._structure import as_json, xml_line, xml_lines
from splmini.results._table_html import MAX_PAGE, fitting
from splmini.results._timeline import timeline
from splmini.results._values_html import FOLDED, cut, more, stacked, tree
from splmini.results._view import View, as_text

if TYPE_CHECKING:
    from splmini.operators import Row
    from splmini.results import Results

SELECTED = ("host", "source", "sourcetype")
UNTOLD = ("_", "tag", "eventtype")
"""How fields begin that are not shown as the text of an event without `_raw`."""
MAX_FIELDS = 60
TOP_VALUES = 10
EVENT = "display:flex;gap:12px;padding:4px 6px;border-bottom:1px solid rgba(128,128,128,0.25)"
RAW = "font-family:monospace;font-size:12px;white-space:pre-wrap;overflow-wrap:break-word"
FIELDS = (
    "display:grid;grid-template-columns:max-content minmax(0,1fr);gap:1px 14px;margin:4px 0;font-size:12px;"
    "overflow-wrap:break-word"
)
VALUES = (
    "display:grid;grid-template-columns:minmax(0,1fr) max-content max-content;gap:1px 8px;margin:2px 0 6px 12px;"
    "font-size:12px;overflow-wrap:break-word"
)
MAX_EVENTS = 100
MAX_COUNTED = 20_000
"""Events over which values are counted."""


def events(results: Results) -> tuple[str, int]:
    """Return the events that fit a page as HTML, above them when they were, beside them the fields of all; and how
    many of them it shows."""
    pattern = marks(results.view.terms)
    made = list(fitting((_event(row, results.view, pattern) for row in results[:MAX_EVENTS]), MAX_PAGE))
    first, later = made[:PAGE], made[PAGE:]
    body = "".join(first)
    if later:
        body += f"<details class='splmini-later'><summary>show {len(later)} more</summary>{''.join(later)}</details>"
    text = (
        f"{timeline(results)}<div class='splmini-both' style='display:flex;gap:14px'>"
        f"<div class='splmini-side' style='flex:0 0 230px;max-height:600px;overflow:auto'>{field_list(results)}</div>"
        f"<div class='splmini-main' style='flex:1 1 0;min-width:0;max-height:600px;overflow:auto'>{body}</div></div>"
    )
    return text, len(made)


def _event(row: Row, view: View, pattern: re.Pattern[str] | None) -> str:
    moment = row.get("_time")
    time = "" if moment is None else escape(view.time(moment))
    raw = row.get("_raw")
    known = as_text(raw) if isinstance(raw, (str, int, float)) else None
    text, whole = (_marked_start(_keys(row), pattern), "") if known is None else _text_of(known, pattern)
    fields = "".join(
        f"<div style='opacity:0.75'>{escape(cut(name, 200))}</div><div>{_value(value, known or '')}</div>"
        for name, value in sorted(row.items())
        if not name.startswith("_") or name == "_indextime"
    )
    return (
        f"<div class='splmini-event' style='{EVENT}'><div style='flex:0 0 auto;white-space:nowrap'>{time}</div>"
        f"<div style='flex:1 1 0;min-width:0'><div class='splmini-raw' style='{RAW}'>{text}</div>"
        f"<details class='splmini-of'><summary>{_selected(row)}</summary>{whole}"
        f"<div style='{FIELDS}'>{fields}</div></details></div></div>"
    )


def _value(value: Any, raw: str) -> str:
    """A field's value; of a long piece of the event's text, which stands above, only the start."""
    if isinstance(value, str) and len(value) > FOLDED and value in raw:
        return escape(cut(value, FOLDED))
    return stacked(value)


def _text_of(raw: str, pattern: re.Pattern[str] | None) -> tuple[str, str]:
    """The text of an event as it is shown, and what unfolds below it: JSON as a tree, XML laid out."""
    value = as_json(raw)
    if value is not None:
        start = raw if len(raw) <= FOLDED else raw[:FOLDED] + "…"
        return marked(start, pattern), f"<div style='{RAW};margin:4px 0'>{tree(value)}</div>"
    line = xml_line(raw)
    if line is not None:
        start = line if len(line) <= 2 * FOLDED else line[: 2 * FOLDED] + "…"
        return marked(start, pattern), f"<div style='{RAW};margin:4px 0'>{marked(xml_lines(raw), pattern)}</div>"
    return _marked_start(raw, pattern), ""


def _marked_start(text: str, pattern: re.Pattern[str] | None) -> str:
    """A text with its marks; the rest of a long one unfolds."""
    if len(text) <= 3 * FOLDED:
        return marked(text, pattern)
    return more(marked(text[: 2 * FOLDED], pattern), marked(text[2 * FOLDED :], pattern))


def _keys(row: Row) -> str:
    """The text of an event that has none: its keys."""
    return " ".join(
        f"{name}={_short(value)}" for name, value in row.items() if not name.startswith(UNTOLD) and name not in SELECTED
    )


def _short(value: Any) -> str:
    text = ", ".join(map(as_text, value)) if isinstance(value, list) else as_text(value)
    return f'"{text}"' if " " in text or not text else text


def _selected(row: Row) -> str:
    parts = [f"{name} = {escape(cut(_short(row[name]), 200))}" for name in SELECTED if name in row]
    return " · ".join(parts) or "fields"


# ---- what the search asked for -------------------------------------------------------------------------------------


def marks(terms: tuple[str, ...]) -> re.Pattern[str] | None:
    """Return a pattern for the words that a search asked for; None where it asked for none."""
    parts: list[str] = []
    groups = 0
    for term in terms[:100]:
        first, *rest = [re.escape(part) for part in term.split("*") if part] or [""]
        if first:
            before = r"(?<!\w)" if re.match(r"\w", term) else ""
            after = r"(?!\w)" if re.search(r"\w$", term) else ""
            # a group that is looked for ahead is never tried again: many `*` would take for ever in a long text
            pattern = "".join(
                rf"(?=([^\s\"'<>=,;]{{0,80}}?{part}))\{number}" for number, part in enumerate(rest, groups + 1)
            )
            groups += len(rest)
            parts.append(before + first + pattern + after)
    return re.compile("|".join(parts), re.IGNORECASE) if parts else None


def marked(text: str, pattern: re.Pattern[str] | None) -> str:
    """Return a text as HTML, with what matches a pattern marked."""
    text = cut(text)
    if pattern is None:
        return escape(text)
    parts = []
    end = 0
    for match in pattern.finditer(text):
        if match.end() > match.start():
            parts.append(f"{escape(text[end : match.start()])}<mark>{escape(match.group())}</mark>")
            end = match.end()
    return "".join(parts) + escape(text[end:])


# ---- the field list ------------------------------------------------------------------------------------------------


def field_list(results: Results) -> str:
    """Return the fields with their most frequent values and counts, as HTML."""
    rows = list(results[:MAX_COUNTED])
    counts = counted(rows)
    order = sorted(counts, key=lambda name: (-sum(counts[name][0].values()), name))
    selected = [name for name in SELECTED if name in counts]
    others = [name for name in order if name not in SELECTED]
    text = "<strong>Selected fields</strong>" + "".join(_field(name, *counts[name], len(rows)) for name in selected)
    text = text if selected else ""
    text += "<strong>Fields</strong>" + "".join(_field(name, *counts[name], len(rows)) for name in others[:MAX_FIELDS])
    left = len(others) - MAX_FIELDS
    return text + (f"<i>{left} more fields</i>" if left > 0 else "")


def counted(rows: list[Row]) -> dict[str, tuple[Counter[str], int]]:
    """Return, for each field, how often each value occurs, and in how many events the field does."""
    counters: dict[str, Counter[str]] = {}
    present: Counter[str] = Counter()
    for row in rows:
        for name, value in row.items():
            if name.startswith("_"):
                continue
            present[name] += 1
            counter = counters.setdefault(name, Counter())
            for each in value if isinstance(value, list) else (value,):
                counter[as_text(each)] += 1
    return {name: (counter, present[name]) for name, counter in counters.items()}


def _field(name: str, counter: Counter[str], present: int, total: int) -> str:
    values = "".join(
        f"<span>{escape(cut(value, 120))}</span><span>{count:,}</span><span>{100 * count / present:.1f}%</span>"
        for value, count in counter.most_common(TOP_VALUES)
    )
    part = "" if present == total else f" in {100 * present / total:.0f}%"
    return (
        f"<details><summary><span>{escape(cut(name, 200))}</span> <i style='opacity:0.7'>{len(counter):,}{part}</i>"
        f"</summary><div style='{VALUES}'>{values}</div></details>"
    )
