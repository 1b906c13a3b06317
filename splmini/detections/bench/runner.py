"""The bench: the tests of files of detections and cases, run and measured; what `splmini test` and `mutate` stand on.

A `Bench` keeps what the files share (environments, logs), so that a second run is quick. What one test writes (risk
events, lookup tables) is not there for the next.
"""

from __future__ import annotations

import time
import traceback
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from splmini.detections.bench.affected import uses
from splmini.detections.bench.cases import Case, CaseResult, load_cases, merged_settings
from splmini.detections.bench.coverage import Coverage, measure
from splmini.detections.bench.files import case_files_of, detection_in, is_case_file
from splmini.detections.bench.inputs import Logs
from splmini.detections.bench.mutate import MutationReport, mutate
from splmini.detections.bench.tests import AttackFolder, TestResult, local_file, run_test
from splmini.detections.content import repository_of, repository_settings
from splmini.detections.detection import Detection, DetectionTest
from splmini.errors import KnowledgeError, SplError, UnsupportedFeature

MOST_ENVIRONMENTS = 16


@dataclass(frozen=True)
class Verdict:
    """What became of one test: `status` is passed, failed, error or skipped, `reason` why it did not pass."""

    file: str
    line: int
    detection: str
    test: str
    status: str
    reason: str = ""
    rows: int = 0
    seconds: float = 0.0

    @property
    def name(self) -> str:
        """The detection and the test."""
        return f"{self.detection}: {self.test}" if self.test else self.detection

    @property
    def bad(self) -> bool:
        """Whether it failed or could not be run."""
        return self.status in ("failed", "error")


@dataclass
class FileReport:
    """The verdicts of the tests of one file.

    `detection` is the detection's name where the file is one; `coverage` is there where it was asked for; `inputs` are
    the files that it read, `uses` the macros and lookups that its detection calls (where asked for).
    """

    path: Path
    verdicts: list[Verdict] = field(default_factory=list)
    coverage: list[Coverage] = field(default_factory=list)
    inputs: set[Path] = field(default_factory=set)
    detection: str | None = None
    uses: set[str] = field(default_factory=set)


