"""The foreach command: run a template for each of several fields, or for each value of one."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from splmini.commands.arguments import templates
from splmini.commands.arguments.reading import Arguments, fail, field_names, is_internal, read
from splmini.commands.arguments.templates import ITEM_FIELD, ITER_FIELD, FieldMatch, Piece
from splmini.commands.eval import binder, requirement
from splmini.errors import SplError
from splmini.language import parser, tree
from splmini.operators import (
    Batch,
    Columns,
    Fields,
    Operator,
    Row,
    RunContext,
    Sequence,
    Stream,
    Streaming,
    union,
    unknown,
)
from splmini.registry import BuildScope, Example, OptionSpec, command, find_command
from splmini.values import json
from splmini.values.multivalue import as_list
from splmini.values.numbers import to_text

MODES = ("multifield", "multivalue", "json_array", "auto_collections")
OPTIONS = {
    "mode": OptionSpec("enum", default="multifield", choices=MODES, doc="Over what the template runs."),
    "fieldstr": OptionSpec("string", doc="The token for the field's name, in place of <<FIELD>>."),
    "matchstr": OptionSpec("string", doc="The token for what the wildcards matched, in place of <<MATCHSTR>>."),
    "matchseg1": OptionSpec("string", doc="The token for what the first wildcard matched, in place of <<MATCHSEG1>>."),
    "matchseg2": OptionSpec("string", doc="The token for what the second wildcard matched."),
    "matchseg3": OptionSpec("string", doc="The token for what the third wildcard matched."),
    "itemstr": OptionSpec("string", doc="The token for the value, in place of <<ITEM>>."),
    "iterstr": OptionSpec("string", doc="The token for the number of the value, from 0, in place of <<ITER>>."),
}
CHUNK = 50_000
"""Results that are looked at together to learn which fields a wildcard matches, as in Splunk."""


@command(
    "foreach",
    options=OPTIONS,
    raw_subsearch=True,
    syntax="foreach [mode=multifield] <wc-field>... [fieldstr=<string>] [matchstr=<string>] [matchseg1=<string>]... "
    "[<template>] | foreach mode=(multivalue|json_array|auto_collections) <field> [itemstr=<string>] "
    "[iterstr=<string>] [<eval template>]",
    category="streaming",
    rereads=True,
    source="https://docs.splunk.com/Documentation/Splunk/latest/SearchReference/Foreach",
    examples=(
        Example("| foreach n* [eval total=coalesce(total, 0)+<<FIELD>>]", ({"total": 3},), ({"n1": 1, "n2": 2},)),
        Example("| foreach mode=multivalue v [eval s=s+<<ITEM>>]", ({"s": 6},), ({"v": [1, 2, 3], "s": 0},)),
    ),
)
def build(node: tree.Command, scope: BuildScope) -> Operator:
    """Run a template of streaming commands for each field of a list, or an eval for each value of one field.

    In the mode `multifield` <<FIELD>> in the template is the name of the field, <<MATCHSTR>> what the wildcards matched
    in it, and <<MATCHSEG1>> to <<MATCHSEG3>> what each of them did. Names without wildcards count whether they exist
    or not; wildcards are matched with the fields of up to 50000 results at a time, and do not reach internal fields.
    In the modes `multivalue` and `json_array` the template is one eval, <<ITEM>> is the value (of a multivalue field,
    or an element of a JSON array) and <<ITER>> its number from 0; `auto_collections` takes either.

    *Null*: a field that a result lacks is null in the template's expressions; without values an eval does not run.
    """
    arguments = read(node, OPTIONS, takes=(tree.Word, tree.RawSubsearch))
    templates = [each for each in arguments.positional if isinstance(each, tree.RawSubsearch)]
    if len(templates) != 1:
        fail(node, "foreach needs one template in square brackets.", templates[1] if templates else None)
    names = field_names(arguments.words)
    if not names:
        fail(node, "foreach needs a field.")
    if arguments["mode"] == "multifield":
        return _fields(node, scope, arguments, names, templates[0])
    if len(names) > 1:
        fail(node, f"foreach takes one field in the mode {arguments['mode']}.", arguments.words[1])
    return _values(node, scope, arguments, names[0], templates[0])


def _tokens(arguments: Arguments, *names: str) -> dict[str, str]:
    """The tokens that the user set, by the names of their defaults."""
    options = {name: arguments[option] for name, option in (("ITEM", "itemstr"), ("ITER", "iterstr"))}
    options.update({name.upper(): arguments[name] for name in OPTIONS if name.startswith(("field", "match"))})
    options["FIELD"] = arguments["fieldstr"]
    return {name: options[name] for name in names if options.get(name)}


@lru_cache(maxsize=512)
def _parsed(text: str) -> tree.Pipeline:
    """Parse a filled template; macros in it were expanded with the search around it."""
    text = text.strip()
    return parser.parse(text if text.startswith("|") else f"| {text}")


def _template_error(error: SplError, template: tree.RawSubsearch) -> SplError:
    """Return an error of a filled template as one of the search: at the template, since the text is not the user's."""
    where = "In the template of foreach: "
    message = error.message if error.message.startswith(where) else where + error.message
    return type(error)(message, name=error.name, hint=error.hint, span=template.span)


