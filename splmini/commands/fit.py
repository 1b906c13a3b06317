"""The fit command of MLTK: fits an algorithm to the results, and keeps the model."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from splmini.commands.arguments.options import at
from splmini.commands.arguments.reading import Arguments, field_names, read
from splmini.commands.arguments.subsearches import rows_of
from splmini.errors import ArgumentError, UnsupportedFeature, did_you_mean
from splmini.language import tree
from splmini.learning import SOURCE, Algorithm, Model, Request, algorithms, library
from splmini.learning.storage import check_name, find, store
from splmini.operators import Batch, Operator, Row, RunContext, Sequence, Stream, batched
from splmini.registry import BuildScope, Example, OptionSpec, command
from splmini.values.numbers import to_number, to_text

CLAUSES = ("from", "into", "by")
GENERAL = {
    "partial_fit": OptionSpec("bool", default=False, doc="Go on from the model that is there, where it can."),
    "kfold_cv": OptionSpec("int", doc="Give the scores of a cross-validation with so many folds instead."),
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
    reach="acts",
    source=SOURCE,
    examples=(
        Example("| fit StandardScaler v", [{"v": 1, "SS_v": -1.0}, {"v": 3, "SS_v": 1.0}], ({"v": 1}, {"v": 3})),
        Example(
            "| fit LinearRegression y from x",
            [{"predicted(y)": 2.0}, {"predicted(y)": 4.0}],
            ({"x": 1, "y": 2}, {"x": 2, "y": 4}),
        ),
    ),
)
def build(node: tree.Command, scope: BuildScope) -> Operator:
    """Fit an algorithm of the Machine Learning Toolkit to the results, and write what it makes of them.

    DensityFunction gives `IsOutlier(field)`, `BoundaryRanges` and, where asked for, `ProbabilityDensity(field)`, by
    up to five fields. Scalers (StandardScaler, RobustScaler) give `SS_field` and `RS_field`, PCA `PC_1` …, ICA
    `IC_1` …, TFIDF `field_tfidf_0_term` …, FieldSelector `fs_field`, Imputer `Imputed_field`, clusterings (KMeans,
    DBSCAN, SpectralClustering) `cluster`, OneClassSVM `isNormal`, LocalOutlierFactor `is_outlier`, and what has a
    target (LinearRegression, Ridge, Lasso, ElasticNet, KernelRidge, SGDRegressor, LogisticRegression, SGDClassifier,
    SVM, GaussianNB, BernoulliNB, MLPClassifier, decision trees, random forests, gradient boosting)
    `predicted(target)`; `as` gives another name. Other algorithms are UnsupportedFeature.

    `into` keeps the model for `apply` and `summary`, as JSON below `data_dir` (in memory without one); an algorithm
    whose model is no JSON refuses it. With `partial_fit=true` StandardScaler, GaussianNB and BernoulliNB go on from
    the model that is there. `kfold_cv=N` gives, instead of the results, a row of scores for each of N folds:
    `accuracy`, `f1_weighted`, `precision_weighted`, `recall_weighted`, or of numbers `neg_mean_squared_error`, `r2`.
    Needs the extra `ml`. The whole input is kept in memory.

    *Null*: a result that lacks one of the fields is passed on unchanged. Text becomes a column for each of its values,
    up to 100. *Multivalue* fields count as missing.
    """
    arguments, output = read_arguments(node)
    algorithm, request = _request(arguments)
    model_name = _model_name(arguments, algorithm)
    grows, folds = arguments["partial_fit"], arguments["kfold_cv"]
    if grows and model_name is None:
        arguments.fail("partial_fit needs the model to go on from.", arguments.given["partial_fit"], "Add: into NAME")
    if folds is not None:
        _check_folds(arguments, algorithm)

    def run(stream: Stream, ctx: RunContext) -> Stream:
        def batches() -> Iterator[Batch]:
            rows = rows_of(stream, ctx)
            if folds is not None:
                yield from batched(_crossed(algorithm, request, rows, folds, node))
                return
            if rows:
                asked = _going_on(ctx, algorithm, request, model_name, node) if grows and model_name else request
                model = _fitted(algorithm, asked, rows, node)
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


def _going_on(ctx: RunContext, algorithm: Algorithm, request: Request, name: str, node: tree.Command) -> Request:
    """Return the request with the model that is there, if it is of the same kind."""
    found = find(ctx, name, node.span)
    if found is None:
        return request
    called, model = found
    if called != algorithm.name or getattr(model, "target", None) != request.target:
        raise ArgumentError(
            f"The model '{name}' is of {called}, with other fields: {algorithm.name} cannot go on from it.",
            name=algorithm.name,
            span=node.span,
            hint="Choose another name, or leave out partial_fit.",
        )
    return replace(request, known=model)


def _check_folds(arguments: Arguments, algorithm: Algorithm) -> None:
    option = arguments.given["kfold_cv"]
    if not (algorithm.predicts and algorithm.scored):
        raise UnsupportedFeature(
            f"{algorithm.name} predicts nothing that a cross-validation could score.",
            name="fit kfold_cv",
            span=option.span,
        )
    if arguments["kfold_cv"] < 2:
        arguments.fail("kfold_cv takes 2 folds or more.", option)
    if "into" in arguments.clauses:
        arguments.fail("A cross-validation makes no model.", arguments.clauses["into"], "Leave out into.")


def _crossed(algorithm: Algorithm, request: Request, rows: list[Row], folds: int, node: tree.Command) -> Iterator[Row]:
    """Yield the scores of each fold: fitted to the others, tested on it. Folds keep the order of the rows."""
    selection, metrics = library("sklearn.model_selection", "sklearn.metrics")
    target = request.target or ""
    usable = [row for row in rows if row.get(target) is not None]
    wanted = [to_text(row[target]) for row in usable]
    if len(usable) < folds:
        raise ArgumentError(
            f"{folds} folds need as many rows; there are {len(usable)}.", name=algorithm.name, span=node.span
        )
    kind = selection.StratifiedKFold if algorithm.classifies else selection.KFold
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of a class with fewer rows than folds
        for trained, tested in kind(folds).split(wanted, wanted):
            model = _fitted(algorithm, request, [usable[place] for place in trained], node)
            seen = [dict(usable[place]) for place in tested]
            model.apply(seen, request.options, "\0predicted")
            pairs = [(row[target], row["\0predicted"]) for row in seen if "\0predicted" in row]
            if not pairs:
                continue
            yield _scores(algorithm, pairs, metrics)


def _scores(algorithm: Algorithm, pairs: list[tuple[Any, Any]], metrics: Any) -> Row:
    if not algorithm.classifies:
        actual, found = ([float(to_number(pair[side]) or 0) for pair in pairs] for side in (0, 1))
        return {
            "neg_mean_squared_error": -float(metrics.mean_squared_error(actual, found)),
            "r2": float(metrics.r2_score(actual, found)),
        }
    actual_texts, texts = ([to_text(pair[side]) for pair in pairs] for side in (0, 1))
    weighted = {"average": "weighted", "zero_division": 0}
    return {
        "accuracy": float(metrics.accuracy_score(actual_texts, texts)),
        "f1_weighted": float(metrics.f1_score(actual_texts, texts, **weighted)),
        "precision_weighted": float(metrics.precision_score(actual_texts, texts, **weighted)),
        "recall_weighted": float(metrics.recall_score(actual_texts, texts, **weighted)),
    }


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
    if arguments["partial_fit"] and not algorithm.grows:
        raise UnsupportedFeature(
            f"{algorithm.name} cannot go on from a model.",
            name="fit partial_fit",
            span=arguments.given["partial_fit"].span,
            hint=f"What can: {', '.join(name for name, each in known.items() if each.grows)}.",
        )
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
            f"Models of {algorithm.name} cannot be stored.",
            name=f"fit {algorithm.name} into",
            span=into.span,
            hint="Leave out into.",
        )
    return check_name(names[0].strip("'"), into.span)
