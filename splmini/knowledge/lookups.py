"""The lookup tables of an environment: of apps, folders and the caller; CSV files and KV-store collections."""

from __future__ import annotations

import csv
import io
import re
import sys
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from splmini.documents import load_data
from splmini.engine.store import write_atomically
from splmini.errors import KnowledgeError
from splmini.knowledge.conf import Stanza, as_bool, as_int, decode
from splmini.knowledge.files import LOOKUP_BYTES, AppFiles, is_file_name
from splmini.knowledge.patterns import field_list
from splmini.knowledge.tables import Definition, LookupTable, TableData
from splmini.values import json

if TYPE_CHECKING:
    from splmini.knowledge.apps import Knowledge
    from splmini.operators import Row

csv.field_size_limit(min(sys.maxsize, 2**31 - 1))

# ---- definitions ---------------------------------------------------------------------------------------------------

_MATCH_TYPE = re.compile(r"(WILDCARD|CIDR|EXACT)\s*\(\s*\"?([^()\"]+?)\"?\s*\)", re.IGNORECASE)


def match_types(text: str | Iterable[str] | None) -> dict[str, str]:
    """Read `match_type`: `WILDCARD(column), CIDR(column)`, as text or as a list of texts."""
    if text is None:
        return {}
    joined = text if isinstance(text, str) else " ".join(map(str, text))
    return {column.strip(): kind.upper() for kind, column in _MATCH_TYPE.findall(joined) if kind.upper() != "EXACT"}


def definition_of_stanza(name: str, stanza: Stanza) -> Definition | None:
    """Read a lookup definition of transforms.conf; None where the stanza defines none."""
    values = {key: setting.value for key, setting in stanza.items()}
    kind = values.get("external_type", "").lower()
    app = next(iter(stanza.values())).app if stanza else ""
    scripted = values.get("external_cmd") or (kind if kind in ("executable", "python", "geo", "geo_hex") else None)
    if values.get("filename") and not kind.startswith("geo"):
        # of a path only what stands behind the last separator counts
        data, app, scripted = re.split(r"[\\/]", values["filename"])[-1], stanza["filename"].app, None
    elif kind in ("kvstore", "kvstore_v2") or values.get("collection"):
        data, scripted = f"collection:{values.get('collection') or name}", None
    elif scripted:
        data = ""
    else:
        return None
    return _definition(name, data, values, app=app, scripted=scripted)


def _definition(
    name: str, data: str, values: Mapping[str, Any], app: str = "", scripted: str | None = None
) -> Definition:
    def text(key: str) -> str | None:
        value = values.get(key)
        return None if value is None or value == "" else str(value)

    sensitive = values.get("case_sensitive", values.get("case_sensitive_match"))
    return Definition(
        name,
        data,
        match_type=match_types(values.get("match_type")),
        case_sensitive=sensitive if isinstance(sensitive, bool) else as_bool(sensitive, True),
        max_matches=as_int(text("max_matches"), 0) or None,
        min_matches=as_int(text("min_matches"), 0),
        default_match=text("default_match"),
        time_field=text("time_field"),
        time_format=text("time_format") or "%s.%Q",
        max_offset=float(as_int(text("max_offset_secs"), 2_000_000_000)),
        min_offset=float(as_int(text("min_offset_secs"), 0)),
        filter=text("filter"),
        scripted=scripted,
        app=app,
    )


# ---- content -------------------------------------------------------------------------------------------------------


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
class _Place:
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


def _gunzip(data: bytes, path: str) -> bytes:
    import zlib

    expander = zlib.decompressobj(wbits=31)
    try:
        text = expander.decompress(data, LOOKUP_BYTES)
    except zlib.error as error:
        raise KnowledgeError(f"The file is no gzip file: {error}.", path=path) from None
    if expander.unconsumed_tail:
        raise KnowledgeError(f"The file holds more than {LOOKUP_BYTES:,} bytes.", path=path)
    return text


# ---- the tables of an environment ----------------------------------------------------------------------------------


@dataclass(frozen=True)
class TableView:
    """What `env.lookups[name]` gives: the rows and columns of a table as they are now."""

    name: str
    rows: list[Row]
    fields: list[str]
    definition: Definition


