"""timechart: aggregates over time, a row for each time bucket and a column for each series."""

from __future__ import annotations

import re
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
    rate_unit,
    read_bins,
    read_measures_of,
    read_split,
)
from splmini.commands.aggregation.pivot_table import Table, with_number
from splmini.commands.aggregation.slices import Rows, Source
from splmini.commands.arguments.reading import Arguments, read
from splmini.commands.chart import owned_options
from splmini.commands.stats import order_matters
from splmini.errors import LimitExceeded
from splmini.language import tree
from splmini.operators import Columns, Fields, Operator, Partial, Row, RunContext, Stream, batched, union
from splmini.registry import BuildScope, Chart, Example, OptionSpec, command
from splmini.values import times
from splmini.values.numbers import to_number, to_text

OPTIONS = {
    **SERIES_OPTIONS,
    **BIN_OPTIONS,
    "partial": OptionSpec("bool", default=True, doc="Whether a first or last bucket stays that the time range cuts."),
    "fixedrange": OptionSpec("bool", default=True, doc="Whether the rows cover the time range of the search."),
}
DEFAULT_BINS = 100
_TIME_LENGTH = re.compile(r"[0-9.]*[A-Za-z]+(?:@\w+)?(?<!log)")
LEVELS = tuple(times.parse_span(text) for text in binning.TIME_SPANS)


@dataclass(frozen=True)
class Settings:
    """A timechart, read."""

    grouping: Grouping
    bins: Bins
    split: Split | None
    names: Names
    cont: bool
    partial: bool
    fixedrange: bool
    note: Note | None = None


@command(
    "timechart",
    "aggregation",
    options=OPTIONS,
    clauses=("by", "where"),
    category="transforming",
    syntax="timechart [span=SPAN] [bins=INT] [minspan=SPAN] [aligntime=TIME] [limit=N|topN|bottomN] [useother=BOOL] "
    "[usenull=BOOL] [cont=BOOL] [partial=BOOL] [fixedrange=BOOL] [sep=STRING] [format=STRING] "
    "FUNCTION(FIELD) [AS NAME] ... [BY FIELD [where FUNCTION in topN]]",
    chart=Chart("line"),
    reduces=True,
    calculates=True,
    source="https://docs.splunk.com/Documentation/Splunk/latest/SearchReference/Timechart",
    examples=(
        Example(
            "| timechart span=1h count",
            [{"_time": 1700006400, "count": 1}, {"_time": 1700010000, "count": 0}, {"_time": 1700013600, "count": 1}],
            ({"_time": 1700006401}, {"_time": 1700013601}),
        ),
        Example(
            "| timechart span=1h max(v) by h",
            [{"_time": 1700006400, "a": 3, "b": 2}],
            ({"_time": 1700006401, "h": "a", "v": 3}, {"_time": 1700006402, "h": "b", "v": 2}),
        ),
    ),
)
def build(node: tree.Command, scope: BuildScope) -> Operator:
    """Aggregates over time: a row for each time bucket, a column for each aggregate or, with BY, for each series.

    Rows come in ascending time; empty buckets between the first and the last are shown unless `cont=f`: counts are 0
    there, other aggregates null. Where the search has a time range the rows cover it, unless `fixedrange=f`;
    `partial=f` leaves out a first or last bucket that the range cuts. Without `span` the least usual span (1, 5, 10,
    30 seconds, 1, 5, 10, 30 minutes, 1 hour, 1 day, 1 month) is taken that gives at most `bins` (100) buckets.
    Events without `_time` are left out.

    With BY the ten series with the greatest sums are shown (of several aggregates: with the most events), in
    lexicographical order; ties go to the name that sorts first. The others are aggregated as OTHER, events without
    the field as NULL, which does not count towards the limit; both stand last. A series whose name begins with an
    underscore gets the prefix VALUE. A multivalue split field puts the event in each of its series.
    `eval(EXPRESSION)` over aggregates needs a BY clause. Bin options behind the split field put its numbers into bins;
    a length of time there is that of the time buckets, unless these have one.

    Memory: one set of aggregates for each time bucket and series.
    """
    return operator_of(read_settings(node, scope), TimechartState)


