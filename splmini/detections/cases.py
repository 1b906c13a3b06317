"""Authors' own cases beside a detection: `NAME.test.yml` for `NAME.yml`.

    environment: {now: "2026-05-01T00:00:00Z", macros: {...}, lookups: {...}}    # all optional
    cases:
      - name: fires on a public address
        events: [{...}, {...}]            # or file: sample.xml, files: [a.json, b.xml]; sourcetype, source, host, index
        prepare: ["... | outputlookup t"] # searches that run first over the same events (baselines)
        rows: [{dest: h1, count: 2}]      # or rows_file: expected.csv (Splunk's CSV or JSON export)
        findings: [{title: "..."}]
        risk: [{risk_object: bob, risk_score: 50}]
      - name: stays silent on a private address
        file: private.xml
        fires: false

A case without an expectation has to fire. Rows are compared by the fields that the expected rows name, in any order
unless `ordered: true`; numbers by value.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from splmini.detections.escu import Detection
from splmini.documents import Document, load_document
from splmini.errors import KnowledgeError, SplError, did_you_mean
from splmini.values.multivalue import as_list
from splmini.values.numbers import to_number, to_text

_FILE_KEYS = frozenset({"detection", "search", "environment", "cases"})
_ENVIRONMENT_KEYS = frozenset(
    {"now", "earliest", "latest", "timezone", "macros", "lookups", "datamodels", "index", "apps"}
)
_CASE_KEYS = frozenset(
    {
        "name",
        "events",
        "file",
        "files",
        "sourcetype",
        "source",
        "host",
        "index",
        "prepare",
        "fires",
        "rows",
        "rows_file",
    }
    | {"count", "ordered", "fields", "findings", "risk", "now", "earliest", "latest", "macros", "lookups", "knowledge"}
)


@dataclass(frozen=True)
class Case:
    """One case: what it runs over and what has to come out. Made by `load_cases`."""

    name: str
    detection: Detection
    settings: Mapping[str, Any]
    data: Mapping[str, Any]
    folder: Path
    path: str = ""
    position: tuple[int, int] = (1, 1)

    def run(self, env_settings: Mapping[str, Any] | None = None) -> CaseResult:
        """Run the case in a new environment; `env_settings` are the environment's defaults (macros, lookups, apps)."""
        from splmini import Environment

        try:
            env = Environment(**_merged(env_settings or {}, self.settings))
            events = list(self.events())
            for text in self.data.get("prepare", ()):
                env.compile(text).run(events)
            options = {name: self.data[name] for name in ("knowledge",) if name in self.data}
            outcome = self.detection.run(events, env, **options)
        except SplError as error:
            return CaseResult(self, [str(error)])
        return CaseResult(self, list(self.problems(outcome)), outcome, env, events)

    def events(self) -> Iterator[dict[str, Any]]:
        """Yield the events of the case."""
        reading = {name: self.data[name] for name in ("source", "sourcetype", "host", "index") if name in self.data}
        for given in self.inputs():
            from splmini.events import open_source

            for batch in open_source(given, **reading).batches():
                yield from batch

    def inputs(self) -> Iterator[Any]:
        """Yield the event lists and files that the case names."""
        if "events" in self.data:
            given = self.data["events"]
            yield [{"_raw": event} if isinstance(event, str) else event for event in given]
        names = [self.data["file"]] if "file" in self.data else self.data.get("files", [])
        for name in names:
            yield beside(self.folder, str(name), self.path)

    def problems(self, outcome: Any) -> Iterator[str]:
        """Yield what is not as expected."""
        data = self.data
        expectations = {"rows", "rows_file", "count", "findings", "risk"} & data.keys()
        fires = data.get("fires", None if expectations else True)
        if fires is not None and outcome.fired is not bool(fires):
            yield "it fires, and should stay silent" if outcome.fired else "it does not fire"
        if "count" in data and len(outcome.results) != data["count"]:
            yield f"{len(outcome.results)} rows, expected {data['count']}"
        ordered = bool(data.get("ordered", False))
        if "rows" in data or "rows_file" in data:
            rows = data["rows"] if "rows" in data else read_rows(beside(self.folder, data["rows_file"], self.path))
            yield from differences("row", rows, list(outcome.results), ordered, data.get("fields"))
        for key, made in (("findings", outcome.findings), ("risk", outcome.risk_events)):
            if key in data:
                yield from differences(key, data[key], made, ordered, None)


@dataclass(frozen=True)
class CaseResult:
    """The result of a case: it passed where there are no `problems`."""

    case: Case
    problems: list[str]
    outcome: Any = None
    env: Any = None
    events: list[dict[str, Any]] = field(default_factory=list)

    @property
    def passed(self) -> bool:
        """Whether everything was as expected."""
        return not self.problems

    def explanation(self) -> str:
        """Why the detection did what it did: the explanation of the run, where there was one."""
        if self.env is None:
            return ""
        return str(self.env.explain(self.case.detection, self.events))


