"""A search gives the same whichever way it runs: rows, columns, view, messages, figures."""

from __future__ import annotations

import functools
import io
import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any
from unittest import mock

import pytest
from support import InlineExecutor

import splmini
from splmini import compiled as compiled_module
from splmini.engine import parallel
from splmini.errors import InternalError
from splmini.events import EVERYTHING, Events, Held, Part, Report, Selection
from splmini.registry import find_command

START = 1767225600
EVENTS: list[dict[str, Any]] = [
    {
        "_time": START + 700 * number,
        "index": "main",
        "sourcetype": "app",
        "source": "app.log",
        "host": f"h{number % 3}",
        "user": ["ann", "bob", "cy", "ann"][number % 4],
        "status": [200, 404, 500][number % 3],
        "bytes": 100 * number,
        **({"path": f"/p/{number % 5}"} if number % 2 else {}),
    }
    for number in range(40)
] + [
    {"_time": START + 60 * number, "index": "m", "sourcetype": "metrics", "source": "m", "host": "h1",
     "metric_name": "cpu" if number % 2 else "disk", "_value": number, "region": "eu"}
    for number in range(6)
]  # fmt: skip
ENVIRONMENT: dict[str, Any] = {
    "timezone": "Europe/Berlin",
    "now": START + 40_000,
    "lookups": {"people": {"rows": [{"user": "ann", "team": "red"}, {"user": "bob", "team": "blue"}]}},
    "datamodels": {"Web": {"Hits": {"search": "sourcetype=app", "fields": ["user", "status", "bytes", "host"]}}},
}

SEARCHES = """
search *
search status=404
search index=main user=ann status>=404 | table _time user status
host=h1 NOT status=500
status IN (200, 404) user!=bob
"/p/3"
search user=a* | fields user bytes
search earliest=-6h status=200
search status=200 | head 3
search * | head 5 | table _time host
search * | tail 2
search * | reverse | head 2
search * | sort 0 -bytes user | head 4
search * | dedup user sortby -bytes
search * | dedup host | table host user
search * | eval kb=bytes/1024, day=strftime(_time, "%d %H:%M %Z") | table day kb
search * | where bytes>1500 AND isnotnull(path) | table path bytes
search * | where status=404 | stats count by user
search * | rex field=path "/p/(?<n>\\d)" | stats count by n
search * | rename user as who | stats dc(who) as people
search * | fillnull value=none path | stats count by path
search * | eval t=now() | stats max(t)
search * | stats count
search * | stats count by host, user
search * | stats first(user) last(user) earliest(user) latest(user) by host
search * | stats values(user) list(status) by host
search * | stats sparkline(count) as trend by host
search * | stats count as n by status | eventstats sum(n) as total | eval share=n/total
search * | streamstats count as place by user | where place=2
search * | top user
search * | top limit=2 user by host
search * | rare status
search * | chart count by host user
search * | chart avg(bytes) over user by status
search * | timechart count
search * | timechart span=2h sum(bytes) by host
search * | timechart span=1d count | rename count as hits
search * | bin _time span=3h | stats count by _time
search * | bin bytes bins=4 | stats count by bytes
search * | stats count by user | lookup people user output team
search * | lookup people user | stats count by team
search * | inputlookup append=true people | stats count
| inputlookup people
| makeresults count=3 | streamstats count as n
| tstats count where index=main by host
| tstats count from datamodel=Web.Hits by Hits.user
| tstats sum(Hits.bytes) from datamodel=Web where Hits.status=404 by _time span=4h
| from datamodel:Web.Hits | stats count by user
| datamodel Web Hits search | stats count
| mstats avg(_value) where metric_name=cpu span=2m
* | stats count | mstats append=t prestats=t count(_value) where metric_name=cpu
* | stats count | mcatalog append=t prestats=t values(metric_name)
search status=404 | append [search status=500 | head 2] | table _time status
search [search status=500 | head 1 | fields user] | stats count
search status=404 | stats count by user | join user [search status=500 | stats sum(bytes) as more by user]
search * | stats count by host | appendcols [search * | stats sum(bytes) as total by host]
search * | stats count by host | appendpipe [stats sum(count) as count]
search * | transaction user maxspan=1h | table user duration eventcount
search * | stats values(user) as user by host | mvexpand user
search * | eval x=split(path, "/") | mvexpand x | stats count by x
search * | stats count by host | untable host name value
search * | xyseries user host bytes
search * | stats count by host status | addtotals
search * | stats sum(bytes) as b by host | sort -b | accum b as running
search * | fieldsummary bytes status
search * | makemv delim="/" path | table path
search * | replace 404 with missing in status | stats count by status
search * | map maxsearches=2 search="search user=$user$ | stats count by user"
search * | foreach status bytes [eval <<FIELD>>=<<FIELD>>+1] | table status bytes
search * | stats count by user | outputlookup people
search * | trendline sma3(bytes) as t | table _time t
search * | delta bytes as d | table d
| union [search status=404] [search status=500] | stats count
| multisearch [search status=404] [search status=500] | stats count by status
| metadata type=hosts | table host totalCount
| eventcount index=main
search nosuch=1
search nosuch=1 | stats count
"""
CASES = [line for line in SEARCHES.splitlines() if line]
OF_FILES = ("_raw", "punct", "linecount")
RUNS_APART = ("events", "run")
"""Messages of where events come from, and of the processes that work on them."""


