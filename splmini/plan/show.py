"""A plan in words: what `search.plan()` gives."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from collections.abc import Sequence as SequenceOf
from dataclasses import asdict, dataclass
from typing import TypeAlias

from splmini.language import tree
from splmini.operators import Generating, Implied, Operator, Partial, Streaming
from splmini.plan.distribution import divide
from splmini.plan.fields import required
from splmini.plan.scan import Scan


@dataclass(frozen=True)
class Step:
    """One operator: its kind (streaming, partial, ordered, generating), what it does as SPL, which fields are needed
    after it (None: every field), and whether it can run in other processes.

    `prefilter`, of the scan: sets of literals, of each of which a raw record holds one if its event can satisfy the
    search (lower case stands for any). None are sure where the sourcetype is not given; what they are for the records
    of a file is then decided when it is read.
    """

    kind: str
    name: str
    text: str
    fields: tuple[str, ...] | None
    distributable: bool
    prefilter: tuple[tuple[str, ...], ...] = ()


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


Literals: TypeAlias = "Callable[[tree.Node | None, Implied | None], list[frozenset[str]]]"


def describe(plain: SequenceOf[Operator], optimised: SequenceOf[Operator], literals: Literals | None = None) -> Plan:
    """Put two plans into words; `literals` gives those that a record must hold to satisfy a search expression."""
    return Plan(tuple(_steps(plain, None)), tuple(_steps(optimised, literals)))


def _steps(operators: SequenceOf[Operator], literals: Literals | None) -> Iterator[Step]:
    stop = divide(operators).stop
    for index, (operator, fields) in enumerate(zip(operators, required(operators), strict=True)):
        names = None if fields is None else tuple(sorted(fields))
        prefilter = _prefilter(operator, literals) if literals is not None and isinstance(operator, Scan) else ()
        yield Step(_kind(operator), operator.name, _text(operator), names, index < stop, prefilter)


def _prefilter(operator: Scan, literals: Literals) -> tuple[tuple[str, ...], ...]:
    implied = None if operator.implied is None else Implied(operator.implied)
    if operator.predicate is None and implied is None:
        return ()
    return tuple(tuple(sorted(each)) for each in literals(operator.predicate, implied))


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
        if step.prefilter:
            sets = " and ".join(map(_alternatives, step.prefilter))
            yield f"     {'':10} in the raw record: {sets}"


def _alternatives(literals: tuple[str, ...]) -> str:
    more = f" or one of {len(literals) - 5} more" if len(literals) > 5 else ""
    text = " or ".join(map(repr, literals[:5])) + more
    return f"({text})" if len(literals) > 1 else text
