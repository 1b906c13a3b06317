"""Reading files as an app says: the sourcetype of a path, where events begin and end, their time, index-time settings.

A reader of `events` knows formats; an app knows its own sourcetypes. Where an app says something about a file whose
sourcetype is given (or assigned by a `[source::…]` stanza), it goes before what the reader does by itself. The built-in
packs agree with the readers, so their settings about time count only where the caller named the sourcetype.
"""

from __future__ import annotations

import codecs
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import timezone
from typing import TYPE_CHECKING, Any, BinaryIO

from splmini.errors import LimitExceeded
from splmini.events._framing import LINES
from splmini.events._reader import GIVEN, Block, Reader, Report, Settings, carry_times, finish, parse_records
from splmini.events._times import recognise
from splmini.knowledge.conf import as_bool
from splmini.knowledge.fields.autokv import json_fields
from splmini.knowledge.fields.steps import Names, text_of
from splmini.knowledge.indexing.breaking import Breaking, breaking, has_header, header_events, line_breaker
from splmini.knowledge.indexing.charsets import codec_of
from splmini.knowledge.indexing.content_rules import sourcetype_by_rule
from splmini.knowledge.indexing.indextime import IndexTime, index_time
from splmini.knowledge.indexing.timestamps import TimeRule, time_rule

if TYPE_CHECKING:
    from splmini.knowledge.apps import Knowledge
    from splmini.operators import Row

PIECE = 1 << 20
"""How much of a file is broken into events at once."""
LONGEST = 64 << 20
"""An event that is longer is cut: memory stays bounded."""
MOST_COPIES = 1000
"""Of one event: sourcetypes that are copied into each other would give as many as there are orders of them."""
_TIME_SETTINGS = ("TIME_PREFIX", "TIME_FORMAT", "MAX_TIMESTAMP_LOOKAHEAD", "TZ", "TIMESTAMP_FIELDS", "DATETIME_CONFIG")
_BREAK_SETTINGS = (
    "LINE_BREAKER",
    "SHOULD_LINEMERGE",
    "BREAK_ONLY_BEFORE",
    "BREAK_ONLY_BEFORE_DATE",
    "MUST_BREAK_AFTER",
    "MUST_NOT_BREAK_AFTER",
    "MUST_NOT_BREAK_BEFORE",
)
_ONE_LINE = frozenset(
    {
        "",
        r"([\r\n]+)",
        r"[\r\n]+",
        r"[\n\r]+",
        r"\n",
        r"([\n\r]+)",
        r"(\r?\n)",
        r"([\n]+)",
        r"(\n)",
        r"(\n+)",
        r"([\r\n])",
    }
)
"""LINE_BREAKERs that make each line an event, which readers do by themselves, faster."""
_HEADER_SETTINGS = (
    "FIELD_NAMES",
    "FIELD_DELIMITER",
    "FIELD_QUOTE",
    "HEADER_FIELD_LINE_NUMBER",
    "HEADER_FIELD_DELIMITER",
    "HEADER_FIELD_QUOTE",
    "HEADER_FIELD_ACCEPTABLE_SPECIAL_CHARACTERS",
    "FIELD_HEADER_REGEX",
    "MISSING_VALUE_REGEX",
    "PREAMBLE_REGEX",
)
TRUNCATED = {"meta": "truncated"}
"""The indexed field of an event that lost text to TRUNCATE."""
_HEADER_KINDS = frozenset({"csv", "tsv", "psv", "field_delimiter"})


@dataclass(frozen=True)
class Rule:
    """What is done to the events of one source, sourcetype and host."""

    time: TimeRule | None
    steps: IndexTime
    sourcetype: str | None
    """The sourcetype that a `[source::…]` stanza assigns."""


