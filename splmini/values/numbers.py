"""Numbers: which text is one, how one prints, and how precisely.

Splunk computes in doubles and shows a result with the precision of its operands, so that `0.1 + 0.2` is `0.3`. Some
functions fix the number of decimals that are shown (`round(10, 2)` is `10.00`, `strptime` shows six); `Shown` is a
float that remembers it.
"""

from __future__ import annotations

import math
import re
import sys
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from functools import lru_cache
from typing import Any, SupportsIndex

_NUMERIC = re.compile(r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?", re.ASCII).fullmatch
GREATEST = sys.float_info.max
"""The greatest number: what is beyond it is none."""
_EXACT = 1 << 53
"""From here on a double does not hold every integer."""


class Shown(float):
    """A float that is shown with a fixed number of decimals: `Shown(10, 2)` prints as `10.00`."""

    __slots__ = ("places",)
    places: int

    def __new__(cls, value: float, places: int) -> Shown:
        self = super().__new__(cls, value)
        self.places = places
        return self

    def __reduce_ex__(self, protocol: SupportsIndex) -> tuple[Any, ...]:
        return Shown, (float(self), self.places)


def is_numeric(text: str) -> bool:
    """Say whether a text is a number as Splunk reads one: no blanks around it, an exponent allowed.

    >>> is_numeric("-1.5e3"), is_numeric(" 5"), is_numeric("0x10")
    (True, False, False)
    """
    return _NUMERIC(text) is not None


@lru_cache(maxsize=8192)
def _parse(text: str) -> int | float | None:
    if _NUMERIC(text) is None:
        return None
    if len(text) < 19:
        try:
            return int(text)
        except ValueError:
            pass
    number = float(text)
    if math.isinf(number):
        return None
    if len(text) < 40 and text.lstrip("+-").isdigit():
        return int(text)
    return number


def to_number(value: Any) -> int | float | None:
    """Return the number that a value is or that its text spells, else None: also for null, truth values and lists, for
    what is not finite and for what no double holds.

    >>> to_number("007"), to_number("1.50"), to_number("abc"), to_number(None)
    (7, 1.5, None, None)
    """
    if isinstance(value, str):
        return _parse(value) if len(value) < 64 else None
    if isinstance(value, bool):
        return None
    if isinstance(value, (int, float)):
        return value if -GREATEST <= value <= GREATEST else None
    return None


def is_nan(value: Any) -> bool:
    """Say whether a value is the text `NaN`, which counts as a number in eval and is a text everywhere else."""
    return isinstance(value, str) and value.lower() == "nan"


def to_text(value: Any) -> str:
    """Return how a value prints: integral floats without decimals, truth values as True and False.

    >>> to_text(2.0), to_text(2.5), to_text(1e20), to_text(Shown(10, 2)), to_text(True)
    ('2', '2.5', '100000000000000000000', '10.00', 'True')
    """
    if isinstance(value, str):
        return value
    if isinstance(value, float):
        return float_text(value)
    try:
        return str(value)
    except ValueError:  # Python writes integers of up to 4,300 digits
        return f"{Decimal(value):f}"


def float_text(value: float) -> str:
    """Return how a float prints."""
    if type(value) is Shown:
        return f"{round_half_up(value, value.places):.{value.places}f}"
    if value.is_integer() and -1e21 < value < 1e21:
        return str(int(value))
    return float.__repr__(value)


def decimals(value: int | float) -> int | None:
    """Return how many decimals a number is shown with; None where it is in exponential form or not finite."""
    if isinstance(value, int):
        return 0
    if type(value) is Shown:
        return value.places
    if value.is_integer():
        return 0
    text = float.__repr__(value)
    if "e" in text or "n" in text:
        return None
    return len(text) - text.index(".") - 1


_FAST = 1e15


def round_half_up(value: int | float, places: int = 0) -> float:
    """Round the number as it is written, a half away from zero.

    >>> round_half_up(2.555, 2), round_half_up(-2.5), round_half_up(1250, -2)
    (2.56, -3.0, 1300.0)
    """
    if not math.isfinite(value) or places > 300:
        return value
    if 0 <= places < 16 and -_FAST < value < _FAST:
        if not isinstance(value, float):
            return float(value)
        text = float.__repr__(value)
        if "e" not in text:
            shown = len(text) - text.index(".") - 1
            if shown <= places:
                return float(value)
            if shown > places + 1 or text[-1] != "5":  # no half: then the nearest is the nearest, however it is found
                return float.__round__(value, places)
            tenths = int(text.lstrip("-").replace(".", ""))
            rounded: float = (tenths + 5) // 10 / 10**places
            return -rounded if text[0] == "-" else rounded
    try:
        exact = Decimal(float.__repr__(value) if isinstance(value, float) else value)
        return float(exact.quantize(Decimal(1).scaleb(-places), rounding=ROUND_HALF_UP))
    except InvalidOperation:  # more digits than the context holds: it has no decimals to round
        return value


def clean(value: float, places: int) -> float:
    """Cut the binary noise off the result of an exact decimal calculation with so many decimals."""
    return round(value, places) if places < 16 else value


def normal(value: int | float | None) -> int | float | None:
    """Return a result as a field may hold it: null where it is undefined, integers as doubles hold them.

    >>> normal(float("nan")), normal(2**60 + 1) == 2**60
    (None, True)
    """
    if value is None:
        return None
    if isinstance(value, int):
        if -_EXACT <= value <= _EXACT:
            return value
        try:
            return int(float(value))
        except OverflowError:
            return None
    if not math.isfinite(value):
        return None
    return int(value) if value.is_integer() and abs(value) <= _EXACT and type(value) is float else value


def settled(value: Any) -> Any:
    """Return a number as a field holds it: one that is shown with fewer decimals than it has is rounded to them.

    >>> settled(Shown(1.4142, 0)), settled(Shown(6.25, 1))
    (1, 6.3)
    """
    if type(value) is Shown:
        rounded = round_half_up(value, value.places)
        return Shown(rounded, value.places) if value.places > 0 else int(rounded)
    if isinstance(value, list):
        return [settled(item) for item in value]
    return value


def negated(number: int | float) -> int | float:
    """Return a number with the other sign, shown with as many decimals."""
    return Shown(-number, number.places) if type(number) is Shown else -number


def add(left: int | float, right: int | float) -> int | float | None:
    """Add, shown with the precision of the operands."""
    result = left + right
    if isinstance(result, float):
        places = _places(left, right)
        return normal(result if places is None else clean(result, places))
    return result if -_EXACT <= result <= _EXACT else normal(result)


def subtract(left: int | float, right: int | float) -> int | float | None:
    """Subtract, shown with the precision of the operands."""
    result = left - right
    if isinstance(result, float):
        places = _places(left, right)
        return normal(result if places is None else clean(result, places))
    return result if -_EXACT <= result <= _EXACT else normal(result)


def multiply(left: int | float, right: int | float) -> int | float | None:
    """Multiply; a product has at most as many decimals as its factors together."""
    result = left * right
    if isinstance(result, float):
        first, second = _exact_decimals(left), _exact_decimals(right)
        return normal(result if first is None or second is None else clean(result, first + second))
    return result if -_EXACT <= result <= _EXACT else normal(result)


def divide(left: int | float, right: int | float) -> int | float | None:
    """Divide; by zero there is no value. An integral quotient of integers is an integer."""
    if right == 0:
        return None
    if isinstance(left, int) and isinstance(right, int) and left % right == 0:
        return left // right
    try:
        return normal(left / right)
    except OverflowError:
        return None


def modulo(left: int | float, right: int | float) -> int | float | None:
    """Remainder with the sign of the dividend, as in C; by zero there is no value."""
    if right == 0:
        return None
    if isinstance(left, int) and isinstance(right, int):
        return int(math.fmod(left, right)) if -_EXACT < left < _EXACT > abs(right) else normal(left % right)
    if not (math.isfinite(left) and math.isfinite(right)):
        return None
    places = _places(left, right)
    result = math.fmod(left, right)
    return result if places is None else clean(result, places)


def _exact_decimals(value: int | float) -> int | None:
    return decimals(float(value)) if type(value) is Shown else decimals(value)


def _places(left: int | float, right: int | float) -> int | None:
    first, second = _exact_decimals(left), _exact_decimals(right)
    return None if first is None or second is None else max(first, second)
