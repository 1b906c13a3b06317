"""Coverage: which clauses, OR branches, IN values, CASE arms and patterns the tests of a detection exercised."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

from splmini.compiler import as_truth, is_time_term
from splmini.detections.lint.positions import Places
from splmini.engine.stream import execute
from splmini.language import tree
from splmini.operators import Generating, Operator, Row, Stream, Streaming, batched
from splmini.plan.scan import conjuncts
from splmini.registry import find_command
from splmini.values import regex
from splmini.values.multivalue import as_list
from splmini.values.numbers import to_text
from splmini.values.texts import shortened

if TYPE_CHECKING:
    from splmini.engine.context import Run


@dataclass
class Point:
    """Something that a test can exercise: `hits` rows for which it held, `misses` for which it did not.

    `kind`: clause, branch, value, arm, pattern or lookup. `extent` is its range of offsets in the search's text; what
    a macro gave has the extent of the macro's call.
    """

    kind: str
    text: str
    hits: int = 0
    misses: int = 0
    extent: tuple[int, int] | None = None

    @property
    def covered(self) -> bool:
        """Whether it held at least once."""
        return self.hits > 0


@dataclass
class Coverage:
    """The points of a detection's search. Measure with `measure`, once for each test; counts add up."""

    name: str
    search: str
    points: list[Point] = field(default_factory=list)
    path: str = ""

    @property
    def covered(self) -> int:
        """How many points held at least once."""
        return sum(point.covered for point in self.points)

    @property
    def ratio(self) -> float:
        """The share of points covered, from 0 to 1."""
        return self.covered / len(self.points) if self.points else 1.0

    def add(self, other: Coverage) -> Coverage:
        """Add another measurement of the same search; return this one."""
        mine = {(point.kind, point.text, point.extent): point for point in self.points}
        for point in other.points:
            known = mine.get((point.kind, point.text, point.extent))
            if known is None:
                self.points.append(point)
            else:
                known.hits += point.hits
                known.misses += point.misses
        return self

    def never_true(self) -> list[Point]:
        """Return what no test exercised."""
        return [point for point in self.points if not point.covered]

    def never_false(self) -> list[Point]:
        """Return the clauses that refused no row in any test: a test would not notice if they were missing."""
        return [point for point in self.points if point.kind == "clause" and point.covered and not point.misses]

    def to_text(self) -> str:
        """Return the report as text: the share, then what was not exercised."""
        lines = [f"{self.name}: {self.covered} of {len(self.points)} exercised ({100 * self.ratio:.0f}%)"]
        lines += [f"  {what}: {point}" for what, point in self.gaps()]
        return "\n".join(lines)

    def gaps(self) -> Iterator[tuple[str, str]]:
        """Yield what was not exercised: "never true" or "never false", and the point with its place, in one line."""
        for what, points in (("never true", self.never_true()), ("never false", self.never_false())):
            for point in points:
                line, column = self.place(point)
                text = shortened(" ".join(point.text.split()), 100)
                yield what, f"line {line}, column {column}: {point.kind} {text}"

    def _entry(self, point: Point) -> dict[str, Any]:
        line, column = self.place(point)
        return {
            "kind": point.kind,
            "text": point.text,
            "line": line,
            "column": column,
            "hits": point.hits,
            "misses": point.misses,
        }

    def place(self, point: Point) -> tuple[int, int]:
        """Return the line and the column of a point, in the detection's file where there is one."""
        return self._places.of_offset(point.extent[0]) if point.extent is not None else (1, 1)

    @cached_property
    def _places(self) -> Places:
        detection = None
        if self.path:
            from splmini.detections.detection import Detection

            detection = Detection(self.name, self.search, path=self.path)
        return Places(self.search, detection)

    def to_dict(self) -> dict[str, Any]:
        """Return the report as what JSON can hold."""
        return {
            "name": self.name,
            "file": self.path,
            "points": len(self.points),
            "covered": self.covered,
            "percent": round(100 * self.ratio, 2),
            "details": [self._entry(point) for point in self.points],
        }


def measure(env: Any, detection: Any, events: Any, **options: Any) -> Coverage:
    """Run a detection over the events of one test and count what was exercised, on the plain plan."""
    compiled = env.compile(detection.search)
    run = compiled.start(events, shared=True, **options)
    coverage = Coverage(detection.name, detection.search, path=detection.path)
    with run.ending():
        _Measuring(compiled, run, coverage).measure()
    return coverage


