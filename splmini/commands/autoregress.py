"""autoregress: copies the values of earlier rows into each row."""

from __future__ import annotations

import re
from collections import deque
from typing import Any

from splmini.commands._running import Step, put, running
from splmini.commands.arguments.options import text_of
from splmini.commands.arguments.reading import Arguments, read, renamed_field
from splmini.language import tree
from splmini.operators import Operator, Row
from splmini.registry import BuildScope, Example, OptionSpec, command

OPTIONS = {"p": OptionSpec("any", doc="How many rows back: a number, or a range such as 1-3 (default 1).")}


@command(
    "autoregress",
    options=OPTIONS,
    renames=True,
    category="streaming",
    syntax="autoregress FIELD [AS NEWFIELD] [p=INT[-INT]]",
    calculates=True,
    source="https://docs.splunk.com/Documentation/Splunk/latest/SearchReference/Autoregress",
    examples=(
        Example(
            "| autoregress v p=1-2",
            [{"v": 1}, {"v": 2, "v_p1": 1}, {"v": 3, "v_p1": 2, "v_p2": 1}],
            ({"v": 1}, {"v": 2}, {"v": 3}),
        ),
        Example(
            "| autoregress n p=1-2",
            [{"n": 1}, {"n": 2, "n_p1": 1}, {"n": 3, "n_p1": 2, "n_p2": 1}],
            ({"n": 1}, {"n": 2}, {"n": 3}),
        ),
    ),
)
def build(node: tree.Command, scope: BuildScope) -> Operator:
    """Copies the value that a field had `p` rows before into `FIELD_p<p>`, or into the field that AS names.

    With a range every step of it gets its own field; AS takes no range. Null where the earlier row has no value.
    A multivalue is copied as it is.

    Memory: the last `p` values.
    """
    arguments = read(node, OPTIONS)
    field, alias = renamed_field(arguments)
    low, high = _steps(arguments)
    if alias is not None and low != high:
        arguments.fail("AS names one field: it takes no range of p.", arguments.given["p"])
    targets = {back: alias or f"{field}_p{back}" for back in range(low, high + 1)}

    def make() -> Step:
        before: deque[Any] = deque(maxlen=high)

        def step(row: Row) -> None:
            value = row.get(field)
            for back, target in targets.items():
                put(row, target, before[-back] if len(before) >= back else None)
            before.append(value)

        return step

    return running(node, make, (field,), targets.values())


def _steps(arguments: Arguments) -> tuple[int, int]:
    if arguments["p"] is None:
        return 1, 1
    match = re.fullmatch(r"([0-9]{1,4})(?:-([0-9]{1,4}))?", text_of(arguments["p"]) or "")
    if match is None:
        arguments.fail("p takes a number or a range, such as 2 or 1-3.", arguments.given["p"])
    low = int(match[1])
    high = int(match[2] or low)
    if not 1 <= low <= high:
        arguments.fail("p begins at 1 and does not decrease.", arguments.given["p"])
    return low, high
