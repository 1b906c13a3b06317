"""A backtest: detections run as the scheduler would have run them, over events that are read once for all their runs.

Each search is read once for all the windows that it was due for (`engine.spreading`); searches that depend on what
others found first (subsearches that say which events to read, risk rules) are read in a second pass. Then the runs are
carried out in the order in which they were due, so that baselines come before the detections that look up what they
wrote.

Sources: https://docs.splunk.com/Documentation/Splunk/latest/Alert/ThrottleAlerts (throttling by fields and period),
https://docs.splunk.com/Documentation/ES/latest/User/RiskScoring (risk events of earlier runs).
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial
from heapq import merge
from typing import TYPE_CHECKING, Any

from splmini.boundary import boundary
from splmini.detections.backtest.history import Backtest, Firing, History
from splmini.detections.backtest.throttling import Throttle
from splmini.detections.content import Content, baselines_beside, schedule_beside
from splmini.detections.detection import Detection
from splmini.detections.findings import RISK_INDEX, findings_of, risk_events_of
from splmini.detections.schedule import Schedule
from splmini.detections.sweep import read_for, several
from splmini.engine.context import Cancelled
from splmini.engine.readings import Reading, SweepRun, reading_of, scan_reading, subsearches
from splmini.engine.selection import named_indexes, time_modifiers
from splmini.engine.services import services_of
from splmini.engine.spreading import Spread, Window, spread
from splmini.engine.stream import execute
from splmini.errors import ArgumentError, LimitExceeded, SplError
from splmini.events import readable_again
from splmini.operators import Stream
from splmini.options import SharedOptions, check_names
from splmini.plan.distribution import holds_subsearch
from splmini.plan.optimize import optimize
from splmini.plan.scan import Scan

if TYPE_CHECKING:
    from typing_extensions import Unpack

    from splmini.environment import Environment
    from splmini.options import AnyEvents, Moment
    from splmini.results import Results

MOST_RUNS = 100_000
"""Runs of one detection; a minute's schedule over two months."""


@boundary("The backtest")
def backtest(
    detections: Content | Iterable[Detection | str],
    events: AnyEvents,
    env: Environment | None = None,
    *,
    start: Moment,
    end: Moment,
    schedule: Schedule | None = None,
    progress: Callable[[int], object] | None = None,
    **options: Unpack[SharedOptions],
) -> Backtest:
    """Run detections over events as the scheduler would have, each time that they were due; give their histories.

    Args:
        detections: a repository's `Content`, or `Detection`s and SPL texts.
        events: as for `Search.run`.
        env: the environment; None: that of the content, or a plain one.
        start, end: the runs that were due from `start` (with it) to `end` (without).
        schedule: the schedule of all of them, instead of each one's own.
        progress: called with the number of events read so far.
        options: as for `Search.run`; `now`, `earliest` and `latest` are those of each run.

    Returns:
        A `Backtest`. What each run gives equals what the search gives by itself at that time.

    Raises:
        ArgumentError: `end` is not behind `start`; a cron expression is none.
        LimitExceeded: a detection was due more than 100,000 times.

    A detection that fails does not stop the others. Risk events and what baselines write are kept in the environment.
    """
    check_names(options, SharedOptions.__annotations__, "A backtest")
    for name in ("now", "earliest", "latest"):
        if options.get(name) is not None:
            raise ArgumentError(f"'{name}' is that of each run: it is not an option of a backtest.", name=name)
    content = detections if isinstance(detections, Content) else None
    if env is None:
        from splmini import Environment

        env = content.environment() if content is not None else Environment()
    wanted = several(content.detections if content is not None else detections, "A backtest")
    first, last = services_of(env).moment(start, time.time()), services_of(env).moment(end, time.time())
    if first is None or last is None or last <= first:
        raise ArgumentError("A backtest ends after it starts.", name="end")
    begun = time.perf_counter()
    made = _Backtest(env, readable_again(events), dict(options), (first, last), content, schedule)
    return made.run(wanted, progress, begun)


