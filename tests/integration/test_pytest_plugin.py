"""The pytest plugin: what it collects, what a failure shows, the fixture."""

from __future__ import annotations

import importlib
import pkgutil
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import splmini.detections
import splmini.engine
import splmini.events
import splmini.knowledge

pytest_plugins = ["pytester"]

EXAMPLE = Path(__file__).resolve().parent.parent.parent / "examples" / "detection-repo"
DETECTION = """\
name: Odd Tool
id: "1"
type: Hunting
search: '`mine` | stats count by host'
tests:
- name: True Positive
  attack_data: [{data: https://example.org/datasets/a.jsonl, sourcetype: st}]
"""
CASES = """\
cases:
- {name: fires, events: [{tool: odd, host: h}], rows: [{host: h, count: 1}]}
- {name: silent on $tool$, each: [{tool: even}, {tool: ""}], events: [{tool: $tool$, host: h}], fires: false}
"""


@pytest.fixture(autouse=True, scope="module")
def _modules_stay() -> None:
    """Import what a run imports late: pytester forgets modules that are new after a run, and a class that is imported
    again cannot be pickled where another test holds the old one."""
    for package in (splmini.detections, splmini.engine, splmini.events, splmini.knowledge):
        for each in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            importlib.import_module(each.name)


@pytest.fixture
def project(pytester: pytest.Pytester) -> pytest.Pytester:
    """A project with a repository of detections in `content/`."""
    content = pytester.mkdir("content")
    for folder in ("detections", "macros", "mirror/datasets"):
        (content / folder).mkdir(parents=True)
    (content / "macros/mine.yml").write_text("name: mine\ndefinition: tool=odd\n")
    (content / "detections/odd.yml").write_text(DETECTION)
    (content / "detections/odd.test.yml").write_text(CASES)
    (content / "mirror/datasets/a.jsonl").write_text('{"tool":"odd","host":"h","_time":100}\n')
    pytester.makeini("[pytest]\naddopts = -p no:cacheprovider -p no:randomly\n")
    return pytester


def ini(project: pytest.Pytester, text: str) -> None:
    """Write the ini file."""
    project.makeini("[pytest]\naddopts = -p no:cacheprovider\n" + text)


def test_nothing_in_strangers_projects(project: pytest.Pytester) -> None:
    """Without a configured path nothing is collected, whatever lies there."""
    assert project.runpytest_inprocess().ret == pytest.ExitCode.NO_TESTS_COLLECTED
    project.runpytest_inprocess("content").assert_outcomes()


def test_ini(project: pytest.Pytester) -> None:
    """Detections and cases below `splmini_paths` are collected; what the mirror lacks is skipped."""
    ini(project, "splmini_paths = content/detections\n")
    project.runpytest_inprocess().assert_outcomes(passed=3, skipped=1)
    ini(project, "splmini_paths = content/detections\nsplmini_attack_data = content/mirror\n")
    result = project.runpytest_inprocess("-v")
    result.assert_outcomes(passed=4)
    result.stdout.fnmatch_lines(
        [
            "content/detections/odd.test.yml::fires PASSED*",
            "content/detections/odd.test.yml::silent on even PASSED*",
            "*odd.test.yml::silent on  PASSED*",
            "content/detections/odd.yml::True Positive PASSED*",
        ]
    )


def test_paths_are_visited(project: pytest.Pytester) -> None:
    """The ini's paths are visited beside `testpaths`, but not where tests are named on the command line."""
    ini(project, "splmini_paths = content/detections\ntestpaths = tests\n")
    project.mkdir("tests").joinpath("test_a.py").write_text("def test_a(): pass\n")
    project.runpytest_inprocess().assert_outcomes(passed=4, skipped=1)
    project.runpytest_inprocess("tests").assert_outcomes(passed=1)
    project.runpytest_inprocess("content/detections/odd.test.yml::fires").assert_outcomes(passed=1)


def test_option(project: pytest.Pytester) -> None:
    """`--splmini PATH` collects without an ini file's help, beside what is named."""
    project.makepyfile(test_a="def test_a(): pass\n")
    arguments = ("--splmini", "content", "--splmini-attack-data", "content/mirror")
    project.runpytest_inprocess(*arguments, "test_a.py").assert_outcomes(passed=5)


