"""The environment: macros, lookups, data models, apps, clock and limits; and the searches compiled in it."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Mapping
from datetime import tzinfo
from os import PathLike
from typing import TYPE_CHECKING, Any

from splmini.boundary import boundary
from splmini.compiled import Search
from splmini.compiler import evaluate_macro
from splmini.engine.context import Run
from splmini.engine.services import EventFields, Writes
from splmini.engine.store import Store
from splmini.errors import (
    ArgumentError,
    KnowledgeError,
    Span,
    UnknownDataModel,
    UnknownLookup,
    UnsupportedFeature,
    did_you_mean,
)
from splmini.language import parser, tree
from splmini.language.macros import MacroRegistry
from splmini.limits import Limits
from splmini.operators import Dataset, Row, Table
from splmini.options import EnvironmentOptions, Handler, Moment, check_names
from splmini.plan.build import Builder
from splmini.results import Results
from splmini.values import times

if TYPE_CHECKING:
    from typing_extensions import Unpack

    from splmini.detections.detection import Detection
    from splmini.detections.explain.explanation import Explanation
    from splmini.knowledge.apps import Knowledge
    from splmini.knowledge.datamodels.datasets import DataModels
    from splmini.knowledge.lookups.lookups import Tables
    from splmini.options import AnyEvents, ExplainArguments, MacroSettings, RunArguments


class Environment:
    """Everything that a search means something in. Compiled searches share it; concurrent runs are safe.

    Args:
        macros: a `MacroRegistry`, folder(s) of macro YAML or macros.conf, or a dict; on top of the built-in macros.
        lookups: folder(s), or a dict of tables.
        datamodels: `{"Model": {"Dataset": {"search": ..., "fields": [...]}}}`; replaces an app's dataset of the name.
        apps: Splunk app folders and names of built-in packs, in place of every built-in pack.
        commands: handlers of server-side and custom commands, `f(rows, arguments) -> rows`.
        index: the index of events that carry none; "any": they match every `index=`.
        now: epoch seconds, datetime or ISO text; None: the clock at each run.
        earliest, latest: the time range: Splunk time modifiers or epoch seconds.
        timezone: an IANA name.
        limits: a `Limits`.
        data_dir: the one folder that outputlookup, outputcsv and collect may write under; None: in memory.
        databases: files that commands need, such as `{"iplocation": "GeoLite2-City.mmdb"}`.

    Raises:
        SplError: KnowledgeError for files that are not well formed.
    """

    @boundary("The making of the environment")
    def __init__(self, **options: Unpack[EnvironmentOptions]) -> None:
        check_names(options, EnvironmentOptions.__annotations__, "An environment")
        _check_kinds(options)
        settings: dict[str, Any] = {**dict.fromkeys(EnvironmentOptions.__annotations__), "index": "any", **options}
        settings["timezone"] = options.get("timezone", "UTC")
        self._handlers: dict[str, Handler] = dict(settings.pop("commands") or {})
        self._settings = settings
        self.index: str = settings["index"]
        self.limits: Limits = settings["limits"] or Limits()
        self.timezone: tzinfo = times.get_timezone(settings["timezone"])
        self._setup()

    def _setup(self) -> None:
        self._lock = threading.RLock()
        self._knowledge: Knowledge | None = None
        self._macros: MacroRegistry | None = None
        self._lookups: Tables | None = None
        self._datamodels: DataModels | None = None
        self._compiled: dict[str, Search] = {}
        self._store = Store(self._settings["data_dir"])
        self._tables_written = False

    def forget_writes(self) -> None:
        """Forget what runs wrote in memory: risk events and other events, files, lookup tables.

        What was compiled and loaded stays; what stands below `data_dir` does too.
        """
        with self._lock:
            self._store.clear()
            if self._tables_written:
                self._lookups, self._tables_written = None, False

    def __getstate__(self) -> dict[str, Any]:
        written = None if self._lookups is None else self._lookups.written()
        return {"settings": self._settings, "served": tuple(self._handlers), "written": written}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__init__(**state["settings"])  # type: ignore[misc]
        self._handlers = dict.fromkeys(state["served"], _left_behind)
        if state["written"]:
            self.lookups.restore(state["written"])

    # ---- what can be read ----------------------------------------------------------------------------------------

    @property
    @boundary("The loading of macros")
    def macros(self) -> MacroRegistry:
        """The macros in force: built in, of the apps, of the caller; later ones win."""
        if self._macros is None:
            registry = MacroRegistry.builtin().merged(self.knowledge.macros)
            own = self._settings["macros"]
            if own is not None:
                registry = registry.merged(MacroRegistry.of(own))
            registry = MacroRegistry(registry.macros(), evaluate_macro)
            self._macros = registry
        return self._macros

    @boundary("The adding of macros")
    def add_macros(self, macros: MacroSettings) -> None:
        """Add macros, or put others in the place of those of the same name; what was compiled before stays as it is.

        Args:
            macros: as for the environment itself.

        Raises:
            SplError: MacroError or KnowledgeError for what is not well formed.

        >>> env = Environment()
        >>> env.add_macros({"twice(1)": {"args": ["x"], "definition": "eval n=2*$x$"}})
        >>> env.compile("| makeresults | `twice(4)` | table n").run()[0]
        {'n': 8}
        """
        with self._lock:
            self._settings["macros"] = self.macros.merged(MacroRegistry.of(macros))
            self._macros = None
            self._compiled.clear()

    @property
    def macro_registry(self) -> MacroRegistry:
        """The macros in force, as a run asks for them."""
        return self.macros

    @property
    @boundary("The loading of apps")
    def knowledge(self) -> Knowledge:
        """What the apps define (`splmini.knowledge.apps.Knowledge`), loaded when first needed."""
        if self._knowledge is None:
            from splmini.knowledge.apps import load_apps

            with self._lock:
                if self._knowledge is None:
                    self._knowledge = load_apps(self._settings["apps"])
        return self._knowledge

    @property
    @boundary("The loading of lookups")
    def lookups(self) -> Tables:
        """The lookup tables, a Mapping: `env.lookups["x.csv"].rows`."""
        if self._lookups is None:
            from splmini.knowledge.lookups.lookups import Tables

            with self._lock:
                if self._lookups is None:
                    self._lookups = Tables.of(self.knowledge, self._settings["lookups"], self._settings["data_dir"])
        return self._lookups

    def command_names(self) -> frozenset[str]:
        """The names of commands beyond the registry: of handlers, and of the apps' commands.conf."""
        return frozenset(self._handlers) | frozenset(self.knowledge.commands)

    # ---- the clock -----------------------------------------------------------------------------------------------

    def clock(self) -> float:
        """Return what is now for a run, as epoch seconds."""
        given = self.moment(self._settings["now"], time.time())
        return time.time() if given is None else given

    def moment(self, value: Moment | None, now: float) -> float | None:
        """Return a point in time (epoch, datetime, Splunk modifier or ISO text) as epoch seconds; None for None."""
        return None if value is None else times.point_in_time(value, now, self.timezone)

    # ---- what a run asks for (engine.services.Services) -----------------------------------------------------------

    def builder(self) -> Builder:
        """Return a builder of plans that knows this environment's handlers, macros and commands."""
        from splmini.plan.handlers import handled

        def parse(text: str) -> tree.Pipeline:
            return parser.parse(text, self.macros, self.command_names())

        return Builder(handlers=self._handlers, handled=handled, parsed=parse)

    @property
    def event_fields(self) -> EventFields:
        """What a run asks of the apps' knowledge about the fields of events."""
        from splmini.knowledge.fields.event_fields import KnownFields

        return KnownFields(self.knowledge)

    def find_table(self, name: str, run: Run, span: Span | None, reading: bool = True) -> Table:
        """Return a lookup table."""
        table: Table | None = self.lookups.find(name)
        if table is None:
            raise UnknownLookup(
                f"There is no lookup table '{name}'.", name=name, span=span, hint=did_you_mean(name, self.lookups)
            )
        if reading and not getattr(table, "complete", True):
            run.message("warn", "lookup", f"The content of the lookup '{name}' is not here; it is read as empty.", span)
        return table

    @property
    @boundary("The loading of data models")
    def datamodels(self) -> DataModels:
        """The data models, a Mapping from `Model` to its datasets."""
        if self._datamodels is None:
            from splmini.knowledge.datamodels.datasets import DataModels

            self._datamodels = DataModels.of(self.knowledge, self._settings["datamodels"])
        return self._datamodels

    def find_dataset(self, name: str, span: Span | None) -> Dataset:
        """Return a dataset of a data model."""
        dataset: Dataset | None = self.datamodels.find(name)
        if dataset is None:
            raise UnknownDataModel(
                f"There is no data model or dataset '{name}'.",
                name=name,
                span=span,
                hint=did_you_mean(name, [*self.datamodels, *self.datamodels.names()]),
            )
        return dataset

    def add_events(self, index: str, events: Iterable[Row]) -> None:
        """Keep events (risk events, what collect wrote) in an index of the environment, for later runs."""
        self._store.add_events(index, events)

    def find_saved_search(self, name: str, span: Span | None = None) -> str:
        """Return the text of a saved search of the apps."""
        found: str | None = self.knowledge.saved_searches.get(name)
        if found is None:
            raise KnowledgeError(
                f"There is no saved search '{name}'.",
                name=name,
                hint=did_you_mean(name, self.knowledge.saved_searches),
                span=span,
            )
        return found

    def find_transform(self, name: str, run: Run, span: Span | None = None) -> Callable[[Row], None]:
        """Return an extraction of the apps' transforms.conf."""
        from splmini.knowledge import stanzas as named

        return named.extraction(self.knowledge, name, run, span)

    def find_form(self, name: str) -> Callable[[Row], None] | None:
        """Return the extraction of a form of the apps."""
        from splmini.knowledge import stanzas as named

        return named.form(self.knowledge, name)

    def find_stanza(self, conf: str, name: str) -> Mapping[str, str] | None:
        """Return the settings of a stanza of a conf file of the apps."""
        from splmini.knowledge import stanzas as named

        return named.stanza(self.knowledge, conf, name)

    def find_handler(self, name: str) -> Handler | None:
        """Return the handler of a command, if the caller registered one."""
        return self._handlers.get(name)

    def setting(self, name: str) -> Any:
        """Return a further setting: `databases`, `data_dir`."""
        return self._settings.get(name)

    def commit(self, writes: Writes, run: Run) -> None:
        """Make the writes of a run that ended well visible to later runs, under a lock."""
        if not writes:
            return
        with self._lock:
            self._tables_written = self._tables_written or bool(writes.tables)
            for name, batches in writes.tables.items():
                for write in batches:
                    self.lookups.write(name, write.rows, write.fields, write.append, **write.options)
            for index, rows in writes.events.items():
                self._store.add_events(index, rows)
            for name, changes in writes.files.items():
                self._store.change_file(name, changes)

    def written_events(self, names: set[str]) -> list[Row]:
        """Return the events that runs wrote (collect, risk events) to the indexes that match one of these names.

        Later searches find them where they name the index, as the Risk data model does.
        """
        return self._store.events(names)

    def read_file(self, name: str) -> str:
        """Read a file of `data_dir`, or one that a run wrote in memory."""
        return self._store.read_file(name)

    # ---- compiling -----------------------------------------------------------------------------------------------

    def compile(self, spl: str) -> Search:
        """Compile a search; the same text gives the same `Search`.

        Raises:
            SplError: with the position of the mistake in `spl`.

        >>> Environment().compile("| makeresults | eval a=1 | table a").run([])[0]
        {'a': 1}
        """
        known = self._compiled.get(spl)
        if known is None:
            known = Search(self, spl)
            with self._lock:
                if len(self._compiled) >= 10_000:
                    self._compiled.clear()
                self._compiled[spl] = known
        return known

    # ---- explaining ------------------------------------------------------------------------------------------------

    @boundary("The explanation")
    def explain(
        self, search: str | Detection, events: AnyEvents = (), **options: Unpack[ExplainArguments]
    ) -> Explanation:
        """Explain what a search (text or `Detection`) does with events: rows per stage, the nearest misses and why.

        Returns a `splmini.detections.explain.explanation.Explanation`.
        """
        from splmini.detections.explain.explanation import explain

        return explain(self, search, events, **options)

    @boundary("The listing of fields")
    def fields(self, events: AnyEvents = (), **options: Unpack[RunArguments]) -> Results:
        """Return which fields come out of events and where each came from, one entry for each kind of event."""
        from splmini.knowledge.fields.provenance import explain_fields

        return explain_fields(self, events, **options)


