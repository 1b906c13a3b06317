"""What keeps the first rows moves up past what gives a row for a row; a sort learns how many of its rows are shown."""

from __future__ import annotations

from collections.abc import Sequence as SequenceOf

from splmini.operators import Operator, Sequence, Streaming


def push_limits(operators: SequenceOf[Operator]) -> list[Operator]:
    """Move each limit up as far as it goes."""
    plan = list(operators)
    for index in range(1, len(plan)):
        operator = plan[index]
        if not isinstance(operator, Sequence) or operator.limited is None:
            continue
        target = index
        while target > 1 and _one_to_one(plan[target - 1]):
            target -= 1
        if target < index:
            del plan[index]
            plan.insert(target, operator)
        before = plan[target - 1]
        if isinstance(before, Sequence) and before.first is not None:
            plan[target - 1] = before.first(operator.limited)
    return plan


def _one_to_one(operator: Operator) -> bool:
    return isinstance(operator, Streaming) and operator.one_to_one and not operator.local
