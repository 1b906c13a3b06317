"""Inline EXTRACT, and the transforms that REPORT names: fields by regular expression or delimiter.

Source: https://docs.splunk.com/Documentation/Splunk/latest/Admin/Transformsconf
"""

from __future__ import annotations

import re
from collections.abc import Callable, Container, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from splmini.errors import KnowledgeError
from splmini.knowledge.conf import Stanza, as_bool
from splmini.knowledge.fields.columns import Over, over_first_match, over_pairs
from splmini.knowledge.fields.patterns import Template, expand_modules, field_list, parse_format
from splmini.knowledge.fields.steps import Apply, MapperContext, Names, Origin, Step, append, text_of
from splmini.values import regex
from splmini.values.keyvalue import clean_key, delimited_pairs, split_quoted
from splmini.values.linear import pair_finder

if TYPE_CHECKING:
    from splmini.operators import Row

EXTRACT_SOURCE = re.compile(r"\A(?P<regex>.*\S)\s+in\s+(?P<field>[\w.{}]+)\s*\Z", re.DOTALL)
INLINE_FLAGS = "ms"
"""Splunk puts `(?ms)` in front of the expressions of EXTRACT."""
TRANSFORM_FLAGS = "m"
"""In those of transforms.conf `^` and `$` are the ends of lines, and a full stop is no end of a line.

Splunk's own add-ons count on it: `^DisplayName=([^\\r\\n]+)` for events of many lines, `^([^\\r\\n]+)` with MV_ADD.
"""
_ASIDE = re.compile(r"\\.|\[\^?\]?(?:\\.|[^\]\\])*\]", re.DOTALL)
"""What stands for itself or in brackets: a `^` or `$` there is no anchor."""
_KEY_GROUP = re.compile(r"_(KEY|VAL)_(\w+)\Z")

# ---- EXTRACT -------------------------------------------------------------------------------------------------------


def extract_step(value: str, origin: Origin, transforms: Mapping[str, Stanza]) -> Step:
    """Make the step of an `EXTRACT-class = regex [in field]` setting; raises SplError for a bad expression."""
    pattern, source = value, "_raw"
    split = EXTRACT_SOURCE.match(value)
    if split:
        pattern, source = split["regex"], split["field"]
    compiled = regex.compile(expand_modules(pattern, transforms), INLINE_FLAGS, any_names=True)
    groups = list(compiled.names)
    names = frozenset(compiled.groupindex)
    if not names:
        raise KnowledgeError("The expression has no named group, so it extracts nothing.")
    if any(_KEY_GROUP.match(name) for name in names):
        return _grouped_step(compiled, [], Options(source, mv_add=False, clean=True, keep_empty=False), origin)

    def make(wanted: Names, ctx: MapperContext) -> Apply:
        return _first_match(compiled, source, [pair for pair in groups if pair[0] in wanted])

    def over(wanted: Names, ctx: MapperContext, apply: Apply) -> Over:
        return over_first_match(compiled, source, [pair for pair in groups if pair[0] in wanted])

    return Step(origin, frozenset({source}), names, make, over=over)


def _first_match(compiled: regex.Pattern, source: str, groups: list[tuple[str, int]]) -> Apply:
    search = compiled.search

    def extract(row: Row, given: Container[str]) -> None:
        text = row.get(source)
        if text is None or all(name in row for name, _ in groups):
            return
        match = search(text if isinstance(text, str) else text_of(text))
        if match is None:
            return
        for name, group in groups:
            if name not in row:
                value = match.group(group)
                if value:
                    row[name] = value

    return extract


# ---- REPORT --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Options:
    """The switches of a transform."""

    source: str
    mv_add: bool
    clean: bool
    keep_empty: bool


