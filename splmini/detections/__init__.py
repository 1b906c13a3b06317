"""Detections: ESCU YAML loaded, run, tested and explained; the linter is `splmini.detections.lint.linter`."""

from splmini.detections.bench.tests import DetectionReport, Report, TestResult
from splmini.detections.content import Content, load_content
from splmini.detections.detection import AttackData, Detection, DetectionTest, Drilldown, Entity, Finding, ThreatObject
from splmini.detections.findings import Outcome

__all__ = [
    "AttackData",
    "Content",
    "Detection",
    "DetectionReport",
    "DetectionTest",
    "Drilldown",
    "Entity",
    "Finding",
    "Outcome",
    "Report",
    "TestResult",
    "ThreatObject",
    "load_content",
]
