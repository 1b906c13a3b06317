"""The cache of things that never change: what is kept, and what is never read."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from splmini import caching

POSIX = pytest.mark.skipif(not hasattr(os, "getuid"), reason="owners and modes are POSIX's")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A cache folder of one's own."""
    path = tmp_path / "cache"
    monkeypatch.setenv("SPLMINI_CACHE", str(path))
    return path


class Made:
    """Makes a value and counts how often."""

    def __init__(self, value: Any = None) -> None:
        self.count = 0
        self.value = {1: ["a", 2.5, None]} if value is None else value

    def __call__(self) -> Any:
        """Make it."""
        self.count += 1
        return self.value


def get(made: Made, *made_from: str) -> Any:
    """Get the value through the cache."""
    return caching.cached("thing", made_from or ("x",), made)


def test_made_once(folder: Path) -> None:
    """What is kept is not made again, and comes back as it was, whole-number keys included."""
    made = Made()
    assert get(made) == get(made) == made.value
    assert made.count == 1
    assert len(list(folder.iterdir())) == 1


def test_key(folder: Path) -> None:
    """Whatever it was made from has another place."""
    made = Made()
    get(made, "a", "b")
    get(made, "a", "c")
    assert made.count == 2


@pytest.mark.parametrize("data", [b"", b"\xc1", b"\x93\x01\x02\x03", msgspec.msgpack.encode(["other digest", 1])])
def test_damaged(folder: Path, data: bytes) -> None:
    """A file that does not fit is made anew."""
    made = Made()
    get(made)
    (file,) = folder.iterdir()
    file.write_bytes(data)
    assert get(made) == made.value
    assert made.count == 2


def test_old_ones_are_removed(folder: Path) -> None:
    """Of each name the newest files stay, the one just written among them; other names and files are left alone."""
    made = Made()
    caching.cached("thing-else", ("x",), made)
    (folder / "thing-notes.bin").write_bytes(b"")
    others = set(folder.iterdir())
    for number in range(caching.MOST_KEPT + 3):
        known = set(folder.iterdir())
        get(made, str(number))
        (new,) = set(folder.iterdir()) - known
        os.utime(new, (number, number))
    assert set(folder.iterdir()) >= {*others, new}
    assert len(set(folder.iterdir()) - others) == caching.MOST_KEPT
    made.count = 0
    for number in range(3, caching.MOST_KEPT + 3):
        get(made, str(number))
    assert made.count == 0
    get(made, "0")
    assert made.count == 1


def test_no_file(folder: Path) -> None:
    """A folder that stands where the file would be is left alone."""
    made = Made()
    get(made)
    (file,) = folder.iterdir()
    file.unlink()
    file.mkdir()
    assert get(made) == made.value
    assert made.count == 2
    assert list(folder.iterdir()) == [file]


@POSIX
@pytest.mark.parametrize("what", ["folder", "file", "link"])
def test_foreign(folder: Path, tmp_path: Path, what: str) -> None:
    """What others may write, or a link, is not read."""
    made = Made()
    get(made)
    (file,) = folder.iterdir()
    if what == "folder":
        folder.chmod(0o777)
    elif what == "file":
        file.chmod(0o666)
    else:
        file.rename(tmp_path / "elsewhere")
        file.symlink_to(tmp_path / "elsewhere")
    assert get(made) == made.value
    assert made.count == 2


@pytest.mark.parametrize("value", ["", "relative/folder"])
def test_off(monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    """Empty, the variable switches the cache off; a relative path is none."""
    monkeypatch.setenv("SPLMINI_CACHE", value)
    made = Made()
    get(made)
    get(made)
    assert made.count == 2


def test_no_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where no folder can be made, things are made anew."""
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("SPLMINI_CACHE", str(tmp_path / "file" / "below"))
    made = Made()
    assert get(made) == made.value


def test_grammars(folder: Path) -> None:
    """A parser from the cache parses, and refuses, as one that was just made."""
    from splmini.language import grammars

    texts = {"search": "a=1 (b OR c) NOT d", "expressions": 'if(a>1, "x", b.c)', "arguments": "a=1 b by c"}
    for name, text in texts.items():
        made, kept = grammars._build(name), grammars._build(name)
        start = grammars._STARTS[name][0]
        assert made.parse(text, start=start) == kept.parse(text, start=start)
    assert len(list(folder.iterdir())) == 3
