"""SPL0xx: the search as a whole, and its macros."""

from __future__ import annotations

import re
from collections.abc import Iterator

from splmini.detections.lint.rules import Found, Subject, rule
from splmini.detections.lint.rules.subject import hazards
from splmini.errors import MacroError, SplError, UnknownMacro


def _offset(subject: Subject, error: SplError) -> int:
    """The offset in the search of an error's position."""
    line, column = error.position or (1, 1)
    lines = subject.text.split("\n")
    return sum(len(each) + 1 for each in lines[: line - 1]) + column - 1


def _found(subject: Subject, error: SplError) -> Found:
    return Found(error.message, fix=error.hint, name=error.name, offset=_offset(subject, error))


def _is_arity(error: SplError) -> bool:
    return isinstance(error, UnknownMacro) and " takes " in error.message


@rule(
    "SPL001",
    "broken-search",
    "The search does not compile",
    severity="error",
    bad=("index=a | stats count by", "index=a | foobar", "index=a | eval x=nosuch(y)"),
    good=("index=a | stats count by b",),
)
def broken_search(subject: Subject) -> Iterator[Found]:
    """Splunk would refuse the search: a command, function or option that does not exist, a missing bracket, quote,
    operand or clause, a regular expression that does not compile."""
    if subject.error is not None and not isinstance(subject.error, UnknownMacro):
        yield _found(subject, subject.error)


@rule(
    "SPL002",
    "undefined-macro",
    "A macro that nobody defines",
    severity="error",
    bad=("`no_such_macro_here` user=a",),
    good=("`cim_search_filter` user=a", "index=a | `my_detection_filter`"),
)
def undefined_macro(subject: Subject) -> Iterator[Found]:
    """The environment has no macro of that name, so Splunk could not run the search. A `_filter` macro without
    arguments may stay undefined: it keeps everything."""
    if isinstance(subject.error, UnknownMacro) and not _is_arity(subject.error):
        yield _found(subject, subject.error)


@rule(
    "SPL003",
    "macro-arity",
    "A macro with the wrong number of arguments",
    severity="error",
    bad=("index=a | `security_content_ctime(a, b)`",),
    good=("index=a | `security_content_ctime(a)`",),
)
def macro_arity(subject: Subject) -> Iterator[Found]:
    """A macro is known by its name and its number of arguments; this one is not defined for so many."""
    if subject.error is not None and _is_arity(subject.error):
        yield _found(subject, subject.error)


@rule(
    "SPL004",
    "macro-repeated",
    "The same filter macro twice",
    severity="info",
    bad=("index=a | `my_detection_filter` | `my_detection_filter`",),
    good=("index=a | `my_detection_filter`",),
)
def macro_repeated(subject: Subject) -> Iterator[Found]:
    """A filter macro that is called twice filters no more the second time: one call is left over."""
    seen: set[str] = set()
    if isinstance(subject.error, MacroError):
        return
    outside = re.sub(r"```.*?```", _blanks, subject.text, flags=re.DOTALL)
    for match in re.finditer(r"`\s*(\w+_filter)\s*`", outside):
        if match.group(1) in seen:
            yield Found(
                f"The macro '{match.group(1)}' is called twice.",
                offset=match.start(),
                name=match.group(1),
                fix="Remove one call.",
            )
        seen.add(match.group(1))


def _blanks(match: re.Match[str]) -> str:
    return " " * len(match.group())


@rule(
    "SPL401",
    "join-limit",
    "join cuts its subsearch",
    severity="info",
    bad=("index=a | join user [search index=b | fields user role]",),
    good=("index=a | lookup roles user OUTPUT role", "index=a | join user [| tstats count where index=b by user]"),
)
def join_limit(subject: Subject) -> Iterator[Found]:
    """The subsearch of join gives at most 50,000 rows and runs at most 60 seconds by default; what comes after is left
    out, silently but for a message. One match counts for each row unless max= says otherwise. A subsearch that
    aggregates first is not reported: its rows are few.

    Source: https://docs.splunk.com/Documentation/Splunk/latest/SearchReference/Join
    """
    yield from hazards(subject, "SPL401")


@rule(
    "SPL402",
    "append-limit",
    "append cuts its subsearch",
    severity="info",
    bad=("index=a | append [search index=b]",),
    good=("index=a OR index=b", "index=a | append [search index=b | stats count by x]"),
)
def append_limit(subject: Subject) -> Iterator[Found]:
    """The subsearch of append and appendcols gives at most 50,000 rows and runs at most 60 seconds by default; what
    comes after is left out. One search with OR has no such limit.

    Source: https://docs.splunk.com/Documentation/Splunk/latest/SearchReference/Append
    """
    yield from hazards(subject, "SPL402")


@rule(
    "SPL403",
    "transaction-limit",
    "transaction without bounds",
    severity="info",
    bad=("index=a | transaction user",),
    good=("index=a | transaction user maxspan=5m", "index=a | stats range(_time) as duration by user"),
)
def transaction_limit(subject: Subject) -> Iterator[Found]:
    """transaction keeps open transactions in memory and evicts the oldest ones where there are too many, so that its
    result depends on limits. `maxspan`, `maxpause`, `startswith` or `endswith` close them; `stats` needs none of it.

    Source: https://docs.splunk.com/Documentation/Splunk/latest/SearchReference/Transaction
    """
    yield from hazards(subject, "SPL403")


@rule(
    "SPL404",
    "deprecated-command",
    "A command that Splunk deprecates",
    bad=("index=a | tscollect namespace=x",),
    good=("| tstats count where index=a by host",),
)
def deprecated_command(subject: Subject) -> Iterator[Found]:
    """Splunk has deprecated or removed the command, or advises against it; a later version may refuse the search."""
    for command, spec in subject.commands():
        if spec.deprecated:
            yield Found(f"'{command.name}' is deprecated.", command.span, spec.deprecated, command.name)


@rule(
    "SPL405",
    "sort-limit",
    "sort keeps 10,000 rows",
    severity="info",
    bad=("index=a | sort _time | streamstats count by user",),
    good=("index=a | sort 0 _time | streamstats count by user", "index=a | stats count by user | sort - count"),
)
def sort_limit(subject: Subject) -> Iterator[Found]:
    """`sort` without a count keeps the first 10,000 rows. For a list that is shown that is enough; where other commands
    calculate with the sorted events (streamstats, stats, transaction, delta, autoregress) the rest is missing.

    Source: https://docs.splunk.com/Documentation/Splunk/latest/SearchReference/Sort
    """
    yield from hazards(subject, "SPL405")
