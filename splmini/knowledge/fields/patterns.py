"""What the settings of transforms.conf are written in: FORMAT, and regular expressions made of others.

Source: https://docs.splunk.com/Documentation/Splunk/latest/Admin/Transformsconf
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from splmini.errors import KnowledgeError
from splmini.knowledge.conf import Stanza
from splmini.values import regex

# ---- FORMAT --------------------------------------------------------------------------------------------------------


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
    """Parse a search-time FORMAT: pairs `name::value`, each side a text, `$n`, or one in double quotes.

    `$0` is what the key held before, which of a field of search time is nothing.
    """
    return [(_template(name), _template(value.rstrip(","))) for name, value in _PAIR.findall(text)]


def _template(text: str) -> Template:
    if len(text) > 1 and text[0] == text[-1] == '"':
        text = re.sub(r"\\(.)", r"\1", text[1:-1])
    parts = [int(part[1:]) if re.fullmatch(r"\$\d+", part) else part for part in re.split(r"(\$\d+)", text) if part]
    return Template(tuple(part for part in parts if part != 0))


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


# ---- lists ----------------------------------------------------------------------------------------------------------


def field_list(text: str) -> list[str]:
    """Read a list of field names, separated by commas or blanks, each perhaps in double quotes."""
    return [quoted or bare for quoted, bare in re.findall(r'"([^"]*)"|([^\s,"]+)', text)]
