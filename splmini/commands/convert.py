"""The convert command: turn field values into numbers, or times into text."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import tzinfo
from typing import Any

from splmini.commands._spool import spooled
from splmini.commands.arguments.reading import Arguments, FieldPatterns, fail, read, reading
from splmini.commands.arguments.uses import ALIASED
from splmini.errors import UnknownFunction, did_you_mean
from splmini.language import tree
from splmini.operators import Batch, Operator, Row, RunContext, Stream, Streaming, appended
from splmini.operators import Sequence as SequenceOperator
from splmini.registry import BuildScope, Example, OptionSpec, command
from splmini.values import times
from splmini.values.multivalue import as_list, from_list
from splmini.values.numbers import to_number, to_text
from splmini.values.wildcards import substitute

OPTIONS = {"timeformat": OptionSpec("string", default="%m/%d/%Y %H:%M:%S", doc="The format of ctime and mktime.")}
SOURCE = "https://docs.splunk.com/Documentation/Splunk/latest/SearchReference/Convert"

Conversion = Callable[[Any, str, tzinfo], Any]

# ---- the conversions: each takes one value, the time format and the time zone; None where there is no result --------

_DURATION = re.compile(r"(?:(\d+)\+)?(\d{1,4}):(\d{1,2}):(\d{1,2}(?:\.\d+)?)", re.ASCII)
_MINUTES = re.compile(r"(?:(\d+):)?(\d+(?:\.\d+)?)", re.ASCII)
_MEMORY = re.compile(r"([+-]?\d+(?:\.\d+)?)\s*([kmg]?)b?", re.ASCII | re.IGNORECASE)
_LEADING = re.compile(r"\s*([+-]?(?:\d+(?:\.\d*)?|\.\d+))", re.ASCII)
_KILOBYTES = {"": 1, "k": 1, "m": 1024, "g": 1024 * 1024}


def _number(text: str) -> int | float | None:
    return to_number(text)


def written_number(value: Any, timeformat: str, zone: tzinfo) -> Any:
    """A number as it is written; nothing for what is none."""
    return to_number(to_text(value).strip())


def num(value: Any, timeformat: str, zone: tzinfo) -> Any:
    """The first of the conversions of auto() that has a result; nothing for what is no number to any of them."""
    results = (conversion(value, timeformat, zone) for conversion in AUTOMATIC)
    return next((result for result in results if result is not None), None)


def ctime(value: Any, timeformat: str, zone: tzinfo) -> Any:
    """An epoch time as text; what is no number stays."""
    number = to_number(value)
    return value if number is None else times.strftime(number, timeformat, zone)


def mktime(value: Any, timeformat: str, zone: tzinfo) -> Any:
    """Text as an epoch time."""
    time = times.strptime(to_text(value), timeformat, zone)
    return int(time) if time is not None and float(time).is_integer() else time


def dur2sec(value: Any, timeformat: str, zone: tzinfo) -> Any:
    """`[D+]HH:MM:SS` as seconds."""
    match = _DURATION.fullmatch(to_text(value).strip())
    if match is None:
        return to_number(value)
    seconds = _number(match[4])
    if seconds is None:  # more digits than a number has
        return None
    return int(match[1] or 0) * 86400 + int(match[2]) * 3600 + int(match[3]) * 60 + seconds


def mstime(value: Any, timeformat: str, zone: tzinfo) -> Any:
    """`[MM:]SS.SSS` as seconds."""
    match = _MINUTES.fullmatch(to_text(value).strip())
    if match is None:
        return None
    seconds = _number(match[2])
    if seconds is None:  # more digits than a number has
        return None
    return int(match[1] or 0) * 60 + seconds


def memk(value: Any, timeformat: str, zone: tzinfo) -> Any:
    """A number with k, m or g (none is k) as kilobytes."""
    match = _MEMORY.fullmatch(to_text(value).strip())
    if match is None:
        return None
    number = _number(match[1])
    if number is None:
        return None
    size = number * _KILOBYTES[match[2].lower()]
    return int(size) if float(size).is_integer() else size


def rmcomma(value: Any, timeformat: str, zone: tzinfo) -> Any:
    """The value without commas."""
    return to_text(value).replace(",", "")


def rmunit(value: Any, timeformat: str, zone: tzinfo) -> Any:
    """The number that the value begins with; what begins with none stays."""
    match = _LEADING.match(to_text(value))
    return value if match is None else to_number(match[1].rstrip("."))


def plain_number(value: Any, timeformat: str, zone: tzinfo) -> Any:
    """A number that may have commas between its thousands."""
    text = to_text(value).strip()
    return to_number(text.replace(",", "")) if re.fullmatch(r"[+-]?\d{1,3}(,\d{3})+(\.\d+)?", text) else None


def none(value: Any, timeformat: str, zone: tzinfo) -> Any:
    """The value as it is."""
    return value


CONVERSIONS: dict[str, Conversion] = {
    "ctime": ctime,
    "dur2sec": dur2sec,
    "memk": memk,
    "mktime": mktime,
    "mstime": mstime,
    "none": none,
    "num": num,
    "rmcomma": rmcomma,
    "rmunit": rmunit,
}
AUTOMATIC: tuple[Conversion, ...] = (written_number, dur2sec, mstime, memk, plain_number)
"""What auto() tries, in this order: the first that every value of the field agrees with."""

# ---- the command ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Step:
    """One `function(field) AS alias`."""

    function: str
    pattern: str
    alias: str | None


@command(
    "convert",
    "aggregation",
    options=OPTIONS,
    syntax="convert [timeformat=<string>] (auto|ctime|dur2sec|memk|mktime|mstime|none|num|rmcomma|rmunit)(<wc-field>) "
    "[AS <field>]...",
    category="streaming",
    uses=ALIASED,
    source=SOURCE,
    examples=(
        Example(
            '| convert timeformat="%H:%M" ctime(t) AS clock dur2sec(d)',
            ({"t": 1700000000, "clock": "22:13", "d": 615},),
            ({"t": 1700000000, "d": "00:10:15"},),
        ),
        Example(
            '| convert timeformat="%Y-%m-%d" ctime(_time) AS day num(bytes)',
            [{"_time": 0, "bytes": 1, "day": "1970-01-01"}, {"_time": 86400, "day": "1970-01-02"}],
            ({"_time": 0, "bytes": "1"}, {"_time": 86400, "bytes": "n/a"}),
        ),
    ),
)
def build(node: tree.Command, scope: BuildScope) -> Operator:
    """Turn field values into numbers, or epoch times into text, in place or, with `AS`, into a new field.

    | function | result |
    |---|---|
    | auto(f) | a number, where every value of the field converts in one way; otherwise the field is left alone |
    | ctime(f) | an epoch time as text, in the `timeformat` |
    | dur2sec(f) | `[D+]HH:MM:SS` as seconds |
    | memk(f) | a size with k, m or g as kilobytes |
    | mktime(f) | text in the `timeformat` as an epoch time |
    | mstime(f) | `[MM:]SS.SSS` as seconds |
    | none(f) | the value as it is; the other functions' wildcards leave the field out |
    | num(f) | a number, by what auto() tries, value by value |
    | rmcomma(f) | the value without commas |
    | rmunit(f) | the number that the value begins with |

    Fields may hold wildcards. *Null* stays null; where num, dur2sec, memk, mktime and mstime have no result the field
    is removed. *Multivalue*: each value is converted. auto() sees all results before the first is given.
    """
    arguments = read(node, OPTIONS, takes=(tree.Aggregation,))
    steps = [_step(arguments, each) for each in arguments.aggregations]
    if not steps:
        fail(node, "convert needs a function, such as ctime(field).")
    excluded = frozenset(step.pattern for step in steps if step.function == "none")
    steps = [step for step in steps if step.function != "none" or step.alias is not None]
    timeformat = arguments["timeformat"]
    exact = not any("*" in step.pattern for step in steps)
    needed = frozenset(step.pattern for step in steps)
    targets = [step.alias or step.pattern for step in steps]

    def bind(ctx: RunContext) -> Callable[[Batch], Batch]:
        apply = _applier([step for step in steps if step.function != "auto"], excluded, timeformat, ctx)

        def convert(batch: Batch) -> Batch:
            for row in batch:
                apply(row)
            return batch

        return convert

    requires = reading(needed)
    if any(step.function == "auto" for step in steps):
        run = _automatic(steps, excluded, timeformat)
        return SequenceOperator(name="convert", run=run, requires=requires, node=node, span=node.span)
    new = [step.alias for step in steps if step.alias is not None and "*" not in step.alias]
    return Streaming(
        name="convert",
        one_to_one=True,
        bind=bind,
        requires=requires,
        columns=appended(*new),
        writes=frozenset(targets) if exact else None,
        node=node,
        span=node.span,
    )


def _step(arguments: Arguments, node: tree.Aggregation) -> Step:
    if node.function not in CONVERSIONS and node.function != "auto":
        raise UnknownFunction(
            f"convert has no function '{node.function}'.",
            name=node.function,
            span=node.span,
            hint=did_you_mean(node.function, [*CONVERSIONS, "auto"]),
        )
    if len(node.args) != 1 or not isinstance(node.args[0], (tree.Word, tree.FieldRef)):
        arguments.fail(f"{node.function}() takes one field.", node)
    argument = node.args[0]
    name = argument.text if isinstance(argument, tree.Word) else argument.name
    if node.alias is not None and "*" in node.alias and node.alias.count("*") != name.count("*"):
        arguments.fail(f"'{name}' and '{node.alias}' need the same number of wildcards.", node)
    return Step(node.function, name, node.alias)


def _names(step: Step, available: Sequence[str], excluded: frozenset[str]) -> list[tuple[str, str]]:
    """The (source, target) pairs of a step among the fields that there are."""
    sources = FieldPatterns([step.pattern]).select(available)
    pairs = []
    for name in sources:
        if "*" in step.pattern and name in excluded:
            continue
        alias = step.alias
        target = name if alias is None else substitute(step.pattern, alias, name) if "*" in alias else alias
        pairs.append((name, target or name))
    return pairs


def _applier(
    steps: Sequence[Step], excluded: frozenset[str], timeformat: str, ctx: RunContext
) -> Callable[[Row], None]:
    zone = ctx.timezone
    known: dict[tuple[str, ...], list[tuple[str, str, Conversion]]] = {}

    def plan(names: tuple[str, ...]) -> list[tuple[str, str, Conversion]]:
        found = known.get(names)
        if found is None:
            found = [
                (source, target, CONVERSIONS[step.function])
                for step in steps
                for source, target in _names(step, names, excluded)
            ]
            if len(known) < 1024:
                known[names] = found
        return found

    def apply(row: Row) -> None:
        for source, target, conversion in plan(tuple(row)):
            if source in row:
                _set(row, target, [conversion(item, timeformat, zone) for item in as_list(row[source])])

    return apply


def _set(row: Row, target: str, values: list[Any]) -> None:
    value = from_list(values)
    if value is None:
        row.pop(target, None)
    else:
        row[target] = value


def _automatic(
    steps: Sequence[Step], excluded: frozenset[str], timeformat: str
) -> Callable[[Stream, RunContext], Stream]:
    """Steps with auto(): each field's conversion is known when all rows have been seen."""

    def run(stream: Stream, ctx: RunContext) -> Stream:
        def batches() -> Iterator[Batch]:
            rows = _Candidates(stream.batches, steps, excluded, timeformat, ctx)
            apply = _applier([step for step in steps if step.function != "auto"], excluded, timeformat, ctx)
            for batch in rows.spool.batches():
                for row in batch:
                    rows.apply(row)
                    apply(row)
                yield batch

        def columns() -> list[str] | None:
            new = [step.alias for step in steps if step.alias is not None and "*" not in step.alias]
            return appended(*new)(stream.columns())

        return Stream(batches(), columns)

    return run


