"""What runs ask of an environment, and what they leave there. Implements `engine.services.Services`."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from splmini.engine.services import EventFields, Writes
from splmini.engine.store import Store
from splmini.language import parser, tree
from splmini.plan.build import Builder
from splmini.values import times

if TYPE_CHECKING:
    from splmini.environment import Environment
    from splmini.knowledge.datamodels.datasets import DataModels
    from splmini.knowledge.lookups.lookups import Tables
    from splmini.knowledge.stanzas import Stanzas
    from splmini.language.macros import MacroRegistry
    from splmini.operators import Row
    from splmini.options import Handler, Moment, PathName


class Serving:
    """An environment as its runs see it."""

    def __init__(self, environment: Environment, handlers: Mapping[str, Handler], settings: Mapping[str, Any]) -> None:
        self.limits = environment.limits
        self.timezone = environment.timezone
        self.index = environment.index
        self.handlers = handlers
        self.files = Store(settings["data_dir"])
        self.tables_written = False
        self._environment = environment
        self._settings = settings

    # ---- what there is -------------------------------------------------------------------------------------------

    @property
    def macros(self) -> MacroRegistry:
        """The macros in force."""
        return self._environment.macros

    @property
    def apps(self) -> Stanzas:
        """What the apps define by name."""
        from splmini.knowledge.stanzas import Stanzas

        return Stanzas(self._environment.knowledge)

    @property
    def lookups(self) -> Tables:
        """The lookup tables."""
        return self._environment.lookups

    @property
    def datamodels(self) -> DataModels:
        """The data models."""
        return self._environment.datamodels

    @property
    def event_fields(self) -> EventFields:
        """What the apps' knowledge says of the fields of events."""
        from splmini.knowledge.fields.event_fields import KnownFields

        return KnownFields(self._environment.knowledge)

    @property
    def databases(self) -> Mapping[str, PathName]:
        """Files that commands need, by the command."""
        return self._settings["databases"] or {}

    def setting(self, name: str) -> Any:
        """Return what the environment was given as `now`, `earliest` or `latest`."""
        return self._settings[name]

    def command_names(self) -> frozenset[str]:
        """Return the names of commands beyond the registry: of handlers, and of the apps' commands.conf."""
        return frozenset(self.handlers) | frozenset(self._environment.knowledge.commands)

    def builder(self) -> Builder:
        """Return a builder of plans that knows the environment's handlers, macros and commands."""
        from splmini.plan.handlers import handled

        def parse(text: str) -> tree.Pipeline:
            return parser.parse(text, self.macros, self.command_names())

        return Builder(handlers=self.handlers, handled=handled, parsed=parse)

    # ---- the clock -----------------------------------------------------------------------------------------------

    def clock(self) -> float:
        """Return what is now for a run, as epoch seconds."""
        given = self.moment(self._settings["now"], time.time())
        return time.time() if given is None else given

    def moment(self, value: Moment | None, now: float) -> float | None:
        """Return a point in time (epoch, datetime, Splunk modifier or ISO text) as epoch seconds; None for None."""
        return None if value is None else times.point_in_time(value, now, self.timezone)

    # ---- what runs leave -----------------------------------------------------------------------------------------

    def commit(self, writes: Writes) -> None:
        """Make the writes of a run that ended well visible to later runs, under a lock."""
        if not writes:
            return
        with self._environment._lock:
            self.tables_written = self.tables_written or bool(writes.tables)
            for name, batches in writes.tables.items():
                for write in batches:
                    self.lookups.write(name, write.rows, write.fields, write.append, **write.options)
            for index, rows in writes.events.items():
                self.files.add_events(index, rows)
            for name, changes in writes.files.items():
                self.files.change_file(name, changes)

    def add_events(self, index: str, events: Iterable[Row]) -> None:
        """Keep events (risk events, what collect wrote) in an index of the environment, for later runs."""
        self.files.add_events(index, events)

    def written_events(self, names: set[str]) -> list[Row]:
        """Return the events that runs wrote (collect, risk events) to the indexes that match one of these names.

        Later searches find them where they name the index, as the Risk data model does.
        """
        return self.files.events(names)
