"""What fuzzing found once is found no more."""

from __future__ import annotations

from pathlib import Path

import pytest
from fuzz.targets import TARGETS, seeds

FOUND = Path(__file__).resolve().parent / "found"
FILES = sorted(file for file in FOUND.glob("*/*") if file.is_file())


@pytest.mark.parametrize("file", FILES, ids=[f"{file.parent.name}-{file.name}" for file in FILES])
def test_replay(file: Path) -> None:
    """An input that broke a target."""
    TARGETS[file.parent.name](file.read_bytes())


@pytest.mark.parametrize("name", TARGETS)
def test_seeds(name: str) -> None:
    """Each target takes what it begins with, cut and doubled too."""
    for data in seeds(name)[:: max(1, len(seeds(name)) // 12)]:
        for changed in (data, data[: len(data) // 2], data + data[:100], data.replace(b"a", b"\xff")):
            TARGETS[name](changed)
