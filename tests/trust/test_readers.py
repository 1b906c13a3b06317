"""Files from strangers: bombs, long records, what is no file; in processes that may take so much and no more."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import os
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from trust.limits import attack, confined

import splmini
from splmini.errors import EventFormatError

LINE = b'{"a":1,"_time":1}\n'


def _zst(data: bytes) -> bytes:
    zstandard = pytest.importorskip("zstandard")
    packed: bytes = zstandard.compress(data)
    return packed


def _zip(data: bytes, kind: int = zipfile.ZIP_DEFLATED) -> bytes:
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w", kind) as archive:
        for number in range(3):
            archive.writestr(f"{number}.log", data)
    return held.getvalue()


PACKERS: dict[str, Callable[[bytes], bytes]] = {
    "gz": gzip.compress,
    "bz2": bz2.compress,
    "xz": lzma.compress,
    "zst": _zst,
    "zip": _zip,
    "zip of bzip2": lambda data: _zip(data, zipfile.ZIP_BZIP2),
    "gz in zip": lambda data: _zip(gzip.compress(data)),
}


@pytest.mark.parametrize("unit", [LINE, b"\n", b"a"], ids=["lines", "line breaks", "one line"])
@pytest.mark.parametrize("pack", PACKERS.values(), ids=PACKERS.keys())
def test_bombs_end_by_a_limit(pack: Callable[[bytes], bytes], unit: bytes, tmp_path: Path) -> None:
    """What grows more than the ratio allows ends in LimitExceeded that names the limit, in bounded memory."""
    path = tmp_path / "events"
    path.write_bytes(pack(unit * (12_000_000 // len(unit))))
    code = "* | stats count"
    options = {"decompressed_ratio": 20, "decompressed_bytes": 8 << 20, "record_bytes": 4 << 20}
    ended = attack_with_limits(code, str(path), options, memory=400)
    assert ended.error == "LimitExceeded"
    assert "decompressed_ratio" in ended.message


def attack_with_limits(spl: str, events: str, limits: dict[str, int], memory: int) -> Any:
    """Run a search over a file in a confined process under limits of its own."""
    code = """
try:
    env = splmini.Environment(limits=splmini.Limits(**given["limits"]))
    result["rows"] = list(env.compile(given["spl"]).run(given["events"]))
except splmini.SplError as error:
    result["error"], result["message"] = type(error).__name__, str(error)
"""
    return confined(code, {"spl": spl, "events": events, "limits": limits}, memory=memory, modules=("zstandard",))


def test_a_zst_of_nothing_takes_no_memory(tmp_path: Path) -> None:
    """Blocks that repeat a byte are expanded one by one: 16 KB stand for half a gigabyte."""
    path = tmp_path / "events.zst"
    path.write_bytes(_zst(b" " * (500 << 20)))
    assert path.stat().st_size < 1 << 17
    assert attack("* | stats count", str(path), memory=400, modules=("zstandard",)).grown < 400


@pytest.mark.parametrize("name", ["json", "csv", "text"])
def test_long_records_are_linear(name: str, tmp_path: Path) -> None:
    """A record of 8 MB is read in seconds, however it is made."""
    long = {
        "json": LINE + b'{"a":"' + b"x" * (8 << 20) + b'"}\n',
        "csv": b'a,b,c\n1,2,3\n4,"' + b"x y\n" * (1 << 19),
        "text": b"x" * (8 << 20) + b"\n",
    }
    path = tmp_path / f"events.{name}"
    path.write_bytes(long[name])
    assert attack("* | stats count", str(path), memory=1024, seconds=60).error is None


def _unreadable(kind: str, path: Path) -> None:
    if kind == "missing":
        return
    if kind == "loop":
        path.symlink_to(path)
    elif kind == "cut off":
        path.write_bytes(gzip.compress(LINE * 1000)[:50])
    elif kind == "pipe without a writer":
        os.mkfifo(path)


@pytest.mark.parametrize("kind", ["missing", "loop", "cut off", "pipe without a writer"])
def test_the_other_files_go_on(kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of two files one that cannot be read is an error among the messages that names it, and the other is read."""
    monkeypatch.setattr("splmini.events._source.PIPE_SECONDS", 0.0)
    good, bad = tmp_path / "good.json", tmp_path / "bad.json"
    good.write_bytes(LINE * 2)
    _unreadable(kind, bad)
    env = splmini.Environment()
    results = env.compile("* | stats count").run([str(bad), str(good)])
    assert results[0]["count"] == 2
    assert not results.complete
    told = [each.text for each in results.messages if each.level == "error"]
    assert len(told) == 1
    assert "bad.json" in told[0]
    for events, options in ((bad, {}), ([bad, good], {"strict": True})):
        with pytest.raises(EventFormatError, match=r"bad\.json"):
            env.compile("* | stats count").run(events, **options)


def test_a_damaged_member_costs_itself(tmp_path: Path) -> None:
    """Of an archive's files one that is damaged is an error among the messages; the others are read."""
    data = _zip(gzip.compress(LINE), zipfile.ZIP_STORED)
    first = data.index(b"\x1f\x8b")
    path = tmp_path / "events.zip"
    path.write_bytes(data[: first + 10] + b"\xff" * 8 + data[first + 18 :])
    results = splmini.Environment().compile("* | stats count").run(path)
    assert results[0]["count"] == 2
    assert [each.level for each in results.messages].count("error") == 1


def test_a_packed_table_is_no_bomb(tmp_path: Path) -> None:
    """A lookup table in gz that grows as no table does is refused before it is read."""
    (tmp_path / "t.csv.gz").write_bytes(gzip.compress(b"a\n" + b"1\n" * (200 << 20 >> 1)))
    ended = attack("| inputlookup t.csv.gz", memory=600, lookups=str(tmp_path))
    assert ended.error == "LimitExceeded"
