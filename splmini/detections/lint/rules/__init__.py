"""The rules of the linter: each is one decorated function whose docstring is its page.

A rule takes a `Subject` and yields `Found`s. Its `bad` examples must be reported by it and its `good` ones must not;
the tests run both. An example that begins with `name:` is the YAML of a detection, any other a search.
"""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from splmini.detections.lint.rules.subject import Found, Subject

Check = Callable[[Subject], Iterable[Found]]
SEVERITIES = ("error", "warning", "info")


@dataclass(frozen=True)
class Rule:
    """A rule: `code` and `name` are stable; `title` is one line; `doc` its page; `check` finds."""

    code: str
    name: str
    title: str
    severity: str
    check: Check
    bad: tuple[str, ...]
    good: tuple[str, ...]
    doc: str

    def page(self) -> str:
        """Return the page of the rule, as Markdown."""
        parts = [
            f"# {self.code} {self.name}",
            f"{self.title}. Severity: {self.severity}.",
            inspect.cleandoc(self.doc),
            "## Reported",
            *map(_block, self.bad),
            "## Not reported",
            *map(_block, self.good),
            f'Silence it in one search with ` ```noqa: {self.code}``` `, or with `ignore = ["{self.code}"]` in the '
            "project's configuration.",
        ]
        return "\n\n".join(parts) + "\n"


def _block(example: str) -> str:
    return f"```{'yaml' if example.startswith('name:') else 'spl'}\n{example.rstrip()}\n```"


_rules: dict[str, Rule] = {}


def rule(
    code: str, name: str, title: str, *, severity: str = "warning", bad: tuple[str, ...], good: tuple[str, ...]
) -> Callable[[Check], Check]:
    """Register the decorated function as a rule."""

    def register(check: Check) -> Check:
        if code in _rules or severity not in SEVERITIES:
            raise ValueError(f"The rule {code} stands twice, or has no such severity: {severity}.")
        _rules[code] = Rule(code, name, title, severity, check, bad, good, check.__doc__ or "")
        return check

    return register


def rules() -> Mapping[str, Rule]:
    """Return all rules by code, in the order of the codes."""
    for module in pkgutil.iter_modules(__path__):
        importlib.import_module(f"{__name__}.{module.name}")
    return dict(sorted(_rules.items()))


__all__ = ["Found", "Rule", "Subject", "rule", "rules"]
