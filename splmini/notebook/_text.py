"""Results in a terminal's IPython: a table, as the shell shows it."""

from __future__ import annotations

from typing import Any

import splmini

SHOWN = 40


def show(results: Any, printer: Any, cycle: bool) -> None:
    """Print results; IPython calls it where it shows text alone."""
    printer.text(table(results))


def table(results: Any) -> str:
    """Return the first rows as a table, times readable, with what is left and what the run had to tell."""
    view = results.view
    rows = view.timed(results[:SHOWN])
    lines = [splmini.Results(rows, results.fields).to_table()] if rows else []
    left = len(results) - SHOWN
    more = f", {left:,} not shown" if left > 0 else ""
    ended = "" if results.complete else ", ended early"
    lines.append(f"{len(results):,} row{'' if len(results) == 1 else 's'}{more}{ended}")
    lines += [f"{each.level}: {each.text}" for each in results.messages if each.level != "info"]
    return "\n".join(lines)
