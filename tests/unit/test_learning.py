"""fit, apply and summary: what a stored model makes of other events is what it made when it was fitted."""

from __future__ import annotations

import contextlib
import dataclasses
import importlib
import json
import random
from pathlib import Path
from typing import Any

import pytest

import splmini
from splmini.learning import library

pytest.importorskip("sklearn")

_RANDOM = random.Random(7)
ROWS = [
    {
        "x": _RANDOM.gauss(10, 2),
        "z": _RANDOM.random(),
        "k": "ab"[i % 2],
        "y": i % 7,
        "c": ["no", "yes"][i % 3 == 0],
        "t": ["a green tea", "red tea and green fish", "the blue sky", "sky tea"][i % 4],
    }
    for i in range(60)
]
FITS = (
    "DensityFunction x",
    "DensityFunction x dist=norm",
    "DensityFunction x dist=expon",
    "DensityFunction x dist=beta",
    "DensityFunction x dist=gaussian_kde threshold=0.1",
    'DensityFunction x by "k,c" threshold="0.1,0.2"',
    'DensityFunction x metric=kolmogorov_smirnov exclude_dist="beta,expon" lower_threshold=0.1',
    "StandardScaler x z",
    "RobustScaler x z",
    "PCA x z y k=2",
    "PCA x z variance=0.9",
    "KMeans x z k=3",
    "LinearRegression y from x z k",
    "Ridge y from x z",
    "Lasso y from x z alpha=0.1",
    "ElasticNet y from x",
    "LogisticRegression c from x z k",
    "LogisticRegression y from x z",
    "GaussianNB c from x z",
    "DecisionTreeClassifier c from x z max_depth=3",
    "DecisionTreeRegressor y from x z k",
    "RandomForestClassifier c from x z k n_estimators=5",
    "RandomForestRegressor y from x* z n_estimators=5",
    "OneClassSVM x z nu=0.2",
    "OneClassSVM x z kernel=poly degree=2 coef0=1",
    "OneClassSVM x z kernel=sigmoid",
    "OneClassSVM x kernel=linear",
    "SVM c from x z",
    "SVM y from x z c=5 gamma=1",
    "KernelRidge y from x z gamma=0.3 alpha=0.5",
    "GradientBoostingClassifier c from x z n_estimators=3",
    "GradientBoostingClassifier y from x z n_estimators=3",
    "GradientBoostingRegressor y from x z n_estimators=3 learning_rate=0.3",
    "SGDClassifier y from x z",
    "SGDRegressor y from x z n_iter=5",
    "BernoulliNB c from x z binarize=1",
    "GaussianNB y from x z",
    "MLPClassifier y from x z hidden_layer_sizes=3-2 max_iter=5",
    "MLPClassifier c from x max_iter=5",
    "TFIDF t max_features=4 ngram_range=1-2 stop_words=english",
    "TFIDF t analyzer=char norm=none max_df=0.9",
    "FieldSelector c from x z k type=categorical mode=k_best param=1",
    "FieldSelector y from x z",
    "Imputer x z strategy=median",
    "Imputer k strategy=most_frequent",
    "ICA x z n_components=2",
)


def run(env: splmini.Environment, spl: str, rows: Any = ()) -> list[dict[str, Any]]:
    """Run a search and give its rows."""
    return [dict(row) for row in env.compile(spl).run([dict(row) for row in rows])]


@dataclasses.dataclass
class Fitted:
    """What each algorithm made of the rows, and the folder of the models; each is fitted once, when it is first used.

    Reading knowledge takes longer than a fit, so that the tests share a few environments, which have no apps.
    """

    folder: Path
    env: splmini.Environment
    rows: dict[str, list[dict[str, Any]]] = dataclasses.field(default_factory=dict)

    def model(self, fit: str) -> tuple[str, list[dict[str, Any]]]:
        """Return the name of a model and the rows that fit gave."""
        name = f"m{FITS.index(fit)}"
        if fit not in self.rows:
            self.rows[fit] = run(self.env, f"| fit {fit} into {name}", ROWS)
        return name, self.rows[fit]

    def text(self, fit: str) -> str:
        """Return the file of a model."""
        name, _ = self.model(fit)
        return (self.folder / f"__mlspl_{name}.json").read_text("utf-8")


