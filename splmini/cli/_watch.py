"""`splmini test --watch`: run again what a saved file touches."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from splmini.cli._output import say

if TYPE_CHECKING:
    from splmini.detections.bench import FileReport


def run(files: list[Path], paths: tuple[str, ...], arguments: dict[str, Any], quiet: bool) -> None:
    """Run all tests, then those that changed files touch, until interrupted."""
    import splmini

    session = Session(splmini.bench.Bench(**arguments | {"track": True, "coverage": False}), paths, quiet)
    session.run(files)
    say("watching; Ctrl-C ends", err=True)
    for changed in _changes(session.folders(arguments)):
        session.changed(changed)


class Session:
    """The reports so far, and which files each came from."""

    def __init__(self, bench: Any, paths: tuple[str, ...], quiet: bool) -> None:
        self.bench = bench
        self.paths = paths
        self.quiet = quiet
        self.reports: dict[Path, FileReport] = {}

    def run(self, files: Iterable[Path]) -> None:
        """Run the tests of files and show their verdicts."""
        from splmini.cli import _reports

        started = time.perf_counter()
        verdicts = []
        for file in files:
            report = self.bench.run(file)
            self.reports[file] = report
            verdicts += report.verdicts
            for verdict in report.verdicts:
                if verdict.bad or not self.quiet:
                    say(*_reports.line(verdict))
        say(_reports.summary(verdicts, time.perf_counter() - started))

    def changed(self, paths: set[Path]) -> list[Path]:
        """Run again what changed files touch; return the files of tests that ran."""
        import splmini

        known = splmini.bench.find_tests(each for each in self.paths if Path(each).exists())
        for gone in self.reports.keys() - set(known):
            del self.reports[gone]
        touched = [
            file for file in known if file not in self.reports or splmini.bench.touches(self.reports[file], paths)
        ]
        if any(splmini.bench.is_definition(path) for path in paths):
            self.bench.forget()
        if touched:
            # editors write temporary files, which are gone by now
            names = sorted(path.name for path in paths if path.exists()) or sorted(path.name for path in paths)
            say(f"\n{', '.join(names)} changed")
            self.run(touched)
        return touched

    def folders(self, arguments: dict[str, Any]) -> list[Path]:
        """Return what to watch: what was named, the repositories that it stands in, the mirror, given definitions."""
        import splmini

        found = [Path(each) for each in self.paths]
        found += [root for file in self.reports if (root := splmini.bench.repository_of(file)) is not None]
        if arguments["attack_data"] is not None:
            found.append(Path(arguments["attack_data"]))
        for kind in ("macros", "lookups", "apps"):
            found += [Path(each) for each in arguments["settings"].get(kind, ()) if Path(each).exists()]
        found += [path.parent for report in self.reports.values() for path in report.inputs]
        return _outermost({path.resolve() for path in found if path.exists()})


def _outermost(paths: set[Path]) -> list[Path]:
    return sorted(path for path in paths if not any(parent in paths for parent in path.parents))


def _changes(folders: list[Path]) -> Iterator[set[Path]]:
    """Yield the files that were saved, as they are saved."""
    import splmini

    try:
        import watchfiles
    except ImportError:
        raise splmini.UnsupportedFeature(
            "Watching needs the package watchfiles.", name="watch", hint="pip install 'splmini[watch]'"
        ) from None
    for changes in watchfiles.watch(*folders, debounce=200, step=50, raise_interrupt=False):
        yield {Path(path) for _, path in changes}
