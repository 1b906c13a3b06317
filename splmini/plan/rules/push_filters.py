"""Filters move up: past operators that do not touch their fields, and past renames, under the names from before."""

from __future__ import annotations

from collections.abc import Sequence as SequenceOf

from splmini import compiler
from splmini.operators import Operator, Streaming
from splmini.plan.rules.conditions import SPECIAL, is_movable, is_passable, renamed


def push_filters(operators: SequenceOf[Operator]) -> list[Operator]:
    """Move each filter as far up as its fields are the same; not past other filters for the sake of it."""
    plan = list(operators)
    for index in range(2, len(plan)):
        operator = plan[index]
        if not isinstance(operator, Streaming) or not is_movable(operator):
            continue
        target = best = index
        moved = chosen = operator
        while target > 1:
            passed = _past(moved, plan[target - 1])
            if passed is None:
                break
            moved = passed
            target -= 1
            before = plan[target]
            if not (isinstance(before, Streaming) and before.filters):
                best, chosen = target, moved
        if best < index:
            del plan[index]
            plan.insert(best, chosen)
    return plan


def _past(mover: Streaming, before: Operator) -> Streaming | None:
    """Return the filter as it has to be in front of an operator; None where it cannot go there."""
    if not isinstance(before, Streaming) or not is_passable(before) or before.writes is None:
        return None
    assert mover.predicate is not None
    assert mover.filter_by is not None
    reads = compiler.fields_read(mover.predicate)
    if reads is None:
        return None
    if reads.isdisjoint(before.writes):
        return mover
    if before.names_before is None or not reads.isdisjoint(SPECIAL):
        return None
    names = before.names_before(reads)
    if names is None or not frozenset(names.values()).isdisjoint(SPECIAL):
        return None
    return mover.filter_by(renamed(mover.predicate, names))