@pytest.fixture(scope="module")
def fitted(tmp_path_factory: pytest.TempPathFactory) -> Fitted:
    """Return the models."""
    folder = tmp_path_factory.mktemp("models")
    return Fitted(folder, splmini.Environment(data_dir=folder, apps=[]))


@pytest.fixture(scope="module")
def other(fitted: Fitted) -> splmini.Environment:
    """Return another environment over the folder of the models."""
    return splmini.Environment(data_dir=fitted.folder, apps=[])


@pytest.fixture(scope="module")
def env() -> splmini.Environment:
    """Return an environment that keeps its models in memory; each test uses names of its own."""
    return splmini.Environment(apps=[])


@pytest.fixture(scope="module")
def damaged(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, splmini.Environment]:
    """Return the file of the model `m`, to be written by each test, and the environment that reads it."""
    folder = tmp_path_factory.mktemp("damaged")
    return folder / "__mlspl_m.json", splmini.Environment(data_dir=folder, apps=[])


@pytest.mark.parametrize("fit", FITS)
def test_a_stored_model_gives_what_fitting_gave(fit: str, fitted: Fitted, other: splmini.Environment) -> None:
    """A model read from its file gives the same fields, in another environment."""
    name, rows = fitted.model(fit)
    applied = run(other, f"| apply {name}", ROWS)
    assert len(rows) == len(applied) == len(ROWS)
    assert set(rows[0]) > set(ROWS[0])
    for before, after in zip(rows, applied, strict=True):
        assert list(before) == list(after)
        for field, value in before.items():
            assert after[field] == (pytest.approx(value) if isinstance(value, float) else value)


@pytest.mark.parametrize("fit", FITS)
def test_a_model_is_json(fit: str, fitted: Fitted) -> None:
    """What is stored is JSON and nothing else, in one file for each model."""
    assert json.loads(fitted.text(fit))["algorithm"] == fit.split()[0]
    assert len(list(fitted.folder.iterdir())) == len(fitted.rows)


@pytest.mark.parametrize(
    ("fit", "fields"),
    [
        (
            "DensityFunction x by k dist=norm",
            ["k", "type", "min", "max", "mean", "std", "cardinality", "distance", "other"],
        ),
        ("DensityFunction x", ["type", "min", "max", "mean", "std", "cardinality", "distance", "other"]),
        ("KMeans x z k=3", ["cluster", "x", "z"]),
        ("LinearRegression y from x k", ["feature", "coefficient"]),
        ("LogisticRegression c from x", ["feature", "coefficient", "class"]),
        ("RandomForestClassifier c from x n_estimators=2", ["feature", "importance"]),
        ("PCA x z", ["component", "explained_variance", "explained_variance_ratio", "singular_values"]),
        ("StandardScaler x", ["fields", "mean", "scale"]),
    ],
)
def test_summary(fit: str, fields: list[str], env: splmini.Environment) -> None:
    """A model describes itself, in the order of columns that its algorithm has."""
    run(env, f"| fit {fit} into described", ROWS)
    results = env.compile("| summary described").run([])
    assert len(results) > 0
    assert list(results.fields) == fields


def test_summary_joins_with_events(env: splmini.Environment) -> None:
    """The summary of a model stands in a subsearch, as detections use it."""
    run(env, "| fit DensityFunction x by k dist=norm into by_k", ROWS)
    search = (
        "| table k x | join k [summary by_k] | where cardinality >= 16 | apply by_k threshold=0.5 "
        "| where 'IsOutlier(x)'=1 | eval upper = mvindex(split(mvindex(BoundaryRanges, -1), \":\"), 0)"
    )
    rows = run(env, search, ROWS)
    assert rows
    assert all(row["cardinality"] == 30 and float(row["upper"]) > 0 for row in rows)


