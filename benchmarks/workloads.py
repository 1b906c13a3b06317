"""The workloads: what is asked, of which file, by whom, and which ratio is to be reached."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from benchmarks import generate, logs
from benchmarks.measure import Program, python, splmini

RARE = (
    "sourcetype=xmlwineventlog EventID=3 process_name=regsvcs.exe "
    "| stats count min(_time) as firstTime max(_time) as lastTime by dest user process_name"
)
GROUPED = "EventID=* | stats count dc(user) max(_time) by process_name EventID"
TSTATS = (
    "| tstats count min(_time) as firstTime max(_time) as lastTime from datamodel=Endpoint.Processes "
    "where Processes.process_name=regsvcs.exe by Processes.dest Processes.user Processes.process_name"
)
RAW = (
    "sourcetype=xmlwineventlog EventID=1 process_name=regsvcs.exe "
    "| stats count min(_time) as firstTime max(_time) as lastTime by dest user process_name"
)
MEMORY = "EventID=* | stats count dc(user) by process_name EventID"
OURS = "splmini"
LOOP = "hand-written loop"


@dataclass(frozen=True)
class Target:
    """`subject` takes at most `most` times as long as `versus` (or that many seconds, or MB, where it is None)."""

    subject: str
    versus: str | None
    most: float
    unit: str = "x"


@dataclass(frozen=True)
class Workload:
    """A workload. Either programs over a file that `data` makes, or a module that measures inside itself."""

    name: str
    title: str
    targets: tuple[Target, ...]
    programs: Callable[[Path, float], list[Program]] | None = None
    data: Callable[[float], Path] | None = None
    inside: tuple[str, ...] = ()
    needs: tuple[str, ...] = ()
    """Packages without which it is left out."""


def _contender(name: str, path: Path) -> list[str]:
    return python("benchmarks.contenders", name, str(path))


def _json(scale: float) -> Path:
    return generate.json_lines(max(int(1_000_000 * scale), 1000))


def _xml(scale: float) -> Path:
    return generate.sysmon_xml(max(int(500_000 * scale), 1000))


def _xml_whole(scale: float) -> Path:
    """Fewer events of XML, for what has to parse all of them."""
    return generate.sysmon_xml(max(int(200_000 * scale), 1000))


def _small(scale: float) -> Path:
    return generate.json_lines(100)


def _rare(path: Path, scale: float) -> list[Program]:
    return [
        Program("grep", ["grep", "-c", "regsvcs.exe", str(path)], rows=False),
        Program("reading alone", _contender("read_only", path), rows=False),
        Program(OURS, splmini(RARE, str(path))),
        Program("DuckDB, 1 thread", _contender("rare_duckdb", path)),
        Program("DuckDB, 2 threads", _contender("rare_duckdb_2", path), cores=None),
        Program("Polars, 2 threads", _contender("rare_polars", path), cores=None),
        Program("hand-written loop", _contender("rare_hand", path)),
        Program("hand-written loop, bytes prefilter", _contender("rare_hand_prefilter", path)),
    ]


def _rare_xml(path: Path, scale: float) -> list[Program]:
    return [
        Program("grep", ["grep", "-c", "regsvcs.exe", str(path)], rows=False),
        Program(OURS, splmini(RARE, str(path))),
        Program("hand-written loop, bytes prefilter", _contender("xml_hand", path)),
    ]


def _grouped(path: Path, scale: float) -> list[Program]:
    return [
        Program(OURS + " -j 2", splmini(GROUPED, str(path), jobs=2), cores=None),
        Program(OURS, splmini(GROUPED, str(path))),
        Program("DuckDB, 2 threads", _contender("group_duckdb_2", path), cores=None),
        Program("DuckDB, 1 thread", _contender("group_duckdb", path)),
        Program("hand-written loop, 2 processes", _contender("group_hand_2", path), cores=None),
        Program("hand-written loop", _contender("group_hand", path)),
    ]


def _grouped_two(path: Path, scale: float) -> list[Program]:
    return _grouped(path, scale)[:2]


def _tstats(path: Path, scale: float) -> list[Program]:
    return [
        Program("tstats", splmini(TSTATS, str(path)), rows=False),
        Program("raw search", splmini(RAW, str(path)), rows=False),
    ]


def _startup(path: Path, scale: float) -> list[Program]:
    return [
        Program(OURS, splmini("EventID=3 | head 1", str(path)), rows=False),
        Program("python -c pass", [sys.executable, "-c", "pass"], rows=False),
    ]


def _memory(path: Path, scale: float) -> list[Program]:
    long = generate.repeated(path, 8)
    return [
        Program("the file", splmini(MEMORY, str(path)), rows=False),
        Program("8 times the file", splmini(MEMORY, str(long)), rows=False),
    ]


def _many(make: Callable[[int], Path], count: int) -> Callable[[float], Path]:
    """A log of so many events, at scale 1."""

    def data(scale: float) -> Path:
        return make(max(int(count * scale), 1000))

    return data


def _wide(name: str, log: str, data: Callable[[float], Path], search: str, loop: str, most: float) -> Workload:
    """A search that looks at every event of a log, beside the loop (of `loops`) that does the same."""

    def programs(path: Path, scale: float) -> list[Program]:
        return [Program(OURS, splmini(search, str(path))), Program(LOOP, python("benchmarks.loops", loop, str(path)))]

    shown = search.partition("| ")[2]
    return Workload(name, f"{log}, `{shown}`", (Target(OURS, LOOP, most),), programs, data, needs=("orjson",))


def _first(path: Path, scale: float) -> list[Program]:
    return [Program(OURS, splmini("* | head 1", str(path)), rows=False)]


_CLOUDTRAIL = _many(logs.cloudtrail, 200_000)
_REAL_LOGS = (
    _wide(
        "xml_wide", "200,000 events of Sysmon XML", _xml_whole, "* | stats count by process_name, user", "xml_wide", 3
    ),
    _wide(
        "xml_tstats",
        "200,000 events of Sysmon XML",
        _xml_whole,
        "| tstats count from datamodel=Endpoint.Processes by Processes.process_name Processes.user",
        "xml_processes",
        3,
    ),
    _wide(
        "cloudtrail",
        "200,000 CloudTrail records",
        _CLOUDTRAIL,
        "* | stats count by eventName, sourceIPAddress",
        "cloudtrail_keys",
        2,
    ),
    _wide(
        "cloudtrail_nested",
        "200,000 CloudTrail records",
        _CLOUDTRAIL,
        "* | stats count by eventName, userIdentity.userName",
        "cloudtrail_nested",
        2,
    ),
    _wide(
        "cloudtrail_pack",
        "200,000 CloudTrail records",
        _CLOUDTRAIL,
        "* | stats count by eventName, user, src_ip",
        "cloudtrail_users",
        3,
    ),
    _wide("sshd", "200,000 lines of sshd", _many(logs.sshd, 200_000), "* | stats count by user, src", "sshd_users", 3),
    _wide(
        "json_iso",
        "100,000 JSON lines with an ISO time",
        _many(logs.application, 100_000),
        "* | stats count by user status",
        "requests",
        2,
    ),
    _wide(
        "json_timeless",
        "100,000 JSON lines without a time",
        _many(logs.timeless, 100_000),
        "* | stats count by user status",
        "requests",
        2,
    ),
    Workload(
        "json_first",
        "100,000 JSON lines without a time, `* | head 1`",
        (Target(OURS, None, 0.4, "s"),),
        _first,
        _many(logs.timeless, 100_000),
    ),
)

WORKLOADS = (
    Workload(
        "rare",
        "one rare process over 1,000,000 JSON lines, whole process, one core",
        (Target(OURS, "DuckDB, 1 thread", 1), Target(OURS, "grep", 2)),
        _rare,
        _json,
        needs=("duckdb", "polars", "orjson"),
    ),
    Workload(
        "rare_xml",
        "the same over 500,000 events of Sysmon XML, fields of the pack",
        (Target(OURS, "grep", 3),),
        _rare_xml,
        _xml,
    ),
    Workload(
        "grouped",
        "every JSON line grouped by two keys, two processes",
        (Target(OURS + " -j 2", "DuckDB, 2 threads", 2),),
        _grouped,
        _json,
        needs=("duckdb", "orjson"),
    ),
    Workload(
        "parallel",
        "two processes against one, the same query",
        (Target(OURS, OURS + " -j 2", 1.7, "at least"),),
        _grouped_two,
        _json,
    ),
    Workload(
        "parallel_xml",
        "two processes against one, every one of 200,000 events of Sysmon XML",
        (Target(OURS, OURS + " -j 2", 1.7, "at least"),),
        _grouped_two,
        _xml_whole,
    ),
    Workload(
        "dicts",
        "the first query over a list of 1,000,000 dicts",
        (Target("splmini, first run", "hand-written loop", 2),),
        inside=("benchmarks.inside", "dicts"),
    ),
    Workload(
        "evals",
        "eval with case, replace, lower, strftime, arithmetic, then where, over dicts",
        (Target("splmini, again", "hand-written loop", 3),),
        inside=("benchmarks.inside", "evals"),
    ),
    Workload(
        "tstats", "tstats from Endpoint.Processes over the XML", (Target("tstats", "raw search", 2),), _tstats, _xml
    ),
    Workload(
        "sweep",
        "1,500 Sigma rules in one pass over 1,000,000 JSON lines",
        (Target("SQLite, a query a rule", "splmini.sweep", 20, "at least"), Target("splmini.sweep", "one search", 20)),
        inside=("benchmarks.sweeping",),
        needs=("sigma",),
    ),
    Workload(
        "compiling",
        "parse and compile a median detection",
        (Target("splmini", None, 0.003, "s"),),
        inside=("benchmarks.inside", "compiling"),
    ),
    Workload(
        "startup",
        "first result of a fresh splmini run on a small file",
        (Target(OURS, None, 0.35, "s"),),
        _startup,
        _small,
    ),
    Workload(
        "memory",
        "stats over a file and over one 8 times as large: peak memory",
        (Target("8 times the file", None, 300, "MB"), Target("8 times the file", "the file", 1.1, "MB x")),
        _memory,
        _json,
    ),
    *_REAL_LOGS,
)
