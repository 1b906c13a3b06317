"""Multivalue: a field that holds several values is a list of two or more; a list of one is the value, of none null."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from splmini.budget import SMALL, gathers
from splmini.values.numbers import to_text


def as_list(value: Any) -> list[Any]:
    """Return the values of a field: none for null, one for a single value.

    >>> as_list(None), as_list("a"), as_list(["a", "b"])
    ([], ['a'], ['a', 'b'])
    """
    if value is None:
        return []
    return value if isinstance(value, list) else [value]


def from_list(items: Iterable[Any]) -> Any:
    """Return a field value made of items: null items are left out, none gives null, one gives itself.

    >>> from_list([]), from_list(["a"]), from_list(["a", None, "b"])
    (None, 'a', ['a', 'b'])
    """
    values = [item for item in items if item is not None]
    if len(values) > 1:
        if len(values) > SMALL:
            gathers(len(values))
        return values
    return values[0] if values else None


def first(value: Any) -> Any:
    """Return the first value of a field, or None."""
    if isinstance(value, list):
        return value[0] if value else None
    return value


def joined(value: Any, delimiter: str = "\n") -> str:
    """Return the values of a field as one text; the empty text for null.

    >>> joined(["a", 1, 2.0], ",")
    'a,1,2'
    """
    if isinstance(value, list):
        return delimiter.join(map(to_text, value))
    return "" if value is None else to_text(value)
