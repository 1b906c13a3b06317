"""Rows that are read twice: in memory up to a budget, beyond it in a temporary file, as msgpack."""

from __future__ import annotations

import struct
import sys
import tempfile
from collections.abc import Iterable, Iterator
from typing import IO, Any

import msgspec

from splmini.errors import LimitExceeded
from splmini.operators import BATCH_SIZE, Batch, Row, RunContext, batched
from splmini.values.numbers import Shown


class Spool:
    """Rows kept for a second reading. `names` are the fields seen, in the order of their first appearance.

    Up to `limits.spool_bytes` (estimated) stay in memory; the rest goes to a temporary file of at most
    `limits.sort_bytes`. Rows that are read from it are the caller's to change.
    """

    def __init__(self, ctx: RunContext) -> None:
        self._ctx = ctx
        self._rows: list[Row] = []
        self._size = 0
        self._file: RowFile | None = None
        self.names: dict[str, None] = {}
        self.count = 0

    def extend(self, batch: Batch) -> None:
        """Take in a batch."""
        names = self.names
        for row in batch:
            if not names.keys() >= row.keys():
                names.update(dict.fromkeys(row))
        self.count += len(batch)
        if self._file is None:
            self._ctx.check(len(self._rows))
            self._rows.extend(batch)
            self._size += size_of(batch)
            if self._size > self._ctx.limits.spool_bytes:
                self._file = RowFile()
            return
        self._ctx.check()
        self._file.extend(batch)
        if self._file.size > self._ctx.limits.sort_bytes:
            raise LimitExceeded(
                f"The results need more than {self._ctx.limits.sort_bytes} bytes on disk.",
                name="sort_bytes",
                hint="Raise Limits.sort_bytes or keep fewer fields.",
            )

    def batches(self) -> Iterator[Batch]:
        """Yield the rows once, in order, and let go of them."""
        rows, self._rows = self._rows, []
        for start in range(0, len(rows), BATCH_SIZE):
            yield rows[start : start + BATCH_SIZE]
        if self._file is not None:
            yield from batched(self._file)
            self._file.close()


def spooled(batches: Iterable[Batch], ctx: RunContext) -> Spool:
    """Return a spool of all rows."""
    spool = Spool(ctx)
    for batch in batches:
        spool.extend(batch)
    return spool


def size_of(batch: Batch) -> int:
    """Estimate the bytes that a batch takes in memory, from a sample of its rows."""
    step = max(1, len(batch) // 16)
    sample = batch[::step]
    total = 0
    for row in sample:
        total += 240 + 16 * len(row)
        for value in row.values():
            total += sys.getsizeof(value)
            if isinstance(value, list):
                total += sum(map(sys.getsizeof, value))
    return total * len(batch) // max(1, len(sample))


# ---- a file of rows ------------------------------------------------------------------------------------------------

_SHOWN, _BIG = 1, 2
_LENGTH = struct.Struct("<I")


def _encode_other(value: Any) -> Any:
    if isinstance(value, Shown):
        return msgspec.msgpack.Ext(_SHOWN, struct.pack("<dq", float(value), value.places))
    raise TypeError(f"a row cannot hold {type(value).__name__}")


def _decode_other(code: int, data: memoryview) -> Any:
    if code == _SHOWN:
        value, places = struct.unpack("<dq", data)
        return Shown(value, places)
    return int(bytes(data))


_encoder = msgspec.msgpack.Encoder(enc_hook=_encode_other)
_decoder = msgspec.msgpack.Decoder(ext_hook=_decode_other)


def _small(value: Any) -> Any:
    """Return a value with integers that msgpack cannot hold as extensions."""
    if isinstance(value, list):
        return [_small(item) for item in value]
    if isinstance(value, int) and not -(1 << 63) <= value < 1 << 64:
        return msgspec.msgpack.Ext(_BIG, str(value).encode())
    return value


def encode_row(row: Row) -> bytes:
    """Return a row as msgpack; `decode_row` gives it back as it was."""
    try:
        return _encoder.encode(row)
    except OverflowError:
        return _encoder.encode({name: _small(value) for name, value in row.items()})


def decode_row(data: bytes) -> Row:
    """Return the row that `encode_row` wrote."""
    row: Row = _decoder.decode(data)
    return row


class RowFile:
    """Rows in a temporary file of their own, which nothing else can open by name."""

    def __init__(self) -> None:
        self._file: IO[bytes] = tempfile.TemporaryFile(prefix="splmini-")  # noqa: SIM115 (closed by close)
        self.size = 0

    def extend(self, rows: Iterable[Row]) -> None:
        """Write rows at the end."""
        for row in rows:
            data = encode_row(row)
            self._file.write(_LENGTH.pack(len(data)))
            self._file.write(data)
        self.size = self._file.tell()

    def __iter__(self) -> Iterator[Row]:
        self._file.seek(0)
        while head := self._file.read(_LENGTH.size):
            yield decode_row(self._file.read(_LENGTH.unpack(head)[0]))

    def close(self) -> None:
        """Remove the file."""
        self._file.close()

    def __del__(self) -> None:
        self._file.close()  # where a run ends early, nothing reads on to the end and closes it
