"""stats: aggregate statistics over all rows, or over each group of them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import partial
from typing import Any

from splmini.commands.aggregation.groups import Grouping, Groups, by_fields, fields_needed, read_measures
from splmini.commands.aggregation.measures import Measure
from splmini.commands.aggregation.slices import Rows
from splmini.commands.arguments.reading import Arguments, read
from splmini.commands.arguments.uses import AGGREGATED
from splmini.commands.mvcombine import Delimited
from splmini.functions.stats.chart import MARKER
from splmini.language import tree
from splmini.operators import Batch, Columns, Fields, Operator, Partial, RunContext, Stream
from splmini.registry import BuildScope, Example, OptionSpec, command

OPTIONS = {
    "allnum": OptionSpec("bool", default=False, doc="Numeric functions need each value of their field to be a number."),
    "delim": OptionSpec("string", default=" ", doc="What joins what list and values give, for nomv."),
    "partitions": OptionSpec("int", default=1, doc="Accepted; it splits the work, not the result."),
    "dedup_splitvals": OptionSpec("bool", default=False, doc="Count a value that one event's by-field repeats once."),
}
EVENTS = ({"host": "a", "bytes": 10}, {"host": "b", "bytes": 5}, {"host": "a", "bytes": 30}, {"bytes": 1})


class StatsState:
    """The state of stats and of what is like it: groups, which are its result."""

    def __init__(self, groups: Groups) -> None:
        self.groups = groups

    def update(self, batch: Rows) -> None:
        """Take in a batch."""
        self.groups.update(batch)

    def merge(self, other: StatsState) -> None:
        """Take in the state of later rows."""
        self.groups.merge(other.groups)

    def finish(self, ctx: RunContext) -> Stream:
        """Give the groups as rows."""
        groups = self.groups

        def columns() -> Columns:
            return [*groups.grouping.by, *groups.names()]

        return Stream(groups.batches(ctx), columns)


class DelimitedState(StatsState):
    """The state of stats with `delim=`: the lists that `list` and `values` give know what joins them."""

    def __init__(self, groups: Groups, delimiter: str) -> None:
        super().__init__(groups)
        self.delimiter = delimiter

    def finish(self, ctx: RunContext) -> Stream:
        """Give the groups as rows, their lists with the delimiter."""
        stream = super().finish(ctx)
        hidden = set(self.groups.grouping.by)

        def batches() -> Iterator[Batch]:
            for batch in stream.batches:
                for row in batch:
                    for name, value in row.items():
                        if value.__class__ is list and name not in hidden and value[:1] != [MARKER]:
                            row[name] = Delimited(value, self.delimiter)
                yield batch

        return Stream(batches(), stream.columns)


def read_grouping(node: tree.Command, scope: BuildScope, options: dict[str, OptionSpec]) -> tuple[Arguments, Grouping]:
    """Read the arguments that stats, eventstats and streamstats share: options, aggregations, by-clause.

    An option may stand in the by-clause, too (`by f dedup_splitvals=true`).
    """
    arguments = read(hoisted(node), options, clauses=("by",))
    by = by_fields(arguments.clause("by"), node)
    measures = read_measures(node, arguments.positional, scope, by)
    grouping = Grouping(
        measures,
        by,
        bool(arguments.options.get("allnum")),
        bool(arguments.options.get("dedup_splitvals")),
        node.name,
        node.span,
    )
    return arguments, grouping


def hoisted(node: tree.Command, *keywords: str) -> tree.Command:
    """Return the command with the options of its by-clause, or of other clauses, moved to its arguments."""
    args: list[tree.Node] = []
    for argument in node.args:
        if isinstance(argument, tree.Clause) and argument.keyword in (keywords or ("by",)):
            options = [item for item in argument.items if isinstance(item, tree.Option)]
            fields = tuple(item for item in argument.items if not isinstance(item, tree.Option))
            args += [tree.Clause(argument.keyword, fields, span=argument.span), *options]
        else:
            args.append(argument)
    return tree.Command(node.name, tuple(args), span=node.span)


def partial_of(grouping: Grouping, state: Any = StatsState) -> Operator:
    """Return the operator of an aggregation whose state is made from groups."""

    def create(ctx: RunContext) -> Any:
        return state(Groups(grouping, ctx))

    needed = fields_needed(grouping.measures, grouping.by)

    def requires(after: Fields) -> Fields:
        return needed

    ordered = order_matters(grouping.measures)
    return Partial(
        name=grouping.command,
        create=create,
        requires=requires,
        order_matters=ordered,
        span=grouping.span,
        takes_tables=state is StatsState and grouping.names_fields,
    )


_BY_ORDER = frozenset({"first", "last", "list", "mode"})
"""Functions whose result depends on the order of the rows (mode: among values of one frequency)."""


def order_matters(measures: Iterable[Measure]) -> bool:
    """Say whether one of the aggregates depends on the order of the rows."""
    return any(each.function in _BY_ORDER or each.inner in _BY_ORDER or order_matters(each.parts) for each in measures)


@command(
    "stats",
    "aggregation",
    options=OPTIONS,
    clauses=("by",),
    category="transforming",
    syntax="stats [allnum=BOOL] [delim=STRING] [partitions=INT] FUNCTION(FIELD) [AS NAME] ... "
    "[BY FIELD ... [dedup_splitvals=BOOL]]",
    reduces=True,
    calculates=True,
    uses=AGGREGATED,
    source="https://docs.splunk.com/Documentation/Splunk/latest/SearchReference/Stats",
    examples=(
        Example(
            "| stats count sum(bytes) as total by host",
            [{"host": "a", "count": 2, "total": 40}, {"host": "b", "count": 1, "total": 5}],
            EVENTS,
        ),
        Example("| stats avg(b*)", [{"avg(bytes)": 11.5}], EVENTS),
        Example("| stats count(eval(bytes>5)) as large", [{"large": 2}], EVENTS),
        Example(
            "| stats count(eval(status>=500)) as errors values(host) as hosts",
            [{"errors": 2, "hosts": ["a", "b"]}],
            ({"status": 200, "host": "a"}, {"status": 503, "host": "b"}, {"status": 500, "host": "a"}),
        ),
    ),
)
def build(node: tree.Command, scope: BuildScope) -> Operator:
    """Calculates aggregate statistics over all rows, or over each group of rows with equal by-fields.

    Only the by-fields and the aggregates remain. A row that lacks one of the by-fields is left out; a multivalue
    by-field puts its row in the group of each value, a repeated value several times unless `dedup_splitvals=true`.
    Groups differ by letter case. Rows are sorted by the by-fields, in the order written: numbers by value, before
    text.

    Arguments are taken value by value; null adds nothing. `FUNCTION(eval(EXPRESSION))` aggregates the results of an
    expression, true counting as 1 and false as nothing. A wildcard applies the function to each matching field but
    the by-fields and those that begin with an underscore; a wildcard in AS stands for what matched. Without AS the
    column is named as the call was written. An aggregate without value leaves its column out; without by-fields and
    without any value there is no row, but counts are 0 and give one.

    Memory: one set of aggregates for each group; `list`, `values`, `dc`, `mode` and percentiles also keep values.
    """
    arguments, grouping = read_grouping(node, scope, OPTIONS)
    if "delim" in arguments.given:
        return partial_of(grouping, partial(DelimitedState, delimiter=arguments["delim"]))
    return partial_of(grouping)
