"""Results as a table to be read in a terminal: times with their zone, of events what tells most, no wider than asked.

The other forms (`to_table`, JSON, CSV …) give every field as it is.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from splmini.results._structure import xml_line
from splmini.results._text import cells_of, cut, lines_of, numeric_columns, widths_of
from splmini.values.texts import printable

if TYPE_CHECKING:
    from splmini.operators import Row
    from splmini.results import Results

ORIGIN = ("host", "sourcetype", "source")
"""Where an event comes from: shown while there is room."""
NARROWEST = {"_raw": 24}
NARROW = 12
"""The least width that a column is cut to, but for times, which are of no use cut."""
GAP = 2


@dataclass(frozen=True)
class Table:
    """A table as text, line break at its end; how many fields it leaves out; whether values are cut."""

    text: str
    hidden: int = 0
    cut: bool = False


def terminal_table(results: Results, width: int = 0, fields: Sequence[str] | None = None) -> Table:
    """Return results as a table.

    Args:
        results: the rows.
        width: the widest a line gets (0: no limit); columns that do not fit are left out, long values are cut.
        fields: the columns; by default all, or of events those that `columns` chooses.
    """
    names = columns(results) if fields is None else list(fields)
    if not len(results) or not names:
        return Table("")
    rows = [_folded(row) for row in results.view.timed(results, iso=True)]
    cells, heads = cells_of(names, rows, 0), [printable(name) for name in names]
    widths = widths_of(heads, cells)
    kept, limits = list(range(len(names))), widths
    if width:
        kept = _kept(names, widths, width)
        limits = _limits([names[at] for at in kept], [widths[at] for at in kept], width)
        places = list(zip(kept, limits, strict=True))
        cells = [[[cut(line, limit) for line in row[at]] for at, limit in places] for row in cells]
        heads = [cut(heads[at], limit) for at, limit in places]
    right = numeric_columns([names[at] for at in kept], rows)
    text = "".join(f"{line}\n" for line in lines_of(heads, cells, limits, right))
    known = results.fields if fields is None else names
    return Table(text, len(known) - len(kept), limits != [widths[at] for at in kept])


def _folded(row: Row) -> Row:
    """A row whose text, where it is XML, is told on one line: it begins with names that all events share."""
    line = xml_line(row["_raw"]) if isinstance(row.get("_raw"), str) else None
    return row if line is None else {**row, "_raw": line}


def columns(results: Results) -> list[str]:
    """Return the columns to show: all; of events that all have a text, only their time, the fields that the search
    names, where they come from, and the text."""
    known = dict.fromkeys(results.fields)
    if not results.view.events or not all("_raw" in row for row in results):
        return list(known)
    named = [name for name in results.view.named if name in known]
    return [name for name in dict.fromkeys(("_time", *named, *ORIGIN, "_raw")) if name in known]


def _least(name: str, width: int) -> int:
    return width if name == "_time" else min(width, NARROWEST.get(name, NARROW))


def _priority(names: Sequence[str]) -> Iterator[int]:
    """The columns, the one to give up last first."""
    late = [at for at, name in enumerate(names) if name in ORIGIN and "_raw" in names]
    first = [at for at, name in enumerate(names) if name in ("_time", "_raw")]
    yield from first
    yield from (at for at in range(len(names)) if at not in (*first, *late))
    yield from late


def _kept(names: Sequence[str], widths: Sequence[int], room: int) -> list[int]:
    """Which columns fit, when each is as narrow as it may get; at least one does."""
    kept: list[int] = []
    used = -GAP
    for at in _priority(names):
        need = GAP + _least(names[at], widths[at])
        if kept and used + need > room:
            continue
        kept.append(at)
        used += need
    return sorted(kept)


def _limits(names: Sequence[str], widths: Sequence[int], room: int) -> list[int]:
    """How wide each column may be: the widest ones give up what is too much, down to the least that they may have."""
    left = room - GAP * (len(names) - 1)
    if sum(widths) <= left:
        return list(widths)
    least = [_least(name, width) for name, width in zip(names, widths, strict=True)]
    limits = list(least)
    spare = max(0, left - sum(least))
    wanting = sorted(range(len(names)), key=[width - low for width, low in zip(widths, least, strict=True)].__getitem__)
    for done, at in enumerate(wanting):
        more = min(widths[at] - least[at], spare // (len(wanting) - done))
        limits[at] += more
        spare -= more
    return limits
