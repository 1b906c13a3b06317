"""One case after the other on a real Splunk: is it as the case says, and does splmini give the same?"""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from splmini.detections.verify.compare import (
    Rows,
    as_rows,
    compared_names,
    equal_rows,
    own_differences,
    side_by_side,
    unstable_names,
)
from splmini.detections.verify.questions import Question, load_questions
from splmini.detections.verify.sending import (
    NotSent,
    Parsed,
    as_written,
    reading,
    refuse_unsendable,
    with_indexed,
    with_made,
)
from splmini.detections.verify.server import UNAUTHORISED, Splunk
from splmini.engine.services import services_of
from splmini.errors import MissingDatabase, ServerError, SplError, UnsupportedFeature
from splmini.language.parser import parse_source
from splmini.values.numbers import to_number

LATER = 34_567_123.0
"""Seconds between two runs that show what depends on the clock."""

ZONE = '| makeresults | eval winter=strftime(1705276800,"%z"), summer=strftime(1721001600,"%z") | table winter summer'
"""The search that shows in which time zone a server works."""

ELSEWHERE = "Asia/Kathmandu"
"""A time zone like no other, which shows what depends on the zone."""

NOWHERE = "no_index_at_all"
"""The index of results that makeresults makes, as splmini sees them: they have none."""

MOST_TROUBLES = 5
"""So many cases one after the other without an answer end the run."""

MOST_ENVIRONMENTS = 16
"""Environments that are kept for cases to come."""

BAD = frozenset({"differs", "error"})


@dataclass(frozen=True)
class Verification:
    """What came of a case: `equal`, `differs`, `recorded`, `skipped` or `error`.

    `problems` is what is not as the case expects or as splmini does it, `table` the cells that differ; `sent` the text
    that Splunk was asked, `rows` and `fields` its answer, `refused` the text with which it refused;
    `unstable` the fields that depend on when and where it runs.
    """

    question: Question
    status: str
    reason: str = ""
    problems: tuple[str, ...] = ()
    table: str = ""
    sent: str = ""
    way: str = ""
    rows: Rows = field(default_factory=list)
    fields: list[str] = field(default_factory=list)
    refused: str | None = None
    unstable: frozenset[str] = frozenset()

    @property
    def bad(self) -> bool:
        """Whether it is a difference or a trouble."""
        return self.status in BAD


@dataclass(frozen=True)
class _Own:
    """What splmini gives: rows, or the error with which it refuses; `unstable` fields depend on the clock."""

    rows: Rows = field(default_factory=list)
    unstable: frozenset[str] = frozenset()
    error: SplError | None = None


