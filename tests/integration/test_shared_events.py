"""Reading real events, where SPLMINI_SHARED names a folder that has them."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import pytest

from splmini.events import read


def lines(shared: Path, name: str) -> list[dict[str, Any]]:
    """Return the records of a file of JSON lines."""
    with gzip.open(shared / "data" / f"{name}.jsonl.gz", "rt", encoding="utf-8") as file:
        return [json.loads(line) for line in file]


@pytest.mark.parametrize("separator", ["", "\n"])
def test_event_xml(shared: Path, separator: str) -> None:
    """Every event of a big file of XML is found, unchanged, with its time, source and sourcetype."""
    wanted = lines(shared, "windows_xml")
    found = [event for batch in read(separator.join(row["_raw"] for row in wanted).encode()) for event in batch]
    assert len(found) == len(wanted)
    for want, got in zip(wanted, found, strict=True):
        assert got["_raw"] == want["_raw"]
        assert got["_time"] == pytest.approx(want["_time"], abs=1e-3)
        assert (got["source"], got["sourcetype"]) == (want["source"], want["sourcetype"])


@pytest.mark.parametrize("name", ["windows_xml", "windows_flat", "windows_nxlog_flat", "cloudtrail", "vendor_samples"])
def test_files_are_their_dicts(shared: Path, name: str) -> None:
    """A compressed file of JSON lines gives the events that its objects give as dicts."""
    from_file = [event for batch in read(shared / "data" / f"{name}.jsonl.gz") for event in batch]
    from_dicts = [event for batch in read(lines(shared, name)) for event in batch]
    path = str(shared / "data" / f"{name}.jsonl.gz")
    assert from_file == [{**event, "source": event.get("source", path)} for event in from_dicts]


def test_cloudtrail_files(shared: Path) -> None:
    """Raw CloudTrail events are recognised, alone and in their container."""
    wanted = lines(shared, "cloudtrail")
    raw = [row["_raw"] for row in wanted]
    for text in ("\n".join(raw), '{"Records":[' + ",".join(raw) + "]}", "".join(raw)):
        found = [event for batch in read(text.encode()) for event in batch]
        assert [event["_raw"] for event in found] == raw
        assert {event["sourcetype"] for event in found} == {"aws:cloudtrail"}
        assert all(got["_time"] == pytest.approx(want["_time"], abs=1) for got, want in zip(found, wanted, strict=True))
