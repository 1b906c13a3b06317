"""Rewrites of a plan. They look at what operators declare and at their nodes; rows and their order stay equal.

    filters move up     a search or where goes past operators that do not touch its fields, and renames, into the scan
    calculations go     an eval of fields that nobody reads behind it is left out, assignment by assignment
    head moves up       past operators that give one row for each row; `sort` keeps only what a head behind it shows
    filters imply       what a where demands of a field that no operator before it sets is looked for in the raw bytes

What moves is sure to give the same: filters with subsearches, time modifiers, `index=` or chance in them stay.
"""

from __future__ import annotations

from collections.abc import Iterable
from collections.abc import Sequence as SequenceOf
from dataclasses import replace
from typing import Any

from splmini import compiler
from splmini.language import tree
from splmini.operators import Fields, Operator, Sequence, Streaming
from splmini.plan.distribution import holds_subsearch
from splmini.plan.fields import required
from splmini.plan.scan import Scan, conjunction, conjuncts, scan
from splmini.values.wildcards import compile_wildcard, has_wildcard

ONE_TO_ONE = frozenset(
    {
        "eval",
        "rename",
        "fields",
        "fillnull",
        "rex",
        "convert",
        "strcat",
        "makemv",
        "nomv",
        "iplocation",
        "lookup",
        "replace",
        "bin",
        "spath",
        "rangemap",
        "reltime",
    }
)
"""Commands that give one row for each row, whatever other rows there are."""
_PASSABLE = ONE_TO_ONE | {"search", "where", "regex"}
_WITHOUT_EFFECT = frozenset({"eval", "strcat", "nomv", "makemv", "rex"})
"""Commands that do nothing but set their fields; that they could fail at run time is no reason to run them."""
_SPECIAL = frozenset({"_raw", "_time", "index", "source", "sourcetype", "host"}) | compiler.TIME_MODIFIERS


def optimize(operators: SequenceOf[Operator]) -> list[Operator]:
    """Return an equal plan that does less work."""
    plan = without_unread(list(operators))
    plan = filters_up(plan)
    plan = push_into_scan(plan)
    return imply(heads_up(plan))


# ---- filters -------------------------------------------------------------------------------------------------------


def filters_up(operators: list[Operator]) -> list[Operator]:
    """Move each filter as far up as its fields are the same."""
    plan = list(operators)
    for index in range(2, len(plan)):
        operator = plan[index]
        if not _is_movable(operator):
            continue
        assert isinstance(operator, Streaming)
        target = index
        best, moved = index, operator
        chosen = operator
        while target > 1:
            passed = _past(moved, plan[target - 1])
            if passed is None:
                break
            moved = passed
            target -= 1
            if not _filters(plan[target]):
                best, chosen = target, moved
        if best < index:
            del plan[index]
            plan.insert(best, chosen)
    return plan


def _filters(operator: Operator) -> bool:
    return isinstance(operator, Streaming) and operator.filters


def _is_movable(operator: Operator) -> bool:
    if not isinstance(operator, Streaming) or not operator.filters or operator.local or operator.predicate is None:
        return False
    return operator.name in ("search", "where") and is_plain(operator.predicate)


def is_plain(predicate: tree.Node) -> bool:
    """Say whether a condition depends on the row's fields alone: no subsearch, time range, index, chance or clock."""
    for each in tree.walk(predicate):
        if isinstance(each, (tree.FieldComparison, tree.FieldIn)) and each.field in _STAY:
            return False
        if isinstance(each, tree.Call) and not compiler.is_pure(each):
            return False
    return not holds_subsearch(predicate)


_STAY = frozenset({"index"}) | compiler.TIME_MODIFIERS


def _past(mover: Streaming, before: Operator) -> Streaming | None:
    """Return the filter as it has to be in front of an operator; None where it cannot go there."""
    if not isinstance(before, Streaming) or before.local or before.name not in _PASSABLE or before.writes is None:
        return None
    assert mover.predicate is not None
    reads = compiler.fields_read(mover.predicate)
    if reads is None:
        return None
    if reads.isdisjoint(before.writes):
        return mover
    if before.name != "rename" or not isinstance(before.node, tree.Command) or not reads.isdisjoint(_SPECIAL):
        return None
    names = _names_before(reads, before.node)
    if names is None or not frozenset(names.values()).isdisjoint(_SPECIAL):
        return None
    return _with_predicate(mover, renamed(mover.predicate, names))


def _names_before(reads: Iterable[str], node: tree.Command) -> dict[str, str] | None:
    """What fields were called before a rename; None where one of them is not there behind it."""
    names = {name: name for name in reads}
    pairs = [(each.source.text, each.alias.text) for each in node.args if isinstance(each, tree.Rename)]
    for source, alias in reversed(pairs):
        if has_wildcard(source):
            return None
        if source == alias:
            continue
        for name, now in names.items():
            if now == alias:
                names[name] = source
            elif now == source:
                return None
    return names


def renamed(node: tree.Node, names: dict[str, str]) -> tree.Node:
    """Return a condition, of search or of where, with other names of fields."""
    if isinstance(node, (tree.FieldComparison, tree.FieldIn)):
        return replace(node, field=names.get(node.field, node.field))
    if isinstance(node, tree.FieldRef):
        return replace(node, name=names.get(node.name, node.name))
    changes: dict[str, Any] = {}
    for name in node.__dataclass_fields__:
        value = getattr(node, name)
        if isinstance(value, tree.Node):
            changes[name] = renamed(value, names)
        elif isinstance(value, tuple) and any(isinstance(item, tree.Node) for item in value):
            changes[name] = tuple(renamed(item, names) if isinstance(item, tree.Node) else item for item in value)
    return replace(node, **changes) if changes else node


