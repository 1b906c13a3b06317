"""The flow of fields: which fields can exist before each command, and which it reads and makes.

`Known` is a closed set (nothing else can exist) or None (anything may). A command that is not understood opens it, so
that a rule never claims that a field is missing where it might be there.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

from splmini.detections.lint.rules.reads import Read, column, makes_of, option, reads_of, removes, words_of
from splmini.language import tree

if TYPE_CHECKING:
    from splmini.detections.lint.rules.subject import Subject

DEFAULTS = frozenset(
    {"_time", "_raw", "_indextime", "_cd", "_bkt", "_si", "_serial", "_sourcetype", "_subsecond", "_span"}
    | {"host", "source", "sourcetype", "index", "linecount", "punct", "splunk_server", "splunk_server_group"}
    | {"eventtype", "tag", "timestamp", "timeendpos", "timestartpos"}
    | {"date_hour", "date_mday", "date_minute", "date_month", "date_second", "date_wday", "date_year", "date_zone"}
)
"""What every event may have."""


@dataclass(frozen=True)
class Known:
    """The fields that can exist, and what makes that sure: `why` completes "it is not among …"."""

    names: frozenset[str]
    why: str
    reset: bool = False
    """True behind a transforming command: not even the default fields are left."""

    def plus(self, *names: str) -> Known:
        """Return it with more names."""
        return Known(self.names | frozenset(names), self.why, self.reset)

    def has(self, name: str) -> bool:
        """Say whether a field, or one that a pattern matches, can exist."""
        if name in self.names or (not self.reset and name in DEFAULTS) or name.startswith("_"):
            return name in self.names or not self.reset or not name.startswith("_time")
        return "*" in name and any(fnmatchcase(each, name) for each in self.names)


@dataclass
class Stage:
    """A command with the fields that can exist before it, those it reads, and those it makes."""

    command: tree.Command
    before: Known | None
    reads: list[Read] = field(default_factory=list)
    makes: list[Read] = field(default_factory=list)


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
    if subject.pipeline.leading_pipe or subject.pipeline.commands[0].name != "search":
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
        stage = Stage(command, known, reads=list(reads_of(command)), makes=list(makes_of(command)))
        stages.append(stage)
        known = _after(stage)
    return Flow(stages, known)


# ---- from before to after --------------------------------------------------------------------------------------------


def _after(stage: Stage) -> Known | None:
    transfer = _TRANSFERS.get(stage.command.name)
    if stage.command.name in _UNCHANGED:
        return stage.before
    return None if transfer is None else transfer(stage)


_UNCHANGED = frozenset(
    {"search", "where", "regex", "head", "tail", "sort", "dedup", "uniq", "reverse", "fieldformat", "mvexpand"}
    | {"makemv", "nomv", "filldown", "outputlookup", "outputcsv", "collect", "noop", "localop", "sendemail", "replace"}
)


def _eval(stage: Stage) -> Known | None:
    targets = [arg.target for arg in stage.command.args if isinstance(arg, tree.Assignment)]
    if stage.before is None or any(isinstance(target, tree.Template) for target in targets):
        return None
    return stage.before.plus(*(target.name for target in targets if isinstance(target, tree.FieldRef)))


def _rename(stage: Stage) -> Known | None:
    if stage.before is None:
        return None
    names = set(stage.before.names)
    for arg in stage.command.args:
        if not isinstance(arg, tree.Rename):
            return None
        names = _renamed(names, arg.source.text, arg.alias.text)
    return Known(frozenset(names), stage.before.why, stage.before.reset)


def _renamed(names: set[str], source: str, alias: str) -> set[str]:
    if "*" not in source:
        return (names - {source}) | {alias}
    pattern = re.compile("(.*?)".join(map(re.escape, source.split("*"))))
    out: set[str] = set()
    for name in names:
        match = pattern.fullmatch(name)
        if match is None:
            out.add(name)
            continue
        pieces, groups = alias.split("*"), list(match.groups())
        out.add(
            "".join(
                piece + (groups.pop(0) if groups and index < len(pieces) - 1 else "")
                for index, piece in enumerate(pieces)
            )
        )
    return out


def _table(stage: Stage) -> Known | None:
    words = [read.name for read in words_of(stage.command)]
    if any(not isinstance(arg, tree.Word) for arg in stage.command.args):
        return None
    before = stage.before
    if removes(stage.command):
        if before is None:
            return None
        gone = {name for name in before.names if any(fnmatchcase(name, word) for word in words)}
        return Known(before.names - gone, before.why, before.reset)
    names: set[str] = set()
    for word in words:
        if "*" not in word:
            names.add(word)
        elif before is None:
            return None
        else:
            names.update(name for name in before.names | DEFAULTS if fnmatchcase(name, word))
    if stage.command.name == "fields":
        names |= {"_time", "_raw"} if before is None or not before.reset else {"_time"} & before.names
    return Known(frozenset(names), f"the fields that '{stage.command.name}' keeps", True)


def _stats(stage: Stage) -> Known | None:
    names: set[str] = set()
    for arg in stage.command.args:
        if isinstance(arg, tree.Option) and arg.name in ("prestats", "append"):
            return None
        if isinstance(arg, tree.Aggregation):
            if any(isinstance(each, tree.Word) and "*" in each.text for each in arg.args):
                return None
            names.add(column(arg))
        elif isinstance(arg, tree.Clause) and arg.keyword == "by":
            names.update(item.text for item in arg.items if isinstance(item, tree.Word))
        elif not isinstance(arg, (tree.Option, tree.Clause)):
            return None
    if any("*" in name for name in names):
        return None
    return Known(frozenset(names), f"the fields that '{stage.command.name}' leaves", True)


def _added_stats(stage: Stage) -> Known | None:
    made = _stats(stage)
    return None if made is None or stage.before is None else stage.before.plus(*made.names)


def _tstats(stage: Stage) -> Known | None:
    return None if stage.before is not None and stage.before.reset else _stats(stage)


def _made(stage: Stage) -> Known | None:
    return None if stage.before is None else stage.before.plus(*(read.name for read in stage.makes))


def _lookup(stage: Stage) -> Known | None:
    if not any(isinstance(arg, tree.Clause) for arg in stage.command.args):
        return None
    return _made(stage)


def _rex(stage: Stage) -> Known | None:
    offset = option(stage.command, "offset_field")
    known = _made(stage)
    return known.plus(offset) if known is not None and offset else known


def _aliased(stage: Stage) -> Known | None:
    if stage.before is None:
        return None
    names = [arg.alias.text for arg in stage.command.args if isinstance(arg, tree.Rename)]
    names += [arg.alias for arg in stage.command.args if isinstance(arg, tree.Aggregation) and arg.alias]
    return stage.before.plus(*names)


def _fillnull(stage: Stage) -> Known | None:
    return None if stage.before is None else stage.before.plus(*(read.name for read in words_of(stage.command)))


def _spath(stage: Stage) -> Known | None:
    output = option(stage.command, "output")
    return stage.before.plus(output) if stage.before is not None and output else None


def _iplocation(stage: Stage) -> Known | None:
    prefix = option(stage.command, "prefix") or ""
    names = ("City", "Continent", "Country", "MetroCode", "Region", "Timezone", "lat", "lon")
    return None if stage.before is None else stage.before.plus(*(prefix + name for name in names))


def _addinfo(stage: Stage) -> Known | None:
    names = ("info_min_time", "info_max_time", "info_sid", "info_search_time")
    return None if stage.before is None else stage.before.plus(*names)


def _transaction(stage: Stage) -> Known | None:
    names = ("duration", "eventcount", "closed_txn", "field_match_sum", "linecount")
    return None if stage.before is None else stage.before.plus(*names)


def _joined(stage: Stage) -> Known | None:
    """Of join, append and appendcols: what either side has."""
    known = stage.before
    for arg in stage.command.args:
        if isinstance(arg, tree.Subsearch):
            inner = flow_of(arg.pipeline, None).after
            if known is None or inner is None:
                return None
            known = known.plus(*inner.names)
    return known


_TRANSFERS: dict[str, Callable[[Stage], Known | None]] = {
    "eval": _eval,
    "rename": _rename,
    "table": _table,
    "fields": _table,
    "stats": _stats,
    "tstats": _tstats,
    "eventstats": _added_stats,
    "streamstats": _added_stats,
    "rex": _rex,
    "lookup": _lookup,
    "bin": _aliased,
    "bucket": _aliased,
    "convert": _aliased,
    "fillnull": _fillnull,
    "spath": _spath,
    "iplocation": _iplocation,
    "addinfo": _addinfo,
    "transaction": _transaction,
    "join": _joined,
    "append": _joined,
    "appendcols": _joined,
}
