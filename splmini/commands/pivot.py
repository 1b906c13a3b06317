"""pivot: a table over a dataset of a data model."""

from __future__ import annotations

from dataclasses import dataclass, field

from splmini.commands._arguments import fail, parse_bool, read
from splmini.errors import UnsupportedFeature
from splmini.language import tree
from splmini.operators import Fields, Generating, Operator, RunContext, Stream
from splmini.registry import BuildScope, Example, command

_LABELS = {
    "count": "Count of", "c": "Count of", "dc": "Distinct Count of", "distinct_count": "Distinct Count of",
    "sum": "Sum of", "avg": "Average of", "average": "Average of", "max": "Max of", "min": "Min of",
    "median": "Median of", "stdev": "Standard Deviation of", "list": "List of", "values": "List of Distinct Values of",
    "first": "First of", "last": "Last of", "earliest": "Earliest of", "latest": "Latest of", "duration": "Duration of",
}  # fmt: skip
"""The functions of cells, with what the name of their column begins with."""

_PERIODS = {"second": "1s", "minute": "1m", "hour": "1h", "day": "1d", "month": "1mon", "year": "1y"}
_FILTERS = {
    "is": '"{field}"="{value}"', "isnot": 'NOT "{field}"="{value}"', "contains": '"{field}"="*{value}*"',
    "doesnotcontain": 'NOT "{field}"="*{value}*"', "beginswith": '"{field}"="{value}*"',
    "startswith": '"{field}"="{value}*"', "endswith": '"{field}"="*{value}"', "isnull": 'NOT "{field}"=*',
    "isnotnull": '"{field}"=*',
}  # fmt: skip
_SWITCHES = ("rowsummary", "colsummary", "showother", "numcols")
_UNSUPPORTED = ("range", "limit", "truelabel", "falselabel", "sort")
_KEYWORDS = frozenset({"splitrow", "splitcol", "filter", *_SWITCHES, *_UNSUPPORTED})


@dataclass
class _Pivot:
    """The elements of a pivot, as text of the search that it stands for."""

    cells: list[str] = field(default_factory=list)
    rows: list[tuple[str, str]] = field(default_factory=list)
    columns: list[str] = field(default_factory=list)
    filters: list[str] = field(default_factory=list)
    spans: list[tuple[str, str]] = field(default_factory=list)
    switches: dict[str, str] = field(default_factory=dict)

    def search(self) -> str:
        """Return the search over the rows of the dataset."""
        parts = ["search " + (" ".join(self.filters) or "*")]
        parts += [f'bin "{name}" span={span}' for name, span in self.spans]
        parts += [f'rename "{name}" AS "{label}"' for name, label in self.rows if name != label]
        labels = " ".join(f'"{label}"' for _, label in self.rows)
        cells = " ".join(self.cells)
        if self.columns:
            other = parse_bool(self.switches.get("showother", "1")) is not False
            limit = self.switches.get("numcols", "100")
            over = f"OVER {labels} " if self.rows else ""
            parts.append(f'chart limit={limit} useother={"t" if other else "f"} {cells} {over}BY "{self.columns[0]}"')
        else:
            parts.append(f"stats {cells}" + (f" BY {labels}" if labels else ""))
        if parse_bool(self.switches.get("rowsummary", "0")):
            parts.append("addtotals")
        if parse_bool(self.switches.get("colsummary", "0")):
            parts.append("addcoltotals")
        return " | ".join(parts)


@command(
    "pivot", generating=True, category="generating",
    syntax="pivot MODEL DATASET FUNCTION(FIELD) [AS NAME] ... [SPLITROW FIELD [AS NAME] [PERIOD UNIT]] ... "
    "[SPLITCOL FIELD] [FILTER FIELD (is | isNot | contains | doesNotContain | beginsWith | endsWith) VALUE] ... "
    "[ROWSUMMARY BOOL] [COLSUMMARY BOOL] [SHOWOTHER BOOL] [NUMCOLS INT]",
    source="https://docs.splunk.com/Documentation/Splunk/latest/SearchReference/Pivot",
    examples=(
        Example("| pivot Authentication Authentication count(Authentication) AS total", [{"total": 0}]),
    ),
)  # fmt: skip
def build(node: tree.Command, scope: BuildScope) -> Operator:
    """Makes a table of statistics over the events of a dataset of a data model.

    A cell is a statistic of a field, or `count(DATASET)`, the number of events; SPLITROW fields make rows, a SPLITCOL
    field columns, FILTER leaves events out. Fields are named without the path of their dataset. PERIOD puts `_time`
    into buckets of a second, minute, hour, day, month or year. Events in which a SPLITROW field is null are left out;
    a multivalue one counts once for each value.

    Memory: one set of aggregates for each cell.
    """
    arguments = read(node, {}, takes=(tree.Word, tree.Group), any_option=True)
    for option in arguments.given.values():
        raise UnsupportedFeature(f"pivot does not run with '{option}' here.", name=option.name, span=option.span)
    if not scope.first:
        fail(node, "pivot has to be the first command of a search.")
    items = arguments.positional
    names = [item.text for item in items[:2] if isinstance(item, tree.Word)]
    if len(names) < 2:
        fail(node, "pivot needs a model and a dataset.")
    pivot = _read(node, items[2:], names[1])
    if not pivot.cells:
        fail(node, "pivot needs a cell, such as count(DATASET).")
    text, at = pivot.search(), items[1].span

    def generate(ctx: RunContext, needed: Fields) -> Stream:
        pipeline = ctx.parse(text)
        rows = ctx.dataset(".".join(names), at).rows(ctx, None, False)
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
        elif word in _UNSUPPORTED:
            raise UnsupportedFeature(f"pivot does not run with {word.upper()} here.", name=word, span=item.span)
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
    item = items[index] if index < len(items) else None
    if isinstance(item, tree.Word) and item.text.lower() == "period":
        unit = _word(node, items, index + 1).lower()
        if unit not in _PERIODS:
            raise UnsupportedFeature(f"pivot does not run with PERIOD {unit} here.", name="period", span=item.span,
                                     hint=f"It takes {', '.join(_PERIODS)}.")  # fmt: skip
        pivot.spans.append((name, _PERIODS[unit]))
        index += 2
    if row:
        pivot.rows.append((name, label))
    elif pivot.columns:
        fail(node, "pivot takes one SPLITCOL.", items[index - 1])
    else:
        pivot.columns.append(name)
    return index


def _filter(node: tree.Command, pivot: _Pivot, items: list[tree.Node], index: int) -> int:
    name, how = _word(node, items, index + 1), _word(node, items, index + 2)
    template = _FILTERS.get(how.lower())
    if template is None:
        raise UnsupportedFeature(f"pivot does not filter with '{how}'.", name=how, span=items[index + 2].span)
    bare = how.lower() in ("isnull", "isnotnull")
    value = "" if bare else _word(node, items, index + 3)
    pivot.filters.append(template.format(field=name, value=value))
    return index + (3 if bare else 4)
