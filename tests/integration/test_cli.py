"""The command line: what each command prints and exits with."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from click.testing import CliRunner, Result

from splmini import cli as command_line

ROOT = Path(__file__).resolve().parent.parent.parent
EXAMPLE = ROOT / "examples" / "detect_regsvcs"
LINES = '{"_raw":"a","user":"bob","_time":1}\n{"_raw":"b","user":"al","_time":2}\n{"_raw":"c","user":"bob","_time":3}\n'


def invoke(*arguments: str, stdin: str | bytes | None = None) -> Result:
    """Run the command line in this process; errors of splmini's own come as they would on the command line."""
    from splmini import SplError

    result = CliRunner().invoke(command_line.cli, list(arguments), input=stdin)
    if isinstance(result.exception, SplError):
        result.exit_code = 2
    elif result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result


class Case(NamedTuple):
    """Arguments, the exit code, and what is printed."""

    name: str
    arguments: list[str]
    code: int
    output: str
    stdin: str = LINES


CASES = [
    Case("a table", ["run", "-q", "| stats count by user"], 0, "user  count\n----  -----\nal        1\nbob       2\n"),
    Case(
        "JSON lines",
        ["run", "-q", "-f", "jsonl", "| stats count by user"],
        0,
        '{"user": "al", "count": 1}\n{"user": "bob", "count": 2}\n',
    ),
    Case("JSON", ["run", "-q", "-f", "json", "| stats count"], 0, '[\n  {\n    "count": 3\n  }\n]\n'),
    Case("CSV", ["run", "-q", "-f", "csv", "| stats count by user"], 0, "user,count\nal,1\nbob,2\n"),
    Case("no rows are 1", ["run", "-q", "user=nobody"], 1, ""),
    Case(
        "a limit",
        ["run", "-q", "-f", "csv", "--limit", "1", "| stats count by user"],
        0,
        "user,count\nal,1\ninfo: 1 more rows\n",
    ),
    Case("newest first", ["run", "-q", "-f", "csv", "| table _raw"], 0, "_raw\nc\nb\na\n"),
    Case("as given", ["run", "-q", "-f", "csv", "--order", "given", "| table _raw"], 0, "_raw\na\nb\nc\n"),
    Case(
        "sourcetype of all",
        ["run", "-q", "-f", "csv", "--sourcetype", "st", "| stats count by sourcetype"],
        0,
        "sourcetype,count\nst,3\n",
    ),
    Case(
        "the time range", ["run", "-q", "-f", "csv", "--earliest", "2", "--latest", "3", "| table _raw"], 0, "_raw\nb\n"
    ),
    Case(
        "what was chosen",
        ["run", "-f", "csv", "--input-format", "text", "| stats count by sourcetype"],
        0,
        "info: sourcetype 'text' inferred from the content of 3 events.\n",
    ),
]


@pytest.mark.parametrize("case", CASES, ids=[case.name for case in CASES])
def test_run(case: Case) -> None:
    """`splmini run` prints rows on standard output, messages on standard error, and exits as grep does."""
    result = invoke(*case.arguments, stdin=case.stdin)
    assert result.exit_code == case.code, result.output
    if case.name == "what was chosen":
        assert case.output in result.stderr
        return
    assert result.output == case.output


def test_errors_are_two() -> None:
    """A wrong search, a missing file, a wrong option and a wrong command exit with 2."""
    assert invoke("run", "| stast count", stdin="").exit_code == 2
    assert invoke("run", "| stats count", "no/such/file").exit_code == 2
    assert invoke("run", "--format", "xls", "| stats count").exit_code == 2
    assert invoke("run", "--now", "nan", "| makeresults", stdin="").exit_code == 2
    assert invoke("run", "--earliest", "inf", "*", stdin="").exit_code == 2
    result = invoke("rnu")
    assert result.exit_code == 2
    assert "Did you mean 'run'?" in result.output


