"""Why a search found nothing, in a line: the stage where the last rows went, and what says most about it."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from splmini.values.texts import shortened

if TYPE_CHECKING:
    from splmini.detections.explain.explanation import Explanation, Stage


def reason(explanation: Explanation) -> str:
    """Return why the search of an explanation has no rows."""
    stage = explanation.ended_at
    if stage is None:
        return "there is no row"
    command = shortened(" ".join(stage.command.split()), 80)
    if stage is explanation.stages[0]:
        noted = "; ".join(stage.notes)
        return noted or ("there are no events" if not stage.rows_in else f"nothing comes from '{command}'")
    refused = _refused(explanation, stage)
    if refused is not None:
        return refused
    noted = "; ".join(stage.notes)
    return noted or f"'{command}' lets none of {stage.rows_in:,} rows through"


def _refused(explanation: Explanation, stage: Stage) -> str | None:
    """What the clauses of a filter say: the one that the most rows fail first, and why the nearest of them does."""
    refusing = [clause for clause in stage.clauses if clause.refused]
    if not refusing:
        return None
    texts = {clause.text for clause in refusing}
    reasons = Counter((miss.refused_by, miss.reason) for miss in explanation.near_misses if miss.refused_by in texts)
    text, why = next(iter(reasons), (max(refusing, key=lambda clause: clause.refused).text, ""))
    count = next(clause.refused for clause in refusing if clause.text == text)
    told = f"{shortened(' '.join(text.split()), 80)} refuses {count:,} of {stage.rows_in:,} rows"
    return f"{told}, and in the nearest {why}" if why else told
