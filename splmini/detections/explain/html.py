"""An explanation as HTML for notebooks and other pages; everything that comes from events or searches is escaped."""

from __future__ import annotations

from collections import Counter
from html import escape
from typing import TYPE_CHECKING

from splmini.results.pages import html_table, page

if TYPE_CHECKING:
    from splmini.detections.explain.explanation import Explanation, NearMiss, Stage

_NUMBERS = frozenset({0, 1})


def render(explanation: Explanation) -> str:
    """Return the stages with their counts, and the near misses, as HTML."""
    stages = (_stage(stage, stage is explanation.ended_at) for stage in explanation.stages)
    text = html_table(("in", "out", "command"), stages, _NUMBERS)
    if explanation.near_misses and not explanation.fired:
        alike = Counter(map(_miss, explanation.near_misses))
        text += "<div style='margin:8px 0 2px'><strong>Nearest events</strong></div>"
        misses = ((f"{count:,}", *miss) for miss, count in alike.items())
        text += html_table(("events", "clauses that hold", "refused by", "because"), misses, _NUMBERS)
    return page(text)


def _stage(stage: Stage, last: bool) -> tuple[str, str, str]:
    notes = [
        f"{clause.refused:,} refused by <code>{escape(clause.text)}</code>"
        for clause in stage.clauses
        if clause.refused
    ]
    notes += [escape(note) for note in stage.notes]
    command = f"<code>{escape(stage.command)}</code>"
    if last:
        command += " <strong style='color:#d9412b'>no row gets through</strong>"
    more = "".join(f"<div style='font-size:12px;opacity:0.85;padding-left:14px'>{note}</div>" for note in notes)
    return f"{stage.rows_in:,}", f"{stage.rows_out:,}", command + more


def _miss(miss: NearMiss) -> tuple[str, str, str]:
    origin = f" <small>from `{escape(miss.macro)}`</small>" if miss.macro else ""
    return (
        f"{miss.satisfied} of {miss.clauses}",
        f"<code>{escape(miss.refused_by)}</code>{origin}",
        escape(miss.reason),
    )
