"""Date and time functions."""

from __future__ import annotations

import math
import time as _time
from typing import TYPE_CHECKING, Any

from splmini.errors import ArgumentError
from splmini.functions.eval._support import Evaluate, constant_of, literal_text, page, text_of
from splmini.language import tree
from splmini.registry import Example, eval_form, eval_function
from splmini.values import times
from splmini.values.multivalue import as_list, from_list
from splmini.values.numbers import Shown, to_number

if TYPE_CHECKING:
    from splmini.operators import Row
    from splmini.registry import Scope

PAGE = page("date-and-time-functions")


@eval_form(
    "now",
    0,
    source=PAGE,
    returns="number",
    pure=False,
    examples=(Example('if(now() = floor(now()), "whole seconds", "")', "whole seconds"),),
)
def now(call: tree.Call, scope: Scope) -> Evaluate:
    """now(): the time when the search began, in whole seconds; the same for every event. Takes no arguments."""
    began = math.floor(scope.ctx.now)

    def apply(row: Row) -> Any:
        return began

    return apply


@eval_function(
    "time",
    0,
    source=PAGE,
    returns="number",
    pure=False,
    examples=(Example('if(time() > 0, "running", "")', "running"),),
)
def time() -> float:
    """time(): the clock when the event is evaluated, to the microsecond. Takes no arguments."""
    return Shown(round(_time.time(), 6), 6)


@eval_form(
    "strftime",
    2,
    "number",
    "text",
    source=PAGE,
    returns="text",
    pure=False,
    examples=(
        Example('strftime(1745970322, "%Y-%m-%dT%H:%M:%S")', "2025-04-29T23:45:22"),
        Example('strftime(1745970322.25, "%d %b %Y %H:%M:%S.%3N %z")', "29 Apr 2025 23:45:22.250 +0000"),
    ),
)
def strftime(call: tree.Call, scope: Scope) -> Evaluate:
    """strftime(<time>, <format>): a time as text, in the time zone of the search.

    Knows every variable of Splunk's formats, subseconds (`%N`, `%3N`, `%Q`, `%6Q`, `%f`) and zones (`%z`, `%:z`, `%Z`,
    `%Ez`) included; other characters are copied.

    *Null*: null, also for what is no number. *Multivalue*: applied to each value.
    """
    time_of, tz = scope.compile(call.args[0]), scope.ctx.timezone
    known, format = constant_of(call.args[1], scope)
    format_of = scope.compile(call.args[1])
    formatted = times.formatter(format, tz) if known and format is not None else None

    def single(value: Any, text: str) -> str | None:
        number = value if value.__class__ is float else to_number(value)
        if number is None:
            return None
        return times.strftime(number, text, tz) if formatted is None else formatted(number)

    def apply(row: Row) -> Any:
        value = time_of(row)
        if value is None:
            return None
        text = format if known else text_of(format_of(row))
        if text is None:
            return None
        if isinstance(value, list):
            return from_list([single(item, text) for item in value])
        return single(value, text)

    return apply


@eval_form(
    "strptime",
    2,
    "any",
    "text",
    source=PAGE,
    returns="number",
    pure=False,
    examples=(
        Example('strptime("2018-08-13 11:22:33", "%Y-%m-%d %H:%M:%S")', 1534159353),
        Example('strptime("2022-08", "%Y-%m")', None),
    ),
)
def strptime(call: tree.Call, scope: Scope) -> Evaluate:
    """strptime(<text>, <format>): the time that a text means when read by a format, shown with six decimals.

    Without a zone in the text, in the time zone of the search. A day is required, but for a time of day alone, which is
    today's; leading zeros are not required; text after the format's end is ignored.

    *Null*: null, also for text that does not fit. *Multivalue*: applied to each value.
    """
    text_argument, tz, began = scope.compile(call.args[0]), scope.ctx.timezone, scope.ctx.now
    known, format = constant_of(call.args[1], scope)
    format_of = scope.compile(call.args[1])

    def single(value: Any, pattern: str) -> Any:
        text = text_of(value)
        found = None if text is None else times.strptime(text, pattern, tz, began)
        return None if found is None else Shown(found, 6)

    def apply(row: Row) -> Any:
        value = text_argument(row)
        if value is None:
            return None
        pattern = format if known else text_of(format_of(row))
        if pattern is None:
            return None
        if isinstance(value, list):
            return from_list([single(item, pattern) for item in as_list(value)])
        return single(value, pattern)

    return apply


def _check_modifier(call: tree.Call) -> None:
    text = literal_text(call.args[1])
    if text is not None:
        try:
            times.parse_modifier(text)
        except ArgumentError as error:
            error.span = call.args[1].span
            error.name = "relative_time"
            raise


@eval_form(
    "relative_time",
    2,
    "number",
    "text",
    source=PAGE,
    returns="number",
    pure=False,
    check=_check_modifier,
    examples=(
        Example('relative_time(1700000000, "-1d@d")', 1699833600),
        Example('relative_time(1700000000, "-1mon@mon+1d")', 1696204800),
    ),
)
def relative_time(call: tree.Call, scope: Scope) -> Evaluate:
    """relative_time(<time>, <modifier>): a time moved by a time modifier such as `-1d`, `@w1` or `-1mon@mon+2d`.

    Offsets and snaps apply from left to right, in the time zone of the search; snapping rounds down.

    *Null*: null, also for what is no number. *Multivalue*: applied to each value.
    """
    time_of, modifier_of, tz = scope.compile(call.args[0]), scope.compile(call.args[1]), scope.ctx.timezone
    span = call.args[1].span

    def single(value: Any, modifier: str) -> Any:
        number = to_number(value)
        if number is None:
            return None
        try:
            return times.relative_time(number, modifier, tz)
        except ArgumentError as error:
            error.span = error.span or span
            raise

    def apply(row: Row) -> Any:
        value, modifier = time_of(row), text_of(modifier_of(row))
        if value is None or modifier is None:
            return None
        if isinstance(value, list):
            return from_list([single(item, modifier) for item in value])
        return single(value, modifier)

    return apply
