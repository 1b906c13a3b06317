"""Cases as questions that splmini and Splunk are both asked: of `NAME.test.yml`, and of tables of cases.

A table of cases is a YAML list, as in `tests/cases` of this project:

    - name: null by-field drops the row
      spl: "| stats count by user"
      events: [{user: a}, {bytes: 2}]
      rows: [{user: a, count: 1}]
      source: https://docs.splunk.com/...
      confidence: documented             # or measured, reported
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from splmini.detections.bench.case_file import (
    BOOLEAN,
    LIST,
    MAPPING,
    MAPPINGS,
    MOMENT,
    TEXT,
    TEXTS,
    Kind,
    beside,
    checked,
)
from splmini.detections.bench.cases import Case, load_cases, merged_settings
from splmini.detections.bench.expected import differences, read_rows
from splmini.detections.bench.files import is_case_file
from splmini.detections.bench.inputs import Logs
from splmini.detections.content import repository_settings
from splmini.documents import Document, load_document
from splmini.engine.services import services_of
from splmini.errors import KnowledgeError
from splmini.options import check_names

CONFIDENCES = ("measured", "documented", "reported")
"""What a case rests on, in the order of belief: what Splunk was seen to do, what its pages say, what users report."""

_SETTINGS = ("lookups", "macros", "datamodels", "now", "earliest", "latest", "timezone", "apps", "index", "limits")
_EXPECTATIONS = ("rows", "count", "columns", "error")


def _any(value: Any) -> bool:
    return True


def _events(value: Any) -> bool:
    return isinstance(value, str) or (isinstance(value, list) and all(isinstance(each, dict) for each in value))


def _confidence(value: Any) -> bool:
    return value in CONFIDENCES


ANY: Kind = (_any, "anything")
COUNT: Kind = (lambda value: isinstance(value, int) and not isinstance(value, bool) and value >= 0, "a whole number")
TABLE: Mapping[str, Kind] = {
    "name": (lambda value: isinstance(value, (str, int, float)), "text"),
    "spl": TEXT,
    "expression": TEXT,
    "event": MAPPING,
    "value": ANY,
    "events": (_events, "a list of events, or a block of text"),
    "rows": MAPPINGS,
    "ordered": BOOLEAN,
    "fields": TEXTS,
    "columns": TEXTS,
    "exact": BOOLEAN,
    "inexact": TEXT,
    "count": COUNT,
    "messages": TEXTS,
    "lookups": MAPPING,
    "macros": MAPPING,
    "datamodels": MAPPING,
    "now": MOMENT,
    "earliest": MOMENT,
    "latest": MOMENT,
    "timezone": TEXT,
    "apps": LIST,
    "index": TEXT,
    "limits": MAPPING,
    "tables": MAPPING,
    "error": MAPPING,
    "ways": TEXTS,
    "source": TEXT,
    "why": TEXT,
    "confidence": (_confidence, "measured, documented or reported"),
}
"""What each key of a case in a table has to be."""


@dataclass(frozen=True)
class Question:
    """A search with its events, and what is expected of it; made by `load_questions`.

    `settings` are the environment's; `data` is the case as written; `case` that of a `NAME.test.yml`.
    """

    name: str
    search: str
    path: str
    position: tuple[int, int]
    settings: Mapping[str, Any]
    data: Mapping[str, Any]
    case: Case | None = field(default=None, repr=False)

    @property
    def ordered(self) -> bool:
        """Whether the order of rows is part of what is expected."""
        return bool(self.data.get("ordered", self.case is None))

    @property
    def expects(self) -> bool:
        """Whether the case says what comes out."""
        return self.case is not None or any(key in self.data for key in _EXPECTATIONS)

    def environment(self, settings: Mapping[str, Any]) -> Any:
        """Return the environment of the case; `settings` lie below its own."""
        from splmini import Environment, Limits

        below = repository_settings(Path(self.path), settings) if self.case is not None else settings
        merged = merged_settings(below, self.settings)
        if isinstance(merged.get("limits"), Mapping):
            check_names(merged["limits"], Limits.__dataclass_fields__, "Limits")
            merged["limits"] = Limits(**merged["limits"])
        return Environment(**merged)

    def inputs(self, env: Any) -> tuple[Any, dict[str, Any]]:
        """Return the events, and the options with which a run reads them."""
        if self.case is None:
            events = self.data.get("events", [])
            return events.encode() if isinstance(events, str) else events, {"order": "given"}
        logs = Logs()
        inputs = self.case.inputs(logs)
        options = dict(inputs.options)
        if services_of(env).setting("now") is None:
            options["now"] = logs.newest(inputs, env)
        if "knowledge" in self.data:
            options["knowledge"] = self.data["knowledge"]
        return inputs.events, options

    def expected(self) -> list[dict[str, Any]] | None:
        """Return the rows that the case expects; None where it names none."""
        if "rows_file" in self.data and self.case is not None:
            return read_rows(beside(self.case.folder, str(self.data["rows_file"]), self.path, self.case.root))
        rows: list[dict[str, Any]] | None = self.data.get("rows")
        return rows

    def problems(self, rows: list[dict[str, Any]], columns: list[str]) -> Iterator[str]:
        """Yield what of an answer is not as the case expects."""
        data, expected = self.data, self.expected()
        names = data.get("fields")
        if "error" in data:
            yield f"it runs, with {len(rows)} rows, and should be refused: {data['error'].get('message', 'an error')}"
        if expected is not None:
            if self.case is None and len(rows) != len(expected):
                yield f"{len(rows)} rows, expected {len(expected)}"
            yield from differences("row", expected, rows, self.ordered, names)
            if data.get("exact"):
                yield from _more(expected, rows, names)
        if "count" in data and len(rows) != data["count"]:
            yield f"{len(rows)} rows, expected {data['count']}"
        if "columns" in data and columns != data["columns"]:
            yield f"the columns are {columns}, expected {data['columns']}"
        fires = data.get("fires", None if expected is not None or "count" in data or self.case is None else True)
        if fires is not None and bool(rows) is not bool(fires):
            yield "it does not fire" if fires else "it fires, and should stay silent"


def _more(expected: list[dict[str, Any]], rows: list[dict[str, Any]], names: list[str] | None) -> Iterator[str]:
    """Fields that a row has beyond those that were expected exactly."""
    for index, (want, got) in enumerate(zip(expected, rows, strict=False), 1):
        more = [name for name in got if not name.startswith("_") and name not in (names or want)]
        if more:
            yield f"row {index} has more fields: {more}"


# ---- reading ---------------------------------------------------------------------------------------------------------


def load_questions(path: str | Path) -> list[Question]:
    """Load the cases of a file: `NAME.test.yml`, or a table of cases.

    Raises:
        KnowledgeError: with the file, line and column of the mistake.
    """
    file = Path(path)
    if is_case_file(file):
        return [_of_case(case) for case in load_cases(file)]
    document = _document(file)
    if not isinstance(document.data, list):
        raise document.error("A list of cases is expected here.", hint="Cases of a detection are in NAME.test.yml.")
    return [_of_table(document, item, index) for index, item in enumerate(document.data)]


def find_questions(paths: Iterable[str | Path]) -> list[Path]:
    """Return the files of cases below folders, and those named.

    Raises:
        KnowledgeError: where a path is not there.
    """
    found: dict[Path, None] = {}
    for each in paths:
        path = Path(each)
        if path.is_dir():
            below = sorted(file for suffix in ("*.yml", "*.yaml") for file in path.rglob(suffix))
            found.update(dict.fromkeys(file for file in below if is_case_file(file) or _is_table(file)))
        elif path.is_file():
            found[path] = None
        else:
            raise KnowledgeError("There is no such file or folder.", path=str(path))
    return list(found)


def _is_table(file: Path) -> bool:
    """Say whether a YAML file in a folder is a table of cases: a list whose entries have a search."""
    try:
        data = _document(file).data
    except KnowledgeError:
        return False  # it is somebody else's file, until it is named
    return isinstance(data, list) and any(
        isinstance(item, dict) and ("spl" in item or "expression" in item) for item in data
    )


def _document(file: Path) -> Document:
    try:
        return load_document(file.read_text("utf-8-sig"), str(file))
    except (OSError, UnicodeDecodeError) as error:
        raise KnowledgeError(f"The cases cannot be read: {error}.", path=str(file)) from None


def _of_case(case: Case) -> Question:
    return Question(
        f"{case.detection.name}: {case.name}",
        case.detection.search,
        case.path,
        case.position,
        case.settings,
        case.data,
        case,
    )


def _of_table(document: Document, item: Any, index: int) -> Question:
    data = checked(document, item, TABLE, index)
    if "name" not in data or ("spl" in data) == ("expression" in data):
        raise document.error("A case has a 'name', and either a 'spl' or an 'expression'.", index)
    if "expression" in data:
        rows = {"rows": [{"result": data["value"]}]} if "value" in data else {}
        data = {
            "events": [data.get("event", {"id": "1"})],
            **rows,
            **data,
            "spl": f"| eval result={data['expression']}",
        }
    settings = {key: data[key] for key in _SETTINGS if key in data}
    position = document.positions.get((index,), (1, 1))
    return Question(str(data["name"]), data["spl"], document.path, position, settings, data)


__all__ = ["CONFIDENCES", "Question", "find_questions", "load_questions"]
