"""Which literals a record must contain, as bytes, for a search expression to be satisfied by the event in it.

The answer has to be sound: a record without the literals can never satisfy the expression. So a field contributes a
literal only if every way to its value keeps the bytes of the record (`Ways`), only characters that no format escapes
are used, and a record that could hide a literal (`hides_literals`) is always a candidate.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import TypeAlias

from splmini.language import tree
from splmini.plan.scan import conjuncts
from splmini.values.comparison import compared_text, search_comparison
from splmini.values.networks import is_cidr
from splmini.values.numbers import to_number

Alternatives: TypeAlias = "frozenset[str]"
"""Lower-case ASCII texts, one of which has to be in the record, whatever its case."""


@dataclass(frozen=True)
class Kept:
    """A way to a field whose value is a piece of the record, byte for byte but for escapes."""


@dataclass(frozen=True)
class Constant:
    """A way to a field that gives one fixed text."""

    text: str


@dataclass(frozen=True)
class Computed:
    """A way to a field through an eval expression over other fields."""

    expression: tree.Node


@dataclass(frozen=True)
class Unknown:
    """A way to a field of which nothing is known: a lookup, a setting that cannot be analysed."""


Way: TypeAlias = "Kept | Constant | Computed | Unknown"
Ways: TypeAlias = "Callable[[str], tuple[Way, ...]]"
"""All ways in which an event of the run can come by a field."""

SHORTEST = 3
"""Shorter literals are everywhere: they would refuse nothing."""

_SAFE = re.compile(r"[A-Za-z0-9 _.:;,@#%()\[\]{}=+*?!|~^$-]+")
"""Characters that JSON, XML, CSV and key=value write as they are: no quote, backslash, slash, `&`, `<`, `>`."""


def required_literals(predicate: tree.Node | None, ways: Ways) -> list[Alternatives]:
    """Return sets of literals: of each set, a record that can satisfy the expression contains one; best sets first.

    >>> required_literals(tree.FieldComparison("Image", "=", "*\\\\Regsvcs.exe"), lambda field: (Kept(),))
    [frozenset({'regsvcs.exe'})]
    """
    found = [literals for part in conjuncts(predicate) if (literals := _literals(part, ways)) is not None]
    return sorted(set(found), key=weakness)


def weakness(alternatives: Alternatives) -> tuple[int, int]:
    """Return the sort key that puts the sets first that refuse most: long literals, few of them."""
    return -min(map(len, alternatives)), len(alternatives)


def _literals(node: tree.Node, ways: Ways) -> Alternatives | None:
    if isinstance(node, tree.And):
        found = [each for item in node.items if (each := _literals(item, ways)) is not None]
        return min(found, key=weakness) if found else None
    if isinstance(node, tree.Or):
        return _union([_literals(item, ways) for item in node.items])
    if isinstance(node, tree.FieldComparison):
        return _of_field(node.field, node.value, node.quoted, ways) if node.op in ("=", "::") else None
    if isinstance(node, tree.FieldIn):
        return _union([_of_field(node.field, term.text, term.quoted, ways) for term in node.values])
    if isinstance(node, (tree.Term, tree.Directive)):
        return _longest(node.text)
    return None


def _union(parts: list[Alternatives | None]) -> Alternatives | None:
    merged: frozenset[str] = frozenset()
    for part in parts:
        if part is None:
            return None
        merged |= part
    return merged if 0 < len(merged) <= 5000 else None


def _longest(pattern: str) -> Alternatives | None:
    """The longest piece of a pattern that has to stand in the record as it is."""
    pieces = [piece for part in pattern.split("*") for piece in _SAFE.findall(part)]
    best = max(pieces, key=len, default="")
    return frozenset({best.lower()}) if len(best) >= SHORTEST else None


_NEVER_IN_RECORD = frozenset(
    {
        "index",
        "source",
        "sourcetype",
        "host",
        "eventtype",
        "tag",
        "_time",
        "earliest",
        "latest",
        "splunk_server",
        "linecount",
    }
)
"""Fields that do not come from the record's bytes."""


