"""The kvform command: fields from events that are filled-in forms."""

from __future__ import annotations

from collections.abc import Callable

from splmini.commands.arguments.reading import read
from splmini.errors import KnowledgeError
from splmini.language import tree
from splmini.operators import Batch, Operator, Row, RunContext, Streaming, unknown
from splmini.registry import BuildScope, Example, OptionSpec, command
from splmini.values.multivalue import as_list
from splmini.values.numbers import to_text

OPTIONS = {
    "form": OptionSpec("string", doc="The name of the form that all events are matched with."),
    "field": OptionSpec("field", default="sourcetype", doc="The field whose values name the forms."),
}


@command(
    "kvform",
    options=OPTIONS,
    syntax="kvform [form=<string>] [field=<field>]",
    category="streaming",
    source="https://docs.splunk.com/Documentation/Splunk/latest/SearchReference/Kvform",
    examples=(Example("| kvform field=kind", ({"kind": "a"},), ({"kind": "a"},)),),
)
def build(node: tree.Command, scope: BuildScope) -> Operator:
    """Make fields of events that are filled-in forms. The forms are files `forms/NAME.form` of the apps.

    A form is the text as it stands in the event, blanks for any blanks, with `[[transform:field]]` where a value is
    filled in: the expression of a stanza of transforms.conf, and the field that gets what it matches. With `form` all
    events are matched with one form; else each with that named by its value of `field`. An event without a form,
    or one that its form does not fit, is passed on as it is; a field that is there stays.

    *Null*: without `_raw` or the field the event is passed on. *Multivalue*: the forms of all values are tried.
    """
    arguments = read(node, OPTIONS, takes=())
    only, field = arguments["form"], arguments["field"]

    def bind(ctx: RunContext) -> Callable[[Batch], Batch]:
        known: dict[str, Callable[[Row], None] | None] = {}
        if only is not None:
            known[only] = ctx.apps.form(only)
            if known[only] is None:
                raise KnowledgeError(
                    f"There is no form '{only}'.",
                    name=only,
                    span=arguments.given["form"].span,
                    hint=f"Put it into an app, as forms/{only}.form, and name the app with apps=.",
                )

        def kvform(batch: Batch) -> Batch:
            for row in batch:
                for name in [only] if only is not None else map(to_text, as_list(row.get(field))):
                    if name not in known:
                        known[name] = ctx.apps.form(name)
                    extract = known[name]
                    if extract is not None:
                        extract(row)
            return batch

        return kvform

    return Streaming(name="kvform", bind=bind, columns=unknown, node=node, span=node.span)
