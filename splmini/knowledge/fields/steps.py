"""What field extraction is made of: steps, each with the fields it reads and writes."""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias

from splmini.limits import Limits
from splmini.operators import Fields
from splmini.values.multivalue import as_list, first, from_list
from splmini.values.numbers import to_text
from splmini.values.wildcards import compile_wildcard, has_wildcard

if TYPE_CHECKING:
    from splmini.context import Lookups
    from splmini.events import Events
    from splmini.knowledge.fields.columns import Over
    from splmini.language import tree
    from splmini.operators import Row, Value

Apply: TypeAlias = "Callable[[Row, Container[str]], None]"
"""Changes a row in place; the second argument are the fields that it must leave alone."""


class MapperContext(Protocol):
    """What a field mapper needs of a run; `RunContext` has it."""

    limits: Limits
    knowledge: str
    """`full`: EVAL and LOOKUP replace keys that the caller gave."""
    events: Events
    lookups: Lookups

    def message(self, level: str, command: str, text: str) -> None:
        """Add a message to the results."""

    def parse(self, text: str) -> tree.Pipeline:
        """Parse search text with the environment's macros."""

    def expression(self, node: tree.Node) -> Callable[[Row], Value]:
        """Compile an eval expression for this run."""

    def predicate(self, node: tree.Node) -> Callable[[Row], bool]:
        """Compile a search expression for this run."""


class Names:
    """A set of needed fields, which may hold patterns or be everything."""

    def __init__(self, fields: Fields) -> None:
        self.fields = fields
        self.plain = frozenset(name for name in fields or () if not has_wildcard(name))
        """The names in the set that are no patterns; where it is everything, those that were added by name."""
        self._patterns = [compile_wildcard(name, ignore_case=False) for name in fields or () if has_wildcard(name)]
        self._known: dict[str, bool] = {}

    def __contains__(self, name: object) -> bool:
        if self.fields is None or name in self.plain:
            return True
        if not self._patterns or not isinstance(name, str):
            return False
        known = self._known.get(name)
        if known is None:
            known = any(pattern(name) for pattern in self._patterns)
            if len(self._known) < 10_000:
                self._known[name] = known
        return known

    @property
    def exact(self) -> frozenset[str] | None:
        """The names, where they are all plain; else None."""
        return None if self.fields is None or self._patterns else self.plain

    def any_of(self, names: Iterable[str]) -> bool:
        """Say whether one of the names is in the set."""
        return any(name in self for name in names)

    def plus(self, names: Fields) -> Names:
        """Return the set with more names in it."""
        if names is None:
            return Names(None)
        if self.fields is not None:
            return self if names <= self.fields else Names(self.fields | names)
        everything = Names(None)
        everything.plain = self.plain | names
        return everything


METADATA = frozenset(
    {
        "_time",
        "_raw",
        "_indextime",
        "_cd",
        "_bkt",
        "_si",
        "_serial",
        "_subsecond",
        "source",
        "sourcetype",
        "host",
        "index",
        "linecount",
        "punct",
        "splunk_server",
        "splunk_server_group",
        "eventtype",
        "tag",
        "_sourcetype",
    }
)
"""Fields that no extraction has to make; a search that needs only these extracts nothing."""


@dataclass(frozen=True)
class Origin:
    """Where a field comes from: the kind of knowledge, the setting, its stanza and app."""

    kind: str
    setting: str
    stanza: str
    app: str

    def __str__(self) -> str:
        return f"{self.kind} {self.setting} [{self.stanza}] ({self.app})"


@dataclass(frozen=True)
class Step:
    """One setting at work. `writes` None: the names come from the data (then `may_write` may narrow them).

    `make(wanted, ctx)` gives the function over rows; it is called once a run for each set of needed fields.
    """

    origin: Origin
    reads: Fields
    writes: frozenset[str] | None
    make: Callable[[Names, MapperContext], Apply]
    verbatim: bool = True
    """Whether every value is a piece of what the step reads, as it stands there (but for escapes)."""
    member: Callable[[str], str | None] | None = None
    """Of a step that does nothing but read the JSON that `_raw` is: the member, by its flattened name, that a field of
    a name would be; None where the field cannot be one."""
    over: Callable[[Names, MapperContext, Apply], Over | None] | None = None
    """Makes the step over columns, of what `make` gave; None: it is carried out on rows of what it reads and writes."""

    def needed(self, wanted: Names) -> bool:
        """Say whether the step can yield one of the wanted fields."""
        if self.writes is not None:
            return wanted.any_of(self.writes)
        exact = wanted.exact
        return exact is None or not exact <= METADATA


def text_of(value: Any) -> str:
    """Return a field's value as the text that an extraction reads: values of a multivalue field are lines."""
    if isinstance(value, str):
        return value
    if isinstance(value, list):
        return "\n".join(item if isinstance(item, str) else to_text(item) for item in value)
    return to_text(value)


def class_of(event: Row) -> tuple[str, str, str]:
    """Return the source, sourcetype and host of an event as texts, by which stanzas are found; of several the first."""
    values = (first(event.get(name)) for name in ("source", "sourcetype", "host"))
    source, sourcetype, host = ("" if value is None else str(value) for value in values)
    return source, sourcetype, host


def append(row: Row, name: str, value: Any) -> None:
    """Add a value to a field that may be there already (MV_ADD)."""
    if name in row:
        row[name] = from_list([*as_list(row[name]), value])
    else:
        row[name] = value