def _options(stanza: Stanza) -> Options:
    def flag(key: str, default: bool) -> bool:
        return as_bool(stanza[key].value, default) if key in stanza else default

    names = source_key(stanza)
    source = names[0] if len(names) == 1 else _JOINED
    return Options(source, flag("MV_ADD", False), flag("CLEAN_KEYS", True), flag("KEEP_EMPTY_VALS", False))


def source_key(stanza: Stanza) -> tuple[str, ...]:
    """Return the field that a transform reads; several (`fields:a,b`) are read as one text, with blanks between."""
    text = stanza["SOURCE_KEY"].value if "SOURCE_KEY" in stanza else ""
    if text.startswith("fields:"):
        return tuple(field_list(text.removeprefix("fields:"))) or ("_raw",)
    return (SOURCE_KEYS.get(text.lower(), text.removeprefix("field:")) or "_raw",)


_JOINED = "\0joined"


def _reading(names: tuple[str, ...], step: Step) -> Step:
    """Make a step read several fields as one text."""

    def make(wanted: Names, ctx: MapperContext) -> Apply:
        apply = step.make(wanted, ctx)

        def extract(row: Row, given: Container[str]) -> None:
            parts = [text_of(row[name]) for name in names if row.get(name) is not None]
            if parts:
                row[_JOINED] = " ".join(parts)
                apply(row, given)
                del row[_JOINED]

        return extract

    return replace(step, reads=frozenset(names), make=make, verbatim=False, over=None)


SOURCE_KEYS = {
    "metadata:host": "host",
    "metadata:source": "source",
    "metadata:sourcetype": "sourcetype",
    "_metadata:index": "index",
}


def report_step(name: str, transforms: Mapping[str, Stanza], origin: Origin) -> Step:
    """Make the step of one transform that a REPORT names; raises SplError where it cannot be."""
    stanza = transforms.get(name)
    if stanza is None:
        raise KnowledgeError(f"There is no transform '{name}'.", name=name)
    source = source_key(stanza)
    step: Step | None = None
    if stanza.get("REGEX") and stanza["REGEX"].value:
        step = _regex_step(stanza, _options(stanza), origin, transforms)
    elif stanza.get("DELIMS") and stanza["DELIMS"].value:
        step = _delims_step(stanza, _options(stanza), origin)
    if step is not None:
        return step if len(source) == 1 else _reading(source, step)
    raise KnowledgeError(f"The transform '{name}' has neither REGEX nor DELIMS.", name=name)


def _regex_step(stanza: Stanza, options: Options, origin: Origin, transforms: Mapping[str, Stanza]) -> Step:
    pattern = expand_modules(stanza["REGEX"].value, transforms)
    # without an anchor the flag changes nothing, and costs the fast way to pairs
    compiled = regex.compile(pattern, TRANSFORM_FLAGS if has_anchor(pattern) else "", any_names=True)
    pairs = parse_format(stanza["FORMAT"].value) if "FORMAT" in stanza else []
    return _grouped_step(compiled, pairs, options, origin)


def has_anchor(pattern: str) -> bool:
    """Say whether an expression has a `^` or `$` outside of brackets."""
    return not {"^", "$"}.isdisjoint(_ASIDE.sub("", pattern))


