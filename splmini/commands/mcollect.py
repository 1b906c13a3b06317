"""mcollect and meventcollect: results as metric data points, added to an index."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from splmini.commands.aggregation.metrics import PREFIX
from splmini.commands.arguments.reading import FieldPatterns, fail, field_names, is_internal, read
from splmini.language import tree
from splmini.operators import Batch, Operator, Row, RunContext, Sequence, Stream
from splmini.registry import BuildScope, Example, OptionSpec, command
from splmini.values.numbers import to_number, to_text

EVENT_OPTIONS = {
    "index": OptionSpec("string", doc="The index to add the data points to."),
    "split": OptionSpec(
        "enum",
        default="false",
        choices=("true", "false", "t", "f", "1", "0", "allnums"),
        doc="Whether fields become measures: those that are not listed, or all numeric ones.",
    ),
    "prefix_field": OptionSpec("field", doc="With split=true: the field whose value stands in front of the names."),
    "host": OptionSpec("string", doc="The host of the data points."),
    "source": OptionSpec("string", doc="The source of the data points."),
    "sourcetype": OptionSpec("string", default="mcollect_stash", doc="The sourcetype of the data points."),
    "spool": OptionSpec("bool", default=True, doc="Where a server writes the file; no effect here."),
}
OPTIONS = {
    **EVENT_OPTIONS,
    "file": OptionSpec("string", doc="The name of a file on a server; no effect here."),
    "marker": OptionSpec("string", doc="Pairs key=value, with commas, to add as dimensions."),
}
META = ("_time", "host", "source", "sourcetype", "index")


@command(
    "mcollect",
    options=OPTIONS,
    syntax="mcollect index=<index> [split=true|false|allnums] [prefix_field=<field>] [host=<string>] [source=<string>] "
    "[sourcetype=<string>] [marker=<string>] [<field-list>]",
    category="reporting",
    reach="acts",
    source="https://docs.splunk.com/Documentation/Splunk/latest/SearchReference/Mcollect",
    examples=(
        Example("| table user n | mcollect index=m split=t user", ({"user": "a", "n": 1},), ({"user": "a", "n": 1},)),
    ),
)
def build(node: tree.Command, scope: BuildScope) -> Operator:
    """Add the results to an index of the environment as metric data points, and pass them on.

    Later runs read them with mstats and mcatalog, once this run ended well. With `split=false` a result names its
    measures: `metric_name:NAME` fields, or `metric_name` and `_value`. With `split=true` every field is a measure but
    those listed, which are dimensions; with `split=allnums` every numeric field that is not listed. Fields whose name
    begins with an underscore are left out. A result without `_time` gets the run's now.

    *Null*: an absent field is neither; a result without `prefix_field` or without a measure is no data point. A
    *multivalue* field is a dimension. Memory: all data points, until the run ends.
    """
    return collecting(node, OPTIONS)


def collecting(node: tree.Command, options: dict[str, OptionSpec]) -> Operator:
    """Return the operator of mcollect or meventcollect."""
    arguments = read(node, options, takes=(tree.Word,))
    index = arguments["index"]
    if not index:
        fail(node, f"{node.name} needs index=.")
    listed = field_names(arguments.words, node)
    settings = dict(arguments.options)
    settings["split"] = {"true": "true", "t": "true", "1": "true", "allnums": "allnums"}.get(settings["split"], "false")
    if settings["split"] == "true" and not listed:
        fail(node, "split=true needs the list of dimensions.", arguments.given["split"])
    marks = _marks(settings.get("marker"))

    def run(stream: Stream, ctx: RunContext) -> Stream:
        dimensions = FieldPatterns(listed)

        def batches() -> Iterator[Batch]:
            for batch in stream.batches:
                points = [point for row in batch if (point := data_point(row, settings, dimensions)) is not None]
                for point in points:
                    point.setdefault("_time", ctx.now)
                    point.update(marks)
                ctx.write_events(index, points)
                yield batch

        return Stream(batches(), stream.columns)

    return Sequence(name=node.name, run=run, node=node, span=node.span)


def data_point(row: Row, settings: dict[str, Any], dimensions: FieldPatterns) -> Row | None:
    """Return the data point that a result becomes; None where it has no measure."""
    point: Row = {}
    measured = False
    prefix_field, split = settings["prefix_field"], settings["split"]
    prefix = "" if prefix_field is None else row.get(prefix_field)
    if split == "true" and prefix is None:
        return None
    for name, value in row.items():
        if split == "false":
            measure = name.startswith(PREFIX)
            key = name
        else:
            measure = not is_internal(name) and name not in (prefix_field, *META) and not dimensions.matches(name)
            key = f"{PREFIX}{to_text(prefix)}.{name}" if prefix and split == "true" else PREFIX + name
        number = None if isinstance(value, list) or not measure else to_number(value)
        dimensional = not measure or split == "allnums"
        if number is not None:
            point[key] = number
            measured = True
        elif name == "_time" or (dimensional and not is_internal(name) and name != prefix_field):
            point[name] = value
    if split == "false" and row.get("metric_name") is not None and to_number(row.get("_value")) is not None:
        point["_value"], measured = to_number(row["_value"]), True
    if not measured:
        return None
    given = {name: settings[name] for name in ("host", "source", "sourcetype") if settings[name]}
    return point | given


def _marks(text: str | None) -> Row:
    pairs = (part.partition("=") for part in re.split(r",\s*", text or "") if "=" in part)
    return {name.strip(): value.strip().strip('"') for name, _, value in pairs}
