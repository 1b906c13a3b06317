"""Calls that read one field are asked once for each value of it: logs repeat their values.

What is remembered is the result for a text or an integer; nothing is kept of floats (of which one may equal an integer
and print otherwise), of lists, or once there are many values.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeAlias

from splmini import registry
from splmini.language import tree

if TYPE_CHECKING:
    from splmini.operators import Row

Evaluate: TypeAlias = "Callable[[Row], Any]"

MOST = 4096
LONGEST = 500
_NOT_KNOWN = object()

WORTH_REMEMBERING = frozenset(
    {
        "case",
        "if",
        "match",
        "like",
        "replace",
        "cidrmatch",
        "split",
        "mvindex",
        "urldecode",
        "substr",
        "strptime",
        "printf",
        "round",
        "tonumber",
        "tostring",
        "md5",
        "sha1",
        "sha256",
        "sha512",
        "in",
        "validate",
        "coalesce",
        "mvfilter",
        "mvcount",
        "spath",
        "json_extract",
        "trim",
        "ltrim",
        "rtrim",
    }
)
"""Functions of which a call costs more than looking its result up."""


def only_field(node: tree.Call) -> str | None:
    """Return the one field on whose value alone a call depends; None where there is none such."""
    names: set[str] = set()
    size = 0
    for each in tree.walk(node):
        size += 1
        if isinstance(each, tree.FieldRef):
            names.add(each.name)
            if len(names) > 1:
                return None
        elif isinstance(each, tree.Call):
            function = registry.eval_functions().get(each.name)
            if function is None or function.whole_row or not _depends_on_arguments(function):
                return None
        elif isinstance(each, tree.Subsearch):
            return None
    return names.pop() if names and size > 2 else None


def depends_on_fields(node: tree.Node) -> bool:
    """Say whether an expression gives the same all through a run for the same values of the fields that it reads."""
    for each in tree.walk(node):
        if isinstance(each, tree.Call):
            function = registry.eval_functions().get(each.name)
            if function is None or function.whole_row or not _depends_on_arguments(function):
                return False
        elif isinstance(each, tree.Subsearch):
            return False
    return True


def _depends_on_arguments(function: registry.EvalFunction) -> bool:
    """Say whether a function gives the same for the same arguments all through a run."""
    return function.pure or function.name in _OF_THE_RUN


_OF_THE_RUN = frozenset({"strftime", "strptime", "now", "relative_time"})
"""Functions that are not folded, as they ask for the time zone or the now of a run, and ask for nothing else."""


def remembered(evaluate: Evaluate, name: str) -> Evaluate:
    """Return an expression that looks up what it gave for a value before."""
    texts: dict[str, Any] = {}
    integers: dict[int, Any] = {}

    def remembering(row: Row) -> Any:
        value: Any = row.get(name)
        kind = value.__class__
        if kind is str:
            known: dict[Any, Any] = texts
        elif kind is int:
            known = integers
        else:
            return evaluate(row)
        result = known.get(value, _NOT_KNOWN)
        if result is _NOT_KNOWN:
            result = evaluate(row)
            if len(known) < MOST and result.__class__ is not list and (kind is int or len(value) <= LONGEST):
                known[value] = result
        return result

    return remembering
