"""Detection files of every schema generation, written here, and mistakes in them with their positions."""

from __future__ import annotations

import pytest

import splmini

OLD = """\
name: Odd Tool
id: 5d0b7c3e-0000-4000-8000-000000000001
version: 3
date: '2024-01-02'
author: us
status: production
type: TTP
description: d
data_source: [Sysmon EventID 1]
search: 'tool=odd | table host user ip proc'
tags:
  analytic_story: [Odd Things]
  asset_type: Endpoint
  confidence: 80
  impact: 70
  risk_score: 56
  message: $user$ ran $proc$ on $host$
  mitre_attack_id: [T1000.001, T1001]
  observable:
    - {name: host, type: Hostname, role: [Victim]}
    - {name: user, type: User, role: [Victim]}
    - {name: ip, type: IP Address, role: [Attacker]}
    - {name: proc, type: Process Name, role: [Attacker]}
  product: [Splunk Enterprise]
  security_domain: endpoint
tests:
  - name: T
    attack_data:
      - {data: 'https://example.org/datasets/odd.log', source: s, sourcetype: st}
"""
RBA = """\
name: Odd Tool
id: 5d0b7c3e-0000-4000-8000-000000000001
version: 4
status: production
type: TTP
description: d
search: 'tool=odd | table host user ip proc'
rba:
  message: $user$ ran $proc$ on $host$
  risk_objects:
    - {field: host, type: system, score: 56}
    - {field: user, type: user, score: 56}
  threat_objects:
    - {field: ip, type: ip_address}
    - {field: proc, type: process_name}
tags:
  analytic_story: [Odd Things]
  asset_type: Endpoint
  mitre_attack_id: [T1000.001, T1001]
  security_domain: endpoint
  throttling: {fields: [user], period: 3600s}
"""
NEW = """\
name: Odd Tool
id: 5d0b7c3e-0000-4000-8000-000000000001
version: 5
creation_date: '2026-01-01'
status: production
type: TTP
description: d
search: |-
  tool=odd
  | table host user ip proc
finding:
  title: $user$ ran $proc$ on $host$
  entity: {field: user, type: user, score: 56}
intermediate_findings:
  entities:
    - {field: host, type: system, score: 56, message: $user$ ran $proc$ on $host$}
    - {field: user, type: user, score: 56, message: $user$ ran $proc$ on $host$}
threat_objects:
  - {field: ip, type: ip_address}
  - {field: proc, type: process_name}
analytic_story: [Odd Things]
asset_type: Endpoint
mitre_attack_id: [T1000.001, T1001]
security_domain: endpoint
tests:
  - {name: T, attack_data: [{data: a.log, source: not_applicable, sourcetype: st}], test_type: unit}
"""
GENERATIONS = {"2022-2024": OLD, "2025": RBA, "2026": NEW}
EVENT = {"tool": "odd", "host": "h1", "user": "bob", "ip": ["1.1.1.1", "2.2.2.2"], "proc": "odd.exe", "_time": 100}


@pytest.mark.parametrize("generation", GENERATIONS)
def test_generations(generation: str) -> None:
    """Each generation is recognised and gives the same detection, findings and risk events."""
    detection = splmini.Detection.from_text(GENERATIONS[generation])
    assert detection.generation == generation
    assert [(each.field, each.type, each.score) for each in detection.entities] == [
        ("host", "system", 56),
        ("user", "user", 56),
    ]
    assert [(each.field, each.type) for each in detection.threat_objects] == [
        ("ip", "ip_address"),
        ("proc", "process_name"),
    ]
    assert detection.analytic_story == ("Odd Things",)
    assert detection.mitre_attack_id == ("T1000.001", "T1001")
    assert detection.issues == ()
    outcome = detection.run([EVENT])
    (finding,) = outcome.findings
    title = "bob ran odd.exe on h1" if generation == "2026" else "Odd Tool"
    assert finding["title"] == title
    assert [event["risk_object"] for event in outcome.risk_events] == ["h1", "bob"]
    for event in outcome.risk_events:
        assert event["risk_score"] == 56
        assert event["risk_message"] == "bob ran odd.exe on h1"
        assert event["threat_object"] == ["1.1.1.1", "2.2.2.2", "odd.exe"]
        assert event["threat_object_type"] == ["ip_address", "ip_address", "process_name"]
        assert event["annotations.mitre_attack"] == ["T1000.001", "T1001"]
        assert event["source"] == "ESCU - Odd Tool - Rule"