def read_settings(node: tree.Command, scope: BuildScope) -> Settings:
    """Read the arguments of timechart."""
    plain, split_bins = _split_bins(*owned_options(_without_auto(node)))
    arguments = read(plain, OPTIONS, clauses=("by", "where"))
    by = by_fields(arguments.clause("by"), node)
    if len(by) > 1:
        arguments.fail("timechart splits by one field.", arguments.clauses["by"])
    if "where" in arguments.clauses and not by:
        arguments.fail("where chooses series: it needs a BY clause.", arguments.clauses["where"])
    measures = read_measures_of(arguments, scope, ())
    check_split(arguments, measures, by, bool(by), alone=False)
    bins = read_bins(arguments, arguments.given) or Bins()
    _check_span(arguments, bins)
    grouping = Grouping(
        measures, ("_time", *by), dedup_splitvals=arguments["dedup_splitvals"], command=node.name, span=node.span
    )
    own = read(tree.Command(node.name, tuple(split_bins), span=node.span), OPTIONS)
    split = read_split(arguments, by[0], read_bins(own, own.given)) if by else None
    if split is not None and split.counts_events(measures):
        grouping = with_number(grouping)
    names = Names(arguments["sep"], arguments["format"])
    return Settings(
        grouping,
        bins,
        split,
        names,
        arguments["cont"],
        arguments["partial"],
        arguments["fixedrange"],
        idle_options(arguments, bool(by)),
    )


def _without_auto(node: tree.Command) -> tree.Command:
    """Return the command without `span=auto`, which is what timechart does without a span."""

    def automatic(argument: tree.Node) -> bool:
        return isinstance(argument, tree.Option) and argument.name == "span" and str(argument.value).lower() == "auto"

    return replace(node, args=tuple(argument for argument in node.args if not automatic(argument)))


def _split_bins(node: tree.Command, owners: dict[str, list[tree.Option]]) -> tuple[tree.Command, list[tree.Option]]:
    """Tell the bin options behind the split field, which are its own, from those of time.

    A length of time such as `by host span=1h` is that of the buckets where they have none yet.
    """
    given = {argument.name for argument in node.args if isinstance(argument, tree.Option)}
    own = [option for options in owners.values() for option in options]
    timed = [
        option
        for option in own
        if option.name in ("span", "minspan")
        and option.name not in given
        and isinstance(option.value, tree.Word)
        and _TIME_LENGTH.fullmatch(option.value.text)
    ]
    aligned = [option for option in own if option.name == "aligntime" and "aligntime" not in given]
    moved = [*timed, *aligned]
    return replace(node, args=(*node.args, *moved)), [option for option in own if option not in moved]


def _check_span(arguments: Arguments, bins: Bins) -> None:
    for name, span in (("span", bins.span), ("minspan", bins.minspan)):
        if span is not None and span.unit == "log":
            arguments.fail(f"The {name} of timechart is a length of time, such as 5m or 1d.", arguments.given[name])


def operator_of(settings: Settings, state: Callable[[Settings, RunContext], Any]) -> Operator:
    """Return the operator of a timechart with a state of some kind."""

    def create(ctx: RunContext) -> Any:
        return state(settings, ctx)

    needed = union(fields_needed(settings.grouping.measures, settings.grouping.by), frozenset({"_time"}))

    def requires(after: Fields) -> Fields:
        return needed

    ordered, span = order_matters(settings.grouping.measures), settings.grouping.span
    return Partial(
        name=settings.grouping.command,
        create=create,
        requires=requires,
        order_matters=ordered,
        span=span,
        takes_tables=state is TimechartState and settings.grouping.names_fields,
    )


