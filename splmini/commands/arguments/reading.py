"""What command modules share: reading arguments against an option table, field lists, and what an expression reads.

A command module declares its options once, as a mapping of `OptionSpec`, and hands it both to `@command(options=…)`
and to `read`:

    OPTIONS = {"limit": OptionSpec("int", default=10, doc="How many rows.")}

    @command("example", options=OPTIONS, clauses=("by",))
    def build(node, scope):
        arguments = read(node, OPTIONS, clauses=("by",))
        arguments["limit"]                      # 10, or what the user wrote, converted
        field_names(arguments.words)            # the positional words as field names
        field_names(arguments.clause("by"))     # the names after `by`

Everything that the table does not know is an `ArgumentError` with the span of the offending node.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NoReturn

from splmini import compiler
from splmini.commands.arguments.options import convert
from splmini.errors import ArgumentError, Span, did_you_mean
from splmini.language import tree
from splmini.language.clauses import named_field
from splmini.operators import Fields, union
from splmini.registry import OptionSpec
from splmini.values import wildcards

# ---- reading the arguments of a command ----------------------------------------------------------------------------


@dataclass
class Arguments:
    """The arguments of one command, sorted by what they are; `options` holds converted values, defaults filled in.

    `words`, `groups`, `subsearches`, `renames`, `aggregations` keep the order written; `positional` is all of these
    in one list; `given` holds the option nodes that the user wrote, `clauses` the clauses by keyword.
    """

    command: tree.Command
    options: dict[str, Any] = field(default_factory=dict)
    given: dict[str, tree.Option] = field(default_factory=dict)
    clauses: dict[str, tree.Clause] = field(default_factory=dict)
    positional: list[tree.Node] = field(default_factory=list)

    def __getitem__(self, name: str) -> Any:
        return self.options[name]

    @property
    def words(self) -> list[tree.Word]:
        """The positional words."""
        return [node for node in self.positional if isinstance(node, tree.Word)]

    @property
    def groups(self) -> list[tree.Group]:
        """The positional groups: `(text)` and `name(text)`."""
        return [node for node in self.positional if isinstance(node, tree.Group)]

    @property
    def renames(self) -> list[tree.Rename]:
        """The positional `a as b`."""
        return [node for node in self.positional if isinstance(node, tree.Rename)]

    @property
    def subsearches(self) -> list[tree.Subsearch]:
        """The subsearches in square brackets."""
        return [node for node in self.positional if isinstance(node, tree.Subsearch)]

    @property
    def aggregations(self) -> list[tree.Aggregation]:
        """The aggregations of the aggregation dialect."""
        return [node for node in self.positional if isinstance(node, tree.Aggregation)]

    def clause(self, keyword: str) -> tuple[tree.Node, ...]:
        """Return the items of a clause; none where the clause was not written."""
        clause = self.clauses.get(keyword)
        return clause.items if clause is not None else ()

    def fail(self, message: str, at: tree.Node | None = None, hint: str | None = None) -> NoReturn:
        """Raise an ArgumentError about this command, at a node (default: the whole command)."""
        fail(self.command, message, at, hint)

    def need(self, *kinds: type[tree.Node]) -> None:
        """Raise where a positional argument is of no kind named here (a subsearch to a command that takes none …)."""
        for node in self.positional:
            if not isinstance(node, kinds):
                self.fail(f"{self.command.name} does not take '{node}' here.", node)


def fail(command: tree.Command, message: str, at: tree.Node | None = None, hint: str | None = None) -> NoReturn:
    """Raise an ArgumentError about a command, with the position of `at` (default: the command itself)."""
    raise ArgumentError(message, name=command.name, hint=hint, span=(at or command).span)


def read(
    node: tree.Command,
    options: Mapping[str, OptionSpec],
    *,
    clauses: Sequence[str] = (),
    takes: tuple[type[tree.Node], ...] | None = None,
    any_option: bool = False,
) -> Arguments:
    """Sort and check the arguments of a command.

    `options` are the options that it has; one that is not there is an ArgumentError with the nearest name, unless
    `any_option` (then it is found in `given` only). `takes` are the node classes that are allowed as positional
    arguments (None: all). A clause that `clauses` lacks and an option given twice are errors.
    """
    result = Arguments(node, options={name: spec.default for name, spec in options.items()})
    for argument in node.args:
        if isinstance(argument, tree.Option):
            _take_option(result, argument, options, any_option)
        elif isinstance(argument, tree.Clause):
            if argument.keyword not in clauses:
                fail(node, f"{node.name} has no clause '{argument.keyword}'.", argument)
            if argument.keyword in result.clauses:
                fail(node, f"{node.name} takes the clause '{argument.keyword}' once.", argument)
            result.clauses[argument.keyword] = argument
        else:
            result.positional.append(argument)
    if takes is not None:
        if tree.Group not in takes:
            result.positional = [named_field(argument) or argument for argument in result.positional]
        result.need(*takes)
    return result


def _take_option(result: Arguments, option: tree.Option, options: Mapping[str, OptionSpec], any_option: bool) -> None:
    command = result.command
    name = option.name
    spec = options.get(name)
    if spec is None and not any_option:
        hint = did_you_mean(name, options)
        if hint is None:
            hint = f"Its options are {', '.join(options)}." if options else "It has no options."
        fail(command, f"{command.name} has no option '{option.name}'.", option, hint)
    if spec is not None and option.op != "=":
        fail(command, f"The option {option.name} of {command.name} is set with =, not with {option.op}.", option)
    if name in result.given:
        fail(command, f"{command.name} takes the option '{option.name}' once.", option)
    result.given[name] = option
    if spec is not None:
        result.options[name] = convert(option, spec, command)


# ---- field lists ---------------------------------------------------------------------------------------------------


def field_names(nodes: Iterable[tree.Node], command: tree.Command | None = None) -> list[str]:
    """Return the field names of words, in order and without repetitions; wildcards stay as they are.

    A node that is no word is an ArgumentError.
    """
    names: dict[str, None] = {}
    for node in nodes:
        if not isinstance(node, tree.Word):
            raise ArgumentError(
                f"Expected a field name, not '{node}'.", name=command.name if command else None, span=node.span
            )
        names[node.text] = None
    return list(names)


def repeated(words: Iterable[tree.Word]) -> tree.Word | None:
    """Return the first word that was there before; None where all differ."""
    met: set[str] = set()
    for word in words:
        if word.text in met:
            return word
        met.add(word.text)
    return None


def one_field(arguments: Arguments, what: str = "a field") -> str:
    """Return the single positional word of a command as a field name; anything else is an ArgumentError."""
    arguments.positional = [named_field(node) or node for node in arguments.positional]
    arguments.need(tree.Word)
    if not arguments.words:
        arguments.fail(f"{arguments.command.name} needs {what}.")
    if len(arguments.words) > 1:
        arguments.fail(f"{arguments.command.name} takes one field.", arguments.words[1])
    return arguments.words[0].text


def renamed_field(arguments: Arguments) -> tuple[str, str | None]:
    """Return the field of `FIELD [AS NAME]` and its new name, also where options stand between field and AS.

    Anything else is an ArgumentError.
    """
    name = arguments.command.name
    arguments.need(tree.Word, tree.Rename)
    named, words = arguments.positional, arguments.words
    if not named:
        arguments.fail(f"{name} needs a field.")
    if len(words) == len(named) == 3 and words[1].text.lower() == "as":
        return words[0].text, words[2].text
    if len(named) > 1:
        arguments.fail(f"{name} takes one field.", named[1])
    if arguments.renames:
        return arguments.renames[0].source.text, arguments.renames[0].alias.text
    return words[0].text, None


class FieldPatterns:
    """A field list that may hold wildcards, applied to the fields of rows; results are remembered per field name.

    As in Splunk, a wildcard reaches internal fields (`_time`, `_raw`) only where the pattern begins with an underscore.

    >>> FieldPatterns(["b*", "a"]).select(["a", "x", "b2", "b1", "_b"])
    ['b2', 'b1', 'a']
    """

    def __init__(self, patterns: Sequence[str]) -> None:
        self.patterns = list(patterns)
        self.exact = frozenset(each for each in patterns if not wildcards.has_wildcard(each))
        self._matchers = {
            each: wildcards.compile_wildcard(each, ignore_case=False) for each in patterns if each not in self.exact
        }
        self._known: dict[str, bool] = dict.fromkeys(self.exact, True)

    @property
    def has_wildcards(self) -> bool:
        """True where one of the patterns holds a `*`."""
        return bool(self._matchers)

    def matches(self, name: str) -> bool:
        """Say whether a field is in the list."""
        known = self._known.get(name)
        if known is None:
            known = self._known[name] = any(self._reaches(pattern, name) for pattern in self._matchers)
        return known

    def _reaches(self, pattern: str, name: str) -> bool:
        return (not name.startswith("_") or pattern.startswith("_")) and self._matchers[pattern](name)

    def select(self, names: Iterable[str]) -> list[str]:
        """Return the names that are in the list, in the order of the list; within a wildcard in the order given."""
        available = dict.fromkeys(names)
        result: dict[str, None] = {}
        for pattern in self.patterns:
            if pattern in self.exact:
                if pattern in available:
                    result[pattern] = None
            else:
                result.update(dict.fromkeys(name for name in available if self._reaches(pattern, name)))
        return list(result)


def is_internal(name: str) -> bool:
    """Say whether a field is internal: its name begins with an underscore (`_time`, `_raw`, `_indextime` …)."""
    return name.startswith("_")


# ---- which fields an expression reads ------------------------------------------------------------------------------


def fields_read(*nodes: tree.Node) -> Fields:
    """Return the fields that expressions read; ALL where a function in them may read any field."""
    return union(*(compiler.fields_read(node) for node in nodes))


def without(after: Fields, removed: Iterable[str]) -> Fields:
    """Return the needed fields less those named (patterns in `after` stay; ALL stays ALL)."""
    return None if after is None else after - frozenset(removed)


def reading(read_fields: Fields, written: Iterable[str] = ()) -> Callable[[Fields], Fields]:
    """Return a `requires` declaration: (what is needed after − `written`) ∪ `read_fields`."""
    targets = frozenset(written)

    def requires(after: Fields) -> Fields:
        return union(without(after, targets), read_fields)

    return requires


def only(names: Iterable[str]) -> Callable[[Fields], Fields]:
    """Return a `requires` declaration: exactly these fields or patterns, whatever is needed after."""
    needed = frozenset(names)

    def requires(after: Fields) -> Fields:
        return needed

    return requires


def limited_to(names: Iterable[str]) -> Callable[[Fields], Fields]:
    """Return a `requires` declaration of a projection: of these fields or patterns, those that are needed after."""
    kept = frozenset(names)

    def requires(after: Fields) -> Fields:
        return kept if after is None else intersection(kept, after)

    return requires


def intersection(left: frozenset[str], right: frozenset[str]) -> frozenset[str]:
    """Return what two sets of names and patterns have in common; two patterns that may overlap give the left one.

    >>> sorted(intersection(frozenset({"a*", "b"}), frozenset({"a1", "*b", "c"})))
    ['a*', 'a1', 'b']
    """
    result: set[str] = set()
    for one in left:
        for other in right:
            if "*" in one and "*" in other:
                result.add(one)
            elif "*" in one and wildcards.compile_wildcard(one, ignore_case=False)(other):
                result.add(other)
            elif one == other or ("*" in other and wildcards.compile_wildcard(other, ignore_case=False)(one)):
                result.add(one)
    return frozenset(result)


def span_of(nodes: Sequence[tree.Node]) -> Span:
    """Return the span from the first to the last of some nodes."""
    return Span(min(node.span.start for node in nodes), max(node.span.end for node in nodes))
