"""Commands that the caller serves: `Environment(commands={"name": f})`."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from splmini.boundary import their_iterator, theirs
from splmini.errors import ArgumentError
from splmini.language import tree
from splmini.operators import Operator, Row, RunContext, Sequence, Stream, batched
from splmini.values.json import plain


@dataclass(frozen=True)
class Arguments:
    """What a handler is told of the command: its options and its words, in the order written.

    `options` maps names (lower case) to text; `words` are the other arguments; `text` is the command as SPL.
    """

    text: str
    options: dict[str, str] = field(default_factory=dict)
    words: tuple[str, ...] = ()


def handled(node: tree.Command) -> Operator:
    """Return the operator that hands its rows to the caller's handler and passes on what that gives."""
    arguments = read_arguments(node)

    def run(stream: Stream, ctx: RunContext) -> Stream:
        handler = ctx.handler(node.name)
        if handler is None:
            raise ArgumentError(
                f"No handler for '{node.name}' came along with the search.", name=node.name, span=node.span
            )
        whose = f"The handler of '{node.name}'"
        with theirs(whose, node.name, node.span):
            given = handler(stream.rows(), arguments)
        return Stream(batched(their_iterator(_rows(given), whose, node.name, node.span)))

    return Sequence(name=node.name, run=run, node=node, span=node.span)


def _rows(given: Any) -> Iterator[Row]:
    for row in given:
        values = {str(name): plain(value) for name, value in dict(row).items()}
        yield {name: value for name, value in values.items() if value is not None}


def read_arguments(node: tree.Command) -> Arguments:
    """Return the arguments of a command in the plain form that handlers get.

    >>> read_arguments(tree.Command("x", (tree.Word("a"), tree.Option("n", tree.Word("1")))))
    Arguments(text='x a n=1', options={'n': '1'}, words=('a',))
    """
    options: dict[str, str] = {}
    words: list[str] = []
    for argument in node.args:
        if isinstance(argument, tree.Option):
            options[argument.name] = (
                argument.value.text if isinstance(argument.value, tree.Word) else str(argument.value)
            )
        else:
            words.append(argument.text if isinstance(argument, tree.Word) else str(argument))
    return Arguments(str(node), options, tuple(words))
