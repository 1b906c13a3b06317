"""A sweep gives what each detection gives alone."""

from __future__ import annotations

import importlib
import json
import pickle
from concurrent.futures import Executor, Future
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support import InlineExecutor

import splmini
from splmini.compiler import RunScope, compile_search
from splmini.engine import candidates, datasets, literal_search, parallel, tasks
from splmini.engine import sweep as engine

sweeping = importlib.import_module("splmini.detections.sweep")

SEARCHES = (
    "EventID=1 user=bob",
    "EventID=1 eve",
    "EventID=1 | stats count by user",
    'EventID=1 | rex "(?<first>\\d+)" | table first',
    "EventID IN (1, 3) | stats values(user) as u dc(user) as d",
    'user=b* | eval x=upper(user) | where x="BOB" | table x',
    "NOT user=bob | sort - n | head 2",
    'EventID="01" OR n>3',
    "| stats count",
    "| tstats count from datamodel=M.D where D.user=bob by D.user",
    "| tstats count from datamodel=M.D by D.EventID",
    "user=eve [search EventID=3 | fields n]",
    "EventID=3 | first_is_no_command_filter",
    "`nosuch_macro`",
    "user=zed | collect index=kept",
    "| tstats count from datamodel=M.D by D.user"
    " | join D.user [| tstats dc(D.EventID) as d from datamodel=M.D by D.user]",
    "EventID=1 | join user [search EventID=3 | stats count as c by user]",
    "EventID=1 | append [search user=eve | head 2] | table user n",
    "EventID=1 | stats count by user | appendpipe [stats sum(count) as count]",
    "user=b* | foreach n [eval m=<<FIELD>>+1] | table m",
    "| tstats count from datamodel=M.D where D.user=bo* by D.user _time span=5s",
    "| tstats count from datamodel=M.D where earliest=103 by D.user",
    "| tstats count from datamodel=M.D"
    " where [search EventID=3 | head 1 | fields user | rename user as D.user] by D.user",
    "| tstats first(D.user) from datamodel=M.D",
    "| tstats count from datamodel=T.Sessions",
    "| tstats count from datamodel=Nowhere.D",
    "| from datamodel M.D | stats count by user",
    "| from datamodel M.D",
    "| from datamodel:M.D | search user=bob | table n user",
    "| datamodel M D search | stats count by D.user",
    '| from datamodel M.D | regex _raw="bob" | table _raw',
    'user IN (*ed, eve) OR process="*cmd.exe*" | table n user',
    'process="*\\\\CMD.exe" | stats count',
    "process=*mimi* process=*katz*",
    "straße OR process=*gasse",
    "earliest=104 user=* | stats count min(_time)",
    "NOT process=* | stats count",
    "process!=*x* | stats count",
    "EventID=1 [search nothing | fields user]",
    "user=[search EventID=3 | head 1 | return $user] | stats count",
    "| makeresults | eval a=1 | append [search user=bob | stats count]",
    "EventID=1 | eval x=1 [search x]",
    "EventID=1 | stats list(n) first(user)",
    "| tstats count where user=b* by user",
    "| tstats count where earliest=104 by user",
    "| mstats avg(cpu) as a count(cpu) by user",
    "| mstats max(_value) as m where metric_name=mem user=eve",
    "| mstats latest(cpu) as c where user=eve | append [| mstats sum(_value) as s where metric_name=cpu]",
    "user=CASE(bob) OR user=TERM(zed)",
    'user=bob | map search="search n=$n$ | stats count"',
)
EVENTS = [
    {
        "_time": 100 + n,
        "n": n,
        "EventID": (1, 3, "1")[n % 3],
        "user": ("bob", "eve", ["bob", "zed"])[n % 3],
        **({"metric_name:cpu": n} if n % 2 else {"metric_name": "mem", "_value": n} if n % 3 else {}),
        **({"process": ("C:\\x\\cmd.exe /c MimiKatz", "stra\u017fe gaSSe", "\u212aey")[n // 2 % 3]} if n % 2 else {}),
    }
    for n in range(9)
]


def env() -> splmini.Environment:
    """A new environment, so that nothing is left from another run."""
    return splmini.Environment(
        datamodels={"M": {"D": {"search": "EventID=*", "fields": ["user", "EventID"]}}}, now=1000
    )


def alone(search: str) -> Any:
    """The rows and columns of a search run by itself, or its error."""
    try:
        results = env().compile(search).run(EVENTS)
    except splmini.SplError as error:
        return type(error)
    return [dict(row) for row in results], results.fields


class TravellingExecutor(InlineExecutor):
    """An executor that runs each task at once, on what would arrive in another process."""

    def submit(self, fn: Any, /, *args: Any, **kwargs: Any) -> Future[Any]:
        """Run the task and return its finished future."""
        tasks._jobs.clear()
        future = super().submit(fn, *pickle.loads(pickle.dumps(args)), **kwargs)
        if future.exception() is None:
            arrived: Future[Any] = Future()
            arrived.set_result(pickle.loads(pickle.dumps(future.result())))
            return arrived
        return future


def compared(hit: Any) -> Any:
    """The rows and columns of a hit, or the kind of its error."""
    if hit.outcome is None:
        return type(hit.error)
    return [dict(row) for row in hit.outcome.results], hit.outcome.results.fields


@pytest.mark.parametrize("order", ["given", "newest"])
def test_over_an_executor(order: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A sweep whose events are read in parts, from dicts or a file, gives what it gives in one process."""
    monkeypatch.setattr(parallel, "TASK_ROWS", 4)
    monkeypatch.setattr(sweeping, "LEAST_BYTES", 300)
    monkeypatch.setattr(sweeping, "MOST_BYTES", 300)
    path = tmp_path / "events.jsonl"
    path.write_text("".join(json.dumps({"result": event}) + "\n" for event in EVENTS), "utf-8")
    for events in (EVENTS, path):
        expected = splmini.sweep(SEARCHES, events, env(), order=order)
        hits = splmini.sweep(SEARCHES, events, env(), order=order, executor=TravellingExecutor())
        for search, hit, alone_hit in zip(SEARCHES, hits, expected, strict=True):
            assert compared(hit) == compared(alone_hit), (search, hit.error)


def test_too_many_rows_are_read_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a data model gives is kept up to a bound, beyond which the search reads by itself."""
    monkeypatch.setattr(datasets, "MOST_FORESEEN", 3)
    for search in ("| from datamodel M.D", "| from datamodel M.D | search user=bob | table n"):
        assert compared(splmini.sweep([search], EVENTS, env())[0]) == alone(search)


@pytest.mark.parametrize("library", [True, False])
def test_equal_to_running_alone(library: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """Rows, order, columns and errors are those of each search by itself, with the library for literals or without."""
    if not library:
        monkeypatch.setattr(literal_search, "ahocorasick_rs", None)
        monkeypatch.setattr(engine, "CHUNK", 2)
    hits = splmini.sweep(SEARCHES, EVENTS, env())
    assert len(hits) == len(SEARCHES)
    for search, hit in zip(SEARCHES, hits, strict=True):
        assert compared(hit) == alone(search), search


@pytest.mark.parametrize("once", [True, False])
def test_an_iterator_is_read_once(once: bool) -> None:
    """Events that can be read only once serve all searches."""
    given = iter(EVENTS) if once else EVENTS
    hits = splmini.sweep(["EventID=1 | stats count", "| tstats count"], given, env())
    assert [dict(hit.outcome.results[0]) for hit in hits if hit.outcome] == [{"count": 6}, {"count": 9}]


def test_finders_agree() -> None:
    """All literals of a text are found, whichever way they are looked for, overlapping ones too."""
    literals = ["abc", "bcd", "abcd", "cmd.exe", "md.", "zzz"]
    found = {literals[number] for number in literal_search.text_finder(literals)("xabcdx cmd.exe")}
    assert found == {"abc", "bcd", "abcd", "cmd.exe", "md."}
    pieces = literal_search._pieces_of(literals)
    assert {literals[number] for number in literal_search._by_pieces(literals, pieces, "xabcdx cmd.exe")} == found


@pytest.mark.parametrize("library", [True, False])
def test_every_place_of_a_literal_is_found(library: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """In bytes each literal has all its places, several in a line as well, since a line may hold several records."""
    if not library:
        monkeypatch.setattr(literal_search, "ahocorasick_rs", None)
    find = literal_search.byte_finder([b"abab", b"xyz"])
    assert sorted(find("ababab é xyz\nxyzxyz".encode())) == [(0, 0), (0, 2), (1, 10), (1, 14), (1, 17)]


@given(st.lists(st.sampled_from(["Kmd", "\u212amd", "kmd", "\u017fmd", "smd", "i\u0307md", "\u0130md", "xmd", 7, "7"])))
def test_no_candidate_is_missed(values: list[Any]) -> None:
    """A row that satisfies a search is a candidate, whatever its letters equal when case is ignored."""
    spl = ["a=kmd", "a=*kmd*", "a=*smd", "a=imd", "a IN (*imd*, xmd)", "a=7", "a=*7*", "NOT a=xmd", "a=xmd OR b=1"]
    predicates = [splmini.parse(each).commands[0].args[0] for each in spl]
    index = candidates.build_index(predicates, [{"a": "xmd"}])
    for value in [*values, values]:
        row = {"a": value} if value != [] else {}
        for number, predicate in enumerate(predicates):
            if compile_search(predicate, RunScope(None))(row):
                assert number in index.candidates(row), (spl[number], row)


@pytest.mark.parametrize("executor", [None, TravellingExecutor()])
def test_cancel(executor: Executor | None, monkeypatch: pytest.MonkeyPatch) -> None:
    """A sweep that is cancelled gives what was found so far, says so, and writes nothing."""
    monkeypatch.setattr(engine, "CHUNK", 1)
    monkeypatch.setattr(parallel, "TASK_ROWS", 40)
    kept, many = env(), EVENTS * 300
    searches = ["user=bob", "user=bob | collect index=kept", "| tstats count from datamodel=M.D", "| makeresults"]
    for least in (0, 3):
        asked: list[int] = []

        def cancel(asked: list[int] = asked, least: int = least) -> bool:
            asked.append(1)
            return len(asked) > least

        hits = splmini.sweep(searches, many, kept, cancel=cancel, executor=executor)
        assert [hit.error for hit in hits] == [None] * 4
        assert [hit.outcome.results.complete for hit in hits[:3] if hit.outcome is not None] == [False] * 3
        assert hits[0].outcome is not None
        assert len(hits[0].outcome.results) < len(splmini.sweep(searches[:1], many, kept)[0].outcome.results)
        assert list(kept.compile("index=kept").run([])) == []


def test_a_limit_of_time_ends_the_pass() -> None:
    """Where the shared pass takes longer than a search may, each says so."""
    limited = splmini.Environment(limits=splmini.Limits(max_seconds=1e-9))
    hits = splmini.sweep(["user=bob", "| stats count"], EVENTS, limited)
    assert [type(hit.error) for hit in hits] == [splmini.LimitExceeded] * 2


@pytest.mark.parametrize("one", ["detections/", Path("detections"), splmini.Detection("D", "a=1"), 7, None])
def test_one_thing_is_no_list_of_detections(one: Any) -> None:
    """A text, a path or one detection in place of many is refused, with what to write instead."""
    with pytest.raises(splmini.ArgumentError, match="A sweep takes a list of detections or searches") as caught:
        splmini.sweep(one, [{"a": 1}])
    assert "load_content(folder).detections" in str(caught.value.hint)


def test_a_path_among_detections_is_refused() -> None:
    """What is neither a detection nor a text is not taken for the text of a search."""
    with pytest.raises(splmini.ArgumentError, match="A detection is a Detection or SPL text"):
        splmini.sweep([Path("detections")], [{"a": 1}])  # type: ignore[list-item]
