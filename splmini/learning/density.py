"""DensityFunction: a probability density is fitted to the values of a field; what lies in its thin parts is an outlier.

The distributions are those of scipy. A normal density has an outlier region on both sides, an exponential one on the
right, a beta density on the left, a kernel density estimate wherever it is thin.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from splmini.errors import ArgumentError, LimitExceeded
from splmini.learning import Algorithm, Request, library
from splmini.learning.checking import check_data, listed, number, one_of, optional, text, truth, whole
from splmini.operators import Row
from splmini.registry import OptionSpec
from splmini.values.multivalue import from_list
from splmini.values.numbers import to_number, to_text

NAMES = {"norm": "Normal", "expon": "Exponential", "gaussian_kde": "Gaussian KDE", "beta": "Beta"}
THRESHOLDS = {
    "threshold": OptionSpec("string", doc="The share of the area that counts as outlying (0.01); several in quotes."),
    "lower_threshold": OptionSpec("string", doc="That share at the lower end."),
    "upper_threshold": OptionSpec("string", doc="That share at the upper end."),
    "show_density": OptionSpec("bool", default=False, doc="Give the density at each value: ProbabilityDensity(field)."),
    "sample": OptionSpec("bool", default=False, doc="Draw a value from the inlying part for each row."),
    "full_sample": OptionSpec("bool", default=False, doc="Draw a value from the whole density for each row."),
}
DRAWING = {"random_state": OptionSpec("int", least=0, default=0, doc="The seed of drawn values.")}
OPTIONS = {
    **THRESHOLDS,
    "dist": OptionSpec("enum", default="auto", choices=("auto", *NAMES), doc="The distribution; auto: the nearest."),
    "exclude_dist": OptionSpec("string", doc="Distributions that auto leaves out, with commas."),
    "metric": OptionSpec(
        "enum",
        default="wasserstein",
        choices=("wasserstein", "kolmogorov_smirnov"),
        doc="How the distance between a distribution and the values is measured.",
    ),
    **DRAWING,
}
RESERVED = frozenset({"type", "min", "max", "mean", "std", "cardinality", "distance", "other"})
MOST_GROUPS = 1024
MOST_POINTS = 10_000
GRID = 4096


@dataclass(frozen=True)
class Threshold:
    """How much of a density is outlying: in all, or at each end."""

    whole: float | None = None
    lower: float | None = None
    upper: float | None = None


@dataclass
class Density:
    """One fitted density: a distribution of scipy with its parameters, or the points and bandwidth of a kernel's."""

    kind: str
    parameters: list[float]
    low: float
    high: float
    mean: float
    std: float
    cardinality: int
    distance: float
    points: list[float] | None = None

    def frozen(self) -> Any:
        """Return the distribution as scipy has it."""
        (stats,) = library("scipy.stats")
        if self.kind == "gaussian_kde":
            return stats.gaussian_kde(self.points, bw_method=self.parameters[0])
        return getattr(stats, self.kind)(*self.parameters)

    def pdf(self, values: Any) -> Any:
        """Return the density at values."""
        frozen = self.frozen()
        return frozen(values) if self.kind == "gaussian_kde" else frozen.pdf(values)

    def grid(self) -> tuple[Any, Any]:
        """Return places that cover a kernel density, and the area to the left of each."""
        (np,) = library("numpy")
        spread = 5 * self.parameters[0] * float(np.std(self.points, ddof=1))
        places = np.linspace(self.low - spread, self.high + spread, GRID)
        heights = self.pdf(places)
        areas = np.concatenate([[0.0], np.cumsum((heights[1:] + heights[:-1]) / 2 * np.diff(places))])
        return places, areas / areas[-1]

    def quantiles(self, shares: Any) -> Any:
        """Return the values below which the given shares of the area lie."""
        (np,) = library("numpy")
        if self.kind != "gaussian_kde":
            with np.errstate(all="ignore"):
                return self.frozen().ppf(shares)
        places, areas = self.grid()
        return np.interp(shares, areas, places)

    def regions(self, threshold: Threshold) -> list[tuple[float, float, float]]:
        """Return the outlying regions: from, to, area; none for a density without width."""
        if self.std == 0 or self.cardinality < 2:
            return []
        whole = threshold.whole
        if whole is not None and self.kind == "gaussian_kde":
            return self._thin_regions(whole)
        lower, upper = threshold.lower, threshold.upper
        if whole is not None:
            lower = {"norm": whole / 2, "beta": whole}.get(self.kind)
            upper = {"norm": whole / 2, "expon": whole}.get(self.kind)
        found = []
        if lower is not None and self.kind != "expon":
            found.append((-math.inf, float(self.quantiles(lower)), lower))
        if upper is not None:
            found.append((float(self.quantiles(1 - upper)), math.inf, upper))
        return found

    def _thin_regions(self, share: float) -> list[tuple[float, float, float]]:
        """Return where a kernel density is below the height that leaves a share of the area under it."""
        (np,) = library("numpy")
        places, areas = self.grid()
        heights = self.pdf(places)
        pieces = np.diff(areas)
        middle = (heights[1:] + heights[:-1]) / 2
        order = np.argsort(middle, kind="stable")
        outlying = np.zeros(len(pieces), dtype=bool)
        outlying[order[: int(np.searchsorted(np.cumsum(pieces[order]), share, side="right"))]] = True
        found = []
        start = 0
        for index in range(1, len(outlying) + 1):
            if index < len(outlying) and outlying[index] == outlying[start]:
                continue
            if outlying[start]:
                low = -math.inf if start == 0 else float(places[start])
                high = math.inf if index == len(outlying) else float(places[index])
                found.append((low, high, float(pieces[start:index].sum())))
            start = index
        return found

    def sample(self, number: int, generator: Any, outside: list[tuple[float, float, float]]) -> list[float]:
        """Draw values, none of them in the regions named."""
        drawn: list[float] = []
        for _ in range(100):
            values = self.quantiles(generator.random(max(number, 1)))
            drawn += [float(value) for value in values if not _within(float(value), outside)]
            if len(drawn) >= number:
                break
        return drawn[:number]


