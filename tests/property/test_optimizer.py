"""Every rewrite of a plan gives the rows of the plan as written, in their order, with their columns."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import splmini
from splmini.operators import Operator
from splmini.plan.optimize import optimize

ENV = splmini.Environment(lookups={"names": {"rows": [{"user": "u1", "full": "One"}, {"user": "u2", "full": "Two"}]}})
VALUES = st.sampled_from((1, 2, 10, "1", "a", "A", "a b", "u1", "u2", "x\\y", ["u1", "a"], [1, "b"], 1.5, ""))
EVENTS = st.lists(
    st.dictionaries(st.sampled_from(("user", "a", "b", "c", "_time", "index")), VALUES, max_size=5).map(
        lambda event: {**event, "sourcetype": "st"} | ({"_time": 5} if "_time" in event else {})
    ),
    max_size=8,
)
STEPS = st.sampled_from(
    (
        "eval d=a.b",
        "eval a=1",
        'eval c=if(a>1, "x", b), d=c',
        "eval user=lower(user)",
        "rename user as who",
        "rename a as b",
        "rename a as b b as c",
        "rename * as x_*",
        "fields user a b",
        "fields - a",
        "fillnull value=0 a",
        "fillnull value=z",
        'rex field=b "(?<a>.)"',
        "lookup names user OUTPUT full",
        "lookup names user OUTPUTNEW full as a",
        "makemv a",
        "mvexpand user",
        "strcat a b c",
        "bin a span=2",
        "search user=u1",
        "search a=1",
        "search NOT b=a",
        'search who="u*"',
        "search a=1 OR c=x",
        "search earliest=1 latest=9",
        "search index=main",
        "where a>1",
        'where b="a"',
        "where user=who",
        "where isnull(c)",
        'where a="x\\\\y" OR a="u1"',
        "head 2",
        "head 0",
        "sort a",
        "sort 0 - b",
        "sort 3 c | head 2",
        "sort b limit=2",
        "dedup a",
        "stats count by user",
        "stats values(c) as c by a",
        "table a b d",
        "reverse",
        "tail 2",
        "search full=One",
        "regex b=a",
        "noop",
        "eval _time=3",
        'search "a b"',
        "head 3",
        "fields user | search a=1",
    )
)
SEARCHES = st.lists(STEPS, min_size=1, max_size=6).map(lambda steps: "search * | " + " | ".join(steps))
ORDERS = st.sampled_from(("given", "newest"))


@settings(max_examples=400, deadline=None)
@given(EVENTS, SEARCHES, ORDERS)
def test_pipelines(events: list[dict[str, Any]], search: str, order: str) -> None:
    """Pipelines of filters, calculations, renames, limits and sorts, in any order."""
    compiled = ENV.compile(search)
    fast, plain = compiled.run(events, order=order), compiled.run(events, order=order, optimize=False)
    assert list(map(dict, fast)) == list(map(dict, plain)), search
    assert fast.fields == plain.fields, search


def shown(search: str) -> list[str]:
    """Return the steps of the optimised plan, as SPL."""
    return [step.text for step in ENV.compile(search).plan().optimised]


@pytest.mark.parametrize(
    ("search", "expected"),
    [
        ("x=1 | eval a=1 | search y=2", ["x=1 y=2", "eval a=1"]),
        ("x=1 | rename b as c | search c=2", ["x=1 b=2", "rename b AS c"]),
        ("x=1 | rename b as c | search b=2", ["x=1", "rename b AS c", "search b=2"]),
        ("x=1 | eval y=2 | search y=2", ["x=1", "eval y=2", "search y=2"]),
        ("x=1 | eval a=1 | search earliest=-1d", ["x=1", "eval a=1", "search earliest=-1d"]),
        ("x=1 | eval a=1 | search index=b", ["x=1", "eval a=1", "search index=b"]),
        ("x=1 | eval a=1 | where b>2 | search c=3", ["x=1 c=3", "where b>2", "eval a=1"]),
        ("x=1 | eval a=1, b=2 | stats count by b", ["x=1", "eval b=2", "stats count BY b"]),
        ("x=1 | eval a=1 | stats count by b", ["x=1", "stats count BY b"]),
        ("x=1 | eval a=b | head 5", ["x=1", "head 5", "eval a=b"]),
        ("x=1 | sort 0 - a | eval c=1 | head 5", ["x=1", "sort 5 0 - a", "head 5", "eval c=1"]),
        ("x=1 | dedup a | search b=2", ["x=1", "dedup a", "search b=2"]),
        ("x=1 | eval a=random() | where a>1 | search y=1", ["x=1 y=1", "eval a=random()", "where a>1"]),
    ],
)
def test_rewrites(search: str, expected: list[str]) -> None:
    """What moves, and what stays."""
    if "sort" in search:
        assert [text.split()[0] for text in shown(search)] == [text.split()[0] for text in expected]
        assert shown(search)[1].split()[1] == "5"
    else:
        assert [text.lower() for text in shown(search)] == [text.lower() for text in expected]


def test_implied() -> None:
    """A where demands literals of the raw record, as long as nothing before it sets the field."""
    scan = ENV.compile('x=1 | eval a=1 | where b="some text" AND a="1"')._optimized[0]
    assert str(scan.implied) == 'b="some text"'  # type: ignore[union-attr]


def test_prefilter_is_shown() -> None:
    """The plan says which literals a raw record has to hold, where the search is sure of them."""
    search = 'sourcetype=xmlwineventlog process_name IN (cmd.exe, regsvcs.exe) | where dest="HOST-1"'
    plan = ENV.compile(search).plan()
    assert set(plan.optimised[0].prefilter) == {("host-1",), ("cmd.exe", "regsvcs.exe")}
    assert plan.plain[0].prefilter == ()
    assert "('cmd.exe' or 'regsvcs.exe')" in str(plan)


def test_nothing_to_do() -> None:
    """A plan without a scan is left alone."""
    operators: list[Operator] = list(ENV.compile("| makeresults | stats count").operators)
    assert optimize(operators) == operators
