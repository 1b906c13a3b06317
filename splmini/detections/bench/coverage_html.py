"""The coverage of many detections as one HTML page, in the style of coverage.py; everything in it is escaped."""

from __future__ import annotations

import html
from collections.abc import Iterable, Iterator

from splmini.detections.bench.coverage import Coverage, Point

_STYLE = """
body { font: 15px/1.45 system-ui, sans-serif; margin: 2rem auto; max-width: 70rem; padding: 0 1rem; color: #1d2328 }
table { border-collapse: collapse; margin: 1rem 0 }
th, td { padding: .25rem .75rem; text-align: left; border-bottom: 1px solid #d8dee4 }
td.n { text-align: right; font-variant-numeric: tabular-nums }
pre { background: #f6f8fa; padding: 1rem; overflow-x: auto; line-height: 1.6 }
.hit { background: #d2f4d9 } .half { background: #fff1c2 } .miss { background: #ffd9d6 }
summary { cursor: pointer; font-weight: 600 }
@media (prefers-color-scheme: dark) {
  body { background: #15191e; color: #dbe2e8 } pre { background: #1f252c } th, td { border-color: #3a434c }
  .hit { background: #1d4a2a } .half { background: #55461a } .miss { background: #5c2522 }
}
"""


def to_html(measured: Iterable[Coverage]) -> str:
    """Return a page: a table of all detections, then each search with what its tests exercised marked.

    Green held and failed, yellow never failed, red never held.
    """
    known = list(measured)
    parts = ["<!doctype html>\n<html lang='en'><head><meta charset='utf-8'><title>Detection coverage</title>"]
    parts.append(f"<style>{_STYLE}</style></head><body><h1>Detection coverage</h1>")
    parts.append("<table><tr><th>detection</th><th>points</th><th>missed</th><th>covered</th></tr>")
    for number, each in enumerate(known):
        name = f"<a href='#d{number}'>{html.escape(each.name)}</a>"
        parts.append(_row(name, len(each.points), len(each.points) - each.covered))
    total = sum(len(each.points) for each in known)
    parts.append(_row("<b>total</b>", total, total - sum(each.covered for each in known)) + "</table>")
    parts.append(
        "<p><span class='hit'>held and failed</span> <span class='half'>never failed</span> "
        "<span class='miss'>never held</span></p>"
    )
    for number, each in enumerate(known):
        parts.extend(_detection(number, each))
    parts.append("</body></html>\n")
    return "".join(parts)


def _row(name: str, points: int, missed: int) -> str:
    share = 100 * (points - missed) / points if points else 100.0
    cells = "".join(f"<td class='n'>{cell}</td>" for cell in (points, missed, f"{share:.0f}%"))
    return f"<tr><td>{name}</td>{cells}</tr>"


def _detection(number: int, coverage: Coverage) -> Iterator[str]:
    yield f"<h2 id='d{number}'>{html.escape(coverage.name)}: {100 * coverage.ratio:.0f}%</h2>"
    yield f"<pre>{''.join(_marked(coverage))}</pre><details><summary>clause by clause</summary>"
    yield "<table><tr><th>what</th><th>clause</th><th>held</th><th>failed</th></tr>"
    for point in coverage.points:
        yield f"<tr class='{_state(point)}'><td>{html.escape(point.kind)}</td>"
        yield f"<td><code>{html.escape(point.text)}</code></td>"
        yield f"<td class='n'>{point.hits}</td><td class='n'>{point.misses}</td></tr>"
    yield "</table></details>"


def _state(point: Point) -> str:
    if not point.covered:
        return "miss"
    return "half" if point.kind == "clause" and not point.misses else "hit"


def _marked(coverage: Coverage) -> Iterator[str]:
    """The search's text, each character marked by the smallest point that holds it."""
    text = coverage.search
    owners: list[Point | None] = [None] * len(text)
    for point in sorted((each for each in coverage.points if each.extent), key=_size, reverse=True):
        assert point.extent is not None
        start, end = point.extent
        owners[start:end] = [point] * (min(end, len(text)) - start)
    at = 0
    while at < len(text):
        end = at
        while end < len(text) and owners[end] is owners[at]:
            end += 1
        owner, piece = owners[at], html.escape(text[at:end])
        if owner is None:
            yield piece
        else:
            yield f"<span class='{_state(owner)}' title='held {owner.hits}, failed {owner.misses}'>{piece}</span>"
        at = end


def _size(point: Point) -> int:
    assert point.extent is not None
    return point.extent[1] - point.extent[0]
