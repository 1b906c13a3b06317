"""The transaction command: events that belong together, as one result."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from splmini.commands._arguments import Arguments, fail, field_names, read
from splmini.commands._subsearches import rows_of
from splmini.commands.mvcombine import Delimited
from splmini.errors import KnowledgeError
from splmini.language import tree
from splmini.operators import Operator, Row, RunContext, Sequence, Stream, batched
from splmini.registry import BuildScope, Example, OptionSpec, command
from splmini.values.multivalue import as_list, from_list
from splmini.values.numbers import to_number, to_text

OPTIONS = {
    "name": OptionSpec("string", doc="A stanza of the apps' transactiontypes.conf, whose settings are the defaults."),
    "fields": OptionSpec("fields", default=(), doc="The fields, in place of a list of them (an older spelling)."),
    "maxspan": OptionSpec(
        "string", default="-1", doc="First and last event lie less than this apart: 30s, 5m …; below 0: any."
    ),
    "maxpause": OptionSpec("string", default="-1", doc="The longest time between two events; below 0: any."),
    "maxevents": OptionSpec("int", default=1000, doc="The most events of a transaction; below 1: any."),
    "startswith": OptionSpec("any", doc="What its first event satisfies: a search in quotes or brackets, or eval(…)."),
    "endswith": OptionSpec("any", doc="What its last event satisfies."),
    "connected": OptionSpec("bool", default=True, doc="An event has to share a field with the transaction."),
    "unifyends": OptionSpec(
        "bool", doc="Events of startswith and endswith need one of the fields too (default: as connected)."
    ),
    "keeporphans": OptionSpec("bool", default=False, doc="Give events of no transaction too, with _txn_orphan=1."),
    "keepevicted": OptionSpec(
        "bool", default=False, doc="Give transactions that were not closed too, with closed_txn=0."
    ),
    "maxopentxn": OptionSpec("int", doc="The most open transactions; the oldest are then evicted (default: limits)."),
    "maxopenevents": OptionSpec("int", doc="The most events of open transactions (default: limits)."),
    "mvlist": OptionSpec(
        "string", default="false", doc="true: fields keep all values in order; or the fields that do."
    ),
    "delim": OptionSpec("string", default=" ", doc="What stands between the values of a mvlist where nomv joins them."),
    "nullstr": OptionSpec("string", default="NULL", doc="What stands for a null field in a mvlist."),
    "mvraw": OptionSpec("bool", default=False, doc="_raw is multivalue instead of lines."),
}


@command(
    "transaction",
    options=OPTIONS,
    syntax="transaction [<field-list>] [maxspan=<span>] [maxpause=<span>] [maxevents=<int>] [startswith=<filter>] "
    "[endswith=<filter>] [connected=<bool>] [unifyends=<bool>] [keeporphans=<bool>] [keepevicted=<bool>] [mvlist=…]",
    category="dataset processing",
    source="https://docs.splunk.com/Documentation/Splunk/latest/SearchReference/Transaction",
    examples=(
        Example(
            "| transaction user maxpause=15s | table user duration eventcount",
            ({"user": "a", "duration": 10, "eventcount": 2},),
            ({"_time": 110, "user": "a"}, {"_time": 100, "user": "a"}),
        ),
        Example(
            "| transaction user maxpause=10s | table user duration eventcount",
            [{"user": "a", "duration": 5, "eventcount": 2}, {"user": "a", "duration": 0, "eventcount": 1}],
            ({"user": "a", "_time": 100}, {"user": "a", "_time": 95}, {"user": "a", "_time": 50}),
        ),
        Example(
            '| transaction user startswith="login" endswith="logout" | table user duration closed_txn',
            [{"user": "a", "duration": 20, "closed_txn": 1}],
            (
                {"user": "a", "_time": 30, "_raw": "logout"},
                {"user": "a", "_time": 20, "_raw": "click"},
                {"user": "a", "_time": 10, "_raw": "login"},
            ),
        ),
    ),
)
def build(node: tree.Command, scope: BuildScope) -> Operator:
    """Group events that agree in the fields and lie close enough in time.

    Events are looked at from the newest to the oldest. A transaction has the `_time` of its first event, `duration`
    (seconds), `eventcount`, `closed_txn`, `_raw` (the events' lines in time order) and, of every other field, its
    distinct values in lexicographic order. A transaction ends where its span, pause or number of events would be
    exceeded, or where startswith and endswith say; one that startswith or endswith leaves open is given only with
    `keepevicted=true`. `closed_txn` is 1 where one of maxspan, maxpause, maxevents, startswith and endswith is given
    and the transaction was not evicted, else 0.

    *Null*: an event without any of the fields belongs to no transaction (see keeporphans); one that lacks some
    agrees in those. *Multivalue* fields agree where all values are equal. Memory: all events; LimitExceeded beyond
    `max_rows`.
    """
    arguments = read(node, OPTIONS, takes=(tree.Word,))
    if arguments["name"] is not None:
        return _typed(node, arguments, scope)
    names = [*field_names(arguments.words, node), *arguments["fields"]]
    if arguments.words and arguments["fields"]:
        fail(node, "fields= does not go with a list of fields.", arguments.given["fields"])
    if not names and not any(name in arguments.given for name in _CLOSING):
        fail(node, "transaction needs fields, or one of maxspan, maxpause, maxevents, startswith and endswith.")
    rules = _Rules(
        tuple(names),
        _seconds(arguments, "maxspan"),
        _seconds(arguments, "maxpause"),
        arguments["maxevents"],
        arguments["connected"],
        arguments["connected"] if arguments["unifyends"] is None else arguments["unifyends"],
    )
    ends = {name: _filter(arguments, name, scope) for name in ("startswith", "endswith")}
    options = dict(arguments.options)
    options["closes"] = any(name in arguments.given for name in _CLOSING)

    def run(stream: Stream, ctx: RunContext) -> Stream:
        tests = {name: None if end is None else end(ctx) for name, end in ends.items()}
        grouping = _Grouping(rules, tests["startswith"], tests["endswith"], options, ctx)
        return Stream(batched(grouping.results(rows_of(stream, ctx))))

    return Sequence(name="transaction", run=run, keeps_order=False, node=node, span=node.span)


def _typed(node: tree.Command, arguments: Arguments, scope: BuildScope) -> Operator:
    """A transaction whose options stand in a stanza of transactiontypes.conf; those written here go before them."""
    option, called = arguments.given["name"], arguments["name"]

    def run(stream: Stream, ctx: RunContext) -> Stream:
        settings = ctx.stanza("transactiontypes", called)
        if settings is None:
            raise KnowledgeError(f"There is no transaction type '{called}'.", name=called, span=option.span)
        own = [argument for argument in node.args if argument is not option]
        written = {*arguments.given, "name"} | ({"fields"} if arguments.words else set())
        text = " ".join(
            f"{name}={_quoted(value)}" for name, value in settings.items() if name in OPTIONS and name not in written
        )
        _, *rest = ctx.parse(f"| noop | transaction {text}").commands
        if len(rest) != 1:
            raise KnowledgeError(f"The transaction type '{called}' is not well formed.", name=called, span=option.span)
        (typed,) = rest
        operator = build(tree.Command(node.name, (*own, *typed.args), span=node.span), scope)
        assert isinstance(operator, Sequence)
        return operator.run(stream, ctx)

    return Sequence(name="transaction", run=run, keeps_order=False, node=node, span=node.span)


def _quoted(value: str) -> str:
    if value.startswith(('"', "eval(", "(")):
        return value
    escaped = value.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


_CLOSING = ("maxspan", "maxpause", "maxevents", "startswith", "endswith")
_SPAN = re.compile(r"(\d+(?:\.\d+)?)(s|secs?|seconds?|m|mins?|minutes?|h|hrs?|hours?|d|days?|)", re.IGNORECASE)
_UNIT_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400, "": 1}


def _seconds(arguments: Arguments, name: str) -> float | None:
    text = str(arguments[name])
    if re.fullmatch(r"-[0-9.]+[a-z]*", text, re.IGNORECASE):
        return None
    match = _SPAN.fullmatch(text)
    if match is None:
        fail(
            arguments.command,
            f"{name} takes a number with a unit such as 30s, 5m, 2h or 1d.",
            arguments.given[name].value,
        )
    return float(match[1]) * _UNIT_SECONDS[match[2][:1].lower()]


Test = Callable[[Row], bool]


def _filter(arguments: Arguments, name: str, scope: BuildScope) -> Callable[[RunContext], Test] | None:
    """What startswith or endswith ask: an eval expression or a search expression."""
    given = arguments[name]
    if given is None:
        return None
    if isinstance(given, (tree.Group, tree.Call)) and given.name == "eval":
        condition = given.args[0] if isinstance(given, tree.Call) else scope.expression(given)
        return lambda ctx: _is_true(ctx.expression(condition))
    if not isinstance(given, (tree.Word, tree.Group)):
        fail(arguments.command, f"{name} takes a search in quotes or brackets, or eval(…).", given)
    expression = scope.search_expression(given)
    return lambda ctx: ctx.predicate(expression)


def _is_true(evaluate: Callable[[Row], Any]) -> Test:
    def test(row: Row) -> bool:
        return evaluate(row) is True

    return test


@dataclass(frozen=True)
class _Rules:
    fields: tuple[str, ...]
    maxspan: float | None
    maxpause: float | None
    maxevents: int
    connected: bool
    unifyends: bool


@dataclass(eq=False)
class _Transaction:
    """An open transaction; events are added from the newest to the oldest."""

    bucket: tuple[Any, ...] = ()
    events: list[Row] = field(default_factory=list)
    values: dict[str, tuple[str, ...]] = field(default_factory=dict)
    newest: float = 0.0
    oldest: float = 0.0
    ended: bool = False
    closed: bool = False
    evicted: bool = False

    def add(self, row: Row, time: float, names: tuple[str, ...]) -> None:
        """Take in an event."""
        if not self.events:
            self.newest = time
        self.oldest = time
        self.events.append(row)
        for name in names:
            if name in row:
                self.values.setdefault(name, _value(row[name]))


def _value(value: Any) -> tuple[str, ...]:
    return tuple(to_text(item) for item in as_list(value))


class _Grouping:
    """Puts events into transactions."""

    def __init__(
        self, rules: _Rules, starts: Test | None, ends: Test | None, options: dict[str, Any], ctx: RunContext
    ) -> None:
        self.rules = rules
        self.starts = starts
        self.ends = ends
        self.options = options
        self.ctx = ctx
        self.open: dict[tuple[Any, ...], list[_Transaction]] = {}
        self.used: dict[_Transaction, None] = {}
        """The open transactions, the one that had no event for longest first."""
        self.done: list[_Transaction] = []
        self.orphans: list[Row] = []
        self.count = 0
        self.events = 0
        self.most_open = options["maxopentxn"] or ctx.limits.transaction_maxopentxn
        self.most_events = options["maxopenevents"] or ctx.limits.transaction_maxopenevents

    def results(self, rows: list[Row]) -> Iterator[Row]:
        """Yield the transactions, newest first, then the orphans."""
        rows.sort(key=_time, reverse=True)
        for number, row in enumerate(rows):
            if number % 1000 == 0:
                self.ctx.check(len(rows))
            self.place(row, _time(row))
        for group in self.open.values():
            self.done.extend(group)
        self.done.sort(key=lambda transaction: -transaction.oldest)
        for transaction in self.done:
            closed = self.is_closed(transaction)
            if closed or self.options["keepevicted"]:
                yield self.result(transaction, closed)
        if self.options["keeporphans"]:
            for row in self.orphans:
                yield row | {"_txn_orphan": 1}

    def is_closed(self, transaction: _Transaction) -> bool:
        """Say whether a transaction has the end and the start that were asked for, and was not evicted."""
        return not transaction.evicted and (self.starts is None or transaction.closed) and (
            self.ends is None or transaction.ended
        )

    def place(self, row: Row, time: float) -> None:
        """Put an event into the open transaction that it fits, or into a new one."""
        rules = self.rules
        has_fields = any(name in row for name in rules.fields)
        is_end = self.ends is not None and self.ends(row)
        is_start = self.starts is not None and self.starts(row)
        if rules.fields and not has_fields and (rules.unifyends or not (is_end or is_start)):
            self.orphans.append(row)
            return
        found = None if is_end else self.fitting(row, time)
        if is_end:
            self.close_fitting(row)
        if found is None:
            found = _Transaction(self.bucket(row), ended=is_end)
            self.opened(found)
        found.add(row, time, rules.fields)
        self.used.pop(found, None)
        self.used[found] = None
        self.events += 1
        if is_start:
            found.closed = True
            self.close(found)
        elif 0 < rules.maxevents <= len(found.events):
            self.close(found)
        elif self.count > self.most_open or self.events > self.most_events:
            self.evict()

    def opened(self, transaction: _Transaction) -> None:
        """Remember an open transaction."""
        self.open.setdefault(transaction.bucket, []).append(transaction)
        self.count += 1

    def evict(self) -> None:
        """Close the transaction that had no event for longest, and say so: it is incomplete."""
        oldest = next(iter(self.used))
        oldest.evicted = True
        self.close(oldest)
        self.ctx.message(
            "warn", "transaction", "Transactions were evicted: too many were open (maxopentxn, maxopenevents). "
            "They are left out unless keepevicted=true."
        )

    def bucket(self, row: Row) -> tuple[Any, ...]:
        """Transactions of one field are found by its value; of several fields, one by one."""
        names = self.rules.fields
        return (_value(row[names[0]]),) if len(names) == 1 and names[0] in row else ()

    def candidates(self, row: Row) -> list[_Transaction]:
        """The open transactions that an event might belong to, the latest opened first."""
        bucket = self.bucket(row)
        found = list(reversed(self.open.get(bucket, [])))
        return found + list(reversed(self.open.get((), []))) if bucket else found

    def fitting(self, row: Row, time: float) -> _Transaction | None:
        """The open transaction that an event belongs to; those that it comes too late for are closed."""
        rules = self.rules
        for transaction in self.candidates(row):
            if not self.agrees(transaction, row):
                continue
            late = (rules.maxspan is not None and transaction.newest - time >= max(rules.maxspan, 1e-9)) or (
                rules.maxpause is not None and transaction.oldest - time > rules.maxpause
            )
            if not late:
                return transaction
            self.close(transaction)
        return None

    def close_fitting(self, row: Row) -> None:
        for transaction in self.candidates(row):
            if self.agrees(transaction, row):
                self.close(transaction)

    def close(self, transaction: _Transaction) -> None:
        group = self.open[transaction.bucket]
        group.remove(transaction)
        if not group:
            del self.open[transaction.bucket]
        self.used.pop(transaction, None)
        self.count -= 1
        self.events -= len(transaction.events)
        self.done.append(transaction)

    def agrees(self, transaction: _Transaction, row: Row) -> bool:
        """Say whether an event contradicts no field of a transaction and (connected) shares one with it."""
        shared = False
        for name in self.rules.fields:
            if name in row and name in transaction.values:
                if _value(row[name]) != transaction.values[name]:
                    return False
                shared = True
        return shared or not self.rules.fields or not self.rules.connected or not transaction.values

    def result(self, transaction: _Transaction, closed: bool) -> Row:
        """Return the row of a transaction."""
        events = transaction.events[::-1]
        result: Row = {"_time": transaction.oldest}
        raws = [to_text(event["_raw"]) for event in events if "_raw" in event]
        if raws:
            result["_raw"] = from_list(raws) if self.options["mvraw"] else "\n".join(raws)
        for name in dict.fromkeys(name for event in events for name in event):
            if name not in ("_time", "_raw"):
                result[name] = self.merged(name, events)
        result["duration"] = _whole(transaction.newest - transaction.oldest)
        result["eventcount"] = len(events)
        result["closed_txn"] = int(closed and self.options["closes"])
        return result

    def merged(self, name: str, events: list[Row]) -> Any:
        """All values of a field (mvlist), or its distinct ones in lexicographic order."""
        if self.listed(name):
            null = self.options["nullstr"]
            items = [item for event in events for item in (as_list(event[name]) if name in event else [null])]
            return Delimited(items, self.options["delim"]) if len(items) > 1 else from_list(items)
        values = {to_text(item): item for event in events for item in as_list(event.get(name))}
        return from_list([values[text] for text in sorted(values)])

    def listed(self, name: str) -> bool:
        mvlist = self.options["mvlist"]
        if mvlist.lower() in ("true", "t", "1"):
            return True
        return mvlist.lower() not in ("false", "f", "0") and name in mvlist.replace(",", " ").split()


def _time(row: Row) -> float:
    return to_number(row.get("_time")) or 0.0


def _whole(seconds: float) -> float:
    return int(seconds) if seconds == int(seconds) else seconds
