"""The events view: time and text of each event, what the search asked for marked, and the fields with their values."""

from __future__ import annotations

import re
from collections import Counter
from html import escape
from typing import TYPE_CHECKING, Any

from splmini.results._html import cut, stacked
from splmini.results._view import View, as_text

if TYPE_CHECKING:
    from splmini.operators import Row
    from splmini.results import Results

SELECTED = ("host", "source", "sourcetype")
UNTOLD = ("_", "tag", "eventtype")
"""How fields begin that are not shown as the text of an event without `_raw`."""
MAX_FIELDS = 60
TOP_VALUES = 10
MAX_COUNTED = 20_000
"""Events over which values are counted."""


def events(results: Results, rows: list[Row]) -> str:
    """Return the events that fit a page as HTML, beside them the list of the fields of all."""
    pattern = marks(results.view.terms)
    body = "".join(_event(row, results.view, pattern) for row in rows)
    return (
        f"<div class='splmini-both'><div class='splmini-side'>{field_list(results)}</div><div class='splmini-main'>"
        "<div class='splmini-scroll'><table class='splmini-t'><thead><tr><th tabindex='0'>Time</th>"
        f"<th tabindex='0'>Event</th></tr></thead><tbody>{body}</tbody></table></div></div></div>"
    )


def _event(row: Row, view: View, pattern: re.Pattern[str] | None) -> str:
    moment = row.get("_time")
    time = f"<td class='splmini-time' data-s='{escape(as_text(moment))}'>{escape(view.time(moment))}</td>"
    raw = row.get("_raw")
    text = as_text(raw) if isinstance(raw, (str, int, float)) else _keys(row)
    fields = "".join(
        f"<tr><td>{escape(cut(name))}</td><td>{stacked(value)}</td></tr>"
        for name, value in sorted(row.items())
        if not name.startswith("_") or name == "_indextime"
    )
    return (
        f"<tr>{time if moment is not None else '<td></td>'}<td><div class='splmini-raw'>{marked(text, pattern)}</div>"
        f"<details class='splmini-of'><summary>{_selected(row)}</summary><table>{fields}</table></details></td></tr>"
    )


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
        f"<tr><td>{escape(cut(value, 120))}</td><td>{count:,}</td><td>{100 * count / present:.1f}%</td></tr>"
        for value, count in counter.most_common(TOP_VALUES)
    )
    part = "" if present == total else f" in {100 * present / total:.0f}%"
    return (
        f"<details><summary><span>{escape(cut(name))}</span><i>{len(counter):,}{part}</i></summary>"
        f"<table>{values}</table></details>"
    )
