"""Processes: Ctrl-C, a worker that is killed, a parent that is killed, a reader that has seen enough."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from trust.limits import ROOT

LINE = '{"_time":%d,"user":"u%d","msg":"hello world"}\n'
SLOW = "* | eval x=sha256(msg), y=sha512(x), z=sha512(y) | stats count, dc(x) by user"

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="what runs is looked up in /proc")


@pytest.fixture(scope="module")
def events(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file of events that takes some seconds."""
    path = tmp_path_factory.mktemp("events") / "events.jsonl"
    path.write_text("".join(LINE % (number, number % 100) for number in range(600_000)))
    return path


def _command(*arguments: str) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "splmini", *arguments]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    pipe = subprocess.PIPE
    return subprocess.Popen(command, env=environment, stdout=pipe, stderr=pipe, start_new_session=True)


def _children(pid: int) -> list[int]:
    return [int(each) for each in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def _workers(pid: int, count: int) -> list[int]:
    """Wait until a process has its workers."""
    waiting = threading.Event()
    for _ in range(600):
        found = _children(pid)
        if len(found) >= count:
            return found
        waiting.wait(0.05)
    raise AssertionError("no workers came")


def _gone(pids: list[int]) -> bool:
    """Wait until processes are gone."""
    waiting = threading.Event()
    for _ in range(300):
        if not any(Path(f"/proc/{pid}/cmdline").exists() and Path(f"/proc/{pid}/cmdline").read_bytes() for pid in pids):
            return True
        waiting.wait(0.05)
    return False


@pytest.mark.parametrize("whole_group", [False, True], ids=["to the parent", "to all, as a terminal does"])
def test_ctrl_c_leaves_no_process(whole_group: bool, events: Path) -> None:
    """Ctrl-C ends a run over workers at once, says so without a traceback, and no worker is left."""
    with _command("run", SLOW, str(events), "-j", "2") as child:
        workers = _workers(child.pid, 2)
        (os.killpg if whole_group else os.kill)(child.pid, signal.SIGINT)
        _, err = child.communicate(timeout=60)
    assert child.returncode == 130
    assert b"interrupted" in err
    assert b"Traceback" not in err
    assert _gone(workers)


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM])
def test_workers_end_with_their_parent(how: signal.Signals, events: Path) -> None:
    """Where the parent is killed, its workers end by themselves."""
    with _command("run", SLOW, str(events), "-j", "2") as child:
        workers = _workers(child.pid, 2)
        child.send_signal(how)
    assert _gone(workers)


def test_a_killed_worker_costs_no_rows(events: Path) -> None:
    """A worker that is killed has its work done elsewhere: the answer is whole."""
    with _command("run", "* | eval x=sha512(msg) | stats count", str(events), "-j", "2", "-f", "csv") as child:
        os.kill(_workers(child.pid, 2)[0], signal.SIGKILL)
        out, err = child.communicate(timeout=120)
    assert child.returncode == 0, err
    assert out.split() == [b"count", b"600000"]


def test_a_closed_pipe_ends_quietly(tmp_path: Path) -> None:
    """Whoever reads the output and has seen enough ends the command without a word."""
    events = tmp_path / "events.jsonl"
    events.write_text("".join(LINE % (number, number) for number in range(20_000)))  # more than a pipe holds
    with _command("run", "*", str(events), "-q", "-f", "jsonl") as child:
        assert child.stdout is not None
        assert child.stderr is not None
        child.stdout.read(10)
        child.stdout.close()
        err = child.stderr.read()
    assert child.returncode == 0
    assert err == b""
