"""Aggregates that need one pass and constant space: counts, sums, extremes, moments, and the most frequent value."""

from __future__ import annotations

import math
from typing import Any

from splmini.registry import Example, stats_function
from splmini.values.exact import ExactSum, added, merged, value_of
from splmini.values.numbers import to_number, to_text
from splmini.values.sorting import auto_key

SOURCE = "https://docs.splunk.com/Documentation/Splunk/latest/SearchReference/Aggregatefunctions"
EVENTS = ({"h": "a", "v": "1"}, {"h": "b", "v": "4"}, {"h": "a", "v": "4"})


@stats_function(
    "count",
    argument="optional",
    empty=0,
    aliases=("c",),
    source=SOURCE,
    examples=(Example("| stats count c(v) as n", [{"count": 3, "n": 3}], EVENTS),),
)
class Count:
    """`count`, `count(X)`, `c(X)`: the number of events, or of values of X.

    Without a field every event counts. With one, each value counts: an event without the field adds nothing, a
    multivalue field adds as many as it has values, an empty string is a value. `count(eval(condition))` counts the
    events for which the condition is true. Over nothing it is 0.
    """

    __slots__ = ("number",)

    def __init__(self) -> None:
        self.number = 0

    def add(self, value: Any) -> None:
        """Count one value."""
        self.number += 1

    def merge(self, other: Count) -> None:
        """Add the other's count."""
        self.number += other.number

    def result(self) -> int:
        """Give the count."""
        return self.number


@stats_function("sum", takes="number", source=SOURCE, examples=(Example("| stats sum(v)", [{"sum(v)": 9}], EVENTS),))
class Sum:
    """`sum(X)`: the sum of the numbers in X.

    Values that are no numbers are ignored; each value of a multivalue field counts. Null where there is no number.
    """

    __slots__ = ("total",)

    def __init__(self) -> None:
        self.total: int | ExactSum | None = None

    def add(self, value: int | float) -> None:
        """Add one number."""
        self.total = added(self.total, value)

    def merge(self, other: Sum) -> None:
        """Add the other's sum."""
        self.total = merged(self.total, other.total)

    def result(self) -> int | float | None:
        """Give the sum."""
        total: int | float | None = value_of(self.total)
        return total


@stats_function(
    "sumsq", takes="number", source=SOURCE, examples=(Example("| stats sumsq(v)", [{"sumsq(v)": 33}], EVENTS),)
)
class SumSq(Sum):
    """`sumsq(X)`: the sum of the squares of the numbers in X.

    Values that are no numbers are ignored; each value of a multivalue field counts. Null where there is no number.
    """

    __slots__ = ()

    def add(self, value: int | float) -> None:
        """Add one number's square."""
        super().add(value * value)


@stats_function(
    "avg",
    takes="number",
    aliases=("mean",),
    source=SOURCE,
    examples=(Example("| stats avg(v)", [{"avg(v)": 3}], EVENTS),),
)
class Avg:
    """`avg(X)`, `mean(X)`: the arithmetic mean of the numbers in X.

    Values that are no numbers are ignored; each value of a multivalue field counts. Null where there is no number.
    """

    __slots__ = ("number", "total")

    def __init__(self) -> None:
        self.total: int | ExactSum | None = None
        self.number = 0

    def add(self, value: int | float) -> None:
        """Take in one number."""
        self.total = added(self.total, value)
        self.number += 1

    def merge(self, other: Avg) -> None:
        """Add the other's sum and count."""
        self.total = merged(self.total, other.total)
        self.number += other.number

    def result(self) -> float | None:
        """Give the mean."""
        total: int | float | None = value_of(self.total)
        return None if total is None else total / self.number


