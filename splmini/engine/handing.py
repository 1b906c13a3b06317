"""What a run hands to commands of its environment. Implements the protocols of `splmini.context`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from splmini.engine.services import TableWrite
from splmini.errors import KnowledgeError, Span, UnknownDataModel, UnknownLookup, did_you_mean

if TYPE_CHECKING:
    from splmini.context import Dataset, Table
    from splmini.engine.context import Run
    from splmini.operators import Row


class RunApps:
    """What the apps define, for one run."""

    def __init__(self, run: Run) -> None:
        self._run = run

    def dataset(self, name: str, span: Span | None = None) -> Dataset:
        """Return a dataset of a data model."""
        models = self._run.services.datamodels
        dataset = models.find(name)
        if dataset is None:
            hint = did_you_mean(name, [*models, *models.names()])
            raise UnknownDataModel(f"There is no data model or dataset '{name}'.", name=name, span=span, hint=hint)
        return dataset

    def saved_search(self, name: str, span: Span | None = None) -> str:
        """Return the text of a saved search."""
        known = self._run.services.apps.saved_searches
        text = known.get(name)
        if text is None:
            hint = did_you_mean(name, known)
            raise KnowledgeError(f"There is no saved search '{name}'.", name=name, hint=hint, span=span)
        return text

    def transform(self, name: str, span: Span | None = None) -> Callable[[Row], None]:
        """Return an extraction of transforms.conf."""
        return self._run.services.apps.transform(name, self._run, span)

    def form(self, name: str) -> Callable[[Row], None] | None:
        """Return the extraction of a form."""
        return self._run.services.apps.form(name)

    def stanza(self, conf: str, name: str) -> Mapping[str, str] | None:
        """Return the settings of a stanza of a conf file."""
        return self._run.services.apps.stanza(conf, name)


class RunLookups:
    """The lookup tables, for one run: what it writes is kept when it ends well."""

    def __init__(self, run: Run) -> None:
        self._run = run

    def table(self, name: str, span: Span | None = None, reading: bool = True) -> Table:
        """Return a lookup table; a message says where the content of one that is read is not here."""
        tables = self._run.services.lookups
        table = tables.find(name)
        if table is None:
            raise UnknownLookup(
                f"There is no lookup table '{name}'.", name=name, span=span, hint=did_you_mean(name, tables)
            )
        if reading and not table.complete:
            text = f"The content of the lookup '{name}' is not here; it is read as empty."
            self._run.message("warn", "lookup", text, span)
        return table

    def write(self, name: str, rows: list[Row], fields: list[str], append: bool = False, **options: Any) -> None:
        """Write a lookup table when the run ends well."""
        self._run.written().tables.setdefault(name, []).append(TableWrite(rows, fields, append, options))


class RunFiles:
    """The files of the environment, for one run: what it changes is changed when it ends well."""

    def __init__(self, run: Run) -> None:
        self._run = run

    def read(self, name: str) -> str:
        """Read a file of `data_dir`, or one held in memory."""
        return self._run.services.files.read_file(name)

    def change(self, name: str, change: Callable[[str | None], str | None]) -> None:
        """Change a file when the run ends well."""
        self._run.written().files.setdefault(name, []).append(change)

    def database(self, name: str) -> str | None:
        """Return the path of the database that the environment names for a command."""
        path = self._run.services.databases.get(name)
        return None if path is None else str(path)
