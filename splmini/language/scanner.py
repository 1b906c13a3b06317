"""The first level: tokens of `grammar/spl.lark`, and the structure of a search made of them.

`tokens` serves macro expansion and the layout formatter, too. `structure` finds pipelines and commands in expanded
text, with a stack instead of recursion, innermost pipelines first.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from lark import Token

from splmini.errors import Span, SplSyntaxError
from splmini.language.grammars import first_level


def tokens(text: str) -> Iterator[Token]:
    """Yield the first-level tokens of a text, which together are the text."""
    return first_level().lex(text)


MAX_NESTING = 100
"""How deep subsearches may be nested; what plans a search recurses over them."""


@dataclass(slots=True)
class Segment:
    """The text of one command, from `start` to `end`; `holes` are its subsearches, brackets included."""

    start: int
    end: int = 0
    holes: list[Span] = field(default_factory=list)


@dataclass(slots=True)
class RawPipeline:
    """A pipeline of commands not yet parsed. `opening` is the offset of its `[`, -1 for the whole search."""

    opening: int
    start: int
    end: int = 0
    leading_pipe: bool = False
    segments: list[Segment] = field(default_factory=list)


def structure(text: str, is_raw: Callable[[int, int], bool]) -> list[RawPipeline]:
    """Return the pipelines of a text, each after those inside it; the last one is the whole search.

    `is_raw(start, end)` says of the text of a command before a `[` whether these brackets hold text to substitute
    into instead of a search; such brackets are a hole without a pipeline of its own.
    """
    builder = _Structure(text, is_raw)
    for token in tokens(text):
        builder.take(token)
    return builder.finish()


class _Structure:
    def __init__(self, text: str, is_raw: Callable[[int, int], bool]) -> None:
        self.text = text
        self.is_raw = is_raw
        self.stack = [RawPipeline(-1, 0)]
        self.current = [Segment(0)]
        self.raw: list[int] = []
        self.done: list[RawPipeline] = []

    def take(self, token: Token) -> None:
        kind, start = token.type, token.start_pos or 0
        if kind == "UNCLOSED":
            raise unclosed(token)
        if kind == "LSQB":
            self.open(start)
        elif kind == "RSQB":
            self.close(start)
        elif kind == "PIPE" and not self.raw:
            self.end_segment(start)
            self.current[-1] = Segment(start + 1)

    def open(self, start: int) -> None:
        outermost = self.stack[0]
        implied = len(self.stack) == 1 and not outermost.segments and not outermost.leading_pipe
        if self.raw or (not implied and self.is_raw(self.current[-1].start, start)):
            self.raw.append(start)
            return
        if len(self.stack) > MAX_NESTING:
            raise SplSyntaxError(f"Subsearches are nested more than {MAX_NESTING} deep.", span=Span(start, start + 1))
        self.stack.append(RawPipeline(start, start + 1))
        self.current.append(Segment(start + 1))

    def close(self, start: int) -> None:
        if self.raw:
            opening = self.raw.pop()
            if not self.raw:
                self.current[-1].holes.append(Span(opening, start + 1))
            return
        if len(self.stack) == 1:
            raise SplSyntaxError(
                "There is a ']' without a '[' before it.",
                span=Span(start, start + 1),
                hint="Square brackets hold subsearches; put text with brackets in double quotes.",
            )
        self.end_segment(start)
        self.current.pop()
        pipeline = self.stack.pop()
        pipeline.end = start
        self.done.append(pipeline)
        if not pipeline.segments:
            raise SplSyntaxError("The square brackets hold no search.", span=Span(pipeline.opening, start + 1))
        self.current[-1].holes.append(Span(pipeline.opening, start + 1))

    def end_segment(self, end: int) -> None:
        segment, pipeline = self.current[-1], self.stack[-1]
        segment.end = end
        if self.text[segment.start : end].strip():
            pipeline.segments.append(segment)
        elif not pipeline.segments and end < len(self.text) and self.text[end] == "|":
            pipeline.leading_pipe = True

    def finish(self) -> list[RawPipeline]:
        if self.raw or len(self.stack) > 1:
            opening = self.raw[0] if self.raw else self.stack[-1].opening
            raise SplSyntaxError(
                "The '[' is not closed.",
                span=Span(opening, opening + 1),
                hint="A ']' is missing at the end of the subsearch.",
            )
        self.end_segment(len(self.text))
        pipeline = self.stack[0]
        pipeline.end = len(self.text)
        if not pipeline.segments:
            raise SplSyntaxError("The search is empty.", span=Span(0, 0))
        self.done.append(pipeline)
        return self.done


_UNCLOSED = {
    '"': ("The quotation mark is not closed.", "A '\"' is missing. Inside quotes write \\\" for a quotation mark."),
    "`": ("The backtick is not closed.", "A macro is called as `name` or `name(arguments)`."),
    "```": ("The comment is not closed.", "A comment ends with three backticks."),
}


def unclosed(token: Token) -> SplSyntaxError:
    """Return the error for a quote, backtick or comment that has no end."""
    message, hint = _UNCLOSED[str(token)]
    start = token.start_pos or 0
    return SplSyntaxError(message, span=Span(start, start + len(token)), hint=hint)