class TimeSource(Source):
    """The start of the bucket of a row's time, as text; `extent` holds the first and the last start met."""

    __slots__ = ("bins", "extent")
    bins: Any
    extent: list[float]

    def __init__(self, bins: Any) -> None:
        object.__setattr__(self, "name", "\0time")
        object.__setattr__(self, "evaluate", None)
        object.__setattr__(self, "bins", bins)
        object.__setattr__(self, "extent", [])

    def read(self, rows: Rows) -> list[Any]:
        """Return the bucket of each row; None for a row without time."""
        bounds, extent = self.bins.bounds, self.extent
        low, high, text = 1.0, 0.0, ""
        result: list[Any] = []
        for moment in Source("_time").read(rows):
            time = moment if moment.__class__ is float or moment.__class__ is int else to_number(moment)
            if time is None:
                result.append(None)
                continue
            if not low <= time < high:
                known = to_number(time)  # none for NaN and what no double holds
                found = None if known is None else bounds(known)
                if found is None:
                    result.append(None)
                    continue
                low, high = found
                text = to_text(low)
                extent[:] = (min(extent[0], low), max(extent[1], low)) if extent else (low, low)
            result.append(text)
        return result


class TimechartState:
    """The state of timechart: groups by time bucket and series.

    Where the span is to be chosen, buckets start out as seconds and are merged as the range of times grows.
    """

    def __init__(self, settings: Settings, ctx: RunContext) -> None:
        self.settings = settings
        self.searched = (ctx.earliest, ctx.latest)
        self.range = self.searched if settings.fixedrange else (None, None)
        self.level = -1
        self.taken = 0
        bins = settings.bins.binning(ctx)
        if bins is None:
            least = settings.bins.minspan
            fixed = self._known_range()
            if fixed is not None:
                span = binning.automatic_time_span(*fixed, settings.bins.bins or DEFAULT_BINS, least)
                bins = binning.TimeBins(span, ctx.timezone, binning.align_time(settings.bins.align, ctx))
            else:
                self.level = 0
                bins = binning.TimeBins(LEVELS[0], ctx.timezone)
        self.bins = bins
        source = TimeSource(bins)
        self.extent = source.extent
        sources: list[Source] = [source]
        if settings.split is not None:
            sources.append(settings.split.source(ctx))
        self.groups = Groups(settings.grouping, ctx, sources)

    def _known_range(self) -> tuple[float, float] | None:
        earliest, latest = self.range
        return (earliest, latest) if earliest is not None and latest is not None and earliest < latest else None

    # ---- taking rows in ------------------------------------------------------------------------------------------

    def update(self, batch: Rows) -> None:
        """Take in a batch."""
        self.taken += len(batch)
        self.groups.update(batch)
        if self.level >= 0:
            self._coarsen()

    def merge(self, other: TimechartState) -> None:
        """Take in the state of later rows."""
        if self.level >= 0:
            level = max(self.level, other.level)
            self._set_level(level)
            other._set_level(level)
        self.taken += other.taken
        self.groups.merge(other.groups)
        both = [*self.extent, *other.extent]
        self.extent[:] = [min(both), max(both)] if both else []
        if self.level >= 0:
            self._coarsen()

    def _coarsen(self) -> None:
        if not self.extent:
            return
        bins = self.settings.bins
        least = bins.minspan
        span = binning.automatic_time_span(self.extent[0], self.extent[1], bins.bins or DEFAULT_BINS, least)
        self._set_level(LEVELS.index(span) if span in LEVELS else len(LEVELS) - 1)

    def _set_level(self, level: int) -> None:
        if level <= self.level:
            return
        self.level = level
        self.bins = binning.TimeBins(LEVELS[level], self.bins.timezone)
        if self.groups.sources and isinstance(self.groups.sources[0], TimeSource):
            source = self.groups.sources[0] = TimeSource(self.bins)
            source.extent[:] = self.extent
            self.extent = source.extent
        self.groups.fold(_rebinned(self.bins, self.settings.split is not None))

    # ---- the result ----------------------------------------------------------------------------------------------

    def finish(self, ctx: RunContext) -> Stream:
        """Give the table."""
        if self.settings.note is not None:
            self.settings.note.tell(ctx)
        if self.taken and not self.extent:
            text = f"None of {self.taken:,} results has a _time, so there is nothing to chart."
            ctx.message("warn", self.settings.grouping.command, text, self.settings.grouping.span)
        labels = [(to_text(start), {"_time": start}) for start in self._starts(ctx)]
        scale = self._scale()
        if self.settings.split is None:
            columns = ["_time", *self.groups.names()]
            return Stream(batched(self._plain(labels, scale, ctx)), _declared(columns))
        table = Table(self.groups, ctx, self.settings.split, self.settings.names, scale)
        table.choose()
        return Stream(batched(table.rows(labels)), _declared(["_time", *table.columns()]))

    def _plain(self, labels: list[tuple[str, Row]], scale: Any, ctx: RunContext) -> Iterator[Row]:
        results = self.groups.results(ctx)
        for key, own in labels:
            values = results(key)
            yield {**own, **(values if scale is None else scale(key, values))}

    def _starts(self, ctx: RunContext) -> list[float]:
        """The starts of the buckets that are rows."""
        settings = self.settings
        keys = self.groups.group_keys()
        texts = set(keys) if settings.split is None else {key[0] for key in keys}
        seen = sorted(number for text in texts if (number := to_number(text)) is not None)
        if settings.cont:
            ends = self._range(seen)
            if ends is None:
                return []
            seen = sorted({*self._all(*ends, ctx), *seen})
        if not settings.partial:
            seen = [start for start in seen if not self._is_cut(start)]
        return seen

    def _range(self, seen: list[int | float]) -> tuple[float, float] | None:
        """The first and the last bucket: those met, and with fixedrange those of the time range."""
        ends: list[float] = [seen[0], seen[-1]] if seen else []
        known = self._known_range()
        if known is not None:
            ends += [self.bins.bounds(known[0])[0], self.bins.bounds(max(known[0], known[1] - 1e-3))[0]]
        elif self.range[0] is not None and seen:
            ends.append(self.bins.bounds(self.range[0])[0])
        return (min(ends), max(ends)) if ends else None

    def _all(self, low: float, high: float, ctx: RunContext) -> list[float]:
        result = [low]
        while result[-1] < high:
            bounds = self.bins.bounds(result[-1])
            if bounds is None:
                break
            result.append(bounds[1])
            if len(result) > ctx.limits.timechart_maxbins:
                raise LimitExceeded(
                    f"timechart would give more than {ctx.limits.timechart_maxbins:,} rows.",
                    name="timechart_maxbins",
                    hint="Choose a greater span, or raise Limits(timechart_maxbins=...).",
                    span=self.settings.grouping.span,
                )
        return result

    def _is_cut(self, start: float) -> bool:
        earliest, latest = self.searched
        bounds = self.bins.bounds(start)
        if bounds is None:
            return False
        end = bounds[1]
        return (earliest is not None and start < earliest) or (latest is not None and end > latest)

    def _scale(self) -> Callable[[str, Row], Row] | None:
        """What divides the per_second family's sums by the length of the bucket."""
        units = {m.name: unit for m in self.settings.grouping.measures if (unit := rate_unit(m)) is not None}
        if not units:
            return None
        bins = self.bins

        def scale(key: str, row: Row) -> Row:
            bounds = bins.bounds(to_number(key) or 0)
            if bounds is None:
                return row
            low, high = bounds
            for name, unit in units.items():
                if name in row:
                    row[name] = row[name] * unit / (high - low)
            return row

        return scale


def _rebinned(bins: Any, split: bool) -> Callable[[Any], Any]:
    known: dict[str, str] = {}

    def start(text: str) -> str:
        new = known.get(text)
        if new is None:
            bounds = bins.bounds(to_number(text) or 0)
            new = known[text] = text if bounds is None else to_text(bounds[0])
        return new

    def pair(key: tuple[str, str]) -> tuple[str, str]:
        return start(key[0]), key[1]

    return pair if split else start


def _declared(names: list[str]) -> Callable[[], Columns]:
    def columns() -> Columns:
        return names

    return columns
