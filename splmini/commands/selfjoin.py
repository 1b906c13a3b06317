"""The selfjoin command: results joined with each other by fields."""

from __future__ import annotations

from collections.abc import Hashable, Iterator

from splmini.commands.arguments.reading import fail, field_names, read
from splmini.commands.arguments.subsearches import rows_of
from splmini.language import tree
from splmini.operators import Operator, Row, RunContext, Sequence, Stream, batched
from splmini.registry import BuildScope, Example, OptionSpec, command
from splmini.values.multivalue import as_list
from splmini.values.numbers import to_text

OPTIONS = {
    "overwrite": OptionSpec("bool", default=True, doc="Fields of the later result replace those of the same name."),
    "max": OptionSpec("int", least=0, default=1, doc="How many other results each result joins with; 0: all."),
    "keepsingle": OptionSpec("bool", default=False, doc="Keep results that join with no other."),
}


@command(
    "selfjoin",
    options=OPTIONS,
    syntax="selfjoin [overwrite=<bool>] [max=<int>] [keepsingle=<bool>] <field-list>",
    category="dataset processing",
    tabular=True,
    source="https://docs.splunk.com/Documentation/Splunk/latest/SearchReference/Selfjoin",
    examples=(
        Example(
            "| selfjoin id", ({"id": 1, "a": 1, "b": 2},), ({"id": 1, "a": 1}, {"id": 1, "b": 2}, {"id": 2, "a": 5})
        ),
        Example(
            "| selfjoin pid", [{"pid": 1, "a": 1, "b": 2}], ({"pid": 1, "a": 1}, {"pid": 1, "b": 2}, {"pid": 2, "a": 3})
        ),
    ),
)
def build(node: tree.Command, scope: BuildScope) -> Operator:
    """Join each result with the next that has the same values in the fields; with `max`, with so many next ones.

    Five results that agree give four, one for each pair of neighbours. With `overwrite=true` (the default) the fields
    of the later result replace those of the same name. `keepsingle=true` keeps results that agree with no other.
    *Null*: a result that lacks one of the fields joins with no other. *Multivalue* keys are equal where all values are.

    Memory: all results.
    """
    arguments = read(node, OPTIONS, takes=(tree.Word,))
    names = field_names(arguments.words, node)
    if not names:
        fail(node, "selfjoin needs a field.")
    overwrite, most, keep = arguments["overwrite"], arguments["max"], arguments["keepsingle"]

    def run(stream: Stream, ctx: RunContext) -> Stream:
        def rows() -> Iterator[Row]:
            groups: dict[Hashable, list[Row]] = {}
            places: list[tuple[list[Row], int]] = []
            for number, row in enumerate(rows_of(stream, ctx)):
                values = [row.get(name) for name in names]
                alone = any(value is None for value in values)
                key = number if alone else tuple(tuple(map(to_text, as_list(value))) for value in values)
                group = groups.setdefault(key, [])
                places.append((group, len(group)))
                group.append(row)
            for group, place in places:
                own = group[place]
                if keep and len(group) == 1:
                    yield own
                for other in group[place + 1 : place + 1 + most] if most else group[place + 1 :]:
                    yield {**own, **other} if overwrite else {**other, **own}

        return Stream(batched(rows()), stream.columns)

    return Sequence(name="selfjoin", run=run, node=node, span=node.span)
