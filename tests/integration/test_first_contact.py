"""What a person meets in the first hour: why nothing was found, what a file is written as, what is no text."""

from __future__ import annotations

import json
import os
import random
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

import splmini
from splmini.cli import cli

EVENTS = [
    {"time": "2026-01-01T00:00:00Z", "user": "bob", "status": 500, "host": "web1"},
    {"time": "2026-01-01T00:00:01Z", "user": "ann", "status": 200, "host": "web2"},
]
Run = Callable[..., Result]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """A function that runs the command line in a folder with `events.jsonl`."""
    monkeypatch.chdir(tmp_path)
    Path("events.jsonl").write_text("".join(json.dumps(each) + "\n" for each in EVENTS), "utf-8")

    def invoke(*arguments: str, stdin: str | bytes | None = None) -> Result:
        result = CliRunner().invoke(cli, list(arguments), input=stdin)
        if isinstance(result.exception, splmini.SplError):
            result.exit_code = 2
        return result

    return invoke


# ---- nothing found ---------------------------------------------------------------------------------------------------

WHY = [
    ("stauts=500", "stauts is absent, wanted 500 (Did you mean 'status'?)"),
    ('* | where usr="bob"', "usr is absent, wanted usr=\"bob\" (Did you mean 'user'?)"),
    ("* | stats count by usr", "no row has a field usr (Did you mean 'user'?)"),
    ("| tstats count where index=* by usr", "no row has a field usr (Did you mean 'user'?)"),
    ("| tstats count where usr=bob by user", "usr is absent, wanted bob (Did you mean 'user'?)"),
    ("* | stats count by host", "what the event itself calls host is extracted_host"),
    ("status=700", "status is `500`, wanted 700"),
    ("user=* earliest=1 latest=2", "_time is `2026-01-01T00:00:00+00:00`, wanted latest=2"),
]


@pytest.mark.parametrize(("search", "why"), WHY)
def test_nothing_found_says_why(search: str, why: str, run: Run) -> None:
    """`run` says in a line why there is no row, and exits with 1."""
    result = run("run", search, "events.jsonl")
    assert result.exit_code == 1
    (line,) = [each for each in result.output.splitlines() if each.startswith("info: nothing found")]
    assert why in line


@pytest.mark.parametrize(("search", "why"), WHY)
def test_detect_says_why_it_did_not_fire(search: str, why: str, run: Run) -> None:
    """`detect` says the same of a detection."""
    Path("d.yml").write_text(f"name: D\nid: x\ntype: TTP\nsearch: {json.dumps(search)}\n", "utf-8")
    result = run("detect", "d.yml", "events.jsonl")
    assert result.exit_code == 1
    assert why in result.output


def test_shell_says_why(run: Run) -> None:
    """The shell says it below the number of rows."""
    assert "nothing found: stauts=500 refuses 2 of 2 rows" in run("shell", "events.jsonl", stdin="stauts=500\n").output


def test_outside_the_time_range(run: Run) -> None:
    """A time range that is set around the search says which events it leaves out."""
    told = run("run", "--latest", "10", "*", "events.jsonl").output
    assert "nothing found: 2 events between 2026-01-01T00:00:00+00:00 and 2026-01-01T00:00:01+00:00 are outside" in told


def test_quiet_says_nothing(run: Run) -> None:
    """With `-q` nothing is said; where something was found, neither."""
    assert run("run", "-q", "stauts=500", "events.jsonl").output == ""
    assert "nothing found" not in run("run", "status=500", "events.jsonl").output


def test_what_can_be_read_once_is_not_read_again(run: Run) -> None:
    """Standard input is read once: nothing is said of it."""
    result = run("run", "stauts=500", stdin=json.dumps(EVENTS[0]))
    assert (result.exit_code, "nothing found" in result.output) == (1, False)


def test_no_events_at_all() -> None:
    """An explanation of no events says so, one that fired has nothing to say."""
    env = splmini.Environment()
    assert env.explain("a=1", []).why == "there are no events"
    assert env.explain("a=1", [{"a": 1}]).why is None


# ---- what a file is written as ---------------------------------------------------------------------------------------


def test_parquet_is_written(run: Run) -> None:
    """`-o rows.parquet` writes a Parquet file."""
    parquet = pytest.importorskip("pyarrow.parquet")
    assert run("run", "-o", "rows.parquet", "* | table user status | sort user", "events.jsonl").exit_code == 0
    assert parquet.read_table("rows.parquet").to_pylist() == [
        {"user": "ann", "status": 200},
        {"user": "bob", "status": 500},
    ]


