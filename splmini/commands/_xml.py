"""XML as a tree, read safely: no entities, no document types, no network; deep nesting does no harm."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NoReturn
from xml.etree import ElementTree
from xml.parsers import expat

MAX_DEPTH = 200
"""Elements that are nested deeper make a text count as no XML."""


class _Refused(Exception):
    """The text is XML that is not read."""


def parse(text: str) -> ElementTree.Element | None:
    """Return the root element of a text, or None where it is not one well-formed XML element.

    What stands before the first `<` is skipped. Names keep their prefixes; a document type or an entity of its own
    makes the text count as no XML.
    """
    start = text.find("<")
    if start < 0:
        return None
    builder = ElementTree.TreeBuilder()
    parser = expat.ParserCreate()
    depth = 0

    def opened(name: str, attributes: dict[str, str]) -> None:
        nonlocal depth
        depth += 1
        if depth > MAX_DEPTH:
            raise _Refused
        builder.start(name, attributes)

    def closed(name: str) -> None:
        nonlocal depth
        depth -= 1
        builder.end(name)

    parser.StartElementHandler = opened
    parser.EndElementHandler = closed
    parser.CharacterDataHandler = builder.data
    parser.StartDoctypeDeclHandler = _refuse
    parser.EntityDeclHandler = _refuse
    try:
        parser.Parse(text[start:].rstrip(), True)
        return builder.close()
    except (expat.ExpatError, _Refused, AssertionError, UnicodeError, ValueError):
        return None


def parse_all(text: str) -> list[ElementTree.Element]:
    """Return the root elements of a text, of which there may be several, one after the other; none where it is no XML.

    >>> [root.tag for root in parse_all("<a/> <b/>")]
    ['a', 'b']
    """
    root = parse(text)
    if root is not None:
        return [root]
    start = text.find("<")
    several = None if start < 0 else parse(f"<several>{text[start:]}</several>")
    return [] if several is None else list(several)


def _refuse(*arguments: Any) -> NoReturn:
    raise _Refused


def text_of(element: ElementTree.Element) -> str:
    """Return the text of an element and of all that is in it, without blanks around."""
    return "".join(element.itertext()).strip()


def flatten(root: ElementTree.Element) -> dict[str, list[str]]:
    """Return the fields of an element: names joined by full stops, `{@name}` for attributes; only elements without
    elements inside give their text.
    """
    found: dict[str, list[str]] = {}
    for path, element in walk(root):
        for name, value in element.attrib.items():
            found.setdefault(f"{path}{{@{name}}}", []).append(value)
        text = (element.text or "").strip()
        if text and not len(element):
            found.setdefault(path, []).append(text)
    return found


def walk(root: ElementTree.Element) -> Iterator[tuple[str, ElementTree.Element]]:
    """Yield each element with its path, in document order, without recursion."""
    stack = [(root.tag, root)]
    while stack:
        path, element = stack.pop()
        yield path, element
        stack.extend((f"{path}.{child.tag}", child) for child in reversed(element))
