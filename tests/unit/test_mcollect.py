"""What mcollect adds to an index is what mstats and mcatalog read in a later run."""

from __future__ import annotations

from typing import Any

import pytest

import splmini

ROW = {"type": "cpu", "usage": 0.5, "idle": "0.25", "x": "text", "mv": [1, 2]}


@pytest.mark.parametrize(
    ("arguments", "point"),
    [
        (
            "split=t type x mv",
            {"metric_name:usage": 0.5, "metric_name:idle": 0.25, "type": "cpu", "x": "text", "mv": [1, 2]},
        ),
        ("split=true x", {"metric_name:usage": 0.5, "metric_name:idle": 0.25, "x": "text"}),
        (
            "split=allnums",
            {"metric_name:usage": 0.5, "metric_name:idle": 0.25, "type": "cpu", "x": "text", "mv": [1, 2]},
        ),
        ("split=allnums idle", {"metric_name:usage": 0.5, "idle": "0.25", "type": "cpu", "x": "text", "mv": [1, 2]}),
        ("split=t prefix_field=type x", {"metric_name:cpu.usage": 0.5, "metric_name:cpu.idle": 0.25, "x": "text"}),
        (
            'split=t host=h source=s marker="run=1, by=me" x*',
            {
                "metric_name:usage": 0.5,
                "metric_name:idle": 0.25,
                "x": "text",
                "host": "h",
                "source": "s",
                "run": "1",
                "by": "me",
            },
        ),
    ],
)
def test_data_points(arguments: str, point: dict[str, Any]) -> None:
    """Measures and dimensions are told apart as split asks."""
    env = splmini.Environment(now=1000)
    env.compile(f"| table type usage idle x mv | mcollect index=m {arguments}").run([dict(ROW)])
    (found,) = env.compile("search index=m").run([])
    assert dict(found) == {**point, "_time": 1000, "index": "m", "sourcetype": "mcollect_stash"}


def test_measures_by_name() -> None:
    """Without split the results name their measures; what has none is no data point."""
    env = splmini.Environment(now=1000)
    env.compile('| rename n as "metric_name:jobs" | mcollect index=m').run([{"n": 3, "u": "a"}, {"u": "b"}])
    env.compile("| table metric_name _value u | mcollect index=m").run([{"metric_name": "mem", "_value": 7, "u": "a"}])
    rows = list(env.compile("| mstats sum(jobs) as jobs max(mem) as mem where index=m by u").run([]))
    assert rows == [{"u": "a", "jobs": 3, "mem": 7}]


def test_meventcollect() -> None:
    """meventcollect adds events in the same way."""
    env = splmini.Environment(now=1000)
    env.compile("| table u n _time | meventcollect index=m split=t u").run([{"u": "a", "n": 3, "_time": 5}])
    assert list(env.compile("| mstats avg(n) as n where index=m by u").run([])) == [{"u": "a", "n": 3}]


def test_without_the_prefix_field() -> None:
    """A result without the prefix field is no data point."""
    env = splmini.Environment(now=1000)
    env.compile("| table n u type | mcollect index=m split=t prefix_field=type u").run([{"n": 1, "u": "a"}])
    assert len(env.compile("search index=m").run([])) == 0
