"""Multivalue functions."""

from __future__ import annotations

import math
from typing import Any

from splmini.budget import SMALL, fits, gathers, grows
from splmini.errors import ArgumentError, SplError
from splmini.functions.eval._support import literal_text, page, text_of
from splmini.functions.eval.json_functions import encoded_array
from splmini.language import tree
from splmini.registry import Example, eval_function
from splmini.values import times
from splmini.values.multivalue import as_list, from_list, joined
from splmini.values.numbers import add, to_number, to_text

PAGE = page("multivalue-eval-functions")
MOST_VALUES = 1_000_000
"""mvrange gives no more values than this."""


@eval_function(
    "mvappend",
    (1, None),
    null="pass",
    multivalue="pass",
    source=PAGE,
    examples=(Example('mvappend("a", f, "c")', ["a", "b", "c"], ({"f": "b"},)), Example('mvappend(missing, "z")', "z")),
)
def mvappend(*values: Any) -> Any:
    """mvappend(<value>, ...): all values of the arguments, in order, as one multivalue.

    *Null*: contributes nothing; null where nothing is left. *Multivalue*: contributes all its values.
    """
    gathers(sum(len(value) if isinstance(value, list) else 1 for value in values))
    return from_list([item for value in values for item in as_list(value)])


@eval_function(
    "mvcount",
    1,
    "values",
    null="pass",
    multivalue="pass",
    source=PAGE,
    returns="number",
    examples=(Example('mvcount(split("a,b,c", ","))', 3), Example("mvcount(missing)", None)),
)
def mvcount(value: Any) -> int | None:
    """mvcount(<mv>): the number of values; 1 for a single value.

    *Null*: null. *Multivalue*: counted.
    """
    return None if value is None else len(as_list(value))


@eval_function(
    "mvdedup",
    1,
    multivalue="pass",
    source=PAGE,
    examples=(Example('mvdedup(split("b,a,b,c,a", ","))', ["b", "a", "c"]),),
)
def mvdedup(value: Any) -> Any:
    """mvdedup(<mv>): without duplicates; the first of equal values keeps its place.

    *Null*: null. *Multivalue*: as described.
    """
    if not isinstance(value, list):
        return value
    seen: dict[str, Any] = {}
    for item in value:
        seen.setdefault(to_text(item), item)
    return from_list(seen.values())


@eval_function(
    "mvindex",
    (2, 3),
    "list",
    "integer",
    "integer",
    multivalue="pass",
    source=PAGE,
    examples=(
        Example('mvindex(split("a,b,c", ","), 0)', "a"),
        Example('mvindex(split("a,b,c", ","), 1, -1)', ["b", "c"]),
        Example('mvindex(split("a,b,c", ","), 9)', None),
    ),
)
def mvindex(values: list[Any], start: int, end: int | None = None) -> Any:
    """mvindex(<mv>, <start>, <end>): the value at a position from 0, or those from start to end, the end included.

    Negative positions count from the end (-1 is the last).

    *Null*: null, also out of range. *Multivalue*: as described; a single value has the positions 0 and -1.
    """
    count = len(values)
    first = start + count if start < 0 else start
    if end is None:
        return values[first] if 0 <= first < count else None
    last = end + count if end < 0 else end
    if first < 0 or last < first or first >= count:
        return None
    return from_list(values[first : last + 1])


@eval_function(
    "mvjoin",
    2,
    "list",
    "text",
    multivalue="pass",
    source=PAGE,
    returns="text",
    examples=(Example('mvjoin(split("a,b", ","), " OR ")', "a OR b"),),
)
def mvjoin(values: list[Any], delimiter: str) -> str | None:
    """mvjoin(<mv>, <delimiter>): the values as one text with the delimiter between them.

    *Null*: null. *Multivalue*: as described; a single value is its text.
    """
    grows(len(delimiter) * len(values))
    return fits(joined(values, delimiter)) if values else None


def _check_range(call: tree.Call) -> None:
    step = literal_text(call.args[2]) if len(call.args) == 3 else None
    if step is not None:
        try:
            times.parse_span(step)
        except SplError as error:
            error.span = call.args[2].span
            raise


