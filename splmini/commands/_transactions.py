"""Transactions: events that belong together, found from the newest to the oldest."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from splmini.commands.mvcombine import Delimited
from splmini.operators import Row, RunContext
from splmini.values.multivalue import as_list, from_list
from splmini.values.numbers import to_number, to_text

Test = Callable[[Row], bool]


@dataclass(frozen=True)
class Rules:
    """Which events belong to one transaction."""

    fields: tuple[str, ...]
    maxspan: float | None
    maxpause: float | None
    maxevents: int
    connected: bool
    unifyends: bool


@dataclass(eq=False)
class Transaction:
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


class Transactions:
    """Puts events into transactions."""

    def __init__(
        self, rules: Rules, starts: Test | None, ends: Test | None, options: dict[str, Any], ctx: RunContext
    ) -> None:
        self.rules = rules
        self.starts = starts
        self.ends = ends
        self.options = options
        self.ctx = ctx
        self.open: dict[tuple[Any, ...], list[Transaction]] = {}
        self.used: dict[Transaction, None] = {}
        """The open transactions, the one that had no event for longest first."""
        self.done: list[Transaction] = []
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

    def is_closed(self, transaction: Transaction) -> bool:
        """Say whether a transaction has the end and the start that were asked for, and was not evicted."""
        return (
            not transaction.evicted
            and (self.starts is None or transaction.closed)
            and (self.ends is None or transaction.ended)
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
            found = Transaction(self.bucket(row), ended=is_end)
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

    def opened(self, transaction: Transaction) -> None:
        """Remember an open transaction."""
        self.open.setdefault(transaction.bucket, []).append(transaction)
        self.count += 1

    def evict(self) -> None:
        """Close the transaction that had no event for longest, and say so: it is incomplete."""
        oldest = next(iter(self.used))
        oldest.evicted = True
        self.close(oldest)
        self.ctx.message(
            "warn",
            "transaction",
            "Transactions were evicted: too many were open (maxopentxn, maxopenevents). "
            "They are left out unless keepevicted=true.",
        )

    def bucket(self, row: Row) -> tuple[Any, ...]:
        """Transactions of one field are found by its value; of several fields, one by one."""
        names = self.rules.fields
        return (_value(row[names[0]]),) if len(names) == 1 and names[0] in row else ()

    def candidates(self, row: Row) -> list[Transaction]:
        """The open transactions that an event might belong to, the latest opened first."""
        bucket = self.bucket(row)
        found = list(reversed(self.open.get(bucket, [])))
        return found + list(reversed(self.open.get((), []))) if bucket else found

    def fitting(self, row: Row, time: float) -> Transaction | None:
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

    def close(self, transaction: Transaction) -> None:
        group = self.open[transaction.bucket]
        group.remove(transaction)
        if not group:
            del self.open[transaction.bucket]
        self.used.pop(transaction, None)
        self.count -= 1
        self.events -= len(transaction.events)
        self.done.append(transaction)

    def agrees(self, transaction: Transaction, row: Row) -> bool:
        """Say whether an event contradicts no field of a transaction and (connected) shares one with it."""
        shared = False
        for name in self.rules.fields:
            if name in row and name in transaction.values:
                if _value(row[name]) != transaction.values[name]:
                    return False
                shared = True
        return shared or not self.rules.fields or not self.rules.connected or not transaction.values

    def result(self, transaction: Transaction, closed: bool) -> Row:
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
