"""A backtest as a table, as JSON and as a page; everything in the page is escaped."""

from __future__ import annotations

import html
import json
from collections.abc import Iterator
from datetime import datetime, tzinfo

from splmini.detections.backtest.history import Backtest, History

COLUMNS = ("detection", "runs", "fired", "rows", "reported", "findings", "a day", "most a day", "busiest")


def table_rows(done: Backtest) -> list[dict[str, str | int]]:
    """Return a row a detection, those that reported most first; what could not run is told apart."""
    days = max(len(done.days()), 1)
    ranked = sorted((each for each in done if each.error is None), key=_most_first)
    return [dict(zip(COLUMNS, _cells(done, each, days), strict=True)) for each in ranked]


def _most_first(history: History) -> tuple[int, str]:
    return -history.reported, history.detection.name


def _cells(done: Backtest, each: History, days: int) -> tuple[str | int, ...]:
    busiest = ", ".join(f"{value} ({count})" for _, value, count in each.busiest(2))
    most = max((reported for _, reported in done.per_day(each).values()), default=0)
    counts = (each.runs, len(each.firings), each.rows, each.reported, each.findings)
    return each.detection.name, *counts, f"{each.reported / days:.1f}", most, busiest


def to_json(done: Backtest) -> str:
    """Return a backtest as JSON: times in epoch seconds, days in its time zone."""
    content = {
        "start": done.start,
        "end": done.end,
        "scanned": done.scanned,
        "complete": done.complete,
        "detections": [_entry(done, each) for each in done],
    }
    return json.dumps(content, ensure_ascii=False, indent=2, default=str) + "\n"


def _entry(done: Backtest, each: History) -> dict[str, object]:
    schedule = each.schedule
    return {
        "detection": each.detection.name,
        "id": each.detection.id,
        "file": each.detection.path,
        "schedule": None
        if schedule is None
        else {"cron": schedule.cron, "earliest": schedule.earliest, "latest": schedule.latest},
        "runs": each.runs,
        "rows": each.rows,
        "reported": each.reported,
        "findings": each.findings,
        "late_events": each.late,
        "error": None if each.error is None else {"type": type(each.error).__name__, "message": str(each.error)},
        "per_day": {day: {"rows": rows, "reported": reported} for day, (rows, reported) in done.per_day(each).items()},
        "busiest": [{"type": kind, "value": value, "count": count} for kind, value, count in each.busiest()],
        "firings": [
            {
                "due": firing.due,
                "earliest": firing.earliest,
                "latest": firing.latest,
                "rows": firing.rows,
                "reported": firing.reported,
                "findings": firing.findings,
                "risk_events": len(firing.risk_events),
            }
            for firing in each.firings
        ],
    }


# ---- the page --------------------------------------------------------------------------------------------------------

_STYLE = """
body { font: 15px/1.45 system-ui, sans-serif; margin: 2rem auto; max-width: 75rem; padding: 0 1rem; color: #1d2328 }
table { border-collapse: collapse; margin: 1rem 0; width: 100% }
th, td { padding: .3rem .6rem; text-align: left; border-bottom: 1px solid #d8dee4; vertical-align: middle }
td.n, th.n { text-align: right; font-variant-numeric: tabular-nums }
svg { display: block } rect { fill: #3f76b5 } rect.held { fill: #b9c9dc }
.error { color: #a4262c } .note { color: #57606a }
@media (prefers-color-scheme: dark) {
  body { background: #15191e; color: #dbe2e8 } th, td { border-color: #3a434c }
  rect { fill: #6aa5e8 } rect.held { fill: #3c5470 } .error { color: #ff9a9e } .note { color: #9aa5b1 }
}
"""
_HEIGHT, _BAR = 28, 7


def to_html(done: Backtest) -> str:
    """Return a page: what each detection reported, day by day, what found nothing and what could not run."""
    return "".join(_page(done))


def _page(done: Backtest) -> Iterator[str]:
    title = f"Backtest {_moment(done.start, done.timezone)} to {_moment(done.end, done.timezone)}"
    yield f"<!doctype html>\n<html lang='en'><head><meta charset='utf-8'><title>{title}</title>"
    yield "<meta name='viewport' content='width=device-width'>"
    yield f"<style>{_STYLE}</style></head><body><h1>{title}</h1>"
    runs = sum(each.runs for each in done)
    yield f"<p>{len(done)} detections, {runs:,} runs over {done.scanned:,} events. "
    yield "A bar is a day: what was reported, and pale what throttling held back.</p>"
    firing = [each for each in done if each.firings]
    if firing:
        heads = ("runs that fired", "rows", "reported", "most a day", "busiest")
        cells = "".join(f"<th{' class=n' if number < 4 else ''}>{head}</th>" for number, head in enumerate(heads))
        yield f"<table><tr><th>detection</th><th>day by day</th>{cells}</tr>"
        for each in sorted(firing, key=_most_first):
            yield from _row(done, each)
        yield "</table>"
    yield from _listed("Found nothing", [html.escape(each.detection.name) for each in done if each.quiet])
    failed = [
        f"{html.escape(each.detection.name)}: <span class='error'>{html.escape(str(each.error))}</span>"
        for each in done
        if each.error is not None
    ]
    yield from _listed("Could not run", failed)
    yield "</body></html>\n"


def _row(done: Backtest, each: History) -> Iterator[str]:
    days = done.per_day(each)
    most = max(reported for _, reported in days.values())
    schedule = each.schedule
    when = "" if schedule is None else f"{schedule.cron} over {schedule.earliest} to {schedule.latest}"
    notes = [f"{each.late} events came too late"] if each.late else []
    yield f"<tr><td>{html.escape(each.detection.name)}<br><span class='note'>"
    yield f"{html.escape('; '.join([when, *notes]))}</span></td><td>{_bars(days)}</td>"
    counts = (len(each.firings), each.rows, each.reported, most)
    yield "".join(f"<td class='n'>{count:,}</td>" for count in counts)
    busiest = (f"{html.escape(value)} ({count:,})" for _, value, count in each.busiest(3))
    yield f"<td>{'<br>'.join(busiest)}</td></tr>"


def _bars(days: dict[str, tuple[int, int]]) -> str:
    highest = max((rows for rows, _ in days.values()), default=0) or 1
    parts = [f"<svg width='{len(days) * _BAR}' height='{_HEIGHT}' role='img' aria-label='rows a day'>"]
    for number, (day, (rows, reported)) in enumerate(days.items()):
        for kind, count in (("held", rows), ("", reported)):
            size = max(round(_HEIGHT * count / highest), 1) if count else 0
            if size:
                parts.append(
                    f"<rect class='{kind}' x='{number * _BAR}' y='{_HEIGHT - size}' width='{_BAR - 1}' "
                    f"height='{size}'><title>{day}: {reported:,} of {rows:,}</title></rect>"
                )
    return "".join(parts) + "</svg>"


def _listed(title: str, items: list[str]) -> Iterator[str]:
    if items:
        yield f"<h2>{title}</h2><ul>{''.join(f'<li>{item}</li>' for item in items)}</ul>"


def _moment(at: float, tz: tzinfo) -> str:
    return datetime.fromtimestamp(at, tz).strftime("%Y-%m-%d %H:%M")
