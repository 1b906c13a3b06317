"""Index-time settings at work on events that are read from files: SEDCMD, TRANSFORMS, RULESET.

Splunk does these before an event is in the index. An event that comes from an index (an export) has been through them;
one that is read from a raw file has not, so they are done when it is read.

Source: https://docs.splunk.com/Documentation/Splunk/latest/Admin/Transformsconf (the section on keys)
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import timezone
from typing import TYPE_CHECKING

from splmini import compiler
from splmini.errors import KnowledgeError, SplError, UnsupportedFeature
from splmini.knowledge.conf import Stanza, as_bool, as_int, values
from splmini.knowledge.fields.patterns import expand_modules
from splmini.knowledge.fields.settings import store
from splmini.knowledge.fields.steps import append, text_of
from splmini.language import parser, tree
from splmini.values import regex
from splmini.values.numbers import to_number
from splmini.values.sed import compile_sed

if TYPE_CHECKING:
    from splmini.operators import Row

LOOKAHEAD = 4096
"""How many characters of an event a transform looks at, where LOOKAHEAD does not say."""
METADATA_KEYS = {
    "MetaData:Sourcetype": ("sourcetype", "sourcetype::"),
    "MetaData:Source": ("source", "source::"),
    "MetaData:Host": ("host", "host::"),
    "_MetaData:Index": ("index", ""),
    "_raw": ("_raw", ""),
    "_time": ("_time", ""),
}
"""The keys that a transform may read and write: the field, and what stands in front of its value."""
ROUTING_KEYS = frozenset({"_TCP_ROUTING", "_SYSLOG_ROUTING", "_INDEX_AND_FORWARD_ROUTING", "_HTTPOUT_ROUTING"})
"""Keys that send an event somewhere, which changes nothing about it."""
_GROUP = re.compile(r"\$(\d+)")
_INDEXED = re.compile(r'(?:"([^"]+)"|([^\s"]+?))::(?:"((?:[^"\\]|\\.)*)"|(\S*))')


@dataclass
class Passing:
    """An event on its way into the index. `keys` holds what is no part of it: its queue, keys of transforms' own."""

    row: Row
    keys: dict[str, str] = field(default_factory=dict)
    stopped: bool = False
    copies: list[Row] = field(default_factory=list)
    """The events that CLONE_SOURCETYPE made of it."""

    def read(self, key: str) -> str | None:
        """Return what stands under a key of transforms.conf; None where there is nothing."""
        if key in METADATA_KEYS:
            name, prefix = METADATA_KEYS[key]
            value = self.row.get(name)
            return None if value is None else prefix + text_of(value)
        if key.startswith(("field:", "fields:")):
            names = [name.strip() for name in key.partition(":")[2].split(",")]
            found = [text_of(self.row[name]) for name in names if self.row.get(name) is not None]
            return " ".join(found) if found else None
        return self.keys.get(key)

    def write(self, key: str, value: str) -> None:
        """Put a value under a key of transforms.conf."""
        if key == "_meta":
            for quoted_name, name, quoted, bare in _INDEXED.findall(value):
                append(self.row, quoted_name or name, quoted or bare)
        elif key == "_time":
            moment = to_number(value)
            if moment is not None:
                self.row["_time"] = moment
        elif key in METADATA_KEYS:
            name, prefix = METADATA_KEYS[key]
            self.row[name] = value.removeprefix(prefix)
        else:
            self.keys[key] = value


Transform = Callable[[Passing], None]


def transform(name: str, stanza: Stanza, transforms: Mapping[str, Stanza]) -> Transform:
    """Make what a transform does at index time; raises SplError where that is not carried out."""
    settings = values(stanza)
    if settings.get("INGEST_EVAL") or settings.get("STOP_PROCESSING_IF"):
        return _evaluation(settings)
    if not settings.get("REGEX"):
        raise KnowledgeError(f"The transform '{name}' has no REGEX.", name=name)
    compiled = regex.compile(expand_modules(settings["REGEX"], transforms), any_names=True)
    key = settings.get("DEST_KEY") or ("_meta" if as_bool(settings.get("WRITE_META")) else "")
    form = settings.get("FORMAT") or f"{name}::$1"
    if settings.get("CLONE_SOURCETYPE"):
        return _cloning(compiled, key, form, settings)
    if not key:
        raise KnowledgeError(f"The transform '{name}' has neither DEST_KEY nor WRITE_META.", name=name)
    return _writing(compiled, key, form, settings)


