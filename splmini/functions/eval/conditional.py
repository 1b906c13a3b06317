"""Comparison and conditional functions."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from splmini.compiler import compile_condition
from splmini.compiler.expressions import membership
from splmini.errors import ArgumentError
from splmini.functions.eval._support import (
    Evaluate,
    bad_argument,
    check_regex,
    constant_of,
    literal_text,
    page,
    pattern_argument,
    text_of,
)
from splmini.language import tree
from splmini.registry import Example, eval_form, eval_function
from splmini.values import json
from splmini.values.comparison import compare
from splmini.values.multivalue import as_list, from_list
from splmini.values.networks import address_in, cidr_match, parse_cidr
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
            name=call.name, span=call.span,
        )
    for index in range(0, len(call.args), 2):
        if isinstance(call.args[index], tree.String):
            raise bad_argument(call, index, f"{call.name}() takes a condition here, but a string was given.")


@eval_form(
    "case", (2, None), source=PAGE, check=_check_pairs,
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
    "if", 3, "bool", "any", "any", source=PAGE,
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
    "validate", (2, None), source=PAGE, check=_check_pairs,
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
    "coalesce", (1, None), source=PAGE,
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
    "nullif", 2, "any", null="pass", multivalue="pass", source=PAGE,
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


# ---- testing -------------------------------------------------------------------------------------------------------


@eval_form(
    "in", (2, None), source=PAGE, returns="bool",
    examples=(
        Example('if(in(status, "400", "404"), "y", "n")', "y", ({"status": "404"},)),
        Example('if(in(status, "4*"), "y", "n")', "n", ({"status": "404"},)),
    ),
)
def in_(call: tree.Call, scope: Scope) -> Evaluate:
    """in(<value>, <list>): true where the value equals one of the list; also `<value> IN (<list>)`.

    Values are compared as `=` compares them: heeding case, without wildcards.

    *Null*: a null value is in no list (null). *Multivalue*: true where one of the values is in the list.
    """
    return membership(call.args[0], call.args[1:], scope)


@lru_cache(maxsize=1024)
def like_matcher(pattern: str) -> Callable[[str], bool]:
    """Return the test of a LIKE pattern: `%` any characters, `_` one character, a backslash before either escapes."""
    parts = re.findall(r"\\[%_\\]|%+|_|[^%_\\]+|\\", pattern, re.DOTALL)
    plain = [part for part in parts if part != "_" and not part.startswith("%")]
    literal = "".join(part[1:] if len(part) == 2 and part[0] == "\\" and part[1] in "%_\\" else part for part in plain)
    simple = not any(part == "_" for part in parts) and len(plain) + sum(part[0] == "%" for part in parts) == len(parts)
    if simple:
        inner = [part[0] == "%" for part in parts]
        if not any(inner):
            return literal.__eq__
        if sum(inner) == len(inner):
            return _always
        if inner[0] and inner[-1] and sum(inner) == 2:
            return _contains(literal)
        if inner[-1] and sum(inner) == 1:
            return _begins(literal)
        if inner[0] and sum(inner) == 1:
            return _ends(literal)
    return _general_like(parts)


def _always(text: str) -> bool:
    return True


def _contains(literal: str) -> Callable[[str], bool]:
    def contains(text: str) -> bool:
        return literal in text

    return contains


def _begins(literal: str) -> Callable[[str], bool]:
    def begins(text: str) -> bool:
        return text.startswith(literal)

    return begins


def _ends(literal: str) -> Callable[[str], bool]:
    def ends(text: str) -> bool:
        return text.endswith(literal)

    return ends


def _general_like(parts: list[str]) -> Callable[[str], bool]:
    """Between two `%` a part takes the first place where it fits, so nothing is tried twice."""
    pieces: list[list[str]] = [[]]
    for part in parts:
        if part[0] == "%":
            pieces.append([])
        elif part == "_":
            pieces[-1].append(".")
        else:
            pieces[-1].append(re.escape(part[1:] if len(part) == 2 and part[0] == "\\" and part[1] in "%_\\" else part))
    compiled = [re.compile("".join(piece), re.DOTALL) for piece in pieces]
    if len(compiled) == 1:
        whole = compiled[0].fullmatch

        def exact(text: str) -> bool:
            return whole(text) is not None

        return exact
    head, *middle, _ = compiled
    tail = re.compile("".join(pieces[-1]) + r"\Z", re.DOTALL)
    size = sum(1 if piece == "." else len(re.sub(r"\\(.)", r"\1", piece, flags=re.DOTALL)) for piece in pieces[-1])

    def matches(text: str) -> bool:
        match = head.match(text)
        for piece in middle:
            if match is None:
                return False
            match = piece.search(text, match.end())
        if match is None or len(text) - size < match.end():
            return False
        return tail.match(text, len(text) - size) is not None

    return matches


@eval_form(
    "like", 2, "text", source=PAGE, returns="bool",
    examples=(
        Example('if(like(f, "foo%"), "yes", "no")', "yes", ({"f": "foobar"},)),
        Example('if(f LIKE "a_c", 1, 0)', 1, ({"f": "abc"},)),
    ),
)
def like(call: tree.Call, scope: Scope) -> Evaluate:
    """like(<text>, <pattern>): true where the whole text matches; also `<text> LIKE <pattern>`.

    `%` stands for any characters, `_` for one, a backslash before one of them makes it itself; case counts.

    *Null*: null. *Multivalue*: true where one of the values matches.
    """
    text = scope.compile(call.args[0])
    known, pattern = constant_of(call.args[1], scope)
    if known and isinstance(pattern, str):
        match = like_matcher(pattern)

        def fixed(row: Row) -> bool | None:
            value = text(row)
            if value.__class__ is str:
                return match(value)
            return _any_text(match, value)

        return fixed
    other = scope.compile(call.args[1])

    def varying(row: Row) -> bool | None:
        wanted = text_of(other(row))
        return None if wanted is None else _any_text(like_matcher(wanted), text(row))

    return varying


def _any_text(match: Callable[[str], Any], value: Any) -> bool | None:
    if value is None:
        return None
    if isinstance(value, list):
        return any(match(to_text(item)) for item in value)
    return bool(match(to_text(value)))


@eval_form(
    "match", 2, "text", source=PAGE, returns="bool", check=check_regex(1),
    examples=(
        Example('if(match(user, "^svc_"), "service", "person")', "service", ({"user": "svc_backup"},)),
        Example(r'if(match("10.1.2.3", "^\d+\."), 1, 0)', 1),
    ),
)
def match(call: tree.Call, scope: Scope) -> Evaluate:
    """match(<text>, <regex>): true where the regular expression (PCRE2) is found anywhere in the text.

    A pattern that exceeds the match limit does not match.

    *Null*: null. *Multivalue*: true where it is found in one of the values.
    """
    text = scope.compile(call.args[0])
    known, value = constant_of(call.args[1], scope)
    pattern_of = pattern_argument(call.args[1], scope, "match")
    pattern = pattern_of({}) if known and value is not None else None
    if pattern is not None:
        search = pattern.search

        def fixed(row: Row) -> bool | None:
            value = text(row)
            if value.__class__ is str:
                return search(value) is not None
            return _any_text(search, value)

        return fixed

    def varying(row: Row) -> bool | None:
        found = pattern_of(row)
        return None if found is None else _any_text(found.search, text(row))

    return varying


def _check_block(call: tree.Call) -> None:
    block = literal_text(call.args[0])
    if block is not None and parse_cidr(block) is None:
        raise bad_argument(call, 0, f"'{block}' is not a CIDR block.", "Expected such as 10.0.0.0/8 or 2001:db8::/32.")


@eval_form(
    "cidrmatch", 2, "text", source=PAGE, returns="bool", check=_check_block,
    examples=(
        Example('if(cidrmatch("10.0.0.0/8", ip), "in", "out")', "in", ({"ip": "10.1.2.3"},)),
        Example('if(cidrmatch("2001:db8::/32", "2001:db8::1"), "in", "out")', "in"),
    ),
)
def cidrmatch(call: tree.Call, scope: Scope) -> Evaluate:
    """cidrmatch(<cidr>, <ip>): true where the IPv4 or IPv6 address is in the block; host bits of the block may be set.

    What is no address is in no block.

    *Null*: null. *Multivalue*: true where one of the addresses is in the block.
    """
    known, block = constant_of(call.args[0], scope)
    address = scope.compile(call.args[1])
    network = parse_cidr(to_text(block)) if known and block is not None else None
    if network is not None:

        def fixed(row: Row) -> bool | None:
            value = address(row)
            if value is None:
                return None
            return any(address_in(network, item) for item in as_list(value))

        return fixed
    block_of = scope.compile(call.args[0])

    def varying(row: Row) -> bool | None:
        wanted, value = block_of(row), address(row)
        if wanted is None or value is None:
            return None
        return any(cidr_match(to_text(each), item) is True for each in as_list(wanted) for item in as_list(value))

    return varying


def _check_search(call: tree.Call) -> None:
    text = literal_text(call.args[0])
    if text is None:
        raise bad_argument(call, 0, "searchmatch() takes a search in double quotes.")
    _parsed_search(text, call)


def _parsed_search(text: str, call: tree.Call) -> tree.Node:
    from splmini.language.parser import parse_search

    return parse_search(text, max(call.args[0].span.start, 0) + 1)


@eval_form(
    "searchmatch", 1, "text", source=PAGE, returns="bool", check=_check_search, whole_row=True,
    examples=(Example('if(searchmatch("x=hi y=*"), "yes", "no")', "yes", ({"x": "hi", "y": "bye"},)),),
)
def searchmatch(call: tree.Call, scope: Scope) -> Evaluate:
    """searchmatch(<search>): true where the event satisfies the search expression, which stands in double quotes.

    *Null*: fields that are null do not match. *Multivalue*: as in `search`.
    """
    from splmini.compiler import compile_search

    text = literal_text(call.args[0])
    assert text is not None
    return compile_search(_parsed_search(text, call), scope)


# ---- lookup --------------------------------------------------------------------------------------------------------


def _check_lookup(call: tree.Call) -> None:
    if literal_text(call.args[0]) is None:
        raise bad_argument(call, 0, "lookup() takes the name of a lookup table in double quotes.")


@eval_form(
    "lookup", 3, "text", "any", "any", source=PAGE, check=_check_lookup, pure=False,
    examples=(
        Example(
            '| makeresults | eval k="b", v="2" | outputlookup eval_lookup_example.csv '
            '| eval r=lookup("eval_lookup_example.csv", json_object("k", "b"), json_array("v"))',
            ({"r": '{"v":"2"}'},),
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
            matchers[identity] = ctx.table(name, span).matcher(list(keys), names, ctx)
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
