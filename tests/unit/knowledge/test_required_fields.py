"""Fields of data models that are marked as required."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import splmini

MODEL = {
    "modelName": "Shop",
    "objects": [
        {
            "objectName": "Sales",
            "parentName": "BaseEvent",
            "constraints": [{"search": "sourcetype=sale"}],
            "comment": {"tags": ["sale"]},
            "fields": [
                {"fieldName": "price", "required": True, "hidden": True},
                {"fieldName": "who", "required": False},
            ],
            "calculations": [
                {
                    "calculationType": "Eval",
                    "expression": "nullif(price, 0)",
                    "outputFields": [{"fieldName": "paid", "required": True}],
                }
            ],
        },
        {
            "objectName": "Named",
            "parentName": "Sales",
            "constraints": [],
            "fields": [{"fieldName": "who2", "required": True}],
        },
    ],
}
EVENTS = [
    {"sourcetype": "sale", "price": 1, "who": "ann"},
    {"sourcetype": "sale", "who": "bob"},
    {"sourcetype": "sale", "price": 0, "who": "cid"},
    {"sourcetype": "sale", "price": 2, "who2": "dan"},
]


@pytest.mark.parametrize(
    ("search", "rows"),
    [
        ("| tstats count from datamodel=Shop", [{"count": 2}]),
        (
            "| tstats sum(Sales.price) AS price from datamodel=Shop.Named by Sales.Named.who2",
            [{"Sales.Named.who2": "dan", "price": 2}],
        ),
        ("| tstats count from datamodel=Shop where nodename=Sales.Named", [{"count": 1}]),
        ("| from datamodel:Shop.Sales | stats values(paid) AS paid", [{"paid": [1, 2]}]),
        ("| datamodel Shop Named search | table Sales.price sourcetype", [{"Sales.price": 2, "sourcetype": "sale"}]),
    ],
)
def test_events_without_a_required_field_are_left_out(tmp_path: Path, search: str, rows: list[object]) -> None:
    """A dataset holds the events that have its required fields, extracted and calculated ones; hidden ones stay."""
    models = tmp_path / "default" / "data" / "models"
    models.mkdir(parents=True)
    (models / "Shop.json").write_text(json.dumps(MODEL))
    env = splmini.Environment(apps=[tmp_path])
    assert [dict(row) for row in env.compile(search).run(EVENTS)] == rows
