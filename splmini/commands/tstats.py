"""tstats: statistics over a data model's dataset, or over events."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from splmini.commands.aggregation import prestats
from splmini.commands.aggregation.binning import automatic_time_span
from splmini.commands.aggregation.groups import Grouping, Groups, Measure, fields_needed, read_measures
from splmini.commands.aggregation.prefix import prefix_of, prefixed, without_prefixes
from splmini.commands.aggregation.slices import Source
from splmini.commands.arguments.options import convert
from splmini.commands.arguments.reading import Arguments, fail, read
from splmini.commands.arguments.uses import aggregated
from splmini.commands.search import checked_search
from splmini.commands.stats import order_matters
from splmini.errors import UnsupportedFeature
from splmini.language import tree
from splmini.operators import (
    Batch,
    Columns,
    DatasetReading,
    Fields,
    Generating,
    Operator,
    Request,
    Row,
    RunContext,
    Stream,
    union,
)
from splmini.registry import BuildScope, Example, FieldUses, Follow, Known, OptionSpec, command
from splmini.values import times
from splmini.values.numbers import to_number, to_text
from splmini.values.wildcards import has_wildcard

OPTIONS = {
    "prestats": OptionSpec("bool", default=False, doc="Give partial results, which stats, chart or timechart finish."),
    "append": OptionSpec("bool", default=False, doc="With prestats=true: add to the results before the command."),
    "summariesonly": OptionSpec("bool", default=False, doc="Accepted; there are no summaries, every event is read."),
    "allow_old_summaries": OptionSpec("bool", default=False, doc="Accepted; there are no summaries."),
    "include_reduced_buckets": OptionSpec("bool", default=False, doc="Accepted; there are no buckets."),
    "local": OptionSpec("bool", default=False, doc="Accepted; everything is local."),
    "chunk_size": OptionSpec("int", default=10_000_000, doc="Accepted; it changes how Splunk works, not the result."),
    "use_summary_index_values": OptionSpec("bool", default=False, doc="Accepted; there are no summaries."),
    "fillnull_value": OptionSpec("string", doc="What a by-field that is null becomes; else such rows are left out."),
}
_SPAN = OptionSpec("span")
_EVENTS = (
    {"_time": 1700000010, "host": "a", "sourcetype": "x"},
    {"_time": 1700000020, "host": "b", "sourcetype": "x"},
    {"_time": 1700003700, "host": "a", "sourcetype": "y"},
)


@dataclass(frozen=True)
class By:
    """A by-clause: the fields, and the span of `_time` where one is given."""

    fields: tuple[str, ...] = ()
    span: times.Span | None = None
    prefixes: frozenset[str] = frozenset()
    """Those of the fields that are what stands behind a prefix in the terms of `_raw`."""
    auto: bool = False
    """True where the span of `_time` is chosen when all rows are in (span=auto)."""


def read_by(node: tree.Command, arguments: Arguments, strict: bool = True, terms: bool = False) -> By:
    """Read a by-clause with `_time span=1h`; wildcards are refused. Not strict: a span does without `_time`. `terms`:
    PREFIX() may stand in it."""
    fields: dict[str, None] = {}
    span: times.Span | None = None
    auto = False
    prefixes: set[str] = set()
    for item in arguments.clause("by"):
        if isinstance(item, tree.Option):
            if item.name != "span":
                fail(node, f"The by-clause of {node.name} has no option '{item.name}'.", item)
            span, auto = read_span(node, item)
        elif isinstance(item, tree.Word):
            if has_wildcard(item.text) and not item.quoted:
                fail(node, "A by-clause takes no wildcards.", item, "Name each field.")
            fields[item.text] = None
        elif terms and (prefix := prefix_of(node, item)) is not None:
            fields[prefix] = None
            prefixes.add(prefix)
        else:
            fail(node, f"Expected a field name, not '{item}'.", item)
    if strict and (span is not None or auto) and "_time" not in fields:
        fail(node, "span= belongs to _time, which is not in the by-clause.", arguments.clauses["by"])
    return By(tuple(fields), span, frozenset(prefixes), auto)


def read_span(node: tree.Command, option: tree.Option) -> tuple[times.Span | None, bool]:
    """Read `span=`: a length of time, or `auto`, which gives True."""
    if isinstance(option.value, tree.Word) and option.value.text.lower() == "auto":
        return None, True
    span: times.Span = convert(option, _SPAN, node)
    if span.unit == "log":
        fail(node, "The span of _time is a length of time, such as 5m or 1d.", option)
    return span, False


def sources_of(by: By, fill: str | None, ctx: RunContext) -> list[Source]:
    """Return where the keys of groups come from: `_time` in buckets, null filled."""
    return [_source(name, by.span if name == "_time" else None, fill, ctx) for name in by.fields]


def _source(name: str, span: times.Span | None, fill: str | None, ctx: RunContext) -> Source:
    if span is None and fill is None:
        return Source(name)
    zone = ctx.timezone

    def bucketed(row: Row) -> Any:
        moment = row.get(name)
        if not isinstance(moment, (int, float)):
            return fill
        return moment if span is None else times.bucket(moment, span, zone)

    def filled(row: Row) -> Any:
        value = row.get(name)
        return fill if value is None else value

    return Source(name, bucketed if span is not None else filled)


class Statistics:
    """The state of a command of the family: groups of rows, given as results or as partial ones."""

    def __init__(
        self, grouping: Grouping, sources: list[Source], prestats: bool, ctx: RunContext, auto: bool = False
    ) -> None:
        self.grouping = grouping
        self.auto = auto
        self.prestats = prestats
        self.ctx = ctx
        self.groups = Groups(grouping, ctx, sources)

    def update(self, batch: Batch) -> None:
        """Take in rows."""
        self.ctx.check(len(self.groups.index))
        self.groups.update(batch)

    def merge(self, other: Statistics) -> None:
        """Take in the groups of rows that come after these."""
        self.groups.merge(other.groups)

    def __getstate__(self) -> dict[str, Any]:
        """What travels between processes: all but the run, which only `update` needs."""
        return {**self.__dict__, "ctx": None}

    def finish(self, ctx: RunContext) -> Stream:
        """Give the groups."""
        if self.auto:
            self._choose_span(ctx)
        if self.prestats:
            from splmini.commands.aggregation import prestats

            return prestats.dump(self.groups, ctx)

        def columns() -> Columns:
            return [*self.grouping.by, *self.groups.names()]

        return Stream(self.groups.batches(ctx), columns)

    def _choose_span(self, ctx: RunContext) -> None:
        """Put the times into the buckets that timechart would choose, now that all of them are known."""
        place = self.grouping.by.index("_time")
        single, shown = len(self.grouping.by) == 1, self.groups.shown[place]
        keys = {key if single else key[place] for key in self.groups.group_keys()}
        met = [number for key in keys if (number := to_number(key)) is not None]
        edges = [*met, *(edge for edge in (ctx.earliest, ctx.latest) if edge is not None)]
        if not met:
            return
        span = automatic_time_span(min(edges), max(edges), AUTOMATIC_BINS)

        def bucketed(key: Any) -> Any:
            number = to_number(key if single else key[place])
            if number is None:
                return key
            start = times.bucket(number, span, ctx.timezone)
            text = to_text(start)
            shown[text] = start
            return text if single else (*key[:place], text, *key[place + 1 :])

        self.groups.fold(bucketed)


AUTOMATIC_BINS = 100
Create = Callable[[RunContext], Statistics]


def check_place(node: tree.Command, arguments: Arguments, scope: BuildScope, measures: tuple[Measure, ...]) -> None:
    """Check what prestats and append ask of a command of the family: its place, and functions with partial results."""
    if arguments["append"] and not arguments["prestats"]:
        fail(node, "append=true needs prestats=true.", arguments.given["append"])
    if not scope.first and not arguments["append"]:
        fail(node, f"{node.name} has to be the first command of a search, unless prestats=true and append=true.")
    if arguments["prestats"]:
        prestats.check(measures, node.name)


def creating(
    node: tree.Command, arguments: Arguments, measures: tuple[Measure, ...], by: By, fill: str | None = None
) -> Create:
    """Return what makes the empty groups of a command of the family, for one run."""
    grouping = Grouping(measures, by.fields, command=node.name, span=node.span)

    def create(ctx: RunContext) -> Statistics:
        return Statistics(grouping, sources_of(by, fill, ctx), arguments["prestats"], ctx, by.auto)

    return create


def generating(
    node: tree.Command,
    arguments: Arguments,
    create: Create,
    read_rows: Callable[[RunContext], Stream],
    reading: DatasetReading | None = None,
) -> Generating:
    """Return the operator of a command of the family: read rows, group them, give the groups."""

    def generate(ctx: RunContext, needed: Fields) -> Stream:
        state = create(ctx)
        for batch in read_rows(ctx).batches:
            state.update(batch)
        return state.finish(ctx)

    follows = appending(generate) if arguments["append"] else None
    return Generating(name=node.name, generate=generate, follows=follows, reading=reading, node=node, span=node.span)


def appending(generate: Callable[[RunContext, Fields], Stream]) -> Callable[[Stream, RunContext], Stream]:
    """Return what `append=true` does: the rows before, then the command's own."""

    def follows(before: Stream, ctx: RunContext) -> Stream:
        def batches() -> Any:
            yield from before.batches
            yield from generate(ctx, None).batches

        return Stream(batches())

    return follows


