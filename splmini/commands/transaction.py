"""The transaction command: events that belong together, as one result."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from collections.abc import Sequence as SequenceOf
from typing import Any

from splmini.commands._transactions import Rules, Test, Transactions
from splmini.commands.arguments.reading import Arguments, fail, field_names, read
from splmini.commands.arguments.subsearches import rows_of
from splmini.commands.arguments.uses import adding
from splmini.compiler import as_truth
from splmini.errors import KnowledgeError
from splmini.language import tree
from splmini.operators import Operator, Row, RunContext, Sequence, Stream, batched
from splmini.registry import BuildScope, Example, FieldUses, Hazard, OptionSpec, command

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


def _made(command: tree.Command) -> Iterator[str]:
    return iter(("duration", "eventcount", "closed_txn", "field_match_sum", "linecount"))


_BOUNDS = frozenset({"maxspan", "maxpause", "startswith", "endswith", "maxevents"})


def _unbounded(
    command: tree.Command, before: SequenceOf[tree.Command], behind: SequenceOf[tree.Command]
) -> tree.Node | None:
    bounded = any(isinstance(arg, tree.Option) and arg.name in _BOUNDS for arg in command.args)
    return None if bounded else command


@command(
    "transaction",
    options=OPTIONS,
    syntax="transaction [<field-list>] [maxspan=<span>] [maxpause=<span>] [maxevents=<int>] [startswith=<filter>] "
    "[endswith=<filter>] [connected=<bool>] [unifyends=<bool>] [keeporphans=<bool>] [keepevicted=<bool>] [mvlist=…]",
    category="dataset processing",
    calculates=True,
    uses=FieldUses(after=adding(_made)),
    hazards=(
        Hazard(
            "SPL403",
            "'transaction' without maxspan or maxpause evicts what does not fit in memory.",
            "Give maxspan= or maxpause=, or use 'stats … by'.",
            _unbounded,
        ),
    ),
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
    rules = Rules(
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
        found = Transactions(rules, tests["startswith"], tests["endswith"], options, ctx)
        return Stream(batched(found.results(rows_of(stream, ctx))))

    return Sequence(name="transaction", run=run, keeps_order=False, node=node, span=node.span)


def _typed(node: tree.Command, arguments: Arguments, scope: BuildScope) -> Operator:
    """A transaction whose options stand in a stanza of transactiontypes.conf; those written here go before them."""
    option, called = arguments.given["name"], arguments["name"]

    def run(stream: Stream, ctx: RunContext) -> Stream:
        settings = ctx.apps.stanza("transactiontypes", called)
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
        return bool(as_truth(evaluate(row)))

    return test
