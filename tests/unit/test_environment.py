"""An environment's own settings."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import splmini


@pytest.mark.parametrize("value", [float("nan"), float("inf"), "nosuch"])
@pytest.mark.parametrize("setting", ["now", "earliest", "latest"])
def test_times_that_are_none(setting: str, value: Any) -> None:
    """What is no moment is refused with its name, not with Python's own error."""
    settings = {setting: value}
    with pytest.raises(splmini.ArgumentError, match=r"nan|inf|nosuch"):
        splmini.Environment(**settings).compile("search x").run([{"_raw": "x"}])


@pytest.mark.parametrize(
    ("value", "epoch"),
    [("2026-01-02", 1767308400), ("2026-01-02T03:04:05Z", 1767323045), ("17770000", 17770000), ("-1h@h", 1699995600)],
)
def test_times_as_text(value: str, epoch: int) -> None:
    """Dates are local, digits are epoch seconds on every Python, modifiers count from now."""
    search = splmini.Environment(timezone="Europe/Berlin").compile("| makeresults | addinfo")
    (row,) = search.run(now=1700000000, earliest=value)
    assert row["info_min_time"] == epoch


def test_the_public_face() -> None:
    """An environment shows what its users have to do with, and nothing of what runs ask of it."""
    shown = {name for name in dir(splmini.Environment()) if not name.startswith("_")}
    assert shown == {
        "add_macros", "compile", "datamodels", "explain", "fields", "forget_writes", "index", "knowledge", "limits",
        "lookups", "macros", "timezone",
    }  # fmt: skip


@pytest.mark.parametrize("command", ["outputcsv kept.csv", "outputlookup kept.csv", "collect index=kept"])
def test_data_dir_is_made_when_something_is_written(command: str, tmp_path: Path) -> None:
    """A folder that is not there yet is no reason to fail at the end of a search."""
    environment = splmini.Environment(data_dir=tmp_path / "new" / "data")
    environment.compile(f"| makeresults | eval a=1 | table a | {command}").run()
    assert (tmp_path / "new/data").is_dir() is command.startswith("output")
