"""What a run gives: rows, the column order, messages and figures; and the forms that rows are shown in."""

from __future__ import annotations

import csv
import html
import io
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, overload

from splmini.errors import UnsupportedFeature

if TYPE_CHECKING:
    from splmini.operators import Message, Row

SHOWN_ROWS = 100
CELL_WIDTH = 60


class Results(Sequence["Row"]):
    """The rows of a search, in order, each a dict; an absent field is absent, a multivalue field is a list.

    `fields` is the column order as Splunk would show it, `messages` what the run had to tell, `stats` its figures
    (scanned, parsed, matched, rows, seconds per operator), `complete` False where it was cancelled or cut.

    >>> results = Results([{"host": "a", "count": 2}], ["host", "count"])
    >>> len(results), results[0]["count"], results.fields
    (1, 2, ['host', 'count'])
    """

    def __init__(
        self,
        rows: Iterable[Row],
        fields: Iterable[str] | None = None,
        messages: Iterable[Message] = (),
        stats: Mapping[str, Any] | None = None,
        complete: bool = True,
    ) -> None:
        self._rows = rows if isinstance(rows, list) else list(rows)
        self.fields = _seen(self._rows) if fields is None else list(fields)
        self.messages = list(messages)
        self.stats = dict(stats or {})
        self.complete = complete

    @overload
    def __getitem__(self, index: int) -> Row: ...
    @overload
    def __getitem__(self, index: slice) -> Results: ...
    def __getitem__(self, index: int | slice) -> Row | Results:
        if isinstance(index, slice):
            return Results(self._rows[index], self.fields, self.messages, self.stats, self.complete)
        return self._rows[index]

    def __len__(self) -> int:
        return len(self._rows)

    def __iter__(self) -> Iterator[Row]:
        return iter(self._rows)

    def __eq__(self, other: object) -> bool:
        if isinstance(other, Results):
            return self._rows == other._rows and self.fields == other.fields
        if isinstance(other, (list, tuple)):
            return self._rows == list(other)
        return NotImplemented

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        rows = "row" if len(self) == 1 else "rows"
        return f"<Results: {len(self)} {rows}, fields {', '.join(self.fields) or 'none'}>"

    def column(self, name: str) -> list[Any]:
        """Return one field of every row, None where it is absent.

        >>> Results([{"a": 1}, {}]).column("a")
        [1, None]
        """
        return [row.get(name) for row in self._rows]

    # ---- as text ---------------------------------------------------------------------------------------------------

    def to_table(self, width: int = CELL_WIDTH, limit: int | None = None) -> str:
        """Return the rows as a text table; numbers stand right, multivalue fields one value a line, long cells are cut.

        `width` is the widest a column gets (0: no limit), `limit` the number of rows shown.

        >>> print(Results([{"host": "a", "count": 2}, {"host": "bb"}], ["host", "count"]).to_table())
        host  count
        ----  -----
        a         2
        bb
        """
        rows = self._rows if limit is None else self._rows[:limit]
        return "\n".join(_table_lines(self.fields, rows, width))

    def to_json(self, indent: int | None = None) -> str:
        """Return the rows as a JSON array; with columns in order, absent fields left out.

        >>> Results([{"b": 1, "a": ["x", "y"]}], ["a", "b"]).to_json()
        '[{"a": ["x", "y"], "b": 1}]'
        """
        return json.dumps([self._ordered(row) for row in self._rows], ensure_ascii=False, indent=indent)

    def to_jsonl(self) -> str:
        """Return the rows as JSON, one a line."""
        return "".join(json.dumps(self._ordered(row), ensure_ascii=False) + "\n" for row in self._rows)

    def to_csv(self, path: Any = None) -> str:
        """Return the rows as CSV with a header; values of a multivalue field are separated by line breaks.

        With `path` (or an open text file) the text is also written there.

        >>> print(Results([{"a": ["x", "y"], "b": 1}], ["a", "b"]).to_csv(), end="")
        a,b
        "x
        y",1
        """
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow(self.fields)
        writer.writerows([_cell(row.get(name)) for name in self.fields] for row in self._rows)
        if path is not None:
            _write(path, text.getvalue())
        return text.getvalue()

    # ---- as frames -------------------------------------------------------------------------------------------------

    def to_pandas(self) -> Any:
        """Return a pandas DataFrame, columns in order; absent is None, multivalue a list. Needs pandas."""
        pandas = _library("pandas")
        return pandas.DataFrame({name: pandas.Series(self.column(name), dtype=_dtype(self.column(name)))
                                 for name in self.fields}, columns=self.fields)

    def to_polars(self) -> Any:
        """Return a Polars DataFrame, columns in order; a column of mixed kinds becomes text or lists. Needs polars."""
        polars = _library("polars")
        return polars.DataFrame({name: _uniform(self.column(name)) for name in self.fields}, strict=False)

    def to_arrow(self) -> Any:
        """Return a pyarrow Table, columns in order; a column of mixed kinds becomes text or lists. Needs pyarrow."""
        pyarrow = _library("pyarrow")
        return pyarrow.table({name: pyarrow.array(_uniform(self.column(name))) for name in self.fields})

    def _repr_html_(self) -> str:
        """Return an HTML table for notebooks; everything that comes from events is escaped."""
        head = "".join(f"<th>{html.escape(name)}</th>" for name in self.fields)
        body = "".join(
            "<tr>" + "".join(f"<td>{_html_cell(row.get(name))}</td>" for name in self.fields) + "</tr>"
            for row in self._rows[:SHOWN_ROWS]
        )
        left = len(self) - SHOWN_ROWS
        more = f"<p>{left} more rows</p>" if left > 0 else ""
        notes = "".join(f"<p>{html.escape(f'{each.level}: {each.text}')}</p>" for each in self.messages)
        return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>{more}{notes}"

    def _ordered(self, row: Row) -> Row:
        return {name: row[name] for name in self.fields if name in row}


