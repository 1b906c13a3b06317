"""Comparison functions: tests of a value, which give a truth value."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from splmini.compiler.expressions import membership
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
from splmini.registry import Example, eval_form
from splmini.values.multivalue import as_list
from splmini.values.networks import address_in, cidr_match, parse_cidr
from splmini.values.numbers import to_text

if TYPE_CHECKING:
    from splmini.operators import Row
    from splmini.registry import Scope

PAGE = page("comparison-and-conditional-functions")


@eval_form(
    "in",
    (2, None),
    source=PAGE,
    returns="bool",
    examples=(
        Example('if(in(status, "400", "404"), "y", "n")', "y", ({"status": "404"},)),
        Example('if(in(status, "4*"), "y", "n")', "n", ({"status": "404"},)),
    ),
)
def in_(call: tree.Call, scope: Scope) -> Evaluate:
    """in(<value>, <list>): true where the value equals one of the list; also `<value> IN (<list>)`.

    Values are compared as `=` compares them: heeding case, without wildcards.

    *Null*: a null value is in no list (the result is null, which counts as false). *Multivalue*: true where one of the
    values is in the list.
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
    "like",
    2,
    "text",
    source=PAGE,
    returns="bool",
    examples=(
        Example('if(like(f, "foo%"), "yes", "no")', "yes", ({"f": "foobar"},)),
        Example('if(f LIKE "a_c", 1, 0)', 1, ({"f": "abc"},)),
    ),
)
def like(call: tree.Call, scope: Scope) -> Evaluate:
    """like(<text>, <pattern>): true where the whole text matches; also `<text> LIKE <pattern>`.

    `%` stands for any characters, `_` for one, a backslash before one of them makes it itself; case counts.

    *Null*: null, which counts as false. *Multivalue*: true where one of the values matches.
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
    "match",
    2,
    "text",
    source=PAGE,
    returns="bool",
    check=check_regex(1),
    examples=(
        Example('if(match(user, "^svc_"), "service", "person")', "service", ({"user": "svc_backup"},)),
        Example(r'if(match("10.1.2.3", "^\d+\."), 1, 0)', 1),
    ),
)
def match(call: tree.Call, scope: Scope) -> Evaluate:
    """match(<text>, <regex>): true where the regular expression (PCRE2) is found anywhere in the text.

    A pattern that exceeds the match limit does not match.

    *Null*: null, which counts as false. *Multivalue*: true where it is found in one of the values.
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


@eval_form(
    "cidrmatch",
    2,
    "text",
    source=PAGE,
    returns="bool",
    examples=(
        Example('if(cidrmatch("10.0.0.0/8", ip), "in", "out")', "in", ({"ip": "10.1.2.3"},)),
        Example('if(cidrmatch("2001:db8::/32", "2001:db8::1"), "in", "out")', "in"),
    ),
)
def cidrmatch(call: tree.Call, scope: Scope) -> Evaluate:
    """cidrmatch(<cidr>, <ip>): true where the IPv4 or IPv6 address is in the block; host bits of the block may be set.

    What is no address is in no block, and what is no block has no addresses.

    *Null*: null, which counts as false. *Multivalue*: true where one of the addresses is in the block.
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
    "searchmatch",
    1,
    "text",
    source=PAGE,
    returns="bool",
    check=_check_search,
    whole_row=True,
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