class Ingest:
    """What the apps of an environment say about files (`events.Settings.ingest`). Pickles as its apps."""

    def __init__(self, knowledge: Knowledge) -> None:
        self.knowledge = knowledge
        self._by_host = knowledge.props.has_hosts
        self._idle = all(app.builtin for app in knowledge.apps) and not knowledge.changing.by_any_source()
        self._rules: dict[tuple[Any, ...], Rule | None] = {}

    def __reduce__(self) -> tuple[Any, ...]:
        return _loaded, (tuple(self.knowledge.apps),)

    # ---- events --------------------------------------------------------------------------------------------------

    def apply(self, events: list[Row], settings: Settings, times: dict[Any, float] | None = None) -> list[Row]:
        """Do to events that were just read what Splunk does before they are in the index; `times` hold the last time
        that was found in each source, from one batch to the next."""
        rules, named = self._rules, settings.sourcetype is not None
        if self._idle and not named and not self._changes(events):
            for event in events:
                event.pop(GIVEN, None)
            return events
        done: list[Row] | None = None
        times = {} if times is None else times
        for number, event in enumerate(events):
            host = event.get("host") if self._by_host else None
            key = (event.get("source"), event.get("sourcetype"), host, named)
            try:
                rule = rules[key]
            except KeyError:
                rule = self._make(key)
            except TypeError:  # a source that is multivalue
                rule = None
            if event.pop(GIVEN, None) is not None or rule is None or "_raw" not in event:
                if done is not None:
                    done.append(event)
                continue
            if done is None:
                done = events[:number]
            done.extend(self._done(event, rule, settings, times))
        return events if done is None else done

    def keeps(self, told: Row, settings: Settings, timed: bool) -> bool:
        """Say whether events of a class stay as they were read; `timed`: whether their times matter."""
        named = settings.sourcetype is not None
        if self._idle and not named and not self._changes([told]):
            return True
        key = (told.get("source"), told.get("sourcetype"), told.get("host") if self._by_host else None, named)
        rule = self._rules[key] if key in self._rules else self._make(key)
        return rule is None or (rule.sourcetype is None and not rule.steps and not (timed and rule.time is not None))

    def _changes(self, events: list[Row]) -> bool:
        """Say whether a built-in pack may change some of the events."""
        try:
            sourcetypes = {event.get("sourcetype") for event in events}
        except TypeError:  # a sourcetype that is multivalue
            return True
        return any(map(self.knowledge.changing.when_read, map(text_of, sourcetypes - {None})))

    def _make(self, key: tuple[Any, ...]) -> Rule | None:
        if len(self._rules) > 50_000:
            self._rules.clear()
        source, sourcetype, host, named = key
        rule = self._rule(text_of(source or ""), text_of(sourcetype or ""), text_of(host or ""), named)
        self._rules[key] = rule
        return rule

    def _rule(self, source: str, sourcetype: str, host: str, named: bool) -> Rule | None:
        assigned = None if named else self.assigned(source)
        stanzas = self.knowledge.props.at_index(source, assigned or sourcetype, host)
        merged = self.knowledge.props.merged(stanzas)
        values = {key: setting.value for key, (_, setting) in merged.items()}
        builtin = self.knowledge.builtin_apps
        ours = [key for key in _TIME_SETTINGS if values.get(key) and (named or merged[key][1].app not in builtin)]
        steps = index_time(values, self.knowledge.transforms)
        if not ours and not steps and assigned is None:
            return None
        return Rule(time_rule(values) if ours else None, steps, assigned)

    def _done(self, event: Row, rule: Rule, settings: Settings, times: dict[Any, float]) -> list[Row]:
        """Do to an event what its rule says; where the rule finds no time in it, it has that of the event before it
        of its source, which `times` hold."""
        if rule.sourcetype is not None:
            event["sourcetype"] = rule.sourcetype
        if rule.time is not None and settings.timed:
            source = event.get("source")
            moment = _time_of(event, rule.time, settings)
            if moment is not None:
                event["_time"] = times[source] = moment
            elif source in times and not rule.time.off:
                event["_time"] = times[source]
        return self._stepped(event, rule) if rule.steps else [event]

    def _stepped(self, event: Row, rule: Rule) -> list[Row]:
        """Do the index-time steps to an event, and to the copies that they make of it the steps of the copies'
        sourcetypes; a copy of a sourcetype that is copied into it again is the last one."""
        kept: list[Row] = []
        waiting = [(event, rule, frozenset({event.get("sourcetype")}))]
        while waiting:
            row, steps, before = waiting.pop(0)
            copies: list[Row] = []
            passed = steps.steps.apply(row, copies)
            if passed is not None:
                kept.append(passed)
            if len(kept) + len(waiting) + len(copies) > MOST_COPIES:
                raise LimitExceeded(
                    f"CLONE_SOURCETYPE makes more than {MOST_COPIES:,} copies of an event.",
                    name="CLONE_SOURCETYPE",
                    hint="The sourcetypes are copied into each other.",
                )
            for copy in copies:
                name = copy["sourcetype"]
                key = (copy.get("source"), name, copy.get("host") if self._by_host else None, True)
                own = None if name in before else self._rules[key] if key in self._rules else self._make(key)
                if own is None or not own.steps:
                    kept.append(copy)
                else:
                    waiting.append((copy, own, before | {name}))
        return kept

    def charset(self, settings: Settings) -> str | None:
        """Return the codec that an app's CHARSET says a file is in; None where nothing is said that its content
        would not say."""
        source = settings.source or settings.name or ""
        sourcetype = settings.sourcetype or self.assigned(source) or ""
        stanzas = self.knowledge.props.at_index(source, sourcetype, settings.host or "")
        setting = self.knowledge.props.merged(stanzas).get("CHARSET")
        try:
            return None if setting is None else codec_of(setting[1].value)
        except LookupError:  # `apps check` tells of it
            return None

    def by_rule(self, head: bytes, reader: Reader, settings: Settings) -> str | None:
        """Return the sourcetype that a rule over the lines of a file gives it, where nothing else says what it is."""
        rules = self.knowledge.props.rules
        if not rules or settings.sourcetype or reader.open is not None:
            return None
        if reader.framing is not LINES and not reader.joins_lines:
            return None
        if reader.names_kinds or self.assigned(settings.source or settings.name or ""):
            return None
        found = sourcetype_by_rule(rules, head, delayed=False)
        return sourcetype_by_rule(rules, head, delayed=True) if found is None and reader.joins_lines else found

    def assigned(self, source: str) -> str | None:
        """Return the sourcetype that a `[source::…]` stanza gives to the events of a source."""
        if not source:
            return None
        setting = self.knowledge.props.merged(self.knowledge.props.at_index(source, "", "")).get("sourcetype")
        return None if setting is None or not setting[0].startswith("source::") else setting[1].value or None

    # ---- files ---------------------------------------------------------------------------------------------------

    def reading(self, reader: Reader, settings: Settings) -> Callable[..., Iterator[list[Row]]] | None:
        """Return how a file that a reader of lines would read is read instead; None: as the reader does.

        The function is called with the open file and the report, and yields batches of events.
        """
        if reader.open is not None or (reader.framing is not LINES and not (reader.joins_lines or reader.has_header)):
            return None
        if reader.self_describing:
            return None
        source = settings.source or settings.name or ""
        sourcetype = settings.sourcetype or self.assigned(source)
        if not sourcetype:
            return None
        values = self.knowledge.plain_settings(self.knowledge.props.at_index(source, sourcetype, settings.host or ""))
        if has_header(values):
            kind = values["INDEXED_EXTRACTIONS"].strip().lower()
            own = kind in _HEADER_KINDS and (not reader.has_header or _says_header(values))
            return _WithHeader(values, settings).read if own else None
        if reader.has_header or not any(values.get(key) for key in _BREAK_SETTINGS) or _one_line(values, reader):
            return None
        remembering = replace(settings, ingest=_OneFile(self))
        return _Broken(breaking(values), reader, remembering).read


