"""SPL3xx: what stands in values: wildcards, backslashes, stars."""

from __future__ import annotations

import re
from collections.abc import Iterator

from splmini.detections.lint.rules import Found, Subject, rule
from splmini.detections.lint.rules.flow import is_search
from splmini.detections.lint.rules.subject import within
from splmini.language import tree
from splmini.values.texts import shortened

_BREAKS = re.compile(r"[\s\[\]<>(){}|!;,'\"&?+\\/:=@.\-_$%#]+")
_STAR = re.compile(r"(?<!\\)(?:\\\\)*\\\*")
_LONE = re.compile(r'(?<!\\)(?:\\\\)*\\(?![\\"*])')


@rule(
    "SPL301",
    "leading-wildcard",
    "A value begins with a wildcard",
    severity="info",
    bad=("index=a *admin", "index=a user=*admin"),
    good=("index=a admin*", "index=a path=*\\\\admin.exe", "index=a user=*"),
)
def leading_wildcard(subject: Subject) -> Iterator[Found]:
    """A word that begins with `*` cannot be looked up in the index: Splunk has to read every event of the time range.
    A value in which a word begins with a letter (`*\\\\cmd*`) is found by that word and not reported; nor are the
    conditions of tstats, which reads values and not words.

    Source: https://docs.splunk.com/Documentation/Splunk/latest/Search/Wildcards
    """
    for flow in subject.flows:
        first = flow.stages[0].command
        if not is_search(first):
            continue
        for node in (each for arg in first.args for each in within(arg)):
            if isinstance(node, tree.Term):
                value = node.text
            elif isinstance(node, tree.FieldComparison) and node.op == "=":
                value = node.value
            else:
                continue
            words = [word for word in _BREAKS.split(value) if word]
            if value[:1] == "*" and any(word.strip("*") for word in words) and all(word[0] == "*" for word in words):
                message = f"'{value}' begins with a wildcard: no index helps to find it."
                yield Found(message, node.span, "Begin it with a letter, or narrow the search by whole words.")


@rule(
    "SPL302",
    "unescaped-backslash",
    "A single backslash in a quoted value",
    severity="info",
    bad=('index=a path="C:\\Windows\\x.exe"', 'index=a | eval p="C:\\Windows"'),
    good=('index=a path="C:\\\\Windows\\\\x.exe"', 'index=a | where match(p, "\\d+")'),
)
def unescaped_backslash(subject: Subject) -> Iterator[Found]:
    """In quotes a backslash escapes: `\\\\` is one backslash and `\\"` a quotation mark. A single one before another
    character stays as it is today, and breaks as soon as a quote, a star or another backslash follows. Regular
    expressions (match, replace, rex, regex) are not looked at.

    Source: https://docs.splunk.com/Documentation/Splunk/latest/Search/Backslashescapes
    """
    skipped = _regex_nodes(subject)
    for node in subject.each(tree.FieldComparison, tree.Term, tree.String):
        raw = subject.written(node)
        if id(node) in skipped or not getattr(node, "quoted", True) or '"' not in raw:
            continue
        if _LONE.search(raw) and not _STAR.search(raw):
            yield Found(f"A single backslash in {shortened(raw, 60)}.", node.span, "Write two backslashes for one.")


_PATTERNED = frozenset({"match", "replace", "mvfind", "like", "printf", "strptime", "strftime"})
"""Functions in whose arguments a backslash is a pattern's."""


def _regex_nodes(subject: Subject) -> set[int]:
    return {id(arg) for call in subject.each(tree.Call) if call.name in _PATTERNED for arg in call.args}


@rule(
    "SPL303",
    "escaped-star",
    "search cannot escape a star",
    bad=('index=a name="a\\*b"',),
    good=('index=a | where match(name, "a\\*b")', 'index=a path="C:\\\\temp\\\\*"', "index=a path=*\\\\x"),
)
def escaped_star(subject: Subject) -> Iterator[Found]:
    """In search `*` is always a wildcard; a backslash before it does not make it the character. To look for a star
    use where with `=`, `match()` or the regex command. Where a wildcard is meant after a backslash, write two
    backslashes.

    Source: https://docs.splunk.com/Documentation/Splunk/latest/Search/Wildcards
    """
    for node in subject.conditions():
        if isinstance(node, (tree.FieldComparison, tree.Term)) and node.quoted:
            raw = subject.written(node)
            if _STAR.search(raw):
                yield Found(
                    f"The backslash before '*' in {shortened(raw, 60)} does not make it a star.",
                    node.span,
                    "Use where, match() or regex for a star; write two backslashes before a wildcard.",
                )
