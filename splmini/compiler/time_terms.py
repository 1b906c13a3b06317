"""Time terms of a search expression (`earliest=-1h`, `starthoursago=5`) → bounds: `earliest`, `latest`, by index time.

Splunk still takes its old terms: https://help.splunk.com/?resourceId=Splunk_SearchReference_SearchTimeModifiers,
"Other time modifiers". Each of them becomes the bound that it stands for when a search is compiled, so that behind it
there are no others.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import timedelta, timezone, tzinfo

from splmini.errors import ArgumentError, UnsupportedFeature
from splmini.language import tree
from splmini.language.conjuncts import mapped
from splmini.values.times import is_absolute, strftime, strptime, time_modifier

LOWER, UPPER = "earliest", "latest"
BOUNDS = frozenset({LOWER, UPPER, "_index_earliest", "_index_latest"})
"""The terms that are left when a search is compiled."""
_UNITS = {"minutes": "m", "hours": "h", "days": "d", "months": "mon"}
_AGO = {
    f"{prefix}{unit}ago": (side, short)
    for prefix, side in (("start", LOWER), ("end", UPPER), ("", LOWER))
    for unit, short in _UNITS.items()
}
_SPANS = {f"searchtimespan{unit}": short for unit, short in _UNITS.items()}
_EPOCHS = {"starttimeu": LOWER, "endtimeu": UPPER}
_STAMPS = {"starttime": LOWER, "endtime": UPPER}
TIME_MODIFIERS = BOUNDS | _AGO.keys() | _SPANS.keys() | _EPOCHS.keys() | _STAMPS.keys() | {"timeformat"}
"""The names of all terms."""
_FORMAT = "%m/%d/%Y:%H:%M:%S"
_EQUAL = ("=", "::")
_OPERATORS = {LOWER: (*_EQUAL, ">=", ">"), UPPER: (*_EQUAL, "<=", "<")}
_NOW = ("now", "now()")
_whole = re.compile(r"[0-9]{1,9}\Z").match
_epoch = re.compile(r"[0-9]{1,12}(?:\.[0-9]+)?\Z").match
_UTC, _ELSEWHERE = timezone.utc, timezone(timedelta(hours=7))


def is_time_term(node: tree.Node) -> bool:
    """Say whether a node is a time term. The old ones take an equals sign only: `daysago>7` compares a field."""
    if not isinstance(node, tree.FieldComparison) or node.field not in TIME_MODIFIERS:
        return False
    return node.field in BOUNDS or node.op in _EQUAL


def reads_of(term: tree.FieldComparison | tree.FieldIn) -> tuple[str, ...]:
    """Return the fields that decide whether an event is within the bound of a term."""
    return ("_indextime", "_time") if term.field.startswith("_") else ("_time",)


def time_terms_of(node: tree.Node | None) -> Iterable[tree.FieldComparison]:
    """Yield the time terms of an expression, those of its subsearches left out."""
    if node is None or isinstance(node, (tree.Subsearch, tree.SubsearchComparison, tree.FieldInSubsearch)):
        return
    if isinstance(node, tree.FieldComparison):
        if is_time_term(node):
            yield node
        return
    for child in tree.children(node):
        yield from time_terms_of(child)


def with_bounds(node: tree.Node) -> tree.Node:
    """Return a search expression with every time term as the bound that it stands for.

    Raises ArgumentError for a value that is none, and UnsupportedFeature for a window of real time.
    """
    terms = list(time_terms_of(node))
    if not terms:
        return node
    formats = [each.value for each in terms if each.field == "timeformat"]
    return mapped(node, _Reader(formats[0] if formats else None).read)


@dataclass
class _Reader:
    """Reads terms from left to right: spans count from the last bound, stamps have the last format."""

    format: str | None
    last: tuple[str, str] | None = None

    def read(self, node: tree.FieldComparison | tree.FieldIn) -> tree.Node:
        return self.term(node) if isinstance(node, tree.FieldComparison) and is_time_term(node) else node

    def term(self, node: tree.FieldComparison) -> tree.Node:
        """Return the bound of a term; for a format, which bounds nothing, an expression that always holds."""
        name = node.field
        if name == "timeformat":
            self.format = node.value
            return tree.And((), span=node.span)
        if name in _SPANS:
            return self.span(node)
        if name in _AGO:
            side, unit = _AGO[name]
            text = f"-{_number(node)}{unit}"
        elif name in _EPOCHS:
            if not _epoch(node.value):
                raise _invalid(node, "Expected a UNIX time.")
            side, text = _EPOCHS[name], node.value
        elif name in _STAMPS:
            side, text = _STAMPS[name], self.stamp(node)
        else:
            side, text = name, self.bound(node)
        if side in (LOWER, UPPER):
            self.last = side, text
        return _bound(node, side, text)

    def span(self, node: tree.FieldComparison) -> tree.Node:
        """A length of time, from the last bound on, or up to it where it was an end; without one, up to now."""
        length = f"{_number(node)}{_SPANS[node.field]}"
        side, text = self.last or (UPPER, "now")
        text = "" if text.lower() in _NOW else f"{text} " if is_absolute(text) else text
        return _bound(node, LOWER, f"{text}-{length}") if side == UPPER else _bound(node, UPPER, f"{text}+{length}")

    def stamp(self, node: tree.FieldComparison) -> str:
        """The text of starttime and endtime, which `timeformat` reads, in the form that bounds have."""
        text = _restamped(node.value, self.format) if self.format is not None else node.value
        if text is None or not is_absolute(text):
            raise _invalid(node, f"Expected a time such as {self.format or _FORMAT}.")
        return text

    def bound(self, node: tree.FieldComparison) -> str:
        side = LOWER if node.field.endswith(LOWER) else UPPER
        if node.op not in _OPERATORS[side]:
            raise ArgumentError(
                f"'{node.field}{node.op}' bounds no range of time.",
                name=node.field,
                span=node.span,
                hint=f"Write {node.field}=, or turn to {UPPER if side == LOWER else LOWER}.",
            )
        text = node.value.strip()
        if re.match(r"[+-]?rt", text, re.IGNORECASE):
            raise UnsupportedFeature(
                f"A window of real time, {node.field}={node.value}, is not searched here.",
                name="rt",
                span=node.span,
                hint="Splunk refuses it in the text of a search too.",
            )
        stamp = _restamped(text, self.format) if self.format is not None else None
        if stamp is None and " " in text:
            raise _invalid(node, f"Expected such as -1d@d, {_FORMAT} or a UNIX time.")
        return stamp or text


def _bound(node: tree.FieldComparison, side: str, text: str) -> tree.FieldComparison:
    try:
        time_modifier(text, 0, _UTC)
    except ArgumentError as error:
        error.span = node.span
        raise
    return replace(node, field=side, op="=", value=text, quoted=False)


def _number(node: tree.FieldComparison) -> int:
    if not _whole(node.value):
        raise _invalid(node, "Expected a whole number.")
    return int(node.value)


def _invalid(node: tree.FieldComparison, hint: str) -> ArgumentError:
    message = f"'{node.value}' is no value of the time modifier {node.field}."
    return ArgumentError(message, name=node.field, span=node.span, hint=hint)


def _restamped(text: str, format: str) -> str | None:
    """Return a time in the form that bounds have: as UNIX time where it does not depend on the zone."""
    here, there = strptime(text, format, _UTC), strptime(text, format, _ELSEWHERE)
    if here is None:
        return None
    return repr(here) if here == there else strftime(here, _FORMAT, _UTC)


def check_window(parts: Iterable[tree.Node], now: float, zone: tzinfo) -> None:
    """Raise where the bounds of a conjunction leave no time between them. That both are equal is no mistake."""
    bounds = [part for part in parts if isinstance(part, tree.FieldComparison) and part.field in (LOWER, UPPER)]
    ends = {
        side: [(time_modifier(each.value, now, zone), each) for each in bounds if each.field == side]
        for side in (LOWER, UPPER)
    }
    for start, _ in ends[LOWER]:
        for end, node in ends[UPPER]:
            if start > end:
                raise ArgumentError(
                    f"The time range of the search ends before it starts: {start:.0f} > {end:.0f}.",
                    name="latest",
                    span=node.span,
                )


__all__ = [
    "BOUNDS",
    "LOWER",
    "TIME_MODIFIERS",
    "check_window",
    "is_time_term",
    "reads_of",
    "time_terms_of",
    "with_bounds",
]
