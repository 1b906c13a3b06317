"""Which of many searches could an event satisfy: an index that is asked before any predicate runs.

Of each search one necessary condition is looked up. Where it needs one of some literals in its values, all literals of
all searches are found in the event's values in one scan (Aho-Corasick, from the package ahocorasick-rs; without it, by
the pieces of three letters in the text). Else it is looked up by the values of one field (`EventCode=4688`). Searches
that have neither look at every event.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from splmini import compiler
from splmini.engine.literal_search import text_finder
from splmini.language import tree
from splmini.language.conjuncts import conjuncts
from splmini.operators import Fields, Row
from splmini.plan.literals import Kept, Way, required_literals
from splmini.values.multivalue import as_list
from splmini.values.numbers import to_number, to_text

Keys: TypeAlias = "dict[str, frozenset[str]]"
"""Fields and values (in lower case), one of which an event has to have."""

_COMMON = frozenset({"sourcetype", "source", "eventtype", "index", "host", "tag", "nodename"})
"""Fields whose values many events share."""
MOST_ALTERNATIVES = 400
SAMPLE = 400
"""Rows or records that tell which values and literals are rare."""
_FEW = 0.05
"""A share of a sample's events that is few enough."""


@dataclass
class Index:
    """Searches, by number, by what an event has to hold to satisfy them; `always` are those of which nothing is known.

    `fields` are those whose values literals are looked for in; None: every field.
    """

    by_literal: list[tuple[int, ...]] = field(default_factory=list)
    by_field: dict[str, dict[str, list[int]]] = field(default_factory=dict)
    always: list[int] = field(default_factory=list)
    literal: list[int] = field(default_factory=list)
    """The searches that are looked up by literals."""
    fields: Fields = frozenset()
    find: Callable[[str], set[int]] | None = None

    def candidates(self, row: Row, whole: bool = True) -> list[int]:
        """Return the numbers of the searches that a row could satisfy, in order.

        A row that is not `whole` may still get fields that it does not have.
        """
        found = list(self.always)
        for name, values in self.by_field.items():
            value = row.get(name)
            if value is None:
                if not whole:
                    found.extend(number for numbers in values.values() for number in numbers)
                continue
            for text in (value,) if value.__class__ is str else map(to_text, as_list(value)):
                if hides_letters(text):
                    found.extend(number for numbers in values.values() for number in numbers)
                else:
                    found.extend(values.get(text.lower(), ()))
        if self.find is not None:
            text = row_text(row, self.fields)
            if hides_letters(text):
                found.extend(self.literal)
            else:
                for literal in self.find(text.lower()):
                    found.extend(self.by_literal[literal])
        return found if len(found) == len(self.always) else sorted(set(found))


_HIDING = re.compile("[\u0130\u0131\u017f\u212a]")


def hides_letters(text: str) -> bool:
    """Say whether letters outside ASCII may equal letters of a literal when case is ignored (dotted and dotless i, long
    s, the Kelvin sign): of such a text nothing is known."""
    return not text.isascii() and _HIDING.search(text) is not None


def row_text(row: Row, fields: Fields) -> str:
    """Return the values of some fields of a row, or of all, as one text."""
    parts = []
    for value in row.values() if fields is None else [row[name] for name in fields if name in row]:
        if value.__class__ is str:
            parts.append(value)
        else:
            parts.extend(map(to_text, as_list(value)))
    return "\n".join(parts)


def build_index(
    predicates: Sequence[tree.Node | None], sample: Sequence[Row] = (), given: Sequence[Row] | None = None
) -> Index:
    """Index searches by their predicates, each by what the fewest rows of a sample hold.

    Where the events of the sample come as they are `given`, searches are looked up by values of fields alone, and by
    fields that events give: those need not be made.
    """
    options = [_options(predicate, given is None) for predicate in predicates]
    rank = _Rank(options, sample, given or ())
    index, literals = Index(), dict[str, list[int]]()
    reads: Fields = frozenset()
    for number, (predicate, each) in enumerate(zip(predicates, options, strict=True)):
        best = min(each, key=rank, default=None)
        if best is None:
            index.always.append(number)
        elif isinstance(best, dict):
            for name, values in best.items():
                known = index.by_field.setdefault(name, {})
                for value in values:
                    known.setdefault(value, []).append(number)
        else:
            reads = _read_too(reads, predicate)
            index.literal.append(number)
            for literal in best:
                literals.setdefault(literal, []).append(number)
    if literals:
        index.fields = reads
        index.by_literal = [tuple(numbers) for numbers in literals.values()]
        index.find = text_finder(list(literals))
    return index


