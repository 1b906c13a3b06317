"""The content of lookup tables: CSV files of apps and folders, and rows that a caller or a run gives."""

from __future__ import annotations

import csv
import io
import sys
import zlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from splmini.errors import KnowledgeError, LimitExceeded
from splmini.knowledge.conf import decode
from splmini.knowledge.files import LOOKUP_BYTES, AppFiles
from splmini.knowledge.lookups.tables import TableData
from splmini.values import json

if TYPE_CHECKING:
    from splmini.operators import Row

csv.field_size_limit(min(sys.maxsize, 2**31 - 1))


def read_csv(data: bytes) -> TableData:
    """Read a CSV file with a header; empty cells are null, further cells of a row are dropped."""
    reader = csv.reader(io.StringIO(decode(data), newline=""))
    try:
        header = next(reader, None)
        if header is None:
            return TableData()
        fields = [name.strip() for name in header]
        rows = tuple(
            {name: cell for name, cell in zip(fields, line, strict=False) if cell != "" and name}
            for line in reader
            if any(line)
        )
    except csv.Error as error:
        raise KnowledgeError(f"The file is no CSV: {error}.") from None
    return TableData(rows, tuple(dict.fromkeys(name for name in fields if name)))


def table_data(rows: Iterable[Mapping[str, Any]], fields: Iterable[str] = ()) -> TableData:
    """Make a table's content of dicts: null cells go, booleans and nested values become field values."""
    names: dict[str, None] = dict.fromkeys(fields)
    kept: list[Row] = []
    for row in rows:
        names.update(dict.fromkeys(map(str, row)))
        cells = ((str(key), json.plain(value)) for key, value in row.items())
        kept.append({key: value for key, value in cells if value is not None and value != "" and value != []})
    return TableData(tuple(kept), tuple(names))


@dataclass(frozen=True)
class Place:
    """Where the content of a table is to be read from: a file of an app or folder."""

    files: AppFiles
    parts: tuple[str, ...]

    def load(self) -> TableData:
        data = self.files.read(*self.parts, limit=LOOKUP_BYTES)
        if data is None:
            return TableData(complete=False)
        if self.parts[-1].lower().endswith(".gz"):
            data = _gunzip(data, self.files.path(*self.parts))
        try:
            return read_csv(data)
        except KnowledgeError as error:
            error.path = self.files.path(*self.parts)
            raise


PACKED_BYTES = 8 << 20
"""What a compressed table may become whatever its ratio: a table is held in memory, a dict for each row."""
PACKED_RATIO = 100


def _gunzip(data: bytes, path: str) -> bytes:
    """Return what a compressed table holds, whole; one that grows as no table does ends in LimitExceeded."""
    expander = zlib.decompressobj(wbits=31)
    most = min(max(PACKED_BYTES, PACKED_RATIO * len(data)), LOOKUP_BYTES)
    try:
        text = expander.decompress(data, most)
    except (zlib.error, MemoryError) as error:
        raise KnowledgeError(f"The file is no gzip file: {error}.", path=path) from None
    if expander.unconsumed_tail or (not expander.eof and len(text) >= most):
        raise LimitExceeded(
            f"The table becomes larger than {most:,} bytes, {PACKED_RATIO} times what the file has.",
            name="decompressed_ratio",
            path=path,
            hint="Unpack it yourself, if you trust it.",
        )
    if not expander.eof:
        raise KnowledgeError("The file is no gzip file: it ends in the middle.", path=path)
    return text


def csv_text(content: TableData) -> str:
    """Return a table as the text of a CSV file; several values of a cell stand on lines of their own."""
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(content.fields)
    writer.writerows([_cell(row.get(name)) for name in content.fields] for row in content.rows)
    return stream.getvalue()


def _cell(value: Any) -> Any:
    if isinstance(value, list):
        return "\n".join(map(str, value))
    return "" if value is None else value
