"""accum: the running total of a field."""

from __future__ import annotations

from splmini.commands._running import Step, running
from splmini.commands.arguments.reading import read, renamed_field
from splmini.language import tree
from splmini.operators import Operator, Row
from splmini.registry import BuildScope, Example, command
from splmini.values import numbers
from splmini.values.numbers import to_number


@command(
    "accum",
    renames=True,
    category="streaming",
    syntax="accum FIELD [AS NEWFIELD]",
    calculates=True,
    source="https://docs.splunk.com/Documentation/Splunk/latest/SearchReference/Accum",
    examples=(
        Example("| accum v as total", [{"v": 5, "total": 5}, {"v": 3, "total": 8}], ({"v": 5}, {"v": 3})),
        Example(
            "| accum n as total",
            [{"n": 1, "total": 1}, {"n": "x"}, {"n": 2, "total": 3}],
            ({"n": 1}, {"n": "x"}, {"n": 2}),
        ),
    ),
)
def build(node: tree.Command, scope: BuildScope) -> Operator:
    """Writes the running total of the numbers in a field, to that field or to a new one.

    Rows where the field is null, no number or multivalue add nothing and stay as they are.

    Memory: one number.
    """
    field, alias = renamed_field(read(node, {}))
    target = alias or field

    def make() -> Step:
        total: int | float = 0

        def step(row: Row) -> None:
            nonlocal total
            number = to_number(row.get(field))
            if number is not None:
                total = numbers.add(total, number) or 0
                row[target] = total

        return step

    return running(node, make, (field,), () if target == field else (target,))
