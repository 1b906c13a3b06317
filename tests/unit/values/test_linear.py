"""Patterns that scan in linear time: which ones are recognised, and that they find what PCRE2 finds."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from splmini.values import regex
from splmini.values._ambiguity import ambiguity
from splmini.values.linear import pair_finder

LINEAR = [r"<Data Name=['\"]([^'\"<]+)['\"]>([^<]+)", r"<([a-z]+)>([^<]+)<", r";(\w+)=([^;]+)", r"<(\w*)>([^<]+)"]
NOT_LINEAR = {
    "a run that swallows the start of another match": r"<a ([^>]+)>([^<]+)",
    "a run that swallows what follows it": r"<(\w+)([a-z])",
    "no fixed start": r"(\w+)=([^=]+)",
    "a choice": r"<(a|b)=([^<]+)",
    "something that may be missing": r"<(\w+)(?: x)?>([^<]+)",
    "what may be left out before the same": r"<(\w*)a>([^<]+)",
    "a lazy run": r"<(\w+?)>([^<]+)",
    "another number of groups": r"<(\w+)>[^<]+",
    "outside the common subset": r"<(\w+)>(?=x)([^<]+)",
    "case does not count": r"(?i)<(\w+)>([^<]+)",
    "an anchor inside": r"<(\w+)$([^<]+)",
    "a word boundary": r"<\b(\w+)>([^<]+)",
}


@pytest.mark.parametrize("pattern", LINEAR)
def test_recognised(pattern: str) -> None:
    """A pattern whose runs neither meet each other nor the start of a match is linear."""
    assert pair_finder(pattern) is not None


@pytest.mark.parametrize("why", NOT_LINEAR)
def test_not_recognised(why: str) -> None:
    """A pattern that may go over a place twice is left to PCRE2."""
    assert pair_finder(NOT_LINEAR[why]) is None


@given(st.sampled_from(LINEAR), st.text(st.sampled_from("<>=;'\" aDNtme\u00e9\n/"), max_size=60))
def test_the_same_as_pcre2(pattern: str, text: str) -> None:
    """What is found is what PCRE2 finds."""
    find = pair_finder(pattern)
    assert find is not None
    for sample in (text, f"<Data Name='{text}'>{text}<Data Name='x'>y</Data>", f"<a>{text}<b>", f";k={text};l=m"):
        expected = [(match.group(1), match.group(2)) for match in regex.compile(pattern)._finditer(sample)]
        assert find(sample) == expected


AMBIGUITY = [
    (r"sshd\[\d+\]:\s+(A|F)\s+(\S+)\s+for\s+(?:invalid\s+)?(\S+)\s+from", (0, 1)),
    (r"(a|ab)c", (0, 1)),
    (r"\w+\b", (1, 0)),
    (r"a?a", (0, 1)),
    (r"a{2,}a*b", (1, 0)),
    (r"(?:x\d*)?\d+", (1, 0)),
    (r"a*", (0, 0)),
]


@pytest.mark.parametrize(("pattern", "expected"), AMBIGUITY)
def test_how_many_ways_a_pattern_can_go(pattern: str, expected: tuple[int, int]) -> None:
    assert ambiguity(pattern) == expected


PIECES = st.sampled_from((r"\d+", r"\s+", r"\w+", "a*", "(b|c)", "(?:ab)?", r"(\S+)", "-", ":", r"[^:]*", "(?:a|bc)"))


@settings(max_examples=400)
@given(st.lists(PIECES, min_size=3, max_size=9).map("".join), st.text("abc1 :-", max_size=24))
def test_patterns_with_many_runs_match_what_pcre_matches(pattern: str, text: str) -> None:
    compiled = regex.compile(pattern)
    found, expected = compiled.search(text), compiled._full.search(text)
    assert (found is None) == (expected is None)
    if found is not None and expected is not None:
        assert (found.span(), found.groups()) == (expected.span(), expected.groups())