def test_failure(project: pytest.Pytester) -> None:
    """A failure shows the difference and the explanation, without a traceback."""
    (project.path / "content/detections/odd.test.yml").write_text(
        "cases:\n- {name: rows, events: [{tool: odd, host: h}], rows: [{host: h, count: 2}]}\n"
        "- {name: fires, events: [{tool: even, host: h}]}\n"
    )
    result = project.runpytest_inprocess("--splmini", "content")
    result.assert_outcomes(failed=2, skipped=1)
    result.stdout.fnmatch_lines(
        [
            "*Odd Tool: rows*",
            "row 1 is missing: the nearest row differs: count is 1, expected 2",
            "*Odd Tool: fires*",
            "it does not fire",
            "*tool is `even`, wanted odd",
        ]
    )
    assert "Traceback" not in result.stdout.str()
    assert "runner.py" not in result.stdout.str()


def test_mistake(project: pytest.Pytester) -> None:
    """A mistake in a file is an error of collection with its place."""
    (project.path / "content/detections/odd.test.yml").write_text("cases:\n- {name: x, fire: false}\n")
    result = project.runpytest_inprocess("--splmini", "content")
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(["*odd.test.yml:2:13: Unknown key 'fire'. Did you mean 'fires'?"])
    assert "Traceback" not in result.stdout.str()


def test_settings(project: pytest.Pytester) -> None:
    """Macros and lookups of the ini file lie above those of the repository."""
    more = project.mkdir("more")
    (more / "mine.yml").write_text("name: mine\ndefinition: tool=other\n")
    ini(project, "splmini_paths = content/detections\nsplmini_macros = more\n")
    project.runpytest_inprocess().assert_outcomes(passed=2, failed=1, skipped=1)


def test_fixture(project: pytest.Pytester) -> None:
    """`spl` runs a search or a detection in the repository's environment, and can be parametrised."""
    (project.path / "content/tests").mkdir()
    (project.path / "content/tests/test_spl.py").write_text("""\
import pytest
import splmini

@pytest.mark.parametrize("tool, rows", [("odd", 1), ("even", 0)])
def test_search(spl, tool, rows):
    assert len(spl("`mine`", [{"tool": tool}])) == rows

def test_settings(spl):
    assert spl("`mine` | eval t=now()", [{"tool": "odd"}], now=5)[0]["t"] == 5

def test_detection(spl, request):
    detection = splmini.Detection.load(request.path.parent.parent / "detections/odd.yml")
    assert spl(detection, [{"tool": "odd", "host": "h"}]).fired
""")
    project.runpytest_inprocess("content").assert_outcomes(passed=4)


def test_example_repository(pytester: pytest.Pytester) -> None:
    """The example repository's tests run under pytest, as its README configures it."""
    shutil.copytree(EXAMPLE, pytester.path, dirs_exist_ok=True)
    readme = (EXAMPLE / "README.md").read_text("utf-8")
    settings, code = re.search(r"```ini\n(.*?)```", readme, re.S), re.search(r"```python\n(.*?)```", readme, re.S)
    assert settings is not None
    assert code is not None
    pytester.path.joinpath("pytest.ini").write_text(settings[1])
    pytester.path.joinpath("test_ours.py").write_text(code[1])
    result = pytester.runpytest_inprocess("-p", "no:cacheprovider")
    outcomes = result.parseoutcomes()
    assert set(outcomes) <= {"passed"}
    assert outcomes["passed"] > 20


def test_in_processes(project: pytest.Pytester) -> None:
    """Under xdist the same tests are collected in every process, and run once."""
    pytest.importorskip("xdist")
    ini(project, "splmini_paths = content/detections\nsplmini_attack_data = content/mirror\n")
    project.runpytest_subprocess("-n", "2").assert_outcomes(passed=4)


def test_loading_costs_little() -> None:
    """Loading the plugin imports nothing that pytest itself does not: no grammar, no YAML, no part of splmini."""
    code = (
        "import pytest, sys; before = set(sys.modules); import splmini.pytest_plugin;"
        "print(sorted(set(sys.modules) - before))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "['splmini', 'splmini.pytest_plugin']"
