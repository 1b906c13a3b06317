"""Aggregates whose result is multivalue."""

from __future__ import annotations

from typing import Any

from splmini.registry import Example, stats_function
from splmini.values.multivalue import from_list
from splmini.values.numbers import to_text

SOURCE = "https://docs.splunk.com/Documentation/Splunk/latest/SearchReference/Multivaluefunctions"
EVENTS = ({"v": "b"}, {"v": "a"}, {"v": "b"})


@stats_function(
    "list",
    takes="ordered",
    source=SOURCE,
    examples=(Example("| stats list(v)", [{"list(v)": ["b", "a", "b"]}], EVENTS),),
)
class List:
    """`list(X)`: the values of X in the order in which events arrive, at most the first 100 (`list_maxsize`).

    The values of a multivalue field are listed one by one. Null where X has no value.
    """

    __slots__ = ("items", "limit")

    def __init__(self) -> None:
        self.items: list[tuple[int, Any]] = []
        self.limit = 100

    def add(self, value: Any, order: int) -> None:
        """Append one value, which came as number `order`."""
        if not self.limit or len(self.items) < self.limit:
            self.items.append((order, value))

    def merge(self, other: List) -> None:
        """Take in the other's values, in the order of arrival."""
        self.items = sorted(self.items + other.items, key=_order)
        if self.limit:
            del self.items[self.limit :]

    def shift(self, rows: int) -> None:
        """Move the places by a number of rows."""
        self.items = [(order + rows, value) for order, value in self.items]

    def result(self) -> Any:
        """Give the values."""
        return from_list([value for _, value in self.items])


def _order(item: tuple[int, Any]) -> int:
    return item[0]


@stats_function("values", source=SOURCE, examples=(Example("| stats values(v)", [{"values(v)": ["a", "b"]}], EVENTS),))
class Values:
    """`values(X)`: the distinct values of X in lexicographical order, upper case before lower case.

    Numbers are ordered by their characters, too: 10 comes before 9. The values of a multivalue field are collected
    one by one. Null where X has no value. `Limits(values_maxsize=...)` cuts the list; by default there is no limit.
    """

    __slots__ = ("limit", "seen")

    def __init__(self) -> None:
        self.seen: set[Any] = set()
        self.limit = 0

    def add(self, value: Any) -> None:
        """Remember one value."""
        self.seen.add(value)

    def merge(self, other: Values) -> None:
        """Take in the other's values."""
        self.seen |= other.seen

    def result(self) -> Any:
        """Give the values."""
        return from_list(sorted_values(self.seen, self.limit))


def sorted_values(seen: set[Any], limit: int = 0) -> list[Any]:
    """Return distinct values in the order of their texts; a number and its text are one value, given as text."""
    if all(type(value) is str for value in seen):
        ordered = sorted(seen)
    else:
        texts: dict[str, Any] = {}
        for value in seen:
            text = to_text(value)
            if text not in texts or isinstance(value, str):
                texts[text] = value
        ordered = [texts[text] for text in sorted(texts)]
    return ordered[:limit] if limit else ordered
