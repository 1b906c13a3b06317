"""pytest plugin: detections and their cases as tests, and a fixture that runs a search.

Collected are detection files with `tests:` and `NAME.test.yml` files below the paths of the ini option `splmini_paths`
or of `--splmini PATH`; nothing is collected elsewhere. These paths are visited even where pytest is not pointed at
them: those of the ini file unless files are named on the command line, those of `--splmini` always. Ini options:
`splmini_paths`, `splmini_macros`, `splmini_lookups`, `splmini_apps`, `splmini_attack_data` (paths, relative to the ini
file). The macros and lookups of a repository in security_content's layout are found by themselves.

splmini itself is imported when the first such file is collected.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from splmini.detections.bench import Bench, Verdict
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


def pytest_configure(config: pytest.Config) -> None:
    """Have pytest visit the configured paths."""
    wanted = _given(config)
    if config.args_source is not pytest.Config.ArgsSource.ARGS:
        wanted = [*config.getini("splmini_paths"), *wanted]
    visited = [(config.invocation_params.dir / arg.partition("::")[0]).resolve() for arg in config.args]
    for path in wanted:
        resolved = path.resolve()
        if not any(known in (resolved, *resolved.parents) for known in visited):
            config.args.append(str(path))
            visited.append(resolved)


def _given(config: pytest.Config) -> list[Path]:
    """The paths of `--splmini`."""
    return [config.invocation_params.dir / each for each in config.getoption("splmini")]


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> pytest.Collector | None:
    """Collect a YAML file below the configured paths."""
    if file_path.suffix not in (".yml", ".yaml") or not _configured(file_path, parent.config):
        return None
    kind = CaseFile if file_path.name.endswith((".test.yml", ".test.yaml")) else DetectionFile
    collector: pytest.Collector = kind.from_parent(parent, path=file_path)
    return collector


def _configured(path: Path, config: pytest.Config) -> bool:
    roots = [*config.getini("splmini_paths"), *_given(config)]
    resolved = path.resolve()
    return any(root.resolve() in (resolved, *resolved.parents) for root in roots)


def _settings(config: pytest.Config) -> dict[str, Any]:
    """The environment's settings from the ini file."""
    settings = {name.partition("_")[2]: list(config.getini(name)) for name in _FOLDERS}
    return {name: folders for name, folders in settings.items() if folders}


_BENCH: pytest.StashKey[Any] = pytest.StashKey()


def _bench(config: pytest.Config) -> Bench:
    """The bench of the session: its environments and logs are shared by all tests of the process."""
    if _BENCH not in config.stash:
        import splmini

        given = config.getoption("splmini_attack_data")
        base = config.invocation_params.dir
        if not given:
            given, base = config.getini("splmini_attack_data"), (config.inipath or config.rootpath / "x").parent
        config.stash[_BENCH] = splmini.bench.Bench(_settings(config), base / given if given else None)
    bench: Bench = config.stash[_BENCH]
    return bench


class DetectionFile(pytest.File):
    """A detection file: one test for each entry of `tests:`."""

    def collect(self) -> Iterator[pytest.Item]:
        """Yield a test for each entry; a file that is no detection has none."""
        import splmini

        with _readable():
            detection = splmini.bench.detection_in(self.path)
        for test in detection.tests if detection is not None else ():
            yield DetectionItem.from_parent(self, name=test.name, detection=detection, test=test)


class CaseFile(pytest.File):
    """A `NAME.test.yml` file: one test a case."""

    def collect(self) -> Iterator[pytest.Item]:
        """Yield a test for each case."""
        import splmini

        with _readable():
            cases = splmini.load_cases(self.path)
        for case in cases:
            yield CaseItem.from_parent(self, name=case.name, case=case)


class _readable:
    """Turns a mistake in a file into a collection error that shows its place, without a traceback of splmini's."""

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: Any, error: Any, trace: Any) -> None:
        import splmini

        if isinstance(error, splmini.SplError):
            raise pytest.Collector.CollectError(str(error)) from None


class _Item(pytest.Item):
    """A test that is no Python function: it has a verdict."""

    def verdict(self) -> Verdict:
        """Run it."""
        raise NotImplementedError

    def runtest(self) -> None:
        """Run the test."""
        verdict = self.verdict()
        if verdict.status == "skipped":
            pytest.skip(verdict.reason)
        if verdict.bad:
            raise DetectionFailure(verdict.reason)

    def repr_failure(self, excinfo: Any, style: Any = None) -> Any:
        """Show what is wrong and the explanation, without a traceback of splmini's."""
        if isinstance(excinfo.value, DetectionFailure):
            return str(excinfo.value)
        return super().repr_failure(excinfo, style)


class DetectionItem(_Item):
    """A detection's own test: it has to fire over its attack data."""

    def __init__(self, *, detection: Any, test: Any, **arguments: Any) -> None:
        super().__init__(**arguments)
        self.detection = detection
        self.test = test

    def verdict(self) -> Verdict:
        """Run the test."""
        return _bench(self.config).run_test(self.detection, self.test)

    def reportinfo(self) -> tuple[Path, int, str]:
        """Say where the test stands."""
        return self.path, self.detection.search_position[0] - 1, f"{self.detection.name}: {self.name}"


class CaseItem(_Item):
    """A case of an author's."""

    def __init__(self, *, case: Any, **arguments: Any) -> None:
        super().__init__(**arguments)
        self.case = case

    def verdict(self) -> Verdict:
        """Run the case."""
        return _bench(self.config).run_case(self.case)

    def reportinfo(self) -> tuple[Path, int, str]:
        """Say where the case stands."""
        return self.path, self.case.position[0] - 1, f"{self.case.detection.name}: {self.name}"


class DetectionFailure(Exception):
    """What is not as expected, line by line."""


@pytest.fixture
def spl(request: pytest.FixtureRequest) -> Callable[..., Results]:
    """A function `spl(search, events=(), **environment)` that runs a search in the configured environment.

    Environment settings of `splmini.Environment` may be given for the one search; `spl(detection, events)` runs a
    `Detection` and gives its `Outcome`.
    """

    def run(search: Any, events: Any = (), **environment: Any) -> Any:
        import splmini

        settings = splmini.bench.repository_settings(request.path, _settings(request.config))
        env = splmini.Environment(**{**settings, **environment})
        if isinstance(search, splmini.Detection):
            return search.run(events, env)
        return env.compile(search).run(events)

    return run
