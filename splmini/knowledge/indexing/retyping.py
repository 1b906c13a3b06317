"""Which events may get another sourcetype, or another text, than they are read with: by index-time settings of
props.conf, or by `rename` when they are searched."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from splmini.values import regex

if TYPE_CHECKING:
    from splmini.knowledge.apps import Knowledge
    from splmini.knowledge.props import PropsStanza

_INDEX_TIME = ("SEDCMD", "TRANSFORMS", "RULESET-")


class Changing:
    """Which sourcetypes, as events are read with them, apps may change. One per `Knowledge`."""

    def __init__(self, knowledge: Knowledge) -> None:
        stanzas = knowledge.props.stanzas.values()
        read = [each for each in stanzas if _acts_on(each.settings, _INDEX_TIME) or _assigns(each)]
        renamed = [each for each in stanzas if "rename" in each.settings]
        everything = _acts_on(knowledge.props.defaults, _INDEX_TIME)
        self._read = _Sourcetypes(read, everything)
        self._searched = _Sourcetypes([*read, *renamed], everything)

    def when_read(self, sourcetype: str) -> bool:
        """Say whether events of a sourcetype may be changed before they are in the index."""
        return self._read.hold(sourcetype)

    def by_any_source(self) -> bool:
        """Say whether events may be changed before they are in the index, whatever their sourcetype."""
        return self._read.everything

    def keeps(self, sourcetypes: Iterable[str]) -> bool:
        """Say whether events of these sourcetypes (lower case) are searched by the one that they are read with."""
        return not any(map(self._searched.hold, sourcetypes))


class _Sourcetypes:
    """A set of sourcetypes, given by stanzas; one of a source or a host stands for all."""

    def __init__(self, stanzas: list[PropsStanza], everything: bool) -> None:
        self.everything = everything or any(each.kind != "sourcetype" for each in stanzas)
        self._stanzas = stanzas
        self._known: dict[str, bool] = {}

    def hold(self, sourcetype: str) -> bool:
        """Say whether a sourcetype, in any spelling, is one of them."""
        if self.everything or not self._stanzas:
            return self.everything
        known = self._known.get(sourcetype)
        if known is None:
            if len(self._known) > 10_000:
                self._known.clear()
            known = self._known[sourcetype] = any(could_be(each, (sourcetype.lower(),)) for each in self._stanzas)
        return known


def could_be(stanza: PropsStanza, sourcetypes: Iterable[str]) -> bool:
    """Say whether a sourcetype's stanza could be for one of these sourcetypes (lower case), in any spelling."""
    if stanza.pattern is None:
        return stanza.literal.lower() in sourcetypes
    pattern = regex.compile(f"(?i){stanza.pattern.pattern}")
    return any(pattern.search(sourcetype) is not None for sourcetype in sourcetypes)


def _acts_on(settings: Iterable[str], names: tuple[str, ...]) -> bool:
    return any(key.startswith(names) for key in settings)


def _assigns(stanza: PropsStanza) -> bool:
    return stanza.kind != "sourcetype" and "sourcetype" in stanza.settings
