"""Stanzas of multikv.conf: where the sections of a table in text begin and end, and how their lines are cut.

A table has the sections `pre`, `header`, `body` and `post`, of which only the body has to be there; behind the last of
them the next table may begin. A line that matches `start` is part of its section, one that matches `end` is not.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from splmini.errors import ArgumentError, KnowledgeError, UnsupportedFeature
from splmini.values import regex

SECTIONS = ("pre", "header", "body", "post")
_ITEM = re.compile(r'\s*(?:"((?:[^"\\]|\\.)*)"|([^\s,"=]+))\s*([,=]?)')
_FALSE = ("0", "f", "false")
Cut = Callable[[str, int], "list[str]"]
"""From a line and the number of tokens of the section before to its tokens."""


@dataclass(frozen=True)
class Section:
    """One section of a table: where it is, which of its lines count, and how they become tokens."""

    start: regex.Pattern | None = None
    offset: int = 0
    end: regex.Pattern | None = None
    lines: int | None = None
    member: regex.Pattern | None = None
    ignored: tuple[regex.Pattern, ...] | None = ()
    """None: all lines are ignored."""
    replaced: tuple[tuple[regex.Pattern, str], ...] = ()
    names: tuple[str, ...] = ()
    """The tokens of a section that lists them (`_token_list_`), which takes no lines."""
    cut: Cut | None = None

    def find(self, lines: Sequence[str], at: int) -> int | None:
        """Return the line that the section begins with; None where it does not occur."""
        if self.start is None:
            return at + self.offset if at + self.offset <= len(lines) else None
        return next((number for number in range(at, len(lines)) if self.start.search(lines[number])), None)

    def close(self, lines: Sequence[str], at: int, following: Section | None) -> int:
        """Return the line behind the section that begins with the line `at`."""
        if self.lines is not None:
            return min(at + self.lines, len(lines))
        if self.names:
            return at
        end = self.end or (following.start if following is not None else None)
        if end is None:
            return len(lines)
        first = at + 1 if self.start is not None else at
        return next((number for number in range(first, len(lines)) if end.search(lines[number])), len(lines))

    def kept(self, lines: Sequence[str]) -> list[str]:
        """Return the lines that are processed."""
        if self.ignored is None:
            return []
        return [
            line
            for line in lines
            if (self.member is None or self.member.search(line)) and not any(each.search(line) for each in self.ignored)
        ]

    def tokens(self, line: str, inherited: int) -> list[str]:
        """Return the tokens of a line."""
        for pattern, replacement in self.replaced:
            line = pattern.sub(replacement, line)
        return line.split() if self.cut is None else self.cut(line, inherited)


@dataclass(frozen=True)
class TableRules:
    """A stanza of multikv.conf."""

    sections: Mapping[str, Section] = field(default_factory=dict)

    def rows(self, text: str) -> Iterator[tuple[str, dict[str, str]]]:
        """Yield each row's text and its cells by column name."""
        lines = text.splitlines()
        at, gone = 0, set[str]()
        while at < len(lines):
            begin, names = at, list[str]()
            for place, name in enumerate(SECTIONS):
                section = self.sections.get(name)
                if section is None or name in gone:
                    continue
                start = section.find(lines, at)
                if start is None:
                    if name in ("pre", "post"):
                        gone.add(name)  # what does not follow here follows nowhere below
                        continue
                    return
                following = next((self.sections[each] for each in SECTIONS[place + 1 :] if each in self.sections), None)
                at = section.close(lines, start, following)
                if name == "header":
                    names = _names(section, section.kept(lines[start:at]))
                elif name == "body":
                    yield from _body(section, section.kept(lines[start:at]), names)
            if at <= begin:
                return


def _names(section: Section, lines: Sequence[str]) -> list[str]:
    if section.names:
        return list(section.names)
    found = section.tokens(lines[-1], 0) if lines else []
    return [re.sub(r"\W+", "_", name.strip()) for name in found]


def _body(section: Section, lines: Sequence[str], names: Sequence[str]) -> Iterator[tuple[str, dict[str, str]]]:
    for line in lines:
        if not line.strip():
            continue
        tokens = section.tokens(line, len(names))
        labels = names or [f"Column_{number}" for number in range(1, len(tokens) + 1)]
        cells = {name: token.strip() for name, token in zip(labels, tokens, strict=False)}
        yield line, {name: cell for name, cell in cells.items() if name and cell}


# ---- reading a stanza -----------------------------------------------------------------------------------------------


