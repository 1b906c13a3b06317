"""Aggregations of the stats family: from `tree.Aggregation` nodes to groups of partial results.

`read_measures` checks the aggregations of a command and makes `Measure`s of them; `Groups` is the table of groups,
which takes in batches, merges with others, and gives rows. A row without one of the group-by fields belongs to no
group; a multivalue group-by field puts it in the group of each of its values. Arguments are taken value by value.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import product
from operator import contains
from typing import Any

from splmini.commands import _columns as columns
from splmini.commands._arguments import fields_read
from splmini.commands._columns import Column, Slice, Source
from splmini.errors import ArgumentError, LimitExceeded, Span, UnknownFunction
from splmini.functions.stats import find_function
from splmini.language import tree
from splmini.operators import ALL, Batch, Fields, Row, RunContext, batched, union
from splmini.registry import BuildScope, StatsFunction
from splmini.values import wildcards
from splmini.values.numbers import to_text
from splmini.values.sorting import auto_key

PRESTATS = "psrsvd_v"
"""The field that marks a row of partial results (sistats, tstats prestats=t)."""

# ---- measures -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Measure:
    """One aggregate of a command: the function, what it reads, and the name of its column.

    `field` is a field or a wildcard, `expression` what stood in `eval(…)`; neither for a plain count. `formula` is an
    expression over `parts` (timechart's `eval(avg(x)*2)`), whose columns are hidden. `inner` and `span` belong to
    sparklines.
    """

    name: str
    function: str = ""
    field: str | None = None
    expression: tree.Node | None = None
    formula: tree.Node | None = None
    parts: tuple[Measure, ...] = ()
    inner: str = ""
    span: float = 0.0
    called: str = ""
    """The function as written, for the names of the columns that a wildcard stands for."""

    @property
    def wild(self) -> bool:
        """True where the field is a wildcard."""
        return self.field is not None and wildcards.has_wildcard(self.field)

    @property
    def stored(self) -> str:
        """The name under which prestats rows hold its partial result."""
        read = self.field or (str(self.expression) if self.expression is not None else "")
        return f"psrsvd_{self.function}_{self.inner}_{read}" if self.inner else f"psrsvd_{self.function}_{read}"

    def reads(self) -> Fields:
        """The fields that it reads."""
        if self.formula is not None:
            return union(*(part.reads() for part in self.parts))
        spec, _ = find_function(self.function)
        if spec.takes == "series":
            return ALL
        names: Fields = frozenset()
        if self.expression is not None:
            names = fields_read(self.expression)
        elif self.field is not None:
            names = ALL if self.field == "*" else frozenset({self.field})
        return union(names, frozenset({"_time"})) if spec.takes == "timed" else names


def read_measures(
    command: tree.Command, nodes: Iterable[tree.Node], scope: BuildScope, by: Sequence[str] = ()
) -> tuple[Measure, ...]:
    """Make measures of the aggregations of a command; raises UnknownFunction and ArgumentError with positions.

    There has to be one at least, and none may have the name of a group-by field.
    """
    measures: list[Measure] = []
    for node in nodes:
        if not isinstance(node, tree.Aggregation):
            raise ArgumentError(f"{command.name} does not take '{node}' here.", name=command.name, span=node.span)
        scope.aggregation(node)
        measure = read_measure(node)
        if measure.name in by:
            raise ArgumentError(
                f"The result '{measure.name}' has the name of a group-by field.", name=command.name, span=node.span,
                hint="Give it another name with AS.",
            )
        measures.append(measure)
    if not measures:
        raise ArgumentError(f"{command.name} needs an aggregation, such as count.", name=command.name, span=command.span)
    return tuple(measures)


def read_measure(node: tree.Aggregation) -> Measure:
    """Make a measure of one aggregation."""
    if node.function == "eval":
        return _formula(node)
    if node.function == "sparkline":
        return _sparkline(node)
    try:
        spec, _ = find_function(node.function)
    except (UnknownFunction, ArgumentError) as error:
        error.span = node.span
        raise
    written = node.written or _written(node)
    called = written.partition("(")[0].strip() or node.function
    source = _argument(node, spec)
    if source is None:
        return Measure(node.alias or called, node.function, called=called)
    if isinstance(source, tree.Word):
        measure = Measure(node.alias or f"{called}({source.text})", node.function, field=source.text, called=called)
        if measure.wild and node.alias is not None and node.alias.count("*") != source.text.count("*"):
            raise ArgumentError(
                f"'{node.alias}' and '{source.text}' have different numbers of wildcards.", name=node.function,
                span=node.span,
            )
        return measure
    return Measure(node.alias or written, node.function, expression=source, called=called)


def _written(node: tree.Aggregation) -> str:
    return str(replace(node, alias=None))


def _argument(node: tree.Aggregation, spec: StatsFunction) -> tree.Node | None:
    """The one argument of a function: a word, or the expression inside eval()."""
    if len(node.args) > 1:
        raise ArgumentError(f"{node.function} takes one argument.", name=node.function, span=node.args[1].span)
    if not node.args:
        if spec.argument == "required":
            raise ArgumentError(
                f"{node.function} needs a field: {node.function}(field).", name=node.function, span=node.span
            )
        return None
    argument = node.args[0]
    if isinstance(argument, tree.Word):
        return argument
    if isinstance(argument, tree.Call) and argument.name == "eval" and len(argument.args) == 1:
        return argument.args[0]
    raise ArgumentError(
        f"{node.function} takes a field or eval(...), not '{argument}'.", name=node.function, span=argument.span
    )


def _sparkline(node: tree.Aggregation) -> Measure:
    """`sparkline(count)`, `sparkline(avg(x), 5m)`, `sparkline(x, 5m)`, which counts the values of x."""
    from splmini.values.times import parse_span

    name = node.alias or node.written or _written(node)
    if not node.args or len(node.args) > 2:
        raise ArgumentError("sparkline takes an aggregation and a span: sparkline(count, 1h).", name="sparkline",
                            span=node.span)
    inner = node.args[0]
    if isinstance(inner, tree.Word):
        plain = inner.text.lower() in ("count", "c")
        inner = tree.Aggregation(inner.text.lower(), span=inner.span) if plain else tree.Aggregation(
            "count", (inner,), span=inner.span)
    if not isinstance(inner, tree.Aggregation):
        raise ArgumentError(f"sparkline takes an aggregation, not '{inner}'.", name="sparkline", span=inner.span)
    measure = read_measure(inner)
    seconds = 0.0
    if len(node.args) == 2:
        span = parse_span(_text(node.args[1]))
        seconds = span.count * _SECONDS[span.unit] if span.unit in _SECONDS else 0.0
        if not seconds:
            raise ArgumentError("The span of a sparkline is a length such as 5m or 1h.", name="sparkline",
                                span=node.args[1].span)
    return Measure(name, "sparkline", field=measure.field, expression=measure.expression, inner=measure.function,
                   span=seconds, called="sparkline")


_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800}


def _text(node: tree.Node) -> str:
    return node.text if isinstance(node, (tree.Word, tree.FieldRef)) else str(node)


def _formula(node: tree.Aggregation) -> Measure:
    """`eval(avg(x) * count(x))`: its aggregates become hidden measures, the rest an expression over them."""
    if len(node.args) != 1:
        raise ArgumentError("eval takes one expression.", name="eval", span=node.span)
    root = node.args[0]
    if isinstance(root, tree.Call) and root.name == "eval" and len(root.args) == 1:
        root = root.args[0]
    parts: list[Measure] = []
    formula = _lift(root, parts)
    if not parts:
        raise ArgumentError("The expression has no aggregate, such as avg(x).", name="eval", span=node.span)
    return Measure(node.alias or node.written or _written(node), formula=formula, parts=tuple(parts))


def _lift(node: tree.Node, parts: list[Measure]) -> tree.Node:
    """Replace the calls of stats functions in an expression by the hidden fields of their results."""
    if isinstance(node, tree.Call) and _is_aggregate(node):
        inner = node.args[0] if node.args else None
        measure = Measure(
            f"\0{len(parts)}", node.name, field=inner.name if isinstance(inner, tree.FieldRef) else None,
            expression=None if isinstance(inner, tree.FieldRef) else inner,
        )
        parts.append(measure)
        return tree.FieldRef(measure.name, span=node.span)
    changed = {
        name: tuple(_lift(item, parts) if isinstance(item, tree.Node) else item for item in value)
        if isinstance(value, tuple) else _lift(value, parts)
        for name in node.__dataclass_fields__
        if isinstance(value := getattr(node, name), (tuple, tree.Node))
    }
    return replace(node, **changed) if changed else node


def _is_aggregate(call: tree.Call) -> bool:
    if len(call.args) > 1:
        return False
    try:
        spec, _ = find_function(call.name)
    except (UnknownFunction, ArgumentError):
        return False
    return bool(call.args) or spec.argument != "required"


def by_fields(nodes: Iterable[tree.Node], command: tree.Command) -> tuple[str, ...]:
    """Return the names of a by-clause; wildcards are refused, as they are in Splunk."""
    names: dict[str, None] = {}
    for node in nodes:
        if not isinstance(node, tree.Word):
            raise ArgumentError(f"Expected a field name, not '{node}'.", name=command.name, span=node.span)
        if wildcards.has_wildcard(node.text) and not node.quoted:
            raise ArgumentError("A by-clause takes no wildcards.", name=command.name, span=node.span,
                                hint="Name each field.")
        names[node.text] = None
    return tuple(names)


def fields_needed(measures: Iterable[Measure], by: Iterable[str] = ()) -> Fields:
    """Return the fields that an aggregation reads."""
    return union(frozenset(by), *(measure.reads() for measure in measures))


# ---- groups ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Grouping:
    """How rows are grouped and measured; what the operators of the family are made from. Pickles."""

    measures: tuple[Measure, ...]
    by: tuple[str, ...] = ()
    allnum: bool = False
    dedup_splitvals: bool = False
    command: str = "stats"
    span: Span = field(default_factory=lambda: Span(-1, -1))

    def measured(self) -> tuple[Measure, ...]:
        """The measures that have columns: formulas stand for their parts."""
        return tuple(part for measure in self.measures for part in (measure.parts or (measure,)))


def make_column(measure: Measure, allnum: bool, ctx: RunContext) -> Column:
    """Make the column of a measure."""
    spec, parameters = find_function(measure.function)
    if measure.expression is not None:
        source = Source(f"\0{measure.expression}", ctx.expression(measure.expression))
    elif measure.field is None:
        if measure.function in ("count", "c"):
            return columns.EventCountColumn(Source(""), spec.make, spec.takes, spec.empty)
        source = Source("\0", _one)
    else:
        source = Source(measure.field)
    if measure.function == "sparkline":
        from splmini.functions.stats.chart import SparklineMaker

        return columns.AccumulatorColumn(source, SparklineMaker(measure.inner, measure.span), "timed", None)
    make: Callable[[], Any] = partial(spec.make, *parameters) if parameters else spec.make
    setting = _LIMITS.get(measure.function)
    if setting is not None:
        make = partial(_limited, spec.make, getattr(ctx.limits, setting))
    kind = columns.FAST.get(measure.function, columns.AccumulatorColumn)
    return kind(source, make, spec.takes, spec.empty, allnum)


_LIMITS = {"list": "list_maxsize", "values": "values_maxsize"}


def _one(row: Row) -> Any:
    return 1


def _limited(make: Callable[[], Any], limit: int) -> Any:
    accumulator = make()
    accumulator.limit = limit
    return accumulator


class WildColumns:
    """The columns of a measure whose field is a wildcard: one for each matching field that is met."""

    def __init__(self, measure: Measure, grouping: Grouping, ctx: RunContext) -> None:
        self.measure = measure
        self.by = frozenset(grouping.by)
        self.make = partial(make_column, allnum=grouping.allnum, ctx=ctx)
        self.known: dict[str, Column | None] = {}
        self.matches = wildcards.compile_wildcard(measure.field or "*", ignore_case=False)

    def meet(self, name: str) -> Column | None:
        """Return the column of a field, made when the field is met; None where the wildcard leaves it out."""
        if name not in self.known:
            hidden = name[:1] == "_" and (self.measure.field or "")[:1] != "_"
            wanted = name not in self.by and not hidden and self.matches(name)
            self.known[name] = self.make(replace(self.measure, field=name)) if wanted else None
        return self.known[name]

    def merge(self, other: WildColumns, rows: int) -> None:
        """Take in the columns of later rows."""
        for name, column in other.known.items():
            if column is not None:
                mine = self.known.get(name)
                if mine is None:
                    mine = self.known[name] = _bare(column)
                    mine.cells, mine.bad = mine.no_cells(), None if mine.bad is None else set()
                mine.merge(column, rows)

    def named(self) -> Iterator[tuple[str, Column]]:
        """Yield the name and the column of each field met, in the order of the fields' names."""
        measure = self.measure
        pattern = measure.field or "*"
        for name in sorted(name for name, column in self.known.items() if column is not None):
            column = self.known[name]
            assert column is not None
            if wildcards.has_wildcard(measure.name) and measure.name != f"{measure.called}({pattern})":
                yield wildcards.substitute(pattern, measure.name, name) or name, column
            else:
                yield f"{measure.called}({name})", column


class Groups:
    """The groups of an aggregation, with one column of partial results for each measure.

    `sources` replaces the by-fields as the origin of keys (time buckets, split fields). Keys are the texts of the
    values: one text for one source, a tuple for several, the empty tuple for none.
    """

    def __init__(self, grouping: Grouping, ctx: RunContext, sources: Sequence[Source] | None = None) -> None:
        self.grouping = grouping
        self.sources = [Source(name) for name in grouping.by] if sources is None else list(sources)
        self.columns: list[Column | WildColumns] = [
            WildColumns(measure, grouping, ctx) if measure.wild else make_column(measure, grouping.allnum, ctx)
            for measure in grouping.measured()
        ]
        self.limit: int = ctx.limits.max_groups
        self.keys: dict[Any, None] = {}
        self.shown: list[dict[str, Any]] = [{} for _ in self.sources]
        self.rows_seen = 0
        self.fields: set[str] = set()
        self._counted = next((c for c in self.columns if isinstance(c, columns.EventCountColumn)
                              and not isinstance(c, columns.ValueCountColumn)), None)
        self._wild = [column for column in self.columns if isinstance(column, WildColumns)]
        self.prestats = False

    # ---- taking rows in ------------------------------------------------------------------------------------------

    def update(self, batch: Batch) -> None:
        """Take in a batch."""
        if any(map(contains, batch, [PRESTATS] * len(batch))):
            batch = self._take_partials(batch)
        if not batch:
            return
        if self._wild:
            self._meet_fields(batch)
        part = self.slice(batch)
        self.rows_seen += len(batch)
        if not part.rows:
            return
        for column in self.columns:
            if isinstance(column, WildColumns):
                for each in column.known.values():
                    if each is not None:
                        each.update(part)
            else:
                column.update(part)
        if self._counted is None or self.prestats:
            self.keys.update(dict.fromkeys(part.keys))
        self._check(len(self.keys) if self._counted is None else len(self._counted.cells))

    def _check(self, groups: int) -> None:
        if groups > self.limit:
            raise LimitExceeded(
                f"{self.grouping.command} has more than {self.limit:,} groups.", name="max_groups",
                hint="Raise Limits(max_groups=...) or group by fewer fields.", span=self.grouping.span,
            )

    def _meet_fields(self, batch: Batch) -> None:
        new = set().union(*batch) - self.fields
        self.fields |= new
        for column in self._wild:
            for name in new:
                column.meet(name)

    def slice(self, batch: Batch) -> Slice:
        """Give each row its group, rows with several groups several times."""
        read = [source.read(batch) for source in self.sources]
        if not read:
            return Slice(batch, [()] * len(batch), self.rows_seen, None, True)
        plain = True
        for index, values in enumerate(read):
            kinds = set(map(type, values))
            if kinds == {str}:
                continue
            if list in kinds or type(None) in kinds:
                plain = False
            else:
                read[index] = [value if value.__class__ is str else self.text(value, index) for value in values]
        if not plain:
            return self._fan_out(batch, read)
        keys = read[0] if len(read) == 1 else list(zip(*read, strict=True))
        return Slice(batch, keys, self.rows_seen, None, False)

    def text(self, value: Any, index: int) -> str:
        """Return the text of a key that is a number; the number is remembered, to be shown."""
        text = to_text(value)
        if text not in self.shown[index]:
            self.shown[index][text] = value
        return text

    def _fan_out(self, batch: Batch, read: list[list[Any]]) -> Slice:
        rows: list[Row] = []
        keys: list[Any] = []
        orders: list[int] = []
        single = len(read) == 1
        for order, (row, *values) in enumerate(zip(batch, *read, strict=True), self.rows_seen):
            if None in values:
                continue
            choices = [self._choices(value, index) for index, value in enumerate(values)]
            for key in product(*choices):
                rows.append(row)
                keys.append(key[0] if single else key)
                orders.append(order)
        return Slice(rows, keys, 0, orders, False)

    def _choices(self, value: Any, index: int) -> Sequence[str]:
        if value.__class__ is not list:
            return (value if value.__class__ is str else self.text(value, index),)
        texts = [item if item.__class__ is str else self.text(item, index) for item in value if item is not None]
        return list(dict.fromkeys(texts)) if self.grouping.dedup_splitvals else texts

    def _take_partials(self, batch: Batch) -> Batch:
        from splmini.commands import _prestats

        rest = [row for row in batch if PRESTATS not in row]
        partial_rows = [row for row in batch if PRESTATS in row]
        if not self.prestats and self._counted is not None:
            self.keys.update(dict.fromkeys(self._counted.cells))
        self.prestats = True
        part = self.slice(partial_rows)
        self.keys.update(dict.fromkeys(part.keys))
        for measure, column in zip(self.grouping.measured(), self.columns, strict=True):
            if isinstance(column, Column):
                _prestats.load(column, measure, part)
        self.rows_seen += len(partial_rows)
        return rest

    # ---- merging -------------------------------------------------------------------------------------------------

    def merge(self, other: Groups) -> None:
        """Take in groups made from later rows; they are given up."""
        if other.prestats and not self.prestats and self._counted is not None:
            self.keys.update(dict.fromkeys(self._counted.cells))
        self.prestats |= other.prestats
        rows = self.rows_seen
        for mine, theirs in zip(self.columns, other.columns, strict=True):
            if isinstance(mine, WildColumns) and isinstance(theirs, WildColumns):
                mine.merge(theirs, rows)
            elif isinstance(mine, Column) and isinstance(theirs, Column):
                mine.merge(theirs, rows)
        self.keys.update(other.keys)
        for shown, more in zip(self.shown, other.shown, strict=True):
            for text, value in more.items():
                shown.setdefault(text, value)
        self.fields |= other.fields
        self.rows_seen += other.rows_seen
        self._check(len(self.group_keys()))

    def __getstate__(self) -> dict[str, Any]:
        """What travels between processes: no compiled expressions, which only `update` needs."""
        state = dict(self.__dict__)
        state["sources"] = [Source(source.name) for source in self.sources]
        state["columns"] = [_portable(column) for column in self.columns]
        state["_wild"], state["_counted"] = [], None
        return state

    def fold(self, target: Callable[[Any], Any]) -> None:
        """Give each group another key; groups whose keys become equal are merged, those with None are dropped."""
        for column in self.all_columns():
            column.fold(target)
        self.keys = {new: None for key in self.keys if (new := target(key)) is not None}

    def all_columns(self) -> Iterator[Column]:
        """Yield every column, those of wildcards included."""
        for column in self.columns:
            if isinstance(column, WildColumns):
                yield from (each for each in column.known.values() if each is not None)
            else:
                yield column

    # ---- results -------------------------------------------------------------------------------------------------

    def group_keys(self) -> Iterable[Any]:
        """Return the keys of all groups."""
        if self._counted is None or self.prestats:
            return self.keys.keys()
        return self._counted.cells.keys()

    def sorted_keys(self) -> list[Any]:
        """Return the keys in the order of results: by each by-field in turn, numbers by value."""
        if len(self.sources) == 1:
            return sorted(self.group_keys(), key=auto_key)
        return sorted(self.group_keys(), key=_tuple_key)

    def named_columns(self) -> list[tuple[str, Column]]:
        """Return the name and the column of each result; hidden ones have names that begin with NUL."""
        result: list[tuple[str, Column]] = []
        for measure, column in zip(self.grouping.measured(), self.columns, strict=True):
            if isinstance(column, WildColumns):
                result.extend(column.named())
            else:
                result.append((measure.name, column))
        return result

    def names(self) -> list[str]:
        """Return the names of the results, in the order of the measures."""
        hidden = {part.name: measure.name for measure in self.grouping.measures for part in measure.parts}
        return list(dict.fromkeys(hidden.get(name, name) for name, _ in self.named_columns()))

    def results(self, ctx: RunContext) -> Callable[[Any], Row]:
        """Return a function from a key to its aggregates; null ones are absent."""
        named = self.named_columns()
        for _, column in named:
            column.prepare()
        formulas = [(m, ctx.expression(m.formula)) for m in self.grouping.measures if m.formula is not None]

        def aggregates(key: Any) -> Row:
            row: Row = {}
            for name, column in named:
                value = column.result(key)
                if value is not None:
                    row[name] = value
            for measure, evaluate in formulas:
                value = evaluate(row)
                for part in measure.parts:
                    row.pop(part.name, None)
                if value is not None:
                    row[measure.name] = value if not isinstance(value, bool) else to_text(value)
            return row

        return aggregates

    def key_fields(self, key: Any) -> Row:
        """Return the by-fields of a key, numbers as they came."""
        by = self.grouping.by
        if len(by) == 1:
            return {by[0]: self.shown[0].get(key, key)}
        return {name: shown.get(text, text) for name, shown, text in zip(by, self.shown, key, strict=True)}

    def rows(self, ctx: RunContext) -> Iterator[Row]:
        """Yield the result, sorted by the by-fields; without any, one row, or none where nothing has a value."""
        aggregates = self.results(ctx)
        if not self.sources:
            row = aggregates(())
            if row:
                yield row
            return
        for key in self.sorted_keys():
            yield {**self.key_fields(key), **aggregates(key)}

    def batches(self, ctx: RunContext) -> Iterator[Batch]:
        """Yield the result in batches."""
        return batched(self.rows(ctx))


def _tuple_key(key: tuple[str, ...]) -> tuple[Any, ...]:
    return tuple(map(auto_key, key))


def _portable(column: Column | WildColumns) -> Column | WildColumns:
    """Return a copy of a column without its compiled expression."""
    clone = copy.copy(column)
    if isinstance(clone, WildColumns):
        clone.make = clone.matches = _gone
        clone.known = {name: None if each is None else _bare(each) for name, each in clone.known.items()}
        return clone
    return _bare(clone)


def _bare(column: Column) -> Column:
    clone = copy.copy(column)
    clone.source = Source(column.source.name)
    return clone


def _gone(*args: Any, **kwargs: Any) -> Any:
    raise RuntimeError("partial results that were sent between processes take no more rows")
