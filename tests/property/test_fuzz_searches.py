# ruff: noqa: PT017 - that an error may come out, and what it must have, is what is tested
"""Fuzzing of searches: whatever the text, it is a search or an SplError with a position; `make fuzz` runs it longer."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from search_strategies import CHARACTERS, FRAGMENTS, searches

import splmini
from splmini.errors import SplError
from splmini.language.layout import format
from splmini.language.macros import MacroRegistry
from splmini.language.parser import parse
from splmini.language.yaml_layout import format_yaml


def check(text: str) -> None:
    """Parse, print, lay out and compile a text; only an SplError may come out, and it has a position."""
    try:
        node = parse(text)
    except SplError as error:
        assert error.position is not None
        line, column = error.position
        assert 1 <= line <= text.count("\n") + 1
        assert column >= 1
    else:
        assert parse(str(node)) == node
        assert parse(format(text)) == node
        try:
            splmini.Environment().compile(text)
        except SplError as error:
            assert error.message
    try:
        laid_out = format(text)
    except SplError:
        return
    assert format(laid_out) == laid_out


@given(st.text(CHARACTERS, max_size=60))
def test_any_text(text: str) -> None:
    """Any text."""
    check(text)


@given(st.lists(FRAGMENTS, max_size=14).map("".join))
def test_fragments(text: str) -> None:
    """Fragments of the language, glued in any order."""
    check(text)


@given(st.lists(FRAGMENTS, max_size=14).map(" ".join))
def test_words(text: str) -> None:
    """Words of the language in any order."""
    check(text)


@given(searches(), st.data())
def test_broken_searches(text: str, data: st.DataObject) -> None:
    """Valid searches with a piece cut out, doubled or replaced."""
    start = data.draw(st.integers(0, len(text)))
    end = data.draw(st.integers(start, min(start + 8, len(text))))
    check(text[:start] + data.draw(FRAGMENTS | st.just("") | st.just(text[start:end] * 2)) + text[end:])


@given(st.dictionaries(st.sampled_from(["a", "b(1)", "c"]), st.lists(FRAGMENTS, max_size=5).map(" ".join)))
def test_macros(definitions: dict[str, str]) -> None:
    """Macros with any definition expand or are an error."""
    entries = {name: {"args": ["x"] if "(" in name else [], "definition": text} for name, text in definitions.items()}
    try:
        parse("search `a` | `b(`c`)` | `b(x=1)` | `c`", MacroRegistry.from_dict(entries))
    except SplError as error:
        assert error.position is not None


@given(st.text(CHARACTERS, max_size=80) | st.lists(FRAGMENTS, max_size=10).map("search: ".join))
def test_yaml(text: str) -> None:
    """Any text is YAML whose search is laid out, or an error."""
    try:
        format_yaml(text)
    except SplError as error:
        assert error.message
