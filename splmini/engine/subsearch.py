"""Rows of a subsearch → the search expression that they stand for, as `format` makes it."""

from __future__ import annotations

from splmini.commands.format import NOTHING, as_search
from splmini.compiler.searching import parse_returned
from splmini.errors import Span
from splmini.language import tree
from splmini.operators import Row
from splmini.values.multivalue import as_list, first
from splmini.values.numbers import to_text

TEXT_FIELDS = ("search", "query")
"""Fields whose value is search text, or words to look for, rather than a value to compare."""


def rows_to_expression(rows: list[Row], fields: list[str], span: Span) -> tree.Node:
    """Return `(row OR row …)`, each row the AND of its fields; no rows give an expression that nothing satisfies.

    Fields that start with an underscore are left out, as in Splunk. A field named `search` or `query` gives its value
    without the name: `search` as search text, `query` as words.
    """
    alternatives = []
    for row in rows:
        parts = [_part(name, row[name], span) for name in fields if name in row and not name.startswith("_")]
        if parts:
            alternatives.append(parts[0] if len(parts) == 1 else tree.And(tuple(parts), span=span))
    if not alternatives:
        return tree.Not(tree.And(()), span=span)
    return alternatives[0] if len(alternatives) == 1 else tree.Or(tuple(alternatives), span=span)


def rows_to_text(rows: list[Row], fields: list[str]) -> str:
    """Return the text that rows stand for where they do: what `format` makes of them, which is implied.

    A single result with nothing but a field `search` (that of `return` and `format`) gives it as it is.
    """
    shown = [name for name in fields if not name.startswith("_")]
    if len(rows) == 1 and [name for name in shown if name in rows[0]] == ["search"]:
        return to_text(first(rows[0]["search"]))
    return as_search([{name: row[name] for name in shown if name in row} for row in rows]) or NOTHING


def _part(name: str, value: object, span: Span) -> tree.Node:
    items = [to_text(item) for item in as_list(value)]
    if name in TEXT_FIELDS:
        parts = [_text(item, span) for item in items]
    else:
        parts = [tree.FieldComparison(name, "=", item, True, span=span) for item in items]
    return parts[0] if len(parts) == 1 else tree.Or(tuple(parts), span=span)


def _text(text: str, span: Span) -> tree.Node:
    """Parse what a subsearch returned; `span` is that of its pipeline, inside the brackets."""
    return parse_returned(text, Span(span.start - 1, span.end + 1) if span.start > 0 else span)
