"""Where bytes come from: files, folders, globs, URLs, open files, text in memory."""

from __future__ import annotations

import glob
import io
import os
import stat
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any, BinaryIO

from splmini.errors import EventFormatError, UnsupportedFeature


@dataclass(frozen=True)
class Source:
    """Events together with how to read them: a path, paths, text, a frame or dicts, and what is known about them.

    Every way of running a search takes one in place of plain events.

    >>> Source("auth.log", sourcetype="linux_secure").sourcetype
    'linux_secure'
    """

    events: Any
    format: str | None = None
    sourcetype: str | None = None
    source: str | None = None
    host: str | None = None
    index: str | None = None
    options: dict[str, Any] = field(default_factory=dict)

    def reading(self) -> dict[str, Any]:
        """Return what is set, as the keyword arguments of `read`."""
        named = {name: getattr(self, name) for name in ("format", "sourcetype", "source", "host", "index")}
        return {name: value for name, value in named.items() if value is not None} | self.options


@dataclass(frozen=True)
class Stream:
    """One stream of bytes: its name (None: text in memory) and how to open it."""

    name: str | None
    open: Callable[[], BinaryIO]
    asked: bool = True
    """False where it was found in a folder, so that what is no event file may be left out."""
    alone: bool = True
    """True where it is all that is read, so that there is nothing to go on with where it cannot be."""
    again: bool = True
    """False for what its name does not open: an open file, which can be read only once, or what was kept of one."""

    def kept(self) -> Stream:
        """Read it, and return its content as a stream that can be opened again."""
        with self.open() as file:
            data = file.read()
        return replace(self, open=lambda: io.BytesIO(data))


class Prefixed(io.RawIOBase):
    """A stream of bytes with bytes that were already read from it in front; works for pipes."""

    def __init__(self, first: bytes, rest: Any) -> None:
        self._first = first
        self._rest = rest

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        if self._first:
            data, self._first = self._first[: len(buffer)], self._first[len(buffer) :]
        else:
            data = self._rest.read(len(buffer)) or b""
        buffer[: len(data)] = data
        return len(data)

    def close(self) -> None:
        close = getattr(self._rest, "close", None)
        if close is not None:
            close()
        super().close()


# ---- finding files -------------------------------------------------------------------------------------------------


def find_streams(given: Any) -> Iterator[Stream]:
    """Yield the streams that a path, text, bytes or a file object stand for; folders and globs by name."""
    if isinstance(given, Stream):
        yield given
    elif isinstance(given, (bytes, bytearray, memoryview)):
        data = bytes(given)
        yield Stream(None, lambda: io.BytesIO(data))
    elif hasattr(given, "read"):
        name = getattr(given, "name", None)
        yield Stream(name if isinstance(name, str) else None, lambda: _as_bytes(given), again=False)
    elif isinstance(given, os.PathLike):
        yield from _find_path(os.fspath(given), sure=True)
    elif looks_like_text(given):
        yield Stream(None, lambda: io.BytesIO(given.encode("utf-8", "surrogateescape")))
    else:
        yield from _find_path(given, sure=False)


def looks_like_text(given: str) -> bool:
    """Say whether a string is the text of events, not a path: it holds a line break or starts as JSON or XML does."""
    return "\n" in given or (given.lstrip()[:1] in ("{", "[", "<") and not os.path.exists(given))


def _find_path(path: str, sure: bool) -> Iterator[Stream]:
    if "://" in path and not sure:
        yield from _find_remote(path)
    elif os.path.isdir(path):
        yield from _walk(path)
    elif os.path.lexists(path):
        yield Stream(path, partial(_open_file, path))
    elif any(each in path for each in "*?["):
        found = sorted(glob.glob(path, recursive=True))
        if not found:
            raise EventFormatError("No file matches this pattern.", path=path)
        for each in found:
            yield from _walk(each) if os.path.isdir(each) else [_file(each)] if os.path.isfile(each) else ()
    else:
        raise EventFormatError("There is no such file.", path=path)


def named_stream(name: str) -> Stream:
    """Return the stream of a name that `find_streams` gave, to be opened in another process."""
    if "://" in name and not os.path.exists(name):
        return Stream(name, partial(_open_remote, name))
    return Stream(name, partial(_open_file, name))


