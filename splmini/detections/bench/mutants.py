"""The mutants of a search: small changes of its filters, made in the text as it was written.

What is dropped is replaced by what always holds (in an AND) or never does (in an OR), so that nothing else in the text
moves. A macro is one clause: it is dropped whole.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from splmini.language import tree
from splmini.language.source import SourceText, line_and_column
from splmini.registry import find_command
from splmini.values.numbers import to_number
from splmini.values.texts import shortened


@dataclass(frozen=True)
class Mutant:
    """A changed search: what was changed, where in the search's text (line and column, offset), and the new text."""

    kind: str
    description: str
    position: tuple[int, int]
    search: str
    offset: int = 0


@dataclass(frozen=True)
class _Words:
    """How a dialect writes what always holds and what never does."""

    true: str
    false: str


_SEARCH, _EVAL = _Words("*", "NOT *"), _Words("true()", "false()")
_DIALECTS = {"search": _SEARCH, "eval": _EVAL}


def mutants(search: str, env: Any) -> Iterator[Mutant]:
    """Yield the mutants of a search, each different from the search itself and from those before.

    Raises:
        SplError: where the search does not compile.
    """
    compiled = env.compile(search)
    writing = _Writing(search, compiled.source)
    seen = {search}
    for pipeline in tree.walk(compiled.tree):
        if not isinstance(pipeline, tree.Pipeline):
            continue
        for number, command in enumerate(pipeline.commands):
            for mutant in _of_command(command, number, writing):
                if mutant.search not in seen:
                    seen.add(mutant.search)
                    yield mutant


class _Writing:
    """The text as written, and where a node of the tree stands in it."""

    def __init__(self, text: str, source: SourceText) -> None:
        self.text = text
        self.source = source

    def range(self, node: tree.Node) -> tuple[int, int] | None:
        """The range of a node that the user wrote; macro calls within it are fine; None for what a macro gave."""
        if node.span.start < 0 or node.span.end <= node.span.start:
            return None
        layer, start = self.source.locate(node.span.start)
        if layer.caller is not None:
            return None
        return self._balanced(start, self._end(node))

    def call(self, node: tree.Node) -> tuple[int, int, str] | None:
        """The range of the macro call that gave a node, and the macro's name; None for what the user wrote."""
        if node.span.start < 0:
            return None
        layer, _ = self.source.locate(node.span.start)
        outermost = layer
        while outermost.caller is not None and outermost.caller.caller is not None:
            outermost = outermost.caller
        if outermost.caller is None:
            return None
        return outermost.call.start, outermost.call.end, str(outermost.macro)

    def given(self, node: tree.Node) -> bool:
        """Say whether a node comes from one macro call, from its first character to its last."""
        call = self.call(node)
        if call is None:
            return False
        layer, _ = self.source.locate(node.span.end - 1)
        while layer.caller is not None and layer.caller.caller is not None:
            layer = layer.caller
        return layer.caller is not None and layer.call.start == call[0]

    def _end(self, node: tree.Node) -> int:
        layer, last = self.source.locate(node.span.end - 1)
        while layer.caller is not None and layer.caller.caller is not None:
            layer = layer.caller
        return layer.call.end if layer.caller is not None else last + 1

    def _balanced(self, start: int, end: int) -> tuple[int, int]:
        """Widen a range to the brackets that it opens: spans of groups may stop before the closing one."""
        depth = 0
        for match in _BRACKETS.finditer(self.text, start, end):
            depth += {"(": 1, ")": -1}.get(match[0], 0)
        while depth > 0:
            closing = re.compile(r"\s*\)").match(self.text, end)
            if closing is None:
                break
            end, depth = closing.end(), depth - 1
        return start, end

    def changed(self, kind: str, description: str, start: int, end: int, text: str, at: int | None = None) -> Mutant:
        """The mutant in which a range reads otherwise; `at` is the place that it names, else the range's start."""
        made = self.text[:start] + text + self.text[end:]
        place = start if at is None else at
        return Mutant(kind, description, line_and_column(self.text, place), made, place)


_BRACKETS = re.compile(r'"(?:[^"\\]|\\.)*"|[()]', re.DOTALL)


def _of_command(command: tree.Command, number: int, writing: _Writing) -> Iterator[Mutant]:
    spec = find_command(command.name)
    if spec is None or spec.condition is None:
        return
    words = _DIALECTS[spec.condition]
    call = writing.call(command)
    if call is not None and writing.given(command):
        if str(command) != "search *":
            neutral = "search *" if number else "*"
            yield writing.changed("drop macro", f"without the macro `{call[2]}`", call[0], call[1], neutral)
        return
    if spec.patterns(command) and number:
        found = writing.range(command)
        if found is not None:
            yield writing.changed("drop clause", f"without {_short(command)}", *found, "search *")
        return
    for root in _expressions(command):
        yield from _of_root(root, words, writing)


