"""Sorting: keys of total orders over any mix of values; null comes last in each of them."""

from __future__ import annotations

from typing import Any, TypeAlias

from splmini.values.networks import parse_address
from splmini.values.numbers import to_number, to_text

Key: TypeAlias = "tuple[int, float, str]"

_NULL: Key = (9, 0, "")


def _single(value: Any) -> Any:
    if isinstance(value, list):
        return value[0] if value else None
    return value


def auto_key(value: Any) -> Key:
    """Order as `sort` does unless told otherwise: numbers by value, then addresses by address, then text by character.

    A multivalue sorts by its first value.

    >>> sorted(["b", "10", "9", None, "10.1.2.3", "9.9.9.9"], key=auto_key)
    ['9', '10', '9.9.9.9', '10.1.2.3', 'b', None]
    """
    value = _single(value)
    if value is None:
        return _NULL
    number = to_number(value)
    if number is not None:
        return (0, number, "")
    text = to_text(value)
    if text[:1] in "0123456789abcdefABCDEF:" and text and (text.count(".") == 3 or ":" in text):
        return ip_key(text)
    return (2, 0, text)


def number_key(value: Any) -> Key:
    """Order by number (`num(f)`); what is no number comes after the numbers, by character."""
    value = _single(value)
    if value is None:
        return _NULL
    number = to_number(value)
    return (2, 0, to_text(value)) if number is None else (0, number, "")


def text_key(value: Any) -> Key:
    """Order by character (`str(f)`): digits, upper case, lower case."""
    value = _single(value)
    return _NULL if value is None else (2, 0, to_text(value))


def ip_key(value: Any) -> Key:
    """Order by address (`ip(f)`), IPv4 before IPv6; what is no address comes after, by character."""
    value = _single(value)
    if value is None:
        return _NULL
    text = to_text(value)
    address = parse_address(text)
    if address is None:
        return (2, 0, text)
    return (1, address.version, f"{int(address):040d}")


def lexicographic(value: Any) -> Key:
    """Order by character, the order of mvsort and of `stats values()`."""
    return text_key(value)
