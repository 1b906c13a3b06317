"""Regular expressions mean what PCRE2 says, the engine that Splunk uses; this module alone decides what runs them.

The `pcre2` package with a match limit is the reference. A pattern inside a subset that means the same to Python's
`re` and cannot backtrack exponentially runs there on short ASCII texts, where it is faster; see `_subset`. A text
that lacks what every match must contain (`required`) is not handed to PCRE2 at all.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, TypeAlias

import pcre2

from splmini.budget import SMALL, grows, watched
from splmini.errors import ArgumentError
from splmini.values import _subset
from splmini.values.linear import longest_text
from splmini.values.required import may_match, required_texts

Match: TypeAlias = Any
"""A match of `re` or of `pcre2`: `group`, `groups`, `start`, `end`, `span`."""

MATCH_LIMIT = 100_000
"""[rex] match_limit: the steps that one match may take; beyond, there is no match."""

SHORT = 512
"""Up to this length a text may be searched by `re`."""
MIDDLE = 2048
"""Up to this length by one that tries nothing twice from one place on, which takes quadratic time at most."""

_LIMIT = f"(*LIMIT_MATCH={MATCH_LIMIT})"
_FLAGS = frozenset("imsxU")
_REFERENCE = re.compile(r"\\(?:g\{?(\d+)\}?|(\d{1,2}))")


class Pattern:
    """A compiled regular expression.

    `pattern` is the text, `groups` how many groups it has, `names` its (name, index) pairs in order (a name may come
    twice), `groupindex` the first index of each name. `exceeded` counts the matches that ran into the match limit,
    which count as no match.
    """

    __slots__ = (
        "_any_names",
        "_fast",
        "_full",
        "_longest",
        "_may_match",
        "_part",
        "_prepared",
        "exceeded",
        "flags",
        "groupindex",
        "groups",
        "names",
        "pattern",
    )

    def __init__(self, pattern: str, flags: str = "", any_names: bool = False) -> None:
        prepared = _prepare(pattern, any_names)
        self.pattern = pattern
        self.flags = flags
        self._any_names = any_names
        self.exceeded = 0
        self._prepared = prepared
        self._full = _compile_full(pattern, prepared, flags)
        translated = None if flags.strip("ims") else _subset.translate(prepared.text)
        self._fast = re.compile(translated, _python_flags(flags)) if translated is not None else None
        self._longest = 0 if translated is None else longest_text(translated, MIDDLE, SHORT)
        needed = required_texts(prepared.text, flags)
        self._part = needed[0][0] if needed and len(needed[0]) == 1 else ""
        self._may_match = may_match(needed)
        self.groups: int = self._full.groups
        self.names = prepared.named(self._full.groupindex)
        self.groupindex: Mapping[str, int] = dict(reversed(self.names))

    def __reduce__(self) -> tuple[Any, ...]:
        return compile, (self.pattern, self.flags, self._any_names)

    def __repr__(self) -> str:
        return f"regex.compile({self.pattern!r})"

    def search(self, text: str) -> Match | None:
        """Return the first match anywhere in a text, or None."""
        if not self._may_match(text):
            return None
        if self._fast is not None and len(text) <= self._longest and text.isascii():
            return self._fast.search(text)
        return self._guarded(self._full.search, text)

    def search_each(self, texts: Iterable[str | None]) -> list[Match | None]:
        """Return the first match in each text, None where it has none or is none."""
        part, search = self._part, self.search
        return [None if text is None or part not in text else search(text) for text in texts]

    def match(self, text: str) -> Match | None:
        """Return the match that begins at the start of a text, or None."""
        if self._fast is not None and len(text) <= self._longest and text.isascii():
            return self._fast.match(text)
        return self._guarded(self._full.match, text) if self._may_match(text) else None

    def fullmatch(self, text: str) -> Match | None:
        """Return the match that covers a text, or None."""
        return self._guarded(self._full.fullmatch, text)

    def finditer(self, text: str) -> Iterator[Match]:
        """Yield all matches that do not overlap, from left to right."""
        if self._fast is not None and len(text) <= self._longest and text.isascii():
            return self._fast.finditer(text)
        return self._finditer(text) if self._may_match(text) else iter(())

    def sub(self, replacement: str | Callable[[Match], str], text: str, count: int = 0) -> str:
        r"""Replace matches, all of them or the first `count`; `\1` in the replacement is a group, `\0` the match.

        >>> compile(r"(.*)\\(.+)$").sub(r"\2", "CORP" + chr(92) + "alice")
        'alice'
        """
        if isinstance(replacement, str):
            if self._literal and "\\" not in replacement:
                return _replaced(text, self.pattern, replacement, count)
            expand = _expander(replacement)
        else:
            expand = replacement
        pieces: list[str] = []
        position = length = 0
        for number, match in enumerate(self.finditer(text), 1):
            start, end = match.span()
            new = expand(match)
            pieces.append(text[position:start])
            pieces.append(new)
            position = end
            length += len(new)
            if length > SMALL:
                grows(length)
            if number == count:
                break
        if not pieces:
            return text
        pieces.append(text[position:])
        return "".join(pieces)

    @property
    def _literal(self) -> bool:
        """Whether the pattern stands for itself, so that there is nothing to match but a text in a text."""
        return not self.flags and self.pattern != "" and _SPECIAL.isdisjoint(self.pattern)

    def _guarded(self, call: Callable[[str], Match | None], text: str) -> Match | None:
        try:
            return call(text)
        except UnicodeEncodeError:  # half a surrogate pair, which a damaged record can hold
            return self._guarded(call, _encodable(text))
        except pcre2.LibraryError:
            self._give_up()
            return None

    def _finditer(self, text: str) -> Iterator[Match]:
        try:
            yield from watched(_located(self._full.finditer(text), text))
        except UnicodeEncodeError:
            yield from self._finditer(_encodable(text))
        except pcre2.LibraryError:
            self._give_up()

    def _give_up(self) -> None:
        self.exceeded += 1
        listener = getattr(_watch, "listener", None)
        if listener is not None:
            listener(self.pattern)


_SPECIAL = frozenset("\\^$.|?*+()[]{}")


def _replaced(text: str, old: str, new: str, count: int) -> str:
    if len(new) > len(old):
        found = text.count(old)
        grows(len(text) + (min(found, count) if count else found) * (len(new) - len(old)))
    return text.replace(old, new, count or -1)


class _Located:
    """A match of PCRE2 in a long text, whose places are counted from those of the match before it.

    `pcre2` counts characters from the start of the text each time that it is asked, which makes n matches cost n².
    """

    __slots__ = ("_bytes", "_characters", "_data", "_match")

    def __init__(self, match: Match, data: bytes, place: tuple[int, int]) -> None:
        self._match = match
        self._data = data
        self._bytes, self._characters = place

    def __getitem__(self, group: int | str) -> str | None:
        found: str | None = self._match[group]
        return found

    def group(self, *groups: int | str) -> Any:
        """Return what a group, or each of several, matched."""
        return self._match.group(*groups)

    def groups(self, default: Any = None) -> tuple[Any, ...]:
        """Return what each group matched."""
        found: tuple[Any, ...] = self._match.groups(default)
        return found

    def span(self, group: int | str = 0) -> tuple[int, int]:
        """Return where a group starts and ends."""
        start, end = _span_in_bytes(self._match, self._data, group)
        if start < 0:
            return start, end
        first = self._character(start)
        return first, first + len(self._data[start:end].decode())

    def _character(self, place: int) -> int:
        if place < self._bytes:  # a group of a lookbehind
            return self._characters - len(self._data[place : self._bytes].decode())
        return self._characters + len(self._data[self._bytes : place].decode())

    def start(self, group: int | str = 0) -> int:
        """Return where a group starts."""
        return self.span(group)[0]

    def end(self, group: int | str = 0) -> int:
        """Return where a group ends."""
        return self.span(group)[1]


def _span_in_bytes(match: Match, data: bytes, group: int | str) -> tuple[int, int]:
    text = match.string
    match.string = data  # of bytes it gives the places as PCRE2 does
    try:
        span: tuple[int, int] = match.span(group)
        return span
    finally:
        match.string = text


def _located(matches: Iterator[Match], text: str) -> Iterator[Match]:
    if len(text) <= SHORT:
        yield from matches
        return
    data, place = text.encode(), (0, 0)
    for match in matches:
        located = _Located(match, data, place)
        yield located
        start = _span_in_bytes(match, data, 0)[0]
        place = start, located._character(start)


_watch = threading.local()


def watch(listener: Callable[[str], None]) -> None:
    """Have `listener` called with each pattern that runs into the match limit in this thread, from now on."""
    _watch.listener = listener


def _encodable(text: str) -> str:
    return text.encode("utf-8", "replace").decode("utf-8")


@lru_cache(maxsize=4096)
def compile(pattern: str, flags: str = "", any_names: bool = False) -> Pattern:
    """Compile a regular expression; compiled ones are kept.

    `flags` are letters of PCRE's own: i, m, s, x. A group's name may have more than 32 characters; with `any_names`,
    which the settings of apps are read with, also what PCRE2 refuses: dots, dashes, a leading digit, the same name
    twice.

    >>> compile(r"(?<user>\\w+)@").search("ann@x").group(1)
    'ann'
    >>> dict(compile(r"(?<src-ip>\\S+)", any_names=True).groupindex)
    {'src-ip': 1}

    Raises ArgumentError, with the position inside the pattern, where it is not well formed.

    Source: https://docs.splunk.com/Documentation/Splunk/latest/Knowledge/AboutSplunkregularexpressions
    """
    return Pattern(pattern, flags, any_names)


def _python_flags(flags: str) -> re.RegexFlag:
    result = re.ASCII
    for letter, flag in (("i", re.IGNORECASE), ("m", re.MULTILINE), ("s", re.DOTALL)):
        if letter in flags:
            result |= flag
    return result


# ---- compiling with PCRE2 ------------------------------------------------------------------------------------------


@dataclass
class _Prepared:
    """A pattern whose group names PCRE2 accepts; `renamed` leads back to the names as written, `shifts` to places."""

    text: str
    renamed: dict[str, str]
    shifts: list[tuple[int, int]]

    def named(self, groupindex: Mapping[str, int]) -> list[tuple[str, int]]:
        """Return (name as written, index) in the order of the groups."""
        return sorted(((self.renamed.get(name, name), index) for name, index in groupindex.items()), key=_by_index)

    def written(self, position: int) -> int:
        """Return the place in the pattern as written of a place in `text`."""
        shift = 0
        for start, difference in self.shifts:
            if position >= start:
                shift += difference
        return position - shift


def _by_index(pair: tuple[str, int]) -> int:
    return pair[1]


_NAME = re.compile(r"\(\?(?:P?<(?![=!])([^>()\\]*)>|'([^'()\\]*)')")
_WORD = re.compile(r"[A-Za-z_][A-Za-z0-9_]*", re.ASCII).fullmatch
_LONGEST = 32
_DUPLICATES = "(?J)"
_ANCIENT = {"(*UTF8)": "(*UTF)"}


def _prepare(pattern: str, any_names: bool) -> _Prepared:
    """Give a pattern group names that PCRE2 accepts: for all of them, or for those that are only too long."""
    pieces: list[str] = []
    renamed: dict[str, str] = {}
    shifts: list[tuple[int, int]] = []
    seen: set[str] = set()
    position = length = 0
    for match in _NAME.finditer(pattern):
        name = match[1] if match[1] is not None else match[2]
        if not name or _escaped(pattern, match.start()) or _in_class(pattern, match.start()):
            continue
        first = name not in seen
        seen.add(name)
        if _WORD(name) and len(name) <= _LONGEST and first:
            continue
        if not any_names and not (_WORD(name) and (first or _DUPLICATES in pattern)):
            continue  # PCRE2 refuses it, and says why
        alias = f"splmini_{len(renamed)}"
        renamed[alias] = name
        replacement = f"(?<{alias}>"
        pieces += [pattern[position : match.start()], replacement]
        length += match.start() - position + len(replacement)
        shifts.append((length, len(replacement) - (match.end() - match.start())))
        position = match.end()
    text = "".join(pieces) + pattern[position:]
    for old, new in _ANCIENT.items():
        if text.startswith(old):
            text = new + text[len(old) :]
    return _Prepared(text, renamed, shifts)


def _escaped(pattern: str, position: int) -> bool:
    count = 0
    while position - count > 0 and pattern[position - count - 1] == "\\":
        count += 1
    return count % 2 == 1


def _in_class(pattern: str, position: int) -> bool:
    """Say whether a place is inside square brackets, where a bracket is only a character."""
    index, inside, opened = 0, False, 0
    while index < position:
        character = pattern[index]
        if character == "\\":
            index += 1
        elif inside:
            inside = character != "]" or index == opened + 1
        elif character == "[":
            inside, opened = True, index + (pattern[index + 1 : index + 2] == "^")
        index += 1
    return inside


def _compile_full(pattern: str, prepared: _Prepared, flags: str) -> Any:
    letters = "".join(letter for letter in flags if letter in _FLAGS)
    verbs = ""
    rest = prepared.text
    while rest.startswith("(*") and ")" in rest and re.match(r"\(\*[A-Z_0-9=]+\)", rest):
        end = rest.index(")") + 1
        if not rest.startswith("(*LIMIT"):  # a pattern cannot lift its own limits
            verbs += rest[:end]
        rest = rest[end:]
    prefix = verbs + _LIMIT + (f"(?{letters})" if letters else "")
    try:
        return pcre2.compile(prefix + rest, flags=pcre2.ASCII)
    except pcre2.PatternError as error:
        dropped = len(prepared.text) - len(rest)
        raise _bad_pattern(pattern, prepared, str(error), error.pos - len(prefix) + dropped) from None
    except UnicodeEncodeError:
        raise ArgumentError(f"The regular expression {pattern!r} holds half a surrogate pair.", name="regex") from None
    except pcre2.LibraryError as error:
        raise ArgumentError(f"The regular expression {pattern!r} is invalid: {error}.", name="regex") from None


def _bad_pattern(pattern: str, prepared: _Prepared, reason: str, offset: int) -> ArgumentError:
    position = min(max(prepared.written(offset), 0), len(pattern))
    reason = reason.rpartition(";")[2].strip()
    error = ArgumentError(
        f"The regular expression '{pattern}' is invalid at position {position} of the pattern: {reason}.", name="regex"
    )
    error.__dict__["offset"] = position  # for whoever knows where the pattern stands in the search
    return error


# ---- replacing -----------------------------------------------------------------------------------------------------


@lru_cache(maxsize=1024)
def _expander(replacement: str) -> Callable[[Match], str]:
    """Return a function from a match to the text that a replacement stands for."""
    pieces: list[str | int] = []
    position = 0
    for match in _REFERENCE.finditer(replacement):
        pieces.append(replacement[position : match.start()])
        pieces.append(int(match[1] or match[2]))
        position = match.end()
    pieces.append(replacement[position:])
    if len(pieces) == 1:

        def constant(match: Match) -> str:
            return replacement

        return constant

    def expand(match: Match) -> str:
        groups = (match.group(0), *match.groups())
        return "".join(
            piece if isinstance(piece, str) else (groups[piece] or "" if piece < len(groups) else "")
            for piece in pieces
        )

    return expand
