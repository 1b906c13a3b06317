"""XML as spath and KV_MODE=xml read it: `a.b` for elements, `a{@id}` for attributes. No DTD, no entities but XML's own.

Source: https://docs.splunk.com/Documentation/Splunk/latest/SearchReference/Spath
"""

from __future__ import annotations

import re
from typing import Any
from xml.etree import ElementTree
from xml.parsers import expat

from splmini.values.multivalue import from_list

DEPTH = 200
"""Elements nested deeper than this are not read."""


class _Unreadable(Exception):
    """The text is not XML, or XML that is not read."""


def parse(text: str) -> ElementTree.Element | None:
    """Return the root element of a text, None where it is not well formed, has a DTD or is nested too deeply."""
    parser = expat.ParserCreate(namespace_separator=None)
    builder = ElementTree.TreeBuilder()
    depth = 0

    def start(name: str, attributes: dict[str, str]) -> None:
        nonlocal depth
        depth += 1
        if depth > DEPTH:
            raise _Unreadable
        builder.start(name, attributes)

    def end(name: str) -> None:
        nonlocal depth
        depth -= 1
        builder.end(name)

    def doctype(*_: Any) -> None:
        raise _Unreadable

    parser.StartElementHandler = start
    parser.EndElementHandler = end
    parser.CharacterDataHandler = builder.data
    parser.StartDoctypeDeclHandler = doctype
    try:
        parser.Parse(text.strip().encode("utf-8", "replace"), True)
        return builder.close()
    except (expat.ExpatError, _Unreadable, AssertionError, ElementTree.ParseError):
        return None


def flatten(text: str) -> dict[str, Any]:
    """Return the fields of an XML text: the text of elements, and attributes; several values are multivalue.

    >>> flatten("<a x='1'><b>2</b><b>3</b></a>")
    {'a{@x}': '1', 'a.b': ['2', '3']}
    """
    root = parse(text)
    if root is None:
        return {}
    found: dict[str, list[str]] = {}
    stack: list[tuple[str, ElementTree.Element]] = [(root.tag, root)]
    while stack:
        path, element = stack.pop()
        for name, value in element.attrib.items():
            found.setdefault(f"{path}{{@{name}}}", []).append(value)
        content = (element.text or "").strip()
        if content:
            found.setdefault(path, []).append(content)
        stack.extend((f"{path}.{child.tag}", child) for child in reversed(element))
    return {path: from_list(values) for path, values in found.items()}


_STEP = re.compile(r"\.?([^.{}]+)((?:\{[^{}]*\})*)")
_BRACES = re.compile(r"\{([^{}]*)\}")


def extract(text: str, path: str) -> Any:
    """Return what lies at a path: `a.b`, `a.b{2}` the second such element (counted from 1), `a{@id}` an attribute.

    >>> extract("<a><b>2</b><b>3</b></a>", "a.b{2}"), extract("<a><b>2</b><b>3</b></a>", "a.b")
    ('3', ['2', '3'])
    """
    root = parse(text)
    if root is None:
        return None
    holder = ElementTree.Element("")
    holder.append(root)
    current = [holder]
    position = 0
    while position < len(path):
        match = _STEP.match(path, position)
        if match is None:
            return None
        current = [child for element in current for child in element if child.tag == match[1]]
        for brace in _BRACES.findall(match[2]):
            if brace.startswith("@"):
                return from_list(element.get(brace[1:]) for element in current)
            if brace.isdigit():
                index = int(brace) - 1
                current = current[index : index + 1] if index >= 0 else []
        position = match.end()
    return from_list(_shown(element) for element in current)


def _shown(element: ElementTree.Element) -> str | None:
    if len(element):
        return "".join(ElementTree.tostring(child, encoding="unicode") for child in element).strip()
    content = (element.text or "").strip()
    return content or None
