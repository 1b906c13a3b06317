"""props.conf: which stanzas apply to an event, and what they set together.

Source: https://docs.splunk.com/Documentation/Splunk/latest/Admin/Propsconf
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field

from splmini.errors import SplError
from splmini.knowledge.conf import DEFAULT, Setting, Stanza, Stanzas, as_int
from splmini.knowledge.indexing.content_rules import KINDS, ContentRule, build_rules
from splmini.values import regex

_PATTERN = re.compile(r"\.\.\.|[*|(]")
_LITERAL_PRIORITY, _PATTERN_PRIORITY = 100, 0


@dataclass(frozen=True)
class PropsStanza:
    """A stanza of props.conf: `kind` is source, host or sourcetype; `pattern` None where the name is literal."""

    name: str
    kind: str
    literal: str
    pattern: regex.Pattern | None
    priority: int
    settings: Stanza

    def matches(self, value: str) -> bool:
        """Say whether a source, host or sourcetype is one that the stanza is for."""
        if self.pattern is not None:
            return self.pattern.search(value) is not None
        return (value.lower() if self.kind == "host" else value) == self.literal


@dataclass(frozen=True)
class PropsKey:
    """The stanzas that apply to an event, strongest first, and the sourcetype that it has at search time."""

    stanzas: tuple[str, ...]
    sourcetype: str
    renamed_from: str | None = None


@dataclass
class Props:
    """All stanzas of props.conf, ready to be asked which of them apply."""

    stanzas: dict[str, PropsStanza]
    defaults: Stanza
    problems: list[tuple[str, Setting | None, str]] = field(default_factory=list)
    rules: tuple[ContentRule, ...] = ()
    """How a file's lines say what its sourcetype is."""

    def __post_init__(self) -> None:
        self._by_sourcetype: dict[str, list[PropsStanza]] = {}
        self._sourcetype_patterns: list[PropsStanza] = []
        self._sources: list[PropsStanza] = []
        self._hosts: list[PropsStanza] = []
        for stanza in self.stanzas.values():
            if stanza.kind == "source":
                self._sources.append(stanza)
            elif stanza.kind == "host":
                self._hosts.append(stanza)
            elif stanza.pattern is not None:
                self._sourcetype_patterns.append(stanza)
            else:
                self._by_sourcetype.setdefault(stanza.literal.lower(), []).append(stanza)
        self._keys: dict[tuple[str, str, str], PropsKey] = {}
        self._at_index: dict[tuple[str, str, str], tuple[str, ...]] = {}

    def key(self, source: str, sourcetype: str, host: str) -> PropsKey:
        """Return which stanzas apply to an event of this source, sourcetype and host."""
        if not self._hosts:
            host = ""
        wanted = (source, sourcetype, host)
        found = self._keys.get(wanted)
        if found is None:
            if len(self._keys) > 100_000:
                self._keys.clear()
            found = self._keys[wanted] = self._find(source, sourcetype, host)
        return found

    def _find(self, source: str, sourcetype: str, host: str) -> PropsKey:
        original, types = sourcetype, self._sourcetype_stanzas(sourcetype)
        rename = self._first(types, "rename")
        if rename is not None and rename != sourcetype:
            sourcetype, types = rename, self._sourcetype_stanzas(rename)
        sources = _ordered(stanza for stanza in self._sources if stanza.matches(source))
        hosts = _ordered(stanza for stanza in self._hosts if stanza.matches(host))
        names = tuple(stanza.name for stanza in (*sources, *hosts, *types))
        return PropsKey(names, sourcetype, original if sourcetype != original else None)

    def at_index(self, source: str, sourcetype: str, host: str) -> tuple[str, ...]:
        """Return the stanzas that apply to an event before it is in the index: `rename` is of search time only."""
        wanted = (source, sourcetype, host if self._hosts else "")
        found = self._at_index.get(wanted)
        if found is None:
            if len(self._at_index) > 100_000:
                self._at_index.clear()
            sources = _ordered(stanza for stanza in self._sources if stanza.matches(source))
            hosts = _ordered(stanza for stanza in self._hosts if stanza.matches(host))
            found = tuple(each.name for each in (*sources, *hosts, *self._sourcetype_stanzas(sourcetype)))
            self._at_index[wanted] = found
        return found

    @property
    def has_hosts(self) -> bool:
        """Whether any stanza is for hosts."""
        return bool(self._hosts)

    def _sourcetype_stanzas(self, sourcetype: str) -> list[PropsStanza]:
        """Stanzas of a sourcetype. Splunk compares its case; the content of the field says that collectors do not
        agree on it, so a spelling that no stanza has finds the stanzas of the others."""
        spelled = self._by_sourcetype.get(sourcetype.lower(), [])
        exact = [stanza for stanza in spelled if stanza.literal == sourcetype]
        patterns = [stanza for stanza in self._sourcetype_patterns if stanza.matches(sourcetype)]
        return _ordered([*(exact or spelled), *patterns])

    def _first(self, stanzas: Iterable[PropsStanza], key: str) -> str | None:
        for stanza in stanzas:
            if key in stanza.settings:
                return stanza.settings[key].value or None
        return None

    def merged(self, stanzas: tuple[str, ...]) -> dict[str, tuple[str, Setting]]:
        """Return the settings in force, each with the stanza it is from: the strongest stanza wins per setting."""
        result: dict[str, tuple[str, Setting]] = {}
        for name in stanzas:
            for key, setting in self.stanzas[name].settings.items():
                result.setdefault(key, (name, setting))
        for key, setting in self.defaults.items():
            result.setdefault(key, (DEFAULT, setting))
        return result