def test_thresholds_may_come_from_a_subsearch(env: splmini.Environment) -> None:
    """A subsearch that returns a threshold sets it."""
    run(env, "| fit DensityFunction x dist=norm into normal", ROWS)
    given = run(env, "| apply normal upper_threshold=0.2", ROWS)
    returned = run(env, "| apply normal [| makeresults | eval upper_threshold=0.2 | return upper_threshold]", ROWS)
    assert given == returned


def test_drawn_values_are_inliers(env: splmini.Environment) -> None:
    """sample draws from the inlying part, with a seed."""
    search = "| fit DensityFunction x dist=norm threshold=0.5 sample=t full_sample=t random_state=3"
    rows = run(env, search, ROWS)
    low, high = (float(rows[0]["BoundaryRanges"][i].split(":")[1 - i]) for i in (0, 1))
    assert all(low <= row["SampledValue(x)"] <= high for row in rows)
    assert not all(low <= row["FullSampledValue(x)"] <= high for row in rows)
    assert run(env, search, ROWS) == rows


def test_probabilities_add_up(env: splmini.Environment) -> None:
    """LogisticRegression gives the probability of each class where it is asked to."""
    (row, *_) = run(env, "| fit LogisticRegression c from x probabilities=t", ROWS)
    assert row["probability(c=yes)"] + row["probability(c=no)"] == pytest.approx(1)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "{}",
        '{"algorithm": "DBSCAN", "model": {}}',
        '{"algorithm": "PCA", "model": {"kind": "x"}}',
        '{"algorithm": "DensityFunction", "model": {"by": [], "densities": [[[], {"kind": "__import__"}]]}}',
        '{"algorithm": "DecisionTreeClassifier", "model": {"kind": "trees", "data": {"trees": '
        '[{"left": [0], "right": [0]}]}}}',
        "[" * 100_000,
    ],
)
def test_a_model_that_is_not_well_formed(text: str, damaged: tuple[Path, splmini.Environment]) -> None:
    """A broken model file is a KnowledgeError that names it."""
    file, env = damaged
    file.write_text(text, "utf-8")
    with pytest.raises(splmini.KnowledgeError, match="The model 'm' is not well formed"):
        run(env, "| apply m", ROWS)


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
def test_a_damaged_model_is_a_clear_error(fit: str, fitted: Fitted, damaged: tuple[Path, splmini.Environment]) -> None:
    """Whatever is cut out of a stored model, doubled or replaced: apply and summary work or raise a SplError."""
    file, env = damaged
    text = fitted.text(fit)
    chance = random.Random(fit)
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


def test_the_predictions_are_those_of_scikit_learn(env: splmini.Environment) -> None:
    """The numbers that are kept predict what the fitted object predicts."""
    np, svm, ensemble, bayes = library("numpy", "sklearn.svm", "sklearn.ensemble", "sklearn.naive_bayes")
    matrix = np.array([[row["x"], row["z"]] for row in ROWS])
    for spl, target, estimator in (
        ("SVM y from x z gamma=1", "y", svm.SVC(gamma=1)),
        ("SVM c from x z gamma=1", "c", svm.SVC(gamma=1)),
        (
            "GradientBoostingClassifier y from x z n_estimators=4",
            "y",
            ensemble.GradientBoostingClassifier(n_estimators=4, random_state=0),
        ),
        (
            "GradientBoostingClassifier c from x z n_estimators=4",
            "c",
            ensemble.GradientBoostingClassifier(n_estimators=4, random_state=0),
        ),
        ("BernoulliNB y from x z binarize=9", "y", bayes.BernoulliNB(binarize=9)),
    ):
        wanted = np.array([str(row[target]) for row in ROWS])
        found = [str(row[f"predicted({target})"]) for row in run(env, f"| fit {spl}", ROWS)]
        assert found == list(estimator.fit(matrix, wanted).predict(matrix)), spl


