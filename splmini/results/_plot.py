"""Charts of results, drawn with matplotlib: what suits the command that made the rows, or what the caller asks for."""

from __future__ import annotations

import base64
import io
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from splmini.errors import ArgumentError, did_you_mean
from splmini.results._convert import library
from splmini.results._land import outlines
from splmini.results._text import cell
from splmini.results._view import as_text
from splmini.values.texts import shortened

if TYPE_CHECKING:
    from splmini.results import Results

COLOURS = ("#2f7ed8", "#e0803a", "#3aa66b", "#c0504d", "#8064a2", "#20a3a8", "#d6b63b", "#9c6b4e", "#6b7b8c", "#e377c2")
GREY = "#808a94"
"""For text and axes: to be read on white and on black."""
LAND = (0.5, 0.54, 0.58)
MAX_SERIES = 20
MAX_CATEGORIES = 60
"""Labels on an axis; bars and slices, each of which has one."""
MAX_COLUMNS = 2000
MIN_BINS = 40
OTHER = frozenset({"percent", "geobin", "_span", "_tc"})
"""Columns that are no series of their own."""


@dataclass(frozen=True)
class Data:
    """What is drawn: the axis below, with its labels, and the series above it; `note` says what was left out."""

    label: str
    axis: list[Any]
    series: dict[str, list[float | None]]
    note: str = ""


def plot(
    results: Results,
    kind: str | None = None,
    ax: Any = None,
    *,
    title: str | None = None,
    stacked: bool = False,
    figsize: tuple[float, float] | None = None,
) -> Any:
    """Draw results on Axes, new ones of pyplot where none are given; return them."""
    draw, data = _prepare(results, kind)
    library("matplotlib", "notebook")
    if ax is None:
        size = figsize or ((9, 4.5) if draw is _map else (9, 3.6))
        figure, ax = library("matplotlib.pyplot", "notebook").subplots(figsize=size, layout="constrained")
        figure.patch.set_alpha(0)  # on white and on black
    draw(ax, data, results, stacked)
    if title is not None:
        ax.set_title(plain(title))
    return ax


def png(results: Results, kind: str | None = None) -> str:
    """Return a chart as PNG in base64, without touching pyplot's state."""
    draw, data = _prepare(results, kind)
    figure = library("matplotlib.figure", "notebook").Figure(
        figsize=(9, 4.5 if draw is _map else 3.4), layout="constrained"
    )
    ax = figure.subplots()
    figure.patch.set_alpha(0)
    draw(ax, data, results, False)
    target = io.BytesIO()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a letter that the font lacks is drawn as a box
        figure.savefig(target, format="png", dpi=110, metadata={"Software": None})
    return base64.b64encode(target.getvalue()).decode()


def _prepare(results: Results, kind: str | None) -> tuple[Callable[..., None], Data]:
    if kind is None:
        chart = results.view.chart
        kind = chart.kind if chart is not None else "line" if "_time" in results.fields else "column"
    draw = KINDS.get(kind)
    if draw is None:
        hint = did_you_mean(kind, KINDS) or f"There are {', '.join(KINDS)}."
        raise ArgumentError(f"There is no chart of the kind '{kind}'.", name=kind, hint=hint)
    data = _map_data(results) if kind == "map" else _data(results)
    if not data.series:
        raise ArgumentError("The rows hold no numbers to draw.", name=kind)
    return draw, data


def _data(results: Results) -> Data:
    """Take the rows apart: `_time` or the first column is the axis, every other column of numbers a series."""
    from splmini.values.numbers import to_number

    names = [name for name in results.fields if name not in OTHER]
    numbers = {name: [_number(to_number, value) for value in results.column(name)] for name in names}
    shown = {name: any(value is not None for value in numbers[name]) for name in names}
    axis: list[Any]
    by = "time" if results.view.chart is None else results.view.chart.axis
    if by == "values" or "_time" not in names:
        labels = [name for name in names if not shown[name]] or names[:1]
        if by == "first":
            labels = names[:1]
        elif by == "values":
            labels = names[: names.index("count")] if "count" in names else names[:1]
        axis = [" / ".join(cell(row.get(name)) for name in labels) for row in results]
    else:
        labels = ["_time"]
        axis = [results.view.moment(value) for value in results.column("_time")]
    every = [name for name in names if name not in labels and shown[name]]
    note = f"the first {MAX_SERIES} of {len(every)} series" if len(every) > MAX_SERIES else ""
    return Data(", ".join(labels), axis, {name: numbers[name] for name in every[:MAX_SERIES]}, note)


