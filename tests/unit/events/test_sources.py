"""Where events come from: files, folders, globs, archives, streams, frames, dicts."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import zipfile
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import pytest

from splmini.errors import EventFormatError, LimitExceeded, UnsupportedFeature
from splmini.events import Source, open_events, read
from splmini.limits import Limits

LINES = b'{"a":1,"_time":1}\n{"a":2,"_time":2}\n'


def run(events: Any, **settings: Any) -> list[dict[str, Any]]:
    """Read events into one list."""
    return [event for batch in read(events, **settings) for event in batch]


def values(events: Any, **settings: Any) -> list[Any]:
    """Read events and return their field `a`."""
    return [event.get("a") for event in run(events, **settings)]


def zipped(**files: bytes) -> bytes:
    """Make a zip archive."""
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return data.getvalue()


def zstd(data: bytes) -> bytes:
    """Compress with zstd, in two frames."""
    zstandard = pytest.importorskip("zstandard")
    compressor = zstandard.ZstdCompressor()
    half = data.index(b"\n") + 1
    return bytes(compressor.compress(data[:half]) + compressor.compress(data[half:]))


@pytest.mark.parametrize(
    "pack",
    [
        gzip.compress,
        bz2.compress,
        lzma.compress,
        zstd,
        lambda data: zipped(x=data),
        lambda data: zipped(x=gzip.compress(data)),
        lambda data: gzip.compress(data[:18]) + gzip.compress(data[18:]),
    ],
    ids=["gzip", "bz2", "xz", "zstd", "zip", "gzip in zip", "two members"],
)
def test_compression(pack: Any, tmp_path: Path) -> None:
    """Compressed files are recognised by content, from a path, bytes and a pipe alike."""
    data = pack(LINES)
    path = tmp_path / "events"
    path.write_bytes(data)
    assert values(path) == values(data) == values(io.BytesIO(data)) == [1, 2]


@pytest.mark.parametrize("pack", [gzip.compress, bz2.compress, lzma.compress, zstd, lambda data: zipped(x=data)])
@pytest.mark.parametrize("keep", [12, 30, 45])
def test_damaged_archives_are_errors(pack: Any, keep: int) -> None:
    """A compressed file that was cut off is an EventFormatError, never silence or another exception."""
    data = pack(LINES * 50)
    with pytest.raises(EventFormatError):
        run(data[:keep])


def test_bomb() -> None:
    """Data that grows a hundredfold is a limit, not a full memory."""
    small = Limits(decompressed_bytes=1 << 16, decompressed_ratio=100)
    with pytest.raises(LimitExceeded, match="more than 100 times larger"):
        run(gzip.compress(b"a" * 20_000_000), limits=small)
    with pytest.raises(LimitExceeded, match="more than 100 times larger"):
        run(zipped(x=b"a" * 20_000_000), limits=small)


def test_too_many_members() -> None:
    """An archive of endless files is a limit."""
    with pytest.raises(LimitExceeded, match="more than 2 files"):
        run(zipped(a=b"x", b=b"y", c=b"z"), limits=Limits(archive_files=2))


def test_folder_glob_and_paths(tmp_path: Path) -> None:
    """Folders are read through, by name, hidden files and what holds no events left out; globs and lists work too."""
    (tmp_path / "b").mkdir()
    (tmp_path / "b" / "2.json").write_bytes(LINES)
    (tmp_path / "1.json").write_bytes(b'{"a":0,"_time":0}\n')
    (tmp_path / ".hidden").write_bytes(LINES)
    (tmp_path / "3.png").write_bytes(b"\x89PNG\r\n")
    said: list[str] = []
    assert values(tmp_path, messages=lambda level, text: said.append(text)) == [0, 1, 2]
    assert any("3.png: left out" in text for text in said)
    assert values(str(tmp_path / "*.json")) == [0]
    assert values([tmp_path / "1.json", str(tmp_path / "b")]) == [0, 1, 2]
    assert run(tmp_path / "1.json")[0]["source"] == str(tmp_path / "1.json")


@pytest.mark.parametrize("path", ["no/such/file.json", "no/such/*.json"])
def test_missing_files(path: str) -> None:
    """A path that leads nowhere is an error that names it."""
    with pytest.raises(EventFormatError) as caught:
        run(path)
    assert caught.value.path == path


def test_binary_file_is_refused(tmp_path: Path) -> None:
    """A picture that was named itself is an error."""
    path = tmp_path / "x.log"
    path.write_bytes(b"\x89PNG\r\n\x1a\n")
    with pytest.raises(EventFormatError, match="no file of events"):
        run(path)


def test_streams_and_text() -> None:
    """Open files, binary or text, bytes and text are all read."""
    text = LINES.decode()
    assert values(io.BytesIO(LINES)) == values(io.StringIO(text)) == values(text) == values(bytearray(LINES)) == [1, 2]
    assert values('{"a":5,"_time":1}') == [5]


def test_once() -> None:
    """Iterators and pipes can be read once, lists and files again."""
    assert open_events(iter([{"a": 1}])).once
    assert open_events(io.BytesIO(LINES)).once
    again = open_events([{"a": 1}])
    assert not again.once
    assert list(again.scan()) == list(again.scan()) == [(1, [{"a": 1}])]
    assert open_events(LINES).is_file
    assert not again.is_file


def test_source_carries_settings() -> None:
    """A Source says how its events are read."""
    (event, *_) = run(Source(LINES, sourcetype="s", host="h"))
    assert (event["sourcetype"], event["host"]) == ("s", "h")
    (event,) = run(Source([{"a": 1}], index="i"))
    assert event == {"a": 1, "index": "i"}


class TestDicts:
    """Events that are dicts."""

    def test_callers_dicts_are_never_changed(self) -> None:
        """Values are made plain in a copy."""
        given = {"a": None, "b": True, "c": {"d": [1, 2]}, "e": ["x"], "_time": "2024-05-06T07:08:09Z", "f": ("p", "q")}
        copy = dict(given)
        (event,) = run([given])
        assert given == copy
        assert event == {"b": "true", "c.d{}": [1, 2], "e": "x", "_time": 1714979289, "f": ["p", "q"]}

    def test_times(self) -> None:
        """A time may be an epoch, a datetime or text; one that is none of these is null."""
        moment = datetime(2024, 5, 6, 7, 8, 9, tzinfo=timezone.utc)
        times: list[Any] = [5, 5.5, "5", moment, moment.replace(tzinfo=None), "2024-05-06 07:08:09", "never"]
        assert [event.get("_time") for event in run([{"_time": each} for each in times])] == [
            5,
            5.5,
            5,
            1714979289,
            1714979289,
            1714979289,
            None,
        ]

    def test_time_and_sourcetype_from_raw(self) -> None:
        """What an event's raw text says is added where it is absent, and never replaces anything."""
        from event_samples import SYSMON, SYSMON_SOURCE, SYSMON_TIME

        first, second = run([{"_raw": SYSMON}, {"_raw": SYSMON, "_time": 1, "host": "mine", "source": "mine"}])
        assert first["sourcetype"] == second["sourcetype"] == "XmlWinEventLog"
        assert (first["source"], second["source"]) == (SYSMON_SOURCE, "mine")
        assert first["_time"] == pytest.approx(SYSMON_TIME)
        assert (second["_time"], second["host"]) == (1, "mine")

    def test_flat_windows_events(self) -> None:
        """A flat Windows event gets its source from its channel."""
        (event,) = run([{"EventID": 1, "Channel": "Security", "Computer": "c", "SystemTime": "2024-05-06T07:08:09Z"}])
        assert event["source"] == "XmlWinEventLog:Security"
        assert event["_time"] == 1714979289

    def test_nothing_is_inferred_from_little(self) -> None:
        """An event that says nothing about its kind stays as it is."""
        assert run([{"user": "bob", "count": 3}]) == [{"user": "bob", "count": 3}]

    @pytest.mark.parametrize("given", [[1], [["a"]], 5, {"a": 1}, [None]])
    def test_what_is_no_event(self, given: Any) -> None:
        """What is no iterable of dicts is refused with a sentence."""
        with pytest.raises(EventFormatError):
            run(given)


