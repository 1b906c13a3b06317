"""Text → tree.

`parse` expands macros, finds pipelines and commands (`scanner`), and parses each command's text with the grammar of
its dialect. Subsearches are parsed before what holds them, so that nothing recurses over the text.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from lark import UnexpectedInput
from lark.utils import TextSlice

from splmini import registry
from splmini.errors import Span, SplError, SplSyntaxError, UnknownCommand, did_you_mean
from splmini.language import tree
from splmini.language.clauses import Nodes, find_keywords, gathered_clauses, joined_renames, options_out
from splmini.language.diagnostics import translate
from splmini.language.expansion import expand
from splmini.language.grammars import dialect
from splmini.language.macros import MacroRegistry
from splmini.language.nodes import reading
from splmini.language.scanner import RawPipeline, Segment, structure
from splmini.language.source import Layer, SourceText
from splmini.registry import CommandSpec

Holes = Mapping[int, tree.Node]


def parse(text: str, macros: MacroRegistry | None = None, commands: Iterable[str] = ()) -> tree.Pipeline:
    """Parse a search, its macros expanded, to its tree.

    Args:
        text: the search as the user wrote it.
        macros: the macros that it may call, before the built-in ones.
        commands: names of commands beyond the registry; they parse as plain arguments.

    Raises:
        SplError: SplSyntaxError, UnknownCommand, UnknownMacro, MacroError, with the position in `text`.

    >>> str(parse("error status=500|stats count by host"))
    'search error status=500 | stats count by host'
    """
    return parse_source(text, macros, commands)[0]


def parse_source(
    text: str, macros: MacroRegistry | None = None, commands: Iterable[str] = ()
) -> tuple[tree.Pipeline, SourceText]:
    """Parse a search to its tree and its source map, with which later errors are located."""
    source = expand(text, MacroRegistry() if macros is None else macros)
    try:
        return _Parser(source.text, 0, frozenset(name.lower() for name in commands)).pipeline(), source
    except SplError as error:
        raise error.locate(source) from None


def parse_expression(text: str, offset: int = 0) -> tree.Node:
    """Parse an eval expression, such as the text of a group; its spans start at `offset`."""
    node: tree.Node = _piece(text, offset, "expressions", "expression", "the expression")
    return node


def parse_search(text: str, offset: int = 0) -> tree.Node:
    """Parse a search expression; its spans start at `offset`."""
    node: tree.Node = _piece(text, offset, "search", "start", "the search")
    return node


def parse_aggregation(text: str, offset: int = 0) -> Nodes:
    """Parse aggregations, options and clauses; their spans start at `offset`."""
    nodes: Nodes = _piece(text, offset, "aggregation", "aggregations", "the aggregation")
    return nodes


def _piece(text: str, offset: int, grammar: str, start: str, what: str) -> Any:
    parser = _Parser(text, offset, frozenset())
    try:
        if not text.strip():
            if grammar == "search":
                return tree.And((), span=Span(offset, offset))
            raise SplSyntaxError(f"{what.capitalize()} is empty.", span=Span(offset, offset + len(text)))
        command = parser.segment_with_subsearches(what)
        return parser.run(grammar, start, command)
    except SplError as error:
        if offset == 0:
            error.locate(SourceText.of(Layer(text)))
        raise


def parse_command(text: str, commands: Iterable[str] = ()) -> tree.Command:
    """Parse one command, in which what subsearches returned stands as text; it holds neither pipes nor subsearches."""
    parser = _Parser(text, 0, frozenset(name.lower() for name in commands))
    for raw in structure(text, parser.is_raw):
        if raw.opening >= 0:
            raise SplSyntaxError("The text that a subsearch returns cannot hold a subsearch.", span=Span(0, len(text)))
        if len(raw.segments) == 1 and not raw.leading_pipe:
            return parser.command(raw.segments[0], False, False)
    raise SplSyntaxError("A pipe cannot stand in the text that a subsearch returns.", span=Span(0, len(text)))


def is_text(spec: CommandSpec) -> bool:
    """Say whether the subsearches of a command give text: it does not run them as pipelines itself."""
    return not spec.pipelines and not spec.raw_subsearch and (spec.build is not None or spec.any_option)


def only_in_where(nodes: Nodes) -> bool:
    """Say whether all subsearches of arguments stand in their where-clause, which is a search expression."""
    others = (node for node in nodes if not (isinstance(node, tree.Clause) and node.keyword == "where"))
    return not any(isinstance(each, (tree.Subsearch, tree.Spliced)) for node in others for each in tree.walk(node))


@dataclass(frozen=True, slots=True)
class _Text:
    """The text of one command on its way to a grammar: `text[start:end]`, whose first character has span `offset`."""

    name: str
    text: str
    start: int
    end: int
    offset: int

    def part(self, start: int, end: int) -> _Text:
        return replace(self, start=start, end=end)

    @property
    def empty(self) -> bool:
        return not self.text[self.start : self.end].replace(",", " ").strip()

    @property
    def span(self) -> Span:
        return Span(self.start + self.offset, self.end + self.offset)


_NAME = re.compile(r"\s*([^\s|\[\]()\"'=,<>!`]+)")
_COMPARES = re.compile(r"=|!=|<|>|::")


class _Parser:
    def __init__(self, text: str, offset: int, extra: frozenset[str]) -> None:
        self.text = text
        self.offset = offset
        self.extra = extra
        self.holes: dict[int, tree.Node] = {}

    # ---- pipelines ---------------------------------------------------------------------------------------------

    def pipeline(self) -> tree.Pipeline:
        """Parse the whole text."""
        result = None
        for raw in structure(self.text, self.is_raw):
            result = self.parsed(raw)
            if raw.opening >= 0:
                span = Span(raw.opening + self.offset, raw.end + 1 + self.offset)
                self.holes[raw.opening + self.offset] = tree.Subsearch(result, span=span)
        assert result is not None
        return result

    def parsed(self, raw: RawPipeline) -> tree.Pipeline:
        commands = []
        for index, segment in enumerate(raw.segments):
            implied = index == 0 and not raw.leading_pipe
            commands.append(self.command(segment, implied, raw.opening >= 0))
        span = Span(raw.start + self.offset, raw.end + self.offset)
        return tree.Pipeline(tuple(commands), raw.leading_pipe, span=span)

    def segment_with_subsearches(self, what: str) -> _Text:
        """Parse the subsearches of a text that is one piece of a command."""
        segment = None
        for raw in structure(self.text, self.is_raw):
            if raw.opening >= 0:
                span = Span(raw.opening + self.offset, raw.end + 1 + self.offset)
                self.holes[raw.opening + self.offset] = tree.Subsearch(self.parsed(raw), span=span)
            elif len(raw.segments) > 1 or raw.leading_pipe:
                raise SplSyntaxError(
                    f"A pipe cannot stand in {what}.", span=Span(self.offset, self.offset + len(self.text))
                )
            else:
                segment = raw.segments[0]
        assert segment is not None
        return self.masked(segment, segment.start, what)

    def is_raw(self, start: int, end: int) -> bool:
        """Say whether the square brackets of a command hold a template (foreach)."""
        match = _NAME.match(self.text, start, end)
        if match is None:
            return False
        spec = registry.find_command(match.group(1).lower())
        return spec is not None and spec.raw_subsearch

    # ---- commands ----------------------------------------------------------------------------------------------

    def command(self, segment: Segment, implied: bool, in_brackets: bool) -> tree.Command:
        match = _NAME.match(self.text, segment.start, segment.end)
        name = match.group(1).lower() if match else ""
        if implied and not self.is_command(name, match, segment, in_brackets):
            span = self.trimmed(segment.start, segment.end)
            return tree.Command("search", self.run_search(self.masked(segment, segment.start, "search")), span=span)
        if match is None:
            at = len(self.text[: segment.end]) - len(self.text[segment.start : segment.end].lstrip())
            raise SplSyntaxError(
                "A command is missing here.",
                hint="A pipe is followed by the name of a command.",
                span=Span(at + self.offset, at + 1 + self.offset),
            )
        name_span = Span(match.start(1) + self.offset, match.end(1) + self.offset)
        spec = self.spec(name, name_span, implied and in_brackets)
        text = self.masked(segment, match.end(), name)
        if segment.holes and is_text(spec):
            arguments = self.with_text(spec, text, segment, match.end())
        else:
            arguments = self.arguments(spec, text, segment)
        return tree.Command(name, arguments, span=self.trimmed(match.start(1), segment.end))

    def trimmed(self, start: int, end: int) -> Span:
        piece = self.text[start:end]
        start += len(piece) - len(piece.lstrip())
        end -= len(piece) - len(piece.rstrip())
        return Span(start + self.offset, end + self.offset)

    def is_command(self, name: str, match: re.Match[str] | None, segment: Segment, in_brackets: bool) -> bool:
        """Say whether a search without a leading pipe begins with a command: `search`, or any in square brackets."""
        if in_brackets:
            return True
        return match is not None and name == "search" and not _COMPARES.match(self.text, match.end(), segment.end)

    def spec(self, name: str, span: Span, in_brackets: bool) -> CommandSpec:
        found = registry.find_command(name)
        if name in self.extra:
            if found is None or found.build is None:
                return CommandSpec(name, "arguments", None, any_option=True)
            return found
        if found is None:
            hint = did_you_mean(name, registry.command_names() | self.extra)
            if in_brackets and name[0].isdigit():
                hint = "Square brackets hold subsearches; mvindex(field, 0) gives one value of several."
            elif in_brackets and (hint is None or _COMPARES.match(self.text, span.end - self.offset)):
                hint = "A subsearch begins with a command: [search …]."
            elif self.text[: span.start - self.offset].rstrip().endswith("||"):
                hint = "Write OR for '||'."
            raise UnknownCommand(f"There is no command '{name}'.", name=name, hint=hint, span=span)
        return found

    # ---- arguments ---------------------------------------------------------------------------------------------

    def arguments(self, spec: CommandSpec, text: _Text, segment: Segment) -> Nodes:
        if spec.raw_subsearch:
            for hole in segment.holes:
                span = Span(hole.start + self.offset, hole.end + self.offset)
                self.holes[hole.start + self.offset] = tree.RawSubsearch(
                    self.text[hole.start + 1 : hole.end - 1], span=span
                )
        if spec.dialect == "search":
            return self.run_search(text)
        if spec.dialect == "expressions":
            start = "assignments" if spec.assigns else "expression"
            if text.empty:
                what = "an expression" if start == "expression" else "an assignment such as 'field = value'"
                raise SplSyntaxError(f"{text.name} needs {what}.", name=text.name, span=self.before(text))
            nodes = self.run("expressions", start, text)
            return nodes if start == "assignments" else (nodes,)
        if spec.dialect == "aggregation":
            return self.aggregation(spec, text)
        if "where" in spec.clauses:
            return self.split(spec, text, ("where",), self.plain)
        return self.plain(spec, text)

    def with_text(self, spec: CommandSpec, text: _Text, segment: Segment, start: int) -> Nodes:
        """Parse arguments in which subsearches give text: as nodes where each of them stands for an expression."""
        if spec.dialect in ("search", "expressions") or "where" in spec.clauses:
            try:
                found = self.arguments(spec, text, segment)
            except SplSyntaxError:
                found = ()
            if found and (spec.dialect in ("search", "expressions") or only_in_where(found)):
                return found
        parts: list[str | tree.Subsearch] = []
        for hole in segment.holes:
            inner = self.holes[hole.start + self.offset]
            assert isinstance(inner, tree.Subsearch)
            parts += [self.text[start : hole.start], inner]
            start = hole.end
        parts.append(self.text[start : segment.end].rstrip())
        assert isinstance(parts[0], str)
        parts[0] = parts[0].lstrip()
        return (tree.Spliced(tuple(part for part in parts if part), span=text.span),)

    def before(self, text: _Text) -> Span:
        """The name of a command whose arguments are missing."""
        return Span(text.start + text.offset - len(text.name), text.start + text.offset)

    def run_search(self, text: _Text) -> Nodes:
        return (self.run("search", "start", text),)

    def aggregation(self, spec: CommandSpec, text: _Text) -> Nodes:
        if "from" in spec.clauses:
            return self.split(spec, text, ("from", "where", "by", "groupby"), self.aggregated)
        return self.aggregated(spec, text)

    def aggregated(self, spec: CommandSpec, text: _Text) -> Nodes:
        nodes: Nodes = self.run("aggregation", "aggregations", text)
        for node in nodes:
            if isinstance(node, tree.Clause) and node.keyword not in spec.clauses:
                span = Span(node.span.start, node.span.start + len(node.keyword))
                raise SplSyntaxError(f"{text.name} has no clause '{node.keyword}'.", name=text.name, span=span)
        return nodes

    def plain(self, spec: CommandSpec, text: _Text) -> Nodes:
        nodes: Nodes = self.run("arguments", "arguments", text)
        if spec.renames:
            nodes = joined_renames(nodes, spec.clauses, text.name)
        return gathered_clauses(nodes, spec.clauses, text.name, spec.open_clauses) if spec.clauses else nodes

    def split(
        self, spec: CommandSpec, text: _Text, keywords: tuple[str, ...], head: Callable[[CommandSpec, _Text], Nodes]
    ) -> Nodes:
        """Parse what stands before the first keyword as `head` does, and each clause by its own dialect."""
        places = find_keywords(text.text, text.start, text.end, keywords)
        bounds = [start for start, _, _ in places] + [text.end]
        nodes = list(head(spec, text.part(text.start, bounds[0])))
        written = len(nodes)
        seen: set[str] = set()
        for (start, begin, keyword), end in zip(places, bounds[1:], strict=True):
            word = Span(start + text.offset, begin + text.offset)
            keyword = "by" if keyword == "groupby" else keyword
            if keyword in seen:
                raise SplSyntaxError(f"{text.name} has the clause '{keyword}' twice.", name=text.name, span=word)
            seen.add(keyword)
            part = text.part(begin, end)
            if part.empty:
                raise SplSyntaxError(f"Nothing follows '{keyword}' in {text.name}.", name=text.name, span=word)
            if keyword == "where":
                items, options = options_out(self.run_search(part), spec)
                nodes[written:written] = options
            else:
                items = self.run("arguments", "arguments", part)
            nodes.append(tree.Clause(keyword, tuple(items), span=Span(word.start, self.trimmed_end(part))))
        return tuple(nodes)

    def trimmed_end(self, text: _Text) -> int:
        return text.start + len(text.text[text.start : text.end].rstrip()) + text.offset

    # ---- one grammar -------------------------------------------------------------------------------------------

    def masked(self, segment: Segment, start: int, name: str) -> _Text:
        """The text of a command, its subsearches blanked so that each is one token, at the same offsets."""
        if not segment.holes:
            return _Text(name, self.text, start, segment.end, self.offset)
        pieces, position = [], start
        for hole in segment.holes:
            pieces += [self.text[position : hole.start], "[", "\0" * (hole.end - hole.start - 2), "]"]
            position = hole.end
        pieces.append(self.text[position : segment.end])
        text = "".join(pieces)
        return _Text(name, text, 0, len(text), start + self.offset)

    def run(self, grammar: str, start: str, text: _Text) -> Any:
        """Parse a text with a grammar."""
        # spans are offsets into the whole text: `original` is what groups are cut from, unmasked
        original = self.text if text.text is self.text else self.text[text.offset - self.offset :]
        with reading(original, text.offset, self.holes):
            try:
                return dialect(grammar).parse(TextSlice(text.text, text.start, text.end), start=start)
            except UnexpectedInput as error:
                raise translate(error, grammar, text.name, text.text, text.end, text.offset) from None
