"""The untable command: turn a table into rows of x, series and value."""

from __future__ import annotations

from collections.abc import Callable

from splmini.budget import pulse
from splmini.commands.arguments.reading import fail, is_internal, read
from splmini.language import tree
from splmini.operators import Batch, Operator, RunContext, Streaming, exactly
from splmini.registry import BuildScope, Example, command


@command(
    "untable",
    syntax="untable <x-field> <y-name-field> <y-data-field>",
    category="transforming",
    source="https://docs.splunk.com/Documentation/Splunk/latest/SearchReference/Untable",
    examples=(
        Example(
            "| untable host action count",
            ({"host": "a", "action": "allow", "count": 2}, {"host": "a", "action": "deny", "count": 1}),
            ({"host": "a", "allow": 2, "deny": 1},),
        ),
        Example(
            "| untable host metric value",
            [
                {"host": "a", "metric": "cpu", "value": 1},
                {"host": "a", "metric": "mem", "value": 2},
                {"host": "b", "metric": "cpu", "value": 3},
            ],
            ({"host": "a", "cpu": 1, "mem": 2}, {"host": "b", "cpu": 3}),
        ),
    ),
)
def build(node: tree.Command, scope: BuildScope) -> Operator:
    """Give a result for each cell of a table: the x field, the name of the column, and the value. It undoes xyseries.

    *Null* cells give no result; internal fields other than the x field are left out. *Multivalue* cells stay so.
    """
    words = read(node, {}, takes=(tree.Word,)).words
    if len(words) != 3:
        fail(node, "untable needs three field names.", words[3] if len(words) > 3 else None)
    x, series, data = (word.text for word in words)

    def bind(ctx: RunContext) -> Callable[[Batch], Batch]:
        def untable(batch: Batch) -> Batch:
            cells: Batch = []
            for row in batch:
                value = row.get(x)
                for name, cell in row.items():
                    if name == x or is_internal(name):
                        continue
                    result = {} if value is None else {x: value}
                    result[series] = name
                    result[data] = cell
                    cells.append(result)
                pulse()
            return cells

        return untable

    return Streaming(name="untable", bind=bind, columns=exactly(x, series, data), node=node, span=node.span)
