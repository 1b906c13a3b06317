"""What commands keep: groups, not events; and the limits at which those stop that keep events."""

from __future__ import annotations

import tracemalloc
from collections.abc import Iterator
from typing import Any

import pytest

import splmini

GROUPS = 50

pytestmark = pytest.mark.no_cover  # every allocation is traced already


def events(number: int) -> Iterator[dict[str, Any]]:
    """Make events of a few groups, one at a time."""
    for i in range(number):
        yield {"_time": 1_700_006_400 + i, "host": f"h{i % GROUPS}", "user": f"u{i % 7}", "n": i % 13}


def peak(spl: str, number: int) -> tuple[int, int]:
    """Return the number of rows of a search over a stream of events, and the peak of memory while it ran."""
    env = splmini.Environment(apps=[])
    search = env.compile(spl)
    list(search.stream(events(10), order="given", infer=False))  # what is loaded once does not count
    tracemalloc.start()
    try:
        rows = sum(1 for _ in search.stream(events(number), order="given", infer=False))
        return rows, tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize(
    ("spl", "rows"),
    [
        ("| stats count sum(n) dc(user) values(user) by host", GROUPS),
        ("| fields host | dedup host", GROUPS),
        ("| top limit=0 host", GROUPS),
        ("| rare host", 10),
        ("| timechart span=1d count by user", 1),
        ("| chart count over host by user", GROUPS),
        ("| fields host | uniq | head 5", 5),
        ("| streamstats window=5 sum(n) as s by host | stats max(s) by host", GROUPS),
        ("| fields n | sort 10 -n", 10),
        ("| fields host | tail 5", 5),
    ],
)
def test_memory_is_that_of_the_groups(spl: str, rows: int) -> None:
    """Eight times as many events in the same groups take about as much memory; they would take eight times as much
    if they were kept."""
    few = peak(spl, 2_000)
    many = peak(spl, 16_000)
    assert few[0] == many[0] == rows
    assert many[1] < 2.5 * few[1]


@pytest.mark.parametrize(
    ("spl", "limits", "name"),
    [
        ("| stats count by n", {"max_groups": 100}, "max_groups"),
        ("| timechart span=1s count by n", {"max_groups": 100}, "max_groups"),
        ("| top limit=0 n", {"max_groups": 100}, "max_groups"),
        ("| eventstats count by host", {"max_rows": 100}, "max_rows"),
        ("| transaction host", {"max_rows": 100}, "max_rows"),
        ("| reverse", {"max_rows": 100}, "max_rows"),
        ("| join host [search n=*]", {"max_rows": 100}, "max_rows"),
        ("| selfjoin host", {"max_rows": 100}, "max_rows"),
        ("| fillnull", {"max_rows": 100}, "max_rows"),
        ("| transpose 0", {"max_rows": 100}, "max_rows"),
        ("| mvcombine n", {"max_rows": 100}, "max_rows"),
        ("| cluster", {"max_rows": 100}, "max_rows"),
        ("| outlier n", {"max_rows": 100}, "max_rows"),
        ("| sort 0 -n", {"max_rows": 100}, "max_rows"),
        ("| streamstats window=200 global=f sum(n) by host", {"max_rows": 100}, "max_rows"),
        ("| streamstats time_window=1h sum(n)", {"max_rows": 100}, "max_rows"),
    ],
)
def test_limits_stop_what_keeps_events(spl: str, limits: dict[str, int], name: str) -> None:
    """A command that has to keep events says that its limit is reached."""
    env = splmini.Environment(apps=[], limits=splmini.Limits(**limits))
    rows = [{"_time": 1_700_000_000 + i, "host": f"h{i % 3}", "n": i, "_raw": f"line {i}"} for i in range(3000)]
    with pytest.raises(splmini.LimitExceeded) as caught:
        env.compile(spl).run(rows, order="given")
    assert caught.value.name == name
