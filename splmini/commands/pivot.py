"""pivot: a table over a dataset of a data model."""

from __future__ import annotations

from dataclasses import dataclass, field

from splmini.commands.arguments.options import parse_bool
from splmini.commands.arguments.reading import fail
from splmini.errors import UnsupportedFeature
from splmini.language import tree
from splmini.operators import Fields, Generating, Operator, RunContext, Stream
from splmini.registry import BuildScope, Example, command
from splmini.values.numbers import to_number

_LABELS = {
    "count": "Count of",
    "c": "Count of",
    "dc": "Distinct Count of",
    "distinct_count": "Distinct Count of",
    "sum": "Sum of",
    "avg": "Average of",
    "average": "Average of",
    "max": "Max of",
    "min": "Min of",
    "median": "Median of",
    "stdev": "Standard Deviation of",
    "list": "List of",
    "values": "List of Distinct Values of",
    "first": "First of",
    "last": "Last of",
    "earliest": "Earliest of",
    "latest": "Latest of",
    "duration": "Duration of",
}
"""The functions of cells, with what the name of their column begins with."""

_PERIODS = {
    "second": "span=1s",
    "minute": "span=1m",
    "hour": "span=1h",
    "day": "span=1d",
    "month": "span=1mon",
    "year": "span=1y",
    "auto": "bins=100",
}
"""The units of PERIOD, as options of bin."""
_FILTERS = {
    "is": '"{field}"="{value}"',
    "=": '"{field}"="{value}"',
    "isnot": 'NOT "{field}"="{value}"',
    "!=": 'NOT "{field}"="{value}"',
    "contains": '"{field}"="*{value}*"',
    "doesnotcontain": 'NOT "{field}"="*{value}*"',
    "beginswith": '"{field}"="{value}*"',
    "startswith": '"{field}"="{value}*"',
    "endswith": '"{field}"="*{value}"',
    "isnull": 'NOT "{field}"=*',
    "isnotnull": '"{field}"=*',
    "<": '"{field}"<"{value}"',
    "<=": '"{field}"<="{value}"',
    ">": '"{field}">"{value}"',
    ">=": '"{field}">="{value}"',
}
_SWITCHES = ("rowsummary", "colsummary", "showother", "numcols")
_RANGES = {"start": "start", "end": "end", "max": "bins", "size": "span"}
"""The options of RANGE, and what bin calls them."""
_SEPARATOR = "\x1f"
"""Stands between the values of several SPLITROW fields while a chart is made."""

_COPY = "pivot split "
"""Begins the name of the copy of a field that is put into groups: the cells count the field as it is."""


