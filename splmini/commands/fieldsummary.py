"""fieldsummary: statistics about each field."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from splmini.commands.arguments.reading import FieldPatterns, field_names, is_internal, read
from splmini.functions.stats.basic import Max, Min, Stdev
from splmini.language import tree
from splmini.operators import ALL, Batch, Columns, Fields, Operator, Partial, Row, RunContext, Stream, batched
from splmini.registry import BuildScope, Example, OptionSpec, command
from splmini.values.numbers import to_number, to_text

OPTIONS = {
    "maxvals": OptionSpec("int", least=0, default=100, doc="How many distinct values are listed, most frequent first.")
}
COLUMNS = ("field", "count", "distinct_count", "is_exact", "max", "mean", "min", "numeric_count", "stdev", "values")


@command(
    "fieldsummary",
    options=OPTIONS,
    category="transforming",
    syntax="fieldsummary [maxvals=INT] [FIELD ...]",
    source="https://docs.splunk.com/Documentation/Splunk/latest/SearchReference/Fieldsummary",
    examples=(
        Example(
            "| fieldsummary a",
            [
                {
                    "field": "a",
                    "count": 3,
                    "distinct_count": 2,
                    "is_exact": 1,
                    "max": 4,
                    "mean": 3,
                    "min": 1,
                    "numeric_count": 3,
                    "values": '[{"value":"4","count":2},{"value":"1","count":1}]',
                }
            ],
            ({"a": 1}, {"a": 4}, {"a": 4}),
        ),
    ),
)
def build(node: tree.Command, scope: BuildScope) -> Operator:
    """Gives one row for each field, sorted by name, with counts, numeric statistics and the most frequent values.

    Without a field list all fields are summarised but those whose names begin with an underscore; the list takes
    wildcards. `count` counts the values, each value of a multivalue field; `numeric_count` those that are numbers,
    over which `max`, `mean`, `min` and `stdev` (n - 1) are taken. `values` is a JSON list of values and counts, cut at
    `maxvals` (0: not cut); `is_exact` is 0 where a field has more distinct values than that. Distinct values are
    counted exactly all the same, so memory grows with them.

    *Null* values are not counted.
    """
    arguments = read(node, OPTIONS, takes=(tree.Word,))
    names = field_names(arguments.words, node)
    most = arguments["maxvals"]

    def create(ctx: RunContext) -> SummaryState:
        return SummaryState(tuple(names), most)

    def requires(after: Fields) -> Fields:
        return frozenset(names) if names else ALL

    return Partial(name=node.name, create=create, requires=requires, span=node.span)


class SummaryState:
    """The state of fieldsummary: for each field, how often each value occurs."""

    def __init__(self, names: tuple[str, ...], most: int) -> None:
        self.names = names
        self.most = most
        self.counts: dict[str, dict[str, int] | None] = {}

    def update(self, batch: Batch) -> None:
        """Take in a batch."""
        wanted = FieldPatterns(self.names).matches if self.names else None
        for row in batch:
            for name, value in row.items():
                if name not in self.counts:
                    fits = not is_internal(name) if wanted is None else wanted(name)
                    self.counts[name] = {} if fits else None
                counts = self.counts[name]
                if counts is not None:
                    for item in value if isinstance(value, list) else (value,):
                        text = to_text(item)
                        counts[text] = counts.get(text, 0) + 1

    def merge(self, other: SummaryState) -> None:
        """Take in the state of later rows."""
        for name, more in other.counts.items():
            counts = self.counts.setdefault(name, {} if more is not None else None)
            if counts is not None and more is not None:
                for text, number in more.items():
                    counts[text] = counts.get(text, 0) + number

    def finish(self, ctx: RunContext) -> Stream:
        """Give a row for each field."""
        return Stream(batched(self._rows()), _columns)

    def _rows(self) -> Iterator[Row]:
        for name in sorted(self.counts):
            counts = self.counts[name]
            if counts is not None:
                yield self._row(name, counts)

    def _row(self, name: str, counts: dict[str, int]) -> Row:
        numbers = {text: number for text in counts if (number := to_number(text)) is not None}
        row: Row = {
            "field": name,
            "count": sum(counts.values()),
            "distinct_count": len(counts),
            "is_exact": int(self.most == 0 or len(counts) <= self.most),
            "numeric_count": sum(counts[text] for text in numbers),
        }
        if numbers:
            row.update(_statistics([(numbers[text], counts[text]) for text in numbers]))
        listed = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
        if self.most:
            listed = listed[: self.most]
        row["values"] = json.dumps(
            [{"value": text, "count": count} for text, count in listed], separators=(",", ":"), ensure_ascii=False
        )
        return {column: row[column] for column in COLUMNS if column in row}


def _statistics(values: list[tuple[int | float, int]]) -> Row:
    low, high, spread = Min(), Max(), Stdev()
    total: int | float = 0
    for number, count in values:
        low.add_number(number)
        high.add_number(number)
        total += number * count
        same = Stdev()
        same.add(number)
        same.repeat(count)
        spread.merge(same)
    result: dict[str, Any] = {"min": low.result(), "max": high.result(), "stdev": spread.result()}
    result["mean"] = total / sum(count for _, count in values)
    return result


def _columns() -> Columns:
    return list(COLUMNS)
