"""Splunk apps as they are: their conf files merged, and what they define.

    knowledge = load_apps(["/opt/apps/Splunk_TA_windows", "cim"])
    knowledge.mapper().bind(None, run)

An app is a folder with `default/` and `local/`; a built-in pack is the same, inside the package. Where two apps set one
thing, the earlier in the list wins; inside an app, local over default. The pack `system` lies below everything.
"""

from __future__ import annotations

import functools
import re
import threading
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from splmini import resources
from splmini.errors import KnowledgeError, did_you_mean
from splmini.knowledge.conf import DEFAULT, Layer, Setting, Stanzas, as_bool, merge, read_layer, values, with_default
from splmini.knowledge.fields.classifying import Classifier
from splmini.knowledge.fields.eventtypes import EventTypes, Tags, build_eventtypes, build_tags
from splmini.knowledge.fields.extraction import Extraction, Needed, Problem, build_extraction, needed_steps
from splmini.knowledge.files import AppFiles
from splmini.knowledge.indexing.retyping import Changing
from splmini.knowledge.indexing.timestamps import TimeRule, time_rule
from splmini.knowledge.props import Props, at_fault, build_props
from splmini.language.macros import MacroRegistry

if TYPE_CHECKING:
    from splmini.knowledge.fields.mapper import FieldMapper
    from splmini.knowledge.fields.steps import MapperContext
    from splmini.knowledge.indexing.breaking import Breaking
    from splmini.operators import Fields

SYSTEM = "system"
_FOLDERS = ("local", "default")


@dataclass(frozen=True)
class App:
    """An app: its name and files."""

    name: str
    files: AppFiles
    builtin: bool = False
    """True for a pack of splmini's own."""

    def layers(self, conf: str) -> list[Layer]:
        """Return the app's files of a kind of conf, the strongest first."""
        read = _pack_layer if self.builtin else read_layer
        layers = []
        for folder in _FOLDERS:
            file = f"{conf}.conf"
            data = self.files.read(folder, file)
            if data is not None:
                layers.append(read(self.name, f"{folder}/{file}", data))
        return layers


_pack_layer = functools.lru_cache(maxsize=256)(read_layer)
"""What the files of packs hold is read once in a process: every environment has them."""


def pack_names() -> list[str]:
    """Return the names of the built-in packs."""
    return list(_pack_names())


@functools.lru_cache(maxsize=1)
def _pack_names() -> tuple[str, ...]:
    folder = resources.packs_folder()
    if not folder.is_dir():
        return ()
    named = (child for child in folder.iterdir() if not child.name.startswith(("_", ".")))
    return tuple(sorted(child.name for child in named if child.is_dir()))


def load_apps(apps: Any = None) -> Knowledge:
    """Load apps: folders, or names of built-in packs, one or several; None: every built-in pack.

    Nothing is read before it is needed. Raises KnowledgeError where a folder is not there.
    """
    if apps is None:
        wanted: list[Any] = [name for name in pack_names() if name != SYSTEM]
    elif isinstance(apps, (str, Path)) or not isinstance(apps, Iterable):
        wanted = [apps]
    else:
        wanted = list(apps)
    found = [_app(each) for each in wanted]
    if SYSTEM in pack_names() and all(app.name != SYSTEM for app in found):
        found.append(_pack(SYSTEM))
    else:
        found.sort(key=lambda app: app.name == SYSTEM)
    return Knowledge(found)


def _pack(name: str) -> App:
    return App(name, AppFiles(resources.packs_folder() / name, name), builtin=True)


def _app(what: Any) -> App:
    if isinstance(what, App):
        return what
    if isinstance(what, str) and what in pack_names():
        return _pack(what)
    root: Any = Path(what) if isinstance(what, (str, Path)) else what
    if not root.is_dir():
        known = did_you_mean(str(what), pack_names())
        raise KnowledgeError(f"There is no app folder or built-in pack '{what}'.", name=str(what), hint=known)
    if not any((root / folder).is_dir() for folder in _FOLDERS):
        raise KnowledgeError(
            f"'{what}' is no Splunk app: it has neither a folder default nor local.", name=str(what), path=str(what)
        )
    name = root.resolve().name if isinstance(root, Path) else root.name
    return App(name, AppFiles(root, name))