@dataclass
class _Pivot:
    """The elements of a pivot, as text of the search that it stands for."""

    cells: list[str] = field(default_factory=list)
    rows: list[tuple[str, str]] = field(default_factory=list)
    columns: list[str] = field(default_factory=list)
    filters: list[str] = field(default_factory=list)
    limits: list[str] = field(default_factory=list)
    groups: list[str] = field(default_factory=list)
    """Commands that put the values of split fields into groups."""
    order: str = ""
    switches: dict[str, str] = field(default_factory=dict)

    def search(self) -> str:
        """Return the search over the rows of the dataset."""
        parts = ["search " + (" ".join(self.filters) or "*"), *self.limits, *self.groups]
        copies = [(name, label) for name, label in self.rows if name.startswith(_COPY)]
        parts += [f'rename "{row[0]}" AS "{row[1]}"' for row in self.rows if row[0] != row[1] and row not in copies]
        labels = [name if name.startswith(_COPY) else label for name, label in self.rows]
        parts += self._chart(labels) if self.columns else [self._stats(labels)]
        parts += [f'rename "{name}" AS "{label}"' for name, label in copies]
        if self.order:
            parts.append(self.order)
        if parse_bool(self.switches.get("rowsummary", "0")):
            parts.append("addtotals")
        if parse_bool(self.switches.get("colsummary", "0")):
            parts.append("addcoltotals")
        return " | ".join(parts)

    def _stats(self, labels: list[str]) -> str:
        by = " ".join(f'"{label}"' for label in labels)
        return f"stats {' '.join(self.cells)}" + (f" BY {by}" if by else "")

    def _chart(self, labels: list[str]) -> list[str]:
        other = parse_bool(self.switches.get("showother", "1")) is not False
        limit = self.switches.get("numcols", "100")
        over = f'OVER "{labels[0]}" ' if labels else ""
        before, after = [], []
        if len(labels) > 1:
            key = "pivot row"
            joined = f'."{_SEPARATOR}".'.join(f"'{label}'" for label in labels)
            before = [*(f'mvexpand "{label}"' for label in labels), f'eval "{key}"={joined}']
            over = f'OVER "{key}" '
            pieces = f"split('{key}', \"{_SEPARATOR}\")"
            after = [f'eval "{label}"=mvindex({pieces}, {place})' for place, label in enumerate(labels)]
            after += [f'fields - "{key}"', "table " + " ".join(f'"{label}"' for label in labels) + " *"]
        options = f"limit={limit} useother={'t' if other else 'f'}"
        chart = f'chart {options} {" ".join(self.cells)} {over}BY "{self.columns[0]}"'
        return [*before, chart, *after]


@command(
    "pivot",
    generating=True,
    category="generating",
    syntax="pivot MODEL DATASET FUNCTION(FIELD) [AS NAME] ... [SPLITROW FIELD [AS NAME] "
    "[RANGE start=NUM end=NUM max=INT size=NUM] [PERIOD UNIT] [TRUELABEL NAME] [FALSELABEL NAME]] ... "
    "[SPLITCOL FIELD [PERIOD UNIT]] [FILTER FIELD (is | isNot | contains | doesNotContain | beginsWith | endsWith | "
    "isNull | isNotNull | = | != | < | <= | > | >=) VALUE] ... [LIMIT FIELD BY (TOP | BOTTOM) INT FUNCTION(FIELD)] ... "
    "[SORT INT FIELD [ASC | DESC]] [ROWSUMMARY BOOL] [COLSUMMARY BOOL] [SHOWOTHER BOOL] [NUMCOLS INT]",
    rereads=True,
    names=frozenset({"datamodel"}),
    reach="events",
    source="https://docs.splunk.com/Documentation/Splunk/latest/SearchReference/Pivot",
    examples=(Example("| pivot Authentication Authentication count(Authentication) AS total", [{"total": 0}]),),
)
def build(node: tree.Command, scope: BuildScope) -> Operator:
    """Makes a table of statistics over the events of a dataset of a data model.

    A cell is a statistic of a field, or `count(DATASET)`, the number of events; SPLITROW fields make rows, a SPLITCOL
    field columns, FILTER leaves events out. Fields are named without the path of their dataset. PERIOD puts `_time`
    into buckets of a second, minute, hour, day, month or year (auto: at most 100 buckets); RANGE puts a number into
    ranges, of a `size` or at most `max` of them; TRUELABEL and FALSELABEL name the values of a boolean field. LIMIT
    keeps the events with the values of a field that are the best (or worst) by a statistic; SORT sorts the rows of the
    table and keeps the first ones (0: all). Events in which a SPLITROW field is null are left out;
    a multivalue one counts once for each value.

    Memory: one set of aggregates for each cell.
    """
    if not scope.first:
        fail(node, "pivot has to be the first command of a search.")
    items = list(node.args)
    names = [item.text for item in items[:2] if isinstance(item, tree.Word)]
    if len(names) < 2:
        fail(node, "pivot needs a model and a dataset.")
    pivot = _read(node, items[2:], names[1])
    if not pivot.cells:
        fail(node, "pivot needs a cell, such as count(DATASET).")
    text, at = pivot.search(), items[1].span

    def generate(ctx: RunContext, needed: Fields) -> Stream:
        pipeline = ctx.parse(text)
        rows = ctx.apps.dataset(".".join(names), at).rows(ctx, None, False)
        return ctx.run(pipeline, rows, needed)

    return Generating(name="pivot", generate=generate, node=node, span=node.span)


