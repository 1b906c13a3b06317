"""Trigonometric and hyperbolic functions, in radians; null where the function is not defined."""

from __future__ import annotations

import math
from collections.abc import Callable

from splmini.functions.eval._support import page
from splmini.registry import Example, eval_function
from splmini.values.numbers import normal

PAGE = page("trig-and-hyperbolic-functions")

_FUNCTIONS: tuple[tuple[str, Callable[[float], float], str, str, float], ...] = (
    ("acos", math.acos, "the arc cosine, from 0 to pi", "round(acos(0), 6)", 1.570796),
    ("acosh", math.acosh, "the arc hyperbolic cosine", "round(acosh(2), 6)", 1.316958),
    ("asin", math.asin, "the arc sine, from -pi/2 to pi/2", "round(asin(1), 6)", 1.570796),
    ("asinh", math.asinh, "the arc hyperbolic sine", "round(asinh(1), 6)", 0.881374),
    ("atan", math.atan, "the arc tangent, from -pi/2 to pi/2", "round(atan(0.50), 6)", 0.463648),
    ("atanh", math.atanh, "the arc hyperbolic tangent", "round(atanh(0.500), 6)", 0.549306),
    ("cos", math.cos, "the cosine", "cos(0)", 1),
    ("cosh", math.cosh, "the hyperbolic cosine", "round(cosh(1), 6)", 1.543081),
    ("sin", math.sin, "the sine", "sin(0)", 0),
    ("sinh", math.sinh, "the hyperbolic sine", "round(sinh(1), 6)", 1.175201),
    ("tan", math.tan, "the tangent", "tan(0)", 0),
    ("tanh", math.tanh, "the hyperbolic tangent", "round(tanh(1), 6)", 0.761594),
)


def _declare(name: str, function: Callable[[float], float], text: str, example: str, result: float) -> None:
    def apply(value: float) -> float | None:
        try:
            return normal(function(value))
        except (ValueError, OverflowError):
            return None

    apply.__doc__ = (
        f"{name}(<number>): {text}; null where it is not defined.\n\n"
        "    *Null*: null, also for what is no number. *Multivalue*: applied to each value.\n    "
    )
    eval_function(name, 1, "number", source=PAGE, returns="number", examples=(Example(example, result),))(apply)


for _entry in _FUNCTIONS:
    _declare(*_entry)


@eval_function(
    "atan2", 2, "number", source=PAGE, returns="number", examples=(Example("round(atan2(0.50, 0.75), 6)", 0.588003),)
)
def atan2(y: float, x: float) -> float | None:
    """atan2(<y>, <x>): the angle of the point (x, y), from -pi to pi.

    *Null*: null, also for what is no number. *Multivalue*: applied to each value of the first argument.
    """
    return normal(math.atan2(y, x))


@eval_function("hypot", 2, "number", source=PAGE, returns="number", examples=(Example("hypot(3, 4)", 5),))
def hypot(x: float, y: float) -> float | None:
    """hypot(<x>, <y>): the hypotenuse of a right-angled triangle with these legs.

    *Null*: null, also for what is no number. *Multivalue*: applied to each value of the first argument.
    """
    return normal(math.hypot(x, y))