class _Measuring:
    def __init__(self, compiled: Any, run: Run, coverage: Coverage) -> None:
        self.compiled = compiled
        self.run = run
        self.coverage = coverage

    def measure(self) -> None:
        rows: list[Row] | None = None
        for operator in self.compiled.operators:
            given = None if rows is None else Stream(batched([dict(row) for row in rows]))
            self.operator(operator, rows)
            rows = list(execute([operator], self.run, given).rows())

    def operator(self, operator: Operator, rows: list[Row] | None) -> None:
        node = operator.node
        if not isinstance(node, tree.Command):
            return
        spec = find_command(node.name)
        if isinstance(operator, Generating) and operator.reading is not None and operator.reading.points is None:
            from splmini.detections.explain.tstats import tstats_rows

            predicate, rows = tstats_rows(self.run, node)
            if predicate is not None:
                self.predicate(predicate, rows)
        elif rows is None or spec is None:
            return
        elif isinstance(operator, Streaming) and operator.filters:
            self.filter(operator, node, rows)
        elif spec.dialect == "expressions":
            for arg in node.args:
                if isinstance(arg, tree.Assignment):
                    self.expression(arg.value, rows, False)
        elif spec.patterns(node):
            self.patterns(spec.patterns(node), rows)
        elif any(spec.uses.lacking(node)):
            found = (new != old for old, new in zip(rows, self.after(operator, rows), strict=False))
            self.point("lookup", node, str(node), found)

    def filter(self, operator: Streaming, node: tree.Command, rows: list[Row]) -> None:
        if operator.predicate is None:
            kept = len(self.after(operator, rows))
            self.point("clause", node, str(node), [True] * kept + [False] * (len(rows) - kept))
        elif operator.dialect == "search":
            self.predicate(self.run.expanded(operator.predicate), rows)
        else:
            self.expression(operator.predicate, rows, True)

    def after(self, operator: Operator, rows: list[Row]) -> list[Row]:
        return list(execute([operator], self.run, Stream(batched([dict(row) for row in rows]))).rows())

    def point(self, kind: str, node: tree.Node, text: str, outcomes: Iterable[bool]) -> None:
        extent = _extent(self.compiled.source, node) if node.span.start >= 0 else None
        point = Point(kind, text, extent=extent)
        for outcome in outcomes:
            if outcome:
                point.hits += 1
            else:
                point.misses += 1
        self.coverage.points.append(point)

    def patterns(self, found: Sequence[tuple[str, tree.Word]], rows: list[Row]) -> None:
        """Whether the patterns of a rex matched; one in sed mode changes text and is no pattern."""
        for name, word in found:
            search = regex.compile(word.text).search
            outcomes = (any(search(to_text(value)) is not None for value in as_list(row.get(name))) for row in rows)
            self.point("pattern", word, f'{name} matches "{word.text}"', outcomes)

    def predicate(self, node: tree.Node, rows: list[Row]) -> None:
        """The clauses, branches and values of a search expression."""
        for clause in conjuncts(node):
            if str(clause) == "*" or _is_time(clause):
                continue
            self.point("clause", clause, str(clause), map(self.run.predicate(clause), rows))
            for inner in tree.walk(clause) if not self.given(clause) else ():
                if isinstance(inner, tree.Or):
                    for item in inner.items:
                        self.point("branch", item, str(item), map(self.run.predicate(item), rows))
                elif isinstance(inner, tree.FieldIn):
                    for term in inner.values:
                        equal = tree.FieldComparison(inner.field, "=", term.text, term.quoted, span=term.span)
                        self.point("value", term, f"{inner.field}={term}", map(self.run.predicate(equal), rows))

    def expression(self, node: tree.Node, rows: list[Row], filters: bool) -> None:
        """The clauses of a where; the arms of case and if, the patterns and IN values of any eval expression."""
        if filters:
            for clause in conjuncts(node):
                self.point("clause", clause, str(clause), self.truths(clause, rows))
        for inner in tree.walk(node) if not self.given(node) else ():
            if isinstance(inner, tree.Or):
                for item in inner.items:
                    self.point("branch", item, str(item), self.truths(item, rows))
            elif isinstance(inner, tree.Call):
                self.call(inner, rows)
            elif isinstance(inner, tree.InList):
                for item in inner.items:
                    equal = tree.Comparison("=", inner.operand, item, span=item.span)
                    self.point("value", item, str(equal), self.truths(equal, rows))

    def call(self, call: tree.Call, rows: list[Row]) -> None:
        if call.name == "case":
            left = rows
            for condition in call.args[::2]:
                outcomes = list(self.truths(condition, left))
                self.point("arm", condition, str(condition), outcomes)
                left = [row for row, outcome in zip(left, outcomes, strict=True) if not outcome]
        elif call.name == "if" and len(call.args) == 3:
            outcomes = list(self.truths(call.args[0], rows))
            self.point("arm", call.args[0], f"{call.args[0]} is true", outcomes)
            self.point("arm", call.args[0], f"{call.args[0]} is not true", (not outcome for outcome in outcomes))
        elif call.name in ("match", "like", "cidrmatch", "searchmatch"):
            self.point("pattern", call, str(call), self.truths(call, rows))

    def given(self, node: tree.Node) -> bool:
        """Say whether a macro gave a node: what is inside is not the detection's to test."""
        return node.span.start < 0 or bool(self.compiled.source.chain(node.span))

    def truths(self, node: tree.Node, rows: list[Row]) -> Iterator[bool]:
        evaluate = self.run.expression(node)
        for row in rows:
            yield bool(as_truth(evaluate(row)))


def _is_time(clause: tree.Node) -> bool:
    return is_time_term(clause)


def _extent(source: Any, node: tree.Node) -> tuple[int, int]:
    start = source.user_offset(node.span.start)
    layer, last = source.locate(max(node.span.end - 1, node.span.start))
    if layer.caller is None:
        return start, max(last + 1, start)
    while layer.caller.caller is not None:
        layer = layer.caller
    return start, max(layer.call.end, start)
