"""Lint is not built yet: asking for it says so."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from splmini.errors import UnsupportedFeature


@dataclass(frozen=True)
class Issue:
    """A finding of the linter: its code, what it says, where, and how to mend it."""

    code: str
    message: str
    position: tuple[int, int] | None = None
    fix: str | None = None


def lint(what: Any, env: Any = None) -> list[Issue]:
    """Find what a rule author would want to know about a search or a detection.

    Raises:
        UnsupportedFeature: always; the rules are not written yet.
    """
    raise UnsupportedFeature("The linter is not built yet.", name="lint")
