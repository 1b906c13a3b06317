"""outlier: removes or truncates outlying numbers."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from splmini.commands._spool import Spool
from splmini.commands.arguments.reading import FieldPatterns, field_names, is_internal, read
from splmini.functions.stats.quantile import ExactPerc
from splmini.language import tree
from splmini.operators import ALL, Batch, Fields, Operator, Row, RunContext, Sequence, Stream
from splmini.registry import BuildScope, Example, OptionSpec, command
from splmini.values.numbers import to_number, to_text

OPTIONS = {
    "action": OptionSpec(
        "enum",
        default="transform",
        choices=("remove", "rm", "transform", "tf"),
        doc="Remove rows with outlying numbers, or truncate the numbers to the threshold.",
    ),
    "type": OptionSpec("enum", default="iqr", choices=("iqr",), doc="How outliers are found: the interquartile range."),
    "mark": OptionSpec("bool", default=False, doc="Put 000 in front of truncated numbers."),
    "param": OptionSpec("number", default=2.5, doc="How many interquartile ranges beyond a quartile a number may lie."),
    "uselower": OptionSpec("bool", default=False, doc="Whether numbers far below the 25th percentile are, too."),
}


@dataclass(frozen=True)
class Settings:
    """What to do about outliers, and where."""

    names: tuple[str, ...]
    remove: bool
    mark: bool
    param: float
    lower: bool

    def wanted(self) -> Callable[[str], bool]:
        """Return the test of a field's name."""
        return FieldPatterns(self.names).matches if self.names else _visible


def _visible(name: str) -> bool:
    return not is_internal(name)


@command(
    "outlier",
    options=OPTIONS,
    category="reporting",
    syntax="outlier [action=remove|transform] [mark=BOOL] [param=NUM] [uselower=BOOL] [type=iqr] [FIELD ...]",
    source="https://docs.splunk.com/Documentation/Splunk/latest/SearchReference/Outlier",
    examples=(
        Example(
            "| outlier action=remove v",
            [{"v": 1}, {"v": 2}, {"v": 3}, {"v": 4}],
            ({"v": 1}, {"v": 2}, {"v": 3}, {"v": 4}, {"v": 99}),
        ),
        Example(
            "| outlier v",
            [{"v": 1}, {"v": 2}, {"v": 3}, {"v": 4}, {"v": 9}],
            ({"v": 1}, {"v": 2}, {"v": 3}, {"v": 4}, {"v": 99}),
        ),
    ),
)
def build(node: tree.Command, scope: BuildScope) -> Operator:
    """Removes rows with outlying numbers (`action=remove`), or truncates these numbers (`action=transform`).

    A number is an outlier where it lies more than `param` interquartile ranges (75th less 25th percentile, both
    interpolated) above the 75th percentile, with `uselower` also below the 25th. Without a field list all fields are
    taken but those whose names begin with an underscore. Null, text and multivalue fields are never outliers. All
    rows are read before the first is given.
    """
    arguments = read(node, OPTIONS, takes=(tree.Word,))
    names = field_names(arguments.words, node)
    remove = arguments["action"] in ("remove", "rm")
    settings = Settings(
        tuple(names), remove, arguments["mark"] and not remove, arguments["param"], arguments["uselower"]
    )

    def requires(after: Fields) -> Fields:
        return ALL if not names or after is None else after | frozenset(names)

    return Sequence(name=node.name, run=outliers(settings), requires=requires, span=node.span)


def outliers(settings: Settings) -> Callable[[Stream, RunContext], Stream]:
    """Return the run of an operator that treats outliers."""

    def run(stream: Stream, ctx: RunContext) -> Stream:
        def batches() -> Iterator[Batch]:
            rows, limits = _read(stream, settings, ctx)
            for batch in rows.batches():
                kept = [row for row in batch if _treat(row, limits, settings)]
                if kept:
                    yield kept

        return Stream(batches(), stream.columns)

    return run


def _read(stream: Stream, settings: Settings, ctx: RunContext) -> tuple[Spool, dict[str, tuple[float, float]]]:
    """Keep all rows, and return the bounds of each field."""
    rows = Spool(ctx)
    wanted = settings.wanted()
    seen: dict[str, ExactPerc] = {}
    for batch in stream.batches:
        ctx.check()
        for row in batch:
            for name, value in row.items():
                number = to_number(value)
                if number is not None and wanted(name):
                    if name not in seen:
                        seen[name] = ExactPerc("50")
                    seen[name].add(number)
        rows.extend(batch)
    return rows, {name: _bounds(numbers, settings) for name, numbers in seen.items()}


def _bounds(numbers: ExactPerc, settings: Settings) -> tuple[float, float]:
    quartiles = []
    for percent in (25.0, 75.0):
        numbers.percent = percent
        quartiles.append(numbers.result() or 0)
    reach = settings.param * (quartiles[1] - quartiles[0])
    low = quartiles[0] - reach if settings.lower else float("-inf")
    return low, quartiles[1] + reach


def _treat(row: Row, limits: dict[str, tuple[float, float]], settings: Settings) -> bool:
    """Truncate the outliers of a row; return False where the row has to go."""
    for name, (low, high) in limits.items():
        number = to_number(row.get(name))
        if number is None or low <= number <= high:
            continue
        if settings.remove:
            return False
        bound = low if number < low else high
        row[name] = "000" + to_text(bound) if settings.mark else bound
    return True
