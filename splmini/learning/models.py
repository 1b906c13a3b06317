"""What the models of scikit-learn's algorithms are here: numbers, and how they predict and describe themselves.

A model is stored as means, coefficients, centres, trees, and predicts from these, without scikit-learn's objects.
Fields of text are turned into a column for each of their values, as MLTK does.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from splmini.errors import ArgumentError
from splmini.learning import Model, library
from splmini.learning.checking import check_model
from splmini.operators import Row
from splmini.values.numbers import to_number, to_text

MOST_VALUES = 100
"""Fields of text with more distinct values are left out."""

# ---- fields as numbers ----------------------------------------------------------------------------------------------


@dataclass
class Encoder:
    """Turns rows into numbers: a column for each numeric field and for each value of a field of text."""

    numeric: list[str]
    texts: dict[str, list[str]] = field(default_factory=dict)

    @classmethod
    def of(cls, rows: Sequence[Row], names: Sequence[str]) -> Encoder:
        """Look at the rows and decide how each field is turned into numbers."""
        encoder = cls([])
        for name in names:
            values = [row[name] for row in rows if row.get(name) is not None and not isinstance(row[name], list)]
            if all(to_number(value) is not None for value in values):
                encoder.numeric.append(name)
            elif len(distinct := sorted({to_text(value) for value in values})) <= MOST_VALUES:
                encoder.texts[name] = distinct
        if not encoder.numeric and not encoder.texts:
            raise ArgumentError("fit has no usable field: each is missing or has too many values.", name="fit")
        return encoder

    def columns(self) -> list[str]:
        """Return the names of the columns."""
        return [*self.numeric, *(f"{name}={value}" for name, values in self.texts.items() for value in values)]

    def encode(self, row: Row) -> list[float] | None:
        """Return the numbers of a row; None where a field is missing."""
        result: list[float] = []
        for name in self.numeric:
            number = to_number(row.get(name))
            if number is None:
                return None
            result.append(float(number))
        for name, values in self.texts.items():
            value = row.get(name)
            if value is None or isinstance(value, list):
                return None
            text = to_text(value)
            result += [float(text == each) for each in values]
        return result

    def matrix(self, rows: Sequence[Row]) -> tuple[list[Row], Any]:
        """Return the rows that have every field, and their numbers."""
        (np,) = library("numpy")
        pairs = [(row, numbers) for row in rows if (numbers := self.encode(row)) is not None]
        return [row for row, _ in pairs], np.array([numbers for _, numbers in pairs], dtype=float).reshape(
            len(pairs), len(self.columns())
        )


# ---- models ---------------------------------------------------------------------------------------------------------


@dataclass
class NumericModel:
    """A model of numbers: `kind` says how it predicts, `data` holds its numbers as lists."""

    kind: str
    numeric: list[str]
    texts: dict[str, list[str]]
    target: str | None
    data: dict[str, Any]

    @property
    def encoder(self) -> Encoder:
        """How rows become numbers."""
        return Encoder(self.numeric, self.texts)

    def apply(self, rows: list[Row], options: Mapping[str, Any], output: str | None) -> None:
        """Write the fields of the model to the rows that have all its fields; what is no number stays null."""
        kept, matrix = self.encoder.matrix(rows)
        if not kept:
            return
        (np,) = library("numpy")
        with np.errstate(all="ignore"):  # numbers that are too large become infinite
            found = appliers()[self.kind](self, matrix, output, options)
        for name, values in found.items():
            for row, value in zip(kept, values, strict=True):
                plain = value.item() if hasattr(value, "item") else value
                if plain == plain:
                    row[name] = plain

    def summary(self) -> list[Row]:
        """Describe the model by what it learned of each column."""
        return SUMMARIES.get(self.kind, _no_summary)(self)

    def state(self) -> dict[str, Any]:
        """Return the model as JSON data."""
        return dict(vars(self))


Applied = Callable[[NumericModel, Any, "str | None", Mapping[str, Any]], dict[str, Any]]
"""From a model, the numbers of rows, the name of the output and the options to the values of each field."""


def array(model: NumericModel, name: str) -> Any:
    """Return a list of the model's data as numbers of numpy."""
    (np,) = library("numpy")
    return np.array(model.data[name], dtype=float)


def predicted(model: NumericModel, output: str | None) -> str:
    """Return the name of the field that a prediction goes to."""
    return output or f"predicted({model.target})"


