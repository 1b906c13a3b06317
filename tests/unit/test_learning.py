"""fit, apply and summary: what a stored model makes of other events is what it made when it was fitted."""

from __future__ import annotations

import importlib
import json
import random
from pathlib import Path
from typing import Any

import pytest

import splmini
from splmini.commands._learning import library

pytest.importorskip("sklearn")

_RANDOM = random.Random(7)
ROWS = [
    {"x": _RANDOM.gauss(10, 2), "z": _RANDOM.random(), "k": "ab"[i % 2], "y": i % 7, "c": ["no", "yes"][i % 3 == 0]}
    for i in range(60)
]
FITS = (
    "DensityFunction x", "DensityFunction x dist=norm", "DensityFunction x dist=expon", "DensityFunction x dist=beta",
    "DensityFunction x dist=gaussian_kde threshold=0.1", 'DensityFunction x by "k,c" threshold="0.1,0.2"',
    "DensityFunction x metric=kolmogorov_smirnov exclude_dist=\"beta,expon\" lower_threshold=0.1",
    "StandardScaler x z", "RobustScaler x z", "PCA x z y k=2", "PCA x z variance=0.9", "KMeans x z k=3",
    "LinearRegression y from x z k", "Ridge y from x z", "Lasso y from x z alpha=0.1", "ElasticNet y from x",
    "LogisticRegression c from x z k", "LogisticRegression y from x z", "GaussianNB c from x z",
    "DecisionTreeClassifier c from x z max_depth=3", "DecisionTreeRegressor y from x z k",
    "RandomForestClassifier c from x z k n_estimators=5", "RandomForestRegressor y from x* z n_estimators=5",
    "OneClassSVM x z nu=0.2", "OneClassSVM x z kernel=poly degree=2 coef0=1", "OneClassSVM x z kernel=sigmoid",
    "OneClassSVM x kernel=linear",
)


def run(env: splmini.Environment, spl: str, rows: Any = ()) -> list[dict[str, Any]]:
    """Run a search and give its rows."""
    return [dict(row) for row in env.compile(spl).run([dict(row) for row in rows])]


@pytest.mark.parametrize("fit", FITS)
def test_a_stored_model_gives_what_fitting_gave(fit: str, tmp_path: Path) -> None:
    """A model read from its file gives the same fields, in another environment."""
    fitted = run(splmini.Environment(data_dir=tmp_path), f"| fit {fit} into m", ROWS)
    applied = run(splmini.Environment(data_dir=tmp_path), "| apply m", ROWS)
    assert len(fitted) == len(applied) == len(ROWS)
    assert set(fitted[0]) > set(ROWS[0])
    for before, after in zip(fitted, applied, strict=True):
        assert list(before) == list(after)
        for name, value in before.items():
            assert after[name] == (pytest.approx(value) if isinstance(value, float) else value)


@pytest.mark.parametrize("fit", FITS)
def test_a_model_is_json(fit: str, tmp_path: Path) -> None:
    """What is stored is JSON and nothing else."""
    run(splmini.Environment(data_dir=tmp_path), f"| fit {fit} into m", ROWS)
    (file,) = tmp_path.iterdir()
    assert json.loads(file.read_text("utf-8"))["algorithm"] == fit.split()[0]


@pytest.mark.parametrize(
    ("fit", "fields"),
    [
        ("DensityFunction x by k dist=norm",
         ["k", "type", "min", "max", "mean", "std", "cardinality", "distance", "other"]),
        ("DensityFunction x", ["type", "min", "max", "mean", "std", "cardinality", "distance", "other"]),
        ("KMeans x z k=3", ["cluster", "x", "z"]),
        ("LinearRegression y from x k", ["feature", "coefficient"]),
        ("LogisticRegression c from x", ["feature", "coefficient", "class"]),
        ("RandomForestClassifier c from x n_estimators=2", ["feature", "importance"]),
        ("PCA x z", ["component", "explained_variance", "explained_variance_ratio", "singular_values"]),
        ("StandardScaler x", ["fields", "mean", "scale"]),
    ],
)
def test_summary(fit: str, fields: list[str]) -> None:
    """A model describes itself, in the order of columns that its algorithm has."""
    env = splmini.Environment()
    run(env, f"| fit {fit} into m", ROWS)
    results = env.compile("| summary m").run([])
    assert len(results) > 0
    assert list(results.fields) == fields


