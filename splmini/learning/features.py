"""Algorithms that make or choose fields: TFIDF, FieldSelector, Imputer, ICA."""

from __future__ import annotations

import statistics
import warnings
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from splmini.errors import ArgumentError
from splmini.learning import Algorithm, Model, Request, library
from splmini.learning.checking import check_data, listed, number, one_of, optional, text, whole
from splmini.learning.estimators import SEED, fitting, given
from splmini.learning.models import Applied, NumericModel, projecting, restore
from splmini.operators import Row
from splmini.registry import OptionSpec
from splmini.values.multivalue import joined
from splmini.values.numbers import to_number, to_text

ANALYZERS = ("word", "char")
NORMS = ("l1", "l2")
STOP_WORDS = ("english",)
MOST_WORDS = 10
"""How many words a term has at most."""

# ---- text as numbers ------------------------------------------------------------------------------------------------


@dataclass
class TextModel:
    """The terms of texts and how rare they are."""

    field: str
    terms: list[str]
    weights: list[float]
    settings: dict[str, Any]

    def apply(self, rows: list[Row], options: Mapping[str, Any], output: str | None) -> None:
        """Write a field for each term: how much it says about the text."""
        np, sparse, texts = library("numpy", "scipy.sparse", "sklearn.feature_extraction.text")
        kept = [row for row in rows if row.get(self.field) is not None]
        if not kept:
            return
        settings = {**self.settings, "ngram_range": tuple(self.settings["ngram_range"])}
        counter = texts.CountVectorizer(
            vocabulary={term: place for place, term in enumerate(self.terms)},
            **{name: settings[name] for name in ("analyzer", "ngram_range", "stop_words")},
        )
        counts = counter.transform([joined(row[self.field], " ") for row in kept])
        found = counts @ sparse.diags(np.array(self.weights, dtype=float))
        if settings["norm"] is not None:
            (preprocessing,) = library("sklearn.preprocessing")
            found = preprocessing.normalize(found, norm=settings["norm"])
        dense = found.toarray()
        names = [f"{output or self.field}_tfidf_{place}_{term}" for place, term in enumerate(self.terms)]
        for row, values in zip(kept, dense, strict=True):
            row.update(zip(names, map(float, values), strict=True))

    def summary(self) -> list[Row]:
        """Give the weight of each term."""
        return [{"feature": term, "idf": weight} for term, weight in zip(self.terms, self.weights, strict=True)]

    def state(self) -> dict[str, Any]:
        """Return the model as JSON data."""
        return dict(vars(self))


def _fit_text(request: Request, rows: list[Row]) -> Model:
    if len(request.fields) != 1 or "*" in request.fields[0]:
        raise ArgumentError("TFIDF takes one field.", name="TFIDF")
    (field,) = request.fields
    (texts,) = library("sklearn.feature_extraction.text")
    options = request.options
    settings = {
        "analyzer": options["analyzer"],
        "norm": None if options["norm"] == "none" else options["norm"],
        "stop_words": options.get("stop_words"),
        "ngram_range": _range(options["ngram_range"]),
    }
    limits = {name: _share(name, options[name]) for name in ("max_df", "min_df") if options.get(name) is not None}
    found = texts.TfidfVectorizer(max_features=options["max_features"], **limits, **settings)
    documents = [joined(row[field], " ") for row in rows if row.get(field) is not None]
    if not documents:
        raise ArgumentError(f"fit has no row that has '{field}'.", name="TFIDF")
    found.fit(documents)
    settings["ngram_range"] = list(settings["ngram_range"])
    return TextModel(field, [str(term) for term in found.get_feature_names_out()], found.idf_.tolist(), settings)


def _range(given_text: str) -> tuple[int, int]:
    low, _, high = given_text.partition("-")
    if not low.strip().isdecimal() or not (high or low).strip().isdecimal():
        raise ArgumentError(f"ngram_range takes a range such as 1-2, not '{given_text}'.", name="TFIDF")
    first, last = int(low), int(high or low)
    if not 1 <= first <= last <= MOST_WORDS:
        raise ArgumentError(f"ngram_range lies between 1 and {MOST_WORDS}.", name="TFIDF")
    return first, last


def _share(name: str, value: str) -> float:
    share = to_number(value)
    if share is None or share < 0:
        raise ArgumentError(f"{name} takes a share or a number of texts, not '{value}'.", name="TFIDF")
    return int(share) if share > 1 or "." not in value else float(share)


def _restore_text(state: dict[str, Any]) -> Model:
    check_data(state, {"field": text, "terms": listed(text, "terms"), "weights": listed(number, "terms")}, {})
    settings = state.get("settings")
    check_data(
        settings,
        {
            "analyzer": one_of(*ANALYZERS),
            "norm": optional(one_of(*NORMS)),
            "stop_words": optional(one_of(*STOP_WORDS)),
            "ngram_range": listed(whole, "two"),
        },
        {"two": 2},
    )
    assert isinstance(settings, dict)
    least, most = settings["ngram_range"]
    if not 1 <= least <= most <= MOST_WORDS:
        raise ValueError(f"ngram_range: {least} to {most}")
    if len(set(state["terms"])) != len(state["terms"]):
        raise ValueError("terms: one comes twice")
    return TextModel(**state)


# ---- choosing and filling -------------------------------------------------------------------------------------------


