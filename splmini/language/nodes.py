"""What the grammars' rules make: one function for each rule, from the children that Lark hands in to a node.

Lark calls them while it parses. The text that is being parsed is known through `reading`: offsets into it become
spans, round brackets give their content verbatim, and the place of a subsearch gives its tree.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, TypeVar

from lark import Token

from splmini.errors import Span, SplSyntaxError
from splmini.language import tree
from splmini.language.text import all_quoted, bare, unquote, unquote_single

_NodeT = TypeVar("_NodeT", bound=tree.Node)


class _Reading(threading.local):
    """The text being parsed on this thread: the span offset of its first character, its subsearches by place."""

    text: str = ""
    offset: int = 0

    def __init__(self) -> None:
        self.subsearches: Mapping[int, tree.Node] = {}
        self.depths: dict[int, int] = {}
        """How deep the nodes made so far are nested, by identity."""


_reading = _Reading()


@contextmanager
def reading(text: str, offset: int, subsearches: Mapping[int, tree.Node]) -> Iterator[None]:
    """Say what is parsed inside the block."""
    before = _reading.text, _reading.offset, _reading.subsearches, _reading.depths
    _reading.text, _reading.offset, _reading.subsearches, _reading.depths = text, offset, subsearches, {}
    try:
        yield
    finally:
        _reading.text, _reading.offset, _reading.subsearches, _reading.depths = before


MAX_DEPTH = 150
"""How deep operators and calls may be nested; what compiles an expression recurses over it."""


def _nested(node: _NodeT, children: Sequence[Any]) -> _NodeT:
    """Note how deep a node is nested, and refuse what is nested too deep."""
    depths = _reading.depths
    depth = 1 + max([depths.get(id(child), 0) for child in children], default=0)
    if depth > MAX_DEPTH:
        raise SplSyntaxError(f"The expression is nested more than {MAX_DEPTH} levels deep.", span=node.span)
    depths[id(node)] = depth
    return node


def _span(first: Any, last: Any = None) -> Span:
    return Span(_start(first), _end(first if last is None else last))


def _start(item: Any) -> int:
    return (item.start_pos or 0) + _reading.offset if isinstance(item, Token) else int(item.span.start)


def _end(item: Any) -> int:
    return (item.end_pos or 0) + _reading.offset if isinstance(item, Token) else int(item.span.end)


def _text(span: Span) -> str:
    return _reading.text[span.start - _reading.offset : span.end - _reading.offset]


def _subsearch(token: Token) -> tree.Node:
    return _reading.subsearches[_start(token)]


Children = list[Any]

# ---- search --------------------------------------------------------------------------------------------------------


class SearchRules:
    """Rules of `search.lark`."""

    def start(self, children: Children) -> tree.Node:
        return children[0] if children else tree.And(())

    def conjunction(self, children: Children) -> tree.Node:
        return _nested(tree.And(tuple(children), span=_span(children[0], children[-1])), children)

    def disjunction(self, children: Children) -> tree.Node:
        return _nested(tree.Or(tuple(children), span=_span(children[0], children[-1])), children)

    def negated(self, children: Children) -> tree.Node:
        return _nested(tree.Not(children[1], span=_span(children[0], children[1])), children)

    def bracketed(self, children: Children) -> tree.Node:
        return children[1] if len(children) == 3 else tree.And((), span=_span(children[0], children[-1]))

    def comparison(self, children: Children) -> tree.Node:
        operator, value = children
        span = _span(operator, value)
        match = _OPERATOR.search(operator)
        assert match is not None
        name, op = _field(operator[: match.start()]), match.group(1).replace("==", "=")
        if value.type == "SUBSEARCH":
            return tree.SubsearchComparison(name, op, _subsearch(value), span=span)
        if value.type == "DIRECTIVE":
            directive = self.directive([value])
            return tree.FieldComparison(name, op, f"{directive.name}({directive.text})", span=span)
        term = _term(value)
        return tree.FieldComparison(name, op, term.text, term.quoted, span=span)

    def membership(self, children: Children) -> tree.Node:
        head, items, span = children[0], children[1:-1], _span(children[0], children[-1])
        match = _IN.search(head)
        assert match is not None
        name = _field(head[: match.start()])
        node: tree.Node
        if any(item.type == "SUBSEARCH" for item in items):
            parts = tuple(_subsearch(item) if item.type == "SUBSEARCH" else _term(item) for item in items)
            node = tree.FieldInSubsearch(name, parts, span=span)
        else:
            node = tree.FieldIn(name, tuple(_term(item) for item in items), span=span)
        return tree.Not(node, span=span) if match.group(1) else node

    def subsearch(self, children: Children) -> tree.Node:
        return _subsearch(children[0])

    def phrase(self, children: Children) -> tree.Node:
        return _term(children[0])

    def term(self, children: Children) -> tree.Node:
        return _term(children[0])

    def directive(self, children: Children) -> tree.Directive:
        name, _, text = children[0].partition("(")
        text = text[:-1].strip()
        inner = unquote(text) if _QUOTED.fullmatch(text) else bare(" ".join(text.split()))
        return tree.Directive(name, inner, span=_span(children[0]))


_OPERATOR = re.compile(r"\s*(!=|==|<=|>=|=|<|>|::)$")
_IN = re.compile(r"\s+(not\s+)?in\s*\($", re.IGNORECASE)


def _field(text: str) -> str:
    return unquote(text) if text.startswith('"') else bare(text)


def _term(token: Token) -> tree.Term:
    if token.type == "STRING":
        return tree.Term(unquote(token), True, span=_span(token))
    text = bare(token)
    return tree.Term(text, all_quoted(token, text), span=_span(token))


# ---- eval ----------------------------------------------------------------------------------------------------------


class ExpressionRules:
    """Rules of `expressions.lark` and `eval.lark`."""

    def expression(self, children: Children) -> tree.Node:
        return _nested(tree.Xor(tuple(children), span=_span(children[0], children[-1])), children)

    def inclusive(self, children: Children) -> tree.Node:
        return _nested(tree.Or(tuple(children), span=_span(children[0], children[-1])), children)

    def both(self, children: Children) -> tree.Node:
        return _nested(tree.And(tuple(children), span=_span(children[0], children[-1])), children)

    def negated(self, children: Children) -> tree.Node:
        return _nested(tree.Not(children[1], span=_span(children[0], children[1])), children)

    def compared(self, children: Children) -> tree.Node:
        left, operator, right = children
        op = operator.lower().replace("==", "=")
        return _nested(tree.Comparison(op, left, right, span=_span(left, right)), children)

    def not_like(self, children: Children) -> tree.Node:
        left, _, right = children
        span = _span(left, right)
        return tree.Not(tree.Comparison("like", left, right, span=span), span=span)

    def within(self, children: Children) -> tree.Node:
        span = _span(children[0], children[-1])
        return _nested(tree.InList(children[0], tuple(children[3:-1]), span=span), children)

    def not_within(self, children: Children) -> tree.Node:
        node = self.within(children)
        return tree.Not(node, span=node.span)

    def arithmetic(self, children: Children) -> tree.Node:
        left, operator, right = children
        return _nested(tree.Binary(str(operator), left, right, span=_span(left, right)), children)

    def unary(self, children: Children) -> tree.Node:
        return _nested(tree.Unary(str(children[0]), children[1], span=_span(children[0], children[1])), children)

    def call(self, children: Children) -> tree.Node:
        name = children[0][:-1].strip().lower()
        return _nested(tree.Call(name, tuple(children[1:-1]), span=_span(children[0], children[-1])), children)

    def bracketed(self, children: Children) -> tree.Node:
        node: tree.Node = children[1]
        return node

    def string(self, children: Children) -> tree.Node:
        return tree.String(unquote(children[0]), span=_span(children[0]))

    def number(self, children: Children) -> tree.Node:
        return tree.Number(str(children[0]), span=_span(children[0]))

    def quoted_field(self, children: Children) -> tree.Node:
        return tree.FieldRef(unquote_single(children[0]), True, span=_span(children[0]))

    def name(self, children: Children) -> tree.Node:
        text = str(children[0])
        if text.lower() in ("true", "false"):
            return tree.Boolean(text.lower() == "true", span=_span(children[0]))
        return tree.FieldRef(text, span=_span(children[0]))

    def subsearch(self, children: Children) -> tree.Node:
        return _subsearch(children[0])

    def assignments(self, children: Children) -> tuple[tree.Node, ...]:
        return tuple(children)

    def assignment(self, children: Children) -> tree.Node:
        token, value = children
        written = token[:-1].rstrip()
        target = _target(written, Span(_start(token), _start(token) + len(written)))
        return tree.Assignment(target, value, span=_span(token, value))


_BRACES = re.compile(r"\{([^{}]+)\}")


def _target(written: str, span: Span) -> tree.FieldRef | tree.Template:
    if written.startswith('"'):
        return tree.FieldRef(unquote(written), True, span=span)
    if written.startswith("'"):
        return tree.FieldRef(unquote_single(written), True, span=span)
    pieces = _BRACES.split(written)
    if len(pieces) == 1:
        return tree.FieldRef(written, span=span)
    parts: list[str | tree.FieldRef] = []
    for index, piece in enumerate(pieces):
        if index % 2:
            parts.append(tree.FieldRef(piece, span=span))
        elif piece:
            parts.append(piece)
    return tree.Template(tuple(parts), span=span)


# ---- aggregation and arguments -------------------------------------------------------------------------------------


def _word(token: Token) -> tree.Word:
    if token.type == "STRING":
        return tree.Word(unquote(token), '"', span=_span(token))
    if token.type in ("QUOTED", "QUOTED_FIELD"):
        return tree.Word(unquote_single(token), "'", span=_span(token))
    if token[0] == '"' and _QUOTED.fullmatch(token):
        return tree.Word(unquote(token), '"', span=_span(token))
    text = bare(token)
    return tree.Word(text, '"' if all_quoted(token, text) else "", span=_span(token))


_QUOTED = re.compile(r'"(?:[^"\\]|\\.)*"', re.DOTALL)


def _value(item: Any) -> tree.Node:
    if not isinstance(item, Token):
        node: tree.Node = item
        return node
    return _subsearch(item) if item.type == "SUBSEARCH" else _word(item)


class SharedRules:
    """Rules that aggregation and arguments have in common."""

    def option(self, children: Children) -> tree.Node:
        token, value = children[0], _value(children[1])
        name = token[:-1].rstrip()
        op = "="
        if name.endswith("!"):
            name, op = name[:-1].rstrip(), "!="
        if name[0] in "\"'":
            name = unquote(name) if name[0] == '"' else unquote_single(name)
        return tree.Option(name.lower(), value, written=name, op=op, span=_span(token, value))

    def group(self, children: Children) -> tree.Node:
        opening = children[0]
        inner = Span(_end(opening), _start(children[-1]))
        return tree.Group(_text(inner), str(opening[:-1]), span=_span(opening, children[-1]))

    def inner_group(self, children: Children) -> Token:
        opening: Token = children[0]
        return opening


class AggregationRules(ExpressionRules, SharedRules):
    """Rules of `aggregation.lark`."""

    def aggregations(self, children: Children) -> tuple[tree.Node, ...]:
        return tuple(children)

    def aggregation(self, children: Children) -> tree.Node:
        called = children[0]
        if len(children) == 1:
            node: tree.Node = called
            return node
        alias = _word(children[1]).text
        span = _span(called, children[1])
        return tree.Aggregation(called.function, called.args, alias, called.written, span=span)

    def function(self, children: Children) -> tree.Node:
        arguments = tuple(_value(child) for child in children[1:-1])
        return _aggregation(children[0][:-1].strip(), arguments, _span(children[0], children[-1]))

    def eval_function(self, children: Children) -> tree.Node:
        return _aggregation("eval", (children[1],), _span(children[0], children[-1]))

    def bare_function(self, children: Children) -> tree.Node:
        return _aggregation(str(children[0]), (), _span(children[0]))

    def eval_argument(self, children: Children) -> tree.Node:
        return tree.Call("eval", (children[1],), span=_span(children[0], children[-1]))

    def clause(self, children: Children) -> tree.Node:
        keyword = children[0].lower().replace("groupby", "by")
        return tree.Clause(keyword, tuple(children[1:]), span=_span(children[0], children[-1]))

    def where(self, children: Children) -> tree.Node:
        keyword, called, comparison, rank, *options = children
        words = (
            tree.Word(comparison.lower(), span=_span(comparison)),
            tree.Word("".join(rank.lower().split()), span=_span(rank)),
        )
        return tree.Clause("where", (called, *words, *options), span=_span(keyword, children[-1]))

    def by_field(self, children: Children) -> tree.Node:
        token = children[0]
        name, bracket, rest = token.partition("(") if token.type == "BY_FIELD" else ("", "", "")
        return tree.Group(rest[:-1], name, span=_span(token)) if bracket else _word(token)


def _aggregation(name: str, arguments: tuple[tree.Node, ...], span: Span) -> tree.Aggregation:
    return tree.Aggregation(name.lower(), arguments, written=_text(span), span=span)


class ArgumentRules(SharedRules):
    """Rules of `arguments.lark`."""

    def arguments(self, children: Children) -> tuple[tree.Node, ...]:
        return tuple(children)

    def word(self, children: Children) -> tree.Node:
        return _word(children[0])

    def subsearch(self, children: Children) -> tree.Node:
        return _subsearch(children[0])


_RULES: dict[str, type] = {
    "search": SearchRules,
    "expressions": ExpressionRules,
    "aggregation": AggregationRules,
    "arguments": ArgumentRules,
}


def builder(name: str) -> Any:
    """Return the rules of a dialect, for Lark."""
    return _RULES[name]()
