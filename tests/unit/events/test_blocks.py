"""Blocks of whole records: wherever a file is cut, no byte is lost and no record is split."""

from __future__ import annotations

import io
import json
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from splmini.events._blocks import text_blocks
from splmini.events._reader import Report, Settings, find_reader

XML = "<Event xmlns='x'><System><EventID>1</EventID></System><EventData>{}</EventData></Event>"
LINES = st.lists(st.text("ab \u00e9{}\"'<", max_size=30), max_size=40)
MADE = {"json": json.dumps, "winevent_xml": lambda line: XML.format(line.replace("<", "")), "text": str}
FEW = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def cut(reader: str, data: bytes, size: int, file: object) -> list[bytes]:
    """Cut a stream into blocks of about `size` bytes."""
    return [
        each.data
        for each in text_blocks(find_reader(reader), data[:64], file, Settings(), Report(), size)  # type: ignore[arg-type]
    ]


@pytest.mark.parametrize("reader", ["json", "winevent_xml", "text"])
@FEW
@given(LINES, st.integers(min_value=1, max_value=200), st.booleans())
def test_blocks_of_files(reader: str, tmp_path: Path, lines: list[str], size: int, ends: bool) -> None:
    """A file on disk and a stream give the same records, cut at the same kind of place."""
    made = [MADE[reader](line) for line in lines]
    data = ("\n".join(made) + ("\n" if ends else "")).encode()
    path = tmp_path / "events"
    path.write_bytes(data)
    with path.open("rb") as file:
        blocks = cut(reader, data, size, file)
    streamed = cut(reader, data, size, io.BytesIO(data))
    framing = find_reader(reader).framing
    assert b"".join(blocks) == b"".join(streamed) == data
    start = find_reader(reader).start
    state = start(data[:64], Settings()) if start else None
    whole = framing.records(data, state)
    assert [record for block in blocks for record in framing.records(block, state)] == whole
    assert [record for block in streamed for record in framing.records(block, state)] == whole


def test_lines_are_counted() -> None:
    """A block knows how many lines it has, the last one without a line break included."""
    (block,) = text_blocks(find_reader("json"), b"{", io.BytesIO(b"{}\n{}\n{}"), Settings(), Report())
    assert block.lines == 3