def _grouped_step(
    compiled: regex.Pattern, pairs: list[tuple[Template, Template]], options: Options, origin: Origin
) -> Step:
    """The step of an expression whose fields are its named groups, its `_KEY_` and `_VAL_` groups, and FORMAT's."""
    for template in (side for pair in pairs for side in pair):
        if any(isinstance(part, int) and part > compiled.groups for part in template.parts):
            raise KnowledgeError("The FORMAT refers to a group that the expression does not have.")
    static = [(name.literal, value) for name, value in pairs if name.literal]
    dynamic = [(name, value) for name, value in pairs if name.literal is None]
    keyed = []
    for group, index in compiled.names:
        numbered = _KEY_GROUP.match(group)
        if numbered is None:
            static.append((group, Template((index,))))
        elif numbered[1] == "KEY" and f"_VAL_{numbered[2]}" in compiled.groupindex:
            keyed.append((index, compiled.groupindex[f"_VAL_{numbered[2]}"]))
    if not static and not dynamic and not keyed:
        raise KnowledgeError("The transform has neither named groups nor a FORMAT with fields, so it extracts nothing.")
    names = frozenset(name for name, _ in static) if not dynamic and not keyed else None
    simple = all(value.group is not None for _, value in static) and not options.keep_empty

    def make(wanted: Names, ctx: MapperContext) -> Apply:
        fixed = [(name, value) for name, value in static if name in wanted]
        if names is not None and not options.mv_add and simple:
            return _first_match(compiled, options.source, [(name, value.group or 0) for name, value in fixed])
        return _all_matches(compiled, options, fixed, dynamic, keyed, wanted)

    def over(wanted: Names, ctx: MapperContext, apply: Apply) -> Over | None:
        fixed = [(name, value) for name, value in static if name in wanted]
        if names is not None and not options.mv_add and simple:
            return over_first_match(compiled, options.source, [(name, value.group or 0) for name, value in fixed])
        plain = _plain_pair(dynamic) if not fixed and not keyed else None
        return None if plain is None else _pairs_over(compiled, plain, options, wanted)

    verbatim = all(value.group is not None for _, value in [*static, *dynamic])
    return Step(origin, frozenset({options.source}), names, make, verbatim, over=over)


def _all_matches(
    compiled: regex.Pattern,
    options: Options,
    static: list[tuple[str, Template]],
    dynamic: list[tuple[Template, Template]],
    keyed: list[tuple[int, int]],
    wanted: Names,
) -> Apply:
    repeat = options.mv_add or bool(dynamic) or bool(keyed)
    put = _putter(options, wanted)
    source, finditer = options.source, compiled.finditer
    plain = _plain_pair(dynamic) if not static and not keyed else None
    if plain is not None:
        return _pairs(compiled, plain, options, wanted)

    def extract(row: Row, given: Container[str]) -> None:
        text = row.get(source)
        if text is None:
            return
        for match in finditer(text if isinstance(text, str) else text_of(text)):
            for name, value in static:
                _put_static(row, given, name, value.fill(match), options)
            for template, value in dynamic:
                put(row, given, template.fill(match), value.fill(match))
            for key, group in keyed:
                put(row, given, match.group(key) or "", match.group(group) or "")
            if not repeat:
                break

    return extract


def _pairs_over(compiled: regex.Pattern, groups: tuple[int, int], options: Options, wanted: Names) -> Over | None:
    """`$1::$2` over columns."""
    exact = wanted.exact
    if exact is None:
        return None
    named = _namer(options, wanted)
    find = _pair_finder(compiled, groups, named, exact)
    return over_pairs(find, options.source, named, options.mv_add, options.keep_empty, exact)


def _pair_finder(
    compiled: regex.Pattern,
    groups: tuple[int, int],
    named: Callable[[str], str | None],
    wanted: frozenset[str] | None = None,
) -> Callable[[str], Iterable[tuple[str, str]]]:
    """Return what finds the names and values of a text, at least those of wanted fields."""
    key, item = groups
    finditer = compiled.finditer
    find = pair_finder(compiled.pattern, wanted) if groups == (1, 2) and not compiled.flags else None

    def found(text: str) -> Iterator[tuple[str, str]]:
        for match in finditer(text):
            name = match.group(key)
            if name and named(name) is not None:
                yield name, match.group(item) or ""

    return found if find is None else find