def _with_predicate(operator: Streaming, predicate: tree.Node) -> Streaming:
    """Return a filter of the same command with another condition."""
    node = tree.Command(operator.name, (predicate,), span=operator.span)
    if operator.name == "search":
        from splmini.commands.search import filter_by

        return filter_by(predicate, node)
    from splmini.commands.where import keep_where

    return keep_where(predicate, node)


def push_into_scan(operators: list[Operator]) -> list[Operator]:
    """Make searches that stand right behind the scan a part of it; they may stand among other filters."""
    if not operators or not isinstance(operators[0], Scan):
        return operators
    predicate = operators[0].predicate
    index = 1
    others: list[Operator] = []
    while index < len(operators):
        operator = operators[index]
        if not (isinstance(operator, Streaming) and operator.filters and not operator.local):
            break
        if operator.name == "search" and operator.predicate is not None and (index == 1 or _is_movable(operator)):
            predicate = conjunction(predicate, operator.predicate)
        else:
            others.append(operator)
        index += 1
    return [scan(predicate), *others, *operators[index:]]


# ---- what nobody reads ---------------------------------------------------------------------------------------------


def without_unread(operators: list[Operator]) -> list[Operator]:
    """Leave out calculations of fields that nobody reads behind them."""
    plan: list[Operator] = []
    for operator, needed in zip(operators, required(operators), strict=True):
        kept = _read_part(operator, needed) if isinstance(operator, Streaming) else operator
        if kept is not None:
            plan.append(kept)
    return plan


def _read_part(operator: Streaming, needed: Fields) -> Operator | None:
    if needed is None or operator.name not in _WITHOUT_EFFECT or operator.writes is None or operator.filters:
        return operator
    wanted = _Matcher(needed)
    if not any(map(wanted, operator.writes)):
        return None
    if operator.name == "eval" and isinstance(operator.node, tree.Command):
        return _needed_assignments(operator, operator.node, needed)
    return operator


def _needed_assignments(operator: Streaming, node: tree.Command, needed: frozenset[str]) -> Operator:
    """Return an eval without the assignments whose field nobody reads, before it is set again or at all."""
    from splmini.commands.eval import requirement, streaming

    kept: list[tree.Assignment] = []
    after: Fields = needed
    for each in reversed(node.args):
        if not isinstance(each, tree.Assignment) or not isinstance(each.target, tree.FieldRef):
            return operator
        if after is None or _Matcher(after)(each.target.name):
            kept.append(each)
            after = requirement([each])(after)
    if len(kept) == len(node.args):
        return operator
    return streaming(tuple(reversed(kept)), replace(node, args=tuple(reversed(kept))))


class _Matcher:
    """Says whether a field is among names and patterns."""

    def __init__(self, names: frozenset[str]) -> None:
        self.names = names
        self.patterns = [compile_wildcard(name, ignore_case=False) for name in names if has_wildcard(name)]

    def __call__(self, name: str) -> bool:
        return name in self.names or any(pattern(name) for pattern in self.patterns)


# ---- head ----------------------------------------------------------------------------------------------------------


def heads_up(operators: list[Operator]) -> list[Operator]:
    """Move each head past what gives one row for each row, and tell a sort before it how many rows are shown."""
    plan = list(operators)
    for index in range(1, len(plan)):
        operator = plan[index]
        if not (isinstance(operator, Sequence) and operator.name == "head" and operator.limited is not None):
            continue
        target = index
        while target > 1 and _one_to_one(plan[target - 1]):
            target -= 1
        if target < index:
            del plan[index]
            plan.insert(target, operator)
        before = plan[target - 1]
        if isinstance(before, Sequence) and before.name == "sort":
            from splmini.commands.sort import Sort

            plan[target - 1] = before.first(operator.limited) if isinstance(before, Sort) else before
    return plan


def _one_to_one(operator: Operator) -> bool:
    return isinstance(operator, Streaming) and operator.name in ONE_TO_ONE and not operator.local


# ---- what a where implies ------------------------------------------------------------------------------------------


def imply(operators: list[Operator]) -> list[Operator]:
    """Tell the scan what the filters behind it demand of fields that are still those of the event."""
    first = operators[0] if operators else None
    if not isinstance(first, Scan):
        return operators
    written: Fields = frozenset()
    found: list[tree.Node | None] = []
    for operator in operators[1:]:
        if not isinstance(operator, Streaming) or operator.local or operator.name not in _PASSABLE or written is None:
            break
        if operator.name == "where" and operator.predicate is not None and is_plain(operator.predicate):
            found.extend(_implied(each, written) for each in conjuncts(operator.predicate))
        written = None if operator.writes is None else written | operator.writes
    implied = conjunction(*found)
    return operators if implied is None else [scan(first.predicate, implied), *operators[1:]]


def _implied(node: tree.Node, written: frozenset[str]) -> tree.Node | None:
    """The search expression that a condition of where implies: the equality of a field with a text; else None."""
    if isinstance(node, tree.Or):
        parts = [_implied(item, written) for item in node.items]
        return None if None in parts else tree.Or(tuple(part for part in parts if part is not None))
    if isinstance(node, tree.Comparison) and node.op in ("=", "=="):
        field, text = node.left, node.right
        if isinstance(text, tree.FieldRef):
            field, text = text, field
        if isinstance(field, tree.FieldRef) and isinstance(text, tree.String) and field.name not in written | _SPECIAL:
            return tree.FieldComparison(field.name, "=", text.value.replace("\\", "\\\\"), True)
    return None


__all__ = ["optimize", "push_into_scan"]
