"""The head command: the first results."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from splmini.commands.arguments.options import convert, parse_int
from splmini.commands.arguments.reading import Arguments, fail, fields_read, reading, span_of
from splmini.commands.arguments.uses import SAME
from splmini.compiler import as_truth
from splmini.language import tree
from splmini.operators import Batch, Operator, RunContext, Stream
from splmini.operators import Sequence as SequenceOperator
from splmini.registry import BuildScope, Example, OptionSpec, command

OPTIONS = {
    "limit": OptionSpec("int", doc="How many results to give at most."),
    "null": OptionSpec("bool", default=False, doc="Whether a condition that is null counts as true."),
    "keeplast": OptionSpec("bool", default=False, doc="Whether to give the result that made the condition false too."),
}


@command(
    "head",
    options=OPTIONS,
    any_option=True,
    syntax="head [<N> | (<eval-expression>)] [limit=<int>] [null=<bool>] [keeplast=<bool>]",
    category="streaming",
    keeps_chart=True,
    uses=SAME,
    source="https://docs.splunk.com/Documentation/Splunk/latest/SearchReference/Head",
    examples=(
        Example("| head 2", ({"n": 1}, {"n": 2}), ({"n": 1}, {"n": 2}, {"n": 3})),
        Example("| head (n<2) keeplast=true", ({"n": 1}, {"n": 2}), ({"n": 1}, {"n": 2}, {"n": 3})),
    ),
)
def build(node: tree.Command, scope: BuildScope) -> Operator:
    """Give the first results: ten, as many as the number says, or those until the condition becomes false.

    *Null*: where the condition is null the results end, unless `null=true`. A number together with `limit=` is an
    error; a condition with `limit=` ends with whichever comes first. No more input is read than is needed.

    *Multivalue*: a comparison in the condition holds where one of the values fulfils it.

    Memory: none.
    """
    arguments, rest = _split(node)
    limit = arguments["limit"]
    if limit is not None and limit < 0:
        fail(node, "head needs a limit of 0 or more.", arguments.given["limit"])
    count = parse_int(rest[0].text) if len(rest) == 1 and isinstance(rest[0], tree.Word) else None
    if count is not None:
        if limit is not None:
            fail(node, "head takes a number or limit=, not both.", arguments.given["limit"])
        if count < 0:
            fail(node, "head needs a number of 0 or more.", rest[0])
    if count is not None or not rest:
        return _counted(node, 10 if count is None and limit is None else limit if count is None else count)
    return _conditional(node, scope, rest, arguments)


def _split(node: tree.Command) -> tuple[Arguments, list[tree.Node]]:
    """Tell options from the parts of a condition: `n=3` is a comparison, `null=true` an option."""
    arguments = Arguments(node, options={name: spec.default for name, spec in OPTIONS.items()})
    rest: list[tree.Node] = []
    for argument in node.args:
        if isinstance(argument, tree.Option) and argument.name in OPTIONS:
            arguments.given[argument.name] = argument
            arguments.options[argument.name] = convert(argument, OPTIONS[argument.name], node)
        else:
            rest.append(argument)
    return arguments, rest


def _counted(node: tree.Command, count: int) -> Operator:
    def run(stream: Stream, ctx: RunContext) -> Stream:
        def batches() -> Iterator[Batch]:
            left = count
            if left <= 0:
                return
            for batch in stream.batches:
                ctx.check()
                yield batch[:left]
                left -= len(batch)
                if left <= 0:
                    return

        return Stream(batches(), stream.columns)

    requires = reading(frozenset())
    return SequenceOperator(
        name="head", run=run, requires=requires, limited=count, writes=frozenset(), node=node, span=node.span
    )


def _condition(node: tree.Command, scope: BuildScope, parts: Sequence[tree.Node]) -> tree.Node:
    """Parse the parts of a condition as one eval expression, at their places in the text."""
    if len(parts) == 1 and isinstance(parts[0], tree.Group):
        condition = scope.expression(parts[0]) if not parts[0].name else None
        if condition is not None:
            return condition
    start = parts[0].span.start
    text = ""
    for part in parts:
        text += " " * max(part.span.start - start - len(text), 1 if text else 0) + str(part)
    return scope.expression(tree.Word(text, span=span_of(parts)))


def _conditional(node: tree.Command, scope: BuildScope, parts: Sequence[tree.Node], arguments: Arguments) -> Operator:
    condition = _condition(node, scope, parts)
    if isinstance(condition, (tree.FieldRef, tree.Number, tree.String)):
        fail(node, f"head needs a number or a condition, not '{condition}'.", parts[0])
    scope.check(condition)
    limit, null, keep_last = arguments["limit"], arguments["null"], arguments["keeplast"]

    def run(stream: Stream, ctx: RunContext) -> Stream:
        test = ctx.expression(condition)

        def batches() -> Iterator[Batch]:
            left = limit if limit is not None else -1
            for batch in stream.batches:
                ctx.check()
                kept: Batch = []
                ended = False
                for row in batch:
                    if left == 0:
                        ended = True
                        break
                    truth = as_truth(test(row))
                    ended = not (null if truth is None else truth)
                    if not ended or keep_last:
                        kept.append(row)
                        left -= 1
                    if ended:
                        break
                if kept:
                    yield kept
                if ended:
                    return

        return Stream(batches(), stream.columns)

    return SequenceOperator(
        name="head", run=run, requires=reading(fields_read(condition)), writes=frozenset(), node=node, span=node.span
    )
