"""The clauses of a filter, and why a row does not satisfy one, in words."""

from __future__ import annotations

from dataclasses import dataclass, replace
from difflib import SequenceMatcher
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from splmini.commands.arguments.notes import near_field, shown
from splmini.compiler import as_truth
from splmini.language import tree
from splmini.plan.scan import conjuncts
from splmini.results import View
from splmini.values.multivalue import as_list
from splmini.values.numbers import to_text

if TYPE_CHECKING:
    from splmini.engine.context import Run
    from splmini.operators import Row


@dataclass(frozen=True)
class Refusal:
    """The innermost clause that refused a row, and the reason."""

    node: tree.Node
    reason: str


def clauses_of(predicate: tree.Node) -> tuple[tree.Node, ...]:
    """Return the conjuncts of a filter; an empty filter has none."""
    return conjuncts(predicate)


def refusal(node: tree.Node, row: Row, run: Run) -> Refusal:
    """Return why a row does not satisfy a clause that refused it."""
    if isinstance(node, tree.And):
        for item in node.items:
            if not _holds(item, row, run):
                return refusal(item, row, run)
    if isinstance(node, tree.Or):
        return _no_alternative(node, row, run)
    if isinstance(node, tree.Not):
        return Refusal(node, f"{_found(node.operand, row)}, which {_excluding(node.operand, row, run)} excludes")
    if isinstance(node, (tree.FieldComparison, tree.FieldIn)):
        return Refusal(node, _field_reason(node, row))
    if isinstance(node, (tree.Term, tree.Directive)):
        return Refusal(node, "_raw is absent" if row.get("_raw") is None else f"_raw does not contain {node}")
    return Refusal(node, _expression_reason(node, row) + _case_remark(node, row, run))


def _holds(node: tree.Node, row: Row, run: Run) -> bool:
    if _is_of_search(node):
        return run.predicate(node)(row)
    return bool(as_truth(run.expression(node)(row)))


def _is_of_search(node: tree.Node) -> bool:
    """Say whether a clause is written in the dialect of search, and not in that of eval and where."""
    while isinstance(node, (tree.And, tree.Or, tree.Not)):
        parts = tree.children(node)
        first = next(iter(parts), None)
        if first is None:
            return True
        node = first
    return isinstance(node, _OF_SEARCH)


_OF_SEARCH = (
    tree.FieldComparison,
    tree.FieldIn,
    tree.Term,
    tree.Directive,
    tree.Subsearch,
    tree.SubsearchComparison,
    tree.FieldInSubsearch,
)


def _no_alternative(node: tree.Or, row: Row, run: Run) -> Refusal:
    """The alternative of an OR that came nearest: the one with the most conjuncts satisfied."""
    best, score = node.items[0], -1.0
    for item in node.items:
        parts = conjuncts(item)
        held = sum(_holds(part, row, run) for part in parts) / max(len(parts), 1)
        if held > score:
            best, score = item, held
    inner = refusal(best, row, run)
    if len(node.items) == 1:
        return inner
    return Refusal(
        node if score == 0 else inner.node, f"none of {len(node.items)} alternatives holds; the nearest: {inner.reason}"
    )


def _found(node: tree.Node, row: Row) -> str:
    names = sorted({each.field for each in tree.walk(node) if isinstance(each, (tree.FieldComparison, tree.FieldIn))})
    names += sorted({each.name for each in tree.walk(node) if isinstance(each, tree.FieldRef)})
    if not names:
        return "_raw contains it"
    return ", ".join(f"{name} is {shown(row[name])}" if name in row else f"{name} is absent" for name in names)


def _excluding(node: tree.Node, row: Row, run: Run) -> str:
    """What of a negated clause holds: the values of an IN list, or the alternative of an OR, that match the row."""
    if isinstance(node, tree.FieldIn):
        matching = [
            str(term)
            for term in node.values
            if run.predicate(tree.FieldComparison(node.field, "=", term.text, term.quoted, span=term.span))(row)
        ]
        if matching:
            return f"{', '.join(matching[:3])}{' …' if len(matching) > 3 else ''} of the NOT … IN list"
    if isinstance(node, tree.Or):
        for item in node.items:
            if _holds(item, row, run):
                return f"NOT {_excluding(item, row, run)}" if isinstance(item, tree.Or) else f"NOT {item}"
    return f"NOT {node}"


