"""streamstats: adds running aggregates to each row."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any

from splmini.budget import pulse
from splmini.commands.aggregation.groups import Grouping, Groups, Measure, fields_needed, make_column
from splmini.commands.aggregation.slices import Source
from splmini.commands.arguments.reading import Arguments, fields_read
from splmini.commands.arguments.uses import WITH_AGGREGATES
from splmini.commands.eventstats import first_keys
from splmini.commands.stats import read_grouping
from splmini.compiler import as_truth
from splmini.errors import ArgumentError
from splmini.functions.stats import feed
from splmini.language import tree
from splmini.operators import Batch, Columns, Fields, Operator, Row, RunContext, Sequence, Stream, union
from splmini.registry import BuildScope, Example, OptionSpec, command
from splmini.values import wildcards
from splmini.values.numbers import to_number, to_text
from splmini.values.times import SECONDS

OPTIONS = {
    "allnum": OptionSpec("bool", default=False, doc="Numeric functions need each value of their field to be a number."),
    "current": OptionSpec("bool", default=True, doc="Whether the row itself counts."),
    "window": OptionSpec("int", least=0, default=0, doc="How many rows back the aggregates reach; 0: all."),
    "time_window": OptionSpec("span", doc="How far back in time the aggregates reach; rows have to be in time order."),
    "global": OptionSpec("bool", default=True, doc="One window over all rows; false: one window for each group."),
    "reset_on_change": OptionSpec("bool", default=False, doc="Start anew when the by-fields change."),
    "reset_before": OptionSpec("any", doc="Start anew before a row for which this eval expression is true."),
    "reset_after": OptionSpec("any", doc="Start anew after such a row; the expression may read results."),
}


@dataclass(frozen=True)
class Settings:
    """What the options say."""

    grouping: Grouping
    current: bool
    window: int
    seconds: float
    together: bool
    on_change: bool
    before: tree.Node | None
    after: tree.Node | None

    @property
    def windowed(self) -> bool:
        """True where old rows drop out."""
        return bool(self.window or self.seconds)


@command(
    "streamstats",
    "aggregation",
    options=OPTIONS,
    clauses=("by",),
    category="streaming",
    syntax="streamstats [current=BOOL] [window=INT] [time_window=SPAN] [global=BOOL] [allnum=BOOL] "
    "[reset_on_change=BOOL] [reset_before=(EXPRESSION)] [reset_after=(EXPRESSION)] "
    "FUNCTION(FIELD) [AS NAME] ... [BY FIELD ...]",
    names=frozenset({"function"}),
    calculates=True,
    uses=WITH_AGGREGATES,
    source="https://docs.splunk.com/Documentation/Splunk/latest/SearchReference/Streamstats",
    examples=(
        Example("| streamstats sum(v) as total", [{"v": 5, "total": 5}, {"v": 3, "total": 8}], ({"v": 5}, {"v": 3})),
        Example("| streamstats window=2 avg(v) as m", [{"m": 2}, {"m": 3}, {"m": 5}], ({"v": 2}, {"v": 4}, {"v": 6})),
    ),
)
def build(node: tree.Command, scope: BuildScope) -> Operator:
    """Adds to each row the aggregates over the rows so far, in the order in which they come, itself included.

    `current=f` leaves the row itself out. `window=N` takes only the last N rows, `time_window=SPAN` only those whose
    time is less than SPAN away (the last 10,000 of them: `Limits.streamstats_max_window`); with by-fields the window
    counts rows of all groups, unless `global=f`. A row that lacks a by-field passes unchanged and belongs to no
    window. A row with several values in a by-field belongs to the group of the first. Null results write nothing;
    counts start at 0.

    *Multivalue* fields are taken in value by value.

    Memory: the window of each group; without a window one set of aggregates for each group.
    """
    arguments, grouping = read_grouping(node, scope, OPTIONS)
    settings = _settings(arguments, grouping, scope)
    reads = union(
        fields_needed(grouping.measures, grouping.by),
        *(fields_read(each) for each in (settings.before, settings.after) if each is not None),
        frozenset({"_time"}) if settings.seconds else frozenset(),
    )

    def requires(after: Fields) -> Fields:
        return union(after, reads)

    def run(stream: Stream, ctx: RunContext) -> Stream:
        return _run(stream, settings, ctx)

    return Sequence(name="streamstats", run=run, requires=requires, span=node.span)


def _settings(arguments: Arguments, grouping: Grouping, scope: BuildScope) -> Settings:
    options = arguments.options
    seconds = 0.0
    if options["time_window"] is not None:
        span = options["time_window"]
        seconds = span.count * SECONDS.get(span.unit, 0.0)
        if seconds <= 0:
            arguments.fail("time_window takes a length such as 5m or 1h.", arguments.given["time_window"])
        for name in ("current", "global"):
            if not options[name]:
                arguments.fail(f"{name}=false does not go with a time_window.", arguments.given[name])
    before, after = (
        None if options[name] is None else _condition(options[name], scope) for name in ("reset_before", "reset_after")
    )
    return Settings(
        grouping,
        options["current"],
        options["window"],
        seconds,
        options["global"],
        options["reset_on_change"],
        before,
        after,
    )


def _condition(value: tree.Node, scope: BuildScope) -> tree.Node:
    """Parse `(expr)`, `"(expr)"` or, as the reference writes it, `"("expr")"`."""
    if isinstance(value, tree.Group):
        return scope.expression(value)
    if not isinstance(value, tree.Word):
        raise ArgumentError(f"Expected an eval expression in brackets, not '{value}'.", span=value.span)
    text = value.text.strip()
    if text.startswith('"("') and text.endswith('")"'):
        text = text[3:-3]
    elif text.startswith('"') and text.endswith('"') and len(text) > 1:
        text = text[1:-1]
    if '\\"' in text:
        text = text.replace('\\"', '"')
    return scope.expression(replace(value, text=text))


@dataclass
class Running:
    """One run: what the groups hold, and what the window holds."""

    settings: Settings
    ctx: RunContext
    groups: Groups
    sources: list[tuple[str, Source, str, Callable[[], Any], Any]] = field(default_factory=list)
    known: set[str] = field(default_factory=set)
    cells: dict[Any, list[Any]] = field(default_factory=dict)
    bad: set[tuple[Any, int]] = field(default_factory=set)
    windows: dict[Any, deque[Any]] = field(default_factory=dict)
    order: int = 0
    moment: float | None = None
    direction: int = 0
    kept: int = 0
    """How many rows the windows hold."""

    def __post_init__(self) -> None:
        for measure in self.settings.grouping.measures:
            if not measure.wild:
                self.add(measure)

    def add(self, measure: Measure) -> None:
        """Add a measure to those that are kept."""
        column = make_column(measure, False, self.ctx)
        source = Source("\0", _one) if measure.field is None and measure.expression is None else column.source
        self.sources.append((measure.name, source, column.takes, column.make, column.empty))

    def meet(self, batch: Batch) -> None:
        """Add the fields that wildcards match and that were not met before."""
        wild = [measure for measure in self.settings.grouping.measures if measure.wild]
        if not wild:
            return
        names = set().union(*batch) - self.known
        self.known |= names
        for measure in wild:
            pattern = measure.field or "*"
            matches = wildcards.compile_wildcard(pattern, ignore_case=False)
            for name in sorted(names):
                if name in self.settings.grouping.by or not matches(name) or (name[:1] == "_" and pattern[:1] != "_"):
                    continue
                target = f"{measure.called}({name})"
                if measure.name != f"{measure.called}({pattern})":
                    target = wildcards.substitute(pattern, measure.name, name) or name
                self.add(replace(measure, field=name, name=target))
        for accumulators in self.cells.values():
            accumulators.extend(make() for _, _, _, make, _ in self.sources[len(accumulators) :])

    def fresh(self) -> list[Any]:
        """Return new accumulators, one for each measure."""
        return [make() for _, _, _, make, _ in self.sources]

    def feed(self, key: Any, accumulators: list[Any], values: tuple[Any, ...], time: Any) -> None:
        """Add one row's values to accumulators."""
        self.order += 1
        for index, value in enumerate(values):
            if value is None:
                continue
            takes = self.sources[index][2]
            for item in value if value.__class__ is list else (value,):
                if self.settings.grouping.allnum and takes == "number" and to_number(item) is None:
                    self.bad.add((key, index))
                feed(takes, accumulators[index], item, time, self.order)

    def results(self, key: Any, accumulators: list[Any] | None) -> Row:
        """Return the aggregates; null ones are absent."""
        row: Row = {}
        for index, (name, _, _, _, empty) in enumerate(self.sources):
            if (key, index) in self.bad:
                continue
            value = empty if accumulators is None else accumulators[index].result()
            if value is not None:
                row[name] = value
        return row

    def reset(self) -> None:
        """Forget all rows."""
        self.cells.clear()
        self.windows.clear()
        self.kept = 0
        self.bad.clear()

    def step(self, key: Any, values: tuple[Any, ...], time: Any) -> Row:
        """Take in one row and return its aggregates."""
        if self.settings.windowed:
            return self._windowed(key, values, time)
        accumulators = self.cells.get(key)
        if self.settings.current:
            if accumulators is None:
                accumulators = self.cells[key] = self.fresh()
            self.feed(key, accumulators, values, time)
            return self.results(key, accumulators)
        row = self.results(key, accumulators)
        if accumulators is None:
            accumulators = self.cells[key] = self.fresh()
        self.feed(key, accumulators, values, time)
        return row

    def _windowed(self, key: Any, values: tuple[Any, ...], time: Any) -> Row:
        settings = self.settings
        if settings.seconds:
            self._check_order(time)
        window = self.windows.setdefault(() if settings.together else key, deque())
        before = len(window)
        if settings.current:
            window.append((key, values, time))
        most = settings.window or self.ctx.limits.streamstats_max_window
        while len(window) > most:
            window.popleft()
        while settings.seconds and window and _apart(window[0][2], time) >= settings.seconds:
            window.popleft()
        accumulators = self.fresh()
        self.bad.clear()
        fed = False
        if len(window) > 512:
            pulse()
        for other, seen, moment in window:
            if other == key:
                self.feed(key, accumulators, seen, moment)
                fed = True
        row = self.results(key, accumulators if fed else None)
        if not settings.current:
            window.append((key, values, time))
        self.kept += len(window) - before
        return row

    def _check_order(self, time: float | None) -> None:
        """Raise where the times of rows rise and fall, or a row has none."""
        before, self.moment = self.moment, time
        direction = 0
        if time is not None and before is not None and time != before:
            direction = 1 if time > before else -1
        if time is None or direction * self.direction < 0:
            raise ArgumentError(
                "time_window needs results in order of time, ascending or descending.",
                name="streamstats",
                hint="Sort them first: | sort 0 _time",
                span=self.settings.grouping.span,
            )
        self.direction = direction or self.direction