def test_attack_data() -> None:
    """The tests of a detection are read; a source that does not apply is none."""
    (old,) = splmini.Detection.from_text(OLD).tests
    (new,) = splmini.Detection.from_text(NEW).tests
    assert (old.test_type, old.attack_data[0].source, old.attack_data[0].sourcetype) == ("unit", "s", "st")
    assert (new.attack_data[0].data, new.attack_data[0].source) == ("a.log", None)


MISTAKES = [
    (OLD.replace("name: Odd Tool\n", ""), (1, 1), "The detection has no 'name'."),
    (OLD.replace("name: Odd", "nam: Odd", 1), (1, 1), "The detection has no 'name'. Did you mean 'nam'?"),
    (OLD.replace("version: 3", "version: three"), (3, 10), "'version' has to be a whole number."),
    (OLD.replace("risk_score: 56", "risk_score: high"), (16, 15), "'risk_score' has to be a number."),
    (OLD.replace("{name: host, type", "{nam: host, type"), (20, 7), "'name' is missing here."),
    (
        RBA.replace("system, score: 56", "system, score: 156"),
        (11, 42),
        "'score' has to be a whole number from 0 to 100.",
    ),
    (RBA.replace("field: ip, ", ""), (14, 7), "'field' is missing here."),
    (NEW.replace("{field: user, type: user, score: 56}\ni", "user\ni"), (13, 11), "'entity' has to be a mapping."),
    (NEW.replace("search: |-\n  tool=odd\n  | table host user ip proc", "search: ''"), (8, 9), "'search' is empty."),
    (NEW.replace("analytic_story: [Odd Things]", "analytic_story: {a: b}"), (21, 17), "has to be a list."),
    ("- a\n- b\n", (1, 1), "A detection is a mapping of keys to values."),
    ("name: x\nsearch: [unclosed\n", (3, 1), ""),
]


@pytest.mark.parametrize(("text", "position", "message"), MISTAKES)
def test_mistakes(text: str, position: tuple[int, int], message: str) -> None:
    """A mistake is a KnowledgeError with the file, line and column where it stands."""
    with pytest.raises(splmini.KnowledgeError) as caught:
        splmini.Detection.from_text(text, "odd.yml")
    assert caught.value.path == "odd.yml"
    assert caught.value.position == position
    assert message in str(caught.value)


def test_unknown_key() -> None:
    """A key that no generation has is an issue with its position and the nearest known key."""
    detection = splmini.Detection.from_text(NEW.replace("asset_type:", "asset_typ:"))
    assert detection.issues == ("line 22, column 1: unknown key 'asset_typ' Did you mean 'asset_type'?",)


def test_unreadable(tmp_path: object) -> None:
    """A file that is not there is a KnowledgeError with its path."""
    with pytest.raises(splmini.KnowledgeError, match="cannot be read"):
        splmini.Detection.load(f"{tmp_path}/nothing.yml")


KINDS = {
    "tags: [x]": "'tags' has to be a mapping.",
    "search: [x]": "'search' has to be text.",
    "data_source: {a: b}": "'data_source' has to be a list.",
    "data_source: [{a: b}]": "'data_source' has to be a list of texts.",
    "rba: [x]": "'rba' has to be a mapping.",
    "rba: {risk_objects: x}": "'risk_objects' has to be a list.",
    "rba: {risk_objects: [x]}": "Each entry of 'risk_objects' has to be a mapping.",
    "rba: {risk_objects: [{field: [a], type: user, score: 1}]}": "'field' has to be text.",
    "finding: [x]": "'finding' has to be a mapping.",
    "finding: {title: t, entity: x}": "'entity' has to be a mapping.",
    "intermediate_findings: x": "'intermediate_findings' has to be a mapping.",
}


@pytest.mark.parametrize("line", KINDS)
def test_what_is_of_another_kind_is_told(line: str) -> None:
    """A key whose value is of another kind than the schema says is told by its name, at its place."""
    search = "" if line.startswith("search") else "search: a=1\n"
    with pytest.raises(splmini.KnowledgeError) as caught:
        splmini.Detection.from_text(f"name: a\nid: 1\nversion: 1\ntype: TTP\n{search}{line}\n")
    assert caught.value.message == KINDS[line]