def read_from(node: tree.Command, arguments: Arguments) -> tuple[str, tree.Node] | None:
    """Return the name that `from datamodel=NAME` gives, with its node; None without the clause."""
    items = arguments.clause("from")
    if not items:
        return None
    for item in items:
        if isinstance(item, tree.Option) and item.name == "datamodel" and isinstance(item.value, tree.Word):
            return item.value.text, item.value
    what = str(items[0])
    raise UnsupportedFeature(
        f"{node.name} from {what} reads a summary that Splunk made; there is none.",
        name=what,
        span=items[0].span,
        hint="Use from datamodel=Model.Dataset.",
    )


def where_of(arguments: Arguments, scope: BuildScope) -> tree.Node | None:
    """Return the search expression of a where-clause, checked."""
    items = arguments.clause("where")
    if not items:
        return None
    return checked_search(items[0] if len(items) == 1 else tree.And(tuple(items)), scope)


def _after(command: tree.Command, before: Known | None, follow: Follow) -> Known | None:
    return None if before is not None and before.reset else aggregated(command, before, follow)


def _dataset(node: tree.Command) -> tuple[str, tree.Word] | None:
    for clause in node.args:
        for item in clause.items if isinstance(clause, tree.Clause) and clause.keyword == "from" else ():
            if isinstance(item, tree.Option) and item.name == "datamodel" and isinstance(item.value, tree.Word):
                return item.value.text, item.value
    return None