def _expressions(command: tree.Command) -> Iterator[tree.Node]:
    for arg in command.args:
        if isinstance(arg, tree.Clause):
            if arg.keyword == "where":
                yield arg.items[0] if len(arg.items) == 1 else tree.And(tuple(arg.items))
        elif not isinstance(arg, (tree.Option, tree.Aggregation, tree.Word)):
            yield arg


def _of_root(root: tree.Node, words: _Words, writing: _Writing) -> Iterator[Mutant]:
    if not isinstance(root, tree.And):
        yield from _dropped((root,), words.true, "clause", writing)
    for node in _own(root):
        if writing.given(node):
            continue
        if isinstance(node, tree.And):
            yield from _dropped(node.items, words.true, "clause", writing)
        elif isinstance(node, tree.Or):
            yield from _dropped(node.items, words.false, "OR branch", writing)
        elif isinstance(node, tree.Not):
            yield from _without_not(node, writing)
        else:
            found = writing.range(node)
            for kind, description, text, place in _changes(node) if found is not None else ():
                assert found is not None
                at = writing.range(place)
                yield writing.changed(kind, description, *found, text, found[0] if at is None else at[0])


def _own(root: tree.Node) -> Iterator[tree.Node]:
    """The nodes of an expression, without those of its subsearches, which are pipelines of their own."""
    stack = [root]
    while stack:
        node = stack.pop()
        if not isinstance(node, tree.Subsearch):
            yield node
            stack.extend(reversed(list(tree.children(node))))


def _dropped(items: tuple[tree.Node, ...], neutral: str, what: str, writing: _Writing) -> Iterator[Mutant]:
    """Mutants without one of the items; what one macro call gave is one item."""
    kind = "drop clause" if what == "clause" else "drop branch"
    calls: set[int] = set()
    for item in items:
        found, call = writing.range(item), writing.call(item)
        if isinstance(item, tree.Term) and item.text == "*":
            continue
        if isinstance(item, tree.FieldComparison) and item.field in _PLACES:
            continue
        if call is not None:
            if call[0] not in calls:
                calls.add(call[0])
                yield writing.changed("drop macro", f"without the macro `{call[2]}`", call[0], call[1], neutral)
        elif found is not None:
            yield writing.changed(kind, f"without the {what} {_short(item)}", *found, neutral)


def _without_not(node: tree.Not, writing: _Writing) -> Iterator[Mutant]:
    found = writing.range(node)
    if found is None:
        return
    keyword = re.compile(r"(?i:NOT\b|!)\s*").match(writing.text, found[0])
    if keyword is not None:
        description = f"without the NOT of {_short(node.operand)}"
        yield writing.changed("drop NOT", description, found[0], keyword.end(), "")


_PLACES = frozenset({"earliest", "latest", "index"})
"""Where and when is searched, which is no condition on an event that a case could miss."""

_FLIPPED = {"=": "!=", "==": "!=", "!=": "=", "<": ">=", ">": "<=", "<=": ">", ">=": "<"}
_BOUNDARY = {"<": "<=", ">": ">=", "<=": "<", ">=": ">"}


def _changes(node: tree.Node) -> Iterator[tuple[str, str, str, tree.Node]]:
    """Yield (kind, description, new text, the node concerned) for a node that is no AND, OR or NOT."""
    if isinstance(node, (tree.FieldComparison, tree.Comparison)) and node.op in _FLIPPED:
        if isinstance(node, tree.FieldComparison) and node.field in _PLACES:
            return
        flipped = _FLIPPED[node.op]
        yield "flip comparison", f"{node.op} becomes {flipped} in {_short(node)}", str(replace(node, op=flipped)), node
        if node.op in _BOUNDARY:
            moved = _BOUNDARY[node.op]
            yield "move boundary", f"{node.op} becomes {moved} in {_short(node)}", str(replace(node, op=moved)), node
    if isinstance(node, tree.FieldComparison) and node.op in ("=", "!=") and _wideable(node.value):
        wide = f"*{node.value.strip('*')}*"
        if wide != node.value:
            description = f"{node.value} becomes {wide} in {_short(node)}"
            yield "widen wildcard", description, str(replace(node, value=wide)), node
    elif isinstance(node, (tree.FieldIn, tree.InList)):
        if isinstance(node, tree.FieldIn):
            subject, name, items = node.field, "values", tuple[tree.Node, ...](node.values)
        else:
            subject, name, items = _short(node.operand), "items", node.items
        for index, item in enumerate(items if len(items) > 1 else ()):
            left: Any = items[:index] + items[index + 1 :]
            yield "remove IN value", f"without {item} in {subject} IN (…)", str(replace(node, **{name: left})), item


def _wideable(value: str) -> bool:
    """Say whether wildcards around a value could change what it matches in practice: not those of a number."""
    return bool(value.strip("*")) and to_number(value) is None


def _short(node: tree.Node) -> str:
    return shortened(str(node), 60)
