"""What may come next in a search: commands, functions, options, clauses, macros, fields, lookups, data models.

The notebook and the shell ask here. Everything comes from the registry and the environment, so that a new command or
function is offered without anything being added here.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from splmini import registry
from splmini.boundary import boundary

if TYPE_CHECKING:
    from splmini.environment import Environment

RANK = {name: at for at, name in enumerate(("option", "value", "clause", "field", "function", "command", "macro"))}
_WORD = re.compile(r"[\w.{}:@#\-]*$")
_MADE = re.compile(
    r"""\bas\s+"?([A-Za-z_][\w.]*)|\(\?P?<([A-Za-z_]\w*)>|(?:\beval\s+|,\s*)([A-Za-z_][\w.]*)\s*=(?!=)""", re.IGNORECASE
)


_BY = re.compile(r".*\b(?:by|over)\s+[\w.{}\s,]*", re.IGNORECASE | re.DOTALL).fullmatch
"""Behind BY stand names of fields."""


@dataclass(frozen=True)
class Completion:
    """Something that may stand at the cursor: `text` replaces what stands from `start` on.

    `kind` is command, function, option, value, clause, macro, field, lookup or datamodel; `doc` one line about it.
    """

    text: str
    start: int
    kind: str
    doc: str = ""


@dataclass(frozen=True)
class _Place:
    """Where the cursor stands: the command, its name (if it is complete), and the word so far."""

    command: str
    word: str
    start: int
    before: str
    """The text of the command before the word."""
    inside: str = ""
    """`"` in a text, a backtick in a macro's call, else nothing."""
    first: bool = False
    """Whether no pipe stands before: the words are those of a search."""


@boundary("The completion")
def complete(
    spl: str, offset: int | None = None, environment: Environment | None = None, fields: Iterable[str] = ()
) -> list[Completion]:
    """Return what may stand at an offset of a search (default: its end), the likeliest first.

    Args:
        spl: the search, finished or not.
        offset: where the cursor is.
        environment: whose macros, lookups and data models are offered.
        fields: names of fields that the events are known to have.

    >>> [each.text for each in complete("| timec")]
    ['timechart']
    >>> complete("| timechart sp")[0].text
    'span='
    """
    place = _place(spl[: len(spl) if offset is None else offset])
    if place.inside == '"':
        return []
    if place.inside == "`":
        found: Iterator[Completion] = _macros(place, environment)
    elif not place.command and not place.first:
        found = _commands(place)
    else:
        found = _arguments(place, environment, [*fields, *_made(spl)])
    word = place.word.lower()
    unique = {(each.text, each.kind): each for each in found if each.text.lower().startswith(word)}
    return sorted(
        (each for each in unique.values() if each.text != place.word),
        key=lambda each: (RANK.get(each.kind, 9), each.text.lower()),
    )


def _place(text: str) -> _Place:
    """Find out where the end of a text stands."""
    begins, inside, piped, at, opened = 0, "", False, 0, 0
    outer: list[int] = []
    while at < len(text):
        char = text[at]
        if text.startswith("```", at) and inside != '"':
            end = text.find("```", at + 3)
            at = len(text) if end < 0 else end + 3
            continue
        if inside == '"' and char == "\\":
            at += 1
        elif inside:
            inside = "" if char == inside else inside
        elif char in '"`':
            inside = char
            opened = at + 1
        elif char in "|[":
            if char == "[":
                outer.append(begins)
            begins, piped = at + 1, True
        elif char == "]" and outer:
            begins = outer.pop()
        at += 1
    if inside == "`":
        return _Place("", text[opened:], opened, "", inside)
    match = _WORD.search(text)
    start = match.start() if match else len(text)
    before = text[begins:start].lstrip()
    name = re.match(r"([\w]+)\s", before)
    return _Place(
        name.group(1).lower() if name and piped else "",
        text[start:],
        start,
        before,
        inside,
        first=not piped or (not name and bool(before)),
    )


def _made(spl: str) -> list[str]:
    """Names of fields that the search itself makes: `as x`, `eval x=`, groups of a regular expression."""
    return [next(filter(None, match.groups())) for match in _MADE.finditer(spl)]


def _line(doc: str) -> str:
    return doc.strip().partition("\n")[0]


def _commands(place: _Place) -> Iterator[Completion]:
    word = place.word.lower()
    for name in registry.command_names():
        if name.startswith(word):
            spec = registry.find_command(name)
            if spec is not None and spec.build is not None:
                yield Completion(name, place.start, "command", _line(spec.doc))


def _macros(place: _Place, environment: Environment | None) -> Iterator[Completion]:
    from splmini.language.macros import MacroRegistry

    macros = environment.macros if environment is not None else MacroRegistry.builtin()
    for macro in macros.macros():
        text = f"{macro.name}(" if macro.args else f"{macro.name}`"
        yield Completion(text, place.start, "macro", _line(macro.description or macro.definition)[:100])


def _arguments(place: _Place, environment: Environment | None, fields: list[str]) -> Iterator[Completion]:
    spec = registry.find_command(place.command or "search")
    option = re.search(r"(\w+)=$", place.before)
    if spec is not None and option is not None and option.group(1) in spec.options:
        known = spec.options[option.group(1)]
        values = known.choices or (("true", "false") if known.kind == "bool" else ())
        yield from (Completion(value, place.start, "value", known.doc) for value in values)
    elif spec is not None and not _BY(place.before):
        for name, known in spec.options.items():
            yield Completion(f"{name}=", place.start, "option", known.doc)
        for keyword in spec.clauses:
            yield Completion(keyword, place.start, "clause")
        yield from _functions(place, spec)
    for name in dict.fromkeys(fields):
        yield Completion(name, place.start, "field")
    if environment is not None and spec is not None:
        yield from _tables(place, spec, environment)


def _functions(place: _Place, spec: registry.CommandSpec) -> Iterator[Completion]:
    if spec.dialect == "aggregation":
        for name, function in registry.stats_functions().items():
            yield Completion(f"{name}(", place.start, "function", _line(function.doc))
    in_eval = re.search(r"\beval\s*\([^()]*$", place.before) is not None
    if spec.dialect == "expressions" or "function" in spec.names or in_eval:
        for name, each in registry.eval_functions().items():
            yield Completion(f"{name}(", place.start, "function", _line(each.doc))


def _tables(place: _Place, spec: registry.CommandSpec, environment: Environment) -> Iterator[Completion]:
    if "lookup" in spec.names:
        yield from (Completion(name, place.start, "lookup") for name in environment.lookups)
    if "datamodel" in spec.names:
        for model in environment.datamodels:
            yield Completion(model, place.start, "datamodel")


__all__ = ["Completion", "complete"]
