"""Streams of bytes made plain: compression taken off, within limits, and character sets turned into UTF-8."""

from __future__ import annotations

import bz2
import codecs
import gzip
import io
import lzma
import os
import tempfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, BinaryIO

from splmini.errors import EventFormatError, LimitExceeded, SplError, UnsupportedFeature
from splmini.events._reader import HEAD_BYTES
from splmini.events._source import Prefixed, Stream
from splmini.limits import Limits

MEMORY = 64 << 20
XZ_MEMORY = 256 << 20
"""What a dictionary of xz may take: four times that of `xz -9`."""
DIRECTORY_BYTES = 1 << 10
"""What the entry of a file in an archive's directory has at most, on the average."""
NESTING = 3
"""How many layers of compression are taken off: a.jsonl.gz in a zip has two."""


@contextmanager
def seekable(file: BinaryIO) -> Iterator[BinaryIO]:
    """Give a stream that can be read at any place: the file itself where it lies on disk, else a copy, in memory while
    it is small, else in a temporary file."""
    if is_plain_file(file):
        yield file
        return
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
    return head, io.BufferedReader(Prefixed(head, file), buffer_size=1 << 18)


# ---- decompression -------------------------------------------------------------------------------------------------


class _Budget:
    """What a compressed file may become: counts what was read of it, and all that came out, in every layer."""

    def __init__(self, limits: Limits, name: str | None) -> None:
        self.limits = limits
        self.name = name
        self.size = 1
        """Bytes that the file has, as far as they were read."""
        self.given = 0

    def take(self, count: int) -> None:
        """Count bytes that came out."""
        self.given += count
        limits = self.limits
        if 0 < limits.decompressed_ratio * self.size < self.given > limits.decompressed_bytes:
            raise LimitExceeded(
                f"The file becomes more than {limits.decompressed_ratio} times larger than it is "
                f"(decompressed_ratio={limits.decompressed_ratio}).",
                name="decompressed_ratio",
                path=self.name,
                hint="Unpack it yourself, or raise the limit, if you trust it.",
            )


class _Guard(io.RawIOBase):
    """A decompressed stream that ends in LimitExceeded where it grows as no log does."""

    def __init__(self, inner: Any, budget: _Budget, name: str | None, most: int = 1 << 18) -> None:
        self._inner = inner
        self._budget = budget
        self._name = name
        self._most = most
        """Bytes that are asked for at once."""

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        try:
            data = self._inner.read(min(len(buffer), self._most)) or b""
        except (OSError, EOFError, zlib.error, lzma.LZMAError, zipfile.BadZipFile, ValueError, RuntimeError) as error:
            raise EventFormatError(f"The compressed data is damaged: {error}.", path=self._name) from error
        except MemoryError as error:
            raise LimitExceeded("The compressed data needs too much memory.", name="memory", path=self._name) from error
        except NotImplementedError as error:
            raise UnsupportedFeature(f"This kind of compression is not supported: {error}.", name="zip") from error
        self._budget.take(len(data))
        buffer[: len(data)] = data
        return len(data)

    def close(self) -> None:
        self._inner.close()
        super().close()


class _Counting(io.RawIOBase):
    """A compressed file whose bytes are counted as they are read."""

    def __init__(self, inner: BinaryIO, budget: _Budget) -> None:
        self._inner = inner
        self._budget = budget

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        data = self._inner.read(len(buffer)) or b""
        buffer[: len(data)] = data
        self._budget.size += len(data)
        return len(data)

    def close(self) -> None:
        self._inner.close()
        super().close()


