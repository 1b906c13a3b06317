"""What is measured in each group: the measures of a command, and the column of partial results of each."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

from splmini.commands.aggregation.columns import AccumulatorColumn, Column
from splmini.commands.aggregation.fast_columns import FAST, EventCountColumn
from splmini.commands.aggregation.measures import Measure
from splmini.commands.aggregation.slices import Source
from splmini.errors import Span
from splmini.operators import Row, RunContext
from splmini.registry import find_function
from splmini.values import wildcards


@dataclass(frozen=True)
class Grouping:
    """How rows are grouped and measured; what the operators of the family are made from. Pickles."""

    measures: tuple[Measure, ...]
    by: tuple[str, ...] = ()
    allnum: bool = False
    dedup_splitvals: bool = False
    command: str = "stats"
    span: Span = field(default_factory=lambda: Span(-1, -1))

    @property
    def names_fields(self) -> bool:
        """Whether every field that is measured is named, none met by a wildcard."""
        return not any(measure.wild for measure in self.measured())

    def measured(self) -> tuple[Measure, ...]:
        """The measures that have columns: formulas stand for their parts."""
        return tuple(part for measure in self.measures for part in (measure.parts or (measure,)))


def make_column(measure: Measure, allnum: bool, ctx: RunContext) -> Column:
    """Make the column of a measure."""
    spec, parameters = find_function(measure.function)
    if measure.expression is not None:
        source = Source(f"\0{measure.expression}", ctx.expression(measure.expression))
    elif measure.field is None:
        if measure.function in ("count", "c"):
            return EventCountColumn(Source(""), spec.make, spec.takes, spec.empty)
        source = Source("\0", _one)
    else:
        source = Source(measure.field)
    if measure.function == "sparkline":
        from splmini.functions.stats.chart import SparklineMaker

        return AccumulatorColumn(source, SparklineMaker(measure.inner, measure.span), "timed", None)
    make: Callable[[], Any] = partial(spec.make, *parameters) if parameters else spec.make
    setting = _LIMITS.get(measure.function)
    if setting is not None:
        make = partial(_limited, spec.make, getattr(ctx.limits, setting))
    kind = FAST.get(measure.function, AccumulatorColumn)
    return kind(source, make, spec.takes, spec.empty, allnum)


_LIMITS = {"list": "list_maxsize", "values": "values_maxsize"}


def _one(row: Row) -> Any:
    return 1


def _limited(make: Callable[[], Any], limit: int) -> Any:
    accumulator = make()
    accumulator.limit = limit
    return accumulator


class WildColumns:
    """The columns of a measure whose field is a wildcard: one for each matching field that is met."""

    def __init__(self, measure: Measure, grouping: Grouping, ctx: RunContext) -> None:
        self.measure = measure
        self.by = frozenset(grouping.by)
        self.make = partial(make_column, allnum=grouping.allnum, ctx=ctx)
        self.known: dict[str, Column | None] = {}
        self.matches = wildcards.compile_wildcard(measure.field or "*", ignore_case=False)

    def meet(self, name: str) -> Column | None:
        """Return the column of a field, made when the field is met; None where the wildcard leaves it out."""
        if name not in self.known:
            hidden = name[:1] == "_" and (self.measure.field or "")[:1] != "_"
            wanted = name not in self.by and not hidden and self.matches(name)
            self.known[name] = self.make(replace(self.measure, field=name)) if wanted else None
        return self.known[name]

    def merge(self, other: WildColumns, groups: Sequence[int], size: int, rows: int) -> None:
        """Take in the columns of later rows."""
        for name, column in other.known.items():
            if column is not None:
                mine = self.known.get(name)
                if mine is None:
                    mine = self.known[name] = bare(column)
                    mine.cells, mine.bad = [], None if mine.bad is None else set()
                mine.merge(column, groups, size, rows)

    def named(self) -> Iterator[tuple[str, Column]]:
        """Yield the name and the column of each field met, in the order of the fields' names."""
        measure = self.measure
        pattern = measure.field or "*"
        for name in sorted(name for name, column in self.known.items() if column is not None):
            column = self.known[name]
            assert column is not None
            if wildcards.has_wildcard(measure.name) and measure.name != f"{measure.called}({pattern})":
                yield wildcards.substitute(pattern, measure.name, name) or name, column
            else:
                yield f"{measure.called}({name})", column


def portable(column: Column | WildColumns) -> Column | WildColumns:
    """Return a copy of a column as it is sent to another process."""
    if not isinstance(column, WildColumns):
        return _sent(column)
    clone = copy.copy(column)
    clone.make, clone.matches = partial(_gone), _gone
    clone.known = {name: None if each is None else _sent(each) for name, each in clone.known.items()}
    return clone


def _sent(column: Column) -> Column:
    clone = bare(column)
    clone.cells = clone.travelling()
    return clone


def bare(column: Column) -> Column:
    """Return a copy of a column without its compiled expression, its cells shared."""
    clone = copy.copy(column)
    clone.source = Source(column.source.name)
    return clone


def _gone(*args: Any, **kwargs: Any) -> Any:
    raise RuntimeError("partial results that were sent between processes take no more rows")
