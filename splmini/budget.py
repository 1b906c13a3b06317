"""What a run may take: wall time, memory, rows that it makes, the length of one value.

A run looks at its budget once a batch, and what makes one value out of others says how long that will be before it
builds it (`grows`, `gathers`). Memory is what the process holds beyond what it held when the run began, as the
operating system counts it: every value, group, result and decoded block is in it, whoever keeps it.
"""

from __future__ import annotations

import os
import sys
import threading
import time
from collections.abc import Callable, Iterable
from typing import Any

from splmini.errors import LimitExceeded
from splmini.limits import Limits

_PAUSE = 0.01
"""Seconds between two looks at the memory."""
_LARGE = 1 << 20
"""Bytes from which on a value is held against the memory before it is made."""
_POINTER = 64
"""Bytes that a value of a multivalue takes at least."""
_MEGABYTE = 1 << 20


class Budget:
    """What is left for a run. `made` counts the rows that its operators made beyond those that they were given."""

    __slots__ = ("_base", "_deadline", "_most", "_next", "limits", "made")

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self.made = 0
        self._deadline = time.monotonic() + limits.max_seconds if limits.max_seconds else None
        self._most = int(limits.search_process_memory_usage_threshold * _MEGABYTE)
        self._base = _held()[0] if self._most else 0
        self._next = 0.0

    def check(self) -> None:
        """Raise where the time is over or the memory is used up."""
        now = time.monotonic()
        if self._deadline is not None and now > self._deadline:
            raise LimitExceeded(
                f"The search ran longer than {self.limits.max_seconds:g} s.",
                name="max_seconds",
                hint="Raise Limits(max_seconds=...) or narrow the search.",
            )
        if now >= self._next:
            self._next = now + _PAUSE
            self.memory()

    def memory(self, more: int = 0) -> None:
        """Raise where the process holds too much, or would with so many bytes more."""
        if not self._most:
            return
        held, room = _held()
        needed = held - self._base + more
        if needed > self._most or more > room:
            threshold = f"{self.limits.search_process_memory_usage_threshold:g} MB"
            raise LimitExceeded(
                f"The search needs more memory than {threshold if needed > self._most else 'this process may have'}.",
                name="search_process_memory_usage_threshold",
                hint="Narrow the search, keep fewer fields, or raise "
                "Limits(search_process_memory_usage_threshold=...).",
            )

    def rows(self, more: int, name: str) -> None:
        """Count rows that an operator makes; raise where they are too many."""
        self.made += more
        if self.made > self.limits.max_rows > 0:
            raise LimitExceeded(
                f"The search makes more than {self.limits.max_rows:,} rows ({name}).",
                name="max_rows",
                hint="Raise Limits(max_rows=...) or narrow the search.",
            )

    def length(self, characters: int) -> None:
        """Raise where a value of so many characters would be too long, or not fit into the memory."""
        if characters > self.limits.max_value_length > 0:
            raise LimitExceeded(
                f"A value would have {characters:,} characters; {self.limits.max_value_length:,} are the most.",
                name="max_value_length",
                hint="Raise Limits(max_value_length=...) or keep less of it.",
            )
        if characters > _LARGE:
            self.memory(characters)

    def count(self, values: int) -> None:
        """Raise where a multivalue of so many values would be too long, or not fit into the memory."""
        if values > self.limits.max_values > 0:
            raise LimitExceeded(
                f"A multivalue would have {values:,} values; {self.limits.max_values:,} are the most.",
                name="max_values",
                hint="Raise Limits(max_values=...) or keep fewer of them.",
            )
        if values * _POINTER > _LARGE:
            self.memory(values * _POINTER)


# ---- what the process holds -----------------------------------------------------------------------------------------

_UNLIMITED = sys.maxsize
_SPARE = 24 << 20
"""Bytes of an address space that are left for the error itself, and for what grows between two looks."""


def _of_linux() -> tuple[int, int]:
    import resource

    with open("/proc/self/statm", "rb", buffering=0) as file:
        size, resident, shared = map(int, file.read().split()[:3])
    most, page = resource.getrlimit(resource.RLIMIT_AS)[0], resource.getpagesize()
    return (resident - shared) * page, _UNLIMITED if most < 0 else most - _SPARE - size * page


def _of_windows() -> tuple[int, int]:
    import ctypes

    counters = (ctypes.c_size_t * 10)()  # PROCESS_MEMORY_COUNTERS: two numbers of 4 bytes, then eight of a word each
    ctypes.windll.psapi.GetProcessMemoryInfo(  # type: ignore[attr-defined]
        ctypes.c_void_p(-1), ctypes.byref(counters), ctypes.sizeof(counters)
    )
    return counters[2], _UNLIMITED


def _highest() -> tuple[int, int]:
    """Where nothing tells what is held now: the most that ever was."""
    import resource

    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024), _UNLIMITED


def _way() -> Callable[[], tuple[int, int]]:
    if sys.platform == "win32":
        return _of_windows
    return _of_linux if os.access("/proc/self/statm", os.R_OK) else _highest


_held = _way()
"""Return the bytes that the process holds by itself, and those that it may still take."""


# ---- the budget of the run that this thread works for ---------------------------------------------------------------


class _Here(threading.local):
    """What is built outside of a run (constants, while a search is compiled) has a budget of its own."""

    def __init__(self) -> None:
        self.budget = Budget(Limits())


_here = _Here()


def work_for(budget: Budget) -> None:
    """Have what this thread builds from now on counted to a budget."""
    _here.budget = budget


def pulse() -> None:
    """Look at the time and the memory, amid work on one row or on one result."""
    _here.budget.check()


def makes(rows: int, name: str) -> None:
    """Tell that a command makes rows beyond those that it was given."""
    _here.budget.rows(rows, name)


SMALL = 4096
"""Up to this length nobody has to ask."""


def grows(characters: int) -> None:
    """Ask for a value of so many characters, before it is built."""
    if characters > SMALL:
        _here.budget.length(characters)


def takes(size: int) -> None:
    """Ask for so many bytes of memory."""
    _here.budget.memory(size)


def gathers(values: int) -> None:
    """Ask for a multivalue of so many values, before it is built."""
    if values > SMALL:
        _here.budget.count(values)


def fits(text: str) -> str:
    """Return a text that is not too long."""
    if len(text) > SMALL:
        _here.budget.length(len(text))
    return text


def watched(values: Iterable[Any], pause: int = 1024) -> Iterable[Any]:
    """Yield values and look at the budget now and then."""
    for number, value in enumerate(values, 1):
        if not number % pause:
            pulse()
        yield value
