"""The linter: every rule's examples, positions, silencing, configuration, the command line's forms."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

import splmini
from splmini.cli import cli
from splmini.detections.content import DataSource
from splmini.detections.lint.pages import pages
from splmini.detections.lint.positions import Places, aligned
from splmini.detections.lint.rules.regexes import runs_away

ENV = splmini.Environment()
RULES = splmini.lint_rules()
SOURCES = {"Example Source": DataSource("Example Source", "s", "t", ("user", "dest", "EventCode"))}
EXAMPLES = [
    pytest.param(rule.code, example, expected, id=f"{rule.code}-{kind}-{number}")
    for rule in RULES.values()
    for kind, examples, expected in (("bad", rule.bad, True), ("good", rule.good, False))
    for number, example in enumerate(examples)
]


def codes(what: str | splmini.Detection, **options: object) -> list[str]:
    """Return the codes of what the linter finds."""
    return [issue.code for issue in splmini.lint(what, ENV, **options)]  # type: ignore[arg-type]


@pytest.mark.parametrize(("code", "example", "expected"), EXAMPLES)
def test_examples(code: str, example: str, expected: bool) -> None:
    """A rule reports its bad examples and none of its good ones."""
    what = splmini.Detection.from_text(example) if example.startswith("name:") else example
    assert (code in codes(what, data_sources=SOURCES)) is expected


@pytest.mark.parametrize("rule", RULES.values(), ids=lambda rule: rule.code)
def test_rules_are_documented(rule: object) -> None:
    """Every rule has a page of its own, examples of both kinds, and its page in docs/ is the newest."""
    code, doc = rule.code, rule.doc  # type: ignore[attr-defined]
    assert doc
    assert rule.bad and rule.good  # type: ignore[attr-defined]  # noqa: PT018
    page = Path(__file__).resolve().parents[3] / "docs" / "lint" / f"{code}.md"
    assert page.read_text("utf-8") == pages()[f"{code}.md"], "run python -m splmini.detections.lint.pages docs/lint"


CLEAN = (
    "index=a user=x",
    "index=a (user=x OR host=y) status=1 | stats count by user | where count>5 | sort - count",
    "| tstats count min(_time) as firstTime from datamodel=Endpoint.Processes where Processes.process_name=cmd.exe "
    "by Processes.dest Processes.user | `drop_dm_object_name(Processes)` | table dest user count firstTime",
    'index=a | eval risk=if(match(path, "temp\\\\d"), 80, 20) | stats max(risk) as risk by user',
    "index=a | stats values(*) as * by user | table anything",
    "index=a | stats count by user | lookup t user | table user anything",
    "index=a | stats count by a | join a [| tstats count as n where index=b by a] | table a n count",
    "index=a | eval a=coalesce(b, c) | stats count by a | where isnull(zzz)",
    "index=a | timechart count by user | table x",
    "index=a | stats count by user | eval x=if(count>1, null, user) | table x",
)


@pytest.mark.parametrize("spl", CLEAN)
def test_clean_searches(spl: str) -> None:
    """What may be right is not reported."""
    assert splmini.lint(spl, ENV) == []


def test_an_issue_says_everything() -> None:
    """Code, message, position in the text as written, severity, fix, name."""
    (issue,) = splmini.lint('index=a\n| where user="adm*"', ENV)
    assert (issue.code, issue.position, issue.severity) == ("SPL205", (2, 14), "error")
    assert str(issue) == (
        "line 2, column 14: SPL205 Here '*' in \"adm*\" is the character, not a wildcard. "
        "Use like() with %, match(), or the search command."
    )


def test_a_broken_search_is_an_issue() -> None:
    """What does not compile is found where it is wrong, with the hint as the fix."""
    (issue,) = splmini.lint("index=a\n| stast count", ENV)
    assert (issue.code, issue.position, issue.name) == ("SPL001", (2, 3), "stast")
    assert issue.fix == "Did you mean 'stats'?"


def test_what_only_splunk_runs_is_no_issue() -> None:
    """A valid search that splmini cannot run is still linted."""
    assert codes('| dbxquery query="select 1" | where a="x*"') == ["SPL205"]


def test_macros_are_not_blamed() -> None:
    """What a macro's definition does is not reported in the search that calls it."""
    env = splmini.Environment(macros={"inner": 'where user="adm*"'})
    assert splmini.lint("index=a | `inner`", env) == []


