"""The savedsearch command: run a saved search of the apps."""

from __future__ import annotations

import re

from splmini.commands._arguments import fail, read
from splmini.commands._options import option_name
from splmini.language import tree
from splmini.operators import Fields, Generating, Operator, RunContext, Stream
from splmini.registry import BuildScope, command

_TOKEN = re.compile(r"\$(\w+)\$")


@command(
    "savedsearch",
    any_option=True,
    generating=True,
    syntax="savedsearch <name> [<argument>=<value>...] [nosubstitution=<bool>]",
    category="generating",
    source="https://docs.splunk.com/Documentation/Splunk/latest/SearchReference/Savedsearch",
)
def build(node: tree.Command, scope: BuildScope) -> Operator:
    """Run a saved search (savedsearches.conf of the environment's apps) over the events, `$argument$`s filled in.

    The values are put in as they are. *Null* and *multivalue* are the saved search's business.

    Memory: what the saved search takes.
    """
    arguments = read(node, {}, any_option=True, takes=(tree.Word,))
    if len(arguments.words) != 1:
        fail(node, "savedsearch needs the name of one saved search.")
    name = arguments.words[0].text
    values = {
        option_name(option): str(option.value.text if isinstance(option.value, tree.Word) else option.value)
        for option in arguments.given.values()
    }

    def generate(ctx: RunContext, needed: Fields) -> Stream:
        text = _TOKEN.sub(lambda match: values.get(match[1], match[0]), ctx.saved_search(name, arguments.words[0].span))
        return ctx.run(ctx.parse(text), needed=needed)

    return Generating(name="savedsearch", generate=generate, node=node, span=node.span)
