"""Remarks on the rows around a command, for those who ask why a search found nothing (`CommandSpec.notes`)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

from splmini.errors import did_you_mean
from splmini.operators import Row
from splmini.values.multivalue import as_list
from splmini.values.numbers import to_text
from splmini.values.texts import shortened

Notes = Iterator[str]
MOST_SHOWN = 3


def near_field(name: str, row: Row) -> str:
    """Return a remark where a field that a row lacks stands in it under a name that differs little."""
    near = next((key for key in row if key.lower() == name.lower()), None)
    if near is not None:
        return f" (there is a field {near}: names are case-sensitive)"
    extracted = f"extracted_{name}"
    if extracted in row:  # a default field is not taken from the event's text, as in Splunk
        return f" (what the event itself calls {name} is {extracted}; {name} is what its source is given)"
    hint = did_you_mean(name, row)
    return f" ({hint})" if hint else ""


def shown(value: Any) -> str:
    """Return a value as a message shows it, shortened."""
    text = "`, `".join(to_text(item) for item in as_list(value))
    return f"`{shortened(text, 100)}`"


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


def counted(keys: list[str], rows: list[Row]) -> str:
    """The values of key fields in rows, the most frequent first."""
    counts = Counter(
        tuple(f"{key}={', '.join(map(to_text, as_list(row.get(key)))) or 'null'}" for key in keys) for row in rows
    )
    return "; ".join(" ".join(key) + f" ({count})" for key, count in counts.most_common(MOST_SHOWN))


def example(name: str, row: Mapping[str, Any]) -> str:
    value = row.get(name)
    return f"{name} is absent{near_field(name, dict(row))}" if value is None else f"{name} is {shown(value)}"