def _apply_scaler(model: NumericModel, matrix: Any, output: str | None, options: Mapping[str, Any]) -> dict[str, Any]:
    scaled = (matrix - array(model, "center")) / array(model, "scale")
    return {f"{output or model.data['prefix']}_{name}": scaled[:, i] for i, name in enumerate(model.encoder.columns())}


def projecting(prefix: str) -> Applied:
    """Return what applies a model of components, which become the fields `PREFIX_1`, `PREFIX_2` …"""

    def apply(model: NumericModel, matrix: Any, output: str | None, options: Mapping[str, Any]) -> dict[str, Any]:
        projected = (matrix - array(model, "center")) @ array(model, "components").T
        return {f"{output or prefix}_{i + 1}": projected[:, i] for i in range(projected.shape[1])}

    return apply


def _apply_clusters(model: NumericModel, matrix: Any, output: str | None, options: Mapping[str, Any]) -> dict[str, Any]:
    (np,) = library("numpy")
    distances = ((matrix[:, None, :] - array(model, "centers")[None, :, :]) ** 2).sum(axis=2)
    name = output or "cluster"
    return {name: distances.argmin(axis=1), f"{name}_distance": np.sqrt(distances.min(axis=1))}


def _apply_linear(model: NumericModel, matrix: Any, output: str | None, options: Mapping[str, Any]) -> dict[str, Any]:
    return {predicted(model, output): matrix @ array(model, "coefficients") + model.data["intercept"]}


def chosen(model: NumericModel, shares: Any, output: str | None, options: Mapping[str, Any]) -> dict[str, Any]:
    """Return the class with the greatest share of each row and, where they are asked for, all shares."""
    classes = model.data["classes"]
    result: dict[str, Any] = {predicted(model, output): [classes[i] for i in shares.argmax(axis=1)]}
    if options.get("probabilities"):
        result.update({f"probability({model.target}={each})": shares[:, i] for i, each in enumerate(classes)})
    return result


def _apply_logistic(model: NumericModel, matrix: Any, output: str | None, options: Mapping[str, Any]) -> dict[str, Any]:
    scores = matrix @ array(model, "coefficients").T + array(model, "intercept")
    return chosen(model, shares_of_scores(scores), output, options)


def shares_of_scores(scores: Any) -> Any:
    """Return the share of each class: one score tells two apart, several are those of the classes."""
    (np,) = library("numpy")
    if scores.shape[1] == 1:
        share = 1 / (1 + np.exp(-np.clip(scores[:, 0], -700, 700)))
        return np.column_stack([1 - share, share])
    return softmax(scores)


def softmax(scores: Any) -> Any:
    """Return the share of each class from its logarithm, up to what a row's scores have in common."""
    (np,) = library("numpy")
    powers = np.exp(scores - scores.max(axis=1, keepdims=True))
    return powers / powers.sum(axis=1, keepdims=True)


def _apply_bayes(model: NumericModel, matrix: Any, output: str | None, options: Mapping[str, Any]) -> dict[str, Any]:
    (np,) = library("numpy")
    means, variances, priors = array(model, "means"), array(model, "variances"), array(model, "priors")
    spread = -0.5 * (np.log(2 * np.pi * variances)[None] + (matrix[:, None] - means[None]) ** 2 / variances[None])
    scores = np.log(priors) + spread.sum(axis=2)
    return chosen(model, softmax(scores), output, options)


def _apply_trees(model: NumericModel, matrix: Any, output: str | None, options: Mapping[str, Any]) -> dict[str, Any]:
    (np,) = library("numpy")
    total = sum(leaves(tree, matrix) for tree in model.data["trees"])
    mean = total / len(model.data["trees"])
    if model.data["classes"] is None:
        return {predicted(model, output): np.asarray(mean)[:, 0]}
    return chosen(model, mean, output, options)


def leaves(tree: Mapping[str, Any], matrix: Any) -> Any:
    """The values of the leaves that rows come to."""
    (np,) = library("numpy")
    left, right = np.array(tree["left"]), np.array(tree["right"])
    column, bound, values = np.array(tree["column"]), np.array(tree["bound"]), np.array(tree["values"])
    single = matrix.astype(np.float32)
    nodes = np.zeros(len(matrix), dtype=int)
    while (inner := left[nodes] >= 0).any():
        rows = np.nonzero(inner)[0]
        at = nodes[rows]
        nodes[rows] = np.where(single[rows, column[at]] <= bound[at], left[at], right[at])
    return values[nodes]