def _read(node: tree.Command, items: list[tree.Node], dataset: str) -> _Pivot:
    pivot, index = _Pivot(), 0
    while index < len(items):
        item = items[index]
        if isinstance(item, tree.Group):
            index = _cell(node, pivot, items, index, dataset)
            continue
        word = _word(node, items, index).lower()
        if word in ("splitrow", "splitcol"):
            index = _split(node, pivot, items, index, word == "splitrow")
        elif word == "filter":
            index = _filter(node, pivot, items, index)
        elif word in _SWITCHES:
            pivot.switches[word] = _word(node, items, index + 1)
            index += 2
        elif word == "limit":
            index = _limit(node, pivot, items, index)
        elif word == "sort":
            index = _sort(node, pivot, items, index)
        else:
            fail(node, f"pivot does not take '{item}' here.", item)
    return pivot


def _word(node: tree.Command, items: list[tree.Node], index: int) -> str:
    item = items[index] if index < len(items) else node
    if not isinstance(item, tree.Word):
        fail(node, "A field or value is missing in pivot.", item)
    return item.text.replace("\\", "\\\\").replace('"', '\\"')


def _label(node: tree.Command, items: list[tree.Node], index: int, default: str) -> tuple[str, int]:
    item = items[index] if index < len(items) else None
    if isinstance(item, tree.Word) and item.text.lower() == "as" and not item.quoted:
        return _word(node, items, index + 1), index + 2
    return default, index


def _cell(node: tree.Command, pivot: _Pivot, items: list[tree.Node], index: int, dataset: str) -> int:
    group = items[index]
    assert isinstance(group, tree.Group)
    function, name = group.name.lower(), group.text.strip().strip('"').replace('"', "")
    if function not in _LABELS:
        fail(node, f"pivot has no function '{group.name}'.", group, f"It has {', '.join(_LABELS)}.")
    label, following = _label(node, items, index + 1, f"{_LABELS[function]} {name}")
    call = "count" if function in ("count", "c") and name == dataset else f'{function}("{name}")'
    pivot.cells.append(f'{call} AS "{label}"')
    return following


def _split(node: tree.Command, pivot: _Pivot, items: list[tree.Node], index: int, row: bool) -> int:
    name = _word(node, items, index + 1)
    label, index = _label(node, items, index + 2, name)
    labels: dict[str, str] = {}
    if _keyword(items, index) in ("range", "truelabel", "falselabel"):
        name, field = f"{_COPY}{len(pivot.groups)}", name
        pivot.groups.append(f"eval \"{name}\"='{field}'")
    while (word := _keyword(items, index)) in ("range", "period", "truelabel", "falselabel"):
        if word == "range":
            index = _range(node, pivot, items, index + 1, name)
        elif word == "period":
            unit = _word(node, items, index + 1).lower()
            if unit not in _PERIODS:
                raise UnsupportedFeature(
                    f"pivot does not run with PERIOD {unit} here.",
                    name="period",
                    span=items[index].span,
                    hint=f"It takes {', '.join(_PERIODS)}.",
                )
            pivot.groups.append(f'bin "{name}" {_PERIODS[unit]}')
            index += 2
        else:
            labels[word] = _word(node, items, index + 1)
            index += 2
    if labels:
        true, false = labels.get("truelabel", "true"), labels.get("falselabel", "false")
        test = f'lower(tostring(\'{name}\')) IN ("1", "true", "t", "yes", "y")'
        pivot.groups.append(f'eval "{name}"=if(isnull(\'{name}\'), null(), if({test}, "{true}", "{false}"))')
    if row:
        pivot.rows.append((name, label))
    elif pivot.columns:
        fail(node, "pivot takes one SPLITCOL.", items[index - 1])
    else:
        pivot.columns.append(name)
    return index


