"""JSON functions. JSON values are text: compact, keys in their order, whole numbers without decimals."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from splmini.budget import grows
from splmini.compiler import static_type
from splmini.errors import ArgumentError
from splmini.functions.eval._support import bad_argument, page
from splmini.language import tree
from splmini.registry import Example, eval_function
from splmini.values import json
from splmini.values.json import INVALID
from splmini.values.multivalue import as_list, from_list
from splmini.values.numbers import settled, to_text

PAGE = page("json-functions")

# ---- values --------------------------------------------------------------------------------------------------------


def to_json(value: Any) -> Any:
    """Return a field's value as a JSON value: text that is a JSON object or array is embedded as one."""
    if isinstance(value, list):
        return [to_json(item) for item in value]
    if isinstance(value, str):
        if value.lstrip()[:1] in ("{", "["):
            decoded = json.decode(value)
            if decoded is not INVALID:
                return decoded
        return value
    return settled(value)


def native(value: Any) -> Any:
    """Return a JSON value as a field's value: objects and arrays as their text, null as null."""
    if isinstance(value, (dict, list)):
        return json.encode(value)
    return json.plain(value)


def container(value: Any) -> Any:
    """Return the object or array that a text spells, else None."""
    if not isinstance(value, str):
        return None
    decoded = json.decode(value)
    return decoded if isinstance(decoded, (dict, list)) else None


def check_pairs(first: int) -> Callable[[tree.Call], None]:
    """Return a check: from the argument `first` on there are pairs."""

    def check(call: tree.Call) -> None:
        if (len(call.args) - first) % 2:
            raise ArgumentError(
                f"{call.name}() takes pairs of a key or path and a value, but the last one has no value.",
                name=call.name,
                span=call.args[-1].span,
            )

    return check


def _check_members(call: tree.Call) -> None:
    check_pairs(0)(call)
    for index in range(0, len(call.args), 2):
        if static_type(call.args[index]) in ("number", "bool"):
            raise bad_argument(call, index, "A key of json_object() is a string.")


def encoded_array(values: list[Any], infer: bool) -> str:
    """Return values as a JSON array: of strings, or of what each spells as JSON, null where it is none."""
    if not infer:
        return json.encode([to_text(item) for item in values])
    decoded = [json.decode(to_text(item)) for item in values]
    return json.encode([None if item is INVALID else item for item in decoded])


def _length(values: tuple[Any, ...]) -> int:
    """Return how long JSON made of values is at least."""
    return sum(
        len(value) if value.__class__ is str else 8 + (_length(tuple(value)) if isinstance(value, list) else 0)
        for value in values
    )


# ---- making --------------------------------------------------------------------------------------------------------


@eval_function(
    "json_object",
    (0, None),
    null="pass",
    multivalue="pass",
    source=PAGE,
    check=_check_members,
    returns="text",
    examples=(
        Example('json_object("name", "maria", "n", 5)', '{"name":"maria","n":5}'),
        Example('json_object("cities", json_array("London"))', '{"cities":["London"]}'),
    ),
)
def json_object(*members: Any) -> str | None:
    """json_object(<key>, <value>, ...): a JSON object of the pairs; `{}` without any.

    Text that is a JSON object or array is embedded as one.

    *Null*: a null value is JSON null; a null key makes null. *Multivalue*: a value becomes an array.
    """
    grows(_length(members))
    result = {}
    for key, value in zip(members[::2], members[1::2], strict=True):
        if key is None:
            return None
        result[to_text(key)] = to_json(value)
    return json.encode(result)


@eval_function(
    "json_array",
    (0, None),
    null="pass",
    multivalue="pass",
    source=PAGE,
    returns="text",
    examples=(Example('json_array("a", 1, true())', '["a",1,true]'),),
)
def json_array(*values: Any) -> str:
    """json_array(<value>, ...): a JSON array of the values; `[]` without any.

    Text that is a JSON object or array is embedded as one.

    *Null*: JSON null. *Multivalue*: an array inside the array.
    """
    grows(_length(values))
    return json.encode([to_json(value) for value in values])


@eval_function(
    "json",
    1,
    source=PAGE,
    examples=(
        Example('json("[1, 2]")', "[1, 2]"), Example("json(5)", 5), Example('json("Golden Gate Bridge")', None),
    ),
)  # fmt: skip
def json_(value: Any) -> Any:
    """json(<value>): the value itself where it is JSON, as numbers and truth values are, else null.

    *Null*: null. *Multivalue*: applied to each value.
    """
    return None if isinstance(value, str) and json.decode(value) is INVALID else value


@eval_function(
    "json_valid",
    1,
    null="pass",
    multivalue="pass",
    source=PAGE,
    returns="bool",
    examples=(Example('if(json_valid("[1, 2]"), "t", "f").if(json_valid("[1, 2"), "t", "f")', "tf"),),
)
def json_valid(value: Any) -> bool:
    """json_valid(<value>): true for well-formed JSON.

    *Null*: false. *Multivalue*: true where each value is.
    """
    return value is not None and all(json.decode(to_text(item)) is not INVALID for item in as_list(value))


