"""KV_MODE: fields that Splunk finds by itself, in `key=value` text, JSON, XML and tables.

Source: https://docs.splunk.com/Documentation/Splunk/latest/Admin/Propsconf
"""

from __future__ import annotations

import csv
import re
from collections.abc import Callable, Container, Mapping
from contextlib import suppress
from functools import lru_cache
from typing import TYPE_CHECKING, Any, TypeAlias, TypedDict

import msgspec

from splmini.knowledge.conf import as_bool
from splmini.knowledge.fields.columns import Over, over_reader
from splmini.knowledge.fields.patterns import field_list
from splmini.knowledge.fields.steps import Apply, MapperContext, Names, Origin, Step, append, text_of
from splmini.values import json, xml
from splmini.values.keyvalue import clean_key, key_value_pairs

if TYPE_CHECKING:
    from splmini.operators import Row

Found: TypeAlias = "Mapping[str, Any] | None"

# ---- JSON ----------------------------------------------------------------------------------------------------------


_decode = msgspec.json.Decoder(float_hook=json.as_written).decode


def json_fields(text: str, wanted: Names) -> Found:
    """Return the fields of a JSON text, flattened; None where it is no JSON object or array.

    Of a text that breaks off (an event cut to a length), the members before the break are read; a character that was
    cut in two is the replacement character.
    """
    text = text.strip()
    if text[:1] not in ("{", "["):
        return None
    exact = wanted.exact
    kept = None if exact is None else _beginnings(exact)
    try:
        decoded = _decode(text) if kept is None else _decoded_members(text, kept)
    except (msgspec.DecodeError, UnicodeError):
        decoded = _mended(text)
    except RecursionError:
        return None
    return None if decoded is None else json.flatten(decoded, kept)


def _decoded_members(text: str, kept: frozenset[str]) -> Any:
    try:
        return _members(kept)(text)
    except msgspec.ValidationError:  # an array: no object with members
        return _decode(text)


@lru_cache(maxsize=256)
def _beginnings(names: frozenset[str]) -> frozenset[str]:
    return json.beginnings(names)


@lru_cache(maxsize=256)
def _members(kept: frozenset[str]) -> Callable[[str], Any]:
    """Return what decodes the members of an object that names begin with, and passes over the others.

    A key may itself hold full stops, so that a name can begin with several.
    """
    shape = TypedDict("Members", dict.fromkeys(sorted(kept), Any), total=False)  # type: ignore[misc]
    return msgspec.json.Decoder(shape, float_hook=json.as_written).decode


def _mended(text: str) -> Any:
    """What can be read of a JSON text with a mistake; None where that is nothing."""
    whole = json.without_halves(text)
    for attempt in ((whole,) if whole != text else ()) + (json.completed(whole),):
        with suppress(msgspec.DecodeError, RecursionError, UnicodeError):
            if attempt is not None:
                return _decode(attempt)
    return None


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
WHITESPACE = " \t"
"""The delimiter that stands for any number of blanks and tabs."""
_NAMED = {
    "space": " ",
    "tab": "\t",
    "\\t": "\t",
    "whitespace": WHITESPACE,
    "ws": WHITESPACE,
    "fs": "\x1c",
    "gs": "\x1d",
    "rs": "\x1e",
    "us": "\x1f",
}
_HEX = re.compile(r"\\x([0-9A-Fa-f]{2})\Z")


def named_delimiter(text: str) -> str:
    """Return the delimiter that a setting names: a character, a word such as `tab`, or `\\x14`."""
    text = text.strip().strip("'\"") or text.strip("'\"")
    coded = _HEX.match(text)
    return chr(int(coded[1], 16)) if coded else _NAMED.get(text.lower(), text[:1])


def delimiter_of(settings: Mapping[str, str]) -> str:
    """Return the field delimiter of a stanza with INDEXED_EXTRACTIONS."""
    kind = settings.get("INDEXED_EXTRACTIONS", "csv").strip().lower()
    return named_delimiter(settings.get("FIELD_DELIMITER", "")) or _DELIMITERS.get(kind, ",")


def column_fields(text: str, names: list[str], delimiter: str) -> Found:
    """Return the columns of one line of a delimited file."""
    first = text.splitlines()[0] if text else ""
    line = first.split() if delimiter == WHITESPACE else next(csv.reader([first], delimiter=delimiter), [])
    return {name: value for name, value in zip(names, line, strict=False) if value and name}


# ---- the step ------------------------------------------------------------------------------------------------------

Reader: TypeAlias = "Callable[[str, Names], Found]"

_MODES = frozenset({"none", "auto", "auto_escaped", "json", "xml", "multi"})
_WHOLE = frozenset({"json", "hec", "xml"})
"""INDEXED_EXTRACTIONS that make fields of all that is in an event."""


