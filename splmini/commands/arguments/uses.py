"""What commands declare of the fields that they read, make and leave (`registry.FieldUses`), where several do alike."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from splmini.compiler import is_time_term
from splmini.language import tree
from splmini.language.printer import render
from splmini.registry import DEFAULTS, FieldUse, FieldUses, Follow, Known
from splmini.registry.uses import unchanged
from splmini.values.wildcards import any_of, has_wildcard

_GUARDS = frozenset({"coalesce", "isnull", "isnotnull", "isnum", "isstr", "typeof", "nullif"})


# ---- what is read --------------------------------------------------------------------------------------------------


def expression_reads(node: tree.Node) -> Iterator[FieldUse]:
    """Yield the fields that an eval expression needs; those of coalesce, isnull and the like may be absent."""
    stack = [node]
    while stack:
        current = stack.pop()
        if isinstance(current, tree.FieldRef):
            if current.quoted or current.name.lower() != "null":  # `null` for null() works: no field has that name
                yield FieldUse(current.name, current)
        elif not isinstance(current, (tree.Subsearch, tree.Template)) and not (
            isinstance(current, tree.Call) and current.name in _GUARDS
        ):
            stack.extend(tree.children(current))


def condition_reads(command: tree.Command) -> Iterator[FieldUse]:
    """Yield the fields that a search expression compares."""
    stack: list[tree.Node] = list(reversed(command.args))
    while stack:
        current = stack.pop()
        if isinstance(current, (tree.FieldComparison, tree.FieldIn)):
            if not is_time_term(current):
                yield FieldUse(current.field, current)
        elif not isinstance(current, tree.Subsearch):
            stack.extend(tree.children(current))


def assignment_reads(command: tree.Command) -> Iterator[FieldUse]:
    """Yield the fields that expressions and assignments need, but for those that an assignment before them made."""
    made: set[str] = set()
    for arg in command.args:
        value = arg.value if isinstance(arg, tree.Assignment) else arg
        yield from (use for use in expression_reads(value) if use.name not in made)
        if isinstance(arg, tree.Assignment) and isinstance(arg.target, tree.FieldRef):
            made.add(arg.target.name)


def aggregation_reads(command: tree.Command) -> Iterator[FieldUse]:
    """Yield the fields that aggregations read, and those behind BY."""
    for arg in command.args:
        if isinstance(arg, tree.Aggregation):
            for each in arg.args:
                if isinstance(each, tree.Word):
                    yield FieldUse(each.text, each)
                elif isinstance(each, tree.Call):
                    yield from expression_reads(each)
        elif isinstance(arg, tree.Clause) and arg.keyword == "by":
            yield from (FieldUse(item.text, item, "by") for item in arg.items if isinstance(item, tree.Word))


def word_reads(command: tree.Command) -> Iterator[FieldUse]:
    """Yield the fields that stand as words; numbers are counts."""
    for arg in command.args:
        if isinstance(arg, tree.Word) and arg.text not in ("+", "-") and not arg.text.isdigit():
            yield FieldUse(arg.text, arg)


def shown_reads(command: tree.Command) -> Iterator[FieldUse]:
    """Yield the fields that a command only shows."""
    for arg in command.args:
        if isinstance(arg, tree.Word) and arg.text not in ("+", "-"):
            yield FieldUse(arg.text, arg, "shown")


# ---- what is there behind it ---------------------------------------------------------------------------------------


def option(command: tree.Command, name: str) -> str | None:
    """Return the text of an option of a command, None where it is not given."""
    for arg in command.args:
        if isinstance(arg, tree.Option) and arg.name == name and isinstance(arg.value, tree.Word):
            return arg.value.text
    return None


def column(node: tree.Aggregation) -> str:
    """Return the name of the column that an aggregation makes."""
    return node.alias or node.written or render(node)


def adding(
    names: Callable[[tree.Command], Iterator[str]],
) -> Callable[[tree.Command, Known | None, Follow], Known | None]:
    """Behind it are the fields that were there, and those of these names."""

    def after(command: tree.Command, before: Known | None, follow: Follow) -> Known | None:
        return None if before is None else before.plus(*names(command))

    return after


def shown(command: tree.Command, before: Known | None, follow: Follow) -> Known | None:
    """Behind it are the fields that it names."""
    if not all(isinstance(arg, tree.Word) for arg in command.args):
        return None
    names: set[str] = set()
    for use in shown_reads(command):
        if not has_wildcard(use.name):
            names.add(use.name)
        elif before is None:
            return None
        else:
            names.update(filter(any_of((use.name,)), before.names | DEFAULTS))
    return Known(frozenset(names), f"the fields that '{command.name}' keeps", True)


def aggregated(command: tree.Command, before: Known | None, follow: Follow) -> Known | None:
    """Behind it are the columns of its aggregations and the fields behind BY."""
    names: set[str] = set()
    for arg in command.args:
        if isinstance(arg, tree.Option) and arg.name in ("prestats", "append"):
            return None
        if isinstance(arg, tree.Aggregation):
            if any(isinstance(each, tree.Word) and "*" in each.text for each in arg.args):
                return None
            names.add(column(arg))
        elif isinstance(arg, tree.Clause) and arg.keyword == "by":
            names.update(item.text for item in arg.items if isinstance(item, tree.Word))
        elif not isinstance(arg, (tree.Option, tree.Clause)):
            return None
    if any("*" in name for name in names):
        return None
    return Known(frozenset(names), f"the fields that '{command.name}' leaves", True)


def adding_aggregates(command: tree.Command, before: Known | None, follow: Follow) -> Known | None:
    """Behind it are the fields that were there, and the columns of its aggregations."""
    made = aggregated(command, before, follow)
    return None if made is None or before is None else before.plus(*made.names)


def with_subsearches(command: tree.Command, before: Known | None, follow: Follow) -> Known | None:
    """Behind it is what either side has: the rows before, and its subsearches."""
    known = before
    for arg in command.args:
        if isinstance(arg, tree.Subsearch):
            inner = follow(arg.pipeline)
            if known is None or inner is None:
                return None
            known = known.plus(*inner.names)
    return known


def _aliases(command: tree.Command) -> Iterator[str]:
    for arg in command.args:
        if isinstance(arg, tree.Rename):
            yield arg.alias.text
        elif isinstance(arg, tree.Aggregation) and arg.alias:
            yield arg.alias


SAME = FieldUses(after=unchanged)
SAME_OF_WORDS = FieldUses(reads=word_reads, after=unchanged)
ALIASED = FieldUses(after=adding(_aliases))
JOINED = FieldUses(after=with_subsearches)
AGGREGATED = FieldUses(reads=aggregation_reads, after=aggregated)
WITH_AGGREGATES = FieldUses(reads=aggregation_reads, after=adding_aggregates)
