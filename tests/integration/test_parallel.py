"""A search over an executor gives the rows of one process, in their order, whatever becomes of the workers."""

from __future__ import annotations

import gzip
import json
import multiprocessing
from collections.abc import Iterator
from concurrent.futures import BrokenExecutor, Future, ProcessPoolExecutor, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from support import InlineExecutor

import splmini
from splmini.engine import parallel

SEARCHES = (
    "*",
    "user=b*",
    "user=b* | head 3",
    "| head 4",
    "user=bob | eval x=upper(user) | table x n",
    "| eval n=n*2 | fields n user | head 7",
    "| eval _time=_time+n | table _time n",
    "| dedup user",
    "| dedup user | stats list(n)",
    "| sort - n | head 3",
    "| stats count sum(n) avg(n) dc(user) values(user) by kind",
    "| stats first(n) last(n) list(user) by kind",
    "| stats earliest(n) latest(n) median(n) stdev(n) by user",
    "| stats count(eval(n>5)) as large max(n) as most | eval share=large/most",
    "| stats avg(*) by kind",
    "| timechart span=10s count by user",
    "| timechart count",
    "| chart max(n) over kind by user",
    "| top user by kind",
    "| rare limit=1 n",
    "| eventstats count by user | where count>3 | stats count",
    "| streamstats count by user | where count=2",
    "| tail 2",
    "| reverse | head 2",
    '| makemv delim="," tags | mvexpand tags | table n tags',
    '| makemv delim="," tags | stats count by tags',
    "user=[search kind=b | head 1 | return $user] | stats count",
    "kind=a [search user=zoe | fields n] | table n",
    "| search user=bob [search kind=a | fields kind] | stats count by user",
    "| tstats count from datamodel=M.D by D.user",
    "| tstats first(D.n) from datamodel=M.D by D.user",
    "| tstats count from datamodel=M by _time span=10s",
    "| tstats prestats=t count from datamodel=M.D by D.user | stats count by D.user",
    "| tstats count",
    "| tstats count sum(n) where user=b* by kind",
    "| mstats avg(_value) as a where metric_name=n by kind",
    "| from datamodel M.D | stats count by user",
    "| lookup people user OUTPUT role | stats count by role",
    "| inputlookup people",
    "| makeresults count=3 | streamstats count",
    "| append [search kind=b | stats count] | stats count",
    "| join user [search kind=b | fields user n | rename n as m] | table user n m",
    "| stats count by user | where count>2 | sort - count user",
    "| eval r=random() | stats count",
    "nothing_at_all",
    "nothing_at_all | stats count",
    "| fieldsummary | fields field count distinct_count",
)
USERS = ("bob", "eve", "zoe", "Bob")
EVENTS = [
    {
        "_time": 1700000000 + (n * 37) % 50,
        "n": n,
        "user": USERS[n * 7 % 4],
        "kind": "ab"[n // 5 % 2],
        "tags": ",".join("xyz"[: n % 4]),
        "sourcetype": "s",
        "text": "é\n<&" * (n % 3),
    }
    for n in range(40)
]
BREAKS = ("", "\n")
XML = "".join(
    f"<Event xmlns='http://schemas.microsoft.com/win/2004/08/events/event'><System><Provider Name='P'/>"
    f"<EventID>{n % 3}</EventID><TimeCreated SystemTime='2024-01-01T00:00:{n * 7 % 60:02d}Z'/>"
    f"<Channel>Security</Channel><Computer>h{n % 5}</Computer></System><EventData><Data Name='n'>{n}</Data>"
    f"<Data Name='text'>a&amp;b{BREAKS[n % 2]}c</Data></EventData></Event>\n"
    for n in range(40)
)
XML_SEARCHES = (
    "*",
    "EventID=1",
    "EventID=1 n=1* | table n text",
    "| stats count values(n) by EventID host",
    "| stats list(n)",
    "| head 5 | table n",
    "| dedup EventID | table n",
    "a&b | stats count",
)
SETTINGS: dict[str, Any] = {
    "datamodels": {"M": {"D": {"search": "user=*", "fields": ["user", "n"]}}},
    "lookups": {"people": {"rows": [{"user": "bob", "role": "admin"}, {"user": "eve", "role": "guest"}]}},
    "now": 1700001000,
}


class FailingExecutor(InlineExecutor):
    """An executor whose every third task fails with its worker; `broken`: from the fourth on it takes none."""

    def __init__(self, error: Exception, broken: bool = False) -> None:
        self.error = error
        self.broken = broken
        self.count = 0

    def submit(self, fn: Any, /, *args: Any, **kwargs: Any) -> Future[Any]:
        """Run the task, or lose it."""
        self.count += 1
        if self.broken and self.count > 4:
            raise self.error
        if self.count % 3 == 0:
            future: Future[Any] = Future()
            future.set_exception(self.error)
            return future
        return super().submit(fn, *args, **kwargs)


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Cut events into tasks of a few each."""
    monkeypatch.setattr(parallel, "TASK_ROWS", 3)
    monkeypatch.setattr(parallel, "LEAST_BYTES", 700)
    monkeypatch.setattr(parallel, "MOST_BYTES", 700)


def outcome(search: Any, events: Any, **options: Any) -> Any:
    """The rows, columns and counters of a run, or its error."""
    try:
        results = search.run(events, **options)
    except splmini.SplError as error:
        return str(error)
    rows = [dict(row) for row in results]
    return rows, [list(row) for row in rows], results.fields, results.complete


def files(folder: Path) -> list[Path]:
    """The events as JSON lines, as two files, gzipped, and in a byte order mark."""
    lines = [json.dumps({"result": event}, ensure_ascii=False) + "\n" for event in EVENTS]
    text = "".join(lines)
    (folder / "one.jsonl").write_text(text, "utf-8")
    (folder / "mark.jsonl").write_text("\ufeff" + text, "utf-8")
    (folder / "packed.jsonl.gz").write_bytes(gzip.compress(text.encode()))
    (folder / "many").mkdir()
    for number in range(10):
        (folder / "many" / f"{number}.jsonl").write_text("".join(lines[number * 4 : number * 4 + 4]), "utf-8")
    return [folder / name for name in ("one.jsonl", "mark.jsonl", "packed.jsonl.gz", "many")]


@pytest.mark.parametrize("spl", SEARCHES)
def test_equal_to_one_process(spl: str, small: None, tmp_path: Path) -> None:
    """Rows, order and columns are those of one process, from dicts and from files, in either order."""
    search = splmini.Environment(**SETTINGS).compile(spl.replace("random()", "1"))
    for events in (EVENTS, *files(tmp_path)):
        for order in ("given", "newest"):
            expected = outcome(search, events, order=order)
            assert outcome(search, events, order=order, executor=InlineExecutor()) == expected, (events, order)


@pytest.mark.parametrize("spl", XML_SEARCHES)
def test_equal_over_xml(spl: str, small: None, tmp_path: Path) -> None:
    """Windows XML is cut between events, not between lines."""
    path = tmp_path / "events.xml"
    path.write_text(XML, "utf-8")
    search = splmini.Environment().compile(spl)
    for order in ("given", "newest"):
        expected = outcome(search, path, order=order)
        assert expected[0]
        assert outcome(search, path, order=order, executor=InlineExecutor()) == expected


@pytest.mark.parametrize(
    ("error", "broken"), [(OSError("gone"), False), (BrokenExecutor("gone"), False), (BrokenExecutor("gone"), True)]
)
def test_lost_tasks_are_done_again(error: Exception, broken: bool, small: None) -> None:
    """A task that is lost with its worker is sent again, or done here: the answer is complete."""
    search = splmini.Environment().compile("| stats count sum(n) list(n) as n by user")
    executor = FailingExecutor(error, broken)
    results = search.run(EVENTS, executor=executor)
    assert executor.count > 3
    assert list(results) == list(search.run(EVENTS))
    gone = [message for message in results.messages if "workers are gone" in message.text]
    assert bool(gone) == isinstance(error, BrokenExecutor)


def test_errors_are_those_of_one_process(small: None) -> None:
    """An error in a task has the position in the search; the first one in the order of events counts."""
    env = splmini.Environment(limits=splmini.Limits(max_groups=3))
    search = env.compile("| stats count by n")
    with pytest.raises(splmini.LimitExceeded) as alone:
        search.run(EVENTS)
    with pytest.raises(splmini.LimitExceeded) as caught:
        search.run(EVENTS, executor=InlineExecutor())
    assert (caught.value.position, caught.value.message) == (alone.value.position, alone.value.message)


def test_messages_and_counters_merge(small: None, tmp_path: Path) -> None:
    """Records that do not parse are counted over all tasks; counters are those of one process."""
    path = tmp_path / "events.jsonl"
    path.write_text("".join('{"_time": 1, "a": 1}\n{oops\n' for _ in range(100)), "utf-8")
    search = splmini.Environment().compile("| stats count by a")
    one, several = search.run(path), search.run(path, executor=InlineExecutor())
    assert [message.text for message in one.messages] == [message.text for message in several.messages]
    assert any("100 records do not parse" in message.text for message in several.messages)
    for name in ("scanned", "parsed", "matched", "rows"):
        assert one.stats[name] == several.stats[name]


def test_strict_errors_count_records_of_the_file(small: None, tmp_path: Path) -> None:
    """Under strict, the error of a record in a later part says where it is in the file."""
    path = tmp_path / "events.jsonl"
    path.write_text('{"_time": 1, "a": 1}\n' * 150 + "{oops\n" + '{"_time": 1, "a": 1}\n' * 50, "utf-8")
    search = splmini.Environment().compile("| stats count")
    for executor in (None, InlineExecutor()):
        with pytest.raises(splmini.EventFormatError) as caught:
            search.run(path, strict=True, executor=executor)
        assert caught.value.record == 151


def test_what_cannot_be_distributed_says_so() -> None:
    """A search that makes its own rows runs in one process, and a message and the plan say it."""
    search = splmini.Environment().compile("| makeresults | eval a=1")
    results = search.run([], executor=InlineExecutor())
    assert [message.text for message in results.messages] == [
        "The search runs in one process: 'makeresults' makes its own rows."
    ]
    assert not any(step.distributable for step in search.plan().optimised)
    plan = splmini.Environment().compile("a=1 | eval b=2 | stats count by b | sort count").plan()
    assert [step.distributable for step in plan.optimised] == [True, True, True, False]
    assert "in the calling process" in str(plan)


def test_handlers_and_written_tables_and_events(small: None) -> None:
    """Handlers stay in the calling process; what earlier runs wrote is found."""

    def mark(rows: Iterator[dict[str, Any]], arguments: Any) -> Iterator[dict[str, Any]]:
        return ({**row, "seen": "yes"} for row in rows)

    env = splmini.Environment(commands={"mark": mark}, **SETTINGS)
    env.compile('| makeresults | eval user="zoe", role="new" | table user role | outputlookup people').run([])
    env.compile("user=zoe | head 2 | collect index=kept").run(EVENTS)
    for spl in (
        "user=zoe | mark | stats count by seen",
        "| lookup people user OUTPUT role | stats count by role",
        "index=kept | stats count by user",
        "| tstats count where index=kept by user",
    ):
        search = env.compile(spl)
        assert list(search.run(EVENTS, executor=InlineExecutor())) == list(search.run(EVENTS)) != []


def test_cancelling_and_streaming(small: None) -> None:
    """A cancelled run ends; a stream can be given up after its first row."""
    search = splmini.Environment().compile("user=bob")
    results = search.run(EVENTS, executor=InlineExecutor(), cancel=lambda: True)
    assert not results.complete
    executor = FailingExecutor(OSError("gone"))
    assert next(search.stream(EVENTS, executor=executor))["n"] == 0


def test_cancelled_streams_write_nothing() -> None:
    """A stream that was cancelled gives what was found so far, and what it would have written is not kept."""
    env = splmini.Environment()
    asked: list[int] = []

    def cancel() -> bool:
        asked.append(1)
        return len(asked) > 2

    rows = list(env.compile("* | collect index=kept").stream(EVENTS * 200, cancel=cancel))
    assert 0 < len(rows) < len(EVENTS) * 200
    assert list(env.compile("index=kept").run([])) == []


def test_iterators_survive_a_refused_task(small: None) -> None:
    """Events that can be read once are all there when a task finds that the search wants them together."""
    dataset = {"search": "user=* | dedup user", "fields": ["user"]}
    search = splmini.Environment(datamodels={"M": {"D": dataset}}).compile("| tstats count from datamodel=M.D")
    results = search.run(iter(EVENTS), executor=InlineExecutor())
    assert [dict(row) for row in results] == [{"count": 4}]
    assert any("in one process" in message.text for message in results.messages)


def test_large_definitions_are_sent_once(small: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """A process that does not know the search asks for it."""
    from splmini.engine import tasks

    sent: list[bool] = []

    class Forgetful(InlineExecutor):
        """An executor of two workers, which one task finds without what the others knew."""

        _max_workers = 2

        def submit(self, fn: Any, /, *args: Any, **kwargs: Any) -> Future[Any]:
            """Run the task; say whether the search was sent with it."""
            if args:
                sent.append(args[1] is not None)
            if len(sent) == 6:
                tasks._jobs.clear()
            return super().submit(fn, *args, **kwargs)

    monkeypatch.setattr(parallel, "SMALL", 0)
    search = splmini.Environment(**SETTINGS).compile("| lookup people user OUTPUT role | stats count by role")
    assert list(search.run(EVENTS, executor=Forgetful())) == list(search.run(EVENTS))
    assert sent[:6] == [True, True, False, False, False, False]
    assert sent.count(True) == 3
    assert len(sent) > 8


@pytest.mark.parametrize("kind", ["threads", "spawn"])
def test_executors_of_the_standard_library(kind: str, small: None, tmp_path: Path) -> None:
    """Threads and spawned processes give the rows of one process; states and rows travel."""
    path = files(tmp_path)[0]
    env = splmini.Environment(**SETTINGS)
    with (
        ThreadPoolExecutor(2)
        if kind == "threads"
        else ProcessPoolExecutor(2, mp_context=multiprocessing.get_context("spawn"))
    ) as executor:
        for spl in (
            "user=b* | table n user",
            "| stats count avg(n) values(user) list(n) sparkline(count) by kind",
            "| timechart count by user",
            "| chart avg(n) over kind by user",
            "| top user",
            "| stats avg(*)",
            "| tstats count from datamodel=M.D by D.user",
            "| stats count(eval(n>5)) as big p90(n)",
            "| fieldsummary",
            "| eval a=n | geostats latfield=n longfield=n count",
            "| contingency user kind",
            "| sistats count by user",
        ):
            search = env.compile(spl)
            assert outcome(search, path, executor=executor) == outcome(search, path), spl
