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


def reads_raw(operators: SequenceOf[Operator]) -> bool:
    """Say whether a command reads `_raw` by name, which needing every field does not tell."""
    named: frozenset[str] = frozenset()
    for operator in reversed(operators):
        if not isinstance(operator, Generating):
            # what needs every field may hand on each of them
            needed = operator.requires(named)
            named = named if needed is None else needed
    return "_raw" in named
