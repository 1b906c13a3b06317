"""The linter's pages, written from the rules: `python -m splmini.detections.lint.pages docs/lint`."""

from __future__ import annotations

import sys
from pathlib import Path

from splmini.detections.lint import repository as lint_repository
from splmini.detections.lint.rules import rules
from splmini.writing import write_atomically

_REPOSITORY = (lint_repository.CODE, lint_repository.NAME, lint_repository.SEVERITY, lint_repository.TITLE)


def pages() -> dict[str, str]:
    """Return the pages by file name: one a rule, and the list of them."""
    known = rules()
    found = {f"{code}.md": rule.page() for code, rule in known.items()}
    found[f"{lint_repository.CODE}.md"] = lint_repository.PAGE
    rows = [f"| [{code}]({code}.md) | {rule.name} | {rule.severity} | {rule.title} |" for code, rule in known.items()]
    rows.append("| [{0}]({0}.md) | {1} | {2} | {3} |".format(*_REPOSITORY))
    rows.sort()
    head = ["# What `splmini lint` looks for", "", "| code | name | severity | what |", "|---|---|---|---|"]
    return {"index.md": "\n".join([*head, *rows]) + "\n", **found}


def write(folder: str | Path) -> None:
    """Write the pages into a folder."""
    for name, text in pages().items():
        write_atomically(Path(folder, name), text)


if __name__ == "__main__":
    write(sys.argv[1])
