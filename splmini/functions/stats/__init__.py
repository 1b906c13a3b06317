"""The aggregates of stats, chart, timechart and their relatives: one decorated class each, by family.

A class has `add`, `merge` and `result` (see `splmini.registry.Accumulator`). A result never depends on where the rows
were cut into parts: merging partial accumulators gives what one accumulator over all rows gives. Aggregates that
depend on the order of rows are given a row's number and keep it (`takes="ordered"`, `takes="timed"`), so that they
merge in any order; `shift` moves those numbers when a part turns out to begin later.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any

from splmini import registry
from splmini.errors import DASHBOARD_TOKEN, ArgumentError, UnknownFunction, did_you_mean
from splmini.values.numbers import to_number


@lru_cache(maxsize=512)
def find_function(name: str) -> tuple[registry.StatsFunction, tuple[str, ...]]:
    """Return a stats function and the parameters that its name holds (`p95`); raises UnknownFunction."""
    table = registry.stats_functions()
    spec = table.get(name)
    if spec is not None and spec.pattern is None:
        return spec, ()
    for each in table.values():
        match = re.fullmatch(each.pattern, name) if each.pattern is not None else None
        if match:
            if float(match[1]) > 100:
                raise ArgumentError(f"A percentile is at 0 to 100, not at {match[1]}.", name=name)
            return each, match.groups()
    known = [known for known, each in table.items() if each.pattern is None]
    hint = did_you_mean(name, known)
    if spec is not None:
        hint = f"Write the percentage behind the name: {name}95(x)."
    elif name.startswith("$"):
        hint = DASHBOARD_TOKEN
    raise UnknownFunction(f"There is no stats function '{name}'.", name=name, hint=hint)


def feed(takes: str, accumulator: Any, value: Any, time: float | None, order: int) -> None:
    """Give one value (never null, never a list) to an accumulator, in the way that it takes values."""
    if takes == "value":
        accumulator.add(value)
    elif takes == "number":
        number = to_number(value)
        if number is not None:
            accumulator.add(number)
    elif takes == "ordered":
        accumulator.add(value, order)
    elif time is not None:
        accumulator.add(value, time, order)
