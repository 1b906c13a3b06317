"""The algorithms of scikit-learn that MLTK has: scalers, components, clusters, regressions, classifiers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from splmini.errors import ArgumentError
from splmini.learning import Algorithm, Model, Request, library
from splmini.learning.checking import check_grown
from splmini.learning.models import Encoder, NumericModel, restore
from splmini.operators import Row
from splmini.registry import OptionSpec
from splmini.values.numbers import to_number, to_text

# ---- fitting --------------------------------------------------------------------------------------------------------

Learn = Callable[[Any, Any, Mapping[str, Any]], tuple[str, dict[str, Any]]]
"""From the matrix, the target (None without one) and the options to the kind of model and its numbers."""


Merge = Callable[[dict[str, Any], dict[str, Any]], dict[str, Any]]
"""From the numbers of a model and those of more rows to the numbers of both."""


def fitting(learn: Learn, predicts: str = "", merge: Merge | None = None) -> Callable[[Request, list[Row]], Model]:
    """Return the fit of an algorithm; `predicts` is `number` or `class` where it has a target."""

    def fit(request: Request, rows: list[Row]) -> Model:
        (np,) = library("numpy")
        usable = [row for row in rows if not predicts or row.get(request.target or "") is not None]
        known = request.known if isinstance(request.known, NumericModel) else None
        encoder = Encoder.of(usable, request.columns(usable)) if known is None else known.encoder
        kept, matrix = encoder.matrix(usable)
        if not kept:
            raise ArgumentError("fit has no row that has every field.", name="fit")
        wanted: Any = None
        if predicts == "number":
            numbers = [to_number(row[request.target or ""]) for row in kept]
            if None in numbers:
                raise ArgumentError(
                    f"{request.algorithm} predicts numbers, which '{request.target}' are not.", name=request.algorithm
                )
            wanted = np.array(numbers, dtype=float)
        elif predicts == "class":
            wanted = np.array([to_text(row[request.target or ""]) for row in kept])
        kind, data = learn(matrix, wanted, request.options)
        if known is not None and merge is not None:
            _check_grown(known, kind)
            data = merge(known.data, data)
        return NumericModel(kind, encoder.numeric, encoder.texts, request.target, data)

    return fit


def _check_grown(known: NumericModel, kind: str) -> None:
    """Raise for a stored model that lacks what is needed to go on from it, such as one of an earlier version."""
    try:
        if known.kind != kind:
            raise ValueError(f"its kind is {known.kind}, not {kind}")
        check_grown(kind, known.data, len(known.encoder.columns()))
    except ValueError as error:
        raise ArgumentError(
            f"partial_fit cannot go on from this model: {error}.", name="fit", hint="Fit it anew, without partial_fit."
        ) from None


def once(run: Callable[[Any, Mapping[str, Any]], dict[str, Any]]) -> Callable[[Request, list[Row]], Model]:
    """Return the fit of an algorithm that labels the rows it is fitted to and nothing else."""

    def fit(request: Request, rows: list[Row]) -> Model:
        encoder = Encoder.of(rows, request.columns(rows))
        kept, matrix = encoder.matrix(rows)
        labels = run(matrix, request.options) if kept else {}
        return Labels(kept, {name: list(values) for name, values in labels.items()})

    return fit


@dataclass
class Labels:
    """The labels of the rows that an algorithm was fitted to."""

    rows: list[Row]
    labels: dict[str, list[Any]]

    def apply(self, rows: list[Row], options: Mapping[str, Any], output: str | None) -> None:
        """Write the labels to the rows."""
        for index, (name, values) in enumerate(self.labels.items()):
            for row, value in zip(self.rows, values, strict=True):
                row[output if output and index == 0 else name] = value.item() if hasattr(value, "item") else value

    def summary(self) -> list[Row]:
        """There is nothing to describe."""
        return []

    def state(self) -> dict[str, Any]:
        """There is nothing to store."""
        return {}


def given(options: Mapping[str, Any], *names: str, **renamed: str) -> dict[str, Any]:
    """Return the options that were given, under the names that scikit-learn has for them."""
    pairs = {**{name: name for name in names}, **renamed}
    return {theirs: options[ours] for ours, theirs in pairs.items() if options.get(ours) is not None}


def _number(doc: str) -> OptionSpec:
    return OptionSpec("number", doc=doc)


def _whole(doc: str) -> OptionSpec:
    return OptionSpec("int", doc=doc)


SEED = {"random_state": OptionSpec("int", least=0, default=0, doc="The seed of random numbers.")}


def _standard(matrix: Any, wanted: Any, options: Mapping[str, Any]) -> tuple[str, dict[str, Any]]:
    return "scaler", _scaling(
        {
            "mean": matrix.mean(axis=0).tolist(),
            "spread": matrix.var(axis=0).tolist(),
            "rows": len(matrix),
            "centers": options["with_mean"],
            "scales": options["with_std"],
            "prefix": "SS",
        }
    )


def _scaling(data: dict[str, Any]) -> dict[str, Any]:
    """Add what a scaler subtracts and divides by."""
    scale = [spread**0.5 if data["scales"] and spread > 0 else 1.0 for spread in data["spread"]]
    return {**data, "center": [mean if data["centers"] else 0.0 for mean in data["mean"]], "scale": scale}


def _merge_scaling(old: dict[str, Any], new: dict[str, Any]) -> dict[str, Any]:
    parts = zip(old["mean"], old["spread"], new["mean"], new["spread"], strict=True)
    both = [_pooled(old["rows"], mean, spread, new["rows"], other, more) for mean, spread, other, more in parts]
    return _scaling(
        {
            **old,
            "rows": old["rows"] + new["rows"],
            "mean": [each[0] for each in both],
            "spread": [each[1] for each in both],
        }
    )


def _pooled(rows: int, mean: float, spread: float, more: int, other: float, wider: float) -> tuple[float, float]:
    """The mean and the variance of two sets of numbers together."""
    total = rows + more
    apart = other - mean
    return mean + apart * more / total, (rows * spread + more * wider + apart**2 * rows * more / total) / total


def _robust(matrix: Any, wanted: Any, options: Mapping[str, Any]) -> tuple[str, dict[str, Any]]:
    (np,) = library("numpy")
    low, middle, high = np.percentile(matrix, (25, 50, 75), axis=0)
    scale = high - low
    scale[scale == 0] = 1
    return "scaler", {"center": middle.tolist(), "scale": scale.tolist(), "prefix": "RS"}


def _pca(matrix: Any, wanted: Any, options: Mapping[str, Any]) -> tuple[str, dict[str, Any]]:
    (decomposition,) = library("sklearn.decomposition")
    share = options.get("variance")
    if share is not None and not 0 < share <= 1:
        raise ArgumentError("variance is a share between 0 and 1.", name="PCA")
    number = options.get("k") or (share if share is not None and share < 1 else None)
    found = decomposition.PCA(n_components=number, random_state=0).fit(matrix)
    return "components", {
        "center": found.mean_.tolist(),
        "components": found.components_.tolist(),
        "variances": found.explained_variance_.tolist(),
        "ratios": found.explained_variance_ratio_.tolist(),
        "singular": found.singular_values_.tolist(),
    }


def _kmeans(matrix: Any, wanted: Any, options: Mapping[str, Any]) -> tuple[str, dict[str, Any]]:
    (cluster,) = library("sklearn.cluster")
    number = options.get("k") or 8
    if len(matrix) < number:
        raise ArgumentError(f"KMeans needs {number} rows at least for {number} clusters.", name="KMeans")
    found = cluster.KMeans(n_clusters=number, n_init=10, random_state=options["random_state"]).fit(matrix)
    return "clusters", {"centers": found.cluster_centers_.tolist()}


def _linear(name: str) -> Learn:
    def learn(matrix: Any, wanted: Any, options: Mapping[str, Any]) -> tuple[str, dict[str, Any]]:
        (models,) = library("sklearn.linear_model")
        found = getattr(models, name)(**given(options, "fit_intercept", "alpha", "l1_ratio")).fit(matrix, wanted)
        return "linear", {"coefficients": found.coef_.tolist(), "intercept": float(found.intercept_)}

    return learn


def _logistic(matrix: Any, wanted: Any, options: Mapping[str, Any]) -> tuple[str, dict[str, Any]]:
    (models,) = library("sklearn.linear_model")
    found = models.LogisticRegression(max_iter=1000, **given(options, "fit_intercept", c="C"))
    two_classes(wanted, "LogisticRegression")
    found.fit(matrix, wanted)
    return "logistic", {
        "coefficients": found.coef_.tolist(),
        "intercept": found.intercept_.tolist(),
        "classes": found.classes_.tolist(),
    }


def two_classes(wanted: Any, name: str) -> None:
    """Raise where there is nothing to tell apart."""
    if len(set(wanted.tolist())) < 2:
        raise ArgumentError(f"{name} needs two values of the field to predict at least.", name=name)


def _bayes(matrix: Any, wanted: Any, options: Mapping[str, Any]) -> tuple[str, dict[str, Any]]:
    (bayes,) = library("sklearn.naive_bayes")
    found = bayes.GaussianNB().fit(matrix, wanted)
    (np,) = library("numpy")
    return "bayes", {
        "means": found.theta_.tolist(),
        "variances": np.maximum(found.var_, 1e-300).tolist(),
        "priors": found.class_prior_.tolist(),
        "classes": found.classes_.tolist(),
        "rows": [int(each) for each in found.class_count_],
    }


def _merge_bayes(old: dict[str, Any], new: dict[str, Any]) -> dict[str, Any]:
    parts = {
        each: (rows, list(zip(means, spreads, strict=True)))
        for each, rows, means, spreads in zip(old["classes"], old["rows"], old["means"], old["variances"], strict=True)
    }
    for each, rows, means, spreads in zip(new["classes"], new["rows"], new["means"], new["variances"], strict=True):
        columns = list(zip(means, spreads, strict=True))
        if each in parts:
            seen, before = parts[each]
            pairs = zip(before, columns, strict=True)
            columns = [_pooled(seen, *first, rows, *second) for first, second in pairs]
            rows += seen
        parts[each] = (rows, columns)
    classes, total = sorted(parts), sum(rows for rows, _ in parts.values())
    return {
        "classes": classes,
        "rows": [parts[each][0] for each in classes],
        "priors": [parts[each][0] / total for each in classes],
        "means": [[mean for mean, _ in parts[each][1]] for each in classes],
        "variances": [[spread for _, spread in parts[each][1]] for each in classes],
    }


TREE_OPTIONS = {
    "max_depth": _whole("The greatest depth of a tree."),
    "max_features": OptionSpec("string", doc="How many fields a split looks at: a number, a share, sqrt or log2."),
    "min_samples_split": _whole("The fewest rows of a node that is split."),
    "max_leaf_nodes": _whole("The most leaves of a tree."),
    **SEED,
}
CRITERION = {"criterion": OptionSpec("enum", choices=("gini", "entropy"), doc="What a split is measured by.")}
SPLITTER = {"splitter": OptionSpec("enum", choices=("best", "random"), doc="How splits are chosen.")}
ESTIMATORS = {"n_estimators": _whole("How many trees.")}


def _trees(module: str, name: str) -> Learn:
    def learn(matrix: Any, wanted: Any, options: Mapping[str, Any]) -> tuple[str, dict[str, Any]]:
        (models,) = library(module)
        found = getattr(models, name)(**tree_settings(options)).fit(matrix, wanted)
        classes = found.classes_.tolist() if hasattr(found, "classes_") else None
        trees = [each.tree_ for each in getattr(found, "estimators_", [found])]
        return "trees", {
            "classes": classes,
            "importances": found.feature_importances_.tolist(),
            "trees": [tree_data(each, classes is not None) for each in trees],
        }

    return learn


def tree_settings(options: Mapping[str, Any]) -> dict[str, Any]:
    """Return the options of trees, under the names that scikit-learn has for them."""
    settings = given(
        options,
        "max_depth",
        "min_samples_split",
        "max_leaf_nodes",
        "random_state",
        "criterion",
        "splitter",
        "n_estimators",
    )
    features = options.get("max_features")
    if features is not None and features.lower() != "none":
        number = to_number(features)
        settings["max_features"] = features if number is None else number
    return settings


def tree_data(tree: Any, classifies: bool) -> dict[str, Any]:
    """Return the numbers of a tree of scikit-learn."""
    values = tree.value[:, 0, :]
    if classifies:
        values = values / values.sum(axis=1, keepdims=True)
    return {
        "left": tree.children_left.tolist(),
        "right": tree.children_right.tolist(),
        "column": tree.feature.tolist(),
        "bound": tree.threshold.tolist(),
        "values": values.tolist(),
    }


def _one_class(matrix: Any, wanted: Any, options: Mapping[str, Any]) -> tuple[str, dict[str, Any]]:
    (svm,) = library("sklearn.svm")
    settings = {
        "gamma": 1 / matrix.shape[1],
        **given(options, "kernel", "nu", "coef0", "gamma", "tol", "degree", "shrinking"),
    }
    found = svm.OneClassSVM(**settings).fit(matrix)
    return "support", {
        "vectors": found.support_vectors_.tolist(),
        "weights": found.dual_coef_[0].tolist(),
        "intercept": float(found.intercept_[0]),
        "kernel": found.kernel,
        "gamma": float(settings["gamma"]),
        "coef0": float(found.coef0),
        "degree": int(found.degree),
    }


def _dbscan(matrix: Any, options: Mapping[str, Any]) -> dict[str, Any]:
    (cluster,) = library("sklearn.cluster")
    return {"cluster": cluster.DBSCAN(**given(options, "eps", "min_samples")).fit_predict(matrix)}


def _spectral(matrix: Any, options: Mapping[str, Any]) -> dict[str, Any]:
    (cluster,) = library("sklearn.cluster")
    found = cluster.SpectralClustering(**given(options, "gamma", "random_state", k="n_clusters"))
    return {"cluster": found.fit_predict(matrix)}


def _local(matrix: Any, options: Mapping[str, Any]) -> dict[str, Any]:
    (neighbors,) = library("sklearn.neighbors")
    found = neighbors.LocalOutlierFactor(
        **{
            "contamination": 0.1,
            **given(options, "n_neighbors", "leaf_size", "p", "contamination", "metric", "algorithm"),
        }
    )
    labels = {"is_outlier": -found.fit_predict(matrix)}
    if options["anomaly_score"]:
        labels["anomaly_score"] = found.negative_outlier_factor_
    return labels


_K = {"k": OptionSpec("int", least=1, doc="How many clusters or components.")}
_INTERCEPT = {"fit_intercept": OptionSpec("bool", doc="Whether there is an intercept.")}
_ALPHA = {"alpha": _number("The strength of the regularisation.")}
PROBABILITIES = {"probabilities": OptionSpec("bool", default=False, doc="Give the probability of each class.")}
_TREE = "sklearn.tree"
_FOREST = "sklearn.ensemble"

ALGORITHMS: tuple[Algorithm, ...] = (
    Algorithm(
        "StandardScaler",
        fitting(_standard, merge=_merge_scaling),
        {
            "with_mean": OptionSpec("bool", default=True, doc="Subtract the mean."),
            "with_std": OptionSpec("bool", default=True, doc="Divide by the standard deviation."),
        },
        restore=restore,
        grows=True,
    ),
    Algorithm("RobustScaler", fitting(_robust), restore=restore),
    Algorithm("PCA", fitting(_pca), {**_K, "variance": _number("The share of the variance to keep.")}, restore=restore),
    Algorithm("KMeans", fitting(_kmeans), {**_K, **SEED}, restore=restore),
    Algorithm("LinearRegression", fitting(_linear("LinearRegression"), "number"), _INTERCEPT, True, restore),
    Algorithm("Ridge", fitting(_linear("Ridge"), "number"), {**_INTERCEPT, **_ALPHA}, True, restore),
    Algorithm("Lasso", fitting(_linear("Lasso"), "number"), {**_INTERCEPT, **_ALPHA}, True, restore),
    Algorithm(
        "ElasticNet",
        fitting(_linear("ElasticNet"), "number"),
        {**_INTERCEPT, **_ALPHA, "l1_ratio": _number("The share of the L1 penalty.")},
        True,
        restore,
    ),
    Algorithm(
        "LogisticRegression",
        fitting(_logistic, "class"),
        {**_INTERCEPT, **PROBABILITIES, "c": _number("The inverse of the regularisation.")},
        True,
        restore,
        classifies=True,
    ),
    Algorithm(
        "GaussianNB", fitting(_bayes, "class", _merge_bayes), PROBABILITIES, True, restore, classifies=True, grows=True
    ),
    Algorithm(
        "DecisionTreeClassifier",
        fitting(_trees(_TREE, "DecisionTreeClassifier"), "class"),
        {**TREE_OPTIONS, **CRITERION, **SPLITTER},
        True,
        restore,
        classifies=True,
    ),
    Algorithm(
        "DecisionTreeRegressor",
        fitting(_trees(_TREE, "DecisionTreeRegressor"), "number"),
        {**TREE_OPTIONS, **SPLITTER},
        True,
        restore,
    ),
    Algorithm(
        "RandomForestClassifier",
        fitting(_trees(_FOREST, "RandomForestClassifier"), "class"),
        {**TREE_OPTIONS, **CRITERION, **ESTIMATORS},
        True,
        restore,
        classifies=True,
    ),
    Algorithm(
        "RandomForestRegressor",
        fitting(_trees(_FOREST, "RandomForestRegressor"), "number"),
        {**TREE_OPTIONS, **ESTIMATORS},
        True,
        restore,
    ),
    Algorithm(
        "OneClassSVM",
        fitting(_one_class),
        {
            "kernel": OptionSpec("enum", choices=("rbf", "linear", "poly", "sigmoid"), doc="The kernel."),
            "nu": _number("The bound on the share of errors."),
            "coef0": _number("The constant of poly and sigmoid."),
            "gamma": _number("The width of the kernel (1 / number of fields)."),
            "tol": _number("When to stop."),
            "degree": _whole("The degree of poly."),
            "shrinking": OptionSpec("bool", doc="Whether to shrink."),
        },
        restore=restore,
    ),
    Algorithm(
        "DBSCAN",
        once(_dbscan),
        {"eps": _number("How near neighbours are."), "min_samples": _whole("How many neighbours a core point has.")},
    ),
    Algorithm("SpectralClustering", once(_spectral), {**_K, **SEED, "gamma": _number("The width of the kernel.")}),
    Algorithm(
        "LocalOutlierFactor",
        once(_local),
        {
            "n_neighbors": _whole("How many neighbours to look at."),
            "leaf_size": _whole("The size of leaves."),
            "p": _whole("The power of the Minkowski metric."),
            "contamination": _number("The share of outliers (0.1)."),
            "metric": OptionSpec("string", doc="The metric."),
            "algorithm": OptionSpec("enum", choices=("auto", "brute", "kd_tree", "ball_tree"), doc="How to search."),
            "anomaly_score": OptionSpec("bool", default=True, doc="Give the score of each row."),
        },
    ),
)
