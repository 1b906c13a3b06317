"""fit, apply and summary: what a stored model makes of other events is what it made when it was fitted."""

from __future__ import annotations

import contextlib
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
    {"x": _RANDOM.gauss(10, 2), "z": _RANDOM.random(), "k": "ab"[i % 2], "y": i % 7, "c": ["no", "yes"][i % 3 == 0],
     "t": ["a green tea", "red tea and green fish", "the blue sky", "sky tea"][i % 4]}
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
    "SVM c from x z", "SVM y from x z c=5 gamma=1", "KernelRidge y from x z gamma=0.3 alpha=0.5",
    "GradientBoostingClassifier c from x z n_estimators=3", "GradientBoostingClassifier y from x z n_estimators=3",
    "GradientBoostingRegressor y from x z n_estimators=3 learning_rate=0.3", "SGDClassifier y from x z",
    "SGDRegressor y from x z n_iter=5", "BernoulliNB c from x z binarize=1", "GaussianNB y from x z",
    "MLPClassifier y from x z hidden_layer_sizes=3-2 max_iter=5", "MLPClassifier c from x max_iter=5",
    "TFIDF t max_features=4 ngram_range=1-2 stop_words=english", "TFIDF t analyzer=char norm=none max_df=0.9",
    "FieldSelector c from x z k type=categorical mode=k_best param=1", "FieldSelector y from x z",
    "Imputer x z strategy=median", "Imputer k strategy=most_frequent", "ICA x z n_components=2",
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


JUNK = (None, True, -1, 0, 1.5, 1e308, "x", "", [], {}, [1], [[1]], ["a"], {"a": 1}, float("nan"), 99999)


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Return the paths to the parts of a model, of long lists only the first and the last item."""
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    last = len(value) - 1 if isinstance(value, list) else None
    found = [path] if path else []
    for key, each in items:
        if last is None or key in (0, last):
            found += places(each, (*path, key))
    return found


@pytest.mark.parametrize("fit", [fit for fit in FITS if "forest" not in fit.lower()])
def test_a_damaged_model_is_a_clear_error(fit: str, tmp_path: Path) -> None:
    """Whatever is cut out of a stored model, doubled or replaced: apply and summary work or raise a SplError."""
    run(splmini.Environment(data_dir=tmp_path), f"| fit {fit} into m", ROWS)
    (file,) = tmp_path.iterdir()
    text = file.read_text("utf-8")
    chance, env = random.Random(fit), splmini.Environment(data_dir=tmp_path)
    searches = [env.compile(spl) for spl in ("| apply m", "| summary m")]
    for path in chance.sample(found := places(json.loads(text)), min(8, len(found))):
        model = json.loads(text)
        part = model
        for key in path[:-1]:
            part = part[key]
        how = chance.randrange(3)
        if how == 0:
            del part[path[-1]]
        elif how == 1 and isinstance(part, list):
            part.append(part[path[-1]])
        else:
            part[path[-1]] = chance.choice(JUNK)
        file.write_text(json.dumps(model), "utf-8")
        for search in searches:
            with contextlib.suppress(splmini.SplError):
                list(search.run([dict(row) for row in ROWS[:5]]))


def test_the_predictions_are_those_of_scikit_learn() -> None:
    """The numbers that are kept predict what the fitted object predicts."""
    np, svm, ensemble, bayes = library("numpy", "sklearn.svm", "sklearn.ensemble", "sklearn.naive_bayes")
    matrix = np.array([[row["x"], row["z"]] for row in ROWS])
    for spl, target, estimator in (
        ("SVM y from x z gamma=1", "y", svm.SVC(gamma=1)), ("SVM c from x z gamma=1", "c", svm.SVC(gamma=1)),
        ("GradientBoostingClassifier y from x z n_estimators=4", "y",
         ensemble.GradientBoostingClassifier(n_estimators=4, random_state=0)),
        ("GradientBoostingClassifier c from x z n_estimators=4", "c",
         ensemble.GradientBoostingClassifier(n_estimators=4, random_state=0)),
        ("BernoulliNB y from x z binarize=9", "y", bayes.BernoulliNB(binarize=9)),
    ):
        wanted = np.array([str(row[target]) for row in ROWS])
        found = [str(row[f"predicted({target})"]) for row in run(splmini.Environment(), f"| fit {spl}", ROWS)]
        assert found == list(estimator.fit(matrix, wanted).predict(matrix)), spl


@pytest.mark.parametrize("name", ["GaussianNB y from x z", "BernoulliNB c from x z binarize=9", "StandardScaler x z"])
def test_going_on_from_a_model(name: str) -> None:
    """partial_fit over two halves gives what fitting the whole gives."""
    env, whole = splmini.Environment(), splmini.Environment()
    for rows in (ROWS[:25], ROWS[25:]):
        run(env, f"| fit {name} partial_fit=t into m", rows)
    run(whole, f"| fit {name} into m", ROWS)
    for one, other in zip(run(env, "| apply m", ROWS), run(whole, "| apply m", ROWS), strict=True):
        assert one == {key: pytest.approx(each) if isinstance(each, float) else each for key, each in other.items()}


@pytest.mark.parametrize(("spl", "error"), [
    ("fit PCA x z partial_fit=t into m", splmini.UnsupportedFeature),
    ("fit StandardScaler x partial_fit=t", splmini.ArgumentError),
    ("fit KMeans x kfold_cv=3", splmini.UnsupportedFeature),
    ("fit GaussianNB c from x kfold_cv=1", splmini.ArgumentError),
    ("fit GaussianNB c from x kfold_cv=99", splmini.ArgumentError),
    ("fit GaussianNB c from x kfold_cv=3 into m", splmini.ArgumentError),
    ("fit TFIDF t ngram_range=a", splmini.ArgumentError), ("fit TFIDF x z", splmini.ArgumentError),
    ("fit MLPClassifier c from x hidden_layer_sizes=a", splmini.ArgumentError),
    ("fit FieldSelector c from x type=numeric", splmini.ArgumentError),
    ("fit Imputer k", splmini.ArgumentError),
])
def test_what_fit_refuses(spl: str, error: type[Exception]) -> None:
    """What an algorithm cannot do is an error with its place."""
    with pytest.raises(error):
        run(splmini.Environment(), f"| {spl}", ROWS)


def test_a_model_of_another_algorithm_is_not_gone_on_from() -> None:
    """partial_fit needs a model of the same algorithm and target."""
    env = splmini.Environment()
    run(env, "| fit GaussianNB c from x into m", ROWS)
    with pytest.raises(splmini.ArgumentError, match="cannot go on from it"):
        run(env, "| fit BernoulliNB c from x partial_fit=t into m", ROWS)


def test_cross_validation() -> None:
    """kfold_cv gives a row of scores for each fold."""
    scores = run(splmini.Environment(), "| fit DecisionTreeClassifier c from x z kfold_cv=4", ROWS)
    assert [list(row) for row in scores] == [["accuracy", "f1_weighted", "precision_weighted", "recall_weighted"]] * 4
    assert all(0 <= value <= 1 for row in scores for value in row.values())
    numbers = run(splmini.Environment(), "| eval w=2*x+1 | fit LinearRegression w from x kfold_cv=2", ROWS)
    assert [row["r2"] for row in numbers] == [pytest.approx(1)] * 2
    assert [row["neg_mean_squared_error"] for row in numbers] == [pytest.approx(0)] * 2


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
