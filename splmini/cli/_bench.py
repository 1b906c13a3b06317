"""How `splmini test` and `mutate` run many files: here or in processes, with their attack data fetched before."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Generator, Iterator
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from splmini.cli._output import say

if TYPE_CHECKING:
    from splmini import SplError
    from splmini.detections.bench import Bench, FileReport, MutationReport

T = TypeVar("T")
_bench: Bench | None = None
"""The bench of this process."""


def reports(files: list[Path], arguments: dict[str, Any], jobs: int) -> Generator[FileReport]:
    """Yield the report of each file, in their order; `arguments` are those of `splmini.bench.Bench`."""
    return _mapped(_run, files, arguments, jobs)


def mutations(
    files: list[Path], arguments: dict[str, Any], jobs: int, most: int, progress: Callable[[int], None] | None = None
) -> Iterator[MutationReport | SplError]:
    """Yield the report of each detection's mutants, in their order, or what kept it from being made.

    `progress` is called with the number of mutants of a detection, where they are tried in this process.
    """
    here = jobs <= 1 or len(files) < 2
    return _mapped(partial(_mutate, most, progress if here else None), files, arguments, jobs)


def _mapped(work: Callable[[Path], T], files: list[Path], arguments: dict[str, Any], jobs: int) -> Generator[T]:
    if jobs <= 1 or len(files) < 2:
        _start(arguments)
        yield from map(work, files)
        return
    from concurrent.futures.process import BrokenProcessPool

    from splmini.cli._processes import pool

    done = 0
    with pool(min(jobs, len(files)), "spawn", _start, arguments) as executor:
        try:
            for report in executor.map(work, files):
                done += 1
                yield report
        except BrokenProcessPool:
            say("warn: The workers are gone: the rest runs in the calling process.", err=True)
    if done < len(files):
        _start(arguments)
        yield from map(work, files[done:])


def _start(arguments: dict[str, Any]) -> None:
    import splmini

    global _bench
    _bench = splmini.bench.Bench(**arguments)


def _run(path: Path) -> FileReport:
    assert _bench is not None
    return _bench.run(path)


def _mutate(most: int, progress: Callable[[int], None] | None, path: Path) -> MutationReport | SplError:
    import splmini

    assert _bench is not None
    try:
        return _bench.mutate(path, most, progress)
    except splmini.SplError as error:
        return error


def fetched(files: list[Path], mirror: str | None, hosts: tuple[str, ...], cache: str | None, most: int) -> Any:
    """Fetch the attack data of detections that the mirror does not have; give a function from URL to file."""
    import splmini

    with splmini.bench.downloader(hosts, cache, most_bytes=most, progress=_Progress()) as download:
        return splmini.bench.prefetch(splmini.bench.missing_attack_data(files, mirror), download)


class _Progress:
    """Shows on standard error how much of a file has come in, where that is a terminal; else each file once."""

    def __init__(self) -> None:
        self.url = ""
        self.shown = 0.0

    def __call__(self, url: str, done: int, size: int | None) -> None:
        now = time.monotonic()
        name = url.rsplit("/", 1)[-1]
        if url != self.url:
            self.url = url
            whole = f" ({size / 1e6:,.1f} MB)" if size is not None else ""
            say(f"fetching {url}{whole}", err=True)
        if sys.stderr.isatty() and (now - self.shown >= 0.2 or done == size):
            self.shown = now
            share = f"{100 * done / size:3.0f}%" if size else ""
            sys.stderr.write(f"\r{name} {done / 1e6:,.1f} MB {share} ")
            if done == size:
                sys.stderr.write("\n")
            sys.stderr.flush()
