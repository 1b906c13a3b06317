"""Splunk's .conf files: stanzas of settings, and layers of files on top of each other."""

from __future__ import annotations

import codecs
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import NamedTuple, TypeAlias

DEFAULT = "default"
"""The stanza whose settings every other stanza inherits; settings before the first header belong to it."""


class Line(NamedTuple):
    """One setting of a file: its stanza, key, value and the line on which it begins, from 1."""

    stanza: str
    key: str
    value: str
    line: int


class Setting(NamedTuple):
    """A setting in force, with where it comes from."""

    value: str
    app: str
    file: str
    line: int


Stanza: TypeAlias = "dict[str, Setting]"
Stanzas: TypeAlias = "dict[str, Stanza]"

_BOMS = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"))


def decode(data: bytes) -> str:
    """Decode the bytes of a conf or lookup file: UTF-8, or what its byte order mark says; what is neither is kept
    as replacement characters, as one bad byte must not hide a whole add-on."""
    for mark, encoding in _BOMS:
        if data.startswith(mark):
            return data[len(mark) :].decode(encoding, "replace")
    return data.decode("utf-8", "replace")


def parse_conf(text: str) -> Iterator[Line]:
    r"""Yield the settings of a conf file in order; an empty stanza yields one line with an empty key.

    A line that begins with `#` is a comment, but not inside a continued value; a backslash at the end of a line
    continues the value on the next, and stands for the line break. What is neither header nor setting is skipped.

    >>> [tuple(line) for line in parse_conf("[a]\n# note\nx = 1 \\\n  2\n")]
    [('a', '', '', 1), ('a', 'x', '1 \n  2', 3)]

    Source: https://docs.splunk.com/Documentation/Splunk/latest/Admin/Howtoeditaconfigurationfile
    """
    stanza = DEFAULT
    lines = enumerate(text.lstrip("\ufeff").replace("\r\n", "\n").replace("\r", "\n").split("\n"), 1)
    for number, line in lines:
        stripped = line.strip()
        if not stripped or stripped.startswith("#"):
            continue
        if stripped.startswith("[") and "]" in stripped:
            stanza = stripped[1 : stripped.rindex("]")].strip()
            yield Line(stanza, "", "", number)
            continue
        key, equals, first = line.partition("=")
        if not equals or not key.strip():
            continue
        value = _continued(first, lines)
        yield Line(stanza, key.strip(), value.strip(), number)


def _continued(first: str, lines: Iterator[tuple[int, str]]) -> str:
    parts = []
    part = first
    while part.endswith("\\"):
        parts.append(part[:-1])
        following = next(lines, None)
        if following is None:
            part = ""
            break
        part = following[1]
    parts.append(part)
    return "\n".join(parts)


@dataclass(frozen=True)
class Layer:
    """One conf file of one app."""

    app: str
    file: str
    lines: tuple[Line, ...]


def read_layer(app: str, file: str, data: bytes) -> Layer:
    """Parse the bytes of a conf file."""
    return Layer(app, file, tuple(parse_conf(decode(data))))


def merge(layers: Iterable[Layer]) -> Stanzas:
    """Merge layers, the strongest first, setting by setting; `[default]` stays a stanza of its own.

    Within one file the last of two equal settings counts.
    """
    merged: Stanzas = {}
    for layer in layers:
        for name, settings in _stanzas(layer).items():
            target = merged.setdefault(name, {})
            for key, setting in settings.items():
                target.setdefault(key, setting)
    return merged


def _stanzas(layer: Layer) -> Stanzas:
    stanzas: Stanzas = {}
    for stanza, key, value, line in layer.lines:
        settings = stanzas.setdefault(stanza, {})
        if key:
            settings[key] = Setting(value, layer.app, layer.file, line)
    return stanzas


def values(stanza: Mapping[str, Setting]) -> dict[str, str]:
    """Return the plain values of a stanza."""
    return {key: setting.value for key, setting in stanza.items()}


def with_default(stanzas: Stanzas, name: str) -> Stanza:
    """Return a stanza with what it inherits from `[default]`."""
    return {**stanzas.get(DEFAULT, {}), **stanzas.get(name, {})}


TRUE = frozenset({"1", "t", "true", "y", "yes", "on", "enabled"})
FALSE = frozenset({"0", "f", "false", "n", "no", "off", "disabled"})


def as_bool(text: str | None, default: bool = False) -> bool:
    """Read a boolean setting as Splunk does; what is no boolean is the default.

    >>> as_bool("True"), as_bool("0", True), as_bool(None, True)
    (True, False, True)
    """
    word = (text or "").strip().lower()
    return True if word in TRUE else False if word in FALSE else default


def as_int(text: str | None, default: int) -> int:
    """Read a whole number; what is none is the default."""
    try:
        return int((text or "").strip())
    except ValueError:
        return default
