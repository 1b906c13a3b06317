"""Calculated fields of data models that the example apps do not use: where addresses are."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

import splmini


class Database:
    """A database that knows one address."""

    def get(self, address: str) -> Any:
        """Return the record of an address."""
        names = {"country": {"names": {"en": "Norway"}}, "city": {"names": {"en": "Oslo"}}}
        return {**names, "location": {"latitude": 59.9, "longitude": 10.7}} if address == "8.8.8.8" else None


def model(folder: Path, outputs: list[dict[str, str]]) -> Path:
    """Write an app with a model whose calculation is GeoIP, and return its folder."""
    models = folder / "default" / "data" / "models"
    models.mkdir(parents=True)
    calculation = {"calculationType": "GeoIP", "inputField": "ip", "outputFields": outputs}
    dataset = {
        "objectName": "Visits",
        "parentName": "BaseEvent",
        "constraints": [{"search": "sourcetype=visit"}],
        "fields": [{"fieldName": "ip", "owner": "Visits"}],
        "calculations": [calculation],
    }
    (models / "Web2.json").write_text(json.dumps({"modelName": "Web2", "objects": [dataset]}))
    return folder


EVENTS = [{"sourcetype": "visit", "ip": ip} for ip in ("8.8.8.8", "9.9.9.9", "10.0.0.1")]
COUNT = "| tstats count from datamodel=Web2 by Visits.City"


def test_where_an_address_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A GeoIP calculation gives what iplocation would give, under the field's own name."""
    monkeypatch.setattr("splmini.commands.iplocation._open", lambda *arguments: Database())
    outputs = [
        {"fieldName": "City"},
        {"fieldName": "ip_Country"},
        {"fieldName": "Latitude"},
        {"fieldName": "far", "lookupOutputFieldName": "lon"},
    ]
    env = splmini.Environment(apps=[model(tmp_path / "app", outputs)], databases={"iplocation": "here.mmdb"})
    assert [dict(row) for row in env.compile(COUNT).run(EVENTS)] == [{"Visits.City": "Oslo", "count": 1}]
    rows = [dict(row) for row in env.compile("| from datamodel:Web2.Visits | table ip *Co* L* far").run(EVENTS)]
    assert rows[0] == {"ip": "8.8.8.8", "ip_Country": "Norway", "Latitude": 59.9, "far": 10.7}
    assert rows[1] == {"ip": "9.9.9.9"}


def test_without_a_database(tmp_path: Path) -> None:
    """A GeoIP calculation that is read needs a database; one that is not read does not."""
    env = splmini.Environment(apps=[model(tmp_path / "app", [{"fieldName": "City"}])])
    with pytest.raises(splmini.MissingDatabase) as caught:
        env.compile(COUNT).run(EVENTS)
    assert caught.value.name == "iplocation"
    assert [dict(row) for row in env.compile("| tstats count from datamodel=Web2").run(EVENTS)] == [{"count": 3}]


def test_an_output_that_no_address_has(tmp_path: Path) -> None:
    """A GeoIP calculation gives places and nothing else."""
    env = splmini.Environment(apps=[model(tmp_path / "app", [{"fieldName": "Owner"}])])
    with pytest.raises(splmini.KnowledgeError, match="nothing that a GeoIP calculation gives"):
        env.compile("| tstats count from datamodel=Web2 by Visits.Owner").run(EVENTS)
