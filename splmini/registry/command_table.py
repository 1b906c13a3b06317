"""The table of commands: what a command says of itself, and how it is found by name."""

from __future__ import annotations

import functools
import importlib
import pkgutil
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, Protocol, TypeAlias

from splmini.registry.shared import Example
from splmini.registry.uses import OPAQUE, FieldUses

if TYPE_CHECKING:
    from splmini.language import tree
    from splmini.operators import Batch, Fields, Operator


@dataclass(frozen=True)
class OptionSpec:
    """An option of a command: `kind` is one of int, number, bool, string, field, fields, span, time, enum, regex, any.

    `choices` for enum, and for a bool whose words are fewer; `least` for numbers: less is an error. `default` is what
    Splunk documents. `doc` one sentence.
    """

    kind: str = "string"
    default: Any = None
    doc: str = ""
    choices: tuple[str, ...] = ()
    least: float | None = None


class BuildScope(Protocol):
    """What a command's `build` may ask while a search is compiled; `splmini.plan.build` implements it."""

    first: bool
    """True for the first command of a pipeline."""
    declared: Fields
    """The fields that the commands before this one name as theirs, whether or not a row has them; ALL: any."""

    def build(self, pipeline: tree.Pipeline) -> list[Operator]:
        """Compile a pipeline, so that its mistakes are found when the search is compiled."""

    def parse(self, text: str) -> tree.Pipeline:
        """Parse search text that a command holds (map), with the environment's macros."""

    def check(self, node: tree.Node) -> None:
        """Check an eval expression: unknown functions, wrong arity; raises with the position."""

    def expression(self, group: tree.Group | tree.Word) -> tree.Node:
        """Parse the text of a group (or word) as an eval expression, with the right positions."""

    def search_expression(self, group: tree.Group | tree.Word) -> tree.Node:
        """Parse the text of a group (or quoted word) as a search expression."""

    def aggregation(self, node: tree.Aggregation) -> None:
        """Check an aggregation: unknown function, wrong arguments; raises with the position."""

    def has_handler(self, name: str) -> bool:
        """Say whether the caller registered a handler for a command."""


@dataclass(frozen=True)
class Chart:
    """How the results of a charting command are drawn: the kind of chart, and which columns label its axis (the time
    where there is one, the first column, or those before the count)."""

    kind: Literal["line", "column", "bar", "map"]
    axis: Literal["time", "first", "values"] = "time"


@dataclass(frozen=True)
class Hazard:
    """What makes a command do less than its author expects: for the lint rule of that code.

    `found(command, before, behind)` gives the node that has it, None where nothing has, told the commands before and
    behind it; `{name}` in the texts is the command's name.
    """

    code: str
    message: str
    hint: str
    found: Callable[[tree.Command, Sequence[tree.Command], Sequence[tree.Command]], tree.Node | None]


Reach: TypeAlias = Literal["rows", "events", "server", "searches", "acts"]
"""`rows`: nothing else, or what a lookup table holds. `events`: indexes or data models, in its own way. `server`: what
Splunk's server keeps (saved searches, jobs, models). `searches`: those that it makes while it runs. `acts`: it writes
or does something outside of the search."""


def _no_patterns(command: tree.Command) -> Sequence[tuple[str, tree.Word]]:
    return ()