def _within(value: float, regions: list[tuple[float, float, float]]) -> bool:
    return any(low < value < high for low, high, _ in regions)


# ---- fitting --------------------------------------------------------------------------------------------------------


def fit_density(values: list[float], options: Mapping[str, Any]) -> Density:
    """Fit the distribution asked for, or that of all which is nearest to the values."""
    np, stats = library("numpy", "scipy.stats")
    data = np.sort(np.asarray(values, dtype=float))
    flat = float(data.std()) == 0 or len(data) < 2
    kinds = [options["dist"]] if options["dist"] != "auto" else [k for k in NAMES if k not in _excluded(options)]
    best: Density | None = None
    for kind in ["norm"] if flat else kinds:
        try:
            density = _fitted(kind, data, np, stats)
        except (ValueError, RuntimeError, np.linalg.LinAlgError) as error:  # a distribution that cannot take the data
            if len(kinds) > 1:
                continue
            raise ArgumentError(f"The distribution {kind} does not fit the values: {error}", name=kind) from None
        density.distance = 0.0 if flat else _distance(density, data, options["metric"], np, stats)
        if best is None or density.distance < best.distance:
            best = density
    assert best is not None
    if flat:
        best.mean, best.std, best.parameters = float(data.mean()), 0.0, [float(data.mean()), 0.0]
        best.kind = "norm" if options["dist"] == "auto" else options["dist"]
    return best


def _excluded(options: Mapping[str, Any]) -> list[str]:
    text = options.get("exclude_dist")
    names = [name.strip() for name in (text or "").split(",") if name.strip()]
    if any(name not in NAMES for name in names) or len(set(names)) == len(NAMES):
        raise ArgumentError(f"exclude_dist takes one to three of {', '.join(NAMES)}.", name="DensityFunction")
    return names