@functools.lru_cache(maxsize=1)
def shared() -> splmini.Environment:
    """Return the environment of all searches that write nothing."""
    return splmini.Environment(**ENVIRONMENT)


def compiled(spl: str) -> Any:
    """Compile a search; in a fresh environment where it writes, so that another way does not find that."""
    env = splmini.Environment(**ENVIRONMENT) if "output" in spl else shared()
    return env.compile(spl)


def over_executor(search: Any, events: Any, order: str) -> Any:
    """Run in parts of seven events that are put together."""
    with mock.patch.object(parallel, "TASK_ROWS", 7):
        return search.run(events, order=order, executor=InlineExecutor())


def run(search: Any, events: Any, order: str) -> Any:
    """Run."""
    return search.run(events, order=order)


def plain(search: Any, events: Any, order: str) -> Any:
    """Run the plan as it was built."""
    return search.run(events, order=order, optimize=False)


def detect(search: Any, events: Any, order: str) -> Any:
    """Run as a detection."""
    detection = splmini.Detection("one", search.text, type="Hunting")
    return detection.run(events, search.environment, order=order).results


def sweep(search: Any, events: Any, order: str, **options: Any) -> Any:
    """Run in one pass with two others."""
    several = ["search status=404 | stats count", search.text, "| tstats count where index=main by host"]
    hits = splmini.sweep(several, events, search.environment, order=order, **options)
    if hits[1].error is not None:
        raise hits[1].error
    assert hits[1].outcome is not None
    return hits[1].outcome.results


def sweep_parts(search: Any, events: Any, order: str) -> Any:
    """Run in one pass with two others, in parts."""
    with mock.patch.object(parallel, "TASK_ROWS", 7):
        return sweep(search, events, order, executor=InlineExecutor())


def explain(search: Any, events: Any, order: str) -> Any:
    """Run stage by stage."""
    return search.environment.explain(search.text, events, order=order).results


WAYS = {
    each.__name__: each for each in (run, plain, over_executor, detect, sweep, sweep_parts, explain)
}  # fmt: skip


def lines() -> bytes:
    """Return the events as JSON lines."""
    return "".join(json.dumps(event) + "\n" for event in EVENTS).encode()


def iterator(tmp: Path) -> Iterator[dict[str, Any]]:
    """Events that can be read once."""
    return iter(EVENTS)


def file(tmp: Path) -> Path:
    """A file of events."""
    path = tmp / "events.jsonl"
    path.write_bytes(lines())
    return path


def frame(tmp: Path) -> Any:
    """A frame of events."""
    return pytest.importorskip("polars").DataFrame(EVENTS, infer_schema_length=None)


def arrow_reader(tmp: Path) -> Any:
    """A frame that can be read once."""
    table = pytest.importorskip("pyarrow").Table.from_pylist(EVENTS, schema=frame(tmp).to_arrow().schema)
    return table.to_reader(max_chunksize=9)


def open_file(tmp: Path) -> io.BytesIO:
    """An open file, which can be read once."""
    return io.BytesIO(lines())


def paths(tmp: Path) -> Iterator[Path]:
    """Paths that are given once."""
    return iter([file(tmp)])


