"""What chart, timechart and geostats are told: the options of series and bins, which series are shown, their names."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from splmini.commands.aggregation import binning
from splmini.commands.aggregation.groups import Measure, read_measures
from splmini.commands.aggregation.slices import PlacedSource, Source
from splmini.commands.arguments.options import parse_int
from splmini.commands.arguments.reading import Arguments, fields_read
from splmini.errors import ArgumentError, Span, SplError
from splmini.language import tree
from splmini.operators import RunContext
from splmini.registry import BuildScope, OptionSpec, find_function
from splmini.values import times
from splmini.values.numbers import to_number, to_text

SERIES_OPTIONS = {
    "limit": OptionSpec("string", doc="How many series to show: N, topN or bottomN by score; 0: all (default 10)."),
    "useother": OptionSpec("bool", default=True, doc="Whether the series beyond the limit are summed up as OTHER."),
    "otherstr": OptionSpec("string", default="OTHER", doc="The name of that series."),
    "usenull": OptionSpec("bool", default=True, doc="Whether rows without the split field make a series NULL."),
    "nullstr": OptionSpec("string", default="NULL", doc="The name of that series."),
    "agg": OptionSpec(
        "any",
        doc="The function that ranks the series for limit= (default sum); where no aggregation "
        "is written as an argument, it is the aggregation.",
    ),
    "sep": OptionSpec("string", default=": ", doc="What stands between aggregate and series in names of columns."),
    "format": OptionSpec("string", doc="The names of columns, with $AGG$ and $VAL$; it goes before sep."),
    "cont": OptionSpec("bool", default=True, doc="Whether empty bins between others are shown."),
    "dedup_splitvals": OptionSpec("bool", default=False, doc="Count a value that one event's by-field repeats once."),
}
BIN_OPTIONS = {
    "bins": OptionSpec("int", least=2, doc="The most bins to make where no span is given."),
    "span": OptionSpec("span", doc="The width of a bin."),
    "minspan": OptionSpec("span", doc="The least span to choose where none is given."),
    "start": OptionSpec("number", doc="Where the bins start; numbers below it are left out."),
    "end": OptionSpec("number", doc="Where the bins end; numbers above it are left out."),
    "aligntime": OptionSpec("time", doc="A time where a bin starts: an epoch, earliest, latest or a time modifier."),
}
COUNTS = ("count", "c")
DEFAULT_SERIES_BINS = 100


@dataclass(frozen=True)
class Choice:
    """Which series are shown: the `number` best (or worst) by `function`, or those above or below a threshold."""

    function: str = "sum"
    relation: str = "in"
    number: float = 10
    bottom: bool = False


@dataclass(frozen=True)
class Split:
    """The split into series: its field, the series shown, and the names of the others."""

    field: str
    choice: Choice | None
    """None: the default limit."""
    ranked: bool
    """True where a where-clause chose, and the score is that of its function."""
    useother: bool
    otherstr: str
    usenull: bool
    nullstr: str
    bins: Bins | None = None

    def source(self, ctx: RunContext) -> Source:
        """Return the origin of the series of a row."""
        null = self.nullstr if self.usenull else None
        return PlacedSource(self.field, null, None if self.bins is None else self.bins.placer(ctx))

    def counts_events(self, measures: tuple[Measure, ...]) -> bool:
        """Say whether the number of events of a series decides on it: a hidden aggregate then counts them."""
        counting = self.choice is not None and self.choice.function in COUNTS
        return len(measures) > 1 or (counting and measures[0].function not in COUNTS)


@dataclass(frozen=True)
class Bins:
    """The bin options of a field; without a span the bins are chosen when all rows are in."""

    span: times.Span | None = None
    minspan: times.Span | None = None
    bins: int | None = None
    start: float | None = None
    end: float | None = None
    align: str | None = None

    def binning(self, ctx: RunContext) -> Any:
        """Return the bins of a given span; None where they are to be chosen."""
        return None if self.span is None else binning.bins_of(self.span, ctx, self.align)

    def placer(self, ctx: RunContext) -> Callable[[Any], Any] | None:
        """Return a function from a value to the label of its bin."""
        bins = self.binning(ctx)
        return None if bins is None else self.labeller(bins)

    def holds(self, number: float) -> bool:
        """Say whether a number is within `start` and `end`."""
        return (self.start is None or number >= self.start) and (self.end is None or number <= self.end)

    def labeller(self, bins: Any) -> Callable[[Any], Any]:
        """Return a function from a value to the label of its bin; None for a number that is left out."""
        timed = isinstance(bins, binning.TimeBins)

        def place(value: Any) -> Any:
            number = to_number(value)
            if number is None:
                return value
            if not self.holds(number):
                return None
            if timed:
                bounds = bins.bounds(number)
                return value if bounds is None else to_text(bounds[0])
            return binning.label(bins, number, value)

        return place

    def chosen(self, numbers: list[float]) -> Callable[[Any], Any]:
        """Return a function from a value to the label of a bin that is chosen for the numbers met."""
        edges = [*numbers, *(edge for edge in (self.start, self.end) if edge is not None)]
        least = self.minspan.count if self.minspan else None
        width = binning.automatic_width(min(edges), max(edges), self.bins or DEFAULT_SERIES_BINS, least)
        return self.labeller(binning.LinearBins(width))


def read_bins(arguments: Arguments, options: dict[str, tree.Option]) -> Bins | None:
    """Read bin options; None where there are none."""
    if BIN_OPTIONS.keys().isdisjoint(options):
        return None
    values = arguments.options
    return Bins(values["span"], values["minspan"], values["bins"], values["start"], values["end"], values["aligntime"])


# ---- reading the arguments ------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Names:
    """How columns are named."""

    sep: str = ": "
    format: str | None = None

    def column(self, measure: str, series: str, several: bool) -> str:
        """Return the name of the column of a measure and a series."""
        if series.startswith("_"):
            series = "VALUE" + series
        if self.format is not None:
            return self.format.replace("$AGG$", measure).replace("$VAL$", series)
        return f"{measure}{self.sep}{series}" if several else series


def read_measures_of(arguments: Arguments, scope: BuildScope, by: tuple[str, ...]) -> tuple[Measure, ...]:
    """Read the aggregations of chart or timechart, or that of `agg=`."""
    nodes: list[tree.Node] = list(arguments.positional)
    option = arguments.given.get("agg")
    if option is not None and not nodes:
        nodes.append(_option_aggregation(option))
    return read_measures(arguments.command, nodes, scope, by)


def check_split(
    arguments: Arguments, measures: tuple[Measure, ...], fields: tuple[str, ...], split: bool, alone: bool = True
) -> None:
    """Check what Splunk asks of the aggregations of chart and timechart, and of expressions over them.

    `alone` says that such an expression may stand without a field for the columns.
    """
    for node, measure in zip(arguments.aggregations, measures, strict=False):
        if measure.wild and not node.args:
            arguments.fail(
                f"{arguments.command.name} needs to know what {measure.called}() is taken over.",
                node,
                hint=f"Name a field, or write {measure.called}(*) for every one.",
            )
        if measure.wild and split:
            arguments.fail("With a field for the columns each aggregation takes one field, no wildcard.", node)
        if measure.formula is None:
            continue
        if not split and not alone:
            arguments.fail("An eval expression over aggregates needs a field for the columns.", node)
        if any(rate_unit(part) is not None for part in measure.parts):
            arguments.fail("An eval expression takes no per_second and its like.", node)
        direct = sorted(each for each in fields_read(measure.formula) or () if each[:1] != "\0" and each not in fields)
        if direct:
            arguments.fail(
                f"The expression reads '{direct[0]}', which is no aggregate and no field of the rows or columns.",
                node,
                hint=f"Aggregate it, such as max({direct[0]})."
                if direct[0] not in COUNTS
                else "Name a field: count(field).",
            )


@dataclass(frozen=True)
class Note:
    """What to tell of options that have no effect."""

    command: str
    text: str
    span: Span | None

    def tell(self, ctx: RunContext) -> None:
        """Add the message to the results."""
        ctx.message("warn", self.command, self.text, self.span)


def idle_options(arguments: Arguments, split: bool) -> Note | None:
    """Return what to tell where options of the series have no effect."""
    if not split:
        idle, why = [name for name in _OF_SERIES if name in arguments.given], "without a field for the columns"
    elif "where" in arguments.clauses:
        idle, why = [name for name in ("limit", "agg") if name in arguments.given], "beside a where-clause"
    else:
        return None
    if not arguments.positional:
        idle = [name for name in idle if name != "agg"]
    if not idle:
        return None
    text = f"{', '.join(idle)} {'has' if len(idle) == 1 else 'have'} no effect {why}."
    return Note(arguments.command.name, text, arguments.given[idle[0]].span)


_OF_SERIES = ("limit", "agg", "useother", "otherstr", "usenull", "nullstr")


def rate_unit(measure: Measure) -> int | None:
    """Return the seconds of the unit of a per_second, per_minute … measure; None for another."""
    if not measure.function:
        return None
    spec, _ = find_function(measure.function)
    return getattr(spec.make, "unit", None)


def _option_aggregation(option: tree.Option) -> tree.Aggregation:
    value = option.value
    if isinstance(value, tree.Word):
        return tree.Aggregation(value.text.lower(), (), written=value.text, span=value.span)
    if isinstance(value, tree.Group) and value.name:
        inner = (tree.Word(value.text.strip(), span=value.span),) if value.text.strip() else ()
        written = f"{value.name}({value.text.strip()})"
        return tree.Aggregation(value.name.lower(), inner, written=written, span=value.span)
    raise ArgumentError(f"agg takes an aggregation, such as avg(x), not '{value}'.", name="agg", span=value.span)


def read_split(arguments: Arguments, name: str, bins: Bins | None = None) -> Split:
    """Read the options of the series."""
    options = arguments.options
    choice: Choice | None = None
    ranked = False
    if options["limit"] is not None:
        choice = _read_rank(arguments, options["limit"], arguments.given["limit"])
    agg = arguments.given.get("agg")
    if agg is not None and arguments.positional:
        choice = replace(choice or Choice(), function=_ranking(arguments, _option_aggregation(agg)))
    where = arguments.clauses.get("where")
    if where is not None:
        choice, ranked = _read_where(arguments, where), True
    return Split(
        name, choice, ranked, options["useother"], options["otherstr"], options["usenull"], options["nullstr"], bins
    )


def _read_rank(arguments: Arguments, text: str, at: tree.Node) -> Choice:
    lowered = text.lower().strip()
    bottom = lowered.startswith("bottom")
    digits = lowered.removeprefix("bottom").removeprefix("top").strip()
    number = parse_int(digits)
    if number is None or number < 0:
        arguments.fail(f"Expected a number of series such as 10, top10 or bottom10, not '{text}'.", at)
    return Choice(number=number, bottom=bottom)


def _read_where(arguments: Arguments, where: tree.Clause) -> Choice:
    called, relation, rank = where.items[:3]
    assert isinstance(called, tree.Aggregation)
    assert isinstance(relation, tree.Word)
    assert isinstance(rank, tree.Word)
    function = _ranking(arguments, called)
    if relation.text in ("in", "notin"):
        return replace(_read_rank(arguments, rank.text, rank), function=function, relation=relation.text)
    threshold = to_number(rank.text)
    if threshold is None or relation.text not in ("<", ">"):
        arguments.fail("where compares as in: sum in top10, max notin bottom5, avg > 100, count < 5.", where)
    return Choice(function, relation.text, threshold)


def _ranking(arguments: Arguments, called: tree.Aggregation) -> str:
    """The function that ranks series, by its name: one of numbers."""
    try:
        spec, _ = find_function(called.function)
    except SplError as error:
        error.span = called.span
        raise
    if spec.takes not in ("number", "value"):
        arguments.fail(f"Series are ranked by a function of numbers such as sum or max, not {called.function}.", called)
    return called.function
