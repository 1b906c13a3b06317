"""JSON: decoding, compact encoding, Splunk's flattening, and paths such as `a.b{0}.c`."""

from __future__ import annotations

import json as _json
import re
import sys
from collections.abc import Collection, Iterable, Mapping
from typing import Any, TypeAlias

import msgspec

from splmini.budget import fits, takes
from splmini.values.multivalue import from_list
from splmini.values.numbers import Shown, float_text, to_text

Step: TypeAlias = "str | int | None"
"""A step of a path: a key, an index, or None for every element."""

INVALID = object()
"""What `decode` gives for text that is not JSON."""

_LONG = 1 << 20
_PER_CHARACTER = 24
"""Bytes of memory that a character of JSON may take once it is decoded (`{},` is an object)."""

_LONGEST = 10**4000
"""Beyond it Python does not write an integer."""

_decode = msgspec.json.decode


def decode(text: str | bytes) -> Any:
    """Return the value of a JSON text, or INVALID; strict: no NaN, no trailing text.

    Half of a surrogate pair, which programs write that cut texts at a length, is the replacement character: the other
    fields of its event can be read.

    >>> decode(r'{"a": "x\\ud83d", "b": 1}')
    {'a': 'x\ufffd', 'b': 1}
    """
    if len(text) > _LONG:
        takes(len(text) * _PER_CHARACTER)
    try:
        return _decode(text)
    except (msgspec.DecodeError, UnicodeError, RecursionError, ValueError):
        return _mended(text)


_HEX = "[0-9a-fA-F]{2}"
_ESCAPE = re.compile(
    rf"(\\u[dD][89abAB]{_HEX}\\u[dD][c-fC-F]{_HEX}|\\u(?![dD][89a-fA-F])|\\[^u])|\\u[dD][89a-fA-F]{_HEX}", re.DOTALL
)


def _mended(text: str | bytes) -> Any:
    """Decode a text whose halves of surrogate pairs are replaced; INVALID where it has none, or is no JSON either."""
    try:
        shown = text if isinstance(text, str) else text.decode("utf-8")
        whole = without_halves(shown)
        return INVALID if whole == shown else _decode(whole)
    except (msgspec.DecodeError, UnicodeError, RecursionError, ValueError):
        return INVALID


def without_halves(text: str) -> str:
    """Return a JSON text whose escapes of half a surrogate pair stand for the replacement character."""
    return _ESCAPE.sub(_replaced, text)


def _replaced(match: re.Match[str]) -> str:
    return match[1] or "\\ufffd"


def encode(value: Any) -> str:
    """Return compact JSON: no blanks, characters as they are, 1.0 as 1.

    >>> encode({"a": [1.0, "x", True, None]})
    '{"a":[1,"x",true,null]}'
    """
    try:
        return fits(_json.dumps(_whole(value), ensure_ascii=False, separators=(",", ":")))
    except RecursionError:
        return msgspec.json.encode(value).decode()


