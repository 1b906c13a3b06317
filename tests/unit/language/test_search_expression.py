"""Search expressions: what text becomes which tree."""

import pytest

from splmini import errors
from splmini.language.parser import parse, parse_search
from splmini.language.tree import (
    And,
    Directive,
    FieldComparison,
    FieldIn,
    Not,
    Or,
    Subsearch,
    SubsearchComparison,
    Term,
)


def term(text: str) -> Term:
    return Term(text)


def equal(field: str, value: str, quoted: bool = False, op: str = "=") -> FieldComparison:
    return FieldComparison(field, op, value, quoted)


A, B, C = term("a"), term("b"), term("c")

EXPRESSIONS = {
    # precedence: NOT, then OR, then AND
    "a b OR c": And((A, Or((B, C)))),
    "a AND b OR c": And((A, Or((B, C)))),
    "a OR b c": And((Or((A, B)), C)),
    "NOT a OR b": Or((Not(A), B)),
    "NOT a b": And((Not(A), B)),
    "NOT (a b)": Not(And((A, B))),
    "NOT NOT a": Not(Not(A)),
    "(a)": A,
    "((a OR b))": Or((A, B)),
    "()": And(()),
    "": And(()),
    "a, b": And((A, B)),
    "a or b": And((A, term("or"), B)),
    "(a)OR(b)": Or((A, B)),
    "NOT(a)": Not(A),
    # words
    "error*": term("error*"),
    "a,b": term("a,b"),
    "127.0.0.1:80": term("127.0.0.1:80"),
    "-dumpcr": term("-dumpcr"),
    "$user$": term("$user$"),
    "user@example.com": term("user@example.com"),
    "{x}": term("{x}"),
    "größe": term("größe"),
    "it's": term("it's"),
    "ANDROID": term("ANDROID"),
    "NOTE": term("NOTE"),
    r"System\ Volume": term("System Volume"),
    r"C:\Temp": term(r"C:\Temp"),
    r"C:\\Temp": term(r"C:\Temp"),
    'pre"in quotes"post': term("prein quotespost"),
    '"a phrase"': Term("a phrase", True),
    r'"say \"hi\" \d \\ x"': Term(r'say "hi" \d \ x', True),
    '"AND"': Term("AND", True),
    "name(x)": And((term("name"), term("x"))),
    "TERM(127.0.0.1)": Directive("TERM", "127.0.0.1"),
    "CASE(%ASA-1*)": Directive("CASE", "%ASA-1*"),
    # comparisons
    "status=404": equal("status", "404"),
    "status == 404": equal("status", "404"),
    'user = "bob smith"': equal("user", "bob smith", True),
    "n>=10": equal("n", "10", op=">="),
    "n <10": equal("n", "10", op="<"),
    "a!=b": equal("a", "b", op="!="),
    '"user name"=bob': equal("user name", "bob"),
    "query_type{}=SIG": equal("query_type{}", "SIG"),
    "sourcetype::x": equal("sourcetype", "x", op="::"),
    "tag::host=web": equal("tag::host", "web"),
    "earliest=-24h@h": equal("earliest", "-24h@h"),
    "sourcetype=aws:cloudtrail": equal("sourcetype", "aws:cloudtrail"),
    "source=WinEventLog:Microsoft-Windows-PowerShell/Operational": equal(
        "source", "WinEventLog:Microsoft-Windows-PowerShell/Operational"
    ),
    r"path=*\\Temp\\*": equal("path", r"*\Temp\*"),
    r'path="*\\Temp\\*"': equal("path", r"*\Temp\*", True),
    r"path=*\Temp\*": equal("path", r"*\Temp\*"),
    "url=a?b=c": equal("url", "a?b=c"),
    'x=""': equal("x", "", True),
    "code=007": equal("code", "007"),
    "host=CASE(WWW2)": equal("host", "CASE(WWW2)"),
    "a=b,c": equal("a", "b,c"),
    "a=b, c": And((equal("a", "b"), C)),
    "a=b) OR (c=d": None,
    # lists
    "x IN (1, 2)": FieldIn("x", (term("1"), term("2"))),
    'x IN("a b",c d*)': FieldIn("x", (Term("a b", True), C, term("d*"))),
    "x NOT IN (1)": Not(FieldIn("x", (term("1"),))),
    "NOT x IN (1) y=2": And((Not(FieldIn("x", (term("1"),))), equal("y", "2"))),
    "x.y{} IN (*-a*)": FieldIn("x.y{}", (term("*-a*"),)),
    r"p IN (*\\Groups.xml)": FieldIn("p", (term(r"*\Groups.xml"),)),
}


@pytest.mark.parametrize("text", EXPRESSIONS)
def test_expression(text: str) -> None:
    """A text is the tree of the table, or, where there is none, an error."""
    expected = EXPRESSIONS[text]
    if expected is None:
        with pytest.raises(errors.SplSyntaxError):
            parse_search(text)
    else:
        assert parse_search(text) == expected


@pytest.mark.parametrize("text", [text for text, node in EXPRESSIONS.items() if node is not None])
def test_printed_expression_is_the_same(text: str) -> None:
    """The canonical text of an expression parses to the same tree."""
    node = parse_search(text)
    assert parse_search(str(node)) == node


def test_subsearches_anywhere() -> None:
    """A subsearch is an operand, a value, and a member of a list."""
    node = parse("a [search b | fields c] x=[search d | return $e]").commands[0].args[0]
    assert isinstance(node, And)
    assert isinstance(node.items[1], Subsearch)
    assert isinstance(node.items[2], SubsearchComparison)
    assert parse(str(parse("x IN ([search d | return $e], 5)"))) == parse("x IN ([search d|return $e] 5)")


@pytest.mark.parametrize(
    ("text", "count"), [(" OR ".join(f"u=a{n}" for n in range(5000)), 5000), ("x IN (" + "v," * 4999 + "v)", 5000)]
)
def test_many_alternatives(text: str, count: int) -> None:
    """Thousands of alternatives are one flat node."""
    node = parse_search(text)
    assert len(node.items if isinstance(node, Or) else node.values) == count  # type: ignore[attr-defined]


def test_many_brackets() -> None:
    """Brackets do not recurse: three thousand of them are nothing."""
    assert parse_search("(" * 3000 + "a" + ")" * 3000) == A


def test_nesting_has_an_end() -> None:
    """What is nested too deep for the rest of the program is refused with a position."""
    with pytest.raises(errors.SplSyntaxError, match="nested more than") as caught:
        parse("NOT " * 5000 + "a")
    assert caught.value.position is not None


def test_spans_are_places_in_the_text() -> None:
    """Each node knows where it stands."""
    text = "a OR user=bob"
    node = parse_search(text)
    assert isinstance(node, Or)
    assert [text[item.span.start : item.span.end] for item in node.items] == ["a", "user=bob"]