@dataclass
class Knowledge:
    """What a list of apps defines, each part read when it is first asked for. Safe to share between threads."""

    apps: list[App]
    notes: list[Problem] = field(default_factory=list)
    """Settings that were found to do nothing while they were used."""

    def __post_init__(self) -> None:
        self._lock = threading.RLock()
        self._confs: dict[str, Stanzas] = {}
        self._parts: dict[str, Any] = {}
        self._extractions: dict[tuple[str, ...], Extraction] = {}
        self._times: dict[tuple[str, ...], TimeRule] = {}
        self._needed: dict[tuple[tuple[str, ...], Fields], Needed] = {}

    # ---- conf files ----------------------------------------------------------------------------------------------

    def conf(self, name: str) -> Stanzas:
        """Return the merged stanzas of a kind of conf file, such as `props`."""
        found = self._confs.get(name)
        if found is None:
            with self._lock:
                found = self._confs.get(name)
                if found is None:
                    layers = [layer for app in self.apps for layer in app.layers(name)]
                    found = self._confs[name] = merge(layers)
        return found

    def _part(self, name: str, make: Any) -> Any:
        found = self._parts.get(name)
        if found is None:
            with self._lock:
                found = self._parts.get(name)
                if found is None:
                    found = self._parts[name] = make()
        return found

    def note(self, setting: Setting, stanza: str, key: str, text: str) -> None:
        """Remember that a setting does nothing, and why."""
        problem = Problem(setting.app, setting.file, stanza, key, text)
        if problem not in self.notes:
            self.notes.append(problem)

    # ---- what the apps define --------------------------------------------------------------------------------------

    @property
    def macros(self) -> MacroRegistry:
        """The macros of macros.conf."""
        registry: MacroRegistry = self._part("macros", self._macros)
        return registry

    def _macros(self) -> MacroRegistry:
        definitions: dict[str, dict[str, Any]] = {}
        for name, stanza in self.conf("macros").items():
            if name == DEFAULT or "definition" not in stanza:
                continue
            settings = values(stanza)
            definitions[name] = {
                "args": [part.strip() for part in settings.get("args", "").split(",") if part.strip()],
                "definition": settings["definition"],
                "iseval": as_bool(settings.get("iseval")),
                "validation": settings.get("validation") or None,
                "errormsg": settings.get("errormsg") or None,
            }
        return MacroRegistry.from_dict(definitions)

    @property
    def saved_searches(self) -> Mapping[str, str]:
        """The text of each saved search."""
        return self._part("saved_searches", self._saved_searches)  # type: ignore[no-any-return]

    def _saved_searches(self) -> dict[str, str]:
        named = ((name, stanza.get("search")) for name, stanza in self.conf("savedsearches").items() if name != DEFAULT)
        return {name: search.value for name, search in named if search is not None}

    @property
    def commands(self) -> frozenset[str]:
        """The names of the custom commands of commands.conf."""
        return frozenset(name for name in self.conf("commands") if name != DEFAULT)

    @property
    def transforms(self) -> Stanzas:
        """transforms.conf."""
        return self._part("transforms", self._transforms)  # type: ignore[no-any-return]

    def _transforms(self) -> Stanzas:
        stanzas = self.conf("transforms")
        return {name: with_default(stanzas, name) for name in stanzas if name != DEFAULT}

    @property
    def props(self) -> Props:
        """props.conf."""
        return self._part("props", self._props)  # type: ignore[no-any-return]

    def _props(self) -> Props:
        props = build_props(self.conf("props"))
        for name, wrong, text in props.problems:
            for key, setting in at_fault(self.conf("props")[name], wrong):
                self.note(setting, name, key, text)
        return props

    @property
    def builtin_apps(self) -> frozenset[str]:
        """The names of the apps that are packs of splmini's own."""
        return frozenset(app.name for app in self.apps if app.builtin)

    @property
    def renames(self) -> bool:
        """Whether an app gives sourcetypes another name at search time."""
        return self._part("renames", lambda: any("rename" in stanza for stanza in self.conf("props").values()))  # type: ignore[no-any-return]

    @property
    def rewrites_raw(self) -> bool:
        """Whether an app changes `_raw` of events before they are in the index (SEDCMD, DEST_KEY=_raw)."""
        return self._part("rewrites_raw", self._rewrites_raw)  # type: ignore[no-any-return]

    @functools.cached_property
    def reads_time(self) -> bool:
        """Whether an app's settings mention `_time`, or a lookup's rows are in force for a time: fields may depend on
        the time of an event. No pack's do."""
        named = re.compile(r"(?<![\w.])_(?:index)?time\b|\b_?(?:index_)?(?:earliest|latest)\b")
        return any(
            key == "time_field" or named.search(key) or named.search(setting.value)
            for name in ("props", "transforms", "eventtypes", "macros")
            for stanza in self.conf(name).values()
            for key, setting in stanza.items()
            if setting.app not in self.builtin_apps
        )

    @functools.cached_property
    def gives_index(self) -> bool:
        """Whether any setting of search time mentions a field `index`: it could give an event one."""
        named = re.compile(r"\bindex\b")
        return any(
            named.search(key) or (named.search(setting.value) and not key.startswith(("TRANSFORMS", "#")))
            for conf in (self.conf("props"), self.transforms)
            for stanza in conf.values()
            for key, setting in stanza.items()
        )

    @property
    def changing(self) -> Changing:
        """Which events may get another sourcetype or text than they are read with."""
        return self._part("changing", lambda: Changing(self))  # type: ignore[no-any-return]

    def _rewrites_raw(self) -> bool:
        if any(key.startswith("SEDCMD") for stanza in self.conf("props").values() for key in stanza):
            return True
        written = (stanza.get("DEST_KEY") for stanza in self.transforms.values())
        evaluated = any("INGEST_EVAL" in stanza for stanza in self.transforms.values())
        return evaluated or any(key is not None and key.value == "_raw" for key in written)

    @property
    def ingest(self) -> Any:
        """What the apps say about reading files (`knowledge.ingest.Ingest`), loaded when a file is read."""
        return self._part("ingest", lambda: LazyIngest(self))

    @property
    def eventtypes(self) -> EventTypes:
        """eventtypes.conf."""
        return self._part("eventtypes", lambda: build_eventtypes(self.conf("eventtypes")))  # type: ignore[no-any-return]

    @property
    def tags(self) -> Tags:
        """tags.conf."""
        return self._part("tags", lambda: build_tags(self.conf("tags")))  # type: ignore[no-any-return]

    @property
    def lookups(self) -> Any:
        """The lookup tables of the apps."""
        from splmini.knowledge.lookups.lookups import Tables

        return self._part("lookups", lambda: Tables.of(self))

    @property
    def datamodels(self) -> Any:
        """The data models of the apps."""
        from splmini.knowledge.datamodels.datasets import DataModels

        return self._part("datamodels", lambda: DataModels.of(self))

    # ---- extraction --------------------------------------------------------------------------------------------------

    def extraction(self, stanzas: tuple[str, ...]) -> Extraction:
        """Return what the settings of a set of stanzas do; made once."""
        found = self._extractions.get(stanzas)
        if found is None:
            with self._lock:
                found = self._extractions.get(stanzas)
                if found is None:
                    found = build_extraction(self.props.merged(stanzas), self.transforms, self.conf("fields"))
                    self._extractions[stanzas] = found
                    self.notes.extend(problem for problem in found.problems if problem not in self.notes)
        return found

    def time_rule(self, stanzas: tuple[str, ...]) -> TimeRule:
        """Return how the time of an event is found where these stanzas apply."""
        found = self._times.get(stanzas)
        if found is None:
            found = self._times[stanzas] = time_rule(self.plain_settings(stanzas))
        return found

    def plain_settings(self, stanzas: tuple[str, ...]) -> dict[str, str]:
        """Return the values of the settings in force where these stanzas apply."""
        return {key: setting.value for key, (_, setting) in self.props.merged(stanzas).items()}

    def breaking(self, source: str = "", sourcetype: str = "", host: str = "") -> Breaking:
        """Return how raw text of this source, sourcetype and host is cut into events."""
        from splmini.knowledge.indexing.breaking import breaking

        return breaking(self.plain_settings(self.props.key(source, sourcetype, host).stanzas))

    def needed(self, stanzas: tuple[str, ...], fields: Fields) -> Needed:
        """Return the part of an extraction that a set of fields needs; made once."""
        key = (stanzas, fields)
        found = self._needed.get(key)
        if found is None:
            found = needed_steps(self.extraction(stanzas), fields)
            if len(self._needed) < 10_000:
                self._needed[key] = found
        return found

    def classifier(self, ctx: MapperContext) -> Classifier:
        """Return the event types and tags, bound to a run."""
        return Classifier(self.eventtypes.parsed(ctx), self.eventtypes, self.tags, ctx)

    def mapper(self) -> FieldMapper:
        """Return the field mapper of these apps."""
        from splmini.knowledge.fields.mapper import FieldMapper

        return self._part("mapper", lambda: FieldMapper(self))  # type: ignore[no-any-return]

    def __getstate__(self) -> dict[str, Any]:
        return {"apps": self.apps}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__init__(**state)  # type: ignore[misc]


