"""Texts that have a structure, JSON and XML: whether they do, laid out over lines, or told on one line."""

from __future__ import annotations

import re
from typing import Any

MAX_TEXT = 20_000
"""Longer texts are shown as they are."""
MAX_DEPTH = 40
_TOKEN = re.compile(r"<[^<>]*>|[^<>]+|[<>]")
_LEAF = re.compile(r"<([\w:.-]+)((?:\s[^<>]*)?)>([^<>]*)</\1>")
_NAME = re.compile(r"\bName=(?:'([^']*)'|\"([^\"]*)\")")
LONGEST_ATTRIBUTES = 1000
_EMPTY = frozenset({"", "-"})
_UNTOLD = frozenset({"Version", "Level", "Task", "Opcode", "Keywords", "Channel", "EventRecordID"})
"""What heads every event of Windows and tells them apart by no more than its EventID does."""
LEAST_LEAVES = 3
"""Fewer elements with a text are no event of which a line could be made."""


def as_json(text: str) -> dict[str, Any] | list[Any] | None:
    """Return the object or array that a text is; None for any other text.

    >>> as_json('{"a": 1}'), as_json("a=1")
    ({'a': 1}, None)
    """
    from splmini.values.json import decode

    if len(text) > MAX_TEXT or text.lstrip()[:1] not in ("{", "["):
        return None
    value = decode(text)
    return value if isinstance(value, (dict, list)) and value else None


def is_xml(text: str) -> bool:
    """Say whether a text is an element of XML."""
    return len(text) <= MAX_TEXT and re.match(r"\s*<[A-Za-z?!]", text) is not None and text.rstrip()[-1:] == ">"


def xml_line(text: str) -> str | None:
    """Return what the elements of an XML text say, on one line; None where it is no XML, or says little.

    `<Data Name='x'>` goes by its name, as Windows means it; what holds nothing is left out.

    >>> xml_line("<E><System><EventID>1</EventID></System><D Name='Image'>a b</D><D Name='User'>x</D></E>")
    'EventID=1 Image="a b" User=x'
    """
    if not is_xml(text):
        return None
    from html import unescape

    parts = []
    for tag, attributes, content in _LEAF.findall(text):
        named = _NAME.search(attributes[:LONGEST_ATTRIBUTES])
        value = unescape(content.strip())
        if value not in _EMPTY and tag not in _UNTOLD:
            value = f'"{value}"' if re.search(r"\s", value) else value
            parts.append(f"{(named[1] or named[2]) if named else tag}={value}")
    return " ".join(parts) if len(parts) >= LEAST_LEAVES else None


def xml_lines(text: str) -> str:
    """Return an XML text with its elements one a line, indented.

    >>> print(xml_lines("<a><b>1</b><c/></a>"))
    <a>
      <b>1</b>
      <c/>
    </a>
    """
    tokens = [token for token in _TOKEN.findall(text) if token.strip()]
    lines: list[str] = []
    depth = at = 0
    while at < len(tokens):
        token = tokens[at].strip()
        at += 1
        if token.startswith("</"):
            depth = max(0, depth - 1)
        indent = "  " * min(depth, MAX_DEPTH)
        if token.startswith("<") and not token.startswith(("</", "<?", "<!")) and not token.endswith("/>"):
            ending = next((number for number in (at, at + 1) if tokens[number : number + 1] == [_closing(token)]), None)
            if ending is not None:
                token += "".join(tokens[at : ending + 1])
                at = ending + 1
            else:
                depth += 1
        lines.append(indent + token)
    return "\n".join(lines)


def _closing(tag: str) -> str:
    return f"</{tag[1:-1].split()[0] if tag[1:-1].strip() else ''}>"
