"""Kills at random moments: `make kills`, or `python -m trust.kills [--writers 1000] [--workers 100]`.

A writer is a forked process that writes the same thing again and again, and says so after each time. It is killed at a
random moment; then all that it said it wrote has to be there, and nothing half. After the last kill of a kind one more
write has to leave no other file behind. A worker is one of two processes that read events for a run: killed, the
answer has to be what it is without. Exits with 1 where something was lost.
"""

from __future__ import annotations

import argparse
import csv
import gzip
import json
import multiprocessing
import os
import random
import signal
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import splmini
from splmini import caching
from splmini.detections.verify import record
from splmini.writing import write_output

ROWS = 2000
LONGEST = 0.05
"""Seconds after its first write within which a writer is killed."""


@dataclass(frozen=True)
class Writer:
    """Something that is written: `write(folder, who)` writes, `check(folder, said, begun)` says what is wrong with what
    is there, where `said` were written and `begun` may have been."""

    write: Callable[[Path, str], None]
    check: Callable[[Path, list[str], list[str]], str | None]
    files: frozenset[str]
    """The files that there are in the end."""


def _search(spl: str) -> Callable[[Path, str], None]:
    def write(folder: Path, who: str) -> None:
        _environment(folder).compile(spl.replace("WHO", who)).run([])

    return write


def _environment(folder: Path) -> splmini.Environment:
    app = folder.parent / "app" / "default"
    if not app.is_dir():
        app.mkdir(parents=True)
        (app / "collections.conf").write_text("[kv]\nfield.who = string\n")
        (app / "transforms.conf").write_text("[kv]\nexternal_type = kvstore\ncollection = kv\nfields_list = who\n")
    return splmini.Environment(data_dir=folder, apps=[str(app.parent)])


def _rows_of(path: Path) -> list[dict[str, str]]:
    data = path.read_bytes()
    text = gzip.decompress(data) if path.suffix == ".gz" else data
    return list(csv.DictReader(text.decode().splitlines()))


def _replaced(name: str) -> Callable[[Path, list[str], list[str]], str | None]:
    """All rows of one write, and of the last that was said, or of a later one."""

    def check(folder: Path, said: list[str], begun: list[str]) -> str | None:
        rows = _rows_of(folder / name)
        if len(rows) != ROWS or [row["n"] for row in rows] != [str(number + 1) for number in range(ROWS)]:
            return f"{len(rows)} rows"
        who = {row["who"] for row in rows}
        return (
            None if len(who) == 1 and (not said or who <= {said[-1], *begun}) else f"rows of {who}, not of {said[-1:]}"
        )

    return check


def _appended(name: str) -> Callable[[Path, list[str], list[str]], str | None]:
    def check(folder: Path, said: list[str], begun: list[str]) -> str | None:
        return _all_said([row["who"] for row in _rows_of(folder / name)], said, begun)

    return check


def _all_said(there: list[str], said: list[str], begun: list[str]) -> str | None:
    lost, more = set(said) - set(there), set(there) - set(said) - set(begun)
    twice = len(there) - len(set(there))
    return f"lost {sorted(lost)[:3]}, unknown {sorted(more)[:3]}, {twice} twice" if lost or more or twice else None


def _kv(folder: Path, said: list[str], begun: list[str]) -> str | None:
    rows = _environment(folder).compile("| inputlookup kv").run([])
    return _all_said([str(row["who"]) for row in rows], said, begun)


def _json(name: str) -> Callable[[Path, list[str], list[str]], str | None]:
    def check(folder: Path, said: list[str], begun: list[str]) -> str | None:
        try:
            json.loads((folder / name).read_bytes())
        except ValueError as error:
            return str(error)
        return None

    return check


def _write_cache(folder: Path, who: str) -> None:
    os.environ["SPLMINI_CACHE"] = str(folder)
    caching.cached("kept", [who[-1]], lambda: ["x" * 200_000, who[-1]])


