"""Regular expressions: PCRE2's meaning, errors, group names, limits."""

from __future__ import annotations

import pickle
import re

import pytest

from splmini.errors import ArgumentError
from splmini.values import regex


@pytest.mark.parametrize(
    ("pattern", "text", "groups"),
    [
        (r"(\w+)@(\w+)", "x ana@home y", ("ana", "home")),
        (r"(?<user>a+)", "baa", ("aa",)),
        (r"(?i)ADMIN", "an admin", ()),
        (r"a++b", "aab", ()),
        (r"(?>a+)b(c)?", "aab", (None,)),
        (r"\Q.\E(x)", "a.x", ("x",)),
        (r"(?<=a)(b)", "ab", ("b",)),
        (r"(?|(a)|(b))", "b", ("b",)),
        (r"\h(x)", "a\tx", ("x",)),
        (r"(?P<n>x)(?P=n)", "xx", ("x",)),
        (r"(?'q'z)", "z", ("z",)),
        (r"[[:upper:]]+", "abC", ()),
        (r"(*UTF8)(é)", "é", ("é",)),
    ],
)
def test_search(pattern: str, text: str, groups: tuple[str | None, ...]) -> None:
    """Patterns mean what they mean in Splunk."""
    match = regex.compile(pattern).search(text)
    assert match is not None
    assert match.groups() == groups


def test_classes_are_those_of_ascii() -> None:
    """Word characters and digits are ASCII, whichever engine runs the pattern."""
    for text in ("é1", "é1" + "x" * 600):
        match = regex.compile(r"\w+").search(text)
        assert match is not None
        assert match.group(0).startswith("1")


@pytest.mark.parametrize(
    ("pattern", "position", "reason"),
    [
        ("(abc", 4, "missing closing parenthesis"),
        ("ä[z-a]", 5, "range out of order in character class"),
        ("a**b", 3, "quantifier does not follow a repeatable item"),
        ("(?<" + "n" * 40 + ">x)(", 47, "missing closing parenthesis"),
        ("x)", 2, "unmatched closing parenthesis"),
    ],
)
def test_errors(pattern: str, position: int, reason: str) -> None:
    """A bad pattern is refused with the place inside it, as the user wrote it."""
    with pytest.raises(ArgumentError) as caught:
        regex.compile(pattern)
    assert (
        caught.value.message
        == f"The regular expression '{pattern}' is invalid at position {position} of the pattern: {reason}."
    )


def test_group_names() -> None:
    """In the settings of apps, names that PCRE2 refuses are kept as written, and a name may come twice."""
    text = r"(?<src-ip>\d+)|(?<src-ip>[a-z]+)|(?<9lives>#)|(?<" + "n" * 40 + ">!)|(?<ok>-)"
    pattern = regex.compile(text, any_names=True)
    assert pattern.names == [("src-ip", 1), ("src-ip", 2), ("9lives", 3), ("n" * 40, 4), ("ok", 5)]
    assert pattern.groupindex["src-ip"] == 1
    assert pattern.groups == 5


@pytest.mark.parametrize(
    ("pattern", "reason"),
    [
        ("(?P<1bad>x)", "subpattern name must start with a non-digit"),
        ("(?<a>x)(?<a>y)", "two named subpatterns have the same name (PCRE2_DUPNAMES not set)"),
        ("(?<src-ip>x)", "syntax error in subpattern name (missing terminator?)"),
    ],
)
def test_refused_group_names(pattern: str, reason: str) -> None:
    """In searches, names that PCRE2 refuses are refused with its reason."""
    with pytest.raises(ArgumentError) as caught:
        regex.compile(pattern)
    assert caught.value.message.endswith(f": {reason}.")


def test_accepted_group_names() -> None:
    """Long names are accepted, and where the pattern says so, a name may come twice."""
    assert regex.compile("(?<" + "n" * 40 + ">x)").names == [("n" * 40, 1)]
    assert regex.compile("(?J)(?<a>x)|(?<a>y)").names == [("a", 1), ("a", 2)]


def test_group_names_inside_classes_and_escapes() -> None:
    """What only looks like a group is not renamed."""
    assert regex.compile(r"[(?<a-b>]\(\?<c-d>").search("a(?<c-d>") is not None


def test_match_limit() -> None:
    """A runaway pattern is no match and is counted."""
    pattern = regex.compile("^(x+x+)+$")
    before = pattern.exceeded
    assert pattern.search("x" * 60 + "!") is None
    assert list(pattern.finditer("x" * 60 + "!")) == []
    assert pattern.exceeded == before + 2


def test_a_pattern_cannot_lift_its_limit() -> None:
    """LIMIT_MATCH inside the pattern is left out."""
    assert regex.compile("(*LIMIT_MATCH=4000000000)^(x+x+)+$").search("x" * 60 + "!") is None


@pytest.mark.parametrize(
    ("pattern", "replacement", "text", "count", "result"),
    [
        ("b", "X", "abcb", 0, "aXcX"),
        ("b", "X", "abcb", 1, "aXcb"),
        ("(a)(b)?", r"[\2\1]", "a ab", 0, "[a] [ba]"),
        ("x*", "-", "abx", 0, "-a-b--"),
        ("z", "Y", "abc", 0, "abc"),
        ("a", r"\7", "a", 0, ""),
        ("a", "$1", "a", 0, "$1"),
    ],
)
def test_sub(pattern: str, replacement: str, text: str, count: int, result: str) -> None:
    """Replacing knows groups by number; a group that is not there is empty."""
    assert regex.compile(pattern).sub(replacement, text, count) == result
    assert regex.compile(pattern).sub(replacement, text + "\u2028" * 2, count).replace("\u2028", "").rstrip(
        "-"
    ) == result.rstrip("-")


def test_half_a_surrogate_pair() -> None:
    """A damaged text is searched as if the damaged character were another."""
    match = regex.compile("(a)b?").search("\ud800a")
    assert match is not None
    assert match.start(1) == 1


def test_pickling_and_flags() -> None:
    """A pattern goes to another process as its text; flags are letters."""
    pattern = pickle.loads(pickle.dumps(regex.compile("a.B", "is")))
    assert pattern.search("A\nb") is not None
    assert pattern.fullmatch("A\nbc") is None
    assert pattern.match("xA\nb") is None


def test_places_in_a_long_text_are_those_in_characters() -> None:
    """The matches of a long text that is not ASCII are where `re` finds them: groups, those that did not match too."""
    text = "é a1 ü-b " * 400
    pattern = r"(?<=(.))([a-z])(\d)?"
    ours, theirs = list(regex.compile(pattern).finditer(text)), list(re.finditer(pattern, text))
    assert len(ours) == len(theirs) == 800
    for mine, other in zip(ours, theirs, strict=True):
        for group in range(4):
            assert mine.span(group) == other.span(group)
            assert (mine.start(group), mine.end(group), mine[group]) == (
                other.start(group),
                other.end(group),
                other[group],
            )
        assert mine.groups() == other.groups()
    assert repr(regex.compile("a+")) == "regex.compile('a+')"


def test_half_a_pair_in_a_pattern_is_told() -> None:
    """A pattern with half a surrogate pair is no pattern."""
    with pytest.raises(ArgumentError, match="half a surrogate pair"):
        regex.compile("a\ud800b")
