"""Quantiles: the median and the percentiles."""

from __future__ import annotations

import bisect
import itertools
import math

from splmini.registry import Example, stats_function

SOURCE = "https://docs.splunk.com/Documentation/Splunk/latest/SearchReference/Aggregatefunctions"
EVENTS = ({"v": "1"}, {"v": "2"}, {"v": "3"}, {"v": "4"})

EXACT_VALUES = 1 << 16
"""Distinct values up to which percentiles are exact."""
CENTROIDS = 1 << 13
"""To how many values an approximated distribution is compressed."""


class Distribution:
    """Numbers and how often each occurred; compressed above `EXACT_VALUES` distinct ones, unless `exact`.

    Compression replaces runs of neighbouring values by their mean; no run stands for more than 1/8192 of the values,
    which bounds the error in rank.
    """

    __slots__ = ("counts", "number")
    exact = False

    def __init__(self) -> None:
        self.counts: dict[int | float, int] = {}
        self.number = 0

    def add(self, value: int | float) -> None:
        """Count one number."""
        if value != value:
            return
        self.counts[value] = self.counts.get(value, 0) + 1
        self.number += 1
        if len(self.counts) > EXACT_VALUES and not self.exact:
            self._compress()

    def merge(self, other: Distribution) -> None:
        """Add the other's numbers."""
        counts = self.counts
        for value, number in other.counts.items():
            counts[value] = counts.get(value, 0) + number
        self.number += other.number
        if len(counts) > EXACT_VALUES and not self.exact:
            self._compress()

    def _compress(self) -> None:
        most = max(1, self.number // CENTROIDS)
        result: dict[int | float, int] = {}
        total: float = 0.0
        weight = 0
        for value, number in sorted(self.counts.items()):
            if weight and weight + number > most:
                mean = total / weight
                result[mean] = result.get(mean, 0) + weight
                total, weight = 0.0, 0
            total += value * number
            weight += number
        if weight:
            result[total / weight] = result.get(total / weight, 0) + weight
        self.counts = result

    def at(self, *ranks: int) -> list[int | float]:
        """Return the values at some ranks, from 0."""
        values = sorted(self.counts)
        ends = list(itertools.accumulate(self.counts[value] for value in values))
        return [values[min(bisect.bisect_right(ends, rank), len(values) - 1)] for rank in ranks]


@stats_function(
    "median", takes="number", source=SOURCE, examples=(Example("| stats median(v)", [{"median(v)": 3}], EVENTS),)
)
class Median(Distribution):
    """`median(X)`: the middle of the numbers in X; of an even number of them, the mean of the two in the middle, the
    half between two whole numbers rounded up, which `perc50(X)` does not do: the median of 1 and 2 is 2.

    Values that are no numbers are ignored. Exact up to 65,536 distinct values. Null where there is no number.
    """

    __slots__ = ()

    def result(self) -> int | float | None:
        """Give the median."""
        if not self.number:
            return None
        low, high = self.at((self.number - 1) // 2, self.number // 2)
        if _is_whole(low) and _is_whole(high):
            return (int(low) + int(high) + 1) // 2
        return low if low == high else (low + high) / 2


def _is_whole(number: int | float) -> bool:
    return isinstance(number, int) or number.is_integer()


class Percentile(Distribution):
    """What the percentile functions share."""

    __slots__ = ("percent",)

    def __init__(self, percent: str) -> None:
        super().__init__()
        self.percent = float(percent)

    def result(self) -> int | float | None:
        """Give the percentile."""
        if not self.number:
            return None
        rank = self.percent / 100 * (self.number - 1)
        low, high = self.at(math.floor(rank), math.ceil(rank))
        return low if low == high else low + (high - low) * (rank - math.floor(rank))


@stats_function(
    "perc",
    takes="number",
    pattern=r"(?:perc(?:entile)?|p)(\d+(?:\.\d+)?)",
    source=SOURCE,
    examples=(Example("| stats perc50(v) p90(v) as q", [{"perc50(v)": 2.5, "q": 3.7}], EVENTS),),
)
class Perc(Percentile):
    """`perc<N>(X)`, `p<N>(X)`, `percentile<N>(X)`: the N-th percentile of the numbers in X, N from 0 to
    100, with or without decimals.

    Interpolated between the values around rank N/100 * (n - 1). Values that are no numbers are ignored. Exact up to
    65,536 distinct values, above with an error of rank below 0.1 %. Null where there is no number.
    """

    __slots__ = ()


@stats_function(
    "exactperc",
    takes="number",
    pattern=r"exactperc(\d+(?:\.\d+)?)",
    source=SOURCE,
    examples=(Example("| stats exactperc50(v) as p", [{"p": 2.5}], EVENTS),),
)
class ExactPerc(Percentile):
    """`exactperc<N>(X)`: as `perc<N>(X)`, exact however many values there are; its memory grows with them."""

    __slots__ = ()
    exact = True


@stats_function(
    "upperperc",
    takes="number",
    pattern=r"upperperc(\d+(?:\.\d+)?)",
    source=SOURCE,
    examples=(Example("| stats upperperc50(v) as p", [{"p": 2.5}], EVENTS),),
)
class UpperPerc(Percentile):
    """`upperperc<N>(X)`: in Splunk an upper bound of the approximated percentile; here the same as `perc<N>(X)`."""

    __slots__ = ()