class _Zstd(io.RawIOBase):
    """A zstd stream of one or more frames; one that ends inside a frame is damaged.

    It is decompressed block by block, as the library gives all that a piece of input stands for at once: a block has
    at most 128 KB, 64 KB of blocks could have gigabytes.

    Source: https://datatracker.ietf.org/doc/html/rfc8878#section-3.1
    """

    def __init__(self, file: BinaryIO, decompressor: Any, damage: type[Exception]) -> None:
        self._blocks = self._decompressed(file, decompressor)
        self._damage = damage
        self._left = b""
        self._at = 0

    def read(self, size: int = -1) -> bytes:
        """Return decompressed bytes, at most `size`; none at the end."""
        while self._at >= len(self._left):
            try:
                self._left, self._at = next(self._blocks, b""), 0
            except self._damage as error:
                raise OSError(str(error)) from error
            if not self._left:
                return b""
        data = self._left[self._at : self._at + size]
        self._at += len(data)
        return data

    def _decompressed(self, file: BinaryIO, decompressor: Any) -> Iterator[bytes]:
        while magic := file.read(4):
            if len(magic) == 4 and magic[1:] == b"\x2a\x4d\x18" and magic[0] >> 4 == 5:  # a frame to be skipped
                left = int.from_bytes(_exactly(file, 4), "little")
                while left > 0:
                    left -= len(_exactly(file, min(left, 1 << 16)))
                continue
            frame = decompressor.decompressobj()
            for piece in _zstd_blocks(magic, file):
                data = frame.decompress(piece)
                if data:
                    yield data


def _zstd_blocks(magic: bytes, file: BinaryIO) -> Iterator[bytes]:
    """Yield the bytes of a frame, block by block."""
    descriptor = _exactly(file, 1)
    flags = descriptor[0]
    alone = flags >> 5 & 1
    header = (1 - alone) + (0, 1, 2, 4)[flags & 3] + (alone, 2, 4, 8)[flags >> 6]
    piece = magic + descriptor + _exactly(file, header)
    last = 0
    while not last:
        head = _exactly(file, 3)
        value = int.from_bytes(head, "little")
        last, kind, size = value & 1, value >> 1 & 3, value >> 3
        piece += head + _exactly(file, 1 if kind == 1 else min(size, (1 << 17) + 1))
        if last and flags >> 2 & 1:
            piece += _exactly(file, 4)
        yield piece
        piece = b""


def _exactly(file: BinaryIO, size: int) -> bytes:
    data = file.read(size)
    if len(data) < size:
        raise EOFError("it ends in the middle")
    return data


