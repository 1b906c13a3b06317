"""Comparison in search and in eval."""

from __future__ import annotations

from typing import Any

import pytest

from splmini.values.comparison import compare, search_comparison


@pytest.mark.parametrize(
    ("op", "literal", "value", "holds"),
    [
        ("=", "abc", "ABC", True),
        ("=", "a*", "Abc", True),
        ("=", "007", "7", False),
        ("=", "7", 7, True),
        ("=", "7.0", 7, True),
        ("=", "7", 7.0, True),
        ("=", "*", "", True),
        ("=", "", "", True),
        ("=", "x", None, False),
        ("=", "b", ["a", "B"], True),
        ("=", "10.0.0.0/8", "10.1.1.1", True),
        ("=", "10.0.0.0/8", "10.0.0.0/8", True),
        ("=", "CASE(Ab)", "ab", False),
        ("=", "CASE(Ab)", "Ab", True),
        ("=", "CASE(A*)", "abc", False),
        ("=", "TERM(a.b)", "A.b", True),
        ("::", "a", "A", True),
        ("!=", "a", "b", True),
        ("!=", "a", "A", False),
        ("!=", "a", None, False),
        ("!=", "*", "x", False),
        ("!=", "a", ["a", "b"], True),
        ("!=", "a", ["a", "A"], False),
        (">", "9", "10", True),
        (">", "9", "x", True),
        (">", "m", "z", True),
        ("<", "10", "9", True),
        ("<=", "1.5", 1.5, True),
        (">=", "2", ["1", "3"], True),
        (">", "5", None, False),
    ],
)
def test_search(op: str, literal: str, value: Any, holds: bool) -> None:
    """In a search case does not count, `*` is a wildcard, one value of several is enough, null never satisfies."""
    assert search_comparison(op, literal)(value) is holds


def test_a_quoted_directive_is_text() -> None:
    """In quotes CASE(x) is the text itself."""
    assert search_comparison("=", "CASE(a)", quoted=True)("case(A)") is True


@pytest.mark.parametrize(
    ("op", "left", "right", "result"),
    [
        ("=", "5", "5.0", True),
        ("=", "a", "A", False),
        ("!=", "a", "b", True),
        ("<", "9", "10", True),
        ("<", "9a", "10", False),
        ("<", 9, "abc", True),
        ("=", None, "a", None),
        ("!=", "a", None, None),
        ("=", ["a", "b"], "b", True),
        ("=", "b", ["a", "b"], True),
        ("=", True, True, True),
        (">=", 2, 2.0, True),
        ("==", "x", "x", True),
    ],
)
def test_eval(op: str, left: Any, right: Any, result: bool | None) -> None:
    """In eval case counts, texts that look like numbers are numbers, null makes null."""
    assert compare(op, left, right) is result
