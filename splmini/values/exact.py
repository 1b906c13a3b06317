"""Sums that do not depend on the order of the numbers, nor on where they are cut into parts: they are exact.

Python's integers are; of floats, parts are kept whose sum is exactly that of all, and rounded once, at the end.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

MOST = 128
"""Floats that are kept before they are put together."""


class ExactSum:
    """The sum of numbers of which some are floats."""

    __slots__ = ("floats", "whole")

    def __init__(self, whole: int = 0) -> None:
        self.whole = whole
        self.floats: list[float] = []

    def add(self, number: int | float) -> None:
        """Add a number."""
        if number.__class__ is int:
            self.whole += number
            return
        self.floats.append(number)
        if len(self.floats) > MOST:
            self.floats = parts_of(self.floats)

    def __add__(self, number: int) -> ExactSum:
        """Add an integer in place: a loop over integers need not ask what it adds to."""
        self.whole += number
        return self

    def take(self, numbers: Sequence[int | float]) -> None:
        """Add many numbers."""
        if int in set(map(type, numbers)):
            self.whole += sum(int(number) for number in numbers if number.__class__ is int)
            numbers = [number for number in numbers if number.__class__ is not int]
        self.floats.extend(numbers)
        if len(self.floats) > MOST:
            self.floats = parts_of(self.floats)

    def merge(self, other: ExactSum) -> None:
        """Add another sum."""
        self.whole += other.whole
        self.take(other.floats)

    def value(self) -> int | float:
        """Return the sum: a float where one was added."""
        if not self.floats:
            return self.whole
        try:
            return math.fsum([*self.floats, self.whole]) if self.whole else math.fsum(self.floats)
        except (OverflowError, ValueError):
            return (
                sum(self.floats, float(self.whole))
                if abs(self.whole) < 1 << 1000
                else math.copysign(math.inf, self.whole)
            )


def parts_of(numbers: list[float]) -> list[float]:
    """Return few floats whose sum is exactly that of the numbers; beyond the range of floats, what Python makes of it.

    >>> parts_of([1e16, 1.0, -1e16, 0.5])
    [1.5]
    """
    if not numbers:
        return []
    parts: list[float] = []
    rest = [*numbers]
    try:
        while (part := math.fsum(rest)) or not parts:
            if not math.isfinite(part):
                return [part]
            parts.append(part)
            if not part:
                break
            rest.append(-part)
    except (OverflowError, ValueError):  # more than a float holds, or infinite both ways
        return [sum(numbers)]
    return parts


def added(total: Any, number: int | float) -> Any:
    """Return a sum with a number added: an integer as long as there was no float, then an `ExactSum`; None is empty."""
    if total.__class__ is not ExactSum:
        if number.__class__ is int and total.__class__ is not float:
            return number if total is None else total + number
        total = _exact(total)
    total.add(number)
    return total


def merged(total: Any, other: Any) -> Any:
    """Return the sum of two sums; the first may be changed."""
    if total is None or other is None:
        return other if total is None else total
    if total.__class__ is int and other.__class__ is int:
        return total + other
    total = _exact(total)
    total.merge(_exact(other))
    return total


def _exact(total: Any) -> ExactSum:
    if isinstance(total, ExactSum):
        return total
    made = ExactSum()
    if total is not None:
        made.add(total)
    return made


def value_of(total: Any) -> Any:
    """Return what a sum amounts to."""
    return total.value() if total.__class__ is ExactSum else total