class _Xz(io.RawIOBase):
    """An xz stream, decompressed with bounded memory: a header can ask for a dictionary of gigabytes."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._decompressor = self._new()

    @staticmethod
    def _new() -> lzma.LZMADecompressor:
        return lzma.LZMADecompressor(lzma.FORMAT_XZ, memlimit=XZ_MEMORY)

    def read(self, size: int = -1) -> bytes:
        """Return decompressed bytes, at most `size`; none at the end."""
        data = b""
        while not data:
            if self._decompressor.eof:
                rest = self._decompressor.unused_data or self._file.read(1 << 16)
                rest = rest.lstrip(b"\0")  # padding between streams
                if not rest:
                    return b""
                self._decompressor = self._new()
            elif self._decompressor.needs_input:
                rest = self._file.read(1 << 16)
                if not rest:
                    raise EOFError("it ends in the middle")
            else:
                rest = b""
            data = self._decompressor.decompress(rest, size)
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
    return _Xz(file)


_MAGIC: tuple[tuple[bytes, Callable[[BinaryIO, str | None], Any]], ...] = (
    (b"\x1f\x8b\x08", _open_gzip),
    (b"BZh", _open_bzip2),
    (b"\xfd7zXZ\x00", _open_xz),
    (b"\x28\xb5\x2f\xfd", _open_zstd),
)


def is_compressed(head: bytes) -> bool:
    """Say whether a file that begins so is compressed, or an archive."""
    return head.startswith((b"PK\x03\x04", *(magic for magic, _ in _MAGIC)))


Failed = Callable[[SplError], None]


def decompress(
    stream: Stream, file: BinaryIO, limits: Limits, failed: Failed, layer: int = 0, budget: _Budget | None = None
) -> Iterator[tuple[Stream, bytes, BinaryIO]]:
    """Yield (stream, head, file) for every file of events in a stream, with all compression taken off.

    `failed` is told of a file in an archive that cannot be read; it raises where that ends the reading.
    """
    head, file = peek(file, HEAD_BYTES)
    if layer < NESTING:
        if head.startswith(b"PK\x03\x04"):
            yield from _members(stream, file, limits, failed, layer, budget)
            return
        for magic, open_ in _MAGIC:
            if head.startswith(magic):
                if budget is None:
                    budget = _Budget(limits, stream.name)
                    file = io.BufferedReader(_Counting(file, budget), 1 << 18)
                guard = _Guard(open_(file, stream.name), budget, stream.name)
                opened = io.BufferedReader(guard, 1 << 18)
                yield from decompress(stream, opened, limits, failed, layer + 1, budget)
                return
    yield stream, head, file


def _members(
    stream: Stream, file: BinaryIO, limits: Limits, failed: Failed, layer: int, budget: _Budget | None
) -> Iterator[tuple[Stream, bytes, BinaryIO]]:
    """Yield the files in a zip archive; nothing is ever written to disk under a name from it."""
    with seekable(file) as copy:
        size = copy.seek(0, os.SEEK_END)
        if budget is None:
            budget = _Budget(limits, stream.name)
            budget.size = size
        if _directory_bytes(copy, size) > limits.archive_files * DIRECTORY_BYTES:
            raise _too_many(stream, limits)
        try:
            archive = zipfile.ZipFile(copy)
        except (zipfile.BadZipFile, ValueError, EOFError, OSError, NotImplementedError) as error:
            raise EventFormatError(f"The zip archive is damaged: {error}.", path=stream.name) from error
        members = [each for each in archive.infolist() if not each.is_dir()]
        if len(members) > limits.archive_files:
            raise _too_many(stream, limits)
        for member in sorted(members, key=_member_name):
            name = f"{stream.name or 'zip'}:{member.filename}"
            one = len(members) == 1
            inner = Stream(name, io.BytesIO, asked=one and stream.asked, alone=one and stream.alone)
            try:
                opened = archive.open(member)
            except (RuntimeError, NotImplementedError, zipfile.BadZipFile, OSError, ValueError) as error:
                failed(EventFormatError(f"This member of the archive cannot be read: {error}.", path=name))
                continue
            most = 1 << 18 if member.compress_type in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED) else 1 << 12
            guard = _Guard(opened, budget, name, most)  # of other kinds, zipfile expands all that it reads at once
            parts = decompress(inner, io.BufferedReader(guard, 1 << 18), limits, failed, layer + 1, budget)
            try:
                first = next(parts)  # what is damaged shows where its beginning is looked at
            except (EventFormatError, UnsupportedFeature) as error:
                if one:
                    raise
                failed(error)
                continue
            except StopIteration:
                continue
            yield first
            yield from parts


def _member_name(member: zipfile.ZipInfo) -> str:
    return member.filename


def _too_many(stream: Stream, limits: Limits) -> LimitExceeded:
    return LimitExceeded(
        f"The archive has more than {limits.archive_files:,} files (archive_files={limits.archive_files}).",
        name="archive_files",
        path=stream.name,
    )


def _directory_bytes(file: BinaryIO, size: int) -> int:
    """How large the directory of a zip archive says that it is: it is read into memory whole.

    Source: https://pkware.cachefly.net/webdocs/casestudies/APPNOTE.TXT, 4.3.14 and 4.3.16
    """
    start = max(size - (1 << 16) - 100, 0)
    file.seek(start)
    end = file.read()
    file.seek(0)
    at = end.rfind(b"PK\5\6")
    found = int.from_bytes(end[at + 12 : at + 16], "little") if at >= 0 else 0
    if found == 0xFFFFFFFF and (at := end.rfind(b"PK\6\6")) >= 0:
        found = int.from_bytes(end[at + 40 : at + 48], "little")
    return found


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