def _number(to_number: Callable[[Any], Any], value: Any) -> float | None:
    if value is None or isinstance(value, list):
        return None
    number = to_number(value)
    return None if number is None else float(number)


def _map_data(results: Results) -> Data:
    for place in ("latitude", "longitude"):
        if place not in results.fields:
            raise ArgumentError(f"A map needs a column '{place}', as geostats makes it.", name="map")
    data = _data(results)
    series = {name: values for name, values in data.series.items() if name not in ("latitude", "longitude")}
    places = [(_coordinate(row.get("longitude")), _coordinate(row.get("latitude"))) for row in results]
    kept = _one_level(results.column("geobin"))
    return Data(
        "longitude",
        [places[at] for at in kept],
        {name: [values[at] for at in kept] for name, values in series.items()},
        data.note,
    )


def _one_level(bins: list[Any]) -> list[int]:
    """Which rows belong to the zoom level that is drawn: the first one with enough bins to see where things are."""
    levels: dict[str, list[int]] = {}
    for at, each in enumerate(bins):
        levels.setdefault(str(each).partition("_y_")[0], []).append(at)
    enough = [rows for rows in levels.values() if len(rows) >= MIN_BINS]
    return enough[0] if enough else max(levels.values(), key=len, default=[])


def _coordinate(value: Any) -> float:
    from splmini.values.numbers import to_number

    number = to_number(value)
    return float("nan") if number is None else float(number)


# ---- drawing -------------------------------------------------------------------------------------------------------


def plain(text: str) -> str:
    """Return text that matplotlib takes as it is: no mathematics, no hidden labels, one line, not too long.

    >>> plain("cost in $")
    'cost in \\\\$'
    """
    text = "".join(each if each.isprintable() else " " for each in text).replace("$", r"\$")
    text = shortened(text, 40)
    return "\u200b" + text if text.startswith("_") else text


def _amount(value: float, position: int | None = None) -> str:
    """A number on an axis: 1500000 is 1.5M."""
    for size, unit in ((1e12, "T"), (1e9, "G"), (1e6, "M"), (1e4, "k")):
        if abs(value) >= size:
            return f"{value / min(size, 1e3 if unit == 'k' else size):g}{unit}"
    return f"{value:g}"


def _tell(ax: Any, data: Data) -> None:
    """Say what a chart leaves out, beside its title: a part must not pass for the whole."""
    if data.note:
        ax.set_title(data.note, loc="right", color=GREY, fontsize=8)


def _from_zero(ax: Any, data: Data, amounts: str) -> None:
    """Let the axis of amounts begin at zero, so that lengths may be compared; below it where there are such amounts."""
    low = min((value for values in data.series.values() for value in values if value is not None), default=0.0)
    if low >= 0:
        getattr(ax, f"set_{amounts}lim")(**{"bottom" if amounts == "y" else "left": 0})


def _finish(ax: Any, data: Data, legend: bool = True, amounts: str = "y", from_zero: bool = True) -> None:
    _tell(ax, data)
    getattr(ax, f"{amounts}axis").set_major_formatter(_amount)
    if from_zero:
        _from_zero(ax, data, amounts)
    ax.patch.set_alpha(0)
    ax.tick_params(colors=GREY, labelsize=8)
    for side, spine in ax.spines.items():
        spine.set_visible(side in ("left", "bottom"))
        spine.set_color(GREY)
    ax.grid(True, axis="y", color=GREY, alpha=0.25, linewidth=0.6)
    ax.set_axisbelow(True)
    if legend and len(data.series) > 1:
        shown = ax.legend(fontsize=8, frameon=False, loc="upper left", bbox_to_anchor=(1.0, 1.0))
        for text in shown.get_texts():
            text.set_color(GREY)
        for handle in shown.legend_handles:
            if hasattr(handle, "set_sizes"):
                handle.set_sizes([40])
    elif legend:
        ax.set_ylabel(plain(next(iter(data.series))), color=GREY, fontsize=9)


