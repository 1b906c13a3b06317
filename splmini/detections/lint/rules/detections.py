"""SPL6xx: a detection and its search do not fit together."""

from __future__ import annotations

import re
from collections.abc import Iterator

from splmini.detections.lint.rules import Found, Subject, rule
from splmini.errors import did_you_mean
from splmini.registry import Known


def _yaml(search: str, message: str, field: str) -> str:
    return (
        f"name: Example\nsearch: {search!r}\nrba:\n  message: {message!r}\n"
        f"  risk_objects: [{{field: {field}, type: user, score: 10}}]\n"
    )


def result_of(subject: Subject) -> Known | None:
    """The fields of the detection's result, where they are certain."""
    known = subject.flows[0].after if subject.flows and subject.error is None else None
    return known if known is not None and known.reset else None


_PLACES = {
    "2022-2024": (("tags", "observable"), ("tags", "observable"), ("tags", "message")),
    "2025": (("rba", "risk_objects"), ("rba", "threat_objects"), ("rba", "message")),
    "2026": (("intermediate_findings",), ("threat_objects",), ("finding", "title")),
}
"""Where the files of each generation say who is at risk, what threatens, and the message."""


@rule(
    "SPL601",
    "entity-not-in-result",
    "A risk or threat object that the search does not give",
    severity="error",
    bad=(_yaml("index=a | stats count by dest", "x", "user"),),
    good=(_yaml("index=a | stats count by user", "x", "user"), _yaml("index=a user=x", "x", "user")),
)
def entity_not_in_result(subject: Subject) -> Iterator[Found]:
    """The field is no column of the search's result, so no risk event is made for it."""
    known, detection = result_of(subject), subject.detection
    if known is None or detection is None:
        return
    places = _PLACES[detection.generation]
    fields = [(entity.field, places[0], "risk object") for entity in detection.entities]
    if detection.finding is not None and detection.finding.entity is not None and detection.generation == "2026":
        fields.append((detection.finding.entity.field, ("finding", "entity"), "finding's entity"))
    fields += [(threat.field, places[1], "threat object") for threat in detection.threat_objects]
    for name, key, what in dict.fromkeys(fields):
        if name and not known.has(name):
            message = f"The {what} '{name}' is not among {known.why}."
            yield Found(message, key=key, name=name, fix=did_you_mean(name, known.names), item=True)


@rule(
    "SPL602",
    "token-not-in-result",
    "A $token$ of the message that the search does not give",
    bad=(_yaml("index=a | stats count by user", "$dest$ was seen", "user"),),
    good=(_yaml("index=a | stats count by user", "$user$ was seen", "user"),),
)
def token_not_in_result(subject: Subject) -> Iterator[Found]:
    """The field that a token of the message names is no column of the search's result, so the text stays a token."""
    known, detection = result_of(subject), subject.detection
    if known is None or detection is None:
        return
    texts = {entity.message for entity in detection.entities if entity.message}
    if detection.finding is not None:
        texts.add(detection.finding.title)
    told: set[str] = set()
    for text in sorted(texts):
        for name in re.findall(r"\$([\w.{}]+)\$", text):
            if name not in told and not known.has(name):
                told.add(name)
                yield Found(
                    f"The message's token ${name}$ is not among {known.why}.",
                    key=_PLACES[detection.generation][2],
                    name=name,
                    fix=did_you_mean(name, known.names),
                )


@rule(
    "SPL603",
    "unknown-key",
    "A key that no schema of detections has",
    bad=(
        "name: Example\nsearch: index=a\nserch: index=b\n",
        "name: Example\nsearch: index=a\nrba:\n  message: x\n  risk_objects: [{field: a, type: user, scor: 1}]\n",
    ),
    good=("name: Example\nsearch: index=a\ndescription: x\n",),
)
def unknown_key(subject: Subject) -> Iterator[Found]:
    """The key means nothing to any generation of the schema: a slip, most often."""
    for place, text in _issues(subject):
        match = re.match(r"unknown key '([^']*)'(?: in '([\w.]+)'\.)?\s*(.*)", text)
        if match:
            name, where = match.group(1), f" in '{match.group(2)}'" if match.group(2) else ""
            yield Found(f"No schema has the key '{name}'{where}.", place=place, name=name, fix=match.group(3) or None)


@rule(
    "SPL606",
    "unknown-value",
    "A type, status or technique that there is not",
    bad=("name: Example\nsearch: index=a\ntype: TPT\n", "name: Example\nsearch: index=a\nmitre_attack_id: [T99999]\n"),
    good=("name: Example\nsearch: index=a\ntype: TTP\nmitre_attack_id: [T1059.001]\n",),
)
def unknown_value(subject: Subject) -> Iterator[Found]:
    """The value stands for nothing: Splunk's content has no such type or status of a detection, no such type of risk
    object, and ATT&CK's techniques are `T1059` or, below one, `T1059.001`. A finding is made, or left out, by the type.
    """
    for place, text in _issues(subject):
        match = re.match(r"('(.*)' is no [^.]*?(?:ATT&CK)?\.) (.*)", text, re.DOTALL)
        if match:
            yield Found(match.group(1), place=place, name=match.group(2), fix=match.group(3))


def _issues(subject: Subject) -> Iterator[tuple[tuple[int, int], str]]:
    """What reading the detection's file had to remark, with its place in it."""
    for text in subject.detection.issues if subject.detection is not None else ():
        match = re.match(r"line (\d+), column (\d+): (.*)", text, re.DOTALL)
        if match:
            yield (int(match.group(1)), int(match.group(2))), match.group(3)
