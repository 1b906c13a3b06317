"""What a rule looks at: the tree and its source map, the flow of fields, the detection, what is known of its data."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

from splmini.errors import SplError
from splmini.language import tree
from splmini.registry import CommandSpec, find_command

if TYPE_CHECKING:
    from splmini.detections.content import DataSource
    from splmini.detections.detection import Detection
    from splmini.detections.lint.rules.flow import Flow
    from splmini.errors import Span
    from splmini.language.source import SourceText

Key = "tuple[str | int, ...]"


@dataclass(frozen=True)
class Found:
    """What a rule found: at a span of the expanded search, at an offset of the text as written, or at a key of the
    detection's YAML."""

    message: str
    span: Span | None = None
    fix: str | None = None
    name: str | None = None
    offset: int | None = None
    key: tuple[str | int, ...] | None = None
    place: tuple[int, int] | None = None
    """The line and column in the detection's file, where they are known."""
    item: bool = False
    """True where it is about the entry that names `name` in the list at `key`."""


@dataclass
class Subject:
    """A search (and the detection that it belongs to) as the rules see it.

    `pipeline` and `source` are None where the search does not parse; `error` says why, or why it does not compile.
    """

    text: str
    env: Any
    detection: Detection | None = None
    data_sources: Mapping[str, DataSource] = field(default_factory=dict)
    pipeline: tree.Pipeline | None = None
    source: SourceText | None = None
    error: SplError | None = None

    @cached_property
    def nodes(self) -> tuple[tree.Node, ...]:
        """Every node of the tree, subsearches included, in the order written."""
        return () if self.pipeline is None else tuple(tree.walk(self.pipeline))

    def each(self, *kinds: type[Any]) -> Iterator[Any]:
        """Yield the nodes of some kinds."""
        for node in self.nodes:
            if isinstance(node, kinds):
                yield node

    def commands(self) -> Iterator[tuple[tree.Command, CommandSpec]]:
        """Yield each command with what it declares, those of subsearches included."""
        for node in self.each(tree.Command):
            spec = find_command(node.name)
            if spec is not None:
                yield node, spec

    def conditions(self) -> Iterator[tree.Node]:
        """Yield every node inside a search expression: of `search`, and behind `where` of tstats and its like."""
        from splmini.detections.lint.rules.flow import is_search

        for command in self.each(tree.Command):
            for arg in command.args:
                if is_search(command):
                    yield from within(arg)
                elif isinstance(arg, tree.Clause) and arg.keyword == "where":
                    for item in arg.items:
                        yield from within(item)

    @cached_property
    def flows(self) -> tuple[Flow, ...]:
        """The flow of fields through the search and through each subsearch."""
        from splmini.detections.lint.rules.flow import flows

        return tuple(flows(self))

    @cached_property
    def listed_fields(self) -> frozenset[str]:
        """Every field that any known data source lists."""
        return frozenset(name for source in self.data_sources.values() for name in source.fields)

    def written(self, node: tree.Node) -> str:
        """Return the text of a node, macros expanded."""
        return "" if self.source is None or node.span.start < 0 else self.source.text[node.span.start : node.span.end]

    def around(self, node: tree.Node) -> tuple[str, str]:
        """Return the characters before and behind a node, blanks left out."""
        if self.source is None or node.span.start < 0:
            return "", ""
        text = self.source.text
        return text[: node.span.start].rstrip()[-1:], text[node.span.end :].lstrip()[:1]

    def from_macro(self, span: Span) -> bool:
        """Say whether a macro's definition made a span: not what the author of this search wrote."""
        return self.source is None or span.start < 0 or bool(self.source.chain(span))


def within(node: tree.Node) -> Iterator[tree.Node]:
    """Yield a node and what is in it, without going into subsearches, whose commands are met on their own."""
    stack = [node]
    while stack:
        current = stack.pop()
        yield current
        if not isinstance(current, tree.Subsearch):
            stack.extend(reversed(tuple(tree.children(current))))


def hazards(subject: Subject, code: str) -> Iterator[Found]:
    """Yield what commands themselves declare to be hazardous, under the code of a rule (`registry.Hazard`)."""
    for pipeline in subject.each(tree.Pipeline):
        for index, command in enumerate(pipeline.commands):
            spec = find_command(command.name)
            for hazard in () if spec is None else spec.hazards:
                if hazard.code == code:
                    node = hazard.found(command, pipeline.commands[:index], pipeline.commands[index + 1 :])
                    if node is not None:
                        yield Found(hazard.message.format(name=command.name), node.span, hazard.hint, command.name)