def _read_too(fields: Fields, predicate: tree.Node | None) -> Fields:
    own = None if predicate is None else compiler.fields_read(predicate)
    return None if fields is None or own is None else fields | own


Option: TypeAlias = "Keys | frozenset[str]"
"""What an event has to hold one of: fields with values, or literals."""


def _options(predicate: tree.Node | None, literals_too: bool) -> list[Option]:
    """Everything that a search can be looked up by."""
    if predicate is None:
        return []
    keys = [found for part in conjuncts(predicate) if (found := keys_of(part)) is not None]
    if not literals_too:
        return [*keys]
    return [*(each for each in required_literals(predicate, _kept) if len(each) <= MOST_ALTERNATIVES), *keys]


def key_fields(predicates: Sequence[tree.Node | None]) -> frozenset[str]:
    """Return the fields by whose values searches could be looked up."""
    return frozenset(name for predicate in predicates for keys in _options(predicate, False) for name in keys)


def _kept(name: str) -> tuple[Way, ...]:
    """Values are looked at as they are, so every field keeps its own."""
    return (Kept(),)


class _Rank:
    """How many rows of a sample hold what a search would be looked up by; less is better."""

    def __init__(self, options: Sequence[Sequence[Option]], sample: Sequence[Row], given: Sequence[Row]) -> None:
        self.few = len(given) * _FEW
        self.given = Counter(name for event in given for name in event)
        names = {name for each in options for option in each if isinstance(option, dict) for name in option}
        sets = [option for each in options for option in each if isinstance(option, frozenset)]
        literals = sorted({literal for each in sets for literal in each})
        self.shared = Counter(
            (name, value)
            for each in options
            for option in each
            if isinstance(option, dict)
            for name, values in option.items()
            for value in values
        )
        """How many searches ask for a value: what many ask for tells less."""
        self.counts: Counter[Any] = Counter()
        find = text_finder(literals) if literals and sample else None
        for row in sample:
            for name in names & row.keys():
                self.counts.update({(name, to_text(item).lower()) for item in as_list(row[name])})
            if find is not None:
                self.counts.update(literals[number] for number in find(row_text(row, None).lower()))

    def __call__(self, option: Option) -> tuple[int, int, bool, int, int]:
        """Return the sort key of an option."""
        if isinstance(option, dict):
            pairs = [(name, value) for name, values in option.items() for value in values]
            common = not option.keys().isdisjoint(_COMMON)
            shared = sum(map(self.shared.__getitem__, pairs))
            count = sum(map(self.counts.__getitem__, pairs))
            if self.given and count <= self.few:
                return 0, -min(map(self.given.__getitem__, option)), common, shared, len(pairs)
            return count, 0, common, shared, len(pairs)
        return sum(map(self.counts.__getitem__, option)), 0, False, 0, len(option)


# ---- equality -------------------------------------------------------------------------------------------------------


def keys_of(node: tree.Node) -> Keys | None:
    """Return fields and plain values, one of which an event has to have to satisfy an expression; None: not known."""
    if isinstance(node, tree.And):
        found = [keys for item in node.items if (keys := keys_of(item)) is not None]
        return min(found, key=_weakness) if found else None
    if isinstance(node, tree.Or):
        merged: dict[str, frozenset[str]] = {}
        for item in node.items:
            keys = keys_of(item)
            if keys is None:
                return None
            for name, values in keys.items():
                merged[name] = merged.get(name, frozenset()) | values
        return merged or None
    if isinstance(node, tree.FieldComparison) and node.op == "=":
        return _plain(node.field, [node.value])
    if isinstance(node, tree.FieldIn):
        return _plain(node.field, [term.text for term in node.values])
    return None


def _weakness(keys: Keys) -> tuple[bool, int]:
    return not keys.keys().isdisjoint(_COMMON), sum(map(len, keys.values()))


def _plain(name: str, texts: list[str]) -> Keys | None:
    if name in compiler.TIME_MODIFIERS or name == "index":
        return None
    return {name: frozenset(text.lower() for text in texts)} if texts and all(map(_is_key, texts)) else None


def _is_key(text: str) -> bool:
    """Say whether equality with a value is equality of its text: no wildcard, block, directive; one form of number."""
    number = to_number(text)
    if number is not None and to_text(number) != text:
        return False
    return bool(text) and text.isascii() and not any(character in text for character in "*/(\\")
