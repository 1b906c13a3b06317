"""What a run asks of its environment, and what it wants to write there."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import tzinfo
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias

from splmini.errors import Span
from splmini.events import Ask
from splmini.language import tree
from splmini.limits import Limits
from splmini.operators import Batch, Dataset, Fields, Implied, Row, Table

if TYPE_CHECKING:
    from splmini.engine.context import Run
    from splmini.plan.demands import Demand

Mapper: TypeAlias = "Callable[[Batch], Any]"
"""From events to rows: a list of them, or a `ColumnBatch` where that was asked for."""


class EventFields(Protocol):
    """What a run asks of the apps' knowledge about the fields of events (`knowledge.fields.event_fields`)."""

    def bind_mapper(
        self,
        needed: Fields,
        run: Run,
        raw: bool | None = None,
        owned: bool = False,
        asked: tree.Node | None = None,
        tables: bool = False,
    ) -> Mapper:
        """Return the function from event dicts to rows, knowledge applied; `raw`: rows without a `_raw` get one;
        `owned`: an event that has all that is needed may itself become the row; `tables`: a batch may come as a
        `ColumnBatch`."""

    def given_fields(self, needed: Fields, run: Run, raw: bool) -> Callable[[Row], Fields]:
        """Return a function from what tells the class of an event to the keys of the event that mapping it reads."""

    def asked(self, needed: Fields, run: Run, predicate: tree.Node | None = None) -> Ask | None:
        """Return what is asked of the events of a class whose text is all that they have, to make columns of them;
        None where it is nothing for columns. Tags and event types are only held against the predicate, if given."""

    def gives_index(self) -> bool:
        """Say whether an app could give an event an index."""

    def keeps_given(self, fields: frozenset[str]) -> bool:
        """Say whether the values of these fields that an event gives are those of its row."""

    def raw_filter(self, predicate: tree.Node | None, implied: Implied | None) -> Callable[[Batch], Batch] | None:
        """Return a filter of events whose `_raw` cannot satisfy a search expression; None where none could be."""

    def block_literals(
        self, predicate: tree.Node | None, implied: Implied | None, sourcetypes: frozenset[str] | None = None
    ) -> list[frozenset[str]]:
        """Return sets of literals, one of each of which a raw record must contain to satisfy a search expression;
        `sourcetypes` are the only ones that the records may have."""

    def demanded_literals(
        self, demands: Sequence[Demand], sourcetypes: frozenset[str] | None, given: frozenset[str]
    ) -> list[list[frozenset[str]]]:
        """Return `block_literals` for many demands on events that give some fields."""

    def impossible(self, demands: Sequence[Demand], constants: Row, run: Run) -> list[bool]:
        """Say of each demand whether no event can satisfy it whose sourcetype and source are these."""


class Services(Protocol):
    """What a run needs of its environment; `splmini.environment.Environment` implements it."""

    timezone: tzinfo
    limits: Limits
    index: str

    @property
    def macro_registry(self) -> Any:
        """The macros in force."""

    def command_names(self) -> frozenset[str]:
        """Return the names of commands beyond the registry."""

    @property
    def event_fields(self) -> EventFields:
        """What the apps' knowledge says of the fields of events."""

    def written_events(self, names: set[str]) -> list[Row]:
        """Return the events that earlier runs wrote to the indexes that match one of these names."""

    def find_table(self, name: str, run: Run, span: Span | None, reading: bool = True) -> Table:
        """Return a lookup table; raises UnknownLookup."""

    def find_dataset(self, name: str, span: Span | None) -> Dataset:
        """Return a dataset of a data model; raises UnknownDataModel."""

    def find_saved_search(self, name: str, span: Span | None = None) -> str:
        """Return the text of a saved search."""

    def find_transform(self, name: str, run: Run, span: Span | None) -> Callable[[Row], None]:
        """Return an extraction of transforms.conf; raises KnowledgeError."""

    def find_form(self, name: str) -> Callable[[Row], None] | None:
        """Return the extraction of a form of an app."""

    def find_stanza(self, conf: str, name: str) -> Mapping[str, str] | None:
        """Return the settings of a stanza of a conf file."""

    def find_handler(self, name: str) -> Callable[..., Iterable[Mapping[str, Any]]] | None:
        """Return the handler of a command, if the caller registered one."""

    def setting(self, name: str) -> Any:
        """Return a further setting of the environment, such as a database's path."""

    def commit(self, writes: Writes, run: Run) -> None:
        """Make the writes of a run that ended well visible to later runs."""

    def read_file(self, name: str) -> str:
        """Read a file of `data_dir`, or one held in memory."""


@dataclass
class TableWrite:
    """One write to a lookup table."""

    rows: list[Row]
    fields: list[str]
    append: bool
    options: dict[str, Any]


@dataclass
class Writes:
    """What a run wants to write; committed when it ends well."""

    tables: dict[str, list[TableWrite]] = field(default_factory=dict)
    events: dict[str, list[Row]] = field(default_factory=dict)
    files: dict[str, list[Callable[[str | None], str | None]]] = field(default_factory=dict)
    """What becomes of the text of each file, change by change; None stands for no file."""

    def __bool__(self) -> bool:
        return bool(self.tables or self.events or self.files)
