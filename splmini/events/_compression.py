"""Streams of bytes made plain: compression taken off, within limits, and character sets turned into UTF-8."""

from __future__ import annotations

import bz2
import codecs
import gzip
import io
import lzma
import tempfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, BinaryIO

from splmini.errors import EventFormatError, LimitExceeded, UnsupportedFeature
from splmini.events._reader import HEAD_BYTES
from splmini.events._source import Stream

BOMB_BYTES = 1 << 30
BOMB_RATIO = 1000
ZIP_MEMBERS = 10_000
MEMORY = 64 << 20
NESTING = 3
"""How many layers of compression are taken off: a.jsonl.gz in a zip has two."""


class _Prefixed(io.RawIOBase):
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


@contextmanager
def seekable(file: BinaryIO) -> Iterator[BinaryIO]:
    """Give a copy of a stream that can be read at any place: in memory while it is small, else in a temporary file."""
    start = file.read(MEMORY)
    if len(start) < MEMORY:
        yield io.BytesIO(start)
        return
    with tempfile.TemporaryFile() as copy:
        copy.write(start)
        while piece := file.read(1 << 20):
            copy.write(piece)
        copy.seek(0)
        yield copy


def is_plain_file(file: BinaryIO) -> bool:
    """Say whether a stream is a file on disk that can be read at any place."""
    return isinstance(file, io.BufferedReader) and isinstance(file.raw, io.FileIO) and file.seekable()


def peek(file: BinaryIO, size: int) -> tuple[bytes, BinaryIO]:
    """Return the first bytes of a stream, and the stream as if nothing had been read from it."""
    if is_plain_file(file):
        head = file.read(size)
        file.seek(-len(head), io.SEEK_CUR)
        return head, file
    pieces, left = [], size
    while left > 0:
        piece = file.read(left)
        if not piece:
            break
        pieces.append(piece)
        left -= len(piece)
    head = b"".join(pieces)
    return head, io.BufferedReader(_Prefixed(head, file), buffer_size=1 << 18)


# ---- decompression -------------------------------------------------------------------------------------------------


class _Guard(io.RawIOBase):
    """A decompressed stream that ends in LimitExceeded where it grows as no log does."""

    def __init__(self, inner: Any, size: Callable[[], int], name: str | None) -> None:
        self._inner = inner
        self._size = size
        self._name = name
        self._count = 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        try:
            data = self._inner.read(len(buffer)) or b""
        except (OSError, EOFError, zlib.error, lzma.LZMAError, zipfile.BadZipFile, ValueError, RuntimeError) as error:
            raise EventFormatError(f"The compressed data is damaged: {error}.", path=self._name) from error
        except NotImplementedError as error:
            raise UnsupportedFeature(f"This kind of compression is not supported: {error}.", name="zip") from error
        self._count += len(data)
        if self._count > BOMB_BYTES and self._count > BOMB_RATIO * max(self._size(), 1):
            raise LimitExceeded(
                f"The data grows to more than {BOMB_RATIO} times its compressed size.",
                name="decompression",
                path=self._name,
            )
        buffer[: len(data)] = data
        return len(data)

    def close(self) -> None:
        self._inner.close()
        super().close()


class _Counting(io.RawIOBase):
    """A stream that counts what was read from it."""

    def __init__(self, inner: BinaryIO) -> None:
        self._inner = inner
        self.count = 0

    def size(self) -> int:
        """How many bytes were read so far."""
        return self.count

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        data = self._inner.read(len(buffer)) or b""
        buffer[: len(data)] = data
        self.count += len(data)
        return len(data)

    def close(self) -> None:
        self._inner.close()
        super().close()


class _Zstd(io.RawIOBase):
    """A zstd stream of one or more frames; one that ends inside a frame is damaged."""

    def __init__(self, file: BinaryIO, decompressor: Any, damage: type[Exception]) -> None:
        self._file = file
        self._decompressor = decompressor
        self._damage = damage
        self._frame: Any = None
        self._left = b""

    def read(self, size: int = -1) -> bytes:
        """Return decompressed bytes, at most `size`; none at the end."""
        while not self._left:
            data = self._frame.unused_data if self._frame is not None and self._frame.eof else b""
            data = data or self._file.read(1 << 16)
            if not data:
                if self._frame is not None and not self._frame.eof:
                    raise EOFError("it ends in the middle")
                return b""
            if self._frame is None or self._frame.eof:
                self._frame = self._decompressor.decompressobj()
            try:
                self._left = self._frame.decompress(data)
            except self._damage as error:
                raise OSError(str(error)) from error
        data, self._left = self._left[:size], self._left[size:]
        return data


def _open_zstd(file: BinaryIO, name: str | None) -> Any:
    try:
        import zstandard
    except ImportError as error:
        raise UnsupportedFeature(
            "Reading zstd needs the package zstandard, which is not installed.",
            name="zstd",
            path=name,
            hint="Install splmini[compression].",
        ) from error

    return _Zstd(file, zstandard.ZstdDecompressor(max_window_size=1 << 27), zstandard.ZstdError)


def _open_gzip(file: BinaryIO, name: str | None) -> Any:
    return gzip.GzipFile(fileobj=file)


def _open_bzip2(file: BinaryIO, name: str | None) -> Any:
    return bz2.BZ2File(file)