def _of_field(name: str, value: str, quoted: bool, ways: Ways) -> Alternatives | None:
    if name in _NEVER_IN_RECORD or name.startswith(("tag::", "_", "date_")):
        return None
    compared, _ = compared_text(value, quoted)
    if is_cidr(compared) or (to_number(compared) is not None and "*" not in compared):
        return None
    literal = _longest(compared)
    if literal is None:
        return None
    satisfied = search_comparison("=", value, quoted)
    (text,) = literal
    wanted = Wanted(text, satisfied, partial(_may_hold, text))
    return literal if _all_keep(ways(name), wanted, ways, frozenset({name})) else None


@dataclass(frozen=True)
class Wanted:
    """Which values satisfy a comparison, and which texts could have a piece that does (as it holds the literal)."""

    literal: str
    """What every satisfying value holds, in lower case."""
    satisfied: Callable[[str], bool]
    in_pieces: Callable[[str], bool]


def _may_hold(literal: str, text: str) -> bool:
    return literal in text.lower() or not text.isascii()


def _all_keep(found: tuple[Way, ...], wanted: Wanted, ways: Ways, seen: frozenset[str]) -> bool:
    """Say whether every way that can give a satisfying value takes that value from the record."""
    for way in found:
        if isinstance(way, Unknown):
            return False
        if isinstance(way, Constant):
            if wanted.satisfied(way.text):
                return False
        elif isinstance(way, Computed) and not _keeps(way.expression, wanted, ways, seen):
            return False
    return True


_SUBSTRINGS = frozenset(
    {
        "mvindex",
        "trim",
        "ltrim",
        "rtrim",
        "substr",
        "mvdedup",
        "mvsort",
        "lower",
        "upper",
        "tostring",
        "split",
        "mvfilter",
    }
)
"""Functions whose every value is a piece of their first argument, but for case. (tostring with a format: see below.)"""


def _keeps(node: tree.Node, wanted: Wanted, ways: Ways, seen: frozenset[str]) -> bool:
    """Say whether an expression's satisfying values are pieces of the record's bytes."""
    if isinstance(node, tree.String):
        return not wanted.satisfied(node.value)
    if isinstance(node, tree.Number):
        return not wanted.satisfied(node.text)
    if isinstance(node, tree.FieldRef):
        if node.name in seen:
            return True  # the field itself, before it was computed: its other ways are looked at one by one
        if node.name in _NEVER_IN_RECORD:
            return False
        return _all_keep(ways(node.name), wanted, ways, seen | {node.name})
    if isinstance(node, tree.Call):
        return _call_keeps(node, wanted, ways, seen)
    if isinstance(node, tree.Binary) and node.op == ".":
        return _joined_keep(node, wanted, ways, seen)
    return False


def _call_keeps(node: tree.Call, wanted: Wanted, ways: Ways, seen: frozenset[str]) -> bool:
    name, args = node.name, node.args
    if name in ("null", "true", "false"):
        return True
    if name == "if" and len(args) == 3:
        return all(_keeps(arg, wanted, ways, seen) for arg in args[1:])
    if name == "case":
        return all(_keeps(arg, wanted, ways, seen) for arg in args[1::2])
    if name in ("coalesce", "mvappend"):
        return all(_keeps(arg, wanted, ways, seen) for arg in args)
    if name == "nullif" and args:
        return _keeps(args[0], wanted, ways, seen)
    if name in _SUBSTRINGS and args and not (name == "tostring" and len(args) > 1):
        return _pieces_keep(args[0], wanted, ways, seen)
    if name == "replace" and len(args) == 3:
        return _replace_keeps(args) and _pieces_keep(args[0], wanted, ways, seen)
    return False