def _ordered(stanzas: Iterable[PropsStanza]) -> list[PropsStanza]:
    return sorted(stanzas, key=_rank)


def _rank(stanza: PropsStanza) -> tuple[int, str]:
    return -stanza.priority, stanza.name


def build_props(stanzas: Stanzas) -> Props:
    """Sort the stanzas of props.conf by kind and compile their patterns."""
    built: dict[str, PropsStanza] = {}
    rules, problems = build_rules(stanzas)
    for name, settings in stanzas.items():
        if name == DEFAULT or name.startswith(KINDS):
            continue
        kind, literal = _kind(name)
        # the name of a sourcetype is a pattern only where `::` stands in it, as in the idiom (?::){0}
        is_pattern = "::" in literal if kind == "sourcetype" else bool(_PATTERN.search(literal))
        try:
            pattern = regex.compile(_translate(literal, kind)) if is_pattern else None
        except SplError as error:
            problems.append((name, None, f"the stanza's pattern is no regular expression: {error.message}"))
            continue
        priority = as_int(_value(settings, "priority"), _PATTERN_PRIORITY if is_pattern else _LITERAL_PRIORITY)
        literal = literal.lower() if kind == "host" else literal.replace("\\\\", "\\")
        built[name] = PropsStanza(name, kind, literal, pattern, priority, settings)
    return Props(built, stanzas.get(DEFAULT, {}), problems, rules)


def at_fault(settings: Stanza, wrong: Setting | None) -> list[tuple[str, Setting]]:
    """Return the setting of a stanza that a problem is about, with its name: the first where it is the whole stanza;
    empty where the setting is not among these."""
    return [(key, setting) for key, setting in settings.items() if wrong is None or setting == wrong][:1]


def _value(settings: Stanza, key: str) -> str | None:
    return settings[key].value if key in settings else None


def _kind(name: str) -> tuple[str, str]:
    for kind in ("source", "host"):
        if name.startswith(f"{kind}::"):
            return kind, name[len(kind) + 2 :]
    return "sourcetype", name


_TOKEN = re.compile(r"\\.|\.\.\.|[.*]|[^\\.*]+", re.DOTALL)


def _translate(pattern: str, kind: str) -> str:
    """Turn a stanza name into a regular expression over the whole value: `...` is anything, `*` anything but a path
    separator, `.` a full stop, and the rest as it is."""
    parts = []
    for token in _TOKEN.findall(pattern):
        parts.append({"...": ".*", "*": r"[^/\\]*", ".": r"\."}.get(token, token))
    flags = "(?si)" if kind == "host" else "(?s)"
    return rf"{flags}\A(?:{''.join(parts)})\z"
