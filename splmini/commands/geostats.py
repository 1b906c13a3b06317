"""geostats: aggregates over the cells of maps."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from splmini.commands.aggregation.groups import Grouping, Groups, Measure, by_fields, fields_needed, read_measures
from splmini.commands.aggregation.pivot import Choice, Names, Split
from splmini.commands.aggregation.pivot_table import SERIES_NUMBER, Table, with_number
from splmini.commands.aggregation.slices import Source
from splmini.commands.arguments.reading import Arguments, read
from splmini.commands.stats import hoisted
from splmini.language import tree
from splmini.operators import Batch, Columns, Fields, Operator, Partial, Row, RunContext, Stream, batched, union
from splmini.registry import BuildScope, Chart, Example, OptionSpec, command
from splmini.values.numbers import to_number

OPTIONS = {
    "latfield": OptionSpec("field", default="lat", doc="The field of the latitude."),
    "longfield": OptionSpec("field", default="lon", doc="The field of the longitude."),
    "outputlatfield": OptionSpec("field", default="latitude", doc="The result's field of the latitude."),
    "outputlongfield": OptionSpec("field", default="longitude", doc="The result's field of the longitude."),
    "globallimit": OptionSpec("int", least=0, default=10, doc="How many series are shown, others as OTHER; 0: all."),
    "locallimit": OptionSpec("int", least=0, default=10, doc="How many series a cell shows, others as OTHER; 0: all."),
    "binspanlat": OptionSpec("number", default=22.5, doc="The height of a cell at the lowest zoom level, in degrees."),
    "binspanlong": OptionSpec("number", default=45.0, doc="The width of a cell at the lowest zoom level, in degrees."),
    "maxzoomlevel": OptionSpec("int", default=9, doc="The highest zoom level; each halves the cells."),
    "translatetoxy": OptionSpec("bool", default=True, doc="Whether a row is a cell; false: a cell and category."),
}
LATITUDE, LONGITUDE = "\0latitude", "\0longitude"


@dataclass(frozen=True)
class Settings:
    """A geostats, read."""

    grouping: Grouping
    latitude: str
    longitude: str
    outputs: tuple[str, str]
    spans: tuple[float, float]
    zoom: int
    split: Split | None
    local: int


@command(
    "geostats",
    "aggregation",
    options=OPTIONS,
    clauses=("by",),
    category="transforming",
    syntax="geostats [latfield=FIELD] [longfield=FIELD] [outputlatfield=NAME] [outputlongfield=NAME] [globallimit=INT] "
    "[locallimit=INT] [binspanlat=NUM] [binspanlong=NUM] [maxzoomlevel=INT] [translatetoxy=BOOL] "
    "FUNCTION(FIELD) [AS NAME] ... [BY FIELD]",
    chart=Chart("map"),
    source="https://docs.splunk.com/Documentation/Splunk/latest/SearchReference/Geostats",
    examples=(
        Example(
            "| geostats maxzoomlevel=0 count",
            [{"geobin": "bin_id_zl_0_y_5_x_1", "latitude": 38, "longitude": -122, "count": 2}],
            ({"lat": 37, "lon": -121}, {"lat": 39, "lon": -123}),
        ),
    ),
)
def build(node: tree.Command, scope: BuildScope) -> Operator:
    """Aggregates over the cells of a map, for each zoom level: a row for each cell that has events.

    `geobin` names the cell, by zoom level, row from the south pole and column from the date line; `latitude` and
    `longitude` are the means over its events. With BY each value of the field is a column, the most frequent overall
    (`globallimit`) and in each cell (`locallimit`) by themselves, the others as OTHER. With `translatetoxy=false` each
    value has a row of its own in each cell, in the field that it is of, and BY takes several fields. Events whose
    coordinates are missing, no numbers or off the map are left out.

    *Null* and *multivalue* coordinates are no numbers; each value of a multivalue BY field counts.

    Memory: one set of aggregates for each cell, at every zoom level.
    """
    settings = _read(node, scope)

    def create(ctx: RunContext) -> GeostatsState:
        return GeostatsState(settings, ctx)

    needed = union(
        fields_needed(settings.grouping.measures, settings.grouping.by[1:]),
        frozenset({settings.latitude, settings.longitude}),
    )

    def requires(after: Fields) -> Fields:
        return needed

    return Partial(name=node.name, create=create, requires=requires, span=node.span)


def _read(node: tree.Command, scope: BuildScope) -> Settings:
    arguments = read(hoisted(node), OPTIONS, clauses=("by",))
    by = by_fields(arguments.clause("by"), node)
    if len(by) > 1 and arguments["translatetoxy"]:
        arguments.fail("geostats splits by one field.", arguments.clauses["by"])
    _check(arguments)
    measures = read_measures(node, arguments.positional, scope, by)
    latitude, longitude = arguments["latfield"], arguments["longfield"]
    grouping = Grouping(
        (*measures, Measure(LATITUDE, "avg", latitude), Measure(LONGITUDE, "avg", longitude)),
        ("geobin", *by),
        command=node.name,
        span=node.span,
    )
    split = None
    if by and arguments["translatetoxy"]:
        choice = Choice(number=arguments["globallimit"])
        split = Split(by[0], choice, False, True, "OTHER", False, "NULL")
    return Settings(
        with_number(grouping),
        latitude,
        longitude,
        (arguments["outputlatfield"], arguments["outputlongfield"]),
        (arguments["binspanlat"], arguments["binspanlong"]),
        arguments["maxzoomlevel"],
        split,
        arguments["locallimit"],
    )


def _check(arguments: Arguments) -> None:
    for name in ("binspanlat", "binspanlong"):
        if arguments[name] <= 0:
            arguments.fail(f"{name} is above 0.", arguments.given[name])
    if not 0 <= arguments["maxzoomlevel"] <= 20:
        arguments.fail("maxzoomlevel is between 0 and 20.", arguments.given["maxzoomlevel"])


def _cells(settings: Settings) -> Source:
    """The cells of an event: one for each zoom level."""
    height, width = settings.spans
    levels = [(zoom, height / 2**zoom, width / 2**zoom) for zoom in range(settings.zoom + 1)]

    def cells(row: Row) -> Any:
        latitude, longitude = to_number(row.get(settings.latitude)), to_number(row.get(settings.longitude))
        if latitude is None or longitude is None or not (-90 <= latitude <= 90 and -180 <= longitude <= 180):
            return None
        return [
            f"bin_id_zl_{zoom}_y_{math.floor((latitude + 90) / high)}_x_{math.floor((longitude + 180) / wide)}"
            for zoom, high, wide in levels
        ]

    return Source("\0geobin", cells)


def _place(cell: str) -> tuple[int, ...]:
    parts = cell.split("_")
    return int(parts[3]), int(parts[5]), int(parts[7])


def _place_and_category(key: tuple[str, ...]) -> tuple[tuple[int, ...], tuple[str, ...]]:
    return _place(key[0]), key[1:]


class GeostatsState:
    """The state of geostats: groups by cell and series."""

    def __init__(self, settings: Settings, ctx: RunContext) -> None:
        self.settings = settings
        sources = [_cells(settings)]
        if settings.split is not None:
            sources.append(settings.split.source(ctx))
        else:
            sources.extend(map(Source, settings.grouping.by[1:]))
        self.groups = Groups(settings.grouping, ctx, sources)

    def update(self, batch: Batch) -> None:
        """Take in a batch."""
        self.groups.update(batch)

    def merge(self, other: GeostatsState) -> None:
        """Take in the state of later rows."""
        self.groups.merge(other.groups)

    def finish(self, ctx: RunContext) -> Stream:
        """Give the cells."""
        split = self.settings.split
        if split is None:
            names = [name for name in self.groups.names() if name[:1] != "\0"]
            by = self.settings.grouping.by[1:]
            if by:
                names = [*by, *(name for name in names if name not in by)]
            return Stream(batched(self._by_category(ctx) if by else self._plain(ctx)), self._declared(names))
        centres = self._centres(ctx)
        measures = [m for m in self.settings.grouping.measures if m.name not in (LATITUDE, LONGITUDE)]
        if len(measures) == 2:  # one of the user's, and the number of events
            measures = [m for m in measures if m.name != SERIES_NUMBER]
        self._keep(measures)
        table = Table(self.groups, ctx, split, Names())
        table.choose()
        if self.settings.local:
            self._localise(table)
        labels = [(cell, self._own(cell, *centres[cell])) for cell in sorted(centres, key=_place)]
        return Stream(batched(table.rows(labels)), self._declared(table.columns()))

    def _keep(self, measures: list[Measure]) -> None:
        """Leave only some measures in the groups."""
        grouping = self.groups.grouping
        pairs = [
            (measure, column)
            for measure, column in zip(grouping.measured(), self.groups.columns, strict=True)
            if any(measure == kept or measure in kept.parts for kept in measures)
        ]
        self.groups.columns = [column for _, column in pairs]
        self.groups.grouping = replace(grouping, measures=tuple(measures))

    def _localise(self, table: Table) -> None:
        """Fold the series that are rare in a cell into OTHER."""
        scores: dict[str, list[tuple[float, str]]] = {}
        other = table.split.otherstr
        results = table.results()
        measures = table.measured()
        for cell, series in self.groups.group_keys():
            value = to_number(results((cell, series)).get(measures[0])) if measures else None
            ranked = scores.setdefault(cell, [])
            if series != other:
                ranked.append((-(value or 0), series))
        kept = {
            cell: {other, *(name for _, name in sorted(found)[: self.settings.local])} for cell, found in scores.items()
        }
        if all(len(found) <= self.settings.local for found in scores.values()):
            return
        self.groups.fold(lambda key: key if key[1] in kept[key[0]] else (key[0], other))
        table.order = [name for name in table.order if any(key[1] == name for key in self.groups.group_keys())]
        if other not in table.order:
            table.order.append(other)

    def _centres(self, ctx: RunContext) -> dict[str, tuple[float, float]]:
        """The mean coordinates of each cell, over all series."""
        names = {name: column for name, column in self.groups.named_columns() if name in (LATITUDE, LONGITUDE)}
        sums: dict[str, list[float]] = {}
        for key, number in self.groups.index.items():
            cell = sums.setdefault(key[0], [0.0, 0.0, 0])
            latitude, longitude = names[LATITUDE].cells[number], names[LONGITUDE].cells[number]
            cell[0] += latitude[0]
            cell[1] += longitude[0]
            cell[2] += latitude[1]
        return {cell: (total[0] / total[2], total[1] / total[2]) for cell, total in sums.items()}

    def _own(self, cell: str, latitude: float, longitude: float) -> Row:
        return {"geobin": cell, self.settings.outputs[0]: latitude, self.settings.outputs[1]: longitude}

    def _plain(self, ctx: RunContext) -> Iterator[Row]:
        results = self.groups.results(ctx)
        for cell in sorted(self.groups.group_keys(), key=_place):
            values = results(cell)
            own = self._own(cell, values.pop(LATITUDE), values.pop(LONGITUDE))
            yield {**own, **{name: value for name, value in values.items() if name[:1] != "\0"}}

    def _by_category(self, ctx: RunContext) -> Iterator[Row]:
        """A row for each cell and category, at the place of the cell."""
        results, centres = self.groups.results(ctx), self._centres(ctx)
        by, shown = self.settings.grouping.by[1:], self.groups.shown[1:]
        for cell, *category in sorted(self.groups.group_keys(), key=_place_and_category):
            own = self._own(cell, *centres[cell])
            named = {name: known.get(text, text) for name, known, text in zip(by, shown, category, strict=True)}
            values = results((cell, *category)).items()
            yield {**own, **named, **{name: value for name, value in values if name[:1] != "\0"}}

    def _declared(self, names: list[str]) -> Any:
        def columns() -> Columns:
            return ["geobin", *self.settings.outputs, *names]

        return columns
