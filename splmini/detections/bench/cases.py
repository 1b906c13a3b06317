"""Authors' own cases beside a detection: `NAME.test.yml` for `NAME.yml`.

    detection: NAME.yml                   # this and what follows is optional: it is found by the name of the file
    environment: {now: "2026-05-01T00:00:00Z", macros: {...}, lookups: {...}, datamodels: {...}}
    defaults: {sourcetype: XmlWinEventLog, EventID: 3}  # fields of every inline event that does not give them
    cases:
      - name: fires on a public address
        events: [{...}, {...}]            # or file: sample.xml, files: [a.json, b.xml]; sourcetype, source, host, index
        prepare: ["... | outputlookup t"] # searches that run first over the same events (baselines)
        rows: [{dest: h1, count: 2}]      # or rows_file: expected.csv (Splunk's CSV or JSON export)
        findings: [{title: "..."}]
        risk: [{risk_object: bob, risk_score: 50}]
      - name: stays silent on $ip$
        each: [{ip: 10.0.0.1}, {ip: 192.168.7.7}]       # one case for each, $ip$ replaced everywhere in it
        events: [{DestinationIp: $ip$}]
        fires: false

A case without an expectation has to fire. Rows are compared by the fields that the expected rows name, in any order
unless `ordered: true`; numbers by value. Now is one second after the newest event, unless it is given. Files lie below
the folder of the cases or, in a repository of content, anywhere in it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from splmini.boundary import boundary
from splmini.detections.bench.case_file import Loaded, Written, beside, read_case_file
from splmini.detections.bench.expected import differences, line, read_rows, same
from splmini.detections.bench.inputs import READING, Inputs, Logs
from splmini.detections.content import repository_of
from splmini.detections.detection import Detection
from splmini.engine.services import services_of
from splmini.errors import SplError

_EXPECTATIONS = frozenset({"rows", "rows_file", "count", "findings", "risk"})


@dataclass(frozen=True)
class Case:
    """One case: what it runs over and what has to come out. Made by `load_cases`.

    `settings` are the environment's; `data` is the case as written; `root` the folder that its files lie below.
    """

    name: str
    detection: Detection
    settings: Mapping[str, Any]
    data: Mapping[str, Any]
    folder: Path
    path: str = ""
    position: tuple[int, int] = (1, 1)
    defaults: Mapping[str, Any] = field(default_factory=dict)
    root: Path | None = None

    def environment(self, env_settings: Mapping[str, Any] | None = None) -> Any:
        """Return the environment of the case: the settings given, the case's own on top."""
        from splmini import Environment

        return Environment(**merged_settings(env_settings or {}, self.settings))

    @boundary("The case")
    def run(
        self, env_settings: Mapping[str, Any] | None = None, *, env: Any = None, logs: Logs | None = None
    ) -> CaseResult:
        """Run the case in a new environment.

        Args:
            env_settings: settings of an `Environment`, on top of which the case's own stand.
            env: an environment to run in, in place of a new one.
            logs: what keeps the events of files that several cases read.
        """
        logs = logs or Logs()
        try:
            env = self.environment(env_settings) if env is None else env
            inputs = self.inputs(logs)
            options = dict(inputs.options)
            now = services_of(env).setting("now")
            options["now"] = logs.newest(inputs, env) if now is None else now
            self._prepare(env, inputs, options, logs)
            if "knowledge" in self.data:
                options["knowledge"] = self.data["knowledge"]
            outcome = self.detection.run(inputs.events, env, **options)
            problems = list(self.problems(outcome))
        except SplError as error:
            return CaseResult(self, [str(error)], error=error)
        return CaseResult(self, problems, outcome, env, inputs.events, options)

    def inputs(self, logs: Logs | None = None) -> Inputs:
        """Return the events and files of the case."""
        return (logs or Logs()).inputs(self._parts(self.data), self.data.get("order"))

    def files(self) -> list[Path]:
        """Return the files that the case reads."""
        parts = [self.data, *(each for each in self.data.get("prepare", ()) if isinstance(each, dict))]
        found = [given for data in parts for given, _ in self._parts(data) if isinstance(given, Path)]
        named = [self.data["rows_file"]] if "rows_file" in self.data else []
        named += [each["baseline"] for each in parts[1:] if "baseline" in each]
        return found + [self._beside(str(name)) for name in named]

    def _parts(self, data: Mapping[str, Any]) -> Iterator[tuple[Any, dict[str, Any]]]:
        reading = {name: str(data[name]) for name in READING if name in data}
        defaults = {**self.defaults, **data.get("defaults", {})}
        if "events" in data:
            events = ({"_raw": each} if isinstance(each, str) else each for each in data["events"])
            yield [{str(name): value for name, value in {**defaults, **event}.items()} for event in events], reading
        for name in [data["file"]] if "file" in data else data.get("files", ()):
            yield self._beside(str(name)), reading

    def _beside(self, name: str) -> Path:
        return beside(self.folder, name, self.path, self.root)

    def _prepare(self, env: Any, inputs: Inputs, options: dict[str, Any], logs: Logs) -> None:
        """Run the searches that come first: texts, searches with events of their own, baselines of the repository."""
        for each in self.data.get("prepare", ()):
            if isinstance(each, str):
                env.compile(each).run(inputs.events, **options)
                continue
            own = list(self._parts(each))
            given = logs.inputs(own) if own else inputs
            text = each["search"] if "search" in each else Detection.load(self._beside(each["baseline"])).search
            env.compile(text).run(given.events, **{**given.options, "now": options["now"]})

    def problems(self, outcome: Any) -> Iterator[str]:
        """Yield what is not as expected."""
        data = self.data
        fires = data.get("fires", None if _EXPECTATIONS & data.keys() else True)
        if fires is not None and outcome.fired is not bool(fires):
            yield "it does not fire" if fires else f"it fires, and should stay silent: {line(outcome.results[0])}"
        if "count" in data and len(outcome.results) != data["count"]:
            yield f"{len(outcome.results)} rows, expected {data['count']}"
        ordered = bool(data.get("ordered", False))
        if "rows" in data or "rows_file" in data:
            rows = data["rows"] if "rows" in data else read_rows(self._beside(data["rows_file"]))
            yield from differences("row", rows, list(outcome.results), ordered, data.get("fields"))
        for key, what, made in (("findings", "finding", outcome.findings), ("risk", "risk event", outcome.risk_events)):
            if key in data:
                yield from differences(what, data[key], made, ordered, None)