# ---- for each field ------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _FieldLoop:
    """A foreach over fields."""

    template: tree.RawSubsearch
    names: list[str]
    tokens: dict[str, str]
    patterns: dict[str, Callable[[str], FieldMatch | None]] = field(default_factory=dict)

    def matches(self, available: Iterator[str] | list[str]) -> list[FieldMatch]:
        """Return the fields to run the template for, in the order of the list, each once."""
        fields = list(available)
        found: dict[str, FieldMatch] = {}
        for name in self.names:
            match = self.patterns.get(name)
            if match is None:
                found.setdefault(name, FieldMatch(name))
                continue
            for each in fields:
                matched = match(each) if not is_internal(each) or is_internal(name) else None
                if matched is not None:
                    found.setdefault(each, matched)
        return list(found.values())

    def pipeline(self, match: FieldMatch) -> tree.Pipeline:
        """Return the template filled for a field."""
        try:
            filled = _parsed(templates.substitute(self.template.text, match.tokens(self.tokens)))
        except SplError as error:
            raise _template_error(error, self.template) from None
        for each in filled.commands[:1]:
            spec = find_command(each.name)
            if spec is not None and spec.generating:
                message = f"'{each.name}' makes its own rows: foreach runs commands over the results."
                raise _template_error(SplError(message, name=each.name), self.template)
        return filled

    def run(self, rows: Batch, available: list[str], ctx: RunContext) -> Iterator[Batch]:
        """Run the template for each field over some rows."""
        stream = Stream(iter([rows]))
        for match in self.matches(available):
            try:
                stream = ctx.run(self.pipeline(match), stream)
            except SplError as error:
                raise _template_error(error, self.template) if error.context is None else error from None
        yield from stream.batches


def _fields(
    node: tree.Command, scope: BuildScope, arguments: Arguments, names: list[str], template: tree.RawSubsearch
) -> Operator:
    for name in ("itemstr", "iterstr"):
        if name in arguments.given:
            fail(node, f"{name} does not go with mode=multifield.", arguments.given[name])
    tokens = _tokens(arguments, "FIELD", "MATCHSTR", "MATCHSEG1", "MATCHSEG2", "MATCHSEG3")
    patterns = {name: templates.match_pattern(name) for name in names if "*" in name}
    loop = _FieldLoop(template, names, tokens, patterns)
    _check_fields(loop, scope)

    def run(stream: Stream, ctx: RunContext) -> Stream:
        seen: dict[str, None] = {}

        def batches() -> Iterator[Batch]:
            for rows in _chunks(stream, ctx) if patterns else stream.batches:
                available = dict.fromkeys(stream.columns() or ()) if not patterns else {}
                for row in rows:
                    if not available.keys() >= row.keys():
                        available.update(dict.fromkeys(row))
                for batch in loop.run(rows, list(available), ctx):
                    for row in batch:
                        if not seen.keys() >= row.keys():
                            seen.update(dict.fromkeys(row))
                    yield batch

        def columns() -> Columns:
            before = stream.columns()
            return None if before is None else [*before, *(name for name in seen if name not in before)]

        return Stream(batches(), columns)

    return Sequence(name="foreach", run=run, node=node, span=node.span)


def _chunks(stream: Stream, ctx: RunContext) -> Iterator[Batch]:
    rows: Batch = []
    for batch in stream.batches:
        rows.extend(batch)
        ctx.check(len(rows))
        if len(rows) >= CHUNK:
            yield rows
            rows = []
    if rows:
        yield rows


def _check_fields(loop: _FieldLoop, scope: BuildScope) -> None:
    """Compile the template for sample fields, so that its mistakes are found when the search is compiled."""
    first: SplError | None = None
    for sample in ("x", "1"):
        try:
            for name in loop.names:
                parts = tuple(sample for _ in range(name.count("*")))
                scope.build(loop.pipeline(FieldMatch(name.replace("*", sample), parts)))
            return
        except SplError as error:
            first = first or error
    assert first is not None
    raise first if first.message.startswith("In the template") else _template_error(first, loop.template)


