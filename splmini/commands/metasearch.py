"""The metasearch command: where and when events are that satisfy a search expression."""

from __future__ import annotations

from collections.abc import Iterator

from splmini.commands.search import checked_search
from splmini.compiler import TIME_MODIFIERS, fields_read
from splmini.errors import ArgumentError
from splmini.language import tree
from splmini.operators import Batch, Fields, Generating, Operator, Request, RunContext, Stream
from splmini.registry import BuildScope, Example, command

FIELDS = ("host", "index", "source", "sourcetype", "splunk_server", "_time")


@command(
    "metasearch",
    "search",
    generating=True,
    syntax="metasearch [<logical-expression>]",
    category="generating",
    rereads=True,
    reach="events",
    source="https://docs.splunk.com/Documentation/Splunk/latest/SearchReference/Metasearch",
    examples=(
        Example(
            "| metasearch host=web1 | stats count by host",
            ({"host": "web1", "count": 1},),
            ({"host": "web1", "n": 1}, {"host": "web2", "n": 2}),
        ),
    ),
)
def build(node: tree.Command, scope: BuildScope) -> Operator:
    """Give the host, index, source, sourcetype, splunk_server and `_time` of the events that satisfy a search
    expression, which compares these fields and looks for words in `_raw`.

    *Null*: a field that an event lacks is absent. *Multivalue* does not occur.
    """
    expression = checked_search(node.args[0], scope) if node.args else None
    if expression is not None:
        for each in tree.walk(expression):
            name = getattr(each, "field", None)
            if name is not None and name not in (*FIELDS, "_raw", *TIME_MODIFIERS):
                raise ArgumentError(
                    f"metasearch knows no field '{name}'.",
                    name="metasearch",
                    span=each.span,
                    hint=f"Its fields are {', '.join(FIELDS)}.",
                )

    def generate(ctx: RunContext, needed: Fields) -> Stream:
        reads = frozenset() if expression is None else fields_read(expression)
        stream = ctx.scan(Request(predicate=expression, needed=None if reads is None else frozenset(FIELDS) | reads))

        def batches() -> Iterator[Batch]:
            for batch in stream.batches:
                yield [{name: row[name] for name in FIELDS if name in row} for row in batch]

        return Stream(batches(), _columns)

    return Generating(name="metasearch", generate=generate, node=node, span=node.span)


def _columns() -> list[str] | None:
    return list(FIELDS)
