"""The makemv command: split a field into several values."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from splmini.budget import SMALL, gathers
from splmini.commands.arguments.options import check_regex
from splmini.commands.arguments.reading import fail, is_internal, one_field, read, reading
from splmini.commands.arguments.uses import SAME
from splmini.language import tree
from splmini.operators import Batch, Operator, RunContext, Streaming
from splmini.registry import BuildScope, Example, OptionSpec, command
from splmini.values import regex
from splmini.values.multivalue import as_list, from_list
from splmini.values.numbers import to_text

OPTIONS = {
    "delim": OptionSpec("string", default=" ", doc="The text that stands between two values."),
    "tokenizer": OptionSpec("regex", doc="A regular expression whose first group is each value; in place of delim."),
    "allowempty": OptionSpec("bool", default=False, doc="Keep empty values between two delimiters."),
    "setsv": OptionSpec("bool", default=False, doc="Accepted; fields here have no single-value form besides."),
}


@command(
    "makemv",
    options=OPTIONS,
    syntax="makemv [delim=<string> | tokenizer=<regex>] [allowempty=<bool>] [setsv=<bool>] <field>",
    category="streaming",
    uses=SAME,
    source="https://docs.splunk.com/Documentation/Splunk/latest/SearchReference/Makemv",
    examples=(
        Example('| makemv delim="," to', ({"to": ["a", "b"]},), ({"to": "a,,b"},)),
        Example('| makemv delim="," to', [{"to": ["a", "b", "c"]}], ({"to": "a,b,,c"},)),
        Example('| makemv tokenizer="([^;]+);?" to', [{"to": ["a", "b"]}], ({"to": "a;b"},)),
    ),
)
def build(node: tree.Command, scope: BuildScope) -> Operator:
    """Split a field into several values, at a delimiter or by a regular expression.

    Empty values are dropped unless `allowempty=true`. An internal field, whose name begins with an underscore, is left
    as it is. *Null* stays null; where nothing is left the field is removed.
    *Multivalue*: each value is split.
    """
    arguments = read(node, OPTIONS)
    name = one_field(arguments)
    if "delim" in arguments.given and "tokenizer" in arguments.given:
        fail(node, "makemv takes delim or tokenizer, not both.", arguments.given["tokenizer"])
    if arguments["delim"] == "":
        fail(node, "makemv needs a delimiter that is not empty.", arguments.given["delim"])
    tokenizer = arguments["tokenizer"]
    if tokenizer is not None and check_regex(tokenizer, arguments.given["tokenizer"].value).groups < 1:
        fail(node, "The tokenizer of makemv needs a group, which is the value.", arguments.given["tokenizer"].value)
    delimiter, allow_empty = arguments["delim"], arguments["allowempty"]

    def bind(ctx: RunContext) -> Callable[[Batch], Batch]:
        split = _splitter(delimiter) if tokenizer is None else _tokenizer(tokenizer)

        def makemv(batch: Batch) -> Batch:
            if is_internal(name):
                return batch
            for row in batch:
                value = row.get(name)
                if value is None:
                    continue
                items = [part for item in as_list(value) for part in split(to_text(item)) if part or allow_empty]
                result = from_list(items)
                if result is None:
                    del row[name]
                else:
                    row[name] = result
            return batch

        return makemv

    return Streaming(
        name="makemv",
        one_to_one=True,
        pure=True,
        bind=bind,
        requires=reading(frozenset({name})),
        writes=frozenset({name}),
        node=node,
        span=node.span,
    )


def _splitter(delimiter: str) -> Callable[[str], list[Any]]:
    def split(text: str) -> list[Any]:
        if len(text) > SMALL:
            gathers(text.count(delimiter))
        return text.split(delimiter)

    return split


def _tokenizer(pattern: str) -> Callable[[str], list[Any]]:
    compiled = regex.compile(pattern)

    def split(text: str) -> list[Any]:
        return [match.group(1) for match in compiled.finditer(text)]

    return split
