"""The reports of `splmini test`: lines, JSON, JUnit, coverage."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict
from typing import TYPE_CHECKING
from xml.sax.saxutils import quoteattr

from splmini.cli._output import Styled, styled

if TYPE_CHECKING:
    from splmini.detections.bench import Coverage, Verdict

_COLOURS = {"passed": "green", "failed": "red", "error": "red", "skipped": "yellow"}
STATUSES = ("passed", "failed", "error", "skipped")


def line(verdict: Verdict) -> tuple[Styled, str]:
    """Return a verdict as it is shown: its status, and what and, below, why."""
    return styled(f"{verdict.status:7}", _COLOURS[verdict.status]), _told(verdict)


def _told(verdict: Verdict) -> str:
    text = f" {verdict.name}"
    if verdict.bad and not verdict.reason.startswith(f"{verdict.file}:"):  # which says it itself
        text += f"  ({verdict.file}:{verdict.line})"
    if verdict.status == "skipped" and "\n" not in verdict.reason:
        return f"{text} ({verdict.reason})"
    if verdict.reason:
        text += "".join(f"\n        {part}" for part in verdict.reason.splitlines())
    return text


def counts(verdicts: Iterable[Verdict]) -> dict[str, int]:
    """Return how many verdicts there are of each status."""
    known = [verdict.status for verdict in verdicts]
    return {status: known.count(status) for status in STATUSES}


def summary(verdicts: list[Verdict], seconds: float) -> str:
    """Return the last line: how many of each, and the time."""
    listed = ", ".join(f"{count} {status}" for status, count in counts(verdicts).items() if count)
    return f"{listed} in {seconds:.2f} s" if listed else "no tests found"


def to_json(verdicts: list[Verdict]) -> str:
    """Return the verdicts as JSON."""
    tests = [asdict(verdict) | {"name": verdict.name, "seconds": round(verdict.seconds, 6)} for verdict in verdicts]
    return json.dumps({"counts": counts(verdicts), "tests": tests}, indent=2, ensure_ascii=False) + "\n"


def to_junit(verdicts: list[Verdict]) -> str:
    """Return the verdicts as JUnit XML, as continuous integration reads it."""
    number = counts(verdicts)
    seconds = sum(verdict.seconds for verdict in verdicts)
    parts = [
        '<?xml version="1.0" encoding="utf-8"?>\n',
        f'<testsuite name="splmini" tests="{len(verdicts)}" failures="{number["failed"]}" '
        f'errors="{number["error"]}" skipped="{number["skipped"]}" time="{seconds:.3f}">\n',
        *map(_testcase, verdicts),
        "</testsuite>\n",
    ]
    return "".join(parts)


_ELEMENTS = {"failed": "failure", "error": "error", "skipped": "skipped"}


def _testcase(verdict: Verdict) -> str:
    head = (
        f"  <testcase classname={_attribute(verdict.detection)} name={_attribute(verdict.test or verdict.detection)} "
        f'file={_attribute(verdict.file)} line="{verdict.line}" time="{verdict.seconds:.3f}"'
    )
    kind = _ELEMENTS.get(verdict.status)
    if kind is None:
        return f"{head}/>\n"
    first = verdict.reason.split("\n", 1)[0]
    body = f"<{kind} message={_attribute(first)}>{_text(verdict.reason)}</{kind}>"
    return f"{head}>\n    {body}\n  </testcase>\n"


def _clean(text: str) -> str:
    """Characters that XML has not are shown as escapes."""
    return "".join(
        each
        if each in "\t\n\r" or (each >= " " and not "\ud800" <= each <= "\udfff" and each not in "\ufffe\uffff")
        else repr(each)[1:-1]
        for each in text
    )


def _attribute(text: str) -> str:
    return quoteattr(_clean(text))


def _text(text: str) -> str:
    return _clean(text).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


# ---- coverage ------------------------------------------------------------------------------------------------------


def percent(measured: list[Coverage]) -> float:
    """Return the share of all points that are covered, in percent."""
    total = sum(len(each.points) for each in measured)
    return 100 * sum(each.covered for each in measured) / total if total else 100.0


def coverage_table(measured: list[Coverage]) -> str:
    """Return a table of the detections, what of each was not exercised below it."""
    width = max((len(each.name) for each in measured), default=9)
    parts = [f"\n{'detection':<{width}}  points  missed  covered\n", "-" * (width + 25) + "\n"]
    for each in measured:
        parts.append(_row(each.name, len(each.points), each.covered, width))
        parts += [f"  {what:<11} {point}\n" for what, point in each.gaps()]
    if len(measured) > 1:
        total, covered = sum(len(each.points) for each in measured), sum(each.covered for each in measured)
        parts += ["-" * (width + 25) + "\n", _row("total", total, covered, width)]
    return "".join(parts)


def _row(name: str, points: int, covered: int, width: int) -> str:
    share = 100 * covered / points if points else 100.0
    return f"{name:<{width}}  {points:>6}  {points - covered:>6}  {share:>6.0f}%\n"


def coverage_json(measured: list[Coverage]) -> str:
    """Return the coverage as JSON."""
    content = {"percent": round(percent(measured), 2), "detections": [each.to_dict() for each in measured]}
    return json.dumps(content, indent=2, ensure_ascii=False) + "\n"
