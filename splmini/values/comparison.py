"""Comparison, twice: in `search` (of a field with a literal, ignoring case) and in eval and where (of two values)."""

from __future__ import annotations

import operator
import re
from collections.abc import Callable
from typing import Any

from splmini.values.networks import address_in, is_cidr, parse_cidr
from splmini.values.numbers import to_number, to_text
from splmini.values.wildcards import compile_wildcard, has_wildcard

_OPERATORS: dict[str, Callable[[Any, Any], bool]] = {
    "=": operator.eq,
    "==": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    ">": operator.gt,
    "<=": operator.le,
    ">=": operator.ge,
}
_DIRECTIVE = re.compile(r"(CASE|TERM)\((.*)\)", re.DOTALL).fullmatch

# ---- search --------------------------------------------------------------------------------------------------------


def search_comparison(op: str, value: str, quoted: bool = False) -> Callable[[Any], bool]:
    """Return a function that says whether a field's value satisfies `field op value` of a search.

    `=` and `!=` compare text and ignore case, `*` is a wildcard, a CIDR block holds its addresses too; `<` and its kin
    compare numbers by value and other text by character. A multivalue satisfies when one of its values does; null
    (None) never does. `CASE(x)` as value heeds case.

    >>> search_comparison("=", "4*")("404"), search_comparison("=", "WWW2")("www2"), search_comparison("!=", "a")(None)
    (True, True, False)

    Source: https://docs.splunk.com/Documentation/Splunk/latest/SearchReference/Search
    """
    if op in ("=", "==", "::"):
        return _any_value(equality(value, quoted))
    if op == "!=":
        return _any_value(_negated(equality(value, quoted)))
    return _any_value(_ordering(_OPERATORS[op], value))


def _any_value(test: Callable[[Any], bool]) -> Callable[[Any], bool]:
    def satisfied(value: Any) -> bool:
        if isinstance(value, list):
            return any(map(test, value))
        return value is not None and test(value)

    return satisfied


def _negated(test: Callable[[Any], bool]) -> Callable[[Any], bool]:
    def satisfied(value: Any) -> bool:
        return not test(value)

    return satisfied


def compared_text(value: str, quoted: bool = False) -> tuple[str, bool]:
    """Return the text that `=` compares with, without CASE() or TERM() around it, and whether case is ignored."""
    directive = None if quoted else _DIRECTIVE(value)
    return (directive[2], directive[1] != "CASE") if directive else (value, True)


def equality(value: str, quoted: bool = False) -> Callable[[Any], bool]:
    """Return the test behind `=` for one value that is not null."""
    value, ignore_case = compared_text(value, quoted)
    if is_cidr(value):
        return _in_block(value)
    if has_wildcard(value):
        return _matches(compile_wildcard(value, ignore_case))
    return _equals(value, ignore_case)


def _in_block(block: str) -> Callable[[Any], bool]:
    network = parse_cidr(block)
    assert network is not None

    def test(value: Any) -> bool:
        return value == block or address_in(network, value)

    return test


def _matches(match: Callable[[str], bool]) -> Callable[[Any], bool]:
    def test(value: Any) -> bool:
        return match(value if isinstance(value, str) else to_text(value))

    return test


def _equals(wanted: str, ignore_case: bool) -> Callable[[Any], bool]:
    number = to_number(wanted)
    folded = wanted.lower() if ignore_case else wanted

    def test(value: Any) -> bool:
        if isinstance(value, str):
            return value == wanted or (ignore_case and len(value) == len(wanted) and value.lower() == folded)
        return to_text(value) == wanted or (number is not None and value == number)

    return test


def _ordering(compare_with: Callable[[Any, Any], bool], wanted: str) -> Callable[[Any], bool]:
    number = to_number(wanted)

    def test(value: Any) -> bool:
        if number is not None:
            given = to_number(value)
            if given is not None:
                return compare_with(given, number)
        return compare_with(to_text(value), wanted)

    return test


# ---- eval and where ------------------------------------------------------------------------------------------------


def compare(op: str, left: Any, right: Any) -> bool | None:
    """Compare two values as eval and where do; None where one of them is null.

    Two numbers, or texts that both look like numbers, compare by value; everything else by character, heeding case.
    A multivalue satisfies when one of its values does.

    >>> compare("<", "9", "10"), compare("=", "a", "A"), compare("=", ["a", "b"], "b"), compare("=", None, "a")
    (True, False, True, None)
    """
    return compare_with(_OPERATORS[op], left, right)


def comparator(op: str) -> Callable[[Any, Any], bool]:
    """Return the Python operator behind a comparison."""
    return _OPERATORS[op]


def compare_with(test: Callable[[Any, Any], bool], left: Any, right: Any, text: bool = False) -> bool | None:
    """Compare like `compare`; `text` true: by character even where both look like numbers (a quoted literal)."""
    if left is None or right is None:
        return None
    if isinstance(left, list):
        return any(compare_with(test, item, right, text) for item in left)
    if isinstance(right, list):
        return any(compare_with(test, left, item, text) for item in right)
    if not text:
        first = to_number(left)
        if first is not None:
            second = to_number(right)
            if second is not None:
                return test(first, second)
        elif isinstance(left, bool) and isinstance(right, bool):
            return test(left, right)
    return test(left if isinstance(left, str) else to_text(left), right if isinstance(right, str) else to_text(right))
