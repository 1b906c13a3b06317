"""Running programs side by side: wall time, memory and rows of each, the best of several rounds."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from benchmarks.generate import folder

NOT_INSTALLED = "is not installed"
"""How the reason ends why a program was left out that is not there; that is no failure."""


@dataclass
class Program:
    """A program to measure. `cores` binds it to so many processor cores, where the system can."""

    name: str
    argv: Sequence[str]
    cores: int | None = 1
    rows: bool = True
    """Whether its output is rows (one JSON list, or JSON lines) to be compared with the others'."""


@dataclass
class Outcome:
    """What came of a program: its best wall time, its largest peak memory, its rows, why it was left out."""

    seconds: float = float("inf")
    cpu: float = float("inf")
    peak_mb: float = 0.0
    rows: list[dict[str, Any]] | None = None
    skipped: str = ""


def python(module: str, *arguments: str) -> list[str]:
    """Return the command line of a Python module."""
    return [sys.executable, "-m", module, *arguments]


def splmini(search: str, *files: str, jobs: int = 1) -> list[str]:
    """Return the command line of a search."""
    more = ["-j", str(jobs)] if jobs > 1 else []
    return python("splmini", "run", "-q", "-f", "jsonl", *more, search, *files)


def measure(programs: Sequence[Program], rounds: int) -> dict[str, Outcome]:
    """Run programs in turn, round after round, so that a busy moment of the machine meets all of them."""
    outcomes = {each.name: Outcome() for each in programs}
    for _ in range(rounds):
        for program in programs:
            outcome = outcomes[program.name]
            if not outcome.skipped:
                _run(program, outcome)
    return outcomes


def _run(program: Program, outcome: Outcome) -> None:
    ran = run(program.argv, program.cores)
    if ran.error is not None:
        outcome.skipped = ran.error
        return
    outcome.seconds = min(outcome.seconds, ran.seconds)
    outcome.cpu = min(outcome.cpu, ran.cpu)
    outcome.peak_mb = max(outcome.peak_mb, ran.peak_mb)
    if program.rows:
        outcome.rows = _read_rows(ran.output)


@dataclass
class Ran:
    """One execution: wall and processor seconds, peak memory in MB, output, and what went wrong (None: nothing)."""

    seconds: float = 0.0
    cpu: float = 0.0
    peak_mb: float = 0.0
    output: str = ""
    error: str | None = None


def run(argv: Sequence[str], cores: int | None = None) -> Ran:
    """Run a command line, bound to so many cores where the system can."""
    environment = {**os.environ, "PYTHONPYCACHEPREFIX": str(folder() / "pycache")}
    environment.pop("PYTHONDONTWRITEBYTECODE", None)  # an installed package has its bytecode written
    try:
        started = time.perf_counter()
        process = subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment)
    except FileNotFoundError:
        return Ran(error=f"{argv[0]} {NOT_INSTALLED}")
    if cores is not None and hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(process.pid, sorted(os.sched_getaffinity(0))[-cores:])
    assert process.stdout is not None
    assert process.stderr is not None
    with ThreadPoolExecutor(1) as reading:
        complaints = reading.submit(process.stderr.read)
        out = process.stdout.read()
        err = complaints.result()
    cpu, peak = _wait(process)
    seconds = time.perf_counter() - started
    if process.returncode not in (0, 1) or (process.returncode == 1 and b"Traceback" in err):
        return Ran(error=(err.decode(errors="replace").strip().splitlines() or ["no output"])[-1])
    return Ran(seconds, cpu, peak, out.decode())


def _wait(process: subprocess.Popen[bytes]) -> tuple[float, float]:
    """Wait for a process and return its processor time and peak memory in MB; 0 where the system does not say."""
    if not hasattr(os, "wait4"):
        process.wait()
        return 0.0, 0.0
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    peak = usage.ru_maxrss / (1024 if sys.platform != "darwin" else 1 << 20)
    return usage.ru_utime + usage.ru_stime, peak


def _read_rows(text: str) -> list[dict[str, Any]] | None:
    if text.startswith("["):
        rows: list[dict[str, Any]] = json.loads(text)
        return rows
    return [json.loads(line) for line in text.splitlines()]


def same_rows(left: Sequence[dict[str, Any]], right: Sequence[dict[str, Any]]) -> bool:
    """Say whether two results hold the same rows in any order; numbers are compared as numbers."""
    return _canonical(left) == _canonical(right)


def _canonical(rows: Sequence[dict[str, Any]]) -> list[str]:
    return sorted(json.dumps({name: _plain(value) for name, value in row.items()}, sort_keys=True) for row in rows)


def _plain(value: Any) -> Any:
    try:
        return f"{float(value):.9g}"
    except (TypeError, ValueError):
        return value
