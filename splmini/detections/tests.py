"""A detection's own tests: replay the attack data, and the detection has to fire."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

from splmini.errors import KnowledgeError, SplError
from splmini.values.numbers import to_number

if TYPE_CHECKING:
    from splmini.detections.escu import AttackData, Detection, DetectionTest
    from splmini.detections.findings import Outcome


@dataclass(frozen=True)
class TestResult:
    """One test: `status` is passed, failed, error or skipped; `reason` says why it did not pass."""

    __test__ = False  # not a test of pytest's

    name: str
    status: str
    reason: str = ""
    rows: int = 0
    seconds: float = 0.0
    outcome: Outcome | None = None
    events: list[dict[str, Any]] | None = None
    detection: Detection | None = None


@dataclass(frozen=True)
class Report:
    """The results of a detection's tests."""

    detection: Detection
    results: list[TestResult] = field(default_factory=list)

    @property
    def passed(self) -> bool:
        """Whether every test that could run passed, and at least one ran."""
        ran = [result for result in self.results if result.status != "skipped"]
        return bool(ran) and all(result.status == "passed" for result in ran)

    def __str__(self) -> str:
        lines = [f"{self.detection.name}: {'passed' if self.passed else 'not passed'}"]
        lines += [
            f"  {result.status:7} {result.name}" + (f": {result.reason}" if result.reason else "")
            for result in self.results
        ]
        return "\n".join(lines)


DetectionReport = Report


def run_tests(detection: Detection, env: Any, attack_data: str | Path | None, options: Mapping[str, Any]) -> Report:
    """Run the `tests:` of a detection over files below `attack_data`."""
    if env is None:
        from splmini import Environment

        env = Environment()
    return Report(detection, [_run(detection, test, env, attack_data, options) for test in detection.tests])


def _run(
    detection: Detection, test: DetectionTest, env: Any, folder: str | Path | None, options: Mapping[str, Any]
) -> TestResult:
    if test.test_type.lower() != "unit":
        return TestResult(test.name, "skipped", f"a {test.test_type} test")
    if not test.attack_data:
        return TestResult(test.name, "skipped", "it names no attack data")
    if folder is None:
        return TestResult(test.name, "skipped", "no folder with attack data was given")
    started = time.perf_counter()
    events: list[dict[str, Any]] | None = None
    try:
        events = read_attack_data(test.attack_data, folder, env)
        now = env.setting("now")
        if now is None:
            now = newest(events, env)
        outcome = detection.run(events, env, now=now, **options)
    except SplError as error:
        seconds = time.perf_counter() - started
        return TestResult(test.name, "error", str(error), 0, seconds, None, events, detection)
    status, reason = ("passed", "") if outcome.fired else ("failed", "it does not fire")
    seconds = time.perf_counter() - started
    return TestResult(test.name, status, reason, len(outcome.results), seconds, outcome, events, detection)


def newest(events: Any, env: Any) -> float | None:
    """Return one second after the newest event, which is now for a replay; None where no event has a time."""
    rows = env.compile("| stats max(_time) as newest").run(events)
    moment = to_number(rows[0].get("newest")) if len(rows) else None
    return None if moment is None else moment + 1


def read_attack_data(data: tuple[AttackData, ...], folder: str | Path, env: Any) -> list[dict[str, Any]]:
    """Read the logs of a test as events, as what Splunk would have indexed them."""
    from splmini.events import open_source

    events = []
    for each in data:
        path = local_file(each.data, folder)
        opened = open_source(path, source=each.source, sourcetype=each.sourcetype, host=each.host, index=each.index)
        for batch in opened.batches():
            events.extend(batch)
    return events


def local_file(url: str, folder: str | Path) -> Path:
    """Return where the file of a URL lies in a local mirror: its tail from `datasets/` on, below the folder.

    Raises:
        KnowledgeError: where the file is not there, or the URL leads out of the folder.
    """
    path = unquote(urlsplit(url).path) if "://" in url else url.replace("\\", "/")
    parts = [part for part in PurePosixPath(path).parts if part not in ("/", ".")]
    if ".." in parts:
        raise KnowledgeError(f"'{url}' leads out of the folder.", path=url)
    tails = [parts[parts.index("datasets") :], parts[parts.index("datasets") + 1 :]] if "datasets" in parts else []
    root = Path(folder).resolve()
    for tail in [*tails, parts, parts[-1:]]:
        candidate = root.joinpath(*tail)
        if candidate.is_file() and root in candidate.resolve().parents:
            return candidate
    wanted = "/".join(tails[0] if tails else parts)
    raise KnowledgeError(f"The attack data '{wanted}' is not below {folder}.", path=url)
