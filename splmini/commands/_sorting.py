"""Sorting rows: by several keys, stable, null last in either direction, on disk where memory does not hold them.

Runs of sorted rows go to temporary files and are merged. `sort` and `dedup … sortby` are made of this.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from splmini.commands._spool import RowFile, size_of
from splmini.commands.arguments.reading import fail
from splmini.errors import ArgumentError, LimitExceeded, UnknownFunction, did_you_mean
from splmini.language import tree
from splmini.operators import Batch, Row, RunContext
from splmini.registry import find_function
from splmini.values import sorting

KINDS: dict[str, Callable[[Any], sorting.Key]] = {
    "auto": sorting.auto_key,
    "num": sorting.number_key,
    "str": sorting.text_key,
    "ip": sorting.ip_key,
}


@dataclass(frozen=True)
class SortKey:
    """One field to sort by: `kind` is one of KINDS."""

    field: str
    descending: bool = False
    kind: str = "auto"


# ---- reading sort-by clauses ---------------------------------------------------------------------------------------


def read_sort_keys(command: tree.Command, nodes: Sequence[tree.Node]) -> list[SortKey]:
    """Read `- a, +b, -num(c) d`: a sign on its own applies to the fields behind it that have no sign."""
    keys: list[SortKey] = []
    general = False
    pending: bool | None = None
    for index, node in enumerate(nodes):
        if isinstance(node, tree.Word) and not node.quoted and node.text in ("-", "+"):
            descending = node.text == "-"
            after = nodes[index + 1] if index + 1 < len(nodes) else None
            if after is not None and after.span.start == node.span.end >= 0:
                pending = descending
            else:
                general = descending
            continue
        name, own, kind = _key_parts(command, node)
        sign = own if own is not None else pending if pending is not None else general
        pending = None
        keys.append(SortKey(name, sign, kind))
    return keys


def _is_function(name: str) -> bool:
    try:
        find_function(name)
    except (UnknownFunction, ArgumentError):
        return False
    return True


def _key_parts(command: tree.Command, node: tree.Node) -> tuple[str, bool | None, str]:
    if isinstance(node, tree.Group) and node.name.strip("+-"):
        kind = node.name.lstrip("+-").lower()
        if kind not in KINDS:
            slip = None if _is_function(kind) else did_you_mean(kind, KINDS)
            if slip is not None:
                fail(command, f"{command.name} cannot sort as '{kind}'.", node, slip)
            return f"{node.name.lstrip('+-')}({node.text})", _sign(node.name), "auto"  # a name, such as sum(x), rate(%)
        name = node.text.strip().strip("\"'")
        return name, _sign(node.name), kind
    if isinstance(node, tree.Word):
        if node.quoted:
            return node.text, None, "auto"
        sign = _sign(node.text)
        name = node.text if sign is None else node.text[1:]
        if name:
            return name, sign, "auto"
    return fail(command, f"{command.name} needs field names to sort by, not '{node}'.", node)


def _sign(text: str) -> bool | None:
    return True if text.startswith("-") else False if text.startswith("+") else None


# ---- keys ----------------------------------------------------------------------------------------------------------


class _Reversed:
    """A key that sorts the other way round."""

    __slots__ = ("key",)

    def __init__(self, key: Any) -> None:
        self.key = key

    def __lt__(self, other: _Reversed) -> bool:
        return bool(other.key < self.key)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Reversed) and bool(self.key == other.key)

    def __hash__(self) -> int:
        return hash(self.key)


def merge_key(keys: Sequence[SortKey]) -> Callable[[Row], tuple[Any, ...]]:
    """Return one key over all fields, for merging; null sorts last in either direction."""
    parts = [(key.field, KINDS[key.kind], key.descending) for key in keys]

    def key_of(row: Row) -> tuple[Any, ...]:
        result: list[Any] = []
        for name, kind, descending in parts:
            value = row.get(name)
            key = kind(value)
            result.append((value is None, _Reversed(key) if descending else key))
        return tuple(result)

    return key_of


def sort_rows(rows: list[Row], keys: Sequence[SortKey]) -> list[Row]:
    """Sort rows in memory, stable: one pass a key, from the last to the first."""
    for key in reversed(keys):
        name, kind = key.field, KINDS[key.kind]

        def key_of(row: Row, name: str = name, kind: Callable[[Any], Any] = kind) -> Any:
            return kind(row[name])

        present = [row for row in rows if row.get(name) is not None]
        absent = [row for row in rows if row.get(name) is None] if len(present) < len(rows) else []
        present.sort(key=key_of, reverse=key.descending)
        rows = present + absent
    return rows


# ---- a sort that may go to disk ------------------------------------------------------------------------------------


def sorted_rows(batches: Iterable[Batch], keys: Sequence[SortKey], ctx: RunContext, count: int = 0) -> Iterator[Row]:
    """Yield the rows in order; with `count`, only so many, and never many more than those in memory.

    Beyond `limits.spool_bytes` rows go to temporary files; beyond `limits.sort_bytes` there: LimitExceeded.
    """
    if count:
        yield from _smallest(batches, keys, ctx, count)
        return
    rows: list[Row] = []
    size = 0
    runs: list[RowFile] = []
    spilled = 0
    try:
        for batch in batches:
            ctx.check(len(rows))
            rows.extend(batch)
            size += size_of(batch)
            if size > ctx.limits.spool_bytes:
                run = RowFile()
                runs.append(run)
                run.extend(sort_rows(rows, keys))
                spilled += run.size
                if spilled > ctx.limits.sort_bytes:
                    raise LimitExceeded(
                        f"Sorting needs more than {ctx.limits.sort_bytes} bytes on disk.",
                        name="sort_bytes",
                        hint="Raise Limits.sort_bytes, keep fewer fields, or sort fewer results.",
                    )
                rows, size = [], 0
        if not runs:
            yield from sort_rows(rows, keys)
            return
        streams: list[Iterable[Row]] = [*runs, sort_rows(rows, keys)]
        yield from heapq.merge(*streams, key=merge_key(keys))
    finally:
        for run in runs:
            run.close()


def _smallest(batches: Iterable[Batch], keys: Sequence[SortKey], ctx: RunContext, count: int) -> Iterator[Row]:
    rows: list[Row] = []
    for batch in batches:
        rows.extend(batch)
        if len(rows) >= 2 * count + 1024:
            rows = sort_rows(rows, keys)[:count]
        ctx.check(len(rows))
    yield from sort_rows(rows, keys)[:count]
