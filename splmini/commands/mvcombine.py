"""The mvcombine command: merge results that differ in one field only."""

from __future__ import annotations

from collections.abc import Hashable, Iterator
from typing import Any

from splmini.commands.arguments.reading import is_internal, one_field, read
from splmini.commands.dedup import hashable
from splmini.commands.noop import unchanged
from splmini.language import tree
from splmini.operators import Operator, Row, RunContext, Sequence, Stream, batched
from splmini.registry import BuildScope, Example, OptionSpec, command
from splmini.values.multivalue import as_list

OPTIONS = {"delim": OptionSpec("string", default=" ", doc="What stands between the values where nomv joins them.")}


class Delimited(list[Any]):
    """A multivalue that knows what `nomv` puts between its values."""

    def __init__(self, items: list[Any], delimiter: str) -> None:
        super().__init__(items)
        self.delimiter = delimiter

    def __reduce__(self) -> tuple[Any, ...]:
        return Delimited, (list(self), self.delimiter)


@command(
    "mvcombine",
    options=OPTIONS,
    syntax="mvcombine [delim=<string>] <field>",
    category="transforming",
    source="https://docs.splunk.com/Documentation/Splunk/latest/SearchReference/Mvcombine",
    examples=(
        Example("| mvcombine host", ({"host": ["a", "b"], "n": 1},), ({"host": "a", "n": 1}, {"host": "b", "n": 1})),
        Example(
            '| mvcombine delim=";" user | nomv user',
            [{"app": "x", "user": "a;b"}, {"app": "y", "user": "c"}],
            ({"app": "x", "user": "a"}, {"app": "x", "user": "b"}, {"app": "y", "user": "c"}),
        ),
    ),
)
def build(node: tree.Command, scope: BuildScope) -> Operator:
    """Merge the results that are equal in all other fields but `_raw` into one whose field holds all values.

    A merged result stands where the first of its kind stood. `delim` shows only where `nomv` joins the values.
    An internal field, whose name begins with an underscore, is left as it is. *Null*: results without the field pass
    as they are. *Multivalue*: all values are taken.

    Memory: one result for each combination of the other fields, at most `limits.max_rows`.
    """
    arguments = read(node, OPTIONS)
    name = one_field(arguments)
    if is_internal(name):
        return unchanged(node)
    delimiter = arguments["delim"]
    beside = (name, "_raw")

    def run(stream: Stream, ctx: RunContext) -> Stream:
        def rows() -> Iterator[Row]:
            groups: dict[Hashable, tuple[Row, list[Any]]] = {}
            for batch in stream.batches:
                for row in batch:
                    values = as_list(row.get(name))
                    others = ((other, hashable(value)) for other, value in row.items() if other not in beside)
                    key: Hashable = (bool(values), frozenset(others)) if values else (id(row), len(groups))
                    group = groups.get(key)
                    if group is None:
                        groups[key] = (row, list(values))
                    else:
                        group[1].extend(values)
                ctx.check(len(groups))
            for row, values in groups.values():
                if len(values) > 1:
                    row[name] = Delimited(values, delimiter)
                yield row

        return Stream(batched(rows()), stream.columns)

    return Sequence(name="mvcombine", run=run, node=node, span=node.span)