def test_output_file(tmp_path: Path) -> None:
    """`-o` writes the rows to a file."""
    path = tmp_path / "rows.csv"
    assert invoke("run", "-q", "-f", "csv", "-o", str(path), "| stats count", stdin=LINES).output == ""
    assert path.read_text() == "count\n3\n"


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("rows.csv", "count\n3\n"),
        ("rows.jsonl", '{"count": 3}\n'),
        ("rows.json", '[\n  {\n    "count": 3\n  }\n]\n'),
        ("rows.txt", "count\n-----\n    3\n"),
    ],
)
def test_the_name_of_a_file_chooses_the_form(name: str, text: str, tmp_path: Path) -> None:
    """Without `-f`, a file gets the form that its name ends in."""
    path = tmp_path / name
    assert invoke("run", "-q", "-o", str(path), "| stats count", stdin=LINES).exit_code == 0
    assert path.read_text("utf-8") == text


def test_hidden_folders_are_passed_over(tmp_path: Path) -> None:
    """What version control or an environment keeps in hidden folders is neither linted nor laid out."""
    (tmp_path / ".venv").mkdir()
    (tmp_path / ".venv" / "a.spl").write_text("index=a  user!=*\n", "utf-8")
    assert invoke("lint", str(tmp_path)).exit_code == 0
    assert invoke("fmt", "--check", str(tmp_path)).exit_code == 0


def test_search_from_a_file(tmp_path: Path) -> None:
    """`@FILE` is the text of a search."""
    path = tmp_path / "search.spl"
    path.write_text("| stats count\n")
    assert invoke("run", "-q", "-f", "csv", f"@{path}", stdin=LINES).output == "count\n3\n"


def test_generating_search_reads_nothing() -> None:
    """A search that makes its own rows needs no files."""
    assert invoke("run", "-q", "-f", "csv", "| makeresults | eval a=1 | table a", stdin="").output == "a\n1\n"


def test_processes() -> None:
    """`-j` gives the same rows."""
    one = invoke("run", "-q", "-f", "csv", "| stats count by user", stdin=LINES)
    assert invoke("run", "-q", "-f", "csv", "-j", "2", "| stats count by user", stdin=LINES).output == one.output


class TestDetect:
    """`splmini detect`."""

    def test_text(self) -> None:
        """Rows, findings and risk events are shown."""
        result = invoke("detect", "-q", str(EXAMPLE / "detection.yml"), str(EXAMPLE / "events.xml"))
        assert result.exit_code == 0, result.output
        assert result.output.startswith("Detect Regsvcs with Network Connection: fired, 5 rows\n")
        for part in ("\nrow 5\n", "\nfinding 5\n", "\nrisk event 5\n", "172.32.0.1", "risk_score"):
            assert part in result.output

    def test_json(self) -> None:
        """JSON has everything."""
        result = invoke("detect", "-q", "-f", "json", str(EXAMPLE / "detection.yml"), str(EXAMPLE / "events.xml"))
        content = json.loads(result.output)
        assert content["fired"]
        assert (len(content["results"]), len(content["findings"]), len(content["risk_events"])) == (5, 5, 5)

    def test_not_fired_is_one(self) -> None:
        """A detection that finds nothing exits with 1."""
        result = invoke("detect", "-q", str(EXAMPLE / "detection.yml"), stdin=LINES)
        assert result.exit_code == 1
        assert "did not fire, 0 rows" in result.output


class TestFmt:
    """`splmini fmt`."""

    def test_file(self, tmp_path: Path) -> None:
        """A file is laid out in place, once."""
        path = tmp_path / "a.spl"
        path.write_text("search a=1 |  stats count by b,c\n")
        assert invoke("fmt", "--check", str(path)).exit_code == 1
        diff = invoke("fmt", "--diff", str(path))
        assert diff.exit_code == 1
        assert "-search a=1 |  stats" in diff.output
        assert invoke("fmt", str(path)).exit_code == 0
        assert "\n| stats" in path.read_text()
        assert invoke("fmt", "--check", str(path)).exit_code == 0

    def test_standard_input(self) -> None:
        """`-` goes through."""
        assert "\n| stats count\n" in invoke("fmt", "-", stdin="a=1 | stats   count\n").output

    def test_yaml(self, tmp_path: Path) -> None:
        """In a detection only the search changes."""
        path = tmp_path / "a.yml"
        path.write_text("name: x # stays\nsearch: 'a=1 |   stats count'\nother: [1,  2]\n")
        assert invoke("fmt", str(path)).exit_code == 0
        text = path.read_text()
        assert text.startswith("name: x # stays\nsearch: ")
        assert text.endswith("other: [1,  2]\n")
        assert "| stats count" in text

    def test_missing_file(self) -> None:
        """A file that is not there is an error."""
        assert invoke("fmt", "no/such/file.spl").exit_code == 2


