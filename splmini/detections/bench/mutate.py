"""Mutation testing: change the search a little, and see whether any test notices.

A mutant that no test kills shows a clause that could be wrong, or missing, without anyone knowing. Mutants change the
search as it was written: macros stay calls, so that a case's own macros count in them too.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

from splmini.detections.bench.mutants import Mutant, mutants
from splmini.detections.lint.positions import Places
from splmini.errors import SplError

if TYPE_CHECKING:
    from splmini.detections.detection import Detection


@dataclass(frozen=True)
class MutationReport:
    """The mutants of a detection: those that a test killed, those that none did, those that are no search."""

    detection: Detection
    killed: list[Mutant] = field(default_factory=list)
    survived: list[Mutant] = field(default_factory=list)
    invalid: list[Mutant] = field(default_factory=list)

    @property
    def score(self) -> float:
        """The share of mutants that were killed, from 0 to 1; 1 where there are none."""
        total = len(self.killed) + len(self.survived)
        return len(self.killed) / total if total else 1.0

    def place(self, mutant: Mutant) -> tuple[int, int]:
        """Return the line and the column of a mutant's change in the detection's file."""
        return self._places.of_offset(mutant.offset)

    @cached_property
    def _places(self) -> Places:
        return Places(self.detection.search, self.detection if self.detection.path else None)

    def __str__(self) -> str:
        total = len(self.killed) + len(self.survived)
        lines = [f"{self.detection.name}: {len(self.killed)} of {total} mutants killed ({100 * self.score:.0f}%)"]
        for mutant in self.survived:
            line, column = self.place(mutant)
            lines.append(f"  {self.detection.path or '<search>'}:{line}:{column}: survived: {mutant.description}")
        return "\n".join(lines)

    def to_dict(self) -> dict[str, Any]:
        """Return the report as what JSON can hold."""
        return {
            "detection": self.detection.name,
            "file": self.detection.path,
            "score": round(self.score, 4),
            "killed": len(self.killed),
            "invalid": len(self.invalid),
            "survived": [
                dict(zip(("line", "column"), self.place(each), strict=True))
                | {"kind": each.kind, "description": each.description, "search": each.search}
                for each in self.survived
            ],
        }


def mutate(
    detection: Detection,
    env: Any,
    passes: Callable[[Detection], bool],
    most: int = 0,
    progress: Callable[[int], None] | None = None,
) -> MutationReport:
    """Run a detection's tests against its mutants.

    Args:
        detection: the detection, whose tests pass as it is.
        env: the environment it is compiled in.
        passes: runs the tests on a changed detection; true where they all pass.
        most: how many mutants to try; 0: all.
        progress: called with the number of mutants tried so far.
    """
    report = MutationReport(detection)
    for number, mutant in enumerate(mutants(detection.search, env)):
        if most and number >= most:
            break
        try:
            env.compile(mutant.search)
            survived = passes(replace(detection, search=mutant.search))
        except SplError:
            report.invalid.append(mutant)
            continue
        (report.survived if survived else report.killed).append(mutant)
        if progress is not None:
            progress(number + 1)
    return report


__all__ = ["Mutant", "MutationReport", "mutants", "mutate"]
