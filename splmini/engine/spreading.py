"""One reading for many runs of a search over windows of time: each row goes to the runs whose window holds it.

A search that is due each hour reads, run after run, one window of its events behind the other. Read together, the
events are read once: what the search reads is the same in all its runs, and each row is handed to the runs whose
window its `_time` lies in.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, fields
from typing import Any

from splmini.engine.readings import Reading
from splmini.errors import SplError
from splmini.operators import Batch, Row, union

INDEXED = "_indextime"


@dataclass(frozen=True)
class Window:
    """A run of a scheduled search: when it is due, and the time that it searches (None: no bound)."""

    due: float
    earliest: float | None
    latest: float | None

    @property
    def least(self) -> float:
        """Its first time."""
        return float("-inf") if self.earliest is None else self.earliest

    @property
    def most(self) -> float:
        """The time it ends before."""
        return float("inf") if self.latest is None else self.latest


@dataclass
class Spread(Reading):
    """A reading whose rows go to the readings of several windows, made when their first row comes.

    `made` makes the reading of a window, by its place. Rows whose `_indextime` lies behind the time at which a window
    is due were not there when it ran; those that no window sees are counted as `late`.
    """

    windows: Sequence[Window] = ()
    made: Callable[[int], Reading] | None = None
    parts: dict[int, Reading] = field(default_factory=dict)
    late: int = 0

    def __post_init__(self) -> None:
        self.earliest = [each.least for each in self.windows]
        self.latest = [each.most for each in self.windows]
        self.monotone = self.earliest == sorted(self.earliest) and self.latest == sorted(self.latest)

    def part(self, number: int) -> Reading:
        """Return the reading of a window."""
        if number not in self.parts:
            assert self.made is not None
            self.parts.setdefault(number, self.made(number))  # what makes it may ask for it, too
        return self.parts[number]

    def take(self, rows: Batch) -> None:
        """Hand rows that satisfy the predicate to the windows that hold them."""
        if self.error is not None:
            return
        self.taken += len(rows)
        found: dict[int, list[Row]] = {}
        for row in rows:
            places = self._places(row)
            for count, number in enumerate(places):
                found.setdefault(number, []).append(dict(row) if count else row)
        try:
            for number, own in found.items():
                self.part(number).take(own)
        except SplError as error:
            self.error = error

    def _places(self, row: Row) -> Sequence[int]:
        """The windows that a row belongs to; one without a time belongs to all, as it does in a run."""
        moment, indexed = row.get("_time"), row.get(INDEXED)
        if not isinstance(moment, (int, float)):
            places: Sequence[int] = range(len(self.windows))
        elif self.monotone:
            places = range(bisect_right(self.latest, moment), bisect_right(self.earliest, moment))
        else:
            places = [n for n, each in enumerate(self.windows) if each.least <= moment < each.most]
        if places and isinstance(indexed, (int, float)):
            seen = [number for number in places if indexed <= self.windows[number].due]
            self.late += not seen
            return seen
        return places


def spread(reading: Reading, windows: Sequence[Window], made: Callable[[int], Reading]) -> Spread:
    """Return the reading of many windows that reads what `reading` reads."""
    own: dict[str, Any] = {each.name: getattr(reading, each.name) for each in fields(Reading)}
    own |= {"rows": [], "state": None, "steps": [], "needed": union(reading.needed, frozenset({"_time", INDEXED}))}
    return Spread(**own, windows=windows, made=made)


__all__ = ["Spread", "Window", "spread"]
