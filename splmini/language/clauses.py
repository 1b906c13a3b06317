"""What belongs together in a command's arguments: clauses and their keywords, `a as b`, options inside a clause."""

from __future__ import annotations

import re

from splmini.errors import Span, SplSyntaxError
from splmini.language import tree
from splmini.registry import CommandSpec

Nodes = tuple[tree.Node, ...]

_BREAK_BEFORE = r"(?<![^\s)\],\"'])"
_SKIP = r'"(?:[^"\\]|\\.)*"|\'(?:[^\'\\]|\\.)*\'|\\[^\[\]]|\[\x00*\]|[()]'


def find_keywords(text: str, start: int, end: int, keywords: tuple[str, ...]) -> list[tuple[int, int, str]]:
    """Find keywords outside quotes and round brackets: (start, end, keyword in lower case)."""
    pattern = re.compile(rf"{_SKIP}|{_BREAK_BEFORE}({'|'.join(keywords)})(?=[\s,(\[\"']|$)", re.IGNORECASE | re.DOTALL)
    found, depth = [], 0
    for match in pattern.finditer(text, start, end):
        piece = match.group()
        if piece == "(":
            depth += 1
        elif piece == ")":
            depth -= 1
        elif match.group(1) and depth == 0:
            found.append((match.start(), match.end(), piece.lower()))
    return found


def options_out(items: Nodes, spec: CommandSpec) -> tuple[Nodes, Nodes]:
    """Take options out of a search expression in which they stand: `mstats … where index=m span=1m by host`."""
    if spec.dialect != "aggregation":
        return items, ()
    names = {"span", *spec.options} - {"where", "from", "by"}
    terms = items[0].items if isinstance(items[0], tree.And) else items
    options: list[tree.Node] = []
    kept: list[tree.Node] = []
    for term in terms:
        if isinstance(term, tree.FieldComparison) and term.op == "=" and term.field.lower() in names:
            value = tree.Word(term.value, '"' if term.quoted else "", span=term.span)
            options.append(tree.Option(term.field.lower(), value, written=term.field, span=term.span))
        else:
            kept.append(term)
    if not options:
        return items, ()
    return (kept[0] if len(kept) == 1 else tree.And(tuple(kept), span=items[0].span),), tuple(options)


def _is_keyword(node: tree.Node, *keywords: str) -> bool:
    return isinstance(node, tree.Word) and not node.quoted and node.text.lower() in keywords


def named_field(node: tree.Node) -> tree.Word | None:
    """Return the field that a node names: a word, or `sum(x)` as the result of a function is named; else None."""
    if isinstance(node, tree.Group) and node.name:
        return tree.Word(f"{node.name}({node.text})", span=node.span)
    return node if isinstance(node, tree.Word) else None


def joined_renames(nodes: Nodes, clauses: tuple[str, ...], command: str) -> Nodes:
    """Join `a as b` to a Rename; a word that begins a clause is no new name."""
    result: list[tree.Node] = []
    index = 0
    while index < len(nodes):
        node = nodes[index]
        if _is_keyword(node, "as") and result and named_field(result[-1]) is not None:
            after = nodes[index + 1] if index + 1 < len(nodes) else None
            alias = None if after is None or _is_keyword(after, *clauses) else named_field(after)
            if alias is None:
                raise SplSyntaxError(f"A new name is missing after 'as' in {command}.", name=command, span=node.span)
            source = named_field(result.pop())
            assert source is not None
            result.append(tree.Rename(source, alias, span=Span(source.span.start, alias.span.end)))
            index += 2
        else:
            result.append(node)
            index += 1
    return tuple(result)


def gathered_clauses(
    nodes: Nodes, keywords: tuple[str, ...], command: str, may_be_empty: tuple[str, ...] = ()
) -> Nodes:
    """Gather what follows a keyword into its clause."""
    result: list[tree.Node] = []
    keyword: tree.Word | None = None
    items: list[tree.Node] = []

    def finish() -> None:
        if keyword is None:
            return
        if not items and keyword.text.lower() not in may_be_empty:
            raise SplSyntaxError(f"Nothing follows '{keyword.text}' in {command}.", name=command, span=keyword.span)
        span = Span(keyword.span.start, (items or [keyword])[-1].span.end)
        result.append(tree.Clause(keyword.text.lower(), tuple(items), span=span))

    for node in nodes:
        if _is_keyword(node, *keywords):
            finish()
            assert isinstance(node, tree.Word)
            keyword, items = node, []
        elif keyword is None:
            result.append(node)
        else:
            items.append(node)
    finish()
    return tuple(result)
