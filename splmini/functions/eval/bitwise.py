"""Bitwise functions, over integers from 0 to 2^53 - 1; anything else is null."""

from __future__ import annotations

from splmini.functions.eval._support import page
from splmini.registry import Example, eval_function

PAGE = page("bitwise-functions")
MOST = (1 << 53) - 1


def _bits(value: float) -> int | None:
    """Return the operand as an integer, None where it is none or out of range."""
    if value != int(value) or not 0 <= value <= MOST:
        return None
    return int(value)


@eval_function("bit_and", (2, None), "number", source=PAGE, returns="number", examples=(Example("bit_and(12, 9)", 8),))
def bit_and(*values: float) -> int | None:
    """bit_and(<value>, <value>, ...): the bits that are set in all.

    *Null*: null, also for negative numbers, fractions, more than 53 bits. *Multivalue*: applied to each value.
    """
    result = MOST
    for value in values:
        bits = _bits(value)
        if bits is None:
            return None
        result &= bits
    return result


@eval_function("bit_or", (2, None), "number", source=PAGE, returns="number", examples=(Example("bit_or(4, 2)", 6),))
def bit_or(*values: float) -> int | None:
    """bit_or(<value>, <value>, ...): the bits that are set in one at least.

    *Null*: null, also for negative numbers, fractions, more than 53 bits. *Multivalue*: applied to each value.
    """
    result = 0
    for value in values:
        bits = _bits(value)
        if bits is None:
            return None
        result |= bits
    return result


@eval_function("bit_xor", (2, None), "number", source=PAGE, returns="number", examples=(Example("bit_xor(4, 6)", 2),))
def bit_xor(*values: float) -> int | None:
    """bit_xor(<value>, <value>, ...): the bits that are set in an odd number of them.

    *Null*: null, also for negative numbers, fractions, more than 53 bits. *Multivalue*: applied to each value.
    """
    result = 0
    for value in values:
        bits = _bits(value)
        if bits is None:
            return None
        result ^= bits
    return result


@eval_function(
    "bit_not",
    (1, 2),
    "number",
    source=PAGE,
    returns="number",
    examples=(Example("bit_not(7)", 9007199254740984), Example("bit_not(1, 3)", 2)),
)
def bit_not(value: float, mask: float = MOST) -> int | None:
    """bit_not(<value>, <bitmask>): the bits that are not set, within the mask (53 bits unless given).

    *Null*: null, also for negative numbers, fractions, more than 53 bits. *Multivalue*: applied to each value.
    """
    bits, within = _bits(value), _bits(mask)
    return None if bits is None or within is None else ~bits & within


@eval_function(
    "bit_shift_left", 2, "number", source=PAGE, returns="number", examples=(Example("bit_shift_left(6, 2)", 24),)
)
def bit_shift_left(value: float, offset: float) -> int | None:
    """bit_shift_left(<value>, <offset>): the bits moved to the left; those beyond 53 are lost.

    *Null*: null, also for negative numbers, fractions, more than 53 bits. *Multivalue*: applied to each value.
    """
    bits, places = _bits(value), _bits(offset)
    if bits is None or places is None:
        return None
    return bits << places & MOST if places < 53 else 0


@eval_function(
    "bit_shift_right", 2, "number", source=PAGE, returns="number", examples=(Example("bit_shift_right(24, 2)", 6),)
)
def bit_shift_right(value: float, offset: float) -> int | None:
    """bit_shift_right(<value>, <offset>): the bits moved to the right.

    *Null*: null, also for negative numbers, fractions, more than 53 bits. *Multivalue*: applied to each value.
    """
    bits, places = _bits(value), _bits(offset)
    if bits is None or places is None:
        return None
    return bits >> places if places < 53 else 0
