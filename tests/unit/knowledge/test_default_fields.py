"""The fields of the time, the lines and the punctuation of an event."""

from __future__ import annotations

from datetime import timedelta, timezone
from pathlib import Path
from typing import Any

import pytest

import splmini
from splmini.knowledge.fields.default_fields import date_fields, punctuation

MOMENT = 1714979289.0  # 2024-05-06 07:08:09 UTC, a Monday
EVENT = {"_raw": "2024-05-06T07:08:09Z login user=ann, ok\nsecond line", "sourcetype": "made_up", "host": "h"}


@pytest.mark.parametrize(
    ("raw", "hour", "zone"),
    [
        ("2024-05-06T07:08:09Z x", 7, 0),
        ("2024-05-06 09:08:09.5 +0200 x", 9, 120),
        ("2024-05-06T02:38:09-04:30 x", 2, -270),
        ("06/05/2024 07:08:09 x", 8, "local"),
    ],
)
def test_the_zone_is_the_event_s_own(raw: str, hour: int, zone: Any) -> None:
    """The pieces of the time are those that the event writes; without a zone in it, those of its home."""
    fields = date_fields(MOMENT, raw, timezone(timedelta(hours=1)))
    assert (fields["date_hour"], fields["date_zone"]) == (hour, zone)


def test_every_piece() -> None:
    """Days and months are words, the rest are numbers."""
    assert date_fields(MOMENT, "", timezone.utc) == {
        "date_hour": 7,
        "date_mday": 6,
        "date_minute": 8,
        "date_month": "may",
        "date_second": 9,
        "date_wday": "monday",
        "date_year": 2024,
        "date_zone": "local",
    }


@pytest.mark.parametrize(
    ("raw", "wanted"), [("a=1, b c\r\nd;", "=,__;"), ("\n[x] (y)", "[]_()"), ("." * 60, "." * 50), ("a\tb", "t")]
)
def test_punctuation(raw: str, wanted: str) -> None:
    """Blanks are underscores, tabs are t, line ends nothing, and 50 characters are kept (Splunk 10.4.0)."""
    assert punctuation(raw) == wanted


@pytest.mark.parametrize(
    ("search", "rows"),
    [
        ("date_wday=monday date_hour>6 | table date_month linecount", [{"date_month": "may", "linecount": 2}]),
        ("* | stats count by date_year", [{"date_year": 2024, "count": 1}]),
        ("* | table punct", [{"punct": "--::__=,__"}]),
        ("date_hour=8", []),
        ("* | where date_hour=7 | stats count", [{"count": 1}]),
        ('date_hour=7 | table "date_hour", "line*"', [{"date_hour": 7}]),
    ],
)
def test_a_search_that_names_them_has_them(search: str, rows: list[dict[str, Any]]) -> None:
    """The fields are made from the event where a search names them."""
    compiled = splmini.Environment().compile(search)
    assert list(compiled.run([EVENT])) == list(compiled.run([EVENT], optimize=False)) == rows


def test_words_that_hold_a_name_are_not_it() -> None:
    """A longer word in a search names no default field."""
    (row,) = splmini.search("* NOT punctual NOT x_date_hour", [EVENT])
    assert not {"punct", "date_hour"} & row.keys()


@pytest.mark.parametrize("search", ["date_hour=7", "* | where date_hour=7", "* | eval x=date_hour | where x=7"])
@pytest.mark.parametrize("optimize", [True, False])
def test_rows_of_all_fields_have_those_that_are_named(search: str, optimize: bool) -> None:
    """A search that keeps all fields has the default fields that it names, and no others."""
    (row,) = splmini.Environment().compile(search).run([EVENT], optimize=optimize)
    assert row["date_hour"] == 7
    assert not {"date_wday", "linecount", "punct"} & row.keys()
    assert row["host"] == "h"


def test_each_search_of_a_sweep_has_those_that_it_names() -> None:
    """Searches that are run together have the default fields that one of them names."""
    hits = splmini.sweep(["search *", "search * | where date_hour=7"], [EVENT], splmini.Environment())
    assert [hit.outcome is not None and len(hit.outcome.results) for hit in hits] == [1, 1]


@pytest.mark.parametrize("moment", [1e18, -1e11, "x"])
def test_times_that_are_none(moment: Any) -> None:
    """A time that no calendar has gives no such fields; an impossible zone counts as none."""
    (row,) = splmini.search("* | fields date_hour, _raw", [{"_raw": "x", "_time": moment}])
    assert "date_hour" not in row
    assert date_fields(MOMENT, "2024-05-06T07:08:09+99:99 x", timezone.utc)["date_zone"] == "local"


def test_all_fields_are_without_them() -> None:
    """A search for everything does not fill every row with them, and a given one is never replaced."""
    (row,) = splmini.search("*", [EVENT])
    assert not [name for name in row if name.startswith("date_")]
    (row,) = splmini.search("* | table date_hour", [{**EVENT, "date_hour": "given"}])
    assert row["date_hour"] == "given"


def test_props_set_the_zone() -> None:
    """TZ of the sourcetype is the zone of events that write none."""
    raw = {"_raw": "CreationTime 1", "_time": MOMENT, "sourcetype": "o365:management:activity"}
    (row,) = splmini.search("* | table date_hour", [raw], timezone="Asia/Tokyo")
    assert row["date_hour"] == 7


@pytest.mark.parametrize("search", ["search *", "search * | table hour later", "search later=8"])
def test_settings_that_read_them_have_them(tmp_path: Path, search: str) -> None:
    """An alias and a calculation have the default fields that they read, whatever a search names."""
    (tmp_path / "default").mkdir()
    props = "[made_up]\nFIELDALIAS-a = date_hour AS hour\nEVAL-later = date_hour + 1\n"
    (tmp_path / "default" / "props.conf").write_text(props)
    (row,) = splmini.Environment(apps=[tmp_path]).compile(search).run([EVENT])
    assert (row["hour"], row["later"]) == (7, 8)
    assert "date_mday" not in row
