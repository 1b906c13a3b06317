"""Comparison and conditional functions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from splmini.compiler import compile_condition
from splmini.errors import ArgumentError
from splmini.functions.eval._support import Evaluate, bad_argument, literal_text, page, text_of
from splmini.language import tree
from splmini.registry import Example, eval_form, eval_function
from splmini.values import json
from splmini.values.comparison import compare
from splmini.values.multivalue import as_list, from_list
from splmini.values.numbers import to_text

if TYPE_CHECKING:
    from splmini.operators import Row
    from splmini.registry import Scope

PAGE = page("comparison-and-conditional-functions")

# ---- choosing ------------------------------------------------------------------------------------------------------


def _check_pairs(call: tree.Call) -> None:
    if len(call.args) % 2:
        raise ArgumentError(
            f"{call.name}() takes pairs of a condition and a value, but {len(call.args)} arguments were given.",
            name=call.name,
            span=call.span,
        )
    for index in range(0, len(call.args), 2):
        if isinstance(call.args[index], tree.String):
            raise bad_argument(call, index, f"{call.name}() takes a condition here, but a string was given.")


@eval_form(
    "case",
    (2, None),
    source=PAGE,
    check=_check_pairs,
    examples=(
        Example('case(status=200, "ok", status=404, "gone", true(), "other")', "gone", ({"status": "404"},)),
        Example('case(1=2, "a")', None),
    ),
)
def case(call: tree.Call, scope: Scope) -> Evaluate:
    """case(<condition>, <value>, ...): the value that follows the first condition that is true.

    Null where no condition is true; `true()` as last condition makes a default.

    *Null*: a condition that is null is not true. *Multivalue*: values may be multivalue.
    """
    pairs = [
        (compile_condition(condition, scope), scope.compile(value))
        for condition, value in zip(call.args[::2], call.args[1::2], strict=True)
    ]

    def choose(row: Row) -> Any:
        for condition, value in pairs:
            if condition(row):
                return value(row)
        return None

    return choose


@eval_form(
    "if",
    3,
    "bool",
    "any",
    "any",
    source=PAGE,
    examples=(
        Example('if(error=200, "OK", "Error")', "OK", ({"error": "200"},)),
        Example('if(missing=1, "yes", "no")', "no"),
    ),
)
def if_(call: tree.Call, scope: Scope) -> Evaluate:
    """if(<condition>, <value>, <value>): the second argument where the condition is true, else the third.

    *Null*: a condition that is null is not true. *Multivalue*: values may be multivalue.
    """
    condition = compile_condition(call.args[0], scope)
    then, otherwise = scope.compile(call.args[1]), scope.compile(call.args[2])

    def choose(row: Row) -> Any:
        return then(row) if condition(row) else otherwise(row)

    return choose


@eval_form(
    "validate",
    (2, None),
    source=PAGE,
    check=_check_pairs,
    examples=(
        Example('validate(isint(port), "no integer", port>0, "not positive")', "not positive", ({"port": "-1"},)),
        Example('validate(1=1, "a")', None),
    ),
)
def validate(call: tree.Call, scope: Scope) -> Evaluate:
    """validate(<condition>, <value>, ...): the value that follows the first condition that is false; null if none is.

    *Null*: a condition that is null counts as false. *Multivalue*: values may be multivalue.
    """
    pairs = [
        (compile_condition(condition, scope), scope.compile(value))
        for condition, value in zip(call.args[::2], call.args[1::2], strict=True)
    ]

    def choose(row: Row) -> Any:
        for condition, value in pairs:
            if not condition(row):
                return value(row)
        return None

    return choose


@eval_form(
    "coalesce",
    (1, None),
    source=PAGE,
    examples=(
        Example('coalesce(src_user, user, "unknown")', "ana", ({"user": "ana"},)),
        Example("coalesce(null(), missing)", None),
    ),
)
def coalesce(call: tree.Call, scope: Scope) -> Evaluate:
    """coalesce(<value>, ...): the first argument that is not null; the empty string is a value.

    *Null*: skipped. *Multivalue*: given as it is.
    """
    if all(isinstance(arg, tree.FieldRef) for arg in call.args):
        names = [arg.name for arg in call.args if isinstance(arg, tree.FieldRef)]

        def first_field(row: Row) -> Any:
            for name in names:
                if name in row:
                    return row[name]
            return None

        return first_field
    arguments = [scope.compile(arg) for arg in call.args]

    def first_value(row: Row) -> Any:
        for argument in arguments:
            value = argument(row)
            if value is not None:
                return value
        return None

    return first_value


@eval_function(
    "nullif",
    2,
    "any",
    null="pass",
    multivalue="pass",
    source=PAGE,
    examples=(Example('nullif("a", "a")', None), Example('nullif("a", "b")', "a")),
)
def nullif(value: Any, other: Any) -> Any:
    """nullif(<field1>, <field2>): null where both are equal, else the first.

    *Null*: a null first argument is null; a null second one is equal to nothing. *Multivalue*: equal where the lists
    are.
    """
    if isinstance(value, list) or isinstance(other, list):
        return None if value == other else value
    return None if compare("=", value, other) else value


@eval_function("null", 0, source=PAGE, returns="null", examples=(Example('if(isnull(null()), "y", "n")', "y"),))
def null() -> None:
    """null(): no value; a field that is set to it is removed. Takes no arguments."""


@eval_function("true", 0, source=PAGE, returns="bool", examples=(Example('if(true(), "t", "f")', "t"),))
def true() -> bool:
    """true(): the truth value true, for example as the default of `case`. Takes no arguments."""
    return True


@eval_function("false", 0, source=PAGE, returns="bool", examples=(Example('if(false(), "t", "f")', "f"),))
def false() -> bool:
    """false(): the truth value false. Takes no arguments."""
    return False


# ---- lookup --------------------------------------------------------------------------------------------------------


def _check_lookup(call: tree.Call) -> None:
    if literal_text(call.args[0]) is None:
        raise bad_argument(call, 0, "lookup() takes the name of a lookup table in double quotes.")


@eval_form(
    "lookup",
    3,
    "text",
    "any",
    "any",
    source=PAGE,
    check=_check_lookup,
    pure=False,
    examples=(
        Example(
            'lookup("aad_operations", json_object("operationName", "Add user"), json_array("action"))',
            '{"action":"created"}',
        ),
    ),
)
def lookup(call: tree.Call, scope: Scope) -> Evaluate:
    """lookup(<table>, <json_object>, <json_array>): look the object's pairs up; a JSON object of the output fields.

    The object's keys are fields of the table, the array names the output fields.

    *Null*: null where nothing matches, or an argument is null. *Multivalue*: several matches give JSON arrays.
    """
    name = literal_text(call.args[0])
    assert name is not None
    keys_of, outputs_of = scope.compile(call.args[1]), scope.compile(call.args[2])
    ctx, span = scope.ctx, call.args[0].span
    matchers: dict[tuple[str, ...], Any] = {}

    def look_up(row: Row) -> str | None:
        keys, outputs = json.decode(text_of(keys_of(row)) or ""), json.decode(text_of(outputs_of(row)) or "")
        if not isinstance(keys, dict) or not isinstance(outputs, list) or not keys:
            return None
        names = [to_text(each) for each in outputs]
        identity = (*keys, "\0", *names)
        if identity not in matchers:
            matchers[identity] = ctx.lookups.table(name, span).matcher(list(keys), names, ctx)
        found = matchers[identity]([json.plain(value) for value in keys.values()], None)
        if not found:
            return None
        result = {}
        for each in names:
            values = from_list(item for match in found for item in as_list(match.get(each)))
            if values is not None:
                result[each] = values
        return json.encode(result)

    return look_up