def _select(matrix: Any, wanted: Any, options: Mapping[str, Any]) -> tuple[str, dict[str, Any]]:
    np, selection = library("numpy", "sklearn.feature_selection")
    target, score = wanted, selection.f_classif
    if options["type"] == "numeric":
        numbers = [to_number(each) for each in wanted.tolist()]
        if None in numbers:
            raise ArgumentError("FieldSelector type=numeric needs a field of numbers to predict.", name="FieldSelector")
        target, score = np.array(numbers, dtype=float), selection.f_regression
    param = options.get("param")
    if options["mode"] == "k_best" and param is not None:
        param = int(param)
    chosen = selection.GenericUnivariateSelect(
        score, mode=options["mode"], **({} if param is None else {"param": param})
    )
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        kept = chosen.fit(matrix, target).get_support()
    return "selected", {"kept": [bool(each) for each in kept]}


def _apply_selected(model: NumericModel, matrix: Any, output: str | None, options: Mapping[str, Any]) -> dict[str, Any]:
    columns = model.encoder.columns()
    return {
        f"{output or 'fs'}_{name}": matrix[:, place] for place, name in enumerate(columns) if model.data["kept"][place]
    }


@dataclass
class Filling:
    """What stands for the values that fields lack."""

    values: dict[str, Any]

    def apply(self, rows: list[Row], options: Mapping[str, Any], output: str | None) -> None:
        """Write each field with its gaps filled."""
        for row in rows:
            for name, value in self.values.items():
                own = row.get(name)
                row[output if output and len(self.values) == 1 else f"Imputed_{name}"] = value if own is None else own

    def summary(self) -> list[Row]:
        """Give the value that fills each field."""
        return [{"field": name, "statistics": value} for name, value in self.values.items()]

    def state(self) -> dict[str, Any]:
        """Return the model as JSON data."""
        return {"values": self.values}


def _fit_filling(request: Request, rows: list[Row]) -> Model:
    strategy, values = request.options["strategy"], dict[str, Any]()
    for name in request.columns(rows):
        met = [row[name] for row in rows if row.get(name) is not None and not isinstance(row[name], list)]
        if not met:
            raise ArgumentError(f"Imputer has no value of '{name}'.", name="Imputer")
        if strategy == "most_frequent":
            counts = Counter(map(to_text, met))
            most = max(counts.values())
            best = min(each for each, count in counts.items() if count == most)
            number = to_number(best)
            values[name] = best if number is None else number
            continue
        numbers = [number for each in met if (number := to_number(each)) is not None]
        if len(numbers) < len(met):
            raise ArgumentError(f"Imputer strategy={strategy} needs numbers, which '{name}' are not.", name="Imputer")
        values[name] = statistics.median(numbers) if strategy == "median" else statistics.fmean(numbers)
    return Filling(values)


def _restore_filling(state: dict[str, Any]) -> Model:
    values = state.get("values")
    if not isinstance(values, dict) or any(
        isinstance(each, (list, dict, bool)) or each is None for each in values.values()
    ):
        raise ValueError("values: they are no values of fields")
    return Filling(values)


# ---- independent components -----------------------------------------------------------------------------------------


def _independent(matrix: Any, wanted: Any, options: Mapping[str, Any]) -> tuple[str, dict[str, Any]]:
    (decomposition,) = library("sklearn.decomposition")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = decomposition.FastICA(
            whiten="unit-variance", **given(options, "max_iter", "random_state", "tol", "n_components")
        ).fit(matrix)
    return "independent", {"center": found.mean_.tolist(), "components": found.components_.tolist()}


APPLIES: dict[str, Applied] = {"selected": _apply_selected, "independent": projecting("IC")}

ALGORITHMS: tuple[Algorithm, ...] = (
    Algorithm(
        "TFIDF",
        _fit_text,
        {
            "max_features": OptionSpec("int", default=100, doc="The most terms, the most frequent ones."),
            "max_df": OptionSpec("string", doc="Terms in more texts are left out: a share such as 0.6, or a number."),
            "min_df": OptionSpec("string", doc="Terms in fewer texts are left out."),
            "ngram_range": OptionSpec("string", default="1-1", doc="How many words a term has, such as 1-2."),
            "analyzer": OptionSpec("enum", default="word", choices=ANALYZERS, doc="What a term is made of."),
            "norm": OptionSpec("enum", default="l2", choices=(*NORMS, "none"), doc="How a text is normalised."),
            "stop_words": OptionSpec("enum", choices=STOP_WORDS, doc="Words to leave out."),
        },
        restore=_restore_text,
    ),
    Algorithm(
        "FieldSelector",
        fitting(_select, "class"),
        {
            "type": OptionSpec("enum", default="numeric", choices=("numeric", "categorical"), doc="What is predicted."),
            "mode": OptionSpec(
                "enum",
                default="percentile",
                choices=("k_best", "fpr", "fdr", "fwe", "percentile"),
                doc="How fields are chosen.",
            ),
            "param": OptionSpec("number", doc="How many, which share, or which error rate, by mode."),
        },
        True,
        restore,
        scored=False,
    ),
    Algorithm(
        "Imputer",
        _fit_filling,
        {
            "strategy": OptionSpec(
                "enum", default="mean", choices=("mean", "median", "most_frequent"), doc="What fills a gap."
            )
        },
        restore=_restore_filling,
    ),
    Algorithm(
        "ICA",
        fitting(_independent),
        {
            **SEED,
            "n_components": OptionSpec("int", doc="How many components."),
            "max_iter": OptionSpec("int", doc="How often to go on."),
            "tol": OptionSpec("number", doc="When to stop."),
        },
        restore=restore,
    ),
)
