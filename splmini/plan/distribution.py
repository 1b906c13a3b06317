"""Which part of a plan can run in other processes, over parts of the events, and how what they give is put together."""

from __future__ import annotations

from collections.abc import Sequence as SequenceOf
from dataclasses import dataclass

from splmini.language import tree
from splmini.operators import Generating, Operator, Partial, Sequence, Streaming
from splmini.plan.scan import Scan


@dataclass(frozen=True)
class Division:
    """A plan cut in two: `operators[:stop]` run over parts of the events, the rest in the calling process.

    `kind` says what the first half gives: `rows`, the `state` of an aggregation, that of one over a `dataset`, or
    `nothing` where all of it runs in the calling process; `reason` says why.
    """

    kind: str
    stop: int
    reason: str = ""


def divide(operators: SequenceOf[Operator], newest: bool = False) -> Division:
    """Say how a plan is cut. `newest`: the events are shown newest first.

    Rows can be ordered only where they come together, so an aggregation that depends on their order runs there.
    """
    first = operators[0]
    if not isinstance(first, Scan):
        return _dataset(first)
    stop = 1
    while stop < len(operators) and _streams(operators[stop]):
        stop += 1
    following = operators[stop] if stop < len(operators) else None
    if isinstance(following, Partial) and not _searches(following) and not (newest and following.order_matters):
        return Division("state", stop + 1)
    return Division("rows", stop)


def _dataset(first: Operator) -> Division:
    """tstats over a data model: what it aggregates is read in parts, where the order of its rows does not matter."""
    if not isinstance(first, Generating) or first.reading is None:
        return Division("nothing", 0, f"'{first.name}' makes its own rows.")
    if first.reading.order_matters:
        return Division("nothing", 0, f"what '{first.name}' gives depends on the order of the events.")
    if first.reading.where is not None and holds_subsearch(first.reading.where):
        return Division("nothing", 0, f"'{first.name}' holds a subsearch.")
    return Division("dataset", 1)


def _streams(operator: Operator) -> bool:
    return isinstance(operator, Streaming) and not operator.local and not _searches(operator)


def _searches(operator: Operator) -> bool:
    return operator.node is not None and holds_subsearch(operator.node)


_SUBSEARCHES = (tree.Subsearch, tree.SubsearchComparison, tree.FieldInSubsearch)


def holds_subsearch(node: tree.Node) -> bool:
    """Say whether a node holds a subsearch: it reads all events, not a part of them."""
    return any(isinstance(each, _SUBSEARCHES) for each in tree.walk(node))


def limit_behind(operators: SequenceOf[Operator], stop: int) -> int | None:
    """Return how many rows the operator behind the first half wants of each part; None: all."""
    following = operators[stop] if stop < len(operators) else None
    return following.limited if isinstance(following, Sequence) else None