def _whole(value: Any) -> Any:
    if isinstance(value, float):
        if type(value) is Shown:
            value = float(float_text(value))
        return int(value) if value.is_integer() and abs(value) < 1e21 else value
    if value.__class__ is int and not -_LONGEST < value < _LONGEST:
        return to_text(value)
    if isinstance(value, dict):
        return {key: _whole(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_whole(item) for item in value]
    return value


def plain(value: Any) -> Any:
    """Return any Python value as a field value: True is "true", None is null, a dict is its JSON text, a list is
    multivalue.

    >>> plain(True), plain(None), plain([1, "a"]), plain({"a": 1})
    ('true', None, [1, 'a'], '{"a":1}')
    """
    if isinstance(value, bool):
        return "true" if value else "false"
    if value is None or isinstance(value, (str, int, float)):
        return value
    if isinstance(value, (list, tuple)):
        return from_list(encode(item) if isinstance(item, (dict, list)) else plain(item) for item in value)
    if isinstance(value, dict):
        return encode(value)
    if isinstance(value, (bytes, bytearray)):
        return bytes(value).decode("utf-8", "replace")
    items = listed(value)
    return str(value) if items is None else plain(items)


def listed(value: Any) -> list[Any] | None:
    """Return the items of what holds several and is no list: an array of NumPy, a series, a set, a range; else None.

    >>> listed(range(2)), listed("ab"), listed({"a": 1})
    ([0, 1], None, None)
    """
    if isinstance(value, (str, bytes, bytearray, memoryview, Mapping)):
        return None
    if type(value).__name__ == "ndarray" and value.dtype.kind == "M":  # NumPy gives nanoseconds as integers
        value = value.astype("datetime64[us]")
    tolist = getattr(value, "tolist", None)
    if callable(tolist):
        items = tolist()
        return items if isinstance(items, list) else None
    return list(value) if isinstance(value, Collection) else None


def as_written(text: str) -> float | str:
    """Return a number with a fraction or an exponent, as text where it would print in another way: 1.10, 2.0, 1e5."""
    number = float(text)
    return number if to_text(number) == text else text


_CONTAINERS = frozenset({dict, list, tuple})
_SINGLE = frozenset({str, int, float, bool, type(None), bytes})


def beginnings(names: Iterable[str]) -> frozenset[str]:
    """Return names of flattened fields with what each of them begins with: the names of what holds it.

    >>> sorted(beginnings(["a.b", "l{}.c"]))
    ['a', 'a.b', 'l', 'l{}', 'l{}.c']
    """
    found = set(names)
    for name in names:
        found.update(name[: match.start()] for match in re.finditer(r"\.|\{\}", name))
    return frozenset(found)


def flatten(value: Any, kept: frozenset[str] | None = None) -> dict[str, Any]:
    """Return the fields that Splunk extracts from a JSON value: `a.b`, `list{}`, `list{}.c`; several are multivalue.

    JSON null is the text "null", as Splunk shows it; empty objects and arrays give no field. `kept` are the
    `beginnings` of the fields that are wanted: what begins otherwise is passed over.

    >>> flatten({"a": {"b": 1}, "l": [{"c": "x"}, {"c": "y"}], "t": True})
    {'a.b': 1, 'l{}.c': ['x', 'y'], 't': 'true'}
    """
    if kept is None and isinstance(value, dict) and not any(item.__class__ in _CONTAINERS for item in value.values()):
        return {str(key): "null" if item is None else plain(item) for key, item in value.items() if key}
    found: dict[str, list[Any]] = {}
    stack: list[tuple[str, Any]] = [("", value)]
    while stack:
        path, current = stack.pop()
        if isinstance(current, dict):
            prefix = path + "." if path else ""
            for key, item in reversed(current.items()):
                name = prefix + str(key)
                if kept is None or name in kept:
                    stack.append((name, item))
        elif isinstance(current, (list, tuple)):
            path += "{}"
            if kept is None or path in kept:
                stack.extend((path, item) for item in reversed(current))
        elif current.__class__ not in _SINGLE and (items := listed(current)) is not None:
            stack.append((path, items))
        elif path:
            found.setdefault(path, []).append("null" if current is None else plain(current))
    return {path: values if len(values) > 1 else values[0] for path, values in found.items()}


# ---- texts that break off -------------------------------------------------------------------------------------------

_TOKEN = re.compile(r'\s*(?:([\[\]{},:])|"[^"\\]*(?:\\.[^"\\]*)*"|-?\d[\d.eE+\-]*(?=[\s,\]}])|true|false|null)')
_CLOSING = {"{": "}", "[": "]"}


def completed(text: str) -> str | None:
    """Close a JSON text that breaks off behind its last whole member; None where it is wrong in another way.

    >>> completed('{"a": 1, "b": "cut o')
    '{"a": 1}'
    """
    open_brackets: list[str] = []
    position = end = 0
    closers = ""
    value_next = True
    while match := _TOKEN.match(text, position):
        mark = match.group(1)
        position = match.end()
        if mark in ("{", "["):
            open_brackets.append(_CLOSING[mark])
            value_next = mark == "["
        elif mark in ("}", "]"):
            if not open_brackets or open_brackets.pop() != mark:
                return None
        elif mark == ",":
            value_next = bool(open_brackets) and open_brackets[-1] == "]"
        elif mark == ":":
            value_next = True
        if mark in ("}", "]") or (mark is None and value_next):
            end, closers = position, "".join(reversed(open_brackets))
    broken = text[position:].lstrip()
    if not closers or (broken and broken[0] not in '"-0123456789tfn'):
        return None
    return text[:end] + closers


# ---- paths ---------------------------------------------------------------------------------------------------------

_STEP = re.compile(r"\{(\d*)\}|\.?([^.{}]+)")


def _index(digits: str) -> int:
    return int(digits) if len(digits) < 19 else sys.maxsize


def parse_path(path: str) -> list[Step] | None:
    """Return the steps of a path, None where it is not well formed.

    >>> parse_path("a.b{}.c{2}")
    ['a', 'b', None, 'c', 2]
    """
    steps: list[Step] = []
    position = 0
    while position < len(path):
        match = _STEP.match(path, position)
        if match is None:
            return None
        if match[2] is not None:
            steps.append(match[2])
        else:
            steps.append(_index(match[1]) if match[1] else None)
        position = match.end()
    return steps


def find(value: Any, steps: list[Step]) -> list[Any]:
    """Return what lies at a path, in document order; indexes count from 0."""
    current = [value]
    for step in steps:
        following: list[Any] = []
        for item in current:
            if isinstance(step, str):
                if isinstance(item, dict) and step in item:
                    following.append(item[step])
            elif isinstance(item, list):
                if step is None:
                    following.extend(item)
                elif step < len(item):
                    following.append(item[step])
        current = following
    return current


def extract(value: Any, path: str) -> Any:
    """Return the field value at a path as `spath` gives it; several results are multivalue.

    >>> extract({"a": [{"b": 1}, {"b": 2}]}, "a{}.b"), extract({"a": [5, 6]}, "a{1}"), extract({}, "x")
    ([1, 2], 6, None)
    """
    steps = parse_path(path)
    if steps is None:
        return None
    return from_list(_shown(item) for item in find(value, steps))


def _shown(item: Any) -> Any:
    if item is None:
        return "null"
    return encode(item) if isinstance(item, (dict, list)) else plain(item)