def _apply_support(model: NumericModel, matrix: Any, output: str | None, options: Mapping[str, Any]) -> dict[str, Any]:
    (np,) = library("numpy")
    data = model.data
    if data["kernel"] == "rbf":
        likeness = rbf(model, matrix)
    else:
        likeness = matrix @ vectors(model, matrix).T
        if data["kernel"] == "poly":
            likeness = (data["gamma"] * likeness + data["coef0"]) ** data["degree"]
        elif data["kernel"] == "sigmoid":
            likeness = np.tanh(data["gamma"] * likeness + data["coef0"])
    scores = likeness @ array(model, "weights") + data["intercept"]
    return {output or "isNormal": np.where(scores >= 0, 1, -1)}


def vectors(model: NumericModel, matrix: Any) -> Any:
    """Return the vectors of a model of a kernel, which have the columns of the rows."""
    return array(model, "vectors").reshape(-1, matrix.shape[1])


def rbf(model: NumericModel, matrix: Any) -> Any:
    """Return the kernel between rows and the vectors of a model."""
    (np,) = library("numpy")
    held = vectors(model, matrix)
    squares = (matrix**2).sum(axis=1)[:, None] + (held**2).sum(axis=1)[None] - 2 * matrix @ held.T
    return np.exp(-model.data["gamma"] * np.maximum(squares, 0))


APPLIES: dict[str, Applied] = {
    "scaler": _apply_scaler,
    "components": projecting("PC"),
    "clusters": _apply_clusters,
    "linear": _apply_linear,
    "logistic": _apply_logistic,
    "bayes": _apply_bayes,
    "trees": _apply_trees,
    "support": _apply_support,
}


def _no_summary(model: NumericModel) -> list[Row]:
    raise ArgumentError("summary does not describe models of this algorithm.", name="summary")


def _scaler_summary(model: NumericModel) -> list[Row]:
    pairs = zip(model.encoder.columns(), model.data["center"], model.data["scale"], strict=True)
    return [{"fields": name, "mean": center, "scale": scale} for name, center, scale in pairs]


def _components_summary(model: NumericModel) -> list[Row]:
    pairs = zip(model.data["variances"], model.data["ratios"], model.data["singular"], strict=True)
    names = ("explained_variance", "explained_variance_ratio", "singular_values")
    return [{"component": f"PC_{i}", **dict(zip(names, values, strict=True))} for i, values in enumerate(pairs, 1)]


def _clusters_summary(model: NumericModel) -> list[Row]:
    names = model.encoder.columns()
    return [{"cluster": i, **dict(zip(names, c, strict=True))} for i, c in enumerate(model.data["centers"])]


def _linear_summary(model: NumericModel) -> list[Row]:
    rows: list[Row] = [
        {"feature": name, "coefficient": value}
        for name, value in zip(model.encoder.columns(), model.data["coefficients"], strict=True)
    ]
    return [*rows, {"feature": "_intercept", "coefficient": model.data["intercept"]}]


def _logistic_summary(model: NumericModel) -> list[Row]:
    classes, names = model.data["classes"], [*model.encoder.columns(), "_intercept"]
    shown = classes[1:] if len(model.data["coefficients"]) == 1 else classes
    return [
        {"feature": name, "coefficient": value, "class": each}
        for each, row, start in zip(shown, model.data["coefficients"], model.data["intercept"], strict=True)
        for name, value in zip(names, [*row, start], strict=True)
    ]


def _trees_summary(model: NumericModel) -> list[Row]:
    pairs = zip(model.encoder.columns(), model.data["importances"], strict=True)
    return [{"feature": name, "importance": value} for name, value in sorted(pairs, key=lambda pair: -pair[1])]


SUMMARIES: dict[str, Callable[[NumericModel], list[Row]]] = {
    "scaler": _scaler_summary,
    "components": _components_summary,
    "clusters": _clusters_summary,
    "linear": _linear_summary,
    "logistic": _logistic_summary,
    "trees": _trees_summary,
}


@functools.cache
def appliers() -> dict[str, Applied]:
    """Return how models of each kind are applied."""
    from splmini.learning import additive, features, kernels

    return {**APPLIES, **kernels.APPLIES, **additive.APPLIES, **features.APPLIES}


def restore(state: dict[str, Any]) -> Model:
    """Make a model of its JSON data; raises ValueError for data that is not of its kind."""
    check_model(state)
    return NumericModel(**state)
