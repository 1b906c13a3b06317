"""How many events there were when: the bars above a list of events."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

from splmini.results._view import View

if TYPE_CHECKING:
    from splmini.results import Results

MOST_BARS = 60
SPANS = (1, 5, 10, 30, 60, 300, 600, 1800, 3600, 10800, 21600, 43200, 86400, 604800)
"""How many seconds a bar may stand for: what people count in."""
HEIGHT = 44
NAMES = ((604800, "week"), (86400, "day"), (3600, "hour"), (60, "minute"), (1, "second"))


def buckets(times: list[float]) -> tuple[int, list[tuple[float, int]]]:
    """Return how many seconds a bar stands for, and where each begins with how many times it holds.

    >>> buckets([0.0, 10.0, 3000.0])[0], buckets([0.0, 10.0, 3000.0])[1][0]
    (60, (0.0, 2))
    """
    low, high = min(times), max(times)
    span = next((each for each in SPANS if (high - low) / each < MOST_BARS), 0)
    if not span:
        span = -(-int(high - low + 1) // (MOST_BARS * 86400)) * 86400
    start = low // span * span
    counts = [0] * (int((high - start) // span) + 1)
    for each in times:
        counts[int((each - start) // span)] += 1
    return span, [(start + number * span, count) for number, count in enumerate(counts)]


def timeline(results: Results) -> str:
    """Return the bars as HTML; nothing where the events have no times that differ."""
    view = results.view
    times = [float(row["_time"]) for row in results if view.moment(row.get("_time")) is not None]
    if len(times) < 2 or min(times) == max(times):
        return ""
    span, bars = buckets(times)
    most = max(count for _, count in bars)
    drawn = "".join(_bar(view, start, count, most) for start, count in bars)
    first, last = (escape(view.time(each)) for each in (bars[0][0], bars[-1][0] + span))
    return (
        f"<div style='max-width:760px;margin:6px 0;font-size:12px'><div style='display:flex;align-items:flex-end;"
        f"height:{HEIGHT}px;border-bottom:1px solid rgba(128,128,128,0.5)'>{drawn}</div>"
        f"<div style='display:flex;justify-content:space-between;opacity:0.8'><span>{first}</span>"
        f"<span>a bar is {_spoken(span)}, the highest {most:,}</span><span>{last}</span></div></div>"
    )


def _bar(view: View, start: float, count: int, most: int) -> str:
    height = max(2, round(HEIGHT * count / most)) if count else 0
    title = f" title='{escape(view.time(start))}: {count:,}'" if count else ""
    return f"<div style='flex:1 1 0;height:{height}px;margin-right:1px;background-color:#2f7ed8'{title}></div>"


def _spoken(span: int) -> str:
    """A length of time in words.

    >>> _spoken(300), _spoken(3600)
    ('5 minutes', '1 hour')
    """
    size, name = next(each for each in NAMES if span % each[0] == 0)
    count = span // size
    return f"{count:,} {name}{'' if count == 1 else 's'}"