class Tables(Mapping[str, TableView]):
    """All lookup tables, by the name of their definition and by their file name. Content is read when first needed."""

    def __init__(self, data_dir: str | Path | None = None) -> None:
        self._definitions: dict[str, Definition] = {}
        self._places: dict[str, _Place] = {}
        self._fields: dict[str, tuple[str, ...]] = {}
        self._data: dict[str, TableData] = {}
        self._tables: dict[str, LookupTable] = {}
        self._written: dict[str, Definition] = {}
        self._data_dir = Path(data_dir) if data_dir is not None else None

    @classmethod
    def of(cls, knowledge: Knowledge | None, lookups: Any = None, data_dir: str | Path | None = None) -> Tables:
        """Collect the tables of apps, then of the caller (folders, dicts, or both), which replace those of a name.

        Raises KnowledgeError for a folder or file that cannot be read.
        """
        tables = cls(data_dir)
        if knowledge is not None:
            tables._add_apps(knowledge)
        if lookups is not None:
            tables._add_given(lookups)
        if tables._data_dir is not None and tables._data_dir.is_dir():
            files = AppFiles(tables._data_dir)
            for file in files.names(suffix=".csv"):
                tables._place(file, _Place(files, (file,)))
        return tables

    # ---- filling -------------------------------------------------------------------------------------------------

    def _add_apps(self, knowledge: Knowledge) -> None:
        for app in reversed(knowledge.apps):
            for file in app.files.names("lookups"):
                if file.lower().endswith((".csv", ".csv.gz")):
                    self._place(file, _Place(app.files, ("lookups", file)))
        by_app = {app.name: app for app in knowledge.apps}
        for name, stanza in knowledge.transforms.items():
            definition = definition_of_stanza(name, stanza)
            if definition is None:
                continue
            file = definition.data
            if file and not file.startswith("collection:"):
                if not is_file_name(file):
                    knowledge.note(stanza["filename"], name, "filename", "the file is not in the folder lookups")
                    continue
                own = by_app.get(definition.app)
                if own is not None and file in own.files.names("lookups"):
                    place = _Place(own.files, ("lookups", file))
                    if self._places.get(file, place) != place:
                        # two apps have a file of this name: each definition keeps to its own
                        definition = replace(definition, data=f"{definition.app}/{file}")
                        self._places[definition.data] = place
            self._define(definition, field_list(stanza["fields_list"].value) if "fields_list" in stanza else [])

    def _add_given(self, given: Any) -> None:
        if isinstance(given, Mapping):
            for name, table in given.items():
                self.add(str(name), table)
        elif isinstance(given, (str, Path)):
            self.add_folder(Path(given))
        else:
            for each in given:
                self._add_given(each)

    def add_folder(self, folder: Path) -> None:
        """Take in a folder: security_content's lookup YAML files with the CSV files beside them, and CSV files."""
        if not folder.is_dir():
            raise KnowledgeError("There is no such folder of lookups.", path=str(folder))
        files = AppFiles(folder)
        for file in files.names(suffix=".csv"):
            self._place(file, _Place(files, (file,)))
        for file in (*files.names(suffix=".yml"), *files.names(suffix=".yaml")):
            data = files.read(file)
            document = load_data((data or b"").decode("utf-8-sig", "replace"), files.path(file))
            if isinstance(document, Mapping) and document.get("name"):
                self._add_document(document, Path(file).stem, files)

    def _add_document(self, document: Mapping[str, Any], stem: str, files: AppFiles) -> None:
        name = str(document["name"])
        kind = str(document.get("lookup_type", ""))
        fields = document.get("fields_list", document.get("fields")) or ()
        columns = field_list(fields) if isinstance(fields, str) else [str(field) for field in fields]
        filename = document.get("filename")
        if filename is None and kind in ("csv", ""):
            filename = None if document.get("collection") else f"{stem}.csv"
        if document.get("collection") or kind == "kvstore":
            self._define(_definition(name, f"collection:{document.get('collection', name)}", document), columns)
            return
        if filename is None or not str(filename).lower().endswith((".csv", ".csv.gz")):
            return
        if not is_file_name(str(filename)):
            raise KnowledgeError(f"'{filename}' is not a plain file name.", name=name, path=files.path())
        self._define(_definition(name, str(filename), document), columns)

    def add(self, name: str, table: Any) -> None:
        """Take in a table that the caller gave: `{"rows": [...], "match_type": [...], …}`, or a list of rows."""
        settings: Mapping[str, Any] = table if isinstance(table, Mapping) else {"rows": table}
        unknown = set(settings) - _KNOWN
        if unknown or not isinstance(settings.get("rows", ()), Iterable):
            what = f"has no setting '{sorted(unknown)[0]}'" if unknown else "needs a list of rows"
            raise KnowledgeError(f"A lookup table {what}.", name=name)
        filename = settings.get("filename") or (name if name.lower().endswith(".csv") else f"{name}.csv")
        if not is_file_name(str(filename)):
            raise KnowledgeError(f"'{filename}' is not a plain file name.", name=name)
        definition = _definition(name, str(filename), settings)
        self._forget(definition.data)
        self._definitions[name] = definition
        self._data[definition.data] = table_data(settings.get("rows") or (), settings.get("fields") or ())

    def _place(self, file: str, place: _Place) -> None:
        self._forget(file)
        self._places[file] = place

    def _define(self, definition: Definition, fields: Iterable[str]) -> None:
        self._definitions[definition.name] = definition
        columns = tuple(name for name in fields if name != "_key")
        if columns:
            self._fields[definition.data] = columns

    def _forget(self, data: str) -> None:
        self._data.pop(data, None)
        self._tables = {name: table for name, table in self._tables.items() if table.definition.data != data}

    # ---- reading -------------------------------------------------------------------------------------------------

    def find(self, name: str) -> LookupTable | None:
        """Return a table by the name of its definition or file, or None."""
        table = self._tables.get(name)
        if table is None:
            definition = self._definitions.get(name)
            if definition is None:
                if name not in self._places and name not in self._data:
                    return None
                definition = Definition(name, name)
            table = self._tables[name] = LookupTable(definition, self._content(definition.data))
        return table

    def _content(self, data: str) -> TableData:
        content = self._data.get(data)
        if content is None:
            place = self._places.get(data)
            content = TableData(complete=False) if place is None else place.load()
            if not content.complete:
                content = TableData((), self._fields.get(data, ()), complete=False)
            self._data[data] = content
        return content

    def __getitem__(self, name: str) -> TableView:
        table = self.find(name)
        if table is None:
            raise KeyError(name)
        return TableView(name, table.rows(), table.fields, table.definition)

    def __iter__(self) -> Iterator[str]:
        files = {name for name in (*self._places, *self._data) if "/" not in name}
        names = {*self._definitions, *(name for name in files if not name.startswith("collection:"))}
        return iter(sorted(names))

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def __contains__(self, name: object) -> bool:
        return name in self._definitions or name in self._places or name in self._data

    # ---- writing -------------------------------------------------------------------------------------------------

    def write(self, name: str, rows: list[Row], fields: list[str], append: bool = False, **options: Any) -> None:
        """Replace a table's rows or append to them; a table that is not there is made (a file, where the name ends in
        `.csv`, else a definition over one). With a `data_dir` the file is written there as well.

        In a KV store, appended rows with the `_key` of a row that is there replace it.
        """
        definition = self._definitions.get(name)
        data = definition.data if definition is not None else name
        if definition is None and not name.lower().endswith(".csv"):
            data = f"{name}.csv"
            self._definitions[name] = Definition(name, data)
        new = table_data(rows, fields)
        if append:
            new = _appended(self._content(data), new, keyed=data.startswith("collection:"))
        elif not rows and not fields:
            new = TableData((), self._content(data).fields)
        self._forget(data)
        self._data[data] = new
        self._written[name] = self._definitions.get(name) or Definition(name, data)
        if self._data_dir is not None:
            self._save(data, new)

    def written(self) -> list[tuple[str, Definition, TableData]]:
        """Return the tables that runs wrote, for an environment in another process."""
        return [(name, definition, self._data[definition.data]) for name, definition in self._written.items()]

    def restore(self, written: Iterable[tuple[str, Definition, TableData]]) -> None:
        """Take in tables that runs of another environment of these definitions wrote."""
        for name, definition, content in written:
            if definition.name != definition.data:
                self._definitions[name] = definition
            self._forget(definition.data)
            self._data[definition.data] = content
            self._written[name] = definition

    def _save(self, data: str, content: TableData) -> None:
        file = data.removeprefix("collection:").rpartition("/")[2]
        file = file if file.lower().endswith(".csv") else f"{file}.csv"
        if self._data_dir is None or not is_file_name(file):
            return
        self._data_dir.mkdir(parents=True, exist_ok=True)
        stream = io.StringIO()
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(content.fields)
        writer.writerows([_cell(row.get(name)) for name in content.fields] for row in content.rows)
        write_atomically(self._data_dir / file, stream.getvalue())


_KNOWN = frozenset({
    "rows", "fields", "match_type", "case_sensitive", "case_sensitive_match", "max_matches", "min_matches",
    "default_match", "filename", "time_field", "time_format", "max_offset_secs", "min_offset_secs", "filter",
})  # fmt: skip


def _appended(before: TableData, new: TableData, keyed: bool) -> TableData:
    rows = before.rows
    if keyed:
        replaced = {row["_key"] for row in new.rows if "_key" in row}
        rows = tuple(row for row in rows if row.get("_key") not in replaced)
    return TableData((*rows, *new.rows), tuple(dict.fromkeys((*before.fields, *new.fields))))


def _cell(value: Any) -> Any:
    if isinstance(value, list):
        return "\n".join(map(str, value))
    return "" if value is None else value
