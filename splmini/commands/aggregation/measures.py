"""Measures: the aggregations of a command, checked and read.

`read_measures` makes `Measure`s of `tree.Aggregation` nodes; `_aggregation` makes columns of them.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from splmini.commands.arguments.reading import fields_read
from splmini.errors import ArgumentError, UnknownFunction
from splmini.language import tree
from splmini.language.clauses import named_field
from splmini.operators import ALL, Fields, union
from splmini.registry import BuildScope, StatsFunction, find_function
from splmini.values import wildcards
from splmini.values.times import parse_span

PRESTATS = "psrsvd_v"
"""The field that marks a row of partial results (sistats, tstats prestats=t)."""


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

    There has to be one at least, and none may have the name of a group-by field. In stats and its family an AS name
    serves once, and an aggregation over eval() needs one.
    """
    measures: list[Measure] = []
    names: set[str] = set()
    for node in nodes:
        if not isinstance(node, tree.Aggregation):
            raise ArgumentError(f"{command.name} does not take '{node}' here.", name=command.name, span=node.span)
        scope.aggregation(node)
        measure = read_measure(node)
        if command.name in _STRICT:
            _refuse_names(command, node, names)
        if command.name not in ("timechart", "sitimechart"):
            _refuse_rates(measure, node)
        if measure.name in by:
            raise ArgumentError(
                f"The result '{measure.name}' has the name of a group-by field.",
                name=command.name,
                span=node.span,
                hint="Give it another name with AS.",
            )
        measures.append(measure)
    if not measures:
        message = f"{command.name} needs an aggregation, such as count."
        raise ArgumentError(message, name=command.name, span=command.span)
    return tuple(measures)


_STRICT = frozenset({"stats", "eventstats", "streamstats", "sistats"})
"""Commands in which Splunk refuses names that repeat and expressions without a name."""


def _refuse_names(command: tree.Command, node: tree.Aggregation, names: set[str]) -> None:
    """Raise for an AS name that was there before, and for an expression that has none."""
    if node.alias is None:
        if node.function != "eval" and any(isinstance(each, tree.Call) and each.name == "eval" for each in node.args):
            raise ArgumentError(
                f"{node.function}(eval(...)) needs a name in {command.name}.",
                name=command.name,
                span=node.span,
                hint="Name the result with AS.",
            )
        return
    if node.alias in names:
        raise ArgumentError(
            f"Two results are named '{node.alias}'.",
            name=command.name,
            span=node.span,
            hint="Give one of them another name with AS.",
        )
    names.add(node.alias)


def _refuse_rates(measure: Measure, node: tree.Aggregation) -> None:
    """Raise for per_second and its like, which divide by the length of a time bucket."""
    for each in measure.parts or (measure,):
        if hasattr(find_function(each.function)[0].make, "unit"):
            raise ArgumentError(f"{each.function} belongs to timechart.", name=each.function, span=node.span)


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
        if "**" in source.text:
            raise ArgumentError("A wildcard is one '*'.", name=node.function, span=source.span)
        measure = Measure(node.alias or f"{called}({source.text})", node.function, field=source.text, called=called)
        if (
            node.alias is not None
            and "*" in node.alias + source.text
            and (node.alias.count("*") != (source.text.count("*") if measure.wild else 0))
        ):
            raise ArgumentError(
                f"'{node.alias}' and '{source.text}' have different numbers of wildcards.",
                name=node.function,
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
        if spec.argument == "required" and "(" not in node.written:
            return tree.Word("*", span=node.span)  # a bare `avg` is avg(*), as in Splunk
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
    """`sparkline(count)`, `sparkline` for short, `sparkline(avg(x), 5m)`, `sparkline(x, 5m)`, which counts the x."""
    name = node.alias or node.written or _written(node)
    if not node.args:
        return Measure(name, "sparkline", inner="count", called="sparkline")
    if len(node.args) > 2:
        raise ArgumentError(
            "sparkline takes an aggregation and a span: sparkline(count, 1h).", name="sparkline", span=node.span
        )
    inner = node.args[0]
    if isinstance(inner, tree.Word):
        plain = inner.text.lower() in ("count", "c")
        inner = (
            tree.Aggregation(inner.text.lower(), span=inner.span)
            if plain
            else tree.Aggregation("count", (inner,), span=inner.span)
        )
    if not isinstance(inner, tree.Aggregation):
        raise ArgumentError(f"sparkline takes an aggregation, not '{inner}'.", name="sparkline", span=inner.span)
    measure = read_measure(inner)
    seconds = 0.0
    if len(node.args) == 2:
        span = parse_span(_text(node.args[1]))
        seconds = span.seconds or 0.0
        if not seconds:
            raise ArgumentError(
                "The span of a sparkline is a length such as 5m or 1h.", name="sparkline", span=node.args[1].span
            )
    return Measure(
        name,
        "sparkline",
        field=measure.field,
        expression=measure.expression,
        inner=measure.function,
        span=seconds,
        called="sparkline",
    )


def _text(node: tree.Node) -> str:
    return node.text if isinstance(node, tree.Word) else str(node)


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
            f"\0{len(parts)}",
            node.name,
            field=inner.name if isinstance(inner, tree.FieldRef) else None,
            expression=None if isinstance(inner, tree.FieldRef) else inner,
        )
        parts.append(measure)
        return tree.FieldRef(measure.name, span=node.span)
    changed: dict[str, Any] = {
        name: tuple(_lift(item, parts) if isinstance(item, tree.Node) else item for item in value)
        if isinstance(value, tuple)
        else _lift(value, parts)
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
        word = named_field(node)
        if word is None:
            raise ArgumentError(f"Expected a field name, not '{node}'.", name=command.name, span=node.span)
        if wildcards.has_wildcard(word.text) and not word.quoted:
            raise ArgumentError(
                "A by-clause takes no wildcards.", name=command.name, span=node.span, hint="Name each field."
            )
        if word.text in names and command.name in _STRICT:
            raise ArgumentError(f"The by-clause names '{word.text}' twice.", name=command.name, span=node.span)
        names[word.text] = None
    return tuple(names)


def fields_needed(measures: Iterable[Measure], by: Iterable[str] = ()) -> Fields:
    """Return the fields that an aggregation reads."""
    return union(frozenset(by), *(measure.reads() for measure in measures))
