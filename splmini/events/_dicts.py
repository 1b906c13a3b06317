"""Events that come as dicts: values made plain, times made epochs, sourcetypes inferred. The caller's dicts stay as
they are; a dict that has nothing to change is passed on itself, and whoever maps it copies it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any

from splmini.errors import EventFormatError
from splmini.events._reader import Report, Settings
from splmini.events._times import any_epoch

if TYPE_CHECKING:
    from splmini.operators import Row

SCALARS = frozenset({str, int, float})


def plain_events(events: Iterable[Any], settings: Settings, report: Report) -> list[Row]:
    """Make a batch of the caller's dicts plain."""
    plain: list[Row] = []
    fixed = settings.fixed
    add = plain.append
    for event in events:
        if event.__class__ is not dict:
            event = _as_dict(event)
        if not SCALARS.issuperset(map(type, event.values())):
            event = plain_event(event)
        moment = event.get("_time")
        if moment.__class__ is str:
            event = {**event, "_time": any_epoch(moment, settings.timezone, settings.now)}
            if event["_time"] is None:
                del event["_time"]
        if fixed:
            event = {**event, **fixed}
        if ("sourcetype" not in event and settings.infer) or (moment is None and "_raw" in event):
            event = completed(event, settings, report)
        add(event)
    return plain


def _as_dict(event: Any) -> dict[str, Any]:
    if isinstance(event, Mapping):
        return dict(event)
    raise EventFormatError(f"An event is a dict, not a {type(event).__name__}.")


def plain_event(event: Mapping[Any, Any]) -> Row:
    """Return an event whose values are text, numbers and lists of two or more of those; nested values are flattened.

    >>> plain_event({"a": None, "b": True, "c": {"d": [1, 2]}, "e": ["x"]})
    {'b': 'true', 'c.d{}': [1, 2], 'e': 'x'}
    """
    from splmini.values.json import flatten, listed

    plain: Row = {}
    for name, value in event.items():
        kind = value.__class__
        if name.__class__ is not str:
            name = str(name)
        if kind in SCALARS:
            plain[name] = value
        elif value is None:
            continue
        elif name == "_time" and isinstance(value, datetime):
            plain[name] = any_epoch(value)
        elif isinstance(value, Mapping):
            plain.update(flatten({name: value}))
        elif isinstance(value, (list, tuple)):
            _put_list(plain, name, list(value))
        elif (items := listed(value)) is not None:
            _put_list(plain, name, items)
        else:
            single = _plain_scalar(value)
            if single is not None:
                plain[name] = single
    return plain


def _put_list(plain: Row, name: str, items: list[Any]) -> None:
    from splmini.values.json import flatten

    if any(item.__class__ not in SCALARS and _is_container(item) for item in items):
        plain.update(flatten({name: items}))
        return
    kept = [each for each in map(_plain_scalar, items) if each is not None]
    if kept:
        plain[name] = kept if len(kept) > 1 else kept[0]


def _is_container(value: Any) -> bool:
    from splmini.values.json import listed

    return isinstance(value, (Mapping, list, tuple)) or listed(value) is not None


def _plain_scalar(value: Any) -> Any:
    """A value that is no container, as text or number; datetimes as ISO text, numpy's numbers as Python's."""
    if value is None or value.__class__ in SCALARS:
        return value
    if isinstance(value, datetime):
        return None if value != value else value.isoformat()  # pandas' NaT is a datetime that is not itself
    if type(value).__name__ == "NAType":  # pandas' NA, which no comparison tells
        return None
    item = getattr(value, "item", None)
    if item is not None and callable(item):
        return _plain_scalar(item())
    from splmini.values.json import plain

    return plain(value)


def completed(event: Row, settings: Settings, report: Report) -> Row:
    """Return an event with the sourcetype, source and time that its content tells, where they are absent."""
    from splmini.events.recognise import content_of

    found = content_of(event, settings)
    if not found:
        return event
    added = {name: value for name, value in found.items() if name not in event}
    if "sourcetype" in added:
        report.inferred[str(added["sourcetype"]), str(added.get("source", ""))] += 1
    return {**event, **added} if added else event
