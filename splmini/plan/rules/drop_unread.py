"""Calculations of fields that nobody reads behind them are left out."""

from __future__ import annotations

from collections.abc import Sequence as SequenceOf

from splmini.operators import Fields, Operator, Streaming
from splmini.plan.fields import required
from splmini.values.wildcards import any_of


def drop_unread(operators: SequenceOf[Operator]) -> list[Operator]:
    """Leave out what sets fields that nobody reads, assignment by assignment."""
    parts = (_read_part(*each) for each in zip(operators, required(operators), strict=True))
    return [operator for operator in parts if operator is not None]


def _read_part(operator: Operator, needed: Fields) -> Operator | None:
    if needed is None or not isinstance(operator, Streaming) or not operator.pure or operator.writes is None:
        return operator
    if not any(map(any_of(needed), operator.writes)):
        return None
    return operator if operator.narrowed is None else operator.narrowed(needed)