ROWS = [{"a": 1, "s": "x", "t": [1, 2]}, {"a": 2, "s": None, "t": None}]
PLAIN = [{"a": 1, "s": "x", "t": [1, 2]}, {"a": 2}]


class TestFrames:
    """Data frames give the events that their rows are."""

    def test_pandas(self) -> None:
        """NaN, NaT and None are null; times become epochs."""
        pandas = pytest.importorskip("pandas")
        frame = pandas.DataFrame(
            {"a": [1.5, float("nan")], "s": ["x", None], "_time": pandas.to_datetime(["2024-05-06T07:08:09Z", None])}
        )
        assert run(frame) == [{"a": 1.5, "s": "x", "_time": 1714979289}, {}]

    def test_polars(self) -> None:
        """Polars frames, eager and lazy."""
        polars = pytest.importorskip("polars")
        frame = polars.DataFrame(ROWS)
        assert run(frame) == run(frame.lazy()) == PLAIN

    def test_arrow(self) -> None:
        """Tables, batches, readers, and whatever exports an Arrow stream."""
        arrow = pytest.importorskip("pyarrow")
        table = arrow.Table.from_pylist(ROWS)

        class Exporter:
            """Something that only exports."""

            def __arrow_c_stream__(self, requested_schema: Any = None) -> Any:
                """Export the table."""
                return table.__arrow_c_stream__(requested_schema)

        assert run(table) == run(table.to_batches()[0]) == run(table.to_reader()) == run(Exporter()) == PLAIN

    def test_duckdb(self) -> None:
        """DuckDB relations."""
        duckdb = pytest.importorskip("duckdb")
        assert run(duckdb.sql("select 1 as a, 'x' as s union all select 2, null order by a")) == [
            {"a": 1, "s": "x"},
            {"a": 2},
        ]


