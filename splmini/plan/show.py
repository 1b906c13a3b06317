"""A plan in words: what `search.plan()` gives."""

from __future__ import annotations

import json
from collections.abc import Iterator
from collections.abc import Sequence as SequenceOf
from dataclasses import asdict, dataclass

from splmini.operators import Generating, Operator, Partial, Streaming
from splmini.plan.distribution import divide
from splmini.plan.fields import required
from splmini.plan.scan import Scan


@dataclass(frozen=True)
class Step:
    """One operator: its kind (streaming, partial, ordered, generating), what it does as SPL, which fields are needed
    after it (None: every field), and whether it can run in other processes."""

    kind: str
    name: str
    text: str
    fields: tuple[str, ...] | None
    distributable: bool


@dataclass(frozen=True)
class Plan:
    """The plan of a search, as built and as optimised; `str` shows both, `to_json` gives them to other tools."""

    plain: tuple[Step, ...]
    optimised: tuple[Step, ...]

    def __str__(self) -> str:
        same = self.plain == self.optimised
        lines = ["plan (nothing to optimise)" if same else "plan", *_lines(self.plain)]
        if not same:
            lines += ["optimised", *_lines(self.optimised)]
        return "\n".join(lines)

    def to_json(self) -> str:
        """Return both plans as JSON."""
        return json.dumps(asdict(self), indent=2, ensure_ascii=False)


def describe(plain: SequenceOf[Operator], optimised: SequenceOf[Operator]) -> Plan:
    """Put two plans into words."""
    return Plan(tuple(_steps(plain)), tuple(_steps(optimised)))


def _steps(operators: SequenceOf[Operator]) -> Iterator[Step]:
    stop = divide(operators).stop
    for index, (operator, fields) in enumerate(zip(operators, required(operators), strict=True)):
        names = None if fields is None else tuple(sorted(fields))
        yield Step(_kind(operator), operator.name, _text(operator), names, index < stop)


def _kind(operator: Operator) -> str:
    if isinstance(operator, Streaming):
        return "streaming"
    if isinstance(operator, Partial):
        return "partial"
    return "generating" if isinstance(operator, Generating) else "ordered"


def _text(operator: Operator) -> str:
    if isinstance(operator, Scan):
        return "every event" if operator.predicate is None else str(operator.predicate)
    return operator.name if operator.node is None else str(operator.node)


def _lines(steps: SequenceOf[Step]) -> Iterator[str]:
    for number, step in enumerate(steps, 1):
        fields = "every field" if step.fields is None else ", ".join(step.fields) or "no field"
        where = "" if step.distributable else "  (in the calling process)"
        yield f"  {number}. {step.kind:10} {step.text}{where}"
        yield f"     {'':10} then needed: {fields}"
