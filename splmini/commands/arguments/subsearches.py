"""What commands with subsearches share: reading them, running them within their limit, joining column orders."""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterator, Mapping, Sequence
from collections.abc import Sequence as SequenceOf

from splmini.commands.arguments.reading import Arguments, fail
from splmini.language import tree
from splmini.operators import Batch, Columns, Row, RunContext, Stream, batched
from splmini.registry import BuildScope, Hazard, find_command


def one_subsearch(arguments: Arguments, scope: BuildScope) -> tree.Subsearch:
    """Return the single subsearch of a command, which is built so that its mistakes are found at compile time."""
    found = arguments.subsearches
    if not found:
        arguments.fail(f"{arguments.command.name} needs a subsearch in square brackets.")
    if len(found) > 1:
        arguments.fail(f"{arguments.command.name} takes one subsearch.", found[1])
    scope.build(found[0].pipeline)
    return found[0]


def dataset(word: tree.Word, node: tree.Command, scope: BuildScope, kinds: Mapping[str, str]) -> tree.Subsearch:
    """Return a dataset (`kind:name`) as the subsearch that gives its rows: the command of its kind with the name."""
    kind, _, name = word.text.partition(":")
    made = kinds.get(kind.lower())
    if made is None:
        *others, last = sorted(kinds)
        fail(node, f"'{kind}' is no kind of dataset.", word, f"Kinds are {', '.join(others)} and {last}.")
    text = word.text if made == "from" else name
    command = tree.Command(made, (tree.Word(text, span=word.span),), span=word.span)
    subsearch = tree.Subsearch(tree.Pipeline((command,), True), span=word.span)
    scope.build(subsearch.pipeline)
    return subsearch


def newest_first(streams: Sequence[Stream]) -> Stream:
    """Merge events by their time, newest first; those without a time keep the order of the streams."""

    def rows() -> Iterator[Row]:
        return heapq.merge(*(stream.rows() for stream in streams), key=_newest)

    return Stream(batched(rows()), all_columns(*streams))


def _newest(row: Row) -> float:
    moment = row.get("_time")
    return -moment if isinstance(moment, (int, float)) else 0.0


def limited(ctx: RunContext, subsearch: tree.Subsearch, limit: int, command: str, setting: str) -> Stream:
    """Run a subsearch; give at most `limit` rows (0: all). A message that names `setting` says where that cut."""
    stream = ctx.run(subsearch.pipeline)

    def batches() -> Iterator[Batch]:
        left = limit
        for batch in stream.batches:
            ctx.check()
            if limit and len(batch) > left:
                text = f"The subsearch of {command} was cut at {limit:,} rows ({setting})."
                ctx.message("warn", command, text, subsearch.span)
                if left:
                    yield batch[:left]
                return
            left -= len(batch)
            yield batch

    return Stream(batches(), stream.columns)


def rows_of(stream: Stream, ctx: RunContext) -> list[Row]:
    """Return all rows of a stream, within the limit of rows kept."""
    rows: list[Row] = []
    for batch in stream.batches:
        rows.extend(batch)
        ctx.check(len(rows))
    return rows


def all_columns(*streams: Stream) -> Callable[[], Columns]:
    """Return the column order of streams one after the other: None where one of them does not declare its own."""

    def columns() -> Columns:
        result: dict[str, None] = {}
        for stream in streams:
            names = stream.columns()
            if names is None:
                return None
            result.update(dict.fromkeys(names))
        return list(result)

    return columns


def one_after_the_other(*streams: Stream) -> Stream:
    """Return the rows of several streams as one."""

    def batches() -> Iterator[Batch]:
        for stream in streams:
            yield from stream.batches

    return Stream(batches(), all_columns(*streams))


def gives_events(
    command: tree.Command, before: SequenceOf[tree.Command], behind: SequenceOf[tree.Command]
) -> tree.Node | None:
    """Return the command where its subsearch gives raw events, of which there may be more than its limit."""
    for arg in command.args:
        if not isinstance(arg, tree.Subsearch):
            continue
        specs = [find_command(each.name) for each in arg.pipeline.commands]
        reads = specs[0] is not None and specs[0].dialect == "search"
        if reads and not any(spec is not None and spec.reduces for spec in specs):
            return command
    return None


ADDED_EVENTS = Hazard(
    "SPL402",
    "The subsearch of '{name}' is cut at 50,000 rows and 60 seconds.",
    "Search for both with OR, or use union or multisearch.",
    gives_events,
)
"""Of what adds the rows of a subsearch to those before it."""
