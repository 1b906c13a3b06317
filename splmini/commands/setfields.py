"""The setfields command: set fields to texts."""

from __future__ import annotations

from collections.abc import Callable

from splmini.commands.arguments.options import option_name, text_of
from splmini.commands.arguments.reading import fail, read, reading
from splmini.language import tree
from splmini.operators import Batch, Operator, RunContext, Streaming, appended
from splmini.registry import BuildScope, Example, command
from splmini.values.keyvalue import clean_key


@command(
    "setfields",
    any_option=True,
    syntax='setfields <field>="<string>" [, <field>="<string>"]...',
    category="streaming",
    source="https://docs.splunk.com/Documentation/Splunk/latest/SearchReference/Setfields",
    examples=(Example('| setfields ip="10.0.0.1", Site="a b"', ({"ip": "10.0.0.1", "Site": "a b"},), ({"n": 1},)),),
)
def build(node: tree.Command, scope: BuildScope) -> Operator:
    """Set fields of all results to texts; values that are there are replaced.

    Names are cleaned as those that come from events are: other characters than letters and digits become `_`, and
    leading ones go.

    *Null* fields get the text as well; a *multivalue* field is replaced by the one text.
    """
    arguments = read(node, {}, takes=(), any_option=True)
    values = {}
    for option in arguments.given.values():
        text = text_of(option.value)
        if text is None:
            fail(node, "setfields takes texts.", option.value)
        name = clean_key(option_name(option))
        if not name:
            fail(node, f"'{option.written}' holds no letter to name a field.", option)
        values[name] = text
    if not values:
        fail(node, 'setfields needs <field>="<string>".')

    def bind(ctx: RunContext) -> Callable[[Batch], Batch]:
        def setfields(batch: Batch) -> Batch:
            for row in batch:
                row.update(values)
            return batch

        return setfields

    return Streaming(
        name="setfields",
        bind=bind,
        requires=reading(frozenset(), values),
        columns=appended(*values),
        writes=frozenset(values),
        node=node,
        span=node.span,
    )