@pytest.mark.parametrize(
    ("name", "told"),
    [("rows.xyz", "Rows cannot be written as '.xyz'. There are: "), ("rows.cvs", "Did you mean 'csv'?")],
)
def test_unknown_endings_are_refused(name: str, told: str, run: Run) -> None:
    """A name whose ending stands for no form is refused before anything is read; a form by name goes into any file."""
    result = run("run", "-o", name, "*", "nowhere.jsonl")
    assert isinstance(result.exception, splmini.ArgumentError)
    assert told in str(result.exception)
    assert run("run", "-f", "csv", "-o", name, "*", "events.jsonl").exit_code == 0
    assert Path(name).read_text("utf-8").startswith("_raw,")


def test_the_shell_refuses_them_too(run: Run) -> None:
    """`:save` writes what `-o` writes."""
    assert "cannot be written as '.xyz'" in run("shell", "events.jsonl", stdin="*\n:save a.xyz\n").output
    assert not Path("a.xyz").exists()


# ---- what is no text -------------------------------------------------------------------------------------------------

NOISE = random.Random(7).randbytes(300_000)


def test_noise_is_no_text(run: Run) -> None:
    """A file of random bytes is refused by name; among others it is left out."""
    Path("noise.bin").write_bytes(NOISE)
    result = run("run", "*", "noise.bin")
    assert isinstance(result.exception, splmini.EventFormatError)
    assert str(result.exception).startswith("noise.bin: This is no file of events")
    assert run("run", "* | stats count", "noise.bin", "events.jsonl").exit_code == 2
    told = run("run", "-f", "csv", "* | stats count", ".").output
    assert "noise.bin: left out, it is no file of events." in told
    assert told.endswith("count\n2\n")
    assert run("run", "-f", "csv", "-j", "2", "* | stats count", ".").output.endswith("count\n2\n")


@pytest.mark.parametrize(
    "text",
    [
        "Müller hat sich angemeldet\n".encode("latin-1") * 50,
        "пользователь вошёл\n".encode("cp1251") * 50,
        "ログイン失敗\n".encode("shift_jis") * 50,
        "Müller\n".encode("utf-16"),
        b"8=FIX.4.2\x019=178\x0135=8\x0149=PHLX\n" * 50,
        "8=FIX\x01ü\x02\x03\x04\n".encode() * 5,
        b"\x1b[31merror\x1b[0m \xfcber\n" * 50,
        os.linesep.encode() * 3 + b"a",
    ],
)
def test_text_of_any_kind_stays_text(text: bytes, run: Run) -> None:
    """Text in older character sets, with separators that are control characters, with colours, is read."""
    Path("text.log").write_bytes(text)
    assert run("run", "-q", "-f", "csv", "| stats count", "text.log").exit_code == 0


# ---- mistakes in files -----------------------------------------------------------------------------------------------

CASES = "environment:\n  now: 2026-13-45\ncases:\n- {name: a, fires: true, events: [{a: 1}]}\n"


def test_a_time_that_is_none_is_placed(run: Run) -> None:
    """A bad `now:` names its key and line, shows it, and comes once; the file is wrong, so it is exit code 2."""
    Path("d.yml").write_text("name: D\nid: x\ntype: TTP\nsearch: a=1\n", "utf-8")
    Path("d.test.yml").write_text(CASES, "utf-8")
    result = run("test", "d.test.yml")
    assert result.exit_code == 2
    assert "d.test.yml:2:8: 'now' has to be a time: epoch seconds, ISO text" in result.output
    assert "  now: 2026-13-45\n" in result.output
    assert result.output.count("d.test.yml") == 1


def test_what_looks_like_iso_is_told_so(run: Run) -> None:
    """A time that looks like ISO is not called a relative one."""
    result = run("run", "--now", "2026-13-45", "*", "events.jsonl")
    assert str(result.exception).startswith("'2026-13-45' looks like an ISO time, but is none. Expected such as")


@pytest.mark.parametrize("command", ["test", "detect", "explain", "mutate"])
def test_yaml_errors_show_the_line_once(command: str, run: Run) -> None:
    """What is no YAML is shown, with a caret, once."""
    Path("broken.yml").write_text("name: D\nsearch: 'a\n", "utf-8")
    result = run(command, "broken.yml", *(["events.jsonl"] if command in ("detect", "explain") else []))
    text = result.output if result.output else str(result.exception)
    assert result.exit_code == 2
    assert text.count("broken.yml:") == 1
    assert "search: 'a\n" in text