def _check_cache(folder: Path, said: list[str], begun: list[str]) -> str | None:
    """Whatever is there is whole: nothing has to be made again that was said to be kept."""
    os.environ["SPLMINI_CACHE"] = str(folder)
    made: list[str] = []
    for last in {who[-1] for who in said}:
        caching.cached("kept", [last], lambda last=last: made.append(last) or ["", last])  # type: ignore[func-returns-value, misc]
    return f"{made} were not kept" if made else None


def _write_text(folder: Path, who: str) -> None:
    write_output(folder / "out.txt", who * 20_000)


def _check_text(folder: Path, said: list[str], begun: list[str]) -> str | None:
    text = (folder / "out.txt").read_text()
    whole = [who for who in (*said[-1:], *begun) if text == who * 20_000]
    return None if whole or not said else f"{len(text)} characters of {text[:12]}"


def _write_measured(folder: Path, who: str) -> None:
    path = folder / "measured.yaml"
    path.unlink(missing_ok=True)
    record.write_measured(path, [], who * 20_000)


def _check_measured(folder: Path, said: list[str], begun: list[str]) -> str | None:
    path = folder / "measured.yaml"
    return None if not path.exists() or path.read_text().endswith("[]\n") else "half a file"


_MANY = f'| makeresults count={ROWS} | streamstats count as n | eval who="WHO" | table n who | '
_ONE = '| makeresults | eval who="WHO" | table who | '
WRITERS: dict[str, Writer] = {
    "outputlookup": Writer(_search(_MANY + "outputlookup t.csv"), _replaced("t.csv"), frozenset({"t.csv"})),
    "outputlookup, packed": Writer(
        _search(_MANY + "outputlookup t.csv.gz"), _replaced("t.csv.gz"), frozenset({"t.csv.gz"})
    ),
    "outputlookup append": Writer(
        _search(_ONE + "outputlookup append=true t.csv"), _appended("t.csv"), frozenset({"t.csv"})
    ),
    "outputcsv": Writer(_search(_MANY + "outputcsv t"), _replaced("t.csv"), frozenset({"t.csv"})),
    "outputcsv append": Writer(_search(_ONE + "outputcsv append=true t"), _appended("t.csv"), frozenset({"t.csv"})),
    "KV store": Writer(_search(_ONE + "outputlookup append=true kv"), _kv, frozenset({"kvstore.sqlite"})),
    "a model": Writer(
        _search(_MANY + "eval m=n%7 | fit LinearRegression m from n into k"),
        _json("__mlspl_k.json"),
        frozenset({"__mlspl_k.json"}),
    ),
    "-o": Writer(_write_text, _check_text, frozenset({"out.txt"})),
    "a cache": Writer(_write_cache, _check_cache, frozenset()),
    "measured cases": Writer(_write_measured, _check_measured, frozenset({"measured.yaml"})),
}


@contextmanager
def _forked(writer: Writer, folder: Path, who: str) -> Iterator[tuple[int, int]]:
    """Give a process that writes and the pipe on which it says what it begins (`+`) and what it wrote (`=`)."""
    reading, writing = os.pipe()
    pid = os.fork()
    if not pid:
        try:
            os.close(reading)
            for number in range(1_000_000):
                os.write(writing, f"+{who}-{number}\n".encode())
                writer.write(folder, f"{who}-{number}")
                os.write(writing, f"={who}-{number}\n".encode())
        finally:
            os._exit(1)
    os.close(writing)
    try:
        yield pid, reading
    finally:
        os.close(reading)