def _pairs(compiled: regex.Pattern, groups: tuple[int, int], options: Options, wanted: Names) -> Apply:
    """`$1::$2` alone, the commonest FORMAT: names that are not wanted are passed over before their value is taken."""
    source, mv_add, keep_empty = options.source, options.mv_add, options.keep_empty
    named = _namer(options, wanted)
    find = _pair_finder(compiled, groups, named)

    def extract(row: Row, given: Container[str]) -> None:
        text = row.get(source)
        if text is None:
            return
        text = text if isinstance(text, str) else text_of(text)
        for written, value in find(text):
            name = named(written)
            if name is None or not (value or keep_empty):
                continue
            if name not in row:
                row[name] = value
            elif mv_add and name not in given:
                append(row, name, value)

    return extract


def _plain_pair(dynamic: list[tuple[Template, Template]]) -> tuple[int, int] | None:
    if len(dynamic) == 1 and dynamic[0][0].group and dynamic[0][1].group:
        return dynamic[0][0].group, dynamic[0][1].group
    return None


def _put_static(row: Row, given: Container[str], name: str, value: str, options: Options) -> None:
    if not value and not options.keep_empty:
        return
    if name not in row:
        row[name] = value
    elif options.mv_add and name not in given:
        append(row, name, value)


def _namer(options: Options, wanted: Names) -> Callable[[str], str | None]:
    """Return a function from a name in the data to the field's; None where it is not wanted. Names are remembered."""

    class Known(dict[str, "str | None"]):
        def __missing__(self, key: str) -> str | None:
            name = clean_key(key) if options.clean else key.strip()
            found = name if name and name in wanted else None
            if len(self) < 10_000:
                self[key] = found
            return found

    return Known().__getitem__


def _putter(options: Options, wanted: Names) -> Callable[[Row, Container[str], str, str], None]:
    """Return a function that sets a field whose name comes from the data."""
    named = _namer(options, wanted)
    mv_add, keep_empty = options.mv_add, options.keep_empty

    def put(row: Row, given: Container[str], key: str, value: str) -> None:
        if not value and not keep_empty:
            return
        name = named(key)
        if name is None:
            return
        if name not in row:
            row[name] = value
        elif mv_add and name not in given:
            append(row, name, value)

    return put


# ---- DELIMS --------------------------------------------------------------------------------------------------------

_QUOTED = re.compile(r'"((?:[^"\\]|\\.)*)"')
_ESCAPES = {"t": "\t", "n": "\n", "r": "\r"}


def _delimiters(text: str) -> list[str]:
    """Read `"|;", "=:"`; without quotes the text is one set of delimiters."""
    sets = _QUOTED.findall(text) or [text]
    return [re.sub(r"\\(.)", lambda match: _ESCAPES.get(match[1], match[1]), each) for each in sets]


def _delims_step(stanza: Stanza, options: Options, origin: Origin) -> Step:
    sets = _delimiters(stanza["DELIMS"].value)
    fields = field_list(stanza["FIELDS"].value) if "FIELDS" in stanza else []
    names = frozenset(fields) if fields else None

    def make(wanted: Names, ctx: MapperContext) -> Apply:
        if fields:
            return _columns(options, sets[0], fields, wanted)
        return _delimited_pairs(options, sets, wanted)

    return Step(origin, frozenset({options.source}), names, make)


def _columns(options: Options, delimiters: str, fields: list[str], wanted: Names) -> Apply:
    def extract(row: Row, given: Container[str]) -> None:
        text = row.get(options.source)
        if text is None:
            return
        for name, value in zip(fields, split_quoted(text_of(text), delimiters), strict=False):
            if name in wanted:
                _put_static(row, given, name, value.strip(), options)

    return extract


def _delimited_pairs(options: Options, sets: list[str], wanted: Names) -> Apply:
    """Names and values out of a text: Splunk 10.4.0 was seen to leave out empty ones though KEEP_EMPTY_VALS is set."""
    put = _putter(replace(options, keep_empty=False), wanted)
    pairs = delimited_pairs(*sets[:2])

    def extract(row: Row, given: Container[str]) -> None:
        text = row.get(options.source)
        if text is not None:
            for key, value in pairs(text_of(text)):
                put(row, given, key, value)

    return extract
