"""Informational functions: what kind of value there is."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from splmini.compiler import static_type
from splmini.functions.eval._support import Evaluate, page
from splmini.language import tree
from splmini.registry import Example, eval_form, eval_function
from splmini.values import json
from splmini.values.numbers import is_nan, to_number

if TYPE_CHECKING:
    from splmini.operators import Row
    from splmini.registry import Scope

PAGE = page("informational-functions")


def _single(value: Any) -> Any:
    return value[0] if isinstance(value, list) and len(value) == 1 else value


@eval_function(
    "isnull",
    1,
    null="pass",
    multivalue="pass",
    source=PAGE,
    returns="bool",
    examples=(Example('if(isnull(missing), "yes", "no")', "yes"), Example('if(isnull(""), "yes", "no")', "no")),
)
def isnull(value: Any) -> bool:
    """isnull(<value>): true where there is no value; the empty string is a value.

    *Null*: true. *Multivalue*: false.
    """
    return value is None


@eval_function(
    "isnotnull",
    1,
    null="pass",
    multivalue="pass",
    source=PAGE,
    returns="bool",
    examples=(Example('if(isnotnull(f), "yes", "no")', "yes", ({"f": "5"},)),),
)
def isnotnull(value: Any) -> bool:
    """isnotnull(<value>): true where there is a value.

    *Null*: false. *Multivalue*: true.
    """
    return value is not None


def _typed(test: Callable[[Any, bool], Any], call: tree.Call, scope: Scope) -> Evaluate:
    """Compile a test of a value that is told whether it is a string whatever it spells (a quoted literal)."""
    argument, known = scope.compile(call.args[0]), static_type(call.args[0]) == "string"

    def apply(row: Row) -> Any:
        return test(_single(argument(row)), known)

    return apply


def _number(value: Any, text: bool) -> int | float | None:
    return None if text else to_number(value)


@eval_form(
    "isnum",
    1,
    source=PAGE,
    returns="bool",
    examples=(Example('if(isnum(f), "yes", "no")', "yes", ({"f": "-3.5"},)), Example('if(isnum("12"), 1, 0)', 0)),
)
def isnum(call: tree.Call, scope: Scope) -> Evaluate:
    """isnum(<value>): true for a number, and for a field whose text spells one or is `NaN`; not for a quoted literal.

    *Null*: false. *Multivalue*: false, but for a single value.
    """

    def test(value: Any, text: bool) -> bool:
        return _number(value, text) is not None or (not text and is_nan(value))

    return _typed(test, call, scope)


@eval_form(
    "isint",
    1,
    source=PAGE,
    returns="bool",
    examples=(Example("if(isint(f), 1, 0).if(isint(7.5), 1, 0)", "10", ({"f": "7"},)),),
)
def isint(call: tree.Call, scope: Scope) -> Evaluate:
    """isint(<value>): true for an integer, and for a field whose text spells one.

    *Null*: false. *Multivalue*: false, but for a single value.
    """

    def test(value: Any, text: bool) -> bool:
        number = _number(value, text)
        return number is not None and number == int(number)

    return _typed(test, call, scope)


@eval_form(
    "isdouble",
    1,
    source=PAGE,
    returns="bool",
    examples=(Example("if(isdouble(3.546), 1, 0).if(isdouble(3), 1, 0)", "10"),),
)
def isdouble(call: tree.Call, scope: Scope) -> Evaluate:
    """isdouble(<value>): true for a number with decimals.

    *Null*: false. *Multivalue*: false, but for a single value.
    """

    def test(value: Any, text: bool) -> bool:
        return isinstance(_number(value, text), float)

    return _typed(test, call, scope)


@eval_form(
    "isstr",
    1,
    source=PAGE,
    returns="bool",
    examples=(Example('if(isstr("abc"), 1, 0).if(isstr(12), 1, 0).if(isstr(missing), 1, 0)', "100"),),
)
def isstr(call: tree.Call, scope: Scope) -> Evaluate:
    """isstr(<value>): true for a string: a quoted literal, or text that is no number.

    *Null*: false. *Multivalue*: true where the values are text.
    """

    def test(value: Any, text: bool) -> bool:
        if isinstance(value, list):
            return all(isinstance(item, str) for item in value)
        return isinstance(value, str) and (text or to_number(value) is None)

    return _typed(test, call, scope)


@eval_function(
    "isbool",
    1,
    null="pass",
    multivalue="pass",
    source=PAGE,
    returns="bool",
    examples=(Example('if(isbool(1=2), 1, 0).if(isbool("true"), 1, 0)', "10"),),
)
def isbool(value: Any) -> bool:
    """isbool(<value>): true for a truth value, as conditions give; never for a field.

    *Null*: false. *Multivalue*: false.
    """
    return isinstance(value, bool)


@eval_function(
    "ismv",
    1,
    null="pass",
    multivalue="pass",
    source=PAGE,
    returns="bool",
    examples=(Example('if(ismv(split("a,b", ",")), 1, 0).if(ismv("a"), 1, 0)', "10"),),
)
def ismv(value: Any) -> bool:
    """ismv(<value>): true for several values.

    *Null*: false. *Multivalue*: true; a single value is none.
    """
    return isinstance(value, list) and len(value) > 1


@eval_function(
    "isarray",
    1,
    null="pass",
    multivalue="pass",
    source=PAGE,
    returns="bool",
    examples=(Example('if(isarray("[1, 2, 3]"), 1, 0).if(isarray(1), 1, 0)', "10"),),
)
def isarray(value: Any) -> bool:
    """isarray(<value>): true for text that is a JSON array.

    *Null*: false. *Multivalue*: false.
    """
    return isinstance(value, str) and value.lstrip()[:1] == "[" and isinstance(json.decode(value), list)


@eval_function(
    "isobject",
    1,
    null="pass",
    multivalue="pass",
    source=PAGE,
    returns="bool",
    examples=(Example(r'if(isobject("{\"a\": 1}"), 1, 0).if(isobject("{a: 1}"), 1, 0)', "10"),),
)
def isobject(value: Any) -> bool:
    """isobject(<value>): true for text that is a JSON object.

    *Null*: false. *Multivalue*: false.
    """
    return isinstance(value, str) and value.lstrip()[:1] == "{" and isinstance(json.decode(value), dict)


@eval_form(
    "typeof",
    1,
    source=PAGE,
    returns="string",
    examples=(
        Example('typeof(12)." ".typeof("string")." ".typeof(1=2)." ".typeof(missing)', "Number String Bool Invalid"),
    ),
)
def typeof(call: tree.Call, scope: Scope) -> Evaluate:
    """typeof(<value>): Number, String, Bool or Invalid (for null); a field whose text spells a number is a Number.

    *Null*: Invalid. *Multivalue*: Multivalue.
    """

    def test(value: Any, text: bool) -> str:
        if value is None:
            return "Invalid"
        if isinstance(value, bool):
            return "Bool"
        if isinstance(value, list):
            return "Multivalue"
        return "String" if _number(value, text) is None else "Number"

    return _typed(test, call, scope)
