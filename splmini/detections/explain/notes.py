"""What a user would want to know about a stage that is no filter: null by-fields, keys that missed, patterns that did
not match, fields that came out null."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from splmini.detections.explain.clauses import near_field, rex_pattern, shown
from splmini.language import tree
from splmini.operators import Operator, Row
from splmini.values import regex
from splmini.values.multivalue import as_list
from splmini.values.numbers import to_text

Notes = Iterator[str]
MOST_SHOWN = 3


def notes(operator: Operator, before: list[Row], after: list[Row]) -> Notes:
    """Yield what is to be said about a command, from the rows before and after it."""
    node = operator.node
    if not isinstance(node, tree.Command) or not before:
        return
    own = _OWN.get(node.name)
    if own is not None:
        yield from own(node, before, after)
    else:
        yield from by_notes([item.text for item in by_fields(node)], before)


def by_fields(node: tree.Command) -> list[tree.Word]:
    """Return the fields of a command's by-clause."""
    return [
        item
        for arg in node.args
        if isinstance(arg, tree.Clause) and arg.keyword in ("by", "over")
        for item in arg.items
        if isinstance(item, tree.Word)
    ]


def by_notes(names: list[str], rows: list[Row], what: str = "a by-field is null") -> Notes:
    """Yield which null by-fields dropped rows."""
    nulls = Counter(tuple(name for name in names if row.get(name) is None) for row in rows)
    dropped = sum(count for missing, count in nulls.items() if missing)
    if not dropped:
        return
    singles: Counter[str] = Counter()
    for missing, count in nulls.items():
        for name in missing:
            singles[name] += count
    listed = ", ".join(f"{name} ({count})" for name, count in singles.most_common())
    yield f"{dropped} of {len(rows)} rows were dropped because {what}: {listed}"
    carried = {name: None for row in rows for name in row}
    for name in singles:
        if name not in carried:
            yield f"no row has a field {name}{near_field(name, carried)}"


def _lookup_notes(node: tree.Command, before: list[Row], after: list[Row]) -> Notes:
    keys = [
        (item.alias if isinstance(item, tree.Rename) else item).text
        for item in node.args[1:]
        if isinstance(item, (tree.Word, tree.Rename))
    ]
    # a field that was there before and is overwritten was found, too
    missed = [old for old, new in zip(before, after, strict=False) if new == old or len(new) < len(old)]
    if missed:
        yield f"{len(missed)} of {len(before)} rows found nothing in the lookup: {_counted(keys, missed)}"


def _counted(keys: list[str], rows: list[Row]) -> str:
    """The values of key fields in rows, the most frequent first."""
    counts = Counter(
        tuple(f"{key}={', '.join(map(to_text, as_list(row.get(key)))) or 'null'}" for key in keys) for row in rows
    )
    return "; ".join(" ".join(key) + f" ({count})" for key, count in counts.most_common(MOST_SHOWN))


def _rex_notes(node: tree.Command, before: list[Row], after: list[Row]) -> Notes:
    found = rex_pattern(node)
    if found is None:
        return
    name, word = found
    search = regex.compile(word.text).search
    missed = [row for row in before if all(search(to_text(value)) is None for value in as_list(row.get(name)))]
    if missed:
        yield f"the pattern does not match in {len(missed)} of {len(before)} rows: {_example(name, missed[0])}"


def _regex_notes(node: tree.Command, before: list[Row], after: list[Row]) -> Notes:
    arg = node.args[0]
    name = arg.written if isinstance(arg, tree.Option) else "_raw"
    if not after:
        yield f"no row satisfies it: {_example(name, before[0])}"


def _example(name: str, row: Mapping[str, Any]) -> str:
    value = row.get(name)
    return f"{name} is absent{near_field(name, dict(row))}" if value is None else f"{name} is {shown(value)}"


def _eval_notes(node: tree.Command, before: list[Row], after: list[Row]) -> Notes:
    for arg in node.args:
        if not isinstance(arg, tree.Assignment):
            continue
        name = str(arg.target.name if isinstance(arg.target, tree.FieldRef) else arg.target).strip("'\"")
        if any(row.get(name) is not None for row in after):
            continue
        read = {each.name for each in tree.walk(arg.value) if isinstance(each, tree.FieldRef)}
        lacking = sorted(each for each in read if all(row.get(each) is None for row in before))
        near = "".join(near_field(each, before[0]) for each in lacking[:1])
        why = f", as no row has {', '.join(lacking)}{near}" if lacking else ""
        yield f"{name} is null in every row{why}"


def _spath_notes(node: tree.Command, before: list[Row], after: list[Row]) -> Notes:
    if after and all(len(new) <= len(old) for old, new in zip(before, after, strict=False)):
        options = {arg.name: arg.value for arg in node.args if isinstance(arg, tree.Option)}
        name = getattr(options.get("input"), "text", "_raw")
        yield f"it found nothing in any row: {_example(name, before[0])}"


def _dedup_notes(node: tree.Command, before: list[Row], after: list[Row]) -> Notes:
    options = {arg.name: getattr(arg.value, "text", "") for arg in node.args if isinstance(arg, tree.Option)}
    names = [arg.text for arg in node.args if isinstance(arg, tree.Word) and not arg.text.isdigit()]
    if options.get("keepempty", "f").lower() not in ("t", "true", "1"):
        yield from by_notes(names, before, "a field is null")


def _join_notes(node: tree.Command, before: list[Row], after: list[Row]) -> Notes:
    options = {arg.name: getattr(arg.value, "text", "") for arg in node.args if isinstance(arg, tree.Option)}
    keys = [arg.text for arg in node.args if isinstance(arg, tree.Word)]
    if options.get("type", "inner") != "inner" or not keys:
        return
    met = {tuple(map(str, (row.get(key) for key in keys))) for row in after}
    missed = [row for row in before if tuple(map(str, (row.get(key) for key in keys))) not in met]
    if missed:
        yield f"{len(missed)} of {len(before)} rows met no row of the subsearch: {_counted(keys, missed)}"


_OWN: dict[str, Callable[[tree.Command, list[Row], list[Row]], Notes]] = {
    "lookup": _lookup_notes,
    "rex": _rex_notes,
    "regex": _regex_notes,
    "eval": _eval_notes,
    "spath": _spath_notes,
    "dedup": _dedup_notes,
    "join": _join_notes,
}
