"""`[rule::…]` and `[delayedrule::…]` stanzas of props.conf: the sourcetype of a file by how many of its lines match.

Source: https://docs.splunk.com/Documentation/Splunk/latest/Data/Configurerule-basedsourcetyperecognition
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from splmini.errors import SplError
from splmini.knowledge.conf import Setting, Stanzas, as_bool
from splmini.values import regex

KINDS = ("rule::", "delayedrule::")
_CONDITION = re.compile(r"(MORE_THAN|LESS_THAN)(?:_optional)?_([0-9]+(?:\.[0-9]+)?)(?:_.*)?\Z")


@dataclass(frozen=True)
class Condition:
    """More (or fewer) than a percentage of the lines match."""

    more: bool
    percent: float
    pattern: regex.Pattern

    def holds(self, lines: list[str]) -> bool:
        """Say whether the condition holds of the lines of a file."""
        share = 100 * sum(self.pattern.search(line) is not None for line in lines) / len(lines)
        return share > self.percent if self.more else share < self.percent


@dataclass(frozen=True)
class ContentRule:
    """A rule: the sourcetype, and the conditions that all have to hold."""

    name: str
    delayed: bool
    sourcetype: str
    conditions: tuple[Condition, ...]


def build_rules(stanzas: Stanzas) -> tuple[tuple[ContentRule, ...], list[tuple[str, Setting | None, str]]]:
    """Read the rules of props.conf, in ASCII order, and what is wrong with them: (stanza, setting, text)."""
    rules: list[ContentRule] = []
    problems: list[tuple[str, Setting | None, str]] = []
    for name in sorted(name for name in stanzas if name.startswith(KINDS)):
        conditions: list[Condition] = []
        whole, sourcetype = True, ""
        for key, setting in stanzas[name].items():
            if key == "sourcetype":
                sourcetype = setting.value
            elif key == "disabled":
                whole = whole and not as_bool(setting.value)
            elif (match := _CONDITION.match(key)) is not None:
                try:
                    conditions.append(Condition(match[1] == "MORE_THAN", float(match[2]), regex.compile(setting.value)))
                except SplError as error:
                    whole = False
                    problems.append((name, setting, error.message))
        if whole and sourcetype and conditions:
            rules.append(ContentRule(name, name.startswith("delayedrule::"), sourcetype, tuple(conditions)))
    return tuple(rules), problems


def is_condition(key: str) -> bool:
    """Say whether a setting of a rule is one of its conditions."""
    return _CONDITION.match(key) is not None


def sourcetype_by_rule(rules: Iterable[ContentRule], head: bytes, delayed: bool) -> str | None:
    """Return the sourcetype of the first rule (of the delayed ones, or of the others) that holds of a file's start."""
    chosen = [rule for rule in rules if rule.delayed is delayed]
    if not chosen:
        return None
    lines = [line for line in head.decode("utf-8", "replace").splitlines() if line.strip()]
    if not lines:
        return None
    for rule in chosen:
        if all(condition.holds(lines) for condition in rule.conditions):
            return rule.sourcetype
    return None
