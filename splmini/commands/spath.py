"""The spath command: fields from JSON and XML."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any
from xml.etree import ElementTree

from splmini.commands import _xml
from splmini.commands.arguments.notes import Notes, example
from splmini.commands.arguments.reading import fail, read, reading
from splmini.commands.arguments.uses import option
from splmini.language import tree
from splmini.operators import Batch, Operator, Row, RunContext, Streaming, appended, unknown
from splmini.registry import BuildScope, Example, FieldUses, Follow, Known, OptionSpec, command
from splmini.values import json
from splmini.values.multivalue import as_list, from_list
from splmini.values.numbers import to_text

OPTIONS = {
    "input": OptionSpec("field", default="_raw", doc="The field that holds JSON or XML."),
    "output": OptionSpec("field", doc="The field to write what lies at the path to; the path's text without it."),
    "path": OptionSpec("string", doc="The path to read; without one every field is extracted."),
}
_STEP = re.compile(r"\{@([^{}]+)\}|\{(\d*)\}|\.?([^.{}]+)")


def _after(command: tree.Command, before: Known | None, follow: Follow) -> Known | None:
    output = option(command, "output")
    return before.plus(output) if before is not None and output else None


def _notes(node: tree.Command, before: Batch, after: Batch) -> Notes:
    if after and all(len(new) <= len(old) for old, new in zip(before, after, strict=False)):
        options = {arg.name: arg.value for arg in node.args if isinstance(arg, tree.Option)}
        name = getattr(options.get("input"), "text", "_raw")
        yield f"it found nothing in any row: {example(name, before[0])}"


@command(
    "spath",
    options=OPTIONS,
    syntax="spath [input=<field>] [output=<field>] [[path=]<datapath>]",
    category="streaming",
    uses=FieldUses(after=_after),
    notes=_notes,
    source="https://docs.splunk.com/Documentation/Splunk/latest/SearchReference/Spath",
    examples=(
        Example(
            "| spath input=j path=items{}.id output=ids",
            ({"ids": [1, 2]},),
            ({"j": '{"items": [{"id": 1}, {"id": 2}]}'},),
        ),
        Example("| spath input=x", ({"a.b": "1", "a.b{@c}": "2"},), ({"x": '<a><b c="2">1</b></a>'},)),
    ),
)
def build(node: tree.Command, scope: BuildScope) -> Operator:
    """Make fields of JSON or XML: what lies at one path, or everything.

    In a path, keys are joined by full stops, `{}` stands for every element of an array and `{2}` for one: counted from
    0 in JSON, from 1 in XML, where `{@name}` is an attribute. Objects and arrays at a path become their JSON text.
    Without a path all fields are extracted from the first 5000 characters (`limits.spath_extraction_cutoff`; a message
    says so where it cut): `a.b`, `list{}`, `list{}.c`. Fields that are there are replaced.

    *Null*: where there is no such path nothing is written. Several values at a path are *multivalue*. A multivalue
    input is read value by value.
    """
    arguments = read(node, OPTIONS, takes=(tree.Word,))
    words = arguments.words
    path = arguments["path"]
    if len(words) > 1 or (words and path is not None):
        fail(node, "spath takes one path.", words[-1])
    if words:
        path = words[0].text
    if path == "" or (path is None and "output" in arguments.given):
        fail(
            node,
            "spath needs a path.",
            arguments.given.get("output" if path is None else "path"),
            "Write path=..., or leave out output= to extract all fields.",
        )
    if path is not None and json.parse_path(re.sub(r"\{@[^{}]+\}", "{}", path)) is None:
        fail(node, f"'{path}' is not a path.", words[0] if words else arguments.given["path"].value)
    source = arguments["input"]
    if path is None:
        return _everything(node, source)
    output = arguments["output"] or path

    def bind(ctx: RunContext) -> Callable[[Batch], Batch]:
        extract = _extractor(path)

        def spath(batch: Batch) -> Batch:
            for row in batch:
                value = row.get(source)
                if value is None:
                    continue
                found = extract(value) if value.__class__ is str else _extracted(extract, value)
                if found is not None:
                    row[output] = found
            return batch

        return spath

    return Streaming(
        name="spath",
        one_to_one=True,
        bind=bind,
        requires=reading(frozenset({source})),
        columns=appended(output),
        writes=frozenset({output}),
        node=node,
        span=node.span,
    )


def _extracted(extract: Callable[[str], Any], value: Any) -> Any:
    return from_list(found for item in as_list(value) for found in as_list(extract(to_text(item))))


def _extractor(path: str) -> Callable[[str], Any]:
    """Return a function from a text to what lies at a path in it."""
    steps = json.parse_path(path) if "{@" not in path else None

    def extract(text: str) -> Any:
        if text.lstrip()[:1] == "<":
            root = _xml.parse(text)
            return None if root is None else xml_find(root, path)
        if steps is None:
            return None
        value = json.decode(text)
        if value is json.INVALID:
            return None
        return from_list(_shown(item) for item in json.find(value, steps))

    return extract


def _shown(item: Any) -> Any:
    if item is None:
        return "null"
    return json.encode(item) if isinstance(item, (dict, list)) else json.plain(item)


def xml_find(root: ElementTree.Element, path: str) -> Any:
    """Return what lies at a path of an XML element, whose own name the path begins with."""
    document = ElementTree.Element("")
    document.append(root)
    current: list[ElementTree.Element] = [document]
    for match in _STEP.finditer(path):
        attribute, index, name = match.groups()
        if attribute is not None:
            return from_list(element.attrib.get(attribute) for element in current)
        if name is not None:
            current = [child for element in current for child in element if child.tag == name]
        elif index:
            number = int(index[:18])
            current = current[number - 1 : number] if number else []
    return from_list(_xml.text_of(element) or None for element in current)


# ---- everything ----------------------------------------------------------------------------------------------------


def _everything(node: tree.Command, source: str) -> Operator:
    def bind(ctx: RunContext) -> Callable[[Batch], Batch]:
        cutoff = ctx.limits.spath_extraction_cutoff

        def extract(text: str, row: Row) -> None:
            if cutoff and len(text) > cutoff:
                ctx.message(
                    "info",
                    "spath",
                    f"spath extracted from the first {cutoff} characters (spath_extraction_cutoff).",
                    node.span,
                )
            row.update(fields_of(text, cutoff))

        def spath(batch: Batch) -> Batch:
            for row in batch:
                for item in as_list(row.get(source)):
                    extract(to_text(item), row)
            return batch

        return spath

    return Streaming(
        name="spath",
        one_to_one=True,
        bind=bind,
        requires=reading(frozenset({source})),
        columns=unknown,
        node=node,
        span=node.span,
    )


def fields_of(text: str, cutoff: int = 0) -> dict[str, Any]:
    """Return the fields of a JSON or XML text, of its first `cutoff` characters where that is not 0."""
    head = text.lstrip()[:1]
    if head == "<":
        root = _xml.parse(text)
        found = {} if root is None else _xml.flatten(root)
        return {name: from_list(values) for name, values in found.items()}
    if head not in ("{", "["):
        return {}
    value = json.decode(closed(text, cutoff) if cutoff and len(text) > cutoff else text)
    return {} if value is json.INVALID else json.flatten(value)


_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|[{}\[\],]', re.DOTALL)


def closed(text: str, cutoff: int) -> str:
    """Return the JSON that the first `cutoff` characters hold, cut behind the last whole value and closed.

    >>> closed('{"a": [1, 22], "b": "long text"}', 20)
    '{"a": [1, 22]}'
    """
    brackets: list[str] = []
    best, best_brackets = 0, ""
    for match in _TOKEN.finditer(text):
        if match.end() > cutoff:
            break
        mark = match.group()
        if mark == ",":
            best, best_brackets = match.start(), "".join(brackets)
        elif mark in "{[":
            brackets.append("}" if mark == "{" else "]")
            best, best_brackets = match.end(), "".join(brackets)
        elif mark in "}]" and brackets:
            brackets.pop()
            best, best_brackets = match.end(), "".join(brackets)
    return text[:best] + best_brackets[::-1]
