"""What a run asks of the apps' knowledge: how events become rows, and which events need not (`engine.services`)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from splmini.knowledge.fields import origins as ways
from splmini.knowledge.fields.default_fields import TIME_FIELDS
from splmini.knowledge.fields.mapper import Mapped
from splmini.knowledge.fields.steps import Names
from splmini.plan.demands import Demand

if TYPE_CHECKING:
    from splmini.events import Ask
    from splmini.knowledge.apps import Knowledge
    from splmini.language import tree
    from splmini.operators import Fields, Implied, Row


class KnownFields:
    """The fields of events as the apps of an environment make them; implements `engine.services.EventFields`."""

    def __init__(self, knowledge: Knowledge) -> None:
        self.knowledge = knowledge

    def bind_mapper(
        self,
        needed: Fields,
        run: Any,
        raw: bool | None = None,
        owned: bool = False,
        asked: tree.Node | None = None,
        tables: bool = False,
    ) -> Mapped:
        """Return the function from event dicts to rows, or, with `tables`, to a `ColumnBatch` where that can be."""
        return self.knowledge.mapper().bind(needed, run, raw=raw, owned=owned, asked=asked, tables=tables)

    def given_fields(self, needed: Fields, run: Any, raw: bool) -> Callable[[Row], Fields]:
        """Return a function from what tells the class of an event to the keys that the mapper reads; None: all."""
        return self.knowledge.mapper().given_fields(needed, run, raw=raw)

    def asked(self, needed: Fields, run: Any, predicate: tree.Node | None = None) -> Ask | None:
        """Return what is asked of the events of a class whose text is all that they have; None where it is nothing for
        columns."""
        return self.knowledge.mapper().asked(needed, run, predicate)

    def reads_time(self, fields: Fields) -> bool:
        """Say whether somebody may read the time of events of which these fields are needed."""
        return not Names(fields).exact or not TIME_FIELDS.isdisjoint(fields or ()) or self.knowledge.reads_time

    def gives_index(self) -> bool:
        """Say whether an app could give an event an index."""
        return bool(self.knowledge.gives_index)

    def keeps_given(self, fields: frozenset[str]) -> bool:
        """Say whether the values of these fields that an event gives are those of its row: no sourcetype is renamed."""
        return not self.knowledge.renames or fields.isdisjoint({"sourcetype", "_sourcetype"})

    def raw_filter(self, predicate: tree.Node | None, implied: Implied | None = None) -> ways.Select | None:
        """Return a filter of events whose `_raw` cannot satisfy a search expression; None where none could be."""
        return ways.raw_filter(self.knowledge, predicate, implied)

    def block_literals(
        self, predicate: tree.Node | None, implied: Implied | None = None, sourcetypes: frozenset[str] | None = None
    ) -> list[frozenset[str]]:
        """Return sets of literals, one of each of which a raw record must contain to satisfy a search expression."""
        return ways.block_literals(self.knowledge, predicate, implied, sourcetypes)

    def demanded_literals(
        self, demands: Sequence[Demand], sourcetypes: frozenset[str] | None, given: frozenset[str]
    ) -> list[list[frozenset[str]]]:
        """Return `block_literals` for many demands on events that give some fields."""
        return ways.demanded_literals(self.knowledge, demands, sourcetypes, given)

    def impossible(self, demands: Sequence[Demand], constants: Row, run: Any) -> list[bool]:
        """Say of each demand whether no event can satisfy it whose sourcetype and source are these."""
        return ways.impossible(self.knowledge, demands, constants, run)
