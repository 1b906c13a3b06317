"""SPL1xx: fields that cannot exist where they are read, and fields that nobody reads."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from splmini.compiler import is_time_term
from splmini.detections.lint.rules import Found, Subject, rule
from splmini.detections.lint.rules.flow import Stage, uses_of
from splmini.detections.lint.rules.subject import within
from splmini.errors import SplError, did_you_mean
from splmini.language import tree
from splmini.operators import ALL, Streaming
from splmini.plan.fields import required
from splmini.registry import DEFAULTS, FieldUse, Known

_DATA_SOURCE = "name: Example\nsearch: {search}\ndata_source: [Example Source]\n"
"""`Example Source` of the examples has the fields user, dest and EventCode."""


def _missing(subject: Subject, how: tuple[str, ...], raw: bool) -> Iterator[tuple[Stage, FieldUse, Known]]:
    """Yield reads of fields that cannot exist; each name once, where it is first read."""
    for flow in subject.flows:
        told: set[str] = set()
        for stage in flow.stages:
            known = stage.before
            if known is None or known.reset == raw:
                continue
            for read in stage.reads:
                if read.how in how and read.name not in told and "*" not in read.name and not known.has(read.name):
                    told.add(read.name)
                    yield stage, read, known


def _slip(subject: Subject, name: str, known: Known) -> str | None:
    """Return the listed field that a name is a slip for; None where the name may be a field of its own."""
    for each in sorted(known.names):
        if each.lower() == name.lower():
            return each
    if name in subject.listed_fields or len(name) < 3:
        return None
    return next((each for each in sorted(known.names) if _one_apart(name.lower(), each.lower())), None)


def _one_apart(left: str, right: str) -> bool:
    """Say whether one letter more or less, or two that change places, make one word the other.

    Another letter instead is no slip: `actor_id` and `actor_ip` are two fields.
    """
    if abs(len(left) - len(right)) > 1:
        return False
    start = 0
    while start < min(len(left), len(right)) and left[start] == right[start]:
        start += 1
    rest, other = left[start:], right[start:]
    return rest[1:] == other or rest == other[1:] or (rest[:2] == other[:2][::-1] and rest[2:] == other[2:])


def _hint(name: str, known: Known) -> str | None:
    near = next((each for each in known.names if each.lower() == name.lower()), None)
    return f"Did you mean '{near}'? Names of fields are case-sensitive." if near else did_you_mean(name, known.names)


def _example(search: str) -> str:
    return _DATA_SOURCE.format(search=repr(search))


@rule(
    "SPL101",
    "unknown-source-field",
    "A field that the data source does not have",
    bad=(_example("EventCode=1 usr=x | stats count by user"),),
    good=(_example("EventCode=1 user=x | stats count by user"),),
)
def unknown_source_field(subject: Subject) -> Iterator[Found]:
    """The detection reads a field that none of its data sources lists, and a listed one differs from it by a letter
    or by case, which counts. The lists are those of `data_sources=`, or of the folder `data_sources` of the repository
    that the detection stands in. Other fields are not reported: the lists come from examples and are never whole."""
    for _, read, known in _missing(subject, ("value",), True):
        slip = _slip(subject, read.name, known)
        if slip is not None:
            fix = f"Did you mean '{slip}'?"
            yield Found(f"'{read.name}' is not among {known.why}.", read.node.span, fix, read.name)


@rule(
    "SPL102",
    "by-unfilled-field",
    "stats by a field that is never filled",
    severity="error",
    bad=("index=a | stats count by user | stats count by usr", _example("EventCode=1 | stats count by users")),
    good=("index=a | stats count by user | stats count by user", _example("EventCode=1 | stats count by user")),
)
def by_unfilled_field(subject: Subject) -> Iterator[Found]:
    """Rows in which a field behind `by` is null are dropped. A field that cannot exist here is null in every row, so
    the result is empty, without a message.

    Source: https://docs.splunk.com/Documentation/Splunk/latest/SearchReference/Stats
    """
    found = [*_missing(subject, ("by",), False), *_missing(subject, ("by",), True)]
    for stage, read, known in found:
        slip = None if known.reset else _slip(subject, read.name, known)
        if _drops(stage.command) and (known.reset or slip):
            message = f"'{read.name}' is not among {known.why}: every row is dropped."
            fix = f"Did you mean '{slip}'?" if slip else _hint(read.name, known)
            yield Found(message, read.node.span, fix, read.name)


def _drops(command: tree.Command) -> bool:
    """Say whether a command leaves nothing but what it aggregates."""
    known = uses_of(command).after(command, None, _nothing)
    return known is not None and known.reset


def _nothing(pipeline: tree.Pipeline) -> Known | None:
    return None


@rule(
    "SPL103",
    "shown-unknown-field",
    "table or fields of a field that does not exist",
    bad=("index=a | stats count by user | table user dest count",),
    good=("index=a | stats count by user dest | table user dest count", "index=a | table user dest"),
)
def shown_unknown_field(subject: Subject) -> Iterator[Found]:
    """An earlier command did not leave the field, so its column is empty."""
    for stage, read, known in _missing(subject, ("shown",), False):
        message = f"'{read.name}' is not among {known.why}: '{stage.command.name}' shows an empty column."
        yield Found(message, read.node.span, _hint(read.name, known), read.name)


@rule(
    "SPL104",
    "removed-field",
    "A field is read that an earlier command removed",
    severity="error",
    bad=("index=a | stats count by user | where dest=5", "index=a | stats count by user | search dest=x"),
    good=("index=a | stats count by user dest | where dest=5", "index=a | stats count by user | where isnull(dest)"),
)
def removed_field(subject: Subject) -> Iterator[Found]:
    """Behind a transforming command only its own columns are left. A condition on another field is never satisfied, a
    calculation with it gives null. (A word that where compares with is SPL207.)"""
    for stage, read, known in _missing(subject, ("value",), False):
        if not _compared(stage, read):
            message = f"'{read.name}' is not among {known.why}."
            yield Found(message, read.node.span, _hint(read.name, known), read.name)


def _compared(stage: Stage, read: FieldUse) -> bool:
    """Say whether a read stands on the right of a comparison of where or eval."""
    nodes = (inner for arg in stage.command.args for inner in within(arg))
    return any(isinstance(node, tree.Comparison) and node.right is read.node for node in nodes)


@rule(
    "SPL105",
    "unknown-dataset-field",
    "A field that the dataset does not have",
    severity="error",
    bad=("| tstats count from datamodel=Endpoint.Processes where Processes.proces_name=x by Processes.dest",),
    good=(
        "| tstats count from datamodel=Endpoint.Processes where Processes.process_name=x by Processes.dest _time",
        "| tstats count from datamodel=NoSuchModel by NoSuchModel.x",
    ),
)
def unknown_dataset_field(subject: Subject) -> Iterator[Found]:
    """tstats reads a field that the data model's dataset does not declare, or without the name of the dataset before
    it. A condition on it finds nothing, and `by` drops every row."""
    for command in subject.each(tree.Command):
        shown = _dataset_fields(subject, command)
        if shown is None:
            continue
        known = Known(frozenset(shown[1]), f"the fields of {shown[0]}")
        for read in _tstats_reads(command):
            if not known.has(read.name) and "*" not in read.name:
                near = [name for name in known.names if name.rpartition(".")[2].lower() == read.name.lower()]
                fix = f"Did you mean '{near[0]}'?" if near else _hint(read.name, known)
                yield Found(f"'{read.name}' is not among {known.why}.", read.node.span, fix, read.name)


_TSTATS = DEFAULTS | {"nodename", "sid", "splunk_server", "_timediff"}


def _dataset_fields(subject: Subject, command: tree.Command) -> tuple[str, set[str]] | None:
    for arg in command.args:
        if isinstance(arg, tree.Clause) and arg.keyword == "from":
            for item in arg.items:
                if isinstance(item, tree.Option) and item.name == "datamodel" and isinstance(item.value, tree.Word):
                    dataset: Any = subject.env.datamodels.find(item.value.text)
                    if dataset is None:
                        return None
                    return item.value.text, set(dataset.shown()) | set(dataset.below()) | _TSTATS
    return None


def _tstats_reads(command: tree.Command) -> Iterator[FieldUse]:
    for arg in command.args:
        if isinstance(arg, tree.Aggregation):
            yield from (FieldUse(each.text, each) for each in arg.args if isinstance(each, tree.Word))
        elif isinstance(arg, tree.Clause) and arg.keyword == "by":
            yield from (FieldUse(item.text, item) for item in arg.items if isinstance(item, tree.Word))
        elif isinstance(arg, tree.Clause) and arg.keyword == "where":
            for node in (inner for item in arg.items for inner in within(item)):
                if isinstance(node, (tree.FieldComparison, tree.FieldIn)) and not is_time_term(node):
                    yield FieldUse(node.field, node)


@rule(
    "SPL106",
    "dead-field",
    "A field is made and never read",
    severity="info",
    bad=("index=a | eval x=1 | stats count by user", 'index=a | rex "u=(?<u>.)" | stats count by user'),
    good=("index=a | eval x=1 | stats count by x", "index=a | eval x=1", 'index=a | rex "(?<u>.)(?<v>.)" | table v'),
)
def dead_field(subject: Subject) -> Iterator[Found]:
    """eval or rex makes a field that no later command reads, and the result does not show it: the calculation is left
    over, or a later command was meant to use it. Of rex, one group that is used is enough."""
    if subject.pipeline is None or subject.error is not None:
        return
    try:
        operators = subject.env.compile(subject.text).operators
    except SplError:
        return  # only Splunk can run it, so what its commands read is not known
    operators_of = {id(op.node): op for op in operators}
    needed = {id(op.node): after for op, after in zip(operators, required(operators), strict=True) if op.node}
    for command in subject.pipeline.commands:
        after = needed.get(id(command), ALL)
        if after is ALL or not isinstance(after, frozenset):
            continue
        if any(isinstance(arg, tree.Assignment) for arg in command.args):
            yield from _dead_assignments(command, after)
        elif isinstance(operators_of[id(command)], Streaming) and operators_of[id(command)].pure:
            names = [use.name for use in uses_of(command).makes(command)]
            if names and not after.intersection(names):
                fix = f"Remove the {command.name}."
                yield Found(f"Nothing reads {_listed(names)}.", command.span, fix, names[0])


def _listed(names: list[str]) -> str:
    return ", ".join(f"'{name}'" for name in names)


def _dead_assignments(command: tree.Command, after: frozenset[str]) -> Iterator[Found]:
    alive = set(after)
    found: list[Found] = []
    for arg in reversed(command.args):
        if not isinstance(arg, tree.Assignment) or not isinstance(arg.target, tree.FieldRef):
            return
        name = arg.target.name
        if name not in alive:
            found.append(Found(f"Nothing reads '{name}'.", arg.span, "Remove it, or use it.", name))
        alive.discard(name)
        alive.update(each.name for each in tree.walk(arg.value) if isinstance(each, tree.FieldRef))
    yield from found
