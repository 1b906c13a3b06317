"""Hostile input, run in a process of its own that may take so much memory and so much time, and no more.

    ended = confined("print(len(splmini.search(given)))", given="| makeresults count=5", memory=200, seconds=60)
    assert ended.out == "5\\n"

    ended = attack("| makeresults count=1000000000000 | stats count")
    assert ended.error == "LimitExceeded"

Memory is in MB on top of what the process holds with splmini and the named `modules` loaded; an address-space limit
keeps it, so that what asks for more meets MemoryError there instead of harming the machine that runs the tests. The
time is a generous bound that separates what ends from what hangs: the child and all that it started are killed at its
end, and `Hang` is raised.
"""

from __future__ import annotations

import atexit
import contextlib
import functools
import json
import os
import select
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]

_CHILD = """
import importlib, json, os, resource, sys, traceback

def perform(task):
    for name in task["modules"]:
        importlib.import_module(name)
    if task["memory"] and sys.platform == "linux":
        held = int(open("/proc/self/statm").read().split()[0]) * resource.getpagesize()
        resource.setrlimit(resource.RLIMIT_AS, (held + (task["memory"] << 20), resource.RLIM_INFINITY))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    result = {}
    try:
        exec(compile(task["code"], "<attack>", "exec"), {"splmini": splmini, "given": task["given"], "result": result})
    finally:
        result["grown"] = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
        json.dump(result, open(task["report"], "w"))

def in_a_fork(path):
    os.setsid()
    for number, name in enumerate(("stdin", "stdout", "stderr")):
        os.dup2(os.open(os.devnull if not number else f"{path}.{name}", os.O_RDWR | os.O_CREAT), number)
    code = 1
    try:
        perform(json.load(open(path, encoding="utf-8")))
        code = 0
    except SystemExit as asked:
        code = asked.code if isinstance(asked.code, int) else 1
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)

import splmini
splmini.search("| makeresults | stats count")
if sys.argv[1:]:
    perform(json.load(open(sys.argv[1], encoding="utf-8")))
else:
    for line in sys.stdin:
        child = os.fork()
        if not child:
            in_a_fork(line.strip())
        print(child, flush=True)
        print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)
"""
"""Runs the task in a file; without one it is a server: each line names a task, which a fork of it runs."""

_SEARCH = """
try:
    env = splmini.Environment(**given["environment"])
    found = env.compile(given["spl"]).run(given["events"], **given["options"])
    result["rows"] = len(found)
    result["messages"] = [each.text for each in found.messages]
    result["first"] = {k: str(v)[:200] for k, v in found[0].items()} if found else None
except splmini.SplError as error:
    result["error"] = type(error).__name__
    result["message"] = str(error)
"""


class Hang(Exception):
    """The child did not end within its time."""


@dataclass(frozen=True)
class Ended:
    """How a confined process ended."""

    code: int
    """Its exit code; negative: the signal that killed it."""
    out: str
    err: str
    result: dict[str, Any]
    """What it put into `result`; empty where it was killed."""

    @property
    def grown(self) -> float:
        """The MB of memory that it came to hold beyond what it began with."""
        return float(self.result["grown"])

    @property
    def error(self) -> str | None:
        """The type of the SplError that an `attack` ended in; None where it gave rows. Others fail the test."""
        assert self.code == 0, self.err[-2000:]
        return self.result.get("error")

    @property
    def message(self) -> str:
        """The text of that error."""
        return str(self.result.get("message", ""))


def confined(
    code: str, given: Any = None, *, memory: int = 512, seconds: float = 120, modules: Sequence[str] = ()
) -> Ended:
    """Run Python code that sees `splmini`, `given` (JSON) and `result`, a dict that comes back; memory 0: no limit."""
    with tempfile.TemporaryDirectory() as folder:
        report, task = Path(folder, "report.json"), Path(folder, "task.json")
        content = {"code": code, "given": given, "memory": memory, "modules": list(modules), "report": str(report)}
        task.write_text(json.dumps(content), encoding="utf-8")
        done = _forked(seconds, task) if _FORKS else killed_after(seconds, [sys.executable, "-c", _CHILD, str(task)])
        result = json.loads(report.read_text()) if report.exists() else {}
    return Ended(done.returncode, done.stdout.decode(), done.stderr.decode(), result)


_FORKS = sys.platform == "linux"


@functools.lru_cache(maxsize=1)
def _server() -> subprocess.Popen[bytes]:
    """The process that forks for each task, with splmini loaded; it ends with the tests."""
    pipe = subprocess.PIPE
    server = subprocess.Popen([sys.executable, "-c", _CHILD], env=_environment(), stdin=pipe, stdout=pipe, bufsize=0)
    atexit.register(_end, server)
    return server


def _end(server: subprocess.Popen[bytes]) -> None:
    with server:  # closes its input, at which it ends
        pass


def _forked(seconds: float, task: Path) -> subprocess.CompletedProcess[bytes]:
    """Run a task in a fork of the server, and kill it and all that it started where it takes longer."""
    server = _server()
    assert server.stdin is not None
    assert server.stdout is not None
    server.stdin.write(f"{task}\n".encode())
    child = int(server.stdout.readline())
    hangs = not select.select([server.stdout], [], [], seconds)[0]
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(child, signal.SIGKILL)
    code = int(server.stdout.readline())
    if hangs:
        raise Hang(f"no end within {seconds} s: {task.read_text('utf-8')[:500]}")
    out, err = (Path(f"{task}.{name}").read_bytes() for name in ("stdout", "stderr"))
    return subprocess.CompletedProcess([str(task)], code, out, err)


def attack(
    spl: str,
    events: Iterable[Any] | str = (),
    *,
    memory: int = 512,
    seconds: float = 120,
    modules: Sequence[str] = (),
    options: dict[str, Any] | None = None,
    **environment: Any,
) -> Ended:
    """Run a search in a confined process; `.error` and `.message` tell its SplError, `.result["rows"]` its rows."""
    events = events if isinstance(events, str) else list(events)
    given = {"spl": spl, "events": events, "options": options or {}, "environment": environment}
    return confined(_SEARCH, given, memory=memory, seconds=seconds, modules=modules)


def command_line(*arguments: str, given: bytes = b"", seconds: float = 120, **options: Any) -> Ended:
    """Run `splmini ARGUMENTS` with `given` as standard input; options are those of `subprocess.Popen`."""
    done = killed_after(seconds, [sys.executable, "-m", "splmini", *arguments], given, **options)
    return Ended(done.returncode, done.stdout.decode(), done.stderr.decode(), {})


def killed_after(
    seconds: float, command: Sequence[str], given: bytes = b"", **options: Any
) -> subprocess.CompletedProcess[bytes]:
    """Run a command in a session of its own, and kill all of it where it takes longer than so many seconds."""
    environment = {**_environment(), **options.pop("env", {})}
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE, **options}
    with subprocess.Popen(command, env=environment, start_new_session=True, **pipes) as child:
        try:
            out, err = child.communicate(given if pipes["stdin"] == subprocess.PIPE else None, timeout=seconds)
        except subprocess.TimeoutExpired:
            raise Hang(f"no end within {seconds} s: {' '.join(command)[:500]}") from None
        finally:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(child.pid, signal.SIGKILL)
    return subprocess.CompletedProcess(command, child.returncode, out or b"", err or b"")


def _environment() -> dict[str, str]:
    path = os.pathsep.join(each for each in (str(ROOT), str(ROOT / "tests"), os.environ.get("PYTHONPATH", "")) if each)
    return {**os.environ, "PYTHONPATH": path, "PYTHONIOENCODING": "utf-8"}
