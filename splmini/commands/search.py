"""search: the filter, and the first command of a search that starts without a pipe."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from splmini.commands.arguments.uses import condition_reads
from splmini.compiler import fields_read, with_bounds
from splmini.errors import UnsupportedFeature
from splmini.language import tree
from splmini.language.conjuncts import mapped
from splmini.operators import Batch, Fields, RunContext, Streaming, union
from splmini.registry import BuildScope, Example, FieldUses, command
from splmini.registry.uses import unchanged


@command(
    "search",
    "search",
    syntax="search <logical-expression>",
    category="streaming",
    keeps_chart=True,
    uses=FieldUses(reads=condition_reads, after=unchanged),
    condition="search",
    source="https://docs.splunk.com/Documentation/Splunk/latest/SearchReference/Search",
    examples=(
        Example(
            "search status>=400 NOT host=web0*",
            [{"host": "db1"}],
            ({"host": "db1", "status": 500}, {"host": "web01", "status": 404}),
        ),
        Example('search user IN (alice, "bob b*")', [{"user": "Alice"}], ({"user": "Alice"}, {"user": "carol"})),
        Example("| search NOT status=200", [{"status": 500}, {"n": 1}], ({"status": 200}, {"status": 500}, {"n": 1})),
        Example(
            "| search src=10.0.0.0/8 user=AD*",
            [{"src": "10.1.2.3", "user": "admin"}],
            ({"src": "10.1.2.3", "user": "admin"}, {"src": "192.0.2.1", "user": "admin"}),
        ),
    ),
)
def build(node: tree.Command, scope: BuildScope) -> Streaming:
    """Keep the events that satisfy a search expression.

    As the first command it reads the events; behind a pipe it filters rows. Terms next to each other are joined by
    AND; NOT binds strongest, then OR, then AND. Values compare without case, `*` is a wildcard (in quotes too), an
    address field compares with a CIDR block, numbers compare as numbers. A comparison with a field that is absent is
    false, so `field!=x` needs the field and `NOT field=x` does not; a multivalue field matches when one of its values
    does. Bare words and phrases are looked for in `_raw`, by whole terms.

    Time modifiers bound the events: `earliest=-1d@d latest=@d`, `_index_earliest`, `_index_latest`, and the old ones:
    `starthoursago=24 endhoursago=1`, `daysago=7`, `searchtimespanhours=5`, `starttimeu`, `endtimeu`, `starttime` and
    `endtime` in `timeformat`. A start is inclusive, an end is not. They hold wherever a search expression stands.

    *Null*: a comparison with an absent field is false. *Multivalue*: one value that fits is enough.
    """
    return filter_by(checked_search(node.args[0] if node.args else tree.And(()), scope), node)


def checked_search(expression: tree.Node, scope: BuildScope) -> tree.Node:
    """Return a search expression with its time modifiers as `earliest` and `latest`, and what selects events by tags
    (`hosttag=`, `eventtypetag=`) as tags.

    Mistakes in them and in its subsearches are found when the search is compiled.
    """
    stack = [expression]
    while stack:
        current = stack.pop()
        if isinstance(current, tree.Subsearch):
            scope.build(current.pipeline)
        else:
            stack.extend(tree.children(current))
    return with_bounds(mapped(expression, _modified) if scope.first else expression)


_TAGS = {"hosttag": "tag::host", "eventtypetag": "tag::eventtype"}


def _modified(node: tree.FieldComparison | tree.FieldIn) -> tree.Node:
    """Read the modifiers of a search that reads events; behind a pipe these names are those of fields."""
    if node.field in _TAGS:
        return replace(node, field=_TAGS[node.field])
    if node.field in ("savedsearch", "savedsplunk"):
        raise UnsupportedFeature(
            f"The events of a saved search are not selected by {node.field}= here.",
            name=f"{node.field}=",
            span=node.span,
            hint="Write its search in its place, or begin with | savedsearch NAME.",
        )
    return node


def filter_by(expression: tree.Node, node: tree.Command) -> Streaming:
    """Return the operator that keeps the rows satisfying a search expression."""
    reads = fields_read(expression)

    def bind(ctx: RunContext) -> Callable[[Batch], Batch]:
        test = ctx.predicate(expression)

        def keep(batch: Batch) -> Batch:
            return [row for row in batch if test(row)]

        return keep

    def requires(after: Fields) -> Fields:
        return union(after, reads)

    def filtered(other: tree.Node) -> Streaming:
        return filter_by(other, replace(node, args=(other,)))

    return Streaming(
        name="search",
        bind=bind,
        requires=requires,
        filters=True,
        predicate=expression,
        filter_by=filtered,
        writes=frozenset(),
        node=node,
        span=node.span,
    )
