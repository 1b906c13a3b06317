"""datamodel: the events of a dataset, or what a data model says."""

from __future__ import annotations

from splmini.commands.arguments.reading import fail, read
from splmini.errors import UnsupportedFeature
from splmini.language import tree
from splmini.operators import Fields, Generating, Operator, RunContext, Stream
from splmini.registry import BuildScope, Example, OptionSpec, command

OPTIONS = {
    "strict_fields": OptionSpec("bool", default=True, doc="Give only the fields of the dataset."),
    "summariesonly": OptionSpec("bool", default=False, doc="Accepted; there are no summaries, every event is read."),
    "allow_old_summaries": OptionSpec("bool", default=False, doc="Accepted; there are no summaries."),
}
_MODES = ("search", "flat", "acceleration_search")
_STRINGS = ("search_string", "flat_string", "acceleration_search_string")
"""The modes that give the text of a search which Splunk generates."""


def _dataset(node: tree.Command) -> tuple[str, tree.Word] | None:
    words = [arg for arg in node.args if isinstance(arg, tree.Word)]
    return (".".join(word.text for word in words[:2]), words[min(len(words), 2) - 1]) if words else None


@command(
    "datamodel",
    options=OPTIONS,
    generating=True,
    category="generating",
    syntax="datamodel [MODEL [DATASET [search | flat | acceleration_search]]] [strict_fields=BOOL]",
    rereads=True,
    names=frozenset({"datamodel"}),
    dataset=_dataset,
    reach="events",
    source="https://docs.splunk.com/Documentation/Splunk/latest/SearchReference/Datamodel",
    examples=(Example("| datamodel Authentication Authentication search | stats count", [{"count": 0}]),),
)
def build(node: tree.Command, scope: BuildScope) -> Operator:
    """Gives the events of a dataset of a data model, or says what data models there are.

    `search` gives each field with the path of its dataset in front (`Processes.user`), `flat` without. Fields that the
    dataset does not have are left out unless `strict_fields=false`; null fields are absent. `acceleration_search` gives
    what a summary of a root dataset holds: its fields, and those of the datasets below that an event is in.

    Without a mode the result is one row, whose `_raw` describes the model or dataset as JSON; without a model, one row
    for each model.

    *Multivalue* fields keep their values.

    Memory: events come as a stream; nothing is kept.
    """
    arguments = read(node, OPTIONS, takes=(tree.Word,))
    words = arguments.words
    if len(words) > 3:
        fail(node, f"datamodel does not take '{words[3].text}' here.", words[3])
    if not scope.first:
        fail(node, "datamodel has to be the first command of a search.")
    mode = words[2].text.lower() if len(words) == 3 else None
    if mode in _STRINGS:
        raise UnsupportedFeature(
            f"{mode} gives the text of a search that Splunk generates; there is none.",
            name=mode,
            span=words[2].span,
            hint=f"datamodel {words[0]} {words[1]} search",
        )
    if mode is not None and mode not in _MODES:
        fail(node, f"datamodel has no mode '{words[2].text}'.", words[2], f"It is one of {', '.join(_MODES)}.")
    name = ".".join(word.text for word in words[:2])
    at = words[min(len(words), 2) - 1].span if words else node.span
    strict = arguments["strict_fields"]

    def generate(ctx: RunContext, needed: Fields) -> Stream:
        dataset = ctx.apps.dataset(name, at)
        if len(words) < 2:
            return Stream(iter([[{"_raw": text} for text in dataset.describe_models()]]))
        if mode is None:
            return Stream(iter([[{"_raw": dataset.describe()}]]))
        if mode == "acceleration_search":
            if len(dataset.lineage) > 1:
                fail(node, f"acceleration_search needs a root dataset, and '{words[1].text}' is none.", words[1])
            return dataset.rows(ctx, needed or dataset.summary_fields(), True, None, True)
        return dataset.rows(ctx, needed, mode == "search", None, strict)

    return Generating(name="datamodel", generate=generate, dataset=True, node=node, span=node.span)
