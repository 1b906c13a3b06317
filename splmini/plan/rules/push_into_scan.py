"""Search expressions right behind the scan become a part of it; they may stand among other filters."""

from __future__ import annotations

from collections.abc import Sequence as SequenceOf

from splmini.operators import Operator, Streaming
from splmini.plan.rules.conditions import is_movable
from splmini.plan.scan import Scan, conjunction, scan


def push_into_scan(operators: SequenceOf[Operator]) -> list[Operator]:
    """Give the scan the conditions of the filters behind it that it can take."""
    if not operators or not isinstance(operators[0], Scan):
        return list(operators)
    predicate = operators[0].predicate
    index = 1
    others: list[Operator] = []
    while index < len(operators):
        operator = operators[index]
        if not (isinstance(operator, Streaming) and operator.filters and not operator.local):
            break
        taken = operator.dialect == "search" and operator.predicate is not None
        if taken and (index == 1 or is_movable(operator)):
            predicate = conjunction(predicate, operator.predicate)
        else:
            others.append(operator)
        index += 1
    return [scan(predicate, raw=operators[0].raw), *others, *operators[index:]]
