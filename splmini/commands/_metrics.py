"""Metric data points out of events, for mstats and mcatalog.

A metric event names its metrics as Splunk stores them: `metric_name:cpu.user` fields (one event, several metrics), or
`metric_name` with `_value`. The rest of the event are dimensions.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from splmini import compiler
from splmini.language import tree
from splmini.language.conjuncts import conjunction, conjuncts
from splmini.operators import ALL, Batch, Fields, Row, RunContext, Stream, union

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


def read_points(ctx: RunContext, where: tree.Node | None, single: bool, needed: Fields = ALL) -> Stream:
    """Read the metric events that satisfy a search expression.

    `needed` are the fields that are read besides those of metrics.
    `single`: one row for each data point, with `metric_name` and `_value`; else one row for each event, in which
    each metric is a field of its own name. Conditions on `metric_name` hold for single data points.
    """
    parts = conjuncts(where)
    on_event = [part for part in parts if not _reads_metrics(part)]
    on_point = conjunction(*(part for part in parts if _reads_metrics(part)))
    test = None if on_point is None else ctx.predicate(on_point)
    tested: Fields = frozenset() if on_point is None else compiler.fields_read(on_point)
    stream = ctx.scan(conjunction(*on_event), union(needed, tested, _METRIC_FIELDS))
    return Stream(_rows(stream, test, single))


_METRIC_FIELDS = frozenset({"metric_name", "_value", "_time", PREFIX + "*"})


def _reads_metrics(node: tree.Node) -> bool:
    return any(getattr(each, "field", None) in _OF_METRICS for each in tree.walk(node))


def _rows(stream: Stream, test: Callable[[Row], bool] | None, single: bool) -> Iterator[Batch]:
    for batch in stream.batches:
        rows: Batch = []
        for row in batch:
            rest = dimensions(row)
            kept = [point for point in points(row) if test is None or test({**rest, "metric_name": point[0],
                                                                             "_value": point[1]})]  # fmt: skip
            if single:
                rows.extend({**rest, "metric_name": name, "_value": value} for name, value in kept)
            elif kept:
                rows.append({**rest, **dict(kept)})
        if rows:
            yield rows