def _writing(compiled: regex.Pattern, key: str, form: str, settings: Mapping[str, str]) -> Transform:
    source = settings.get("SOURCE_KEY") or "_raw"
    length = as_int(settings.get("LOOKAHEAD"), LOOKAHEAD)
    repeat = as_bool(settings.get("REPEAT_MATCH")) and key != "_raw"
    default = settings.get("DEFAULT_VALUE")

    def apply(event: Passing) -> None:
        text = event.read(source)
        found = False
        if text is not None:
            for match in compiled.finditer(text[:length] if length > 0 else text):
                found = True
                event.write(key, _filled(form, match, compiled.groups, event.read(key) if "$0" in form else ""))
                if not repeat:
                    break
        if not found and default:
            event.write(key, default)

    return apply


def _cloning(compiled: regex.Pattern, key: str, form: str, settings: Mapping[str, str]) -> Transform:
    """CLONE_SOURCETYPE: the event stays as it is, and a copy of the new sourcetype has what the transform writes."""
    source, sourcetype = settings.get("SOURCE_KEY") or "_raw", settings["CLONE_SOURCETYPE"]
    length = as_int(settings.get("LOOKAHEAD"), LOOKAHEAD)
    change = _writing(compiled, key, form, settings) if key else None

    def clone(event: Passing) -> None:
        text = event.read(source)
        if text is None or compiled.search(text[:length] if length > 0 else text) is None:
            return
        copy = Passing(dict(event.row))
        if change is not None:
            change(copy)
        if copy.keys.get("queue") != "nullQueue":
            copy.row["sourcetype"] = sourcetype
            event.copies.append(copy.row)

    return clone


def _filled(form: str, match: regex.Match, groups: int, before: str | None) -> str:
    """Put groups into a FORMAT; `$0` is what the key held before, and a number without a group stays as it is."""

    def group(found: re.Match[str]) -> str:
        number = int(found[1])
        if number == 0:
            return before or ""
        return found[0] if number > groups else match.group(number) or ""

    return _GROUP.sub(group, form)


# ---- INGEST_EVAL ---------------------------------------------------------------------------------------------------

_ASSIGNED = re.compile(r"([\w.:${}]+?)(?:\[[\w-]+\])?\s*(:?)=(?!=)")


def _evaluation(values: Mapping[str, str]) -> Transform:
    """INGEST_EVAL: assignments, one after the other; STOP_PROCESSING_IF ends what is done to the event."""
    scope = compiler.RunScope(_CLOCK)  # type: ignore[arg-type]
    steps = [
        (name, replaces, compiler.compile_expression(node, scope))
        for name, replaces, node in _assignments(values.get("INGEST_EVAL", ""))
    ]
    stop = None
    if values.get("STOP_PROCESSING_IF"):
        stop = compiler.compile_expression(_parsed(values["STOP_PROCESSING_IF"]), scope)

    def apply(event: Passing) -> None:
        row = event.row
        for name, replaces, expression in steps:
            value = expression(row | {"queue": event.keys.get("queue", "indexQueue")})
            if name == "queue":
                event.keys["queue"] = "" if value is None else text_of(value)
            elif replaces or name in _DIRECT or name not in row or value is None:
                store(row, name, value)
            else:
                append(row, name, "true" if value is True else "false" if value is False else value)
        if stop is not None and stop(row) not in (None, False, 0, "0"):
            event.stopped = True

    return apply


class _Clock:
    """The run of an INGEST_EVAL: it has a clock and nothing else."""

    timezone = timezone.utc

    @property
    def now(self) -> float:
        """The time of reading."""
        return time.time()


_CLOCK = _Clock()
_DIRECT = frozenset({"_raw", "_time", "source", "sourcetype", "host", "index"})


