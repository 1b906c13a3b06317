"""What one run leaves for the next (files, events), and searches that are read from an app."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import splmini

VENDOR = Path(__file__).resolve().parent.parent / "data" / "apps" / "vendor_addon"


def run(env: Any, spl: str, events: Any = ()) -> list[dict[str, Any]]:
    """Run a search and return its rows as dicts."""
    return [dict(row) for row in env.compile(spl).run(list(events), order="given")]


@pytest.mark.parametrize("on_disk", [False, True])
def test_csv_round_trip(tmp_path: Path, on_disk: bool) -> None:
    """Inputcsv reads what outputcsv wrote: null is absent, multivalue is joined, where and max choose."""
    env = splmini.Environment(data_dir=tmp_path if on_disk else None)
    run(env, "| table n tag | outputcsv numbers", [{"n": 1, "tag": ["x", "y"]}, {"n": 2}, {"n": 3, "tag": "z,1"}])
    assert run(env, "| inputcsv numbers") == [{"n": "1", "tag": "x y"}, {"n": "2"}, {"n": "3", "tag": "z,1"}]
    assert run(env, "| inputcsv start=1 max=1 numbers where n<3") == [{"n": "2"}]
    assert run(env, "| table k | inputcsv append=true numbers.csv where n=2", [{"k": "a"}]) == [{"k": "a"}, {"n": "2"}]
    assert (tmp_path / "numbers.csv").is_file() is on_disk


def test_csv_append() -> None:
    """Append makes a file with a header where there is none, then adds rows in the columns that the file has."""
    env = splmini.Environment()
    run(env, "| table a b | outputcsv append=true t", [{"a": 1, "b": 2}])
    run(env, "| table c b | outputcsv append=true t", [{"b": 4, "c": 5}])
    assert run(env, "| inputcsv t") == [{"a": "1", "b": "2"}, {"b": "4"}]


@pytest.mark.parametrize(
    ("options", "left"), [("", None), ("override_if_empty=false", 1), ("create_empty=true", 0), ("append=true", 1)]
)
@pytest.mark.parametrize("on_disk", [False, True])
def test_csv_without_results(options: str, left: int | None, on_disk: bool, tmp_path: Path) -> None:
    """No results remove the file that is there, or empty it; override_if_empty=false and append=true keep it."""
    env = splmini.Environment(data_dir=tmp_path if on_disk else None)
    run(env, "| table n | outputcsv t", [{"n": 1}])
    run(env, f"| where n>9 | outputcsv {options} t", [{"n": 1}])
    if left is None:
        with pytest.raises(splmini.KnowledgeError, match=r"There is no file 't\.csv'\."):
            run(env, "| inputcsv t")
        return
    assert len(run(env, "| inputcsv t")) == left


def test_csv_create_empty() -> None:
    """Without results a file is only made where create_empty asks for it."""
    env = splmini.Environment()
    run(env, "| where n>9 | outputcsv t", [{"n": 1}])
    with pytest.raises(splmini.KnowledgeError, match=r"There is no file 't\.csv'\."):
        run(env, "| inputcsv t")
    run(env, "| where n>9 | outputcsv create_empty=true t", [{"n": 1}])
    assert run(env, "| inputcsv t") == []


def test_collected_events_are_searched() -> None:
    """Events that collect added are found by a later search that names their index, in testmode none are added."""
    env = splmini.Environment()
    run(env, "| stats count | collect index=summary testmode=true", [{"n": 1}])
    assert run(env, "search index=summary | table count") == []
    run(env, '| stats count | collect index=summary source="daily"', [{"n": 1}])
    assert run(env, "search index=summary | table index source sourcetype count") == [
        {"index": "summary", "source": "daily", "sourcetype": "stash", "count": 1}
    ]


@pytest.mark.parametrize(
    "spl",
    [
        '| savedsearch "Vendor reads"',
        '| loadjob savedsearch="admin:vendor_addon:Vendor reads"',
        '| makeresults | map "Vendor reads"',
        '| union savedsearch:"Vendor reads"',
    ],
)
def test_saved_search(spl: str) -> None:
    """A saved search of an app runs over the events, by whichever command names it."""
    env = splmini.Environment(apps=[VENDOR])
    events = [{"sourcetype": "vendor:text", "action": "read"}, {"sourcetype": "vendor:text", "action": "write"}]
    assert [row["count"] for row in run(env, spl, events)] == [1]


def test_saved_search_that_is_not_there() -> None:
    """The error says where the name stands, and the nearest name that there is."""
    env = splmini.Environment(apps=[VENDOR])
    with pytest.raises(splmini.KnowledgeError) as caught:
        run(env, '| savedsearch "Vendor reeds"')
    assert (caught.value.position, caught.value.hint) == ((1, 15), "Did you mean 'Vendor reads'?")


def test_arguments_of_a_saved_search(tmp_path: Path) -> None:
    """Arguments stand in for $name$ in the text; one that is missing is an error, unless nothing is to be filled in."""
    (tmp_path / "default").mkdir()
    (tmp_path / "default" / "savedsearches.conf").write_text("[by user]\nsearch = user=$who$ | table user n\n", "utf-8")
    env = splmini.Environment(apps=[tmp_path])
    assert run(env, '| savedsearch "by user" who=eve', [{"user": "eve", "n": 1}, {"user": "bob"}]) == [
        {"user": "eve", "n": 1}
    ]
    with pytest.raises(splmini.ArgumentError, match=r"The saved search 'by user' needs a value for \$who\$\."):
        run(env, '| savedsearch "by user" what=eve', [{"user": "eve"}])
    assert run(env, '| savedsearch "by user" nosubstitution=true who=eve', [{"user": "$who$"}]) == [{"user": "$who$"}]


def test_collect_into_a_file() -> None:
    """With spool=false the events are written to a file, and none to the index."""
    env = splmini.Environment(now=1_700_000_000)
    run(env, "| table n | collect addtime=f addinfo=f spool=f file=$timestamp$.csv", [{"n": 1}, {"n": 2}])
    assert run(env, "search index=summary") == []
    assert run(env, "| inputcsv 1700000000.csv") == [{"n=1": "n=2"}]


def test_collected_events_of_a_time_range() -> None:
    """Events without a time get the beginning of the search's time range, which stands in them."""
    env = splmini.Environment(now=1_700_000_000, earliest=1_699_000_000, latest=1_700_000_000)
    (row,) = run(env, "| stats count | collect index=x testmode=true addtime=f", [{"n": 1, "_time": 1_699_500_000}])
    assert row["_time"] == 1_699_000_000
    assert row["_raw"] == (
        "info_min_time=1699000000.000, info_max_time=1700000000.000, info_search_time=1700000000.000, count=1"
    )


def test_join_with_a_saved_search() -> None:
    """A dataset stands in for the subsearch of join."""
    env = splmini.Environment(apps=[VENDOR])
    events = [{"sourcetype": "vendor:text", "action": "read"}, {"count": 1, "n": 5}, {"count": 2, "n": 6}]
    assert run(env, 'search n=* | table count n | join count savedsearch:"Vendor reads"', events) == [
        {"count": 1, "n": 5}
    ]


def test_csv_names_and_events() -> None:
    """A name with an extension is taken as it is; events need a time and a text."""
    env = splmini.Environment()
    run(env, "| table n | outputcsv numbers.txt", [{"n": 1}])
    run(env, "| table _time _raw n | outputcsv events", [{"_time": 5, "_raw": "a n=1", "n": 1}])
    assert run(env, "| inputcsv numbers.txt") == [{"n": "1"}]
    assert run(env, "| inputcsv events=true events") == [{"_time": "5", "_raw": "a n=1", "n": "1"}]
    with pytest.raises(splmini.ArgumentError, match="needs the columns _time and _raw"):
        run(env, "| inputcsv events=true numbers.txt")
    with pytest.raises(splmini.ArgumentError, match="it has to be the first command"):
        run(env, "search * | inputcsv numbers.txt")
