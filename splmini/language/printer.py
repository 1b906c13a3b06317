"""Tree → canonical SPL: `parse(render(node)) == node`."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from splmini.language import tree
from splmini.language.text import quote, quote_single, write_bare


def render(node: tree.Node) -> str:
    """Return the canonical text of a node.

    >>> from splmini.language.tree import And, FieldComparison, Term
    >>> render(And((Term("login"), FieldComparison("user", "=", "a b", True))))
    'login user="a b"'
    """
    return _RENDER[type(node)](node)


def _pipeline(node: tree.Pipeline) -> str:
    text = " | ".join(render(command) for command in node.commands)
    return f"| {text}" if node.leading_pipe else text


def _command(node: tree.Command) -> str:
    # where does an expression end and an eval begin: And, Or and Not belong to two dialects
    if node.name in ("eval", "fieldformat"):
        return f"{node.name} {', '.join(render(each) for each in node.args)}"
    if node.args and _is_expression(node):
        return f"{node.name} {expression(node.args[0])}"
    arguments = " ".join(text for text in map(render, node.args) if text)
    return f"{node.name} {arguments}" if arguments else node.name


def _is_expression(node: tree.Command) -> bool:
    from splmini.registry import find_command

    spec = find_command(node.name)
    return spec is not None and spec.dialect == "expressions"


# ---- search --------------------------------------------------------------------------------------------------------

_TERM_SPECIAL = re.compile(r"[\s()\[\]=<>,|`]+|::")
_VALUE_SPECIAL = re.compile(r"[\s()\[\],|`]+")
_ITEM_SPECIAL = _VALUE_SPECIAL
_PLAIN_FIELD = re.compile(r"[^\s\"()\[\]=<>!,\\|`]+")
_KEYWORDS = frozenset({"AND", "OR", "NOT", "IN", "in", "not"})


def _and(node: tree.And) -> str:
    return " ".join(_within_and(item) for item in node.items) if node.items else "()"


def _within_and(node: tree.Node) -> str:
    return f"({render(node)})" if isinstance(node, tree.And) and node.items else render(node)


def _or(node: tree.Or) -> str:
    return " OR ".join(_operand(item) for item in node.items)


def _not(node: tree.Not) -> str:
    return f"NOT {_operand(node.operand)}"


def _operand(node: tree.Node) -> str:
    brackets = isinstance(node, (tree.And, tree.Or)) and node.items
    return f"({render(node)})" if brackets else render(node)


def _term(node: tree.Term) -> str:
    return quote(node.text) if node.quoted else _bare_term(node.text, _TERM_SPECIAL)


def _bare_term(text: str, special: re.Pattern[str]) -> str:
    if text in _KEYWORDS:
        return f"{text[0]}{quote(text[1:])}"
    return write_bare(text, special)


def _directive(node: tree.Directive) -> str:
    return f"{node.name}({node.text if re.fullmatch(_DIRECTIVE_PLAIN, node.text) else quote(node.text)})"


_DIRECTIVE_PLAIN = r"[^()\"\s\\`|\[\]]+"


def _field(name: str) -> str:
    plain = _PLAIN_FIELD.fullmatch(name) and name not in _KEYWORDS and ("::" not in name or name.startswith("tag::"))
    return name if plain else quote(name)


def _comparison(node: tree.FieldComparison) -> str:
    directive = None if node.quoted else re.fullmatch(r"(TERM|CASE)\((.*)\)", node.value, re.DOTALL)
    if directive:
        value = _directive(tree.Directive(directive[1], directive[2]))
    else:
        value = quote(node.value) if node.quoted else _bare_term(node.value, _VALUE_SPECIAL)
    return f"{_field(node.field)}{node.op}{value}"


def _field_in(node: tree.FieldIn) -> str:
    return f"{_field(node.field)} IN ({', '.join(_item(value) for value in node.values)})"


def _item(node: tree.Node) -> str:
    if isinstance(node, tree.Term) and not node.quoted:
        return write_bare(node.text, _ITEM_SPECIAL)
    return render(node)


def _field_in_subsearch(node: tree.FieldInSubsearch) -> str:
    return f"{_field(node.field)} IN ({', '.join(_item(value) for value in node.values)})"


def _subsearch_comparison(node: tree.SubsearchComparison) -> str:
    return f"{_field(node.field)}{node.op}{render(node.subsearch)}"


def _subsearch(node: tree.Subsearch) -> str:
    return f"[{render(node.pipeline)}]"


# ---- eval ----------------------------------------------------------------------------------------------------------

_XOR, _OR, _AND, _NOT, _COMPARE, _ADD, _MULTIPLY, _SIGN, _ATOM = range(9)
_LEVELS: dict[str, int] = {"+": _ADD, "-": _ADD, ".": _ADD, "*": _MULTIPLY, "/": _MULTIPLY, "%": _MULTIPLY}
_NAME = re.compile(r"[^\W\d]\w*|\$[\w.:|\"\-]+\$")
_WORDS = frozenset({"and", "or", "not", "xor", "like", "in", "true", "false"})


def expression(node: tree.Node) -> str:
    """Return the text of an eval expression."""
    return _expression(node)[0]


def _expression(node: tree.Node) -> tuple[str, int]:
    renderer = _EXPRESSIONS.get(type(node))
    return renderer(node) if renderer is not None else (render(node), _ATOM)


def _at(node: tree.Node, level: int) -> str:
    text, own = _expression(node)
    return text if own >= level else f"({text})"


def _joined(word: str, level: int) -> Callable[[Any], tuple[str, int]]:
    def joined(node: Any) -> tuple[str, int]:
        return f" {word} ".join(_at(item, level + 1) for item in node.items), level

    return joined


def _negation(node: tree.Not) -> tuple[str, int]:
    return f"NOT {_at(node.operand, _NOT)}", _NOT


def _compared(node: tree.Comparison) -> tuple[str, int]:
    op = f" {node.op.upper()} " if node.op == "like" else node.op
    return f"{_at(node.left, _COMPARE)}{op}{_at(node.right, _ADD)}", _COMPARE


def _in_list(node: tree.InList) -> tuple[str, int]:
    return f"{_at(node.operand, _COMPARE)} IN ({', '.join(expression(item) for item in node.items)})", _COMPARE


def _binary(node: tree.Binary) -> tuple[str, int]:
    level = _LEVELS[node.op]
    # blanks keep a decimal point and a sign apart from the operator
    return f"{_at(node.left, level)} {node.op} {_at(node.right, level + 1)}", level


def _unary(node: tree.Unary) -> tuple[str, int]:
    return f"{node.op}{_at(node.operand, _SIGN)}", _SIGN


_EXPRESSIONS: dict[type, Callable[[Any], tuple[str, int]]] = {
    tree.Xor: _joined("XOR", _XOR),
    tree.Or: _joined("OR", _OR),
    tree.And: _joined("AND", _AND),
    tree.Not: _negation,
    tree.Comparison: _compared,
    tree.InList: _in_list,
    tree.Binary: _binary,
    tree.Unary: _unary,
}


def _of_expression(node: tree.Node) -> str:
    return expression(node)


def _string(node: tree.String) -> str:
    return quote(node.value)


def _number(node: tree.Number) -> str:
    return node.text


def _boolean(node: tree.Boolean) -> str:
    return "true" if node.value else "false"


def _field_ref(node: tree.FieldRef) -> str:
    plain = not node.quoted and _NAME.fullmatch(node.name) and node.name.lower() not in _WORDS
    return node.name if plain else quote_single(node.name)


def _template(node: tree.Template) -> str:
    return "".join(part if isinstance(part, str) else f"{{{part.name}}}" for part in node.parts)


def _call(node: tree.Call) -> str:
    return f"{node.name}({', '.join(expression(argument) for argument in node.args)})"


def _assignment(node: tree.Assignment) -> str:
    target = node.target
    name = render(target) if isinstance(target, tree.Template) or target.quoted else _target(target.name)
    return f"{name}={expression(node.value)}"


def _target(name: str) -> str:
    return name if re.fullmatch(r"[^\s\"'=,()<>!\[\]|{}`]+", name) else quote_single(name)


# ---- aggregation and arguments -------------------------------------------------------------------------------------

_WORD_SPECIAL = re.compile(r"[\s()\[\],=|`]+|^'")
_OPTION_SPECIAL = re.compile(r"[\s()\[\],|`]+|^'")
_OPTION_NAME = re.compile(r"[^\s\"'(),=\[\]<>!|\\`]+")


def _word(node: tree.Word) -> str:
    if node.quoted == '"':
        return quote(node.text)
    if node.quoted == "'":
        return quote_single(node.text)
    return write_bare(node.text, _WORD_SPECIAL)


def _option(node: tree.Option) -> str:
    name = node.written or node.name
    if not _OPTION_NAME.fullmatch(name):
        name = quote(name)
    value = node.value
    if isinstance(value, tree.Word) and not value.quoted:
        return f"{name}{node.op}{write_bare(value.text, _OPTION_SPECIAL)}"
    return f"{name}{node.op}{render(value)}"


def _group(node: tree.Group) -> str:
    return f"{node.name}({node.text})"


def _rename(node: tree.Rename) -> str:
    return f"{render(node.source)} as {render(node.alias)}"


def _clause(node: tree.Clause) -> str:
    return f"{node.keyword} {' '.join(render(item) for item in node.items)}"


def _aggregation(node: tree.Aggregation) -> str:
    text = node.function
    if node.function == "eval":
        text = f"eval({expression(node.args[0])})"
    elif node.args or "(" in node.written:
        text = f"{node.function}({', '.join(_aggregation_argument(each) for each in node.args)})"
    return text if node.alias is None else f"{text} as {_alias(node.alias)}"


def _aggregation_argument(node: tree.Node) -> str:
    return _call(node) if isinstance(node, tree.Call) else render(node)


def _alias(name: str) -> str:
    return name if re.fullmatch(r"[^\s\"'(),\[\]|\\`]+", name) else quote(name)


def _raw_subsearch(node: tree.RawSubsearch) -> str:
    return f"[{node.text}]"


_RENDER: dict[type, Callable[[Any], str]] = {
    tree.Pipeline: _pipeline,
    tree.Command: _command,
    tree.And: _and,
    tree.Or: _or,
    tree.Not: _not,
    tree.Term: _term,
    tree.Directive: _directive,
    tree.FieldComparison: _comparison,
    tree.FieldIn: _field_in,
    tree.FieldInSubsearch: _field_in_subsearch,
    tree.SubsearchComparison: _subsearch_comparison,
    tree.Subsearch: _subsearch,
    tree.String: _string,
    tree.Number: _number,
    tree.Boolean: _boolean,
    tree.FieldRef: _field_ref,
    tree.Template: _template,
    tree.Call: _call,
    tree.Unary: _of_expression,
    tree.Binary: _of_expression,
    tree.Comparison: _of_expression,
    tree.InList: _of_expression,
    tree.Xor: _of_expression,
    tree.Assignment: _assignment,
    tree.Word: _word,
    tree.Option: _option,
    tree.Group: _group,
    tree.Rename: _rename,
    tree.Clause: _clause,
    tree.Aggregation: _aggregation,
    tree.RawSubsearch: _raw_subsearch,
}
