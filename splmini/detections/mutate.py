"""Mutation testing: change the search a little, and see whether any test notices.

A mutant that no test kills shows a clause that could be wrong, or missing, without anyone knowing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, fields, replace
from typing import TYPE_CHECKING, Any

from splmini.errors import SplError
from splmini.language import tree

if TYPE_CHECKING:
    from splmini.detections.escu import Detection


@dataclass(frozen=True)
class Mutant:
    """A changed search: what was changed, where, and the new search text."""

    kind: str
    description: str
    position: tuple[int, int] | None
    search: str


@dataclass(frozen=True)
class MutationReport:
    """The mutants of a detection, and which of them no test killed."""

    detection: Detection
    killed: list[Mutant] = field(default_factory=list)
    survived: list[Mutant] = field(default_factory=list)
    invalid: list[Mutant] = field(default_factory=list)

    @property
    def score(self) -> float:
        """The share of mutants that were killed, from 0 to 1; 1 where there are none."""
        total = len(self.killed) + len(self.survived)
        return len(self.killed) / total if total else 1.0

    def __str__(self) -> str:
        total = len(self.killed) + len(self.survived)
        lines = [f"{self.detection.name}: {len(self.killed)} of {total} mutants killed ({100 * self.score:.0f}%)"]
        for mutant in self.survived:
            where = f"line {mutant.position[0]}, column {mutant.position[1]}: " if mutant.position else ""
            lines.append(f"  survived: {where}{mutant.description}")
        return "\n".join(lines)


def mutate(detection: Detection, env: Any, passes: Callable[[Detection], bool], most: int = 0) -> MutationReport:
    """Run a detection's tests against its mutants.

    Args:
        detection: the detection, whose tests pass as it is.
        env: the environment it is compiled in.
        passes: runs the tests on a changed detection; true where they all pass.
        most: how many mutants to try; 0: all.
    """
    report = MutationReport(detection)
    for number, mutant in enumerate(mutants(detection, env)):
        if most and number >= most:
            break
        changed = replace(detection, search=mutant.search)
        try:
            env.compile(mutant.search)
            survived = passes(changed)
        except SplError:
            report.invalid.append(mutant)
            continue
        (report.survived if survived else report.killed).append(mutant)
    return report


def mutants(detection: Detection, env: Any) -> Iterator[Mutant]:
    """Yield the mutants of a detection's search, each different from the search itself."""
    compiled = env.compile(detection.search)
    pipeline = compiled.tree
    seen = {str(pipeline)}
    for command in pipeline.commands:
        if command.name not in _FILTERS:
            continue
        for root in _expressions(command):
            for node in tree.walk(root):
                for kind, description, changed in _changes(node, node is root):
                    text = str(_replaced(pipeline, node, changed))
                    if text not in seen:
                        seen.add(text)
                        position = compiled.source.position(node.span) if node.span.start >= 0 else None
                        yield Mutant(kind, description, position, text)


_FILTERS = frozenset({"search", "where", "regex", "tstats", "from", "datamodel"})


def _expressions(command: tree.Command) -> Iterator[tree.Node]:
    for arg in command.args:
        if isinstance(arg, tree.Clause):
            if arg.keyword == "where":
                yield from arg.items
        elif not isinstance(arg, (tree.Option, tree.Aggregation, tree.Word)):
            yield arg


def _changes(node: tree.Node, whole: bool) -> Iterator[tuple[str, str, tree.Node]]:
    """Yield (kind, description, replacement) for a node."""
    if isinstance(node, (tree.And, tree.Or)) and len(node.items) > 1:
        kind, what = ("drop clause", "clause") if isinstance(node, tree.And) else ("drop branch", "OR branch")
        for index, item in enumerate(node.items):
            left = node.items[:index] + node.items[index + 1 :]
            yield kind, f"without the {what} {_short(item)}", left[0] if len(left) == 1 else replace(node, items=left)
    elif isinstance(node, tree.Not):
        yield "drop NOT", f"without the NOT of {_short(node.operand)}", node.operand
    elif isinstance(node, tree.FieldComparison):
        yield from _comparison_changes(node)
    elif isinstance(node, tree.Comparison) and node.op in _FLIPPED:
        yield (
            "flip comparison",
            f"{node.op} becomes {_FLIPPED[node.op]} in {_short(node)}",
            replace(node, op=_FLIPPED[node.op]),
        )
    elif isinstance(node, (tree.FieldIn, tree.InList)):
        yield from _list_changes(node)
    elif isinstance(node, tree.Term) and whole and node.text != "*":
        yield "drop clause", f"without the term {_short(node)}", tree.Term("*")


_FLIPPED = {"=": "!=", "!=": "=", "<": ">=", ">": "<=", "<=": ">", ">=": "<"}


def _comparison_changes(node: tree.FieldComparison) -> Iterator[tuple[str, str, tree.Node]]:
    if node.field in ("earliest", "latest", "index"):
        return
    if node.op in _FLIPPED:
        yield (
            "flip comparison",
            f"{node.op} becomes {_FLIPPED[node.op]} in {_short(node)}",
            replace(node, op=_FLIPPED[node.op]),
        )
    if node.op in ("=", "!=") and node.value.strip("*"):
        wide = f"*{node.value.strip('*')}*"
        if wide != node.value:
            yield "widen wildcard", f"{node.value} becomes {wide} in {_short(node)}", replace(node, value=wide)


def _list_changes(node: tree.FieldIn | tree.InList) -> Iterator[tuple[str, str, tree.Node]]:
    name, items = ("values", node.values) if isinstance(node, tree.FieldIn) else ("items", node.items)
    if len(items) < 2:
        return
    for index, item in enumerate(items):
        changed: Any = items[:index] + items[index + 1 :]
        yield "remove IN value", f"without {item} in {_short(node)}", replace(node, **{name: changed})


def _short(node: tree.Node) -> str:
    text = str(node)
    return text if len(text) <= 60 else text[:59] + "…"


def _replaced(root: Any, target: tree.Node, changed: tree.Node) -> Any:
    """Return a copy of a tree in which one node (by identity) is another."""
    if root is target:
        return changed
    if isinstance(root, tuple):
        items = tuple(_replaced(item, target, changed) for item in root)
        return root if all(new is old for new, old in zip(items, root, strict=True)) else items
    if not isinstance(root, tree.Node):
        return root
    new = {each.name: _replaced(getattr(root, each.name), target, changed) for each in fields(root)}
    if all(new[each.name] is getattr(root, each.name) for each in fields(root)):
        return root
    return type(root)(**new)


def case_runner(cases: Sequence[Any], settings: dict[str, Any]) -> Callable[[Detection], bool]:
    """Return a `passes` for author's cases (`splmini.detections.cases.Case`)."""

    def passes(detection: Detection) -> bool:
        return all(replace(case, detection=detection).run(settings).passed for case in cases)

    return passes


def test_runner(env: Any, attack_data: Any) -> Callable[[Detection], bool]:
    """Return a `passes` for a detection's own `tests:`."""

    def passes(detection: Detection) -> bool:
        return detection.test(env, attack_data).passed

    return passes
