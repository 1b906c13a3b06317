"""Exact sums: rounded once, whatever the order and the cut."""

from __future__ import annotations

from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

import splmini
from splmini.values.exact import added, merged, value_of

NUMBERS = st.lists(
    st.integers(-(1 << 60), 1 << 60)
    | st.floats(allow_nan=False, allow_infinity=False, min_value=-1e300, max_value=1e300)
)


def total(numbers: list[int | float]) -> object:
    """Add numbers one by one."""
    made = None
    for number in numbers:
        made = added(made, number)
    return made


@given(NUMBERS, st.data())
def test_any_cut(numbers: list[int | float], data: st.DataObject) -> None:
    """Parts merged give what one pass gives, which is the exact sum rounded."""
    at = data.draw(st.integers(0, len(numbers)))
    whole = value_of(total(numbers))
    assert value_of(merged(total(numbers[:at]), total(numbers[at:]))) == whole
    if numbers and isinstance(whole, float):
        integers = sum(number for number in numbers if isinstance(number, int))
        floats = sum((Fraction(number) for number in numbers if isinstance(number, float)), Fraction(0))
        assert whole == float(floats + Fraction(float(integers)))
    elif numbers:
        assert whole == sum(numbers)


@given(st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=200), st.randoms())
def test_any_order(numbers: list[float], random: object) -> None:
    """stats gives the same sum and mean whatever the order of the events."""
    shuffled = list(numbers)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    spl = "| stats sum(n) as s, avg(n) as a, sumsq(n) as q by g"
    rows = [splmini.search(spl, [{"n": each, "g": 1} for each in given]) for given in (numbers, shuffled)]
    assert list(rows[0]) == list(rows[1])


def test_beyond_floats() -> None:
    """What is more than a float holds is what Python makes of it."""
    assert value_of(total([1e308, 1e308])) == float("inf")
    assert str(value_of(total([float("inf"), float("-inf")]))) == "nan"
