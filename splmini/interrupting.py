"""Ctrl-C: the first one ends a run with what it found, the second one at once."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

PATIENCE = 2.0
"""Seconds after the first Ctrl-C in which a run ends by itself with what it found."""


@contextmanager
def interruptible() -> Iterator[Callable[[], bool]]:
    """Turn the first Ctrl-C into a request to end the run, which the function that is given tells; where it has not
    ended soon, as it waits for events, and at the second Ctrl-C, KeyboardInterrupt is raised."""
    asked = threading.Event()
    if threading.current_thread() is not threading.main_thread() or not hasattr(signal, "setitimer"):
        yield asked.is_set
        return

    def on_interrupt(number: int, frame: Any) -> None:
        if asked.is_set():
            raise KeyboardInterrupt
        asked.set()
        signal.setitimer(signal.ITIMER_REAL, PATIENCE)

    before = {each: signal.signal(each, on_interrupt) for each in (signal.SIGINT, signal.SIGALRM)}
    try:
        yield asked.is_set
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        for each, handler in before.items():
            signal.signal(each, signal.SIG_DFL if handler is None else handler)
