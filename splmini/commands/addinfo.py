"""The addinfo command: fields about the search itself."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from splmini.commands.arguments.reading import read, reading
from splmini.commands.arguments.uses import adding
from splmini.language import tree
from splmini.operators import Batch, Operator, RunContext, Streaming, appended
from splmini.registry import BuildScope, Example, FieldUses, command

NAMES = ("info_min_time", "info_max_time", "info_sid", "info_search_time")


def _made(command: tree.Command) -> Iterator[str]:
    return iter(NAMES)


@command(
    "addinfo",
    syntax="addinfo",
    category="streaming",
    uses=FieldUses(after=adding(_made)),
    source="https://docs.splunk.com/Documentation/Splunk/latest/SearchReference/Addinfo",
    examples=(
        Example("| addinfo | eval age=info_search_time-t", ({"t": 1699999990, "age": 10},), ({"t": 1699999990},)),
    ),
)
def build(node: tree.Command, scope: BuildScope) -> Operator:
    """Add to each result when and over which time range the search runs.

    `info_min_time` and `info_max_time` are the ends of the time range (0 and `+Infinity` without one),
    `info_search_time` is the run's now, `info_sid` an identifier of the run made from it.

    *Null* and *multivalue* fields are passed on as they are.
    """
    read(node, {}, takes=())

    def bind(ctx: RunContext) -> Callable[[Batch], Batch]:
        info = {
            "info_min_time": 0 if ctx.earliest is None else ctx.earliest,
            "info_max_time": "+Infinity" if ctx.latest is None else ctx.latest,
            "info_sid": f"{ctx.now:.3f}",
            "info_search_time": ctx.now,
        }

        def addinfo(batch: Batch) -> Batch:
            for row in batch:
                row.update(info)
            return batch

        return addinfo

    return Streaming(
        name="addinfo",
        bind=bind,
        requires=reading(frozenset(), NAMES),
        columns=appended(*NAMES),
        writes=frozenset(NAMES),
        node=node,
        span=node.span,
    )