def likeness(node: tree.Node, row: Row) -> float:
    """Return how like the row's value is to what an equality that refused it wants, from 0 to 1.

    Of events that satisfy equally many clauses, those with a value that is almost the one wanted are the nearest.
    """
    if isinstance(node, tree.FieldComparison) and node.op == "=":
        name, wanted = node.field, [node.value]
    elif isinstance(node, tree.FieldIn):
        name, wanted = node.field, [term.text for term in node.values[:MOST_COMPARED]]
    elif isinstance(node, tree.Comparison) and node.op in ("=", "==") and isinstance(node.left, tree.FieldRef):
        name, wanted = node.left.name, [str(getattr(node.right, "value", ""))]
    else:
        return 0.0
    values = [to_text(value) for value in as_list(row.get(name))[:MOST_COMPARED]]
    return max((_ratio(each.strip("*").lower(), value.lower()) for each in wanted for value in values), default=0.0)


MOST_COMPARED = 8
"""How many values of a list are compared: a likeness has to come soon."""


@lru_cache(maxsize=4096)
def _ratio(wanted: str, value: str) -> float:
    return SequenceMatcher(None, wanted[:200], value[:200], autojunk=False).ratio()


def _when(value: Any) -> str:
    """A time as one reads it."""
    moment = View().moment(value) if isinstance(value, (int, float)) else None
    return shown(value) if moment is None else f"`{moment.isoformat()}`"


def _field_reason(node: tree.FieldComparison | tree.FieldIn, row: Row) -> str:
    name = node.field
    if name in ("earliest", "latest"):
        return f"_time is {_when(row.get('_time'))}, wanted {node}"
    if isinstance(node, tree.FieldIn):
        wanted = "one of " + ", ".join(term.text for term in node.values[:5]) + (" …" if len(node.values) > 5 else "")
    else:
        wanted = node.value if node.op == "=" else f"{node.op}{node.value}"
    value = row.get(name)
    if value is None:
        return f"{name} is absent, wanted {wanted}{near_field(name, row)}"
    return f"{name} is {shown(value)}, wanted {wanted}"


def _expression_reason(node: tree.Node, row: Row) -> str:
    text = f"{_found(node, row)}, wanted {node}"
    names = [each.name for each in tree.walk(node) if isinstance(each, tree.FieldRef) and row.get(each.name) is None]
    text += next(filter(None, (near_field(name, row) for name in names)), "")
    return text


def _case_remark(node: tree.Node, row: Row, run: Run) -> str:
    """A remark where the clause failed only because eval and where heed the letters' case."""
    if _differs_in_case(node, row) or _matches_in_lower_case(node, row, run):
        return " (the letters' case differs, and counts here)"
    return ""


def _matches_in_lower_case(node: tree.Node, row: Row, run: Run) -> bool:
    """Say whether match() or like() would hold if the letters' case did not count."""
    if not isinstance(node, tree.Call) or node.name not in ("match", "like") or len(node.args) != 2:
        return False
    subject, pattern = node.args
    if not isinstance(pattern, tree.String) or not isinstance(subject, tree.FieldRef):
        return False
    text = f"(?i){pattern.value}" if node.name == "match" else pattern.value.lower()
    changed = replace(node, args=(subject, replace(pattern, value=text)))
    value = row.get(subject.name)
    folded = [to_text(item).lower() for item in as_list(value)] if node.name == "like" else as_list(value)
    return any(run.expression(changed)({**row, subject.name: item}) is True for item in folded)


def _differs_in_case(node: tree.Node, row: Row) -> bool:
    """Say whether an equality failed only because eval and where compare case-sensitively."""
    if not isinstance(node, tree.Comparison) or node.op not in ("=", "=="):
        return False
    sides = [
        to_text(row.get(side.name, "")) if isinstance(side, tree.FieldRef) else str(getattr(side, "value", ""))
        for side in (node.left, node.right)
    ]
    return sides[0] != sides[1] and sides[0].lower() == sides[1].lower()
