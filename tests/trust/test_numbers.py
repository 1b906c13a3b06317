"""Numbers that no double holds, infinity and NaN, wherever numbers are taken."""

from __future__ import annotations

import contextlib
from typing import Any

import pytest

import splmini
from splmini.errors import ArgumentError

ODD = {
    "4,000 digits": int("9" * 4000),
    "great": 1e308,
    "infinite": float("inf"),
    "NaN": float("nan"),
    "text of 5,000 digits": "9" * 5000,
}
SEARCHES = [
    "| stats avg(x) sum(x) range(x) stdev(x) var(x) sumsq(x) p95(x) median(x)",
    "| eventstats stdev(x) by g",
    "| bin x span=1log2",
    "| chart count over x span=1log2",
    "| eval _time=x | timechart count by g",
    "| eval _time=x | timechart bins=5 avg(x)",
]


@pytest.mark.parametrize("value", ODD.values(), ids=ODD.keys())
@pytest.mark.parametrize("spl", SEARCHES)
def test_odd_numbers(spl: str, value: Any) -> None:
    """A number that cannot be calculated with is no mistake of ours, whatever is made of it."""
    with contextlib.suppress(splmini.LimitExceeded, ArgumentError):
        splmini.search(spl, [{"x": value, "g": "a"}, {"x": 2, "g": "b"}, {"x": value, "g": "a"}])


@pytest.mark.parametrize("value", [int("9" * 400), float("inf"), float("nan"), 1e400])
def test_odd_times_of_a_run(value: Any) -> None:
    """A time that no double holds is refused as no time."""
    with pytest.raises(ArgumentError, match="is not a time"):
        splmini.Environment(now=value).compile("*").run([{}])


@pytest.mark.parametrize("cut", [1, 500, 999])
def test_variances_do_not_depend_on_the_cut(cut: int) -> None:
    """The variance of floats is the same whichever parts they are taken in, and exact."""
    from splmini.functions.stats.basic import Var

    numbers = [1.7e9 + number / 7 for number in range(1000)] + [1e-9, 0.0, 3]
    whole, first, second = Var(), Var(), Var()
    for number in numbers:
        whole.add(number)
    for number in numbers[:cut]:
        first.add(number)
    for number in numbers[cut:]:
        second.add(number)
    first.merge(second)
    assert first.result() == whole.result()


@pytest.mark.parametrize(
    ("name", "value"),
    [("max_rows", "x"), ("max_rows", None), ("max_rows", -1), ("max_seconds", float("nan")), ("sort_maxcount", 1.5)],
)
def test_limits_are_numbers(name: str, value: Any) -> None:
    """A limit that is none is refused, by its name."""
    with pytest.raises(ArgumentError) as caught:
        splmini.Limits(**{name: value})
    assert caught.value.name == name
