"""What a test runs over: log files and inline events, as a search reads them, and the moment that is now for a replay.

A log that one test reads is read by the run itself, which searches its bytes before it parses them. From the second
reading on its events are kept, as mutants and many cases over one log read it again and again.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from splmini.values.numbers import to_number

READING = ("source", "sourcetype", "host", "index")
"""What a test says about a log: keyword arguments of a run."""

COMPRESSED = (".gz", ".bz2", ".xz", ".zst", ".zip")
"""What the name of a compressed file ends in."""

MOST_BYTES = 64 << 20
"""Logs that are larger are read from the file each time."""

MOST_KEPT = 256 << 20
"""Bytes of all logs whose events are kept."""


@dataclass(frozen=True)
class Inputs:
    """The events of a test, the options with which a run reads them, and the files that they come from."""

    events: Any
    options: Mapping[str, Any] = field(default_factory=dict)
    files: tuple[Path, ...] = ()


class Logs:
    """The logs that tests share, by file and by how it is read; a file that changed is read again."""

    def __init__(self) -> None:
        self._uses: dict[Any, int] = {}
        self._events: dict[Any, list[dict[str, Any]]] = {}
        self._newest: dict[Any, float | None] = {}
        self._bytes = 0

    def inputs(self, parts: Iterable[tuple[Any, Mapping[str, Any]]], order: str | None = None) -> Inputs:
        """Return the inputs of a test: each part a file or a list of events, with how it is read.

        Files come newest first, as Splunk gives events; inline events as given.
        """
        known = list(parts)
        files = tuple(given for given, _ in known if isinstance(given, Path))
        wanted = order or ("newest" if files and len(files) == len(known) else "given")
        if len(known) == 1:
            given, reading = known[0]
            kept = self._kept(given, reading) if files else None
            options = {} if kept is not None else dict(reading)
            return Inputs(given if kept is None else kept, {**options, "order": wanted}, files)
        events = [event for given, reading in known for event in self._kept(given, reading) or _read(given, reading)]
        return Inputs(events, {"order": wanted}, files)

    def newest(self, inputs: Inputs, env: Any) -> float | None:
        """Return one second after the newest event, which is now for a replay; None where no event has a time."""
        key = (tuple(map(_stamp, inputs.files)), tuple(sorted(inputs.options.items()))) if inputs.files else None
        if key is None or key not in self._newest:
            moment = newest(inputs.events, env, inputs.options)
            if key is None:
                return moment
            self._newest[key] = moment
        return self._newest[key]

    def _kept(self, given: Any, reading: Mapping[str, Any]) -> list[dict[str, Any]] | None:
        """The events of a log that was read before; None the first time, and where it is too large to keep."""
        if not isinstance(given, Path):
            return None
        key = (_stamp(given), tuple(sorted(reading.items())))
        size = key[0][2] * (10 if given.suffix in COMPRESSED else 1)  # about what it holds
        if key in self._events:
            return self._events[key]
        self._uses[key] = self._uses.get(key, 0) + 1
        if self._uses[key] < 2 or size > MOST_BYTES:
            return None
        if self._bytes + size > MOST_KEPT:
            self._events.clear()
            self._bytes = 0
        self._events[key] = _read(given, reading)
        self._bytes += size
        return self._events[key]


def newest(events: Any, env: Any, options: Mapping[str, Any] | None = None) -> float | None:
    """Return one second after the newest event; None where no event has a time."""
    reading = {name: value for name, value in (options or {}).items() if name in READING}
    search = env.compile("| stats max(_time) as newest")
    rows = search.run(events, earliest=0, latest=_NO_END, **reading)
    moment = to_number(rows[0].get("newest")) if len(rows) else None
    return None if moment is None else moment + 1


_NO_END = 1 << 40
"""A time that no event has: what is now for a replay does not depend on the time range."""


def _stamp(path: Path) -> tuple[str, int, int]:
    status = path.stat()
    return str(path), status.st_mtime_ns, status.st_size


def _read(given: Any, reading: Mapping[str, Any]) -> list[dict[str, Any]]:
    from splmini.events import read

    return [event for batch in read(given, **reading) for event in batch]
