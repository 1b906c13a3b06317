"""What a run asks of its environment, and what it wants to write there."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import tzinfo
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias

from splmini.errors import Span
from splmini.events import Ask
from splmini.language import tree
from splmini.limits import Limits
from splmini.operators import Batch, Fields, Implied, Row

if TYPE_CHECKING:
    from splmini.context import Dataset, Table
    from splmini.engine.context import Run
    from splmini.engine.store import Store
    from splmini.environment import Environment
    from splmini.language.macros import MacroRegistry
    from splmini.options import Handler, PathName
    from splmini.plan.demands import Demand
    from splmini.serving import Serving

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

    def reads_time(self, fields: Fields) -> bool:
        """Say whether somebody may read the time of events of which these fields are needed."""

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


class Tables(Protocol):
    """The lookup tables of an environment, by name (`knowledge.lookups.lookups.Tables`)."""

    def find(self, name: str) -> Table | None:
        """Return a table; None where there is none of that name."""

    def __iter__(self) -> Iterator[str]:
        """Iterate over the names of all."""


class DataModels(Protocol):
    """The data models of an environment, by name (`knowledge.datamodels.datasets.DataModels`)."""

    def find(self, name: str) -> Dataset | None:
        """Return a dataset; None where there is none of that name."""

    def names(self) -> list[str]:
        """Return the names of all datasets, with their models."""

    def __iter__(self) -> Iterator[str]:
        """Iterate over the names of the models."""


class Stanzas(Protocol):
    """What apps define for commands (`knowledge.stanzas.Stanzas`)."""

    @property
    def saved_searches(self) -> Mapping[str, str]:
        """The texts of the saved searches."""

    def transform(self, name: str, ctx: Any, span: Span | None) -> Callable[[Row], None]:
        """Return an extraction of transforms.conf; raises KnowledgeError."""

    def form(self, name: str) -> Callable[[Row], None] | None:
        """Return the extraction of a form of an app."""

    def stanza(self, conf: str, name: str) -> Mapping[str, str] | None:
        """Return the settings of a stanza of a conf file."""


class Services(Protocol):
    """What a run needs of its environment; `splmini.serving.Serving` implements it."""

    timezone: tzinfo
    limits: Limits
    index: str

    @property
    def macros(self) -> MacroRegistry:
        """The macros in force."""

    @property
    def apps(self) -> Stanzas:
        """What the apps define by name."""

    @property
    def lookups(self) -> Tables:
        """The lookup tables."""

    @property
    def datamodels(self) -> DataModels:
        """The data models."""

    @property
    def files(self) -> Store:
        """The files below `data_dir`, or in memory."""

    @property
    def databases(self) -> Mapping[str, PathName]:
        """Files that commands need, by the command."""

    @property
    def handlers(self) -> Mapping[str, Handler]:
        """The handlers of commands that the caller serves."""

    @property
    def event_fields(self) -> EventFields:
        """What the apps' knowledge says of the fields of events."""

    def command_names(self) -> frozenset[str]:
        """Return the names of commands beyond the registry."""

    def written_events(self, names: set[str]) -> list[Row]:
        """Return the events that earlier runs wrote to the indexes that match one of these names."""

    def commit(self, writes: Writes) -> None:
        """Make the writes of a run that ended well visible to later runs."""


def services_of(environment: Environment) -> Serving:
    """Return what runs ask of an environment, which is no part of its public face."""
    return environment._services


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
