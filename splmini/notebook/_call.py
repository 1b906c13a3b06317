"""What a use of the magics says: where the events are, the search, the options."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

import splmini

READING = ("sourcetype", "source", "host", "index", "format", "order", "now", "earliest", "latest", "knowledge")
"""Options that go to the run."""
OPTIONS = ("as", "env", *READING)
USAGE = "%%spl [EVENTS or PATH] [--as NAME] [--env NAME], with the search below"


@dataclass
class Call:
    """One use of a magic: where the events are, the search, and the options."""

    events: str | None = None
    spl: str = ""
    options: dict[str, str] = field(default_factory=dict)


def parse_line(line: str) -> Call:
    """Take `[EVENTS] [--as NAME] …` apart; raises ArgumentError for an option that there is not.

    >>> parse_line("df --as hits").options
    {'as': 'hits'}
    """
    call = Call()
    words = words_of(line)
    while words:
        word, _ = words.pop(0)
        if word.startswith("--"):
            name, equals, value = word[2:].partition("=")
            if name not in OPTIONS:
                hint = splmini.did_you_mean(f"--{name}", [f"--{each}" for each in OPTIONS])
                raise splmini.ArgumentError(f"There is no option '--{name}'.", name=name, hint=hint)
            if not equals:
                if not words:
                    raise splmini.ArgumentError(f"A value is missing after '--{name}'.", name=name, hint=USAGE)
                value = words.pop(0)[0]
            call.options[name] = value.strip("\"'")
        elif call.events is None:
            call.events = word
        else:
            raise splmini.ArgumentError(f"'{word}' is one thing too many.", name=word, hint=USAGE)
    return call


def words_of(line: str) -> list[tuple[str, int]]:
    """The words of a line, each with where it ends; quotation marks hold one together."""
    found = []
    for match in re.finditer(r"\"([^\"]*)\"|'([^']*)'|(--[\w-]+=(?:\"[^\"]*\"|'[^']*')|\S+)", line):
        found.append((next(group for group in match.groups() if group is not None), match.end()))
    return found