@pytest.mark.parametrize(
    ("comment", "expected"),
    [
        ("```noqa```", []),
        ("```noqa: SPL201```", ["SPL205"]),
        ("``` noqa: spl205, SPL201 ```", []),
        ("```# noqa: SPL205 the star is meant```", ["SPL201"]),
        ("```nothing```", ["SPL201", "SPL205"]),
    ],
)
def test_comments_silence(comment: str, expected: list[str]) -> None:
    """A comment in the search silences the rules it names, or all."""
    assert codes(f'index=a user!=* {comment} | where user="adm*"') == expected


def test_select_and_ignore() -> None:
    """Codes or their beginnings choose the rules; one that no rule has is an error."""
    spl = 'index=a user!=* | where user="adm*" | rex field=x "(a)"'
    assert codes(spl, select=["SPL2"], ignore=["SPL205"]) == ["SPL201"]
    with pytest.raises(splmini.SplError, match="No rule has the code 'SPL999'"):
        codes(spl, select=["SPL999"])


STYLES = {
    "plain": "name: x\nsearch: index=a user!=*\n  | table user\n",
    "single": "name: x\nsearch: 'index=a it=''s''\n  user!=* | table user'\n",
    "double": 'name: x\nsearch: "index=a p=\\"c\\" \\\n  user!=* | table user"\n',
    "literal": "name: x\nsearch: |-\n  index=a\n  user!=* | table user\n",
    "folded": "name: ü\nsearch: >-\n    index=a\n    user!=* | table user\n",
}


@pytest.mark.parametrize("style", STYLES)
def test_positions_in_yaml(style: str, tmp_path: Path) -> None:
    """A finding stands where the file has it, whatever scalar holds the search."""
    path = tmp_path / "d.yml"
    path.write_text(STYLES[style], "utf-8")
    (issue,) = [each for each in splmini.lint(splmini.Detection.load(path), ENV) if each.code == "SPL201"]
    line, column = issue.position or (0, 0)
    assert STYLES[style].split("\n")[line - 1][column - 1 :].startswith("user!=*")
    assert issue.path == str(path)


def test_alignment_gives_up_where_texts_differ() -> None:
    """A value that is not in the text has no offsets, instead of wrong ones."""
    assert aligned("abc", "search: xyz", 8, "") is None


def test_entities_point_at_their_entry(tmp_path: Path) -> None:
    """A risk object that the search does not give is reported at its own line."""
    path = tmp_path / "d.yml"
    path.write_text(
        "name: x\nsearch: index=a | stats count by dest\nrba:\n  message: m\n  risk_objects:\n"
        "  - {field: dest, type: system, score: 1}\n  - {field: user, type: user, score: 1}\n",
        "utf-8",
    )
    (issue,) = splmini.lint(splmini.Detection.load(path), ENV)
    assert (issue.code, issue.position) == ("SPL601", (7, 13))


def test_data_sources_beside_the_detections(tmp_path: Path) -> None:
    """The data sources of the repository are used where the caller gives none."""
    for folder in ("detections/endpoint", "data_sources"):
        (tmp_path / folder).mkdir(parents=True)
    (tmp_path / "data_sources" / "s.yml").write_text("name: S\nfields: [EventCode, user]\n", "utf-8")
    path = tmp_path / "detections" / "endpoint" / "d.yml"
    path.write_text("name: x\nsearch: EventCode=1 | stats count by users\ndata_source: [S]\n", "utf-8")
    assert codes(splmini.Detection.load(path)) == ["SPL102"]


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ("(a+)+", True),
        ("(a*)*b", True),
        ("(?:\\w+\\s?)*$", True),
        ("(x|a+)*", True),
        ("((a+)b?)+", True),
        ("([a-z]+)*", True),
        ("(?<n>(\\d+)?)*", True),
        ("(a{2,})+", True),
        ("(a+)+?", True),
        ("(a+b)+", False),
        ("(ab)+", False),
        ("a+b+", False),
        ("(?>a+)+", False),
        ("(a++)+", False),
        ("(a+){3}", False),
        ("[(a+)+]", False),
        ("\\(a+\\)+", False),
        ("(?i)(?:,\\w+)*", False),
        ("(a+|b)", False),
        ("", False),
        ("(", False),
        ("[", False),
        ("(?<", False),
        ("a{", False),
        ("\\", False),
    ],
)
def test_runaway(pattern: str, expected: bool) -> None:
    """A repetition whose body is nothing but a repetition can run away; a possessive or fenced one cannot."""
    assert runs_away(pattern) is expected