def test_help_names_every_command() -> None:
    """`splmini --help` lists the commands, each with a sentence."""
    result = invoke("--help")
    assert result.exit_code == 0
    for name in command_line.COMMANDS:
        assert f"\n  {name} " in result.output
        assert invoke(name, "--help").exit_code == 0
    assert invoke("--version").output.startswith("splmini ")


def test_as_a_process(tmp_path: Path) -> None:
    """`python -m splmini` prints an error of a search with its caret, without a traceback, and exits with 2."""
    environment: dict[str, Any] = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [sys.executable, "-m", "splmini", "run", "a=1 | stast count"],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        env=environment,
        input="",
        timeout=60,
        check=False,
    )
    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr.startswith("splmini: UnknownCommand: line 1, column 7: ")
    assert "Did you mean 'stats'?" in done.stderr
    assert "Traceback" not in done.stderr


class TestLooking:
    """The commands that show what is there."""

    def test_plan(self) -> None:
        """The plan is shown as built and as optimised, in words and as JSON."""
        result = invoke("plan", "a=1 | search b=2 | stats count by c")
        assert result.output.startswith("plan\n  1. generating every event\n")
        assert "optimised\n  1. generating a=1 b=2\n" in result.output
        content = json.loads(invoke("plan", "--json", "a=1 | stats count by c").output)
        assert content["optimised"][0]["fields"] == ["c"]

    def test_fields(self) -> None:
        """The fields of events are listed, each with where it came from."""
        result = invoke("fields", "-f", "csv", str(EXAMPLE / "events.xml"))
        assert result.exit_code == 0
        assert "process_name" in result.output

    def test_apps_check(self, tmp_path: Path) -> None:
        """What an app has that is not carried out is listed, and exits with 1."""
        (tmp_path / "default").mkdir()
        (tmp_path / "default" / "props.conf").write_text("[a]\nEXTRACT-x = (?<y>\\d+)\n")
        assert invoke("apps", "check", str(tmp_path)).exit_code == 0
        (tmp_path / "default" / "props.conf").write_text("[a]\nEXTRACT-x = (?<y>\\d+\n")
        result = invoke("apps", "check", str(tmp_path))
        assert result.exit_code == 1
        assert "EXTRACT-x" in result.output