def load_cases(path: str | Path) -> list[Case]:
    """Load the cases of a `NAME.test.yml` file.

    Raises:
        KnowledgeError: with the file, line and column of the mistake.
    """
    file = Path(path)
    try:
        document = load_document(file.read_text("utf-8-sig"), str(file))
    except (OSError, UnicodeDecodeError) as error:
        raise KnowledgeError(f"The cases cannot be read: {error}.", path=str(file)) from None
    data = _mapping(document, document.data, _FILE_KEYS)
    environment = _mapping(document, data.get("environment") or {}, _ENVIRONMENT_KEYS, "environment")
    if not isinstance(data.get("cases"), list) or not data["cases"]:
        raise document.error("'cases' has to be a list of cases.", "cases")
    detection = _detection(document, data, file)
    cases = []
    for index, item in enumerate(data["cases"]):
        each = _mapping(document, item, _CASE_KEYS, "cases", index)
        if "name" not in each:
            raise document.error("The case has no 'name'.", "cases", index)
        settings = dict(environment) | {name: each[name] for name in ("now", "earliest", "latest") if name in each}
        for name in ("macros", "lookups"):
            if name in each:
                settings[name] = {**(settings.get(name) or {}), **each[name]}
        position = document.positions.get(("cases", index), (1, 1))
        cases.append(Case(str(each["name"]), detection, settings, each, file.parent, str(file), position))
    return cases


def _detection(document: Document, data: Mapping[str, Any], file: Path) -> Detection:
    if "search" in data:
        return Detection(name=file.name.partition(".")[0], search=str(data["search"]), type="Hunting")
    name = str(data.get("detection") or file.name.replace(".test.", "."))
    try:
        return Detection.load(beside(file.parent, name, str(file)))
    except KnowledgeError as error:
        if "detection" not in data and error.path == str(file):
            raise document.error(f"There is no detection '{name}' beside the cases.") from None
        raise


def _mapping(document: Document, value: Any, known: frozenset[str], *key: str | int) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise document.error("A mapping of keys to values is expected here.", *key)
    for name in value:
        if name not in known:
            raise document.error(f"Unknown key '{name}'.", *key, str(name), hint=did_you_mean(str(name), known))
    return value


def _merged(defaults: Mapping[str, Any], own: Mapping[str, Any]) -> dict[str, Any]:
    """The environment's settings with the case's on top; macros and lookups add to each other."""
    merged = {**defaults, **own}
    for name in ("macros", "lookups"):
        if name in defaults and name in own:
            merged[name] = [defaults[name], own[name]]
    return merged


def beside(folder: Path, name: str, path: str) -> Path:
    """Return a file that a case names, which has to lie in the folder of the cases or below it."""
    root = folder.resolve()
    found = (root / name).resolve()
    if root not in found.parents:
        raise KnowledgeError(f"'{name}' leads out of the folder of the cases.", path=path)
    if not found.is_file():
        raise KnowledgeError(f"There is no file '{name}'.", path=path)
    return found


def read_rows(path: Path) -> list[dict[str, Any]]:
    """Read expected rows: Splunk's CSV export, its JSON exports (`results`, lines with `result`), or a JSON list."""
    text = path.read_text("utf-8-sig")
    if path.suffix.lower() == ".csv":
        return [
            {key: value for key, value in row.items() if value != "" and not key.startswith("__mv_")}
            for row in csv.DictReader(io.StringIO(text))
        ]
    try:
        data = json.loads(text)
    except ValueError:
        data = [json.loads(line) for line in text.splitlines() if line.strip()]
    rows = data.get("results", [data]) if isinstance(data, dict) else data
    return [row["result"] if isinstance(row.get("result"), dict) else row for row in rows]


# ---- comparing -----------------------------------------------------------------------------------------------------


def same(expected: Any, actual: Any) -> bool:
    """Say whether two values are equal as results: numbers by value, a list of one as the value, null as absent."""
    if isinstance(expected, dict):
        return isinstance(actual, Mapping) and all(same(value, actual.get(name)) for name, value in expected.items())
    first, second = as_list(expected), as_list(actual)
    return len(first) == len(second) and all(map(_same_scalar, first, second))


def _same_scalar(expected: Any, actual: Any) -> bool:
    if isinstance(expected, bool):
        expected = "true" if expected else "false"
    left, right = to_number(expected), to_number(actual)
    if left is not None and right is not None:
        return abs(left - right) <= 1e-6 * max(1.0, abs(left))
    return to_text(expected) == to_text(actual)


def differences(
    what: str, expected: list[dict[str, Any]], actual: list[dict[str, Any]], ordered: bool, fields: list[str] | None
) -> Iterator[str]:
    """Yield how rows differ from what was expected: missing ones with the nearest there is, then unexpected ones."""

    def wanted(row: dict[str, Any]) -> dict[str, Any]:
        return {name: row.get(name) for name in fields} if fields else row

    left = list(actual)
    for index, row in enumerate(expected):
        row = wanted(row)
        pool = actual[index : index + 1] if ordered else left
        match = next((candidate for candidate in pool if same(row, candidate)), None)
        if match is None:
            yield f"{what} {index + 1} is missing: " + _nearest(row, pool)
        else:
            left = [candidate for candidate in left if candidate is not match]
    if len(actual) > len(expected):
        names = list(dict.fromkeys(name for row in expected for name in row))
        for row in left[: len(actual) - len(expected)]:
            yield f"unexpected {what}: " + (_line({name: row.get(name) for name in names}) if names else _line(row))


def _line(row: Mapping[str, Any]) -> str:
    return " ".join(f"{name}={value!r}" for name, value in row.items())


def _nearest(row: dict[str, Any], pool: list[dict[str, Any]]) -> str:
    if not pool:
        return _line(row)
    best = max(pool, key=lambda candidate: sum(same(value, candidate.get(name)) for name, value in row.items()))
    parts = []
    for name, value in row.items():
        if not same(value, best.get(name)):
            parts.append(f"{name} is {best.get(name)!r}, expected {value!r}")
    return "; ".join(parts) if parts else _line(row)
