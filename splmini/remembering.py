"""What is made of a combination of values is remembered, since logs repeat themselves; memory is bounded."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

MOST = 8192
"""Combinations of values that a step remembers."""
LONGEST = 500
"""Characters of a text that is remembered."""
TRIAL = 4096
"""Rows after which a step remembers no more where more than half of them were new to it."""

TEXTS = frozenset({str, type(None)})
_NUMBERS = frozenset({str, type(None), int, float})


class Remembered(dict[Any, Any]):
    """What was made of a combination of values. A combination with a list cannot be looked up: TypeError.

    Kept are combinations of texts; of numbers, which may be equal and print otherwise, with their classes.
    """

    def __init__(self, make: Callable[[tuple[Any, ...]], Any]) -> None:
        super().__init__()
        self.make = make
        self.asked = 0
        self.typed: dict[Any, Any] = {}

    def __missing__(self, key: tuple[Any, ...]) -> Any:
        classes = set(map(type, key))
        if classes <= TEXTS:
            result = self.make(key)
            if len(self) < MOST and not any(each is not None and len(each) > LONGEST for each in key):
                self[key] = result
            return result
        if not classes <= _NUMBERS:
            return self.make(key)
        marked = (*key, *map(type, key))
        if marked in self.typed:
            return self.typed[marked]
        result = self.make(key)
        if len(self.typed) < MOST and not any(each.__class__ is str and len(each) > LONGEST for each in key):
            self.typed[marked] = result
        return result

    @property
    def pays(self) -> bool:
        """Whether what it is asked comes again."""
        return self.asked < TRIAL or 2 * (len(self) + len(self.typed)) < self.asked

    def over(self, keys: list[tuple[Any, ...]]) -> list[Any]:
        """Return what is made of each combination."""
        if not self.pays:
            return list(map(self.make, keys))
        self.asked += len(keys)
        try:
            return [self[key] for key in keys]
        except TypeError:
            return [self._listed(key) if list in map(type, key) else self[key] for key in keys]

    def _listed(self, key: tuple[Any, ...]) -> Any:
        """Return what is made of a combination with lists; remembered where they hold nothing but texts."""
        if not all(TEXTS.issuperset(map(type, each) if each.__class__ is list else (type(each),)) for each in key):
            return self.make(key)
        marked = tuple(tuple(each) if each.__class__ is list else each for each in key)
        if marked in self.typed:
            return self.typed[marked]
        result = self.make(key)
        if len(self.typed) < MOST and sum(map(len, filter(None, marked))) < LONGEST:
            self.typed[marked] = result
        return result


def row_of(names: Sequence[str], values: Sequence[Any]) -> dict[str, Any]:
    """Return the row of a combination: fields with their values, but for those that it has not.

    >>> row_of(["a", "b"], [1, None])
    {'a': 1}
    """
    return {name: value for name, value in zip(names, values, strict=True) if value is not None}


def copied(values: Sequence[Any]) -> list[Any]:
    """Return values that several rows may share: a list is copied, as who has it may change it."""
    return [list(each) if each.__class__ is list else each for each in values]