def test_an_unknown_key_lists_the_known_ones(run: Run) -> None:
    """A key that is like none lists those that there are."""
    Path("d.test.yml").write_text("search: a=1\ncases:\n- {name: a, zzz: 1}\n", "utf-8")
    assert "Unknown key 'zzz'. Known are: events, file, " in run("test", "d.test.yml").output


def test_a_clean_lint_says_so(run: Run) -> None:
    """Lint says what it looked at, also where there is nothing to complain about."""
    Path("a.spl").write_text("index=a | stats count by user", "utf-8")
    result = run("lint", "a.spl")
    assert (result.exit_code, result.output) == (0, "nothing to complain about in 1 file\n")


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("index=a | stast count", "<stdin>:1:11: SPL001"),
        ("name: D\nid: x\ntype: TTP\nsearch: a=1 | stast count\n", "<stdin>:4:"),
        ("name: D\nsearch: 'a\n", "<stdin>:3:1: SPL000"),
    ],
)
def test_lint_reads_standard_input(text: str, told: str, run: Run) -> None:
    """`lint -` lints what an editor pipes into it: a search or a detection."""
    result = run("lint", "-", stdin=text)
    assert result.exit_code == 1
    assert told in result.output


SLIPS = """\
name: D
id: x
type: TPT
search: index=a
mitre_attack_id: [T99999]
rba:
  message: m
  risk_objects:
  - {field: user, type: usr, scor: 10}
"""


def test_lint_knows_the_schema(run: Run) -> None:
    """Keys below the top, types and techniques that there are not are findings at their place."""
    Path("d.yml").write_text(SLIPS, "utf-8")
    lines = run("lint", "d.yml", "--select", "SPL603,SPL606").output.splitlines()
    assert lines == [
        "d.yml:3:7: SPL606 'TPT' is no type of detection. Did you mean 'TTP'?",
        "d.yml:5:19: SPL606 'T99999' is no technique of ATT&CK. Techniques are T1059, sub-techniques T1059.001.",
        "d.yml:9:25: SPL606 'usr' is no type of risk object. Did you mean 'user'?",
        "d.yml:9:30: SPL603 No schema has the key 'scor' in 'rba.risk_objects'. Did you mean 'score'?",
        "4 findings in 1 file",
    ]


@pytest.mark.parametrize(
    ("search", "told"),
    [
        ("| tstats count from datamodel=Nope.X by X.a", "SPL006 There is no data model or dataset 'Nope.X'."),
        ("| from datamodel:Web.Wbe", "Did you mean 'Web.Web'?"),
        ("index=a | append [| datamodel Endpoint Procceses search]", "Did you mean 'Endpoint.Processes'?"),
    ],
)
def test_lint_knows_data_models(search: str, told: str, run: Run) -> None:
    """A data model or dataset that nobody defines is a finding, in subsearches too."""
    assert told in run("lint", "-", stdin=search).output


# ---- the shell -------------------------------------------------------------------------------------------------------


def test_fields_complete_in_a_fresh_session(run: Run) -> None:
    """Behind BY stand fields, of the first events where nothing was searched yet, and no functions."""
    from splmini.cli._session import Session

    names = Session(["events.jsonl"], {}).known_names()
    assert [each.text for each in splmini.complete("* | stats count by u", fields=names)] == ["user"]
    assert "upperperc(" in [each.text for each in splmini.complete("* | stats u", fields=names)]


@pytest.mark.parametrize(
    ("setting", "coloured"),
    [
        ({"FORCE_COLOR": "1"}, True),
        ({"NO_COLOR": "1", "FORCE_COLOR": "1"}, False),
        ({"TERM": "dumb"}, False),
        ({}, False),
    ],
)
def test_colour_is_as_asked_for(
    setting: dict[str, str], coloured: bool, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """NO_COLOR, FORCE_COLOR and TERM=dumb are obeyed; into a pipe there is none by itself."""
    for name in ("NO_COLOR", "FORCE_COLOR", "TERM"):
        monkeypatch.delenv(name, raising=False)
    for name, value in setting.items():
        monkeypatch.setenv(name, value)
    Path("d.test.yml").write_text("search: a=1\ncases:\n- {name: a, fires: true, events: [{a: 1}]}\n", "utf-8")
    assert ("\x1b[" in run("test", "d.test.yml").output) is coloured
