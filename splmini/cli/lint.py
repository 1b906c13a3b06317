"""`splmini lint`: what is wrong, surprising or slow in searches and detections."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import click

from splmini.cli import _shared as shared
from splmini.cli._output import say

if TYPE_CHECKING:
    from splmini import Issue

SUFFIXES = (".spl", ".yml", ".yaml")


@click.command("lint")
@click.argument("paths", nargs=-1, type=click.Path())
@click.option(
    "--format",
    "form",
    type=click.Choice(["text", "json", "sarif", "github"]),
    default="text",
    help="How to show the findings.",
)
@click.option("--select", multiple=True, metavar="CODES", help="Only these rules: codes or their beginnings (SPL2).")
@click.option("--ignore", multiple=True, metavar="CODES", help="Not these rules.")
@click.option("--explain", metavar="CODE", help="Show the page of a rule and end.")
@shared.environment_options
def command(
    paths: tuple[str, ...],
    form: str,
    select: tuple[str, ...],
    ignore: tuple[str, ...],
    explain: str | None,
    **settings: Any,
) -> None:
    """Lint the detections (.yml) and searches (.spl) in PATHS; a folder means those below it, - standard input.

    A search silences rules by a comment, ```noqa: SPL301```; a project by [tool.splmini.lint] in pyproject.toml or
    [lint] in .splmini.toml or .splmini.cfg, with select and ignore.
    """
    import splmini

    if explain is not None:
        say(_page(explain.upper()))
        return
    if not paths:
        raise click.UsageError("Missing argument 'PATHS...'.")
    given = shared.environment_settings(settings)
    environments: dict[Path | None, Any] = {}
    issues = []
    files = _files(paths)
    for path in files:
        if path == "-":
            issues += _of_standard_input(splmini.Environment(**given), select, ignore)
            continue
        root = splmini.bench.repository_of(path)
        if root not in environments:
            environments[root] = splmini.Environment(**splmini.bench.repository_settings(path, given))
        issues += splmini.lint_file(path, environments[root], select=_codes(select), ignore=_codes(ignore))
    for path in filter(os.path.isdir, paths):
        issues += splmini.lint_repository(path, select=_codes(select), ignore=_codes(ignore))
    say(_FORMS[form](issues), nl=False, data=form in ("json", "sarif"))
    if form == "text":
        say(_counted(len(files), len(issues)), err=True)
    sys.exit(1 if issues else 0)


def _of_standard_input(env: Any, select: tuple[str, ...], ignore: tuple[str, ...]) -> list[Issue]:
    """Lint what comes on standard input: a detection where it has a search as YAML has, else a search."""
    import splmini

    text = sys.stdin.read()
    with TemporaryDirectory() as folder:  # findings are placed in a file
        file = Path(folder) / ("stdin.yml" if _has_search(text.encode()) else "stdin.spl")
        file.write_text(text, "utf-8")
        found = splmini.lint_file(file, env, select=_codes(select), ignore=_codes(ignore))
    return [replace(issue, path=_STANDARD_INPUT) for issue in found]


_STANDARD_INPUT = "<stdin>"


def _counted(files: int, findings: int) -> str:
    """The last line: what was looked at, and what there is to say."""
    found = f"{findings:,} finding{'' if findings == 1 else 's'}" if findings else "nothing to complain about"
    return f"{found} in {files:,} file{'' if files == 1 else 's'}"


def _codes(given: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(code for each in given for code in each.replace(",", " ").split())


def _files(paths: tuple[str, ...]) -> list[str]:
    import splmini

    found: list[str] = []
    for name in paths:
        path = Path(name)
        if name == "-":
            found.append(name)
        elif path.is_dir():
            below = (each for each in shared.files_below(path, SUFFIXES) if ".test." not in each.name)
            found.extend(str(each) for each in below if each.suffix == ".spl" or _is_detection(each))
        elif path.is_file():
            if not splmini.bench.is_case_file(path):  # a hook names the cases along with the detections
                found.append(name)
        else:
            raise click.UsageError(f"There is no file or folder '{name}'.")
    return found


def _is_detection(path: Path) -> bool:
    """Say whether a YAML file has a search, as macros, lookups and data sources have not."""
    return _has_search(path.read_bytes())


def _has_search(content: bytes) -> bool:
    return b"\nsearch:" in b"\n" + content


def _page(code: str) -> str:
    import splmini

    rule = splmini.lint_rules().get(code)
    if rule is None:
        raise click.UsageError(f"No rule has the code '{code}'.")
    return rule.page()


# ---- forms -----------------------------------------------------------------------------------------------------------


def _text(issues: list[Issue]) -> str:
    return "".join(f"{issue}\n" for issue in issues)


def _json(issues: list[Issue]) -> str:
    return json.dumps([_entry(issue) for issue in issues], indent=2, ensure_ascii=False) + "\n"


def _entry(issue: Issue) -> dict[str, Any]:
    line, column = issue.position or (1, 1)
    return {
        "path": issue.path,
        "line": line,
        "column": column,
        "code": issue.code,
        "severity": issue.severity,
        "message": issue.message,
        "fix": issue.fix,
        "name": issue.name,
    }


_LEVELS = {"error": "error", "warning": "warning", "info": "note"}
"""The severities, as SARIF names them."""


def _sarif(issues: list[Issue]) -> str:
    """SARIF 2.1.0: https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html"""
    import splmini

    rules: list[dict[str, Any]] = [
        {
            "id": rule.code,
            "name": rule.name,
            "shortDescription": {"text": rule.title},
            "fullDescription": {"text": " ".join(rule.doc.split())},
            "defaultConfiguration": {"level": _LEVELS[rule.severity]},
        }
        for rule in splmini.lint_rules().values()
    ]
    known = {rule["id"] for rule in rules}
    rules += [{"id": code} for code in sorted({issue.code for issue in issues} - known)]
    driver = {"name": "splmini", "version": splmini.__version__, "rules": rules}
    log = {
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [
            {
                "tool": {"driver": driver},
                "columnKind": "unicodeCodePoints",
                "results": [_result(issue) for issue in issues],
            }
        ],
    }
    return json.dumps(log, indent=2, ensure_ascii=False) + "\n"


def _result(issue: Issue) -> dict[str, Any]:
    line, column = issue.position or (1, 1)
    return {
        "ruleId": issue.code,
        "level": _LEVELS[issue.severity],
        "message": {"text": issue.message + (f" {issue.fix}" if issue.fix else "")},
        "locations": [
            {
                "physicalLocation": {
                    "artifactLocation": {"uri": _uri(issue.path)},
                    "region": {"startLine": line, "startColumn": column},
                }
            }
        ],
    }


def _uri(path: str) -> str:
    """A path as SARIF has it: a URI, relative where the path is."""
    named = Path(path)
    return named.as_uri() if named.is_absolute() else quote(named.as_posix())


_ANNOTATIONS = {"error": "error", "warning": "warning", "info": "notice"}
"""The severities, as GitHub's workflow commands name them."""


def _github(issues: list[Issue]) -> str:
    return "".join(map(_annotation, issues))


def _annotation(issue: Issue) -> str:
    line, column = issue.position or (1, 1)
    text = _escaped(issue.message + (f" {issue.fix}" if issue.fix else ""))
    where = f"file={_escaped(Path(issue.path).as_posix(), ':,')},line={line},col={column},title={issue.code}"
    return f"::{_ANNOTATIONS[issue.severity]} {where}::{text}\n"


def _escaped(text: str, more: str = "") -> str:
    """Escape what workflow commands use themselves."""
    for character in "%\r\n" + more:
        text = text.replace(character, f"%{ord(character):02X}")
    return text


_FORMS: dict[str, Callable[[list[Issue]], str]] = {"text": _text, "json": _json, "sarif": _sarif, "github": _github}