class Extreme:
    """What min and max share: the extreme number, and the extreme text for where there is no number."""

    __slots__ = ("number", "text")

    def __init__(self) -> None:
        self.number: int | float | None = None
        self.text: str | None = None

    def add(self, value: Any) -> None:
        """Take in one value."""
        number = to_number(value)
        if number is None:
            self.add_text(value if isinstance(value, str) else to_text(value))
        else:
            self.add_number(number)

    def add_number(self, number: int | float) -> None:
        """Take in one number."""
        raise NotImplementedError

    def add_text(self, text: str) -> None:
        """Take in one text."""
        raise NotImplementedError

    def merge(self, other: Extreme) -> None:
        """Take in the other's extremes."""
        if other.number is not None:
            self.add_number(other.number)
        if other.text is not None:
            self.add_text(other.text)

    def result(self) -> Any:
        """Give the extreme number, or the extreme text where there is no number."""
        return self.text if self.number is None else self.number


@stats_function("min", source=SOURCE, examples=(Example("| stats min(v)", [{"min(v)": 1}], EVENTS),))
class Min(Extreme):
    """`min(X)`: the least number in X; where X has no number, the least text.

    Numbers compare by value, texts by their characters, upper case first. Each value of a multivalue field counts.
    Null where X has no value.
    """

    __slots__ = ()

    def add_number(self, number: int | float) -> None:
        """Take in one number."""
        if self.number is None or number < self.number:
            self.number = number

    def add_text(self, text: str) -> None:
        """Take in one text."""
        if self.text is None or text < self.text:
            self.text = text


@stats_function("max", source=SOURCE, examples=(Example("| stats max(v)", [{"max(v)": 4}], EVENTS),))
class Max(Extreme):
    """`max(X)`: the greatest number in X; where X has no number, the greatest text.

    Numbers compare by value, texts by their characters, upper case first. Each value of a multivalue field counts.
    Null where X has no value.
    """

    __slots__ = ()

    def add_number(self, number: int | float) -> None:
        """Take in one number."""
        if self.number is None or number > self.number:
            self.number = number

    def add_text(self, text: str) -> None:
        """Take in one text."""
        if self.text is None or text > self.text:
            self.text = text


@stats_function(
    "range", takes="number", source=SOURCE, examples=(Example("| stats range(v)", [{"range(v)": 3}], EVENTS),)
)
class Range:
    """`range(X)`: the difference between the greatest and the least number in X.

    Values that are no numbers are ignored; each value of a multivalue field counts. Null where there is no number.
    """

    __slots__ = ("high", "low")

    def __init__(self) -> None:
        self.low: int | float | None = None
        self.high: int | float | None = None

    def add(self, value: int | float) -> None:
        """Take in one number."""
        if self.low is None or value < self.low:
            self.low = value
        if self.high is None or value > self.high:
            self.high = value

    def merge(self, other: Range) -> None:
        """Take in the other's extremes."""
        if other.low is not None and other.high is not None:
            self.add(other.low)
            self.add(other.high)

    def result(self) -> int | float | None:
        """Give the difference."""
        return None if self.low is None or self.high is None else self.high - self.low


_BITS, _FINEST = 60, 1074
"""How many bits behind the point floats are held with: those of usual size, and all."""
_SCALE = float(1 << _BITS)
_LEAST, _MOST = 2.0**-7, 2.0**500


