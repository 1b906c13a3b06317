"""The table of chart and timechart: a row for each bin or value, a column for each series.

Rows are grouped by two keys, that of the row and that of the series. When all rows are in, the series to show are
chosen, the others are folded into OTHER, and each row becomes a row of the table.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any

from splmini.budget import watched
from splmini.commands.aggregation import binning
from splmini.commands.aggregation.groups import Grouping, Groups, Measure
from splmini.commands.aggregation.pivot import COUNTS, Choice, Names, Split
from splmini.functions.stats import feed
from splmini.operators import Row, RunContext
from splmini.registry import find_function
from splmini.values.numbers import to_number

SERIES_NUMBER = "\0events"


@dataclass
class Table:
    """The groups of a chart on their way to its rows."""

    groups: Groups
    ctx: RunContext
    split: Split
    names: Names
    scale: Callable[[str, Row], Row] | None = None
    """Adjusts the aggregates of a row key (per_second and its like)."""
    order: list[str] = field(default_factory=list)

    def choose(self) -> None:
        """Choose the series, and fold the others into OTHER, or drop them."""
        groups, split = self.groups, self.split
        self._bin_series()
        keys: dict[str, list[Any]] = {}
        for key in groups.group_keys():
            keys.setdefault(key[1], []).append(key)
        has_null = split.usenull and split.nullstr in keys
        candidates = sorted(name for name in keys if not (has_null and name == split.nullstr))
        kept = self._kept(candidates, keys)
        others = [name for name in candidates if name not in kept]
        if others:
            target = split.otherstr if split.useother else None
            dropped = set(others)

            def fold(key: Any) -> Any:
                if key[1] not in dropped:
                    return key
                return None if target is None else (key[0], target)

            groups.fold(fold)
        self.order = [name for name in candidates if name in kept]
        self.order += [split.nullstr] if has_null else []
        self.order += [split.otherstr] if others and split.useother and split.otherstr not in self.order else []

    def _bin_series(self) -> None:
        """Put numeric series into bins where bins are to be chosen, now that all of them are known."""
        bins = self.split.bins
        if bins is None or bins.span is not None:
            return
        names = {key[1] for key in self.groups.group_keys()}
        numbers = [number for name in names if (number := to_number(name)) is not None and bins.holds(number)]
        place = bins.chosen(numbers) if numbers else bins.labeller(binning.LinearBins(1))

        def binned(key: Any) -> Any:
            label = place(key[1])
            return None if label is None else (key[0], label)

        self.groups.fold(binned)

    def _kept(self, candidates: list[str], keys: dict[str, list[Any]]) -> set[str]:
        choice = self.split.choice or Choice(number=self.ctx.limits.chart_maxseries)
        if (
            choice.relation in ("in", "notin")
            and not self.split.ranked
            and (choice.number == 0 or (choice.number >= len(candidates)))
        ):
            return set(candidates)
        scores = self._scores(choice.function, candidates, keys)
        if choice.relation in ("<", ">"):
            return {
                name
                for name in candidates
                if (score := scores[name]) is not None
                and (score > choice.number if choice.relation == ">" else score < choice.number)
            }
        sign = 1 if choice.bottom else -1
        ranked = sorted(candidates, key=lambda name: (scores[name] is None, sign * (scores[name] or 0), name))
        best = set(ranked[: int(choice.number)])
        return best if choice.relation == "in" else set(candidates) - best

    def _scores(self, function: str, candidates: list[str], keys: dict[str, list[Any]]) -> dict[str, Any]:
        """The score of each series: the function over its values, or its events where there are several aggregates."""
        groups = self.groups
        measures = [m for m in groups.grouping.measures if m.name != SERIES_NUMBER]
        name = measures[0].name if len(measures) == 1 and not measures[0].wild else SERIES_NUMBER
        if function in COUNTS:
            name = SERIES_NUMBER if self.split.counts_events(tuple(measures)) else name
            function = "sum"
        results = self.results()
        spec, parameters = find_function(function)
        scores: dict[str, Any] = {}
        for series in candidates:
            accumulator = spec.make(*parameters)
            for key in keys[series]:
                value = to_number(results(key).get(name))
                if value is not None:
                    feed(spec.takes, accumulator, value, None, 0)
            scores[series] = to_number(accumulator.result())
        return scores

    def results(self) -> Callable[[Any], Row]:
        """Return a function from a key to its aggregates."""
        aggregates, scale = self.groups.results(self.ctx), self.scale
        if scale is None:
            return aggregates

        def scaled(key: Any) -> Row:
            return scale(key[0] if isinstance(key, tuple) else key, aggregates(key))

        return scaled

    def measured(self) -> list[str]:
        """Return the names of the aggregates shown."""
        return [name for name in self.groups.names() if name != SERIES_NUMBER]

    def columns(self) -> list[str]:
        """Return the names of the columns, without that of the rows: aggregate by aggregate, series by series."""
        measures = self.measured()
        several = len(measures) > 1
        return [self.names.column(measure, series, several) for measure in measures for series in self.order]

    def rows(self, labels: list[tuple[str, Row]]) -> Iterator[Row]:
        """Yield the table's rows: for each row key, its own fields, then a cell for each column."""
        results = self.results()
        measures = self.measured()
        several = len(measures) > 1
        named = {(m, s): self.names.column(m, s, several) for m in measures for s in self.order}
        for key, own in watched(labels, pause=max(1, 4096 // max(1, len(named)))):
            cells = {series: results((key, series)) for series in self.order}
            row = dict(own)
            for (measure, series), column in named.items():
                value = cells[series].get(measure)
                if value is not None:
                    row[column] = value
            yield row


def with_number(grouping: Grouping) -> Grouping:
    """Add the hidden number of events, which ranks series where there are several aggregates."""
    return replace(grouping, measures=(*grouping.measures, Measure(SERIES_NUMBER, "count")))