class _Candidates:
    """The rows, and for each field of an auto() which conversions all its values agree with."""

    def __init__(
        self,
        batches: Iterator[Batch],
        steps: Sequence[Step],
        excluded: frozenset[str],
        timeformat: str,
        ctx: RunContext,
    ) -> None:
        self.timeformat, self.zone = timeformat, ctx.timezone
        automatic = [step for step in steps if step.function == "auto"]
        matching = FieldPatterns([step.pattern for step in automatic])
        left: dict[str, list[Conversion]] = {}

        def watched() -> Iterator[Batch]:
            for batch in batches:
                for row in batch:
                    for name, value in row.items():
                        if matching.matches(name):
                            fitting = left.setdefault(name, list(AUTOMATIC))
                            left[name] = [each for each in fitting if self._fits(each, value)] if fitting else fitting
                yield batch

        self.spool = spooled(watched(), ctx)
        self.pairs = [
            (source, target, left[source][0])
            for step in automatic
            for source, target in _names(step, list(left), excluded)
            if left[source]
        ]

    def _fits(self, conversion: Conversion, value: Any) -> bool:
        return all(conversion(item, self.timeformat, self.zone) is not None for item in as_list(value))

    def apply(self, row: Row) -> None:
        """Convert the fields of a row."""
        for source, target, conversion in self.pairs:
            if source in row:
                _set(row, target, [conversion(item, self.timeformat, self.zone) for item in as_list(row[source])])
