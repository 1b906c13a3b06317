"""KV_MODE: fields that Splunk finds by itself, in `key=value` text, JSON, XML and tables.

Source: https://docs.splunk.com/Documentation/Splunk/latest/Admin/Propsconf
"""

from __future__ import annotations

import csv
import re
from collections.abc import Callable, Container, Iterator, Mapping
from typing import TYPE_CHECKING, Any, TypeAlias
from xml.parsers import expat

import msgspec

from splmini.knowledge.conf import as_bool
from splmini.knowledge.steps import Apply, MapperContext, Names, Origin, Step, append, text_of
from splmini.knowledge.transforms import clean_key, field_list
from splmini.values import json

if TYPE_CHECKING:
    from splmini.operators import Row

Found: TypeAlias = "Mapping[str, Any] | None"

# ---- key=value -----------------------------------------------------------------------------------------------------

_VALUE_BARE = r"[^\s,;&|\"']*[^\s,;&|]*"
_PAIR = re.compile(rf"""(?<![\w.:\-])([A-Za-z0-9_][\w.:\-]{{0,255}})=(?:"([^"]*)"|'([^']*)'|({_VALUE_BARE}))""")
_PAIR_ESCAPED = re.compile(
    rf"""(?<![\w.:\-])([A-Za-z0-9_][\w.:\-]{{0,255}})=(?:"((?:[^"\\]|\\.)*)"|'((?:[^'\\]|\\.)*)'|({_VALUE_BARE}))"""
)
_ESCAPE = re.compile(r"\\([\"\\])")


def key_value_pairs(text: str, escaped: bool = False) -> Iterator[tuple[str, str]]:
    """Yield the `key=value` pairs of a text, as KV_MODE=auto finds them: a value ends at a blank or at one of
    `, ; & |` unless it is quoted; `escaped` understands backslashes inside quotes (auto_escaped).

    >>> dict(key_value_pairs('action=login user="a b", code=5'))
    {'action': 'login', 'user': 'a b', 'code': '5'}
    """
    for key, double, single, bare in (_PAIR_ESCAPED if escaped else _PAIR).findall(text):
        value = double or single or bare
        if escaped and not bare:
            value = _ESCAPE.sub(r"\1", value)
        if bare and value[-1] in ")]}" and not any(opening in value for opening in "([{"):
            value = value.rstrip(")]}")
        if value:
            yield clean_key(key), value


# ---- JSON ----------------------------------------------------------------------------------------------------------


def json_fields(text: str, wanted: Names) -> Found:
    """Return the fields of a JSON text, flattened; None where it is no JSON object or array.

    Of a text that breaks off (an event cut to a length), the members before the break are read.
    """
    text = text.strip()
    if text[:1] not in ("{", "["):
        return None
    try:
        decoded = msgspec.json.decode(text)
    except (msgspec.DecodeError, UnicodeError):
        whole = _completed(text)
        if whole is None:
            return None
        try:
            decoded = msgspec.json.decode(whole)
        except (msgspec.DecodeError, RecursionError, UnicodeError):
            return None
    except RecursionError:
        return None
    tops = _tops(wanted)
    if tops is not None and isinstance(decoded, dict):
        decoded = {key: value for key, value in decoded.items() if key in tops}
    return json.flatten(decoded)


_TOKEN = re.compile(r'\s*(?:([\[\]{},:])|"(?:[^"\\]|\\.)*+"|-?\d[\d.eE+\-]*+(?=[\s,\]}])|true|false|null)')
_CLOSING = {"{": "}", "[": "]"}


def _completed(text: str) -> str | None:
    """Close a JSON text behind its last whole member; None where it does not break off but is wrong."""
    open_brackets: list[str] = []
    position = end = 0
    closers = ""
    value_next = True
    while match := _TOKEN.match(text, position):
        mark = match.group(1)
        position = match.end()
        if mark in ("{", "["):
            open_brackets.append(_CLOSING[mark])
            value_next = mark == "["
        elif mark in ("}", "]"):
            if not open_brackets or open_brackets.pop() != mark:
                return None
        elif mark == ",":
            value_next = bool(open_brackets) and open_brackets[-1] == "]"
        elif mark == ":":
            value_next = True
        if mark in ("}", "]") or (mark is None and value_next):
            end, closers = position, "".join(reversed(open_brackets))
    broken = text[position:].lstrip()
    if not closers or (broken and broken[0] not in "\"-0123456789tfn"):
        return None
    return text[:end] + closers


def _tops(wanted: Names) -> frozenset[str] | None:
    """The first parts that wanted names can begin with, as a key of JSON may itself hold full stops."""
    if wanted.exact is None:
        return None
    tops = set()
    for name in wanted.exact:
        tops.add(name)
        tops.update(name[: match.start()] for match in re.finditer(r"\.|\{\}", name))
    return frozenset(tops)


# ---- XML -----------------------------------------------------------------------------------------------------------

_XML_DEPTH = 200


class _Stop(Exception):
    pass


def xml_fields(text: str) -> Found:
    """Return the elements and attributes of an XML text as Splunk names them: `a.b`, `a.b{@x}`; None where it is
    not well formed. Entities are not expanded and documents with a DTD are refused."""
    start = text.find("<")
    if start < 0:
        return None
    fields: dict[str, Any] = {}
    path: list[str] = []
    texts: list[list[str]] = []

    def begin(name: str, attributes: dict[str, str]) -> None:
        if len(path) >= _XML_DEPTH:
            raise _Stop
        path.append(name)
        texts.append([])
        for attribute, value in attributes.items():
            append(fields, f"{'.'.join(path)}{{@{attribute}}}", value)

    def end(name: str) -> None:
        value = "".join(texts.pop()).strip()
        if value:
            append(fields, ".".join(path), value)
        path.pop()

    def characters(data: str) -> None:
        if texts:
            texts[-1].append(data)

    def refuse(*arguments: Any) -> None:
        raise _Stop

    parser = expat.ParserCreate()
    parser.StartElementHandler, parser.EndElementHandler, parser.CharacterDataHandler = begin, end, characters
    parser.StartDoctypeDeclHandler = refuse
    parser.EntityDeclHandler = refuse
    try:
        parser.Parse(text[start:], True)
    except (expat.ExpatError, _Stop):
        return None
    return fields