class LazyIngest:
    """`knowledge.ingest.Ingest`, imported and made when a file is read; pickles as that."""

    def __init__(self, knowledge: Knowledge) -> None:
        self._knowledge = knowledge
        self._made: Any = None

    @property
    def made(self) -> Any:
        """The `Ingest`."""
        if self._made is None:
            from splmini.knowledge.indexing.ingest import Ingest

            self._made = Ingest(self._knowledge)
        return self._made

    @property
    def rewrites_raw(self) -> bool:
        """Whether an app changes `_raw` of what is read: the bytes of a file tell nothing of its events then."""
        return self._knowledge.rewrites_raw

    def reading(self, reader: Any, settings: Any) -> Any:
        """Return how a file is read in place of the reader's own way, or None."""
        return self.made.reading(reader, settings)

    def charset(self, settings: Any) -> str | None:
        """Return the codec that an app says a file is in, or None."""
        return self.made.charset(settings)  # type: ignore[no-any-return]

    def by_rule(self, head: bytes, reader: Any, settings: Any) -> str | None:
        """Return the sourcetype that a rule over a file's lines gives it, or None."""
        return self.made.by_rule(head, reader, settings)  # type: ignore[no-any-return]

    def apply(self, events: list[dict[str, Any]], settings: Any) -> list[dict[str, Any]]:
        """Do to events that were just read what Splunk does before they are in the index."""
        return self.made.apply(events, settings)  # type: ignore[no-any-return]

    def keeps(self, told: dict[str, Any], settings: Any, timed: bool) -> bool:
        """Say whether events of a class stay as they were read."""
        return self.made.keeps(told, settings, timed)  # type: ignore[no-any-return]

    def __reduce__(self) -> Any:
        return self.made.__reduce__()
