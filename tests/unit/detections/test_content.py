"""A repository of content, and a built app: what they hold, and where their mistakes are."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import splmini
from splmini.detections.content import data_sources_beside, repository_of, repository_settings

DETECTION = """\
name: Odd Tool
id: "1"
type: TTP
data_source: [Sysmon EventID 1, Unheard Of]
search: '`mine` | lookup assets host OUTPUT owner | stats count by owner'
"""


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """A folder in security_content's layout."""
    files = {
        "detections/endpoint/odd.yml": DETECTION,
        "detections/endpoint/odd.test.yml": "cases: [{name: x}]\n",
        "detections/bad.yml": "name: Bad\nversion: x\nsearch: a\n",
        "macros/mine.yml": "name: mine\ndefinition: tool=odd\n",
        "lookups/assets.yml": "name: assets\nfilename: assets.csv\n",
        "lookups/assets.csv": "host,owner\nh,me\n",
        "baselines/b.yml": "name: B\nsearch: tool=odd\n",
        "stories/s.yml": "name: S\n",
        "stories/bad.yml": "- a\n",
        "data_sources/sysmon.yml": (
            "name: Sysmon EventID 1\nsource: XmlWinEventLog:S\nsourcetype: XmlWinEventLog\nfields: [a, b]\n"
            "example_log: <x/>\n"
        ),
    }
    for name, text in files.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return tmp_path


def test_repository(repository: Path) -> None:
    """Everything that loads is there; a mistake is an error with its file and place, and stops nothing."""
    content = splmini.load_content(repository)
    assert [detection.name for detection in content.detections] == ["Odd Tool"]
    assert [baseline["name"] for baseline in content.baselines] == ["B"]
    assert [story["name"] for story in content.stories] == ["S"]
    assert [(Path(error.path or "").name, error.position) for error in content.errors] == [
        ("bad.yml", (2, 10)),
        ("bad.yml", (1, 1)),
    ]
    source = content.data_sources["Sysmon EventID 1"]
    assert (source.sourcetype, source.fields, source.example_log) == ("XmlWinEventLog", ("a", "b"), "<x/>")
    assert content.sourcetypes(content.detections[0]) == {"XmlWinEventLog"}


def test_environment(repository: Path) -> None:
    """Its environment has its macros and lookups; what is given lies above them, folders and dicts alike."""
    content = splmini.load_content(repository)
    (detection,) = content.detections
    events = [{"tool": "odd", "host": "h"}]
    assert list(detection.run(events, content.environment()).results) == [{"owner": "me", "count": 1}]
    given = {"macros": {"mine": "tool=other"}, "lookups": {"more": {"rows": [{"a": "1"}]}}}
    env = content.environment(**given)
    assert not detection.run(events, env).fired
    assert {"assets", "more"} <= set(env.lookups)


def test_where_a_file_stands(repository: Path) -> None:
    """The repository of a file is found from anywhere below it; its settings lie below those given."""
    file = repository / "detections/endpoint/odd.yml"
    assert repository_of(file) == repository
    assert repository_of(repository.parent / "x.yml") is None
    assert repository_settings(file, {"now": 5, "macros": "m"}) == {
        "now": 5,
        "macros": [repository / "macros", "m"],
        "lookups": [repository / "lookups"],
    }
    assert repository_settings(repository.parent / "x.yml", {"now": 5}) == {"now": 5}
    assert list(data_sources_beside(file)) == ["Sysmon EventID 1"]
    assert data_sources_beside(repository / "x.yml") == {}


def test_no_content(tmp_path: Path) -> None:
    """A folder that is neither is an error that says what was expected."""
    with pytest.raises(splmini.KnowledgeError, match=r"neither detections/, macros/.* nor default/savedsearches\.conf"):
        splmini.load_content(tmp_path)


def test_a_plain_folder(repository: Path) -> None:
    """A folder of detections without the layout is content, too; what holds no search is passed over."""
    folder = repository / "detections"
    (folder / "notes.yml").write_text("a: 1\n")
    (folder / "bad.yml").write_text("search: [\n")
    content = splmini.load_content(folder)
    assert [each.name for each in content.detections] == ["Odd Tool"]
    assert [Path(str(error.path)).name for error in content.errors] == ["bad.yml"]
    above, below = splmini.load_content(repository).environment(), content.environment()
    assert sorted(below.macros) == sorted(above.macros), "macros of the repository that it lies in"


