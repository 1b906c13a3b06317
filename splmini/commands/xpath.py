"""The xpath command: a field from XML, by an XPath expression."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any
from xml.etree import ElementTree

from splmini.budget import gathers
from splmini.commands import _xml
from splmini.commands.arguments.reading import fail, read, reading
from splmini.language import tree
from splmini.operators import Batch, Operator, RunContext, Streaming, appended
from splmini.registry import BuildScope, Example, OptionSpec, command
from splmini.values.multivalue import as_list, from_list
from splmini.values.numbers import to_text

OPTIONS = {
    "field": OptionSpec("field", default="_raw", doc="The field that holds XML."),
    "outfield": OptionSpec("field", default="xpath", doc="The field to write."),
    "default": OptionSpec("string", doc="What to write where nothing is found; without it nothing is written."),
}
_TAIL = re.compile(r"(.*?)(?:/(?:@([^/@\[\]]+)|(text\(\))))?", re.DOTALL)


@command(
    "xpath",
    options=OPTIONS,
    syntax='xpath [outfield=<field>] "<xpath>" [field=<field>] [default=<string>]',
    category="streaming",
    source="https://docs.splunk.com/Documentation/Splunk/latest/SearchReference/Xpath",
    examples=(
        Example(
            '| xpath outfield=names field=x "//b/@name"',
            ({"names": ["p", "q"]},),
            ({"x": '<a><b name="p"/><b name="q"/></a>'},),
        ),
    ),
)
def build(node: tree.Command, scope: BuildScope) -> Operator:
    """Write what an XPath expression finds in a field's XML to another field.

    The expressions are those of Python's ElementTree, as in Splunk: `/a/b`, `//b`, `*`, `.`, `..`, `[@name]`,
    `[@name='value']`, `[tag]`, `[tag='text']`, `[1]`, `[last()]`; at the end `/@name` gives an attribute and `/text()`
    the text, which an element gives anyway.

    The text may hold several elements one after the other.

    *Null*: without the field, with text that is no XML, or where nothing is found, `default` is written, if it is set.
    Several results are *multivalue*.
    """
    arguments = read(node, OPTIONS, takes=(tree.Word,))
    if len(arguments.words) != 1:
        fail(node, "xpath needs one XPath expression.", arguments.words[1] if arguments.words else None)
    word = arguments.words[0]
    try:
        xpath_find(ElementTree.Element("x"), word.text)
    except (SyntaxError, LookupError, TypeError, ValueError, StopIteration):  # ElementTree raises any of them
        fail(node, f"'{word.text}' is not an XPath expression that xpath takes.", word)
    if _at_once(word.text) and word.text.count("//") > MOST_DESCENTS:
        fail(node, f"An XPath expression with '..' or a quotation may have {MOST_DESCENTS} '//'.", word)
    source, target, default = arguments["field"], arguments["outfield"], arguments["default"]

    def bind(ctx: RunContext) -> Callable[[Batch], Batch]:
        def xpath(batch: Batch) -> Batch:
            for row in batch:
                found: list[Any] = []
                for item in as_list(row.get(source)):
                    for root in _xml.parse_all(to_text(item)):
                        found.extend(xpath_find(root, word.text))
                value = from_list(found)
                if value is None:
                    value = default
                if value is not None:
                    row[target] = value
            return batch

        return xpath

    return Streaming(
        name="xpath",
        bind=bind,
        requires=reading(frozenset({source})),
        columns=appended(target),
        writes=frozenset({target}),
        node=node,
        span=node.span,
    )


MOST_DESCENTS = 3


def _at_once(path: str) -> bool:
    """Say whether a path cannot be gone step by step: `..` leads out of a step, and `//` may stand in a quotation."""
    return any(mark in path for mark in ("..", '"', "'"))


def _found(document: ElementTree.Element, path: str) -> list[ElementTree.Element]:
    """Return the elements at a path, step by step from one `//` to the next: each multiplies what was found before."""
    steps = path.split("//")
    if len(steps) < 3 or not all(steps) or _at_once(path):
        return document.findall(path)
    elements = document.findall(steps[0])
    for step in steps[1:]:
        following: list[ElementTree.Element] = []
        for element in elements:
            following += element.findall(f".//{step}")
            gathers(len(following))
        elements = following
    return elements


def xpath_find(root: ElementTree.Element, expression: str) -> list[str]:
    """Return what an expression finds below the document whose root element is given."""
    match = _TAIL.fullmatch(expression.strip())
    assert match is not None  # each part of the pattern may be empty
    path, attribute, _ = match.groups()
    document = ElementTree.Element("document")
    document.append(root)
    if path.startswith("//"):
        path = "." + path
    elif path.startswith("/"):
        path = "." + path if len(path) > 1 else "."
    elements = _found(document, path) if path else [document]
    if attribute is not None:
        return [element.attrib[attribute] for element in elements if attribute in element.attrib]
    return [text for element in elements if (text := _xml.text_of(element))]