@dataclass(frozen=True)
class CaseResult:
    """The result of a case: it passed where there are no `problems`. `error` is what kept it from running."""

    case: Case
    problems: list[str]
    outcome: Any = None
    env: Any = None
    events: Any = ()
    options: Mapping[str, Any] = field(default_factory=dict)
    error: SplError | None = None

    @property
    def passed(self) -> bool:
        """Whether everything was as expected."""
        return not self.problems

    def explanation(self) -> str:
        """Why the detection did what it did: the explanation of the run, where there was one."""
        if self.env is None:
            return ""
        return str(self.env.explain(self.case.detection, self.events, **self.options))


@boundary("The loading of cases")
def load_cases(path: str | Path) -> list[Case]:
    """Load the cases of a `NAME.test.yml` file.

    Raises:
        KnowledgeError: with the file, line and column of the mistake.
    """
    loaded = read_case_file(Path(path))
    root = repository_of(path)
    return [_case(loaded, written, root) for written in loaded.cases]


def _case(loaded: Loaded, written: Written, root: Path | None) -> Case:
    file, data = loaded.path, written.data
    position = loaded.document.positions.get(("cases", written.index), (1, 1))
    settings = loaded.environment | {key: data[key] for key in ("now", "earliest", "latest") if key in data}
    for key in ("macros", "lookups"):
        if key in data:
            settings[key] = {**(settings.get(key) or {}), **data[key]}
    detection, defaults = loaded.detection, loaded.defaults
    return Case(written.name, detection, settings, data, file.parent, str(file), position, defaults, root)


def merged_settings(defaults: Mapping[str, Any], own: Mapping[str, Any]) -> dict[str, Any]:
    """Return the environment's settings with a case's on top; macros and lookups add to each other."""
    merged = {**defaults, **own}
    for name in ("macros", "lookups"):
        if name in defaults and name in own:
            merged[name] = [defaults[name], own[name]]
    return merged


__all__ = ["Case", "CaseResult", "differences", "load_cases", "merged_settings", "read_rows", "same"]