def _pieces_keep(node: tree.Node, wanted: Wanted, ways: Ways, seen: frozenset[str]) -> bool:
    """Say whether pieces of an expression's values that satisfy are pieces of the record: no constant holds one."""
    return _keeps(node, Wanted(wanted.literal, wanted.in_pieces, wanted.in_pieces), ways, seen)


def _joined_keep(node: tree.Binary, wanted: Wanted, ways: Ways, seen: frozenset[str]) -> bool:
    """Say whether what is joined with `.` holds the literal only within one of the parts, which is of the record.

    So it is where one of any two neighbours is a text that has no character of the literal, which then cannot reach
    from one into the other.
    """
    parts = list(_parts(node))
    apart = [isinstance(part, tree.String) and _shares_nothing(part.value, wanted.literal) for part in parts]
    if not all(map(operator.or_, apart, apart[1:])):
        return False
    others = (part for part, is_apart in zip(parts, apart, strict=True) if not is_apart)
    return all(_pieces_keep(part, wanted, ways, seen) for part in others)


def _parts(node: tree.Node) -> Iterator[tree.Node]:
    """What is joined, from left to right."""
    if isinstance(node, tree.Binary) and node.op == ".":
        yield from _parts(node.left)
        yield from _parts(node.right)
    else:
        yield node


def _shares_nothing(text: str, literal: str) -> bool:
    return text != "" and text.isascii() and set(text.lower()).isdisjoint(literal)


def _replace_keeps(args: tuple[tree.Node, ...]) -> bool:
    """Say whether a replace leaves a piece of its text: `"^…(…)…$"` by `"\\1"`, or a beginning or an end by nothing."""
    pattern, replacement = args[1], args[2]
    if not (isinstance(pattern, tree.String) and isinstance(replacement, tree.String)):
        return False
    begins = pattern.value.startswith("^")
    ends = pattern.value.endswith("$") and not pattern.value.endswith("\\$")
    ends = ends or pattern.value.endswith(".*")  # what follows a line break stays, and no literal holds one
    if replacement.value == "":
        return (begins or ends) and "|" not in re.sub(r"\([^()]*\)", "", pattern.value)
    return begins and ends and "|" not in pattern.value and re.fullmatch(r"\\\d", replacement.value) is not None


# ---- scanning ------------------------------------------------------------------------------------------------------

_FOLDED = {"i": "\u0130\u0131", "s": "\u017f", "k": "\u212a"}
"""Letters outside ASCII that equal an ASCII letter when case is ignored: İ ı, ſ, the Kelvin sign."""


@dataclass(frozen=True)
class Hiding:
    """What can hide literals from a scan: a record that holds any of it is a candidate. Regular expressions.

    `escapes` is JSON's `\\uXXXX` for one of the literals' characters, or a letter that folds to one; `letters` are
    those letters themselves, in UTF-8 ("" where there are none); `entities` are XML's numeric ones.
    """

    escapes: str
    letters: str
    entities: str

    def __str__(self) -> str:
        return "|".join(part for part in (self.escapes, self.letters, self.entities) if part)


def hiding(literals: Iterable[str]) -> Hiding:
    r"""Return what can hide one of these literals.

    >>> hiding(["kl"]).escapes
    '\\\\u(?:004b|004c|006b|006c|212a)'
    """
    characters = {character for literal in literals for character in literal}
    folded = "".join(sorted(letter for each in characters for letter in _FOLDED.get(each.lower(), "")))
    spelled = sorted({case for each in characters for case in (each.lower(), each.upper())} | set(folded))
    codes = "|".join(sorted(f"{ord(each):04x}" for each in spelled))
    decimal = "|".join(str(ord(each)) for each in spelled)
    hexadecimal = "|".join(f"{ord(each):x}" for each in spelled)
    entities = f"&#(?:0*(?:{decimal})|x0*(?:{hexadecimal}))(?![0-9a-f])"
    return Hiding(f"\\\\u(?:{codes})", "|".join(folded), entities)