def _assignments(text: str) -> Iterator[tuple[str, bool, tree.Node]]:
    for part in _split(text):
        match = _ASSIGNED.match(part)
        if match is None:
            raise KnowledgeError(f"'{part}' in INGEST_EVAL is no assignment.")
        name = match[1].strip("$").removeprefix("field:").removeprefix("pd:")
        yield name, bool(match[2]), _parsed(part[match.end() :])


def _parsed(text: str) -> tree.Node:
    node = parser.parse_expression(re.sub(r"\$(?:field:|pd:|mv:)?([\w.]+)\$", r"'\1'", text))
    compiler.check_expression(node)
    if any(isinstance(each, tree.Call) and each.name == "lookup" for each in tree.walk(node)):
        raise UnsupportedFeature("lookup() is not carried out in INGEST_EVAL.", name="lookup")  # tables are of a run
    return node


def _split(text: str) -> list[str]:
    """Split at the commas that stand in no bracket and no quotes."""
    parts, depth, quote, start, index = [], 0, "", 0, 0
    while index < len(text):
        char = text[index]
        if quote:
            if char == "\\":
                index += 1
            elif char == quote:
                quote = ""
        elif char in "\"'":
            quote = char
        elif char in "([":
            depth += 1
        elif char in ")]":
            depth -= 1
        elif char == "," and depth == 0:
            parts.append(text[start:index])
            start = index + 1
        index += 1
    return [part.strip() for part in (*parts, text[start:]) if part.strip()]


# ---- all that is done to an event ----------------------------------------------------------------------------------


@dataclass(frozen=True)
class IndexTime:
    """What the settings of a set of stanzas do to an event before it is in the index."""

    edits: tuple[Callable[[str], str], ...] = ()
    transforms: tuple[Transform, ...] = ()
    problems: tuple[tuple[str, str], ...] = ()
    """(setting, what is wrong with it) of what is not carried out."""

    def __bool__(self) -> bool:
        return bool(self.edits or self.transforms)

    def apply(self, row: Row, copies: list[Row]) -> Row | None:
        """Change an event in place and return it; None where it is dropped (sent to the nullQueue).

        The copies that CLONE_SOURCETYPE makes are put into `copies`, as they are before their own settings.
        """
        for edit in self.edits:
            row["_raw"] = edit(row["_raw"])
        if not self.transforms:
            return row
        event = Passing(row)
        for each in self.transforms:
            each(event)
            if event.stopped:
                break
        copies.extend(event.copies)
        return None if event.keys.get("queue") == "nullQueue" else row


def index_time(settings: Mapping[str, str], transforms: Mapping[str, Stanza]) -> IndexTime:
    """Read SEDCMD, TRANSFORMS and RULESET settings, each in ASCII order; what cannot be done is in `problems`."""
    edits: list[Callable[[str], str]] = []
    steps: list[Transform] = []
    problems: list[tuple[str, str]] = []
    for key in sorted(name for name in settings if name.startswith("SEDCMD") and settings[name]):
        try:
            edits.append(compile_sed(settings[key]))
        except SplError as error:
            problems.append((key, error.message))
    for prefix in ("TRANSFORMS", "RULESET-"):
        for key in sorted(name for name in settings if name.startswith(prefix)):
            for name in (part.strip() for part in settings[key].split(",")):
                if name:
                    _add(key, name, transforms, steps, problems)
    return IndexTime(tuple(edits), tuple(steps), tuple(problems))


def _add(
    key: str, name: str, transforms: Mapping[str, Stanza], steps: list[Transform], problems: list[tuple[str, str]]
) -> None:
    stanza = transforms.get(name)
    try:
        if stanza is None:
            raise KnowledgeError(f"There is no transform '{name}'.", name=name)
        if "DEST_KEY" in stanza and stanza["DEST_KEY"].value in ROUTING_KEYS:
            return
        steps.append(transform(name, stanza, transforms))
    except SplError as error:
        problems.append((key, error.message))


__all__ = ["IndexTime", "Passing", "index_time", "transform"]