def _colour(index: int) -> str:
    return COLOURS[index % len(COLOURS)]


def _positions(data: Data) -> tuple[list[Any], bool]:
    """Where the points stand on the axis below, and whether it is one of times."""
    if data.label == "_time" and all(moment is not None for moment in data.axis):
        return data.axis, True
    return list(range(len(data.axis))), False


def _gaps(values: Sequence[float | None]) -> list[float]:
    return [float("nan") if value is None else value for value in values]


def _line(ax: Any, data: Data, results: Results, stacked: bool) -> None:
    axis, timed = _positions(data)
    marker = "o" if len(axis) < 40 else None
    for index, (name, values) in enumerate(data.series.items()):
        style = {"color": _colour(index), "linewidth": 1.5, "marker": marker, "markersize": 3}
        ax.plot(axis, _gaps(values), label=plain(name), **style)
    _label_axis(ax, data, timed, results)
    _finish(ax, data)


def _area(ax: Any, data: Data, results: Results, stacked: bool) -> None:
    axis, timed = _positions(data)
    layers = [[value or 0.0 for value in values] for values in data.series.values()]
    if stacked:
        labels = [plain(name) for name in data.series]
        ax.stackplot(axis, layers, labels=labels, colors=COLOURS, alpha=0.75)
    else:
        for index, (name, values) in enumerate(zip(data.series, layers, strict=True)):
            ax.fill_between(axis, values, color=_colour(index), alpha=0.45, label=plain(name))
    _label_axis(ax, data, timed, results)
    _finish(ax, data)


