"""The savedsearch command: run a saved search of the apps."""

from __future__ import annotations

import re

from splmini.commands.arguments.options import option_name
from splmini.commands.arguments.reading import fail, read
from splmini.language import tree
from splmini.operators import Fields, Generating, Operator, RunContext, Stream
from splmini.registry import BuildScope, Example, OptionSpec, command

_TOKEN = re.compile(r"\$(\w*)\$")
OPTIONS = {"nosubstitution": OptionSpec("bool", default=False, doc="Leave the $names$ of the search as they are.")}


@command(
    "savedsearch",
    options=OPTIONS,
    any_option=True,
    generating=True,
    syntax="savedsearch <name> [<argument>=<value>...] [nosubstitution=<bool>]",
    category="generating",
    rereads=True,
    reach="server",
    source="https://docs.splunk.com/Documentation/Splunk/latest/SearchReference/Savedsearch",
    examples=(
        Example(
            "| savedsearch logins_of who=eve",
            ({"app": "mail", "count": 2},),
            ({"user": "eve", "app": "mail"}, {"user": "bob", "app": "vpn"}, {"user": "eve", "app": "mail"}),
            saved={"logins_of": "user=$who$ | stats count by app"},
        ),
    ),
)
def build(node: tree.Command, scope: BuildScope) -> Operator:
    """Run a saved search (savedsearches.conf of the environment's apps) over the events, `$argument$`s filled in.

    The values are put in as they are; `$$` stands for one dollar sign. A `$name$` without an argument is an error. The
    time range that was saved with the search has no effect: that of the run counts. *Null* and *multivalue* are the
    saved search's business.

    Memory: what the saved search takes.
    """
    arguments = read(node, OPTIONS, any_option=True, takes=(tree.Word,))
    if len(arguments.words) != 1:
        fail(node, "savedsearch needs the name of one saved search.")
    name = arguments.words[0].text
    values = {
        option_name(option): str(option.value.text if isinstance(option.value, tree.Word) else option.value)
        for option in arguments.given.values()
        if option.name not in OPTIONS
    }
    word = arguments.words[0]

    def value(match: re.Match[str]) -> str:
        if not match[1]:
            return "$"
        if match[1] not in values:
            fail(
                node,
                f"The saved search '{name}' needs a value for ${match[1]}$.",
                word,
                f'Write savedsearch "{name}" {match[1]}=…, or nosubstitution=true.',
            )
        return values[match[1]]

    def generate(ctx: RunContext, needed: Fields) -> Stream:
        text = ctx.apps.saved_search(name, word.span)
        if not arguments["nosubstitution"]:
            text = _TOKEN.sub(value, text)
        return ctx.run(ctx.parse(text), needed=needed)

    return Generating(name="savedsearch", generate=generate, node=node, span=node.span)
