"""anomalydetection: finds anomalous events; here, by the interquartile range."""

from __future__ import annotations

from splmini.commands.arguments.reading import field_names, read
from splmini.commands.outlier import Settings, outliers
from splmini.errors import UnsupportedFeature
from splmini.language import tree
from splmini.operators import ALL, Fields, Operator, Sequence
from splmini.registry import BuildScope, Example, OptionSpec, command

OPTIONS = {
    "method": OptionSpec(
        "enum",
        default="histogram",
        choices=("histogram", "zscore", "iqr"),
        doc="How anomalies are found; only iqr runs here.",
    ),
    "action": OptionSpec(
        "enum",
        choices=("filter", "annotate", "summary", "remove", "rm", "transform", "tf"),
        doc="What is done: with iqr, remove or transform (default).",
    ),
    "pthresh": OptionSpec("number", doc="The probability threshold of histogram and zscore; not with iqr."),
    "cutoff": OptionSpec("bool", default=True, doc="The bound on the anomalies of histogram; not with iqr."),
    "mark": OptionSpec("bool", default=False, doc="With iqr: put 000 in front of truncated numbers."),
    "param": OptionSpec(
        "number", least=0, default=2.5, doc="With iqr: how many ranges beyond a quartile a number may lie."
    ),
    "uselower": OptionSpec("bool", default=False, doc="With iqr: whether low numbers are outliers, too."),
}


@command(
    "anomalydetection",
    options=OPTIONS,
    category="streaming",
    syntax="anomalydetection method=iqr [action=remove|transform] [mark=BOOL] [param=NUM] [uselower=BOOL] [FIELD ...]",
    source="https://docs.splunk.com/Documentation/Splunk/latest/SearchReference/Anomalydetection",
    examples=(
        Example(
            "| anomalydetection method=iqr action=remove v",
            [{"v": 1}, {"v": 2}, {"v": 3}, {"v": 4}],
            ({"v": 1}, {"v": 2}, {"v": 3}, {"v": 4}, {"v": 99}),
        ),
    ),
)
def build(node: tree.Command, scope: BuildScope) -> Operator:
    """With `method=iqr`, treats outlying numbers as the outlier command does.

    The methods `histogram` (Splunk's default) and `zscore` raise UnsupportedFeature: how Splunk bins values and sets
    the threshold of probability is not documented far enough to give the same events.

    *Null*, text and *multivalue* fields are never outliers.

    Memory: all results.
    """
    arguments = read(node, OPTIONS, takes=(tree.Word,))
    method, action = arguments["method"], arguments["action"]
    iqr = ("remove", "rm", "transform", "tf")
    if action is not None and (action in iqr) != (method == "iqr"):
        hint = "Write method=iqr: histogram is the default." if "method" not in arguments.given else None
        arguments.fail(f"The method {method} has no action '{action}'.", arguments.given["action"], hint)
    if arguments["pthresh"] is not None and not 0 <= arguments["pthresh"] <= 1:
        arguments.fail("pthresh is a probability, from 0 to 1.", arguments.given["pthresh"])
    for name in ("pthresh", "cutoff"):
        if method == "iqr" and name in arguments.given:
            arguments.fail(f"{name} does not go with the method iqr.", arguments.given[name])
    if method != "iqr":
        raise UnsupportedFeature(
            f"anomalydetection cannot run the method {method}: Splunk does not document it far enough.",
            name=f"anomalydetection method={method}",
            span=node.span,
            hint="method=iqr runs.",
        )
    names = field_names(arguments.words, node)
    remove = action in ("remove", "rm")
    settings = Settings(
        tuple(names), remove, arguments["mark"] and not remove, arguments["param"], arguments["uselower"]
    )

    def requires(after: Fields) -> Fields:
        return ALL if not names or after is None else after | frozenset(names)

    return Sequence(name=node.name, run=outliers(settings), requires=requires, node=node, span=node.span)
