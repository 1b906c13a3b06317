"""The rule author's commands: test, mutate, sweep, sigma, as they are typed."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
import yaml
from click.testing import CliRunner, Result

import splmini
from splmini import cli as command_line
from splmini.cli import _reports, _watch

ROOT = Path(__file__).resolve().parent.parent.parent
REPOSITORY = ROOT / "examples" / "detection-repo"
DETECTION = """\
name: Odd Tool
id: "1"
type: TTP
mitre_attack_id: [T1000]
search: |-
  `mine` | stats count by host
finding: {title: odd on $host$, entity: {field: host, type: system, score: 50}}
tests:
- name: True Positive
  attack_data: [{data: https://example.org/datasets/a.jsonl, sourcetype: st}]
"""
BODY = b'{"tool":"odd","host":"h"}\n'
CASES = """\
cases:
- {name: fires, events: [{tool: odd, host: h}]}
- {name: silent, events: [{tool: even, host: h}], fires: false}
"""


def invoke(*arguments: str | Path) -> Result:
    """Run the command line in this process; errors of splmini's own exit with 2, as they would on the command line."""
    result = CliRunner().invoke(command_line.cli, [str(each) for each in arguments])
    if isinstance(result.exception, splmini.SplError):
        result.exit_code = 2
    elif result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """A repository of one detection, its cases, the macro that it calls and a mirror of its attack data."""
    root = tmp_path / "repo"
    for folder in ("detections", "macros", "mirror/datasets"):
        (root / folder).mkdir(parents=True)
    (root / "macros/mine.yml").write_text("name: mine\ndefinition: tool=odd\n")
    (root / "mirror/datasets/a.jsonl").write_text('{"tool":"odd","host":"h","_time":100}\n')
    (root / "detections/odd.yml").write_text(DETECTION)
    (root / "detections/odd.test.yml").write_text(CASES)
    return root


class TestTest:
    """`splmini test`."""

    def test_passes(self, repository: Path) -> None:
        """A detection's own test and its cases pass; a detection named alone brings its cases."""
        for path in (repository, repository / "detections/odd.yml"):
            result = invoke("test", path, "--attack-data", repository / "mirror")
            assert result.exit_code == 0, result.output
            names = ("True Positive", "fires", "silent")
            assert "".join(f"passed  Odd Tool: {name}\n" for name in names) in result.output
            assert "\n3 passed in " in result.output

    def test_fails_with_an_explanation(self, repository: Path) -> None:
        """A test that fails says why, with the place of the case, and exits with 1."""
        (repository / "macros/mine.yml").write_text("name: mine\ndefinition: tool=add\n")
        result = invoke("test", repository / "detections/odd.test.yml", "--quiet")
        assert result.exit_code == 1
        assert f"failed  Odd Tool: fires  ({repository / 'detections' / 'odd.test.yml'}:2)" in result.output
        assert "        it does not fire\n" in result.output
        assert "tool is `odd`, wanted add" in result.output
        assert "silent" not in result.output

    def test_without_data(self, repository: Path) -> None:
        """Tests over attack data are skipped without it, which is said; nothing but skipped tests is nothing found."""
        result = invoke("test", repository)
        assert result.exit_code == 0
        assert "skipped Odd Tool: True Positive (no folder with attack data was given)\n" in result.output
        assert "2 passed, 1 skipped" in result.output
        assert "--attack-data FOLDER, or --download" in result.stderr
        (repository / "detections/odd.test.yml").unlink()
        result = invoke("test", repository)
        assert result.exit_code == 1
        assert "1 detection has no test that ran" in result.stderr

    def test_reports(self, repository: Path, tmp_path: Path) -> None:
        """JSON and JUnit reports have every test with its place, its status and why."""
        text = "search: a=<b>\ncases: [{name: 'x\\ty', events: [{a: c}]}]\n"
        (repository / "detections/bad.test.yml").write_text(text)
        junit, report = tmp_path / "junit.xml", tmp_path / "report.json"
        assert invoke("test", repository, "--junit", junit, "--json", report).exit_code == 1
        content = json.loads(report.read_text())
        assert content["counts"] == {"passed": 2, "failed": 1, "error": 0, "skipped": 1}
        failed = next(test for test in content["tests"] if test["status"] == "failed")
        assert (failed["line"], failed["test"], failed["detection"]) == (2, "x\\ty", "bad")
        suite = ElementTree.parse(junit).getroot()  # our own file
        assert (suite.attrib["tests"], suite.attrib["failures"], suite.attrib["skipped"]) == ("4", "1", "1")
        failure = suite.find("testcase/failure")
        assert failure is not None
        assert failure.attrib["message"] == "it does not fire"
        assert "wanted <b>" in (failure.text or "")

    def test_settings_reach_the_cases(self, repository: Path) -> None:
        """The environment's options hold for cases too; what a case says wins."""
        (repository / "detections/time.test.yml").write_text(
            "search: 'a=1 | eval n=now(), zone=strftime(0, \"%H\")'\ndefaults: {a: 1, _time: 500}\ncases:\n"
            "- {name: options, events: [{}], rows: [{n: 1000, zone: '01'}]}\n"
            "- {name: own, now: 2000, events: [{}], rows: [{n: 2000}]}\n"
        )
        path = repository / "detections/time.test.yml"
        result = invoke("test", path, "--now", "1000", "--timezone", "Europe/Paris", "--earliest", "400")
        assert result.exit_code == 0, result.output
        result = invoke("test", path, "--latest", "400", "--now", "1000")
        assert "outside the time range" in result.output

    def test_processes(self, repository: Path) -> None:
        """`-j` gives the same verdicts in the same order."""
        arguments = ("test", repository, "--attack-data", repository / "mirror")
        one, two = invoke(*arguments).output, invoke(*arguments, "-j", "2").output
        assert [line for line in one.splitlines() if "passed  " in line] == [
            line for line in two.splitlines() if "passed  " in line
        ]
        assert "3 passed" in two

    def test_coverage(self, repository: Path, tmp_path: Path) -> None:
        """Coverage adds up over a detection's own tests and its cases, as table, page and JSON."""
        text = DETECTION.replace("`mine` |", "`mine` host IN (h, i) |")
        (repository / "detections/odd.yml").write_text(text)
        page, data = tmp_path / "coverage.html", tmp_path / "coverage.json"
        result = invoke("test", repository, "--coverage", "--coverage-html", page, "--coverage-json", data)
        assert result.exit_code == 0
        table = result.output.split("\n\n")[1].splitlines()
        assert table[2].split() == ["Odd", "Tool", "4", "1", "75%"]
        assert table[3:5] == [
            "  never true  line 6, column 22: value host=i",
            "  never false line 6, column 10: clause host IN (h, i)",
        ]
        assert page.read_text().startswith("<!doctype html>")
        content = json.loads(data.read_text())
        assert (content["percent"], content["detections"][0]["covered"]) == (75.0, 3)
        result = invoke("test", repository, "--fail-under", "80")
        assert result.exit_code == 1
        assert "75% is exercised, less than 80%" in result.stderr
        assert invoke("test", repository, "--fail-under", "75").exit_code == 0

    def test_download_needs_hosts(self, repository: Path) -> None:
        """`--download` asks no host that was not named."""
        result = invoke("test", repository, "--download")
        assert result.exit_code == 2
        assert "--allow-host" in result.output

    def test_downloaded(self, repository: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
        """What is fetched lies in the cache and serves the tests, in processes too."""
        httpx = pytest.importorskip("httpx")
        (repository / "mirror/datasets/a.jsonl").unlink()

        def answer(request: Any) -> Any:
            return httpx.Response(200, headers={"content-length": "26"}, stream=httpx.ByteStream(BODY))

        client = httpx.Client
        monkeypatch.setattr(
            httpx, "Client", lambda **settings: client(**settings | {"transport": httpx.MockTransport(answer)})
        )
        arguments = ["test", repository, "--download", "--cache", tmp_path / "cache"]
        result = invoke(*arguments, "--allow-host", "example.org", "-j", "2")
        assert result.exit_code == 0, result.output
        assert "3 passed" in result.output
        assert "fetching https://example.org/datasets/a.jsonl (0.0 MB)" in result.stderr
        assert (tmp_path / "cache/example.org/datasets/a.jsonl").is_file()
        other = invoke("test", repository, "--download", "--allow-host", "other.org", "--cache", tmp_path / "none")
        assert "its host is not allowed" in other.output
        assert other.exit_code == 1


class TestWatch:
    """`splmini test --watch`."""

    @pytest.fixture
    def session(self, repository: Path) -> _watch.Session:
        """A session over the repository, its tests run once."""
        bench = splmini.bench.Bench(attack_data=repository / "mirror", track=True)
        session = _watch.Session(bench, (str(repository),), False)
        session.run(splmini.bench.find_tests([repository]))
        return session

    def test_touched(self, session: _watch.Session, repository: Path, capsys: pytest.CaptureFixture[str]) -> None:
        """A saved file runs what it touches, with what it says now; others stay."""
        assert [path.name for path in session.changed({repository / "detections/odd.test.yml"})] == ["odd.test.yml"]
        assert session.changed({repository / "README.md"}) == []
        capsys.readouterr()
        (repository / "macros/mine.yml").write_text("name: mine\ndefinition: tool=add\n")
        assert len(session.changed({repository / "macros/mine.yml"})) == 2
        output = capsys.readouterr().out
        assert output.startswith("\nmine.yml changed\nfailed  Odd Tool: True Positive")
        assert "1 passed, 2 failed in" in output

    def test_new_and_gone(self, session: _watch.Session, repository: Path) -> None:
        """A new file of tests runs; one that is gone is forgotten."""
        new = repository / "detections/new.test.yml"
        new.write_text("search: a=1\ncases: [{name: n, events: [{a: 1}]}]\n")
        assert session.changed({new}) == [new]
        new.unlink()
        assert session.changed({new}) == []
        assert new not in session.reports

    def test_folders(self, session: _watch.Session, repository: Path, tmp_path: Path) -> None:
        """Watched are what was named, the repository, the mirror and given definitions, each once."""
        (tmp_path / "more").mkdir()
        arguments = {"attack_data": str(repository / "mirror"), "settings": {"macros": [str(tmp_path / "more")]}}
        assert session.folders(arguments) == [tmp_path / "more", repository]

    def test_loop(self, repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """The command runs everything, then what the watcher reports."""
        watchfiles = pytest.importorskip("watchfiles")
        changed = str(repository / "detections/odd.test.yml")
        monkeypatch.setattr(watchfiles, "watch", lambda *paths, **options: iter([{(1, changed)}]))
        result = invoke("test", repository, "--watch", "--attack-data", repository / "mirror")
        assert result.exit_code == 0
        assert "3 passed" in result.output
        assert "odd.test.yml changed\npassed  Odd Tool: fires\npassed  Odd Tool: silent\n2 passed" in result.output
        assert "watching; Ctrl-C ends" in result.stderr

    def test_without_the_extra(self, repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """Without watchfiles the error names the extra."""
        monkeypatch.setitem(sys.modules, "watchfiles", None)
        result = invoke("test", repository, "--watch")
        assert isinstance(result.exception, splmini.UnsupportedFeature)
        assert "pip install 'splmini[watch]'" in str(result.exception)


class TestMutate:
    """`splmini mutate`."""

    def test_survivors(self, repository: Path, tmp_path: Path) -> None:
        """Survivors are shown with their place, and exit with 1; JSON has the changed searches."""
        text = DETECTION.replace("`mine` |", "`mine` host=h |")
        (repository / "detections/odd.yml").write_text(text)
        report = tmp_path / "mutants.json"
        result = invoke("mutate", repository, "--json", report)
        assert result.exit_code == 1, result.output
        assert result.output.splitlines() == [
            "Odd Tool: 2 of 4 mutants killed (50%)",
            f"  {repository / 'detections' / 'odd.yml'}:6:10: survived: without the clause host=h",
            f"  {repository / 'detections' / 'odd.yml'}:6:10: survived: h becomes *h* in host=h",
        ]
        (content,) = json.loads(report.read_text())["detections"]
        assert (content["score"], content["survived"][0]["search"]) == (0.5, "`mine` * | stats count by host")
        assert invoke("mutate", repository, "--fail-under", "50").exit_code == 0
        more = repository / "detections/more.test.yml"
        more.write_text("search: a=1 b=2\ncases: [{name: x, events: [{a: 1, b: 2}]}]\n")
        one, two = invoke("mutate", repository).output, invoke("mutate", repository, "-j", "2").output
        assert one == two
        assert "more: 2 of 4 mutants killed" in two
        more.unlink()
        assert invoke("mutate", repository, "-q", "--most", "1").output == "Odd Tool: 1 of 1 mutants killed (100%)\n"

    def test_without_tests(self, repository: Path) -> None:
        """A detection without tests cannot be mutated: that is an error, with what to do."""
        (repository / "detections/odd.test.yml").unlink()
        result = invoke("mutate", repository / "detections/odd.yml")
        assert result.exit_code == 2
        assert "Write cases in odd.test.yml, or give --attack-data." in result.stderr
        mirror = ("--attack-data", repository / "mirror")
        assert invoke("mutate", repository / "detections/odd.yml", *mirror).exit_code == 1


class TestSweep:
    """`splmini sweep`."""

    def test_repository(self, repository: Path) -> None:
        """The detections that fired are shown; one that cannot run is named and stops nothing."""
        (repository / "detections/even.yml").write_text("name: Even\nsearch: tool=even\n")
        (repository / "detections/lost.yml").write_text("name: Lost\nsearch: tool=odd | lookup nowhere host\n")
        log = repository / "mirror/datasets/a.jsonl"
        result = invoke("sweep", repository, log)
        assert result.exit_code == 0
        rows = result.stdout.splitlines()
        assert rows[0].split() == ["detection", "rows", "findings", "risk", "technique", "seconds"]
        assert rows[2].split()[:-1] == ["Odd", "Tool", "1", "1", "0", "T1000"]
        assert len(rows) == 3
        assert "error: Lost: UnknownLookup: " in result.stderr
        assert "1 of 3 fired, 1 could not run" in result.stderr
        assert "Even" in invoke("sweep", repository, log, "--all", "-q").output
        assert invoke("sweep", repository, log, "--only", "even").exit_code == 1
        assert invoke("sweep", repository, log, "--only", "T1000", "-q").exit_code == 0
        assert invoke("sweep", repository, log, "--only", "nothing").exit_code == 2

    def test_json(self, repository: Path) -> None:
        """JSON has every detection with its rows, findings and error; a single detection is content too."""
        log = repository / "mirror/datasets/a.jsonl"
        for content in (repository, repository / "detections/odd.yml", repository / "detections"):
            result = invoke("sweep", content, log, "--json", "-q")
            (entry,) = json.loads(result.stdout)
            assert (entry["detection"], entry["fired"], entry["error"]) == ("Odd Tool", True, None)
            assert entry["results"] == [{"host": "h", "count": 1}]
            assert entry["findings"][0]["title"] == "odd on h"


RULE = """\
title: Odd tool
id: 3f7f5b0b-5b16-476c-a85f-ab477f6dd24b
status: test
logsource: {product: any}
detection: {selection: {tool: odd}, condition: selection}
"""


def test_sigma(tmp_path: Path) -> None:
    """`splmini sigma` shows the search, or runs it; no rows exit with 1."""
    pytest.importorskip("sigma.backends.splunk")
    rule, log = tmp_path / "rule.yml", tmp_path / "log.jsonl"
    rule.write_text(RULE)
    log.write_text('{"tool":"odd","host":"h","_time":1,"sourcetype":"s"}\n')
    assert invoke("sigma", rule, "--show").output == 'tool="odd"\n'
    result = invoke("sigma", rule, log, "-f", "jsonl", "-q")
    assert result.exit_code == 0
    assert json.loads(result.stdout)["rule"] == "Odd tool"
    assert "Odd tool: 1 row\n" in invoke("sigma", rule, log).stderr
    two = tmp_path / "two.yml"
    text = Path(rule).read_text("utf-8")
    two.write_text(f"{text}\n---\n{text.replace('Odd tool', 'Same tool')}", "utf-8")
    found = json.loads(invoke("sigma", str(two), log, "-f", "json", "-q").stdout)
    assert [row["rule"] for row in found] == ["Odd tool", "Same tool"]
    table = invoke("sigma", str(two), log, "-f", "csv", "-q").stdout
    assert [line.partition(",")[0] for line in table.splitlines()] == ["rule", "Odd tool", "Same tool"]
    log.write_text('{"tool":"even","_time":1,"sourcetype":"s"}\n')
    assert invoke("sigma", rule, log).exit_code == 1


def test_detect_and_explain_find_the_repository(repository: Path) -> None:
    """`detect` and `explain` know the macros of the repository that a detection stands in."""
    file, log = repository / "detections/odd.yml", repository / "mirror/datasets/a.jsonl"
    assert invoke("detect", file, log, "-q").exit_code == 0
    assert invoke("explain", file, log).exit_code == 0
    assert invoke("lint", file, file.with_name("odd.test.yml")).exit_code == 0


class TestExampleRepository:
    """`examples/detection-repo`, as its README and its workflow run it."""

    def test_tests(self, tmp_path: Path) -> None:
        """Every test passes, and exercises all that there is."""
        result = invoke(
            "test",
            REPOSITORY,
            "--attack-data",
            REPOSITORY / "attack_data",
            "--fail-under",
            "90",
            "--coverage-html",
            tmp_path / "coverage.html",
        )
        assert result.exit_code == 0, result.output

    def test_mutants(self) -> None:
        """No mutant of the two detections survives, as the README says."""
        result = invoke("mutate", REPOSITORY, "--attack-data", REPOSITORY / "attack_data")
        assert result.exit_code == 0, result.output
        killed = [int(line.split(": ")[1].split()[0]) for line in result.output.splitlines()]
        assert f"all {sum(killed)} are noticed" in (REPOSITORY / "README.md").read_text("utf-8")

    def test_configuration(self) -> None:
        """The workflow and the hooks call commands that there are, with options that they have."""
        hooks = yaml.safe_load((REPOSITORY / ".pre-commit-config.yaml").read_text("utf-8"))["repos"][0]["hooks"]
        hooks += yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text("utf-8"))
        workflow = yaml.safe_load((REPOSITORY / ".github/workflows/detections.yml").read_text("utf-8"))
        called = [f"{hook['entry']} {' '.join(hook.get('args', []))}" for hook in hooks]
        called += [step["run"] for step in workflow["jobs"]["test"]["steps"] if "splmini " in step.get("run", "")]
        calls = [line.split() for line in called if line.startswith("splmini ")]
        assert len(calls) >= 10
        for call in calls:
            command = command_line.cli.get_command(None, call[1])  # type: ignore[arg-type]
            assert command is not None
            known = {name for parameter in command.params for name in (*parameter.opts, *parameter.secondary_opts)}
            assert {word for word in call[2:] if word.startswith("-")} <= known, call
        for hook in hooks:
            re.compile(hook["files"])

    def test_laid_out_and_linted(self) -> None:
        """The detections are laid out, and nothing is found in them."""
        files = [path for path in REPOSITORY.rglob("detections/**/*.yml") if ".test." not in path.name]
        assert len(files) == 2
        assert invoke("fmt", "--check", *files).exit_code == 0
        result = invoke("lint", REPOSITORY)
        assert result.exit_code == 0, result.output

    def test_seed(self, tmp_path: Path) -> None:
        """The seed's own test and its cases pass, and kill as many mutants as its README says."""
        seed = ROOT / "examples" / "detect_regsvcs"
        (tmp_path / "datasets/detect_regsvcs").mkdir(parents=True)
        (tmp_path / "datasets/detect_regsvcs/events.xml").write_bytes((seed / "events.xml").read_bytes())
        for mirror in (tmp_path, tmp_path / "datasets"):
            result = invoke("test", seed / "detection.yml", "--attack-data", mirror)
            assert result.exit_code == 0, result.output
            assert "passed  Detect Regsvcs with Network Connection: True Positive Test\n" in result.output
            assert "skipped" not in result.output
        line = invoke("mutate", seed, "-q").output
        assert line == "Detect Regsvcs with Network Connection: 25 of 31 mutants killed (81%)\n"
        assert "25 of 31" in (seed / "README.md").read_text("utf-8")


def test_as_processes_under_spawn(repository: Path) -> None:
    """As a process of its own, with workers: the verdicts, and no traceback."""
    done = subprocess.run(
        [sys.executable, "-m", "splmini", "test", str(repository), "-j", "2"],
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "2 passed, 1 skipped" in done.stdout
    assert "Traceback" not in done.stderr


def test_characters_that_xml_has_not() -> None:
    """A report with control characters is well-formed XML."""
    verdict = splmini.bench.Verdict("f.yml", 1, "d\x00", "t\ud800", "failed", "a\x1b[0m <&>\nb")
    suite = ElementTree.fromstring(_reports.to_junit([verdict]).encode())  # our own text
    assert suite[0].attrib["name"] == "t\\ud800"
    assert suite[0][0].text == "a\\x1b[0m <&>\nb"
