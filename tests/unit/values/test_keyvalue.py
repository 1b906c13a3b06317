"""`key=value` text: pairs that are found by themselves, and between delimiters."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from splmini.values.keyvalue import clean_key, delimited_pairs, key_value_pairs, split_quoted

FOUND: dict[str, tuple[str, dict[str, bool], list[tuple[str, str]]]] = {
    "values end at blanks and separators": ("a=1, b=2;c=3&d=4|e=5", {}, [*zip("abcde", "12345", strict=True)]),
    "quoted values are whole": ("a=\"x y\" b='z w'", {}, [("a", "x y"), ("b", "z w")]),
    "blanks at the ends of quoted values go": ('a=" x "', {}, [("a", "x")]),
    "but not where they are kept": ('a=" x "', {"trim": False}, [("a", " x ")]),
    "tabs stay": ('a="\tx"', {}, [("a", "\tx")]),
    "empty values are left out": ('a= b="" c=1', {}, [("c", "1")]),
    "a quote ends at the next one": (r'a="x\" y" b=1', {}, [("a", "x\\"), ("b", "1")]),
    "escaped quotes are read where they are asked for": (r'a="x\" \\y"', {"escaped": True}, [("a", 'x" \\y')]),
    "brackets around a pair are no part of it": ("(a=1) [b=2]", {}, [("a", "1"), ("b", "2")]),
    "brackets of the value are": ("a=f(1)", {}, [("a", "f(1)")]),
    "single quotes around pairs are none": (
        """msg='op=add id=7 acct="a b" res=ok'UID="root" x='y z'""",
        {},
        [("op", "add"), ("id", "7"), ("acct", "a b"), ("res", "ok"), ("UID", "root"), ("x", "y z")],
    ),
    "single quotes around other text are": (
        "cmd='powershell -enc AA==' note='echo x y=1' z=1",
        {},
        [("cmd", "powershell -enc AA=="), ("note", "echo x y=1"), ("z", "1")],
    ),
    "an apostrophe is part of a name": ("name=O'Brien b=1", {}, [("name", "O'Brien"), ("b", "1")]),
    "names are as they are written": ("_a.b-c=1", {}, [("_a.b-c", "1")]),
    "a name begins behind a colon": ("ip:port=1.2.3.4 x::y=2", {}, [("port", "1.2.3.4"), ("y", "2")]),
}


@pytest.mark.parametrize("name", FOUND)
def test_pairs(name: str) -> None:
    """Pairs are found as Splunk finds them."""
    text, options, expected = FOUND[name]
    assert list(key_value_pairs(text, **options)) == expected


@pytest.mark.parametrize(
    ("pairs", "values", "text", "expected"),
    [
        ("|;", "=:", "a=1|b:2;c==3", [("a", "1"), ("b", "2"), ("c", "3")]),
        (",", "=", 'a="x,y",b=', [("a", "x,y"), ("b", "")]),
        (" ", None, "a 1  b 2 c", [("a", "1"), ("b", "2")]),
    ],
)
def test_delimited(pairs: str, values: str | None, text: str, expected: list[tuple[str, str]]) -> None:
    """Pairs between delimiters; with one set of them names and values alternate."""
    assert list(delimited_pairs(pairs, values)(text)) == expected


@given(st.text(max_size=80))
def test_any_text(text: str) -> None:
    """Any text is read without error, and what is found stands in it."""
    for key, value in key_value_pairs(text, escaped=True, trim=False):
        assert key in text
        assert value
    assert set("".join(split_quoted(text, ","))) <= set(text)
    assert clean_key(text) == clean_key(clean_key(text))
    list(delimited_pairs(";", "=")(text))
