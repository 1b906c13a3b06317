"""Run Splunk detections without Splunk.

    import splmini

    env = splmini.Environment()
    results = env.compile("sourcetype=web status>=500 | stats count by host").run(events)

Everything is loaded when it is first used (PEP 562): importing splmini loads neither lark nor yaml.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from splmini._accessors import default_environment
    from splmini.compiled import Search
    from splmini.completion import Completion, complete
    from splmini.detections import Detection, DetectionReport, Outcome, bench, load_content
    from splmini.detections.backtest import Backtest, backtest
    from splmini.detections.bench.cases import load_cases
    from splmini.detections.lint.linter import Issue, lint, lint_file, lint_repository, lint_rules
    from splmini.detections.schedule import Schedule
    from splmini.detections.sweep import Hit, sweep
    from splmini.environment import Environment, format, parse, search
    from splmini.errors import (
        ArgumentError,
        EventFormatError,
        FileError,
        HandlerError,
        InternalError,
        KnowledgeError,
        LimitExceeded,
        MacroError,
        MissingDatabase,
        ServerError,
        SplError,
        SplSyntaxError,
        UnknownCommand,
        UnknownDataModel,
        UnknownFunction,
        UnknownLookup,
        UnknownMacro,
        UnsupportedFeature,
        did_you_mean,
    )
    from splmini.events import Source
    from splmini.knowledge.checks import check_app
    from splmini.language.macros import MacroRegistry
    from splmini.language.yaml_layout import format_yaml
    from splmini.limits import Limits
    from splmini.operators import Message
    from splmini.results import Results

__version__ = "0.1.0"

_HOMES = {
    "splmini._accessors": ("default_environment",),
    "splmini.completion": ("Completion", "complete"),
    "splmini.compiled": ("Search",),
    "splmini.environment": ("Environment", "format", "parse", "search"),
    "splmini.detections": ("Detection", "DetectionReport", "Outcome", "load_content"),
    "splmini.detections.lint.linter": ("Issue", "lint", "lint_file", "lint_repository", "lint_rules"),
    "splmini.detections.bench.cases": ("load_cases",),
    "splmini.detections.sweep": ("Hit", "sweep"),
    "splmini.detections.backtest": ("Backtest", "backtest"),
    "splmini.detections.schedule": ("Schedule",),
    "splmini.language.macros": ("MacroRegistry",),
    "splmini.language.yaml_layout": ("format_yaml",),
    "splmini.events": ("Source",),
    "splmini.knowledge.checks": ("check_app",),
    "splmini.limits": ("Limits",),
    "splmini.operators": ("Message",),
    "splmini.results": ("Results",),
    "splmini.errors": (
        "ArgumentError",
        "EventFormatError",
        "FileError",
        "HandlerError",
        "InternalError",
        "KnowledgeError",
        "LimitExceeded",
        "MacroError",
        "MissingDatabase",
        "ServerError",
        "SplError",
        "SplSyntaxError",
        "UnknownCommand",
        "UnknownDataModel",
        "UnknownFunction",
        "UnknownLookup",
        "UnknownMacro",
        "UnsupportedFeature",
        "did_you_mean",
    ),
}
_MODULES = {"bench": "splmini.detections.bench"}
_HOME = {name: module for module, names in _HOMES.items() for name in names}

__all__ = [
    "ArgumentError",
    "Backtest",
    "Completion",
    "Detection",
    "DetectionReport",
    "Environment",
    "EventFormatError",
    "FileError",
    "HandlerError",
    "Hit",
    "InternalError",
    "Issue",
    "KnowledgeError",
    "LimitExceeded",
    "Limits",
    "MacroError",
    "MacroRegistry",
    "Message",
    "MissingDatabase",
    "Outcome",
    "Results",
    "Schedule",
    "Search",
    "ServerError",
    "Source",
    "SplError",
    "SplSyntaxError",
    "UnknownCommand",
    "UnknownDataModel",
    "UnknownFunction",
    "UnknownLookup",
    "UnknownMacro",
    "UnsupportedFeature",
    "backtest",
    "bench",
    "check_app",
    "complete",
    "default_environment",
    "did_you_mean",
    "format",
    "format_yaml",
    "lint",
    "lint_file",
    "lint_repository",
    "lint_rules",
    "load_cases",
    "load_content",
    "parse",
    "search",
    "sweep",
]


def __getattr__(name: str) -> Any:
    if name not in _HOME and name not in _MODULES:
        raise AttributeError(f"module 'splmini' has no attribute '{name}'")
    import importlib

    if name in _MODULES:
        value: Any = importlib.import_module(_MODULES[name])
    else:
        value = getattr(importlib.import_module(_HOME[name]), name)
    globals()[name] = value
    _serve_frames()
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})


def _serve_frames() -> None:
    """Give `df.spl` to the frames of pandas and Polars, where those are imported already."""
    if "pandas" in sys.modules or "polars" in sys.modules:
        from splmini._accessors import register

        register()


def load_ipython_extension(shell: Any) -> None:
    """Add `%spl` and `%%spl` to IPython: `%load_ext splmini`."""
    from splmini import notebook

    notebook.load(shell)


def unload_ipython_extension(shell: Any) -> None:
    """Take the magics away again: `%unload_ext splmini`."""
    from splmini import notebook

    notebook.unload(shell)


_serve_frames()
