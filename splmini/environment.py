"""The environment: macros, lookups, data models, apps, clock and limits; and the searches compiled in it."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Mapping
from datetime import tzinfo
from os import PathLike
from typing import TYPE_CHECKING, Any

from splmini.boundary import boundary
from splmini.compiled import Search
from splmini.compiler import evaluate_macro
from splmini.errors import ArgumentError, UnsupportedFeature
from splmini.language import parser, tree
from splmini.language.macros import MacroRegistry
from splmini.limits import Limits
from splmini.options import EnvironmentOptions, Handler, check_names
from splmini.results import Results
from splmini.serving import Serving
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
        self._services = Serving(self, self._handlers, self._settings)

    def forget_writes(self) -> None:
        """Forget what runs wrote in memory: risk events and other events, files, lookup tables.

        What was compiled and loaded stays; what stands below `data_dir` does too.
        """
        with self._lock:
            self._services.files.clear()
            if self._services.tables_written:
                self._lookups, self._services.tables_written = None, False

    def __getstate__(self) -> dict[str, Any]:
        written = None if self._lookups is None else self._lookups.written()
        return {"settings": self._settings, "served": tuple(self._handlers), "written": written}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__init__(**state["settings"])  # type: ignore[misc]
        self._handlers.update(dict.fromkeys(state["served"], _left_behind))
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
            registry = registry.evaluated(evaluate_macro)
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

    @property
    @boundary("The loading of data models")
    def datamodels(self) -> DataModels:
        """The data models, a Mapping from `Model` to its datasets."""
        if self._datamodels is None:
            from splmini.knowledge.datamodels.datasets import DataModels

            self._datamodels = DataModels.of(self.knowledge, self._settings["datamodels"])
        return self._datamodels

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
    return parser.parse(spl, MacroRegistry.of(macros).evaluated(evaluate_macro), commands)


@boundary("The layout of the search")
def format(spl: str) -> str:
    """Lay a search out again: only blanks and line breaks change; comments and macro calls stay as written."""
    from splmini.language import layout

    return layout.format(spl)
