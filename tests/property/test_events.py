"""Laws of reading: nothing is lost, nothing but SplError is raised, blocks and strictness make no difference."""

from __future__ import annotations

import contextlib
import gzip
import io
import json
import re
from typing import Any

from event_samples import CLASSIC, PRETTY, SECURITY, SYSMON
from hypothesis import given
from hypothesis import strategies as st

from splmini.errors import SplError
from splmini.events import blocks, read
from splmini.events._blocks import text_blocks
from splmini.events._reader import Settings, find_reader, readers

FRAGMENTS = [
    SYSMON,
    SECURITY,
    CLASSIC,
    PRETTY,
    "<Event",
    "</Event>",
    "<Events>",
    "<Event >",
    "<EventData>",
    "<![CDATA[",
    "<!DOCTYPE a [",
    "<!ENTITY x 'y'>",
    "&x;",
    "\n",
    "\r\n",
    "\r",
    "\0",
    " ",
    "\t",
    '"',
    "'",
    ",",
    ";",
    "|",
    "{",
    "}",
    "[",
    "]",
    ":",
    "\\",
    '{"a":1}',
    '{"result":{"_raw":"x"}}',
    '{"event":{"a":[1]},"time":"x"}',
    '{"Records":[{"a":1}]}',
    '{"a":"\\ud800"}',
    '{"a":NaN}',
    "[1,2]",
    "[" * 50,
    '{"a":' * 50,
    "a,b,c",
    '1,"x\ny",2',
    "a\tb",
    "#separator \\x09\n",
    "#fields\ta\tb\n",
    "#Fields: a b\n",
    "1 2",
    "type=CWD msg=audit(1.5:2): a=b",
    "May  6 07:08:09 h a: b",
    "<34>1 - h a - - x",
    "CEF:0|a|b|c|d|e|5|rt=1",
    "LEEF:1.0|a|b|c|d|",
    "2024-05-06 07:08:09",
    "9999-99-99 99:99:99",
    "é",
    "\ud7ff",
    "😀",
    "ElfFile\0",
    "PAR1",
    "\x1f\x8b\x08",
    "PK\x03\x04",
    "BZh9",
    "a=b c=d",
    "05/06/2024 07:08:09 PM\nLogName=X\n",
]
TEXT = st.lists(st.one_of(st.sampled_from(FRAGMENTS), st.text(max_size=8)), max_size=12).map("".join)
BYTES = st.one_of(
    TEXT.map(lambda text: text.encode("utf-8", "surrogatepass")),
    st.lists(
        st.one_of(st.sampled_from(FRAGMENTS).map(lambda x: x.encode("latin-1", "replace")), st.binary(max_size=8)),
        max_size=12,
    ).map(b"".join),
    TEXT.map(lambda text: text.encode("utf-16", "replace")),
    TEXT.map(lambda text: gzip.compress(text.encode("utf-8", "replace"))),
)
NAMES = sorted(name for name, each in readers().items() if each.open is None)


def events(data: Any, **settings: Any) -> list[dict[str, Any]]:
    """Read everything."""
    return [event for batch in read(data, now=0.0, **settings) for event in batch]


def check_events(found: list[dict[str, Any]]) -> None:
    """Fail where an event is not as the engine wants it: text, numbers, lists of two or more."""
    for event in found:
        assert isinstance(event, dict)
        for name, value in event.items():
            assert isinstance(name, str)
            items = value if isinstance(value, list) else [value]
            assert len(items) > 1 or not isinstance(value, list)
            assert all(type(item) in (str, int, float) for item in items), (name, value)
            json.dumps(value).encode()
        if "_time" in event:
            assert isinstance(event["_time"], (int, float))


@given(BYTES)
def test_bytes_give_events_or_an_error(data: bytes) -> None:
    """Any bytes are events or an SplError, whatever reads them."""
    with contextlib.suppress(SplError):
        check_events(events(data))


@given(TEXT, st.sampled_from(NAMES), st.booleans())
def test_every_reader_takes_any_text(text: str, name: str, strict: bool) -> None:
    """A reader that is told to read what is not its own gives events or an SplError."""
    with contextlib.suppress(SplError):
        check_events(events(text.encode("utf-8", "surrogatepass"), format=name, strict=strict))


@given(TEXT, st.sampled_from(NAMES), st.integers(1, 64))
def test_blocks_make_no_difference(text: str, name: str, size: int) -> None:
    """The records of small blocks are those of one."""
    data = text.encode("utf-8", "surrogatepass")
    reader = find_reader(name)
    settings = Settings(now=0.0)

    def cut(size: int) -> list[bytes]:
        from splmini.events import Report

        parts = text_blocks(reader, data, io.BytesIO(data), settings, Report(), size)
        return [record for block in parts for record in block.records()]

    assert cut(size) == cut(1 << 20)


LINES = st.one_of(st.sampled_from(FRAGMENTS[:4]), st.text(st.characters(codec="utf-8"), max_size=20))


@given(st.lists(LINES, max_size=8))
def test_nothing_of_windows_events_and_lines_is_lost(parts: list[str]) -> None:
    """Every word of a file belongs to an event, in order."""
    data = "\n".join(parts).encode()
    for block in blocks(data, format="winevent_xml"):
        assert not isinstance(block, list)
        kept = b"".join(block.records())
        lost = re.sub(rb"<\?xml[^<>]*\?>|</?Events[^<>]*>|\s", b"", block.data)
        assert re.sub(rb"<\?xml[^<>]*\?>|</?Events[^<>]*>|\s", b"", kept) == lost


@given(BYTES)
def test_nothing_of_text_is_lost(data: bytes) -> None:
    """Every byte that is no blank belongs to an event."""
    for block in blocks(b"x" + data, format="text"):
        assert not isinstance(block, list)
        kept = b"".join(block.records())
        assert re.sub(rb"\s", b"", kept) == re.sub(rb"\s", b"", block.data)


@given(TEXT)
def test_nothing_of_json_is_lost(text: str) -> None:
    """Every byte of concatenated values, and of what stands between them, belongs to a record; commas apart."""
    data = b"{" + text.encode("utf-8", "surrogatepass")
    for block in blocks(data, format="json"):
        assert not isinstance(block, list)
        kept = b"".join(block.records())
        assert re.sub(rb"[\s,]", b"", kept) == re.sub(rb"[\s,]", b"", block.data)


NUMBERS = st.one_of(st.integers(-(2**60), 2**60), st.floats(allow_nan=False, allow_infinity=False))
SCALARS = st.one_of(st.none(), st.booleans(), NUMBERS, st.text(max_size=8))
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=4), inner, max_size=3)),
    max_leaves=8,
)


@given(st.lists(st.dictionaries(st.text(min_size=1, max_size=6), VALUES, max_size=5), max_size=5))
def test_dicts_become_plain(rows: list[dict[str, Any]]) -> None:
    """Any dicts of any values become plain events, one each, and stay unchanged themselves."""
    before = json.dumps(rows)
    found = events(rows)
    assert json.dumps(rows) == before
    assert len(found) == len(rows)
    check_events(found)


@given(st.lists(st.dictionaries(st.text(min_size=1, max_size=6), VALUES, max_size=5), max_size=5))
def test_json_lines_of_results_are_the_dicts(rows: list[dict[str, Any]]) -> None:
    """Events written in Splunk's envelope and read again are the events given as dicts."""
    lines = "\n".join(json.dumps({"result": row}) for row in rows if row)
    assert events(lines.encode()) == events([row for row in rows if row])