# ---- configuration ---------------------------------------------------------------------------------------------------

TOML = pytest.mark.skipif(sys.version_info < (3, 11), reason="Python 3.10 reads no TOML")


@pytest.mark.parametrize(
    ("name", "text"),
    [
        pytest.param("pyproject.toml", '[tool.splmini.lint]\nignore = ["SPL201"]\n', marks=TOML),
        pytest.param(".splmini.toml", '[lint]\nselect = ["SPL5"]\n', marks=TOML),
        (".splmini.cfg", "[lint]\nignore = SPL201, SPL3\n"),
    ],
)
def test_configuration(name: str, text: str, tmp_path: Path) -> None:
    """The nearest configuration above a file silences rules."""
    (tmp_path / name).write_text(text, "utf-8")
    (tmp_path / "below").mkdir()
    path = tmp_path / "below" / "s.spl"
    path.write_text("index=a user!=*", "utf-8")
    assert splmini.lint_file(path, ENV) == []


@pytest.mark.parametrize(
    "text",
    [
        '[project]\ndependencies = ["splmini"]\n[tool.other]\na = = 1\n',
        '[tool.poetry.dependencies]\nsplmini = "^1"\n[x\n',
    ],
)
def test_a_project_that_only_names_splmini(text: str, tmp_path: Path) -> None:
    """A pyproject.toml without a table of splmini's is not read as TOML, which Python 3.10 could not."""
    (tmp_path / "pyproject.toml").write_text(text, "utf-8")
    (tmp_path / "s.spl").write_text("index=a user=x", "utf-8")
    assert splmini.lint_file(tmp_path / "s.spl", ENV) == []


def test_positions_behind_an_escaped_line_break(tmp_path: Path) -> None:
    """In double quotes a line break is two characters of the file, and the position counts both."""
    path = tmp_path / "d.yml"
    path.write_text('name: D\nsearch: "a=1\\n\\n| where b=2"\n', "utf-8")
    detection = splmini.Detection("D", "a=1\n\n| where b=2", path=str(path))
    places = Places(detection.search, detection)
    line, column = places.of_offset(detection.search.index("b=2"))
    assert path.read_text("utf-8").splitlines()[line - 1][column - 1 :].startswith("b=2")
    path.write_text("name: [\n", "utf-8")
    assert Places(detection.search, detection).offsets is None


def test_configuration_with_a_byte_order_mark(tmp_path: Path) -> None:
    """A configuration that a Windows editor saved is read."""
    (tmp_path / ".splmini.cfg").write_bytes(b"\xef\xbb\xbf[lint]\nignore = SPL201, SPL3\n")
    (tmp_path / "s.spl").write_text("index=a user!=*", "utf-8")
    assert splmini.lint_file(tmp_path / "s.spl", ENV) == []


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[lint]\nignroe = SPL2\n", "The linter has no setting 'ignroe'"),
        ("[lint\n", "The configuration is not well formed"),
    ],
)
def test_wrong_configuration(text: str, message: str, tmp_path: Path) -> None:
    """A slip in the configuration is an error, never ignored."""
    (tmp_path / ".splmini.cfg").write_text(text, "utf-8")
    (tmp_path / "s.spl").write_text("index=a", "utf-8")
    with pytest.raises(splmini.KnowledgeError, match=message):
        splmini.lint_file(tmp_path / "s.spl", ENV)


