"""All detections over the same events, in one pass."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from splmini.detections.detection import Detection
from splmini.detections.findings import RISK_INDEX, Outcome, findings_of, risk_events_of
from splmini.engine.context import Cancelled, Run
from splmini.engine.stream import column_order, execute
from splmini.engine.sweep import (
    Reading,
    SweepRun,
    dataset_readings,
    one_pass,
    read_dataset,
    reading_of,
    scan_reading,
    subsearches,
)
from splmini.errors import SplError
from splmini.operators import Stream
from splmini.plan.distribution import holds_subsearch
from splmini.plan.optimize import optimize
from splmini.plan.scan import Scan
from splmini.results import Results


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


def sweep(
    detections: Iterable[Any],
    events: Any = (),
    env: Any = None,
    *,
    progress: Callable[[int], None] | None = None,
    **options: Any,
) -> list[Hit]:
    """Run many detections over events; give a `Hit` for each, in their order. Results equal running each alone.

    Args:
        detections: `Detection`s, or SPL texts.
        events: as for `Search.run`; read once for all searches and their subsearches, as far as they begin with a
            search or with tstats over a data model, and again for each that does not.
        env: the environment.
        progress: called with the number of events read so far.
        options: as for `Search.run`.

    A detection that fails does not stop the others. Risk events are kept in the environment when all are done.
    """
    if env is None:
        from splmini import Environment

        env = Environment()
    wanted = [each if isinstance(each, Detection) else _of_text(str(each)) for each in detections]
    events = _readable_again(events)
    searches = [_Search(detection, events, env, options) for detection in wanted]
    _read([reading for each in searches for reading in each.register()], events, options, progress)
    late = [reading for each in searches for reading in each.register_late()]
    _read(late, events, options, None)
    hits = [each.hit() for each in searches]
    for hit in hits:
        if hit.outcome is not None:
            env.add_events(RISK_INDEX, hit.outcome.risk_events)
    return hits


class _Search:
    """One detection of a sweep: its search, its run, what is read for it beforehand, what went wrong."""

    def __init__(self, detection: Detection, events: Any, env: Any, options: dict[str, Any]) -> None:
        self.detection = detection
        self.error: SplError | None = None
        self.seconds = 0.0
        self.main: Reading | None = None
        self.readings: list[Reading] = []
        try:
            self.search = env.compile(detection.search)
            self.run: SweepRun = self.search.start(events, kind=SweepRun, **options)
        except SplError as error:
            self.error = error
            return
        self.operators = self.search.optimized if self.run.optimized else self.search.operators
        first = self.operators[0]
        predicate = first.predicate if isinstance(first, Scan) else None
        self.late = predicate is not None and holds_subsearch(predicate)
        """Whether its events are known only when its subsearches have run."""

    def register(self) -> list[Reading]:
        """Return what its pipelines read, as far as that is known before anything has run."""
        if self.error is not None:
            return []
        started = time.perf_counter()
        try:
            if not self.late:
                self.main = reading_of(self.run, self.operators, True)
            for pipeline in subsearches(self.search.tree):
                self._register_subsearch(pipeline)
        except SplError as error:
            self._failed(error)
        self.seconds += time.perf_counter() - started
        self.readings += [self.main] if self.main is not None else []
        return [] if self.error is not None else self.readings

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

    def register_late(self) -> list[Reading]:
        """Run the subsearches that say which events it reads; return what it reads then."""
        if self.error is not None or not self.late:
            return []
        started = time.perf_counter()
        try:
            predicate = self.operators[0].predicate
            self.run.time_range(predicate)
            self.main = scan_reading(self.run, self.operators, self.run.expanded(predicate))
        except SplError as error:
            self._failed(error)
        self.seconds += time.perf_counter() - started
        return [] if self.main is None else [self.main]

    def _failed(self, error: SplError) -> None:
        self.error = error.locate(self.search.source)

    def hit(self) -> Hit:
        """Run the search on what was read, and say what became of it."""
        if self.error is None:
            started = time.perf_counter()
            try:
                results = self._results()
                outcome = Outcome(
                    self.detection, results, findings_of(self.detection, results),
                    risk_events_of(self.detection, results, self.run.now),
                )  # fmt: skip
            except SplError as error:
                self._failed(error)
            finally:
                self.run.source.close()
            self.seconds += time.perf_counter() - started
        self.seconds += sum(each.seconds for each in self.readings)
        if self.error is not None:
            return Hit(self.detection, None, self.error, self.seconds)
        return Hit(self.detection, outcome, None, self.seconds)

    def _results(self) -> Results:
        run = self.run
        rows: list[Any] = []
        stream: Stream | None = None
        try:
            stream = execute(self.operators, run) if self.main is None else self.main.finish()
            for batch in stream.batches:
                rows.extend(batch)
        except Cancelled:
            run.complete = False
        if run.complete:
            self.search.environment.commit(run.writes, run)
        stats = {
            "scanned": run.scanned, "matched": run.matched, "rows": len(rows), "now": run.now,
            "seconds": {**run.seconds, "total": self.seconds},
        }  # fmt: skip
        columns = column_order(rows, None if stream is None else stream.columns())
        return Results(rows, columns, run.messages, stats, run.complete)


def _read(
    readings: list[Reading], events: Any, options: dict[str, Any], progress: Callable[[int], None] | None
) -> None:
    """Read the events once for all that searches read; a dataset that cannot be made in parts is read for itself."""
    if not readings:
        return
    search = readings[0].run

    def shared(kind: type[Run]) -> Any:
        return kind(
            search.services, search.source, search.builder, search.origin, search.now, search.range[0], search.range[1],
            search.knowledge, search.optimized,
        )  # fmt: skip

    plain = [each for each in readings if each.dataset is None]
    groups: dict[str, list[Reading]] = {}
    for each in readings:
        if each.dataset is not None:
            groups.setdefault(each.dataset, []).append(each)
    datasets = []
    for name, group in groups.items():
        try:
            made = dataset_readings(name, group, shared)
        except SplError as error:  # a dataset that is not there stops those who read it
            for each in group:
                each.error = each.error or error
            continue
        if made is None:
            read_dataset(name, group, shared(Run))
        else:
            datasets.append(made)
    one_pass(plain, datasets, shared(Run), progress)


def _of_text(text: str) -> Detection:
    return Detection(name=text if len(text) <= 80 else text[:79] + "…", search=text, type="Hunting")


def _readable_again(events: Any) -> Any:
    """Events that can be read once (an iterator) as a list: some detections read them by themselves."""
    return list(events) if hasattr(events, "__next__") else events
