"""Quotes and escapes: one place for what a written word means and how a meant word is written.

In double quotes `\\"` is a quote and `\\\\` a backslash; every other backslash stands for itself, so that regular
expressions survive. Outside quotes a backslash before white space keeps the word together.
"""

from __future__ import annotations

import re

_ESCAPE = re.compile(r'\\(["\\])')
_SINGLE = re.compile(r"\\(['\\])")
_BARE = re.compile(r'"((?:[^"\\]|\\.)*)"|\\([\s"\\])', re.DOTALL)


def unescape(text: str) -> str:
    """Return what stands in double quotes, given without them: `\\"` and `\\\\` are resolved."""
    return _ESCAPE.sub(r"\1", text) if "\\" in text else str(text)


def unquote(token: str) -> str:
    """Return the text of a double-quoted string, given with its quotes."""
    return unescape(token[1:-1])


def unquote_single(token: str) -> str:
    """Return the text of a single-quoted name, given with its quotes."""
    inner = token[1:-1]
    return _SINGLE.sub(r"\1", inner) if "\\" in inner else inner


def bare(token: str) -> str:
    """Return the text of a word outside quotes, which may hold quoted parts and escaped white space."""
    if '"' not in token and "\\" not in token:
        return str(token)
    return _BARE.sub(_bare_part, token)


def all_quoted(token: str, text: str) -> bool:
    """Say whether a word outside quotes holds only quoted parts and escapes, or only characters that need quotes."""
    return not _PLAIN.search(text) or (token != text and not _QUOTED_PARTS.sub("", token))


_PLAIN = re.compile(r"[^\s()\[\]=<>,|`!]")
_QUOTED_PARTS = re.compile(r'"(?:[^"\\]|\\.)*"|\\\s', re.DOTALL)


def _bare_part(match: re.Match[str]) -> str:
    quoted, escaped = match.groups()
    return unescape(quoted) if quoted is not None else str(escaped)


def quote(text: str) -> str:
    """Write a text in double quotes."""
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def quote_single(text: str) -> str:
    """Write a name in single quotes."""
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"


def write_bare(text: str, special: re.Pattern[str]) -> str:
    """Write a text outside quotes: backslashes doubled, runs of what `special` matches in quotes."""
    if not special.search(text) and "\\" not in text and '"' not in text:
        return text
    pieces: list[str] = []
    position = 0
    for match in special.finditer(text):
        pieces += [_escape_bare(text[position : match.start()]), quote(match.group())]
        position = match.end()
    pieces.append(_escape_bare(text[position:]))
    return "".join(pieces)


def _escape_bare(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"')
