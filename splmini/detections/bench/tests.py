"""A detection's own tests: replay the attack data, and the detection has to fire."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any, TypeAlias
from urllib.parse import unquote, urlsplit

from splmini.detections.bench.inputs import COMPRESSED, Inputs, Logs
from splmini.detections.content import baselines_beside
from splmini.engine.services import services_of
from splmini.errors import KnowledgeError, SplError

if TYPE_CHECKING:
    from splmini.detections.detection import Detection, DetectionTest
    from splmini.detections.findings import Outcome

AttackFolder: TypeAlias = "str | Path | Callable[[str], Path] | None"
"""Where attack data is: a local mirror, or a function from a URL to a file."""


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
    events: Any = None
    detection: Detection | None = None
    options: Mapping[str, Any] = field(default_factory=dict)
    env: Any = None

    def explanation(self) -> str:
        """Why the detection did what it did; empty where it did not run."""
        if self.env is None or self.events is None:
            return ""
        return str(self.env.explain(self.detection, self.events, **self.options))


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


def run_tests(detection: Detection, env: Any, attack_data: AttackFolder, options: Mapping[str, Any]) -> Report:
    """Run the `tests:` of a detection over files below `attack_data`."""
    if env is None:
        from splmini import Environment

        env = Environment()
    return Report(detection, [run_test(detection, test, env, attack_data, options) for test in detection.tests])


def run_test(
    detection: Detection,
    test: DetectionTest,
    env: Any,
    attack_data: AttackFolder,
    options: Mapping[str, Any],
    logs: Logs | None = None,
) -> TestResult:
    """Run one test of a detection.

    Its logs are read as Splunk would have indexed them, newest first; now is one second after the newest event,
    unless the environment or `options` say otherwise. `logs` keeps what several tests read. The baselines that it
    names run over the same logs before it.
    """
    if test.test_type.lower() != "unit":
        return TestResult(test.name, "skipped", f"a {test.test_type} test")
    if not test.attack_data:
        return TestResult(test.name, "skipped", "it names no attack data")
    if attack_data is None:
        return TestResult(test.name, "skipped", "no folder with attack data was given")
    logs = logs or Logs()
    started = time.perf_counter()
    try:
        inputs = test_inputs(test, attack_data, logs)
        chosen = {**inputs.options, **options}
        if chosen.get("now") is None:
            now = services_of(env).setting("now")
            chosen["now"] = logs.newest(inputs, env) if now is None else now
        for baseline in baselines_beside(detection):
            baseline.run(inputs.events, env, **chosen)
        outcome = detection.run(inputs.events, env, **chosen)
    except (SplError, OSError) as error:  # a function that fetches, or the file that it names
        return TestResult(test.name, "error", str(error), 0, time.perf_counter() - started, detection=detection)
    status, reason = ("passed", "") if outcome.fired else ("failed", "it does not fire")
    seconds, rows = time.perf_counter() - started, len(outcome.results)
    return TestResult(test.name, status, reason, rows, seconds, outcome, inputs.events, detection, chosen, env)


def test_inputs(test: DetectionTest, attack_data: AttackFolder, logs: Logs) -> Inputs:
    """Return the logs of a test as what a run takes."""
    return logs.inputs(_parts(test, attack_data))


test_inputs.__test__ = False  # type: ignore[attr-defined]


def _parts(test: DetectionTest, attack_data: AttackFolder) -> Iterator[tuple[Path, dict[str, str]]]:
    for each in test.attack_data:
        path = attack_data(each.data) if callable(attack_data) else local_file(each.data, attack_data or "")
        if is_pointer(path):
            raise KnowledgeError(
                f"'{path}' is a Git LFS pointer, not the log.",
                path=each.data,
                hint="Fetch the logs with `git lfs pull`.",
            )
        named = {"source": each.source, "sourcetype": each.sourcetype, "host": each.host, "index": each.index}
        yield path, {name: value for name, value in named.items() if value is not None}


POINTER = b"version https://git-lfs.github.com/spec/"
"""How the file begins that Git LFS keeps in place of a large one."""


def is_pointer(path: Path) -> bool:
    """Say whether a file is what Git LFS keeps in place of a large one."""
    with open(path, "rb") as file:
        return file.read(len(POINTER)) == POINTER


def local_file(url: str, folder: str | Path) -> Path:
    """Return where the file of a URL lies in a local mirror: its tail from `datasets/` on, below the folder.

    A mirror may keep files compressed.

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
        for suffix in ("", *COMPRESSED):
            candidate = root.joinpath(*tail[:-1], tail[-1] + suffix) if tail else root
            if candidate.is_file() and root in candidate.resolve().parents:
                return candidate
    wanted = "/".join(tails[0] if tails else parts)
    raise KnowledgeError(f"The attack data '{wanted}' is not below {folder}.", path=url)
