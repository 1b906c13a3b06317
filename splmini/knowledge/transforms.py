"""transforms.conf and inline EXTRACT: fields by regular expression or delimiter.

Source: https://docs.splunk.com/Documentation/Splunk/latest/Admin/Transformsconf
"""

from __future__ import annotations

import re
from collections.abc import Callable, Container, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

from splmini.errors import KnowledgeError
from splmini.knowledge.conf import Stanza, as_bool
from splmini.knowledge.steps import Apply, MapperContext, Names, Origin, Step, append, text_of
from splmini.values import regex
from splmini.values.linear import pair_finder

if TYPE_CHECKING:
    from splmini.operators import Row

Pairs: TypeAlias = "Callable[[str], Iterator[tuple[str, str]]]"

EXTRACT_SOURCE = re.compile(r"\A(?P<regex>.*\S)\s+in\s+(?P<field>[\w.{}@:-]+)\s*\Z", re.DOTALL)
_UNCLEAN = re.compile(r"[^A-Za-z0-9_]")
_LEADING = re.compile(r"\A[_0-9]+")
_KEY_GROUP = re.compile(r"_(KEY|VAL)_(\d+)\Z")


def clean_key(name: str) -> str:
    """Clean a field name that comes from the data: other characters become `_`, leading `_` and digits go.

    >>> clean_key("1st-user.name")
    'st_user_name'
    """
    return _LEADING.sub("", _UNCLEAN.sub("_", name))


@dataclass(frozen=True)
class Template:
    """One side of a FORMAT pair: literal text, or text with `$n` groups in it."""

    parts: tuple[str | int, ...]

    @property
    def group(self) -> int | None:
        """The group, where the template is one group and nothing else."""
        return self.parts[0] if len(self.parts) == 1 and isinstance(self.parts[0], int) else None

    @property
    def literal(self) -> str | None:
        """The text, where no group is in it."""
        return None if any(isinstance(part, int) for part in self.parts) else "".join(map(str, self.parts))

    def fill(self, match: regex.Match) -> str:
        """Return the text with the groups of a match."""
        return "".join(part if isinstance(part, str) else match.group(part) or "" for part in self.parts)


_PAIR = re.compile(r'("(?:[^"\\]|\\.)*"|[^\s"]+?)::("(?:[^"\\]|\\.)*"|[^\s]*)')


def parse_format(text: str) -> list[tuple[Template, Template]]:
    """Parse a search-time FORMAT: pairs `name::value`, each side a text, `$n`, or one in double quotes."""
    return [(_template(name), _template(value.rstrip(","))) for name, value in _PAIR.findall(text)]


def _template(text: str) -> Template:
    if len(text) > 1 and text[0] == text[-1] == '"':
        text = re.sub(r"\\(.)", r"\1", text[1:-1])
    parts = [int(part[1:]) if re.fullmatch(r"\$\d+", part) else part for part in re.split(r"(\$\d+)", text) if part]
    return Template(tuple(parts))


# ---- modular regular expressions -----------------------------------------------------------------------------------

_MODULE = re.compile(r"\[\[([\w.-]+)(?::([\w]*))?\]\]")
_GROUP_NAME = re.compile(r"\(\?P?<(?![=!])(\w*)>")
_DEPTH = 20
_LENGTH = 100_000


def expand_modules(pattern: str, transforms: Mapping[str, Stanza], depth: int = 0) -> str:
    """Replace `[[name]]` and `[[name:prefix]]` by the REGEX of that transform.

    With a prefix, the named groups of the module get it in front of their names (`(?<>…)` becomes the prefix
    itself); a module without named groups becomes a group of that name.
    """
    if "[[" not in pattern:
        return pattern

    def replace(match: re.Match[str]) -> str:
        name, prefix = match.group(1), match.group(2)
        stanza = transforms.get(name)
        if stanza is None or "REGEX" not in stanza:
            return match.group(0)
        if depth >= _DEPTH:
            raise KnowledgeError(f"The regular expression of '{name}' refers to itself.", name=name)
        inner = expand_modules(stanza["REGEX"].value, transforms, depth + 1)
        if prefix:
            named, count = _GROUP_NAME.subn(lambda group: f"(?<{prefix}{group.group(1)}>", inner)
            return f"(?:{named})" if count else f"(?<{prefix}>{inner})"
        return f"(?:{_GROUP_NAME.sub(_unnamed, inner)})"

    expanded = _MODULE.sub(replace, pattern)
    if len(expanded) > _LENGTH:
        raise KnowledgeError("The regular expression is too long when its modules are put in.")
    return expanded


def _unnamed(group: re.Match[str]) -> str:
    return group.group(0) if group.group(1) else "(?:"


# ---- EXTRACT -------------------------------------------------------------------------------------------------------


def extract_step(value: str, origin: Origin, transforms: Mapping[str, Stanza]) -> Step:
    """Make the step of an `EXTRACT-class = regex [in field]` setting; raises SplError for a bad expression."""
    pattern, source = value, "_raw"
    split = EXTRACT_SOURCE.match(value)
    if split:
        pattern, source = split["regex"], split["field"]
    compiled = regex.compile(expand_modules(pattern, transforms))
    groups = list(compiled.names)
    names = frozenset(compiled.groupindex)
    if not names:
        raise KnowledgeError("The expression has no named group, so it extracts nothing.")

    def make(wanted: Names, ctx: MapperContext) -> Apply:
        return _first_match(compiled, source, [pair for pair in groups if pair[0] in wanted])

    return Step(origin, frozenset({source}), names, make)


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

    source = stanza["SOURCE_KEY"].value if "SOURCE_KEY" in stanza else "_raw"
    source = _KEYS.get(source.lower(), source.removeprefix("field:").removeprefix("fields:"))
    return Options(source or "_raw", flag("MV_ADD", False), flag("CLEAN_KEYS", True), flag("KEEP_EMPTY_VALS", False))


