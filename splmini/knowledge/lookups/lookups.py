"""The lookup tables of an environment: of apps, folders and the caller; CSV files and KV-store collections."""

from __future__ import annotations

import gzip
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from splmini.errors import KnowledgeError, SplError
from splmini.knowledge.conf import DEFAULT, Stanzas, merge, read_layer, with_default
from splmini.knowledge.fields.patterns import field_list
from splmini.knowledge.files import AppFiles, is_file_name
from splmini.knowledge.lookups.content import Place, csv_text, table_data
from splmini.knowledge.lookups.definitions import definition_of, definition_of_stanza
from splmini.knowledge.lookups.kvstore import KEY, Collection, KvStore, collections_of, merged, read_collections
from splmini.knowledge.lookups.tables import COLLECTION, Definition, LookupTable, TableData
from splmini.values.multivalue import joined
from splmini.writing import check_name, file_errors, locked_below, write_atomically

if TYPE_CHECKING:
    from splmini.knowledge.apps import Knowledge
    from splmini.operators import Row

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
        self._places: dict[str, Place] = {}
        self._fields: dict[str, tuple[str, ...]] = {}
        self._data: dict[str, TableData] = {}
        self._tables: dict[str, LookupTable] = {}
        self._written: dict[str, Definition] = {}
        self._collections: dict[str, Collection] = {}
        self._versions: dict[str, int] = {}
        self._problems: dict[str, SplError] = {}
        """What is wrong with a table that is not well formed: the search that reads it is refused, no other."""
        self._data_dir = Path(data_dir) if data_dir is not None else None
        self._kvstore = KvStore(self._data_dir) if self._data_dir is not None else None

    @classmethod
    def of(cls, knowledge: Knowledge | None, lookups: Any = None, data_dir: str | Path | None = None) -> Tables:
        """Collect the tables of apps, then of the caller (folders, dicts, or both), which replace those of a name.

        Raises KnowledgeError for a folder that is not there.
        """
        tables = cls(data_dir)
        if knowledge is not None:
            tables._add_apps(knowledge)
        if lookups is not None:
            tables._add_given(lookups)
        if tables._data_dir is not None and tables._data_dir.is_dir():
            files = AppFiles(tables._data_dir)
            for file in (*files.names(suffix=".csv"), *files.names(suffix=".csv.gz")):
                tables._place(file, Place(files, (file,)))
        return tables

    # ---- filling -------------------------------------------------------------------------------------------------

    def _add_apps(self, knowledge: Knowledge) -> None:
        own_files: dict[str, dict[str, Place]] = {}
        for app in reversed(knowledge.apps):
            own_files[app.name] = {file: Place(app.files, ("lookups", file)) for file in app.files.names("lookups")}
            for file, place in own_files[app.name].items():
                if file.lower().endswith((".csv", ".csv.gz")):
                    self._place(file, place)
        collections = collections_of(knowledge)
        for name, stanza in knowledge.transforms.items():
            definition = definition_of_stanza(name, stanza)
            if definition is None:
                continue
            file = definition.data
            if file.startswith(COLLECTION):
                definition = self._in_collection(definition, collections)
            elif file:
                if not is_file_name(file):
                    knowledge.note(stanza["filename"], name, "filename", "the file is not in the folder lookups")
                    continue
                own = own_files.get(definition.app, {}).get(file)
                if own is not None and self._places.get(file, own) != own:
                    # two apps have a file of this name: each definition keeps to its own
                    definition = replace(definition, data=f"{definition.app}/{file}")
                    self._places[definition.data] = own
            self._define(definition, field_list(stanza["fields_list"].value) if "fields_list" in stanza else [])

    def _in_collection(self, definition: Definition, collections: Mapping[tuple[str, str], Collection]) -> Definition:
        """Find the collection of a definition: of its own app, else of another one, else one without types."""
        name = definition.data.removeprefix(COLLECTION)
        found = collections.get((definition.app, name))
        others = (each for (_, other), each in collections.items() if other == name)
        collection = found or next(others, None) or Collection("", name)
        data = f"{COLLECTION}{collection.app}/{name}"
        self._collections[data] = collection
        return replace(definition, data=data)

    def _add_given(self, given: Any) -> None:
        if isinstance(given, Mapping):
            for name, table in given.items():
                with self._kept(str(name)):
                    self.add(str(name), table)
        elif isinstance(given, (str, Path)):
            self.add_folder(Path(given))
        else:
            for each in given:
                self._add_given(each)

    def add_folder(self, folder: Path) -> None:
        """Take in a folder: CSV files, and definitions over them in transforms.conf (with collections.conf) and in
        security_content's lookup YAML files."""
        from splmini.documents import load_data  # hardly anybody needs YAML, and it takes a while to load

        if not folder.is_dir():
            raise KnowledgeError("There is no such folder of lookups.", path=str(folder))
        files = AppFiles(folder)
        for file in (*files.names(suffix=".csv"), *files.names(suffix=".csv.gz")):
            self._place(file, Place(files, (file,)))
        self._add_conf(files)
        for file in (*files.names(suffix=".yml"), *files.names(suffix=".yaml")):
            with self._kept(Path(file).stem):
                data = files.read(file)
                document = load_data((data or b"").decode("utf-8-sig", "replace"), files.path(file))
                if isinstance(document, Mapping) and document.get("name"):
                    with self._kept(str(document["name"])):
                        self._add_document(document, Path(file).stem, files)

    def _add_conf(self, files: AppFiles) -> None:
        collections = read_collections("", _stanzas(files, "collections.conf"))
        stanzas = _stanzas(files, "transforms.conf")
        for name in stanzas:
            settings = with_default(stanzas, name)
            definition = None if name == DEFAULT else definition_of_stanza(name, settings)
            if definition is None:
                continue
            with self._kept(name):
                if definition.data.startswith(COLLECTION):
                    definition = self._in_collection(definition, collections)
                elif definition.data and not is_file_name(definition.data):
                    raise KnowledgeError(f"'{definition.data}' is not a plain file name.", name=name, path=files.path())
                columns = settings.get("fields_list")
                self._define(definition, field_list(columns.value) if columns is not None else [])

    @contextmanager
    def _kept(self, name: str) -> Iterator[None]:
        """Keep what is wrong with a table until it is read."""
        try:
            self._problems.pop(name, None)
            yield
        except SplError as error:
            self._problems[name] = error

    def _add_document(self, document: Mapping[str, Any], stem: str, files: AppFiles) -> None:
        name = str(document["name"])
        kind = str(document.get("lookup_type", ""))
        fields = document.get("fields_list", document.get("fields")) or ()
        columns = field_list(fields) if isinstance(fields, str) else [str(field) for field in fields]
        filename = document.get("filename")
        if filename is None and kind in ("csv", ""):
            filename = None if document.get("collection") else f"{stem}.csv"
        if document.get("collection") or kind == "kvstore":
            definition = definition_of(name, f"{COLLECTION}{document.get('collection', name)}", document)
            self._define(self._in_collection(definition, {}), columns)
            return
        if filename is None or not str(filename).lower().endswith((".csv", ".csv.gz")):
            return
        if not is_file_name(str(filename)):
            raise KnowledgeError(f"'{filename}' is not a plain file name.", name=name, path=files.path())
        self._define(definition_of(name, str(filename), document), columns)

    def add(self, name: str, table: Any) -> None:
        """Take in a table that the caller gave: `{"rows": [...], "match_type": [...], …}`, or a list of rows."""
        settings: Mapping[str, Any] = table if isinstance(table, Mapping) else {"rows": table}
        unknown = set(settings) - _KNOWN
        given = settings.get("rows", ())
        rows = list(given or ()) if isinstance(given, Iterable) else [given]
        if unknown or not all(isinstance(row, Mapping) for row in rows):
            what = f"has no setting '{sorted(unknown)[0]}'" if unknown else "needs a list of rows"
            raise KnowledgeError(f"A lookup table {what}.", name=name)
        filename = settings.get("filename") or (name if name.lower().endswith(".csv") else f"{name}.csv")
        if not is_file_name(str(filename)):
            raise KnowledgeError(f"'{filename}' is not a plain file name.", name=name)
        definition = definition_of(name, str(filename), settings)
        self._forget(definition.data)
        self._definitions[name] = definition
        self._data[definition.data] = table_data(rows, settings.get("fields") or ())

    def _place(self, file: str, place: Place) -> None:
        self._forget(file)
        self._places[file] = place

    def _define(self, definition: Definition, fields: Iterable[str]) -> None:
        self._definitions[definition.name] = definition
        columns = tuple(name for name in fields if name != KEY)
        if columns:  # several definitions may be over one content
            known = self._fields.get(definition.data, ()) if definition.data in self._collections else ()
            self._fields[definition.data] = tuple(dict.fromkeys((*known, *columns)))

    def _forget(self, data: str) -> None:
        self._data.pop(data, None)
        self._tables = {name: table for name, table in self._tables.items() if table.definition.data != data}

    # ---- reading -------------------------------------------------------------------------------------------------

    def find(self, name: str) -> LookupTable | None:
        """Return a table by the name of its definition or file, or None; raises what is wrong with it."""
        if name in self._problems:
            raise self._problems[name]
        self._refresh(name)
        table = self._tables.get(name)
        if table is None:
            definition = self._definitions.get(name)
            if definition is None:
                if name not in self._places and name not in self._data:
                    return None
                definition = Definition(name, name)
            table = self._tables[name] = LookupTable(definition, self._content(definition.data))
        return table

    def _refresh(self, name: str) -> None:
        """Forget the content of a collection that another environment or process has written since."""
        definition = self._definitions.get(name)
        collection = self._collections.get(definition.data) if definition is not None else None
        if definition is not None and collection is not None and self._kvstore is not None:
            version = self._kvstore.version(collection)
            if version and version != self._versions.get(definition.data):
                self._forget(definition.data)

    def _content(self, data: str) -> TableData:
        content = self._data.get(data)
        if content is None:
            content = self._load(data)
            if not content.complete:
                content = TableData((), self._fields.get(data, ()), complete=False)
            self._data[data] = content
        return content

    def _load(self, data: str) -> TableData:
        place = self._places.get(data)
        collection = self._collections.get(data)
        if collection is not None and self._kvstore is not None:
            self._versions[data], content = self._kvstore.read(collection)
            if content.complete:
                return replace(content, fields=self._fields.get(data, content.fields))
            # earlier versions kept collections as CSV files
            place = self._places.get(f"{collection.name}.csv")
            if place is None or place.files.root != self._data_dir:
                return content
        return TableData(complete=False) if place is None else place.load()

    def __getitem__(self, name: str) -> TableView:
        table = self.find(name)
        if table is None:
            raise KeyError(name)
        return TableView(name, table.rows(), table.fields, table.definition)

    def __iter__(self) -> Iterator[str]:
        files = {name for name in (*self._places, *self._data) if "/" not in name}
        names = {*self._definitions, *(name for name in files if not name.startswith(COLLECTION))}
        return iter(sorted(names))

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def __contains__(self, name: object) -> bool:
        return name in self._definitions or name in self._places or name in self._data

    # ---- writing -------------------------------------------------------------------------------------------------

    def write(
        self,
        name: str,
        rows: list[Row],
        fields: list[str],
        append: bool = False,
        updates: bool = True,
        flat: bool = False,
        remove: bool = False,
    ) -> None:
        """Replace a table's rows or append to them; a table that is not there is made (a file, where the name ends in
        `.csv` or `.csv.gz`, else a definition over one). With a `data_dir` the table is written there as well.

        Rows appended to a file have the columns that it has; `flat`: several values of a cell of a file become one,
        with blanks between; `remove`: the file is removed. In a KV store every row has a `_key`, and an appended row
        with the `_key` of one that is there replaces it, unless `updates` is false.
        """
        definition = self._definitions.get(name)
        data = definition.data if definition is not None else name
        if definition is None and not name.lower().endswith((".csv", ".csv.gz")):
            data = f"{name}.csv"
            self._definitions[name] = Definition(name, data)
        if data in self._collections:
            self._write_collection(data, rows, fields, append, updates)
        elif remove:
            self._remove_file(data)
        else:
            cells = [{field: row[field] for field in fields if field in row} for row in rows]
            self._write_file(data, list(map(_flat, cells)) if flat else cells, fields, append)
        self._written[name] = self._definitions.get(name) or Definition(name, data)

    def _write_file(self, data: str, rows: list[Row], fields: list[str], append: bool) -> None:
        new = table_data(rows, fields)
        path = self._path(data)
        if path is None:
            self._keep_file(data, self._following(data, new, append))
            return
        with locked_below(path):
            if append or not fields:
                self._read_again(data, path)
            new = self._following(data, new, append)
            text = csv_text(new)
            write_atomically(
                path, gzip.compress(text.encode("utf-8", "replace"), mtime=0) if path.name.endswith(".gz") else text
            )
        self._keep_file(data, new)

    def _following(self, data: str, new: TableData, append: bool) -> TableData:
        """What a file holds after a write of rows to it."""
        if append:
            return _appended(self._content(data), new)
        return new if new.rows or new.fields else TableData((), self._content(data).fields)

    def _keep_file(self, data: str, content: TableData) -> None:
        self._forget(data)
        self._data[data] = content

    def _read_again(self, data: str, path: Path) -> None:
        """Read a file of `data_dir` that another environment or process may have written since."""
        if self._data_dir is not None and path.is_file():
            self._keep_file(data, Place(AppFiles(self._data_dir), (path.name,)).load())

    def _remove_file(self, data: str) -> None:
        path = self._path(data)
        if path is not None:
            with locked_below(path), file_errors(path, "removed"):
                path.unlink(missing_ok=True)
        self._forget(data)
        self._data[data] = TableData((), self._fields.get(data, ()), complete=False)

    def _write_collection(self, data: str, rows: list[Row], fields: list[str], append: bool, updates: bool) -> None:
        collection = self._collections[data]
        columns = self._fields.get(data) or tuple(fields)
        kept = {*columns, KEY}
        new = table_data(
            [collection.record({name: row[name] for name in row if name in kept}) for row in rows], columns
        )
        before = self._content(data)
        if not append and not columns:
            new = replace(new, fields=before.fields)
        if self._kvstore is None:
            content = merged(before, new.rows, new.fields, append, updates)
            self._forget(data)
            self._data[data] = content
            return
        if append and before.rows and not self._kvstore.version(collection):
            self._kvstore.write(collection, before.rows, before.fields)
        self._kvstore.write(collection, new.rows, new.fields, append, updates)
        self._forget(data)

    def written(self) -> list[tuple[str, Definition, TableData]]:
        """Return the tables that runs wrote, for an environment in another process."""
        return [(name, definition, self._content(definition.data)) for name, definition in self._written.items()]

    def restore(self, written: Iterable[tuple[str, Definition, TableData]]) -> None:
        """Take in tables that runs of another environment of these definitions wrote."""
        for name, definition, content in written:
            if definition.name != definition.data:
                self._definitions[name] = definition
            self._forget(definition.data)
            self._data[definition.data] = content
            self._written[name] = definition

    def _path(self, data: str) -> Path | None:
        """Where the file of a table is written; None without a `data_dir`, or for what is no file name."""
        file = data.rpartition("/")[2]
        if self._data_dir is None or not is_file_name(file):
            return None
        name = file if file.lower().endswith((".csv", ".csv.gz")) else f"{file}.csv"
        check_name(name)
        return self._data_dir / name


_KNOWN = frozenset(
    {
        "rows",
        "fields",
        "match_type",
        "case_sensitive",
        "case_sensitive_match",
        "max_matches",
        "min_matches",
        "default_match",
        "filename",
        "time_field",
        "time_format",
        "max_offset_secs",
        "min_offset_secs",
        "filter",
    }
)


def _stanzas(files: AppFiles, file: str) -> Stanzas:
    data = files.read(file)
    return {} if data is None else merge([read_layer("", file, data)])


def _appended(before: TableData, new: TableData) -> TableData:
    """Add rows behind those of a file, in its columns where it has some."""
    if not before.fields:
        return TableData((*before.rows, *new.rows), new.fields)
    rows = ({name: value for name, value in row.items() if name in before.fields} for row in new.rows)
    return TableData((*before.rows, *rows), before.fields)


def _flat(row: Row) -> Row:
    return {name: joined(value, " ") if isinstance(value, list) else value for name, value in row.items()}
