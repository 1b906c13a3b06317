"""The rex command: extract fields by a regular expression, or edit one by a sed expression."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from typing import Any

from splmini.budget import grows
from splmini.commands.arguments.notes import Notes, example
from splmini.commands.arguments.options import at, check_regex
from splmini.commands.arguments.reading import Arguments, fail, read, reading
from splmini.commands.arguments.uses import option
from splmini.errors import ArgumentError
from splmini.language import tree
from splmini.operators import Batch, Operator, Row, RunContext, Streaming, appended
from splmini.registry import BuildScope, Example, FieldUse, FieldUses, Follow, Hazard, Known, OptionSpec, command
from splmini.values import regex
from splmini.values.multivalue import as_list, from_list
from splmini.values.numbers import to_text
from splmini.values.sed import compile_sed

OPTIONS = {
    "field": OptionSpec("field", default="_raw", doc="The field to read, or in sed mode to edit."),
    "max_match": OptionSpec("int", default=1, doc="How many matches to take; 0 takes all. Several are multivalue."),
    "offset_field": OptionSpec("field", doc="A field to write where in the text the groups matched: name=first-last."),
    "mode": OptionSpec("enum", choices=("sed",), doc="`sed`: the argument is a sed expression that edits the field."),
}


_GROUP = re.compile(r"\(\?P?<([A-Za-z_]\w*)>")


def _patterns(command: tree.Command) -> list[tuple[str, tree.Word]]:
    """The regular expression; none in sed mode, where it changes text."""
    words = [arg for arg in command.args if isinstance(arg, tree.Word)]
    sed = any(isinstance(arg, tree.Option) and arg.name == "mode" for arg in command.args)
    return [] if sed or not words else [(option(command, "field") or "_raw", words[-1])]


def _reads(command: tree.Command) -> Iterator[FieldUse]:
    for arg in command.args:
        if isinstance(arg, tree.Option) and arg.name == "field" and isinstance(arg.value, tree.Word):
            yield FieldUse(arg.value.text, arg.value)


def _makes(command: tree.Command) -> Iterator[FieldUse]:
    for _, word in _patterns(command):
        yield from (FieldUse(match.group(1), word) for match in _GROUP.finditer(word.text))


def _after(command: tree.Command, before: Known | None, follow: Follow) -> Known | None:
    offset = option(command, "offset_field")
    made = [*(use.name for use in _makes(command)), *([offset] if offset else [])]
    return None if before is None else before.plus(*made)


def _captures_nothing(
    command: tree.Command, before: Sequence[tree.Command], behind: Sequence[tree.Command]
) -> tree.Node | None:
    words = [word for _, word in _patterns(command)]
    if not words or option(command, "offset_field") or any(_GROUP.search(word.text) for word in words):
        return None
    return words[0]


def _notes(node: tree.Command, before: Batch, after: Batch) -> Notes:
    for name, word in _patterns(node):
        search = regex.compile(word.text).search
        missed = [row for row in before if all(search(to_text(value)) is None for value in as_list(row.get(name)))]
        if missed:
            yield f"the pattern does not match in {len(missed)} of {len(before)} rows: {example(name, missed[0])}"


@command(
    "rex",
    options=OPTIONS,
    syntax='rex [field=<field>] ("<regex>" [max_match=<int>] [offset_field=<field>]) | (mode=sed "<sed-expression>")',
    category="streaming",
    uses=FieldUses(reads=_reads, makes=_makes, after=_after),
    patterns=_patterns,
    hazards=(
        Hazard(
            "SPL502",
            "The expression has no named group, so rex extracts nothing.",
            "Name a group: (?<field>…).",
            _captures_nothing,
        ),
    ),
    notes=_notes,
    source="https://docs.splunk.com/Documentation/Splunk/latest/SearchReference/Rex",
    examples=(
        Example(r'| rex field=m "id=(?<id>\d+)"', ({"id": "42"},), ({"m": "id=42"},)),
        Example(r'| rex field=m max_match=0 "(?<n>\d+)"', ({"n": ["1", "2"]},), ({"m": "1 2"},)),
        Example('| rex field=m mode=sed "s/a/b/g"', ({"m": "bb"},), ({"m": "aa"},)),
    ),
)
def build(node: tree.Command, scope: BuildScope) -> Operator:
    r"""Make fields of the named groups of a regular expression, or edit a field by a sed expression.

    The expression is PCRE2's and not anchored. A group that matched replaces the field of its name; a group that took
    no part in the match leaves it. With `max_match` other than 1 the values of all matches are collected.
    `offset_field` gets `name=first-last` for each group, counted from 0, joined by `&`. In sed mode
    `s/<regex>/<replacement>/<flags>` replaces the first match, with the flag `g` all, with a number that one only, and
    `y/<from>/<to>/` replaces characters.

    *Null*: without the field, or without a match, the result passes unchanged. *Multivalue*: every value is read, and
    the results are collected; in sed mode every value is edited.

    A match that takes more than `limits.rex_match_limit` steps counts as none.
    """
    arguments = read(node, OPTIONS, takes=(tree.Word,))
    if len(arguments.words) != 1:
        extra = arguments.words[1] if arguments.words else None
        fail(node, "rex takes one expression." if extra else "rex needs an expression.", extra)
    if arguments["mode"] == "sed":
        return _sed(node, arguments)
    return _extraction(node, arguments)


def _sed(node: tree.Command, arguments: Arguments) -> Operator:
    for name in ("max_match", "offset_field"):
        if name in arguments.given:
            fail(node, f"{name} does not go with mode=sed.", arguments.given[name])
    expression, name = arguments.words[0], arguments["field"]
    try:
        compile_sed(expression.text)
    except ArgumentError as error:
        raise at(error, expression) from None

    def bind(ctx: RunContext) -> Callable[[Batch], Batch]:
        edit = compile_sed(expression.text)

        def sed(batch: Batch) -> Batch:
            for row in batch:
                value = row.get(name)
                if isinstance(value, list):
                    row[name] = from_list(edit(to_text(item)) for item in value)
                elif value is not None:
                    row[name] = edit(to_text(value))
            return batch

        return sed

    return Streaming(
        name="rex",
        one_to_one=True,
        pure=True,
        bind=bind,
        requires=reading(frozenset({name})),
        writes=frozenset({name}),
        node=node,
        span=node.span,
    )


def _extraction(node: tree.Command, arguments: Arguments) -> Operator:
    word = arguments.words[0]
    pattern, source = word.text, arguments["field"]
    compiled = check_regex(pattern, word)
    names = list(dict.fromkeys(name for name, _ in compiled.names))
    if not names:
        fail(node, "The regular expression extracts nothing.", word, "It needs a named group, such as (?<name>...).")
    most, offsets = arguments["max_match"], arguments["offset_field"]
    if most < 0:
        fail(node, "max_match has to be 0 or more.", arguments.given["max_match"])
    written = frozenset(names) | ({offsets} if offsets else set())

    def bind(ctx: RunContext) -> Callable[[Batch], Batch]:
        expression = regex.compile(pattern)
        extract = _single(expression) if most == 1 and offsets is None else _general(expression, most, offsets)

        def rex(batch: Batch) -> Batch:
            for row in batch:
                value = row.get(source)
                if value is not None:
                    extract(row, value)
            return batch

        return rex

    made = [*names, offsets] if offsets else names
    return Streaming(
        name="rex",
        one_to_one=True,
        pure=True,
        bind=bind,
        requires=reading(frozenset({source})),
        columns=appended(*made),
        writes=written,
        node=node,
        span=node.span,
    )


def _single(expression: regex.Pattern) -> Callable[[Row, Any], None]:
    """The usual case: the first match of one value."""
    names, search = expression.names, expression.search
    collect = _general(expression, 1, None)

    def extract(row: Row, value: Any) -> None:
        if value.__class__ is not str:
            if isinstance(value, list):
                collect(row, value)
                return
            value = to_text(value)
        match = search(value)
        if match is not None:
            for name, index in names:
                text = match.group(index)
                if text is not None:
                    row[name] = text

    return extract


def _general(expression: regex.Pattern, most: int, offset_field: str | None) -> Callable[[Row, Any], None]:
    names = expression.names

    def extract(row: Row, value: Any) -> None:
        found: dict[str, list[str]] = {}
        offsets: list[str] = []
        length = 0
        for item in as_list(value):
            matches = expression.finditer(to_text(item))
            for match in islice(matches, most) if most else matches:
                for name, index in names:
                    text = match.group(index)
                    if text is not None:
                        found.setdefault(name, []).append(text)
                        length += len(text)
                        grows(length)
                        offsets.append(f"{name}={match.start(index)}-{match.end(index) - 1}")
        for name, texts in found.items():
            row[name] = from_list(texts)
        if offset_field is not None and offsets:
            row[offset_field] = "&".join(offsets)

    return extract
