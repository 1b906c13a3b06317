"""Logs read as props.conf and transforms.conf say: tables of the events that must come of them (`cases/logs`)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

import splmini
from splmini.knowledge.fields.steps import METADATA
from splmini.operators import Row

FOLDER = Path(__file__).resolve().parents[1] / "cases" / "logs"
KEYS = frozenset(
    {"name", "props", "transforms", "lookups", "log", "encoding", "read_as", "events", "source", "why", "confidence"}
)
SOURCETYPE = "made:log"


def cases() -> list[Any]:
    """Every case of the folder, named by its file and its name."""
    found = []
    for file in sorted(FOLDER.glob("*.yaml")):
        for case in yaml.safe_load(file.read_text("utf-8")):
            assert set(case) <= KEYS, case["name"]
            found.append(pytest.param(case, id=f"{file.stem}: {case['name']}"))
    return found


def app_of(case: Row, folder: Path) -> Path:
    """Write the app of a case: its props are those of the log's sourcetype, until they begin another stanza."""
    (folder / "default").mkdir(parents=True)
    (folder / "lookups").mkdir()
    (folder / "default" / "props.conf").write_text(f"[{SOURCETYPE}]\n{case['props']}", "utf-8")
    (folder / "default" / "transforms.conf").write_text(case.get("transforms", ""), "utf-8")
    for name, text in case.get("lookups", {}).items():
        (folder / "lookups" / name).write_text(text, "utf-8")
    return folder


def as_text(value: Any) -> Any:
    """A value as it compares: by its text."""
    return [str(item) for item in value] if isinstance(value, list) else str(value)


@pytest.mark.parametrize("piece", [50, 1 << 20])
@pytest.mark.parametrize("case", cases())
def test_log(case: Row, piece: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A log becomes these events, with these fields and no others, in whatever pieces it is read."""
    monkeypatch.setattr("splmini.knowledge.indexing.ingest.PIECE", piece)
    log = tmp_path / "a.log"
    log.write_bytes(case["log"].encode(case.get("encoding", "utf-8")))
    env = splmini.Environment(apps=[app_of(case, tmp_path / "app")], timezone="UTC", now=1_790_000_000)
    named = sorted({name for event in case["events"] for name in event} & METADATA - {"_raw", "_time"})
    search = env.compile(
        "search *" + "".join(f" | fields + *, {name}" for name in named) + " | fields + *, _raw, _time"
    )
    given = splmini.Source(
        log, **{"sourcetype": SOURCETYPE, "source": "log", "host": "here", **case.get("read_as", {})}
    )
    rows = list(search.run(given, order="given"))
    assert [row["_raw"] for row in rows] == [event["_raw"] for event in case["events"]]
    for row, event in zip(rows, case["events"], strict=True):
        if "_time" in event:
            assert float(row["_time"]) == pytest.approx(event["_time"], abs=0.0006)
        fields = {name: value for name, value in row.items() if value is not None and name not in METADATA - set(event)}
        wanted = {name: value for name, value in event.items() if value is not None}
        fields.pop("_time", None), wanted.pop("_time", None)
        assert {name: as_text(value) for name, value in fields.items()} == {
            name: as_text(value) for name, value in wanted.items()
        }