@dataclass(frozen=True)
class CommandSpec:
    """A command. `dialect` names its grammar: search, expressions, aggregation, arguments, or `commands/NAME`.

    `build(node, scope)` checks the arguments and returns the operator; None for a command that parses but does not
    run (compiling it raises UnsupportedFeature). Options that `options` lacks are an error, unless `any_option`.
    `category`: streaming, transforming, generating, orchestrating, dataset processing (Splunk's own words).
    `clauses` are keywords that begin a clause (`by`, `output`, `outputnew`, `over`, `from`, `where` …).
    """

    name: str
    dialect: str
    build: Callable[[tree.Command, BuildScope], Operator] | None
    options: Mapping[str, OptionSpec] = field(default_factory=dict)
    clauses: tuple[str, ...] = ()
    syntax: str = ""
    category: str = "streaming"
    any_option: bool = False
    open_clauses: tuple[str, ...] = ()
    """Those of `clauses` behind which nothing needs to stand."""
    renames: bool = False
    """True where `a as b` in its arguments is a `Rename`."""
    assigns: bool = False
    """True where, of the dialect `expressions`, it takes assignments; else it takes one expression."""
    raw_subsearch: bool = False
    """True where its square brackets hold a template that is substituted before it is parsed (foreach)."""
    pipelines: bool = False
    """True where its square brackets hold a pipeline that the command runs (append, join), not one that gives text."""
    source: str = ""
    doc: str = ""
    examples: tuple[Example, ...] = ()
    generating: bool = False
    """True where it may be the first command after a leading pipe and makes its own rows."""
    rereads: bool = False
    """True where, behind other commands, it reads the run's events again, by itself or in a subsearch."""
    reach: Reach = "rows"
    """What it works on beyond the rows that it is given."""
    streams_only: bool = False
    """True where its subsearches have to read events, and stream them (multisearch), or may do so (union)."""
    over_rows: bool = False
    """True where its subsearch works on the rows before it (appendpipe), not on events."""
    tabular: bool | None = None
    """Whether its results are a table; None: where it is transforming or generating."""
    chart: Chart | None = None
    """How its results are drawn, where they are shown as a chart, too."""
    keeps_chart: bool = False
    """True where the results of a charting command before it are still what is drawn."""
    names: frozenset[Literal["function", "lookup", "datamodel"]] = frozenset()
    """What its arguments may name besides fields."""
    uses: FieldUses = OPAQUE
    reduces: bool = False
    """True where it gives few rows, however many there were."""
    calculates: bool = False
    """True where it works out something over the rows before it, so that it matters whether all of them are there."""
    dataset: Callable[[tree.Command], tuple[str, tree.Word] | None] | None = None
    """Which dataset of a data model a command reads, with the word that names it; None: it reads none."""
    condition: Literal["search", "eval"] | None = None
    """How the condition is written by which it keeps rows, all of its arguments or behind WHERE; None: it has none."""
    patterns: Callable[[tree.Command], Sequence[tuple[str, tree.Word]]] = _no_patterns
    """The regular expressions that it matches, each with the field that it looks in."""
    notes: Callable[[tree.Command, Batch, Batch], Iterable[str]] | None = None
    """What is to be said of the rows before and behind it, to those who ask why something was not found."""
    hazards: tuple[Hazard, ...] = ()
    deprecated: str = ""
    """What to do instead, of a command that Splunk deprecates."""


_commands: dict[str, CommandSpec] = {}

BuildFunction: TypeAlias = "Callable[[tree.Command, BuildScope], Operator]"


def command(
    name: str, dialect: str = "arguments", *, examples: tuple[Example, ...] = (), **settings: Any
) -> Callable[[BuildFunction], BuildFunction]:
    """Register the decorated `build(node, scope)` as a command; its docstring is the command's documentation."""

    def register(build: BuildFunction) -> BuildFunction:
        _commands[name] = CommandSpec(name, dialect, build, examples=examples, doc=build.__doc__ or "", **settings)
        return build

    return register


def declare_command(name: str, dialect: str = "arguments", doc: str = "", **settings: Any) -> None:
    """Register a command that parses but does not run; a module that runs it wins."""
    _commands.setdefault(name, CommandSpec(name, dialect, None, doc=doc, **settings))


def find_command(name: str) -> CommandSpec | None:
    """Return the spec of a command or alias, importing its module when needed; None where there is no such command.

    A command without a module of its own may stand in the table of commands that only parse (`commands/_declared.py`).
    """
    from splmini import commands

    name = commands.ALIASES.get(name, name)
    if name not in _commands and name in _built_in():
        if name in commands.MODULES or name in _modules():
            importlib.import_module(f"splmini.commands.{commands.MODULES.get(name, name)}")
        else:
            declare_command(name, **importlib.import_module("splmini.commands._declared").declaration(name))
    return _commands.get(name)


def command_names() -> frozenset[str]:
    """Return the names of all commands, aliases and those registered elsewhere included; no module is imported."""
    return _built_in().union(_commands)


@functools.cache
def _built_in() -> frozenset[str]:
    from splmini import commands
    from splmini.commands._declared import DECLARED

    own = _modules() - set(commands.MODULES.values())
    return own | frozenset(commands.MODULES) | frozenset(commands.ALIASES) | frozenset(DECLARED)


@functools.cache
def _modules() -> frozenset[str]:
    from splmini import commands

    found = (module for module in pkgutil.iter_modules(commands.__path__) if not module.ispkg)
    return frozenset(module.name for module in found if not module.name.startswith("_"))


def commands() -> Mapping[str, CommandSpec]:
    """Return all commands by canonical name, with every module imported."""
    for name in command_names():
        find_command(name)
    return _commands
