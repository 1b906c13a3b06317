"""What a run knows about how its rows are looked at: the search, the time zone; and times, sparklines as text."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone, tzinfo
from functools import cached_property
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from splmini.language import tree
    from splmini.operators import Row
    from splmini.registry import Chart, CommandSpec

EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)
SPARKLINE = "##__SPARKLINE__##"
LONGEST_TERM = 200
SHORTEST_VALUE = 3


def _is_table(spec: CommandSpec) -> bool:
    """Say whether what a command gives is a table, and no events any more."""
    return spec.category in ("transforming", "generating") if spec.tabular is None else spec.tabular


@dataclass(frozen=True)
class View:
    """The search that rows come from, and the zone that their times are shown in."""

    tree: tree.Pipeline | None = None
    timezone: tzinfo = timezone.utc

    @cached_property
    def chart(self) -> Chart | None:
        """How the rows are drawn; None where no charting command made them, or something changed them since."""
        for spec in reversed(self._specs):
            if spec is None or spec.chart is not None or not spec.keeps_chart:
                return None if spec is None else spec.chart
        return None

    @cached_property
    def events(self) -> bool:
        """Whether the rows are events: no command made anything else of them."""
        return self.tree is not None and not any(spec is None or _is_table(spec) for spec in self._specs)

    @cached_property
    def _specs(self) -> list[CommandSpec | None]:
        from splmini.registry import find_command

        return [] if self.tree is None else [find_command(command.name) for command in self.tree.commands]

    @cached_property
    def terms(self) -> tuple[str, ...]:
        """The words and values that the search asked for, the longest first; each may hold `*`."""
        found: dict[str, None] = {}
        for command, spec in zip(self.tree.commands if self.tree is not None else (), self._specs, strict=True):
            if spec is not None and spec.dialect == "search":
                for argument in command.args:
                    found.update(dict.fromkeys(_terms(argument)))
        usable = (term for term in found if term.strip("*") and len(term) <= LONGEST_TERM)
        return tuple(sorted(usable, key=len, reverse=True))

    @cached_property
    def named(self) -> tuple[str, ...]:
        """The fields that the search names, in its order."""
        from splmini.language import tree

        found: dict[str, None] = {}
        for node in tree.walk(self.tree) if self.tree is not None else ():
            if isinstance(node, (tree.FieldComparison, tree.FieldIn)):
                found[node.field] = None
            elif isinstance(node, tree.FieldRef):
                found[node.name] = None
            elif isinstance(node, tree.Word):
                found[node.text] = None
        return tuple(found)

    def iso(self, value: Any) -> str:
        """Return an epoch as an ISO time with its zone; what is none, as text.

        >>> View().iso(1767225600.25)
        '2026-01-01T00:00:00.250Z'
        """
        text = self._clocked(value, "T")
        return text.removesuffix("+00:00") + "Z" if text.endswith("+00:00") else text

    def time(self, value: Any) -> str:
        """Return an epoch as it is shown, in the view's time zone; what is none, as text.

        >>> View().time(1767225600.25)
        '2026-01-01 00:00:00.250'
        """
        return self._clocked(value, " ", zone=False)

    def _clocked(self, value: Any, separator: str, zone: bool = True) -> str:
        """An epoch as date and time, to the millisecond where it is none of whole seconds."""
        moment = self.moment(value)
        if moment is None:
            return as_text(value)
        if not zone:
            moment = moment.replace(tzinfo=None)
        return moment.isoformat(separator, "seconds" if float(value).is_integer() else "milliseconds")

    def timed(self, rows: Iterable[Row], iso: bool = False) -> list[Row]:
        """Return rows whose `_time` is text: as `time` or `iso` gives it."""
        show = self.iso if iso else self.time
        return [{**row, "_time": show(row["_time"])} if "_time" in row else row for row in rows]

    def moment(self, value: Any) -> datetime | None:
        """Return an epoch as a datetime in the view's time zone; None for what is no epoch."""
        if not isinstance(value, (int, float)):
            return None
        try:
            # Windows' fromtimestamp has no times before 1970
            return (EPOCH + timedelta(seconds=value)).astimezone(self.timezone)
        except (ValueError, OverflowError):
            return None


def _terms(node: tree.Node) -> Iterator[str]:
    """The texts that a search expression asks for; nothing of what it refuses."""
    from splmini.language import tree

    if isinstance(node, (tree.And, tree.Or)):
        for item in node.items:
            yield from _terms(item)
    elif isinstance(node, (tree.Term, tree.Directive)):
        yield node.text
    elif isinstance(node, tree.FieldComparison) and node.op in ("=", "=="):
        yield from _telling(node.value)
    elif isinstance(node, tree.FieldIn):
        for term in node.values:
            yield from _telling(term.text)


def _telling(value: str) -> Iterator[str]:
    """A value that is worth marking in a text: `1` would be found everywhere."""
    if len(value.strip("*")) >= SHORTEST_VALUE:
        yield value


def as_text(value: Any) -> str:
    """Return one value of a field as text."""
    from splmini.values.numbers import to_text

    return value if isinstance(value, str) else to_text(value)


def is_sparkline(value: Any) -> bool:
    """Say whether a value is a sparkline: the marker, and numbers behind it."""
    return isinstance(value, list) and len(value) > 1 and value[0] == SPARKLINE


def points(value: list[Any]) -> list[float]:
    """Return the numbers of a sparkline."""
    from splmini.values.numbers import to_number

    return [float(to_number(each) or 0) for each in value[1:]]