# ---- for each value ------------------------------------------------------------------------------------------------


@dataclass
class _ValueLoop:
    """A foreach over the values of a field, during one run: templates are compiled once for each text."""

    template: tree.RawSubsearch
    pieces: list[Piece]
    item_tokens: frozenset[str]
    ctx: RunContext
    compiled: dict[str, Callable[[Batch], Batch]] = field(default_factory=dict)

    def run(self, row: Row, items: list[Any]) -> None:
        """Run the eval for each item of a row."""
        for number, item in enumerate(items):
            if item is None:
                row.pop(ITEM_FIELD, None)
            else:
                row[ITEM_FIELD] = item
            row[ITER_FIELD] = number
            text = "null()" if item is None else to_text(item)
            values = {piece.text: text if piece.text in self.item_tokens else str(number) for piece in self.pieces}
            self._function(templates.fill(self.pieces, values))([row])
        row.pop(ITEM_FIELD, None)
        row.pop(ITER_FIELD, None)

    def _function(self, text: str) -> Callable[[Batch], Batch]:
        function = self.compiled.get(text)
        if function is None:
            function = binder(_assignments(text, self.template))(self.ctx)
            if len(self.compiled) < 4096:
                self.compiled[text] = function
        return function


def _assignments(text: str, template: tree.RawSubsearch) -> tuple[tree.Assignment, ...]:
    try:
        commands = _parsed(text).commands
    except SplError as error:
        raise _template_error(error, template) from None
    if len(commands) != 1 or commands[0].name != "eval":
        raise SplError("The template of foreach has to be one eval in this mode.", name="foreach", span=template.span)
    return tuple(each for each in commands[0].args if isinstance(each, tree.Assignment))


def _values(
    node: tree.Command, scope: BuildScope, arguments: Arguments, name: str, template: tree.RawSubsearch
) -> Operator:
    for option in arguments.given:
        if option.startswith(("field", "match")):
            fail(node, f"{option} goes with mode=multifield only.", arguments.given[option])
    tokens = _tokens(arguments, "ITEM", "ITER")
    hidden = templates.with_names({"ITEM": ITEM_FIELD, "ITER": ITER_FIELD}, tokens)
    pieces = templates.item_pieces(template.text, hidden)
    item_tokens = frozenset(token for token, target in hidden.items() if target == ITEM_FIELD)
    sample = _check_values(pieces, item_tokens, template, scope)
    items_of = {"multivalue": as_list, "json_array": _elements, "auto_collections": _collection}[arguments["mode"]]
    varies = any(piece.token for piece in pieces)

    def requires(after: Fields) -> Fields:
        if varies:
            return None
        needed = union(requirement(sample)(after), after, frozenset({name}))
        return None if needed is None else needed - {ITEM_FIELD, ITER_FIELD}

    def bind(ctx: RunContext) -> Callable[[Batch], Batch]:
        loop = _ValueLoop(template, pieces, item_tokens, ctx)

        def foreach(batch: Batch) -> Batch:
            for row in batch:
                value = row.get(name)
                if value is not None:
                    loop.run(row, list(items_of(value)))
            return batch

        return foreach

    return Streaming(name="foreach", bind=bind, requires=requires, columns=unknown, node=node, span=node.span)


def _check_values(
    pieces: list[Piece], item_tokens: frozenset[str], template: tree.RawSubsearch, scope: BuildScope
) -> tuple[tree.Assignment, ...]:
    """Compile the template for a sample value; return its assignments."""
    first: SplError | None = None
    for sample in ("x", "1"):
        values: Mapping[str, str] = {each.text: sample if each.text in item_tokens else "0" for each in pieces}
        try:
            assignments = _assignments(templates.fill(pieces, values), template)
            for each in assignments:
                scope.check(each.value)
            return assignments
        except SplError as error:
            first = first or error
    assert first is not None
    raise first if first.span == template.span else _template_error(first, template)


def _elements(value: Any) -> list[Any]:
    """The elements of a JSON array, as field values; none where it is no array."""
    decoded = json.decode(to_text(value)) if not isinstance(value, list) else None
    if not isinstance(decoded, list):
        return []
    return [json.encode(item) if isinstance(item, (dict, list)) else json.plain(item) for item in decoded]


def _collection(value: Any) -> list[Any]:
    """The elements of a JSON array where the value is one, or else the values of a multivalue field."""
    if isinstance(value, str) and value.lstrip()[:1] == "[":
        decoded = json.decode(value)
        if isinstance(decoded, list):
            return _elements(value)
    return as_list(value)
