"""Random searches over random events give the same rows whichever way they are run."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from hypothesis import example, given
from hypothesis import strategies as st
from support import InlineExecutor

import splmini

ENV = splmini.Environment(now=1_700_000_000, macros={"none_filter": "search *"})
NAMES = ("user", "a", "b", "n", "msg")
VALUES = st.sampled_from(("bob", "Bob", "eve x", "", "a=1", "10.0.0.1", "1", "02", 1, 2, 10, 0.1, 0.2, 1e15, -3.7))
EVENTS = st.lists(st.dictionaries(st.sampled_from(NAMES), VALUES, max_size=4), max_size=12)
FIRST = st.sampled_from(
    (
        "*",
        "bob",
        '"bob"',
        "user=bob",
        "NOT bob",
        "a=1",
        "bob OR a=*",
        'n>1 user="*"',
        "TERM(bob)",
        "[search a=1 | fields user]",
    )
)
STEPS = st.sampled_from(
    (
        "appendpipe [stats count]",
        'join user [| makeresults | eval user="bob", x=1]',
        "join type=left user [search n=* | fields user n]",
        "append [search bob | stats count]",
        "search bob",
        'search NOT "eve"',
        "eval l=len(_raw)",
        "eval z=user.n",
        "where n>0.15",
        'rex "(?<first>\\\\w+)"',
        "stats count by user",
        "stats sum(n) as s, avg(n) as m, stdev(n) as d, var(n) as v, sumsq(n) as q by a",
        "stats values(user) as u, list(n) as n, dc(b) as b",
        "chart sum(n) over user by a",
        "eventstats avg(n) as m",
        "streamstats sum(n) as s by user",
        "sort 0 n",
        "dedup user",
        "head 3",
        "table user n _raw",
        "fields - _raw",
        "transaction user",
        "top user",
        "mvexpand user",
        "fillnull value=0",
    )
)
SEARCHES = st.tuples(FIRST, st.lists(STEPS, max_size=4)).map(lambda parts: " | ".join((parts[0], *parts[1])))


def _plain(search: Any, events: Any) -> Any:
    return search.run(events, order="given", optimize=False)


def _optimised(search: Any, events: Any) -> Any:
    return search.run(events, order="given")


def _stream(search: Any, events: Any) -> Any:
    return list(search.stream(iter(events)))


def _parts(search: Any, events: Any) -> Any:
    return search.run(events, order="given", executor=InlineExecutor())


def _iterator(search: Any, events: Any) -> Any:
    return search.run(iter(events), order="given")


WAYS: dict[str, Callable[[Any, Any], Any]] = {
    "plain": _plain,
    "optimised": _optimised,
    "stream": _stream,
    "parts": _parts,
    "iterator": _iterator,
}


def outcome(way: Callable[[Any, Any], Any], search: Any, events: Any) -> Any:
    """Return the rows that a way gives, or the type of its error."""
    try:
        return [dict(row) for row in way(search, events)]
    except splmini.InternalError:
        raise
    except splmini.SplError as error:
        return type(error).__name__


def check(spl: str, events: list[dict[str, Any]]) -> None:
    """Fail where two ways give other rows."""
    search = ENV.compile(spl)
    expected = outcome(_plain, search, events)
    for name, way in WAYS.items():
        assert outcome(way, search, events) == expected, (name, spl)


@given(EVENTS, SEARCHES)
@example([{"user": "bob"}], '"bob" | appendpipe [stats count]')
@example([{"user": "bob"}], '"bob" | join user [| makeresults | eval user="bob", x=1]')
@example([{"user": "bob"}], "bob | append [search bob | stats count]")
def test_ways(events: list[dict[str, Any]], spl: str) -> None:
    """Plain, optimised, streamed, in parts and from an iterator."""
    check(spl, events)


@given(EVENTS, SEARCHES)
def test_frames(events: list[dict[str, Any]], spl: str) -> None:
    """A frame of the events gives the rows that they give, empty cells being absent."""
    import pyarrow

    if any(len({type(each[name]) for each in events if name in each}) > 1 for name in NAMES):
        return  # a column of a frame has one type
    search = ENV.compile(spl)
    names = [name for name in NAMES if any(name in each for each in events)]
    if not names:
        return
    table = pyarrow.table({name: [each.get(name) for each in events] for name in names})
    ordered = [{name: each[name] for name in names if name in each} for each in events]
    expected = outcome(_plain, search, ordered)
    for way in (_plain, _optimised):
        assert outcome(way, search, table) == expected, spl


@given(EVENTS, SEARCHES)
def test_text(events: list[dict[str, Any]], spl: str) -> None:
    """JSON lines give the same rows optimised and not, whole and in parts."""
    search = ENV.compile(spl)
    text = "".join(json.dumps({"_time": 1, **each}) + "\n" for each in events)
    expected = outcome(_plain, search, text)
    for name, way in (("optimised", _optimised), ("parts", _parts)):
        assert outcome(way, search, text) == expected, (name, spl)
