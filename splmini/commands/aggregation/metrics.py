"""Metric data points out of events, for mstats and mcatalog.

A metric event names its metrics as Splunk stores them: `metric_name:cpu.user` fields (one event, several metrics), or
`metric_name` with `_value`. The rest of the event are dimensions.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from splmini import compiler
from splmini.language import tree
from splmini.language.conjuncts import conjunction, conjuncts
from splmini.operators import Batch, Fields, Request, Row, RunContext, Stream, union

PREFIX = "metric_name:"
_OF_METRICS = frozenset({"metric_name", "_value"})


def points(row: Row) -> list[tuple[str, float | int | str]]:
    """Return the metrics of an event as (name, value) pairs; none for an event that is no metric.

    >>> points({"metric_name:cpu": 1, "host": "a"}), points({"metric_name": "mem", "_value": 2})
    ([('cpu', 1)], [('mem', 2)])
    """
    found = [(name[len(PREFIX) :], value) for name, value in row.items() if name.startswith(PREFIX)]
    name, value = row.get("metric_name"), row.get("_value")
    if isinstance(name, str) and value is not None:
        found.append((name, value))
    return found


def dimensions(row: Row) -> Row:
    """Return what of a metric event is no metric."""
    return {name: value for name, value in row.items() if not name.startswith(PREFIX) and name not in _OF_METRICS}


def read_points(ctx: RunContext, where: tree.Node | None, single: bool) -> Stream:
    """Read the metric events that satisfy a search expression; `single` as in `points_of`."""
    stream = ctx.scan(Request(predicate=event_conditions(where)))
    return Stream(map(points_of(where, single)(ctx), stream.batches))


def event_conditions(where: tree.Node | None) -> tree.Node | None:
    """Return the conditions that hold for whole events."""
    return conjunction(*(part for part in conjuncts(where) if not _reads_metrics(part)))


def point_conditions(where: tree.Node | None) -> tree.Node | None:
    """Return the conditions on `metric_name` and `_value`, which hold for single data points."""
    return conjunction(*(part for part in conjuncts(where) if _reads_metrics(part)))


def fields_of_points(where: tree.Node | None, needed: Fields) -> Fields:
    """Return the fields of events that data points with some fields are made from."""
    on_point = point_conditions(where)
    tested: Fields = frozenset() if on_point is None else compiler.fields_read(on_point)
    return union(needed, tested, _METRIC_FIELDS)


def points_of(where: tree.Node | None, single: bool) -> Callable[[RunContext], Callable[[Batch], Batch]]:
    """Return what makes rows of metric events.

    `single`: one row for each data point, with `metric_name` and `_value`; else one row for each event, in which
    each metric is a field of its own name.
    """
    on_point = point_conditions(where)

    def bind(ctx: RunContext) -> Callable[[Batch], Batch]:
        return partial(_rows, None if on_point is None else ctx.predicate(on_point), single)

    return bind


_METRIC_FIELDS = frozenset({"metric_name", "_value", "_time", PREFIX + "*"})


def _reads_metrics(node: tree.Node) -> bool:
    return any(getattr(each, "field", None) in _OF_METRICS for each in tree.walk(node))


def _rows(test: Callable[[Row], bool] | None, single: bool, batch: Batch) -> Batch:
    rows: Batch = []
    for row in batch:
        found = points(row)
        if not found:
            continue
        rest = dimensions(row)
        kept = [point for point in found if test is None or test({**rest, "metric_name": point[0], "_value": point[1]})]
        if single:
            rows.extend({**rest, "metric_name": name, "_value": value} for name, value in kept)
        elif kept:
            rows.append({**rest, **dict(kept)})
    return rows
