"""The processes of `-j`: forked where that is safe, else started anew; the rows are the same."""

from __future__ import annotations

import subprocess
import sys
import threading
from pathlib import Path

import pytest

from splmini.cli import _shared


@pytest.mark.parametrize(
    ("platform", "threads", "library", "forks"),
    [
        ("linux", 1, "no such library", True),
        ("linux", 2, "no such library", False),
        ("linux", 1, "sys", False),
        ("darwin", 1, "no such library", False),
    ],
)
def test_a_process_forks_only_alone(
    platform: str, threads: int, library: str, forks: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither beside another thread, nor with a library that has its own, nor on another system than Linux."""

    def active_count() -> int:
        return threads

    monkeypatch.setattr(sys, "platform", platform)
    monkeypatch.setattr(threading, "active_count", active_count)
    monkeypatch.setattr(_shared, "_THREADED", frozenset({library}))
    assert _shared.forks() is forks


@pytest.mark.parametrize("imports", ["", "import numpy\n"])
def test_rows_are_those_of_one_process(tmp_path: Path, imports: str) -> None:
    """A program of its own, which forks, or does not where a library with threads is there."""
    if imports:
        pytest.importorskip("numpy")
    lines = "".join(f'{{"_time":{n},"sourcetype":"st","user":"u{n % 7}","n":{n}}}\n' for n in range(60_000))
    file = tmp_path / "events.jsonl"
    file.write_text(lines)
    search = "n=* | stats count dc(n) max(_time) by user"
    outputs = []
    for jobs in ("1", "2"):
        program = f"{imports}from splmini.cli import main; main()"
        argv = [sys.executable, "-c", program, "run", "-q", "-f", "jsonl", "-j", jobs, search, str(file)]
        ran = subprocess.run(argv, capture_output=True, text=True, check=True)
        outputs.append(ran.stdout)
        assert ran.stderr == ""
    assert outputs[0] == outputs[1]
    assert outputs[0].count("\n") == 7