class Bench:
    """Runs the tests of files.

    Args:
        settings: of `Environment`; the macros and lookups of the repository that a file stands in lie below them, the
            settings of a case above.
        attack_data: a local mirror of the attack data; None: tests that need it are skipped.
        fetch: a function from a URL to a local file, for what the mirror does not have.
        coverage: whether to measure what the tests exercise.
        track: whether to note which macros and lookups the detections call.
    """

    def __init__(
        self,
        settings: Mapping[str, Any] | None = None,
        attack_data: str | Path | None = None,
        *,
        fetch: Callable[[str], Path] | None = None,
        coverage: bool = False,
        track: bool = False,
    ) -> None:
        self.settings = dict(settings or {})
        self.attack_data = attack_data
        self.fetch = fetch
        self.coverage = coverage
        self.track = track
        self._logs = Logs()
        self._environments: dict[str, Any] = {}

    def forget(self) -> None:
        """Forget the environments: macros, lookups or apps changed."""
        self._environments.clear()

    def run(self, path: str | Path) -> FileReport:
        """Run the tests of a detection's file or of a file of cases; mistakes in it are verdicts too."""
        file = Path(path)
        report = FileReport(file, inputs={file})
        started = time.perf_counter()
        try:
            if is_case_file(file):
                self._run_cases(file, report)
            else:
                self._run_detection(file, report)
        except SplError as error:
            line = error.position[0] if error.position else 1
            seconds = time.perf_counter() - started
            report.verdicts.append(Verdict(str(file), line, file.stem, "", "error", str(error), 0, seconds))
        return report

    # ---- a detection's own tests -------------------------------------------------------------------------------

    def _run_detection(self, file: Path, report: FileReport) -> None:
        detection = detection_in(file)
        if detection is None:
            return
        report.detection = detection.name
        self._track(detection, file, report)
        for test in detection.tests:
            report.inputs.update(self._files_of(test))
            verdict, result = self._tested(detection, test)
            report.verdicts.append(verdict)
            if self.coverage and result is not None and result.outcome is not None:
                report.coverage.append(measure(result.env, detection, result.events, **result.options))
        if all(verdict.status == "skipped" for verdict in report.verdicts):
            self._compile(detection, file, report)
        if self.coverage and not report.coverage:
            self._untested(detection, file, report)

    def _compile(self, detection: Detection, file: Path, report: FileReport) -> None:
        """A detection that no test ran has at least to compile; what cannot run here is said."""
        try:
            self._environment(file, {}).compile(detection.search)
        except SplError as error:
            status = "skipped" if isinstance(error, UnsupportedFeature) else "error"
            report.verdicts.append(
                Verdict(str(file), detection.search_position[0], detection.name, "compiles", status, str(error))
            )

    def run_test(self, detection: Detection, test: DetectionTest) -> Verdict:
        """Run one of a detection's own tests."""
        return self._tested(detection, test)[0]

    def _tested(self, detection: Detection, test: DetectionTest) -> tuple[Verdict, TestResult | None]:
        result: TestResult | None = None

        def run() -> tuple[str, str, int]:
            nonlocal result
            env = self._environment(Path(detection.path), {})
            result = run_test(detection, test, env, self._attack_data(), {}, self._logs)
            why = [result.explanation()] if result.status == "failed" else []
            return result.status, "\n".join([result.reason, *why]), result.rows

        line = detection.search_position[0]
        verdict = _verdict(Path(detection.path), line, detection.name, test.name, run)
        return verdict, result

    def _track(self, detection: Detection, file: Path, report: FileReport) -> None:
        if self.track:
            report.uses |= uses(detection.search, self._environment(file, {}))

    def _untested(self, detection: Detection, file: Path, report: FileReport) -> None:
        """A detection that no test ran counts as well: nothing of it is exercised."""
        try:
            report.coverage.append(measure(self._environment(file, {}), detection, []))
        except SplError:
            return  # that it does not compile is a verdict already; what it lacks to run, a lookup say, is none

    def _attack_data(self) -> AttackFolder:
        if self.fetch is None:
            return self.attack_data
        return self._local

    def _local(self, url: str) -> Path:
        """The file of a URL in the mirror, or fetched."""
        if self.attack_data is not None:
            try:
                return local_file(url, self.attack_data)
            except KnowledgeError:
                if "://" not in url:
                    raise
        assert self.fetch is not None
        return self.fetch(url)

    def _files_of(self, test: Any) -> Iterator[Path]:
        for each in test.attack_data if self.attack_data is not None else ():
            try:
                yield local_file(each.data, self.attack_data or "")
            except KnowledgeError:
                continue  # the run of the test says so

    # ---- cases -------------------------------------------------------------------------------------------------

    def _run_cases(self, file: Path, report: FileReport) -> None:
        cases = load_cases(file)
        report.inputs.add(Path(cases[0].detection.path))
        self._track(cases[0].detection, file, report)
        for case in cases:
            report.inputs.update(_files(case))
            verdict, result = self._held(case)
            report.verdicts.append(verdict)
            if self.coverage and result is not None and result.env is not None:
                report.coverage.append(measure(result.env, case.detection, result.events, **result.options))

    def run_case(self, case: Case) -> Verdict:
        """Run one case."""
        return self._held(case)[0]

    def _held(self, case: Case) -> tuple[Verdict, CaseResult | None]:
        result: CaseResult | None = None

        def run() -> tuple[str, str, int]:
            nonlocal result
            result = case.run(env=self._environment(Path(case.path), case.settings), logs=self._logs)
            if result.error is not None:
                return "error", "\n".join(result.problems), 0
            if result.passed:
                return "passed", "", len(result.outcome.results)
            reason = "\n".join([*result.problems, result.explanation()])
            return "failed", reason, len(result.outcome.results)

        verdict = _verdict(Path(case.path), case.position[0], case.detection.name, case.name, run)
        return verdict, result

    def _environment(self, file: Path, own: Mapping[str, Any]) -> Any:
        """The environment of a test: shared by all of the same settings, without what earlier ones wrote."""
        from splmini import Environment

        key = f"{repository_of(file)} {own!r}"
        known = self._environments.get(key)
        if known is None:
            if len(self._environments) >= MOST_ENVIRONMENTS:
                self._environments.clear()
            settings = merged_settings(repository_settings(file, self.settings), own)
            known = self._environments[key] = Environment(**settings)
        known.forget_writes()
        return known

    # ---- mutants -----------------------------------------------------------------------------------------------

    def mutate(self, path: str | Path, most: int = 0, progress: Callable[[int], None] | None = None) -> MutationReport:
        """Run the tests of a detection against its mutants: its own tests, and the cases beside it.

        Args:
            path: the detection's file, or its file of cases.
            most: how many mutants to try; 0: all.
            progress: called with the number of mutants tried so far.

        Raises:
            SplError: KnowledgeError where there is no test, or a test does not pass as the detection is.
        """
        file = Path(path)
        cases = load_cases(file) if is_case_file(file) else []
        detection = cases[0].detection if cases else Detection.load(file)
        if not cases:
            cases = [case for beside in case_files_of(file) for case in load_cases(beside)]
        tests = self._passes(detection, cases)
        self._check(detection, tests, file)
        env = self._environment(file, {})

        def passes(changed: Detection) -> bool:
            return all(test(changed) for _, test in tests)

        return mutate(detection, env, passes, most, progress)

    def _passes(self, detection: Detection, cases: list[Case]) -> list[tuple[str, Callable[[Detection], bool]]]:
        """The tests of a detection by name, each as a function of a changed detection."""
        tests: list[tuple[str, Callable[[Detection], bool]]] = []
        for case in cases:

            def holds(changed: Detection, case: Case = case) -> bool:
                env = self._environment(Path(case.path), case.settings)
                result = replace(case, detection=changed).run(env=env, logs=self._logs)
                if result.error is not None:
                    raise result.error
                return result.passed

            tests.append((case.name, holds))
        for test in detection.tests if self._attack_data() is not None else ():
            if test.test_type.lower() != "unit" or not test.attack_data:
                continue

            def fires(changed: Detection, test: Any = test) -> bool:
                env = self._environment(Path(detection.path), {})
                result = run_test(changed, test, env, self._attack_data(), {}, self._logs)
                if result.status == "error":
                    raise KnowledgeError(result.reason)
                return result.status == "passed"

            tests.append((test.name, fires))
        return tests

    def _check(self, detection: Detection, tests: list[tuple[str, Callable[[Detection], bool]]], file: Path) -> None:
        if not tests:
            hint = f"Write cases in {file.stem}.test.yml" + (", or give --attack-data." if detection.tests else ".")
            raise KnowledgeError(f"'{detection.name}' has no test that could kill a mutant.", path=str(file), hint=hint)
        for name, test in tests:
            if not test(detection):
                raise KnowledgeError(
                    f"The test '{name}' of '{detection.name}' does not pass as the detection is.",
                    path=str(file),
                    hint="Mend it first; `splmini test` says why it fails.",
                )


def _files(case: Case) -> list[Path]:
    try:
        return case.files()
    except KnowledgeError:
        return []  # the run of the case says so


def _verdict(file: Path, line: int, detection: str, test: str, run: Callable[[], tuple[str, str, int]]) -> Verdict:
    started = time.perf_counter()
    try:
        status, reason, rows = run()
    except SplError as error:
        status, reason, rows = "error", str(error), 0
    except Exception as error:
        # a mistake of ours must not keep the other tests from running, and must be seen
        frames = "".join(traceback.format_tb(error.__traceback__)[-2:])
        status, reason, rows = "error", f"internal error, {type(error).__name__}: {error}\n{frames.rstrip()}", 0
    return Verdict(str(file), line, detection, test, status, reason, rows, time.perf_counter() - started)