@pytest.mark.parametrize("name", ["GaussianNB y from x z", "BernoulliNB c from x z binarize=9", "StandardScaler x z"])
def test_going_on_from_a_model(name: str, env: splmini.Environment) -> None:
    """partial_fit over two halves gives what fitting the whole gives."""
    halves, whole = f"{name.split()[0]}_halves", f"{name.split()[0]}_whole"
    for rows in (ROWS[:25], ROWS[25:]):
        run(env, f"| fit {name} partial_fit=t into {halves}", rows)
    run(env, f"| fit {name} into {whole}", ROWS)
    for one, all_ in zip(run(env, f"| apply {halves}", ROWS), run(env, f"| apply {whole}", ROWS), strict=True):
        assert one == {key: pytest.approx(each) if isinstance(each, float) else each for key, each in all_.items()}


@pytest.mark.parametrize(
    ("spl", "error"),
    [
        ("fit PCA x z partial_fit=t into m", splmini.UnsupportedFeature),
        ("fit StandardScaler x partial_fit=t", splmini.ArgumentError),
        ("fit KMeans x kfold_cv=3", splmini.UnsupportedFeature),
        ("fit FieldSelector c from x type=categorical kfold_cv=3", splmini.UnsupportedFeature),
        ("fit GaussianNB c from x kfold_cv=1", splmini.ArgumentError),
        ("fit GaussianNB c from x kfold_cv=99", splmini.ArgumentError),
        ("fit GaussianNB c from x kfold_cv=3 into m", splmini.ArgumentError),
        ("fit TFIDF t ngram_range=a", splmini.ArgumentError),
        ("fit TFIDF x z", splmini.ArgumentError),
        ("fit MLPClassifier c from x hidden_layer_sizes=a", splmini.ArgumentError),
        ("fit FieldSelector c from x type=numeric", splmini.ArgumentError),
        ("fit Imputer k", splmini.ArgumentError),
    ],
)
def test_what_fit_refuses(spl: str, error: type[Exception], env: splmini.Environment) -> None:
    """What an algorithm cannot do is an error with its place."""
    with pytest.raises(error):
        run(env, f"| {spl}", ROWS)


def test_a_model_of_another_algorithm_is_not_gone_on_from(env: splmini.Environment) -> None:
    """partial_fit needs a model of the same algorithm and target."""
    run(env, "| fit GaussianNB c from x into bayes", ROWS)
    with pytest.raises(splmini.ArgumentError, match="cannot go on from it"):
        run(env, "| fit BernoulliNB c from x partial_fit=t into bayes", ROWS)


@pytest.mark.parametrize(
    ("fit", "part"),
    [("GaussianNB y from x z", "rows"), ("StandardScaler x z", "spread"), ("StandardScaler x z", "scales")],
)
@pytest.mark.parametrize("junk", [None, [], "x", [-1, "x"]])
def test_a_model_that_cannot_be_gone_on_from(
    fit: str, part: str, junk: Any, fitted: Fitted, damaged: tuple[Path, splmini.Environment]
) -> None:
    """A model without the numbers that partial_fit needs, as earlier versions stored it, or with others, is refused."""
    file, env = damaged
    model = json.loads(fitted.text(fit))
    if junk is None:
        del model["model"]["data"][part]
    else:
        model["model"]["data"][part] = junk
    file.write_text(json.dumps(model), "utf-8")
    with pytest.raises(splmini.ArgumentError, match="cannot go on from this model"):
        run(env, f"| fit {fit} partial_fit=t into m", ROWS)


def test_cross_validation(env: splmini.Environment) -> None:
    """kfold_cv gives a row of scores for each fold."""
    scores = run(env, "| fit DecisionTreeClassifier c from x z kfold_cv=4", ROWS)
    assert [list(row) for row in scores] == [["accuracy", "f1_weighted", "precision_weighted", "recall_weighted"]] * 4
    assert all(0 <= value <= 1 for row in scores for value in row.values())
    numbers = run(env, "| eval w=2*x+1 | fit LinearRegression w from x kfold_cv=2", ROWS)
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