_KEYS = {
    "metadata:host": "host", "metadata:source": "source", "metadata:sourcetype": "sourcetype",
    "_metadata:index": "index",
}  # fmt: skip


def report_step(name: str, transforms: Mapping[str, Stanza], origin: Origin) -> Step:
    """Make the step of one transform that a REPORT names; raises SplError where it cannot be."""
    stanza = transforms.get(name)
    if stanza is None:
        raise KnowledgeError(f"There is no transform '{name}'.", name=name)
    if stanza.get("REGEX") and stanza["REGEX"].value:
        return _regex_step(stanza, _options(stanza), origin, transforms)
    if stanza.get("DELIMS") and stanza["DELIMS"].value:
        return _delims_step(stanza, _options(stanza), origin)
    raise KnowledgeError(f"The transform '{name}' has neither REGEX nor DELIMS.", name=name)


def _regex_step(stanza: Stanza, options: Options, origin: Origin, transforms: Mapping[str, Stanza]) -> Step:
    compiled = regex.compile(expand_modules(stanza["REGEX"].value, transforms))
    pairs = parse_format(stanza["FORMAT"].value) if "FORMAT" in stanza else []
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

    verbatim = all(value.group is not None for _, value in [*static, *dynamic])
    return Step(origin, frozenset({options.source}), names, make, verbatim)


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


def _pairs(compiled: regex.Pattern, groups: tuple[int, int], options: Options, wanted: Names) -> Apply:
    """`$1::$2` alone, the commonest FORMAT: names that are not wanted are passed over before their value is taken."""
    source, mv_add, keep_empty = options.source, options.mv_add, options.keep_empty
    key, item = groups
    named, finditer = _namer(options, wanted), compiled.finditer
    find = pair_finder(compiled.pattern) if groups == (1, 2) and not compiled.flags else None

    def found(text: str) -> Iterator[tuple[str, str]]:
        for match in finditer(text):
            name = match.group(key)
            if name and named(name) is not None:
                yield name, match.group(item) or ""

    def extract(row: Row, given: Container[str]) -> None:
        text = row.get(source)
        if text is None:
            return
        text = text if isinstance(text, str) else text_of(text)
        for written, value in found(text) if find is None else find(text):
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


def field_list(text: str) -> list[str]:
    """Read a list of field names, separated by commas or blanks, each perhaps in double quotes."""
    return [quoted or bare for quoted, bare in re.findall(r'"([^"]*)"|([^\s,"]+)', text)]


def _delims_step(stanza: Stanza, options: Options, origin: Origin) -> Step:
    sets = _delimiters(stanza["DELIMS"].value)
    fields = field_list(stanza["FIELDS"].value) if "FIELDS" in stanza else []
    names = frozenset(fields) if fields else None

    def make(wanted: Names, ctx: MapperContext) -> Apply:
        if fields:
            return _columns(options, sets[0], fields, wanted)
        return _delimited_pairs(options, sets, wanted)

    return Step(origin, frozenset({options.source}), names, make)


def split_quoted(text: str, delimiters: str, consume: bool = False) -> list[str]:
    r"""Split a text at any of the delimiter characters that stand outside double quotes; the quotes go.

    >>> split_quoted('a,"b,c",,d', ",")
    ['a', 'b,c', '', 'd']
    """
    parts, current, quoted, index = [], "", False, 0
    while index < len(text):
        char = text[index]
        if char == "\\" and quoted and text[index + 1 : index + 2] == '"':
            current += '"'
            index += 1
        elif char == '"' and (quoted or not current):
            quoted = not quoted
        elif char in delimiters and not quoted:
            parts.append(current)
            current = ""
        else:
            current += char
        index += 1
    parts.append(current)
    return [part for part in parts if part] if consume else parts


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
    put = _putter(options, wanted)
    pairs = key_values(*sets[:2])

    def extract(row: Row, given: Container[str]) -> None:
        text = row.get(options.source)
        if text is not None:
            for key, value in pairs(text_of(text)):
                put(row, given, key, value)

    return extract


def key_values(pair_delimiters: str, value_delimiters: str | None = None) -> Pairs:
    """Return a function that reads pairs out of a text; with one set of delimiters, names and values alternate."""

    def alternating(text: str) -> Iterator[tuple[str, str]]:
        parts = split_quoted(text, pair_delimiters, consume=True)
        yield from zip(parts[::2], parts[1::2], strict=False)

    if not value_delimiters:
        return alternating
    escaped = re.escape(pair_delimiters), re.escape(value_delimiters)
    mark = re.compile("[" + "".join(escaped) + "]")
    read = re.compile(rf'[{escaped[1]}]*(?:\s*"((?:[^"\\]|\\.)*)"|([^{escaped[0]}]*))')

    def delimited(text: str) -> Iterator[tuple[str, str]]:
        start = 0
        while (found := mark.search(text, start)) is not None:
            if found[0] in pair_delimiters:
                start = found.end()
                continue
            match = read.match(text, found.end())
            assert match is not None
            quoted, bare = match.groups()
            value = bare.strip() if quoted is None else quoted.replace('\\"', '"')
            yield text[start : found.start()].strip(' \t\n\r"'), value
            start = match.end()

    return delimited