def kill_writers(name: str, times: int, chance: random.Random) -> list[str]:
    """Kill a writer so often; return what was wrong."""
    writer, wrong = WRITERS[name], []
    said: list[str] = []
    begun: list[str] = []
    with tempfile.TemporaryDirectory() as parent:
        folder = Path(parent, "data")
        folder.mkdir()
        writer.write(folder, "k-0-0")  # what is loaded once is loaded before
        said.append("k-0-0")
        for number in range(1, times + 1):
            with _forked(writer, folder, f"k-{number}") as (pid, pipe):
                heard = b""
                while b"=" not in heard and (piece := os.read(pipe, 4096)):
                    heard += piece
                time.sleep(chance.uniform(0, LONGEST))
                os.kill(pid, signal.SIGKILL)
                os.waitpid(pid, 0)
                while piece := os.read(pipe, 65536):
                    heard += piece
            lines = heard.decode().splitlines()
            said += [line[1:] for line in lines if line.startswith("=")]
            begun = [line[1:] for line in lines if line.startswith("+")][-1:] + begun
            if (problem := writer.check(folder, said, begun)) is not None:
                wrong.append(f"{name}, kill {number}: {problem}")
        wrong += _left_behind(name, writer, folder, times)
    return wrong


def _left_behind(name: str, writer: Writer, folder: Path, times: int) -> list[str]:
    for file in folder.iterdir():
        if file.suffix == ".tmp":
            os.utime(file, (0, 0))  # a cache leaves alone what may be in the making
    writer.write(folder, f"k-{times + 1}-0")
    left = {file.name for file in folder.iterdir()}
    expected = writer.files or {each for each in left if each.endswith(".bin")}
    left -= {"kvstore.sqlite-wal", "kvstore.sqlite-shm"}
    return [f"{name}: {sorted(left)} are left"] if left != set(expected) else []


# ---- workers -------------------------------------------------------------------------------------------------------

LINE = '{"_time":%d,"user":"u%d","n":%d.25}\n'
SPL = "* | eval x=sha256(user), y=n*3 | stats count, sum(y) as s, stdev(n) as d, dc(x) as x by user | sort user"


def kill_workers(times: int, chance: random.Random, lines: int = 60_000) -> list[str]:
    """Kill one of two workers in each of so many runs; return what was wrong."""
    wrong: list[str] = []
    search = splmini.Environment().compile(SPL)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "events.jsonl")
        path.write_text("".join(LINE % (number, number % 50, number) for number in range(lines)))
        began = time.monotonic()
        expected = [dict(row) for row in search.run(path)]
        taken = time.monotonic() - began
        for number in range(times):
            with ProcessPoolExecutor(2, mp_context=multiprocessing.get_context("fork")) as executor:
                killer = threading.Timer(chance.uniform(0, taken), _kill_one, (executor, chance))
                killer.start()
                rows = [dict(row) for row in search.run(path, executor=executor)]
                killer.cancel()
                killer.join()
            if rows != expected:
                wrong.append(f"workers, run {number}: other rows")
    return wrong


def _kill_one(executor: ProcessPoolExecutor, chance: random.Random) -> None:
    workers = sorted((executor._processes or {}).keys())
    if workers:
        os.kill(chance.choice(workers), signal.SIGKILL)


def main() -> int:
    """Kill as often as the arguments say."""
    parser = argparse.ArgumentParser(prog="kills", description=__doc__)
    parser.add_argument("--writers", type=int, default=1000, help="kills of writers, over all kinds")
    parser.add_argument("--workers", type=int, default=100, help="kills of workers")
    parser.add_argument("--seed", type=int, default=None)
    arguments = parser.parse_args()
    seed = random.randrange(1 << 32) if arguments.seed is None else arguments.seed
    chance = random.Random(seed)
    print(f"seed {seed}", flush=True)
    wrong: list[str] = []
    for name in WRITERS:
        times = -(-arguments.writers // len(WRITERS))
        found = kill_writers(name, times, chance)
        print(f"{name}: {times} kills, {len(found)} wrong", *found[:5], sep="\n  ", flush=True)
        wrong += found
    found = kill_workers(arguments.workers, chance)
    print(f"workers: {arguments.workers} kills, {len(found)} wrong", *found[:5], sep="\n  ", flush=True)
    return 1 if wrong or found else 0


if __name__ == "__main__":
    sys.exit(main())
