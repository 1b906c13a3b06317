"""The apply command of MLTK: applies a model that fit made."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from splmini.commands.arguments.reading import read
from splmini.language import tree
from splmini.learning.density import DRAWING, THRESHOLDS
from splmini.learning.estimators import PROBABILITIES
from splmini.learning.storage import check_name, load
from splmini.operators import Batch, Operator, RunContext, Streaming, unknown
from splmini.registry import BuildScope, Example, command
from splmini.values.numbers import to_text

OPTIONS = {**THRESHOLDS, **PROBABILITIES, **DRAWING}


@command(
    "apply",
    pipelines=True,
    options=OPTIONS,
    renames=True,
    syntax="apply <model> [as <name>] [threshold=<num>|lower_threshold=<num>|upper_threshold=<num>] "
    "[show_density=<bool>] [sample=<bool>] [full_sample=<bool>] [probabilities=<bool>]",
    category="streaming",
    reach="server",
    source="https://docs.splunk.com/Documentation/MLApp/latest/User/Customsearchcommands",
    examples=(Example("| head 0 | fit StandardScaler v into m", []),),
)
def build(node: tree.Command, scope: BuildScope) -> Operator:
    """Write what a model makes of the results; see fit for the fields.

    The model was made by `fit … into` in an earlier run of the environment, or lies below its `data_dir`; models that
    Splunk made cannot be read, and one that is not there is UnsupportedFeature. The thresholds of a DensityFunction
    may be given anew, also by a subsearch that returns them.

    *Null*: a result that lacks one of the model's fields, or is of a group that it does not know, is passed on
    unchanged. *Multivalue* fields count as missing.
    """
    arguments = read(node, OPTIONS, takes=(tree.Word, tree.Rename, tree.Subsearch))
    first = next(iter(arguments.positional), None)
    if not isinstance(first, (tree.Word, tree.Rename)) or len(arguments.words) + len(arguments.renames) > 1:
        arguments.fail("apply needs the name of one model.")
    source, output = (first.source, first.alias.text) if isinstance(first, tree.Rename) else (first, None)
    name = check_name(source.text.strip("'"), source.span)
    for subsearch in arguments.subsearches:
        scope.build(subsearch.pipeline)
    subsearches = [subsearch.pipeline for subsearch in arguments.subsearches]
    options = dict(arguments.options)

    def bind(ctx: RunContext) -> Callable[[Batch], Batch]:
        model = load(ctx, name, "apply", source.span)
        chosen = {**options, **_returned(ctx, subsearches)}

        def apply(batch: Batch) -> Batch:
            if batch:
                model.apply(batch, chosen, output)
            return batch

        return apply

    return Streaming(name="apply", bind=bind, columns=unknown, local=True, node=node, span=node.span)


def _returned(ctx: RunContext, subsearches: list[tree.Pipeline]) -> dict[str, Any]:
    """The options that subsearches return: fields named after them, or `name=value` in a field `search`."""
    found: dict[str, Any] = {}
    for pipeline in subsearches:
        for row in ctx.run(pipeline).rows():
            for name in ("threshold", "lower_threshold", "upper_threshold"):
                if name in row:
                    found[name] = to_text(row[name])
            text = to_text(row.get("search") or "")
            found.update(re.findall(r'\b((?:lower_|upper_)?threshold)="?([0-9.]+)', text))
    return found
