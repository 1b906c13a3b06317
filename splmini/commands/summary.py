"""The summary command of MLTK: describes a model that fit made."""

from __future__ import annotations

from collections.abc import Iterator

from splmini.commands.arguments.reading import read
from splmini.language import tree
from splmini.learning.storage import check_name, load
from splmini.operators import Fields, Generating, Operator, Row, RunContext, Stream, batched
from splmini.registry import BuildScope, Example, command


@command(
    "summary",
    generating=True,
    syntax="summary <model>",
    category="generating",
    reach="server",
    source="https://docs.splunk.com/Documentation/MLApp/latest/User/Customsearchcommands",
    examples=(Example("| head 0 | fit StandardScaler v into m", []),),
)
def build(node: tree.Command, scope: BuildScope) -> Operator:
    """Give what a model learned: of a DensityFunction for each group its `type`, `min`, `max`, `mean`, `std`,
    `cardinality`, `distance` and `other`; the coefficients of a regression, the centres of clusters, the importance
    of a tree's features.

    A model that is not there is UnsupportedFeature, as with apply. *Null* and *multivalue* fields do not occur.
    """
    arguments = read(node, {}, takes=(tree.Word,))
    if len(arguments.words) != 1:
        arguments.fail("summary needs the name of one model.")
    word = arguments.words[0]
    name = check_name(word.text.strip("'"), word.span)

    def generate(ctx: RunContext, needed: Fields) -> Stream:
        def rows() -> Iterator[Row]:
            yield from load(ctx, name, "summary", word.span).summary()

        return Stream(batched(rows()))

    return Generating(name="summary", generate=generate, node=node, span=node.span)
