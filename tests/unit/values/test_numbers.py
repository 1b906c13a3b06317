"""Numbers: which text is one, how one prints, how precisely one is computed."""

from __future__ import annotations

import pickle
from typing import Any

import pytest

from splmini.values import numbers
from splmini.values.numbers import Shown, is_numeric, round_half_up, settled, to_number, to_text


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("5", 5),
        ("-5", -5),
        ("+5", 5),
        ("007", 7),
        ("1.50", 1.5),
        (".5", 0.5),
        ("5.", 5.0),
        ("1e3", 1000.0),
        ("1E-2", 0.01),
        ("", None),
        (" 5", None),
        ("5 ", None),
        ("5a", None),
        ("0x10", None),
        ("1_000", None),
        ("nan", None),
        ("inf", None),
        ("1e999", None),
        ("--5", None),
        ("٣", None),
        (".", None),
        ("e5", None),
        ("123456789012345678901", 123456789012345678901),
        ("9" * 100, None),
    ],
)
def test_text_to_number(text: str, number: Any) -> None:
    """A text is a number only in the form that Splunk reads."""
    assert to_number(text) == number
    if len(text) < 64 and text != "1e999":
        assert is_numeric(text) is (number is not None)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (2.0, "2"),
        (2.5, "2.5"),
        (-0.0, "0"),
        (1e20, "100000000000000000000"),
        (1e22, "1e+22"),
        (0.1, "0.1"),
        (True, "True"),
        (False, "False"),
        ("x", "x"),
        (7, "7"),
        (Shown(10, 2), "10.00"),
        (Shown(2.675, 2), "2.68"),
        (Shown(1.4142, 0), "1"),
    ],
)
def test_printing(value: Any, text: str) -> None:
    """A value prints as Splunk shows it."""
    assert to_text(value) == text


@pytest.mark.parametrize(
    ("value", "places", "rounded"),
    [(2.5, 0, 3), (-2.5, 0, -3), (2.555, 2, 2.56), (1.005, 2, 1.01), (1250, -2, 1300), (0.5, 0, 1), (1e300, 2, 1e300)],
)
def test_rounding(value: float, places: int, rounded: float) -> None:
    """A half goes away from zero, judged by the digits that the number is written with."""
    assert round_half_up(value, places) == rounded


@pytest.mark.parametrize(
    ("operation", "left", "right", "result"),
    [
        ("add", 0.1, 0.2, 0.3),
        ("subtract", 1, 0.9, 0.1),
        ("multiply", 1.1, 1.1, 1.21),
        ("divide", 6, 3, 2),
        ("divide", 7, 2, 3.5),
        ("divide", 1, 0, None),
        ("modulo", 5, 0, None),
        ("modulo", -7, 3, -1),
        ("modulo", 7, -3, 1),
        ("modulo", 5.5, 2, 1.5),
        ("multiply", 1e308, 10.0, None),
        ("add", 2**53, 1, 2**53),
        ("divide", 10**400, 3, None),
        ("multiply", 10**200, 10**200, None),
    ],
)
def test_arithmetic(operation: str, left: Any, right: Any, result: Any) -> None:
    """Results have no binary noise, integers are those of a double, what is not defined is null."""
    assert getattr(numbers, operation)(left, right) == result


def test_shown_survives_pickling() -> None:
    """The decimals of a number go with it to another process."""
    copy = pickle.loads(pickle.dumps(Shown(2.5, 2)))
    assert (copy, copy.places, to_text(copy)) == (2.5, 2, "2.50")


def test_settled() -> None:
    """A field holds a number as it is shown."""
    assert settled(Shown(1.4142, 0)) == 1
    assert settled([Shown(6.25, 1), "a"]) == [6.3, "a"]