def _loaded(apps: tuple[Any, ...]) -> Ingest:
    from splmini.knowledge.apps import load_apps

    return Ingest(load_apps(list(apps)))


def _says_header(values: dict[str, str]) -> bool:
    """Say whether a stanza says more of a header than that there is one in the first line."""
    return any(values.get(key) for key in _HEADER_SETTINGS)


def _one_line(values: dict[str, str], reader: Reader) -> bool:
    """Say whether the settings make each line an event. The reader of text may join lines, so it is told not to."""
    if as_bool(values.get("SHOULD_LINEMERGE"), True):
        return False
    breaker = values.get("LINE_BREAKER", "")
    return (breaker in _ONE_LINE or not line_breaker(breaker).groups) and not reader.joins_lines


def _time_of(event: Row, rule: TimeRule, settings: Settings) -> float | None:
    zone = settings.timezone or timezone.utc
    if not rule.fields:
        return rule.of_text(text_of(event["_raw"]), zone, settings.now)
    row = event
    if not all(name in event for name in rule.fields):
        row = {**(json_fields(text_of(event["_raw"]), Names(frozenset(rule.fields))) or {}), **event}
    return rule.of_row(row, zone, settings.now)


@dataclass
class _OneFile:
    """The `Ingest` of one file, whose batches follow each other."""

    ingest: Ingest
    times: dict[Any, float] = field(default_factory=dict)

    def apply(self, events: list[Row], settings: Settings) -> list[Row]:
        """Do to events what Splunk does before they are in the index."""
        return self.ingest.apply(events, settings, self.times)


@dataclass
class _Broken:
    """Reads text that is broken into events by an app's settings."""

    rule: Breaking
    reader: Reader
    settings: Settings

    def read(self, head: bytes, file: BinaryIO, report: Report) -> Iterator[list[Row]]:
        """Yield batches of events."""
        state = self.reader.start(head, self.settings) if self.reader.start else None
        decoder = codecs.getincrementaldecoder("utf-8")("backslashreplace")
        number, text, last = 1, "", None
        while True:
            piece = file.read(PIECE)
            text += decoder.decode(piece, not piece)
            cut = self.rule.cut(text, final=not piece or len(text) > LONGEST)
            text = text[cut.rest :]
            if cut.events:
                block = Block(b"", self.reader.name, self.settings, state, number)
                records = [event.encode("utf-8") for event in cut.events]
                number += len(records)
                rows = parse_records(block, records, report, dict.fromkeys(cut.truncated, TRUNCATED))
                last = carry_times(rows, last)
                yield rows
            if not piece:
                return


@dataclass
class _WithHeader:
    """Reads delimited text whose columns an app's settings name."""

    values: dict[str, str]
    settings: Settings

    def read(self, head: bytes, file: BinaryIO, report: Report) -> Iterator[list[Row]]:
        """Yield batches of events."""
        settings = self.settings
        batch: list[Row] = []
        lines = (line.decode("utf-8", "backslashreplace").rstrip("\r\n") for line in file)
        for row in header_events(lines, self.values):
            moment = recognise(row["_raw"], settings.timezone, settings.now)
            if moment is not None:
                row["_time"] = moment
            batch.append(row)
            if len(batch) >= 4096:
                yield self._finished(batch, report)
                batch = []
        if batch:
            yield self._finished(batch, report)

    def _finished(self, batch: list[Row], report: Report) -> list[Row]:
        report.records += len(batch)
        return finish(batch, self.settings, report)


__all__ = ["Ingest"]
