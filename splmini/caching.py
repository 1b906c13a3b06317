"""Things that take time to make and never change, kept in a file of the user's own cache folder.

What is kept is plain data (MessagePack, nothing that could run), under a key that holds all that it was made from. A
folder or file that belongs to someone else, or that others may write, is not read; neither is anything that does not
fit. Where no file can be had, things are made anew: a cache is a gain, never a need. `SPLMINI_CACHE` names another
folder; empty, it switches the cache off.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
import stat
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import msgspec

FORMAT = "1"
LARGEST = 16 << 20
MOST_KEPT = 64
"""So many files of one name stay, the newest: a name may have one for each kind of events, in several versions."""

UNFINISHED_NS = 3600 * 10**9
"""Nanoseconds after which a file that was never finished is nobody's any more."""


def _as_it_is(value: Any) -> Any:
    return value


def cached(
    name: str, made_from: Sequence[str], make: Callable[[], Any], accept: Callable[[Any], Any] = _as_it_is
) -> Any:
    """Return what `accept` makes of plain data (lists, dicts, texts, numbers): from the cache, or made and kept there.

    Args:
        name: what it is, for the file's name.
        made_from: all that it depends on, versions included.
        make: makes it.
        accept: makes of it what is wanted; where that fails with what was kept, it is made anew.
    """
    folder = _folder()
    if folder is None:
        return accept(make())
    digest = hashlib.sha256("\0".join((FORMAT, sys.version, name, *made_from)).encode()).hexdigest()
    path = folder / f"{name}-{digest[:32]}.bin"
    kept = _read(path, digest)
    if kept is not None:
        # whatever `accept` raises: a file that somebody else wrote may be of any shape
        with contextlib.suppress(Exception):
            return accept(kept)
    value = make()
    _write(folder, path, msgspec.msgpack.encode([digest, value]))
    _remove_old(folder, name)
    return accept(value)


def _folder() -> Path | None:
    """The cache folder, made where it is not there; None where there is none that is the user's own."""
    given = os.environ.get("SPLMINI_CACHE")
    try:
        if given is not None:
            folder = Path(given) if given else None
        elif sys.platform == "win32":
            base = os.environ.get("LOCALAPPDATA")
            folder = Path(base) / "splmini" / "cache" if base else None
        elif sys.platform == "darwin":
            folder = Path.home() / "Library" / "Caches" / "splmini"
        else:
            folder = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "splmini"
        if folder is None or not folder.is_absolute():
            return None
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        return folder if _is_own(os.lstat(folder), stat.S_ISDIR) else None
    except (OSError, RuntimeError):  # no home, no rights: then there is no cache
        return None


def _is_own(status: os.stat_result, is_kind: Callable[[int], bool]) -> bool:
    """Say whether a file or folder is the user's own and nobody else may write it."""
    if not is_kind(status.st_mode):
        return False
    if not hasattr(os, "getuid"):
        return True  # Windows: the folder lies in the user's profile, which has its own rights
    return status.st_uid == os.getuid() and not status.st_mode & (stat.S_IWGRP | stat.S_IWOTH)


def _read(path: Path, digest: str) -> Any:
    try:
        handle = os.open(path, os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0))
    except OSError:
        return None
    try:
        status = os.fstat(handle)
        if not _is_own(status, stat.S_ISREG) or status.st_size > LARGEST:
            return None
        with open(handle, "rb", closefd=False) as file:
            data = file.read()
    except OSError:
        return None
    finally:
        os.close(handle)
    try:
        found = msgspec.msgpack.decode(data)
    except (msgspec.MsgspecError, ValueError, RecursionError):
        return None
    return found[1] if isinstance(found, list) and len(found) == 2 and found[0] == digest else None


def _write(folder: Path, path: Path, data: bytes) -> None:
    """Write a file so that readers see all of it or nothing."""
    try:
        handle, temporary = tempfile.mkstemp(dir=folder, prefix=path.stem, suffix=".tmp")
    except OSError:
        return
    try:
        with open(handle, "wb") as file:
            file.write(data)
        os.replace(temporary, path)
    except OSError:
        with contextlib.suppress(OSError):
            os.unlink(temporary)


def _remove_old(folder: Path, name: str) -> None:
    """Remove all but the newest files of a name, and what a process that was killed did not finish; who reads one
    meanwhile has it open, or makes its value anew."""
    is_one = re.compile(rf"{re.escape(name)}-[0-9a-f]{{32}}(?:\.bin|.*(\.tmp))", re.DOTALL).fullmatch
    found: list[tuple[int, str]] = []
    unfinished: list[str] = []
    with contextlib.suppress(OSError), os.scandir(folder) as entries:
        for entry in entries:
            match = is_one(entry.name)
            if match is None:
                continue
            with contextlib.suppress(OSError):  # another process removed it
                written = entry.stat(follow_symlinks=False).st_mtime_ns
                if match[1] is None:
                    found.append((written, entry.path))
                elif written < time.time_ns() - UNFINISHED_NS:
                    unfinished.append(entry.path)
    for path in (*unfinished, *(path for _, path in sorted(found, reverse=True)[MOST_KEPT:])):
        with contextlib.suppress(OSError):  # so it did, or Windows keeps it as somebody reads it
            os.unlink(path)
