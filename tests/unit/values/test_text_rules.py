"""Wildcards, multivalue, terms, networks, sorting: the rules that searches rest on."""

from __future__ import annotations

import itertools
from typing import Any

import pytest

from splmini.values import multivalue, networks, sorting, terms, wildcards


@pytest.mark.parametrize(
    ("pattern", "text", "matches"),
    [
        ("abc", "ABC", True),
        ("a*", "abc", True),
        ("*c", "abc", True),
        ("*b*", "abc", True),
        ("a*c", "ac", True),
        ("a*b*c", "aXbYc", True),
        ("a*b*c", "acb", False),
        ("*", "", True),
        ("**", "x", True),
        ("a*a", "a", False),
        ("ab*ba", "aba", False),
        ("*a*a*", "a", False),
        ("C:\\*\\x", "c:\\y\\X", True),
        ("a.c", "abc", False),
        ("", "", True),
        ("", "a", False),
        ("a?c", "abc", False),
    ],
)
def test_wildcards(pattern: str, text: str, matches: bool) -> None:
    """`*` is any characters, all else is itself, case does not count."""
    assert wildcards.compile_wildcard(pattern)(text) is matches


@pytest.mark.parametrize("text", ["", "a", "Ab", "xaBy", "bA", "abab", "a*b"])
def test_many_wildcards_are_each_of_them(text: str) -> None:
    """A text matches one of many patterns where it matches one of them alone."""
    patterns = ["a*", "*B", "*ab*", "a*b", "*", "**", "ab", "*a*b*", "x*a*"]
    for size in (1, 2, 3):
        for chosen in itertools.combinations(patterns, size):
            expected = any(wildcards.compile_wildcard(pattern)(text) for pattern in chosen)
            assert wildcards.compile_wildcards(chosen)(text) is expected, chosen


def test_wildcards_with_case() -> None:
    """Field names heed case."""
    assert wildcards.compile_wildcard("A*", ignore_case=False)("abc") is False
    assert wildcards.matching("a*", ["ab", "Ab", "b"]) == ["ab"]
    assert [wildcards.has_wildcard(text) for text in ("a*", "a")] == [True, False]


def test_a_wildcard_never_backtracks() -> None:
    """Many stars over a long text end at once."""
    assert wildcards.compile_wildcard("*a" * 50 + "*b")("a" * 20_000) is False


@pytest.mark.parametrize(
    ("pattern", "replacement", "name", "result"),
    [
        ("a.*", "b_*", "a.x", "b_x"),
        ("*.*", "*-*", "a.b", "a-b"),
        ("*", "p_*", "x", "p_x"),
        ("a*", "b", "ax", "b"),
        ("a*", "b*", "c", None),
    ],
)
def test_substitute(pattern: str, replacement: str, name: str, result: str | None) -> None:
    """Rename with wildcards carries over what the stars matched."""
    assert wildcards.substitute(pattern, replacement, name) == result


def test_multivalue() -> None:
    """A list of one is its value, an empty one is null."""
    assert multivalue.from_list(["a", None]) == "a"
    assert multivalue.from_list([None]) is None
    assert multivalue.first([]) is None
    assert multivalue.first(["a", "b"]) == "a"
    assert multivalue.joined(None) == ""
    assert multivalue.joined([1.0, "a"], ";") == "1;a"


RAW = 'Jan 5 host=web-01 user="ana" path=/var/log/x.log msg="disk failure" ip=10.0.0.1 q=a%20b'


@pytest.mark.parametrize(
    ("term", "quoted", "found"),
    [
        ("web", False, True),
        ("we", False, False),
        ("we*", False, True),
        ("*eb", False, True),
        ("WEB-01", False, True),
        ("web-0", False, False),
        ("host=web", False, True),
        ("disk failure", True, True),
        ("disk fail", True, False),
        ("disk fail*", True, True),
        ("d*failure", True, True),
        ("d*failure", False, False),
        ("10.0.0.1", False, True),
        ("0.0.1", False, True),
        ("0.0.10", False, False),
        ("log", False, True),
        ("/var/log", False, True),
        ("b", False, True),
        ("", True, True),
        ("*", False, True),
        ("nothing", False, False),
    ],
)
def test_terms(term: str, quoted: bool, found: bool) -> None:
    """A term begins and ends at a breaker unless a star stands there."""
    assert terms.term_matcher(term, quoted)(RAW) is found


@pytest.mark.parametrize(
    ("term", "case", "exact", "raw", "found"),
    [
        ("10.0.0.1", False, True, "ip 10.0.0.1 x", True),
        ("10.0.0.1", False, True, "ip=10.0.0.1", False),
        ("ip=10.0.0.1", False, True, "(IP=10.0.0.1)", True),
        ("Error", True, False, "an error", False),
        ("Error", True, False, "an Error=5", True),
        ("a*", False, True, "x abc", True),
        ("b", False, True, "a-b", False),
    ],
)
def test_directives(term: str, case: bool, exact: bool, raw: str, found: bool) -> None:
    """TERM is a whole segment between major breakers, CASE heeds case."""
    assert terms.term_matcher(term, False, case=case, exact=exact)(raw) is found


def test_segments() -> None:
    """A text falls into segments at major breakers, and these into parts at minor ones."""
    assert terms.segments("a=b-c (d)") == {"a=b-c", "a", "b", "c", "d"}


@pytest.mark.parametrize(
    ("block", "address", "inside"),
    [
        ("10.0.0.0/8", "10.255.255.255", True),
        ("10.0.0.0/8", "11.0.0.0", False),
        ("10.1.2.3/8", "10.9.9.9", True),
        ("::/0", "::1", True),
        ("::/0", "1.2.3.4", False),
        ("10.0.0.0/255.0.0.0", "10.1.1.1", True),
        ("10.0.0.5", "10.0.0.5", True),
        ("bad", "10.0.0.1", None),
        ("10.0.0.0/33", "10.0.0.1", None),
        ("10.0.0.0/8", 5, False),
    ],
)
def test_networks(block: str, address: Any, inside: bool | None) -> None:
    """An address is in a block of its own family; what is no address is in none."""
    assert networks.cidr_match(block, address) is inside


def test_is_cidr() -> None:
    """Only an address with a prefix length is a block."""
    assert [networks.is_cidr(text) for text in ("10.0.0.0/8", "2001:db8::/32", "10.0.0.1", "a/b", "1/2")] == [
        True,
        True,
        False,
        False,
        False,
    ]


def test_sorting() -> None:
    """Numbers, then addresses, then texts, then null."""
    mixed = ["b", None, "10", 9, "10.0.0.2", "9.0.0.1", "A", ["z", "a"], "1.5"]
    assert sorted(mixed, key=sorting.auto_key) == ["1.5", 9, "10", "9.0.0.1", "10.0.0.2", "A", "b", ["z", "a"], None]
    assert sorted(["b", "10", "9", None], key=sorting.number_key) == ["9", "10", "b", None]
    assert sorted(["b", "10", "9", None], key=sorting.text_key) == ["10", "9", "b", None]
    assert sorted(["x", "10.0.0.1", "9.0.0.1", None, "::1"], key=sorting.ip_key) == [
        "9.0.0.1",
        "10.0.0.1",
        "::1",
        "x",
        None,
    ]
    assert sorting.lexicographic([]) == sorting.lexicographic(None)
