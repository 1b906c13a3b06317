"""Significant figures: how precise a number is as it is written, and what a product of such numbers shows.

Splunk shows a product with as many significant figures as its least precise factor has: `3 * 0.5` shows `2`,
`8.250 * 0.20` shows `1.7`. Digits before the decimal point are never cut off, and integers are exact.

Source: https://help.splunk.com/en/splunk-enterprise/search/spl-search-reference/10.0/search-commands/eval (Rounding);
https://wiki.splunk.com/Community:BadMath
"""

from __future__ import annotations

import math
from typing import Any

from splmini.values.numbers import Shown, float_text, round_half_up


def as_written(text: str, value: int | float) -> int | float:
    """Return the number of a literal, which keeps the decimals that it is written with.

    >>> as_written("5", 5), float_text(as_written("0.230", 0.23))
    (5, '0.230')
    """
    point = text.find(".")
    return value if point < 0 or not text[point + 1 :].isdigit() else Shown(value, len(text) - point - 1)


def of_text(text: str) -> int | None:
    """Return the number of significant figures of a number in text; None where it is exact, as integers are.

    >>> of_text("0.014"), of_text("8.250"), of_text("1111"), of_text("-1.5e3")
    (2, 4, None, 2)
    """
    if "." not in text:
        return None
    mantissa = text.lower().partition("e")[0]
    return max(len(mantissa.lstrip("+-").replace(".", "").lstrip("0")), 1)


def of_value(value: Any, computed: bool) -> int | None:
    """Return the number of significant figures of an operand.

    `computed`: a float without a form of its own is the result of a calculation, which is exact; else it is a value
    that an event gives.
    """
    if value.__class__ is str:
        return of_text(value)
    if isinstance(value, float) and (type(value) is Shown or not computed):
        return of_text(float_text(value))
    return None


def least(one: int | None, other: int | None) -> int | None:
    """Return the smaller of two numbers of significant figures; None where both are exact."""
    known = [each for each in (one, other) if each is not None]
    return min(known) if known else None


def shown_with(value: float, figures: int) -> float:
    """Return a number that is shown with so many significant figures; before the decimal point all digits are.

    >>> shown = [float_text(shown_with(value, 2)) for value in (1.65, 0.00322, 1234.5, 9.96)]
    >>> shown
    ['1.7', '0.0032', '1235', '10']
    """
    return Shown(value, max(places(value, figures), 0)) if value else value


def places(value: float, figures: int) -> int:
    """Return the number of decimals (below zero: tens, hundreds) that leave so many significant figures.

    >>> places(1.65, 2), places(1111, 3)
    (1, -1)
    """
    found = figures - 1 - math.floor(math.log10(abs(value)))
    rounded = round_half_up(value, found)
    return found - 1 if math.floor(math.log10(abs(rounded))) > math.floor(math.log10(abs(value))) else found
