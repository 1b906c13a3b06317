"""The fillnull command: replace nulls by a value."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from splmini.commands._spool import spooled
from splmini.commands.arguments.reading import FieldPatterns, field_names, is_internal, read, reading
from splmini.commands.arguments.uses import adding, shown_reads
from splmini.language import tree
from splmini.operators import Batch, Operator, RunContext, Scalar, Stream, Streaming, appended
from splmini.operators import Sequence as SequenceOperator
from splmini.registry import BuildScope, Example, FieldUses, OptionSpec, command

OPTIONS = {"value": OptionSpec("string", default="0", doc="What to put where a field is null.")}


def _filled(command: tree.Command) -> Iterator[str]:
    return (use.name for use in shown_reads(command))


@command(
    "fillnull",
    options=OPTIONS,
    syntax="fillnull [value=<string>] [<field-list>]",
    category="streaming",
    keeps_chart=True,
    uses=FieldUses(after=adding(_filled), fills=True),
    source="https://docs.splunk.com/Documentation/Splunk/latest/SearchReference/Fillnull",
    examples=(
        Example(
            "| fillnull value=none user",
            ({"n": 1, "user": "none"}, {"n": 2, "user": "b"}),
            ({"n": 1}, {"n": 2, "user": "b"}),
        ),
        Example("| fillnull", [{"a": 1, "b": 0}, {"b": 2, "a": 0}], ({"a": 1}, {"b": 2})),
        Example(
            "| fillnull value=none user",
            [{"user": "a"}, {"n": 1, "user": "none"}, {"user": "", "n": 2}],
            ({"user": "a"}, {"n": 1}, {"user": "", "n": 2}),
        ),
    ),
)
def build(node: tree.Command, scope: BuildScope) -> Operator:
    """Put a value (0 unless `value=` says another) where fields are null.

    With a field list, in these fields, which are made where no result has them. Without one, in every field that any
    of the results has, internal fields apart: the command then sees all results before it gives the first.

    *Null* is an absent field; an empty string is a value and stays. *Multivalue* fields are not null.
    """
    arguments = read(node, OPTIONS, takes=(tree.Word,))
    names = field_names(arguments.words)
    value = literal(arguments["value"])
    patterns = FieldPatterns(names or ["*"])
    if patterns.has_wildcards:
        return _everywhere(node, patterns, value)
    return _listed(node, names, value)


def literal(text: str) -> Scalar:
    """Return the value that a text written in a search stands for: a whole number as one, anything else as text."""
    if text.isascii() and text.lstrip("-").isdigit() and str(int(text)) == text:
        return int(text)
    return text


def _listed(node: tree.Command, names: Sequence[str], value: Scalar) -> Operator:
    def bind(ctx: RunContext) -> Callable[[Batch], Batch]:
        def fill(batch: Batch) -> Batch:
            for row in batch:
                for name in names:
                    if name not in row:
                        row[name] = value
            return batch

        return fill

    return Streaming(
        name="fillnull",
        one_to_one=True,
        bind=bind,
        requires=reading(frozenset()),
        columns=appended(*names),
        writes=frozenset(names),
        node=node,
        span=node.span,
    )


def _everywhere(node: tree.Command, patterns: FieldPatterns, value: Scalar) -> Operator:
    def run(stream: Stream, ctx: RunContext) -> Stream:
        def batches() -> Iterator[Batch]:
            rows = spooled(stream.batches, ctx)
            available = [*(stream.columns() or ()), *rows.names]
            names = [name for name in patterns.select(available) if name in patterns.exact or not is_internal(name)]
            names += [name for name in patterns.exact if name not in names]
            for batch in rows.batches():
                for row in batch:
                    if not row.keys() >= set(names):
                        for name in names:
                            row.setdefault(name, value)
                yield batch

        return Stream(batches(), stream.columns)

    return SequenceOperator(name="fillnull", run=run, requires=reading(frozenset()), node=node, span=node.span)