def test_links_out_of_the_repository(repository: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    """A link that leads out of the repository is not followed."""
    outside = tmp_path_factory.mktemp("outside") / "secret.yml"
    outside.write_text(DETECTION.replace("Odd Tool", "Secret"))
    try:
        (repository / "detections/link.yml").symlink_to(outside)
    except OSError:
        pytest.skip("no links here")
    assert [detection.name for detection in splmini.load_content(repository).detections] == ["Odd Tool"]


RISK = [
    {"risk_object_field": "host", "risk_object_type": "system", "risk_score": 56},
    {"threat_object_field": "tool", "threat_object_type": "process_name"},
]
STANZA = f"""\
[ESCU - Odd Tool - Rule]
action.escu = 0
action.escu.enabled = 1
action.escu.search_type = detection
action.correlationsearch.enabled = 1
action.correlationsearch.label = ESCU - Odd Tool - Rule
action.correlationsearch.annotations = {{"analytic_story": ["Odd Things"], "mitre_attack": ["T1000"], "type": "TTP"}}
action.correlationsearch.metadata = {{"detection_id": "abc"}}
action.notable = 1
action.notable.param.rule_title = %name%
action.notable.param.security_domain = endpoint
action.risk = 1
action.risk.param._risk_message = $tool$ on $host$
action.risk.param._risk = {json.dumps(RISK)}
description = It finds odd tools.
search = `mine` | stats count by host tool

[ESCU - Baseline Of Tools]
action.escu.search_type = support
search = tool=*
"""


def built(folder: Path, stanza: str) -> Path:
    """A built app of one detection."""
    (folder / "default").mkdir()
    (folder / "default/savedsearches.conf").write_text(stanza)
    (folder / "default/macros.conf").write_text("[mine]\ndefinition = tool=odd\n")
    return folder


def test_built_app(tmp_path: Path) -> None:
    """The detections of a built app run with its macros, and make their findings and risk events."""
    content = splmini.load_content(built(tmp_path, STANZA))
    (detection,) = content.detections
    assert (detection.name, detection.id, detection.type, detection.generation) == ("Odd Tool", "abc", "TTP", "built")
    assert (detection.mitre_attack_id, detection.security_domain) == (("T1000",), "endpoint")
    outcome = detection.run([{"tool": "odd", "host": "h"}], content.environment())
    assert outcome.findings[0]["title"] == "Odd Tool"
    (event,) = outcome.risk_events
    assert (event["risk_object"], event["risk_score"], event["risk_message"]) == ("h", 56, "odd on h")
    assert (event["threat_object"], event["source"]) == ("odd", "ESCU - Odd Tool - Rule")


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (json.dumps(RISK), "[1]", "_risk has to be a JSON array of objects"),
        (json.dumps(RISK), '{"a": 1}', "_risk has to be a JSON array of objects"),
        ('"risk_score": 56', '"risk_score": "high"', "The risk score 'high' is no number"),
        ('{"detection_id": "abc"}', "[]", "metadata has to be a JSON object"),
    ],
)
def test_settings_of_another_shape(old: str, new: str, message: str, tmp_path: Path) -> None:
    """A setting that is JSON of another shape keeps its detection out, and no other."""
    other = STANZA.replace("Odd Tool", "Other Tool").partition("\n[ESCU - Base")[0]
    content = splmini.load_content(built(tmp_path, STANZA.replace(old, new) + "\n" + other))
    assert [each.name for each in content.detections] == ["Other Tool"]
    assert message in content.errors[0].message


def test_a_link_to_itself(repository: Path) -> None:
    """A link in a circle is no file of the repository, and stops nothing."""
    before = len(splmini.load_content(repository).detections)
    circle = repository / "detections" / "circle.yml"
    try:
        circle.symlink_to(circle)
    except OSError:
        pytest.skip("links need a privilege here")
    assert len(splmini.load_content(repository).detections) == before


def test_mistake_of_a_built_app(tmp_path: Path) -> None:
    """A setting that is not the JSON that it has to be is an error with the stanza."""
    content = splmini.load_content(built(tmp_path, STANZA.replace('{"detection_id": "abc"}', "{")))
    assert content.detections == []
    (error,) = content.errors
    assert str(error.path).endswith("savedsearches.conf [ESCU - Odd Tool - Rule]")
    assert "Not JSON" in error.message