def _keyword(items: list[tree.Node], index: int) -> str:
    item = items[index] if index < len(items) else None
    return item.text.lower() if isinstance(item, tree.Word) and not item.quoted else ""


def _range(node: tree.Command, pivot: _Pivot, items: list[tree.Node], index: int, name: str) -> int:
    """RANGE start= end= max= size=: the numbers of a split field in ranges."""
    options: list[str] = []
    while index < len(items):
        item = items[index]
        if not isinstance(item, tree.Option):
            break
        value = item.value.text if isinstance(item.value, tree.Word) else ""
        if item.name.lower() not in _RANGES or to_number(value) is None:
            fail(node, f"RANGE takes start, end, max and size with numbers, not '{item}'.", item)
        options.append(f"{_RANGES[item.name.lower()]}={value}")
        index += 1
    pivot.groups.append(f'bin "{name}" {" ".join(options)}'.rstrip())
    return index


def _limit(node: tree.Command, pivot: _Pivot, items: list[tree.Node], index: int) -> int:
    """LIMIT field BY TOP n function(field): the events whose field has one of the n best values."""
    name = _word(node, items, index + 1)
    how, number = _word(node, items, index + 3).lower(), _word(node, items, index + 4)
    if _keyword(items, index + 2) != "by" or how not in ("top", "bottom") or not number.isdecimal():
        fail(node, "LIMIT is written LIMIT field BY TOP 10 count(field).", items[index])
    group = items[index + 5] if index + 5 < len(items) else None
    if not isinstance(group, tree.Group) or group.name.lower() not in _LABELS:
        fail(node, "LIMIT needs a statistic, such as count(field).", group or items[index])
    of = group.text.strip().strip('"').replace('"', "")
    sign = "-" if how == "top" else "+"
    pivot.limits += [
        f'eventstats {group.name.lower()}("{of}") AS "pivot limit" BY "{name}"',
        f'sort 0 {sign}"pivot limit" +"{name}"',
        f'streamstats dc("{name}") AS "pivot rank"',
        f"where 'pivot rank'<={number} AND isnotnull('{name}')",
        'fields - "pivot limit" "pivot rank"',
    ]
    return index + 6


def _sort(node: tree.Command, pivot: _Pivot, items: list[tree.Node], index: int) -> int:
    """SORT n field [ASC | DESC]: the first n rows; 0: all."""
    number = _word(node, items, index + 1)
    if not number.isdecimal():
        fail(node, "SORT needs the number of rows to keep, 0 for all: SORT 100 field.", items[index])
    name, index = _word(node, items, index + 2), index + 3
    sign, name = (name[0], name[1:]) if name[:1] in ("+", "-") else ("+", name)
    if _keyword(items, index) in ("asc", "desc"):
        sign = "-" if _keyword(items, index) == "desc" else "+"
        index += 1
    pivot.order = f'sort {number} {sign}"{name}"'
    return index


def _filter(node: tree.Command, pivot: _Pivot, items: list[tree.Node], index: int) -> int:
    item = items[index + 1] if index + 1 < len(items) else None
    if isinstance(item, tree.Option) and isinstance(item.value, tree.Word):  # FILTER field = value
        pivot.filters.append(_FILTERS["="].format(field=item.name, value=_word(node, [item.value], 0)))
        return index + 2
    name, how = _word(node, items, index + 1), _word(node, items, index + 2)
    template = _FILTERS.get(how.lower())
    if template is None:
        raise UnsupportedFeature(f"pivot does not filter with '{how}'.", name=how, span=items[index + 2].span)
    bare = how.lower() in ("isnull", "isnotnull")
    value = "" if bare else _word(node, items, index + 3)
    pivot.filters.append(template.format(field=name, value=value))
    return index + (3 if bare else 4)
