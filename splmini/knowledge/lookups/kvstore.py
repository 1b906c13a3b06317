"""KV-store collections: what collections.conf says of them, and their records in an SQLite file below `data_dir`.

Source: https://docs.splunk.com/Documentation/Splunk/latest/Admin/Collectionsconf
"""

from __future__ import annotations

import hashlib
import math
import sqlite3
from collections import Counter
from collections.abc import Container, Iterable, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from splmini.errors import KnowledgeError
from splmini.knowledge.conf import DEFAULT, Stanzas, as_bool, merge, values, with_default
from splmini.knowledge.lookups.tables import TableData
from splmini.values import json
from splmini.values.multivalue import as_list, first, from_list
from splmini.values.numbers import to_number, to_text
from splmini.writing import file_errors

if TYPE_CHECKING:
    from splmini.knowledge.apps import Knowledge
    from splmini.operators import Row

KEY = "_key"
"""The field that holds the key of a record; every record of a collection has one."""
FILE = "kvstore.sqlite"
_WAIT = 60.0
"""Seconds that one process waits for another that writes."""

# ---- collections ---------------------------------------------------------------------------------------------------

_TRUE = frozenset({"true", "t", "1"})
_FALSE = frozenset({"false", "f", "0"})
_INVALID = object()


@dataclass(frozen=True)
class Collection:
    """A collection of an app (`""`: of a definition outside of apps), with the types of its fields."""

    app: str
    name: str
    types: Mapping[str, str] = field(default_factory=dict)
    enforce: bool = False

    def record(self, row: Row) -> Row:
        """Return a row as it is kept: each field in its type.

        What is not of its field's type is dropped, or raises KnowledgeError where the collection has
        `enforceTypes = true`.
        """
        kept: Row = {}
        for name, value in row.items():
            typed = _finite(value) if name == KEY or name not in self.types else _typed(value, self.types[name])
            if typed is not _INVALID:
                kept[name] = typed
            elif self.enforce:
                raise KnowledgeError(
                    f"The field '{name}' of the collection '{self.name}' is of type {self.types[name]}, "
                    f"which '{to_text(first(value))}' is not.",
                    name=name,
                    hint="The collection has enforceTypes = true.",
                )
        return kept


def collections_of(knowledge: Knowledge) -> dict[tuple[str, str], Collection]:
    """Return the collections of collections.conf, by app and name, those of the strongest app first."""
    found: dict[tuple[str, str], Collection] = {}
    for app in knowledge.apps:
        found.update(read_collections(app.name, merge(app.layers("collections"))))
    return found


def read_collections(app: str, stanzas: Stanzas) -> dict[tuple[str, str], Collection]:
    """Return the collections that the stanzas of a collections.conf define, by app and name."""
    found: dict[tuple[str, str], Collection] = {}
    for name in stanzas:
        if name == DEFAULT:
            continue
        settings = values(with_default(stanzas, name))
        fields = {key[len("field.") :]: value for key, value in settings.items() if key.startswith("field.")}
        types = {field: kind.strip().lower() for field, kind in fields.items()}
        found[app, name] = Collection(app, name, types, as_bool(settings.get("enforceTypes")))
    return found


def _typed(value: Any, kind: str) -> Any:
    items = [_one(item, kind) for item in as_list(value)]
    return _INVALID if any(item is _INVALID for item in items) else from_list(items)


def _one(value: Any, kind: str) -> Any:
    if kind == "number":
        number = to_number(value)
        return _INVALID if number is None or not math.isfinite(number) else number
    if kind in ("bool", "boolean"):
        word = to_text(value).strip().lower()
        return "true" if word in _TRUE else "false" if word in _FALSE else _INVALID
    if kind in ("string", "cidr"):
        return to_text(value)
    return _finite(value)


def _finite(value: Any) -> Any:
    """JSON has no infinity: it is kept as text."""
    if isinstance(value, list):
        return list(map(_finite, value))
    return to_text(value) if isinstance(value, float) and not math.isfinite(value) else value


# ---- keys ----------------------------------------------------------------------------------------------------------


def keyed(rows: Iterable[Row], taken: Container[str]) -> Iterator[tuple[str, Row]]:
    """Yield the key of each row, that of its `_key` or one made of its content that is not taken, and its content."""
    met: Counter[str] = Counter()
    given: set[str] = set()
    for row in rows:
        own = first(row.get(KEY))
        key = _storable(to_text(own)) if own is not None and own != "" else ""
        content = {name: value for name, value in row.items() if name != KEY}
        if not key:
            text = json.encode(content)
            while not key or key in taken or key in given:
                key = hashlib.sha256(f"{met[text]} {text}".encode("utf-8", "replace")).hexdigest()[:24]
                met[text] += 1
        given.add(key)
        yield key, content


def merged(before: TableData, rows: Iterable[Row], fields: tuple[str, ...], append: bool, updates: bool) -> TableData:
    """Return the content of a collection in memory after a write."""
    records: dict[str, Row] = dict(keyed(before.rows, ())) if append else {}
    for key, row in keyed(rows, records):
        if updates or key not in records:
            records[key] = row
    return TableData(tuple({**row, KEY: key} for key, row in records.items()), _columns(before.fields, fields, append))


