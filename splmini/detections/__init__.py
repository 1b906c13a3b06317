"""Detections: ESCU YAML loaded, run, tested, linted and explained. The linter is imported when it is first used."""

from typing import TYPE_CHECKING, Any

from splmini.detections.content import Content, load_content
from splmini.detections.escu import AttackData, Detection, DetectionTest, Drilldown, Entity, Finding, ThreatObject
from splmini.detections.findings import Outcome
from splmini.detections.tests import DetectionReport, Report, TestResult

if TYPE_CHECKING:
    from splmini.detections.lint import Issue, lint

__all__ = [
    "AttackData",
    "Content",
    "Detection",
    "DetectionReport",
    "DetectionTest",
    "Drilldown",
    "Entity",
    "Finding",
    "Issue",
    "Outcome",
    "Report",
    "TestResult",
    "ThreatObject",
    "lint",
    "load_content",
]


def __getattr__(name: str) -> Any:
    if name not in ("Issue", "lint"):
        raise AttributeError(f"module 'splmini.detections' has no attribute '{name}'")
    import importlib

    return getattr(importlib.import_module("splmini.detections.lint"), name)