LOG = b"ElfFile".ljust(4096, b"\0") + b"ElfChnk\0"


class TestBinary:
    """Formats that are not text."""

    def test_parquet_and_arrow(self, tmp_path: Path) -> None:
        """Parquet, Feather and Arrow streams, from a path and from bytes."""
        arrow = pytest.importorskip("pyarrow")
        parquet = pytest.importorskip("pyarrow.parquet")
        table = arrow.Table.from_pylist(ROWS)
        path = tmp_path / "x"
        parquet.write_table(table, path)
        assert [{**event, "source": None} for event in run(path)] == [{**event, "source": None} for event in PLAIN]
        assert run(path.read_bytes()) == PLAIN
        for make in (arrow.ipc.new_file, arrow.ipc.new_stream):
            sink = io.BytesIO()
            with make(sink, table.schema) as writer:
                writer.write_table(table)
            assert run(sink.getvalue()) == PLAIN

    def test_damaged_parquet(self) -> None:
        """A damaged file is an EventFormatError."""
        pytest.importorskip("pyarrow")
        with pytest.raises(EventFormatError, match="damaged"):
            run(b"PAR1" + b"\0" * 100)

    def test_evtx(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """The records of an event log are read as event XML; a damaged one is counted, or raised under strict."""
        from event_samples import PRETTY

        class Parser:
            """What the library does, for a log with a damaged record."""

            def __init__(self, file: Any, number_of_threads: int) -> None:
                assert file.read(7) == b"ElfFile"

            def records(self) -> Any:
                """Give two records, one of them damaged."""
                left: list[Any] = [{"data": PRETTY}, RuntimeError("bad chunk"), {"data": PRETTY}]

                class Records:
                    """An iterator that goes on after an error."""

                    def __next__(self) -> Any:
                        """Give the next record, or its error."""
                        if not left:
                            raise StopIteration
                        item = left.pop(0)
                        if isinstance(item, Exception):
                            raise item
                        return item

                return Records()

        monkeypatch.setattr("splmini.events.evtx._library", lambda: Parser)
        said: list[str] = []
        events = run(LOG, messages=lambda level, text: said.append(text))
        assert [event["source"] for event in events] == ["XmlWinEventLog:Application"] * 2
        assert "events: 1 record does not parse as EVTX; kept as events with only _raw." in said
        with pytest.raises(EventFormatError, match="damaged: bad chunk"):
            run(LOG, strict=True)

    def test_damaged_evtx(self) -> None:
        """A file that only begins as an event log is an EventFormatError."""
        pytest.importorskip("evtx")
        with pytest.raises(EventFormatError, match="damaged"):
            run(b"ElfFile\0" + b"\0" * 5000)

    @pytest.mark.parametrize(
        ("data", "module"), [(b"ElfFile\0", "evtx"), (b"PAR1", "pyarrow.parquet"), (b"\x28\xb5\x2f\xfd", "zstandard")]
    )
    def test_missing_libraries(self, data: bytes, module: str, monkeypatch: pytest.MonkeyPatch) -> None:
        """Without its package a format is an UnsupportedFeature that says what to install."""
        import sys

        monkeypatch.setitem(sys.modules, module, None)
        with pytest.raises(UnsupportedFeature, match=r"which is not installed\. Install splmini"):
            run(data)
