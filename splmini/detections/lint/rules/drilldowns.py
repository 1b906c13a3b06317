"""SPL604 and SPL605: drilldown searches that do not run, and those that find nothing whatever the finding is."""

from __future__ import annotations

from collections.abc import Iterator

from splmini.compiler import check_window, is_time_term, with_bounds
from splmini.detections.detection import Drilldown
from splmini.detections.drilldowns import PLACEHOLDER, fill, time_range
from splmini.detections.lint.rules import Found, Subject, rule
from splmini.detections.lint.rules.conditions import contradiction
from splmini.detections.lint.rules.detections import result_of
from splmini.detections.lint.rules.flow import is_search
from splmini.engine.services import services_of
from splmini.errors import MissingDatabase, SplError, UnsupportedFeature, did_you_mean
from splmini.language import tree
from splmini.language.conjuncts import conjuncts

_VALUE = "1"
"""What tokens are filled with: it is a word, a number and a quoted text."""
_OF_FINDINGS = frozenset(
    {"info_min_time", "info_max_time", "info_search_time", "info_sid", "event_id", "event_hash", "orig_sid", "orig_rid"}
    | {"search_name", "rule_name", "rule_title", "source", "risk_object", "risk_object_type", "risk_score"}
    | {"risk_message", "threat_object", "threat_object_type", "_time", "index", "sourcetype", "host"}
)
"""What a finding has beside the columns of the search."""


def _yaml(search: str, drilldown: str, earliest: str = "$info_min_time$") -> str:
    return (
        f"name: Example\nsearch: {search!r}\ndrilldown_searches:\n"
        f"- name: Behind it\n  search: {drilldown!r}\n  earliest_offset: {earliest!r}\n  latest_offset: '0'\n"
    )


def _drilldowns(subject: Subject) -> Iterator[tuple[tuple[str | int, ...], Drilldown, Subject | None, str | None]]:
    """Yield the place of each drilldown, and it as a search of its own, or what is wrong with it.

    That the detection's search itself is broken is said elsewhere.
    """
    detection = subject.detection
    if detection is None:
        return
    for number, drilldown in enumerate(detection.drilldowns):
        if subject.error is not None and "%original_detection_search%" in drilldown.search:
            continue
        key = ("drilldown_searches", number)
        row = {match[1]: _VALUE for match in PLACEHOLDER.finditer(drilldown.search) if match[1]}
        made = Subject(fill(detection, drilldown.search, row), subject.env)
        try:
            time_range(drilldown.earliest_offset, drilldown.latest_offset, row, 0)
            search = subject.env.compile(made.text)
        except (UnsupportedFeature, MissingDatabase):
            continue  # only Splunk can run it
        except SplError as error:
            yield key, drilldown, None, error.message
            continue
        made.pipeline, made.source = search.tree, search.source
        yield key, drilldown, made, None


@rule(
    "SPL604",
    "broken-drilldown",
    "A drilldown search that does not compile",
    severity="error",
    bad=(
        _yaml("index=a | stats count by user", "%original_detection_search% | search user=$user$ | foobar"),
        _yaml("index=a | stats count by user", 'index=a user="$user$'),
        _yaml("index=a | stats count by user", "index=a user=$user$", "soon"),
    ),
    good=(_yaml("index=a | stats count by user", "%original_detection_search% | search user=$user$"),),
)
def broken_drilldown(subject: Subject) -> Iterator[Found]:
    """With its tokens filled, the drilldown is no search, or an offset of its time range is none: who opens the
    finding sees an error."""
    for key, drilldown, _, wrong in _drilldowns(subject):
        if wrong is not None:
            yield Found(f"The drilldown '{drilldown.name}' is broken: {wrong}", key=(*key, "search"))


@rule(
    "SPL605",
    "empty-drilldown",
    "A drilldown search that finds nothing",
    severity="error",
    bad=(
        _yaml("index=a | stats count by user", "%original_detection_search% | search dest=$dest$"),
        _yaml("index=a | stats count by user", "%original_detection_search% | search host=$user$"),
        _yaml("index=a | stats count by user", "index=a user=$user$ starthoursago=1 endhoursago=24"),
    ),
    good=(
        _yaml("index=a | stats count by user", "%original_detection_search% | search user=$user$"),
        _yaml("index=a", "index=a dest=$dest$ starthoursago=168 endhoursago=1"),
    ),
)
def empty_drilldown(subject: Subject) -> Iterator[Found]:
    """Whatever the finding is, the drilldown finds nothing: a token stands for no column of the detection's result and
    stays as it is, a condition asks for a field that the search does not give at that place, the time range ends before
    it starts, or one field has to have two values."""
    for key, drilldown, made, _ in _drilldowns(subject):
        if made is not None:
            for reason, fix in [*_tokens(subject, drilldown), *_conditions(made), *_windows(made)]:
                yield Found(f"The drilldown '{drilldown.name}' finds nothing: {reason}", key=(*key, "search"), fix=fix)


def _tokens(subject: Subject, drilldown: Drilldown) -> Iterator[tuple[str, str | None]]:
    known = result_of(subject)
    names = dict.fromkeys(match[1] for match in PLACEHOLDER.finditer(drilldown.search) if match[1])
    for name in names if known is not None else ():
        if name not in _OF_FINDINGS and known is not None and not known.has(name):
            yield f"its token ${name}$ is not among {known.why}.", did_you_mean(name, known.names)


def _conditions(made: Subject) -> Iterator[tuple[str, str | None]]:
    for stage in made.flows[0].stages:
        known = stage.before
        if not is_search(stage.command) or known is None or not known.reset:
            continue
        parts = [part for arg in stage.command.args for part in conjuncts(arg) if not is_time_term(part)]
        for name in (part.field for part in parts if isinstance(part, (tree.FieldComparison, tree.FieldIn))):
            if not known.has(name):
                yield f"'{name}' is not among {known.why}.", did_you_mean(name, known.names)
    yield from ((found.message, found.fix) for found in contradiction(made))


def _windows(made: Subject) -> Iterator[tuple[str, str | None]]:
    for command, spec in made.commands():
        for arg in command.args if spec.dialect == "search" else ():
            try:
                check_window(conjuncts(with_bounds(arg)), services_of(made.env).clock(), made.env.timezone)
            except SplError as error:
                yield error.message, error.hint
