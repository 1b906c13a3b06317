"""What a search expression says of the events that it selects, before any event is read."""

from __future__ import annotations

from collections.abc import Callable

from splmini import compiler
from splmini.events import VALUES, ValueTest, ValueTests
from splmini.language import tree
from splmini.language.conjuncts import conjuncts
from splmini.operators import Fields, Row


def may_hold_classes(needed: Fields) -> bool:
    """Say whether event types or tags may be among the fields needed."""
    if needed is None:
        return True
    return any(name in ("tag", "eventtype") or name.startswith("tag::") or "*" in name for name in needed)


def named_indexes(predicate: tree.Node | None) -> set[str]:
    """Return the indexes that a search expression names; `*` names none."""
    return {
        each.value.lower()
        for each in (() if predicate is None else tree.walk(predicate))
        if isinstance(each, tree.FieldComparison) and each.field == "index" and each.op == "=" and each.value != "*"
    }


def time_modifiers(predicate: tree.Node) -> dict[str, str]:
    """Return the time modifiers of a search expression, `earliest` and `latest`, with their texts."""
    return {
        each.field: each.value for each in compiler.time_terms_of(predicate) if each.field in ("earliest", "latest")
    }


_UNSURE = compiler.TIME_MODIFIERS | {"_raw", "_time", "index", "tag", "eventtype", "sourcetype", "source", "host"}
"""Fields whose value may still change, or appear, between the event as given and the row."""


def quick_refusal(predicate: tree.Node | None, scope: compiler.RunScope) -> ValueTests | None:
    """Return a filter over events *as given* that drops what the predicate would refuse anyhow.

    A key that the caller gives is never overwritten by knowledge, so a conjunct about such a key can be decided
    before anything is mapped; where the key is absent the event stays.
    """
    tests: list[ValueTest] = []
    for part in conjuncts(predicate):
        if not isinstance(part, (tree.FieldComparison, tree.FieldIn)):
            continue
        if part.field not in _UNSURE and not part.field.startswith("tag::"):
            tests.append(ValueTest(part.field, _value_test(part, scope), part))
    return ValueTests(tuple(tests)) if tests else None


def _value_test(part: tree.FieldComparison | tree.FieldIn, scope: compiler.RunScope) -> Callable[[Row], bool]:
    """A test of an event as given; values that are not yet field values (None, booleans, objects) pass."""
    test = compiler.compile_search(part, scope)
    name = part.field

    def value_test(event: Row) -> bool:
        return event[name].__class__ not in VALUES or test(event)

    return value_test
