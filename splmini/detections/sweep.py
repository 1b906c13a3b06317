"""All detections over the same events, in one pass."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from splmini.detections.detection import Detection
from splmini.detections.findings import RISK_INDEX, Outcome, findings_of, risk_events_of
from splmini.engine.stream import column_order
from splmini.engine.sweep import Member, dataset_member, dataset_pass, member, one_pass
from splmini.errors import SplError
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
        events: as for `Search.run`; read once for all searches over events, once for all that aggregate a dataset of
            a data model, and again for each that starts otherwise or holds subsearches.
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
    members: dict[int, Member] = {}
    hits: dict[int, Hit] = {}
    for number, detection in enumerate(wanted):
        try:
            made = _member(detection, events, env, options)
        except SplError as error:
            hits[number] = Hit(detection, None, error, 0.0)
            continue
        if made is not None:
            members[number] = made
    _read(members, events, options, progress)
    for number, detection in enumerate(wanted):
        if number in members:
            hits[number] = _finished(detection, members[number])
        elif number not in hits:
            hits[number] = _alone(detection, events, env, options)
    for number in range(len(wanted)):
        outcome = hits[number].outcome
        if outcome is not None:
            env.add_events(RISK_INDEX, outcome.risk_events)
    return [hits[number] for number in range(len(wanted))]


def _read(
    members: dict[int, Member], events: Any, options: dict[str, Any], progress: Callable[[int], None] | None
) -> None:
    """Read the events once for the searches over events, and once for those over each dataset."""
    groups: dict[str | None, list[Member]] = {}
    for each in members.values():
        groups.setdefault(each.dataset, []).append(each)
    for dataset, group in groups.items():
        shared = group[0].search.start(events, **options)
        try:
            if dataset is None:
                one_pass(group, shared, progress)
            else:
                dataset_pass(group, shared)
        except SplError as error:
            if dataset is None:
                raise
            for each in group:  # a dataset that is not there stops those who read it
                each.error = each.error or error
        finally:
            shared.source.close()


def _of_text(text: str) -> Detection:
    return Detection(name=text if len(text) <= 80 else text[:79] + "…", search=text, type="Hunting")


def _readable_again(events: Any) -> Any:
    """Events that can be read once (an iterator) as a list: some detections read them by themselves."""
    return list(events) if hasattr(events, "__next__") else events


def _member(detection: Detection, events: Any, env: Any, options: dict[str, Any]) -> Member | None:
    search = env.compile(detection.search)
    if search.reads_elsewhere:
        return None
    run = search.start(events, **options)
    try:
        operators = search.optimized
        return member(search, run, operators, False) or dataset_member(search, run, operators, False)
    except SplError as error:
        raise error.locate(search.source) from None


def _finished(detection: Detection, made: Member) -> Hit:
    started = time.perf_counter()
    run = made.run
    try:
        if made.error is not None:
            raise made.error
        stream = made.finish()
        rows = list(stream.rows())
        made.search.environment.commit(run.writes, run)
    except SplError as error:
        return Hit(detection, None, error.locate(made.search.source), made.seconds + time.perf_counter() - started)
    seconds = made.seconds + time.perf_counter() - started
    stats = {"matched": run.matched, "rows": len(rows), "now": run.now, "seconds": {"total": seconds}}
    results = Results(rows, column_order(rows, stream.columns()), run.messages, stats, run.complete)
    return Hit(detection, _outcome(detection, results, run.now), None, seconds)


def _alone(detection: Detection, events: Any, env: Any, options: dict[str, Any]) -> Hit:
    started = time.perf_counter()
    try:
        results = env.compile(detection.search).run(events, **options)
    except SplError as error:
        return Hit(detection, None, error, time.perf_counter() - started)
    return Hit(detection, _outcome(detection, results, results.stats["now"]), None, time.perf_counter() - started)


def _outcome(detection: Detection, results: Results, now: float) -> Outcome:
    return Outcome(detection, results, findings_of(detection, results), risk_events_of(detection, results, now))
