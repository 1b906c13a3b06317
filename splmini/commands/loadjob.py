"""The loadjob command: the results of a saved search."""

from __future__ import annotations

from splmini.commands.arguments.reading import fail, read
from splmini.errors import UnsupportedFeature
from splmini.language import tree
from splmini.operators import Fields, Generating, Operator, RunContext, Stream
from splmini.registry import BuildScope, Example, OptionSpec, command

OPTIONS = {
    "savedsearch": OptionSpec("string", doc="user:app:name of a saved search."),
    "events": OptionSpec("bool", default=False, doc="The events instead of the results; no effect here."),
    "job_delegate": OptionSpec("string", default="scheduler", doc="Accepted; there are no jobs."),
    "artifact_offset": OptionSpec("int", default=0, doc="0: the latest run, which is the only one."),
    "ignore_running": OptionSpec("bool", default=True, doc="Accepted; there are no jobs."),
}


@command(
    "loadjob",
    options=OPTIONS,
    generating=True,
    syntax='loadjob (<sid> | savedsearch="<user>:<app>:<name>") [events=<bool>] [job_delegate=<string>] '
    "[artifact_offset=<int>] [ignore_running=<bool>]",
    category="generating",
    rereads=True,
    reach="server",
    source="https://docs.splunk.com/Documentation/Splunk/latest/SearchReference/Loadjob",
    examples=(
        Example(
            '| loadjob savedsearch="admin:search:Logins by user" | sort -count',
            ({"user": "eve", "count": 2}, {"user": "bob", "count": 1}),
            ({"user": "eve"}, {"user": "bob"}, {"user": "eve"}),
            saved={"Logins by user": "* | stats count by user"},
        ),
    ),
)
def build(node: tree.Command, scope: BuildScope) -> Operator:
    """Run a saved search now and give its results: there are no jobs whose artefacts could be loaded.

    A search id raises UnsupportedFeature when it runs. *Null* and *multivalue* are the saved search's business.

    Memory: what the saved search takes.
    """
    arguments = read(node, OPTIONS, takes=(tree.Word,))
    reference = arguments["savedsearch"]
    if (reference is None) == (not arguments.words) or len(arguments.words) > 1:
        fail(node, 'loadjob needs savedsearch="user:app:name" or a search id.')

    if reference is not None and len(list(filter(None, reference.split(":", 2)))) != 3:
        fail(node, "savedsearch= takes user:app:name.", arguments.given["savedsearch"])
    if arguments["artifact_offset"]:
        fail(
            node,
            "There is one run of a saved search, that of now: artifact_offset is 0.",
            arguments.given["artifact_offset"],
        )

    def generate(ctx: RunContext, needed: Fields) -> Stream:
        if reference is None:
            raise UnsupportedFeature("loadjob cannot load a job by its search id.", name="loadjob", span=node.span)
        text = ctx.apps.saved_search(reference.split(":", 2)[-1], arguments.given["savedsearch"].span)
        return ctx.run(ctx.parse(text), needed=needed)

    return Generating(name="loadjob", generate=generate, node=node, span=node.span)