# ---- the command line ------------------------------------------------------------------------------------------------


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with a search that has two findings, one that has none, and a macro, which is no detection."""
    (tmp_path / "bad.spl").write_text('index=a user!=*\n| where user="adm*"\n', "utf-8")
    (tmp_path / "good.spl").write_text("index=a user=x\n", "utf-8")
    (tmp_path / "macro.yml").write_text("name: m\ndefinition: index=a\n", "utf-8")
    return tmp_path


def test_text_and_exit_codes(folder: Path) -> None:
    """Findings are one a line and exit with 1; none exit with 0; a file that is not there with 2."""
    result = CliRunner().invoke(cli, ["lint", str(folder), "--select", "SPL201"])
    assert result.exit_code == 1
    assert result.output.startswith(f"{folder / 'bad.spl'}:1:9: SPL201 'user!=*' can never hold")
    assert CliRunner().invoke(cli, ["lint", str(folder / "good.spl")]).exit_code == 0
    assert CliRunner().invoke(cli, ["lint", str(folder / "none.spl")]).exit_code == 2


def test_json(folder: Path) -> None:
    """JSON has everything that an issue has."""
    result = CliRunner().invoke(cli, ["lint", str(folder), "--format", "json"])
    found = json.loads(result.stdout)
    assert [(each["code"], each["line"], each["column"]) for each in found] == [("SPL201", 1, 9), ("SPL205", 2, 14)]


def test_sarif(folder: Path) -> None:
    """SARIF names its rules, and every result one of them."""
    result = CliRunner().invoke(cli, ["lint", str(folder), "--format", "sarif"])
    (run,) = json.loads(result.stdout)["runs"]
    known = {rule["id"] for rule in run["tool"]["driver"]["rules"]}
    assert {each["ruleId"] for each in run["results"]} == {"SPL201", "SPL205"} <= known
    assert run["results"][0]["locations"][0]["physicalLocation"]["region"] == {"startLine": 1, "startColumn": 9}


def test_github(folder: Path) -> None:
    """Annotations escape what GitHub's commands use themselves."""
    result = CliRunner().invoke(cli, ["lint", str(folder), "--format", "github", "--ignore", "SPL201"])
    assert result.stdout.startswith("::error file=")
    assert ",line=2,col=14,title=SPL205::Here '*' in" in result.stdout
    assert "Use like() with %25, match()" in result.stdout


def test_unreadable_detection(tmp_path: Path) -> None:
    """A file that is no detection is a finding, and the others are linted."""
    (tmp_path / "d.yml").write_text("search: [1]\n", "utf-8")
    result = CliRunner().invoke(cli, ["lint", str(tmp_path)])
    assert result.exit_code == 1
    assert "SPL000" in result.stdout


def test_unused_macros(tmp_path: Path) -> None:
    """Given a repository, a macro that nothing calls is found in its own file, unless it is ignored."""
    for folder in ("detections", "macros"):
        (tmp_path / folder).mkdir()
    (tmp_path / "detections" / "d.yml").write_text("name: d\nsearch: '`used` x=1'\n", "utf-8")
    (tmp_path / "macros" / "used.yml").write_text("name: used\ndefinition: '`inner(1)` index=a'\n", "utf-8")
    (tmp_path / "macros" / "inner.yml").write_text("name: inner(1)\narguments: [a]\ndefinition: a=$a$\n", "utf-8")
    (tmp_path / "macros" / "left.yml").write_text("definition: index=b\nname: left_over\n", "utf-8")
    options = ["lint", str(tmp_path), "--macros", str(tmp_path / "macros")]
    result = CliRunner().invoke(cli, options)
    assert result.stdout == (
        f"{tmp_path / 'macros' / 'left.yml'}:2:7: SPL005 Nothing calls the macro 'left_over'. Remove it, or call it.\n"
    )
    assert CliRunner().invoke(cli, [*options, "--ignore", "SPL005"]).exit_code == 0


def test_index_of_the_pages() -> None:
    """The list of rules in docs/ is the newest, too."""
    folder = Path(__file__).resolve().parents[3] / "docs" / "lint"
    assert {path.name: path.read_text("utf-8") for path in folder.glob("*.md")} == pages()


def test_explain() -> None:
    """A rule's page can be read in the terminal."""
    result = CliRunner().invoke(cli, ["lint", "--explain", "spl201"])
    assert result.exit_code == 0
    assert result.stdout.startswith("# SPL201 not-equal-any")


@pytest.mark.skipif("SPLMINI_SHARED" not in os.environ, reason="the material is not here")
def test_published_content_is_linted() -> None:
    """Every published detection can be linted, and few of them have findings that are errors."""
    content = splmini.load_content(Path(os.environ["SPLMINI_SHARED"]) / "escu")
    env = content.environment()
    issues = [issue for each in content.detections for issue in splmini.lint(each, env)]
    assert all(issue.path and issue.position for issue in issues)
    assert 0 < sum(issue.severity == "error" for issue in issues) < len(content.detections) // 10