def _walk(folder: str) -> Iterator[Stream]:
    for parent, folders, files in os.walk(folder):
        folders[:] = sorted(each for each in folders if not each.startswith("."))
        for name in sorted(files):
            path = os.path.join(parent, name)
            if not name.startswith(".") and os.path.isfile(path):
                yield _file(path)


def _file(path: str) -> Stream:
    return Stream(path, partial(_open_file, path), asked=False)


PIPE_SECONDS = 5.0
"""How long to wait for somebody who writes to a named pipe."""


def _open_file(path: str) -> BinaryIO:
    try:
        kind = os.stat(path).st_mode
        if stat.S_ISFIFO(kind):
            return _open_pipe(path)
        if stat.S_ISSOCK(kind) or stat.S_ISDIR(kind):
            raise OSError(0, "it is a folder" if stat.S_ISDIR(kind) else "it is a socket")
        return open(path, "rb")
    except OSError as error:
        raise EventFormatError(f"The file cannot be read: {error.strerror or error}.", path=path) from error


def _open_pipe(path: str) -> BinaryIO:
    """Open a named pipe, without waiting for ever for a writer: reading says whether there is one."""
    handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    try:
        first, until = b"", time.monotonic() + PIPE_SECONDS
        while not first:
            try:
                first = os.read(handle, 1 << 16)
            except BlockingIOError:
                break  # somebody has it open to write, and has not written yet
            if not first:
                if time.monotonic() > until:
                    raise OSError(0, f"nobody writes to this pipe (after {PIPE_SECONDS:g} seconds)")
                time.sleep(0.02)
        os.set_blocking(handle, True)
    except BaseException:
        os.close(handle)
        raise
    return io.BufferedReader(Prefixed(first, io.FileIO(handle, "rb")), buffer_size=1 << 18)


def _open_remote(path: str) -> BinaryIO:
    with _remote_errors(path):
        opened: BinaryIO = _fsspec().open(path, "rb").open()
        return opened


def _find_remote(url: str) -> Iterator[Stream]:
    """Yield the files that a URL stands for: one, those of a folder, those that match a glob."""
    fsspec = _fsspec()
    with _remote_errors(url):
        system, path = fsspec.core.url_to_fs(url)
        if any(each in path for each in "*?["):
            found, asked = sorted(each for each in system.glob(path) if not system.isdir(each)), False
            if not found:
                raise EventFormatError("No file matches this pattern.", path=url)
        elif system.isdir(path):
            found, asked = sorted(system.find(path)), False
        else:
            found, asked = [path], True
        names = [url] if asked else [system.unstrip_protocol(each) for each in found]
    for name in names:
        yield Stream(name, partial(_open_remote, name), asked)


def _fsspec() -> Any:
    try:
        import fsspec
    except ImportError as error:
        raise UnsupportedFeature(
            "Reading a URL needs fsspec, which is not installed.", name="fsspec", hint="Install splmini[distributed]."
        ) from error
    return fsspec


@contextmanager
def _remote_errors(url: str) -> Iterator[None]:
    """Turn what a file system raises into errors of events."""
    try:
        yield
    except ImportError as error:
        raise UnsupportedFeature(f"Reading this URL needs another package: {error}.", name="fsspec") from error
    except (OSError, ValueError) as error:
        raise EventFormatError(f"The URL cannot be read: {error}.", path=url) from error


class _TextBytes(io.RawIOBase):
    """A text stream as bytes."""

    def __init__(self, text: Any, first: str) -> None:
        self._text = text
        self._left = first.encode("utf-8", "surrogateescape")

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        if not self._left:
            self._left = self._text.read(1 << 20).encode("utf-8", "surrogateescape")
        count = min(len(buffer), len(self._left))
        buffer[:count] = self._left[:count]
        self._left = self._left[count:]
        return count


def _as_bytes(given: Any) -> BinaryIO:
    if isinstance(given, io.TextIOBase) and hasattr(given, "buffer"):
        buffer: BinaryIO = given.buffer
        return buffer
    first = given.read(0)
    if isinstance(first, str):
        return io.BufferedReader(_TextBytes(given, ""))
    return given  # type: ignore[no-any-return]


_PATHS = (str, bytes, bytearray, memoryview, Path, os.PathLike, Stream)


def is_path(given: Any) -> bool:
    """Say whether something given as events is a path, text, bytes or an open file."""
    return isinstance(given, _PATHS) or hasattr(given, "read")
