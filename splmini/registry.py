"""The three tables: commands, eval functions, stats functions. Each entry is declared where its code stands.

A command lives in `splmini/commands/NAME.py` (aliases in `splmini.commands.ALIASES`), and its module is imported when
the command is first met. Functions live in `splmini/functions/{eval,stats}/FAMILY.py`; all of them are imported when
the first function is met. An entry carries its documentation and examples: the reference pages come from them, and
the examples run as tests.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias, TypeVar

if TYPE_CHECKING:
    from splmini.language import tree
    from splmini.operators import Operator, Row, RunContext, Value

# ---- examples ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Example:
    """A search, the events it runs over and the rows it must give (only the named fields are compared).

    For eval functions `spl` may be a bare expression: `Example('lower("ABC")', "abc")`.
    """

    spl: str
    expect: Any
    events: tuple[Mapping[str, Any], ...] = ()


# ---- commands ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class OptionSpec:
    """An option of a command: `kind` is one of int, number, bool, string, field, fields, span, time, enum, regex, any.

    `choices` for enum. `default` is what Splunk documents. `doc` one sentence.
    """

    kind: str = "string"
    default: Any = None
    doc: str = ""
    choices: tuple[str, ...] = ()


class BuildScope(Protocol):
    """What a command's `build` may ask while a search is compiled; `splmini.plan.build` implements it."""

    first: bool
    """True for the first command of a pipeline."""

    def build(self, pipeline: tree.Pipeline) -> list[Operator]:
        """Compile a pipeline, so that its mistakes are found when the search is compiled."""

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
    renames: bool = False
    """True where `a as b` in its arguments is a `Rename`."""
    raw_subsearch: bool = False
    """True where its square brackets hold a template that is substituted before it is parsed (foreach)."""
    source: str = ""
    doc: str = ""
    examples: tuple[Example, ...] = ()
    generating: bool = False
    """True where it may be the first command after a leading pipe and makes its own rows."""


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
    if name not in _commands and name in command_names():
        if name in commands.MODULES or name in _modules():
            importlib.import_module(f"splmini.commands.{commands.MODULES.get(name, name)}")
        else:
            importlib.import_module("splmini.commands._declared").declare(name)
    return _commands.get(name)


def command_names() -> frozenset[str]:
    """Return the names of all commands, aliases included, without importing their modules."""
    global _names
    if _names is None:
        from splmini import commands
        from splmini.commands._declared import DECLARED

        own = _modules() - set(commands.MODULES.values())
        _names = own | frozenset(commands.MODULES) | frozenset(commands.ALIASES) | frozenset(DECLARED)
    return _names


def _modules() -> frozenset[str]:
    global _module_names
    if _module_names is None:
        from splmini import commands

        found = (module.name for module in pkgutil.iter_modules(commands.__path__))
        _module_names = frozenset(name for name in found if not name.startswith("_"))
    return _module_names


_names: frozenset[str] | None = None
_module_names: frozenset[str] | None = None

# ---- eval functions ------------------------------------------------------------------------------------------------


class Scope(Protocol):
    """What compiling an eval expression for one run may ask; `splmini.compiler.RunScope` implements it."""

    @property
    def ctx(self) -> RunContext:
        """The run."""

    def compile(self, node: tree.Node) -> Callable[[Row], Value]:
        """Compile a node to a function of the row; a null value is None, a truth value a bool, multivalue a list."""

    def constant(self, node: tree.Node) -> Any:
        """Return the value of a constant node; raises LookupError where it depends on the row."""


@dataclass(frozen=True)
class EvalFunction:
    """An eval function, either plain (`call`, on evaluated arguments) or a form (`form`, on nodes).

    `kinds` says what each argument is turned into before the call (the last one repeats): `any`, `text` (numbers are
    printed), `number` (numeric strings become numbers; what is no number makes the result null), `integer`, `bool`,
    `list` (always a list; null is []), `scalar` (as it is, but see `multivalue`).
    `null`: `propagate` (one null argument makes null, the default) or `pass` (None is handed in).
    A literal of the wrong kind is an error when the search is compiled: a number or null() for `text`, a string for
    `number` and `integer`, a string for `bool`. For a form, `kinds` serves this check alone.

    `multivalue`: `each` (a multivalue first argument: the function applies to each value, the results are
    multivalue; of a multivalue in another place the first value counts), `null` (a multivalue argument makes null),
    `first`, `pass` (lists are handed in; kinds apply to items).
    """

    name: str
    least: int
    most: int | None
    kinds: tuple[str, ...]
    null: str
    multivalue: str
    call: Callable[..., Any] | None
    form: Callable[[tree.Call, Scope], Callable[[Row], Value]] | None
    check: Callable[[tree.Call], None] | None
    source: str
    doc: str
    examples: tuple[Example, ...]
    family: str
    pure: bool
    returns: str = "any"
    """The type of its result, where that is always the same: number, text, bool, null; else any."""
    whole_row: bool = False
    """True where it reads more of the row than its arguments (searchmatch)."""


_eval_functions: dict[str, EvalFunction] = {}
FunctionT = TypeVar("FunctionT", bound=Callable[..., Any])
Arity: TypeAlias = "int | tuple[int, int | None]"


def _bounds(arity: Arity) -> tuple[int, int | None]:
    return (arity, arity) if isinstance(arity, int) else arity


