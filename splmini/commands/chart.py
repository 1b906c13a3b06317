"""chart: aggregates as a table, a row for each value of one field and a column for each value of another."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

from splmini.commands.aggregation import binning
from splmini.commands.aggregation.groups import Grouping, Groups, by_fields, fields_needed
from splmini.commands.aggregation.pivot import (
    BIN_OPTIONS,
    SERIES_OPTIONS,
    Bins,
    Names,
    Note,
    Split,
    check_split,
    idle_options,
    read_bins,
    read_measures_of,
    read_split,
)
from splmini.commands.aggregation.pivot_table import Table, with_number
from splmini.commands.aggregation.slices import PlacedSource, Rows, Source
from splmini.commands.arguments.reading import Arguments, read
from splmini.commands.stats import order_matters
from splmini.language import tree
from splmini.operators import Columns, Fields, Operator, Partial, Row, RunContext, Stream, batched
from splmini.registry import BuildScope, Chart, Example, command
from splmini.values.numbers import to_number, to_text
from splmini.values.sorting import auto_key

OPTIONS = {**SERIES_OPTIONS, **BIN_OPTIONS}


@dataclass(frozen=True)
class Settings:
    """A chart, read; `row` is the field of its rows, None where it has none."""

    grouping: Grouping
    row: str | None
    bins: Bins | None
    split: Split | None
    names: Names
    cont: bool
    note: Note | None = None


@command(
    "chart",
    "aggregation",
    options=OPTIONS,
    clauses=("by", "over", "where"),
    category="transforming",
    syntax="chart [limit=N|topN|bottomN] [useother=BOOL] [usenull=BOOL] [sep=STRING] [format=STRING] [cont=BOOL] "
    "FUNCTION(FIELD) [AS NAME] ... [OVER ROW [span=SPAN]] [BY [ROW [span=SPAN]] COLUMN [where FUNCTION in topN]]",
    chart=Chart("column", axis="first"),
    reduces=True,
    calculates=True,
    source="https://docs.splunk.com/Documentation/Splunk/latest/SearchReference/Chart",
    examples=(
        Example(
            "| chart sum(v) over p by q",
            [{"p": "A", "Q1": 3, "Q2": 5}, {"p": "B", "Q1": 4}],
            ({"p": "A", "q": "Q1", "v": 3}, {"p": "A", "q": "Q2", "v": 5}, {"p": "B", "q": "Q1", "v": 4}),
        ),
        Example("| chart count by size span=100", [{"size": "0-100", "count": 2}], ({"size": 30}, {"size": 99})),
        Example(
            "| chart count over host by status limit=1",
            [{"host": "a", "200": 2, "OTHER": 1}, {"host": "b", "200": 1, "OTHER": 0}],
            (
                {"host": "a", "status": 200},
                {"host": "a", "status": 200},
                {"host": "a", "status": 500},
                {"host": "b", "status": 200},
            ),
        ),
    ),
)
def build(node: tree.Command, scope: BuildScope) -> Operator:
    """Aggregates as a table: a row for each value of the first field, a column for each value of the second.

    With one field it is like stats. Rows are sorted by their field, columns lexicographically. The ten series with
    the greatest sums are shown (of several aggregates: with the most events); the others are aggregated as OTHER, rows
    without the column's field as NULL, which does not count towards the limit; both columns stand last. Rows without
    the row's field are left out. Counts are 0 for combinations that do not occur, other aggregates null. A series
    whose name begins with an underscore gets the prefix VALUE. A multivalue field puts the row in each of its values.

    Bin options (`span`, `bins`, `start`, `end`, `aligntime`) belong to the field before them, or to the row's field;
    numbers outside of `start` and `end` are left out, and empty bins between others are shown, unless they are
    logarithmic or `cont=f`. With several aggregates and a column field the columns are named `AGGREGATE: VALUE`; `sep`
    and `format` change that. A where clause chooses the columns instead; in it, `count` is the number of events. The
    field of the rows cannot be aggregated.
    """
    settings = read_settings(node, scope)

    def create(ctx: RunContext) -> ChartState:
        return ChartState(settings, ctx)

    needed = fields_needed(settings.grouping.measures, settings.grouping.by)

    def requires(after: Fields) -> Fields:
        return needed

    ordered = order_matters(settings.grouping.measures)
    return Partial(
        name=node.name,
        create=create,
        requires=requires,
        order_matters=ordered,
        span=node.span,
        takes_tables=settings.grouping.names_fields,
    )


def read_settings(node: tree.Command, scope: BuildScope) -> Settings:
    """Read the arguments of chart."""
    plain, owners = owned_options(node)
    arguments = read(plain, OPTIONS, clauses=("by", "over", "where"))
    over = by_fields(arguments.clause("over"), node)
    by = by_fields(arguments.clause("by"), node)
    fields = (*over, *by)
    if len(over) > 1 or len(fields) > 2:
        arguments.fail("chart takes one field for its rows and one for its columns.")
    if "where" in arguments.clauses and len(fields) < 2:
        arguments.fail("where chooses series: it needs a field for the columns.", arguments.clauses["where"])
    row = fields[0] if fields else None
    measures = read_measures_of(arguments, scope, fields[:1])
    check_split(arguments, measures, fields, len(fields) == 2)
    _refuse_row_field(arguments, row)
    row_bins, column_bins = _bins(node, arguments, owners, fields)
    grouping = Grouping(
        measures, fields, dedup_splitvals=arguments["dedup_splitvals"], command=node.name, span=node.span
    )
    split = read_split(arguments, fields[1], column_bins) if len(fields) == 2 else None
    if split is not None and split.counts_events(measures):
        grouping = with_number(grouping)
    names = Names(arguments["sep"], arguments["format"])
    return Settings(grouping, row, row_bins, split, names, arguments["cont"], idle_options(arguments, len(fields) == 2))


def owned_options(node: tree.Command) -> tuple[tree.Command, dict[str, list[tree.Option]]]:
    """Take the options out of the clauses; bin options belong to the field that they follow."""
    args: list[tree.Node] = []
    owners: dict[str, list[tree.Option]] = {}
    for argument in node.args:
        if not isinstance(argument, tree.Clause):
            args.append(argument)
            continue
        words: list[tree.Node] = []
        for item in argument.items:
            if not isinstance(item, tree.Option):
                words.append(item)
            elif item.name in BIN_OPTIONS and words and isinstance(words[-1], tree.Word):
                owners.setdefault(words[-1].text, []).append(item)
            else:
                args.append(item)
        args.append(replace(argument, items=tuple(words)))
    return replace(node, args=tuple(args)), owners


def _bins(
    node: tree.Command, arguments: Arguments, owners: dict[str, list[tree.Option]], fields: tuple[str, ...]
) -> tuple[Bins | None, Bins | None]:
    found: list[Bins | None] = []
    for name in fields:
        own = read(tree.Command(node.name, tuple(owners.get(name, ())), span=node.span), OPTIONS)
        found.append(read_bins(own, own.given))
    found += [None] * (2 - len(found))
    if found[0] is None:
        found[0] = read_bins(arguments, arguments.given)
    return found[0], found[1]


def _refuse_row_field(arguments: Arguments, row: str | None) -> None:
    for node in arguments.aggregations:
        for argument in node.args:
            if row is not None and isinstance(argument, tree.Word) and argument.text == row:
                arguments.fail(
                    f"'{row}' is the field of the rows: it cannot be aggregated, too.",
                    argument,
                    hint="Copy it to another field with eval first.",
                )


class ChartState:
    """The state of chart: groups by row and series. Where bins are to be chosen, rows start out as single values."""

    def __init__(self, settings: Settings, ctx: RunContext) -> None:
        self.settings = settings
        self.bins: Any = None if settings.bins is None else settings.bins.binning(ctx)
        sources: list[Source] = []
        if settings.row is not None:
            sources.append(PlacedSource(settings.row, None, self._placer()))
        if settings.split is not None:
            sources.append(settings.split.source(ctx))
        self.groups = Groups(settings.grouping, ctx, sources)

    def _placer(self) -> Callable[[Any], Any] | None:
        bins, options = self.bins, self.settings.bins
        if bins is None or options is None:
            return None

        def place(value: Any) -> Any:
            number = to_number(value)
            if number is not None and not options.holds(number):
                return None
            bounds = None if number is None else bins.bounds(number)
            return value if bounds is None else to_text(bounds[0]) + "\0"

        return place

    def update(self, batch: Rows) -> None:
        """Take in a batch."""
        self.groups.update(batch)

    def merge(self, other: ChartState) -> None:
        """Take in the state of later rows."""
        self.groups.merge(other.groups)

    def finish(self, ctx: RunContext) -> Stream:
        """Give the table."""
        settings = self.settings
        if settings.note is not None:
            settings.note.tell(ctx)
        if settings.row is None:
            return Stream(self.groups.batches(ctx), _declared(self.groups.names()))
        if settings.bins is not None and self.bins is None:
            self._choose_bins(ctx)
        labels = self._labels()
        if settings.split is None:
            columns = [settings.row, *self.groups.names()]
            return Stream(batched(self._plain(labels, ctx)), _declared(columns))
        table = Table(self.groups, ctx, settings.split, settings.names)
        table.choose()
        return Stream(batched(table.rows(labels)), _declared([settings.row, *table.columns()]))

    def _plain(self, labels: list[tuple[str, Row]], ctx: RunContext) -> Iterator[Row]:
        results = self.groups.results(ctx)
        for key, own in labels:
            yield {**own, **results(key)}

    def _row_keys(self) -> set[str]:
        keys = self.groups.group_keys()
        return set(keys) if self.settings.split is None else {key[0] for key in keys}

    def _labels(self) -> list[tuple[str, Row]]:
        """The keys of the rows and how each is written, in order; with gaps filled where rows are bins."""
        row = self.settings.row or ""
        shown = self.groups.shown[0]
        keys = self._row_keys()
        if self.bins is None:
            return [(key, {row: shown.get(key, key)}) for key in sorted(keys, key=auto_key)]
        starts = {key: to_number(key[:-1]) for key in keys if key.endswith("\0")}
        numbers = sorted(number for number in starts.values() if number is not None)
        if self.settings.cont and numbers and not isinstance(self.bins, binning.LogBins):
            numbers = self._filled(numbers[0], numbers[-1])
        binned = [(to_text(start) + "\0", {row: self._label(start)}) for start in numbers]
        single = [(key, {row: shown.get(key, key)}) for key in sorted(keys - set(starts), key=auto_key)]
        before = [item for item in single if to_number(item[0]) is not None]
        return before + binned + [item for item in single if to_number(item[0]) is None]

    def _label(self, start: float) -> Any:
        timed = isinstance(self.bins, binning.TimeBins)
        return start if timed else binning.label(self.bins, start, start)

    def _filled(self, low: float, high: float) -> list[int | float]:
        result: list[int | float] = [low]
        while result[-1] < high and len(result) < MOST_BINS:
            bounds = self.bins.bounds(result[-1])
            if bounds is None or bounds[1] <= result[-1]:
                break
            result.append(bounds[1])
        return result

    def _choose_bins(self, ctx: RunContext) -> None:
        """Choose bins for the values met, and merge the values of each bin."""
        options = self.settings.bins
        assert options is not None
        met = [number for key in self._row_keys() if (number := to_number(key)) is not None]
        numbers = [number for number in met if options.holds(number)]
        edges = [*numbers, *(edge for edge in (options.start, options.end) if edge is not None)]
        if not edges:
            return
        count = options.bins or DEFAULT_BINS
        least = options.minspan
        if self.settings.row == "_time":
            span = binning.automatic_time_span(min(edges), max(edges), count, least)
            self.bins = binning.TimeBins(span, ctx.timezone, binning.align_time(options.align, ctx))
        else:
            width = binning.automatic_width(min(edges), max(edges), count, least.count if least else None)
            self.bins = binning.LinearBins(width)
        place, split = self._placer(), self.settings.split is not None
        assert place is not None

        def target(key: Any) -> Any:
            placed = place(key[0] if split else key)
            return (placed, key[1]) if split and placed is not None else placed

        self.groups.fold(target)


DEFAULT_BINS = 300
MOST_BINS = 50_000


def _declared(names: list[str]) -> Callable[[], Columns]:
    def columns() -> Columns:
        return names

    return columns