def read_rules(settings: Mapping[str, str], called: str) -> TableRules:
    """Read a stanza; raises KnowledgeError for one that is not well formed, UnsupportedFeature for `_align_`."""
    given: dict[str, dict[str, str]] = {}
    for name, value in settings.items():
        section, dot, key = name.partition(".")
        if dot and section in SECTIONS:
            given.setdefault(section, {})[key] = value
    if "body" not in given:
        raise KnowledgeError(f"The multikv stanza '{called}' describes no body of a table.", name=called)
    try:
        return TableRules({name: _section(values) for name, values in given.items()})
    except (ArgumentError, ValueError) as error:
        message = error.message if isinstance(error, ArgumentError) else str(error)
        raise KnowledgeError(f"The multikv stanza '{called}' is not well formed: {message}", name=called) from None


def _section(values: Mapping[str, str]) -> Section:
    names, cut = _tokens(values["tokens"]) if "tokens" in values else ((), None)
    return Section(
        start=_pattern(values.get("start")),
        offset=_number(values.get("start_offset", "0"), "start_offset"),
        end=_pattern(values.get("end")),
        lines=_number(values["linecount"], "linecount") if "linecount" in values else None,
        member=_pattern(values.get("member")),
        ignored=_ignored(values.get("ignore", "_none_")),
        replaced=_replaced(values["replace"]) if "replace" in values else (),
        names=names,
        cut=cut,
    )


def _number(text: str, name: str) -> int:
    if not text.strip().isdecimal():
        raise ValueError(f"{name} takes a number of lines, not '{text}'")
    return int(text)


def _pattern(text: str | None) -> regex.Pattern | None:
    if text is None:
        return None
    text = text.strip()
    quoted = len(text) > 1 and text[0] == text[-1] == '"'
    return regex.compile(text[1:-1] if quoted else text)


def _items(text: str) -> list[tuple[str, bool, str]]:
    """The items of a list: text, whether it was quoted, and the mark behind it."""
    found: list[tuple[str, bool, str]] = []
    at = 0
    while at < len(text.rstrip()):
        match = _ITEM.match(text, at)
        if match is None:
            raise ValueError(f"'{text[at:].strip()}' was not expected")
        quoted = match[1] is not None
        found.append((match[1] if quoted else match[2], quoted, match[3]))
        at = match.end()
    return found


def _ignored(text: str) -> tuple[regex.Pattern, ...] | None:
    word, _, rest = text.strip().partition(" ")
    word = word.rstrip(",")
    if word == "_all_":
        return None
    if word == "_none_":
        return ()
    if word != "_regex_":
        raise ValueError(f"ignore takes _all_, _none_ or _regex_, not '{word}'")
    return tuple(regex.compile(item) for item, _, _ in _items(rest))


def _replaced(text: str) -> tuple[tuple[regex.Pattern, str], ...]:
    items = _items(text)
    pairs = list(zip(items[::2], items[1::2], strict=False))
    if len(items) % 2 or any(left[2] != "=" for left, _ in pairs):
        raise ValueError('replace takes pairs such as "%" = "_"')
    return tuple((regex.compile(left[0]), right[0]) for left, right in pairs)


def _tokens(text: str) -> tuple[tuple[str, ...], Cut | None]:
    items = _items(text)
    kind, rest = (items[0][0], items[1:]) if items else ("", [])
    if kind == "_token_list_":
        return tuple(item for item, _, _ in rest), None
    if kind == "_chop_":
        return (), _chopper([int(item) for item, _, _ in rest])
    if kind == "_tokenize_":
        return (), _tokenizer(rest)
    if kind == "_align_":
        raise UnsupportedFeature(
            "multikv cannot align tokens to headers.", name="multikv conf _align_", hint="Use _chop_ or _tokenize_."
        )
    raise ValueError(f"tokens takes _chop_, _tokenize_, _align_ or _token_list_, not '{kind}'")


def _chopper(numbers: Sequence[int]) -> Cut:
    if len(numbers) % 2 or not numbers or min(numbers) < 0:
        raise ValueError("_chop_ takes pairs of an offset and a length")
    pairs = list(zip(numbers[::2], numbers[1::2], strict=True))

    def chop(line: str, inherited: int) -> list[str]:
        return [line[start : start + length] for start, length in pairs]

    return chop


def _tokenizer(items: Sequence[tuple[str, bool, str]]) -> Cut:
    if not items:
        raise ValueError("_tokenize_ takes a number of tokens and delimiters")
    most = int(items[0][0])
    delimiters = [item for item, quoted, _ in items[1:] if quoted]
    words = [item for item, quoted, _ in items[1:] if not quoted]
    consume = not (words and words[-1].lower() in _FALSE)
    edges = "".join(delimiters).replace("\\t", "\t") or " \t"
    split = re.compile(f"[{re.escape(edges)}]{'+' if consume else ''}")

    def tokenize(line: str, inherited: int) -> list[str]:
        count = most if most else inherited
        text = line.strip(edges) if consume else line
        return split.split(text, maxsplit=count - 1 if count > 1 else 0) if count != 1 else [text]

    return tokenize
