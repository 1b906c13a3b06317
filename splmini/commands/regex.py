"""The regex command: keep the results that match a regular expression."""

from __future__ import annotations

import re
from collections.abc import Callable

from splmini.commands.arguments.notes import Notes, example
from splmini.commands.arguments.options import check_regex, option_name, text_of
from splmini.commands.arguments.reading import fail, read, reading
from splmini.commands.arguments.uses import SAME
from splmini.language import tree
from splmini.operators import Batch, Operator, RunContext, Streaming
from splmini.registry import BuildScope, Example, command
from splmini.values import regex
from splmini.values.numbers import to_text

_TWO_SIGNS = re.compile(r"[\w.{}-]*==|=", re.ASCII)
"""What an expression without quotation marks begins with where `==` was written, or `!==`."""


def _patterns(command: tree.Command) -> list[tuple[str, tree.Word]]:
    found = []
    for arg in command.args:
        if isinstance(arg, tree.Word):
            found.append(("_raw", arg))
        elif isinstance(arg, tree.Option) and isinstance(arg.value, tree.Word):
            found.append((arg.written, arg.value))
    return found


def _notes(node: tree.Command, before: Batch, after: Batch) -> Notes:
    arg = node.args[0]
    name = arg.written if isinstance(arg, tree.Option) else "_raw"
    if not after:
        yield f"no row satisfies it: {example(name, before[0])}"


@command(
    "regex",
    any_option=True,
    syntax="regex [<field>=|<field>!=]<regex>",
    category="streaming",
    uses=SAME,
    patterns=_patterns,
    notes=_notes,
    condition="search",
    source="https://docs.splunk.com/Documentation/Splunk/latest/SearchReference/Regex",
    examples=(
        Example(r'| regex ip="^10\."', ({"ip": "10.1.2.3"},), ({"ip": "10.1.2.3"}, {"ip": "8.8.8.8"})),
        Example('| regex user!="^svc"', ({"user": "bob"},), ({"user": "svc_a"}, {"user": "bob"})),
    ),
)
def build(node: tree.Command, scope: BuildScope) -> Operator:
    """Keep the results in which a field (`_raw` without one) matches a regular expression, or with `!=` does not.

    The expression is PCRE2's, is not anchored, and respects case unless it says `(?i)`.

    *Null*: a result without the field is dropped by `=` and kept by `!=`. *Multivalue*: one value that matches is
    enough to match.
    """
    arguments = read(node, {}, takes=(tree.Word,), any_option=True)
    written = [*arguments.given.values(), *arguments.words]
    if len(written) != 1:
        fail(node, "regex needs one regular expression.", written[1] if written else None)
    wanted = True
    name = "_raw"
    if arguments.given:
        (option,) = arguments.given.values()
        name, wanted, source = option_name(option), option.op == "=", option.value
    else:
        source = arguments.words[0]
    pattern = text_of(source)
    if pattern is None or (_TWO_SIGNS.match(pattern) and not getattr(source, "quoted", False)):
        fail(node, "regex needs a regular expression in double quotation marks.", source)
    check_regex(pattern, source)

    def bind(ctx: RunContext) -> Callable[[Batch], Batch]:
        search = regex.compile(pattern).search

        def matches(batch: Batch) -> Batch:
            kept = []
            for row in batch:
                value = row.get(name)
                if isinstance(value, list):
                    found = any(search(to_text(item)) is not None for item in value)
                else:
                    text = value if value is None or value.__class__ is str else to_text(value)
                    found = text is not None and search(text) is not None
                if found is wanted:
                    kept.append(row)
            return kept

        return matches

    return Streaming(
        name="regex",
        bind=bind,
        requires=reading(frozenset({name})),
        filters=True,
        writes=frozenset(),
        node=node,
        span=node.span,
    )
