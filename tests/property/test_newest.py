"""The newest events, found by their times alone, are those that reading all events finds."""

from __future__ import annotations

from pathlib import Path
from unittest import mock

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import splmini
from splmini.events import _blocks
from splmini.events._times import line_times
from splmini.values import times
from splmini.values.zones import UTC

ENV = splmini.Environment(now=1714608000.0)
FEW = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
STAMPS = st.one_of(
    st.integers(0, 9).map(lambda second: f'"timestamp":"2024-05-01T00:00:0{second}Z",'),
    st.integers(0, 9).map(lambda second: f'"when":"2024-05-01 10:00:0{second}",'),
    st.sampled_from(("", "", "", '"time":null,', '"time":"never",', '"x":"May 3 2024",', '"id":"20240501",')),
    st.sampled_from(('"at":"10:30:00",', '"_time":5,"sourcetype":"st",', '"x":"' + "y" * 120 + ' 2024-05-01",')),
)
STRANGE = st.sampled_from(
    ("no json", "[1]", "", '{"Records":[{"timestamp":"2024-05-02T00:00:00Z"}]}', '{"x":"caf\u00e9"}')
)
SEARCHES = st.sampled_from(("* | head 1", "| head 3", "* | head 2 | table n _time", "index=* | head 2", "n>3 | head 2"))


def lines_of(stamps: list[str], uniform: bool) -> list[str]:
    """Return an object for each stamp; `uniform`: all with the first one's."""
    return [f'{{"n":{number},{stamps[0] if uniform else stamp}"level":"i"}}' for number, stamp in enumerate(stamps)]


@FEW
@given(st.lists(STAMPS, min_size=1, max_size=30), st.lists(STRANGE, max_size=2), SEARCHES, st.booleans(), st.booleans())
def test_newest_of_files(
    tmp_path: Path, stamps: list[str], strange: list[str], search: str, uniform: bool, named: bool
) -> None:
    """Logs whose times stand in one member, in several, in the text or nowhere, over several blocks, with ties."""
    file = tmp_path / "events.json"
    lines = lines_of(stamps, uniform)
    lines[len(lines) // 2 : len(lines) // 2] = strange
    file.write_text("\n".join(lines), "utf-8")
    compiled = ENV.compile(search)
    options = {"sourcetype": "other"} if named else {}
    with mock.patch.object(_blocks, "BLOCK_BYTES", 300):
        fast, plain = (compiled.run(file, order="newest", optimize=each, **options) for each in (True, False))
    assert list(map(dict, fast)) == list(map(dict, plain))


def test_hardly_an_event_is_parsed(tmp_path: Path) -> None:
    """Of a log whose events are alike only the newest are parsed, with a time in a member, in the text or nowhere."""
    file = tmp_path / "events.json"
    for stamp in ('"timestamp":"2024-05-01T00:00:01Z",', '"when":"2024-05-01 10:00:02",', ""):
        file.write_text("\n".join(lines_of([stamp] * 500, uniform=True)), "utf-8")
        results = ENV.compile("* | head 2 | table n").run(file, order="newest")
        assert [row["n"] for row in results] == [499, 498]
        assert (results.stats["scanned"], results.stats["parsed"]) == (500, 2)


TEXTS = st.lists(
    st.one_of(
        st.text(st.characters(codec="ascii", exclude_characters="\n\r"), max_size=40),
        st.tuples(st.integers(0, 140), STAMPS).map(lambda part: " " * part[0] + part[1]),
        st.sampled_from(("1714521600", "id=12345678", "1.2.2024", "05/01/2024", "a:10:30:00", "x 10:30:00")),
    ),
    min_size=1,
    max_size=8,
)


@settings(max_examples=300, deadline=None)
@given(TEXTS)
def test_times_of_lines(lines: list[str]) -> None:
    """The times of the lines of a block are those that are recognised in each line."""
    found = line_times("\n".join(lines).encode("ascii"), len(lines), UTC, 1714608000.0)
    assert found == [times.recognise(line, UTC, 1714608000.0) for line in lines]
