"""Which fields a command reads and which it makes, as far as its text says."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from splmini.compiler import is_time_term
from splmini.language import tree
from splmini.language.printer import render


@dataclass
class Read:
    """A field that a command reads: how (`by`, `shown`, `value`) and at which node."""

    name: str
    node: tree.Node
    how: str = "value"


# ---- what is read ----------------------------------------------------------------------------------------------------

_GUARDS = frozenset({"coalesce", "isnull", "isnotnull", "isnum", "isstr", "typeof", "nullif"})


def expression_reads(node: tree.Node) -> Iterator[Read]:
    """Yield the fields that an eval expression needs; those of coalesce, isnull and the like may be absent."""
    stack = [node]
    while stack:
        current = stack.pop()
        if isinstance(current, tree.FieldRef):
            if current.quoted or current.name.lower() != "null":  # `null` for null() works: no field has that name
                yield Read(current.name, current)
        elif not isinstance(current, (tree.Subsearch, tree.Template)) and not (
            isinstance(current, tree.Call) and current.name in _GUARDS
        ):
            stack.extend(tree.children(current))


def _condition_reads(node: tree.Node) -> Iterator[Read]:
    stack = [node]
    while stack:
        current = stack.pop()
        if isinstance(current, (tree.FieldComparison, tree.FieldIn)):
            if not is_time_term(current):
                yield Read(current.field, current)
        elif not isinstance(current, tree.Subsearch):
            stack.extend(tree.children(current))


def words_of(command: tree.Command, how: str = "value") -> Iterator[Read]:
    for arg in command.args:
        if isinstance(arg, tree.Word) and arg.text not in ("+", "-"):
            yield Read(arg.text, arg, how)


def _aggregation_reads(command: tree.Command) -> Iterator[Read]:
    for arg in command.args:
        if isinstance(arg, tree.Aggregation):
            for each in arg.args:
                if isinstance(each, tree.Word):
                    yield Read(each.text, each)
                elif isinstance(each, tree.Call):
                    yield from expression_reads(each)
        elif isinstance(arg, tree.Clause) and arg.keyword == "by":
            yield from (Read(item.text, item, "by") for item in arg.items if isinstance(item, tree.Word))


def reads_of(command: tree.Command) -> Iterator[Read]:
    """Yield the fields that a command reads, of the commands whose reading is certain."""
    name = command.name
    if name == "search":
        for arg in command.args:
            yield from _condition_reads(arg)
    elif name in ("eval", "where", "fieldformat"):
        made: set[str] = set()
        for arg in command.args:
            value = arg.value if isinstance(arg, tree.Assignment) else arg
            yield from (read for read in expression_reads(value) if read.name not in made)
            if isinstance(arg, tree.Assignment) and isinstance(arg.target, tree.FieldRef):
                made.add(arg.target.name)
    elif name in ("stats", "eventstats", "streamstats"):
        yield from _aggregation_reads(command)
    elif name == "table" or (name == "fields" and not removes(command)):
        yield from words_of(command, "shown")
    elif name in ("mvexpand", "dedup"):
        yield from (read for read in words_of(command) if not read.name.isdigit())
    elif name == "rex":
        for arg in command.args:
            if isinstance(arg, tree.Option) and arg.name == "field" and isinstance(arg.value, tree.Word):
                yield Read(arg.value.text, arg.value)


def removes(command: tree.Command) -> bool:
    return bool(command.args) and isinstance(command.args[0], tree.Word) and command.args[0].text == "-"


# ---- what is made ----------------------------------------------------------------------------------------------------

GROUP = re.compile(r"\(\?P?<([A-Za-z_]\w*)>")


def option(command: tree.Command, name: str) -> str | None:
    """Return the text of an option of a command, None where it is not given."""
    for arg in command.args:
        if isinstance(arg, tree.Option) and arg.name == name and isinstance(arg.value, tree.Word):
            return arg.value.text
    return None


def patterns(command: tree.Command) -> list[tree.Word]:
    """Return the regular expression of `rex` (none for sed) and `regex`."""
    if command.name == "rex" and option(command, "mode") == "sed":
        return []
    found = [arg for arg in command.args if isinstance(arg, tree.Word)]
    if command.name == "regex":
        values = [arg.value for arg in command.args if isinstance(arg, tree.Option)]
        found += [value for value in values if isinstance(value, tree.Word)]
    return found


def column(node: tree.Aggregation) -> str:
    """Return the name of the column that an aggregation makes."""
    return node.alias or node.written or render(node)


def makes_of(command: tree.Command) -> Iterator[Read]:
    """Yield the fields that a command makes, of the commands that rules ask about."""
    name = command.name
    if name == "eval":
        for arg in command.args:
            if isinstance(arg, tree.Assignment) and isinstance(arg.target, tree.FieldRef):
                yield Read(arg.target.name, arg.target)
    elif name == "rex":
        for word in patterns(command):
            yield from (Read(match.group(1), word) for match in GROUP.finditer(word.text))
    elif name == "lookup":
        yield from (Read(text, node) for node, text in lookup_outputs(command))


def lookup_outputs(command: tree.Command) -> list[tuple[tree.Node, str]]:
    """Return the fields that a lookup names behind OUTPUT or OUTPUTNEW."""
    found: list[tuple[tree.Node, str]] = []
    for arg in command.args:
        if isinstance(arg, tree.Clause) and arg.keyword in ("output", "outputnew"):
            for item in arg.items:
                if isinstance(item, tree.Rename):
                    found.append((item.alias, item.alias.text))
                elif isinstance(item, tree.Word):
                    found.append((item, item.text))
    return found
