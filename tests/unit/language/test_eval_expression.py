"""Eval expressions and assignments: what text becomes which tree."""

import pytest

from splmini.language.parser import parse, parse_expression
from splmini.language.tree import (
    And,
    Assignment,
    Binary,
    Boolean,
    Call,
    Comparison,
    FieldRef,
    InList,
    Not,
    Number,
    Or,
    String,
    Template,
    Unary,
    Xor,
)

A, B, C = FieldRef("a"), FieldRef("b"), FieldRef("c")
ONE, TWO = Number("1"), Number("2")


def is_one(field: FieldRef) -> Comparison:
    return Comparison("=", field, ONE)


EXPRESSIONS = {
    "a=1 AND b=1 OR c=1": Or((And((is_one(A), is_one(B))), is_one(C))),
    "a=1 or b=1 xor c=1": Xor((Or((is_one(A), is_one(B))), is_one(C))),
    "NOT a=1 AND b=1": And((Not(is_one(A)), is_one(B))),
    "!match(a,b)": Not(Call("match", (A, B))),
    "a==1": is_one(A),
    "a!=b": Comparison("!=", A, B),
    "a LIKE b": Comparison("like", A, B),
    "a NOT LIKE b": Not(Comparison("like", A, B)),
    "a IN (1, 2)": InList(A, (ONE, TWO)),
    "NOT a in(1)": Not(InList(A, (ONE,))),
    "a NOT IN (1)": Not(InList(A, (ONE,))),
    "in(a, 1)": Call("in", (A, ONE)),
    "like(a, b)": Call("like", (A, B)),
    "1+2*a": Binary("+", ONE, Binary("*", TWO, A)),
    "a-b-c": Binary("-", Binary("-", A, B), C),
    "a-(b-c)": Binary("-", A, Binary("-", B, C)),
    "a.b": Binary(".", A, B),
    'a . "x" . b': Binary(".", Binary(".", A, String("x")), B),
    "a.5": Binary(".", A, Number("5")),
    "1.5.a": Binary(".", Number("1.5"), A),
    ".5": Number(".5"),
    "007": Number("007"),
    "0x1F": Number("0x1F"),
    "1e3": Number("1e3"),
    "-a": Unary("-", A),
    "-5*a": Binary("*", Unary("-", Number("5")), A),
    "a%b": Binary("%", A, B),
    "f()": Call("f", ()),
    "IF(a, b, c)": Call("if", (A, B, C)),
    "f (a)": Call("f", (A,)),
    "'a.b{}.c'": FieldRef("a.b{}.c"),
    "'it\\'s'": FieldRef("it's"),
    "true": Boolean(True),
    "null": FieldRef("null"),
    "order": FieldRef("order"),
    "$token$": FieldRef("$token$"),
    r'"\.com$"': String(r"\.com$"),
    r'"a\\b \"c\" \d"': String('a\\b "c" \\d'),
    r'"(.*)\\\(.+)$"': String("(.*)\\\\(.+)$"),
    '"x | y [z] `m`"': String("x | y [z] `m`"),
    "größe": FieldRef("größe"),
}


@pytest.mark.parametrize("text", EXPRESSIONS)
def test_expression(text: str) -> None:
    """A text is the tree of the table, and so is its canonical text."""
    node = parse_expression(text)
    assert node == EXPRESSIONS[text]
    assert parse_expression(str(node)) == node


ASSIGNMENTS = {
    "x=1": Assignment(FieldRef("x"), ONE),
    "x = a=1": Assignment(FieldRef("x"), is_one(A)),
    '"two words"=1': Assignment(FieldRef("two words"), ONE),
    "'a.b'=1": Assignment(FieldRef("a.b"), ONE),
    "a.b=1": Assignment(FieldRef("a.b"), ONE),
    "{a}=1": Assignment(Template((A,)), ONE),
    "pre_{a}_post=1": Assignment(Template(("pre_", A, "_post")), ONE),
    "Target{}.ID=1": Assignment(FieldRef("Target{}.ID"), ONE),
}


@pytest.mark.parametrize("text", ASSIGNMENTS)
def test_assignment(text: str) -> None:
    """Targets may be bare, quoted, dotted, or made from values."""
    command = parse(f"| eval {text}").commands[0]
    assert command.args == (ASSIGNMENTS[text],)
    assert parse(f"| {command}").commands[0] == command


def test_assignments_are_separated_by_commas() -> None:
    """Commas inside calls do not separate assignments."""
    command = parse("| eval x=if(a=1, b, c), y=f(1,2)").commands[0]
    assert [str(each) for each in command.args] == ["x=if(a=1, b, c)", "y=f(1, 2)"]
