"""pytest plugin: detections and their cases as tests, and a fixture that runs a search.

Collected are detection files with `tests:` (which need `splmini_attack_data`) and `*.test.yml` files, below the paths
of the ini option `splmini_paths` or of `--splmini PATH`; nothing is collected elsewhere. Ini options: `splmini_paths`,
`splmini_macros`, `splmini_lookups`, `splmini_apps`, `splmini_attack_data` (paths, relative to the ini file).

splmini itself is imported when the first such file is collected.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from splmini.results import Results

_FOLDERS = ("splmini_macros", "splmini_lookups", "splmini_apps")


def pytest_addoption(parser: pytest.Parser) -> None:
    """Declare the options."""
    group = parser.getgroup("splmini", "Splunk detections")
    group.addoption(
        "--splmini", action="append", default=[], metavar="PATH", help="collect the detections and cases below PATH"
    )
    group.addoption("--splmini-attack-data", metavar="FOLDER", help="a local mirror of the detections' attack data")
    parser.addini("splmini_paths", "where detections and their cases are", type="paths", default=[])
    parser.addini("splmini_attack_data", "a local mirror of the detections' attack data", default="")
    for name in _FOLDERS:
        parser.addini(name, f"folders of {name.partition('_')[2]}", type="paths", default=[])


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> pytest.Collector | None:
    """Collect a YAML file below the configured paths."""
    if file_path.suffix not in (".yml", ".yaml") or not _configured(file_path, parent.config):
        return None
    kind = CaseFile if ".test." in file_path.name else DetectionFile
    collector: pytest.Collector = kind.from_parent(parent, path=file_path)
    return collector


def _configured(path: Path, config: pytest.Config) -> bool:
    roots = [
        *config.getini("splmini_paths"),
        *(config.invocation_params.dir / each for each in config.getoption("splmini")),
    ]
    resolved = path.resolve()
    return any(root.resolve() in (resolved, *resolved.parents) for root in roots)


def _settings(config: pytest.Config) -> dict[str, Any]:
    """The environment's settings from the ini file."""
    settings = {name.partition("_")[2]: list(config.getini(name)) for name in _FOLDERS}
    return {name: folders for name, folders in settings.items() if folders}


class DetectionFile(pytest.File):
    """A detection file: one test for each entry of `tests:`."""

    def collect(self) -> Iterator[pytest.Item]:
        """Yield a test for each entry; a file that is no detection has none."""
        text = self.path.read_text("utf-8-sig")
        if "search:" not in text:
            return
        from splmini.detections.escu import Detection

        detection = Detection.from_text(text, str(self.path))
        for test in detection.tests:
            yield DetectionItem.from_parent(self, name=test.name, detection=detection, test=test)


class DetectionItem(pytest.Item):
    """A detection's own test: it has to fire over its attack data."""

    def __init__(self, *, detection: Any, test: Any, **arguments: Any) -> None:
        super().__init__(**arguments)
        self.detection = detection
        self.test = test

    def runtest(self) -> None:
        """Run the test."""
        from dataclasses import replace

        from splmini import Environment

        folder = self.config.getoption("splmini_attack_data") or self.config.getini("splmini_attack_data")
        env = Environment(**_settings(self.config))
        root = self.config.inipath.parent if self.config.inipath else self.config.rootpath
        mirror = root / folder if folder else None
        result = replace(self.detection, tests=(self.test,)).test(env, mirror).results[0]
        if result.status == "skipped":
            pytest.skip(result.reason)
        if result.status != "passed":
            raise DetectionFailure([result.reason, *_why(result, env)])

    def repr_failure(self, excinfo: Any, style: Any = None) -> Any:
        """Show what is wrong, without a traceback of splmini's."""
        return _failure(self, excinfo, super().repr_failure)

    def reportinfo(self) -> tuple[Path, int, str]:
        """Say where the test stands."""
        return self.path, 0, f"{self.detection.name}: {self.name}"


class CaseFile(pytest.File):
    """A `*.test.yml` file: one test a case."""

    def collect(self) -> Iterator[pytest.Item]:
        """Yield a test for each case."""
        from splmini.detections.cases import load_cases

        for case in load_cases(self.path):
            yield CaseItem.from_parent(self, name=case.name, case=case)


class CaseItem(pytest.Item):
    """A case of an author's."""

    def __init__(self, *, case: Any, **arguments: Any) -> None:
        super().__init__(**arguments)
        self.case = case

    def runtest(self) -> None:
        """Run the case."""
        result = self.case.run(_settings(self.config))
        if not result.passed:
            raise DetectionFailure([*result.problems, *result.explanation().splitlines()])

    def repr_failure(self, excinfo: Any, style: Any = None) -> Any:
        """Show the differences and the explanation, without a traceback of splmini's."""
        return _failure(self, excinfo, super().repr_failure)

    def reportinfo(self) -> tuple[Path, int, str]:
        """Say where the case stands."""
        return self.path, self.case.position[0] - 1, f"{self.case.detection.name}: {self.name}"


class DetectionFailure(Exception):
    """What is not as expected, line by line."""

    def __init__(self, lines: list[str]) -> None:
        super().__init__("\n".join(lines))


def _why(result: Any, env: Any) -> list[str]:
    if result.events is None:
        return []
    return str(env.explain(result.detection, result.events)).splitlines()


def _failure(item: pytest.Item, excinfo: Any, otherwise: Callable[[Any], Any]) -> Any:
    if (
        excinfo.errisinstance(DetectionFailure)
        if hasattr(excinfo, "errisinstance")
        else isinstance(excinfo.value, DetectionFailure)
    ):
        return str(excinfo.value)
    return otherwise(excinfo)


@pytest.fixture
def spl(request: pytest.FixtureRequest) -> Callable[..., Results]:
    """A function `spl(search, events=(), **environment)` that runs a search in the configured environment."""

    def run(search: str, events: Any = (), **environment: Any) -> Results:
        from splmini import Environment

        return Environment(**{**_settings(request.config), **environment}).compile(search).run(events)

    return run
