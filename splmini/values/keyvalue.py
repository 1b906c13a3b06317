"""`key=value` text as Splunk reads it: by itself (KV_MODE=auto, extract), or between given delimiters (DELIMS).

Sources: https://docs.splunk.com/Documentation/Splunk/latest/Admin/Propsconf (KV_MODE, KV_TRIM_SPACES)
https://docs.splunk.com/Documentation/Splunk/latest/Admin/Transformsconf (DELIMS, CLEAN_KEYS)
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import TypeAlias

Pairs: TypeAlias = "Callable[[str], Iterator[tuple[str, str]]]"

# ---- names ---------------------------------------------------------------------------------------------------------

_UNCLEAN = re.compile(r"[^A-Za-z0-9_]")
_LEADING = re.compile(r"\A[_0-9]+")


def clean_key(name: str) -> str:
    """Clean a field name that comes from the data: other characters become `_`, leading `_` and digits go.

    >>> clean_key("1st-user.name")
    'st_user_name'
    """
    return _LEADING.sub("", _UNCLEAN.sub("_", name))


# ---- pairs that are found by themselves ----------------------------------------------------------------------------

_NAME = r"[A-Za-z0-9_][\w.\-]{0,255}"
_VALUE_BARE = rf"[^\s,;&|']*(?:'(?!{_NAME}=)[^\s,;&|']*)*"
_KEY = rf"(?<![\w.\-])({_NAME})="
_PAIR = re.compile(rf"""{_KEY}(?:"([^"]*)"|'(?!{_NAME}=)([^']*)'|({_VALUE_BARE}))""")
_PAIR_ESCAPED = re.compile(rf"""{_KEY}(?:"((?:[^"\\]|\\.)*)"|'(?!{_NAME}=)((?:[^'\\]|\\.)*)'|({_VALUE_BARE}))""")
_ESCAPE = re.compile(r"\\([\"\\])")


def key_value_pairs(text: str, escaped: bool = False, trim: bool = True) -> Iterator[tuple[str, str]]:
    """Yield the `key=value` pairs of a text, names as they are written: a value ends at a blank or at one of
    `, ; & |` unless it is quoted. Single quotes right before a further pair are none: auditd writes
    `msg='acct="x" res=ok'`, and Splunk finds `acct` and `res`. Empty values are left out.

    Args:
        text: the text.
        escaped: understand backslashes inside quotes (KV_MODE=auto_escaped).
        trim: take blanks off the ends of quoted values (KV_TRIM_SPACES).

    >>> dict(key_value_pairs('action=login user=" a b", code=5'))
    {'action': 'login', 'user': 'a b', 'code': '5'}
    """
    for key, double, single, bare in (_PAIR_ESCAPED if escaped else _PAIR).findall(text):
        value = double or single or bare
        if bare:
            if value[-1] in ")]}" and not any(opening in value for opening in "([{"):
                value = value.rstrip(")]}")
            if value and value[-1] == "'" and value.count("'") == 1:
                value = value[:-1]  # it closed the quotes around the pairs
        else:
            if escaped and "\\" in value:
                value = _ESCAPE.sub(r"\1", value)
            if trim:
                value = value.strip(" ")
        if value:
            yield key, value


# ---- pairs between delimiters --------------------------------------------------------------------------------------


def split_quoted(text: str, delimiters: str, consume: bool = False) -> list[str]:
    r"""Split a text at any of the delimiter characters that stand outside double quotes; the quotes go.

    >>> split_quoted('a,"b,c",,d', ",")
    ['a', 'b,c', '', 'd']
    """
    if '"' not in text and len(delimiters) == 1:
        plain = text.split(delimiters)
        return [part for part in plain if part] if consume else plain
    parts, current, quoted, index = [], "", False, 0
    while index < len(text):
        char = text[index]
        if char == "\\" and quoted and text[index + 1 : index + 2] == '"':
            current += '"'
            index += 1
        elif char == '"' and (quoted or not current):
            quoted = not quoted
        elif char in delimiters and not quoted:
            parts.append(current)
            current = ""
        else:
            current += char
        index += 1
    parts.append(current)
    return [part for part in parts if part] if consume else parts


def delimited_pairs(pair_delimiters: str, value_delimiters: str | None = None) -> Pairs:
    """Return a function that reads pairs out of a text; with one set of delimiters, names and values alternate.

    >>> list(delimited_pairs(";", ":")('a:1;b:"x;y"'))
    [('a', '1'), ('b', 'x;y')]
    """

    def alternating(text: str) -> Iterator[tuple[str, str]]:
        parts = split_quoted(text, pair_delimiters, consume=True)
        yield from zip(parts[::2], parts[1::2], strict=False)

    if not value_delimiters:
        return alternating
    escaped = re.escape(pair_delimiters), re.escape(value_delimiters)
    mark = re.compile("[" + "".join(escaped) + "]")
    read = re.compile(rf'[{escaped[1]}]*(?:\s*"((?:[^"\\]|\\.)*)"|([^{escaped[0]}]*))')

    def delimited(text: str) -> Iterator[tuple[str, str]]:
        start = 0
        while (found := mark.search(text, start)) is not None:
            if found[0] in pair_delimiters:
                start = found.end()
                continue
            match = read.match(text, found.end())
            assert match is not None
            quoted, bare = match.groups()
            value = bare.strip() if quoted is None else quoted.replace('\\"', '"')
            yield text[start : found.start()].strip(' \t\n\r"'), value
            start = match.end()

    return delimited