def _fitted(kind: str, data: Any, np: Any, stats: Any) -> Density:
    low, high = float(data[0]), float(data[-1])
    if kind == "gaussian_kde":
        points = data if len(data) <= MOST_POINTS else np.quantile(data, np.linspace(0, 1, MOST_POINTS))
        factor = float(stats.gaussian_kde(points).factor)
        mean, std = float(data.mean()), float(data.std())
        return Density(kind, [factor], low, high, mean, std, len(data), 0.0, points.tolist())
    distribution = getattr(stats, kind)
    with np.errstate(all="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        parameters = [float(each) for each in distribution.fit(data)]
    frozen = distribution(*parameters)
    return Density(kind, parameters, low, high, float(frozen.mean()), float(frozen.std()), len(data), 0.0)


def _distance(density: Density, data: Any, metric: str, np: Any, stats: Any) -> float:
    """The distance between the values and as many that stand for the density, evenly by area."""
    number = min(len(data), MOST_POINTS)
    drawn = density.quantiles((np.arange(number) + 0.5) / number)
    if not np.isfinite(drawn).all():
        return math.inf
    if metric == "wasserstein":
        return float(stats.wasserstein_distance(drawn, data))
    return float(stats.ks_2samp(drawn, data).statistic)


def thresholds(options: Mapping[str, Any]) -> list[tuple[str, Threshold]]:
    """Return the thresholds asked for with the suffix of their columns; none where no option gives one."""
    given = {name: options.get(name) for name in ("threshold", "lower_threshold", "upper_threshold")}
    named = {name: _shares(name, str(text)) for name, text in given.items() if text is not None}
    if "threshold" in named and len(named) > 1:
        raise ArgumentError("threshold goes without lower_threshold and upper_threshold.", name="DensityFunction")
    if len(named) > 1 and any(len(shares) > 1 for shares in named.values()):
        raise ArgumentError("Several thresholds have to be of one kind.", name="DensityFunction")
    if "threshold" in named:
        found = [Threshold(whole=share) for share in named["threshold"]]
    elif len(named) == 2:
        lower, upper = named["lower_threshold"][0], named["upper_threshold"][0]
        if lower + upper >= 1:
            raise ArgumentError("lower_threshold and upper_threshold add up to less than 1.", name="DensityFunction")
        found = [Threshold(lower=lower, upper=upper)]
    elif "lower_threshold" in named:
        found = [Threshold(lower=share) for share in named["lower_threshold"]]
    else:
        found = [Threshold(upper=share) for share in named.get("upper_threshold", [])]
    if len(found) < 2:
        return [("", each) for each in found]
    shares = next(iter(named.values()))
    return [(f"_th={to_text(share)}", each) for share, each in zip(shares, found, strict=True)]


def _shares(name: str, text: str) -> list[float]:
    shares = [to_number(part.strip()) for part in text.split(",")]
    if not all(share is not None and 1e-9 <= share <= 1 for share in shares) or len(shares) > 5:
        raise ArgumentError(f"{name} takes up to five numbers between 0.00000001 and 1, not '{text}'.", name=name)
    return [share for share in shares if share is not None]


@dataclass
class DensityModel:
    """Densities by group."""

    field: str
    by: tuple[str, ...]
    automatic: bool
    metric: str
    thresholds: dict[str, str]
    densities: dict[tuple[str, ...], Density]

    def apply(self, rows: list[Row], options: Mapping[str, Any], output: str | None) -> None:
        """Write whether each row is an outlier, and where outliers lie."""
        asked = thresholds(options) or thresholds(self.thresholds) or [("", Threshold(whole=0.01))]
        groups: dict[tuple[str, ...], list[tuple[Row, float]]] = {}
        for row in rows:
            key, number = self.key(row), to_number(row.get(self.field))
            if key in self.densities and number is not None:
                groups.setdefault(key, []).append((row, number))
        (np,) = library("numpy")
        generator = np.random.default_rng(options.get("random_state") or 0)
        for key, members in groups.items():
            density = self.densities[key]
            for suffix, threshold in asked:
                regions = density.regions(threshold)
                shown = from_list(":".join(map(_shown, region)) for region in regions)
                name = output or f"IsOutlier({self.field})"
                for row, number in members:
                    if shown is not None:
                        row[f"BoundaryRanges{suffix}"] = shown
                    row[f"{name}{suffix}"] = int(_within(number, regions))
            self.extras(density, members, density.regions(asked[0][1]), options, generator)

    def extras(
        self,
        density: Density,
        members: list[tuple[Row, float]],
        regions: Any,
        options: Mapping[str, Any],
        generator: Any,
    ) -> None:
        """Write densities and drawn values where they are asked for."""
        if options.get("show_density") and density.std > 0:
            for (row, _), height in zip(members, density.pdf([number for _, number in members]), strict=True):
                row[f"ProbabilityDensity({self.field})"] = float(height)
        for option, name, outside in (("sample", "SampledValue", regions), ("full_sample", "FullSampledValue", [])):
            if options.get(option) and density.std > 0:
                drawn = density.sample(len(members), generator, outside)
                for (row, _), value in zip(members, drawn, strict=False):
                    row[f"{name}({self.field})"] = value

    def key(self, row: Row) -> tuple[str, ...]:
        """Return the group of a row."""
        return tuple("" if row.get(name) is None else to_text(row[name]) for name in self.by)

    def summary(self) -> list[Row]:
        """Give a row for each group."""
        return list(self._summary())

    def _summary(self) -> Iterator[Row]:
        for key, each in self.densities.items():
            kind = NAMES[each.kind]
            yield {
                **dict(zip(self.by, key, strict=True)),
                "type": f"Auto: {kind}" if self.automatic else kind,
                "min": each.low,
                "max": each.high,
                "mean": each.mean,
                "std": each.std,
                "cardinality": each.cardinality,
                "distance": f"metric: {self.metric}, distance: {each.distance}",
                "other": _other(each),
            }

    def state(self) -> dict[str, Any]:
        """Return the model as JSON data."""
        densities = [[list(key), vars(density)] for key, density in self.densities.items()]
        return {**vars(self), "by": list(self.by), "densities": densities}


def _other(density: Density) -> str:
    if density.kind == "gaussian_kde":
        return f"bandwidth: {density.parameters[0]}, parameter size: {len(density.points or ())}"
    names = {"norm": ("loc", "scale"), "expon": ("loc", "scale"), "beta": ("alpha", "beta", "loc", "scale")}
    return ", ".join(f"{n}: {v}" for n, v in zip(names[density.kind], density.parameters, strict=False))


def _shown(number: float) -> str:
    if math.isinf(number):
        return "Infinity" if number > 0 else "-Infinity"
    return to_text(round(number, 4))


def fit(request: Request, rows: list[Row]) -> DensityModel:
    """Fit a density to the field, in each group."""
    reserved = RESERVED & set(request.by)
    if reserved:
        raise ArgumentError(f"A by-field cannot be named '{min(reserved)}'.", name="DensityFunction")
    if len(request.by) > 5:
        raise ArgumentError("DensityFunction takes five by-fields at most.", name="DensityFunction")
    thresholds(request.options)
    (field,) = request.fields
    given = {
        name: request.options[name]
        for name in ("threshold", "lower_threshold", "upper_threshold")
        if request.options.get(name) is not None
    }
    model = DensityModel(field, request.by, request.options["dist"] == "auto", request.options["metric"], given, {})
    values: dict[tuple[str, ...], list[float]] = {}
    for row in rows:
        number = to_number(row.get(field))
        if number is not None and math.isfinite(number) and all(row.get(name) is not None for name in request.by):
            values.setdefault(model.key(row), []).append(number)
    if len(values) > MOST_GROUPS:
        raise LimitExceeded(
            f"DensityFunction has more than {MOST_GROUPS:,} groups.", name="max_groups", hint="Use fewer by-fields."
        )
    model.densities = {key: fit_density(values[key], request.options) for key in sorted(values)}
    return model


_NUMBERS = {"norm": 2, "expon": 2, "gaussian_kde": 1, "beta": 4}
"""How many parameters each distribution has."""


def restore(state: dict[str, Any]) -> DensityModel:
    """Make a model of its JSON data; raises ValueError for data that is none."""
    check_data(
        state,
        {
            "field": text,
            "by": listed(text, "by"),
            "automatic": truth,
            "metric": text,
            "densities": listed(listed(_anything, "two"), "n"),
        },
        {"two": 2},
    )
    shares = state.get("thresholds")
    if not isinstance(shares, dict) or not all(isinstance(each, str) for each in shares.values()):
        raise ValueError("thresholds: they are no texts")
    try:
        thresholds(shares)
    except ArgumentError as error:
        raise ValueError(f"thresholds: {error.message}") from None
    densities = {}
    for key, data in state["densities"]:
        check_data({"key": key}, {"key": listed(text, "by")}, {"by": len(state["by"])})
        densities[tuple(key)] = _restored(data)
    return DensityModel(**{**state, "by": tuple(state["by"]), "densities": densities})


def _restored(data: Any) -> Density:
    kind = data.get("kind") if isinstance(data, dict) else None
    check_data(
        data,
        {
            "kind": one_of(*NAMES),
            "parameters": listed(number, "p"),
            "low": number,
            "high": number,
            "mean": number,
            "std": number,
            "cardinality": whole,
            "distance": _anything,
            "points": optional(listed(number, "points")),
        },
        {"p": _NUMBERS.get(kind, 0)} if isinstance(kind, str) else {},
    )
    density = Density(**data)
    scale = density.parameters[-1]
    if not isinstance(density.distance, (int, float)) or scale < 0 or density.std < 0 or density.high < density.low:
        raise ValueError("numbers that no distribution has")
    if density.kind == "gaussian_kde" and density.std > 0 and len(density.points or ()) < 2:
        raise ValueError("points: too few of them")
    return density


def _anything(value: Any, sizes: dict[str, int]) -> None:
    """Take any value."""


ALGORITHM = Algorithm("DensityFunction", fit, OPTIONS, restore=restore, by=True)
