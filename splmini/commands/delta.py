"""delta: the difference to the row before."""

from __future__ import annotations

from collections import deque

from splmini.commands._running import Step, put, running
from splmini.commands.arguments.reading import read, renamed_field
from splmini.language import tree
from splmini.operators import Operator, Row
from splmini.registry import BuildScope, Example, OptionSpec, command
from splmini.values import numbers
from splmini.values.numbers import to_number

OPTIONS = {"p": OptionSpec("int", least=1, default=1, doc="How many rows back the value is that is subtracted.")}


@command(
    "delta",
    options=OPTIONS,
    renames=True,
    category="streaming",
    syntax="delta FIELD [AS NEWFIELD] [p=INT]",
    calculates=True,
    source="https://docs.splunk.com/Documentation/Splunk/latest/SearchReference/Delta",
    examples=(
        Example("| delta v as d", [{"v": 5, "d": None}, {"v": 3, "d": -2}], ({"v": 5}, {"v": 3})),
        Example("| delta n as d p=2", [{"n": 1}, {"n": 5}, {"n": 9, "d": 8}], ({"n": 1}, {"n": 5}, {"n": 9})),
    ),
)
def build(node: tree.Command, scope: BuildScope) -> Operator:
    """Writes the value of a field less its value `p` rows before; the new field is named `delta(FIELD)` without AS.

    Null where one of the two values is null, no number or multivalue, and in the first `p` rows.

    Memory: the last `p` values.
    """
    arguments = read(node, OPTIONS)
    field, alias = renamed_field(arguments)
    target, back = alias or f"delta({field})", arguments["p"]

    def make() -> Step:
        before: deque[int | float | None] = deque(maxlen=back)

        def step(row: Row) -> None:
            number = to_number(row.get(field))
            old = before[0] if len(before) == back else None
            before.append(number)
            put(row, target, None if number is None or old is None else numbers.subtract(number, old))

        return step

    return running(node, make, (field,), (target,))