def mode_of(settings: Mapping[str, str]) -> str:
    """Return the mode of automatic extraction that a stanza's settings come to; `none` where the whole of an event is
    in the index already, so that nothing is extracted twice."""
    if _indexed_kind(settings) in _WHOLE:
        return "none"
    mode = settings.get("KV_MODE", "").strip().lower() or "auto"
    return mode if mode in _MODES else "none" if mode.startswith("multi_") else "auto"


def _indexed_kind(settings: Mapping[str, str]) -> str:
    return settings.get("INDEXED_EXTRACTIONS", "").strip().lower()


def kv_step(settings: Mapping[str, str], origin: Origin) -> Step | None:
    """Make the step of automatic extraction; None where the settings turn it off."""
    mode = mode_of(settings)
    if mode == "none":
        return None
    if mode in ("auto", "auto_escaped"):
        trim, with_json = as_bool(settings.get("KV_TRIM_SPACES"), True), as_bool(settings.get("AUTO_KV_JSON"), True)
        return _reading(_auto_reader(mode == "auto_escaped", with_json, trim), origin, str if with_json else None)
    reader = {"json": json_fields, "xml": _xml_reader, "multi": _table_reader}[mode]
    return _reading(reader, origin, str if mode == "json" else None)


def indexed_step(settings: Mapping[str, str], origin: Origin) -> Step | None:
    """Make the step of INDEXED_EXTRACTIONS; None where there is nothing to do.

    Offline there is no index: what would have been put there has to be extracted now.
    """
    kind = _indexed_kind(settings)
    if kind in _DELIMITERS:
        reader = _column_reader(settings)
        return None if reader is None else _reading(reader, origin)
    if kind == "json":
        trim_braces = as_bool(settings.get("JSON_TRIM_BRACES_IN_ARRAY_NAMES"))
        return _reading(_indexed_reader(trim_braces), origin, None if trim_braces else _indexed_member)
    if kind in _WHOLE:
        return _reading(_xml_reader if kind == "xml" else json_fields, origin)
    return None


def _reading(reader: Reader, origin: Origin, member: Callable[[str], str | None] | None = None) -> Step:
    def make(wanted: Names, ctx: MapperContext) -> Apply:
        return _apply(reader, wanted, getattr(ctx.limits, "kv_limit", 0))

    def over(wanted: Names, ctx: MapperContext, apply: Apply) -> Over | None:
        exact, limit = wanted.exact, getattr(ctx.limits, "kv_limit", 0)
        if exact is None or 0 < limit < len(exact):
            return None
        return over_reader(lambda text: reader(text, wanted), exact)

    return Step(origin, frozenset({"_raw"}), None, make, member=member, over=over)


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


def _xml_reader(text: str, wanted: Names) -> Found:
    start = text.find("<")
    return xml.flatten(text[start:]) if start >= 0 else None


def _table_reader(text: str, wanted: Names) -> Found:
    return table_fields(text)


RESERVED = frozenset(
    {"host", "source", "sourcetype", "index", "eventtype", "linecount", "punct", "splunk_server", "tag"}
)
"""Fields of the index itself: an indexed extraction of such a name is called `extracted_…`."""


def _indexed_member(name: str) -> str | None:
    """Return the member that INDEXED_EXTRACTIONS=json makes a field of."""
    member = name.removeprefix("extracted_")
    return None if name in RESERVED else member if member in RESERVED else name


def _indexed_reader(trim_braces: bool) -> Reader:
    """INDEXED_EXTRACTIONS=json: members that are called as a field of the index get another name."""

    def read(text: str, wanted: Names) -> Found:
        asked = {name.removeprefix("extracted_") for name in wanted.exact or ()}
        found = json_fields(text, wanted.plus(frozenset(asked)) if asked and not trim_braces else Names(None))
        if found is None:
            return None
        if trim_braces:
            found = {name.replace("{}", ""): value for name, value in found.items()}
        if RESERVED.isdisjoint(found):
            return found
        return {f"extracted_{name}" if name in RESERVED else name: value for name, value in found.items()}

    return read


def _auto_reader(escaped: bool, with_json: bool, trim: bool) -> Reader:
    def read(text: str, wanted: Names) -> Found:
        found = json_fields(text, wanted) if with_json else None
        if found is not None:
            return found
        if "=" not in text:
            return None
        pairs: dict[str, Any] = {}
        for key, value in key_value_pairs(text, escaped, trim):
            pairs.setdefault(clean_key(key), value)
        pairs.pop("", None)  # of a key such as `7` nothing is left
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


__all__ = ["column_fields", "delimiter_of", "indexed_step", "json_fields", "kv_step", "mode_of", "table_fields"]