def _columns(before: Iterable[str], fields: Iterable[str], append: bool) -> tuple[str, ...]:
    names = dict.fromkeys(before) if append else {}
    names.update(dict.fromkeys(fields))
    names.pop(KEY, None)
    return tuple(names)


# ---- the file ------------------------------------------------------------------------------------------------------

_TABLES = (
    "CREATE TABLE IF NOT EXISTS collections (app TEXT, name TEXT, version INTEGER NOT NULL, fields TEXT NOT NULL, "
    "PRIMARY KEY (app, name))",
    "CREATE TABLE IF NOT EXISTS records (position INTEGER PRIMARY KEY, app TEXT NOT NULL, name TEXT NOT NULL, "
    "key TEXT NOT NULL, record TEXT NOT NULL, UNIQUE (app, name, key))",
)
_UPSERT = "INSERT INTO records (app, name, key, record) VALUES (?, ?, ?, ?) ON CONFLICT (app, name, key) DO "


class KvStore:
    """The collections in one SQLite file. Every write is one transaction: a crash leaves the old or the new content.

    Several processes may use the file at once. Names and values are bound as parameters, never part of a statement.
    """

    def __init__(self, folder: Path) -> None:
        self._path = folder / FILE

    def version(self, collection: Collection) -> int:
        """Return a number that grows with each write to the collection; 0 before the first."""
        if not self._path.is_file():
            return 0
        with self._connection() as connection:
            found = _head(connection, collection)
        return found[0] if found else 0

    def read(self, collection: Collection) -> tuple[int, TableData]:
        """Return the version and the content of a collection, in the order in which records came."""
        if not self._path.is_file():
            return 0, TableData(complete=False)
        with self._connection() as connection, _transaction(connection, "BEGIN"):
            found = _head(connection, collection)
            if found is None:
                return 0, TableData(complete=False)
            rows = tuple(
                {**_record(text), KEY: key}
                for key, text in connection.execute(
                    "SELECT key, record FROM records WHERE app = ? AND name = ? ORDER BY position",
                    (collection.app, collection.name),
                )
            )
        return found[0], TableData(rows, found[1])

    def write(
        self,
        collection: Collection,
        rows: Iterable[Row],
        fields: Iterable[str],
        append: bool = False,
        updates: bool = True,
    ) -> None:
        """Replace the records of a collection, or add to them; a record whose key is there is replaced in its place,
        unless `updates` is false."""
        where = (collection.app, collection.name)
        with file_errors(self._path, "written"):
            self._path.parent.mkdir(parents=True, exist_ok=True)
        with self._connection() as connection, _transaction(connection, "BEGIN IMMEDIATE"):
            for statement in _TABLES:
                connection.execute(statement)
            found = _head(connection, collection)
            if not append:
                connection.execute("DELETE FROM records WHERE app = ? AND name = ?", where)
            taken = {key for (key,) in connection.execute("SELECT key FROM records WHERE app = ? AND name = ?", where)}
            conflict = "UPDATE SET record = excluded.record" if updates else "NOTHING"
            connection.executemany(
                _UPSERT + conflict, ((*where, key, _storable(json.encode(row))) for key, row in keyed(rows, taken))
            )
            version, before = found or (0, ())
            connection.execute(
                "INSERT OR REPLACE INTO collections VALUES (?, ?, ?, ?)",
                (*where, version + 1, _storable(json.encode(list(_columns(before, fields, append))))),
            )

    @contextmanager
    def _connection(self) -> Iterator[sqlite3.Connection]:
        if self._path.is_symlink():
            raise KnowledgeError(f"'{FILE}' is a link.", name=FILE, path=str(self._path))
        try:
            with closing(sqlite3.connect(self._path, timeout=_WAIT, isolation_level=None)) as connection:
                yield connection
        except sqlite3.Error as error:
            raise KnowledgeError(f"The KV store cannot be used: {error}.", name=FILE, path=str(self._path)) from None


@contextmanager
def _transaction(connection: sqlite3.Connection, begin: str) -> Iterator[None]:
    connection.execute(begin)
    try:
        yield
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise
    connection.execute("COMMIT")


def _head(connection: sqlite3.Connection, collection: Collection) -> tuple[int, tuple[str, ...]] | None:
    there = connection.execute("SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = 'collections'").fetchone()
    row = (
        there
        and connection.execute(
            "SELECT version, fields FROM collections WHERE app = ? AND name = ?", (collection.app, collection.name)
        ).fetchone()
    )
    if not row:
        return None
    fields = json.decode(row[1])
    return int(row[0]), tuple(map(str, fields)) if isinstance(fields, list) else ()


def _record(text: str) -> Row:
    row = json.decode(text)
    return {name: json.plain(value) for name, value in row.items()} if isinstance(row, dict) else {}


def _storable(text: str) -> str:
    """SQLite keeps UTF-8, which has no lone surrogates."""
    return text.encode("utf-8", "replace").decode()
