"""What a run gives: rows, the column order, messages and figures; and the forms that rows are shown in."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, overload

from splmini.results._text import cell, table_lines
from splmini.results._view import View
from splmini.writing import write_output

if TYPE_CHECKING:
    from splmini.operators import Message, Row
    from splmini.results.terminal import Table

CELL_WIDTH = 60


class Results(Sequence["Row"]):
    """The rows of a search, in order, each a dict; an absent field is absent, a multivalue field is a list.

    `fields` is the column order as Splunk would show it, `messages` what the run had to tell, `stats` its figures
    (scanned, parsed, matched, rows, seconds per operator), `complete` False where it was cancelled or cut, `view` how
    the rows are shown (time zone, the search that they come from).

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
        view: View | None = None,
    ) -> None:
        self._rows = rows if isinstance(rows, list) else list(rows)
        self.fields = _seen(self._rows) if fields is None else list(fields)
        self.messages = list(messages)
        self.stats = dict(stats or {})
        self.complete = complete
        self.view = view or View()

    @overload
    def __getitem__(self, index: int) -> Row: ...
    @overload
    def __getitem__(self, index: slice) -> Results: ...
    def __getitem__(self, index: int | slice) -> Row | Results:
        if isinstance(index, slice):
            return Results(self._rows[index], self.fields, self.messages, self.stats, self.complete, self.view)
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
        return "\n".join(table_lines(self.fields, rows, width))

    def to_terminal(self, width: int = 0, fields: Sequence[str] | None = None) -> Table:
        """Return the rows as a text table to be read: its `text`, how many fields it leaves out (`hidden`), and whether
        values are `cut`.

        `_time` is an ISO time with its zone. Of events that have a text, only the time, the fields that the search
        names, where they come from and the text are shown. `width` is the widest a line gets (0: no limit): columns
        that do not fit are left out, long values are cut. `fields` are the columns to show instead.

        >>> print(Results([{"_time": 1767225600, "count": 2}]).to_terminal().text, end="")
        _time                 count
        --------------------  -----
        2026-01-01T00:00:00Z      2
        """
        from splmini.results.terminal import terminal_table

        return terminal_table(self, width, fields)

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
        writer.writerows([cell(row.get(name)) for name in self.fields] for row in self._rows)
        if path is not None:
            _write(path, text.getvalue())
        return text.getvalue()

    # ---- as frames -------------------------------------------------------------------------------------------------

    def to_pandas(self) -> Any:
        """Return a pandas DataFrame, columns in order. Needs pandas.

        `_time` comes as times in the environment's zone, whole numbers as int64 (Int64 where some are absent), other
        numbers as float64, multivalue as lists; absent values are pandas' missing ones, None among objects.
        """
        from splmini.results import _convert

        return _convert.to_pandas(self)

    def to_polars(self) -> Any:
        """Return a Polars DataFrame, columns in order; `_time` as times. Needs polars.

        A column of mixed kinds becomes text, one with multivalue lists.
        """
        from splmini.results import _convert

        return _convert.to_polars(self)

    def to_arrow(self) -> Any:
        """Return a pyarrow Table, columns in order; `_time` as times. Needs pyarrow.

        A column of mixed kinds becomes text, one with multivalue lists.
        """
        from splmini.results import _convert

        return _convert.to_arrow(self)

    # ---- as pictures -----------------------------------------------------------------------------------------------

    def plot(self, kind: str | None = None, ax: Any = None, **options: Any) -> Any:
        """Draw the rows with matplotlib and return its Axes.

        Args:
            kind: line, area, column, bar, pie, scatter or map; by default what suits the command that made the rows:
                a line for timechart, columns for chart, bars for top and rare, a map of bubbles for geostats.
            ax: the Axes to draw on; a new figure without it.
            options: `title`, `stacked` (columns, bars and areas on one another), `figsize`.

        Raises:
            UnsupportedFeature: matplotlib is not installed.
            ArgumentError: there is no such kind, or nothing in the rows that it could show.
        """
        from splmini.results import _plot

        return _plot.plot(self, kind, ax, **options)

    def _repr_html_(self) -> str:
        """Return HTML for notebooks: events where the search left them events, else a table, a chart above it where a
        charting command made it. Everything that comes from events is escaped."""
        from splmini.results import _html

        return _html.render(self)

    def _ordered(self, row: Row) -> Row:
        return {name: row[name] for name in self.fields if name in row}


def _seen(rows: list[Row]) -> list[str]:
    return list(dict.fromkeys(name for row in rows for name in row))


def _write(path: Any, text: str) -> None:
    if hasattr(path, "write"):
        path.write(text)
    else:
        write_output(path, text)


__all__ = ["CELL_WIDTH", "Results", "View"]
