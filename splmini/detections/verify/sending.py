"""The text of a search as Splunk is asked it: macros expanded, and its events put where it reads events.

Events become results of `makeresults`, each value a literal of eval: a number stays a number, a text a text, a list a
multivalue field. Events in an index are found by the marker of the run. The rest of the search stays as it is written.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from urllib.parse import quote

from splmini.detections.verify.server import MARKER
from splmini.language import tree
from splmini.registry import CommandSpec, find_command
from splmini.values.multivalue import as_list
from splmini.values.wildcards import compile_wildcard

LONGEST = 200_000
"""Characters of a search that is sent."""

MOST_MADE = 1_000
"""Events that `makeresults` is asked to make."""

ROW = "splmini_row"
"""The field that counts the results of makeresults while their values are set; it is removed behind that."""


class NotSent(Exception):
    """Why a case is not sent."""


@dataclass(frozen=True)
class Parsed:
    """A search with its macros expanded: its text and its tree."""

    text: str
    tree: tree.Pipeline


# ---- what is not sent ------------------------------------------------------------------------------------------------

_REASONS = {
    "acts": "'{}' writes or acts on the server",
    "events": "'{}' reads indexes or data models in its own way, not the case's events",
    "server": "'{}' reads what is on the server alone",
    "searches": "'{}' runs other searches, which are made while it runs",
}
"""Why a command is not sent, by what it declares of its reach."""


def _reason(spec: CommandSpec) -> str | None:
    reason = _REASONS.get(spec.reach)
    return None if reason is None else reason.format(spec.name)


def _is_refused(word: str) -> bool:
    spec = find_command(word.lower())
    return spec is not None and _reason(spec) is not None


def refuse_unsendable(parsed: Parsed, there: frozenset[str]) -> None:
    """Refuse a search that Splunk cannot be asked, or must not be.

    Args:
        parsed: the search.
        there: lookups that the server has with the same content.

    Raises:
        NotSent: with the reason.
    """
    for node in tree.walk(parsed.tree):
        if isinstance(node, tree.Command):
            spec = find_command(node.name)
            reason = None if spec is None else _reason(spec)
            if reason is not None:
                raise NotSent(reason)
            if spec is None or spec.build is None:
                raise NotSent(f"'{node.name}' is not known to do no harm there")
            if "lookup" in spec.names:
                _refuse_lookup(node, parsed, there)
            inner = any(isinstance(each, (tree.Subsearch, tree.RawSubsearch)) for each in tree.walk(node))
            if spec.rereads and not inner:
                raise NotSent(f"'{spec.name}' reads a dataset by its name, which is not sent")
        elif isinstance(node, tree.Call) and node.name.lower() == "lookup":
            _refuse_table(_first_text(node), there)
        elif isinstance(node, tree.RawSubsearch) and any(map(_is_refused, re.findall(r"\w+", node.text))):
            raise NotSent("a template holds a command that is not sent")


def as_written(text: str) -> str:
    """Return a search that splmini cannot read as it is sent: Splunk may run what splmini does not understand, so that
    only commands known to be harmless may stand in it, and nothing that reads the server's own events.

    Raises:
        NotSent: with the reason.
    """
    if not text.lstrip().startswith("|") or "`" in text:
        raise NotSent("splmini cannot read it, and does not know where its events go")
    names = [name.lower() for name in re.findall(r"[|\[]\s*\|?\s*([A-Za-z_]\w*)", text)]
    for name in names:
        spec = find_command(name)
        if spec is None or spec.build is None:
            raise NotSent(f"'{name}' is not known to do no harm there")
        if _reason(spec) is not None or "lookup" in spec.names or spec.dialect == "search":
            raise NotSent(f"splmini cannot read it, and it names '{name}'")
    first = find_command(names[0]) if names else None
    if first is None:
        raise NotSent("it has no command")
    return text.strip() if first.generating else f"| makeresults {text.strip()}"


def _refuse_lookup(node: tree.Command, parsed: Parsed, there: frozenset[str]) -> None:
    """Refuse the table of a lookup command unless the server has it: the first word that is no option."""
    words = parsed.text[node.span.start : node.span.end].split()[1:]
    _refuse_table(next((word.strip('"') for word in words if "=" not in word), "?"), there)


def _first_text(node: tree.Call) -> str:
    first = node.args[0] if node.args else None
    return first.value if isinstance(first, tree.String) else "?"


def _refuse_table(name: str, there: frozenset[str]) -> None:
    if name not in there:
        raise NotSent(f"it reads the lookup '{name}', which is not sent (--has-lookup {name}, where Splunk has it)")


# ---- events out of makeresults ---------------------------------------------------------------------------------------


def with_made(parsed: Parsed, events: Sequence[Mapping[str, Any]]) -> str:
    """Return the search over results that makeresults makes: the events, in their order.

    Raises:
        NotSent: where a value cannot be written as one of eval's, or the text becomes too long.
    """
    made = made_events(events)

    def insertion(pipeline: tree.Pipeline) -> tuple[int, int, str]:
        first = pipeline.commands[0]
        if pipeline.leading_pipe:
            return pipeline.span.start, pipeline.span.start, made + " "
        keyword = "" if _says_search(parsed.text, first) else "search "
        return first.span.start, first.span.start, f"{made} | {keyword}"

    return _rewritten(parsed, insertion, "multisearch takes no results of makeresults")


def made_events(events: Sequence[Mapping[str, Any]]) -> str:
    """Return the commands that make events: their fields have the values and types that the events give them.

    >>> made_events([{"a": 1, "b": ["x", "y"]}])
    '| makeresults | eval a=1, b=mvappend("x","y") | fields - _time'
    >>> made_events([{"_time": 5, "a": 1}, {"a": "1"}])[:84]
    '| makeresults count=2 | streamstats count as splmini_row | eval _time=case(splmini_r'
    """
    if len(events) > MOST_MADE:
        raise NotSent(f"makeresults is not asked for more than {MOST_MADE:,} events")
    if not events:
        return "| makeresults count=0"
    values: dict[str, list[tuple[int, str]]] = {}
    for index, event in enumerate(events, 1):
        for name, value in event.items():
            literals = [_literal(each) for each in as_list(value)]
            if literals:
                whole = literals[0] if len(literals) == 1 else f"mvappend({','.join(literals)})"
                values.setdefault(name, []).append((index, whole))
    parts = ["| makeresults" if len(events) == 1 else f"| makeresults count={len(events)}"]
    if len(events) > 1:
        parts.append(f"streamstats count as {ROW}")
    if values:
        parts.append("eval " + ", ".join(_assigned(name, given, len(events)) for name, given in values.items()))
    gone = [*([ROW] if len(events) > 1 else []), *(["_time"] if "_time" not in values else [])]
    if gone:
        parts.append("fields - " + " ".join(gone))
    return " | ".join(parts)


def _assigned(name: str, given: list[tuple[int, str]], count: int) -> str:
    if count == 1:
        return f"{_field(name)}={given[0][1]}"
    branches = ", ".join(f"{ROW}={index}, {literal}" for index, literal in given)
    return f"{_field(name)}=case({branches})"


def _field(name: str) -> str:
    if re.fullmatch(r"[A-Za-z_]\w*", name, re.ASCII) and name != ROW:
        return name
    if not name or re.search(r"['\"\\`\[\]\x00-\x1f]", name) or name == ROW:
        raise NotSent(f"eval cannot name the field '{name}'")
    return f"'{name}'"


def _literal(value: Any) -> str:
    """A value as eval writes it."""
    if isinstance(value, bool):
        return '"true"' if value else '"false"'
    if isinstance(value, (int, float)):
        if not math.isfinite(value):
            raise NotSent(f"eval cannot write the number {value}")
        return format(Decimal(repr(value)), "f")
    if not isinstance(value, str):
        raise NotSent(f"makeresults makes no value like {value!r}")
    if re.search(r"[`\x00-\x1f\x7f]", value):  # a macro's quote, and what a line of text may lose
        return f'urldecode("{quote(value, safe="")}")'
    return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'


# ---- events in an index ----------------------------------------------------------------------------------------------


def with_indexed(parsed: Parsed, index: str, marker: str, own: frozenset[str]) -> str:
    """Return the search over events in an index that carry a marker.

    Args:
        parsed: the search.
        index: the index.
        marker: the value of their indexed field.
        own: the indexes that the case's events name; what the search says of indexes is about those.

    Raises:
        NotSent: where the events are of other indexes.
    """
    if own - {index}:
        raise NotSent(f"its events are in the index '{min(own - {index})}': name that one with --index")
    found = f"index={index} {MARKER}::{marker}"

    def insertion(pipeline: tree.Pipeline) -> tuple[int, int, str]:
        first = pipeline.commands[0]
        if pipeline.leading_pipe and first.name != "search":
            return pipeline.span.start, pipeline.span.start, f"search {found} "
        at = first.span.start
        if _says_search(parsed.text, first):
            return at, at + len("search"), f"search {found}"
        return at, at, f"search {found} "

    return _rewritten(parsed, insertion, "", [] if own else list(_other_indexes(parsed, index)))


def _other_indexes(parsed: Parsed, index: str) -> Iterator[tuple[int, int, str]]:
    """Where the search names an index: events that name none are in any, so that it becomes the one they go to."""
    for node in tree.walk(parsed.tree):
        named: Sequence[str] = ()
        if isinstance(node, tree.FieldComparison) and node.op == "=":
            named = (node.value,) if node.field == "index" else ()
        elif isinstance(node, tree.FieldIn):
            named = [each.text for each in node.values] if node.field == "index" else ()
        if named and not any(compile_wildcard(name)(index) for name in named):
            yield node.span.start, node.span.end, f"index={index}"


# ---- rewriting -------------------------------------------------------------------------------------------------------

Edit = tuple[int, int, str]


def reading(pipeline: tree.Pipeline) -> Iterator[tuple[tree.Pipeline, CommandSpec | None]]:
    """Yield the pipelines of a search that begin with its events, each with the command whose subsearch it is."""
    stack: list[tuple[tree.Pipeline, CommandSpec | None]] = [(pipeline, None)]
    while stack:
        current, inside = stack.pop()
        first = current.commands[0] if current.commands else None
        if first is not None and not (inside is not None and inside.over_rows) and _reads(first):
            yield current, inside
        for each in current.commands:
            stack.extend((found, find_command(each.name)) for found in _below(each))


def _below(command: tree.Command) -> Iterator[tree.Pipeline]:
    """The pipelines of a command's own subsearches."""
    nodes = list(tree.children(command))
    while nodes:
        node = nodes.pop()
        if isinstance(node, tree.Pipeline):
            yield node
        else:
            nodes.extend(tree.children(node))


def _reads(first: tree.Command) -> bool:
    spec = find_command(first.name)
    return spec is not None and (spec.name == "search" or not spec.generating)


def _says_search(text: str, command: tree.Command) -> bool:
    """Say whether the word search is written at the start of a search command."""
    return bool(re.match(r"(?i)search(?!\w)", text[command.span.start : command.span.end]))


def _rewritten(
    parsed: Parsed, insertion: Callable[[tree.Pipeline], Edit], multisearch: str, edits: Sequence[Edit] = ()
) -> str:
    """The text with an edit where each pipeline begins to read events, and the edits given."""
    made = list(edits)
    for pipeline, inside in reading(parsed.tree):
        if multisearch and inside is not None and inside.streams_only:
            raise NotSent(multisearch)
        made.append(insertion(pipeline))
    text = parsed.text
    for start, end, new in sorted(made, key=_place, reverse=True):
        text = text[:start] + new + text[end:]
    text = text.strip()
    if not text.startswith("|") and not re.match(r"(?i)search(?!\w)", text):
        text = "search " + text
    if len(text) > LONGEST:
        raise NotSent(f"the search would be longer than {LONGEST:,} characters")
    return text


def _place(edit: Edit) -> tuple[int, int]:
    return edit[:2]
