"""top and rare: the most, or least, common values of fields."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from splmini.commands.aggregation.groups import Grouping, Groups, Measure, by_fields
from splmini.commands.aggregation.slices import Rows
from splmini.commands.arguments.options import parse_int
from splmini.commands.arguments.reading import Arguments, read, repeated
from splmini.commands.stats import hoisted
from splmini.language import tree
from splmini.operators import Columns, Fields, Operator, Partial, Row, RunContext, Stream, batched
from splmini.registry import BuildScope, Chart, Example, OptionSpec, command
from splmini.values.sorting import auto_key

OPTIONS = {
    "limit": OptionSpec("int", default=10, doc="How many values to give, for each group; 0: all."),
    "countfield": OptionSpec("field", default="count", doc="The name of the column of counts."),
    "percentfield": OptionSpec("field", default="percent", doc="The name of the column of percentages."),
    "showcount": OptionSpec("bool", default=True, doc="Whether counts are shown."),
    "showperc": OptionSpec("bool", default=True, doc="Whether percentages are shown."),
    "useother": OptionSpec("bool", default=False, doc="Whether a last row stands for all other values."),
    "otherstr": OptionSpec("string", default="OTHER", doc="What that row has in place of values."),
}
EVENTS = tuple({"s": value} for value in "xxxyyz")


@dataclass(frozen=True)
class Settings:
    """A top or rare, read; the grouping counts by the by-fields, then the fields."""

    grouping: Grouping
    groups: int
    limit: int
    count: str | None
    percent: str | None
    other: str | None
    rare: bool


@command(
    "top",
    options=OPTIONS,
    clauses=("by",),
    category="transforming",
    syntax="top [N] [limit=INT] [countfield=NAME] [percentfield=NAME] [showcount=BOOL] [showperc=BOOL] "
    "[useother=BOOL] [otherstr=STRING] FIELD ... [BY FIELD ...]",
    chart=Chart("bar", axis="values"),
    reduces=True,
    source="https://docs.splunk.com/Documentation/Splunk/latest/SearchReference/Top",
    examples=(
        Example(
            "| top limit=2 s",
            [{"s": "x", "count": 3, "percent": "50.000000"}, {"s": "y", "count": 2, "percent": "33.333333"}],
            EVENTS,
        ),
        Example(
            "| top limit=1 showperc=false useother=true app by user",
            [
                {"user": "a", "app": "x", "count": 2},
                {"user": "a", "app": "OTHER", "count": 1},
                {"user": "b", "app": "z", "count": 1},
            ],
            (
                {"user": "a", "app": "x"},
                {"user": "a", "app": "x"},
                {"user": "a", "app": "y"},
                {"user": "b", "app": "z"},
            ),
        ),
    ),
)
def build(node: tree.Command, scope: BuildScope) -> Operator:
    """The most common values of a field, or combinations of values of several, with count and percentage.

    Rows that lack one of the fields are not counted; each value of a multivalue field is. With BY, values are counted
    in each group, and the limit and the percentages are those of the group; groups come in the order of their fields.
    Values come in descending order of their counts, those of equal counts in descending order too, so that a limit
    keeps the last of them, as Splunk documents; rare has both ascending. Percentages are
    texts with six decimals. The number of all that was counted stays with each row as `_tc`, which shows where it is
    asked for. A column without count or percentage is left out where `showcount` or `showperc` is false.

    *Null*: a row that lacks one of the fields is not counted.

    Memory: one number for each combination of values.
    """
    return operator_of(read_settings(node), TopState)


def read_settings(node: tree.Command) -> Settings:
    """Read the arguments of top or rare."""
    arguments = read(hoisted(node), OPTIONS, clauses=("by",), takes=(tree.Word,))
    words = list(arguments.words)
    limit = arguments["limit"]
    if words and not words[0].quoted and (number := parse_int(words[0].text)) is not None:
        limit = number
        words.pop(0)
    if limit < 0:
        arguments.fail("The limit is not negative.", arguments.given.get("limit"))
    fields = by_fields(words, node)
    by = by_fields(arguments.clause("by"), node)
    if not fields:
        arguments.fail(f"{node.name} needs a field.")
    both = [name for name in by if name in fields]
    if both:
        arguments.fail(f"'{both[0]}' is counted: it cannot be a group-by field, too.", arguments.clauses["by"])
    twice = repeated(words)
    if twice is not None:
        arguments.fail(f"'{twice.text}' is given twice.", twice)
    grouping = Grouping((Measure("count", "count"),), (*by, *fields), command=node.name, span=node.span)
    taken = {*by, *fields}
    counts = _column(arguments, "countfield", taken) if arguments["showcount"] else None
    shares = _column(arguments, "percentfield", taken) if arguments["showperc"] else None
    if counts is not None and counts == shares:
        at = arguments.given.get("countfield") or arguments.given.get("percentfield")
        arguments.fail(f"The count and the percentage are both named '{counts}'.", at)
    return Settings(
        grouping,
        len(by),
        limit,
        counts,
        shares,
        arguments["otherstr"] if arguments["useother"] else None,
        node.name in ("rare", "sirare"),
    )


def _column(arguments: Arguments, option: str, taken: set[str]) -> str:
    """The name of a column; a default that is the name of a field gets that of the command in front."""
    name: str = arguments[option]
    if name in taken and option in arguments.given:
        arguments.fail(f"'{name}' is the name of a field that is counted or grouped by.", arguments.given[option])
    return f"{arguments.command.name}_{name}" if name in taken else name


def operator_of(settings: Settings, state: Any) -> Operator:
    """Return the operator of top or rare with a state of some kind."""

    def create(ctx: RunContext) -> Any:
        return state(settings, Groups(settings.grouping, ctx))

    def requires(after: Fields) -> Fields:
        return frozenset(settings.grouping.by)

    grouping = settings.grouping
    return Partial(
        name=grouping.command, create=create, requires=requires, span=grouping.span, takes_tables=state is TopState
    )


class TopState:
    """The state of top and rare: counts by group and value."""

    def __init__(self, settings: Settings, groups: Groups) -> None:
        self.settings = settings
        self.groups = groups

    def update(self, batch: Rows) -> None:
        """Take in a batch."""
        self.groups.update(batch)

    def merge(self, other: TopState) -> None:
        """Take in the state of later rows."""
        self.groups.merge(other.groups)

    def finish(self, ctx: RunContext) -> Stream:
        """Give the values."""
        settings = self.settings

        def columns() -> Columns:
            return [*settings.grouping.by, *(name for name in (settings.count, settings.percent) if name)]

        return Stream(batched(self._rows(ctx)), columns)

    def _rows(self, ctx: RunContext) -> Iterator[Row]:
        settings, groups = self.settings, self.groups
        aggregates = groups.results(ctx)
        several = len(settings.grouping.by) > 1
        members: dict[tuple[str, ...], list[tuple[int, Any]]] = {}
        for key in groups.group_keys():
            parts = key if several else (key,)
            members.setdefault(parts[: settings.groups], []).append((aggregates(key).get("count", 0), key))
        sign = 1 if settings.rare else -1
        for group in sorted(members, key=_sort_key):
            found = members[group]
            total = sum(count for count, _ in found)
            found.sort(key=lambda item: _sort_key(item[1] if several else (item[1],)), reverse=not settings.rare)
            found.sort(key=lambda item: sign * item[0])
            kept = found[: settings.limit] if settings.limit else found
            for count, key in kept:
                yield self._row(groups.key_fields(key), count, total)
            if settings.other is not None and len(kept) < len(found):
                own = groups.key_fields(found[0][1])
                own.update(dict.fromkeys(settings.grouping.by[settings.groups :], settings.other))
                yield self._row(own, total - sum(count for count, _ in kept), total)

    def _row(self, row: Row, count: int, total: int) -> Row:
        if self.settings.count:
            row[self.settings.count] = count
        if self.settings.percent:
            row[self.settings.percent] = f"{count / total * 100:.6f}"
        row["_tc"] = total
        return row


def _sort_key(parts: tuple[str, ...]) -> tuple[Any, ...]:
    return tuple(map(auto_key, parts))