@pytest.mark.parametrize(
    ("error", "code"), [(KeyboardInterrupt(), 130), (OSError(2, "No such file"), 2)], ids=["interrupt", "file"]
)
def test_exit_codes_of_main(error: BaseException, code: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """An interrupted run exits with 130, a file that cannot be written with 2; neither shows a traceback."""

    def fails(*arguments: Any, **options: Any) -> None:
        raise error

    monkeypatch.setattr("splmini.cli.run.shared.environment", fails)
    with pytest.raises(SystemExit) as caught:
        command_line.main(["run", "a"])
    assert caught.value.code == code


def test_reader_that_goes_away(tmp_path: Path) -> None:
    """Output that nobody reads to its end is no error."""
    process = subprocess.Popen(
        [sys.executable, "-m", "splmini", "run", "-q", "| makeresults count=50000 | eval a=1 | table a"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        stdin=subprocess.DEVNULL,
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    assert process.stdout is not None
    assert process.stderr is not None
    assert process.stdout.read(1) == b"a"
    process.stdout.close()
    assert process.stderr.read() == b""
    process.stderr.close()
    assert process.wait(timeout=60) == 0


class TestTable:
    """`splmini run` in its default form, a table that is read."""

    def test_fields(self) -> None:
        """`--fields` chooses columns of every form, by name or pattern; a name that no row has is warned of."""
        result = invoke("run", "-q", "-f", "csv", "--fields", "us*,_raw", "--fields", "nosuch", "*", stdin=LINES)
        assert result.stdout == "user,_raw\nbob,c\nal,b\nbob,a\n"
        assert result.stderr == "warn: No row has a field 'nosuch'.\n"

    def test_what_is_left_out_is_told(self) -> None:
        """Times are readable; fields that are left out are counted, and shown by `--fields`."""
        result = invoke("run", "--infer", "*", stdin=LINES)
        assert result.stdout.splitlines()[2].startswith("1970-01-01T00:00:03Z")
        assert "user" not in result.stdout.splitlines()[0]
        assert "--fields '*' or -f json shows" in result.stderr
        result = invoke("run", "--fields", "*", "*", stdin=LINES)
        assert "user" in result.stdout.splitlines()[0]
        assert "--fields" not in result.stderr

    def test_a_search_with_a_byte_order_mark(self, tmp_path: Path) -> None:
        """A file of SPL as Windows' editors save it is a search; one that is no UTF-8 is refused by its name."""
        path = tmp_path / "search.spl"
        path.write_bytes(b"\xef\xbb\xbf| stats count\n")
        assert invoke("run", "-q", "-f", "csv", f"@{path}", stdin=LINES).output == "count\n3\n"
        path.write_bytes("| stats count\n".encode("utf-16"))
        result = invoke("run", f"@{path}", stdin=LINES)
        assert result.exit_code == 2
        assert "search.spl is not UTF-8" in result.output


class TestFiles:
    """Files and paths as they come."""

    def test_fmt_goes_on_after_a_mistake(self, tmp_path: Path) -> None:
        """A file that is no search, or no text, is named and ends the command with 2; the others are laid out."""
        (tmp_path / "a.spl").write_text('search "a\n', "utf-8")
        (tmp_path / "aa.spl").write_bytes(b"\xff\xfe")
        (tmp_path / "b.spl").write_text("search a=1 |  stats count\n", "utf-8")
        result = invoke("fmt", str(tmp_path))
        assert result.exit_code == 2
        assert "/a.spl" in result.stderr.replace("\\", "/")
        assert "/aa.spl" in result.stderr.replace("\\", "/")
        assert "\n| stats" in (tmp_path / "b.spl").read_text("utf-8")

    def test_fmt_keeps_a_byte_order_mark(self, tmp_path: Path) -> None:
        """A byte order mark is no part of the search, and stays."""
        path = tmp_path / "a.spl"
        path.write_bytes(b"\xef\xbb\xbfsearch a=1 |  stats count\n")
        assert invoke("fmt", str(path)).exit_code == 0
        assert path.read_bytes() == b"\xef\xbb\xbfsearch a=1\n| stats count\n"

    def test_lint_paths(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """SARIF has URIs; a folder whose name looks like a file's is no file."""
        (tmp_path / "folder.yml").mkdir()
        (tmp_path / "a b#.spl").write_text("index=a user!=*", "utf-8")
        uris = []
        monkeypatch.chdir(tmp_path)
        for folder in (str(tmp_path), "."):
            log = json.loads(invoke("lint", "--format", "sarif", folder).stdout)
            place = log["runs"][0]["results"][0]["locations"][0]["physicalLocation"]
            uris.append(place["artifactLocation"]["uri"])
        assert uris == [(tmp_path / "a b#.spl").as_uri(), "a%20b%23.spl"]


def test_watch_takes_no_reports() -> None:
    """Options that watching would pass over are refused."""
    for option in (["--junit", "x.xml"], ["--fail-under", "5"], ["-j", "2"]):
        result = invoke("test", "--watch", *option, str(EXAMPLE))
        assert result.exit_code == 2
        assert "--watch makes no reports" in result.output


def test_sweep_names_what_could_not_run_when_quiet(tmp_path: Path) -> None:
    """`-q` leaves infos out, not the errors."""
    (tmp_path / "a.yml").write_text("name: Broken\nid: x\nsearch: '| stast count'\n", "utf-8")
    result = invoke("sweep", "-q", str(tmp_path), stdin=LINES)
    assert "error: Broken: UnknownCommand" in result.stderr


def test_sweep_tells_what_does_not_parse(tmp_path: Path) -> None:
    """A record that could not be read is warned of: what it holds was not searched."""
    (tmp_path / "a.yml").write_text("name: A\nid: x\nsearch: 'a=1'\n", "utf-8")
    (tmp_path / "b.yml").write_text("name: B\nid: y\nsearch: 'a=2'\n", "utf-8")
    result = invoke("sweep", "-q", "--input-format", "json", str(tmp_path), stdin='{"a":1}\n{"a":\n')
    assert result.stderr.count("1 record does not parse as JSON") == 1


def test_risk_scores_of_rows() -> None:
    """A score that a row brought as text counts where it is a number."""
    from splmini.cli.sweep import _score

    assert [_score({"risk_score": each}) for each in (5, "7.5", "0x1g", ["1", "2"], None)] == [5, 7.5, 0, 0, 0]


BACKTEST = """name: Many failures
search: status=500 | stats count by user | where count>1
type: TTP
rba:
  message: $user$ failed
  risk_objects: [{field: user, type: user, score: 60}]
"""


def _backtest(folder: Path, *more: str, bound: str = "") -> Result:
    (folder / "failures.yml").write_text(BACKTEST)
    if bound:
        cases = "cases:\n- name: none\n  events: [{a: 1}]\n  fires: false\n"
        (folder / "failures.test.yml").write_text(f"expect: {{per_day: {{max: {bound}}}}}\n{cases}")
    lines = [{"_time": 1_780_012_800 + 600 * number, "user": "eve", "status": "500"} for number in range(36)]
    events = folder / "events.jsonl"
    events.write_text("".join(json.dumps(each) + "\n" for each in lines))
    return invoke(
        "backtest",
        str(folder / "failures.yml"),
        str(events),
        "--from",
        "2026-05-29T00:00:00Z",
        "--to",
        "1780041600",
        *more,
    )


def test_backtest_shows_how_often_a_detection_would_have_fired(tmp_path: Path) -> None:
    result = _backtest(tmp_path)
    assert result.exit_code == 0
    assert "Many failures" in result.stdout
    assert "eve" in result.stdout
    assert "1 of 1 fired in 8 runs over 1 days and 36 events" in result.stderr


def test_backtest_by_another_schedule_writes_reports(tmp_path: Path) -> None:
    reports = {name: tmp_path / f"report.{name}" for name in ("html", "json", "junit")}
    wanted = [part for name, path in reports.items() for part in (f"--{name}", str(path))]
    result = _backtest(tmp_path, "-q", "--cron", "0 */2 * * *", "--window", "-2h", "now", *wanted)
    assert (result.exit_code, result.stdout) == (0, "")
    (rule,) = json.loads(reports["json"].read_text())["detections"]
    assert (rule["runs"], rule["rows"]) == (4, 3)
    assert "Many failures" in reports["html"].read_text()
    assert 'failures="0"' in reports["junit"].read_text()


def test_backtest_fails_where_a_bound_is_broken(tmp_path: Path) -> None:
    result = _backtest(tmp_path, bound="2")
    assert result.exit_code == 1
    assert "at most 2 are expected" in result.stderr


@pytest.mark.parametrize(
    ("more", "told"),
    [
        (["--now", "5"], "--now is that of each run"),
        (["--window", "-1h", "now"], "--window goes with --cron"),
        (["--only", "nosuch"], "that --only names"),
        (["--cron", "nonsense"], "no cron expression"),
    ],
)
def test_backtest_tells_what_does_not_go_together(tmp_path: Path, more: list[str], told: str) -> None:
    result = _backtest(tmp_path, *more)
    assert result.exit_code in (1, 2)
    assert told in result.output


def test_backtest_says_that_nothing_was_found(tmp_path: Path) -> None:
    result = _backtest(tmp_path, "--cron", "0 0 1 1 *")
    assert "No detection gave rows." in result.stdout
