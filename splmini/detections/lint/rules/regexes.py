"""SPL5xx: regular expressions that run away, capture nothing, or whose captures are never used."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from splmini.detections.lint.rules import Found, Subject, rule
from splmini.detections.lint.rules.subject import hazards
from splmini.language import tree


@rule(
    "SPL501",
    "runaway-regex",
    "A regular expression that can run away",
    bad=('index=a | rex "(?<x>(a+)+)b"', 'index=a | where match(x, "^(\\w+\\s?)*$")'),
    good=('index=a | rex "(?<x>(a+,)+)b"', 'index=a | where match(x, "^(\\w+\\s)*$")', 'index=a | regex x="(?>a+)+b"'),
)
def runaway_regex(subject: Subject) -> Iterator[Found]:
    """A repeated group in which an unbounded repetition is the only thing that has to match can split a text in
    exponentially many ways. On a text that nearly matches, the engine tries all of them, until its match limit ends it
    and the event counts as not matching. Make the group atomic `(?>…)`, or the parts exclusive."""
    for node in _all_patterns(subject):
        text = node.value if isinstance(node, tree.String) else getattr(node, "text", "")
        if runs_away(text):
            yield Found(
                "A repetition inside a repetition can run away.",
                node.span,
                "Repeat one of them only, or use an atomic group (?>…).",
            )


def _all_patterns(subject: Subject) -> Iterator[tree.Node]:
    for command, spec in subject.commands():
        yield from (word for _, word in spec.patterns(command))
    for call in subject.each(tree.Call):
        if call.name in ("match", "replace") and len(call.args) > 1 and isinstance(call.args[1], tree.String):
            yield call.args[1]


@dataclass
class _Branch:
    """One alternative of a group, while it is read."""

    unbounded: bool = False
    mandatory: bool = False
    atomic: bool = False
    ambiguous: bool = False
    """True where an alternative that ended can match in many ways."""

    def end(self) -> None:
        self.ambiguous = self.ambiguous or (self.unbounded and not self.mandatory)
        self.unbounded = self.mandatory = False


def runs_away(pattern: str) -> bool:
    """Say whether an unbounded group consists of an unbounded repetition and nothing else that has to match."""
    stack, position = [_Branch()], 0
    while position < len(pattern):
        start, character = position, pattern[position]
        position += 1
        if character == "(":
            head = pattern[position : position + 3]
            stack.append(_Branch(atomic=head.startswith(("?>", "?=", "?!", "?<=", "?<!"))))
            if head.startswith("?"):
                position = _behind_head(pattern, position)
            continue
        if character == "|":
            stack[-1].end()
            continue
        group = None
        if character == ")" and len(stack) > 1:
            group = stack.pop()
            group.end()
        elif character == "\\":
            position += 1
        elif character == "[":
            position = _behind_class(pattern, start)
        elif character in "^$":
            continue
        least, unbounded, position = _quantifier(pattern, position)
        if group is not None and unbounded and group.ambiguous and not group.atomic:
            return True
        ambiguous = group is not None and group.ambiguous and not group.atomic
        if unbounded or ambiguous:
            stack[-1].unbounded = True
        elif least:
            stack[-1].mandatory = True
    return False


def _behind_head(pattern: str, position: int) -> int:
    """Behind `?:`, `?<name>`, `?P<name>`, `?i:` and the like."""
    for opening, closing in (("?<", ">"), ("?P<", ">"), ("?'", "'")):
        if pattern.startswith(opening, position) and pattern[position + 2 : position + 3] not in "=!":
            end = pattern.find(closing, position + len(opening))
            return end + 1 if end >= 0 else len(pattern)
    position += 1
    while position < len(pattern) and (pattern[position].isalpha() or pattern[position] in "-:=!<>^"):
        position += 1
        if pattern[position - 1] in ":=!>":
            break
    return position


def _behind_class(pattern: str, start: int) -> int:
    position = start + 1
    if pattern[position : position + 1] == "^":
        position += 1
    if pattern[position : position + 1] == "]":
        position += 1
    while position < len(pattern) and pattern[position] != "]":
        if pattern[position] == "\\":
            position += 1
        elif pattern.startswith("[:", position):
            end = pattern.find(":]", position)
            position = end + 1 if end > 0 else position
        position += 1
    return position + 1


def _quantifier(pattern: str, position: int) -> tuple[int, bool, int]:
    """Return (least, unbounded, behind it) of the quantifier at a position; possessive ones cannot be taken back."""
    least, unbounded = 1, False
    following = pattern[position : position + 1]
    if following in ("*", "+", "?") and following:
        least, unbounded = (1 if following == "+" else 0), following != "?"
        position += 1
    elif following == "{":
        end = pattern.find("}", position)
        parts = pattern[position + 1 : end].split(",") if end > 0 else [""]
        if not parts[0].strip().isdigit():
            return 1, False, position
        least, unbounded = min(int(parts[0]), 1), len(parts) == 2 and not parts[1].strip()
        position = end + 1
    else:
        return least, unbounded, position
    if pattern[position : position + 1] == "+":
        return least, False, position + 1
    if pattern[position : position + 1] == "?":
        position += 1
    return least, unbounded, position


@rule(
    "SPL502",
    "captures-nothing",
    "rex without a named group",
    severity="error",
    bad=('index=a | rex field=x "user=(\\w+)"',),
    good=('index=a | rex field=x "user=(?<user>\\w+)"', 'index=a | rex field=x mode=sed "s/a/b/"'),
)
def captures_nothing(subject: Subject) -> Iterator[Found]:
    """rex makes fields of named groups `(?<name>…)` only. To filter, use regex.

    Source: https://docs.splunk.com/Documentation/Splunk/latest/SearchReference/Rex
    """
    yield from hazards(subject, "SPL502")