def _seen(rows: list[Row]) -> list[str]:
    return list(dict.fromkeys(name for row in rows for name in row))


def _text(value: Any) -> str:
    from splmini.values.numbers import to_text

    return value if isinstance(value, str) else to_text(value)


def _cell(value: Any) -> str:
    if value is None:
        return ""
    return "\n".join(map(_text, value)) if isinstance(value, list) else _text(value)


def _html_cell(value: Any) -> str:
    return html.escape(_cell(value)).replace("\n", "<br>")


def _write(path: Any, text: str) -> None:
    if hasattr(path, "write"):
        path.write(text)
    else:
        with open(path, "w", encoding="utf-8", newline="") as file:
            file.write(text)


def _table_lines(fields: list[str], rows: list[Row], width: int) -> Iterator[str]:
    cells = [[_printable(row.get(name), width) for name in fields] for row in rows]
    heads = [_cut(_clean(name), width) for name in fields]
    widths = [
        max([len(head), *(len(line) for row in cells for line in row[index])])
        for index, head in enumerate(heads)
    ]
    right = [bool(rows) and all(_is_number(row.get(name)) for row in rows) for name in fields]
    yield _line(heads, widths, right)
    yield "  ".join("-" * each for each in widths)
    for row in cells:
        for index in range(max(map(len, row), default=1)):
            yield _line([lines[index] if index < len(lines) else "" for lines in row], widths, right)


def _line(cells: list[str], widths: list[int], right: list[bool]) -> str:
    parts = (
        cell.rjust(width) if to_right else cell.ljust(width)
        for cell, width, to_right in zip(cells, widths, right, strict=True)
    )
    return "  ".join(parts).rstrip()


def _is_number(value: Any) -> bool:
    return value is None or isinstance(value, (int, float))


def _printable(value: Any, width: int) -> list[str]:
    """The lines of a cell; control characters are shown, never sent to a terminal."""
    return [_cut(_clean(line), width) for line in _cell(value).split("\n")]


def _clean(text: str) -> str:
    if text.isprintable():
        return text
    return "".join(each if each.isprintable() else repr(each)[1:-1] for each in text)


def _cut(text: str, width: int) -> str:
    return text if not width or len(text) <= width else text[: width - 1] + "…"


def _library(name: str) -> Any:
    import importlib

    try:
        return importlib.import_module(name)
    except ImportError as error:
        raise UnsupportedFeature(
            f"This needs {name}, which is not installed.", name=name, hint="Install splmini[frames]."
        ) from error


def _dtype(column: list[Any]) -> Any:
    kinds = {type(value) for value in column}
    return None if kinds and kinds <= {int, float} else object


def _uniform(column: list[Any]) -> list[Any]:
    """Make a column that frames with typed columns can hold: all numbers, all text, or all lists of one kind."""
    if any(isinstance(value, list) for value in column):
        lists = [None if value is None else value if isinstance(value, list) else [value] for value in column]
        numeric = all(isinstance(item, (int, float)) for value in lists if value for item in value)
        return lists if numeric else [value and [_text(item) for item in value] for value in lists]
    if all(value is None or isinstance(value, int) for value in column):
        small = all(value is None or -(1 << 63) <= value < 1 << 63 for value in column)
        return column if small else [None if value is None else str(value) for value in column]
    if all(value is None or isinstance(value, (int, float)) for value in column):
        return [None if value is None else float(value) for value in column]
    return [None if value is None else _text(value) for value in column]
