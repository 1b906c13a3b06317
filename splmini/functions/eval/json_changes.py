"""JSON functions that change a value: set, append, extend, delete."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

from splmini.functions.eval.json_functions import PAGE, check_pairs, container, to_json
from splmini.registry import Example, eval_function
from splmini.values import json
from splmini.values.json import INVALID, Step
from splmini.values.numbers import to_text

Change = Callable[[Any, Any], None]
"""Sets, extends or removes in a container (an object or array) at a key or index."""


def _change(root: Any, steps: list[Step], create: bool, change: Change) -> None:
    """Apply a change at every place that a path leads to; `create` makes missing objects on the way."""
    places = [root]
    for position, step in enumerate(steps[:-1]):
        following: list[Any] = []
        for place in places:
            if isinstance(step, str) and isinstance(place, dict):
                if step not in place and create:
                    place[step] = {} if isinstance(steps[position + 1], str) else []
                following.extend([place[step]] if step in place else [])
            elif isinstance(place, list):
                if step is None:
                    following.extend(place)
                elif isinstance(step, int) and step < len(place):
                    following.append(place[step])
        places = following
    last = steps[-1]
    for place in places:
        if last is None and isinstance(place, list):
            for index in range(len(place)):
                change(place, index)
        elif isinstance(place, dict if isinstance(last, str) else list):
            change(place, last)


def _changed(text: str, pairs: tuple[Any, ...], create: bool, make: Callable[[Any], Change]) -> str | None:
    root = container(text)
    if root is None:
        return None
    holder = {"": copy.deepcopy(root)}  # so that the empty path leads to the whole value
    for path, value in zip(pairs[::2], pairs[1::2], strict=True):
        steps = None if path is None else json.parse_path(to_text(path))
        if steps is None or (not steps and make is _setting):
            return None
        _change(holder, ["", *steps], create, make(to_json(value)))
    return json.encode(holder[""])


def _setting(value: Any) -> Change:
    def change(place: Any, key: Any) -> None:
        if isinstance(place, dict) or key < len(place):
            place[key] = value
        elif key == len(place):
            place.append(value)

    return change


def _growing(values: list[Any]) -> Change:
    """Append to the array at a key; a scalar there becomes an array first."""

    def change(place: Any, key: Any) -> None:
        if isinstance(place, list) and key >= len(place):
            return
        current = place.get(key, INVALID) if isinstance(place, dict) else place[key]
        if current is not INVALID:
            place[key] = (current if isinstance(current, list) else [current]) + values

    return change


def _appending(value: Any) -> Change:
    return _growing([value])


def _extending(value: Any) -> Change:
    return _growing(value if isinstance(value, list) else [value])


@eval_function(
    "json_set",
    (3, None),
    "any",
    null="pass",
    multivalue="pass",
    source=PAGE,
    check=check_pairs(1),
    returns="text",
    examples=(
        Example('json_set(json_object("a", 1), "b.c", 2)', '{"a":1,"b":{"c":2}}'),
        Example('json_set(json_object("l", json_array(1, 2)), "l{0}", "x")', '{"l":["x",2]}'),
    ),
)
def json_set(text: Any, *pairs: Any) -> str | None:
    """json_set(<json>, <path>, <value>, ...): with the values set at the paths, from left to right.

    Dots make objects that are missing; `{}` changes every element of an array.

    *Null*: null where the first argument or a path is; a null value is JSON null. *Multivalue*: a value becomes an
    array.
    """
    return _changed(text, pairs, True, _setting)


@eval_function(
    "json_set_exact",
    (3, None),
    "any",
    null="pass",
    multivalue="pass",
    source=PAGE,
    check=check_pairs(1),
    returns="text",
    examples=(Example('json_set_exact(json_object(), "a.b", 1)', '{"a.b":1}'),),
)
def json_set_exact(text: Any, *pairs: Any) -> str | None:
    """json_set_exact(<json>, <key>, <value>, ...): with the values set under the keys, whose dots are part of them.

    *Null*: null where the first argument or a key is; a null value is JSON null. *Multivalue*: a value becomes an
    array.
    """
    root = container(text)
    if not isinstance(root, dict):
        return None
    for key, value in zip(pairs[::2], pairs[1::2], strict=True):
        if key is None:
            return None
        root[to_text(key)] = to_json(value)
    return json.encode(root)


@eval_function(
    "json_append",
    (3, None),
    "any",
    null="pass",
    multivalue="pass",
    source=PAGE,
    check=check_pairs(1),
    returns="text",
    examples=(Example('json_append(json_object("a", "x"), "a", "y")', '{"a":["x","y"]}'),),
)
def json_append(text: Any, *pairs: Any) -> str | None:
    """json_append(<json>, <path>, <value>, ...): with each value added at the end of the array at its path.

    A scalar at the path becomes an array first; a JSON array as value is one element. The empty path is the whole
    value; a path that leads nowhere is left out.

    *Null*: null where the first argument or a path is; a null value is JSON null. *Multivalue*: a value becomes an
    array.
    """
    return _changed(text, pairs, False, _appending)


@eval_function(
    "json_extend",
    (3, None),
    "any",
    null="pass",
    multivalue="pass",
    source=PAGE,
    check=check_pairs(1),
    returns="text",
    examples=(
        Example('json_extend(json_object("l", json_array("a")), "l", json_array("b", "c"))', '{"l":["a","b","c"]}'),
    ),
)
def json_extend(text: Any, *pairs: Any) -> str | None:
    """json_extend(<json>, <path>, <array>, ...): with the elements of each array added at the end of that at its path.

    A scalar at the path becomes an array first; a value that is no array is one element. A path that leads nowhere is
    left out.

    *Null*: null where the first argument or a path is; a null value is JSON null. *Multivalue*: the values are added.
    """
    return _changed(text, pairs, False, _extending)


def _remove(place: Any, key: Any) -> None:
    if isinstance(place, dict):
        place.pop(key, None)


@eval_function(
    "json_delete",
    (2, None),
    "text",
    source=PAGE,
    returns="text",
    examples=(
        Example('json_delete(json_object("a", 1, "b", 2), "a")', '{"b":2}'),
        Example('json_delete(json_object("a", 1, "b", 2), json_array("a", "b"))', "{}"),
    ),
)
def json_delete(text: str, *paths: str) -> str | None:
    """json_delete(<json>, <path>, ...): without the keys at the paths; a JSON array stands for the paths in it.

    Elements of arrays cannot be removed: a path that ends in an index changes nothing.

    *Null*: null, also for what is no JSON object or array. *Multivalue*: applied to each value.
    """
    root = container(text)
    if root is None:
        return None
    for path in paths:
        listed = container(path)
        for each in listed if isinstance(listed, list) else [path]:
            steps = json.parse_path(to_text(each))
            if steps:
                _change(root, steps, False, _remove)
    return json.encode(root)
