"""The replace command: replace whole values."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from splmini.commands.arguments.reading import FieldPatterns, fail, field_names, read, reading
from splmini.commands.arguments.uses import SAME
from splmini.language import tree
from splmini.operators import Batch, Operator, RunContext, Streaming
from splmini.registry import BuildScope, Example, command
from splmini.values.multivalue import from_list
from splmini.values.numbers import to_text
from splmini.values.wildcards import has_wildcard, substitute


@command(
    "replace",
    syntax="replace <wc-string> WITH <wc-string> [, <wc-string> WITH <wc-string>]... [IN <field-list>]",
    category="streaming",
    uses=SAME,
    source="https://docs.splunk.com/Documentation/Splunk/latest/SearchReference/Replace",
    examples=(
        Example('| replace "* local" WITH "local *" IN host', ({"host": "local a"},), ({"host": "a local"},)),
        Example(
            '| replace "ws*" with "workstation *" in host',
            [{"host": "workstation 7"}, {"host": "dc1"}],
            ({"host": "ws7"}, {"host": "dc1"}),
        ),
    ),
)
def build(node: tree.Command, scope: BuildScope) -> Operator:
    """Replace whole values by others, in the fields listed or in all fields but the internal ones.

    Case matters. A value matches as a whole; a `*` stands for any text, and where the replacement has as many it puts
    the text back. Of several replacements without wildcards the last one that matches counts; one without wildcards
    goes before those with; of those the one with the most literal characters.

    *Null* stays null. *Multivalue*: each value is replaced by itself.
    """
    words = read(node, {}, takes=(tree.Word,)).words
    split = next((i for i, word in enumerate(words) if i % 3 == 0 and i and _is(word, "in")), len(words))
    pairs = []
    for index in range(0, split, 3):
        if index + 2 >= split or not _is(words[index + 1], "with"):
            fail(node, "replace needs <value> WITH <value>.", words[min(index + 1, len(words) - 1)])
        old, new = words[index], words[index + 2]
        if has_wildcard(new.text) and old.text.count("*") != new.text.count("*"):
            fail(node, "The replacement needs as many wildcards as the value, or none.", new)
        pairs.append((old.text, new.text))
    if not pairs:
        fail(node, "replace needs <value> WITH <value>.")
    names = field_names(words[split + 1 :])
    if split < len(words) and not names:
        fail(node, "replace needs a field list after IN.", words[split])
    patterns = FieldPatterns(names or ["*"])
    exact = not patterns.has_wildcards

    def bind(ctx: RunContext) -> Callable[[Batch], Batch]:
        change = _changer(pairs)

        def replace(batch: Batch) -> Batch:
            for row in batch:
                for name in names if exact else [name for name in row if patterns.matches(name)]:
                    value = row.get(name)
                    if isinstance(value, list):
                        row[name] = from_list(change(item) for item in value)
                    elif value is not None:
                        row[name] = change(value)
            return batch

        return replace

    return Streaming(
        name="replace",
        one_to_one=True,
        bind=bind,
        requires=reading(frozenset()),
        writes=frozenset(names) if exact else None,
        node=node,
        span=node.span,
    )


def _is(word: tree.Word, keyword: str) -> bool:
    return not word.quoted and word.text.lower() == keyword


def _changer(pairs: list[tuple[str, str]]) -> Callable[[Any], Any]:
    exact = {old: new for old, new in pairs if not has_wildcard(old)}
    wild = [pair for pair in pairs if has_wildcard(pair[0])]
    wild.sort(key=_literal_length, reverse=True)

    def change(value: Any) -> Any:
        text = to_text(value)
        if text in exact:
            return exact[text]
        for old, new in wild:
            result = substitute(old, new, text)
            if result is not None:
                return result
        return value

    return change


def _literal_length(pair: tuple[str, str]) -> int:
    return len(pair[0].replace("*", ""))
