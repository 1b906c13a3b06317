"""The rename command: give fields other names."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from splmini.commands.arguments.reading import FieldPatterns, fail, read
from splmini.language import tree
from splmini.operators import Batch, Columns, Fields, Operator, Row, RunContext, Streaming
from splmini.registry import BuildScope, Example, FieldUses, Follow, Known, command
from splmini.values.wildcards import has_wildcard, substitute

Pair = tuple[str, str]


def _after(command: tree.Command, before: Known | None, follow: Follow) -> Known | None:
    if before is None or not all(isinstance(arg, tree.Rename) for arg in command.args):
        return None
    names = set(before.names)
    for arg in command.args:
        if isinstance(arg, tree.Rename):
            source, alias = arg.source.text, arg.alias.text
            if has_wildcard(source):
                names = {new if (new := substitute(source, alias, name)) is not None else name for name in names}
            else:
                names = (names - {source}) | {alias}
    return Known(frozenset(names), before.why, before.reset)


@command(
    "rename",
    renames=True,
    syntax="rename <wc-field> AS <wc-field> [, <wc-field> AS <wc-field>]...",
    category="streaming",
    keeps_chart=True,
    uses=FieldUses(after=_after),
    source="https://docs.splunk.com/Documentation/Splunk/latest/SearchReference/Rename",
    examples=(
        Example(
            '| rename Processes.* AS *, count AS "number of events"',
            ({"user": "a", "number of events": 2},),
            ({"Processes.user": "a", "count": 2},),
        ),
        Example(
            "| rename Processes.* as *",
            [{"user": "bob", "dest": "ws1"}],
            ({"Processes.user": "bob", "Processes.dest": "ws1"},),
        ),
        Example("| rename b as a", [{"a": 2}, {}], ({"a": 1, "b": 2}, {"a": 3})),
    ),
)
def build(node: tree.Command, scope: BuildScope) -> Operator:
    """Give fields other names, one after the other.

    A wildcard in the source stands for the same wildcard of the new name; both need the same number. Wildcards reach
    internal fields only where they begin with an underscore.

    *Null*: where a result lacks the source, the target is removed from it, since rename does not merge two fields
    (use `coalesce()`); where neither is there nothing happens. *Multivalue* fields are renamed whole.
    """
    arguments = read(node, {})
    for each in arguments.positional:
        if not isinstance(each, tree.Rename):
            fail(node, f"rename needs <field> AS <new name>, not '{each}'.", each)
    pairs: list[Pair] = []
    for each in arguments.renames:
        source, alias = each.source.text, each.alias.text
        if source.count("*") != alias.count("*"):
            fail(node, f"'{source}' and '{alias}' need the same number of wildcards.", each)
        pairs.append((source, alias))
    if not pairs:
        fail(node, "rename needs <field> AS <new name>.")
    wild = any(has_wildcard(source) for source, _ in pairs)

    def bind(ctx: RunContext) -> Callable[[Batch], Batch]:
        steps = [_wild_step(*pair) if has_wildcard(pair[0]) else _exact_step(*pair) for pair in pairs]

        def rename(batch: Batch) -> Batch:
            for row in batch:
                for step in steps:
                    step(row)
            return batch

        return rename

    return Streaming(
        name="rename",
        one_to_one=True,
        bind=bind,
        requires=_requires(pairs),
        columns=_columns(pairs),
        writes=None if wild else frozenset(name for pair in pairs for name in pair),
        names_before=_names_before(pairs),
        node=node,
        span=node.span,
    )


def _exact_step(source: str, alias: str) -> Callable[[Row], None]:
    def step(row: Row) -> None:
        if source in row:
            row[alias] = row.pop(source)
        elif alias in row:
            del row[alias]

    def same(row: Row) -> None:
        return None

    return same if source == alias else step


def renamed(source: str, alias: str) -> Callable[[str], str | None]:
    """Return a function from a field name to its new name under one `source AS alias`, None where it keeps its own."""
    reaches = FieldPatterns([source]).matches
    known: dict[str, str | None] = {}

    def new_name(name: str) -> str | None:
        if name not in known:
            new = substitute(source, alias, name) if reaches(name) else None
            known[name] = None if new == name else new
        return known[name]

    return new_name


def _wild_step(source: str, alias: str) -> Callable[[Row], None]:
    new_name = renamed(source, alias)

    def step(row: Row) -> None:
        changes = [(name, new) for name in row if (new := new_name(name)) is not None]
        if changes:
            values = [(new, row.pop(name)) for name, new in changes]
            row.update(values)

    return step


def _requires(pairs: Sequence[Pair]) -> Callable[[Fields], Fields]:
    def requires(after: Fields) -> Fields:
        needed = after
        for source, alias in reversed(pairs):
            if needed is None:
                return None
            needed = _before(needed, source, alias)
        return needed

    return requires


def _before(needed: frozenset[str], source: str, alias: str) -> Fields:
    """The fields needed before one renaming, given those needed after it."""
    patterned = any(has_wildcard(name) for name in needed)
    if not has_wildcard(source):
        if alias in needed:
            return (needed - {alias}) | {source}
        return None if patterned else needed
    if patterned:
        return None
    found = set(needed)
    for name in needed:
        origin = substitute(alias, source, name)
        if origin is not None:
            found.add(origin)
    return frozenset(found)


def _names_before(pairs: Sequence[Pair]) -> Callable[[frozenset[str]], Mapping[str, str] | None]:
    def names_before(reads: frozenset[str]) -> Mapping[str, str] | None:
        names = {name: name for name in reads}
        for source, alias in reversed(pairs):
            if has_wildcard(source):
                return None
            if source == alias:
                continue
            for name, now in names.items():
                if now == alias:
                    names[name] = source
                elif now == source:
                    return None
        return names

    return names_before


def _columns(pairs: Sequence[Pair]) -> Callable[[Columns], Columns]:
    def columns(before: Columns) -> Columns:
        if before is None:
            return None
        names = before
        for source, alias in pairs:
            if has_wildcard(source):
                new_name = renamed(source, alias)
                changed = {name: new for name in names if (new := new_name(name)) is not None}
            else:
                changed = {source: alias} if source in names else {}
            targets = set(changed.values())
            kept = [name for name in names if name in changed or name not in targets]
            names = list(dict.fromkeys(changed.get(name, name) for name in kept))
        return names

    return columns
