"""Required fields: what each operator needs, from the end of a plan to its start."""

from __future__ import annotations

from collections.abc import Sequence as SequenceOf

from splmini.operators import ALL, Fields, Generating, Operator


def required(operators: SequenceOf[Operator], after: Fields = ALL) -> list[Fields]:
    """Return, for each operator, the fields that are needed *after* it.

    An untransformed result shows every field, so a plan starts out needing all of them; stats, table or fields cut
    that down for everything before them.
    """
    needed: list[Fields] = []
    for operator in reversed(operators):
        needed.append(after)
        if isinstance(operator, Generating):
            after = ALL if operator.follows else frozenset()
        else:
            after = operator.requires(after)
    needed.reverse()
    return needed
