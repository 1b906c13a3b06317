"""Which events apps may change before they are in the index, or under another name when they are searched."""

from __future__ import annotations

from pathlib import Path

import pytest

import splmini

SETTINGS = {
    "nothing": ("[a:log]\nKV_MODE = none\n", set()),
    "SEDCMD": ("[a:log]\nSEDCMD-x = s/a/b/\n", {"a:log"}),
    "TRANSFORMS of a pattern": ("[(?::){0}a:*]\nTRANSFORMS-x = t\n", {"a:log", "a:b"}),
    "rename": ("[a:log]\nrename = b\n", {"a:log"}),
    "a source": ("[source::*.log]\nsourcetype = a:log\n", {"a:log", "a:b", "b", ""}),
    "a host": ("[host::h]\nTRANSFORMS-x = t\n", {"a:log", "a:b", "b", ""}),
    "all": ("[default]\nSEDCMD-x = s/a/b/\n", {"a:log", "a:b", "b", ""}),
}


@pytest.mark.parametrize("name", SETTINGS)
def test_sourcetypes(name: str, tmp_path: Path) -> None:
    """Settings of a sourcetype concern its events, in any spelling; others all events."""
    text, changed = SETTINGS[name]
    (tmp_path / "default").mkdir()
    (tmp_path / "default" / "props.conf").write_text(text, "utf-8")
    changing = splmini.Environment(apps=[tmp_path]).knowledge.changing
    assert {each for each in ("a:log", "a:b", "b", "") if not changing.keeps([each])} == changed
    assert changing.when_read("A:LOG") is (bool(changed) and name != "rename")


def test_built_in_packs_leave_windows_events() -> None:
    """So literals can be looked for in files of Windows events; raw logs of Palo Alto are sorted when they are read."""
    environment = splmini.Environment()
    assert environment.knowledge.changing.keeps(["xmlwineventlog"])
    assert not environment.knowledge.changing.keeps(["pan:log"])
    plan = environment.compile('sourcetype=XmlWinEventLog process_name="regsvcs.exe"').plan()
    assert "regsvcs.exe" in str(plan)
