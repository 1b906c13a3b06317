"""Names of calculated fields: what stands in braces is a field's value, and empty braces are an array's."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import splmini

CASES: dict[str, tuple[str, dict[str, Any]]] = {
    "a dot": ("EVAL-a.b = 1", {"a.b": 1}),
    "an array": ('EVAL-list{}.name = "x"', {"list{}.name": "x"}),
    "a field's value": ("EVAL-made_{kind} = 2", {"made_k1": 2}),
    "both": ("EVAL-{kind}{} = 3", {"k1{}": 3}),
}


@pytest.mark.parametrize("name", CASES)
def test_names(tmp_path: Path, name: str) -> None:
    """A calculated field has the name that its setting says."""
    setting, expected = CASES[name]
    folder = tmp_path / "app" / "default"
    folder.mkdir(parents=True)
    (folder / "props.conf").write_text(f"[t]\nKV_MODE = none\nEXTRACT-a = kind=(?<kind>\\w+)\n{setting}\n")
    environment = splmini.Environment(apps=[tmp_path / "app"])
    (row,) = environment.compile("search *").run([{"_raw": "kind=k1", "sourcetype": "t"}])
    assert {field: row.get(field) for field in expected} == expected
