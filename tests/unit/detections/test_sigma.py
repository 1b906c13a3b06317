"""Sigma rules become searches, their log source conditions on the event."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

import splmini
from splmini.detections.sigma import sigma_searches

pytest.importorskip("sigma.backends.splunk")

RULE = """\
title: Regsvcs on the network
id: 3f7f5b0b-5b16-476c-a85f-ab477f6dd24b
status: test
logsource: {product: windows, category: network_connection}
detection:
  selection: {Image|endswith: '\\regsvcs.exe'}
  filter: {DestinationIp|cidr: 10.0.0.0/8}
  condition: selection and not filter
"""
EVENTS = [
    {"Channel": "Microsoft-Windows-Sysmon/Operational", "EventID": 3, "Image": r"C:\x\RegSvcs.exe", "DestinationIp": ip}
    for ip in ("8.8.4.4", "10.1.1.1")
]


def write(folder: Path, text: str) -> Path:
    """Write a rule."""
    path = folder / "rule.yml"
    path.write_text(text)
    return path


def test_network_connection(tmp_path: Path) -> None:
    """A category of Windows is Sysmon's event; the search finds what the rule says."""
    (made,) = sigma_searches(write(tmp_path, RULE))
    assert (made.title, made.id) == ("Regsvcs on the network", "3f7f5b0b-5b16-476c-a85f-ab477f6dd24b")
    assert made.spl == (
        'Channel="Microsoft-Windows-Sysmon/Operational" EventID=3 Image="*\\\\regsvcs.exe" '
        'NOT DestinationIp="10.0.0.0/8"'
    )
    assert [row["DestinationIp"] for row in splmini.search(made.spl, EVENTS)] == ["8.8.4.4"]


LOG_SOURCES = {
    "{product: windows, category: pipe_created}": 'Channel="Microsoft-Windows-Sysmon/Operational" EventID IN (17, 18)',
    "{product: windows, category: ps_script}": 'Channel="Microsoft-Windows-PowerShell/Operational" EventID=4104',
    "{product: windows, service: security}": 'Channel="Security"',
    "{product: linux, service: auditd}": "Image=",
}


@pytest.mark.parametrize("source", LOG_SOURCES)
def test_log_sources(source: str, tmp_path: Path) -> None:
    """A log source becomes a condition on the channel and the event id; one that is not known adds none."""
    text = RULE.replace("{product: windows, category: network_connection}", source)
    (made,) = sigma_searches(write(tmp_path, text))
    assert made.spl.startswith(LOG_SOURCES[source])


def test_pipelines(tmp_path: Path) -> None:
    """The backend's own pipelines are used by name."""
    path = write(tmp_path, RULE)
    assert sigma_searches(path, "none")[0].spl.startswith("Image=")
    with pytest.raises(splmini.KnowledgeError, match="Did you mean 'splunk_windows'"):
        sigma_searches(path, "splunk_window")


def test_correlation(tmp_path: Path) -> None:
    """A correlation over a rule in the same file becomes one search that aggregates."""
    correlation = """\
---
title: Many
id: 0e95725d-7320-415d-80f7-004da920fc11
correlation:
  type: event_count
  rules: [3f7f5b0b-5b16-476c-a85f-ab477f6dd24b]
  group-by: [Image]
  timespan: 1h
  condition: {gte: 2}
"""
    searches = sigma_searches(write(tmp_path, RULE + correlation))
    assert [each.title for each in searches] == ["Many"]
    assert "stats count as event_count by" in searches[0].spl
    events = [{**EVENTS[0], "_time": 1000 + number} for number in range(2)]
    assert len(splmini.search(searches[0].spl, events)) == 1
    assert len(splmini.search(searches[0].spl, events[:1])) == 0


MISTAKES = {
    "title: x\n": "Not a Sigma rule that can be converted",
    "- a\n": "A Sigma rule is a mapping",
    "title: [\n": "Not YAML",
    "a: &x [1]\nb: *x\n": "YAML aliases are not allowed",
}


@pytest.mark.parametrize("text", MISTAKES)
def test_mistakes(text: str, tmp_path: Path) -> None:
    """What is no rule is a KnowledgeError with the path."""
    with pytest.raises(splmini.KnowledgeError, match=MISTAKES[text]) as caught:
        sigma_searches(write(tmp_path, text))
    assert caught.value.path is not None


def test_mistake_in_a_later_document(tmp_path: Path) -> None:
    """A mistake is named by its line in the file, not in its document."""
    with pytest.raises(splmini.KnowledgeError) as caught:
        sigma_searches(write(tmp_path, "title: x\n---\na: &x [1]\nb: *x\n"))
    assert caught.value.position is not None
    assert caught.value.position[0] == 4


def test_without_the_extra(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the backend the error names the extra."""
    monkeypatch.setitem(sys.modules, "sigma.backends.splunk", None)
    with pytest.raises(splmini.UnsupportedFeature, match=r"pip install 'splmini\[sigma\]'") as caught:
        sigma_searches(write(tmp_path, RULE))
    assert caught.value.name == "sigma"
