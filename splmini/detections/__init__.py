"""Detections: ESCU YAML loaded, run, tested, linted and explained."""

from splmini.detections.content import Content, load_content
from splmini.detections.escu import AttackData, Detection, DetectionTest, Drilldown, Entity, Finding, ThreatObject
from splmini.detections.findings import Outcome
from splmini.detections.lint import Issue, lint
from splmini.detections.tests import DetectionReport, Report, TestResult

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