def _one(row: Row) -> Any:
    return 1


def _apart(first: Any, second: Any) -> float:
    return 0.0 if first is None or second is None else abs(first - second)


def _run(stream: Stream, settings: Settings, ctx: RunContext) -> Stream:
    if settings.window > ctx.limits.streamstats_max_window:
        raise ArgumentError(
            f"A window may have at most {ctx.limits.streamstats_max_window:,} rows.",
            name="streamstats",
            hint="Raise Limits(streamstats_max_window=...).",
            span=settings.grouping.span,
        )
    running = Running(settings, ctx, Groups(replace(settings.grouping, measures=()), ctx))
    before = None if settings.before is None else ctx.expression(settings.before)
    after = None if settings.after is None else ctx.expression(settings.after)

    written: set[str] = set()

    def batches() -> Iterator[Batch]:
        previous: Any = None
        for batch in stream.batches:
            ctx.check(rows_kept=len(running.cells) + running.kept)
            running.meet(batch)
            keys = first_keys(running.groups, batch)
            columns = [source.read(batch) for _, source, _, _, _ in running.sources]
            for row, key, *values in zip(batch, keys, *columns, strict=True):
                if key is None:
                    continue
                if settings.on_change and previous is not None and key != previous:
                    running.reset()
                previous = key
                if before is not None and as_truth(before(row)):
                    running.reset()
                results = running.step(key, tuple(values), to_number(row.get("_time")))
                written.update(results)
                for name, value in results.items():
                    row[name] = value if not isinstance(value, bool) else to_text(value)
                if after is not None and as_truth(after(row)):
                    running.reset()
            yield batch

    def columns_after() -> Columns:
        known = stream.columns()
        return None if known is None else known + [n for n, *_ in running.sources if n in written and n not in known]

    return Stream(batches(), columns_after)
