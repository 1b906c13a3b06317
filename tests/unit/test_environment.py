"""An environment's own settings."""

from __future__ import annotations

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
