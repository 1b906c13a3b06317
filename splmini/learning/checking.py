"""What a stored model has to look like: the shape of every number in it, checked when it is read.

A model file may be damaged or made by hand. Each kind of model has a table of what its data holds; letters stand for
sizes, which have to agree with one another and with the columns of the model.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

Check = Callable[[Any, dict[str, int]], None]


def number(value: Any, sizes: dict[str, int]) -> None:
    """Check that a value is a finite number."""
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value):
        raise ValueError(f"{str(value)[:40]!r} is no number")


def positive(value: Any, sizes: dict[str, int]) -> None:
    """Check that a value is a number above 0."""
    number(value, sizes)
    if value <= 0:
        raise ValueError(f"{value} is not above 0")


def whole(value: Any, sizes: dict[str, int]) -> None:
    """Check that a value is a whole number."""
    if isinstance(value, bool) or not isinstance(value, int):
        raise ValueError(f"{str(value)[:40]!r} is no whole number")


def text(value: Any, sizes: dict[str, int]) -> None:
    """Check that a value is text."""
    if not isinstance(value, str):
        raise ValueError(f"{str(value)[:40]!r} is no text")


def truth(value: Any, sizes: dict[str, int]) -> None:
    """Check that a value is true or false."""
    if not isinstance(value, bool):
        raise ValueError(f"{str(value)[:40]!r} is neither true nor false")


def one_of(*words: str) -> Check:
    """Return the check that a value is one of some words."""

    def check(value: Any, sizes: dict[str, int]) -> None:
        if value not in words:
            raise ValueError(f"{str(value)[:40]!r} is none of {', '.join(words)}")

    return check


def listed(item: Check, *letters: str) -> Check:
    """Return the check of a list, or of lists in a list: a letter for each depth says how long they are; `?`: any."""
    letter, rest = letters[0], letters[1:]
    inner = listed(item, *rest) if rest else item

    def check(value: Any, sizes: dict[str, int]) -> None:
        if not isinstance(value, list):
            raise ValueError(f"{str(value)[:40]!r} is no list")
        if letter != "?" and sizes.setdefault(letter, len(value)) != len(value):
            raise ValueError(f"a list has {len(value)} items where {sizes[letter]} were expected")
        for each in value:
            inner(each, sizes)

    return check


def optional(inner: Check) -> Check:
    """Return the check of a value that may be null."""

    def check(value: Any, sizes: dict[str, int]) -> None:
        if value is not None:
            inner(value, sizes)

    return check


def tree(value: Any, sizes: dict[str, int]) -> None:
    """Check one decision tree: lists of one length, columns that there are, branches that lead down."""
    own = {"c": sizes["c"]}
    if "v" in sizes:
        own["v"] = sizes["v"]
    check_data(
        value,
        {
            "left": listed(whole, "n"),
            "right": listed(whole, "n"),
            "column": listed(whole, "n"),
            "bound": listed(number, "n"),
            "values": listed(number, "n", "v"),
        },
        own,
    )
    sizes.setdefault("v", own["v"] if own["n"] else 1)
    size = own["n"]
    if not size:
        raise ValueError("a tree without nodes")
    for place, (left, right, column) in enumerate(zip(value["left"], value["right"], value["column"], strict=True)):
        if left < 0:
            continue
        if not (place < left < size and place < right < size):
            raise ValueError("a tree whose branches do not lead down")
        if not 0 <= column < sizes["c"]:
            raise ValueError(f"a tree that asks for column {column}")


def check_data(data: Any, table: Mapping[str, Check], sizes: dict[str, int]) -> None:
    """Check the data of a model by a table of what it holds; raises ValueError that names what is wrong."""
    if not isinstance(data, dict):
        raise ValueError("it holds no data")
    for name, check in table.items():
        if name not in data:
            raise ValueError(f"it has no {name}")
        try:
            check(data[name], sizes)
        except ValueError as error:
            raise ValueError(f"{name}: {error}") from None


def check_fields(state: Mapping[str, Any]) -> int:
    """Check the fields of a model of numbers; return how many columns they make."""
    check_data(state, {"numeric": listed(text, "numeric"), "target": optional(text)}, {})
    texts = state.get("texts")
    if not isinstance(texts, dict):
        raise ValueError("texts: it is no object")
    for name, values in texts.items():
        check_data({name: values}, {name: listed(text, "values")}, {})
    return len(state["numeric"]) + sum(map(len, texts.values()))


def classes(data: Mapping[str, Any], number_of: int) -> None:
    """Check that a model has as many classes as it tells apart."""
    if len(data["classes"]) != number_of:
        raise ValueError(f"classes: {len(data['classes'])} where {number_of} were expected")


def check_classes(kind: str, data: Mapping[str, Any], sizes: Mapping[str, int]) -> None:
    """Check what lists of lists cannot say: how many classes belong to how many scores."""
    if kind in ("logistic", "boosted") and data.get("classes") is not None:
        scores = sizes["m"]
        classes(data, 2 if scores == 1 else scores)
    if kind == "trees":
        classes({"classes": data["classes"] or [""]}, sizes["v"])
    if kind == "machine":
        number_of = len(data["classes"])
        if number_of < 2 or sum(data["supports"]) != sizes["s"] or min(data["supports"]) < 0:
            raise ValueError("supports: they do not add up")
        if sizes["w"] != number_of - 1 or sizes["p"] != number_of * (number_of - 1) // 2:
            raise ValueError("weights: not those of these classes")
    if kind == "network":
        width = sizes["c"]
        for weights, biases in zip(data["weights"], data["biases"], strict=True):
            if len(weights) != width or any(len(row) != len(biases) for row in weights):
                raise ValueError("weights: the layers do not fit together")
            width = len(biases)
        classes(data, 2 if width == 1 else width)


TABLES: dict[str, dict[str, Check]] = {
    "scaler": {"center": listed(number, "c"), "scale": listed(positive, "c"), "prefix": text},
    "components": {
        "center": listed(number, "c"),
        "components": listed(number, "k", "c"),
        "variances": listed(number, "k"),
        "ratios": listed(number, "k"),
        "singular": listed(number, "k"),
    },
    "clusters": {"centers": listed(number, "k", "c")},
    "linear": {"coefficients": listed(number, "c"), "intercept": number},
    "logistic": {
        "coefficients": listed(number, "m", "c"),
        "intercept": listed(number, "m"),
        "classes": listed(text, "classes"),
    },
    "bayes": {
        "classes": listed(text, "m"),
        "means": listed(number, "m", "c"),
        "variances": listed(positive, "m", "c"),
        "priors": listed(positive, "m"),
    },
    "bernoulli": {
        "classes": listed(text, "m"),
        "counts": listed(number, "m", "c"),
        "rows": listed(positive, "m"),
        "alpha": number,
        "bound": number,
        "uniform": truth,
    },
    "trees": {
        "classes": optional(listed(text, "classes")),
        "importances": listed(number, "c"),
        "trees": listed(tree, "t"),
    },
    "boosted": {
        "classes": optional(listed(text, "classes")),
        "importances": listed(number, "c"),
        "start": listed(number, "m"),
        "rate": number,
        "trees": listed(tree, "t", "m"),
    },
    "support": {
        "vectors": listed(number, "s", "c"),
        "weights": listed(number, "s"),
        "intercept": number,
        "kernel": one_of("rbf", "linear", "poly", "sigmoid"),
        "gamma": number,
        "coef0": number,
        "degree": whole,
    },
    "machine": {
        "classes": listed(text, "classes"),
        "vectors": listed(number, "s", "c"),
        "supports": listed(whole, "classes"),
        "weights": listed(number, "w", "s"),
        "intercept": listed(number, "p"),
        "gamma": number,
    },
    "ridge": {"vectors": listed(number, "s", "c"), "weights": listed(number, "s"), "gamma": number},
    "network": {
        "classes": listed(text, "classes"),
        "weights": listed(listed(listed(number, "?"), "?"), "layers"),
        "biases": listed(listed(number, "?"), "layers"),
    },
    "selected": {"kept": listed(truth, "c")},
    "independent": {"center": listed(number, "c"), "components": listed(number, "k", "c")},
}


GROWN: dict[str, dict[str, Check]] = {
    "scaler": {
        "rows": positive,
        "mean": listed(number, "c"),
        "spread": listed(number, "c"),
        "centers": truth,
        "scales": truth,
    },
    "bayes": {"rows": listed(positive, "m")},
    "bernoulli": {},
}
"""What a model that partial_fit goes on from holds besides; models of earlier versions lack it."""


def check_grown(kind: str, data: Mapping[str, Any], columns: int) -> None:
    """Check that a stored model holds what is needed to go on from it; raises ValueError that says what is missing."""
    check_data(data, GROWN[kind], {"c": columns, "m": len(data.get("classes", ()))})


def check_model(state: Mapping[str, Any]) -> None:
    """Check a stored model of numbers; raises ValueError that says what is wrong."""
    kind = state.get("kind")
    if kind not in TABLES:
        raise ValueError("an unknown kind of model")
    sizes = {"c": check_fields(state)}
    check_data(state.get("data"), TABLES[kind], sizes)
    check_classes(kind, state["data"], sizes)
