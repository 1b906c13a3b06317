"""The table of stats functions, and how one is declared."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from splmini.errors import DASHBOARD_TOKEN, ArgumentError, UnknownFunction, did_you_mean
from splmini.registry.shared import Example, load

if TYPE_CHECKING:
    from splmini.operators import Value


class Accumulator(Protocol):
    """One aggregate over one group. Pickles; `merge` takes one made from later rows."""

    def add(self, value: Any) -> None:
        """Take in one value: never null, never multivalue (each value is added by itself)."""

    def merge(self, other: Any) -> None:
        """Take in another accumulator of the kind."""

    def result(self) -> Value:
        """Give the aggregate; None where it is null."""


@dataclass(frozen=True)
class StatsFunction:
    """A stats function: `make(*parameters)` gives an accumulator.

    `argument`: `optional` (count), `required`, or `none`. `takes`: `value` (add(value)), `number` (add(float or int);
    other values are skipped), `ordered` (add(value, order), the number of the row by arrival), `timed` (add(value,
    time, order), time from `_time`; rows without one are skipped), `series` (add(value, time, order, dimensions), the
    row's other fields as pairs of texts). Ordered ones also have `shift(rows)`, which moves the numbers they keep; so
    all merge in any order. `pattern`: a regular expression of the names it serves (`p95`, `perc99.9`), whose groups
    are the parameters. `whole`: a multivalue field comes as one list instead of value by value.
    """

    name: str
    make: Callable[..., Accumulator]
    argument: str
    takes: str
    pattern: str | None
    whole: bool
    empty: Value
    """The result over no values at all (count: 0)."""
    source: str
    doc: str
    examples: tuple[Example, ...]
    family: str


_stats_functions: dict[str, StatsFunction] = {}
ClassT = TypeVar("ClassT", bound=type)


def stats_function(
    name: str,
    *,
    argument: str = "required",
    takes: str = "value",
    pattern: str | None = None,
    whole: bool = False,
    empty: Value = None,
    source: str = "",
    aliases: tuple[str, ...] = (),
    examples: tuple[Example, ...] = (),
) -> Callable[[ClassT], ClassT]:
    """Register a class with `add`, `merge`, `result` as a stats function; its docstring is the function's page."""

    def register(make: ClassT) -> ClassT:
        family = make.__module__.rpartition(".")[2]
        for each in (name, *aliases):
            _stats_functions[each] = StatsFunction(
                each, make, argument, takes, pattern, whole, empty, source, make.__doc__ or "", examples, family
            )
        return make

    return register


def stats_functions() -> Mapping[str, StatsFunction]:
    """Return all stats functions by name, aliases included (`p95` is found through its pattern)."""
    load("splmini.functions.stats")
    return _stats_functions


@lru_cache(maxsize=512)
def find_function(name: str) -> tuple[StatsFunction, tuple[str, ...]]:
    """Return a stats function and the parameters that its name holds (`p95`); raises UnknownFunction."""
    table = stats_functions()
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
