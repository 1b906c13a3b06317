"""The source map: every character of the expanded text knows which text it was copied from.

A `Layer` is a text that characters come from: the user's own, or what one call of a macro gave. A `SourceText` is a
text with its segments, each a run of characters copied from one layer. Macro expansion cuts and joins such texts, so
that an error anywhere in the expanded text points into the text that the user wrote, with the chain of macros.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import dataclass, field

from splmini.errors import NOWHERE, Span


@dataclass(frozen=True, slots=True)
class Layer:
    """A text that characters come from. `macro` is the name of the macro whose definition it is, None for the user's.

    `caller` and `call` say where the macro was called: an offset range in the text of the calling layer.
    """

    text: str
    macro: str | None = None
    caller: Layer | None = None
    call: Span = NOWHERE

    def chain(self) -> list[Layer]:
        """Return this layer and those that called it, innermost first; the last one is the user's own text."""
        layers = [self]
        while layers[-1].caller is not None:
            layers.append(layers[-1].caller)
        return layers


@dataclass(frozen=True, slots=True)
class Segment:
    """Characters from `start` of the expanded text on, copied from `offset` of `layer` on."""

    start: int
    layer: Layer
    offset: int


@dataclass(frozen=True)
class SourceText:
    """A text and where its characters come from. `splmini.errors.SourceMap` is what errors use of it."""

    text: str
    segments: tuple[Segment, ...]
    _starts: list[int] = field(init=False, repr=False, compare=False, default_factory=list)

    def __post_init__(self) -> None:
        self._starts.extend(segment.start for segment in self.segments)

    @classmethod
    def of(cls, layer: Layer) -> SourceText:
        """Return the whole text of a layer."""
        return cls(layer.text, (Segment(0, layer, 0),))

    def slice(self, start: int, end: int) -> SourceText:
        """Return a part of the text, with the segments that belong to it."""
        return SourceText(self.text[start:end], tuple(self._cut(start, end, 0)))

    def _cut(self, start: int, end: int, at: int) -> Iterable[Segment]:
        first = max(bisect_right(self._starts, start) - 1, 0)
        for index in range(first, len(self.segments)):
            segment = self.segments[index]
            if segment.start >= end and index > first:
                return
            inside = max(start, segment.start)
            yield Segment(at + inside - start, segment.layer, segment.offset + inside - segment.start)

    def locate(self, offset: int) -> tuple[Layer, int]:
        """Return the layer of a character and its offset there; the end of the text lies behind its last character."""
        index = max(bisect_right(self._starts, min(offset, max(len(self.text) - 1, 0))) - 1, 0)
        segment = self.segments[index]
        return segment.layer, min(segment.offset + offset - segment.start, len(segment.layer.text))

    def user_offset(self, offset: int) -> int:
        """Return where a character stands, or the outermost macro call that made it, in the user's own text."""
        layer, position = self.locate(offset)
        while layer.caller is not None:
            layer, position = layer.caller, layer.call.start
        return position

    def position(self, span: Span) -> tuple[int, int]:
        """Return (line, column), both from 1, of the span's start in the text as the user wrote it."""
        layer, _ = self.locate(span.start)
        return line_and_column(layer.chain()[-1].text, self.user_offset(span.start))

    def chain(self, span: Span) -> tuple[str, ...]:
        """Return the names of the macros that a span came from, the innermost first; the last is the one called."""
        layer, _ = self.locate(span.start)
        return tuple(str(inner.macro) for inner in layer.chain()[:-1])

    def context(self, span: Span) -> str:
        """Return the user's line with carets below, followed by the chain of macros, if any."""
        layer, offset = self.locate(span.start)
        index = bisect_right(self._starts, span.start)
        behind = self._starts[index] if index < len(self._starts) else len(self.text)
        length = max(min(span.end, behind) - span.start, 1)
        chain = layer.chain()
        lines: list[str] = []
        for inner in chain[:-1]:
            lines.insert(0, excerpt(inner.text, offset, length, f"in the macro '{inner.macro}': "))
            offset, length = inner.call.start, inner.call.end - inner.call.start
        return "\n".join([excerpt(chain[-1].text, offset, length), *lines])


class Builder:
    """A `SourceText` in the making: pieces are appended, neighbours in one layer become one segment."""

    def __init__(self) -> None:
        self._pieces: list[str] = []
        self._segments: list[Segment] = []
        self._last: tuple[Layer, int] | None = None
        self.length = 0
        self.significant = ""
        """The last character that is not white space."""

    def add(self, source: SourceText, start: int, end: int) -> None:
        """Append a part of another text."""
        if start >= end:
            return
        for segment in source._cut(start, end, self.length):
            if self._last is not None and self._last[0] is segment.layer:
                previous = self._segments[-1]
                if previous.offset + segment.start - previous.start == segment.offset:
                    continue
            self._segments.append(segment)
            self._last = (segment.layer, segment.offset)
        self._append(source.text[start:end])

    def add_text(self, text: str, layer: Layer, offset: int) -> None:
        """Append characters that stand for one place of a layer (the blank that a comment leaves)."""
        if text:
            self._segments.append(Segment(self.length, layer, offset))
            self._last = None
            self._append(text)

    def _append(self, text: str) -> None:
        self._pieces.append(text)
        self.length += len(text)
        stripped = text.rstrip()
        if stripped:
            self.significant = stripped[-1]

    def build(self, fallback: Layer) -> SourceText:
        """Return the text; where nothing was appended it lies at the start of `fallback`."""
        segments = tuple(self._segments) or (Segment(0, fallback, 0),)
        return SourceText("".join(self._pieces), segments)


def line_and_column(text: str, offset: int) -> tuple[int, int]:
    """Return the line and the column of an offset, both from 1."""
    return text.count("\n", 0, offset) + 1, offset - (text.rfind("\n", 0, offset) + 1) + 1


WIDTH = 100


def excerpt(text: str, offset: int, length: int, prefix: str = "") -> str:
    """Return the line of a text that holds an offset, with carets below; a long line is cut around the place."""
    start = text.rfind("\n", 0, offset) + 1
    end = text.find("\n", offset)
    line = text[start:] if end < 0 else text[start:end]
    line = line.rstrip("\r")
    column = min(offset - start, len(line))
    length = max(min(length, len(line) - column), 1)
    if len(line) > WIDTH:
        cut = max(min(column - WIDTH // 3, len(line) - WIDTH), 0)
        head, tail = ("… " if cut else ""), (" …" if cut + WIDTH < len(line) else "")
        line = head + line[cut : cut + WIDTH] + tail
        column = column - cut + len(head)
        length = max(min(length, len(line) - len(tail) - column), 1)
    blanks = "".join("\t" if character == "\t" else " " for character in line[:column])
    return f"{prefix}{line}\n{' ' * len(prefix)}{blanks}{'^' * length}"
