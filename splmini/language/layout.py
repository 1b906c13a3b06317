"""The layout formatter: one pipe a line, long commands wrapped, clauses aligned, everything else as written.

It works on the first-level tokens of the text as the user wrote it: macro calls and comments stay, definitions are not
needed. Only white space changes, and only where it means nothing: quoted text, templates of foreach, and the inside of
round brackets of a command that takes their text verbatim (a column name comes from it) are left alone.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from lark import Token

from splmini import registry
from splmini.language.scanner import tokens, unclosed
from splmini.language.source import Layer, SourceText

WIDTH = 100
INDENT = 4
_KEPT_TOGETHER = frozenset({"NOT", "AND", "OR", "AS"})
_CLAUSES = frozenset({"by", "groupby", "from", "where", "over"})


def format(text: str, width: int = WIDTH) -> str:
    """Return a search laid out: `parse(format(x)) == parse(x)`, and formatting again changes nothing.

    Raises:
        SplSyntaxError: a quotation mark, backtick or comment is not closed.

    >>> print(format('error | stats count  by host|sort - count'))
    error
    | stats count by host
    | sort - count
    """
    items = _read(text)
    _match(items)
    return _Writer(items, width).write()


@dataclass
class _Item:
    """A pipe, a square bracket, or an atom: text without white space around that stays in one piece."""

    kind: str
    text: str
    space: bool = False
    newline: bool = False
    comment: bool = False
    brackets: list[tuple[int, str]] = field(default_factory=list)
    """Round brackets in the atom that are syntax: (offset, bracket)."""
    command: str = ""
    """The dialect of the command that begins here, where one does."""
    partner: int = -1
    """Of `[`: the index of its `]`."""
    end: int = -1
    """Of the first item of a command: the index behind its last one."""


# ---- reading -------------------------------------------------------------------------------------------------------

_WORDS = re.compile(r"\\\s(?=\S)|\\\S|\\(?=\s|$)|\s+|[()]|[^\s()\\]+", re.DOTALL)
_WORDS_AND_NAMES = re.compile(r"'(?:[^'\\]|\\.)*'|\\\s(?=\S)|\\\S|\\(?=\s|$)|\s+|[()]|[^\s()\\']+|'", re.DOTALL)
"""Where single quotes enclose names: white space in them belongs to the name."""


class _Reader:
    """Cuts the text into items. `commands` are the dialects of the commands around, innermost last."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.items: list[_Item] = []
        self.commands: list[str] = ["start"]
        self.depth = 0
        self.raw = 0
        self.space = self.newline = False
        self.glued = False

    def take(self, token: Token) -> None:
        text = str(token)
        if token.type == "UNCLOSED":
            raise unclosed(token).locate(SourceText.of(Layer(self.text)))
        if self.raw:
            self.raw += {"LSQB": 1, "RSQB": -1}.get(token.type, 0)
            self.append(text)
            return
        if token.type == "PIPE":
            self.structural("|", "pipe")
            self.commands[-1], self.depth = "command", 0
        elif token.type == "LSQB":
            self.open()
        elif token.type == "RSQB":
            self.structural("]", "close")
            if len(self.commands) > 1:
                self.commands.pop()
            self.depth = 0
        elif token.type == "TEXT":
            position = 0
            while position < len(text):
                words = _WORDS if self.commands[-1] in ("start", "command", "subsearch", "search") else _WORDS_AND_NAMES
                match = words.match(text, position)
                assert match is not None
                self.word(match.group())
                position = match.end()
        elif token.type == "COMMENT":
            self.append(text, comment=True)
        else:
            starts = self.commands[-1] == "start"
            self.named("search" if token.type == "STRING" or starts else "macro")
            self.append(text)

    def open(self) -> None:
        if self.commands[-1] == "raw":
            self.raw = 1
            self.append("[")
            return
        self.structural("[", "open")
        self.commands.append("subsearch")
        self.depth = 0

    def structural(self, text: str, kind: str) -> None:
        if self.glued:
            kept = self.items[-1].text.rstrip()
            self.items[-1].text = kept + " " if kept.endswith("\\") else kept
        self.items.append(_Item(kind, text, self.space))
        self.space = self.newline = self.glued = False

    def word(self, piece: str) -> None:
        if piece.isspace():
            escaped = self.glued and self.items[-1].text.endswith("\\")
            if escaped or (self.depth and self.verbatim):
                self.append(piece)
                return
            self.space, self.newline, self.glued = True, self.newline or "\n" in piece, False
            return
        if piece in "()":
            self.named("search")
            self.depth = max(self.depth + (1 if piece == "(" else -1), 0)
            self.append(piece, bracket=piece)
            return
        if self.commands[-1] in ("start", "command", "subsearch"):
            self.named(_dialect(piece, self.commands[-1]))
        if self.commands[-1] == "from" and piece.lower() == "where" and not self.depth and not self.glued:
            self.commands[-1] = "search"
        elif (
            self.commands[-1] == "search" and piece.lower() in ("by", "groupby") and not self.depth and self.from_style
        ):
            self.commands[-1] = "from"
        self.append(piece)

    def named(self, dialect: str) -> None:
        """The command that begins here, unless one is already known."""
        if self.commands[-1] in ("start", "command", "subsearch"):
            self.from_style = dialect == "from"
            self.commands[-1] = dialect

    from_style = False

    @property
    def verbatim(self) -> bool:
        return self.commands[-1] not in ("search", "expressions")

    def append(self, text: str, comment: bool = False, bracket: str = "") -> None:
        if self.glued and self.items:
            item = self.items[-1]
            if bracket and not self.verbatim:
                item.brackets.append((len(item.text), bracket))
            item.text += text
            item.comment = item.comment or comment
        else:
            item = _Item("atom", text, self.space, self.newline, comment, command=self.commands[-1])
            if bracket and not self.verbatim:
                item.brackets.append((0, bracket))
            self.items.append(item)
        self.space = self.newline = False
        self.glued = True


