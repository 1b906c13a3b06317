"""Helpers of commands: sed expressions, templates, bins, XML, JSON that was cut, places of addresses."""

from __future__ import annotations

import json as stdlib_json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import splmini
from splmini.commands import _xml
from splmini.commands.aggregation import binning
from splmini.commands.arguments import templates
from splmini.commands.iplocation import _place
from splmini.commands.spath import closed, fields_of, xml_find
from splmini.errors import ArgumentError
from splmini.values.sed import compile_sed


@pytest.mark.parametrize(
    ("expression", "text", "result"),
    [
        ("s/a/b/", "aa", "ba"),
        ("s/a/b/g", "aa", "bb"),
        ("s/a/b/2", "aaa", "aba"),
        ("s/a/b/2g", "aaa", "abb"),
        ("s/A/b/gi", "aA", "bb"),
        (r"s/(\w)(\w)/\2\1/", "xy", "yx"),
        (r"s/\//-/g", "a/b", "a-b"),
        (r"s/x/\0\0/", "x", "xx"),
        ("s|/|.|g", "a/b", "a.b"),
        ("s/$/!/", "a", "a!"),
        ("y/abc/xyz/", "aabbcd", "xxyyzd"),
        (r"y/\//-/", "a/b", "a-b"),
        ("s/a/b/ ; s/b/c/g", "ab", "cc"),
    ],
)
def test_sed(expression: str, text: str, result: str) -> None:
    """A sed expression edits as sed does."""
    assert compile_sed(expression)(text) == result


@pytest.mark.parametrize("expression", ["", "q/a/b/", "s/a", "s/a/b", "s/a/b/x", "y/ab/c/", r"s/a/\1/", "s/(/b/"])
def test_bad_sed(expression: str) -> None:
    """What is no sed expression is refused."""
    with pytest.raises(ArgumentError):
        compile_sed(expression)


HIDDEN = {"<<ITEM>>": "i", "<<ITER>>": "n"}


@pytest.mark.parametrize(
    ("template", "filled"),
    [
        ("eval s=s+<<ITEM>>", "eval s=s+'i'"),
        ('eval s="<<ITEM>>"', 'eval s="a\\"b"'),
        ("eval f_<<ITER>>=<<ITEM>>", "eval f_0='i'"),
        ("eval <<ITEM>>=1, b=2", 'eval a"b=1, b=2'),
        ("eval x=1, <<ITEM>>=f(<<ITEM>>, <<ITER>>)", "eval x=1, a\"b=f('i', 'n')"),
        ("eval s='<<ITEM>>_x'", "eval s='a\"b_x'"),
    ],
)
def test_item_tokens(template: str, filled: str) -> None:
    """A token is a reference as an operand, and text inside quotes, as a target and joined to other characters."""
    pieces = templates.item_pieces(template, HIDDEN)
    assert templates.fill(pieces, {"<<ITEM>>": 'a"b', "<<ITER>>": "0"}) == filled


@given(st.floats(-1e6, 1e6), st.sampled_from([0.1, 0.25, 1, 3, 10, 100]))
def test_linear_bins_hold_their_values(value: float, width: float) -> None:
    """A value lies in its bin, but for the noise of binary fractions."""
    low, high = binning.LinearBins(width).bounds(value)
    assert low - 1e-6 <= value <= high + 1e-6
    assert high - low == pytest.approx(width)


@given(st.floats(1e-6, 1e9), st.sampled_from([(1, 10), (2, 5), (1, 2)]))
def test_log_bins_hold_their_values(value: float, span: tuple[float, float]) -> None:
    """A value above zero lies in its bin."""
    bounds = binning.LogBins(*span).bounds(value)
    assert bounds is not None
    assert bounds[0] <= value < bounds[1]


@given(st.floats(-1e6, 1e6), st.floats(0.01, 1e6), st.integers(2, 200))
def test_automatic_width_is_the_least(low: float, extent: float, bins: int) -> None:
    """The width is a power of ten that needs no more bins than allowed, and a tenth of it would need more."""
    width = binning.automatic_width(low, low + extent, bins)
    real = (low + extent) - low
    assert real / width <= bins * (1 + 1e-9)
    assert real / (width / 10) > bins * (1 - 1e-9)


@pytest.mark.parametrize(
    "text",
    ["", "text", "<a>", "<a></b>", '<!DOCTYPE a [<!ENTITY e "x">]><a>&e;</a>', "<a>" * 300 + "</a>" * 300, "<a/><b/>"],
)
def test_what_is_no_xml(text: str) -> None:
    """Broken, nested beyond reason or with entities: no XML, and no error."""
    assert _xml.parse(text) is None


