"""The scan: the operator that reads the run's events."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from splmini import compiler
from splmini.language import tree
from splmini.language.conjuncts import conjunction, conjuncts
from splmini.operators import Fields, Generating, Implied, Operator, Request, RunContext, Stream
from splmini.plan.fields import reads_raw


@dataclass(frozen=True, kw_only=True)
class Scan(Generating):
    """Read the events of the run that satisfy `predicate` (None: all of them)."""

    predicate: tree.Node | None = None
    implied: tree.Node | None = None
    """A search expression that every row which is left in the end satisfies: what cannot need not be read."""
    raw: bool = False
    """Whether the search as written reads `_raw`: events without one then get it, however the plan is changed."""

    def request(self, needed: Fields, columns: bool = False) -> Request:
        """Return what it asks for, where these fields are needed behind it."""
        implied = None if self.implied is None else Implied(self.implied)
        return Request(predicate=self.predicate, needed=needed, implied=implied, raw=self.raw, columns=columns)


def scan(predicate: tree.Node | None = None, implied: tree.Node | None = None, raw: bool = False) -> Scan:
    """Return a scan for a search expression."""

    def generate(ctx: RunContext, needed: Fields) -> Stream:
        return ctx.scan(made.request(needed))

    made = Scan(name="scan", generate=generate, predicate=predicate, implied=implied, raw=raw)
    return made


def wants_raw(operators: Sequence[Operator]) -> bool:
    """Say whether events without a `_raw` get one for a plan."""
    return operators[0].raw if isinstance(operators[0], Scan) else reads_raw(operators)


def time_terms(node: tree.Node | None) -> tree.Node | None:
    """Return the parts of an expression that hold time modifiers (`earliest=-1h`): they set the range that is read."""
    return conjunction(*(part for part in conjuncts(node) if any(map(compiler.is_time_term, tree.walk(part)))))


__all__ = ["Scan", "conjunction", "conjuncts", "scan", "time_terms", "wants_raw"]