def _dialect(word: str, position: str) -> str:
    """The dialect of the command whose first word this is."""
    match = re.match(r"[\w\-]+", word)
    name = match.group().lower() if match else ""
    if position == "start":
        return "search"
    spec = registry.find_command(name)
    if spec is None:
        return "search" if position == "subsearch" else "arguments"
    if spec.raw_subsearch:
        return "raw"
    return "from" if "from" in spec.clauses and spec.dialect == "aggregation" else spec.dialect


def _read(text: str) -> list[_Item]:
    reader = _Reader(text)
    for token in tokens(text):
        reader.take(token)
    return reader.items


def _match(items: list[_Item]) -> None:
    """Find the partner of each square bracket and the end of each command."""
    stack: list[int] = []
    starts: list[int | None] = [0 if items else None]
    for index, item in enumerate(items):
        if item.kind == "open":
            stack.append(index)
            starts.append(index + 1)
        elif item.kind in ("close", "pipe"):
            start = starts[-1]
            if start is not None and start < len(items):
                items[start].end = index
            if item.kind == "pipe":
                starts[-1] = index + 1
            elif stack:
                items[stack.pop()].partner = index
                starts.pop()
    start = starts[-1]
    if start is not None and start < len(items):
        items[start].end = len(items)


# ---- writing -------------------------------------------------------------------------------------------------------


