"""PREFIX() of tstats: what stands behind a prefix in the terms of `_raw`.

Source: https://docs.splunk.com/Documentation/Splunk/latest/SearchReference/Tstats (the PREFIX directive)
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace

from splmini.commands.arguments.reading import fail
from splmini.language import tree
from splmini.operators import Batch, Row
from splmini.values.multivalue import from_list
from splmini.values.terms import has_major_breaker, whole_segments


def prefix_of(node: tree.Command, item: tree.Node) -> str | None:
    """Return the prefix of a `PREFIX(text)`, None for anything else; a prefix with a major breaker is an error."""
    text: str | None = None
    if isinstance(item, tree.Group) and item.name.lower() == "prefix":
        text = item.text
    elif isinstance(item, tree.Aggregation) and item.function == "prefix":
        words = [arg.text for arg in item.args if isinstance(arg, tree.Word)]
        text = words[0] if len(words) == 1 else ""
    if text is None:
        return None
    text = text.strip().strip('"').lower()
    if not text:
        fail(node, "PREFIX() needs the text that terms begin with, such as PREFIX(kb=).", item)
    if has_major_breaker(text):
        fail(node, f"No term begins with '{text}': it holds a character that separates terms.", item)
    return text


def without_prefixes(node: tree.Command, items: Iterable[tree.Node]) -> tuple[list[tree.Node], set[str]]:
    """Return aggregations whose argument is the name of a field where it was PREFIX(), and the prefixes."""
    found: set[str] = set()
    kept: list[tree.Node] = []
    for item in items:
        if isinstance(item, tree.Aggregation) and len(item.args) == 1:
            prefix = prefix_of(node, item.args[0])
            if prefix is not None:
                found.add(prefix)
                word = tree.Word(prefix, span=item.args[0].span)
                item = replace(item, args=(word,), written=f"{item.function}({prefix})")
        kept.append(item)
    return kept, found


def prefixed(prefixes: Iterable[str]) -> Callable[[Batch], Batch]:
    """Return a function that gives each row, for each prefix, a field of its name with what stands behind it.

    Terms are in lower case, as in the index; several different ones make the field multivalue.
    """
    wanted = sorted(prefixes)

    def put(rows: Batch) -> Batch:
        done: list[Row] = []
        for row in rows:
            raw = row.get("_raw")
            terms = whole_segments(raw) if isinstance(raw, str) else []
            row = dict(row)
            for prefix in wanted:
                values = sorted({term[len(prefix) :] for term in terms if term.startswith(prefix)} - {""})
                if values:
                    row[prefix] = from_list(values)
            done.append(row)
        return done

    return put
