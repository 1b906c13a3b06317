"""The table of stats functions, and how one is declared."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

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
