"""from: the rows of a dataset: of a data model, a lookup table, a saved search."""

from __future__ import annotations

from collections.abc import Sequence

from splmini.commands.arguments.reading import fail, read
from splmini.errors import UnsupportedFeature
from splmini.language import tree
from splmini.operators import Fields, Generating, Operator, RunContext, Stream, batched
from splmini.registry import BuildScope, Example, command

_KINDS = ("datamodel", "inputlookup", "lookup", "savedsearch")


def _named(words: Sequence[tree.Word]) -> tuple[str, str]:
    """The kind of a dataset and its name, a blank or a colon between them."""
    kind, _, name = words[0].text.partition(":")
    rest = "".join(word.text for word in words[1:])
    return kind.strip().lower(), (name + rest).strip().strip('"')


def _dataset(node: tree.Command) -> tuple[str, tree.Word] | None:
    words = [arg for arg in node.args if isinstance(arg, tree.Word)]
    kind, name = _named(words) if words else ("", "")
    return (name, words[-1]) if kind == "datamodel" and name else None


@command(
    "from",
    generating=True,
    category="generating",
    syntax="from (datamodel | inputlookup | lookup | savedsearch)[:]NAME",
    rereads=True,
    names=frozenset({"lookup", "datamodel"}),
    dataset=_dataset,
    reach="events",
    source="https://docs.splunk.com/Documentation/Splunk/latest/SearchReference/From",
    examples=(Example("| from datamodel:Authentication.Authentication | stats count", [{"count": 0}]),),
)
def build(node: tree.Command, scope: BuildScope) -> Operator:
    """Gives the rows of a dataset.

    `datamodel:Model.Dataset`: its events, with `_raw` and all their fields, calculated ones without a prefix.
    `inputlookup:NAME` or `lookup:NAME`: the rows of a lookup table. `savedsearch:NAME`: the results of a saved search.
    The name may be in double quotes, and stand behind a blank in place of the colon. Null fields are absent.

    *Multivalue* fields keep their values.

    Memory: rows come as a stream; nothing is kept.
    """
    words = read(node, {}, takes=(tree.Word,)).words
    if not words:
        fail(node, "from needs a dataset, such as datamodel:Model.Dataset.")
    if not scope.first:
        fail(node, "from has to be the first command of a search.")
    kind, name = _named(words)
    if kind not in _KINDS:
        raise UnsupportedFeature(
            f"from does not read datasets of the kind '{kind}'.",
            name=kind,
            span=words[0].span,
            hint=f"It reads {', '.join(_KINDS)}.",
        )
    if not name or (":" not in words[0].text and len(words) < 2):
        fail(node, f"from {kind} needs a name.", words[0])
    at = words[-1].span

    def generate(ctx: RunContext, needed: Fields) -> Stream:
        if kind == "datamodel":
            return ctx.apps.dataset(name, at).rows(ctx, needed, False, None, False)
        if kind == "savedsearch":
            return ctx.run(ctx.parse(ctx.apps.saved_search(name)), None, needed)
        table = ctx.lookups.table(name, at)
        fields = list(table.fields)
        return Stream(batched(table.rows()), lambda: fields)

    return Generating(name="from", generate=generate, dataset=True, node=node, span=node.span)
