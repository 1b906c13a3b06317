"""The examples give what they promise, from every form of their events."""

from __future__ import annotations

import importlib.util
import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from support import same

import splmini

EXAMPLES = Path(__file__).resolve().parent.parent.parent / "examples"
FOLDERS = sorted(path.parent for path in EXAMPLES.glob("*/detection.yml"))


def lines(folder: Path) -> list[str]:
    """Return the example's events, one a line."""
    return (folder / "events.xml").read_text("utf-8").splitlines()


def as_raw(folder: Path) -> Any:
    """The events as dicts with `_raw` alone."""
    return [{"_raw": line} for line in lines(folder)]


def as_json_lines(folder: Path) -> Any:
    """The events as JSON lines with `_raw`."""
    return "\n".join(json.dumps({"_raw": line}) for line in lines(folder)).encode()


def as_flat(folder: Path) -> Any:
    """The events as flat dicts, as tools that read event logs give them."""
    flat = []
    for line in lines(folder):
        fields = dict(re.findall(r"<Data Name='([^']*)'>([^<]*)</Data>", line))
        system = dict(re.findall(r"<(EventID|Channel|Computer|Level|Task|EventRecordID)>([^<]*)<", line))
        time = re.search(r"SystemTime='([^']*)'", line)
        assert time is not None
        flat.append({**system, "SystemTime": time[1], "Provider_Name": "Microsoft-Windows-Sysmon", **fields})
    return flat


def as_flat_json_lines(folder: Path) -> Any:
    """The flat events as JSON lines."""
    return "\n".join(map(json.dumps, as_flat(folder))).encode()


FORMS = {
    "a file": lambda folder: folder / "events.xml",
    "run together": lambda folder: "".join(lines(folder)).encode(),
    "dicts with _raw": as_raw,
    "JSON lines": as_json_lines,
    "flat dicts": as_flat,
    "flat JSON lines": as_flat_json_lines,
    "UTF-16": lambda folder: (folder / "events.xml").read_text("utf-8").encode("utf-16"),
}


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("folder", FOLDERS, ids=lambda path: path.name)
def test_rows(folder: Path, form: str) -> None:
    """A detection's search finds the expected rows in every form of its events."""
    expected = yaml.safe_load((folder / "expected.yml").read_text("utf-8"))
    search = yaml.safe_load((folder / "detection.yml").read_text("utf-8"))["search"]
    rows = list(splmini.Environment().compile(search).run(FORMS[form](folder)))
    assert len(rows) == len(expected["rows"]), rows
    for want, got in zip(expected["rows"], rows, strict=True):
        assert all(same(value, got.get(name)) for name, value in want.items()), (want, got)


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda path: path.name)
def test_findings(folder: Path) -> None:
    """A detection makes its findings and risk events of the rows."""
    expected = yaml.safe_load((folder / "expected.yml").read_text("utf-8"))
    outcome = splmini.Detection.load(folder / "detection.yml").run(folder / "events.xml", splmini.Environment())
    assert outcome.fired
    assert len(outcome.findings) == expected["findings"]
    assert len(outcome.risk_events) == expected["risk_events"]
    assert outcome.findings[0]["title"] == expected["first_finding"]


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda path: path.name)
def test_events_are_those_of_their_script(folder: Path) -> None:
    """The events in the folder are what its script writes."""
    spec = importlib.util.spec_from_file_location("make_events", folder / "make_events.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    assert module.events() == lines(folder)
