"""The Pygments lexer: what is coloured as what, and that no character is lost."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pygments.lexers import get_lexer_by_name
from pygments.token import Comment, Keyword, Name, Operator, String, Token
from search_strategies import searches

from splmini.highlight import SplLexer


def kinds(text: str) -> dict[str, object]:
    return {value: kind for kind, value in SplLexer().get_tokens(text) if value.strip()}


SEARCH = (
    'error NOT user="a | b" `sysmon` ```why | stats``` | stats dc(src) as n by host '
    "| eval x=if('a b'>1, 2, $t$) [search x | where y]"
)
EXPECTED = {
    "NOT": Operator.Word,
    "user": Name.Attribute,
    '"a | b"': String.Double,
    "`sysmon`": Name.Function.Magic,
    "```why | stats```": Comment.Multiline,
    "stats": Keyword,
    "dc": Name.Builtin,
    "by": Keyword.Declaration,
    "eval": Keyword,
    "if": Name.Builtin,
    "'a b'": Name.Variable,
    "$t$": Name.Variable.Magic,
    "search": Keyword,
    "where": Keyword,
}


@pytest.mark.parametrize("text", EXPECTED)
def test_kind(text: str) -> None:
    """Each part of a search has the kind of the table."""
    assert kinds(SEARCH)[text] is EXPECTED[text]


@given(searches() | st.text(max_size=40))
def test_no_character_is_lost(text: str) -> None:
    """The tokens together are the text, and none of a valid search is an error."""
    lexer = SplLexer(stripnl=False, ensurenl=False)
    tokens = list(lexer.get_tokens_unprocessed(text))
    assert "".join(value for _, _, value in tokens) == text
    assert all(kind is not Token.Error for _, kind, _ in tokens)


def test_plugin_is_found_by_name() -> None:
    """Pygments finds the lexer by its name, where the package is installed."""
    try:
        lexer = get_lexer_by_name("spl")
    except Exception:
        pytest.skip("splmini is not installed")
    assert lexer.name == "SPL"