# ---- reading -------------------------------------------------------------------------------------------------------


def _at_path(value: Any, path: str) -> Any:
    """Return the JSON value at a path, INVALID where there is none; a path with `{}` gives an array."""
    steps = json.parse_path(path)
    if steps is None:
        return INVALID
    if steps == [None] and isinstance(value, dict):  # the whole value
        return value
    found = json.find(value, steps)
    if None in steps:
        return found if found else INVALID
    return found[0] if found else INVALID


@eval_function(
    "json_extract",
    (1, None),
    "text",
    source=PAGE,
    examples=(
        Example(r'json_extract("{\"a\": {\"b\": [5, 6]}}", "a.b{1}")', 6),
        Example(r'json_extract("[{\"n\": 1}, {\"n\": 2}]", "{}.n")', "[1,2]"),
        Example(r'json_extract("{\"a\": 1, \"b\": 2}", "a", "b")', "[1,2]"),
    ),
)
def json_extract(text: str, *paths: str) -> Any:
    """json_extract(<json>, <path>, ...): what lies at a path; for several paths a JSON array of what lies at them.

    `a.b` descends, `{0}` is the first element, `{}` every element (an array), of an object the object itself. Objects
    and arrays are given as JSON, other values as they are. Without a path, the whole value.

    *Null*: null, also for text that is not JSON and a path that leads nowhere. *Multivalue*: applied to each value.
    """
    value = json.decode(text)
    if value is INVALID:
        return None
    if not paths:
        return native(value)
    found = [_at_path(value, path) for path in paths]
    if len(paths) == 1:
        return None if found[0] is INVALID else native(found[0])
    present = [item for item in found if item is not INVALID]
    return json.encode(present) if present else None


@eval_function(
    "json_extract_exact",
    (1, None),
    "text",
    source=PAGE,
    examples=(Example(r'json_extract_exact("{\"a.b\": 7}", "a.b")', 7),),
)
def json_extract_exact(text: str, *keys: str) -> Any:
    """json_extract_exact(<json>, <key>, ...): the value of a key, whose dots and braces are part of it.

    For several keys a JSON array of the values; without a key, the whole value.

    *Null*: null, also for text that is no JSON object and a key that is not there. *Multivalue*: applied to each value.
    """
    value = json.decode(text)
    if value is INVALID:
        return None
    if not keys:
        return native(value)
    if not isinstance(value, dict):
        return None
    found = [value[key] for key in keys if key in value]
    if len(keys) == 1:
        return native(found[0]) if found else None
    return json.encode(found) if found else None


@eval_function(
    "json_keys",
    1,
    "text",
    source=PAGE,
    returns="text",
    examples=(Example(r'json_keys("{\"b\": 1, \"a\": {\"x\": 2}}")', '["b","a"]'),),
)
def json_keys(text: str) -> str | None:
    """json_keys(<json>): the keys of an object as a JSON array, in their order.

    *Null*: null, also for what is no JSON object. *Multivalue*: applied to each value.
    """
    value = json.decode(text)
    return json.encode(list(value)) if isinstance(value, dict) else None


@eval_function(
    "json_has_key_exact",
    2,
    "text",
    source=PAGE,
    returns="bool",
    multivalue="first",
    examples=(Example(r'if(json_has_key_exact("{\"a.b\": 1}", "a.b"), "yes", "no")', "yes"),),
)
def json_has_key_exact(text: str, key: str) -> bool:
    """json_has_key_exact(<json>, <key>): true where the object has the key, whose dots are part of it.

    *Null*: null. *Multivalue*: the first value counts.
    """
    value = json.decode(text)
    return isinstance(value, dict) and key in value


@eval_function(
    "json_entries",
    1,
    "text",
    source=PAGE,
    returns="text",
    examples=(Example(r'json_entries("{\"a\": 1}")', '[{"key":"a","value":1}]'),),
)
def json_entries(text: str) -> str | None:
    """json_entries(<json>): the members of an object as a JSON array of objects with `key` and `value`.

    For an array the keys are the positions, from 0.

    *Null*: null, also for what is neither object nor array. *Multivalue*: applied to each value.
    """
    value = json.decode(text)
    if isinstance(value, list):
        value = dict(enumerate(value))
    if not isinstance(value, dict):
        return None
    return json.encode([{"key": key, "value": item} for key, item in value.items()])


@eval_function(
    "json_array_to_mv",
    (1, 2),
    "text",
    "any",
    source=PAGE,
    examples=(
        Example('json_array_to_mv(json_array("a", 1))', ["a", 1]),
        Example('json_array_to_mv(json_array("a", "b"), true())', ['"a"', '"b"']),
    ),
)
def json_array_to_mv(text: str, keep_quotes: Any = False) -> Any:
    """json_array_to_mv(<json array>, <keep quotes>): the elements as values; strings keep their quotes where asked.

    *Null*: null, also for what is no JSON array and an empty one. *Multivalue*: applied to each value.
    """
    value = json.decode(text)
    if not isinstance(value, list):
        return None
    if keep_quotes is True:
        return from_list(json.encode(item) for item in value)
    return from_list("null" if item is None else native(item) for item in value)
