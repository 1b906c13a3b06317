"""Bins of numbers and times: what `bin` and `makecontinuous` are made of.

A binning gives the bounds of a value's bin: from, up to. Spans are `values.times.Span`: plain numbers (seconds on
`_time`), lengths of time, or `[coefficient]log[base]`, whose bins grow.
"""

from __future__ import annotations

import math
import sys
from dataclasses import dataclass
from datetime import tzinfo
from decimal import Decimal
from functools import cached_property
from typing import Any, Protocol

from splmini.commands.arguments.options import convert
from splmini.errors import ArgumentError
from splmini.language import tree
from splmini.operators import RunContext
from splmini.registry import OptionSpec
from splmini.values import times
from splmini.values.numbers import to_number, to_text

TIME_SPANS = ("1s", "5s", "10s", "30s", "1m", "5m", "10m", "30m", "1h", "1d", "1mon")
"""The spans that are chosen from where none is given: the shortest that needs no more bins than allowed."""

_APPROXIMATE = (1, 5, 10, 30, 60, 300, 600, 1800, 3600, 86400, 2592000)


class Bins(Protocol):
    """What puts values into bins."""

    def bounds(self, value: float) -> tuple[float, float] | None:
        """Return the bin of a value: from, up to; None where it is in none."""


@dataclass(frozen=True)
class LinearBins:
    """Bins of one width; `align` is where one of them starts."""

    width: float
    align: float = 0

    @cached_property
    def decimals(self) -> int:
        """The decimals of the width, with which the bounds are written."""
        exponent = Decimal(repr(self.width)).normalize().as_tuple().exponent
        return max(0, -exponent) if isinstance(exponent, int) else 0

    def bounds(self, value: float) -> tuple[float, float] | None:
        """Return the bin of a value: from, up to; None for what is too great for its bin to be told."""
        try:
            number = math.floor((value - self.align) / self.width)
        except (OverflowError, ValueError):  # infinite, no number, or beyond what a float holds
            return None
        low = _exact(number * self.width + self.align, self.width)
        high = _exact((number + 1) * self.width + self.align, self.width)
        return (high, _exact((number + 2) * self.width + self.align, self.width)) if high <= value else (low, high)


def _exact(value: float, width: float) -> float:
    """Remove the noise that multiplying a decimal width leaves."""
    if isinstance(value, float):
        if value.is_integer() and abs(value) < 1 << 53:
            return int(value)
        text = repr(width)
        if "e" not in text and "." in text:
            return round(value, len(text.partition(".")[2]) + 2)
    return value


@dataclass(frozen=True)
class LogBins:
    """Bins between coefficient * base**k."""

    coefficient: float
    base: float

    def bounds(self, value: float) -> tuple[float, float] | None:
        """Return the bin of a value; None for what is not above zero, which no bin reaches."""
        if not 0 < value < math.inf:
            return None
        power = math.floor(math.log(value / self.coefficient, self.base))
        while self._bound(power + 1) <= value:  # the logarithm may be off by a hair
            power += 1
        while self._bound(power) > value:
            power -= 1
        return self._bound(power), self._bound(power + 1)

    def _bound(self, power: int) -> float:
        try:
            bound = self.coefficient * float(self.base) ** power
        except OverflowError:  # the last bin has no end
            return math.inf
        return int(bound) if bound.is_integer() else bound


@dataclass(frozen=True)
class TimeBins:
    """Bins of time, aligned to the calendar of a time zone or, for spans below a day, to a given time."""

    span: times.Span
    timezone: tzinfo
    align: float | None = None

    def bounds(self, value: float) -> tuple[float, float] | None:
        """Return the bin of a time: from, up to; None for what is no time that a calendar holds."""
        seconds = self.span.seconds
        if self.align is not None and seconds is not None and self.span.unit not in ("d", "w"):
            return LinearBins(seconds, self.align).bounds(value)
        try:
            low = times.bucket(value, self.span, self.timezone)
            return low, times.next_bucket(low, self.span, self.timezone)
        except (OverflowError, ValueError, OSError, ArgumentError):
            return None


def bins_of(span: times.Span, ctx: RunContext, align: str | None = None) -> Bins:
    """Return the bins of a span."""
    if span.unit == "log":
        return LogBins(span.count, span.base)
    if not span.unit:
        return LinearBins(span.count, align_time(align, ctx) or 0)
    return TimeBins(span, ctx.timezone, align_time(align, ctx))


@dataclass(frozen=True)
class BinSpan:
    """A span by what it is: either of `time`, `width` and `log` is set."""

    time: times.Span | None = None
    width: float | None = None
    log: LogBins | None = None


def read_span(command: tree.Command, option: tree.Option) -> BinSpan:
    """Read the span of an option: `5m`, `100`, `0.5`, `2log5`; anything else is an ArgumentError with its position."""
    span: times.Span = convert(option, OptionSpec("span"), command)
    if span.unit == "log":
        return BinSpan(log=LogBins(span.count, span.base))
    return BinSpan(time=span) if span.unit else BinSpan(width=span.count)


# ---- choosing a span -----------------------------------------------------------------------------------------------


_CALENDAR = 10_000 * 31536000
"""Seconds of all years that a calendar holds."""


def automatic_time_span(low: float, high: float, bins: int, least: times.Span | None = None) -> times.Span:
    """Return the shortest usual span that covers low to high with no more than `bins` bins."""
    floor = (least.seconds or 2592000 * least.count) if least is not None else 0
    for text, seconds in zip(TIME_SPANS, _APPROXIMATE, strict=True):
        if seconds >= floor and high - low <= bins * seconds:
            return times.parse_span(text)
    return times.parse_span(f"{max(1, math.ceil(min(high - low, _CALENDAR) / 31536000 / bins))}y")


def automatic_width(low: float, high: float, bins: int, least: float | None = None) -> float:
    """Return the least power of ten that covers low to high with no more than `bins` bins.

    A least width counts as the power of ten above it.

    >>> automatic_width(0, 59, 5), automatic_width(0, 0.5, 10), automatic_width(0, 5, 10, 3)
    (100, 0.1, 10)
    """
    extent = min(high - low, sys.float_info.max)
    power = _least_power(extent / bins) if extent > 0 else 0
    if least is not None:
        power = max(power, _least_power(least))
    power = min(power, sys.float_info.max_10_exp)
    return 10**power if power >= 0 else float(f"1e{power}")


def _least_power(width: float) -> int:
    """The exponent of the least power of ten that is no less than a width."""
    power = math.ceil(math.log10(width))
    while 10.0 ** (power - 1) >= width:  # the logarithm may be off by a hair
        power -= 1
    while 10.0**power < width:
        power += 1
    return power


def align_time(text: str | None, ctx: RunContext) -> float | None:
    """Return the time that `aligntime=` names: an epoch, `earliest`, `latest`, an ISO 8601 time or a time modifier."""
    if text is None:
        return None
    if text.lower() in ("earliest", "latest"):
        return ctx.earliest if text.lower() == "earliest" else ctx.latest
    number = to_number(text)
    if number is None:
        number = times.iso_time(text, ctx.timezone)
    return float(number) if number is not None else times.time_modifier(text, ctx.now, ctx.timezone)


def label(bins: Bins, value: float, shown: Any) -> Any:
    """Return how the bin of a number is written: `0-100`, `1.0-1.5`; `shown` where the number is in no bin."""
    bounds = bins.bounds(value)
    if bounds is None:
        return shown
    decimals = bins.decimals if isinstance(bins, LinearBins) else 0
    low, high = (f"{each:.{decimals}f}" if decimals else to_text(each) for each in bounds)
    return f"{low}-{high}"