class Moments:
    """The count of numbers, and their sum and that of their squares, exact: the variance does not depend on where the
    numbers are cut into parts, and nothing cancels.

    Sums are integers: of the integers, of floats of usual size times 2**60, of other floats times 2**1074.
    """

    __slots__ = ("fine", "fine_squares", "number", "scaled", "scaled_squares", "squares", "total")

    def __init__(self) -> None:
        self.number = self.total = self.squares = self.scaled = self.scaled_squares = self.fine = self.fine_squares = 0

    def add(self, value: int | float) -> None:
        """Take in one number."""
        self.number += 1
        if value.__class__ is int:
            self.total += value
            self.squares += value * value
        elif _LEAST <= abs(value) < _MOST:
            part = int(value * _SCALE)
            self.scaled += part
            self.scaled_squares += part * part
        elif value:
            above, below = value.as_integer_ratio()
            part = above * ((1 << _FINEST) // below)
            self.fine += part
            self.fine_squares += part * part

    def repeat(self, count: int) -> None:
        """Count each number so many times."""
        for name in Moments.__slots__:
            setattr(self, name, getattr(self, name) * count)

    def merge(self, other: Moments) -> None:
        """Add the other's sums."""
        for name in Moments.__slots__:
            setattr(self, name, getattr(self, name) + getattr(other, name))

    def variance(self, degrees: int) -> float | None:
        """Return the variance over `number - degrees`; 0 for one number, None for none, or where no double holds it."""
        if self.number <= degrees:
            return 0.0 if self.number else None
        bits, total, squares = 0, self.total, self.squares
        if self.scaled_squares or self.fine_squares:
            bits, total = _BITS, (total << _BITS) + self.scaled
            squares = (squares << 2 * _BITS) + self.scaled_squares
        if self.fine_squares:
            more, bits = _FINEST - _BITS, _FINEST
            total, squares = (total << more) + self.fine, (squares << 2 * more) + self.fine_squares
        try:
            deviations = self.number * squares - total * total
            return deviations / (self.number * (self.number - degrees) << 2 * bits)
        except OverflowError:
            return None


@stats_function("var", takes="number", source=SOURCE, examples=(Example("| stats var(v)", [{"var(v)": 3}], EVENTS),))
class Var(Moments):
    """`var(X)`: the sample variance (n - 1) of the numbers in X.

    Values that are no numbers are ignored. One number gives 0, none gives null.
    """

    __slots__ = ()

    def result(self) -> float | None:
        """Give the variance."""
        return self.variance(1)


@stats_function("varp", takes="number", source=SOURCE, examples=(Example("| stats varp(v)", [{"varp(v)": 2}], EVENTS),))
class VarP(Moments):
    """`varp(X)`: the population variance (n) of the numbers in X.

    Values that are no numbers are ignored. Null where there is no number.
    """

    __slots__ = ()

    def result(self) -> float | None:
        """Give the variance."""
        return self.variance(0)


@stats_function(
    "stdev",
    takes="number",
    source=SOURCE,
    examples=(Example("| stats stdev(v)", [{"stdev(v)": 1.7320508075688772}], EVENTS),),
)
class Stdev(Moments):
    """`stdev(X)`: the sample standard deviation (n - 1) of the numbers in X.

    Values that are no numbers are ignored. One number gives 0, none gives null.
    """

    __slots__ = ()

    def result(self) -> float | None:
        """Give the standard deviation."""
        variance = self.variance(1)
        return None if variance is None else math.sqrt(variance)


@stats_function(
    "stdevp",
    takes="number",
    source=SOURCE,
    examples=(Example("| stats stdevp(v)", [{"stdevp(v)": 1.4142135623730951}], EVENTS),),
)
class StdevP(Moments):
    """`stdevp(X)`: the population standard deviation (n) of the numbers in X.

    Values that are no numbers are ignored. Null where there is no number.
    """

    __slots__ = ()

    def result(self) -> float | None:
        """Give the standard deviation."""
        variance = self.variance(0)
        return None if variance is None else math.sqrt(variance)


@stats_function("mode", source=SOURCE, examples=(Example("| stats mode(v)", [{"mode(v)": 4}], EVENTS),))
class Mode:
    """`mode(X)`: the most frequent value of X, values compared as text.

    Each value of a multivalue field counts. Of several most frequent values the first in sorted order is given, as
    Splunk leaves it open. Null where X has no value.
    """

    __slots__ = ("counts",)

    def __init__(self) -> None:
        self.counts: dict[str, int] = {}

    def add(self, value: Any) -> None:
        """Count one value."""
        text = value if isinstance(value, str) else to_text(value)
        self.counts[text] = self.counts.get(text, 0) + 1

    def merge(self, other: Mode) -> None:
        """Add the other's counts."""
        for text, number in other.counts.items():
            self.counts[text] = self.counts.get(text, 0) + number

    def result(self) -> Any:
        """Give the most frequent value."""
        if not self.counts:
            return None
        most = max(self.counts.values())
        return min((text for text, number in self.counts.items() if number == most), key=auto_key)
