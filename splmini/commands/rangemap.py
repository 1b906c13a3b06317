"""The rangemap command: name the range that a number is in."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from splmini.commands.arguments.options import option_name, text_of
from splmini.commands.arguments.reading import fail, read, reading
from splmini.language import tree
from splmini.operators import Batch, Operator, RunContext, Streaming, appended
from splmini.registry import BuildScope, Example, OptionSpec, command
from splmini.values.multivalue import as_list, from_list
from splmini.values.numbers import to_number

OPTIONS = {
    "field": OptionSpec("field", doc="The field that holds the number."),
    "default": OptionSpec("string", default="None", doc="The name where no range holds the number."),
}
_NUMBER = r"[+-]?[0-9]+(?:\.[0-9]+)?"
_RANGE = re.compile(f"({_NUMBER})-({_NUMBER})", re.ASCII)


@command(
    "rangemap",
    options=OPTIONS,
    any_option=True,
    syntax="rangemap field=<field> [<name>=<low>-<high>]... [default=<name>]",
    category="streaming",
    source="https://docs.splunk.com/Documentation/Splunk/latest/SearchReference/Rangemap",
    examples=(
        Example(
            "| rangemap field=n low=0-9 High=10-99 default=none",
            ({"n": 5, "range": "low"}, {"n": 10, "range": "High"}),
            ({"n": 5}, {"n": 10}),
        ),
        Example(
            "| rangemap field=n low=0-9 high=10-99 default=other",
            [{"n": 5, "range": "low"}, {"n": 10, "range": "high"}, {"n": 100, "range": "other"}],
            ({"n": 5}, {"n": 10}, {"n": 100}),
        ),
    ),
)
def build(node: tree.Command, scope: BuildScope) -> Operator:
    """Write the name of the range that a number is in to the field `range`; both ends belong to a range.

    Where ranges overlap, `range` is multivalue. *Null*, texts that are no number and numbers in no range get the
    default. *Multivalue*: the names of all values' ranges, each once.
    """
    arguments = read(node, OPTIONS, takes=(), any_option=True)
    name = arguments["field"]
    if name is None:
        fail(node, "rangemap needs field=.")
    ranges = []
    for key, option in arguments.given.items():
        if key in OPTIONS:
            continue
        match = _RANGE.fullmatch((text_of(option.value) or "").strip())
        if match is None:
            fail(node, f"A range is written <low>-<high>, such as 1-30, not '{option.value}'.", option.value)
        low, high = to_number(match[1]), to_number(match[2])
        assert low is not None
        assert high is not None
        if low > high:
            fail(node, f"The range '{option.value}' ends before it starts.", option.value)
        ranges.append((option_name(option), low, high))
    default = arguments["default"]

    def bind(ctx: RunContext) -> Callable[[Batch], Batch]:
        def names_of(value: Any) -> Any:
            names: dict[str, None] = {}
            for item in as_list(value):
                number = to_number(item)
                if number is not None:
                    names.update(dict.fromkeys(label for label, low, high in ranges if low <= number <= high))
            return from_list(names) if names else default

        def rangemap(batch: Batch) -> Batch:
            for row in batch:
                row["range"] = names_of(row.get(name))
            return batch

        return rangemap

    return Streaming(
        name="rangemap",
        one_to_one=True,
        bind=bind,
        requires=reading(frozenset({name}), ("range",)),
        columns=appended("range"),
        writes=frozenset({"range"}),
        node=node,
        span=node.span,
    )
