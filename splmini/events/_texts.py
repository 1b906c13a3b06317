"""Events that are their text, read into columns: what each tells of its class, and of its time where that is asked."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from splmini.events._reader import Ask, Block, Reads, Report, Settings
from splmini.operators import ColumnBatch

if TYPE_CHECKING:
    from splmini.operators import Row

_MOST_CLASSES = 50_000


@dataclass(frozen=True)
class Texts:
    """How the events of a format tell their class.

    `cut` gives the texts of records of a block (None: of all), None where some have to be parsed one by one. `key` is
    what a text tells of its class, `told` the fields that this stands for; `moments` are the times of texts.
    """

    cut: Callable[[Block, list[bytes] | None], list[str] | None]
    key: Callable[[str], Hashable]
    told: Callable[[Any, Settings], Row]
    moments: Callable[[Sequence[str], Settings], list[float | None]]


@dataclass(frozen=True)
class _Class:
    """Events that tell the same, besides their times."""

    reads: Reads
    told: Row
    inferred: tuple[str, str] | None


class TextColumns:
    """Reads blocks of a format into columns."""

    def __init__(self, texts: Texts, ask: Ask) -> None:
        self._texts = texts
        self._ask = ask
        self._classes: dict[Hashable, _Class | None] = {}

    def tables(self, block: Block, records: list[bytes] | None, report: Report) -> list[ColumnBatch | list[Row]] | None:
        """Return the events of records of a block as one table; None where some have to be parsed one by one."""
        texts = self._texts.cut(block, records)
        if texts is None:
            return None
        keys = list(map(self._texts.key, texts))
        counts = Counter(keys)
        classes = {key: self._class(key, block.settings) for key in counts}
        known = {key: found for key, found in classes.items() if found is not None}
        if len(known) < len(classes):
            return None
        moments = None
        if any(each.reads.timed for each in known.values()):
            moments = self._texts.moments(texts, block.settings)
            if None in moments:
                return None
        report.records += len(texts)
        for key, count in counts.items():
            if (inferred := known[key].inferred) is not None:
                report.inferred[inferred] += count
        return [_table(texts, keys, known, moments)] if texts else []

    def _class(self, key: Hashable, settings: Settings) -> _Class | None:
        if key in self._classes:
            return self._classes[key]
        if len(self._classes) > _MOST_CLASSES:
            self._classes.clear()
        told = self._texts.told(key, settings)
        inferred = None
        if "sourcetype" in told and settings.sourcetype is None:
            inferred = (told["sourcetype"], told.get("source", ""))
        told |= settings.fixed
        if settings.name is not None:
            told.setdefault("source", settings.name)
        reads = self._ask(told)
        if reads is None or not (settings.ingest is None or settings.ingest.keeps(told, settings, reads.timed)):
            self._classes[key] = None
        else:
            self._classes[key] = _Class(reads, told, inferred)
        return self._classes[key]


def _table(
    texts: list[str], keys: list[Hashable], classes: dict[Hashable, _Class], moments: list[float | None] | None
) -> ColumnBatch:
    """Make one table of events of some classes: those that give the same and of which the same is read together."""
    groups: dict[Any, set[Hashable]] = {}
    for key, each in classes.items():
        groups.setdefault((id(each.reads), frozenset(each.told)), set()).add(key)
    if len(groups) == 1:
        return _finished(texts, keys, classes, moments)
    parts: list[tuple[list[int], ColumnBatch]] = []
    for members in groups.values():
        places = [place for place, key in enumerate(keys) if key in members]
        own = None if moments is None else [moments[place] for place in places]
        parts.append((places, _finished([texts[at] for at in places], [keys[at] for at in places], classes, own)))
    return ColumnBatch.together(parts)


def _finished(
    texts: list[str], keys: list[Hashable], classes: dict[Hashable, _Class], moments: list[float | None] | None
) -> ColumnBatch:
    first = classes[keys[0]]
    columns: dict[str, list[Any]] = {"_raw": texts}
    for name in first.told:
        values = {key: each.told.get(name) for key, each in classes.items()}
        columns[name] = list(map(values.__getitem__, keys))
    if moments is not None:
        columns["_time"] = moments
    return first.reads.finish(ColumnBatch(columns, len(texts)), frozenset(columns))
