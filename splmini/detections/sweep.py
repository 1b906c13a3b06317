"""All detections over the same events, in one pass."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import partial
from os import PathLike
from typing import TYPE_CHECKING, Any

from splmini.boundary import boundary
from splmini.detections.detection import Detection
from splmini.detections.findings import RISK_INDEX, Outcome, findings_of, risk_events_of
from splmini.engine.context import Cancelled, Run
from splmini.engine.parallel import Tasks, task_parts, task_size
from splmini.engine.services import services_of
from splmini.engine.stream import execute
from splmini.engine.sweep import (
    Found,
    Reading,
    SweepRun,
    dataset_readings,
    foreseen,
    one_pass,
    read_dataset,
    reading_of,
    scan_reading,
    subsearches,
)
from splmini.engine.tasks import Elsewhere, offer, withdraw
from splmini.errors import ArgumentError, LimitExceeded, SplError
from splmini.events import NoEvents, Part, PartEvents, Report, Traits, readable_again
from splmini.operators import Stream
from splmini.options import SharedOptions, check_names
from splmini.plan.distribution import holds_subsearch
from splmini.plan.optimize import optimize
from splmini.plan.scan import Scan

if TYPE_CHECKING:
    from concurrent.futures import Executor

    from typing_extensions import Unpack

    from splmini.environment import Environment
    from splmini.options import AnyEvents


@dataclass(frozen=True)
class Hit:
    """What became of one detection: its `outcome`, or the `error` that stopped it, and the seconds that it took.

    The time of reading and mapping the events, which the detections share, is nobody's.
    """

    detection: Detection
    outcome: Outcome | None
    error: SplError | None
    seconds: float

    @property
    def fired(self) -> bool:
        """Whether the detection gave rows."""
        return self.outcome is not None and self.outcome.fired


@boundary("The sweep")
def sweep(
    detections: Iterable[Detection | str],
    events: AnyEvents = (),
    env: Environment | None = None,
    *,
    progress: Callable[[int], object] | None = None,
    executor: Executor | None = None,
    **options: Unpack[SharedOptions],
) -> list[Hit]:
    """Run many detections over events; give a `Hit` for each, in their order. Results equal running each alone.

    Args:
        detections: `Detection`s, or SPL texts.
        events: as for `Search.run`; read once for all searches and their subsearches, as far as they begin with a
            search or with tstats over a data model, and again for each that does not.
        env: the environment.
        progress: called with the number of events read so far.
        executor: a `concurrent.futures.Executor`: parts of the events are read there.
        options: as for `Search.run`.

    Raises:
        ArgumentError: `detections` is one text or a path, or holds what is neither a `Detection` nor a text.

    A detection that fails does not stop the others. Risk events are kept in the environment when all are done.
    """
    check_names(options, SharedOptions.__annotations__, "A sweep")
    if env is None:
        from splmini import Environment

        env = Environment()
    wanted = several(detections, "A sweep")
    events = readable_again(events)  # some detections read them by themselves
    searches = [_Search(detection, events, env, options) for detection in wanted]
    readings = [reading for each in searches for reading in each.register()]
    if readings:
        read_for(readings, progress, _Distribution(executor, searches, env, dict(options), False))
    late = [reading for each in searches for reading in each.register_late()]
    if late:
        read_for(late, None, _Distribution(executor, searches, env, dict(options), True))
    hits = [each.hit() for each in searches]
    for hit in hits:
        if hit.outcome is not None:
            services_of(env).add_events(RISK_INDEX, hit.outcome.risk_events)
    return hits


class _Search:
    """One detection of a sweep: its search, its run, what is read for it beforehand, what went wrong."""

    def __init__(self, detection: Detection, events: AnyEvents, env: Environment, options: Mapping[str, Any]) -> None:
        self.detection = detection
        self.error: SplError | None = None
        self.seconds = 0.0
        self.main: Reading | None = None
        self.readings: list[Reading] = []
        self.expanded: Any = None
        """The predicate of its scan, with what its subsearches returned; only where it holds some."""
        try:
            self.search = env.compile(detection.search)
            run = self.search.start(events, kind=SweepRun, **options)
            assert isinstance(run, SweepRun)
            self.run = run
        except SplError as error:
            self.error = error
            return
        self.operators = self.search.optimized if self.run.optimized else self.search.operators
        first = self.operators[0]
        self.predicate = first.predicate if isinstance(first, Scan) else None
        self.late = self.predicate is not None and holds_subsearch(self.predicate)
        """Whether its events are known only when its subsearches have run."""

    def register(self) -> list[Reading]:
        """Return what its pipelines read, as far as that is known before anything has run."""
        if self.error is not None:
            return []
        started = time.perf_counter()
        try:
            if not self.late:
                self.main = reading_of(self.run, self.operators, True)
            if self.main is None and not self.late:
                self._foresee()
            for pipeline in subsearches(self.search.tree):
                self._register_subsearch(pipeline)
        except SplError as error:
            self._failed(error)
        self.seconds += time.perf_counter() - started
        self.readings += [self.main] if self.main is not None else []
        return [] if self.error is not None else self.readings

    def _foresee(self) -> None:
        self.run.foreseen = foreseen(self.run, self.operators, partial(_shared_run, self.run))
        self.readings += self.run.foreseen

    def _register_subsearch(self, pipeline: Any) -> None:
        operators = self.search.builder.build(pipeline)
        if self.run.optimized:
            operators = optimize(operators)
        first = operators[0]
        if isinstance(first, Scan) and first.predicate is not None and holds_subsearch(first.predicate):
            return
        reading = reading_of(self.run, operators, False)
        if reading is not None:
            self.run.prepared[id(pipeline)] = reading
            self.readings.append(reading)

    def register_late(self, expanded: Any = None) -> list[Reading]:
        """Run the subsearches that say which events it reads (where `expanded` does not); return what it reads then."""
        if self.error is not None or not self.late:
            return []
        started = time.perf_counter()
        try:
            predicate = self.predicate
            assert predicate is not None
            self.run.time_range(predicate)
            self.expanded = self.run.expanded(predicate) if expanded is None else expanded
            self.main = scan_reading(self.run, self.operators, self.expanded, predicate)
            self.readings.append(self.main)
        except SplError as error:
            self._failed(error)
        self.seconds += time.perf_counter() - started
        return [] if self.main is None else [self.main]

    def _failed(self, error: SplError) -> None:
        self.error = error.locate(self.search.source)

    def hit(self) -> Hit:
        """Run the search on what was read, and say what became of it."""
        self.seconds += sum(each.seconds for each in self.readings)
        if self.error is None:
            started = time.perf_counter()
            try:
                results = self.run.collect(self._stream, spent=self.seconds)
                outcome = Outcome(
                    self.detection,
                    results,
                    findings_of(self.detection, results),
                    risk_events_of(self.detection, results, self.run.now),
                )
            except SplError as error:
                self._failed(error)
            self.seconds += time.perf_counter() - started
        if self.error is not None:
            return Hit(self.detection, None, self.error, self.seconds)
        return Hit(self.detection, outcome, None, self.seconds)

    def _stream(self) -> Stream:
        return execute(self.operators, self.run) if self.main is None else self.main.finish()


# ---- reading ---------------------------------------------------------------------------------------------------------


def read_for(
    readings: list[Reading], progress: Callable[[int], object] | None, distribution: _Distribution | None = None
) -> Run:
    """Read the events once for all that searches read, until the caller cancels; return the run that did."""
    run: Run = _shared_run(readings[0].run, Run)
    run.text = "\n".join(each.run.text for each in readings)
    try:
        _read_all(readings, run, progress, distribution)
    except Cancelled:
        run.complete = False
    except LimitExceeded as error:  # the time of the pass is the time of all
        for each in readings:
            each.error = each.error or error
    noticed = [each for each in readings[0].run.messages if each.command == "events"]
    for each in readings:
        each.run.complete = each.run.complete and run.complete
        for message in noticed:
            each.run.message(message.level, message.command, message.text)
    return run


def _count(readings: Iterable[Reading], run: Run) -> None:
    """Let each search count what a reading for several of them read."""
    for each in readings:
        each.run.scanned += run.scanned
        each.run.parsed += run.parsed


def _read_all(
    readings: list[Reading], run: Run, progress: Callable[[int], object] | None, distribution: _Distribution | None
) -> None:
    """Read for all; a dataset that cannot be made in parts is read for itself."""
    plain = [each for each in readings if each.dataset is None]
    shared = partial(_shared_run, readings[0].run)
    datasets = []
    for name, group in _by_dataset(readings).items():
        try:
            made = dataset_readings(name, group, shared)
        except SplError as error:  # a dataset that is not there stops those who read it
            for each in group:
                each.error = each.error or error
            continue
        if made:
            datasets.extend(made)
        elif distribution is not None:
            apart = _shared_run(readings[0].run, Run)
            read_dataset(name, group, apart)
            _count(group, apart)
    together = [*plain, *(each for dataset in datasets for each in dataset.readings)]
    if distribution is not None and distribution.executor is not None:
        distribution.read(readings, {id(each) for each in together}, run, progress)
        run.events = NoEvents()
    one_pass(plain, datasets, run, progress)
    _count(together, run)


def _by_dataset(readings: list[Reading]) -> dict[str, list[Reading]]:
    groups: dict[str, list[Reading]] = {}
    for each in readings:
        if each.dataset is not None:
            groups.setdefault(each.dataset, []).append(each)
    return groups


def _shared_run(run: Run, kind: type[Run]) -> Any:
    """A run that reads the events of another one for all."""
    return kind(
        run.services,
        run.events,
        run.builder,
        run.origin,
        run.now,
        run.range[0],
        run.range[1],
        run.knowledge,
        run.optimized,
        cancel=run.cancel,
    )


# ---- over an executor ------------------------------------------------------------------------------------------------

_OF_RUNS = ("knowledge", "infer", "strict", "optimize", "earliest", "latest")
LEAST_BYTES, MOST_BYTES = 8 << 20, 64 << 20
"""Bytes of a task: each of them prepares all searches again, so there are few."""


@dataclass(frozen=True)
class SweepJob:
    """The searches of a sweep, for all tasks alike. Pickles. `late`: those whose events are known only by now."""

    environment: Any
    searches: tuple[tuple[str, float | None, Any], ...]
    """Texts, what is now, and for those that are late the predicate of the scan."""
    options: dict[str, Any]
    late: bool
    traits: Traits

    def perform(self, parts: tuple[Part, ...]) -> SweepOutcome:
        """Read some parts of the events for all searches."""
        outcome = SweepOutcome()
        ingest = self.environment.knowledge.ingest
        events = PartEvents(parts, outcome.report, ingest, self.traits)
        readings = []
        for text, now, expanded in self.searches:
            each = _Search(_of_text(text), (), self.environment, {**self.options, "now": now})
            if each.error is None:
                each.run.events, each.run.services = events, Elsewhere(services_of(self.environment))
            readings += each.register_late(expanded) if self.late else each.register()
        if readings:
            run = read_for(readings, None)
            outcome.scanned, outcome.parsed = run.scanned, run.parsed
        outcome.found = [each.found() for each in readings]
        return outcome


@dataclass
class SweepOutcome:
    """What a task found for each reading; None: nothing."""

    found: list[Found | None] = field(default_factory=list)
    report: Report = field(default_factory=Report)
    scanned: int = 0
    parsed: int = 0


@dataclass(frozen=True)
class _Distribution:
    """How the reading for a sweep's searches is distributed, if it is."""

    executor: Any
    searches: list[_Search]
    env: Any
    options: dict[str, Any]
    late: bool

    def read(
        self, readings: list[Reading], in_parts: set[int], run: Run, progress: Callable[[int], object] | None
    ) -> None:
        """Read the events in parts, and let each reading take in what was found for it."""
        own = {name: self.options[name] for name in _OF_RUNS if name in self.options}
        order = "newest" if readings[0].run.newest else "given"
        wanted = [each for each in self.searches if each.error is None and (each.late or not self.late)]
        texts = tuple((each.detection.search, each.run.now, each.expanded) for each in wanted)
        job = SweepJob(self.env, texts, {**own, "order": order}, self.late, Traits.of(run.events))
        digest, data = offer(job)
        tasks = Tasks(self.executor, digest, data, run)
        report = Report()
        try:
            size = task_size(run, tasks.workers, 2, LEAST_BYTES, MOST_BYTES)
            for outcome in tasks.outcomes(task_parts(run, None, size, report), job.perform):
                run.scanned += outcome.scanned
                run.parsed += outcome.parsed
                report.merge(outcome.report)
                if progress is not None:
                    progress(run.scanned)
                for each, found in zip(readings, outcome.found, strict=True):
                    if found is not None and id(each) in in_parts:
                        each.absorb(found)
            for level, text in report.messages():
                readings[0].run.message(level, "events", text)
        finally:
            tasks.close()
            withdraw(digest)


def several(given: Any, what: str) -> list[Detection]:
    """Return detections from what a caller gave for many of them; a text or a path is none of that.

    Raises:
        ArgumentError: it is one thing, or holds what is neither a detection nor a text.
    """
    if isinstance(given, (str, bytes, PathLike, Detection, Mapping)) or not isinstance(given, Iterable):
        raise ArgumentError(
            f"{what} takes a list of detections or searches, not one {type(given).__name__}.",
            name="detections",
            hint="Of a folder: load_content(folder).detections. Of one search: [search].",
        )
    return [as_detection(each) for each in given]


def as_detection(given: Detection | str) -> Detection:
    """Return a detection; of a text, one whose search it is.

    Raises:
        ArgumentError: it is neither.
    """
    if isinstance(given, Detection):
        return given
    if not isinstance(given, str):
        raise ArgumentError(f"A detection is a Detection or SPL text, not a {type(given).__name__}.", name="detections")
    return _of_text(given)


def _of_text(text: str) -> Detection:
    return Detection(name=text if len(text) <= 80 else text[:79] + "…", search=text, type="Hunting")
