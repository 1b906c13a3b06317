"""The gauge command: one number and the ranges that a gauge shows it in."""

from __future__ import annotations

from collections.abc import Iterator

from splmini.commands.arguments.reading import read
from splmini.language import tree
from splmini.operators import Operator, Row, RunContext, Sequence, Stream, batched
from splmini.registry import BuildScope, Example, command
from splmini.values.multivalue import first
from splmini.values.numbers import to_number

DEFAULT_RANGE = (0, 100)


@command(
    "gauge",
    syntax="gauge <value> [<range_val1> <range_val2> ...]",
    category="reporting",
    source="https://docs.splunk.com/Documentation/Splunk/latest/SearchReference/Gauge",
    examples=(Example("| gauge n 10 20 30", ({"x": 12, "y1": 10, "y2": 20, "y3": 30},), ({"n": 12}, {"n": 99})),),
)
def build(node: tree.Command, scope: BuildScope) -> Operator:
    """Give one row: the number in `x`, the bounds of the ranges in `y1`, `y2` …

    The number and the bounds are numbers or fields, of which the first value counts. Without at least two bounds the
    range is from 0 to 100.

    *Null*: a field that no result has gives no column. *Multivalue*: the first value.
    """
    words = read(node, {}, takes=(tree.Word,)).words
    if not words:
        read(node, {}).fail("gauge needs a number or a field.")
    value, *bounds = (word.text for word in words)
    ranges: list[str | int] = list(bounds) if len(bounds) > 1 else list(DEFAULT_RANGE)

    def run(stream: Stream, ctx: RunContext) -> Stream:
        def rows() -> Iterator[Row]:
            asked = {str(each) for each in (value, *ranges) if to_number(each) is None}
            found: Row = {}
            for row in stream.rows():
                for name in asked - found.keys():
                    if row.get(name) is not None:
                        found[name] = first(row[name])
                if len(found) == len(asked):
                    break
            names = ["x", *(f"y{i}" for i in range(1, len(ranges) + 1))]
            numbers = [to_number(found.get(str(each), each)) for each in (value, *ranges)]
            result = {name: number for name, number in zip(names, numbers, strict=True) if number is not None}
            if result:
                yield result

        return Stream(batched(rows()))

    return Sequence(name="gauge", run=run, keeps_order=False, node=node, span=node.span)
