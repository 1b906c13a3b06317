"""Multivalue functions that compute an expression, a condition or a pattern for each value."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from splmini.budget import SMALL, gathers, pulse
from splmini.compiler import compile_condition
from splmini.functions.eval._support import Evaluate, bad_argument, check_regex, page, pattern_argument
from splmini.language import tree
from splmini.registry import Example, eval_form
from splmini.values.multivalue import as_list, from_list
from splmini.values.numbers import to_text

if TYPE_CHECKING:
    from splmini.operators import Row
    from splmini.registry import Scope

PAGE = page("multivalue-eval-functions")


def _single_field(call: tree.Call) -> str:
    """Return the one field that a mvfilter or mvmap runs over."""
    nodes = tree.walk(call.args[0])
    names = list(dict.fromkeys(node.name for node in nodes if isinstance(node, tree.FieldRef)))
    if len(names) != 1:
        found = "none" if not names else ", ".join(names)
        raise bad_argument(call, 0, f"{call.name}() takes an expression over exactly one field, but {found} was given.")
    return names[0]


def _check_mvfilter(call: tree.Call) -> None:
    _single_field(call)


@eval_form(
    "mvfilter",
    1,
    "bool",
    source=PAGE,
    check=_check_mvfilter,
    examples=(
        Example("mvfilter(n > 10)", ["15", "25"], ({"n": ["5", "15", "25"]},)),
        Example(r'mvfilter(match(email, "\.net$"))', "b@x.net", ({"email": ["a@x.com", "b@x.net"]},)),
    ),
)
def mvfilter(call: tree.Call, scope: Scope) -> Evaluate:
    """mvfilter(<condition>): the values of the one field in the condition for which it is true.

    *Null*: null, also where no value is left. *Multivalue*: each value is tested by itself.
    """
    name, condition = _single_field(call), compile_condition(call.args[0], scope)

    def apply(row: Row) -> Any:
        value = row.get(name)
        if value is None:
            return None
        return from_list([item for item in as_list(value) if condition({name: item})])

    return apply


@eval_form(
    "mvfind",
    2,
    "any",
    "text",
    source=PAGE,
    returns="number",
    check=check_regex(1),
    examples=(Example('mvfind(split("x,err1", ","), "^err")', 1), Example('mvfind(split("a,b", ","), "z")', None)),
)
def mvfind(call: tree.Call, scope: Scope) -> Evaluate:
    """mvfind(<mv>, <regex>): the position, from 0, of the first value in which the regular expression is found.

    *Null*: null, also where none matches. *Multivalue*: searched in order.
    """
    values, pattern_of = scope.compile(call.args[0]), pattern_argument(call.args[1], scope, "mvfind")

    def apply(row: Row) -> int | None:
        value, pattern = values(row), pattern_of(row)
        if value is None or pattern is None:
            return None
        for index, item in enumerate(as_list(value)):
            if pattern.search(to_text(item)) is not None:
                return index
        return None

    return apply


def _loop_field(call: tree.Call) -> str | None:
    """Return the field that mvmap's expression reads each value under."""
    argument = call.args[0]
    return argument.name if isinstance(argument, tree.FieldRef) else None


def _check_mvmap(call: tree.Call) -> None:
    if (
        _loop_field(call) is None
        and len(call.args) == 2
        and not any(isinstance(node, tree.FieldRef) for node in tree.walk(call.args[0]))
    ):
        raise bad_argument(call, 0, "mvmap() takes a multivalue field as its first argument.")


@eval_form(
    "mvmap",
    2,
    source=PAGE,
    check=_check_mvmap,
    examples=(
        Example("mvmap(m, m * 10)", [20, 30], ({"m": ["2", "3"]},)),
        Example('mvmap(m, if(match(m, "a"), upper(m), null()))', "A", ({"m": ["a", "b"]},)),
    ),
)
def mvmap(call: tree.Call, scope: Scope) -> Evaluate:
    """mvmap(<mv>, <expression>): the expression computed for each value; the field's name stands for the value.

    Where the first argument is an expression, its first field is the one that stands for the value.

    *Null*: null; values for which the expression is null are left out. *Multivalue*: each value by itself; other
    fields of the expression are as they are.
    """
    values, expression = scope.compile(call.args[0]), scope.compile(call.args[1])
    name = _loop_field(call) or next(node.name for node in tree.walk(call.args[0]) if isinstance(node, tree.FieldRef))

    def apply(row: Row) -> Any:
        value = values(row)
        if value is None:
            return None
        results: list[Any] = []
        inner = dict(row)
        pulse()
        for item in as_list(value):
            inner[name] = item
            results.extend(as_list(expression(inner)))
            if len(results) > SMALL:
                gathers(len(results))
        return from_list(results)

    return apply
