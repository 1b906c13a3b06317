"""Tree → plan: each command's `build` gives an operator; the first one reads or makes events."""

from __future__ import annotations

from collections.abc import Callable, Container
from dataclasses import dataclass, field, replace

from splmini import compiler, registry
from splmini.boundary import converted
from splmini.errors import ArgumentError, SplError, UnsupportedFeature
from splmini.language import parser, tree
from splmini.operators import ALL, Fields, Generating, Operator, Sequence, Streaming, union
from splmini.plan.fields import reads_raw
from splmini.plan.scan import Scan, scan, time_terms
from splmini.plan.splicing import is_spliced, spliced, subsearches

REMEMBERED = 1024
"""Plans that are kept: of the search and its subsearches, and of pipelines that were made while it ran."""


@dataclass
class Builder:
    """The `registry.BuildScope` of one compilation.

    `handlers` are the commands that the caller serves; `handled(node)` makes an operator for one of them;
    `parsed(text)` parses with the caller's macros. Pipelines are built once: a subsearch that is checked at compile
    time is the one that runs.
    """

    handlers: Container[str] = frozenset()
    handled: Callable[[tree.Command], Operator] | None = None
    parsed: Callable[[str], tree.Pipeline] = parser.parse
    first: bool = False
    declared: Fields = ALL
    built: dict[int, tuple[tree.Pipeline, list[Operator]]] = field(default_factory=dict)

    def build(self, pipeline: tree.Pipeline) -> list[Operator]:
        """Compile a pipeline to its plain plan, whose first operator is generating."""
        known = self.built.get(id(pipeline))
        if known is not None:
            return known[1]
        operators: list[Operator] = []
        declared: Fields = frozenset()
        for index, node in enumerate(pipeline.commands):
            self.first, self.declared = index == 0, declared
            operator = self.command(node)
            if index == 0 and not isinstance(operator, Generating):
                operators.append(scan(time_terms(getattr(operator, "predicate", None))))
            elif index > 0 and ignores_rows(operator):
                raise ArgumentError(
                    f"'{operator.name}' makes its own rows: it has to be the first command of a search.",
                    name=operator.name,
                    span=node.span,
                )
            operators.append(operator)
            declared = union(declared, operator.writes) if isinstance(operator, (Streaming, Sequence)) else ALL
        if not operators:
            operators.append(scan())
        if isinstance(operators[0], Scan):
            operators[0] = replace(operators[0], raw=reads_raw(operators))
        if len(self.built) >= REMEMBERED:
            for key in list(self.built)[REMEMBERED // 2 :]:  # the first ones are those of the search itself
                del self.built[key]
        self.built[id(pipeline)] = (pipeline, operators)
        return operators

    def rows_plan(self, pipeline: tree.Pipeline) -> list[Operator]:
        """Compile a pipeline that runs on given rows (appendpipe, foreach): a leading scan is left out."""
        operators = self.build(pipeline)
        return operators[1:] if operators[0].name == "scan" else operators

    def command(self, node: tree.Command) -> Operator:
        """Compile one command."""
        spec = registry.find_command(node.name)
        try:
            if is_spliced(node) and (node.name in self.handlers or (spec is not None and spec.build is not None)):
                return self.spliced(node)
            if node.name in self.handlers and self.handled is not None:
                return self.handled(node)
            if spec is None:
                raise UnsupportedFeature(
                    f"The command '{node.name}' is not one that splmini runs.",
                    name=node.name,
                    span=node.span,
                    hint=f"Register a handler: Environment(commands={{'{node.name}': f}}).",
                )
            if spec.build is None:
                raise UnsupportedFeature(
                    f"'{node.name}' cannot run outside of Splunk.",
                    name=node.name,
                    span=node.span,
                    hint=f"Register a handler: Environment(commands={{'{node.name}': f}}).",
                )
            operator = spec.build(node, self)
            return operator if operator.node is not None else replace(operator, node=node)
        except SplError as error:
            error.name = error.name or node.name
            error.span = error.span or node.span
            raise
        except Exception as error:
            raise converted(error, f"'{node.name}'", node.span) from error

    def spliced(self, node: tree.Command) -> Operator:
        """Compile a command that waits for the text of its subsearches, as far as it is known before."""
        scope = replace(self)  # building what is inside changes where this one stands
        for each in subsearches(node):
            self.build(each.pipeline)
        for argument in node.args:
            value = argument.value if isinstance(argument, tree.Assignment) else argument
            if not isinstance(value, tree.Spliced):
                compiler.check_expression(value)
        return spliced(node, scope.command)

    # ---- what a command's build may ask ------------------------------------------------------------------------

    def parse(self, text: str) -> tree.Pipeline:
        """Parse search text."""
        return self.parsed(text)

    def check(self, node: tree.Node) -> None:
        """Check an eval expression."""
        compiler.check_expression(node)

    def expression(self, group: tree.Group | tree.Word) -> tree.Node:
        """Parse the text of a group as an eval expression."""
        text, offset = _text_and_offset(group)
        node = parser.parse_expression(text, offset)
        self.check(node)
        return node

    def search_expression(self, group: tree.Group | tree.Word) -> tree.Node:
        """Parse the text of a group, or of a quoted word, as a search expression."""
        text, offset = _text_and_offset(group)
        return parser.parse_search(text, offset)

    def aggregation(self, node: tree.Aggregation) -> None:
        """Check an aggregation: a known function; the eval expressions inside."""
        check_aggregation(node)

    def has_handler(self, name: str) -> bool:
        """Say whether the caller serves a command."""
        return name in self.handlers


def ignores_rows(operator: Operator) -> bool:
    """Say whether an operator makes its rows whatever stands before it."""
    return isinstance(operator, Generating) and operator.follows is None


def _text_and_offset(group: tree.Group | tree.Word) -> tuple[str, int]:
    """The text inside brackets or quotes, and where it starts in the expanded text."""
    if isinstance(group, tree.Group):
        return group.text, max(group.span.end - 1 - len(group.text), 0)
    return group.text, max(group.span.start, 0) + (1 if group.quoted else 0)


def check_aggregation(node: tree.Aggregation) -> None:
    """Check the function of an aggregation and the eval expressions in its arguments."""
    for each in tree.walk(node):
        if isinstance(each, tree.Call):
            for argument in each.args:
                compiler.check_expression(argument)
