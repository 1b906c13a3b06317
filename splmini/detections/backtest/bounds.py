"""Bounds of what a detection may report, in its file of cases: `expect: {per_day: {max: 5}}`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from splmini.detections.backtest.history import Backtest, History
from splmini.detections.bench.files import case_files_of
from splmini.detections.bench.runner import Verdict
from splmini.documents import Document, load_document
from splmini.errors import KnowledgeError, did_you_mean

MEASURES = ("per_day", "per_run", "total")


@dataclass(frozen=True)
class Bound:
    """What a detection may report: at least and at most so many rows a day, a run or in all; where that is said."""

    measure: str
    least: float | None
    most: float | None
    path: str = ""
    line: int = 1

    def broken(self, done: Backtest, history: History) -> str:
        """Say in a sentence how a history breaks it; empty where it holds."""
        for what, count in self._counts(done, history):
            if self.most is not None and count > self.most:
                return f"{count:,} rows were reported {what}, at most {self.most:g} are expected."
            if self.least is not None and count < self.least:
                return f"{count:,} rows were reported {what}, at least {self.least:g} are expected."
        return ""

    def _counts(self, done: Backtest, history: History) -> list[tuple[str, int]]:
        if self.measure == "per_day":
            return [(f"on {day}", reported) for day, (_, reported) in done.per_day(history).items()]
        if self.measure == "per_run":
            return [("by a run", max((each.reported for each in history.firings), default=0))]
        return [("in all", history.reported)]


def read_bounds(document: Document) -> list[Bound]:
    """Return the bounds that a file of cases gives.

    Raises:
        KnowledgeError: with the line and column of what is no bound.
    """
    given = document.data.get("expect") if isinstance(document.data, dict) else None
    if given is None:
        return []
    _mapping(document, given, MEASURES, "expect")
    return [_bound(document, str(name), value) for name, value in given.items()]


def _bound(document: Document, name: str, value: Any) -> Bound:
    at = ("expect", name)
    bounds = {"max": value} if _is_number(value) else value
    _mapping(document, bounds, ("min", "max"), *at)
    for key, number in bounds.items():
        if not _is_number(number):
            raise document.error(f"'{key}' has to be a number.", *at, str(key))
    line, _ = document.keys.get(at, (1, 1))
    return Bound(name, bounds.get("min"), bounds.get("max"), document.path, line)


def _mapping(document: Document, value: Any, known: tuple[str, ...], *at: str) -> None:
    if not isinstance(value, Mapping):
        raise document.error(f"'{at[-1]}' has to be a mapping with {' or '.join(known)}.", *at)
    for key in value:
        if key not in known:
            raise document.error(f"Unknown key '{key}'.", *at, str(key), hint=did_you_mean(str(key), known))


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def verdicts(done: Backtest) -> list[Verdict]:
    """Return a verdict a detection: passed, failed by a bound of its file of cases, or an error."""
    return [_verdict(done, each) for each in done]


def _verdict(done: Backtest, history: History) -> Verdict:
    detection = history.detection
    status, reason, at = "passed", "", (detection.path, 1)
    if history.error is not None:
        status, reason = "error", str(history.error)
    else:
        try:
            for bound in _bounds_of(detection.path):
                reason = bound.broken(done, history)
                if reason:
                    status, at = "failed", (bound.path, bound.line)
                    break
        except (KnowledgeError, OSError) as error:
            status, reason = "error", str(error)
    return Verdict(*at, detection.name, "backtest", status, reason, history.reported, history.seconds)


def _bounds_of(path: str) -> list[Bound]:
    if not path or not Path(path).is_file():
        return []
    files = case_files_of(Path(path))
    return [bound for file in files for bound in read_bounds(load_document(file.read_text("utf-8-sig"), str(file)))]