class Groups(Events):
    """A kind from elsewhere: groups of events, of which those are not read whose values a test refuses."""

    read = 0

    def __init__(self) -> None:
        self.groups = [EVENTS[start : start + 6] for start in range(0, len(EVENTS), 6)]

    def scan(self, selection: Selection = EVERYTHING) -> Iterator[tuple[int, list[dict[str, Any]]]]:
        """Yield the events of the groups that can hold what is selected."""
        tests = () if selection.tests is None else selection.tests.tests
        for group in self.groups:
            if all(any(test.name not in event or test.test(event) for event in group) for test in tests):
                self.read += 1
                yield len(group), selection.kept(group)
            else:
                yield len(group), []

    def parts(self, size: int, report: Report) -> Iterator[Part]:
        """Yield the groups."""
        return map(Held, self.groups)


def groups(tmp: Path) -> Groups:
    """Events of a kind from elsewhere."""
    return Groups()


KINDS: dict[str, Callable[[Path], Any]] = {
    "dicts": lambda tmp: EVENTS,
    **{each.__name__: each for each in (iterator, file, frame, arrow_reader, open_file, paths, groups)},
}


def rows_of(results: Any) -> list[dict[str, Any]]:
    """Return rows without the text that an event got from the file that it was read from."""
    return [
        {name: value for name, value in row.items() if name not in ("_raw", "punct", "linecount")} for row in results
    ]


def told(results: Any) -> dict[str, Any]:
    """Return all that results tell besides their rows, as far as it cannot depend on the way."""
    view = results.view
    return {
        "fields": [name for name in results.fields if name not in OF_FILES],
        "complete": results.complete,
        "chart": view.chart,
        "events": view.events,
        "zone": view.iso(START),
        "named": view.named,
        "messages": {(each.level, each.command, each.text, each.position) for each in results.messages
                     if each.command not in RUNS_APART},
        "stats": sorted(results.stats),
        "rows": results.stats["rows"],
        "now": results.stats["now"],
    }  # fmt: skip


@pytest.mark.parametrize("order", ["given", "newest"])
@pytest.mark.parametrize("spl", CASES)
def test_ways(spl: str, order: str, tmp_path: Path) -> None:
    """Over dicts, each way of running gives what run gives; streaming gives its rows."""
    expected = run(compiled(spl), EVENTS, order)
    assert list(compiled(spl).stream(EVENTS, order=order)) == list(expected)
    for name, way in WAYS.items():
        results = way(compiled(spl), EVENTS, order)
        assert list(results) == list(expected), name
        assert told(results) == told(expected), name


@pytest.mark.parametrize("kind", [name for name in KINDS if name != "dicts"])
@pytest.mark.parametrize("spl", CASES)
def test_kinds_of_events(spl: str, kind: str, tmp_path: Path) -> None:
    """Whatever events come as, each way of running gives what it gives over dicts."""
    expected = run(compiled(spl), EVENTS, "given")
    streamed = compiled(spl).stream(KINDS[kind](tmp_path), order="given")
    assert rows_of(streamed) == rows_of(expected)
    for name in ("run", "over_executor", "sweep", "explain"):
        results = WAYS[name](compiled(spl), KINDS[kind](tmp_path), "given")
        assert rows_of(results) == rows_of(expected), name
        assert told(results) == told(expected), name


def test_a_kind_from_elsewhere_is_told_what_is_wanted() -> None:
    """Events that are given as an object of a class of their own see the tests of a search, and read less for them."""
    events = Groups()
    assert len(compiled("search region=eu bytes=4711").run(events)) == 0
    assert (events.read, len(events.groups)) == (2, 8)
    events = Groups()
    assert len(compiled("search region=eu").run(events, optimize=False)) == 6
    assert events.read == 8


def test_a_sweep_reads_an_open_file_as_a_run_does(tmp_path: Path) -> None:
    """Events of several lines that come from an open file are whole, and have its name as their source."""
    path = tmp_path / "events.json"
    path.write_text('{\n "a": 1\n}\n{\n "a": 2\n}\n')
    search = shared().compile("a=* | table a source")
    with path.open("rb") as first, path.open("rb") as second:
        expected = search.run(first, order="given")
        assert list(sweep(search, second, "given")) == list(expected) == [{"a": n, "source": str(path)} for n in (1, 2)]


def test_rereading_is_declared() -> None:
    """Events that can be read once are read again only by commands that are known to do so: rows are never lost."""
    search = splmini.Environment().compile("* | stats count | mstats append=t prestats=t count(_value) where index=m")
    spec = find_command("mstats")
    assert spec is not None
    undeclared = replace(spec, rereads=False)
    with (
        mock.patch.object(compiled_module, "find_command", return_value=undeclared),
        pytest.raises(splmini.SplError, match="are read again") as caught,
    ):
        search.run(iter(EVENTS))
    assert type(caught.value) is InternalError
