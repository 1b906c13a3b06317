"""Laws of aggregation: parts merge to the whole, fast columns equal accumulators, partial results survive as rows."""

from __future__ import annotations

import math
import pickle
import random
from datetime import timezone
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from splmini import registry
from splmini.commands.aggregation import groups as grouped
from splmini.commands.aggregation import prestats
from splmini.commands.aggregation.columns import AccumulatorColumn
from splmini.commands.aggregation.fast_columns import FAST
from splmini.commands.aggregation.groups import Grouping, Groups, Measure
from splmini.functions.stats import quantile
from splmini.limits import Limits
from splmini.registry import find_function

CONTEXT: Any = SimpleNamespace(limits=Limits(list_maxsize=7), timezone=timezone.utc)
PATTERNED = {"perc": "perc90", "exactperc": "exactperc12.5", "upperperc": "upperperc50"}
FUNCTIONS = sorted(PATTERNED.get(name, name) for name in registry.stats_functions())

scalars = st.one_of(
    st.sampled_from(["a", "B", "b", "", "10", "9", "1.5", "-3", "x y", "007"]),
    st.integers(-1000, 1000),
    st.floats(-1e3, 1e3, allow_nan=False).map(lambda x: round(x, 3)),
)
values = st.one_of(st.none(), scalars, st.lists(scalars, min_size=2, max_size=3))
rows = st.lists(
    st.fixed_dictionaries(
        {
            "v": values,
            "g": st.one_of(st.none(), st.sampled_from(["x", "y", 1, "1"]), st.just(["x", "y", "x"])),
            "_time": st.one_of(st.none(), st.integers(0, 50), st.floats(0, 50).map(lambda x: round(x, 2))),
        }
    ).map(lambda row: {name: value for name, value in row.items() if value is not None}),
    max_size=30,
)
cuts = st.lists(st.integers(0, 30), max_size=4).map(sorted)


def measure(function: str) -> Measure:
    """Return the measure of a function over the field v."""
    if function == "sparkline":
        return Measure("out", "sparkline", field="v", inner="sum", span=10)
    return Measure("out", function, field="v", called=function)


def groups(function: str, by: tuple[str, ...] = ("g",)) -> Groups:
    """Return empty groups that measure one function."""
    return Groups(Grouping((measure(function),), by), CONTEXT)


def result(table: Groups) -> list[dict[str, Any]]:
    """Return the rows of groups."""
    return list(table.rows(CONTEXT))


def close(left: Any, right: Any) -> bool:
    """Say whether two results are equal, up to the rounding of sums."""
    if isinstance(left, list) and isinstance(right, list):
        return len(left) == len(right) and all(map(close, left, right))
    if isinstance(left, (int, float)) and isinstance(right, (int, float)):
        return math.isclose(left, right, rel_tol=1e-9, abs_tol=1e-6)
    return type(left) is type(right) and left == right


def equal(left: list[dict[str, Any]], right: list[dict[str, Any]]) -> bool:
    """Say whether two results have the same rows."""
    return len(left) == len(right) and all(
        a.keys() == b.keys() and all(close(a[name], b[name]) for name in a) for a, b in zip(left, right, strict=True)
    )


def parts(data: list[Any], at: list[int]) -> list[list[Any]]:
    """Cut a list at some places."""
    edges = [0, *(min(cut, len(data)) for cut in at), len(data)]
    return [data[low:high] for low, high in zip(edges, edges[1:], strict=False)]  # noqa: RUF007


@pytest.mark.parametrize("function", FUNCTIONS)
@given(data=rows, at=cuts, by=st.sampled_from([(), ("g",), ("g", "v")]))
@settings(max_examples=25, deadline=None)
def test_parts_merge_to_the_whole(function: str, data: list[Any], at: list[int], by: tuple[str, ...]) -> None:
    """Groups made from parts, sent between processes and merged, equal groups made from all rows at once."""
    whole = groups(function, by)
    whole.update(data)
    merged = groups(function, by)
    for part in parts(data, at):
        table = groups(function, by)
        table.update(part)
        merged.merge(pickle.loads(pickle.dumps(table)))
    assert equal(result(merged), result(whole))


@pytest.mark.parametrize("function", sorted(FAST))
@given(data=rows, at=cuts, by=st.sampled_from([(), ("g",)]))
@settings(max_examples=25, deadline=None)
def test_fast_columns_equal_accumulators(function: str, data: list[Any], at: list[int], by: tuple[str, ...]) -> None:
    """A fast column gives what the accumulators of its function give."""
    fast, plain = groups(function, by), groups(function, by)
    column = fast.columns[0]
    assert not isinstance(column, (AccumulatorColumn, grouped.WildColumns))
    plain.columns[0] = AccumulatorColumn(column.source, column.make, column.takes, column.empty)
    for part in parts(data, at):
        fast.update(part)
        plain.update(part)
    assert equal(result(fast), result(plain))


@pytest.mark.parametrize("function", sorted(set(FUNCTIONS) - {"sparkline", "rate_avg", "rate_sum"}))
@given(data=rows, at=cuts)
@settings(max_examples=15, deadline=None)
def test_partial_results_survive_as_rows(function: str, data: list[Any], at: list[int]) -> None:
    """Partial results written as rows and read again give what the events give."""
    whole, again = groups(function), groups(function)
    whole.update(data)
    for part in parts(data, at):
        table = groups(function)
        table.update(part)
        again.update([dict(row) for row in prestats.rows(table)])
    if find_function(function)[0].takes in ("ordered", "timed"):
        assert len(result(again)) == len(result(whole))  # the order of arrival within equal times is that of the rows
    else:
        assert equal(result(again), result(whole))


@given(data=rows, at=cuts)
@settings(max_examples=40, deadline=None)
def test_wildcards_merge(data: list[Any], at: list[int]) -> None:
    """A measure over a wildcard merges, too, whatever fields the parts have."""
    grouping = Grouping((Measure("sum(*)", "sum", field="*", called="sum"),), ("g",))
    whole, merged = Groups(grouping, CONTEXT), Groups(grouping, CONTEXT)
    whole.update(data)
    for part in parts(data, at):
        table = Groups(grouping, CONTEXT)
        table.update(part)
        merged.merge(pickle.loads(pickle.dumps(table)))
    assert equal(result(merged), result(whole))


@given(st.integers(1, 6), st.integers(1001, 6000))
@settings(max_examples=15, deadline=None)
def test_the_estimate_of_distinct_values_is_near(parts_count: int, number: int) -> None:
    """Merged sketches estimate the number of distinct values to within four standard errors."""
    spec, _ = find_function("estdc")
    sketches = [spec.make() for _ in range(parts_count)]
    for index in range(number):
        sketches[index % parts_count].add(f"value {index}")
    first = sketches[0]
    for other in sketches[1:]:
        first.merge(other)
    assert abs(first.result() - number) / number < 4 * 1.04 / math.sqrt(1 << 14)


@pytest.mark.parametrize("percent", [1, 25, 50, 95, 99.9])
def test_compressed_percentiles_are_near_in_rank(percent: float) -> None:
    """Above the exact limit a percentile is off by less than a thousandth of the values."""
    generator = random.Random(7)
    numbers = [generator.gauss(0, 1) for _ in range(70_000)]
    spec, parameters = find_function(f"perc{percent}")
    accumulator: Any = spec.make(*parameters)
    for number in numbers:
        accumulator.add(number)
    assert len(accumulator.counts) <= quantile.EXACT_VALUES
    found = accumulator.result()
    rank = sum(number <= found for number in numbers) / len(numbers) * 100
    assert abs(rank - percent) < 0.1