@eval_function(
    "mvrange",
    (2, 3),
    "number",
    "number",
    "any",
    source=PAGE,
    check=_check_range,
    examples=(
        Example("mvrange(1, 11, 2)", [1, 3, 5, 7, 9]),
        Example('mvrange(1514834731, 1516649131, "7d")', [1514834731, 1515439531, 1516044331]),
    ),
)
def mvrange(start: float, end: float, step: Any = 1) -> Any:
    """mvrange(<start>, <end>, <step>): the numbers from start up to, and without, end; by 1 unless given.

    A step such as "7d" is a time span, the numbers are times.

    *Null*: null, also where there is no number in the range. *Multivalue*: applied to each value of the start.
    """
    size = to_number(step)
    if size is None:
        span = times.parse_span(text_of(step) or "")
        return from_list(_times(start, end, span))
    if size == 0 or abs(end - start) / abs(size) > MOST_VALUES:
        raise ArgumentError(
            f"mvrange({start}, {end}, {size}) would give more than {MOST_VALUES} values.", name="mvrange"
        )
    count = max(math.ceil((end - start) / size), 0)
    values = []
    current: Any = start
    for _ in range(count):
        values.append(current)
        current = add(current, size)
    return from_list(values)


def _times(start: float, end: float, span: times.Span) -> list[float]:
    values: list[float] = []
    current = start
    while current < end:
        values.append(current)
        if len(values) > MOST_VALUES:
            raise ArgumentError(f"mvrange() would give more than {MOST_VALUES} values.", name="mvrange")
        current = times.next_bucket(current, span, times.UTC)
    return values


@eval_function(
    "mvreverse",
    1,
    multivalue="pass",
    source=PAGE,
    examples=(Example('mvreverse(split("1,2,3", ","))', ["3", "2", "1"]),),
)
def mvreverse(value: Any) -> Any:
    """mvreverse(<mv>): the values in the opposite order.

    *Null*: null. *Multivalue*: as described; a single value stays.
    """
    return value[::-1] if isinstance(value, list) else value


@eval_function(
    "mvsort",
    1,
    multivalue="pass",
    source=PAGE,
    examples=(Example('mvsort(split("10,9,70,100", ","))', ["10", "100", "70", "9"]),),
)
def mvsort(value: Any) -> Any:
    """mvsort(<mv>): sorted by character: digits, upper case, lower case; numbers by their characters, too.

    *Null*: null. *Multivalue*: as described; a single value stays.
    """
    return sorted(value, key=to_text) if isinstance(value, list) else value


@eval_function(
    "mvzip",
    (2, 3),
    "list",
    "list",
    "text",
    multivalue="pass",
    source=PAGE,
    examples=(
        Example('mvzip(split("a,b", ","), split("1,2", ","))', ["a,1", "b,2"]),
        Example('mvzip(split("a,b", ","), split("1,2", ","), "|")', ["a|1", "b|2"]),
    ),
)
def mvzip(left: list[Any], right: list[Any], delimiter: str = ",") -> Any:
    """mvzip(<mv>, <mv>, <delimiter>): the first values with the delimiter between them, the second ones, and so on.

    A comma unless given; ends with the shorter one.

    *Null*: null. *Multivalue*: as described.
    """
    pairs = [(to_text(a), to_text(b)) for a, b in zip(left, right, strict=False)]
    grows(sum(len(a) + len(b) for a, b in pairs) + len(delimiter) * len(pairs))
    return from_list([a + delimiter + b for a, b in pairs])


@eval_function(
    "split",
    2,
    "text",
    "text",
    source=PAGE,
    examples=(Example('split("a;b;c", ";")', ["a", "b", "c"]), Example('split("abc", "")', ["a", "b", "c"])),
)
def split(text: str, delimiter: str) -> Any:
    """split(<text>, <delimiter>): the parts between the delimiters, which are plain text; without one, the characters.

    *Null*: null. *Multivalue*: applied to each value.
    """
    if len(text) > SMALL:
        gathers(text.count(delimiter))
    parts = text.split(delimiter) if delimiter else list(text)
    return (parts if len(parts) > 1 else parts[0]) if parts else None


@eval_function(
    "mv_to_json_array",
    (1, 2),
    "any",
    "any",
    multivalue="pass",
    source=page("json-functions"),
    returns="text",
    examples=(
        Example('mv_to_json_array(split("a,1", ","))', '["a","1"]'),
        Example('mv_to_json_array(split("1,true,abc", ","), true())', "[1,true,null]"),
    ),
)
def mv_to_json_array(value: Any, infer: Any = False) -> str:
    """mv_to_json_array(<mv>, <infer types>): the values as a JSON array, of strings unless types are inferred.

    With inference each value is read as JSON; one that is not is JSON null.

    *Null*: null. *Multivalue*: as described; a single value is an array of one.
    """
    return encoded_array(as_list(value), infer is True)


@eval_function(
    "commands",
    1,
    "text",
    source=PAGE,
    examples=(Example('commands("search foo | stats count | sort count")', ["search", "stats", "sort"]),),
)
def commands(text: str) -> Any:
    """commands(<search>): the names of the commands that a search uses, in order.

    *Null*: null, also for text that is no search. *Multivalue*: applied to each value.
    """
    from splmini.language.parser import parse

    try:
        return from_list([command.name for command in parse(text).commands])
    except SplError:
        return None