class _Writer:
    def __init__(self, items: list[_Item], width: int) -> None:
        self.items = items
        self.width = width
        self.out: list[str] = []
        self.column = 0
        self.indents = [0]
        self.inline_until = -1
        self.continuation: list[int] = [INDENT]
        self.wrapping = False
        self.offsets = [0]
        for index, item in enumerate(items):
            blanks = 0 if self.at_start(index) or item.kind == "close" else int(item.space)
            if item.kind == "pipe":
                blanks = 1 if self.at_start(index) else 2
            self.offsets.append(self.offsets[-1] + len(item.text) + blanks)

    def write(self) -> str:
        for index, item in enumerate(self.items):
            if item.end >= 0:
                self.begin(index, item)
            getattr(self, item.kind)(index, item)
        return "".join(self.out).strip()

    def flat(self, start: int, end: int) -> int:
        """How long a run of items is on one line."""
        return self.offsets[end] - self.offsets[start]

    def put(self, text: str) -> None:
        self.out.append(text)
        newline = text.rfind("\n")
        self.column = self.column + len(text) if newline < 0 else len(text) - newline - 1

    def line(self, indent: int) -> None:
        self.out.append("\n" + " " * indent)
        self.column = indent

    def begin(self, index: int, item: _Item) -> None:
        """A command begins: does it fit on its line?"""
        fits = self.column + self.flat(index, item.end) <= self.width
        self.wrapping = not fits and index > self.inline_until
        self.continuation = [self.indents[-1] + INDENT]

    def pipe(self, index: int, item: _Item) -> None:
        first = self.at_start(index)
        if index <= self.inline_until:
            self.put("| " if first else " | ")
        elif first:
            self.put("| ")
        else:
            self.line(self.indents[-1])
            self.put("| ")

    def open(self, index: int, item: _Item) -> None:
        if index <= self.inline_until:
            self.put((" " if item.space and not self.at_start(index) else "") + "[")
            self.indents.append(self.indents[-1])
            return
        end = item.partner if item.partner >= 0 else len(self.items) - 1
        indent = self.indents[-1]
        if self.column + self.flat(index, end + 1) <= self.width:
            self.inline_until = end
            self.put((" " if item.space and not self.at_start(index) else "") + "[")
        elif item.space and not self.at_start(index):
            indent += INDENT
            self.line(indent)
            self.put("[")
        else:
            self.put("[")
        self.indents.append(indent)

    def close(self, index: int, item: _Item) -> None:
        self.put("]")
        if len(self.indents) > 1:
            self.indents.pop()
        self.continuation = [self.indents[-1] + INDENT]
        self.wrapping = index > self.inline_until

    def at_start(self, index: int) -> bool:
        """Say whether nothing stands before an item in its command."""
        return index == 0 or self.items[index - 1].kind in ("pipe", "open")

    def atom(self, index: int, item: _Item) -> None:
        first = self.at_start(index)
        if item.space and not first:
            self.separate(index, item)
        start = self.column
        self.put(item.text)
        for offset, bracket in item.brackets:
            if bracket == "(":
                self.continuation.append(min(start + offset + 1, self.width // 2))
            elif len(self.continuation) > 1:
                self.continuation.pop()
        if self.wrapping and item.text.lower() in _CLAUSES and self.is_clause(item):
            self.continuation = [self.column + 1]

    def separate(self, index: int, item: _Item) -> None:
        """Write the white space before an atom: a blank or a line break."""
        beside_comment = item.comment or self.items[index - 1].comment
        if beside_comment and item.newline:
            self.line(self.continuation[-1])
        elif self.wrapping and self.is_clause(item):
            self.continuation = [self.indents[-1] + INDENT]
            self.line(self.continuation[-1])
        elif self.wrapping and not item.comment and self.breaks(index, item):
            self.line(self.continuation[-1])
        else:
            self.put(" ")

    def breaks(self, index: int, item: _Item) -> bool:
        previous = self.items[index - 1]
        length = len(item.text.split("\n", 1)[0])
        if item.text.upper() in _KEPT_TOGETHER and index + 1 < len(self.items):
            length += 1 + len(self.items[index + 1].text)
        if self.column + 1 + length > self.width:
            return self.continuation[-1] < self.column - len(previous.text) or previous.kind == "close"
        assignments = item.command == "expressions" and len(self.continuation) == 1
        return assignments and previous.kind == "atom" and previous.text.endswith(",")

    def is_clause(self, item: _Item) -> bool:
        if item.text.lower() not in _CLAUSES or len(self.continuation) > 1:
            return False
        return item.command in ("aggregation", "from") or (item.command == "search" and item.text.lower() == "where")