def test_summary_joins_with_events() -> None:
    """The summary of a model stands in a subsearch, as detections use it."""
    env = splmini.Environment()
    run(env, "| fit DensityFunction x by k dist=norm into m", ROWS)
    search = (
        "| table k x | join k [summary m] | where cardinality >= 16 | apply m threshold=0.5 "
        "| where 'IsOutlier(x)'=1 | eval upper = mvindex(split(mvindex(BoundaryRanges, -1), \":\"), 0)"
    )
    rows = run(env, search, ROWS)
    assert rows
    assert all(row["cardinality"] == 30 and float(row["upper"]) > 0 for row in rows)


def test_thresholds_may_come_from_a_subsearch() -> None:
    """A subsearch that returns a threshold sets it."""
    env = splmini.Environment()
    run(env, "| fit DensityFunction x dist=norm into m", ROWS)
    given = run(env, "| apply m upper_threshold=0.2", ROWS)
    returned = run(env, "| apply m [| makeresults | eval upper_threshold=0.2 | return upper_threshold]", ROWS)
    assert given == returned


def test_drawn_values_are_inliers() -> None:
    """sample draws from the inlying part, with a seed."""
    env = splmini.Environment()
    search = "| fit DensityFunction x dist=norm threshold=0.5 sample=t full_sample=t random_state=3"
    rows = run(env, search, ROWS)
    low, high = (float(rows[0]["BoundaryRanges"][i].split(":")[1 - i]) for i in (0, 1))
    assert all(low <= row["SampledValue(x)"] <= high for row in rows)
    assert not all(low <= row["FullSampledValue(x)"] <= high for row in rows)
    assert run(env, search, ROWS) == rows


def test_probabilities_add_up() -> None:
    """LogisticRegression gives the probability of each class where it is asked to."""
    (row, *_) = run(splmini.Environment(), "| fit LogisticRegression c from x probabilities=t", ROWS)
    assert row["probability(c=yes)"] + row["probability(c=no)"] == pytest.approx(1)


@pytest.mark.parametrize(
    "text",
    ["", "[]", "{}", '{"algorithm": "DBSCAN", "model": {}}', '{"algorithm": "PCA", "model": {"kind": "x"}}',
     '{"algorithm": "DensityFunction", "model": {"by": [], "densities": [[[], {"kind": "__import__"}]]}}',
     '{"algorithm": "DecisionTreeClassifier", "model": {"kind": "trees", "data": {"trees": '
     '[{"left": [0], "right": [0]}]}}}',
     "[" * 100_000],
)
def test_a_model_that_is_not_well_formed(text: str, tmp_path: Path) -> None:
    """A broken model file is a KnowledgeError that names it."""
    (tmp_path / "__mlspl_m.json").write_text(text, "utf-8")
    with pytest.raises(splmini.KnowledgeError, match="The model 'm' is not well formed"):
        run(splmini.Environment(data_dir=tmp_path), "| apply m", ROWS)


def test_without_the_libraries(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where scikit-learn is missing, the error says what to install."""

    real = importlib.import_module

    def missing(name: str) -> Any:
        if name.startswith("sklearn"):
            raise ImportError(name)
        return real(name)

    monkeypatch.setattr(importlib, "import_module", missing)

    with pytest.raises(splmini.UnsupportedFeature) as caught:
        library("sklearn.svm")
    assert caught.value.hint == "Install it with: pip install 'splmini[ml]'"