@command(
    "tstats",
    "aggregation",
    options=OPTIONS,
    clauses=("from", "where", "by"),
    generating=True,
    category="generating",
    syntax="tstats [prestats=BOOL] [append=BOOL] [summariesonly=BOOL] [fillnull_value=STRING] "
    "FUNCTION(FIELD) [AS NAME] ... [FROM datamodel=MODEL[.DATASET]] [WHERE SEARCH] [BY FIELD ... [span=SPAN]]",
    rereads=True,
    names=frozenset({"datamodel"}),
    dataset=_dataset,
    reduces=True,
    uses=FieldUses(after=_after),
    condition="search",
    reach="events",
    source="https://docs.splunk.com/Documentation/Splunk/latest/SearchReference/Tstats",
    examples=(
        Example(
            "| tstats count where sourcetype=x by host", [{"host": "a", "count": 1}, {"host": "b", "count": 1}], _EVENTS
        ),
        Example(
            "| tstats count by _time span=1h",
            [{"_time": 1699999200, "count": 2}, {"_time": 1700002800, "count": 1}],
            _EVENTS,
        ),
    ),
)
def build(node: tree.Command, scope: BuildScope) -> Operator:
    """Calculates statistics over the events of a dataset of a data model, or over all events.

    With `from datamodel=Model.Dataset` fields have the path of their dataset in front (`Processes.user`,
    `All_Changes.Account_Management.src_nt_domain`), but not `_time`, `host`, `source`, `sourcetype` and `index`; a
    field that the dataset does not have is null. A bare model name means its root dataset. `nodename=Root.Child` in the
    where-clause selects a dataset below. The where-clause is a search expression: AND between terms, case-insensitive
    values, wildcards, IN, CIDR blocks, time modifiers, subsearches.

    A row in which a by-field is null is left out, unless `fillnull_value` gives it a value; a multivalue by-field puts
    a row in the group of each value. `PREFIX(kb=)`, without a data model, is what stands behind `kb=` in the terms of
    the event, in lower case: as a by-field it is called `kb=`. `span` applies to `_time`; `span=auto` takes the one
    that timechart would. Without a data model Splunk reads only indexed fields; here every field can be read. Without
    by-fields there is one row, with counts of 0 where nothing matches.

    Memory: one set of aggregates for each group.
    """
    arguments = read(node, OPTIONS, clauses=("from", "where", "by"))
    by = read_by(node, arguments, terms=True)
    aggregations, prefixes = without_prefixes(node, arguments.positional)
    prefixes |= by.prefixes
    measures = read_measures(node, aggregations, scope, by.fields)
    _check_fields(node, measures, aggregations)
    check_place(node, arguments, scope, measures)
    dataset, where = read_from(node, arguments), where_of(arguments, scope)
    needed = fields_needed(measures, by.fields)
    if dataset is not None and prefixes:
        fail(node, "PREFIX() reads the terms of events, not the fields of a data model.", arguments.clauses["from"])
    if prefixes:
        needed = union(needed, frozenset({"_raw"}))

    def read_rows(ctx: RunContext) -> Stream:
        if dataset is None:
            rows = ctx.scan(Request(predicate=where, needed=needed))
            return Stream(map(prefixed(prefixes), rows.batches)) if prefixes else rows
        name, at = dataset
        return ctx.apps.dataset(name, at.span).rows(ctx, needed, True, where, tables=True)

    def terms(ctx: RunContext) -> Callable[[Batch], Batch]:
        return prefixed(prefixes)

    create = creating(node, arguments, measures, by, arguments["fillnull_value"])
    reading = DatasetReading(
        dataset=None if dataset is None else dataset[0],
        where=where,
        needed=needed,
        create=create,
        order_matters=order_matters(measures),
        points=terms if prefixes else None,
    )
    return generating(node, arguments, create, read_rows, reading)


def _check_fields(node: tree.Command, measures: tuple[Measure, ...], aggregations: list[tree.Node]) -> None:
    """Check that each function but count takes one field: no expression, no wildcard, not every field."""
    for measure, written in zip(measures, aggregations, strict=True):
        if measure.field is None and (measure.expression is not None or measure.formula is not None):
            fail(node, "The functions of tstats take a field, no expression.", written, "Use stats behind it.")
        if measure.wild:
            fail(node, f"{measure.function} of tstats takes one field, named in full.", written)
