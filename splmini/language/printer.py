"""Tree → canonical SPL: `parse(render(node)) == node`.

Each kind of node has a function that gives its text in pieces: strings, and nodes that stand in between. One loop
with a stack puts them together, so that nothing recurses over the tree.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias, Union

from splmini import registry
from splmini.language import tree
from splmini.language.text import quote, quote_single, write_bare


@dataclass(frozen=True, slots=True)
class _Eval:
    """An eval expression as an operand: in round brackets where it binds weaker than `level`."""

    node: tree.Node
    level: int = 0


Piece: TypeAlias = Union[str, tree.Node, _Eval]  # noqa: UP007 - evaluated at run time under Python 3.10
Pieces: TypeAlias = Sequence[Piece]


def render(node: tree.Node, returned: Callable[[tree.Pipeline], str] | None = None) -> str:
    """Return the canonical text of a node; with the text that each subsearch `returned` in its place, if given.

    >>> from splmini.language.tree import And, FieldComparison, Term
    >>> render(And((Term("login"), FieldComparison("user", "=", "a b", True))))
    'login user="a b"'
    """
    out: list[str] = []
    stack: list[Piece] = [node]
    while stack:
        piece = stack.pop()
        if isinstance(piece, str):
            out.append(piece)
        elif isinstance(piece, _Eval):
            stack.extend(reversed(_operand(piece)))
        elif returned is not None and isinstance(piece, tree.Subsearch):
            out.append(returned(piece.pipeline))
        else:
            stack.extend(reversed(_RENDER[type(piece)](piece)))
    return "".join(out)


def _joined(items: Iterable[Piece], separator: str) -> list[Piece]:
    pieces: list[Piece] = []
    for item in items:
        if pieces:
            pieces.append(separator)
        pieces.append(item)
    return pieces


def _pipeline(node: tree.Pipeline) -> Pieces:
    return ["| " if node.leading_pipe else "", *_joined(node.commands, " | ")]


def _command(node: tree.Command) -> Pieces:
    if node.args == (tree.And(()),):
        return [node.name]
    spec = registry.find_command(node.name)
    if spec is not None and spec.dialect == "expressions":
        return [node.name, " ", *_joined([_Eval(each) for each in node.args], ", ")]
    return [node.name, " " if node.args else "", *_joined(node.args, " ")]


# ---- search --------------------------------------------------------------------------------------------------------

_TERM_SPECIAL = re.compile(r"[\s()\[\]=<>,|`]+|(?<=[\w.{}\-])::(?=[^\s:])")
_VALUE_SPECIAL = re.compile(r"^[=<>!]+[\s()\[\],|`]*|[\s()\[\],|`]+")
_PLAIN_FIELD = re.compile(r"[^\s\"()\[\]=<>!,\\|`]+")
_KEYWORDS = frozenset({"AND", "OR", "NOT", "IN", "in", "not"})
_KEYWORD_FIRST = re.compile(r"(?:AND|OR|NOT|IN|in|not)(?:\"|$)")
_SEARCH_LEAVES = (
    tree.Term,
    tree.Directive,
    tree.FieldComparison,
    tree.FieldIn,
    tree.SubsearchComparison,
    tree.FieldInSubsearch,
)


def _logic(node: tree.And | tree.Or | tree.Not) -> Pieces:
    """AND, OR and NOT belong to two dialects: the first leaf that only one of them has says which it is."""
    stack: list[tree.Node] = [node]
    while stack:
        leaf = stack.pop()
        if isinstance(leaf, (tree.And, tree.Or)):
            stack.extend(reversed(leaf.items))
        elif isinstance(leaf, tree.Not):
            stack.append(leaf.operand)
        elif isinstance(leaf, _SEARCH_LEAVES):
            break
        elif not isinstance(leaf, tree.Subsearch):
            return [_Eval(node)]
    return _search_logic(node)


def _search_logic(node: tree.Node) -> list[Piece]:
    if isinstance(node, tree.Not):
        return ["NOT ", *_bracketed(node.operand, (tree.And, tree.Or))]
    pieces: list[Piece] = []
    assert isinstance(node, (tree.And, tree.Or))
    inside: tuple[type, ...] = (tree.And,) if isinstance(node, tree.And) else (tree.And, tree.Or)
    for item in node.items:
        if pieces:
            pieces.append(" " if isinstance(node, tree.And) else " OR ")
        pieces += _bracketed(item, inside)
    return pieces or ["()"]


def _bracketed(node: tree.Node, kinds: tuple[type, ...]) -> list[Piece]:
    if isinstance(node, (tree.And, tree.Or, tree.Not)):
        inner = _SearchLogic(node)
        empty = isinstance(node, (tree.And, tree.Or)) and not node.items
        return ["(", inner, ")"] if isinstance(node, kinds) and not empty else [inner]
    return [node]


@dataclass(frozen=True, slots=True)
class _SearchLogic(tree.Node):
    """AND, OR or NOT that is known to stand in a search expression."""

    node: tree.Node


def _known_logic(piece: _SearchLogic) -> Pieces:
    return _search_logic(piece.node)


def _term(node: tree.Term) -> Pieces:
    return [quote(node.text) if node.quoted else _bare(node.text, _TERM_SPECIAL)]


def _bare(text: str, special: re.Pattern[str]) -> str:
    written = write_bare(text, special)
    return f"{text[0]}{quote(text[1:])}" if _KEYWORD_FIRST.match(written) else written


def _directive(node: tree.Directive) -> Pieces:
    return [node.name, "(", node.text if _PLAIN_DIRECTIVE.fullmatch(node.text) else quote(node.text), ")"]


_PLAIN_DIRECTIVE = re.compile(r"[^()\"\s\\`|\[\]]+")
_VALUE_DIRECTIVE = re.compile(r"(TERM|CASE)\((.*)\)", re.DOTALL)


def _field(name: str) -> str:
    plain = _PLAIN_FIELD.fullmatch(name) and name not in _KEYWORDS and ("::" not in name or name.startswith("tag::"))
    return name if plain else quote(name)


def _comparison(node: tree.FieldComparison) -> Pieces:
    directive = None if node.quoted else _VALUE_DIRECTIVE.fullmatch(node.value)
    if directive:
        return [_field(node.field), node.op, *_directive(tree.Directive(directive[1], directive[2]))]
    name = node.field if node.op == "::" else _field(node.field)
    return [name, node.op, quote(node.value) if node.quoted else _bare(node.value, _VALUE_SPECIAL)]


def _field_in(node: tree.FieldIn | tree.FieldInSubsearch) -> Pieces:
    items = (_item(value) if isinstance(value, tree.Term) else value for value in node.values)
    return [_field(node.field), " IN (", *_joined(items, ", "), ")"]


def _item(node: tree.Term) -> str:
    return quote(node.text) if node.quoted else write_bare(node.text, _VALUE_SPECIAL)


def _subsearch_comparison(node: tree.SubsearchComparison) -> Pieces:
    return [_field(node.field), node.op, node.subsearch]


def _subsearch(node: tree.Subsearch) -> Pieces:
    return ["[", node.pipeline, "]"]


# ---- eval ----------------------------------------------------------------------------------------------------------

_XOR, _OR, _AND, _NOT, _COMPARE, _ADD, _MULTIPLY, _SIGN, _ATOM = range(9)
_BINARY = {"+": _ADD, "-": _ADD, ".": _ADD, "*": _MULTIPLY, "/": _MULTIPLY, "%": _MULTIPLY}
_LEVELS: dict[type, int] = {
    tree.Xor: _XOR,
    tree.Or: _OR,
    tree.And: _AND,
    tree.Not: _NOT,
    tree.Comparison: _COMPARE,
    tree.InList: _COMPARE,
    tree.Unary: _SIGN,
}
_JOINED = {tree.Xor: " XOR ", tree.Or: " OR ", tree.And: " AND "}
_NAME = re.compile(r"[^\W\d]\w*|\$[\w.:|\"\-]+\$")
_WORDS = frozenset({"and", "or", "not", "xor", "like", "in", "true", "false"})


def _operand(piece: _Eval) -> list[Piece]:
    node = piece.node
    level = _BINARY[node.op] if isinstance(node, tree.Binary) else _LEVELS.get(type(node), _ATOM)
    inner = _expression(node, level)
    return inner if level >= piece.level else ["(", *inner, ")"]


def _expression(node: tree.Node, level: int) -> list[Piece]:
    if isinstance(node, (tree.Xor, tree.Or, tree.And)):
        return _joined([_Eval(item, level + 1) for item in node.items], _JOINED[type(node)])
    if isinstance(node, tree.Not):
        return ["NOT ", _Eval(node.operand, _NOT)]
    if isinstance(node, tree.Comparison):
        op = " LIKE " if node.op == "like" else node.op
        return [_Eval(node.left, _COMPARE), op, _Eval(node.right, _ADD)]
    if isinstance(node, tree.InList):
        return [_Eval(node.operand, _COMPARE), " IN (", *_joined([_Eval(item) for item in node.items], ", "), ")"]
    if isinstance(node, tree.Binary):
        # blanks keep a decimal point and a sign apart from the operator
        return [_Eval(node.left, level), f" {node.op} ", _Eval(node.right, level + 1)]
    if isinstance(node, tree.Unary):
        return [node.op, _Eval(node.operand, _SIGN)]
    return [node]


def _eval(node: tree.Node) -> Pieces:
    return [_Eval(node)]


def _string(node: tree.String) -> Pieces:
    return [quote(node.value)]


def _number(node: tree.Number) -> Pieces:
    return [node.text]


def _boolean(node: tree.Boolean) -> Pieces:
    return ["true" if node.value else "false"]


def _field_ref(node: tree.FieldRef) -> Pieces:
    plain = not node.quoted and _NAME.fullmatch(node.name) and node.name.lower() not in _WORDS
    return [node.name if plain else quote_single(node.name)]


def _template(node: tree.Template) -> Pieces:
    return [part if isinstance(part, str) else f"{{{part.name}}}" for part in node.parts]


def _call(node: tree.Call) -> Pieces:
    return [node.name, "(", *_joined([_Eval(argument) for argument in node.args], ", "), ")"]


def _assignment(node: tree.Assignment) -> Pieces:
    target = node.target
    if isinstance(target, tree.Template):
        return [target, "=", _Eval(node.value)]
    plain = _PLAIN_TARGET.fullmatch(target.name) and not target.quoted
    name = target.name if plain else _quoted_name(target.name)
    return [name, "=", _Eval(node.value)]


def _quoted_name(name: str) -> str:
    """Single quotes are the usual ones for a field, but they do not hide what separates commands."""
    return quote(name) if any(character in name for character in '|[]`"') else quote_single(name)


_PLAIN_TARGET = re.compile(r"(?:[^\s\"'=,()<>!\[\]|{}`]|\([^\s\"'=,()<>!\[\]|{}`]*\))+")

# ---- aggregation and arguments -------------------------------------------------------------------------------------

_WORD_SPECIAL = re.compile(r"[\s()\[\],=|`]+")
_BARE_WORD = re.compile(r"(?:[^\s\"'()\[\],\\=|`]|[<>=]=)+")
_OPTION_SPECIAL = re.compile(r"[\s()\[\],|`]+")
_OPTION_NAME = re.compile(r"[^\s\"'(),=\[\]<>!|\\`]+")
_ALIAS = re.compile(r"[^\s\"'(),\[\]|\\`]+")


def _word(node: tree.Word) -> Pieces:
    if node.quoted == '"':
        return [quote(node.text)]
    if node.quoted == "'":
        return [quote_single(node.text)]
    return [node.text if _BARE_WORD.fullmatch(node.text) else _bare_argument(node.text, _WORD_SPECIAL)]


def _bare_argument(text: str, special: re.Pattern[str]) -> str:
    """A word of plain arguments; a single quotation mark in front would open a quoted name, so it is quoted itself."""
    if text.startswith("'") and _PLAIN_REST.search(text):
        return quote("'") + write_bare(text[1:], special)
    return write_bare(text, special)


_PLAIN_REST = re.compile(r".[^\s()\[\]=<>,|`!]")


def _option(node: tree.Option) -> Pieces:
    name = node.written or node.name
    if not _OPTION_NAME.fullmatch(name):
        name = quote(name)
    value: Piece = node.value
    if isinstance(value, tree.Word) and not value.quoted:
        value = _bare_argument(value.text, _OPTION_SPECIAL)
    return [name, node.op, value]


def _group(node: tree.Group) -> Pieces:
    return [node.name, "(", node.text, ")"]


def _rename(node: tree.Rename) -> Pieces:
    return [node.source, " as ", node.alias]


def _clause(node: tree.Clause) -> Pieces:
    return [node.keyword, " ", *_joined(node.items, " ")] if node.items else [node.keyword]


def _aggregation(node: tree.Aggregation) -> Pieces:
    pieces: list[Piece] = [node.function]
    if node.function == "eval":
        pieces += ["(", _Eval(node.args[0]), ")"]
    elif node.args or "(" in node.written:
        pieces += ["(", *_joined([_argument(each) for each in node.args], ", "), ")"]
    if node.alias is not None:
        plain = _ALIAS.fullmatch(node.alias) and node.alias.lower() not in ("by", "over", "as", "where")
        pieces += [" as ", node.alias if plain else quote(node.alias)]
    return pieces


def _argument(node: tree.Node) -> Piece:
    plain = isinstance(node, tree.Word) and not node.quoted and _ARGUMENT.fullmatch(node.text)
    return node.text if plain and isinstance(node, tree.Word) else node


_ARGUMENT = re.compile(r"[^\s\"'(),\[\]=<>|\\`]+=?")


def _spliced(node: tree.Spliced) -> Pieces:
    return node.parts


def _raw_subsearch(node: tree.RawSubsearch) -> Pieces:
    return ["[", node.text, "]"]


_RENDER: dict[type, Callable[[Any], Pieces]] = {
    tree.Pipeline: _pipeline,
    tree.Command: _command,
    tree.And: _logic,
    tree.Or: _logic,
    tree.Not: _logic,
    _SearchLogic: _known_logic,
    tree.Term: _term,
    tree.Directive: _directive,
    tree.FieldComparison: _comparison,
    tree.FieldIn: _field_in,
    tree.FieldInSubsearch: _field_in,
    tree.SubsearchComparison: _subsearch_comparison,
    tree.Subsearch: _subsearch,
    tree.String: _string,
    tree.Number: _number,
    tree.Boolean: _boolean,
    tree.FieldRef: _field_ref,
    tree.Template: _template,
    tree.Call: _call,
    tree.Unary: _eval,
    tree.Binary: _eval,
    tree.Comparison: _eval,
    tree.InList: _eval,
    tree.Xor: _eval,
    tree.Assignment: _assignment,
    tree.Word: _word,
    tree.Option: _option,
    tree.Group: _group,
    tree.Rename: _rename,
    tree.Clause: _clause,
    tree.Aggregation: _aggregation,
    tree.RawSubsearch: _raw_subsearch,
    tree.Spliced: _spliced,
}
