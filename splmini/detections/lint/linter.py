"""The linter: what is wrong, surprising or slow in a search or a detection, each finding with its place and its fix.

A search silences rules with a comment: ```` ```noqa: SPL301``` ```` (several codes, separated by commas or blanks) or
all of them with ```` ```noqa``` ````.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from splmini.boundary import boundary
from splmini.detections.content import DataSource, data_sources_beside
from splmini.detections.detection import Detection
from splmini.detections.lint import repository as lint_repository_rule
from splmini.detections.lint.config import config_for
from splmini.detections.lint.positions import Places
from splmini.detections.lint.rules import Found, Rule, Subject, rules
from splmini.engine.services import services_of
from splmini.errors import ArgumentError, KnowledgeError, MissingDatabase, SplError, UnsupportedFeature, did_you_mean
from splmini.language import parser

if TYPE_CHECKING:
    from splmini.environment import Environment


@dataclass(frozen=True)
class Issue:
    """A finding: `code` and `name` of the rule, what it says, where, how bad (error, warning, info), how to mend it.

    `position` is (line, column), both from 1, in the text as the user wrote it: the search, or for a detection that was
    loaded from a file that file, which is `path`.
    """

    code: str
    message: str
    position: tuple[int, int] | None = None
    severity: str = "warning"
    fix: str | None = None
    name: str | None = None
    path: str = ""

    def __str__(self) -> str:
        line, column = self.position or (1, 1)
        where = f"{self.path}:{line}:{column}" if self.path else f"line {line}, column {column}"
        return f"{where}: {self.code} {self.message}" + (f" {self.fix}" if self.fix else "")


_COMMENT = re.compile(r"```(.*?)```", re.DOTALL)
_NOQA = re.compile(r"\s*#?\s*noqa\b\s*(?::\s*(.*))?", re.DOTALL | re.IGNORECASE)


@boundary("Linting")
def lint(
    what: str | Detection,
    env: Environment | None = None,
    *,
    select: Iterable[str] = (),
    ignore: Iterable[str] = (),
    data_sources: Mapping[str, DataSource] | None = None,
) -> list[Issue]:
    """Find what a rule author would want to know about a search or a detection, in the order of the text.

    Args:
        what: a search, or a `Detection`.
        env: the environment whose macros, lookups and data models count; the default one otherwise.
        select: codes of rules, or their beginnings (`SPL2`): only these.
        ignore: codes, or their beginnings: not these.
        data_sources: what fields the data sources have that a detection names, as `Content.data_sources`; those of the
            repository that the detection's file stands in otherwise. Without, nothing is said of raw events' fields.

    Raises:
        SplError: ArgumentError for a code that no rule has. What is wrong with the search is an issue, never an error.

    >>> [issue.code for issue in lint('index=web user!="*"')]
    ['SPL201']
    """
    if env is None:
        from splmini import Environment

        env = Environment()
    detection = what if isinstance(what, Detection) else None
    text = detection.search if detection is not None else str(what)
    chosen = _chosen(tuple(select), (*ignore, *_silenced(text)))
    subject = _subject(text, env, detection, data_sources)
    places = Places(text, detection)
    issues = [
        issue
        for rule in chosen
        for found in rule.check(subject)
        if (issue := _issue(rule, found, subject, places)) is not None
    ]
    return sorted(dict.fromkeys(issues), key=_order)


def _order(issue: Issue) -> tuple[tuple[int, int], str, str]:
    return issue.position or (0, 0), issue.code, issue.message


def _subject(
    text: str, env: Any, detection: Detection | None, data_sources: Mapping[str, DataSource] | None
) -> Subject:
    if data_sources is None:
        data_sources = data_sources_beside(detection.path) if detection is not None else {}
    subject = Subject(text, env, detection, data_sources)
    try:
        search = env.compile(text)
        subject.pipeline, subject.source = search.tree, search.source
    except SplError as error:
        if not isinstance(error, (UnsupportedFeature, MissingDatabase)):  # a valid search that only Splunk can run
            subject.error = error
        with suppress(SplError):  # the same one, where it is about the syntax
            subject.pipeline, subject.source = parser.parse_source(text, env.macros, services_of(env).command_names())
    return subject


def _issue(rule: Rule, found: Found, subject: Subject, places: Places) -> Issue | None:
    if found.place is not None:
        position = found.place
    elif found.key is not None:
        position = places.of_key(found.key, found.name if found.item else None)
    elif found.offset is not None:
        position = places.of_offset(found.offset)
    else:
        assert found.span is not None
        if subject.source is None or subject.from_macro(found.span):
            return None  # the macro's author may hear of it, not this search's
        position = places.of_offset(subject.source.user_offset(found.span.start))
    path = subject.detection.path if subject.detection is not None else ""
    return Issue(rule.code, found.message, position, rule.severity, found.fix, found.name or rule.name, path)


# ---- choosing rules --------------------------------------------------------------------------------------------------


def _chosen(select: tuple[str, ...], ignore: tuple[str, ...]) -> list[Rule]:
    known = rules()
    for code in (*select, *ignore):
        if not any(each.startswith(code.upper()) for each in (*known, lint_repository_rule.CODE)) and code:
            raise ArgumentError(f"No rule has the code '{code}'.", name=code, hint=did_you_mean(code.upper(), known))
    return [
        rule
        for code, rule in known.items()
        if (not select or _named(code, select)) and not (ignore and _named(code, ignore))
    ]


def _silenced(text: str) -> Iterator[str]:
    """Yield the codes that comments of the search silence; the empty code is all of them."""
    for comment in _COMMENT.finditer(text):
        match = _NOQA.match(comment.group(1))
        if match is not None:
            codes = re.findall(r"SPL\d+", match.group(1) or "", re.IGNORECASE)
            known = rules()
            yield from (code for code in codes if any(each.startswith(code.upper()) for each in known))
            if match.group(1) is None:
                yield ""


@boundary("Linting the file")
def lint_file(
    path: str | Path, env: Environment | None = None, *, select: Iterable[str] = (), ignore: Iterable[str] = ()
) -> list[Issue]:
    """Lint a file: a detection (.yml, .yaml) or a search (any other); the project's configuration counts.

    `select` replaces what the configuration selects, `ignore` adds to what it ignores. A file that cannot be loaded is
    an issue SPL000 of its own.
    """
    config = config_for(path)
    chosen = tuple(select) or config.select
    ignored = (*config.ignore, *ignore)
    try:
        what = Detection.load(path) if Path(path).suffix in (".yml", ".yaml") else Path(path).read_text("utf-8-sig")
    except KnowledgeError as error:
        return [Issue("SPL000", error.message, error.position or (1, 1), "error", error.hint, "unreadable", str(path))]
    except (OSError, UnicodeDecodeError) as error:
        message = f"The file cannot be read: {error}."
        return [Issue("SPL000", message, (1, 1), "error", None, "unreadable", str(path))]
    issues = lint(what, env, select=chosen, ignore=ignored)
    return [replace(issue, path=str(path)) for issue in issues]


@boundary("Linting the repository")
def lint_repository(folder: str | Path, *, select: Iterable[str] = (), ignore: Iterable[str] = ()) -> list[Issue]:
    """Find what only a whole repository shows: macros that nothing in it calls (SPL005). None for any other folder."""
    config = config_for(folder)
    chosen, ignored = tuple(select) or config.select, (*config.ignore, *ignore)
    if (chosen and not _named(lint_repository_rule.CODE, chosen)) or _named(lint_repository_rule.CODE, ignored):
        return []
    return [
        Issue(
            lint_repository_rule.CODE,
            f"Nothing calls the macro '{name}'.",
            position,
            lint_repository_rule.SEVERITY,
            "Remove it, or call it.",
            name,
            str(path),
        )
        for path, name, position in lint_repository_rule.unused_macros(folder)
    ]


def _named(code: str, prefixes: Iterable[str]) -> bool:
    return code.startswith(tuple(each.upper() for each in prefixes))


def lint_rules() -> Mapping[str, Rule]:
    """Return the rules by code, for those who show them (the command line, the pages)."""
    return rules()


__all__ = ["Issue", "lint", "lint_file", "lint_repository", "lint_rules"]
