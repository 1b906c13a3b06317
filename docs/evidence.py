"""What the cases of tests/cases rest on, for `faithful.md` and the page of what was measured: their own `confidence`
and `source`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

from reference_cases import CASES, cases, outcome, search
from reference_text import cell, table

import splmini

CONFIDENCES = splmini.bench.CONFIDENCES

MARK = "<!-- evidence -->"
"""Where in a page the table stands."""

KINDS = {
    "commands": "commands",
    "eval": "eval functions",
    "stats": "stats functions",
    "search": "the search language",
    "macros": "macros",
    "errors": "what is refused",
    "logs": "how logs become events",
    "knowledge": "fields of logs",
}


def known() -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Yield (folder, file, case) of every case."""
    for path in sorted(CASES.rglob("*.yaml")):
        for case in cases(path):
            yield path.relative_to(CASES).parts[0], path.relative_to(CASES).as_posix(), case


def confidence(case: dict[str, Any]) -> str:
    """Return what a case rests on; what it does not say is documented."""
    return str(case.get("confidence", "documented"))


def evidence() -> str:
    """Return the table of how many cases of each kind were measured, are documented, or are reported."""
    counts = Counter((folder, confidence(case)) for folder, _, case in known())
    found = {folder for folder, _ in counts}
    folders = [*(folder for folder in KINDS if folder in found), *sorted(found - KINDS.keys())]
    rows = [[KINDS.get(folder, folder), *(f"{counts[folder, each]:,}" for each in CONFIDENCES)] for folder in folders]
    totals = [f"**{sum(counts[folder, each] for folder in folders):,}**" for each in CONFIDENCES]
    return table(["cases of", *CONFIDENCES], [*rows, ["all", *totals]])


def measured_page() -> str:
    """Return the page of every rule that was measured or reported, with where."""
    parts = [
        "# What was measured",
        "",
        "The cases of `tests/cases` that rest on something else than a page of Splunk's documentation: what a Splunk",
        "of the version named was seen to answer and, behind that, what users report, with the answer that they show.",
        "[How faithful](../faithful.md) says what that is worth, [On a real Splunk](../guides/verify.md) how to add to",
        "it.",
    ]
    for wanted, title in (("measured", "Measured on a Splunk"), ("reported", "Reported by its users")):
        rows = [
            [cell(case["name"]), search(case), outcome(case), _source(case)]
            for _, _, case in known()
            if confidence(case) == wanted and ("spl" in case or "expression" in case)
        ]
        if rows:
            parts += ["", f"## {title}", "", table(["rule", "search", "outcome", "where"], rows)]
    return "\n".join(parts) + "\n"


def _source(case: dict[str, Any]) -> str:
    source = str(case.get("source", ""))
    return f"<{source}>" if source.startswith("https://") and " " not in source else cell(source)
