"""URLs are read through fsspec: a file, a folder, a pattern; what fails is an error that names the URL."""

from __future__ import annotations

from typing import Any

import pytest

import splmini

fsspec = pytest.importorskip("fsspec")


@pytest.fixture
def store() -> str:
    """A store in memory with three files of events."""
    system: Any = fsspec.filesystem("memory")
    for number in range(3):
        with system.open(f"/archive/day{number}.jsonl", "wb") as file:
            file.write(b"".join(b'{"_time": %d, "a": %d}\n' % (line, number) for line in range(5)))
    return "memory://archive"


@pytest.mark.parametrize(("path", "count"), [("/day1.jsonl", 5), ("", 15), ("/day[01].jsonl", 10), ("/*", 15)])
def test_urls(store: str, path: str, count: int) -> None:
    """A URL is one file, all files of a folder, or those that match."""
    results = splmini.Environment().compile("* | stats count by source").run(store + path)
    assert sum(row["count"] for row in results) == count
    assert all(row["source"].startswith("memory://") for row in results)


@pytest.mark.parametrize(
    ("url", "kind"),
    [
        ("memory://archive/none.jsonl", splmini.EventFormatError),
        ("memory://archive/*.csv", splmini.EventFormatError),
        ("nosuch://x", splmini.EventFormatError),
    ],
)
def test_urls_that_lead_nowhere(store: str, url: str, kind: type[Exception]) -> None:
    """What is not there, and what no file system serves, is an error."""
    with pytest.raises(kind):
        splmini.Environment().compile("*").run(url)