class _Backtest:
    """One backtest on its way."""

    def __init__(
        self,
        env: Environment,
        events: Any,
        options: dict[str, Any],
        period: tuple[float, float],
        content: Content | None,
        schedule: Schedule | None,
    ) -> None:
        self.env, self.events, self.options, self.period = env, events, options, period
        self.content, self.schedule = content, schedule
        self.range: dict[str, float] = {}
        self.scanned = 0
        self.complete = True

    def run(self, wanted: list[Detection], progress: Callable[[int], object] | None, begun: float) -> Backtest:
        baselines, failed = self._baselines(wanted)
        searches = [_Scheduled(each, self, failed.get(id(each))) for each in [*baselines, *wanted]]
        self.range = _bounds([window for each in searches for window in each.windows])
        self._read([reading for each in searches for reading in each.register()], progress)
        plain = [each for each in searches if not each.second]
        self._carry_out(plain)
        second = [each for each in searches if each.second]
        self._read([reading for each in second for reading in each.register_late()], None)
        self._carry_out(second)
        histories = tuple(each.history() for each in searches[len(baselines) :])
        seconds = time.perf_counter() - begun
        return Backtest(*self.period, histories, self.env.timezone, self.scanned, seconds, self.complete)

    def _baselines(self, wanted: list[Detection]) -> tuple[list[Detection], dict[int, SplError]]:
        """The baselines that detections name, each once; what is wrong with those names, by detection."""
        found: dict[str, Detection] = {}
        failed: dict[int, SplError] = {}
        for each in wanted:
            try:
                for baseline in baselines_beside(each):
                    found.setdefault(baseline.name, baseline)
            except SplError as error:
                failed[id(each)] = error
        return list(found.values()), failed

    def _read(self, readings: list[Reading], progress: Callable[[int], object] | None) -> None:
        if readings and self.complete:
            run = read_for(readings, progress)
            self.scanned = max(self.scanned, run.scanned)
            self.complete = run.complete

    def _carry_out(self, searches: list[_Scheduled]) -> None:
        """Carry out the runs of searches in the order in which they were due."""
        due = [partial(_dues, each, place)() for place, each in enumerate(searches) if each.error is None]
        for _, place, number in merge(*due):
            each = searches[place]
            if each.error is None and self.complete:
                try:
                    each.carry_out(number)
                except Cancelled:
                    self.complete = False
        risk = [event for each in searches for firing in each.firings for event in firing.risk_events]
        services_of(self.env).add_events(RISK_INDEX, sorted(risk, key=_time))

    def schedule_of(self, detection: Detection) -> Schedule:
        """Return the schedule that a detection runs on."""
        if self.schedule is not None and detection.type != "Baseline":
            return self.schedule
        if self.content is not None:
            return self.content.schedule(detection)
        return schedule_beside(detection)


def _bounds(windows: list[Window]) -> dict[str, float]:
    """The range of time that holds some windows, as options of a run: no bound is no option."""
    bounds = {
        "earliest": min((each.least for each in windows), default=0.0),
        "latest": max((each.most for each in windows), default=0.0),
    }
    return {name: value for name, value in bounds.items() if abs(value) != float("inf")}


def _dues(search: _Scheduled, place: int) -> Iterator[tuple[float, int, int]]:
    for number, window in enumerate(search.windows):
        yield window.due, place, number


def _time(event: Mapping[str, Any]) -> float:
    return float(event.get("_time", 0))


