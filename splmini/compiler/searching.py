"""Search expression → test of a row. Always a bool: what is absent does not match."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeAlias

from splmini import registry
from splmini.compiler.time_terms import BOUNDS, LOWER, TIME_MODIFIERS, check_window, is_time_term, with_bounds
from splmini.errors import ArgumentError, Span, SplError
from splmini.language import tree
from splmini.language.parser import parse_search
from splmini.language.printer import render
from splmini.values.comparison import search_comparison
from splmini.values.multivalue import as_list
from splmini.values.networks import is_cidr
from splmini.values.numbers import to_number, to_text
from splmini.values.terms import term_matcher
from splmini.values.texts import shortened
from splmini.values.times import time_modifier
from splmini.values.wildcards import compile_wildcards, has_wildcard

if TYPE_CHECKING:
    from splmini.operators import Row

Test: TypeAlias = "Callable[[Row], bool]"


def compile_search(node: tree.Node, scope: registry.Scope) -> Test:
    """Compile a search expression to a test of the row."""
    return _SEARCH[type(node)](node, scope)


def _all_of(node: tree.And, scope: registry.Scope) -> Test:
    if sum(map(is_time_term, node.items)) > 1:
        check_window(node.items, scope.ctx.now, scope.ctx.timezone)
    tests = [compile_search(item, scope) for item in node.items]
    if len(tests) == 1:
        return tests[0]

    def all_of(row: Row) -> bool:
        for test in tests:
            if not test(row):
                return False
        return True

    return all_of


def _any_of(node: tree.Or, scope: registry.Scope) -> Test:
    tests = [compile_search(item, scope) for item in grouped_equals(node)]
    if len(tests) == 1:
        return tests[0]

    def any_of(row: Row) -> bool:
        for test in tests:
            if test(row):
                return True
        return False

    return any_of


def grouped_equals(node: tree.Or) -> list[tree.Node]:
    """Return the alternatives of an OR, its equals on one field (three or more) gathered into one `FieldIn`."""
    by_field: dict[str, list[tree.FieldComparison]] = {}
    for item in node.items:
        if isinstance(item, tree.FieldComparison) and item.op == "=" and item.field not in _SPECIAL:
            by_field.setdefault(item.field, []).append(item)
    gathered = {name for name, items in by_field.items() if len(items) > 2}
    result: list[tree.Node] = []
    for item in node.items:
        if isinstance(item, tree.FieldComparison) and item.op == "=" and item.field in gathered:
            items = by_field[item.field]
            if item is items[0]:
                terms = tuple(tree.Term(each.value, each.quoted) for each in items)
                result.append(tree.FieldIn(item.field, terms, span=item.span))
        else:
            result.append(item)
    return result


_SPECIAL = TIME_MODIFIERS | {"index"}


def _none_of(node: tree.Not, scope: registry.Scope) -> Test:
    test = compile_search(node.operand, scope)

    def none_of(row: Row) -> bool:
        return not test(row)

    return none_of


def _everything(row: Row) -> bool:
    return True


def _term(node: tree.Term, scope: registry.Scope) -> Test:
    if node.text == "*":
        return _everything
    return _over_raw(term_matcher(node.text, node.quoted))


def _directive(node: tree.Directive, scope: registry.Scope) -> Test:
    return _over_raw(term_matcher(node.text, False, case=node.name == "CASE", exact=node.name == "TERM"))


def _over_raw(matches: Callable[[str], bool]) -> Test:
    def over_raw(row: Row) -> bool:
        raw = row.get("_raw")
        return raw is not None and matches(raw if isinstance(raw, str) else to_text(raw))

    return over_raw


def _field_comparison(node: tree.FieldComparison, scope: registry.Scope) -> Test:
    if is_time_term(node):
        return _time_term(node, scope)
    op = "=" if node.op == "::" else node.op
    matches = search_comparison(op, node.value, node.quoted)
    if node.field == "index":
        return _index_test(matches, scope)
    name = node.field

    def field_comparison(row: Row) -> bool:
        value = row.get(name)
        return value is not None and matches(value)

    return field_comparison


def _time_term(node: tree.FieldComparison, scope: registry.Scope) -> Test:
    """`earliest` is inclusive, `latest` is not; an event without a time lies in every range.

    Events without an index time are taken to be indexed when they happened.
    """
    if node.field not in BOUNDS:
        return compile_search(with_bounds(node), scope)
    bound = time_modifier(node.value, scope.ctx.now, scope.ctx.timezone)
    lower, indexed = node.field.endswith(LOWER), node.field.startswith("_")
    if lower and bound == 0:
        return _everything  # the earliest event there is, even one before 1970

    def in_range(row: Row) -> bool:
        moment = row.get("_time")
        if indexed:
            moment = row.get("_indextime", moment)
        if not isinstance(moment, (int, float)):
            return True
        return bound <= moment if lower else moment < bound

    return in_range


_ANY_INDEX = "Events without an index were taken to match every index= (Environment(index=...))."


def _index_test(matches: Callable[[Any], bool], scope: registry.Scope) -> Test:
    """An event that carries no index is in the environment's index; in the index "any" it matches every `index=`."""
    default = scope.ctx.index
    absent = True if default == "any" else matches(default)
    ctx = scope.ctx
    told = default != "any"

    def index_test(row: Row) -> bool:
        nonlocal told
        value = row.get("index")
        if value is not None:
            return matches(value)
        if not told:
            told = True
            ctx.message("info", "search", _ANY_INDEX)
        return absent

    return index_test


