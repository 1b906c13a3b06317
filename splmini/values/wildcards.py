"""Wildcards: `*` stands for any characters, none included; every other character is itself, the backslash too."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from splmini.budget import grows


def has_wildcard(text: str) -> bool:
    """Say whether a text holds a wildcard."""
    return "*" in text


def any_of(patterns: Iterable[str]) -> Callable[[str], bool]:
    """Return a function that says whether a name is among names and patterns with `*`, letter case kept.

    >>> [any_of({"a", "b*"})(name) for name in ("a", "bc", "A")]
    [True, True, False]
    """
    names = frozenset(patterns)
    matchers = [compile_wildcard(name, ignore_case=False) for name in names if has_wildcard(name)]

    def among(name: str) -> bool:
        return name in names or any(matches(name) for matches in matchers)

    return among


def compile_wildcard(pattern: str, ignore_case: bool = True) -> Callable[[str], bool]:
    """Return a function that says whether a whole text matches. It never backtracks.

    >>> compile_wildcard("10.9.*")("10.9.165.7"), compile_wildcard("*A*b")("xaxxB"), compile_wildcard("a")("b")
    (True, True, False)
    """
    if ignore_case:
        return _folded(_matcher(pattern.lower()))
    return _matcher(pattern)


def compile_wildcards(patterns: Iterable[str]) -> Callable[[str], bool]:
    """Return a function that says whether a whole text matches one of many patterns, whatever its case.

    >>> compile_wildcards(["*.exe", "a*", "*mid*", "x*y"])("A.dll"), compile_wildcards(["*.exe", "x*y"])("x.txt")
    (True, False)
    """
    starts, ends, needles, others = [], [], [], []
    for pattern in patterns:
        head, *rest = pattern.lower().split("*")
        middle = [part for part in rest[:-1] if part]
        if len(rest) == 1 and head and not rest[-1]:
            starts.append(head)
        elif rest and not head and not middle and rest[-1]:
            ends.append(rest[-1])
        elif rest and not head and len(middle) == 1 and not rest[-1]:
            needles.append(middle[0])
        else:
            others.append(_matcher(pattern.lower()))
    heads, tails = tuple(starts), tuple(ends)

    def matches(text: str) -> bool:
        text = text.lower()
        if text.startswith(heads) or text.endswith(tails) or any(map(text.__contains__, needles)):
            return True
        return any(match(text) for match in others)

    return matches


def _folded(match: Callable[[str], bool]) -> Callable[[str], bool]:
    def matches(text: str) -> bool:
        return match(text.lower())

    return matches


def _matcher(pattern: str) -> Callable[[str], bool]:
    head, *rest = pattern.split("*")
    if not rest:
        return pattern.__eq__
    tail = rest[-1]
    middle = [part for part in rest[:-1] if part]
    if not middle:
        return _ends(head, tail)
    return _parts(head, middle, tail)


def _ends(head: str, tail: str) -> Callable[[str], bool]:
    if not tail:
        return _starts(head) if head else _anything
    if not head:
        return _stops(tail)
    least = len(head) + len(tail)

    def matches(text: str) -> bool:
        return len(text) >= least and text.startswith(head) and text.endswith(tail)

    return matches


def _anything(text: str) -> bool:
    return True


def _starts(head: str) -> Callable[[str], bool]:
    def matches(text: str) -> bool:
        return text.startswith(head)

    return matches


def _stops(tail: str) -> Callable[[str], bool]:
    def matches(text: str) -> bool:
        return text.endswith(tail)

    return matches


def _parts(head: str, middle: list[str], tail: str) -> Callable[[str], bool]:
    if not head and not tail and len(middle) == 1:
        needle = middle[0]

        def contains(text: str) -> bool:
            return needle in text

        return contains

    def matches(text: str) -> bool:
        end = len(text) - len(tail)
        if end < len(head) or not text.startswith(head) or not text.endswith(tail):
            return False
        position = len(head)
        for part in middle:
            position = text.find(part, position, end)
            if position < 0:
                return False
            position += len(part)
        return True

    return matches


def matching(pattern: str, names: Iterable[str]) -> list[str]:
    """Return the names that a field name pattern stands for, in their order; field names are case-sensitive.

    >>> matching("a.*", ["a.b", "b", "a.c"])
    ['a.b', 'a.c']
    """
    match = _matcher(pattern)
    return [name for name in names if match(name)]


def captures(pattern: str, name: str) -> tuple[str, ...] | None:
    """Return what each `*` of a pattern stands for in a name, as little as can be; None where it does not match.

    >>> captures("a*b*", "axxbyb"), captures("*a", "b")
    (('xx', 'yb'), None)
    """
    head, *rest = pattern.split("*")
    if not rest:
        return () if name == pattern else None
    *middle, tail = rest
    position, end = len(head), len(name) - len(tail)
    if end < position or not name.startswith(head) or not name.endswith(tail):
        return None
    caught: list[str] = []
    for part in middle:
        found = name.find(part, position, end)
        if found < 0:
            return None
        caught.append(name[position:found])
        position = found + len(part)
    return (*caught, name[position:end])


def substitute(pattern: str, replacement: str, name: str) -> str | None:
    """Return what `rename pattern as replacement` makes of a name; None where the pattern does not match it.

    Each `*` of the replacement stands for what the same `*` of the pattern matched.

    >>> substitute("a.*", "b_*", "a.x"), substitute("a.*", "b_*", "c")
    ('b_x', None)
    """
    caught = captures(pattern, name)
    if caught is None:
        return None
    head, *rest = replacement.split("*")
    pieces = [(caught[index] if index < len(caught) else "*") + part for index, part in enumerate(rest)]
    grows(sum(map(len, pieces)))
    return head + "".join(pieces)
