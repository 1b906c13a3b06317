"""The fields command: keep or remove fields."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from splmini.commands.arguments.reading import FieldPatterns, fail, field_names, is_internal, limited_to, read, without
from splmini.commands.arguments.uses import shown, shown_reads
from splmini.language import tree
from splmini.operators import Batch, Columns, Fields, Operator, RunContext, Streaming
from splmini.registry import BuildScope, Example, FieldUse, FieldUses, Follow, Known, OptionSpec, command
from splmini.values.wildcards import any_of

OPTIONS = {"keepcolorder": OptionSpec("bool", default=False, doc="Leave the columns in the order that they are in.")}


def _removes(command: tree.Command) -> bool:
    return bool(command.args) and isinstance(command.args[0], tree.Word) and command.args[0].text == "-"


def _reads(command: tree.Command) -> Iterator[FieldUse]:
    yield from () if _removes(command) else shown_reads(command)


def _after(command: tree.Command, before: Known | None, follow: Follow) -> Known | None:
    if not _removes(command):
        kept = shown(command, before, follow)
        internal = {"_time", "_raw"} if before is None or not before.reset else {"_time"} & before.names
        return None if kept is None else kept.plus(*internal)
    if before is None or not all(isinstance(arg, tree.Word) for arg in command.args):
        return None
    gone = any_of(use.name for use in shown_reads(command))
    return Known(frozenset(name for name in before.names if not gone(name)), before.why, before.reset)


@command(
    "fields",
    options=OPTIONS,
    syntax="fields [keepcolorder=<bool>] [+|-] <wc-field-list>",
    category="streaming",
    keeps_chart=True,
    uses=FieldUses(reads=_reads, after=_after),
    source="https://docs.splunk.com/Documentation/Splunk/latest/SearchReference/Fields",
    examples=(
        Example("| fields user, src*", ({"user": "a", "src_ip": "x"},), ({"user": "a", "src_ip": "x", "dest": "y"},)),
        Example("| fields - dest", ({"user": "a"},), ({"user": "a", "dest": "y"},)),
    ),
)
def build(node: tree.Command, scope: BuildScope) -> Operator:
    """Keep the fields of a list, in its order, or, behind `-`, remove them.

    Names may hold wildcards. With `keepcolorder=t`, which searches that Splunk has rewritten hold, the columns stay in
    the order that they are in. Internal fields (`_time`, `_raw`, …) are kept unless they are removed by name or by a
    pattern that begins with an underscore. A field that is not there is no error. *Multivalue* fields are kept whole.

    *Null* fields stay absent.
    """
    arguments = read(node, OPTIONS, takes=(tree.Word,))
    words = arguments.words
    removes = False
    if words and not words[0].quoted and words[0].text in ("-", "+"):
        removes = words[0].text == "-"
        words = words[1:]
    elif words and not words[0].quoted and len(words[0].text) > 1 and words[0].text[0] in "-+":
        removes = words[0].text[0] == "-"
        words = [tree.Word(words[0].text[1:], span=words[0].span), *words[1:]]
    names = field_names(words)
    if not names:
        fail(node, "fields needs a field list.")
    return _remove(node, names) if removes else _keep(node, names, arguments["keepcolorder"])


def _keep(node: tree.Command, names: Sequence[str], in_place: bool) -> Operator:
    patterns = FieldPatterns(names)
    ordered = tuple(names)

    def columns(before: Columns) -> Columns:
        if before is None:
            return None
        if in_place:
            return [name for name in before if is_internal(name) or patterns.matches(name)]
        internal = [name for name in before if is_internal(name) and not patterns.matches(name)]
        return internal + patterns.select(before)

    def bind(ctx: RunContext) -> Callable[[Batch], Batch]:
        internal: dict[str, bool] = {}

        def exact(batch: Batch) -> Batch:
            kept = []
            for row in batch:
                result = {name: row[name] for name in ordered if name in row}
                if len(result) < len(row):
                    for name in row:
                        if name[:1] == "_" and name not in result:
                            result[name] = row[name]
                kept.append(result)
            return kept

        def wild(batch: Batch) -> Batch:
            kept = []
            for row in batch:
                selected = patterns.select(row)
                result = {name: row[name] for name in selected}
                for name in row:
                    if internal.setdefault(name, is_internal(name)) and name not in result:
                        result[name] = row[name]
                kept.append(result)
            return kept

        def unmoved(batch: Batch) -> Batch:
            return [{name: row[name] for name in row if is_internal(name) or patterns.matches(name)} for row in batch]

        if in_place:
            return unmoved
        return wild if patterns.has_wildcards else exact

    return Streaming(
        name="fields",
        one_to_one=True,
        bind=bind,
        requires=limited_to([*names, "_*"]),
        columns=columns,
        node=node,
        span=node.span,
    )


def _remove(node: tree.Command, names: Sequence[str]) -> Operator:
    patterns = FieldPatterns(names)
    exact = tuple(name for name in names if name in patterns.exact)

    def requires(after: Fields) -> Fields:
        return without(after, exact)

    def columns(before: Columns) -> Columns:
        return None if before is None else [name for name in before if not patterns.matches(name)]

    def bind(ctx: RunContext) -> Callable[[Batch], Batch]:
        def removed(batch: Batch) -> Batch:
            for row in batch:
                for name in exact:
                    if name in row:
                        del row[name]
            return batch

        def removed_wild(batch: Batch) -> Batch:
            for row in batch:
                for name in [name for name in row if patterns.matches(name)]:
                    del row[name]
            return batch

        return removed_wild if patterns.has_wildcards else removed

    return Streaming(
        name="fields",
        one_to_one=True,
        bind=bind,
        requires=requires,
        columns=columns,
        writes=None if patterns.has_wildcards else frozenset(exact),
        node=node,
        span=node.span,
    )
