"""addcoltotals: a last row with the sum of each column."""

from __future__ import annotations

from splmini.commands.addtotals import EVENTS, chosen, totals_operator
from splmini.commands.arguments.reading import field_names, read
from splmini.language import tree
from splmini.operators import Operator
from splmini.registry import BuildScope, Example, OptionSpec, command

OPTIONS = {
    "labelfield": OptionSpec("field", doc="The field of the last row that gets the label."),
    "label": OptionSpec("string", default="Total", doc="The label of the last row."),
}


@command(
    "addcoltotals",
    options=OPTIONS,
    category="transforming",
    syntax="addcoltotals [labelfield=FIELD] [label=STRING] [FIELD ...]",
    source="https://docs.splunk.com/Documentation/Splunk/latest/SearchReference/Addcoltotals",
    examples=(
        Example("| addcoltotals labelfield=p", [{"p": "A"}, {"p": "B"}, {"p": "Total", "Q1": 26, "Q2": 25}], EVENTS),
        Example(
            "| addcoltotals labelfield=host label=all bytes",
            [{"host": "a", "bytes": 1}, {"host": "b", "bytes": 2}, {"bytes": 3, "host": "all"}],
            ({"host": "a", "bytes": 1}, {"host": "b", "bytes": 2}),
        ),
    ),
)
def build(node: tree.Command, scope: BuildScope) -> Operator:
    """Appends a row with the sum of each numeric column.

    Without a field list all fields count but those whose names begin with an underscore; the list takes wildcards.
    What is no number, null, and multivalue fields are ignored; a column without any number stays empty. Over no rows
    nothing is appended.

    Memory: one number for each column.
    """
    arguments = read(node, OPTIONS, takes=(tree.Word,))
    names = field_names(arguments.words, node)
    return totals_operator(arguments, chosen(names), names, None)
