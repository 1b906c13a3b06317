"""What a run hands to commands of its environment: what apps define, lookup tables, files. `RunContext` holds them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from splmini.errors import Span
    from splmini.language import tree
    from splmini.operators import Fields, Row, RunContext, Stream


class Table(Protocol):
    """A lookup table of the environment, as commands use it."""

    name: str

    @property
    def complete(self) -> bool:
        """Whether its content is here; it is read as empty where it is not."""

    def rows(self) -> list[Row]:
        """Return the table's rows as new dicts; null cells are absent."""

    @property
    def fields(self) -> list[str]:
        """The columns, in the table's order."""

    def matcher(
        self, keys: list[str], outputs: list[str] | None, ctx: RunContext, time_field: str = "_time"
    ) -> Callable[[list[Any], float | None], list[Row] | None]:
        """Return a function from the key values (aligned with `keys`) and the event's time to the matching rows.

        It applies match_type, case_sensitive_match, min_matches, max_matches and default_match; None where nothing
        matches.
        """


class Dataset(Protocol):
    """A dataset of a data model, as tstats, from, datamodel and pivot use it."""

    model: str
    name: str
    lineage: tuple[str, ...]
    fields: tuple[str, ...]

    def describe(self) -> str:
        """Return what the dataset is, as JSON."""

    def describe_models(self) -> list[str]:
        """Return what the dataset's model is, as JSON; of no dataset (the name ""), what each model is."""

    def summary_fields(self) -> frozenset[str]:
        """Return the fields of the dataset and of those below it, by their prefixed names."""

    def rows(
        self,
        ctx: RunContext,
        needed: Fields,
        prefixed: bool,
        where: tree.Node | None = None,
        strict: bool = True,
        tables: bool = False,
    ) -> Stream:
        """Return the dataset's events with its calculated fields; names prefixed with the dataset's where asked.

        `where` is a search expression over the rows as they are given; `strict` leaves out what is no field of the
        dataset. With `tables` batches may be `ColumnBatch`es.
        """


class Apps(Protocol):
    """What the apps define, by name."""

    def dataset(self, name: str, span: Span | None = None) -> Dataset:
        """Return `Model.Dataset`, or the root dataset of a bare `Model`; raises UnknownDataModel."""

    def saved_search(self, name: str, span: Span | None = None) -> str:
        """Return the text of a saved search; raises KnowledgeError."""

    def transform(self, name: str, span: Span | None = None) -> Callable[[Row], None]:
        """Return an extraction of transforms.conf, which changes a row in place; raises KnowledgeError."""

    def form(self, name: str) -> Callable[[Row], None] | None:
        """Return the extraction of a form; None where there is none of that name."""

    def stanza(self, conf: str, name: str) -> Mapping[str, str] | None:
        """Return the settings of a stanza of a conf file; None where there is none of that name."""


class Lookups(Protocol):
    """The lookup tables."""

    def table(self, name: str, span: Span | None = None, reading: bool = True) -> Table:
        """Return a lookup table; raises UnknownLookup. Who is `reading` it is told where its content is not here."""

    def write(self, name: str, rows: list[Row], fields: list[str], append: bool = False, **options: Any) -> None:
        """Write a lookup table; visible to later runs when this one ends well."""


class Files(Protocol):
    """The files below `data_dir`, in memory without one; and those that the caller names for commands."""

    def read(self, name: str) -> str:
        """Read a file that a run wrote, or one below `data_dir`."""

    def change(self, name: str, change: Callable[[str | None], str | None]) -> None:
        """Change a file when this run ends well: `change` makes its new text of the text that it has by then; None
        stands for no file."""

    def database(self, name: str) -> str | None:
        """Return the path of the database that the environment names for a command; None where it names none."""