class Verifier:
    """Asks a Splunk what cases ask splmini.

    Args:
        splunk: the server.
        index: the index for events that makeresults cannot make; None: such cases are skipped.
        settings: settings of an `Environment`, below those of the cases.
        record: whether searches without an expectation are asked, too.
        has_lookups: lookups that the server has with the same content.
    """

    def __init__(
        self,
        splunk: Splunk,
        *,
        index: str | None = None,
        settings: Mapping[str, Any] | None = None,
        record: bool = False,
        has_lookups: Iterable[str] = (),
    ) -> None:
        if index is not None and not re.fullmatch(r"[a-z0-9][a-z0-9_-]*", index):
            raise ServerError(f"'{index}' is no name of an index.")
        self.splunk = splunk
        self.index = index
        self.settings = dict(settings or {})
        self.record = record
        self.has_lookups = frozenset(has_lookups)
        self._environments: dict[str, Any] = {}
        self._troubles = 0
        self.marker = uuid.uuid4().hex
        self.product = splunk.product()
        self.zone = _zone_of(as_rows(splunk.search(ZONE)))

    def run(self, path: str | Path) -> Iterator[Verification]:
        """Yield what comes of each case of a file.

        Raises:
            SplError: KnowledgeError for a mistake in the file; ServerError where the server cannot be asked at all.
        """
        for question in load_questions(path):
            yield self.ask(question)

    def ask(self, question: Question) -> Verification:
        """Ask both about one case."""
        try:
            self._refuse(question)
            env = self._environment(question)
            parsed = _parsed(question, env)
            if parsed is not None:
                refuse_unsendable(parsed, self.has_lookups)
            own = self._own(question, env)
            sent, way, events = self._choose(question, env, parsed, own)
        except NotSent as reason:
            return Verification(question, "skipped", str(reason))
        except SplError as error:
            return Verification(question, "error", str(error))
        try:
            if events and self.index is not None:
                self.splunk.send(events, self.index, self._marker(question))
            answer = self.splunk.search(sent, *self._range(env))
        except ServerError as error:
            self._troubles += 1
            if error.name == UNAUTHORISED or self._troubles >= MOST_TROUBLES:
                raise  # no case to come would be answered
            return Verification(question, "error", str(error), sent=sent, way=way)
        self._troubles = 0
        return self._compared(question, own, sent, way, as_rows(answer), answer.fields, answer.refused)

    def _environment(self, question: Question, **other: Any) -> Any:
        """The environment of a case, some of its settings others; shared by cases of the same settings."""
        asked = replace(question, settings={**question.settings, **other}) if other else question
        key = repr((Path(question.path).parent if question.case is not None else "", asked.settings))
        if key not in self._environments:
            if len(self._environments) >= MOST_ENVIRONMENTS:
                self._environments.clear()
            self._environments[key] = asked.environment(self.settings)
        self._environments[key].forget_writes()
        return self._environments[key]

    # ---- before anything is sent -------------------------------------------------------------------------------

    def _refuse(self, question: Question) -> None:
        for key, what in (
            ("prepare", "searches that run before it"),
            ("datamodels", "data models of its own"),
            ("limits", "limits of its own"),
        ):
            if key in question.data or key in question.settings:
                raise NotSent(f"it has {what}, which the server does not")
        if not question.expects and not self.record:
            raise NotSent("it expects neither rows nor columns (--record shows what Splunk gives)")

    def _own(self, question: Question, env: Any) -> _Own:
        """Run the case here, twice: what differs then depends on when and where it runs."""
        try:
            search = env.compile(question.search)
            events, options = question.inputs(env)
            now = options.pop("now", None) or services_of(env).clock()
            rows = list(search.run(events, **options, now=now))
            other = env if self._same_zone(env) else self._environment(question, timezone=ELSEWHERE)
            later = other.compile(question.search)
            again = list(later.run(question.inputs(env)[0], **options, now=now + LATER))
        except (UnsupportedFeature, MissingDatabase) as error:
            raise NotSent(f"splmini does not do it: {error.message}") from None
        except SplError as error:
            return _Own(error=error)
        if len(rows) != len(again):
            raise NotSent("what it gives depends on the time or the zone in which it runs")
        unstable = unstable_names(rows, again)
        named = {name for row in question.expected() or () for name in question.data.get("fields") or row}
        if named & unstable:
            raise NotSent(f"the value of '{min(named & unstable)}' depends on the time or the zone in which it runs")
        return _Own(rows, unstable)

    def _same_zone(self, env: Any) -> bool:
        return _zone_of(list(env.compile(ZONE).run([]))) == self.zone

    # ---- how it is sent ----------------------------------------------------------------------------------------

    def _choose(
        self, question: Question, env: Any, parsed: Parsed | None, own: _Own
    ) -> tuple[str, str, list[dict[str, Any]]]:
        """Return the text to send, how its events get there, and those that go into an index."""
        if parsed is None:
            return as_written(question.search), "as written", []
        if not any(True for _ in reading(parsed.tree)):
            return with_made(parsed, []), "no events", []
        events, options = question.inputs(env)
        reasons = []
        for way, rows in (("makeresults", events), ("makeresults, fields as read", None)):
            try:
                if rows is None:
                    rows = list(env.compile("search *").run(events, **options))
                sent = _made(parsed, rows)
                if self._is_same(question, own, sent, options):
                    return sent, way, []
                reasons.append("over results of makeresults it would give something else, as splmini sees it")
            except NotSent as reason:
                reasons.append(str(reason))
        return self._indexed(question, env, parsed, reasons[-1])

    def _is_same(self, question: Question, own: _Own, sent: str, options: Mapping[str, Any]) -> bool:
        """Say whether splmini makes of the text that is sent what it makes of the case, be it an error: over no events,
        and with no index that matches any name."""
        env = self._environment(question, index=NOWHERE)
        try:
            rows = list(env.compile(sent).run([], now=options.get("now") or services_of(env).clock()))
        except SplError:
            return own.error is not None
        return own.error is None and equal_rows(own.rows, rows, own.unstable)

    def _indexed(self, question: Question, env: Any, parsed: Parsed, why: str) -> tuple[str, str, list[dict[str, Any]]]:
        if self.index is None:
            raise NotSent(f"{why} (with --index its events go into an index)")
        events, options = question.inputs(env)
        rows = list(env.compile("search * | fields _raw _time host source sourcetype index").run(events, **options))
        if any(not isinstance(row.get("_raw"), str) or to_number(row.get("_time")) is None for row in rows):
            raise NotSent("its events have no text or no time, and go into no index")
        own = frozenset(str(row["index"]) for row in rows if row.get("index") is not None)
        sent = with_indexed(parsed, self.index, self._marker(question), own)
        return sent, f"index {self.index}", rows

    def _marker(self, question: Question) -> str:
        place = f"{question.path}:{question.position[0]}:{question.name}"
        return uuid.uuid5(uuid.UUID(self.marker), place).hex

    def _range(self, env: Any) -> tuple[float | None, float | None]:
        """The time range of a case."""
        services = services_of(env)
        now = services.clock()
        earliest, latest = (services.moment(services.setting(name), now) for name in ("earliest", "latest"))
        return earliest, latest

    # ---- what came back ----------------------------------------------------------------------------------------

    def _compared(
        self, question: Question, own: _Own, sent: str, way: str, rows: Rows, columns: list[str], refused: str | None
    ) -> Verification:
        def made(status: str, problems: Iterable[str] = (), table: str = "", reason: str = "") -> Verification:
            return Verification(
                question, status, reason, tuple(problems), table, sent, way, rows, columns, refused, own.unstable
            )

        if refused is not None or own.error is not None:
            return made(*self._refusals(question, own, refused, len(rows)))
        names = compared_names(own.rows, rows, own.unstable)
        expected = question.expected()
        named = {"_time", *question.data.get("columns", ())}
        shown = [name for name in columns if not name.startswith("_") or name in named]
        wrong = [f"expected: {text}" for text in question.problems(rows, shown)] if question.expects else []
        ours = list(own_differences(own.rows, rows, names, question.ordered))
        if not wrong and not ours:
            return made("equal" if question.expects else "recorded")
        all_names = list(dict.fromkeys([*names, *(name for row in expected or () for name in row)]))
        table = side_by_side({"case": expected, "splmini": own.rows, "Splunk": rows}, all_names, question.ordered)
        return made("differs", [*wrong, *ours], table)

    def _refusals(self, question: Question, own: _Own, refused: str | None, count: int) -> tuple[str, list[str]]:
        """What it means where one of the two refuses the search."""
        expects = "error" in question.data
        if refused is not None and own.error is not None:
            return ("equal", []) if expects else ("differs", [f"expected: it runs; both refuse it: {refused}"])
        if refused is not None:
            return "differs", [f"Splunk refuses it: {refused}"]
        said = [f"expected: it is refused; Splunk gives {count} rows"] if expects else []
        assert own.error is not None
        return "differs", [*said, f"splmini refuses it, and Splunk gives {count} rows: {own.error.message}"]


def _parsed(question: Question, env: Any) -> Parsed | None:
    """The search with its macros expanded; None where splmini cannot read it."""
    try:
        pipeline, source = parse_source(question.search, env.macros, services_of(env).command_names())
    except SplError:
        return None
    return Parsed(source.text, pipeline)


def _made(parsed: Parsed, events: Any) -> str:
    if not isinstance(events, list) or not all(isinstance(event, Mapping) for event in events):
        raise NotSent("its events are text, which makeresults does not read")
    return with_made(parsed, events)


def _zone_of(rows: Rows) -> tuple[Any, ...]:
    return tuple(rows[0].get(name) for name in ("winter", "summer")) if rows else ()


__all__ = ["Verification", "Verifier"]