@given(st.text(max_size=60))
def test_any_text_may_be_read_as_xml(text: str) -> None:
    """Reading never fails, whatever the text."""
    _xml.parse(text)
    _xml.parse(f"<a>{text}</a>")


def test_xml_paths() -> None:
    """Elements, indexes from 1, attributes."""
    root = _xml.parse('<r><b c="1">x</b><b c="2">y</b></r>')
    assert root is not None
    assert xml_find(root, "r.b") == ["x", "y"]
    assert xml_find(root, "r.b{2}") == "y"
    assert xml_find(root, "r.b{@c}") == ["1", "2"]
    assert xml_find(root, "r.z") is None


JSON = st.recursive(
    st.one_of(st.integers(-1000, 1000), st.booleans(), st.text('ab"\\{}[],:', max_size=6)),
    lambda each: st.one_of(st.lists(each, max_size=4), st.dictionaries(st.text("xyz", max_size=3), each, max_size=4)),
    max_leaves=12,
)


@given(st.dictionaries(st.text("xyz", max_size=3), JSON, min_size=1, max_size=5), st.integers(1, 80))
def test_json_that_was_cut_is_json(value: dict[str, Any], cutoff: int) -> None:
    """The first characters of a JSON object, closed, are JSON again, and hold nothing that the whole does not."""
    text = stdlib_json.dumps(value)
    cut = closed(text, cutoff)
    if cut:
        stdlib_json.loads(cut)
    assert len(fields_of(text, cutoff)) <= len(fields_of(text))


def test_place_of_an_address() -> None:
    """A record of a MaxMind database gives the fields that Splunk names."""
    record = {
        "city": {"names": {"en": "Berlin", "de": "Berlin"}},
        "country": {"names": {"en": "Germany", "de": "Deutschland"}},
        "subdivisions": [{"names": {"en": "Land Berlin"}}],
        "continent": {"names": {"en": "Europe"}},
        "location": {"latitude": 52.5, "longitude": 13.4, "time_zone": "Europe/Berlin"},
    }
    assert _place(record, "de") == {
        "City": "Berlin",
        "Country": "Deutschland",
        "Region": "Land Berlin",
        "Continent": "Europe",
        "lat": 52.5,
        "lon": 13.4,
        "Timezone": "Europe/Berlin",
    }
    assert _place(None, "en") == {}
    coded = {"country": {"iso_code": "DE", "names": {"en": "Germany", "fr": "Allemagne"}}, "continent": {"code": "EU"}}
    assert _place(coded, "code") == {"Country": "DE", "Continent": "EU"}
    assert _place(coded, "zz, fr,en")["Country"] == "Allemagne"
    assert _place(coded, "zz")["Country"] == "Germany"


def test_a_file_that_is_no_database(tmp_path: Path) -> None:
    """A database that cannot be read is missing, and the error says which."""
    pytest.importorskip("maxminddb")
    path = tmp_path / "x.mmdb"
    path.write_bytes(b"no database")
    with pytest.raises(splmini.MissingDatabase, match="no MaxMind database"):
        splmini.search("| iplocation ip", [{"ip": "8.8.8.8"}], databases={"iplocation": str(path)})


class Database:
    """A database that knows one address, and counts how often it is asked."""

    def __init__(self) -> None:
        self.asked = 0

    def get(self, address: str) -> Any:
        """Return the record of an address."""
        self.asked += 1
        return {"country": {"names": {"en": "US"}}, "location": {"latitude": 1.5}} if address == "8.8.8.8" else None


def test_places_from_a_database(monkeypatch: pytest.MonkeyPatch) -> None:
    """Public addresses are looked up once each, and only what the database knows is written."""
    database = Database()

    def opened(*arguments: Any) -> Database:
        return database

    monkeypatch.setattr("splmini.commands.iplocation._open", opened)
    events = [
        {"ip": "8.8.8.8"},
        {"ip": "8.8.8.8"},
        {"ip": "9.9.9.9"},
        {"ip": "192.168.0.1"},
        {"ip": ["8.8.8.8", "x"]},
        {"ip": "8.8.8.8/24"},
        {"ip": "8.8.8.8/32"},
    ]
    rows = [dict(row) for row in splmini.search("| iplocation prefix=p_ ip", events)]
    assert [row.get("p_Country") for row in rows] == ["US", "US", None, None, "US", None, "US"]
    assert rows[0]["p_lat"] == 1.5
    assert "p_City" not in rows[0]
    assert database.asked == 4