def _field_in(node: tree.FieldIn, scope: registry.Scope) -> Test:
    name = node.field
    if name == "index":
        comparisons = tuple(tree.FieldComparison(name, "=", term.text, term.quoted) for term in node.values)
        return _any_of(tree.Or(comparisons), scope)
    simple = [term.text for term in node.values if _is_simple(term.text)]
    plain = {text.lower() for text in simple}
    numbers = {number for number in map(to_number, simple) if number is not None}
    rest = [term for term in node.values if not _is_simple(term.text)]
    wild = [term.text for term in rest if _is_wild(term)]
    tests = [search_comparison("=", term.text, term.quoted) for term in rest if not _is_wild(term)]
    if wild:
        tests.append(_any_value(compile_wildcards(wild)))

    def field_in(row: Row) -> bool:
        value = row.get(name)
        if value is None:
            return False
        if value.__class__ is str:
            if value.lower() in plain:
                return True
        else:
            for item in as_list(value):
                if to_text(item).lower() in plain or (item.__class__ is not str and item in numbers):
                    return True
        for test in tests:
            if test(value):
                return True
        return False

    return field_in


def _is_wild(term: tree.Term) -> bool:
    """Say whether an equality with a value is a wildcard that ignores case."""
    return has_wildcard(term.text) and not is_cidr(term.text) and (term.quoted or "(" not in term.text)


def _any_value(match: Callable[[str], bool]) -> Test:
    def satisfied(value: Any) -> bool:
        return any(match(item if item.__class__ is str else to_text(item)) for item in as_list(value))

    return satisfied


def _is_simple(text: str) -> bool:
    """Say whether an equality with a value is equality of text or of numbers: no wildcard, block or CASE()."""
    return bool(text) and "*" not in text and "/" not in text and "(" not in text


def _subsearch(node: tree.Subsearch, scope: registry.Scope) -> Test:
    return compile_search(scope.ctx.expand(node.pipeline), scope)


def resolved(
    node: tree.SubsearchComparison | tree.FieldInSubsearch, returned: Callable[[tree.Pipeline], str]
) -> tree.Node:
    """Return `field=[search …]` or `field IN ([search …])` with the text that the subsearches return in place."""
    return with_bounds(parse_returned(render(node, returned), node.span))


def parse_returned(text: str, span: Span) -> tree.Node:
    """Parse search text that a subsearch returned, or returned a part of; a mistake shows it, at the subsearch."""
    came = f"With what the subsearch returned it reads: {shortened(text, 200)}"
    try:
        found = parse_search(text)
    except SplError as error:
        raise type(error)(f"{error.message} {came}", name=error.name, hint=error.hint, span=span) from None
    if any(isinstance(each, tree.Subsearch) for each in tree.walk(found)):
        raise ArgumentError(f"The text that a subsearch returns cannot hold a subsearch. {came}", span=span)
    return found


def _with_subsearch(node: tree.SubsearchComparison | tree.FieldInSubsearch, scope: registry.Scope) -> Test:
    return compile_search(resolved(node, scope.ctx.returned), scope)


_SEARCH: dict[type, Callable[[Any, registry.Scope], Test]] = {
    tree.SubsearchComparison: _with_subsearch,
    tree.FieldInSubsearch: _with_subsearch,
    tree.And: _all_of,
    tree.Or: _any_of,
    tree.Not: _none_of,
    tree.Term: _term,
    tree.Directive: _directive,
    tree.FieldComparison: _field_comparison,
    tree.FieldIn: _field_in,
    tree.Subsearch: _subsearch,
}
