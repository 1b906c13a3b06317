"""What `tstats … from datamodel=` does with events: which are in the dataset, which clauses of where they satisfy."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from splmini.detections.explain.clauses import clauses_of
from splmini.language import tree
from splmini.operators import ALL, Operator, Request, Row

if TYPE_CHECKING:
    from splmini.engine.context import Run


def tstats_rows(run: Run, node: tree.Command) -> tuple[tree.Node | None, list[Row]]:
    """Return the where-clause of a tstats command and the rows of its dataset before it, fields prefixed."""
    where: tuple[tree.Node, ...] = ()
    dataset = dataset_of(node)
    for clause in node.args:
        if isinstance(clause, tree.Clause) and clause.keyword == "where":
            where = clause.items
    predicate = None if not where else where[0] if len(where) == 1 else tree.And(where)
    if dataset is None:
        return predicate, list(run.scan(Request()).rows())
    stream = run.apps.dataset(dataset.text, dataset.span).rows(run, ALL, True)
    return predicate, list(stream.rows())


def _why_empty(explainer: Any, node: tree.Command) -> Iterator[str]:
    """Why no event is in the dataset of a tstats command."""
    from splmini.detections.explain.dataset import dataset_notes

    word = dataset_of(node)
    if word is not None:
        environment = explainer.compiled.environment
        yield from dataset_notes(explainer.run, environment.knowledge, explainer.run.apps.dataset(word.text, word.span))


def dataset_of(node: tree.Command) -> tree.Word | None:
    """Return the dataset that a tstats command reads; None where it reads events."""
    for clause in node.args:
        if isinstance(clause, tree.Clause) and clause.keyword == "from":
            for item in clause.items:
                if isinstance(item, tree.Option) and isinstance(item.value, tree.Word):
                    return item.value
    return None


def explain_tstats(explainer: Any, operator: Operator) -> list[Row]:
    """Explain a leading tstats: the dataset, the where-clause clause by clause, the rows that it gives."""
    from splmini.commands.arguments.notes import by_notes
    from splmini.detections.explain.explanation import ClauseCount, Stage, by_fields

    run, node = explainer.run, operator.node
    assert isinstance(node, tree.Command)
    predicate, rows = tstats_rows(run, node)
    reading = Stage("events in the dataset", explainer.position(operator.span))
    reading.rows_in, reading.rows_out = run.scanned, len(rows)
    explainer.explanation.stages.append(reading)
    if run.scanned and not rows:
        reading.notes.extend(_why_empty(explainer, node))
    if predicate is not None:
        stage = Stage("where", explainer.position(predicate.span))
        explainer.explanation.stages.append(stage)
        clauses = []
        for clause in clauses_of(run.expanded(predicate)):
            count = ClauseCount(str(clause), explainer.position(clause.span), explainer.macro(clause.span))
            clauses.append((count, clause, run.predicate(clause)))
        rows = explainer.filtered(stage, clauses, rows)
    stage = explainer.new_stage(operator)
    stage.rows_in = len(rows)
    filled = any(isinstance(arg, tree.Option) and arg.name == "fillnull_value" for arg in node.args)
    if not filled:
        stage.notes = list(by_notes([word.text for word in by_fields(node)], rows))
    result: list[Row] = explainer.after(operator, None)
    stage.rows_out = len(result)
    return result