def _label_axis(ax: Any, data: Data, timed: bool, results: Results) -> None:
    if timed:
        dates = library("matplotlib.dates", "notebook")
        locator = dates.AutoDateLocator(tz=results.view.timezone)
        ax.xaxis.set_major_locator(locator)
        ax.xaxis.set_major_formatter(dates.ConciseDateFormatter(locator, tz=results.view.timezone))
        ax.xaxis.get_offset_text().set(color=GREY, fontsize=8)
        return
    every = max(1, -(-len(data.axis) // MAX_CATEGORIES))
    places = list(range(0, len(data.axis), every))
    labels = [_tick(data.axis[place], results) for place in places]
    long = max(map(len, labels), default=0) * len(labels) > 110
    turned = {"rotation": 40, "ha": "right", "rotation_mode": "anchor"} if long else {}
    ax.set_xticks(places, labels, **turned)
    ax.set_xlabel(plain(data.label), color=GREY, fontsize=9)


def _tick(value: Any, results: Results) -> str:
    return plain(as_text(value) if isinstance(value, (str, int, float)) else str(value))


def _bars(ax: Any, data: Data, stacked: bool, method: str, offset: str) -> None:
    """Draw columns (`bar`, from the `bottom`) or bars (`barh`, from the `left`), side by side or on one another."""
    count = 1 if stacked else len(data.series)
    width = 0.8 / count
    below = [0.0] * len(data.axis)
    for index, (name, values) in enumerate(data.series.items()):
        heights = [value or 0.0 for value in values]
        shift = 0.0 if stacked else (index - (count - 1) / 2) * width
        places = [place + shift for place in range(len(data.axis))]
        start = {offset: list(below)} if stacked else {}
        getattr(ax, method)(places, heights, width, color=_colour(index), label=plain(name), **start)
        if stacked:
            below = [low + high for low, high in zip(below, heights, strict=True)]


def _column(ax: Any, data: Data, results: Results, stacked: bool) -> None:
    data = _as_categories(data, results, MAX_COLUMNS)
    _bars(ax, data, stacked, "bar", "bottom")
    _label_axis(ax, data, False, results)
    _finish(ax, data)


def _bar(ax: Any, data: Data, results: Results, stacked: bool) -> None:
    data = _as_categories(data, results)
    _bars(ax, data, stacked, "barh", "left")
    ax.set_yticks(range(len(data.axis)), [_tick(value, results) for value in data.axis])
    ax.invert_yaxis()
    _finish(ax, data, legend=len(data.series) > 1, amounts="x")
    ax.grid(False, axis="y")
    ax.grid(True, axis="x", color=GREY, alpha=0.25, linewidth=0.6)
    if len(data.series) == 1:
        ax.set_xlabel(plain(next(iter(data.series))), color=GREY, fontsize=9)


def _as_categories(data: Data, results: Results, most: int = MAX_CATEGORIES) -> Data:
    """Times as text, and no more categories than can be told apart."""
    axis = [
        results.view.time(value.timestamp()) if hasattr(value, "timestamp") else value for value in data.axis[:most]
    ]
    cut = f"the first {most:,} of {len(data.axis):,} rows" if len(data.axis) > most else ""
    note = ", ".join(filter(None, (cut, data.note)))
    return Data(data.label, axis, {name: values[:most] for name, values in data.series.items()}, note)


def _pie(ax: Any, data: Data, results: Results, stacked: bool) -> None:
    data = _as_categories(data, results)
    values = [max(0.0, value or 0.0) for value in next(iter(data.series.values()))]
    if not sum(values):
        raise ArgumentError("A pie of nothing but zeros cannot be drawn.", name="pie")
    labels = [_tick(value, results) for value in data.axis]
    texts = {"color": GREY, "fontsize": 8}
    ax.pie(values, labels=labels, colors=COLOURS, textprops=texts, startangle=90, counterclock=False)
    _tell(ax, data)


def _scatter(ax: Any, data: Data, results: Results, stacked: bool) -> None:
    names = list(data.series)
    if len(names) < 2:
        _line(ax, data, results, stacked)
        return
    ax.scatter(_gaps(data.series[names[0]]), _gaps(data.series[names[1]]), s=16, color=_colour(0), alpha=0.8)
    _finish(ax, data, legend=False, from_zero=False)
    ax.set_xlabel(plain(names[0]), color=GREY, fontsize=9)
    ax.set_ylabel(plain(names[1]), color=GREY, fontsize=9)


def _map(ax: Any, data: Data, results: Results, stacked: bool) -> None:
    """Bubbles over the outlines of land, as far as there are bubbles: nothing is fetched."""
    ax.add_patch(_land())
    most = max((value for values in data.series.values() for value in values if value), default=1.0) or 1.0
    for index, (name, values) in enumerate(data.series.items()):
        sizes = [700 * max(0.0, value or 0.0) / most for value in values]
        ax.scatter(
            [place[0] for place in data.axis],
            [place[1] for place in data.axis],
            s=sizes,
            color=_colour(index),
            alpha=0.6,
            label=plain(name),
            edgecolors=GREY,
            linewidths=0.5,
            zorder=2,
        )
    _finish(ax, data, legend=len(data.series) > 1, from_zero=False)
    ax.grid(True, color=GREY, alpha=0.25, linewidth=0.6)
    ax.set_xlim(*_extent([place[0] for place in data.axis], 180))
    ax.set_ylim(*_extent([place[1] for place in data.axis], 90))
    ax.set_aspect("equal", adjustable="box")
    ax.set_xlabel("longitude", color=GREY, fontsize=9)
    ax.set_ylabel("latitude", color=GREY, fontsize=9)


def _land() -> Any:
    """The outlines of land as one shape, in which the Caspian Sea is a hole."""
    path = library("matplotlib.path", "notebook").Path
    points = [place for ring in outlines() for place in (*ring, ring[0])]
    codes = [code for ring in outlines() for code in (path.MOVETO, *[path.LINETO] * (len(ring) - 1), path.CLOSEPOLY)]
    patch = library("matplotlib.patches", "notebook").PathPatch
    return patch(path(points, codes), facecolor=(*LAND, 0.35), edgecolor=(*LAND, 0.8), linewidth=0.5, zorder=0)


def _extent(degrees: list[float], most: int) -> tuple[float, float]:
    """From where to where a map reaches: about its points, a part of the world around them, the world at most."""
    known = [each for each in degrees if each == each]
    low, high = min(known, default=0.0), max(known, default=0.0)
    margin = max(most / 12, (high - low) * 0.15)
    return max(-most, low - margin), min(most, high + margin)


KINDS: dict[str, Callable[..., None]] = {
    "line": _line,
    "area": _area,
    "column": _column,
    "bar": _bar,
    "pie": _pie,
    "scatter": _scatter,
    "map": _map,
}
