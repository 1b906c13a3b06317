"""Algorithms that add up steps: gradient boosting, stochastic gradient descent, BernoulliNB, neural networks."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from typing import Any

from splmini.errors import ArgumentError
from splmini.learning import Algorithm, library
from splmini.learning.estimators import (
    ESTIMATORS,
    PROBABILITIES,
    SEED,
    TREE_OPTIONS,
    fitting,
    given,
    tree_data,
    tree_settings,
    two_classes,
)
from splmini.learning.models import (
    Applied,
    NumericModel,
    array,
    chosen,
    leaves,
    predicted,
    restore,
    shares_of_scores,
    softmax,
)
from splmini.registry import OptionSpec

# ---- boosting -------------------------------------------------------------------------------------------------------


def _boosted(name: str) -> Any:
    def learn(matrix: Any, wanted: Any, options: Mapping[str, Any]) -> tuple[str, dict[str, Any]]:
        np, models = library("numpy", "sklearn.ensemble")
        classifies = name.endswith("Classifier")
        if classifies:
            two_classes(wanted, name)
        settings = {**tree_settings(options), **given(options, "learning_rate")}
        found = getattr(models, name)(**settings).fit(matrix, wanted)
        classes = found.classes_.tolist() if classifies else None
        if classes is None:
            start = [float(np.mean(wanted))]
        else:
            priors = found.init_.class_prior_
            start = [float(np.log(priors[1] / priors[0]))] if len(classes) == 2 else np.log(priors).tolist()
        return "boosted", {
            "classes": classes,
            "importances": found.feature_importances_.tolist(),
            "start": start,
            "rate": float(found.learning_rate),
            "trees": [[tree_data(each.tree_, False) for each in stage] for stage in found.estimators_],
        }

    return learn


def _apply_boosted(model: NumericModel, matrix: Any, output: str | None, options: Mapping[str, Any]) -> dict[str, Any]:
    (np,) = library("numpy")
    scores = np.tile(array(model, "start"), (len(matrix), 1))
    for stage in model.data["trees"]:
        for place, tree in enumerate(stage):
            scores[:, place] += model.data["rate"] * leaves(tree, matrix)[:, 0]
    if model.data["classes"] is None:
        return {predicted(model, output): scores[:, 0]}
    return chosen(model, shares_of_scores(scores), output, options)


# ---- gradient descent -----------------------------------------------------------------------------------------------


def _descent(name: str) -> Any:
    def learn(matrix: Any, wanted: Any, options: Mapping[str, Any]) -> tuple[str, dict[str, Any]]:
        (models,) = library("sklearn.linear_model")
        settings = given(
            options,
            "loss",
            "fit_intercept",
            "penalty",
            "learning_rate",
            "l1_ratio",
            "alpha",
            "eta0",
            "power_t",
            "random_state",
            n_iter="max_iter",
        )
        if name == "SGDClassifier":
            two_classes(wanted, name)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # that it might go on: the number of rounds is the user's
            found = getattr(models, name)(**settings).fit(matrix, wanted)
        if name == "SGDRegressor":
            return "linear", {"coefficients": found.coef_.tolist(), "intercept": float(found.intercept_[0])}
        return "logistic", {
            "coefficients": found.coef_.tolist(),
            "intercept": found.intercept_.tolist(),
            "classes": found.classes_.tolist(),
        }

    return learn


# ---- naive Bayes over yes and no ------------------------------------------------------------------------------------


def _bernoulli(matrix: Any, wanted: Any, options: Mapping[str, Any]) -> tuple[str, dict[str, Any]]:
    bound = float(options["binarize"])
    classes = sorted(set(wanted.tolist()))
    above = (matrix > bound).astype(float)
    return "bernoulli", {
        "classes": classes,
        "counts": [above[wanted == each].sum(axis=0).tolist() for each in classes],
        "rows": [int((wanted == each).sum()) for each in classes],
        "bound": bound,
        "alpha": float(options["alpha"]),
        "uniform": not options["fit_prior"],
    }


def _apply_bernoulli(
    model: NumericModel, matrix: Any, output: str | None, options: Mapping[str, Any]
) -> dict[str, Any]:
    (np,) = library("numpy")
    rows, alpha = array(model, "rows"), max(model.data["alpha"], 1e-10)
    share = (array(model, "counts") + alpha) / (rows[:, None] + 2 * alpha)
    share = np.clip(share, 1e-12, 1 - 1e-12)
    above = (matrix > model.data["bound"]).astype(float)
    scores = above @ np.log(share).T + (1 - above) @ np.log(1 - share).T
    if not model.data["uniform"]:
        scores = scores + np.log(rows / rows.sum())
    return chosen(model, softmax(scores), output, options)


def merge_bernoulli(old: dict[str, Any], new: dict[str, Any]) -> dict[str, Any]:
    """Add the counts of more rows to those of a model."""
    counts = dict(zip(old["classes"], zip(old["counts"], old["rows"], strict=True), strict=True))
    for each, more, rows in zip(new["classes"], new["counts"], new["rows"], strict=True):
        before, seen = counts.get(each, ([0.0] * len(more), 0))
        counts[each] = ([a + b for a, b in zip(before, more, strict=True)], seen + rows)
    classes = sorted(counts)
    both = [counts[each] for each in classes]
    return {**old, "classes": classes, "counts": [each[0] for each in both], "rows": [each[1] for each in both]}


# ---- neural networks ------------------------------------------------------------------------------------------------


def _network(matrix: Any, wanted: Any, options: Mapping[str, Any]) -> tuple[str, dict[str, Any]]:
    (networks,) = library("sklearn.neural_network")
    two_classes(wanted, "MLPClassifier")
    settings = given(options, "batch_size", "max_iter", "random_state", "tol", "momentum", "solver", "learning_rate")
    layers = options.get("hidden_layer_sizes")
    if layers is not None:
        sizes = [part.strip() for part in layers.strip("()").split("-" if "-" in layers else ",") if part.strip()]
        if not all(part.isdecimal() and int(part) for part in sizes):
            raise ArgumentError("hidden_layer_sizes takes numbers such as 100 or 60-80.", name="MLPClassifier")
        settings["hidden_layer_sizes"] = tuple(map(int, sizes))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = networks.MLPClassifier(**settings).fit(matrix, wanted)
    return "network", {
        "classes": found.classes_.tolist(),
        "weights": [each.tolist() for each in found.coefs_],
        "biases": [each.tolist() for each in found.intercepts_],
    }


def _apply_network(model: NumericModel, matrix: Any, output: str | None, options: Mapping[str, Any]) -> dict[str, Any]:
    (np,) = library("numpy")
    layer, last = matrix, len(model.data["weights"]) - 1
    for place, (weights, biases) in enumerate(zip(model.data["weights"], model.data["biases"], strict=True)):
        layer = layer @ np.array(weights, dtype=float) + np.array(biases, dtype=float)
        if place < last:
            layer = np.maximum(layer, 0)
    return chosen(model, shares_of_scores(layer), output, options)


APPLIES: dict[str, Applied] = {"boosted": _apply_boosted, "bernoulli": _apply_bernoulli, "network": _apply_network}
_DESCENT = {
    **SEED,
    "fit_intercept": OptionSpec("bool", doc="Whether there is an intercept."),
    "n_iter": OptionSpec("int", doc="How often to go over the rows."),
    "penalty": OptionSpec("enum", choices=("l1", "l2", "elasticnet"), doc="The kind of regularisation."),
    "learning_rate": OptionSpec("enum", choices=("constant", "optimal", "invscaling"), doc="How steps change."),
    "l1_ratio": OptionSpec("number", doc="The share of the L1 penalty."),
    "alpha": OptionSpec("number", doc="The strength of the regularisation."),
    "eta0": OptionSpec("number", doc="The first step."),
    "power_t": OptionSpec("number", doc="How fast steps shrink."),
}
_BOOSTING = {**TREE_OPTIONS, **ESTIMATORS, "learning_rate": OptionSpec("number", doc="How much each tree adds.")}

ALGORITHMS: tuple[Algorithm, ...] = (
    Algorithm(
        "GradientBoostingClassifier",
        fitting(_boosted("GradientBoostingClassifier"), "class"),
        _BOOSTING,
        True,
        restore,
        classifies=True,
    ),
    Algorithm(
        "GradientBoostingRegressor", fitting(_boosted("GradientBoostingRegressor"), "number"), _BOOSTING, True, restore
    ),
    Algorithm(
        "SGDClassifier",
        fitting(_descent("SGDClassifier"), "class"),
        {
            **_DESCENT,
            "loss": OptionSpec(
                "enum",
                choices=("hinge", "log_loss", "modified_huber", "squared_hinge", "perceptron"),
                doc="What is minimised.",
            ),
        },
        True,
        restore,
        classifies=True,
    ),
    Algorithm("SGDRegressor", fitting(_descent("SGDRegressor"), "number"), _DESCENT, True, restore),
    Algorithm(
        "BernoulliNB",
        fitting(_bernoulli, "class", merge_bernoulli),
        {
            **PROBABILITIES,
            "alpha": OptionSpec("number", least=0, default=1, doc="How much is added to each count."),
            "binarize": OptionSpec("number", default=0, doc="What is above it counts as yes."),
            "fit_prior": OptionSpec("bool", default=True, doc="Whether frequent classes are more likely."),
        },
        True,
        restore,
        classifies=True,
        grows=True,
    ),
    Algorithm(
        "MLPClassifier",
        fitting(_network, "class"),
        {
            **SEED,
            **PROBABILITIES,
            "batch_size": OptionSpec("int", doc="How many rows a step looks at."),
            "max_iter": OptionSpec("int", doc="How often to go over the rows."),
            "tol": OptionSpec("number", doc="When to stop."),
            "momentum": OptionSpec("number", doc="How steps go on."),
            "solver": OptionSpec("enum", choices=("lbfgs", "sgd", "adam"), doc="How weights are found."),
            "learning_rate": OptionSpec(
                "enum", choices=("constant", "invscaling", "adaptive"), doc="How steps change."
            ),
            "hidden_layer_sizes": OptionSpec("string", doc="How many neurons each layer has, such as 60-80 (100)."),
        },
        True,
        restore,
        classifies=True,
    ),
)
