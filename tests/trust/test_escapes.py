"""Control sequences in what is not trusted reach no terminal, markup no page, and break no report."""

from __future__ import annotations

import ast
import json
import os
import sys
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import pytest
from trust.limits import ROOT, command_line

import splmini
from splmini.cli import _reports
from splmini.detections.bench import Verdict

EVIL = "\x1b[2J\x1b]0;owned\x07\x9b31m\x08‮"
ACTIVE = set(EVIL) - set("[2J]0;owned31m")
YAML_EVIL = json.dumps(EVIL)[1:-1]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with events, a detection and an app whose texts hold control sequences."""
    (tmp_path / f"e{EVIL.replace('/', '')}.json").write_text(json.dumps({"user": f"bob{EVIL}", "n": 1}) + "\n")
    (tmp_path / "d.yml").write_text(
        f'name: "a{YAML_EVIL}"\nid: 1\nversion: 1\ntype: TTP\nsearch: "user=x{YAML_EVIL} OR `m`"\n'
        f'rba:\n  message: "m{YAML_EVIL}"\n  risk_objects: [{{field: user, type: user, score: 5}}]\n'
    )
    (tmp_path / "macros.conf").write_text(f"[m]\ndefinition = nosuch({EVIL} | bad\n[ok]\ndefinition = user=*{EVIL}\n")
    return tmp_path


@pytest.mark.parametrize(
    "arguments",
    [
        ["run", "user=*"],
        ["run", "user=* | nosuch" + EVIL],
        ["run", "--fields", "x" + EVIL, "user=*"],
        ["run", "`m`", "--macros", "macros.conf"],
        ["run", "--strict", "`ok`", "--macros", "macros.conf"],
        ["explain", "user=alice"],
        ["explain", f'user="{EVIL}"'],
        ["detect", "d.yml"],
        ["plan", f'user="{EVIL}"'],
        ["lint", "d.yml"],
        ["fields"],
        ["--debug", "run", "| nosuch" + EVIL],
        ["test", "."],
        ["nosuch" + EVIL],
    ],
)
def test_text_for_people(folder: Path, arguments: list[str]) -> None:
    """No control character of an event, a name, a macro or a search is among what people read."""
    files = sorted(each.name for each in folder.glob("e*.json"))
    given = arguments + (files if arguments[0] in ("run", "explain", "detect", "fields") else [])
    ended = command_line(*given, cwd=folder)
    assert not ACTIVE & set(ended.out + ended.err), (ended.out + ended.err)[:500]
    assert "Traceback" not in ended.err or "--debug" in arguments


def test_the_shell(folder: Path) -> None:
    """Nor in what the shell shows."""
    file = next(folder.glob("e*.json"))
    ended = command_line(
        "shell", file.name, cwd=folder, given=b"user=*\n:explain user=x\n:fields\n| nosuch\n:macro m\n"
    )
    assert not ACTIVE & set(ended.out + ended.err), (ended.out + ended.err)[:500]


@pytest.mark.skipif(sys.platform == "win32", reason="a terminal of POSIX")
@pytest.mark.parametrize("form", ["csv", "json", "jsonl", "table"])
def test_data_on_a_terminal(folder: Path, form: str) -> None:
    """Data is shown in a terminal with its control characters as escapes, and is whole in a pipe."""
    import pty

    arguments = ["run", "-q", "-f", form, "user=* | fields user", next(folder.glob("e*.json")).name]
    ours, its = pty.openpty()
    command_line(*arguments, cwd=folder, stdout=its)
    os.close(its)
    shown = os.read(ours, 65536).decode()
    os.close(ours)
    assert "bob" in shown
    assert not ACTIVE & set(shown), shown
    if form == "csv":
        assert EVIL in command_line(*arguments, cwd=folder).out


def test_one_way_out() -> None:
    """Nothing of the command line writes to a terminal but `_output`, and the lines of progress, which are its own."""
    for file in sorted((ROOT / "splmini" / "cli").glob("*.py")):
        if file.name == "_output.py":
            continue
        for node in ast.walk(ast.parse(file.read_text("utf-8"))):
            name = ast.unparse(node.func) if isinstance(node, ast.Call) else ""
            assert name not in ("click.echo", "click.secho", "print", "sys.stdout.write"), (file.name, node)


@pytest.mark.parametrize("text", [EVIL, "\0", "\ud800x", "\udc80", "￾￿", "<&\"'>]]>", "\x85 "])
def test_junit(text: str) -> None:
    """JUnit is XML whatever the text."""
    verdicts = [Verdict(text, 1, text, text, status, text + "\n" + text, 0, 0.1) for status in _reports.STATUSES]
    root = ElementTree.fromstring(_reports.to_junit(verdicts).encode("utf-8"))
    assert len(root) == len(verdicts)


@pytest.mark.parametrize("text", [EVIL, "\ud800x", "</script>", "ÿ\x00"])
def test_sarif(text: str, tmp_path: Path) -> None:
    """SARIF is JSON without halves of pairs whatever the text."""
    import msgspec

    (tmp_path / "s.spl").write_bytes(f'user="{text}" | stast count by {text}'.encode("utf-8", "surrogatepass"))
    ended = command_line("lint", "-f", "sarif", "s.spl", cwd=tmp_path)
    if ended.code != 2:  # no UTF-8, told so
        assert msgspec.json.decode(ended.out)["version"] == "2.1.0"
    assert "Traceback" not in ended.err


@pytest.mark.parametrize(
    "text", ["<script>alert(1)</script>", "<img src=x onerror=alert(1)>", '"><svg/onload=alert(1)>']
)
def test_pages(text: str) -> None:
    """No markup of an event, a name of a field or a search is markup of a page."""
    env = splmini.Environment()
    quoted = json.dumps(text)
    results = env.compile(f"user=* | eval made={quoted}").run([{"user": text, text: "x", "_raw": text, "_time": 1}])
    explained = env.explain(f"user={quoted} other=1", [{"user": text, "_raw": text}])
    for page in (results._repr_html_(), explained._repr_html_()):
        assert "<script>alert" not in page
        assert "<img src=x" not in page
        assert "<svg/onload" not in page


# ---- no traceback --------------------------------------------------------------------------------------------------


@pytest.mark.skipif(sys.platform == "win32", reason="closed streams of a shell of POSIX")
@pytest.mark.parametrize(
    ("command", "closed"),
    [
        *(
            ("run '*'", closed)
            for closed in ("<&-", ">&-", "2>&-", "<&- >&-", "<&- 2>&-", "<&- >&- 2>&-", ">/dev/full")
        ),
        *((each, "<&- >&- 2>&-") for each in ("run '| makeresults'", "explain '*'", "fields", "test .", "nosuch")),
        *((each, ">/dev/full") for each in ("run '| makeresults'", "explain '*'", "fields", "test .", "nosuch")),
    ],
)
def test_closed_streams(command: str, closed: str, tmp_path: Path) -> None:
    """With a standard stream closed, or full, a command says what is wrong where it still can."""
    from trust.limits import killed_after

    shell = f"{sys.executable} -m splmini {command} {closed}"
    done = killed_after(60, ["sh", "-c", shell], b'{"a": 1}\n', cwd=tmp_path)
    assert done.returncode in (0, 1, 2)
    assert b"Traceback" not in done.stdout + done.stderr
    assert b"Exception ignored" not in done.stderr


def test_debug(tmp_path: Path) -> None:
    """A traceback is shown where it is asked for, and only there."""
    quiet, loud = (command_line(*flag, "run", "| nosuch") for flag in ((), ("--debug",)))
    assert "Traceback" not in quiet.err
    assert "Traceback" in loud.err
    assert quiet.code == loud.code == 2
