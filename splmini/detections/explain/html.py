"""An explanation as HTML for notebooks; everything that comes from events or searches is escaped."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from splmini.detections.explain.explanation import Explanation, NearMiss, Stage

_STYLE = (
    "<style>.splmini-explain{border-collapse:collapse;font-size:13px}.splmini-explain td,.splmini-explain th"
    "{text-align:left;padding:3px 10px;border-bottom:1px solid rgba(128,128,128,.35);vertical-align:top}"
    ".splmini-explain td.n{text-align:right;font-variant-numeric:tabular-nums}.splmini-explain tr.end td"
    "{background:rgba(220,60,60,.12)}.splmini-explain small{opacity:.8}</style>"
)


def render(explanation: Explanation) -> str:
    """Return the stages with their counts, and the near misses, as HTML."""
    stages = "".join(_stage(stage, stage is explanation.ended_at) for stage in explanation.stages)
    head = "<tr><th>in</th><th>out</th><th>command</th></tr>"
    text = f"{_STYLE}<table class='splmini-explain'>{head}{stages}</table>"
    if explanation.near_misses and not explanation.fired:
        misses = "".join(_miss(miss) for miss in explanation.near_misses)
        head = "<tr><th>clauses</th><th>refused by</th><th>because</th></tr>"
        text += f"<p>Nearest events</p><table class='splmini-explain'>{head}{misses}</table>"
    return text


def _stage(stage: Stage, last: bool) -> str:
    notes = [
        f"{clause.refused:,} refused by <code>{escape(clause.text)}</code>"
        for clause in stage.clauses
        if clause.refused
    ]
    notes += [escape(note) for note in stage.notes]
    more = "".join(f"<br><small>{note}</small>" for note in notes)
    kind = " class='end'" if last else ""
    counts = f"<td class='n'>{stage.rows_in:,}</td><td class='n'>{stage.rows_out:,}</td>"
    return f"<tr{kind}>{counts}<td><code>{escape(stage.command)}</code>{more}</td></tr>"


def _miss(miss: NearMiss) -> str:
    origin = f" <small>from `{escape(miss.macro)}`</small>" if miss.macro else ""
    return (
        f"<tr><td class='n'>{miss.satisfied} of {miss.clauses}</td>"
        f"<td><code>{escape(miss.refused_by)}</code>{origin}</td>"
        f"<td>{escape(miss.reason)}</td></tr>"
    )
