"""Coverage: which clauses, OR branches, IN values, CASE arms and patterns the tests of a detection exercised."""

from __future__ import annotations

import html
import json
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

from splmini.engine.stream import execute
from splmini.errors import SplError
from splmini.language import tree
from splmini.operators import Operator, Row, Stream, batched
from splmini.plan.scan import conjuncts

if TYPE_CHECKING:
    from splmini.engine.context import Run


@dataclass
class Point:
    """Something that a test can exercise: `hits` rows for which it held, `misses` for which it did not.

    `kind`: clause, branch, value, arm, pattern or lookup.
    """

    kind: str
    text: str
    position: tuple[int, int] | None
    hits: int = 0
    misses: int = 0

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

    @property
    def ratio(self) -> float:
        """The share of points covered, from 0 to 1."""
        return sum(point.covered for point in self.points) / len(self.points) if self.points else 1.0

    def add(self, other: Coverage) -> Coverage:
        """Return the sum of two measurements of one search."""
        mine = {(point.kind, point.text, point.position): point for point in self.points}
        for point in other.points:
            known = mine.get((point.kind, point.text, point.position))
            if known is None:
                self.points.append(point)
            else:
                known.hits += point.hits
                known.misses += point.misses
        return self

    def to_text(self) -> str:
        """Return the report as text: the share, then what was not exercised."""
        covered = sum(point.covered for point in self.points)
        lines = [f"{self.name}: {covered} of {len(self.points)} exercised ({100 * self.ratio:.0f}%)"]
        for point in self.points:
            if not point.covered:
                where = f"line {point.position[0]}, column {point.position[1]}: " if point.position else ""
                lines.append(f"  never true: {where}{point.kind} {point.text}")
            elif point.kind == "clause" and point.misses == 0:
                lines.append(f"  never false: {point.kind} {point.text}")
        return "\n".join(lines)

    def to_json(self) -> str:
        """Return the report as JSON."""
        return json.dumps(
            {"name": self.name, "covered": self.ratio, "points": [asdict(point) for point in self.points]}
        )

    def to_html(self) -> str:
        """Return the report as an HTML fragment; everything is escaped."""
        rows = "".join(
            f"<tr class='{'hit' if point.covered else 'miss'}'><td>{html.escape(point.kind)}</td>"
            f"<td><code>{html.escape(point.text)}</code></td><td>{point.hits}</td><td>{point.misses}</td></tr>"
            for point in self.points
        )
        head = "<tr><th>what</th><th>clause</th><th>true</th><th>false</th></tr>"
        return f"<h2>{html.escape(self.name)}: {100 * self.ratio:.0f}%</h2><table class='coverage'>{head}{rows}</table>"


def measure(env: Any, detection: Any, events: Any, **options: Any) -> Coverage:
    """Run a detection over the events of one test and count what was exercised, on the plain plan."""
    compiled = env.compile(detection.search)
    run = compiled.start(events, shared=True, **options)
    coverage = Coverage(detection.name, detection.search)
    try:
        _Measuring(compiled, run, coverage).measure()
    except SplError as error:
        raise error.locate(compiled.source) from None
    finally:
        run.source.close()
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
        if node.name == "tstats":
            from splmini.detections.explain_tstats import tstats_rows

            predicate, rows = tstats_rows(self.run, node)
            if predicate is not None:
                self.predicate(predicate, rows)
        elif rows is None:
            return
        elif node.name == "search":
            self.predicate(self.run.expanded(node.args[0]) if node.args else tree.And(()), rows)
        elif node.name in ("where", "eval"):
            for arg in node.args:
                self.expression(arg.value if isinstance(arg, tree.Assignment) else arg, rows, node.name == "where")

    def point(self, kind: str, node: tree.Node, text: str, outcomes: Iterable[bool]) -> None:
        position = self.compiled.source.position(node.span) if node.span.start >= 0 else None
        point = Point(kind, text, position)
        for outcome in outcomes:
            if outcome:
                point.hits += 1
            else:
                point.misses += 1
        self.coverage.points.append(point)

    def predicate(self, node: tree.Node, rows: list[Row]) -> None:
        """The clauses, branches and values of a search expression."""
        for clause in conjuncts(node):
            self.point("clause", clause, str(clause), map(self.run.predicate(clause), rows))
            for inner in tree.walk(clause):
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
        for inner in tree.walk(node):
            if isinstance(inner, tree.Call):
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

    def truths(self, node: tree.Node, rows: list[Row]) -> Iterator[bool]:
        evaluate = self.run.expression(node)
        for row in rows:
            yield evaluate(row) is True
