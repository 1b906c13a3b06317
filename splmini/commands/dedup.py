"""The dedup command: keep the first results of each combination of values."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from typing import Any

from splmini.commands._sorting import read_sort_keys, sorted_rows
from splmini.commands.arguments.notes import Notes, by_notes
from splmini.commands.arguments.options import parse_int
from splmini.commands.arguments.reading import fail, field_names, read, reading, repeated
from splmini.commands.arguments.uses import SAME_OF_WORDS
from splmini.language import tree
from splmini.operators import Batch, Operator, Row, RunContext, Stream, batched
from splmini.operators import Sequence as SequenceOperator
from splmini.registry import BuildScope, Example, OptionSpec, command
from splmini.values.numbers import to_text

OPTIONS = {
    "keepevents": OptionSpec("bool", default=False, doc="Keep the duplicates, with the listed fields removed."),
    "keepempty": OptionSpec("bool", default=False, doc="Keep every result in which one of the fields is null."),
    "consecutive": OptionSpec("bool", default=False, doc="Remove only duplicates that directly follow each other."),
}


def _notes(node: tree.Command, before: Batch, after: Batch) -> Notes:
    options = {arg.name: getattr(arg.value, "text", "") for arg in node.args if isinstance(arg, tree.Option)}
    names = [arg.text for arg in node.args if isinstance(arg, tree.Word) and not arg.text.isdigit()]
    if options.get("keepempty", "f").lower() not in ("t", "true", "1"):
        yield from by_notes(names, before, "a field is null")


@command(
    "dedup",
    options=OPTIONS,
    clauses=("sortby",),
    syntax="dedup [<count>] <field-list> [keepevents=<bool>] [keepempty=<bool>] [consecutive=<bool>] "
    "[sortby [+|-]<field>...]",
    category="dataset processing",
    uses=SAME_OF_WORDS,
    notes=_notes,
    source="https://docs.splunk.com/Documentation/Splunk/latest/SearchReference/Dedup",
    examples=(
        Example(
            "| dedup host sortby -_time",
            ({"host": "a", "_time": 30}, {"host": "b", "_time": 20}),
            ({"host": "a", "_time": 10}, {"host": "b", "_time": 20}, {"host": "a", "_time": 30}),
        ),
        Example(
            "| dedup 2 user keepempty=true",
            [{"user": "a", "n": 1}, {"user": "a", "n": 2}, {"n": 4}],
            ({"user": "a", "n": 1}, {"user": "a", "n": 2}, {"user": "a", "n": 3}, {"n": 4}),
        ),
        Example(
            "| dedup state consecutive=true",
            [{"state": "up"}, {"state": "down"}, {"state": "up"}],
            ({"state": "up"}, {"state": "up"}, {"state": "down"}, {"state": "up"}),
        ),
    ),
)
def build(node: tree.Command, scope: BuildScope) -> Operator:
    """Keep the first results (one, or as many as the count says) of each combination of values of the fields.

    Values are compared as text, case matters. `sortby` sorts before it looks for duplicates, so that the first of each
    combination in that order are kept.

    *Null*: a result that lacks one of the fields is removed, unless keepempty or keepevents is true. *Multivalue*: the
    fields are equal where all their values are, in order.

    Memory: one key for each combination; with `consecutive=true` one key.
    """
    arguments = read(node, OPTIONS, clauses=("sortby",), takes=(tree.Word,))
    words = arguments.words
    count = 1
    if words and not words[0].quoted and (number := parse_int(words[0].text)) is not None:
        if number < 1:
            fail(node, "dedup needs a count of 1 or more.", words[0])
        count, words = number, words[1:]
    names = field_names(words)
    if not names:
        fail(node, "dedup needs a field.")
    twice = repeated(words)
    if twice is not None:
        fail(node, f"dedup names '{twice.text}' twice.", twice)
    keys = read_sort_keys(node, arguments.clause("sortby"))
    options = dict(arguments.options)

    def run(stream: Stream, ctx: RunContext) -> Stream:
        batches: Iterable[Batch] = stream.batches
        if keys:
            batches = batched(sorted_rows(batches, keys, ctx))
        return Stream(_deduplicated(batches, names, count, options, ctx), stream.columns)

    sorted_by = frozenset(key.field for key in keys)
    return SequenceOperator(
        name="dedup",
        run=run,
        requires=reading(frozenset(names) | sorted_by),
        keeps_order=not keys,
        writes=frozenset(),
        node=node,
        span=node.span,
    )


def _deduplicated(
    batches: Iterable[Batch], names: Sequence[str], count: int, options: dict[str, Any], ctx: RunContext
) -> Iterator[Batch]:
    seen: dict[Hashable, int] = {}
    key_of = _key(names)
    consecutive, keep_empty, keep_events = options["consecutive"], options["keepempty"], options["keepevents"]
    for batch in batches:
        kept: list[Row] = []
        for row in batch:
            key = key_of(row)
            if key is None:
                if keep_empty or keep_events:
                    kept.append(row)
                continue
            number = seen.get(key, 0)
            if consecutive and not number:
                seen.clear()
            seen[key] = number + 1
            if number < count:
                kept.append(row)
            elif keep_events:
                for name in names:
                    del row[name]
                kept.append(row)
        ctx.check(len(seen))
        if kept:
            yield kept


def _key(names: Sequence[str]) -> Callable[[Row], Hashable]:
    """Return a function to the combination of values of a row; None where one of them is null."""
    if len(names) == 1:
        (only,) = names

        def single(row: Row) -> Hashable:
            value = row.get(only)
            return value if value.__class__ is str else hashable(value)

        return single

    def combined(row: Row) -> Hashable:
        values = []
        for name in names:
            value = row.get(name)
            if value is None:
                return None
            values.append(value if value.__class__ is str else hashable(value))
        return tuple(values)

    return combined


def hashable(value: Any) -> Hashable:
    """Return a field value as a key: numbers as they print, a multivalue as a tuple."""
    if value is None:
        return None
    return tuple(map(to_text, value)) if isinstance(value, list) else to_text(value)