# ---- tables --------------------------------------------------------------------------------------------------------


def table_fields(text: str) -> Found:
    """Return the columns of a table with a header line, such as the output of `ps`, each a multivalue field."""
    lines = [line for line in text.splitlines() if line.strip()]
    if len(lines) < 2:
        return None
    header = lines[0].split()
    fields: dict[str, Any] = {}
    for line in lines[1:]:
        for name, value in zip(header, line.split(None, len(header) - 1), strict=False):
            append(fields, clean_key(name) or name, value)
    return fields


# ---- header-based formats ------------------------------------------------------------------------------------------

_DELIMITERS = {"csv": ",", "tsv": "\t", "psv": "|", "w3c": " ", "field_delimiter": ","}
_NAMED = {"space": " ", "tab": "\t", "whitespace": " ", "fs": "\x1c", "gs": "\x1d", "rs": "\x1e", "us": "\x1f",
          "\\t": "\t"}  # fmt: skip


def delimiter_of(settings: Mapping[str, str]) -> str:
    """Return the field delimiter of a stanza with INDEXED_EXTRACTIONS."""
    kind = settings.get("INDEXED_EXTRACTIONS", "csv").strip().lower()
    text = settings.get("FIELD_DELIMITER", "").strip("'\"") or _DELIMITERS.get(kind, ",")
    return _NAMED.get(text.lower(), text[:1] or ",")


def column_fields(text: str, names: list[str], delimiter: str) -> Found:
    """Return the columns of one line of a delimited file."""
    line = next(csv.reader([text.splitlines()[0]] if text else [], delimiter=delimiter), [])
    return {name: value for name, value in zip(names, line, strict=False) if value and name}


# ---- the step ------------------------------------------------------------------------------------------------------

Reader: TypeAlias = "Callable[[str, Names], Found]"

_MODES = frozenset({"none", "auto", "auto_escaped", "json", "xml", "multi"})


def mode_of(settings: Mapping[str, str]) -> str:
    """Return the mode of automatic extraction that a stanza's settings come to.

    Offline there is no index: what INDEXED_EXTRACTIONS would have put there has to be extracted now, though the
    stanza then says KV_MODE=none, so that nothing is extracted twice.
    """
    indexed = settings.get("INDEXED_EXTRACTIONS", "").strip().lower()
    if indexed in ("json", "hec"):
        return "json"
    if indexed in _DELIMITERS:
        return "columns"
    mode = settings.get("KV_MODE", "").strip().lower() or "auto"
    return mode if mode in _MODES else "none" if mode.startswith("multi_") else "auto"


def kv_step(settings: Mapping[str, str], origin: Origin) -> Step | None:
    """Make the step of automatic extraction; None where the settings turn it off."""
    mode = mode_of(settings)
    if mode == "none":
        return None
    reader = _reader(mode, settings)
    if reader is None:
        return None

    def make(wanted: Names, ctx: MapperContext) -> Apply:
        return _apply(reader, wanted, getattr(ctx.limits, "kv_limit", 0))

    return Step(origin, frozenset({"_raw"}), None, make)


def _apply(reader: Reader, wanted: Names, limit: int) -> Apply:
    def extract(row: Row, given: Container[str]) -> None:
        text = row.get("_raw")
        if not text:
            return
        found = reader(text if isinstance(text, str) else text_of(text), wanted)
        if not found:
            return
        added = 0
        for name, value in found.items():
            if name not in row and name in wanted and value is not None and value != []:
                row[name] = value
                added += 1
                if limit and added >= limit:
                    break

    return extract


def _reader(mode: str, settings: Mapping[str, str]) -> Reader | None:
    if mode == "columns":
        return _column_reader(settings)
    if mode in ("auto", "auto_escaped"):
        return _auto_reader(mode == "auto_escaped", as_bool(settings.get("AUTO_KV_JSON"), True))
    return {"json": json_fields, "xml": _xml_reader, "multi": _table_reader}[mode]


def _xml_reader(text: str, wanted: Names) -> Found:
    return xml_fields(text)


def _table_reader(text: str, wanted: Names) -> Found:
    return table_fields(text)


def _auto_reader(escaped: bool, with_json: bool) -> Reader:
    def read(text: str, wanted: Names) -> Found:
        found = json_fields(text, wanted) if with_json else None
        if found is not None:
            return found
        if "=" not in text:
            return None
        pairs: dict[str, Any] = {}
        for key, value in key_value_pairs(text, escaped):
            pairs.setdefault(key, value)
        return pairs

    return read


def _column_reader(settings: Mapping[str, str]) -> Reader | None:
    names = field_list(settings.get("FIELD_NAMES", ""))
    delimiter = delimiter_of(settings)
    if not names:
        return None

    def read(text: str, wanted: Names) -> Found:
        return column_fields(text, names, delimiter)

    return read


__all__ = [
    "column_fields", "delimiter_of", "json_fields", "key_value_pairs", "kv_step", "mode_of",
    "table_fields", "xml_fields",
]