_KINDS: dict[str, tuple[tuple[type, ...], str]] = {
    "macros": ((MacroRegistry, str, PathLike, Mapping, Iterable), "a MacroRegistry, folders or a dict"),
    "lookups": ((str, PathLike, Mapping, Iterable), "folders or a dict"),
    "datamodels": ((Mapping,), "a dict"),
    "apps": ((str, PathLike, Iterable), "folders and names of packs"),
    "commands": ((Mapping,), "a dict of functions"),
    "limits": ((Limits,), "a splmini.Limits"),
}


def _check_kinds(options: EnvironmentOptions) -> None:
    """Refuse what is given to an environment as something that it is not."""
    for name, (kinds, told) in _KINDS.items():
        value = options.get(name)
        if value is not None and not isinstance(value, kinds):
            raise ArgumentError(f"{name}= takes {told}, not a {type(value).__name__}.", name=name)


def _left_behind(rows: Any, arguments: Any) -> Iterable[Mapping[str, Any]]:
    """Stand for a handler in another process: searches know the command, and run it where the handler is."""
    raise UnsupportedFeature("The handler of a command stays in the process that it was given in.", name="commands")


@boundary("The search")
def search(spl: str, events: AnyEvents = (), **environment: Unpack[EnvironmentOptions]) -> Results:
    """Run a search over events in a new environment: all of it in one call.

    >>> search("| stats count by user", [{"user": "bob"}, {"user": "bob"}])[0]
    {'user': 'bob', 'count': 2}
    """
    return Environment(**environment).compile(spl).run(events)


@boundary("The parsing of the search")
def parse(spl: str, macros: MacroSettings | None = None, commands: Iterable[str] = ()) -> tree.Pipeline:
    """Parse a search, macros expanded, to its tree; `str(tree)` is canonical SPL.

    >>> len(parse("error | stats count by host | head 3").commands)
    3
    """
    return parser.parse(spl, None if macros is None else MacroRegistry.of(macros), commands)


@boundary("The layout of the search")
def format(spl: str) -> str:
    """Lay a search out again: only blanks and line breaks change; comments and macro calls stay as written."""
    from splmini.language import layout

    return layout.format(spl)
