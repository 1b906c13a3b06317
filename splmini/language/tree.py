"""The tree: frozen dataclasses with spans. Spans are never compared, so equal searches are equal trees.

`Pipeline` holds `Command`s; a command's `args` are nodes of its dialect:

* `search`: one search expression (`And`, `Or`, `Not` over `Term`, `Directive`, `FieldComparison`, `FieldIn`,
  `Subsearch`)
* `expressions` (eval, where, fieldformat …): `Assignment`s, or one eval expression
* `aggregation` (stats, chart, …): `Option`s, `Aggregation`s, `Clause`s (`by`, `over`, `where`)
* `arguments` (all others): `Word`s, `Option`s, `Subsearch`es, `Group`s, `Rename`s (`a as b`) and `Clause`s (`by x`,
  `output a b`), in the order written; commas are layout.

`And`, `Or` and `Not` serve both expression dialects.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, fields
from typing import Any

from splmini.errors import NOWHERE, Span


@dataclass(frozen=True, slots=True, eq=False)
class Node:
    """Base of every node; `span` are offsets into the expanded text."""

    span: Span = field(default=NOWHERE, compare=False, repr=False, kw_only=True)

    def __str__(self) -> str:
        from splmini.language.printer import render

        return render(self)

    def __eq__(self, other: object) -> bool:
        """Compare all fields but spans, without recursion: a search may be nested deeper than Python recurses."""
        if not isinstance(other, Node):
            return NotImplemented
        stack: list[tuple[Any, Any]] = [(self, other)]
        while stack:
            left, right = stack.pop()
            if left is right:
                continue
            if type(left) is not type(right):
                if isinstance(left, Node) or isinstance(right, Node) or left != right:
                    return False
            elif isinstance(left, Node):
                stack.extend((getattr(left, name), getattr(right, name)) for name in _compared(type(left)))
            elif isinstance(left, tuple):
                if len(left) != len(right):
                    return False
                stack.extend(zip(left, right, strict=True))
            elif left != right:
                return False
        return True

    def __hash__(self) -> int:
        shallow = (getattr(self, name) for name in _compared(type(self)))
        return hash((type(self), *(value for value in shallow if isinstance(value, str))))


_fields_of: dict[Any, tuple[str, ...]] = {}


def _compared(kind: type[Node]) -> tuple[str, ...]:
    """The names of the fields of a kind of node that are compared: all but spans and how it was written."""
    names = _fields_of.get(kind)
    if names is None:
        names = _fields_of[kind] = tuple(each.name for each in fields(kind) if each.compare)
    return names


# ---- what both expression dialects share -------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, eq=False)
class And(Node):
    """All of `items` hold. `And(())` is everything: an empty search, an empty pair of brackets."""

    items: tuple[Node, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Or(Node):
    """One of `items` holds."""

    items: tuple[Node, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Not(Node):
    """`operand` does not hold."""

    operand: Node


@dataclass(frozen=True, slots=True, eq=False)
class Subsearch(Node):
    """A search in square brackets."""

    pipeline: Pipeline


@dataclass(frozen=True, slots=True, eq=False)
class Spliced(Node):
    """Arguments that cannot be parsed before a run has what the subsearches in them return: text and `Subsearch`es.

    A subsearch is text, put in place as it stands: it may be a word, half of one, or several arguments.
    """

    parts: tuple[str | Subsearch, ...]


# ---- the search dialect --------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, eq=False)
class Term(Node):
    """A bare word (`quoted` false) or a quoted phrase, matched against `_raw`. `*` in it is a wildcard."""

    text: str
    quoted: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class Directive(Node):
    """`TERM(text)` or `CASE(text)`; `name` is upper case."""

    name: str
    text: str


@dataclass(frozen=True, slots=True, eq=False)
class FieldComparison(Node):
    """`field op value` in a search. `op` is one of `= != < > <= >= ::` (`==` is normalised to `=`).

    `value` has its quotes and escapes resolved, except that a backslash before `*` stays; `quoted` says that it was
    in double quotes. `field=CASE(x)` has the unquoted value `CASE(x)`. Time modifiers (`earliest=-1h`), `index=`,
    `tag=`, `tag::f=`, `eventtype=` are comparisons too.
    """

    field: str
    op: str
    value: str
    quoted: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class FieldIn(Node):
    """`field IN (a, "b c", d*)`; each value a `Term`."""

    field: str
    values: tuple[Term, ...]


@dataclass(frozen=True, slots=True, eq=False)
class SubsearchComparison(Node):
    """`field op [search …]`: the text that the subsearch returns is the value."""

    field: str
    op: str
    subsearch: Node


@dataclass(frozen=True, slots=True, eq=False)
class FieldInSubsearch(Node):
    """`field IN ([search …], b)`: what the subsearches return are values of the list; `values` mixes `Term`s in."""

    field: str
    values: tuple[Node, ...]


# ---- the eval dialect ----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, eq=False)
class String(Node):
    """A double-quoted literal, escapes resolved."""

    value: str


@dataclass(frozen=True, slots=True, eq=False)
class Number(Node):
    """A number as written, such as `007`, `1.50`, `.5`, `0x1F`, `1e3`."""

    text: str

    @property
    def value(self) -> int | float:
        """The number that the text stands for."""
        text = self.text.lower()
        if text.startswith("0x"):
            return int(text, 16)
        try:
            return int(text)
        except ValueError:
            return float(text)


@dataclass(frozen=True, slots=True, eq=False)
class Boolean(Node):
    """`true` or `false`, written as a bare word where no field of that name could be meant."""

    value: bool


@dataclass(frozen=True, slots=True, eq=False)
class FieldRef(Node):
    """A field; `quoted` says that it stood in single quotes."""

    name: str
    quoted: bool = field(default=False, compare=False)


@dataclass(frozen=True, slots=True, eq=False)
class Template(Node):
    """A target whose name is made from values: `{a}`, `pre_{a}`; `parts` alternate literal text and field names."""

    parts: tuple[str | FieldRef, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Call(Node):
    """A function call; `name` in lower case."""

    name: str
    args: tuple[Node, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Unary(Node):
    """`-x` or `+x`."""

    op: str
    operand: Node


@dataclass(frozen=True, slots=True, eq=False)
class Binary(Node):
    """Arithmetic `+ - * / %` and concatenation `.`."""

    op: str
    left: Node
    right: Node


@dataclass(frozen=True, slots=True, eq=False)
class Comparison(Node):
    """`= != < > <= >=` (`==` is normalised to `=`) and `like` (infix LIKE) between two eval expressions."""

    op: str
    left: Node
    right: Node


@dataclass(frozen=True, slots=True, eq=False)
class InList(Node):
    """`operand IN (a, b, …)` in eval."""

    operand: Node
    items: tuple[Node, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Xor(Node):
    """An odd number of `items` hold."""

    items: tuple[Node, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Assignment(Node):
    """`target = value` of eval; also of fieldformat."""

    target: FieldRef | Template
    value: Node


# ---- arguments and aggregation -------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, eq=False)
class Word(Node):
    """A bare word, number, name or wildcard (`quoted` false), or a quoted string, escapes resolved.

    `quoted` is `"` or `'` for the quote that was used, else the empty string.
    """

    text: str
    quoted: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class Option(Node):
    """`name=value` of a command; `name` in lower case, `value` a `Word`, `Group` (without a name for a list) or
    `Subsearch`.

    `written` is the name as it was written, for commands whose left side is a field (rangemap, setfields, return).
    `op` is `!=` in `regex field!="…"`.
    """

    name: str
    value: Node
    written: str = field(default="", compare=False)
    op: str = "="


@dataclass(frozen=True, slots=True, eq=False)
class Group(Node):
    """What stands in round brackets, verbatim: `text` without the brackets; `name` the word directly before it.

    A command parses the text itself, with the dialect that it expects there (`scope.expression(group)`).
    """

    text: str
    name: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class Rename(Node):
    """`source as alias` in an argument list: `rename a as b`, `lookup t a as b`."""

    source: Word
    alias: Word


@dataclass(frozen=True, slots=True, eq=False)
class Clause(Node):
    """A keyword with what belongs to it: `by a b`, `over a`, `output a as b`, `from datamodel=X`, `where …`.

    `keyword` in lower case. `items`: `Word`s, `Rename`s, `Option`s; for `where`, one search expression (tstats, mstats)
    or what the command's own grammar gives.
    """

    keyword: str
    items: tuple[Node, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Aggregation(Node):
    """`function(args) as alias`; `args` are `Word`s (field names, wildcards), `Call`s `eval(expr)`, or `Aggregation`s
    (sparkline). `function` in lower case as written (`p95`, `perc99`, `count`, `c`); no brackets give no args.
    """

    function: str
    args: tuple[Node, ...] = ()
    alias: str | None = None
    written: str = field(default="", compare=False)
    """The call as the user wrote it, without blanks around: the default column name is made from it."""


@dataclass(frozen=True, slots=True, eq=False)
class RawSubsearch(Node):
    """The unparsed text in square brackets of a command that substitutes into it (foreach)."""

    text: str


@dataclass(frozen=True, slots=True, eq=False)
class Command(Node):
    """One command of a pipeline; `name` in lower case, as written (aliases stay)."""

    name: str
    args: tuple[Node, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class Pipeline(Node):
    """A search: its commands in order. `leading_pipe` says that the text started with a pipe."""

    commands: tuple[Command, ...]
    leading_pipe: bool = False


def children(node: Node) -> list[Node]:
    """Return the direct children of a node, in order."""
    found: list[Node] = []
    for name in _compared(type(node)):
        value = getattr(node, name)
        if value.__class__ is str:
            continue
        if isinstance(value, Node):
            found.append(value)
        elif value.__class__ is tuple:
            found.extend(_nodes(value))
    return found


def _nodes(values: tuple[Any, ...]) -> list[Node]:
    """The nodes in a tuple, and in the tuples in it."""
    found: list[Node] = []
    for item in values:
        if isinstance(item, Node):
            found.append(item)
        elif item.__class__ is tuple:
            found.extend(_nodes(item))
    return found


def walk(node: Node) -> Iterator[Node]:
    """Yield a node and all its descendants, depth first, without recursion."""
    stack = [node]
    while stack:
        current = stack.pop()
        yield current
        below = children(current)
        if below:
            below.reverse()
            stack.extend(below)
