"""What is written: names from strangers, devices, two processes at once, a process that is killed."""

from __future__ import annotations

import errno
import os
import random
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from trust import kills
from trust.limits import ROOT, command_line, confined

import splmini
from splmini.cli import main
from splmini.detections.lint import pages
from splmini.errors import KnowledgeError, SplError

_APPENDS = """
import sys, splmini
env = splmini.Environment(data_dir=sys.argv[1])
for number in range(int(sys.argv[3])):
    env.compile(f'| makeresults | eval n="{sys.argv[4]}-{number}" | table n | {sys.argv[2]}').run([])
    print(number, flush=True)
"""


def _writer(folder: Path, command: str, times: int, who: str) -> subprocess.Popen[bytes]:
    arguments = [sys.executable, "-c", _APPENDS, str(folder), command, str(times), who]
    return subprocess.Popen(arguments, env={**os.environ, "PYTHONPATH": str(ROOT)}, stdout=subprocess.PIPE)


@pytest.mark.parametrize("command", ["outputlookup append=true t.csv", "outputcsv append=true t", "outputlookup t.csv"])
def test_two_processes_lose_no_rows(command: str, tmp_path: Path) -> None:
    """Rows that two processes append at once are all there; of what replaces, one table stands whole."""
    with _writer(tmp_path, command, 30, "a") as one, _writer(tmp_path, command, 30, "b") as other:
        one.communicate()
        other.communicate()
    lines = (tmp_path / "t.csv").read_text().splitlines()
    assert [each.name for each in tmp_path.iterdir()] == ["t.csv"]
    if "append" in command:
        assert sorted(lines) == sorted(["n", *(f"{who}-{number}" for who in "ab" for number in range(30))])
    else:
        assert lines in (["n", "a-29"], ["n", "b-29"])


@pytest.mark.parametrize("command", ["outputlookup append=true t.csv", "outputcsv append=true t"])
def test_a_killed_writer_leaves_whole_tables(command: str, tmp_path: Path) -> None:
    """A writer that is killed leaves every row that it said was written, none half, and no file besides."""
    for round_ in range(3):
        with _writer(tmp_path, command, 10_000, f"k{round_}") as child:
            assert child.stdout is not None
            said = [child.stdout.readline() for _ in range(5 + round_)]
            child.send_signal(signal.SIGKILL)
        lines = (tmp_path / "t.csv").read_text().splitlines()
        assert {f"k{round_}-{int(number)}" for number in said} <= set(lines)
    splmini.Environment(data_dir=tmp_path).compile(f"| makeresults | table n | {command}").run([])
    assert [each.name for each in tmp_path.iterdir()] == ["t.csv"]


@pytest.mark.skipif(sys.platform == "win32", reason="os.fork")
@pytest.mark.parametrize("kind", kills.WRITERS)
def test_kills_at_random_moments(kind: str) -> None:
    """Whatever is written is whole, and all that was said to be written is there, whenever the writer is killed."""
    if kind == "a model":
        pytest.importorskip("sklearn")
    ended = confined(
        "import random, trust.kills\n"
        "result['wrong'] = trust.kills.kill_writers(given['kind'], 4, random.Random(given['seed']))",
        {"kind": kind, "seed": random.randrange(1 << 32)},
        memory=0,
    )
    assert ended.result["wrong"] == []


LAID_OUT = {"s.spl": lambda path: main(["fmt", str(path)]), "index.md": lambda path: pages.write(path.parent)}


@pytest.mark.parametrize("name", LAID_OUT)
def test_files_that_are_laid_out_are_whole(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A disk that is full while a file is written again leaves it as it was."""
    path = tmp_path / name
    path.write_text("index=a|stats count")
    monkeypatch.setattr("os.fsync", _full)
    with pytest.raises((KnowledgeError, SystemExit)):
        LAID_OUT[name](path)
    assert path.read_text() == "index=a|stats count"
    assert [each.name for each in tmp_path.iterdir()] == [path.name]


def _full(handle: int) -> None:
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def test_a_new_file_replaces_none(tmp_path: Path) -> None:
    """Measured cases are written to a new file alone."""
    path = tmp_path / "m.yaml"
    path.write_text("mine")
    with pytest.raises(KnowledgeError, match="it is there already"):
        splmini.bench.write_measured(path, [], "Splunk 9")
    assert path.read_text() == "mine"


NAMES = ["x" * 300, "nul.csv", "CON", "a\ud800.csv", "folder.csv"]


@pytest.mark.parametrize("command", ["outputlookup", "outputcsv", "inputcsv"])
@pytest.mark.parametrize("name", NAMES)
def test_names_are_errors_of_ours(name: str, command: str, tmp_path: Path) -> None:
    """A name that no file can have is an SplError, nothing else, and nothing is written."""
    (tmp_path / "folder.csv").mkdir()
    start = "|" if command == "inputcsv" else "| makeresults |"
    with pytest.raises(SplError):
        splmini.Environment(data_dir=tmp_path).compile(f'{start} {command} "{name}"').run([])
    assert [each.name for each in tmp_path.iterdir()] == ["folder.csv"]


def test_bytes_that_are_no_text(tmp_path: Path) -> None:
    """A file that is no UTF-8 is an SplError that names it."""
    (tmp_path / "t.csv").write_bytes(b"a\n\xff\n")
    with pytest.raises(SplError, match=r"t\.csv"):
        splmini.Environment(data_dir=tmp_path).compile("| inputcsv t").run([])


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="there is no such device here")
def test_a_full_disk_is_said(tmp_path: Path) -> None:
    """Where nothing can be written any more, the command says so with the name and exits with 2."""
    ended = command_line("run", "| makeresults", "-o", "/dev/full")
    assert ended.code == 2
    assert "/dev/full" in ended.err
    assert "Traceback" not in ended.err


def test_a_file_that_is_there_stays_whole(tmp_path: Path) -> None:
    """What -o replaces keeps its rights, and nothing lies beside it."""
    path = tmp_path / "rows.csv"
    path.write_text("old")
    path.chmod(0o640)
    assert command_line("run", "| makeresults | eval a=1 | table a", "-o", str(path)).code == 0
    assert path.read_text() == "a\n1\n"
    assert path.stat().st_mode & 0o777 == 0o640
    assert [each.name for each in tmp_path.iterdir()] == ["rows.csv"]