def _open_xz(file: BinaryIO, name: str | None) -> Any:
    return lzma.LZMAFile(file)


_MAGIC: tuple[tuple[bytes, Callable[[BinaryIO, str | None], Any]], ...] = (
    (b"\x1f\x8b\x08", _open_gzip),
    (b"BZh", _open_bzip2),
    (b"\xfd7zXZ\x00", _open_xz),
    (b"\x28\xb5\x2f\xfd", _open_zstd),
)


def is_compressed(head: bytes) -> bool:
    """Say whether a file that begins so is compressed, or an archive."""
    return head.startswith((b"PK\x03\x04", *(magic for magic, _ in _MAGIC)))


def decompress(stream: Stream, file: BinaryIO, layer: int = 0) -> Iterator[tuple[Stream, bytes, BinaryIO]]:
    """Yield (stream, head, file) for every file of events in a stream, with all compression taken off."""
    head, file = peek(file, HEAD_BYTES)
    if layer < NESTING:
        if head.startswith(b"PK\x03\x04"):
            yield from _members(stream, file, layer)
            return
        for magic, open_ in _MAGIC:
            if head.startswith(magic):
                counted = _Counting(file)
                inner = open_(io.BufferedReader(counted, 1 << 18), stream.name)
                guard = _Guard(inner, counted.size, stream.name)
                yield from decompress(stream, io.BufferedReader(guard, 1 << 18), layer + 1)
                return
    yield stream, head, file


def _members(stream: Stream, file: BinaryIO, layer: int) -> Iterator[tuple[Stream, bytes, BinaryIO]]:
    """Yield the files in a zip archive; nothing is ever written to disk under a name from it."""
    with seekable(file) as copy:
        try:
            archive = zipfile.ZipFile(copy)
        except (zipfile.BadZipFile, ValueError, EOFError, OSError) as error:
            raise EventFormatError(f"The zip archive is damaged: {error}.", path=stream.name) from error
        members = [each for each in archive.infolist() if not each.is_dir()]
        if len(members) > ZIP_MEMBERS:
            raise LimitExceeded(f"The archive has more than {ZIP_MEMBERS} files.", name="zip", path=stream.name)
        for member in sorted(members, key=_member_name):
            yield from _member(stream, archive, member, layer)


def _member_name(member: zipfile.ZipInfo) -> str:
    return member.filename


def _member(
    stream: Stream, archive: zipfile.ZipFile, member: zipfile.ZipInfo, layer: int
) -> Iterator[tuple[Stream, bytes, BinaryIO]]:
    name = f"{stream.name or 'zip'}:{member.filename}"
    try:
        opened = archive.open(member)
    except (RuntimeError, NotImplementedError, zipfile.BadZipFile, OSError) as error:
        raise EventFormatError(f"This member of the archive cannot be read: {error}.", path=name) from error
    size = max(member.compress_size, 1)
    guard = _Guard(opened, lambda: size, name)
    inner = Stream(name, lambda: io.BytesIO(), asked=len(archive.infolist()) == 1 and stream.asked)
    yield from decompress(inner, io.BufferedReader(guard, 1 << 18), layer + 1)


# ---- character sets ------------------------------------------------------------------------------------------------


class _Recoded(io.RawIOBase):
    """A stream of another character set as UTF-8."""

    def __init__(self, inner: BinaryIO, encoding: str) -> None:
        self._inner = inner
        self._decoder = codecs.getincrementaldecoder(encoding)("replace")
        self._left = b""

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        while not self._left:
            data = self._inner.read(1 << 18)
            self._left = self._decoder.decode(data or b"", not data).encode("utf-8", "surrogatepass")
            if not data:
                break
        count = min(len(buffer), len(self._left))
        buffer[:count] = self._left[:count]
        self._left = self._left[count:]
        return count

    def close(self) -> None:
        self._inner.close()
        super().close()


def utf8(head: bytes, file: BinaryIO, charset: str | None = None) -> tuple[bytes, BinaryIO]:
    """Return a text stream as UTF-8 without a byte order mark, whatever it is in.

    `charset` is the codec of a stream whose first bytes do not say: a name of Python's, or `auto`, which is
    Windows-1252 for what is not UTF-8.
    """
    if head.startswith(b"\xef\xbb\xbf"):
        file.read(3)
        return head[3:], file
    encoding = None
    if head.startswith((b"\xff\xfe", b"\xfe\xff")):
        encoding = "utf-16-le" if head.startswith(b"\xff\xfe") else "utf-16-be"
        file.read(2)
    elif len(head) >= 8 and not head[1:64:2].strip(b"\0") and head[0:64:2].isascii() and b"\0" not in head[0:64:2]:
        encoding = "utf-16-le"
    elif len(head) >= 8 and not head[0:64:2].strip(b"\0") and head[1:64:2].isascii() and b"\0" not in head[1:64:2]:
        encoding = "utf-16-be"
    elif charset is not None:
        encoding = (None if _is_utf8(head) else "cp1252") if charset == "auto" else charset
    if encoding is None:
        return head, file
    return peek(io.BufferedReader(_Recoded(file, encoding)), HEAD_BYTES)


def _is_utf8(head: bytes) -> bool:
    try:
        codecs.getincrementaldecoder("utf-8")().decode(head)  # the last character may go on behind the head
    except UnicodeDecodeError:
        return False
    return True
