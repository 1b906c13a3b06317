"""The fit command of MLTK: fits an algorithm to the results, and keeps the model."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from splmini.commands._arguments import Arguments, field_names, read
from splmini.commands._learning import SOURCE, Algorithm, Model, Request, algorithms, check_least
from splmini.commands._learning.storage import check_name, store
from splmini.commands._options import at
from splmini.commands._subsearches import rows_of
from splmini.errors import ArgumentError, UnsupportedFeature, did_you_mean
from splmini.language import tree
from splmini.operators import Batch, Operator, Row, RunContext, Sequence, Stream, batched
from splmini.registry import BuildScope, Example, OptionSpec, command

CLAUSES = ("from", "into", "by")
GENERAL = {
    "partial_fit": OptionSpec("bool", default=False, doc="Go on from the model that is there: not supported."),
    "kfold_cv": OptionSpec("int", doc="Cross-validation: not supported."),
}
OPTIONS = {**GENERAL, **{name: spec for each in algorithms().values() for name, spec in each.options.items()}}


@command(
    "fit",
    options=OPTIONS,
    renames=True,
    clauses=CLAUSES,
    syntax="fit <algorithm> (<fields> | <target> from <fields>) [by <fields>] [into <model>] [as <name>] "
    "[<option>=<value> ...]",
    category="dataset processing",
    source=SOURCE,
    examples=(
        Example(
            "| fit StandardScaler v", [{"v": 1, "SS_v": -1.0}, {"v": 3, "SS_v": 1.0}], ({"v": 1}, {"v": 3})
        ),
        Example(
            "| fit LinearRegression y from x", [{"predicted(y)": 2.0}, {"predicted(y)": 4.0}],
            ({"x": 1, "y": 2}, {"x": 2, "y": 4}),
        ),
    ),
)
def build(node: tree.Command, scope: BuildScope) -> Operator:
    """Fit an algorithm of the Machine Learning Toolkit to the results, and write what it makes of them.

    DensityFunction gives `IsOutlier(field)`, `BoundaryRanges` and, where asked for, `ProbabilityDensity(field)`, by
    up to five fields. Scalers (StandardScaler, RobustScaler) give `SS_field` and `RS_field`, PCA gives `PC_1` …,
    clusterings (KMeans, DBSCAN, SpectralClustering) `cluster`, OneClassSVM `isNormal`, LocalOutlierFactor
    `is_outlier`, and what has a target (LinearRegression, Ridge, Lasso, ElasticNet, LogisticRegression, GaussianNB,
    decision trees, random forests) `predicted(target)`; `as` gives another name. Other algorithms are
    UnsupportedFeature.

    `into` keeps the model for `apply` and `summary`, as JSON below `data_dir` (in memory without one); an algorithm
    whose model is no JSON refuses it. Needs the extra `ml`. The whole input is kept in memory.

    *Null*: a result that lacks one of the fields is passed on unchanged. Text becomes a column for each of its values,
    up to 100. *Multivalue* fields count as missing.
    """
    arguments, output = read_arguments(node)
    algorithm, request = _request(arguments)
    model_name = _model_name(arguments, algorithm)

    def run(stream: Stream, ctx: RunContext) -> Stream:
        def batches() -> Iterator[Batch]:
            rows = rows_of(stream, ctx)
            if rows:
                model = _fitted(algorithm, request, rows, node)
                model.apply(rows, request.options, output)
                if model_name is not None:
                    store(ctx, model_name, algorithm, model)
            yield from batched(rows)

        return Stream(batches())

    return Sequence(name="fit", run=run, node=node, span=node.span)


def _fitted(algorithm: Algorithm, request: Request, rows: list[Row], node: tree.Command) -> Model:
    """Fit; what scikit-learn says of a wrong option or of too few rows is an ArgumentError."""
    try:
        return algorithm.fit(request, rows)
    except ArgumentError as error:
        raise at(error, node) from None
    except ValueError as error:
        message = f"{algorithm.name} cannot be fitted: {error}"
        raise ArgumentError(message, name=algorithm.name, span=node.span) from None


def read_arguments(node: tree.Command) -> tuple[Arguments, str | None]:
    """Read the arguments of fit: options may stand in clauses, `as NAME` behind any part."""
    args: list[tree.Node] = []
    output: str | None = None
    for argument in node.args:
        if isinstance(argument, tree.Clause):
            items, name = _without_alias([each for each in argument.items if not isinstance(each, tree.Option)])
            args.append(replace(argument, items=tuple(items)))
            args += [each for each in argument.items if isinstance(each, tree.Option)]
            output = name or output
        else:
            args.append(argument)
    args, name = _without_alias(args)
    first = next((each.text for each in args if isinstance(each, tree.Word)), "")
    algorithm = algorithms().get(first)
    options = OPTIONS if algorithm is None else {**algorithm.options, **GENERAL}
    arguments = read(
        replace(node, args=tuple(args)), options, clauses=CLAUSES, takes=(tree.Word,), any_option=algorithm is None
    )
    return arguments, name or output


def _without_alias(nodes: list[tree.Node]) -> tuple[list[tree.Node], str | None]:
    kept: list[tree.Node] = []
    name: str | None = None
    waiting = False
    for node in nodes:
        if waiting and isinstance(node, tree.Word):
            name, waiting = node.text, False
        elif isinstance(node, tree.Rename):
            kept.append(node.source)
            name = node.alias.text
        elif isinstance(node, tree.Word) and not node.quoted and node.text.lower() == "as":
            waiting = True
        else:
            kept.append(node)
    return kept, name


def _request(arguments: Arguments) -> tuple[Algorithm, Request]:
    known = algorithms()
    if not arguments.words:
        arguments.fail("fit needs an algorithm.", hint=f"There are {', '.join(known)}.")
    first, *words = arguments.words
    algorithm = known.get(first.text)
    if algorithm is None:
        hint = did_you_mean(first.text, known) or f"There are {', '.join(known)}."
        raise UnsupportedFeature(f"fit has no algorithm '{first.text}' here.", name="fit", hint=hint, span=first.span)
    for name, option in arguments.given.items():
        if name in GENERAL and (name != "partial_fit" or arguments[name]):
            raise UnsupportedFeature(f"fit cannot do {name}.", name=f"fit {name}", span=option.span)
    check_least(arguments)
    names = _names(words)
    behind = _names(list(arguments.clause("from")))
    by = tuple(_names(list(arguments.clause("by"))))
    if by and not algorithm.by:
        arguments.fail(f"{algorithm.name} takes no by-clause.", arguments.clauses["by"])
    if algorithm.predicts and (len(names) != 1 or not behind):
        arguments.fail(f"Expected: fit {algorithm.name} <field to predict> from <fields>.")
    if not algorithm.predicts and (behind or not names):
        arguments.fail(f"Expected: fit {algorithm.name} <fields>.")
    if algorithm.by and len(names) != 1:
        arguments.fail(f"{algorithm.name} takes one field.")
    options = {name: arguments[name] for name in algorithm.options}
    fields, target = (behind, names[0]) if algorithm.predicts else (names, None)
    return algorithm, Request(algorithm.name, tuple(fields), target, by, options, frozenset(arguments.given))


def _names(words: list[tree.Node] | list[tree.Word]) -> list[str]:
    """Field names; a quoted list with commas is several."""
    found: list[str] = []
    for name in field_names(words):
        found += [part.strip() for part in name.split(",") if part.strip()]
    return found


def _model_name(arguments: Arguments, algorithm: Algorithm) -> str | None:
    into = arguments.clauses.get("into")
    if into is None:
        return None
    names = field_names(into.items, arguments.command)
    if len(names) != 1:
        arguments.fail("into takes the name of one model.", into)
    if algorithm.restore is None:
        raise UnsupportedFeature(
            f"Models of {algorithm.name} cannot be stored.", name=f"fit {algorithm.name} into", span=into.span,
            hint="Leave out into.",
        )
    return check_name(names[0].strip("'"), into.span)
