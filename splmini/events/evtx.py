"""Binary Windows event logs (.evtx), through the package `evtx`; their events are read as event XML."""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from typing import TYPE_CHECKING, BinaryIO

from splmini.errors import EventFormatError, UnsupportedFeature
from splmini.events._compression import seekable
from splmini.events._reader import Block, Report, Settings, opener
from splmini.events.windows import as_forwarded

if TYPE_CHECKING:
    from splmini.operators import Row

BLOCK_BYTES = 4 << 20
CHUNK = b"ElfChnk\0"
"""How the first chunk of events begins, behind a header of 4096 bytes."""


def _looks(head: bytes) -> float:
    return 1.0 if head.startswith(b"ElfFile\0") else 0.0


def _library() -> type:
    try:
        parser: type = importlib.import_module("evtx").PyEvtxParser
    except ImportError as error:
        raise UnsupportedFeature(
            "Reading .evtx files needs the package evtx, which is not installed.",
            name="evtx",
            hint="Install splmini[evtx], or convert the file to XML.",
        ) from error
    return parser


@opener("evtx", "Windows event log (EVTX)", _looks)
def open_evtx(file: BinaryIO, settings: Settings, report: Report) -> Iterator[Block | list[Row]]:
    """Binary Windows event logs, as blocks of event XML."""
    parser = _library()
    name = settings.name or "events"
    with seekable(file) as copy:
        copy.seek(4096)
        if copy.read(8) != CHUNK:
            raise EventFormatError("The event log is damaged: it has no chunk of events.", path=name)
        copy.seek(0)
        try:
            records = parser(copy, number_of_threads=1).records()
        except (RuntimeError, OSError, ValueError) as error:
            raise EventFormatError(f"The event log is damaged: {error}.", path=name) from error
        lines: list[bytes] = []
        size, number = 0, 1
        for record in _read(records, settings, report):
            lines.append(record)
            size += len(record)
            if size > BLOCK_BYTES:
                yield Block(b"\n".join(lines), "winevent_xml", settings, None, number)
                number, lines, size = number + len(lines), [], 0
        if lines:
            yield Block(b"\n".join(lines), "winevent_xml", settings, None, number)


def _read(records: Iterator[dict[str, object]], settings: Settings, report: Report) -> Iterator[bytes]:
    number = 0
    while True:
        number += 1
        try:
            record = next(records)
        except StopIteration:
            return
        except (RuntimeError, OSError, ValueError) as error:
            if settings.strict:
                raise EventFormatError(
                    f"This record of the event log is damaged: {error}.", path=settings.name, record=number
                ) from error
            report.malformed[settings.name or "events", "EVTX"] += 1
            continue
        text = str(record["data"])
        start = text.find("<Event")
        yield as_forwarded(text[max(start, 0) :].strip()).encode("utf-8", "replace")
