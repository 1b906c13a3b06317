"""Text functions."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from splmini.functions.eval._support import Evaluate, check_regex, constant_of, page, pattern_argument, text_of
from splmini.language import tree
from splmini.registry import Example, eval_form, eval_function
from splmini.values import json, xml
from splmini.values.multivalue import from_list
from splmini.values.numbers import to_text

if TYPE_CHECKING:
    from splmini.operators import Row
    from splmini.registry import Scope

PAGE = page("text-functions")
BLANKS = " \t"


@eval_function(
    "len",
    1,
    "text",
    source=PAGE,
    returns="number",
    aliases=("length",),
    examples=(Example('len("naïve")', 5), Example("len(missing)", None)),
)
def length(text: str) -> int:
    """len(<text>), length(<text>): the number of characters (code points, not bytes).

    *Null*: null. *Multivalue*: applied to each value.
    """
    return len(text)


@eval_function("lower", 1, "text", source=PAGE, returns="text", examples=(Example('lower("ABC")', "abc"),))
def lower(text: str) -> str:
    """lower(<text>): in lower case.

    *Null*: null. *Multivalue*: applied to each value.
    """
    return text.lower()


@eval_function("upper", 1, "text", source=PAGE, returns="text", examples=(Example('upper("abc")', "ABC"),))
def upper(text: str) -> str:
    """upper(<text>): in upper case.

    *Null*: null. *Multivalue*: applied to each value.
    """
    return text.upper()


@eval_function(
    "trim",
    (1, 2),
    "printed",
    "text",
    source=PAGE,
    returns="text",
    examples=(Example('trim(" ZZZZabcZZ ", " Z")', "abc"), Example('trim("  abc ")', "abc")),
)
def trim(text: str, characters: str = BLANKS) -> str:
    """trim(<text>, <characters>): without these characters at both ends; blanks and tabs unless given.

    *Null*: null. *Multivalue*: applied to each value.
    """
    return text.strip(characters) if characters else text


@eval_function(
    "ltrim",
    (1, 2),
    "printed",
    "text",
    source=PAGE,
    returns="text",
    examples=(Example('ltrim(" ZZZZabcZZ ", " Z")', "abcZZ "),),
)
def ltrim(text: str, characters: str = BLANKS) -> str:
    """ltrim(<text>, <characters>): without these characters at the left end; blanks and tabs unless given.

    *Null*: null. *Multivalue*: applied to each value.
    """
    return text.lstrip(characters) if characters else text


@eval_function(
    "rtrim",
    (1, 2),
    "printed",
    "text",
    source=PAGE,
    returns="text",
    examples=(Example('rtrim(" ZZZZabcZZ ", " Z")', " ZZZZabc"),),
)
def rtrim(text: str, characters: str = BLANKS) -> str:
    """rtrim(<text>, <characters>): without these characters at the right end; blanks and tabs unless given.

    *Null*: null. *Multivalue*: applied to each value.
    """
    return text.rstrip(characters) if characters else text


@eval_function(
    "substr",
    (2, 3),
    "text",
    "integer",
    source=PAGE,
    returns="text",
    examples=(
        Example('substr("string", 1, 3)', "str"),
        Example('substr("string", -3)', "ing"),
        Example('substr("string", 4, 10)', "ing"),
    ),
)
def substr(text: str, start: int, length: int | None = None) -> str:
    """substr(<text>, <start>, <length>): part of the text, counted from 1; a negative start counts from the end.

    Without a length, or with one beyond the end, up to the end.

    *Null*: null. *Multivalue*: applied to each value.
    """
    begin = start - 1 if start > 0 else max(len(text) + start, 0) if start < 0 else 0
    if length is None:
        return text[begin:]
    return text[begin : begin + length] if length > 0 else ""


@eval_form(
    "replace",
    3,
    "text",
    source=PAGE,
    returns="text",
    check=check_regex(1),
    examples=(
        Example(r'replace("1/14/2023", "^(\d{1,2})/(\d{1,2})/", "\2/\1/")', "14/1/2023"),
        Example('replace("a-b-c", "-", "_")', "a_b_c"),
    ),
)
def replace(call: tree.Call, scope: Scope) -> Evaluate:
    r"""replace(<text>, <regex>, <replacement>): every match of the regular expression (PCRE2) replaced.

    `\1` in the replacement is what the first group matched.
    From where a pattern exceeds the match limit on, nothing is replaced.

    *Null*: null. *Multivalue*: applied to each value.
    """
    text = scope.compile(call.args[0])
    pattern_of = pattern_argument(call.args[1], scope, "replace")
    known_pattern, pattern_value = constant_of(call.args[1], scope)
    known, replacement = constant_of(call.args[2], scope)
    if known and known_pattern and isinstance(replacement, str) and pattern_value is not None:
        pattern = pattern_of({})
        assert pattern is not None
        sub = pattern.sub

        def fixed(row: Row) -> Any:
            value = text(row)
            if value.__class__ is str:
                return sub(replacement, value)
            if value is None:
                return None
            if isinstance(value, list):
                return from_list([sub(replacement, to_text(item)) for item in value])
            return sub(replacement, to_text(value))

        return fixed
    replacement_of = scope.compile(call.args[2])

    def varying(row: Row) -> Any:
        value, pattern, new = text(row), pattern_of(row), text_of(replacement_of(row))
        if value is None or pattern is None or new is None:
            return None
        if isinstance(value, list):
            return from_list([pattern.sub(new, to_text(item)) for item in value])
        return pattern.sub(new, to_text(value))

    return varying


@eval_function(
    "urldecode",
    1,
    "text",
    source=PAGE,
    returns="text",
    examples=(
        Example(
            'urldecode("http%3A%2F%2Fwww.splunk.com%2Fdownload%3Fr%3Dheader")',
            "http://www.splunk.com/download?r=header",
        ),
    ),
)
def urldecode(text: str) -> str:
    """urldecode(<text>): percent escapes decoded, as UTF-8; a plus sign stays.

    *Null*: null. *Multivalue*: applied to each value.
    """
    return unquote(text, errors="replace") if "%" in text else text


_INDEXED = re.compile(r"\{(\d+)\}")


@eval_function(
    "spath",
    2,
    "text",
    source=PAGE,
    examples=(
        Example(r'spath("{\"l\": [1, 2]}", "l{1}")', 2),
        Example(r'spath("{\"l\": [1, 2]}", "l{}")', [1, 2]),
        Example('spath("<a><b id=\'7\'>x</b></a>", "a.b{@id}")', "7"),
    ),
)
def spath(text: str, path: str) -> Any:
    """spath(<value>, <path>): what lies at a path of JSON or XML text.

    `a.b` descends, `l{}` is every element of an array, `l{0}` the first; of XML `l{1}` is the first element of that
    name and `a{@id}` an attribute. Objects and arrays are given as JSON.

    *Null*: null, also for text that is neither and for a path that leads nowhere. *Multivalue*: several results are
    multivalue; applied to each value.
    """
    start = text.lstrip()[:1]
    if start == "<":
        return xml.extract(text, path)
    value = json.decode(text)
    return None if value is json.INVALID else json.extract(value, path)