class _Scheduled:
    """One detection of a backtest: its search, the windows that it was due for, what is read for each."""

    def __init__(self, detection: Detection, parent: _Backtest, error: SplError | None) -> None:
        self.detection, self.parent, self.error = detection, parent, error
        self.schedule: Schedule | None = None
        self.windows: list[Window] = []
        self.runs: dict[int, SweepRun] = {}
        self.mains: dict[int, Reading] = {}
        self.firings: list[Firing] = []
        self.main: Spread | None = None
        self.prepared: list[tuple[Any, Spread]] = []
        self.late = self.risky = False
        self.seconds = 0.0
        self.carried = 0
        if error is not None:
            return
        try:
            self.schedule = parent.schedule_of(detection)
            self.throttle = Throttle.of(detection)
            self.search = parent.env.compile(detection.search)
            self.windows = self._windows(self.schedule)
        except SplError as failed:
            self.error = failed
            return
        self.operators = self.search.optimized if parent.options.get("optimize", True) else self.search.operators
        first = self.operators[0]
        self.predicate = first.predicate if isinstance(first, Scan) else None
        self.late = self.predicate is not None and holds_subsearch(self.predicate)

    def _windows(self, schedule: Schedule) -> list[Window]:
        zone = self.parent.env.timezone
        windows: list[Window] = []
        for due in schedule.runs(*self.parent.period, zone):
            if len(windows) >= MOST_RUNS:
                raise LimitExceeded(
                    f"The detection was due more than {MOST_RUNS:,} times.", name="runs", hint="Take a shorter time."
                )
            windows.append(Window(due, *schedule.range(due, zone)))
        return windows

    @property
    def second(self) -> bool:
        """Whether its runs come behind those of the others: it reads what they found, or what subsearches give."""
        return self.late or self.risky

    # ---- what it reads -------------------------------------------------------------------------------------------

    def register(self) -> list[Reading]:
        """Return what its pipelines read, as far as that is known before anything has run."""
        if self.error is not None or not self.windows:
            return []
        try:
            base = self._base()
            if not self.late:
                self.main = self._spread(base, self.operators, True, self._main)
            for pipeline in subsearches(self.search.tree):
                operators = self.search.builder.build(pipeline)
                operators = optimize(operators) if base.optimized else operators
                first = operators[0]
                if isinstance(first, Scan) and first.predicate is not None and holds_subsearch(first.predicate):
                    continue
                made = self._spread(base, operators, False, partial(self._subsearch, operators))
                if made is not None:
                    self.prepared.append((pipeline, made))
        except SplError as error:
            self._failed(error)
            return []
        found = self._spreads()
        self.risky = any(map(_reads_risk, found))
        return [] if self.risky else found

    def _spreads(self) -> list[Reading]:
        return [*(each for _, each in self.prepared), *(() if self.main is None else (self.main,))]

    def register_late(self) -> list[Reading]:
        """Return what it reads behind the runs of the others."""
        if self.error is not None:
            return []
        if self.risky:
            return self._spreads()
        try:
            return [self._late_reading(number) for number in range(len(self.windows))]
        except SplError as error:
            self._failed(error)
            return []

    def _base(self) -> SweepRun:
        """A run that stands for all: its range of time holds the windows of all searches."""
        return self._start(self.parent.events, now=self.windows[-1].due, **self.parent.range)

    def _start(self, events: Any, **times: Any) -> SweepRun:
        run = self.search.start(events, kind=SweepRun, **self.parent.options, **times)
        assert isinstance(run, SweepRun)
        return run

    def _spread(self, base: SweepRun, operators: Any, main: bool, made: Callable[[int], Reading]) -> Spread | None:
        """The reading of a pipeline for all windows; None where each run has to read by itself."""
        reading = reading_of(base, operators, main)
        if reading is None or (reading.predicate is not None and time_modifiers(reading.predicate)):
            return None
        return spread(reading, self.windows, made)

    def _main(self, number: int) -> Reading:
        return self._reading(number, self.operators, True)

    def _subsearch(self, operators: Any, number: int) -> Reading:
        return self._reading(number, operators, False)

    def _reading(self, number: int, operators: Any, main: bool) -> Reading:
        made = reading_of(self.run_of(number), operators, main)
        assert made is not None
        if self.detection.baselines and made.dataset is None and made.screened:
            made.state, made.steps, made.behind = None, [], 0  # what baselines write is looked up when the run is due
        return made

    def _late_reading(self, number: int) -> Reading:
        run, predicate = self.run_of(number), self.predicate
        assert predicate is not None
        run.time_range(predicate)
        made = scan_reading(run, self.operators, run.expanded(predicate), predicate)
        self.mains[number] = made
        return made

    def run_of(self, number: int) -> SweepRun:
        """Return the run of a window, with what was read for its subsearches."""
        if number not in self.runs:
            window = self.windows[number]
            self.runs[number] = self._start(self.parent.events, now=window.due, **_bounds([window]))
            for pipeline, each in self.prepared:
                self.runs[number].prepared[id(pipeline)] = each.part(number)
        return self.runs[number]

    # ---- its runs ------------------------------------------------------------------------------------------------

    def carry_out(self, number: int) -> None:
        """Carry out a run on what was read for it."""
        started = time.perf_counter()
        try:
            if self.main is not None and self.main.error is not None:
                raise self.main.error
            run = self.run_of(number)
            results = run.collect(partial(self._stream, number))
            self.carried += 1
            if len(results):
                self.firings.append(self._firing(self.windows[number], results))
        except SplError as error:
            self._failed(error)
        for _, each in self.prepared:
            each.parts.pop(number, None)
        self.runs.pop(number, None)
        self.seconds += time.perf_counter() - started

    def _stream(self, number: int) -> Stream:
        if self.main is not None:
            reading = self.main.part(number)
            self.main.parts.pop(number, None)
            return reading.finish()
        late = self.mains.pop(number, None)
        return execute(self.operators, self.runs[number]) if late is None else late.finish()

    def _firing(self, window: Window, results: Results) -> Firing:
        reported = [row for row in results if self.throttle.passes(row, window.due)]
        findings = findings_of(self.detection, reported)
        events = risk_events_of(self.detection, reported, window.due)
        return Firing(window.due, window.earliest, window.latest, len(results), len(reported), len(findings), events)

    def _failed(self, error: SplError) -> None:
        self.error = error.locate(self.search.source)

    def history(self) -> History:
        """Return what became of it."""
        late = sum(each.late for each in (self.main, *(each for _, each in self.prepared)) if each is not None)
        apart = self.main is None and self.error is None and not self.late
        return History(
            self.detection, self.schedule, self.carried, tuple(self.firings), late, apart, self.error, self.seconds
        )


def _reads_risk(reading: Reading) -> bool:
    """Say whether a reading takes in risk events, which earlier runs make."""
    if reading.dataset is not None:
        return reading.dataset.partition(".")[0] == "Risk"
    return RISK_INDEX in named_indexes(reading.predicate)
