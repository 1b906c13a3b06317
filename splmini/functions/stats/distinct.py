"""Counts of distinct values: exact, and estimated in constant space."""

from __future__ import annotations

import hashlib
import math
from typing import Any

from splmini.registry import Example, stats_function
from splmini.values.numbers import to_text

SOURCE = "https://docs.splunk.com/Documentation/Splunk/latest/SearchReference/Aggregatefunctions"
EVENTS = ({"h": "a"}, {"h": "b"}, {"h": "a"})


@stats_function(
    "dc",
    empty=0,
    aliases=("distinct_count",),
    source=SOURCE,
    examples=(Example("| stats dc(h)", [{"dc(h)": 2}], EVENTS),),
)
class DistinctCount:
    """`dc(X)`, `distinct_count(X)`: the number of distinct values of X, compared as text, letter case included.

    Each value of a multivalue field counts. 0 where X has no value.
    """

    __slots__ = ("seen",)

    def __init__(self) -> None:
        self.seen: set[str] = set()

    def add(self, value: Any) -> None:
        """Remember one value."""
        self.seen.add(value if isinstance(value, str) else to_text(value))

    def merge(self, other: DistinctCount) -> None:
        """Take in the other's values."""
        self.seen |= other.seen

    def result(self) -> int:
        """Give the number of values."""
        return len(self.seen)


EXACT_VALUES = 1000
"""Distinct values up to which estdc is exact."""
PRECISION = 14
REGISTERS = 1 << PRECISION
_ALPHA = 0.7213 / (1 + 1.079 / REGISTERS)


class Sketch:
    """A HyperLogLog sketch of 16,384 registers, exact up to 1,000 distinct values.

    Its relative standard error is 1.04 / sqrt(16384), or 0.8 %. Values are hashed with BLAKE2, so that sketches from
    different processes merge.
    """

    __slots__ = ("registers", "seen")

    def __init__(self) -> None:
        self.seen: set[str] | None = set()
        self.registers = bytearray()

    def add(self, value: Any) -> None:
        """Take in one value."""
        text = value if isinstance(value, str) else to_text(value)
        if self.seen is None:
            _register(self.registers, text)
            return
        self.seen.add(text)
        if len(self.seen) > EXACT_VALUES:
            self._spill()

    def _spill(self) -> None:
        self.registers = bytearray(REGISTERS)
        for text in self.seen or ():
            _register(self.registers, text)
        self.seen = None

    def merge(self, other: Sketch) -> None:
        """Take in the other's values."""
        if self.seen is not None and other.seen is not None:
            self.seen |= other.seen
            if len(self.seen) > EXACT_VALUES:
                self._spill()
            return
        if self.seen is not None:
            self._spill()
        if other.seen is not None:
            for text in other.seen:
                self.add(text)
        else:
            self.registers = bytearray(map(max, self.registers, other.registers))

    def estimate(self) -> int:
        """Return the number of distinct values."""
        if self.seen is not None:
            return len(self.seen)
        raw = _ALPHA * REGISTERS * REGISTERS / sum(2.0**-register for register in self.registers)
        zeros = self.registers.count(0)
        if raw <= 2.5 * REGISTERS and zeros:
            raw = REGISTERS * math.log(REGISTERS / zeros)
        return round(raw)


def _register(registers: bytearray, text: str) -> None:
    digest = int.from_bytes(hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8).digest(), "big")
    rest = digest & ((1 << (64 - PRECISION)) - 1)
    rank = 64 - PRECISION - rest.bit_length() + 1
    index = digest >> (64 - PRECISION)
    if rank > registers[index]:
        registers[index] = rank


@stats_function("estdc", empty=0, source=SOURCE, examples=(Example("| stats estdc(h)", [{"estdc(h)": 2}], EVENTS),))
class EstimatedDistinctCount(Sketch):
    """`estdc(X)`: the estimated number of distinct values of X, compared as text.

    Exact up to 1,000 distinct values; above, a HyperLogLog sketch with a standard error of 0.8 %. Each value of a
    multivalue field counts. 0 where X has no value.
    """

    __slots__ = ()

    def result(self) -> int:
        """Give the estimate."""
        return self.estimate()


@stats_function(
    "estdc_error",
    empty=0,
    source=SOURCE,
    examples=(Example("| stats estdc_error(h)", [{"estdc_error(h)": 0}], EVENTS),),
)
class EstimatedDistinctCountError(Sketch):
    """`estdc_error(X)`: the theoretical relative error of `estdc(X)`: 0 while that is exact, else about 0.008."""

    __slots__ = ()

    def result(self) -> int | float:
        """Give the error."""
        return 0 if self.seen is not None else 1.04 / math.sqrt(REGISTERS)
