"""trendline: moving averages of fields."""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Callable

from splmini.commands._running import Step, put, running
from splmini.commands.arguments.reading import fail
from splmini.errors import UnknownFunction, did_you_mean
from splmini.language import tree
from splmini.operators import Operator, Row
from splmini.registry import BuildScope, Example, command
from splmini.values.numbers import to_number

Average = Callable[[float], "float | None"]


@command(
    "trendline",
    "aggregation",
    category="reporting",
    syntax="trendline (sma|ema|wma)<PERIOD>(FIELD) [AS NAME] ...",
    source="https://docs.splunk.com/Documentation/Splunk/latest/SearchReference/Trendline",
    examples=(
        Example(
            "| trendline sma2(x) as s wma2(x) as w",
            [{"x": 3}, {"x": 6, "s": 4.5, "w": 5}, {"x": 9, "s": 7.5, "w": 8}],
            ({"x": 3}, {"x": 6}, {"x": 9}),
        ),
    ),
)
def build(node: tree.Command, scope: BuildScope) -> Operator:
    """Writes moving averages over the last PERIOD (2 to 10000) values of a field.

    `sma` is the plain average, `wma` weighs the values 1, 2, … PERIOD, the newest most, and `ema` is
    a * (the average before) + (1 - a) * x with a = 2 / (PERIOD + 1), beginning with the first value. Without AS the
    field is named as the call was written. Nothing is written before PERIOD values are known, nor where the field is
    null, no number or multivalue; such rows do not count.

    Memory: the last PERIOD values.
    """
    trends: list[tuple[str, str, Callable[[], Average]]] = []
    for argument in node.args:
        if not isinstance(argument, tree.Aggregation):
            fail(node, f"trendline does not take '{argument}'.", argument)
        trends.append(_trend(node, argument))
    if not trends:
        fail(node, "trendline needs a trend, such as sma5(x).")

    def make() -> Step:
        steps = [(source, target, average()) for source, target, average in trends]

        def step(row: Row) -> None:
            values = [to_number(row.get(source)) for source, _, _ in steps]
            for (_, target, average), number in zip(steps, values, strict=True):
                put(row, target, None if number is None else average(number))

        return step

    return running(node, make, {source for source, _, _ in trends}, [target for _, target, _ in trends])


def _trend(node: tree.Command, argument: tree.Aggregation) -> tuple[str, str, Callable[[], Average]]:
    match = re.fullmatch(r"([a-z]+?)([0-9]+)", argument.function)
    kind = match[1] if match else argument.function
    if kind not in _AVERAGES:
        hint = did_you_mean(kind, _AVERAGES) or "Its trends are sma, ema and wma."
        raise UnknownFunction(
            f"There is no trend '{argument.function}'.", name=argument.function, hint=hint, span=argument.span
        )
    period = int(match[2]) if match and len(match[2]) < 6 else 0
    if not 2 <= period <= 10000:
        fail(node, "The period of a trend is between 2 and 10000.", argument, f"Write it behind the name: {kind}5(x).")
    if len(argument.args) != 1 or not isinstance(argument.args[0], tree.Word):
        fail(node, f"{argument.function} takes one field.", argument)
    source = argument.args[0].text
    average = _AVERAGES[kind]

    def fresh() -> Average:
        return average(period)

    return source, argument.alias or f"{argument.function}({source})", fresh


def _simple(period: int) -> Average:
    values: deque[float] = deque(maxlen=period)

    def average(value: float) -> float | None:
        values.append(value)
        return sum(values) / period if len(values) == period else None

    return average


def _weighted(period: int) -> Average:
    values: deque[float] = deque(maxlen=period)
    weights = period * (period + 1) / 2

    def average(value: float) -> float | None:
        values.append(value)
        if len(values) < period:
            return None
        return sum(weight * each for weight, each in enumerate(values, 1)) / weights

    return average


def _exponential(period: int) -> Average:
    alpha = 2 / (period + 1)
    known = 0
    current = 0.0

    def average(value: float) -> float | None:
        nonlocal known, current
        current = value if known == 0 else alpha * current + (1 - alpha) * value
        known += 1
        return current if known >= period else None

    return average


_AVERAGES: dict[str, Callable[[int], Average]] = {"sma": _simple, "ema": _exponential, "wma": _weighted}
