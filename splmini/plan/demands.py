"""What one of many readings of the same events demands of an event."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from splmini import compiler
from splmini.language import tree
from splmini.operators import Fields, Implied


@dataclass(frozen=True)
class Demand:
    """What the events that a reading takes have to satisfy: `predicate`, and later `implied`."""

    predicate: tree.Node | None
    implied: Implied | None = None

    @cached_property
    def reads(self) -> Fields:
        """The fields that the predicate reads; where there is more to satisfy, any."""
        if self.implied is not None:
            return None
        return frozenset() if self.predicate is None else compiler.fields_read(self.predicate)

    @cached_property
    def reads_raw(self) -> bool:
        """Whether the predicate looks at the text of events."""
        reads = frozenset() if self.predicate is None else compiler.fields_read(self.predicate)
        return reads is None or "_raw" in reads

    @cached_property
    def about_class(self) -> bool:
        """Whether the predicate is about the sourcetype or the source."""
        nodes = () if self.predicate is None else tree.walk(self.predicate)
        return any(getattr(node, "field", None) in ("sourcetype", "source") for node in nodes)
