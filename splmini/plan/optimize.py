"""The optimiser: a tuple of rules, each a rewrite after which a plan gives the same rows in the same order.

A rule looks at what operators declare and at their nodes, never at which command they are of. What it moves or leaves
out is sure to give the same: filters with subsearches, time modifiers, `index=` or chance in them stay.
"""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Sequence as SequenceOf
from typing import TypeAlias

from splmini.operators import Operator
from splmini.plan.rules.drop_unread import drop_unread
from splmini.plan.rules.imply import imply
from splmini.plan.rules.push_filters import push_filters
from splmini.plan.rules.push_into_scan import push_into_scan
from splmini.plan.rules.push_limits import push_limits

Rule: TypeAlias = Callable[[SequenceOf[Operator]], list[Operator]]

RULES: tuple[Rule, ...] = (drop_unread, push_filters, push_into_scan, push_limits, imply)


def optimize(operators: SequenceOf[Operator]) -> list[Operator]:
    """Return an equal plan that does less work."""
    plan = list(operators)
    for rule in RULES:
        plan = rule(plan)
    return plan