def eval_function(
    name: str,
    arity: Arity,
    *kinds: str,
    null: str = "propagate",
    multivalue: str = "each",
    source: str = "",
    aliases: tuple[str, ...] = (),
    examples: tuple[Example, ...] = (),
    check: Callable[[tree.Call], None] | None = None,
    pure: bool = True,
    returns: str = "any",
) -> Callable[[FunctionT], FunctionT]:
    """Register a plain eval function. See `EvalFunction` for `kinds`, `null`, `multivalue`; the docstring is its page.

    `check(call)` may raise at compile time (a bad regular expression, a wrong literal). `pure` false: it is never
    folded to a constant (random).
    """

    def register(function: FunctionT) -> FunctionT:
        least, most = _bounds(arity)
        family = function.__module__.rpartition(".")[2]
        for each in (name, *aliases):
            _eval_functions[each] = EvalFunction(
                each,
                least,
                most,
                kinds or ("any",),
                null,
                multivalue,
                function,
                None,
                check,
                source,
                function.__doc__ or "",
                examples,
                family,
                pure,
                returns,
            )
        return function

    return register


def eval_form(
    name: str,
    arity: Arity,
    *kinds: str,
    source: str = "",
    aliases: tuple[str, ...] = (),
    examples: tuple[Example, ...] = (),
    check: Callable[[tree.Call], None] | None = None,
    pure: bool = True,
    returns: str = "any",
    whole_row: bool = False,
) -> Callable[[FunctionT], FunctionT]:
    """Register an eval function that compiles its own arguments: `form(call, scope) -> Callable[[row], value]`."""

    def register(function: FunctionT) -> FunctionT:
        least, most = _bounds(arity)
        family = function.__module__.rpartition(".")[2]
        for each in (name, *aliases):
            _eval_functions[each] = EvalFunction(
                each,
                least,
                most,
                kinds or ("any",),
                "pass",
                "pass",
                None,
                function,
                check,
                source,
                function.__doc__ or "",
                examples,
                family,
                pure,
                returns,
                whole_row,
            )
        return function

    return register


# ---- stats functions -----------------------------------------------------------------------------------------------


class Accumulator(Protocol):
    """One aggregate over one group. Pickles; `merge` takes one made from later rows."""

    def add(self, value: Any) -> None:
        """Take in one value: never null, never multivalue (each value is added by itself)."""

    def merge(self, other: Any) -> None:
        """Take in another accumulator of the kind."""

    def result(self) -> Value:
        """Give the aggregate; None where it is null."""


@dataclass(frozen=True)
class StatsFunction:
    """A stats function: `make(*parameters)` gives an accumulator.

    `argument`: `optional` (count), `required`, or `none`. `takes`: `value` (add(value)), `number` (add(float or int);
    other values are skipped), `ordered` (add(value, order), the number of the row by arrival), `timed` (add(value,
    time, order), time from `_time`; rows without one are skipped), `series` (add(value, time, order, dimensions), the
    row's other fields as pairs of texts). Ordered ones also have `shift(rows)`, which moves the numbers they keep; so
    all merge in any order. `pattern`: a regular expression of the names it serves (`p95`, `perc99.9`), whose groups
    are the parameters. `whole`: a multivalue field comes as one list instead of value by value.
    """

    name: str
    make: Callable[..., Accumulator]
    argument: str
    takes: str
    pattern: str | None
    whole: bool
    empty: Value
    """The result over no values at all (count: 0)."""
    source: str
    doc: str
    examples: tuple[Example, ...]
    family: str


_stats_functions: dict[str, StatsFunction] = {}
ClassT = TypeVar("ClassT", bound=type)


def stats_function(
    name: str,
    *,
    argument: str = "required",
    takes: str = "value",
    pattern: str | None = None,
    whole: bool = False,
    empty: Value = None,
    source: str = "",
    aliases: tuple[str, ...] = (),
    examples: tuple[Example, ...] = (),
) -> Callable[[ClassT], ClassT]:
    """Register a class with `add`, `merge`, `result` as a stats function; its docstring is the function's page."""

    def register(make: ClassT) -> ClassT:
        family = make.__module__.rpartition(".")[2]
        for each in (name, *aliases):
            _stats_functions[each] = StatsFunction(
                each, make, argument, takes, pattern, whole, empty, source, make.__doc__ or "", examples, family
            )
        return make

    return register


def evaluate_expression(text: str) -> Any:
    """Evaluate an eval expression that reads no field (of an eval-based macro); the compiler is imported for it."""
    from splmini.language.parser import parse_expression

    compiler = importlib.import_module("splmini.compiler")
    return compiler.compile_expression(parse_expression(text), compiler.RunScope(None))({})


# ---- looking up ----------------------------------------------------------------------------------------------------

_loaded: set[str] = set()


def _load(package: str) -> None:
    if package not in _loaded:
        module = importlib.import_module(package)
        for each in pkgutil.iter_modules(module.__path__):
            importlib.import_module(f"{package}.{each.name}")
        _loaded.add(package)


def eval_functions() -> Mapping[str, EvalFunction]:
    """Return all eval functions by name, aliases included."""
    _load("splmini.functions.eval")
    return _eval_functions


def stats_functions() -> Mapping[str, StatsFunction]:
    """Return all stats functions by name, aliases included (`p95` is found through its pattern)."""
    _load("splmini.functions.stats")
    return _stats_functions


def commands() -> Mapping[str, CommandSpec]:
    """Return all commands by canonical name, with every module imported."""
    for name in command_names():
        find_command(name)
    return _commands


__all__ = [
    "Accumulator",
    "BuildScope",
    "CommandSpec",
    "EvalFunction",
    "Example",
    "OptionSpec",
    "Scope",
    "StatsFunction",
    "command",
    "command_names",
    "commands",
    "declare_command",
    "eval_form",
    "eval_function",
    "eval_functions",
    "evaluate_expression",
    "find_command",
    "stats_function",
    "stats_functions",
]
