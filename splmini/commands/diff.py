"""The diff command: how one field differs between two results."""

from __future__ import annotations

import difflib
from collections.abc import Iterator

from splmini.commands.arguments.reading import fail, read
from splmini.language import tree
from splmini.operators import Operator, Row, RunContext, Sequence, Stream, batched
from splmini.registry import BuildScope, Example, OptionSpec, command
from splmini.values.multivalue import as_list
from splmini.values.numbers import to_text

OPTIONS = {
    "position1": OptionSpec("int", default=1, doc="The first result, from 1."),
    "position2": OptionSpec("int", default=2, doc="The second result, from 1."),
    "attribute": OptionSpec("field", default="_raw", doc="The field to compare."),
    "diffheader": OptionSpec("bool", default=False, doc="Whether the two header lines are shown."),
    "context": OptionSpec("bool", default=False, doc="A context diff instead of a unified one."),
    "maxlen": OptionSpec("int", default=100000, doc="The most characters of a value; 0: any."),
}


@command(
    "diff",
    options=OPTIONS,
    syntax="diff [position1=<int>] [position2=<int>] [attribute=<field>] [diffheader=<bool>] [context=<bool>] "
    "[maxlen=<int>]",
    category="transforming",
    source="https://docs.splunk.com/Documentation/Splunk/latest/SearchReference/Diff",
    examples=(Example("| diff attribute=a", ({"_raw": "Results are the Same"},), ({"a": "x"}, {"a": "x"})),),
)
def build(node: tree.Command, scope: BuildScope) -> Operator:
    """Compare a field of two results line by line; give one result whose `_raw` is the difference.

    A *null* field is empty text, the values of a *multivalue* field are lines.

    Memory: the two results.
    """
    arguments = read(node, OPTIONS, takes=())
    positions = (arguments["position1"], arguments["position2"])
    if min(positions) < 1:
        fail(node, "Results are counted from 1.")
    options = dict(arguments.options)

    def run(stream: Stream, ctx: RunContext) -> Stream:
        def rows() -> Iterator[Row]:
            found: dict[int, Row] = {}
            for number, row in enumerate(stream.rows(), 1):
                if number in positions:
                    found[number] = row
                if number >= max(positions):
                    break
            texts = [_text(found.get(position, {}), options) for position in positions]
            yield {"_raw": difference(texts[0], texts[1], options)}

        return Stream(batched(rows()), lambda: ["_raw"])

    return Sequence(name="diff", run=run, node=node, span=node.span)


def _text(row: Row, options: dict[str, object]) -> str:
    text = "\n".join(to_text(item) for item in as_list(row.get(str(options["attribute"]))))
    most = options["maxlen"]
    return text[:most] if isinstance(most, int) and most else text


def difference(first: str, second: str, options: dict[str, object]) -> str:
    """Return the difference of two texts, or the sentence that there is none."""
    if first == second:
        return "Results are the Same"
    compare = difflib.context_diff if options["context"] else difflib.unified_diff
    lines = list(compare(first.splitlines(), second.splitlines(), lineterm=""))
    return "\n".join(lines if options["diffheader"] else lines[2:])
