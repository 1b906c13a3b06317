"""Rows of a subsearch → the search expression that they stand for, as `format` makes it."""

from __future__ import annotations

from splmini.errors import Span
from splmini.language import parser, tree
from splmini.operators import Row
from splmini.values.multivalue import as_list
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


def _part(name: str, value: object, span: Span) -> tree.Node:
    items = [to_text(item) for item in as_list(value)]
    if name in TEXT_FIELDS:
        parts = [_text(item) for item in items]
    else:
        parts = [tree.FieldComparison(name, "=", item, True, span=span) for item in items]
    return parts[0] if len(parts) == 1 else tree.Or(tuple(parts), span=span)


def _text(text: str) -> tree.Node:
    return parser.parse_search(text)
