"""The reltime command: how long ago, in words."""

from __future__ import annotations

from collections.abc import Callable

from splmini.commands.arguments.reading import fail, read, reading
from splmini.language import tree
from splmini.operators import Batch, Operator, RunContext, Streaming, appended
from splmini.registry import BuildScope, Example, OptionSpec, command
from splmini.values.multivalue import first
from splmini.values.numbers import to_number

OPTIONS = {
    "timefield": OptionSpec("fields", default=("_time",), doc="The fields that hold times, separated by commas."),
    "prefix": OptionSpec("string", doc="What to put before the names of the new fields; reltime_ for several fields."),
}
_UNITS = (("year", 31536000), ("month", 2592000), ("day", 86400), ("hour", 3600), ("minute", 60), ("second", 1))


@command(
    "reltime",
    options=OPTIONS,
    syntax='reltime [timefield=<field> | timefield="<field>, <field>..."] [prefix=<string>]',
    category="streaming",
    source="https://docs.splunk.com/Documentation/Splunk/latest/SearchReference/Reltime",
    examples=(Example("| reltime", ({"reltime": "2 hours ago"},), ({"_time": 1699992800},)),),
)
def build(node: tree.Command, scope: BuildScope) -> Operator:
    """Add how long ago a time is, counted from the run's now: `1 minute ago`, `5 days ago`.

    The new field is `reltime`, with the prefix before it; with several time fields there is one for each, named prefix
    (`reltime_` without one) and time field. The largest unit that fits is used: years of 365 and months of 30 days,
    days, hours, minutes, seconds. Times to come are `in 5 minutes`.

    *Null* and values that are no times give no field. *Multivalue*: the first value counts.
    """
    arguments = read(node, OPTIONS, takes=())
    sources = arguments["timefield"]
    if not sources:
        fail(node, "reltime needs a time field.", arguments.given["timefield"])
    prefix = arguments["prefix"]
    if len(sources) == 1:
        pairs = [(sources[0], (prefix or "") + "reltime")]
    else:
        pairs = [(name, ("reltime_" if prefix is None else prefix) + name) for name in sources]
    targets = [target for _, target in pairs]

    def bind(ctx: RunContext) -> Callable[[Batch], Batch]:
        now = ctx.now

        def reltime(batch: Batch) -> Batch:
            for row in batch:
                for source, target in pairs:
                    time = to_number(first(row.get(source)))
                    if time is not None:
                        row[target] = in_words(now - time)
            return batch

        return reltime

    return Streaming(
        name="reltime",
        one_to_one=True,
        bind=bind,
        requires=reading(frozenset(sources)),
        columns=appended(*targets),
        writes=frozenset(targets),
        node=node,
        span=node.span,
    )


def in_words(seconds: float) -> str:
    """Return a time difference in words.

    >>> in_words(3600), in_words(-120), in_words(0)
    ('1 hour ago', 'in 2 minutes', 'now')
    """
    distance = abs(seconds)
    for unit, length in _UNITS:
        count = int(distance // length)
        if count:
            text = f"{count} {unit}{'s' if count > 1 else ''}"
            return f"{text} ago" if seconds > 0 else f"in {text}"
    return "now"
