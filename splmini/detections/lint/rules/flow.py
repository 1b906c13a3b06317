"""The flow of fields: which fields can exist before each command, and which it reads and makes.

`registry.Known` is a closed set (nothing else can exist) or None (anything may). What a command does to it, the command
declares (`registry.FieldUses`).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from splmini.language import tree
from splmini.registry import FieldUse, FieldUses, Known, find_command

if TYPE_CHECKING:
    from splmini.detections.lint.rules.subject import Subject


@dataclass
class Stage:
    """A command with the fields that can exist before it, those it reads, and those it makes."""

    command: tree.Command
    before: Known | None
    reads: list[FieldUse] = field(default_factory=list)
    makes: list[FieldUse] = field(default_factory=list)


@dataclass
class Flow:
    """The stages of one pipeline; `after` are the fields that its result can have."""

    stages: list[Stage]
    after: Known | None


def flows(subject: Subject) -> Iterator[Flow]:
    """Yield the flow of the search, then of each subsearch."""
    if subject.pipeline is None:
        return
    yield flow_of(subject.pipeline, base_of(subject))
    for node in subject.each(tree.Subsearch):
        yield flow_of(node.pipeline, None)


def base_of(subject: Subject) -> Known | None:
    """Return the fields that the detection's data sources list; None where one of them is not known."""
    detection = subject.detection
    if detection is None or not detection.data_source or subject.pipeline is None:
        return None
    if subject.pipeline.leading_pipe or not is_search(subject.pipeline.commands[0]):
        return None
    listed = [subject.data_sources.get(name) for name in detection.data_source]
    fields: set[str] = set()
    for source in listed:
        if source is None or not source.fields:
            return None
        fields.update(source.fields)
    return Known(frozenset(fields), f"the fields of {', '.join(detection.data_source)}")


def flow_of(pipeline: tree.Pipeline, base: Known | None) -> Flow:
    """Follow the fields through a pipeline."""
    known, stages = base, []
    for command in pipeline.commands:
        uses = uses_of(command)
        stages.append(Stage(command, known, reads=list(uses.reads(command)), makes=list(uses.makes(command))))
        known = uses.after(command, known, _result)
    return Flow(stages, known)


def _result(pipeline: tree.Pipeline) -> Known | None:
    return flow_of(pipeline, None).after


def uses_of(command: tree.Command) -> FieldUses:
    """Return what a command declares of its fields."""
    spec = find_command(command.name)
    return FieldUses() if spec is None else spec.uses


def is_search(command: tree.Command) -> bool:
    """Say whether a command's arguments are a search expression."""
    spec = find_command(command.name)
    return spec is not None and spec.dialect == "search"
