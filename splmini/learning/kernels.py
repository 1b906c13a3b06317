"""Algorithms of kernels: SVM and KernelRidge, with the kernel that MLTK has for them (rbf)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from splmini.learning import Algorithm, library
from splmini.learning.estimators import fitting, given, two_classes
from splmini.learning.models import Applied, NumericModel, array, predicted, rbf, restore
from splmini.registry import OptionSpec


def _gamma(matrix: Any, options: Mapping[str, Any]) -> float:
    gamma = options.get("gamma")
    return float(gamma) if gamma is not None else 1 / int(matrix.shape[1])


def _svm(matrix: Any, wanted: Any, options: Mapping[str, Any]) -> tuple[str, dict[str, Any]]:
    (svm,) = library("sklearn.svm")
    two_classes(wanted, "SVM")
    gamma = _gamma(matrix, options)
    found = svm.SVC(gamma=gamma, **given(options, c="C")).fit(matrix, wanted)
    return "machine", {
        "classes": found.classes_.tolist(),
        "vectors": found.support_vectors_.tolist(),
        "supports": [int(each) for each in found.n_support_],
        "weights": found.dual_coef_.tolist(),
        "intercept": found.intercept_.tolist(),
        "gamma": gamma,
    }


def _kernel_ridge(matrix: Any, wanted: Any, options: Mapping[str, Any]) -> tuple[str, dict[str, Any]]:
    (ridge,) = library("sklearn.kernel_ridge")
    gamma = _gamma(matrix, options)
    found = ridge.KernelRidge(kernel="rbf", gamma=gamma, **given(options, "alpha")).fit(matrix, wanted)
    return "ridge", {"vectors": matrix.tolist(), "weights": found.dual_coef_.tolist(), "gamma": gamma}


def _apply_machine(model: NumericModel, matrix: Any, output: str | None, options: Mapping[str, Any]) -> dict[str, Any]:
    """Each pair of classes has a vote; the class with the most of them is predicted, the first of equal ones."""
    (np,) = library("numpy")
    likeness, weights, starts = rbf(model, matrix), array(model, "weights"), model.data["intercept"]
    classes, bounds = model.data["classes"], np.cumsum([0, *model.data["supports"]])
    votes = np.zeros((len(matrix), len(classes)))
    pair = 0
    for one in range(len(classes)):
        for other in range(one + 1, len(classes)):
            own, others = slice(*bounds[one : one + 2]), slice(*bounds[other : other + 2])
            score = likeness[:, own] @ weights[other - 1, own] + likeness[:, others] @ weights[one, others]
            wins = score + starts[pair] > 0
            if len(classes) == 2:
                wins = ~wins  # of two classes a score above 0 means the second
            votes[:, one] += wins
            votes[:, other] += ~wins
            pair += 1
    return {predicted(model, output): [classes[i] for i in votes.argmax(axis=1)]}


def _apply_ridge(model: NumericModel, matrix: Any, output: str | None, options: Mapping[str, Any]) -> dict[str, Any]:
    return {predicted(model, output): rbf(model, matrix) @ array(model, "weights")}


APPLIES: dict[str, Applied] = {"machine": _apply_machine, "ridge": _apply_ridge}
_GAMMA = {"gamma": OptionSpec("number", doc="The width of the kernel (1 / number of fields).")}

ALGORITHMS: tuple[Algorithm, ...] = (
    Algorithm(
        "SVM",
        fitting(_svm, "class"),
        {**_GAMMA, "c": OptionSpec("number", doc="The inverse of the regularisation.")},
        True,
        restore,
        classifies=True,
    ),
    Algorithm(
        "KernelRidge",
        fitting(_kernel_ridge, "number"),
        {**_GAMMA, "alpha": OptionSpec("number", doc="The strength of the regularisation.")},
        True,
        restore,
    ),
)
